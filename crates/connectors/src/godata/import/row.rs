//! The rows of an import file, each with an id that is always the same for the same record.
//!
//! Go.Data keeps the id that a row has, and refuses a row whose id is there already as long as the row brings no time of change. So a file that is imported a
//! second time, because nobody knew what became of the first one, makes nothing twice and changes nothing.

use kivuko_core::connector::Key;
use serde_json::{Map, Value, json};

/// The id of the row of a key: made from the outbreak, the resource and the key, in the form of a UUID.
pub fn id(outbreak: &str, resource: &str, key: &Key) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in ["kivuko: a row of a Go.Data import", outbreak, resource].into_iter().chain(key.0.iter().map(String::as_str)) {
        // With their lengths, so that no two keys run together.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    // RFC 9562: version 8, made by a rule of one's own.
    bytes[6] = (bytes[6] & 0x0f) | 0x80;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The file, and the map that sends each of its fields to the field of the same name.
pub fn file<'r>(rows: impl IntoIterator<Item = (&'r str, &'r Value)>) -> (Vec<u8>, Value) {
    let mut map = Map::new();
    let row = |(id, body): (&str, &Value)| {
        let mut row = body.as_object().cloned().unwrap_or_default();
        row.insert("id".to_owned(), json!(id));
        map.extend(row.keys().map(|field| (field.clone(), json!(field))));
        Value::Object(row)
    };
    let rows = Value::Array(rows.into_iter().map(row).collect());
    (rows.to_string().into_bytes(), Value::Object(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_for_the_same_record_and_for_no_other() {
        let key = |parts: &[&str]| Key(parts.iter().map(|part| (*part).to_owned()).collect());
        let one = id("o", "cases", &key(&["A", "B"]));
        assert_eq!(one, id("o", "cases", &key(&["A", "B"])));
        // It is written down: another version of Kivuko has to make the same one.
        assert_eq!(one, "103a2e6d-18a3-8bf1-bbd8-f15879660bdd");
        for other in [id("o", "cases", &key(&["AB"])), id("p", "cases", &key(&["A", "B"])), id("o", "events", &key(&["A", "B"]))] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn a_file_has_all_fields_of_its_rows_in_its_map() {
        let (content, map) = file([("1", &json!({ "a": 1 })), ("2", &json!({ "b": [{ "c": 2 }] }))]);
        assert_eq!(
            serde_json::from_slice::<Value>(&content).expect("JSON"),
            json!([{ "a": 1, "id": "1" }, { "b": [{ "c": 2 }], "id": "2" }])
        );
        assert_eq!(map, json!({ "a": "a", "b": "b", "id": "id" }));
    }
}
