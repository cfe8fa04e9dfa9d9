//! A record of the source on its way through a page, and the target records that it becomes.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, Key};
use kivuko_core::error::{Cause, Code, Error};
use kivuko_core::matching::Person;
use kivuko_core::outcome::Outcome;
use kivuko_core::people::ReviewCandidate;
use kivuko_core::store::{IntentId, Link, Reference, Sent};
use kivuko_core::value;
use serde_json::Value;

/// One record of the source.
#[derive(Debug)]
pub(crate) struct Item {
    /// Its identity; for a record without one the place stands in, so that its rejection has a name.
    pub id: String,
    pub place: String,
    pub version: Option<String>,
    pub raw: Option<Bytes>,
    /// The fields that the flow reads.
    pub value: Value,
    /// The part of the target that it belongs to, where records belong to several; and what the project calls that.
    pub scope: Option<usize>,
    pub scope_name: Option<String>,
    /// It has no identity: its place stands in for it.
    pub nameless: bool,
    /// The source repeats a version that was sent already: it counts only if something comes of it (the mapping may have changed).
    pub repeated: bool,
    /// The source says that it has deleted it.
    pub deleted: bool,
    /// What became of it before any part was made: a deletion, a `where` that does not hold, an unreadable row.
    pub early: Option<Early>,
}

impl Item {
    /// A record of which nothing is known but its identity and where it stands.
    pub fn new(id: String, place: String) -> Self {
        Self {
            id,
            place,
            version: None,
            raw: None,
            value: Value::Null,
            scope: None,
            scope_name: None,
            nameless: false,
            repeated: false,
            deleted: false,
            early: None,
        }
    }
}

/// Why a record that the source has deleted is skipped.
pub(crate) fn without_effect(why: &str) -> Cause {
    Cause::new(codes::DELETED_WITHOUT_EFFECT, format!("it was deleted in the source, and {why}"))
}

/// What a record can come to before it is mapped.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Early {
    Skipped,
    /// Left out for a reason that a person may ask for.
    Left(Vec<Cause>),
    Rejected(Vec<Cause>),
    /// The source no longer has it, or it left the flow's `where`, and the flow says what follows from that.
    Removed,
}

/// One record of the target that an item becomes.
#[derive(Debug)]
pub(crate) struct Unit {
    /// The item's position in its page.
    pub item: usize,
    /// The position of the target record in the flow.
    pub record: usize,
    /// The position of its item in the list of `each`.
    pub index: Option<usize>,
    /// Its name in links and outcomes: empty when the flow has one target record.
    pub part: String,
    pub key: Key,
    /// What is sent when it is created, and what it holds afterwards.
    pub create: Arc<Value>,
    pub update: Arc<Value>,
    /// Keyed hash over `update`, and for each of its fields.
    pub hash: String,
    pub fields: Arc<BTreeMap<String, String>>,
    pub link: Option<Link>,
    pub sent: Option<Arc<Sent>>,
    /// The records of the target that it was linked to and that are lost there, where it is to be made again.
    pub lost: Vec<String>,
    /// Links of other flows from those to this record, that go when it gets another one.
    pub links_back: Vec<Link>,
    /// The target's id of the record that this one is a part of.
    pub parent: Option<String>,
    pub intent: Option<IntentId>,
    /// Intents of earlier runs for the same, that end with it.
    pub superseded: Vec<IntentId>,
    /// It was sent in this run, whatever became of it.
    pub was_sent: bool,
    /// What an earlier run was doing with it when it died.
    pub interrupted: Option<Action>,
    /// Among what earlier runs (or reverts) that died were doing with it was a deletion: if it is gone, it was ours.
    pub was_being_deleted: bool,
    /// The same of a deactivation.
    pub was_being_deactivated: bool,
    /// An earlier run that died was sending other content than that of now: nobody knows which of the fields the target holds.
    pub unsure: bool,
    pub decision: Decision,
    pub warnings: Vec<Cause>,
    /// Why the target does not take it yet, when it said so itself.
    pub held_back: Option<Cause>,
    /// Why it waits, where more is known than what it waits for.
    pub waits_because: Option<Cause>,
    /// What it goes on waiting for though it is rejected.
    pub awaits: Option<Reference>,
    /// What finds a record that the flow never makes; its links hold no key, since several records may belong to it.
    pub asked: Option<Key>,
    /// Who it is about, where the flow looks for people.
    pub person: Option<Box<Person>>,
    /// It may be somebody whom the page makes, and is looked at again after that.
    pub later: bool,
    /// Who it could be, when a person has to decide.
    pub review: Vec<ReviewCandidate>,
    /// Who it was found to be by who it is.
    pub proposed: Option<ReviewCandidate>,
    /// What was compared, kept by plans alone.
    pub compared: Arc<Value>,
}

