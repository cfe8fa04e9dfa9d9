//! `dataEntry`: the values of one form with whether they may be changed, and its completion.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::super::error::{Error, Result};
use super::super::model::{DataSet, OrgUnit};
use super::super::routes::Call;
use super::super::uid::Uid;
use super::context::Context;
use super::period::Period;
use super::store::{Completion, Registered, Store};
use super::{completeness, locks, named, with};
use crate::server::Reply;

/// Answers a path below `dataEntry`.
pub fn route(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    match segments {
        ["dataValues"] if call.is(&Method::GET) => with(call, |context, store| values(call, context, store)),
        ["dataSetCompletion"] if call.is(&Method::POST) => with(call, |context, store| complete(call, context, store)),
        _ => Err(Error::not_simulated(call.path)),
    }
}

fn values(call: &Call<'_>, context: &Context<'_>, store: &Store) -> Result<Reply> {
    let set = named::data_set(context, call.argument("ds"))?;
    let period = named::period(context, call.argument("pe"))?;
    let unit = named::unit(context, call.argument("ou"))?;
    let combo = named::attribute_combo(context, call.argument("cc"), call.argument("cp"))?.identity.id;
    if !context.reads(&set.identity.sharing) {
        return Err(Error::conflict("E2010", format!("User is not allowed to read data for data set: `{}`", set.identity.id)));
    }
    let here = store.rows().filter(|(key, stored)| {
        !stored.deleted
            && (key.period, key.org_unit, key.attribute_option_combo) == (period, unit.identity.id, combo)
            && set.elements.iter().any(|one| one.element == key.data_element)
    });
    let shown: Value = here
        .map(|(key, stored)| {
            json!({
                "dataElement": key.data_element.as_str(), "categoryOptionCombo": key.category_option_combo.as_str(),
                "period": period.id(), "orgUnit": unit.identity.id.as_str(), "value": stored.value, "comment": stored.comment,
                "followUp": stored.followup, "storedBy": stored.stored_by, "created": context.zone.stamp(stored.created),
                "lastUpdated": context.zone.stamp(stored.last_updated),
            })
        })
        .collect();
    let key = Completion { data_set: set.identity.id, period, org_unit: unit.identity.id, attribute_option_combo: combo };
    let body = json!({
        "dataValues": shown, "minMaxValues": [], "lockStatus": lock_status(context, store, set, period, unit, combo),
        "completeStatus": store.registrations.get(&key).map_or_else(|| json!({"complete": false}), |known| status(context, known)),
    });
    Ok(Reply::json(200, body.to_string()))
}

/// Whether a form may be written: `OPEN`, `LOCKED` or `APPROVED`.
fn lock_status(context: &Context<'_>, store: &Store, set: &DataSet, period: Period, unit: &OrgUnit, combo: Uid) -> &'static str {
    if locks::approved(store, set, period, unit, combo) {
        return "APPROVED";
    }
    let shut = locks::expired(context, store, set, period, unit.identity.id)
        || locks::too_early(context, &[set], period).is_some()
        || !locks::input_open(context, set, period);
    if shut { "LOCKED" } else { "OPEN" }
}

fn status(context: &Context<'_>, registered: &Registered) -> Value {
    json!({
        "complete": registered.completed, "created": context.zone.stamp(registered.created), "createdBy": registered.stored_by,
        "lastUpdated": context.zone.stamp(registered.last_updated), "lastUpdatedBy": registered.last_updated_by,
    })
}

fn complete(call: &Call<'_>, context: &Context<'_>, store: &mut Store) -> Result<Reply> {
    let Value::Object(body) = call.json()? else {
        return Err(Error::bad_request("a completion is an object"));
    };
    let text = |object: &Map<String, Value>, name: &str| object.get(name).and_then(Value::as_str).map(str::to_owned);
    let set = named::data_set(context, text(&body, "dataSet").as_deref())?;
    let period = named::period(context, text(&body, "period").as_deref())?;
    let unit = named::unit(context, text(&body, "orgUnit").as_deref())?;
    let empty = Map::new();
    let attribute = body.get("attribute").and_then(Value::as_object).unwrap_or(&empty);
    let options: Vec<&str> = attribute.get("options").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let options = (!options.is_empty()).then(|| options.join(";"));
    let combo = named::attribute_combo(context, text(attribute, "combo").as_deref(), options.as_deref())?.identity.id;
    named::captured(context, unit)?;
    if locks::expired(context, store, set, period, unit.identity.id) {
        return Err(Error::conflict("E2017", format!("Data set is locked: `{}`", set.identity.id)));
    }
    let key = Completion { data_set: set.identity.id, period, org_unit: unit.identity.id, attribute_option_combo: combo };
    let completed = body.get("completed").and_then(Value::as_bool).unwrap_or(true);
    completeness::register(context, store, key, completed, context.now);
    Ok(Reply::empty(200).wrote(1))
}
