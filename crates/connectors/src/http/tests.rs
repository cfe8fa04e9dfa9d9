//! Against a server that says exactly what the test tells it to.

use std::path::Path;
use std::sync::{Arc, Mutex};

use kivuko_core::catalogue::network;
use kivuko_core::connector::Context;
use kivuko_core::error::{Code, Consequence, Error};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;
use crate::suite::context;

/// An authority that signs nothing.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----\n\
MIIBljCCAT2gAwIBAgIUfZARbGCwBMknX0iyzoSulPe633AwCgYIKoZIzj0EAwIw\n\
IDEeMBwGA1UEAwwVS2l2dWtvIHRlc3QgYXV0aG9yaXR5MCAXDTI2MTEyMTA4NTY0\n\
NFoYDzIxMjYxMDI4MDg1NjQ0WjAgMR4wHAYDVQQDDBVLaXZ1a28gdGVzdCBhdXRo\n\
b3JpdHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQDFgVUGU1ea541lIyCUR0C\n\
UkqJ+t0ETKRkaWyYHQuEz2/nosni9h2sFp12Z0pCIO//F69/uJ5/fNup9w4PR9wy\n\
o1MwUTAdBgNVHQ4EFgQUcimelNuVyfCfFjIk7ayYC0AlSYMwHwYDVR0jBBgwFoAU\n\
cimelNuVyfCfFjIk7ayYC0AlSYMwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQD\n\
AgNHADBEAiBeTTRPU5LQ0HhoVpX+V5HG73megwUaWOnkGnKrDtbRWQIgCvX8bbN1\n\
eLKjg2hNDaQEwseleNOYRCT9p8IGZeObM/A=\n\
-----END CERTIFICATE-----\n";

/// What the server does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Say {
    /// These bytes, and the connection ends.
    Raw(String),
    /// Nothing: the connection ends.
    HangUp,
    /// These bytes before anything was asked.
    AtOnce(&'static str),
}

pub(crate) fn say(status: u16, body: &str) -> Say {
    say_with(status, "", body)
}

fn say_with(status: u16, headers: &str, body: &str) -> Say {
    Say::Raw(format!(
        "HTTP/1.1 {status} X\r\n{headers}content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    ))
}

pub(crate) struct Server {
    pub(crate) url: String,
    heard: Arc<Mutex<Vec<String>>>,
}

/// Answers in this order, the last one for ever.
pub(crate) async fn server(answers: Vec<Say>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        let mut last = Say::HangUp;
        while let Ok((mut stream, _)) = listener.accept().await {
            last = answers.next().unwrap_or(last);
            if let Say::AtOnce(text) = last {
                let _ = stream.write_all(text.as_bytes()).await;
                continue;
            }
            let mut request = Vec::new();
            let mut piece = [0u8; 4096];
            while let Ok(count) = stream.read(&mut piece).await {
                request.extend_from_slice(&piece[..count]);
                let text = String::from_utf8_lossy(&request).into_owned();
                let whole = text.split_once("\r\n\r\n").is_some_and(|(head, body)| {
                    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).and_then(|length| length.parse().ok());
                    body.len() >= length.unwrap_or(0)
                });
                if whole || count == 0 {
                    break;
                }
            }
            log.lock().expect("nobody panics while holding it").push(String::from_utf8_lossy(&request).into_owned());
            if let Say::Raw(text) = &last {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        }
    });
    Server { url, heard }
}

impl Server {
    fn client(&self) -> (Client, Context) {
        client(&serde_json::json!({ "url": self.url, "timeout_secs": 5 }))
    }

    fn heard(&self) -> usize {
        self.heard.lock().expect("nobody panics while holding it").len()
    }
}

fn client(options: &serde_json::Value) -> (Client, Context) {
    let context = context();
    let options: Options = serde_json::from_value(options.clone()).expect("good options");
    (Client::new(&options, Path::new("."), context.clone(), |_| Some("REASON".to_owned())).expect("a client"), context)
}

fn ask(client: &Client, safety: Safety) -> Request {
    let method = if safety == Safety::Safe { Method::Get } else { Method::Post };
    let request = client
        .request(method, ["api", "cases"], safety)
        .query("filter", "Amina")
        .secret_header("authorization", "tok3n")
        .expect("a header");
    if safety == Safety::Safe { request } else { request.json(b"{\"name\":\"Amina\"}".to_vec()) }
}

