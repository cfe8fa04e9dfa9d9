//! The questionnaires of an outbreak, and answers brought into the form in which Go.Data stores them.
//!
//! Go.Data accepts any variable, any answer and any text in a number, and never says a word; a date in a text becomes a date. What does not fit the
//! template is refused here. An answer is `{value, date?}` in a list under its variable; a sheet may write the value alone.

use std::collections::{HashMap, HashSet};

use kivuko_core::catalogue::{record, target};
use kivuko_core::connector::{FieldDescription, ReplacedWhole};
use kivuko_core::error::{Cause, nearest};
use kivuko_core::path::Path;
use kivuko_core::value;
use serde_json::{Map, Value, json};

use super::conform::{iso, looks_like_date, number};

/// The field that holds the answers to the questionnaire of the record's own kind. What it answered as another kind is parked beside it.
pub const ANSWERS: &str = "questionnaireAnswers";

/// The questions that records of a kind are asked, by variable. A variable may stand in two templates: follow-ups of cases and of contacts have one each.
#[derive(Debug, Default)]
pub struct Questionnaire {
    questions: HashMap<String, Vec<Question>>,
}

#[derive(Debug, Clone)]
struct Question {
    kind: Kind,
    /// It is asked again and again, each answer with its day.
    dated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Date,
    One(HashSet<String>),
    Several(HashSet<String>),
    /// A text between the questions: there is nothing to answer.
    Nothing,
    /// A kind of a later release.
    Unknown,
}

impl Questionnaire {
    /// The questions of templates, additional ones at every depth.
    pub fn of<'a>(templates: impl IntoIterator<Item = &'a [Value]>) -> Self {
        let mut found = Self::default();
        let mut waiting: Vec<(&Value, bool)> = templates.into_iter().flatten().map(|question| (question, false)).collect();
        while let Some((asked, outer_dated)) = waiting.pop() {
            // An additional question is asked as often as the one that it belongs to.
            let dated = outer_dated || asked.get("multiAnswer") == Some(&Value::Bool(true));
            let answers = asked.get("answers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            if let Some(variable) = asked.get("variable").and_then(Value::as_str) {
                let options = || answers.iter().filter_map(|answer| answer.get("value").and_then(value::text)).collect();
                let kind = match asked.get("answerType").and_then(Value::as_str).and_then(|kind| kind.rsplit("ANSWER_TYPE_").next()) {
                    Some("FREE_TEXT" | "FILE_UPLOAD") => Kind::Text,
                    Some("NUMERIC") => Kind::Number,
                    Some("DATE_TIME") => Kind::Date,
                    Some("SINGLE_ANSWER") => Kind::One(options()),
                    Some("MULTIPLE_ANSWERS") => Kind::Several(options()),
                    Some("MARKUP") => Kind::Nothing,
                    _ => Kind::Unknown,
                };
                found.questions.entry(variable.to_owned()).or_default().push(Question { kind, dated });
            }
            let additional = answers.iter().filter_map(|answer| answer.get("additionalQuestions").and_then(Value::as_array)).flatten();
            waiting.extend(additional.map(|question| (question, dated)));
        }
        found
    }

    /// Whether the variable is one of it. Without any question every variable is, for outbreaks that have no template.
    ///
    /// # Errors
    /// It is not, with the nearest one that is.
    pub fn knows(&self, variable: &str) -> Result<(), Cause> {
        if self.questions.is_empty() || self.questions.contains_key(variable) {
            return Ok(());
        }
        let near = nearest(variable, self.questions.keys().map(String::as_str)).map(|near| format!("; did you mean `{near}`?"));
        let message = format!("the questionnaire of the outbreak has no variable `{variable}`{}", near.unwrap_or_default());
        Err(Cause::new(target::UNKNOWN_FIELD, message))
    }

    /// Its variables as fields of a record.
    pub fn describe(&self) -> Vec<FieldDescription> {
        let mut described: Vec<FieldDescription> = self
            .questions
            .iter()
            .filter_map(|(variable, questions)| {
                let kind = match questions.first()?.kind {
                    Kind::Text | Kind::One(_) | Kind::Unknown => "text",
                    Kind::Number => "number",
                    Kind::Date => "date",
                    Kind::Several(_) => "array",
                    Kind::Nothing => return None,
                };
                let path = Path::field(ANSWERS).child(variable).to_string();
                Some(FieldDescription { path, kind, codes: None, required: false, read_only: false })
            })
            .collect();
        described.sort_by(|one, other| one.path.cmp(&other.path));
        described
    }

    /// Variables whose answers of other days must stay when one of them is written.
    pub fn replaced_whole(&self) -> impl Iterator<Item = ReplacedWhole> {
        let dated = self.questions.iter().filter(|(_, questions)| questions.iter().any(|question| question.dated));
        dated.map(|(variable, _)| ReplacedWhole {
            path: Path::field(ANSWERS).child(variable).to_string(),
            identity: vec!["date".to_owned()],
        })
    }

    /// `{fever: "YES"}` becomes `{fever: [{value: "YES"}]}`; what has the form of answers already is left so. What is wrong is told with its path.
    pub fn conform(&self, members: Map<String, Value>, path: &str, refuse: &mut dyn FnMut(Cause, String)) -> Map<String, Value> {
        let mut conformed = Map::new();
        for (variable, written) in members {
            let here = format!("{path}.{variable}");
            if let Err(cause) = self.knows(&variable) {
                refuse(cause, here);
                continue;
            }
            let answers = in_a_list(written);
            let questions = self.questions.get(&variable).map(Vec::as_slice).unwrap_or_default();
            // It has to fit one of the templates; why it does not is told of the first.
            let mut first: Option<Cause> = None;
            let fitting = questions.iter().find_map(|question| match question.conform(&variable, &answers) {
                Ok(answers) => Some(answers),
                Err(cause) => {
                    first.get_or_insert(cause);
                    None
                }
            });
            match (fitting, first) {
                (Some(answers), _) => {
                    conformed.insert(variable, Value::Array(answers));
                }
                (None, Some(cause)) => refuse(cause, here),
                (None, None) => {
                    conformed.insert(variable, Value::Array(answers.into_iter().map(with_dates).collect()));
                }
            }
        }
        conformed
    }
}

