//! The wire: credentials with every request from the first on, and what the server says of itself, asked for once.
//!
//! Credentials never wait for a challenge: without them DHIS2 sends to its log-in page. A log-in that was refused is not tried again by this client, since
//! failures in a row lock the account.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::connector::Context;
use kivuko_core::error::Error;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;

use super::config::{Credentials, Options};
use super::errors::{self, unreadable};
use super::version::{Profile, release};
use crate::http::{self, Answer, Body, Method, Request, Safety, Tries};

/// The authority to add data values.
pub const ADD_VALUES: &str = "F_DATAVALUE_ADD";
/// The authority to write late data.
pub const EDIT_EXPIRED: &str = "F_EDIT_EXPIRED";
/// The authority that stands for all.
const ALL: &str = "ALL";

/// The client of one DHIS2.
#[derive(Debug)]
pub struct Client {
    pub http: http::Client,
    pub options: Options,
    authorization: String,
    refused: Mutex<Option<Error>>,
    info: OnceCell<Info>,
    me: OnceCell<Me>,
}

/// What the server says of itself.
#[derive(Debug, Clone)]
pub struct Info {
    pub version: String,
    pub profile: Profile,
    pub system_id: Option<String>,
    pub system_name: Option<String>,
    /// The zone in which the server writes times without one.
    pub zone: TimeZone,
    /// How far its clock is ahead of ours.
    pub offset: jiff::SignedDuration,
    /// When the analytics tables were last built, as the server writes it.
    pub analytics: Option<String>,
    pub read_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawInfo {
    version: Option<String>,
    system_id: Option<String>,
    system_name: Option<String>,
    server_date: Option<String>,
    server_time_zone_id: Option<String>,
    calendar: Option<String>,
    last_analytics_table_success: Option<String>,
    #[serde(default)]
    read_only_mode: Option<String>,
}

/// What is needed of the account.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Me {
    pub id: String,
    pub username: Option<String>,
    pub authorities: Vec<String>,
    /// Where it captures data.
    pub organisation_units: Vec<Reference>,
    /// Whose data it sees; where it has none, that of where it captures.
    pub data_view_organisation_units: Vec<Reference>,
    /// Where it searches people; where it has none, that of where it captures.
    pub tei_search_organisation_units: Vec<Reference>,
}

/// An object that is only named.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Reference {
    pub id: String,
}

impl Me {
    /// Whether it may do something.
    pub fn may(&self, authority: &str) -> bool {
        self.authorities.iter().any(|own| own == authority || own == ALL)
    }

    /// The org units whose data it sees.
    pub fn views(&self) -> Vec<String> {
        let units =
            if self.data_view_organisation_units.is_empty() { &self.organisation_units } else { &self.data_view_organisation_units };
        units.iter().map(|unit| unit.id.clone()).collect()
    }
}

impl Client {
    /// Makes a client; nothing is sent yet.
    ///
    /// # Errors
    /// Everything that is wrong with the options, a line each.
    pub fn new(options: Options, project: &Path, context: Context) -> Result<Self, Vec<String>> {
        let problems = options.problems();
        let http = match http::Client::new(&options.http, project, context, errors::reason) {
            Ok(http) if problems.is_empty() => http.behind_a_login_page(),
            Ok(_) => return Err(problems),
            Err(others) => return Err(problems.into_iter().chain(others).collect()),
        };
        let authorization = match options.credentials() {
            Ok(Credentials::Token(token)) => format!("ApiToken {token}"),
            Ok(Credentials::Basic { username, password }) => format!("Basic {}", BASE64.encode(format!("{username}:{password}"))),
            Err(problem) => return Err(vec![problem]),
        };
        Ok(Self { http, options, authorization, refused: Mutex::default(), info: OnceCell::new(), me: OnceCell::new() })
    }

