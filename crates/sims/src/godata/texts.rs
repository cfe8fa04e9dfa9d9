//! Records that are kept as the JSON texts in which they are sent: only what a search looks at is parsed again.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::condition::{Comparison, Condition, Test};
use super::dates;
use super::filter::{self, Order};
use super::schema::Model;

/// A record that is kept as a text.
pub trait Text {
    /// A field that is known without parsing.
    fn known(&self, field: &str) -> Option<Value>;
    /// The whole record.
    fn text(&self) -> &[u8];
}

/// Records with indexes.
pub trait Indexed {
    /// A record.
    type Row: Text;

    /// The record at a position.
    fn row(&self, position: usize) -> &Self::Row;

    /// The positions of the records that pass the test at a path, when there is an index of it. `condition` is the
    /// path with its test.
    fn indexed(&self, path: &str, test: &Test, condition: &Condition) -> Option<Vec<usize>>;

    /// The positions (ascending, each once) of all records that fulfil the condition, when an index knows them.
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
                        positions.retain(|position| looked_at.holds(self.row(*position)));
                    }
                }
                Some(positions)
            }
            Condition::Field(path, test) => self.indexed(&path.join("."), test, condition),
            Condition::None(_) => None,
        }
    }
}

/// Records in an order (the model's own when none is asked), and of them a window.
pub fn sorted<'a, T: Text>(found: Vec<&'a T>, model: &Model, order: &[Order], skip: usize, limit: usize) -> Vec<&'a T> {
    let own: Vec<Order> = model.default_order.iter().map(|path| Order { path: (*path).to_owned(), descending: false }).collect();
    let order = if order.is_empty() { &own } else { order };
    let fields: HashSet<&str> = order.iter().filter_map(|key| key.path.split('.').next()).collect();
    let mut keyed: Vec<(Map<String, Value>, &T)> = found.into_iter().map(|record| (project(record, &fields), record)).collect();
    keyed.sort_by(|a, b| filter::compare(order, &a.0, &b.0));
    keyed.into_iter().map(|(_, record)| record).skip(skip).take(limit).collect()
}

/// Each text that a test asks for; `None` when it asks for something else than texts.
pub fn each_text<'a>(test: &'a Test, found: &mut dyn FnMut(&'a str)) -> Option<()> {
    match test {
        Test::Equal(Value::String(text)) => found(text),
        Test::In(texts, others) if others.is_empty() => texts.iter().for_each(|text| found(text)),
        _ => return None,
    }
    Some(())
}

/// Whether an order is that of `updatedAt`, then `id`.
pub fn by_update(order: &[Order]) -> bool {
    let key = |at: usize, path: &str| order.get(at).is_none_or(|key| key.path == path && !key.descending);
    (1..=2).contains(&order.len()) && key(0, "updatedAt") && key(1, "id")
}

/// The least (`updatedAt`, id) that can fulfil the condition. Knowing the id too keeps pages of a keyset quick when a
/// bulk insert gave one stamp to many.
pub fn earliest(condition: &Condition) -> Option<(i64, String)> {
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

/// A condition with the fields that it looks at.
pub struct Looked<'a> {
    condition: Option<&'a Condition>,
    fields: HashSet<&'a str>,
}

impl<'a> Looked<'a> {
    /// With the fields of this condition; none holds for everything.
    pub fn at(condition: Option<&'a Condition>) -> Self {
        let mut fields = HashSet::new();
        if let Some(condition) = condition {
            condition.top_fields(&mut fields);
        }
        Self { condition, fields }
    }

    /// Whether a record fulfils it.
    pub fn holds<T: Text>(&self, record: &T) -> bool {
        self.condition.is_none_or(|condition| condition.holds(&project(record, &self.fields)))
    }
}

/// Some top-level fields of a record; the text is not looked at when all of them are known without it.
pub fn project<T: Text>(row: &T, fields: &HashSet<&str>) -> Map<String, Value> {
    let mut record = Map::new();
    let mut all_known = true;
    for field in fields {
        match row.known(field) {
            Some(value) => {
                record.insert((*field).to_owned(), value);
            }
            None => all_known = false,
        }
    }
    if !all_known {
        let mut deserializer = serde_json::Deserializer::from_slice(row.text());
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
