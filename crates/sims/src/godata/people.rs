//! All people of all outbreaks: cases, contacts, contacts of contacts and events in one store, told apart by their type.

use std::collections::{BTreeMap, HashMap};
use std::ops::Deref;

use serde_json::{Map, Value};

use super::rows::{Rows, Shape};
use super::schema::CASE;

/// One person.
pub use super::rows::Row as Person;

/// All people.
#[derive(Debug)]
pub struct People {
    rows: Rows,
    visual_ids: HashMap<String, BTreeMap<String, String>>,
}

impl Default for People {
    fn default() -> Self {
        let shape = Shape { indexed: &["documents.number", "visualId", "deletedByParent"], model: &CASE };
        Self { rows: Rows::new(shape), visual_ids: HashMap::new() }
    }
}

/// They are searched like all rows.
impl Deref for People {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.rows
    }
}

impl People {
    /// The visual ids that are taken in an outbreak, and whose they are.
    pub fn visual_ids(&self, outbreak: &str) -> Option<&BTreeMap<String, String>> {
        self.visual_ids.get(outbreak)
    }

    /// Whose a visual id is.
    pub fn owner_of(&self, outbreak: &str, visual_id: &str) -> Option<&Person> {
        self.get(self.visual_ids.get(outbreak)?.get(visual_id)?)
    }

    /// Stores a new person, or a new state of one that is there; `kind` is its `type` from now on.
    pub fn put(&mut self, kind: &'static str, record: &Map<String, Value>) {
        let text = |field: &str| record.get(field).and_then(Value::as_str).unwrap_or_default();
        let (id, outbreak) = (text("id"), text("outbreakId"));
        let taken = self.visual_ids.entry(outbreak.to_owned()).or_default();
        if let Some(Value::String(before)) = self.rows.get(id).and_then(|row| row.field("visualId")) {
            taken.remove(&before);
        }
        if !text("visualId").is_empty() {
            taken.insert(text("visualId").to_owned(), id.to_owned());
        }
        self.rows.put(kind, record);
    }

    /// Takes a person out for good, as if it had never been there.
    pub fn forget(&mut self, id: &str) {
        let before = std::mem::take(self);
        for person in before.rows.all().iter().filter(|person| *person.id != *id) {
            self.put(person.kind, &person.record());
        }
    }
}
