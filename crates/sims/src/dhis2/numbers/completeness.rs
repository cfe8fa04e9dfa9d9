//! `completeDataSetRegistrations`: which data sets are complete where and when.

use std::collections::{BTreeMap, HashSet};

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::super::error::{Error, Result};
use super::super::routes::Call;
use super::super::time;
use super::super::uid::Uid;
use super::body::Form;
use super::context::Context;
use super::id_scheme::{Kind, Schemes};
use super::imports::{self, Prepared};
use super::options::{ImportOptions, Strategy};
use super::period::Period;
use super::select::{list, millis};
use super::store::{Completion, Registered, Store};
use super::summary::{Conflict, DONE, Status, Summary, position};
use super::{locks, named, with};
use crate::server::Reply;

/// The kind of job that imports registrations.
pub const JOB: &str = "COMPLETE_DATA_SET_REGISTRATION_IMPORT";

/// Answers the address.
pub fn route(call: &Call<'_>) -> Result<Reply> {
    match call.request.method {
        Method::POST => post(call),
        Method::GET => with(call, |context, store| get(call, context, store)),
        Method::DELETE => with(call, |context, store| delete(call, context, store)),
        _ => Err(call.wrong_method()),
    }
}

fn post(call: &Call<'_>) -> Result<Reply> {
    let form = Form::of(call.request)?;
    if form != Form::Json {
        return Err(Error::not_simulated("completeDataSetRegistrations in another form than JSON"));
    }
    let options = ImportOptions::read(call.request)?;
    let account = std::sync::Arc::clone(&call.account);
    imports::submit(call, Prepared { kind: JOB, form, body: call.request.body.clone(), options, account })
}

/// Says since when a data set is complete, or that it no longer is.
pub fn register(context: &Context<'_>, store: &mut Store, key: Completion, completed: bool, date: i64) {
    let user = &context.caller.username;
    let registered = Registered {
        completed,
        date,
        stored_by: user.clone(),
        created: store.registrations.get(&key).map_or(context.now, |known| known.created),
        last_updated: context.now,
        last_updated_by: user.clone(),
    };
    store.registrations.insert(key, registered);
}

/// Imports registrations. What is wrong with one of them is a conflict of that one.
pub fn import(context: &Context<'_>, store: &mut Store, text: &str, options: &ImportOptions) -> Summary {
    let document: Value = match serde_json::from_str(text) {
        Ok(document) => document,
        Err(error) => return Summary::failed(format!("The import process failed: {error}"), options.json()),
    };
    let mut summary = Summary { description: DONE.to_owned(), options: options.json(), ..Summary::default() };
    let registrations = document.get("completeDataSetRegistrations").and_then(Value::as_array).into_iter().flatten();
    for (at, sent) in registrations.enumerate() {
        let index = position(at);
        match resolve(context, sent, &options.schemes) {
            Ok((key, registered)) => {
                let known = store.registrations.get(&key);
                match (known, options.strategy) {
                    (Some(known), Strategy::CreateAndUpdate | Strategy::Update) => {
                        summary.updated += 1;
                        let registered = Registered { created: known.created, ..registered };
                        if !options.dry_run {
                            store.registrations.insert(key, registered);
                        }
                    }
                    (None, Strategy::CreateAndUpdate | Strategy::Create) => {
                        summary.imported += 1;
                        if !options.dry_run {
                            store.registrations.insert(key, registered);
                        }
                    }
                    (Some(_), Strategy::Delete) => {
                        summary.deleted += 1;
                        if !options.dry_run {
                            store.registrations.remove(&key);
                        }
                    }
                    (Some(_), Strategy::Create) | (None, Strategy::Update | Strategy::Delete) => {
                        summary.ignored += 1;
                        summary.rejected.push(index);
                    }
                }
            }
            Err((object, message)) => {
                summary.ignored += 1;
                // These conflicts have no code of their own.
                summary.conflict(Conflict { message, object, objects: BTreeMap::new(), indexes: vec![index], ..Conflict::default() });
            }
        }
    }
    summary.status = if summary.conflicts.is_empty() { Status::Success } else { Status::Warning };
    summary
}

