//! Relationships: who exposed whom. What is sent is normalised, and a change is carried to both people.

use std::collections::BTreeSet;
use std::ops::Deref;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::{self, Author};
use super::coerce;
use super::error::{Error, Result};
use super::parents;
use super::person;
use super::person_types::{CONTACT, CONTACT_OF_CONTACT, PersonType};
use super::representation;
use super::rows::{Row, Rows, Shape};
use super::schema::RELATIONSHIP;
use super::store::Store;

/// All relationships of all outbreaks.
#[derive(Debug)]
pub struct Relationships(Rows);

impl Default for Relationships {
    fn default() -> Self {
        Self(Rows::new(Shape { indexed: &["persons.id", "clusterId", "deletedByParent"], model: &RELATIONSHIP }))
    }
}

impl Deref for Relationships {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.0
    }
}

impl Relationships {
    /// Those of a person that are not deleted.
    pub fn of(&self, person: &str) -> Vec<Map<String, Value>> {
        self.holding("persons.id", person).into_iter().filter(|row| !row.deleted).map(Row::record).collect()
    }
}

/// A participant as a relationship names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Participant<'a> {
    /// Id of the person.
    pub id: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// Whether it exposed the other.
    pub source: bool,
}

impl<'a> Participant<'a> {
    fn of(person: &'a Value) -> Self {
        let text = |field: &str| person[field].as_str().unwrap_or_default();
        Self { id: text("id"), kind: text("type"), source: person["source"] == true }
    }
}

/// The participants of a stored relationship.
pub fn participants(relationship: &Map<String, Value>) -> Vec<Participant<'_>> {
    let persons = relationship.get("persons").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    persons.iter().map(Participant::of).collect()
}

/// Who stands on the other side of a person.
pub fn other<'a>(relationship: &'a Map<String, Value>, person: &str) -> Option<Participant<'a>> {
    participants(relationship).into_iter().find(|participant| participant.id != person)
}

/// Whether the person stands opposite a case or an event.
fn is_exposure(relationship: &Map<String, Value>, person: &str) -> bool {
    other(relationship, person).and_then(|other| PersonType::of(other.kind)).is_some_and(PersonType::is_origin)
}

/// The live relationships of a person with cases and events.
pub fn exposures(store: &Store, person: &str) -> Vec<Map<String, Value>> {
    let mut exposures = store.relationships.of(person);
    exposures.retain(|relationship| is_exposure(relationship, person));
    exposures
}

/// The active relationship with a case or an event whose contact is the latest.
pub fn newest_exposure(store: &Store, person: &str) -> Option<Map<String, Value>> {
    let date = |relationship: &Map<String, Value>| relationship.get("contactDate").and_then(Value::as_str).map(str::to_owned);
    let active = exposures(store, person).into_iter().filter(|relationship| relationship.get("active") != Some(&Value::Bool(false)));
    active.max_by_key(date)
}

