//! A run that counts and is killed at any point, and started again, comes to the same as one that nobody disturbed: the same numbers in DHIS2, each written as
//! often, and the same kept of each record.
//!
//! Killed is killed, as in the crash test of records: the future of the run is dropped at the chosen instant together with its engine, and a new engine opens the
//! same store file. The points are those where an undisturbed run does something that it has not done before on that day: each kind of call of the store and of
//! request to DHIS2, told apart by what came before it, before it takes effect and after. `KIVUKO_CRASH_ALL=1` takes every call and every request.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::cells::{CellFilter, CellNumber};
use kivuko_core::store::Store;
use kivuko_sims::godata::Options;
use support::kill::{self, Point};
use support::{World, numbers, turns};

/// The list as it is each day: all are new; one moves, one is reclassified, one cannot be counted; one is gone, one is mended.
const DAYS: [&str; 3] = [
    "C-1,2026-06-09,Bo town,F,3,confirmed,2026-06-02,,,S-1
C-2,2026-06-10,Bo river,F,4,suspect,,2026-06-11,,S-2
C-3,2026-06-10,Kenema,M,30,confirmed,2026-06-08,2026-06-10,2026-06-13,S-2
C-4,2026-06-03,Kenema,M,8,suspect,,,,
C-5,2026-06-03,Nowhere,F,8,suspect,,,,
",
    "C-1,2026-06-09,Kenema,F,3,confirmed,2026-06-02,,,S-1
C-2,2026-06-10,Bo river,F,4,confirmed,2026-06-09,2026-06-11,,S-2
C-3,2026-06-10,Kenema,M,30,confirmed,2026-06-08,2026-06-10,2026-06-13,S-2
C-4,3 June,Kenema,M,8,suspect,,,,
C-5,2026-06-03,Nowhere,F,8,suspect,,,,
C-6,2026-06-14,Bo town,M,60,suspect,,,2026-06-14,S-3
",
    "C-1,2026-06-09,Kenema,F,3,confirmed,2026-06-02,,,S-1
C-2,2026-06-10,Bo river,F,4,suspect,,2026-06-11,,S-2
C-4,2026-06-03,Kenema,M,8,suspect,,,,
C-5,2026-06-03,Bo town,F,8,suspect,,,,
C-6,2026-06-14,Bo town,M,60,suspect,,,2026-06-14,S-3
",
];

async fn world() -> World {
    let mut world = World::of_numbers("2.42", Options::for_tests()).await;
    world.pace.page_size = 2;
    let kivuko = std::fs::read_to_string(world.path("kivuko.yaml")).expect("it is there");
    world.write("kivuko.yaml", &format!("{kivuko}    batch_size: 2\n"));
    let flow = numbers::FLOW.replace("date: reported }", "date: reported, restate: 2 }\n  zeros: report");
    world.write("flows/weekly.yaml", &flow);
    world
}

fn day(world: &World, text: &str) {
    world.write("incoming/cases.csv", &format!("id,reported,place,sex,age,class,onset,admitted,died,sample\n{text}"));
}

/// Everything that must not depend on how often a run was killed.
#[derive(Debug, PartialEq)]
struct Witness {
    values: BTreeMap<String, String>,
    /// How often each number was written.
    written: BTreeMap<String, usize>,
    rejections: BTreeMap<String, String>,
    open_intents: usize,
    /// By cell: its value, whether it is due or late, and the records behind it.
    cells: BTreeMap<String, String>,
}

