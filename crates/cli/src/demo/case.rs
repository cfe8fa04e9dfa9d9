//! A tidy row of the line list: one invented case.

use std::collections::BTreeMap;

use jiff::ToSpan as _;
use jiff::civil::{Date, date};

use super::country::{Country, Place};
use super::names::{FAMILIES, MEN, WOMEN};
use super::random::Random;

/// The first day on which a case is reported.
const BEGIN: Date = date(2026, 2, 2);
/// For how many days cases are reported.
const DAYS: i64 = 210;

const OCCUPATIONS: [&str; 12] = [
    "FARMER",
    "FARMER",
    "FARMER",
    "HEALTH_CARE_WORKER",
    "STUDENT",
    "TEACHER",
    "BUTCHER",
    "MINING",
    "TRADITIONAL_HEALER",
    "CIVIL_SERVANT",
    "WORKING_WITH_ANIMALS",
    "OTHER",
];

/// A row: what stands in its columns; a column that is not there is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row(BTreeMap<&'static str, String>);

impl Row {
    /// What stands in a column.
    pub fn get(&self, column: &str) -> &str {
        self.0.get(column).map_or("", String::as_str)
    }

    /// Writes into a column.
    pub fn set(&mut self, column: &'static str, value: impl ToString) {
        self.0.insert(column, value.to_string());
    }

    /// Empties a column.
    pub fn clear(&mut self, column: &str) {
        self.0.remove(column);
    }
}

/// The columns of a level: its place's id, level, name, code, parent, density, latitude, longitude.
const LEVELS: [[&str; 8]; 4] = [
    [
        "admin_0_location_id",
        "admin_0_admin_level",
        "admin_0_name",
        "admin_0_code",
        "admin_0_parent_location_id",
        "admin_0_population_density",
        "admin_0_lat",
        "admin_0_long",
    ],
    [
        "admin_1_location_id",
        "admin_1_admin_level",
        "admin_1_name",
        "admin_1_code",
        "admin_1_parent_location_id",
        "admin_1_population_density",
        "admin_1_lat",
        "admin_1_long",
    ],
    [
        "admin_2_location_id",
        "admin_2_admin_level",
        "admin_2_name",
        "admin_2_code",
        "admin_2_parent_location_id",
        "admin_2_population_density",
        "admin_2_lat",
        "admin_2_long",
    ],
    [
        "admin_3_location_id",
        "admin_3_admin_level",
        "admin_3_name",
        "admin_3_code",
        "admin_3_parent_location_id",
        "admin_3_population_density",
        "admin_3_lat",
        "admin_3_long",
    ],
];

/// A case in full, as a careful clerk would enter it. `number` is its place in the list, from 1.
pub fn tidy(number: usize, country: &Country, random: &mut Random) -> Row {
    let mut row = Row::default();
    row.set("uuid", random.uuid());
    row.set("case_id", format!("CASE-2026-{number:04}"));
    person(&mut row, random);
    place(&mut row, country, random);
    course(&mut row, random);
    row.set("createdBy", random.uuid());
    let contacts = if random.percent(40) { random.between(1, 9) } else { 0 };
    row.set("contacts_per_case", contacts);
    row.set("has_relationships", truth(contacts > 0));
    row
}

fn person(row: &mut Row, random: &mut Random) {
    let is_woman = random.percent(48);
    row.set("firstName", random.pick(if is_woman { &WOMEN } else { &MEN }));
    if random.percent(6) {
        row.set("middleName", random.pick(if is_woman { &WOMEN } else { &MEN }));
    }
    // Most lists have the family's name for few people only.
    if random.percent(35) {
        row.set("lastName", random.pick(&FAMILIES));
    }
    row.set("gender", if is_woman { "FEMALE" } else { "MALE" });
    if random.percent(96) {
        let age = (random.between(0, 60) + random.between(0, 32)).clamp(0, 92);
        if age == 0 {
            set_months(row, random.between(0, 11));
        } else {
            set_age(row, age);
        }
        row.set(
            "occupation",
            if age < 6 {
                "CHILD"
            } else if age < 18 {
                "STUDENT"
            } else {
                random.pick(&OCCUPATIONS)
            },
        );
        if is_woman && (15..50).contains(&age) && random.percent(12) {
            row.set("pregnancy_status", random.pick(&["YES_FIRST_TRIMESTER", "YES_SECOND_TRIMESTER", "YES_THIRD_TRIMESTER"]));
        } else if random.percent(80) {
            row.set("pregnancy_status", "NOT_PREGNANT");
        }
    } else {
        row.set("age_class", "unknown");
    }
    if random.percent(5) {
        row.set("telephone", format!("0{}{:07}", random.between(21, 29), random.below(10_000_000)));
    }
}

/// Age and the class that it falls into.
fn set_age(row: &mut Row, age: i64) {
    let class = match age {
        0..=4 => "0-4",
        5..=9 => "5-9",
        10..=14 => "10-14",
        15..=19 => "15-19",
        20..=29 => "20-29",
        30..=39 => "30-39",
        40..=49 => "40-49",
        50..=59 => "50-59",
        60..=64 => "60-64",
        65..=69 => "65-69",
        70..=74 => "70-74",
        75..=79 => "75-79",
        _ => "80+",
    };
    row.set("age_class", class);
    row.set("age", age);
}

