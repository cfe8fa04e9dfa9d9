//! Where nodes stand in their list, by a text that each of them has.
//!
//! It holds hashes and places; the texts stay in the nodes, so whoever finds a place compares.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

#[derive(Debug, Clone, Default)]
pub struct Index {
    places: HashTable<(u64, usize)>,
    hasher: RandomState,
}

impl Index {
    pub fn add(&mut self, text: &str, place: usize) {
        let hash = self.hasher.hash_one(text);
        self.places.insert_unique(hash, (hash, place), |(hash, _)| *hash);
    }

    /// Takes out what was added with this text and place.
    pub fn remove(&mut self, text: &str, place: usize) {
        let hash = self.hasher.hash_one(text);
        if let Ok(found) = self.places.find_entry(hash, |entry| *entry == (hash, place)) {
            found.remove();
        }
    }

    /// The places that may have this text.
    pub fn places(&self, text: &str) -> impl Iterator<Item = usize> + use<'_> {
        let hash = self.hasher.hash_one(text);
        self.places.iter_hash(hash).filter(move |(found, _)| *found == hash).map(|(_, place)| *place)
    }
}
