//! Brings a mapped record into Go.Data's own form, or says everything that is wrong with it.
//!
//! Go.Data coerces in silence: a text in a number becomes null, `""` becomes 0, `02/01/2020` is read month-first, an object in a text becomes
//! `[object Object]`, an unknown field is stored as it is. Whatever it would change that way is refused here instead.
//!
//! Texts lose their outer white space: nobody sees it in Go.Data, and a number that is stored with it is not found by the number.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil;
use kivuko_core::catalogue::{godata, record, target};
use kivuko_core::error::{Cause, nearest};
use kivuko_core::value;
use serde_json::{Map, Number, Value, json};

use super::codes::Codes;
use super::mask::{Mask, Misfit};
use super::questionnaire::{ANSWERS, Questionnaire};
use super::relationship;
use super::schema::{CURRENT_ADDRESS, Field, Kind, PREVIOUS_ADDRESS, Resource, Role, find};

/// No visual id that a person can work with is longer.
const VISUAL_ID_LENGTH: usize = 200;

/// What the installation and the flow say about the records.
#[derive(Debug, Default)]
pub struct Rules {
    pub codes: Arc<Codes>,
    /// The mask of the visual ids of the outbreak.
    pub mask: Option<Mask>,
    /// `duplicates: accept`: the digits of a visual id may be replaced.
    pub rewriting_accepted: bool,
    /// New records have ids of our own choice, and lie in ones that may come with them.
    pub chooses_ids: bool,
    /// What records of this kind are asked in the outbreak; when it asks nothing, any answer is accepted.
    pub questionnaire: Questionnaire,
}

/// Conforms a record of a resource.
///
/// # Errors
/// Everything that is wrong with it.
pub fn conform(resource: &Resource, rules: &Rules, body: Value) -> Result<Value, Vec<Cause>> {
    let mut work = Work { rules, causes: Vec::new() };
    let Value::Object(members) = body else {
        return Err(vec![Cause::new(record::WRONG_TYPE, "a record is an object")]);
    };
    let mut conformed = work.object(resource.fields, members, "");
    if resource.person().is_some() {
        work.visual_id(&mut conformed);
        work.addresses(&mut conformed);
    }
    if resource.role == Role::Relationship && work.causes.is_empty() {
        work.causes.extend(relationship::conform(&mut conformed));
    }
    // A null place on the map breaks some releases, and a missing one is the same.
    if resource.role == Role::Place && conformed.get("geoLocation") == Some(&Value::Null) {
        conformed.remove("geoLocation");
    }
    if work.causes.is_empty() { Ok(Value::Object(conformed)) } else { Err(work.causes) }
}

/// What keeps a whole new record from being created, which cannot be told of a change.
pub fn incomplete(resource: &Resource, body: &Value) -> Option<Cause> {
    if value::is_empty(body) {
        // The server would make a nameless record of it.
        return Some(Cause::new(record::REQUIRED_EMPTY, "there is nothing in the record"));
    }
    let missing: Vec<_> = resource
        .fields
        .iter()
        .filter(|field| field.required && body.get(field.name).is_none_or(value::is_empty))
        .map(|field| field.name)
        .collect();
    if !missing.is_empty() {
        let cause = Cause::new(record::REQUIRED_EMPTY, format!("a new record needs {}", missing.join(", ")));
        return Some(cause.field(missing.join(", ")));
    }
    let addresses =
        body.get("addresses").and_then(Value::as_array).filter(|addresses| resource.person().is_some() && !addresses.is_empty())?;
    let has_current = addresses.iter().any(|address| address.get("typeId").and_then(Value::as_str) == Some(CURRENT_ADDRESS));
    (!has_current).then(|| Cause::new(godata::BAD_ADDRESSES, "none of the addresses is the current one").field("addresses"))
}

struct Work<'a> {
    rules: &'a Rules,
    causes: Vec<Cause>,
}

