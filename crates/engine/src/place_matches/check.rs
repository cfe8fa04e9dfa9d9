//! Whether decisions on places can be meant: their places are there, nothing else is settled of them, and they do not contradict each other.

use std::collections::HashMap;

use kivuko_core::catalogue::run as codes;
use kivuko_core::error::Error;
use kivuko_core::places::{Lookout, Paired};

use super::decide::{PlaceChoice, PlaceDecision};
use super::known::Known;
use super::view::PlaceView;

/// What is asked of each decision.
pub(super) struct Check<'v> {
    view: &'v PlaceView<'v>,
    /// What is known of them by now.
    known: &'v Known,
    /// The pairs of each place.
    pairs: [HashMap<&'v str, Vec<&'v Paired>>; 2],
    /// Which decision of the table settles each place.
    seen: [HashMap<&'v str, &'v PlaceChoice>; 2],
    /// Which decision of the table is about each pair.
    on_pair: HashMap<(&'v str, &'v str), &'v PlaceChoice>,
}

impl<'v> Check<'v> {
    pub fn new(view: &'v PlaceView<'v>, known: &'v Known) -> Self {
        let mut pairs: [HashMap<&str, Vec<&Paired>>; 2] = Default::default();
        for pair in &known.pairs {
            pairs[0].entry(&pair.one).or_default().push(pair);
            pairs[1].entry(&pair.two).or_default().push(pair);
        }
        Self { view, known, pairs, seen: Default::default(), on_pair: HashMap::new() }
    }

