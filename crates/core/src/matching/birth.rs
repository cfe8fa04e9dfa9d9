//! Dates of birth and ages.

use jiff::civil::Date;

/// What two dates of birth have in common, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Likeness {
    Different,
    /// The years are at most one apart.
    NearYear,
    SameYear,
    /// The years are equal, and one of the dates is 1 January: a year that was made a date.
    YearOnly,
    TwoOfThree,
    OneDigit,
    Swapped,
    Equal,
}

/// What two dates of birth have in common.
pub(super) fn compare(one: Date, two: Date) -> Likeness {
    if one == two {
        return Likeness::Equal;
    }
    if one.year() == two.year() && one.month() == two.day() && one.day() == two.month() {
        return Likeness::Swapped;
    }
    let digits = |date: Date| format!("{:04}{:02}{:02}", date.year(), date.month(), date.day());
    if strsim::osa_distance(&digits(one), &digits(two)) == 1 {
        return Likeness::OneDigit;
    }
    let same_year = one.year() == two.year();
    if same_year && (one.month() == two.month() || one.day() == two.day()) && !is_year_only(one) && !is_year_only(two) {
        return Likeness::TwoOfThree;
    }
    if same_year && (is_year_only(one) || is_year_only(two)) {
        return Likeness::YearOnly;
    }
    if same_year {
        return Likeness::SameYear;
    }
    if (one.year() - two.year()).abs() == 1 { Likeness::NearYear } else { Likeness::Different }
}

/// A date that is most often a year, or a guess.
pub(super) fn is_year_only(date: Date) -> bool {
    date.month() == 1 && date.day() == 1
}

/// The evidence in it, in bits.
pub(super) fn bits(likeness: Likeness, date: Date) -> f64 {
    match likeness {
        Likeness::Equal if is_year_only(date) => 4.5,
        Likeness::Equal if date.day() == 1 || date.day() == 15 => 8.0,
        Likeness::Equal => 11.0,
        Likeness::Swapped => 6.0,
        Likeness::OneDigit => 3.8,
        Likeness::TwoOfThree => 2.0,
        Likeness::YearOnly => 1.5,
        Likeness::SameYear => -1.5,
        Likeness::NearYear => -4.0,
        Likeness::Different => -7.0,
    }
}

/// An age in years at a day, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Age {
    pub years: f64,
    pub at: Option<Date>,
}

/// The evidence in two ages, in bits: people guess them, the more roughly the older someone is.
pub(super) fn age_bits(one: Age, two: Age) -> (f64, bool) {
    let passed = match (one.at, two.at) {
        (Some(first), Some(second)) => years_between(first, second),
        _ => 0.0,
    };
    let apart = (two.years - one.years - passed).abs();
    // Whole years differ by up to one for the same birthday.
    let doubt = apart / (0.05 * one.years.max(two.years)).max(1.0);
    let bits = match doubt {
        doubt if doubt <= 0.5 => 1.8,
        doubt if doubt <= 1.0 => 1.5,
        doubt if doubt <= 2.0 => 0.0,
        doubt if doubt <= 3.0 => -1.5,
        doubt if doubt <= 5.0 => -4.0,
        _ => -6.0,
    };
    (bits, doubt <= 2.0)
}

/// The age at a day of somebody who was born on another.
pub(super) fn age_at(born: Date, day: Date) -> Age {
    Age { years: years_between(born, day).floor().max(0.0), at: Some(day) }
}

fn years_between(from: Date, to: Date) -> f64 {
    let days = to.duration_since(from).as_hours() as f64 / 24.0;
    days / 365.2425
}
