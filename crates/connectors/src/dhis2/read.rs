//! Lists of metadata as sources.

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::connector::{self, ReadRequest};
use kivuko_core::error::Error;
use kivuko_core::path::{Path, Segment};
use kivuko_core::record::{Page, Partition, SourceRecord};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::client::Client;
use super::listing::{List, Listing};
use super::schema::Resource;
use crate::http::Request;

/// So many ids are asked for in one question: an address may have about 8,000 characters.
const IDS: usize = 100;

/// A list of metadata.
#[derive(Debug)]
pub struct Source {
    client: Arc<Client>,
    resource: &'static Resource,
    whole: bool,
}

impl Source {
    /// Opens a list; `whole`: it is read from the beginning each time, so that what is not in it is known to be gone.
    pub const fn new(client: Arc<Client>, resource: &'static Resource, whole: bool) -> Self {
        Self { client, resource, whole }
    }
}

impl connector::Source for Source {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        Box::pin(async { Ok(vec![Partition(self.resource.name.to_owned())]) })
    }

    fn read(&self, mut request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn connector::Pages>, Error>> {
        Box::pin(async move {
            if self.whole {
                request.from = None;
            }
            let zone = self.client.info().await?.zone.clone();
            let names = first_names(&request.paths);
            let is_tree = self.resource.name == UNITS;
            let with_lineage = is_tree && names.as_ref().is_none_or(|names| names.iter().any(|name| name == LINEAGE));
            // It is made of the path.
            let names = names.map(|names| {
                names.into_iter().map(|name| if is_tree && name == LINEAGE { "path".to_owned() } else { name }).collect::<Vec<_>>()
            });
            let list = Metadata {
                client: Arc::clone(&self.client),
                resource: self.resource,
                zone,
                fields: self.resource.question(names.as_deref()),
                until: request.until,
                ids: None,
                with_lineage,
            };
            match &request.only {
                None => Ok(Box::new(Listing::new(Arc::clone(&self.client), list, &request)?) as Box<dyn connector::Pages>),
                Some(only) => {
                    let mut groups: Vec<Vec<String>> = only.chunks(IDS.min(request.page_size.max(1))).map(<[String]>::to_vec).collect();
                    groups.reverse();
                    Ok(Box::new(Few { client: Arc::clone(&self.client), list, request, groups }) as Box<dyn connector::Pages>)
                }
            }
        })
    }

    fn reads_whole(&self) -> bool {
        self.whole
    }
}

/// The first names of the paths that are read; `None`: all fields.
fn first_names(paths: &[String]) -> Option<Vec<String>> {
    if paths.is_empty() {
        return None;
    }
    let mut names = Vec::new();
    for path in paths {
        // A cell that is no path is a field with an odd name: whatever it reads must be there.
        let parsed = Path::parse(path).ok()?;
        let [Segment::Field(top), ..] = parsed.segments() else { return None };
        if !top.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        names.push(top.to_string());
    }
    names.sort();
    names.dedup();
    Some(names)
}

/// What is asked for.
#[derive(Clone)]
struct Metadata {
    client: Arc<Client>,
    resource: &'static Resource,
    zone: TimeZone,
    fields: String,
    until: Option<Timestamp>,
    ids: Option<Vec<String>>,
    with_lineage: bool,
}

/// What is read of an element to go on.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    last_updated: Option<String>,
    #[serde(default)]
    path: Option<String>,
}

/// The resource whose records lie in one another.
const UNITS: &str = "organisationUnits";
/// The ids from the root to the unit itself: what a flow that goes by places above a place reads.
const LINEAGE: &str = "lineage";

/// An element with its lineage. What is no object stays as it is.
fn with_lineage(element: &Bytes, path: &str) -> Option<Bytes> {
    let end = element.iter().rposition(|byte| *byte == b'}')?;
    let ids: Vec<&str> = path.split('/').filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric())).collect();
    let list = serde_json::to_string(&ids).ok()?;
    let mut made = Vec::with_capacity(element.len() + list.len() + 16);
    made.extend_from_slice(&element[..end]);
    made.extend_from_slice(format!(",\"{LINEAGE}\":{list}}}").as_bytes());
    Some(made.into())
}

/// A time as DHIS2 compares it: without an offset, in the zone of the server.
pub fn server_time(time: Timestamp, zone: &TimeZone) -> String {
    time.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string()
}

impl List for Metadata {
    fn array(&self) -> &str {
        self.resource.name
    }

    fn question(&self, since: Option<Timestamp>) -> Request {
        // All at once: paging is by offset, and what is made or deleted meanwhile would shift rows over the edge of a page.
        // Parents come before what lies in them, so that whoever makes them anew has them first.
        let order = if self.resource.name == UNITS { "level:asc,id:asc" } else { "id:asc" };
        let mut request =
            self.client.get([self.resource.name]).query("paging", "false").query("order", order).query("fields", &self.fields);
        if let Some(since) = since {
            request = request.query("filter", &format!("lastUpdated:ge:{}", server_time(since, &self.zone)));
        }
        if let Some(until) = self.until {
            request = request.query("filter", &format!("lastUpdated:lt:{}", server_time(until, &self.zone)));
        }
        if let Some(ids) = &self.ids {
            request = request.query("filter", &format!("id:in:[{}]", ids.join(",")));
        }
        request
    }

    fn reordered(&self, after: Timestamp) -> Option<Request> {
        // Whoever moved stands elsewhere, and so does all that lies below, whose own stamp does not change.
        let changed = format!("lastUpdated:ge:{}", server_time(after, &self.zone));
        let question = || self.client.get([self.resource.name]).query("pageSize", "1").query("fields", "id").query("filter", &changed);
        (self.resource.name == UNITS).then(question)
    }

