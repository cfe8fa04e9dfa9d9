//! What must hold among the stored metadata after every change.
//!
//! - An object stores what it owns, and nothing that is derived from others.
//! - Every option combo of every category combo exists, once; one that its combo no longer has stays only as long as values name it.
//! - An option and its option set know each other.
//! - A data set's elements name their data set.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::kind::{self, Kind};
use super::store::{Object, Store, text};
use super::uid::{Maker, Uid};

/// Properties that are made from others when an object is shown.
const DERIVED: &[&str] = &[
    "path",
    "level",
    "leaf",
    "href",
    "access",
    "displayName",
    "displayShortName",
    "displayDescription",
    "displayFormName",
    "favorite",
    "favorites",
    "externalAccess",
    "publicAccess",
    "userAccesses",
    "userGroupAccesses",
    "childCount",
    "memberCount",
    "periodOffset",
];

/// An object without what it does not own, and without what is null.
pub fn owned(kind: &Kind, mut object: Object) -> Object {
    object.retain(|name, value| {
        let derived = DERIVED.contains(&name.as_str())
            && !(kind.plural == "organisationUnitLevels" && name == "level")
            && !(kind.plural == "dataApprovalLevels" && name == "level");
        !value.is_null() && !derived && kind.part(name).is_none_or(kind::Part::is_owned)
    });
    object
}

/// Restores what must hold. `in_use` says of an option combo whether values name it.
pub fn restore(store: &mut Store, maker: &mut Maker, stamp: &str, in_use: impl Fn(Uid) -> bool) {
    options_know_their_sets(store);
    data_set_elements_name_their_set(store);
    option_combos(store, maker, stamp, in_use);
}

fn kind_of(plural: &str) -> &'static Kind {
    Kind::plural(plural).expect("the kinds are listed")
}

fn ids(object: &Object, name: &str) -> Vec<Uid> {
    let list = object.get(name).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| kind::reference(item).and_then(Uid::parse)).collect()
}

fn one(object: &Object, name: &str) -> Option<Uid> {
    object.get(name).and_then(kind::reference).and_then(Uid::parse)
}

fn references(uids: impl IntoIterator<Item = Uid>) -> Value {
    uids.into_iter().map(|uid| json!({"id": uid.as_str()})).collect()
}

fn options_know_their_sets(store: &mut Store) {
    let (options, sets) = (kind_of("options"), kind_of("optionSets"));
    let mut members: BTreeMap<Uid, Vec<Uid>> = store.of(sets).map(|(uid, set)| (uid, ids(set, "options"))).collect();
    let mut pointing: Vec<(Uid, Uid, i64)> = store
        .of(options)
        .filter_map(|(uid, option)| {
            Some((one(option, "optionSet")?, uid, option.get("sortOrder").and_then(Value::as_i64).unwrap_or(i64::MAX)))
        })
        .collect();
    pointing.sort_by_key(|(set, uid, order)| (*set, *order, *uid));
    for (set, option, _) in pointing {
        if let Some(listed) = members.get_mut(&set)
            && !listed.contains(&option)
        {
            listed.push(option);
        }
    }
    for (set, listed) in members {
        let Some(mut object) = store.get(sets, set).cloned() else { continue };
        if ids(&object, "options") != listed {
            object.insert("options".to_owned(), references(listed.iter().copied()));
            store.put(sets, set, object);
        }
        for (position, option) in listed.into_iter().enumerate() {
            let Some(mut object) = store.get(options, option).cloned() else { continue };
            let wanted = (json!({"id": set.as_str()}), json!(position + 1));
            if object.get("optionSet") != Some(&wanted.0) || object.get("sortOrder") != Some(&wanted.1) {
                object.insert("optionSet".to_owned(), wanted.0);
                object.insert("sortOrder".to_owned(), wanted.1);
                store.put(options, option, object);
            }
        }
    }
}

fn data_set_elements_name_their_set(store: &mut Store) {
    let sets = kind_of("dataSets");
    let mut changed = Vec::new();
    for (uid, object) in store.of(sets) {
        let wanted = json!({"id": uid.as_str()});
        let list = object.get("dataSetElements").and_then(Value::as_array);
        if list.is_some_and(|list| list.iter().any(|item| item.get("dataSet") != Some(&wanted))) {
            changed.push(uid);
        }
    }
    for uid in changed {
        let Some(mut object) = store.get(sets, uid).cloned() else { continue };
        for item in object.get_mut("dataSetElements").and_then(Value::as_array_mut).into_iter().flatten() {
            item["dataSet"] = json!({"id": uid.as_str()});
        }
        store.put(sets, uid, object);
    }
}

/// Makes the option combos that are missing, with the names of their options, and takes those away that their combo no longer has.
fn option_combos(store: &mut Store, maker: &mut Maker, stamp: &str, in_use: impl Fn(Uid) -> bool) {
    let (combos, categories, made) = (kind_of("categoryCombos"), kind_of("categories"), kind_of("categoryOptionCombos"));
    let mut there: BTreeMap<Uid, BTreeMap<BTreeSet<Uid>, Uid>> = BTreeMap::new();
    for (uid, object) in store.of(made) {
        if let Some(combo) = one(object, "categoryCombo") {
            there.entry(combo).or_default().insert(ids(object, "categoryOptions").into_iter().collect(), uid);
        }
    }
    let all: Vec<(Uid, Vec<Uid>)> = store.of(combos).map(|(uid, combo)| (uid, ids(combo, "categories"))).collect();
    for (combo, of) in all {
        let lists: Option<Vec<Vec<Uid>>> =
            of.iter().map(|uid| store.get(categories, *uid).map(|one| ids(one, "categoryOptions"))).collect();
        let Some(lists) = lists else { continue };
        let mut gone = there.remove(&combo).unwrap_or_default();
        for options in product(&lists) {
            if gone.remove(&options.iter().copied().collect::<BTreeSet<_>>()).is_none() {
                let (uid, object) = option_combo(store, combo, &options, maker, stamp);
                store.put(made, uid, object);
            }
        }
        for uid in gone.into_values().filter(|uid| !in_use(*uid)) {
            store.remove(made, uid);
        }
    }
}

fn product(lists: &[Vec<Uid>]) -> Vec<Vec<Uid>> {
    if lists.is_empty() {
        return Vec::new();
    }
    lists.iter().fold(vec![Vec::new()], |rows, list| {
        rows.iter().flat_map(|row| list.iter().map(|option| row.iter().copied().chain([*option]).collect())).collect()
    })
}

fn option_combo(store: &Store, combo: Uid, options: &[Uid], maker: &mut Maker, stamp: &str) -> (Uid, Object) {
    let kind = kind_of("categoryOptions");
    let names: Vec<&str> = options.iter().filter_map(|uid| text(store.get(kind, *uid)?, "name")).collect();
    let uid = maker.uid();
    let mut object = Map::new();
    object.insert("id".to_owned(), json!(uid.as_str()));
    object.insert("name".to_owned(), json!(names.join(", ")));
    object.insert("ignoreApproval".to_owned(), json!(false));
    object.insert("created".to_owned(), json!(stamp));
    object.insert("lastUpdated".to_owned(), json!(stamp));
    object.insert("categoryCombo".to_owned(), json!({"id": combo.as_str()}));
    object.insert("categoryOptions".to_owned(), references(options.iter().copied()));
    (uid, object)
}
