//! What a person's record says of its relationships: a copy of each, whether there are any, how many of which kind.

use serde_json::{Map, Value, json};

use super::relationships::{other, participants};
use super::store::{Store, is_deleted};

/// Carries the state of a relationship into the record of a person who takes, or took, part in it. No stamp moves: the
/// backend does it with update operators, in which the stamp is lost.
pub fn carry(store: &mut Store, person: &str, relationship: &Map<String, Value>) {
    let Some(row) = store.people.get(person) else { return };
    let kind = row.kind;
    let mut record = row.record();
    let mut entries = match record.remove("relationshipsRepresentation") {
        Some(Value::Array(entries)) => entries,
        _ => Vec::new(),
    };
    let id = relationship.get("id").cloned().unwrap_or(Value::Null);
    let at = entries.iter().position(|entry| entry["id"] == id);
    match (at, entry(person, relationship)) {
        (Some(at), Some(entry)) => entries[at] = entry,
        (Some(at), None) => {
            entries.remove(at);
        }
        (None, Some(entry)) => entries.push(entry),
        (None, None) => {}
    }
    let active = |side: &str| entries.iter().filter(|entry| entry["active"] == true && entry[side] == true).count();
    record.insert("numberOfContacts".to_owned(), json!(active("source")));
    record.insert("numberOfExposures".to_owned(), json!(active("target")));
    record.insert("hasRelationships".to_owned(), json!(!entries.is_empty()));
    record.insert("relationshipsRepresentation".to_owned(), Value::Array(entries));
    store.people.put(kind, &record);
}

/// The copy that the person keeps; none when it takes no part in it, or it is deleted.
fn entry(person: &str, relationship: &Map<String, Value>) -> Option<Value> {
    if is_deleted(relationship) {
        return None;
    }
    let own = participants(relationship).into_iter().find(|participant| participant.id == person)?;
    let other = other(relationship, person)?;
    let side = if own.source { "source" } else { "target" };
    Some(json!({
        "id": relationship.get("id"), "active": relationship.get("active"),
        "otherParticipantType": other.kind, "otherParticipantId": other.id, side: true
    }))
}
