//! What Kivuko remembers, by table, and the one transaction that keeps a stopped run going on where it was.
//!
//! Outcomes, links, what was last sent, waiting records, rejections, closed intents and the cursor of a page are one [`PageCommit`] and take effect
//! together or not at all. An intent is durable before the request that it stands for is sent. Payloads are encrypted; hashes of people's
//! data are keyed.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::BoxFuture;
use crate::cells::{Cell, CellFilter, CellNumber, CellRow, CellsPage, KnownRecord, PartPlace, PartsPage, RecordOfCell};
use crate::connector::{Action, Identity, Key, Shared};
use crate::error::{Cause, Code, Error};
use crate::outcome::{Counts, Outcome, Status};
use crate::people::{Decided, FoundPerson, PeopleCount, PeoplePage, Review, ReviewRow};
use crate::record::{Cursor, Partition};
use crate::yaml::Node;

/// The number of a run, counted up in each store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RunId(pub i64);

impl RunId {
    /// Under which session what a run told is kept. It goes with the outcomes of the run.
    pub fn told_key(self) -> String {
        format!("what run {self} told")
    }
}

impl std::fmt::Display for RunId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of an intent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct IntentId(pub i64);

/// The exact text of everything that a flow ran with. Addressed by its hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlowVersion {
    /// Hash over the texts and Kivuko's version.
    pub hash: String,
    pub flow: String,
    pub kivuko: String,
    /// File name to text: the flow, its sheets and code maps, the project file with its variables unexpanded.
    pub texts: BTreeMap<String, String>,
}

impl FlowVersion {
    /// The systems between which it led: from, to. `None` where its text is not there.
    pub fn systems(&self) -> Option<(String, String)> {
        let of_flow = |(file, text): (&String, &String)| {
            let node = crate::yaml::parse(file, text.as_bytes(), &mut Vec::new())?;
            let text_at = |keys: &[&str]| node.at_path(keys).and_then(Node::text).map(str::to_owned);
            (text_at(&["flow"])? == self.flow).then_some(())?;
            Some((text_at(&["from", "system"])?, text_at(&["to", "system"])?))
        };
        self.texts.iter().filter(|(file, _)| file.starts_with("flows/")).find_map(of_flow)
    }
}

/// A run, as it begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunStart {
    pub flow: String,
    pub version: String,
    /// `manual`, `cron`, ...
    pub trigger: String,
    /// The options that it was called with, in words: `--only C-1`.
    pub options: String,
    pub started: Timestamp,
}

/// A run, as it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Run {
    pub id: RunId,
    pub flow: String,
    pub version: String,
    pub trigger: String,
    pub options: String,
    pub started: Timestamp,
    pub finished: Option<Timestamp>,
    pub status: Status,
    pub counts: Counts,
    /// Why it ended early.
    pub error: Option<Cause>,
}

/// Names one record of a source.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SourceKey {
    pub system: String,
    pub resource: String,
    pub id: String,
}

/// This record here is that record there. Belongs to the project: every flow sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub source: SourceKey,
    /// Which of the flow's target records; empty when there is one. Items of `each` carry their identity: `lab#S-17`.
    pub part: String,
    pub target_system: String,
    pub target_resource: String,
    pub target_id: String,
    pub key: Key,
    /// The flow that made it.
    pub flow: String,
    /// Whether that flow created the record of the target, or found it there.
    pub created: bool,
    /// The run in which the source record was last seen.
    pub seen: RunId,
    /// The target's version after our last write.
    pub version: Option<String>,
}

/// Names one record of a target.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TargetKey {
    pub system: String,
    pub id: String,
}

/// What a flow last sent for a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub flow: String,
    pub source_id: String,
    pub part: String,
    /// Keyed hash over the whole mapped content.
    pub hash: String,
    /// Keyed hash for each top-level field of the target.
    pub fields: Arc<BTreeMap<String, String>>,
    /// The source's version of the record, to drop what an overlap repeats.
    pub source_version: Option<String>,
    pub run: RunId,
}

