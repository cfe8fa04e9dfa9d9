//! Relationships: those of an outbreak, those of one person, and what is done to many at once.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::clusters;
use super::people::related::scoped;
use super::people::{allowed, exposed, not_simulated, one};
use super::{Call, compile, counted, is_user_relation, refusal, unknown_relation};
use crate::godata::condition::{Condition, Engine, Test};
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::node::Node;
use crate::godata::person_types::{CASE, PersonType};
use crate::godata::relationships::{self, participants};
use crate::godata::rows::{Row, Scope};
use crate::godata::schema::RELATIONSHIP;
use crate::godata::store::{Store, text_of};
use crate::server::Reply;

/// `/relationships` of an outbreak.
pub(super) fn of_outbreak(call: &Call<'_>, outbreak: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let post = call.is(&Method::POST);
    match rest {
        [] if get => list(call, outbreak, None),
        ["count"] if get => count(call, outbreak, None),
        ["filtered-count"] if get => filtered_count(call, outbreak, None),
        ["bulk"] if post => create_all(call, outbreak),
        ["bulk"] if call.is(&Method::DELETE) => delete_all(call, outbreak),
        ["bulk", "delete"] if post => delete_all(call, outbreak),
        [change @ ("bulk-change-source" | "bulk-change-target")] if post => redirect_all(call, outbreak, change),
        [id, "replace-source-and-target"] if post => swap(call, outbreak, id),
        [] | ["count" | "filtered-count" | "bulk"] => Err(call.no_method("outbreak")),
        _ => not_simulated(call, outbreak),
    }
}

