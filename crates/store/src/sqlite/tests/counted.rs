//! Whatever records count for, one after the other, and wherever the store is opened again: what is kept of them, and what is behind each number, is what a model in
//! memory says. Here parts come into the order of cells after every third new record (see `counted.rs`), and when that is asked for.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::cells::{Cell, CellFilter, CellNumber, CountedPart, CountedRecord, KnownRecord, PartPlace, SeenRecord};
use kivuko_core::store::{RunId, Store};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;

use super::Place;
use crate::suite::{begin, page, texts};

const FLOWS: [&str; 2] = ["weekly", "daily"];
const IDS: [&str; 8] = ["1", "2", "3", "4", "5", "6", "7", "8"];
const CELLS: usize = 3;

#[derive(Debug, Clone)]
enum Step {
    /// What records count for: which cells, and how much. `None`: they are gone.
    Count(usize, BTreeMap<usize, Option<Vec<(usize, u8)>>>),
    /// They are met, and count for what they did.
    Meet(usize, BTreeSet<usize>),
    /// Parts are read.
    Read(usize),
    /// They are put in order first.
    Settle,
    Reopen,
    /// Another process has the same file open, and counts too.
    Other,
    Forget(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let parts = proptest::option::weighted(0.8, vec((0..CELLS, 0..3u8), 0..4));
    prop_oneof![
        8 => (0..FLOWS.len(), btree_map(0..IDS.len(), parts, 1..5)).prop_map(|(flow, records)| Step::Count(flow, records)),
        2 => (0..FLOWS.len(), btree_set(0..IDS.len(), 1..4)).prop_map(|(flow, ids)| Step::Meet(flow, ids)),
        2 => (0..FLOWS.len()).prop_map(Step::Read),
        1 => Just(Step::Settle),
        1 => Just(Step::Reopen),
        2 => Just(Step::Other),
        1 => (0..FLOWS.len()).prop_map(Step::Forget),
    ]
}

/// What is kept of a record: its version, its parts, the run that counted it, and the one that met it last.
type Kept = (u64, Vec<CountedPart>, RunId, RunId);

#[derive(Debug)]
struct Model {
    records: BTreeMap<(usize, usize), Kept>,
    cells: [Vec<CellNumber>; 2],
}

impl Model {
    async fn compare(&self, store: &dyn Store, flow: usize, now: RunId) {
        let of_flow = || self.records.iter().filter(|((of, _), _)| *of == flow).map(|((_, id), kept)| (IDS[*id], kept));
        let expected: BTreeMap<&str, KnownRecord> =
            of_flow().map(|(id, kept)| (id, KnownRecord { version: Some(kept.0.to_string()), parts: kept.1.clone() })).collect();
        let known = store.counted(FLOWS[flow], &texts(&IDS)).await.unwrap();
        assert_eq!(IDS.into_iter().zip(known).filter_map(|(id, known)| Some((id, known?))).collect::<BTreeMap<_, _>>(), expected);
        assert_eq!(store.count_counted(FLOWS[flow]).await.unwrap(), expected.len() as u64);
        let unseen = store.counted_unseen(FLOWS[flow], now, 0, 100).await.unwrap();
        let unseen: BTreeSet<&str> = unseen.iter().map(|(_, id)| id.as_str()).collect();
        assert_eq!(unseen, of_flow().filter(|(_, kept)| kept.3 < now).map(|(id, _)| id).collect());
    }

