//! People of all kinds: the same record in one list or another.

use std::time::Duration;

use kivuko_core::catalogue::{godata, target};
use kivuko_core::connector::Standing;
use kivuko_sims::clock::Clock;
use kivuko_sims::godata::Outbreak;

use super::*;

async fn people(world: &World, list: &str, options: Value) -> Box<dyn Target> {
    let spec = TargetSpec { resource: list.into(), key: vec![EXTERNAL_ID.into()], options, ..TargetSpec::default() };
    let target = world.target_of(&spec);
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target.begin().await.expect("the outbreak can be switched to");
    target
}

fn numbered(id: &str, number: &str) -> Value {
    json!({ "id": id, "firstName": "Test", "documents": [{ "type": EXTERNAL_ID_TYPE, "number": number }] })
}

fn barred(candidates: &[Candidate]) -> Vec<Option<String>> {
    candidates.iter().map(|candidate| candidate.barred().map(|cause| cause.code.to_string())).collect()
}

#[tokio::test]
async fn contacts_and_contacts_of_contacts_are_written_like_cases() {
    for list in ["contacts", "contacts-of-contacts"] {
        let world = World::new().await;
        let target = people(&world, list, Value::Null).await;
        let batch: Vec<Write> = ["A", "B", "C"].iter().map(|number| create(target.as_ref(), number, body(number))).collect();
        let ids: Vec<String> = write(target.as_ref(), &batch).await.iter().map(id_of).collect();
        assert_eq!(world.sim.log().count("POST", &format!("*/{list}")), 1, "one array");
        assert_eq!(found(target.as_ref(), &["B"]).await[0][0].id, ids[1]);
        let changes: Vec<Write> = ids.iter().map(|id| update(id, json!({ "firstName": "New" }))).collect();
        assert_eq!(words(&write(target.as_ref(), &changes).await), vec!["done"; 3]);
        assert_eq!(world.sim.log().count("PUT", &format!("*/{list}/bulk")), 1, "one bulk change");
        assert!(world.sim.state().of(Options::OUTBREAK, list).iter().all(|person| person["firstName"] == json!("New")));
        assert_eq!(words(&write(target.as_ref(), &[delete(&ids[0])]).await), ["done"]);
        assert!(found(target.as_ref(), &["A"]).await[0][0].deleted);
    }
}

#[tokio::test]
async fn events_are_written_one_by_one_and_found_by_name() {
    let world = World::new().await;
    let target = world.target("events", "name");
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target.begin().await.expect("the outbreak is active");
    let event = json!({ "name": "Funeral", "date": "2026-02-01", "address": { "city": "X" } });
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "Funeral", event)]).await[0]);
    let candidate = found(target.as_ref(), &["Funeral"]).await.remove(0).remove(0);
    assert_eq!((candidate.id.as_str(), &candidate.body["date"]), (id.as_str(), &json!("2026-02-01T00:00:00.000Z")));
    assert_eq!(
        words(&write(target.as_ref(), &[update(&id, json!({ "description": "new" })), update(&id, json!({ "endDate": null }))]).await),
        ["done", "done"]
    );
    assert_eq!(world.sim.log().count("PUT", "*/bulk"), 0, "events have no bulk form");
    let causes = target.conform(json!({ "firstName": "X" })).expect_err("refused");
    assert_eq!(causes[0].code, target::UNKNOWN_FIELD);
}

#[tokio::test]
async fn clusters_are_written_and_teams_are_read_only() {
    let options = Options { teams: vec![json!({ "id": "T1", "name": "Team", "userIds": [] })], ..Options::for_tests() };
    let world = World::with(options, json!({})).await;
    let target = world.target("clusters", "name");
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target.begin().await.expect("the outbreak is active");
    let id = id_of(&write(target.as_ref(), &[create(target.as_ref(), "Market", json!({ "name": "Market" }))]).await[0]);
    assert_eq!(words(&write(target.as_ref(), &[update(&id, json!({ "description": "new" }))]).await), ["done"]);
    assert_eq!(found(target.as_ref(), &["Market"]).await[0][0].body["description"], json!("new"));
    assert_eq!(ids(&world.read("clusters", |_| {}).await), std::slice::from_ref(&id));
    assert_eq!(words(&write(target.as_ref(), &[delete(&id)]).await), ["done"]);
    assert_eq!(ids(&world.read("teams", |_| {}).await), ["T1"]);
    let error = world.system.target(&TargetSpec { resource: "teams".into(), key: vec!["name".into()], ..TargetSpec::default() });
    assert_eq!(error.err().map(|error| error.cause.code), Some(godata::ONLY_READ));
}

