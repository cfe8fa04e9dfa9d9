//! Metadata in bulk: `metadata` out and in, what was deleted, what the kinds are.

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::{Call, metadata, objects};
use crate::dhis2::error::{Error, Result, WebMessage};
use crate::dhis2::fields::Fields;
use crate::dhis2::filter::Filter;
use crate::dhis2::import::Params;
use crate::dhis2::import::report::Report;
use crate::dhis2::kind::{Kind, Leads};
use crate::dhis2::properties::{self, Holds};
use crate::dhis2::view::{Node, View};
use crate::server::Reply;

/// `metadata`.
pub fn route(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    match (segments, &call.request.method) {
        ([], &Method::POST) => import(call),
        ([], &Method::GET) => export(call),
        ([], _) => Err(call.wrong_method()),
        _ => Err(Error::not_simulated(call.path)),
    }
}

fn import(call: &Call<'_>) -> Result<Reply> {
    call.account.need("F_METADATA_IMPORT")?;
    let content_type = call.request.header("content-type").unwrap_or_default();
    if content_type.starts_with("application/xml") || content_type.starts_with("text/csv") || content_type.starts_with("application/csv") {
        return Err(Error::not_simulated("metadata as XML or CSV"));
    }
    if !content_type.starts_with("application/json") {
        return Err(Error::media_type(content_type));
    }
    let document = call.json()?;
    let params = Params::read(call)?;
    let report = objects::import(call, &mut call.server.metadata_mut(), &document, &params)?;
    Ok(answer(call, &report).wrote(report.written))
}

fn answer(call: &Call<'_>, report: &Report) -> Reply {
    if !call.wraps() {
        return Reply::json(200, report.body().to_string());
    }
    let mut response = report.body().clone();
    response["responseType"] = json!("ImportReport");
    let message = match report.status {
        "OK" => WebMessage::new(200, "OK"),
        status => WebMessage::new(409, status).message("One or more errors occurred, please see full details in import report."),
    };
    message.response(response).reply(call.request)
}

/// `metadata?dataElements=true&organisationUnits:fields=id&organisationUnits:filter=level:eq:2`; without a kind all of them.
fn export(call: &Call<'_>) -> Result<Reply> {
    call.account.need("F_METADATA_EXPORT")?;
    let store = call.server.metadata();
    let view = metadata::view(call, &store)?;
    let named = |kind: &&Kind| {
        let of_kind = |name: &str| name == kind.plural || name.strip_prefix(kind.plural).is_some_and(|rest| rest.starts_with(':'));
        call.request.query.iter().any(|(name, value)| of_kind(name) && value != "false")
    };
    let some = Kind::all().iter().any(|kind| named(&kind));
    let skip_sharing = call.flag("skipSharing", false)?;
    let mut body = Map::new();
    let info = json!({"id": call.server.system_id, "rev": "0000000", "version": call.server.profile.version, "date": call.stamp()});
    body.insert("system".to_owned(), info);
    for kind in Kind::all().iter().filter(|kind| !some || named(kind)) {
        let shown = exported(call, &view, kind, skip_sharing)?;
        if !shown.is_empty() {
            body.insert(kind.plural.to_owned(), Value::Array(shown));
        }
    }
    Ok(Reply::json(200, Value::Object(body).to_string()))
}

