//! The rules of lab results: they belong to a case, a contact or a contact of contact, and change nothing about it.

use serde_json::{Map, Value, json};

use super::children::Child;
use super::questionnaires;
use super::schema::Kind::{Answers, Date, Flag, Object, Text};
use super::schema::{CASE, Model};
use super::store::Store;

/// A lab result. `person` is what lists join to it.
pub static LAB_RESULT: Model = Model {
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

/// Lab results.
pub static LAB_RESULTS: Child = Child {
    model: &LAB_RESULT,
    records: |store| &store.lab_results,
    records_mut: |store| &mut store.lab_results,
    begin: |_, _, _| Ok(()),
    derive: |store, record| {
        name_type(store, record);
        questionnaires::read_numbers(store, Some("labResultsTemplate"), record);
    },
};

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
