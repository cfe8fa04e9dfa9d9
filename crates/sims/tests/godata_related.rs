//! People found by what belongs to them, and listed with it. The numbers are those of the list of quirks in the
//! reference; `trap_...` are those that the reference tells elsewhere.

mod support;

use kivuko_sims::godata::Sim;
use serde_json::{Value, json};
use support::{CLASSIFICATION, OUTBREAK, User, names, tests};

fn at(path: &str) -> String {
    format!("/outbreaks/{OUTBREAK}/{path}")
}

/// Case A exposed contact C on 1 March and has a positive sample; case B exposed contact D on 2 March; event E and
/// contact F stand alone. C was seen.
async fn outbreak() -> (Sim, User) {
    let (sim, user) = tests().await;
    for (id, path) in [("A", "cases"), ("B", "cases"), ("C", "contacts"), ("D", "contacts"), ("E", "events"), ("F", "contacts")] {
        sim.insert(OUTBREAK, path, json!({"id": id, "firstName": id, "classification": format!("{CLASSIFICATION}{id}")}));
    }
    for (id, source, target, date) in [("r-1", "A", "C", "2026-03-01"), ("r-2", "B", "D", "2026-03-02")] {
        sim.relate(source, json!({"id": id, "persons": [{"id": target}], "contactDate": date, "comment": id}));
    }
    for (sample, result) in [("S-1", "POSITIVE"), ("S-2", "NEGATIVE")] {
        user.post(&at("cases/A/lab-results"), json!({"sampleIdentifier": sample, "result": result})).await.ok();
    }
    user.post(&at("contacts/C/follow-ups"), json!({"date": "2026-03-03", "statusId": "SEEN"})).await.ok();
    (sim, user)
}

#[tokio::test]
async fn trap_people_are_found_by_rows_that_belong_to_them() {
    let (_sim, user) = outbreak().await;
    let table = [
        ("cases", json!({"relationship": {"comment": "r-1"}}), "A"),
        ("cases", json!({"relationship": {"contactDate": {"gte": "2026-03-02T00:00:00Z", "lt": "2026-03-09T00:00:00Z"}}}), "B"),
        ("cases", json!({"labResult": {"result": "POSITIVE"}}), "A"),
        ("cases", json!({"labResult": {"result": "UNKNOWN"}}), ""),
        ("cases", json!({"labResult": {"result": "POSITIVE"}, "firstName": "B"}), ""),
        ("cases", json!({"relationship": {}}), "AB"),
        ("cases", json!({"noRelationships": true}), ""),
        ("events", json!({"noRelationships": true}), "E"),
        ("contacts", json!({"case": {"firstName": "B"}}), "D"),
        ("contacts", json!({"followUp": {"statusId": "SEEN"}}), "C"),
        ("contacts", json!({"relationship": {"comment": {"inq": ["r-1", "r-2"]}}}), "CD"),
        ("events", json!({"relationship": {"comment": "r-1"}}), ""),
    ];
    for (path, condition, expected) in table {
        let filter = json!({"where": condition, "order": ["firstName ASC"]});
        let found = names(&user.filtered(&at(path), filter.clone()).await.ok()).concat();
        assert_eq!(found, expected, "{path} {condition}");
        let count = user.filtered(&at(&format!("{path}/filtered-count")), filter).await.ok();
        assert_eq!(count["count"], expected.len(), "{path} {condition}");
    }
}

#[tokio::test]
async fn trap_an_include_brings_rows_and_drops_people_without_them_when_it_is_told_to() {
    let (_sim, user) = outbreak().await;
    let include = |scope: Value| json!({"include": [{"relation": "labResults", "scope": scope}], "order": ["firstName ASC"]});
    let all = user.filtered(&at("cases"), include(json!({}))).await.ok();
    let counts: Vec<usize> = all.as_array().unwrap().iter().map(|case| case["labResults"].as_array().unwrap().len()).collect();
    assert_eq!(counts, [2, 0]);
    let positive = json!({"where": {"result": "POSITIVE"}, "fields": ["sampleIdentifier"], "filterParent": true});
    let found = user.filtered(&at("cases"), include(positive)).await.ok();
    assert_eq!(names(&found), ["A"]);
    assert_eq!(found[0]["labResults"], json!([{"sampleIdentifier": "S-1"}]));
    let just = json!({"where": {"result": "POSITIVE"}, "filterParent": true, "justFilter": true});
    let found = user.filtered(&at("cases"), include(just)).await.ok();
    assert_eq!((names(&found), found[0].get("labResults")), (vec!["A".to_owned()], None));

    let nested =
        json!({"include": [{"relation": "relationships", "scope": {"include": ["people"]}}, "followUps"], "where": {"firstName": "C"}});
    let found = user.filtered(&at("contacts"), nested).await.ok();
    assert_eq!(found[0]["followUps"].as_array().unwrap().len(), 1);
    assert_eq!(found[0]["relationships"][0]["people"].as_array().unwrap().len(), 2);
    user.filtered(&at("contacts"), json!({"include": "dateRangeLocations"})).await.refused(500, "INTERNAL_ERROR");
}

#[tokio::test]
async fn quirk_33_a_filter_on_the_people_of_relationships_takes_its_page_after_loading_everything() {
    let (_sim, user) = outbreak().await;
    let people = json!({"relation": "people", "scope": {"where": {"firstName": {"inq": ["B"]}}, "filterParent": true}});
    let found = user.filtered(&at("relationships"), json!({"include": [people], "limit": 1, "order": ["contactDate ASC"]})).await.ok();
    assert_eq!((found[0]["id"].as_str(), found.as_array().unwrap().len()), (Some("r-2"), 1));
    assert_eq!(names(&found[0]["people"]), ["B"]);
}

#[tokio::test]
async fn trap_a_place_in_a_condition_stands_for_all_below_it_also_for_contacts_and_events() {
    let (sim, user) = tests().await;
    sim.put_location(json!({"id": "country", "name": "Country"}));
    sim.put_location(json!({"id": "district", "name": "District", "parentLocationId": "country"}));
    sim.insert(OUTBREAK, "contacts", json!({"firstName": "C", "addresses": [{"locationId": "district"}]}));
    sim.insert(OUTBREAK, "events", json!({"firstName": "E", "address": {"locationId": "district"}}));
    for (path, key, name) in [("contacts", "addresses.parentLocationIdFilter", "C"), ("events", "address.parentLocationIdFilter", "E")] {
        let found = user.filtered(&at(path), json!({"where": {key: "country"}})).await.ok();
        assert_eq!(names(&found), [name], "{path}");
    }
    let with_place = user.filtered(&at("events"), json!({"include": ["location"]})).await.ok();
    assert_eq!(with_place[0]["location"]["name"], "District");
}
