//! A wrong list comes in, the process dies while it is sent, and the list is put right before the next run: Go.Data ends with what the right list says, wherever
//! the run was killed. That what the killed run sent is not known field by field must not keep it there.

use kivuko_sims::godata::Options;

use crate::support::World;
use crate::support::kill::{self, Point};
use crate::support::known_as::names;
use crate::{Cut, alone, conclude, histories, witness};

/// So many cases are in both lists.
const CASES: usize = 7;

/// A list whose cases differ in several fields from those of another, each in others.
fn list(is_wrong: bool) -> String {
    let row = |number: usize| {
        let wrong = |every: usize| is_wrong && number.is_multiple_of(every);
        let name = if wrong(2) { "Somebody Else" } else { "Amina Koné" };
        let sex = if wrong(3) { "M" } else { "F" };
        let age = if wrong(1) { 60 + number } else { 20 + number };
        let phone = if wrong(2) { "076 111 222" } else { "076 333 444" };
        format!("C-{number},{name} {number},{sex},{age},2026-03-02,{phone}\n")
    };
    let rows: String = (1..=CASES).map(row).collect();
    format!("case_id,name,sex,age,reported,phone\n{rows}")
}

async fn world(cut: Cut) -> World {
    let mut world = World::new(Options::for_tests().mask("*")).await;
    world.pace.page_size = cut.page;
    let path = world.path("kivuko.yaml");
    let kivuko = std::fs::read_to_string(&path).expect("the project is there").replace("settle_secs: 0.4", "settle_secs: 0.25");
    world.write("kivuko.yaml", &format!("{kivuko}    batch_size: {}\n    concurrency: 4\n", cut.batch));
    world.write("incoming/cases.csv", &list(false));
    let report = world.run("cases").await;
    assert_eq!((report.exit_code(), report.counts.created), (0, CASES as u64), "{}", report.to_json());
    world
}

/// One history; how many kills struck.
async fn put_right(cut: Cut, point: Point) -> Result<usize, String> {
    let world = world(cut).await;
    let content = || witness::content(&world, &names(&world.sim));
    let expected = content();
    world.write("incoming/cases.csv", &list(true));
    let struck = kill::run(&world, "cases", point).await.is_none();
    world.write("incoming/cases.csv", &list(false));
    let here = |what: String| Err(format!("killed at {point:?}: {what}"));
    let report = world.run("cases").await;
    if report.exit_code() != 0 || report.counts.created + report.counts.deleted > 0 {
        return here(format!("the run after it ended with {}", report.to_json()));
    }
    let found = content();
    if found != expected {
        let differs: Vec<&String> = found.iter().filter(|record| !expected.contains(record)).collect();
        return here(format!("Go.Data holds {differs:#?}"));
    }
    world.sim.log().clear();
    let report = world.run("cases").await;
    if report.counts.unchanged != CASES as u64 || !world.sim.log().writes().is_empty() {
        return here(format!("one more run did something: {}", report.to_json()));
    }
    Ok(usize::from(struck))
}

#[test]
fn what_goes_back_before_the_next_run() {
    let cut = Cut { page: 4, batch: 2 };
    let mut failures = Vec::new();
    for kind in Point::KINDS {
        let (points, failed) = histories(None, |turn| alone(put_right(cut, kind(turn + 1))));
        println!("  a list that is put right, {:?}: {points} points", kind(0));
        failures.extend(failed);
    }
    conclude(failures, "histories");
}
