//! `dataValues`: one value at a time, as the entry form works.

use axum::http::Method;
use serde_json::{Value, json};

use super::super::error::{Error, Result};
use super::super::model::{DataElement, DataSet, OptionCombo, OrgUnit};
use super::super::routes::Call;
use super::context::Context;
use super::options::ImportOptions;
use super::payload::{Combo, Group, Sent, filled};
use super::period::Period;
use super::store::{Change, Key, Store, Stored};
use super::summary::Status;
use super::value::{fault, is_zero, normalised};
use super::{locks, named, pipeline, with};
use crate::server::Reply;

/// Answers the address and what is below it.
pub fn route(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    match (&call.request.method, segments) {
        (&Method::GET, []) => with(call, |context, store| get(call, context, store)),
        (&Method::POST, []) => {
            call.account.need("F_DATAVALUE_ADD")?;
            let sent = Single::read(call)?;
            with(call, |context, store| post(context, store, &sent))
        }
        (&Method::DELETE, []) => {
            call.account.need("F_DATAVALUE_ADD")?;
            with(call, |context, store| delete(call, context, store))
        }
        (&Method::PUT, ["followup"]) => follow_up(call, std::slice::from_ref(&call.json()?)),
        (&Method::PUT, ["followups"]) => {
            let body = call.json()?;
            follow_up(call, body["values"].as_array().map(Vec::as_slice).unwrap_or_default())
        }
        _ => Err(Error::not_simulated(call.path)),
    }
}

/// One value as it was sent, in the query or as JSON.
#[derive(Debug, Default)]
struct Single {
    element: Option<String>,
    period: Option<String>,
    unit: Option<String>,
    combo: Option<String>,
    attribute_combo: Option<String>,
    attribute_options: Option<String>,
    data_set: Option<String>,
    value: Option<String>,
    comment: Option<String>,
    followup: Option<bool>,
    force: bool,
}

impl Single {
    fn read(call: &Call<'_>) -> Result<Self> {
        let json = call.request.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if !json || call.argument("de").is_some() {
            return Ok(Self::of(|name| call.argument(name).map(str::to_owned), call.flag("force", false)?));
        }
        let body = call.json()?;
        let attribute = &body["attribute"];
        let options: Vec<&str> = attribute["options"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
            _ => None,
        };
        let member = |name: &str| match name {
            "de" => text(&body["dataElement"]),
            "pe" => text(&body["period"]),
            "ou" => text(&body["orgUnit"]),
            "co" => text(&body["categoryOptionCombo"]),
            "cc" => text(&attribute["combo"]),
            "cp" => (!options.is_empty()).then(|| options.join(";")),
            "ds" => text(&body["dataSet"]),
            other => text(&body[other]),
        };
        Ok(Self::of(member, body["force"].as_bool().unwrap_or(false)))
    }

    fn of(text: impl Fn(&str) -> Option<String>, force: bool) -> Self {
        Self {
            element: text("de"),
            period: text("pe"),
            unit: text("ou"),
            combo: text("co"),
            attribute_combo: text("cc"),
            attribute_options: text("cp"),
            data_set: text("ds"),
            value: filled(text("value").as_deref()),
            comment: filled(text("comment").as_deref()),
            followup: text("followUp").map(|flag| flag == "true"),
            force,
        }
    }
}

/// What a single value is about, all found.
struct Found<'a> {
    element: &'a DataElement,
    period: Period,
    unit: &'a OrgUnit,
    attribute_combo: &'a OptionCombo,
    key: Key,
}

fn find<'a>(context: &Context<'a>, sent: &Single) -> Result<Found<'a>> {
    let element = named::element(context, sent.element.as_deref())?;
    let period = named::period(context, sent.period.as_deref())?;
    let unit = named::unit(context, sent.unit.as_deref())?;
    if sent.combo.is_none() && element.combo != context.model.default_combo {
        return Err(Error::conflict("E2018", format!("Category option combo is required for data element: `{}`", element.identity.id)));
    }
    let combo = named::combo(context, sent.combo.as_deref())?;
    let attribute_combo = named::attribute_combo(context, sent.attribute_combo.as_deref(), sent.attribute_options.as_deref())?;
    let key = Key {
        data_element: element.identity.id,
        period,
        org_unit: unit.identity.id,
        category_option_combo: combo.identity.id,
        attribute_option_combo: attribute_combo.identity.id,
    };
    Ok(Found { element, period, unit, attribute_combo, key })
}

