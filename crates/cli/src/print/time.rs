//! Times in the project's time zone, and how long ago they were.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

/// What "now" is, and where.
#[derive(Debug, Clone)]
pub struct Calendar {
    pub now: Timestamp,
    pub zone: TimeZone,
}

impl Calendar {
    /// The day that it is now.
    pub fn today(&self) -> Date {
        self.now.to_zoned(self.zone.clone()).date()
    }

    /// `2026-11-21 08:27`.
    pub fn minute(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// `2026-11-21 08:27:12 +00:00`.
    pub fn exact(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S %:z").to_string()
    }

    /// `5 min ago`, `yesterday 14:10`, and what is older by its date: for lists.
    pub fn relative(&self, at: Timestamp) -> String {
        let seconds = self.now.duration_since(at).as_secs();
        let zoned = at.to_zoned(self.zone.clone());
        let days = self.today().since(zoned.date()).map_or(i32::MAX, |span| span.get_days());
        match (seconds, days) {
            (..0, _) => self.minute(at),
            (0..60, _) => "just now".to_owned(),
            (60..3600, _) => format!("{} min ago", seconds / 60),
            (_, 0) => format!("{} h ago", seconds / 3600),
            (_, 1) => zoned.strftime("yesterday %H:%M").to_string(),
            (_, 2..7) => zoned.strftime("%A %H:%M").to_string(),
            _ => self.minute(at),
        }
    }

    /// Both: `2026-11-21 08:27 (5 min ago)`.
    pub fn both(&self, at: Timestamp) -> String {
        let minute = self.minute(at);
        let relative = self.relative(at);
        if minute == relative { minute } else { format!("{minute} ({relative})") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let zone = TimeZone::fixed(jiff::tz::offset(3));
        let calendar = Calendar { now: "2026-11-21T08:00:00Z".parse().expect("a time"), zone };
        let check = |at: &str, expected: &str| assert_eq!(calendar.relative(at.parse().expect("a time")), expected, "{at}");
        check("2026-11-21T07:59:30Z", "just now");
        check("2026-11-21T07:20:00Z", "40 min ago");
        check("2026-11-21T04:20:00Z", "3 h ago");
        check("2026-11-20T20:00:00Z", "yesterday 23:00");
        check("2026-11-20T22:00:00Z", "10 h ago");
        check("2026-11-18T08:00:00Z", "Wednesday 11:00");
        check("2026-10-18T08:00:00Z", "2026-10-18 11:00");
        check("2026-11-21T09:00:00Z", "2026-11-21 12:00");
        let at = "2026-11-21T07:20:00Z".parse().expect("a time");
        assert_eq!(calendar.both(at), "2026-11-21 10:20 (40 min ago)");
        assert_eq!(calendar.exact(at), "2026-11-21 10:20:00 +03:00");
    }
}
