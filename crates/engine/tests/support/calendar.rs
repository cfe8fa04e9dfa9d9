//! The time that an engine goes by in a test: the machine's, or moved to a day that the test chooses. It goes on from there as usual, so that waiting ends.

use std::sync::Mutex;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kivuko_core::BoxFuture;
use kivuko_core::clock::Clock;
use kivuko_engine::clock::SystemClock;

/// The machine's clock, moved.
#[derive(Debug, Default)]
pub struct Calendar(Mutex<Option<SignedDuration>>);

impl Calendar {
    /// From now on it is this moment.
    pub fn set(&self, now: Timestamp) {
        *self.0.lock().expect("nobody panics here") = Some(now.duration_since(Timestamp::now()));
    }

    pub fn is_moved(&self) -> bool {
        self.0.lock().expect("nobody panics here").is_some()
    }
}

impl Clock for Calendar {
    fn now(&self) -> Timestamp {
        let moved = self.0.lock().expect("nobody panics here").unwrap_or_default();
        Timestamp::now().checked_add(moved).expect("tests do not leave the calendar")
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        // Waiting takes as long as it does elsewhere.
        SystemClock.sleep(duration)
    }
}
