//! What an import does with a row: it creates, or changes what is older than the row, or leaves things alone.
//!
//! A row with an `id` is that record, a deleted one too, or becomes one with that id. A row without creates, unless the
//! server is told to know people by their visual id and lab results by their sample. A record that is there is changed only by
//! a row with a newer `updatedAt`, and then arrays and answers are merged with what is stored. Dates are cut to the
//! start of their day.

use serde_json::{Map, Value, json};

use super::cascade;
use super::cases::Author;
use super::dates;
use super::error::{Error, Result};
use super::lab_results::{LAB_RESULT, LAB_RESULTS};
use super::person;
use super::person_types::{CASE, EVENT, PersonType};
use super::records::Record;
use super::relationships;
use super::schema::{Kind, Model, RELATIONSHIP, Schema};
use super::store::Store;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy)]
pub enum Target {
    /// People of a type.
    People(&'static PersonType),
    /// Lab results of people of a type.
    LabResults(&'static PersonType),
    /// Relationships; the first person is the source.
    Relationships,
}

impl Target {
    /// The model of the rows.
    pub fn model(self) -> &'static Model {
        match self {
            Target::People(person_type) => person_type.model,
            Target::LabResults(_) => &LAB_RESULT,
            Target::Relationships => &RELATIONSHIP,
        }
    }
}

/// An import into one outbreak.
#[derive(Debug)]
pub struct Import<'a> {
    /// The outbreak.
    pub outbreak: &'a str,
    /// What the rows are.
    pub target: Target,
    /// Whether records without an id are known by another key.
    pub alternate_keys: bool,
    /// How far the server's time zone is ahead of UTC, in milliseconds.
    pub zone: i64,
    /// Who imports.
    pub author: &'a Author,
}

/// A record that is there already.
struct Stored {
    id: String,
    record: Map<String, Value>,
    updated: i64,
}

