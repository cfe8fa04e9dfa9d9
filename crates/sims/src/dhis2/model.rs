//! The metadata in types: what those who compute with numbers need to know of them.
//!
//! It is a view of the [`Store`], made anew after each change. A reference to something that is not there is left out.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde_json::Value;

use super::kind::{self, Kind};
use super::store::{Object, Store, text};
use super::time;
use super::uid::Uid;

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

/// What every object has.
#[derive(Debug, Clone)]
pub struct Identity {
    /// Identifier.
    pub id: Uid,
    /// Code.
    pub code: Option<String>,
    /// Untranslated name.
    pub name: String,
    /// Values of attributes.
    pub attributes: BTreeMap<Uid, String>,
    /// Who may do what.
    pub sharing: Sharing,
}

impl Identity {
    /// What this object is called in a scheme; nothing when it has no code or no such attribute.
    pub fn named(&self, scheme: &Scheme) -> Option<&str> {
        match scheme {
            Scheme::Uid => Some(self.id.as_str()),
            Scheme::Code => self.code.as_deref(),
            Scheme::Name => Some(&self.name),
            Scheme::Attribute(attribute) => self.attributes.get(attribute).map(String::as_str),
        }
    }
}

/// Who may read and write an object and its data, in the eight letters of DHIS2: `rwrw----`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    public: String,
    users: BTreeMap<String, String>,
    groups: BTreeMap<String, String>,
}

impl Sharing {
    /// Whether a user of these groups may write data (fourth letter). Superusers are not asked.
    pub fn data_write(&self, user: &str, groups: &[String]) -> bool {
        self.letter(3, 'w', user, groups)
    }

    /// Whether a user of these groups may read data (third letter).
    pub fn data_read(&self, user: &str, groups: &[String]) -> bool {
        self.letter(2, 'r', user, groups)
    }

    /// Whether a user of these groups may see the object (first letter).
    pub fn read(&self, user: &str, groups: &[String]) -> bool {
        self.letter(0, 'r', user, groups)
    }

    /// Whether a user of these groups may change the object (second letter).
    pub fn write(&self, user: &str, groups: &[String]) -> bool {
        self.letter(1, 'w', user, groups)
    }

    fn letter(&self, place: usize, letter: char, user: &str, groups: &[String]) -> bool {
        let has = |access: &str| access.chars().nth(place) == Some(letter);
        has(&self.public)
            || self.users.get(user).is_some_and(|access| has(access))
            || groups.iter().any(|group| self.groups.get(group).is_some_and(|access| has(access)))
    }

    /// An object that says nothing is open: the samples that people write down have no sharing.
    pub(super) fn of(object: &Object) -> Self {
        let Some(sharing) = object.get("sharing") else {
            return Self { public: "rwrw----".to_owned(), users: BTreeMap::new(), groups: BTreeMap::new() };
        };
        let accesses = |name: &str| {
            let members = sharing.get(name).and_then(Value::as_object).into_iter().flatten();
            members.filter_map(|(id, one)| Some((id.clone(), one.get("access")?.as_str()?.to_owned()))).collect()
        };
        let public = sharing.get("public").and_then(Value::as_str).unwrap_or("--------").to_owned();
        Self { public, users: accesses("users"), groups: accesses("userGroups") }
    }
}

/// An organisation unit.
#[derive(Debug, Clone)]
pub struct OrgUnit {
    /// What every object has.
    pub identity: Identity,
    /// Its parent; the root has none.
    pub parent: Option<Uid>,
    /// From the root to itself.
    pub path: Vec<Uid>,
    /// Units right below it.
    pub children: Vec<Uid>,
    /// First day of its life.
    pub opening: Option<Date>,
    /// Day on which it was closed.
    pub closed: Option<Date>,
}

impl OrgUnit {
    /// Depth below the root, which is 1.
    pub fn level(&self) -> usize {
        self.path.len()
    }

    /// Whether it is this unit or lies below it.
    pub fn is_within(&self, ancestor: Uid) -> bool {
        self.path.contains(&ancestor)
    }
}

