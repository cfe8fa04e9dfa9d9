//! What an import answers: counts, conflicts, and the envelopes of the releases.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::dxf_xml::NAMESPACE;
use super::xml::Element;

/// How an import went.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    #[default]
    Success,
    Warning,
    Error,
}

impl Status {
    fn text(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Warning => "WARNING",
            Self::Error => "ERROR",
        }
    }
}

/// Why values were refused; one for all that have the same cause.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// `E7612` ...
    pub code: String,
    /// For people.
    pub message: String,
    /// The objects that it is about, by the name of their kind.
    pub objects: BTreeMap<String, String>,
    /// The one that stands for it.
    pub object: String,
    /// The member of the payload that it is about (up to 2.42).
    pub property: Option<&'static str>,
    /// Positions of the values, from 0.
    pub indexes: Vec<i64>,
}

/// A position as summaries have it.
pub fn position(at: usize) -> i64 {
    i64::try_from(at).unwrap_or(i64::MAX)
}

/// The outcome of an import.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Summary {
    pub status: Status,
    pub description: String,
    pub imported: usize,
    pub updated: usize,
    pub ignored: usize,
    pub deleted: usize,
    pub conflicts: Vec<Conflict>,
    pub rejected: Vec<i64>,
    /// The day when a data set was completed.
    pub completed: Option<String>,
    /// `importOptions` as the server says them back.
    pub options: Value,
}

/// What the description says of an import that came to its end.
pub const DONE: &str = "Import process completed successfully";
/// What it says when the head refused everything.
pub const ABORTED: &str = "Import process was aborted";

impl Summary {
    /// An import that broke on an exception: nothing is counted.
    pub fn failed(description: impl Into<String>, options: Value) -> Self {
        Self { status: Status::Error, description: description.into(), options, ..Self::default() }
    }

    /// Adds a conflict, or its position to one of the same cause.
    pub fn conflict(&mut self, conflict: Conflict) {
        self.rejected.extend(&conflict.indexes);
        let same =
            |known: &&mut Conflict| known.code == conflict.code && known.objects == conflict.objects && known.message == conflict.message;
        match self.conflicts.iter_mut().find(same) {
            Some(known) => known.indexes.extend(conflict.indexes),
            None => self.conflicts.push(conflict),
        }
    }

    /// The number of records that were written.
    pub fn written(&self) -> usize {
        self.imported + self.updated + self.deleted
    }

    /// The summary by itself. 2.36 and 2.37 are not simulated, so every one has codes and indexes.
    pub fn plain(&self, release: u32) -> Value {
        let conflicts: Vec<Value> = self.conflicts.iter().map(|conflict| conflict.json(release)).collect();
        let mut summary = Map::new();
        summary.insert("responseType".into(), json!("ImportSummary"));
        summary.insert("status".into(), json!(self.status.text()));
        summary.insert("importOptions".into(), self.options.clone());
        summary.insert("description".into(), json!(self.description));
        summary.insert(
            "importCount".into(),
            json!({"imported": self.imported, "updated": self.updated, "ignored": self.ignored, "deleted": self.deleted}),
        );
        summary.insert("conflicts".into(), Value::Array(conflicts));
        summary.insert("rejectedIndexes".into(), json!(self.rejected));
        summary.insert("dataSetComplete".into(), json!(self.completed.as_deref().unwrap_or("false")));
        Value::Object(summary)
    }

    /// The envelope around it: status 409 when there is any conflict, though what was good is stored.
    pub fn wrapped(&self, release: u32) -> (u16, Value) {
        let (status, reason, word, message) = self.envelope();
        let body = json!({
            "httpStatus": reason, "httpStatusCode": status, "status": word, "message": message, "response": self.plain(release),
        });
        (status, body)
    }

    fn envelope(&self) -> (u16, &'static str, &'static str, &'static str) {
        match self.status {
            Status::Success => (200, "OK", "OK", "Import was successful."),
            Status::Warning => (409, "Conflict", "WARNING", "One more conflicts encountered, please check import summary."),
            Status::Error => (409, "Conflict", "ERROR", "An error occurred, please check import summary."),
        }
    }

    /// The summary as XML, by itself or in its envelope.
    pub fn xml(&self, wrapped: bool) -> (u16, String) {
        let (status, reason, word, message) = self.envelope();
        if !wrapped {
            return (200, self.element("importSummary").with("xmlns", NAMESPACE).document());
        }
        let root = Element::new("webMessage")
            .with("httpStatus", reason)
            .with("httpStatusCode", status.to_string())
            .with("status", word)
            .with("xmlns", NAMESPACE)
            .child_text("message", message);
        let response = self.element("response").with("responseType", "ImportSummary");
        (status, Element { children: [root.children.clone(), vec![response]].concat(), ..root }.document())
    }

    fn element(&self, name: &str) -> Element {
        let counts = Element::new("importCount")
            .with("imported", self.imported.to_string())
            .with("updated", self.updated.to_string())
            .with("ignored", self.ignored.to_string())
            .with("deleted", self.deleted.to_string());
        let conflict = |conflict: &Conflict| {
            Element::new("conflict").with("object", &*conflict.object).with("value", &*conflict.message).with("errorCode", &*conflict.code)
        };
        let mut conflicts = Element::new("conflicts");
        conflicts.children = self.conflicts.iter().map(conflict).collect();
        let mut element = Element::new(name).child_text("status", self.status.text()).child_text("description", &*self.description);
        element.children.extend([counts, conflicts]);
        element.child_text("dataSetComplete", self.completed.as_deref().unwrap_or("false"))
    }
}

impl Conflict {
    fn json(&self, release: u32) -> Value {
        let mut conflict = Map::new();
        conflict.insert("object".into(), json!(self.object));
        conflict.insert("value".into(), json!(self.message));
        // What is said of registrations has no code.
        if !self.code.is_empty() {
            conflict.insert("objects".into(), json!(self.objects));
            conflict.insert("errorCode".into(), json!(self.code));
        }
        if let Some(property) = self.property.filter(|_| release <= 42) {
            conflict.insert("property".into(), json!(property));
        }
        if !self.code.is_empty() {
            conflict.insert("indexes".into(), json!(self.indexes));
        }
        Value::Object(conflict)
    }
}