fn no_secret(error: &Error) {
    let text = format!("{error} {error:?}");
    for secret in ["Amina", "tok3n", "passw0rd"] {
        assert!(!text.contains(secret), "{text}");
    }
}

#[tokio::test]
async fn safe_requests_are_tried_again_and_writes_are_not() {
    for trouble in [say(503, "{}"), say(500, "{}"), say(429, "{}"), Say::HangUp, say(200, "[1,"), say(200, "<html>")] {
        let server = server(vec![trouble.clone(), say(200, "[]")]).await;
        let (client, context) = server.client();
        let answer = client.send(&ask(&client, Safety::Safe)).await.expect("the second try goes through");
        assert_eq!((answer.status, server.heard()), (200, 2), "{trouble:?}");
        assert_eq!((context.meter.requests(), context.meter.retries()), (2, 1), "{trouble:?}");
    }
}

#[tokio::test]
async fn a_failed_write_says_whether_it_may_have_happened() {
    let cut = Say::Raw("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{\"a\"".to_owned());
    let check = |trouble: Say, code: Code, unknown: bool, ended: bool| async move {
        let server = server(vec![trouble.clone()]).await;
        let (client, _) = server.client();
        let error = client.send(&ask(&client, Safety::Write)).await.expect_err("it fails");
        assert_eq!((error.cause.code, error.effect_unknown, error.ended), (code, unknown, ended), "{trouble:?}");
        assert_eq!((error.consequence, server.heard()), (Consequence::Retry, 1), "{trouble:?}");
        no_secret(&error);
    };
    check(say(429, "{}"), network::RATE_LIMITED, false, false).await;
    check(say(500, "{}"), network::SERVER_ERROR, true, true).await;
    check(say(502, "{}"), network::SERVER_ERROR, true, false).await;
    check(say(503, "{}"), network::SERVER_ERROR, true, false).await;
    check(say(200, "<html>"), network::NOT_JSON, true, false).await;
    check(say(200, "{\"a\":"), network::NOT_JSON, true, false).await;
    check(cut, network::NOT_JSON, true, false).await;
    check(Say::HangUp, network::UNREACHABLE, true, false).await;
}

#[tokio::test]
async fn what_was_never_sent_has_no_effect() {
    let (client, _) = client(&serde_json::json!({ "url": "http://user:passw0rd@127.0.0.1:9", "timeout_secs": 2 }));
    let error = client.send(&ask(&client, Safety::Write)).await.expect_err("nobody is there");
    assert_eq!((error.cause.code, error.effect_unknown), (network::UNREACHABLE, false));
    no_secret(&error);
    assert!(error.cause.message.starts_with("POST http://127.0.0.1:9/api/cases?filter=…: no connection"), "{error}");
}

#[tokio::test]
async fn retry_after_is_waited_for() {
    let server = server(vec![say_with(503, "retry-after: 40\r\n", "{}"), say(200, "[]")]).await;
    let (client, context) = server.client();
    let before = context.clock.now();
    client.send(&ask(&client, Safety::Safe)).await.expect("the second try goes through");
    assert_eq!(context.clock.now().duration_since(before).as_secs(), 40);
}

#[tokio::test]
async fn a_long_wait_is_handed_to_the_run() {
    let server = server(vec![say_with(429, "retry-after: 3600\r\n", "{}")]).await;
    let (client, _) = server.client();
    let error = client.send(&ask(&client, Safety::Safe)).await.expect_err("an hour is too long");
    assert_eq!(error.retry_after, Some(std::time::Duration::from_hours(1)));
    assert_eq!(server.heard(), 1);
}

#[tokio::test]
async fn after_many_failures_nothing_is_sent_for_a_while() {
    let server = server(vec![say(500, "{}")]).await;
    let (client, context) = server.client();
    for _ in 0..40 {
        client.send(&ask(&client, Safety::Write)).await.expect_err("it fails");
    }
    let error = client.send(&ask(&client, Safety::Write)).await.expect_err("the circuit is open");
    assert_eq!((error.cause.code, error.effect_unknown, server.heard()), (network::CIRCUIT_OPEN, false, 40));
    context.clock.sleep(error.retry_after.expect("it says how long")).await;
    client.send(&ask(&client, Safety::Write)).await.expect_err("one tries");
    assert_eq!(server.heard(), 41);
}

