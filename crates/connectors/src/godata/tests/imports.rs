//! Writing through import files.

use std::collections::BTreeSet;

use kivuko_core::catalogue::godata;
use kivuko_core::error::Consequence;
use kivuko_sims::godata::{Pace, User};

use super::*;

const LATE: Pace = Pace { polls: 3, duration: std::time::Duration::ZERO, late: true };
const STARTS: &str = "*/import-importable-file-using-map";

fn spec(resource: &str, key: &str) -> TargetSpec {
    let options = json!({ "via": "import" });
    TargetSpec { resource: resource.to_owned(), key: vec![key.to_owned()], options, ..TargetSpec::default() }
}

/// A target that imports cases by document number, prepared and begun.
async fn cases(world: &World) -> Box<dyn Target> {
    begun(world, &spec("cases", EXTERNAL_ID)).await
}

pub(super) async fn begun(world: &World, spec: &TargetSpec) -> Box<dyn Target> {
    let target = world.target_of(spec);
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target.begin().await.expect("the outbreak can be switched to");
    target
}

fn dated(number: &str, reported: &str) -> Value {
    let mut body = body(number);
    body["dateOfReporting"] = json!(reported);
    body
}

fn creations(target: &dyn Target, numbers: &[&str]) -> Vec<Write> {
    numbers.iter().map(|number| create(target, number, dated(number, "2026-03-01"))).collect()
}

/// How often each external number is there.
fn numbers(world: &World) -> Vec<String> {
    let mut numbers: Vec<String> = world
        .cases_there()
        .iter()
        .filter(|case| case["deleted"] != json!(true))
        .filter_map(|case| case["documents"][0]["number"].as_str().map(str::to_owned))
        .collect();
    numbers.sort();
    numbers
}

async fn of_utc(minutes: i32) -> World {
    World::with(Options { utc_offset_minutes: minutes, ..Options::for_tests() }, json!({})).await
}

#[tokio::test]
async fn new_records_go_in_one_file_and_changes_through_the_api_after_it() {
    let world = World::new().await;
    world.sim.set_pace(LATE);
    let there = world.sim.insert_case(Options::OUTBREAK, json!({ "firstName": "before" }));
    let gone = world.sim.insert_case(Options::OUTBREAK, json!({ "firstName": "before" }));
    let target = cases(&world).await;
    let mut batch = creations(&*target, &["A", "B"]);
    batch.insert(0, update(&there, json!({ "firstName": "after" })));
    batch.push(delete(&gone));
    batch.extend(creations(&*target, &["C"]));
    let written = write(&*target, &batch).await;
    assert_eq!(words(&written), ["done"; 5]);
    assert_eq!(numbers(&world), ["A", "B", "C"]);
    assert_eq!(found(&*target, &["B"]).await[0][0].id, id_of(&written[2]));
    let log = world.sim.log();
    assert_eq!((log.count("POST", STARTS), log.count("POST", "*/importable-files"), log.count("POST", "*/cases")), (1, 1, 0));
    let entries = log.entries();
    let last_poll = entries.iter().rposition(|entry| entry.path.starts_with("/api/import-logs/")).expect("the log was followed");
    let through_the_api = entries.iter().position(|entry| entry.write && entry.path.contains("/cases/") && !entry.path.ends_with("-map"));
    assert!(through_the_api.expect("the change was sent") > last_poll, "nothing goes through the API while the import runs");
}

#[tokio::test]
async fn quirk_39_what_an_import_cuts_is_put_right() {
    for minutes in [0, 180, -300] {
        let world = of_utc(minutes).await;
        let target = cases(&world).await;
        let days: Vec<(String, &str)> = ["2026-03-01", "2026-03-01T15:30:00Z", "2026-02-28T21:00:00Z"]
            .into_iter()
            .enumerate()
            .map(|(number, day)| (format!("N{number}"), day))
            .collect();
        let batch: Vec<Write> = days.iter().map(|(number, day)| create(&*target, number, dated(number, day))).collect();
        assert_eq!(words(&write(&*target, &batch).await), ["done"; 3]);
        let stored: Vec<Value> = world.cases_there().iter().map(|case| case["dateOfReporting"].clone()).collect();
        assert_eq!(
            stored,
            [json!("2026-03-01T00:00:00.000Z"), json!("2026-03-01T15:30:00.000Z"), json!("2026-02-28T21:00:00.000Z")],
            "{minutes}"
        );
        assert_eq!(world.sim.log().count("POST", "*/cases"), 0);
    }
}

