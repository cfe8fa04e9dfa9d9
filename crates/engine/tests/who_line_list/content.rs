//! What Go.Data holds in the end, without what depends on when it came: ids, stamps and what the server counts from the day of arrival.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_sims::godata::{Options, Sim};
use serde_json::Value;

/// Made up by the server, or told elsewhere: the relationships themselves are compared.
const LEFT_OUT: [&str; 15] = [
    "id",
    "createdAt",
    "createdBy",
    "createdOn",
    "updatedAt",
    "updatedBy",
    "dbUpdatedAt",
    "deletedAt",
    "outbreakId",
    "relationshipsRepresentation",
    // The first window of a contact that has several exposures is that of the one that came first, and visits are numbered from there.
    "originalStartDate",
    "index",
    "classificationHistory",
    "followUpHistory",
    "duplicateKeys",
];

/// Every record by what people know it by, ids replaced by that.
pub fn of(sim: &Sim) -> BTreeSet<String> {
    let state = sim.state();
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for person in state.people() {
        let number = person["documents"].as_array().and_then(|documents| documents.iter().find_map(|document| document["number"].as_str()));
        let name = number.or(person["visualId"].as_str()).expect("everyone in the lists has an identity");
        names.insert(person["id"].as_str().expect("an id").to_owned(), name.to_owned());
    }
    let mut lines = BTreeSet::new();
    let mut add = |kind: &str, records: Vec<Value>| {
        let before = lines.len();
        let count = records.len();
        for mut record in records {
            plain(&mut record, &names);
            lines.insert(format!("{kind} {record}"));
        }
        assert_eq!(lines.len() - before, count, "two {kind} are the same");
    };
    for kind in ["cases", "contacts", "contacts-of-contacts", "events", "relationships"] {
        add(kind, state.of(Options::OUTBREAK, kind));
    }
    for kind in ["followUp", "labResult"] {
        add(kind, state.collection(kind));
    }
    lines
}

fn plain(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            // The id of a participant is who it is.
            let participant = members.contains_key("source") || members.contains_key("target");
            members.retain(|name, _| (participant && name == "id") || !LEFT_OUT.contains(&name.as_str()));
            for member in members.values_mut() {
                plain(member, names);
            }
        }
        Value::Array(items) => {
            for item in &mut *items {
                plain(item, names);
            }
            items.sort_by_key(ToString::to_string);
        }
        Value::String(text) => {
            if let Some(name) = names.get(text) {
                name.clone_into(text);
            }
        }
        _ => {}
    }
}

/// Fails with what is different.
pub fn same(found: &BTreeSet<String>, expected: &BTreeSet<String>, history: &str) {
    let more: Vec<&String> = found.difference(expected).take(5).collect();
    let less: Vec<&String> = expected.difference(found).take(5).collect();
    assert!(more.is_empty() && less.is_empty(), "{history}: Go.Data has {more:#?} and lacks {less:#?}");
}
