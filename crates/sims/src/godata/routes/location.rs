//! Locations.

use std::collections::{BTreeMap, HashSet};

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Call, compile, counted};
use crate::godata::cases::Author;
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::location_tree;
use crate::godata::locations;
use crate::godata::multipart;
use crate::godata::node::Node;
use crate::godata::schema::LOCATION;
use crate::godata::store::text_of;
use crate::server::Reply;

pub(super) fn route(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let post = call.is(&Method::POST);
    match rest {
        [] if get => {
            call.user()?;
            list(call, call.filter(Engine::Loopback))
        }
        ["filter"] if post => {
            call.user()?;
            list(call, call.filter_in_body(Engine::Loopback))
        }
        ["count"] if get => {
            call.user()?;
            call.count(&call.server.read().locations, &LOCATION)
        }
        ["hierarchical"] if get => {
            call.user()?;
            let tree = tree(call)?.0;
            Ok(Reply::json(200, tree.to_string()))
        }
        ["hierarchical", "export"] if get => {
            call.user_who_may("location_export")?;
            let (mut tree, stamped) = tree(call)?;
            if stamped {
                locations::stamp_tree(&mut tree, call.server.clock.now());
            }
            let mut reply = Reply::json(200, tree.to_string());
            reply.content_type = "application/octet-stream";
            reply.headers.push(("content-disposition", "attachment;filename=locations.json".to_owned()));
            Ok(reply)
        }
        ["import"] if post => import(call),
        [] if post => {
            let user = call.user_who_may("location_create")?;
            let author = call.author(&user);
            match call.body()? {
                Value::Object(sent) => {
                    let mut store = call.server.write();
                    let id = locations::create(&mut store, sent, &author)?;
                    let record = store.locations.get(&id).cloned().unwrap_or_default();
                    drop(store);
                    Ok(call.record(record).wrote(1))
                }
                Value::Array(items) => Ok(create_all(call, items, &author)),
                _ => Err(Error::plain(400, "Value is not an object.")),
            }
        }
        [id] if get => {
            call.user_who_may("location_view")?;
            let record = call.server.read().locations.live(id).cloned();
            Ok(call.record(record.ok_or_else(|| Error::no_such_model("location", id))?))
        }
        [id] if call.is_change() => {
            let user = call.user_who_may("location_modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            locations::update(&mut store, id, sent, &call.author(&user))?;
            let record = store.locations.get(id).cloned().unwrap_or_default();
            drop(store);
            Ok(call.record(record).wrote(1))
        }
        [id] if call.is(&Method::DELETE) => {
            let user = call.user_who_may("location_delete")?;
            let count = locations::delete(&mut call.server.write(), id, &call.author(&user))?;
            Ok(counted(count).wrote(count))
        }
        [id, "usage"] if get => {
            call.user_who_may("location_usage")?;
            Ok(Reply::json(200, json!(usage(call, id)?).to_string()))
        }
        [id, "usage", "count"] if get => {
            call.user_who_may("location_usage")?;
            Ok(counted(usage(call, id)?.values().map(Vec::len).sum()))
        }
        ["import-importable-file-using-map"] | [_, "propagate-geo-location", ..] => {
            call.user()?;
            Err(Error::not_simulated(call.path))
        }
        _ => Err(call.no_method("location")),
    }
}

/// What names the location itself, by the model that does.
fn usage(call: &Call<'_>, id: &str) -> Result<BTreeMap<&'static str, Vec<Map<String, Value>>>> {
    let store = call.server.read();
    if store.locations.live(id).is_none() {
        return Err(Error::no_such_model("location", id));
    }
    Ok(locations::usage(&store, &[id.to_owned()]))
}

/// The list, `parentLocation` included when it is asked for.
fn list(call: &Call<'_>, filter: Result<Filter>) -> Result<Reply> {
    let mut filter = filter?;
    let with_parent = filter.include.iter().any(|relation| relation == "parentLocation");
    if !with_parent {
        return call.list(&call.server.read().locations, &LOCATION, &filter);
    }
    filter.include.retain(|relation| relation != "parentLocation");
    let condition = compile(filter.condition.as_ref(), Engine::Loopback, &LOCATION)?;
    let store = call.server.read();
    let elements = store.locations.search(&LOCATION, &filter, condition.as_ref()).into_iter().map(|mut record| {
        let parent = record.get("parentLocationId").and_then(Value::as_str).and_then(|id| store.locations.live(id)).cloned();
        if let Some(fields) = &filter.fields {
            fields.apply(&mut record);
        }
        if let Some(parent) = parent {
            record.insert("parentLocation".to_owned(), Value::Object(parent));
        }
        text_of(&record)
    });
    Ok(Reply::elements(elements.collect()))
}

fn create_all(call: &Call<'_>, items: Vec<Value>, author: &Author) -> Reply {
    let mut texts = Vec::with_capacity(items.len());
    let mut store = call.server.write();
    for item in items {
        let stored = match item {
            Value::Object(sent) => locations::create(&mut store, sent, author),
            _ => Err(Error::plain(400, "Value is not an object.")),
        };
        match stored {
            Ok(id) => texts.extend(store.locations.get(&id).map(text_of)),
            Err(error) => return super::refusal(&error, call.request).wrote(texts.len()),
        }
    }
    let written = texts.len();
    Reply::elements(texts).wrote(written)
}

/// The tree that is asked for, and whether an export of it has the time of the export as its stamps.
fn tree(call: &Call<'_>) -> Result<(Value, bool)> {
    let mut filter = call.filter(Engine::Raw)?;
    let (mut include_children, mut with_deleted, mut stamped) = (true, false, false);
    let is_export = call.path.ends_with("/export");
    if let Some(Node::Object(members)) = &mut filter.condition {
        members.retain(|(key, value)| {
            if key == "includeChildren" {
                include_children = *value != Node::Bool(false);
            }
            with_deleted |= is_export && key == "includeDeletedLocations" && *value == Node::Bool(true);
            stamped |= is_export && key == "replaceUpdatedAtAsCurrentDate" && *value == Node::Bool(true);
            !matches!(key.as_str(), "includeChildren" | "includeDeletedLocations" | "replaceUpdatedAtAsCurrentDate")
        });
    }
    let condition = compile(filter.condition.as_ref(), Engine::Raw, &LOCATION)?;
    let store = call.server.read();
    let matching: Option<HashSet<String>> = condition.map(|condition| {
        let found = store.locations.matching(false, Some(&condition));
        found.filter_map(|record| record.get("id")?.as_str().map(str::to_owned)).collect()
    });
    let tree = match matching {
        None if with_deleted => locations::tree_with_deleted(&store.locations),
        matching => locations::tree(&store.locations, matching.as_ref(), include_children),
    };
    Ok((tree, stamped))
}

fn import(call: &Call<'_>) -> Result<Reply> {
    let user = call.user_who_may("location_import")?;
    let kind = call.request.header("content-type").unwrap_or_default();
    let Some(file) = multipart::part(kind, &call.request.body, "file") else {
        return Err(Error::coded(400, "MISSING_REQUIRED_PROPERTY", "Missing required property `file`"));
    };
    let imported = location_tree::import(&mut call.server.write(), file.content, &call.author(&user))?;
    Ok(match &imported.stopped {
        Some(error) => super::refusal(error, call.request).wrote(imported.written),
        None => Reply::elements(imported.records.iter().map(text_of).collect()).wrote(imported.written),
    })
}
