//! Deleting: what is in use stays, and what is deleted leaves the lists that it was in.

use serde_json::Value;

use super::{Item, Writer};
use crate::dhis2::kind::{self, Kind, Leads};
use crate::dhis2::model::{Sharing, default};
use crate::dhis2::store::{Deleted, Object, Store, text};
use crate::dhis2::uid::Uid;

/// Which references keep an object from being deleted: kind of the object, kind that refers, by which property. All others are cleared.
const KEEPING: &[(&str, &str, &str)] = &[
    ("organisationUnits", "organisationUnits", "parent"),
    ("categoryCombos", "dataElements", "categoryCombo"),
    ("categoryCombos", "dataSets", "categoryCombo"),
    ("categories", "categoryCombos", "categories"),
    ("categoryOptions", "categories", "categoryOptions"),
    ("categoryCombos", "dataSets", "dataSetElements"),
    ("optionSets", "dataElements", "optionSet"),
    ("optionSets", "dataElements", "commentOptionSet"),
    ("optionSets", "attributes", "optionSet"),
    ("indicatorTypes", "indicators", "indicatorType"),
    ("dataApprovalWorkflows", "dataSets", "workflow"),
];

/// Notes what keeps each object from being deleted.
pub fn check(store: &Store, items: &mut [Item], writer: &Writer<'_>) {
    let account = writer.account;
    for item in items.iter_mut().filter(|item| item.exists) {
        if !account.is_superuser() {
            // Whoever may delete option sets may delete their options.
            let named = if item.kind.plural == "options" { "optionSet" } else { item.kind.singular };
            let authority = format!("F_{}_DELETE", named.to_ascii_uppercase());
            let may = store.get(item.kind, item.uid).is_some_and(|one| Sharing::of(one).write(account.id.as_str(), &account.groups));
            if !account.may(&authority) || !may {
                let message = format!("User `{}` is not allowed to delete object `{}`.", account.username, item.uid);
                item.problem("E3002", message);
            }
        }
        if let Some(user) = user_of(store, item.kind, item.uid, writer) {
            item.problem("E4030", format!("Object could not be deleted because it is associated with another object: {user}"));
        }
    }
}

/// What uses an object, so that it cannot be deleted.
fn user_of(store: &Store, kind: &Kind, uid: Uid, writer: &Writer<'_>) -> Option<String> {
    if [default::CATEGORY, default::OPTION, default::COMBO, default::OPTION_COMBO].contains(&uid.as_str()) {
        return Some(kind.klass.to_owned());
    }
    if writer.numbers.mention(uid) {
        return Some("DataValue".to_owned());
    }
    let keeping = KEEPING.iter().filter(|(of, ..)| *of == kind.plural);
    keeping
        .filter(|(_, by, property)| !store.referring(by, property, uid).is_empty())
        .find_map(|(_, by, _)| Some(Kind::plural(by)?.klass.to_owned()))
}

/// Deletes the objects.
pub fn all(store: &mut Store, items: &[Item], writer: &Writer<'_>) {
    for item in items {
        clear_references(store, item.kind, item.uid);
        if item.kind.plural == "attributes" {
            clear_values(store, item.uid);
        }
        let Some(gone) = store.remove(item.kind, item.uid) else { continue };
        store.deleted.push(Deleted {
            kind: item.kind,
            uid: item.uid,
            code: text(&gone, "code").map(str::to_owned),
            at: writer.now,
            by: writer.account.username.clone(),
        });
        if item.kind.plural == "categoryCombos" {
            for combo in store.referring("categoryOptionCombos", "categoryCombo", item.uid) {
                store.remove(Kind::plural("categoryOptionCombos").expect("the kinds are listed"), combo);
            }
        }
    }
}

/// Takes an object out of everything that refers to it.
fn clear_references(store: &mut Store, kind: &Kind, uid: Uid) {
    for other in Kind::all() {
        for part in other.parts {
            let leads_here = match &part.leads {
                Leads::One(plural) | Leads::Many(plural) => *plural == kind.plural,
                Leads::Inline(parts) => parts.iter().any(|inner| matches!(inner.leads, Leads::One(plural) if plural == kind.plural)),
                Leads::Back { .. } | Leads::BackInline { .. } => false,
            };
            if !leads_here {
                continue;
            }
            for referring in store.referring(other.plural, part.name, uid) {
                let Some(mut object) = store.get(other, referring).cloned() else { continue };
                let is_it = |value: &Value| kind::reference(value) == Some(uid.as_str());
                match (&part.leads, object.get_mut(part.name)) {
                    (Leads::Many(_), Some(Value::Array(list))) => list.retain(|item| !is_it(item)),
                    (Leads::Inline(parts), Some(Value::Array(list))) if other != kind => {
                        list.retain(|item| !parts.iter().any(|inner| item.get(inner.name).is_some_and(is_it)));
                    }
                    _ => {
                        object.remove(part.name);
                    }
                }
                store.put(other, referring, object);
            }
        }
    }
}

/// Takes the values of an attribute out of everything that has one.
fn clear_values(store: &mut Store, attribute: Uid) {
    let is_it = |value: &Value| value.get("attribute").and_then(kind::reference) == Some(attribute.as_str());
    for kind in Kind::all() {
        let has = |object: &Object| object.get("attributeValues").and_then(Value::as_array).is_some_and(|list| list.iter().any(is_it));
        let having: Vec<(Uid, Object)> =
            store.of(kind).filter(|(_, object)| has(object)).map(|(uid, object)| (uid, object.clone())).collect();
        for (uid, mut object) in having {
            if let Some(Value::Array(list)) = object.get_mut("attributeValues") {
                list.retain(|value| !is_it(value));
            }
            store.put(kind, uid, object);
        }
    }
}
