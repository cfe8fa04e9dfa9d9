//! Relationships as a source and as a target.

use kivuko_core::catalogue::{godata, record, target};
use kivuko_core::connector::NOT_YET;

use super::*;

const PAIR: [&str; 2] = ["persons[source=true].id", "persons[target=true].id"];

async fn relationships(world: &World) -> Box<dyn Target> {
    let key = PAIR.map(str::to_owned).to_vec();
    let target = world.target_of(&TargetSpec { resource: "relationships".into(), key, ..TargetSpec::default() });
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    target.begin().await.expect("the outbreak can be switched to");
    target
}

/// A world with people of all kinds, by the names of their kinds.
async fn peopled() -> World {
    let world = World::new().await;
    for (list, id) in [
        ("cases", "case-1"),
        ("cases", "case-2"),
        ("contacts", "contact-1"),
        ("contacts", "contact-2"),
        ("contacts-of-contacts", "coc-1"),
        ("contacts-of-contacts", "coc-2"),
        ("events", "event-1"),
    ] {
        world.sim.insert(Options::OUTBREAK, list, json!({ "id": id, "firstName": "Test" }));
    }
    world
}

fn pair(source: &str, target: &str) -> Key {
    Key(vec![source.to_owned(), target.to_owned()])
}

fn relate(target: &dyn Target, source: &str, to: &str, more: &Value) -> Write {
    let mut body = json!({ "persons": [{ "target": "true", "id": to }, { "source": "true", "id": source }] });
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let body = target.conform(body).expect("a good record");
    Write { action: Action::Create, key: pair(source, to), id: None, body: body.into(), parent: None }
}

fn there(world: &World) -> Vec<Value> {
    world.sim.state().of(Options::OUTBREAK, "relationships")
}

fn ends(relationship: &Value) -> (String, String) {
    let side = |name: &str| {
        let persons = relationship["persons"].as_array().expect("two people");
        let on_it = persons.iter().find(|person| person[name] == json!(true)).expect("one on each side");
        on_it["id"].as_str().expect("an id").to_owned()
    };
    (side("source"), side("target"))
}

#[tokio::test]
async fn quirk_19_and_20_the_direction_that_is_asked_for_is_the_one_that_is_stored_or_it_is_refused() {
    let world = peopled().await;
    let target = relationships(&world).await;
    let kinds = ["case-1", "contact-1", "coc-1", "event-1", "case-2", "contact-2", "coc-2"];
    let mut held = Vec::new();
    for source in kinds {
        for to in kinds.iter().copied().filter(|to| *to != source) {
            let before = there(&world).len();
            let words =
                words(&write(target.as_ref(), &[relate(target.as_ref(), source, to, &json!({ "contactDate": "2026-02-01" }))]).await);
            let made = there(&world);
            if words == ["done"] {
                assert_eq!(made.len(), before + 1, "{source} {to}");
                assert_eq!(ends(made.last().expect("it was made")), (source.to_owned(), to.to_owned()));
                held.push((source.split('-').next().expect("a kind"), to.split('-').next().expect("a kind")));
            } else {
                assert_eq!((words, made.len()), (vec![godata::BAD_DIRECTION.to_string()], before), "{source} {to}");
            }
        }
    }
    held.sort_unstable();
    held.dedup();
    let expected = [
        ("case", "case"),
        ("case", "coc"),
        ("case", "contact"),
        ("case", "event"),
        ("contact", "coc"),
        ("contact", "contact"),
        ("event", "case"),
        ("event", "coc"),
        ("event", "contact"),
    ];
    assert_eq!(held, expected);
}

