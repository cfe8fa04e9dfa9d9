//! The wire: one live token for an account, shared by everyone who uses it.
//!
//! Go.Data keeps one token for each account and drops it at the next log-in, so the token lives in the session: whoever is refused asks for a
//! newer one, and only if there is none logs in, once, under the session's lease. It travels in a header, never in an address.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use kivuko_core::catalogue::{godata, network};
use kivuko_core::connector::{Context, Shared};
use kivuko_core::error::{Consequence, Error, nearest};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::config::Options;
use super::errors::{self, Remote, unreadable};
use super::import::UnderWay;
use super::persons::PersonKind;
use super::resources::RESOURCES;
use crate::http::{self, Answer, Body, Method, Request, Safety};

/// So many tokens may be refused in the course of one request: a 401 may also mean "never", and no token lives so short by chance.
const RENEWALS: usize = 3;

/// The client of one Go.Data.
#[derive(Debug)]
pub struct Client {
    pub http: http::Client,
    pub options: Options,
    session_key: String,
    /// The log-in that was refused. It is not tried again: ten failures lock the account.
    refused: Mutex<Option<Error>>,
    /// This client logged in itself, so the password is known to be right.
    logged_in: AtomicBool,
    /// Places that were found or made since the places were read: what a flow makes, its later records may name.
    pub met: Arc<Met>,
    /// Imports that may be under way.
    pub under_way: UnderWay,
}

/// The ids of places that were met on the way.
#[derive(Debug, Default)]
pub struct Met(Mutex<HashSet<String>>);

impl Met {
    pub fn add(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned());
    }

    pub fn has(&self, id: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(id)
    }
}

/// What is kept in the session.
#[derive(Serialize, Deserialize)]
struct Token {
    token: String,
    user: String,
}

/// What is needed of the account.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub id: String,
    #[serde(default)]
    pub active_outbreak_id: Option<String>,
    #[serde(default)]
    pub outbreak_ids: Option<Vec<String>>,
    /// The language in which the account writes labels.
    #[serde(default)]
    pub language_id: Option<String>,
}

/// What is needed of an outbreak.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outbreak {
    pub id: String,
    pub name: String,
    pub created_at: Option<String>,
    pub deleted: bool,
    /// The masks of visual ids and the questionnaires, by the names of their fields.
    #[serde(flatten)]
    more: HashMap<String, Value>,
}

impl Outbreak {
    /// The mask of the visual ids of a kind of person; `None` where there is none.
    pub fn mask(&self, kind: PersonKind) -> Option<&str> {
        self.more.get(kind.mask_field()).and_then(Value::as_str).filter(|mask| !mask.is_empty())
    }

    /// Whether a switch of the outbreak is on.
    pub fn allows(&self, field: &str) -> bool {
        self.more.get(field) == Some(&Value::Bool(true))
    }

    /// The questions of the questionnaire in a field.
    pub fn questions(&self, field: &str) -> &[Value] {
        self.more.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

impl Client {
    /// Makes a client; nothing is sent yet.
    pub fn new(options: Options, project: &Path, context: Context) -> Result<Self, Vec<String>> {
        let problems = options.problems();
        let http = match http::Client::new(&options.http, project, context, errors::reason) {
            Ok(http) if problems.is_empty() => http,
            Ok(_) => return Err(problems),
            Err(others) => return Err(problems.into_iter().chain(others).collect()),
        };
        let session_key = format!("godata {} {}", http.shown(), options.email);
        Ok(Self {
            http,
            options,
            session_key,
            refused: Mutex::default(),
            logged_in: AtomicBool::new(false),
            met: Arc::default(),
            under_way: UnderWay::default(),
        })
    }

    /// What two writers must not share at a time: an account has one active outbreak, so the account is it, whichever outbreak they write to.
    pub fn account_key(&self) -> &str {
        &self.session_key
    }

    /// A request below `/api`.
    pub fn request<'a>(&self, method: Method, path: impl IntoIterator<Item = &'a str>, safety: Safety) -> Request {
        self.http.request(method, std::iter::once("api").chain(path), safety)
    }

    /// Sends with the shared token. Refused with 401, it takes a newer one, or logs in, and sends again; not for ever: 401 may also mean "never".
    pub async fn send(&self, request: Request) -> Result<Answer, Error> {
        let mut token = self.lent().await?;
        loop {
            let answer = self.http.send(&token.authorise(&request)?).await?;
            if answer.status != 401 {
                return Ok(answer);
            }
            self.renew(&mut token, &answer).await?;
        }
    }

    /// The same for an answer that is read piece by piece. Refusals come back whole.
    pub async fn open(&self, request: &Request) -> Result<Result<Body, Answer>, Error> {
        let mut token = self.lent().await?;
        loop {
            match self.http.open(&token.authorise(request)?).await? {
                Err(answer) if answer.status == 401 => self.renew(&mut token, &answer).await?,
                opened => return Ok(opened),
            }
        }
    }

    async fn lent(&self) -> Result<Lent, Error> {
        Ok(Lent { shared: self.token(None).await?, renewals: 0 })
    }

    /// After a 401: a newer token, made if nobody made one meanwhile. A server may end a token at any time, also one that was made just now.
    async fn renew(&self, token: &mut Lent, answer: &Answer) -> Result<(), Error> {
        tracing::debug!(request = answer.request(), generation = token.shared.generation, "the token was refused");
        if token.renewals == RENEWALS {
            let message = format!(
                "{}: refused with 401 right after a log-in, {RENEWALS} times; either the account has no right to this at all, or something else logs in with it all the time",
                answer.request()
            );
            return Err(Error::configuration(network::FORBIDDEN, message));
        }
        token.renewals += 1;
        token.shared = self.token(Some(token.shared.generation)).await?;
        Ok(())
    }

    async fn token(&self, refused: Option<u64>) -> Result<Shared, Error> {
        let session = &self.http.context().session;
        if refused.is_none()
            && let Some(shared) = session.get(&self.session_key).await?
        {
            return Ok(shared);
        }
        session.replace(&self.session_key, refused, Box::new(|| Box::pin(self.log_in()))).await
    }

    /// Whether the password was tried: without it, a stored session of the account was used.
    pub fn tried_password(&self) -> bool {
        self.logged_in.load(Ordering::Relaxed)
    }

    async fn log_in(&self) -> Result<String, Error> {
        if let Some(error) = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            return Err(error);
        }
        let outcome = self.try_log_in().await;
        if let Err(error) = &outcome
            && error.consequence == Consequence::FixConfiguration
        {
            *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
        }
        outcome
    }

