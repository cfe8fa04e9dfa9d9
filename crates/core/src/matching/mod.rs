//! Whether two records are about one person.
//!
//! Rules come first: fields that must be equal, tried in their order. Then a score: what agrees and what does not is added up in bits of evidence
//! ([`compare()`]), and candidates are accepted only when the evidence is strong, nothing speaks against it and no other candidate comes near ([`judge()`]).
//! What is in between is for a person to decide. Nothing here says a value: reasons name fields, never what stands in them.
//!
//! Comparing is symmetric, does not depend on the order of names, phones or documents, and more agreement never makes a lower score. The scheme is
//! that of Fellegi and Sunter (1969): for each field the logarithm of how much likelier a finding is for one person than for two.

mod birth;
mod block;
mod compare;
mod document;
mod judge;
mod name;
mod person;

#[cfg(test)]
mod tests;

pub use block::{asking_keys, index_keys, name_keys};
pub use compare::{Commonness, Comparison, Even, compare};
pub use judge::{Criteria, Scored, Verdict, Window, judge};
pub use name::Name;
pub use person::{Field, Fields, Person, Sex, date};
