//! The one path grammar, for reading and writing.
//!
//! | written | means |
//! |---|---|
//! | `a.b` | the member `b` of the member `a` |
//! | `['any name']` | a member whose name holds a dot, a bracket or a space at its ends |
//! | `a[2]` | the third item |
//! | `addresses[typeId=USUAL].city` | of the items whose `typeId` is `USUAL` |
//! | `attributeValues[attribute.id=UID].value` | of the items in whose `attribute` the `id` is `UID` |
//! | `attributes[w75KJ2mc4zz]` | of the item with this identity, where the connector declares which member that is (see [`Path::with_item_keys`]) |
//! | `a[].b` | of each item |
//!
//! What [`Path`] prints parses to the same path again.

mod parse;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;

use serde_json::{Map, Value};

pub use source::SourcePath;

use crate::value::{self, kind};

/// How far an index may lie behind the end of an array that is being written: a slip of the pen must not fill the memory.
const FURTHEST_INDEX: usize = 9_999;

/// A path into a record: one or more segments.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Path(Vec<Segment>);

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Segment {
    /// The member of an object.
    Field(Box<str>),
    /// The item at this place, from 0.
    Index(usize),
    /// The items whose identity is `value`. Without `field` it is the connector that knows which member holds the identity;
    /// in an object it is the member of that name.
    Item { field: Option<Box<str>>, value: Box<str> },
    /// Each item.
    Each,
}

/// What is wrong with a path, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: expected {expected}")]
pub struct PathError {
    /// Where, in characters from 1.
    pub column: usize,
    /// What is there.
    pub message: String,
    /// What was expected there.
    pub expected: String,
}

impl Path {
    /// Reads the text of a path.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        parse::path(text).map(Self)
    }

    /// A path of one member.
    pub fn field(name: &str) -> Self {
        Self(vec![Segment::Field(name.into())])
    }

    /// This path and one member further.
    #[must_use]
    pub fn child(&self, name: &str) -> Self {
        let mut segments = self.0.clone();
        segments.push(Segment::Field(name.into()));
        Self(segments)
    }

    /// Its segments; there is at least one, but for the rest of a path that ends with `[]`.
    pub fn segments(&self) -> &[Segment] {
        &self.0
    }

    /// The first member, unless the path begins with an item.
    pub fn top(&self) -> Option<&str> {
        match self.0.first() {
            Some(Segment::Field(name)) => Some(name),
            _ => None,
        }
    }

    /// For a path with `[]`: the path up to and including the first one, and the rest (which may have no segments).
    pub fn each_prefix(&self) -> Option<(Path, Path)> {
        let end = self.0.iter().position(|segment| *segment == Segment::Each)? + 1;
        Some((Path(self.0[..end].to_vec()), Path(self.0[end..].to_vec())))
    }

    /// Gives `attributes[w75KJ2mc4zz]` the name of the member that holds the identity. `key_of` is asked with the path of the array.
    #[must_use]
    pub fn with_item_keys<'k>(&self, key_of: impl Fn(&str) -> Option<&'k str>) -> Path {
        let mut segments = Vec::with_capacity(self.0.len());
        for segment in &self.0 {
            let resolved = match segment {
                Segment::Item { field: None, value } => {
                    let array = Path(segments.clone()).to_string();
                    Segment::Item { field: key_of(&array).map(Into::into), value: value.clone() }
                }
                other => other.clone(),
            };
            segments.push(resolved);
        }
        Path(segments)
    }

    /// All values that it selects and that are not empty, in their order.
    pub fn read<'v>(&self, from: &'v Value, out: &mut Vec<&'v Value>) {
        visit(&self.0, from, &mut |found| {
            out.push(found);
            false
        });
    }

    /// Whether it selects one value at most, whatever the record.
    pub(crate) fn is_single(&self) -> bool {
        !self.0.iter().any(|segment| matches!(segment, Segment::Each | Segment::Item { field: Some(_), .. }))
    }

    /// The first value that it selects and that is not empty.
    pub fn one<'v>(&self, from: &'v Value) -> Option<&'v Value> {
        let mut first = None;
        visit(&self.0, from, &mut |found| {
            first = Some(found);
            true
        });
        first
    }

    /// Puts a value there. Objects and arrays on the way are made; an item by identity is found, or appended with its identity.
    /// A whole item by identity is an object, or null, which leaves nothing of it but its identity.
    pub fn set(&self, target: &mut Value, new: Value) -> Result<(), PathError> {
        let Some((last, way)) = self.0.split_last() else {
            *target = new;
            return Ok(());
        };
        let mut place = target;
        for (position, segment) in way.iter().enumerate() {
            place = step(place, segment).map_err(|misfit| self.misfit(position, misfit))?;
        }
        put(place, last, new).map_err(|misfit| self.misfit(way.len(), misfit))
    }

    fn misfit(&self, position: usize, (message, expected): (String, String)) -> PathError {
        PathError { column: self.column(position), message, expected }
    }

    /// In which column of the printed path a segment begins.
    fn column(&self, position: usize) -> usize {
        Path(self.0[..position].to_vec()).to_string().chars().count() + 1
    }
}

/// Calls `found` with each selected value that is not empty, until it returns true. Returns whether it did.
fn visit<'v>(segments: &[Segment], from: &'v Value, found: &mut impl FnMut(&'v Value) -> bool) -> bool {
    let Some((segment, rest)) = segments.split_first() else {
        return !value::is_empty(from) && found(from);
    };
    match (segment, from) {
        (Segment::Field(name) | Segment::Item { field: None, value: name }, Value::Object(members)) => {
            members.get(&**name).is_some_and(|member| visit(rest, member, found))
        }
        (Segment::Index(index), Value::Array(items)) => items.get(*index).is_some_and(|item| visit(rest, item, found)),
        (Segment::Each, Value::Array(items)) => items.iter().any(|item| visit(rest, item, found)),
        // What was XML before has its only item alone, in the place of a list of one.
        (Segment::Each, Value::Object(_)) => visit(rest, from, found),
        (Segment::Item { field: Some(field), value }, Value::Array(items)) => {
            items.iter().any(|item| has_identity(item, field, value) && visit(rest, item, found))
        }
        _ => false,
    }
}

