//! Refusals in the envelope of Go.Data: `{"error": {"statusCode", "name", "message", "code", "details"}}`.

use serde_json::{Map, Value, json};

/// One refusal.
#[derive(Debug, Clone)]
pub struct Error {
    /// HTTP status.
    pub status: u16,
    /// `Error`, `ValidationError`, `SyntaxError` ...
    pub name: &'static str,
    /// For people.
    pub message: String,
    /// For programs, where the backend has one.
    pub code: Option<String>,
    /// What belongs to the code.
    pub details: Option<Value>,
}

/// The answer to a question that may be refused.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A refusal without a code.
    pub fn plain(status: u16, message: impl Into<String>) -> Self {
        Self { status, name: "Error", message: message.into(), code: None, details: None }
    }

    /// A refusal with a code.
    pub fn coded(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { code: Some(code.to_owned()), ..Self::plain(status, message) }
    }

    /// Adds details.
    pub fn details(mut self, details: Value) -> Self {
        self.details = Some(details);
        self
    }

    /// 404 of the application.
    pub fn not_found(model: &str, id: &str) -> Self {
        Self::coded(404, "MODEL_NOT_FOUND", format!("Unknown `{model}` id `{id}`")).details(json!({"model": model, "id": id}))
    }

    /// 404 of the framework, for a top-level model.
    pub fn no_such_model(model: &str, id: &str) -> Self {
        Self::coded(404, "MODEL_NOT_FOUND", format!("Unknown \"{model}\" id \"{id}\"."))
    }

    /// 404 of a record that is not there under its parent, or not of this kind.
    pub fn no_instance(model: &str, id: &str) -> Self {
        Self::plain(404, format!("No instance with id {id} found for {model}"))
    }

    /// 401.
    pub fn unauthorized() -> Self {
        Self::coded(401, "AUTHORIZATION_REQUIRED", "Authorization Required")
    }

    /// 500, as the backend answers to what it did not foresee.
    pub fn internal(message: impl Into<String>) -> Self {
        let message = message.into();
        Self::coded(500, "INTERNAL_ERROR", format!("Internal error: `{}`", json!({"message": message})))
            .details(json!({"error": {"message": message, "name": "MongoError"}}))
    }

    /// 501: this is known in Go.Data and not simulated here.
    pub fn not_simulated(what: &str) -> Self {
        Self::coded(501, "NOT_SIMULATED", format!("{what} is not simulated"))
    }

    /// 422 of the model's validation, one `(field, code, message)` for each problem. It has no code of its own.
    pub fn validation(model: &str, problems: &[(String, &'static str, String)]) -> Self {
        let mut codes = Map::new();
        let mut messages = Map::new();
        let mut text = Vec::new();
        for (field, code, message) in problems {
            codes.insert(field.clone(), json!([code]));
            messages.insert(field.clone(), json!([message]));
            text.push(format!("`{field}` {message}"));
        }
        Self {
            status: 422,
            name: "ValidationError",
            message: format!("The `{model}` instance is not valid. Details: {}.", text.join("; ")),
            code: None,
            details: Some(json!({"context": model, "codes": codes, "messages": messages})),
        }
    }

    /// What stands under `error`.
    pub fn body(&self) -> Value {
        let mut error = Map::new();
        error.insert("statusCode".into(), json!(self.status));
        error.insert("name".into(), json!(self.name));
        error.insert("message".into(), json!(self.message));
        if let Some(code) = &self.code {
            error.insert("code".into(), json!(code));
        }
        if let Some(details) = &self.details {
            error.insert("details".into(), details.clone());
        }
        Value::Object(error)
    }
}
