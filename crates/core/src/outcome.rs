//! What became of one source record in a run, and the account of a run that adds up.

use serde::{Deserialize, Serialize};

/// What became of one source record. Of the parts of a record the worst counts; the order here is from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing to write: the mapped content is what was last sent.
    Unchanged,
    /// Left out on purpose: the flow's `where`, a repeated version, a plan that no longer fits.
    Skipped,
    /// It went into a number, or out of one.
    Counted,
    /// A record of the target was changed.
    Updated,
    /// A record of the target was made.
    Created,
    /// A record of the target was deleted or deactivated.
    Deleted,
    /// What it refers to has not arrived.
    Waiting,
    /// It did not get through, with a cause.
    Rejected,
    /// The system was not reachable or the run was stopped; it stays due.
    Failed,
}

impl Outcome {
    /// All of them, in the order in which accounts list them.
    pub const ALL: [Self; 9] = [
        Self::Created,
        Self::Updated,
        Self::Counted,
        Self::Unchanged,
        Self::Deleted,
        Self::Skipped,
        Self::Waiting,
        Self::Rejected,
        Self::Failed,
    ];

    /// The word in files, tables and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Counted => "counted",
            Self::Updated => "updated",
            Self::Created => "created",
            Self::Deleted => "deleted",
            Self::Waiting => "waiting",
            Self::Rejected => "rejected",
            Self::Failed => "failed",
        }
    }
}

/// The account of a run or a page. `read` is always the sum of the outcomes: [`Counts::adds_up`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    pub read: u64,
    pub created: u64,
    pub updated: u64,
    /// Aggregates: records that went into a number, in the place of created and updated.
    pub counted: u64,
    pub unchanged: u64,
    pub deleted: u64,
    pub skipped: u64,
    pub waiting: u64,
    pub rejected: u64,
    pub failed: u64,
    /// What was written, in target records.
    pub writes: Writes,
    /// HTTP requests sent, log-ins included.
    pub requests: u64,
}

/// What was written, in target records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writes {
    pub created: u64,
    pub updated: u64,
    pub deleted: u64,
    pub rejected: u64,
}

impl Counts {
    /// Takes one source record with its outcome into the account.
    pub fn add(&mut self, outcome: Outcome) {
        self.read += 1;
        match outcome {
            Outcome::Unchanged => self.unchanged += 1,
            Outcome::Skipped => self.skipped += 1,
            Outcome::Counted => self.counted += 1,
            Outcome::Updated => self.updated += 1,
            Outcome::Created => self.created += 1,
            Outcome::Deleted => self.deleted += 1,
            Outcome::Waiting => self.waiting += 1,
            Outcome::Rejected => self.rejected += 1,
            Outcome::Failed => self.failed += 1,
        }
    }

    /// Takes another account into this one.
    pub fn merge(&mut self, other: &Self) {
        self.read += other.read;
        self.created += other.created;
        self.updated += other.updated;
        self.counted += other.counted;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.skipped += other.skipped;
        self.waiting += other.waiting;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.writes.created += other.writes.created;
        self.writes.updated += other.writes.updated;
        self.writes.deleted += other.writes.deleted;
        self.writes.rejected += other.writes.rejected;
        self.requests += other.requests;
    }

    /// The promise: every record read ended in exactly one outcome.
    pub const fn adds_up(&self) -> bool {
        self.read
            == self.created
                + self.updated
                + self.counted
                + self.unchanged
                + self.deleted
                + self.skipped
                + self.waiting
                + self.rejected
                + self.failed
    }
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It has not ended, or was killed.
    Running,
    /// Everything that was due was dealt with; some records may be rejected.
    Complete,
    /// Something stays due.
    Incomplete,
}
