//! Merging what is to be written into what is there, for targets that replace arrays and objects whole.

use serde_json::{Map, Value};

use crate::connector::ReplacedWhole;
use crate::path::{Path, Segment, identity_of};
use crate::value::{is_empty, same, text};

/// The fields of `desired` as they have to be sent: those that the target replaces whole hold what is `present` as well.
///
/// In a field that `whole` names, or that holds a path that it names, items are matched by their identity and merged, the others are appended, objects are
/// merged by their keys, and an empty value clears its member. An item without an identity is taken for one that is there if that one already says everything
/// that it says. Nothing but a clearing ever takes anything away. The other fields are handed on as they are.
pub fn merge(present: &Value, desired: &Value, whole: &[ReplacedWhole]) -> Value {
    let Value::Object(fields) = desired else { return desired.clone() };
    // A path that is declared wrongly still names a field.
    let paths: Vec<Path> =
        whole.iter().map(|declared| Path::parse(&declared.path).unwrap_or_else(|_| Path::field(&declared.path))).collect();
    let rules = Rules(paths.iter().zip(whole).map(|(path, declared)| (path.segments(), declared.identity.as_slice())).collect());
    let merged = fields.iter().map(|(name, wanted)| {
        let inner = rules.member(name);
        let held = present.get(name);
        let sent = match wanted {
            _ if inner.0.is_empty() => wanted.clone(),
            Value::Object(_) | Value::Array(_) => inner.merge(held, wanted),
            single => single.clone(),
        };
        (name.clone(), sent)
    });
    Value::Object(merged.collect())
}

/// What is declared of the value at hand and of the values in it: how their paths go on from here, and their identities.
struct Rules<'r>(Vec<(&'r [Segment], &'r [String])>);

impl<'r> Rules<'r> {
    fn step(&self, fits: impl Fn(&Segment) -> bool) -> Rules<'r> {
        let fitting = self.0.iter().filter_map(|(path, identity)| {
            let (first, rest) = path.split_first()?;
            fits(first).then_some((rest, *identity))
        });
        Rules(fitting.collect())
    }

    fn member(&self, name: &str) -> Rules<'r> {
        self.step(|segment| matches!(segment, Segment::Field(field) if **field == *name))
    }

    fn item(&self) -> Rules<'r> {
        self.step(|segment| *segment == Segment::Each)
    }

    /// The identity of the items of the array at hand.
    fn identity(&self) -> Option<&'r [String]> {
        self.0.iter().find(|(path, identity)| path.is_empty() && !identity.is_empty()).map(|(_, identity)| *identity)
    }

    fn merge(&self, present: Option<&Value>, desired: &Value) -> Value {
        match (desired, self.identity()) {
            (Value::Object(wanted), _) => match present {
                Some(Value::Object(held)) => Value::Object(self.merge_members(held, wanted)),
                Some(other) if is_empty(desired) && !is_empty(other) => other.clone(),
                _ => Value::Object(self.merge_members(&Map::new(), wanted)),
            },
            (Value::Array(wanted), Some(identity)) => {
                let held = present.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
                Value::Array(self.merge_items(held, wanted, identity))
            }
            _ => desired.clone(),
        }
    }

    fn merge_members(&self, held: &Map<String, Value>, wanted: &Map<String, Value>) -> Map<String, Value> {
        let mut merged = held.clone();
        for (name, desired) in wanted {
            let inner = self.member(name);
            let keeps_what_it_does_not_name = desired.is_object() || (desired.is_array() && inner.identity().is_some());
            if is_empty(desired) && !keeps_what_it_does_not_name {
                // The whole is replaced, so what is left out of it is cleared.
                merged.remove(name);
                continue;
            }
            let present = held.get(name);
            let member = inner.merge(present, desired);
            if present.is_some() || !is_empty(&member) {
                merged.insert(name.clone(), member);
            }
        }
        merged
    }

    fn merge_items(&self, held: &[Value], wanted: &[Value], identity: &[String]) -> Vec<Value> {
        let wanted: Vec<&Value> = wanted.iter().filter(|item| !is_empty(item)).collect();
        let inner = self.item();
        // First those that change nothing where they are, so that of several items with one identity none moves from run to run.
        let covered: Vec<Vec<usize>> = wanted
            .iter()
            .map(|item| {
                let may_be =
                    |other: &Value| same_identity(other, item, identity).unwrap_or(true) && same(&inner.merge(Some(other), item), other);
                (0..held.len()).filter(|position| may_be(&held[*position])).collect()
            })
            .collect();
        let mut taken_by: Vec<Option<usize>> = vec![None; held.len()];
        for item in 0..wanted.len() {
            assign(item, &covered, &mut taken_by, &mut vec![false; held.len()]);
        }
        let mut merged = held.to_vec();
        for (number, item) in wanted.iter().enumerate() {
            if taken_by.contains(&Some(number)) {
                continue;
            }
            let free = (0..held.len())
                .find(|position| taken_by[*position].is_none() && same_identity(&held[*position], item, identity) == Some(true));
            match free {
                Some(position) => {
                    taken_by[position] = Some(number);
                    merged[position] = inner.merge(Some(&held[position]), item);
                }
                None => merged.push(inner.merge(None, item)),
            }
        }
        merged
    }
}

/// Whether two items have the same identity; `None` if the second has none.
fn same_identity(held: &Value, wanted: &Value, identity: &[String]) -> Option<bool> {
    let mut all_same = true;
    for field in identity {
        let value = identity_of(wanted, field).filter(|value| !is_empty(value))?;
        all_same &= identity_of(held, field).is_some_and(|other| text(other).is_some() && text(other) == text(value));
    }
    Some(all_same)
}

/// Gives an item one of the places that it fits, moving others to another of theirs where that helps.
fn assign(item: usize, fits: &[Vec<usize>], taken_by: &mut [Option<usize>], tried: &mut Vec<bool>) -> bool {
    for place in &fits[item] {
        if std::mem::replace(&mut tried[*place], true) {
            continue;
        }
        let is_free = match taken_by[*place] {
            Some(other) => assign(other, fits, taken_by, tried),
            None => true,
        };
        if is_free {
            taken_by[*place] = Some(item);
            return true;
        }
    }
    false
}
