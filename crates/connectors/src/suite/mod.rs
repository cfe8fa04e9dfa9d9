//! The acceptance suite: what every connector must do, whatever it speaks to.
//!
//! A connector brings a [`Subject`]: which system to open, how to fill it, what to read and write. It brings no test code, and the suite runs only what
//! the declaration and the capabilities claim. Each check says in its message what a connector owes.

mod context;

pub use context::context;
