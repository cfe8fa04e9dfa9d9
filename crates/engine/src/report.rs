//! What a run tells of itself.

use std::collections::BTreeMap;

use kivuko_core::catalogue::{dhis2, godata, network, record, run, target};
use kivuko_core::error::{Cause, Code, Consequence, Error, Unlisted};
use kivuko_core::outcome::{Counts, Outcome, Status};
use kivuko_core::store::RunId;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many groups of causes are kept, and how many examples of each: memory does not grow with the data.
const GROUPS: usize = 200;
const EXAMPLES: usize = 3;
/// What is told of periods and places stands nowhere else, so that all of them are kept, up to what a person may still read.
const PLACES: usize = 1_000;
/// Each message of K0312 tells of the records of one identity.
const OF_SEVERAL_IDENTITIES: &str =
    "several identities stand in the input more than once each, and nobody can tell which of their records count";

/// What a run that counts tells beside its account.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumbersReport {
    /// Cells that changed too late to be sent by themselves, or whose period is locked.
    pub late: u64,
    /// Cells whose period is not open yet; they stay due.
    pub not_open: u64,
    /// Periods and org units for which the data set was marked complete.
    pub completed: u64,
    /// Cells that were written over although somebody had changed them in the target.
    #[serde(default)]
    pub written_over: u64,
}

/// The account of one run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunReport {
    pub run: RunId,
    pub flow: String,
    pub version: String,
    pub status: Status,
    pub counts: Counts,
    /// Where rows are put together to records: how many rows were read. `counts` is of the records.
    pub rows: Option<u64>,
    /// Of a flow that counts.
    pub numbers: Option<NumbersReport>,
    /// How many of what the account has as deleted were switched off, and are there still.
    pub switched_off: u64,
    /// How many records were read besides, and had been dealt with as they are: a cursor was moved back, or an overlap repeated them.
    pub repeated: u64,
    pub seconds: f64,
    /// Why it ended early.
    pub error: Option<Error>,
    /// Why records did not get through, the most frequent first.
    pub causes: Vec<CauseGroup>,
}

impl RunReport {
    /// The exit code of a command that ran this: the highest that applies.
    pub fn exit_code(&self) -> u8 {
        let by_error = self.error.as_ref().map_or(0, exit_code);
        let by_records = u8::from(is_refused(&self.counts) || left_out(&self.causes));
        let by_status = if self.status == Status::Complete { 0 } else { 3 };
        by_error.max(by_records).max(if self.error.is_some() { 0 } else { by_status })
    }

    /// The object that `run --json` prints.
    pub fn to_json(&self) -> Value {
        let counts = &self.counts;
        let mut object = json!({
            "run": self.run,
            "flow": self.flow,
            "version": self.version,
            "status": self.status,
            "read": counts.read,
            "created": counts.created,
            "updated": counts.updated,
            "counted": counts.counted,
            "unchanged": counts.unchanged,
            "deleted": counts.deleted,
            "skipped": counts.skipped,
            "waiting": counts.waiting,
            "rejected": counts.rejected,
            "failed": counts.failed,
            "writes": counts.writes,
            "requests": counts.requests,
            "seconds": (self.seconds * 1000.0).round() / 1000.0,
            "causes": self.causes,
        });
        beside_counts(&mut object, self.numbers, self.rows, self.switched_off, self.repeated);
        if let Some(error) = &self.error {
            object["error"] = json!({ "code": error.cause.code, "message": error.cause.message, "consequence": error.consequence });
        }
        object
    }
}

/// Puts what stands beside the counts of an account into the object of a run.
pub fn beside_counts(object: &mut Value, numbers: Option<NumbersReport>, rows: Option<u64>, switched_off: u64, repeated: u64) {
    if let Some(NumbersReport { late, not_open, completed, written_over }) = numbers {
        object["late"] = json!(late);
        object["not_open"] = json!(not_open);
        object["completed"] = json!(completed);
        object["written_over"] = json!(written_over);
    }
    if let Some(rows) = rows {
        object["rows"] = json!(rows);
    }
    if switched_off > 0 {
        object["switched_off"] = json!(switched_off);
    }
    if repeated > 0 {
        object["repeated"] = json!(repeated);
    }
}

/// Whether records were rejected, or of a flow that counts numbers.
pub(crate) const fn is_refused(counts: &Counts) -> bool {
    counts.rejected > 0 || counts.writes.rejected > 0
}

/// Whether something that a person asked for by name was not done: a planned write that no longer fits, a write that could not be taken back, a record that is not there.
pub(crate) fn left_out(causes: &[CauseGroup]) -> bool {
    let asked_for = [run::CHANGED_SINCE_PLAN, run::NOT_REVERTED, run::UNKNOWN_RECORD];
    causes.iter().any(|group| asked_for.contains(&group.code))
}

/// The exit code of an error: 2 for the project, 3 for systems, 4 for us. That a system does not let us in is for a person to mend, and of the system all the same.
pub fn exit_code(error: &Error) -> u8 {
    let not_let_in = [
        network::LOGIN_REFUSED,
        network::FORBIDDEN,
        godata::LOCKED_OUT,
        godata::TWO_FACTOR,
        dhis2::NOT_ALLOWED,
        dhis2::METADATA_NOT_ALLOWED,
    ];
    match error.consequence {
        Consequence::FixConfiguration if not_let_in.contains(&error.cause.code) => 3,
        Consequence::RejectRecord => 1,
        Consequence::FixConfiguration => 2,
        Consequence::Retry | Consequence::StopRun => 3,
        Consequence::OurBug => 4,
    }
}

