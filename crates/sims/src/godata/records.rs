//! Records of one model that belong to people: as JSON texts in the order of their creation, found by id, by person,
//! by sample, and in the order of their last change.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::condition::{Condition, Test};
use super::dates;
use super::filter::Filter;
use super::schema::Model;
use super::store::text_of;
use super::texts::{Indexed, Looked, Text, by_update, each_text, earliest, sorted};

/// Fields with an index.
const INDEXED: [&str; 2] = ["personId", "sampleIdentifier"];

/// One record.
#[derive(Debug, Clone)]
pub struct Record {
    /// Its id.
    pub id: Arc<str>,
    /// The outbreak that it belongs to.
    pub outbreak: Arc<str>,
    /// The person that it belongs to.
    pub person: Arc<str>,
    /// Soft-deleted.
    pub deleted: bool,
    /// `updatedAt` in milliseconds.
    pub updated: i64,
    /// The whole record.
    pub text: Bytes,
}

impl Record {
    /// The whole record, parsed.
    pub fn record(&self) -> Map<String, Value> {
        serde_json::from_slice(&self.text).expect("the simulator wrote this text itself")
    }

    fn of(record: &Map<String, Value>) -> Self {
        let text = |field: &str| record.get(field).and_then(Value::as_str).unwrap_or_default();
        Self {
            id: Arc::from(text("id")),
            outbreak: Arc::from(text("outbreakId")),
            person: Arc::from(text("personId")),
            deleted: record.get("deleted") == Some(&Value::Bool(true)),
            updated: dates::javascript(text("updatedAt")).unwrap_or_default(),
            text: text_of(record),
        }
    }
}

impl Text for Record {
    fn known(&self, field: &str) -> Option<Value> {
        Some(match field {
            "id" => Value::from(&*self.id),
            "updatedAt" => Value::from(dates::iso(self.updated)),
            "deleted" => Value::from(self.deleted),
            "outbreakId" => Value::from(&*self.outbreak),
            _ => return None,
        })
    }

    fn text(&self) -> &[u8] {
        &self.text
    }
}

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
        self.outbreak.is_none_or(|outbreak| *record.outbreak == *outbreak)
            && self.person.is_none_or(|person| *record.person == *person)
            && (self.deleted || !record.deleted)
    }
}

/// All records of one model.
#[derive(Debug, Default)]
pub struct Records {
    rows: Vec<Record>,
    by_id: HashMap<Arc<str>, usize>,
    by_updated: BTreeMap<(i64, Arc<str>), usize>,
    by_field: HashMap<(&'static str, String), Vec<usize>>,
}

impl Records {
    /// All of them, deleted ones too.
    pub fn all(&self) -> &[Record] {
        &self.rows
    }

    /// One of them, deleted or not.
    pub fn get(&self, id: &str) -> Option<&Record> {
        self.by_id.get(id).map(|position| &self.rows[*position])
    }

    /// Those of a person, deleted ones too, in the order of their creation.
    pub fn of_person(&self, person: &str) -> impl Iterator<Item = &Record> {
        let positions = self.by_field.get(&("personId", person.to_owned()));
        positions.into_iter().flatten().map(|position| &self.rows[*position])
    }

    /// Stores a record under its `id`, in the place of the one that was there.
    pub fn put(&mut self, record: &Map<String, Value>) {
        let row = Record::of(record);
        let position = if let Some(&position) = self.by_id.get(&row.id) {
            self.unindex(position);
            self.rows[position] = row;
            position
        } else {
            self.by_id.insert(Arc::clone(&row.id), self.rows.len());
            self.rows.push(row);
            self.rows.len() - 1
        };
        let row = &self.rows[position];
        self.by_updated.insert((row.updated, Arc::clone(&row.id)), position);
        for key in keys(record) {
            let positions = self.by_field.entry(key).or_default();
            let at = positions.partition_point(|other| *other < position);
            positions.insert(at, position);
        }
    }

    fn unindex(&mut self, position: usize) {
        let row = &self.rows[position];
        self.by_updated.remove(&(row.updated, Arc::clone(&row.id)));
        for key in keys(&row.record()) {
            if let Some(positions) = self.by_field.get_mut(&key) {
                positions.retain(|other| *other != position);
            }
        }
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
        let limit = filter.limit.unwrap_or(usize::MAX);
        if self.narrowed(of, condition).is_none() && by_update(&filter.order) {
            let looked_at = Looked::at(condition);
            let bound = condition.and_then(earliest).unwrap_or((i64::MIN, String::new()));
            let rows = self.by_updated.range((bound.0, Arc::from(bound.1))..).map(|(_, position)| &self.rows[*position]);
            return rows.filter(|row| of.holds(row) && looked_at.holds(*row) && wanted(row)).skip(filter.skip).take(limit).collect();
        }
        let found = self.matching(of, condition).filter(|row| wanted(row));
        match model {
            None if filter.order.is_empty() => found.skip(filter.skip).take(limit).collect(),
            None => sorted(found.collect(), &UNORDERED, &filter.order, filter.skip, limit),
            Some(model) => sorted(found.collect(), model, &filter.order, filter.skip, limit),
        }
    }

    /// What fulfils a condition, in the order of creation.
    pub fn matching<'s, 'q>(&'s self, of: Of<'q>, condition: Option<&'q Condition>) -> impl Iterator<Item = &'s Record> + use<'s, 'q> {
        let looked_at = Looked::at(condition);
        let positions = self.narrowed(of, condition);
        let all = if positions.is_none() { self.rows.as_slice() } else { &[] };
        let narrowed = positions.into_iter().flatten().map(|position| &self.rows[position]);
        narrowed.chain(all).filter(move |row| of.holds(row) && looked_at.holds(*row))
    }

    /// Where to look, when an index knows.
    fn narrowed(&self, of: Of<'_>, condition: Option<&Condition>) -> Option<Vec<usize>> {
        match of.person {
            Some(person) => Some(self.by_field.get(&("personId", person.to_owned())).cloned().unwrap_or_default()),
            None => condition.and_then(|condition| self.solve(condition)),
        }
    }
}

/// A model without an order of its own.
const UNORDERED: Model = Model { name: "", schema: &[], read_only: &[], required: &[], default_order: &[] };

impl Indexed for Records {
    type Row = Record;

    fn row(&self, position: usize) -> &Record {
        &self.rows[position]
    }

    fn indexed(&self, path: &str, test: &Test, _condition: &Condition) -> Option<Vec<usize>> {
        let mut positions = Vec::new();
        if path == "id" {
            each_text(test, &mut |id| positions.extend(self.by_id.get(id)))?;
        } else {
            let field = INDEXED.into_iter().find(|field| *field == path)?;
            each_text(test, &mut |text| positions.extend(self.by_field.get(&(field, text.to_owned())).into_iter().flatten()))?;
        }
        positions.sort_unstable();
        positions.dedup();
        Some(positions)
    }
}

fn keys(record: &Map<String, Value>) -> impl Iterator<Item = (&'static str, String)> {
    INDEXED.into_iter().filter_map(|field| Some((field, record.get(field)?.as_str()?.to_owned())))
}