/// A data element.
#[derive(Debug, Clone)]
pub struct DataElement {
    /// What every object has.
    pub identity: Identity,
    /// `INTEGER`, `TEXT` ...
    pub value_type: String,
    /// `SUM`, `AVERAGE` ...
    pub aggregation_type: String,
    /// `AGGREGATE` or `TRACKER`.
    pub domain_type: String,
    /// Its own category combo.
    pub combo: Uid,
    /// The options that its values are codes of.
    pub option_set: Option<Uid>,
    /// The options that its comments are codes of.
    pub comment_option_set: Option<Uid>,
    /// A zero is stored.
    pub zero_is_significant: bool,
    /// The data sets that it is in.
    pub data_sets: Vec<Uid>,
}

/// A category.
#[derive(Debug, Clone)]
pub struct Category {
    /// What every object has.
    pub identity: Identity,
    /// Its options in order.
    pub options: Vec<Uid>,
    /// `DISAGGREGATION` or `ATTRIBUTE`.
    pub dimension_type: String,
}

/// A category option.
#[derive(Debug, Clone)]
pub struct CategoryOption {
    /// What every object has.
    pub identity: Identity,
    /// First day on which it may be used.
    pub start: Option<Date>,
    /// Last day on which it may be used.
    pub end: Option<Date>,
    /// Where it may be used, with all below; empty: everywhere.
    pub org_units: BTreeSet<Uid>,
}

/// A category combo.
#[derive(Debug, Clone)]
pub struct CategoryCombo {
    /// What every object has.
    pub identity: Identity,
    /// Its categories in order.
    pub categories: Vec<Uid>,
    /// The option combos made from it.
    pub option_combos: Vec<Uid>,
}

/// A category option combo.
#[derive(Debug, Clone)]
pub struct OptionCombo {
    /// What every object has.
    pub identity: Identity,
    /// The combo that it is of.
    pub combo: Uid,
    /// One option of each category.
    pub options: BTreeSet<Uid>,
}

/// An element in a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataSetElement {
    /// Which.
    pub element: Uid,
    /// The combo that it has in this data set instead of its own.
    pub combo: Option<Uid>,
}

/// A period that is open for input at certain times only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputPeriod {
    /// ISO period.
    pub period: String,
    /// First day of the window.
    pub opening: Option<Date>,
    /// Last day of the window.
    pub closing: Option<Date>,
}

/// A data set.
#[derive(Debug, Clone)]
pub struct DataSet {
    /// What every object has.
    pub identity: Identity,
    /// `Monthly`, `Weekly` ...
    pub period_type: String,
    /// Combo of its attribute option combos.
    pub combo: Uid,
    /// Its elements in order.
    pub elements: Vec<DataSetElement>,
    /// Units that it is assigned to.
    pub org_units: BTreeSet<Uid>,
    /// Days after the end of a period until it is locked; 0: never.
    pub expiry_days: f64,
    /// How many periods ahead may be filled in.
    pub open_future_periods: i32,
    /// How many periods after the end date of a category option are open.
    pub open_periods_after_co_end_date: i32,
    /// Days after the end of a period within which it is in time.
    pub timely_days: f64,
    /// Windows for input; none: no restriction.
    pub input_periods: Vec<InputPeriod>,
    /// Approval workflow.
    pub workflow: Option<Uid>,
    /// A comment is needed where there is no value.
    pub no_value_requires_comment: bool,
    /// May be completed only when the compulsory elements have values.
    pub compulsory_fields_complete_only: bool,
    /// Elements and option combos that must have values.
    pub compulsory: Vec<(Uid, Option<Uid>)>,
}

/// Options, whose codes are values.
#[derive(Debug, Clone)]
pub struct OptionSet {
    /// What every object has.
    pub identity: Identity,
    /// Codes in order.
    pub codes: Vec<String>,
    /// `TEXT`, `MULTI_TEXT` ...
    pub value_type: String,
}

