//! All people of all outbreaks, as JSON texts, with the indexes that searches need.
//!
//! A person is kept as the text that is sent to clients; only what a search looks at is ever parsed again.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::condition::{Condition, Test};
use super::dates;
use super::filter::Filter;
use super::schema::CASE;
use super::texts::{Indexed, Looked, Text, by_update, each_text, earliest, sorted};

/// One person.
#[derive(Debug, Clone)]
pub struct Person {
    /// Its id.
    pub id: Arc<str>,
    /// The outbreak that it belongs to.
    pub outbreak: Arc<str>,
    /// `LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE` ...
    pub kind: &'static str,
    /// Soft-deleted.
    pub deleted: bool,
    /// `updatedAt` in milliseconds.
    pub updated: i64,
    /// The whole record but for `type`.
    pub text: Bytes,
}

impl Person {
    /// The record as it is sent where `type` is hidden.
    pub fn record(&self) -> Map<String, Value> {
        serde_json::from_slice(&self.text).expect("the simulator wrote this text itself")
    }

    /// The record with its `type`.
    pub fn typed_record(&self) -> Map<String, Value> {
        let mut record = self.record();
        record.insert("type".to_owned(), Value::from(self.kind));
        record
    }
}

impl Text for Person {
    fn known(&self, field: &str) -> Option<Value> {
        Some(match field {
            "id" => Value::from(&*self.id),
            "updatedAt" => Value::from(dates::iso(self.updated)),
            "deleted" => Value::from(self.deleted),
            "outbreakId" => Value::from(&*self.outbreak),
            "type" => Value::from(self.kind),
            _ => return None,
        })
    }

    fn text(&self) -> &[u8] {
        &self.text
    }
}

/// All people.
#[derive(Debug, Default)]
pub struct People {
    rows: Vec<Person>,
    by_id: HashMap<Arc<str>, usize>,
    by_updated: BTreeMap<(i64, Arc<str>), usize>,
    by_document: HashMap<String, Vec<usize>>,
    visual_ids: HashMap<Arc<str>, BTreeMap<String, usize>>,
}

/// Whom a search is about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Only people of this outbreak.
    pub outbreak: &'a str,
    /// Only people of this type.
    pub kind: Option<&'a str>,
    /// Deleted people too.
    pub deleted: bool,
}

impl Scope<'_> {
    fn holds(&self, person: &Person) -> bool {
        *person.outbreak == *self.outbreak && (self.deleted || !person.deleted) && self.kind.is_none_or(|kind| kind == person.kind)
    }
}

impl People {
    /// All of them, in the order of their creation.
    pub fn all(&self) -> &[Person] {
        &self.rows
    }

    /// One of them, deleted or not.
    pub fn get(&self, id: &str) -> Option<&Person> {
        self.by_id.get(id).map(|position| &self.rows[*position])
    }

    /// The visual ids that are taken in an outbreak.
    pub fn visual_ids(&self, outbreak: &str) -> Option<&BTreeMap<String, usize>> {
        self.visual_ids.get(outbreak)
    }

    /// Whose a visual id is.
    pub fn owner_of(&self, outbreak: &str, visual_id: &str) -> Option<&Person> {
        let position = self.visual_ids.get(outbreak)?.get(visual_id)?;
        Some(&self.rows[*position])
    }

    /// Stores a new person.
    pub fn insert(&mut self, kind: &'static str, record: &Map<String, Value>) {
        let person = person(kind, record);
        let position = self.rows.len();
        self.by_id.insert(Arc::clone(&person.id), position);
        self.rows.push(person);
        self.index(position, record);
    }

    /// Stores a new state of a person; `before` is the one until now.
    pub fn replace(&mut self, before: &Map<String, Value>, record: &Map<String, Value>) {
        let Some(position) = record.get("id").and_then(Value::as_str).and_then(|id| self.by_id.get(id)).copied() else {
            return;
        };
        self.unindex(position, before);
        self.rows[position] = person(self.rows[position].kind, record);
        self.index(position, record);
    }

    fn index(&mut self, position: usize, record: &Map<String, Value>) {
        let person = &self.rows[position];
        self.by_updated.insert((person.updated, Arc::clone(&person.id)), position);
        for number in document_numbers(record) {
            self.by_document.entry(number.to_owned()).or_default().push(position);
        }
        if let Some(visual_id) = record.get("visualId").and_then(Value::as_str) {
            self.visual_ids.entry(Arc::clone(&person.outbreak)).or_default().insert(visual_id.to_owned(), position);
        }
    }

