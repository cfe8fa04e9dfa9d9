//! `analytics`: sums of what was stored when the tables were last built. Every other question answers 501.
//!
//! Data elements (or one of their option combos), periods, org units with all below, and `co`. A value counts for a period when its
//! own period lies wholly inside.

use std::collections::{BTreeMap, HashMap};

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::super::error::{Error, Result};
use super::super::model::{Model, OrgUnit};
use super::super::routes::Call;
use super::super::uid::Uid;
use super::context::Context;
use super::period::Period;
use super::store::{Key, Store};
use super::value::is_numeric_type;
use super::with;
use crate::server::Reply;

/// The kind of job that builds the tables.
const JOB: &str = "ANALYTICS_TABLE";

/// The tables: the numbers of one moment.
#[derive(Debug)]
pub struct Tables {
    /// When they were built, in milliseconds since 1970 by the server's clock.
    pub built: i64,
    numbers: BTreeMap<Key, f64>,
}

/// What the tables would be now.
pub fn build(model: &Model, store: &Store, now: i64) -> Tables {
    let number = |key: &Key, value: &str| {
        let element = model.data_elements.get(key.data_element)?;
        is_numeric_type(&element.value_type).then(|| value.parse::<f64>().ok()).flatten()
    };
    let rows = store.rows().filter(|(_, stored)| !stored.deleted);
    Tables { built: now, numbers: rows.filter_map(|(key, stored)| Some((*key, number(key, &stored.value)?))).collect() }
}

/// `POST resourceTables/analytics`: builds the tables.
pub fn rebuild(call: &Call<'_>) -> Result<Reply> {
    if !call.is(&Method::POST) && !call.is(&Method::PUT) {
        return Err(call.wrong_method());
    }
    call.account.need("F_PERFORM_MAINTENANCE")?;
    with(call, |context, store| store.tables = Some(build(context.model, store, call.now)));
    let id = call.server.new_uid();
    let body = json!({
        "httpStatus": "OK", "httpStatusCode": 200, "status": "OK", "message": "Initiated analytics table update",
        "response": {"responseType": "JobConfiguration", "name": "inMemoryAnalyticsJob", "id": id.as_str(), "created": call.stamp(),
            "jobType": JOB, "jobStatus": "SCHEDULED", "relativeNotifierEndpoint": format!("/api/system/tasks/{JOB}/{id}")},
    });
    Ok(Reply::json(200, body.to_string()))
}

/// What is asked for.
struct Query<'a> {
    /// Data elements, with an option combo where one is meant; as they were written.
    data: Vec<(String, Uid, Option<Uid>)>,
    periods: Vec<Period>,
    units: Vec<&'a OrgUnit>,
    by_combo: bool,
    /// The dimensions in the order of the columns.
    columns: Vec<&'static str>,
}

/// `GET analytics`.
pub fn answer(call: &Call<'_>) -> Result<Reply> {
    if !call.is(&Method::GET) {
        return Err(call.wrong_method());
    }
    with(call, |context, store| {
        let query = read(call, context)?;
        let tables = store.tables.as_ref();
        let tables = tables.ok_or_else(|| {
            Error::conflict("E7144", "Query failed because a referenced table does not exist. Please ensure analytics job was run")
        })?;
        Ok(Reply::json(200, table(call, context, &query, tables)?.to_string()))
    })
}

fn read<'a>(call: &Call<'_>, context: &Context<'a>) -> Result<Query<'a>> {
    const KNOWN: [&str; 6] = ["dimension", "skipMeta", "skipData", "displayProperty", "paging", "skipRounding"];
    if let Some((name, _)) = call.request.query.iter().find(|(name, _)| !KNOWN.contains(&name.as_str())) {
        return Err(Error::not_simulated(&format!("{name} of analytics")));
    }
    let mut query = Query { data: Vec::new(), periods: Vec::new(), units: Vec::new(), by_combo: false, columns: Vec::new() };
    for dimension in call.arguments("dimension") {
        let (name, items) = dimension.split_once(':').unwrap_or((dimension, ""));
        let items = items.split(';').filter(|item| !item.is_empty());
        match name {
            "dx" => {
                query.columns.push("dx");
                for item in items {
                    query.data.push(data_item(context, item)?);
                }
            }
            "pe" => {
                query.columns.push("pe");
                for item in items {
                    let period = Period::parse(item, context.release());
                    query.periods.push(period.ok_or_else(|| Error::not_simulated(&format!("the period {item} in analytics")))?);
                }
            }
            "ou" => {
                query.columns.push("ou");
                units(context, items, &mut query.units)?;
            }
            "co" => {
                query.columns.push("co");
                query.by_combo = true;
            }
            _ => return Err(Error::not_simulated(&format!("the dimension {name} in analytics"))),
        }
    }
    if query.columns.is_empty() {
        return Err(Error::conflict("E7101", "At least one dimension must be specified"));
    }
    if query.data.is_empty() || query.periods.is_empty() || query.units.is_empty() {
        return Err(Error::not_simulated("analytics without dx, pe and ou"));
    }
    Ok(query)
}

fn data_item(context: &Context<'_>, item: &str) -> Result<(String, Uid, Option<Uid>)> {
    let (element, combo) = match item.split_once('.') {
        Some((element, combo)) => (element, Some(combo)),
        None => (item, None),
    };
    let found = Uid::parse(element).and_then(|id| context.model.data_elements.get(id));
    let found = found.ok_or_else(|| Error::not_simulated(&format!("the data item {item} in analytics")))?;
    if found.aggregation_type != "SUM" || !is_numeric_type(&found.value_type) {
        return Err(Error::not_simulated(&format!("analytics of {item}, which is not summed")));
    }
    let combo = match combo {
        None => None,
        Some(id) => Some(Uid::parse(id).ok_or_else(|| Error::conflict("E7124", format!("Dimension item is not valid: `{item}`")))?),
    };
    Ok((item.to_owned(), found.identity.id, combo))
}

