//! Refusals, in the envelope of DHIS2: a WebMessage.

use serde_json::{Map, Value, json};

use crate::server::{Reply, Request};

/// A refusal.
#[derive(Debug, Clone)]
pub struct Error {
    /// HTTP status.
    pub status: u16,
    /// For people.
    pub message: String,
    /// For developers.
    pub dev_message: Option<String>,
    /// A code such as `E2010`.
    pub code: Option<String>,
    /// What stands under `response`.
    pub response: Option<Value>,
}

/// What can be refused.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// A refusal with a status and a message.
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), dev_message: None, code: None, response: None }
    }

    /// With a code as well.
    pub fn coded(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { code: Some(code.to_owned()), ..Self::new(status, message) }
    }

    /// With words for developers.
    #[must_use]
    pub fn because(mut self, dev_message: &str) -> Self {
        self.dev_message = Some(dev_message.to_owned());
        self
    }

    /// A conflict, 409, with its code.
    pub fn conflict(code: &str, message: impl Into<String>) -> Self {
        Self::coded(409, code, message)
    }

    /// A malformed request, 400.
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }

    /// 401.
    pub fn unauthorized(message: &str) -> Self {
        Self::new(401, message)
    }

    /// 403.
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(403, message)
    }

    /// 404 of an object.
    pub fn no_object(klass: &str, id: &str) -> Self {
        Self::coded(404, "E1005", format!("{klass} with id {id} could not be found."))
    }

    /// 404 of an address.
    pub fn no_address(path: &str) -> Self {
        Self::new(404, format!("No handler for {path}"))
    }

    /// 405.
    pub fn method(method: &str) -> Self {
        Self::new(405, format!("Request method '{method}' is not supported"))
    }

    /// 415.
    pub fn media_type(kind: &str) -> Self {
        Self::new(415, format!("Content-Type '{kind}' is not supported"))
    }

    /// 501: DHIS2 has it, this simulator has not.
    pub fn not_simulated(what: &str) -> Self {
        Self::new(501, format!("the simulator does not do this: {what}"))
    }

    /// The answer: JSON, or XML for those who want that.
    pub fn reply(&self, request: &Request) -> Reply {
        let mut message = WebMessage::new(self.status, "ERROR").message(&self.message);
        message.dev_message.clone_from(&self.dev_message);
        message.code.clone_from(&self.code);
        message.response.clone_from(&self.response);
        message.reply(request)
    }
}

/// The envelope of answers to writes, and of all refusals.
#[derive(Debug, Clone)]
pub struct WebMessage {
    /// HTTP status.
    pub http: u16,
    /// OK, WARNING or ERROR.
    pub status: &'static str,
    /// For people.
    pub message: Option<String>,
    /// For developers.
    pub dev_message: Option<String>,
    /// A code such as `E2010`.
    pub code: Option<String>,
    /// What it is about.
    pub response: Option<Value>,
}

impl WebMessage {
    /// With an HTTP status and OK, WARNING or ERROR.
    pub fn new(http: u16, status: &'static str) -> Self {
        Self { http, status, message: None, dev_message: None, code: None, response: None }
    }

    /// With a message.
    #[must_use]
    pub fn message(mut self, message: &str) -> Self {
        self.message = Some(message.to_owned());
        self
    }

    /// With what it is about.
    #[must_use]
    pub fn response(mut self, response: Value) -> Self {
        self.response = Some(response);
        self
    }

    /// As JSON.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("httpStatus".to_owned(), json!(reason(self.http)));
        body.insert("httpStatusCode".to_owned(), json!(self.http));
        body.insert("status".to_owned(), json!(self.status));
        let mut text = |name: &str, value: Option<&String>| {
            if let Some(value) = value {
                body.insert(name.to_owned(), json!(value));
            }
        };
        text("message", self.message.as_ref());
        text("devMessage", self.dev_message.as_ref());
        text("errorCode", self.code.as_ref());
        if let Some(response) = &self.response {
            body.insert("response".to_owned(), response.clone());
        }
        Value::Object(body)
    }

    /// The answer. Its XML has the envelope only: what is below `response` is written in XML by those who know its form.
    pub fn reply(&self, request: &Request) -> Reply {
        let wants_xml = self.response.is_none() && request.header("accept").is_some_and(|accept| accept.contains("application/xml"));
        let mut reply = if wants_xml {
            Reply::whole(self.http, "application/xml;charset=UTF-8", self.xml())
        } else {
            Reply::json(self.http, self.body().to_string())
        };
        if self.http >= 400 {
            reply.headers.push(("cache-control", "no-cache, private".to_owned()));
        }
        reply
    }

    fn xml(&self) -> String {
        let mut text = format!(
            "<webMessage httpStatus=\"{}\" httpStatusCode=\"{}\" status=\"{}\" xmlns=\"http://dhis2.org/schema/dxf/2.0\">",
            reason(self.http),
            self.http,
            self.status
        );
        for (name, value) in [("message", &self.message), ("devMessage", &self.dev_message), ("errorCode", &self.code)] {
            if let Some(value) = value {
                text.extend(["<", name, ">", &escape(value), "</", name, ">"]);
            }
        }
        text.push_str("</webMessage>");
        text
    }
}

/// A text in XML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The words of an HTTP status.
pub(super) fn reason(status: u16) -> &'static str {
    axum::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Unknown")
}
