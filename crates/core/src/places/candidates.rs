//! Which places of the second side are worth comparing with one of the first: those that share a word that sounds alike or begins or ends alike, an
//! identifier, a neighbourhood, or the branch of a place above.

use std::collections::{BTreeSet, HashMap};

use crate::token::Token;

use super::name::PlaceName;
use super::tree::Tree;

/// A word that more places than this have leads nowhere by itself; it does within a branch.
const COMMON: usize = 120;
/// The same for the beginning and the end of a word, which more places share by chance.
const COMMON_PIECE: usize = 40;
/// A parent with more children than this is looked through by words.
const MANY_CHILDREN: usize = 120;
/// So many of one branch share a word at most.
const MOST_OF_BRANCH: usize = 300;
/// The side of a cell of the grid, in degrees: about two kilometres.
const CELL: f64 = 0.02;
/// So many neighbours are compared.
const MOST_NEIGHBOURS: usize = 60;

/// The second side, looked up by keys.
#[derive(Debug)]
pub(super) struct Index {
    /// For each key the places that have it, by where they stand in the tree.
    words: HashMap<String, Vec<usize>>,
    whole: HashMap<String, Vec<usize>>,
    grid: HashMap<(i32, i32), Vec<usize>>,
}

impl Index {
    pub fn new(tree: &Tree) -> Self {
        let mut index = Self { words: HashMap::new(), whole: HashMap::new(), grid: HashMap::new() };
        for &place in &tree.sequence {
            for key in keys(&tree.names[place]) {
                index.words.entry(key).or_default().push(tree.order[place]);
            }
            for name in &tree.names[place] {
                index.whole.entry(name.key()).or_default().push(place);
            }
            if let Some(point) = tree.points[place] {
                index.grid.entry((cell(point.lat), cell(point.lng))).or_default().push(place);
            }
        }
        index
    }

    /// Places anywhere.
    pub fn anywhere(&self, one: &Tree, at: usize, two: &Tree, found: &mut BTreeSet<usize>) {
        for name in &one.names[at] {
            if let Some(same) = self.whole.get(&name.key()).filter(|same| same.len() <= COMMON) {
                found.extend(same);
            }
        }
        for key in keys(&one.names[at]) {
            if let Some(orders) = self.words.get(&key).filter(|orders| orders.len() <= most(&key, COMMON, COMMON_PIECE)) {
                found.extend(orders.iter().map(|&order| two.sequence[order]));
            }
        }
        if let Some(point) = one.points[at] {
            let mut near = Vec::new();
            for lat in -1..=1 {
                for lng in -1..=1 {
                    near.extend(self.grid.get(&(cell(point.lat) + lat, cell(point.lng) + lng)).into_iter().flatten().copied());
                }
            }
            near.truncate(MOST_NEIGHBOURS);
            found.extend(near);
        }
    }

    /// Places in the branch of one.
    pub fn below(&self, one: &Tree, at: usize, two: &Tree, top: usize, found: &mut BTreeSet<usize>) {
        if two.children[top].len() <= MANY_CHILDREN {
            found.extend(&two.children[top]);
        }
        for key in keys(&one.names[at]) {
            let Some(orders) = self.words.get(&key) else { continue };
            let (first, last) =
                (orders.partition_point(|&order| order <= two.order[top]), orders.partition_point(|&order| order < two.end[top]));
            if last - first <= most(&key, MOST_OF_BRANCH, COMMON) {
                found.extend(orders[first..last].iter().map(|&order| two.sequence[order]));
            }
        }
    }
}

/// Whole words by their sound may lead to more places than pieces of words.
fn most(key: &str, sound: usize, piece: usize) -> usize {
    if key.starts_with('=') { sound } else { piece }
}

fn cell(degrees: f64) -> i32 {
    (degrees / CELL).floor() as i32
}

/// What the words of a place's names are looked up by.
fn keys(names: &[PlaceName]) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    let mut put = |token: &Token| {
        let fold = token.fold.as_str();
        keys.insert(format!("={}", token.sound));
        if fold.len() >= 4 {
            keys.insert(format!("<{}", &fold[..4]));
            keys.insert(format!(">{}", &fold[fold.len() - 4..]));
        }
    };
    for name in names {
        name.tokens.iter().for_each(&mut put);
        if let (Some(joined), true) = (&name.joined, name.tokens.len() > 1) {
            put(joined);
        }
    }
    keys
}