/// What is to be done with a unit, and in the end what was done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Decision {
    /// Not looked at yet.
    Open,
    /// Nothing to send; `found` is a record of the target that was not linked before.
    Unchanged {
        found: Option<Found>,
    },
    /// To be sent.
    Write(Change),
    /// Done: `change` took effect under this id and version.
    Written {
        change: Change,
        id: String,
        version: Option<String>,
    },
    /// Nothing is sent, and the link goes: the record is gone already, or another source still has it; `is_off`: it is there, and switched off already.
    Unlinked {
        is_off: bool,
    },
    Rejected(Vec<Cause>),
    Waiting(Reference),
    Skipped(Vec<Cause>),
    /// It stays due. `unsettled`: it may have taken effect, and its intent stays open.
    Failed {
        cause: Cause,
        unsettled: bool,
    },
}

/// A record of the target that was found by its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub id: String,
    pub version: Option<String>,
}

/// A write that was decided on.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub action: Action,
    pub target_id: Option<String>,
    /// What the target had as its version when it was looked at.
    pub target_version: Option<String>,
    /// What is sent.
    pub body: Arc<Value>,
    /// The same fields as they are in the target before.
    pub before: Value,
}

impl Unit {
    /// A unit of which nothing is known yet.
    pub fn new(item: usize, record: usize, part: &str, decision: Decision) -> Self {
        Self {
            item,
            record,
            index: None,
            part: part.to_owned(),
            key: Key(Vec::new()),
            create: Arc::default(),
            update: Arc::default(),
            hash: String::new(),
            fields: Arc::default(),
            link: None,
            sent: None,
            lost: Vec::new(),
            links_back: Vec::new(),
            parent: None,
            intent: None,
            superseded: Vec::new(),
            was_sent: false,
            interrupted: None,
            was_being_deleted: false,
            was_being_deactivated: false,
            unsure: false,
            decision,
            warnings: Vec::new(),
            held_back: None,
            waits_because: None,
            awaits: None,
            asked: None,
            person: None,
            later: false,
            review: Vec::new(),
            proposed: None,
            compared: Arc::default(),
        }
    }

    /// After an early end: what was not sent stays due.
    pub fn leave_undone(&mut self, error: &Error) {
        if matches!(self.decision, Decision::Open | Decision::Write(_)) {
            self.decision = Decision::Failed { cause: error.cause.clone(), unsettled: false };
        }
    }

    /// Whether its record is linked by what a plan has decided, and was not before.
    pub fn would_be_linked(&self) -> bool {
        self.link.is_none() && self.lost.is_empty() && self.has_arrived()
    }

    /// The outcome that this part comes to.
    pub fn outcome(&self) -> Outcome {
        match &self.decision {
            Decision::Unchanged { .. } => Outcome::Unchanged,
            Decision::Write(change) | Decision::Written { change, .. } => match change.action {
                Action::Create => Outcome::Created,
                Action::Update => Outcome::Updated,
                Action::Delete | Action::Deactivate => Outcome::Deleted,
            },
            Decision::Unlinked { .. } => Outcome::Deleted,
            Decision::Rejected(_) => Outcome::Rejected,
            Decision::Waiting(_) => Outcome::Waiting,
            Decision::Skipped(_) => Outcome::Skipped,
            Decision::Open | Decision::Failed { .. } => Outcome::Failed,
        }
    }

