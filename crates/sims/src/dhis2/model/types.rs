//! The objects of the model.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use serde_json::Value;

use super::Scheme;
use crate::dhis2::store::Object;
use crate::dhis2::uid::Uid;

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
    pub(in crate::dhis2) fn of(object: &Object) -> Self {
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
