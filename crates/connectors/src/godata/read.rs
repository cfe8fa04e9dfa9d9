//! Reads a resource page by page.
//!
//! Pages are keyset pages on the time of change and the id, ascending, so that nothing is read twice or left out while others write, and however many
//! records share a time stamp. The stamp is taken before a write becomes visible, so each reading goes back by an overlap; what it repeats has the version
//! that it had. An element is handed on as the bytes that came.

mod left;
mod tree;

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{godata, network, target};
use kivuko_core::connector::{self, ReadRequest, SourceSpec};
use kivuko_core::error::Error;
use kivuko_core::halves;
use kivuko_core::path::{Path, Segment, SourcePath};
use kivuko_core::projection::Projection;
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};
use kivuko_core::split::Splitter;
use serde_json::{Value, json};

use super::answers::Reading;
use super::client::Client;
use super::config::{Via, from_options};
use super::cursor::{Position, Stamp, stamp_text};
use super::errors::unreadable;
use super::export::Exported;
use super::schema::{Resource, Role};
use left::Left;
use tree::Tree;

use crate::http::{Method, Request, Safety, Tries};

/// The one partition of what does not belong to an outbreak.
const ALL: &str = "all";
/// How many ids are asked for in one address.
const IDS: usize = 50;
/// Pages are no larger, whatever the engine would take: cases carry questionnaires.
const LARGEST_PAGE: usize = 1000;
/// The header has no fractions of a second, and servers make it once a second only.
const DATE_LAG: SignedDuration = SignedDuration::from_secs(2);
/// Fields whose nested defaults are filled in on a whole reading only: with these in a flow the record is read whole.
const WITH_DEFAULTS: [&str; 1] = ["addresses"];

/// A resource that is read.
#[derive(Debug)]
pub struct Source {
    client: Arc<Client>,
    resource: &'static Resource,
    stamp: Stamp,
    via: Via,
}

impl Source {
    /// Opens a resource.
    pub fn new(client: Arc<Client>, spec: &SourceSpec) -> Result<Self, Error> {
        let resource = known(&spec.resource)?;
        if spec.id.as_deref().is_some_and(|id| id != "id") {
            return Err(Error::configuration(target::KEY_NOT_SEARCHABLE, "the identity of a record of Go.Data is `id`; leave `id:` out"));
        }
        let stamp = match spec.cursor.as_deref() {
            None | Some("updatedAt") => Stamp::Updated,
            Some("dbUpdatedAt") => Stamp::Written,
            Some("createdOn") => {
                let message = "`createdOn` says by what a record was made (WEB, API, MOBILE ...), not when; the cursor of Go.Data is `updatedAt` or `dbUpdatedAt`";
                return Err(Error::configuration(target::UNKNOWN_FIELD, message));
            }
            Some(_) => return Err(Error::configuration(target::UNKNOWN_FIELD, "the cursor of Go.Data is `updatedAt` or `dbUpdatedAt`")),
        };
        let via = from_options(&spec.options, resource)?.via;
        Ok(Self { client, resource, stamp, via })
    }
}

/// The resource of a name.
pub fn known(name: &str) -> Result<&'static Resource, Error> {
    Resource::find(name).ok_or_else(|| {
        let names: Vec<_> = super::resources::RESOURCES.iter().map(|resource| resource.name).collect();
        Error::configuration(
            target::UNKNOWN_FIELD,
            format!("Go.Data has no resource `{name}` that Kivuko knows; it knows {}", names.join(", ")),
        )
    })
}

