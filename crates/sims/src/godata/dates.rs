//! Dates as the backend reads and writes them: milliseconds inside, `2020-01-02T00:00:00.000Z` outside.

use std::fmt::Write as _;

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// ISO text in UTC with milliseconds.
pub fn iso(millis: i64) -> String {
    let days = millis.div_euclid(DAY);
    let rest = millis.rem_euclid(DAY);
    let (year, month, day) = civil(days);
    let mut text = String::with_capacity(24);
    write!(
        text,
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
        rest / 3_600_000,
        rest / 60_000 % 60,
        rest / 1000 % 60,
        rest % 1000
    )
    .expect("writing into a String cannot fail");
    text
}

/// Midnight (UTC) of the day of `millis`.
pub fn start_of_day(millis: i64) -> i64 {
    millis.div_euclid(DAY) * DAY
}

/// Midnight of the day of `millis` in a time zone that is so far ahead of UTC.
pub fn start_of_day_in(zone: i64, millis: i64) -> i64 {
    start_of_day(millis + zone) - zone
}

/// `millis` and so many days.
pub fn add_days(millis: i64, days: i64) -> i64 {
    millis + days * DAY
}

/// Reads a text as the JavaScript engine of the backend does: ISO forms, and for others month first. `None` is an invalid date.
pub fn javascript(text: &str) -> Option<i64> {
    let text = text.trim();
    iso_form(text).or_else(|| loose_form(text))
}

/// Reads the forms of a date that a filter turns into a date (`YYYY-MM-DD`, with a time, with milliseconds only before `Z`); others stay text.
pub fn filter_form(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| bytes.get(from..to).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    if !(digits(0, 4) && bytes.get(4) == Some(&b'-') && digits(5, 7) && bytes.get(7) == Some(&b'-') && digits(8, 10)) {
        return None;
    }
    let mut rest = &text[10..];
    if let Some(stripped) = rest.strip_prefix(['T', ' ', '\t', '\n']) {
        rest = stripped;
    }
    if rest.is_empty() {
        return iso_form(&text[..10]);
    }
    let time = rest.as_bytes();
    let clock = |from: usize| time.get(from..from + 2).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    if !(clock(0) && time.get(2) == Some(&b':') && clock(3) && time.get(5) == Some(&b':') && clock(6)) {
        return None;
    }
    let tail = &rest[8..];
    let offset = tail.len() == 6 && tail.starts_with(['+', '-']) && tail.as_bytes()[3] == b':';
    let millis_then_zulu = {
        let after = if tail.starts_with('.') && tail.len() >= 4 && tail.as_bytes()[1..4].iter().all(u8::is_ascii_digit) {
            &tail[4..]
        } else {
            tail
        };
        after.bytes().all(|byte| byte == b'Z')
    };
    if !(offset || millis_then_zulu) {
        return None;
    }
    let zone = if offset { tail } else { tail.trim_end_matches('Z') };
    iso_form(&format!("{}T{}{}{}", &text[..10], &rest[..8], zone, if offset { "" } else { "Z" }))
}

fn iso_form(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    if bytes.len() < 10 || bytes[4] != b'-' || bytes[7] != b'-' || !text.is_ascii() {
        return None;
    }
    let day = millis_of(number(&text[0..4])?, number(&text[5..7])?, number(&text[8..10])?)?;
    let rest = &text[10..];
    if rest.is_empty() {
        return Some(day);
    }
    let rest = rest.strip_prefix(['T', 't', ' '])?;
    let (clock, offset) = split_zone(rest)?;
    Some(day + time_of_day(clock)? - offset)
}

/// The time of day, and what its zone is ahead of UTC. No zone means the server's, which is UTC.
fn split_zone(text: &str) -> Option<(&str, i64)> {
    if let Some(clock) = text.strip_suffix(['Z', 'z']) {
        return Some((clock, 0));
    }
    let Some(at) = text.rfind(['+', '-']) else {
        return Some((text, 0));
    };
    let (clock, zone) = text.split_at(at);
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone[1..].chars().filter(|c| *c != ':').collect();
    if digits.len() != 4 {
        return None;
    }
    Some((clock.trim_end(), sign * (number(&digits[..2])? * 60 + number(&digits[2..])?) * 60_000))
}

fn time_of_day(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts: Vec<&str> = whole.split(':').collect();
    if !(2..=3).contains(&parts.len()) {
        return None;
    }
    let hour = number(parts[0])?;
    let minute = number(parts[1])?;
    let second = parts.get(2).map_or(Some(0), |part| number(part))?;
    if hour > 24 || minute > 59 || second > 59 || (hour == 24 && (minute, second) != (0, 0)) {
        return None;
    }
    let mut millis = 0;
    if !fraction.is_empty() {
        let padded = format!("{fraction:0<3}");
        number(fraction)?;
        millis = number(&padded[..3])?;
    }
    Some(((hour * 60 + minute) * 60 + second) * 1000 + millis)
}

