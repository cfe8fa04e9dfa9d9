//! What a connector is to the engine: a declaration, systems opened from a project, sources that stream pages and targets that
//! look up and write batches.
//!
//! A connector never sees the store, a flow or a run. It is handed a [`Context`] with everything that comes from outside. It
//! answers a batch with one outcome for each record, and says of every failure what happens next and whether what it sent may
//! have taken effect.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::BoxFuture;
use crate::clock::{Clock, Random};
use crate::error::{Cause, Error, Problem};
use crate::labels::Labels;
use crate::numbers::{Frame, Places};
pub use crate::places::PlacePaths;
use crate::record::{Cursor, Page, Partition};

/// What a kind of system says of itself: made once, shown by `systems kinds`, checked by `check`.
#[derive(Debug, Clone, Serialize)]
pub struct Declaration {
    /// The word for `kind:` in `kivuko.yaml`.
    pub kind: &'static str,
    /// What it is, in a sentence.
    pub about: &'static str,
    /// Where it fits in a list: `outbreak`, `file`, ...
    pub category: &'static str,
    /// How far one can rely on it.
    pub status: Status,
    /// Whether it reads, writes or both.
    pub reads: bool,
    pub writes: bool,
    /// The JSON Schema of its options in `kivuko.yaml`, `kind` left out; every property has a sentence.
    pub options: Value,
    /// The JSON Schema of its own keys in a flow's `from:` (`encoding`, `dates`, ...), an object with `properties`; `Value::Null` when it has none.
    /// What is neither there nor a key of every flow is refused by `check`.
    pub from_options: Value,
    /// The same for a flow's `to:`.
    pub to_options: Value,
    /// The names of options that are secrets.
    pub secrets: &'static [&'static str],
    /// The names of its resources, or none when they depend on the system.
    pub resources: &'static [&'static str],
    /// Whether its sources know the identity of their records by themselves, so that a flow needs no `id:`.
    pub knows_identity: bool,
    /// Whether its sources are read from the beginning each time ([`Source::reads_whole`]), so that rows can be put together to groups.
    pub reads_whole: bool,
    /// The option that says which part of the system is written to (`outbreak`), when a flow may choose it for each record: `to: { scope: { outbreak: ... } }`.
    pub scope: Option<&'static str>,
}

/// How far one can rely on a connector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Experimental,
    Stable,
}

/// A kind of system. One folder of `kivuko-connectors` and one line in its registry.
pub trait Connector: Send + Sync {
    /// What it says of itself.
    fn declaration(&self) -> Declaration;

    /// Opens a system from its checked options (without `kind`). No network yet.
    ///
    /// # Errors
    /// What is wrong with the options beyond their schema.
    fn open(&self, settings: Settings, context: Context) -> Result<Arc<dyn System>, Vec<Problem>>;
}

/// A system of the project, ready to be opened.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Its name in the project.
    pub name: String,
    /// Its options with all variables filled in.
    pub options: Value,
    /// The folder of the project: what file paths are relative to.
    pub project: PathBuf,
}

/// Everything that comes to a connector from outside.
#[derive(Clone)]
pub struct Context {
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub cancel: Cancel,
    pub session: Arc<dyn Session>,
    pub meter: Arc<Meter>,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Context").finish_non_exhaustive()
    }
}

/// Says that the run is to end: a signal came, or another part of it failed. Nothing new is sent after it.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Asks everyone to end.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether someone asked.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Counts what goes over the wire, for the account of a run.
#[derive(Debug, Default)]
pub struct Meter {
    requests: AtomicU64,
    retries: AtomicU64,
}

impl Meter {
    /// One request was sent (each try counts).
    pub fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// A request was sent again.
    pub fn retry(&self) {
        self.retries.fetch_add(1, Ordering::Relaxed);
    }

    /// Requests sent so far.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Requests sent again so far.
    pub fn retries(&self) -> u64 {
        self.retries.load(Ordering::Relaxed)
    }
}

/// A small value that all who use one account share: Go.Data has one live token for an account.
pub trait Session: Send + Sync {
    /// The present value.
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Shared>, Error>>;

    /// Replaces the value that was `seen` (`None`: there was none). Under a lease only one caller runs `make`; everyone else waits and
    /// gets what it made. If the present value is no longer the one seen, it is returned and `make` is not run.
    fn replace<'a>(&'a self, key: &'a str, seen: Option<u64>, make: Make<'a>) -> BoxFuture<'a, Result<Shared, Error>>;
}