    /// Whether it is there still, and switched off: by this page, or by whoever did that before.
    pub fn is_switched_off(&self) -> bool {
        match &self.decision {
            Decision::Unlinked { is_off } => *is_off,
            Decision::Write(change) | Decision::Written { change, .. } => change.action == Action::Deactivate,
            _ => false,
        }
    }

    /// Whether the target has its record by now, or will have in the run that is planned.
    pub fn has_arrived(&self) -> bool {
        match &self.decision {
            Decision::Unchanged { .. } | Decision::Write(_) => true,
            Decision::Written { change, .. } => matches!(change.action, Action::Create | Action::Update),
            _ => false,
        }
    }

    /// The id of the target record, once it is known.
    pub fn target_id(&self) -> Option<&str> {
        match &self.decision {
            Decision::Written { id, .. } => Some(id),
            Decision::Unchanged { found: Some(found) } => Some(&found.id),
            Decision::Write(change) => change.target_id.as_deref(),
            _ => self.link.as_ref().map(|link| link.target_id.as_str()),
        }
    }

    /// The fields of a record that was just made in which an update differs from the creation: rows of the sheet with `on: update`. They are still to be sent.
    pub fn left_for_an_update(&self) -> Vec<&str> {
        let Decision::Written { change, .. } = &self.decision else { return Vec::new() };
        // One and the same, as in most flows.
        if Arc::ptr_eq(&change.body, &self.update) {
            return Vec::new();
        }
        let (Action::Create, Some(made), Some(update)) = (change.action, change.body.as_object(), self.update.as_object()) else {
            return Vec::new();
        };
        let differs = |name: &String, content: &Value| made.get(name).unwrap_or(&Value::Null) != content;
        update.iter().filter(|(name, content)| differs(name, content)).map(|(name, _)| name.as_str()).collect()
    }

    /// The fields that are, or were, written.
    pub fn written_fields(&self) -> Vec<String> {
        match &self.decision {
            Decision::Write(change) | Decision::Written { change, .. } => {
                change.body.as_object().map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    /// Why it did not go through.
    pub fn causes(&self) -> Vec<Cause> {
        match &self.decision {
            Decision::Rejected(causes) | Decision::Skipped(causes) => causes.clone(),
            Decision::Failed { cause, .. } => vec![cause.clone()],
            Decision::Waiting(reference) => {
                let known = self.held_back.clone().or_else(|| self.waits_because.clone());
                std::iter::once(known.unwrap_or_else(|| waits_for(reference))).chain(self.warnings.iter().cloned()).collect()
            }
            _ => self.warnings.clone(),
        }
    }
}

/// Whether a place is closed by what is written of it, or is closed already.
pub(crate) fn is_inactive(body: &Value) -> bool {
    let is_off = |active: &Value| *active == Value::Bool(false) || active == "false";
    body.get("active").is_some_and(is_off) || body.get("closedDate").is_some_and(|day| !value::is_empty(day))
}

/// Why a record waits.
pub(crate) fn waits_for(reference: &Reference) -> Cause {
    let Reference { flow, source_id } = reference;
    Cause::new(codes::WAITING, format!("it waits for a record of `{flow}` that has not arrived: {source_id}"))
}

/// The same where that one was rejected.
pub(crate) fn waits_for_rejected(Reference { flow, source_id }: &Reference, code: Code) -> Cause {
    let message = format!("it waits for a record of `{flow}` that was rejected ({code}; `rejects list {flow} --each` has it): {source_id}");
    Cause::new(codes::WAITING, message)
}
