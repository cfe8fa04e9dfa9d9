//! Exports: started, followed in their log, downloaded once by whoever started them.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Call, compile, follow_ups, lab_results, people};
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::exports::{Exporter, Flags};
use crate::godata::filter::Filter;
use crate::godata::follow_ups::FOLLOW_UP;
use crate::godata::jobs::{End, NoFile};
use crate::godata::lab_results::LAB_RESULT;
use crate::godata::node::Node;
use crate::godata::person_types::{CONTACT, CONTACT_OF_CONTACT, PersonType};
use crate::godata::relationships;
use crate::godata::rows::{Row, Scope};
use crate::godata::schema::{Kind, Model, RELATIONSHIP};
use crate::godata::store::Store;
use crate::server::Reply;

/// What can be exported of an outbreak.
#[derive(Debug, Clone, Copy)]
pub(super) enum Source {
    People(&'static PersonType),
    Relationships,
    FollowUps,
    LabResults,
}

/// A log of an export, as far as filters look at it.
static EXPORT_LOG: Model = Model {
    name: "exportLog",
    schema: &[("status", Kind::Text), ("extension", Kind::Text), ("totalNo", Kind::Number), ("actionStartDate", Kind::Date)],
    read_only: &[],
    required: &[],
    default_order: &["id"],
};

impl Source {
    /// What the segment of a path names.
    pub(super) fn at(segment: &str) -> Option<Self> {
        match segment {
            "relationships" => Some(Source::Relationships),
            "follow-ups" => Some(Source::FollowUps),
            "lab-results" => Some(Source::LabResults),
            _ => PersonType::at(segment).map(Source::People),
        }
    }

    fn model(self) -> &'static Model {
        match self {
            Source::People(person_type) => person_type.model,
            Source::Relationships => &RELATIONSHIP,
            Source::FollowUps => &FOLLOW_UP,
            Source::LabResults => &LAB_RESULT,
        }
    }

    fn permission(self) -> String {
        match self {
            Source::People(person_type) => format!("{}_export", person_type.permission),
            Source::Relationships => "relationship_export".to_owned(),
            Source::FollowUps => "follow_up_export".to_owned(),
            Source::LabResults => "lab_result_export".to_owned(),
        }
    }

    /// The field of the outbreak that holds the questionnaire.
    fn template(self) -> Option<&'static str> {
        match self {
            Source::People(person_type) => person_type.template,
            Source::Relationships => None,
            Source::FollowUps => Some("contactFollowUpTemplate"),
            Source::LabResults => Some("labResultsTemplate"),
        }
    }

    /// The records that a filter finds, with what belongs to each.
    fn records(self, store: &Store, outbreak: &str, filter: &Filter, flags: &Flags) -> Result<Vec<Map<String, Value>>> {
        let with_person = |row: &crate::godata::records::Record, name: &str| {
            let mut record = row.record();
            if let Some(person) = store.people.get(&row.person).filter(|_| flags.with_person) {
                record.insert(name.to_owned(), Value::Object(person.typed_record()));
            }
            record
        };
        Ok(match self {
            Source::People(person_type) => {
                let condition = people::condition(store, outbreak, Some(person_type), filter, Engine::Raw)?;
                let scope = Scope { outbreak, kind: Some(person_type.id), deleted: filter.deleted };
                let found = store.people.search(scope, filter, condition.as_ref());
                found.into_iter().map(|person| exposed(store, person, flags)).collect()
            }
            Source::Relationships => {
                let condition = compile(filter.condition.as_ref(), Engine::Raw, &RELATIONSHIP)?;
                let scope = Scope { outbreak, kind: None, deleted: filter.deleted };
                store.relationships.search(scope, filter, condition.as_ref()).into_iter().map(Row::record).collect()
            }
            Source::FollowUps => {
                let found = follow_ups::AGGREGATE.found(store, outbreak, filter, &|_| true)?;
                found.into_iter().map(|row| with_person(row, "contact")).collect()
            }
            Source::LabResults => {
                let found = lab_results::AGGREGATE.found(store, outbreak, filter, &lab_results::shown(store, outbreak))?;
                found.into_iter().map(|row| with_person(row, "person")).collect()
            }
        })
    }
}

/// A contact's row has one of its exposures with it: the most recent, or the oldest.
fn exposed(store: &Store, person: &Row, flags: &Flags) -> Map<String, Value> {
    let mut record = person.record();
    if person.kind == CONTACT.id || person.kind == CONTACT_OF_CONTACT.id {
        let date = |exposure: &Map<String, Value>| exposure.get("contactDate").and_then(Value::as_str).unwrap_or_default().to_owned();
        let mut exposures = relationships::exposures(store, &person.id);
        exposures.sort_by_key(date);
        let chosen = if flags.oldest_exposure { exposures.into_iter().next() } else { exposures.pop() };
        if let Some(exposure) = chosen {
            record.insert("relationship".to_owned(), Value::Object(exposure));
        }
    }
    record
}