/// A group of data elements, org units ...
#[derive(Debug, Clone)]
pub struct Group {
    /// What every object has.
    pub identity: Identity,
    /// Who is in it.
    pub members: BTreeSet<Uid>,
}

/// An attribute.
#[derive(Debug, Clone)]
pub struct Attribute {
    /// What every object has.
    pub identity: Identity,
    /// No two objects of a kind have the same value.
    pub unique: bool,
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

    /// Reads the store.
    pub(super) fn of(store: &Store) -> Self {
        let default_combo = by_name(store, "categoryCombos", "default").unwrap_or_else(|| Uid::literal(default::COMBO));
        let default_option_combo = by_name(store, "categoryOptionCombos", "default").unwrap_or_else(|| Uid::literal(default::OPTION_COMBO));
        let option_combos = table(store, "categoryOptionCombos", |identity, object| OptionCombo {
            combo: one(object, "categoryCombo").unwrap_or(default_combo),
            options: many(object, "categoryOptions").into_iter().collect(),
            identity,
        });
        let by_options = option_combos.iter().map(|one| ((one.combo, one.options.clone()), one.identity.id)).collect();
        Self {
            org_units: table(store, "organisationUnits", |identity, object| org_unit(store, identity, object)),
            org_unit_groups: table(store, "organisationUnitGroups", |identity, object| group(identity, object, "organisationUnits")),
            data_elements: table(store, "dataElements", |identity, object| DataElement {
                value_type: word(object, "valueType"),
                aggregation_type: word(object, "aggregationType"),
                domain_type: word(object, "domainType"),
                combo: one(object, "categoryCombo").unwrap_or(default_combo),
                option_set: one(object, "optionSet"),
                comment_option_set: one(object, "commentOptionSet"),
                zero_is_significant: flag(object, "zeroIsSignificant"),
                data_sets: store.referring("dataSets", "dataSetElements", identity.id),
                identity,
            }),
            data_element_groups: table(store, "dataElementGroups", |identity, object| group(identity, object, "dataElements")),
            categories: table(store, "categories", |identity, object| Category {
                options: many(object, "categoryOptions"),
                dimension_type: word(object, "dataDimensionType"),
                identity,
            }),
            category_options: table(store, "categoryOptions", |identity, object| CategoryOption {
                start: date(object, "startDate"),
                end: date(object, "endDate"),
                org_units: many(object, "organisationUnits").into_iter().collect(),
                identity,
            }),
            category_combos: table(store, "categoryCombos", |identity, object| CategoryCombo {
                categories: many(object, "categories"),
                option_combos: store.referring("categoryOptionCombos", "categoryCombo", identity.id),
                identity,
            }),
            data_sets: table(store, "dataSets", |identity, object| data_set(identity, object, default_combo)),
            option_sets: table(store, "optionSets", |identity, object| OptionSet {
                codes: option_codes(store, object),
                value_type: word(object, "valueType"),
                identity,
            }),
            attributes: table(store, "attributes", |identity, object| Attribute { unique: flag(object, "unique"), identity }),
            option_combos,
            default_combo,
            default_option_combo,
            by_options,
        }
    }
}

fn table<T: Identified>(store: &Store, plural: &str, make: impl Fn(Identity, &Object) -> T) -> Table<T> {
    let kind = Kind::plural(plural).expect("the kinds are listed");
    Table::new(store.of(kind).map(|(uid, object)| make(identity(uid, object), object)))
}

fn by_name(store: &Store, plural: &str, name: &str) -> Option<Uid> {
    let kind = Kind::plural(plural).expect("the kinds are listed");
    store.of(kind).find(|(_, object)| text(object, "name") == Some(name)).map(|(uid, _)| uid)
}

