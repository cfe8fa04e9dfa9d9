//! Outbreaks.

use axum::http::Method;
use serde_json::{Value, json};

use super::{Call, compile, counted};
use crate::godata::auth::User;
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::filter::Filter;
use crate::godata::outbreaks;
use crate::godata::schema::OUTBREAK;
use crate::godata::store::Table;
use crate::server::Reply;

/// Paths that are about all outbreaks.
pub(super) fn collection(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    match rest {
        [] if call.is(&Method::GET) => {
            let user = call.user()?;
            list(call, &user, &call.filter(Engine::Loopback)?)
        }
        ["filter"] if call.is(&Method::POST) => {
            let user = call.user()?;
            list(call, &user, &call.filter_in_body(Engine::Loopback)?)
        }
        ["count"] if call.is(&Method::GET) || call.is(&Method::POST) => {
            let user = call.user()?;
            let (node, deleted) = call.where_argument()?;
            let condition = compile(node.as_ref(), Engine::Loopback, &OUTBREAK)?;
            Ok(counted(seen_by(&user, &call.server.read().outbreaks).matching(deleted, condition.as_ref()).count()))
        }
        [] if call.is(&Method::POST) => create(call),
        ["export-fields-group"] => {
            call.user()?;
            Err(Error::not_simulated(call.path))
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// Paths that are about one outbreak.
pub(super) fn one(call: &Call<'_>, id: &str, rest: &[&str]) -> Result<Reply> {
    let restore = rest == ["restore"];
    let permission = match call.request.method {
        Method::GET if !restore => "outbreak_view",
        Method::POST if restore => "outbreak_restore",
        Method::DELETE if !restore => "outbreak_delete",
        _ if call.is_change() && !restore => "outbreak_modify",
        _ => return Err(call.no_method("outbreak")),
    };
    let user = call.user_who_may(permission)?;
    call.check_outbreak(&user, id, false)?;
    let author = call.author(&user);
    let missing = || Error::no_such_model("outbreak", id);
    if restore {
        let mut store = call.server.write();
        let written = outbreaks::set_deleted(&mut store, id, false, &author);
        let record = store.outbreaks.live(id).cloned().ok_or_else(missing)?;
        drop(store);
        return Ok(call.record(record).wrote(written));
    }
    if call.is(&Method::GET) {
        let record = call.server.read().outbreaks.live(id).cloned().ok_or_else(missing)?;
        return Ok(call.record(record));
    }
    if call.is(&Method::DELETE) {
        let active = call.server.auth().users().iter().any(|user| user.active_outbreak() == Some(id));
        if active {
            let message = format!("The outbreak (id: `{id}`) is active for at least another user. Cannot delete an active outbreak.");
            return Err(Error::coded(422, "DELETE_ACTIVE_OUTBREAK", message));
        }
        let count = outbreaks::set_deleted(&mut call.server.write(), id, true, &author);
        return Ok(counted(count).wrote(count));
    }
    let sent = call.object()?;
    let mut store = call.server.write();
    outbreaks::update(&mut store, id, sent, &author)?;
    let record = store.outbreaks.live(id).cloned().ok_or_else(missing)?;
    drop(store);
    Ok(call.record(record).wrote(1))
}

fn list(call: &Call<'_>, user: &User, filter: &Filter) -> Result<Reply> {
    let seen = seen_by(user, &call.server.read().outbreaks);
    call.list(&seen, &OUTBREAK, filter)
}

/// Only the outbreaks that the account may see.
fn seen_by(user: &User, outbreaks: &Table) -> Table {
    let mut seen = Table::default();
    for outbreak in outbreaks.all() {
        if user.may_see(outbreak.get("id").and_then(Value::as_str).unwrap_or_default()) {
            seen.put(outbreak.clone());
        }
    }
    seen
}

fn create(call: &Call<'_>) -> Result<Reply> {
    let user = call.user_who_may("outbreak_create")?;
    let author = call.author(&user);
    let sent = call.object()?;
    let mut store = call.server.write();
    let id = outbreaks::create(&mut store, sent, &author)?;
    let record = store.outbreaks.get(&id).cloned().ok_or_else(|| Error::no_such_model("outbreak", &id))?;
    drop(store);
    // The creator may see it, when there is a list of those that may be seen; it does not become the active one.
    if let Some(user) = call.server.auth().user_mut(&user.id)
        && let Some(Value::Array(allowed)) = user.record.get_mut("outbreakIds")
        && !allowed.is_empty()
    {
        allowed.push(json!(id));
    }
    Ok(call.record(record).wrote(1))
}
