//! What a person writes in `flows/*.yaml`. Every comment here is product text: it becomes the JSON Schema of flows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use crate::aggregate::spec::AggregateSpec;
use crate::matching::Field;

/// One integration: when it runs, what it reads, how that is mapped, and where it goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "flow")]
pub struct FlowSpec {
    /// The name of the flow: small letters, digits and hyphens. Commands, links and the history use it, so it stays when the file is renamed.
    pub flow: String,
    /// The user story: who needs this, and why. For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// When it is to run. Kivuko starts nothing by itself yet, whatever stands here: someone, or a timer of the machine, calls `run`. Left out: `manual`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<TriggerSpec>,
    /// What it reads.
    pub from: FromSpec,
    /// The mapping sheet: a file of the folder `mappings`. Either this or `aggregate` has to be there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mapping: Option<String>,
    /// Records are counted into periods, org units and categories instead of being carried over one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aggregate: Option<AggregateSpec>,
    /// What it writes.
    pub to: ToSpec,
    /// What happens when a record disappears from the source. Left out: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deletes: Option<DeletesSpec>,
    /// Which payloads are kept, encrypted, and how long. Left out: those of rejected records, for 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keep: Option<KeepSpec>,
}

/// When a flow is to run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum TriggerSpec {
    /// A word.
    Word(TriggerWord),
    /// A time, or another flow.
    Timed(TimedSpec),
}

/// A trigger that needs no more than its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TriggerWord {
    /// Only when someone calls `run`.
    Manual,
}

/// One of these.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimedSpec {
    /// Five fields: minute, hour, day of the month, month, day of the week, in the project's time zone. `*/15 * * * *` is every quarter of an hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cron: Option<String>,
    /// The time between two runs: `30 minutes`, `6 hours`, `1 day`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub every: Option<String>,
    /// The name of a flow: this one is to run when that one has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

/// What a flow reads. Beside these keys the connector of the system has its own (`encoding`, `dates`, ...): `systems kinds` shows them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FromSpec {
    /// The name of a system in `kivuko.yaml`.
    pub system: String,
    /// What is read there: a resource, a table, a file or a folder.
    pub resource: String,
    /// The path of the source's own identity of a record. Needed unless the connector knows it. With `group` it is that of a row, and may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The path of the value that puts rows together: all rows with the same value are one record, whose identity it is, and which has them as `rows[]`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// The path, or an expression in braces, whose value says the order of the rows of a group. Left out: the order of the source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The path of the time of the last change. Left out: what the connector knows, or everything is read each time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// The language in which the transform `label` names the codes of the source: `english_us`, `french_fr`. `systems describe` lists those of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<String>,
    /// An expression in braces: only records for which it holds are carried over. It is looked at after reading, so that a record that stops matching is seen to leave.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "where")]
    pub where_: Option<String>,
    /// What happens to a linked record that no longer matches `where`. Left out: `keep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leaves: Option<LeavesWord>,
    /// `accept`: a table may come without columns that the sheet names. Left out: nothing is read of such a table, since a column may have been renamed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing_columns: Option<AcceptWord>,
    /// The connector's own keys.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// What happens to a linked record that no longer matches `where`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LeavesWord {
    /// It stays in the target as it is.
    #[default]
    Keep,
    /// It is treated like a record that was deleted in the source: what `deletes.then` says happens to it.
    Delete,
}

/// What a flow writes. Beside these keys the connector of the system may have its own: `systems kinds` shows them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ToSpec {
    /// The name of a system in `kivuko.yaml`.
    pub system: String,
    /// What is written there, when one source record becomes one target record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource: Option<String>,
    /// The target path, or a list of them, whose values together find the record in the target. The sheet must fill each of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeySpec>,
    /// What is written, by name, when one source record becomes several target records. The sheet's column `record` uses these names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<BTreeMap<String, RecordSpec>>,
    /// Which part of the target each record belongs to. Left out: what the system's own option says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<ScopeSpec>,
    /// How a person is found in the target by what is known of them, when neither a link nor the key finds one.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "match")]
    pub match_: Option<MatchSpec>,
    /// What happens when the target does not have the record. Left out: `create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingWord>,
    /// `accept`: the key cannot be searched in the target or is rewritten by it, and that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicates: Option<AcceptWord>,
    /// The connector's own keys.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// Which part of the target a record belongs to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScopeSpec {
    /// Which outbreak, by its name or id: a code map, in which `place` is looked up, or an expression in braces.
    pub outbreak: String,
    /// The source path of the value that is looked up in the code map.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// The source path of the day that decides between rows of the code map with `valid_from` and `valid_to`. Left out: the day of the run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<String>,
}

