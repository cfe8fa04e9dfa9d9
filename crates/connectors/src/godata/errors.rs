//! What a refusal of Go.Data means.
//!
//! Only `error.code`, the names of fields and the names of permissions are taken out of an answer. Its messages quote what was sent, so they are
//! never shown.

use kivuko_core::catalogue::{godata, network, target};
use kivuko_core::error::{Cause, Error};
use serde::Deserialize;
use serde_json::Value;

use crate::http::Answer;

/// The envelope of every error of Go.Data.
#[derive(Debug, Default, Deserialize)]
struct Envelope {
    error: Remote,
}

/// What it says.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Remote {
    pub name: Option<String>,
    pub code: Option<String>,
    pub message: Option<String>,
    pub details: Value,
}

impl Remote {
    /// Reads the envelope; `None` when a proxy or something else answered.
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Envelope>(body).ok().map(|envelope| envelope.error)
    }

    /// The code, if it is one: a word that cannot hold data.
    pub fn code(&self) -> Option<&str> {
        let is_word = |code: &&str| code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
        self.code.as_deref().filter(is_word)
    }

    /// `addresses: presence`, for each field of a failed validation.
    fn fields(&self) -> Vec<(String, String)> {
        let Some(codes) = self.details.get("codes").and_then(Value::as_object) else { return Vec::new() };
        let words = |value: &Value| {
            let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
            list.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
        };
        codes.iter().map(|(field, value)| (field.clone(), words(value))).collect()
    }
}

/// The code of a server error, for messages.
pub fn reason(body: &[u8]) -> Option<String> {
    let remote = Remote::read(body)?;
    let name = remote.name.as_deref().filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'));
    // The name is the more telling one where the code is the catch-all.
    match (remote.code(), name) {
        (Some("INTERNAL_ERROR") | None, Some(name)) if name != "Error" => Some(name.to_owned()),
        (code, _) => code.map(str::to_owned),
    }
}

/// What a refusal means.
#[derive(Debug)]
pub enum Verdict {
    /// This record is not accepted.
    Record(Cause),
    /// The record is not there.
    Gone,
    /// The body is too large for the server.
    TooLarge,
    /// It is not about the record: nothing will go through.
    Whole(Error),
}

/// Judges an answer that is no success.
pub fn judge(answer: &Answer) -> Verdict {
    let remote = Remote::read(&answer.body);
    match (answer.status, remote) {
        (413, _) => Verdict::TooLarge,
        (403, remote) => Verdict::Whole(forbidden(answer, remote.unwrap_or_default())),
        (404, Some(remote)) => not_found(answer, &remote),
        (400 | 409 | 422, Some(remote)) => Verdict::Record(refused(&remote)),
        (status, Some(remote)) => {
            let code = remote.code().map(|code| format!(" ({code})")).unwrap_or_default();
            Verdict::Whole(Error::stop(network::UNEXPECTED_ANSWER, format!("{}: answered with {status}{code}", answer.request())))
        }
        (status, None) => Verdict::Whole(Error::configuration(
            network::NOT_JSON,
            format!("{}: answered with {status} and not in the form of Go.Data; is `url` right, or does a proxy answer?", answer.request()),
        )),
    }
}

/// The error of a reading that was refused.
pub fn unreadable(answer: &Answer) -> Error {
    match judge(answer) {
        Verdict::Whole(error) => error,
        Verdict::Gone => {
            Error::configuration(godata::NO_SUCH_OUTBREAK, format!("{}: there is no such outbreak or record", answer.request()))
        }
        Verdict::TooLarge => Error::bug(network::UNEXPECTED_ANSWER, format!("{}: the question is too large", answer.request())),
        Verdict::Record(_) => {
            let code = Remote::read(&answer.body).and_then(|remote| remote.code().map(str::to_owned)).unwrap_or_default();
            Error::stop(network::UNEXPECTED_ANSWER, format!("{}: answered with {} {code}", answer.request(), answer.status))
        }
    }
}

