//! People who become people of another type, and those that are created with their relationship.

mod support;

use std::time::Duration;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};
use support::{CLASSIFICATION, OUTBREAK, User, start, tests};

const TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_";

fn at(path: &str) -> String {
    format!("/outbreaks/{OUTBREAK}/{path}")
}

async fn create(user: &User, path: &str, person: Value) -> String {
    user.post(&at(path), person).await.ok()["id"].as_str().expect("an id").to_owned()
}

async fn relate(user: &User, path: &str, person: &str, other: &str) -> String {
    let sent = json!({"persons": [{"id": other}], "contactDate": "2026-03-01"});
    let stored = user.post(&at(&format!("{path}/{person}/relationships")), sent).await.ok();
    stored["id"].as_str().expect("an id").to_owned()
}

async fn convert(user: &User, path: &str, id: &str, to: &str) -> support::Answer {
    user.post(&at(&format!("{path}/{id}/convert-to-{to}")), json!({})).await
}

fn types(sim: &Sim, relationship: usize) -> Vec<String> {
    let relationship = sim.state().of(OUTBREAK, "relationships")[relationship].clone();
    let mut types: Vec<String> =
        relationship["persons"].as_array().unwrap().iter().map(|person| person["type"].as_str().unwrap().replace(TYPE, "")).collect();
    types.sort();
    types
}