    async fn compare_parts(&self, store: &dyn Store, flow: usize) {
        let of_flow = || self.records.iter().filter(|((of, _), _)| *of == flow).map(|((_, id), kept)| (IDS[*id], kept));
        let mut expected = BTreeMap::new();
        for part in of_flow().flat_map(|(_, kept)| &kept.1) {
            *expected.entry((part.0, part.1.clone())).or_insert(0) += 1;
        }
        let (mut found, mut after) = (BTreeMap::new(), PartPlace::START);
        loop {
            let page = store.parts(&self.cells[flow], after, 2).await.unwrap();
            for row in page.rows {
                *found.entry((row.cell, row.part)).or_insert(0) += row.many;
            }
            let Some(next) = page.next else { break };
            after = next;
        }
        assert_eq!(found, expected);
        for cell in &self.cells[flow] {
            let behind = store.records_of_cell(*cell, "", 100).await.unwrap();
            let behind: BTreeSet<(String, RunId)> = behind.into_iter().map(|one| (one.source_id, one.run)).collect();
            let counts = |kept: &Kept| kept.1.iter().any(|part| part.0 == *cell);
            assert_eq!(behind, of_flow().filter(|(_, kept)| counts(kept)).map(|(id, kept)| (id.to_owned(), kept.2)).collect());
        }
    }
}

async fn new_cells(store: &dyn Store, flow: usize) -> Vec<CellNumber> {
    let cell = |period: usize| Cell { period: format!("2024W{period}"), ..Cell::default() };
    store.cell_numbers(FLOWS[flow], &(0..CELLS).map(cell).collect::<Vec<_>>()).await.unwrap()
}

async fn check(steps: &[Step]) {
    let place = Place::new();
    let mut stores = [place.open().await, place.open().await];
    let cells = [new_cells(&*stores[0], 0).await, new_cells(&*stores[0], 1).await];
    let mut model = Model { records: BTreeMap::new(), cells };
    for (version, step) in (0..).zip(steps) {
        let store = &*stores[0];
        let run = begin(store, FLOWS[0], 1).await;
        match step {
            Step::Count(flow, records) => {
                let mut commit = page(run, FLOWS[*flow]);
                for (id, parts) in records {
                    let part = |(cell, part): &(usize, u8)| CountedPart(model.cells[*flow][*cell], part.to_string());
                    let parts = parts.as_ref().map(|parts| parts.iter().map(part).collect::<Vec<_>>());
                    match &parts {
                        Some(parts) => model.records.insert((*flow, *id), (version, parts.clone(), run, run)),
                        None => model.records.remove(&(*flow, *id)),
                    };
                    let place = format!("row {id}");
                    commit.cells.counted.push(CountedRecord {
                        source_id: IDS[*id].to_owned(),
                        place,
                        version: Some(version.to_string()),
                        parts,
                    });
                }
                store.commit_page(&commit).await.unwrap();
            }
            Step::Meet(flow, ids) => {
                let mut commit = page(run, FLOWS[*flow]);
                for id in ids {
                    if let Some(kept) = model.records.get_mut(&(*flow, *id)) {
                        (kept.0, kept.3) = (version, run);
                    }
                    commit.cells.seen.push(SeenRecord { source_id: IDS[*id].to_owned(), version: Some(version.to_string()) });
                }
                store.commit_page(&commit).await.unwrap();
            }
            Step::Read(flow) => model.compare_parts(store, *flow).await,
            Step::Settle => store.settle_parts().await.unwrap(),
            Step::Reopen => stores[0] = place.open().await,
            Step::Other => stores.swap(0, 1),
            Step::Forget(flow) => {
                store.forget_cells(FLOWS[*flow]).await.unwrap();
                model.records.retain(|(of, _), _| of != flow);
                model.cells[*flow] = new_cells(store, *flow).await;
            }
        }
        for flow in 0..FLOWS.len() {
            model.compare(&*stores[0], flow, run).await;
        }
    }
    for (flow, name) in FLOWS.into_iter().enumerate() {
        model.compare_parts(&*stores[1], flow).await;
        assert_eq!(stores[1].cells(name, &CellFilter::default(), CellNumber(-1), 100).await.unwrap().len(), CELLS);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_counting_is_what_the_model_says(steps in vec(step(), 1..14)) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(check(&steps));
    }
}

/// Who only reads neither waits for another process that writes, nor writes itself.
#[tokio::test]
async fn parts_are_read_while_another_process_writes() {
    let place = Place::new();
    let store = place.sqlite().await;
    let cells = new_cells(&*store, 0).await;
    let mut commit = page(begin(&*store, FLOWS[0], 1).await, FLOWS[0]);
    let parts = Some(vec![CountedPart(cells[0], "2".to_owned()), CountedPart(cells[1], "1".to_owned())]);
    commit.cells.counted = vec![CountedRecord { source_id: "1".to_owned(), place: "row 1".to_owned(), version: None, parts }];
    store.commit_page(&commit).await.unwrap();
    let raw = place.raw().await;
    let other = raw.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let found = store.parts(&cells, PartPlace::START, 10).await.unwrap();
    let found: Vec<(CellNumber, &str, u64)> = found.rows.iter().map(|row| (row.cell, row.part.as_str(), row.many)).collect();
    assert_eq!(found, [(cells[0], "2", 1), (cells[1], "1", 1)]);
    assert_eq!(store.records_of_cell(cells[1], "", 10).await.unwrap()[0].place, "row 1");
    other.rollback().await.unwrap();
    let in_order: i64 = sqlx::query_scalar("SELECT count(*) FROM contribution").fetch_one(&raw).await.unwrap();
    assert_eq!(in_order, 0, "reading leaves the order to who writes");
}
