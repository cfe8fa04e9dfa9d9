//! An object as others see it: what it stores, what is derived from it, and what others say about it.

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use super::auth::Account;
use super::kind::{self, Kind, Leads, Part};
use super::model::{Sharing, default};
use super::store::{Object, Store, text};
use super::uid::Uid;

/// How the metadata are looked at.
#[derive(Debug, Clone)]
pub struct View<'s> {
    /// The metadata.
    pub store: &'s Store,
    /// Who looks.
    pub account: &'s Account,
    /// Below this the API has its addresses, without a slash at the end.
    pub root: String,
    /// The language of `displayName`; none: as it was written.
    pub locale: Option<String>,
    /// References to the `default` category objects are left out.
    pub without_defaults: bool,
}

/// What a property holds, or an object itself.
#[derive(Debug, Clone)]
pub enum Node<'s> {
    /// A stored object.
    Object(&'static Kind, Uid, &'s Object),
    /// An object inside another, with references of its own.
    Inline(&'static [Part], &'s Object),
    /// Several.
    List(Vec<Node<'s>>),
    /// A plain value.
    Value(Cow<'s, Value>),
}

/// Properties that are made when they are asked for, besides those of a kind.
const MADE: &[&str] = &["displayName", "href", "access"];
const MADE_OF_NAMEABLE: &[&str] = &["displayShortName", "displayDescription", "displayFormName"];
const MADE_OF_UNITS: &[&str] = &["path", "level", "leaf", "ancestors"];
const DEFAULTS: &[&str] = &[default::CATEGORY, default::OPTION, default::COMBO, default::OPTION_COMBO];

impl<'s> View<'s> {
    /// A stored object, when there is one and it may be seen.
    pub fn object(&self, kind: &'static Kind, uid: Uid) -> Option<Node<'s>> {
        let object = self.store.get(kind, uid)?;
        self.may_see(object).then_some(Node::Object(kind, uid, object))
    }

    /// All objects of a kind that may be seen.
    pub fn all(&self, kind: &'static Kind) -> Vec<Node<'s>> {
        let seen = self.store.of(kind).filter(|(_, object)| self.may_see(object));
        seen.map(|(uid, object)| Node::Object(kind, uid, object)).collect()
    }

    /// Whether an object is one of the `default` ones, and those are left out.
    pub fn hides(&self, node: &Node<'_>) -> bool {
        self.without_defaults && matches!(node, Node::Object(_, uid, _) if DEFAULTS.contains(&uid.as_str()))
    }

    fn may_see(&self, object: &Object) -> bool {
        self.account.is_superuser() || Sharing::of(object).read(self.account.id.as_str(), &self.account.groups)
    }

    /// A property; nothing when it is empty.
    pub fn property(&self, node: &Node<'s>, name: &str) -> Option<Node<'s>> {
        match node {
            Node::Object(kind, uid, object) => match kind.part(name) {
                Some(part) => self.part(part, *uid, object),
                None => self.simple(kind, *uid, object, name),
            },
            Node::Inline(parts, object) => match parts.iter().find(|part| part.name == name) {
                Some(part) => self.stored(part, object),
                None => object.get(name).map(|value| Node::Value(Cow::Borrowed(value))),
            },
            Node::List(_) => None,
            Node::Value(Cow::Borrowed(value)) => value.get(name).map(|value| Node::Value(Cow::Borrowed(value))),
            Node::Value(Cow::Owned(value)) => value.get(name).map(|value| Node::Value(Cow::Owned(value.clone()))),
        }
    }

    fn part(&self, part: &'static Part, uid: Uid, object: &'s Object) -> Option<Node<'s>> {
        match part.leads {
            Leads::Back { of, by } => {
                let kind = Kind::plural(of)?;
                let others = self.store.referring(of, by, uid).into_iter().filter_map(|other| self.object(kind, other));
                Some(Node::List(others.collect()))
            }
            Leads::BackInline { of, by, as_ } => {
                let kind = Kind::plural(of)?;
                let Leads::Inline(parts) = &kind.part(by)?.leads else { return None };
                let others = self.store.referring(of, by, uid).into_iter().filter_map(|other| self.store.get(kind, other));
                let items = others.filter_map(|other| other.get(by)?.as_array()).flatten().filter_map(Value::as_object);
                let wanted = |item: &&Object| item.get(as_).and_then(kind::reference) == Some(uid.as_str());
                Some(Node::List(items.filter(wanted).map(|item| Node::Inline(parts, item)).collect()))
            }
            Leads::One(_) | Leads::Many(_) | Leads::Inline(_) => self.stored(part, object),
        }
    }

    fn stored(&self, part: &'static Part, object: &'s Object) -> Option<Node<'s>> {
        let value = object.get(part.name)?;
        match &part.leads {
            Leads::One(plural) => self.target(plural, value),
            Leads::Many(plural) => Some(Node::List(value.as_array()?.iter().filter_map(|item| self.target(plural, item)).collect())),
            Leads::Inline(parts) => {
                let items = value.as_array()?.iter().filter_map(Value::as_object);
                Some(Node::List(items.map(|item| Node::Inline(parts, item)).collect()))
            }
            Leads::Back { .. } | Leads::BackInline { .. } => None,
        }
    }

    /// What a reference leads to; the reference itself when the object is not there.
    fn target(&self, plural: &str, reference: &'s Value) -> Option<Node<'s>> {
        let id = kind::reference(reference);
        if self.without_defaults && id.is_some_and(|id| DEFAULTS.contains(&id)) {
            return None;
        }
        let kind = Kind::plural(plural)?;
        let found = id.and_then(Uid::parse).and_then(|uid| Some(Node::Object(kind, uid, self.store.get(kind, uid)?)));
        Some(found.unwrap_or(Node::Value(Cow::Borrowed(reference))))
    }

    fn simple(&self, kind: &'static Kind, uid: Uid, object: &'s Object, name: &str) -> Option<Node<'s>> {
        let made = |value: Value| Some(Node::Value(Cow::Owned(value)));
        let units = kind.plural == "organisationUnits";
        match name {
            "displayName" => made(json!(self.translated(object, "name", "NAME")?)),
            "displayShortName" if kind.nameable => made(json!(self.translated(object, "shortName", "SHORT_NAME")?)),
            "displayDescription" if kind.nameable => made(json!(self.translated(object, "description", "DESCRIPTION")?)),
            "displayFormName" if kind.nameable => {
                let formed = self.translated(object, "formName", "FORM_NAME").or_else(|| self.translated(object, "name", "NAME"));
                made(json!(formed?))
            }
            "href" => made(json!(format!("{}/{}/{uid}", self.root, kind.plural))),
            "access" => made(self.access(object)),
            "isDefault" => made(json!(DEFAULTS.contains(&uid.as_str()))),
            "path" if units => made(json!(self.path(uid).iter().flat_map(|uid| ["/", uid.as_str()]).collect::<String>())),
            "level" if units => made(json!(self.path(uid).len())),
            "leaf" if units => made(json!(self.store.referring("organisationUnits", "parent", uid).is_empty())),
            "ancestors" if units => {
                let path = self.path(uid);
                let above = path[..path.len() - 1].iter().filter_map(|uid| self.object(kind, *uid));
                Some(Node::List(above.collect()))
            }
            _ => object.get(name).map(|value| Node::Value(Cow::Borrowed(value))).or_else(|| attribute(object, name)),
        }
    }

    /// From the root to the unit itself.
    pub fn path(&self, unit: Uid) -> Vec<Uid> {
        let kind = Kind::plural("organisationUnits").expect("the kinds are listed");
        let mut path = vec![unit];
        let mut above = self.parent(kind, unit);
        while let Some(next) = above.filter(|next| !path.contains(next)) {
            path.push(next);
            above = self.parent(kind, next);
        }
        path.reverse();
        path
    }

    fn parent(&self, kind: &Kind, unit: Uid) -> Option<Uid> {
        let parent = self.store.get(kind, unit)?.get("parent").and_then(kind::reference).and_then(Uid::parse)?;
        self.store.get(kind, parent).map(|_| parent)
    }

    fn translated(&self, object: &Object, property: &str, key: &str) -> Option<String> {
        let wanted = self.locale.as_deref();
        let translations = object.get("translations").and_then(Value::as_array).into_iter().flatten();
        let fitting =
            |one: &&Value| one.get("property").and_then(Value::as_str) == Some(key) && one.get("locale").and_then(Value::as_str) == wanted;
        let translation = wanted.and_then(|_| translations.clone().find(fitting)?.get("value")?.as_str());
        translation.or_else(|| text(object, property)).map(str::to_owned)
    }

    fn access(&self, object: &Object) -> Value {
        let (sharing, superuser) = (Sharing::of(object), self.account.is_superuser());
        let (user, groups) = (self.account.id.as_str(), &self.account.groups);
        let write = superuser || sharing.write(user, groups);
        let data = json!({"read": superuser || sharing.data_read(user, groups), "write": superuser || sharing.data_write(user, groups)});
        json!({
            "read": superuser || sharing.read(user, groups), "update": write, "write": write, "delete": write, "manage": write,
            "externalize": false, "data": data,
        })
    }
}

/// The value of the attribute whose identifier is the name.
fn attribute<'s>(object: &'s Object, name: &str) -> Option<Node<'s>> {
    Uid::parse(name)?;
    let values = object.get("attributeValues")?.as_array()?;
    let value = values.iter().find(|one| one.get("attribute").and_then(kind::reference) == Some(name))?;
    value.get("value").map(|value| Node::Value(Cow::Borrowed(value)))
}

impl Node<'_> {
    /// The names of the properties that it may have.
    pub fn names(&self) -> Vec<String> {
        let owned = |object: &Object| object.keys().cloned().collect::<Vec<_>>();
        match self {
            Node::Object(kind, _, object) => {
                let mut names = owned(object);
                let nameable: &[&str] = if kind.nameable { MADE_OF_NAMEABLE } else { &[] };
                let units: &[&str] = if kind.plural == "organisationUnits" { MADE_OF_UNITS } else { &[] };
                names.extend([MADE, nameable, units].concat().into_iter().map(str::to_owned));
                names.extend(kind.parts.iter().filter(|part| !part.is_owned()).map(|part| part.name.to_owned()));
                names
            }
            Node::Inline(_, object) => owned(object),
            Node::Value(value) => value.as_object().map(owned).unwrap_or_default(),
            Node::List(_) => Vec::new(),
        }
    }

    /// A reference to a stored object.
    pub fn reference(uid: Uid) -> Value {
        Value::Object(Map::from_iter([("id".to_owned(), json!(uid.as_str()))]))
    }
}
