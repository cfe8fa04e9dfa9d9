//! The rules of a person of any type: what a create, an update, a delete and a restore do to its own record.
//!
//! What they do to others is in `cascade` and `relationships`.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::addresses;
use super::cases::{self, Author};
use super::coerce;
use super::contacts;
use super::duplicate_keys;
use super::error::{Error, Result};
use super::parents;
use super::person_types::{CASE, CONTACT, EVENT, PersonType};
use super::questionnaires;
use super::relationships;
use super::rows::Row;
use super::schema;
use super::store::Store;

const ARCHIVED_ID: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_ARCHIVED_ID";

/// Creates a person and returns its id.
pub fn create(
    store: &mut Store,
    person_type: &'static PersonType,
    outbreak: &str,
    mut sent: Map<String, Value>,
    author: &Author,
) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|id| author.custom_ids && !id.is_empty()).map(str::to_owned);
    person_type.model.strip(&mut sent);
    coerce::record(person_type.model, &mut sent)?;
    let mut record = sent;
    for (field, value) in schema::person_defaults(person_type.model.name) {
        record.entry(field).or_insert(value);
    }
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    if store.people.get(&id).is_some() {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{id}` already exists")));
    }
    record.insert("id".to_owned(), json!(id));
    record.insert("outbreakId".to_owned(), json!(outbreak));
    addresses::check_addresses(&record)?;
    let visual_id = record.remove("visualId");
    if let Some(visual_id) = resolve_visual_id(store, person_type, outbreak, visual_id.as_ref(), None)? {
        record.insert("visualId".to_owned(), json!(visual_id));
    }
    author.stamp_new(&mut record);
    derive(store, person_type, &mut record, author)?;
    if person_type.id == CASE.id && record.get("dateOfOnset").is_some_and(Value::is_string) {
        cases::follow_up(store, outbreak, &mut record);
    }
    store.people.put(person_type.id, &record);
    Ok(id)
}

/// Changes the fields that were sent; arrays and nested objects are replaced whole.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    let person = store.people.get(id).ok_or_else(|| Error::no_such_model("person", id))?;
    let person_type = type_of(person);
    let outbreak = person.outbreak.to_string();
    let before = person.record();
    person_type.model.strip(&mut sent);
    coerce::record(person_type.model, &mut sent)?;
    let mut record = before.clone();
    let visual_id = sent.remove("visualId");
    record.extend(sent);
    addresses::check_addresses(&record)?;
    if let Some(visual_id) = resolve_visual_id(store, person_type, &outbreak, visual_id.as_ref(), Some(id))? {
        record.insert("visualId".to_owned(), json!(visual_id));
    }
    author.stamp(&mut record);
    derive(store, person_type, &mut record, author)?;
    if person_type.id == CASE.id && record.get("dateOfOnset") != before.get("dateOfOnset") {
        cases::follow_up(store, &outbreak, &mut record);
    }
    if person_type.id == CONTACT.id {
        contacts::follow_up(store, &outbreak, &mut record);
    }
    store.people.put(person_type.id, &record);
    if cases::is_discarded(person_type.id, &before) != cases::is_discarded(person_type.id, &record) {
        relationships::reclassified(store, id, author)?;
    }
    Ok(())
}

/// The type of a stored person.
pub fn type_of(person: &Row) -> &'static PersonType {
    PersonType::of(person.kind).expect("people are only stored with one of the four types")
}

/// The record as it is once it is soft-deleted, by itself or together with another person: its visual id moves to the
/// documents.
pub fn deleted(mut record: Map<String, Value>, with: Option<&str>, author: &Author) -> Map<String, Value> {
    if let Some(Value::String(visual_id)) = record.insert("visualId".to_owned(), Value::Null) {
        let archived = json!({"type": ARCHIVED_ID, "number": visual_id});
        match record.get_mut("documents") {
            Some(Value::Array(documents)) => documents.push(archived),
            _ => {
                record.insert("documents".to_owned(), json!([archived]));
            }
        }
    }
    parents::deleted(record, with, author)
}

/// The visual id to store; `None` leaves the record as it is, which is why null and "" clear nothing.
fn resolve_visual_id(
    store: &Store,
    person_type: &PersonType,
    outbreak: &str,
    sent: Option<&Value>,
    own: Option<&str>,
) -> Result<Option<String>> {
    let Some(Value::String(sent)) = sent.filter(|sent| sent.as_str() != Some("")) else {
        return Ok(None);
    };
    if let Some(owner) = store.people.owner_of(outbreak, sent)
        && own != Some(&*owner.id)
    {
        let message = format!("The visual identifier `{sent}` is not unique.");
        return Err(Error::coded(409, "DUPLICATE_VISUAL_ID", message).details(json!({"id": sent})));
    }
    let owned = own.is_some() && store.people.owner_of(outbreak, sent).is_some();
    let none = std::collections::BTreeMap::new();
    let taken = store.people.visual_ids(outbreak).unwrap_or(&none);
    let resolved = store.masks.resolve(&store.mask(outbreak, person_type), sent, taken)?;
    Ok(Some(if owned { sent.clone() } else { resolved }))
}

/// The fields that the server keeps by itself.
fn derive(store: &mut Store, person_type: &PersonType, record: &mut Map<String, Value>, author: &Author) -> Result<()> {
    addresses::derive_residence(record);
    questionnaires::read_numbers(store, person_type.template, record);
    if person_type.id == CASE.id {
        cases::classification_history(record, author);
        cases::name_centres(store, record, author)?;
    }
    if person_type.id != EVENT.id {
        record.insert("duplicateKeys".to_owned(), duplicate_keys::of(record));
    }
    Ok(())
}
