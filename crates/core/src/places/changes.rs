//! What has become of pairs that were decided or linked: renamed, closed, moved, gone, and others of one name beside them.
//!
//! Each finding is told until it is no longer so or a person has said that the pair holds all the same. What a person has seen is a *mark* beside the decision; a finding is
//! told again when it is another one by then: closed on another day, moved to another place, open again. What a flow of the project carried from one side to the other is no finding: nobody has to decide
//! on that.

use std::collections::{BTreeSet, HashMap, HashSet};

use jiff::civil::Date;

use super::place::Place;
use super::tree::Tree;

/// A pair as it was decided.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Paired {
    pub one: String,
    pub two: String,
    /// The names that the places had then, where they are known.
    pub names: [Option<String>; 2],
    /// What was seen of it by then: the marks of findings.
    pub kept: BTreeSet<String>,
    /// Flows linked one of the two to others as well, and nobody has decided.
    pub in_doubt: bool,
}

/// What is said of a place that its system does not have any more.
const GONE: &str = "it is not there any more";

/// A pair that has to be looked at again.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Change {
    pub one: String,
    pub two: String,
    /// Which side it happened on, and what, in words: `hmis: renamed, it was Mattru HC`.
    pub reasons: Vec<String>,
}

impl Change {
    /// Whether one of these reasons is that a place is gone. Such a pair can be ended or refused, and not be kept.
    pub fn is_gone(reasons: &[String]) -> bool {
        reasons.iter().any(|reason| reason.rsplit_once(": ").is_some_and(|(_, what)| what == GONE))
    }
}

/// What flows of the project carried from one place of a pair to the other and stands there as they left it: for each side the pairs, by the ids of both places.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ByFlows {
    /// The place of this side was renamed by a flow, or its new name was carried over.
    pub renamed: [HashSet<[String; 2]>; 2],
    pub closed: [HashSet<[String; 2]>; 2],
}

/// Something about a pair that a person should know.
struct Finding {
    what: What,
    /// It is what a flow of the project made, and is not told.
    by_flow: bool,
    /// In words.
    text: String,
    /// What is put down when a person keeps the pair all the same; empty: nothing, since keeping it changes what it is found by (a new name), or it cannot be kept (a place that is gone).
    mark: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Gone,
    Renamed,
    /// On this side, and not on the other.
    Closed(usize),
    /// Another place of that name is there.
    Beside,
    Moved,
    InDoubt,
    /// Another place leads to it, too.
    Shared,
}