#[tokio::test]
async fn quirk_42_a_file_that_is_imported_twice_makes_and_changes_nothing_twice() {
    let world = World::new().await;
    let first = write(&*cases(&world).await, &creations(&*cases(&world).await, &["A", "B"])).await;
    world.sim.edit(&id_of(&first[0]), |case| case["lastName"] = json!("added by someone"));
    let again = cases(&world).await;
    let second = write(&*again, &creations(&*again, &["A", "B", "C"])).await;
    assert_eq!(words(&second), ["done"; 3]);
    assert_eq!((id_of(&first[0]), id_of(&first[1])), (id_of(&second[0]), id_of(&second[1])), "the ids are made from the keys");
    assert_eq!(numbers(&world), ["A", "B", "C"]);
    assert_eq!(world.sim.state().person(&id_of(&first[0])).expect("it is there")["lastName"], "added by someone");
    assert_eq!((world.sim.log().count("PUT", "*/cases*"), world.sim.log().count("POST", "*/cases")), (0, 0));
}

#[tokio::test]
async fn what_cannot_be_imported_safely_is_refused() {
    let world = World::new().await;
    for resource in ["contacts", "contacts-of-contacts", "relationships", "follow-ups", "reference-data", "outbreaks"] {
        let error = world.system.target(&spec(resource, "name")).err().unwrap_or_else(|| panic!("{resource} is refused"));
        assert_eq!((error.cause.code, error.consequence), (godata::NO_IMPORT, Consequence::FixConfiguration), "{resource}");
    }
}

#[tokio::test]
async fn a_row_that_go_data_does_not_take_is_refused_with_its_reason_and_no_other() {
    let world = World::new().await;
    world.sim.insert_case(Options::OUTBREAK, json!({ "visualId": "TAKEN" }));
    let target = cases(&world).await;
    let mut batch = creations(&*target, &["A", "B", "C"]);
    std::sync::Arc::make_mut(&mut batch[1].body)["visualId"] = json!("TAKEN");
    assert_eq!(words(&write(&*target, &batch).await), ["done", "K0609", "done"]);
    assert_eq!(numbers(&world), ["A", "C"]);
    batch.remove(0);
    batch.remove(1);
    batch.push(create(&*target, "D", {
        let mut body = body("D");
        body["visualId"] = json!("TAKEN");
        body
    }));
    assert_eq!(
        words(&write(&*target, &batch).await),
        ["K0609", "K0609"],
        "an import of which no row gets in has failed, and says why as well"
    );
}

#[tokio::test]
async fn after_a_lost_answer_nothing_is_said_before_the_import_has_ended() {
    for (drop, there) in [("before", false), ("after", true)] {
        let world = of_utc(180).await;
        world.sim.set_pace(LATE);
        world.faults(&format!("- on: {{ path: \"{STARTS}\", nth: 1 }}\n  do: {{ drop: {drop} }}\n"));
        let target = cases(&world).await;
        let batch = creations(&*target, &["A", "B"]);
        assert_eq!(words(&write(&*target, &batch).await), ["K0501?"; 2]);
        assert!(numbers(&world).is_empty(), "the import is late");
        let seen = found(&*target, &["A", "B"]).await;
        assert!(seen.iter().all(|candidates| candidates.len() == usize::from(there)), "{drop}");
        if there {
            assert!(
                seen.iter()
                    .flatten()
                    .all(|candidate| candidate.stands() && candidate.body["dateOfReporting"] == json!("2026-03-01T00:00:00.000Z"))
            );
            assert_eq!(world.cases_there()[0]["dateOfReporting"], "2026-03-01T00:00:00.000Z", "what the import cut is put right");
        }
        assert_eq!(words(&write(&*target, &batch).await), ["done"; 2], "sent again all the same, nothing is made twice");
        assert_eq!(numbers(&world), ["A", "B"]);
    }
}

