//! What a person writes in `kivuko.yaml`, `environments/*.yaml` and `checks/*.yaml`. Every comment here is product text: it becomes the JSON
//! Schemas of these files.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The project: its name, its time zone and the systems that it connects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "kivuko.yaml")]
pub struct ProjectSpec {
    /// The name of the project: small letters, digits and hyphens.
    pub project: String,
    /// The time zone in which dates and schedules are meant: `Africa/Freetown`. Left out: `UTC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
    /// How long the history is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub history: Option<HistorySpec>,
    /// The systems, each under the name that flows use.
    #[serde(default)]
    pub systems: BTreeMap<String, SystemKeys>,
    /// The crosswalks, each under the name that flows use and that its file of decisions has: `places` is `codes/places.csv`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub crosswalks: BTreeMap<String, BTreeMap<String, SideSpec>>,
}

/// One side of a crosswalk, under the name of its system: the resource whose records are the places (facilities, users ...).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum SideSpec {
    /// The resource, where the kind of system knows how its records describe places: `locations`.
    Resource(String),
    /// The resource, and where its records say what.
    Keys(Box<SideKeys>),
}

/// One side of a crosswalk. Beside these keys it has those that a flow's `from:` has for the kind of system (`encoding`, `sheet`, ...). Every path
/// that is left out is the one that the kind of system knows by itself.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
pub struct SideKeys {
    /// The resource, or the file.
    pub resource: String,
    /// The path of the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The path of the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The paths of other names: synonyms, the short name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_names: Option<Vec<String>>,
    /// The paths of codes that the other side may know too: P-codes, numbers of a facility list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codes: Option<Vec<String>>,
    /// The path of the identity of the place that it lies in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The path of its level in the hierarchy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The path of its coordinates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub point: Option<String>,
    /// The path of its area, as GeoJSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// The path of the day on which it opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened: Option<String>,
    /// The path of the day on which it closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<String>,
    /// The path of whether it is in use: `false`, `no` or `0` means that it is closed, from whatever day on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<String>,
    /// The keys of the kind of system.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// How long the history is kept.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HistorySpec {
    /// How long runs are kept. Left out: `400 days`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runs: Option<String>,
    /// How long the outcome of each record is kept. Left out: `90 days`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcomes: Option<String>,
}

/// A system. Beside these keys it has those of its kind: `kivuko systems kinds` shows them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SystemKeys {
    /// The kind of system: the name of a connector.
    pub kind: String,
    /// The unit that is responsible for it. For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub responsible: Option<String>,
    /// How the responsible unit is reached. For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// The agreement under which data are exchanged with it. For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<String>,
    /// The keys of its kind.
    #[serde(flatten)]
    pub options: Map<String, Value>,
}

/// An environment: other addresses and credentials for the systems of `kivuko.yaml`. What is not in it stays as it is there.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "environment")]
pub struct EnvironmentSpec {
    /// The systems that are different here, with the keys that are different.
    #[serde(default)]
    pub systems: BTreeMap<String, Map<String, Value>>,
}

/// Checks of one flow: what goes in, and what must come out of the mapping. `kivuko check` runs them; nothing is read from or sent to any system.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "checks")]
pub struct ChecksSpec {
    /// The name of the flow.
    pub flow: String,
    /// The checks.
    pub checks: Vec<CheckSpec>,
}

/// One sample, and what becomes of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckSpec {
    /// What it shows, in words.
    pub name: String,
    /// The sample, written here. Either this or `sample`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Map<String, Value>>,
    /// The sample, from a file of the folder `samples`: `samples/cases.json` or `samples/cases.csv`. Either this or `record`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<String>,
    /// Which one of the file: the row as a spreadsheet counts it (the first one under the header is 2), or the place in a JSON list (from 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row: Option<usize>,
    /// The day on which the run is imagined, for ages and the like: `2026-01-31`. Left out: `2026-01-01`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub today: Option<String>,
    /// What other flows are imagined to have written, for `ref`: flow, then the id in the source, then the id in the target.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub references: BTreeMap<String, BTreeMap<String, String>>,
    /// What the codes of the source are imagined to be called, for `label`: code, then label.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The id that a record to which others belong is imagined to have in the target: `{ parent.id }`. Left out: `parent`; that of the parent's own
    /// parent is then `parent of parent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The whole content of a new record. For a flow with one record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub create: Option<Map<String, Value>>,
    /// The whole content of an update. For a flow with one record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<Map<String, Value>>,
    /// For a flow with several records: by name, the list of the new records that this sample becomes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<BTreeMap<String, Vec<Value>>>,
    /// The codes of the causes for which the sample is rejected: `[K0303, K0306]`. Their order does not matter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected: Option<Vec<String>>,
    /// The codes of what the mapping warns of. Left out: not looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub warnings: Option<Vec<String>>,
    /// For a flow that counts: all numbers that the sample comes to, without looking at the target. A file of samples without `row` is counted whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Vec<CountedSpec>>,
    /// `true`: the flow's `where` leaves the sample out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skipped: Option<bool>,
}

/// One number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CountedSpec {
    /// The indicator.
    pub indicator: String,
    /// The period by DHIS2's identifier: `2024W10`.
    pub period: String,
    /// The org unit as the crosswalk calls it, or as the record does where there is none. Places around it and levels are not known without the systems.
    pub org_unit: String,
    /// For each category of the sheet the option as the record, the bands or the code map call it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub by: BTreeMap<String, String>,
    /// The number.
    pub value: serde_json::Number,
}
