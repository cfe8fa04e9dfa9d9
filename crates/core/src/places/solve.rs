//! Both trees together: from the top down, then again with what is known of the places above and below, until each place has its best counterpart.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::candidates::Index;
use super::compare::{Code, Doubt, Own, compare, distance_bits};
use super::context::{Context, FEWEST, Parents, Standing};
use super::place::Place;
use super::rarity::Rarity;
use super::tree::Tree;
use super::verdict::{Proposal, proposals};

/// How often all pairs are weighed with what is known of the others.
const ROUNDS: usize = 3;
/// So many candidates of one place are weighed.
const MOST_CANDIDATES: usize = 60;
/// From this score on a pair counts for the places above and below it.
const LIKELY: f64 = 0.5;

/// What is known beforehand: what people decided, and links.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Given {
    /// These belong together; they are not proposed again.
    pub pairs: Vec<(String, String)>,
    /// These do not belong together.
    pub refused: Vec<(String, String)>,
    /// These have no counterpart, on either side.
    pub none_one: Vec<String>,
    pub none_two: Vec<String>,
}

/// A pair that is weighed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub place: usize,
    pub own: Own,
    pub standing: Standing,
    /// All evidence, in bits.
    pub bits: f64,
    /// From 0 to 1.
    pub score: f64,
}

/// The two trees, and what is known so far.
#[derive(Debug)]
pub(super) struct Solver {
    pub one: Tree,
    pub two: Tree,
    rarity: Rarity,
    codes: Codes,
    pub context: Context,
    /// For each place of the first side its candidates, the best first.
    pub pairs: Vec<Vec<Pair>>,
    pub refused: HashSet<(usize, usize)>,
    /// Places that are spoken for, or have no counterpart.
    pub settled_one: Vec<bool>,
    pub settled_two: Vec<bool>,
    fixed: Vec<(usize, usize)>,
}

/// Which places of two systems are the same. Gives an answer for each place of either side on which nothing is known beforehand.
pub fn matched(one: Vec<Place>, two: Vec<Place>, known: &Given) -> Vec<Proposal> {
    let mut solver = Solver::new(one, two, known);
    solver.solve();
    proposals(&solver)
}

impl Solver {
    pub fn new(one: Vec<Place>, two: Vec<Place>, known: &Given) -> Self {
        let (one, two) = (Tree::new(one), Tree::new(two));
        let rarity = Rarity::new(one.names.iter().chain(&two.names).map(Vec::as_slice));
        let mut codes = Codes::new(&one, &two);
        codes.trust(&one, &two, &rarity);
        let context = Context::new(&one, &two);
        let (mut settled_one, mut settled_two) = (vec![false; one.len()], vec![false; two.len()]);
        let both = |pairs: &[(String, String)]| -> Vec<(usize, usize)> {
            pairs.iter().filter_map(|(first, second)| Some((*one.by_id.get(first)?, *two.by_id.get(second)?))).collect()
        };
        let (fixed, refused) = (both(&known.pairs), both(&known.refused));
        for &(at, place) in &fixed {
            (settled_one[at], settled_two[place]) = (true, true);
        }
        known.none_one.iter().filter_map(|id| one.by_id.get(id)).for_each(|&at| settled_one[at] = true);
        known.none_two.iter().filter_map(|id| two.by_id.get(id)).for_each(|&place| settled_two[place] = true);
        let pairs = vec![Vec::new(); one.len()];
        let refused = refused.into_iter().collect();
        Self { one, two, rarity, codes, context, pairs, refused, settled_one, settled_two, fixed }
    }

    pub fn solve(&mut self) {
        let index = Index::new(&self.two);
        for at in 0..self.one.len() {
            let mut found = BTreeSet::new();
            index.anywhere(&self.one, at, &self.two, &mut found);
            found.extend(self.codes.of[at].iter().filter_map(|code| self.codes.places.get(code)));
            self.consider(at, found);
        }
        let mut context = self.blank();
        self.vote_first(&mut context);
        self.context = context;
        let mut levels: Vec<Vec<usize>> = vec![Vec::new(); self.one.down_to.len()];
        (0..self.one.len()).for_each(|at| levels[self.one.depth[at]].push(at));
        let mut taken = self.settled_two.clone();
        for level in levels {
            for &at in &level {
                self.widen(&index, at);
                self.weigh(at);
            }
            let chosen = self.choose(&level, &mut taken);
            for (at, place) in chosen {
                self.context.pair(at, place);
            }
        }
        for _ in 1..ROUNDS {
            let mut next = self.blank();
            for at in 0..self.one.len() {
                if let (Some(place), false) = (self.context.there[at], self.settled_one[at])
                    && let Some(pair) = self.pairs[at].iter().find(|pair| pair.place == place)
                    && (self.by_itself(pair) >= 9.0 || pair.standing.parents == Parents::Above)
                {
                    next.vote((&self.one, at), (&self.two, place));
                }
            }
            (next.there, next.here) = (self.context.there.clone(), self.context.here.clone());
            self.context = next;
            for at in 0..self.one.len() {
                self.widen(&index, at);
                self.weigh(at);
            }
            let mut taken = self.settled_two.clone();
            let all: Vec<usize> = (0..self.one.len()).collect();
            let chosen = self.choose(&all, &mut taken);
            let blank = self.blank();
            (self.context.there, self.context.here) = (blank.there, blank.here);
            for (at, place) in chosen {
                self.context.pair(at, place);
            }
        }
    }

