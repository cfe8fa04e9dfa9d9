//! When to try again: exponential backoff with jitter, and what the other side asks for in `Retry-After`.

use std::time::Duration;

use jiff::Timestamp;

/// How often a safe request is sent at most.
const TRIES: u32 = 5;
/// The first pause; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// No pause of our own is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// If the other side asks for more than this, the run is told instead of made to wait.
const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// Counts the tries of one safe request.
#[derive(Debug, Default)]
pub struct Tries(u32);

impl Tries {
    /// The pause before the next try, or `None` when there is none.
    pub(super) fn pause(&mut self, retry_after: Option<Duration>, chance: f64) -> Option<Duration> {
        self.0 += 1;
        if self.0 >= TRIES || retry_after.is_some_and(|asked| asked > LONGEST_WAIT) {
            return None;
        }
        let full = FIRST_PAUSE.saturating_mul(1 << (self.0 - 1)).min(LONGEST_PAUSE);
        // Never less than half of it, so that a hurried system gets a rest, and never the same for two workers.
        let jittered = full.mul_f64(0.5 + chance / 2.0);
        Some(retry_after.map_or(jittered, |asked| asked.max(jittered)))
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date.
pub(super) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let text = header.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let when = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(Duration::try_from(when.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let now: Timestamp = "1994-11-06T08:49:30Z".parse().expect("a timestamp");
        let check = |header: &str, expected: Option<u64>| {
            assert_eq!(retry_after(header, now), expected.map(Duration::from_secs), "{header}");
        };
        check("7", Some(7));
        check(" 0 ", Some(0));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(7));
        check("Sun, 06 Nov 1994 08:00:00 GMT", Some(0));
        check("-3", None);
        check("soon", None);
        check("", None);
    }

    #[test]
    fn pauses_grow_and_end() {
        let mut tries = Tries::default();
        let pauses: Vec<_> = std::iter::from_fn(|| tries.pause(None, 0.999_999)).map(|pause| pause.as_secs_f64().round()).collect();
        assert_eq!(pauses, [0.0, 1.0, 2.0, 4.0]);
        assert_eq!(Tries::default().pause(None, 0.0), Some(Duration::from_millis(250)));
        assert_eq!(Tries::default().pause(Some(Duration::from_secs(9)), 0.0), Some(Duration::from_secs(9)));
        assert_eq!(Tries::default().pause(Some(Duration::from_hours(1)), 0.0), None, "an hour is for the run to decide");
    }

    proptest::proptest! {
        #[test]
        fn a_pause_is_never_shorter_than_asked(asked in 0u64..300, chance in 0.0..1.0f64) {
            let pause = Tries::default().pause(Some(Duration::from_secs(asked)), chance).expect("the first try has a second");
            proptest::prop_assert!(pause >= Duration::from_secs(asked));
        }
    }
}