/// What an item holds as its identity: the member of this name, or, where a name with dots is no member, the one that lies that far in (`attribute.id`).
pub(crate) fn identity_of<'v>(item: &'v Value, field: &str) -> Option<&'v Value> {
    item.get(field).or_else(|| {
        let (first, rest) = field.split_once('.')?;
        identity_of(item.get(first)?, rest)
    })
}

fn has_identity(item: &Value, field: &str, wanted: &str) -> bool {
    match identity_of(item, field) {
        Some(Value::String(text)) => text == wanted,
        Some(other) => value::text(other).is_some_and(|text| text == wanted),
        None => false,
    }
}

/// A step of [`Path::set`]: the place to go on from, or what is wrong and what was expected.
type Step<'t> = Result<&'t mut Value, (String, String)>;

fn step<'t>(place: &'t mut Value, segment: &Segment) -> Step<'t> {
    match segment {
        Segment::Field(name) => member(place, name),
        Segment::Index(index) => item_at(place, *index),
        Segment::Item { field: Some(field), value } => item_by_identity(place, field, value),
        Segment::Item { field: None, value } if place.is_object() => member(place, value),
        Segment::Item { field: None, value } => {
            Err((format!("`[{value}]` does not say which member holds the identity"), format!("`[name={value}]`")))
        }
        Segment::Each => Err(("`[]` stands for many items".to_owned(), "one item".to_owned())),
    }
}

/// The last step: the value goes there.
fn put(place: &mut Value, segment: &Segment, mut new: Value) -> Result<(), (String, String)> {
    match segment {
        Segment::Field(name) => {
            object(place, name)?.insert(String::from(&**name), new);
        }
        Segment::Item { field: Some(field), value } => {
            if !new.is_object() && !new.is_null() {
                return Err((format!("the item is to become {}", kind(&new)), "an object".to_owned()));
            }
            // The identity is what the path says, whatever the new item holds: else the next `set` would not find it.
            put_identity(&mut new, field, value)?;
            *item_by_identity(place, field, value)? = new;
        }
        other => *step(place, other)? = new,
    }
    Ok(())
}

fn object<'t>(place: &'t mut Value, name: &str) -> Result<&'t mut Map<String, Value>, (String, String)> {
    if place.is_null() {
        *place = Value::Object(Map::new());
    }
    match place {
        Value::Object(members) => Ok(members),
        other => Err((format!("what holds `{name}` is {}", kind(other)), "an object".to_owned())),
    }
}

fn member<'t>(place: &'t mut Value, name: &str) -> Step<'t> {
    let members = object(place, name)?;
    // `entry` alone would copy the name also where it is known.
    Ok(if members.contains_key(name) { &mut members[name] } else { members.entry(name).or_insert(Value::Null) })
}

fn item_at(place: &mut Value, index: usize) -> Step<'_> {
    let items = array(place)?;
    if index > items.len() + FURTHEST_INDEX {
        return Err((format!("the item {index} lies far behind the end"), format!("at most {}", items.len() + FURTHEST_INDEX)));
    }
    if index >= items.len() {
        items.resize(index + 1, Value::Null);
    }
    Ok(&mut items[index])
}

fn item_by_identity<'t>(place: &'t mut Value, field: &str, value: &str) -> Step<'t> {
    let items = array(place)?;
    let position = if let Some(position) = items.iter().position(|item| has_identity(item, field, value)) {
        position
    } else {
        let mut item = Value::Null;
        put_identity(&mut item, field, value)?;
        items.push(item);
        items.len() - 1
    };
    Ok(&mut items[position])
}

/// Gives an item its identity, where [`identity_of`] finds it.
fn put_identity(item: &mut Value, field: &str, value: &str) -> Result<(), (String, String)> {
    let members = object(item, field)?;
    match field.split_once('.') {
        Some((first, rest)) if !members.contains_key(field) => put_identity(members.entry(first).or_insert(Value::Null), rest, value),
        _ => {
            members.insert(field.to_owned(), Value::String(value.to_owned()));
            Ok(())
        }
    }
}

fn array(place: &mut Value) -> Result<&mut Vec<Value>, (String, String)> {
    if place.is_null() {
        *place = Value::Array(Vec::new());
    }
    match place {
        Value::Array(items) => Ok(items),
        other => Err((format!("what holds the item is {}", kind(other)), "a list".to_owned())),
    }
}

impl std::str::FromStr for Path {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.0.iter().enumerate() {
            match segment {
                Segment::Field(name) if !parse::is_bare_name(name) => write!(f, "[{}]", parse::Quoted(name))?,
                Segment::Field(name) if position == 0 => f.write_str(name)?,
                Segment::Field(name) => write!(f, ".{name}")?,
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Item { field: Some(field), value } => write!(f, "[{}={}]", parse::InBrackets(field), parse::InBrackets(value))?,
                Segment::Item { field: None, value } if parse::is_plain_identity(value) => write!(f, "[{value}]")?,
                Segment::Item { field: None, value } => write!(f, "[={}]", parse::InBrackets(value))?,
                Segment::Each => f.write_str("[]")?,
            }
        }
        Ok(())
    }
}
