//! `system/tasks` and `system/taskSummaries`: what is seen of jobs.

use axum::http::Method;

use super::super::error::{Error, Result};
use super::super::routes::Call;
use crate::server::Reply;

/// Answers a path below `system` that begins with one of the two; `None` for all else.
pub fn route(call: &Call<'_>, segments: &[&str]) -> Option<Result<Reply>> {
    let known = matches!(segments, ["tasks" | "taskSummaries", ..]);
    known.then(|| answer(call, segments))
}

fn answer(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    if !call.is(&Method::GET) {
        return Err(call.wrong_method());
    }
    let zone = &call.server.zone;
    let mut numbers = call.server.numbers();
    match segments {
        ["tasks", kind, id] => Ok(Reply::json(200, numbers.jobs.log(kind, id, |at| zone.stamp(at)).to_string())),
        ["tasks", kind] => Ok(Reply::json(200, numbers.jobs.logs(kind, |at| zone.stamp(at)).to_string())),
        ["taskSummaries", kind, id] => {
            let summary = numbers.jobs.summary(kind, id);
            // Nothing, with status 200: not yet, or no longer.
            Ok(summary.map_or_else(|| Reply::empty(200), |summary| Reply::json(200, summary.plain(call.server.profile.number).to_string())))
        }
        _ => Err(Error::not_simulated(call.path)),
    }
}
