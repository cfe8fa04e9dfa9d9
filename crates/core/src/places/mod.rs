//! Places: where their records say what they are ([`PlacePaths`]), and which place of one system is which place of another: two trees in, proposals out
//! ([`matched()`]).
//!
//! Evidence is added up in bits, as for people ([`crate::matching`]): identifiers, names, kinds of facility, where the places stand in their trees, how far
//! apart they are. Both trees are solved together, from the top down and then back: parents that belong together make their children likelier, and children
//! that belong together their parents. No place is given to two others. A pair is `same` only when the evidence is strong, nothing speaks against it and no other
//! place comes near; two that are equally good are never taken, and a person sees both.
//!
//! The answer does not depend on the order in which places are given. Time and memory grow with the number of places, not with its square: only places that
//! share a word that sounds alike, an identifier, a neighbourhood or a parent are compared.

mod candidates;
mod changes;
mod compare;
mod context;
mod kinds;
mod name;
mod paths;
mod place;
mod rarity;
mod read;
mod solve;
mod tree;
mod verdict;
mod vocabulary;

#[cfg(test)]
mod tests;

pub use changes::{ByFlows, Change, Lookout, Paired};
pub use paths::{Known, PlacePaths};
pub use place::Place;
pub use solve::{Given, matched};
pub use verdict::{Candidate, Proposal, Says};