/// A write that is about to be sent. A store may keep it by the names of its fields, and an open one outlives the version that noted it: they do not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub flow: String,
    pub source: SourceKey,
    pub part: String,
    pub target_system: String,
    pub target_resource: String,
    pub action: Action,
    pub key: Key,
    /// The target's id, when it is known.
    pub target_id: Option<String>,
    /// Keyed hash over the mapped content.
    pub hash: String,
    pub run: RunId,
    pub noted: Timestamp,
}

/// An intent with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    pub id: IntentId,
    pub intent: Intent,
}

/// What became of one source record, or of one part of it, in a run. `Unchanged` has no row: it is a count of the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeRow {
    pub source_id: String,
    /// Where it stood: `cases.csv, row 17`.
    pub place: String,
    /// Empty for the record itself, else the part.
    pub part: String,
    pub outcome: Outcome,
    pub target_resource: String,
    pub target_id: Option<String>,
    /// The top-level fields that were written.
    pub fields: Vec<String>,
    pub causes: Vec<Cause>,
}

/// A record that did not get through. Belongs to (flow, source record): the next outcome of that record closes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rejection {
    pub flow: String,
    pub source_id: String,
    pub place: String,
    pub causes: Vec<Cause>,
    /// The record as it came, when the flow keeps it. Encrypted at rest.
    pub payload: Option<Vec<u8>>,
    pub run: RunId,
    pub at: Timestamp,
}

/// A rejection as it is remembered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RejectionRow {
    pub id: i64,
    pub flow: String,
    pub source_id: String,
    pub place: String,
    pub causes: Vec<Cause>,
    pub has_payload: bool,
    pub first_run: RunId,
    pub last_run: RunId,
    pub first_at: Timestamp,
    pub last_at: Timestamp,
    /// How many runs rejected it.
    pub times: u64,
}

/// A record whose reference has not arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    pub flow: String,
    pub source_id: String,
    pub partition: Partition,
    pub place: String,
    /// What it waits for: the flow or record named in `ref`, and the identity there.
    pub reference: Reference,
    pub since: Timestamp,
}

/// A reference to a record that another flow, or another part, writes.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Reference {
    /// The name of the flow whose source holds the record. Of a record that waits for one of several flows: all of them, as [`Reference::flows`] puts them.
    pub flow: String,
    /// Its identity in that flow's source.
    pub source_id: String,
}

impl Reference {
    const BETWEEN: &str = ", ";

    /// Several flows in the place of one: whichever writes the record.
    pub fn flows(names: &[String]) -> String {
        names.join(Self::BETWEEN)
    }

    /// One reference for each of the flows that it names.
    pub fn alternatives(&self) -> impl Iterator<Item = Reference> + '_ {
        self.flow.split(Self::BETWEEN).map(|flow| Reference { flow: flow.to_owned(), source_id: self.source_id.clone() })
    }
}

/// The values of a target record before and after a write, when the flow keeps payloads. Encrypted at rest; what `revert` restores.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub source_id: String,
    pub part: String,
    pub target_resource: String,
    pub target_id: String,
    pub action: Action,
    /// The target's version right after the write.
    pub version: Option<String>,
    /// The written fields as they were before; empty for a creation.
    pub before: Vec<u8>,
}

/// Everything that one page changes. One transaction.
#[derive(Debug, Clone)]
pub struct PageCommit {
    pub run: RunId,
    pub flow: String,
    pub partition: Partition,
    pub at: Timestamp,
    /// Where reading goes on; `None`: the page is not finished, the cursor stays.
    pub cursor: Option<Cursor>,
    pub counts: Counts,
    pub outcomes: Vec<OutcomeRow>,
    /// Source records seen and unchanged: their links get the run as last seen.
    pub seen: Vec<SourceKey>,
    pub links: Vec<Link>,
    /// Links whose target record is gone.
    pub unlinked: Vec<Link>,
    /// Records of a target that Kivuko itself deleted or deactivated: they may be made again, or opened, however long ago that was. Whoever is linked to one of them takes it off that list.
    pub deleted: Vec<TargetKey>,
    pub sent: Vec<Sent>,
    /// Intents whose outcome is known.
    pub closed_intents: Vec<IntentId>,
    /// Rejections of this page.
    pub rejections: Vec<Rejection>,
    /// Source ids that had an outcome other than rejected, failed or waiting: their open rejection is closed.
    pub closed_rejections: Vec<String>,
    pub waiting: Vec<Waiting>,
    /// Source ids that no longer wait.
    pub arrived: Vec<String>,
    pub kept: Vec<Kept>,
    /// Questions to a person; those on records in `closed_rejections` are closed.
    pub reviews: Vec<Review>,
    /// What changes of the numbers that records are counted into.
    pub cells: CellsPage,
}

