//! Times as people type them: `2026-11-01`, `2026-11-01 08:00`, `2026-11-01T08:00:00Z`, `3 days`; and days, which have one form only.

use jiff::civil::{Date, DateTime};
use jiff::{Span, Timestamp};
use kivuko_core::catalogue::command::NOT_A_DAY;
use kivuko_core::error::Error;

use crate::failure::Failure;
use crate::print::time::Calendar;

/// The instant that is meant. A date or time without a zone is one of the project's time zone; a span is that long ago.
pub fn parse(option: &str, text: &str, calendar: &Calendar) -> Result<Timestamp, Failure> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Ok(instant);
    }
    let local = text.parse::<DateTime>().ok().or_else(|| text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0)));
    if let Some(local) = local
        && let Ok(zoned) = local.to_zoned(calendar.zone.clone())
    {
        return Ok(zoned.timestamp());
    }
    if let Ok(span) = text.trim_end_matches(" ago").parse::<Span>()
        && let Ok(zoned) = calendar.now.to_zoned(calendar.zone.clone()).checked_sub(span)
    {
        return Ok(zoned.timestamp());
    }
    Err(Failure::usage(format!(
        "`{text}` is no time for {option}; write 2026-11-01, \"2026-11-01 08:00\", 2026-11-01T08:00:00Z or \"3 days\""
    )))
}

/// The day that is meant. `what` says where it was written: `--valid-from`.
///
/// # Errors
/// It is not written as `2026-06-30`. What can be no other day than one is told; it is not taken, since the next one might be two.
pub fn day(what: &str, text: &str) -> Result<Date, Failure> {
    let text = text.trim();
    text.parse().map_err(|_| {
        let meant = other_form(text).map_or_else(|| "2026-06-30 is the form of a day".to_owned(), |day| format!("write {day}"));
        Failure::Error(Error::configuration(NOT_A_DAY, format!("{what}: `{text}` is no day; {meant}; nothing was changed")))
    })
}

/// A day with its year at the end, where one of the other two numbers can be no month.
fn other_form(text: &str) -> Option<Date> {
    let parts: Vec<&str> = text.split(['/', '.', '-']).collect();
    let [one, two, year] = parts.as_slice() else { return None };
    let (one, two): (i8, i8) = (one.parse().ok()?, two.parse().ok()?);
    let year = year.parse().ok().filter(|year| (1000..10_000).contains(year))?;
    match (one > 12, two > 12) {
        (true, false) => Date::new(year, two, one).ok(),
        (false, true) => Date::new(year, one, two).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

    #[test]
    fn a_day_has_one_form_and_another_one_is_told() {
        let check = |text: &str, expected: &str| {
            let found = match day("DAY", text) {
                Ok(day) => day.to_string(),
                Err(Failure::Error(error)) => format!("{} {}", error.cause.code, error.cause.message),
                Err(other) => format!("{other:?}"),
            };
            assert_eq!(found, expected);
        };
        check(" 2026-06-30 ", "2026-06-30");
        check("30/06/2026", "K1051 DAY: `30/06/2026` is no day; write 2026-06-30; nothing was changed");
        check("6.30.2026", "K1051 DAY: `6.30.2026` is no day; write 2026-06-30; nothing was changed");
        for open in ["03/06/2026", "30/06/26", "31/02/2026", "June", "2026-13-01", ""] {
            check(open, &format!("K1051 DAY: `{open}` is no day; 2026-06-30 is the form of a day; nothing was changed"));
        }
    }

    #[test]
    fn times_are_read_as_they_are_typed() {
        let calendar = Calendar { now: "2026-11-21T08:00:00Z".parse().expect("a time"), zone: TimeZone::fixed(jiff::tz::offset(3)) };
        let check = |text: &str, expected: Option<&str>| {
            let found = parse("--since", text, &calendar).ok().map(|at| at.to_string());
            assert_eq!(found.as_deref(), expected, "{text}");
        };
        check("2026-11-01T08:00:00Z", Some("2026-11-01T08:00:00Z"));
        check("2026-11-01T08:00Z", Some("2026-11-01T08:00:00Z"));
        check("2026-11-01", Some("2026-10-31T21:00:00Z"));
        check("2026-11-01 08:00", Some("2026-11-01T05:00:00Z"));
        check("3 days", Some("2026-11-18T08:00:00Z"));
        check("3 days ago", Some("2026-11-18T08:00:00Z"));
        check("2h", Some("2026-11-21T06:00:00Z"));
        check("last week", None);
        check("01/11/2026", None);
    }
}