impl connector::Source for Source {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        Box::pin(async move {
            if !self.resource.in_outbreak {
                return Ok(vec![Partition(ALL.to_owned())]);
            }
            let outbreaks = match self.client.outbreak().await? {
                Some(one) => vec![one],
                None => self.client.outbreaks(false).await?,
            };
            if outbreaks.is_empty() {
                return Err(Error::configuration(godata::NO_SUCH_OUTBREAK, "the account sees no outbreak"));
            }
            Ok(outbreaks.into_iter().map(|outbreak| Partition(outbreak.id)).collect())
        })
    }

    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn connector::Pages>, Error>> {
        Box::pin(async move {
            let asked_by_id = request.only.is_some();
            let position = request.from.as_ref().map(Position::parse).transpose()?;
            let overlap = SignedDuration::from_secs(self.client.options.overlap_secs.into());
            let windowed = request.since.is_some() || request.until.is_some() || request.only.is_some();
            let start = match (&position, windowed) {
                (Some(position), false) => Some(position.time.checked_sub(overlap).unwrap_or(Timestamp::MIN)),
                _ => request.since,
            };
            let is_whole = !windowed && position.as_ref().is_none_or(|position| position.time <= Timestamp::UNIX_EPOCH);
            let pages = Pages {
                client: Arc::clone(&self.client),
                resource: self.resource,
                stamp: self.stamp,
                // Records without a stamp cannot be ordered; those that the API saved have one.
                start: start.unwrap_or(Timestamp::UNIX_EPOCH).max(Timestamp::UNIX_EPOCH),
                until: request.until,
                only: request.only.map(|ids| ids.into_iter().rev().collect()),
                fields: fields(&request.paths, self.stamp),
                projection: projection(&request.paths),
                answers: Reading::of(&request.paths)?,
                page_size: request.page_size.clamp(1, LARGEST_PAGE),
                partition: request.partition,
                reached: None,
                resumed: position,
                began: None,
                left: self.resource.person().filter(|_| !asked_by_id).and_then(Left::new),
                ended: false,
                only_deleted: false,
            };
            // A few records are asked for by their ids, whichever way the rest is read.
            if self.via == Via::Export && !asked_by_id {
                return Ok(Box::new(Exported::new(pages)) as Box<dyn connector::Pages>);
            }
            if is_whole && self.resource.role == Role::Place {
                return Ok(Box::new(Tree::new(pages)) as Box<dyn connector::Pages>);
            }
            Ok(Box::new(pages) as Box<dyn connector::Pages>)
        })
    }

    fn reads_whole(&self) -> bool {
        false
    }
}

/// The fields to ask for; `None` for the whole record.
fn fields(paths: &[String], stamp: Stamp) -> Option<Vec<String>> {
    if paths.is_empty() {
        return None;
    }
    // `id` does not come by itself once fields are named.
    let mut fields: Vec<String> = ["id", "updatedAt", "deleted", stamp.field()].iter().map(|name| (*name).to_owned()).collect();
    for path in paths {
        // A cell that is no path is JSONPath or a field with an odd name: whatever it reads must be there.
        let parsed = Path::parse(path).ok()?;
        let [Segment::Field(top), ..] = parsed.segments() else { return None };
        if WITH_DEFAULTS.contains(&&**top) || !top.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return None;
        }
        fields.push(top.to_string());
    }
    fields.sort();
    fields.dedup();
    Some(fields)
}

pub struct Pages {
    pub(super) client: Arc<Client>,
    pub(super) resource: &'static Resource,
    stamp: Stamp,
    start: Timestamp,
    until: Option<Timestamp>,
    /// The ids that are still to be asked for, the next one last.
    only: Option<Vec<String>>,
    fields: Option<Vec<String>>,
    projection: Projection,
    answers: Reading,
    pub(super) page_size: usize,
    pub(super) partition: Partition,
    reached: Option<Position>,
    /// Where the last reading ended: the cursor never goes back behind it.
    pub(super) resumed: Option<Position>,
    /// When this reading began, by the server's clock. What becomes visible while it goes on may have an earlier time than what it has read by then,
    /// so the cursor does not go beyond it.
    began: Option<Timestamp>,
    /// Who was of this kind and is of another by now: read before the rest.
    left: Option<Left>,
    ended: bool,
    /// Only what was deleted.
    pub(super) only_deleted: bool,
}

