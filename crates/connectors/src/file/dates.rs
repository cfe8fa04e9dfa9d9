//! Dates of a whole column whose order a person declared: they become ISO dates, or the row says that they do not fit. Nothing is guessed.

use schemars::JsonSchema;
use serde::Deserialize;

/// In which order day, month and year are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// 31/12/2026
    Dmy,
    /// 12/31/2026
    Mdy,
    /// 2026/12/31
    Ymd,
}

impl Order {
    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Dmy => "day, month, year",
            Self::Mdy => "month, day, year",
            Self::Ymd => "year, month, day",
        }
    }

    /// The ISO form of a date written in this order, with its time where it has one; `None` when it does not fit. An ISO date fits every order, because its
    /// year of four digits comes first.
    pub fn iso(self, written: &str) -> Option<String> {
        let written = written.trim();
        let (date, time) = match written.find(['T', ' ']) {
            Some(at) => (&written[..at], Some(written[at + 1..].trim())),
            None => (written, None),
        };
        let separator = date.chars().find(|character| !character.is_ascii_digit()).filter(|character| "/-.".contains(*character))?;
        let mut parts = date.split(separator);
        let parts = [parts.next()?, parts.next()?, parts.next().filter(|_| parts.next().is_none())?];
        let [year, month, day] = match self {
            _ if parts[0].len() == 4 => parts,
            Self::Dmy => [parts[2], parts[1], parts[0]],
            Self::Mdy => [parts[2], parts[0], parts[1]],
            Self::Ymd => return None,
        };
        if year.len() != 4 || !(1..=2).contains(&month.len()) || !(1..=2).contains(&day.len()) {
            return None;
        }
        let date = jiff::civil::Date::new(number(year)?, number(month)?, number(day)?).ok()?;
        match time {
            None => Some(date.to_string()),
            Some(time) => Some(format!("{date}T{}", clock(time)?)),
        }
    }
}

fn number<T: std::str::FromStr>(digits: &str) -> Option<T> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

/// `7:05`, `07:05:30`, `07:05:30.5Z`, `07:05+02:00`: with hours of two digits and seconds; an offset is kept.
fn clock(time: &str) -> Option<String> {
    let offset_at = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (time, offset) = time.split_at(offset_at);
    let padded = if time.find(':') == Some(1) { format!("0{time}") } else { time.to_owned() };
    let time: jiff::civil::Time = padded.parse().ok()?;
    let offset_fits = matches!(offset, "" | "Z") || {
        let digits = offset[1..].replace(':', "");
        digits.len() == 4 && number::<u16>(&digits)? <= 1400
    };
    offset_fits.then(|| format!("{time}{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_become_iso_or_do_not_fit() {
        let check = |order: Order, written: &str, expected: Option<&str>| {
            assert_eq!(order.iso(written).as_deref(), expected, "{order:?} {written}");
        };
        check(Order::Dmy, "3/4/2026", Some("2026-04-03"));
        check(Order::Mdy, "3/4/2026", Some("2026-03-04"));
        check(Order::Ymd, "2026/3/4", Some("2026-03-04"));
        check(Order::Dmy, "31.12.2026", Some("2026-12-31"));
        check(Order::Dmy, "31-12-2026 7:05", Some("2026-12-31T07:05:00"));
        check(Order::Dmy, "2026-12-31T07:05:00Z", Some("2026-12-31T07:05:00Z"));
        check(Order::Dmy, "2026-12-31T07:05:00.000+02:00", Some("2026-12-31T07:05:00+02:00"));
        check(Order::Mdy, " 12/31/2026 ", Some("2026-12-31"));
        check(Order::Mdy, "2026-12-31", Some("2026-12-31"));
        check(Order::Mdy, "31/12/2026", None);
        check(Order::Dmy, "12/31/2026", None);
        check(Order::Dmy, "29/2/2026", None);
        check(Order::Dmy, "3/4/26", None);
        check(Order::Ymd, "3/4/2026", None);
        check(Order::Dmy, "3/4-2026", None);
        check(Order::Dmy, "3/4/2026/5", None);
        check(Order::Dmy, "yesterday", None);
        check(Order::Dmy, "3/4/2026 25:00", None);
        check(Order::Dmy, "2026-12-31T07:05:00+é0", None);
        check(Order::Dmy, "", None);
        check(Order::Dmy, "44197", None);
    }
}
