//! Numbers where one question, or one commit, does not hold everything: more marks and numbers than are asked for at once, and a record that comes by twice.

mod support;

use std::fmt::Write as _;

use jiff::ToSpan as _;
use jiff::civil::date;
use kivuko_core::catalogue::run as codes;
use kivuko_engine::{RunOptions, RunReport};
use kivuko_sims::godata::Options;
use kivuko_sims::pause::{Pause, Phase};
use serde_json::json;
use support::{World, numbers};

fn told(report: &RunReport, code: kivuko_core::error::Code) -> u64 {
    report.causes.iter().filter(|group| group.code == code).map(|group| group.records).sum()
}

/// DHIS2 is asked for 200 marks and, one request at a time, for 1,000 numbers at once.
#[tokio::test]
async fn more_marks_than_are_asked_for_at_once_are_lost_and_given_again() {
    const WEEKS: i64 = 130;
    let world = World::of_numbers("2.42", Options::for_tests()).await;
    let kivuko = std::fs::read_to_string(world.path("kivuko.yaml")).expect("it is there");
    world.write("kivuko.yaml", &format!("{kivuko}    concurrency: 1\n"));
    world.write("flows/weekly.yaml", &numbers::FLOW.replace("data_set: WEEKLY }", "data_set: WEEKLY, complete: true }"));
    world.write(
        "aggregates/weekly.csv",
        "indicator,data_element,value\nhospital,HOSPITAL,count\ntested,TESTED,count\ndeaths,DEATHS,count\nrate,RATE,count\n",
    );
    let mut list = "id,reported,place\n".to_owned();
    for week in 1..=WEEKS {
        let day = date(2026, 6, 12).checked_sub((7 * week).days()).expect("it is in the calendar");
        for place in ["Bo town", "Kenema"] {
            writeln!(list, "{place} {week},{day},{place}").expect("a String takes everything");
        }
    }
    world.write("incoming/cases.csv", &list);
    let report = world.run("weekly").await;
    let marks = report.numbers.expect("it counts").completed;
    assert_eq!((marks, report.counts.writes.created), (260, 1040), "{}", report.to_json());
    let values = numbers::values(world.hmis());

    // Of the last ones somebody took one back.
    let again = RunOptions { again: true, ..RunOptions::default() };
    let taken = numbers::complete(world.hmis()).pop().expect("there are marks");
    numbers::complete_data_set(world.hmis(), &taken, None);
    let report = world.run_with("weekly", &again).await;
    assert_eq!((told(&report, codes::MARK_LEFT), report.counts.writes.created), (1, 0), "{}", report.to_json());
    assert!(!numbers::complete(world.hmis()).contains(&taken));
    numbers::complete_data_set(world.hmis(), &taken, Some(true));

    world.hmis().lose_data();
    let report = world.run_with("weekly", &again).await;
    assert_eq!(report.numbers.expect("it counts").completed, marks, "{}", report.to_json());
    assert_eq!((numbers::values(world.hmis()), numbers::complete(world.hmis()).len()), (values, 260));
}

/// A record whose rejection was discarded is handed out again by the overlap, and once more in the same commit as it has become meanwhile.
#[tokio::test]
async fn a_record_that_was_given_up_counts_when_it_changes_while_it_is_read() {
    const RESIDENCE: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE";
    let mut options = Options::for_tests();
    options.locations.extend(["place-bo", "place-no"].map(|id| json!({ "id": id, "name": id, "parentLocationId": null })));
    let mut world = World::of_numbers("2.42", options).await;
    (world.pace.page_size, world.pace.pages_together) = (1, 4);
    world.write(
        "flows/weekly.yaml",
        &format!(
            "flow: weekly
from: {{ system: godata, resource: cases }}
aggregate:
  sheet: weekly.csv
  period: {{ type: Weekly, date: dateOfReporting }}
  org_unit: {{ path: \"addresses[typeId={RESIDENCE}].locationId\", crosswalk: areas }}
to: {{ system: hmis, resource: dataValueSets, data_set: WEEKLY }}
"
        ),
    );
    world.write("codes/areas.csv", "source,target\nplace-bo,BO\n");
    world.write("aggregates/weekly.csv", "indicator,data_element,value\nhospital,HOSPITAL,count\n");
    let insert = |place: &str| {
        let fields = json!({
            "lastName": "Sesay", "dateOfReporting": "2026-06-09T00:00:00.000Z", "classification": "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_SUSPECT",
            "addresses": [{ "typeId": RESIDENCE, "locationId": place }],
        });
        world.sim.insert_case(Options::OUTBREAK, fields)
    };
    let given_up = insert("place-no");
    insert("place-bo");
    assert_eq!(world.run("weekly").await.counts.rejected, 1);
    let engine = world.engine().await;
    let open = engine.store().rejections(None, 10).await.expect("they can be read");
    engine.store().discard_rejections(&[open[0].id], "not to be counted", engine.clock().now()).await.expect("it can be discarded");
    assert_eq!(world.run("weekly").await.counts.read, 0, "it stays quiet");

    let mut second = world.sim.pause_at(Pause::nth(2, Phase::BeforeApply).on("GET", "/api/outbreaks/*/cases"));
    let run = world.run("weekly");
    let change = async {
        assert!(second.reached().await, "there is a second page");
        world.sim.edit(&given_up, |case| case["addresses"][0]["locationId"] = json!("place-bo"));
        second.resume();
    };
    let (report, ()) = tokio::join!(run, change);
    assert_eq!((report.counts.counted, report.counts.rejected), (1, 0), "{}", report.to_json());
    let values = numbers::values(world.hmis());
    assert_eq!(values.get("HOSPITAL 2026W24 BO").map(String::as_str), Some("2"), "{values:?}");
}
