//! Flows: [`spec::FlowSpec`] is what a person wrote, [`Flow`] is what was checked. Only a [`Flow`] runs.

pub mod spec;

mod aggregate;
mod available;
mod check;
pub mod matching;
mod records;
pub mod rows;
mod scope;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::Value;

use crate::aggregate::Aggregate;
use crate::codes::Sides;
use crate::expr::Expr;
use crate::mapping::Mapping;
use crate::path::{Path, SourcePath};
use crate::projection::Projection;
use crate::store::FlowVersion;

pub(crate) use check::{Surroundings, check};
pub use matching::Matching;
pub use rows::{Rank, Rows};
pub use scope::ScopeRule;
pub use spec::{LeavesWord as Leaves, MissingWord as Missing, PayloadWord as Payload, ThenWord as Then};

/// A checked flow with everything that it needs.
#[derive(Debug)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// The file that it was read from.
    pub file: String,
    /// The user story, or nothing.
    pub about: String,
    /// When it runs.
    pub trigger: Trigger,
    /// What it reads.
    pub from: From,
    /// How records become target records; of an aggregate flow how cells become data values.
    pub mapping: Mapping,
    /// How records are counted, where they are not carried over one by one.
    pub aggregate: Option<Aggregate>,
    /// What it writes.
    pub to: To,
    /// What happens when a record disappears from the source.
    pub deletes: Deletes,
    /// Which payloads are kept, and how long.
    pub keep: Keep,
    /// Its two systems: they say which columns of a code map are meant.
    pub sides: Sides,
    /// The code maps and crosswalks that it uses, wherever in it.
    pub code_maps: BTreeSet<String>,
    /// The exact text of everything that it runs with.
    pub version: FlowVersion,
}

impl Flow {
    /// The language in which it needs the labels of its source; `None` when nothing in it names one.
    pub fn label_language(&self) -> Option<&str> {
        needs_labels(&self.mapping, self.aggregate.as_ref(), &self.from, &self.to).then_some(self.from.labels.as_deref()).flatten()
    }

    /// Whether it looks for the people of its records in the target, so that a person may be asked who one is.
    pub fn looks_for_people(&self) -> bool {
        self.to.records.iter().any(|record| record.matching.is_some())
    }

    /// Parses of a raw record (of a group: when its rows are together) what the flow reads of it, and nothing else.
    pub fn projection(&self) -> &Projection {
        self.aggregate.as_ref().map_or_else(|| self.mapping.projection(), Aggregate::projection)
    }

    /// The paths that are read of the source: of a record, or of a row where rows are put together. None at all means everything.
    pub fn source_paths(&self) -> Vec<String> {
        let paths = self.aggregate.as_ref().map_or_else(|| self.mapping.paths(), Aggregate::paths);
        match &self.from.rows {
            None => paths,
            Some(rows) => rows.of_rows(&paths, self.from.id.as_deref()),
        }
    }
}

/// Whether a sheet, `where` or a `when` uses the transform `label`.
fn needs_labels(mapping: &Mapping, aggregate: Option<&Aggregate>, from: &From, to: &To) -> bool {
    let conditions = from.where_.iter().chain(to.records.iter().filter_map(|record| record.when.as_ref()));
    mapping.uses_labels() || aggregate.is_some_and(Aggregate::uses_labels) || conditions.into_iter().any(Expr::uses_labels)
}

/// When a flow runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// When someone calls `run`.
    Manual,
    /// At the times of a cron expression.
    Cron(String),
    /// Again and again.
    Every(Duration),
    /// When another flow has ended.
    After(String),
}

/// What a flow reads.
#[derive(Debug)]
pub struct From {
    /// The name of the system.
    pub system: String,
    /// What is read there.
    pub resource: String,
    /// The path of the identity, for sources that do not know it; that of a row, where rows are put together.
    pub id: Option<String>,
    /// How rows are put together to records.
    pub rows: Option<Rows>,
    /// The path of the time of change.
    pub cursor: Option<String>,
    /// The language of the labels of its codes.
    pub labels: Option<String>,
    /// Only records for which it holds are carried over.
    pub where_: Option<Expr>,
    /// What happens to a linked record that no longer matches.
    pub leaves: Leaves,
    /// A table may come without columns that the sheet names.
    pub missing_columns_accept: bool,
    /// The connector's own keys: an object.
    pub options: Value,
}

/// What a flow writes.
#[derive(Debug)]
pub struct To {
    /// The name of the system.
    pub system: String,
    /// Which part of the target a record belongs to, when that is told for each.
    pub scope: Option<ScopeRule>,
    /// The records, parents before children.
    pub records: Vec<TargetRecord>,
    /// The key cannot be searched or is rewritten, and that is known.
    pub duplicates_accept: bool,
    /// The connector's own keys: an object.
    pub options: Value,
}

/// One kind of record that a source record becomes.
#[derive(Debug)]
pub struct TargetRecord {
    /// Its name in the column `record`; empty when there is one.
    pub name: String,
    /// What is written.
    pub resource: String,
    /// The target paths whose values together find it.
    pub key: Vec<Path>,
    /// The record that it belongs to.
    pub of: Option<String>,
    /// One record for each item of this source path.
    pub each: Option<SourcePath>,
    /// Written only when it holds.
    pub when: Option<Expr>,
    /// How a person is found by what is known of them.
    pub matching: Option<Matching>,
    /// What happens when the target does not have it.
    pub missing: Missing,
}

/// How a deletion is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detect {
    /// Not at all.
    None,
    /// The source says so.
    Tombstone,
    /// The record was not there in a complete scan.
    Absence,
}

/// What happens when a record disappears from the source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Deletes {
    /// How it is seen.
    pub detect: Detect,
    /// What is done in the target.
    pub then: Then,
    /// When the run stops. Always there when `then` changes the target.
    pub stop_above: Option<StopAbove>,
}

/// How much may be missing at once before it is taken for a slip.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StopAbove {
    /// A share of the linked records, 0 to 1.
    pub share: f64,
    /// So many are not too many, whatever their share.
    pub records: u64,
}

impl StopAbove {
    /// When the flow does not say.
    pub const USUAL: Self = Self { share: 0.05, records: 0 };

    /// Whether so many of the linked records are too many. What leaves nothing at all is never a few.
    pub fn stops(self, missing: u64, linked: u64) -> bool {
        let is_few = missing <= self.records && missing < linked;
        linked > 0 && missing as f64 / linked as f64 > self.share && !is_few
    }
}

/// Which payloads are kept, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    /// Which.
    pub payload: Payload,
    /// How long.
    pub days: u32,
}