impl Work<'_> {
    fn refuse(&mut self, cause: Cause, path: &str) -> Value {
        self.causes.push(cause.field(path));
        Value::Null
    }

    fn object(&mut self, fields: &'static [Field], members: Map<String, Value>, prefix: &str) -> Map<String, Value> {
        let mut conformed = Map::new();
        for (name, member) in members {
            let Some(field) = find(fields, &name) else {
                let near = nearest(&name, fields.iter().map(|field| field.name))
                    .map(|near| format!("; did you mean `{near}`?"))
                    .unwrap_or_default();
                self.refuse(Cause::new(target::UNKNOWN_FIELD, format!("Go.Data has no such field{near}")), &format!("{prefix}{name}"));
                continue;
            };
            if field.read_only && !(self.rules.chooses_ids && prefix.is_empty() && name == "id") {
                let cause = Cause::new(godata::READ_ONLY, "Go.Data sets this field itself and drops what is sent");
                self.refuse(cause, &format!("{prefix}{name}"));
                continue;
            }
            // At the top, where most fields are, the path is the name.
            let conformed_member = match prefix {
                "" => self.member(field.kind, member, &name),
                _ => self.member(field.kind, member, &format!("{prefix}{name}")),
            };
            conformed.insert(name, conformed_member);
        }
        conformed
    }

    fn member(&mut self, kind: Kind, member: Value, path: &str) -> Value {
        if member.is_null() || member.as_str().is_some_and(|text| text.trim().is_empty()) {
            return Value::Null;
        }
        match kind {
            Kind::Text => self.text(member, path),
            Kind::Number => self.number(member, path),
            Kind::Boolean => self.boolean(member, path),
            Kind::Date => self.date(member, path),
            Kind::Code(category) => self.code(category, member, path),
            Kind::Category => self.category(member, path),
            Kind::Place => self.place(member, path),
            Kind::Id(list) => self.id(list, member, path),
            Kind::Point => self.point(member, path),
            Kind::Object(fields) => match member {
                Value::Object(members) => Value::Object(self.object(fields, members, &format!("{path}."))),
                _ => self.wrong(path, "an object"),
            },
            Kind::List(fields) => self.list(member, path, |work, item, item_path| match item {
                Value::Object(members) => Value::Object(work.object(fields, members, &format!("{item_path}."))),
                _ => work.wrong(item_path, "an object"),
            }),
            Kind::Texts => self.list(member, path, Self::text),
            Kind::Places => self.list(member, path, Self::place),
            Kind::Answers => self.answers(member, path),
            Kind::Any => member,
        }
    }

    fn wrong(&mut self, path: &str, expected: &str) -> Value {
        self.refuse(Cause::new(record::WRONG_TYPE, format!("{expected} is expected")), path)
    }

    fn list(&mut self, member: Value, path: &str, mut each: impl FnMut(&mut Self, Value, &str) -> Value) -> Value {
        let Value::Array(items) = member else { return self.wrong(path, "a list") };
        let conformed = items.into_iter().enumerate().map(|(position, item)| each(self, item, &format!("{path}[{position}]")));
        Value::Array(conformed.collect())
    }

    fn text(&mut self, member: Value, path: &str) -> Value {
        match member {
            Value::String(text) if text.trim().len() == text.len() => Value::String(text),
            Value::String(text) => Value::String(text.trim().to_owned()),
            other => match value::text(&other) {
                Some(text) => Value::String(text),
                None => self.wrong(path, "a text"),
            },
        }
    }

    fn number(&mut self, member: Value, path: &str) -> Value {
        if !member.is_string() && !member.is_number() {
            return self.wrong(path, "a number");
        }
        number(&member).map_or_else(
            || self.refuse(Cause::new(record::BAD_NUMBER, "this is no number; the decimal sign is a point"), path),
            Value::Number,
        )
    }

    fn boolean(&mut self, member: Value, path: &str) -> Value {
        let answer = match &member {
            Value::Bool(answer) => Some(*answer),
            Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" => Some(true),
                "false" | "no" => Some(false),
                _ => None,
            },
            _ => None,
        };
        answer.map_or_else(|| self.wrong(path, "true or false"), Value::Bool)
    }

    fn date(&mut self, member: Value, path: &str) -> Value {
        match member.as_str().and_then(iso) {
            Some(date) => Value::String(date),
            None => self.refuse(
                Cause::new(
                    record::BAD_DATE,
                    "this is no date in the form 2026-03-14; give its form with the transform date(\"dd/MM/yyyy\")",
                ),
                path,
            ),
        }
    }

    fn code(&mut self, category: &str, member: Value, path: &str) -> Value {
        let Some(written) = value::text(&member) else { return self.wrong(path, "a code") };
        match self.rules.codes.expand(category, written.trim()) {
            Ok(full) => Value::String(full),
            Err(cause) => self.refuse(cause, path),
        }
    }

    fn category(&mut self, member: Value, path: &str) -> Value {
        let Some(written) = value::text(&member) else { return self.wrong(path, "a category of reference data") };
        match self.rules.codes.category(written.trim()) {
            Ok(full) => Value::String(full),
            Err(cause) => self.refuse(cause, path),
        }
    }

    fn place(&mut self, member: Value, path: &str) -> Value {
        let Some(id) = value::text(&member) else { return self.wrong(path, "the id of a location") };
        // Whether a parent is there, or comes in the same file, is seen when it is written.
        let may_come = self.rules.chooses_ids && path == "parentLocationId";
        if may_come || self.rules.codes.knows_place(id.trim()) {
            return Value::String(id.trim().to_owned());
        }
        let cause = Cause::new(record::UNKNOWN_PLACE, format!("Go.Data has no location with the id `{id}`")).unlisted("locations", id);
        self.refuse(cause, path)
    }

    fn id(&mut self, list: &'static str, member: Value, path: &str) -> Value {
        let Some(id) = value::text(&member) else { return self.wrong(path, "an id") };
        if self.rules.codes.knows_id(list, id.trim()) {
            return Value::String(id.trim().to_owned());
        }
        let cause =
            Cause::new(record::UNLISTED_CODE, format!("Go.Data has no record with the id `{id}` among its {list}")).unlisted(list, id);
        self.refuse(cause, path)
    }

    fn point(&mut self, member: Value, path: &str) -> Value {
        let Value::Object(mut members) = member else { return self.wrong(path, "an object with lat and lng") };
        let lat = members.remove("lat").map_or(Value::Null, |lat| self.member(Kind::Number, lat, &format!("{path}.lat")));
        let lng = members.remove("lng").map_or(Value::Null, |lng| self.member(Kind::Number, lng, &format!("{path}.lng")));
        let within = |number: &Value, limit: f64| number.as_f64().is_none_or(|degrees| degrees.abs() <= limit);
        if lat.is_null() != lng.is_null() || !members.is_empty() || !within(&lat, 90.0) || !within(&lng, 180.0) {
            return self.wrong(path, "lat from -90 to 90 and lng from -180 to 180");
        }
        if lat.is_null() { Value::Null } else { json!({ "lat": lat, "lng": lng }) }
    }

    fn answers(&mut self, member: Value, path: &str) -> Value {
        let Value::Object(members) = member else { return self.wrong(path, "an object by variables") };
        let nothing_asked = Questionnaire::default();
        // What someone answered as another kind of person was asked by another questionnaire.
        let questionnaire = if path == ANSWERS { &self.rules.questionnaire } else { &nothing_asked };
        let mut causes = Vec::new();
        let conformed = questionnaire.conform(members, path, &mut |cause, at| causes.push(cause.field(at)));
        self.causes.extend(causes);
        Value::Object(conformed)
    }

    fn visual_id(&mut self, conformed: &mut Map<String, Value>) {
        let Some(sent) = conformed.get("visualId") else { return };
        let Some(id) = sent.as_str() else {
            // A null that stands for a refused value has its cause already.
            if !self.causes.iter().any(|cause| cause.field.as_deref() == Some("visualId")) {
                self.refuse(Cause::new(godata::BAD_VISUAL_ID, "a visual id cannot be cleared: Go.Data keeps the one it has"), "visualId");
            }
            return;
        };
        if id.chars().count() > VISUAL_ID_LENGTH {
            self.refuse(Cause::new(record::TOO_LONG, format!("a visual id has at most {VISUAL_ID_LENGTH} characters")), "visualId");
            return;
        }
        let Some(mask) = &self.rules.mask else { return };
        // The mask itself asks for the next number, which is what a mask with a sequence is for.
        let asks_for_number = mask.rewrites() && id == mask.text();
        let verdict = if self.rules.rewriting_accepted || asks_for_number { mask.fits(id) } else { mask.keeps(id) };
        let words = match verdict {
            Ok(()) => return,
            Err(Misfit::Escaped(character)) => {
                format!(
                    "the visual id has the character `{character}`, which Go.Data stores with a backslash; use letters, digits, space, - _ /"
                )
            }
            Err(Misfit::Form) => format!("the visual id does not fit the mask `{}` of the outbreak", mask.text()),
            Err(Misfit::Rewritten) => {
                format!("under the mask `{}` Go.Data would replace the digits of the visual id by its next number", mask.text())
            }
            Err(Misfit::UnusableMask(character)) => {
                format!("the mask `{}` has the character `{character}`; no visual id can match it", mask.text())
            }
        };
        self.refuse(Cause::new(godata::BAD_VISUAL_ID, words), "visualId");
    }

    fn addresses(&mut self, conformed: &mut Map<String, Value>) {
        let Some(Value::Array(addresses)) = conformed.get_mut("addresses") else { return };
        let mut current = 0;
        let mut causes = Vec::new();
        for (position, address) in addresses.iter_mut().enumerate() {
            let Value::Object(address) = address else { continue };
            // The server makes an address without a type the current one; saying so keeps the comparison with what it holds right.
            let kind = address.entry("typeId").or_insert_with(|| json!(CURRENT_ADDRESS));
            if kind.is_null() && self.causes.is_empty() {
                *kind = json!(CURRENT_ADDRESS);
            }
            let kind = kind.as_str().unwrap_or_default().to_owned();
            current += usize::from(kind == CURRENT_ADDRESS);
            if kind == PREVIOUS_ADDRESS && address.get("date").is_none_or(Value::is_null) {
                causes.push(
                    Cause::new(godata::BAD_ADDRESSES, "a previous address needs its date").field(format!("addresses[{position}].date")),
                );
            }
        }
        if current > 1 {
            causes.push(
                Cause::new(godata::BAD_ADDRESSES, "more than one address is the current one; an address without a type is")
                    .field("addresses"),
            );
        }
        self.causes.extend(causes);
    }
}

