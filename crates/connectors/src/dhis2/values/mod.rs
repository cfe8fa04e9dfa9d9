//! Data values: as a source, and as a target that is written by key.

mod adx;
mod cell;
mod conform;
mod import;
mod jobs;
mod judge;
mod lookup;
mod open;
mod read;
mod resolve;
mod summary;
mod target;
mod value;
mod write;

pub use read::Source;
pub use target::Target;

pub(super) use conform::named;
pub(super) use import::{Failure, Import, Importer};
pub(super) use judge::{Fate, Sent, Verdict, judge};
pub(super) use open::{Asking, closed, unassigned};
pub(super) use read::check_periods;
pub(super) use resolve::{Names, Schemes};
