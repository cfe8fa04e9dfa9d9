//! What the records of a person (lab results, follow-ups) have in common, and the hooks through which a change of the
//! person reaches them: conversion, deletion, restoration.

use serde_json::{Map, Value, json};

use super::cases::Author;
use super::dates;
use super::error::{Error, Result};
use super::follow_ups;
use super::people::Person;
use super::person_types::{EVENT, PersonType};
use super::records::{Record, Records};
use super::store::Store;

/// The kind of person of a segment of a path; an event has neither lab results nor follow-ups.
pub fn of_segment(segment: &str) -> Option<&'static PersonType> {
    PersonType::at(segment).filter(|person_type| person_type.id != EVENT.id)
}

/// A live person of this kind in this outbreak; anything else is a 404.
pub fn of_kind(store: &Store, outbreak: &str, parent: &PersonType, id: &str) -> Result<Person> {
    let found = store.people.get(id).filter(|person| *person.outbreak == *outbreak && person.kind == parent.id && !person.deleted);
    found.cloned().ok_or_else(|| Error::no_instance(parent.model.name, id))
}

/// A person has become another kind of person: its lab results say so, and its follow-ups after today are deleted.
pub fn converted(store: &mut Store, person: &str, kind: &str, author: &Author) {
    for mut record in of(&store.lab_results, person) {
        record.insert("personType".to_owned(), json!(kind));
        author.stamp(&mut record);
        store.lab_results.put(&record);
    }
    let tomorrow = dates::add_days(dates::start_of_day(author.now), 1);
    for record in of(&store.follow_ups, person) {
        if follow_ups::date(&record).is_some_and(|date| date >= tomorrow) {
            store.follow_ups.put(&deleted(record, None, author));
        }
    }
}

/// A person was merged into another: what belonged to it belongs to the other.
pub fn moved(store: &mut Store, from: &str, to: &str, author: &Author) {
    let moved = |mut record: Map<String, Value>| {
        record.insert("personId".to_owned(), json!(to));
        author.stamp(&mut record);
        record
    };
    for record in of(&store.lab_results, from) {
        store.lab_results.put(&moved(record));
    }
    for record in of(&store.follow_ups, from) {
        store.follow_ups.put(&moved(record));
    }
}

/// A person was deleted: so is what belongs to it.
pub fn person_deleted(store: &mut Store, person: &str, author: &Author) {
    for record in of(&store.lab_results, person) {
        store.lab_results.put(&deleted(record, Some(person), author));
    }
    for record in of(&store.follow_ups, person) {
        store.follow_ups.put(&deleted(record, Some(person), author));
    }
}

/// A deleted person is back: so is what was deleted with it.
pub fn person_restored(store: &mut Store, person: &str, author: &Author) {
    for record in deleted_with(&store.lab_results, person) {
        store.lab_results.put(&restored(record, author));
    }
    for record in deleted_with(&store.follow_ups, person) {
        store.follow_ups.put(&restored(record, author));
    }
}

/// The live records of a person.
fn of(records: &Records, person: &str) -> Vec<Map<String, Value>> {
    records.of_person(person).filter(|record| !record.deleted).map(Record::record).collect()
}

/// The records that were deleted together with a person.
fn deleted_with(records: &Records, person: &str) -> Vec<Map<String, Value>> {
    let all = records.of_person(person).filter(|record| record.deleted).map(Record::record);
    all.filter(|record| record.get("deletedByParent").and_then(Value::as_str) == Some(person)).collect()
}

/// The record as it is once it is soft-deleted, together with a person or by itself.
pub fn deleted(mut record: Map<String, Value>, with: Option<&str>, author: &Author) -> Map<String, Value> {
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(true));
    record.insert("deletedAt".to_owned(), json!(dates::iso(author.now)));
    if let Some(person) = with {
        record.insert("deletedByParent".to_owned(), json!(person));
    }
    record
}

/// The record as it is once it is back.
pub fn restored(mut record: Map<String, Value>, author: &Author) -> Map<String, Value> {
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(false));
    record.insert("deletedAt".to_owned(), Value::Null);
    record.remove("deletedByParent");
    record
}
