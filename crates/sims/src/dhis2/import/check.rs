//! What an object must be to be stored: whole, of the right form, unique, and the writer's to write.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Item;
use crate::dhis2::auth::Account;
use crate::dhis2::error::{Error, Result};
use crate::dhis2::kind::{self, Kind};
use crate::dhis2::model::Sharing;
use crate::dhis2::properties::{self, Holds};
use crate::dhis2::store::{Object, Store, text};
use crate::dhis2::time::{self, Zone};
use crate::dhis2::uid::Uid;

/// A value that cannot even be read refuses the whole document.
pub fn forms(kind: &Kind, object: &Object) -> Result<()> {
    for (name, holds) in properties::simple(kind) {
        let Some(value) = object.get(*name).filter(|value| !value.is_null()) else { continue };
        let good = match holds {
            Holds::Constant(words) => value.as_str().is_some_and(|word| words.contains(&word)),
            Holds::Date => {
                value.as_i64().is_some() || value.as_str().is_some_and(|text| text.is_empty() || Zone::utc().read(text).is_some())
            }
            Holds::Boolean => value.is_boolean() || matches!(value.as_str(), Some("true" | "false")),
            Holds::Integer | Holds::Number => value.is_number() || value.as_str().is_some_and(|text| text.parse::<f64>().is_ok()),
            Holds::Text(_) => !value.is_object() && !value.is_array(),
            Holds::Complex => true,
        };
        let good = good && (*name != "geometry" || is_shape(value));
        if !good {
            return Err(Error::bad_request(format!("Cannot deserialize the value of `{name}` of {}", kind.klass)));
        }
    }
    Ok(())
}

/// Whether a value can be read as GeoJSON.
fn is_shape(value: &Value) -> bool {
    let kind = value.get("type").and_then(Value::as_str).unwrap_or_default();
    let known = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"].contains(&kind);
    known && value.get("coordinates").is_some_and(Value::is_array) || kind == "GeometryCollection"
}

/// Checks the objects of a document.
pub fn all(store: &Store, items: &mut [Item], account: &Account) {
    let parents: BTreeMap<Uid, Option<Uid>> =
        items.iter().filter(|item| item.kind.plural == "organisationUnits").map(|item| (item.uid, parent(&item.sent))).collect();
    for item in items.iter_mut() {
        may_write(store, item, account);
        whole(item);
        dates_and_parents(store, &parents, item);
        attributes(store, item);
    }
    codes(store, items);
    options(store, items);
    attribute_values(store, items);
}

fn may_write(store: &Store, item: &mut Item, account: &Account) {
    if account.is_superuser() {
        return;
    }
    let known = store.get(item.kind, item.uid).map(Sharing::of);
    let authority = account.may(&authority_to_add(item.kind)) || account.may(&private_authority(item.kind));
    match known {
        None if !authority => {
            let message = format!("User `{}` is not allowed to create objects of type {}.", account.username, item.kind.klass);
            item.problem("E3000", message);
        }
        Some(sharing) if !authority || !sharing.write(account.id.as_str(), &account.groups) => {
            let message = format!("User `{}` is not allowed to update object `{}`.", account.username, item.uid);
            item.problem("E3001", message);
        }
        _ => {}
    }
}

/// The authority to make objects of a kind that all may see.
pub fn authority_to_add(kind: &Kind) -> String {
    let name = if kind.plural == "options" { "OPTIONSET".to_owned() } else { kind.singular.to_ascii_uppercase() };
    match kind.plural {
        "organisationUnits" => "F_ORGANISATIONUNIT_ADD".to_owned(),
        "organisationUnitLevels" => "F_ORGANISATIONUNITLEVEL_UPDATE".to_owned(),
        "users" => "F_USER_ADD".to_owned(),
        _ => format!("F_{name}_PUBLIC_ADD"),
    }
}

fn private_authority(kind: &Kind) -> String {
    authority_to_add(kind).replace("_PUBLIC_ADD", "_PRIVATE_ADD")
}

