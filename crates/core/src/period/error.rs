//! What can be wrong with a period. No message repeats the text that was read: it may be a value of a record.

use super::{PeriodType, YEARS};
use crate::catalogue::record;
use crate::error::Cause;

/// Why there is no such period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// The name of a type that DHIS2 does not have.
    #[error("it is no period type of DHIS2{}", nearest.as_ref().map_or_else(|| ", such as `Weekly`".to_owned(), |word| format!("; the nearest is `{word}`")))]
    UnknownType { nearest: Option<String> },
    /// The text has the form of no identifier.
    #[error("the text is no period of DHIS2, such as 202403 or 2024W10")]
    NotAPeriod,
    /// The form fits, but there is no such period.
    #[error("there is no period {number} of type {period_type} in {year}")]
    NoSuchPeriod { period_type: PeriodType, year: i16, number: u16 },
    /// A period of another type than the one that is due.
    #[error("the period is of type {found}, but {} is due, such as {}", wanted.name(), wanted.example())]
    WrongType { found: PeriodType, wanted: PeriodType },
    /// Too early or too late.
    #[error("the day or the year lies outside the years {} to {}", YEARS.start(), YEARS.end())]
    OutOfRange,
    /// A type whose periods cannot be named.
    #[error("periods of type {period_type} have no identifiers in DHIS2")]
    NoIdentifiers { period_type: PeriodType },
    /// Not a day and a duration.
    #[error("a period of ADX is a day and a duration, such as 2024-03-04/P7D")]
    NotAdx,
    /// A duration that no period type has.
    #[error("DHIS2 has no period of this duration; it knows P1D, P7D, P14D, P1M, P2M, P3M, P6M and P1Y")]
    UnknownDuration,
    /// No type begins there.
    #[error("no period of DHIS2 with the duration {duration} begins on such a day: {expected}")]
    NoSuchStart { duration: &'static str, expected: &'static str },
    /// The day is inside the period and not its first.
    #[error("the period does not begin on that day: the period {period}, in which it lies, begins on {start}")]
    NotTheFirstDay { period: String, start: jiff::civil::Date },
}

impl PeriodError {
    /// As the cause of a rejection.
    pub fn cause(&self) -> Cause {
        Cause::new(record::NOT_A_PERIOD, self.to_string())
    }
}
