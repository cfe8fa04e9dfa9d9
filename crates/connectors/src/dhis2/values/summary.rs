//! The summary of an import, in every shape that releases give it: plain or wrapped, with places of values or only with names.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::errors::as_code;

/// What DHIS2 says of an import.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Summary {
    /// `SUCCESS`, `WARNING` or `ERROR`.
    pub status: String,
    pub description: Option<String>,
    pub import_count: Counts,
    #[serde(deserialize_with = "nothing_or_all")]
    pub conflicts: Vec<Conflict>,
    #[serde(deserialize_with = "nothing_or_all")]
    pub rejected_indexes: Vec<i64>,
}

/// How many values met which fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Counts {
    pub imported: u64,
    pub updated: u64,
    pub ignored: u64,
    pub deleted: u64,
}

impl Counts {
    /// How many took effect.
    pub const fn stored(self) -> u64 {
        self.imported + self.updated + self.deleted
    }

    /// How many were dealt with.
    pub const fn all(self) -> u64 {
        self.stored() + self.ignored
    }
}

/// Why values were refused.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Conflict {
    /// What it is about: an id, or a text. Never shown: it may be a value.
    pub object: Option<String>,
    /// The same by kind of object.
    pub objects: Option<Map<String, Value>>,
    pub error_code: Option<String>,
    /// The field of the payload.
    pub property: Option<String>,
    /// Which values of the request, from 0; -1 is the whole request.
    #[serde(deserialize_with = "nothing_or_all")]
    pub indexes: Vec<i64>,
}

fn nothing_or_all<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

impl Conflict {
    /// The code, where the release gives one.
    pub fn code(&self) -> Option<&str> {
        self.error_code.as_deref().and_then(as_code)
    }

    /// The ids that it names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.object.as_deref().into_iter().chain(self.objects.iter().flat_map(Map::values).filter_map(Value::as_str))
    }
}

/// What an answer to an import is.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A summary.
    Summary(Summary),
    /// The import became a job with this id.
    Job(String),
    /// Something else.
    Other,
}

impl Reply {
    /// Reads the body of an answer, whatever its status.
    pub fn read(body: &[u8]) -> Self {
        let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(body) else { return Self::Other };
        let inner = match members.get("response") {
            Some(Value::Object(inner)) => inner.clone(),
            _ => members,
        };
        let kind = inner.get("responseType").and_then(Value::as_str).unwrap_or_default();
        if kind == "JobConfiguration" || inner.contains_key("relativeNotifierEndpoint") {
            return inner.get("id").and_then(Value::as_str).map_or(Self::Other, |id| Self::Job(id.to_owned()));
        }
        if !inner.contains_key("importCount") {
            return Self::Other;
        }
        serde_json::from_value(Value::Object(inner)).map_or(Self::Other, Self::Summary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_of_an_answer_is_read() {
        let summary = |body: &str| match Reply::read(body.as_bytes()) {
            Reply::Summary(summary) => summary,
            other => panic!("{other:?}"),
        };
        let wrapped = summary(
            r#"{"httpStatusCode":409,"status":"WARNING","response":{"responseType":"ImportSummary","status":"WARNING",
            "importCount":{"imported":1,"updated":0,"ignored":2,"deleted":0},"rejectedIndexes":[0,2],
            "conflicts":[{"object":"x","objects":{"dataElement":"x"},"value":"secret","errorCode":"E7610","property":"dataElement","indexes":[0,2]}]}}"#,
        );
        assert_eq!((wrapped.status.as_str(), wrapped.import_count.all(), wrapped.conflicts[0].code()), ("WARNING", 3, Some("E7610")));
        assert_eq!(wrapped.conflicts[0].names().collect::<Vec<_>>(), ["x", "x"]);
        let plain = summary(
            r#"{"responseType":"ImportSummary","status":"SUCCESS","importCount":{"imported":2,"updated":0,"ignored":0,"deleted":0},"conflicts":null}"#,
        );
        assert_eq!((plain.import_count.imported, plain.conflicts.len()), (2, 0));
        let old = summary(r#"{"status":"WARNING","importCount":{"imported":0},"conflicts":[{"object":"abc","value":"text"}]}"#);
        assert_eq!((old.conflicts[0].code(), old.conflicts[0].indexes.len()), (None, 0));
        let job = r#"{"status":"OK","message":"Initiated","response":{"responseType":"JobConfiguration","id":"abcdefghij1","relativeNotifierEndpoint":"/x"}}"#;
        assert_eq!(Reply::read(job.as_bytes()), Reply::Job("abcdefghij1".to_owned()));
        for other in ["", "<html>", "[]", r#"{"status":"ERROR","errorCode":"E1003"}"#] {
            assert_eq!(Reply::read(other.as_bytes()), Reply::Other, "{other}");
        }
    }
}