/// Two sides with their pairs, for looking at pairs again.
#[derive(Debug)]
pub struct Lookout<'p> {
    sides: [&'p str; 2],
    trees: [Tree; 2],
    settled: [HashSet<&'p str>; 2],
    /// Whether some places of a side could not be read.
    unread: [bool; 2],
    /// With whom each place makes a pair.
    partners: HashMap<(usize, &'p str), Vec<&'p str>>,
    by_flows: Option<&'p ByFlows>,
    today: Date,
}

impl<'p> Lookout<'p> {
    /// `sides` are the names of the two systems, for the words; `settled` says of places of either side that somebody has decided on them.
    pub fn new(
        sides: [&'p str; 2],
        places: [&[Place]; 2],
        pairs: impl IntoIterator<Item = &'p Paired>,
        settled: [&'p BTreeSet<String>; 2],
        today: Date,
    ) -> Self {
        let trees = places.map(|places| Tree::new(places.to_vec()));
        let mut settled = settled.map(|ids| ids.iter().map(String::as_str).collect::<HashSet<_>>());
        let mut partners: HashMap<(usize, &str), Vec<&str>> = HashMap::new();
        for pair in pairs {
            partners.entry((0, &pair.one)).or_default().push(&pair.two);
            partners.entry((1, &pair.two)).or_default().push(&pair.one);
            settled[0].insert(&pair.one);
            settled[1].insert(&pair.two);
        }
        Self { sides, trees, settled, unread: [false; 2], partners, by_flows: None, today }
    }

    /// Says of which sides not all places could be read: of these nothing is taken for gone.
    #[must_use]
    pub fn unread(self, unread: [bool; 2]) -> Self {
        Self { unread, ..self }
    }

    /// Says what flows of the project made of the places.
    #[must_use]
    pub fn by_flows(self, by_flows: &'p ByFlows) -> Self {
        Self { by_flows: Some(by_flows), ..self }
    }

    /// What is to be told of a pair; `None`: nothing.
    pub fn change(&self, pair: &Paired) -> Option<Change> {
        let findings = self.findings(pair);
        let ended = pair.kept.iter().filter_map(|mark| self.ended(mark, &findings));
        let told = findings.iter().filter(|finding| !finding.by_flow && (finding.mark.is_empty() || !pair.kept.contains(&finding.mark)));
        let reasons: Vec<String> = told.map(|finding| finding.text.clone()).chain(ended).collect();
        (!reasons.is_empty()).then(|| Change { one: pair.one.clone(), two: pair.two.clone(), reasons })
    }

    /// The marks of a pair that holds as it is now: what stays of those that it has, and all that is found.
    pub fn marks(&self, pair: &Paired) -> BTreeSet<String> {
        let findings = self.findings(pair);
        let stays = pair.kept.iter().filter(|mark| self.state(mark).is_none()).cloned();
        let seen = findings.into_iter().filter(|finding| !finding.by_flow || pair.kept.contains(&finding.mark));
        stays.chain(seen.map(|finding| finding.mark)).filter(|mark| !mark.is_empty()).collect()
    }

    /// The marks of a pair that a person has just made out to be one: who decides that has looked at the places of that name, and has said nothing of what else is found.
    pub fn marks_of_namesakes(&self, pair: &Paired) -> BTreeSet<String> {
        let beside = self.findings(pair).into_iter().filter(|finding| finding.what == What::Beside);
        beside.map(|finding| finding.mark).collect()
    }

    fn findings(&self, pair: &Paired) -> Vec<Finding> {
        let ids = [pair.one.as_str(), pair.two.as_str()];
        let at = [0, 1].map(|side| self.trees[side].by_id.get(ids[side]).copied());
        let mut findings = Vec::new();
        for side in [0, 1] {
            match at[side] {
                // Of a side that was not read whole nobody can tell what is missing from it.
                None if self.unread[side] => {}
                None => {
                    let text = format!("{}: {GONE}", self.sides[side]);
                    findings.push(Finding { what: What::Gone, by_flow: false, text, mark: String::new() });
                }
                Some(here) => self.of_side(side, here, at[1 - side], pair, &mut findings),
            }
        }
        if let [Some(here), Some(there)] = at
            && self.is_moved(here, there)
        {
            findings.push(self.moved(here, there));
        }
        let several = |side: usize| self.partners.get(&(side, ids[side])).is_some_and(|partners| partners.len() > 1);
        if pair.in_doubt {
            for side in [0, 1].into_iter().filter(|side| several(*side)) {
                let (here, there) = (self.sides[side], self.sides[1 - side]);
                let text = format!("{here}: flows linked it to several places of {there}, and nobody has decided which one it is");
                findings.push(Finding { what: What::InDoubt, by_flow: false, text, mark: String::new() });
            }
        } else if several(1) {
            let [first, second] = self.sides;
            let mut others: Vec<&str> = self.partners[&(1, ids[1])].iter().copied().filter(|other| *other != ids[0]).collect();
            others.sort_unstable();
            let told = others.into_iter().map(|other| Finding {
                what: What::Shared,
                by_flow: false,
                text: format!("{second}: another place of {first} leads to it, too, {other}"),
                mark: format!("{second} also {other} of {first}"),
            });
            findings.extend(told);
        }
        findings
    }

    /// What is found at one place of a pair; `there` is the other one, if it is there.
    fn of_side(&self, side: usize, here: usize, there: Option<usize>, pair: &Paired, findings: &mut Vec<Finding>) {
        let (system, other) = (self.sides[side], self.sides[1 - side]);
        let (tree, place) = (&self.trees[side], &self.trees[side].places[here]);
        let is_made = |made: &HashSet<[String; 2]>| made.contains(&[pair.one.clone(), pair.two.clone()]);
        if let Some(before) = pair.names[side].as_deref().filter(|before| before.trim() != place.name.trim()) {
            let by_flow = self.by_flows.is_some_and(|made| is_made(&made.renamed[side]));
            findings.push(Finding {
                what: What::Renamed,
                by_flow,
                text: format!("{system}: renamed, it was {before}"),
                mark: String::new(),
            });
        }
        let is_open = |there: usize| !self.trees[1 - side].places[there].is_closed(self.today);
        if place.is_closed(self.today) && there.is_some_and(is_open) {
            let day = place.closed.filter(|closed| *closed <= self.today).map_or_else(String::new, |day| format!(" on {day}"));
            findings.push(Finding {
                what: What::Closed(side),
                by_flow: self.by_flows.is_some_and(|made| is_made(&made.closed[side])),
                text: format!("{system}: closed{day}, and open in {other}"),
                mark: format!("{system} closed{day}, {other} open"),
            });
        }
        // It may have been split, or entered twice.
        let open = tree.beside(here).map(|other| tree.places[other].id.as_str()).filter(|other| !self.settled[side].contains(other));
        for beside in open {
            findings.push(Finding {
                what: What::Beside,
                by_flow: false,
                text: format!("{system}: another place of that name stands beside it, {beside}"),
                mark: format!("{system} beside {beside}"),
            });
        }
    }

    /// Whether the nearest place above that has a counterpart has one that is not above the other.
    fn is_moved(&self, here: usize, there: usize) -> bool {
        let [one, two] = &self.trees;
        let known = one.above(here).find_map(|above| self.partners.get(&(0, one.places[above].id.as_str())));
        let Some(counterparts) = known else { return false };
        let mut counterparts = counterparts.iter().filter_map(|id| two.by_id.get(*id)).peekable();
        counterparts.peek().is_some() && !counterparts.any(|above| two.is_below(there, *above))
    }

    fn moved(&self, here: usize, there: usize) -> Finding {
        let at = [here, there];
        let above = |side: usize| self.trees[side].parent[at[side]].map(|above| &self.trees[side].places[above]);
        let said = |side: usize, say: fn(&Place) -> &String| {
            above(side)
                .map_or_else(|| format!("{} at the top", self.sides[side]), |above| format!("{} in {}", self.sides[side], say(above)))
        };
        Finding {
            what: What::Moved,
            by_flow: false,
            text: format!("moved: the places above belong to others: {}, {}", said(0, |above| &above.name), said(1, |above| &above.name)),
            mark: format!("{}, {}", said(0, |above| &above.id), said(1, |above| &above.id)),
        }
    }

    /// What kind of state of these two sides a mark is about: closed here, closed there, moved. `None`: it is about one other place, which does not come to an end, or about other sides.
    fn state(&self, mark: &str) -> Option<What> {
        let [one, two] = self.sides;
        let closed = |here: &str, there: &str| mark.starts_with(&format!("{here} closed")) && mark.ends_with(&format!(", {there} open"));
        let lies = |side: &str| [format!("{side} in "), format!("{side} at the top")];
        let is_moved =
            || lies(one).iter().any(|begin| mark.starts_with(begin)) && lies(two).iter().any(|begin| mark.contains(&format!(", {begin}")));
        match () {
            () if closed(one, two) => Some(What::Closed(0)),
            () if closed(two, one) => Some(What::Closed(1)),
            () if is_moved() => Some(What::Moved),
            () => None,
        }
    }

    /// What is told of a mark whose state has ended; a state that is another one by now is told itself.
    fn ended(&self, mark: &str, findings: &[Finding]) -> Option<String> {
        let state = self.state(mark).filter(|state| findings.iter().all(|finding| finding.what != *state))?;
        Some(match state {
            What::Closed(side) => {
                format!("it is no longer so that it is closed in {} and open in {}", self.sides[side], self.sides[1 - side])
            }
            _ => "it is no longer so that the places above belong to others".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn place(id: &str, name: &str, parent: &str) -> Place {
        Place { id: id.to_owned(), name: name.to_owned(), parent: (!parent.is_empty()).then(|| parent.to_owned()), ..Place::default() }
    }

    /// What is told of a country of two districts after a change; with `kept`, of pairs that a person keeps after an earlier one.
    fn told(kept: Option<&Country>, now: &Country) -> Vec<String> {
        let mut pairs: Vec<Paired> = [("b", "Bo"), ("k", "Kenema"), ("1", "Mattru HC"), ("2", "Blama HC")]
            .into_iter()
            .map(|(id, name)| Paired {
                one: format!("a{id}"),
                two: format!("b{id}"),
                names: [Some(name.to_owned()), Some(name.to_owned())],
                ..Paired::default()
            })
            .collect();
        let nobody = BTreeSet::new();
        if let Some((one, two)) = kept {
            let lookout = Lookout::new(["godata", "hmis"], [one, two], &pairs, [&nobody, &nobody], date(2026, 6, 1));
            let marks: Vec<BTreeSet<String>> = pairs.iter().map(|pair| lookout.marks(pair)).collect();
            pairs.iter_mut().zip(marks).for_each(|(pair, marks)| pair.kept = marks);
        }
        let (one, two) = now;
        let lookout = Lookout::new(["godata", "hmis"], [one, two], &pairs, [&nobody, &nobody], date(2026, 6, 1));
        let found = pairs.iter().filter_map(|pair| lookout.change(pair));
        found.map(|change| format!("{} {}: {}", change.one, change.two, change.reasons.join("; "))).collect()
    }

    type Country = (Vec<Place>, Vec<Place>);

    fn country(change: impl FnOnce(&mut Vec<Place>, &mut Vec<Place>)) -> Country {
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
        (one, two)
    }

    fn check(change: impl FnOnce(&mut Vec<Place>, &mut Vec<Place>), expected: &[&str]) {
        assert_eq!(told(None, &country(change)), expected);
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
        check(
            |_, two| two[2].parent = Some("bk".into()),
            &["a1 b1: moved: the places above belong to others: godata in Bo, hmis in Kenema"],
        );
        check(
            |_, two| two.push(place("b9", "Mattru Health Centre", "bb")),
            &["a1 b1: hmis: another place of that name stands beside it, b9"],
        );
    }

    #[test]
    fn a_place_that_is_not_in_use_is_closed_from_whatever_day_on() {
        check(|one, _| one[2].active = Some(false), &["a1 b1: godata: closed, and open in hmis"]);
        check(
            |one, two| {
                one[2].active = Some(false);
                two[2].closed = Some(date(2026, 2, 1));
            },
            &[],
        );
        check(
            |one, two| {
                one[2].active = Some(true);
                two[2].closed = Some(date(2026, 2, 1));
            },
            &["a1 b1: hmis: closed on 2026-02-01, and open in godata"],
        );
    }

    #[test]
    fn what_a_person_has_seen_is_told_again_when_it_is_another() {
        let closed = |day: Option<Date>| country(|_, two| two[2].closed = day);
        let moved = |to: &str| country(|_, two| two[2].parent = Some(to.into()));
        let beside = |ids: &[&str]| country(|_, two| two.extend(ids.iter().map(|id| place(id, "Mattru Health Centre", "bb"))));
        let (january, february) = (closed(Some(date(2026, 1, 1))), closed(Some(date(2026, 2, 1))));
        let nothing: [&str; 0] = [];
        assert_eq!(told(Some(&january), &january), nothing);
        assert_eq!(told(Some(&january), &february), ["a1 b1: hmis: closed on 2026-02-01, and open in godata"]);
        let again = "a1 b1: it is no longer so that it is closed in hmis and open in godata";
        assert_eq!(told(Some(&january), &closed(None)), [again]);
        assert_eq!(told(Some(&closed(None)), &january), ["a1 b1: hmis: closed on 2026-01-01, and open in godata"]);
        let kenema = moved("bk");
        assert_eq!(told(Some(&kenema), &kenema), nothing);
        assert_eq!(told(Some(&kenema), &moved("b2")), ["a1 b1: moved: the places above belong to others: godata in Bo, hmis in Blama HC"]);
        assert_eq!(told(Some(&kenema), &closed(None)), ["a1 b1: it is no longer so that the places above belong to others"]);
        assert_eq!(told(Some(&beside(&["b9"])), &beside(&["b9"])), nothing);
        let second = "a1 b1: hmis: another place of that name stands beside it, b8";
        assert_eq!(told(Some(&beside(&["b9"])), &beside(&["b8", "b9"])), [second]);
        // Who was seen beside it and is no longer there is no news.
        assert_eq!(told(Some(&beside(&["b9"])), &closed(None)), nothing);
    }

    #[test]
    fn of_a_side_that_was_not_read_whole_nothing_is_gone() {
        let pair = Paired { one: "a1".into(), two: "never".into(), ..Paired::default() };
        let pairs = [pair];
        let (one, two) = country(|_, _| {});
        let nobody = BTreeSet::new();
        let lookout = || Lookout::new(["godata", "hmis"], [&one, &two], &pairs, [&nobody, &nobody], date(2026, 6, 1));
        let told = |lookout: Lookout<'_>| lookout.change(&pairs[0]).map(|change| change.reasons);
        assert_eq!(told(lookout()), Some(vec!["hmis: it is not there any more".to_owned()]));
        assert_eq!(told(lookout().unread([true, false])), Some(vec!["hmis: it is not there any more".to_owned()]));
        assert_eq!(told(lookout().unread([false, true])), None);
    }

    #[test]
    fn what_was_seen_between_other_sides_stays() {
        let (one, two) = country(|one, _| one[2].active = Some(false));
        let kept = ["register closed, hmis open", "godata closed on 2025-01-01, hmis open", "hmis beside b7"];
        let pair = Paired { one: "a1".into(), two: "b1".into(), kept: kept.map(str::to_owned).into(), ..Paired::default() };
        let pairs = [pair];
        let nobody = BTreeSet::new();
        let lookout = Lookout::new(["godata", "hmis"], [&one, &two], &pairs, [&nobody, &nobody], date(2026, 6, 1));
        let marks: Vec<String> = lookout.marks(&pairs[0]).into_iter().collect();
        assert_eq!(marks, ["godata closed, hmis open", "hmis beside b7", "register closed, hmis open"]);
    }
}
