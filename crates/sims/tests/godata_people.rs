//! Contacts, contacts of contacts and events, and what relationships do to them. The numbers are those of the list of
//! quirks in the reference; `trap_...` are those that the reference tells elsewhere.

mod support;

use kivuko_sims::godata::{Options, Sim, User as Account};
use serde_json::{Value, json};
use support::{OUTBREAK, User, login, names, start, tests};

const PATHS: [(&str, &str); 4] =
    [("cases", "case"), ("contacts", "contact"), ("contacts-of-contacts", "contactOfContact"), ("events", "event")];

fn at(path: &str) -> String {
    format!("/outbreaks/{OUTBREAK}/{path}")
}

async fn create(user: &User, path: &str, person: Value) -> String {
    let created = user.post(&at(path), person).await.ok();
    created["id"].as_str().expect("an id").to_owned()
}

// ---- one store, four types

#[tokio::test]
async fn quirk_15_and_17_each_type_has_its_own_list_and_hides_its_type() {
    let (sim, user) = tests().await;
    let mut ids = Vec::new();
    for (path, _) in PATHS {
        let created = user.post(&at(path), json!({"firstName": path, "name": path})).await.ok();
        assert_eq!(created.get("type"), None, "{path}");
        ids.push(created["id"].as_str().unwrap().to_owned());
    }
    for (own, (path, model)) in PATHS.into_iter().enumerate() {
        let listed = user.get(&at(path)).await.ok();
        assert_eq!(listed.as_array().unwrap().len(), 1, "{path}");
        assert_eq!(listed[0]["id"], json!(ids[own]));
        assert_eq!(user.get(&at(&format!("{path}/filtered-count"))).await.ok()["count"], 1);
        for (other, id) in ids.iter().enumerate() {
            let answer = user.get(&at(&format!("{path}/{id}"))).await;
            if other == own {
                answer.ok();
            } else {
                let refused = answer.refused(404, "");
                assert_eq!(refused.body["error"]["message"], json!(format!("No instance with id {id} found for {model}")));
                user.put(&at(&format!("{path}/{id}")), json!({})).await.refused(404, "");
                user.delete(&at(&format!("{path}/{id}"))).await.refused(404, "");
            }
        }
    }
    let people = user.get(&at("people")).await.ok();
    let types: Vec<&str> = people.as_array().unwrap().iter().map(|person| person["type"].as_str().unwrap()).collect();
    assert_eq!(types.len(), 4);
    assert!(types.iter().all(|kind| kind.starts_with("LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_")), "{types:?}");
    assert_eq!(sim.state().of(OUTBREAK, "contacts").len(), 1);
}

#[tokio::test]
async fn trap_visual_ids_have_a_mask_for_each_type_and_are_unique_among_all() {
    let (_sim, user) = start(Options::default()).await;
    for ((path, _), letters) in PATHS.into_iter().zip(["CA", "CO", "CC", "EV"]) {
        let mask = format!("{letters}-9999999999");
        let first = user.post(&at(path), json!({"visualId": mask})).await.ok();
        assert_eq!(first["visualId"], json!(format!("{letters}-0000000001")));
        let next = user.post(&at(&format!("{path}/generate-visual-id")), json!({"visualIdMask": mask})).await.ok();
        assert_eq!(next, json!(format!("{letters}-0000000002")));
        user.post(&at(path), json!({"visualId": "X-1"})).await.refused(422, "INVALID_VISUAL_ID_MASK");
        user.post(&at("cases"), json!({"visualId": first["visualId"]})).await.refused(409, "DUPLICATE_VISUAL_ID");
    }
}