/// `02/01/2020`, `2020/1/2`, `2 Jan 2020`, `January 2, 2020`, each with an optional time.
fn loose_form(text: &str) -> Option<i64> {
    let mut day_part = text;
    let mut millis = 0;
    let mut offset = 0;
    if let Some(colon) = text.find(':') {
        let start = text[..colon].rfind([' ', 'T', ','])?;
        day_part = &text[..start];
        let (clock, ahead) = split_zone(text[start + 1..].trim())?;
        millis = time_of_day(clock)?;
        offset = ahead;
    }
    let words: Vec<&str> =
        day_part.split(|c: char| c.is_whitespace() || matches!(c, '/' | '-' | ',' | '.')).filter(|word| !word.is_empty()).collect();
    let &[first, second, third] = words.as_slice() else {
        return None;
    };
    let (year, month, day) = if let Some(month) = month_named(first) {
        (full_year(third)?, month, number(second)?)
    } else if let Some(month) = month_named(second) {
        (full_year(third)?, month, number(first)?)
    } else if first.len() >= 3 {
        (number(first)?, number(second)?, number(third)?)
    } else {
        (full_year(third)?, number(first)?, number(second)?)
    };
    Some(millis_of(year, month, day)? + millis - offset)
}

fn month_named(word: &str) -> Option<i64> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let start = word.get(..3)?.to_ascii_lowercase();
    MONTHS.iter().position(|month| *month == start).and_then(|at| i64::try_from(at + 1).ok())
}

fn full_year(text: &str) -> Option<i64> {
    let year = number(text)?;
    Some(match (text.len(), year) {
        (1..=2, 0..=49) => 2000 + year,
        (1..=2, 50..=99) => 1900 + year,
        _ => year,
    })
}

fn number(text: &str) -> Option<i64> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

/// A day past the end of its month runs over into the next one, as in JavaScript.
fn millis_of(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || year > 9999 {
        return None;
    }
    let shifted = if month <= 2 { year - 1 } else { year };
    let era = shifted.div_euclid(400);
    let year_of_era = shifted.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Some((era * 146_097 + day_of_era - 719_468 + day - 1) * DAY)
}

/// Year, month and day of a number of days since 1970.
fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_shifted + 2) / 5 + 1;
    let month = if month_shifted < 10 { month_shifted + 3 } else { month_shifted - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_read_as_javascript_reads_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(javascript(text).map(iso).as_deref(), expected, "{text}");
        };
        check("2020-01-02", Some("2020-01-02T00:00:00.000Z"));
        check("2020-01-02T03:04:05.678Z", Some("2020-01-02T03:04:05.678Z"));
        check("2020-01-02T03:04:05+02:00", Some("2020-01-02T01:04:05.000Z"));
        check("2020-01-02T03:04", Some("2020-01-02T03:04:00.000Z"));
        check("2020-01-02 03:04:05", Some("2020-01-02T03:04:05.000Z"));
        check("02/01/2020", Some("2020-02-01T00:00:00.000Z"));
        check("13/01/2020", None);
        check("1/2/20", Some("2020-01-02T00:00:00.000Z"));
        check("12/31/1999 23:59", Some("1999-12-31T23:59:00.000Z"));
        check("2 Jan 2020", Some("2020-01-02T00:00:00.000Z"));
        check("January 2, 2020", Some("2020-01-02T00:00:00.000Z"));
        check("2020-02-31", Some("2020-03-02T00:00:00.000Z"));
        check("1900-03-01", Some("1900-03-01T00:00:00.000Z"));
        check("", None);
        check("yesterday", None);
        check("2020-13-01", None);
    }

    #[test]
    fn a_filter_knows_fewer_forms() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(filter_form(text).map(iso).as_deref(), expected, "{text}");
        check("2020-01-02", Some("2020-01-02T00:00:00.000Z"));
        check("2020-01-02T03:04:05Z", Some("2020-01-02T03:04:05.000Z"));
        check("2020-01-02T03:04:05.678Z", Some("2020-01-02T03:04:05.678Z"));
        check("2020-01-02T03:04:05+02:00", Some("2020-01-02T01:04:05.000Z"));
        check("2020-01-02T03:04:05.678+02:00", None);
        check("2020-01-02T03:04Z", None);
        check("2020-01-02T03:04:05.678901Z", None);
        check("02/01/2020", None);
    }
}
