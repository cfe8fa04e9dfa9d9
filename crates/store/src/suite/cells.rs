//! Cells, and what records are counted for.

use std::collections::BTreeSet;

use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellUpdate, CountedPart, CountedRecord, KnownRecord, PartPlace, SeenRecord};
use kivuko_core::connector::Identity;
use kivuko_core::store::{RunId, Store};

use super::{Open, at, begin, page, rejection, texts};

const START: CellNumber = CellNumber(-1);

fn cell(indicator: &str, period: &str) -> Cell {
    Cell {
        indicator: indicator.to_owned(),
        element: "CnPsS2xE8UN".to_owned(),
        period: period.to_owned(),
        org_unit: "DiszpKrYNg8".to_owned(),
        option_combo: "HllvX50cXC0".to_owned(),
        attribute_option_combo: "HllvX50cXC0".to_owned(),
    }
}

fn record(id: &str, parts: &[(CellNumber, &str)]) -> CountedRecord {
    let parts = Some(parts.iter().map(|(cell, part)| CountedPart(*cell, (*part).to_owned())).collect());
    CountedRecord { source_id: id.to_owned(), place: format!("row {id}"), version: Some("1".to_owned()), parts }
}

fn gone(id: &str) -> CountedRecord {
    CountedRecord { parts: None, ..record(id, &[]) }
}

async fn count(store: &dyn Store, run: RunId, counted: Vec<CountedRecord>) {
    let mut commit = page(run, "weekly");
    commit.cells.counted = counted;
    store.commit_page(&commit).await.unwrap();
}

async fn deal_with(store: &dyn Store, run: RunId, updates: Vec<CellUpdate>) {
    let mut commit = page(run, "weekly");
    commit.cells.updates = updates;
    store.commit_page(&commit).await.unwrap();
}

/// The periods of the cells that are due, with what they came to last.
async fn due(store: &dyn Store) -> Vec<String> {
    let filter = CellFilter { due: true, ..CellFilter::default() };
    let rows = store.cells("weekly", &filter, START, 100).await.unwrap();
    rows.into_iter().map(|row| format!("{} {}", row.cell.period, row.value.unwrap_or_default())).collect()
}

/// The parts of these cells, read two at a time.
async fn parts(store: &dyn Store, cells: &[CellNumber]) -> Vec<String> {
    let (mut all, mut after) = (Vec::new(), PartPlace::START);
    loop {
        let page = store.parts(cells, after, 2).await.unwrap();
        for row in &page.rows {
            all.extend((0..row.many).map(|_| format!("{}:{}", row.cell.0, row.part)));
        }
        let Some(next) = page.next else { return all };
        assert!(next > after, "it goes on");
        after = next;
    }
}

async fn behind(store: &dyn Store, cell: CellNumber) -> Vec<String> {
    store.records_of_cell(cell, "", 100).await.unwrap().into_iter().map(|one| one.source_id).collect()
}

fn done(number: CellNumber, value: &str) -> CellUpdate {
    CellUpdate { number, value: Some(value.to_owned()), due: false, late: false }
}

pub async fn cells_keep_their_numbers(open: &Open<'_>) {
    let store = open().await;
    let cells = [cell("confirmed", "2024W10"), cell("deaths", "2024W10"), cell("confirmed", "2024W11"), cell("confirmed", "2024W10")];
    let numbers = store.cell_numbers("weekly", &cells).await.unwrap();
    assert_eq!(numbers[0], numbers[3], "the same cell has the same number");
    assert!(numbers[0] != numbers[1] && numbers[0] != numbers[2] && numbers[1] != numbers[2]);
    assert_eq!(open().await.cell_numbers("weekly", &cells).await.unwrap(), numbers);
    assert_ne!(store.cell_numbers("daily", &cells[..1]).await.unwrap(), numbers[..1], "each flow has its own");
    let unknown = cell("confirmed", "2024W12");
    let asked = [cells[1].clone(), unknown];
    assert_eq!(store.known_cells("weekly", &asked).await.unwrap(), [Some(numbers[1]), None], "asking makes nothing");
    assert_eq!(store.known_cells("weekly", &asked).await.unwrap(), [Some(numbers[1]), None]);
    let filter = CellFilter { indicator: Some("confirmed".to_owned()), period: Some("2024W11".to_owned()), ..CellFilter::default() };
    let rows = store.cells("weekly", &filter, START, 10).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.number, &row.cell)).collect::<Vec<_>>(), [(numbers[2], &cells[2])]);
    let asked = [numbers[2], CellNumber(i64::MAX), numbers[0]];
    let rows = store.cells_of_numbers("weekly", &asked).await.unwrap();
    assert_eq!(rows.iter().map(|row| (row.number, &row.cell)).collect::<Vec<_>>(), [(numbers[2], &cells[2]), (numbers[0], &cells[0])]);
    assert!(store.cells_of_numbers("daily", &asked).await.unwrap().is_empty(), "each flow has its own");
    assert_eq!(due(&*store).await, Vec::<String>::new(), "a cell that nothing was counted into is not due");
}