fn whole(item: &mut Item) {
    let short_name: &[&str] = if item.kind.nameable { &["shortName"] } else { &[] };
    let required = ["name"].iter().chain(short_name).chain(item.kind.required).copied();
    for name in required.collect::<Vec<_>>() {
        let there = match item.sent.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::String(text)) => !text.trim().is_empty(),
            Some(_) => true,
        };
        if !there {
            item.problem("E4000", format!("Missing required property `{name}`.")).property = Some(name.to_owned());
        }
    }
    for (name, holds) in properties::simple(item.kind) {
        let (Holds::Text(most), Some(length)) = (holds, text(&item.sent, name).map(|text| text.chars().count())) else { continue };
        if length > *most {
            let message = format!("Maximum length of property `{name}`is {most}, but given length was {length}.");
            item.problem("E4001", message).property = Some((*name).to_owned());
        }
    }
}

fn parent(unit: &Object) -> Option<Uid> {
    unit.get("parent").and_then(kind::reference).and_then(Uid::parse)
}

/// `parents` are those that the document gives.
fn dates_and_parents(store: &Store, parents: &BTreeMap<Uid, Option<Uid>>, item: &mut Item) {
    if item.kind.plural != "organisationUnits" {
        return;
    }
    let (opening, closed) = (text(&item.sent, "openingDate"), text(&item.sent, "closedDate"));
    if let (Some(opening), Some(closed)) = (opening, closed)
        && time::day(closed) <= time::day(opening)
    {
        let message = format!("Invalid Closing date `{closed}`, must be after Opening date `{opening}`");
        item.problem("E4013", message).property = Some("closedDate".to_owned());
    }
    let mut above = parent(&item.sent);
    let mut seen = BTreeSet::new();
    while let Some(unit) = above.filter(|unit| seen.insert(*unit)) {
        if unit == item.uid {
            item.problem("E4027", format!("Value `{unit}` is not a valid for property `parent`")).property = Some("parent".to_owned());
            return;
        }
        above = parents.get(&unit).copied().unwrap_or_else(|| store.get(item.kind, unit).and_then(parent));
    }
}

/// Attribute, value of an object.
fn values(object: &Object) -> impl Iterator<Item = (Uid, &str)> {
    let list = object.get("attributeValues").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|one| Some((Uid::parse(kind::reference(one.get("attribute")?)?)?, one.get("value")?.as_str()?)))
}

fn attributes(store: &Store, item: &mut Item) {
    let kind = Kind::plural("attributes").expect("the kinds are listed");
    let assigned = |attribute: &Object| {
        let flag = format!("{}Attribute", item.kind.singular);
        let listed = attribute.get("objectTypes").and_then(Value::as_array).into_iter().flatten();
        attribute.get(&flag).and_then(Value::as_bool).unwrap_or_default()
            || listed.filter_map(Value::as_str).any(|name| name.replace('_', "").eq_ignore_ascii_case(item.kind.singular))
    };
    let given: Vec<Uid> = values(&item.sent).map(|(attribute, _)| attribute).collect();
    let mut found = Vec::new();
    for (uid, attribute) in store.of(kind) {
        let is_given = given.contains(&uid);
        if is_given && !assigned(attribute) {
            found.push(("E4010", format!("Attribute `{uid}` is not supported for type `{}`.", item.kind.klass)));
        }
        let mandatory = attribute.get("mandatory").and_then(Value::as_bool).unwrap_or_default();
        if mandatory && !is_given && assigned(attribute) {
            found.push(("E4011", format!("Attribute `{uid}` is required, but no value was found.")));
        }
    }
    for (code, message) in found {
        item.problem(code, message).property = Some("attributeValues".to_owned());
    }
}

