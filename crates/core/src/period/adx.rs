//! Periods as ADX writes them: `2024-03-04/P7D`.
//!
//! DHIS2 chooses the type by the duration and by the weekday or the month of the first day, and then takes the period in which that day *lies*: `2024-03-15/P1M` is
//! 202403 to it, without a word, and a quarter from November on, which it writes itself, becomes a quarter of the calendar ([`Period::from_adx`]). Who reads a document
//! for good reads it by [`Period::from_adx_exactly`]: a period is taken for what it says or refused.

use jiff::civil::{Date, Weekday};

use super::{Period, PeriodError, PeriodType};

impl Period {
    /// As DHIS2 writes it: the first day and the duration of the type.
    pub fn adx(self) -> String {
        format!("{}/{}", self.start, self.period_type.duration())
    }

    /// The period that DHIS2 takes it for: the one in which the first day lies. Not every release knows every type that comes out
    /// ([`PeriodType::read_from_adx_in`]); `QuarterlyNov` never comes out.
    ///
    /// # Errors
    /// Another form, also a time in the day; a duration that DHIS2 does not have; a week from Tuesday on, six months or a year from a month on from which no type begins.
    pub fn from_adx(text: &str) -> Result<Self, PeriodError> {
        let (day, duration) = parts(text)?;
        Self::of(as_dhis2(day, duration)?, day)
    }

    /// The period that begins on that very day and has that duration. Three months from November on are `QuarterlyNov`.
    ///
    /// # Errors
    /// As [`Period::from_adx`]; a day that is not the first of a period.
    pub fn from_adx_exactly(text: &str) -> Result<Self, PeriodError> {
        let (day, duration) = parts(text)?;
        let period = Self::of(as_dhis2(day, duration)?, day)?;
        if period.start == day {
            return Ok(period);
        }
        if duration == "P3M" {
            let november = Self::of(PeriodType::QuarterlyNov, day)?;
            if november.start == day {
                return Ok(november);
            }
        }
        Err(PeriodError::NotTheFirstDay { period: period.id(), start: period.start })
    }
}

fn parts(text: &str) -> Result<(Date, &str), PeriodError> {
    let (day, duration) = text.split_once('/').ok_or(PeriodError::NotAdx)?;
    Ok((crate::transform::plain_day(day).ok_or(PeriodError::NotAdx)?, duration))
}

/// The type that DHIS2 2.43 chooses.
fn as_dhis2(day: Date, duration: &str) -> Result<PeriodType, PeriodError> {
    Ok(match duration {
        "P1D" => PeriodType::Daily,
        "P7D" => match day.weekday() {
            Weekday::Monday => PeriodType::Weekly,
            Weekday::Wednesday => PeriodType::WeeklyWednesday,
            Weekday::Thursday => PeriodType::WeeklyThursday,
            Weekday::Friday => PeriodType::WeeklyFriday,
            Weekday::Saturday => PeriodType::WeeklySaturday,
            Weekday::Sunday => PeriodType::WeeklySunday,
            Weekday::Tuesday => return Err(PeriodError::NoSuchStart { duration: "P7D", expected: "no week of DHIS2 begins on a Tuesday" }),
        },
        "P14D" => PeriodType::BiWeekly,
        "P1M" => PeriodType::Monthly,
        "P2M" => PeriodType::BiMonthly,
        "P3M" => PeriodType::Quarterly,
        "P6M" => match day.month() {
            1 | 7 => PeriodType::SixMonthly,
            4 | 10 => PeriodType::SixMonthlyApril,
            5 | 11 => PeriodType::SixMonthlyNov,
            _ => {
                return Err(PeriodError::NoSuchStart {
                    duration: "P6M",
                    expected: "half-years begin in January, April, May, July, October or November",
                });
            }
        },
        "P1Y" => match day.month() {
            1 => PeriodType::Yearly,
            2 => PeriodType::FinancialFeb,
            4 => PeriodType::FinancialApril,
            7 => PeriodType::FinancialJuly,
            8 => PeriodType::FinancialAug,
            9 => PeriodType::FinancialSep,
            10 => PeriodType::FinancialOct,
            11 => PeriodType::FinancialNov,
            _ => {
                return Err(PeriodError::NoSuchStart {
                    duration: "P1Y",
                    expected: "years begin in January, February, April, July, August, September, October or November",
                });
            }
        },
        _ => return Err(PeriodError::UnknownDuration),
    })
}
