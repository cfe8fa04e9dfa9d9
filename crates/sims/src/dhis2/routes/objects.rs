//! Writing one object, and the lists that it has of others.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::Call;
use crate::dhis2::error::{Error, Result, WebMessage};
use crate::dhis2::import::report::{Problem, Report};
use crate::dhis2::import::{self, Params, Strategy, Writer};
use crate::dhis2::kind::{self, Kind, Leads};
use crate::dhis2::patch;
use crate::dhis2::store::{Object, Store};
use crate::dhis2::uid::Uid;
use crate::server::Reply;

/// Answers a request that is no GET.
pub fn route(call: &Call<'_>, kind: &'static Kind, segments: &[&str]) -> Result<Reply> {
    match (segments, &call.request.method) {
        ([], &Method::POST) => create(call, kind),
        ([id], &Method::PUT) => {
            let known = known(&call.server.metadata(), kind, id)?;
            let mut object = body(call)?;
            object.insert("id".to_owned(), json!(known.as_str()));
            replace(call, kind, known, object)
        }
        ([id], &Method::PATCH) => change(call, kind, id),
        ([id], &Method::DELETE) => delete(call, kind, id),
        ([id, collection], &Method::POST | &Method::PUT | &Method::DELETE) => members(call, kind, id, collection),
        ([id, collection, member], &Method::POST | &Method::PUT) => {
            let added = [(*member).to_owned()];
            changed(call, kind, id, collection, &added, &[], false)
        }
        ([id, collection, member], &Method::DELETE) => {
            let removed = [(*member).to_owned()];
            changed(call, kind, id, collection, &[], &removed, false)
        }
        _ => Err(call.wrong_method()),
    }
}

fn known(store: &Store, kind: &'static Kind, id: &str) -> Result<Uid> {
    Uid::parse(id).filter(|uid| store.get(kind, *uid).is_some()).ok_or_else(|| Error::no_object(kind.klass, id))
}

fn body(call: &Call<'_>) -> Result<Object> {
    let content_type = call.request.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/xml") {
        return Err(Error::not_simulated("metadata as XML"));
    }
    if !content_type.starts_with("application/json") {
        return Err(Error::media_type(content_type));
    }
    match call.json()? {
        Value::Object(object) => Ok(object),
        _ => Err(Error::bad_request("an object is expected")),
    }
}

/// Imports a document, in which the numbers and the maker of identifiers have their part.
pub fn import(call: &Call<'_>, store: &mut Store, document: &Value, params: &Params) -> Result<Report> {
    let numbers = call.server.numbers();
    let mut maker = call.server.maker();
    let mut writer = Writer { account: &call.account, maker: &mut maker, numbers: &numbers, stamp: call.stamp(), now: call.now };
    let report = import::run(store, document, params, &mut writer)?;
    drop((numbers, maker));
    if report.written > 0 && document.get("users").is_some() {
        call.server.auth().take_units(store);
    }
    Ok(report)
}

fn document(kind: &Kind, object: Object) -> Value {
    Value::Object(Map::from_iter([(kind.plural.to_owned(), json!([object]))]))
}

fn create(call: &Call<'_>, kind: &'static Kind) -> Result<Reply> {
    let mut object = body(call)?;
    let mut store = call.server.metadata_mut();
    if !object.contains_key("id") {
        object.insert("id".to_owned(), json!(call.server.new_uid().to_string()));
    }
    let uid = object.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
    let report = import(call, &mut store, &document(kind, object), &Params::single(Strategy::Create))?;
    let mut reply = answer(call, kind, &uid, &report, 201)?;
    reply.headers.push(("location", call.address(&format!("{}/{uid}", kind.plural))));
    Ok(reply)
}

fn replace(call: &Call<'_>, kind: &'static Kind, uid: Uid, object: Object) -> Result<Reply> {
    let report = import(call, &mut call.server.metadata_mut(), &document(kind, object), &Params::single(Strategy::Update))?;
    answer(call, kind, uid.as_str(), &report, 200)
}

fn change(call: &Call<'_>, kind: &'static Kind, id: &str) -> Result<Reply> {
    let content_type = call.request.header("content-type").unwrap_or_default();
    if !content_type.starts_with("application/json-patch+json") {
        return Err(Error::media_type(content_type));
    }
    let operations = call.json()?;
    let (uid, object) = {
        let store = call.server.metadata();
        let uid = known(&store, kind, id)?;
        let mut object = store.get(kind, uid).cloned().unwrap_or_default();
        patch::apply(kind, &mut object, &operations)?;
        (uid, object)
    };
    replace(call, kind, uid, object)
}

fn delete(call: &Call<'_>, kind: &'static Kind, id: &str) -> Result<Reply> {
    let mut store = call.server.metadata_mut();
    let uid = known(&store, kind, id)?;
    let object = store.get(kind, uid).cloned().unwrap_or_default();
    let report = import(call, &mut store, &document(kind, object), &Params::single(Strategy::Delete))?;
    answer(call, kind, uid.as_str(), &report, 200)
}

