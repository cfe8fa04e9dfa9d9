//! Reads all places, those above before those below, so that whoever writes them finds each parent there.
//!
//! A list by time of change has places in the order in which somebody last touched them. So a reading from the very beginning asks for the ids and parents of all of
//! them first (a line for each, which is what it keeps in memory), and then for the places themselves, level by level; deleted ones come last. The cursor
//! stays at the beginning until everything is through, and then goes no further than the moment at which the reading began: a reading that breaks off starts over, and what it brings again
//! has the version that it had. Later readings are by time of change like any other.

use std::collections::{HashMap, VecDeque};

use kivuko_core::BoxFuture;
use kivuko_core::catalogue::network;
use kivuko_core::connector;
use kivuko_core::error::Error;
use kivuko_core::hierarchy;
use kivuko_core::record::{Cursor, Page, SourceRecord};
use serde::Deserialize;
use serde_json::json;

use super::super::client::to_bytes;
use super::super::cursor::Position;
use super::Pages;
use crate::http::{Method, Safety};

/// How many ids are asked for at a time.
const OUTLINE: usize = 5000;

/// The pages of one whole reading.
pub(super) struct Tree {
    list: Pages,
    /// The ids that are still to be read; `None` before they are known.
    waiting: Option<VecDeque<String>>,
    still: Cursor,
    furthest: Option<Position>,
}

/// What is asked of a place to know where it stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    id: String,
    #[serde(default)]
    parent_location_id: Option<String>,
    #[serde(default)]
    deleted: Option<bool>,
}

impl Tree {
    pub(super) fn new(list: Pages) -> Self {
        let still = list.next_cursor();
        Self { list, waiting: None, still, furthest: None }
    }

    /// All ids, from the top.
    async fn outline(&mut self) -> Result<VecDeque<String>, Error> {
        let mut lines: Vec<Line> = Vec::new();
        loop {
            let mut filter =
                json!({ "fields": ["id", "parentLocationId", "deleted"], "deleted": true, "order": ["id ASC"], "limit": OUTLINE });
            if let Some(last) = lines.last() {
                filter["where"] = json!({ "id": { "gt": last.id } });
            }
            let path = self.list.resource.list_path().iter().copied();
            let request = self.list.client.request(Method::Get, path, Safety::Safe).query("filter", &filter.to_string());
            let elements = self.list.elements(&request).await?;
            let is_last = elements.len() < OUTLINE;
            for element in elements {
                let line = serde_json::from_slice(&element)
                    .map_err(|_| Error::stop(network::UNEXPECTED_ANSWER, "an element of locations has not the form of a record"))?;
                lines.push(line);
            }
            if is_last {
                break;
            }
        }
        Ok(from_the_top(lines).into())
    }

    async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        let mut waiting = match self.waiting.take() {
            Some(waiting) => waiting,
            None => self.outline().await?,
        };
        loop {
            let ids: Vec<String> = waiting.drain(..waiting.len().min(self.list.page_size)).collect();
            if ids.is_empty() {
                self.waiting = Some(waiting);
                return Ok(None);
            }
            let records = self.places(&ids).await?;
            // What is gone by now was never there for us.
            if records.is_empty() && !waiting.is_empty() {
                continue;
            }
            let next = if waiting.is_empty() { self.end() } else { self.still.clone() };
            self.waiting = Some(waiting);
            return Ok(Some(Page { records, next }));
        }
    }

    async fn places(&mut self, ids: &[String]) -> Result<Vec<SourceRecord>, Error> {
        let mut filter = json!({ "where": { "id": { "inq": ids } }, "deleted": true });
        if let Some(fields) = &self.list.fields {
            filter["fields"] = json!(fields);
        }
        let path = self.list.resource.list_path().iter().copied().chain(["filter"]);
        let body = to_bytes(&json!({ "filter": filter }));
        let request = self.list.client.request(Method::Post, path, Safety::Safe).json(body);
        let at: HashMap<&str, usize> = ids.iter().enumerate().map(|(at, id)| (id.as_str(), at)).collect();
        let mut found: Vec<(usize, SourceRecord)> = Vec::with_capacity(ids.len());
        for element in self.list.elements(&request).await? {
            let (record, position) = self.list.record(element)?;
            self.furthest = self.furthest.take().max(position);
            let place = record.id.as_deref().and_then(|id| at.get(id)).copied().unwrap_or(ids.len());
            found.push((place, record));
        }
        found.sort_by_key(|(at, _)| *at);
        Ok(found.into_iter().map(|(_, record)| record).collect())
    }

    /// Where the next reading goes on.
    fn end(&self) -> Cursor {
        let Some(furthest) = self.furthest.clone() else { return self.still.clone() };
        match self.list.began {
            Some(began) if began < furthest.time => Position { time: began, id: String::new() }.cursor(),
            _ => furthest.cursor(),
        }
    }
}

/// Ids in an order in which nothing comes before what it lies in; what is deleted comes last.
fn from_the_top(lines: Vec<Line>) -> Vec<String> {
    let ties: Vec<(&str, Option<&str>)> = lines.iter().map(|line| (line.id.as_str(), line.parent_location_id.as_deref())).collect();
    let depths = hierarchy::depths(&hierarchy::parents(&ties));
    let depths: Vec<(bool, usize)> = lines.iter().zip(depths).map(|(line, depth)| (line.deleted == Some(true), depth)).collect();
    let mut ordered: Vec<((bool, usize), Line)> = depths.into_iter().zip(lines).collect();
    ordered.sort_by_key(|(depth, _)| *depth);
    ordered.into_iter().map(|(_, line)| line.id).collect()
}

impl connector::Pages for Tree {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(self.next_page())
    }
}
