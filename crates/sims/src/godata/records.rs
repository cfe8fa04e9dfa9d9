//! Records of one model that belong to people: found by id, by person, by sample, and in the order of their last change.

use std::ops::Deref;

use serde_json::{Map, Value};

use super::condition::Condition;
use super::filter::Filter;
use super::rows::{Rows, Shape};
use super::schema::Model;

/// One record.
pub use super::rows::Row as Record;

/// Which records a search is about.
#[derive(Debug, Clone, Copy, Default)]
pub struct Of<'a> {
    /// Only those of this outbreak; none: those of all outbreaks.
    pub outbreak: Option<&'a str>,
    /// Only those of this person.
    pub person: Option<&'a str>,
    /// Deleted ones too.
    pub deleted: bool,
}

impl Of<'_> {
    fn holds(&self, record: &Record) -> bool {
        self.outbreak.is_none_or(|outbreak| *record.outbreak == *outbreak) && (self.deleted || !record.deleted)
    }
}

/// All records of one model.
#[derive(Debug)]
pub struct Records(Rows);

impl Default for Records {
    fn default() -> Self {
        Self(Rows::new(Shape { indexed: &["personId", "sampleIdentifier"], model: &UNORDERED }))
    }
}

impl Deref for Records {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.0
    }
}

impl Records {
    /// Those of a person, deleted ones too, in the order of their creation.
    pub fn of_person(&self, person: &str) -> impl Iterator<Item = &Record> {
        self.0.holding("personId", person).into_iter()
    }

    /// Stores a record under its `id`, in the place of the one that was there.
    pub fn put(&mut self, record: &Map<String, Value>) {
        self.0.put("", record);
    }

    /// What fulfils a condition and is wanted, in the order and the window of the filter; in the model's order when it
    /// names none, and in that of their creation when there is no model.
    pub fn search(
        &self,
        of: Of<'_>,
        filter: &Filter,
        condition: Option<&Condition>,
        model: Option<&Model>,
        wanted: &dyn Fn(&Record) -> bool,
    ) -> Vec<&Record> {
        let wanted = |row: &Record| of.holds(row) && wanted(row);
        self.0.window(of.person, filter, condition, model.unwrap_or(&UNORDERED), &wanted)
    }

    /// What fulfils a condition, in the order of creation.
    pub fn matching<'s, 'q>(&'s self, of: Of<'q>, condition: Option<&'q Condition>) -> impl Iterator<Item = &'s Record> + use<'s, 'q> {
        self.0.matching(of.person, condition, move |row| of.holds(row))
    }
}

/// A model without an order of its own.
const UNORDERED: Model = Model { name: "", schema: &[], read_only: &[], required: &[], default_order: &[] };
