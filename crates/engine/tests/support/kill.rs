//! Killing a run at a chosen point, as `kill -9` would: from that instant nothing of it goes on, and nothing of it is put in order.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::store as codes;
use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, KnownRecord, PartPlace, PartsPage, RecordOfCell};
use kivuko_core::connector::{Identity, Key, Shared};
use kivuko_core::error::{Cause, Code, Error};
use kivuko_core::outcome::{Outcome, Status};
use kivuko_core::people::{Decided, FoundPerson, PeopleCount, PeoplePage, ReviewRow};
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::{
    CursorRow, FlowVersion, Found, Intent, IntentId, Kept, Lease, Link, OpenIntent, OutcomeRow, PageCommit, Reference, RejectionRow,
    Retention, Run, RunId, RunStart, SavedPlan, Sent, Store, Waiting,
};
use kivuko_engine::{RunOptions, RunReport, Unwatched};
use kivuko_sims::pause::{Pause, Phase};
use tokio::sync::oneshot;

use super::World;

/// Which side of a step the process dies on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The step is about to be taken and never is.
    Before,
    /// The step was taken, and its answer was never seen.
    After,
    /// The process lives; the store says that it could not. (No side of a request.)
    Refused,
}

/// Where a run is killed: at the nth step from its start, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// A call of the store.
    Store(usize, Side),
    /// A request to the system that is written to.
    Request(usize, Side),
}

impl Point {
    pub const KINDS: [fn(usize) -> Self; 4] = [
        |n| Self::Store(n, Side::Before),
        |n| Self::Store(n, Side::After),
        |n| Self::Request(n, Side::Before),
        |n| Self::Request(n, Side::After),
    ];
}

/// The calls of the store and the requests to the system that is written to of a run, by their names and in their order.
#[derive(Debug, Default)]
pub struct Steps {
    pub calls: Vec<&'static str>,
    pub requests: Vec<String>,
}

/// What a process does until it is killed.
#[derive(Debug, Clone, Copy)]
enum Work<'a> {
    Run(&'a str),
    /// Takes this run back.
    Revert(RunId),
}

/// A run that nobody kills, and its steps.
pub async fn trace(world: &World, flow: &str) -> (RunReport, Steps) {
    trace_of(world, Work::Run(flow)).await
}

/// The same of the taking back of a run.
pub async fn trace_revert(world: &World, run: RunId) -> (RunReport, Steps) {
    trace_of(world, Work::Revert(run)).await
}

async fn trace_of(world: &World, work: Work<'_>) -> (RunReport, Steps) {
    let calls = Arc::default();
    let log = world.dhis2.as_ref().map_or_else(|| world.sim.log(), |dhis2| dhis2.log());
    log.clear();
    let report = noting(world, work, Point::Store(usize::MAX, Side::Before), Arc::clone(&calls)).await;
    let requests = log.entries().into_iter().map(|entry| format!("{} {}", entry.method, entry.path)).collect();
    let calls = std::mem::take(&mut *calls.lock().expect("nobody panics here"));
    (report.expect("nothing has so many calls"), Steps { calls, requests })
}

/// A run by a process that is killed at `point`. `None`: it was; otherwise the run was over before it came there.
pub async fn run(world: &World, flow: &str, point: Point) -> Option<RunReport> {
    noting(world, Work::Run(flow), point, Arc::default()).await
}

/// The same of the taking back of a run.
pub async fn revert(world: &World, run: RunId, point: Point) -> Option<RunReport> {
    noting(world, Work::Revert(run), point, Arc::default()).await
}