#[tokio::test]
async fn a_log_that_cannot_be_read_leaves_the_effect_open_and_an_upload_that_fails_does_not() {
    let world = of_utc(180).await;
    let target = cases(&world).await;
    world.faults("- on: { path: \"/api/import-logs/*\" }\n  do: { status: 503 }\n");
    assert_eq!(words(&write(&*target, &creations(&*target, &["A", "B"])).await), ["K0503?"; 2]);
    world.faults("[]");
    assert!(found(&*target, &["A"]).await[0][0].stands());
    assert_eq!(world.cases_there()[0]["dateOfReporting"], "2026-03-01T00:00:00.000Z");
    world.faults("- on: { path: \"*/importable-files\" }\n  do: { drop: before }\n");
    assert_eq!(words(&write(&*target, &creations(&*target, &["C", "D"])).await), ["failed K0501"; 2]);
    world.faults("- on: { path: \"*/importable-files\", nth: 1 }\n  do: { drop: after }\n");
    assert_eq!(words(&write(&*target, &creations(&*target, &["C", "D"])).await), ["done"; 2], "a file that is uploaded twice does nothing");
    assert_eq!(numbers(&world), ["A", "B", "C", "D"]);
}

#[tokio::test]
async fn an_import_that_breaks_off_is_told_apart_row_by_row() {
    let world = World::new().await;
    let target = cases(&world).await;
    let batch = creations(&*target, &["A", "B", "C", "D"]);
    world.sim.break_import_after(2);
    assert_eq!(words(&write(&*target, &batch).await), ["done", "done", "K0645?", "K0645?"]);
    assert_eq!(found(&*target, &["C"]).await, [Vec::new()]);
    assert_eq!(words(&write(&*target, &batch[2..]).await), ["done"; 2]);
    assert_eq!(words(&write(&*target, &creations(&*target, &["E"])).await), ["done"], "one record is not worth a file");
    assert_eq!((numbers(&world).len(), world.sim.log().count("POST", STARTS)), (5, 2));
}

#[tokio::test]
async fn an_import_that_does_not_get_on_stops_everything_until_a_restart_has_ended_it() {
    let world = World::new().await;
    let target = cases(&world).await;
    world.sim.set_pace(Pace { polls: usize::MAX, late: true, ..Pace::default() });
    let written = write(&*target, &creations(&*target, &["A", "B"])).await;
    let stopped = |written: &Written| matches!(written, Written::Failed(error) if error.cause.code == godata::IMPORT_STUCK && error.consequence == Consequence::StopRun && error.effect_unknown);
    assert!(written.iter().all(stopped), "{written:?}");
    // The next run, with another client and the same store.
    let next = World { system: open(&world.sim, &json!({}), &world.context), sim: world.sim, context: world.context };
    let api = next.target("cases", EXTERNAL_ID);
    assert_eq!(api.prepare().await, Ok(Vec::new()), "a check does not wait");
    assert_eq!(api.begin().await.expect_err("nothing is begun").cause.code, godata::IMPORT_STUCK);
    let refused = api.lookup(&[key("A")]).await.expect_err("nothing can be told yet");
    assert_eq!((refused.cause.code, refused.consequence), (godata::IMPORT_STUCK, Consequence::StopRun));
    assert!(api.write(&creations(&*api, &["A"])).await.is_err(), "nor is anything sent");
    next.sim.restart_jobs();
    assert_eq!(found(&*api, &["A"]).await, [Vec::new()]);
    assert_eq!(words(&write(&*api, &creations(&*api, &["A"])).await), ["done"]);
    assert_eq!(numbers(&next), ["A"]);
}

#[tokio::test]
async fn whoever_comes_after_a_run_that_died_waits_for_its_import() {
    for spec in [spec("cases", EXTERNAL_ID), TargetSpec { options: Value::Null, ..spec("cases", EXTERNAL_ID) }] {
        let world = World::new().await;
        world.sim.set_pace(LATE);
        let target = cases(&world).await;
        let batch = creations(&*target, &["A", "B"]);
        {
            // Dies while it looks at the log.
            let mut writing = Box::pin(target.write(&batch));
            let started = || world.sim.log().count("GET", "/api/import-logs/*") > 0;
            while !started() {
                assert!(futures_util::poll!(&mut writing).is_pending());
                tokio::task::yield_now().await;
            }
        }
        assert!(numbers(&world).is_empty());
        let next = World { system: open(&world.sim, &json!({}), &world.context), sim: world.sim, context: world.context };
        let target = begun(&next, &spec).await;
        assert!(found(&*target, &["A", "B"]).await.iter().all(|candidates| candidates.len() == 1), "it is there once the import has ended");
        assert_eq!(numbers(&next), ["A", "B"]);
        next.sim.log().clear();
        assert_eq!(found(&*target, &["A"]).await[0].len(), 1);
    }
}

