//! The evidence that two records are about one person, field by field.

use super::birth::{self, Likeness};
use super::document;
use super::name::{Name, pair};
use super::person::{Field, Person};
use crate::token::{SLIP, SOUNDS, Token};

/// How common a word of a name is among the people who are looked through.
pub trait Commonness {
    /// The share of people who have a name that sounds like this one (0 to 1); `sound` is one of [`super::name_keys`].
    fn share(&self, sound: &str) -> f64;
    /// How many people are looked through.
    fn people(&self) -> u64;
}

/// Every name is as common as any other.
#[derive(Debug, Clone, Copy)]
pub struct Even {
    pub people: u64,
}

impl Commonness for Even {
    fn share(&self, _sound: &str) -> f64 {
        0.02
    }

    fn people(&self) -> u64 {
        self.people
    }
}

/// What comparing two people came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// The evidence for one person, in bits, before it is set against how many people there are.
    pub bits: f64,
    /// The probability that it is one person, from 0 to 1.
    pub score: f64,
    /// What agrees and what does not, without a value.
    pub reasons: Vec<String>,
    /// Why a person should look at it, however high the score is.
    pub doubts: Vec<&'static str>,
    /// Fields that are equal.
    pub equal: Vec<Field>,
}

/// What no rule and no document outweighs: twins, and two people with one name born on one day.
pub(super) const SEX_DIFFERS: &str = "the sex differs";

/// From so few people on, somebody who is not among them is as likely as somebody who is.
const FEWEST: f64 = 1_000.0;
const MOST: f64 = 1_000_000.0;

/// Compares two people.
pub fn compare(one: &Person, two: &Person, common: &dyn Commonness) -> Comparison {
    let mut found = Comparison { bits: 0.0, score: 0.0, reasons: Vec::new(), doubts: Vec::new(), equal: Vec::new() };
    let documents = compare_documents(one, two, &mut found);
    compare_names(one, two, common, documents, &mut found);
    let told_apart = compare_birth(one, two, documents, &mut found);
    compare_sex(one, two, &mut found);
    compare_lists(&one.places, &two.places, Field::Place, (2.5, -0.7), "place", &mut found);
    compare_lists(&one.phones, &two.phones, Field::Phone, (4.0, -0.3), "phone", &mut found);
    if !told_apart && !documents {
        found.doubts.push("neither birth date, age nor document could be compared");
    }
    let prior = (common.people() as f64).clamp(FEWEST, MOST).log2();
    found.score = 1.0 / (1.0 + (prior - found.bits).exp2());
    found
}

/// Whether a document is equal.
fn compare_documents(one: &Person, two: &Person, found: &mut Comparison) -> bool {
    if one.documents.is_empty() || two.documents.is_empty() {
        return false;
    }
    if one.documents.iter().any(|document| two.documents.contains(document)) {
        found.add(12.0, "document equal");
        found.equal.push(Field::Document);
        return true;
    }
    let slip = one.documents.iter().any(|first| two.documents.iter().any(|second| document::is_slip(first, second)));
    if slip {
        found.add(4.0, "document: one character differs");
    } else {
        found.add(-1.5, "document differs");
    }
    false
}

/// One way to set the names of two records side by side.
struct Reading {
    bits: f64,
    given: f64,
    reason: String,
}

fn compare_names(one: &Person, two: &Person, common: &dyn Commonness, document: bool, found: &mut Comparison) {
    let (whole_one, whole_two) = (one.name.with(&one.surname), two.name.with(&two.surname));
    if whole_one.is_empty() || whole_two.is_empty() {
        return;
    }
    if one.name.is_same(&two.name) {
        found.equal.push(Field::Name);
    }
    if one.surname.is_same(&two.surname) {
        found.equal.push(Field::Surname);
    }
    let mut readings = Vec::new();
    let whole = [one, two].iter().all(|person| !person.name.is_empty() && !person.surname.is_empty());
    if whole {
        readings.push(sides((&one.name, &two.name), (&one.surname, &two.surname), common));
        // Both crossings, and the better one: so it does not matter which record comes first.
        let crossed = sides((&one.name, &two.surname), (&one.surname, &two.name), common);
        let back = sides((&one.surname, &two.name), (&one.name, &two.surname), common);
        let mut swapped = if crossed.bits >= back.bits { crossed } else { back };
        swapped.bits -= 0.7;
        swapped.reason = format!("names swapped, {}", swapped.reason);
        readings.push(swapped);
    }
    readings.push(pooled(&whole_one, &whole_two, common));
    let Some(best) = readings.into_iter().reduce(|best, next| if next.bits > best.bits { next } else { best }) else { return };
    found.add(best.bits, &best.reason);
    if best.given < SLIP - 0.11 && !document {
        found.doubts.push("the given names are not the same name");
    }
}

/// Given names against given names, surnames against surnames.
fn sides(given: (&Name, &Name), family: (&Name, &Name), common: &dyn Commonness) -> Reading {
    let (first, last) = (given.0.likeness(given.1), family.0.likeness(family.1));
    let bits = name_bits(first, rarity(given.0, given.1, common), 7.0) + name_bits(last, rarity(family.0, family.1, common), 4.0);
    Reading { bits, given: first, reason: format!("name {}, surname {}", words_for(first), words_for(last)) }
}

