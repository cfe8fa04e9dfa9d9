//! What is different between two contents, and how one is merged into another.
//!
//! A content that is to be written is sparse: what it does not name is left alone, and an empty value clears. Empty is empty in every form, and
//! `1` is `1.0`, so that nothing is written for nothing. `apply(before, changes(before, after))` is the merge of both, and merging the
//! same again changes nothing.

mod former;
mod merge;
#[cfg(test)]
pub(crate) mod tests;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use former::without_former;
pub use merge::merge;

use crate::path::{Path, Segment};
use crate::value::{is_empty, same};

/// One field that changes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Which one: `age.years`; the empty text is the whole content.
    pub path: String,
    /// What was there; `None` where it was empty.
    pub before: Option<Value>,
    /// What will be there; `None` where it is cleared.
    pub after: Option<Value>,
}

/// What changes when `after` is written over `before`: single fields, only those that `after` names. Arrays are compared and replaced whole.
pub fn changes(before: &Value, after: &Value) -> Vec<Change> {
    let mut found = Vec::new();
    compare(None, Some(before), after, &mut found);
    found
}

fn compare(path: Option<&Path>, before: Option<&Value>, after: &Value, found: &mut Vec<Change>) {
    let before = before.filter(|present| !is_empty(present));
    if let Value::Object(named) = after {
        let members = match before {
            Some(Value::Object(members)) => Some(members),
            None => None,
            // Not an object, and nothing is put in its place.
            Some(_) if is_empty(after) => return,
            Some(_) => return found.push(change(path, before, Some(after))),
        };
        for (name, member) in named {
            let inner = path.map_or_else(|| Path::field(name), |outer| outer.child(name));
            compare(Some(&inner), members.and_then(|known| known.get(name)), member, found);
        }
        return;
    }
    if !same(before.unwrap_or(&Value::Null), after) {
        found.push(change(path, before, Some(after).filter(|new| !is_empty(new))));
    }
}

fn change(path: Option<&Path>, before: Option<&Value>, after: Option<&Value>) -> Change {
    Change { path: path.map(ToString::to_string).unwrap_or_default(), before: before.cloned(), after: after.cloned() }
}

/// The content after these changes. What is cleared is left out of it.
pub fn apply(before: &Value, changes: &[Change]) -> Value {
    let mut content = before.clone();
    for change in changes {
        // Every path that `changes` writes can be read; one that cannot is the name of a field.
        let path =
            if change.path.is_empty() { None } else { Some(Path::parse(&change.path).unwrap_or_else(|_| Path::field(&change.path))) };
        let segments = path.as_ref().map(Path::segments).unwrap_or_default();
        put(&mut content, segments, change.after.as_ref());
    }
    content
}

fn put(place: &mut Value, segments: &[Segment], after: Option<&Value>) {
    let Some((segment, rest)) = segments.split_first() else {
        *place = after.cloned().unwrap_or(Value::Null);
        return;
    };
    let Segment::Field(name) = segment else { return };
    if !place.is_object() {
        *place = Value::Object(Map::new());
    }
    let Value::Object(members) = place else { unreachable!("it was made an object just now") };
    if rest.is_empty() && after.is_none() {
        members.remove(&**name);
    } else {
        put(members.entry(&**name).or_insert(Value::Null), rest, after);
    }
}

/// The top-level fields of `desired` that `present` does not hold just so. Fields that the target replaces whole have to be merged first (see [`merge`]).
pub fn changed_fields(present: &Value, desired: &Value) -> Vec<String> {
    let Value::Object(fields) = desired else { return Vec::new() };
    fields.iter().filter(|(name, wanted)| !same(present.get(name).unwrap_or(&Value::Null), wanted)).map(|(name, _)| name.clone()).collect()
}