/// Creates a relationship of the person of the path with the one of `persons[0]`, and returns its id.
pub fn create(store: &mut Store, outbreak: &str, person: &str, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|id| author.custom_ids && !id.is_empty()).map(str::to_owned);
    RELATIONSHIP.strip(&mut sent);
    coerce::record(&RELATIONSHIP, &mut sent)?;
    let persons = normalised(store, outbreak, person, sent.get("persons"))?;
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    if store.relationships.get(&id).is_some() {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{id}` already exists")));
    }
    let mut record = sent;
    record.insert("id".to_owned(), json!(id));
    record.insert("outbreakId".to_owned(), json!(outbreak));
    record.insert("persons".to_owned(), persons);
    record.insert("active".to_owned(), json!(true));
    record.entry("contactDateEstimated").or_insert(json!(false));
    author.stamp_new(&mut record);
    put(store, &record, author)?;
    Ok(id)
}

/// Changes the fields that were sent. `persons` is read as at creation: only the first counts, the other one is
/// `person`.
pub fn update(store: &mut Store, person: &str, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    let row = store.relationships.live(id).ok_or_else(|| Error::not_found("relationship", id))?;
    let (outbreak, mut record) = (row.outbreak.to_string(), row.record());
    RELATIONSHIP.strip(&mut sent);
    coerce::record(&RELATIONSHIP, &mut sent)?;
    if sent.contains_key("persons") {
        let persons = normalised(store, &outbreak, person, sent.get("persons"))?;
        sent.insert("persons".to_owned(), persons);
    }
    record.extend(sent);
    let active = is_active(store, &record);
    record.insert("active".to_owned(), json!(active));
    author.stamp(&mut record);
    put(store, &record, author)
}

/// Makes these two the source and the target of the relationship.
pub fn redirect(store: &mut Store, id: &str, source: &str, target: &str, author: &Author) -> Result<()> {
    let row = store.relationships.live(id).ok_or_else(|| Error::not_found("relationship", id))?;
    let mut record = row.record();
    let mut persons = Vec::new();
    for (side, person) in [("source", source), ("target", target)] {
        let kind = live_person(store, &row.outbreak, person)?.kind;
        persons.push(json!({"id": person, "type": kind, side: true}));
    }
    if source == target {
        return Err(invalid("a person cannot be related to itself"));
    }
    record.insert("persons".to_owned(), Value::Array(persons));
    let active = is_active(store, &record);
    record.insert("active".to_owned(), json!(active));
    author.stamp(&mut record);
    put(store, &record, author)
}

/// Deletes a relationship, unless a contact would be left without exposure.
pub fn delete(store: &mut Store, id: &str, author: &Author) -> Result<()> {
    let row = store.relationships.live(id).ok_or_else(|| Error::not_found("relationship", id))?;
    let record = row.record();
    let left_alone: Vec<&str> = participants(&record)
        .into_iter()
        .filter(|participant| participant.kind == CONTACT.id && is_exposure(&record, participant.id))
        .filter(|participant| exposures(store, participant.id).len() < 2)
        .map(|participant| participant.id)
        .collect();
    if !left_alone.is_empty() {
        let message = "Contacts must have at least one relationship with a case or an event";
        return Err(Error::coded(422, "DELETE_CONTACT_LAST_RELATIONSHIP", message).details(json!({"id": id, "contactIDs": left_alone})));
    }
    put(store, &parents::deleted(record, None, author), author)
}

/// A case became, or is no longer, one that was found to be none: its relationships with contacts are saved again.
pub fn reclassified(store: &mut Store, case: &str, author: &Author) -> Result<()> {
    for mut record in store.relationships.of(case) {
        if other(&record, case).is_some_and(|other| other.kind == CONTACT.id) {
            let active = is_active(store, &record);
            record.insert("active".to_owned(), json!(active));
            author.stamp(&mut record);
            put(store, &record, author)?;
        }
    }
    Ok(())
}

/// Stores a relationship, and what both people know of it.
///
/// Of a case, an event and a contact of a contact only that is changed, and `updatedAt` stays as it was; a contact is
/// saved once more, so that its window of follow-up and its `updatedAt` move.
pub fn put(store: &mut Store, record: &Map<String, Value>, author: &Author) -> Result<()> {
    let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
    let before = store.relationships.get(id).map(Row::record);
    store.relationships.0.put("", record);
    let involved: BTreeSet<&str> = before.iter().chain([record]).flat_map(participants).map(|participant| participant.id).collect();
    for person in involved {
        representation::carry(store, person, record);
        if store.people.live(person).is_some_and(|row| row.kind == CONTACT.id) {
            person::update(store, person, Map::new(), author)?;
        }
    }
    Ok(())
}

fn is_active(store: &Store, record: &Map<String, Value>) -> bool {
    let discarded = |id: &str| store.people.get(id).is_some_and(|row| cases::is_discarded(row.kind, &row.record()));
    !participants(record).iter().any(|participant| discarded(participant.id))
}

fn invalid(details: &str) -> Error {
    Error::coded(422, "VALIDATION_ERROR", format!("Validation failed for model `relationship`. Details: {details}"))
        .details(json!({"model": "relationship", "details": details}))
}

fn live_person<'a>(store: &'a Store, outbreak: &str, id: &str) -> Result<&'a Row> {
    store.people.live(id).filter(|row| *row.outbreak == *outbreak).ok_or_else(|| Error::not_found("person", id))
}

/// The two participants with their types and their direction. Of what was sent only the id of the first counts: the
/// direction is decided by the types and by whose path it is.
fn normalised(store: &Store, outbreak: &str, person: &str, sent: Option<&Value>) -> Result<Value> {
    let first = sent.and_then(Value::as_array).and_then(|persons| persons.first());
    let other = first.and_then(|first| first.get("id")).and_then(Value::as_str).filter(|id| !id.is_empty());
    let other = other.ok_or_else(|| invalid("persons[0].id is missing: the related person must be specified"))?;
    if other == person {
        return Err(invalid("a person cannot be related to itself"));
    }
    let own = live_person(store, outbreak, person)?;
    let other = live_person(store, outbreak, other)?;
    if let Some(discarded) = [own, other].into_iter().find(|row| cases::is_discarded(row.kind, &row.record())) {
        let message = "A relationship with a case that is classified as not a case cannot be created";
        return Err(Error::coded(422, "INVALID_RELATIONSHIP_WITH_DISCARDED_CASE", message).details(json!({"id": &*discarded.id})));
    }
    let origin = |row: &Row| person::type_of(row).is_origin();
    let own_is_source = if own.kind == CONTACT_OF_CONTACT.id {
        false
    } else if other.kind == CONTACT_OF_CONTACT.id {
        true
    } else {
        origin(own) || !origin(other)
    };
    let (of_other, of_own) = if own_is_source { ("target", "source") } else { ("source", "target") };
    Ok(json!([{"id": &*other.id, "type": other.kind, of_other: true}, {"id": &*own.id, "type": own.kind, of_own: true}]))
}

/// Adds a relationship as a deployment has it: with both its people and their direction.
pub fn seed(store: &mut Store, relationship: &Value, author: &Author) -> Result<()> {
    let mut record = relationship.as_object().cloned().ok_or_else(|| Error::plain(400, "Value is not an object."))?;
    coerce::record(&RELATIONSHIP, &mut record)?;
    let mut persons = Vec::new();
    for participant in participants(&record) {
        let row = store.people.live(participant.id).ok_or_else(|| Error::not_found("person", participant.id))?;
        let side = if participant.source { "source" } else { "target" };
        persons.push(json!({"id": participant.id, "type": row.kind, side: true}));
    }
    let sources = participants(&record).iter().filter(|participant| participant.source).count();
    if persons.len() != 2 || sources != 1 {
        return Err(invalid("persons must be one with `source: true` and one with `target: true`"));
    }
    let first = persons[0]["id"].as_str().unwrap_or_default();
    let outbreak = store.people.get(first).map(|row| row.outbreak.to_string()).unwrap_or_default();
    record.insert("persons".to_owned(), Value::Array(persons));
    record.entry("id").or_insert_with(|| json!(Uuid::new_v4().to_string()));
    record.entry("outbreakId").or_insert_with(|| json!(outbreak));
    record.entry("contactDateEstimated").or_insert(json!(false));
    let active = is_active(store, &record);
    record.insert("active".to_owned(), json!(active));
    author.stamp_new(&mut record);
    put(store, &record, author)
}
