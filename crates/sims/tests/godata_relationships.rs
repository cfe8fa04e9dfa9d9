//! Relationships and what they do to both people. The numbers are those of the list of quirks in the reference;
//! `trap_...` are those that the reference tells elsewhere.

mod support;

use std::time::Duration;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Outbreak, Sim};
use serde_json::{Value, json};
use support::{CLASSIFICATION, OUTBREAK, User, start, tests};

const TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_";

fn at(path: &str) -> String {
    format!("/outbreaks/{OUTBREAK}/{path}")
}

async fn on(day: &str) -> (Sim, User) {
    start(Options::for_tests().clock(Clock::at(day))).await
}

async fn create(user: &User, path: &str) -> String {
    user.post(&at(path), json!({})).await.ok()["id"].as_str().expect("an id").to_owned()
}

/// Enters a relationship on the page of a person.
async fn relate(user: &User, path: &str, person: &str, other: &str, day: &str) -> Value {
    let sent = json!({"persons": [{"id": other}], "contactDate": day});
    user.post(&at(&format!("{path}/{person}/relationships")), sent).await.ok()
}

/// (source, target) of a relationship.
fn ends(relationship: &Value) -> (&str, &str) {
    let persons = relationship["persons"].as_array().expect("persons");
    assert_eq!(persons.len(), 2);
    let end = |side: &str| {
        let mut found = persons.iter().filter(|person| person[side] == true);
        let end = found.next().expect("one on this side")["id"].as_str().expect("an id");
        assert_eq!(found.next(), None);
        end
    };
    (end("source"), end("target"))
}

fn updated(person: &Value) -> &str {
    person["updatedAt"].as_str().expect("a stamp")
}

#[tokio::test]
async fn quirk_19_and_20_types_and_path_decide_the_direction_and_only_the_first_person_counts() {
    // Whose path it is, who is named, and whether the one of the path is the source.
    let table = [
        ("cases", "cases", true),
        ("cases", "contacts", true),
        ("cases", "events", true),
        ("events", "cases", true),
        ("events", "contacts", true),
        ("contacts", "cases", false),
        ("contacts", "events", false),
        ("contacts", "contacts", true),
        ("contacts", "contacts-of-contacts", true),
        ("contacts-of-contacts", "contacts", false),
        ("contacts-of-contacts", "cases", false),
        ("cases", "contacts-of-contacts", true),
    ];
    let (_sim, user) = tests().await;
    let ignored = create(&user, "cases").await;
    for (path, other_path, source) in table {
        let own = create(&user, path).await;
        let other = create(&user, other_path).await;
        let sent = json!({
            "persons": [{"id": other, "type": "nonsense", "source": true, "target": true}, {"id": ignored}],
            "contactDate": "2026-03-01", "active": false, "outbreakId": "elsewhere"
        });
        let stored = user.post(&at(&format!("{path}/{own}/relationships")), sent).await.ok();
        let expected = if source { (own.as_str(), other.as_str()) } else { (other.as_str(), own.as_str()) };
        assert_eq!(ends(&stored), expected, "{path} with {other_path}");
        assert_eq!((&stored["active"], &stored["outbreakId"]), (&json!(true), &json!(OUTBREAK)));
        assert_eq!(stored["contactDate"], "2026-03-01T00:00:00.000Z");
        for person in stored["persons"].as_array().unwrap() {
            assert!(person["type"].as_str().unwrap().starts_with(TYPE));
        }
        let listed = user.get(&at(&format!("{other_path}/{other}/relationships"))).await.ok();
        assert_eq!(listed[0]["id"], stored["id"]);
    }
    assert_eq!(user.get(&at("relationships")).await.ok().as_array().unwrap().len(), table.len());
    assert_eq!(user.get(&at("relationships/count")).await.ok()["count"], table.len());
}

