//! Reads a resource through an export, which large outbreaks bear better than thousands of pages.
//!
//! An export is started, followed in its log, and downloaded once, as a stream. It says neither in which order its rows come nor, on every release, what was
//! deleted. So the cursor stays where it was until everything is through, and then goes no further than the moment at which the export began; and the
//! deleted records of the same time are read from the list behind it. An export that fails or gets lost is started again as long as nothing of it was handed on;
//! after that the run ends, and the next one drops what it has carried over already. Fewer rows than the log says are an error, never an end.
//!
//! Codes stay codes and fields keep their names, whatever the language of the account.

use std::collections::VecDeque;

use bytes::Bytes;
use jiff::Timestamp;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{godata, network};
use kivuko_core::connector;
use kivuko_core::error::{Consequence, Error};
use kivuko_core::record::{Cursor, Page};
use kivuko_core::split::Splitter;
use serde::Deserialize;
use serde_json::json;

use super::cursor::Position;
use super::errors::unreadable;
use super::logs::{self, End, Log};
use super::read::Pages;
use crate::http::{Body, Method, Safety};

/// How often an export is started.
const TRIES: usize = 3;

/// The pages of one export.
pub struct Exported {
    list: Pages,
    stage: Stage,
    /// Where the cursor stays until the end.
    still: Cursor,
    furthest: Option<Position>,
    /// When the export began, by the clock of Go.Data.
    began: Option<Timestamp>,
    handed_on: bool,
    /// How many files broke off.
    broken: usize,
}

enum Stage {
    Start,
    Rows(Box<Download>),
    Deleted,
    End,
}

/// The file of an export on its way.
struct Download {
    body: Body,
    splitter: Splitter,
    waiting: VecDeque<Bytes>,
    ended: bool,
    rows: u64,
    total: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    export_log_id: String,
}

impl Exported {
    pub fn new(list: Pages) -> Self {
        let still = list.next_cursor();
        Self { list, stage: Stage::Start, still, furthest: None, began: None, handed_on: false, broken: 0 }
    }

