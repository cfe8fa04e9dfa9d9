//! Time and randomness come in from outside, so that a run can be repeated in a test to the last decision.

use std::time::Duration;

use jiff::Timestamp;

use crate::BoxFuture;

/// Where "now" comes from, and how one waits.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present instant, in UTC.
    fn now(&self) -> Timestamp;
    /// Resolves after `duration`, or earlier in a test whose time is not the wall's.
    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()>;
}

/// Where chance comes from: jitter of retries, nonces.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills `bytes` with random bytes.
    fn fill(&self, bytes: &mut [u8]);

    /// A number in `0.0..1.0`.
    fn fraction(&self) -> f64 {
        let mut bytes = [0u8; 4];
        self.fill(&mut bytes);
        f64::from(u32::from_le_bytes(bytes)) / (f64::from(u32::MAX) + 1.0)
    }
}
