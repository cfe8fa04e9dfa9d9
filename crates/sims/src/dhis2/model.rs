//! The metadata in types: what those who compute with numbers need to know of them.
//!
//! It is a view of the store, made anew after each change. A reference to something that is not there is left out.

mod read;
mod types;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::uid::Uid;
pub use types::{
    Attribute, Category, CategoryCombo, CategoryOption, DataElement, DataSet, Group, Identity, OptionCombo, OptionSet, OrgUnit, Sharing,
};

/// Category, option, combo and option combo of what is not disaggregated, as a new server makes them.
pub mod default {
    /// The `default` category.
    pub const CATEGORY: &str = "GLevLNI9wkl";
    /// The `default` category option.
    pub const OPTION: &str = "xYerKDKCefk";
    /// The `default` category combo.
    pub const COMBO: &str = "bjDvmb4bfuf";
    /// The `default` category option combo.
    pub const OPTION_COMBO: &str = "HllvX50cXC0";
}

/// By what an object is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    /// Identifier.
    Uid,
    /// Code.
    Code,
    /// Untranslated name. Of several objects with one name the first by identifier.
    Name,
    /// Value of a unique attribute.
    Attribute(Uid),
}

impl Scheme {
    /// From `UID`, `ID`, `CODE`, `NAME` or `ATTRIBUTE:{uid}`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "UID" | "ID" => Some(Self::Uid),
            "CODE" => Some(Self::Code),
            "NAME" => Some(Self::Name),
            upper => {
                upper.strip_prefix("ATTRIBUTE:")?;
                Uid::parse(&text["ATTRIBUTE:".len()..]).map(Self::Attribute)
            }
        }
    }
}

/// Objects of one kind, by identifier, code, name and attribute value.
#[derive(Debug)]
pub struct Table<T> {
    objects: BTreeMap<Uid, T>,
    codes: HashMap<String, Uid>,
    names: HashMap<String, Uid>,
    attributes: HashMap<(Uid, String), Uid>,
}

/// What has an identity.
pub trait Identified {
    /// It.
    fn identity(&self) -> &Identity;
}

macro_rules! identified {
    ($($name:ident),*) => { $(impl Identified for $name { fn identity(&self) -> &Identity { &self.identity } })* };
}
identified!(OrgUnit, DataElement, Category, CategoryOption, CategoryCombo, OptionCombo, DataSet, OptionSet, Group, Attribute);

impl<T: Identified> Table<T> {
    fn new(made: impl Iterator<Item = T>) -> Self {
        let mut table = Self { objects: BTreeMap::new(), codes: HashMap::new(), names: HashMap::new(), attributes: HashMap::new() };
        for object in made {
            let identity = object.identity();
            let id = identity.id;
            if let Some(code) = &identity.code {
                table.codes.entry(code.clone()).or_insert(id);
            }
            table.names.entry(identity.name.clone()).or_insert(id);
            for (attribute, value) in &identity.attributes {
                table.attributes.entry((*attribute, value.clone())).or_insert(id);
            }
            table.objects.insert(id, object);
        }
        table
    }

    /// The object with an identifier.
    pub fn get(&self, id: Uid) -> Option<&T> {
        self.objects.get(&id)
    }

    /// The object that a text names in a scheme.
    pub fn find(&self, scheme: &Scheme, named: &str) -> Option<&T> {
        let id = match scheme {
            Scheme::Uid => Uid::parse(named)?,
            Scheme::Code => *self.codes.get(named)?,
            Scheme::Name => *self.names.get(named)?,
            Scheme::Attribute(attribute) => *self.attributes.get(&(*attribute, named.to_owned()))?,
        };
        self.get(id)
    }

    /// All, by identifier.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.objects.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}

/// The metadata.
#[derive(Debug)]
pub struct Model {
    /// Organisation units.
    pub org_units: Table<OrgUnit>,
    /// Their groups.
    pub org_unit_groups: Table<Group>,
    /// Data elements.
    pub data_elements: Table<DataElement>,
    /// Their groups.
    pub data_element_groups: Table<Group>,
    /// Categories.
    pub categories: Table<Category>,
    /// Category options.
    pub category_options: Table<CategoryOption>,
    /// Category combos.
    pub category_combos: Table<CategoryCombo>,
    /// Category option combos.
    pub option_combos: Table<OptionCombo>,
    /// Data sets.
    pub data_sets: Table<DataSet>,
    /// Option sets.
    pub option_sets: Table<OptionSet>,
    /// Attributes.
    pub attributes: Table<Attribute>,
    /// The combo called `default`.
    pub default_combo: Uid,
    /// Its option combo.
    pub default_option_combo: Uid,
    by_options: HashMap<(Uid, BTreeSet<Uid>), Uid>,
}

impl Model {
    /// The option combo of a combo that has exactly these options.
    pub fn option_combo(&self, combo: Uid, options: &BTreeSet<Uid>) -> Option<&OptionCombo> {
        self.by_options.get(&(combo, options.clone())).and_then(|id| self.option_combos.get(*id))
    }

    /// The combo that an element has in a data set: the one given there, or else its own.
    pub fn combo_in(&self, set: &DataSet, element: &DataElement) -> Uid {
        let there = set.elements.iter().find(|one| one.element == element.identity.id);
        there.and_then(|one| one.combo).unwrap_or(element.combo)
    }

    /// The data sets that an element is in.
    pub fn sets_of(&self, element: &DataElement) -> impl Iterator<Item = &DataSet> {
        element.data_sets.iter().filter_map(|id| self.data_sets.get(*id))
    }

    /// A unit and all below it, by identifier.
    pub fn within(&self, ancestor: Uid) -> impl Iterator<Item = &OrgUnit> {
        self.org_units.iter().filter(move |unit| unit.is_within(ancestor))
    }
}
