//! Languages and their tokens; open to everybody.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Call, counted};
use crate::godata::condition::Engine;
use crate::godata::dates;
use crate::godata::error::{Error, Result};
use crate::godata::node::Node;
use crate::server::Reply;

pub(super) fn route(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    let missing = |id: &str| Error::no_such_model("language", id);
    let store = call.server.read();
    match rest {
        [id] if call.is_change() || call.is(&Method::DELETE) => {
            call.user_who_may("language_modify")?;
            let language = store.languages.one(id).ok_or_else(|| missing(id))?;
            if language.get("readOnly") == Some(&Value::Bool(true)) {
                let message = format!("Model `language` id `{id}` is not editable (read-only).");
                return Err(Error::coded(422, "MODEL_NOT_EDITABLE", message));
            }
            Err(Error::not_simulated(call.path))
        }
        _ if !call.is(&Method::GET) => {
            call.user()?;
            Err(Error::not_simulated(call.path))
        }
        [] => Ok(Reply::json(200, json!(store.languages.list()).to_string())),
        ["count"] => Ok(counted(store.languages.list().len())),
        [id] => Ok(call.record(store.languages.one(id).ok_or_else(|| missing(id))?)),
        [id, "language-tokens"] => {
            let filter = call.filter(Engine::Loopback)?;
            let members = match &filter.condition {
                Some(Node::Object(members)) => members.as_slice(),
                _ => &[],
            };
            if let Some((key, _)) = members.iter().find(|(key, _)| key != "updatedSince") {
                return Err(Error::not_simulated(&format!("where.{key}")));
            }
            let since = members.first().and_then(|(_, since)| dates::javascript(since.text()?)).unwrap_or(i64::MIN);
            let tokens = store.languages.tokens(id, since).ok_or_else(|| missing(id))?;
            Ok(Reply::json(200, tokens.to_string()))
        }
        _ => Err(call.no_method("language")),
    }
}
