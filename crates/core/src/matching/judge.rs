//! What follows from the comparison with all candidates: a link, a question to a person, or nobody.

use super::compare::{Commonness, Comparison, SEX_DIFFERS, compare};
use super::person::{Field, Person};

/// How a flow wants people to be matched.
#[derive(Debug, Clone)]
pub struct Criteria {
    /// Fields that must be equal, rule by rule, the strictest first.
    pub rules: Vec<Vec<Field>>,
    /// From this score on a single candidate is taken.
    pub accept: f64,
    /// From this score on a candidate is shown to a person.
    pub review: f64,
    /// How far apart the days of the two records may be.
    pub window: Option<Window>,
}

/// A window of dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    pub days: u32,
}

/// So many bits of evidence the best candidate must be ahead of the next one.
const MARGIN: f64 = 4.0;
/// More candidates than this help nobody to decide.
const MOST_SHOWN: usize = 10;

/// A candidate that could be the person.
#[derive(Debug, Clone, PartialEq)]
pub struct Scored {
    /// Its id in the target.
    pub id: String,
    /// From 0 to 1.
    pub score: f64,
    /// What agrees and what does not, then what speaks against taking it without a look.
    pub reasons: Vec<String>,
}

/// What the candidates come to.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// This is the person.
    Same(Scored),
    /// One of these could be the person; the best first.
    Unclear(Vec<Scored>),
    /// None of them is.
    Nobody,
}

/// Judges all candidates for one person. Their order does not matter.
pub fn judge(criteria: &Criteria, person: &Person, candidates: &[(String, Person)], common: &dyn Commonness) -> Verdict {
    let mut found: Vec<(&String, &Person, Comparison)> = candidates
        .iter()
        .map(|(id, candidate)| {
            let mut comparison = compare(person, candidate, common);
            if let Some(window) = criteria.window
                && let Some(doubt) = outside(window, person, candidate)
            {
                comparison.doubts.push(doubt);
            }
            (id, candidate, comparison)
        })
        .collect();
    found.sort_by(|one, two| two.2.bits.total_cmp(&one.2.bits).then_with(|| one.0.cmp(two.0)));
    for rule in &criteria.rules {
        let fits: Vec<_> = found.iter().filter(|(_, candidate, comparison)| holds(rule, person, candidate, comparison)).collect();
        match fits.as_slice() {
            [] => {}
            [(id, _, comparison)] if !comparison.doubts.iter().any(|doubt| binds_rules(doubt)) => {
                let mut scored = scored(id, comparison);
                scored.reasons.insert(0, format!("rule: {}", words(rule)));
                return Verdict::Same(scored);
            }
            // Several have what should be one person's alone, or something speaks against the only one that no rule outweighs.
            many => {
                let found = many.iter().map(|(id, _, comparison)| scored(id, comparison)).take(MOST_SHOWN);
                return Verdict::Unclear(found.collect());
            }
        }
    }
    let Some((id, _, best)) = found.first() else { return Verdict::Nobody };
    let next = found.get(1).map_or(f64::NEG_INFINITY, |(_, _, comparison)| comparison.bits);
    if best.score >= criteria.accept && best.doubts.is_empty() && best.bits - next >= MARGIN {
        return Verdict::Same(scored(id, best));
    }
    let possible: Vec<Scored> = found
        .iter()
        .filter(|(_, _, comparison)| comparison.score >= criteria.review)
        .map(|(id, _, comparison)| scored(id, comparison))
        .take(MOST_SHOWN)
        .collect();
    if possible.is_empty() { Verdict::Nobody } else { Verdict::Unclear(possible) }
}

const OUTSIDE: &str = "the dates of the two records are further apart than the window allows";
const NO_DATE: &str = "one of the records lacks the date that the window is measured by";

fn outside(window: Window, person: &Person, candidate: &Person) -> Option<&'static str> {
    let (Some(one), Some(two)) = (person.day, candidate.day) else { return Some(NO_DATE) };
    let apart = one.duration_since(two).as_hours().unsigned_abs() / 24;
    (apart > u64::from(window.days)).then_some(OUTSIDE)
}

/// Whether a doubt holds against a rule, too.
fn binds_rules(doubt: &str) -> bool {
    [OUTSIDE, NO_DATE, SEX_DIFFERS].contains(&doubt)
}

/// Whether all fields of a rule are there on both sides and equal. Given names and surnames may be swapped when the rule names both.
fn holds(rule: &[Field], person: &Person, candidate: &Person, comparison: &Comparison) -> bool {
    let both_names = rule.contains(&Field::Name) && rule.contains(&Field::Surname);
    let swapped = both_names && person.name.is_same(&candidate.surname) && person.surname.is_same(&candidate.name);
    rule.iter().all(|field| comparison.equal.contains(field) || (swapped && matches!(field, Field::Name | Field::Surname)))
}

fn words(rule: &[Field]) -> String {
    let words: Vec<&str> = rule.iter().map(|field| field.word()).collect();
    format!("{} equal", words.join(", "))
}

fn scored(id: &str, comparison: &Comparison) -> Scored {
    let mut reasons = comparison.reasons.clone();
    reasons.extend(comparison.doubts.iter().map(|doubt| format!("to be looked at: {doubt}")));
    Scored { id: id.to_owned(), score: (comparison.score * 1000.0).round() / 1000.0, reasons }
}
