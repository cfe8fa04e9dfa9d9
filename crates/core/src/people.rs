//! What the store keeps of people: an index of those that a target holds, questions to a person, and what people decided.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::record::{Cursor, Partition};
use crate::store::SourceKey;

/// A person of a target, as an index keeps them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The id in the target.
    pub id: String,
    /// What the person is looked up by: keyed hashes, which say nothing to who does not have the key.
    pub keys: Vec<i64>,
    /// What is compared. Encrypted at rest.
    pub body: Vec<u8>,
}

/// A person who was found by one of the keys that were asked for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FoundPerson {
    pub key: i64,
    /// The id in the target.
    pub id: String,
    /// What is compared.
    pub body: Vec<u8>,
}

/// What changes in an index of people at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeoplePage {
    /// People who are there now, in the place of what was known of them.
    pub put: Vec<PersonRow>,
    /// Ids of people who are not there any more.
    pub gone: Vec<String>,
    /// How far the target was read for it.
    pub cursor: Option<(Partition, Cursor)>,
}

/// How common some keys are in an index.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeopleCount {
    /// How many people it has.
    pub people: u64,
    /// How many of them have each key.
    pub with: Vec<(i64, u64)>,
}

/// Under what name a crosswalk asks, in the place of a flow: no flow can be called so.
pub fn asker_of(crosswalk: &str) -> String {
    format!("{CROSSWALK}{crosswalk}")
}

const CROSSWALK: &str = "crosswalk:";

/// A question to a person: which of these candidates is this record? Of a crosswalk: this place and its one candidate are a pair, and something has changed; what is to become of it?
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Review {
    pub source: SourceKey,
    pub part: String,
    /// Where the record stood: `lab.csv, row 17`.
    pub place: String,
    pub target_system: String,
    pub target_resource: String,
    /// The best first.
    pub candidates: Vec<ReviewCandidate>,
}

/// Who the record could be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ReviewCandidate {
    pub target_id: String,
    /// From 0 to 1.
    pub score: f64,
    /// What agrees and what does not; never a value.
    pub reasons: Vec<String>,
    /// Of a place: where it lies and what it is called. Empty of a person.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
}

/// An open question, as it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReviewRow {
    pub id: i64,
    pub flow: String,
    #[serde(flatten)]
    pub review: Review,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// It was answered, or is no question any more.
    pub closed: bool,
}

impl ReviewRow {
    /// The crosswalk that asks; `None`: a flow does.
    pub fn crosswalk(&self) -> Option<&str> {
        self.flow.strip_prefix(CROSSWALK)
    }
}

/// What a person can decide of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DecisionKind {
    /// It is this record of the target.
    Link,
    /// It is none that the target holds.
    New,
    /// It is not to be carried over.
    Discard,
    /// The link that it has is wrong; who it is, is asked again.
    Unlink,
    /// The link that it has is wrong; it is somebody of its own.
    Split,
    /// It is the same person as this record of the target, whatever it was linked to.
    Merge,
}

impl DecisionKind {
    /// Whether it says which record of the target it is, or that there is to be none.
    pub fn chooses(self) -> bool {
        matches!(self, Self::Link | Self::Merge | Self::Discard)
    }

    /// The word for it in tables and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Link => "link",
            Self::New => "new",
            Self::Discard => "discard",
            Self::Unlink => "unlink",
            Self::Split => "split",
            Self::Merge => "merge",
        }
    }
}

/// A decision. None is ever changed: of several on one record the newest holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decided {
    pub kind: DecisionKind,
    pub flow: String,
    pub source: SourceKey,
    pub part: String,
    pub target_system: String,
    pub target_resource: String,
    /// The record of the target that was chosen, or that the record was linked to until then.
    pub target_id: Option<String>,
    pub by: String,
    pub reason: String,
    pub at: Timestamp,
}
