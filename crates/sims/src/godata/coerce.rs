//! What the backend does with the values that it is sent: it turns nearly everything into the type of the field,
//! and refuses only a bad date at the top level.

use serde_json::{Map, Number, Value, json};

use super::dates;
use super::error::{Error, Result};
use super::schema::{Kind, Model, Schema};

/// Turns the values of `record` into the types of `model`, in place. Unknown fields stay as they are.
pub fn record(model: &Model, record: &mut Map<String, Value>) -> Result<()> {
    let mut bad_dates = Vec::new();
    for (name, kind) in model.schema {
        let Some(value) = record.get_mut(*name) else {
            continue;
        };
        if let (Kind::Date, false) = (kind, value.is_null()) {
            if let Some(millis) = date(value) {
                *value = Value::String(dates::iso(millis));
            } else {
                bad_dates.push(((*name).to_owned(), "date", "is not a valid date (value: Invalid Date)".to_owned()));
            }
            continue;
        }
        field(kind, value)?;
    }
    if bad_dates.is_empty() { Ok(()) } else { Err(Error::validation(model.name, &bad_dates)) }
}

fn members(schema: Schema, object: &mut Map<String, Value>) -> Result<()> {
    for (name, kind) in schema {
        if let Some(value) = object.get_mut(*name) {
            field(kind, value)?;
        } else if let Kind::Default(default) = kind {
            object.insert((*name).to_owned(), json!(default));
        } else if let Kind::Off = kind {
            object.insert((*name).to_owned(), json!(false));
        }
    }
    Ok(())
}

fn field(kind: &Kind, value: &mut Value) -> Result<()> {
    if value.is_null() {
        return Ok(());
    }
    match kind {
        Kind::Text | Kind::Default(..) => *value = Value::String(text(value)),
        Kind::Number => *value = number(value),
        Kind::Flag | Kind::Off => *value = Value::Bool(flag(value)),
        Kind::Date => *value = date(value).map_or(Value::Null, |millis| Value::String(dates::iso(millis))),
        Kind::Point => {
            if let Value::Object(point) = value {
                for axis in ["lat", "lng"] {
                    if let Some(coordinate) = point.get_mut(axis) {
                        *coordinate = number(coordinate);
                    }
                }
            }
        }
        Kind::Texts => {
            for item in list(value)? {
                *item = Value::String(text(item));
            }
        }
        Kind::Object(schema) => {
            if value.is_array() {
                return Err(Error::plain(400, "Value is not an object."));
            }
            if let Value::Object(object) = value {
                members(schema, object)?;
            }
        }
        Kind::List(schema) => {
            for item in list(value)? {
                if let Value::Object(object) = item {
                    members(schema, object)?;
                }
            }
        }
        Kind::Answers => answers(value),
        Kind::Any => {}
    }
    Ok(())
}

fn list(value: &mut Value) -> Result<&mut Vec<Value>> {
    match value {
        Value::Array(items) => Ok(items),
        other => Err(Error::plain(400, format!("Items must be an array: {other}"))),
    }
}

/// In questionnaire answers every text that looks like an ISO date becomes one, also in a free-text answer, and
/// answers with dates are sorted newest first.
fn answers(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(millis) = dates::filter_form(text) {
                *text = dates::iso(millis);
            }
        }
        Value::Array(items) => {
            items.iter_mut().for_each(answers);
            items.sort_by(|a, b| {
                let date = |item: &Value| item.get("date").and_then(Value::as_str).map(str::to_owned);
                date(b).cmp(&date(a))
            });
        }
        Value::Object(object) => object.values_mut().for_each(answers),
        _ => {}
    }
}

fn date(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => dates::javascript(text),
        Value::Number(number) => number.as_i64(),
        _ => None,
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        Value::Object(_) => "[object Object]".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

/// `NaN` is what JSON shows as `null`.
fn number(value: &Value) -> Value {
    match value {
        Value::Number(_) => value.clone(),
        Value::Bool(flag) => json!(u8::from(*flag)),
        Value::String(text) if text.trim().is_empty() => json!(0),
        Value::String(text) => {
            let text = text.trim();
            if let Ok(whole) = text.parse::<i64>() {
                return json!(whole);
            }
            // `inf` and `nan` are numbers to Rust and not to JavaScript.
            let looks_numeric = text.bytes().all(|byte| byte.is_ascii_digit() || b"+-.eE".contains(&byte));
            text.parse::<f64>().ok().filter(|_| looks_numeric).and_then(Number::from_f64).map_or(Value::Null, Value::Number)
        }
        _ => Value::Null,
    }
}

fn flag(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.trim().to_ascii_lowercase().as_str(), "" | "false" | "0" | "null" | "undefined"),
        Value::Null => false,
        Value::Array(_) | Value::Object(_) => true,
    }
}
