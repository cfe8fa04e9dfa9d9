//! What a contact has besides what every person has: a window of follow-up that its relationships make.

use serde_json::{Map, Value, json};

use super::dates;
use super::follow_up_window::{Window, settings};
use super::relationships;
use super::store::Store;

/// Sets the window in which a contact is followed up, and whether it is active, from the newest of its active
/// relationships with a case or an event.
///
/// The backend does this when a contact is changed, not when it is created.
pub fn follow_up(store: &Store, outbreak: &str, record: &mut Map<String, Value>) {
    let id = record.get("id").and_then(Value::as_str).unwrap_or_default();
    let newest = relationships::newest_exposure(store, id);
    let settings = settings(store, outbreak);
    let setting = "generateFollowUpsDateOfLastContact";
    let contact_date = |relationship: &Map<String, Value>| relationship.get("contactDate")?.as_str().and_then(dates::javascript);
    let window = Window {
        from: newest.as_ref().and_then(contact_date),
        same_day: (setting, settings.get(setting) == Some(&Value::Bool(true))),
        days: settings.get("periodOfFollowup").and_then(Value::as_i64).unwrap_or(1),
    };
    window.set(record);
    record.insert("active".to_owned(), json!(newest.is_some()));
}