/// The answer to a write of one object: its report, or 403 where authority is missing, or 409.
fn answer(call: &Call<'_>, kind: &Kind, uid: &str, report: &Report, status: u16) -> Result<Reply> {
    let problems = report.problems();
    if let Some(forbidden) = problems.iter().find(|problem| matches!(problem.code, "E3000" | "E3001" | "E3002")) {
        return Err(Error::coded(403, forbidden.code, forbidden.message.clone()));
    }
    if let Some(used) = problems.iter().find(|problem| problem.code == "E4030") {
        return Err(Error::conflict("E4030", used.message.clone()));
    }
    let errors: Value = problems.iter().map(Problem::body).collect();
    let response = json!({"responseType": "ObjectReport", "klass": kind.full_class(), "uid": uid, "errorReports": errors});
    if problems.is_empty() {
        return Ok(WebMessage::new(status, "OK").response(response).reply(call.request).wrote_ids(vec![uid.to_owned()]));
    }
    let message = "One or more errors occurred, please see full details in import report.";
    Err(Error { response: Some(response), ..Error::new(409, message) })
}

/// `POST` of `{additions, deletions}`, `PUT` of `{identifiableObjects}` (all others go), `DELETE` of `{identifiableObjects}`.
fn members(call: &Call<'_>, kind: &'static Kind, id: &str, collection: &str) -> Result<Reply> {
    let body = body(call)?;
    let ids = |name: &str| {
        let list = body.get(name).and_then(Value::as_array).into_iter().flatten();
        list.filter_map(|item| kind::reference(item).map(str::to_owned)).collect::<Vec<_>>()
    };
    let listed = ids("identifiableObjects");
    match call.request.method {
        Method::PUT => changed(call, kind, id, collection, &listed, &[], true),
        Method::DELETE => changed(call, kind, id, collection, &[], &listed, false),
        _ => changed(call, kind, id, collection, &[ids("additions"), listed].concat(), &ids("deletions"), false),
    }
}

/// Adds members to a collection and takes others out; `only` takes out all others. A collection that the other side owns is changed there.
fn changed(
    call: &Call<'_>,
    kind: &'static Kind,
    id: &str,
    collection: &str,
    added: &[String],
    removed: &[String],
    only: bool,
) -> Result<Reply> {
    let part = kind.part(collection).ok_or_else(|| Error::new(404, format!("Collection {collection} does not exist on {}", kind.klass)))?;
    let mut store = call.server.metadata_mut();
    let uid = known(&store, kind, id)?;
    let (target, owner_side) = match &part.leads {
        Leads::Many(plural) => (Kind::plural(plural), None),
        Leads::Back { of, by } => (Kind::plural(of), Some(*by)),
        _ => (None, None),
    };
    let target = target.ok_or_else(|| {
        Error::conflict("E1108", format!("Could not add item to collection: {collection} is not a collection of objects"))
    })?;
    let found = |store: &Store, ids: &[String]| ids.iter().map(|id| known(store, target, id)).collect::<Result<Vec<_>>>();
    let (added, mut removed) = (found(&store, added)?, found(&store, removed)?);
    let before: Vec<Uid> = match owner_side {
        Some(by) => store.referring(target.plural, by, uid),
        None => list_of(store.get(kind, uid), part.name),
    };
    if only {
        removed = before.iter().copied().filter(|member| !added.contains(member)).collect();
    }
    let mut objects: Vec<(&'static Kind, Object)> = Vec::new();
    if let Some(by) = owner_side {
        for member in added.iter().filter(|member| !before.contains(member)) {
            objects.push((target, with(&store, target, *member, by, uid, true)?));
        }
        for member in removed.iter().filter(|member| before.contains(member)) {
            objects.push((target, with(&store, target, *member, by, uid, false)?));
        }
    } else {
        let mut object = store.get(kind, uid).cloned().unwrap_or_default();
        let mut list: Vec<Uid> = before.iter().copied().filter(|member| !removed.contains(member)).collect();
        list.extend(added.iter().filter(|member| !before.contains(member)));
        if list != before {
            object.insert(part.name.to_owned(), list.iter().map(|member| json!({"id": member.as_str()})).collect());
            objects.push((kind, object));
        }
    }
    let mut documents = Map::new();
    for (of, object) in &objects {
        if let Value::Array(list) = documents.entry(of.plural).or_insert_with(|| json!([])) {
            list.push(Value::Object(object.clone()));
        }
    }
    let report = import(call, &mut store, &Value::Object(documents), &Params::single(Strategy::Update))?;
    if report.problems().is_empty() {
        let response =
            json!({"responseType": "TypeReport", "klass": kind.full_class(), "stats": report.body()["stats"], "objectReports": []});
        return Ok(WebMessage::new(200, "OK").response(response).reply(call.request).wrote(objects.len()));
    }
    answer(call, kind, id, &report, 200)
}

fn list_of(object: Option<&Object>, name: &str) -> Vec<Uid> {
    let list = object.and_then(|object| object.get(name)).and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|item| kind::reference(item).and_then(Uid::parse)).collect()
}

/// The member of a collection that it owns itself, with or without a reference to `uid`.
fn with(store: &Store, kind: &'static Kind, member: Uid, by: &str, uid: Uid, add: bool) -> Result<Object> {
    let mut object = store.get(kind, member).cloned().unwrap_or_default();
    let reference = json!({"id": uid.as_str()});
    match kind.part(by).map(|part| &part.leads) {
        Some(Leads::One(_)) if add => {
            object.insert(by.to_owned(), reference);
        }
        Some(Leads::One(_)) => {
            return Err(Error::conflict("E1109", format!("Could not remove item from collection: {member} cannot be without {by}")));
        }
        _ => {
            let mut list = list_of(Some(&object), by);
            list.retain(|one| *one != uid);
            if add {
                list.push(uid);
            }
            object.insert(by.to_owned(), list.iter().map(|one| json!({"id": one.as_str()})).collect());
        }
    }
    Ok(object)
}