/// Records that did not get through for the same reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseGroup {
    pub outcome: Outcome,
    pub code: Code,
    pub message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<Unlisted>,
    pub records: u64,
    /// The places of a few of them; of what is told of periods and places of them all.
    pub examples: Vec<String>,
}

/// Gathers causes while a run goes, or afterwards from its outcomes.
#[derive(Debug, Default)]
pub struct CauseGroups {
    groups: BTreeMap<(Code, String, Option<String>), CauseGroup>,
}

impl CauseGroups {
    /// Takes one cause of one record in.
    pub fn add(&mut self, outcome: Outcome, cause: &Cause, place: &str) {
        self.add_many(outcome, cause, place, 1);
    }

    /// The same of a rejection that stands for several records of one identity.
    pub fn add_rejection(&mut self, cause: &Cause, place: &str) {
        self.add_many(Outcome::Rejected, cause, place, cause.records.unwrap_or(1));
    }

    fn add_many(&mut self, outcome: Outcome, cause: &Cause, place: &str, records: u64) {
        // What differs from record to record (an id, a place) would make a group of each; the code and the field are then enough.
        let varying = [
            record::UNREADABLE,
            record::DUPLICATE_ID,
            record::DUPLICATE_KEY,
            target::SEVERAL_MATCHES,
            run::WAITING,
            run::PARENT_NOT_THERE,
            run::SIBLINGS_ALIKE,
            run::PARTED,
            run::NUMBER_WRITTEN_OVER,
            run::REPEATED,
        ];
        let varies = varying.contains(&cause.code);
        let common = || cause.message.split_once(": ").map_or("", |(common, _)| common);
        let message = match cause.code {
            // There are several reasons for these, and what varies stands after the reason.
            run::WAITING | run::PARTED | run::NUMBER_WRITTEN_OVER => common(),
            _ if varies => "",
            _ => cause.message.as_str(),
        };
        let mut key = (cause.code, message.to_owned(), cause.field.clone());
        if !self.groups.contains_key(&key) && self.groups.len() >= GROUPS {
            // Further ones are told by their code alone.
            key = (cause.code, String::new(), None);
        }
        let group = self.groups.entry(key).or_insert_with(|| CauseGroup {
            outcome,
            code: cause.code,
            message: cause.message.clone(),
            field: cause.field.clone(),
            unlisted: cause.unlisted.clone(),
            records: 0,
            examples: Vec::new(),
        });
        let is_another = group.records > 0;
        // What was there before is gone, and is told of each number.
        let each = |message: &str| Some(message.split_once(": ")?.1.to_owned()).filter(|_| cause.code == run::NUMBER_WRITTEN_OVER);
        if group.records == 1
            && let (Some(what), Some(first)) = (each(&group.message), group.examples.first_mut())
        {
            *first = format!("{first} ({what})");
        }
        group.records += records;
        // Of several records the message says what they have in common, not what it says of the first.
        if varies && is_another {
            let first = group.message.split_once(": ").map_or(group.message.as_str(), |(common, _)| common);
            let is_other_identity = cause.code == record::DUPLICATE_ID && first != common();
            group.message = if is_other_identity { OF_SEVERAL_IDENTITIES } else { first }.to_owned();
        }
        let of_no_record = [run::MARK_LEFT, run::MARK_WAITS, run::REFUSED_BELONGS].contains(&cause.code);
        if group.examples.len() < if of_no_record { PLACES } else { EXAMPLES } {
            let what = each(&cause.message).filter(|_| group.records > 1);
            group.examples.push(what.map_or_else(|| place.to_owned(), |what| format!("{place} ({what})")));
        }
    }

    /// The groups, the most frequent first.
    pub fn into_sorted(self) -> Vec<CauseGroup> {
        let mut groups: Vec<CauseGroup> = self.groups.into_values().collect();
        groups.sort_by(|a, b| b.records.cmp(&a.records).then(a.code.cmp(&b.code)));
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_of_several_identities_are_not_told_as_those_of_the_first() {
        let told = |records: &[(&str, &str)]| {
            let mut groups = CauseGroups::default();
            for (message, place) in records {
                groups.add(Outcome::Rejected, &Cause::new(record::DUPLICATE_ID, *message), place);
            }
            groups.into_sorted().into_iter().map(|group| (group.records, group.message)).collect::<Vec<_>>()
        };
        let one = "2 records of the input have the identity N-1, and differ in age";
        let (first, second) = (format!("{one}: row 1; row 2"), format!("{one}: row 2; row 1"));
        let of_one = [(&*first, "row 1"), (&*second, "row 2")];
        assert_eq!(told(&of_one), [(2, one.to_owned())]);
        let three = "3 records of the input have the identity N-2, and differ in name: row 3; row 4; row 5";
        let of_two = [of_one[0], of_one[1], (three, "row 3"), (three, "row 4"), (three, "row 5")];
        assert_eq!(told(&of_two), [(5, OF_SEVERAL_IDENTITIES.to_owned())]);
    }

    #[test]
    fn who_is_to_blame_says_the_exit_code() {
        for (error, code) in [
            (Error::configuration(network::LOGIN_REFUSED, "the password is wrong"), 3),
            (Error::configuration(network::FORBIDDEN, "the account may not do this"), 3),
            (Error::configuration(godata::LOCKED_OUT, "the account is locked"), 3),
            (Error::configuration(network::BAD_OPTIONS, "an option does not hold"), 2),
            (Error::configuration(run::UNKNOWN_FLOW, "no such flow"), 2),
            (Error::stop(network::UNREACHABLE, "down"), 3),
            (Error::retry(network::UNREACHABLE, "down"), 3),
            (Error::bug(run::ACCOUNT_WRONG, "ours"), 4),
        ] {
            assert_eq!(exit_code(&error), code, "{error}");
        }
    }
}
