//! What a page of 500 records costs in the store: noting its intents, committing it when all were created, and when all were unchanged.
//!
//! Each store begins with 20,000 links, so that its indexes are more than one page deep.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use divan::Bencher;
use jiff::Timestamp;
use kivuko_core::connector::{Action, Key};
use kivuko_core::outcome::Outcome;
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::{FlowVersion, Intent, IntentId, Link, OutcomeRow, PageCommit, RunId, RunStart, Sent, SourceKey, Store};
use kivuko_store::SqliteStore;
use tempfile::TempDir;
use tokio::runtime::Runtime;

const PAGE: usize = 500;
const PAGES_BEFORE: usize = 40;
/// Top-level fields of a Go.Data case that a line list fills.
const FIELDS: usize = 20;

fn main() {
    divan::main();
}

struct Bed {
    runtime: Runtime,
    store: Arc<SqliteStore>,
    run: RunId,
    next: AtomicUsize,
    _folder: TempDir,
}

impl Bed {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime starts");
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let (store, run) = runtime.block_on(open(&folder));
        let bed = Self { runtime, store, run, next: AtomicUsize::new(0), _folder: folder };
        for _ in 0..PAGES_BEFORE {
            let intents = bed.intents();
            let ids = bed.note(&intents);
            bed.commit(&bed.created(&intents, ids));
        }
        bed
    }

    /// The intents of the next page.
    fn intents(&self) -> Vec<Intent> {
        let first = self.next.fetch_add(PAGE, Ordering::Relaxed);
        (first..first + PAGE).map(|number| intent(self.run, number)).collect()
    }

    fn note(&self, intents: &[Intent]) -> Vec<IntentId> {
        self.runtime.block_on(self.store.note_intents(intents)).expect("intents are noted")
    }

    fn commit(&self, page: &PageCommit) {
        self.runtime.block_on(self.store.commit_page(page)).expect("the page is committed");
    }

    fn created(&self, intents: &[Intent], closed: Vec<IntentId>) -> PageCommit {
        let mut page = page(self.run);
        page.closed_intents = closed;
        for intent in intents {
            let target_id = format!("8c0a7c1e-0000-4000-8000-{:>012}", intent.source.id);
            page.counts.add(Outcome::Created);
            page.outcomes.push(outcome(intent, &target_id));
            page.sent.push(sent(intent));
            page.links.push(link(intent, target_id));
        }
        page
    }
}

/// A page whose records are all unchanged.
fn seen(run: RunId) -> PageCommit {
    let mut page = page(run);
    page.seen = (0..PAGE).map(source).collect();
    page
}

async fn open(folder: &TempDir) -> (Arc<SqliteStore>, RunId) {
    let key = kivuko_store::Key::from_bytes([7; 32]);
    let store = kivuko_store::open(&folder.path().join("store.db"), &key).await.expect("the store opens");
    let version = FlowVersion { hash: "v".to_owned(), flow: "cases".to_owned(), kivuko: "0".to_owned(), texts: BTreeMap::new() };
    store.put_version(&version).await.expect("the version is kept");
    let run = begin(&store).await;
    (store, run)
}

async fn begin(store: &SqliteStore) -> RunId {
    let start = RunStart {
        flow: "cases".to_owned(),
        version: "v".to_owned(),
        trigger: "manual".to_owned(),
        options: String::new(),
        started: Timestamp::UNIX_EPOCH,
    };
    store.begin_run(&start).await.expect("the run begins")
}

fn source(number: usize) -> SourceKey {
    SourceKey { system: "register".to_owned(), resource: "cases.csv".to_owned(), id: format!("{number}") }
}

fn intent(run: RunId, number: usize) -> Intent {
    Intent {
        flow: "cases".to_owned(),
        source: source(number),
        part: String::new(),
        target_system: "godata".to_owned(),
        target_resource: "cases".to_owned(),
        action: Action::Create,
        key: Key(vec![format!("CASE-{number}")]),
        target_id: None,
        hash: hash(number),
        run,
        noted: Timestamp::UNIX_EPOCH,
    }
}

/// 128 bits in hexadecimal digits.
fn hash(number: usize) -> String {
    format!("{number:032x}")
}

fn link(intent: &Intent, target_id: String) -> Link {
    Link {
        source: intent.source.clone(),
        part: String::new(),
        target_system: intent.target_system.clone(),
        target_resource: intent.target_resource.clone(),
        target_id,
        key: intent.key.clone(),
        flow: intent.flow.clone(),
        created: true,
        seen: intent.run,
        version: Some("2026-01-01T00:00:00.000Z".to_owned()),
    }
}

fn sent(intent: &Intent) -> Sent {
    Sent {
        flow: intent.flow.clone(),
        source_id: intent.source.id.clone(),
        part: String::new(),
        hash: intent.hash.clone(),
        fields: Arc::new((0..FIELDS).map(|field| (format!("field{field:02}"), hash(field))).collect()),
        source_version: None,
        run: intent.run,
    }
}

fn outcome(intent: &Intent, target_id: &str) -> OutcomeRow {
    OutcomeRow {
        source_id: intent.source.id.clone(),
        place: format!("cases.csv, row {}", intent.source.id),
        part: String::new(),
        outcome: Outcome::Created,
        target_resource: "cases".to_owned(),
        target_id: Some(target_id.to_owned()),
        fields: (0..FIELDS).map(|field| format!("field{field:02}")).collect(),
        causes: Vec::new(),
    }
}

fn page(run: RunId) -> PageCommit {
    let commit = PageCommit::new(run, "cases", Partition("cases.csv".to_owned()), Timestamp::UNIX_EPOCH);
    PageCommit { cursor: Some(Cursor { value: "17".to_owned(), time: None }), ..commit }
}

#[divan::bench(sample_count = 50, sample_size = 1)]
fn note_intents_500(bencher: Bencher<'_, '_>) {
    let bed = Bed::new();
    bencher.with_inputs(|| bed.intents()).bench_refs(|intents| bed.note(intents));
}

#[divan::bench(sample_count = 50, sample_size = 1)]
fn commit_page_500_created(bencher: Bencher<'_, '_>) {
    let bed = Bed::new();
    let input = || {
        let intents = bed.intents();
        let ids = bed.note(&intents);
        bed.created(&intents, ids)
    };
    bencher.with_inputs(input).bench_refs(|page| bed.commit(page));
}

#[divan::bench(sample_count = 50, sample_size = 1)]
fn commit_page_500_seen(bencher: Bencher<'_, '_>) {
    let bed = Bed::new();
    // By a newer run each time, else there would be nothing to write.
    bencher.with_inputs(|| seen(bed.runtime.block_on(begin(&bed.store)))).bench_refs(|page| bed.commit(page));
}

#[divan::bench(sample_count = 50, sample_size = 1)]
fn links_of_500(bencher: Bencher<'_, '_>) {
    let bed = Bed::new();
    let ids: Vec<String> = (0..PAGE).map(|number| number.to_string()).collect();
    bencher.bench_local(|| bed.runtime.block_on(bed.store.links("register", "cases.csv", &ids, "godata")).expect("links are read"));
}

#[divan::bench(sample_count = 50, sample_size = 1)]
fn sent_of_500(bencher: Bencher<'_, '_>) {
    let bed = Bed::new();
    let ids: Vec<String> = (0..PAGE).map(|number| number.to_string()).collect();
    bencher.bench_local(|| bed.runtime.block_on(bed.store.sent("cases", &ids)).expect("what was sent is read"));
}
