//! Duplicates in one input, looked for before the first record is written.
//!
//! When two records of one file have the same identity, the same key for the target or the same value where the target wants it to be unique, nobody can tell which is right, so none of them may be
//! written; that includes the first, which is why the whole input is looked through beforehand. Sources that do not read from the beginning each
//! time (an API with a cursor) repeat records on purpose and are not looked through.
//!
//! Memory does not grow with the input: a fixed bit field finds the suspects, and only those are counted exactly, in a second look.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use kivuko_core::connector::Key;
use kivuko_core::value;
use serde_json::Value;

/// How many places of a duplicate are kept: enough to name others of each.
const MOST_PLACES: usize = 8;
/// Bits of the field: 4 MiB of memory hold some millions of identities with few false suspects.
const BITS: usize = 1 << 25;

/// A fixed field of bits that says "certainly new" or "perhaps seen". A bit is struck out when it is taken: memory that is all zeros is only lent until it is written, and each first
/// write to a page of it that was read before stops the other processor.
pub(crate) struct Field {
    free: Vec<u64>,
    hasher: RandomState,
}

impl Field {
    pub fn new() -> Self {
        Self { free: vec![u64::MAX; BITS / 64], hasher: RandomState::new() }
    }

    fn hash(&self, entry: &impl Hash) -> u64 {
        self.hasher.hash_one(entry)
    }

    /// Takes an entry in; whether it was perhaps there before.
    fn insert(&mut self, hash: u64) -> bool {
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

/// The first look: who might stand there twice.
pub(crate) struct Suspects<T> {
    field: Field,
    suspects: HashMap<T, Vec<Spot>>,
}

impl<T: Hash + Eq + Clone> Suspects<T> {
    pub fn new() -> Self {
        Self { field: Field::new(), suspects: HashMap::new() }
    }

    pub fn first_look(&mut self, entry: &T) {
        let hash = self.field.hash(entry);
        if self.field.insert(hash) && !self.suspects.contains_key(entry) {
            self.suspects.insert(entry.clone(), Vec::new());
        }
    }

    pub fn any(&self) -> bool {
        !self.suspects.is_empty()
    }

    /// The second look: where do the suspects stand.
    pub fn second_look(&mut self, entry: &T, partition: usize, place: &str) {
        if let Some(places) = self.suspects.get_mut(entry) {
            // A wrong column makes one key of a whole file; nobody reads more than a few places.
            places.truncate(MOST_PLACES);
            places.push(Spot { partition, place: place.to_owned() });
        }
    }

    /// Those that really stand there twice, with their places.
    pub fn convicted(mut self) -> HashMap<T, Vec<Spot>> {
        self.suspects.retain(|_, places| places.len() > 1);
        self.suspects
    }
}

/// Where something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    pub partition: usize,
    pub place: String,
}

/// What stands twice in the input that is being read.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    /// Over all partitions of the source.
    pub ids: HashMap<String, Vec<Spot>>,
    /// Of the partition that is being read.
    pub claims: HashMap<Claim, Vec<Spot>>,
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
    /// The other places of an identity that stands several times in the partition that is being read.
    pub fn doubled(&self, id: &str, here: &str) -> Option<Vec<&str>> {
        let spots: Vec<&Spot> = self.ids.get(id)?.iter().filter(|spot| spot.partition == self.partition).collect();
        (spots.len() > 1).then(|| spots.into_iter().map(|spot| spot.place.as_str()).filter(|place| *place != here).collect())
    }

    /// Where a later partition has a record of this identity again: the newer file of a folder is right.
    pub fn later(&self, id: &str) -> Option<&str> {
        let last = self.ids.get(id)?.last()?;
        (last.partition > self.partition).then_some(last.place.as_str())
    }

    /// The places of what several records lay claim to.
    pub fn claimed(&self, claim: impl FnOnce() -> Claim) -> Option<&[Spot]> {
        // The map is empty in nearly every run; nothing is copied for nothing.
        if self.claims.is_empty() { None } else { self.claims.get(&claim()).map(Vec::as_slice) }
    }
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
        let mut suspects = Suspects::new();
        for entry in entries {
            suspects.first_look(entry);
        }
        for (row, entry) in entries.iter().enumerate() {
            suspects.second_look(entry, 0, &format!("row {row}"));
        }
        let shown = |spots: Vec<Spot>| spots.into_iter().map(|spot| spot.place).collect();
        suspects.convicted().into_iter().map(|(entry, spots)| (entry, shown(spots))).collect()
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
