//! Files that were uploaded to be imported: their rows, their headers, and what a map makes of a row.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::error::{Error, Result};
use super::field_labels;
use super::languages::Languages;
use super::schema::{Kind, Model, Schema};

/// How long an uploaded file is kept.
const KEPT: i64 = 24 * 3600 * 1000;

/// One file.
#[derive(Debug)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// Its rows.
    pub rows: Vec<Map<String, Value>>,
    /// Paths of what its rows hold: the columns of a CSV, the leaves of JSON with `[]` for the items of an array.
    pub headers: Vec<String>,
    uploaded: i64,
}

impl Upload {
    /// Reads a file by the ending of its name.
    pub fn read(name: &str, content: &[u8], now: i64) -> Result<Self> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).unwrap_or_default();
        let (rows, headers) = match ending.as_str() {
            "json" => json_rows(content)?,
            "csv" => csv_rows(content)?,
            "xls" | "xlsx" | "ods" | "zip" => return Err(Error::not_simulated(&format!("the import of .{ending}"))),
            _ => {
                let message = format!("Unsupported file type: .{ending}");
                return Err(Error::coded(422, "UNSUPPORTED_FILE_TYPE", message));
            }
        };
        Ok(Self { id: Uuid::new_v4().to_string(), rows, headers, uploaded: now })
    }

    /// Whether it was removed by now.
    pub fn is_gone(&self, now: i64) -> bool {
        now - self.uploaded > KEPT
    }
}

type Rows = (Vec<Map<String, Value>>, Vec<String>);

fn json_rows(content: &[u8]) -> Result<Rows> {
    let invalid = |details: &str| {
        Error::coded(422, "INVALID_CONTENT_OF_TYPE", format!("Invalid JSON content: {details}"))
            .details(json!({"contentType": "JSON", "details": details}))
    };
    let parsed: Value = serde_json::from_slice(content).map_err(|error| invalid(&error.to_string()))?;
    let Value::Array(items) = parsed else {
        return Err(invalid("it should contain an array"));
    };
    let rows: Vec<Map<String, Value>> = items.into_iter().filter_map(|item| item.as_object().cloned()).collect();
    let mut headers = BTreeSet::new();
    for (field, value) in rows.iter().flatten() {
        leaves(value, field.clone(), &mut headers);
    }
    Ok((rows, headers.into_iter().collect()))
}

fn leaves(value: &Value, path: String, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(field, value)| leaves(value, format!("{path}.{field}"), into)),
        Value::Array(items) => items.iter().for_each(|item| leaves(item, format!("{path}[]"), into)),
        _ => {
            into.insert(path);
        }
    }
}

fn csv_rows(content: &[u8]) -> Result<Rows> {
    let invalid = |error: csv::Error| Error::coded(422, "INVALID_CONTENT_OF_TYPE", format!("Invalid CSV content: {error}"));
    let content = content.strip_prefix("\u{feff}".as_bytes()).unwrap_or(content);
    let mut reader = csv::Reader::from_reader(content);
    let headers: Vec<String> = reader.headers().map_err(invalid)?.iter().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(invalid)?;
        let cells = headers.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        rows.push(cells.map(|(header, cell)| (header.clone(), json!(cell))).collect());
    }
    Ok((rows, headers))
}

/// The fields of a model with the tokens of their labels, as the answer to an upload has them.
pub fn properties(model: &Model) -> Value {
    fn of(model: &str, schema: Schema) -> Map<String, Value> {
        let fields = schema.iter().filter(|(field, _)| !matches!(*field, "person" | "contact"));
        fields
            .map(|(field, kind)| match kind {
                Kind::Object(nested) => ((*field).to_owned(), Value::Object(of(model, nested))),
                Kind::List(nested) => (format!("{field}[]"), Value::Object(of(model, nested))),
                _ => ((*field).to_owned(), json!(field_labels::token(model, field))),
            })
            .collect()
    }
    let mut fields = of(model.name, model.schema);
    fields.insert("id".to_owned(), json!(field_labels::token(model.name, "id")));
    fields.insert("updatedAt".to_owned(), json!(field_labels::token(model.name, "updatedAt")));
    Value::Object(fields)
}

/// Which header is which field: by the name of the property, or by its label.
pub fn suggested(upload: &Upload, model: &Model, languages: &Languages, language: &str) -> Map<String, Value> {
    let plain = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let mut fields: Vec<&str> = model.schema.iter().map(|(field, _)| *field).collect();
    fields.extend(["id", "updatedAt"]);
    let field_of = |header: &str| {
        let is_meant = |field: &&&str| {
            let label = languages.text(language, &field_labels::token(model.name, field)).unwrap_or_default().to_owned();
            plain(header) == plain(field) || (!label.is_empty() && plain(header) == plain(&label))
        };
        fields.iter().find(is_meant).map(|field| (header.to_owned(), json!(field)))
    };
    upload.headers.iter().filter_map(|header| field_of(header)).collect()
}

/// What is sent to import a file.
#[derive(Debug, Default)]
pub struct FieldMap {
    /// From which header to which path.
    pub fields: Vec<(String, String)>,
    /// By header: which value stands for which.
    pub values: Map<String, Value>,
}