/// Makes the new value of a [`Session::replace`].
pub type Make<'a> = Box<dyn FnOnce() -> BoxFuture<'a, Result<String, Error>> + Send + 'a>;

/// A value of the session with its generation.
#[derive(Clone, PartialEq, Eq)]
pub struct Shared {
    pub generation: u64,
    pub value: String,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Shared {{ generation: {}, value: (secret) }}", self.generation)
    }
}

/// One instance of a kind of system.
pub trait System: Send + Sync {
    /// Reaches it, logs in, and says what it found. For `systems test` and `check --online`.
    fn test(&self) -> BoxFuture<'_, Result<Health, Error>>;

    /// What makes this instance this instance and no other: the store stops when it changes. `None` for systems without one (files).
    fn identity(&self) -> BoxFuture<'_, Result<Option<Identity>, Error>>;

    /// Its resources with their fields.
    fn describe(&self) -> BoxFuture<'_, Result<Vec<ResourceDescription>, Error>>;

    /// What its codes (and places) are called in a language; `None` for systems that have no labels.
    ///
    /// # Errors
    /// It cannot be asked, or does not have the language: the message names those that it has.
    fn labels<'a>(&'a self, _language: &'a str) -> BoxFuture<'a, Result<Option<Labels>, Error>> {
        Box::pin(async { Ok(None) })
    }

    /// Its places (locations, org units) and which lies in which, so that an aggregate can roll a place up to the next one that it knows; `None` for systems
    /// without places.
    ///
    /// # Errors
    /// It cannot be asked.
    fn places(&self) -> BoxFuture<'_, Result<Option<Places>, Error>> {
        Box::pin(async { Ok(None) })
    }

    /// Where records of a resource say what place they are; `None`: they are no places, or the kind of system cannot tell (a file).
    fn place_paths(&self, _resource: &str) -> Option<PlacePaths> {
        None
    }

    /// Opens a resource for reading. No network yet.
    fn source(&self, spec: &SourceSpec) -> Result<Box<dyn Source>, Error>;

    /// Opens a resource for writing. No network yet.
    fn target(&self, spec: &TargetSpec) -> Result<Box<dyn Target>, Error>;
}

/// What a test of a system found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Health {
    /// The version of the other system, or what could be told of it.
    pub version: Option<String>,
    /// What was tried and found, a line each, for people.
    pub findings: Vec<String>,
    /// What will not work, a line each.
    pub warnings: Vec<Warning>,
}

/// What will not work with a system: a line for people, and who needs it. Shown and written as the line alone.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Warning {
    text: String,
    reading: Vec<&'static str>,
    writing: Vec<&'static str>,
}

impl Warning {
    /// One that concerns only who reads one of these resources, or writes one of those; with none of either everybody.
    pub fn of(text: impl Into<String>, reading: &[&'static str], writing: &[&'static str]) -> Self {
        Self { text: text.into(), reading: reading.to_vec(), writing: writing.to_vec() }
    }

    /// Whether it concerns somebody who reads and writes these resources.
    pub fn concerns(&self, reads: impl Fn(&str) -> bool, writes: impl Fn(&str) -> bool) -> bool {
        let everybody = self.reading.is_empty() && self.writing.is_empty();
        everybody || self.reading.iter().any(|resource| reads(resource)) || self.writing.iter().any(|resource| writes(resource))
    }
}

impl From<String> for Warning {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

impl From<Warning> for String {
    fn from(warning: Warning) -> Self {
        warning.text
    }
}

impl std::ops::Deref for Warning {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

/// What makes an instance this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Compared: an id that no other instance has.
    pub id: String,
    /// Shown: `outbreak Ebola 2026`.
    pub label: String,
}

/// A resource of a system, with its fields.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResourceDescription {
    pub name: String,
    pub about: String,
    pub reads: bool,
    pub writes: bool,
    pub fields: Vec<FieldDescription>,
}

/// A field of a resource.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FieldDescription {
    /// In the path grammar: `addresses[].city`.
    pub path: String,
    /// `text`, `number`, `boolean`, `date`, `code`, `place`, `object`, `array`.
    pub kind: &'static str,
    /// The code list of a coded field.
    pub codes: Option<String>,
    pub required: bool,
    /// The other side sets it; it cannot be written.
    pub read_only: bool,
}

