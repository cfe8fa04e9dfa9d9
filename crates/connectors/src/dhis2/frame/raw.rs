//! What a data set and everything around it look like in DHIS2's answers. A module that reads them calls them `raw::Set`, `raw::Unit` and so on.

use kivuko_core::numbers;
use serde::Deserialize;

use super::super::client::Reference;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Set {
    #[serde(flatten)]
    pub named: Named,
    pub period_type: String,
    #[serde(default)]
    pub expiry_days: f64,
    #[serde(default)]
    pub open_future_periods: i64,
    pub category_combo: Option<Reference>,
    #[serde(default)]
    pub data_input_periods: Vec<Window>,
    #[serde(default)]
    pub organisation_units: Vec<Reference>,
    #[serde(default)]
    pub data_set_elements: Vec<Member>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Named {
    pub id: String,
    pub code: Option<String>,
    pub name: String,
    pub attribute_values: Vec<Attribute>,
}

#[derive(Deserialize)]
pub struct Attribute {
    #[serde(default)]
    pub value: String,
    pub attribute: Reference,
}

impl Named {
    pub fn named(&self) -> numbers::Named {
        numbers::Named::new(self.id.clone(), self.code.as_deref(), self.name.clone())
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Window {
    pub period: Period,
    #[serde(default)]
    pub opening_date: Option<String>,
    #[serde(default)]
    pub closing_date: Option<String>,
}

/// A period is an object with an id, or only its id.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Period {
    Id(String),
    Object(Reference),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    pub data_element: Element,
    #[serde(default)]
    pub category_combo: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Element {
    #[serde(flatten)]
    pub named: Named,
    pub value_type: String,
    #[serde(default)]
    pub zero_is_significant: bool,
    #[serde(default)]
    pub aggregation_type: String,
    #[serde(default)]
    pub category_combo: Option<Reference>,
    #[serde(default)]
    pub option_set: Option<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Combo {
    #[serde(flatten)]
    pub named: Named,
    #[serde(default)]
    pub categories: Vec<Category>,
    #[serde(default)]
    pub category_option_combos: Vec<OptionCombo>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Category {
    #[serde(flatten)]
    pub named: Named,
    #[serde(default)]
    pub category_options: Vec<CategoryOption>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CategoryOption {
    #[serde(flatten)]
    pub named: Named,
    #[serde(default)]
    pub start_date: Option<String>,
    #[serde(default)]
    pub end_date: Option<String>,
    #[serde(default)]
    pub organisation_units: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OptionCombo {
    #[serde(flatten)]
    pub named: Named,
    #[serde(default)]
    pub category_options: Vec<Reference>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OptionSet {
    pub id: String,
    #[serde(default)]
    pub options: Vec<Named>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unit {
    #[serde(flatten)]
    pub named: Named,
    #[serde(default)]
    pub path: String,
    #[serde(default)]
    pub opening_date: Option<String>,
    #[serde(default)]
    pub closed_date: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    #[serde(default)]
    pub organisation_unit: Option<Reference>,
    #[serde(default)]
    pub period: Option<Period>,
    #[serde(default)]
    pub data_set: Option<Reference>,
}

impl Period {
    pub fn id(self) -> String {
        match self {
            Self::Id(id) => id,
            Self::Object(object) => object.id,
        }
    }
}
