//! The server about itself and about who asks: `system`, `me`, `systemSettings`.

use std::borrow::Cow;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Call, metadata};
use crate::dhis2::error::{Error, Result, WebMessage};
use crate::dhis2::fields::Fields;
use crate::dhis2::kind::Kind;
use crate::dhis2::model::DataSet;
use crate::dhis2::uid::Uid;
use crate::dhis2::view::Node;
use crate::server::Reply;

/// `GET system/id` gives no more than this.
const MOST_IDS: usize = 10_000;

/// Answers a path below these.
pub fn route(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    match segments {
        ["systemSettings", rest @ ..] => settings(call, rest),
        _ if !call.is(&Method::GET) => Err(call.wrong_method()),
        ["system", "info"] => {
            let info = info(call);
            let fields = call.argument("fields").filter(|_| call.server.profile.system_info_fields);
            let shown = match fields {
                None => info,
                Some(text) => {
                    let store = call.server.metadata();
                    Fields::parse(text)?.show(&metadata::view(call, &store)?, &Node::Value(Cow::Owned(info)))
                }
            };
            Ok(Reply::json(200, shown.to_string()))
        }
        ["system", "ping"] => Ok(Reply::whole(200, "text/plain;charset=UTF-8", "pong")),
        ["system", "id" | "uid"] => ids(call, |call| call.server.new_uid().to_string()),
        ["system", "uuid"] => ids(call, |call| call.server.maker().uuid()),
        ["me"] => Ok(Reply::json(200, me(call)?.to_string())),
        ["me", "authorization" | "authorities"] => Ok(Reply::json(200, json!(call.account.authorities).to_string())),
        ["me", "authorization" | "authorities", name] => Ok(Reply::json(200, json!(call.account.may(name)).to_string())),
        _ => Err(Error::not_simulated(call.path)),
    }
}

fn ids(call: &Call<'_>, make: impl Fn(&Call<'_>) -> String) -> Result<Reply> {
    let limit = call.number("limit")?.unwrap_or(1).min(MOST_IDS);
    let codes: Vec<String> = (0..limit).map(|_| make(call)).collect();
    Ok(Reply::json(200, json!({ "codes": codes }).to_string()))
}

/// What `system/info` says. Who is no superuser does not see what could help an attacker.
fn info(call: &Call<'_>) -> Value {
    let server = call.server;
    let profile = server.profile;
    let mut info = json!({
        "contextPath": call.address("").trim_end_matches("/api/"),
        "calendar": server.calendar, "dateFormat": "yyyy-MM-dd", "serverDate": call.stamp(), "serverTimeZoneId": server.zone.name(),
        "serverTimeZoneDisplayName": server.zone.name(), "version": profile.version, "revision": "0000000", "buildTime": "2025-01-01T00:00:00.000",
        "systemId": server.system_id, "systemName": "DHIS 2", "isMetadataVersionEnabled": false, "encryption": false, "emailConfigured": false,
        "readOnlyMode": "off", "userAgent": call.request.header("user-agent").unwrap_or_default(),
    });
    if let (Some(built), Some(members)) = (server.numbers().analytics_built(), info.as_object_mut()) {
        members.insert("lastAnalyticsTableSuccess".to_owned(), json!(server.zone.stamp(built)));
        members.insert("intervalSinceLastAnalyticsTableSuccess".to_owned(), json!(since(call.now - built)));
    }
    if call.account.is_superuser()
        && let Some(members) = info.as_object_mut()
    {
        members.insert("javaVersion".to_owned(), json!(if profile.number >= 41 { "17" } else { "11" }));
        members.insert("osName".to_owned(), json!("Linux"));
        members.insert("databaseInfo".to_owned(), json!({"name": "dhis2", "spatialSupport": true}));
    }
    info
}

/// How long ago something was, in hours, minutes and seconds.
fn since(millis: i64) -> String {
    let seconds = millis / 1000;
    format!("{} h, {} m, {} s", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Who asks, with the fields that are asked for. What it refers to can be looked into.
fn me(call: &Call<'_>) -> Result<Value> {
    let account = &call.account;
    let ids = |units: &[Uid]| units.iter().map(|unit| json!({"id": unit.as_str()})).collect::<Value>();
    let store = call.server.metadata();
    let model = store.model();
    let may = |set: &&DataSet| account.is_superuser() || set.identity.sharing.data_write(account.id.as_str(), &account.groups);
    let data_sets: Vec<&str> = model.data_sets.iter().filter(may).map(|set| set.identity.id.as_str()).collect();
    let kind = Kind::plural("users").expect("the kinds are listed");
    let searches =
        store.get(kind, account.id).and_then(|user| user.get("teiSearchOrganisationUnits")).cloned().unwrap_or_else(|| json!([]));
    let me = json!({
        "id": account.id.as_str(), "username": account.username, "name": account.username, "displayName": account.username,
        "organisationUnits": ids(&account.org_units), "dataViewOrganisationUnits": ids(&account.data_view_org_units),
        "teiSearchOrganisationUnits": searches, "authorities": account.authorities, "dataSets": data_sets, "programs": [],
        "userGroups": account.groups.iter().map(|group| json!({"id": group})).collect::<Value>(),
    });
    let (Some(text), Value::Object(object)) = (call.argument("fields"), &me) else { return Ok(me) };
    Ok(Fields::parse(text)?.show(&metadata::view(call, &store)?, &Node::Object(kind, account.id, object)))
}

/// System settings: all, one, and their change by an administrator.
fn settings(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    match segments {
        [] if call.is(&Method::GET) => {
            let all: Map<String, Value> = call.server.metadata().settings.clone().into_iter().collect();
            Ok(Reply::json(200, Value::Object(all).to_string()))
        }
        [key] if call.is(&Method::GET) => {
            let value = call.server.metadata().settings.get(*key).cloned();
            let body = value.map_or_else(Map::new, |value| Map::from_iter([((*key).to_owned(), value)]));
            Ok(Reply::json(200, Value::Object(body).to_string()))
        }
        [key] if call.is(&Method::POST) => {
            call.account.need("F_SYSTEM_SETTING")?;
            let text = call.argument("value").map_or_else(|| String::from_utf8_lossy(&call.request.body).into_owned(), str::to_owned);
            let value = serde_json::from_str(&text).unwrap_or_else(|_| Value::String(text.clone()));
            call.server.metadata_mut().settings.insert((*key).to_owned(), value);
            let message = format!("System setting '{key}' set to value '{text}'.");
            Ok(WebMessage::new(200, "OK").message(&message).reply(call.request))
        }
        _ => Err(call.wrong_method()),
    }
}
