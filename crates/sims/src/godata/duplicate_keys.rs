//! By what Go.Data itself knows likely duplicates.

use serde_json::{Map, Value, json};

/// Pairs of names, and types with numbers of documents, by letters and digits only.
pub fn of(record: &Map<String, Value>) -> Value {
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
