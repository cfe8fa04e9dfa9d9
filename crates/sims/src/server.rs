//! The HTTP side that all simulators share: listening, faults, pauses, the request log, connections that break.
//!
//! What is simulated is a [`System`]: a synchronous function from a request to a reply. So a request takes effect at
//! one instant, or not at all: when its connection goes away before that instant, it has had no effect.

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Write as _};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::clock::Clock;
use crate::faults::{Action, Faults, When};
use crate::log::{Entry, Log};
use crate::pause::{Paused, Pauses, Phase};
use crate::wire::{Connection, Doors, Peer};

/// A request, read to its end.
#[derive(Debug, Clone)]
pub struct Request {
    /// `GET`, `POST` ...
    pub method: Method,
    /// Path, percent-decoded.
    pub path: String,
    /// Arguments of the query, decoded, in their order.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// The body was larger than the system takes, and was not kept.
    pub too_large: bool,
}

impl Request {
    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// An argument of the query.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// An answer, or none.
#[derive(Debug)]
pub struct Reply {
    /// HTTP status.
    pub status: u16,
    /// `Content-Type`; empty when there is no body.
    pub content_type: &'static str,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub payload: Payload,
    /// How many records the request has written.
    pub records: usize,
    /// The ids of those among them that were told one by one.
    pub ids: Vec<String>,
    /// The process behind the address has died: the connection breaks without an answer.
    pub dropped: bool,
}

/// A body.
#[derive(Debug)]
pub enum Payload {
    /// In one piece.
    Whole(Bytes),
    /// The elements of a JSON array, shared with the store and never copied into one piece.
    Elements(Vec<Bytes>),
}

impl Reply {
    /// A JSON text.
    pub fn json(status: u16, body: impl Into<Bytes>) -> Self {
        Self::whole(status, "application/json; charset=utf-8", body)
    }

    /// An answer without a body.
    pub fn empty(status: u16) -> Self {
        Self::whole(status, "", Bytes::new())
    }

    /// Any text.
    pub fn whole(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            content_type,
            headers: Vec::new(),
            payload: Payload::Whole(body.into()),
            records: 0,
            ids: Vec::new(),
            dropped: false,
        }
    }

    /// A JSON array.
    pub fn elements(elements: Vec<Bytes>) -> Self {
        Self { payload: Payload::Elements(elements), ..Self::json(200, Bytes::new()) }
    }

    /// No answer: the connection breaks.
    pub fn drop_connection() -> Self {
        Self { dropped: true, ..Self::empty(0) }
    }

    /// Says how many records were written.
    pub fn wrote(mut self, records: usize) -> Self {
        self.records = records;
        self
    }

    /// Says which records were written.
    pub fn wrote_ids(self, ids: Vec<String>) -> Self {
        Self { records: ids.len(), ids, ..self }
    }
}

/// What is simulated.
pub trait System: Send + Sync + 'static {
    /// Answers one request; what it changes is changed when this returns.
    fn handle(&self, request: &Request) -> Reply;
    /// The largest body that it takes, where it looks at that.
    fn body_limit(&self, method: &Method, path: &str, headers: &HeaderMap) -> usize;
    /// Whether a request of this kind can write records.
    fn is_write(&self, method: &Method, path: &str) -> bool;
    /// Lets the token of a request run out.
    fn expire_token(&self, request: &Request);
}

/// What belongs to one running simulator and is not the simulated system.
pub struct Shared {
    /// The simulated system.
    pub system: Arc<dyn System>,
    /// Its clock.
    pub clock: Clock,
    /// Its request log.
    pub log: Log,
    /// Rules that spoil requests.
    pub faults: Faults,
    /// Requests that a test wants to hold.
    pub pauses: Pauses,
    /// Added to every request.
    pub latency: Mutex<Duration>,
    /// Whether it answers in gzip to those who ask.
    pub gzip: bool,
    connections: Arc<Mutex<Vec<Weak<Connection>>>>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Shared").field("log", &self.log).finish_non_exhaustive()
    }
}

impl Shared {
    /// Ready to be served.
    pub fn new(system: Arc<dyn System>, clock: Clock, faults: Faults, latency: Duration, gzip: bool) -> Self {
        Self {
            system,
            clock,
            log: Log::default(),
            faults,
            pauses: Pauses::default(),
            latency: Mutex::new(latency),
            gzip,
            connections: Arc::default(),
        }
    }
}

