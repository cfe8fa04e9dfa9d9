//! The days on which a person is to be followed up: of a case from its onset, of a contact from its last contact.

use serde_json::{Map, Value, json};

use super::dates;
use super::store::Store;

/// The status of who is to be followed up.
pub const UNDER_FOLLOW_UP: &str = "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_UNDER_FOLLOW_UP";

/// What a window is made from.
#[derive(Debug)]
pub struct Window {
    /// The day from which it is counted, in milliseconds; none: there is no window.
    pub from: Option<i64>,
    /// The name of the setting that lets it begin on that same day, and whether it is on.
    pub same_day: (&'static str, bool),
    /// How many days it has.
    pub days: i64,
}

impl Window {
    /// Sets `followUp`: the status stays as it is, and so does the start that was the first.
    pub fn set(&self, record: &mut Map<String, Value>) {
        let stored = record.get("followUp").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut window = Map::new();
        let status = stored.get("status").filter(|status| !status.is_null()).cloned();
        window.insert("status".to_owned(), status.unwrap_or_else(|| json!(UNDER_FOLLOW_UP)));
        if let Some(original) = stored.get("originalStartDate").filter(|date| !date.is_null()) {
            window.insert("originalStartDate".to_owned(), original.clone());
        }
        if let Some(from) = self.from {
            let (setting, same_day) = self.same_day;
            let start = dates::add_days(dates::start_of_day(from), i64::from(!same_day));
            window.entry("originalStartDate").or_insert_with(|| json!(dates::iso(start)));
            window.insert("startDate".to_owned(), json!(dates::iso(start)));
            window.insert("endDate".to_owned(), json!(dates::iso(dates::add_days(start, self.days - 1))));
            if same_day {
                window.insert(setting.to_owned(), json!(true));
            }
        }
        record.insert("followUp".to_owned(), Value::Object(window));
    }
}

/// The outbreak's record, which holds the settings.
pub fn settings(store: &Store, outbreak: &str) -> Map<String, Value> {
    store.outbreaks.get(outbreak).cloned().unwrap_or_default()
}

/// What the controller does to the `followUp` of a single PUT: with a status only the status counts.
pub fn guard(stored: &Map<String, Value>, sent: &mut Map<String, Value>) {
    let Some(Value::Object(follow_up)) = sent.get_mut("followUp") else {
        return;
    };
    let Some(status) = follow_up.get("status").filter(|status| !status.is_null()).cloned() else {
        return;
    };
    let mut kept = stored.get("followUp").and_then(Value::as_object).cloned().unwrap_or_default();
    kept.insert("status".to_owned(), status);
    *follow_up = kept;
}
