//! The filter language: what is asked for, in which order, how much of it.
//!
//! [`Filter`] is the envelope (`where`, `fields`, `order`, `limit`, `skip`, `deleted`, `include`); conditions are in `condition`.

use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::condition::Engine;
use super::error::{Error, Result};
use super::node::Node;

/// A filter as sent, its envelope checked.
#[derive(Debug, Default)]
pub struct Filter {
    /// The condition, not yet compiled.
    pub condition: Option<Node>,
    /// Which fields to return.
    pub fields: Option<Fields>,
    /// In which order; empty: the model's own.
    pub order: Vec<Order>,
    /// How many; `None`: all of them.
    pub limit: Option<usize>,
    /// How many to leave out first.
    pub skip: usize,
    /// Whether deleted records are there too.
    pub deleted: bool,
    /// Names of the relations to add to each record.
    pub include: Vec<String>,
    /// The `scope` of those relations that were sent with one.
    pub scopes: Vec<(String, Node)>,
    /// `flags.applyHasMoreLimit` of counts.
    pub has_more_limit: bool,
}

/// Which top-level fields a record is returned with.
#[derive(Debug)]
pub enum Fields {
    /// Only these.
    Only(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
}

/// One sort key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// Dotted path.
    pub path: String,
    /// Whether from the greatest to the least.
    pub descending: bool,
}

impl Filter {
    /// Reads the text of a `filter` argument.
    pub fn parse(text: &str, engine: Engine) -> Result<Self> {
        let node: Node = serde_json::from_str(text).map_err(|_| not_an_object())?;
        Self::from_node(&node, engine)
    }

    /// Reads a filter that stands in a body.
    pub fn from_node(node: &Node, engine: Engine) -> Result<Self> {
        let Node::Object(members) = node else {
            return Err(not_an_object());
        };
        let mut filter = Self::default();
        for (key, value) in members {
            match (key.as_str(), value) {
                (_, Node::Null) => {}
                ("where", value) => filter.condition = Some(value.clone()),
                ("fields", value) => filter.fields = fields(value),
                ("order", value) => filter.order = order(value, engine)?,
                ("limit", value) => filter.limit = limit(value)?,
                ("skip" | "offset", value) => filter.skip = skip(value)?,
                ("deleted", Node::Bool(flag)) => filter.deleted = *flag,
                ("include", value) => {
                    filter.include = relations(value);
                    scopes(value, &mut filter.scopes);
                }
                ("flags", value) => filter.has_more_limit = value.get("applyHasMoreLimit") == Some(&Node::Bool(true)),
                _ => {}
            }
        }
        Ok(filter)
    }

    /// The `scope` with which a relation was asked for.
    pub fn scope(&self, relation: &str) -> Option<&Node> {
        self.scopes.iter().find(|(name, _)| name == relation).map(|(_, scope)| scope)
    }
}

fn not_an_object() -> Error {
    Error::plain(400, "Value is not an object.")
}

fn fields(value: &Node) -> Option<Fields> {
    match value {
        Node::Text(name) => Some(Fields::Only(vec![name.clone()])),
        Node::List(names) if !names.is_empty() => Some(Fields::Only(names.iter().filter_map(Node::text).map(str::to_owned).collect())),
        Node::Object(members) if !members.is_empty() => {
            let named = |wanted: bool| -> Vec<String> {
                let matches = |value: &Node| (*value == Node::Bool(true)) == wanted;
                members.iter().filter(|(_, value)| matches(value)).map(|(name, _)| name.clone()).collect()
            };
            let only = named(true);
            Some(if only.is_empty() { Fields::AllBut(named(false)) } else { Fields::Only(only) })
        }
        _ => None,
    }
}

fn order(value: &Node, engine: Engine) -> Result<Vec<Order>> {
    let texts: Vec<&str> = match value {
        // One text may hold several keys.
        Node::Text(text) => text.split(',').collect(),
        Node::List(items) => items.iter().filter_map(Node::text).collect(),
        _ => return Ok(Vec::new()),
    };
    let mut keys = Vec::new();
    for text in texts {
        let mut words = text.split_whitespace();
        let Some(path) = words.next() else { continue };
        let descending = match words.next().map(str::to_ascii_uppercase).as_deref() {
            None | Some("ASC") => false,
            Some("DESC") => true,
            Some(other) => {
                let message = format!("The order {other} has an invalid direction");
                return Err(match engine {
                    Engine::Loopback => Error::plain(400, message),
                    Engine::Raw => Error::internal(message),
                });
            }
        };
        keys.push(Order { path: path.to_owned(), descending });
    }
    Ok(keys)
}

