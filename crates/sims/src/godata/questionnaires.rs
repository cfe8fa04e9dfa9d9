//! Questionnaires: what becomes of questions when a template is saved, and of answers when a record is.
//!
//! Texts of questions and labels of answers become tokens; `variable` and the `value` of an answer stay as they are and
//! are all that an answer refers to. Whether a variable or a value is known is not asked.

use serde_json::{Map, Number, Value, json};

use super::cases::Author;
use super::error::{Error, Result};
use super::store::Store;

/// The fields of an outbreak (and of a template of outbreaks) that hold questions.
pub const FIELDS: [&str; 6] = [
    "caseInvestigationTemplate",
    "contactInvestigationTemplate",
    "eventInvestigationTemplate",
    "caseFollowUpTemplate",
    "contactFollowUpTemplate",
    "labResultsTemplate",
];

const NUMERIC: &str = "LNG_REFERENCE_DATA_CATEGORY_QUESTION_ANSWER_TYPE_NUMERIC";

/// Makes tokens of the texts of all questions of a record; their names begin with the prefix.
pub fn tokenise(store: &mut Store, prefix: &str, record: &mut Map<String, Value>, author: &Author) -> Result<()> {
    for field in FIELDS {
        let Some(Value::Array(questions)) = record.get_mut(field) else {
            continue;
        };
        let prefix = format!("{prefix}_{}", field.to_uppercase());
        let mut variables = Vec::new();
        for question in questions {
            tokenise_question(store, &prefix, question, author, &mut variables)?;
        }
    }
    Ok(())
}

fn tokenise_question(store: &mut Store, prefix: &str, question: &mut Value, author: &Author, variables: &mut Vec<String>) -> Result<()> {
    let variable = question.get("variable").and_then(Value::as_str).unwrap_or_default().to_owned();
    once(variables, &variable)?;
    let token = format!("{prefix}_QUESTION_{}", variable.to_uppercase());
    replace(store, question, "text", format!("{token}_TEXT"), author);
    let Some(Value::Array(answers)) = question.get_mut("answers") else {
        return Ok(());
    };
    let mut values = Vec::new();
    for answer in answers {
        let value = answer.get("value").and_then(Value::as_str).unwrap_or_default().to_uppercase();
        once(&mut values, &value)?;
        replace(store, answer, "label", format!("{token}_ANSWER_{value}_LABEL"), author);
        if let Some(Value::Array(nested)) = answer.get_mut("additionalQuestions") {
            for nested in nested {
                tokenise_question(store, prefix, nested, author, variables)?;
            }
        }
    }
    Ok(())
}

fn once(known: &mut Vec<String>, name: &str) -> Result<()> {
    if known.iter().any(|other| other == name) {
        let message = "Duplicate question variable or answer value";
        return Err(Error::coded(422, "DUPLICATE_TEMPLATE_QUESTION_VARIABLE_OR_ANSWER_VALUE", message));
    }
    known.push(name.to_owned());
    Ok(())
}

fn replace(store: &mut Store, object: &mut Value, field: &str, token: String, author: &Author) {
    let Some(slot) = object.get_mut(field) else {
        return;
    };
    let Some(text) = slot.as_str().filter(|text| *text != token) else {
        return;
    };
    store.languages.set(&author.language, &token, text, author.now);
    *slot = json!(token);
}

/// Every question of a template, those asked after an answer too.
pub fn questions(template: &Value) -> Vec<&Value> {
    let mut found = Vec::new();
    let mut rest: Vec<&Value> = template.as_array().into_iter().flatten().rev().collect();
    while let Some(question) = rest.pop() {
        found.push(question);
        let answers = question.get("answers").and_then(Value::as_array).into_iter().flatten();
        let nested: Vec<&Value> = answers.filter_map(|answer| answer.get("additionalQuestions")?.as_array()).flatten().collect();
        rest.extend(nested.into_iter().rev());
    }
    found
}

/// Reads the texts that answer a numeric question of the outbreak's questionnaire as numbers; what is none is `null`.
pub fn read_numbers(store: &Store, field: Option<&str>, record: &mut Map<String, Value>) {
    let outbreak = record.get("outbreakId").and_then(Value::as_str).and_then(|id| store.outbreaks.get(id));
    let (Some(field), Some(outbreak)) = (field, outbreak) else {
        return;
    };
    let template = outbreak.get(field).unwrap_or(&Value::Null);
    let Some(Value::Object(answers)) = record.get_mut("questionnaireAnswers") else {
        return;
    };
    for question in questions(template) {
        if question.get("answerType").and_then(Value::as_str) != Some(NUMERIC) {
            continue;
        }
        let variable = question.get("variable").and_then(Value::as_str).unwrap_or_default();
        for answer in answers.get_mut(variable).and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(value) = answer.get_mut("value").filter(|value| value.is_string()) {
                *value = parse_float(value.as_str().unwrap_or_default());
            }
        }
    }
}

/// `parseFloat` of JavaScript: the number with which a text begins.
fn parse_float(text: &str) -> Value {
    let text = text.trim_start();
    let mut end = 0;
    let (mut digits, mut point) = (false, false);
    for (at, character) in text.char_indices() {
        match character {
            '0'..='9' => digits = true,
            '.' if !point => point = true,
            '+' | '-' if at == 0 => {}
            _ => break,
        }
        end = at + character.len_utf8();
    }
    let number = text[..end].trim_end_matches('.');
    if let Ok(whole) = number.parse::<i64>() {
        return json!(whole);
    }
    number.parse::<f64>().ok().filter(|_| digits).and_then(Number::from_f64).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_what_a_text_begins_with() {
        let check = |text: &str, expected: Value| assert_eq!(parse_float(text), expected, "{text}");
        check("38.5", json!(38.5));
        check(" 39 degrees", json!(39));
        check("38,5", json!(38));
        check("-.5x", json!(-0.5));
        check("5.", json!(5));
        check("1.2.3", json!(1.2));
        check("hot", Value::Null);
        check("", Value::Null);
        check("-", Value::Null);
        check(".", Value::Null);
    }

    #[test]
    fn nested_questions_are_questions() {
        let template = json!([
            {"variable": "a", "answers": [{"value": "1", "additionalQuestions": [{"variable": "b"}]}, {"value": "2"}]},
            {"variable": "c"}
        ]);
        let variables: Vec<&str> = questions(&template).iter().map(|question| question["variable"].as_str().unwrap()).collect();
        assert_eq!(variables, ["a", "b", "c"]);
    }
}
