//! What an object refers to: found in what is stored or in the document itself, and written down by identifier.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::params::Identifier;
use super::{Item, Payload};
use crate::dhis2::kind::{self, Kind, Leads, Part};
use crate::dhis2::store::{Object, Store, text};
use crate::dhis2::uid::Uid;

/// Where objects are looked for: in what is stored, and in the document.
#[derive(Debug)]
pub struct Finder<'a> {
    store: &'a Store,
    /// What the document has.
    pub payload: Payload,
    identifier: Identifier,
    /// Codes of stored objects by kind, read once for each kind.
    codes: BTreeMap<&'static str, BTreeMap<&'a str, Uid>>,
}

impl<'a> Finder<'a> {
    /// One that knows what is stored.
    pub fn new(store: &'a Store, identifier: Identifier) -> Self {
        Self { store, payload: Payload::new(), identifier, codes: BTreeMap::new() }
    }

    /// The object that a reference, or an object itself, names.
    pub fn find(&mut self, kind: &'static Kind, named: &Value) -> Option<Uid> {
        self.find_by(self.identifier, kind, named)
    }

    fn find_by(&mut self, identifier: Identifier, kind: &'static Kind, named: &Value) -> Option<Uid> {
        let id = kind::reference(named);
        let code = named.get("code").and_then(Value::as_str);
        match identifier {
            Identifier::Uid => self.by_id(kind, id?),
            Identifier::Code => self.by_code(kind, code?),
            Identifier::Auto => id.and_then(|id| self.by_id(kind, id)).or_else(|| self.by_code(kind, code?)),
        }
    }

    fn by_id(&self, kind: &'static Kind, id: &str) -> Option<Uid> {
        let stored = Uid::parse(id).filter(|uid| self.store.get(kind, *uid).is_some());
        stored.or_else(|| self.payload.get(&(kind.plural, id.to_owned())).copied())
    }

    fn by_code(&mut self, kind: &'static Kind, code: &str) -> Option<Uid> {
        let store: &'a Store = self.store;
        let codes = self
            .codes
            .entry(kind.plural)
            .or_insert_with(|| store.of(kind).filter_map(|(uid, object)| Some((text(object, "code")?, uid))).collect());
        codes.get(code).copied().or_else(|| self.payload.get(&(kind.plural, format!("code {code}"))).copied())
    }
}

/// Resolves the references of an object; what is not found is a problem of it.
pub fn resolve(finder: &mut Finder<'_>, item: &mut Item) {
    let identifier = finder.identifier;
    let mut missing = Vec::new();
    for part in item.kind.parts.iter().chain([&kind::ATTRIBUTE_VALUES]).filter(|part| part.is_owned()) {
        let Some(value) = item.sent.get_mut(part.name) else { continue };
        resolve_part(finder, part, value, item.kind, &mut missing);
    }
    for (property, kind, reference) in missing {
        let shown = reference_text(&reference, identifier);
        let message = format!("Invalid reference [{shown}] ({}) on object {} for association `{property}`.", kind.klass, item.shown());
        item.problem("E5002", message).property = Some(property);
    }
}

fn resolve_part(
    finder: &mut Finder<'_>,
    part: &'static Part,
    value: &mut Value,
    owner: &'static Kind,
    missing: &mut Vec<(String, &'static Kind, Value)>,
) {
    // Attributes are named in the same way whatever the document's other references are.
    let identifier = if part.name == kind::ATTRIBUTE_VALUES.name { Identifier::Auto } else { finder.identifier };
    let mut one = |kind: &'static Kind, reference: &mut Value, property: &str| match finder.find_by(identifier, kind, reference) {
        Some(uid) => *reference = json!({"id": uid.as_str()}),
        None => missing.push((property.to_owned(), kind, reference.clone())),
    };
    match part.leads {
        Leads::One(plural) => {
            if let Some(kind) = Kind::plural(plural) {
                one(kind, value, part.name);
            }
        }
        Leads::Many(plural) => {
            let Some(kind) = Kind::plural(plural) else { return };
            for reference in value.as_array_mut().into_iter().flatten() {
                one(kind, reference, part.name);
            }
        }
        Leads::Inline(parts) => {
            for member in value.as_array_mut().into_iter().flatten() {
                for inner in parts {
                    let (Leads::One(plural), Some(reference)) = (&inner.leads, member.get_mut(inner.name)) else { continue };
                    // The set that a data set element is in is the one that it stands in.
                    let is_owner = Kind::plural(plural) == Some(owner);
                    if let Some(kind) = Kind::plural(plural).filter(|_| !is_owner) {
                        one(kind, reference, inner.name);
                    }
                }
            }
        }
        Leads::Back { .. } | Leads::BackInline { .. } => {}
    }
}

fn reference_text(reference: &Value, identifier: Identifier) -> String {
    let name = if identifier == Identifier::Code { "code" } else { "id" };
    reference.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// Notes what an object refers to and is not there after all. Whether there was anything.
pub fn missing(item: &mut Item, there: &dyn Fn(&'static Kind, Uid) -> bool) -> bool {
    let gone = targets(item.kind, &item.sent).into_iter().find(|(_, kind, uid)| *uid != item.uid && !there(kind, *uid));
    let Some((property, kind, uid)) = gone else { return false };
    let message = format!("Invalid reference [{uid}] ({}) on object {} for association `{property}`.", kind.klass, item.shown());
    item.problem("E5002", message).property = Some(property.to_owned());
    true
}

/// Everything that an object refers to: property, kind, identifier.
fn targets(kind: &'static Kind, object: &Object) -> Vec<(&'static str, &'static Kind, Uid)> {
    let mut found = Vec::new();
    for part in kind.parts.iter().filter(|part| part.is_owned()) {
        let Some(value) = object.get(part.name) else { continue };
        let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
        let uid = |value: &Value| kind::reference(value).and_then(Uid::parse);
        match &part.leads {
            Leads::One(plural) => found.extend(Kind::plural(plural).zip(uid(value)).map(|(kind, uid)| (part.name, kind, uid))),
            Leads::Many(plural) => found.extend(list.iter().filter_map(|item| Some((part.name, Kind::plural(plural)?, uid(item)?)))),
            Leads::Inline(parts) => {
                for member in list {
                    found.extend(parts.iter().filter_map(|inner| {
                        let Leads::One(plural) = &inner.leads else { return None };
                        Some((inner.name, Kind::plural(plural)?, uid(member.get(inner.name)?)?))
                    }));
                }
            }
            Leads::Back { .. } | Leads::BackInline { .. } => {}
        }
    }
    found
}
