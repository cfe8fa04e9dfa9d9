//! Lab results of the simulated Go.Data: of a case, of an outbreak, and what a client trips over.

mod support;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Outbreak};
use serde_json::{Value, json};
use support::{OUTBREAK, User, cases, start, tests};

const CASE: &str = "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE";
const POSITIVE: &str = "LNG_REFERENCE_DATA_CATEGORY_LAB_TEST_RESULT_POSITIVE";

fn of_case(case: &str) -> String {
    format!("{}/{case}/lab-results", cases())
}

fn of_outbreak(path: &str) -> String {
    format!("/outbreaks/{OUTBREAK}/lab-results{path}")
}

async fn case(user: &User, first_name: &str) -> String {
    let case = user.create_case(json!({"firstName": first_name})).await;
    case["id"].as_str().unwrap().to_owned()
}

async fn lab_result(user: &User, case: &str, sample: &str) -> String {
    let created = user.post(&of_case(case), json!({"sampleIdentifier": sample})).await.ok();
    created["id"].as_str().unwrap().to_owned()
}

/// Sample identifiers of a list.
fn samples(list: &Value) -> Vec<&str> {
    list.as_array().expect("an array").iter().map(|row| row["sampleIdentifier"].as_str().unwrap_or("-")).collect()
}

#[tokio::test]
async fn a_lab_result_lives_under_its_case() {
    let (sim, user) = tests().await;
    let ana = case(&user, "Ana").await;
    let before = sim.state().person(&ana).unwrap();
    let sent = json!({
        "sampleIdentifier": 17, "result": POSITIVE, "dateSampleTaken": "2026-02-03", "personId": "someone", "outbreakId": "elsewhere",
        "sequence": {"hasSequence": "true", "dateResult": "2026-02-09"}, "id": "mine", "of": "our own"
    });
    let created = user.post(&of_case(&ana), sent).await.ok();
    assert_eq!(created["sampleIdentifier"], "17");
    assert_eq!((&created["personId"], &created["personType"], &created["outbreakId"]), (&json!(ana), &json!(CASE), &json!(OUTBREAK)));
    assert_eq!(created["dateSampleTaken"], "2026-02-03T00:00:00.000Z");
    assert_eq!(created["sequence"], json!({"hasSequence": true, "dateResult": "2026-02-09T00:00:00.000Z"}));
    assert_ne!(created["id"], "mine");
    assert_eq!(created["of"], "our own");
    assert_eq!(sim.log().entries().last().unwrap().ids, [created["id"].as_str().unwrap()]);
    assert_eq!(sim.state().person(&ana).unwrap(), before, "the case is as it was");

    let path = format!("{}/{}", of_case(&ana), created["id"].as_str().unwrap());
    assert_eq!(user.get(&path).await.ok(), created);
    let changed = user.put(&path, json!({"notes": "seen", "sampleIdentifier": null})).await.ok();
    assert_eq!((&changed["notes"], &changed["result"], &changed["sampleIdentifier"]), (&json!("seen"), &json!(POSITIVE), &Value::Null));
    user.put(&path, json!({"dateOfResult": "soon"})).await.refused(422, "");
    user.put(&path, json!({"dateOfResult": ""})).await.refused(422, "");

    assert_eq!(user.delete(&path).await.status, 204);
    assert_eq!(user.get(&path).await.status, 404);
    assert_eq!(user.delete(&path).await.status, 404);
    assert_eq!(samples(&user.filtered(&of_case(&ana), json!({"deleted": true})).await.ok()).len(), 1);
    user.post(&format!("{path}/restore"), json!({})).await.ok();
    assert_eq!(user.get(&path).await.ok()["deleted"], false);
}

#[tokio::test]
async fn a_list_of_a_case_is_filtered_and_counted() {
    let (_sim, user) = tests().await;
    let ana = case(&user, "Ana").await;
    let ben = case(&user, "Ben").await;
    for sample in ["B", "A", "C"] {
        lab_result(&user, &ana, sample).await;
    }
    lab_result(&user, &ben, "D").await;
    let list = user.filtered(&of_case(&ana), json!({"order": "sampleIdentifier DESC", "limit": 2})).await.ok();
    assert_eq!(samples(&list), ["C", "B"]);
    let list = user.filtered(&of_case(&ana), json!({"where": {"sampleIdentifier": "A"}, "include": ["case", "contact"]})).await.ok();
    assert_eq!((&list[0]["case"]["firstName"], &list[0]["contact"]), (&json!("Ana"), &Value::Null));
    user.filtered(&of_case(&ana), json!({"include": "followUps"})).await.refused(500, "INTERNAL_ERROR");
    assert_eq!(user.get(&format!("{}/count", of_case(&ana))).await.ok(), json!({"count": 3}));
    let query = "filtered-count?filter[where][sampleIdentifier][gt]=A";
    assert_eq!(user.get(&format!("{}/{query}", of_case(&ana))).await.ok(), json!({"count": 2}));
    let bulk = user.post(&of_case(&ben), json!([{"sampleIdentifier": "E"}, {"dateTesting": "x"}])).await;
    assert_eq!(bulk.status, 422);
    assert_eq!(samples(&user.get(&of_case(&ben)).await.ok()).len(), 2, "what came before the refused one stays");
}