/// One of several target records.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordSpec {
    /// What is written.
    pub resource: String,
    /// The target path, or a list of them, whose values together find the record in the target. May be left out where `match` finds it and none is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeySpec>,
    /// The name of the record that this one belongs to. That one is written first; `{ parent.id }` is its id in the target, `{ parent.parent.id }` that of the
    /// record that it belongs to itself. With the same `each` in both, an item belongs to the same item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// A source path that ends in `[]`: one target record for each item. `{ item.name }` reads the item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub each: Option<String>,
    /// An expression in braces: this record is written only when it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// How a person is found in the target by what is known of them, when neither a link nor the key finds one.
    #[serde(default, skip_serializing_if = "Option::is_none", rename = "match")]
    pub match_: Option<MatchSpec>,
    /// What happens when the target does not have the record. Left out: `create`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<MissingWord>,
}

/// What happens when the target does not have a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum MissingWord {
    /// It is made.
    #[default]
    Create,
    /// The record waits until the target has it.
    Wait,
    /// The record is rejected.
    Reject,
}

/// How a person is found in the target by what is known of them. Rules come first, then a score; what is not clear is for a person to decide (`review`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchSpec {
    /// Which target paths say what of a person: `name: firstName`, `document: "documents[].number"`.
    pub fields: BTreeMap<Field, KeySpec>,
    /// Lists of fields that must be equal, the strictest first: a single person for whom all of them are is the one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Vec<Field>>,
    /// How far apart the dates of the two records may be. Who lies outside is asked about, never taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowSpec>,
    /// The score from which on a person is taken without a question: above 0, up to 1. Left out: 0.7.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accept: Option<f64>,
    /// The score from which on somebody is asked: above 0, up to `accept`. Left out: 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<f64>,
}

/// How far apart the dates of two records may be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WindowSpec {
    /// In days.
    pub days: u32,
    /// The source path of the date, which is written as `2022-08-31`.
    pub source: String,
    /// The target path of the date that it is compared with.
    pub target: String,
}

/// One path or several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeySpec {
    /// One path.
    One(String),
    /// Several paths.
    Several(Vec<String>),
}

impl KeySpec {
    /// The paths as written.
    pub fn paths(&self) -> &[String] {
        match self {
            Self::One(path) => std::slice::from_ref(path),
            Self::Several(paths) => paths,
        }
    }
}

/// What is said of a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AcceptWord {
    /// It is known and accepted.
    Accept,
}

/// What happens when a record disappears from the source.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeletesSpec {
    /// How a deletion is seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detect: Option<DetectWord>,
    /// What is done in the target. Left out: `ignore`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then: Option<ThenWord>,
    /// A share of the linked records, such as `5%`: when more than that would be deleted or deactivated, the run stops and a person decides. Left out: `5%`. With a number,
    /// for short lists, such as `5% and 2 records`: it stops when it is more than the share and more than the number, or when nothing would be left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_above: Option<String>,
}

/// How a deletion is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DetectWord {
    /// The source says so.
    Tombstone,
    /// The record was not there in a scan that is known to be complete.
    Absence,
}

/// What is done in the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ThenWord {
    /// Nothing; the record is counted as skipped.
    #[default]
    Ignore,
    /// It is marked as not in use, where the target can.
    Deactivate,
    /// It is deleted.
    Delete,
}

/// Which payloads are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum KeepSpec {
    /// Which ones, for 30 days.
    Word(PayloadWord),
    /// Which ones, and how long.
    Full(KeepKeys),
}

/// Which payloads are kept, and how long.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeepKeys {
    /// Which payloads are kept. Left out: `rejected`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<PayloadWord>,
    /// For how many days. Left out: 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 3650))]
    pub days: Option<u32>,
}

/// Which payloads are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PayloadWord {
    /// None.
    None,
    /// Those of rejected records.
    #[default]
    Rejected,
    /// Those of all records, and the values that a write replaced, so that `revert` can restore them.
    All,
}
