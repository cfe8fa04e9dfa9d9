//! What a simulated DHIS2 has stored, for tests to look at, and what they turn.

use super::super::model::DataElement;
use super::super::sim::Dhis2Sim;
use super::super::uid::Uid;
use super::jobs::Pace;
use super::period::Period;
use super::store::{Change, Key, Stored};
use super::value::is_zero;
use super::{analytics, imports};

/// A stored value with its key, deleted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataValue {
    pub data_element: String,
    /// Identifier of the period: `202401`.
    pub period: String,
    pub org_unit: String,
    pub category_option_combo: String,
    pub attribute_option_combo: String,
    pub value: String,
    pub comment: Option<String>,
    pub followup: bool,
    pub stored_by: String,
    /// Milliseconds since 1970.
    pub created: i64,
    /// Milliseconds since 1970.
    pub last_updated: i64,
    pub deleted: bool,
}

/// A data set that was said to be complete, or no longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub data_set: String,
    /// Identifier of the period: `202401`.
    pub period: String,
    pub org_unit: String,
    pub attribute_option_combo: String,
    pub completed: bool,
    /// Milliseconds since 1970: when it was complete.
    pub date: i64,
    pub stored_by: String,
}

impl DataValue {
    fn of(key: &Key, stored: &Stored) -> Self {
        Self {
            data_element: key.data_element.to_string(),
            period: key.period.id(),
            org_unit: key.org_unit.to_string(),
            category_option_combo: key.category_option_combo.to_string(),
            attribute_option_combo: key.attribute_option_combo.to_string(),
            value: stored.value.clone(),
            comment: stored.comment.clone(),
            followup: stored.followup,
            stored_by: stored.stored_by.clone(),
            created: stored.created,
            last_updated: stored.last_updated,
            deleted: stored.deleted,
        }
    }
}

impl Dhis2Sim {
    /// All rows, deleted ones too, ordered by data element, period, org unit and option combos.
    pub fn data_values(&self) -> Vec<DataValue> {
        self.numbers().store.rows().map(|(key, stored)| DataValue::of(key, stored)).collect()
    }

    /// The values that are not deleted, as `element.period.unit.combo.attributeCombo = value`.
    pub fn cells(&self) -> Vec<(String, String)> {
        let visible = self.data_values().into_iter().filter(|row| !row.deleted);
        visible
            .map(|row| {
                let parts = [row.data_element, row.period, row.org_unit, row.category_option_combo, row.attribute_option_combo];
                (parts.join("."), row.value)
            })
            .collect()
    }

    /// A value that a user of DHIS2 enters in a form, whatever is locked; left out, the option combos are the default ones. An empty value deletes what is
    /// there, and so does a 0 that the release does not keep. Panics when an identifier is none, or the period is none of this release.
    pub fn enter(&self, [data_element, period, org_unit]: [&str; 3], [combo, attribute_combo]: [Option<&str>; 2], value: &str) {
        let uid = |id: &str| Uid::parse(id).unwrap_or_else(|| panic!("{id:?} is no identifier"));
        let default = self.model().default_option_combo;
        let key = Key {
            data_element: uid(data_element),
            period: Period::parse(period, self.profile().number).expect("a period of the release"),
            org_unit: uid(org_unit),
            category_option_combo: combo.map_or(default, uid),
            attribute_option_combo: attribute_combo.map_or(default, uid),
        };
        let now = self.server().now();
        let model = self.model();
        let drops_zeros = !self.profile().pipeline;
        let is_lost = |element: &DataElement| drops_zeros && !element.zero_is_significant && is_zero(value, &element.value_type);
        let deleted = value.is_empty() || model.data_elements.get(key.data_element).is_some_and(is_lost);
        let mut numbers = self.numbers();
        let there = numbers.store.get(&key).is_some_and(|stored| !stored.deleted);
        let stored = Stored {
            value: value.to_owned(),
            comment: None,
            followup: false,
            stored_by: "web.user".to_owned(),
            created: now,
            last_updated: now,
            deleted,
        };
        match (there, deleted) {
            (false, true) => {}
            (true, true) => numbers.store.put(key, stored, Change::Deleted, true),
            (true, false) => numbers.store.put(key, stored, Change::Updated, true),
            (false, false) => numbers.store.put(key, stored, Change::Created, true),
        }
    }

