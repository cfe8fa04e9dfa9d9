//! What the tests of the simulated DHIS2 share: a client, and exchanges written as data.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use kivuko_sims::dhis2::{Dhis2Sim, Options, Profile};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde_json::Value;

/// A client of a simulator.
pub struct User {
    /// `http://127.0.0.1:40123/api`
    pub base: String,
    /// `Authorization`; none when empty.
    pub credentials: String,
    pub client: Client,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// JSON; what is no JSON is a text.
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// The WebMessage of a refusal, whose own status is that of HTTP.
    #[track_caller]
    pub fn refused(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.body["httpStatusCode"], status, "{self:?}");
        self.body
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

pub fn token(key: &str) -> String {
    format!("ApiToken {key}")
}

pub async fn start(options: Options) -> (Dhis2Sim, User) {
    // No provider is chosen by a feature, and nothing here speaks TLS; a second test finds it installed already.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let sim = Dhis2Sim::start(options).await.expect("the simulator starts");
    let client = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().expect("a client");
    let user = User { base: format!("{}/api", sim.url()), credentials: token(Options::TOKEN), client };
    (sim, user)
}

/// One simulator of each release.
pub fn releases() -> impl Iterator<Item = &'static str> {
    Profile::all().iter().map(|profile| profile.name)
}

impl User {
    pub fn other(&self, credentials: &str) -> Self {
        Self { base: self.base.clone(), credentials: credentials.to_owned(), client: self.client.clone() }
    }

    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let request = self.client.request(method, format!("{}{path}", self.base));
        if self.credentials.is_empty() { request } else { request.header("authorization", &self.credentials) }
    }

    pub async fn answer(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let text_of = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text_of(value))).collect();
        let text = response.text().await.expect("the body arrives");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Answer { status, headers, body }
    }

    pub async fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.send_as(method, path, "application/json", body.to_string()).await
    }

    pub async fn send_as(&self, method: &str, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        self.answer(self.request(method, path).header("content-type", content_type).body(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.answer(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, &body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.answer(self.request("DELETE", path)).await
    }
}

/// Percent-encoding for a query.
pub fn encode(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(escape).collect()
}
