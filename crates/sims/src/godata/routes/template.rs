//! Templates of outbreaks.

use axum::http::Method;

use super::{Call, counted};
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::templates::{self, TEMPLATE};
use crate::server::Reply;

pub(super) fn route(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    let missing = |id: &str| Error::no_such_model("template", id);
    match rest {
        [] if get => {
            call.user_who_may("outbreak_template_list")?;
            call.list(&call.server.read().templates, &TEMPLATE, &call.filter(Engine::Loopback)?)
        }
        ["count"] if get => {
            call.user_who_may("outbreak_template_list")?;
            call.count(&call.server.read().templates, &TEMPLATE)
        }
        [] if call.is(&Method::POST) => {
            let user = call.user_who_may("outbreak_template_create")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            let id = templates::create(&mut store, sent, &call.author(&user))?;
            let record = store.templates.get(&id).cloned().ok_or_else(|| missing(&id))?;
            drop(store);
            Ok(call.record(record).wrote_ids(vec![id]))
        }
        [id] if get => {
            call.user_who_may("outbreak_template_view")?;
            let record = call.server.read().templates.live(id).cloned();
            Ok(call.record(record.ok_or_else(|| missing(id))?))
        }
        [id] if call.is_change() => {
            let user = call.user_who_may("outbreak_template_modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            templates::update(&mut store, id, sent, &call.author(&user))?;
            let record = store.templates.get(id).cloned().ok_or_else(|| missing(id))?;
            drop(store);
            Ok(call.record(record).wrote_ids(vec![(*id).to_owned()]))
        }
        [id] if call.is(&Method::DELETE) => {
            let user = call.user_who_may("outbreak_template_delete")?;
            let count = templates::delete(&mut call.server.write(), id, &call.author(&user));
            Ok(counted(count).wrote(count))
        }
        _ => Err(call.no_method("template")),
    }
}