    async fn try_log_in(&self) -> Result<String, Error> {
        let body = json!({ "email": self.options.email, "password": self.options.password });
        // Logging in twice does no harm: the later token is the live one.
        let request = self.request(Method::Post, ["users", "login"], Safety::Safe).json(to_bytes(&body));
        let answer = self.http.send(&request).await.map_err(|error| {
            if error.cause.code == network::NOT_JSON { Error::configuration(network::NOT_JSON, error.cause.message) } else { error }
        })?;
        let email = &self.options.email;
        if !answer.is_success() {
            let remote = Remote::read(&answer.body);
            return Err(match (answer.status, remote.as_ref().and_then(Remote::code)) {
                (_, Some("ACTION_TEMPORARILY_BLOCKED")) => Error::configuration(
                    godata::LOCKED_OUT,
                    format!("{}: the account {email} is locked for 30 minutes after too many failed log-ins", answer.request()),
                ),
                (400 | 401 | 422, Some(code)) => Error::configuration(
                    network::LOGIN_REFUSED,
                    format!("{}: the log-in of {email} was refused ({code})", answer.request()),
                ),
                _ => Error::configuration(
                    network::LOGIN_REFUSED,
                    format!("{}: answered with {}; is there a Go.Data under `url`?", answer.request(), answer.status),
                ),
            });
        }
        let login: Value = answer.read()?;
        if login.get("twoFA") == Some(&Value::Bool(true)) {
            return Err(Error::configuration(
                godata::TWO_FACTOR,
                format!("the account {email} asks for a second factor, which only a person can give"),
            ));
        }
        let text = |name: &str| login.get(name).and_then(Value::as_str).map(str::to_owned);
        let (Some(token), Some(user)) = (text("id"), text("userId")) else {
            return Err(Error::configuration(
                network::UNEXPECTED_ANSWER,
                format!("{}: the answer holds no token; is there a Go.Data under `url`?", answer.request()),
            ));
        };
        self.logged_in.store(true, Ordering::Relaxed);
        serde_json::to_string(&Token { token, user }).map_err(|_| Error::bug(network::UNEXPECTED_ANSWER, "a token could not be kept"))
    }

    /// The id of the account that we are logged in with.
    pub async fn user(&self) -> Result<String, Error> {
        Ok(token_of(&self.token(None).await?)?.user)
    }

    /// The account that we are logged in with.
    pub async fn account(&self) -> Result<Account, Error> {
        let answer = self.send(self.request(Method::Get, ["users", &self.user().await?], Safety::Safe)).await?;
        if answer.is_success() { answer.read() } else { Err(unreadable(&answer)) }
    }

