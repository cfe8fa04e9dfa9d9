//! Cases of an outbreak, and the people list.

use std::fmt::Write as _;

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Call, compile, counted, is_user_relation, unknown_relation};
use crate::godata::auth::User;
use crate::godata::cases;
use crate::godata::condition::{Condition, Engine};
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::node::Node;
use crate::godata::people::{Person, Scope};
use crate::godata::schema::CASE;
use crate::godata::store::{Store, Table, text_of};
use crate::server::Reply;

/// Above this `filtered-count` stops counting when it is asked to.
pub(super) const HAS_MORE: usize = 10_000;

/// Relations that a person has in the backend. Those that this simulator has no records for are always empty.
const EMPTY_RELATIONS: [&str; 3] = ["followUps", "labResults", "relationships"];

pub(super) fn route(call: &Call<'_>, outbreak: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let post = call.is(&Method::POST);
    match rest {
        [] if get => list(call, outbreak, "case_list", Some(cases::TYPE), call.filter(Engine::Raw)),
        ["filter"] if post => list(call, outbreak, "case_list", Some(cases::TYPE), call.filter_in_body(Engine::Raw)),
        ["filtered-count"] if get || post => filtered_count(call, outbreak, Some(cases::TYPE)),
        ["count"] if get => count(call, outbreak),
        [] if post => create(call, outbreak),
        ["bulk"] if call.is(&Method::PUT) => bulk(call, outbreak),
        ["generate-visual-id"] if post => generate_visual_id(call, outbreak),
        ["duplicates", "find"] | ["import-importable-file-using-map" | "export"] => not_simulated(call, outbreak),
        [id] if get => {
            allowed(call, outbreak, "case_view")?;
            let person = case(&call.server.read(), outbreak, id, false)?;
            Ok(call.record(person.record()))
        }
        [id] if call.is_change() => change(call, outbreak, id),
        [id] if call.is(&Method::DELETE) => {
            let user = allowed(call, outbreak, "case_delete")?;
            let mut store = call.server.write();
            case(&store, outbreak, id, false)?;
            cases::delete(&mut store, id, &call.author(&user));
            Ok(Reply::empty(204).wrote_cases(vec![(*id).to_owned()]))
        }
        [id, "restore"] if post => {
            let user = allowed(call, outbreak, "case_restore")?;
            let mut store = call.server.write();
            case(&store, outbreak, id, true)?;
            cases::restore(&mut store, id, &call.author(&user));
            let person = case(&store, outbreak, id, true)?;
            Ok(call.record(person.record()).wrote_cases(vec![(*id).to_owned()]))
        }
        [_, ..] if rest.len() > 1 => not_simulated(call, outbreak),
        _ => Err(call.no_method("outbreak")),
    }
}

pub(super) fn people(call: &Call<'_>, outbreak: &str, rest: &[&str]) -> Result<Reply> {
    match rest {
        [] if call.is(&Method::GET) => list(call, outbreak, "case_list", None, call.filter(Engine::Loopback)),
        ["filtered-count"] if call.is(&Method::GET) => filtered_count(call, outbreak, None),
        _ => not_simulated(call, outbreak),
    }
}

/// The user may do this here, and the outbreak is there.
pub(super) fn allowed(call: &Call<'_>, outbreak: &str, permission: &str) -> Result<User> {
    let user = call.user_who_may(permission)?;
    call.check_outbreak(&user, outbreak, true)?;
    if call.server.read().outbreaks.live(outbreak).is_none() {
        return Err(Error::no_such_model("outbreak", outbreak));
    }
    Ok(user)
}

fn not_simulated(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let user = call.user()?;
    call.check_outbreak(&user, outbreak, true)?;
    Err(Error::not_simulated(call.path))
}

