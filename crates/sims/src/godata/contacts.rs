//! What a contact has besides what every person has: a window of follow-up that its relationships make.

use serde_json::{Map, Value, json};

use super::cases::Author;
use super::dates;
use super::error::Result;
use super::follow_up_window::{UNDER_FOLLOW_UP, Window, settings};
use super::person;
use super::person_types::CONTACT;
use super::relationships;
use super::rows::Row;
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

/// The settings of an outbreak that decide on the windows of its contacts.
const SETTINGS: [&str; 2] = ["periodOfFollowup", "generateFollowUpsDateOfLastContact"];

/// The settings of an outbreak were changed: when they decide on windows, every contact under follow-up is saved again.
pub fn settings_changed(store: &mut Store, outbreak: &str, before: &Map<String, Value>, author: &Author) -> Result<()> {
    let after = settings(store, outbreak);
    if SETTINGS.iter().all(|setting| before.get(*setting) == after.get(*setting)) {
        return Ok(());
    }
    let is_followed = |row: &&Row| {
        let status = || row.field("followUp").and_then(|window| window.get("status").cloned());
        row.kind == CONTACT.id && *row.outbreak == *outbreak && !row.deleted && status() == Some(json!(UNDER_FOLLOW_UP))
    };
    let followed: Vec<String> = store.people.all().iter().filter(is_followed).map(|row| row.id.to_string()).collect();
    for contact in followed {
        person::update(store, &contact, Map::new(), author)?;
    }
    Ok(())
}
