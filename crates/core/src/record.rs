//! A record as it came: one element's raw bytes and where they came from. Nothing is parsed that the flow does not read.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Cause;
use crate::projection::Projection;

/// One record of a source: a JSON element, untouched.
#[derive(Debug, Clone)]
pub struct SourceRecord {
    /// Its identity in the source; `None` when the source has none for it, which is a rejection.
    pub id: Option<String>,
    /// Where it stands, for people: `cases.csv, row 17`.
    pub place: String,
    /// The source's own version of it (`updatedAt`), to drop what an overlap repeats.
    pub version: Option<String>,
    /// The source says that it was deleted.
    pub deleted: bool,
    /// One JSON element, or why it could not be read as one.
    pub body: Result<Bytes, Cause>,
    /// What the connector took out of the element while it looked for identity and version: at least the paths that the reading asked for, and all of it
    /// where that asked for none. A connector that does not look inside leaves it out.
    pub read: Option<Value>,
}

impl SourceRecord {
    /// The fields that a projection names, which the reading has asked for. Nothing is parsed that the connector has read.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn project(&mut self, projection: &Projection) -> Result<Value, Cause> {
        let body = self.body.as_ref().map_err(Clone::clone)?;
        self.read.take().map_or_else(|| projection.project(body), Ok)
    }
}

/// How far a source has been read: opaque to everyone but its connector, with a time that can be shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// What the connector needs to go on.
    pub value: String,
    /// Up to when, for people.
    pub time: Option<Timestamp>,
}

/// A part of a source that has a cursor of its own: an outbreak, a file of a folder.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Partition(pub String);

/// What a source hands out at once.
#[derive(Debug, Clone)]
pub struct Page {
    /// The records, in the source's order.
    pub records: Vec<SourceRecord>,
    /// Where reading goes on after this page.
    pub next: Cursor,
}
