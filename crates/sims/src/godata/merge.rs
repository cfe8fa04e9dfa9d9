//! Merging people who are one: the first of them stays, the others are deleted, and what belonged to them is its own.
//!
//! The reference tells what is sent and that `mergedDuplicatesIds` is kept; that the first id is the one that stays, and
//! what becomes of relationships between the merged, is inferred.

use serde_json::{Map, Value, json};

use super::cases::Author;
use super::error::{Error, Result};
use super::parents;
use super::person;
use super::person_types::PersonType;
use super::relationships::{self, participants};
use super::store::Store;

/// Merges people of one type and outbreak; `model` is sent to the first, which stays. 404 when one of them is not there,
/// 422 when there are fewer than two.
pub fn merge(
    store: &mut Store,
    outbreak: &str,
    person_type: &PersonType,
    ids: &[String],
    model: Map<String, Value>,
    author: &Author,
) -> Result<()> {
    let [stays, merged @ ..] = ids else {
        return Err(too_few());
    };
    if merged.is_empty() || merged.contains(stays) {
        return Err(too_few());
    }
    for id in ids {
        let found = store.people.live(id).is_some_and(|row| *row.outbreak == *outbreak && row.kind == person_type.id);
        if !found {
            return Err(Error::not_found(person_type.model.name, id));
        }
    }
    for id in merged {
        take_over(store, id, stays, ids, author)?;
        if let Some(row) = store.people.live(id) {
            let record = person::deleted(row.record(), None, author);
            store.people.put(person_type.id, &record);
        }
    }
    let mut sent = model;
    let mut known = store.people.live(stays).and_then(|row| row.field("mergedDuplicatesIds")).unwrap_or_else(|| json!([]));
    if let Value::Array(known) = &mut known {
        known.extend(merged.iter().map(|id| json!(id)));
    }
    sent.insert("mergedDuplicatesIds".to_owned(), known);
    person::update(store, stays, sent, author)
}

fn too_few() -> Error {
    Error::coded(422, "VALIDATION_ERROR", "Validation failed: at least two different ids are needed to merge")
}

/// What hangs on one person hangs on the other from now on; relationships among the merged are deleted.
fn take_over(store: &mut Store, from: &str, to: &str, merged: &[String], author: &Author) -> Result<()> {
    for mut relationship in store.relationships.of(from) {
        let among = participants(&relationship).iter().all(|participant| merged.iter().any(|id| id == participant.id));
        if among {
            relationships::put(store, &parents::deleted(relationship, Some(from), author), author)?;
            continue;
        }
        for participant in relationship.get_mut("persons").and_then(Value::as_array_mut).into_iter().flatten() {
            if participant["id"] == from {
                participant["id"] = json!(to);
            }
        }
        author.stamp(&mut relationship);
        relationships::put(store, &relationship, author)?;
    }
    parents::moved(store, from, to, author);
    Ok(())
}
