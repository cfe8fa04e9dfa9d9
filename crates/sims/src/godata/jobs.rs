//! Work that goes on after its request was answered: exports and imports, and the logs in which clients follow them.
//!
//! What a job does is done at once, in the request that starts it, so that it takes effect at one instant. Its log says
//! so only after it was asked for as often, and for as long on the simulator's clock, as the options say.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::dates;
use super::error::Error;
use super::import_files::Upload;
use super::store::Table;

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
}

/// How a job ends.
#[derive(Debug)]
pub struct End {
    /// How many records it was about.
    pub total: usize,
    /// The file that an export made.
    pub file: Option<Bytes>,
    /// What an import says of rows that did not get in.
    pub failed: Option<Error>,
    /// Whether nothing at all came of it.
    pub broke: bool,
}

#[derive(Debug)]
struct Job {
    log: Map<String, Value>,
    owner: String,
    started: i64,
    polls: usize,
    end: End,
}

/// The jobs of one kind.
#[derive(Debug, Default)]
pub struct Jobs {
    all: Vec<Job>,
    pace: Pace,
    broken: usize,
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

    /// Keeps the results of an import.
    pub fn note(&mut self, log: &str, results: Vec<Value>, author: &Author) {
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

    /// So many of the next jobs come to nothing.
    pub fn break_next(&mut self, count: usize) {
        self.broken = count;
    }

    /// Starts a job and returns the id of its log. A job that is to come to nothing does so: `work` is not done.
    pub fn start(&mut self, fields: Map<String, Value>, author: &Author, work: impl FnOnce() -> End) -> String {
        let broke = self.broken > 0;
        self.broken = self.broken.saturating_sub(1);
        let end = if broke { End { total: 0, file: None, failed: None, broke } } else { work() };
        let id = Uuid::new_v4().to_string();
        let mut log = fields;
        log.insert("id".to_owned(), json!(id));
        log.insert("actionStartDate".to_owned(), json!(dates::iso(author.now)));
        log.insert("totalNo".to_owned(), json!(end.total));
        author.stamp_new(&mut log);
        self.all.push(Job { log, owner: author.user.clone(), started: author.now, polls: 0, end });
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

    /// All logs of an account, newest last; this does not count as asking for one.
    pub fn logs(&self, owner: &str, now: i64) -> Table {
        let mut table = Table::default();
        for job in self.all.iter().filter(|job| job.owner == owner) {
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

    fn is_over(&self, pace: Pace, now: i64) -> bool {
        self.polls >= pace.polls && now - self.started >= i64::try_from(pace.duration.as_millis()).unwrap_or(i64::MAX)
    }

    fn shown(&self, pace: Pace, now: i64) -> Map<String, Value> {
        let mut log = self.log.clone();
        let mut say = |field: &str, value: Value| log.insert(field.to_owned(), value);
        if !self.is_over(pace, now) {
            say("status", json!(IN_PROGRESS));
            say("statusStep", json!("LNG_STATUS_STEP_PREPARE_RECORDS"));
            say("processedNo", json!(self.end.total * self.polls.min(pace.polls) / (pace.polls + 1)));
            return log;
        }
        let status = match &self.end {
            End { broke: true, .. } => FAILED,
            End { failed: Some(_), .. } => WITH_WARNINGS,
            _ => SUCCESS,
        };
        say("status", json!(status));
        say("processedNo", json!(self.end.total));
        say("actionCompletedDate", json!(dates::iso(now)));
        if self.end.broke {
            say("error", json!("simulated failure"));
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
