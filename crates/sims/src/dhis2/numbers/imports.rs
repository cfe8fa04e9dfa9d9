//! `POST dataValueSets`: from a request to an import, at once or in the background, and the shape of its answer.

use std::sync::Arc;

use serde_json::json;

use super::super::auth::Account;
use super::super::error::{Error, Result};
use super::super::model::{Model, Scheme};
use super::super::routes::Call;
use super::super::state::Server;
use super::super::uid::Uid;
use super::body::{self, Form};
use super::context::Context;
use super::id_scheme::{Kind, Schemes};
use super::options::{ImportOptions, Strategy};
use super::payload::{Combo, Group, Payload, Sent};
use super::settings::Settings;
use super::store::Store;
use super::summary::{Status, Summary};
use super::value::is_numeric_type;
use super::{Numbers, adx, completeness, csv, dxf_xml, import, json, pipeline, xml};
use crate::server::Reply;

/// The kind of job that imports values.
pub const JOB: &str = "DATAVALUE_IMPORT";

/// An import that can run now or later.
#[derive(Debug, Clone)]
pub struct Prepared {
    pub kind: &'static str,
    pub form: Form,
    pub body: bytes::Bytes,
    pub options: ImportOptions,
    pub account: Arc<Account>,
}

/// Answers the request.
pub fn post(call: &Call<'_>) -> Result<Reply> {
    call.account.need("F_DATAVALUE_ADD")?;
    let form = Form::of(call.request)?;
    let options = ImportOptions::read(call.request)?;
    submit(call, Prepared { kind: JOB, form, body: call.request.body.clone(), options, account: Arc::clone(&call.account) })
}

/// Runs an import, or starts its job.
pub fn submit(call: &Call<'_>, prepared: Prepared) -> Result<Reply> {
    if prepared.options.asynchronous {
        return Ok(start(call, prepared));
    }
    let dry_run = prepared.options.dry_run;
    let summary = execute(call.server, &prepared)?;
    Ok(shaped(call, &summary).wrote(if dry_run { 0 } else { summary.written() }))
}

fn start(call: &Call<'_>, prepared: Prepared) -> Reply {
    let server = call.server;
    let id = server.new_uid();
    let kind = prepared.kind;
    let due = server.numbers().jobs.start(id, kind, prepared, call.now);
    let mut written = 0;
    if let Some(due) = due {
        written = work(server, id, &due);
    }
    let name = if server.profile.job_named_by_type { kind } else { older_name(kind) };
    let below = format!("system/tasks/{kind}");
    let body = json!({
        "httpStatus": "OK", "httpStatusCode": 200, "status": "OK", "message": format!("Initiated {name}"),
        "response": {
            "responseType": "JobConfiguration", "name": name, "id": id.as_str(), "created": call.stamp(), "jobType": kind,
            "jobStatus": "SCHEDULED", "jobParameters": {}, "relativeNotifierEndpoint": format!("/api/{below}/{id}"),
        },
    });
    let mut reply = Reply::json(200, body.to_string()).wrote(written);
    reply.headers.push(("location", call.address(&below)));
    reply
}

