//! What is known of each period type, as data.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Weekday;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::PeriodError;

/// A period type by the name that DHIS2 gives it. Types are in the order in which DHIS2 lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PeriodType {
    Daily,
    Weekly,
    WeeklyWednesday,
    WeeklyThursday,
    WeeklyFriday,
    WeeklySaturday,
    WeeklySunday,
    BiWeekly,
    Monthly,
    BiMonthly,
    Quarterly,
    QuarterlyNov,
    SixMonthly,
    SixMonthlyApril,
    SixMonthlyNov,
    Yearly,
    FinancialFeb,
    FinancialApril,
    FinancialJuly,
    FinancialAug,
    FinancialSep,
    FinancialOct,
    FinancialNov,
    TwoYearly,
}

/// How the periods of a type follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    Day,
    /// Seven days from such a day on.
    Week(Weekday),
    /// Two weeks from the Monday of an odd week on.
    TwoWeeks,
    /// So many months; a year of them begins with month `first`, and is named by the year in which it ends where `ends`.
    Months {
        length: u8,
        first: u8,
        ends: bool,
    },
    TwoYears,
}

/// One line of the table.
struct Facts {
    period_type: PeriodType,
    name: &'static str,
    /// What stands after the year in an identifier, before the number.
    infix: &'static str,
    /// The duration that DHIS2 writes in ADX.
    duration: &'static str,
    example: &'static str,
    shape: Shape,
    /// The first release (2.42 is 42) that knows the type.
    since: u16,
    /// The first release that reads it from ADX; none does where there is none.
    adx_since: Option<u16>,
}

/// The oldest release that is looked at.
const OLDEST: u16 = 38;

const fn facts(
    period_type: PeriodType,
    name: &'static str,
    infix: &'static str,
    duration: &'static str,
    example: &'static str,
    shape: Shape,
) -> Facts {
    Facts { period_type, name, infix, duration, example, shape, since: OLDEST, adx_since: Some(OLDEST) }
}

const fn months(length: u8, first: u8) -> Shape {
    Shape::Months { length, first, ends: false }
}

const fn ending(length: u8) -> Shape {
    Shape::Months { length, first: 11, ends: true }
}

/// In the order of the type.
static FACTS: [Facts; 24] = [
    facts(PeriodType::Daily, "Daily", "", "P1D", "20240315", Shape::Day),
    facts(PeriodType::Weekly, "Weekly", "W", "P7D", "2024W10", Shape::Week(Weekday::Monday)),
    facts(PeriodType::WeeklyWednesday, "WeeklyWednesday", "WedW", "P7D", "2024WedW10", Shape::Week(Weekday::Wednesday)),
    facts(PeriodType::WeeklyThursday, "WeeklyThursday", "ThuW", "P7D", "2024ThuW10", Shape::Week(Weekday::Thursday)),
    Facts {
        since: 43,
        adx_since: Some(43),
        ..facts(PeriodType::WeeklyFriday, "WeeklyFriday", "FriW", "P7D", "2024FriW10", Shape::Week(Weekday::Friday))
    },
    facts(PeriodType::WeeklySaturday, "WeeklySaturday", "SatW", "P7D", "2024SatW10", Shape::Week(Weekday::Saturday)),
    facts(PeriodType::WeeklySunday, "WeeklySunday", "SunW", "P7D", "2024SunW10", Shape::Week(Weekday::Sunday)),
    facts(PeriodType::BiWeekly, "BiWeekly", "BiW", "P14D", "2024BiW5", Shape::TwoWeeks),
    facts(PeriodType::Monthly, "Monthly", "", "P1M", "202403", months(1, 1)),
    facts(PeriodType::BiMonthly, "BiMonthly", "B", "P2M", "202402B", months(2, 1)),
    facts(PeriodType::Quarterly, "Quarterly", "Q", "P3M", "2024Q1", months(3, 1)),
    Facts { adx_since: None, ..facts(PeriodType::QuarterlyNov, "QuarterlyNov", "NovQ", "P3M", "2024NovQ1", ending(3)) },
    facts(PeriodType::SixMonthly, "SixMonthly", "S", "P6M", "2024S1", months(6, 1)),
    facts(PeriodType::SixMonthlyApril, "SixMonthlyApril", "AprilS", "P6M", "2024AprilS2", months(6, 4)),
    facts(PeriodType::SixMonthlyNov, "SixMonthlyNov", "NovS", "P6M", "2024NovS1", ending(6)),
    facts(PeriodType::Yearly, "Yearly", "", "P1Y", "2024", months(12, 1)),
    Facts { since: 43, adx_since: Some(43), ..facts(PeriodType::FinancialFeb, "FinancialFeb", "Feb", "P1Y", "2024Feb", months(12, 2)) },
    facts(PeriodType::FinancialApril, "FinancialApril", "April", "P1Y", "2024April", months(12, 4)),
    facts(PeriodType::FinancialJuly, "FinancialJuly", "July", "P1Y", "2024July", months(12, 7)),
    Facts { since: 43, adx_since: Some(43), ..facts(PeriodType::FinancialAug, "FinancialAug", "Aug", "P1Y", "2024Aug", months(12, 8)) },
    // 2.42 writes it, but refuses to read it.
    Facts { since: 42, adx_since: Some(43), ..facts(PeriodType::FinancialSep, "FinancialSep", "Sep", "P1Y", "2024Sep", months(12, 9)) },
    facts(PeriodType::FinancialOct, "FinancialOct", "Oct", "P1Y", "2024Oct", months(12, 10)),
    facts(PeriodType::FinancialNov, "FinancialNov", "Nov", "P1Y", "2024Nov", ending(12)),
    Facts { adx_since: None, ..facts(PeriodType::TwoYearly, "TwoYearly", "", "P2Y", "", Shape::TwoYears) },
];

