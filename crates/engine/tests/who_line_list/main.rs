//! WHO's line lists of the training outbreak, as they are published, through the project of the template `line-list`: every row is accounted for, a row is
//! rejected or waits only for a reason that a person would agree with, and whatever the order of the flows and the accidents on the way, Go.Data ends with the
//! same people, relationships, visits and results.
//!
//! The files are read where they lie: `KIVUKO_REAL_DATA`, else `../shared/data` beside the workspace. Without them the tests say that they were left out.

#[path = "../support/mod.rs"]
mod support;

mod content;
mod lists;

use std::collections::BTreeMap;

use kivuko_core::outcome::Counts;
use kivuko_sims::faults;
use kivuko_sims::godata::Options;
use lists::{FLOWS, open, world};
use serde_json::json;
use support::World;

/// `read created updated unchanged skipped waiting rejected`.
fn figures(counts: &Counts) -> [u64; 7] {
    assert_eq!(counts.failed + counts.deleted, 0);
    [counts.read, counts.created, counts.updated, counts.unchanged, counts.skipped, counts.waiting, counts.rejected]
}

/// What each list comes to once everything has arrived that will: `read unchanged skipped waiting rejected`.
const IN_THE_END: [(&str, [u64; 5]); 6] = [
    // Three numbers stand beside two people each. All other rows go through: also those without a number, a name, a place or an age.
    ("cases", [56, 50, 0, 0, 6]),
    // Six became cases, and stand in the list of cases.
    ("contacts", [66, 60, 6, 0, 0]),
    ("events", [7, 7, 0, 0, 0]),
    // Eleven name one of the six cases that nobody has decided on.
    ("relationships", [100, 89, 0, 11, 0]),
    ("follow-ups", [437, 437, 0, 0, 0]),
    // Five have no number of the sample, so that they could not be found again.
    ("lab-results", [40, 35, 0, 0, 5]),
];

/// Runs the flows in this order, again and again, until a round writes nothing; how many requests met an accident on the way.
async fn until_quiet(world: &World, order: &[&str]) -> usize {
    let mut accidents = 0;
    for _ in 0..8 {
        world.sim.log().clear();
        for flow in order {
            world.run(flow).await;
        }
        accidents += world.sim.log().entries().iter().filter(|entry| entry.fault.is_some()).count();
        if world.sim.log().writes().is_empty() {
            return accidents;
        }
    }
    panic!("it does not come to an end in the order {order:?}");
}