/// Units by identifier, and `LEVEL-n`: those of a level below the named ones, or everywhere.
fn units<'a, 'i>(context: &Context<'a>, items: impl Iterator<Item = &'i str>, units: &mut Vec<&'a OrgUnit>) -> Result<()> {
    let (mut named, mut levels) = (Vec::new(), Vec::new());
    for item in items {
        if let Some(level) = item.strip_prefix("LEVEL-").and_then(|level| level.parse::<usize>().ok()) {
            levels.push(level);
            continue;
        }
        let unit = Uid::parse(item).and_then(|id| context.model.org_units.get(id));
        named.push(unit.ok_or_else(|| Error::not_simulated(&format!("the org unit {item} in analytics")))?);
    }
    if levels.is_empty() {
        units.extend(named);
    } else {
        let below = |unit: &&OrgUnit| named.is_empty() || named.iter().any(|ancestor| unit.is_within(ancestor.identity.id));
        units.extend(context.model.org_units.iter().filter(|unit| levels.contains(&unit.level())).filter(below));
    }
    match units.iter().find(|unit| !context.views(unit)) {
        Some(unit) => Err(Error::conflict("E7120", format!("User is not allowed to view org unit: `{}`", unit.identity.id))),
        None => Ok(()),
    }
}

fn table(call: &Call<'_>, context: &Context<'_>, query: &Query<'_>, tables: &Tables) -> Result<Value> {
    let mut sums: BTreeMap<(usize, usize, usize, Option<Uid>), f64> = BTreeMap::new();
    // Each unit counts for the asked units on its path.
    let asked: HashMap<Uid, usize> = query.units.iter().enumerate().map(|(at, unit)| (unit.identity.id, at)).collect();
    for (key, number) in &tables.numbers {
        let Some(unit) = context.model.org_units.get(key.org_unit) else { continue };
        for (data_at, (_, element, combo)) in query.data.iter().enumerate() {
            if *element != key.data_element || combo.is_some_and(|combo| combo != key.category_option_combo) {
                continue;
            }
            for (period_at, _) in query.periods.iter().enumerate().filter(|(_, period)| key.period.within(period.start, period.end)) {
                for unit_at in unit.path.iter().filter_map(|id| asked.get(id)) {
                    let combo = query.by_combo.then_some(key.category_option_combo);
                    *sums.entry((data_at, period_at, *unit_at, combo)).or_default() += number;
                }
            }
        }
    }
    let rows = sums.iter().map(|((data, period, unit, combo), sum)| {
        let cell = |column: &&str| match *column {
            "dx" => query.data[*data].0.clone(),
            "pe" => query.periods[*period].id(),
            "ou" => query.units[*unit].identity.id.to_string(),
            _ => combo.map(|combo| combo.to_string()).unwrap_or_default(),
        };
        let mut cells: Vec<Value> = query.columns.iter().map(|column| Value::String(cell(column))).collect();
        // Sums are doubles, and are written as such.
        cells.push(Value::String(format!("{sum:?}")));
        Value::Array(cells)
    });
    let rows: Vec<Value> = if call.flag("skipData", false)? { Vec::new() } else { rows.collect() };
    let mut headers: Vec<Value> = query.columns.iter().map(|column| header(column)).collect();
    headers.push(
        json!({"name": "value", "column": "Value", "valueType": "NUMBER", "type": "java.lang.Double", "hidden": false, "meta": false}),
    );
    let (width, height) = (headers.len(), rows.len());
    let mut table = json!({"headers": headers, "rows": rows, "width": width, "height": height, "headerWidth": width});
    if !call.flag("skipMeta", false)? {
        table["metaData"] = meta_data(context, query, &sums.keys().filter_map(|key| key.3).collect::<Vec<_>>());
    }
    Ok(table)
}

fn header(name: &str) -> Value {
    let column = match name {
        "dx" => "Data",
        "pe" => "Period",
        "ou" => "Organisation unit",
        _ => "Category option combo",
    };
    json!({"name": name, "column": column, "valueType": "TEXT", "type": "java.lang.String", "hidden": false, "meta": true})
}

fn meta_data(context: &Context<'_>, query: &Query<'_>, combos: &[Uid]) -> Value {
    let model = context.model;
    let mut items = Map::new();
    for (written, element, combo) in &query.data {
        let element = model.data_elements.get(*element).map(|element| element.identity.name.as_str()).unwrap_or_default();
        let combo = combo.and_then(|combo| model.option_combos.get(combo)).map(|combo| format!(" {}", combo.identity.name));
        items.insert(written.clone(), json!({"name": format!("{element}{}", combo.unwrap_or_default())}));
    }
    for period in &query.periods {
        items.insert(period.id(), json!({"name": period.id()}));
    }
    for unit in &query.units {
        items.insert(unit.identity.id.to_string(), json!({"name": unit.identity.name}));
    }
    for combo in combos.iter().filter_map(|combo| model.option_combos.get(*combo)) {
        items.insert(combo.identity.id.to_string(), json!({"name": combo.identity.name}));
    }
    let mut all: Vec<String> = combos.iter().map(ToString::to_string).collect();
    all.sort();
    all.dedup();
    let dimensions = json!({
        "dx": query.data.iter().map(|(written, _, _)| written.clone()).collect::<Vec<_>>(),
        "pe": query.periods.iter().map(Period::id).collect::<Vec<_>>(),
        "ou": query.units.iter().map(|unit| unit.identity.id.to_string()).collect::<Vec<_>>(),
        "co": all,
    });
    json!({"items": items, "dimensions": dimensions})
}
