//! Times as people type them: `2026-11-01`, `2026-11-01 08:00`, `2026-11-01T08:00:00Z`, `3 days`.

use jiff::civil::{Date, DateTime};
use jiff::{Span, Timestamp};

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

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;

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