#[tokio::test]
async fn a_person_that_is_not_there_has_no_lab_results() {
    let (_sim, user) = tests().await;
    let ana = case(&user, "Ana").await;
    user.post(&of_case("nobody"), json!({})).await.refused(404, "MODEL_NOT_FOUND");
    user.post(&format!("/outbreaks/{OUTBREAK}/contacts/{ana}/lab-results"), json!({})).await.refused(404, "MODEL_NOT_FOUND");
    assert_eq!(user.get(&of_case("nobody")).await.status, 404);
    user.delete(&format!("{}/{ana}", cases())).await;
    user.post(&of_case(&ana), json!({})).await.refused(404, "MODEL_NOT_FOUND");
}

#[tokio::test]
async fn lab_results_are_deleted_with_their_case_and_come_back_with_it() {
    let (sim, user) = tests().await;
    let ana = case(&user, "Ana").await;
    let before = lab_result(&user, &ana, "deleted before").await;
    lab_result(&user, &ana, "deleted with").await;
    user.delete(&of_outbreak(&format!("/{before}"))).await;
    user.delete(&format!("{}/{ana}", cases())).await;
    let all = sim.state().collection("labResult");
    assert!(all.iter().all(|row| row["deleted"] == true));
    assert_eq!((&all[0]["deletedByParent"], &all[1]["deletedByParent"]), (&Value::Null, &json!(ana)));
    user.post(&format!("{}/{ana}/restore", cases()), json!({})).await.ok();
    assert_eq!(samples(&user.get(&of_case(&ana)).await.ok()), ["deleted with"]);
}

#[tokio::test]
async fn quirk_23_a_bulk_change_is_not_limited_to_the_outbreak() {
    let (sim, user) = start(Options::for_tests().outbreak(Outbreak::new("other", "Cholera 2026"))).await;
    let elsewhere = sim.insert_case("other", json!({"firstName": "Ben"}));
    let ana = case(&user, "Ana").await;
    lab_result(&user, &ana, "A").await;
    let me = user.get("/users").await.ok()[0]["id"].as_str().unwrap().to_owned();
    user.put(&format!("/users/{me}"), json!({"activeOutbreakId": "other"})).await.ok();
    user.post(&format!("/outbreaks/other/cases/{elsewhere}/lab-results"), json!({"sampleIdentifier": "A"})).await.ok();
    let bulk = "/outbreaks/other/lab-results/bulk?where[sampleIdentifier]=A";
    assert_eq!(user.put(bulk, json!({"notes": "all"})).await.ok(), json!({"count": 2}));
    assert!(sim.state().collection("labResult").iter().all(|row| row["notes"] == "all"));
    user.put("/outbreaks/other/lab-results/bulk", json!({})).await.refused(400, "");
}

#[tokio::test]
async fn quirk_24_a_bulk_change_of_the_field_that_it_asks_for_passes_over_records() {
    let (sim, user) = tests().await;
    let ana = case(&user, "Ana").await;
    let rows: Vec<Value> = (0..250).map(|_| json!({"status": "old"})).collect();
    user.post(&of_case(&ana), Value::Array(rows)).await.ok();
    user.put(&of_outbreak("/bulk?where[status]=old"), json!({"status": "new"})).await.ok();
    let left = sim.state().collection("labResult").iter().filter(|row| row["status"] == "old").count();
    assert_eq!(left, 100);
}

#[tokio::test]
async fn quirk_26_there_is_no_plain_list_of_an_outbreak() {
    let (_sim, user) = tests().await;
    assert_eq!(user.get(&of_outbreak("")).await.status, 404);
    let ana = case(&user, "Ana").await;
    lab_result(&user, &ana, "A").await;
    let row = &user.get(&of_outbreak("/aggregate")).await.ok()[0];
    assert_eq!((&row["person"]["id"], &row["person"]["type"], &row["person"]["firstName"]), (&json!(ana), &json!(CASE), &json!("Ana")));
    assert_eq!(user.get(&of_outbreak("/aggregate-filtered-count")).await.ok(), json!({"count": 1}));
    let count = user.filtered(&of_outbreak("/filtered-count"), json!({"flags": {"applyHasMoreLimit": true}})).await.ok();
    assert_eq!(count, json!({"count": 1, "hasMore": false}));
    let single = of_outbreak(&format!("/{}", row["id"].as_str().unwrap()));
    assert_eq!(user.get(&single).await.ok()["person"], Value::Null);
    user.put(&single, json!({"notes": "x"})).await.ok();
    assert_eq!(user.delete(&single).await.status, 204);
    assert_eq!(user.get(&of_outbreak("/aggregate")).await.ok(), json!([]));
    assert_eq!(user.filtered(&of_outbreak("/aggregate"), json!({"deleted": true})).await.ok()[0]["notes"], "x");
}

