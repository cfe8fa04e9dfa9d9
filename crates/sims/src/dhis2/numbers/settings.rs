//! Switches of a server that have to do with numbers.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Options;
use super::options::Strict;

/// What a server has on for all its clients, and what a test turns.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Checks that are on whoever asks, up to 2.42.
    pub strict: Strict,
    /// Values of elements in several data sets are split by data set, from 2.43.
    pub auto_group: bool,
    /// See [`Options::conditions_inverted`].
    pub conditions_inverted: bool,
    /// From 2.43 the conflict of a refused group has -1 as its index instead of the positions of its values.
    pub group_conflicts_without_indexes: bool,
}

impl Settings {
    /// From the system settings and a test's options.
    pub fn of(system: &BTreeMap<String, Value>, options: &Options) -> Self {
        let on = |key: &str| match system.get(key) {
            Some(Value::Bool(on)) => *on,
            Some(Value::String(on)) => on == "true",
            _ => false,
        };
        Self {
            strict: Strict {
                periods: on("keyDataImportStrictPeriods"),
                data_elements: on("keyDataImportStrictDataElements"),
                category_option_combos: on("keyDataImportStrictCategoryOptionCombos"),
                attribute_option_combos: on("keyDataImportStrictAttributeOptionCombos"),
                organisation_units: on("keyDataImportStrictOrganisationUnits"),
                data_set_approval: on("keyDataImportStrictDataSetApproval"),
                data_set_locking: on("keyDataImportStrictDataSetLocking"),
                data_set_input_periods: on("keyDataImportStrictDataSetInputPeriods"),
                require_category_option_combo: on("keyDataImportRequireCategoryOptionCombo"),
                require_attribute_option_combo: on("keyDataImportRequireAttributeOptionCombo"),
            },
            auto_group: on("dataEntryAutoGroup"),
            conditions_inverted: options.conditions_inverted,
            group_conflicts_without_indexes: options.group_conflicts_without_indexes,
        }
    }
}