#[tokio::test]
async fn quirk_16_a_case_that_becomes_a_contact_keeps_its_id_and_is_gone_from_the_cases() {
    let (sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-05T08:00:00Z"))).await;
    let (source, converted) = (
        create(&user, "cases", json!({})).await,
        create(&user, "cases", json!({"visualId": "C-1", "questionnaireAnswers": {"fever": [{"value": "YES"}]}})).await,
    );
    convert(&user, "cases", &converted, "contact").await.refused(422, "INVALID_CASE_RELATIONSHIP");
    relate(&user, "cases", &converted, &source).await;
    convert(&user, "cases", &converted, "contact").await.refused(422, "INVALID_CASE_RELATIONSHIP");
    relate(&user, "cases", &source, &converted).await;
    let before = user.get(&at(&format!("cases/{source}"))).await.ok();
    user.post(&at(&format!("cases/{converted}/lab-results")), json!({"sampleIdentifier": "S-1"})).await.ok();

    sim.clock().advance(Duration::from_mins(5));
    let contact = convert(&user, "cases", &converted, "contact").await.ok();
    assert_eq!((&contact["id"], &contact["visualId"], &contact["wasCase"]), (&json!(converted), &json!("C-1"), &json!(true)));
    assert_eq!((&contact["dateBecomeContact"], &contact["updatedAt"]), (&json!("2026-03-05T08:05:00.000Z"), &contact["dateBecomeContact"]));
    assert_eq!(contact["questionnaireAnswersCase"]["fever"][0]["value"], "YES");
    assert_eq!(contact.get("questionnaireAnswers"), None);
    assert_eq!(contact["followUp"]["startDate"], "2026-03-02T00:00:00.000Z");
    user.get(&at(&format!("cases/{converted}"))).await.refused(404, "");
    user.get(&at(&format!("contacts/{converted}"))).await.ok();
    assert_eq!(types(&sim, 0), ["CASE", "CONTACT"]);
    let after = user.get(&at(&format!("cases/{source}"))).await.ok();
    assert_eq!(after["relationshipsRepresentation"][0]["otherParticipantType"], json!(format!("{TYPE}CONTACT")));
    assert_eq!(after["updatedAt"], before["updatedAt"]);
    let labs = sim.state().collection("labResult");
    assert_eq!(labs[0]["personType"], json!(format!("{TYPE}CONTACT")));

    let case = convert(&user, "contacts", &converted, "case").await.ok();
    assert_eq!((&case["classification"], &case["wasContact"]), (&json!(format!("{CLASSIFICATION}SUSPECT")), &json!(true)));
    assert_eq!(case["questionnaireAnswers"]["fever"][0]["value"], "YES");
    assert_eq!(case["classificationHistory"].as_array().unwrap().last().unwrap()["classification"], case["classification"]);
    user.get(&at(&format!("contacts/{converted}"))).await.refused(404, "");
}

#[tokio::test]
async fn trap_a_contact_that_becomes_a_case_takes_its_own_contacts_along_and_loses_its_future_follow_ups() {
    let (sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-05T08:00:00Z"))).await;
    let case = create(&user, "cases", json!({})).await;
    let contact = create(&user, "contacts", json!({})).await;
    let below = create(&user, "contacts-of-contacts", json!({})).await;
    relate(&user, "cases", &case, &contact).await;
    relate(&user, "contacts", &contact, &below).await;
    for date in ["2026-03-04", "2026-03-05", "2026-03-06"] {
        user.post(&at(&format!("contacts/{contact}/follow-ups")), json!({"date": date})).await.ok();
    }
    convert(&user, "contacts", &contact, "case").await.ok();
    let mut written = sim.log().writes().last().unwrap().ids.clone();
    written.sort();
    let mut expected = vec![contact.clone(), below.clone()];
    expected.sort();
    assert_eq!(written, expected);
    assert_eq!(types(&sim, 1), ["CASE", "CONTACT"]);
    let followed = user.get(&at(&format!("contacts/{below}"))).await.ok();
    assert_eq!((&followed["wasContactOfContact"], &followed["active"]), (&json!(true), &json!(true)));
    assert_eq!(followed["followUp"]["startDate"], "2026-03-02T00:00:00.000Z");
    let follow_ups = sim.state().collection("followUp");
    let gone: Vec<&str> = follow_ups.iter().filter(|one| one["deleted"] == true).map(|one| one["date"].as_str().unwrap()).collect();
    assert_eq!(gone, ["2026-03-06T00:00:00.000Z"]);
}

#[tokio::test]
async fn trap_contacts_and_contacts_of_contacts_convert_when_they_are_exposed_so() {
    let (sim, user) = tests().await;
    let (case, first, second) =
        (create(&user, "cases", json!({})).await, create(&user, "contacts", json!({})).await, create(&user, "contacts", json!({})).await);
    relate(&user, "cases", &case, &first).await;
    relate(&user, "cases", &case, &second).await;
    convert(&user, "contacts", &second, "contact-of-contact").await.refused(422, "INVALID_CONTACT_RELATIONSHIP");
    relate(&user, "contacts", &first, &second).await;
    convert(&user, "contacts", &second, "contact-of-contact").await.ok();
    assert_eq!(types(&sim, 2), ["CONTACT", "CONTACT_OF_CONTACT"]);
    convert(&user, "contacts-of-contacts", &second, "contact").await.ok();
    let alone = create(&user, "contacts-of-contacts", json!({})).await;
    convert(&user, "contacts-of-contacts", &alone, "contact").await.refused(422, "INVALID_CONTACT_OF_CONTACT_RELATIONSHIP");
    convert(&user, "contacts", &alone, "case").await.refused(404, "");
    assert_eq!(convert(&user, "cases", &case, "contact-of-contact").await.status, 404);
}

#[tokio::test]
async fn trap_contacts_are_created_with_their_relationship_and_taken_back_without_it() {
    let (sim, user) = tests().await;
    for (path, exposed, key) in
        [("cases", "contacts", "contact"), ("events", "contacts", "contact"), ("contacts", "contacts-of-contacts", "contactOfContact")]
    {
        let source = create(&user, path, json!({})).await;
        let sent = json!([{key: {"visualId": format!("{path}-1")}, "relationship": {"contactDate": "2026-03-01"}}]);
        let rows = user.post(&at(&format!("{path}/{source}/{exposed}")), sent).await.ok();
        assert_eq!((&rows[0]["recordNo"], &rows[0][key]["visualId"]), (&json!(0), &json!(format!("{path}-1"))));
        let sides: Vec<(&Value, bool)> =
            rows[0]["relationship"]["persons"].as_array().unwrap().iter().map(|person| (&person["id"], person["source"] == true)).collect();
        assert!(sides.contains(&(&json!(source), true)) && sides.contains(&(&rows[0][key]["id"], false)), "{sides:?}");
    }
    let case = create(&user, "cases", json!({"classification": format!("{CLASSIFICATION}NOT_A_CASE_DISCARDED")})).await;
    let people = sim.state().of(OUTBREAK, "contacts").len();
    let sent = json!([{"contact": {"firstName": "A"}, "relationship": {}}, {"contact": {"dob": "never"}, "relationship": {}}]);
    let refused = user.post(&at(&format!("cases/{case}/contacts")), sent).await;
    let refused = refused.refused(422, "MULTIPLE_CONTACTS_CREATION_PARTIAL_SUCCESS");
    assert_eq!(refused.body["error"]["details"]["failed"].as_array().unwrap().len(), 2);
    assert_eq!(sim.state().of(OUTBREAK, "contacts").len(), people);
}

#[tokio::test]
async fn trap_exposures_and_contacts_of_a_person_carry_their_relationship() {
    let (_sim, user) = tests().await;
    let (case, event, contact) = (
        create(&user, "cases", json!({})).await,
        create(&user, "events", json!({})).await,
        create(&user, "contacts", json!({"firstName": "C"})).await,
    );
    let first = relate(&user, "cases", &case, &contact).await;
    relate(&user, "events", &event, &contact).await;
    let exposures = user.get(&at(&format!("contacts/{contact}/relationships/exposures"))).await.ok();
    assert_eq!(exposures.as_array().unwrap().len(), 2);
    assert_eq!((&exposures[0]["id"], &exposures[0]["relationship"]["id"]), (&json!(case), &json!(first)));
    let of_type = json!({"where": {"type": format!("{TYPE}EVENT")}});
    let count = user.filtered(&at(&format!("contacts/{contact}/relationships/exposures/filtered-count")), of_type).await.ok();
    assert_eq!(count, json!({"count": 1}));
    let contacts = user.get(&at(&format!("cases/{case}/relationships/contacts"))).await.ok();
    assert_eq!((contacts.as_array().unwrap().len(), &contacts[0]["firstName"]), (1, &json!("C")));
    assert_eq!(user.get(&at(&format!("cases/{case}/relationships/exposures"))).await.ok(), json!([]));
}

#[tokio::test]
async fn trap_clusters_group_relationships_and_hide_their_outbreak() {
    let (sim, user) = tests().await;
    user.post(&at("clusters"), json!({"description": "no name"})).await.refused(422, "");
    let cluster = user.post(&at("clusters"), json!({"name": "Market", "outbreakId": "elsewhere"})).await.ok();
    assert_eq!(cluster.get("outbreakId"), None);
    let id = cluster["id"].as_str().unwrap();
    assert_eq!(sim.log().writes().last().unwrap().ids, [id]);
    let (case, contact) = (create(&user, "cases", json!({})).await, create(&user, "contacts", json!({})).await);
    let sent = json!({"persons": [{"id": contact}], "clusterId": id});
    user.post(&at(&format!("cases/{case}/relationships")), sent).await.ok();
    assert_eq!(user.get(&at(&format!("clusters/{id}/people"))).await.ok().as_array().unwrap().len(), 2);
    let included = user.filtered(&at("relationships"), json!({"include": ["cluster"]})).await.ok();
    assert_eq!(included[0]["cluster"]["name"], "Market");
    user.put(&at(&format!("clusters/{id}")), json!({"name": "Market 2"})).await.ok();
    assert_eq!(user.get(&at("clusters")).await.ok()[0]["name"], "Market 2");
    assert_eq!(user.delete(&at(&format!("clusters/{id}"))).await.status, 204);
    user.get(&at(&format!("clusters/{id}"))).await.refused(404, "");
    assert_eq!(user.get(&at("clusters")).await.ok(), json!([]));
}

#[tokio::test]
async fn it_starts_with_the_people_of_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, value: Value| std::fs::write(dir.path().join(name), value.to_string()).unwrap();
    write("cases.json", json!([{"id": "a"}]));
    write("contacts.json", json!([{"id": "b", "firstName": "B"}]));
    write("contacts-of-contacts.json", json!([{"id": "c"}]));
    write("events.json", json!([{"id": "d", "name": "Funeral"}]));
    write("clusters.json", json!([{"id": "k", "name": "Market"}]));
    write("teams.json", json!([{"id": "t", "name": "Team East", "locationIds": ["l"]}]));
    let relationship =
        json!({"persons": [{"id": "b", "target": true}, {"id": "a", "source": true}], "contactDate": "2026-03-01", "clusterId": "k"});
    write("relationships.json", json!([relationship]));
    let (sim, user) = start(Options::from_dir(dir.path()).unwrap()).await;
    for path in ["cases", "contacts", "contacts-of-contacts", "events", "clusters", "relationships"] {
        assert_eq!(user.get(&at(path)).await.ok().as_array().unwrap().len(), 1, "{path}");
    }
    let contact = user.get(&at("contacts/b")).await.ok();
    assert_eq!((&contact["numberOfExposures"], &contact["followUp"]["startDate"]), (&json!(1), &json!("2026-03-02T00:00:00.000Z")));
    assert_eq!(user.get("/teams").await.ok()[0]["name"], "Team East");
    assert_eq!(user.get("/teams/t").await.ok()["userIds"], json!([]));
    user.get("/teams/x").await.refused(404, "MODEL_NOT_FOUND");
    user.post("/teams", json!({})).await.refused(501, "NOT_SIMULATED");
    assert_eq!(sim.state().collection("team").len(), 1);

    write("relationships.json", json!([{"persons": [{"id": "a", "source": true}]}]));
    let refusal = Sim::start(Options::from_dir(dir.path()).unwrap()).await.unwrap_err().to_string();
    assert!(refusal.contains("relationship 1"), "{refusal}");
}

#[tokio::test]
async fn trap_merged_people_leave_one_with_all_that_was_theirs() {
    let (sim, user) = tests().await;
    let new = |name: &str| json!({"firstName": name, "visualId": name});
    let (stays, gone, source) =
        (create(&user, "contacts", new("A")).await, create(&user, "contacts", new("B")).await, create(&user, "cases", new("C")).await);
    relate(&user, "cases", &source, &gone).await;
    relate(&user, "contacts", &stays, &gone).await;
    user.post(&at(&format!("contacts/{gone}/follow-ups")), json!({"date": "2026-03-03"})).await.ok();
    let kind = format!("{TYPE}CONTACT");
    let sent = json!({"type": kind, "ids": [stays, gone], "model": {"lastName": "Sesay"}});
    let merged = user.post(&at("people/merge"), sent.clone()).await.ok();
    assert_eq!((&merged["id"], &merged["lastName"], &merged["mergedDuplicatesIds"]), (&json!(stays), &json!("Sesay"), &json!([gone])));
    assert_eq!((&merged["numberOfExposures"], &merged["active"]), (&json!(1), &json!(true)));
    let tombstone = sim.state().person(&gone).unwrap();
    assert_eq!((&tombstone["deleted"], &tombstone["visualId"]), (&json!(true), &Value::Null));
    let left = sim.state().of(OUTBREAK, "relationships");
    assert_eq!((left.len(), types(&sim, 0)), (1, vec!["CASE".to_owned(), "CONTACT".to_owned()]));
    assert_eq!(sim.state().collection("followUp")[0]["personId"], json!(stays));
    user.post(&at("people/merge"), sent).await.refused(404, "MODEL_NOT_FOUND");
    user.post(&at("people/merge"), json!({"type": kind, "ids": [stays], "model": {}})).await.refused(422, "VALIDATION_ERROR");
    user.post(&at("people/merge"), json!({"ids": [stays], "model": {}})).await.refused(400, "");
}

#[tokio::test]
async fn trap_other_settings_of_an_outbreak_save_every_contact_under_follow_up_again() {
    let (sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-05T08:00:00Z"))).await;
    let (case, contact, alone) =
        (create(&user, "cases", json!({})).await, create(&user, "contacts", json!({})).await, create(&user, "contacts", json!({})).await);
    relate(&user, "cases", &case, &contact).await;
    sim.clock().advance(Duration::from_mins(5));
    user.put(&format!("/outbreaks/{OUTBREAK}"), json!({"description": "another"})).await.ok();
    let stamp = async |path: &str, id: &str| user.get(&at(&format!("{path}/{id}"))).await.ok()["updatedAt"].clone();
    assert_eq!(stamp("contacts", &contact).await, "2026-03-05T08:00:00.000Z");
    user.put(&format!("/outbreaks/{OUTBREAK}"), json!({"periodOfFollowup": 10})).await.ok();
    assert_eq!(stamp("contacts", &contact).await, "2026-03-05T08:05:00.000Z");
    assert_eq!(stamp("contacts", &alone).await, "2026-03-05T08:00:00.000Z");
    assert_eq!(stamp("cases", &case).await, "2026-03-05T08:00:00.000Z");
    let window = user.get(&at(&format!("contacts/{contact}"))).await.ok()["followUp"].clone();
    assert_eq!(window["endDate"], "2026-03-11T00:00:00.000Z");
}

#[tokio::test]
async fn it_lets_a_test_work_like_a_user_of_the_interface() {
    let (sim, user) = tests().await;
    for (id, path) in [("A", "cases"), ("B", "contacts"), ("C", "contacts"), ("D", "events")] {
        sim.insert(OUTBREAK, path, json!({"id": id}));
    }
    for (id, target) in [("r-1", "B"), ("r-2", "C")] {
        sim.relate("A", json!({"id": id, "persons": [{"id": target}], "contactDate": "2026-03-01"}));
    }
    sim.relate("D", json!({"id": "r-3", "persons": [{"id": "B"}]}));
    sim.edit_relationship("r-1", json!({"comment": "seen"}));
    assert_eq!(user.get(&at("cases/A/relationships/r-1")).await.ok()["comment"], "seen");
    sim.unrelate("r-3");
    sim.convert("B", "cases");
    assert_eq!(user.get(&at("cases/B")).await.ok()["wasContact"], true);
    sim.delete("A");
    assert_eq!(sim.state().of(OUTBREAK, "contacts").len(), 0);
    sim.restore("A");
    sim.insert(OUTBREAK, "contacts", json!({"id": "E"}));
    sim.merge(&["C", "E"], json!({"firstName": "One"}));
    assert_eq!(user.get(&at("contacts/C")).await.ok()["firstName"], "One");
    assert!(sim.log().writes().is_empty(), "what users do is not in the log of requests");
}
