//! Reference data and the translations of its labels.

use axum::http::Method;

use super::{Call, counted};
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::reference_data;
use crate::godata::schema::REFERENCE_DATA;
use crate::server::Reply;

pub(super) fn route(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    match rest {
        [] if get => {
            call.user()?;
            call.list(&call.server.read().reference_data, &REFERENCE_DATA, &call.filter(Engine::Loopback)?)
        }
        ["count"] if get => {
            call.user()?;
            call.count(&call.server.read().reference_data, &REFERENCE_DATA)
        }
        ["available-categories"] if get => {
            call.user()?;
            Ok(Reply::json(200, reference_data::categories().to_string()))
        }
        ["export" | "import-importable-file-using-map", ..] => {
            call.user()?;
            Err(Error::not_simulated(call.path))
        }
        [] if call.is(&Method::POST) => {
            let user = call.user_who_may("reference_data_create_category_item")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            let id = reference_data::create(&mut store, sent, &call.author(&user))?;
            let record = store.reference_data.get(&id).cloned().unwrap_or_default();
            drop(store);
            Ok(call.record(record).wrote(1))
        }
        [id] if get => {
            call.user()?;
            let record = call.server.read().reference_data.live(id).cloned();
            Ok(call.record(record.ok_or_else(|| Error::no_such_model("referenceData", id))?))
        }
        [id] if call.is_change() => {
            let user = call.user_who_may("reference_data_modify_category_item")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            reference_data::update(&mut store, id, sent, &call.author(&user))?;
            let record = store.reference_data.get(id).cloned().unwrap_or_default();
            drop(store);
            Ok(call.record(record).wrote(1))
        }
        [id] if call.is(&Method::DELETE) => {
            let user = call.user_who_may("reference_data_delete_category_item")?;
            let count = reference_data::delete(&mut call.server.write(), id, &call.author(&user))?;
            Ok(counted(count).wrote(count))
        }
        _ => Err(call.no_method("referenceData")),
    }
}