#[tokio::test]
async fn trap_what_is_no_relationship_is_refused() {
    let (sim, user) = tests().await;
    let case = create(&user, "cases").await;
    let contact = create(&user, "contacts").await;
    let path = at(&format!("cases/{case}/relationships"));
    for sent in [json!({}), json!({"persons": []}), json!({"persons": [{"source": true}]}), json!({"persons": [{"id": case}]})] {
        user.post(&path, sent).await.refused(422, "VALIDATION_ERROR");
    }
    user.post(&path, json!({"persons": [{"id": "nobody"}]})).await.refused(404, "MODEL_NOT_FOUND");
    user.post(&at(&format!("contacts/{case}/relationships")), json!({"persons": [{"id": contact}]})).await.refused(404, "");
    user.get(&format!("{path}/unknown")).await.refused(404, "MODEL_NOT_FOUND_IN_CONTEXT");
    assert_eq!(user.delete(&format!("{path}/unknown")).await.ok(), json!({"count": 0}));
    assert_eq!(sim.state().of(OUTBREAK, "relationships"), Vec::<Value>::new());
}

#[tokio::test]
async fn quirk_21_a_contact_is_stamped_by_its_relationships_and_a_case_is_not() {
    let (sim, user) = on("2026-03-01T08:00:00Z").await;
    let case = create(&user, "cases").await;
    let contact = create(&user, "contacts").await;
    let event = create(&user, "events").await;
    let read = async |path: &str, id: &str| user.get(&at(&format!("{path}/{id}"))).await.ok();
    let before = read("cases", &case).await;

    sim.clock().advance(Duration::from_mins(9));
    let first = relate(&user, "cases", &case, &contact, "2026-02-27").await;
    let second = relate(&user, "events", &event, &contact, "2026-02-28").await;
    let after = read("cases", &case).await;
    assert_eq!((updated(&after), &after["dbUpdatedAt"]), (updated(&before), &before["dbUpdatedAt"]));
    assert_eq!(updated(&read("events", &event).await), "2026-03-01T08:00:00.000Z");
    assert_eq!((&after["hasRelationships"], &after["numberOfContacts"], &after["numberOfExposures"]), (&json!(true), &json!(1), &json!(0)));
    assert_eq!(
        after["relationshipsRepresentation"],
        json!([{"id": first["id"], "active": true, "otherParticipantType": format!("{TYPE}CONTACT"), "otherParticipantId": contact, "source": true}])
    );
    let exposed = read("contacts", &contact).await;
    assert_eq!(updated(&exposed), "2026-03-01T08:09:00.000Z");
    assert_eq!((&exposed["numberOfContacts"], &exposed["numberOfExposures"]), (&json!(0), &json!(2)));

    sim.clock().advance(Duration::from_mins(9));
    user.delete(&at(&format!("cases/{case}/relationships/{}", first["id"].as_str().unwrap()))).await.ok();
    let after = read("cases", &case).await;
    assert_eq!(updated(&after), updated(&before));
    assert_eq!((&after["hasRelationships"], &after["relationshipsRepresentation"]), (&json!(false), &json!([])));
    let exposed = read("contacts", &contact).await;
    assert_eq!((updated(&exposed), &exposed["numberOfExposures"]), ("2026-03-01T08:18:00.000Z", &json!(1)));
    assert_eq!(exposed["relationshipsRepresentation"][0]["id"], second["id"]);
}