impl PageCommit {
    /// A page in which nothing happened yet.
    pub fn new(run: RunId, flow: &str, partition: Partition, at: Timestamp) -> Self {
        Self {
            run,
            flow: flow.to_owned(),
            partition,
            at,
            cursor: None,
            counts: Counts::default(),
            outcomes: Vec::new(),
            seen: Vec::new(),
            links: Vec::new(),
            unlinked: Vec::new(),
            deleted: Vec::new(),
            sent: Vec::new(),
            closed_intents: Vec::new(),
            rejections: Vec::new(),
            closed_rejections: Vec::new(),
            waiting: Vec::new(),
            arrived: Vec::new(),
            kept: Vec::new(),
            reviews: Vec::new(),
            cells: CellsPage::default(),
        }
    }
}

/// A held lease. Its `fence` is greater than that of every earlier holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub name: String,
    pub holder: String,
    pub fence: i64,
    pub until: Timestamp,
}

/// A change of a cursor by a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CursorRow {
    pub partition: Partition,
    pub cursor: Cursor,
    pub at: Timestamp,
    /// Why, when a person set it.
    pub reason: Option<String>,
}

/// A saved plan. Encrypted at rest, kept seven days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedPlan {
    pub flow: String,
    pub version: String,
    pub at: Timestamp,
    /// The planned writes, as the engine wrote them.
    pub body: Vec<u8>,
}

/// One place where a key was found.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "in", rename_all = "lowercase")]
pub enum Found {
    Link(Link),
    Outcome { run: RunId, flow: String, at: Timestamp, row: OutcomeRow },
    Rejection(RejectionRow),
    Waiting(Waiting),
}

/// What `purge` keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Plans that end before now go.
    pub now: Timestamp,
    /// Runs older than this go, with everything of theirs.
    pub runs_before: Timestamp,
    /// Outcome rows older than this go.
    pub outcomes_before: Timestamp,
    /// Payloads (rejected records, values before a write) older than this go.
    pub payloads_before: Timestamp,
}

/// The memory of one environment of one project.
pub trait Store: Send + Sync {
    /// The key for hashes of people's data: derived from the project's key, so that a hash says nothing to who does not have it.
    fn hash_key(&self) -> [u8; 32];