#[tokio::test]
async fn imports_of_other_accounts_are_not_waited_for_and_flows_without_imports_do_not_ask() {
    let mut options = Options::for_tests();
    options.users.push(User::new("other@kivuko.test", "correct horse battery").active(Options::OUTBREAK));
    let world = World::with(options, json!({})).await;
    world.sim.set_pace(Pace { polls: usize::MAX, late: true, ..Pace::default() });
    let other = World {
        system: open(&world.sim, &json!({ "email": "other@kivuko.test" }), &crate::suite::context()),
        context: crate::suite::context(),
        sim: Sim::start(Options::for_tests()).await.expect("a simulator"),
    };
    let theirs = cases(&other).await;
    assert_eq!(words(&write(&*theirs, &creations(&*theirs, &["X", "Y"])).await), ["K0644?"; 2]);
    let target = cases(&world).await;
    assert_eq!(found(&*target, &["X"]).await, [Vec::new()], "somebody else's import is like anything else that somebody does");
    world.sim.log().clear();
    let plain = world.cases().await;
    assert_eq!(words(&write(&*plain, &creations(&*plain, &["A", "B"])).await), ["done"; 2]);
    assert_eq!(world.sim.log().count("GET", "/api/import-logs*"), 0);
}

#[tokio::test]
async fn an_id_that_something_else_has_is_left_alone() {
    let world = World::new().await;
    let target = cases(&world).await;
    let first = write(&*target, &creations(&*target, &["A", "B", "C", "D"])).await;
    // One is deleted, one got another number, one became a contact and lost its number.
    world.sim.delete(&id_of(&first[0]));
    world.sim.edit(&id_of(&first[1]), |case| case["documents"][0]["number"] = json!("other"));
    let event = world.sim.insert(Options::OUTBREAK, "events", json!({ "name": "market" }));
    world.sim.relate(&event, json!({ "persons": [{ "id": id_of(&first[2]) }] }));
    world.sim.edit(&id_of(&first[2]), |case| case["documents"] = json!([]));
    world.sim.convert(&id_of(&first[2]), "contacts");
    let second = write(&*target, &creations(&*target, &["A", "B", "C", "D"])).await;
    assert_eq!(words(&second), ["done"; 4]);
    let ids: BTreeSet<String> = first.iter().chain(&second).map(id_of).collect();
    assert_eq!(ids.len(), 7, "three are made anew, through the API; the fourth is there");
    assert_eq!(numbers(&world), ["A", "B", "C", "D", "other"]);
}

#[tokio::test]
async fn lab_results_go_in_a_file_for_each_kind_of_person() {
    let world = World::with(
        Options {
            outbreaks: vec![
                kivuko_sims::godata::Outbreak::new(Options::OUTBREAK, "Ebola 2026")
                    .masks("*")
                    .with("isContactLabResultsActive", json!(true)),
            ],
            ..Options::for_tests()
        },
        json!({}),
    )
    .await;
    let case = world.sim.insert_case(Options::OUTBREAK, json!({}));
    let contact = world.sim.insert(Options::OUTBREAK, "contacts", json!({}));
    let target = begun(&world, &spec("lab-results", "sampleIdentifier")).await;
    let lab = |sample: &str, person: &str| {
        create(&*target, sample, json!({ "personId": person, "sampleIdentifier": sample, "dateSampleTaken": "2026-03-01T10:00:00Z" }))
    };
    let batch = [lab("1", &case), lab("2", &contact), lab("3", &case), lab("4", &contact), lab("5", "nobody")];
    assert_eq!(words(&write(&*target, &batch).await), ["done", "done", "done", "done", "K0626"]);
    let log = world.sim.log();
    let starts = |kind: &str| log.count("POST", &format!("*/{kind}/lab-results/import-importable-file-using-map"));
    assert_eq!((starts("cases"), starts("contacts"), log.count("POST", "*/lab-results")), (1, 1, 0));
    let stored = world.sim.state().collection("labResult");
    assert_eq!(stored.len(), 4);
    assert!(stored.iter().all(|row| row["dateSampleTaken"] == json!("2026-03-01T10:00:00.000Z")), "put right");
}
