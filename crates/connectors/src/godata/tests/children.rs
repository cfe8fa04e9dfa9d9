//! Lab results and follow-ups: as targets, and as sources with lists of their own.

use kivuko_core::catalogue::{godata, record, target};
use kivuko_core::connector::NOT_YET;
use kivuko_sims::godata::Outbreak;

use super::*;

const POSITIVE: &str = "LNG_REFERENCE_DATA_CATEGORY_LAB_TEST_RESULT_POSITIVE";
const SEEN: &str = "LNG_REFERENCE_DATA_CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE_SEEN_OK";

async fn world(contacts_have_lab_results: bool) -> World {
    let outbreak =
        Outbreak::new(Options::OUTBREAK, "Ebola 2026").masks("*").with("isContactLabResultsActive", json!(contacts_have_lab_results));
    World::with(Options { outbreaks: vec![outbreak], ..Options::for_tests() }, json!({})).await
}

/// A case with an onset, and a contact that it exposed.
fn people(world: &World) -> (String, String) {
    let case = world.sim.insert(Options::OUTBREAK, "cases", json!({ "firstName": "Ana", "dateOfOnset": "2026-02-01T00:00:00.000Z" }));
    let contact = world.sim.insert(Options::OUTBREAK, "contacts", json!({ "firstName": "Ben" }));
    world.sim.relate(&case, json!({ "persons": [{ "id": contact }], "contactDate": "2026-02-10T00:00:00.000Z" }));
    (case, contact)
}

async fn prepared(world: &World, resource: &str, key: &[&str]) -> Box<dyn Target> {
    let key = key.iter().map(|path| (*path).to_owned()).collect();
    let target = world.target_of(&TargetSpec { resource: resource.to_owned(), key, ..TargetSpec::default() });
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target.begin().await.expect("the outbreak can be switched to");
    target
}

fn keyed(parts: &[&str]) -> Key {
    Key(parts.iter().map(|part| (*part).to_owned()).collect())
}

fn new(target: &dyn Target, parts: &[&str], body: Value) -> Write {
    let body = target.conform(body).expect("a good record");
    Write { action: Action::Create, key: keyed(parts), id: None, body: body.into(), parent: None }
}

fn lab_result(target: &dyn Target, person: &str, sample: &str) -> Write {
    new(target, &[person, sample], json!({ "personId": person, "sampleIdentifier": sample, "result": "POSITIVE" }))
}

fn follow_up(target: &dyn Target, person: &str, date: &str) -> Write {
    new(target, &[person, date], json!({ "personId": person, "date": date, "statusId": "SEEN_OK" }))
}

#[tokio::test]
async fn lab_results_of_cases_and_contacts_are_found_in_bulk_created_below_their_person_and_changed() {
    let world = world(true).await;
    let (case, contact) = people(&world);
    let target = prepared(&world, "lab-results", &["personId", "sampleIdentifier"]).await;
    let batch = [lab_result(&*target, &case, "S1"), lab_result(&*target, &contact, "S1"), lab_result(&*target, &case, "S2")];
    let before = world.sim.log().entries().len();
    let written = write(&*target, &batch).await;
    assert_eq!(words(&written), ["done", "done", "done"]);
    let sent: Vec<String> = world.sim.log().entries()[before..]
        .iter()
        .map(|entry| format!("{} {}", entry.method, entry.path.rsplit('/').next().unwrap_or("")))
        .collect();
    assert_eq!(sent[0], "GET people", "whose kind they are is asked once");
    assert_eq!(sent.len(), 3, "one array below the case, one record below the contact: {sent:?}");
    let keys = [keyed(&[&case, "S1"]), keyed(&[&contact, "S1"]), keyed(&[&contact, "S2"]), keyed(&[NOT_YET, "S1"])];
    let before = world.sim.log().entries().len();
    let found = target.lookup(&keys).await.expect("a look-up");
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 0, 0]);
    assert_eq!(world.sim.log().entries().len() - before, 1);
    assert_eq!((&found[0][0].id, &found[0][0].body["result"]), (&id_of(&written[0]), &json!(POSITIVE)));
    assert!(found[0][0].body.get("person").is_none(), "the whole person of each is not asked for");
    let change = target.conform(json!({ "personId": case, "notes": "seen" })).expect("a good record");
    let written = write(&*target, &[update(&id_of(&written[0]), change), delete(&id_of(&written[2])), delete("nobody")]).await;
    assert_eq!(words(&written), ["done", "done", "done"]);
    let again = target.lookup(&keys[..1]).await.expect("a look-up").remove(0).remove(0);
    assert_eq!((&again.body["notes"], again.version), (&json!("seen"), version(&written[0])));
}