impl PeriodType {
    /// All types.
    pub fn all() -> impl Iterator<Item = Self> + Clone {
        FACTS.iter().map(|facts| facts.period_type)
    }

    fn facts(self) -> &'static Facts {
        &FACTS[self as usize]
    }

    /// The type with this name, written exactly so.
    ///
    /// # Errors
    /// A name that DHIS2 does not have, with the nearest that it has.
    pub fn parse(name: &str) -> Result<Self, PeriodError> {
        match Self::all().find(|one| one.name() == name) {
            Some(found) => Ok(found),
            None => Err(PeriodError::UnknownType { nearest: crate::error::nearest(name, Self::all().map(Self::name)).map(str::to_owned) }),
        }
    }

    /// The name in DHIS2: `SixMonthlyNov`.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// An identifier of the type, for messages; empty for `TwoYearly`, whose periods have none.
    pub fn example(self) -> &'static str {
        self.facts().example
    }

    /// The duration that DHIS2 writes for it in ADX: `P7D`.
    pub fn duration(self) -> &'static str {
        self.facts().duration
    }

    /// Whether its periods have identifiers: all but `TwoYearly`.
    pub fn has_identifiers(self) -> bool {
        self.shape() != Shape::TwoYears
    }

    /// Whether a release knows the type; 2.42 is 42.
    pub fn known_in(self, release: u16) -> bool {
        self.facts().since <= release
    }

    /// Whether a release reads its periods from ADX as what they are.
    pub fn read_from_adx_in(self, release: u16) -> bool {
        self.facts().adx_since.is_some_and(|since| since <= release)
    }

    pub(super) fn shape(self) -> Shape {
        self.facts().shape
    }

    pub(super) fn infix(self) -> &'static str {
        self.facts().infix
    }
}

impl fmt::Display for PeriodType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for PeriodType {
    type Err = PeriodError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::parse(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_types_and_names_are_those_of_serde() {
        for (at, facts) in FACTS.iter().enumerate() {
            assert_eq!(facts.period_type as usize, at, "{}", facts.name);
            assert_eq!(serde_json::to_value(facts.period_type).expect("a name"), facts.name);
            assert_eq!(PeriodType::parse(facts.name), Ok(facts.period_type));
        }
    }

    #[test]
    fn a_name_that_is_none_gets_the_nearest() {
        let error = PeriodType::parse("WeeklyFridays").expect_err("there is none");
        assert_eq!(error.to_string(), "it is no period type of DHIS2; the nearest is `WeeklyFriday`");
    }
}
