//! A value of a document as a record, and back.
//!
//! The record: `id` (the dimensions joined), `dataSet`, `orgUnit`, `period` (as DHIS2 names it), `completeDate`, `attributeOptionCombo`, `attributes`, `dataElement`,
//! `categoryOptionCombo`, `categories`, `value`, `annotation`, `comment`, `followup`, `storedBy`, `deleted`, `created`, `lastUpdated`. What is empty is not there.
//! `attributes` and `categories` are objects of option by category.

use std::collections::BTreeMap;

use kivuko_core::catalogue::{file as codes, record as record_codes};
use kivuko_core::error::{Cause, nearest};
use kivuko_core::path::Path;
use kivuko_core::period::Period;
use kivuko_core::value;
use serde_json::{Map, Value};

use super::write::{dimension_misfit, is_decimal, misfits, text_misfit};
use super::{DataValue, Group, id};

/// The fields that hold one text each.
const TEXTS: [&str; 15] = [
    "dataSet",
    "orgUnit",
    "period",
    "completeDate",
    "attributeOptionCombo",
    "dataElement",
    "categoryOptionCombo",
    "value",
    "annotation",
    "comment",
    "followup",
    "storedBy",
    "deleted",
    "created",
    "lastUpdated",
];

/// The fields that hold an object of option by category.
const DIMENSIONS: [&str; 2] = ["attributes", "categories"];

/// All fields of a record.
pub fn fields() -> impl Iterator<Item = &'static str> {
    texts().chain(DIMENSIONS)
}

/// Those that hold one value each.
pub fn texts() -> impl Iterator<Item = &'static str> {
    std::iter::once("id").chain(TEXTS)
}

/// The record of a value.
pub fn record(group: &Group, value: &DataValue) -> Value {
    let mut record = Map::new();
    record.insert("id".to_owned(), id(group, value).into());
    let period = group.period.id();
    let texts = [
        group.data_set.as_deref(),
        Some(group.org_unit.as_str()),
        Some(period.as_str()),
        group.complete_date.as_deref(),
        group.attribute_option_combo.as_deref(),
        Some(value.data_element.as_str()),
        value.category_option_combo.as_deref(),
        Some(value.value.as_str()),
        value.annotation.as_deref(),
        value.comment.as_deref(),
        value.followup.as_deref(),
        value.stored_by.as_deref(),
        value.deleted.as_deref(),
        value.created.as_deref(),
        value.last_updated.as_deref(),
    ];
    for (name, text) in TEXTS.into_iter().zip(texts) {
        if let Some(text) = text {
            record.insert(name.to_owned(), text.into());
        }
    }
    for (name, dimensions) in DIMENSIONS.into_iter().zip([&group.attributes, &value.categories]) {
        if !dimensions.is_empty() {
            let options = dimensions.iter().map(|(category, option)| (category.clone(), Value::from(option.as_str())));
            record.insert(name.to_owned(), options.collect::<Map<_, _>>().into());
        }
    }
    record.into()
}

/// A record, or a part of one, in the form in which it is read again: texts, the period by its identifier, a text that is no number as annotation. An `id` is left
/// out, since it follows from the others.
///
/// # Errors
/// Every field that a document has no place for or that cannot be written.
pub fn normal(body: &Value) -> Result<Value, Vec<Cause>> {
    let Value::Object(members) = body else {
        return Err(vec![Cause::new(record_codes::WRONG_TYPE, "a record of ADX is an object")]);
    };
    let mut causes = Vec::new();
    let mut found = Map::new();
    for (name, member) in members {
        let content = match name.as_str() {
            "id" => continue,
            _ if value::is_empty(member) => Ok(Value::Null),
            "period" => period(member),
            text if TEXTS.contains(&text) => one_text(name, member),
            dimensions if DIMENSIONS.contains(&dimensions) => options(name, member),
            _ => Err(no_place(name)),
        };
        match content {
            Ok(content) => drop(found.insert(name.clone(), content)),
            Err(cause) => causes.push(cause),
        }
    }
    let text = found.get("value").and_then(Value::as_str).map(str::to_owned);
    let annotated = found.get("annotation").is_some_and(|annotation| !annotation.is_null());
    match text {
        Some(text) if is_decimal(&text) => {
            // A text that stood there before must not stay beside the number.
            found.entry("annotation").or_insert(Value::Null);
        }
        Some(text) if !annotated => {
            found.insert("annotation".to_owned(), text.into());
            found.insert("value".to_owned(), "0".into());
        }
        Some(_) => {
            let message = "`value` has to be a number, or `0`, where there is an `annotation`";
            causes.push(Cause::new(codes::ADX_NOT_WRITABLE, message).field("value"));
        }
        None if annotated => drop(found.insert("value".to_owned(), "0".into())),
        None => {}
    }
    if causes.is_empty() { Ok(found.into()) } else { Err(causes) }
}

