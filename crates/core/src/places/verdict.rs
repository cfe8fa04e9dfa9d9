//! What is said of each place: the same as that one, unclear, or none of the other side.

use std::collections::HashMap;

use crate::token::{EQUAL, SLIP, SPELT};

use super::compare::{Code, Doubt, Doubts, kind_words};
use super::context::Parents;
use super::kinds::Kinds;
use super::solve::{Pair, Solver};

/// From this score on a pair is taken, when nothing speaks against it.
const ACCEPT: f64 = 0.9;
/// From this score on a candidate is shown.
const SHOW: f64 = 0.1;
/// So many bits of evidence the best candidate must be ahead of the next one.
const MARGIN: f64 = 4.0;
/// So many bits two pairs must be ahead of the same places paired the other way round.
const EXCHANGE: f64 = 7.0;
/// More candidates than this help nobody to decide.
const MOST_SHOWN: usize = 10;

/// What the matcher says of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Says {
    /// It is the one candidate.
    Same,
    /// It may be one of the candidates; a person has to say.
    Unclear,
    /// The other side does not have it.
    None,
}

impl Says {
    /// The word for it in tables and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Unclear => "unclear",
            Self::None => "none",
        }
    }
}

/// A place of the other side that could be the one.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Candidate {
    pub id: String,
    /// From 0 to 1.
    pub score: f64,
    /// What agrees and what does not, then what speaks against taking it without a look.
    pub reasons: Vec<String>,
}

/// What is said of one place.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Proposal {
    /// The place of the first side; `None`: it is a place of the second side that no place of the first may be.
    pub one: Option<String>,
    /// That place of the second side.
    pub two: Option<String>,
    pub says: Says,
    /// Places of the second side, the best first.
    pub candidates: Vec<Candidate>,
}

/// Who else could be a place of the second side.
type Rivals = HashMap<usize, Vec<(f64, f64, usize)>>;

/// What is said of all places on which nothing is known beforehand: of those of the first side in the order of its tree, then of those of the second side that nobody may be.
pub(super) fn proposals(solver: &Solver) -> Vec<Proposal> {
    let mut rivals: Rivals = HashMap::new();
    for (at, pairs) in solver.pairs.iter().enumerate() {
        for pair in pairs.iter().filter(|pair| pair.score >= 0.001) {
            rivals.entry(pair.place).or_default().push((pair.bits, pair.score, at));
        }
    }
    let mut all = Vec::new();
    let mut shown = vec![false; solver.two.len()];
    for &at in solver.one.sequence.iter().filter(|&&at| !solver.settled_one[at]) {
        let (says, candidates) = judge(solver, &rivals, at);
        for (place, _) in &candidates {
            shown[*place] = true;
        }
        let candidates = candidates.into_iter().map(|(_, candidate)| candidate).collect();
        all.push(Proposal { one: Some(solver.one.places[at].id.clone()), two: None, says, candidates });
    }
    leave_namesakes(solver, &mut all);
    for &place in solver.two.sequence.iter().filter(|&&place| !solver.settled_two[place] && !shown[place]) {
        let two = Some(solver.two.places[place].id.clone());
        all.push(Proposal { one: None, two, says: Says::None, candidates: Vec::new() });
    }
    all
}

/// Leaves pairs to a person beside which, on either side, another place of that name and kind stands that nobody has decided on and that is not taken itself: one place that was split, or entered twice.
/// The pair would be told as one to be looked at as soon as it was taken. Where an identifier says which of them it is, there is nothing to be asked.
fn leave_namesakes(solver: &Solver, all: &mut [Proposal]) {
    let (mut decided_one, mut decided_two) = (solver.settled_one.clone(), solver.settled_two.clone());
    for &(at, place) in &solver.refused {
        (decided_one[at], decided_two[place]) = (true, true);
    }
    let (mut one, mut two) = (decided_one.clone(), decided_two.clone());
    let taken = |proposal: &Proposal| {
        let candidate = proposal.candidates.first().filter(|_| proposal.says == Says::Same)?;
        Some((*solver.one.by_id.get(proposal.one.as_deref()?)?, *solver.two.by_id.get(&candidate.id)?))
    };
    for (at, place) in all.iter().filter_map(taken) {
        (one[at], two[place]) = (true, true);
    }
    // Who is left to a person may stand beside another one that was taken.
    let mut left = true;
    while left {
        left = false;
        for proposal in all.iter_mut() {
            let Some((at, place)) = taken(proposal) else { continue };
            if solver.pairs[at].iter().any(|pair| pair.place == place && pair.own.code == Code::Equal) {
                continue;
            }
            let here = solver.one.beside(at).filter(|other| !one[*other]).map(|other| solver.one.places[other].id.as_str());
            let there = solver.two.beside(place).filter(|other| !two[*other]).map(|other| solver.two.places[other].id.as_str());
            let others: Vec<&str> = here.chain(there).collect();
            if others.is_empty() {
                continue;
            }
            (one[at], two[place]) = (decided_one[at], decided_two[place]);
            proposal.says = Says::Unclear;
            let doubt = format!("to be looked at: of that name and kind there is another one beside it, {}", others.join(", "));
            proposal.candidates[0].reasons.push(doubt);
            left = true;
        }
    }
}

