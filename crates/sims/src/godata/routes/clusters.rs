//! Clusters of an outbreak.

use axum::http::Method;
use serde_json::{Map, Value};

use super::people::{allowed, not_simulated};
use super::{Call, compile, counted, is_user_relation, unknown_relation};
use crate::godata::clusters;
use crate::godata::condition::{Condition, Engine, Test};
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::relationships::participants;
use crate::godata::rows::{Row, Scope};
use crate::godata::schema::CLUSTER;
use crate::godata::store::{Store, text_of};
use crate::server::Reply;

pub(super) fn route(call: &Call<'_>, outbreak: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let may = |action: &str| allowed(call, outbreak, &format!("cluster_{action}"));
    match rest {
        [] if get => {
            may("list")?;
            list(call, outbreak)
        }
        ["count"] if get => {
            may("list")?;
            let (node, deleted) = call.where_argument()?;
            let condition = compile(node.as_ref(), Engine::Loopback, &CLUSTER)?;
            Ok(counted(call.server.read().clusters.count(Scope { outbreak, kind: None, deleted }, condition.as_ref())))
        }
        [] if call.is(&Method::POST) => {
            let user = may("create")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            let id = clusters::create(&mut store, outbreak, sent, &call.author(&user))?;
            answer(call, &store, outbreak, &id)
        }
        [id] if get => {
            may("view")?;
            Ok(call.record(shown(&one(&call.server.read(), outbreak, id)?)))
        }
        [id] if call.is_change() => {
            let user = may("modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            one(&store, outbreak, id)?;
            clusters::update(&mut store, id, sent, &call.author(&user))?;
            answer(call, &store, outbreak, id)
        }
        [id] if call.is(&Method::DELETE) => {
            let user = may("delete")?;
            let mut store = call.server.write();
            one(&store, outbreak, id)?;
            clusters::delete(&mut store, id, &call.author(&user));
            Ok(Reply::empty(204).wrote_ids(vec![(*id).to_owned()]))
        }
        [id, "people"] if get => {
            may("list_people")?;
            let store = call.server.read();
            one(&store, outbreak, id)?;
            Ok(people(&store, outbreak, id))
        }
        [_, ..] if rest.len() > 1 => not_simulated(call, outbreak),
        _ => Err(call.no_method("outbreak")),
    }
}

fn one(store: &Store, outbreak: &str, id: &str) -> Result<Row> {
    let row = store.clusters.live(id).filter(|row| *row.outbreak == *outbreak);
    row.cloned().ok_or_else(|| Error::no_instance("cluster", id))
}

fn answer(call: &Call<'_>, store: &Store, outbreak: &str, id: &str) -> Result<Reply> {
    Ok(call.record(shown(&one(store, outbreak, id)?)).wrote_ids(vec![id.to_owned()]))
}

/// The record without the outbreak, which is hidden.
pub(super) fn shown(row: &Row) -> Map<String, Value> {
    let mut record = row.record();
    record.remove("outbreakId");
    record
}

fn list(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let filter = call.filter(Engine::Loopback)?;
    if let Some(unknown) = filter.include.iter().find(|name| !is_user_relation(name)) {
        return Err(unknown_relation(unknown, &CLUSTER));
    }
    let condition = compile(filter.condition.as_ref(), Engine::Loopback, &CLUSTER)?;
    let store = call.server.read();
    let found = store.clusters.search(Scope { outbreak, kind: None, deleted: filter.deleted }, &filter, condition.as_ref());
    let elements = found.into_iter().map(|row| {
        let mut record = shown(row);
        call.include_users(&mut record, &filter.include);
        if let Some(fields) = &filter.fields {
            fields.apply(&mut record);
        }
        text_of(&record)
    });
    Ok(Reply::elements(elements.collect()))
}

/// Everyone who takes part in a live relationship of the cluster, each once.
fn people(store: &Store, outbreak: &str, cluster: &str) -> Reply {
    let condition = Condition::Field(vec!["clusterId".to_owned()], Test::Equal(Value::from(cluster)));
    let scope = Scope { outbreak, kind: None, deleted: false };
    let relationships = store.relationships.search(scope, &Filter::default(), Some(&condition));
    let mut seen = std::collections::BTreeSet::new();
    for relationship in relationships {
        seen.extend(participants(&relationship.record()).into_iter().map(|participant| participant.id.to_owned()));
    }
    let people = seen.iter().filter_map(|id| store.people.live(id));
    Reply::elements(people.map(|row| text_of(&row.typed_record())).collect())
}
