//! All people of all outbreaks, as JSON texts, with the indexes that searches need.
//!
//! A person is kept as the text that is sent to clients; only what a search looks at is ever parsed again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::condition::{Comparison, Condition, Test};
use super::dates;
use super::filter::{self, Filter, Order};
use super::schema::CASE;

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
            return sorted(found.collect(), &filter.order, filter.skip, limit);
        }
        let looked_at = Looked::at(condition);
        if by_update(&filter.order) {
            let bound = condition.and_then(earliest).unwrap_or((i64::MIN, String::new()));
            let from = (bound.0, Arc::from(bound.1));
            let people = self.by_updated.range(from..).map(|(_, position)| &self.rows[*position]);
            return people.filter(|person| scope.holds(person) && looked_at.holds(person)).skip(filter.skip).take(limit).collect();
        }
        let found = self.rows.iter().filter(|person| scope.holds(person) && looked_at.holds(person));
        sorted(found.collect(), &filter.order, filter.skip, limit)
    }

    /// How many people of a scope fulfil a condition.
    pub fn count(&self, scope: Scope<'_>, condition: Option<&Condition>) -> usize {
        if let Some(positions) = condition.and_then(|condition| self.solve(condition)) {
            return positions.into_iter().filter(|position| scope.holds(&self.rows[*position])).count();
        }
        let looked_at = Looked::at(condition);
        self.rows.iter().filter(|person| scope.holds(person) && looked_at.holds(person)).count()
    }

    /// The positions (ascending, each once) of all people that fulfil the condition, when an index knows them.
    fn solve(&self, condition: &Condition) -> Option<Vec<usize>> {
        match condition {
            Condition::Any(branches) => {
                let mut positions = Vec::new();
                for branch in branches {
                    positions.extend(self.solve(branch)?);
                }
                positions.sort_unstable();
                positions.dedup();
                Some(positions)
            }
            Condition::All(parts) => {
                let (chosen, mut positions) = parts.iter().enumerate().find_map(|(at, part)| Some((at, self.solve(part)?)))?;
                for (at, part) in parts.iter().enumerate() {
                    if at != chosen {
                        let looked_at = Looked::at(Some(part));
                        positions.retain(|position| looked_at.holds(&self.rows[*position]));
                    }
                }
                Some(positions)
            }
            Condition::Field(path, test) => self.indexed(&path.join("."), test, condition),
            Condition::None(_) => None,
        }
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

/// Each text that a test asks for; `None` when it asks for something else than texts.
fn each_text<'a>(test: &'a Test, found: &mut dyn FnMut(&'a str)) -> Option<()> {
    match test {
        Test::Equal(Value::String(text)) => found(text),
        Test::In(texts, others) if others.is_empty() => texts.iter().for_each(|text| found(text)),
        _ => return None,
    }
    Some(())
}

fn by_update(order: &[Order]) -> bool {
    let key = |at: usize, path: &str| order.get(at).is_none_or(|key| key.path == path && !key.descending);
    (1..=2).contains(&order.len()) && key(0, "updatedAt") && key(1, "id")
}

/// The least (`updatedAt`, id) that can fulfil the condition. Knowing the id too keeps pages of a keyset quick when a
/// bulk insert gave one stamp to many.
fn earliest(condition: &Condition) -> Option<(i64, String)> {
    match condition {
        Condition::All(parts) => {
            let bound = parts.iter().filter_map(earliest).max()?;
            let at_one_time = parts.iter().any(|part| is_field(part, "updatedAt", |test| matches!(test, Test::Equal(_))));
            let after_id = parts.iter().find_map(|part| match part {
                Condition::Field(path, Test::Compare(Comparison::Greater | Comparison::GreaterOrEqual, Value::String(id)))
                    if path.len() == 1 && path[0] == "id" =>
                {
                    Some(id.clone())
                }
                _ => None,
            });
            Some(match after_id {
                Some(id) if at_one_time && bound.1.is_empty() => (bound.0, id),
                _ => bound,
            })
        }
        Condition::Any(branches) => branches.iter().map(earliest).collect::<Option<Vec<_>>>()?.into_iter().min(),
        Condition::Field(_, test) if is_field(condition, "updatedAt", |_| true) => Some((lower_bound(test)?, String::new())),
        Condition::Field(..) | Condition::None(_) => None,
    }
}

fn is_field(condition: &Condition, name: &str, wanted: impl Fn(&Test) -> bool) -> bool {
    matches!(condition, Condition::Field(path, test) if path.len() == 1 && path[0] == name && wanted(test))
}

fn lower_bound(test: &Test) -> Option<i64> {
    match test {
        Test::Equal(Value::String(text)) | Test::Compare(Comparison::GreaterOrEqual, Value::String(text)) => dates::javascript(text),
        Test::Compare(Comparison::Greater, Value::String(text)) => Some(dates::javascript(text)? + 1),
        Test::Every(tests) => tests.iter().filter_map(lower_bound).max(),
        _ => None,
    }
}

fn sorted<'a>(mut people: Vec<&'a Person>, order: &[Order], skip: usize, limit: usize) -> Vec<&'a Person> {
    let own: Vec<Order> = CASE.default_order.iter().map(|path| Order { path: (*path).to_owned(), descending: false }).collect();
    let order = if order.is_empty() { &own } else { order };
    let fields: HashSet<&str> = order.iter().filter_map(|key| key.path.split('.').next()).collect();
    let mut keyed: Vec<(Map<String, Value>, &Person)> = people.drain(..).map(|person| (project(person, &fields), person)).collect();
    keyed.sort_by(|a, b| filter::compare(order, &a.0, &b.0));
    keyed.into_iter().map(|(_, person)| person).skip(skip).take(limit).collect()
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