impl Import<'_> {
    /// Takes one row in. Returns the id of what it wrote; nothing when the stored record is as new as the row.
    pub fn row(&self, store: &mut Store, mut record: Map<String, Value>) -> Result<Option<String>> {
        let stamp = |record: &mut Map<String, Value>, field: &str| {
            record.remove(field).and_then(|value| value.as_str().and_then(dates::javascript))
        };
        let updated = stamp(&mut record, "updatedAt");
        let created = stamp(&mut record, "createdAt");
        cut_dates(self.zone, self.target.model().schema, &mut record);
        self.find_people(store, &mut record)?;
        let exposure = record.remove("relationship");
        let Some(stored) = self.stored(store, &record)? else {
            let id = self.create(store, record)?;
            self.stamp(store, &id, updated, created);
            self.expose(store, &id, exposure)?;
            return Ok(Some(id));
        };
        let Some(updated) = updated else {
            let message = format!("Record found (id: {}) but data received is missing updatedAt property. Skipped record", stored.id);
            return Err(Error::plain(422, &message));
        };
        if updated <= stored.updated {
            return Ok(None);
        }
        record.remove("id");
        for (field, sent) in &mut record {
            if let Some(before) = stored.record.get(field) {
                merge(before, sent);
            }
        }
        self.update(store, &stored.id, record)?;
        self.stamp(store, &stored.id, Some(updated), None);
        self.expose(store, &stored.id, exposure)?;
        Ok(Some(stored.id))
    }

    /// The record that a row is about.
    fn stored(&self, store: &Store, row: &Map<String, Value>) -> Result<Option<Stored>> {
        let text = |field: &str| row.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let of_row = |row: &Record| Stored { id: row.id.to_string(), record: row.record(), updated: row.updated };
        match self.target {
            Target::People(person_type) => {
                let by_key = || text("visualId").filter(|_| self.alternate_keys).and_then(|id| store.people.owner_of(self.outbreak, id));
                let found = match text("id") {
                    Some(id) => store.people.get(id),
                    None => by_key(),
                };
                match found {
                    Some(person) if person.kind != person_type.id || *person.outbreak != *self.outbreak => {
                        Err(Error::not_found(person_type.model.name, &person.id))
                    }
                    found => Ok(found.map(of_row)),
                }
            }
            Target::LabResults(_) => {
                if let Some(id) = text("id") {
                    return Ok(store.lab_results.get(id).map(of_row));
                }
                let Some(sample) = text("sampleIdentifier").filter(|_| self.alternate_keys) else { return Ok(None) };
                let of_sample = |row: &&Record| {
                    *row.outbreak == *self.outbreak && row.record().get("sampleIdentifier").and_then(Value::as_str) == Some(sample)
                };
                let mut found = store.lab_results.all().iter().filter(of_sample);
                let first = found.next().map(of_row);
                if found.next().is_some() {
                    let message = "The alternate key matches more than one record";
                    return Err(Error::coded(409, "DUPLICATE_ALTERNATE_UNIQUE_IDENTIFIER", message));
                }
                Ok(first)
            }
            Target::Relationships => Ok(text("id").and_then(|id| store.relationships.get(id)).map(of_row)),
        }
    }

    /// People that a row names by id or by visual id, by their ids.
    fn find_people(&self, store: &Store, row: &mut Map<String, Value>) -> Result<()> {
        let find = |named: &Value, person_type: Option<&PersonType>| {
            let name = named.as_str().unwrap_or_default();
            let person = store.people.live(name).or_else(|| store.people.owner_of(self.outbreak, name));
            let person = person.filter(|person| *person.outbreak == *self.outbreak && !person.deleted);
            let person = person.filter(|person| person_type.is_none_or(|person_type| person_type.id == person.kind));
            person
                .map(|person| json!(&*person.id))
                .ok_or_else(|| Error::coded(404, "PERSON_NOT_FOUND", format!("There is no person with the id or visual id `{name}`")))
        };
        match self.target {
            Target::People(_) => {}
            Target::LabResults(person_type) => {
                let named = row.get("personId").cloned().unwrap_or_default();
                row.insert("personId".to_owned(), find(&named, Some(person_type))?);
            }
            Target::Relationships => {
                for person in row.get_mut("persons").and_then(Value::as_array_mut).into_iter().flatten() {
                    person["id"] = find(&person["id"], None)?;
                }
            }
        }
        Ok(())
    }

    fn create(&self, store: &mut Store, mut record: Map<String, Value>) -> Result<String> {
        let author = Author { custom_ids: true, ..self.author.clone() };
        match self.target {
            Target::People(person_type) => person::create(store, person_type, self.outbreak, record, &author),
            Target::LabResults(_) => {
                let id = record.get("personId").and_then(Value::as_str).unwrap_or_default();
                let person = store.people.live(id).cloned().ok_or_else(|| Error::not_found("person", id))?;
                LAB_RESULTS.create(store, self.outbreak, &person, record, &author)
            }
            Target::Relationships => {
                let source = direct(&mut record)?;
                relationships::create(store, self.outbreak, &source, record, &author)
            }
        }
    }

    /// The relationship that the row of a contact, or of a contact of a contact, has to bring. Without a good one the person is
    /// deleted again, a changed one too.
    fn expose(&self, store: &mut Store, id: &str, exposure: Option<Value>) -> Result<()> {
        let Target::People(person_type) = self.target else { return Ok(()) };
        if person_type.id == CASE.id || person_type.id == EVENT.id {
            return Ok(());
        }
        let mut sent = exposure.and_then(|exposure| exposure.as_object().cloned()).unwrap_or_default();
        let chosen = sent.remove("id").and_then(|id| id.as_str().and_then(|id| store.relationships.get(id)).map(|_| ()));
        // A relationship that is there already would have to be newer; nothing more is known of it.
        let made = if chosen.is_some() { Ok(()) } else { relationships::create(store, self.outbreak, id, sent, self.author).map(|_| ()) };
        made.inspect_err(|_| _ = cascade::delete(store, id, self.author))
    }

    fn update(&self, store: &mut Store, id: &str, mut record: Map<String, Value>) -> Result<()> {
        match self.target {
            Target::People(_) => person::update(store, id, record, self.author),
            Target::LabResults(_) => LAB_RESULTS.update(store, id, record, self.author),
            Target::Relationships => {
                let source = direct(&mut record)?;
                relationships::update(store, &source, id, record, self.author)
            }
        }
    }

    /// Sets the stamps that the row brought.
    fn stamp(&self, store: &mut Store, id: &str, updated: Option<i64>, created: Option<i64>) {
        let set = |record: &mut Map<String, Value>| {
            for (field, stamp) in [("updatedAt", updated), ("createdAt", created)] {
                if let Some(stamp) = stamp {
                    record.insert(field.to_owned(), json!(dates::iso(stamp)));
                }
            }
        };
        match self.target {
            Target::People(person_type) => {
                if let Some(mut record) = store.people.get(id).map(Record::record) {
                    set(&mut record);
                    store.people.put(person_type.id, &record);
                }
            }
            Target::LabResults(_) => {
                if let Some(mut record) = store.lab_results.get(id).map(Record::record) {
                    set(&mut record);
                    store.lab_results.put(&record);
                }
            }
            // Stamped by the change that it carries to both people.
            Target::Relationships => {}
        }
    }
}

