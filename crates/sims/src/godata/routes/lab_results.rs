//! Lab results: of a person, and of an outbreak.

use axum::http::Method;
use serde_json::Value;

use super::aggregate::Aggregate;
use super::people::allowed;
use super::{Call, children, compile, counted, is_user_relation, unknown_relation};
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::lab_results::{LAB_RESULT, LAB_RESULTS};
use crate::godata::parents;
use crate::godata::person_types::{self, CASE, CONTACT, CONTACT_OF_CONTACT, PersonType};
use crate::godata::records::{Of, Record};
use crate::godata::store::{Store, text_of};
use crate::server::Reply;

pub(super) static AGGREGATE: Aggregate = Aggregate {
    model: &LAB_RESULT,
    records: |store| &store.lab_results,
    join: "person",
    of_person: &[("case", Some(CASE.id)), ("contact", Some(CONTACT.id)), ("person", None)],
    not_simulated: &[],
};

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
        ["bulk"] if call.is_change() => {
            let user = allowed(call, outbreak, "lab_result_bulk_modify")?;
            children::bulk(&LAB_RESULTS, call, &call.author(&user))
        }
        ["import-importable-file-using-map"] => {
            allowed(call, outbreak, "lab_result_list")?;
            Err(Error::not_simulated(call.path))
        }
        [id] if get => {
            allowed(call, outbreak, "lab_result_view")?;
            Ok(call.record(children::of_outbreak(&LAB_RESULTS, &call.server.read(), outbreak, id)?.record()))
        }
        [id] if call.is_change() => {
            let user = allowed(call, outbreak, "lab_result_modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            children::of_outbreak(&LAB_RESULTS, &store, outbreak, id)?;
            LAB_RESULTS.update(&mut store, id, sent, &call.author(&user))?;
            children::answer(&LAB_RESULTS, call, &store, id)
        }
        [id] if call.is(&Method::DELETE) => {
            let user = allowed(call, outbreak, "lab_result_delete")?;
            let mut store = call.server.write();
            children::of_outbreak(&LAB_RESULTS, &store, outbreak, id)?;
            LAB_RESULTS.delete(&mut store, id, &call.author(&user));
            Ok(Reply::empty(204).wrote_ids(vec![(*id).to_owned()]))
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// Paths below `/outbreaks/{o}/cases/{id}/lab-results` and its like.
pub(super) fn of_person(call: &Call<'_>, outbreak: &str, parent: &PersonType, person: &str, rest: &[&str]) -> Result<Reply> {
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
            if parent.id == CONTACT_OF_CONTACT.id {
                call.user()?;
                return Err(Error::unauthorized());
            }
            let user = may("create")?;
            children::create(&LAB_RESULTS, call, outbreak, parent, person, &call.author(&user))
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
            LAB_RESULTS.update(&mut store, id, sent, &call.author(&user))?;
            children::answer(&LAB_RESULTS, call, &store, id)
        }
        [id] if call.is(&Method::DELETE) => {
            let user = may("delete")?;
            let mut store = call.server.write();
            own(&store, outbreak, parent, person, id, false)?;
            LAB_RESULTS.delete(&mut store, id, &call.author(&user));
            Ok(Reply::empty(204).wrote_ids(vec![(*id).to_owned()]))
        }
        [id, "restore"] if call.is(&Method::POST) => {
            let user = may("restore")?;
            let mut store = call.server.write();
            own(&store, outbreak, parent, person, id, true)?;
            LAB_RESULTS.restore(&mut store, id, &call.author(&user));
            children::answer(&LAB_RESULTS, call, &store, id)
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// Which lab results the outbreak shows in lists and counts: those of contacts only when it says so.
pub(super) fn shown(store: &Store, outbreak: &str) -> impl Fn(&Record) -> bool + use<> {
    let outbreak = store.outbreaks.get(outbreak);
    let contacts = outbreak.and_then(|outbreak| outbreak.get("isContactLabResultsActive")) == Some(&Value::Bool(true));
    move |record| contacts || record.field("personType").is_none_or(|kind| kind != CONTACT.id)
}

/// A lab result of a person of this kind.
fn own(store: &Store, outbreak: &str, parent: &PersonType, person: &str, id: &str, deleted: bool) -> Result<Record> {
    parents::of_kind(store, outbreak, parent, person)?;
    children::of_person(&LAB_RESULTS, store, outbreak, person, id, deleted)
}

fn list(call: &Call<'_>, outbreak: &str, parent: &PersonType, person: &str) -> Result<Reply> {
    let filter: Filter = call.filter(Engine::Loopback)?;
    let relation_of =
        |name: &str| person_types::ALL.into_iter().find(|known| known.model.name == name && known.id != person_types::EVENT.id);
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
        for relation in filter.include.iter().filter(|name| relation_of(name).is_some_and(|known| known.id == owner.kind)) {
            record.insert(relation.clone(), Value::Object(owner.record()));
        }
        text_of(&record)
    });
    Ok(Reply::elements(elements.collect()))
}