    /// Makes an outbreak the active one of the account.
    pub async fn activate(&self, outbreak: &Outbreak) -> Result<(), Error> {
        let account = self.account().await?;
        if account.active_outbreak_id.as_deref() == Some(&outbreak.id) {
            return Ok(());
        }
        if !self.options.switch_outbreak {
            let message =
                format!("the active outbreak of {} is another one than {} and `switch_outbreak` is off", self.options.email, outbreak.name);
            return Err(Error::configuration(godata::OUTBREAK_NOT_ACTIVE, message));
        }
        // Doing it twice is doing it once.
        let body = json!({ "activeOutbreakId": outbreak.id });
        let request = self.request(Method::Put, ["users", &account.id], Safety::Safe).json(to_bytes(&body));
        let answer = self.send(request).await?;
        if answer.is_success() {
            tracing::info!(outbreak = outbreak.id, "the active outbreak of the account was switched");
            return Ok(());
        }
        let code = Remote::read(&answer.body).and_then(|remote| remote.code().map(str::to_owned)).unwrap_or_default();
        let message =
            format!("the outbreak {} cannot be made the active one of {} ({} {code})", outbreak.name, self.options.email, answer.status);
        Err(Error::configuration(godata::OUTBREAK_NOT_ACTIVE, message))
    }

    /// The outbreaks that the account may see, by id; deleted ones if asked.
    pub async fn outbreaks(&self, deleted: bool) -> Result<Vec<Outbreak>, Error> {
        let masks = PersonKind::ALL.into_iter().map(PersonKind::mask_field);
        let questionnaires = RESOURCES.iter().flat_map(|resource| resource.questionnaires.iter().copied());
        let fields: Vec<&str> =
            ["id", "name", "createdAt", "deleted", "isContactLabResultsActive"].into_iter().chain(masks).chain(questionnaires).collect();
        let filter = json!({ "fields": fields, "order": ["id ASC"], "deleted": deleted });
        let answer = self.send(self.request(Method::Get, ["outbreaks"], Safety::Safe).query("filter", &filter.to_string())).await?;
        if answer.is_success() { answer.read() } else { Err(unreadable(&answer)) }
    }

    /// The outbreak that the options name.
    pub async fn outbreak(&self) -> Result<Option<Outbreak>, Error> {
        let Some(wanted) = &self.options.outbreak else { return Ok(None) };
        self.outbreak_named(wanted).await.map(Some)
    }

    /// An outbreak by its name or id.
    pub async fn outbreak_named(&self, wanted: &str) -> Result<Outbreak, Error> {
        let known = self.outbreaks(false).await?;
        pick(&known, wanted).cloned().map_err(|what| {
            let message = format!("the outbreaks that {} sees: {what}", self.options.email);
            Error::configuration(godata::NO_SUCH_OUTBREAK, message)
        })
    }
}

/// The outbreak of an id, or else of a name that only one has.
fn pick<'o>(known: &'o [Outbreak], wanted: &str) -> Result<&'o Outbreak, String> {
    if let Some(by_id) = known.iter().find(|outbreak| outbreak.id == wanted) {
        return Ok(by_id);
    }
    let named: Vec<_> = known.iter().filter(|outbreak| outbreak.name == wanted).collect();
    match named.as_slice() {
        [one] => Ok(one),
        [] => {
            let near = nearest(wanted, known.iter().map(|outbreak| outbreak.name.as_str())).map(|name| format!("; did you mean `{name}`?"));
            Err(format!("none has the id or name `{wanted}`{}", near.unwrap_or_default()))
        }
        several => {
            let ids: Vec<_> = several.iter().map(|outbreak| outbreak.id.as_str()).collect();
            Err(format!("several have the name `{wanted}`; write one of their ids: {}", ids.join(", ")))
        }
    }
}

/// The bytes of a JSON value.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    value.to_string().into_bytes()
}

fn token_of(shared: &Shared) -> Result<Token, Error> {
    serde_json::from_str(&shared.value).map_err(|_| Error::bug(network::UNEXPECTED_ANSWER, "the token in the session is not one of ours"))
}

/// A token in use by one request.
struct Lent {
    shared: Shared,
    renewals: usize,
}

impl Lent {
    /// The raw token without a scheme, as the web interface sends it. An unknown one behind `Bearer` makes some releases break the connection.
    fn authorise(&self, request: &Request) -> Result<Request, Error> {
        request.clone().secret_header("authorization", &token_of(&self.shared)?.token)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_outbreaks_of_one_name_a_person_chooses() {
        let outbreak = |id: &str, name: &str| Outbreak { id: id.to_owned(), name: name.to_owned(), ..Outbreak::default() };
        let known = [outbreak("1", "Ebola"), outbreak("2", "Ebola"), outbreak("3", "Cholera")];
        let check = |wanted: &str, expected: Result<&str, &str>| {
            let found = pick(&known, wanted);
            assert_eq!(found.as_ref().map(|outbreak| outbreak.id.as_str()).map_err(String::as_str), expected, "{wanted}");
        };
        check("2", Ok("2"));
        check("Cholera", Ok("3"));
        check("Ebola", Err("several have the name `Ebola`; write one of their ids: 1, 2"));
        check("Cholra", Err("none has the id or name `Cholra`; did you mean `Cholera`?"));
    }
}