    /// Nothing but what is known beforehand.
    fn blank(&self) -> Context {
        let mut context = Context::new(&self.one, &self.two);
        for &(at, place) in &self.fixed {
            context.pair(at, place);
            context.vote((&self.one, at), (&self.two, place));
        }
        context
    }

    /// Pairs that hold by themselves, wherever they stand.
    fn vote_first(&self, context: &mut Context) {
        for at in (0..self.one.len()).filter(|&at| !self.settled_one[at]) {
            let mut strengths: Vec<(f64, usize)> = self.pairs[at].iter().map(|pair| (self.by_itself(pair), pair.place)).collect();
            strengths.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)));
            let next = strengths.get(1).map_or(f64::NEG_INFINITY, |(bits, _)| *bits);
            if let Some((bits, place)) = strengths.first()
                && *bits >= 9.0
                && bits - next >= 3.0
            {
                context.vote((&self.one, at), (&self.two, *place));
            }
        }
    }

    /// Evidence of a pair without its places above and below.
    fn by_itself(&self, pair: &Pair) -> f64 {
        let point = pair.own.apart.map_or(0.0, |km| distance_bits(km, false).max(-2.0));
        let code = if pair.own.code == Code::Equal { self.codes.worth } else { 0.0 };
        let doubt = if pair.own.doubts.is_empty() { 0.0 } else { -3.0 };
        pair.own.bits + point + code + doubt
    }

    /// Adds candidates from the branches of the places that belong to those above.
    fn widen(&mut self, index: &Index, at: usize) {
        if self.settled_one[at] {
            return;
        }
        let mut found = BTreeSet::new();
        let counterparts = self.one.above(at).filter_map(|above| self.context.there[above]);
        for top in counterparts.take(2) {
            index.below(&self.one, at, &self.two, top, &mut found);
        }
        if self.one.parent[at].is_none() {
            found.extend((0..self.two.len()).filter(|&place| self.two.depth[place] <= 1).take(500));
        }
        // A place below which others belong together.
        if let Some(votes) = self.context.best_voted(at) {
            found.insert(votes);
        }
        self.consider(at, found);
    }

    /// Compares a place with those candidates that it was not compared with yet.
    fn consider(&mut self, at: usize, found: BTreeSet<usize>) {
        if self.settled_one[at] {
            return;
        }
        let known: HashSet<usize> = self.pairs[at].iter().map(|pair| pair.place).collect();
        for place in found {
            if known.contains(&place) || self.settled_two[place] || self.refused.contains(&(at, place)) {
                continue;
            }
            let code = self.codes.compare(at, place);
            let own = compare((&self.one, at), (&self.two, place), &self.rarity, code);
            let near = own.apart.is_some_and(|km| km <= 1.5);
            let voted = !self.one.is_leaf(at) && !self.two.is_leaf(place);
            if code != Code::Equal && !near && !voted && own.name.worst < crate::token::SOUNDS {
                continue;
            }
            let standing = Standing { bits: 0.0, parents: Parents::Unknown, among: self.two.len() };
            self.pairs[at].push(Pair { place, own, standing, bits: own.bits, score: 0.0 });
        }
    }

    /// Weighs the candidates of a place with what is known of the others, the best first.
    fn weigh(&mut self, at: usize) {
        let prior = (self.two.len().max(self.one.len()).max(FEWEST) as f64).log2();
        let mut pairs = std::mem::take(&mut self.pairs[at]);
        for pair in &mut pairs {
            let (here, there) = ((&self.one, at), (&self.two, pair.place));
            pair.standing = self.context.standing(here, there);
            let areas = !self.one.is_leaf(at) && !self.two.is_leaf(pair.place);
            let point = pair.own.apart.map_or(0.0, |km| distance_bits(km, areas));
            let place = if areas { pair.standing.bits + self.context.below(at, pair.place) } else { pair.standing.bits };
            // Who lies near lies under the same parent, too: the two say in part the same.
            let both = if place > 0.0 && point > 0.0 { place.max(point) + 0.4 * place.min(point) } else { place + point };
            let code = match pair.own.code {
                Code::Equal => self.codes.worth,
                Code::Elsewhere => -0.4 * self.codes.worth,
                Code::Unsaid => 0.0,
            };
            let drawn = match pair.own.inside {
                Some(true) if pair.standing.parents != Parents::Matched => 2.5,
                Some(true) => 1.0,
                Some(false) => -1.5,
                None => 0.0,
            };
            pair.bits = pair.own.bits + both + drawn + code + self.context.at_levels(here, there);
            pair.score = 1.0 / (1.0 + (prior - pair.bits).exp2());
        }
        pairs.sort_by(|one, two| two.bits.total_cmp(&one.bits).then(one.place.cmp(&two.place)));
        pairs.truncate(MOST_CANDIDATES);
        self.pairs[at] = pairs;
    }

    /// Whether an identifier that both sides use says that they are the same, whatever else speaks against it.
    pub fn is_claimed(pair: &Pair) -> bool {
        pair.own.code == Code::Equal
    }

    /// Gives each of these places its counterpart, the surest pairs first, and none to two.
    fn choose(&self, of: &[usize], taken: &mut [bool]) -> Vec<(usize, usize)> {
        let mut all: Vec<(f64, usize, usize)> = Vec::new();
        for &at in of.iter().filter(|&&at| !self.settled_one[at]) {
            all.extend(self.pairs[at].iter().filter(|pair| pair.score >= LIKELY).map(|pair| (pair.bits, at, pair.place)));
        }
        all.sort_by(|one, two| two.0.total_cmp(&one.0).then(one.1.cmp(&two.1)).then(one.2.cmp(&two.2)));
        let mut given: HashSet<usize> = HashSet::new();
        let mut chosen = Vec::new();
        for (_, at, place) in all {
            if !taken[place] && given.insert(at) {
                taken[place] = true;
                chosen.push((at, place));
            }
        }
        chosen
    }
}