fn older_name(kind: &'static str) -> &'static str {
    if kind == JOB { "dataValueImport" } else { "completeDataSetRegistrationImport" }
}

/// Runs a job to its end; returns how many records it wrote.
pub fn work(server: &Server, id: Uid, prepared: &Prepared) -> usize {
    let summary = execute(server, prepared)
        .unwrap_or_else(|error| Summary::failed(format!("The import process failed: {}", error.message), prepared.options.json()));
    let written = if prepared.options.dry_run { 0 } else { summary.written() };
    server.numbers().jobs.done(id, summary, server.now());
    written
}

/// Runs an import.
fn execute(server: &Server, prepared: &Prepared) -> Result<Summary> {
    let model: Arc<Model>;
    let settings;
    {
        let metadata = server.metadata();
        model = metadata.model();
        settings = metadata.settings.clone();
    }
    let mut numbers = server.numbers();
    let settings = Settings::of(&settings, &numbers.options);
    let context = Context {
        profile: server.profile,
        model: &model,
        caller: &prepared.account,
        settings: &settings,
        zone: &server.zone,
        now: server.now(),
    };
    let Numbers { store, .. } = &mut *numbers;
    if prepared.kind == completeness::JOB {
        let text = body::text(&prepared.body).map_err(Error::bad_request)?;
        return Ok(completeness::import(&context, store, &text, &prepared.options));
    }
    if context.profile.pipeline { import_groups(&context, store, prepared) } else { Ok(import_values(&context, store, prepared)) }
}

/// The import up to 2.42: whatever cannot be read is an exception, and the answer is still a summary.
fn import_values(context: &Context<'_>, store: &mut Store, prepared: &Prepared) -> Summary {
    let mut options = prepared.options.clone();
    let read = body::text(&prepared.body).and_then(|text| read(context, &text, prepared.form, &mut options));
    match read {
        Ok(payload) => import::run(context, store, &payload, &options),
        Err(text) if prepared.form == Form::Adx => Summary::failed(text, options.json()),
        Err(text) => Summary::failed(format!("The import process failed: {text}"), options.json()),
    }
}

/// The import from 2.43: whatever cannot be read refuses the request.
fn import_groups(context: &Context<'_>, store: &mut Store, prepared: &Prepared) -> Result<Summary> {
    let mut options = prepared.options.clone();
    let (release, form) = (context.release(), prepared.form);
    let malformed = |text: String| match form {
        Form::Xml | Form::Adx => Error::coded(400, "E8007", format!("XML is malformed: {text}")),
        Form::Json | Form::Csv => Error::bad_request(text),
    };
    let text = body::text(&prepared.body).map_err(malformed)?;
    let payload = match form {
        Form::Json => json::read(&text, release),
        Form::Csv => csv::read(&text, release, options.first_row_is_header, options.data_set.as_deref()),
        // The root element says which of the two it is, whatever the header said.
        Form::Xml | Form::Adx => xml::parse(&text).and_then(|root| {
            let adx = root.name == "adx";
            if adx { adx::read(&root, release).map(|groups| adx_groups(context, groups, &options.schemes)) } else { dxf_xml::read(&root) }
        }),
    };
    let payload = payload.map_err(malformed)?;
    overrule(&mut options, &payload).map_err(malformed)?;
    pipeline::run(context, store, &payload.groups, &options)
}

/// Groups of ADX as groups of values: categories stay unresolved, and the text of what is no number is its annotation.
fn adx_groups(context: &Context<'_>, groups: Vec<adx::AdxGroup>, schemes: &Schemes) -> Payload {
    let combo = |id: Option<String>, pairs: Vec<(String, String)>| match id {
        Some(id) => Some(Combo::Id(id)),
        None if pairs.is_empty() => None,
        None => Some(Combo::Options(pairs)),
    };
    let value = |sent: adx::AdxValue| {
        let element = sent.data_element.as_deref().and_then(|id| context.model.data_elements.find(&schemes.of(Kind::DataElement), id));
        let is_text = element.is_some_and(|element| !is_numeric_type(&element.value_type));
        Sent {
            value: if is_text { sent.annotation.or(sent.value) } else { sent.value },
            category_option_combo: combo(sent.category_option_combo, sent.categories),
            data_element: sent.data_element,
            comment: sent.comment,
            followup: sent.followup,
            deleted: sent.deleted,
            stored_by: sent.stored_by,
            ..Sent::default()
        }
    };
    let group = |group: adx::AdxGroup| Group {
        data_set: group.data_set,
        complete_date: group.complete_date,
        period: group.period.map(|period| period.id()),
        org_unit: group.org_unit,
        attribute_option_combo: combo(group.attribute_option_combo, group.categories),
        values: group.values.into_iter().map(value).collect(),
        ..Group::default()
    };
    Payload { groups: groups.into_iter().map(group).collect(), ..Payload::default() }
}

/// What the body says of the import wins over the query.
fn overrule(options: &mut ImportOptions, payload: &Payload) -> std::result::Result<(), String> {
    options.schemes = options.schemes.clone().overridden(payload.schemes.clone());
    options.dry_run = payload.dry_run.unwrap_or(options.dry_run);
    if let Some(name) = &payload.strategy {
        options.strategy = Strategy::parse(name).ok_or_else(|| format!("{name} is no import strategy"))?;
    }
    Ok(())
}

fn read(context: &Context<'_>, text: &str, form: Form, options: &mut ImportOptions) -> std::result::Result<Payload, String> {
    let release = context.release();
    let payload = match form {
        Form::Json => json::read(text, release)?,
        Form::Csv => {
            // 2.38 does not know the parameter.
            let data_set = options.data_set.as_deref().filter(|_| release >= 39);
            csv::read(text, release, options.first_row_is_header, data_set)?
        }
        Form::Xml => dxf_xml::read(&xml::parse(text)?)?,
        Form::Adx => {
            options.schemes = options.schemes.clone().or_general(Scheme::Code);
            let groups = adx::read(&xml::parse(text)?, release)?;
            import::resolve_adx(context, &groups, &options.schemes)?
        }
    };
    overrule(options, &payload)?;
    Ok(payload)
}

/// The summary in its envelope, or by itself where an old path asks for that.
pub fn shaped(call: &Call<'_>, summary: &Summary) -> Reply {
    let wrapped = call.wraps();
    let xml = call.request.header("accept").is_some_and(|accept| accept.contains("application/xml"));
    let mut reply = if xml {
        let (status, document) = summary.xml(wrapped);
        Reply::whole(status, "application/xml;charset=UTF-8", document)
    } else if wrapped {
        let (status, body) = summary.wrapped(call.server.profile.number);
        Reply::json(status, body.to_string())
    } else {
        Reply::json(200, summary.plain(call.server.profile.number).to_string())
    };
    if summary.status != Status::Success && wrapped {
        reply.headers.push(("cache-control", "no-cache, private".to_owned()));
    }
    reply
}
