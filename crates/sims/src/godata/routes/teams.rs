//! Teams: of the whole server, and read only here.

use axum::http::Method;

use super::Call;
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::schema::TEAM;
use crate::server::Reply;

pub(super) fn route(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    if !call.is(&Method::GET) {
        call.user()?;
        return Err(Error::not_simulated(call.path));
    }
    match rest {
        [] => {
            call.user_who_may("team_list")?;
            let filter = call.filter(Engine::Loopback)?;
            call.list(&call.server.read().teams, &TEAM, &filter)
        }
        ["count"] => {
            call.user_who_may("team_list")?;
            call.count(&call.server.read().teams, &TEAM)
        }
        [id] => {
            call.user_who_may("team_view")?;
            let record = call.server.read().teams.live(id).cloned();
            Ok(call.record(record.ok_or_else(|| Error::no_such_model("team", id))?))
        }
        _ => {
            call.user()?;
            Err(Error::not_simulated(call.path))
        }
    }
}
