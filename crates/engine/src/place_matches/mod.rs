//! `match` for places: what is open between two sides of a crosswalk, what has changed of what was decided, and decisions into its file.
//!
//! Both systems are read once, as they are now ([`PlaceView`]), and nothing is written to them. What people decided and what flows linked is known beforehand and not proposed
//! again; a refused pair never is. Decisions are all checked before the first is written. What has changed of pairs that hold is a question of `review`, too, until a person has
//! decided on it.

mod by_flows;
mod check;
mod decide;
mod known;
mod questions;
mod view;

pub use decide::{PlaceChoice, PlaceDecision, PlacesKept, PlacesRefused};
pub use questions::{AskedPlace, PlaceQuestion, no_question};
pub use view::{PlaceMatch, PlaceMatches, PlaceShown, PlaceView, two_sides};