#[tokio::test]
async fn a_page_of_relationships_takes_few_requests_and_each_is_found_by_its_pair() {
    let world = peopled().await;
    for number in 0..20 {
        world.sim.insert(Options::OUTBREAK, "contacts", json!({ "id": format!("c{number}") }));
    }
    let target = relationships(&world).await;
    let pairs: Vec<(String, String)> = (0..20).map(|number| (format!("case-{}", 1 + number % 2), format!("c{number}"))).collect();
    let batch: Vec<Write> = pairs
        .iter()
        .map(|(source, to)| relate(target.as_ref(), source, to, &json!({ "contactDate": "2026-02-01", "certaintyLevelId": "3_HIGH" })))
        .collect();
    let keys: Vec<Key> = pairs.iter().map(|(source, to)| pair(source, to)).collect();
    assert!(target.lookup(&keys).await.expect("a look-up").iter().all(Vec::is_empty));
    world.sim.log().clear();
    let written = write(target.as_ref(), &batch).await;
    assert_eq!(words(&written), vec!["done"; 20]);
    assert_eq!(
        (world.sim.log().count("POST", "*"), world.sim.log().count("GET", "*")),
        (2, 1),
        "an array for each source, one question about all"
    );
    world.sim.log().clear();
    let found = target.lookup(&keys).await.expect("a look-up");
    assert_eq!(world.sim.log().len(), 1);
    for (found, written) in found.iter().zip(&written) {
        assert_eq!(found.iter().map(|candidate| candidate.id.clone()).collect::<Vec<_>>(), [id_of(written)]);
    }
    assert_eq!(found[0][0].body["persons"], batch[0].body["persons"], "what is found compares with what was sent");
    assert_eq!(found[0][0].body["certaintyLevelId"], json!("LNG_REFERENCE_DATA_CATEGORY_CERTAINTY_LEVEL_3_HIGH"));
    let turned = target.lookup(&[pair("c0", "case-1")]).await.expect("a look-up");
    assert_eq!(turned, [Vec::new()], "the other direction is another relationship");
}

#[tokio::test]
async fn one_bad_relationship_of_an_array_does_not_cost_the_others() {
    let world = peopled().await;
    let discarded = json!({ "id": "discarded", "classification": "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_NOT_A_CASE_DISCARDED" });
    world.sim.insert(Options::OUTBREAK, "cases", discarded);
    let target = relationships(&world).await;
    let when = json!({ "contactDate": "2026-02-01" });
    let batch = [
        relate(target.as_ref(), "case-1", "contact-1", &when),
        relate(target.as_ref(), "case-1", "discarded", &when),
        relate(target.as_ref(), "case-1", "nobody", &when),
        relate(target.as_ref(), "case-1", "contact-2", &when),
    ];
    let expected = ["done", &godata::DISCARDED_CASE.to_string(), &godata::NO_SUCH_PERSON.to_string(), "done"];
    assert_eq!(words(&write(target.as_ref(), &batch).await), expected);
    assert_eq!(there(&world).len(), 2);
}

#[tokio::test]
async fn quirk_47_a_relationship_with_a_discarded_case_is_a_rejection_that_says_so() {
    let world = peopled().await;
    world.sim.edit("case-1", |case| {
        case["classification"] = json!("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_NOT_A_CASE_DISCARDED");
    });
    let target = relationships(&world).await;
    let written = write(target.as_ref(), &[relate(target.as_ref(), "case-1", "contact-1", &json!({}))]).await;
    assert_eq!(words(&written), [godata::DISCARDED_CASE.to_string()]);
}

#[tokio::test]
async fn a_change_goes_below_the_source_whatever_kind_it_is_of_now() {
    let world = peopled().await;
    let target = relationships(&world).await;
    let id = id_of(
        &write(target.as_ref(), &[relate(target.as_ref(), "contact-1", "contact-2", &json!({ "contactDate": "2026-02-01" }))]).await[0],
    );
    world.sim.convert("contact-1", "cases");
    let change = target.conform(json!({ "contactDate": "2026-02-05" })).expect("a good record");
    assert_eq!(words(&write(target.as_ref(), &[update(&id, change)]).await), ["done"]);
    assert_eq!(there(&world)[0]["contactDate"], json!("2026-02-05T00:00:00.000Z"));
    assert_eq!(words(&write(target.as_ref(), &[update("nothing", json!({ "comment": "x" }))]).await), [target::TARGET_GONE.to_string()]);
}

