//! What the tests share: a client that logs in, and exchanges written as data.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use kivuko_sims::godata::{Options, Sim};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

pub const OUTBREAK: &str = Options::OUTBREAK;
pub const CLASSIFICATION: &str = "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_";
pub const EXTERNAL: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_EXTERNAL_ID";

/// A client of a simulator, logged in.
pub struct User {
    pub base: String,
    pub token: String,
    pub client: Client,
}

/// Status and JSON of an answer; what is no JSON is a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    pub async fn of(response: Response) -> Self {
        let status = response.status().as_u16();
        let text = response.text().await.expect("the body arrives");
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Self { status, body }
    }

    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }

    #[track_caller]
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        self
    }
}

pub fn with_json(request: reqwest::RequestBuilder, body: &Value) -> reqwest::RequestBuilder {
    request.header("content-type", "application/json").body(body.to_string())
}

/// Percent-encoding for a query.
pub fn encode(text: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    text.bytes().map(escape).collect()
}

pub fn client() -> Client {
    // No provider is chosen by a feature, and nothing here speaks TLS; a second test finds it installed already.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().expect("a client")
}

pub async fn start(options: Options) -> (Sim, User) {
    let sim = Sim::start(options).await.expect("a free port");
    let user = login(&sim, Options::EMAIL, Options::PASSWORD).await;
    (sim, user)
}

pub async fn tests() -> (Sim, User) {
    start(Options::for_tests()).await
}

pub async fn login(sim: &Sim, email: &str, password: &str) -> User {
    let client = client();
    let base = format!("{}/api", sim.url());
    let sent = with_json(client.post(format!("{base}/users/login")), &json!({"email": email, "password": password}));
    let body = Answer::of(sent.send().await.expect("an answer")).await.ok();
    let token = body["id"].as_str().expect("a token").to_owned();
    User { base, token, client }
}

impl User {
    pub async fn try_send(&self, method: Method, path: &str, body: Option<&Value>) -> reqwest::Result<Response> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).header("X-Access-Token", &self.token);
        if let Some(body) = body {
            request = with_json(request, body);
        }
        request.send().await
    }

    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Answer::of(self.try_send(method, path, body).await.expect("an answer")).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(&body)).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None).await
    }

    /// GET of a list with a filter.
    pub async fn filtered(&self, path: &str, filter: Value) -> Answer {
        self.get(&format!("{path}?filter={}", encode(&filter.to_string()))).await
    }

    pub async fn create_case(&self, case: Value) -> Value {
        self.post(&cases(), case).await.ok()
    }

    /// First names of the cases that a condition finds.
    pub async fn found(&self, condition: Value) -> Vec<String> {
        let answer = self.filtered(&cases(), json!({"where": condition})).await.ok();
        names(&answer)
    }
}

pub fn names(list: &Value) -> Vec<String> {
    let of = |case: &Value| case["firstName"].as_str().unwrap_or("-").to_owned();
    list.as_array().expect("an array").iter().map(of).collect()
}

pub fn cases() -> String {
    format!("/outbreaks/{OUTBREAK}/cases")
}
