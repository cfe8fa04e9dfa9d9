//! Identifiers: `2024W10`. They are written in one form only; read are also the forms that DHIS2 takes: days and months with hyphens, and one leading zero of a
//! week's number.

use std::fmt;

use jiff::civil::Date;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::types::Shape;
use super::{Period, PeriodError, PeriodType};

impl Period {
    /// The period of an identifier, whatever its type: four digits are a year, six a month, eight a day.
    ///
    /// # Errors
    /// A text of another form, also with spaces around it; a period that does not exist (`2024W53`, `2023BiW27`, `20230229`).
    pub fn parse(text: &str) -> Result<Self, PeriodError> {
        let (Some(year), Some(rest)) = (text.get(..4).and_then(digits), text.get(4..)) else { return Err(PeriodError::NotAPeriod) };
        let year = i16::try_from(year).map_err(|_| PeriodError::NotAPeriod)?;
        match (rest.len(), rest.strip_prefix('-').unwrap_or(rest), rest.starts_with('-')) {
            (0, ..) => return Self::numbered(PeriodType::Yearly, year, 1),
            (2, month, false) | (3, month, true) if digits(month).is_some() => {
                return Self::numbered(PeriodType::Monthly, year, digits(month).unwrap_or_default());
            }
            (4, day, false) if digits(day).is_some() => return day_of(year, &day[..2], &day[2..]),
            (6, day, true) if day.is_ascii() && day.as_bytes()[2] == b'-' => return day_of(year, &day[..2], &day[3..]),
            _ => {}
        }
        for period_type in PeriodType::all() {
            let infix = period_type.infix();
            let number = match period_type.shape() {
                _ if infix.is_empty() => None,
                Shape::Months { length: 2, .. } => rest.strip_suffix(infix).filter(|number| number.len() == 2),
                Shape::Months { length: 12, .. } => (rest == infix).then_some("1"),
                Shape::Months { .. } => rest.strip_prefix(infix).filter(|number| number.len() == 1),
                _ => rest.strip_prefix(infix).filter(|number| matches!(number.len(), 1 | 2)),
            };
            if let Some(number) = number.and_then(digits) {
                return Self::numbered(period_type, year, number);
            }
        }
        Err(PeriodError::NotAPeriod)
    }

    /// The period of an identifier that has to be of a type.
    ///
    /// # Errors
    /// As [`Period::parse`]; a period of another type.
    pub fn parse_as(period_type: PeriodType, text: &str) -> Result<Self, PeriodError> {
        let period = Self::parse(text)?;
        if period.period_type == period_type {
            Ok(period)
        } else {
            Err(PeriodError::WrongType { found: period.period_type, wanted: period_type })
        }
    }
}

fn digits(text: &str) -> Option<u16> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn day_of(year: i16, month: &str, day: &str) -> Result<Period, PeriodError> {
    let (Some(month), Some(day)) = (digits(month), digits(day)) else { return Err(PeriodError::NotAPeriod) };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else { return Err(PeriodError::NotAPeriod) };
    Period::of(PeriodType::Daily, Date::new(year, month, day).map_err(|_| PeriodError::NotAPeriod)?)
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // `Period::of` and `numbered` make only periods that have a number.
        let (year, number) = self.number().unwrap_or_default();
        let infix = self.period_type.infix();
        match self.period_type.shape() {
            Shape::Day => write!(f, "{year:04}{:02}{:02}", self.start.month(), self.start.day()),
            Shape::Months { length: 1, .. } => write!(f, "{year:04}{number:02}"),
            Shape::Months { length: 2, .. } => write!(f, "{year:04}{number:02}{infix}"),
            Shape::Months { length: 12, .. } => write!(f, "{year:04}{infix}"),
            _ => write!(f, "{year:04}{infix}{number}"),
        }
    }
}

impl std::str::FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'_, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}
