//! Reference data: ids made from labels, labels kept as translations of tokens, items that cannot be edited.

use serde_json::{Map, Value, json};

use super::built_in::{self, PREFIX};
use super::cases::Author;
use super::coerce;
use super::dates;
use super::error::{Error, Result};
use super::field_labels;
use super::labels_fr;
use super::languages;
use super::schema::REFERENCE_DATA;
use super::store::{Store, is_deleted};

/// What may be changed of an item that cannot be edited.
const CUSTOMISABLE: [&str; 10] =
    ["active", "value", "description", "iconId", "colorCode", "order", "code", "geoLocation", "isSystemWide", "allowedRefDataItems"];

/// Fields of people that hold items of reference data, to know which are in use.
const USED_BY: [&str; 8] =
    ["gender", "occupation", "riskLevel", "outcomeId", "pregnancyStatus", "classification", "investigationStatus", "disease"];

/// Fills the store with what a server has from its installation.
pub fn seed(store: &mut Store, now: i64) {
    let stamp = dates::iso(now);
    field_labels::seed(&mut store.languages, now);
    for category in &built_in::CATEGORIES {
        for (position, item) in category.items.iter().enumerate() {
            let suffix = item.trim_start_matches('!');
            let id = format!("{}_{suffix}", category.id());
            store.languages.set("french_fr", &id, labels_fr::label(category.name, suffix).unwrap_or(suffix), now);
            store.languages.set(languages::DEFAULT, &id, &built_in::label(category, suffix), now);
            let record = json!({
                "id": id, "categoryId": category.id(), "value": id, "description": format!("{id}_DESCRIPTION"),
                "readOnly": item.starts_with('!'), "active": true, "order": position + 1, "isDefaultReferenceData": true,
                "createdAt": stamp, "createdBy": "system", "updatedAt": stamp, "updatedBy": "system", "dbUpdatedAt": stamp,
                "deleted": false
            });
            if let Value::Object(record) = record {
                store.reference_data.put(record);
            }
        }
    }
}