/// What a flow reads.
#[derive(Debug, Clone, Default)]
pub struct SourceSpec {
    /// `cases`, or a file name or folder for the kind `file`.
    pub resource: String,
    /// The path of the identity, for sources that do not know it.
    pub id: Option<String>,
    /// The path of the time of change, for sources that do not know it.
    pub cursor: Option<String>,
    /// Options of the source that are the connector's own (`encoding`, `separator`, `dates`, ...), as written in the flow.
    pub options: Value,
}

/// One reading of a partition.
#[derive(Debug, Clone)]
pub struct ReadRequest {
    pub partition: Partition,
    /// Where to go on; `None`: from the start.
    pub from: Option<Cursor>,
    /// Only records changed in this window; the live cursor is not used then.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only these identities, when a few records are read afresh.
    pub only: Option<Vec<String>>,
    /// The paths that will be read of each record; empty means all. A connector may fetch less than the whole record, never less than these.
    pub paths: Vec<String>,
    /// How many records in a page, at most.
    pub page_size: usize,
}

/// Streams the records of a resource. What it cannot see of the changes is stated in its module doc.
pub trait Source: Send + Sync {
    /// The partitions, in the order in which they are read.
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>>;

    /// Starts reading.
    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn Pages>, Error>>;

    /// Whether a completed reading starts from the beginning next time (files), so that absence from it means deletion and duplicates can be
    /// looked for beforehand at little cost.
    fn reads_whole(&self) -> bool;

    /// The columns that the header of a table names, before any record is read; `None` where records need not have the same fields.
    fn columns<'a>(&'a self, _partition: &'a Partition) -> BoxFuture<'a, Result<Option<Vec<String>>, Error>> {
        Box::pin(async { Ok(None) })
    }
}

/// The pages of one reading. Reading the same place again gives the same records, unless they changed.
pub trait Pages: Send {
    /// The next page; `None` at the end.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>>;
}

/// What a flow writes.
#[derive(Debug, Clone, Default)]
pub struct TargetSpec {
    pub resource: String,
    /// The paths whose values together find a record: `documents[type=EXTERNAL_ID].number`.
    pub key: Vec<String>,
    /// All target paths that the sheet writes, for checks before the first record.
    pub paths: Vec<String>,
    /// `duplicates: accept`: the flow knows that its key cannot be searched or is rewritten.
    pub accept_duplicates: bool,
    /// Which part of the system is written to, by its name or id, in the place of what the system's own option says: see [`Declaration::scope`].
    pub scope: Option<String>,
    /// Options of the target that are the connector's own, as written in the flow.
    pub options: Value,
}

/// What a target can do: data, so that the engine never asks what kind it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Capabilities {
    /// How many records one call of `write` takes at most.
    pub batch_size: usize,
    /// How many calls of `write` may be in flight together.
    pub concurrency: usize,
    /// How many keys one call of `lookup` or `fetch` takes at most.
    pub lookup_size: usize,
    /// Paths that the target replaces whole: their present value is read, merged by the identity of their items, and sent whole.
    pub replaced_whole: Vec<ReplacedWhole>,
    /// Lists among them, fields at the top of a record, whose items are nothing but their identity: what a flow had put there goes when the source says something else.
    pub former_goes: Vec<String>,
    /// Fields at the top of a record whose value no two records of the target may share, beside the key (`visualId`).
    pub unique: Vec<String>,
    /// Whether `Action::Delete` works.
    pub deletes: bool,
    /// Whether `Action::Deactivate` works.
    pub deactivates: bool,
    /// Whether what the target shows of a record is what can be written of it, so that one that was deleted can be made again under its own id, and one that was
    /// deactivated gets back what it had.
    pub remakes: bool,
    /// Whether what was deleted can never be made again, since its id or name stays taken: a revert deactivates it instead, where that works.
    pub deletes_for_good: bool,
    /// Fields at the top of a record that are lists to which the target only adds: nothing is ever taken from them.
    pub only_added: Vec<String>,
    /// How long a write may still take effect after its connection was lost, in seconds.
    pub settle_secs: f64,
    /// How many usual pages make one for this target; 1 unless each page costs it as much as all that it holds, as a file that is rewritten whole.
    pub pages_at_once: usize,
}

/// A path that the target replaces whole, and what makes two of its items the same one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplacedWhole {
    /// `addresses`, `documents`, `questionnaireAnswers`.
    pub path: String,
    /// The fields that identify an item (`typeId`); empty for an object, which is merged by its keys.
    pub identity: Vec<String>,
}

/// The values of a key, in the order of `TargetSpec::key`. Never empty texts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key(pub Vec<String>);

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join(" / "))
    }
}