#[tokio::test]
async fn each_kind_has_its_mask() {
    let outbreak = Outbreak::new(Options::OUTBREAK, "Ebola 2026")
        .masks("*")
        .with("contactIdMask", json!("CO-9999"))
        .with("eventIdMask", json!("EV-000"));
    let world = World::with(Options { outbreaks: vec![outbreak], ..Options::for_tests() }, json!({})).await;
    let codes = |causes: Vec<kivuko_core::error::Cause>| causes.iter().map(|cause| cause.code).collect::<Vec<_>>();
    for (list, expected) in
        [("cases", vec![]), ("contacts", vec![target::KEY_NOT_SEARCHABLE]), ("contacts-of-contacts", vec![]), ("events", vec![])]
    {
        let target = world.target(list, "visualId");
        assert_eq!(codes(target.prepare().await.expect("the system answers")), expected, "{list}");
        assert_eq!(target.capabilities().unique.is_empty(), list == "contacts");
    }
    let events = world.target("events", "visualId");
    events.prepare().await.expect("the system answers");
    assert!(events.conform(json!({ "visualId": "EV-123" })).is_ok());
    assert_eq!(codes(events.conform(json!({ "visualId": "123" })).expect_err("refused")), [godata::BAD_VISUAL_ID]);
    let health = world.system.test().await.expect("it answers");
    assert!(health.warnings.iter().any(|warning| warning.contains("numbers the contacts of this outbreak")), "{:?}", health.warnings);
}

#[tokio::test]
async fn quirk_16_and_17_who_became_another_kind_is_found_and_not_made_again() {
    let world = World::new().await;
    world.sim.insert(Options::OUTBREAK, "contacts", numbered("p1", "A"));
    world.sim.insert(Options::OUTBREAK, "contacts-of-contacts", numbered("p2", "B"));
    world.sim.insert(Options::OUTBREAK, "events", json!({ "id": "e1", "name": "A" }));
    let target = people(&world, "cases", Value::Null).await;
    let candidates = found(target.as_ref(), &["A", "B", "C"]).await;
    let other = Some(godata::OTHER_KIND.to_string());
    assert_eq!(candidates.iter().map(|found| barred(found)).collect::<Vec<_>>(), [vec![other.clone()], vec![other.clone()], vec![]]);
    let fetched = target.fetch(&["p1".to_owned(), "e1".to_owned(), "nobody".to_owned()]).await.expect("a look-up");
    assert_eq!(
        fetched.iter().map(|found| found.as_ref().and_then(|found| found.barred()).is_some()).collect::<Vec<_>>(),
        [true, false, false]
    );
    assert_eq!(fetched[1], None, "an event never was a case");
    // Converted between the look-up and the write.
    assert_eq!(words(&write(target.as_ref(), &[update("p1", json!({ "firstName": "New" }))]).await), [godata::OTHER_KIND.to_string()]);
}

#[tokio::test]
async fn who_stands_elsewhere_is_converted_where_the_flow_says_so() {
    let world = World::new().await;
    let mut contact = numbered("p1", "A");
    contact["questionnaireAnswers"] = json!({ "as_contact": [{ "value": "YES" }] });
    world.sim.insert(Options::OUTBREAK, "contacts", contact);
    world.sim.insert(Options::OUTBREAK, "contacts-of-contacts", numbered("p2", "B"));
    let target = people(&world, "cases", json!({ "convert": "contacts" })).await;
    let candidates = found(target.as_ref(), &["A", "B"]).await;
    assert_eq!((&candidates[0][0].standing, candidates[0][0].id.as_str()), (&Standing::Due, "p1"));
    assert!(candidates[0][0].body.get("questionnaireAnswers").is_none(), "those of a contact are not those of a case");
    assert_eq!(barred(&candidates[1]), [Some(godata::OTHER_KIND.to_string())], "a case is not made of a contact of a contact");
    let change = target.conform(json!({ "classification": "CONFIRMED" })).expect("a good record");
    assert_eq!(words(&write(target.as_ref(), &[update("p1", change.clone())]).await), ["done"]);
    let case = world.cases_there().remove(0);
    assert_eq!((case["id"].as_str(), &case["classification"]), (Some("p1"), &change["classification"]));
    assert_eq!(case["questionnaireAnswersContact"], json!({ "as_contact": [{ "value": "YES" }] }));
    assert_eq!(found(target.as_ref(), &["A"]).await[0][0].standing, Standing::Usual);
    assert_eq!(words(&write(target.as_ref(), &[update("p1", json!({ "firstName": "New" }))]).await), ["done"]);
    assert_eq!(world.sim.log().count("POST", "*/convert-to-case"), 1);
}