/// All words against all words: for names in one field, or divided elsewhere.
fn pooled(one: &Name, two: &Name, common: &dyn Commonness) -> Reading {
    let (paired, more) = pair(one.tokens(), two.tokens());
    let (rarest, next) = rarities(one, two, common);
    let (worst, others) = (paired.first().copied().unwrap_or(0.0), paired.get(1..).unwrap_or_default());
    let mut bits = name_bits(worst, rarest, 7.0) - 1.0 - 0.3 * more.min(3) as f64;
    let reason = if others.is_empty() {
        // One word alone is a given name or a surname, and nobody knows which.
        bits = bits.min(3.0);
        format!("one word of the name to compare, {}", words_for(worst))
    } else {
        let mean = others.iter().sum::<f64>() / others.len() as f64;
        bits += name_bits(mean, next, 4.0);
        format!("whole name {}, words in another order or division", words_for(worst.min(mean)))
    };
    Reading { bits, given: if others.is_empty() { worst.min(SOUNDS) } else { worst }, reason }
}

/// The evidence in a likeness: `rare` bits when it is equal, `against` bits the other way when it is another name.
fn name_bits(likeness: f64, rare: f64, against: f64) -> f64 {
    const CURVE: [(f64, f64); 6] = [(0.0, -1.0), (0.3, -0.6), (SOUNDS, -0.1), (0.6, 0.25), (SLIP, 0.75), (1.0, 1.0)];
    let next = CURVE.iter().position(|(at, _)| *at >= likeness).unwrap_or(CURVE.len() - 1).max(1);
    let ((from, low), (to, high)) = (CURVE[next - 1], CURVE[next]);
    let share = low + (high - low) * ((likeness - from) / (to - from)).clamp(0.0, 1.0);
    if share < 0.0 { share * against } else { share * rare }
}

/// How much an equal name says: the rarer it is, the more.
fn rarity(one: &Name, two: &Name, common: &dyn Commonness) -> f64 {
    rarities(one, two, common).0
}

/// How much the rarest word says, and the next one. Of two spellings the more common one counts.
fn rarities(one: &Name, two: &Name, common: &dyn Commonness) -> (f64, f64) {
    let shares = |name: &Name| {
        let mut shares: Vec<f64> = name.tokens().iter().map(|token: &Token| smoothed(token, common)).collect();
        shares.sort_by(f64::total_cmp);
        (shares.first().copied().unwrap_or(1.0), shares.get(1).copied().unwrap_or(0.0))
    };
    let (first, second) = (shares(one), shares(two));
    let bits = |share: f64| (0.9 / share.clamp(1e-4, 1.0)).log2().clamp(2.0, 7.0);
    (bits(first.0.max(second.0)), bits(first.1.max(second.1)))
}

/// The share of people with a name, as far as so few people can tell: beside those who are counted stand some of whom one in a hundred has it.
fn smoothed(token: &Token, common: &dyn Commonness) -> f64 {
    const ASSUMED: f64 = 200.0;
    let people = common.people() as f64;
    (common.share(&token.sound) * people + 0.01 * ASSUMED) / (people + ASSUMED)
}

fn words_for(likeness: f64) -> &'static str {
    match likeness {
        likeness if likeness >= 1.0 => "equal",
        likeness if likeness >= 0.95 => "equal but for the spelling",
        likeness if likeness >= SLIP - 0.11 => "nearly equal",
        likeness if likeness >= SOUNDS - 0.11 => "sounds alike or is shortened",
        likeness if likeness > 0.2 => "agrees in part",
        _ => "differs",
    }
}

/// Whether anything was compared that says how old they are.
fn compare_birth(one: &Person, two: &Person, document: bool, found: &mut Comparison) -> bool {
    if let (Some(first), Some(second)) = (one.dob, two.dob) {
        let likeness = birth::compare(first, second);
        let words = match likeness {
            Likeness::Equal if birth::is_year_only(first) => "birth date equal, but on 1 January",
            Likeness::Equal => "birth date equal",
            Likeness::Swapped => "birth date: day and month swapped",
            Likeness::OneDigit => "birth date: one digit differs",
            Likeness::TwoOfThree => "birth date: the year agrees, and the month or the day",
            Likeness::YearOnly => "birth date: the year agrees, more is not known",
            Likeness::SameYear => "birth date: only the year agrees",
            Likeness::NearYear => "birth date differs, the years are one apart",
            Likeness::Different => "birth date differs",
        };
        found.add(birth::bits(likeness, first), words);
        if likeness == Likeness::Equal {
            found.equal.push(Field::Dob);
        } else if likeness <= Likeness::SameYear && !document {
            found.doubts.push("the birth dates differ");
        }
        return likeness > Likeness::SameYear;
    }
    let (Some(first), Some(second)) = (one.age_at(two.day), two.age_at(one.day)) else { return false };
    let (bits, agrees) = birth::age_bits(first, second);
    found.add(bits, if agrees { "age agrees" } else { "age differs" });
    if (first.years - second.years).abs() < 0.01 {
        found.equal.push(Field::Age);
    }
    if !agrees && !document {
        found.doubts.push("the ages differ");
    }
    agrees
}

fn compare_sex(one: &Person, two: &Person, found: &mut Comparison) {
    let (Some(first), Some(second)) = (one.sex, two.sex) else { return };
    if first == second {
        found.add(0.9, "sex equal");
        found.equal.push(Field::Sex);
    } else {
        found.add(-4.0, "sex differs");
        found.doubts.push(SEX_DIFFERS);
    }
}

fn compare_lists(one: &[String], two: &[String], field: Field, bits: (f64, f64), words: &str, found: &mut Comparison) {
    if one.is_empty() || two.is_empty() {
        return;
    }
    if one.iter().any(|entry| two.contains(entry)) {
        found.add(bits.0, &format!("{words} equal"));
        found.equal.push(field);
    } else {
        found.add(bits.1, &format!("{words} differs"));
    }
}

impl Comparison {
    fn add(&mut self, bits: f64, reason: &str) {
        self.bits += bits;
        self.reasons.push(reason.to_owned());
    }
}