/// A simulator that listens. Dropping it closes the port and every connection.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Server {
    /// Listens on this machine only; port 0 is any free one.
    pub async fn start(port: u16, shared: Arc<Shared>) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        let address = listener.local_addr()?;
        let router = Router::new().fallback(serve).with_state(Arc::clone(&shared));
        let doors = Doors { listener, connections: Arc::clone(&shared.connections) };
        let service = router.into_make_service_with_connect_info::<Peer>();
        let task = tokio::spawn(async move {
            if let Err(error) = axum::serve(doors, service).await {
                tracing::error!(%error, "the simulator stopped listening");
            }
        });
        Ok(Self { address, shared, task })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port and every connection, and waits until the port is free.
    pub async fn stop(mut self) {
        self.close();
        // The task was aborted, so it ends with a cancellation, which is what was wanted.
        let _cancelled = (&mut self.task).await;
    }

    fn close(&self) {
        self.task.abort();
        let connections = std::mem::take(&mut *lock(&self.shared.connections));
        connections.iter().filter_map(Weak::upgrade).for_each(|connection| connection.abort());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn serve(
    State(shared): State<Arc<Shared>>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: axum::extract::Request,
) -> Result<Response, Infallible> {
    let (parts, body) = request.into_parts();
    let path = decode(parts.uri.path(), false);
    let limit = shared.system.body_limit(&parts.method, &path, &parts.headers);
    let Ok((body, body_bytes)) = read(body, limit).await else {
        // The client went away while it was sending: there is nobody to answer.
        return Ok(peer.broken());
    };
    let too_large = body.is_none();
    let request = Request {
        method: parts.method,
        path,
        query: pairs(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body: body.unwrap_or_default(),
        too_large,
    };
    let n = shared.log.arrive(Entry {
        n: 0,
        at: shared.clock.now(),
        method: request.method.to_string(),
        path: request.path.clone(),
        query: hide_token(parts.uri.query().unwrap_or_default()),
        status: 0,
        body_bytes,
        records: 0,
        ids: Vec::new(),
        after: 0,
        applied: false,
        write: shared.system.is_write(&request.method, &request.path),
        fault: None,
    });
    Ok(answer(shared, peer, request, n).await)
}

async fn answer(shared: Arc<Shared>, peer: Peer, request: Request, n: u64) -> Response {
    let latency = *lock(&shared.latency);
    if !latency.is_zero() {
        shared.clock.wait(latency).await;
    }
    let actions = shared.faults.strike(&request.method, &request.path, &request.body);
    if !actions.is_empty() {
        let names: Vec<String> = actions.iter().map(Action::to_string).collect();
        shared.log.amend(n, |entry| entry.fault = Some(names.join(", ")));
    }
    let mut body_fault = None;
    let mut drop_after = false;
    for action in actions {
        match action {
            Action::Latency(delay) => drop(shared.clock.wait(delay).await),
            Action::ExpireToken => shared.system.expire_token(&request),
            Action::Status { status, retry_after, body } => return refuse(&shared, n, status, retry_after, body),
            Action::Html => {
                shared.log.amend(n, |entry| entry.status = 200);
                return plain(200, "text/html; charset=utf-8", PROXY_PAGE.into());
            }
            Action::Drop(When::Before) => return peer.broken(),
            Action::Drop(When::After) => drop_after = true,
            Action::Drop(When::Late(delay)) => {
                tokio::spawn(async move {
                    let _waited = shared.clock.wait(delay).await;
                    apply(&shared, &request, n);
                });
                return peer.broken();
            }
            Action::Truncate => body_fault = Some(BodyFault::Truncate),
            Action::SlowBody(delay) => body_fault = Some(BodyFault::Slow(delay)),
        }
    }
    let paused = shared.pauses.arrive(&request.method, &request.path);
    hold(paused.as_ref(), Phase::BeforeApply).await;
    let reply = apply(&shared, &request, n);
    hold(paused.as_ref(), Phase::AfterApply).await;
    if drop_after || reply.dropped {
        return peer.broken();
    }
    shared.log.amend(n, |entry| entry.status = reply.status);
    let wants_gzip = shared.gzip && request.header("accept-encoding").is_some_and(|encodings| encodings.contains("gzip"));
    let transaction = request.header("transaction-id").map_or_else(|| uuid::Uuid::new_v4().to_string(), str::to_owned);
    respond(reply, wants_gzip, body_fault.map(|fault| (fault, shared.clock.clone())), &transaction)
}

async fn hold(paused: Option<&Paused>, phase: Phase) {
    if let Some(paused) = paused.filter(|paused| paused.phase() == phase) {
        paused.hold().await;
    }
}

/// The instant at which a request takes effect.
fn apply(shared: &Shared, request: &Request, n: u64) -> Reply {
    let reply = shared.system.handle(request);
    shared.log.amend(n, |entry| {
        entry.applied = true;
        entry.after = shared.clock.now() - entry.at;
        entry.records = reply.records;
        entry.ids.clone_from(&reply.ids);
    });
    reply
}

const PROXY_PAGE: &str = "<!doctype html><html><head><title>Welcome</title></head><body>Please sign in to the network.</body></html>";

fn refuse(shared: &Shared, n: u64, status: u16, retry_after: Option<u64>, body: Option<String>) -> Response {
    shared.log.amend(n, |entry| entry.status = status);
    let json = body.as_deref().is_some_and(|body| body.trim_start().starts_with(['{', '[']));
    let kind = if json { "application/json; charset=utf-8" } else { "text/html; charset=utf-8" };
    let text = body.unwrap_or_else(|| format!("<html><body><h1>{status}</h1></body></html>"));
    let mut response = plain(status, kind, text.into());
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn plain(status: u16, content_type: &'static str, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !content_type.is_empty() {
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

#[derive(Clone, Copy)]
enum BodyFault {
    Truncate,
    Slow(Duration),
}

fn respond(reply: Reply, wants_gzip: bool, fault: Option<(BodyFault, Clock)>, transaction: &str) -> Response {
    /// Above this an array is sent piece by piece instead of being copied together.
    const PIECE: usize = 256 * 1024;
    let size = match &reply.payload {
        Payload::Whole(body) => body.len(),
        Payload::Elements(elements) => elements.iter().map(|element| element.len() + 1).sum(),
    };
    let compressed = wants_gzip && size > 1024;
    let body = match reply.payload {
        Payload::Elements(elements) if size > PIECE && !compressed && fault.is_none() => {
            Body::from_stream(futures_util::stream::iter(Pieces::new(elements, PIECE).map(Ok::<_, Infallible>)))
        }
        payload => {
            let whole = match payload {
                Payload::Whole(body) => body,
                Payload::Elements(elements) => Pieces::new(elements, usize::MAX).next().unwrap_or_default(),
            };
            let whole = if compressed { gzip(&whole) } else { whole };
            match fault {
                None => Body::from(whole),
                Some((fault, clock)) => spoilt(whole, fault, clock),
            }
        }
    };
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if !reply.content_type.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.content_type));
    }
    if compressed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if let Ok(value) = HeaderValue::from_str(transaction) {
        headers.insert(HeaderName::from_static("transaction-id"), value);
    }
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    response
}

/// The first half, and then the connection breaks or the rest comes late.
fn spoilt(whole: Bytes, fault: BodyFault, clock: Clock) -> Body {
    let first = whole.slice(..whole.len() / 2);
    let second = whole.slice(whole.len() / 2..);
    let steps = futures_util::stream::unfold(0, move |step| {
        let (first, second, clock) = (first.clone(), second.clone(), clock.clone());
        async move {
            match (step, fault) {
                (0, _) => Some((Ok(first), 1)),
                (1, BodyFault::Truncate) => {
                    // Lets the first half leave before the connection breaks.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    Some((Err(io::Error::from(io::ErrorKind::ConnectionReset)), 2))
                }
                (1, BodyFault::Slow(delay)) => {
                    clock.wait(delay).await;
                    Some((Ok(second), 2))
                }
                _ => None,
            }
        }
    });
    Body::from_stream(steps)
}

fn gzip(body: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(body.len() / 4), flate2::Compression::fast());
    encoder.write_all(body).expect("writing into a Vec cannot fail");
    encoder.finish().expect("writing into a Vec cannot fail").into()
}

