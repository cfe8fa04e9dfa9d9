//! What Go.Data holds in the end, without what depends on when it came: ids, stamps and what the server counts from the day of arrival.

use std::collections::BTreeSet;

use kivuko_sims::godata::{Options, Sim};
use serde_json::Value;

use crate::support::known_as::{names, plain};

/// Made up by the server, or told elsewhere: the relationships themselves are compared.
const LEFT_OUT: [&str; 14] = [
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
    let names = names(sim);
    let mut lines = BTreeSet::new();
    let mut add = |kind: &str, records: Vec<Value>| {
        let before = lines.len();
        let count = records.len();
        for mut record in records {
            plain(&mut record, &names, &LEFT_OUT);
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

/// Fails with what is different.
pub fn same(found: &BTreeSet<String>, expected: &BTreeSet<String>, history: &str) {
    let more: Vec<&String> = found.difference(expected).take(5).collect();
    let less: Vec<&String> = expected.difference(found).take(5).collect();
    assert!(more.is_empty() && less.is_empty(), "{history}: Go.Data has {more:#?} and lacks {less:#?}");
}
