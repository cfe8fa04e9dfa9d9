//! What a case has besides what every person has: a history of classifications, centres, a window of follow-up.

use serde_json::{Map, Value, json};

use super::dates;
use super::error::Result;
use super::follow_up_window::{Window, settings};
use super::person_types::CASE;
use super::reference_data;
use super::store::Store;

const DISCARDED: &str = "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_NOT_A_CASE_DISCARDED";

/// Who writes, when and through what.
#[derive(Debug, Clone)]
pub struct Author {
    /// Milliseconds since 1970.
    pub now: i64,
    /// Id of the user.
    pub user: String,
    /// `API`, `WEB` ...
    pub platform: String,
    /// The language that the user reads.
    pub language: String,
    /// Whether an id that the client chose is kept.
    pub custom_ids: bool,
}

impl Author {
    /// Sets the stamps of a new record.
    pub fn stamp_new(&self, record: &mut Map<String, Value>) {
        let now = dates::iso(self.now);
        for field in ["createdAt", "updatedAt", "dbUpdatedAt"] {
            record.insert(field.to_owned(), json!(now));
        }
        record.insert("createdBy".to_owned(), json!(self.user));
        record.insert("updatedBy".to_owned(), json!(self.user));
        record.insert("createdOn".to_owned(), json!(self.platform));
        record.insert("deleted".to_owned(), json!(false));
    }

    /// Sets the stamps of a changed record.
    pub fn stamp(&self, record: &mut Map<String, Value>) {
        let now = dates::iso(self.now);
        record.insert("updatedAt".to_owned(), json!(now));
        record.insert("dbUpdatedAt".to_owned(), json!(now));
        record.insert("updatedBy".to_owned(), json!(self.user));
    }
}

/// Whether a person of this type and with this record is a case that was found to be none.
pub fn is_discarded(kind: &str, record: &Map<String, Value>) -> bool {
    kind == CASE.id && record.get("classification").and_then(Value::as_str) == Some(DISCARDED)
}

/// Closes the open row when the classification has changed, and opens the next.
pub fn classification_history(record: &mut Map<String, Value>, author: &Author) {
    let now = json!(dates::iso(author.now));
    let classification = record.get("classification").cloned();
    let row = |classification: Option<Value>| {
        let mut row = Map::new();
        if let Some(classification) = classification {
            row.insert("classification".to_owned(), classification);
        }
        row.insert("startDate".to_owned(), now.clone());
        Value::Object(row)
    };
    let history = record.entry("classificationHistory").or_insert_with(|| json!([]));
    if !history.is_array() {
        *history = json!([]);
    }
    let Some(rows) = history.as_array_mut() else {
        return;
    };
    let open = rows.iter_mut().find(|row| row.get("endDate").is_none_or(Value::is_null));
    match open {
        Some(open) if open.get("classification") == classification.as_ref() => {}
        Some(open) => {
            open["endDate"] = now.clone();
            rows.push(row(classification));
        }
        None => rows.push(row(classification)),
    }
}

/// Free text in `dateRanges[].centerName` becomes an item of reference data.
pub fn name_centres(store: &mut Store, record: &mut Map<String, Value>, author: &Author) -> Result<()> {
    let Some(Value::Array(ranges)) = record.get_mut("dateRanges") else {
        return Ok(());
    };
    for range in ranges {
        let Some(Value::String(centre)) = range.get_mut("centerName") else {
            continue;
        };
        let name = centre.trim();
        if name.is_empty() || name.starts_with("LNG_REFERENCE_DATA") {
            continue;
        }
        *centre = reference_data::centre(store, name, author)?;
    }
    Ok(())
}

/// Sets the window in which a case is followed up, from its date of onset.
pub fn follow_up(store: &Store, outbreak: &str, record: &mut Map<String, Value>) {
    let settings = settings(store, outbreak);
    let onset = record.get("dateOfOnset").and_then(Value::as_str).and_then(dates::javascript);
    let window = Window {
        from: onset,
        same_day: ("generateFollowUpsDateOfOnset", settings.get("generateFollowUpsDateOfOnset") == Some(&Value::Bool(true))),
        days: settings.get("periodOfFollowupCases").and_then(Value::as_i64).unwrap_or(1),
    };
    window.set(record);
    record.insert("active".to_owned(), json!(true));
}