/// A record that the target holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    pub id: String,
    /// The target's version of it (`updatedAt`).
    pub version: Option<String>,
    /// It is there, but deleted: it is noticed, never written to.
    pub deleted: bool,
    /// What it holds now.
    pub body: Value,
    /// Whether it can be written to.
    pub standing: Standing,
}

/// Whether a record that was found can be written to.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum Standing {
    /// As it is.
    #[default]
    Usual,
    /// There is nothing under this id, which the target takes for this content: a 0 that DHIS2 does not keep. It is written to as usual, and whoever asks what is lost has to know what was left there.
    Assumed,
    /// The target has to do something to it first, as the flow says (restore it, make another kind of it): it is written even if it holds all that is
    /// to be sent.
    Due,
    /// Not as it is, and this is why: a person decides.
    Barred(Cause),
}

/// A record of the target that lies in another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inside {
    pub id: String,
    /// Whether it is in use: what is closed keeps nobody open.
    pub active: bool,
}

/// `2026-06-15`, which a moment begins with too.
const DATE_LENGTH: usize = 10;

impl Candidate {
    /// Whether the target shows it as switched off: its `active` is false, or it has a `closedDate`.
    pub fn is_inactive(&self) -> bool {
        self.body.get("active") == Some(&Value::Bool(false)) || self.body.get("closedDate").is_some_and(|day| !day.is_null())
    }

    /// Whether switching it off on this day would change nothing: one that closes only later is still in use.
    pub fn is_off_on(&self, today: Date) -> bool {
        let has_come = |day: &Value| {
            let day = day.as_str().and_then(|day| day.get(..DATE_LENGTH)?.parse::<Date>().ok());
            day.is_some_and(|day| day <= today)
        };
        self.body.get("active") == Some(&Value::Bool(false)) || self.body.get("closedDate").is_some_and(has_come)
    }

    /// Why it cannot be written to.
    pub const fn barred(&self) -> Option<&Cause> {
        match &self.standing {
            Standing::Barred(cause) => Some(cause),
            Standing::Usual | Standing::Assumed | Standing::Due => None,
        }
    }

    /// The target takes it as it is, with nothing to be done to it first.
    pub fn is_usual(&self) -> bool {
        matches!(self.standing, Standing::Usual | Standing::Assumed)
    }

    /// It is there and is what was looked for, with nothing left to do.
    pub fn stands(&self) -> bool {
        !self.deleted && self.is_usual()
    }
}

/// Stands in a plan for the id of a record that the run would have made by then. Connectors take it for one that exists ([`is_not_yet`]).
pub const NOT_YET: &str = "(new)";

/// The same for what a record of the source would become: two that are still to be made are told apart.
pub fn not_yet(source_id: &str) -> String {
    format!("{NAMED_NOT_YET}{source_id})")
}

/// Whether an id stands for a record that is still to be made.
pub fn is_not_yet(id: &str) -> bool {
    id == NOT_YET || source_of_not_yet(id).is_some()
}

/// The record of the source whose target record is still to be made.
pub fn source_of_not_yet(id: &str) -> Option<&str> {
    id.strip_prefix(NAMED_NOT_YET)?.strip_suffix(')')
}

/// What the stand-in for the target record of a record of the source begins with.
const NAMED_NOT_YET: &str = "(new: ";

/// What is to be done with one record of the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    Create,
    Update,
    Delete,
    Deactivate,
}

impl Action {
    /// The word in files, tables and JSON.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Deactivate => "deactivate",
        }
    }
}

/// One record to write.
#[derive(Debug, Clone, PartialEq)]
pub struct Write {
    pub action: Action,
    /// The key, for targets that write by key.
    pub key: Key,
    /// The target's id; `None` for a creation.
    pub id: Option<String>,
    /// For a creation everything, for an update the changed top-level fields only.
    pub body: Arc<Value>,
    /// The target's id of the record that this one is a part of.
    pub parent: Option<String>,
}

/// What became of one written record.
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// It took effect. `version` is the target's new version of it, `returned` what it answered, where it did.
    Done { id: String, version: Option<String>, returned: Option<Value> },
    /// The target refused it: it did not take effect and will not.
    Refused(Cause),
    /// The target cannot take it before something else has come there: it did not take effect, and waits.
    NotYet(Cause),
    /// It did not take effect, for a reason that lies not in the record; or it may have (`effect_unknown`), which the engine settles by looking it up.
    Failed(Error),
}

