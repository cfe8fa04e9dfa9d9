//! Conversion: a person becomes one of another type. It keeps its id and its visual id; its relationships, lab results
//! and follow-ups follow it.

use serde_json::{Map, Value, json};

use super::cases::{self, Author};
use super::dates;
use super::error::{Error, Result};
use super::parents;
use super::person;
use super::person_types::{CASE, CONTACT, CONTACT_OF_CONTACT, PersonType};
use super::relationships::{self, Participant, other, participants};
use super::store::Store;

const SUSPECT: &str = "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_SUSPECT";

/// Converts a live person, and returns the ids of all whom it touched: contacts of a contact who became a case become
/// contacts. 422 when the person would not be exposed as its new type demands.
pub fn convert(store: &mut Store, id: &str, to: &'static PersonType, author: &Author) -> Result<Vec<String>> {
    let row = store.people.live(id).ok_or_else(|| Error::not_found("person", id))?;
    let from = person::type_of(row);
    check(store, id, from, to)?;
    let mut converted = vec![id.to_owned()];
    retype(store, id, from, to, author)?;
    if to.id == CASE.id {
        let exposed = store.relationships.of(id);
        let below = exposed.iter().filter(|relationship| is(relationship, id, |own| own.source)).filter_map(|exposed| other(exposed, id));
        let below: Vec<String> = below.filter(|other| other.kind == CONTACT_OF_CONTACT.id).map(|other| other.id.to_owned()).collect();
        for contact_of_contact in below {
            retype(store, &contact_of_contact, &CONTACT_OF_CONTACT, &CONTACT, author)?;
            converted.push(contact_of_contact);
        }
    }
    Ok(converted)
}

fn is(relationship: &Map<String, Value>, person: &str, wanted: fn(Participant<'_>) -> bool) -> bool {
    participants(relationship).into_iter().any(|participant| participant.id == person && wanted(participant))
}

/// A contact is exposed by a case or an event, a contact of a contact by a contact; anyone may become a case.
fn check(store: &Store, id: &str, from: &PersonType, to: &PersonType) -> Result<()> {
    if to.id == CASE.id {
        return Ok(());
    }
    let exposes = |other: Participant<'_>| {
        if to.id == CONTACT.id { PersonType::of(other.kind).is_some_and(PersonType::is_origin) } else { other.kind == CONTACT.id }
    };
    let relationships = store.relationships.of(id);
    let exposed =
        relationships.iter().any(|relationship| is(relationship, id, |own| !own.source) && other(relationship, id).is_some_and(exposes));
    if exposed {
        return Ok(());
    }
    let (code, message) = match from.model.name {
        "case" => ("INVALID_CASE_RELATIONSHIP", "The case must be the target of a relationship with a case or an event"),
        "contact" => ("INVALID_CONTACT_RELATIONSHIP", "The contact must be the target of a relationship with a contact"),
        _ => (
            "INVALID_CONTACT_OF_CONTACT_RELATIONSHIP",
            "The contact of contact must be the target of a relationship with a case or an event",
        ),
    };
    Err(Error::coded(422, code, message).details(json!({"id": id})))
}

fn retype(store: &mut Store, id: &str, from: &PersonType, to: &'static PersonType, author: &Author) -> Result<()> {
    let row = store.people.live(id).ok_or_else(|| Error::not_found("person", id))?;
    let mut record = row.record();
    record.insert(became(to).to_owned(), json!(dates::iso(author.now)));
    record.insert(was(from).to_owned(), json!(true));
    park(&mut record, from, to);
    if to.id == CASE.id {
        record.insert("classification".to_owned(), json!(SUSPECT));
        cases::classification_history(&mut record, author);
    }
    author.stamp(&mut record);
    store.people.put(to.id, &record);
    for mut relationship in store.relationships.of(id) {
        for participant in relationship.get_mut("persons").and_then(Value::as_array_mut).into_iter().flatten() {
            if participant["id"] == id {
                participant["type"] = json!(to.id);
            }
        }
        author.stamp(&mut relationship);
        relationships::put(store, &relationship, author)?;
    }
    parents::converted(store, id, to.id, author);
    Ok(())
}

/// The answers to the questionnaire of the former type are put aside, those to that of the new type brought back.
fn park(record: &mut Map<String, Value>, from: &PersonType, to: &PersonType) {
    let aside = |person_type: &PersonType| match person_type.model.name {
        "case" => Some("questionnaireAnswersCase"),
        "contact" => Some("questionnaireAnswersContact"),
        _ => None,
    };
    let answers = record.remove("questionnaireAnswers");
    if let (Some(aside), Some(answers)) = (aside(from), answers) {
        record.insert(aside.to_owned(), answers);
    }
    if let Some(answers) = aside(to).and_then(|aside| record.remove(aside)) {
        record.insert("questionnaireAnswers".to_owned(), answers);
    }
}

fn became(person_type: &PersonType) -> &'static str {
    match person_type.model.name {
        "case" => "dateBecomeCase",
        "contact" => "dateBecomeContact",
        _ => "dateBecomeContactOfContact",
    }
}

fn was(person_type: &PersonType) -> &'static str {
    match person_type.model.name {
        "case" => "wasCase",
        "contact" => "wasContact",
        _ => "wasContactOfContact",
    }
}