    // Flow versions and runs.
    fn put_version<'a>(&'a self, version: &'a FlowVersion) -> BoxFuture<'a, Result<(), Error>>;
    fn version<'a>(&'a self, hash: &'a str) -> BoxFuture<'a, Result<Option<FlowVersion>, Error>>;
    fn begin_run<'a>(&'a self, start: &'a RunStart) -> BoxFuture<'a, Result<RunId, Error>>;
    /// Ends a run. `counts.requests` is set from here; the other counts were summed up by the page commits.
    fn finish_run<'a>(
        &'a self,
        run: RunId,
        status: Status,
        requests: u64,
        error: Option<&'a Cause>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>>;
    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, Error>>;
    /// The newest first.
    fn runs<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<Run>, Error>>;
    /// The outcome rows of a run in the order of writing, after row `after`.
    fn outcomes(
        &self,
        run: RunId,
        outcome: Option<Outcome>,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(i64, OutcomeRow)>, Error>>;

    // Links and what was last sent.
    /// All links of these source records to `target_system`, whatever the part.
    fn links<'a>(
        &'a self,
        source_system: &'a str,
        source_resource: &'a str,
        ids: &'a [String],
        target_system: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Link>, Error>>;
    /// The links that hold these keys.
    fn links_by_key<'a>(
        &'a self,
        target_system: &'a str,
        target_resource: &'a str,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<Vec<Link>, Error>>;
    /// The links that hold these target ids.
    fn links_by_target<'a>(
        &'a self,
        target_system: &'a str,
        target_resource: &'a str,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Link>, Error>>;
    /// The links from the records of one resource to those of another, in the order in which they were made, after link `after`.
    fn links_between<'a>(
        &'a self,
        source: (&'a str, &'a str),
        target: (&'a str, &'a str),
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(i64, Link)>, Error>>;
    /// The links that this flow made or used whose source was last seen before `run`: what is absent after a complete scan.
    fn unseen<'a>(&'a self, flow: &'a str, run: RunId, after: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<Link>, Error>>;
    /// Up to `limit` of the links that this flow made or used, in the order in which they were made, from a place among them that `share` (0 to 1) says; behind the last comes the first.
    fn some_links<'a>(&'a self, flow: &'a str, share: f64, limit: usize) -> BoxFuture<'a, Result<Vec<Link>, Error>>;
    /// How many links the flow has.
    fn count_links<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<u64, Error>>;
    fn sent<'a>(&'a self, flow: &'a str, source_ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Sent>, Error>>;
    /// Those of these records of a target that Kivuko itself deleted or deactivated, and that nothing has been linked to since.
    fn own_deletions<'a>(&'a self, target_system: &'a str, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<String>, Error>>;
    /// The link of a record that the named flow wrote.
    fn resolve<'a>(&'a self, references: &'a [Reference]) -> BoxFuture<'a, Result<Vec<Option<Link>>, Error>>;

    // Writing.
    /// Durable when it returns; the ids in the order of the intents.
    fn note_intents<'a>(&'a self, intents: &'a [Intent]) -> BoxFuture<'a, Result<Vec<IntentId>, Error>>;
    /// Open intents to this system, of whatever flow, oldest first.
    fn open_intents<'a>(&'a self, target_system: &'a str) -> BoxFuture<'a, Result<Vec<OpenIntent>, Error>>;
    /// Closes intents outside a page: they were settled and did not take effect.
    fn close_intents<'a>(&'a self, ids: &'a [IntentId]) -> BoxFuture<'a, Result<(), Error>>;
    fn commit_page<'a>(&'a self, page: &'a PageCommit) -> BoxFuture<'a, Result<(), Error>>;

    // Rows on their way into groups.
    /// Puts blocks of rows aside, encrypted: block 0, 1, ... of a chunk of their owner. They are there until [`Store::drop_spill`].
    fn put_spill<'a>(&'a self, owner: &'a str, chunk: u32, blocks: &'a [Vec<u8>]) -> BoxFuture<'a, Result<(), Error>>;
    /// One of those blocks; `None` behind the last of its chunk.
    fn spill<'a>(&'a self, owner: &'a str, chunk: u32, block: u32) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>>;
    /// Drops everything that an owner put aside.
    fn drop_spill<'a>(&'a self, owner: &'a str) -> BoxFuture<'a, Result<(), Error>>;