fn version(written: &Written) -> Option<String> {
    if let Written::Done { version, .. } = written { version.clone() } else { None }
}

#[tokio::test]
async fn quirk_27_and_60_who_cannot_have_lab_results_is_told_before_they_are_sent() {
    let world = world(false).await;
    let (case, contact) = people(&world);
    let other = world.sim.insert(Options::OUTBREAK, "contacts-of-contacts", json!({ "firstName": "Caro" }));
    let target = prepared(&world, "lab-results", &["personId", "sampleIdentifier"]).await;
    let batch = [&case, &contact, &other, "nobody"].map(|person: &str| lab_result(&*target, person, "S1"));
    let written = write(&*target, &batch).await;
    let not_for = godata::NOT_FOR_THIS_PERSON.to_string();
    assert_eq!(words(&written), ["done", &not_for, &not_for, &godata::NO_SUCH_PERSON.to_string()]);
    assert_eq!(world.sim.log().count("POST", "/api/outbreaks/*/contacts/*/lab-results"), 0);
    assert_eq!(world.sim.log().count("POST", "/api/outbreaks/*/contacts-of-contacts/*/lab-results"), 0);
}

#[tokio::test]
async fn quirk_22_a_follow_up_needs_the_time_of_follow_up_of_its_person() {
    let world = world(false).await;
    let (case, contact) = people(&world);
    let lonely = world.sim.insert(Options::OUTBREAK, "contacts", json!({ "firstName": "Dan" }));
    let healthy = world.sim.insert(Options::OUTBREAK, "cases", json!({ "firstName": "Eve" }));
    let target = prepared(&world, "follow-ups", &["personId", "date"]).await;
    let batch = [&case, &contact, &lonely, &healthy].map(|person| follow_up(&*target, person, "2026-02-12"));
    let written = write(&*target, &batch).await;
    let no_time = godata::NO_FOLLOW_UP_TIME.to_string();
    assert_eq!(words(&written), ["done", "done", &format!("waits {no_time}"), &no_time]);
    let refused = |position: usize| match &written[position] {
        Written::Refused(cause) | Written::NotYet(cause) => cause.message.clone(),
        other => panic!("{other:?}"),
    };
    assert!(refused(2).contains("no exposure") && refused(3).contains("no date of onset"));
    let found = target.lookup(&[keyed(&[&contact, "2026-02-12"]), keyed(&[&case, "2026-02-13"])]).await.expect("a look-up");
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert_eq!((&found[0][0].body["statusId"], &found[0][0].body["index"]), (&json!(SEEN), &json!(2)));
    assert!(found[0][0].body.get("contact").is_none());
}

#[tokio::test]
async fn follow_ups_are_found_by_the_number_of_their_day_too() {
    let world = world(false).await;
    let (_, contact) = people(&world);
    let target = prepared(&world, "follow-ups", &["personId", "index"]).await;
    let day = |number: Value, date: Value| new(&*target, &[&contact, "3"], json!({ "personId": contact, "index": number, "date": date }));
    let written = write(&*target, &[day(json!("3"), Value::Null), day(json!(3), json!("2026-02-11")), day(Value::Null, Value::Null)]).await;
    assert_eq!(words(&written), ["done", &godata::WRONG_DAY.to_string(), &record::REQUIRED_EMPTY.to_string()]);
    let found = target.lookup(&[keyed(&[&contact, "3"]), keyed(&[&contact, "4"])]).await.expect("a look-up");
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    assert_eq!(found[0][0].body["date"], json!("2026-02-13T00:00:00.000Z"), "the first day is the one after the last contact");
}

