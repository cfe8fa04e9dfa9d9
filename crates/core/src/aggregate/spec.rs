//! What a person writes under `aggregate:` of a flow. Every comment here is product text: it becomes the JSON Schema of flows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::period::PeriodType;

/// Records are counted into periods, org units and categories instead of being carried over one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AggregateSpec {
    /// The aggregate sheet: a file of the folder `aggregates`, with a row for each indicator.
    pub sheet: String,
    /// Into which periods records are counted.
    pub period: PeriodSpec,
    /// Into which org units records are counted.
    pub org_unit: OrgUnitSpec,
    /// Whether a 0 is sent where nothing was counted. Left out: `omit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zeros: Option<Zeros>,
    /// Numbers from 1 to below this one are not sent, and are taken away where they were: so few people can be recognised. Left out: 0, all are sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub small_cells: Option<u64>,
    /// Whether it is kept which record counts where. Left out: `on`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill: Option<DrillWord>,
}

/// Into which periods records are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PeriodSpec {
    /// The period type by DHIS2's name: `Daily`, `Weekly`, `Monthly`, `Quarterly`, `FinancialApril`, ... It has to be that of the data set.
    #[serde(rename = "type")]
    pub period_type: PeriodType,
    /// The source path of the day that decides the period, with transforms after `|` where it needs them. An indicator may have its own in the sheet.
    pub date: String,
    /// How many periods before the present one a late change may still correct; an older one is listed as late and not sent. Left out: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restate: Option<u32>,
}

/// Into which org units records are counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OrgUnitSpec {
    /// The source path of the place. An indicator may have its own in the sheet.
    pub path: String,
    /// The code map that says which org unit a place is. A place that is not in it counts for the nearest place around it that is. Left out: the value is the id, code or name of an org unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crosswalk: Option<String>,
    /// The level of the hierarchy to which everything below is added up: 1 is the root. Left out: where the place lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub level: Option<u32>,
}

/// Whether a 0 is sent where nothing was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Zeros {
    /// Yes, for the org units of the data set that can be reached, and for data elements where zero is significant.
    Report,
    /// No. What falls back to nothing is still corrected.
    #[default]
    Omit,
}

/// Whether it is kept which record counts where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DrillWord {
    /// Yes: only what changed is read, and a number can be opened to the records behind it.
    #[default]
    On,
    /// No: everything is read each time and counted in memory.
    Off,
}
