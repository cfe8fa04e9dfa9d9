//! What a request wants stored, whatever the form of its body.

use super::id_scheme::Schemes;

/// An option combo as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Combo {
    /// By an identifier of the request's scheme.
    Id(String),
    /// Found already: its uid.
    Uid(String),
    /// By category and category option, both in the request's schemes.
    Options(Vec<(String, String)>),
}

/// One value as it was sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Sent {
    pub data_element: Option<String>,
    pub period: Option<String>,
    pub org_unit: Option<String>,
    pub category_option_combo: Option<Combo>,
    pub attribute_option_combo: Option<Combo>,
    pub value: Option<String>,
    pub comment: Option<String>,
    pub followup: Option<bool>,
    pub deleted: bool,
    pub stored_by: Option<String>,
}

/// Values with what is said about all of them.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Group {
    pub data_set: Option<String>,
    pub complete_date: Option<String>,
    pub period: Option<String>,
    pub org_unit: Option<String>,
    pub attribute_option_combo: Option<Combo>,
    /// Uids of category options that select the attribute option combo (releases up to 2.42).
    pub attribute_category_options: Vec<String>,
    /// What is to be deleted before anything is written (2.43).
    pub deletion: Option<Deletion>,
    pub values: Vec<Sent>,
}

/// A part of a data set to delete, by uids (2.43).
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Deletion {
    pub org_units: Vec<String>,
    pub periods: Vec<String>,
    /// Data element, and its combos where they are said.
    pub elements: Vec<(String, Option<String>, Option<String>)>,
}

/// A whole body.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Payload {
    /// In XML and JSON of releases up to 2.42 there is one.
    pub groups: Vec<Group>,
    /// What the body says about the import; it wins over the query.
    pub schemes: Schemes,
    pub dry_run: Option<bool>,
    pub strategy: Option<String>,
}

impl Payload {
    /// One group.
    pub fn of(group: Group) -> Self {
        Self { groups: vec![group], ..Self::default() }
    }
}

/// A text that is there and not empty.
pub fn filled(text: Option<&str>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty()).map(str::to_owned)
}
