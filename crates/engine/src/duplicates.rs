//! Duplicates in one input, looked for before the first record is written.
//!
//! When two records of one file have the same identity and different contents, the same key for the target or the same value where the target wants it to be unique, nobody can tell which is right, so
//! none of them may be written (records of one identity that say the same are one record: [`crate::namesakes`]); that includes the first, which is why the whole input is looked through beforehand. Sources that do not read from the beginning each
//! time (an API with a cursor) repeat records on purpose and are not looked through.
//!
//! Memory does not grow with the input: a fixed bit field finds the suspects, and only those are counted exactly, in a second look.

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};

use kivuko_core::connector::Key;
use kivuko_core::error::Cause;
use kivuko_core::value;
use serde_json::Value;

use crate::namesakes::Namesakes;

/// How many places of a duplicate are kept: enough to name others of each.
const MOST_PLACES: usize = 8;
/// So many entries are kept one by one before the field is laid out: most inputs, and most files of a folder, have no more.
const FEW: usize = 1 << 14;
/// Bits of the field: 4 MiB of memory hold some millions of identities with few false suspects.
const BITS: usize = 1 << 25;

/// What was there before: "certainly new" or "perhaps seen". Beyond a few entries it is a fixed field of bits. A bit is struck out when it is taken: memory that is all zeros is only lent until it is
/// written, and each first write to a page of it that was read before stops the other processor.
pub(crate) struct Field {
    few: HashSet<u64>,
    free: Vec<u64>,
    hasher: RandomState,
}

impl Field {
    pub fn new() -> Self {
        Self { few: HashSet::new(), free: Vec::new(), hasher: RandomState::new() }
    }

    fn hash(&self, entry: &impl Hash) -> u64 {
        self.hasher.hash_one(entry)
    }

    /// Takes an entry in; whether it was perhaps there before.
    fn insert(&mut self, hash: u64) -> bool {
        if self.free.is_empty() {
            if self.few.len() < FEW {
                return !self.few.insert(hash);
            }
            self.free = vec![u64::MAX; BITS / 64];
            for hash in std::mem::take(&mut self.few) {
                self.strike(hash);
            }
        }
        self.strike(hash)
    }

    fn strike(&mut self, hash: u64) -> bool {
        let mut seen = true;
        // Three places, taken from one hash.
        for turn in [0, 21, 42] {
            let place = usize::try_from(hash.rotate_left(turn)).unwrap_or(usize::MAX) % BITS;
            let bit = 1u64 << (place % 64);
            seen &= self.free[place / 64] & bit == 0;
            self.free[place / 64] &= !bit;
        }
        seen
    }
}

/// The first look: who might stand there twice. What the second look finds of each is `S`.
pub(crate) struct Suspects<T, S> {
    field: Field,
    suspects: HashMap<T, S>,
}

impl<T: Hash + Eq + Clone, S: Default> Suspects<T, S> {
    pub fn new() -> Self {
        Self { field: Field::new(), suspects: HashMap::new() }
    }

    pub fn first_look(&mut self, entry: &T) {
        let hash = self.field.hash(entry);
        if self.field.insert(hash) && !self.suspects.contains_key(entry) {
            self.suspects.insert(entry.clone(), S::default());
        }
    }

    pub fn any(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// The second look: what is known of a suspect, to add to it.
    pub fn second_look<Q: Hash + Eq + ?Sized>(&mut self, entry: &Q) -> Option<&mut S>
    where
        T: Borrow<Q>,
    {
        self.suspects.get_mut(entry)
    }

    /// Those that really stand there twice.
    pub fn convicted(mut self, stands_twice: impl Fn(&S) -> bool) -> HashMap<T, S> {
        self.suspects.retain(|_, found| stands_twice(found));
        self.suspects
    }
}

/// Keeps a few places: a wrong column makes one key of a whole file, and nobody reads more than a few.
pub(crate) fn keep(places: &mut Vec<String>, place: &str) {
    places.truncate(MOST_PLACES);
    places.push(place.to_owned());
}

/// Where a claim is laid; its places.
#[derive(Debug, Default)]
pub(crate) struct Claimants(Vec<String>);

impl Claimants {
    pub fn add(&mut self, place: &str) {
        keep(&mut self.0, place);
    }

