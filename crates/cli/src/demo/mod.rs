//! What the demo shows things with: an invented country, and a line list of invented cases in the form of WHO's, with the untidiness of real ones.
//!
//! Everything is made from a seed: the same seed gives the same bytes, on every machine and in every time zone. Nobody in it exists, and neither does
//! the country.

pub mod case;
pub mod country;
pub mod line_list;
pub mod names;
pub mod numbers;
pub mod places;
pub mod random;
pub mod untidy;

pub use country::Country;
pub use line_list::LineList;
