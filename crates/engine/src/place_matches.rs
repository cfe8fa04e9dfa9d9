//! `match` for places: what is open between two sides of a crosswalk, what has changed of what was decided, and decisions into its file.
//!
//! Both systems are read as they are now and nothing is written to them. What people decided and what flows linked is known beforehand and not proposed again; a
//! refused pair never is. Decisions are all checked before the first is written.

use std::collections::{BTreeSet, HashMap};

use jiff::civil::Date;
use kivuko_core::catalogue::run as codes;
use kivuko_core::codes::{CodeMap, Pair, PlaceRow, Revised, Revision, Verdict, append};
use kivuko_core::error::{Cause, Error, Problem, nearest};
use kivuko_core::places::{Change, Given, Paired, Place, Says, changes, matched};
use kivuko_core::project::{Crosswalk, Side};
use kivuko_core::table::Table;
use serde::Serialize;

use crate::engine::Engine;

/// Places higher up than this are not shown.
const MOST_ABOVE: usize = 12;

/// A place as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlaceShown {
    pub id: String,
    pub name: String,
    /// The names of the places that it lies in, from the top: `Salone / Bo`.
    pub within: String,
}

/// One row of the table: a pair that is proposed, a place without counterpart, or a pair that has changed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceMatch {
    /// `same`, `unclear`, `none` or `changed`.
    pub says: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    pub reasons: Vec<String>,
    pub one: Option<PlaceShown>,
    pub two: Option<PlaceShown>,
}

/// What is open between two sides.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PlaceMatches {
    pub crosswalk: String,
    /// The two systems.
    pub sides: [String; 2],
    pub matches: Vec<PlaceMatch>,
    /// What could not be read of the two, and is not among the matches.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<Cause>,
}

/// What a person says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceDecision {
    /// It is this one.
    Accept,
    /// These two are not the same.
    Refuse,
    /// This one has no counterpart.
    None,
    /// Of a pair that has changed: it still holds.
    Keep,
    /// It held until this day.
    End(Date),
}

/// A decision with where it stands, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceChoice {
    pub one: Option<String>,
    pub two: Option<String>,
    pub decision: PlaceDecision,
    /// Why; written beside it.
    pub why: String,
    /// `places.csv, line 3`.
    pub place: String,
}

/// The file of a crosswalk as it is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacesKept {
    pub table: Table,
    /// Decisions that are new, and those that held already.
    pub kept: usize,
    pub before: usize,
}

/// Both sides as they are now, and what is known of them.
struct Sides<'e> {
    crosswalk: &'e Crosswalk,
    systems: [String; 2],
    places: [Vec<Place>; 2],
    /// For each side, which place stands where in `places`.
    by_id: [HashMap<String, usize>; 2],
    pairs: Vec<Paired>,
    refused: BTreeSet<(String, String)>,
    none: [BTreeSet<String>; 2],
    left_out: Vec<Cause>,
}

impl Engine {
    /// What is open between two sides of a crosswalk, and what has changed of pairs that hold. Writes nothing.
    ///
    /// # Errors
    /// A system cannot be read, or it is not clear which two are meant.
    pub async fn match_places(&self, crosswalk: &str, between: Option<[&str; 2]>) -> Result<PlaceMatches, Error> {
        let sides = self.sides_now(crosswalk, between).await?;
        let mut settled = sides.settled();
        for (one, two) in &sides.refused {
            // Somebody has looked at these, too.
            settled[0].insert(one.clone());
            settled[1].insert(two.clone());
        }
        let changed = changes(
            [&sides.systems[0], &sides.systems[1]],
            &sides.places[0],
            &sides.places[1],
            &sides.pairs,
            [&settled[0], &settled[1]],
            self.today(),
        );
        let given = sides.given();
        let (one, two) = (sides.places[0].clone(), sides.places[1].clone());
        let proposals = tokio::task::spawn_blocking(move || matched(one, two, &given))
            .await
            .map_err(|error| Error::bug(codes::NOTHING_TO_MATCH, format!("the matching of places broke off: {error}")))?;
        let mut matches: Vec<PlaceMatch> = changed.iter().map(|change| sides.changed(change)).collect();
        for proposal in proposals {
            let one = proposal.one.as_deref().map(|id| sides.shown(0, id));
            if proposal.candidates.is_empty() {
                let two = proposal.two.as_deref().map(|id| sides.shown(1, id));
                matches.push(PlaceMatch { says: Says::None.word(), score: None, reasons: Vec::new(), one: one.clone(), two });
            }
            for candidate in proposal.candidates {
                matches.push(PlaceMatch {
                    says: proposal.says.word(),
                    score: Some(candidate.score),
                    reasons: candidate.reasons,
                    one: one.clone(),
                    two: Some(sides.shown(1, &candidate.id)),
                });
            }
        }
        Ok(PlaceMatches { crosswalk: sides.crosswalk.name.clone(), sides: sides.systems.clone(), matches, left_out: sides.left_out })
    }