fn post(context: &Context<'_>, store: &mut Store, sent: &Single) -> Result<Reply> {
    let found = find(context, sent)?;
    if context.profile.pipeline {
        return by_pipeline(context, store, sent, &found);
    }
    let set = sent.data_set.as_deref().map(|id| named::data_set(context, Some(id))).transpose()?;
    allowed(context, store, &found, set, sent.force && context.caller.is_superuser())?;
    let (element, key) = (found.element, found.key);
    let value = normalised(sent.value.as_deref().unwrap_or_default(), &element.value_type, context.release());
    if let Some(key) = Some(&value).filter(|value| !value.is_empty()).and_then(|value| fault(value, &element.value_type)) {
        return Err(Error::conflict("E2030", format!("Value is not valid for the type of data element `{}`: {key}", element.identity.id)));
    }
    if !value.is_empty() && !context.is_option(element, &value) {
        return Err(Error::conflict("E2029", format!("Data value is not a valid option of data element `{}`", element.identity.id)));
    }
    let before = store.get(&key).filter(|stored| !stored.deleted).cloned();
    let zero = is_zero(&value, &element.value_type) && !element.zero_is_significant;
    if (value.is_empty() && sent.comment.is_none()) || zero {
        if before.is_some() {
            // The row keeps what was given last.
            store.delete(&key, Some(value), &context.caller.username, context.now, true);
        }
        return Ok(Reply::empty(201).wrote(usize::from(before.is_some())));
    }
    let change = if before.is_some() { Change::Updated } else { Change::Created };
    let stored = Stored {
        value,
        comment: sent.comment.clone().or_else(|| before.as_ref().and_then(|before| before.comment.clone())),
        followup: sent.followup.or_else(|| before.as_ref().map(|before| before.followup)).unwrap_or(false),
        stored_by: context.caller.username.clone(),
        created: context.now,
        last_updated: context.now,
        deleted: false,
    };
    store.put(key, stored, change, true);
    Ok(Reply::empty(201).wrote(1))
}

/// From 2.43 one value goes the way of many.
fn by_pipeline(context: &Context<'_>, store: &mut Store, sent: &Single, found: &Found<'_>) -> Result<Reply> {
    let id = |id: super::super::uid::Uid| Some(id.to_string());
    let value = Sent {
        data_element: id(found.key.data_element),
        period: Some(found.period.id()),
        org_unit: id(found.key.org_unit),
        category_option_combo: id(found.key.category_option_combo).map(Combo::Id),
        attribute_option_combo: id(found.key.attribute_option_combo).map(Combo::Id),
        value: sent.value.clone(),
        comment: sent.comment.clone(),
        followup: sent.followup,
        ..Sent::default()
    };
    let group = Group { data_set: sent.data_set.clone(), values: vec![value], ..Group::default() };
    let options = ImportOptions { force: sent.force, ..ImportOptions::default() };
    let summary = pipeline::run(context, store, &[group], &options)?;
    match summary.conflicts.first().filter(|_| summary.status != Status::Success) {
        Some(conflict) => Err(Error::conflict(&conflict.code, conflict.message.clone())),
        None => Ok(Reply::empty(201).wrote(summary.written())),
    }
}

