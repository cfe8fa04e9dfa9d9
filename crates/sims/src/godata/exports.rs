//! Files of an export: which columns, under which names, with which values.
//!
//! JSON keeps the form of a record; CSV has a column for each leaf. Unless flags say otherwise, columns are named in the
//! language of the account, codes are replaced by their labels and locations by their names.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::error::{Error, Result};
use super::field_labels;
use super::node::Node;
use super::questionnaires;
use super::schema::Model;
use super::store::Store;

/// What stands in the place of a value that is not to be seen.
const ANONYMISED: &str = "***";

/// What a `where` says to the exporter instead of being a condition.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "they are independent flags of the API")]
pub struct Flags {
    /// Columns by the names of properties.
    pub db_columns: bool,
    /// Codes stay codes.
    pub untranslated: bool,
    /// JSON has every field of the model, with `null` where the record has none.
    pub all_fields: bool,
    /// Answers by variable, not by the text of the question.
    pub variables: bool,
    /// Records with the person that they belong to.
    pub with_person: bool,
    /// A contact's oldest exposure instead of its most recent.
    pub oldest_exposure: bool,
}

impl Flags {
    /// Takes the flags out of a `where`.
    pub fn take(condition: Option<&mut Node>) -> Result<Self> {
        let mut flags = Self::default();
        let Some(Node::Object(members)) = condition else {
            return Ok(flags);
        };
        let mut refused = None;
        members.retain(|(key, value)| {
            let on = *value == Node::Bool(true);
            match key.as_str() {
                "useDbColumns" => flags.db_columns = on,
                "dontTranslateValues" => flags.untranslated = on,
                "jsonReplaceUndefinedWithNull" => flags.all_fields = on,
                "useQuestionVariable" => flags.variables = on,
                "includeContactFields" | "includeCaseFields" => flags.with_person |= on,
                "retrieveOldestExposure" => flags.oldest_exposure = on,
                "includeContactOfContactFields" | "includePersonExposureFields" | "includeRelationships" => {
                    if on {
                        refused = Some(key.clone());
                    }
                }
                _ => return true,
            }
            false
        });
        match refused {
            Some(key) => Err(Error::not_simulated(&format!("where.{key} of an export"))),
            None => Ok(flags),
        }
    }
}

/// How the records of an export are shown.
#[derive(Debug)]
pub struct Exporter<'a> {
    /// Where labels, locations and questionnaires are.
    pub store: &'a Store,
    /// The model of the records.
    pub model: &'a Model,
    /// Its questionnaire, when it has one.
    pub template: Option<&'a Value>,
    /// The language of the account.
    pub language: &'a str,
    /// What was asked for.
    pub flags: &'a Flags,
    /// Fields that are not to be seen, by the names of properties.
    pub anonymised: &'a [String],
}

