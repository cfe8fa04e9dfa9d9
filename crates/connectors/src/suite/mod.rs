//! The acceptance suite: what every connector must do, whatever it speaks to.
//!
//! A connector brings a [`Subject`]: which system to open, how to fill it, what to read and write. It brings no test code, and the suite runs only what
//! the declaration and the capabilities claim. Each check says in its message what a connector owes.

mod context;
mod dhis2;
mod file;
mod godata;
mod hostile;
mod source;
mod target;

use std::sync::Arc;

use kivuko_core::connector::{Connector, Key, Settings, SourceSpec, System, TargetSpec};
use kivuko_core::path::SourcePath;
use serde_json::Value;

pub use context::context;

/// A system that a connector is tried on.
pub trait Subject: Sync {
    /// The connector.
    fn connector(&self) -> Box<dyn Connector>;

    /// The system, as a project would have it.
    fn settings(&self) -> Settings;

    /// What is read, for connectors that read.
    fn reading(&self) -> Option<Reading> {
        None
    }

    /// What is written, for connectors that write.
    fn writing(&self) -> Option<Writing> {
        None
    }

    /// What is put behind the source: texts that have broken software before, under identities that the other system can have.
    fn samples(&self) -> Vec<Sample> {
        hostile::samples()
    }

    /// Puts exactly these records behind the source.
    fn fill(&self, _: &[Sample]) {}

    /// Puts exactly these JSON elements behind the source; `false` where the other system has a form of its own for records.
    fn fill_elements(&self, _: &[&str]) -> bool {
        false
    }

    /// Cuts the line of the next reading once, behind its first page; `false` where there is no line.
    fn cut_line(&self) -> bool {
        false
    }

    /// Has somebody add a record to the source.
    fn disturb(&self) {}
}

/// A record that the suite puts behind a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub id: String,
    pub text: String,
}

/// What is read of a subject.
#[derive(Debug, Clone)]
pub struct Reading {
    pub spec: SourceSpec,
    /// Where the text of a [`Sample`] is found in an element.
    pub text: &'static str,
}

/// What is written to a subject.
pub struct Writing {
    pub spec: TargetSpec,
    /// A whole record with this key and text.
    pub record: fn(key: &str, text: &str) -> Value,
    /// The top-level fields that hold a changed text, for an update.
    pub change: fn(text: &str) -> Value,
    /// Where the text is found in what the target holds.
    pub text: &'static str,
    /// The key that a text stands for.
    pub key: fn(text: &str) -> Key,
    /// The key of a record that the target refuses, where it refuses any, and the record.
    pub refused: Option<(&'static str, Value)>,
}

/// Runs everything that the connector claims.
pub async fn run(subject: &dyn Subject) {
    let declaration = subject.connector().declaration();
    assert!(!declaration.kind.is_empty() && !declaration.about.is_empty(), "a connector says what it is");
    assert_eq!(declaration.reads, subject.reading().is_some(), "what is declared to be read is tried");
    assert_eq!(declaration.writes, subject.writing().is_some(), "what is declared to be written is tried");
    if let Some(reading) = subject.reading() {
        source::run(subject, &reading, &declaration).await;
    }
    if let Some(writing) = subject.writing() {
        target::run(subject, &writing).await;
    }
    opened(subject).await;
}

/// The key of a target that finds records by one field.
fn one_field(text: &str) -> Key {
    Key(vec![text.to_owned()])
}

/// Opens the system of a subject.
fn open(subject: &dyn Subject) -> Arc<dyn System> {
    match subject.connector().open(subject.settings(), context()) {
        Ok(system) => system,
        Err(problems) => panic!("the settings of the subject do not fit: {problems:?}"),
    }
}

async fn opened(subject: &dyn Subject) {
    let system = open(subject);
    let health = system.test().await.expect("a system that is there passes its test");
    assert!(!health.findings.is_empty(), "a test says what it found");
    let described = system.describe().await.expect("a system that is there can be described");
    let resource =
        subject.reading().map(|reading| reading.spec.resource).or_else(|| subject.writing().map(|writing| writing.spec.resource));
    if let Some(resource) = resource {
        let description = described.iter().find(|description| description.name == resource);
        let description = description.unwrap_or_else(|| panic!("{resource} is not among the described resources"));
        assert!(!description.fields.is_empty(), "{resource} is described without fields");
    }
    let identities = [system.identity().await, open(subject).identity().await];
    assert_eq!(identities[0], identities[1], "an instance has one identity, whoever asks");
}

/// The text at a path.
fn text_at(path: &str, element: &Value) -> Option<String> {
    let path = SourcePath::parse(path).expect("the subject names a path");
    path.one(element).and_then(kivuko_core::value::text)
}
