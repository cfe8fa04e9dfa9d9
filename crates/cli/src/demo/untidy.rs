//! The untidiness of real line lists: habits that go through, and mistakes for which a record is rejected.

use super::case::Row;
use super::random::Random;

/// A mistake for which a row must be rejected, with the code of its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mistake {
    /// No identity.
    NoIdentity,
    /// The identity of the row before.
    SameIdentity,
    /// The visual id of another row.
    SameVisualId,
    /// The place has the id of another list.
    PlaceOfAnotherList,
    /// The name of a place in the place of its id.
    PlaceByName,
    /// A day that does not exist.
    NoSuchDay,
    /// The day before the month.
    DayFirst,
    /// An occupation that Go.Data does not list.
    Occupation,
    /// An outcome that Go.Data does not list.
    Outcome,
    /// A gender that nobody listed.
    Gender,
    /// An age in words.
    AgeInWords,
    /// An age that nobody reaches.
    AgeTooHigh,
    /// No date of reporting.
    NotReported,
    /// A latitude without a longitude.
    HalfPoint,
}

/// How often each mistake is made among 2,000 rows.
pub const MISTAKES: [(Mistake, usize); 14] = [
    (Mistake::NoIdentity, 4),
    (Mistake::SameIdentity, 4),
    (Mistake::SameVisualId, 6),
    (Mistake::PlaceOfAnotherList, 9),
    (Mistake::PlaceByName, 3),
    (Mistake::NoSuchDay, 4),
    (Mistake::DayFirst, 5),
    (Mistake::Occupation, 6),
    (Mistake::Outcome, 3),
    (Mistake::Gender, 2),
    (Mistake::AgeInWords, 5),
    (Mistake::AgeTooHigh, 2),
    (Mistake::NotReported, 3),
    (Mistake::HalfPoint, 3),
];

/// Of which number of rows [`MISTAKES`] counts.
pub const AMONG: usize = 2000;

/// Habits: another form of the same content, which the sheet brings into order.
pub fn habits(row: &mut Row, random: &mut Random) {
    if random.percent(11) {
        row.clear("case_id");
    }
    if random.percent(3) {
        for column in ["firstName", "middleName", "lastName"] {
            row.clear(column);
        }
    }
    if random.percent(7) {
        let letter = row.get("gender").chars().take(1).collect::<String>();
        row.set("gender", if random.percent(50) { letter } else { letter.to_lowercase() });
    } else if random.percent(3) {
        row.set("gender", if random.percent(50) { "unknown" } else { "" });
    }
    if random.percent(4) {
        let name = format!("{}  ", row.get("firstName"));
        row.set("firstName", name);
    }
    if random.percent(4) {
        let words = sentence(row.get("classification"));
        row.set("classification", words);
    }
    if random.percent(4) {
        let words = sentence(row.get("occupation"));
        row.set("occupation", words);
    }
    if random.percent(1) {
        row.set("occupation", "n/a");
    }
    if random.percent(2) && row.get("age").is_empty() {
        row.set("age", "unknown");
    }
    if random.percent(2) {
        let id = format!(" {}", row.get("location_id"));
        row.set("location_id", id.trim_end());
    }
    if random.percent(2) && !row.get("hospitalization_startdate").is_empty() {
        row.set("hospitalization_comments", "said \"since Monday\",\nthen left; brought back by his brother");
    }
}

/// `HEALTH_CARE_WORKER` as people write it.
fn sentence(code: &str) -> String {
    let words = code.replace('_', " ").to_lowercase();
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Makes a mistake in a row. `other` is a row without one.
pub fn make(mistake: Mistake, row: &mut Row, other: &Row, random: &mut Random) {
    match mistake {
        Mistake::NoIdentity => row.set("uuid", random.pick(&["", " "])),
        Mistake::SameIdentity => row.set("uuid", other.get("uuid")),
        Mistake::SameVisualId => row.set("case_id", other.get("case_id")),
        Mistake::PlaceOfAnotherList => row.set("location_id", random.pick(&["O6uvpzGd5pu", "fdc6uOvgoji", "lc3eMKXaEfw"])),
        Mistake::PlaceByName => {
            let name = row.get("admin_1_name").to_owned();
            row.set("location_id", if name.is_empty() { "the capital" } else { &name });
        }
        Mistake::NoSuchDay => row.set("date_of_onset", random.pick(&["2026-02-30", "2026-13-04", "2026-06-31"])),
        Mistake::DayFirst => {
            let mut parts: Vec<&str> = row.get("date_of_reporting").split('-').collect();
            parts.reverse();
            row.set("date_of_reporting", parts.join("/"));
        }
        Mistake::Occupation => row.set("occupation", random.pick(&["FISHERMAN", "Trader", "MIDWIFE"])),
        Mistake::Outcome => row.set("outcome_id", "TRANSFERRED"),
        Mistake::Gender => row.set("gender", random.pick(&["B", "W"])),
        Mistake::AgeInWords => row.set("age", random.pick(&["34 years", "about 40", "adult", "8m"])),
        Mistake::AgeTooHigh => row.set("age", random.between(190, 990)),
        Mistake::NotReported => row.clear("date_of_reporting"),
        Mistake::HalfPoint => {
            row.set("lat", "4.2");
            row.clear("long");
        }
    }
}
