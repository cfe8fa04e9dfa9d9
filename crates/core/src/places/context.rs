//! What the trees say of a pair: whether the places above, and those below, belong together.

use std::collections::HashMap;

use super::tree::Tree;

/// Trees smaller than this are no surer than one of this size.
pub(super) const FEWEST: usize = 100;

/// Which place belongs to which, as far as it is known.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// For each place of the first side, the one of the second.
    pub there: Vec<Option<usize>>,
    /// And back.
    pub here: Vec<Option<usize>>,
    /// How many places below a pair belong together by themselves.
    votes: HashMap<(usize, usize), f64>,
    /// All votes for a place, whatever its counterpart.
    votes_of: HashMap<usize, f64>,
    /// The one with most votes.
    best: HashMap<usize, (f64, usize)>,
    /// How many pairs have these two levels, and each of them.
    levels: HashMap<(String, String), f64>,
    levels_one: HashMap<String, f64>,
    levels_two: HashMap<String, f64>,
    pairs: f64,
}

/// How a pair stands in the two trees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Standing {
    /// Evidence of the places above, in bits.
    pub bits: f64,
    pub parents: Parents,
    /// How many places of the other side stand as this one does: one of so many.
    pub among: usize,
}

/// How the places above two places stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parents {
    /// The parents belong together, or both have none.
    Matched,
    /// Places further above belong together, and nothing between contradicts.
    Above,
    /// A place above belongs to one that is not above the other.
    Contradict,
    Unknown,
}

impl Context {
    pub fn new(one: &Tree, two: &Tree) -> Self {
        Self {
            there: vec![None; one.len()],
            here: vec![None; two.len()],
            votes: HashMap::new(),
            votes_of: HashMap::new(),
            best: HashMap::new(),
            levels: HashMap::new(),
            levels_one: HashMap::new(),
            levels_two: HashMap::new(),
            pairs: 0.0,
        }
    }

    pub fn pair(&mut self, at: usize, place: usize) {
        self.there[at] = Some(place);
        self.here[place] = Some(at);
    }

    /// A pair that holds by itself speaks for the pairs of the places above it: at the same distance, or one apart where one tree has a level more.
    pub fn vote(&mut self, (one, at): (&Tree, usize), (two, place): (&Tree, usize)) {
        let (above_one, above_two): (Vec<usize>, Vec<usize>) = (one.above(at).take(4).collect(), two.above(place).take(4).collect());
        for (height, &ours) in above_one.iter().enumerate() {
            *self.votes_of.entry(ours).or_default() += 1.0;
            for (other, &theirs) in above_two.iter().enumerate() {
                if height.abs_diff(other) <= 1 {
                    let votes = self.votes.entry((ours, theirs)).or_default();
                    *votes += 1.0;
                    let best = self.best.entry(ours).or_insert((0.0, theirs));
                    if *votes > best.0 {
                        *best = (*votes, theirs);
                    }
                }
            }
        }
        let levels = (level(one, at), level(two, place));
        *self.levels_one.entry(levels.0.clone()).or_default() += 1.0;
        *self.levels_two.entry(levels.1.clone()).or_default() += 1.0;
        *self.levels.entry(levels).or_default() += 1.0;
        self.pairs += 1.0;
    }

    /// The votes for a pair, and their share of all votes for the first place.
    pub fn votes(&self, at: usize, place: usize) -> (f64, f64) {
        let votes = self.votes.get(&(at, place)).copied().unwrap_or(0.0);
        let all = self.votes_of.get(&at).copied().unwrap_or(0.0);
        (votes, if all > 0.0 { votes / all } else { 0.0 })
    }

    /// The place that most places below speak for.
    pub fn best_voted(&self, at: usize) -> Option<usize> {
        self.best.get(&at).filter(|(votes, _)| *votes >= 2.0).map(|(_, place)| *place)
    }

    /// Evidence of the places below, in bits.
    pub fn below(&self, at: usize, place: usize) -> f64 {
        let (votes, share) = self.votes(at, place);
        let all = self.votes_of.get(&at).copied().unwrap_or(0.0);
        if share >= 0.5 {
            (2.5 * votes).min(9.0)
        } else if share >= 0.25 {
            votes.min(3.0)
        } else if all >= 4.0 && share < 0.1 {
            -4.0
        } else {
            0.0
        }
    }

    /// Evidence of the levels, in bits: whether they go together in other pairs.
    pub fn at_levels(&self, (one, at): (&Tree, usize), (two, place): (&Tree, usize)) -> f64 {
        if self.pairs < 20.0 {
            return 0.0;
        }
        let levels = (level(one, at), level(two, place));
        let of = |counts: &HashMap<String, f64>, level: &str| counts.get(level).copied().unwrap_or(0.0);
        let (first, second) = (of(&self.levels_one, &levels.0), of(&self.levels_two, &levels.1));
        let together = self.levels.get(&levels).copied().unwrap_or(0.0);
        // Few pairs of a level say little.
        let expected = (first * second / self.pairs).max(0.5);
        if first < 3.0 && second < 3.0 {
            return 0.0;
        }
        ((together + 0.1) / (expected + 0.1)).log2().clamp(-4.0, 1.0)
    }

    /// How the places above a pair stand to each other.
    pub fn standing(&self, (one, at): (&Tree, usize), (two, place): (&Tree, usize)) -> Standing {
        let mut contradicts = false;
        let mut skipped = 0_usize;
        let mut found = None;
        for above in one.above(at) {
            match self.there[above] {
                Some(theirs) if two.is_below(place, theirs) => {
                    found = Some((above, theirs));
                    break;
                }
                Some(_) => contradicts = true,
                None => skipped += 1,
            }
        }
        for theirs in two.above(place) {
            if found.is_some_and(|(_, top)| top == theirs) {
                break;
            }
            match self.here[theirs] {
                // Its counterpart is not above ours, or we would have stopped there.
                Some(_) => contradicts = true,
                None => skipped += 1,
            }
        }
        let all = two.len().max(FEWEST);
        let (among, direct) = match found {
            Some((above, theirs)) if one.parent[at] == Some(above) && two.parent[place] == Some(theirs) => {
                (two.children[theirs].len(), true)
            }
            Some((_, theirs)) => (two.below(theirs), false),
            None => {
                let tops = one.parent[at].is_none() && two.parent[place].is_none();
                (two.down_to[two.depth[place]], tops)
            }
        };
        let mut bits = (all as f64 / among.max(1) as f64).log2().clamp(0.0, 11.0) - 0.5 * skipped.min(4) as f64;
        if contradicts {
            bits = (bits - 4.0).max(-4.0);
        }
        let parents = match (contradicts, direct, found) {
            (true, _, _) => Parents::Contradict,
            (false, true, _) => Parents::Matched,
            (false, false, Some(_)) => Parents::Above,
            (false, false, None) => Parents::Unknown,
        };
        Standing { bits, parents, among }
    }
}

/// The level of a place: what its system says, else its depth.
fn level(tree: &Tree, at: usize) -> String {
    tree.places[at].level.clone().unwrap_or_else(|| tree.depth[at].to_string())
}
