//! The same input in another order: rows of a CSV behind their header, lines of NDJSON, items or members of JSON.

use serde_json::Value;

use super::chance::Chance;

/// Another order for each seed, the same one each time.
fn shuffled<T>(mut items: Vec<T>, seed: u64) -> Vec<T> {
    let mut chance = Chance::new(seed);
    for last in (1..items.len()).rev() {
        items.swap(last, chance.below(last + 1));
    }
    items
}

/// The text of a file in another order. Rows of a CSV must not go over several lines.
pub fn text(name: &str, text: &str, seed: u64) -> String {
    let joined = |lines: Vec<&str>| lines.join("\n") + "\n";
    let ending = name.rsplit('.').next().unwrap_or_default();
    if ending == "json" {
        let value: Value = serde_json::from_str(text).expect("the file is JSON");
        return match value {
            Value::Array(items) => Value::Array(shuffled(items, seed)).to_string(),
            Value::Object(members) => {
                let members: Vec<(String, Value)> = shuffled(members.into_iter().collect(), seed);
                let written: Vec<String> =
                    members.iter().map(|(name, member)| format!("{}: {member}", Value::from(name.as_str()))).collect();
                format!("{{{}}}", written.join(",\n"))
            }
            other => other.to_string(),
        };
    }
    let mut lines = text.lines();
    if ending == "csv" {
        let header = lines.next().unwrap_or_default();
        return format!("{header}\n{}", joined(shuffled(lines.collect(), seed)));
    }
    joined(shuffled(lines.collect(), seed))
}