impl FieldMap {
    /// The record that a row stands for.
    pub fn apply(&self, row: &Map<String, Value>) -> Map<String, Value> {
        let mut record = Value::Object(Map::new());
        for (source, target) in &self.fields {
            let values = self.values.get(source);
            for (places, value) in found(row, source) {
                let value = value.as_str().and_then(|text| values?.get(text)).cloned().unwrap_or(value);
                put(&mut record, &steps(target), &mut places.into_iter(), value);
            }
        }
        let Value::Object(mut record) = record else { return Map::new() };
        if let Some(Value::Object(answers)) = record.get_mut("questionnaireAnswers") {
            for answer in answers.values_mut().filter(|answer| !answer.is_array()) {
                *answer = json!([{"value": answer.take()}]);
            }
        }
        record
    }
}

/// A step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Field(String),
    Item(usize),
    Each,
}

/// `addresses[0].city`, `documents[].type`.
fn steps(path: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for segment in path.split('.') {
        let (name, items) = segment.split_once('[').unwrap_or((segment, ""));
        if !name.is_empty() {
            steps.push(Step::Field(name.to_owned()));
        }
        for item in items.split('[').filter(|item| !item.is_empty()) {
            steps.push(item.trim_end_matches(']').parse().map_or(Step::Each, Step::Item));
        }
    }
    steps
}

/// What a row holds under a header, each with the places that it has in the arrays on the way.
fn found(row: &Map<String, Value>, header: &str) -> Vec<(Vec<usize>, Value)> {
    if let Some(value) = row.get(header) {
        return vec![(Vec::new(), value.clone())];
    }
    let Some((Step::Field(first), rest)) = steps(header).split_first().map(|(first, rest)| (first.clone(), rest.to_vec())) else {
        return Vec::new();
    };
    let mut at: Vec<(Vec<usize>, &Value)> = row.get(&first).map(|value| (Vec::new(), value)).into_iter().collect();
    for step in rest {
        at = at.into_iter().flat_map(|(places, value)| below(&step, places, value)).collect();
    }
    at.into_iter().map(|(places, value)| (places, value.clone())).collect()
}

/// What a step leads to.
fn below<'v>(step: &Step, places: Vec<usize>, value: &'v Value) -> Vec<(Vec<usize>, &'v Value)> {
    match step {
        Step::Field(name) => value.get(name).map(|value| (places, value)).into_iter().collect(),
        Step::Item(item) => value.get(item).map(|value| (places, value)).into_iter().collect(),
        Step::Each => {
            let items = value.as_array().into_iter().flatten().enumerate();
            items.map(|(item, value)| (places.iter().copied().chain([item]).collect(), value)).collect()
        }
    }
}

/// Puts a value at a path; `[]` takes the places one after the other.
fn put(into: &mut Value, steps: &[Step], places: &mut dyn Iterator<Item = usize>, value: Value) {
    let Some((step, rest)) = steps.split_first() else {
        *into = value;
        return;
    };
    match step {
        Step::Field(name) => {
            if !into.is_object() {
                *into = json!({});
            }
            put(&mut into[name.as_str()], rest, places, value);
        }
        Step::Item(_) | Step::Each => {
            let at = if let Step::Item(item) = step { *item } else { places.next().unwrap_or(0) };
            if !into.is_array() {
                *into = json!([]);
            }
            if let Some(items) = into.as_array_mut() {
                // A file that names a place far out must not fill the memory.
                let at = at.min(items.len() + 1000);
                while items.len() <= at {
                    items.push(json!({}));
                }
                put(&mut items[at], rest, places, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(row: Value, map: &[(&str, &str)], values: Value, expected: Value) {
        let fields = map.iter().map(|(from, to)| ((*from).to_owned(), (*to).to_owned())).collect();
        let map = FieldMap { fields, values: values.as_object().cloned().unwrap_or_default() };
        assert_eq!(Value::Object(map.apply(row.as_object().unwrap())), expected);
    }

    #[test]
    fn a_map_makes_a_record_of_a_row() {
        let sex = json!({"Sex": {"M": "MALE"}});
        check(
            json!({"Sex": "M", "Area": "P"}),
            &[("Sex", "gender"), ("Area", "addresses[0].locationId")],
            sex.clone(),
            json!({
                "gender": "MALE", "addresses": [{"locationId": "P"}]
            }),
        );
        check(json!({"Sex": "X"}), &[("Sex", "gender"), ("Other", "riskLevel")], sex, json!({"gender": "X"}));
        let row = json!({"docs": [{"n": "1"}, {"n": "2"}], "a.b": 3, "deep": {"b": [5, 6]}});
        check(
            row,
            &[("docs[].n", "documents[].number"), ("a.b", "age.years"), ("deep.b[1]", "age.months")],
            json!({}),
            json!({
                "documents": [{"number": "1"}, {"number": "2"}], "age": {"years": 3, "months": 6}
            }),
        );
        check(
            json!({"Fever": "YES"}),
            &[("Fever", "questionnaireAnswers.fever")],
            json!({}),
            json!({
                "questionnaireAnswers": {"fever": [{"value": "YES"}]}
            }),
        );
    }
}