    /// A request below `/api`. No version is put into the path: it would choose older behaviour on some releases and none on others.
    pub fn request<'a>(&self, method: Method, path: impl IntoIterator<Item = &'a str>, safety: Safety) -> Request {
        self.http.request(method, std::iter::once("api").chain(path), safety)
    }

    /// A question below `/api`.
    pub fn get<'a>(&self, path: impl IntoIterator<Item = &'a str>) -> Request {
        self.request(Method::Get, path, Safety::Safe)
    }

    /// Sends with the credentials. Refusals (4xx) come back as answers, but for a refused log-in.
    ///
    /// # Errors
    /// The log-in was refused, or what `http` tells.
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let answer = self.http.send(&self.authorised(&request)?).await.map_err(|error| self.remember(error))?;
        if answer.status == 401 { Err(self.log_in_refused(&answer)) } else { Ok(answer) }
    }

    /// The same for an answer that is read piece by piece.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn open(&self, request: &Request) -> Result<Result<Body, Answer>, Error> {
        match self.http.open(&self.authorised(request)?).await.map_err(|error| self.remember(error))? {
            Err(answer) if answer.status == 401 => Err(self.log_in_refused(&answer)),
            opened => Ok(opened),
        }
    }

    /// Asks, and reads the answer.
    ///
    /// # Errors
    /// It was refused, or is not of this form.
    pub async fn ask<T: DeserializeOwned>(&self, request: Request) -> Result<T, Error> {
        let answer = self.send(request).await?;
        if answer.is_success() { answer.read() } else { Err(unreadable(&answer)) }
    }

    /// Asks for an answer that need not be JSON, and may be empty; tried again like every question.
    ///
    /// # Errors
    /// It was refused.
    pub async fn text(&self, request: &Request) -> Result<Bytes, Error> {
        let mut tries = Tries::default();
        loop {
            match self.text_once(request).await {
                Ok(text) => return Ok(text),
                Err(error) => self.http.again(&mut tries, error).await?,
            }
        }
    }

    async fn text_once(&self, request: &Request) -> Result<Bytes, Error> {
        let mut body = self.open(request).await?.map_err(|answer| unreadable(&answer))?;
        let mut text = Vec::new();
        while let Some(piece) = body.piece().await? {
            text.extend_from_slice(&piece);
        }
        Ok(text.into())
    }

    fn authorised(&self, request: &Request) -> Result<Request, Error> {
        if let Some(error) = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(error);
        }
        request.clone().secret_header("authorization", &self.authorization)
    }

    fn log_in_refused(&self, answer: &Answer) -> Error {
        let how = if self.options.token.is_some() {
            "the token is unknown, has run out, or may not be used from here"
        } else {
            "user name or password are wrong, or the account is locked, disabled or asks for a second factor"
        };
        self.remember(Error::configuration(network::LOGIN_REFUSED, format!("{}: refused with 401: {how}", answer.request())))
    }

    fn remember(&self, error: Error) -> Error {
        if error.cause.code == network::LOGIN_REFUSED {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        }
        error
    }

    /// What the server says of itself.
    ///
    /// # Errors
    /// It cannot be asked, is too old, or counts in another calendar.
    pub async fn info(&self) -> Result<&Info, Error> {
        self.info.get_or_try_init(|| self.get_info()).await
    }

    async fn get_info(&self) -> Result<Info, Error> {
        let raw: RawInfo = self.ask(self.get(["system", "info"])).await?;
        let version = raw.version.unwrap_or_default();
        let profile = Profile::of(release(&version)?);
        if let Some(calendar) = raw.calendar.as_deref().filter(|calendar| !calendar.eq_ignore_ascii_case("iso8601")) {
            let message = format!("the server counts its periods in the calendar `{}`; Kivuko knows the ISO calendar only", word(calendar));
            return Err(Error::configuration(dhis2::OTHER_CALENDAR, message));
        }
        let zone = raw.server_time_zone_id.as_deref().and_then(|name| TimeZone::get(name).ok()).unwrap_or(TimeZone::UTC);
        let now = self.http.context().clock.now();
        let server = raw.server_date.as_deref().and_then(|date| time_in(date, &zone));
        Ok(Info {
            version,
            profile,
            system_id: raw.system_id.filter(|id| !id.is_empty()),
            system_name: raw.system_name,
            offset: server.map_or(jiff::SignedDuration::ZERO, |server| server.duration_since(now)),
            zone,
            analytics: raw.last_analytics_table_success,
            read_only: raw.read_only_mode.is_some_and(|mode| mode == "on"),
        })
    }

    /// The present time by the clock of the server.
    ///
    /// # Errors
    /// As [`Client::info`].
    pub async fn server_now(&self) -> Result<Timestamp, Error> {
        let offset = self.info().await?.offset;
        let now = self.http.context().clock.now();
        Ok(now.checked_add(offset).unwrap_or(now))
    }

    /// The account.
    ///
    /// # Errors
    /// It cannot be asked.
    pub async fn me(&self) -> Result<&Me, Error> {
        self.me
            .get_or_try_init(|| async {
                let fields = "id,username,authorities,organisationUnits[id],dataViewOrganisationUnits[id],teiSearchOrganisationUnits[id]";
                self.ask(self.get(["me"]).query("fields", fields)).await
            })
            .await
    }
}

/// Reads a time as DHIS2 writes it: with an offset, or without one in the zone of the server.
pub fn time_in(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    // `+0000` without a colon.
    if let Ok(time) = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%.f%z", text).and_then(|parsed| parsed.to_timestamp()) {
        return Some(time);
    }
    text.parse::<DateTime>().ok()?.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// A word of the server that may be shown: letters, digits and few signs.
fn word(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.')).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_and_without_an_offset() {
        let zone = TimeZone::get("Africa/Freetown").expect("it is a zone");
        let nairobi = TimeZone::get("Africa/Nairobi").expect("it is a zone");
        let check = |text: &str, zone: &TimeZone, expected: Option<&str>| {
            assert_eq!(time_in(text, zone).map(|time| time.to_string()).as_deref(), expected, "{text}");
        };
        check("2024-03-01T10:00:00.123", &zone, Some("2024-03-01T10:00:00.123Z"));
        check("2024-03-01T10:00:00.123", &nairobi, Some("2024-03-01T07:00:00.123Z"));
        check("2024-03-01T10:00:00.000+0300", &zone, Some("2024-03-01T07:00:00Z"));
        check("2024-03-01T10:00:00+03:00", &zone, Some("2024-03-01T07:00:00Z"));
        check("yesterday", &zone, None);
    }
}