#[tokio::test]
async fn other_people_are_given_to_a_relationship_by_requests_of_their_own() {
    let world = peopled().await;
    let target = relationships(&world).await;
    let id =
        id_of(&write(target.as_ref(), &[relate(target.as_ref(), "case-1", "case-2", &json!({ "contactDate": "2026-02-01" }))]).await[0]);
    let people = |source: &str, to: &str| {
        target.conform(json!({ "persons": [{ "id": source, "source": true }, { "id": to, "target": true }] })).expect("a good record")
    };
    assert_eq!(words(&write(target.as_ref(), &[update(&id, people("case-2", "case-1"))]).await), ["done"]);
    assert_eq!(ends(&there(&world)[0]), ("case-2".to_owned(), "case-1".to_owned()), "turned round");
    assert_eq!(words(&write(target.as_ref(), &[update(&id, people("case-2", "contact-1"))]).await), ["done"]);
    assert_eq!(ends(&there(&world)[0]), ("case-2".to_owned(), "contact-1".to_owned()), "another target");
    assert_eq!(words(&write(target.as_ref(), &[update(&id, people("event-1", "contact-2"))]).await), ["done"]);
    assert_eq!(ends(&there(&world)[0]), ("event-1".to_owned(), "contact-2".to_owned()), "both are others");
    assert_eq!(words(&write(target.as_ref(), &[update(&id, people("contact-2", "case-1"))]).await), [godata::BAD_DIRECTION.to_string()]);
    assert_eq!(there(&world).len(), 1);
}

#[tokio::test]
async fn the_last_exposure_of_a_contact_stays() {
    let world = peopled().await;
    let target = relationships(&world).await;
    let when = json!({ "contactDate": "2026-02-01" });
    let batch = [relate(target.as_ref(), "case-1", "contact-1", &when), relate(target.as_ref(), "event-1", "contact-1", &when)];
    let ids: Vec<String> = write(target.as_ref(), &batch).await.iter().map(id_of).collect();
    assert_eq!(words(&write(target.as_ref(), &[delete(&ids[0])]).await), ["done"]);
    assert_eq!(words(&write(target.as_ref(), &[delete(&ids[1])]).await), [godata::LAST_EXPOSURE.to_string()]);
    assert_eq!(words(&write(target.as_ref(), &[delete("nothing")]).await), ["done"], "gone is gone");
    let found = target.lookup(&[pair("case-1", "contact-1")]).await.expect("a look-up").remove(0);
    assert_eq!(found.iter().map(|candidate| candidate.deleted).collect::<Vec<_>>(), [true], "a deleted twin is noticed");
}

#[tokio::test]
async fn two_people_are_asked_for_and_a_plan_may_name_one_who_is_not_there_yet() {
    let world = peopled().await;
    let target = relationships(&world).await;
    let code = |persons: Value| target.conform(json!({ "persons": persons })).expect_err("refused")[0].code;
    assert_eq!(code(json!([{ "id": "case-1", "source": true }])), record::REQUIRED_EMPTY);
    assert_eq!(code(json!(null)), record::REQUIRED_EMPTY);
    assert_eq!(code(json!([{ "id": "case-1", "source": true }, { "id": "case-1", "target": true }])), godata::BAD_DIRECTION);
    assert_eq!(code(json!([{ "id": "case-1", "source": "maybe" }, { "id": "case-2", "target": true }])), record::WRONG_TYPE);
    assert!(target.conform(json!({ "persons": [{ "id": NOT_YET, "source": true }, { "id": NOT_YET, "target": true }] })).is_ok());
    assert_eq!(target.lookup(&[pair("case-1", NOT_YET)]).await.expect("a look-up"), [Vec::new()]);
    let body = target.conform(json!({ "contactDate": "2026-02-01" })).expect("a change needs no people");
    let alone = Write { action: Action::Create, key: pair("a", "b"), id: None, body: body.into(), parent: None };
    assert_eq!(words(&write(target.as_ref(), &[alone]).await), [record::REQUIRED_EMPTY.to_string()]);
}