/// `/cases/{id}/relationships` and its like.
pub(super) fn of_person(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType, person: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let may = |permission: &str| {
        let user = allowed(call, outbreak, permission)?;
        one(&call.server.read(), outbreak, person_type, person, false)?;
        Ok::<_, Error>(user)
    };
    match rest {
        [] if get => {
            may("relationship_list")?;
            list(call, outbreak, Some(person))
        }
        [] if call.is(&Method::POST) => {
            let user = may("relationship_create")?;
            create(call, outbreak, person, &call.author(&user))
        }
        ["count"] if get => count(call, outbreak, Some(person)),
        ["filtered-count"] if get => filtered_count(call, outbreak, Some(person)),
        ["exposures" | "contacts", ..] => exposed::other_side(call, outbreak, person_type, person, rest),
        ["available-people" | "export", ..] => not_simulated(call, outbreak),
        [id] if get => {
            may("relationship_view")?;
            let row = of(&call.server.read(), person, id)?;
            Ok(call.record(row.record()))
        }
        [id] if call.is_change() => {
            let user = may("relationship_modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            of(&store, person, id)?;
            relationships::update(&mut store, person, id, sent, &call.author(&user))?;
            answer(call, &store, id)
        }
        [id] if call.is(&Method::DELETE) => {
            let user = may("relationship_delete")?;
            let mut store = call.server.write();
            if of(&store, person, id).is_err() {
                return Ok(counted(0));
            }
            relationships::delete(&mut store, id, &call.author(&user))?;
            Ok(counted(1).wrote_ids(vec![(*id).to_owned()]))
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// A relationship in which the person takes part.
fn of(store: &Store, person: &str, id: &str) -> Result<Row> {
    let row = store.relationships.live(id).filter(|row| participants(&row.record()).iter().any(|participant| participant.id == person));
    row.cloned().ok_or_else(|| {
        let message = format!("Unknown `relationship` id `{id}` in the context of person `{person}`");
        Error::coded(404, "MODEL_NOT_FOUND_IN_CONTEXT", message)
            .details(json!({"model": "relationship", "id": id, "contextModel": "person", "contextId": person}))
    })
}

fn answer(call: &Call<'_>, store: &Store, id: &str) -> Result<Reply> {
    let row = store.relationships.get(id).ok_or_else(|| Error::not_found("relationship", id))?;
    Ok(call.record(row.record()).wrote_ids(vec![id.to_owned()]))
}

/// One relationship, or an array of them, one by one.
fn create(call: &Call<'_>, outbreak: &str, person: &str, author: &crate::godata::cases::Author) -> Result<Reply> {
    let mut store = call.server.write();
    match call.body()? {
        Value::Object(sent) => {
            let id = relationships::create(&mut store, outbreak, person, sent, author)?;
            answer(call, &store, &id)
        }
        Value::Array(items) => {
            let mut ids = Vec::with_capacity(items.len());
            for item in items {
                let stored = match item {
                    Value::Object(sent) => relationships::create(&mut store, outbreak, person, sent, author),
                    _ => Err(Error::plain(400, "Value is not an object.")),
                };
                match stored {
                    Ok(id) => ids.push(id),
                    Err(error) => return Ok(refusal(&error, call.request).wrote_ids(ids)),
                }
            }
            let texts = ids.iter().filter_map(|id| store.relationships.get(id)).map(|row| row.text.clone()).collect();
            Ok(Reply::elements(texts).wrote_ids(ids))
        }
        _ => Err(Error::plain(400, "Value is not an object.")),
    }
}

/// The condition, of relationships of one person when there is one.
fn condition(node: Option<&Node>, engine: Engine, person: Option<&str>) -> Result<Option<Condition>> {
    let condition = compile(node, engine, &RELATIONSHIP)?;
    let own = person.map(|person| {
        let path = vec!["persons".to_owned(), "id".to_owned()];
        Condition::Field(path, Test::Equal(Value::from(person)))
    });
    Ok(match (own, condition) {
        (Some(own), Some(condition)) => Some(Condition::All(vec![own, condition])),
        (own, condition) => own.or(condition),
    })
}

fn list(call: &Call<'_>, outbreak: &str, person: Option<&str>) -> Result<Reply> {
    allowed(call, outbreak, "relationship_list")?;
    let filter = call.filter(Engine::Loopback)?;
    if let Some(unknown) = filter.include.iter().find(|name| !is_user_relation(name) && !matches!(name.as_str(), "people" | "cluster")) {
        return Err(unknown_relation(unknown, &RELATIONSHIP));
    }
    let condition = condition(filter.condition.as_ref(), Engine::Loopback, person)?;
    let store = call.server.read();
    let scope = Scope { outbreak, kind: None, deleted: filter.deleted };
    if filter.fields.is_none() && filter.include.is_empty() && call.request.argument("retrieveCreatedUpdatedBy").is_none() {
        let found = store.relationships.search(scope, &filter, condition.as_ref());
        return Ok(Reply::elements(found.into_iter().map(|row| row.text.clone()).collect()));
    }
    let of_people = filter.scope("people");
    let filters_parent = of_people.is_some_and(|scope| scope.get("filterParent") == Some(&Node::Bool(true)));
    let mut window = Filter { order: filter.order.clone(), ..Filter::default() };
    if !filters_parent {
        (window.skip, window.limit) = (filter.skip, filter.limit);
    }
    let mut rows = Vec::new();
    for row in store.relationships.search(scope, &window, condition.as_ref()) {
        rows.extend(related(call, &store, row, &filter, filters_parent)?);
    }
    if filters_parent {
        // The backend loads everything, drops what is left without people, and only then takes the page.
        rows = rows.into_iter().skip(filter.skip).take(filter.limit.unwrap_or(usize::MAX)).collect();
    }
    Ok(Reply::elements(rows.iter().map(text_of).collect()))
}

/// A relationship with the records that were asked for besides; none when it has no people left and should have.
fn related(call: &Call<'_>, store: &Store, row: &Row, filter: &Filter, needs_people: bool) -> Result<Option<Map<String, Value>>> {
    let mut record = row.record();
    if filter.include.iter().any(|name| name == "people") {
        let people = participants(&record).into_iter().filter_map(|participant| store.people.live(participant.id));
        let people = scoped(people.map(Row::typed_record).collect(), CASE.model, filter.scope("people"))?;
        if needs_people && people.is_empty() {
            return Ok(None);
        }
        record.insert("people".to_owned(), people.into_iter().map(Value::Object).collect());
    }
    if filter.include.iter().any(|name| name == "cluster") {
        let cluster = record.get("clusterId").and_then(Value::as_str).and_then(|id| store.clusters.live(id)).map(clusters::shown);
        if let Some(cluster) = cluster {
            record.insert("cluster".to_owned(), Value::Object(cluster));
        }
    }
    call.include_users(&mut record, &filter.include);
    if let Some(fields) = &filter.fields {
        fields.apply(&mut record);
    }
    Ok(Some(record))
}

fn count(call: &Call<'_>, outbreak: &str, person: Option<&str>) -> Result<Reply> {
    allowed(call, outbreak, "relationship_list")?;
    let (node, deleted) = call.where_argument()?;
    let condition = condition(node.as_ref(), Engine::Loopback, person)?;
    let scope = Scope { outbreak, kind: None, deleted };
    Ok(counted(call.server.read().relationships.count(scope, condition.as_ref())))
}

fn filtered_count(call: &Call<'_>, outbreak: &str, person: Option<&str>) -> Result<Reply> {
    allowed(call, outbreak, "relationship_list")?;
    let filter = call.filter(Engine::Raw)?;
    let condition = condition(filter.condition.as_ref(), Engine::Raw, person)?;
    let scope = Scope { outbreak, kind: None, deleted: filter.deleted };
    Ok(counted(call.server.read().relationships.count(scope, condition.as_ref())))
}

// ---- many at once

/// Every source with every target.
fn create_all(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "relationship_create")?;
    let author = call.author(&user);
    let body = call.object()?;
    let ids = |field: &str| -> Vec<String> {
        let ids = body.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let relationship = body.get("relationship").and_then(Value::as_object).cloned().unwrap_or_default();
    let mut store = call.server.write();
    let mut created = Vec::new();
    let mut failed = Vec::new();
    for source in ids("sources") {
        for target in ids("targets") {
            let mut sent = relationship.clone();
            sent.insert("persons".to_owned(), json!([{"id": target}]));
            match relationships::create(&mut store, outbreak, &source, sent, &author) {
                Ok(id) => created.push(id),
                Err(error) => failed.push(json!({"sourceId": source, "targetId": target, "error": error.body()})),
            }
        }
    }
    let rows = created.iter().filter_map(|id| store.relationships.get(id));
    if failed.is_empty() {
        return Ok(Reply::elements(rows.map(|row| row.text.clone()).collect()).wrote_ids(created));
    }
    let rows: Value = rows.map(Row::record).map(Value::Object).collect();
    let error = Error::coded(422, "BULK_CREATE_RELATIONSHIP_ERRORS", "Some relationships could not be created")
        .details(json!({"created": rows, "failed": failed}));
    Ok(refusal(&error, call.request).wrote_ids(created))
}

/// The live relationships of the outbreak that the `where` of the request finds; an empty one is refused.
fn chosen(call: &Call<'_>, store: &Store, outbreak: &str) -> Result<Vec<String>> {
    let mut node = call.json_argument("where")?;
    if node.is_none() && !call.request.body.is_empty() {
        call.body()?;
        let body: Node = serde_json::from_slice(&call.request.body).map_err(|_| Error::plain(400, "Value is not an object."))?;
        node = body.get("where").cloned();
    }
    let Some(condition) = condition(node.as_ref(), Engine::Loopback, None)? else {
        let details = json!({"model": "relationship", "details": "'where' property is required and must not be empty"});
        return Err(Error::coded(422, "VALIDATION_ERROR", "Validation failed for model `relationship`").details(details));
    };
    let found = store.relationships.search(Scope { outbreak, kind: None, deleted: false }, &Filter::default(), Some(&condition));
    Ok(found.into_iter().map(|row| row.id.to_string()).collect())
}

fn delete_all(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "relationship_bulk_delete")?;
    let mut store = call.server.write();
    let mut deleted = Vec::new();
    let mut refused = None;
    for id in chosen(call, &store, outbreak)? {
        match relationships::delete(&mut store, &id, &call.author(&user)) {
            Ok(()) => deleted.push(id),
            Err(error) => refused = Some(error),
        }
    }
    let reply = match refused {
        Some(error) => refusal(&error, call.request),
        None => counted(deleted.len()),
    };
    Ok(reply.wrote_ids(deleted))
}

fn redirect_all(call: &Call<'_>, outbreak: &str, change: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "relationship_modify")?;
    let body = call.object()?;
    let of_source = change == "bulk-change-source";
    let field = if of_source { "sourceId" } else { "targetId" };
    let wanted = required(&body, field)?;
    let mut store = call.server.write();
    let mut changed = Vec::new();
    for id in chosen(call, &store, outbreak)? {
        let record = store.relationships.get(&id).map(Row::record).unwrap_or_default();
        let kept = participants(&record).into_iter().find(|participant| participant.source != of_source);
        let Some(kept) = kept.map(|kept| kept.id.to_owned()) else { continue };
        let (source, target) = if of_source { (wanted, kept.as_str()) } else { (kept.as_str(), wanted) };
        relationships::redirect(&mut store, &id, source, target, &call.author(&user))?;
        changed.push(id);
    }
    Ok(counted(changed.len()).wrote_ids(changed))
}

fn swap(call: &Call<'_>, outbreak: &str, id: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "relationship_modify")?;
    let body = call.object()?;
    let (source, target) = (required(&body, "sourceId")?, required(&body, "targetId")?);
    let mut store = call.server.write();
    of(&store, source, id)?;
    of(&store, target, id)?;
    relationships::redirect(&mut store, id, source, target, &call.author(&user))?;
    answer(call, &store, id)
}

fn required<'a>(body: &'a Map<String, Value>, field: &str) -> Result<&'a str> {
    body.get(field).and_then(Value::as_str).ok_or_else(|| Error::plain(400, format!("{field} is a required argument")))
}