/// A condition with the fields that it looks at.
struct Looked<'a> {
    condition: Option<&'a Condition>,
    fields: HashSet<&'a str>,
}

impl<'a> Looked<'a> {
    fn at(condition: Option<&'a Condition>) -> Self {
        let mut fields = HashSet::new();
        if let Some(condition) = condition {
            condition.top_fields(&mut fields);
        }
        Self { condition, fields }
    }

    fn holds(&self, person: &Person) -> bool {
        self.condition.is_none_or(|condition| condition.holds(&project(person, &self.fields)))
    }
}

/// Some top-level fields of a person; the text is not looked at when the index knows them.
fn project(person: &Person, fields: &HashSet<&str>) -> Map<String, Value> {
    let mut record = Map::new();
    let mut all_known = true;
    for field in fields {
        let value = match *field {
            "id" => Value::from(&*person.id),
            "updatedAt" => Value::from(dates::iso(person.updated)),
            "deleted" => Value::from(person.deleted),
            "outbreakId" => Value::from(&*person.outbreak),
            "type" => Value::from(person.kind),
            _ => {
                all_known = false;
                continue;
            }
        };
        record.insert((*field).to_owned(), value);
    }
    if !all_known {
        let mut deserializer = serde_json::Deserializer::from_slice(&person.text);
        Projection { fields, into: &mut record }.deserialize(&mut deserializer).expect("the simulator wrote this text itself");
    }
    record
}

struct Projection<'a> {
    fields: &'a HashSet<&'a str>,
    into: &'a mut Map<String, Value>,
}

impl<'de> DeserializeSeed<'de> for Projection<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Projection<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a record")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        while let Some(wanted) = members.next_key_seed(Key(self.fields))? {
            match wanted {
                Some(key) => {
                    self.into.insert(key, members.next_value()?);
                }
                None => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// The key, if it is a wanted one.
struct Key<'a>(&'a HashSet<&'a str>);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<String>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a field")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.contains(key).then(|| key.to_owned()))
    }
}
