//! Rows that belong to people: conditions on them that choose people, and lists of them beside each person.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::super::{Call, compile, is_user_relation, unknown_relation};
use super::{below_locations, in_set};
use crate::godata::condition::{Condition, Engine};
use crate::godata::error::Result;
use crate::godata::filter::Filter;
use crate::godata::follow_ups::FOLLOW_UP;
use crate::godata::lab_results::LAB_RESULT;
use crate::godata::node::Node;
use crate::godata::person_types::{CASE, CONTACT, PersonType};
use crate::godata::records::{Of, Record, Records};
use crate::godata::relationships::{other, participants};
use crate::godata::rows::{Row, Scope};
use crate::godata::schema::{Model, RELATIONSHIP};
use crate::godata::store::Store;

/// Relations of people to rows of their own, with the key of `where` that stands for each.
const ROWS: [(&str, &str); 3] = [("followUps", "followUp"), ("labResults", "labResult"), ("relationships", "relationship")];

/// Refuses a relation that people do not have.
pub fn check(filter: &Filter, model: &Model) -> Result<()> {
    let known = |name: &str| {
        is_user_relation(name)
            || ROWS.iter().any(|(relation, _)| *relation == name)
            || match name {
                "locations" => model.name != "event",
                "location" => model.name == "event",
                "dateRangeLocations" => model.name == CASE.model.name,
                _ => false,
            }
    };
    match filter.include.iter().find(|name| !known(name)) {
        Some(unknown) => Err(unknown_relation(unknown, model)),
        None => Ok(()),
    }
}

/// Takes the conditions on related rows out of `where` and `include`, and says whom they leave.
pub fn restrictions(
    store: &Store,
    outbreak: &str,
    person_type: Option<&PersonType>,
    node: Option<&mut Node>,
    filter: &Filter,
) -> Result<Vec<Condition>> {
    let keys: &[&str] = match person_type.map(|person_type| person_type.model.name) {
        Some("case") => &["relationship", "labResult"],
        Some("contact") => &["case", "followUp", "relationship"],
        _ => &[],
    };
    let mut restrictions = Vec::new();
    if let Some(Node::Object(members)) = node {
        for key in keys {
            let Some(at) = members.iter().position(|(name, _)| name == key) else { continue };
            let (_, condition) = members.remove(at);
            if condition != Node::Object(Vec::new()) {
                restrictions.push(in_set(having(store, outbreak, key, Some(condition))?));
            }
        }
    }
    for (relation, key) in ROWS {
        let Some(scope) = filter.scope(relation).filter(|scope| scope.get("filterParent") == Some(&Node::Bool(true))) else { continue };
        restrictions.push(in_set(having(store, outbreak, key, scope.get("where").cloned())?));
    }
    Ok(restrictions)
}

/// The people who have a live row that fulfils the condition.
fn having(store: &Store, outbreak: &str, key: &str, condition: Option<Node>) -> Result<HashSet<String>> {
    let mut condition = condition;
    if let Some(node) = &mut condition {
        below_locations(&store.locations, node)?;
    }
    let compiled = |model: &Model| compile(condition.as_ref(), Engine::Raw, model);
    let scope = Scope { outbreak, kind: None, deleted: false };
    let all = Filter::default();
    let owners = |records: &Records, model: &Model| -> Result<HashSet<String>> {
        let condition = compiled(model)?;
        let of = Of { outbreak: Some(outbreak), person: None, deleted: false };
        Ok(records.matching(of, condition.as_ref()).map(|row| row.person.to_string()).collect())
    };
    match key {
        "followUp" => owners(&store.follow_ups, &FOLLOW_UP),
        "labResult" => owners(&store.lab_results, &LAB_RESULT),
        "relationship" => {
            let found = store.relationships.search(scope, &all, compiled(&RELATIONSHIP)?.as_ref());
            let ids = |row: &Row| participants(&row.record()).into_iter().map(|one| one.id.to_owned()).collect::<Vec<_>>();
            Ok(found.into_iter().flat_map(ids).collect())
        }
        _ => {
            let cases = store.people.search(Scope { kind: Some(CASE.id), ..scope }, &all, compiled(CASE.model)?.as_ref());
            let exposed = |case: &Row| {
                let relationships = store.relationships.of(&case.id);
                let others = relationships.iter().filter_map(|relationship| other(relationship, &case.id));
                others.filter(|other| other.kind == CONTACT.id).map(|other| other.id.to_owned()).collect::<Vec<_>>()
            };
            Ok(cases.into_iter().flat_map(exposed).collect())
        }
    }
}