/// The same, with the names of the store's calls put down.
async fn noting(world: &World, work: Work<'_>, point: Point, calls: Arc<Mutex<Vec<&'static str>>>) -> Option<RunReport> {
    let (at, side) = match point {
        Point::Store(n, side) => (n, side),
        Point::Request(..) => (usize::MAX, Side::Before),
    };
    let (struck, store_reached) = oneshot::channel();
    let inner = world.workspace().open_store().await.expect("the store opens");
    let store = CrashingStore { inner, calls, at, side, struck: Mutex::new(Some(struck)) };
    let mut held = match point {
        Point::Store(..) | Point::Request(_, Side::Refused) => None,
        Point::Request(n, Side::Before) => Some(world.pause_at(Pause::nth(n, Phase::BeforeApply))),
        Point::Request(n, Side::After) => Some(world.pause_at(Pause::nth(n, Phase::AfterApply))),
    };
    let engine = world.engine_on(Arc::new(store));
    let options = RunOptions::default();
    let killed = async {
        match &mut held {
            Some(held) => held.reached().await,
            None => store_reached.await.is_ok(),
        }
    };
    let done = async {
        match work {
            Work::Run(flow) => engine.run(flow, &options, &Unwatched).await.expect("the run begins"),
            Work::Revert(run) => engine.revert(run).await.expect("the revert begins").0,
        }
    };
    let report = tokio::select! {
        biased;
        true = killed => None,
        report = done => Some(report),
    };
    // The future of the run is gone by now, and with the engine everything else that a process holds.
    drop(engine);
    world.clear_pauses();
    report
}

/// A store that never comes back from one of its calls, nor from any later one.
struct CrashingStore {
    inner: Arc<dyn Store>,
    calls: Arc<Mutex<Vec<&'static str>>>,
    at: usize,
    side: Side,
    struck: Mutex<Option<oneshot::Sender<()>>>,
}

impl CrashingStore {
    async fn call<T>(&self, name: &'static str, call: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        let n = {
            let mut calls = self.calls.lock().expect("nobody panics here");
            calls.push(name);
            calls.len()
        };
        if n == self.at && self.side == Side::Refused {
            return Err(Error::stop(codes::DISK_FULL, "the test says that the disk is full"));
        }
        if n < self.at || self.side == Side::Refused {
            return call.await;
        }
        if n == self.at {
            if self.side == Side::After {
                _ = call.await;
            }
            if let Some(struck) = self.struck.lock().expect("nobody panics here").take() {
                struck.send(()).expect("the test waits for it");
            }
        }
        std::future::pending().await
    }
}

/// Every method of the trait goes to the inner store, by way of [`CrashingStore::call`].
macro_rules! delegate {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[allow(clippy::elidable_lifetime_names, reason = "half of the methods name it, and all come from one rule")]
        impl Store for CrashingStore {
            fn hash_key(&self) -> [u8; 32] {
                self.inner.hash_key()
            }

            $(
                fn $name<'a>(&'a self $(, $argument: $kind)*) -> BoxFuture<'a, Result<$answer, Error>> {
                    Box::pin(async move { self.call(stringify!($name), self.inner.$name($($argument),*)).await })
                }
            )*
        }
    };
}

