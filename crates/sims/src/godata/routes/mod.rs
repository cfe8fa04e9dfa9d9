//! From a request to the code that answers it: authentication, permissions, the way by path, errors in their envelope.

mod account;
mod aggregate;
mod children;
mod clusters;
mod export;
mod follow_ups;
mod import;
mod lab_results;
mod language;
mod location;
mod outbreak;
mod people;
mod reference;
mod relationships;
mod teams;
mod template;

use axum::http::Method;
use serde_json::{Map, Value, json};

use super::Server;
use super::auth::User;
use super::cases::Author;
use super::condition::{Condition, Engine};
use super::error::{Error, Result};
use super::filter::Filter;
use super::node::Node;
use super::parents;
use super::person_types::PersonType;
use super::schema::Model;
use super::store::{Table, text_of};
use crate::server::{Reply, Request};

/// What the backend has and this simulator has not, at the first level.
const NOT_SIMULATED: &[&str] = &[
    "roles",
    "audit-logs",
    "import-mappings",
    "icons",
    "help-categories",
    "help-items",
    "devices",
    "sync",
    "backups",
    "captcha",
    "client-applications",
    "system-settings",
];

/// The same below an outbreak.
const NOT_SIMULATED_IN_OUTBREAK: &[&str] = &[
    "attachments",
    "range-follow-ups",
    "transmission-chains",
    "case-classification",
    "independent-transmission-chains",
    "new-transmission-chains-from-registered-contacts-who-became-cases",
    "export",
    "templates",
    "bottleneck",
    "locations",
];

/// Answers a request.
pub fn answer(server: &Server, request: &Request) -> Reply {
    if request.path == "/status" && request.method == Method::GET {
        return status(server);
    }
    let Some(path) = request.path.strip_prefix("/api").filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return Reply::whole(200, "text/html; charset=utf-8", INDEX_PAGE);
    };
    if request.too_large {
        let error = Error { name: "PayloadTooLargeError", ..Error::plain(413, "request entity too large") };
        return refusal(&error, request);
    }
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    let call = Call { server, request, path };
    if call.unknown_bearer() {
        return Reply::drop_connection();
    }
    match call.route(&segments) {
        Ok(reply) => reply,
        Err(error) => refusal(&error, request),
    }
}

const INDEX_PAGE: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Go.Data</title></head>\
    <body><app-root></app-root></body></html>\n";

fn status(server: &Server) -> Reply {
    let uptime = (server.clock.now() - server.started) / 1000;
    Reply::json(200, json!({"started": super::dates::iso(server.started), "uptime": uptime}).to_string())
}

/// An error, as JSON unless the client would rather have HTML.
fn refusal(error: &Error, request: &Request) -> Reply {
    if request.header("accept").is_some_and(|accept| accept.trim_start().starts_with("text/html")) {
        let text = format!("<html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>", error.name);
        return Reply::whole(error.status, "text/html; charset=utf-8", text);
    }
    Reply::json(error.status, json!({"error": error.body()}).to_string())
}

/// The token of a request, but for one in its body.
pub(super) fn token(request: &Request) -> Option<&str> {
    let authorization = request.header("authorization").filter(|value| !value.starts_with("Basic "));
    let raw = authorization.map(|value| value.strip_prefix("Bearer ").unwrap_or(value));
    request.argument("access_token").or(raw).or_else(|| request.header("x-access-token")).filter(|token| !token.is_empty())
}

/// One request on its way.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    server: &'a Server,
    request: &'a Request,
    /// Below `/api`.
    path: &'a str,
}