fn forbidden(answer: &Answer, remote: Remote) -> Error {
    match remote.code() {
        Some("MISSING_REQUIRED_PERMISSION") => {
            let permissions = remote.details.get("permissions").and_then(Value::as_str).unwrap_or("unknown");
            Error::configuration(
                network::FORBIDDEN,
                format!("{}: the account lacks the permission {permissions}; add it to its role", answer.request()),
            )
        }
        Some("ACCESS_DENIED") => Error::stop(
            godata::OUTBREAK_NOT_ACTIVE,
            format!("{}: the outbreak is not the active one of the account, or the account may not see it", answer.request()),
        ),
        _ => Error::configuration(network::FORBIDDEN, format!("{}: not allowed (403)", answer.request())),
    }
}

fn not_found(answer: &Answer, remote: &Remote) -> Verdict {
    let message = remote.message.as_deref().unwrap_or_default();
    if message.starts_with("There is no method") || message.starts_with("Shared class") {
        return Verdict::Whole(Error::stop(network::UNEXPECTED_ANSWER, format!("{}: this Go.Data has no such address", answer.request())));
    }
    let is_outbreak = remote.details.get("model").and_then(Value::as_str) == Some("outbreak") || message.contains("\"outbreak\"");
    if is_outbreak {
        let what = format!("{}: there is no such outbreak any more", answer.request());
        return Verdict::Whole(Error::configuration(godata::NO_SUCH_OUTBREAK, what));
    }
    Verdict::Gone
}

/// Why a row of an import did not get in.
pub fn row_cause(error: &Value) -> Cause {
    refused(&Remote::deserialize(error).unwrap_or_default())
}

fn refused(remote: &Remote) -> Cause {
    let code = remote.code().unwrap_or_default();
    match code {
        "DUPLICATE_VISUAL_ID" => {
            Cause::new(godata::TAKEN, "the visual id belongs to another person of the outbreak, perhaps a deleted one or a contact")
                .field("visualId")
        }
        "INVALID_VISUAL_ID_MASK" => {
            Cause::new(godata::BAD_VISUAL_ID, "the visual id does not fit the mask of the outbreak").field("visualId")
        }
        "ADDRESS_MUST_HAVE_USUAL_PLACE_OF_RESIDENCE" => {
            Cause::new(godata::BAD_ADDRESSES, "none of the addresses is the current one").field("addresses")
        }
        "ADDRESS_MULTIPLE_USUAL_PLACE_OF_RESIDENCE" => {
            Cause::new(godata::BAD_ADDRESSES, "more than one address is the current one").field("addresses")
        }
        "ADDRESS_PREVIOUS_PLACE_OF_RESIDENCE_MUST_HAVE_DATE" => {
            Cause::new(godata::BAD_ADDRESSES, "a previous address has no date").field("addresses")
        }
        "MODEL_IDENTIFIERS_ARE_NOT_UNIQUE_IN_CONTEXT" => {
            let says = |words: &str| remote.message.as_deref().unwrap_or_default().contains(words);
            let is_synonym = says("' synonym and the same parentLocationId") && !says("A location with name = '");
            super::places::taken((None, None), if is_synonym { "synonyms" } else { "name" })
        }
        "INVALID_RELATIONSHIP_WITH_DISCARDED_CASE" => Cause::new(
            godata::DISCARDED_CASE,
            "one of the two is a case that was found to be none; Go.Data makes no relationships with such a case",
        )
        .field("persons"),
        "DELETE_CONTACT_LAST_RELATIONSHIP" => Cause::new(
            godata::LAST_EXPOSURE,
            "it is the last exposure of a contact, and Go.Data keeps no contact without one; give the contact another exposure, or delete the contact",
        ),
        "INVALID_CASE_RELATIONSHIP" | "INVALID_CONTACT_RELATIONSHIP" | "INVALID_CONTACT_OF_CONTACT_RELATIONSHIP" => Cause::new(
            godata::NOT_CONVERTIBLE,
            "the person cannot be made this kind: its relationships do not allow it; it needs to be the target of one that the new kind can have",
        ),
        "PERSON_NOT_FOUND" => {
            Cause::new(godata::NO_SUCH_PERSON, "the outbreak has no such person: not there, deleted, or of another kind").field("personId")
        }
        "MODEL_CONFLICT" => Cause::new(godata::TAKEN, "another record has this name, label or code"),
        "MODEL_NOT_EDITABLE" => Cause::new(godata::READ_ONLY, "the record belongs to Go.Data itself and cannot be changed"),
        "MODEL_IN_USE" => Cause::new(
            godata::IN_USE,
            "it, or what lies below it, is named by records of Go.Data (people, follow-ups, teams, outbreaks, locations) and cannot be deleted; `deletes: then: deactivate` closes it in the place of that",
        ),
        "DEACTIVATE_PARENT_MODEL" => open_below(),
        "DELETE_ACTIVE_OUTBREAK" => Cause::new(target::REFUSED, "the outbreak is the active one of an account and cannot be deleted"),
        _ => validation(remote, code),
    }
}