    fn record(&self, element: Bytes, _head: &Map<String, Value>) -> Result<Option<SourceRecord>, Error> {
        let name = self.resource.name;
        let head: Head = serde_json::from_slice(&element)
            .map_err(|_| Error::stop(network::UNEXPECTED_ANSWER, format!("an element of {name} has not the form of an object of DHIS2")))?;
        let Some(id) = head.id else {
            return Err(Error::stop(network::UNEXPECTED_ANSWER, format!("an object of {name} came without its id")));
        };
        let place = format!("{name} {id}");
        let element = match head.path.as_deref().filter(|_| self.with_lineage) {
            Some(path) => with_lineage(&element, path).unwrap_or(element),
            None => element,
        };
        Ok(Some(SourceRecord { id: Some(id), place, version: head.last_updated, deleted: false, body: Ok(element), read: None }))
    }
}

/// A few objects, by their ids.
struct Few {
    client: Arc<Client>,
    list: Metadata,
    request: ReadRequest,
    groups: Vec<Vec<String>>,
}

impl connector::Pages for Few {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(async move {
            while let Some(ids) = self.groups.pop() {
                // What could not be an id would end the list of ids early.
                let ids: Vec<String> = ids.into_iter().filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())).collect();
                if ids.is_empty() {
                    continue;
                }
                let list = Metadata { ids: Some(ids), ..self.list.clone() };
                let mut listing = Listing::new(Arc::clone(&self.client), list, &self.request)?;
                if let Some(page) = connector::Pages::next(&mut listing).await? {
                    return Ok(Some(page));
                }
            }
            Ok(None)
        })
    }
}

/// Objects of a list with their names, for options that a person wrote.
#[derive(Debug, Clone, Deserialize)]
pub struct Object {
    pub id: String,
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub name: Option<String>,
}

impl Client {
    /// The ids of what a person named by id, code or name in an option of a flow.
    ///
    /// # Errors
    /// One of them is not there, or several have the name.
    pub async fn ids_of(&self, resource: &str, written: &[String]) -> Result<Vec<String>, Error> {
        if written.is_empty() {
            return Ok(Vec::new());
        }
        let mut found: Vec<Object> = Vec::new();
        for property in ["id", "code", "name"] {
            for one in written {
                let filter = format!("{property}:eq:{one}");
                let request = self.get([resource]).query("paging", "false").query("fields", "id,code,name").query("filter", &filter);
                let answer: Map<String, Value> = self.ask(request).await?;
                let objects = answer.get(resource).cloned().unwrap_or_else(|| Value::Array(Vec::new()));
                let objects: Vec<Object> = serde_json::from_value(objects)
                    .map_err(|_| Error::stop(network::UNEXPECTED_ANSWER, format!("the list of {resource} has not the expected form")))?;
                found.extend(objects);
            }
        }
        written.iter().map(|one| pick(resource, one, &found)).collect()
    }
}

/// The id of what was written, among those that were found.
fn pick(resource: &str, written: &str, found: &[Object]) -> Result<String, Error> {
    let ways: [&dyn Fn(&Object) -> bool; 3] =
        [&|one| one.id == written, &|one| one.code.as_deref() == Some(written), &|one| one.name.as_deref() == Some(written)];
    for way in ways {
        let mut ids: Vec<&str> = found.iter().filter(|one| way(one)).map(|one| one.id.as_str()).collect();
        ids.sort_unstable();
        ids.dedup();
        match ids.as_slice() {
            [] => {}
            [one] => return Ok((*one).to_owned()),
            several => {
                let message = format!("several of {resource} are called `{written}`; write one of their ids: {}", several.join(", "));
                return Err(Error::configuration(dhis2::NO_SUCH_OBJECT, message));
            }
        }
    }
    let message = format!("none of {resource} that the account may see has the id, code or name `{written}`");
    Err(Error::configuration(dhis2::NO_SUCH_OBJECT, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_asked_for_by_its_first_name() {
        let check = |paths: &[&str], expected: Option<&[&str]>| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            let found = first_names(&paths);
            let found: Option<Vec<&str>> = found.as_ref().map(|names| names.iter().map(String::as_str).collect());
            assert_eq!(found.as_deref(), expected, "{paths:?}");
        };
        check(&[], None);
        check(&["name", "parent.id", "parent.code"], Some(&["name", "parent"]));
        check(&["$.name"], None);
        check(&["['odd name']"], None);
    }

    #[test]
    fn a_lineage_is_put_behind_what_is_there() {
        let check = |element: &str, path: &str, expected: Option<&str>| {
            let made = with_lineage(&Bytes::copy_from_slice(element.as_bytes()), path);
            assert_eq!(made.as_deref(), expected.map(str::as_bytes), "{element}");
        };
        check(r#"{"id":"b","path":"/a/b"}"#, "/a/b", Some(r#"{"id":"b","path":"/a/b","lineage":["a","b"]}"#));
        check("{\"id\":\"b\"}\n", "", Some(r#"{"id":"b","lineage":[]}"#));
        check("[1]", "/a", None);
    }

    #[test]
    fn what_a_person_named_is_one_object_or_an_error() {
        let object =
            |id: &str, code: &str, name: &str| Object { id: id.to_owned(), code: Some(code.to_owned()), name: Some(name.to_owned()) };
        let found = [object("a", "A", "One"), object("b", "B", "Two"), object("c", "C", "Two"), object("d", "One", "x")];
        let check =
            |written: &str, expected: Option<&str>| assert_eq!(pick("dataSets", written, &found).ok().as_deref(), expected, "{written}");
        check("a", Some("a"));
        check("B", Some("b"));
        check("One", Some("d"));
        check("Two", None);
        check("Three", None);
    }
}
