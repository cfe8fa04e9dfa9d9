//! What is known of the places of two sides beforehand: what people decided, and what flows linked.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use kivuko_core::codes::{CodeMap, Pair, Verdict};
use kivuko_core::places::{Given, Paired};

/// What holds on a day.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Known {
    pub pairs: Vec<Paired>,
    pub refused: BTreeSet<(String, String)>,
    /// Those of either side that have no counterpart.
    pub none: [BTreeSet<String>; 2],
    /// Pairs whose last day is written down, with it.
    pub ended: BTreeSet<(String, String, Date)>,
    /// Places that somebody has looked at without making them part of a pair.
    pub looked_at: [BTreeSet<String>; 2],
}

impl Known {
    /// Of a crosswalk with its links. `systems` are the two that are asked for, in the order of the answer.
    pub fn of(map: &CodeMap, systems: [&str; 2], today: Date) -> Self {
        let [first, second] = systems;
        let mut known = Self::default();
        for decision in map.decisions() {
            let ids = (decision.id(first), decision.id(second));
            if let (Verdict::Accept, (Some(one), Some(two)), Some(last)) = (decision.verdict(), ids, decision.valid_to()) {
                known.ended.insert((one.to_owned(), two.to_owned(), last));
            }
            if !decision.holds_on(today) {
                continue;
            }
            match (decision.verdict(), ids) {
                (Verdict::Accept, (Some(one), Some(two))) => {
                    let names = systems.map(|system| decision.name(system).map(str::to_owned));
                    let kept = decision.kept();
                    known.pairs.push(Paired { one: one.to_owned(), two: two.to_owned(), names, kept, in_doubt: false });
                }
                (Verdict::Refuse, (Some(one), Some(two))) => drop(known.refused.insert((one.to_owned(), two.to_owned()))),
                (Verdict::None, (Some(one), None)) => drop(known.none[0].insert(one.to_owned())),
                (Verdict::None, (None, Some(two))) => drop(known.none[1].insert(two.to_owned())),
                _ => {}
            }
        }
        let doubtful = known.doubtful(map, systems);
        for (pair, spans) in map.effective_links() {
            let holds = spans.iter().any(|span| span.from.is_none_or(|from| from <= today) && span.to.is_none_or(|to| today <= to));
            if let Some((one, two)) = ordered(pair, systems).filter(|_| holds) {
                known.pairs.push(Paired { one, two, ..Paired::default() });
            }
        }
        known.pairs.extend(doubtful);
        known.looked_at = known.none.clone();
        for (one, two) in &known.refused {
            known.looked_at[0].insert(one.clone());
            known.looked_at[1].insert(two.clone());
        }
        known
    }

    /// Links of places that lead to several, as far as no decision of today stands against them: none is proposed, and none speaks for the places above and below.
    fn doubtful(&self, map: &CodeMap, systems: [&str; 2]) -> Vec<Paired> {
        let settled = self.settled();
        let is_open = |(one, two): &(String, String)| {
            !settled[0].contains(one.as_str()) && !settled[1].contains(two.as_str()) && !self.refused.contains(&(one.clone(), two.clone()))
        };
        let open: Vec<(String, String)> = map.disagreeing().into_iter().filter_map(|pair| ordered(pair, systems)).filter(is_open).collect();
        let (mut of_one, mut of_two): (HashMap<&str, usize>, HashMap<&str, usize>) = Default::default();
        for (one, two) in &open {
            *of_one.entry(one).or_default() += 1;
            *of_two.entry(two).or_default() += 1;
        }
        open.iter()
            .map(|(one, two)| {
                let in_doubt = of_one[one.as_str()] > 1 || of_two[two.as_str()] > 1;
                Paired { one: one.clone(), two: two.clone(), in_doubt, ..Paired::default() }
            })
            .collect()
    }

    /// What the matcher is to know.
    pub fn given(&self) -> Given {
        let (doubtful, sure): (Vec<&Paired>, Vec<&Paired>) = self.pairs.iter().partition(|pair| pair.in_doubt);
        Given {
            pairs: sure.iter().map(|pair| (pair.one.clone(), pair.two.clone())).collect(),
            refused: self.refused.iter().cloned().collect(),
            none_one: self.none[0].iter().cloned().chain(doubtful.iter().map(|pair| pair.one.clone())).collect(),
            none_two: self.none[1].iter().cloned().chain(doubtful.iter().map(|pair| pair.two.clone())).collect(),
        }
    }

    /// The places of which it is said which one they are, or that they are none.
    fn settled(&self) -> [BTreeSet<&str>; 2] {
        let mut settled = [0, 1].map(|side| self.none[side].iter().map(String::as_str).collect::<BTreeSet<_>>());
        for pair in &self.pairs {
            settled[0].insert(&pair.one);
            settled[1].insert(&pair.two);
        }
        settled
    }
}

/// The ids of a linked pair, that of the first system first; `None`: it is of other systems.
fn ordered(Pair { one, other }: Pair, [first, second]: [&str; 2]) -> Option<(String, String)> {
    let (one, two) = if one.0 == first { (one, other) } else { (other, one) };
    (one.0 == first && two.0 == second).then_some((one.1, two.1))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use kivuko_core::places::{Lookout, Place, matched};
    use kivuko_core::table::Table;

    use super::*;

    fn place(id: &str, name: &str) -> Place {
        Place { id: id.to_owned(), name: name.to_owned(), ..Place::default() }
    }

    #[test]
    fn places_whose_links_disagree_are_told_and_not_proposed() {
        let one = vec![place("G1", "Mattru HC"), place("G2", "Blama HC"), place("G3", "Talia HC")];
        let two = vec![place("H1", "Mattru HC"), place("H2", "Mattru HC"), place("H3", "Talia HC")];
        let link = |one: &str, two: &str| Pair { one: ("hmis".into(), two.into()), other: ("godata".into(), one.into()) };
        let links = [link("G1", "H1"), link("G1", "H2"), link("G3", "H3")];
        let open = |text: &str| {
            let table = Table::parse("codes/places.csv", text.as_bytes()).expect("it is a table");
            let (map, problems) = CodeMap::crosswalk("places", &["godata", "hmis"], Some(&table));
            assert_eq!(problems, []);
            let today = date(2026, 1, 1);
            let known = Known::of(&map.expect("it is a crosswalk").with_links(&links), ["godata", "hmis"], today);
            let [first, second] = &known.looked_at;
            let lookout = Lookout::new(["godata", "hmis"], [&one, &two], &known.pairs, [first, second], today);
            let changed = known.pairs.iter().filter_map(|pair| lookout.change(pair));
            let told: Vec<String> = changed.map(|change| format!("{} {}: {}", change.one, change.two, change.reasons.join("; "))).collect();
            let open: Vec<String> = matched(one.clone(), two.clone(), &known.given())
                .iter()
                .map(|proposal| format!("{} {}", proposal.one.as_deref().unwrap_or_default(), proposal.says.word()))
                .collect();
            (told, open)
        };
        let several = "godata: flows linked it to several places of hmis, and nobody has decided which one it is";
        let (told, left) = open("godata,hmis\n");
        assert_eq!(told, [format!("G1 H1: {several}"), format!("G1 H2: {several}")]);
        assert_eq!(left, ["G2 none"], "G1, H1 and H2 are settled, G3 is a pair");
        // A decision ends it: H2 is free again, as is what was refused.
        assert_eq!(open("godata,hmis\nG1,H1\n"), (Vec::new(), vec!["G2 none".to_owned(), " none".to_owned()]));
    }
}
