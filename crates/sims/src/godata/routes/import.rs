//! Imports of files: uploaded, mapped, followed in their log, row by row in the results.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Call, people};
use crate::godata::cases::Author;
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::import_files::{self, FieldMap, Upload};
use crate::godata::imports::{Import, Target};
use crate::godata::jobs::{Done, End, Work};
use crate::godata::lab_results::LAB_RESULT;
use crate::godata::multipart;
use crate::godata::person_types::{self, PersonType};
use crate::godata::schema::{Kind, Model, RELATIONSHIP};
use crate::server::Reply;

static IMPORT_LOG: Model = Model {
    name: "importLog",
    schema: &[("status", Kind::Text), ("totalNo", Kind::Number), ("actionStartDate", Kind::Date)],
    read_only: &[],
    required: &[],
    default_order: &["id"],
};

static IMPORT_RESULT: Model = Model {
    name: "importResult",
    schema: &[("importLogId", Kind::Text), ("recordNo", Kind::Number)],
    read_only: &[],
    required: &[],
    default_order: &["recordNo"],
};

/// What the path before `import-importable-file-using-map` names.
pub(super) fn target(path: &[&str]) -> Option<Target> {
    match path {
        ["relationships"] => Some(Target::Relationships),
        [segment] => PersonType::at(segment).map(Target::People),
        [segment @ ("cases" | "contacts"), "lab-results"] => PersonType::at(segment).map(Target::LabResults),
        _ => None,
    }
}

/// `POST /importable-files`, with or without an outbreak, and what is asked about a file.
pub(super) fn files(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    let user = call.user()?;
    match rest {
        [] if call.is(&Method::POST) => {
            let kind = call.request.header("content-type").unwrap_or_default();
            let part = |name: &str| {
                let missing = || Error::coded(400, "MISSING_REQUIRED_PROPERTY", format!("Missing required property `{name}`"));
                multipart::part(kind, &call.request.body, name).ok_or_else(missing)
            };
            if part("decryptPassword").is_ok_and(|password| !password.content.is_empty()) {
                return Err(Error::not_simulated("decryptPassword of an upload"));
            }
            let file = part("file")?;
            let name = String::from_utf8_lossy(part("model")?.content).into_owned();
            let model = model(&name)?;
            let now = call.server.clock.now();
            let upload = Upload::read(file.parameter("filename").unwrap_or_default(), file.content, now)?;
            let suggested = {
                let store = call.server.read();
                import_files::suggested(&upload, model, &store.languages, user.language())
            };
            let answer = json!({
                "id": upload.id, "fileHeaders": upload.headers, "modelProperties": {&name: import_files::properties(model)},
                "suggestedFieldMapping": suggested, "modelPropertyValues": {}
            });
            call.server.jobs().uploads.push(upload);
            Ok(Reply::json(200, answer.to_string()))
        }
        [id, "json"] if call.is(&Method::GET) => {
            let jobs = call.server.jobs();
            let upload = jobs.upload(id, call.server.clock.now()).ok_or_else(gone)?;
            Ok(Reply::json(200, json!(upload.rows).to_string()))
        }
        [_, "distinct-values-json"] => Err(Error::not_simulated(call.path)),
        _ => Err(call.no_method("importableFile")),
    }
}

fn gone() -> Error {
    Error::coded(404, "FILE_NOT_FOUND", "File not found")
}

/// The model that an upload names.
fn model(name: &str) -> Result<&'static Model> {
    let of_person = person_types::ALL.into_iter().map(|person_type| person_type.model).find(|model| model.name == name);
    match name {
        "relationship" => Ok(&RELATIONSHIP),
        "labResult" => Ok(&LAB_RESULT),
        "location" | "referenceData" | "team" | "user" | "role" => Err(Error::not_simulated(&format!("the import of {name} by a map"))),
        _ => of_person.ok_or_else(|| Error::coded(400, "REQUEST_VALIDATION_ERROR", format!("Unknown model: {name}"))),
    }
}

