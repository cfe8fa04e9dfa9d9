//! Login, OAuth, logout, and the own record of a user.

use axum::http::Method;
use serde_json::{Value, json};

use super::Call;
use crate::godata::auth::User;
use crate::godata::condition::Engine;
use crate::godata::dates;
use crate::godata::error::{Error, Result};
use crate::godata::schema::USER;
use crate::godata::store::{Table, text_of};
use crate::server::{Reply, decode};

pub(super) fn route(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    match segments {
        ["users", "login"] if call.is(&Method::POST) => login(call),
        ["oauth", "token"] if call.is(&Method::POST) => oauth(call),
        ["users", "logout"] if call.is(&Method::POST) => logout(call),
        ["users" | "oauth", "two-factor-authentication-step-2"] => Err(Error::not_simulated("two-factor authentication")),
        ["users"] if call.is(&Method::GET) => {
            call.user_who_may("user_list")?;
            let mut table = Table::default();
            let users: Vec<User> = call.server.auth().users().to_vec();
            for user in users {
                table.put(user.record);
            }
            call.list(&table, &USER, &call.filter(Engine::Loopback)?)
        }
        ["users", "for-filters"] if call.is(&Method::GET) => {
            call.user_who_may("user_list_for_filters")?;
            let names = |user: &User| json!({"id": user.id, "firstName": user.record["firstName"], "lastName": user.record["lastName"]});
            let users: Vec<Value> = call.server.auth().users().iter().map(names).collect();
            Ok(Reply::json(200, Value::from(users).to_string()))
        }
        ["users", id] if call.is(&Method::GET) => show(call, id),
        ["users", id] if call.is_change() => change(call, id),
        ["users", ..] => {
            call.user()?;
            Err(Error::not_simulated(call.path))
        }
        _ => Err(call.no_method("oauth")),
    }
}

fn login(call: &Call<'_>) -> Result<Reply> {
    let body = call.object()?;
    let text = |field: &str| body.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(email) = text("email").or_else(|| text("username")) else {
        return Err(Error::coded(400, "USERNAME_EMAIL_REQUIRED", "username or email is required"));
    };
    let now = call.server.clock.now();
    let login = call.server.auth().login(&email.to_lowercase(), text("password").unwrap_or_default(), now)?;
    let stamp = dates::iso(now);
    let mut token = json!({
        "id": login.token, "ttl": login.ttl, "created": stamp, "userId": login.user.id,
        "createdAt": stamp, "createdBy": "system", "updatedAt": stamp, "updatedBy": "system", "dbUpdatedAt": stamp, "deleted": false
    });
    if call.request.argument("include").is_some_and(|include| include.eq_ignore_ascii_case("user")) {
        token["user"] = Value::Object(login.user.record);
    }
    Ok(Reply::json(200, token.to_string()))
}

fn oauth(call: &Call<'_>) -> Result<Reply> {
    let form = call.request.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    let (username, password) = if form {
        let text = String::from_utf8_lossy(&call.request.body);
        let field = |name: &str| {
            let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
            pairs.filter(|(key, _)| *key == name).map(|(_, value)| decode(value, true)).next()
        };
        (field("username"), field("password"))
    } else {
        let body = call.object()?;
        let field = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        (field("username"), field("password"))
    };
    let (Some(username), Some(password)) = (username.filter(|name| !name.is_empty()), password.filter(|word| !word.is_empty())) else {
        let message = "Invalid request parameters. Details: username and password are required";
        return Err(Error::coded(400, "REQUEST_VALIDATION_ERROR", message));
    };
    // Here, unlike at the login, the name is not put into lower case.
    let login = call.server.auth().login(&username, &password, call.server.clock.now())?;
    let body = json!({"token_type": "bearer", "expires_in": login.ttl, "access_token": login.token});
    Ok(Reply::json(200, body.to_string()))
}

fn logout(call: &Call<'_>) -> Result<Reply> {
    let Some(token) = super::token(call.request) else {
        return Err(Error::plain(401, "could not find accessToken"));
    };
    if call.server.auth().logout(token) { Ok(Reply::empty(204)) } else { Err(Error::unauthorized()) }
}

fn show(call: &Call<'_>, id: &str) -> Result<Reply> {
    let user = call.user()?;
    if user.id != id {
        user.need("user_view")?;
    }
    let shown = call.server.auth().user(id).cloned().ok_or_else(|| Error::no_such_model("user", id))?;
    let mut record = shown.record;
    // The real list has 475 identifiers; the length is what matters to a client that did not expect it.
    let groups = ["outbreak", "case", "contact", "event", "location", "reference_data", "user", "lab_result", "follow_up", "relationship"];
    let actions = ["all", "list", "view", "create", "modify", "delete", "restore", "export", "import", "bulk_modify"];
    let available = groups.iter().flat_map(|group| actions.iter().map(move |action| json!({"id": format!("{group}_{action}")})));
    record.insert("availablePermissions".to_owned(), available.collect());
    Ok(Reply::json(200, text_of(&record)))
}

fn change(call: &Call<'_>, id: &str) -> Result<Reply> {
    let user = call.user()?;
    let own = user.id == id;
    if !own {
        user.need("user_modify")?;
    }
    let mut sent = call.object()?;
    USER.strip(&mut sent);
    if sent.contains_key("password") {
        return Err(Error::not_simulated("changing a password"));
    }
    if own {
        sent.remove("roleIds");
    }
    let now = call.server.clock.now();
    let mut auth = call.server.auth();
    let user = auth.user_mut(id).ok_or_else(|| Error::no_such_model("user", id))?;
    let mut record = user.record.clone();
    record.extend(sent);
    let allowed = record.get("outbreakIds").and_then(Value::as_array).cloned().unwrap_or_default();
    let active = record.get("activeOutbreakId").cloned().unwrap_or_default();
    if !allowed.is_empty() && !active.is_null() && !allowed.contains(&active) {
        return Err(Error::coded(422, "ACTIVE_OUTBREAK_NOT_ALLOWED", "Active outbreak not allowed"));
    }
    let stamp = dates::iso(now);
    for field in ["updatedAt", "dbUpdatedAt"] {
        record.insert(field.to_owned(), json!(stamp));
    }
    user.record.clone_from(&record);
    Ok(Reply::json(200, text_of(&record)))
}