/// A number, or a text that a person wrote for one.
pub fn number(written: &Value) -> Option<Number> {
    let text = match written {
        Value::Number(number) => return Some(number.clone()),
        Value::String(text) => text.trim(),
        _ => return None,
    };
    text.parse::<i64>().ok().map(Number::from).or_else(|| {
        // Digits, a point, a sign: `1e5`, `inf` and `0x1F` are no numbers that a person wrote.
        let plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-' | b'+'));
        text.parse::<f64>().ok().filter(|_| plain).and_then(Number::from_f64)
    })
}

/// A date as Go.Data stores it: UTC with milliseconds. A date alone is midnight UTC; a time without a zone is taken as UTC.
pub fn iso(text: &str) -> Option<String> {
    let trimmed = text.trim();
    let bytes = trimmed.as_bytes();
    let digits = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    // Year, month, day, in this order and complete: everything else has more than one reading.
    if !(digits(0..4) && digits(5..7) && digits(8..10) && bytes[4] == b'-' && bytes[7] == b'-') {
        return None;
    }
    if bytes.len() == 10 {
        let _is_a_day = trimmed.parse::<civil::Date>().ok()?;
        return Some(format!("{trimmed}T00:00:00.000Z"));
    }
    let instant = if let Ok(instant) = trimmed.parse::<Timestamp>() {
        instant
    } else {
        trimmed.parse::<civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp()
    };
    Some(instant.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string())
}

/// The forms that Go.Data takes for dates in filters and answers.
pub fn looks_like_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let shape: String = bytes.iter().map(|byte| if byte.is_ascii_digit() { '0' } else { char::from(*byte) }).collect();
    matches!(
        shape.as_str(),
        "0000-00-00"
            | "0000-00-00T00:00:00"
            | "0000-00-00T00:00:00Z"
            | "0000-00-00T00:00:00.000"
            | "0000-00-00T00:00:00.000Z"
            | "0000-00-00T00:00:00+00:00"
    )
}

#[cfg(test)]
mod tests;
