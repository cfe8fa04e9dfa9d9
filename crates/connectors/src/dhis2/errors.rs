//! What a refusal of DHIS2 means.
//!
//! Of an answer only its error code is taken, and in messages about metadata their ids. Its messages quote values that were sent, so they are never shown.

use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::error::Error;
use serde::Deserialize;

use crate::http::Answer;

/// The envelope of most answers of DHIS2.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct WebMessage {
    pub error_code: Option<String>,
    pub status: Option<String>,
}

/// A code of DHIS2: a letter and digits, which cannot hold data.
pub fn as_code(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('E')?;
    (digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(text)
}

impl WebMessage {
    /// Reads the envelope; `None` when a proxy or something else answered.
    pub fn read(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<Self>(body).ok().filter(|message| message.status.is_some())
    }

    /// The code, where it has one.
    pub fn code(&self) -> Option<&str> {
        self.error_code.as_deref().and_then(as_code)
    }
}

/// The code of a server error, for messages.
pub fn reason(body: &[u8]) -> Option<String> {
    WebMessage::read(body)?.code().map(str::to_owned)
}

/// The error of a question that was refused.
pub fn unreadable(answer: &Answer) -> Error {
    let request = answer.request();
    let Some(message) = WebMessage::read(&answer.body) else {
        return Error::configuration(
            network::NOT_JSON,
            format!("{request}: answered with {} and not in the form of DHIS2; is `url` right, or does a proxy answer?", answer.status),
        );
    };
    let code = message.code().unwrap_or_default();
    let named = if code.is_empty() { String::new() } else { format!(" ({code})") };
    match (answer.status, code) {
        (403, _) => Error::configuration(network::FORBIDDEN, format!("{request}: the account may not ask for this (403){named}")),
        (404, _) => Error::configuration(
            dhis2::NO_SUCH_OBJECT,
            format!("{request}: there is no such object or address, or the account may not see it (404){named}"),
        ),
        // The tables are being built, are missing, or took too long: another time they may be there.
        (409, "E7131" | "E7136" | "E7144") => {
            Error::retry(dhis2::ANALYTICS_NOT_READY, format!("{request}: the analytics tables cannot be asked now{named}"))
        }
        (400 | 409 | 422, _) => {
            Error::configuration(dhis2::QUESTION_REFUSED, format!("{request}: DHIS2 refused the question{named}{}", explained(code)))
        }
        (413 | 414, _) => Error::bug(network::UNEXPECTED_ANSWER, format!("{request}: the question is too large ({})", answer.status)),
        (status, _) => Error::stop(network::UNEXPECTED_ANSWER, format!("{request}: answered with {status}{named}")),
    }
}

/// What a code of a refused question says.
fn explained(code: &str) -> &'static str {
    match code {
        "E2001" => ": no data set, data element or group is named that exists",
        "E2002" => ": no period is named that exists",
        "E2003" => ": periods and dates cannot be asked for together",
        "E2004" => ": the start lies after the end",
        "E2006" => ": no org unit is named that exists",
        "E2010" => ": the account may not read the data set",
        "E2011" => ": the account may not read an attribute option combination",
        "E2012" => ": an org unit lies outside those whose data the account may view",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_codes_are_shown() {
        let check = |body: &str, expected: Option<&str>| assert_eq!(reason(body.as_bytes()).as_deref(), expected, "{body}");
        check(r#"{"status":"ERROR","errorCode":"E1000","message":"Amina"}"#, Some("E1000"));
        check(r#"{"status":"ERROR","errorCode":"Amina","message":"Amina"}"#, None);
        check(r#"{"errorCode":"E1000"}"#, None);
        check("<html>", None);
    }
}
