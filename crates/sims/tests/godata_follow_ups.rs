//! Follow-ups of the simulated Go.Data: one by one, in rounds, in the list of an outbreak.

mod support;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Outbreak, Sim};
use serde_json::{Value, json};
use support::{OUTBREAK, User, cases, start, tests};

const CASE: &str = "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE";
const STATUS: &str = "LNG_REFERENCE_DATA_CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE_";

fn of_case(case: &str) -> String {
    format!("{}/{case}/follow-ups", cases())
}

fn of_outbreak(path: &str) -> String {
    format!("/outbreaks/{OUTBREAK}/follow-ups{path}")
}

/// A case that fell ill on 1 March 2026, to be followed up from the 2nd to the 22nd.
async fn ill(user: &User, first_name: &str) -> String {
    let address = json!({"typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE", "locationId": "DISTRICT"});
    let case = json!({"firstName": first_name, "dateOfOnset": "2026-03-01", "addresses": [address]});
    user.create_case(case).await["id"].as_str().unwrap().to_owned()
}

async fn on(user: &User, case: &str, date: &str) -> Value {
    user.post(&of_case(case), json!({"date": date})).await.ok()
}

async fn list(user: &User, condition: Value) -> Vec<Value> {
    let filter = json!({"where": condition, "order": ["date ASC"]});
    user.filtered(&of_outbreak(""), filter).await.ok().as_array().unwrap().clone()
}

async fn in_march() -> (Sim, User) {
    start(Options::for_tests().clock(Clock::at("2026-03-05T09:00:00Z"))).await
}

#[tokio::test]
async fn a_follow_up_knows_its_day_its_address_and_what_its_person_was() {
    let (sim, user) = tests().await;
    let ana = ill(&user, "Ana").await;
    let before = sim.state().person(&ana).unwrap();
    let created =
        user.post(&of_case(&ana), json!({"date": "2026-03-04T13:30:00Z", "index": 99, "personId": "x", "outbreakId": "y"})).await.ok();
    assert_eq!((&created["index"], &created["createdAs"]), (&json!(3), &json!(CASE)));
    assert_eq!((&created["personId"], &created["outbreakId"]), (&json!(ana), &json!(OUTBREAK)));
    assert_eq!(created["date"], "2026-03-04T13:30:00.000Z", "the time of day stays");
    assert_eq!((&created["address"]["locationId"], &created["usualPlaceOfResidenceLocationId"]), (&json!("DISTRICT"), &json!("DISTRICT")));
    assert_eq!(sim.state().person(&ana).unwrap(), before, "the case is as it was");

    let path = format!("{}/{}", of_case(&ana), created["id"].as_str().unwrap());
    let changed = user.put(&path, json!({"statusId": format!("{STATUS}SEEN_OK"), "address": {"locationId": "TOWN"}})).await.ok();
    assert_eq!((&changed["usualPlaceOfResidenceLocationId"], &changed["index"]), (&json!("TOWN"), &json!(3)));
    assert_eq!(sim.log().entries().last().unwrap().ids, [created["id"].as_str().unwrap()]);
    user.put(&path, json!({"date": "not a day"})).await.refused(422, "");
    assert_eq!(user.get(&of_outbreak(&format!("/{}", created["id"].as_str().unwrap()))).await.ok()["contact"], Value::Null);
    assert_eq!(user.get(&of_case(&ana)).await.status, 404, "there is no list of one person");

    assert_eq!(user.delete(&path).await.status, 204);
    assert_eq!(user.get(&path).await.status, 404);
    user.post(&format!("{path}/restore"), json!({})).await.ok();
    assert_eq!(user.get(&path).await.ok()["statusId"], format!("{STATUS}SEEN_OK"));
}

#[tokio::test]
async fn quirk_22_without_a_window_a_follow_up_is_an_internal_error() {
    let (_sim, user) = tests().await;
    let well = user.create_case(json!({"firstName": "Ben"})).await["id"].as_str().unwrap().to_owned();
    let refused = user.post(&of_case(&well), json!({"date": "2026-03-04"})).await.refused(500, "INTERNAL_ERROR");
    assert!(refused.body["error"]["message"].as_str().unwrap().contains("missing follow-up interval information"));
    user.post(&of_case("nobody"), json!({"date": "2026-03-04"})).await.refused(404, "MODEL_NOT_FOUND");
}

#[tokio::test]
async fn quirk_23_and_24_a_bulk_change_is_not_limited_to_the_outbreak_and_passes_over_records() {
    let (sim, user) = start(Options::for_tests().outbreak(Outbreak::new("other", "Cholera 2026"))).await;
    let elsewhere = sim.insert_case("other", json!({"dateOfOnset": "2026-03-01"}));
    let ana = ill(&user, "Ana").await;
    let days: Vec<Value> = (0..150).map(|_| json!({"date": "2026-03-04", "comment": "old"})).collect();
    user.post(&of_case(&ana), Value::Array(days)).await.ok();
    let me = user.get("/users").await.ok()[0]["id"].as_str().unwrap().to_owned();
    user.put(&format!("/users/{me}"), json!({"activeOutbreakId": "other"})).await.ok();
    user.post(&format!("/outbreaks/other/cases/{elsewhere}/follow-ups"), json!({"date": "2026-03-04", "comment": "old"})).await.ok();
    user.put("/outbreaks/other/follow-ups/bulk?where[comment]=old", json!({"comment": "new"})).await.ok();
    let new = sim.state().collection("followUp").iter().filter(|row| row["comment"] == "new").count();
    assert_eq!(new, 100, "of 151, those of the second page were passed over");
    user.put("/outbreaks/other/follow-ups/bulk?where[outbreakId]=other", json!({"comment": "mine"})).await.ok();
    let mine = sim.state().collection("followUp").iter().filter(|row| row["comment"] == "mine").count();
    assert_eq!(mine, 1);
    let deleted = user.post("/outbreaks/other/follow-ups/bulk/delete", json!({"filter": {}})).await.ok();
    assert_eq!(deleted, json!({"count": 1}), "this one is limited to the outbreak");
    let restored = user.post("/outbreaks/other/follow-ups/bulk/restore", json!({"filter": {"where": {"comment": "mine"}}})).await.ok();
    assert_eq!(restored, json!({"count": 1}));
}