/// The form of a list of answers, whichever form was written.
fn in_a_list(written: Value) -> Vec<Value> {
    let is_answer = |item: &Value| item.get("value").is_some();
    match written {
        Value::Array(items) if items.iter().all(is_answer) => items,
        Value::Null => Vec::new(),
        one if is_answer(&one) => vec![one],
        // Several values of one question are one answer with a list.
        plain => vec![json!({ "value": plain })],
    }
}

impl Question {
    /// The answers as they will be stored, the newest day first.
    fn conform(&self, variable: &str, answers: &[Value]) -> Result<Vec<Value>, Cause> {
        let mut conformed = Vec::new();
        for answer in answers {
            let given = answer.get("value").unwrap_or(&Value::Null);
            let date = match answer.get("date").filter(|date| !value::is_empty(date)) {
                None => None,
                Some(date) => {
                    Some(date.as_str().and_then(iso).ok_or_else(|| Cause::new(record::BAD_DATE, "the day of an answer is no date"))?)
                }
            };
            if value::is_empty(given) {
                continue;
            }
            let mut stored = Map::new();
            if let Some(date) = date {
                stored.insert("date".to_owned(), Value::String(date));
            }
            stored.insert("value".to_owned(), self.kind.conform(variable, given)?);
            conformed.push(Value::Object(stored));
        }
        if conformed.len() > 1 {
            if !self.dated {
                return Err(Cause::new(record::SEVERAL_VALUES, "the question is asked once, and there are several answers"));
            }
            if conformed.iter().any(|answer| answer.get("date").is_none()) {
                return Err(Cause::new(record::REQUIRED_EMPTY, "of several answers to one question each needs its `date`"));
            }
            conformed.sort_by(|one, other| other["date"].as_str().cmp(&one["date"].as_str()));
        }
        Ok(conformed)
    }
}

