//! What a person can ask of a run: all that is due, or a part of it, and how it is compared.

use std::path::PathBuf;

use jiff::Timestamp;

/// What a person can ask of a run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Only records changed in this window; the live cursor is not touched.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only these identities of the source.
    pub only: Vec<String>,
    /// At most this many records.
    pub limit: Option<u64>,
    /// Another file in the place of the flow's source.
    pub input: Option<PathBuf>,
    /// Compare with what the target holds, not with what was last sent.
    pub force: bool,
    /// Of a flow that counts: these periods are sent too, however late they changed.
    pub periods: Vec<String>,
    /// Everything is read from the beginning and compared with what the target holds; what it no longer has, or has in an older state, is written again. What others changed there stays.
    pub again: bool,
    /// Exactly the writes of this saved plan.
    pub plan: Option<i64>,
    /// What started it: `manual` when empty.
    pub trigger: String,
}

impl RunOptions {
    /// Whether this run reads all that is due, so that it moves the live cursor.
    pub(crate) fn is_whole(&self) -> bool {
        self.since.is_none()
            && self.until.is_none()
            && self.only.is_empty()
            && self.limit.is_none()
            && self.input.is_none()
            && self.plan.is_none()
    }

    /// The options as they were given, for the history.
    pub(crate) fn words(&self) -> String {
        let mut words = Vec::new();
        let mut word = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                words.push(format!("{name} {value}"));
            }
        };
        word("--since", self.since.map(|time| time.to_string()));
        word("--until", self.until.map(|time| time.to_string()));
        word(
            "--only",
            (!self.only.is_empty())
                .then(|| if self.only.len() > 3 { format!("({} records)", self.only.len()) } else { self.only.join(",") }),
        );
        word("--limit", self.limit.map(|limit| limit.to_string()));
        word("--input", self.input.as_ref().map(|path| path.display().to_string()));
        word("--periods", (!self.periods.is_empty()).then(|| self.periods.join(",")));
        word("--plan", self.plan.map(|plan| plan.to_string()));
        if self.force {
            words.push("--force".to_owned());
        }
        if self.again {
            words.push("--again".to_owned());
        }
        words.join(" ")
    }
}
