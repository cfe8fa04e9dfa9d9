//! Templates of outbreaks: what an outbreak has but for its dates and masks. An outbreak does not remember the template
//! from which somebody made it, and the server copies nothing: a client sends the fields.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::dates;
use super::error::{Error, Result};
use super::questionnaires;
use super::schema::{self, Model, OUTBREAK};
use super::store::Store;

/// A template of outbreaks.
pub static TEMPLATE: Model = Model {
    name: "template",
    schema: OUTBREAK.schema,
    read_only: &[],
    required: &[
        "name",
        "periodOfFollowup",
        "frequencyOfFollowUp",
        "frequencyOfFollowUpPerDay",
        "noDaysAmongContacts",
        "noDaysInChains",
        "noDaysNotSeen",
        "noLessContacts",
        "longPeriodsBetweenCaseOnset",
    ],
    default_order: &["name"],
};

/// What an outbreak has and a template has not.
const OF_OUTBREAKS: [&str; 4] = ["caseIdMask", "contactIdMask", "contactOfContactIdMask", "eventIdMask"];

/// Creates a template and returns its id.
pub fn create(store: &mut Store, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|_| author.custom_ids).map(str::to_owned);
    TEMPLATE.strip(&mut sent);
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    let mut record = sent;
    for (field, value) in schema::outbreak_defaults().as_object().into_iter().flatten() {
        if !OF_OUTBREAKS.contains(&field.as_str()) {
            record.entry(field).or_insert_with(|| value.clone());
        }
    }
    record.insert("id".to_owned(), json!(id));
    save(store, &id, &mut record, author)?;
    author.stamp_new(&mut record);
    store.templates.put(record);
    Ok(id)
}

/// Changes the fields that were sent.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    TEMPLATE.strip(&mut sent);
    let mut record = store.templates.live(id).cloned().ok_or_else(|| Error::no_such_model("template", id))?;
    record.extend(sent);
    save(store, id, &mut record, author)?;
    author.stamp(&mut record);
    store.templates.put(record);
    Ok(())
}

/// Soft-deletes a template; says how many were touched.
pub fn delete(store: &mut Store, id: &str, author: &Author) -> usize {
    let Some(mut record) = store.templates.live(id).cloned() else {
        return 0;
    };
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(true));
    record.insert("deletedAt".to_owned(), json!(dates::iso(author.now)));
    store.templates.put(record);
    1
}

fn save(store: &mut Store, id: &str, record: &mut Map<String, Value>, author: &Author) -> Result<()> {
    coerce::record(&TEMPLATE, record)?;
    let mut problems = TEMPLATE.missing(record);
    let name = record.get("name").and_then(Value::as_str);
    let is_twin = |other: &Map<String, Value>| {
        other.get("id").and_then(Value::as_str) != Some(id) && other.get("name").and_then(Value::as_str) == name
    };
    if store.templates.matching(false, None).any(is_twin) {
        problems.push(("name".to_owned(), "uniqueness", "is not unique".to_owned()));
    }
    if !problems.is_empty() {
        return Err(Error::validation("template", &problems));
    }
    questionnaires::tokenise(store, &format!("LNG_OUTBREAK_TEMPLATE_{}", id.to_uppercase()), record, author)
}