    /// The file of a crosswalk with these decisions in it, which is for the caller to write. `file` is the file as it is now.
    ///
    /// # Errors
    /// A place that is not there, one that is settled otherwise, decisions that contradict each other. Nothing is kept then.
    pub async fn decide_places(
        &self,
        crosswalk: &str,
        between: Option<[&str; 2]>,
        choices: &[PlaceChoice],
        file: Option<Table>,
    ) -> Result<PlacesKept, PlacesRefused> {
        let sides = self.sides_now(crosswalk, between).await?;
        let (mut rows, mut revised, mut before) = (Vec::new(), Vec::new(), 0);
        let mut seen: [HashMap<&str, &PlaceChoice>; 2] = [HashMap::new(), HashMap::new()];
        for choice in choices {
            sides.check(choice)?;
            if sides.is_repeated(choice, &mut seen)? {
                continue;
            }
            if sides.says_already(choice) {
                before += 1;
                continue;
            }
            let places = sides.named(choice);
            let note = choice.why.clone();
            match choice.decision {
                PlaceDecision::Accept => rows.push(PlaceRow { places, verdict: Verdict::Accept, note }),
                PlaceDecision::None => rows.push(PlaceRow { places, verdict: Verdict::None, note }),
                PlaceDecision::Refuse if sides.pair(choice).is_none() => rows.push(PlaceRow { places, verdict: Verdict::Refuse, note }),
                PlaceDecision::Refuse => revised.push(Revised { places, revision: Revision::Refuse, note }),
                PlaceDecision::Keep => revised.push(Revised { places, revision: Revision::Keep, note }),
                PlaceDecision::End(day) => revised.push(Revised { places, revision: Revision::End(day), note }),
            }
        }
        let names: Vec<&str> = sides.crosswalk.sides.iter().map(|side| side.system.as_str()).collect();
        let table = append(&sides.crosswalk.name, &names, file, &rows, &revised, self.today()).map_err(PlacesRefused::File)?;
        Ok(PlacesKept { table, kept: rows.len() + revised.len(), before })
    }

    fn today(&self) -> Date {
        self.clock.now().to_zoned(self.project.timezone.clone()).date()
    }

    async fn sides_now(&self, crosswalk: &str, between: Option<[&str; 2]>) -> Result<Sides<'_>, Error> {
        let crosswalk = self.project.crosswalks.get(crosswalk).ok_or_else(|| {
            let known: Vec<&str> = self.project.crosswalks.keys().chain(self.project.flows.keys()).map(String::as_str).collect();
            let hint = nearest(crosswalk, known.iter().copied()).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Error::configuration(codes::NOTHING_TO_MATCH, format!("there is neither a flow nor a crosswalk `{crosswalk}`{hint}"))
        })?;
        let [one, two] = two_of(crosswalk, between)?;
        let map = self.project.codes.0.get(&crosswalk.name);
        let map = match map {
            Some(map) => self.linked(crosswalk, map).await?,
            None => return Err(Error::bug(codes::NOTHING_TO_MATCH, "a crosswalk without its code map")),
        };
        let ((of_one, unread_one), (of_two, unread_two)) = (self.places_of(one).await?, self.places_of(two).await?);
        let places = [of_one, of_two];
        let index = |places: &Vec<Place>| places.iter().enumerate().map(|(at, place)| (place.id.clone(), at)).collect();
        let by_id = [index(&places[0]), index(&places[1])];
        let systems = [one.system.clone(), two.system.clone()];
        let mut sides = Sides {
            crosswalk,
            systems,
            places,
            by_id,
            pairs: Vec::new(),
            refused: BTreeSet::new(),
            none: [BTreeSet::new(), BTreeSet::new()],
            left_out: unread_one.into_iter().chain(unread_two).collect(),
        };
        sides.know(&map, self.today());
        Ok(sides)
    }

    /// The places of a side as they are now, and what could not be read.
    async fn places_of(&self, side: &Side) -> Result<(Vec<Place>, Option<Cause>), Error> {
        let paths = self.paths_of(side)?;
        let all = paths.all();
        let wanted: Vec<&str> = all.iter().map(String::as_str).collect();
        let mut places = Vec::new();
        let left_out = self.read_side(side, &wanted, &mut |id, record| places.push(paths.read(id, record))).await?;
        Ok((places, left_out))
    }
}