    fn unindex(&mut self, position: usize, before: &Map<String, Value>) {
        let person = &self.rows[position];
        self.by_updated.remove(&(person.updated, Arc::clone(&person.id)));
        for number in document_numbers(before) {
            if let Some(positions) = self.by_document.get_mut(number) {
                positions.retain(|other| *other != position);
            }
        }
        if let (Some(visual_id), Some(taken)) = (before.get("visualId").and_then(Value::as_str), self.visual_ids.get_mut(&person.outbreak))
        {
            taken.remove(visual_id);
        }
    }

    /// The people of a scope that fulfil a condition, in the order and the window of the filter.
    pub fn search(&self, scope: Scope<'_>, filter: &Filter, condition: Option<&Condition>) -> Vec<&Person> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        if let Some(positions) = condition.and_then(|condition| self.solve(condition)) {
            let found = positions.into_iter().map(|position| &self.rows[position]).filter(|person| scope.holds(person));
            return sorted(found.collect(), &CASE, &filter.order, filter.skip, limit);
        }
        let looked_at = Looked::at(condition);
        if by_update(&filter.order) {
            let bound = condition.and_then(earliest).unwrap_or((i64::MIN, String::new()));
            let from = (bound.0, Arc::from(bound.1));
            let people = self.by_updated.range(from..).map(|(_, position)| &self.rows[*position]);
            return people.filter(|person| scope.holds(person) && looked_at.holds(*person)).skip(filter.skip).take(limit).collect();
        }
        let found = self.rows.iter().filter(|person| scope.holds(person) && looked_at.holds(*person));
        sorted(found.collect(), &CASE, &filter.order, filter.skip, limit)
    }

    /// How many people of a scope fulfil a condition.
    pub fn count(&self, scope: Scope<'_>, condition: Option<&Condition>) -> usize {
        if let Some(positions) = condition.and_then(|condition| self.solve(condition)) {
            return positions.into_iter().filter(|position| scope.holds(&self.rows[*position])).count();
        }
        let looked_at = Looked::at(condition);
        self.rows.iter().filter(|person| scope.holds(person) && looked_at.holds(*person)).count()
    }
}

impl Indexed for People {
    type Row = Person;

    fn row(&self, position: usize) -> &Person {
        &self.rows[position]
    }

    fn indexed(&self, path: &str, test: &Test, condition: &Condition) -> Option<Vec<usize>> {
        let mut positions = Vec::new();
        match (path, test) {
            ("id", test) => {
                each_text(test, &mut |id| positions.extend(self.by_id.get(id)))?;
            }
            ("documents.number", test) => {
                each_text(test, &mut |number| positions.extend(self.by_document.get(number).into_iter().flatten()))?;
            }
            ("documents", Test::Item(item)) => {
                let test = number_test(item)?;
                each_text(test, &mut |number| positions.extend(self.by_document.get(number).into_iter().flatten()))?;
                let looked_at = Looked::at(Some(condition));
                positions.retain(|position| looked_at.holds(&self.rows[*position]));
            }
            ("visualId", test) => {
                let owners = |id: &str| self.visual_ids.values().filter_map(|taken| taken.get(id)).copied().collect::<Vec<_>>();
                each_text(test, &mut |id| positions.extend(owners(id)))?;
            }
            _ => return None,
        }
        positions.sort_unstable();
        positions.dedup();
        Some(positions)
    }
}

/// The test of `number` that an item of `documents` has to pass.
fn number_test(item: &Condition) -> Option<&Test> {
    match item {
        Condition::Field(path, test) if path.len() == 1 && path[0] == "number" => Some(test),
        Condition::All(parts) => parts.iter().find_map(number_test),
        _ => None,
    }
}

fn person(kind: &'static str, record: &Map<String, Value>) -> Person {
    let text = |field: &str| record.get(field).and_then(Value::as_str).unwrap_or_default();
    Person {
        id: Arc::from(text("id")),
        outbreak: Arc::from(text("outbreakId")),
        kind,
        deleted: record.get("deleted") == Some(&Value::Bool(true)),
        updated: dates::javascript(text("updatedAt")).unwrap_or_default(),
        text: serde_json::to_vec(record).expect("a JSON map can always be written").into(),
    }
}

fn document_numbers(record: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let documents = record.get("documents").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    documents.iter().filter_map(|document| document.get("number").and_then(Value::as_str))
}