/// Why a write would not get through, as a plan foresees it.
#[derive(Debug, Clone, PartialEq)]
pub enum Obstacle {
    /// The target would refuse it.
    Refused(Cause),
    /// The target would not take it before something else has come there; it would wait.
    NotYet(Cause),
}

/// Looks up and writes the records of one resource.
pub trait Target: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Gets ready before the first record, without changing anything: reads code lists and places, checks that the key can be searched and
    /// that the paths are fields. Also for `plan` and `check --online`.
    ///
    /// All that is wrong comes back as causes; an `Err` means that the system could not be asked.
    fn prepare(&self) -> BoxFuture<'_, Result<Vec<Cause>, Error>>;

    /// The part of the system that is written to, after `prepare`: its id, which tells two of one name apart, and its name. `None` for systems without
    /// such parts.
    fn scope(&self) -> BoxFuture<'_, Result<Option<Identity>, Error>> {
        Box::pin(async { Ok(None) })
    }

    /// What the data set that is written to is, after `prepare`: its elements, categories, org units and periods. `None` for targets that do not take
    /// numbers.
    ///
    /// # Errors
    /// It cannot be asked.
    fn frame(&self) -> BoxFuture<'_, Result<Option<Arc<Frame>>, Error>> {
        Box::pin(async { Ok(None) })
    }

    /// What must not be written to by two at a time (account and outbreak). The engine holds a lease on it while writing.
    fn exclusive(&self) -> BoxFuture<'_, Result<Option<String>, Error>>;

    /// Called under the lease before the first write, and again before the first write after another target of this system was written to: switches the active
    /// outbreak and the like.
    fn begin(&self) -> BoxFuture<'_, Result<(), Error>>;

    /// Brings a mapped record into the target's own form (types, dates, full code ids) or says everything that is wrong with it: what the target would
    /// refuse, and what it would accept but must not get. Called after `prepare`.
    fn conform(&self, body: Value) -> Result<Value, Vec<Cause>>;

    /// The records that hold these keys, for each key in its place; deleted ones included and marked.
    fn lookup<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Vec<Candidate>>, Error>>;

    /// The records with these ids, for each id in its place.
    fn fetch<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<Candidate>>, Error>>;

    /// What would keep each of these records from being written, in the place of each; nothing is changed, and nothing is asked that has an effect. What was foreseen
    /// before counts as written, unless something stood against it. A creation has a stand-in for the id of its record ([`not_yet`]), by which others refer to it. For
    /// plans: what the target looks at only when it is written to (the names of siblings, which may come in the same run). An empty answer: nothing is foreseen.
    ///
    /// # Errors
    /// The system could not be asked.
    fn foresee<'a>(&'a self, _batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Option<Obstacle>>, Error>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    /// Why the target does not take this change of a record where it lies, though nothing is wrong with its content: its period is locked, or not open yet; nothing can be given at its place any more. Asked for what
    /// differs from what is there, before it is noted; `id` is that of a record that is there, and `body` what would be sent.
    fn closed(&self, _action: Action, _id: Option<&str>, _body: &Value) -> Vec<Cause> {
        Vec::new()
    }

    /// What lies in each of these records by now, for each id in its place: while anything does the target refuses to delete the record, or would take it along; while anything that is in use does it may refuse to close it.
    /// Empty where the target knows nothing of the kind.
    ///
    /// # Errors
    /// It cannot be asked.
    fn inside<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<Inside>>, Error>> {
        Box::pin(async move { Ok(vec![Vec::new(); ids.len()]) })
    }

    /// Writes a batch; one answer for each record, in its place. An `Err` says that nothing of the batch was sent.
    fn write<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Written>, Error>>;
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_closes_later_is_not_off_yet() {
        let check = |body: Value, expected: bool| {
            let candidate = Candidate { id: "1".into(), version: None, deleted: false, standing: Standing::Usual, body: body.clone() };
            assert_eq!(candidate.is_off_on(date(2026, 6, 15)), expected, "{body}");
        };
        check(json!({ "active": false }), true);
        check(json!({ "active": true }), false);
        check(json!({ "name": "Bo" }), false);
        check(json!({ "closedDate": null }), false);
        check(json!({ "closedDate": "2026-06-15" }), true);
        check(json!({ "closedDate": "2026-06-15T00:00:00.000" }), true);
        check(json!({ "closedDate": "2026-06-16" }), false);
        // What it says nobody knows: it is written.
        check(json!({ "closedDate": "soon" }), false);
    }
}
