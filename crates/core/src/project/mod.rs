//! A project: all its files, read and checked at once.
//!
//! [`load`] takes the files that the caller read from the folder and gives either a [`Project`] that can run, or everything that is wrong with
//! it: nothing is found only after something else was repaired, as far as that is possible. Only warnings leave a project that runs.

pub mod spec;

mod checks;
mod counted;
mod crosswalk;
mod load;
mod samples;
mod systems;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use serde_json::Value;

use crate::codes::CodeMaps;
use crate::error::{Place, Problem};
use crate::flow::Flow;
use crate::flow::spec::FlowSpec;
use crate::yaml::schema_of;

pub use checks::{Check, CheckResult, run_checks};
pub use crosswalk::{Crosswalk, Side};
pub use load::load;

/// The files of a project: the path relative to its folder, with `/`, and the bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<String, Vec<u8>>);

/// A checked project in one of its environments.
#[derive(Debug)]
pub struct Project {
    /// Its name.
    pub name: String,
    /// Where its dates and schedules are meant.
    pub timezone: TimeZone,
    /// How long its history is kept.
    pub history: History,
    /// The environment.
    pub environment: String,
    /// Its systems.
    pub systems: BTreeMap<String, SystemSpec>,
    /// Its flows.
    pub flows: BTreeMap<String, Arc<Flow>>,
    /// Its code maps, with the decisions on its crosswalks.
    pub codes: CodeMaps,
    /// Its crosswalks.
    pub crosswalks: BTreeMap<String, Crosswalk>,
    /// Its checks.
    pub checks: Vec<Check>,
}

impl Project {
    /// Whether a name means a crosswalk where a flow that looks for people, or a crosswalk, is asked for: it is that of one, and of no such flow.
    pub fn means_crosswalk(&self, name: &str) -> bool {
        self.crosswalks.contains_key(name) && !self.flows.get(name).is_some_and(|flow| flow.looks_for_people())
    }
}

/// How long the history is kept, in days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct History {
    /// Runs, with everything that belongs to them.
    pub runs: u32,
    /// The outcome of each record.
    pub outcomes: u32,
}

/// A system with its options as written.
#[derive(Debug, Clone, PartialEq)]
pub struct SystemSpec {
    /// Its kind.
    pub kind: String,
    /// The options of its kind, variables unexpanded: an object. See [`SystemSpec::expand`].
    pub options: Value,
    /// The unit that is responsible for it.
    pub responsible: Option<String>,
    /// How that unit is reached.
    pub contact: Option<String>,
    /// The agreement under which data are exchanged with it.
    pub agreement: Option<String>,
    /// Where it is declared.
    pub place: Place,
    /// The schema of its options.
    schema: Value,
}

/// What became of the files.
#[derive(Debug)]
pub struct Loaded {
    /// The project, when nothing is wrong but what is a warning.
    pub project: Option<Project>,
    /// Everything that is wrong, by place.
    pub problems: Vec<Problem>,
}

/// The JSON Schemas of the files that people write, by file name.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("project.json", schema_of::<spec::ProjectSpec>()),
        ("environment.json", schema_of::<spec::EnvironmentSpec>()),
        ("flow.json", schema_of::<FlowSpec>()),
        ("checks.json", schema_of::<spec::ChecksSpec>()),
    ]
}
