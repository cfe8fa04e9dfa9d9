//! What keeps us from overrunning the other side: requests at a time, requests a second, and a circuit breaker.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many failures in a row open the circuit. More than a full load of parallel requests that one hiccup fails together.
const FAILURES: u32 = 40;
/// So long nothing is sent then; after it one request tries whether the system is back.
const REST: Duration = Duration::from_secs(30);

/// The limits of one system.
#[derive(Debug)]
pub(super) struct Limits {
    at_a_time: Arc<Semaphore>,
    pace: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next_slot: Option<Timestamp>,
    failures: u32,
    closed_until: Option<Timestamp>,
}

impl Limits {
    pub(super) fn new(concurrency: usize, rate: Option<f64>) -> Self {
        Self {
            at_a_time: Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS))),
            pace: rate.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok()),
            state: Mutex::default(),
        }
    }

    /// A place among the requests under way, given back when it is dropped.
    pub(super) async fn place(&self) -> OwnedSemaphorePermit {
        self.at_a_time.clone().acquire_owned().await.expect("the semaphore is never closed")
    }

    /// How long to wait for the next slot of the rate, which is taken.
    pub(super) fn slot(&self, now: Timestamp) -> Duration {
        let Some(pace) = self.pace else { return Duration::ZERO };
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = state.next_slot.map_or(now, |next| next.max(now));
        state.next_slot = slot.checked_add(pace).ok();
        Duration::try_from(slot.duration_since(now)).unwrap_or(Duration::ZERO)
    }

    /// For how long nothing may be sent, if the circuit is open. Of those who ask after the rest one goes through.
    pub(super) fn rest(&self, now: Timestamp) -> Option<Duration> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let until = state.closed_until?;
        if until > now {
            return Duration::try_from(until.duration_since(now)).ok();
        }
        state.closed_until = now.checked_add(REST).ok();
        None
    }

    /// The system answered.
    pub(super) fn succeeded(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = 0;
        state.closed_until = None;
    }

    /// The system failed or could not be reached.
    pub(super) fn failed(&self, now: Timestamp) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.failures = state.failures.saturating_add(1);
        if state.failures >= FAILURES {
            state.closed_until = now.checked_add(REST).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).expect("a timestamp")
    }

    #[test]
    fn the_circuit_opens_rests_and_lets_one_through() {
        let limits = Limits::new(1, None);
        for _ in 1..FAILURES {
            limits.failed(at(0));
        }
        assert_eq!(limits.rest(at(0)), None);
        limits.failed(at(0));
        assert_eq!(limits.rest(at(10)), Some(Duration::from_secs(20)));
        assert_eq!(limits.rest(at(30)), None, "one tries");
        assert!(limits.rest(at(30)).is_some(), "the others go on waiting");
        limits.succeeded();
        assert_eq!(limits.rest(at(31)), None);
        limits.failed(at(31));
        assert_eq!(limits.rest(at(31)), None, "counting starts afresh");
    }

    #[test]
    fn requests_are_paced() {
        let limits = Limits::new(1, Some(4.0));
        let waits: Vec<_> = (0..3).map(|_| limits.slot(at(0)).as_millis()).collect();
        assert_eq!(waits, [0, 250, 500]);
        assert_eq!(limits.slot(at(5)), Duration::ZERO, "time that has passed is not saved up");
    }
}
