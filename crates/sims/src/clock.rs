//! The clock of a simulator: the system's, or one that a test moves by hand.
//!
//! Whatever a simulator does later, it does by its clock: on one that a test moves nothing comes before its time, however slow the machine is.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::watch;

/// Where a simulator takes its time from. Clones share the same time.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    /// `None`: the system's time.
    manual: Option<Arc<watch::Sender<Manual>>>,
}

/// A time that is moved by hand.
#[derive(Debug)]
struct Manual {
    /// Milliseconds since 1970.
    now: i64,
    /// How many wait for a later time, or do what they have waited for.
    waiting: usize,
}

/// Somebody who has waited. As long as it lives, what comes after the waiting counts as not done.
#[derive(Debug)]
pub(crate) struct Waited(Option<Arc<watch::Sender<Manual>>>);

impl Drop for Waited {
    fn drop(&mut self) {
        if let Some(manual) = &self.0 {
            manual.send_modify(|manual| manual.waiting -= 1);
        }
    }
}

impl Clock {
    /// The time of this machine.
    pub fn system() -> Self {
        Self { manual: None }
    }

    /// A clock that stands still at `millis` (since 1970, UTC) until it is moved.
    pub fn manual(millis: i64) -> Self {
        Self { manual: Some(Arc::new(watch::Sender::new(Manual { now: millis, waiting: 0 }))) }
    }

    /// A clock that stands still at an RFC 3339 time; panics when `text` is none, as it is written in a test.
    pub fn at(text: &str) -> Self {
        let stamp: jiff::Timestamp = text.parse().expect("an RFC 3339 time");
        Self::manual(stamp.as_millisecond())
    }

    /// Milliseconds since 1970.
    pub fn now(&self) -> i64 {
        if let Some(manual) = &self.manual {
            return manual.borrow().now;
        }
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX))
    }

    /// Moves a manual clock forward; the system's clock cannot be moved, and this panics there.
    pub fn advance(&self, by: Duration) {
        self.by_hand().send_modify(|manual| manual.now += millis(by));
    }

    /// Waits until so many of the simulator's requests wait for a later time: for a test, before and after it moves the clock. What comes after the waiting
    /// is done when they are fewer.
    pub async fn waiting(&self, count: usize) {
        let mut told = self.by_hand().subscribe();
        told.wait_for(|manual| manual.waiting == count).await.expect("the clock holds the sender");
    }

    /// Waits so long by this clock. What comes next is done when the answer is dropped.
    pub(crate) async fn wait(&self, by: Duration) -> Waited {
        let Some(manual) = &self.manual else {
            tokio::time::sleep(by).await;
            return Waited(None);
        };
        let mut told = manual.subscribe();
        let mut due = 0;
        manual.send_modify(|manual| {
            manual.waiting += 1;
            due = manual.now + millis(by);
        });
        let waited = Waited(Some(Arc::clone(manual)));
        told.wait_for(|manual| manual.now >= due).await.expect("the clock holds the sender");
        waited
    }

    fn by_hand(&self) -> &watch::Sender<Manual> {
        self.manual.as_ref().expect("only a manual clock can be moved by hand")
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}