#[tokio::test]
async fn nothing_is_sent_after_a_cancellation() {
    let server = server(vec![say(200, "[]")]).await;
    let (client, context) = server.client();
    context.cancel.cancel();
    let error = client.send(&ask(&client, Safety::Safe)).await.expect_err("the run was stopped");
    assert_eq!((error.cause.code, server.heard()), (network::CANCELLED, 0));
}

#[tokio::test]
async fn the_rate_is_kept() {
    let server = server(vec![say(200, "[]")]).await;
    let (client, context) = client(&serde_json::json!({ "url": server.url, "rate": 0.5 }));
    let before = context.clock.now();
    for _ in 0..4 {
        client.send(&ask(&client, Safety::Safe)).await.expect("it goes through");
    }
    assert_eq!(context.clock.now().duration_since(before).as_secs(), 6);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let server = server(vec![say_with(301, "location: https://elsewhere.example/\r\n", "")]).await;
    let (client, _) = server.client();
    let error = client.send(&ask(&client, Safety::Safe)).await.expect_err("nothing is followed");
    assert_eq!((error.consequence, server.heard()), (Consequence::FixConfiguration, 1));
}

#[tokio::test]
async fn refusals_come_back_as_answers_and_a_large_answer_in_pieces() {
    let server = server(vec![say(404, "<html>"), say(200, &format!("[{}]", "1,".repeat(100_000) + "1"))]).await;
    let (client, _) = server.client();
    let answer = client.send(&ask(&client, Safety::Safe)).await.expect("a refusal is an answer");
    assert_eq!((answer.status, answer.is_success()), (404, false));
    let mut body = client.open(&ask(&client, Safety::Safe)).await.expect("it opens").expect("a success");
    let mut length = 0;
    while let Some(piece) = body.piece().await.expect("it goes on") {
        length += piece.len();
    }
    assert_eq!(length, 200_003);
}

#[tokio::test]
async fn a_server_that_cannot_be_trusted_is_configuration() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ca.pem"), CERTIFICATE).expect("it can be written");
    let server = server(vec![Say::AtOnce("this is no TLS")]).await;
    let options = serde_json::json!({ "url": server.url.replace("http:", "https:"), "ca_file": "ca.pem", "timeout_secs": 5 });
    let options: Options = serde_json::from_value(options).expect("good options");
    let client = Client::new(&options, folder.path(), context(), |_| None).expect("a client with an authority of its own");
    let error = client.send(&ask(&client, Safety::Write)).await.expect_err("no secure connection");
    assert_eq!(
        (error.cause.code, error.consequence, error.effect_unknown),
        (network::TLS, Consequence::FixConfiguration, false),
        "{error}"
    );
    std::fs::write(folder.path().join("ca.pem"), "no certificate").expect("it can be written");
    assert!(Client::new(&options, folder.path(), context(), |_| None).is_err());
}

#[test]
fn addresses_are_shown_without_secrets() {
    let check = |url: &str, expected: &str| assert_eq!(shown(&url.parse().expect("a URL")), expected);
    check("https://u:p@host/api", "https://host/api");
    check("https://host:8443/a?filter=x&limit=2", "https://host:8443/a?filter=…&limit=…");
}

#[test]
fn wrong_options_are_told_all_at_once() {
    let options = serde_json::json!({ "url": "ftp://x", "ca_file": "no.pem", "client_cert": "no.pem", "rate": 0, "concurrency": 0, "timeout_secs": -1 });
    let options: Options = serde_json::from_value(options).expect("the types are right");
    let problems = Client::new(&options, Path::new("/nowhere"), context(), |_| None).expect_err("they are wrong");
    for option in ["url", "ca_file", "client_cert", "rate", "concurrency", "timeout_secs"] {
        assert_eq!(problems.iter().filter(|problem| problem.contains(&format!("`{option}`"))).count(), 1, "{option}: {problems:?}");
    }
}