/// Access, time and place, up to 2.42.
fn allowed(context: &Context<'_>, store: &Store, found: &Found<'_>, set: Option<&DataSet>, force: bool) -> Result<()> {
    let (element, period, unit) = (found.element.identity.id, found.period, found.unit);
    named::captured(context, unit)?;
    if unit.opening.is_some_and(|opening| period.end < opening) || unit.closed.is_some_and(|closed| closed < period.start) {
        return Err(Error::conflict("E2019", format!("Organisation unit is closed for period: `{}`", period.id())));
    }
    if let Some(set) = set
        && !set.elements.iter().any(|one| one.element == element)
    {
        return Err(Error::conflict("E2021", format!("Data element `{element}` is not in data set `{}`", set.identity.id)));
    }
    let sets: Vec<&DataSet> = match set {
        Some(set) => vec![set],
        None => context.model.sets_of(found.element).collect(),
    };
    let options = || found.attribute_combo.options.iter().filter_map(|id| context.model.category_options.get(*id));
    if let Some(option) = options().find(|option| option.start.is_some_and(|start| period.end < start)) {
        return Err(Error::conflict("E2023", format!("Period is before the start date of category option: `{}`", option.identity.id)));
    }
    if let Some(option) = options().find(|option| option.end.is_some_and(|end| end < period.start)) {
        return Err(Error::conflict("E2024", format!("Period is after the end date of category option: `{}`", option.identity.id)));
    }
    if force || sets.is_empty() {
        return Ok(());
    }
    if locks::too_early(context, &sets, period).is_some() {
        return Err(Error::conflict("E2022", format!("Period is after the latest open future period: `{}`", period.id())));
    }
    if sets.iter().all(|set| !locks::input_open(context, set, period)) {
        return Err(Error::conflict("E2025", format!("Period is not open for data set: `{}`", period.id())));
    }
    let shut = |set: &&DataSet| {
        locks::expired(context, store, set, period, unit.identity.id)
            || locks::approved(store, set, period, unit, found.attribute_combo.identity.id)
    };
    if sets.iter().all(shut) {
        return Err(Error::conflict("E2017", format!("Data set is locked for period: `{}`", period.id())));
    }
    Ok(())
}

fn get(call: &Call<'_>, context: &Context<'_>, store: &Store) -> Result<Reply> {
    let found = find(context, &Single::of(|name| call.argument(name).map(str::to_owned), false))?;
    if !context.views(found.unit) {
        return Err(Error::conflict("E2012", format!("User is not allowed to view org unit: `{}`", found.unit.identity.id)));
    }
    let stored = store.get(&found.key).filter(|stored| !stored.deleted);
    let stored = stored.ok_or_else(|| Error::conflict("E2032", "Data value does not exist"))?;
    Ok(Reply::json(200, json!([stored.value]).to_string()))
}

fn delete(call: &Call<'_>, context: &Context<'_>, store: &mut Store) -> Result<Reply> {
    let sent = Single::of(|name| call.argument(name).map(str::to_owned), call.flag("force", false)?);
    let found = find(context, &sent)?;
    let set = sent.data_set.as_deref().map(|id| named::data_set(context, Some(id))).transpose()?;
    allowed(context, store, &found, set, sent.force && context.caller.is_superuser())?;
    if store.get(&found.key).is_none_or(|stored| stored.deleted) {
        return Err(Error::conflict("E2032", "Data value does not exist"));
    }
    store.delete(&found.key, None, &context.caller.username, context.now, true);
    Ok(Reply::empty(204).wrote(1))
}

/// Sets the flag of values that are there.
fn follow_up(call: &Call<'_>, bodies: &[Value]) -> Result<Reply> {
    call.account.need("F_DATAVALUE_ADD")?;
    with(call, |context, store| {
        let mut written = 0;
        for body in bodies {
            let text = |name: &str| body[name].as_str().map(str::to_owned);
            let member = |name: &str| match name {
                "de" => text("dataElement"),
                "pe" => text("period"),
                "ou" => text("orgUnit"),
                "co" => text("categoryOptionCombo"),
                "cc" => body["attribute"]["combo"].as_str().map(str::to_owned),
                _ => None,
            };
            let found = find(context, &Single::of(member, false))?;
            let stored = store.get(&found.key).filter(|stored| !stored.deleted).cloned();
            let stored = stored.ok_or_else(|| Error::conflict("E2032", "Data value does not exist"))?;
            let followup = body["followup"].as_bool().or_else(|| body["followUp"].as_bool()).unwrap_or(true);
            let changed = Stored { followup, last_updated: context.now, ..stored };
            store.put(found.key, changed, Change::Updated, true);
            written += 1;
        }
        Ok(Reply::empty(200).wrote(written))
    })
}
