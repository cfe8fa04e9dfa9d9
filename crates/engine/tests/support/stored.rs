//! What the simulated Go.Data stores, asked for by an analyst: how many records of a kind, and the fields of those that are named.

use kivuko_core::path::Path;
use kivuko_core::value;
use kivuko_sims::godata::Sim;
use serde_json::Value;

/// Types of people by the word of a scenario.
const PEOPLE: [(&str, &str); 4] = [
    ("cases", "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE"),
    ("contacts", "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT"),
    ("contacts-of-contacts", "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT_OF_CONTACT"),
    ("events", "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_EVENT"),
];

/// The records of a kind that are not deleted.
pub fn records(sim: &Sim, kind: &str) -> Vec<Value> {
    let all = match PEOPLE.iter().find(|(word, _)| *word == kind) {
        Some((_, id)) => sim.state().people().into_iter().filter(|person| person["type"] == *id).collect(),
        None => sim.state().collection(kind),
    };
    all.into_iter().filter(|record| record["deleted"] != Value::Bool(true)).collect()
}

/// Compares with `{ of: fields that all have, count, by: a path, each: { its value: fields } }`.
pub fn compare(kind: &str, found: &[Value], expected: &Value) -> Result<(), String> {
    let is_one = |record: &&Value| expected["of"].is_null() || missing(record, &expected["of"], kind).is_none();
    let own: Vec<&Value> = found.iter().filter(is_one).collect();
    if expected["count"].is_u64() && expected["count"] != own.len() {
        return Err(format!("expected {} of {kind}, Go.Data holds {}", expected["count"], own.len()));
    }
    let Some(each) = expected["each"].as_object() else { return Ok(()) };
    let by = Path::parse(expected["by"].as_str().ok_or("`each` needs `by`, a path")?).map_err(|error| error.to_string())?;
    for (key, fields) in each {
        let named: Vec<&&Value> = own.iter().filter(|record| by.one(record).and_then(value::text).as_ref() == Some(key)).collect();
        match (named.as_slice(), fields) {
            ([], Value::Null) => {}
            ([record], fields) if !fields.is_null() => {
                if let Some(difference) = missing(record, fields, key) {
                    return Err(difference);
                }
            }
            (others, _) => return Err(format!("Go.Data holds {} of {kind} with {by} {key}", others.len())),
        }
    }
    Ok(())
}

/// The first thing that is expected and not so.
pub fn missing(found: &Value, expected: &Value, place: &str) -> Option<String> {
    match (found, expected) {
        (_, Value::Null) if found.is_null() => None,
        (Value::Object(found), Value::Object(expected)) => expected
            .iter()
            .find_map(|(name, expected)| missing(found.get(name).unwrap_or(&Value::Null), expected, &format!("{place}.{name}"))),
        (Value::Array(found), Value::Array(expected)) if found.len() == expected.len() => {
            found.iter().zip(expected).enumerate().find_map(|(at, (found, expected))| missing(found, expected, &format!("{place}[{at}]")))
        }
        _ if found == expected => None,
        _ => Some(format!("expected {place} to be {expected}, Go.Data has {found}")),
    }
}
