//! Locations: names unique among siblings, what names them, and the tree.

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::dates;
use super::error::{Error, Result};
use super::schema::LOCATION;
use super::store::{Store, Table, is_deleted};

/// Creates a location and returns its id.
pub fn create(store: &mut Store, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|_| author.custom_ids).map(str::to_owned);
    LOCATION.strip(&mut sent);
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    put_new(store, &id, sent, author)?;
    Ok(id)
}

/// Adds a location of the options under its own id.
pub fn seed(store: &mut Store, location: &Value, author: &Author) -> Result<()> {
    let Some(mut record) = location.as_object().cloned() else {
        return Err(Error::plain(400, "Value is not an object."));
    };
    let id = record.get("id").and_then(Value::as_str).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
    LOCATION.strip(&mut record);
    put_new(store, &id, record, author)
}

fn put_new(store: &mut Store, id: &str, mut record: Map<String, Value>, author: &Author) -> Result<()> {
    coerce::record(&LOCATION, &mut record)?;
    record.entry("active").or_insert(json!(true));
    record.entry("parentLocationId").or_insert(Value::Null);
    valid(&record)?;
    check_siblings(&store.locations, &record, None)?;
    record.insert("id".to_owned(), json!(id));
    author.stamp_new(&mut record);
    store.locations.put(record);
    Ok(())
}

/// Changes the fields that were sent.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    LOCATION.strip(&mut sent);
    coerce::record(&LOCATION, &mut sent)?;
    let deactivates = sent.get("active") == Some(&Value::Bool(false));
    let mut record = store.locations.live(id).cloned().ok_or_else(|| Error::no_such_model("location", id))?;
    record.extend(sent);
    valid(&record)?;
    check_siblings(&store.locations, &record, Some(id))?;
    if deactivates {
        check_below(&store.locations, id)?;
    }
    author.stamp(&mut record);
    store.locations.put(record);
    Ok(())
}

/// A location is closed only when none right below it is active.
pub(super) fn check_below(table: &Table, id: &str) -> Result<()> {
    let active = |child: &Map<String, Value>| !is_deleted(child) && child.get("active") == Some(&Value::Bool(true));
    if !table.children(id).any(active) {
        return Ok(());
    }
    let message = "This `location` still has sub models that are active. Please make sure to deactivate all child models \
        before deactivating a parent model.";
    Err(Error::coded(400, "DEACTIVATE_PARENT_MODEL", message))
}

/// Soft-deletes a location and all below it, unless one of them is used; says whether it was there.
pub fn delete(store: &mut Store, id: &str, author: &Author) -> Result<usize> {
    if store.locations.live(id).is_none() {
        return Ok(0);
    }
    let subtree = store.locations.subtree(id);
    if usage(store, &subtree).values().any(|records| !records.is_empty()) {
        return Err(Error::coded(422, "MODEL_IN_USE", format!("Model `location` id `{id}` is in use.")));
    }
    for id in &subtree {
        mark(store, id, true, author);
    }
    Ok(1)
}

pub(super) fn mark(store: &mut Store, id: &str, deleted: bool, author: &Author) {
    let Some(mut record) = store.locations.get(id).cloned() else {
        return;
    };
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(deleted));
    record.insert("deletedAt".to_owned(), if deleted { json!(dates::iso(author.now)) } else { Value::Null });
    store.locations.put(record);
}

pub(super) fn valid(record: &Map<String, Value>) -> Result<()> {
    let problems = LOCATION.missing(record);
    if problems.is_empty() { Ok(()) } else { Err(Error::validation("location", &problems)) }
}

pub(super) fn check_siblings(table: &Table, record: &Map<String, Value>, own: Option<&str>) -> Result<()> {
    let name = lower(record.get("name"));
    let synonyms = synonyms(record);
    let parent = record.get("parentLocationId").and_then(Value::as_str).unwrap_or_default();
    for sibling in table.children(parent).filter(|sibling| !is_deleted(sibling)) {
        if sibling.get("id").and_then(Value::as_str) == own {
            continue;
        }
        let mut errors = Vec::new();
        if lower(sibling.get("name")) == name {
            let shown = sibling.get("name").and_then(Value::as_str).unwrap_or_default();
            errors.push(format!("A location with name = '{shown}' and the same parentLocationId already exists."));
        }
        for synonym in self::synonyms(sibling).iter().filter(|synonym| synonyms.contains(*synonym)) {
            errors.push(format!("A location with a '{synonym}' synonym and the same parentLocationId already exists."));
        }
        if !errors.is_empty() {
            let message = format!("The `location` is invalid. Details: {}", errors.join(" "));
            return Err(Error::coded(400, "MODEL_IDENTIFIERS_ARE_NOT_UNIQUE_IN_CONTEXT", message));
        }
    }
    Ok(())
}