impl Exporter<'_> {
    /// The file of an export as JSON.
    pub fn json(&self, records: Vec<Map<String, Value>>) -> Bytes {
        let rows: Vec<Value> = records.into_iter().map(|record| self.row(record)).collect();
        serde_json::to_vec(&rows).expect("a JSON array can always be written").into()
    }

    /// The file of an export as CSV: in the first row the columns that any record has, in the order of their names.
    pub fn csv(&self, records: Vec<Map<String, Value>>) -> Bytes {
        let rows: Vec<BTreeMap<String, String>> = records
            .into_iter()
            .map(|record| {
                let mut cells = BTreeMap::new();
                self.flatten(&self.row(record), String::new(), &mut cells);
                cells
            })
            .collect();
        let mut columns: Vec<&String> = rows.iter().flat_map(BTreeMap::keys).collect();
        columns.sort();
        columns.dedup();
        let mut writer = csv::Writer::from_writer(Vec::new());
        let cells = |row: &BTreeMap<String, String>| -> Vec<String> {
            columns.iter().map(|column| row.get(*column).cloned().unwrap_or_default()).collect()
        };
        writer.write_record(&columns).expect("memory takes every row");
        for row in &rows {
            writer.write_record(cells(row)).expect("memory takes every row");
        }
        writer.into_inner().expect("memory needs no flush").into()
    }

    fn row(&self, mut record: Map<String, Value>) -> Value {
        if self.flags.all_fields {
            for (field, _) in self.model.schema {
                record.entry(*field).or_insert(Value::Null);
            }
        }
        for field in self.anonymised {
            anonymise(&mut record, &field.split('.').collect::<Vec<_>>());
        }
        let answers = record.remove("questionnaireAnswers").map(|answers| self.answers(answers));
        let mut row = Value::Object(record);
        if !self.flags.untranslated {
            self.translate("", &mut row);
        }
        if let Value::Object(row) = &mut row {
            row.extend(answers.map(|answers| ("questionnaireAnswers".to_owned(), answers)));
        }
        if self.flags.db_columns { row } else { self.named(row) }
    }

    /// Codes by their labels, locations by their names.
    fn translate(&self, field: &str, value: &mut Value) {
        match value {
            Value::String(text) if field.ends_with("ocationId") => {
                let name = self.store.locations.get(text).and_then(|location| location.get("name")).and_then(Value::as_str);
                if let Some(name) = name {
                    name.clone_into(text);
                }
            }
            Value::String(text) if text.starts_with("LNG_") => {
                if let Some(label) = self.store.languages.text(self.language, text) {
                    label.clone_into(text);
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.translate(field, item)),
            Value::Object(members) => members.iter_mut().for_each(|(name, value)| self.translate(name, value)),
            _ => {}
        }
    }

    /// Answers under the variable or the text of their question, with the labels of the options.
    fn answers(&self, answers: Value) -> Value {
        let Value::Object(answers) = answers else { return answers };
        let questions = self.template.map(questionnaires::questions).unwrap_or_default();
        let label = |holder: &Value, field: &str| {
            let token = holder.get(field).and_then(Value::as_str)?;
            Some(self.store.languages.text(self.language, token).unwrap_or(token).to_owned())
        };
        let shown = answers.into_iter().map(|(variable, mut given)| {
            let question = questions.iter().find(|question| question.get("variable").and_then(Value::as_str) == Some(variable.as_str()));
            let options = question.and_then(|question| question.get("answers")).and_then(Value::as_array);
            if let (false, Some(options)) = (self.flags.untranslated, options) {
                for answer in given.as_array_mut().into_iter().flatten().filter_map(|answer| answer.get_mut("value")) {
                    let values: Vec<&mut Value> = match answer {
                        Value::Array(values) => values.iter_mut().collect(),
                        value => vec![value],
                    };
                    for value in values {
                        let option = options.iter().find(|option| option.get("value") == Some(&*value));
                        if let Some(label) = option.and_then(|option| label(option, "label")) {
                            *value = Value::String(label);
                        }
                    }
                }
            }
            let name = question.filter(|_| !self.flags.variables).and_then(|question| label(question, "text"));
            (name.unwrap_or(variable), given)
        });
        Value::Object(shown.collect())
    }

    /// The same with the labels of the fields.
    fn named(&self, value: Value) -> Value {
        match value {
            Value::Array(items) => items.into_iter().map(|item| self.named(item)).collect(),
            Value::Object(members) => {
                let named = members.into_iter().map(|(field, value)| {
                    let value = if field == "questionnaireAnswers" { value } else { self.named(value) };
                    let token = field_labels::token(self.model.name, &field);
                    (self.store.languages.text(self.language, &token).map_or(field, str::to_owned), value)
                });
                Value::Object(named.collect())
            }
            other => other,
        }
    }

    /// One cell for each leaf. By properties a column is the path (`addresses[0].city`), otherwise the labels on the way
    /// to it with the numbers of the items (`Addresses [1] City`).
    fn flatten(&self, value: &Value, path: String, cells: &mut BTreeMap<String, String>) {
        let by_property = self.flags.db_columns;
        match value {
            Value::Null => {
                cells.insert(path, String::new());
            }
            Value::String(text) => {
                cells.insert(path, text.clone());
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    let path = if by_property { format!("{path}[{at}]") } else { format!("{path} [{}]", at + 1) };
                    self.flatten(item, path, cells);
                }
            }
            Value::Object(members) => {
                for (field, value) in members {
                    let path = match (path.is_empty(), by_property) {
                        (true, _) => field.clone(),
                        (false, true) => format!("{path}.{field}"),
                        (false, false) => format!("{path} {field}"),
                    };
                    self.flatten(value, path, cells);
                }
            }
            other => {
                cells.insert(path, other.to_string());
            }
        }
    }
}

fn anonymise(record: &mut Map<String, Value>, path: &[&str]) {
    let Some((first, rest)) = path.split_first() else { return };
    let Some(value) = record.get_mut(*first) else { return };
    if rest.is_empty() {
        *value = json!(ANONYMISED);
        return;
    }
    match value {
        Value::Object(members) => anonymise(members, rest),
        Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(|item| anonymise(item, rest)),
        _ => {}
    }
}