    /// Starts an export, waits for it and opens its file; again, when it came to nothing.
    async fn begin(&mut self) -> Result<Download, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.begin_once().await {
                Ok(download) => return Ok(download),
                Err(error) if error.consequence == Consequence::Retry && error.cause.code == godata::EXPORT_LOST && tries < TRIES => {
                    tracing::warn!(code = %error.cause.code, "the export is started again");
                    self.list.client.http.context().meter.retry();
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn begin_once(&mut self) -> Result<Download, Error> {
        let client = &self.list.client;
        let (name, outbreak) = (self.list.resource.name, self.list.partition.0.as_str());
        let mut condition = self.list.condition(None);
        for flag in ["useDbColumns", "dontTranslateValues", "useQuestionVariable"] {
            condition[flag] = json!(true);
        }
        let filter = json!({ "where": condition });
        // As GET: as POST it would count as a write, which is for the active outbreak only. One export too many does no harm.
        let request = client
            .request(Method::Get, ["outbreaks", outbreak, name, "export"], Safety::Safe)
            .query("type", "json")
            .query("filter", &filter.to_string());
        let answer = client.send(request).await?;
        if !answer.is_success() {
            return Err(unreadable(&answer));
        }
        let started: Started = answer.read()?;
        let log = self.follow(&started.export_log_id).await?;
        let began = log.action_start_date.or(log.created_at).and_then(|moment| moment.parse().ok());
        self.began = began;
        let request = client.request(Method::Get, [logs::EXPORTS, &started.export_log_id, "download"], Safety::Safe);
        match client.open(&request).await? {
            Ok(body) => {
                Ok(Download { body, splitter: Splitter::array(), waiting: VecDeque::new(), ended: false, rows: 0, total: log.total_no })
            }
            Err(answer) if answer.status == 404 => Err(lost("its file is gone")),
            Err(answer) => Err(unreadable(&answer)),
        }
    }

    /// Looks at the log until the export has ended.
    async fn follow(&self, id: &str) -> Result<Log, Error> {
        match logs::follow(&self.list.client, logs::EXPORTS, id).await? {
            End::Over(log) => Ok(log),
            End::Failed(_) => Err(lost("Go.Data says that it failed")),
            End::Gone => Err(lost("its log is gone")),
            End::Stuck => Err(lost("it does not get on")),
        }
    }

    /// The next rows that are not deleted ones; none at the end of the file.
    async fn rows(&mut self, download: &mut Download) -> Result<Vec<kivuko_core::record::SourceRecord>, Error> {
        let mut records = Vec::new();
        while records.len() < self.list.page_size {
            let Some(element) = download.next().await? else { break };
            let (record, position) = self.list.record(element)?;
            self.furthest = self.furthest.take().max(position);
            // What is deleted is read from the list, which has it on every release.
            if !record.deleted {
                records.push(record);
            }
        }
        Ok(records)
    }

    async fn next_page(&mut self) -> Result<Option<Page>, Error> {
        loop {
            match std::mem::replace(&mut self.stage, Stage::End) {
                Stage::Start => self.stage = Stage::Rows(Box::new(self.begin().await?)),
                Stage::Rows(mut download) => {
                    let records = match self.rows(&mut download).await {
                        Ok(records) => records,
                        Err(error) if error.consequence == Consequence::Retry && !self.handed_on && self.broken < TRIES => {
                            tracing::warn!(code = %error.cause.code, "the file of the export broke off; it is made again");
                            self.broken += 1;
                            self.furthest = None;
                            self.stage = Stage::Start;
                            continue;
                        }
                        Err(error) => return Err(error),
                    };
                    if records.is_empty() {
                        self.list.only_deleted = true;
                        self.stage = Stage::Deleted;
                        continue;
                    }
                    self.handed_on = true;
                    self.stage = Stage::Rows(download);
                    return Ok(Some(Page { records, next: self.still.clone() }));
                }
                Stage::Deleted => {
                    if let Some(page) = connector::Pages::next(&mut self.list).await? {
                        self.stage = Stage::Deleted;
                        return Ok(Some(Page { records: page.records, next: self.still.clone() }));
                    }
                    return Ok(self.end().map(|next| Page { records: Vec::new(), next }));
                }
                Stage::End => return Ok(None),
            }
        }
    }

    /// Where the next reading goes on: behind what was read, and never behind the moment at which the export began.
    fn end(&self) -> Option<Cursor> {
        let furthest = self.furthest.clone()?;
        let capped = match self.began {
            Some(began) if began < furthest.time => Position { time: began, id: String::new() },
            _ => furthest,
        };
        Some(Some(capped).max(self.list.resumed.clone())?.cursor())
    }
}

impl Download {
    async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        let broken = |error: kivuko_core::split::SplitError| {
            Error::retry(network::NOT_JSON, format!("the file of the export is not a whole list: {error}"))
        };
        loop {
            if let Some(element) = self.waiting.pop_front() {
                self.rows += 1;
                return Ok(Some(element));
            }
            if self.ended {
                return match self.total {
                    Some(total) if total != self.rows => {
                        let message = format!("the log of the export says {total} records, and its file has {}", self.rows);
                        Err(Error::retry(godata::EXPORT_LOST, message))
                    }
                    _ => Ok(None),
                };
            }
            let mut found = Vec::new();
            if let Some(piece) = self.body.piece().await? {
                self.splitter.feed(&piece, &mut found).map_err(broken)?;
            } else {
                self.splitter.finish(&mut found).map_err(broken)?;
                self.ended = true;
            }
            self.waiting.extend(found);
        }
    }
}

fn lost(why: &str) -> Error {
    Error::retry(godata::EXPORT_LOST, format!("the export came to nothing: {why}"))
}

impl connector::Pages for Exported {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(self.next_page())
    }
}
