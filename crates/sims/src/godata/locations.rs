//! Locations: names unique among siblings, the tree, and the import of a tree.

use std::collections::{HashMap, HashSet};

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
    let active = |child: &Map<String, Value>| !is_deleted(child) && child.get("active") == Some(&Value::Bool(true));
    if deactivates && store.locations.children(id).any(active) {
        let message = "This `location` still has sub models that are active. Please make sure to deactivate all child models \
            before deactivating a parent model.";
        return Err(Error::coded(400, "DEACTIVATE_PARENT_MODEL", message));
    }
    author.stamp(&mut record);
    store.locations.put(record);
    Ok(())
}

/// Soft-deletes a location and all below it, unless one of them is used; says whether it was there.
pub fn delete(store: &mut Store, id: &str, author: &Author) -> Result<usize> {
    if store.locations.live(id).is_none() {
        return Ok(0);
    }
    let subtree = store.locations.subtree(id);
    if in_use(store, &subtree) {
        return Err(Error::coded(422, "MODEL_IN_USE", format!("Model `location` id `{id}` is in use.")));
    }
    for id in &subtree {
        mark(store, id, true, author);
    }
    Ok(1)
}

fn mark(store: &mut Store, id: &str, deleted: bool, author: &Author) {
    let Some(mut record) = store.locations.get(id).cloned() else {
        return;
    };
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(deleted));
    record.insert("deletedAt".to_owned(), if deleted { json!(dates::iso(author.now)) } else { Value::Null });
    store.locations.put(record);
}

fn valid(record: &Map<String, Value>) -> Result<()> {
    let problems = LOCATION.missing(record);
    if problems.is_empty() { Ok(()) } else { Err(Error::validation("location", &problems)) }
}