#[tokio::test]
async fn quirk_25_the_person_of_a_row_is_called_contact_also_when_it_is_a_case() {
    let (_sim, user) = tests().await;
    let ana = ill(&user, "Ana").await;
    on(&user, &ana, "2026-03-04").await;
    let rows = list(&user, json!({})).await;
    assert_eq!((&rows[0]["contact"]["id"], &rows[0]["contact"]["type"]), (&json!(ana), &json!(CASE)));
    assert_eq!(rows[0]["case"], Value::Null);
    let found = async |condition: Value| list(&user, condition).await.len();
    assert_eq!(found(json!({"contact.firstName": "Ana"})).await, 1);
    assert_eq!(found(json!({"contact.firstName": "Ben"})).await, 0);
    assert_eq!(found(json!({"case": {"firstName": "Ana"}})).await, 1);
    assert_eq!(found(json!({"contact": {"firstName": "Ana"}})).await, 0, "she is no contact");
    assert_eq!(found(json!({"date": {"gte": "2026-03-04", "lte": "2026-03-04T23:59:59Z"}})).await, 1);
    assert_eq!(found(json!({"address.parentLocationIdFilter": "DISTRICT"})).await, 1);
    user.filtered(&of_outbreak(""), json!({"where": {"timeLastSeen": 3}})).await.refused(501, "NOT_SIMULATED");
    let count = user.filtered(&of_outbreak("/filtered-count"), json!({"where": {"personId": ana}})).await.ok();
    assert_eq!(count, json!({"count": 1}));
}

#[tokio::test]
async fn quirk_61_the_outbreak_of_a_body_counts_on_a_change() {
    let (_sim, user) = tests().await;
    let ana = ill(&user, "Ana").await;
    let id = on(&user, &ana, "2026-03-04").await["id"].as_str().unwrap().to_owned();
    user.put(&format!("{}/{id}", of_case(&ana)), json!({"outbreakId": "elsewhere"})).await.ok();
    assert!(list(&user, json!({})).await.is_empty());
}

#[tokio::test]
async fn follow_ups_are_deleted_with_their_case_and_come_back_with_it() {
    let (_sim, user) = tests().await;
    let ana = ill(&user, "Ana").await;
    on(&user, &ana, "2026-03-04").await;
    user.delete(&format!("{}/{ana}", cases())).await;
    assert!(list(&user, json!({})).await.is_empty());
    user.post(&format!("{}/{ana}/restore", cases()), json!({})).await.ok();
    assert_eq!(list(&user, json!({})).await.len(), 1);
}

#[tokio::test]
async fn a_round_is_generated_for_those_under_follow_up_on_days_that_have_none() {
    let (_sim, user) = in_march().await;
    let ana = ill(&user, "Ana").await;
    let ben = ill(&user, "Ben").await;
    user.create_case(json!({"firstName": "Well"})).await;
    let done = "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_FOLLOW_UP_COMPLETED";
    user.put(&format!("{}/{ben}", cases()), json!({"followUp": {"status": done}})).await.ok();
    on(&user, &ana, "2026-03-07T10:00:00Z").await;

    let generate = async |body: Value| user.post(&format!("/outbreaks/{OUTBREAK}/generate-followups"), body).await.ok();
    let of_cases = json!({"personType": CASE, "startDate": "2026-03-06", "endDate": "2026-03-09", "targeted": false});
    assert_eq!(generate(of_cases.clone()).await, json!({"count": 3}));
    assert_eq!(generate(of_cases).await, json!({"count": 0}), "every day has one");
    let rows = list(&user, json!({})).await;
    let days: Vec<&str> = rows.iter().map(|row| row["date"].as_str().unwrap()).collect();
    assert_eq!(days, ["2026-03-06T00:00:00.000Z", "2026-03-07T10:00:00.000Z", "2026-03-08T00:00:00.000Z", "2026-03-09T00:00:00.000Z"]);
    assert_eq!((&rows[0]["index"], &rows[0]["targeted"]), (&json!(5), &json!(false)));
    assert_eq!(rows[0]["statusId"], format!("{STATUS}NOT_PERFORMED"));
    assert_eq!(rows[0]["updatedAt"], rows[2]["updatedAt"], "a round has one stamp");

    let again = json!({
        "personType": CASE, "startDate": "2026-03-06", "endDate": "2026-03-31", "overwriteExistingFollowUps": true,
        "intervalOfFollowUp": "6, 21, 22", "contactIds": [ana]
    });
    assert_eq!(generate(again).await, json!({"count": 2}), "the window ends on its 21st day");
    let rows = list(&user, json!({})).await;
    assert_eq!(rows.len(), 5);
    assert_eq!(rows[1]["date"], "2026-03-07T00:00:00.000Z", "the 6th day was made anew");
    assert_eq!(generate(json!({"startDate": "2026-03-06"})).await, json!({"count": 0}), "there are no contacts");
}