/// The first person, and the record with the second one alone: as relationships are made.
fn direct(record: &mut Map<String, Value>) -> Result<String> {
    let persons = record.get("persons").and_then(Value::as_array).cloned().unwrap_or_default();
    let [source, target] = persons.as_slice() else {
        return Err(Error::coded(422, "VALIDATION_ERROR", "a relationship needs two persons"));
    };
    record.insert("persons".to_owned(), json!([{"id": target["id"]}]));
    Ok(source["id"].as_str().unwrap_or_default().to_owned())
}

/// What is stored, with what was sent over it: item by item in arrays, field by field in objects.
fn merge(stored: &Value, sent: &mut Value) {
    match (stored, sent) {
        (Value::Object(stored), Value::Object(sent)) => {
            for (field, before) in stored {
                match sent.get_mut(field) {
                    // An answer is one thing: it is not mixed with the one before.
                    Some(value) if !is_answer(value) => merge(before, value),
                    Some(_) => {}
                    None => {
                        sent.insert(field.clone(), before.clone());
                    }
                }
            }
        }
        (Value::Array(stored), Value::Array(sent)) => {
            for (before, value) in stored.iter().zip(sent.iter_mut()) {
                merge(before, value);
            }
            sent.extend(stored.iter().skip(sent.len()).cloned().collect::<Vec<_>>());
        }
        _ => {}
    }
}

/// Whether a value is the array of answers to one question.
fn is_answer(value: &Value) -> bool {
    value.as_array().is_some_and(|items| !items.is_empty() && items.iter().all(|item| item.get("value").is_some()))
}

fn cut_dates(zone: i64, schema: Schema, record: &mut Map<String, Value>) {
    for (field, kind) in schema {
        let Some(value) = record.get_mut(*field) else { continue };
        match kind {
            Kind::Date => cut(zone, value, dates::javascript),
            Kind::Object(nested) => value.as_object_mut().into_iter().for_each(|object| cut_dates(zone, nested, object)),
            Kind::List(nested) => {
                let items = value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut);
                items.for_each(|object| cut_dates(zone, nested, object));
            }
            _ => {}
        }
    }
    for answer in record.get_mut("questionnaireAnswers").and_then(Value::as_object_mut).into_iter().flat_map(Map::values_mut) {
        for part in answer.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
            cut(zone, part, dates::filter_form);
        }
    }
}

/// Cuts a text that is a date.
fn cut(zone: i64, value: &mut Value, read: fn(&str) -> Option<i64>) {
    if let Some(day) = value.as_str().and_then(read) {
        *value = json!(dates::iso(dates::start_of_day_in(zone, day)));
    }
}
