//! How much a word of a name says: the rarer it is on both sides, the more.

use std::collections::{HashMap, HashSet};

use crate::token::Token;

use super::name::PlaceName;

/// What a word is worth at least and at most, in bits.
const LEAST: f64 = 1.5;
const MOST: f64 = 10.0;
/// In fewer places a word that stands once is no less rare than in so many.
const FEWEST: u32 = 400;

/// How many places have each word in their names.
#[derive(Debug, Default)]
pub(super) struct Rarity {
    counts: HashMap<String, u32>,
    places: u32,
}

impl Rarity {
    /// Counts the words of each place's names.
    pub fn new<'n>(places: impl Iterator<Item = &'n [PlaceName]>) -> Self {
        let mut rarity = Self::default();
        for names in places {
            rarity.places += 1;
            let words: HashSet<&str> = names.iter().flat_map(|name| &name.tokens).map(|token| token.fold.as_str()).collect();
            for word in words {
                match rarity.counts.get_mut(word) {
                    Some(count) => *count += 1,
                    None => drop(rarity.counts.insert(word.to_owned(), 1)),
                }
            }
        }
        rarity
    }

    /// The bits that a word is worth.
    pub fn bits(&self, token: &Token) -> f64 {
        let count = self.counts.get(&token.fold).copied().unwrap_or(1).max(1);
        // A word that stands once on either side is as rare as one can be.
        let share = f64::from(count.max(2)) / f64::from(self.places.max(FEWEST));
        (-share.log2()).clamp(LEAST, MOST)
    }
}
