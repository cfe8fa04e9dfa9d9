//! Outbreaks: required fields, unique names, questions whose texts become tokens.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::contacts;
use super::dates;
use super::error::{Error, Result};
use super::questionnaires;
use super::schema::{self, OUTBREAK};
use super::store::Store;

/// Adds an outbreak of the options; what the API requires and it does not say is filled in.
pub fn seed(store: &mut Store, id: &str, fields: &Map<String, Value>, author: &Author) -> Result<()> {
    let required = json!({
        "startDate": "2026-01-05T00:00:00.000Z", "longPeriodsBetweenCaseOnset": 20, "periodOfFollowup": 21,
        "frequencyOfFollowUpPerDay": 1, "noDaysAmongContacts": 21, "noDaysInChains": 21, "noDaysNotSeen": 3, "noLessContacts": 5,
        "periodOfFollowupCases": 21, "frequencyOfFollowUpPerDayCases": 1, "disease": "LNG_REFERENCE_DATA_CATEGORY_DISEASE_EBOLA_VIRUS_DISEASE"
    });
    let mut record = required.as_object().cloned().unwrap_or_default();
    record.extend(fields.clone());
    store_new(store, id, record, author)
}

/// Creates an outbreak and returns its id.
pub fn create(store: &mut Store, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|_| author.custom_ids).map(str::to_owned);
    OUTBREAK.strip(&mut sent);
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    store_new(store, &id, sent, author)?;
    Ok(id)
}

fn store_new(store: &mut Store, id: &str, mut record: Map<String, Value>, author: &Author) -> Result<()> {
    coerce::record(&OUTBREAK, &mut record)?;
    for (field, value) in schema::outbreak_defaults().as_object().into_iter().flatten() {
        record.entry(field).or_insert_with(|| value.clone());
    }
    check(store, &record, None)?;
    questionnaires::tokenise(store, &format!("LNG_OUTBREAK_{}", id.to_uppercase()), &mut record, author)?;
    record.insert("id".to_owned(), json!(id));
    author.stamp_new(&mut record);
    store.outbreaks.put(record);
    Ok(())
}

/// Changes the fields that were sent.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    OUTBREAK.strip(&mut sent);
    coerce::record(&OUTBREAK, &mut sent)?;
    let before = store.outbreaks.live(id).cloned().ok_or_else(|| Error::no_such_model("outbreak", id))?;
    let mut record = before.clone();
    record.extend(sent);
    check(store, &record, Some(id))?;
    questionnaires::tokenise(store, &format!("LNG_OUTBREAK_{}", id.to_uppercase()), &mut record, author)?;
    author.stamp(&mut record);
    store.outbreaks.put(record);
    contacts::settings_changed(store, id, &before, author)
}

/// Soft-deletes an outbreak, or brings it back; says how many were touched.
pub fn set_deleted(store: &mut Store, id: &str, deleted: bool, author: &Author) -> usize {
    let Some(mut record) = store.outbreaks.get(id).cloned() else {
        return 0;
    };
    if (record.get("deleted") == Some(&Value::Bool(true))) == deleted {
        return 0;
    }
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(deleted));
    record.insert("deletedAt".to_owned(), if deleted { json!(dates::iso(author.now)) } else { Value::Null });
    store.outbreaks.put(record);
    1
}

fn check(store: &Store, record: &Map<String, Value>, own: Option<&str>) -> Result<()> {
    let mut problems = OUTBREAK.missing(record);
    let name = record.get("name").and_then(Value::as_str).unwrap_or_default();
    let twin = store
        .outbreaks
        .matching(false, None)
        .any(|other| other.get("id").and_then(Value::as_str) != own && other.get("name").and_then(Value::as_str) == Some(name));
    if twin {
        problems.push(("name".to_owned(), "uniqueness", "is not unique".to_owned()));
    }
    for field in ["caseIdMask", "contactIdMask", "contactOfContactIdMask", "eventIdMask"] {
        let mask = record.get(field).and_then(Value::as_str).unwrap_or_default();
        if !super::visual_id::is_valid(mask) {
            problems.push((field.to_owned(), "format", "is invalid".to_owned()));
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(Error::validation("outbreak", &problems)) }
}
