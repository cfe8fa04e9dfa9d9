//! Brings a value into the form of its data set, or says everything that is wrong with it: what DHIS2 would refuse, and what it would take but must not get. Whether it can be written where it lies is
//! another question (see [`super::open`]): a value that is there and right is right in a locked period and at a closed org unit too.

use kivuko_core::catalogue::{dhis2, record};
use kivuko_core::error::Cause;
use kivuko_core::numbers::{Element, Unit};
use serde_json::{Map, Value};

use super::super::frame::period_of;
use super::resolve::Names;
use super::value::checked;

/// What a value is measured by.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    pub names: Names<'a>,
    /// The ids of the org units at which, and below which, the account captures.
    pub capture: &'a [String],
    pub longest_comment: usize,
}

/// The text of a field that names something; an empty one is none.
pub fn named<'b>(body: &'b Map<String, Value>, field: &str) -> Option<std::borrow::Cow<'b, str>> {
    let text = match body.get(field)? {
        Value::String(text) => std::borrow::Cow::Borrowed(text.trim()),
        Value::Number(number) => std::borrow::Cow::Owned(number.to_string()),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A value in the form of its data set.
///
/// # Errors
/// Everything that is wrong with it.
pub fn conform(rules: Rules<'_>, body: Value) -> Result<Value, Vec<Cause>> {
    let Value::Object(body) = body else {
        return Err(vec![Cause::new(dhis2::BAD_PART, "a data value is an object with dataElement, period, orgUnit and value")]);
    };
    let names = rules.names;
    let mut causes = Vec::new();
    let element = kept(&mut causes, required(&body, "dataElement").and_then(|written| names.element(&written)));
    let period = kept(&mut causes, required(&body, "period").and_then(|written| period_of(names.set, &written)));
    let unit = kept(&mut causes, required(&body, "orgUnit").and_then(|written| names.unit(&written, "orgUnit")));
    let option_combo =
        element.and_then(|element| kept(&mut causes, names.option_combo(element, named(&body, "categoryOptionCombo").as_deref())));
    let attribute = kept(&mut causes, names.attribute_option_combo(named(&body, "attributeOptionCombo").as_deref()));
    causes.extend(unit.and_then(|unit| outside_capture(rules, unit)));
    let mut out = Map::new();
    if let Some(element) = element {
        content(rules, element, &body, &mut out, &mut causes);
    }
    match (element, period, unit, option_combo, attribute) {
        (Some(element), Some(period), Some(unit), Some(option_combo), Some(attribute)) if causes.is_empty() => {
            out.insert("dataElement".to_owned(), Value::String(element.named.id.clone()));
            out.insert("period".to_owned(), Value::String(period.id()));
            out.insert("orgUnit".to_owned(), Value::String(unit.named.id.clone()));
            out.insert("categoryOptionCombo".to_owned(), Value::String(option_combo));
            out.insert("attributeOptionCombo".to_owned(), Value::String(attribute));
            Ok(Value::Object(out))
        }
        _ => {
            // Which cell it is, in the names of the metadata: they are nobody's data.
            let what: Vec<String> = [
                element.map(|element| format!("element `{}`", element.named.name)),
                period.map(|period| format!("period {period}")),
                unit.map(|unit| format!("org unit `{}`", unit.named.name)),
            ]
            .into_iter()
            .flatten()
            .collect();
            if what.is_empty() {
                return Err(causes);
            }
            Err(causes.into_iter().map(|cause| cause.about(what.join(", "))).collect())
        }
    }
}

fn kept<T>(causes: &mut Vec<Cause>, found: Result<T, Cause>) -> Option<T> {
    found.map_err(|cause| causes.push(cause)).ok()
}

fn required<'b>(body: &'b Map<String, Value>, field: &str) -> Result<std::borrow::Cow<'b, str>, Cause> {
    named(body, field).ok_or_else(|| Cause::new(dhis2::BAD_PART, format!("`{field}` is missing")).field(field))
}

/// Where the account does not capture data DHIS2 need not show it what is there either, and refuses a whole question with one such org unit in it: so this is said before anything is looked up.
fn outside_capture(rules: Rules<'_>, unit: &Unit) -> Option<Cause> {
    let captured = unit.path.split('/').any(|id| rules.capture.iter().any(|own| own == id));
    (!captured).then(|| Cause::new(dhis2::OUTSIDE_CAPTURE, "the account does not capture data at the org unit").field("orgUnit"))
}

/// Value, comment and follow-up.
fn content(rules: Rules<'_>, element: &Element, body: &Map<String, Value>, out: &mut Map<String, Value>, causes: &mut Vec<Cause>) {
    match body.get("value").map(kivuko_core::value::text) {
        Some(Some(text)) if !text.trim().is_empty() => match checked(&element.value_type, &text).and_then(|text| among(element, text)) {
            Ok(text) => _ = out.insert("value".to_owned(), Value::String(text)),
            Err(cause) => causes.push(cause),
        },
        Some(_) => {
            let message = "the value is empty; DHIS2 takes that for a deletion, and a deletion is a record that is deleted at its source";
            causes.push(Cause::new(dhis2::WRONG_VALUE, message).field("value"));
        }
        None if body.get("comment").is_none_or(Value::is_null) => {
            causes.push(Cause::new(dhis2::BAD_PART, "`value` is missing").field("value"));
        }
        None => {}
    }
    match body.get("comment") {
        None => {}
        Some(Value::Null) => _ = out.insert("comment".to_owned(), Value::Null),
        Some(comment) => match kivuko_core::value::text(comment) {
            Some(text) if text.chars().count() > rules.longest_comment => {
                let message = format!("the comment is longer than {} characters", rules.longest_comment);
                causes.push(Cause::new(dhis2::BAD_PART, message).field("comment"));
            }
            Some(text) if text.is_empty() => _ = out.insert("comment".to_owned(), Value::Null),
            Some(text) => _ = out.insert("comment".to_owned(), Value::String(text)),
            None => causes.push(Cause::new(dhis2::BAD_PART, "a comment is a text").field("comment")),
        },
    }
    match body.get("followup") {
        None | Some(Value::Null) => {}
        Some(Value::Bool(flag)) => _ = out.insert("followup".to_owned(), Value::Bool(*flag)),
        Some(Value::String(text)) if matches!(text.as_str(), "true" | "false") => {
            out.insert("followup".to_owned(), Value::Bool(text == "true"));
        }
        Some(_) => causes.push(Cause::new(record::WRONG_TYPE, "`followup` is true or false").field("followup")),
    }
}

/// A value of an element with options is the code of one of them; of `MULTI_TEXT` several with commas between.
fn among(element: &Element, text: String) -> Result<String, Cause> {
    let Some(codes) = &element.option_codes else { return Ok(text) };
    let known = |code: &str| codes.iter().any(|own| own == code);
    let unknown = if element.value_type == "MULTI_TEXT" {
        text.split(',').map(str::trim).find(|code| !known(code)).map(str::to_owned)
    } else {
        (!known(&text)).then(|| text.clone())
    };
    match unknown {
        None => Ok(text),
        Some(code) => {
            let list = format!("options of {}", element.named.name);
            Err(Cause::new(dhis2::NOT_AN_OPTION, "the value is no code of the option set of the element")
                .field("value")
                .unlisted(list, code))
        }
    }
}
