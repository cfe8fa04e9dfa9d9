//! Times as DHIS2 writes and reads them: of the server's zone, mostly without saying so.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// The zone of a server, and its clock's fault.
#[derive(Debug, Clone)]
pub struct Zone {
    zone: TimeZone,
}

impl Zone {
    /// A zone by its IANA name.
    pub fn named(name: &str) -> Result<Self, jiff::Error> {
        Ok(Self { zone: TimeZone::get(name)? })
    }

    /// UTC.
    pub fn utc() -> Self {
        Self { zone: TimeZone::UTC }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        match self.zone.iana_name() {
            None | Some("UTC") => "Etc/UTC",
            Some(name) => name,
        }
    }

    /// What the clock on the wall says at an instant (milliseconds since 1970).
    pub fn local(&self, millis: i64) -> DateTime {
        self.zone.to_datetime(instant(millis))
    }

    /// The day of an instant.
    pub fn today(&self, millis: i64) -> Date {
        self.local(millis).date()
    }

    /// `2026-01-31T10:20:30.123`: metadata.
    pub fn stamp(&self, millis: i64) -> String {
        self.local(millis).strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string()
    }

    /// `2026-01-31T10:20:30.123+0000`: data values.
    pub fn stamp_with_offset(&self, millis: i64) -> String {
        instant(millis).to_zoned(self.zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.%3f%z").to_string()
    }

    /// The instant of a text: `2026`, `2026-01`, `2026-01-31`, with a time, with or without a zone.
    pub fn read(&self, text: &str) -> Option<i64> {
        let text = text.trim();
        if let Some(stamp) = with_offset(text) {
            return Some(stamp.as_millisecond());
        }
        let civil = civil(text)?;
        Some(self.zone.to_timestamp(civil).ok()?.as_millisecond())
    }
}

/// The day that a text names, whatever time stands behind it.
pub fn day(text: &str) -> Option<Date> {
    civil(text.trim()).map(DateTime::date).or_else(|| text.get(..10)?.parse().ok())
}

fn instant(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn with_offset(text: &str) -> Option<Timestamp> {
    let clock = text.get(10..)?;
    if let Some(zulu) = text.strip_suffix(['Z', 'z']) {
        return civil(zulu).and_then(|local| TimeZone::UTC.to_timestamp(local).ok());
    }
    let at = 10 + clock.find(['+', '-'])?;
    let (local, offset) = text.split_at(at);
    let digits: String = offset[1..].chars().filter(|letter| *letter != ':').collect();
    if digits.len() != 4 && digits.len() != 2 {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    let east = SignedDuration::from_mins(sign * (hours * 60 + minutes));
    TimeZone::UTC.to_timestamp(civil(local)?).ok()?.checked_sub(east).ok()
}

fn civil(text: &str) -> Option<DateTime> {
    let digits = |part: &str| part.len() == 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    match text.len() {
        4 if digits(text) => Date::new(text.parse().ok()?, 1, 1).ok().map(Date::into),
        7 => format!("{text}-01").parse::<Date>().ok().map(Date::into),
        10 => text.parse::<Date>().ok().map(Date::into),
        16.. => text.replacen(' ', "T", 1).parse::<DateTime>().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_the_servers_zone_unless_they_say_otherwise() {
        let zone = Zone::named("Africa/Nairobi").unwrap();
        let check = |text: &str, expected: Option<&str>| {
            let read = zone.read(text).map(|millis| Zone::utc().stamp(millis));
            assert_eq!(read.as_deref(), expected, "{text}");
        };
        check("2026", Some("2025-12-31T21:00:00.000"));
        check("2026-02", Some("2026-01-31T21:00:00.000"));
        check("2026-02-03", Some("2026-02-02T21:00:00.000"));
        check("2026-02-03T10:00", Some("2026-02-03T07:00:00.000"));
        check("2026-02-03T10:00:05.250", Some("2026-02-03T07:00:05.250"));
        check("2026-02-03T10:00:05Z", Some("2026-02-03T10:00:05.000"));
        check("2026-02-03T10:00:05.000+0100", Some("2026-02-03T09:00:05.000"));
        check("2026-02-03T10:00:05-02:30", Some("2026-02-03T12:30:05.000"));
        check("2026-13", None);
        check("yesterday", None);
        check("", None);
    }

    #[test]
    fn times_are_written_with_and_without_their_offset() {
        let zone = Zone::named("Africa/Nairobi").unwrap();
        assert_eq!(zone.stamp(0), "1970-01-01T03:00:00.000");
        assert_eq!(zone.stamp_with_offset(1), "1970-01-01T03:00:00.001+0300");
        assert_eq!(zone.name(), "Africa/Nairobi");
        assert_eq!(Zone::utc().name(), "Etc/UTC");
    }
}
