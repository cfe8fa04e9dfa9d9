//! Why the pipeline refuses: a code, what it is about, and a sentence.

use std::collections::BTreeMap;

use super::super::super::error::Error;
use super::super::summary::Conflict;

/// A refusal of a request, a group or a value.
#[derive(Debug, Clone)]
pub struct Refusal {
    code: &'static str,
    args: Vec<String>,
    message: String,
}

impl Refusal {
    /// With its code (E80xx, E81xx), its arguments, and a sentence for people.
    pub fn new(code: &'static str, args: &[&str], message: impl Into<String>) -> Self {
        Self { code, args: args.iter().map(|arg| (*arg).to_owned()).collect(), message: message.into() }
    }

    /// As a conflict at some positions: its arguments stand joined in `objects.args` and in `object`.
    pub fn conflict(&self, indexes: Vec<i64>) -> Conflict {
        let joined = self.args.join("-");
        Conflict {
            code: self.code.to_owned(),
            message: self.message.clone(),
            objects: BTreeMap::from([("args".to_owned(), joined.clone())]),
            object: joined,
            property: None,
            indexes,
        }
    }
}

/// What stops a whole request.
#[derive(Debug)]
pub enum Stop {
    /// A summary with one conflict and -1 as its index, 409.
    Refusal(Refusal),
    /// No summary at all.
    Request(Error),
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}