/// The value of a whole record.
///
/// # Errors
/// Everything that is missing and everything that cannot be written.
pub fn from_record(body: &Value) -> Result<(Group, DataValue), Vec<Cause>> {
    let body = normal(body)?;
    let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
    let options = |name: &str| -> BTreeMap<String, String> {
        let members = body.get(name).and_then(Value::as_object).into_iter().flatten();
        members.filter_map(|(category, option)| Some((category.clone(), option.as_str()?.to_owned()))).collect()
    };
    let mut causes = Vec::new();
    let mut required = |name: &str| {
        text(name).unwrap_or_else(|| {
            causes.push(Cause::new(record_codes::REQUIRED_EMPTY, "a value of ADX needs this field").field(name));
            String::new()
        })
    };
    let (org_unit, period, data_element, value) = (required("orgUnit"), required("period"), required("dataElement"), required("value"));
    let Ok(period) = Period::parse(&period) else { return Err(causes) };
    if !causes.is_empty() {
        return Err(causes);
    }
    let group = Group {
        data_set: text("dataSet"),
        org_unit,
        period,
        complete_date: text("completeDate"),
        attribute_option_combo: text("attributeOptionCombo"),
        attributes: options("attributes"),
    };
    let value = DataValue {
        data_element,
        category_option_combo: text("categoryOptionCombo"),
        categories: options("categories"),
        value,
        annotation: text("annotation"),
        comment: text("comment"),
        followup: text("followup"),
        stored_by: text("storedBy"),
        deleted: text("deleted"),
        created: text("created"),
        last_updated: text("lastUpdated"),
    };
    let causes = misfits(&group, &value);
    if causes.is_empty() { Ok((group, value)) } else { Err(causes) }
}

/// How a part of a key reads in a record: a period by its identifier, whichever form was given.
pub fn key_text(path: &Path, text: &str) -> String {
    let text = text.trim();
    if path.to_string() == "period" { any_period(text).map_or_else(|| text.to_owned(), Period::id) } else { text.to_owned() }
}

fn any_period(text: &str) -> Option<Period> {
    Period::parse(text).or_else(|_| Period::from_adx_exactly(text)).ok()
}

fn period(member: &Value) -> Result<Value, Cause> {
    let text = one_text("period", member)?;
    match text.as_str().and_then(any_period) {
        Some(period) => Ok(period.id().into()),
        None => Err(kivuko_core::period::PeriodError::NotAPeriod.cause().field("period")),
    }
}

fn one_text(name: &str, member: &Value) -> Result<Value, Cause> {
    let text =
        value::text(member).ok_or_else(|| Cause::new(record_codes::WRONG_TYPE, "the field has to be one text or number").field(name))?;
    if let Some(message) = text_misfit(&text) {
        return Err(Cause::new(codes::ADX_NOT_WRITABLE, message).field(name));
    }
    // What people write is kept as it is; the rest are codes and numbers.
    Ok(if matches!(name, "annotation" | "comment") { text.into() } else { text.trim().into() })
}

fn options(name: &str, member: &Value) -> Result<Value, Cause> {
    let Value::Object(options) = member else {
        return Err(Cause::new(record_codes::WRONG_TYPE, format!("`{name}` is an object of option by category: `{name}.SEX`")).field(name));
    };
    let mut found = Map::new();
    for (category, option) in options {
        if !value::is_empty(option) {
            if let Some(message) = dimension_misfit(category) {
                return Err(Cause::new(codes::ADX_NOT_WRITABLE, message).field(format!("{name}.{category}")));
            }
            found.insert(category.clone(), one_text(&format!("{name}.{category}"), option)?);
        }
    }
    Ok(found.into())
}

fn no_place(name: &str) -> Cause {
    let near = nearest(name, fields()).map_or_else(
        || format!("a dimension is a member of `categories` or `attributes`: `categories.{name}`"),
        |near| format!("did you mean `{near}`?"),
    );
    Cause::new(codes::ADX_NOT_WRITABLE, format!("a document of ADX has no place for this field; {near}")).field(name)
}
