//! The report of a metadata import, plain (before 2.38) or wrapped, down to the object; and what the codes of DHIS2 mean for one.

use kivuko_core::catalogue::dhis2;
use kivuko_core::error::{Cause, Error};
use serde::Deserialize;
use serde_json::Value;

use super::super::errors::as_code;
use super::shape::Shape;

/// What DHIS2 says of an import.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// `OK`, `WARNING` or `ERROR`.
    pub status: String,
    #[serde(deserialize_with = "nothing_or_all")]
    pub type_reports: Vec<TypeReport>,
    pub stats: Stats,
}

/// The same for one type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeReport {
    pub stats: Stats,
    #[serde(deserialize_with = "nothing_or_all")]
    pub object_reports: Vec<ObjectReport>,
}

/// How many objects met which fate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Stats {
    pub created: usize,
    pub updated: usize,
    pub ignored: usize,
}

/// The same for one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectReport {
    pub index: Option<usize>,
    pub uid: Option<String>,
    #[serde(deserialize_with = "nothing_or_all")]
    pub error_reports: Vec<ErrorReport>,
}

/// What is wrong with an object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ErrorReport {
    /// Never shown as it is: it quotes what was sent.
    pub message: String,
    pub error_code: String,
    pub error_property: Option<String>,
}

fn nothing_or_all<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    Ok(Option::<Vec<T>>::deserialize(deserializer)?.unwrap_or_default())
}

#[derive(Deserialize)]
struct Wrapped {
    response: Report,
}

impl Report {
    /// Reads an answer; `None` when it holds no report.
    pub fn read(body: &[u8]) -> Option<Self> {
        let is_report = |report: &Report| !report.status.is_empty();
        if let Ok(Wrapped { response }) = serde_json::from_slice::<Wrapped>(body) {
            return Some(response).filter(is_report);
        }
        // A WebMessage has a status as well; only a report tells of types.
        let value: Value = serde_json::from_slice(body).ok()?;
        value.get("typeReports")?;
        serde_json::from_value::<Self>(value).ok().filter(is_report)
    }

    /// The objects that it tells of.
    pub fn objects(&self) -> impl Iterator<Item = &ObjectReport> {
        self.type_reports.iter().flat_map(|one| &one.object_reports)
    }
}

/// What became of one object of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Fate {
    Done,
    Refused(Cause),
    /// What it lies in is not there.
    NotYet(Cause),
    /// It is there already, though it was to be made.
    Exists,
    /// Another time, or never, for a reason that is not its own.
    Failed(Error),
    Unknown,
}

/// What a report says of the objects that were sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    Each(Vec<Fate>),
    /// All were refused for the sake of some: those with a cause have it, the others are sent again.
    Apart(Vec<Option<Fate>>),
}

/// Judges a report by the identifiers of what was sent, in order.
pub fn judge(report: &Report, sent: &[&str], shape: &Shape) -> Verdict {
    let mut fates: Vec<Option<Fate>> = vec![None; sent.len()];
    let mut unplaced = false;
    for object in report.objects().filter(|object| !object.error_reports.is_empty()) {
        let by_uid = object.uid.as_deref().and_then(|uid| sent.iter().position(|sent| *sent == uid));
        match by_uid.or(object.index.filter(|index| *index < sent.len())) {
            Some(place) => fates[place] = Some(fate(&object.error_reports, shape)),
            None => unplaced = true,
        }
    }
    let good = fates.iter().filter(|fate| fate.is_none()).count();
    let stored = report.stats.created + report.stats.updated;
    if good > 0 && stored == 0 && !unplaced {
        return Verdict::Apart(fates);
    }
    // As many must have been stored as were not refused, or nobody can tell which.
    let otherwise = if stored == good && !unplaced { Fate::Done } else { Fate::Unknown };
    Verdict::Each(fates.into_iter().map(|fate| fate.unwrap_or_else(|| otherwise.clone())).collect())
}

fn fate(errors: &[ErrorReport], shape: &Shape) -> Fate {
    let has = |code: &str| errors.iter().any(|error| error.error_code == code);
    if has("E3000") || has("E3001") || has("E3002") {
        let message = format!("the account may not write {}, or it is not shared with it{}", shape.named, codes(errors));
        return Fate::Failed(Error::configuration(dhis2::METADATA_NOT_ALLOWED, message));
    }
    if has("E5000") {
        return Fate::Exists;
    }
    let only_the_container =
        errors.iter().all(|error| error.error_code == "E5002" && shape.container.is_some_and(|name| error.is_about(name)));
    if only_the_container {
        return Fate::NotYet(not_yet(shape));
    }
    Fate::Refused(cause(errors, shape))
}