pub(super) fn lower(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

pub(super) fn synonyms(record: &Map<String, Value>) -> HashSet<String> {
    let list = record.get("synonyms").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|synonym| lower(Some(synonym))).collect()
}

/// What names one of these locations, by the model that does. What is deleted names nothing any more.
pub fn usage(store: &Store, ids: &[String]) -> BTreeMap<&'static str, Vec<Map<String, Value>>> {
    let ids: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let is_one = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|id| ids.contains(id));
    let in_list = |record: &Map<String, Value>, field: &str| {
        record.get(field).and_then(Value::as_array).is_some_and(|items| items.iter().any(|item| is_one(item.get("locationId"))))
    };
    let at_address = |record: &Map<String, Value>| is_one(record.get("address").and_then(|address| address.get("locationId")));
    let named = |record: &Map<String, Value>| {
        record.get("locationIds").and_then(Value::as_array).is_some_and(|list| list.iter().any(|id| is_one(Some(id))))
    };
    let mut usage: BTreeMap<&'static str, Vec<Map<String, Value>>> =
        ["case", "contact", "contactOfContact", "event", "followUp", "outbreak", "team"]
            .into_iter()
            .map(|model| (model, Vec::new()))
            .collect();
    let mut add = |model: &'static str, record: Map<String, Value>| usage.entry(model).or_default().push(record);
    for person in store.people.all().iter().filter(|person| !person.deleted) {
        let record = person.record();
        let is_there = in_list(&record, "addresses")
            || in_list(&record, "dateRanges")
            || at_address(&record)
            || is_one(record.get("deathLocationId"))
            || is_one(record.get("burialLocationId"));
        if is_there {
            add(model_of(person.kind), record);
        }
    }
    for follow_up in store.follow_ups.all().iter().filter(|follow_up| !follow_up.deleted) {
        let record = follow_up.record();
        if at_address(&record) {
            add("followUp", record);
        }
    }
    store.outbreaks.matching(false, None).filter(|record| named(record)).for_each(|record| add("outbreak", record.clone()));
    store.teams.matching(false, None).filter(|record| named(record)).for_each(|record| add("team", record.clone()));
    usage
}

fn model_of(kind: &str) -> &'static str {
    match kind.rsplit("PERSON_TYPE_").next() {
        Some("CONTACT") => "contact",
        Some("CONTACT_OF_CONTACT") => "contactOfContact",
        Some("EVENT") => "event",
        _ => "case",
    }
}

/// The tree: all of it, or what matches with its ancestors and (unless told otherwise) what is below.
pub fn tree(table: &Table, matching: Option<&HashSet<String>>, include_children: bool) -> Value {
    let shown: Option<HashSet<String>> = matching.map(|matching| {
        let mut shown = HashSet::new();
        for id in matching {
            shown.extend(if include_children { table.subtree(id) } else { vec![id.clone()] });
            let mut next = Some(id.clone());
            while let Some(id) = next {
                next = table.live(&id).and_then(|record| record.get("parentLocationId")?.as_str().map(str::to_owned));
                if !shown.insert(id.clone()) && !matching.contains(&id) {
                    break;
                }
            }
        }
        shown
    });
    branches(table, "", &|location, id| !is_deleted(location) && shown.as_ref().is_none_or(|shown| shown.contains(id)), &mut HashSet::new())
}

/// The whole tree with its deleted locations, as an export has it that asks for them.
pub fn tree_with_deleted(table: &Table) -> Value {
    branches(table, "", &|_, _| true, &mut HashSet::new())
}

/// Sets `updatedAt` of all locations of a tree, so that an import elsewhere takes all of them for newer.
pub fn stamp_tree(tree: &mut Value, now: i64) {
    for node in tree.as_array_mut().into_iter().flatten() {
        node["location"]["updatedAt"] = json!(dates::iso(now));
        stamp_tree(&mut node["children"], now);
    }
}

fn branches(table: &Table, parent: &str, shown: &dyn Fn(&Map<String, Value>, &str) -> bool, walked: &mut HashSet<String>) -> Value {
    let mut nodes = Vec::new();
    for location in table.children(parent) {
        let id = location.get("id").and_then(Value::as_str).unwrap_or_default();
        if !shown(location, id) || !walked.insert(id.to_owned()) {
            continue;
        }
        nodes.push(json!({"location": location, "children": branches(table, id, shown, walked)}));
    }
    Value::Array(nodes)
}