/// `GET` or `POST /outbreaks/{o}/{resource}/export`.
pub(super) fn start(call: &Call<'_>, outbreak: &str, source: Source) -> Result<Reply> {
    if !call.is(&Method::GET) && !call.is(&Method::POST) {
        return Err(call.no_method("outbreak"));
    }
    let user = call.user_who_may(&source.permission())?;
    // The POST of follow-ups is flagged as a read, the others count as writes.
    call.check_outbreak(&user, outbreak, !matches!(source, Source::FollowUps))?;
    let settings = call.server.read().outbreaks.live(outbreak).cloned();
    let settings = settings.ok_or_else(|| Error::no_such_model("outbreak", outbreak))?;
    let sent = if call.is(&Method::POST) { call.object()? } else { Map::new() };
    let argument = |name: &str| sent.get(name).cloned().or_else(|| call.request.argument(name).map(|text| json!(text)));
    let kind = argument("type").and_then(|kind| kind.as_str().map(str::to_owned)).unwrap_or_else(|| "json".to_owned());
    match kind.as_str() {
        "json" | "csv" => {}
        "xls" | "xlsx" | "ods" | "pdf" => return Err(Error::not_simulated(&format!("an export as {kind}"))),
        other => {
            return Err(Error::coded(400, "REQUEST_VALIDATION_ERROR", format!("Invalid Export Type: {other}. Supported: json, csv ...")));
        }
    }
    for name in ["encryptPassword", "fieldsGroupList"] {
        if argument(name).is_some_and(|value| !value.is_null() && value != json!("") && value != json!([])) {
            return Err(Error::not_simulated(&format!("{name} of an export")));
        }
    }
    let anonymised = match argument("anonymizeFields") {
        Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or_else(|_| vec![text]),
        Some(fields) => serde_json::from_value(fields).map_err(|_| Error::plain(400, "Items must be an array: anonymizeFields"))?,
        None => Vec::new(),
    };
    let mut filter = if call.is(&Method::POST) { call.filter_in_body(Engine::Raw)? } else { call.filter(Engine::Raw)? };
    let flags = Flags::take(filter.condition.as_mut())?;
    filter.condition = filter.condition.filter(|condition| *condition != Node::Object(Vec::new()));

    let mut jobs = call.server.jobs();
    let store = call.server.read();
    let records = source.records(&store, outbreak, &filter, &flags)?;
    let exporter = Exporter {
        store: &store,
        model: source.model(),
        template: source.template().and_then(|field| settings.get(field)),
        language: user.language(),
        flags: &flags,
        anonymised: &anonymised,
    };
    let total = records.len();
    let file = if kind == "csv" { exporter.csv(records) } else { exporter.json(records) };
    let mime = if kind == "csv" { "text/csv" } else { "application/json" };
    let fields = json!({"extension": kind, "mimeType": mime, "sizeBytes": file.len(), "outbreakIDs": [outbreak]});
    let fields = fields.as_object().cloned().unwrap_or_default();
    let id = jobs.exports.start(fields, &call.author(&user), || End { total, file: Some(file), ..End::default() });
    Ok(Reply::json(200, json!({"exportLogId": id}).to_string()))
}

/// Paths below `/export-logs`.
pub(super) fn logs(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    let user = call.user()?;
    let now = call.server.clock.now();
    let missing = |id: &str| Error::no_such_model("exportLog", id);
    if !call.is(&Method::GET) {
        return Err(Error::not_simulated(call.path));
    }
    match rest {
        [] => call.list(&call.server.jobs().exports.logs(Some(&user.id), now), &EXPORT_LOG, &call.filter(Engine::Loopback)?),
        ["count"] => call.count(&call.server.jobs().exports.logs(Some(&user.id), now), &EXPORT_LOG),
        [id] => {
            let log = call.server.jobs().exports.poll(id, now);
            Ok(call.record(log.ok_or_else(|| missing(id))?))
        }
        [id, "download"] => {
            let taken = call.server.jobs().exports.take_file(id, &user.id, now);
            let (extension, file) = taken.map_err(|reason| match reason {
                NoFile::Unknown => missing(id),
                NoFile::NotYours => Error::plain(500, "Not authorized"),
                NoFile::Gone => Error::coded(404, "FILE_NOT_FOUND", "File not found"),
            })?;
            let mut reply = Reply::whole(200, "application/octet-stream", file);
            reply.headers.push(("content-disposition", format!("attachment;filename=Case List.{extension}")));
            Ok(reply)
        }
        _ => Err(call.no_method("exportLog")),
    }
}