fn exported(call: &Call<'_>, view: &View<'_>, kind: &'static Kind, skip_sharing: bool) -> Result<Vec<Value>> {
    let own = call.argument(&format!("{}:fields", kind.plural)).or_else(|| call.argument("fields")).unwrap_or(":owner");
    let hidden = if skip_sharing { ",!sharing" } else { "" };
    let fields = Fields::parse(&format!("{own}{hidden}"))?;
    let status = call.server.profile.bad_filter_status;
    let named = format!("{}:filter", kind.plural);
    let filters =
        call.arguments(&named).chain(call.arguments("filter")).map(|text| Filter::parse(text, kind, status)).collect::<Result<Vec<_>>>()?;
    let mut nodes = view.all(kind);
    nodes.retain(|node| filters.iter().all(|filter| filter.fits(view, node, &call.server.zone)) && !view.hides(node));
    Ok(nodes.iter().map(|node: &Node<'_>| fields.show(view, node)).collect())
}

/// `deletedObjects?klass=OrganisationUnit&deletedAt=2024-01-01`: what was deleted, oldest first.
pub fn deleted(call: &Call<'_>) -> Result<Reply> {
    if !call.is(&Method::GET) {
        return Err(call.wrong_method());
    }
    let classes: Vec<&str> = call.arguments("klass").flat_map(|text| text.split(',')).collect();
    let since = match call.argument("deletedAt") {
        None => None,
        Some(text) => Some(call.server.zone.read(text).ok_or_else(|| Error::bad_request(format!("Invalid date format '{text}'")))?),
    };
    let store = call.server.metadata();
    let fits = |one: &&crate::dhis2::store::Deleted| {
        (classes.is_empty() || classes.contains(&one.kind.klass))
            && since.is_none_or(|since| one.at >= since)
            && call.argument("uid").is_none_or(|uid| uid == one.uid.as_str())
            && call.argument("code").is_none_or(|code| Some(code) == one.code.as_deref())
    };
    let shown = store.deleted.iter().filter(fits).map(|one| {
        let mut body =
            json!({"klass": one.kind.klass, "uid": one.uid.as_str(), "deletedAt": call.server.zone.stamp(one.at), "deletedBy": one.by});
        if let Some(code) = &one.code {
            body["code"] = json!(code);
        }
        body
    });
    let mut shown: Vec<Value> = shown.collect();
    let mut body = Map::new();
    if call.flag("paging", true)? && !call.flag("skipPaging", false)? {
        let size = call.number("pageSize")?.unwrap_or(50).max(1);
        let count = shown.len().div_ceil(size).max(1);
        let page = call.number("page")?.unwrap_or(1).clamp(1, count);
        body.insert("pager".to_owned(), json!({"page": page, "total": shown.len(), "pageSize": size, "pageCount": count}));
        shown = shown.into_iter().skip((page - 1) * size).take(size).collect();
    }
    body.insert("deletedObjects".to_owned(), Value::Array(shown));
    Ok(Reply::json(200, Value::Object(body).to_string()))
}

/// `schemas`, `schemas/{singular}`: kinds and their properties.
pub fn schemas(call: &Call<'_>, segments: &[&str]) -> Result<Reply> {
    if !call.is(&Method::GET) {
        return Err(Error::not_simulated("validation of an object against its schema"));
    }
    match segments {
        [] => {
            let all: Value = Kind::all().iter().map(|kind| schema(call, kind)).collect();
            Ok(Reply::json(200, json!({ "schemas": all }).to_string()))
        }
        [singular] => {
            let kind = Kind::singular(singular).ok_or_else(|| Error::new(404, format!("Type {singular} does not exist.")))?;
            Ok(Reply::json(200, schema(call, kind).to_string()))
        }
        _ => Err(Error::no_address(&call.request.path)),
    }
}

fn schema(call: &Call<'_>, kind: &Kind) -> Value {
    let required = |name: &str| name == "name" || (name == "shortName" && kind.nameable) || kind.required.contains(&name);
    let property = |name: &str, holds: Holds| {
        let (kind_of, constants) = match holds {
            Holds::Text(_) if name == "id" => ("IDENTIFIER", None),
            Holds::Text(_) => ("TEXT", None),
            Holds::Integer => ("INTEGER", None),
            Holds::Number => ("NUMBER", None),
            Holds::Boolean => ("BOOLEAN", None),
            Holds::Date => ("DATE", None),
            Holds::Constant(words) => ("CONSTANT", Some(words)),
            Holds::Complex => ("COMPLEX", None),
        };
        let made = matches!(name, "href" | "access") || name.starts_with("display");
        let mut shown = json!({
            "name": name, "fieldName": name, "propertyType": kind_of, "required": required(name), "unique": name == "id" || name == "code",
            "persisted": !made, "owner": !made, "collection": false,
        });
        if let Holds::Text(most) = holds {
            shown["max"] = json!(most);
        }
        if let Some(words) = constants {
            shown["constants"] = json!(words);
        }
        shown
    };
    let mut properties: Vec<Value> = properties::simple(kind).map(|(name, holds)| property(name, *holds)).collect();
    for part in kind.parts {
        let several = !matches!(part.leads, Leads::One(_));
        let kind_of = if several { "COLLECTION" } else { "REFERENCE" };
        properties.push(json!({
            "name": part.name, "fieldName": part.name, "propertyType": kind_of, "required": required(part.name), "unique": false,
            "persisted": true, "owner": part.is_owned(), "collection": several,
        }));
    }
    json!({
        "klass": kind.full_class(), "name": kind.singular, "singular": kind.singular, "plural": kind.plural, "displayName": kind.klass,
        "apiEndpoint": call.address(kind.plural), "relativeApiEndpoint": format!("/{}", kind.plural), "metadata": true, "identifiableObject": true,
        "nameableObject": kind.nameable, "properties": properties,
    })
}
