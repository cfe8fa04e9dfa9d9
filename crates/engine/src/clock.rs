//! The real clock and the real chance.

use std::time::Duration;

use jiff::Timestamp;
use kivuko_core::BoxFuture;
use kivuko_core::clock::{Clock, Random};

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) {
        // Without randomness there are no keys either, and nothing else would have worked before this.
        getrandom::fill(bytes).expect("the operating system has no randomness");
    }
}
