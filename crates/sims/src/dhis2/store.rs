//! The metadata as they are stored: objects by kind and identifier, each with the properties that it owns.
//!
//! What other objects say about an object (its children, its groups, the data sets it is in) is not stored with it; it is found by
//! the other side when it is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value};

use super::kind::{self, Kind, Leads};
use super::model::Model;
use super::uid::Uid;

/// An object: its properties.
pub type Object = Map<String, Value>;

/// An object that was deleted.
#[derive(Debug, Clone)]
pub struct Deleted {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its identifier.
    pub uid: Uid,
    /// Its code.
    pub code: Option<String>,
    /// When, in milliseconds since 1970.
    pub at: i64,
    /// By whom.
    pub by: String,
}

/// All metadata.
#[derive(Debug, Clone, Default)]
pub struct Store {
    objects: BTreeMap<&'static str, BTreeMap<Uid, Object>>,
    /// What was deleted, in order.
    pub deleted: Vec<Deleted>,
    /// System settings by key.
    pub settings: BTreeMap<String, Value>,
    model: OnceLock<Arc<Model>>,
    backward: OnceLock<Arc<Backward>>,
}

/// Who refers to whom: by (kind, property) and the identifier referred to.
type Backward = BTreeMap<(&'static str, &'static str), BTreeMap<Uid, Vec<Uid>>>;

impl Store {
    /// An object.
    pub fn get(&self, kind: &Kind, uid: Uid) -> Option<&Object> {
        self.objects.get(kind.plural)?.get(&uid)
    }

    /// All objects of a kind, by identifier.
    pub fn of(&self, kind: &Kind) -> impl Iterator<Item = (Uid, &Object)> {
        self.objects.get(kind.plural).into_iter().flatten().map(|(uid, object)| (*uid, object))
    }

    /// The kind of whatever has this identifier.
    pub fn kind_of(&self, uid: Uid) -> Option<&'static Kind> {
        Kind::all().iter().find(|kind| self.get(kind, uid).is_some())
    }

    /// Stores an object, instead of the one that was there.
    pub fn put(&mut self, kind: &'static Kind, uid: Uid, object: Object) {
        self.changed();
        self.objects.entry(kind.plural).or_default().insert(uid, object);
    }

    /// Takes an object out.
    pub fn remove(&mut self, kind: &Kind, uid: Uid) -> Option<Object> {
        self.changed();
        self.objects.get_mut(kind.plural)?.remove(&uid)
    }

    /// The objects that refer to `uid` by a property of theirs, by identifier.
    pub fn referring(&self, of: &str, by: &str, uid: Uid) -> Vec<Uid> {
        let backward = self.backward.get_or_init(|| Arc::new(self.look_backward()));
        let found = Kind::plural(of).and_then(|kind| {
            let part = kind.part(by)?;
            backward.get(&(kind.plural, part.name))?.get(&uid)
        });
        found.cloned().unwrap_or_default()
    }

    /// The metadata in types, for those who compute with them.
    pub fn model(&self) -> Arc<Model> {
        Arc::clone(self.model.get_or_init(|| Arc::new(Model::of(self))))
    }

    fn changed(&mut self) {
        self.model = OnceLock::new();
        self.backward = OnceLock::new();
    }

    fn look_backward(&self) -> Backward {
        let mut backward = Backward::new();
        for kind in Kind::all() {
            for part in kind.parts.iter().filter(|part| part.is_owned()) {
                let index = backward.entry((kind.plural, part.name)).or_default();
                for (uid, object) in self.of(kind) {
                    let Some(value) = object.get(part.name) else { continue };
                    for other in targets(&part.leads, value) {
                        index.entry(other).or_default().push(uid);
                    }
                }
            }
        }
        backward
    }
}

/// The objects that a property's value leads to, each once.
fn targets(leads: &Leads, value: &Value) -> BTreeSet<Uid> {
    let uid = |value: &Value| kind::reference(value).and_then(Uid::parse);
    let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match leads {
        Leads::One(_) => uid(value).into_iter().collect(),
        Leads::Many(_) => list.iter().filter_map(uid).collect(),
        Leads::Inline(parts) => {
            let inner = |item: &Value| parts.iter().filter_map(|part| item.get(part.name).and_then(uid)).collect::<Vec<_>>();
            list.iter().flat_map(inner).collect()
        }
        Leads::Back { .. } | Leads::BackInline { .. } => BTreeSet::new(),
    }
}

/// A text property.
pub fn text<'a>(object: &'a Object, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}