impl connector::Pages for Pages {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(async move {
            if self.ended {
                return Ok(None);
            }
            if let Some(page) = self.left_page().await? {
                return Ok(Some(page));
            }
            let mut group = None;
            let condition = match &mut self.only {
                Some(ids) => {
                    let asked = ids.split_off(ids.len().saturating_sub(IDS.min(self.page_size)));
                    if asked.is_empty() {
                        return Ok(None);
                    }
                    let condition = json!({ "id": { "inq": asked } });
                    group = Some(asked);
                    condition
                }
                None if self.only_deleted => json!({ "and": [self.condition(self.reached.as_ref()), { "deleted": true }] }),
                None => self.condition(self.reached.as_ref()),
            };
            let elements = self.elements(&self.request(&condition)).await?;
            self.ended = group.is_none() && elements.len() < self.page_size;
            let mut records = Vec::with_capacity(elements.len());
            // The next page is asked for behind the last of them.
            for read in halves::each(elements, |element| self.record(element)) {
                let (record, position) = read?;
                self.reached = self.reached.take().max(position);
                records.push(record);
            }
            if let Some(asked) = group {
                self.add_moved(&asked, &mut records).await?;
            } else if self.ended {
                // Both readings are through: what the other one reached counts as well.
                let left = self.left.as_mut().and_then(|left| left.reached.take());
                let nothing_new = records.is_empty() && left.as_ref() <= self.resumed.as_ref();
                self.reached = self.reached.take().max(left);
                if nothing_new {
                    return Ok(None);
                }
            }
            Ok(Some(Page { records, next: self.next_cursor() }))
        })
    }
}

/// What is read of every element, whatever the flow reads: to go on behind it.
const HEAD: [&str; 4] = ["id", "updatedAt", "dbUpdatedAt", "deleted"];

/// What the flow reads and what is needed to go on, taken out of an element at once.
fn projection(paths: &[String]) -> Projection {
    let parsed: Option<Vec<SourcePath>> = paths.iter().map(String::as_str).chain(HEAD).map(|path| SourcePath::parse(path).ok()).collect();
    match parsed {
        Some(parsed) if !paths.is_empty() => Projection::new(&parsed),
        _ => Projection::everything(),
    }
}

impl Pages {
    /// Where the next reading goes on.
    pub(super) fn next_cursor(&self) -> Cursor {
        let seen = match (&self.reached, self.began) {
            (Some(reached), Some(began)) if reached.time > began => Some(Position { time: began, id: String::new() }),
            (reached, _) => reached.clone(),
        };
        let furthest = seen.max(self.resumed.clone());
        furthest.map_or_else(|| Cursor { value: json!([stamp_text(self.start), ""]).to_string(), time: Some(self.start) }, |at| at.cursor())
    }

    pub(super) fn condition(&self, reached: Option<&Position>) -> Value {
        let field = self.stamp.field();
        let from_here = match reached {
            None => json!({ field: { "gte": stamp_text(self.start) } }),
            Some(reached) => {
                let time = stamp_text(reached.time);
                json!({ "or": [{ field: { "gt": time } }, { "and": [{ field: time }, { "id": { "gt": reached.id } }] }] })
            }
        };
        match self.until {
            None => from_here,
            // Two conditions, never two operators in one: lists of locations and reference data look at the first operator only.
            Some(until) => json!({ "and": [from_here, { field: { "lt": stamp_text(until) } }] }),
        }
    }

    fn request(&self, condition: &Value) -> Request {
        let order = [format!("{} ASC", self.stamp.field()), format!("{} ASC", self.resource.list.id())];
        let mut filter = json!({ "where": condition, "deleted": true, "order": order, "limit": self.page_size });
        if let Some(fields) = &self.fields {
            filter["fields"] = json!(fields);
        }
        let mut path = Vec::new();
        if self.resource.in_outbreak {
            path.extend(["outbreaks", self.partition.0.as_str()]);
        }
        path.extend(self.resource.list_path());
        self.client.request(Method::Get, path, Safety::Safe).query("filter", &filter.to_string())
    }