pub async fn a_record_is_counted_anew_as_a_whole(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "weekly", 1).await;
    let n = store.cell_numbers("weekly", &["2024W10", "2024W11", "2024W12"].map(|week| cell("confirmed", week))).await.unwrap();
    count(&*store, run, vec![record("1", &[(n[0], "1"), (n[0], "2"), (n[1], "1")]), record("2", &[(n[0], "1")])]).await;
    assert_eq!(due(&*store).await, ["2024W10 ", "2024W11 "]);
    assert_eq!(parts(&*store, &n).await.len(), 4);
    assert_eq!(behind(&*store, n[0]).await, ["1", "1", "2"]);
    let known = store.counted("weekly", &texts(&["2", "x", "1"])).await.unwrap();
    let second = KnownRecord { version: Some("1".to_owned()), parts: vec![CountedPart(n[0], "1".to_owned())] };
    assert_eq!((known[0].as_ref(), known[1].as_ref()), (Some(&second), None));
    assert_eq!(known[2].as_ref().map(|known| known.parts.len()), Some(3));

    deal_with(&*store, run, vec![done(n[0], "4"), done(n[1], "1")]).await;
    assert_eq!(due(&*store).await, Vec::<String>::new());
    // It moves to another week: the week that it leaves is due too.
    count(&*store, run, vec![record("2", &[(n[2], "1")])]).await;
    assert_eq!(due(&*store).await, ["2024W10 4", "2024W12 "]);
    assert_eq!((behind(&*store, n[0]).await, behind(&*store, n[2]).await), (texts(&["1", "1"]), texts(&["2"])));
    // It is counted no longer.
    deal_with(&*store, run, vec![done(n[0], "3"), done(n[2], "1")]).await;
    count(&*store, run, vec![record("2", &[]), record("3", &[]), gone("unknown")]).await;
    assert_eq!(due(&*store).await, ["2024W12 1"]);
    let nothing = Some(KnownRecord { version: Some("1".to_owned()), parts: Vec::new() });
    assert_eq!(store.counted("weekly", &texts(&["2", "3"])).await.unwrap(), [nothing.clone(), nothing]);
    count(&*store, run, vec![gone("2")]).await;
    assert_eq!(store.counted("weekly", &texts(&["2"])).await.unwrap(), [None]);
    assert_eq!(parts(&*store, &n).await, [format!("{}:1", n[0].0), format!("{}:2", n[0].0), format!("{}:1", n[1].0)]);
}

pub async fn what_is_touched_while_it_is_dealt_with_stays_due(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "weekly", 1).await;
    let n = store.cell_numbers("weekly", &[cell("confirmed", "2024W10")]).await.unwrap();
    count(&*store, run, vec![record("1", &[(n[0], "1")])]).await;
    let mut commit = page(run, "weekly");
    commit.cells.counted = vec![record("2", &[(n[0], "1")])];
    commit.cells.updates = vec![done(n[0], "1")];
    store.commit_page(&commit).await.unwrap();
    assert_eq!(due(&*store).await, ["2024W10 1"]);
    let late = CellUpdate { number: n[0], value: Some("2".to_owned()), due: true, late: true };
    deal_with(&*store, run, vec![late]).await;
    let row = store.cells("weekly", &CellFilter::default(), START, 1).await.unwrap().remove(0);
    assert_eq!((row.value.as_deref(), row.due, row.late), (Some("2"), true, true));
}

