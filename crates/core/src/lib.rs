//! The heart of Kivuko: what a record is, how it is mapped, compared and accounted for.
//!
//! This crate does no input or output and takes no clock: no network, no files, no tokio. Everything in it is a function of its
//! arguments, so every rule can be tested with a table of cases. Time, randomness and the network come in through the traits
//! of [`clock`], [`connector`] and [`store`], which the other crates implement.

pub mod aggregate;
pub mod catalogue;
pub mod cells;
pub mod clock;
pub mod codes;
pub mod connector;
pub mod diff;
pub mod error;
pub mod expr;
pub mod flow;
pub mod fold;
pub mod geometry;
pub mod halves;
pub mod hierarchy;
pub mod labels;
pub mod mapping;
pub mod matching;
pub mod numbers;
pub mod outcome;
pub mod path;
pub mod people;
pub mod period;
pub mod places;
pub mod project;
pub mod projection;
pub mod record;
pub mod sheet;
pub mod split;
pub mod store;
pub mod table;
mod token;
pub mod transform;
pub mod value;
pub mod yaml;

/// A boxed future: the one shape of asynchronous call in our traits, so that they stay usable as `dyn`.
pub type BoxFuture<'a, T> = std::pin::Pin<Box<dyn std::future::Future<Output = T> + Send + 'a>>;
