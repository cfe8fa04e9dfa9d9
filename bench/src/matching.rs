//! How well people are matched: precision and recall over invented people, see [`crate::people`].

use std::collections::{BTreeSet, HashMap};

use kivuko_core::matching::{Commonness, Criteria, Field, Fields, Person, Verdict, asking_keys, index_keys, judge, name_keys};
use kivuko_core::path::SourcePath;

use crate::people::{Dice, Someone, household, read, written, written_again};

/// What matching came to.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measured {
    /// Records asked for, and those of them whose person is in the register.
    pub asked: u64,
    pub there: u64,
    /// Accepted without a look, rightly and wrongly.
    pub right: u64,
    pub wrong: u64,
    /// Left to a person; and of those the ones whose person is among the candidates.
    pub review: u64,
    pub shown: u64,
    /// Taken for nobody although the person is in the register.
    pub missed: u64,
}

impl Measured {
    /// The share of accepted pairs that are right.
    pub fn precision(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }

    /// The share of people in the register that were found and accepted.
    pub fn recall(&self) -> f64 {
        self.right as f64 / self.there.max(1) as f64
    }
}

/// The register, looked up by keys.
#[derive(Default)]
struct Register {
    people: Vec<(String, Person)>,
    keys: HashMap<String, Vec<usize>>,
    sounds: HashMap<String, u64>,
}

impl Commonness for Register {
    fn share(&self, sound: &str) -> f64 {
        self.sounds.get(sound).copied().unwrap_or_default() as f64 / self.people.len().max(1) as f64
    }

    fn people(&self) -> u64 {
        self.people.len() as u64
    }
}

impl Register {
    fn put(&mut self, person: Person) {
        let at = self.people.len();
        for key in index_keys(&person) {
            self.keys.entry(key).or_default().push(at);
        }
        for sound in name_keys(&person) {
            *self.sounds.entry(sound).or_default() += 1;
        }
        self.people.push((at.to_string(), person));
    }

    fn candidates(&self, person: &Person) -> Vec<(String, Person)> {
        let found: BTreeSet<usize> = asking_keys(person).iter().filter_map(|key| self.keys.get(key)).flatten().copied().collect();
        found.into_iter().map(|at| self.people[at].clone()).collect()
    }
}

fn fields() -> Fields {
    let all = [
        (Field::Name, "name"),
        (Field::Surname, "surname"),
        (Field::Dob, "dob"),
        (Field::Age, "age"),
        (Field::Sex, "sex"),
        (Field::Place, "place"),
        (Field::Phone, "phones[]"),
        (Field::Document, "documents[]"),
    ];
    Fields(all.into_iter().filter_map(|(field, path)| SourcePath::parse(path).ok().map(|path| (field, path))).collect())
}

/// Matches people written down again against a register of about `size` people. One in five of those asked for is not in the register, but many of
/// their households are. `tell` gets a line for each pair that was accepted and is wrong.
pub fn measure(seed: u64, size: usize, tell: &mut dyn FnMut(&str)) -> Measured {
    let mut dice = Dice::new(seed);
    let fields = fields();
    let mut register = Register::default();
    let mut asked: Vec<(Someone, Option<usize>)> = Vec::new();
    while register.people.len() < size {
        for one in household(&mut dice) {
            if dice.percent(17.0) {
                asked.push((one, None));
                continue;
            }
            let record = written(&one, &mut dice);
            if dice.percent(60.0) {
                asked.push((one, Some(register.people.len())));
            }
            register.put(read(&fields, &record));
        }
    }
    let criteria = Criteria { rules: vec![vec![Field::Document]], accept: 0.7, review: 0.1, window: None };
    let mut measured = Measured::default();
    for (one, place) in asked {
        let record = written_again(&one, &mut dice);
        let person = read(&fields, &record);
        let candidates = register.candidates(&person);
        measured.asked += 1;
        measured.there += u64::from(place.is_some());
        let right = place.map(|place| place.to_string());
        match judge(&criteria, &person, &candidates, &register) {
            Verdict::Same(found) if Some(&found.id) == right.as_ref() => measured.right += 1,
            Verdict::Same(found) => {
                measured.wrong += 1;
                let taken = candidates.iter().find(|(id, _)| *id == found.id).map(|(_, person)| person);
                tell(&format!(
                    "{} ({})\n  {}\n  {}",
                    found.score,
                    found.reasons.join(", "),
                    record,
                    serde_json::to_string(&taken).unwrap_or_default()
                ));
            }
            Verdict::Unclear(found) => {
                measured.review += 1;
                measured.shown += u64::from(right.as_ref().is_some_and(|right| found.iter().any(|one| one.id == *right)));
            }
            Verdict::Nobody => measured.missed += u64::from(right.is_some()),
        }
    }
    measured
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepted_pairs_are_right_and_most_people_are_found() {
        for seed in [1, 2, 3] {
            let measured = measure(seed, 3_000, &mut |_| {});
            assert!(measured.precision() >= 0.995, "seed {seed}: precision {} of {measured:?}", measured.precision());
            assert!(measured.recall() >= 0.85, "seed {seed}: recall {} of {measured:?}", measured.recall());
        }
    }
}