#[tokio::test]
async fn quirk_22_a_contact_has_a_window_from_its_newest_active_relationship_only() {
    let (_sim, user) = on("2026-03-10T08:00:00Z").await;
    let status = "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_";
    let fresh = user.post(&at("contacts"), json!({})).await.ok();
    assert_eq!((fresh.get("followUp"), &fresh["active"]), (None, &json!(true)));
    let contact = fresh["id"].as_str().unwrap();
    let path = at(&format!("contacts/{contact}"));
    let put = user.put(&path, json!({"lastName": "Sesay"})).await.ok();
    assert_eq!((&put["followUp"], &put["active"]), (&json!({"status": format!("{status}UNDER_FOLLOW_UP")}), &json!(false)));

    let case = create(&user, "cases").await;
    let old = relate(&user, "cases", &case, contact, "2026-03-02").await;
    let stored = user.get(&path).await.ok();
    assert_eq!(
        stored["followUp"],
        json!({
            "status": format!("{status}UNDER_FOLLOW_UP"), "originalStartDate": "2026-03-03T00:00:00.000Z",
            "startDate": "2026-03-03T00:00:00.000Z", "endDate": "2026-03-23T00:00:00.000Z"
        })
    );
    assert_eq!(stored["active"], true);

    let other = create(&user, "cases").await;
    let newer = relate(&user, "contacts", contact, &other, "2026-03-05").await;
    let window = |contact: &Value| (contact["followUp"]["originalStartDate"].clone(), contact["followUp"]["startDate"].clone());
    let newest = (json!("2026-03-03T00:00:00.000Z"), json!("2026-03-06T00:00:00.000Z"));
    assert_eq!(window(&user.get(&path).await.ok()), newest);
    user.put(&at(&format!("cases/{case}/relationships/{}", old["id"].as_str().unwrap())), json!({"contactDate": "2026-03-08"})).await.ok();
    assert_eq!(user.get(&path).await.ok()["followUp"]["startDate"], "2026-03-09T00:00:00.000Z");
    user.delete(&at(&format!("cases/{case}/relationships/{}", old["id"].as_str().unwrap()))).await.ok();
    assert_eq!(window(&user.get(&path).await.ok()), newest);

    let newer = at(&format!("cases/{other}/relationships/{}", newer["id"].as_str().unwrap()));
    let refused = user.delete(&newer).await.refused(422, "DELETE_CONTACT_LAST_RELATIONSHIP");
    assert_eq!(refused.body["error"]["details"]["contactIDs"], json!([contact]));
    user.put(&newer, json!({"contactDate": null})).await.ok();
    assert_eq!(user.get(&path).await.ok()["followUp"].get("startDate"), None, "no date, no window");
}

#[tokio::test]
async fn trap_a_window_may_begin_on_the_day_of_the_contact() {
    let outbreak = Outbreak::new(OUTBREAK, "Ebola").masks("*").with("generateFollowUpsDateOfLastContact", json!(true));
    let (_sim, user) = start(Options { outbreaks: vec![outbreak.with("periodOfFollowup", json!(10))], ..Options::for_tests() }).await;
    let (case, contact) = (create(&user, "cases").await, create(&user, "contacts").await);
    relate(&user, "cases", &case, &contact, "2026-03-02").await;
    let window = user.get(&at(&format!("contacts/{contact}"))).await.ok()["followUp"].clone();
    assert_eq!((&window["startDate"], &window["endDate"]), (&json!("2026-03-02T00:00:00.000Z"), &json!("2026-03-11T00:00:00.000Z")));
    assert_eq!(window["generateFollowUpsDateOfLastContact"], true);
}

#[tokio::test]
async fn quirk_47_a_discarded_case_takes_no_relationship_and_those_it_has_become_inactive() {
    let (sim, user) = on("2026-03-01T08:00:00Z").await;
    let (case, contact, other) = (create(&user, "cases").await, create(&user, "contacts").await, create(&user, "contacts").await);
    let relationship = relate(&user, "cases", &case, &contact, "2026-02-27").await;
    sim.clock().advance(Duration::from_mins(1));
    let classify = async |value: &str| {
        user.put(&at(&format!("cases/{case}")), json!({"classification": format!("{CLASSIFICATION}{value}")})).await.ok();
        user.get(&at(&format!("contacts/{contact}"))).await.ok()
    };
    let exposed = classify("NOT_A_CASE_DISCARDED").await;
    let stored = sim.state().of(OUTBREAK, "relationships");
    assert_eq!((&stored[0]["active"], &stored[0]["updatedAt"]), (&json!(false), &json!("2026-03-01T08:01:00.000Z")));
    assert_eq!((&exposed["active"], exposed["followUp"].get("startDate")), (&json!(false), None));
    assert_eq!(exposed["numberOfExposures"], 0);
    for (path, own, named) in [("cases", &case, &other), ("contacts", &other, &case)] {
        let sent = json!({"persons": [{"id": named}], "contactDate": "2026-02-27"});
        let refused = user.post(&at(&format!("{path}/{own}/relationships")), sent).await;
        let refused = refused.refused(422, "INVALID_RELATIONSHIP_WITH_DISCARDED_CASE");
        assert_eq!(refused.body["error"]["details"]["id"], json!(case));
    }
    let exposed = classify("SUSPECT").await;
    assert_eq!((&exposed["active"], &exposed["followUp"]["startDate"]), (&json!(true), &json!("2026-02-28T00:00:00.000Z")));
    assert_eq!(sim.state().of(OUTBREAK, "relationships")[0]["active"], true);
    assert_eq!(sim.state().of(OUTBREAK, "relationships")[0]["id"], relationship["id"]);
}

