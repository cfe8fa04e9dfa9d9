//! The rules of lab results: they belong to a case, a contact or a contact of contact, and change nothing about it.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::error::{Error, Result};
use super::parents;
use super::records::Record;
use super::schema::Kind::{Answers, Date, Flag, Object, Text};
use super::schema::{CASE, Model};
use super::store::Store;

/// A lab result. `person` is what lists join to it.
pub const LAB_RESULT: Model = Model {
    name: "labResult",
    schema: &[
        ("personId", Text),
        ("personType", Text),
        ("dateSampleTaken", Date),
        ("dateSampleDelivered", Date),
        ("dateTesting", Date),
        ("dateOfResult", Date),
        ("labName", Text),
        ("sampleIdentifier", Text),
        ("sampleType", Text),
        ("testType", Text),
        ("result", Text),
        ("quantitativeResult", Text),
        ("notes", Text),
        ("status", Text),
        ("testedFor", Text),
        (
            "sequence",
            Object(&[
                ("hasSequence", Flag),
                ("noSequenceReason", Text),
                ("dateSampleSent", Date),
                ("labId", Text),
                ("dateResult", Date),
                ("resultId", Text),
            ]),
        ),
        ("questionnaireAnswers", Answers),
        ("outbreakId", Text),
        ("deletedByParent", Text),
        ("person", Object(CASE.schema)),
    ],
    read_only: &[],
    required: &[],
    default_order: &["id"],
};

/// Creates a lab result of a person and returns its id. Outbreak and person are those of the path, whatever was sent.
pub fn create(store: &mut Store, outbreak: &str, person: &str, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|id| author.custom_ids && !id.is_empty()).map(str::to_owned);
    LAB_RESULT.strip(&mut sent);
    coerce::record(&LAB_RESULT, &mut sent)?;
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    if store.lab_results.get(&id).is_some() {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{id}` already exists")));
    }
    let mut record = sent;
    record.insert("id".to_owned(), json!(id));
    record.insert("outbreakId".to_owned(), json!(outbreak));
    record.insert("personId".to_owned(), json!(person));
    name_type(store, &mut record);
    author.stamp_new(&mut record);
    store.lab_results.put(&record);
    Ok(id)
}

/// Changes the fields that were sent, also `outbreakId` and `personId`: the API keeps a client from neither.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    LAB_RESULT.strip(&mut sent);
    coerce::record(&LAB_RESULT, &mut sent)?;
    let mut record = store.lab_results.get(id).ok_or_else(|| Error::no_instance("labResult", id))?.record();
    record.extend(sent);
    name_type(store, &mut record);
    author.stamp(&mut record);
    store.lab_results.put(&record);
    Ok(())
}

/// Soft-deletes a lab result.
pub fn delete(store: &mut Store, id: &str, author: &Author) {
    if let Some(record) = store.lab_results.get(id).map(Record::record) {
        store.lab_results.put(&parents::deleted(record, None, author));
    }
}

/// Brings a deleted lab result back.
pub fn restore(store: &mut Store, id: &str, author: &Author) {
    if let Some(record) = store.lab_results.get(id).map(Record::record) {
        store.lab_results.put(&parents::restored(record, author));
    }
}

/// Adds a lab result as a deployment has it, with what its `personId` and `outbreakId` say.
pub fn seed(store: &mut Store, lab_result: &Value, author: &Author) -> Result<()> {
    let sent = lab_result.as_object().cloned().ok_or_else(|| Error::plain(400, "Value is not an object."))?;
    let (outbreak, person) = parents::seeded(store, &sent)?;
    create(store, &outbreak, &person, sent, author).map(drop)
}

/// The type of the person, where it is empty.
fn name_type(store: &Store, record: &mut Map<String, Value>) {
    if record.get("personType").and_then(Value::as_str).is_some_and(|known| !known.is_empty()) {
        return;
    }
    let person = record.get("personId").and_then(Value::as_str).and_then(|id| store.people.get(id));
    if let Some(kind) = person.map(|person| person.kind) {
        record.insert("personType".to_owned(), json!(kind));
    }
}
