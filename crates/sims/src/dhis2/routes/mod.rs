//! From a request to the code that answers it: versions in the path, credentials, the way by path, refusals in their envelope.
//!
//! A path is `/api/...` or `/api/NN/...`. What comes after is cut into segments; a suffix such as `.json` of the last one is put aside
//! ([`Call::suffix`]). The numbers' side is asked first ([`numbers::route`]), then the metadata.

mod exchange;
mod metadata;
mod objects;
mod system;
mod units;

use std::sync::{Arc, PoisonError};

use axum::http::Method;
use serde_json::Value;

use super::auth::Account;
use super::error::{Error, Result};
use super::kind::Kind;
use super::numbers;
use super::state::Server;
use crate::server::{Reply, Request};

/// What DHIS2 has and this simulator has not, at the first level.
const NOT_SIMULATED: &[&str] = &[
    "tracker",
    "trackedEntityInstances",
    "trackedEntities",
    "enrollments",
    "events",
    "relationships",
    "programStages",
    "programStageSections",
    "programSections",
    "trackedEntityAttributes",
    "trackedEntityAttributeGroups",
    "trackedEntityInstanceFilters",
    "trackedEntityFilters",
    "eventFilters",
    "relationshipTypes",
    "programRules",
    "programRuleVariables",
    "programRuleActions",
    "programIndicators",
    "programIndicatorGroups",
    "programDataElements",
    "programNotificationTemplates",
    "potentialDuplicates",
    "aggregateDataExchange",
    "eventHooks",
    "routes",
    "jobConfigurations",
    "scheduler",
    "dataStore",
    "userDataStore",
    "apiToken",
    "apiTokens",
    "resourceTables",
    "maintenance",
    "fileResources",
    "documents",
    "sms",
    "smsCommands",
    "messageConversations",
    "dashboards",
    "dashboardItems",
    "visualizations",
    "maps",
    "mapViews",
    "externalMapLayers",
    "eventReports",
    "eventCharts",
    "eventVisualizations",
    "interpretations",
    "reports",
    "sqlViews",
    "predictors",
    "predictorGroups",
    "pushAnalysis",
    "dataIntegrity",
    "dataSummary",
    "sharing",
    "translations",
    "staticContent",
    "apps",
    "appHub",
    "geoFeatures",
    "outlierDetection",
    "validation",
    "validationResults",
    "validationNotificationTemplates",
    "dataSetNotificationTemplates",
    "audits",
    "dataAnalysis",
    "analytics",
    "analyticsTableHooks",
    "categoryOptionGroups",
    "categoryOptionGroupSets",
    "optionGroups",
    "optionGroupSets",
    "indicatorGroupSets",
    "dataEntryForms",
    "dataEntry",
    "dataValues",
    "dataApprovals",
    "completeDataSetRegistrations",
    "lockExceptions",
    "periodTypes",
    "constants",
    "metadataProposals",
    "proposals",
    "icons",
    "svg",
    "files",
    "locales",
    "i18n",
    "dataElementOperands",
    "dimensions",
    "dataItems",
    "dimensionalItemData",
    "minMaxDataElements",
    "minMaxValues",
    "userSettings",
    "userLookup",
    "account",
    "configuration",
    "cluster",
    "synchronization",
    "query",
    "gist",
    "expressionDimensionItems",
];

/// Answers a request.
pub fn answer(server: &Server, request: &Request) -> Reply {
    let segments: Vec<&str> = request.path.split('/').filter(|segment| !segment.is_empty()).collect();
    let below = match segments.as_slice() {
        ["api", below @ ..] => below,
        ["dhis-web-login" | "dhis-web-commons" | "login.action", ..] | ["login"] => {
            return Reply::whole(200, "text/html;charset=UTF-8", LOGIN_PAGE);
        }
        _ => return redirect(server, request),
    };
    let (version, segments) = match below {
        [first, rest @ ..] if let Ok(version) = first.parse::<u32>() => (Some(version), rest),
        _ => (None, below),
    };
    let mut segments = segments.to_vec();
    let mut suffix = None;
    if let Some(last) = segments.last_mut()
        && let Some((name, ending)) = last.split_once('.')
    {
        *last = name;
        suffix = Some(ending);
    }
    if head_length(request) > HEAD_LIMIT {
        return Reply::whole(400, "text/html;charset=utf-8", TOO_LONG_PAGE);
    }
    match identify(server, request) {
        Ok(None) if request.header("x-requested-with") == Some("XMLHttpRequest") => Error::unauthorized("Unauthorized").reply(request),
        Ok(None) => redirect(server, request),
        Ok(Some((account, cookie))) => {
            let path = segments.join("/");
            let call = Call { server, request, account, version, suffix, path: &path, now: server.now() };
            let mut reply = call.route(&segments).unwrap_or_else(|error| error.reply(request));
            if let Some(cookie) = cookie {
                reply.headers.push(("set-cookie", format!("JSESSIONID={cookie}; Path=/; HttpOnly; SameSite=Lax")));
            }
            reply
        }
        Err(error) => error.reply(request),
    }
}