#[tokio::test]
async fn a_record_follows_its_person_and_is_never_given_to_another() {
    let world = world(true).await;
    let (case, contact) = people(&world);
    let target = prepared(&world, "lab-results", &["personId", "sampleIdentifier"]).await;
    let id = id_of(&write(&*target, &[lab_result(&*target, &contact, "S1")]).await[0]);
    world.sim.convert(&contact, "cases");
    let written = write(&*target, &[update(&id, json!({ "notes": "of a case now" })), update(&id, json!({ "personId": contact }))]).await;
    assert_eq!(words(&written), ["done", "done"], "the kind that the person is of now is the one that counts");
    let moved = write(&*target, &[update(&id, json!({ "personId": case })), update("nobody", json!({ "notes": "x" }))]).await;
    assert_eq!(words(&moved), [godata::BELONGS_ELSEWHERE.to_string(), target::TARGET_GONE.to_string()]);
    assert_eq!(world.sim.log().count("PUT", "/api/outbreaks/*/cases/*/lab-results/*"), 1, "a change of nothing is not sent");
}

#[tokio::test]
async fn quirk_23_24_and_61_bulk_forms_are_not_used_and_nothing_is_moved_to_another_outbreak() {
    let world = world(false).await;
    let (case, _) = people(&world);
    let target = prepared(&world, "follow-ups", &["personId", "date"]).await;
    let dates = ["2026-02-12", "2026-02-13", "2026-02-14"];
    let written = write(&*target, &dates.map(|date| follow_up(&*target, &case, date))).await;
    assert_eq!(words(&written), ["done"; 3]);
    let batch: Vec<Write> = written.iter().map(|one| update(&id_of(one), json!({ "comment": "x" }))).collect();
    assert_eq!(words(&write(&*target, &batch).await), ["done"; 3]);
    assert_eq!(world.sim.log().count("PUT", "/api/outbreaks/*/follow-ups/bulk"), 0);
    assert_eq!(world.sim.log().count("PUT", "/api/outbreaks/*/cases/*/follow-ups/*"), 3);
    let cause = target.conform(json!({ "personId": case, "date": "2026-02-12", "outbreakId": "other" })).expect_err("refused");
    assert_eq!(cause[0].code, godata::READ_ONLY);
}

#[tokio::test]
async fn quirk_25_26_and_32_lists_of_their_own_are_read_in_order_and_with_their_person() {
    let world = world(false).await;
    let (case, contact) = people(&world);
    let lab_results = prepared(&world, "lab-results", &["personId", "sampleIdentifier"]).await;
    let follow_ups = prepared(&world, "follow-ups", &["personId", "date"]).await;
    let samples: Vec<String> = (0..7).map(|number| format!("S{number}")).collect();
    let made = write(&*lab_results, &samples.iter().map(|sample| lab_result(&*lab_results, &case, sample)).collect::<Vec<_>>()).await;
    assert_eq!(words(&made), ["done"; 7]);
    write(&*lab_results, &[delete(&id_of(&made[3]))]).await;
    let pages = world.read("lab-results", |request| request.page_size = 3).await;
    let read = ids(&pages);
    assert_eq!(
        (read.len(), read.iter().collect::<std::collections::BTreeSet<_>>().len()),
        (7, 7),
        "each of them once, the deleted one too"
    );
    let deleted: Vec<_> =
        pages.iter().flat_map(|page| &page.records).filter(|record| record.deleted).map(|record| record.id.clone()).collect();
    assert_eq!(deleted, [Some(id_of(&made[3]))]);
    let again = world.read("lab-results", |request| request.from = Some(last_cursor(&pages))).await;
    assert_eq!(ids(&again).len(), 7, "the overlap");
    write(&*follow_ups, &[follow_up(&*follow_ups, &case, "2026-02-12"), follow_up(&*follow_ups, &contact, "2026-02-12")]).await;
    let pages =
        world.read("follow-ups", |request| request.paths = ["date", "personId", "contact.firstName"].map(str::to_owned).into()).await;
    let bodies: Vec<Value> =
        pages[0].records.iter().map(|record| serde_json::from_slice(record.body.as_ref().expect("an element")).expect("JSON")).collect();
    let mut names: Vec<_> = bodies.iter().map(|body| body["contact"]["firstName"].clone()).collect();
    names.sort_by_key(ToString::to_string);
    assert_eq!(names, [json!("Ana"), json!("Ben")], "the person of a case stands under `contact` too");
    assert!(bodies.iter().all(|body| body.get("statusId").is_none()), "what the flow does not read is not fetched");
}