/// A case of this outbreak; anything else is a 404, also a person of another type or another outbreak.
fn case(store: &Store, outbreak: &str, id: &str, deleted: bool) -> Result<Person> {
    let person =
        store.people.get(id).filter(|person| *person.outbreak == *outbreak && person.kind == cases::TYPE && (deleted || !person.deleted));
    person.cloned().ok_or_else(|| Error::no_instance("case", id))
}

fn list(call: &Call<'_>, outbreak: &str, permission: &str, kind: Option<&str>, filter: Result<Filter>) -> Result<Reply> {
    allowed(call, outbreak, permission)?;
    let filter = filter?;
    let engine = if kind.is_some() { Engine::Raw } else { Engine::Loopback };
    for relation in &filter.include {
        let known = is_user_relation(relation) || EMPTY_RELATIONS.contains(&relation.as_str());
        if !known && !matches!(relation.as_str(), "locations" | "dateRangeLocations") {
            return Err(unknown_relation(relation, &CASE));
        }
    }
    let store = call.server.read();
    let condition = condition(&store, filter.condition.as_ref(), engine)?;
    let scope = Scope { outbreak, kind, deleted: filter.deleted };
    let found = store.people.search(scope, &filter, condition.as_ref());
    let as_stored = filter.fields.is_none()
        && filter.include.is_empty()
        && kind.is_some()
        && call.request.argument("retrieveCreatedUpdatedBy").is_none();
    if as_stored {
        return Ok(Reply::elements(found.into_iter().map(|person| person.text.clone()).collect()));
    }
    let elements = found.into_iter().map(|person| {
        let mut record = if kind.is_some() { person.record() } else { person.typed_record() };
        relate(&store, &mut record, &filter.include);
        call.include_users(&mut record, &filter.include);
        if let Some(fields) = &filter.fields {
            fields.apply(&mut record);
        }
        text_of(&record)
    });
    Ok(Reply::elements(elements.collect()))
}

fn relate(store: &Store, record: &mut Map<String, Value>, include: &[String]) {
    for relation in include {
        let array = match relation.as_str() {
            "locations" => "addresses",
            "dateRangeLocations" => "dateRanges",
            name if EMPTY_RELATIONS.contains(&name) => {
                record.insert(name.to_owned(), json!([]));
                continue;
            }
            _ => continue,
        };
        let items = record.get(array).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let ids = items.iter().filter_map(|item| item.get("locationId").and_then(Value::as_str));
        let locations: Vec<Value> = ids.filter_map(|id| store.locations.live(id).cloned()).map(Value::Object).collect();
        record.insert(relation.clone(), Value::Array(locations));
    }
}

/// Compiles the condition of a list of cases, its special keys replaced by what they stand for.
fn condition(store: &Store, node: Option<&Node>, engine: Engine) -> Result<Option<Condition>> {
    let Some(node) = node else { return Ok(None) };
    let mut node = node.clone();
    if let Node::Object(members) = &mut node {
        for special in ["relationship", "labResult"] {
            if members.iter().any(|(key, value)| key == special && *value != Node::Object(Vec::new())) {
                return Err(Error::not_simulated(&format!("where.{special}")));
            }
        }
        for (key, value) in members.iter_mut().filter(|(key, _)| key == "noRelationships") {
            "hasRelationships".clone_into(key);
            *value = Node::Bool(*value != Node::Bool(true));
        }
    }
    below_locations(&store.locations, &mut node)?;
    compile(Some(&node), engine, &CASE)
}