/// Identifiers that lead to one place on either side.
#[derive(Debug)]
struct Codes {
    /// The identifiers of each place of the first side that no other of that side has.
    of: Vec<Vec<String>>,
    of_two: Vec<Vec<String>>,
    /// Whom each leads to, on the second side and on the first.
    places: HashMap<String, usize>,
    back: HashMap<String, usize>,
    /// What an equal identifier is worth, in bits: by how many of the pairs that it makes have names that agree.
    worth: f64,
}

impl Codes {
    fn new(one: &Tree, two: &Tree) -> Self {
        let (of, back) = Self::side(one);
        let (of_two, places) = Self::side(two);
        Self { of, of_two, places, back, worth: 0.0 }
    }

    fn side(tree: &Tree) -> (Vec<Vec<String>>, HashMap<String, usize>) {
        let mut places: HashMap<String, Option<usize>> = HashMap::new();
        let mut of: Vec<Vec<String>> = Vec::with_capacity(tree.len());
        for (at, place) in tree.places.iter().enumerate() {
            let all = std::iter::once(&place.id).chain(&place.codes);
            let mut codes: Vec<String> = all.map(|code| plain(code)).filter(|code| !code.is_empty()).collect();
            codes.sort_unstable();
            codes.dedup();
            for code in &codes {
                // Whom two places claim says nothing.
                places.entry(code.clone()).and_modify(|known| *known = None).or_insert(Some(at));
            }
            of.push(codes);
        }
        let single: HashMap<String, usize> = places.into_iter().filter_map(|(code, at)| at.map(|at| (code, at))).collect();
        for codes in &mut of {
            codes.retain(|code| single.contains_key(code));
        }
        (of, single)
    }

    /// Finds out whether equal identifiers mean equal places: two registers that number their places from one agree by chance.
    fn trust(&mut self, one: &Tree, two: &Tree, rarity: &Rarity) {
        let (mut all, mut alike) = (0.0, 0.0);
        for (at, codes) in self.of.iter().enumerate() {
            if let Some(&place) = codes.iter().find_map(|code| self.places.get(code)) {
                all += 1.0;
                let own = compare((one, at), (two, place), rarity, Code::Unsaid);
                alike += f64::from(u8::from(!own.doubts.has(Doubt::NameDiffers)));
            }
        }
        let share = (alike + 1.0) / (all + 2.0);
        self.worth = match share {
            _ if share >= 0.9 => 16.0,
            _ if share >= 0.65 => 12.0,
            _ if share >= 0.4 => 6.0,
            _ => 0.0,
        };
    }

    /// How the identifiers of two places stand to each other; where they are not trusted they say nothing, for a pair or against it.
    fn compare(&self, at: usize, place: usize) -> Code {
        if self.worth <= 0.0 {
            return Code::Unsaid;
        }
        let mut elsewhere = false;
        for code in &self.of[at] {
            match self.places.get(code) {
                Some(found) if *found == place => return Code::Equal,
                Some(_) => elsewhere = true,
                None => {}
            }
        }
        elsewhere |= self.of_two[place].iter().any(|code| self.back.get(code).is_some_and(|found| *found != at));
        if elsewhere { Code::Elsewhere } else { Code::Unsaid }
    }
}

/// An identifier without what is written differently: case, spaces, hyphens.
fn plain(code: &str) -> String {
    code.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
