//! What the routes of lab results and follow-ups have in common.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Call, compile};
use crate::godata::cases::Author;
use crate::godata::children::Child;
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::parents;
use crate::godata::person_types::PersonType;
use crate::godata::records::{Of, Record};
use crate::godata::store::Store;
use crate::server::Reply;

/// How many records a bulk change reads at a time.
const BULK_PAGE: usize = 100;

/// A live record of an outbreak.
pub(super) fn of_outbreak(child: &Child, store: &Store, outbreak: &str, id: &str) -> Result<Record> {
    let found = child.get(store, id).filter(|record| *record.outbreak == *outbreak && !record.deleted);
    found.cloned().ok_or_else(|| Error::no_instance("outbreak", id))
}

/// A record of a person, live or (when those are wanted) deleted.
pub(super) fn of_person(child: &Child, store: &Store, outbreak: &str, person: &str, id: &str, deleted: bool) -> Result<Record> {
    let own = |record: &&Record| *record.person == *person && *record.outbreak == *outbreak && (deleted || !record.deleted);
    child.get(store, id).filter(own).cloned().ok_or_else(|| Error::no_instance(child.model.name, id))
}

/// A stored record as the answer to a write of it.
pub(super) fn answer(child: &Child, call: &Call<'_>, store: &Store, id: &str) -> Result<Reply> {
    let record = child.get(store, id).ok_or_else(|| Error::no_instance(child.model.name, id))?;
    Ok(call.record(record.record()).wrote_ids(vec![id.to_owned()]))
}

/// One record, or an array of them: the ones before an invalid one stay.
pub(super) fn create(child: &Child, call: &Call<'_>, outbreak: &str, parent: &PersonType, person: &str, author: &Author) -> Result<Reply> {
    let body = call.body()?;
    let mut store = call.server.write();
    let owner = parents::of_kind(&store, outbreak, parent, person).map_err(|_| Error::not_found(parent.model.name, person))?;
    match body {
        Value::Array(items) => {
            let mut texts: Vec<Bytes> = Vec::with_capacity(items.len());
            let mut ids = Vec::with_capacity(items.len());
            for item in items {
                let stored = match item {
                    Value::Object(sent) => child.create(&mut store, outbreak, &owner, sent, author),
                    _ => Err(Error::plain(400, "Value is not an object.")),
                };
                match stored {
                    Ok(id) => {
                        texts.extend(child.get(&store, &id).map(|record| record.text.clone()));
                        ids.push(id);
                    }
                    Err(error) => return Ok(super::refusal(&error, call.request).wrote_ids(ids)),
                }
            }
            Ok(Reply::elements(texts).wrote_ids(ids))
        }
        Value::Object(sent) => {
            let id = child.create(&mut store, outbreak, &owner, sent, author)?;
            answer(child, call, &store, &id)
        }
        _ => Err(Error::plain(400, "Value is not an object.")),
    }
}

/// A bulk change by `where`: of every record that fulfils it, of any outbreak. The backend reads them page by page while
/// it changes them, so that what no longer fulfils the condition makes it pass over others.
pub(super) fn bulk(child: &Child, call: &Call<'_>, author: &Author) -> Result<Reply> {
    let sent: Map<String, Value> = call.object()?;
    let Some(node) = call.json_argument("where")? else {
        return Err(Error::plain(400, "where is a required argument"));
    };
    let condition = compile(Some(&node), Engine::Loopback, child.model)?;
    let mut store = call.server.write();
    let total = (child.records)(&store).matching(Of::default(), condition.as_ref()).count();
    let mut written = Vec::new();
    for skip in (0..total).step_by(BULK_PAGE) {
        let page = (child.records)(&store).matching(Of::default(), condition.as_ref()).skip(skip).take(BULK_PAGE);
        let ids: Vec<String> = page.map(|record| record.id.to_string()).collect();
        for id in ids {
            child.update(&mut store, &id, sent.clone(), author)?;
            written.push(id);
        }
    }
    Ok(Reply::json(200, json!({"count": written.len()}).to_string()).wrote_ids(written))
}