/// Adds an item as a deployment has it: its id as given, its `value` is the label.
pub fn seed_item(store: &mut Store, item: &Value, author: &Author) {
    let Some(mut record) = item.as_object().cloned() else {
        return;
    };
    let label = record.get("value").and_then(Value::as_str).unwrap_or_default().to_owned();
    let category = record.get("categoryId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let id = record.get("id").and_then(Value::as_str).map_or_else(|| item_id(&category, &label, None), str::to_owned);
    store.languages.set(languages::DEFAULT, &id, &label, author.now);
    record.entry("active").or_insert(json!(true));
    record.entry("readOnly").or_insert(json!(false));
    record.insert("id".to_owned(), json!(id));
    record.insert("value".to_owned(), json!(id));
    author.stamp_new(&mut record);
    store.reference_data.put(record);
}

/// The categories, as `available-categories` lists them.
pub fn categories() -> Value {
    let row = |category: &built_in::Category| {
        let id = category.id();
        json!({"id": id, "name": id, "description": format!("{id}_DESCRIPTION")})
    };
    built_in::CATEGORIES.iter().map(row).collect()
}

/// Creates an item; its id comes from its label, whatever was sent.
pub fn create(store: &mut Store, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    REFERENCE_DATA.strip(&mut sent);
    coerce::record(&REFERENCE_DATA, &mut sent)?;
    sent.entry("active").or_insert(json!(true));
    let mut problems = REFERENCE_DATA.missing(&sent);
    let category = sent.get("categoryId").and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = built_in::CATEGORIES.iter().any(|known| known.id() == category);
    if !category.is_empty() && !known {
        problems.push(("categoryId".to_owned(), "inclusion", format!("is not included in the list (value: \"{category}\")")));
    }
    if !problems.is_empty() {
        return Err(Error::validation("referenceData", &problems));
    }
    let label = sent.get("value").and_then(Value::as_str).unwrap_or_default().to_owned();
    check_label(store, &author.language, &category, &label, None)?;
    check_code(store, &sent, None)?;
    let outbreak = sent.get("outbreakId").and_then(Value::as_str).map(str::to_owned);
    let id = item_id(&category, &label, outbreak.as_deref());
    if store.reference_data.get(&id).is_some() {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{id}` already exists")));
    }
    let mut record = sent;
    store.languages.set(&author.language, &id, &label, author.now);
    describe(store, &id, &mut record, author);
    record.insert("id".to_owned(), json!(id));
    record.insert("value".to_owned(), json!(id));
    record.insert("readOnly".to_owned(), json!(false));
    author.stamp_new(&mut record);
    store.reference_data.put(record);
    Ok(id)
}

/// Changes an item; a new `value` or `description` changes the translation only.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    let stored = store.reference_data.live(id).cloned().ok_or_else(|| Error::no_such_model("referenceData", id))?;
    REFERENCE_DATA.strip(&mut sent);
    coerce::record(&REFERENCE_DATA, &mut sent)?;
    if is_read_only(&stored) || in_use(store, id) {
        sent.retain(|field, _| CUSTOMISABLE.contains(&field.as_str()));
    }
    let category = stored.get("categoryId").and_then(Value::as_str).unwrap_or_default().to_owned();
    check_code(store, &sent, Some(id))?;
    if let Some(Value::String(label)) = sent.remove("value").filter(|label| label.as_str() != Some("")) {
        check_label(store, &author.language, &category, &label, Some(id))?;
        store.languages.set(&author.language, id, &label, author.now);
    }
    let mut record = stored;
    describe(store, id, &mut sent, author);
    record.extend(sent);
    author.stamp(&mut record);
    store.reference_data.put(record);
    Ok(())
}

/// Soft-deletes an item that may be edited and is not used.
pub fn delete(store: &mut Store, id: &str, author: &Author) -> Result<usize> {
    let Some(stored) = store.reference_data.live(id).cloned() else {
        return Ok(0);
    };
    if is_read_only(&stored) {
        let message = format!("Model `referenceData` id `{id}` is not editable (read-only).");
        return Err(Error::coded(422, "MODEL_NOT_EDITABLE", message));
    }
    if in_use(store, id) {
        return Err(Error::coded(422, "MODEL_IN_USE", format!("Model `referenceData` id `{id}` is in use.")));
    }
    let mut record = stored;
    author.stamp(&mut record);
    record.insert("deleted".to_owned(), json!(true));
    record.insert("deletedAt".to_owned(), json!(dates::iso(author.now)));
    store.reference_data.put(record);
    Ok(1)
}

/// The item of a centre's name, made when it is not there.
pub fn centre(store: &mut Store, name: &str, author: &Author) -> Result<String> {
    let category = format!("{PREFIX}CENTRE_NAME");
    let id = item_id(&category, name, None);
    if store.reference_data.get(&id).is_none() {
        let item = json!({"categoryId": category, "value": name});
        create(store, item.as_object().cloned().unwrap_or_default(), author)?;
    }
    Ok(id)
}

/// Category, underscore, label in upper snake case.
fn item_id(category: &str, label: &str, outbreak: Option<&str>) -> String {
    let prefix = outbreak.map(|id| format!("LNG_OUTBREAK_{}_", id.to_uppercase())).unwrap_or_default();
    format!("{prefix}{category}_{}", snake(label).to_uppercase())
}

/// Words as lodash sees them: at case changes, at digits, at everything that is neither.
pub fn snake(label: &str) -> String {
    let characters: Vec<char> = label.chars().filter(|c| *c != '\'' && *c != '\u{2019}').collect();
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    for (at, &character) in characters.iter().enumerate() {
        if !character.is_alphanumeric() {
            if !word.is_empty() {
                words.push(std::mem::take(&mut word));
            }
            continue;
        }
        let before = (at > 0).then(|| characters[at - 1]);
        let after = characters.get(at + 1);
        let starts = word.chars().next_back().is_some()
            && before.is_some_and(|before| {
                (before.is_lowercase() && character.is_uppercase())
                    || (before.is_numeric() != character.is_numeric())
                    || (before.is_uppercase() && character.is_uppercase() && after.is_some_and(|next| next.is_lowercase()))
            });
        if starts {
            words.push(std::mem::take(&mut word));
        }
        word.push(character);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words.join("_").to_lowercase()
}

fn describe(store: &mut Store, id: &str, record: &mut Map<String, Value>, author: &Author) {
    let text = record.get("description").and_then(Value::as_str).unwrap_or_default().to_owned();
    if text.is_empty() {
        return;
    }
    let token = format!("{id}_DESCRIPTION");
    store.languages.set(&author.language, &token, &text, author.now);
    record.insert("description".to_owned(), json!(token));
}

fn is_read_only(record: &Map<String, Value>) -> bool {
    record.get("readOnly") == Some(&Value::Bool(true))
}

/// The label must be new in its category, as far as the caller's language shows.
fn check_label(store: &Store, language: &str, category: &str, label: &str, own: Option<&str>) -> Result<()> {
    let same = store.reference_data.all().iter().any(|item| {
        let id = item.get("id").and_then(Value::as_str).unwrap_or_default();
        !is_deleted(item)
            && own != Some(id)
            && item.get("categoryId").and_then(Value::as_str) == Some(category)
            && store.languages.text(language, id) == Some(label)
    });
    if same {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{label}` already exists")));
    }
    Ok(())
}

fn check_code(store: &Store, sent: &Map<String, Value>, own: Option<&str>) -> Result<()> {
    let Some(code) = sent.get("code").and_then(Value::as_str).filter(|code| !code.is_empty()) else {
        return Ok(());
    };
    let same = store.reference_data.all().iter().any(|item| {
        !is_deleted(item) && item.get("id").and_then(Value::as_str) != own && item.get("code").and_then(Value::as_str) == Some(code)
    });
    if same {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with code `{code}` already exists")));
    }
    Ok(())
}

fn in_use(store: &Store, id: &str) -> bool {
    let quoted = format!("\"{id}\"");
    let in_people = store.people.all().iter().filter(|person| !person.deleted).any(|person| {
        // The text is searched first: nearly every person is ruled out without being parsed.
        memchr_text(&person.text, quoted.as_bytes()) && {
            let record = person.record();
            USED_BY.iter().any(|field| record.get(*field).and_then(Value::as_str) == Some(id))
                || ["documents", "addresses", "dateRanges", "vaccinesReceived"]
                    .iter()
                    .any(|field| record.get(*field).is_some_and(|value| value.to_string().contains(&quoted)))
        }
    });
    let names = |record: &Map<String, Value>| {
        ["geographicalLevelId", "disease"].iter().any(|field| record.get(*field).and_then(Value::as_str) == Some(id))
    };
    in_people || store.locations.matching(false, None).any(names) || store.outbreaks.matching(false, None).any(names)
}

fn memchr_text(text: &[u8], wanted: &[u8]) -> bool {
    text.windows(wanted.len()).any(|window| window == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_labels_as_lodash_makes_them() {
        let check = |label: &str, expected: &str| assert_eq!(snake(label).to_uppercase(), expected, "{label}");
        check("Health Care Worker", "HEALTH_CARE_WORKER");
        check("2019-nCoV", "2019_N_CO_V");
        check("IgC or IgM", "IG_C_OR_IG_M");
        check("Not a Case (Discarded)", "NOT_A_CASE_DISCARDED");
        check("RT-PCR", "RT_PCR");
        check("1-5 times", "1_5_TIMES");
        check("Couldn't reach", "COULDNT_REACH");
        check("XMLHttp", "XML_HTTP");
    }

    #[test]
    fn the_categories_are_38_and_ids_are_unique() {
        let mut store = Store::default();
        seed(&mut store, 0);
        let items: usize = built_in::CATEGORIES.iter().map(|category| category.items.len()).sum();
        assert_eq!(store.reference_data.all().len(), items);
        assert_eq!(categories().as_array().map(Vec::len), Some(38));
    }
}