/// No two objects of a kind have one code. Options are told apart within their set only.
fn codes(store: &Store, items: &mut [Item]) {
    let mut known: BTreeMap<(&'static str, String), Uid> = BTreeMap::new();
    for kind in Kind::all().iter().filter(|kind| kind.plural != "options") {
        if items.iter().any(|item| item.kind == kind) {
            known.extend(store.of(kind).filter_map(|(uid, object)| Some(((kind.plural, text(object, "code")?.to_owned()), uid))));
        }
    }
    // An object of the document that gives its code up leaves it to the others.
    let replaced: BTreeSet<Uid> = items.iter().map(|item| item.uid).collect();
    known.retain(|_, uid| !replaced.contains(uid));
    for item in items.iter_mut().filter(|item| item.kind.plural != "options") {
        let Some(code) = text(&item.sent, "code").map(str::to_owned) else { continue };
        match known.get(&(item.kind.plural, code.clone())) {
            Some(other) if *other != item.uid => {
                let message = format!("Property `code` with value `{code}` on object {} already exists on object {other}.", item.shown());
                item.problem("E5003", message).property = Some("code".to_owned());
            }
            _ => {
                known.insert((item.kind.plural, code), item.uid);
            }
        }
    }
}

/// Within a set no two options have one code or one name.
fn options(store: &Store, items: &mut [Item]) {
    let kind = Kind::plural("options").expect("the kinds are listed");
    let sent: BTreeSet<Uid> = items.iter().filter(|item| item.kind == kind).map(|item| item.uid).collect();
    if sent.is_empty() {
        return;
    }
    let set_of = |option: &Object| option.get("optionSet").and_then(kind::reference).and_then(Uid::parse);
    let called = |option: &Object| -> Vec<(Uid, &'static str, String)> {
        let Some(set) = set_of(option) else { return Vec::new() };
        ["code", "name"].into_iter().filter_map(|name| Some((set, name, text(option, name)?.to_owned()))).collect()
    };
    let stored = store.of(kind).filter(|(uid, _)| !sent.contains(uid));
    let mut known: BTreeMap<(Uid, &'static str, String), Uid> =
        stored.flat_map(|(uid, option)| called(option).into_iter().map(move |name| (name, uid))).collect();
    for item in items.iter_mut().filter(|item| item.kind == kind) {
        for (set, property, name) in called(&item.sent) {
            let holder = *known.entry((set, property, name.clone())).or_insert(item.uid);
            if holder != item.uid {
                let message = format!("Option set `{set}` already contains option `{name}`");
                item.problem("E4028", message).property = Some(property.to_owned());
                break;
            }
        }
    }
}

/// No two objects of a kind have one value of a unique attribute.
fn attribute_values(store: &Store, items: &mut [Item]) {
    let kind = Kind::plural("attributes").expect("the kinds are listed");
    let is_unique = |uid: Uid| store.get(kind, uid).and_then(|one| one.get("unique")).and_then(Value::as_bool).unwrap_or_default();
    let mut known: BTreeMap<(&'static str, Uid, String), Uid> = BTreeMap::new();
    for kind in Kind::all() {
        if items.iter().any(|item| item.kind == kind && item.sent.contains_key("attributeValues")) {
            for (uid, object) in store.of(kind) {
                known.extend(values(object).map(|(attribute, value)| ((kind.plural, attribute, value.to_owned()), uid)));
            }
        }
    }
    let replaced: BTreeSet<Uid> = items.iter().map(|item| item.uid).collect();
    known.retain(|_, uid| !replaced.contains(uid));
    for item in items {
        let given: Vec<(Uid, String)> = values(&item.sent).map(|(attribute, value)| (attribute, value.to_owned())).collect();
        for (attribute, value) in given.into_iter().filter(|(attribute, _)| is_unique(*attribute)) {
            let other = known.entry((item.kind.plural, attribute, value.clone())).or_insert(item.uid);
            if *other != item.uid {
                let message = format!("Attribute `{attribute}` is unique, and value `{value}` already exist.");
                item.problem("E4009", message).property = Some("attributeValues".to_owned());
            }
        }
    }
}