    /// The elements of one page. A page that breaks off is read again from its beginning; nothing of it has been handed on.
    async fn elements(&mut self, request: &Request) -> Result<Vec<Bytes>, Error> {
        let mut tries = Tries::default();
        loop {
            match self.elements_once(request).await {
                Ok(elements) => return Ok(elements),
                Err(error) => self.client.http.again(&mut tries, error).await?,
            }
        }
    }

    async fn elements_once(&mut self, request: &Request) -> Result<Vec<Bytes>, Error> {
        let mut body = match self.client.open(request).await? {
            Ok(body) => body,
            Err(answer) => return Err(unreadable(&answer)),
        };
        if self.began.is_none() {
            let date = body.date().unwrap_or_else(|| self.client.http.context().clock.now());
            self.began = date.checked_add(DATE_LAG).ok();
        }
        let broken = |error: kivuko_core::split::SplitError| {
            Error::retry(network::NOT_JSON, format!("{}: the answer is not a whole list: {error}", request.shown()))
        };
        let mut splitter = Splitter::array();
        let mut elements = Vec::new();
        while let Some(piece) = body.piece().await? {
            splitter.feed(&piece, &mut elements).map_err(broken)?;
        }
        splitter.finish(&mut elements).map_err(broken)?;
        Ok(elements)
    }

    /// A record, and where it stands in the order.
    pub(super) fn record(&self, element: Bytes) -> Result<(SourceRecord, Option<Position>), Error> {
        let unread =
            || Error::stop(network::UNEXPECTED_ANSWER, format!("an element of {} has not the form of a record", self.resource.name));
        let read = self.projection.project(&element).map_err(|_| unread())?;
        let text = |name: &str| match read.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(unread()),
        };
        let id = text("id")?.map(str::to_owned);
        let time: Option<Timestamp> = text(self.stamp.field())?.and_then(|stamp| stamp.parse().ok());
        let position = match (time, &id) {
            (Some(time), Some(id)) => Some(Position { time, id: id.clone() }),
            // Reading by id needs no order.
            _ if self.only.is_some() => None,
            _ => {
                let message = format!(
                    "a record of {} came without id or {}, so reading cannot go on behind it",
                    self.resource.name,
                    self.stamp.field()
                );
                return Err(Error::stop(network::UNEXPECTED_ANSWER, message));
            }
        };
        let version = text("updatedAt")?.map(str::to_owned);
        let deleted = read.get("deleted") == Some(&Value::Bool(true));
        let place = match &id {
            Some(id) => format!("{} {id}", self.resource.name),
            None => self.resource.name.to_owned(),
        };
        // Answers are read in other forms than the one in which they came.
        let read = self.answers.is_empty().then_some(read);
        Ok((SourceRecord { id, place, version, deleted, body: self.answers.apply(element), read }, position))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_named_only_where_the_record_stays_what_it_is() {
        let check = |paths: &[&str], expected: Option<&[&str]>| {
            let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
            let found = fields(&paths, Stamp::Updated);
            assert_eq!(
                found.as_deref().map(|names| names.iter().map(String::as_str).collect::<Vec<_>>()).as_deref(),
                expected,
                "{paths:?}"
            );
        };
        check(&[], None);
        check(&["firstName", "age.years"], Some(&["age", "deleted", "firstName", "id", "updatedAt"]));
        check(&["documents[type=EXTERNAL_ID].number"], Some(&["deleted", "documents", "id", "updatedAt"]));
        check(&["firstName", "addresses[typeId=USUAL].city"], None);
        check(&["$.firstName"], None);
        check(&["['odd name']"], None);
    }
}
