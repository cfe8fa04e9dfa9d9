//! The stored values, completions, extra times and approvals. A value is never removed: it is marked as deleted.

use std::collections::{BTreeMap, BTreeSet};

use super::super::uid::Uid;
use super::analytics::Tables;
use super::period::Period;

/// What identifies a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    pub data_element: Uid,
    pub period: Period,
    pub org_unit: Uid,
    pub category_option_combo: Uid,
    pub attribute_option_combo: Uid,
}

/// A stored value.
#[allow(clippy::struct_field_names, reason = "storedBy is the server's own name")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Empty when only a comment is kept.
    pub value: String,
    pub comment: Option<String>,
    pub followup: bool,
    pub stored_by: String,
    /// Milliseconds since 1970.
    pub created: i64,
    /// Milliseconds since 1970.
    pub last_updated: i64,
    pub deleted: bool,
}

/// What a request did to a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// A row that was not there, or a deleted one that is back.
    Created,
    /// Another value, comment or flag; from 2.43 also the same ones again.
    Updated,
    /// Marked as deleted.
    Deleted,
}

/// One line of the log of writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Milliseconds since 1970.
    pub at: i64,
    pub key: Key,
    pub change: Change,
    pub value: String,
}

/// What identifies the completion of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Completion {
    pub data_set: Uid,
    pub period: Period,
    pub org_unit: Uid,
    pub attribute_option_combo: Uid,
}

/// A data set that was said to be complete, or no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    pub completed: bool,
    /// Milliseconds since 1970: when it was complete.
    pub date: i64,
    pub stored_by: String,
    /// Milliseconds since 1970.
    pub created: i64,
    /// Milliseconds since 1970.
    pub last_updated: i64,
    pub last_updated_by: String,
}

/// Everything that is kept about numbers.
#[derive(Debug, Default)]
pub struct Store {
    values: BTreeMap<Key, Stored>,
    pub registrations: BTreeMap<Completion, Registered>,
    /// Org unit, period and data set for which extra time was granted.
    pub lock_exceptions: BTreeSet<(Uid, Period, Uid)>,
    /// Workflow, period, org unit and attribute option combo that were approved.
    pub approvals: BTreeSet<(Uid, Period, Uid, Uid)>,
    /// What analytics answers from; none before they are built.
    pub tables: Option<Tables>,
    audits: usize,
    written: Vec<Written>,
}

impl Store {
    /// A value, deleted or not.
    pub fn get(&self, key: &Key) -> Option<&Stored> {
        self.values.get(key)
    }

    /// All rows, deleted ones too, in the order of their keys.
    pub fn rows(&self) -> impl Iterator<Item = (&Key, &Stored)> {
        self.values.iter()
    }

    /// How many changes and deletions were audited.
    pub fn audits(&self) -> usize {
        self.audits
    }

    /// What was written since the start, or since the log was cleared.
    pub fn written(&self) -> &[Written] {
        &self.written
    }

    /// The tables of values and registrations are empty, as after a backup of before the first number was put back; and so is the log of writes.
    pub fn lose_all(&mut self) {
        self.values.clear();
        self.registrations.clear();
        self.written.clear();
    }

    /// Forgets the log of writes, not what they did.
    pub fn clear_written(&mut self) {
        self.written.clear();
    }

    /// Stores a value. A row that is there keeps when it was created, unless it was deleted and comes back.
    pub fn put(&mut self, key: Key, mut stored: Stored, change: Change, audit: bool) {
        if let Some(known) = self.values.get(&key)
            && (!known.deleted || stored.deleted)
        {
            stored.created = known.created;
        }
        self.audits += usize::from(audit && change != Change::Created);
        self.written.push(Written { at: stored.last_updated, key, change, value: stored.value.clone() });
        self.values.insert(key, stored);
    }

    /// Marks a row as deleted; it keeps its value, unless the deletion gave it another: an empty one, or a 0 that is not kept.
    pub fn delete(&mut self, key: &Key, given: Option<String>, by: &str, now: i64, audit: bool) {
        let Some(stored) = self.values.get_mut(key) else {
            return;
        };
        stored.deleted = true;
        if let Some(given) = given {
            stored.value = given;
        }
        by.clone_into(&mut stored.stored_by);
        stored.last_updated = now;
        self.audits += usize::from(audit);
        self.written.push(Written { at: now, key: *key, change: Change::Deleted, value: stored.value.clone() });
    }
}
