//! Work that goes on after its request was answered: exports and imports, and the logs in which clients follow them.
//!
//! What a job does is done at once, in the request that starts it, so that it takes effect at one instant. Its log says
//! so only after it was asked for as often, and for as long on the simulator's clock, as the options say. An import that is
//! to be late takes effect only then, as a real one does: its records are not there while its log is in progress.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::dates;
use super::error::Error;
use super::import_files::Upload;
use super::store::{Store, Table};

const IN_PROGRESS: &str = "LNG_SYNC_STATUS_IN_PROGRESS";
const SUCCESS: &str = "LNG_SYNC_STATUS_SUCCESS";
const WITH_WARNINGS: &str = "LNG_SYNC_STATUS_SUCCESS_WITH_WARNINGS";
const FAILED: &str = "LNG_SYNC_STATUS_FAILED";

/// How long a job looks as if it went on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pace {
    /// How often its log says so before it says the end.
    pub polls: usize,
    /// And for how long on the simulator's clock.
    pub duration: Duration,
    /// Whether an import takes effect only then. The request log does not count what it writes.
    pub late: bool,
}

/// How a job ends.
#[derive(Debug, Default)]
pub struct End {
    /// How many records it was about.
    pub total: usize,
    /// The file that an export made.
    pub file: Option<Bytes>,
    /// What an import says of rows that did not get in.
    pub failed: Option<Error>,
    /// Whether all rows of an import failed.
    pub fruitless: bool,
    /// Whether it broke off.
    pub broke: bool,
}

/// What an import comes to.
#[derive(Debug, Default)]
pub struct Done {
    /// How it ends.
    pub end: End,
    /// What is said of rows that did not get in.
    pub results: Vec<Value>,
    /// The ids of what it wrote.
    pub written: Vec<String>,
}

/// What an import does at a moment, with so many of its rows at most.
pub struct Work(pub Box<Import>);

type Import = dyn FnOnce(&mut Store, i64, usize) -> Done + Send;

impl fmt::Debug for Work {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Work")
    }
}

/// Why a job broke off when the process was started again.
const RESTARTED: &str = "Application was restarted before finalizing processing data";

#[derive(Debug)]
struct Job {
    log: Map<String, Value>,
    owner: String,
    started: i64,
    polls: usize,
    end: End,
    /// What is still to be done, and with how many rows.
    work: Option<(Work, usize)>,
    error: &'static str,
}

/// The jobs of one kind.
#[derive(Debug, Default)]
pub struct Jobs {
    all: Vec<Job>,
    pace: Pace,
    broken: usize,
    /// How many rows of a broken import get in.
    broken_after: usize,
}

/// All jobs of a server.
#[derive(Debug, Default)]
pub struct All {
    /// Exports.
    pub exports: Jobs,
    /// Imports.
    pub imports: Jobs,
    /// Files that were uploaded to be imported.
    pub uploads: Vec<Upload>,
    /// What became of rows that did not get in.
    pub results: Table,
}

impl All {
    /// A file that is still there.
    pub fn upload(&self, id: &str, now: i64) -> Option<&Upload> {
        self.uploads.iter().find(|upload| upload.id == id && !upload.is_gone(now))
    }

    /// Starts an import of so many rows. Returns the id of its log and the ids of what it wrote by now.
    pub fn import(
        &mut self,
        store: &mut Store,
        fields: Map<String, Value>,
        author: &Author,
        total: usize,
        work: Work,
    ) -> (String, Vec<String>) {
        let Jobs { pace, broken_after, .. } = self.imports;
        let mut rows = usize::MAX;
        let id = self.imports.start(fields, author, || End { total, ..End::default() });
        let Some(job) = self.imports.all.last_mut() else { return (id, Vec::new()) };
        if job.end.broke {
            rows = broken_after;
        }
        job.log.insert("totalNo".to_owned(), json!(total));
        job.work = Some((work, rows));
        if pace.late {
            return (id, Vec::new());
        }
        let (results, written) = job.finish(store, author.now);
        self.note(&id, results, author);
        (id, written)
    }

    /// Lets what is due take effect.
    pub fn finish_imports(&mut self, store: impl FnOnce(&mut dyn FnMut(&mut Store)), now: i64) {
        let pace = self.imports.pace;
        let due = |job: &Job| job.work.is_some() && job.is_over(pace, now);
        if !self.imports.all.iter().any(due) {
            return;
        }
        let mut noted = Vec::new();
        store(&mut |store| {
            for job in self.imports.all.iter_mut().filter(|job| due(job)) {
                let (results, _) = job.finish(store, now);
                noted.push((job.id().to_owned(), job.owner.clone(), results));
            }
        });
        for (id, user, results) in noted {
            let author = Author { now, user, platform: "IMPORT".to_owned(), language: String::new(), custom_ids: true };
            self.note(&id, results, &author);
        }
    }

    /// Keeps the results of an import.
    fn note(&mut self, log: &str, results: Vec<Value>, author: &Author) {
        for result in results {
            let Value::Object(mut result) = result else { continue };
            result.insert("id".to_owned(), json!(Uuid::new_v4().to_string()));
            result.insert("importLogId".to_owned(), json!(log));
            author.stamp_new(&mut result);
            self.results.put(result);
        }
    }
}