fn judge(solver: &Solver, rivals: &Rivals, at: usize) -> (Says, Vec<(usize, Candidate)>) {
    let pairs = &solver.pairs[at];
    let open: Vec<&Pair> = pairs.iter().filter(|pair| !is_better_elsewhere(solver, at, pair)).collect();
    let Some(best) = open.first() else {
        return (Says::None, Vec::new());
    };
    let mut doubts = doubts(solver, at, best);
    let mut near: Vec<String> = Vec::new();
    let told_apart = |own: Code| best.own.code == Code::Equal && own != Code::Equal;
    for other in open.iter().skip(1).filter(|other| !told_apart(other.own.code)) {
        let as_good = other.score >= ACCEPT && !says_less(best, other) && self::doubts(solver, at, other).is_empty();
        if best.bits - other.bits < MARGIN && other.score >= SHOW || as_good {
            doubts.push(Doubt::Twin);
        }
    }
    for &(bits, score, rival) in rivals.get(&best.place).into_iter().flatten().filter(|(_, _, rival)| *rival != at) {
        let Some(theirs) = solver.pairs[rival].iter().find(|pair| pair.place == best.place) else { continue };
        if told_apart(theirs.own.code) || has_better(solver, at, rival, theirs) {
            continue;
        }
        let as_good = score >= ACCEPT && !says_less(best, theirs) && self::doubts(solver, rival, theirs).is_empty();
        if best.bits - bits < MARGIN && score >= SHOW || as_good {
            doubts.push(Doubt::Twin);
            near.push(solver.one.places[rival].id.clone());
        }
    }
    let told = |pair: &Pair, doubts: Doubts, near: &[String]| {
        let mut reasons = reasons(solver, at, pair);
        reasons.extend(doubts.each().map(|doubt| format!("to be looked at: {}", doubt.word())));
        if !near.is_empty() {
            reasons.push(format!("fits also {}", near.join(", ")));
        }
        let id = solver.two.places[pair.place].id.clone();
        (pair.place, Candidate { id, score: (pair.score * 1000.0).floor() / 1000.0, reasons })
    };
    if best.score >= ACCEPT && doubts.is_empty() {
        return (Says::Same, vec![told(best, doubts, &[])]);
    }
    let shown: Vec<(usize, Candidate)> = open
        .iter()
        .enumerate()
        .filter(|(_, pair)| pair.score >= SHOW || Solver::is_claimed(pair))
        .take(MOST_SHOWN)
        .map(|(number, pair)| if number == 0 { told(pair, doubts, &near) } else { told(pair, self::doubts(solver, at, pair), &[]) })
        .collect();
    (if shown.is_empty() { Says::None } else { Says::Unclear }, shown)
}

/// Whether the candidate clearly belongs to another place of the first side.
fn is_better_elsewhere(solver: &Solver, at: usize, pair: &Pair) -> bool {
    let Some(owner) = solver.context.here[pair.place].filter(|owner| *owner != at) else { return false };
    let Some(theirs) = weighed(solver, owner, pair.place) else { return false };
    theirs - pair.bits >= MARGIN || solver.context.there[at].is_some_and(|own| is_exchange_worse(solver, (at, own), (owner, pair.place)))
}

/// Whether a rival has a counterpart of its own that is clearly better.
fn has_better(solver: &Solver, at: usize, rival: usize, theirs: &Pair) -> bool {
    let Some(own) = solver.context.there[rival].filter(|place| *place != theirs.place) else { return false };
    let Some(bits) = weighed(solver, rival, own) else { return false };
    bits - theirs.bits >= MARGIN || is_exchange_worse(solver, (at, theirs.place), (rival, own))
}

/// Whether two pairs are clearly better than the two that come of exchanging their counterparts. What each of them is by itself need not be far ahead then: a village
/// and its health post have one name, and each is more like the other's counterpart than like none.
fn is_exchange_worse(solver: &Solver, (one, its): (usize, usize), (two, other): (usize, usize)) -> bool {
    let (Some(first), Some(second)) = (weighed(solver, one, its), weighed(solver, two, other)) else { return false };
    let (crossed, back) = (weighed(solver, one, other), weighed(solver, two, its));
    // What was not worth weighing is no better than the other crossed pair.
    let lowest = crossed.into_iter().chain(back).fold(f64::INFINITY, f64::min);
    let (crossed, back) = (crossed.unwrap_or(lowest), back.unwrap_or(lowest));
    first > back && second > crossed && first + second - crossed - back >= EXCHANGE
}

