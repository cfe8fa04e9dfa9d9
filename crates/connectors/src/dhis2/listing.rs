//! Reads one list as a stream, in pages, and goes on where it was cut: see [`super::progress`].

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::network;
use kivuko_core::connector::{self, ReadRequest};
use kivuko_core::error::Error;
use kivuko_core::record::{Page, SourceRecord};
use kivuko_core::split::Splitter;
use serde_json::{Map, Value};

use super::client::Client;
use super::errors::unreadable;
use super::progress::Progress;
use crate::http::{Body, Request, Tries};

/// What is asked for, and what a record is.
pub trait List: Send + Sync {
    /// The name of the array in the answer.
    fn array(&self) -> &str;

    /// Whether the array may be missing, which then means that there is nothing.
    fn may_be_missing(&self) -> bool {
        false
    }

    /// The question whether something changed after a time by which the order of the elements may have become another one; its answer is a list of the same
    /// name. `None`: the order never changes.
    fn reordered(&self, _after: Timestamp) -> Option<Request> {
        None
    }

    /// The question, for what changed from a time on; `None`: everything.
    fn question(&self, since: Option<Timestamp>) -> Request;

    /// A record; `head` is what stands beside the array, as far as it has been read. `None` for what was not asked for.
    fn record(&self, element: Bytes, head: &Map<String, Value>) -> Result<Option<SourceRecord>, Error>;
}

/// A reading of a list.
pub struct Listing<L> {
    client: Arc<Client>,
    list: L,
    progress: Progress,
    /// The time from which changes are asked for: that of the progress, less the overlap.
    since: Option<Timestamp>,
    page_size: usize,
    /// The answer that is being read.
    open: Option<Open>,
    /// Read and not handed on.
    waiting: VecDeque<SourceRecord>,
    /// Everything up to this record was handed on before.
    passing_over: Option<String>,
    /// The record after which this reading began, and those that it has handed on itself: of lists whose order may change.
    began_after: Option<String>,
    handed_on: HashSet<String>,
    began: Option<Timestamp>,
    tries: Tries,
    ended: bool,
}

/// An answer that is being read.
struct Open {
    body: Body,
    splitter: Splitter,
    elements: Vec<Bytes>,
    ended: bool,
}

impl<L: List> Listing<L> {
    /// Starts reading where the request says; a window, or a few records, are read from their beginning.
    ///
    /// # Errors
    /// The cursor is not one of this source.
    pub fn new(client: Arc<Client>, list: L, request: &ReadRequest) -> Result<Self, Error> {
        let windowed = request.since.is_some() || request.until.is_some() || request.only.is_some();
        let progress = match &request.from {
            Some(cursor) if !windowed => Progress::parse(cursor)?,
            _ => Progress { since: request.since, began: None, after: None },
        };
        let overlap = SignedDuration::from_secs(client.options.overlap_secs.into());
        let since = progress.since.map(|since| if windowed { since } else { since.checked_sub(overlap).unwrap_or(since) });
        Ok(Self {
            client,
            list,
            since,
            page_size: request.page_size.max(1),
            open: None,
            waiting: VecDeque::new(),
            passing_over: progress.after.clone(),
            began_after: progress.after.clone(),
            handed_on: HashSet::new(),
            began: progress.began,
            progress,
            tries: Tries::default(),
            ended: false,
        })
    }

    async fn page(&mut self) -> Result<Option<Page>, Error> {
        if self.ended {
            return Ok(None);
        }
        if self.began.is_none() {
            self.began = Some(self.client.server_now().await?);
        }
        // One more than a page, so that the last page is known to be it.
        while self.waiting.len() <= self.page_size {
            match self.fill().await {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) => {
                    // What was read and not handed on is read again.
                    self.open = None;
                    self.waiting.clear();
                    // Where the order may be another one by then, by what they are and not by where they stand.
                    let after = if self.handed_on.is_empty() { &self.progress.after } else { &self.began_after };
                    self.passing_over.clone_from(after);
                    self.client.http.again(&mut self.tries, error).await?;
                }
            }
        }
        let records: Vec<SourceRecord> = self.waiting.drain(..self.waiting.len().min(self.page_size)).collect();
        let began = self.began.expect("it was set before");
        if self.list.reordered(began).is_some() {
            self.handed_on.extend(records.iter().filter_map(|record| record.id.clone()));
        }
        if self.waiting.is_empty() {
            self.ended = true;
            let resumed = self.progress.after.is_some();
            self.progress = Progress::at_the_end(began);
            if records.is_empty() && !resumed {
                return Ok(None);
            }
        } else {
            let last = records.last().and_then(|record| record.id.clone()).unwrap_or_default();
            self.progress = self.progress.in_the_middle(began, &last);
        }
        self.tries = Tries::default();
        Ok(Some(Page { records, next: self.progress.cursor() }))
    }

    /// What stood behind the last record may stand before it by now: then nothing is passed over, and who has seen a record drops it by its version.
    async fn look_for_another_order(&mut self) -> Result<(), Error> {
        let (Some(_), Some(began)) = (&self.passing_over, self.progress.began) else { return Ok(()) };
        let overlap = SignedDuration::from_secs(self.client.options.overlap_secs.into());
        let Some(question) = self.list.reordered(began.checked_sub(overlap).unwrap_or(began)) else { return Ok(()) };
        let answer: Map<String, Value> = self.client.ask(question).await?;
        if answer.get(self.list.array()).and_then(Value::as_array).is_none_or(|changed| !changed.is_empty()) {
            self.passing_over = None;
        }
        Ok(())
    }

    /// Reads a piece; `false` at the end.
    async fn fill(&mut self) -> Result<bool, Error> {
        if self.open.is_none() {
            self.look_for_another_order().await?;
            let question = self.list.question(self.since);
            let mut body = self.client.open(&question).await?.map_err(|answer| unreadable(&answer))?;
            body.leave_its_place();
            let splitter = Splitter::named(self.list.array());
            self.open = Some(Open { body, splitter, elements: Vec::new(), ended: false });
        }
        let open = self.open.as_mut().expect("it was opened");
        if open.ended {
            // The record after which reading was to go on is gone: from the beginning.
            if self.passing_over.take().is_some() {
                self.open = None;
                return Ok(true);
            }
            return Ok(false);
        }
        let name = self.list.array();
        let broken = |error: kivuko_core::split::SplitError| {
            Error::retry(network::NOT_JSON, format!("the answer of DHIS2 is not a whole list of {name}: {error}"))
        };
        if let Some(piece) = open.body.piece().await? {
            open.splitter.feed(&piece, &mut open.elements).map_err(broken)?;
        } else {
            open.ended = true;
            let finished = open.splitter.finish(&mut open.elements);
            let nothing = self.list.may_be_missing() && open.splitter.is_complete();
            if !nothing {
                finished.map_err(broken)?;
            }
        }
        for element in open.elements.drain(..) {
            let Some(record) = self.list.record(element, open.splitter.tail())? else { continue };
            if record.id.as_ref().is_some_and(|id| self.handed_on.contains(id)) {
                continue;
            }
            if let Some(last) = &self.passing_over {
                if record.id.as_deref() == Some(last) {
                    self.passing_over = None;
                }
                continue;
            }
            self.waiting.push_back(record);
        }
        Ok(true)
    }
}

impl<L: List> connector::Pages for Listing<L> {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(self.page())
    }
}