#[tokio::test]
async fn a_conversion_that_the_relationships_do_not_allow_is_a_rejection() {
    let world = World::new().await;
    world.sim.insert(Options::OUTBREAK, "cases", numbered("p1", "A"));
    world.sim.insert(Options::OUTBREAK, "cases", json!({ "id": "source" }));
    let target = people(&world, "contacts", json!({ "convert": ["cases", "contacts-of-contacts"] })).await;
    assert_eq!(found(target.as_ref(), &["A"]).await[0][0].standing, Standing::Due);
    let change = update("p1", json!({ "firstName": "New" }));
    assert_eq!(words(&write(target.as_ref(), std::slice::from_ref(&change)).await), [godata::NOT_CONVERTIBLE.to_string()]);
    world.sim.relate("source", json!({ "persons": [{ "id": "p1" }], "contactDate": "2026-02-01" }));
    assert_eq!(words(&write(target.as_ref(), &[change]).await), ["done"]);
    assert_eq!(world.sim.state().of(Options::OUTBREAK, "contacts")[0]["firstName"], json!("New"));
}

#[tokio::test]
async fn what_conversions_cannot_do_is_said_before_the_run() {
    let world = World::new().await;
    let open = |list: &str, options: Value| {
        let spec = TargetSpec { resource: list.into(), key: vec![EXTERNAL_ID.into()], options, ..TargetSpec::default() };
        world.system.target(&spec).err().map(|error| error.cause.message)
    };
    assert_eq!(open("cases", json!({ "convert": "contacts" })), None);
    assert_eq!(open("cases", json!({ "convert": "cases" })).as_deref(), Some("`convert`: Go.Data makes cases of contacts"));
    assert!(open("events", json!({ "convert": "cases" })).is_some());
    assert!(open("cases", json!({ "convert": "events" })).is_some());
    assert_eq!(open("relationships", json!({ "convert": "contacts" })), None, "in a flow with several records it is not for this one");
}

#[tokio::test]
async fn a_conversion_whose_answer_is_lost_is_seen_by_looking() {
    let world = World::new().await;
    world.sim.insert(Options::OUTBREAK, "contacts", numbered("p1", "A"));
    let target = people(&world, "cases", json!({ "convert": "contacts" })).await;
    found(target.as_ref(), &["A"]).await;
    world.faults("- on: { path: '*/convert-to-case' }\n  do: { drop: after }\n");
    let change = update("p1", json!({ "firstName": "New" }));
    let written = write(target.as_ref(), std::slice::from_ref(&change)).await;
    let [Written::Failed(error)] = written.as_slice() else { panic!("{written:?}") };
    assert!(error.effect_unknown);
    world.faults("[]");
    let present = target.fetch(&["p1".to_owned()]).await.expect("a look-up").remove(0).expect("it is there");
    assert_eq!(present.standing, Standing::Usual, "it is a case by now");
    assert_eq!(words(&write(target.as_ref(), &[change]).await), ["done"]);
}

#[tokio::test]
async fn who_was_deleted_is_noticed_and_restored_only_when_the_flow_says_so() {
    let world = World::new().await;
    world.sim.insert(Options::OUTBREAK, "contacts", numbered("p1", "A"));
    world.sim.delete("p1");
    let target = people(&world, "contacts", Value::Null).await;
    assert!(found(target.as_ref(), &["A"]).await[0][0].deleted);
    let cases = people(&world, "cases", Value::Null).await;
    assert!(found(cases.as_ref(), &["A"]).await[0][0].deleted, "a deleted twin of another kind is noticed as well");
    let target = people(&world, "contacts", json!({ "restore": true })).await;
    let candidate = found(target.as_ref(), &["A"]).await.remove(0).remove(0);
    assert_eq!((candidate.deleted, candidate.standing), (false, Standing::Due));
    assert_eq!(words(&write(target.as_ref(), &[update("p1", json!({ "firstName": "New" }))]).await), ["done"]);
    let there = world.sim.state().of(Options::OUTBREAK, "contacts").remove(0);
    assert_eq!((&there["id"], &there["firstName"]), (&json!("p1"), &json!("New")));
}