/// The key and content of one registration. The error is what it is about, and why.
fn resolve(context: &Context<'_>, sent: &Value, schemes: &Schemes) -> std::result::Result<(Completion, Registered), (String, String)> {
    let text = |name: &str| sent.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let model = context.model;
    let missing = |name: &str, message: &str| (text(name).unwrap_or(name).to_owned(), message.to_owned());
    let set = text("dataSet").and_then(|id| model.data_sets.find(&schemes.of(Kind::DataSet), id));
    let set = set.ok_or_else(|| missing("dataSet", "Data set not found or not accessible"))?;
    let period = text("period").and_then(|id| Period::parse(id, context.release())).ok_or_else(|| missing("period", "Period not valid"))?;
    let unit = text("organisationUnit").and_then(|id| model.org_units.find(&schemes.of(Kind::OrgUnit), id));
    let unit = unit.ok_or_else(|| missing("organisationUnit", "Organisation unit not found or not accessible"))?;
    if !context.captures(unit) {
        return Err(missing("organisationUnit", "Organisation unit is not in current user hierarchy"));
    }
    if !context.writes(&set.identity.sharing) {
        return Err(missing("dataSet", "User does not have write access for the data set"));
    }
    let combo = match (text("attributeOptionCombo"), text("cc"), text("cp")) {
        (Some(id), _, _) => model.option_combos.find(&schemes.of(Kind::CategoryOptionCombo), id),
        (None, None, None) => Some(context.default_combo()),
        (None, combo, options) => named::attribute_combo(context, combo, options).ok(),
    };
    let combo = combo.ok_or_else(|| missing("attributeOptionCombo", "Attribute option combo not found or not accessible"))?;
    let instant = |name: &str| match text(name) {
        None => Ok(context.now),
        Some(written) => context.zone.read(written).ok_or_else(|| (written.to_owned(), format!("{name} is not a valid date"))),
    };
    let user = context.caller.username.as_str();
    let key = Completion { data_set: set.identity.id, period, org_unit: unit.identity.id, attribute_option_combo: combo.identity.id };
    let registered = Registered {
        completed: sent.get("completed").and_then(Value::as_bool).unwrap_or(true),
        date: instant("date")?,
        stored_by: text("storedBy").unwrap_or(user).to_owned(),
        created: context.now,
        last_updated: instant("lastUpdated")?,
        last_updated_by: text("lastUpdatedBy").unwrap_or(user).to_owned(),
    };
    Ok((key, registered))
}

fn get(call: &Call<'_>, context: &Context<'_>, store: &Store) -> Result<Reply> {
    if call.suffix == Some("xml")
        || (call.suffix.is_none() && call.request.header("accept").is_some_and(|accept| accept.starts_with("application/xml")))
    {
        return Err(Error::not_simulated("completeDataSetRegistrations in XML"));
    }
    let model = context.model;
    let schemes = Schemes::read(|name| call.argument(name).map(str::to_owned)).map_err(Error::bad_request)?;
    let ids = |name: &str| list(call, name).into_iter().filter_map(Uid::parse).collect::<HashSet<_>>();
    let sets: HashSet<Uid> = ids("dataSet").into_iter().filter(|id| model.data_sets.get(*id).is_some()).collect();
    if sets.is_empty() {
        return Err(Error::conflict("E2013", "At least one data set must be specified"));
    }
    let periods: HashSet<Period> = list(call, "period").into_iter().filter_map(|id| Period::parse(id, context.release())).collect();
    let day = |name: &str| call.argument(name).and_then(time::day);
    let dates = day("startDate").zip(day("endDate"));
    let duration = call.argument("createdDuration").and_then(millis).map(|duration| context.now - duration);
    let created = call.argument("created").and_then(|text| context.zone.read(text)).or(duration);
    if periods.is_empty() && dates.is_none() && created.is_none() {
        let message = "At least one period, start/end dates, last updated or last updated duration must be specified";
        return Err(Error::conflict("E2014", message));
    }
    let named: HashSet<Uid> = ids("orgUnit").into_iter().filter(|id| model.org_units.get(*id).is_some()).collect();
    let groups = ids("orgUnitGroup").into_iter().filter_map(|id| model.org_unit_groups.get(id)).collect::<Vec<_>>();
    if named.is_empty() && groups.is_empty() {
        return Err(Error::conflict("E2015", "At least one organisation unit or organisation unit group must be specified"));
    }
    let mut units = named.clone();
    units.extend(groups.iter().flat_map(|group| group.members.iter().copied()));
    if call.flag("children", false)? {
        if !groups.is_empty() {
            return Err(Error::conflict("E2016", "Organisation unit children cannot be included for organisation unit groups"));
        }
        units.extend(named.iter().flat_map(|id| model.within(*id)).map(|unit| unit.identity.id));
    }
    let limit = call.number("limit")?.unwrap_or(usize::MAX);
    let wanted = |(key, registered): &(&Completion, &Registered)| {
        sets.contains(&key.data_set)
            && units.contains(&key.org_unit)
            && (periods.is_empty() || periods.contains(&key.period))
            && dates.is_none_or(|(from, to)| key.period.within(from, to))
            && created.is_none_or(|since| registered.created >= since)
    };
    let found = store.registrations.iter().filter(wanted).take(limit);
    let shown: Value = found.map(|(key, registered)| shown(context, key, registered, &schemes)).collect();
    Ok(Reply::json(200, json!({ "completeDataSetRegistrations": shown }).to_string()))
}

