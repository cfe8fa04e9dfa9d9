//! Records as JSON texts, with the indexes that searches need.
//!
//! A record is kept as the text that is sent to clients; only what a search looks at is ever parsed again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::condition::{Condition, Test};
use super::dates;
use super::filter::Filter;
use super::schema::Model;
use super::texts::{Indexed, Looked, Text, by_update, each_text, earliest, project, sorted};

/// One record.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its id.
    pub id: Arc<str>,
    /// The outbreak that it belongs to.
    pub outbreak: Arc<str>,
    /// The person that it belongs to; empty for a record that belongs to none.
    pub person: Arc<str>,
    /// `LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE` ...; empty for a record that is no person.
    pub kind: &'static str,
    /// Soft-deleted.
    pub deleted: bool,
    /// `updatedAt` in milliseconds.
    pub updated: i64,
    /// The whole record but for the `type` of a person.
    pub text: Bytes,
}

impl Row {
    /// The record as it is sent where the `type` of a person is hidden.
    pub fn record(&self) -> Map<String, Value> {
        serde_json::from_slice(&self.text).expect("the simulator wrote this text itself")
    }

    /// One top-level field; the rest is not looked at.
    pub fn field(&self, name: &str) -> Option<Value> {
        project(self, &HashSet::from([name])).remove(name)
    }

    /// The record of a person with its `type`.
    pub fn typed_record(&self) -> Map<String, Value> {
        let mut record = self.record();
        record.insert("type".to_owned(), Value::from(self.kind));
        record
    }
}

impl Text for Row {
    fn known(&self, field: &str) -> Option<Value> {
        Some(match field {
            "id" => Value::from(&*self.id),
            "updatedAt" => Value::from(dates::iso(self.updated)),
            "deleted" => Value::from(self.deleted),
            "outbreakId" => Value::from(&*self.outbreak),
            "type" if !self.kind.is_empty() => Value::from(self.kind),
            _ => return None,
        })
    }

    fn text(&self) -> &[u8] {
        &self.text
    }
}

/// What the rows of a store have in common.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Dotted paths of texts that are often asked for.
    pub indexed: &'static [&'static str],
    /// The model, for the order of a list for which none was asked.
    pub model: &'static Model,
}

/// All records of a kind, of all outbreaks.
#[derive(Debug)]
pub struct Rows {
    shape: Shape,
    all: Vec<Row>,
    by_id: HashMap<Arc<str>, usize>,
    by_updated: BTreeMap<(i64, Arc<str>), usize>,
    /// For each indexed path, the positions of the rows that hold a text there.
    by_text: Vec<HashMap<String, BTreeSet<usize>>>,
}

/// Which records a search is about.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Only those of this outbreak.
    pub outbreak: &'a str,
    /// Only people of this type.
    pub kind: Option<&'a str>,
    /// Deleted ones too.
    pub deleted: bool,
}

impl Scope<'_> {
    fn holds(&self, row: &Row) -> bool {
        *row.outbreak == *self.outbreak && (self.deleted || !row.deleted) && self.kind.is_none_or(|kind| kind == row.kind)
    }
}

impl Rows {
    /// None as yet.
    pub fn new(shape: Shape) -> Self {
        let by_text = shape.indexed.iter().map(|_| HashMap::new()).collect();
        Self { shape, all: Vec::new(), by_id: HashMap::new(), by_updated: BTreeMap::new(), by_text }
    }

    /// All of them, in the order of their creation.
    pub fn all(&self) -> &[Row] {
        &self.all
    }

    /// One of them, deleted or not.
    pub fn get(&self, id: &str) -> Option<&Row> {
        self.by_id.get(id).map(|position| &self.all[*position])
    }

    /// One of them that is not deleted.
    pub fn live(&self, id: &str) -> Option<&Row> {
        self.get(id).filter(|row| !row.deleted)
    }

    /// Those that hold a text at one of the indexed paths, deleted ones too, in the order of their creation.
    pub fn holding(&self, path: &str, text: &str) -> Vec<&Row> {
        self.positions(path, text).into_iter().map(|position| &self.all[position]).collect()
    }

    fn positions(&self, path: &str, text: &str) -> Vec<usize> {
        let index = self.shape.indexed.iter().position(|indexed| *indexed == path);
        index.and_then(|index| self.by_text[index].get(text)).into_iter().flatten().copied().collect()
    }

    /// Stores a record under its `id`: a new one, or the new state of one that is there.
    pub fn put(&mut self, kind: &'static str, record: &Map<String, Value>) {
        let row = row(kind, record);
        let position = if let Some(&position) = self.by_id.get(&row.id) {
            self.unindex(position);
            self.all[position] = row;
            position
        } else {
            self.by_id.insert(Arc::clone(&row.id), self.all.len());
            self.all.push(row);
            self.all.len() - 1
        };
        self.index(position, record);
    }

    fn index(&mut self, position: usize, record: &Map<String, Value>) {
        let row = &self.all[position];
        self.by_updated.insert((row.updated, Arc::clone(&row.id)), position);
        for (path, positions) in self.shape.indexed.iter().zip(&mut self.by_text) {
            for text in texts_at(record, path) {
                positions.entry(text.to_owned()).or_default().insert(position);
            }
        }
    }

    fn unindex(&mut self, position: usize) {
        let row = &self.all[position];
        self.by_updated.remove(&(row.updated, Arc::clone(&row.id)));
        let fields = self.shape.indexed.iter().filter_map(|path| path.split('.').next()).collect();
        let before = project(row, &fields);
        for (path, positions) in self.shape.indexed.iter().zip(&mut self.by_text) {
            for text in texts_at(&before, path) {
                if let Some(positions) = positions.get_mut(text) {
                    positions.remove(&position);
                }
            }
        }
    }