fn check_siblings(table: &Table, record: &Map<String, Value>, own: Option<&str>) -> Result<()> {
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

fn lower(value: Option<&Value>) -> String {
    value.and_then(Value::as_str).unwrap_or_default().to_lowercase()
}

fn synonyms(record: &Map<String, Value>) -> HashSet<String> {
    let list = record.get("synonyms").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    list.iter().map(|synonym| lower(Some(synonym))).collect()
}

/// Whether a person or an outbreak refers to one of these locations.
fn in_use(store: &Store, ids: &[String]) -> bool {
    let ids: HashSet<&str> = ids.iter().map(String::as_str).collect();
    let is_one = |value: Option<&Value>| value.and_then(Value::as_str).is_some_and(|id| ids.contains(id));
    let in_list = |record: &Map<String, Value>, field: &str| {
        record.get(field).and_then(Value::as_array).is_some_and(|items| items.iter().any(|item| is_one(item.get("locationId"))))
    };
    let by_people = store.people.all().iter().filter(|person| !person.deleted).any(|person| {
        let record = person.record();
        in_list(&record, "addresses")
            || in_list(&record, "dateRanges")
            || is_one(record.get("deathLocationId"))
            || is_one(record.get("burialLocationId"))
    });
    by_people
        || store.outbreaks.matching(false, None).any(|outbreak| {
            outbreak.get("locationIds").and_then(Value::as_array).is_some_and(|list| list.iter().any(|id| is_one(Some(id))))
        })
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

/// One location of a file, with where it stands in it.
struct Row {
    number: String,
    node: Value,
    location: Map<String, Value>,
    /// The key of the parent's row, when the parent is in the file.
    parent_at: Option<usize>,
    /// What the file says is the parent, by id.
    stated_parent: Option<String>,
}

/// Imports a tree. Everything that can be wrong is looked for before the first row is written.
pub fn import(store: &mut Store, file: &[u8], author: &Author) -> Result<(Vec<Map<String, Value>>, usize)> {
    let content = |details: &str| {
        Error::coded(422, "INVALID_CONTENT_OF_TYPE", format!("Invalid JSON content: {details}"))
            .details(json!({"contentType": "JSON", "details": details}))
    };
    let parsed: Value = serde_json::from_slice(file).map_err(|error| content(&error.to_string()))?;
    let Value::Array(nodes) = parsed else {
        return Err(content("it should contain an array"));
    };
    let mut rows = Vec::new();
    flatten(&nodes, "", None, &mut rows).map_err(|()| content("each node needs a location"))?;
    let failed = check_file(&rows);
    let failed = if failed.is_empty() { check_store(&store.locations, &rows) } else { failed };
    if !failed.is_empty() {
        return Err(Error::coded(422, "IMPORT_PARTIAL_SUCCESS_WITH_DETAILS", "Pre-validation failed").details(json!({"failed": failed})));
    }
    write(store, rows, author)
}

fn flatten(nodes: &[Value], prefix: &str, parent: Option<usize>, rows: &mut Vec<Row>) -> std::result::Result<(), ()> {
    for (at, node) in nodes.iter().enumerate() {
        let number = if prefix.is_empty() { (at + 1).to_string() } else { format!("{prefix} - {}", at + 1) };
        let location = node.get("location").and_then(Value::as_object).cloned().ok_or(())?;
        let stated_parent = location.get("parentLocationId").and_then(Value::as_str).map(str::to_owned);
        let own = rows.len();
        rows.push(Row { number: number.clone(), node: node.clone(), location, parent_at: parent, stated_parent });
        if let Some(Value::Array(children)) = node.get("children") {
            flatten(children, &number, Some(own), rows)?;
        }
    }
    Ok(())
}

fn failure(number: &str, message: &str, file: &Value) -> Value {
    json!({
        "error": {"code": "PRE_VALIDATION"}, "recordNo": number,
        "message": format!("LNG_PAGE_IMPORT_DATA_ERROR_{message}"), "data": {"file": file}
    })
}

fn row_id(row: &Row) -> Option<&str> {
    row.location.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())
}

fn check_file(rows: &[Row]) -> Vec<Value> {
    let mut failed = Vec::new();
    let mut ids: HashMap<&str, usize> = HashMap::new();
    let mut names: HashMap<(Option<usize>, Option<&str>, String), usize> = HashMap::new();
    let mut synonyms_seen: HashMap<(Option<usize>, Option<&str>, String), usize> = HashMap::new();
    for (at, row) in rows.iter().enumerate() {
        let quoted = format!("'{}'", row.number);
        let file = row.node.get("location").unwrap_or(&Value::Null);
        if let Some(first) = row_id(row).and_then(|id| ids.insert(id, at)) {
            failed.push(failure(&format!("'{}', {quoted}", rows[first].number), "SAME_ID", file));
        }
        if let (Some(stated), Some(parent)) = (&row.stated_parent, row.parent_at)
            && row_id(&rows[parent]) != Some(stated)
        {
            failed.push(failure(&quoted, "WRONG_PARENT", file));
        }
        if row.location.get("name").and_then(Value::as_str).is_none_or(str::is_empty) {
            failed.push(failure(&quoted, "INVALID_NAME", file));
            continue;
        }
        if row.location.get("synonyms").is_some_and(|list| !list.is_array() && !list.is_null()) {
            failed.push(failure(&quoted, "INVALID_SYNONYMS", file));
            continue;
        }
        let root = if row.parent_at.is_none() { row.stated_parent.as_deref() } else { None };
        if let Some(first) = names.insert((row.parent_at, root, lower(row.location.get("name"))), at) {
            failed.push(failure(&format!("'{}', {quoted}", rows[first].number), "DUPLICATE_FILE_NAME", file));
        }
        for synonym in synonyms(&row.location) {
            if let Some(first) = synonyms_seen.insert((row.parent_at, root, synonym), at) {
                failed.push(failure(&format!("'{}', {quoted}", rows[first].number), "DUPLICATE_FILE_SYNONYMS", file));
            }
        }
    }
    failed
}

fn check_store(table: &Table, rows: &[Row]) -> Vec<Value> {
    let mut failed = Vec::new();
    let in_file: HashSet<&str> = rows.iter().filter_map(row_id).collect();
    for row in rows {
        let quoted = format!("'{}'", row.number);
        let file = row.node.get("location").unwrap_or(&Value::Null);
        let parent = match row.parent_at {
            Some(parent) => row_id(&rows[parent]),
            None => row.stated_parent.as_deref(),
        };
        if let (None, Some(parent)) = (row.parent_at, parent)
            && table.live(parent).is_none()
            && !in_file.contains(parent)
        {
            failed.push(failure(&quoted, "PARENT_MISSING", file));
            continue;
        }
        if is_below_itself(table, row_id(row), parent) {
            failed.push(failure(&quoted, "PARENT_LOOP", file));
            continue;
        }
        // A parent without an id is new, so it has no children yet.
        if row.parent_at.is_some() && parent.is_none() {
            continue;
        }
        let name = lower(row.location.get("name"));
        let synonyms = synonyms(&row.location);
        let others = table.children(parent.unwrap_or_default()).filter(|sibling| {
            let id = sibling.get("id").and_then(Value::as_str);
            !is_deleted(sibling) && id != row_id(row) && !id.is_some_and(|id| in_file.contains(id))
        });
        for sibling in others {
            if lower(sibling.get("name")) == name {
                failed.push(failure(&quoted, "DUPLICATE_DB_NAME", file));
            } else if self::synonyms(sibling).intersection(&synonyms).next().is_some() {
                failed.push(failure(&quoted, "DUPLICATE_DB_SYNONYMS", file));
            }
        }
    }
    failed
}

/// Whether the stored ancestors of the parent lead to the location itself.
fn is_below_itself(table: &Table, id: Option<&str>, parent: Option<&str>) -> bool {
    let (Some(id), Some(parent)) = (id, parent) else {
        return false;
    };
    let mut seen = HashSet::new();
    let mut next = Some(parent.to_owned());
    while let Some(ancestor) = next {
        if ancestor == id {
            return true;
        }
        if !seen.insert(ancestor.clone()) {
            return false;
        }
        next = table.get(&ancestor).and_then(|record| record.get("parentLocationId")?.as_str().map(str::to_owned));
    }
    false
}

/// Row by row, parents first. What the file has in an older state is left alone, and answered all the same.
fn write(store: &mut Store, rows: Vec<Row>, author: &Author) -> Result<(Vec<Map<String, Value>>, usize)> {
    let mut ids: Vec<String> = Vec::with_capacity(rows.len());
    let mut written = 0;
    for row in rows {
        let id = row_id(&row).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let parent = row.parent_at.map(|parent| ids[parent].clone()).or(row.stated_parent);
        let in_file = row.location.get("updatedAt").and_then(Value::as_str).and_then(dates::javascript);
        let deleted = row.location.get("deleted").and_then(Value::as_bool);
        ids.push(id.clone());
        let mut record = row.location;
        LOCATION.strip(&mut record);
        coerce::record(&LOCATION, &mut record)?;
        let stored = store.locations.get(&id).cloned();
        if let Some(stored) = &stored {
            let known = stored.get("updatedAt").and_then(Value::as_str).and_then(dates::javascript).unwrap_or_default();
            if in_file.is_some_and(|stamp| stamp <= known) {
                continue;
            }
        }
        let is_new = stored.is_none();
        let mut merged = stored.unwrap_or_default();
        merged.extend(record);
        merged.entry("active").or_insert(json!(true));
        merged.insert("parentLocationId".to_owned(), parent.map_or(Value::Null, Value::String));
        merged.insert("id".to_owned(), json!(id));
        if is_new {
            author.stamp_new(&mut merged);
        } else {
            author.stamp(&mut merged);
        }
        if let Some(stamp) = in_file {
            merged.insert("updatedAt".to_owned(), json!(dates::iso(stamp)));
        }
        let was_deleted = is_deleted(&merged);
        store.locations.put(merged);
        if let Some(deleted) = deleted.filter(|deleted| *deleted != was_deleted) {
            mark(store, &id, deleted, author);
        }
        written += 1;
    }
    Ok((ids.iter().filter_map(|id| store.locations.get(id).cloned()).collect(), written))
}
