//! Extra time and approval: `lockExceptions` and `dataApprovals`.

use axum::http::Method;
use serde_json::{Value, json};

use super::super::error::{Error, Result, WebMessage};
use super::super::routes::Call;
use super::super::uid::Uid;
use super::context::Context;
use super::select::list;
use super::store::Store;
use super::{named, with};
use crate::server::Reply;

/// `lockExceptions`: for which org unit, period and data set extra time was granted.
pub fn lock_exceptions(call: &Call<'_>) -> Result<Reply> {
    with(call, |context, store| match call.request.method {
        Method::GET => Ok(Reply::json(200, json!({ "lockExceptions": granted(context, store) }).to_string())),
        Method::POST => {
            let grants = slices(call, context)?;
            let count = grants.len();
            store.lock_exceptions.extend(grants);
            let mut message = WebMessage::new(201, "OK");
            message.message = Some(format!("{count} lock exception(s) created successfully."));
            Ok(message.reply(call.request).wrote(count))
        }
        Method::DELETE => {
            let grants = slices(call, context)?;
            let removed = grants.iter().filter(|grant| store.lock_exceptions.remove(grant)).count();
            Ok(Reply::empty(204).wrote(removed))
        }
        _ => Err(call.wrong_method()),
    })
}

fn granted(context: &Context<'_>, store: &Store) -> Value {
    let name = |unit: &Uid| context.model.org_units.get(*unit).map(|unit| unit.identity.name.clone()).unwrap_or_default();
    let exception = |(unit, period, set): &(Uid, super::period::Period, Uid)| {
        json!({
            "name": format!("{} ({})", name(unit), period.id()), "period": {"id": period.id()}, "organisationUnit": {"id": unit.as_str()},
            "dataSet": {"id": set.as_str()},
        })
    };
    store.lock_exceptions.iter().map(exception).collect()
}

/// The slices that `ou`, `pe` and `ds` name.
fn slices(call: &Call<'_>, context: &Context<'_>) -> Result<Vec<(Uid, super::period::Period, Uid)>> {
    let period = named::period(context, call.argument("pe"))?;
    let set = named::data_set(context, call.argument("ds"))?;
    if !context.writes(&set.identity.sharing) {
        return Err(Error::forbidden("You don't have authority to modify the data set"));
    }
    let units: Vec<&str> = list(call, "ou");
    if units.is_empty() {
        return Err(named::unit(context, None).err().unwrap_or_else(|| Error::bad_request("ou is needed")));
    }
    units.into_iter().map(|id| Ok((named::unit(context, Some(id))?.identity.id, period, set.identity.id))).collect()
}

/// `dataApprovals`: one slice of a workflow is approved, or no longer. Levels, acceptance and who may do it are not simulated.
pub fn approvals(call: &Call<'_>) -> Result<Reply> {
    with(call, |context, store| {
        let workflow = match (call.argument("wf").and_then(Uid::parse), call.argument("ds")) {
            (Some(workflow), _) => Some(workflow),
            (None, set) => named::data_set(context, set)?.workflow,
        };
        let period = named::period(context, call.argument("pe"))?;
        let unit = named::unit(context, call.argument("ou"))?.identity.id;
        let combo = named::combo(context, call.argument("aoc"))?.identity.id;
        let Some(workflow) = workflow else {
            if call.is(&Method::GET) {
                return Ok(Reply::json(200, json!({"state": "UNAPPROVABLE", "mayApprove": false}).to_string()));
            }
            return Err(Error::conflict("E1105", "The data set has no approval workflow"));
        };
        let slice = (workflow, period, unit, combo);
        match call.request.method {
            Method::GET => {
                let approved = store.approvals.contains(&slice);
                let state = if approved { "APPROVED_HERE" } else { "UNAPPROVED_READY" };
                Ok(Reply::json(200, json!({"state": state, "mayApprove": !approved}).to_string()))
            }
            Method::POST => Ok(Reply::empty(204).wrote(usize::from(store.approvals.insert(slice)))),
            Method::DELETE => Ok(Reply::empty(204).wrote(usize::from(store.approvals.remove(&slice)))),
            _ => Err(call.wrong_method()),
        }
    })
}
