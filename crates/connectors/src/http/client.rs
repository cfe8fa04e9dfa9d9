//! The client: requests, answers, and what becomes of a try that fails.

use std::path::Path;
use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use kivuko_core::catalogue::network;
use kivuko_core::connector::Context;
use kivuko_core::error::{Consequence, Error};
use reqwest::header::{ACCEPT, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{StatusCode, Url};
use serde::de::{DeserializeOwned, IgnoredAny};
use tokio::sync::OwnedSemaphorePermit;

use super::form::Form;
use super::limits::Limits;
use super::options::Options;
use super::redact::shown;
use super::retry::{Tries, retry_after};

/// Connecting takes no longer than this, however long an answer may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// An idle connection is not used again after this.
const IDLE: Duration = Duration::from_secs(4);
/// A pause is slept in slices, so that a cancellation is noticed.
const SLICE: Duration = Duration::from_secs(1);

/// The methods that connectors use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    fn wire(self) -> reqwest::Method {
        match self {
            Self::Get => reqwest::Method::GET,
            Self::Post => reqwest::Method::POST,
            Self::Put => reqwest::Method::PUT,
            Self::Patch => reqwest::Method::PATCH,
            Self::Delete => reqwest::Method::DELETE,
        }
    }
}

/// What sending a request twice would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Nothing: it only asks. It is tried again by itself.
    Safe,
    /// Something: it is sent once.
    Write,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    safety: Safety,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.shown())
    }
}

impl Request {
    /// Adds a parameter of the query.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.url.query_pairs_mut().append_pair(name, value);
        self
    }

    /// Adds a header whose value is never shown.
    ///
    /// # Errors
    /// The value has characters that no header can have.
    pub fn secret_header(mut self, name: &'static str, value: &str) -> Result<Self, Error> {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            Error::configuration(network::BAD_OPTIONS, format!("the value for the header {name} has characters that no header can have"))
        })?;
        value.set_sensitive(true);
        self.headers.insert(HeaderName::from_static(name), value);
        Ok(self)
    }

    /// Sends a JSON body.
    #[must_use]
    pub fn json(mut self, body: Vec<u8>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        self.body = Some(body.into());
        self
    }

    /// Sends a form.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        let (kind, body) = form.finish();
        if let Ok(kind) = HeaderValue::from_str(&kind) {
            self.headers.insert(CONTENT_TYPE, kind);
        }
        self.body = Some(body.into());
        self
    }

    /// Sends a body of another type.
    #[must_use]
    pub fn content(mut self, media_type: &'static str, body: Vec<u8>) -> Self {
        self.headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        self.body = Some(body.into());
        self
    }

    /// How many bytes its address has, for servers that limit it.
    pub fn url_length(&self) -> usize {
        self.url.as_str().len()
    }

    /// Method and address, without secrets.
    pub fn shown(&self) -> String {
        format!("{} {}", self.method.wire(), shown(&self.url))
    }
}

/// A whole answer.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
    request: String,
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} to {} ({} bytes)", self.status, self.request, self.body.len())
    }
}

impl Answer {
    /// Whether the request did what it asked for.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }

    /// What was asked, without secrets.
    pub fn request(&self) -> &str {
        &self.request
    }

    /// Reads the body.
    ///
    /// # Errors
    /// It is JSON, but not of this form. Nothing of it is shown.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let at = (error.line(), error.column());
            Error::stop(
                network::UNEXPECTED_ANSWER,
                format!("{}: the answer is not of the expected form (line {}, column {})", self.request, at.0, at.1),
            )
        })
    }
}

/// An answer that is read piece by piece. It keeps its place among the requests under way until it is dropped.
pub struct Body {
    response: reqwest::Response,
    request: String,
    place: Option<OwnedSemaphorePermit>,
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Body").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Body {
    /// When the other side began to answer, by its own clock, to the second.
    pub fn date(&self) -> Option<Timestamp> {
        let text = self.response.headers().get(DATE)?.to_str().ok()?;
        jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp())
    }

    /// Gives its place back: an answer that is read for as long as a run lasts must not keep that run's own requests waiting.
    pub fn leave_its_place(&mut self) {
        self.place = None;
    }

    /// The next piece; `None` at the end.
    ///
    /// # Errors
    /// The answer was cut, or did not go on in time.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Error> {
        self.response.chunk().await.map_err(|error| broken_answer(&error, &self.request))
    }
}