/// The evidence for a pair, if it was weighed.
fn weighed(solver: &Solver, at: usize, place: usize) -> Option<f64> {
    solver.pairs[at].iter().find(|pair| pair.place == place).map(|pair| pair.bits)
}

/// Whether the other pair fits only because one of its names does not say its kind.
fn says_less(best: &Pair, other: &Pair) -> bool {
    best.own.kinds != Kinds::OneSided && other.own.kinds == Kinds::OneSided
}

/// What speaks against taking a pair without a look.
fn doubts(solver: &Solver, at: usize, pair: &Pair) -> Doubts {
    let own = &pair.own;
    let mut doubts = own.doubts;
    let areas = !solver.one.is_leaf(at) && !solver.two.is_leaf(pair.place);
    let reach = if areas { 10.0 } else { 1.0 };
    let close = |km: f64| own.apart.is_some_and(|apart| apart <= km * reach);
    let code = own.code == Code::Equal;
    let (votes, share) = solver.context.votes(at, pair.place);
    let below = areas && votes >= 3.0 && share >= 0.5;
    let backed = match pair.standing.parents {
        Parents::Matched => true,
        Parents::Above | Parents::Unknown => pair.standing.among <= 500,
        Parents::Contradict => false,
    };
    if pair.standing.parents == Parents::Contradict && !code && !close(3.0) && !below {
        doubts.push(Doubt::OtherParent);
    } else if !backed && !code && !close(3.0) && !below && own.inside != Some(true) {
        doubts.push(Doubt::NothingBacks);
    }
    let namesakes = || solver.one.has_namesake(at) || solver.two.has_namesake(pair.place);
    if own.kinds == Kinds::OneSided && !code && !close(0.5) && namesakes() {
        doubts.push(Doubt::KindOpen);
    }
    if own.doubts.has(Doubt::NameHasMore) && (code || close(1.0) || below) {
        doubts.take(Doubt::NameHasMore);
    }
    // An identifier alone explains a place far off, or one under another parent; not both at once.
    if code && pair.standing.parents != Parents::Contradict || below {
        doubts.take(Doubt::FarApart);
    }
    if below {
        doubts.take(Doubt::NameDiffers);
    }
    doubts
}

fn reasons(solver: &Solver, at: usize, pair: &Pair) -> Vec<String> {
    let own = &pair.own;
    let mut reasons = Vec::new();
    if own.code == Code::Equal {
        reasons.push("identifier equal".to_owned());
    }
    let (first, second) = (&solver.one.names[at][own.names.0], &solver.two.names[pair.place][own.names.1]);
    let which = if own.names == (0, 0) { "name" } else { "another name" };
    let alike = match own.name.worst {
        _ if own.name.replaced => "has other words",
        _ if own.name.more => "alike, with a word more on one side",
        worst if worst >= EQUAL => "equal",
        worst if worst >= SPELT => "equal in another spelling",
        worst if worst >= SLIP => "a slip of the pen apart",
        worst if worst > 0.0 => "sounds alike",
        _ => "differs",
    };
    reasons.push(format!("{which} {alike}"));
    match own.kinds {
        Kinds::Equal => reasons.push(format!("both {}", kind_words(&first.kinds))),
        Kinds::Fitting | Kinds::Different => {
            reasons.push(format!("{} and {}", kind_words(&first.kinds), kind_words(&second.kinds)));
        }
        Kinds::OneSided => reasons.push("only one name says the kind".to_owned()),
        Kinds::Unsaid => {}
    }
    reasons.push(
        match pair.standing.parents {
            Parents::Matched => "under the same parent",
            Parents::Above => "in the same branch",
            Parents::Contradict => "under another parent",
            Parents::Unknown => "parents not known to be the same",
        }
        .to_owned(),
    );
    let (votes, share) = solver.context.votes(at, pair.place);
    if votes >= 2.0 && share >= 0.25 {
        reasons.push(format!("{votes:.0} places below belong together"));
    }
    if let Some(km) = own.apart {
        let how = if own.exchanged { ", once a usual mistake in the coordinates is put right" } else { "" };
        reasons.push(if km < 10.0 { format!("{km:.1} km apart{how}") } else { format!("{km:.0} km apart{how}") });
    }
    match own.inside {
        Some(true) => reasons.push("lies within the area".to_owned()),
        Some(false) => reasons.push("lies outside the area".to_owned()),
        None => {}
    }
    if own.same_opening {
        reasons.push("opened on the same day".to_owned());
    }
    if own.one_closed {
        reasons.push("closed on one side".to_owned());
    }
    reasons
}
