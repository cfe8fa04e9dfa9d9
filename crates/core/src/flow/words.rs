//! Small forms inside of texts: durations, shares, cron expressions, names.

use std::time::Duration;

use super::StopAbove;

/// `30 days`, `6 hours`, `15 minutes`, `10 s`.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit())?;
    let number: u64 = text[..digits].parse().ok()?;
    let seconds = match text[digits..].trim() {
        "s" | "second" | "seconds" => 1,
        "m" | "min" | "minute" | "minutes" => 60,
        "h" | "hour" | "hours" => 3600,
        "d" | "day" | "days" => 86_400,
        "w" | "week" | "weeks" => 7 * 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// Whole days out of a duration.
pub(crate) fn days(text: &str) -> Option<u32> {
    let seconds = duration(text)?.as_secs();
    if seconds.is_multiple_of(86_400) { u32::try_from(seconds / 86_400).ok() } else { None }
}

/// `5%` as 0.05.
pub(crate) fn share(text: &str) -> Option<f64> {
    let number: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    (0.0..=100.0).contains(&number).then_some(number / 100.0)
}

/// `5%`, or `5% and 2 records`.
pub(crate) fn stop_above(text: &str) -> Option<StopAbove> {
    let Some((first, second)) = text.split_once(" and ") else { return Some(StopAbove { share: share(text)?, records: 0 }) };
    let number = second.trim();
    let number = number.strip_suffix("records").or_else(|| number.strip_suffix("record")).unwrap_or(number);
    Some(StopAbove { share: share(first)?, records: number.trim().parse().ok()? })
}

/// Small letters, digits, hyphens, underscores; a letter or digit first.
pub(crate) fn name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit())
        && letters.all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-' || letter == '_')
}

/// What is wrong with a cron expression of five fields.
pub(crate) fn cron(text: &str) -> Option<String> {
    const FIELDS: [(&str, u32, u32, &[&str]); 5] = [
        ("minute", 0, 59, &[]),
        ("hour", 0, 23, &[]),
        ("day of the month", 1, 31, &[]),
        ("month", 1, 12, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
        ("day of the week", 0, 7, &["sun", "mon", "tue", "wed", "thu", "fri", "sat"]),
    ];
    let fields: Vec<&str> = text.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Some(format!("it has {} fields, not 5", fields.len()));
    }
    for (field, (name, least, most, words)) in fields.iter().zip(FIELDS) {
        let number = |part: &str| match words.iter().position(|word| part.eq_ignore_ascii_case(word)) {
            Some(position) => u32::try_from(position).ok().map(|position| position + least),
            None => part.parse().ok().filter(|number| (least..=most).contains(number)),
        };
        for part in field.split(',') {
            let (range, step) = part.split_once('/').map_or((part, None), |(range, step)| (range, Some(step)));
            let step_fits = step.is_none_or(|step| step.parse::<u32>().is_ok_and(|step| step > 0 && step <= most));
            let range_fits = range == "*"
                || match range.split_once('-') {
                    Some((from, to)) => number(from).zip(number(to)).is_some_and(|(from, to)| from <= to),
                    None => number(range).is_some(),
                };
            if !range_fits || !step_fits {
                return Some(format!("`{part}` is not possible for the {name} ({least} to {most})"));
            }
        }
    }
    None
}

/// The text between braces, and how many characters stand before it. `None` without braces.
pub(crate) fn braces(text: &str) -> Option<(&str, usize)> {
    let spaces = text.chars().take_while(|letter| letter.is_whitespace()).count();
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    Some((inner, spaces + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("30 days", Some(30 * 86_400)),
            ("1 day", Some(86_400)),
            ("6h", Some(6 * 3600)),
            ("15 minutes", Some(900)),
            ("0 days", None),
            ("30", None),
            ("days", None),
            ("thirty days", None),
            ("99999999999999999999 weeks", None),
        ];
        for (text, seconds) in cases {
            assert_eq!(duration(text), seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(days("2 weeks"), Some(14));
        assert_eq!(days("36 hours"), None);
    }

    #[test]
    fn shares() {
        for (text, expected) in
            [("5%", Some(0.05)), ("100 %", Some(1.0)), ("0.5%", Some(0.005)), ("5", None), ("101%", None), ("-1%", None)]
        {
            assert_eq!(share(text), expected, "{text}");
        }
    }

    #[test]
    fn limits_of_deletions() {
        for (text, expected) in [
            ("5%", Some((0.05, 0))),
            ("20% and 2 records", Some((0.2, 2))),
            ("20% and 1 record", Some((0.2, 1))),
            (" 20 %  and  3 ", Some((0.2, 3))),
            ("20% and", None),
            ("20% and some", None),
            ("2 records", None),
            ("2 and 20%", None),
        ] {
            assert_eq!(stop_above(text).map(|limit| (limit.share, limit.records)), expected, "{text}");
        }
        let check = |missing: u64, linked: u64, stops: bool| {
            let limit = StopAbove { share: 0.2, records: 2 };
            assert_eq!(limit.stops(missing, linked), stops, "{missing} of {linked}");
        };
        check(1, 3, false);
        check(2, 3, false);
        check(3, 4, true);
        check(3, 15, false);
        check(4, 15, true);
        check(2, 2, true);
        check(1, 1, true);
        check(0, 0, false);
    }

    #[test]
    fn crons() {
        for right in ["*/15 * * * *", "0 23 * * 1", "0,30 6-18 * jan-mar mon", "5 4 1 */2 0"] {
            assert_eq!(cron(right), None, "{right}");
        }
        for (wrong, says) in [
            ("* * * *", "4 fields"),
            ("60 * * * *", "`60` is not possible for the minute"),
            ("0 0 * foo *", "`foo`"),
            ("*/0 * * * *", "`*/0`"),
            ("0 9-5 * * *", "`9-5`"),
        ] {
            assert!(cron(wrong).is_some_and(|message| message.contains(says)), "{wrong}");
        }
    }
}
