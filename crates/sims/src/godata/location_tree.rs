//! The import of a tree of locations: everything is looked through first, then written row by row, without a way back.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::dates;
use super::error::{Error, Result};
use super::locations::{self, check_below, check_siblings, lower, mark, valid};
use super::schema::LOCATION;
use super::store::{Store, Table, is_deleted};

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

/// What an import of a tree came to.
pub struct Imported {
    /// The locations of the file as they are now, those that were left alone too.
    pub records: Vec<Map<String, Value>>,
    /// How many were written.
    pub written: usize,
    /// Why it stopped before its end. What it had written by then stays.
    pub stopped: Option<Error>,
}

/// Imports a tree. Everything that can be wrong with the file is looked for before the first row is written.
pub fn import(store: &mut Store, file: &[u8], author: &Author) -> Result<Imported> {
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
    let mut imported = Imported { records: Vec::new(), written: 0, stopped: None };
    let mut ids = Vec::with_capacity(rows.len());
    imported.stopped = write(store, rows, author, &mut ids, &mut imported.written).err();
    imported.records = ids.iter().filter_map(|id: &String| store.locations.get(id).cloned()).collect();
    Ok(imported)
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
        for synonym in locations::synonyms(&row.location) {
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
    // Where the file puts those that it has.
    let parents: HashMap<&str, Option<&str>> = rows
        .iter()
        .filter_map(|row| Some((row_id(row)?, row.parent_at.map_or(row.stated_parent.as_deref(), |parent| row_id(&rows[parent])))))
        .collect();
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
        if is_below_itself(table, &parents, row_id(row), parent) {
            failed.push(failure(&quoted, "PARENT_LOOP", file));
            continue;
        }
        // A parent without an id is new, so it has no children yet.
        if row.parent_at.is_some() && parent.is_none() {
            continue;
        }
        let name = lower(row.location.get("name"));
        let own = locations::synonyms(&row.location);
        let others = table.children(parent.unwrap_or_default()).filter(|sibling| {
            let id = sibling.get("id").and_then(Value::as_str);
            !is_deleted(sibling) && id != row_id(row) && !id.is_some_and(|id| in_file.contains(id))
        });
        for sibling in others {
            if lower(sibling.get("name")) == name {
                failed.push(failure(&quoted, "DUPLICATE_DB_NAME", file));
            } else if !locations::synonyms(sibling).is_disjoint(&own) {
                failed.push(failure(&quoted, "DUPLICATE_DB_SYNONYMS", file));
            }
        }
    }
    failed
}

/// Whether the ancestors of the parent, as they will be, lead to the location itself.
fn is_below_itself(table: &Table, of_file: &HashMap<&str, Option<&str>>, id: Option<&str>, parent: Option<&str>) -> bool {
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
        next = match of_file.get(ancestor.as_str()) {
            Some(parent) => parent.map(str::to_owned),
            None => table.get(&ancestor).and_then(|record| record.get("parentLocationId")?.as_str().map(str::to_owned)),
        };
    }
    false
}

/// Row by row, parents first. What the file has in an older state is left alone, and answered all the same.
fn write(store: &mut Store, rows: Vec<Row>, author: &Author, ids: &mut Vec<String>, written: &mut usize) -> Result<()> {
    for row in rows {
        let id = row_id(&row).map_or_else(|| Uuid::new_v4().to_string(), str::to_owned);
        let parent = row.parent_at.map(|parent| ids[parent].clone()).or(row.stated_parent);
        let in_file = row.location.get("updatedAt").and_then(Value::as_str).and_then(dates::javascript);
        let deleted = row.location.get("deleted").and_then(Value::as_bool);
        ids.push(id.clone());
        let mut record = row.location;
        LOCATION.strip(&mut record);
        coerce::record(&LOCATION, &mut record)?;
        let closes = record.get("active") == Some(&Value::Bool(false));
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
        // What is written is looked at as any other save is.
        valid(&merged)?;
        check_siblings(&store.locations, &merged, Some(&id))?;
        if closes && !is_new {
            check_below(&store.locations, &id)?;
        }
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
        *written += 1;
    }
    Ok(())
}