#[tokio::test]
async fn trap_source_and_target_are_swapped_by_a_call_of_their_own() {
    let (_sim, user) = tests().await;
    let (first, second, third) = (create(&user, "cases").await, create(&user, "cases").await, create(&user, "cases").await);
    let stored = relate(&user, "cases", &first, &second, "2026-03-01").await;
    let id = stored["id"].as_str().unwrap();
    let kept = user.put(&at(&format!("cases/{second}/relationships/{id}")), json!({"comment": "seen together"})).await.ok();
    assert_eq!(ends(&kept), (first.as_str(), second.as_str()));
    let sent = json!({"sourceId": second, "targetId": first});
    let swapped = user.post(&at(&format!("relationships/{id}/replace-source-and-target")), sent).await.ok();
    assert_eq!(ends(&swapped), (second.as_str(), first.as_str()));
    let people = [user.get(&at(&format!("cases/{first}"))).await.ok(), user.get(&at(&format!("cases/{second}"))).await.ok()];
    assert_eq!((&people[0]["numberOfExposures"], &people[1]["numberOfContacts"]), (&json!(1), &json!(1)));
    let changed = user.post(&at("relationships/bulk-change-source"), json!({"sourceId": third, "where": {"id": id}})).await.ok();
    assert_eq!(changed, json!({"count": 1}));
    let listed = user.get(&at("relationships")).await.ok();
    assert_eq!(ends(&listed[0]), (third.as_str(), first.as_str()));
    assert_eq!(user.get(&at(&format!("cases/{second}"))).await.ok()["hasRelationships"], false);
}

#[tokio::test]
async fn trap_many_relationships_at_once() {
    let (sim, user) = tests().await;
    let sources = [create(&user, "cases").await, create(&user, "events").await];
    let targets = [create(&user, "contacts").await, create(&user, "contacts").await];
    let sent = json!({"sources": sources, "targets": targets, "relationship": {"contactDate": "2026-03-01"}});
    let created = user.post(&at("relationships/bulk"), sent).await.ok();
    assert_eq!(created.as_array().unwrap().len(), 4);
    assert_eq!(sim.log().writes().last().unwrap().ids.len(), 4);
    let sent = json!({"sources": sources[..1], "targets": [targets[0], "nobody"], "relationship": {}});
    let refused = user.post(&at("relationships/bulk"), sent).await.refused(422, "BULK_CREATE_RELATIONSHIP_ERRORS");
    let details = &refused.body["error"]["details"];
    assert_eq!((details["created"].as_array().unwrap().len(), details["failed"].as_array().unwrap().len()), (1, 1));

    user.delete(&at("relationships/bulk")).await.refused(422, "VALIDATION_ERROR");
    let condition = support::encode(&json!({"persons.id": sources[1]}).to_string());
    assert_eq!(user.delete(&at(&format!("relationships/bulk?where={condition}"))).await.ok(), json!({"count": 2}));
    let pair = json!({"where": {"and": [{"persons.id": sources[0]}, {"persons.id": targets[1]}]}});
    user.post(&at("relationships/bulk/delete"), pair).await.refused(422, "DELETE_CONTACT_LAST_RELATIONSHIP");
    assert_eq!(sim.state().of(OUTBREAK, "relationships").len(), 3);
}