    /// The records of a scope that fulfil a condition, in the order and the window of the filter.
    pub fn search(&self, scope: Scope<'_>, filter: &Filter, condition: Option<&Condition>) -> Vec<&Row> {
        self.window(None, filter, condition, self.shape.model, &|row| scope.holds(row))
    }

    /// How many records of a scope fulfil a condition.
    pub fn count(&self, scope: Scope<'_>, condition: Option<&Condition>) -> usize {
        self.matching(None, condition, |row| scope.holds(row)).count()
    }

    /// Those of all outbreaks, or of one person, that are wanted and fulfil a condition, in the order of their creation.
    pub fn matching<'s, 'q, W: Fn(&Row) -> bool>(
        &'s self,
        person: Option<&str>,
        condition: Option<&'q Condition>,
        wanted: W,
    ) -> impl Iterator<Item = &'s Row> + use<'s, 'q, W> {
        let known = self.known(person, condition);
        let looked_at = Looked::at(if known.is_some() { None } else { condition });
        let all = if known.is_none() { self.all.as_slice() } else { &[] };
        let known = known.into_iter().flatten().map(|position| &self.all[position]);
        known.chain(all).filter(move |row| wanted(row) && looked_at.holds(*row))
    }

    /// Those of all outbreaks, or of one person, that fulfil a condition and are wanted, in the order and the window of
    /// the filter; in that of `model` when it names none.
    pub fn window(
        &self,
        person: Option<&str>,
        filter: &Filter,
        condition: Option<&Condition>,
        model: &Model,
        wanted: &dyn Fn(&Row) -> bool,
    ) -> Vec<&Row> {
        let limit = filter.limit.unwrap_or(usize::MAX);
        if by_update(&filter.order) && self.known(person, condition).is_none() {
            let looked_at = Looked::at(condition);
            let bound = condition.and_then(earliest).unwrap_or((i64::MIN, String::new()));
            let from = (bound.0, Arc::from(bound.1));
            let rows = self.by_updated.range(from..).map(|(_, position)| &self.all[*position]);
            return rows.filter(|row| wanted(row) && looked_at.holds(*row)).skip(filter.skip).take(limit).collect();
        }
        let found = self.matching(person, condition, wanted);
        if filter.order.is_empty() && model.default_order.is_empty() {
            return found.skip(filter.skip).take(limit).collect();
        }
        sorted(found.collect(), model, &filter.order, filter.skip, limit)
    }

    /// The positions of those that fulfil the condition, where an index knows.
    fn known(&self, person: Option<&str>, condition: Option<&Condition>) -> Option<Vec<usize>> {
        let Some(person) = person else {
            return self.solve(condition?);
        };
        let looked_at = Looked::at(condition);
        let mut positions = self.positions("personId", person);
        positions.retain(|position| looked_at.holds(&self.all[*position]));
        Some(positions)
    }
}

impl Indexed for Rows {
    type Row = Row;

    fn row(&self, position: usize) -> &Row {
        &self.all[position]
    }

    fn indexed(&self, path: &str, test: &Test, condition: &Condition) -> Option<Vec<usize>> {
        let mut positions = Vec::new();
        match (path, test) {
            ("id", test) => {
                each_text(test, &mut |id| positions.extend(self.by_id.get(id)))?;
            }
            (path, Test::Item(item)) => {
                let (index, test) = self.shape.indexed.iter().enumerate().find_map(|(index, indexed)| {
                    let member = indexed.strip_prefix(path)?.strip_prefix('.')?;
                    Some((index, member_test(item, member)?))
                })?;
                each_text(test, &mut |text| positions.extend(self.by_text[index].get(text).into_iter().flatten()))?;
                let looked_at = Looked::at(Some(condition));
                positions.retain(|position| looked_at.holds(&self.all[*position]));
            }
            (path, test) => {
                let index = self.shape.indexed.iter().position(|indexed| *indexed == path)?;
                each_text(test, &mut |text| positions.extend(self.by_text[index].get(text).into_iter().flatten()))?;
            }
        }
        positions.sort_unstable();
        positions.dedup();
        Some(positions)
    }
}

/// The test of one member that an item of an array has to pass.
fn member_test<'a>(item: &'a Condition, member: &str) -> Option<&'a Test> {
    match item {
        Condition::Field(path, test) if path.len() == 1 && path[0] == member => Some(test),
        Condition::All(parts) => parts.iter().find_map(|part| member_test(part, member)),
        _ => None,
    }
}

fn row(kind: &'static str, record: &Map<String, Value>) -> Row {
    let text = |field: &str| record.get(field).and_then(Value::as_str).unwrap_or_default();
    Row {
        id: Arc::from(text("id")),
        outbreak: Arc::from(text("outbreakId")),
        person: Arc::from(text("personId")),
        kind,
        deleted: record.get("deleted") == Some(&Value::Bool(true)),
        updated: dates::javascript(text("updatedAt")).unwrap_or_default(),
        text: serde_json::to_vec(record).expect("a JSON map can always be written").into(),
    }
}

/// The texts at a path of one or two segments; the first may hold an array.
fn texts_at<'a>(record: &'a Map<String, Value>, path: &str) -> Vec<&'a str> {
    let (field, member) = path.split_once('.').map_or((path, None), |(field, member)| (field, Some(member)));
    let items = match record.get(field) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(value) => std::slice::from_ref(value),
        None => &[],
    };
    let value = |item: &'a Value| member.map_or(Some(item), |member| item.get(member));
    items.iter().filter_map(value).filter_map(Value::as_str).collect()
}
