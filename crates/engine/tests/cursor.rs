//! A flow that follows a source by its cursor: whatever happens in Go.Data between the runs and while they read, in the end the file is a full copy,
//! nothing stands in it twice, and every run's account adds up.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use kivuko_core::store::Store;
use kivuko_engine::{RunOptions, Unwatched};
use kivuko_sims::clock::Clock;
use kivuko_sims::godata::Options;
use kivuko_sims::pause::{Pause, Phase};
use proptest::prelude::*;
use serde_json::{Value, json};
use support::kill::{self, Point, Side};
use support::{World, project};

/// What happens to one of a few cases, in Go.Data.
#[derive(Debug, Clone)]
enum Deed {
    /// It is entered, or if it is there its name is changed.
    Put(usize, String),
    Delete(usize),
    /// A field is changed that the table does not have.
    Touch(usize),
    /// Time goes by: less than the overlap, or far more.
    Wait(u64),
}

/// What Kivuko does in between.
#[derive(Debug, Clone)]
enum Step {
    Happens(Vec<Deed>),
    Run,
    /// A run during which something happens, right before it reads this page.
    RunWhile(usize, Vec<Deed>),
    /// A run that is killed.
    Killed(Point),
    /// A person takes the cursor back to the beginning.
    Rewind,
}

fn deeds() -> impl Strategy<Value = Vec<Deed>> {
    let deed = prop_oneof![
        5 => (0usize..8, "[A-D][a-c]{1,3}").prop_map(|(case, name)| Deed::Put(case, name)),
        2 => (0usize..8).prop_map(Deed::Delete),
        1 => (0usize..8).prop_map(Deed::Touch),
        2 => prop_oneof![Just(0), Just(1), Just(20), Just(1000)].prop_map(Deed::Wait),
    ];
    prop::collection::vec(deed, 0..8)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let side = prop_oneof![Just(Side::Before), Just(Side::After)];
    let point =
        (1usize..25, side, any::<bool>()).prop_map(|(n, side, call)| if call { Point::Store(n, side) } else { Point::Request(n, side) });
    let step = prop_oneof![
        5 => deeds().prop_map(Step::Happens),
        4 => Just(Step::Run),
        2 => (1usize..4, deeds()).prop_map(|(page, deeds)| Step::RunWhile(page, in_a_moment(deeds))),
        2 => point.prop_map(Step::Killed),
        1 => Just(Step::Rewind),
    ];
    prop::collection::vec(step, 1..8)
}

/// What happens while one page is being read happens within the overlap. A change that is stamped just behind the reader, while the same reading goes on
/// for longer than the overlap at the live end, is what a cursor of time stamps cannot see.
fn in_a_moment(deeds: Vec<Deed>) -> Vec<Deed> {
    deeds.into_iter().map(|deed| if let Deed::Wait(seconds) = deed { Deed::Wait(seconds.min(1)) } else { deed }).collect()
}

fn happen(world: &World, deeds: &[Deed]) {
    for deed in deeds {
        let there = |case: &usize| world.sim.state().cases(Options::OUTBREAK).iter().any(|one| one["id"] == json!(format!("c{case}")));
        let deleted = |case: &usize| world.sim.state().person(&format!("c{case}")).is_some();
        match deed {
            Deed::Put(case, name) if there(case) => world.sim.edit(&format!("c{case}"), |one| one["lastName"] = json!(name)),
            // A deleted case keeps its id for ever.
            Deed::Put(case, _) if deleted(case) => {}
            Deed::Put(case, name) => {
                let case = json!({ "id": format!("c{case}"), "lastName": name, "dateOfReporting": "2026-03-02T00:00:00.000Z" });
                world.sim.insert_case(Options::OUTBREAK, case);
            }
            Deed::Delete(case) if there(case) => world.sim.delete(&format!("c{case}")),
            Deed::Touch(case) if there(case) => world.sim.edit(&format!("c{case}"), |one| one["safeBurial"] = json!(true)),
            Deed::Delete(_) | Deed::Touch(_) => {}
            Deed::Wait(seconds) => world.sim.clock().advance(Duration::from_secs(*seconds)),
        }
    }
}