/// Months as lists write them that count in years: 11 months are 0.916666666666667.
fn set_months(row: &mut Row, months: i64) {
    let years = format!("{:.15}", months as f64 / 12.0);
    row.set("age_class", "0-4");
    row.set("age", years.trim_end_matches('0').trim_end_matches('.'));
}

fn place(row: &mut Row, country: &Country, random: &mut Random) {
    if random.percent(4) {
        return;
    }
    let level = if random.percent(88) {
        2
    } else if random.percent(85) {
        3
    } else {
        0
    };
    let places = country.of_level(level);
    let place = places[random.below(places.len())];
    set_place(row, country, place);
    if random.percent(85) {
        let shifted = |from: f64, random: &mut Random| from + random.between(-900, 900) as f64 / 100_000.0;
        row.set("lat", format!("{:.6}", shifted(place.lat, random)));
        row.set("long", format!("{:.6}", shifted(place.lng, random)));
    }
    row.set("geo_location_accurate", truth(random.percent(5)));
    if random.percent(4) {
        row.set(
            "address",
            format!(
                "House {}, {}",
                random.between(1, 180),
                random.pick(&["Market Road", "behind the mill", "River Street", "at the well"])
            ),
        );
        row.set("city", &place.name);
    }
}

/// Where the person lives, with everything that the list repeats of it.
fn set_place(row: &mut Row, country: &Country, place: &Place) {
    row.set("location_id", &place.id);
    row.set("admin_level", place.level);
    for (place, columns) in country.chain(place).into_iter().zip(LEVELS) {
        let [id, level, name, code, parent, density, lat, long] = columns;
        row.set(id, &place.id);
        row.set(level, place.level);
        row.set(name, &place.name);
        row.set(code, &place.code);
        if let Some(above) = place.parent {
            row.set(parent, &country.places[above].id);
        }
        row.set(density, 0);
        row.set(lat, place.lat);
        row.set(long, place.lng);
    }
}

/// What happened, and when.
fn course(row: &mut Row, random: &mut Random) {
    let reported = BEGIN + random.between(0, DAYS).days();
    let onset = reported - random.between(0, 12).days();
    row.set("date_of_reporting", reported);
    row.set("date_of_data_entry", reported + random.between(0, 9).days());
    if random.percent(91) {
        row.set("date_of_onset", onset);
        if random.percent(6) {
            row.set("date_of_onset_approximate", "TRUE");
        }
    }
    if random.percent(3) {
        row.set("date_of_infection", onset - random.between(2, 18).days());
    }
    if random.percent(75) {
        row.set("date_of_last_contact", onset - random.between(1, 20).days());
    }
    row.set(
        "classification",
        random.pick(&["CONFIRMED", "CONFIRMED", "CONFIRMED", "PROBABLE", "PROBABLE", "SUSPECT", "SUSPECT", "NOT_A_CASE_DISCARDED"]),
    );
    if random.percent(82) {
        let outcome = random.pick(&["RECOVERED", "RECOVERED", "ALIVE", "DECEASED"]);
        row.set("outcome_id", outcome);
        // The dates of real lists do not always go forward; Go.Data takes them, so they go through.
        let days = if random.percent(8) { random.between(-40, -1) } else { random.between(4, 30) };
        row.set("date_of_outcome", onset + days.days());
    }
    if random.percent(10) {
        row.set("was_contact", "TRUE");
        row.set("date_become_case", onset + random.between(0, 3).days());
        row.set("date_of_followup_start", onset - random.between(5, 15).days());
        row.set("date_of_followup_end", onset + random.between(5, 16).days());
    } else {
        row.set("was_contact", "FALSE");
    }
    row.set("transfer_refused", truth(random.percent(6)));
    if random.percent(7) {
        row.set("risk_level", random.pick(&["1_LOW", "2_MEDIUM", "3_HIGH"]));
        if random.percent(50) {
            row.set("risk_reason", random.pick(&["lives with a confirmed case", "cared for a sick relative", "was at a burial"]));
        }
    }
    if random.percent(72) {
        let stay = [
            "hospitalization_typeid",
            "hospitalization_startdate",
            "hospitalization_enddate",
            "hospitalization_status",
            "hospitalization_comments",
        ];
        ranged(row, stay, "HOSPITALIZATION", onset, random);
    }
    if random.percent(8) {
        let stay = ["isolation_typeid", "isolation_startdate", "isolation_enddate", "isolation_status", "isolation_comments"];
        ranged(row, stay, "ISOLATION", onset, random);
    }
}

fn ranged(row: &mut Row, columns: [&'static str; 5], kind: &str, onset: Date, random: &mut Random) {
    let [typeid, start, end, status, comments] = columns;
    let first = onset + random.between(0, 6).days();
    row.set(typeid, kind);
    row.set(start, first);
    if random.percent(90) {
        row.set(end, first + random.between(1, 24).days());
        row.set(status, "completed");
    } else {
        row.set(status, "ongoing");
    }
    if random.percent(4) {
        row.set(comments, random.pick(&["moved from the health post", "isolé à domicile, puis transféré", "came back after two days"]));
    }
}

fn truth(is: bool) -> &'static str {
    if is { "TRUE" } else { "FALSE" }
}
