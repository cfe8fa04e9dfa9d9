//! Writing what was found good.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Item, Writer};
use crate::dhis2::kind::{self, Kind};
use crate::dhis2::store::{Object, Store};
use crate::dhis2::uid::Uid;

/// Kinds that everybody sees as they are: no sharing.
const WITHOUT_SHARING: &[&str] = &[
    "organisationUnits",
    "organisationUnitLevels",
    "options",
    "categoryOptionCombos",
    "sections",
    "userRoles",
    "users",
    "userGroups",
    "attributes",
    "dataApprovalLevels",
    "dataApprovalWorkflows",
];

/// Writes the objects. Each replaces the one that was there: what is not sent is gone, but for its beginning and its sharing.
pub fn all(store: &mut Store, items: Vec<Item>, writer: &Writer<'_>) {
    let mut changed_sets = BTreeSet::new();
    for item in items {
        let before = store.get(item.kind, item.uid).cloned();
        let mut object = stamped(item.kind, item.sent, before.as_ref(), writer);
        match item.kind.plural {
            "options" => changed_sets.extend([before.as_ref(), Some(&object)].into_iter().flatten().filter_map(set_of)),
            "optionSets" => {
                // It counts its changes itself, whatever is sent.
                if let Some(before) = &before {
                    object.insert("version".to_owned(), json!(version(before) + 1));
                }
                object.entry("version").or_insert_with(|| json!(0));
                changed_sets.remove(&item.uid);
            }
            _ => {}
        }
        store.put(item.kind, item.uid, object);
    }
    for set in changed_sets {
        options_of_set_changed(store, set);
    }
}

fn set_of(option: &Object) -> Option<Uid> {
    option.get("optionSet").and_then(kind::reference).and_then(Uid::parse)
}

fn version(set: &Object) -> i64 {
    set.get("version").and_then(Value::as_i64).unwrap_or_default()
}

/// The options of a set stand in the order that they ask for, and the set counts the change.
fn options_of_set_changed(store: &mut Store, set: Uid) {
    let (options, sets) =
        (Kind::plural("options").expect("the kinds are listed"), Kind::plural("optionSets").expect("the kinds are listed"));
    let Some(mut object) = store.get(sets, set).cloned() else { return };
    let listed = object.get("options").and_then(Value::as_array).into_iter().flatten();
    let mut listed: Vec<Uid> = listed.filter_map(|one| kind::reference(one).and_then(Uid::parse)).collect();
    let members: BTreeSet<Uid> = store.of(options).filter(|(_, option)| set_of(option) == Some(set)).map(|(uid, _)| uid).collect();
    listed.retain(|uid| members.contains(uid));
    let new: Vec<Uid> = members.iter().copied().filter(|uid| !listed.contains(uid)).collect();
    listed.extend(new);
    listed
        .sort_by_key(|uid| store.get(options, *uid).and_then(|option| option.get("sortOrder")).and_then(Value::as_i64).unwrap_or(i64::MAX));
    object.insert("options".to_owned(), listed.iter().map(|uid| json!({"id": uid.as_str()})).collect());
    object.insert("version".to_owned(), json!(version(&object) + 1));
    store.put(sets, set, object);
}

/// What is sent, with what the server writes down itself.
fn stamped(kind: &Kind, mut object: Object, before: Option<&Object>, writer: &Writer<'_>) -> Object {
    let user = json!({"id": writer.account.id.as_str(), "name": writer.account.username, "username": writer.account.username});
    let kept = |name: &str| before.and_then(|before| before.get(name)).cloned();
    object.insert("created".to_owned(), kept("created").unwrap_or_else(|| json!(writer.stamp)));
    object.insert("createdBy".to_owned(), kept("createdBy").unwrap_or_else(|| user.clone()));
    object.insert("lastUpdated".to_owned(), json!(writer.stamp));
    object.insert("lastUpdatedBy".to_owned(), user);
    if !object.contains_key("sharing") && !WITHOUT_SHARING.contains(&kind.plural) {
        // Whoever makes an object may work with it; others see it, and may not enter data for it.
        let owner = writer.account.id.as_str();
        let fresh = || json!({"public": "rw------", "external": false, "owner": owner, "users": {}, "userGroups": {}});
        object.insert("sharing".to_owned(), kept("sharing").unwrap_or_else(fresh));
    }
    // `false` and 0 are what the server has for a flag or number that was not sent; only those that others compute with are written out.
    let defaults: &[(&str, Value)] = match kind.plural {
        "dataElements" => &[("zeroIsSignificant", json!(false))],
        "dataSets" => &[("openFuturePeriods", json!(0)), ("expiryDays", json!(0)), ("timelyDays", json!(15))],
        "categoryCombos" => &[("skipTotal", json!(false)), ("dataDimensionType", json!("DISAGGREGATION"))],
        _ => &[],
    };
    for (name, value) in defaults {
        object.entry(*name).or_insert_with(|| value.clone());
    }
    if matches!(kind.plural, "dataElements" | "dataSets") {
        object.entry("categoryCombo").or_insert_with(|| json!({"id": crate::dhis2::model::default::COMBO}));
    }
    object
}
