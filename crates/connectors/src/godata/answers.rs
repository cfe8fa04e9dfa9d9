//! The answers of a record that is read, as the paths of the flow ask for them.
//!
//! Go.Data keeps a list of `{value, date?}` under each variable. A path that ends in the variable gets the value (`questionnaireAnswers.fever`; of several days the
//! list of values, the newest first, so that `first` is the newest), one that goes on with `value` or `date` the one answer, and one that goes on with `[]` or a
//! position gets the list as it is. A record of which nothing is asked this way stays the bytes that came.

use std::collections::BTreeMap;

use bytes::Bytes;
use kivuko_core::catalogue::godata;
use kivuko_core::error::{Cause, Error};
use kivuko_core::path::{Path, Segment};
use serde_json::{Map, Value};

/// The fields of people that hold answers: those of its own kind, and those that were parked when it became another one.
const FIELDS: [&str; 3] = ["questionnaireAnswers", "questionnaireAnswersCase", "questionnaireAnswersContact"];

/// The form in which a variable is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// The value.
    Value,
    /// `{value, date}`.
    Answer,
    /// The list of answers.
    List,
}

/// For each field and variable the form in which the flow reads it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Reading(BTreeMap<(String, String), Form>);

impl Reading {
    /// What these source paths ask for.
    ///
    /// # Errors
    /// One variable is read in two forms.
    pub fn of(paths: &[String]) -> Result<Self, Error> {
        let mut forms = BTreeMap::new();
        for text in paths {
            // What is no path is JSONPath or an odd name, and reads the list.
            let Ok(path) = Path::parse(text) else { continue };
            let [Segment::Field(field), Segment::Field(variable), rest @ ..] = path.segments() else { continue };
            if !FIELDS.contains(&&**field) {
                continue;
            }
            let form = match rest {
                [] => Form::Value,
                [Segment::Field(_), ..] => Form::Answer,
                _ => Form::List,
            };
            let known = forms.insert((field.to_string(), variable.to_string()), form);
            if known.is_some_and(|known| known != form) {
                let message = format!(
                    "the sheet reads the answers to `{variable}` in two forms; write `{field}.{variable}` for the value, or `{field}.{variable}[].value` and `{field}.{variable}[].date` throughout"
                );
                return Err(Error::configuration(godata::ANSWER_IN_TWO_FORMS, message));
            }
        }
        forms.retain(|_, form| *form != Form::List);
        Ok(Self(forms))
    }

    /// Whether every record stays the bytes that came.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An element with its answers in these forms.
    ///
    /// # Errors
    /// It is no JSON object.
    pub fn apply(&self, element: Bytes) -> Result<Bytes, Cause> {
        if self.0.is_empty() {
            return Ok(element);
        }
        let mut record: Map<String, Value> = serde_json::from_slice(&element)
            .map_err(|_| Cause::new(kivuko_core::catalogue::record::UNREADABLE, "the record is not a JSON object"))?;
        for ((field, variable), form) in &self.0 {
            if let Some(answers) = record.get_mut(field).and_then(|answers| answers.get_mut(variable)) {
                let held = std::mem::take(answers);
                *answers = form.of(held);
            }
        }
        Ok(Bytes::from(Value::Object(record).to_string()))
    }
}

impl Form {
    fn of(self, held: Value) -> Value {
        let Value::Array(mut answers) = held else { return held };
        answers.sort_by_key(|answer| std::cmp::Reverse(date(answer)));
        match self {
            Self::List => Value::Array(answers),
            Self::Value => member(answers, "value"),
            Self::Answer => match answers.len() {
                0 | 1 => answers.pop().unwrap_or_default(),
                _ => {
                    let dates = member(answers.clone(), "date");
                    Value::Object(Map::from_iter([("value".to_owned(), member(answers, "value")), ("date".to_owned(), dates)]))
                }
            },
        }
    }
}

fn date(answer: &Value) -> Option<String> {
    answer.get("date").and_then(Value::as_str).map(str::to_owned)
}

/// A member of the only answer, or of each.
fn member(mut answers: Vec<Value>, name: &str) -> Value {
    let take = |answer: &mut Value| answer.get_mut(name).map(Value::take).unwrap_or_default();
    match answers.as_mut_slice() {
        [] => Value::Null,
        [one] => take(one),
        several => Value::Array(several.iter_mut().map(take).collect()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(paths: &[&str], expected: Value) {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let record = json!({ "id": "1", "questionnaireAnswers": {
            "fever": [{ "value": "YES" }], "signs": [{ "value": ["COUGH", "RASH"] }], "odd name": [{ "value": 7 }], "none": [],
            "temperature": [{ "value": 38.5, "date": "2026-01-01" }, { "value": 39, "date": "2026-01-03" }] } });
        let read = Reading::of(&paths).expect("one form each").apply(Bytes::from(record.to_string())).expect("a record");
        let read: Value = serde_json::from_slice(&read).expect("JSON");
        assert_eq!(read["id"], json!("1"));
        for (variable, wanted) in expected.as_object().expect("by variable") {
            assert_eq!(read["questionnaireAnswers"][variable], *wanted, "{paths:?} {variable}");
        }
    }

    #[test]
    fn a_variable_is_read_as_its_path_says() {
        check(&["questionnaireAnswers.fever", "questionnaireAnswers['odd name']"], json!({ "fever": "YES", "odd name": 7, "none": [] }));
        check(&["questionnaireAnswers.signs", "questionnaireAnswers.none"], json!({ "signs": ["COUGH", "RASH"], "none": null }));
        check(&["questionnaireAnswers.temperature"], json!({ "temperature": [39, 38.5] }));
        check(&["questionnaireAnswers.fever.value", "questionnaireAnswers.fever.date"], json!({ "fever": { "value": "YES" } }));
        check(
            &["questionnaireAnswers.temperature.value"],
            json!({ "temperature": { "value": [39, 38.5], "date": ["2026-01-03", "2026-01-01"] } }),
        );
        check(&["questionnaireAnswers.fever[].value"], json!({ "fever": [{ "value": "YES" }] }));
        check(&["firstName", "$.questionnaireAnswers"], json!({ "fever": [{ "value": "YES" }] }));
    }

    #[test]
    fn a_variable_is_read_in_one_form() {
        let paths = ["questionnaireAnswers.fever".to_owned(), "questionnaireAnswers.fever[0].value".to_owned()];
        assert_eq!(Reading::of(&paths).expect_err("two forms").cause.code, godata::ANSWER_IN_TWO_FORMS);
    }

    #[test]
    fn an_element_of_which_no_answers_are_read_stays_the_bytes_that_came() {
        let element = Bytes::from_static(b"{ \"id\" : 1 }");
        assert_eq!(Reading::of(&["id".to_owned()]).expect("fine").apply(element.clone()), Ok(element));
    }
}