#[tokio::test]
async fn trap_lists_of_relationships_find_pairs_and_bring_the_people() {
    let (_sim, user) = tests().await;
    let (case, event, contact) = (create(&user, "cases").await, create(&user, "events").await, create(&user, "contacts").await);
    let wanted = relate(&user, "cases", &case, &contact, "2026-03-01").await;
    relate(&user, "events", &event, &contact, "2026-03-01").await;
    for condition in [
        json!({"and": [{"persons.id": case}, {"persons.id": contact}]}),
        json!({"persons": {"elemMatch": {"id": case, "source": true}}}),
        json!({"persons.id": {"inq": [case, "nobody"]}}),
    ] {
        let found = user.filtered(&at("relationships"), json!({"where": condition, "include": ["people"]})).await.ok();
        assert_eq!(found.as_array().unwrap().len(), 1, "{condition}");
        assert_eq!(found[0]["id"], wanted["id"]);
        let mut people: Vec<&str> = found[0]["people"].as_array().unwrap().iter().map(|person| person["type"].as_str().unwrap()).collect();
        people.sort_unstable();
        assert_eq!(people, [format!("{TYPE}CASE"), format!("{TYPE}CONTACT")]);
    }
    let unknown = user.filtered(&at("relationships"), json!({"include": "nothing"})).await;
    unknown.refused(500, "INTERNAL_ERROR");
    let counted = user.filtered(&at(&format!("contacts/{contact}/relationships/filtered-count")), json!({})).await.ok();
    assert_eq!(counted, json!({"count": 2}));
}

#[tokio::test]
async fn quirk_56_deleting_a_case_deletes_whom_nobody_else_exposed_and_restoring_brings_them_back() {
    let (sim, user) = tests().await;
    let (case, other) = (create(&user, "cases").await, create(&user, "events").await);
    let (alone, shared) = (create(&user, "contacts").await, create(&user, "contacts").await);
    let below = create(&user, "contacts-of-contacts").await;
    for contact in [&alone, &shared] {
        relate(&user, "cases", &case, contact, "2026-03-01").await;
    }
    relate(&user, "events", &other, &shared, "2026-03-01").await;
    relate(&user, "contacts", &alone, &below, "2026-03-01").await;
    user.put(&at(&format!("contacts/{alone}")), json!({"visualId": "A-1"})).await.ok();

    assert_eq!(user.delete(&at(&format!("cases/{case}"))).await.status, 204);
    let mut written = sim.log().writes().last().unwrap().ids.clone();
    written.sort();
    let mut expected = vec![case.clone(), alone.clone(), below.clone()];
    expected.sort();
    assert_eq!(written, expected);
    let parent = |id: &str| sim.state().person(id).unwrap()["deletedByParent"].clone();
    assert_eq!((parent(&alone), parent(&below), parent(&case)), (json!(case), json!(alone), Value::Null));
    assert_eq!(sim.state().person(&shared).unwrap()["deleted"], false);
    assert_eq!(sim.state().of(OUTBREAK, "relationships").len(), 1);
    let gone = sim.state().collection("relationship");
    assert_eq!(gone.iter().filter(|relationship| relationship["deletedByParent"] == json!(case)).count(), 2);

    user.post(&at(&format!("cases/{case}/restore")), json!({})).await.ok();
    for id in [&case, &alone, &below] {
        let person = sim.state().person(id).unwrap();
        assert_eq!((&person["deleted"], person.get("deletedByParent")), (&json!(false), None), "{person}");
    }
    assert_eq!(sim.state().of(OUTBREAK, "relationships").len(), 4);
    let back = sim.state().person(&alone).unwrap();
    assert_eq!((&back["visualId"], &back["numberOfExposures"], &back["active"]), (&Value::Null, &json!(1), &json!(true)));
}

#[tokio::test]
async fn trap_what_was_deleted_before_its_parent_does_not_come_back_with_it() {
    let (sim, user) = tests().await;
    let (case, contact) = (create(&user, "cases").await, create(&user, "contacts").await);
    relate(&user, "cases", &case, &contact, "2026-03-01").await;
    user.delete(&at(&format!("contacts/{contact}"))).await;
    user.delete(&at(&format!("cases/{case}"))).await;
    user.post(&at(&format!("cases/{case}/restore")), json!({})).await.ok();
    assert_eq!(sim.state().of(OUTBREAK, "contacts").len(), 0);
    assert_eq!(sim.state().of(OUTBREAK, "relationships").len(), 0);
    user.post(&at(&format!("contacts/{contact}/restore")), json!({})).await.ok();
    assert_eq!(sim.state().of(OUTBREAK, "relationships").len(), 1);
}