/// The client of one system.
pub struct Client {
    http: reqwest::Client,
    base: Url,
    timeout: Duration,
    limits: Limits,
    context: Context,
    /// Finds the reason in the body of a server error: a code, never text that may hold data.
    reason: fn(&[u8]) -> Option<String>,
    /// A redirect, or a page in the place of an answer, is the log-in page of the system.
    login_pages: bool,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("base", &shown(&self.base)).finish_non_exhaustive()
    }
}

impl Client {
    /// Makes a client; nothing is sent yet. `project` is what file names are relative to.
    ///
    /// # Errors
    /// Everything that is wrong with the options, a line each.
    pub fn new(options: &Options, project: &Path, context: Context, reason: fn(&[u8]) -> Option<String>) -> Result<Self, Vec<String>> {
        let mut problems = options.problems();
        install_crypto();
        let mut builder = reqwest::Client::builder()
            .read_timeout(Duration::try_from_secs_f64(options.timeout_secs).unwrap_or(CONNECT_TIMEOUT))
            .connect_timeout(CONNECT_TIMEOUT.min(Duration::try_from_secs_f64(options.timeout_secs).unwrap_or(CONNECT_TIMEOUT)))
            // Node ends an idle connection after five seconds; a write that meets that moment would be lost without anyone knowing its effect.
            .pool_idle_timeout(IDLE)
            // A redirect would drop the body of a write and hand the token to whom we do not know.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("kivuko/", env!("CARGO_PKG_VERSION")));
        if let Some(file) = &options.ca_file {
            match read(project, file)
                .and_then(|pem| reqwest::Certificate::from_pem_bundle(&pem).map_err(|_| "holds no certificate in PEM form".to_owned()))
            {
                Ok(certificates) if !certificates.is_empty() => builder = builder.tls_certs_merge(certificates),
                Ok(_) => problems.push(format!("`ca_file`: {file} holds no certificate in PEM form")),
                Err(error) => problems.push(format!("`ca_file`: {file} {error}")),
            }
        } else if options.url.starts_with("http://") {
            // Without TLS the authorities of the machine are not needed, and a bare machine has none.
            builder = builder.tls_certs_only([]);
        }
        if let Some(file) = &options.client_cert {
            match read(project, file).and_then(|pem| {
                reqwest::Identity::from_pem(&pem).map_err(|_| "does not hold a certificate and its key in PEM form".to_owned())
            }) {
                Ok(identity) => builder = builder.identity(identity),
                Err(error) => problems.push(format!("`client_cert`: {file} {error}")),
            }
        }
        if let Some(proxy) = &options.proxy {
            match reqwest::Proxy::all(proxy) {
                Ok(proxy) => builder = builder.proxy(proxy),
                Err(_) => problems.push("`proxy` is not an address".to_owned()),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let http = builder
            .build()
            .map_err(|_| vec!["the secure connection cannot be set up with this `ca_file`, `client_cert` and `proxy`".to_owned()])?;
        let base = Url::parse(&options.url).map_err(|_| vec!["`url` is not an address".to_owned()])?;
        Ok(Self {
            http,
            base,
            timeout: Duration::try_from_secs_f64(options.timeout_secs).unwrap_or(Duration::from_mins(1)),
            limits: Limits::new(options.concurrency, options.rate),
            context,
            reason,
            login_pages: false,
        })
    }

    /// For systems that send whom they do not know to a log-in page: a redirect or a page of HTML in the place of an answer means that the credentials were
    /// not taken.
    #[must_use]
    pub fn behind_a_login_page(mut self) -> Self {
        self.login_pages = true;
        self
    }

    /// The address of the system without secrets.
    pub fn shown(&self) -> String {
        shown(&self.base)
    }

    /// What came to the connector from outside.
    pub const fn context(&self) -> &Context {
        &self.context
    }

    /// A request for a path below the address of the system. Each segment is encoded by itself.
    pub fn request<'a>(&self, method: Method, path: impl IntoIterator<Item = &'a str>, safety: Safety) -> Request {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]);
        Request { method, url, headers, body: None, safety }
    }

    /// Sends a request and reads its whole answer, which is JSON when it is a success. Refusals (4xx) come back as answers; what may go better
    /// another time as an error, after the tries that a safe request has.
    pub async fn send(&self, request: &Request) -> Result<Answer, Error> {
        let mut tries = Tries::default();
        loop {
            match self.send_once(request).await {
                Ok(answer) => return Ok(answer),
                Err(error) if request.safety == Safety::Safe => self.again(&mut tries, error).await?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits before the next try after `error`, or gives it back when there is none to be made.
    ///
    /// # Errors
    /// The error itself.
    pub async fn again(&self, tries: &mut Tries, error: Error) -> Result<(), Error> {
        if error.consequence != Consequence::Retry || error.cause.code == network::CIRCUIT_OPEN {
            return Err(error);
        }
        let Some(pause) = tries.pause(error.retry_after, self.context.random.fraction()) else { return Err(error) };
        tracing::debug!(code = %error.cause.code, pause_ms = pause.as_millis(), "trying again");
        self.sleep(pause).await?;
        self.context.meter.retry();
        Ok(())
    }

    /// Opens an answer for reading piece by piece, once: whoever reads it decides about the next try with [`Client::again`]. Refusals (4xx) come back
    /// whole.
    pub async fn open(&self, request: &Request) -> Result<Result<Body, Answer>, Error> {
        // A page may take longer than one answer is given, as long as it goes on coming.
        let (response, place) = self.exchange(request, None).await?;
        if response.status().is_success() {
            return Ok(Ok(Body { response, request: request.shown(), place: Some(place) }));
        }
        Ok(Err(self.whole(response, request).await?))
    }

    async fn send_once(&self, request: &Request) -> Result<Answer, Error> {
        let (response, _place) = self.exchange(request, Some(self.timeout)).await?;
        let answer = self.whole(response, request).await.map_err(|error| may_have_happened(error, request.safety))?;
        let must_be_json = answer.is_success() && answer.status != 204;
        if must_be_json && let Err(problem) = is_json(&answer.body) {
            let error = Error::retry(network::NOT_JSON, format!("{}: {problem}", answer.request));
            return Err(may_have_happened(error, request.safety));
        }
        Ok(answer)
    }

    /// Sends once and looks at the status. The body is still to come.
    async fn exchange(&self, request: &Request, within: Option<Duration>) -> Result<(reqwest::Response, OwnedSemaphorePermit), Error> {
        let place = self.limits.place().await;
        self.sleep(self.limits.slot(self.context.clock.now())).await?;
        self.check_cancelled()?;
        if let Some(rest) = self.limits.rest(self.context.clock.now()) {
            let mut error =
                Error::retry(network::CIRCUIT_OPEN, format!("{} failed too often in a row; nothing is sent for a while", self.shown()));
            error.retry_after = Some(rest);
            return Err(error);
        }
        self.context.meter.request();
        let mut builder = self.http.request(request.method.wire(), request.url.clone()).headers(request.headers.clone());
        if let Some(within) = within {
            builder = builder.timeout(within);
        }
        if let Some(body) = &request.body {
            builder = builder.body(body.clone());
        }
        let response = match builder.send().await {
            Ok(response) => response,
            Err(error) => {
                self.limits.failed(self.context.clock.now());
                let nothing_sent = error.is_connect() || error.is_builder();
                let failure = unreachable(&error, request);
                return Err(if nothing_sent { failure } else { may_have_happened(failure, request.safety) });
            }
        };
        if response.status().is_server_error() {
            self.limits.failed(self.context.clock.now());
        } else {
            self.limits.succeeded();
        }
        match self.judge(&response, request) {
            None => Ok((response, place)),
            Some(error) => Err(self.with_reason(error, response, request).await),
        }
    }

    /// The statuses that mean the same for every system.
    fn judge(&self, response: &reqwest::Response, request: &Request) -> Option<Error> {
        let status = response.status();
        let asked = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok())
            .and_then(|text| retry_after(text, self.context.clock.now()));
        let mut error = match status {
            StatusCode::TOO_MANY_REQUESTS => Error::retry(network::RATE_LIMITED, format!("{}: asked to slow down (429)", request.shown())),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => {
                Error::configuration(network::FORBIDDEN, format!("{}: the proxy asks for a password (407)", request.shown()))
            }
            _ if self.login_pages && (status.is_redirection() || (status.is_success() && is_html(response))) => Error::configuration(
                network::LOGIN_REFUSED,
                format!(
                    "{}: a log-in page came in the place of an answer ({}); are the credentials right, and does `url` lead to the system itself?",
                    request.shown(),
                    status.as_u16()
                ),
            ),
            _ if status.is_redirection() => Error::configuration(
                network::UNEXPECTED_ANSWER,
                format!("{}: leads to another address ({}); put the final address into `url`", request.shown(), status.as_u16()),
            ),
            _ if status.is_server_error() => {
                let error = Error::retry(network::SERVER_ERROR, format!("{}: failed with {}", request.shown(), status.as_u16()));
                let error = may_have_happened(error, request.safety);
                // A gateway answers for a server that may still be at work; a 500 is the server's own word.
                if status == StatusCode::INTERNAL_SERVER_ERROR { error.ended() } else { error }
            }
            _ => return None,
        };
        error.retry_after = asked;
        Some(error)
    }

    async fn with_reason(&self, mut error: Error, response: reqwest::Response, request: &Request) -> Error {
        if let Ok(answer) = self.whole(response, request).await
            && let Some(reason) = (self.reason)(&answer.body)
        {
            error.cause.message = format!("{} ({reason})", error.cause.message);
        }
        error
    }

    async fn whole(&self, response: reqwest::Response, request: &Request) -> Result<Answer, Error> {
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| broken_answer(&error, &request.shown()))?;
        Ok(Answer { status, body, request: request.shown() })
    }

    fn check_cancelled(&self) -> Result<(), Error> {
        if self.context.cancel.is_cancelled() {
            return Err(Error::stop(network::CANCELLED, "the run was stopped by Ctrl-C or a signal to its process"));
        }
        Ok(())
    }

    /// Waits, unless the run is asked to stop.
    ///
    /// # Errors
    /// It was asked to stop.
    pub async fn sleep(&self, pause: Duration) -> Result<(), Error> {
        let mut left = pause;
        while !left.is_zero() {
            self.check_cancelled()?;
            let slice = left.min(SLICE);
            self.context.clock.sleep(slice).await;
            left -= slice;
        }
        Ok(())
    }
}

