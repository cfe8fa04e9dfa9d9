//! YAML with the place of every key and value, checked against the schema of the type that it is read into.
//!
//! [`read`] finds everything that is wrong with a text at once: keys that are written twice, unknown keys (with the nearest known one),
//! values of the wrong kind, missing keys. Only a text without such problems becomes a value of the type.

mod fit;
mod parse;

use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::catalogue::project;
use crate::error::{Place, Problem};

pub use fit::{Fit, schema_of};
pub(crate) use fit::{has_variable, one_of, unknown_key};
pub use parse::parse;

/// Where a key or a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    /// The file, relative to the project.
    pub file: Arc<str>,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

impl At {
    /// The beginning of a file.
    pub fn start(file: &str) -> Self {
        Self { file: file.into(), line: 1, column: 1 }
    }

    /// The same as a place of a problem.
    pub fn place(&self) -> Place {
        Place { file: self.file.to_string(), line: Some(self.line), column: Some(self.column), cell: None }
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it begins.
    pub at: At,
    /// How many characters of `at` are the quotation mark; `None` when the text runs over lines, so that a column inside it means nothing.
    pub inside: Option<usize>,
    /// What it is.
    pub data: Data,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Nothing stands there.
    Null,
    /// A number or true or false, with the text as it was written.
    Plain { value: Value, written: String },
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping, in the order in which it was written.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Where the key stands.
    pub at: At,
    /// The key.
    pub key: String,
    /// Its value.
    pub value: Node,
}

impl Node {
    /// An empty mapping: what an empty file means.
    pub fn empty(at: At) -> Self {
        Self { at, inside: None, data: Data::Map(Vec::new()) }
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        match &mut self.data {
            Data::Map(entries) => entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value),
            _ => None,
        }
    }

    /// The key with its value.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().find(|entry| entry.key == key)
    }

    /// The keys of a mapping; none for everything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.data {
            Data::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none for everything else.
    pub fn items(&self) -> &[Self] {
        match &self.data {
            Data::List(items) => items,
            _ => &[],
        }
    }

    /// Takes a key out of a mapping.
    pub fn take(&mut self, key: &str) -> Option<Entry> {
        let Data::Map(entries) = &mut self.data else { return None };
        let position = entries.iter().position(|entry| entry.key == key)?;
        Some(entries.remove(position))
    }

    /// The value at a path of keys.
    pub fn at_path(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The place of the value at a path of keys, or of the nearest part of the path that is there.
    pub fn place(&self, keys: &[&str]) -> Place {
        let mut node = self;
        for key in keys {
            match node.get(key) {
                Some(inner) => node = inner,
                None => break,
            }
        }
        node.at.place()
    }

    /// The place of a character inside a text, counted from 1.
    pub fn place_inside(&self, column: usize) -> Place {
        let mut place = self.at.place();
        if let (Some(quote), Some(start)) = (self.inside, place.column) {
            place.column = Some(start + quote + column.saturating_sub(1));
        }
        place
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.data {
            Data::Text(text) => Some(text),
            Data::Plain { written, .. } => Some(written),
            _ => None,
        }
    }

    /// The value without places.
    pub fn to_value(&self) -> Value {
        match &self.data {
            Data::Null => Value::Null,
            Data::Plain { value, .. } => value.clone(),
            Data::Text(text) => Value::String(text.clone()),
            Data::List(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Data::Map(entries) => {
                Value::Object(entries.iter().map(|entry| (entry.key.clone(), entry.value.to_value())).collect::<Map<_, _>>())
            }
        }
    }

    /// This mapping with the keys of another one laid over it: mappings are laid over each other key by key, everything else is replaced.
    pub fn overlay(&mut self, over: Self) {
        match (&mut self.data, over.data) {
            (_, Data::Null) => {}
            (Data::Map(entries), Data::Map(new)) => {
                for entry in new {
                    match entries.iter_mut().find(|known| known.key == entry.key) {
                        Some(known) => {
                            known.value.overlay(entry.value);
                            known.at = entry.at;
                        }
                        None => entries.push(entry),
                    }
                }
            }
            (own, data) => {
                *own = data;
                self.at = over.at;
                self.inside = over.inside;
            }
        }
    }
}

/// A text that was read: the value only when nothing is wrong with it, the tree whenever it is YAML at all.
#[derive(Debug)]
pub struct Read<T> {
    /// The value.
    pub value: Option<T>,
    /// The same with places.
    pub node: Option<Node>,
}

/// Reads a text into a type, and collects everything that is wrong with it.
pub fn read<T: DeserializeOwned + JsonSchema>(file: &str, bytes: &[u8], problems: &mut Vec<Problem>) -> Read<T> {
    let before = problems.len();
    let Some(node) = parse(file, bytes, problems) else { return Read { value: None, node: None } };
    let read = read_node(node, problems);
    // What YAML itself got wrong (a key written twice) is no reason to leave the rest unchecked, but it is one not to go on with the value.
    if problems.len() > before { Read { value: None, ..read } } else { read }
}

/// The same for a tree that is already there.
pub fn read_node<T: DeserializeOwned + JsonSchema>(mut node: Node, problems: &mut Vec<Problem>) -> Read<T> {
    let before = problems.len();
    let schema = schema_of::<T>();
    Fit::new(&schema).check(&mut node, problems);
    if problems.len() > before {
        return Read { value: None, node: Some(node) };
    }
    let value = match serde_json::from_value(node.to_value()) {
        Ok(value) => Some(value),
        Err(error) => {
            problems.push(Problem::error(project::WRONG_KIND, node.at.place(), error.to_string()));
            None
        }
    };
    Read { value, node: Some(node) }
}

#[cfg(test)]
mod tests;