const LOGIN_PAGE: &str =
    "<!DOCTYPE html>\n<html><head><title>DHIS 2</title></head><body><form action=\"/login\" method=\"post\"></form></body></html>\n";

/// The longest request line with headers, in bytes, that Tomcat takes unless it is told otherwise.
const HEAD_LIMIT: usize = 8192;

const TOO_LONG_PAGE: &str = "<!doctype html><html lang=\"en\"><head><title>HTTP Status 400 \u{2013} Bad Request</title></head>\
    <body><h1>HTTP Status 400 \u{2013} Bad Request</h1></body></html>";

/// The length of the request line with the headers, at least: what was percent-encoded is longer than it is counted here.
fn head_length(request: &Request) -> usize {
    let query: usize = request.query.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
    let headers: usize = request.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    request.path.len() + query + headers
}

fn redirect(server: &Server, request: &Request) -> Reply {
    let mut reply = Reply::empty(302);
    reply.headers.push(("location", format!("{}/dhis-web-login/", root(server, request))));
    reply
}

/// The address that the server believes it has.
fn root(server: &Server, request: &Request) -> String {
    let told = server.host.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let host = told.unwrap_or_else(|| request.header("host").unwrap_or("localhost").to_owned());
    format!("http://{host}")
}

fn identify(server: &Server, request: &Request) -> Result<Option<(Arc<Account>, Option<String>)>> {
    let mut auth = server.auth();
    let mut maker = server.maker();
    let recognised = auth.identify(request, server.now(), &mut maker)?;
    Ok(recognised.map(|recognised| (recognised.account, recognised.cookie)))
}

/// One request on its way.
#[derive(Debug, Clone)]
pub(in crate::dhis2) struct Call<'a> {
    /// The simulated process.
    pub server: &'a Server,
    /// The request.
    pub request: &'a Request,
    /// Who asks.
    pub account: Arc<Account>,
    /// The version in the path.
    pub version: Option<u32>,
    /// What stood after the first `.` in the last segment: `json`, `xml`, `csv`, `geojson`, `xml.gz` ...
    pub suffix: Option<&'a str>,
    /// Below `/api/NN`, without the suffix and without a slash at the beginning.
    pub path: &'a str,
    /// The time by the server's clock, in milliseconds since 1970.
    pub now: i64,
}

impl Call<'_> {
    fn route(&self, segments: &[&str]) -> Result<Reply> {
        if self.version.is_some_and(|version| !self.server.profile.paths.contains(&version)) {
            return Err(Error::no_address(&self.request.path));
        }
        if let Some(answer) = numbers::route(self, segments) {
            return answer;
        }
        match segments {
            ["system" | "me" | "systemSettings", ..] => system::route(self, segments),
            ["metadata", rest @ ..] => exchange::route(self, rest),
            ["schemas", rest @ ..] => exchange::schemas(self, rest),
            ["deletedObjects"] => exchange::deleted(self),
            ["identifiableObjects", id] => metadata::identifiable(self, id),
            [first, rest @ ..] if let Some(kind) = Kind::plural(first) => metadata::route(self, kind, rest),
            [first, ..] if NOT_SIMULATED.contains(first) => Err(Error::not_simulated(self.path)),
            _ => Err(Error::no_address(&self.request.path)),
        }
    }

    /// Whether the request has this method.
    pub fn is(&self, method: &Method) -> bool {
        self.request.method == *method
    }

    /// An argument of the query.
    pub fn argument(&self, name: &str) -> Option<&str> {
        self.request.argument(name)
    }

    /// All arguments of a name, one for each that is repeated.
    pub fn arguments<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c str> {
        self.request.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An argument that is `true` or `false`.
    pub fn flag(&self, name: &str, otherwise: bool) -> Result<bool> {
        match self.argument(name) {
            None | Some("") => Ok(otherwise),
            Some(text) => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(true),
                "false" | "no" | "off" | "0" => Ok(false),
                _ => Err(Error::bad_request(format!("Value '{text}' is not valid for parameter {name}. It should be of type boolean"))),
            },
        }
    }

    /// An argument that is a number.
    pub fn number(&self, name: &str) -> Result<Option<usize>> {
        match self.argument(name) {
            None | Some("") => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|_| Error::bad_request(format!("Value '{text}' is not valid for parameter {name}. It should be of type integer"))),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.request.body).map_err(|error| {
            let status = if self.server.profile.number >= 42 { 400 } else { 409 };
            Error::new(status, format!("Invalid JSON: {error}"))
        })
    }

    /// 405 of a known address.
    pub fn wrong_method(&self) -> Error {
        Error::method(self.request.method.as_str())
    }

    /// The address of something below the API, as the server believes it to be.
    pub fn address(&self, below: &str) -> String {
        format!("{}/api/{below}", root(self.server, self.request))
    }

    /// Whether the answer to a write is wrapped in a WebMessage.
    pub fn wraps(&self) -> bool {
        self.server.profile.wraps(self.version)
    }

    /// The time as metadata have it.
    pub fn stamp(&self) -> String {
        self.server.zone.stamp(self.now)
    }
}