/// A place cannot be closed before those below it.
pub fn open_below() -> Cause {
    Cause::new(godata::OPEN_BELOW, "the location has active locations below it; it waits until those are closed")
}

fn validation(remote: &Remote, code: &str) -> Cause {
    let fields = remote.fields();
    if fields.iter().any(|(_, words)| words.contains("uniqueness")) {
        let names: Vec<_> = fields.iter().map(|(field, _)| field.as_str()).collect();
        if remote.details.get("context").and_then(Value::as_str) == Some("outbreak") {
            let message = "another outbreak has this name, perhaps one that is not in the list of the account";
            return Cause::new(godata::TAKEN, message).field(names.join(", "));
        }
        return Cause::new(godata::TAKEN, format!("Go.Data refused it: another record has this {}", names.join(", ")))
            .field(names.join(", "));
    }
    if !fields.is_empty() {
        let list: Vec<_> = fields.iter().map(|(field, words)| format!("{field} ({words})")).collect();
        let cause = Cause::new(target::REFUSED, format!("Go.Data refused it: {}", list.join("; ")));
        return if let [(field, _)] = fields.as_slice() { cause.field(field) } else { cause };
    }
    let said = match (code, remote.name.as_deref()) {
        ("", Some(name)) if name.bytes().all(|byte| byte.is_ascii_alphanumeric()) => name,
        ("", _) => "no reason given",
        (code, _) => code,
    };
    Cause::new(target::REFUSED, format!("Go.Data refused it: {said}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_the_server_are_never_shown() {
        let body = br#"{"error":{"statusCode":422,"name":"ValidationError","message":"Details: `name` can't be blank (value: Amina)",
            "details":{"context":"outbreak","codes":{"name":["presence"]},"messages":{"name":["can't be blank"]}}}}"#;
        let cause = refused(&Remote::read(body).expect("an envelope"));
        assert_eq!(cause.to_string(), "K0403: Go.Data refused it: name (presence) (field name)");
        let free = Remote { code: Some("Amina was here".into()), name: Some("Amina K.".into()), ..Remote::default() };
        assert_eq!(refused(&free).message, "Go.Data refused it: no reason given");
    }

    #[test]
    fn quirk_51_an_internal_error_is_named() {
        let check = |body: &str, expected: Option<&str>| assert_eq!(reason(body.as_bytes()).as_deref(), expected, "{body}");
        check(r#"{"error":{"name":"MASK_TOO_SHORT","code":"INTERNAL_ERROR","message":"secret"}}"#, Some("MASK_TOO_SHORT"));
        check(r#"{"error":{"name":"Error","code":"INTERNAL_ERROR"}}"#, Some("INTERNAL_ERROR"));
        check("<html>", None);
    }
}