/// `POST .../import-importable-file-using-map`.
pub(super) fn start(call: &Call<'_>, outbreak: &str, target: Target) -> Result<Reply> {
    if !call.is(&Method::POST) {
        return Err(call.no_method("outbreak"));
    }
    let permission = match target {
        Target::People(person_type) => format!("{}_import", person_type.permission),
        Target::LabResults(person_type) => format!("{}_import_lab_result", person_type.permission),
        Target::Relationships => "relationship_import".to_owned(),
    };
    let user = people::allowed(call, outbreak, &permission)?;
    let mut author = call.author(&user);
    "IMPORT".clone_into(&mut author.platform);
    let sent = call.object()?;
    let needed = |name: &str| sent.get(name).ok_or_else(|| Error::plain(400, format!("{name} is a required argument")));
    let file = needed("fileId")?.as_str().unwrap_or_default();
    let fields = needed("map")?.as_object().ok_or_else(|| Error::plain(400, "Value is not an object."))?;
    let map = FieldMap {
        fields: fields.iter().filter_map(|(header, path)| Some((header.clone(), path.as_str()?.to_owned()))).collect(),
        values: sent.get("valuesMap").and_then(Value::as_object).cloned().unwrap_or_default(),
    };
    let mut jobs = call.server.jobs();
    let rows = jobs.upload(file, author.now).ok_or_else(gone)?.rows.clone();
    let total = rows.len();
    let fields = Map::from_iter([("resourceType".to_owned(), json!(target.model().name)), ("outbreakIDs".to_owned(), json!([outbreak]))]);
    let (outbreak, alternate_keys, zone) = (outbreak.to_owned(), call.server.alternate_keys, call.server.zone);
    let importer = author.clone();
    let work = Work(Box::new(move |store, now, most| {
        let import = Import { outbreak: &outbreak, target, alternate_keys, zone, author: &Author { now, ..importer } };
        let mut done = Done::default();
        for (at, row) in rows.into_iter().enumerate().take(most) {
            let record = map.apply(&row);
            match import.row(store, record.clone()) {
                Ok(id) => done.written.extend(id),
                Err(error) => done.results.push(json!({"recordNo": at + 1, "error": error.body(), "data": {"file": row, "save": record}})),
            }
        }
        let failed = done.results.len();
        let message = format!("Some records failed: {failed} of {total}");
        let details = json!({"model": target.model().name, "success": total - failed, "failed": failed});
        let error = (failed > 0).then(|| Error::coded(422, "IMPORT_PARTIAL_SUCCESS", message).details(details));
        done.end = End { total, failed: error, fruitless: failed > 0 && failed == total, ..End::default() };
        done
    }));
    let (id, written) = jobs.import(&mut call.server.write(), fields, &author, total, work);
    Ok(Reply::json(200, json!({"importLogId": id}).to_string()).wrote_ids(written))
}

/// Paths below `/import-logs`: those of all accounts.
pub(super) fn logs(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    call.user()?;
    let now = call.server.clock.now();
    match rest {
        _ if !call.is(&Method::GET) => Err(Error::not_simulated(call.path)),
        [] => call.list(&call.server.jobs().imports.logs(None, now), &IMPORT_LOG, &call.filter(Engine::Loopback)?),
        ["count"] => call.count(&call.server.jobs().imports.logs(None, now), &IMPORT_LOG),
        [id] => {
            let log = call.server.jobs().imports.poll(id, now);
            Ok(call.record(log.ok_or_else(|| Error::no_such_model("importLog", id))?))
        }
        _ => Err(call.no_method("importLog")),
    }
}

/// Paths below `/import-results`: the rows that did not get in.
pub(super) fn results(call: &Call<'_>, rest: &[&str]) -> Result<Reply> {
    call.user()?;
    match rest {
        _ if !call.is(&Method::GET) => Err(Error::not_simulated(call.path)),
        [] => call.list(&call.server.jobs().results, &IMPORT_RESULT, &call.filter(Engine::Loopback)?),
        ["count"] => call.count(&call.server.jobs().results, &IMPORT_RESULT),
        _ => Err(call.no_method("importResult")),
    }
}