    // Numbers that records are counted into.
    /// The numbers of these cells, in their order; new ones are made, with nothing in them.
    fn cell_numbers<'a>(&'a self, flow: &'a str, cells: &'a [Cell]) -> BoxFuture<'a, Result<Vec<CellNumber>, Error>>;
    /// The numbers of these cells, in their order; `None`: there is no such cell.
    fn known_cells<'a>(&'a self, flow: &'a str, cells: &'a [Cell]) -> BoxFuture<'a, Result<Vec<Option<CellNumber>>, Error>>;
    /// What is remembered of these records, in their order; `None`: they were not looked at yet.
    fn counted<'a>(&'a self, flow: &'a str, source_ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<KnownRecord>>, Error>>;
    /// Cells of a flow in the order of their numbers, after one.
    fn cells<'a>(
        &'a self,
        flow: &'a str,
        filter: &'a CellFilter,
        after: CellNumber,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<CellRow>, Error>>;
    /// Those cells of a flow that have these numbers, in their order; one that it does not have is left out.
    fn cells_of_numbers<'a>(&'a self, flow: &'a str, numbers: &'a [CellNumber]) -> BoxFuture<'a, Result<Vec<CellRow>, Error>>;
    /// Gets parts ready to be read by cell: who is to read many does this first. Reading needs it for speed only, and never does it by itself.
    fn settle_parts(&self) -> BoxFuture<'_, Result<(), Error>>;
    /// The parts of these cells behind a place, at most so many of them: equal ones of a cell together.
    fn parts<'a>(&'a self, cells: &'a [CellNumber], after: PartPlace, limit: usize) -> BoxFuture<'a, Result<PartsPage, Error>>;
    /// The records behind a cell by their identities, after one.
    fn records_of_cell<'a>(&'a self, cell: CellNumber, after: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<RecordOfCell>, Error>>;
    /// The records of a flow that were last met before `run`, each with its number in the store, in the order of these, after one.
    fn counted_unseen<'a>(
        &'a self,
        flow: &'a str,
        run: RunId,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(i64, String)>, Error>>;
    /// How many records of a flow are remembered.
    fn count_counted<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<u64, Error>>;
    /// Forgets all records and cells of a flow; what was sent of them stays known.
    fn forget_cells<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<(), Error>>;

    // Cursors.
    fn cursor<'a>(&'a self, flow: &'a str, partition: &'a Partition) -> BoxFuture<'a, Result<Option<Cursor>, Error>>;
    /// The live cursors of a flow.
    fn cursors<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<CursorRow>, Error>>;
    /// The history of a flow's cursors as people changed them, newest first.
    fn cursor_history<'a>(&'a self, flow: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<CursorRow>, Error>>;
    /// Sets (`Some`) or forgets (`None`) a cursor by hand; the reason is kept.
    fn set_cursor<'a>(
        &'a self,
        flow: &'a str,
        partition: &'a Partition,
        cursor: Option<&'a Cursor>,
        reason: &'a str,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>>;

    // Rejections and waiting.
    fn rejections<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<RejectionRow>, Error>>;
    fn rejection(&self, id: i64) -> BoxFuture<'_, Result<Option<RejectionRow>, Error>>;
    fn rejection_payload(&self, id: i64) -> BoxFuture<'_, Result<Option<Vec<u8>>, Error>>;
    /// Those of these records of a flow that have an open rejection, each with the first code of it.
    fn open_rejections<'a>(&'a self, flow: &'a str, source_ids: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, Code)>, Error>>;
    /// Closes rejections by hand; the reason is kept. How many were open. A number that was refused is given up with its rejection, until it changes
    /// ([`CellRow::given_up`]); its payload is the value as JSON.
    fn discard_rejections<'a>(&'a self, ids: &'a [i64], reason: &'a str, at: Timestamp) -> BoxFuture<'a, Result<u64, Error>>;
    fn waiting<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<Waiting>, Error>>;

    // Leases and the shared session.
    /// Takes a free, expired or own lease; `Err(holder)` inside when another one holds it.
    fn acquire_lease<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Result<Lease, Lease>, Error>>;
    /// Who holds a lease, whether it has ended by now or not; `None` when it was given back.
    fn lease<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Lease>, Error>>;
    /// Prolongs a lease; `false` when it was lost.
    fn renew_lease<'a>(&'a self, lease: &'a Lease, until: Timestamp) -> BoxFuture<'a, Result<bool, Error>>;
    fn release_lease<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), Error>>;
    /// Takes a lease away from a holder that is known to be dead.
    fn break_lease<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), Error>>;
    /// A value of the shared session. Encrypted at rest.
    fn session<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Shared>, Error>>;
    /// Puts a new value; its generation is one more than the last.
    fn put_session<'a>(&'a self, key: &'a str, value: &'a str, at: Timestamp) -> BoxFuture<'a, Result<Shared, Error>>;

    // Identity guard.
    fn identity<'a>(&'a self, system: &'a str) -> BoxFuture<'a, Result<Option<Identity>, Error>>;
    /// Remembers which system is behind a name. If it was another one, everything that belonged to that one goes in the same step: the links from and to
    /// it, what was sent over them, the open intents to it, and the cursors and waiting records of the flows named in `forget`.
    fn adopt<'a>(
        &'a self,
        system: &'a str,
        identity: &'a Identity,
        forget: &'a [String],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>>;

    // Plans and undo.
    fn save_plan<'a>(&'a self, plan: &'a SavedPlan, expires: Timestamp) -> BoxFuture<'a, Result<i64, Error>>;
    fn plan(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<Option<SavedPlan>, Error>>;
    /// What a run wrote, newest first, in pages.
    fn kept(&self, run: RunId, before: i64, limit: usize) -> BoxFuture<'_, Result<Vec<(i64, Kept)>, Error>>;

    // People: an index of those that a target holds, questions, and what people decided.
    /// Gets an index ready and says how far it was read. One of another shape is begun anew.
    fn open_people<'a>(&'a self, index: &'a str, system: &'a str, shape: &'a str)
    -> BoxFuture<'a, Result<Vec<(Partition, Cursor)>, Error>>;
    /// Changes an index that was opened; all of it or nothing.
    fn put_people<'a>(&'a self, index: &'a str, page: &'a PeoplePage) -> BoxFuture<'a, Result<(), Error>>;
    /// Forgets an index with everything in it.
    fn drop_people<'a>(&'a self, index: &'a str) -> BoxFuture<'a, Result<(), Error>>;
    /// The people who have one of these keys: the key, the id in the target, what is compared. Once for each key that they share.
    fn find_people<'a>(&'a self, index: &'a str, keys: &'a [i64]) -> BoxFuture<'a, Result<Vec<FoundPerson>, Error>>;
    /// How many people have each of these keys.
    fn count_people<'a>(&'a self, index: &'a str, keys: &'a [i64]) -> BoxFuture<'a, Result<PeopleCount, Error>>;
    /// The open questions, the oldest first.
    fn reviews<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<ReviewRow>, Error>>;
    /// Makes these the open questions of an asker between two systems, in one step: others are closed, those that are open already keep their number.
    fn replace_reviews<'a>(
        &'a self,
        asker: &'a str,
        between: [&'a str; 2],
        reviews: &'a [Review],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>>;
    fn review(&self, id: i64) -> BoxFuture<'_, Result<Option<ReviewRow>, Error>>;
    /// Keeps a decision, closes the question that it answers and undoes the link that it contradicts, in one step.
    fn decide<'a>(&'a self, decision: &'a Decided) -> BoxFuture<'a, Result<(), Error>>;
    /// What was decided of these records, the oldest first.
    fn decisions<'a>(
        &'a self,
        source_system: &'a str,
        source_resource: &'a str,
        ids: &'a [String],
        target_system: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Decided>, Error>>;
    /// Everything that was decided, the newest first.
    fn decision_history<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<Decided>, Error>>;

    // Search and housekeeping.
    /// Everything known of a source id, target id or key.
    fn find<'a>(&'a self, text: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<Found>, Error>>;
    /// Removes what is too old of one flow, with what its runs told ([`RunId::told_key`]) that began before the outcomes that are kept, and every plan that has ended.
    fn purge<'a>(&'a self, flow: &'a str, retention: Retention) -> BoxFuture<'a, Result<(), Error>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_says_between_which_systems_it_led() {
        let check = |flow: &str, text: &str, expected: Option<(&str, &str)>| {
            let texts = [("flows/a.yaml", text), ("kivuko.yaml", "systems: {}")].map(|(file, text)| (file.to_owned(), text.to_owned()));
            let version = FlowVersion { hash: String::new(), flow: flow.to_owned(), kivuko: String::new(), texts: BTreeMap::from(texts) };
            let expected = expected.map(|(from, to)| (from.to_owned(), to.to_owned()));
            assert_eq!(version.systems(), expected, "{text}");
        };
        let text = "flow: units\nfrom: { system: files, resource: a.csv }\nto:\n  system: hmis\n";
        check("units", text, Some(("files", "hmis")));
        check("others", text, None);
        check("units", "flow: units\nfrom: { system: files }\n", None);
        check("units", "flow: [", None);
    }
}
