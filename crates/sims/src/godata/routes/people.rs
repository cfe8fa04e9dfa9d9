//! Cases, contacts, contacts of contacts and events of an outbreak, and the list of all people.

pub(super) mod exposed;
pub(super) mod related;
mod write;

use std::collections::HashSet;

use axum::http::Method;
use serde_json::json;

use super::{Call, compile, counted, relationships};
use crate::godata::auth::User;
use crate::godata::cascade;
use crate::godata::condition::{Condition, Engine, Test};
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::node::Node;
use crate::godata::person_types::{self, CASE, CONTACT, EVENT, PersonType};
use crate::godata::rows::{Row, Scope};
use crate::godata::schema;
use crate::godata::store::{Store, Table, text_of};
use crate::server::Reply;

/// Above this `filtered-count` stops counting when it is asked to.
pub(super) const HAS_MORE: usize = 10_000;

pub(super) fn route(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let post = call.is(&Method::POST);
    let may = |action: &str| allowed(call, outbreak, &format!("{}_{action}", person_type.permission));
    match rest {
        [] if get => list(call, outbreak, person_type, call.filter(person_type.engine)),
        ["filter"] if post => list(call, outbreak, person_type, call.filter_in_body(person_type.engine)),
        ["filtered-count"] if get || (post && has_more_by_post(person_type)) => {
            may("list")?;
            filtered_count(call, outbreak, Some(person_type))
        }
        ["count"] if get && person_type.id == CASE.id => count(call, outbreak),
        [] if post => write::create(call, outbreak, person_type),
        ["bulk"] if call.is(&Method::PUT) && person_type.id != EVENT.id => write::bulk(call, outbreak, person_type),
        ["generate-visual-id"] if post => write::generate_visual_id(call, outbreak, person_type),
        ["duplicates", "find"] | ["import-importable-file-using-map" | "export"] => not_simulated(call, outbreak),
        [id, "relationships", rest @ ..] => relationships::of_person(call, outbreak, person_type, id, rest),
        [id] if get => {
            may("view")?;
            let person = one(&call.server.read(), outbreak, person_type, id, false)?;
            Ok(call.record(person.record()))
        }
        [id] if call.is_change() => write::change(call, outbreak, person_type, id),
        [id] if call.is(&Method::DELETE) => {
            let user = may("delete")?;
            let mut store = call.server.write();
            one(&store, outbreak, person_type, id, false)?;
            let ids = cascade::delete(&mut store, id, &call.author(&user))?;
            Ok(Reply::empty(204).wrote_ids(ids))
        }
        [id, "restore"] if post => {
            let user = may("restore")?;
            let mut store = call.server.write();
            one(&store, outbreak, person_type, id, true)?;
            let ids = cascade::restore(&mut store, id, &call.author(&user))?;
            let person = one(&store, outbreak, person_type, id, true)?;
            Ok(call.record(person.record()).wrote_ids(ids))
        }
        [id, "contacts"] if post && person_type.is_origin() => exposed::create_exposed(call, outbreak, person_type, id),
        [id, "contacts-of-contacts"] if post && person_type.id == CONTACT.id => exposed::create_exposed(call, outbreak, person_type, id),
        [id, action] if post && action.starts_with("convert-to-") => exposed::converted(call, outbreak, person_type, id, action),
        [_, ..] if rest.len() > 1 => not_simulated(call, outbreak),
        _ => Err(call.no_method("outbreak")),
    }
}

/// Only cases and contacts have `filtered-count` by POST.
fn has_more_by_post(person_type: &PersonType) -> bool {
    person_type.id == CASE.id || person_type.id == CONTACT.id
}

/// `/people`: people of all types, with their `type`.
pub(super) fn all(call: &Call<'_>, outbreak: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    match rest {
        [] if get => {
            allowed_any(call, outbreak)?;
            let filter = call.filter(Engine::Loopback)?;
            answer(call, outbreak, None, &filter)
        }
        ["filtered-count"] if get => {
            allowed_any(call, outbreak)?;
            filtered_count(call, outbreak, None)
        }
        ["merge"] if call.is(&Method::POST) => write::merge(call, outbreak),
        _ => not_simulated(call, outbreak),
    }
}

/// Who may list one type of people may list all of them together.
fn allowed_any(call: &Call<'_>, outbreak: &str) -> Result<()> {
    let user = call.user()?;
    let lists = person_types::ALL.map(|person_type| format!("{}_list", person_type.permission));
    if !lists.iter().any(|list| user.need(list).is_ok()) {
        user.need(&lists[0])?;
    }
    in_outbreak(call, &user, outbreak)
}

/// The user may do this here, and the outbreak is there.
pub(super) fn allowed(call: &Call<'_>, outbreak: &str, permission: &str) -> Result<User> {
    let user = call.user_who_may(permission)?;
    in_outbreak(call, &user, outbreak)?;
    Ok(user)
}

