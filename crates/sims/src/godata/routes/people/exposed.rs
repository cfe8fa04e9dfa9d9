//! What hangs on one person: new contacts with their relationship in one call, lists of exposures and contacts,
//! conversions.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::super::{Call, compile, counted, refusal};
use super::{allowed, below_locations, not_simulated, one};
use crate::godata::cases::Author;
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::filter::{self, Filter};
use crate::godata::person_types::{CASE, CONTACT, CONTACT_OF_CONTACT, EVENT, PersonType};
use crate::godata::relationships::{other, participants};
use crate::godata::rows::Row;
use crate::godata::store::{Store, is_deleted};
use crate::godata::{cascade, convert, person, relationships};
use crate::server::Reply;

/// `POST /cases/{id}/convert-to-contact` and its like.
pub fn converted(call: &Call<'_>, outbreak: &str, from: &'static PersonType, id: &str, action: &str) -> Result<Reply> {
    let to = match (from.model.name, action) {
        ("case" | "contactOfContact", "convert-to-contact") => &CONTACT,
        ("contact", "convert-to-case") => &CASE,
        ("contact", "convert-to-contact-of-contact") => &CONTACT_OF_CONTACT,
        _ => return Err(call.no_method("outbreak")),
    };
    let user = allowed(call, outbreak, &format!("{}_{}", from.permission, action.replace('-', "_")))?;
    let mut store = call.server.write();
    one(&store, outbreak, from, id, false)?;
    let ids = convert::convert(&mut store, id, to, &call.author(&user))?;
    let person = one(&store, outbreak, to, id, false)?;
    Ok(call.record(person.record()).wrote_ids(ids))
}

/// `POST /cases/{id}/contacts` and its like: people with their relationship to this one.
pub fn create_exposed(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType, id: &str) -> Result<Reply> {
    let (exposed, noun) = if person_type.is_origin() { (&CONTACT, "contact") } else { (&CONTACT_OF_CONTACT, "contact_of_contact") };
    let user = allowed(call, outbreak, &format!("{}_create_bulk_{noun}", person_type.permission))?;
    let Value::Array(items) = call.body()? else {
        return Err(Error::plain(400, "Items must be an array: {}"));
    };
    let mut store = call.server.write();
    one(&store, outbreak, person_type, id, false)?;
    let author = call.author(&user);
    let (mut succeeded, mut failed, mut ids) = (Vec::new(), Vec::new(), Vec::new());
    for (number, item) in items.into_iter().enumerate() {
        match exposed_one(&mut store, outbreak, id, exposed, &item, &author) {
            Ok((person, relationship)) => {
                let record = |row: Option<&Row>| row.map(|row| Value::Object(row.record()));
                succeeded.push(json!({
                    "recordNo": number, exposed.model.name: record(store.people.get(&person)),
                    "relationship": record(store.relationships.get(&relationship))
                }));
                ids.extend([person, relationship]);
            }
            Err(error) => failed.push(json!({"recordNo": number, "error": error.body()})),
        }
    }
    if failed.is_empty() {
        return Ok(Reply::json(200, Value::Array(succeeded).to_string()).wrote_ids(ids));
    }
    let message = "Multiple contacts creation partial success. Some contacts failed to be created.";
    let error = Error::coded(422, "MULTIPLE_CONTACTS_CREATION_PARTIAL_SUCCESS", message);
    Ok(refusal(&error.details(json!({"failed": failed, "success": succeeded})), call.request).wrote_ids(ids))
}

/// A person and its relationship; without the relationship the person is taken back.
fn exposed_one(
    store: &mut Store,
    outbreak: &str,
    by: &str,
    exposed: &'static PersonType,
    item: &Value,
    author: &Author,
) -> Result<(String, String)> {
    let part = |name: &str| item.get(name).and_then(Value::as_object).cloned();
    let missing = |name: &str| Error::coded(400, "MISSING_REQUIRED_PROPERTY", format!("Missing required property `{name}`"));
    let sent = part(exposed.model.name).ok_or_else(|| missing(exposed.model.name))?;
    let mut relationship = part("relationship").ok_or_else(|| missing("relationship"))?;
    let person = person::create(store, exposed, outbreak, sent, author)?;
    relationship.insert("persons".to_owned(), json!([{"id": person}]));
    match relationships::create(store, outbreak, by, relationship, author) {
        Ok(relationship) => Ok((person, relationship)),
        Err(error) => {
            cascade::delete(store, &person, author)?;
            Err(error)
        }
    }
}

/// `/relationships/exposures` and `/relationships/contacts` of a person: those on the other side, each with its
/// `relationship`.
pub fn other_side(call: &Call<'_>, outbreak: &str, person_type: &'static PersonType, id: &str, rest: &[&str]) -> Result<Reply> {
    let (side, counting) = match rest {
        [side] => (*side, false),
        [side, "filtered-count"] => (*side, true),
        _ => return not_simulated(call, outbreak),
    };
    if !call.is(&Method::GET) || (side == "exposures" && person_type.id == EVENT.id) {
        return Err(call.no_method("outbreak"));
    }
    allowed(call, outbreak, &format!("{}_list_relationship_{side}", person_type.permission))?;
    let filter = call.filter(Engine::Raw)?;
    let store = call.server.read();
    one(&store, outbreak, person_type, id, false)?;
    let found = found(&store, id, side == "contacts", &filter)?;
    if counting {
        return Ok(counted(found.len().min(filter.limit.unwrap_or(usize::MAX))));
    }
    let window = found.into_iter().skip(filter.skip).take(filter.limit.unwrap_or(usize::MAX));
    let rows: Vec<Value> = window
        .map(|mut record| {
            if let Some(fields) = &filter.fields {
                fields.apply(&mut record);
            }
            Value::Object(record)
        })
        .collect();
    Ok(Reply::json(200, Value::Array(rows).to_string()))
}

fn found(store: &Store, id: &str, contacts: bool, filter: &Filter) -> Result<Vec<Map<String, Value>>> {
    let mut node = filter.condition.clone();
    if let Some(node) = &mut node {
        below_locations(&store.locations, node)?;
    }
    let condition = compile(node.as_ref(), Engine::Raw, CASE.model)?;
    let mut found = Vec::new();
    for relationship in store.relationships.of(id) {
        let is_source = participants(&relationship).iter().any(|own| own.id == id && own.source);
        let Some(row) = other(&relationship, id).filter(|_| is_source == contacts).and_then(|other| store.people.get(other.id)) else {
            continue;
        };
        let mut record = row.typed_record();
        record.insert("relationship".to_owned(), Value::Object(relationship.clone()));
        let wanted = filter.deleted || !is_deleted(&record);
        if wanted && condition.as_ref().is_none_or(|condition| condition.holds(&record)) {
            found.push(record);
        }
    }
    found.sort_by(|a, b| filter::compare(&filter.order, a, b));
    Ok(found)
}
