//! Lab results: of a person, and of an outbreak.

use axum::http::Method;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::aggregate::Aggregate;
use super::cases::allowed;
use super::{Call, compile, counted, is_user_relation, unknown_relation};
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::lab_results::{self, LAB_RESULT};
use crate::godata::parents::{self, Parent};
use crate::godata::people::Person;
use crate::godata::records::{Of, Record};
use crate::godata::store::{Store, text_of};
use crate::server::Reply;

const CASE: &str = parents::PARENTS[0].kind;
const CONTACT: &str = parents::PARENTS[1].kind;

const AGGREGATE: Aggregate = Aggregate {
    model: &LAB_RESULT,
    records: |store| &store.lab_results,
    join: "person",
    of_person: &[("case", Some(CASE)), ("contact", Some(CONTACT)), ("person", None)],
    not_simulated: &[],
};

/// How many records a bulk change reads at a time.
const BULK_PAGE: usize = 100;

/// Paths below `/outbreaks/{o}/lab-results`. There is no plain list.
pub(super) fn route(call: &Call<'_>, outbreak: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    match rest {
        ["aggregate"] if get => {
            allowed(call, outbreak, "lab_result_list")?;
            let wanted = shown(&call.server.read(), outbreak);
            AGGREGATE.list(call, outbreak, &wanted)
        }
        ["filtered-count" | "aggregate-filtered-count"] if get => {
            allowed(call, outbreak, "lab_result_list")?;
            let wanted = shown(&call.server.read(), outbreak);
            AGGREGATE.count(call, outbreak, &wanted)
        }
        ["bulk"] if call.is_change() => bulk(call, outbreak),
        ["export" | "import-importable-file-using-map"] => {
            allowed(call, outbreak, "lab_result_list")?;
            Err(Error::not_simulated(call.path))
        }
        [id] if get => {
            allowed(call, outbreak, "lab_result_view")?;
            Ok(call.record(lab_result(&call.server.read(), outbreak, id)?.record()))
        }
        [id] if call.is_change() => {
            let user = allowed(call, outbreak, "lab_result_modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            lab_result(&store, outbreak, id)?;
            lab_results::update(&mut store, id, sent, &call.author(&user))?;
            answer(call, &store, id)
        }
        [id] if call.is(&Method::DELETE) => {
            let user = allowed(call, outbreak, "lab_result_delete")?;
            let mut store = call.server.write();
            lab_result(&store, outbreak, id)?;
            lab_results::delete(&mut store, id, &call.author(&user));
            Ok(Reply::empty(204).wrote_ids(vec![(*id).to_owned()]))
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// Paths below `/outbreaks/{o}/cases/{id}/lab-results` and its like.
pub(super) fn of_person(call: &Call<'_>, outbreak: &str, parent: Parent, person: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let may = |action: &str| allowed(call, outbreak, &format!("{}_{action}_lab_result", parent.permission));
    match rest {
        [] if get => {
            may("list")?;
            list(call, outbreak, parent, person)
        }
        ["filtered-count"] if get => {
            may("list")?;
            let filter = call.filter(Engine::Raw)?;
            let store = call.server.read();
            parents::of_kind(&store, outbreak, parent, person)?;
            let condition = compile(filter.condition.as_ref(), Engine::Raw, &LAB_RESULT)?;
            let of = Of { person: Some(person), deleted: filter.deleted, ..Of::default() };
            let wanted = shown(&store, outbreak);
            Ok(counted(store.lab_results.matching(of, condition.as_ref()).filter(|record| wanted(record)).count()))
        }
        ["count"] if get => {
            may("list")?;
            let (node, deleted) = call.where_argument()?;
            let store = call.server.read();
            parents::of_kind(&store, outbreak, parent, person)?;
            let condition = compile(node.as_ref(), Engine::Loopback, &LAB_RESULT)?;
            let of = Of { person: Some(person), deleted, ..Of::default() };
            let wanted = shown(&store, outbreak);
            Ok(counted(store.lab_results.matching(of, condition.as_ref()).filter(|record| wanted(record)).count()))
        }
        [] if call.is(&Method::POST) => {
            // No role has a rule for this route, so nobody may: that is a 401.
            if parent.model == "contactOfContact" {
                call.user()?;
                return Err(Error::unauthorized());
            }
            may("create")?;
            create(call, outbreak, parent, person)
        }
        ["export"] => {
            may("list")?;
            Err(Error::not_simulated(call.path))
        }
        [id] if get => {
            may("view")?;
            let store = call.server.read();
            Ok(call.record(own(&store, outbreak, parent, person, id, false)?.record()))
        }
        [id] if call.is_change() => {
            let user = may("modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            own(&store, outbreak, parent, person, id, false)?;
            lab_results::update(&mut store, id, sent, &call.author(&user))?;
            answer(call, &store, id)
        }
        [id] if call.is(&Method::DELETE) => {
            let user = may("delete")?;
            let mut store = call.server.write();
            own(&store, outbreak, parent, person, id, false)?;
            lab_results::delete(&mut store, id, &call.author(&user));
            Ok(Reply::empty(204).wrote_ids(vec![(*id).to_owned()]))
        }
        [id, "restore"] if call.is(&Method::POST) => {
            let user = may("restore")?;
            let mut store = call.server.write();
            own(&store, outbreak, parent, person, id, true)?;
            lab_results::restore(&mut store, id, &call.author(&user));
            answer(call, &store, id)
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// A stored lab result as the answer to a write of it.
fn answer(call: &Call<'_>, store: &Store, id: &str) -> Result<Reply> {
    let record = store.lab_results.get(id).ok_or_else(|| Error::no_instance("labResult", id))?;
    Ok(call.record(record.record()).wrote_ids(vec![id.to_owned()]))
}

/// Which lab results the outbreak shows in lists and counts: those of contacts only when it says so.
fn shown(store: &Store, outbreak: &str) -> impl Fn(&Record) -> bool + use<> {
    let outbreak = store.outbreaks.get(outbreak);
    let contacts = outbreak.and_then(|outbreak| outbreak.get("isContactLabResultsActive")) == Some(&Value::Bool(true));
    move |record| contacts || record.record().get("personType").and_then(Value::as_str) != Some(CONTACT)
}

/// A live lab result of an outbreak.
fn lab_result(store: &Store, outbreak: &str, id: &str) -> Result<Record> {
    let found = store.lab_results.get(id).filter(|record| *record.outbreak == *outbreak && !record.deleted);
    found.cloned().ok_or_else(|| Error::no_instance("outbreak", id))
}

/// A lab result of a person of this kind.
fn own(store: &Store, outbreak: &str, parent: Parent, person: &str, id: &str, deleted: bool) -> Result<Record> {
    parents::of_kind(store, outbreak, parent, person)?;
    let found = store.lab_results.get(id).filter(|record| *record.person == *person && (deleted || !record.deleted));
    found.cloned().ok_or_else(|| Error::no_instance("labResult", id))
}

fn list(call: &Call<'_>, outbreak: &str, parent: Parent, person: &str) -> Result<Reply> {
    let filter: Filter = call.filter(Engine::Loopback)?;
    let relation_of = |name: &str| parents::PARENTS.into_iter().find(|known| known.model == name);
    if let Some(unknown) = filter.include.iter().find(|name| !is_user_relation(name) && relation_of(name).is_none()) {
        return Err(unknown_relation(unknown, &LAB_RESULT));
    }
    let condition = compile(filter.condition.as_ref(), Engine::Loopback, &LAB_RESULT)?;
    let store = call.server.read();
    let owner = parents::of_kind(&store, outbreak, parent, person)?;
    let of = Of { person: Some(person), deleted: filter.deleted, ..Of::default() };
    let found = store.lab_results.search(of, &filter, condition.as_ref(), Some(&LAB_RESULT), &shown(&store, outbreak));
    let elements = found.into_iter().map(|row| {
        let mut record = row.record();
        call.include_users(&mut record, &filter.include);
        if let Some(fields) = &filter.fields {
            fields.apply(&mut record);
        }
        for relation in filter.include.iter().filter(|name| relation_of(name).is_some_and(|known| known.kind == owner.kind)) {
            record.insert(relation.clone(), Value::Object(owner.record()));
        }
        text_of(&record)
    });
    Ok(Reply::elements(elements.collect()))
}

/// One lab result, or an array of them: the ones before an invalid one stay.
fn create(call: &Call<'_>, outbreak: &str, parent: Parent, person: &str) -> Result<Reply> {
    let author = call.author(&call.user()?);
    let body = call.body()?;
    let mut store = call.server.write();
    let owner: Option<Person> = parents::of_kind(&store, outbreak, parent, person).ok();
    let owner = owner.ok_or_else(|| Error::not_found(parent.model, person))?;
    match body {
        Value::Array(items) => {
            let mut texts: Vec<Bytes> = Vec::with_capacity(items.len());
            let mut ids = Vec::with_capacity(items.len());
            for item in items {
                let stored = match item {
                    Value::Object(sent) => lab_results::create(&mut store, outbreak, &owner.id, sent, &author),
                    _ => Err(Error::plain(400, "Value is not an object.")),
                };
                match stored {
                    Ok(id) => {
                        texts.extend(store.lab_results.get(&id).map(|record| record.text.clone()));
                        ids.push(id);
                    }
                    Err(error) => return Ok(super::refusal(&error, call.request).wrote_ids(ids)),
                }
            }
            Ok(Reply::elements(texts).wrote_ids(ids))
        }
        Value::Object(sent) => {
            let id = lab_results::create(&mut store, outbreak, &owner.id, sent, &author)?;
            answer(call, &store, &id)
        }
        _ => Err(Error::plain(400, "Value is not an object.")),
    }
}

/// `PUT /lab-results/bulk?where=`: every lab result that fulfils it, of any outbreak. The backend reads them page by
/// page while it changes them, so that what no longer fulfils the condition makes it pass over others.
fn bulk(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let user = allowed(call, outbreak, "lab_result_bulk_modify")?;
    let author = call.author(&user);
    let sent: Map<String, Value> = call.object()?;
    let Some(node) = call.json_argument("where")? else {
        return Err(Error::plain(400, "where is a required argument"));
    };
    let condition = compile(Some(&node), Engine::Loopback, &LAB_RESULT)?;
    let mut store = call.server.write();
    let total = store.lab_results.matching(Of::default(), condition.as_ref()).count();
    let mut written = Vec::new();
    for skip in (0..total).step_by(BULK_PAGE) {
        let page = store.lab_results.matching(Of::default(), condition.as_ref()).skip(skip).take(BULK_PAGE);
        let ids: Vec<String> = page.map(|record| record.id.to_string()).collect();
        for id in ids {
            lab_results::update(&mut store, &id, sent.clone(), &author)?;
            written.push(id);
        }
    }
    Ok(Reply::json(200, json!({"count": written.len()}).to_string()).wrote_ids(written))
}
