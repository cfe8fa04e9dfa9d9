//! Duplicates in one input, looked for before the first record is written.
//!
//! When two records of one file have the same identity, or the same key for the target, nobody can tell which is right, so none of them may be
//! written; that includes the first, which is why the whole input is looked through beforehand. Sources that do not read from the beginning each
//! time (an API with a cursor) repeat records on purpose and are not looked through.
//!
//! Memory does not grow with the input: a fixed bit field finds the suspects, and only those are counted exactly, in a second look.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};

use kivuko_core::connector::Key;

/// Bits of the field: 4 MiB of memory hold some millions of identities with few false suspects.
const BITS: usize = 1 << 25;

/// A fixed field of bits that says "certainly new" or "perhaps seen".
pub(crate) struct Field {
    bits: Vec<u64>,
    hasher: RandomState,
}

impl Field {
    pub fn new() -> Self {
        Self { bits: vec![0; BITS / 64], hasher: RandomState::new() }
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
            seen &= self.bits[place / 64] & bit != 0;
            self.bits[place / 64] |= bit;
        }
        seen
    }
}

/// The first look: who might stand there twice.
pub(crate) struct Suspects<T> {
    field: Field,
    suspects: HashMap<T, Vec<String>>,
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
    pub fn second_look(&mut self, entry: &T, place: &str) {
        if let Some(places) = self.suspects.get_mut(entry) {
            places.push(place.to_owned());
        }
    }

    /// Those that really stand there twice, with their places.
    pub fn convicted(mut self) -> HashMap<T, Vec<String>> {
        self.suspects.retain(|_, places| places.len() > 1);
        self.suspects
    }
}

/// What stands twice in the input that is being read.
#[derive(Debug, Default)]
pub(crate) struct Duplicates {
    pub ids: HashMap<String, Vec<String>>,
    /// By target record of the flow and key.
    pub keys: HashMap<(usize, Key), Vec<String>>,
}

impl Duplicates {
    /// The places of a duplicate identity.
    pub fn ids_of(&self, id: &str) -> Option<&[String]> {
        self.ids.get(id).map(Vec::as_slice)
    }

    /// The places of a duplicate key.
    pub fn keys_of(&self, record: usize, key: &Key) -> Option<&[String]> {
        // The map is empty in nearly every run; the key is not copied for nothing.
        if self.keys.is_empty() { None } else { self.keys.get(&(record, key.clone())).map(Vec::as_slice) }
    }
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
            suspects.second_look(entry, &format!("row {row}"));
        }
        suspects.convicted()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn finds_exactly_what_stands_twice(entries in proptest::collection::vec(0u16..200, 0..300)) {
            let found = find(&entries);
            for entry in 0u16..200 {
                let places: Vec<String> =
                    entries.iter().enumerate().filter(|(_, other)| **other == entry).map(|(row, _)| format!("row {row}")).collect();
                prop_assert_eq!(found.get(&entry).cloned().unwrap_or_default(), if places.len() > 1 { places } else { Vec::new() });
            }
        }
    }
}