/// What an object lies in has not come yet.
pub fn not_yet(shape: &Shape) -> Cause {
    let container = shape.container.unwrap_or_default();
    let message = format!("what `{container}` refers to is not in DHIS2 yet; the record waits for it");
    Cause::new(dhis2::REFERENCE_NOT_YET, message).field(container)
}

impl ErrorReport {
    /// The property that it is about: as it says, or as its message has it.
    fn property(&self) -> Option<&str> {
        let told = self.error_property.as_deref().filter(|name| !name.is_empty());
        // `... for association `parent`.` and `Missing required property `name`.`
        let quoted = || {
            let (_, rest) = ["association `", "property `", "Property `"].iter().find_map(|before| self.message.split_once(before))?;
            rest.split_once('`').map(|(name, _)| name)
        };
        told.or_else(quoted).filter(|name| name.len() <= 60 && name.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    }

    fn is_about(&self, name: &str) -> bool {
        self.property() == Some(name)
    }
}

/// The codes of DHIS2, for a message.
fn codes(errors: &[ErrorReport]) -> String {
    let mut codes: Vec<&str> = errors.iter().filter_map(|error| as_code(&error.error_code)).collect();
    codes.sort_unstable();
    codes.dedup();
    if codes.is_empty() { String::new() } else { format!(" ({})", codes.join(", ")) }
}

/// What is wrong with an object, in our words: the first of its errors that has some.
fn cause(errors: &[ErrorReport], shape: &Shape) -> Cause {
    let told = errors.iter().find_map(|error| Some((error, words(&error.error_code)?)));
    let Some((error, (code, words))) = told else {
        return Cause::new(dhis2::OBJECT_REFUSED, format!("DHIS2 refused {}{}", shape.named, codes(errors)));
    };
    let property = error.property();
    let named = property.map(|name| format!("`{name}` ")).unwrap_or_default();
    let cause = Cause::new(code, format!("{named}{words}{}", codes(errors)));
    match property {
        Some(property) => cause.field(property),
        None => cause,
    }
}

fn words(code: &str) -> Option<(kivuko_core::error::Code, &'static str)> {
    Some(match code {
        "E4000" => (dhis2::BAD_FIELD, "is missing, and DHIS2 needs it"),
        "E4001" => (dhis2::BAD_FIELD, "is longer than DHIS2 takes"),
        "E4013" => (dhis2::BAD_FIELD, "does not lie after the opening date"),
        "E4014" => (dhis2::BAD_FIELD, "has not the form of an id of DHIS2"),
        "E4010" => (dhis2::BAD_FIELD, "has an attribute that is not for this type"),
        "E4011" => (dhis2::BAD_FIELD, "lacks an attribute that DHIS2 needs"),
        "E4009" => (dhis2::TAKEN, "has a value of an attribute that must be unique, and another object has it"),
        "E5003" => (dhis2::TAKEN, "has a value that another object has, and it must be unique"),
        "E4028" => (dhis2::TAKEN, "is in the option set already"),
        "E5002" => (dhis2::NO_SUCH_REFERENCE, "refers to what is not in DHIS2, or what the account may not see"),
        "E4027" => (dhis2::BELOW_ITSELF, "would put the object below itself"),
        "E5001" => (kivuko_core::catalogue::target::TARGET_GONE, "the object is no longer there"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::shape::shape;
    use super::*;
    use serde_json::json;

    fn told(status: &str, stored: usize, objects: Value) -> Value {
        let stats = json!({ "created": stored, "updated": 0, "deleted": 0, "ignored": 0, "total": stored });
        json!({ "status": status, "stats": stats, "typeReports": [{ "klass": "x", "stats": stats, "objectReports": objects }] })
    }

    fn error(code: &str, property: Option<&str>, message: &str) -> Value {
        json!({ "errorCode": code, "errorProperty": property, "message": message, "mainKlass": "x" })
    }

    fn shown(verdict: &Verdict) -> String {
        let one = |fate: &Fate| match fate {
            Fate::Done => "done".to_owned(),
            Fate::Refused(cause) => format!("{}/{}", cause.code, cause.field.as_deref().unwrap_or_default()),
            Fate::NotYet(cause) => format!("waits {}", cause.code),
            Fate::Exists => "exists".to_owned(),
            Fate::Failed(error) => format!("failed {}", error.cause.code),
            Fate::Unknown => "unknown".to_owned(),
        };
        match verdict {
            Verdict::Each(fates) => fates.iter().map(one).collect::<Vec<_>>().join(" "),
            Verdict::Apart(fates) => {
                let some = fates.iter().map(|fate| fate.as_ref().map_or_else(|| "again".to_owned(), one));
                format!("apart {}", some.collect::<Vec<_>>().join(" "))
            }
        }
    }

    #[test]
    fn a_report_is_read_plain_and_wrapped() {
        let plain = told("OK", 1, json!([]));
        let wrapped = json!({ "httpStatusCode": 409, "status": "ERROR", "response": plain.clone() });
        for body in [&plain, &wrapped] {
            assert_eq!(Report::read(body.to_string().as_bytes()).map(|report| report.status).as_deref(), Some("OK"));
        }
        for body in
            [json!({ "httpStatusCode": 409, "status": "ERROR" }), json!({ "status": "ERROR", "response": {} }), json!("x"), json!(7)]
        {
            assert_eq!(Report::read(body.to_string().as_bytes()), None, "{body}");
        }
        assert_eq!(Report::read(b"<html>"), None);
    }

    #[test]
    fn each_object_has_its_fate() {
        let check = |resource: &str, stored: usize, objects: Value, expected: &str| {
            let report = Report::read(told("WARNING", stored, objects).to_string().as_bytes()).expect("a report");
            assert_eq!(
                shown(&judge(&report, &["aaaaaaaaaaa", "bbbbbbbbbbb", "ccccccccccc"], shape(resource).expect("it is one"))),
                expected
            );
        };
        let units = "organisationUnits";
        let of = |uid: &str, errors: Value| json!({ "index": 9, "uid": uid, "errorReports": errors });
        check(units, 3, json!([]), "done done done");
        check(units, 3, json!([of("aaaaaaaaaaa", json!([])), of("bbbbbbbbbbb", json!([]))]), "done done done");
        check(
            units,
            2,
            json!([of("bbbbbbbbbbb", json!([error("E5003", Some("code"), "Property `code` with value `Amina`")]))]),
            "done K1042/code done",
        );
        check(
            units,
            2,
            json!([{ "index": 2, "errorReports": [error("E4000", None, "Missing required property `shortName`.")] }]),
            "done done K1041/shortName",
        );
        check(
            units,
            1,
            json!([
                of(
                    "aaaaaaaaaaa",
                    json!([error("E5002", None, "Invalid reference [x] (OrganisationUnit) on object y for association `parent`.")])
                ),
                of("bbbbbbbbbbb", json!([error("E5002", Some("dataSets"), "")]))
            ]),
            "waits K1048 K1043/dataSets done",
        );
        check(units, 2, json!([of("bbbbbbbbbbb", json!([error("E5000", None, "")]))]), "done exists done");
        check(units, 2, json!([of("bbbbbbbbbbb", json!([error("E3000", None, "")]))]), "done failed K1040 done");
        check(units, 2, json!([of("bbbbbbbbbbb", json!([error("E9999", None, "Amina")]))]), "done K1047/ done");
        check(units, 0, json!([of("bbbbbbbbbbb", json!([error("E4001", Some("name"), "")]))]), "apart again K1041/name again");
        check(units, 0, json!([]), "apart again again again");
        check(units, 1, json!([]), "unknown unknown unknown");
        check(units, 3, json!([of("ddddddddddd", json!([error("E4001", Some("name"), "")]))]), "unknown unknown unknown");
        check("options", 2, json!([of("bbbbbbbbbbb", json!([error("E5002", Some("optionSet"), "")]))]), "done waits K1048 done");
    }

    #[test]
    fn what_was_sent_is_never_in_a_message() {
        let errors = [ErrorReport {
            message: "Property `code` with value `Amina` on object".to_owned(),
            error_code: "E5003".to_owned(),
            error_property: None,
        }];
        let cause = cause(&errors, shape("organisationUnits").expect("it is one"));
        assert_eq!((cause.message.contains("Amina"), cause.field.as_deref()), (false, Some("code")));
    }
}
