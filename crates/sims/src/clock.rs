//! The clock of a simulator: the system's, or one that a test moves by hand.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Where a simulator takes its time from. Clones share the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// `None`: the system's time. `Some`: milliseconds since 1970, moved by hand.
    manual: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The time of this machine.
    pub fn system() -> Self {
        Self { manual: None }
    }

    /// A clock that stands still at `millis` (since 1970, UTC) until it is moved.
    pub fn manual(millis: i64) -> Self {
        Self { manual: Some(Arc::new(AtomicI64::new(millis))) }
    }

    /// A clock that stands still at an RFC 3339 time; panics when `text` is none, as it is written in a test.
    pub fn at(text: &str) -> Self {
        let stamp: jiff::Timestamp = text.parse().expect("an RFC 3339 time");
        Self::manual(stamp.as_millisecond())
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        if let Some(manual) = &self.manual {
            return manual.load(Ordering::SeqCst);
        }
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    /// Moves a manual clock forward; the system's clock cannot be moved, and this panics there.
    pub fn advance(&self, by: Duration) {
        let manual = self.manual.as_ref().expect("only a manual clock can be advanced");
        manual.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
}