impl Kind {
    fn conform(&self, variable: &str, given: &Value) -> Result<Value, Cause> {
        let wrong = |expected: &str| Cause::new(record::WRONG_TYPE, format!("{expected} is expected"));
        match self {
            Self::Text => value::text(given).map(|text| with_dates(Value::String(text))).ok_or_else(|| wrong("one text")),
            Self::Number => number(given)
                .map(Value::Number)
                .ok_or_else(|| Cause::new(record::BAD_NUMBER, "this is no number; the decimal sign is a point")),
            Self::Date => given
                .as_str()
                .and_then(iso)
                .map(Value::String)
                .ok_or_else(|| Cause::new(record::BAD_DATE, "this is no date in the form 2026-03-14")),
            Self::One(options) => match given {
                Value::Array(one) if one.len() == 1 => option(variable, options, &one[0]),
                Value::Array(_) => Err(Cause::new(record::SEVERAL_VALUES, "the question has one answer, and there are several")),
                one => option(variable, options, one),
            },
            Self::Several(options) => {
                let items = if let Value::Array(items) = given { items.as_slice() } else { std::slice::from_ref(given) };
                items.iter().filter(|item| !value::is_empty(item)).map(|item| option(variable, options, item)).collect()
            }
            Self::Nothing => Err(wrong("no answer: this is a text of the questionnaire, not a question")),
            Self::Unknown => Ok(with_dates(given.clone())),
        }
    }
}

/// A value that one may choose.
fn option(variable: &str, options: &HashSet<String>, given: &Value) -> Result<Value, Cause> {
    let text = value::text(given).ok_or_else(|| Cause::new(record::WRONG_TYPE, "the value of an answer is expected"))?;
    let text = text.trim();
    if options.contains(text) {
        return Ok(Value::String(text.to_owned()));
    }
    let message = format!("this is none of the answers to `{variable}`");
    Err(Cause::new(record::UNLISTED_CODE, message).unlisted(format!("answers to {variable}"), text))
}