impl Call<'_> {
    fn route(&self, segments: &[&str]) -> Result<Reply> {
        match segments {
            ["users" | "oauth", ..] => account::route(self, segments),
            ["outbreaks", outbreak, rest @ ..] if !matches!(*outbreak, "count" | "filter" | "export-fields-group") => {
                self.in_outbreak(outbreak, rest)
            }
            ["outbreaks", rest @ ..] => outbreak::collection(self, rest),
            ["locations", rest @ ..] => location::route(self, rest),
            ["reference-data", rest @ ..] => reference::route(self, rest),
            ["languages", rest @ ..] => language::route(self, rest),
            ["teams", rest @ ..] => teams::route(self, rest),
            ["importable-files", rest @ ..] => import::files(self, rest),
            ["import-logs", rest @ ..] => import::logs(self, rest),
            ["import-results", rest @ ..] => import::results(self, rest),
            ["export-logs", rest @ ..] => export::logs(self, rest),
            ["templates", rest @ ..] => template::route(self, rest),
            ["system-settings", "version"] if self.is(&Method::GET) => self.version(),
            [first, ..] if NOT_SIMULATED.contains(first) => {
                self.user()?;
                Err(Error::not_simulated(self.path))
            }
            _ => Err(Error::plain(404, format!("There is no method to handle {} {}", self.request.method, self.path))),
        }
    }

    fn in_outbreak(&self, outbreak: &str, rest: &[&str]) -> Result<Reply> {
        match rest {
            [] | ["restore"] => outbreak::one(self, outbreak, rest),
            ["importable-files", rest @ ..] => {
                let user = self.user()?;
                self.check_outbreak(&user, outbreak, true)?;
                import::files(self, rest)
            }
            [path @ .., "import-importable-file-using-map"] if let Some(target) = import::target(path) => {
                import::start(self, outbreak, target)
            }
            [resource, "export"] if let Some(source) = export::Source::at(resource) => export::start(self, outbreak, source),
            ["follow-ups", rest @ ..] => follow_ups::route(self, outbreak, rest),
            ["generate-followups"] => follow_ups::generate(self, outbreak),
            [segment, person, "follow-ups", rest @ ..] if let Some(parent) = parents::of_segment(segment) => {
                follow_ups::of_person(self, outbreak, parent, person, rest)
            }
            ["lab-results", rest @ ..] => lab_results::route(self, outbreak, rest),
            [segment, person, "lab-results", rest @ ..] if let Some(parent) = parents::of_segment(segment) => {
                lab_results::of_person(self, outbreak, parent, person, rest)
            }
            ["clusters", rest @ ..] => clusters::route(self, outbreak, rest),
            ["relationships", rest @ ..] => relationships::of_outbreak(self, outbreak, rest),
            ["people", rest @ ..] => people::all(self, outbreak, rest),
            [first, rest @ ..] if let Some(person_type) = PersonType::at(first) => people::route(self, outbreak, person_type, rest),
            [first, ..] if NOT_SIMULATED_IN_OUTBREAK.contains(first) => {
                let user = self.user()?;
                self.check_outbreak(&user, outbreak, true)?;
                Err(Error::not_simulated(self.path))
            }
            _ => Err(self.no_method("outbreak")),
        }
    }

    fn version(&self) -> Result<Reply> {
        if self.request.header("api-key") != Some(self.server.api_key.as_str()) {
            return Err(Error::plain(401, "Unauthorized: Invalid API Key"));
        }
        let body = json!({
            "platform": "linux", "build": "simulated", "version": "2.50.3", "timezone": "UTC",
            "tokenTTL": self.server.ttl_secs, "skipOldPasswordForUserModify": false,
            "captcha": {"login": false}, "demoInstance": {"enabled": false}
        });
        Ok(Reply::json(200, body.to_string()))
    }

    /// 404 of a path below a known model.
    fn no_method(&self, model: &str) -> Error {
        let message = format!("Shared class \"{model}\" has no method handling {} {}", self.request.method, self.path);
        Error::plain(404, message)
    }

    fn is(&self, method: &Method) -> bool {
        self.request.method == *method
    }

    /// PUT and PATCH both change the fields that were sent.
    fn is_change(&self) -> bool {
        self.is(&Method::PUT) || self.is(&Method::PATCH)
    }

    // ---- who asks

    /// In a JSON body there may be a token too; it is looked for only when there is none elsewhere.
    fn token_in_body(&self) -> Option<String> {
        #[derive(serde::Deserialize)]
        struct Body {
            access_token: Option<String>,
        }
        if !self.request.body.trim_ascii_start().starts_with(b"{") {
            return None;
        }
        serde_json::from_slice::<Body>(&self.request.body).ok()?.access_token
    }

    fn unknown_bearer(&self) -> bool {
        let bearer = self.request.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
        self.server.unknown_bearer_drops && bearer.is_some_and(|token| !self.server.auth().knows(token))
    }

    /// The user of the token, or 401.
    fn user(&self) -> Result<User> {
        let in_body;
        let token = if let Some(token) = token(self.request) {
            token
        } else {
            in_body = self.token_in_body().ok_or_else(Error::unauthorized)?;
            &in_body
        };
        self.server.auth().identify(token, self.server.clock.now()).cloned()
    }

    /// The user, with a permission.
    fn user_who_may(&self, permission: &str) -> Result<User> {
        let user = self.user()?;
        user.need(permission)?;
        Ok(user)
    }

    /// Whether the user may see the outbreak, and write in it when this is no GET.
    fn check_outbreak(&self, user: &User, outbreak: &str, below: bool) -> Result<()> {
        let mut errors = Vec::new();
        if !user.may_see(outbreak) {
            errors.push("access denied to the given outbreak; the outbreak is not set as one of the user's accessible outbreaks");
        }
        if below && !self.is(&Method::GET) && user.active_outbreak() != Some(outbreak) {
            errors.push("access denied to the given outbreak; the outbreak is not set as active outbreak for the logged in user");
        }
        if errors.is_empty() {
            return Ok(());
        }
        let errors = errors.join(";");
        let message = format!("Logged in user doesn't have access this endpoint: {errors}.");
        Err(Error::coded(403, "ACCESS_DENIED", message).details(json!({"accessErrors": errors})))
    }

    fn author(&self, user: &User) -> Author {
        Author {
            now: self.server.clock.now(),
            user: user.id.clone(),
            platform: self.request.header("platform").unwrap_or("API").to_owned(),
            language: user.language().to_owned(),
            custom_ids: self.server.custom_ids,
        }
    }

    // ---- what is asked

    /// The JSON body; an empty one is an empty object.
    fn body(&self) -> Result<Value> {
        if self.request.body.trim_ascii().is_empty() {
            return Ok(json!({}));
        }
        let value = serde_json::from_slice(&self.request.body).map_err(|error| Error {
            name: "SyntaxError",
            ..Error::plain(400, format!("Unexpected token in JSON at position {}", error.column()))
        })?;
        match value {
            Value::Object(_) | Value::Array(_) => Ok(value),
            _ => Err(Error { name: "SyntaxError", ..Error::plain(400, "Unexpected token in JSON at position 0") }),
        }
    }

    /// The JSON body, where an object is expected.
    fn object(&self) -> Result<Map<String, Value>> {
        match self.body()? {
            Value::Object(object) => Ok(object),
            _ => Err(Error::plain(400, "Value is not an object.")),
        }
    }

    /// An argument that holds JSON: from the query (also in the form `filter[where][x]=1`), or a header.
    fn json_argument(&self, name: &str) -> Result<Option<Node>> {
        let not_an_object = || Error::plain(400, "Value is not an object.");
        if let Some(text) = self.request.argument(name).or_else(|| self.request.header(name)) {
            if text.is_empty() {
                return Ok(None);
            }
            let node: Node = serde_json::from_str(text).map_err(|_| not_an_object())?;
            return match node {
                Node::Object(_) | Node::List(_) => Ok(Some(node)),
                Node::Null => Ok(None),
                _ => Err(not_an_object()),
            };
        }
        let mut object = Node::Object(Vec::new());
        for (key, value) in &self.request.query {
            if let Some(path) = key.strip_prefix(name).and_then(|rest| rest.strip_prefix('[')?.strip_suffix(']')) {
                let segments: Vec<&str> = path.split("][").collect();
                set(&mut object, &segments, value);
            }
        }
        Ok(if object == Node::Object(Vec::new()) { None } else { Some(object) })
    }

    /// The filter of a list by GET.
    fn filter(&self, engine: Engine) -> Result<Filter> {
        match self.json_argument("filter")? {
            Some(node) => Filter::from_node(&node, engine),
            None => Ok(Filter::default()),
        }
    }

    /// The filter of a list by POST: `{"filter": {...}}`.
    fn filter_in_body(&self, engine: Engine) -> Result<Filter> {
        if self.request.body.trim_ascii().is_empty() {
            return self.filter(engine);
        }
        self.body()?;
        let node: Node = serde_json::from_slice(&self.request.body).map_err(|_| Error::plain(400, "Value is not an object."))?;
        match node.get("filter") {
            None | Some(Node::Null) => self.filter(engine),
            Some(Node::Text(text)) => Filter::parse(text, engine),
            Some(filter) => Filter::from_node(filter, engine),
        }
    }

    /// The list of a table as GET or POST asked for it.
    fn list(&self, table: &Table, model: &Model, filter: &Filter) -> Result<Reply> {
        let condition = compile(filter.condition.as_ref(), Engine::Loopback, model)?;
        if let Some(unknown) = filter.include.iter().find(|relation| !is_user_relation(relation)) {
            return Err(unknown_relation(unknown, model));
        }
        let elements = table.search(model, filter, condition.as_ref()).into_iter().map(|mut record| {
            self.include_users(&mut record, &filter.include);
            if let Some(fields) = &filter.fields {
                fields.apply(&mut record);
            }
            text_of(&record)
        });
        Ok(Reply::elements(elements.collect()))
    }

    /// The number of records of a table that fulfil the `where` argument.
    fn count(&self, table: &Table, model: &Model) -> Result<Reply> {
        let (condition, deleted) = self.where_argument()?;
        let condition = compile(condition.as_ref(), Engine::Loopback, model)?;
        Ok(counted(table.matching(deleted, condition.as_ref()).count()))
    }

    /// The `where` of a count, and whether deleted records count too.
    fn where_argument(&self) -> Result<(Option<Node>, bool)> {
        let mut node = self.json_argument("where")?;
        if node.is_none() && self.is(&Method::POST) && !self.request.body.is_empty() {
            self.body()?;
            let body: Node = serde_json::from_slice(&self.request.body).map_err(|_| Error::plain(400, "Value is not an object."))?;
            node = body.get("where").cloned();
        }
        let mut deleted = false;
        if let Some(Node::Object(members)) = &mut node {
            members.retain(|(key, value)| {
                let special = key == "includeDeletedRecords";
                deleted |= special && *value == Node::Bool(true);
                !special
            });
        }
        Ok((node, deleted))
    }

    /// Adds `createdByUser` and its like, when `include` or `retrieveCreatedUpdatedBy` asks for them.
    fn include_users(&self, record: &mut Map<String, Value>, include: &[String]) {
        let all = self.request.argument("retrieveCreatedUpdatedBy").is_some_and(|value| !matches!(value, "" | "0" | "false"));
        for (relation, field) in USER_RELATIONS {
            if !all && !include.iter().any(|name| name == relation) {
                continue;
            }
            let Some(id) = record.get(field).and_then(Value::as_str) else {
                continue;
            };
            let auth = self.server.auth();
            let Some(user) = auth.user(id) else { continue };
            let shown: Map<String, Value> = ["id", "firstName", "lastName", "email"]
                .iter()
                .filter_map(|name| Some(((*name).to_owned(), user.record.get(*name)?.clone())))
                .collect();
            record.insert(relation.to_owned(), Value::Object(shown));
        }
    }

    /// A record as the answer.
    fn record(&self, mut record: Map<String, Value>) -> Reply {
        self.include_users(&mut record, &[]);
        Reply::json(200, text_of(&record))
    }
}