fn shown(context: &Context<'_>, key: &Completion, registered: &Registered, schemes: &Schemes) -> Value {
    let model = context.model;
    let name = |identity: Option<&super::super::model::Identity>, kind: Kind| {
        identity.and_then(|identity| identity.named(&schemes.of(kind))).map(str::to_owned)
    };
    let mut one = Map::new();
    let mut add = |member: &str, text: Option<String>| {
        if let Some(text) = text {
            one.insert(member.to_owned(), json!(text));
        }
    };
    add("dataSet", name(model.data_sets.get(key.data_set).map(|set| &set.identity), Kind::DataSet));
    add("period", Some(key.period.id()));
    add("organisationUnit", name(model.org_units.get(key.org_unit).map(|unit| &unit.identity), Kind::OrgUnit));
    let combo = model.option_combos.get(key.attribute_option_combo).map(|combo| &combo.identity);
    add("attributeOptionCombo", name(combo, Kind::CategoryOptionCombo));
    add("date", Some(context.zone.stamp_with_offset(registered.date)));
    add("storedBy", Some(registered.stored_by.clone()));
    add("lastUpdated", Some(context.zone.stamp_with_offset(registered.last_updated)));
    add("lastUpdatedBy", Some(registered.last_updated_by.clone()));
    one.insert("completed".to_owned(), json!(registered.completed));
    Value::Object(one)
}

fn delete(call: &Call<'_>, context: &Context<'_>, store: &mut Store) -> Result<Reply> {
    let sets = list(call, "ds").into_iter().map(|id| named::data_set(context, Some(id))).collect::<Result<Vec<_>>>()?;
    if sets.is_empty() {
        return Err(Error::conflict("E1105", "Data set not found or not accessible: `null`"));
    }
    let period = named::period(context, call.argument("pe"))?;
    let unit = named::unit(context, call.argument("ou"))?;
    let combo = named::attribute_combo(context, call.argument("cc"), call.argument("cp"))?.identity.id;
    named::captured(context, unit)?;
    let mut units = vec![unit.identity.id];
    if call.flag("multiOu", false)? {
        units.extend(unit.children.iter().copied());
    }
    let at = |set: Uid, unit: Uid| Completion { data_set: set, period, org_unit: unit, attribute_option_combo: combo };
    for set in &sets {
        if let Some(locked) = units.iter().find(|unit| locks::expired(context, store, set, period, **unit)) {
            return Err(Error::conflict("E2017", format!("Data set is locked: `{}` at `{locked}`", set.identity.id)));
        }
    }
    let keys = sets.iter().flat_map(|set| units.iter().map(|unit| at(set.identity.id, *unit)));
    let removed = keys.filter(|key| store.registrations.remove(key).is_some()).count();
    Ok(Reply::empty(204).wrote(removed))
}