/// Runs the export; right before it reads this page something happens.
async fn run_while(world: &World, page: usize, deeds: &[Deed]) {
    let mut held = world.sim.pause_at(Pause::nth(page, Phase::BeforeApply).on("GET", "*/cases"));
    let engine = world.engine().await;
    let options = RunOptions::default();
    let run = engine.run("export", &options, &Unwatched);
    tokio::pin!(run);
    let report = tokio::select! {
        biased;
        true = held.reached() => {
            happen(world, deeds);
            held.resume();
            run.await
        }
        report = &mut run => report,
    };
    world.sim.clear_pauses();
    let report = report.expect("the run begins");
    assert!(report.counts.adds_up() && report.exit_code() == 0, "{}", report.to_json());
}

/// The table as it is, row by row; a row that stands twice fails.
fn table(world: &World) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(world.path("exports/cases.csv")).unwrap_or_default();
    let mut rows = BTreeMap::new();
    for row in text.lines().skip(1) {
        let (id, rest) = row.split_once(',').expect("a row has several cells");
        assert_eq!(rows.insert(id.to_owned(), rest.to_owned()), None, "{id} stands twice in\n{text}");
    }
    rows
}

/// The table as it must be.
fn full_copy(world: &World) -> BTreeMap<String, String> {
    let text = |case: &Value, field: &str| case[field].as_str().unwrap_or_default().to_owned();
    let cases = world.sim.state().cases(Options::OUTBREAK);
    cases.iter().map(|case| (text(case, "id"), format!("{},2026-03-02", text(case, "lastName")))).collect()
}

async fn follow(steps: Vec<Step>) {
    let mut world = World::new(Options::for_tests().clock(Clock::at("2026-03-02T08:00:00Z"))).await;
    world.pace.page_size = 3;
    let kivuko = project::KIVUKO.replace("{url}", &world.sim.url());
    world.write("kivuko.yaml", &format!("{kivuko}    overlap_secs: 10\n"));
    for step in &steps {
        match step {
            Step::Happens(deeds) => happen(&world, deeds),
            Step::Run => {
                let report = world.run("export").await;
                assert_eq!(report.exit_code(), 0, "{}", report.to_json());
                assert_eq!(table(&world), full_copy(&world), "right after a run");
            }
            Step::RunWhile(page, deeds) => run_while(&world, *page, deeds).await,
            Step::Killed(point) => {
                kill::run(&world, "export", *point).await;
            }
            Step::Rewind => {
                let engine = world.engine().await;
                for row in engine.store().cursors("export").await.expect("cursors can be read") {
                    let now = engine.clock().now();
                    engine.store().set_cursor("export", &row.partition, None, "a test", now).await.expect("a cursor can be forgotten");
                }
            }
        }
    }
    world.run("export").await;
    assert_eq!(table(&world), full_copy(&world), "in the end");
    let store = world.workspace().open_store().await.expect("the store opens");
    let runs = store.runs(Some("export"), 1000).await.expect("runs can be read");
    assert!(runs.iter().all(|run| run.counts.adds_up()), "{runs:?}");
    let created: u64 = runs.iter().map(|run| run.counts.created).sum();
    let deleted: u64 = runs.iter().map(|run| run.counts.deleted).sum();
    assert_eq!(created - deleted, full_copy(&world).len() as u64, "created less deleted, over all runs, is what is there: {runs:?}");
    world.sim.log().clear();
    let report = world.run("export").await;
    let counts = report.counts;
    assert_eq!(
        (counts.read, counts.writes),
        (counts.skipped, kivuko_core::outcome::Writes::default()),
        "one more run: {}",
        report.to_json()
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 60, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_table_follows_its_source(steps in steps()) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made").block_on(follow(steps));
    }
}

/// A case is written, the process dies, the case is deleted in Go.Data; its tombstone comes only once.
#[test]
fn what_a_killed_run_made_is_not_forgotten_when_it_is_deleted() {
    let put = |case: usize| Deed::Put(case, "Abc".to_owned());
    for n in 15..35 {
        let steps = vec![
            Step::Happens(vec![put(0)]),
            Step::Killed(Point::Store(n, Side::Before)),
            Step::Happens(vec![Deed::Delete(0), Deed::Wait(1000), put(1)]),
            Step::Run,
        ];
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made").block_on(follow(steps));
    }
}