const USER_RELATIONS: [(&str, &str); 3] =
    [("createdByUser", "createdBy"), ("updatedByUser", "updatedBy"), ("responsibleUser", "responsibleUserId")];

fn is_user_relation(name: &str) -> bool {
    USER_RELATIONS.iter().any(|(relation, _)| *relation == name)
}

fn unknown_relation(name: &str, model: &Model) -> Error {
    Error::internal(format!("Relation \"{name}\" is not defined for {} model", model.name))
}

fn compile(node: Option<&Node>, engine: Engine, model: &Model) -> Result<Option<Condition>> {
    match node {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Object(members)) if members.is_empty() => Ok(None),
        Some(node) => Condition::compile(node, engine, model).map(Some),
    }
}

fn counted(count: usize) -> Reply {
    Reply::json(200, json!({"count": count}).to_string())
}

/// Puts a value of a query of the form `filter[where][firstName]=Ana` in its place. Numbers and booleans are known by their look.
fn set(node: &mut Node, path: &[&str], value: &str) {
    let Some((first, rest)) = path.split_first() else {
        *node = match value {
            "true" => Node::Bool(true),
            "false" => Node::Bool(false),
            "null" => Node::Null,
            _ => match value.parse::<i64>() {
                Ok(number) => Node::Number(number.into()),
                Err(_) => Node::Text(value.to_owned()),
            },
        };
        return;
    };
    let positional = first.is_empty() || first.parse::<usize>().is_ok();
    if positional && *node == Node::Object(Vec::new()) {
        *node = Node::List(Vec::new());
    }
    match node {
        Node::List(items) => {
            let at = first.parse::<usize>().unwrap_or(items.len()).min(items.len());
            if at == items.len() {
                items.push(Node::Object(Vec::new()));
            }
            set(&mut items[at], rest, value);
        }
        Node::Object(members) => {
            let at = members.iter().position(|(key, _)| key == first).unwrap_or_else(|| {
                members.push(((*first).to_owned(), Node::Object(Vec::new())));
                members.len() - 1
            });
            set(&mut members[at].1, rest, value);
        }
        _ => {}
    }
}
