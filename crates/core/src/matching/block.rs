//! What people are looked up by, so that nobody has to be compared with everybody.
//!
//! A person has several keys, and two records meet when they share one of them: two words of the name by their sound, a date of birth, a year of birth with one
//! word, the end of a telephone number, a document. Each finding that [`super::compare()`] takes for a sign of one person leads to a key in common,
//! unless the record has nothing else in common with the other one. A key says who has it, so it is hashed before it is kept.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::document;
use super::person::Person;

/// The sounds of the words of a name, as [`super::Commonness`] takes them.
pub fn name_keys(person: &Person) -> BTreeSet<String> {
    person.name.tokens().iter().chain(person.surname.tokens()).map(|token| token.sound.clone()).collect()
}

/// The keys under which a person is put down.
pub fn index_keys(person: &Person) -> BTreeSet<String> {
    let mut keys = common_keys(person);
    keys.extend(person.dob.map(day_key));
    for year in years(person, 0) {
        keys.extend(name_keys(person).iter().map(|sound| year_key(year, sound)));
    }
    keys.extend(person.documents.iter().flat_map(|number| halves(number, number.len())));
    keys
}

/// The keys under which a person is looked for. More than those under which the same person is put down: slips are looked for from one side only.
pub fn asking_keys(person: &Person) -> BTreeSet<String> {
    let mut keys = common_keys(person);
    if let Some(dob) = person.dob {
        keys.insert(day_key(dob));
        keys.extend(Date::new(dob.year(), dob.day(), dob.month()).ok().map(day_key));
    }
    for year in years(person, 2) {
        keys.extend(name_keys(person).iter().map(|sound| year_key(year, sound)));
    }
    for number in &person.documents {
        for length in number.len().saturating_sub(1)..=number.len() + 1 {
            keys.extend(halves(number, length));
        }
    }
    keys
}

fn common_keys(person: &Person) -> BTreeSet<String> {
    let sounds: Vec<String> = name_keys(person).into_iter().collect();
    let mut keys = BTreeSet::new();
    for (at, first) in sounds.iter().enumerate() {
        keys.extend(sounds[at + 1..].iter().map(|second| format!("names:{first}:{second}")));
    }
    if let [only] = sounds.as_slice() {
        keys.insert(format!("name:{only}"));
    }
    // Names that are written together or apart.
    let whole = person.name.with(&person.surname);
    keys.extend(
        (!whole.is_empty()).then(|| format!("whole:{}", whole.tokens().iter().map(|token| token.sound.as_str()).collect::<String>())),
    );
    keys.extend(person.phones.iter().map(|phone| format!("phone:{phone}")));
    keys.extend(person.documents.iter().map(|number| format!("document:{number}")));
    keys
}

fn day_key(day: Date) -> String {
    format!("born:{day}")
}

fn year_key(year: i16, sound: &str) -> String {
    format!("year:{year}:{sound}")
}

/// The years in which somebody may have been born, and those around them.
fn years(person: &Person, around: i16) -> Vec<i16> {
    if let Some(dob) = person.dob {
        // A slip in the year is found by the name.
        return vec![dob.year()];
    }
    let (Some(age), Some(day)) = (person.age, person.day) else { return Vec::new() };
    let year = day.year() - (age.clamp(0.0, 130.0) as i16);
    (year - around - 1..=year + around).collect()
}

/// Both ends of a document number: one slip leaves one of them as it is.
fn halves(number: &str, length: usize) -> Vec<String> {
    if !document::is_long(number) {
        return Vec::new();
    }
    let half = length / 2;
    match (number.get(..half), number.len().checked_sub(half).and_then(|from| number.get(from..))) {
        (Some(front), Some(back)) => vec![format!("front:{front}"), format!("back:{back}")],
        _ => Vec::new(),
    }
}
