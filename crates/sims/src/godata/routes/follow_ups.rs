//! Follow-ups: of a person, of an outbreak, and a round of them.

use axum::http::Method;
use serde_json::{Value, json};

use super::aggregate::Aggregate;
use super::people::allowed;
use super::{Call, children, compile, counted};
use crate::godata::condition::Engine;
use crate::godata::dates;
use crate::godata::error::{Error, Result};
use crate::godata::follow_ups::{self, FOLLOW_UP, FOLLOW_UPS, Round};
use crate::godata::parents;
use crate::godata::person_types::{CASE, CONTACT, CONTACT_OF_CONTACT, PersonType};
use crate::godata::records::{Of, Record};
use crate::server::Reply;

pub(super) static AGGREGATE: Aggregate = Aggregate {
    model: &FOLLOW_UP,
    records: |store| &store.follow_ups,
    join: "contact",
    of_person: &[("case", Some(CASE.id)), ("contact", Some(CONTACT.id)), ("contactOfContact", Some(CONTACT_OF_CONTACT.id))],
    not_simulated: &["timeLastSeen", "weekNumber"],
};

/// Paths below `/outbreaks/{o}/follow-ups`.
pub(super) fn route(call: &Call<'_>, outbreak: &str, rest: &[&str]) -> Result<Reply> {
    let get = call.is(&Method::GET);
    match rest {
        [] if get => {
            allowed(call, outbreak, "follow_up_list")?;
            AGGREGATE.list(call, outbreak, &|_| true)
        }
        ["filtered-count"] if get => {
            allowed(call, outbreak, "follow_up_list")?;
            AGGREGATE.count(call, outbreak, &|_| true)
        }
        ["bulk"] if call.is_change() => {
            let user = allowed(call, outbreak, "follow_up_bulk_modify")?;
            children::bulk(&FOLLOW_UPS, call, &call.author(&user))
        }
        ["bulk"] if call.is(&Method::DELETE) => each(call, outbreak, true),
        ["bulk", "delete"] if call.is(&Method::POST) => each(call, outbreak, true),
        ["bulk", "restore"] if call.is(&Method::POST) => each(call, outbreak, false),
        ["import-importable-file-using-map"] => {
            allowed(call, outbreak, "follow_up_list")?;
            Err(Error::not_simulated(call.path))
        }
        [id] if get => {
            allowed(call, outbreak, "follow_up_view")?;
            Ok(call.record(children::of_outbreak(&FOLLOW_UPS, &call.server.read(), outbreak, id)?.record()))
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// Paths below `/outbreaks/{o}/contacts/{id}/follow-ups` and its like. There is no list; only a change asks whether the
/// person is (still) of the type that the path says.
pub(super) fn of_person(call: &Call<'_>, outbreak: &str, parent: &PersonType, person: &str, rest: &[&str]) -> Result<Reply> {
    if parent.id == CONTACT_OF_CONTACT.id {
        return Err(call.no_method("outbreak"));
    }
    match rest {
        [] if call.is(&Method::POST) => {
            let user = allowed(call, outbreak, &format!("{}_follow_up_create", parent.permission))?;
            children::create(&FOLLOW_UPS, call, outbreak, parent, person, &call.author(&user))
        }
        [id] if call.is(&Method::GET) => {
            allowed(call, outbreak, "follow_up_view")?;
            Ok(call.record(children::of_person(&FOLLOW_UPS, &call.server.read(), outbreak, person, id, false)?.record()))
        }
        [id] if call.is_change() => {
            let user = allowed(call, outbreak, "follow_up_modify")?;
            let sent = call.object()?;
            let mut store = call.server.write();
            parents::of_kind(&store, outbreak, parent, person)?;
            children::of_person(&FOLLOW_UPS, &store, outbreak, person, id, false)?;
            FOLLOW_UPS.update(&mut store, id, sent, &call.author(&user))?;
            children::answer(&FOLLOW_UPS, call, &store, id)
        }
        [id] if call.is(&Method::DELETE) => {
            let user = allowed(call, outbreak, "follow_up_delete")?;
            let mut store = call.server.write();
            children::of_person(&FOLLOW_UPS, &store, outbreak, person, id, false)?;
            FOLLOW_UPS.delete(&mut store, id, &call.author(&user));
            Ok(Reply::empty(204).wrote_ids(vec![(*id).to_owned()]))
        }
        [id, "restore"] if call.is(&Method::POST) => {
            let user = allowed(call, outbreak, "follow_up_restore")?;
            let mut store = call.server.write();
            children::of_person(&FOLLOW_UPS, &store, outbreak, person, id, true)?;
            FOLLOW_UPS.restore(&mut store, id, &call.author(&user));
            children::answer(&FOLLOW_UPS, call, &store, id)
        }
        _ => Err(call.no_method("outbreak")),
    }
}

/// Deletes or restores what a filter finds; unlike a bulk change it stays within the outbreak.
fn each(call: &Call<'_>, outbreak: &str, delete: bool) -> Result<Reply> {
    let permission = if delete { "follow_up_bulk_delete" } else { "follow_up_bulk_restore" };
    let user = allowed(call, outbreak, permission)?;
    let author = call.author(&user);
    let filter = if call.is(&Method::POST) { call.filter_in_body(Engine::Loopback)? } else { call.filter(Engine::Loopback)? };
    let node = match filter.condition {
        Some(node) => Some(node),
        None => call.where_argument()?.0,
    };
    let condition = compile(node.as_ref(), Engine::Loopback, &FOLLOW_UP)?;
    let mut store = call.server.write();
    let of = Of { outbreak: Some(outbreak), person: None, deleted: true };
    let found = store.follow_ups.matching(of, condition.as_ref()).filter(|record: &&Record| record.deleted != delete);
    let ids: Vec<String> = found.map(|record| record.id.to_string()).collect();
    for id in &ids {
        if delete {
            FOLLOW_UPS.delete(&mut store, id, &author);
        } else {
            FOLLOW_UPS.restore(&mut store, id, &author);
        }
    }
    Ok(counted(ids.len()).wrote_ids(ids))
}

/// `POST /outbreaks/{o}/generate-followups`. What the body does not say, the outbreak says.
pub(super) fn generate(call: &Call<'_>, outbreak: &str) -> Result<Reply> {
    if !call.is(&Method::POST) {
        return Err(call.no_method("outbreak"));
    }
    let user = allowed(call, outbreak, "follow_up_generate")?;
    let author = call.author(&user);
    let sent = call.object()?;
    let mut store = call.server.write();
    let settings = store.outbreaks.get(outbreak).cloned().unwrap_or_default();
    let of_cases = sent.get("personType").and_then(Value::as_str) == Some(CASE.id);
    let setting = |name: &str| settings.get(&format!("{name}{}", if of_cases { "Cases" } else { "" }));
    let flag = |name: &str, own: &str, default: bool| sent.get(name).or_else(|| setting(own)).and_then(Value::as_bool).unwrap_or(default);
    let number = |name: &str| setting(name).and_then(Value::as_i64).unwrap_or(1).max(1);
    let day = |field: &str| sent.get(field).and_then(Value::as_str).and_then(dates::javascript).map(dates::start_of_day);
    let start = day("startDate").unwrap_or_else(|| dates::start_of_day(author.now));
    let round = Round {
        start,
        end: day("endDate").unwrap_or(start),
        people: sent
            .get("contactIds")
            .and_then(Value::as_array)
            .filter(|ids| !ids.is_empty())
            .map(|ids| ids.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        kind: if of_cases { CASE.id } else { CONTACT.id },
        targeted: sent.get("targeted").and_then(Value::as_bool).unwrap_or(true),
        overwrite: flag("overwriteExistingFollowUps", "generateFollowUpsOverwriteExisting", false),
        keep_team: flag("keepTeamAssignment", "generateFollowUpsKeepTeamAssignment", true),
        days: sent
            .get("intervalOfFollowUp")
            .and_then(Value::as_str)
            .map(|days| days.split(',').filter_map(|day| day.trim().parse().ok()).collect()),
        frequency: number("frequencyOfFollowUp"),
        per_day: usize::try_from(number("frequencyOfFollowUpPerDay")).unwrap_or(1),
    };
    let ids = follow_ups::generate(&mut store, outbreak, &round, &author)?;
    Ok(Reply::json(200, json!({"count": ids.len()}).to_string()).wrote_ids(ids))
}
