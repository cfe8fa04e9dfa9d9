//! Imports in the background: when they run, what is seen of them while they do, and how they are forgotten.
//!
//! All of it lives in the server's memory: a restart forgets it, and what had not run never does.

use std::collections::VecDeque;

use serde_json::{Map, Value, json};

use super::super::uid::Uid;
use super::summary::{Status, Summary};

/// How fast jobs are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pace {
    /// Done when the first one asks.
    #[default]
    AtOnce,
    /// They run when they are started, but of the looks at their log the first ones see nothing, and the next ones that they are running.
    Looks {
        /// So many looks see an empty log.
        empty: usize,
        /// So many see it running.
        running: usize,
    },
    /// They do not run before a test lets them.
    Held,
}

#[derive(Debug)]
struct Job<R> {
    id: Uid,
    kind: &'static str,
    created: i64,
    /// What is still to do.
    request: Option<R>,
    summary: Option<(Summary, i64)>,
    looks: usize,
    pace: Pace,
}

/// The jobs that the server remembers.
#[derive(Debug)]
pub struct Jobs<R> {
    pace: Pace,
    jobs: VecDeque<Job<R>>,
}

/// What a look at a job sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Running,
    Done,
}

impl<R> Jobs<R> {
    /// None yet.
    pub fn new(pace: Pace) -> Self {
        Self { pace, jobs: VecDeque::new() }
    }

    /// Another pace of jobs that are still to come.
    pub fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Notes a job. What comes back is to be run now, and its outcome given to [`Self::done`].
    pub fn start(&mut self, id: Uid, kind: &'static str, request: R, now: i64) -> Option<R> {
        let held = self.pace == Pace::Held;
        let (kept, due) = if held { (Some(request), None) } else { (None, Some(request)) };
        self.jobs.push_back(Job { id, kind, created: now, request: kept, summary: None, looks: 0, pace: self.pace });
        due
    }

    /// Notes what came of a job.
    pub fn done(&mut self, id: Uid, summary: Summary, now: i64) {
        if let Some(job) = self.jobs.iter_mut().find(|job| job.id == id) {
            job.summary = Some((summary, now));
        }
    }

    /// Takes out what is held, to be run.
    pub fn release(&mut self) -> Vec<(Uid, R)> {
        self.jobs.iter_mut().filter_map(|job| Some((job.id, job.request.take()?))).collect()
    }

    /// Forgets all jobs; what had not run never will.
    pub fn forget(&mut self) {
        self.jobs.clear();
    }

    /// Forgets the jobs that have run.
    pub fn evict(&mut self) {
        self.jobs.retain(|job| job.summary.is_none());
    }

    /// The log of a job, newest first; empty for one that is not known.
    pub fn log(&mut self, kind: &str, id: &str, time: impl Fn(i64) -> String) -> Value {
        let Some(job) = self.jobs.iter_mut().find(|job| job.kind == kind && job.id.as_str() == id) else {
            return json!([]);
        };
        job.looks += 1;
        job.log(time)
    }

    /// The logs of all jobs of a kind.
    pub fn logs(&mut self, kind: &str, time: impl Fn(i64) -> String) -> Value {
        let of_kind = self.jobs.iter_mut().filter(|job| job.kind == kind);
        Value::Object(of_kind.map(|job| (job.id.to_string(), job.log(&time))).collect::<Map<_, _>>())
    }

    /// What came of a job, when that can be seen.
    pub fn summary(&self, kind: &str, id: &str) -> Option<&Summary> {
        let job = self.jobs.iter().find(|job| job.kind == kind && job.id.as_str() == id)?;
        let (summary, _) = job.summary.as_ref()?;
        (job.seen() == Seen::Done).then_some(summary)
    }
}

impl<R> Job<R> {
    fn seen(&self) -> Seen {
        match self.pace {
            Pace::Looks { empty, .. } if self.looks <= empty => Seen::Nothing,
            Pace::Looks { empty, running } if self.looks <= empty + running => Seen::Running,
            _ if self.summary.is_none() => Seen::Running,
            _ => Seen::Done,
        }
    }

    fn log(&self, time: impl Fn(i64) -> String) -> Value {
        let line = |at: i64, level: &str, message: &str, completed: bool, number: u8| {
            // A line has an identifier of its own, the same one at every look.
            let uid = format!("{}{number}", &self.id.as_str()[..Uid::LENGTH - 1]);
            json!({
                "uid": uid, "id": uid, "level": level, "category": self.kind, "time": time(at), "message": message, "completed": completed,
            })
        };
        let started = || line(self.created, "INFO", "Process started", false, 1);
        match (self.seen(), &self.summary) {
            (Seen::Nothing, _) => json!([]),
            (Seen::Done, Some((summary, at))) => {
                let failed = summary.status == Status::Error;
                let message = if failed { summary.description.as_str() } else { "Import done" };
                json!([line(*at, if failed { "ERROR" } else { "INFO" }, message, true, 2), started()])
            }
            _ => json!([started()]),
        }
    }
}