#[tokio::test]
async fn trap_bulk_forms_exist_where_the_server_has_them() {
    let (sim, user) = tests().await;
    for (path, _) in PATHS {
        let created = user.post(&at(path), json!([{"visualId": format!("{path}-1")}, {"visualId": format!("{path}-2")}])).await.ok();
        let ids: Vec<Value> = created.as_array().unwrap().iter().map(|person| person["id"].clone()).collect();
        assert_eq!(sim.log().writes().last().unwrap().ids.len(), 2);
        let bulk =
            user.put(&at(&format!("{path}/bulk")), json!([{"id": ids[0], "description": "a"}, {"id": ids[1], "description": "b"}])).await;
        if path == "events" {
            assert_eq!(bulk.status, 400, "the path of an event with the id `bulk`: {bulk:?}");
        } else {
            assert_eq!(bulk.ok()[1]["contact"]["description"], "b");
        }
        let by_post = user.post(&at(&format!("{path}/filtered-count")), json!({"filter": {}})).await;
        assert_eq!(by_post.status, if matches!(path, "cases" | "contacts") { 200 } else { 404 }, "{path}");
        let count = user.get(&at(&format!("{path}/count"))).await;
        assert_eq!(count.status, if path == "cases" { 200 } else { 404 }, "{path}");
    }
}

#[tokio::test]
async fn quirk_29_a_range_on_contacts_keeps_its_first_operator_in_the_list_and_both_in_the_count() {
    let (_sim, user) = tests().await;
    for day in 1..=5 {
        create(&user, "contacts", json!({"firstName": day.to_string(), "dateOfReporting": format!("2026-03-0{day}")})).await;
    }
    let range =
        json!({"where": {"dateOfReporting": {"gte": "2026-03-02T00:00:00Z", "lte": "2026-03-03T00:00:00Z"}}, "order": "firstName ASC"});
    assert_eq!(names(&user.filtered(&at("contacts"), range.clone()).await.ok()), ["2", "3", "4", "5"]);
    assert_eq!(user.filtered(&at("contacts/filtered-count"), range).await.ok()["count"], 2);
    let malformed = json!({"where": {"firstName": {"inq": "a"}}});
    assert_eq!(user.filtered(&at("contacts"), malformed.clone()).await.status, 400);
    assert_eq!(user.filtered(&at("events"), malformed).await.status, 500);
}

#[tokio::test]
async fn trap_permissions_are_those_of_the_type() {
    let account = Account::new("few@kivuko.test", "correct horse battery").permissions(&["contact_list"]).active(OUTBREAK);
    let sim = Sim::start(Options::for_tests().user(account)).await.unwrap();
    let user = login(&sim, "few@kivuko.test", "correct horse battery").await;
    user.get(&at("contacts")).await.ok();
    user.get(&at("people")).await.ok();
    for (method, path, permission) in [
        ("GET", "contacts-of-contacts", "contact_of_contact_list"),
        ("GET", "events", "event_list"),
        ("POST", "contacts", "contact_create"),
        ("PUT", "contacts/x", "contact_modify"),
        ("DELETE", "events/x", "event_delete"),
    ] {
        let refused = user.send(method, &at(path), Some(&json!({}))).await.refused(403, "MISSING_REQUIRED_PERMISSION");
        assert_eq!(refused.body["error"]["details"]["permissions"], permission);
    }
}

#[tokio::test]
async fn trap_an_event_has_one_address_and_no_bulk_of_names() {
    let (_sim, user) = tests().await;
    let event = user.post(&at("events"), json!({"name": "Funeral", "date": "2026-03-01", "address": {"locationId": "l-1"}})).await.ok();
    assert_eq!(event["usualPlaceOfResidenceLocationId"], "l-1");
    assert_eq!(event["date"], "2026-03-01T00:00:00.000Z");
    assert_eq!(event.get("duplicateKeys"), None);
    user.post(&at("events"), json!({"endDate": "never"})).await.refused(422, "");
    let contact = user.post(&at("contacts"), json!({"classification": 7, "dateOfOnset": "never"})).await.ok();
    assert_eq!((&contact["classification"], &contact["dateOfOnset"]), (&json!(7), &json!("never")), "fields of a case mean nothing here");
}