/// Why there is nothing to download.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoFile {
    /// There is no such job.
    Unknown,
    /// It is somebody else's.
    NotYours,
    /// It is not made yet, it was never made, or it was downloaded before.
    Gone,
}

impl Jobs {
    /// At this pace from now on.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// So many of the next jobs break off; of imports so many rows get in before.
    pub fn break_next(&mut self, count: usize, rows: usize) {
        self.broken = count;
        self.broken_after = rows;
    }

    /// The process is started again: what was in progress has failed, and what was not done by then never is.
    pub fn restart(&mut self, now: i64) {
        let pace = self.pace;
        for job in self.all.iter_mut().filter(|job| !job.is_over(pace, now)) {
            job.end.broke = true;
            job.error = RESTARTED;
            job.work = None;
        }
    }

    /// Starts a job and returns the id of its log. A job that is to come to nothing does so: `work` is not done.
    pub fn start(&mut self, fields: Map<String, Value>, author: &Author, work: impl FnOnce() -> End) -> String {
        let broke = self.broken > 0;
        self.broken = self.broken.saturating_sub(1);
        let end = if broke { End { broke, ..End::default() } } else { work() };
        let id = Uuid::new_v4().to_string();
        let mut log = fields;
        log.insert("id".to_owned(), json!(id));
        log.insert("actionStartDate".to_owned(), json!(dates::iso(author.now)));
        log.insert("totalNo".to_owned(), json!(end.total));
        author.stamp_new(&mut log);
        let owner = author.user.clone();
        self.all.push(Job { log, owner, started: author.now, polls: 0, end, work: None, error: "simulated failure" });
        id
    }

    /// The log of a job, as it is when it is asked for once more.
    pub fn poll(&mut self, id: &str, now: i64) -> Option<Map<String, Value>> {
        let pace = self.pace;
        let job = self.all.iter_mut().find(|job| job.id() == id)?;
        let shown = job.shown(pace, now);
        job.polls += 1;
        Some(shown)
    }

    /// All logs, or those of an account, newest last; this does not count as asking for one.
    pub fn logs(&self, owner: Option<&str>, now: i64) -> Table {
        let mut table = Table::default();
        for job in self.all.iter().filter(|job| owner.is_none_or(|owner| job.owner == owner)) {
            table.put(job.shown(self.pace, now));
        }
        table
    }

    /// Takes the file of a job: it is there once.
    pub fn take_file(&mut self, id: &str, user: &str, now: i64) -> Result<(String, Bytes), NoFile> {
        let pace = self.pace;
        let job = self.all.iter_mut().find(|job| job.id() == id).ok_or(NoFile::Unknown)?;
        if job.owner != user {
            return Err(NoFile::NotYours);
        }
        if !job.is_over(pace, now) {
            return Err(NoFile::Gone);
        }
        let extension = job.log.get("extension").and_then(Value::as_str).unwrap_or_default().to_owned();
        job.end.file.take().map(|file| (extension, file)).ok_or(NoFile::Gone)
    }
}

impl Job {
    fn id(&self) -> &str {
        self.log.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// Does what is to be done.
    fn finish(&mut self, store: &mut Store, now: i64) -> (Vec<Value>, Vec<String>) {
        let Some((work, rows)) = self.work.take() else { return Default::default() };
        let Done { end, results, written } = (work.0)(store, now, rows);
        self.end = End { broke: self.end.broke, ..end };
        (results, written)
    }

    fn is_over(&self, pace: Pace, now: i64) -> bool {
        self.error == RESTARTED
            || (self.polls >= pace.polls && now - self.started >= i64::try_from(pace.duration.as_millis()).unwrap_or(i64::MAX))
    }

    fn shown(&self, pace: Pace, now: i64) -> Map<String, Value> {
        let mut log = self.log.clone();
        let mut say = |field: &str, value: Value| log.insert(field.to_owned(), value);
        if !self.is_over(pace, now) {
            say("status", json!(IN_PROGRESS));
            say("statusStep", json!("LNG_STATUS_STEP_PREPARE_RECORDS"));
            say("processedNo", json!(self.end.total.saturating_mul(self.polls.min(pace.polls)) / pace.polls.saturating_add(1)));
            return log;
        }
        let status = match &self.end {
            End { broke: true, .. } | End { fruitless: true, .. } => FAILED,
            End { failed: Some(_), .. } => WITH_WARNINGS,
            _ => SUCCESS,
        };
        say("status", json!(status));
        say("processedNo", json!(self.end.total));
        say("actionCompletedDate", json!(dates::iso(now)));
        if self.end.broke {
            say("error", json!(self.error));
            say("statusStep", json!("LNG_STATUS_STEP_RETRIEVING_DATA"));
            return log;
        }
        let step = if self.log.contains_key("extension") { "EXPORT" } else { "IMPORT" };
        say("statusStep", json!(format!("LNG_STATUS_STEP_{step}_FINISHED")));
        if let Some(error) = &self.end.failed {
            say("result", error.body());
        }
        log
    }
}