/// Less than nothing counts as nothing, and nothing as no limit.
fn limit(value: &Node) -> Result<Option<usize>> {
    let Some(number) = number(value) else {
        return Err(Error::plain(400, format!("The limit parameter {} is not valid", value.value())));
    };
    Ok(usize::try_from(number).ok().filter(|limit| *limit > 0))
}

fn skip(value: &Node) -> Result<usize> {
    number(value)
        .and_then(|number| usize::try_from(number).ok())
        .ok_or_else(|| Error::plain(400, format!("The offset/skip parameter {} is not valid", value.value())))
}

fn number(value: &Node) -> Option<i64> {
    match value {
        Node::Number(number) => number.as_i64(),
        Node::Text(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn relations(value: &Node) -> Vec<String> {
    match value {
        Node::Text(name) => vec![name.clone()],
        Node::List(items) => items.iter().flat_map(relations).collect(),
        Node::Object(members) => match value.get("relation").and_then(Node::text) {
            Some(name) => vec![name.to_owned()],
            None => members.iter().map(|(name, _)| name.clone()).collect(),
        },
        _ => Vec::new(),
    }
}

fn scopes(value: &Node, into: &mut Vec<(String, Node)>) {
    match value {
        Node::List(items) => items.iter().for_each(|item| scopes(item, into)),
        Node::Object(_) => {
            if let (Some(name), Some(scope @ Node::Object(_))) = (value.get("relation").and_then(Node::text), value.get("scope")) {
                into.push((name.to_owned(), scope.clone()));
            }
        }
        _ => {}
    }
}

impl Fields {
    /// Leaves only what was asked for; `id` is a field like any other.
    pub fn apply(&self, record: &mut Map<String, Value>) {
        match self {
            Fields::Only(names) => record.retain(|key, _| names.iter().any(|name| name == key || name.split('.').next() == Some(key))),
            Fields::AllBut(names) => record.retain(|key, _| !names.contains(key)),
        }
    }
}

/// Compares two records by the keys of an order.
pub fn compare(order: &[Order], a: &Map<String, Value>, b: &Map<String, Value>) -> Ordering {
    for key in order {
        let ordering = compare_values(at(a, &key.path), at(b, &key.path));
        let ordering = if key.descending { ordering.reverse() } else { ordering };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

fn at<'a>(record: &'a Map<String, Value>, path: &str) -> Option<&'a Value> {
    let mut segments = path.split('.');
    let mut value = record.get(segments.next()?)?;
    for segment in segments {
        value = match value {
            Value::Object(object) => object.get(segment)?,
            Value::Array(items) => match segment.parse::<usize>() {
                Ok(index) => items.get(index)?,
                Err(_) => items.first()?.get(segment)?,
            },
            _ => return None,
        };
    }
    Some(value)
}

/// The order of MongoDB across types: nothing, numbers, texts, objects, arrays, booleans.
fn compare_values(a: Option<&Value>, b: Option<&Value>) -> Ordering {
    let rank = |value: Option<&Value>| match value {
        None | Some(Value::Null) => 0,
        Some(Value::Number(_)) => 1,
        Some(Value::String(_)) => 2,
        Some(Value::Object(_)) => 3,
        Some(Value::Array(_)) => 4,
        Some(Value::Bool(_)) => 5,
    };
    match (a, b) {
        (Some(Value::Number(a)), Some(Value::Number(b))) => a.as_f64().partial_cmp(&b.as_f64()).unwrap_or(Ordering::Equal),
        (Some(Value::String(a)), Some(Value::String(b))) => a.cmp(b),
        (Some(Value::Bool(a)), Some(Value::Bool(b))) => a.cmp(b),
        _ => rank(a).cmp(&rank(b)),
    }
}