impl Witness {
    async fn of(world: &World) -> Self {
        let store = world.workspace().open_store().await.expect("the store opens");
        let rows = store.cells("weekly", &CellFilter::default(), CellNumber(-1), 10_000).await.expect("cells can be read");
        let mut cells = BTreeMap::new();
        for row in rows {
            let behind = store.records_of_cell(row.number, "", 1000).await.expect("records can be read");
            // What is distinct is kept as hashes under a key that each store has for itself.
            let part = |part: String| if part.len() == 32 { "(hash)".to_owned() } else { part };
            let records: Vec<String> = behind.into_iter().map(|one| format!("{} {}", one.source_id, part(one.part))).collect();
            cells.insert(
                format!("{} {}", row.cell.indicator, row.cell.id()),
                format!("{:?} {} {} {records:?}", row.value, row.due, row.late),
            );
        }
        let rejections = store.rejections(None, 10_000).await.expect("rejections can be read");
        Self {
            values: numbers::values(world.hmis()),
            written: numbers::written(world.hmis()).into_iter().map(|(name, changes)| (name, changes.len())).collect(),
            rejections: rejections
                .into_iter()
                .map(|row| (row.source_id, row.causes.first().map(|cause| cause.code.to_string()).unwrap_or_default()))
                .collect(),
            open_intents: store.open_intents("hmis").await.expect("intents can be read").len(),
            cells,
        }
    }
}

impl Witness {
    /// What is not as it is in the undisturbed history, a line each.
    fn differences(&self, undisturbed: &Self) -> String {
        let maps = |witness: &Self| {
            let lines = |name: &str, map: &BTreeMap<String, String>| {
                map.iter().map(|(key, value)| (format!("{name} {key}"), value.clone())).collect::<Vec<_>>()
            };
            let written = witness.written.iter().map(|(key, times)| (format!("writes of {key}"), times.to_string()));
            let mut all: BTreeMap<String, String> = written.collect();
            all.extend(lines("value of", &witness.values));
            all.extend(lines("rejection of", &witness.rejections));
            all.extend(lines("cell", &witness.cells));
            all.insert("open intents".to_owned(), witness.open_intents.to_string());
            all
        };
        let (here, there) = (maps(self), maps(undisturbed));
        let names: BTreeSet<&String> = here.keys().chain(there.keys()).collect();
        let differing = names.into_iter().filter(|name| here.get(*name) != there.get(*name));
        let lines = differing.map(|name| format!("  {name}: {:?}, undisturbed {:?}", here.get(name), there.get(name)));
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// A day as it comes to pass when nobody disturbs it, and where it is to be disturbed.
struct Day {
    expected: Witness,
    points: Vec<Point>,
}

async fn undisturbed() -> Vec<Day> {
    let world = world().await;
    let mut days = Vec::new();
    for text in DAYS {
        day(&world, text);
        let (report, steps) = kill::trace(&world, "weekly").await;
        assert!(report.exit_code() <= 1, "an undisturbed run works: {}", report.to_json());
        let expected = Witness::of(&world).await;
        assert_eq!(expected.open_intents, 0, "an undisturbed run leaves no open intent");
        days.push(Day { expected, points: turns::points(&steps) });
    }
    assert!(days[0].expected.values.len() > 8, "the work is about something: {:?}", days[0].expected.values);
    days
}

/// Runs each day, killed at its point of this turn, then to its end.
async fn disturbed(turn: usize, days: &[Day]) -> Result<(), String> {
    let world = world().await;
    for (number, (text, Day { expected, points })) in DAYS.into_iter().zip(days).enumerate() {
        let point = points[turn % points.len()];
        day(&world, text);
        if kill::run(&world, "weekly", point).await.is_some() {
            return Err(format!("day {number}: the run never came to {point:?}"));
        }
        let report = world.run("weekly").await;
        if report.exit_code() > 1 {
            return Err(format!("day {number}, killed at {point:?}: the run after it ended with {}", report.to_json()));
        }
        let here = Witness::of(&world).await;
        if here != *expected {
            return Err(format!("day {number}, killed at {point:?}:\n{}", here.differences(expected)));
        }
    }
    Ok(())
}

#[test]
fn every_kind_of_step_of_a_run_that_counts() {
    let days = turns::alone(undisturbed());
    let turns = days.iter().map(|day| day.points.len()).max().unwrap_or_default();
    turns::all_of(turns, async |turn| disturbed(turn, &days).await);
}
