//! The period types of DHIS2 and their periods: which period a day lies in, what it is called, where it begins and ends.
//!
//! What this module keeps: every day lies in exactly one period of each type; an identifier that is written is one that DHIS2 reads as the same period; an
//! identifier of a period that does not exist (week 53 of a year of 52 weeks) is refused. Days are of the ISO calendar.
//!
//! The rules are those of DHIS2 2.38 to 2.43. Where names lead astray: every type that begins in November is named by the year in which it *ends*
//! (`2024Nov` begins in November 2023), all other financial years by the year in which they *begin*; `202402B` is March and April. A year of 53 weeks has a
//! period `BiW27`, which overlaps `BiW1` of the next year by a week: a day of that week lies in `BiW1`.

mod adx;
mod error;
#[cfg(test)]
mod tests;
mod text;
mod types;

use std::fmt;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

pub use error::PeriodError;
pub use types::PeriodType;
use types::Shape;

/// The years that an identifier may name. DHIS2 knows years of four digits; the last of them is left out, so that every period ends in such a year.
pub const YEARS: std::ops::RangeInclusive<i16> = 1000..=9998;

/// A period: its type and its first day. Periods are in the order of their first days; it is small and is copied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Period {
    start: Date,
    period_type: PeriodType,
}

impl Period {
    /// The period of a type in which a day lies. Of `BiWeekly` it is the one of two that begins last.
    ///
    /// # Errors
    /// A day outside [`YEARS`]; the type `TwoYearly`, whose periods have no identifiers.
    pub fn of(period_type: PeriodType, day: Date) -> Result<Self, PeriodError> {
        let start = match period_type.shape() {
            Shape::Day => Some(day),
            Shape::Week(first) => on_or_before(day, first),
            Shape::TwoWeeks => on_or_before(day, Weekday::Monday).and_then(|monday| {
                let (_, week) = week_number(monday)?;
                if week % 2 == 0 { monday.checked_sub(7.days()).ok() } else { Some(monday) }
            }),
            Shape::Months { length, first, .. } => {
                let (year, slot) = month_slot(day, length, first);
                month_start(year, slot, length, first)
            }
            Shape::TwoYears => return Err(PeriodError::NoIdentifiers { period_type }),
        };
        start.map(|start| Self { start, period_type }).and_then(Self::in_range).ok_or(PeriodError::OutOfRange)
    }

    /// The period by the year of its identifier and its number in that year (1 where the identifier has none; of `Daily` the day of the year).
    fn numbered(period_type: PeriodType, year: i16, number: u16) -> Result<Self, PeriodError> {
        if !YEARS.contains(&year) {
            return Err(PeriodError::OutOfRange);
        }
        let missing = PeriodError::NoSuchPeriod { period_type, year, number };
        let start = match period_type.shape() {
            Shape::Day => Date::new(year, 1, 1).ok().and_then(|first| first.checked_add(i64::from(number).checked_sub(1)?.days()).ok()),
            Shape::Week(first) => week_start(year, first, number),
            Shape::TwoWeeks => number.checked_mul(2).and_then(|even| week_start(year, Weekday::Monday, even.checked_sub(1)?)),
            Shape::Months { length, first, ends } => number
                .checked_sub(1)
                .filter(|slot| slot * u16::from(length) < 12)
                .and_then(|slot| month_start(year - i16::from(ends), slot, length, first)),
            Shape::TwoYears => return Err(PeriodError::NoIdentifiers { period_type }),
        };
        let Some(start) = start else { return Err(missing) };
        // Back again: week 53 of a year that has 52 is week 1 of the next.
        Some(Self { start, period_type }).filter(|period| period.number() == Some((year, number))).ok_or(missing)
    }

    /// The year and the number of the identifier.
    fn number(self) -> Option<(i16, u16)> {
        match self.period_type.shape() {
            Shape::Day => Some((self.start.year(), self.start.day_of_year().unsigned_abs())),
            Shape::Week(_) => week_number(self.start),
            Shape::TwoWeeks => week_number(self.start).map(|(year, week)| (year, week / 2 + 1)),
            Shape::Months { length, first, ends } => {
                let (year, slot) = month_slot(self.start, length, first);
                Some((year + i16::from(ends), slot + 1))
            }
            Shape::TwoYears => None,
        }
    }

    fn in_range(self) -> Option<Self> {
        self.number().filter(|(year, _)| YEARS.contains(year)).map(|_| self)
    }

    /// Its type.
    pub fn period_type(self) -> PeriodType {
        self.period_type
    }

    /// Its first day.
    pub fn start(self) -> Date {
        self.start
    }

    /// Its last day, which belongs to it.
    pub fn end(self) -> Date {
        let length = match self.period_type.shape() {
            Shape::Day => 1.day(),
            Shape::Week(_) => 7.days(),
            Shape::TwoWeeks => 14.days(),
            Shape::Months { length, .. } => i64::from(length).months(),
            Shape::TwoYears => 2.years(),
        };
        // The years of periods end well before the last day that a date can hold.
        self.start.saturating_add(length).saturating_sub(1.day())
    }

    /// Whether a day lies between its first and its last.
    pub fn contains(self, day: Date) -> bool {
        self.start <= day && day <= self.end()
    }

    /// The period after it; `None` after the last that has an identifier.
    pub fn next(self) -> Option<Self> {
        Self::of(self.period_type, self.end().checked_add(1.day()).ok()?).ok()
    }

    /// The period before it; `None` before the first that has an identifier.
    pub fn previous(self) -> Option<Self> {
        Self::of(self.period_type, self.start.checked_sub(1.day()).ok()?).ok()
    }

    /// The period `count` periods before it, itself for 0; `None` before the first that has an identifier.
    pub fn minus(self, count: u32) -> Option<Self> {
        (0..count).try_fold(self, |period, _| period.previous())
    }

    /// The identifier as DHIS2 writes it: `2024W10`.
    pub fn id(self) -> String {
        self.to_string()
    }
}

impl fmt::Debug for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The last such weekday up to a day.
fn on_or_before(day: Date, weekday: Weekday) -> Option<Date> {
    day.checked_sub(i64::from(day.weekday().since(weekday)).days()).ok()
}

/// The year and the number of the week that begins on a day: it belongs to the year in which its fourth day lies.
fn week_number(start: Date) -> Option<(i16, u16)> {
    let middle = start.checked_add(3.days()).ok()?;
    Some((middle.year(), (middle.day_of_year().unsigned_abs() - 1) / 7 + 1))
}

/// The first day of a week of a year; the week may be one of the next year.
fn week_start(year: i16, first: Weekday, week: u16) -> Option<Date> {
    let weeks = i64::from(week).checked_sub(1).filter(|weeks| *weeks >= 0)?;
    on_or_before(Date::new(year, 1, 4).ok()?, first)?.checked_add((7 * weeks).days()).ok()
}

/// The year in which the twelve months that begin with month `first` begin, and which of its parts of `length` months a day lies in, from 0.
fn month_slot(day: Date, length: u8, first: u8) -> (i16, u16) {
    let months = i32::from(day.year()) * 12 + i32::from(day.month()) - i32::from(first);
    (months.div_euclid(12) as i16, months.rem_euclid(12) as u16 / u16::from(length))
}

/// The first day of such a part.
fn month_start(year: i16, slot: u16, length: u8, first: u8) -> Option<Date> {
    let months = i32::from(first) - 1 + i32::from(slot) * i32::from(length);
    Date::new(i16::try_from(i32::from(year) + months / 12).ok()?, (months % 12 + 1) as i8, 1).ok()
}