/// Adds to a person what `include` asks for.
pub fn relate(call: &Call<'_>, store: &Store, record: &mut Map<String, Value>, filter: &Filter) -> Result<()> {
    for relation in &filter.include {
        let scope = filter.scope(relation);
        if scope.is_some_and(|scope| scope.get("justFilter") == Some(&Node::Bool(true))) {
            continue;
        }
        let id = record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let related = match relation.as_str() {
            "followUps" => of_person(&store.follow_ups, &FOLLOW_UP, &id, scope)?,
            "labResults" => of_person(&store.lab_results, &LAB_RESULT, &id, scope)?,
            "relationships" => {
                let rows = scoped(store.relationships.of(&id), &RELATIONSHIP, scope)?;
                let nested = scope.is_some_and(|scope| names(scope.get("include")).contains(&"people"));
                rows.into_iter().map(|row| if nested { with_people(store, row) } else { row }).map(Value::Object).collect()
            }
            "locations" => locations(store, record, "addresses"),
            "dateRangeLocations" => locations(store, record, "dateRanges"),
            "location" => match locations(store, record, "address") {
                Value::Array(mut one) if !one.is_empty() => one.remove(0),
                _ => continue,
            },
            _ => continue,
        };
        record.insert(relation.clone(), related);
    }
    call.include_users(record, &filter.include);
    Ok(())
}

fn of_person(records: &Records, model: &Model, person: &str, scope: Option<&Node>) -> Result<Value> {
    let live = records.of_person(person).filter(|row| !row.deleted).map(Record::record).collect();
    Ok(scoped(live, model, scope)?.into_iter().map(Value::Object).collect())
}

/// The rows that the scope of an `include` leaves, with the fields that it names.
pub fn scoped(mut rows: Vec<Map<String, Value>>, model: &Model, scope: Option<&Node>) -> Result<Vec<Map<String, Value>>> {
    let Some(scope) = scope else { return Ok(rows) };
    let filter = Filter::from_node(scope, Engine::Loopback)?;
    if let Some(condition) = compile(filter.condition.as_ref(), Engine::Loopback, model)? {
        rows.retain(|row| condition.holds(row));
    }
    if let Some(fields) = &filter.fields {
        for row in &mut rows {
            fields.apply(row);
        }
    }
    Ok(rows)
}

fn names(node: Option<&Node>) -> Vec<&str> {
    match node {
        Some(Node::Text(name)) => vec![name],
        Some(Node::List(items)) => items.iter().flat_map(|item| names(Some(item))).collect(),
        Some(object @ Node::Object(_)) => object.get("relation").and_then(Node::text).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A relationship with the records of both its people.
fn with_people(store: &Store, mut relationship: Map<String, Value>) -> Map<String, Value> {
    let people = participants(&relationship).into_iter().filter_map(|participant| store.people.live(participant.id));
    let people: Value = people.map(Row::typed_record).map(Value::Object).collect();
    relationship.insert("people".to_owned(), people);
    relationship
}

fn locations(store: &Store, record: &Map<String, Value>, field: &str) -> Value {
    let items = match record.get(field) {
        Some(Value::Array(items)) => items.as_slice(),
        Some(item) => std::slice::from_ref(item),
        None => &[],
    };
    let ids = items.iter().filter_map(|item| item.get("locationId").and_then(Value::as_str));
    ids.filter_map(|id| store.locations.live(id).cloned()).map(Value::Object).collect()
}