fn identity(id: Uid, object: &Object) -> Identity {
    let values = object.get("attributeValues").and_then(Value::as_array).into_iter().flatten();
    let attributes = values.filter_map(|one| {
        let attribute = Uid::parse(kind::reference(one.get("attribute")?)?)?;
        Some((attribute, one.get("value")?.as_str()?.to_owned()))
    });
    Identity {
        id,
        code: text(object, "code").map(str::to_owned),
        name: word(object, "name"),
        attributes: attributes.collect(),
        sharing: Sharing::of(object),
    }
}

fn org_unit(store: &Store, identity: Identity, object: &Object) -> OrgUnit {
    let kind = Kind::plural("organisationUnits").expect("the kinds are listed");
    let parent = one(object, "parent").filter(|parent| store.get(kind, *parent).is_some());
    let mut path = vec![identity.id];
    let mut above = parent;
    while let Some(next) = above.filter(|next| !path.contains(next)) {
        path.push(next);
        above = store.get(kind, next).and_then(|object| one(object, "parent"));
    }
    path.reverse();
    OrgUnit {
        parent,
        path,
        children: store.referring("organisationUnits", "parent", identity.id),
        opening: date(object, "openingDate"),
        closed: date(object, "closedDate"),
        identity,
    }
}

fn data_set(identity: Identity, object: &Object, default_combo: Uid) -> DataSet {
    let list = |name: &str| object.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let uid = |item: &Value, name: &str| item.get(name).and_then(kind::reference).and_then(Uid::parse);
    let element = |item: &Value| Some(DataSetElement { element: uid(item, "dataElement")?, combo: uid(item, "categoryCombo") });
    let input = |item: &Value| {
        let day = |name: &str| item.get(name).and_then(Value::as_str).and_then(time::day);
        let period = item.get("period")?;
        let period = period.as_str().or_else(|| kind::reference(period))?;
        Some(InputPeriod { period: period.to_owned(), opening: day("openingDate"), closing: day("closingDate") })
    };
    DataSet {
        period_type: word(object, "periodType"),
        combo: one(object, "categoryCombo").unwrap_or(default_combo),
        elements: list("dataSetElements").iter().filter_map(element).collect(),
        org_units: many(object, "organisationUnits").into_iter().collect(),
        expiry_days: number(object, "expiryDays"),
        open_future_periods: number(object, "openFuturePeriods") as i32,
        open_periods_after_co_end_date: number(object, "openPeriodsAfterCoEndDate") as i32,
        timely_days: number(object, "timelyDays"),
        input_periods: list("dataInputPeriods").iter().filter_map(input).collect(),
        workflow: one(object, "workflow"),
        no_value_requires_comment: flag(object, "noValueRequiresComment"),
        compulsory_fields_complete_only: flag(object, "compulsoryFieldsCompleteOnly"),
        compulsory: list("compulsoryDataElementOperands")
            .iter()
            .filter_map(|item| Some((uid(item, "dataElement")?, uid(item, "categoryOptionCombo"))))
            .collect(),
        identity,
    }
}

fn option_codes(store: &Store, object: &Object) -> Vec<String> {
    let kind = Kind::plural("options").expect("the kinds are listed");
    let options = many(object, "options").into_iter().filter_map(|uid| store.get(kind, uid));
    options.filter_map(|option| text(option, "code").map(str::to_owned)).collect()
}

fn group(identity: Identity, object: &Object, members: &str) -> Group {
    Group { members: many(object, members).into_iter().collect(), identity }
}

fn word(object: &Object, name: &str) -> String {
    text(object, name).unwrap_or_default().to_owned()
}

fn flag(object: &Object, name: &str) -> bool {
    object.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn number(object: &Object, name: &str) -> f64 {
    object.get(name).and_then(Value::as_f64).unwrap_or_default()
}

fn date(object: &Object, name: &str) -> Option<Date> {
    text(object, name).and_then(time::day)
}

fn one(object: &Object, name: &str) -> Option<Uid> {
    object.get(name).and_then(kind::reference).and_then(Uid::parse)
}

fn many(object: &Object, name: &str) -> Vec<Uid> {
    let list = object.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| kind::reference(item).and_then(Uid::parse)).collect()
}