/// After everything has arrived: each list comes to what it comes to, and nothing is written.
async fn is_at_its_end(world: &World) {
    world.sim.log().clear();
    for (flow, expected) in IN_THE_END {
        let report = world.run(flow).await;
        let [read, unchanged, skipped, waiting, rejected] = expected;
        assert_eq!(figures(&report.counts), [read, 0, 0, unchanged, skipped, waiting, rejected], "{flow}: {:?}", report.causes);
    }
    assert!(world.sim.log().writes().is_empty(), "a run without news wrote: {:?}", world.sim.log().writes());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_row_of_the_lists_of_who_is_accounted_for() {
    let Some(folder) = lists::folder() else { return };
    let world = world(&folder, Options::for_tests()).await;
    for (flow, [read, done, skipped, waiting, rejected]) in IN_THE_END {
        let report = world.run(flow).await;
        assert_eq!(figures(&report.counts), [read, done, 0, 0, skipped, waiting, rejected], "{flow}: {:?}", report.causes);
    }
    let mut expected: Vec<String> =
        [21, 22, 27, 28, 33, 34].map(|row| format!("cases.csv, row {row}: K0313 visualId")).into_iter().collect();
    expected.extend([10, 25, 30, 35, 41].map(|row| format!("lab-results.csv, row {row}: K0303 sampleIdentifier")));
    assert_eq!(open(&world).await, expected);

    let state = world.sim.state();
    let cases = state.cases(Options::OUTBREAK);
    assert_eq!(cases.len(), 50);
    // An infant of 11 months stands in the list as 0.916666666666667 years.
    assert!(cases.iter().any(|case| case["age"]["months"] == 11 && case["age"]["years"] == 0));
    // Whatever the list says of hospitals, Go.Data did not make up a centre from it.
    let reference_data = state.collection("referenceData");
    assert!(reference_data.iter().all(|item| item["categoryId"] != "LNG_REFERENCE_DATA_CATEGORY_CENTRE_NAME"));
    let of = |kind: &str| state.of(Options::OUTBREAK, kind);
    assert_eq!((of("contacts").len(), of("events").len(), of("relationships").len()), (60, 7, 89));
    assert_eq!((state.collection("followUp").len(), state.collection("labResult").len()), (437, 35));
    // From whom to whom: as the list has it.
    let kinds = |relationship: &serde_json::Value, side: &str| {
        let person = relationship["persons"].as_array().and_then(|people| people.iter().find(|person| person[side] == json!(true)));
        let kind = person.and_then(|person| person["type"].as_str()).unwrap_or_default();
        kind.trim_start_matches("LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_").to_owned()
    };
    let mut directions: BTreeMap<String, usize> = BTreeMap::new();
    for relationship in of("relationships") {
        *directions.entry(format!("{} {}", kinds(&relationship, "source"), kinds(&relationship, "target"))).or_default() += 1;
    }
    let expected = [("CASE CASE", 16), ("CASE CONTACT", 59), ("CASE EVENT", 1), ("EVENT CASE", 13)];
    assert_eq!(directions, expected.into_iter().map(|(words, count)| (words.to_owned(), count)).collect());
    is_at_its_end(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_the_order_of_the_flows_the_end_is_the_same() {
    let Some(folder) = lists::folder() else { return };
    let straight = world(&folder, Options::for_tests()).await;
    until_quiet(&straight, &FLOWS).await;
    let expected = content::of(&straight.sim);
    // Each flow once as the first one, and the worst order of all: children before parents.
    for seed in 0..FLOWS.len() {
        // Each time in pages of another size, too.
        let mut order = FLOWS.to_vec();
        order.rotate_left(seed);
        if seed % 2 == 1 {
            order[1..].reverse();
        }
        let mut other = world(&folder, Options::for_tests()).await;
        other.pace.page_size = 7 + 40 * seed;
        until_quiet(&other, &order).await;
        content::same(&content::of(&other.sim), &expected, &format!("{order:?}"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accidents_on_the_way_change_nothing_in_the_end() {
    let Some(folder) = lists::folder() else { return };
    let quiet = world(&folder, Options::for_tests()).await;
    until_quiet(&quiet, &FLOWS).await;
    let expected = content::of(&quiet.sim);
    let accidents = json!([
        { "on": { "method": "POST", "path": "*/cases", "nth": 1 }, "do": { "status": 500 } },
        { "on": { "method": "POST", "path": "*/contacts", "nth": 1 }, "do": { "drop": "after" } },
        { "on": { "method": "POST", "path": "*/events", "nth": 1 }, "do": "expire_token" },
        { "on": { "method": "POST", "path": "*/relationships", "nth": 3 }, "do": { "drop": "after" } },
        { "on": { "method": "POST", "path": "*/relationships", "nth": 7 }, "do": { "status": 503 } },
        { "on": { "method": "POST", "path": "*/relationships", "nth": 20 }, "do": "truncate" },
        { "on": { "method": "POST", "path": "*/follow-ups", "nth": 2 }, "do": { "drop": "before" } },
        { "on": { "method": "POST", "path": "*/follow-ups", "nth": 9 }, "do": { "drop": "after", "late": 150 } },
        { "on": { "method": "POST", "path": "*/follow-ups", "nth": 30 }, "do": "expire_token" },
        { "on": { "method": "POST", "path": "*/lab-results", "nth": 2 }, "do": { "drop": "after" } },
        { "on": { "method": "POST", "path": "*/lab-results", "nth": 5 }, "do": { "status": 502 } },
    ]);
    let world = world(&folder, Options::for_tests()).await;
    world.sim.set_faults(faults::parse(&accidents.to_string()).expect("the faults are understood"));
    assert_eq!(until_quiet(&world, &FLOWS).await, accidents.as_array().map_or(0, Vec::len), "not every accident happened");
    world.sim.set_faults(Vec::new());
    content::same(&content::of(&world.sim), &expected, "with accidents");
    is_at_its_end(&world).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_becomes_a_case_stays_one_person() {
    let Some(folder) = lists::folder() else { return };
    let world = world(&folder, Options::for_tests()).await;
    // The day before: the six who became cases are still contacts, and the list of cases does not have them.
    let contacts = std::fs::read_to_string(world.path("incoming/contacts.csv")).expect("the list is there");
    let cases = std::fs::read_to_string(world.path("incoming/cases.csv")).expect("the list is there");
    let became: Vec<&str> = contacts.lines().filter(|row| row.contains("BECAME_CASE")).filter_map(|row| row.split(',').next()).collect();
    assert_eq!(became.len(), 6);
    let without: Vec<&str> = cases.lines().filter(|row| !became.iter().any(|id| row.starts_with(id))).collect();
    world.write("incoming/contacts.csv", &contacts.replace("BECAME_CASE", "UNDER_FOLLOW_UP"));
    world.write("incoming/cases.csv", &(without.join("\n") + "\n"));
    until_quiet(&world, &FLOWS).await;
    let count = |kind: &str| world.sim.state().of(Options::OUTBREAK, kind).len();
    // Three exposures of others begin at one of the six; as long as that one is a contact, Go.Data would turn them round.
    let turned: Vec<String> = open(&world).await.into_iter().filter(|line| line.starts_with("relationships.csv")).collect();
    assert_eq!(turned, [28, 5, 89].map(|row| format!("relationships.csv, row {row}: K0623 persons")));
    assert_eq!((count("cases"), count("contacts"), count("relationships")), (44, 66, 86));

    world.write("incoming/contacts.csv", &contacts);
    world.write("incoming/cases.csv", &cases);
    let report = world.run("cases").await;
    assert_eq!(figures(&report.counts), [56, 0, 6, 44, 0, 0, 6], "{:?}", report.causes);
    until_quiet(&world, &FLOWS).await;
    assert_eq!((count("cases"), count("contacts"), count("relationships")), (50, 60, 89));
    is_at_its_end(&world).await;
}
