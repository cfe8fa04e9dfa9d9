//! What has become of pairs that were decided or linked: renamed, closed, moved, gone, and others of one name beside them.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;

use super::place::Place;
use super::tree::Tree;

/// A pair as it was decided, with the names that the places had then, where they are known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paired {
    pub one: String,
    pub two: String,
    pub names: [Option<String>; 2],
    /// Flows linked one of the two to others as well, and nobody has decided.
    pub in_doubt: bool,
}

/// A pair that has to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    pub one: String,
    pub two: String,
    /// Which side it happened on, and what, in words: `hmis: renamed, it was Mattru HC`.
    pub reasons: Vec<String>,
}

/// What has changed of pairs, in their order. `sides` are the names of the two systems, for reasons; `settled` says of places of either side that somebody has
/// decided on them.
pub fn changes(
    sides: [&str; 2],
    one: &[Place],
    two: &[Place],
    pairs: &[Paired],
    settled: [&BTreeSet<String>; 2],
    today: Date,
) -> Vec<Change> {
    let trees = [Tree::new(one.to_vec()), Tree::new(two.to_vec())];
    let mut partners: HashMap<(usize, &str), Vec<&str>> = HashMap::new();
    for pair in pairs {
        partners.entry((0, &pair.one)).or_default().push(&pair.two);
        partners.entry((1, &pair.two)).or_default().push(&pair.one);
    }
    let mut found = Vec::new();
    for pair in pairs {
        let ids = [pair.one.as_str(), pair.two.as_str()];
        let at = [0, 1].map(|side| trees[side].by_id.get(ids[side]).copied());
        let mut reasons = Vec::new();
        for side in [0, 1] {
            let Some(here) = at[side] else {
                reasons.push(format!("{}: it is not there any more", sides[side]));
                continue;
            };
            let (tree, place) = (&trees[side], &trees[side].places[here]);
            if let Some(before) = pair.names[side].as_deref().filter(|before| before.trim() != place.name.trim()) {
                reasons.push(format!("{}: renamed, it was {before}", sides[side]));
            }
            let closed = |at: Option<usize>, side: usize| at.and_then(|at| trees[side].places[at].closed).filter(|closed| *closed <= today);
            if let (Some(day), None, Some(_)) = (closed(at[side], side), closed(at[1 - side], 1 - side), at[1 - side]) {
                reasons.push(format!("{}: closed on {day}, and open in {}", sides[side], sides[1 - side]));
            }
            for beside in beside(tree, here, settled[side]) {
                reasons.push(format!("{}: another place of that name stands beside it, {beside}", sides[side]));
            }
        }
        if let [Some(here), Some(there)] = at
            && is_moved(&trees, here, there, &partners)
        {
            reasons.push("moved: the places above belong to others".to_owned());
        }
        if pair.in_doubt {
            let several = |side: usize| partners[&(side, ids[side])].len() > 1;
            for side in [0, 1].into_iter().filter(|side| several(*side)) {
                let (here, there) = (sides[side], sides[1 - side]);
                reasons.push(format!("{here}: flows linked it to several places of {there}, and nobody has decided which one it is"));
            }
        } else if partners[&(1, ids[1])].len() > 1 {
            reasons.push(format!("{}: other places of {} lead to it, too", sides[1], sides[0]));
        }
        if !reasons.is_empty() {
            found.push(Change { one: pair.one.clone(), two: pair.two.clone(), reasons });
        }
    }
    found
}

/// Places of the same parent with the same name and kind on which nobody has decided: it may have been split, or entered twice.
fn beside(tree: &Tree, at: usize, settled: &BTreeSet<String>) -> Vec<String> {
    let Some(parent) = tree.parent[at] else { return Vec::new() };
    let key = tree.names[at][0].key();
    let others = tree.children[parent].iter().filter(|&&other| other != at && tree.names[other][0].key() == key);
    others.map(|&other| tree.places[other].id.clone()).filter(|id| !settled.contains(id)).collect()
}

/// Whether the nearest place above that has a counterpart has one that is not above the other.
fn is_moved(trees: &[Tree; 2], here: usize, there: usize, partners: &HashMap<(usize, &str), Vec<&str>>) -> bool {
    let [one, two] = trees;
    let known = one.above(here).find_map(|above| partners.get(&(0, one.places[above].id.as_str())));
    let Some(counterparts) = known else { return false };
    let mut counterparts = counterparts.iter().filter_map(|id| two.by_id.get(*id)).peekable();
    counterparts.peek().is_some() && !counterparts.any(|above| two.is_below(there, *above))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn place(id: &str, name: &str, parent: &str) -> Place {
        Place { id: id.to_owned(), name: name.to_owned(), parent: (!parent.is_empty()).then(|| parent.to_owned()), ..Place::default() }
    }

    fn check(change: impl FnOnce(&mut Vec<Place>, &mut Vec<Place>), expected: &[&str]) {
        let tree = |side: char| {
            let id = |text: &str| format!("{side}{text}");
            vec![
                place(&id("b"), "Bo", ""),
                place(&id("k"), "Kenema", ""),
                place(&id("1"), "Mattru HC", &id("b")),
                place(&id("2"), "Blama HC", &id("k")),
            ]
        };
        let (mut one, mut two) = (tree('a'), tree('b'));
        change(&mut one, &mut two);
        let pairs: Vec<Paired> = [("b", "Bo"), ("k", "Kenema"), ("1", "Mattru HC"), ("2", "Blama HC")]
            .into_iter()
            .map(|(id, name)| Paired {
                one: format!("a{id}"),
                two: format!("b{id}"),
                names: [Some(name.to_owned()), Some(name.to_owned())],
                in_doubt: false,
            })
            .collect();
        let settled = |side: char| ["b", "k", "1", "2"].into_iter().map(|id| format!("{side}{id}")).collect::<BTreeSet<_>>();
        let found = changes(["godata", "hmis"], &one, &two, &pairs, [&settled('a'), &settled('b')], date(2026, 6, 1));
        let told: Vec<String> =
            found.iter().map(|change| format!("{} {}: {}", change.one, change.two, change.reasons.join("; "))).collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn what_has_changed_is_told_and_nothing_else() {
        check(|_, _| {}, &[]);
        check(|_, two| two[2].name = "Mattru CHC".into(), &["a1 b1: hmis: renamed, it was Mattru HC"]);
        check(|_, two| drop(two.remove(2)), &["a1 b1: hmis: it is not there any more"]);
        check(|one, _| one[2].closed = Some(date(2026, 1, 1)), &["a1 b1: godata: closed on 2026-01-01, and open in hmis"]);
        check(|one, _| one[2].closed = Some(date(2026, 12, 1)), &[]);
        check(
            |one, two| {
                one[2].closed = Some(date(2026, 1, 1));
                two[2].closed = Some(date(2026, 2, 1));
            },
            &[],
        );
        check(|_, two| two[2].parent = Some("bk".into()), &["a1 b1: moved: the places above belong to others"]);
        check(
            |_, two| two.push(place("b9", "Mattru Health Centre", "bb")),
            &["a1 b1: hmis: another place of that name stands beside it, b9"],
        );
    }
}