#[tokio::test]
async fn quirk_32_an_aggregated_list_takes_an_order_only_as_an_array_and_no_include() {
    let (_sim, user) = tests().await;
    let ana = case(&user, "Ana").await;
    for sample in ["B", "A", "C"] {
        lab_result(&user, &ana, sample).await;
    }
    let order = async |order: Value| {
        let list = user.filtered(&of_outbreak("/aggregate"), json!({"order": order, "include": "nothing"})).await.ok();
        samples(&list).join("")
    };
    assert_eq!(order(json!(["sampleIdentifier ASC"])).await, "ABC");
    assert_eq!(order(json!(["sampleIdentifier DESC"])).await, "CBA");
    for ignored in [json!("sampleIdentifier ASC"), json!(["sampleIdentifier"]), json!(["sampleIdentifier asc"]), json!(["id ASC"])] {
        assert_eq!(order(ignored.clone()).await, "BAC", "{ignored}");
    }
    let by_id = user.filtered(&of_outbreak("/aggregate"), json!({"order": ["_id ASC"], "fields": ["sampleIdentifier"]})).await.ok();
    let ids: Vec<&str> = by_id.as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && by_id[0].as_object().unwrap().len() == 2, "{by_id}");
    user.filtered(&of_outbreak("/aggregate"), json!({"limit": 0})).await.refused(500, "INTERNAL_ERROR");
    user.filtered(&of_outbreak("/aggregate"), json!({"limit": "2"})).await.refused(500, "INTERNAL_ERROR");
    let page = user.filtered(&of_outbreak("/aggregate"), json!({"limit": 1, "skip": 1})).await.ok();
    assert_eq!(samples(&page), ["A"]);
}

#[tokio::test]
async fn an_aggregated_list_is_searched_by_its_person_and_by_keyset() {
    let (sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-01T08:00:00Z"))).await;
    let ana = case(&user, "Ana").await;
    let ben = case(&user, "Ben").await;
    lab_result(&user, &ana, "A").await;
    lab_result(&user, &ben, "B").await;
    sim.clock().advance(std::time::Duration::from_secs(1));
    lab_result(&user, &ben, "C").await;
    let found = async |condition: Value| {
        let order = json!(["updatedAt ASC", "_id ASC"]);
        let list = user.filtered(&of_outbreak("/aggregate"), json!({"where": condition, "order": order})).await.ok();
        samples(&list).join("")
    };
    assert_eq!(found(json!({"person": {"firstName": "Ana"}})).await, "A");
    assert_eq!(found(json!({"case": {"firstName": "Ben"}})).await, "BC");
    assert_eq!(found(json!({"contact": {"firstName": "Ben"}})).await, "");
    assert_eq!(found(json!({"person.firstName": "Ben"})).await, "BC");
    assert_eq!(found(json!({"personId": {"inq": [ana, ben]}, "sampleIdentifier": {"inq": ["A", "Z"]}})).await, "A");
    let order = json!({"order": ["updatedAt ASC", "_id ASC"]});
    let all = user.filtered(&of_outbreak("/aggregate"), order).await.ok();
    let (first, second) = (&all[0], &all[1]);
    assert_eq!(first["updatedAt"], second["updatedAt"], "two of one moment are told apart by their ids");
    let after = |row: &Value| {
        let (at, id) = (&row["updatedAt"], &row["id"]);
        json!({"or": [{"updatedAt": {"gt": at}}, {"and": [{"updatedAt": at}, {"id": {"gt": id}}]}]})
    };
    assert_eq!(found(after(first)).await, format!("{}C", second["sampleIdentifier"].as_str().unwrap()));
    assert_eq!(found(after(second)).await, "C");
    assert_eq!(found(json!({"updatedAt": {"gte": first["updatedAt"]}})).await.len(), 3);
}

#[tokio::test]
async fn quirk_61_the_outbreak_of_a_body_counts_on_a_change() {
    let (_sim, user) = tests().await;
    let ana = case(&user, "Ana").await;
    let id = lab_result(&user, &ana, "A").await;
    user.put(&format!("{}/{id}", of_case(&ana)), json!({"outbreakId": "elsewhere"})).await.ok();
    assert_eq!(user.get(&of_outbreak("/aggregate")).await.ok(), json!([]));
}
