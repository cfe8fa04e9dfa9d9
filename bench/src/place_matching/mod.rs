//! How well places are matched: an invented country of places, written down a second time in another way, and what the matcher makes of the two.

mod names;
mod slips;
mod world;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use kivuko_core::places::{Given, Says, matched};

pub use world::{World, world};

/// What matching came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Places of the first and of the second tree.
    pub one: usize,
    pub two: usize,
    /// Pairs that there are to be found.
    pub pairs: usize,
    /// Taken without a look, rightly and wrongly.
    pub right: usize,
    pub wrong: usize,
    /// Left to a person; and of those the ones whose counterpart is shown.
    pub unclear: usize,
    pub shown: usize,
    /// Said to have no counterpart although there is one.
    pub missed: usize,
    pub took: Duration,
}

impl Measured {
    /// The share of accepted pairs that are right.
    pub fn precision(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }

    /// The share of all pairs that were found and accepted.
    pub fn recall(&self) -> f64 {
        self.right as f64 / self.pairs.max(1) as f64
    }
}

/// Matches two trees of about `size` places. `tell` gets a line for each pair that was accepted and is wrong, and for each that was not found.
pub fn measure(seed: u64, size: usize, tell: &mut dyn FnMut(&str)) -> Measured {
    let World { one, two, pairs } = world(seed, size);
    let mut measured = Measured { one: one.len(), two: two.len(), pairs: pairs.len(), ..Measured::default() };
    let shown: HashMap<String, String> = one
        .iter()
        .chain(&two)
        .map(|place| (place.id.clone(), format!("{} {:?} {:?} < {:?}", place.name, place.other_names, place.point, place.parent)))
        .collect();
    let begun = Instant::now();
    let proposals = matched(one, two, &Given::default());
    measured.took = begun.elapsed();
    for proposal in proposals {
        let Some(one) = &proposal.one else { continue };
        let right = pairs.get(one);
        let best = proposal.candidates.first();
        let told = |what: &str| {
            let candidate =
                best.map(|best| format!("{} {:.3} ({})", shown[&best.id], best.score, best.reasons.join("; "))).unwrap_or_default();
            format!("{what}: {}\n    {candidate}\n    should be {}", shown[one], right.map_or("nobody", |right| shown[right].as_str()))
        };
        match proposal.says {
            Says::Same if best.map(|best| &best.id) == right => measured.right += 1,
            Says::Same => {
                measured.wrong += 1;
                tell(&told("wrong"));
            }
            Says::Unclear => {
                measured.unclear += 1;
                let there = right.is_some_and(|right| proposal.candidates.iter().any(|one| one.id == *right));
                measured.shown += usize::from(there);
                if right.is_some() {
                    tell(&told("unclear"));
                }
            }
            Says::None => {
                measured.missed += usize::from(right.is_some());
                if right.is_some() {
                    tell(&told("missed"));
                }
            }
        }
    }
    measured
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_pairs_are_right_and_most_places_are_found() {
        for seed in [1, 2, 3, 4] {
            let measured = measure(seed, 2_000, &mut |_| {});
            assert!(measured.precision() >= 0.995, "seed {seed}: precision {} of {measured:?}", measured.precision());
            assert!(measured.recall() >= 0.85, "seed {seed}: recall {} of {measured:?}", measured.recall());
        }
    }

    #[test]
    fn the_order_of_the_places_changes_nothing() {
        let World { mut one, mut two, .. } = world(5, 300);
        let before = matched(one.clone(), two.clone(), &Given::default());
        one.reverse();
        two.reverse();
        assert_eq!(matched(one, two, &Given::default()), before);
    }
}