/// The text of a JSON array in pieces of about one size.
struct Pieces {
    elements: std::vec::IntoIter<Bytes>,
    size: usize,
    started: bool,
    done: bool,
}

impl Pieces {
    fn new(elements: Vec<Bytes>, size: usize) -> Self {
        Self { elements: elements.into_iter(), size, started: false, done: false }
    }
}

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        if self.done {
            return None;
        }
        let mut piece = BytesMut::new();
        loop {
            let Some(element) = self.elements.next() else {
                piece.extend_from_slice(if self.started { b"]" } else { b"[]" });
                self.done = true;
                return Some(piece.freeze());
            };
            piece.extend_from_slice(if self.started { b"," } else { b"[" });
            self.started = true;
            piece.extend_from_slice(&element);
            if piece.len() >= self.size {
                return Some(piece.freeze());
            }
        }
    }
}

/// The body and its size; no body when it is above the limit. It is read to its end all the same, so that the
/// client gets the answer instead of a broken connection.
async fn read(mut body: Body, limit: usize) -> Result<(Option<Bytes>, usize), axum::Error> {
    let mut kept = Some(BytesMut::new());
    let mut size = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else {
            continue;
        };
        size += data.len();
        if size > limit {
            kept = None;
        }
        if let Some(kept) = &mut kept {
            kept.extend_from_slice(&data);
        }
    }
    Ok((kept.map(BytesMut::freeze), size))
}

fn pairs(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(key, true), decode(value, true))
        })
        .collect()
}

fn hide_token(query: &str) -> String {
    let shown = |pair: &str| {
        if pair.starts_with("access_token=") { "access_token=***".to_owned() } else { pair.to_owned() }
    };
    query.split('&').map(shown).collect::<Vec<_>>().join("&")
}

/// Percent-decoding; a `+` is a space in queries only. What is no proper escape stays as it is.
pub(crate) fn decode(text: &str, plus_is_space: bool) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%').then(|| bytes.get(at + 1..at + 3)).flatten();
        let byte = escape.and_then(|digits| std::str::from_utf8(digits).ok()).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = byte {
            decoded.push(byte);
            at += 3;
            continue;
        }
        decoded.push(if plus_is_space && bytes[at] == b'+' { b' ' } else { bytes[at] });
        at += 1;
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
