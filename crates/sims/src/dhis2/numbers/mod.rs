//! Data values, completeness, jobs: what a DHIS2 is there for.

use super::error::Result;
use super::routes::Call;
use crate::server::Reply;

/// What a test sets for the numbers' side.
#[derive(Debug, Clone, Default)]
pub struct Options {}

/// What is stored.
#[derive(Debug, Default)]
pub struct Numbers {}

impl Numbers {
    /// Empty.
    pub fn new(_options: &Options) -> Self {
        Self::default()
    }
}

/// Answers what is below `/api` and belongs to the numbers; nothing for all else.
pub(super) fn route(_call: &Call<'_>, _segments: &[&str]) -> Option<Result<Reply>> {
    None
}
