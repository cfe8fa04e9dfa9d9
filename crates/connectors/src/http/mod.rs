//! The one way in which connectors speak HTTP.
//!
//! What it guarantees: a request that is [`Safety::Safe`] is tried again by itself, with exponential backoff and jitter and as the other side
//! asks in `Retry-After`; a [`Safety::Write`] is sent once and its failure says whether it may have taken effect all the same. Every try is
//! counted, none is sent after a cancellation, while the circuit is open, or faster than `rate` and `concurrency` allow. No error or log
//! shows a header, a body, a value of a query or a password of a URL.

mod client;
mod form;
mod limits;
mod options;
mod redact;
mod retry;
#[cfg(test)]
pub(crate) mod tests;

pub use client::{Answer, Body, Client, Method, Request, Safety};
pub use form::Form;
pub use options::{Options, schema};
pub use redact::shown;
pub use retry::Tries;