/// `X.parentLocationIdFilter` stands for the location and all below it.
pub(super) fn below_locations(locations: &Table, node: &mut Node) -> Result<()> {
    match node {
        Node::List(items) => items.iter_mut().try_for_each(|item| below_locations(locations, item)),
        Node::Object(members) => {
            for (key, value) in members {
                let Some(prefix) = key.strip_suffix("parentLocationIdFilter") else {
                    below_locations(locations, value)?;
                    continue;
                };
                let roots: Vec<String> = match &*value {
                    Node::Text(id) => vec![id.clone()],
                    Node::Object(operator) => match operator.first() {
                        Some((name, Node::List(ids))) if matches!(name.as_str(), "inq" | "in" | "$in") => {
                            ids.iter().filter_map(Node::text).map(str::to_owned).collect()
                        }
                        _ => {
                            return Err(Error::internal("parentLocationIdFilter needs an id or inq"));
                        }
                    },
                    _ => return Err(Error::internal("parentLocationIdFilter needs an id or inq")),
                };
                let ids = roots.iter().flat_map(|root| locations.subtree(root)).map(Node::Text).collect();
                *key = match prefix.trim_end_matches('.') {
                    field @ ("addresses" | "address") => format!("{field}.locationId"),
                    field => field.to_owned(),
                };
                *value = Node::Object(vec![("inq".to_owned(), Node::List(ids))]);
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn filtered_count(call: &Call<'_>, outbreak: &str, kind: Option<&str>) -> Result<Reply> {
    allowed(call, outbreak, "case_list")?;
    let filter = if call.is(&Method::POST) { call.filter_in_body(Engine::Raw)? } else { call.filter(Engine::Raw)? };
    let store = call.server.read();
    let condition = condition(&store, filter.condition.as_ref(), Engine::Raw)?;
    let scope = Scope { outbreak, kind, deleted: filter.deleted };
    let count = store.people.count(scope, condition.as_ref());
    if filter.has_more_limit {
        let body = json!({"count": count.min(HAS_MORE), "hasMore": count > HAS_MORE});
        return Ok(Reply::json(200, body.to_string()));
    }
    Ok(counted(count.min(filter.limit.unwrap_or(usize::MAX))))
}

fn count(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    allowed(call, outbreak, "case_list")?;
    let (node, deleted) = call.where_argument()?;
    let store = call.server.read();
    let condition = condition(&store, node.as_ref(), Engine::Raw)?;
    Ok(counted(store.people.count(Scope { outbreak, kind: Some(cases::TYPE), deleted }, condition.as_ref())))
}

/// One case, or an array of them: one by one, so that the ones before an invalid one are stored and stay.
fn create(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "case_create")?;
    let author = call.author(&user);
    match call.body()? {
        Value::Object(sent) => {
            let mut store = call.server.write();
            let id = cases::create(&mut store, outbreak, sent, &author)?;
            let person = case(&store, outbreak, &id, false)?;
            drop(store);
            if call.request.argument("retrieveCreatedUpdatedBy").is_some() {
                return Ok(call.record(person.record()).wrote_cases(vec![id]));
            }
            Ok(Reply::json(200, person.text).wrote_cases(vec![id]))
        }
        Value::Array(items) => {
            let mut texts = Vec::with_capacity(items.len());
            let mut ids = Vec::with_capacity(items.len());
            let mut store = call.server.write();
            for item in items {
                let stored = match item {
                    Value::Object(sent) => cases::create(&mut store, outbreak, sent, &author),
                    _ => Err(Error::plain(400, "Value is not an object.")),
                };
                match stored.and_then(|id| Ok((case(&store, outbreak, &id, false)?.text, id))) {
                    Ok((text, id)) => {
                        texts.push(text);
                        ids.push(id);
                    }
                    Err(error) => {
                        return Ok(super::refusal(&error, call.request).wrote_cases(ids));
                    }
                }
            }
            Ok(Reply::elements(texts).wrote_cases(ids))
        }
        _ => Err(Error::plain(400, "Value is not an object.")),
    }
}

fn change(call: &Call<'_>, outbreak: &str, id: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "case_modify")?;
    let mut sent = call.object()?;
    let mut store = call.server.write();
    let person = case(&store, outbreak, id, false)?;
    if sent.contains_key("followUp") {
        cases::guard_follow_up(&person.record(), &mut sent);
    }
    cases::update(&mut store, id, sent, &call.author(&user))?;
    let person = case(&store, outbreak, id, false)?;
    drop(store);
    if call.request.argument("retrieveCreatedUpdatedBy").is_some() {
        return Ok(call.record(person.record()).wrote_cases(vec![id.to_owned()]));
    }
    Ok(Reply::json(200, person.text).wrote_cases(vec![id.to_owned()]))
}

/// `PUT /cases/bulk`. Like the backend, it looks for the id among the cases of all outbreaks.
fn bulk(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "case_bulk_modify")?;
    let author = call.author(&user);
    let Value::Array(items) = call.body()? else {
        return Err(Error::plain(400, "Items must be an array: {}"));
    };
    let mut succeeded = Vec::new();
    let mut failed = Vec::new();
    let mut changed = Vec::new();
    let mut store = call.server.write();
    for (number, item) in items.into_iter().enumerate() {
        match change_one(&mut store, item, &author) {
            Ok((id, text)) => {
                changed.push(id);
                let mut row = format!("{{\"recordNo\":{number},\"contact\":").into_bytes();
                row.extend_from_slice(&text);
                row.push(b'}');
                succeeded.push(Bytes::from(row));
            }
            Err(error) => failed.push(json!({"recordNo": number, "error": error.body()})),
        }
    }
    drop(store);
    if failed.is_empty() {
        return Ok(Reply::elements(succeeded).wrote_cases(changed));
    }
    let message = "Multiple contacts update partial success. Some contact instances failed to be updated.";
    let parse = |row: &Bytes| serde_json::from_slice::<Value>(row).unwrap_or_default();
    let success: Vec<Value> = succeeded.iter().map(parse).collect();
    let error =
        Error::coded(422, "MULTIPLE_CONTACTS_UPDATE_PARTIAL_SUCCESS", message).details(json!({"failed": failed, "success": success}));
    Ok(super::refusal(&error, call.request).wrote_cases(changed))
}

fn change_one(store: &mut Store, item: Value, author: &cases::Author) -> Result<(String, Bytes)> {
    let Value::Object(sent) = item else {
        return Err(Error::plain(400, "Value is not an object."));
    };
    let Some(id) = sent.get("id").and_then(Value::as_str).map(str::to_owned) else {
        return Err(Error::coded(422, "CONTACT_ID_REQUIRED", "Contact ID is required"));
    };
    let is_case = |person: &&Person| person.kind == cases::TYPE && !person.deleted;
    if store.people.get(&id).as_ref().is_none_or(|x| !is_case(x)) {
        return Err(Error::not_found("case", &id));
    }
    cases::update(store, &id, sent, author)?;
    let text = store.people.get(&id).map(|person| person.text.clone()).ok_or_else(|| Error::not_found("case", &id))?;
    Ok((id, text))
}

fn generate_visual_id(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    allowed(call, outbreak, "case_generate_visual_id")?;
    let body = call.object()?;
    let Some(template) = body.get("visualIdMask").and_then(Value::as_str) else {
        return Err(Error::plain(400, "visualIdMask is a required argument"));
    };
    let store = call.server.read();
    let person = body.get("personId").and_then(Value::as_str);
    let owner = store.people.owner_of(outbreak, template);
    let id = match owner {
        Some(owner) if person == Some(&*owner.id) => template.to_owned(),
        Some(_) => {
            let message = format!("The visual identifier `{template}` is not unique.");
            return Err(Error::coded(409, "DUPLICATE_VISUAL_ID", message).details(json!({"id": template})));
        }
        None => {
            let none = std::collections::BTreeMap::new();
            let taken = store.people.visual_ids(outbreak).unwrap_or(&none);
            store.masks.resolve(&store.mask(outbreak), template, taken)?
        }
    };
    let mut text = String::new();
    write!(text, "{}", json!(id)).expect("writing into a String cannot fail");
    Ok(Reply::json(200, text))
}