delegate! {
    put_version(version: &'a FlowVersion) -> ();
    version(hash: &'a str) -> Option<FlowVersion>;
    begin_run(start: &'a RunStart) -> RunId;
    finish_run(run: RunId, status: Status, requests: u64, error: Option<&'a Cause>, at: Timestamp) -> ();
    run(run: RunId) -> Option<Run>;
    runs(flow: Option<&'a str>, limit: usize) -> Vec<Run>;
    outcomes(run: RunId, outcome: Option<Outcome>, after: i64, limit: usize) -> Vec<(i64, OutcomeRow)>;
    links(source_system: &'a str, source_resource: &'a str, ids: &'a [String], target_system: &'a str) -> Vec<Link>;
    links_by_key(target_system: &'a str, target_resource: &'a str, keys: &'a [Key]) -> Vec<Link>;
    links_by_target(target_system: &'a str, target_resource: &'a str, ids: &'a [String]) -> Vec<Link>;
    links_between(source: (&'a str, &'a str), target: (&'a str, &'a str), after: i64, limit: usize) -> Vec<(i64, Link)>;
    unseen(flow: &'a str, run: RunId, after: &'a str, limit: usize) -> Vec<Link>;
    some_links(flow: &'a str, share: f64, limit: usize) -> Vec<Link>;
    count_links(flow: &'a str) -> u64;
    sent(flow: &'a str, source_ids: &'a [String]) -> Vec<Sent>;
    resolve(references: &'a [Reference]) -> Vec<Option<Link>>;
    note_intents(intents: &'a [Intent]) -> Vec<IntentId>;
    open_intents(target_system: &'a str) -> Vec<OpenIntent>;
    close_intents(ids: &'a [IntentId]) -> ();
    commit_page(page: &'a PageCommit) -> ();
    settle_parts() -> ();
    own_deletions(target_system: &'a str, ids: &'a [String]) -> Vec<String>;
    put_spill(owner: &'a str, chunk: u32, blocks: &'a [Vec<u8>]) -> ();
    spill(owner: &'a str, chunk: u32, block: u32) -> Option<Vec<u8>>;
    drop_spill(owner: &'a str) -> ();
    cell_numbers(flow: &'a str, cells: &'a [Cell]) -> Vec<CellNumber>;
    known_cells(flow: &'a str, cells: &'a [Cell]) -> Vec<Option<CellNumber>>;
    counted(flow: &'a str, source_ids: &'a [String]) -> Vec<Option<KnownRecord>>;
    cells_of_numbers(flow: &'a str, numbers: &'a [CellNumber]) -> Vec<CellRow>;
    cells(flow: &'a str, filter: &'a CellFilter, after: CellNumber, limit: usize) -> Vec<CellRow>;
    parts(cells: &'a [CellNumber], after: PartPlace, limit: usize) -> PartsPage;
    records_of_cell(cell: CellNumber, after: &'a str, limit: usize) -> Vec<RecordOfCell>;
    counted_unseen(flow: &'a str, run: RunId, after: i64, limit: usize) -> Vec<(i64, String)>;
    count_counted(flow: &'a str) -> u64;
    forget_cells(flow: &'a str) -> ();
    cursor(flow: &'a str, partition: &'a Partition) -> Option<Cursor>;
    cursors(flow: &'a str) -> Vec<CursorRow>;
    cursor_history(flow: &'a str, limit: usize) -> Vec<CursorRow>;
    set_cursor(flow: &'a str, partition: &'a Partition, cursor: Option<&'a Cursor>, reason: &'a str, at: Timestamp) -> ();
    rejections(flow: Option<&'a str>, limit: usize) -> Vec<RejectionRow>;
    rejection(id: i64) -> Option<RejectionRow>;
    rejection_payload(id: i64) -> Option<Vec<u8>>;
    open_rejections(flow: &'a str, source_ids: &'a [String]) -> Vec<(String, Code)>;
    discard_rejections(ids: &'a [i64], reason: &'a str, at: Timestamp) -> u64;
    waiting(flow: &'a str) -> Vec<Waiting>;
    acquire_lease(name: &'a str, holder: &'a str, now: Timestamp, until: Timestamp) -> Result<Lease, Lease>;
    lease(name: &'a str) -> Option<Lease>;
    renew_lease(lease: &'a Lease, until: Timestamp) -> bool;
    release_lease(lease: &'a Lease) -> ();
    break_lease(lease: &'a Lease) -> ();
    session(key: &'a str) -> Option<Shared>;
    put_session(key: &'a str, value: &'a str, at: Timestamp) -> Shared;
    identity(system: &'a str) -> Option<Identity>;
    adopt(system: &'a str, identity: &'a Identity, forget: &'a [String], at: Timestamp) -> ();
    save_plan(plan: &'a SavedPlan, expires: Timestamp) -> i64;
    plan(id: i64, now: Timestamp) -> Option<SavedPlan>;
    kept(run: RunId, before: i64, limit: usize) -> Vec<(i64, Kept)>;
    open_people(index: &'a str, system: &'a str, shape: &'a str) -> Vec<(Partition, Cursor)>;
    put_people(index: &'a str, page: &'a PeoplePage) -> ();
    drop_people(index: &'a str) -> ();
    find_people(index: &'a str, keys: &'a [i64]) -> Vec<FoundPerson>;
    count_people(index: &'a str, keys: &'a [i64]) -> PeopleCount;
    reviews(flow: Option<&'a str>, limit: usize) -> Vec<ReviewRow>;
    review(id: i64) -> Option<ReviewRow>;
    replace_reviews(asker: &'a str, between: [&'a str; 2], reviews: &'a [kivuko_core::people::Review], at: jiff::Timestamp) -> ();
    decide(decision: &'a Decided) -> ();
    decisions(source_system: &'a str, source_resource: &'a str, ids: &'a [String], target_system: &'a str) -> Vec<Decided>;
    decision_history(flow: Option<&'a str>, limit: usize) -> Vec<Decided>;
    find(text: &'a str, limit: usize) -> Vec<Found>;
    purge(flow: &'a str, retention: Retention) -> ();
}