/// One crypto provider for the whole process; whoever comes first installs it.
fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        if rustls::crypto::ring::default_provider().install_default().is_err() {
            tracing::debug!("a crypto provider was installed before");
        }
    });
}

fn read(project: &Path, file: &str) -> Result<Vec<u8>, String> {
    std::fs::read(project.join(file)).map_err(|error| format!("cannot be read: {error}"))
}

fn may_have_happened(error: Error, safety: Safety) -> Error {
    match safety {
        Safety::Safe => error,
        Safety::Write => error.with_unknown_effect(),
    }
}

fn is_html(response: &reqwest::Response) -> bool {
    let media_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.trim_start().to_ascii_lowercase().starts_with("text/html")
}

fn is_json(body: &[u8]) -> Result<(), String> {
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<') {
        return Err("an HTML page came instead of JSON; the address may lack its path, or a portal answers in its place".to_owned());
    }
    serde_json::from_slice::<IgnoredAny>(body).map(|_| ()).map_err(|error| {
        if error.is_eof() {
            format!("the answer is cut after {} bytes", body.len())
        } else {
            format!("the answer is not JSON (line {}, column {})", error.line(), error.column())
        }
    })
}

fn broken_answer(error: &reqwest::Error, request: &str) -> Error {
    if error.is_timeout() {
        return Error::retry(network::TIMED_OUT, format!("{request}: the answer did not go on in time"));
    }
    Error::retry(network::NOT_JSON, format!("{request}: the answer was cut"))
}