#[tokio::test]
async fn who_was_merged_into_someone_else_is_not_restored() {
    let world = World::new().await;
    world.sim.insert(Options::OUTBREAK, "cases", numbered("p1", "A"));
    world.sim.insert(Options::OUTBREAK, "cases", numbered("p2", "B"));
    world.sim.edit("p2", |case| case["mergedDuplicatesIds"] = json!(["p1"]));
    world.sim.delete("p1");
    let target = people(&world, "cases", json!({ "restore": true })).await;
    let gone = target.fetch(&["p1".to_owned()]).await.expect("a look-up").remove(0).expect("it is there");
    assert_eq!(gone.barred().map(|cause| cause.code), Some(godata::MERGED));
    assert!(gone.barred().expect("a cause").message.contains("p2"));
}

#[tokio::test]
async fn who_left_a_list_is_read_as_gone_and_comes_back() {
    let clock = Clock::at("2026-03-02T08:00:00Z");
    let world = World::with(Options { clock: clock.clone(), ..Options::for_tests() }, json!({})).await;
    world.sim.insert(Options::OUTBREAK, "cases", json!({ "id": "source" }));
    world.sim.insert(Options::OUTBREAK, "cases", json!({ "id": "p1" }));
    world.sim.relate("source", json!({ "persons": [{ "id": "p1" }], "contactDate": "2026-02-01" }));
    let read = async |from: &Cursor| world.read("cases", |request| request.from = Some(from.clone())).await;
    let seen = |pages: &[Page]| {
        let one = |record: &kivuko_core::record::SourceRecord| (record.id.clone().expect("an id"), record.deleted);
        // The overlap repeats who did not change.
        pages.iter().flat_map(|page| &page.records).map(one).filter(|(id, _)| id != "source").collect::<Vec<_>>()
    };
    let first = last_cursor(&world.read("cases", |_| {}).await);
    clock.advance(Duration::from_hours(1));
    world.sim.convert("p1", "contacts");
    let pages = read(&first).await;
    assert_eq!(seen(&pages), [("p1".to_owned(), true)]);
    let second = last_cursor(&pages);
    assert!(second.time > first.time, "what was read of the others counts as well");
    clock.advance(Duration::from_hours(1));
    assert_eq!(seen(&read(&second).await), [("p1".to_owned(), true)], "within the overlap, with the version that it had");
    world.sim.convert("p1", "cases");
    let pages = read(&second).await;
    assert_eq!(seen(&pages), [("p1".to_owned(), false)]);
    assert_eq!(
        seen(&world.read("contacts", |request| request.only = Some(vec!["p1".into(), "nobody".into()])).await),
        [("p1".to_owned(), true)]
    );
    clock.advance(Duration::from_hours(1));
    world.sim.delete("p1");
    assert_eq!(seen(&read(&last_cursor(&pages)).await), [("p1".to_owned(), true)]);
    world.sim.restore("p1");
    assert_eq!(seen(&read(&last_cursor(&pages)).await), [("p1".to_owned(), false)], "restored, it is there again");
}

#[tokio::test]
async fn the_cursor_stays_behind_the_beginning_of_a_reading() {
    // The server says in each answer what time it is; what is changed later than the first of them is read again next time.
    let clock = Clock::at("2199-01-01T00:00:00Z");
    let world = World::with(Options { clock, ..Options::for_tests() }, json!({})).await;
    world.sim.insert(Options::OUTBREAK, "cases", json!({ "id": "p1" }));
    let pages = world.read("cases", |_| {}).await;
    assert_eq!(ids(&pages), ["p1"]);
    let cursor = last_cursor(&pages);
    assert!(cursor.time < "2199-01-01T00:00:00Z".parse().ok(), "{cursor:?}");
    assert_eq!(ids(&world.read("cases", |request| request.from = Some(cursor.clone())).await), ["p1"]);
}