    /// How many changes and deletions of values were audited.
    pub fn audits(&self) -> usize {
        self.numbers().store.audits()
    }

    /// What was written to values, in order: what happened, to which value, and the value. Since the start, or since it was cleared.
    pub fn data_writes(&self) -> Vec<(Change, DataValue)> {
        let numbers = self.numbers();
        let line = |written: &super::store::Written| {
            let stored = numbers.store.get(&written.key).expect("a row is never removed");
            let then = DataValue { value: written.value.clone(), last_updated: written.at, ..DataValue::of(&written.key, stored) };
            (written.change, then)
        };
        numbers.store.written().iter().map(line).collect()
    }

    /// Forgets the log of writes, not what they did.
    pub fn clear_data_writes(&self) {
        self.numbers().store.clear_written();
    }

    /// All numbers and registrations are gone, with their rows: a backup of before was put back.
    pub fn lose_data(&self) {
        self.numbers().store.lose_all();
    }

    /// A user says of a data set that it is complete, or that it is not; or (`None`) takes the registration away altogether. Panics when an identifier is none,
    /// or the period is none of this release.
    pub fn complete_data_set(&self, [data_set, period, org_unit]: [&str; 3], completed: Option<bool>) {
        let uid = |id: &str| Uid::parse(id).unwrap_or_else(|| panic!("{id:?} is no identifier"));
        let key = super::store::Completion {
            data_set: uid(data_set),
            period: Period::parse(period, self.profile().number).expect("a period of the release"),
            org_unit: uid(org_unit),
            attribute_option_combo: self.model().default_option_combo,
        };
        let now = self.server().now();
        let mut numbers = self.numbers();
        let Some(completed) = completed else {
            numbers.store.registrations.remove(&key);
            return;
        };
        let user = "web.user".to_owned();
        let registered = super::store::Registered {
            completed,
            date: now,
            stored_by: user.clone(),
            created: now,
            last_updated: now,
            last_updated_by: user,
        };
        numbers.store.registrations.insert(key, registered);
    }

    /// What data sets were said to be complete, or no longer.
    pub fn registrations(&self) -> Vec<Registration> {
        let numbers = self.numbers();
        let registration = |(key, registered): (&super::store::Completion, &super::store::Registered)| Registration {
            data_set: key.data_set.to_string(),
            period: key.period.id(),
            org_unit: key.org_unit.to_string(),
            attribute_option_combo: key.attribute_option_combo.to_string(),
            completed: registered.completed,
            date: registered.date,
            stored_by: registered.stored_by.clone(),
        };
        numbers.store.registrations.iter().map(registration).collect()
    }

    /// An approver approves data of a workflow at a unit and all below. Panics when one of them is none.
    pub fn approve(&self, workflow: &str, period: &str, org_unit: &str, attribute_option_combo: &str) {
        let uid = |id: &str| Uid::parse(id).unwrap_or_else(|| panic!("{id:?} is no identifier"));
        let period = Period::parse(period, self.profile().number).expect("a period");
        self.numbers().store.approvals.insert((uid(workflow), period, uid(org_unit), uid(attribute_option_combo)));
    }

    /// The nightly job builds the tables of analytics.
    pub fn build_analytics(&self) {
        let model = self.model();
        let mut numbers = self.numbers();
        numbers.store.tables = Some(analytics::build(&model, &numbers.store, self.server().now()));
    }

    /// Another pace of imports in the background from now on.
    pub fn set_pace(&self, pace: Pace) {
        self.numbers().jobs.set_pace(pace);
    }

    /// Lets the imports run that are held; returns how many records they wrote.
    pub fn release_jobs(&self) -> usize {
        let held = self.numbers().jobs.release();
        held.iter().map(|(id, prepared)| imports::work(self.server(), *id, prepared)).sum()
    }

    /// The server forgets the jobs that have run, as it does after a while.
    pub fn evict_jobs(&self) {
        self.numbers().jobs.evict();
    }

    /// The server starts again: all jobs are forgotten, and those that had not run never will. What is stored stays.
    pub fn restart(&self) {
        self.numbers().jobs.forget();
    }
}
