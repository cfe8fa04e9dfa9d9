//! What goes with a person that is deleted, and comes back with it.

use serde_json::{Map, Value};

use super::cases::Author;
use super::error::Result;
use super::parents;
use super::person;
use super::person_types::{CONTACT, CONTACT_OF_CONTACT, PersonType};
use super::relationships::{self, other};
use super::rows::Row;
use super::store::Store;

/// Soft-deletes a person with its relationships, and those who have no exposure left: contacts of a case or an event,
/// contacts of a contact. Returns the ids of all people that were deleted.
pub fn delete(store: &mut Store, id: &str, author: &Author) -> Result<Vec<String>> {
    let mut deleted = Vec::new();
    delete_with(store, id, None, author, &mut deleted)?;
    Ok(deleted)
}

fn delete_with(store: &mut Store, id: &str, with: Option<&str>, author: &Author, deleted: &mut Vec<String>) -> Result<()> {
    let Some(row) = store.people.live(id) else { return Ok(()) };
    let (kind, record) = (row.kind, row.record());
    let isolated = isolated(store, id, kind);
    store.people.put(kind, &person::deleted(record, with, author));
    deleted.push(id.to_owned());
    parents::person_deleted(store, id, author);
    for relationship in store.relationships.of(id) {
        relationships::put(store, &parents::deleted(relationship, Some(id), author), author)?;
    }
    for other in isolated {
        delete_with(store, &other, Some(id), author, deleted)?;
    }
    Ok(())
}

/// Who would have no exposure left without this person.
fn isolated(store: &Store, id: &str, kind: &str) -> Vec<String> {
    let relationships = store.relationships.of(id);
    let is_origin = PersonType::of(kind).is_some_and(PersonType::is_origin);
    let depends = |dependent: &str| {
        let exposed: Vec<Map<String, Value>> = if is_origin {
            relationships::exposures(store, dependent)
        } else {
            let contact = |relationship: &Map<String, Value>| other(relationship, dependent).is_some_and(|other| other.kind == CONTACT.id);
            store.relationships.of(dependent).into_iter().filter(contact).collect()
        };
        exposed.iter().all(|relationship| other(relationship, dependent).is_some_and(|other| other.id == id))
    };
    let wanted = if is_origin { CONTACT.id } else { CONTACT_OF_CONTACT.id };
    if !is_origin && kind != CONTACT.id {
        return Vec::new();
    }
    let others = relationships.iter().filter_map(|relationship| other(relationship, id));
    let mut isolated: Vec<String> =
        others.filter(|other| other.kind == wanted && depends(other.id)).map(|other| other.id.to_owned()).collect();
    isolated.sort();
    isolated.dedup();
    isolated
}

/// Brings a person back with exactly what was deleted together with it. Returns the ids of all people that are back.
pub fn restore(store: &mut Store, id: &str, author: &Author) -> Result<Vec<String>> {
    let Some(row) = store.people.get(id) else { return Ok(Vec::new()) };
    let (kind, record) = (row.kind, row.record());
    store.people.put(kind, &parents::restored(record, author));
    parents::person_restored(store, id, author);
    let mut restored = vec![id.to_owned()];
    let people: Vec<String> = gone_with(store.people.holding("deletedByParent", id)).map(|row| row.id.to_string()).collect();
    for other in people {
        restored.extend(restore(store, &other, author)?);
    }
    let relationships: Vec<Map<String, Value>> = gone_with(store.relationships.holding("deletedByParent", id)).map(Row::record).collect();
    for relationship in relationships {
        relationships::put(store, &parents::restored(relationship, author), author)?;
    }
    Ok(restored)
}

fn gone_with(rows: Vec<&Row>) -> impl Iterator<Item = &Row> {
    rows.into_iter().filter(|row| row.deleted)
}
