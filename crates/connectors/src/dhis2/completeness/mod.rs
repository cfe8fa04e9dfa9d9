//! Which data sets are complete: as a source, read whole each time, and as a target.

mod read;
mod target;

pub use read::Source;
pub use target::Target;

/// What names a registration, in the order of its identity.
const DIMENSIONS: [&str; 4] = ["dataSet", "period", "organisationUnit", "attributeOptionCombo"];

/// The name of the array in questions, answers and requests.
const ARRAY: &str = "completeDataSetRegistrations";
