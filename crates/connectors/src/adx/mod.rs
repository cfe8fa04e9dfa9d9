//! ADX documents (IHE QRPH ADX, ISO 8601 periods): values for data sets, in groups.
//!
//! What this module keeps: a document is read value by value, in the memory of one of them; a value that cannot be told is a bad value with its line, and the others go
//! through; where the document itself breaks off, reading fails after the values before it. A written value that is read again is the same value. Periods are those of
//! DHIS2: `2024-03-04/P7D` is `2024W10`.
//!
//! Every attribute that is not one of the standard's or of DHIS2's own is a dimension: the code of a category with the code of its option. Which codes there are is not
//! known here. `value` and `annotation` are handed out as they stand: of a text the document has `value="0"` and the text in `annotation`, and only who knows the
//! data element knows whether a number with an annotation is such a text.

mod input;
mod read;
mod record;
#[cfg(test)]
mod tests;
mod write;

use std::collections::BTreeMap;

use kivuko_core::period::Period;

pub use read::{Broken, Item, Periods, Reader};
pub use record::{fields, from_record, key_text, normal, record, texts};
pub use write::{Writer, misfits};

/// The namespace of all its elements.
pub const NAMESPACE: &str = "urn:ihe:qrph:adx:2015";

/// The media type that DHIS2 takes.
pub const MEDIA_TYPE: &str = "application/adx+xml";

/// What the values of a group have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Group {
    pub data_set: Option<String>,
    pub org_unit: String,
    pub period: Period,
    /// A day, as it is written.
    pub complete_date: Option<String>,
    /// Wins over `attributes` in DHIS2.
    pub attribute_option_combo: Option<String>,
    /// Category and option of the dimensions that belong to the data set.
    pub attributes: BTreeMap<String, String>,
}

impl Group {
    /// A group without any dimension but place and time.
    pub fn new(org_unit: impl Into<String>, period: Period) -> Self {
        Self {
            data_set: None,
            org_unit: org_unit.into(),
            period,
            complete_date: None,
            attribute_option_combo: None,
            attributes: BTreeMap::new(),
        }
    }
}

/// One value.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DataValue {
    pub data_element: String,
    /// Wins over `categories` in DHIS2.
    pub category_option_combo: Option<String>,
    /// Category and option of the dimensions that belong to the data element.
    pub categories: BTreeMap<String, String>,
    /// A decimal number; of a text `0`, or whatever stands there.
    pub value: String,
    /// The text of an element that is not numeric.
    pub annotation: Option<String>,
    pub comment: Option<String>,
    pub followup: Option<String>,
    pub stored_by: Option<String>,
    pub deleted: Option<String>,
    pub created: Option<String>,
    pub last_updated: Option<String>,
}

impl DataValue {
    /// The value of a numeric element.
    pub fn number(data_element: impl Into<String>, value: impl Into<String>) -> Self {
        Self { data_element: data_element.into(), value: value.into(), ..Self::default() }
    }

    /// The value of an element that is not numeric: text, truth value, date, option.
    pub fn text(data_element: impl Into<String>, text: impl Into<String>) -> Self {
        Self { data_element: data_element.into(), value: "0".to_owned(), annotation: Some(text.into()), ..Self::default() }
    }
}

/// What is known of a value's identity: its dimensions joined, with `.` between, categories sorted as `SEX=F,AGE=U5`.
///
/// Signs that join are written as `%2E` and so on where they stand in a code, so that two different values never have one identity.
fn identity(
    data_set: &str,
    data_element: &str,
    period: &str,
    org_unit: &str,
    inner: (&str, &Dimensions),
    outer: (&str, &Dimensions),
) -> String {
    let mut id = String::with_capacity(64);
    for part in [data_set, data_element, period, org_unit] {
        escaped(part, &mut id);
        id.push('.');
    }
    combination(inner, &mut id);
    id.push('.');
    combination(outer, &mut id);
    id
}

type Dimensions = BTreeMap<String, String>;

fn combination((combo, dimensions): (&str, &Dimensions), out: &mut String) {
    if !combo.is_empty() {
        return escaped(combo, out);
    }
    for (position, (category, option)) in dimensions.iter().enumerate() {
        if position > 0 {
            out.push(',');
        }
        escaped(category, out);
        out.push('=');
        escaped(option, out);
    }
}

fn escaped(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '.' => out.push_str("%2E"),
            ',' => out.push_str("%2C"),
            '=' => out.push_str("%3D"),
            '%' => out.push_str("%25"),
            other => out.push(other),
        }
    }
}

/// The identity of a value.
pub fn id(group: &Group, value: &DataValue) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    identity(
        &text(&group.data_set),
        &value.data_element,
        &group.period.id(),
        &group.org_unit,
        (&text(&value.category_option_combo), &value.categories),
        (&text(&group.attribute_option_combo), &group.attributes),
    )
}