/// Go.Data turns a text in an answer that looks like a date into one; writing it so from the start keeps the comparison right.
pub fn with_dates(answer: Value) -> Value {
    match answer {
        Value::String(text) => iso(&text).filter(|_| looks_like_date(&text)).map_or(Value::String(text), Value::String),
        Value::Array(items) => Value::Array(items.into_iter().map(with_dates).collect()),
        Value::Object(members) => Value::Object(members.into_iter().map(|(name, member)| (name, with_dates(member))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn questionnaire() -> Questionnaire {
        let kind = |suffix: &str| format!("LNG_REFERENCE_DATA_CATEGORY_QUESTION_ANSWER_TYPE_{suffix}");
        let template = json!([
            { "variable": "fever", "answerType": kind("SINGLE_ANSWER"), "answers": [
                { "value": "YES", "additionalQuestions": [{ "variable": "fever_onset", "answerType": kind("DATE_TIME") }] }, { "value": "1" }] },
            { "variable": "signs", "answerType": kind("MULTIPLE_ANSWERS"), "answers": [{ "value": "COUGH" }, { "value": "RASH" }] },
            { "variable": "temperature", "answerType": kind("NUMERIC"), "multiAnswer": true },
            { "variable": "seen", "answerType": kind("SINGLE_ANSWER"), "multiAnswer": true, "answers": [
                { "value": "NO", "additionalQuestions": [{ "variable": "why", "answerType": kind("FREE_TEXT") }] }] },
            { "variable": "note", "answerType": kind("FREE_TEXT") },
            { "variable": "heading", "answerType": kind("MARKUP") },
            { "variable": "map", "answerType": kind("MAP_OF_A_LATER_RELEASE") },
        ]);
        Questionnaire::of([template.as_array().expect("a list").as_slice()])
    }

    fn check(written: Value, expected: Result<Value, &[&str]>) {
        let Value::Object(members) = written.clone() else { panic!("an object") };
        let mut refused = Vec::new();
        let stored = questionnaire().conform(members, "a", &mut |cause, path| refused.push(format!("{} {path}", cause.code)));
        match expected {
            Ok(stored_so) => assert_eq!((Value::Object(stored), refused), (stored_so, Vec::new()), "{written}"),
            Err(codes) => assert_eq!(refused, codes, "{written}"),
        }
    }

    #[test]
    fn quirk_37_and_31_answers_fit_the_questions_of_the_template() {
        check(json!({"fever": "YES"}), Ok(json!({"fever": [{"value": "YES"}]})));
        check(json!({"fever": {"value": ["YES"]}}), Ok(json!({"fever": [{"value": "YES"}]})));
        check(json!({"fever": 1}), Ok(json!({"fever": [{"value": "1"}]})));
        check(json!({"fever": "Yes"}), Err(&["K0306 a.fever"]));
        check(json!({"fever": ["YES", "1"]}), Err(&["K0308 a.fever"]));
        check(json!({"fever": [{"value": "YES"}, {"value": "1"}]}), Err(&["K0308 a.fever"]));
        check(json!({"fever_onset": "2026-01-02"}), Ok(json!({"fever_onset": [{"value": "2026-01-02T00:00:00.000Z"}]})));
        check(json!({"fever_onset": "01/02/2026"}), Err(&["K0304 a.fever_onset"]));
        check(json!({"signs": "RASH"}), Ok(json!({"signs": [{"value": ["RASH"]}]})));
        check(json!({"signs": ["COUGH", "", "RASH"]}), Ok(json!({"signs": [{"value": ["COUGH", "RASH"]}]})));
        check(json!({"signs": ["COUGH", "FEVER"]}), Err(&["K0306 a.signs"]));
        check(json!({"note": "2026-01-02"}), Ok(json!({"note": [{"value": "2026-01-02T00:00:00.000Z"}]})));
        check(json!({"note": ["a", "b"]}), Err(&["K0311 a.note"]));
        check(json!({"heading": "x"}), Err(&["K0311 a.heading"]));
        check(json!({"map": {"lat": 1}}), Ok(json!({"map": [{"value": {"lat": 1}}]})));
        check(json!({"note": null, "signs": []}), Ok(json!({"note": [], "signs": []})));
        check(json!({"fevr": "YES"}), Err(&["K0405 a.fevr"]));
    }

    #[test]
    fn answers_of_several_days_are_stored_newest_first_and_each_with_its_day() {
        let days = json!([{"value": "38.5", "date": "2026-01-01"}, {"value": 39, "date": "2026-01-03"}]);
        let stored = json!([{"date": "2026-01-03T00:00:00.000Z", "value": 39}, {"date": "2026-01-01T00:00:00.000Z", "value": 38.5}]);
        check(json!({ "temperature": days }), Ok(json!({ "temperature": stored })));
        check(json!({"temperature": [{"value": 38}, {"value": 39, "date": "2026-01-03"}]}), Err(&["K0303 a.temperature"]));
        check(json!({"temperature": "high"}), Err(&["K0305 a.temperature"]));
        check(json!({"temperature": [{"value": 38, "date": "yesterday"}]}), Err(&["K0304 a.temperature"]));
        let why = json!([{"value": "a", "date": "2026-01-01"}, {"value": "b", "date": "2026-01-03"}]);
        let Value::Object(members) = json!({ "why": why }) else { panic!("an object") };
        let stored = questionnaire().conform(members, "a", &mut |cause, _| panic!("{cause}"));
        assert_eq!(
            stored["why"].as_array().map(Vec::len),
            Some(2),
            "an additional question is asked as often as the one that it belongs to"
        );
        let mut whole: Vec<String> = questionnaire().replaced_whole().map(|whole| whole.path).collect();
        whole.sort();
        assert_eq!(whole, ["questionnaireAnswers.seen", "questionnaireAnswers.temperature", "questionnaireAnswers.why"]);
    }

    #[test]
    fn without_a_template_every_variable_is_taken() {
        let Value::Object(members) = json!({"anything": "YES", "day": "2026-01-02"}) else { panic!("an object") };
        let stored = Questionnaire::default().conform(members, "a", &mut |cause, _| panic!("{cause}"));
        assert_eq!(Value::Object(stored), json!({"anything": [{"value": "YES"}], "day": [{"value": "2026-01-02T00:00:00.000Z"}]}));
    }
}