#[tokio::test]
async fn quirk_21_relationships_are_read_on_a_cursor_of_their_own() {
    let world = peopled().await;
    let cases_before = world.sim.state().person("case-1").expect("it is there")["updatedAt"].clone();
    let id = world.sim.relate("case-1", json!({ "persons": [{ "id": "contact-1" }], "contactDate": "2026-02-01" }));
    assert_eq!(world.sim.state().person("case-1").expect("it is there")["updatedAt"], cases_before, "the case does not tell");
    let pages = world.read("relationships", |_| {}).await;
    assert_eq!(ids(&pages), [id]);
    let body: Value = serde_json::from_slice(pages[0].records[0].body.as_ref().expect("an element")).expect("JSON");
    assert_eq!(ends(&body), ("case-1".to_owned(), "contact-1".to_owned()));
    world.sim.delete("case-1");
    let again = world.read("relationships", |request| request.from = Some(last_cursor(&pages))).await;
    assert!(again[0].records[0].deleted, "what goes with a person is a tombstone");
}

#[tokio::test]
async fn a_server_that_takes_no_arrays_of_relationships_is_asked_once() {
    let world = peopled().await;
    let target = relationships(&world).await;
    let body = "{\"error\":{\"statusCode\":422,\"code\":\"VALIDATION_ERROR\",\"name\":\"Error\",\"message\":\"x\"}}";
    world.faults(&format!("- on: {{ method: POST, path: '*/relationships', nth: 1 }}\n  do: {{ status: 422, body: '{body}' }}\n"));
    let pairs = |source: &str| {
        ["contact-1", "contact-2", "coc-1"].map(|to| relate(target.as_ref(), source, to, &json!({ "contactDate": "2026-02-01" })))
    };
    assert_eq!(words(&write(target.as_ref(), &pairs("case-1")).await), vec!["done"; 3]);
    assert_eq!(words(&write(target.as_ref(), &pairs("event-1")).await), vec!["done"; 3]);
    assert_eq!(world.sim.log().count("POST", "*/relationships"), 1 + 3 + 3);
    assert_eq!(there(&world).len(), 6);
}

#[tokio::test]
async fn quirk_11_teams_and_clusters_that_are_not_there_are_refused() {
    let options = Options { teams: vec![json!({ "id": "T1", "name": "Team", "userIds": [] })], ..Options::for_tests() };
    let world = World::with(options, json!({})).await;
    let code = async |list: &str, key: &str, field: &str, id: &str| {
        let spec = TargetSpec { resource: list.into(), key: vec![key.into()], paths: vec![field.into()], ..TargetSpec::default() };
        let target = world.target_of(&spec);
        assert_eq!(target.prepare().await, Ok(Vec::new()));
        target.conform(json!({ field: id })).err().map(|causes| causes[0].code)
    };
    assert_eq!(code("contacts", EXTERNAL_ID, "followUpTeamId", "T1").await, None);
    assert_eq!(code("contacts", EXTERNAL_ID, "followUpTeamId", "T2").await, Some(record::UNLISTED_CODE));
    assert_eq!(code("relationships", PAIR[1], "clusterId", "C1").await, Some(record::UNLISTED_CODE));
    let clusters = world.target("clusters", "name");
    clusters.begin().await.expect("the outbreak is active");
    let id = id_of(&write(clusters.as_ref(), &[create(clusters.as_ref(), "Market", json!({ "name": "Market" }))]).await[0]);
    assert_eq!(code("relationships", PAIR[1], "clusterId", &id).await, None);
}