fn unreachable(error: &reqwest::Error, request: &Request) -> Error {
    let what = request.shown();
    if error.is_builder() {
        return Error::configuration(network::UNEXPECTED_ANSWER, format!("{what}: the request cannot be made from this address"));
    }
    if let Some(reason) = tls_reason(error) {
        return Error::configuration(network::TLS, format!("{what}: no secure connection: {reason}"));
    }
    if error.is_timeout() {
        let when = if error.is_connect() { "no connection in time" } else { "no answer in time" };
        return Error::retry(network::TIMED_OUT, format!("{what}: {when}"));
    }
    if error.is_connect() {
        return Error::retry(network::UNREACHABLE, format!("{what}: no connection: {}", root_words(error)));
    }
    Error::retry(network::UNREACHABLE, format!("{what}: the connection was lost before the answer came"))
}

/// The innermost reason of a failed connection: `Connection refused`, `failed to lookup address information`. It names no data.
fn root_words(error: &reqwest::Error) -> String {
    let mut source: &dyn std::error::Error = error;
    while let Some(inner) = source.source() {
        source = inner;
    }
    source.to_string()
}

fn tls_reason(error: &reqwest::Error) -> Option<String> {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = next {
        if let Some(tls) = inner.downcast_ref::<rustls::Error>() {
            return Some(tls.to_string());
        }
        // The source of an I/O error is the source of what it wraps, not what it wraps.
        next = match inner.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => inner.source(),
        };
    }
    None
}
