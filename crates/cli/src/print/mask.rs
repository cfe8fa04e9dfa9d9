//! What is shown in the place of people's values: their kind and length.

use serde_json::{Value, json};

/// A value as it may be shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Shown {
    /// The value itself.
    Plain(Value),
    /// Only what kind of value it is.
    Masked(String),
}

impl Shown {
    /// The value itself where it may be seen, else its kind.
    pub fn new(value: &Value, visible: bool) -> Self {
        // That there is nothing says nothing of anyone.
        if visible || kivuko_core::value::is_empty(value) { Self::Plain(value.clone()) } else { Self::Masked(kind(value)) }
    }

    /// In a line of a terminal.
    pub fn text(&self) -> String {
        match self {
            Self::Plain(Value::String(text)) => text.clone(),
            Self::Plain(value) => value.to_string(),
            Self::Masked(kind) => format!("‹{kind}›"),
        }
    }

    /// In a JSON document: a masked value is an object that no value of a record looks like.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Plain(value) => value.clone(),
            Self::Masked(kind) => json!({ "masked": kind }),
        }
    }
}

/// What kind of value it is, and how long, without what it says.
pub fn kind(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::Bool(_) => "yes or no".to_owned(),
        Value::Number(_) => "number".to_owned(),
        Value::String(text) if is_date(text) => "date".to_owned(),
        Value::String(text) => {
            let length = text.chars().count();
            format!("text of {length}")
        }
        Value::Array(items) => format!("list of {}", items.len()),
        Value::Object(members) => format!("object of {}", members.len()),
    }
}

/// Whether a text has the form of a date of the API: with or without a time.
fn is_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() >= 10
        && bytes.iter().take(10).enumerate().all(|(at, byte)| if at == 4 || at == 7 { *byte == b'-' } else { byte.is_ascii_digit() })
        && (bytes.len() == 10 || bytes[10] == b'T' || bytes[10] == b' ')
}

/// A record of a source with every value masked that is not in `visible`, which holds names of fields.
pub fn record(value: &Value, visible: &dyn Fn(&str) -> bool) -> Vec<(String, Shown)> {
    match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), Shown::new(member, visible(name)))).collect(),
        other => vec![(String::new(), Shown::new(other, false))],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_value_says_its_kind_and_nothing_else() {
        let check = |value: Value, expected: &str| assert_eq!(Shown::new(&value, false).text(), expected);
        check(json!("Mariama"), "‹text of 7›");
        check(json!("Zoé"), "‹text of 3›");
        check(json!("1987-03-04"), "‹date›");
        check(json!("1987-03-04T00:00:00.000Z"), "‹date›");
        check(json!("1987-03-0"), "‹text of 9›");
        check(json!(34), "‹number›");
        check(json!(true), "‹yes or no›");
        check(json!([{ "city": "Koidu" }]), "‹list of 1›");
        check(json!({ "years": 3 }), "‹object of 1›");
        check(Value::Null, "null");
    }

    #[test]
    fn only_named_fields_of_a_record_are_seen() {
        let shown = record(&json!({ "id": "C-1", "firstName": "Mariama" }), &|name| name == "id");
        assert_eq!(shown, [("firstName".to_owned(), Shown::Masked("text of 7".into())), ("id".to_owned(), Shown::Plain(json!("C-1")))]);
    }
}