fn in_outbreak(call: &Call<'_>, user: &User, outbreak: &str) -> Result<()> {
    call.check_outbreak(user, outbreak, true)?;
    if call.server.read().outbreaks.live(outbreak).is_none() {
        return Err(Error::no_such_model("outbreak", outbreak));
    }
    Ok(())
}

pub(super) fn not_simulated(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    let user = call.user()?;
    call.check_outbreak(&user, outbreak, true)?;
    Err(Error::not_simulated(call.path))
}

/// A person of this type and outbreak; anything else is a 404, also a person of another type or another outbreak.
pub(super) fn one(store: &Store, outbreak: &str, person_type: &PersonType, id: &str, deleted: bool) -> Result<Row> {
    let person = store
        .people
        .get(id)
        .filter(|person| *person.outbreak == *outbreak && person.kind == person_type.id && (deleted || !person.deleted));
    person.cloned().ok_or_else(|| Error::no_instance(person_type.model.name, id))
}

fn list(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType, filter: Result<Filter>) -> Result<Reply> {
    allowed(call, outbreak, &format!("{}_list", person_type.permission))?;
    answer(call, outbreak, Some(person_type), &filter?)
}

fn answer(call: &Call<'_>, outbreak: &str, person_type: Option<&PersonType>, filter: &Filter) -> Result<Reply> {
    let kind = person_type.map(|person_type| person_type.id);
    let model = person_type.map_or(&schema::CASE, |person_type| person_type.model);
    let engine = person_type.map_or(Engine::Loopback, |person_type| person_type.engine);
    related::check(filter, model)?;
    let store = call.server.read();
    let condition = condition(&store, outbreak, person_type, filter, engine)?;
    let scope = Scope { outbreak, kind, deleted: filter.deleted };
    let found = store.people.search(scope, filter, condition.as_ref());
    let as_stored = filter.fields.is_none()
        && filter.include.is_empty()
        && kind.is_some()
        && call.request.argument("retrieveCreatedUpdatedBy").is_none();
    if as_stored {
        return Ok(Reply::elements(found.into_iter().map(|person| person.text.clone()).collect()));
    }
    let elements = found.into_iter().map(|person| {
        let mut record = if kind.is_some() { person.record() } else { person.typed_record() };
        related::relate(call, &store, &mut record, filter)?;
        if let Some(fields) = &filter.fields {
            fields.apply(&mut record);
        }
        Ok(text_of(&record))
    });
    Ok(Reply::elements(elements.collect::<Result<_>>()?))
}

/// Compiles the condition of a list of people, its special keys replaced by what they stand for.
pub(super) fn condition(
    store: &Store,
    outbreak: &str,
    person_type: Option<&PersonType>,
    filter: &Filter,
    engine: Engine,
) -> Result<Option<Condition>> {
    let model = person_type.map_or(&schema::CASE, |person_type| person_type.model);
    let mut node = filter.condition.clone();
    let mut all = related::restrictions(store, outbreak, person_type, node.as_mut(), filter)?;
    if let Some(node) = &mut node {
        if let Node::Object(members) = node
            && person_type.is_some_and(PersonType::is_origin)
        {
            for (key, value) in members.iter_mut().filter(|(key, _)| key == "noRelationships") {
                "hasRelationships".clone_into(key);
                *value = Node::Bool(*value != Node::Bool(true));
            }
        }
        below_locations(&store.locations, node)?;
    }
    all.extend(compile(node.as_ref(), engine, model)?);
    Ok(if all.len() < 2 { all.pop() } else { Some(Condition::All(all)) })
}

/// Those with one of these ids.
fn in_set(ids: HashSet<String>) -> Condition {
    Condition::Field(vec!["id".to_owned()], Test::In(ids, Vec::new()))
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

fn filtered_count(call: &Call<'_>, outbreak: &str, person_type: Option<&PersonType>) -> Result<Reply> {
    let filter = if call.is(&Method::POST) { call.filter_in_body(Engine::Raw)? } else { call.filter(Engine::Raw)? };
    let store = call.server.read();
    let condition = condition(&store, outbreak, person_type, &filter, Engine::Raw)?;
    let scope = Scope { outbreak, kind: person_type.map(|person_type| person_type.id), deleted: filter.deleted };
    let count = store.people.count(scope, condition.as_ref());
    if filter.has_more_limit {
        let body = json!({"count": count.min(HAS_MORE), "hasMore": count > HAS_MORE});
        return Ok(Reply::json(200, body.to_string()));
    }
    Ok(counted(count.min(filter.limit.unwrap_or(usize::MAX))))
}

/// `/cases/count`, which the other types do not have.
fn count(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    allowed(call, outbreak, "case_list")?;
    let (node, deleted) = call.where_argument()?;
    let store = call.server.read();
    let filter = Filter { condition: node, ..Filter::default() };
    let condition = condition(&store, outbreak, Some(&CASE), &filter, Engine::Raw)?;
    Ok(counted(store.people.count(Scope { outbreak, kind: Some(CASE.id), deleted }, condition.as_ref())))
}
