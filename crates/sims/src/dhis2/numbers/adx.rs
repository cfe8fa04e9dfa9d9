//! ADX documents as they are read and written: groups of values, categories as attributes.
//!
//! Only the document is judged here. What its attributes name is found by those who know the metadata.

use super::payload::filled;
use super::period::Period;
use super::xml::Element;

/// The namespace of ADX.
pub const NAMESPACE: &str = "urn:ihe:qrph:adx:2015";

/// A group as it was sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct AdxGroup {
    pub data_set: Option<String>,
    pub org_unit: Option<String>,
    pub period: Option<Period>,
    pub attribute_option_combo: Option<String>,
    pub complete_date: Option<String>,
    /// Every other attribute: a category and its option.
    pub categories: Vec<(String, String)>,
    pub values: Vec<AdxValue>,
}

/// A value as it was sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct AdxValue {
    pub data_element: Option<String>,
    pub value: Option<String>,
    /// The text of a value that is no number.
    pub annotation: Option<String>,
    pub category_option_combo: Option<String>,
    pub comment: Option<String>,
    pub followup: Option<bool>,
    pub stored_by: Option<String>,
    pub deleted: bool,
    /// Every other attribute: a category and its option.
    pub categories: Vec<(String, String)>,
}

/// Reads a document by its root. The error is the server's sentence about the structure.
pub fn read(root: &Element, release: u32) -> Result<Vec<AdxGroup>, String> {
    if root.name != "adx" {
        return Err(format!("the root element is {}, expected adx", root.name));
    }
    root.children.iter().filter(|child| child.name == "group").map(|element| group(element, release)).collect()
}

fn group(element: &Element, release: u32) -> Result<AdxGroup, String> {
    let mut group = AdxGroup::default();
    for (name, value) in &element.attributes {
        let text = filled(Some(value));
        match name.as_str() {
            "dataSet" => group.data_set = text,
            "orgUnit" => group.org_unit = text,
            "period" => group.period = Some(Period::from_adx(value, release)?),
            "attributeOptionCombo" => group.attribute_option_combo = text,
            "completeDate" => group.complete_date = text,
            _ => group.categories.push((name.clone(), value.clone())),
        }
    }
    if group.period.is_none() {
        return Err("period attribute is required on 'group'".to_owned());
    }
    if group.org_unit.is_none() {
        return Err("orgUnit attribute is required on 'group'".to_owned());
    }
    group.values = element.children.iter().filter(|child| child.name == "dataValue").map(value).collect::<Result<_, _>>()?;
    Ok(group)
}

fn value(element: &Element) -> Result<AdxValue, String> {
    let mut sent = AdxValue { annotation: element.child("annotation").and_then(|child| filled(Some(&child.text))), ..AdxValue::default() };
    for (name, value) in &element.attributes {
        let text = filled(Some(value));
        match name.as_str() {
            "dataElement" => sent.data_element = text,
            "value" => sent.value = text,
            "categoryOptionCombo" => sent.category_option_combo = text,
            "comment" => sent.comment = text,
            "followup" => sent.followup = Some(value == "true"),
            "storedBy" => sent.stored_by = text,
            "deleted" => sent.deleted = value == "true",
            // The server stamps its own times.
            "created" | "lastUpdated" => {}
            _ => sent.categories.push((name.clone(), value.clone())),
        }
    }
    if sent.data_element.is_none() {
        return Err("dataElement attribute is required on 'dataValue'".to_owned());
    }
    if sent.value.is_none() {
        return Err("value attribute is required on 'dataValue'".to_owned());
    }
    Ok(sent)
}

/// A group to write.
#[derive(Debug, Default, Clone)]
pub struct Exported {
    pub data_set: String,
    pub period: String,
    pub org_unit: String,
    pub categories: Vec<(String, String)>,
    pub values: Vec<ExportedValue>,
}

/// A value to write. Its comment, who stored it and when are not exported.
#[derive(Debug, Default, Clone)]
pub struct ExportedValue {
    pub data_element: String,
    pub categories: Vec<(String, String)>,
    pub value: String,
    /// What is no number goes into an annotation, and the value is a 0.
    pub numeric: bool,
}

/// A document of groups, made at a time.
pub fn write(groups: &[Exported], exported: &str) -> String {
    let mut root = Element::new("adx").with("xmlns", NAMESPACE).with("exported", exported);
    for group in groups {
        let mut element =
            Element::new("group").with("dataSet", &*group.data_set).with("period", &*group.period).with("orgUnit", &*group.org_unit);
        element.attributes.extend(group.categories.iter().cloned());
        for value in &group.values {
            let mut child = Element::new("dataValue").with("dataElement", &*value.data_element);
            child.attributes.extend(value.categories.iter().cloned());
            let child = if value.numeric {
                child.with("value", &*value.value)
            } else {
                child.with("value", "0").child_text("annotation", &*value.value)
            };
            element.children.push(child);
        }
        root.children.push(element);
    }
    root.document()
}

/// Whether a text can be the name of an XML attribute, as the server judges it.
pub fn is_attribute_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_alphanumeric() || matches!(letter, '.' | '-' | '_'))
}