pub async fn records_that_are_not_met_again_are_listed(open: &Open<'_>) {
    let store = open().await;
    let first = begin(&*store, "weekly", 1).await;
    let n = store.cell_numbers("weekly", &[cell("confirmed", "2024W10")]).await.unwrap();
    count(&*store, first, ["1", "2", "3", "4"].map(|id| record(id, &[(n[0], "1")])).to_vec()).await;
    let second = begin(&*store, "weekly", 2).await;
    let mut commit = page(second, "weekly");
    commit.cells.seen = vec![SeenRecord { source_id: "1".to_owned(), version: Some("2".to_owned()) }];
    commit.cells.counted = vec![record("3", &[(n[0], "2")])];
    store.commit_page(&commit).await.unwrap();
    assert_eq!(store.count_counted("weekly").await.unwrap(), 4);
    assert_eq!(store.counted("weekly", &texts(&["1"])).await.unwrap()[0].as_ref().unwrap().version.as_deref(), Some("2"));
    let unseen = store.counted_unseen("weekly", second, 0, 10).await.unwrap();
    assert_eq!(unseen.iter().map(|(_, id)| id.as_str()).collect::<BTreeSet<_>>(), BTreeSet::from(["2", "4"]));
    assert_eq!(store.counted_unseen("weekly", second, unseen[0].0, 10).await.unwrap(), unseen[1..]);
    assert_eq!(store.counted_unseen("weekly", second, unseen[1].0, 10).await.unwrap(), []);
    assert_eq!(store.counted_unseen("daily", second, 0, 10).await.unwrap(), []);
}

pub async fn numbers_of_a_system_that_was_replaced_are_forgotten(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "weekly", 1).await;
    let n = store.cell_numbers("weekly", &[cell("confirmed", "2024W10")]).await.unwrap();
    count(&*store, run, vec![record("1", &[(n[0], "1")])]).await;
    let adopt = |id: &str| Identity { id: id.to_owned(), label: String::new() };
    store.adopt("godata", &adopt("one"), &texts(&["weekly"]), at(1)).await.unwrap();
    assert_eq!(store.count_counted("weekly").await.unwrap(), 1);
    store.adopt("godata", &adopt("two"), &texts(&["weekly"]), at(1)).await.unwrap();
    assert_eq!(store.count_counted("weekly").await.unwrap(), 0);
    assert_eq!((parts(&*store, &n).await, due(&*store).await), (Vec::<String>::new(), Vec::<String>::new()));
}

pub async fn a_refused_number_is_given_up_with_its_rejection(open: &Open<'_>) {
    let store = open().await;
    let run = begin(&*store, "weekly", 1).await;
    let cells = ["2026W1", "2026W2", "2026W3", "2026W4"].map(|period| cell("cases", period));
    let numbers = store.cell_numbers("weekly", &cells).await.unwrap();
    deal_with(&*store, run, vec![done(numbers[1], "2")]).await;
    let mut commit = page(run, "weekly");
    commit.cells.touched = numbers.clone();
    let refused = |at: usize, payload: Option<&[u8]>| {
        let payload = payload.map(<[u8]>::to_vec);
        kivuko_core::store::Rejection { payload, ..rejection(run, "weekly", &cells[at].id(), 10) }
    };
    commit.rejections = vec![refused(0, Some(b"\"7\"")), refused(1, Some(b"null")), refused(2, None), refused(3, Some(b"\"9\""))];
    store.commit_page(&commit).await.unwrap();

    let ids: Vec<i64> = store.rejections(Some("weekly"), 10).await.unwrap().iter().map(|row| row.id).collect();
    assert_eq!(store.discard_rejections(&ids[..3], "it is a test", at(30)).await.unwrap(), 3);
    let rows = store.cells("weekly", &CellFilter::default(), START, 10).await.unwrap();
    let state: Vec<(Option<&str>, bool, bool)> = rows.iter().map(|row| (row.value.as_deref(), row.due, row.given_up())).collect();
    assert_eq!(state, [(Some("7"), false, true), (None, false, true), (None, false, true), (None, true, false)]);

    // A record that touches it makes it due again, and it can be dealt with.
    count(&*store, run, vec![record("A", &[(numbers[0], "1")])]).await;
    assert_eq!(due(&*store).await, ["2026W1 7", "2026W4 "]);
}
