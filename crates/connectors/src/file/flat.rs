//! A nested record as the cells of a row, and back: `{"a": {"b": 1}, "c": ["x"]}` has the columns `a.b` and `c[0]`.

use std::borrow::Cow;

use kivuko_core::path::{Path, Segment};
use kivuko_core::value;
use serde_json::{Map, Value};

/// The column of a path, where a path is one column and no search.
pub fn column(path: &Path) -> Option<String> {
    let plain = path.segments().iter().all(|segment| matches!(segment, Segment::Field(_) | Segment::Index(_)));
    plain.then(|| path.to_string())
}

/// The columns and texts of a record, in its order. Empty objects and arrays have none.
pub fn cells(record: &Value) -> Vec<(String, String)> {
    let mut cells = Vec::new();
    if let Value::Object(members) = record {
        for (name, member) in members {
            flatten(&Path::field(name).to_string(), member, &mut cells);
        }
    }
    cells
}

fn flatten(path: &str, from: &Value, cells: &mut Vec<(String, String)>) {
    match from {
        Value::Object(members) => {
            for (name, member) in members {
                let name = Path::field(name).to_string();
                let dot = if name.starts_with('[') { "" } else { "." };
                flatten(&format!("{path}{dot}{name}"), member, cells);
            }
        }
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                flatten(&format!("{path}[{position}]"), item, cells);
            }
        }
        scalar => cells.push((path.to_owned(), value::text(scalar).unwrap_or_default())),
    }
}

/// What a column that is there is called as a path: a column that is no path is a field of that name.
pub fn canonical(name: &str) -> String {
    Path::parse(name).ok().and_then(|path| column(&path)).unwrap_or_else(|| Path::field(name).to_string())
}

/// A column that cannot be a field of one record together with another one (`a` and `a.b`).
pub fn clash(columns: &[String]) -> Option<&String> {
    let mut record = Value::Object(Map::new());
    let paths: Vec<Option<Path>> = columns.iter().map(|name| Path::parse(&canonical(name)).ok()).collect();
    let set = |(position, path): (usize, &Option<Path>)| path.as_ref().is_some_and(|path| path.set(&mut record, position.into()).is_ok());
    if let Some(refused) = paths.iter().enumerate().map(set).position(|set| !set) {
        return columns.get(refused);
    }
    // One that was set may have been replaced by a later one.
    let replaced = |(position, path): (usize, &Option<Path>)| path.as_ref().and_then(|path| path.one(&record)) != Some(&position.into());
    columns.get(paths.iter().enumerate().position(replaced)?)
}

/// The record of a row; empty cells are left out. The columns do not clash.
pub fn record<'t>(columns: &[String], texts: impl Iterator<Item = &'t str>) -> Value {
    let mut record = Value::Object(Map::new());
    for (name, text) in columns.iter().zip(texts).filter(|(_, text)| !text.is_empty()) {
        let set = Path::parse(&canonical(name)).and_then(|path| path.set(&mut record, text.into()));
        debug_assert!(set.is_ok(), "the columns of a file were checked");
    }
    record
}

/// A record as it will be read again from its cells: without what is empty.
pub fn record_of_cells(from: &Value) -> Value {
    let (columns, texts): (Vec<String>, Vec<String>) = cells(from).into_iter().filter(|(_, text)| !text.is_empty()).unzip();
    record(&columns, texts.iter().map(String::as_str))
}

/// A record whose scalars are texts, as a file of cells holds them.
pub fn texts(from: Value) -> Value {
    match from {
        Value::Null => Value::Null,
        Value::Object(members) => Value::Object(members.into_iter().map(|(name, member)| (name, texts(member))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(texts).collect()),
        scalar => value::text(&scalar).map_or(Value::Null, Value::from),
    }
}

/// A cell as it stands in a CSV.
pub fn quoted(text: &str, separator: u8) -> Cow<'_, str> {
    let needs =
        text.bytes().any(|byte| byte == separator || matches!(byte, b'"' | b'\n' | b'\r')) || text.starts_with(' ') || text.ends_with(' ');
    if needs { format!("\"{}\"", text.replace('"', "\"\"")).into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn records_become_cells_and_back() {
        let check = |record_: Value, columns: &[&str]| {
            let flat = cells(&record_);
            assert_eq!(flat.iter().map(|(column, _)| column.as_str()).collect::<Vec<_>>(), columns);
            let names: Vec<String> = flat.iter().map(|(column, _)| column.clone()).collect();
            assert_eq!(record(&names, flat.iter().map(|(_, text)| text.as_str())), texts(record_));
        };
        check(json!({ "a": 1, "b": { "c": true, "d": ["x", { "e": 2.5 }] } }), &["a", "b.c", "b.d[0]", "b.d[1].e"]);
        check(json!({ "any name": "x", "a.b": "y", "c": { "d.e": "z" } }), &["['a.b']", "any name", "c['d.e']"]);
    }

    #[test]
    fn columns_that_cannot_stand_together() {
        let check = |columns: &[&str], expected: Option<&str>| {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            assert_eq!(clash(&columns).map(String::as_str), expected, "{columns:?}");
        };
        check(&["a", "b.c", "b.d[0]", "Date of birth", "group/question", "a[]", "$x"], None);
        check(&["a", "a.b"], Some("a.b"));
        check(&["a.b", "a"], Some("a.b"));
        check(&["a[1]", "a[01]"], Some("a[1]"));
    }
}
