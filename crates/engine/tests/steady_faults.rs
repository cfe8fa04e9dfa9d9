//! A server that fails at regular distances never makes a sound record look like a poisonous one, and every record arrives in the end, once.

mod support;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use kivuko_sims::faults;
use kivuko_sims::godata::Options;
use support::World;

/// How many worlds are under way at a time: they wait more than they work.
const AT_A_TIME: usize = 16;
/// After so many runs the server is mended.
const RUNS: usize = 4;

/// Every request, or those that write; the distance; how many records there are, so that the failures fall otherwise.
fn faults() -> Vec<(&'static str, usize, usize)> {
    let on = ["path: \"*\"", "method: POST", "method: POST, path: \"*/cases\"", "method: PUT"];
    let distances = [2, 3, 5];
    let records = [1, 4, 9, 28];
    on.into_iter()
        .flat_map(|on| distances.into_iter().flat_map(move |every| records.into_iter().map(move |many| (on, every, many))))
        .collect()
}

fn list(many: usize, day: u32) -> String {
    let rows = (0..many).map(|number| format!("C-{number},Person {number},2026-03-{day:02}"));
    std::iter::once("case_id,name,reported".to_owned()).chain(rows).collect::<Vec<_>>().join("\n") + "\n"
}

/// What went wrong.
async fn history((on, every, many): (&str, usize, usize)) -> Result<(), String> {
    let world = World::new(Options::for_tests().mask("*")).await;
    let rule = format!("- {{ on: {{ {on}, every: {every} }}, do: {{ status: 503 }} }}");
    for day in 1..=2 {
        world.write("incoming/cases.csv", &list(many, day));
        world.sim.set_faults(faults::parse(&rule).map_err(|error| error.to_string())?);
        for run in 0..=RUNS {
            if run == RUNS {
                world.sim.set_faults(Vec::new());
            }
            let report = world.run("cases").await;
            if report.counts.rejected > 0 {
                return Err(format!("{on}, every {every}, {many} records, day {day}: {:?}", report.causes));
            }
            if report.exit_code() == 0 {
                break;
            }
            if run == RUNS {
                return Err(format!("{on}, every {every}, {many} records, day {day}: not done in the end: {}", report.to_json()));
            }
        }
    }
    let cases = world.sim.state().cases(Options::OUTBREAK);
    let late = cases.iter().filter(|case| case["dateOfReporting"].as_str().is_some_and(|date| date.starts_with("2026-03-02"))).count();
    if (cases.len(), late) == (many, many) {
        Ok(())
    } else {
        Err(format!("{on}, every {every}: {} of {many} cases, {late} as of day 2", cases.len()))
    }
}

#[test]
fn what_strikes_at_regular_distances_is_not_the_fault_of_a_record() {
    let all = faults();
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let one_after_the_other = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
        while let Some(fault) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            if let Err(failure) = runtime.block_on(history(*fault)) {
                failures.lock().expect("nobody panics here").push(failure);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(one_after_the_other);
        }
    });
    let failures = failures.into_inner().expect("nobody panicked there");
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), all.len(), failures.join("\n"));
}