    pub fn are_several(&self) -> bool {
        self.0.len() > 1
    }
}

/// What stands twice in the input that is being read.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    /// Over all partitions of the source.
    pub ids: HashMap<String, Namesakes>,
    /// The names of the fields that are compared where an identity stands twice.
    pub fields: Vec<String>,
    /// Of the partition that is being read.
    pub claims: HashMap<Claim, Claimants>,
    /// The position of the partition that is being read.
    pub partition: usize,
}

/// What no two records of an input may lay claim to. `record` is the position of the target record in the flow.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Claim {
    Key {
        record: usize,
        /// What the project calls the part of the target, where records belong to several: each has keys of its own.
        scope: Option<String>,
        key: Key,
    },
    /// A value that must be unique in the target; `field` is its position in `Capabilities::unique`.
    Value { record: usize, field: usize, value: String },
}

impl Duplicates {
    /// What follows for a record of the partition that is being read from others of its identity, which the source has under `path`.
    pub fn of_identity(&self, path: Option<&str>, id: &str, here: &str) -> Option<Cause> {
        self.ids.get(id)?.tell(self.partition, &self.fields, path, id, here)
    }

    /// The places of what several records lay claim to.
    pub fn claimed(&self, claim: impl FnOnce() -> Claim) -> Option<&[String]> {
        // The map is empty in nearly every run; nothing is copied for nothing.
        if self.claims.is_empty() { None } else { self.claims.get(&claim()).map(|claimants| claimants.0.as_slice()) }
    }
}

/// A few of the places but for this one.
pub(crate) fn other_places(places: &[String], here: &str) -> String {
    const NAMED: usize = 5;
    let others: Vec<&str> = places.iter().map(String::as_str).filter(|place| *place != here).collect();
    let shown = others[..others.len().min(NAMED)].join("; ");
    if others.len() > NAMED { format!("{shown} and more") } else { shown }
}

/// The text of a field that the target wants to be unique; empty ones are as many as there are.
pub(crate) fn unique_value(body: &Value, name: &str) -> Option<String> {
    body.get(name).and_then(value::text).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn find(entries: &[u16]) -> HashMap<u16, Vec<String>> {
        let mut suspects: Suspects<u16, Claimants> = Suspects::new();
        for entry in entries {
            suspects.first_look(entry);
        }
        for (row, entry) in entries.iter().enumerate() {
            if let Some(claimants) = suspects.second_look(entry) {
                claimants.add(&format!("row {row}"));
            }
        }
        suspects.convicted(Claimants::are_several).into_iter().map(|(entry, claimants)| (entry, claimants.0)).collect()
    }

    /// The first places and the last one.
    fn expected(mut places: Vec<String>) -> Vec<String> {
        if places.len() < 2 {
            return Vec::new();
        }
        if places.len() > MOST_PLACES {
            places.drain(MOST_PLACES..places.len() - 1);
        }
        places
    }

    #[test]
    fn a_small_input_takes_little_memory_and_a_large_one_loses_nothing() {
        let mut field = Field::new();
        let seen = |field: &mut Field, entries: std::ops::Range<usize>| {
            let is_seen = |entry: &usize| {
                let hash = field.hash(entry);
                field.insert(hash)
            };
            entries.filter(is_seen).count()
        };
        assert_eq!(seen(&mut field, 0..FEW), 0);
        assert!(field.free.is_empty(), "the field is laid out for {FEW} entries");
        let suspects = seen(&mut field, FEW..2 * FEW);
        assert!(suspects < 10, "{suspects} false suspects");
        assert_eq!(seen(&mut field, 0..2 * FEW), 2 * FEW, "what was there before is known");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn finds_exactly_what_stands_twice(entries in proptest::collection::vec(0u16..200, 0..300)) {
            let found = find(&entries);
            for entry in 0u16..200 {
                let places: Vec<String> =
                    entries.iter().enumerate().filter(|(_, other)| **other == entry).map(|(row, _)| format!("row {row}")).collect();
                prop_assert_eq!(found.get(&entry).cloned().unwrap_or_default(), expected(places));
            }
        }
    }
}