/// Why decisions were not kept.
#[derive(Debug)]
pub enum PlacesRefused {
    Error(Error),
    /// What the file would not be right with.
    File(Vec<Problem>),
}

impl From<Error> for PlacesRefused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

fn two_of<'c>(crosswalk: &'c Crosswalk, between: Option<[&str; 2]>) -> Result<[&'c Side; 2], Error> {
    let known: Vec<&str> = crosswalk.sides.iter().map(|side| side.system.as_str()).collect();
    let side = |name: &str| {
        crosswalk.side(name).ok_or_else(|| {
            let message = format!("the crosswalk `{}` has no system `{name}`; expected two of {}", crosswalk.name, known.join(", "));
            Error::configuration(codes::NOTHING_TO_MATCH, message)
        })
    };
    match (between, crosswalk.sides.as_slice()) {
        (Some([one, two]), _) if one != two => Ok([side(one)?, side(two)?]),
        (None, [one, two]) => Ok([one, two]),
        _ => {
            let message = format!("the crosswalk `{}` is between {}; say which two with --between", crosswalk.name, known.join(", "));
            Err(Error::configuration(codes::NOTHING_TO_MATCH, message))
        }
    }
}

impl Sides<'_> {
    /// Takes over what people decided and what flows linked.
    fn know(&mut self, map: &CodeMap, today: Date) {
        let [first, second] = self.systems.clone();
        for decision in map.decisions().filter(|decision| decision.holds_on(today)) {
            let names = [&first, &second].map(|system| decision.name(system).map(str::to_owned));
            match (decision.verdict(), decision.id(&first), decision.id(&second)) {
                (Verdict::Accept, Some(one), Some(two)) => {
                    self.pairs.push(Paired { one: one.to_owned(), two: two.to_owned(), names, in_doubt: false });
                }
                (Verdict::Refuse, Some(one), Some(two)) => drop(self.refused.insert((one.to_owned(), two.to_owned()))),
                (Verdict::None, Some(one), None) => drop(self.none[0].insert(one.to_owned())),
                (Verdict::None, None, Some(two)) => drop(self.none[1].insert(two.to_owned())),
                _ => {}
            }
        }
        let doubtful = self.doubtful(map);
        for (pair, spans) in map.effective_links() {
            let holds = spans.iter().any(|span| span.from.is_none_or(|from| from <= today) && span.to.is_none_or(|to| today <= to));
            if let Some((one, two)) = self.ordered(pair).filter(|_| holds) {
                self.pairs.push(Paired { one, two, ..Paired::default() });
            }
        }
        self.pairs.extend(doubtful);
    }

    /// Links of places that lead to several, as far as no decision of today stands against them: none is proposed, and none speaks for the places above and below.
    fn doubtful(&self, map: &CodeMap) -> Vec<Paired> {
        let settled = self.settled();
        let is_open = |(one, two): &(String, String)| {
            !settled[0].contains(one) && !settled[1].contains(two) && !self.refused.contains(&(one.clone(), two.clone()))
        };
        let open: Vec<(String, String)> = map.disagreeing().into_iter().filter_map(|pair| self.ordered(pair)).filter(is_open).collect();
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

    /// The ids of a linked pair, that of the first side first; `None`: it is of other systems.
    fn ordered(&self, Pair { one, other }: Pair) -> Option<(String, String)> {
        let [first, second] = &self.systems;
        let (one, two) = if one.0 == *first { (one, other) } else { (other, one) };
        (one.0 == *first && two.0 == *second).then_some((one.1, two.1))
    }

    /// What is known beforehand, for the matcher.
    fn given(&self) -> Given {
        let (doubtful, sure): (Vec<&Paired>, Vec<&Paired>) = self.pairs.iter().partition(|pair| pair.in_doubt);
        Given {
            pairs: sure.iter().map(|pair| (pair.one.clone(), pair.two.clone())).collect(),
            refused: self.refused.iter().cloned().collect(),
            none_one: self.none[0].iter().cloned().chain(doubtful.iter().map(|pair| pair.one.clone())).collect(),
            none_two: self.none[1].iter().cloned().chain(doubtful.iter().map(|pair| pair.two.clone())).collect(),
        }
    }

    fn settled(&self) -> [BTreeSet<String>; 2] {
        let mut settled = self.none.clone();
        for pair in &self.pairs {
            settled[0].insert(pair.one.clone());
            settled[1].insert(pair.two.clone());
        }
        settled
    }

    fn shown(&self, side: usize, id: &str) -> PlaceShown {
        let place = |id: &str| self.by_id[side].get(id).map(|at| &self.places[side][*at]);
        let above = std::iter::successors(place(id).and_then(|own| place(own.parent.as_deref()?)), |above| place(above.parent.as_deref()?));
        let mut within: Vec<&str> = above.take(MOST_ABOVE).map(|above| above.name.as_str()).collect();
        within.reverse();
        PlaceShown { id: id.to_owned(), name: place(id).map(|own| own.name.clone()).unwrap_or_default(), within: within.join(" / ") }
    }

    fn changed(&self, change: &Change) -> PlaceMatch {
        PlaceMatch {
            says: "changed",
            score: None,
            reasons: change.reasons.clone(),
            one: Some(self.shown(0, &change.one)),
            two: Some(self.shown(1, &change.two)),
        }
    }

    /// The places of a choice with their systems and names.
    fn named(&self, choice: &PlaceChoice) -> Vec<(String, String, String)> {
        let ids = [choice.one.as_ref(), choice.two.as_ref()];
        let mut named = Vec::new();
        for (side, id) in ids.into_iter().enumerate() {
            // `none` in a row of two is about the first: the row is its row.
            let other = choice.decision == PlaceDecision::None && side == 1 && choice.one.is_some();
            if let Some(id) = id.filter(|_| !other) {
                named.push((self.systems[side].clone(), id.clone(), self.shown(side, id).name));
            }
        }
        named
    }

    fn pair(&self, choice: &PlaceChoice) -> Option<&Paired> {
        let (one, two) = (choice.one.as_deref()?, choice.two.as_deref()?);
        self.pairs.iter().find(|pair| pair.one == one && pair.two == two)
    }

    /// Whether a decision can be meant: its places are there, and nothing else is settled of them.
    fn check(&self, choice: &PlaceChoice) -> Result<(), Error> {
        let refused = |code, why: String| Error::configuration(code, format!("{}: {why}; nothing was kept", choice.place));
        let both = choice.one.is_some() && choice.two.is_some();
        let revises = matches!(choice.decision, PlaceDecision::Keep | PlaceDecision::End(_));
        if !both && choice.decision != PlaceDecision::None {
            return Err(refused(codes::PLACE_UNKNOWN, "the decision is about two places, and the row has one".to_owned()));
        }
        let pair = self.pair(choice);
        if revises && pair.is_none() {
            return Err(refused(codes::PLACE_SETTLED, "the pair is not a pair (any more)".to_owned()));
        }
        for (side, system, id) in self.named(choice).iter().map(|(system, id, _)| (usize::from(*system != self.systems[0]), system, id)) {
            // What is gone can only be ended or refused.
            if !self.by_id[side].contains_key(id) && (pair.is_none() || choice.decision == PlaceDecision::Keep) {
                return Err(refused(codes::PLACE_UNKNOWN, format!("{system} has no place `{id}`")));
            }
        }
        let settles = matches!(choice.decision, PlaceDecision::Accept | PlaceDecision::None);
        let theirs = self.pairs.iter().find(|known| {
            let one = choice.one.as_deref() == Some(known.one.as_str());
            let two = choice.two.as_deref() == Some(known.two.as_str());
            match choice.decision {
                PlaceDecision::None if choice.one.is_some() => one,
                PlaceDecision::None => two,
                _ => one != two,
            }
        });
        if let Some(known) = theirs.filter(|_| settles) {
            let message = format!("`{}` and `{}` belong together already, by a decision or a link", known.one, known.two);
            return Err(refused(codes::PLACE_SETTLED, message));
        }
        let lonely = [choice.one.as_ref(), choice.two.as_ref()].into_iter().enumerate();
        if choice.decision == PlaceDecision::Accept {
            for (side, id) in lonely.filter_map(|(side, id)| id.map(|id| (side, id))) {
                if self.none[side].contains(id) {
                    return Err(refused(codes::PLACE_SETTLED, format!("of `{id}` it is decided that it has no counterpart")));
                }
            }
            if let (Some(one), Some(two)) = (&choice.one, &choice.two)
                && self.refused.contains(&(one.clone(), two.clone()))
            {
                return Err(refused(codes::PLACE_SETTLED, format!("of `{one}` and `{two}` it is decided that they are not the same")));
            }
        }
        Ok(())
    }

    /// Whether it is known already.
    fn says_already(&self, choice: &PlaceChoice) -> bool {
        match (choice.decision, &choice.one, &choice.two) {
            (PlaceDecision::Accept, ..) => self.pair(choice).is_some(),
            (PlaceDecision::Refuse, Some(one), Some(two)) => self.refused.contains(&(one.clone(), two.clone())),
            (PlaceDecision::None, Some(one), _) => self.none[0].contains(one),
            (PlaceDecision::None, None, Some(two)) => self.none[1].contains(two),
            _ => false,
        }
    }

    /// Whether an earlier row says the same: `none` beside each of several candidates is one decision.
    ///
    /// # Errors
    /// An earlier row settles one of the places otherwise.
    fn is_repeated<'c>(&self, choice: &'c PlaceChoice, seen: &mut [HashMap<&'c str, &'c PlaceChoice>; 2]) -> Result<bool, Error> {
        if !matches!(choice.decision, PlaceDecision::Accept | PlaceDecision::None) {
            return Ok(false);
        }
        let mut repeated = false;
        let none_of_one = choice.decision == PlaceDecision::None && choice.one.is_some();
        for (side, id) in [choice.one.as_deref(), choice.two.as_deref()].into_iter().enumerate() {
            let Some(id) = id.filter(|_| side == 0 || !none_of_one) else { continue };
            let Some(other) = seen[side].insert(id, choice) else { continue };
            let same = other.decision == choice.decision
                && (choice.decision == PlaceDecision::None || (&other.one, &other.two) == (&choice.one, &choice.two));
            if !same {
                let message = format!(
                    "{}: the decision on `{id}` of {} contradicts the one at {}; nothing was kept",
                    choice.place, self.systems[side], other.place
                );
                return Err(Error::configuration(codes::PLACE_CONTRADICTION, message));
            }
            repeated = true;
        }
        Ok(repeated)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn place(id: &str, name: &str) -> Place {
        Place { id: id.to_owned(), name: name.to_owned(), ..Place::default() }
    }

    #[test]
    fn places_whose_links_disagree_are_told_and_not_proposed() {
        let crosswalk = Crosswalk { name: "places".into(), sides: Vec::new(), place: kivuko_core::error::Place::default() };
        let places = [
            vec![place("G1", "Mattru HC"), place("G2", "Blama HC"), place("G3", "Talia HC")],
            vec![place("H1", "Mattru HC"), place("H2", "Mattru HC"), place("H3", "Talia HC")],
        ];
        let link = |one: &str, two: &str| Pair { one: ("hmis".into(), two.into()), other: ("godata".into(), one.into()) };
        let links = [link("G1", "H1"), link("G1", "H2"), link("G3", "H3")];
        let known = |text: &str| {
            let table = Table::parse("codes/places.csv", text.as_bytes()).expect("it is a table");
            let (map, problems) = CodeMap::crosswalk("places", &["godata", "hmis"], Some(&table));
            assert_eq!(problems, []);
            let mut sides = Sides {
                crosswalk: &crosswalk,
                systems: ["godata".into(), "hmis".into()],
                places: places.clone(),
                by_id: Default::default(),
                pairs: Vec::new(),
                refused: BTreeSet::new(),
                none: Default::default(),
                left_out: Vec::new(),
            };
            let today = date(2026, 1, 1);
            sides.know(&map.expect("it is a crosswalk").with_links(&links), today);
            let settled = sides.settled();
            let changed = changes(["godata", "hmis"], &sides.places[0], &sides.places[1], &sides.pairs, [&settled[0], &settled[1]], today);
            let told: Vec<String> =
                changed.iter().map(|change| format!("{} {}: {}", change.one, change.two, change.reasons.join("; "))).collect();
            let open: Vec<String> = matched(places[0].clone(), places[1].clone(), &sides.given())
                .iter()
                .map(|proposal| format!("{} {}", proposal.one.as_deref().unwrap_or_default(), proposal.says.word()))
                .collect();
            (told, open)
        };
        let several = "godata: flows linked it to several places of hmis, and nobody has decided which one it is";
        let (told, open) = known("godata,hmis\n");
        assert_eq!(told, [format!("G1 H1: {several}"), format!("G1 H2: {several}")]);
        assert_eq!(open, ["G2 none"], "G1, H1 and H2 are settled, G3 is a pair");
        // A decision ends it: H2 is free again, as is what was refused.
        assert_eq!(known("godata,hmis\nG1,H1\n"), (Vec::new(), vec!["G2 none".to_owned(), " none".to_owned()]));
    }
}