    /// The pair that a decision is about, if it is one.
    pub fn pair(&self, choice: &PlaceChoice) -> Option<&'v Paired> {
        let (one, two) = (choice.one.as_deref()?, choice.two.as_deref()?);
        self.pairs[0].get(one)?.iter().copied().find(|pair| pair.two == two)
    }

    /// Whether a decision can be meant.
    ///
    /// # Errors
    /// It cannot: which row, and why.
    pub fn can_be_meant(&self, choice: &PlaceChoice) -> Result<(), Error> {
        let refused = |code, why: String| refusal(choice, code, &why);
        let revises = matches!(choice.decision, PlaceDecision::Keep | PlaceDecision::End(_));
        if (choice.one.is_none() || choice.two.is_none()) && choice.decision != PlaceDecision::None {
            return Err(refused(codes::PLACE_UNKNOWN, "the decision is about two places, and the row has one".to_owned()));
        }
        let pair = self.pair(choice);
        if revises && pair.is_none() {
            return Err(refused(codes::PLACE_SETTLED, "the pair is not a pair (any more)".to_owned()));
        }
        if let (PlaceDecision::Keep, Some(day)) = (choice.decision, self.last_day(choice)) {
            let why = format!(
                "it is decided that the pair ends on {day}; say `end` with another day, or take `valid_to` and the row that refuses it from the next day on out of {}",
                self.view.crosswalk.file()
            );
            return Err(refused(codes::PLACE_SETTLED, why));
        }
        for (side, id) in choice.places() {
            // What is gone can only be ended or refused.
            if !self.view.has(side, id) && (pair.is_none() || choice.decision == PlaceDecision::Keep) {
                return Err(refused(codes::PLACE_UNKNOWN, format!("{} has no place `{id}`", self.view.systems()[side])));
            }
        }
        if let Some(known) = self.otherwise(choice) {
            let message = format!("`{}` and `{}` belong together already, by a decision or a link", known.one, known.two);
            return Err(refused(codes::PLACE_SETTLED, message));
        }
        if choice.decision != PlaceDecision::Accept {
            return Ok(());
        }
        for (side, id) in choice.places() {
            if self.known.none[side].contains(id) {
                return Err(refused(codes::PLACE_SETTLED, format!("of `{id}` it is decided that it has no counterpart")));
            }
        }
        if let (Some(one), Some(two)) = (&choice.one, &choice.two)
            && self.known.refused.contains(&(one.clone(), two.clone()))
        {
            return Err(refused(codes::PLACE_SETTLED, format!("of `{one}` and `{two}` it is decided that they are not the same")));
        }
        Ok(())
    }

    /// A pair of one of the places that stands against a decision.
    fn otherwise(&self, choice: &PlaceChoice) -> Option<&'v Paired> {
        let mut pairs = choice.places().filter_map(|(side, id)| self.pairs[side].get(id)).flatten().copied();
        match choice.decision {
            PlaceDecision::Accept => pairs.find(|pair| choice.one.as_ref() != Some(&pair.one) || choice.two.as_ref() != Some(&pair.two)),
            PlaceDecision::None => pairs.next(),
            _ => None,
        }
    }

    /// Whether a person who keeps a pair has seen all that there is to see of it by now.
    ///
    /// # Errors
    /// Something was found since.
    pub fn has_seen(&self, choice: &PlaceChoice, lookout: &Lookout<'_>) -> Result<(), Error> {
        let Some(change) = self.pair(choice).and_then(|pair| lookout.change(pair)) else { return Ok(()) };
        // As they stand in a row, one behind the other: a reason may be the beginning of another one.
        let seen = format!("; {}; ", choice.seen.trim());
        match change.reasons.iter().find(|reason| !seen.contains(&format!("; {reason}; "))) {
            Some(new) => Err(refusal(choice, codes::CHANGED_SINCE_TOLD, &format!("something is new of the pair: {new}"))),
            None => Ok(()),
        }
    }

    /// Whether it is known already.
    pub fn says_already(&self, choice: &PlaceChoice, lookout: &Lookout<'_>) -> bool {
        let known = self.known;
        match (choice.decision, &choice.one, &choice.two) {
            (PlaceDecision::Accept, ..) => self.pair(choice).is_some_and(|pair| !pair.in_doubt),
            (PlaceDecision::Refuse, Some(one), Some(two)) => known.refused.contains(&(one.clone(), two.clone())),
            (PlaceDecision::None, Some(one), _) => known.none[0].contains(one),
            (PlaceDecision::None, None, Some(two)) => known.none[1].contains(two),
            (PlaceDecision::End(day), Some(one), Some(two)) => {
                // As long as it holds, what has changed of it is asked.
                let is_open = self.pair(choice).is_some_and(|pair| lookout.change(pair).is_some());
                !is_open && known.ended.contains(&(one.clone(), two.clone(), day))
            }
            (PlaceDecision::Keep, ..) => {
                self.last_day(choice).is_none() && self.pair(choice).is_some_and(|pair| lookout.change(pair).is_none())
            }
            _ => false,
        }
    }

    /// The day up to which it is decided that a pair holds.
    fn last_day(&self, choice: &PlaceChoice) -> Option<jiff::civil::Date> {
        let (one, two) = (choice.one.as_ref()?, choice.two.as_ref()?);
        let mut days = self.known.ended.iter().filter(|(first, second, _)| (first, second) == (one, two)).map(|(.., day)| *day);
        days.find(|day| *day >= self.view.today)
    }

    /// Whether an earlier row says the same: `none` beside each of several candidates is one decision.
    ///
    /// # Errors
    /// An earlier row settles one of the places, or the pair, otherwise.
    pub fn is_repeated(&mut self, choice: &'v PlaceChoice) -> Result<bool, Error> {
        if let (Some(one), Some(two)) = (&choice.one, &choice.two)
            && choice.decision != PlaceDecision::None
            && let Some(other) = self.on_pair.insert((one, two), choice)
        {
            if other.decision == choice.decision {
                return Ok(true);
            }
            let why = format!("the decision on `{one}` and `{two}` contradicts the one at {}", other.place);
            return Err(refusal(choice, codes::PLACE_CONTRADICTION, &why));
        }
        if !matches!(choice.decision, PlaceDecision::Accept | PlaceDecision::None) {
            return Ok(false);
        }
        let mut repeated = false;
        for (side, id) in choice.places() {
            let Some(other) = self.seen[side].insert(id, choice) else { continue };
            let same = other.decision == choice.decision
                && (choice.decision == PlaceDecision::None || (&other.one, &other.two) == (&choice.one, &choice.two));
            if !same {
                let system = self.view.systems()[side];
                let why = format!("the decision on `{id}` of {system} contradicts the one at {}", other.place);
                return Err(refusal(choice, codes::PLACE_CONTRADICTION, &why));
            }
            repeated = true;
        }
        Ok(repeated)
    }
}

fn refusal(choice: &PlaceChoice, code: kivuko_core::error::Code, why: &str) -> Error {
    Error::configuration(code, format!("{}: {why}; nothing was kept", choice.place))
}
