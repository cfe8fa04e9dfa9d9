//! The rules of a case: what a create, an update, a delete and a restore do to it.

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::coerce;
use super::dates;
use super::error::{Error, Result};
use super::parents;
use super::reference_data;
use super::schema::{self, CASE};
use super::store::Store;

/// `type` of a case.
pub const TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE";

const CURRENT_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE";
const PREVIOUS_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_PREVIOUS_USUAL_PLACE_OF_RESIDENCE";
const ARCHIVED_ID: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_ARCHIVED_ID";
const UNDER_FOLLOW_UP: &str = "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_UNDER_FOLLOW_UP";

/// Who writes, when and through what.
#[derive(Debug, Clone)]
pub struct Author {
    /// Milliseconds since 1970.
    pub now: i64,
    /// Id of the user.
    pub user: String,
    /// `API`, `WEB` ...
    pub platform: String,
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

/// Creates a case and returns its id.
pub fn create(store: &mut Store, outbreak: &str, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|id| author.custom_ids && !id.is_empty()).map(str::to_owned);
    CASE.strip(&mut sent);
    coerce::record(&CASE, &mut sent)?;
    let mut record = sent;
    for (field, value) in schema::case_defaults() {
        record.entry(field).or_insert(value);
    }
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    if store.people.get(&id).is_some() {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{id}` already exists")));
    }
    record.insert("id".to_owned(), json!(id));
    record.insert("outbreakId".to_owned(), json!(outbreak));
    check_addresses(&record)?;
    let visual_id = record.remove("visualId");
    if let Some(visual_id) = resolve_visual_id(store, outbreak, visual_id.as_ref(), None)? {
        record.insert("visualId".to_owned(), json!(visual_id));
    }
    author.stamp_new(&mut record);
    derive(store, &mut record, author)?;
    if record.get("dateOfOnset").is_some_and(Value::is_string) {
        follow_up(store, outbreak, &mut record);
    }
    store.people.insert(TYPE, &record);
    Ok(id)
}

/// Changes the fields that were sent; arrays and nested objects are replaced whole.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    CASE.strip(&mut sent);
    coerce::record(&CASE, &mut sent)?;
    let person = store.people.get(id).ok_or_else(|| Error::no_instance("case", id))?;
    let outbreak = person.outbreak.to_string();
    let before = person.record();
    let mut record = before.clone();
    let visual_id = sent.remove("visualId");
    record.extend(sent);
    check_addresses(&record)?;
    if let Some(visual_id) = resolve_visual_id(store, &outbreak, visual_id.as_ref(), Some(id))? {
        record.insert("visualId".to_owned(), json!(visual_id));
    }
    author.stamp(&mut record);
    derive(store, &mut record, author)?;
    if record.get("dateOfOnset") != before.get("dateOfOnset") {
        follow_up(store, &outbreak, &mut record);
    }
    store.people.replace(&before, &record);
    Ok(())
}

/// Soft-deletes a case: its visual id moves to the documents.
pub fn delete(store: &mut Store, id: &str, author: &Author) {
    let Some(person) = store.people.get(id) else {
        return;
    };
    let before = person.record();
    let mut record = before.clone();
    if let Some(Value::String(visual_id)) = record.insert("visualId".to_owned(), Value::Null) {
        let archived = json!({"type": ARCHIVED_ID, "number": visual_id});
        match record.get_mut("documents") {
            Some(Value::Array(documents)) => documents.push(archived),
            _ => {
                record.insert("documents".to_owned(), json!([archived]));
            }
        }
    }
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(true));
    record.insert("deletedAt".to_owned(), json!(dates::iso(author.now)));
    store.people.replace(&before, &record);
    parents::person_deleted(store, id, author);
}

/// Brings a deleted case back, without its visual id.
pub fn restore(store: &mut Store, id: &str, author: &Author) {
    let Some(person) = store.people.get(id) else {
        return;
    };
    let before = person.record();
    let mut record = before.clone();
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(false));
    record.insert("deletedAt".to_owned(), Value::Null);
    store.people.replace(&before, &record);
    parents::person_restored(store, id, author);
}

/// What the controller does to the `followUp` of a single PUT: with a status only the status counts.
pub fn guard_follow_up(stored: &Map<String, Value>, sent: &mut Map<String, Value>) {
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

fn check_addresses(record: &Map<String, Value>) -> Result<()> {
    let Some(Value::Array(addresses)) = record.get("addresses") else {
        return Ok(());
    };
    if addresses.is_empty() {
        return Ok(());
    }
    let of_type =
        |wanted: &'static str| addresses.iter().filter(move |address| address.get("typeId").and_then(Value::as_str) == Some(wanted));
    match of_type(CURRENT_ADDRESS).count() {
        0 => {
            return Err(Error::coded(
                422,
                "ADDRESS_MUST_HAVE_USUAL_PLACE_OF_RESIDENCE",
                "One of the addresses must be set as Current address",
            ));
        }
        1 => {}
        _ => {
            return Err(Error::coded(
                422,
                "ADDRESS_MULTIPLE_USUAL_PLACE_OF_RESIDENCE",
                "Multiple addresses set as Current address. Only one address should be set as Current address",
            ));
        }
    }
    if of_type(PREVIOUS_ADDRESS).any(|address| address.get("date").is_none_or(Value::is_null)) {
        return Err(Error::coded(
            422,
            "ADDRESS_PREVIOUS_PLACE_OF_RESIDENCE_MUST_HAVE_DATE",
            "Addresses set as Previous Current address must have a date set",
        ));
    }
    Ok(())
}

/// The visual id to store; `None` leaves the record as it is, which is why null and "" clear nothing.
fn resolve_visual_id(store: &Store, outbreak: &str, sent: Option<&Value>, own: Option<&str>) -> Result<Option<String>> {
    let Some(Value::String(sent)) = sent.filter(|sent| sent.as_str() != Some("")) else {
        return Ok(None);
    };
    if let Some(owner) = store.people.owner_of(outbreak, sent)
        && own != Some(&*owner.id)
    {
        let message = format!("The visual identifier `{sent}` is not unique.");
        return Err(Error::coded(409, "DUPLICATE_VISUAL_ID", message).details(json!({"id": sent})));
    }
    let owned = own.is_some() && store.people.owner_of(outbreak, sent).is_some();
    let none = std::collections::BTreeMap::new();
    let taken = store.people.visual_ids(outbreak).unwrap_or(&none);
    let resolved = store.masks.resolve(&store.mask(outbreak), sent, taken)?;
    Ok(Some(if owned { sent.clone() } else { resolved }))
}

/// The fields that the server keeps by itself.
fn derive(store: &mut Store, record: &mut Map<String, Value>, author: &Author) -> Result<()> {
    let addresses = record.get("addresses").and_then(Value::as_array);
    let current = addresses
        .and_then(|addresses| addresses.iter().find(|address| address.get("typeId").and_then(Value::as_str) == Some(CURRENT_ADDRESS)));
    if addresses.is_some() {
        let place = current.and_then(|address| address.get("locationId")).cloned().unwrap_or(Value::Null);
        record.insert("usualPlaceOfResidenceLocationId".to_owned(), place);
    }
    classification_history(record, author);
    record.insert("duplicateKeys".to_owned(), duplicate_keys(record));
    name_centres(store, record, author)
}

/// Closes the open row when the classification has changed, and opens the next.
fn classification_history(record: &mut Map<String, Value>, author: &Author) {
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

/// Pairs of names, and types with numbers of documents, by letters and digits only.
fn duplicate_keys(record: &Map<String, Value>) -> Value {
    fn key(object: &Map<String, Value>, pair: [&str; 2]) -> Option<Value> {
        let mut parts = Vec::new();
        for field in pair {
            let text = object.get(field)?.as_str()?;
            let plain: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            if plain.is_empty() {
                return None;
            }
            parts.push(plain);
        }
        parts.sort();
        Some(json!(parts.concat()))
    }
    let pairs = [["firstName", "lastName"], ["firstName", "middleName"], ["lastName", "middleName"]];
    let names: Vec<Value> = pairs.into_iter().filter_map(|pair| key(record, pair)).collect();
    let documents = record.get("documents").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let documents: Vec<Value> =
        documents.iter().filter_map(Value::as_object).filter_map(|document| key(document, ["type", "number"])).collect();
    let mut keys = Map::new();
    if !names.is_empty() {
        keys.insert("name".to_owned(), json!(names));
    }
    if !documents.is_empty() {
        keys.insert("document".to_owned(), json!(documents));
    }
    Value::Object(keys)
}

/// Free text in `dateRanges[].centerName` becomes an item of reference data.
fn name_centres(store: &mut Store, record: &mut Map<String, Value>, author: &Author) -> Result<()> {
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

/// The window in which a case is followed up, from its date of onset.
fn follow_up(store: &Store, outbreak: &str, record: &mut Map<String, Value>) {
    let stored = record.get("followUp").and_then(Value::as_object).cloned().unwrap_or_default();
    let settings = store.outbreaks.get(outbreak).cloned().unwrap_or_default();
    let mut window = Map::new();
    let status = stored.get("status").filter(|status| !status.is_null()).cloned();
    window.insert("status".to_owned(), status.unwrap_or_else(|| json!(UNDER_FOLLOW_UP)));
    if let Some(original) = stored.get("originalStartDate").filter(|date| !date.is_null()) {
        window.insert("originalStartDate".to_owned(), original.clone());
    }
    if let Some(onset) = record.get("dateOfOnset").and_then(Value::as_str).and_then(dates::javascript) {
        let same_day = settings.get("generateFollowUpsDateOfOnset") == Some(&Value::Bool(true));
        let start = dates::add_days(dates::start_of_day(onset), i64::from(!same_day));
        let length = settings.get("periodOfFollowupCases").and_then(Value::as_i64).unwrap_or(1);
        window.entry("originalStartDate").or_insert_with(|| json!(dates::iso(start)));
        window.insert("startDate".to_owned(), json!(dates::iso(start)));
        window.insert("endDate".to_owned(), json!(dates::iso(dates::add_days(start, length - 1))));
        if same_day {
            window.insert("generateFollowUpsDateOfOnset".to_owned(), json!(true));
        }
    }
    record.insert("followUp".to_owned(), Value::Object(window));
    record.insert("active".to_owned(), json!(true));
}
