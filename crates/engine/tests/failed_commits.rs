//! A page that cannot be put down: the account of the run on the screen is that of the store, whichever page it was.

mod support;

use kivuko_core::store::Store;
use kivuko_sims::godata::Options;
use support::World;
use support::kill::{self, Point, Side};

/// Each commit of a run of this flow fails once, in a world of its own.
async fn every_commit(make: impl AsyncFn() -> World, flow: &str) {
    let (report, steps) = kill::trace(&make().await, flow).await;
    assert_eq!(report.exit_code(), 0, "an undisturbed run works: {}", report.to_json());
    let commits: Vec<usize> = (1..).zip(&steps.calls).filter(|(_, name)| **name == "commit_page").map(|(n, _)| n).collect();
    assert!(commits.len() > 2, "the work is cut into pages: {:?}", steps.calls);
    for commit in commits {
        let world = make().await;
        let report = kill::run(&world, flow, Point::Store(commit, Side::Refused)).await.expect("nobody is killed");
        assert!(report.error.is_some(), "{}", report.to_json());
        let store = world.workspace().open_store().await.expect("the store opens");
        let kept = store.run(report.run).await.expect("the run can be read").expect("it is there");
        assert_eq!(report.counts, kept.counts, "the commit that is call {commit} of the store failed");
        assert!(kept.counts.adds_up());
        store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_records() {
    let make = async || {
        let mut world = World::new(Options::for_tests().mask("*")).await;
        world.pace.page_size = 2;
        let row = |number: usize| format!("C-{number},Amina Koné,2026-03-02\n");
        let rows: String = (1..=5).map(row).collect();
        world.write("incoming/cases.csv", &format!("case_id,name,reported\n{rows}"));
        world
    };
    every_commit(make, "cases").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_numbers() {
    let make = async || {
        let mut world = World::of_numbers("2.41", Options::for_tests()).await;
        (world.pace.page_size, world.pace.pages_together) = (2, 1);
        let row = |number: usize| format!("C-{number},2026-06-{:02},Bo town,F,3,suspect,,2026-06-{0:02},,\n", number + 1);
        let rows: String = (1..=9).map(row).collect();
        world.write("incoming/cases.csv", &format!("id,reported,place,sex,age,class,onset,admitted,died,sample\n{rows}"));
        world
    };
    every_commit(make, "weekly").await;
}
