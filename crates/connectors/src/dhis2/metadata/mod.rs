//! Org units, options and option sets as targets.
//!
//! - DHIS2 replaces an object as a whole: the present one is read with everything that it owns right before, what the sheet writes is put into it, and
//!   everything else goes back as it was: translations, sharing, values of other attributes.
//! - A new object gets an identifier that is made from the server's identity, the resource and its key. Sent again after a lost answer it is the same object,
//!   and an object that has come to another key since is not touched.
//! - What refers to an object of the same resource (a unit to its parent) is sent after it, in a request of its own; what it refers to and is not there yet
//!   makes it wait.
//! - Memberships (groups, data sets, programs, the account's own units) belong to the other side. They are written only when the flow asks, are only added,
//!   and each refusal is the rejection of a record.
//! - Of every answer each object gets its own outcome; where a document is refused as a whole it is sent again in halves.

mod assign;
mod conform;
mod delete;
mod geometry;
mod held;
mod index;
mod item;
mod key;
mod lookup;
mod moves;
mod prepare;
mod report;
mod send;
mod shape;
mod target;
mod uid;
mod write;

pub use shape::{Holds, shape};
pub use target::Target;
