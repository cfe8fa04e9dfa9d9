//! The ordinary use of the simulated Go.Data, end to end.

mod support;

use kivuko_sims::godata::Options;
use serde_json::json;
use support::{EXTERNAL, OUTBREAK, cases, tests};

#[tokio::test]
async fn a_case_lives_and_dies() {
    let (sim, user) = tests().await;
    let case = user.create_case(json!({"firstName": "Ada", "documents": [{"type": EXTERNAL, "number": "X1"}]})).await;
    let id = case["id"].as_str().unwrap();
    let path = format!("{}/{id}", cases());
    assert_eq!(user.get(&path).await.ok(), case);

    let changed = user.put(&path, json!({"lastName": "Byron"})).await.ok();
    assert_eq!((&changed["firstName"], &changed["lastName"]), (&json!("Ada"), &json!("Byron")));
    let elem = json!({"documents": {"$elemMatch": {"type": EXTERNAL, "number": {"$in": ["X0", "X1"]}}}});
    assert_eq!(user.found(elem).await, ["Ada"]);
    assert_eq!(user.found(json!({"or": [{"documents.number": "X1"}, {"documents.number": "X2"}]})).await, ["Ada"]);

    assert_eq!(user.delete(&path).await.status, 204);
    assert_eq!(user.get(&path).await.status, 404);
    assert_eq!(user.get(&cases()).await.ok(), json!([]));
    assert_eq!(sim.state().people()[0]["deleted"], json!(true));
    assert_eq!(user.post(&format!("{path}/restore"), json!({})).await.ok()["deleted"], json!(false));

    let writes = sim.log().writes();
    assert_eq!(writes.iter().map(|entry| entry.records).collect::<Vec<_>>(), [1, 1, 1, 1]);
    assert_eq!(sim.log().count("GET", "/api/outbreaks/*/cases"), 3);
}

#[tokio::test]
async fn arrays_are_created_and_changed_at_once() {
    let (sim, user) = tests().await;
    let sent: Vec<_> = (0..50).map(|n| json!({"firstName": format!("N{n}"), "visualId": format!("V-{n}")})).collect();
    let created = user.post(&cases(), json!(sent)).await.ok();
    let ids: Vec<&str> = created.as_array().unwrap().iter().map(|case| case["id"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), 50);

    let changes: Vec<_> = ids.iter().map(|id| json!({"id": id, "gender": "F"})).collect();
    let answer = user.put(&format!("{}/bulk", cases()), json!(changes)).await.ok();
    assert_eq!((answer[7]["recordNo"].as_u64(), answer[7]["contact"]["id"].as_str()), (Some(7), Some(ids[7])));

    let mixed = json!([{"id": ids[0], "gender": "M"}, {"id": "nobody"}, {"gender": "M"}]);
    let some = user.put(&format!("{}/bulk", cases()), mixed).await.refused(422, "MULTIPLE_CONTACTS_UPDATE_PARTIAL_SUCCESS");
    let details = &some.body["error"]["details"];
    assert_eq!(details["success"][0]["recordNo"], json!(0));
    assert_eq!(details["failed"][0]["error"]["code"], json!("MODEL_NOT_FOUND"));
    assert_eq!(details["failed"][1]["error"]["code"], json!("CONTACT_ID_REQUIRED"));
    assert_eq!(sim.log().writes().last().unwrap().records, 1);
    assert_eq!(sim.state().content(OUTBREAK).len(), 50);
}

#[tokio::test]
async fn pages_by_update_and_id_cover_everything_once() {
    let mut options = Options::for_tests();
    options.cases = (0..95).map(|n| json!({"outbreakId": OUTBREAK, "firstName": format!("N{n}")})).collect();
    let (_sim, user) = support::start(options).await;
    let mut seen = Vec::new();
    let mut condition = json!({});
    loop {
        let filter = json!({"where": condition, "deleted": true, "order": ["updatedAt ASC", "id ASC"], "limit": 10});
        let page = user.filtered(&cases(), filter).await.ok();
        let page = page.as_array().unwrap();
        seen.extend(page.iter().map(|case| case["id"].as_str().unwrap().to_owned()));
        let Some(last) = page.last() else { break };
        let (stamp, id) = (&last["updatedAt"], &last["id"]);
        condition = json!({"or": [{"updatedAt": {"gt": stamp}}, {"and": [{"updatedAt": stamp}, {"id": {"gt": id}}]}]});
    }
    assert_eq!(seen.len(), 95);
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 95);
}

#[tokio::test]
async fn it_starts_by_its_name_with_the_data_of_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, value: serde_json::Value| std::fs::write(dir.path().join(name), value.to_string()).unwrap();
    write("outbreaks.json", json!([{"id": "o1", "name": "Cholera 2026", "caseIdMask": "*"}]));
    write("users.json", json!([{"email": "a@kivuko.test", "password": "secret secret", "activeOutbreakId": "o1"}]));
    write("locations.json", json!([{"id": "l1", "name": "Country"}]));
    write("cases.json", json!([{"visualId": "V-1"}]));
    write("reference-data.json", json!([{"categoryId": "LNG_REFERENCE_DATA_CATEGORY_LAB_NAME", "value": "Kenema Lab"}]));
    let start = || kivuko_sims::Start { data: Some(dir.path().to_owned()), ..kivuko_sims::Start::default() };
    let running = kivuko_sims::start_by_kind("godata", start()).await.unwrap();
    assert_eq!(running.hint(), "log in as a@kivuko.test with \"secret secret\"");
    let kivuko_sims::Running::Godata(sim) = running else { panic!("another kind") };
    let user = support::login(&sim, "a@kivuko.test", "secret secret").await;
    assert_eq!(user.get("/outbreaks/o1/cases").await.ok()[0]["visualId"], "V-1");
    assert_eq!(user.get("/locations/l1").await.ok()["name"], "Country");
    let item = user.get("/reference-data/LNG_REFERENCE_DATA_CATEGORY_LAB_NAME_KENEMA_LAB").await;
    assert_eq!(item.status, 200);

    write("users.json", json!([{"email": "a@kivuko.test", "pasword": "x"}]));
    let refusal = kivuko_sims::start_by_kind("godata", start()).await.unwrap_err().to_string();
    assert!(refusal.contains("users.json") && refusal.contains("pasword"), "{refusal}");
    let refusal = kivuko_sims::start_by_kind("dhis1", start()).await.unwrap_err().to_string();
    assert!(refusal.contains("there is: godata"), "{refusal}");
}

#[tokio::test]
async fn it_stops_when_it_is_told_to() {
    let (sim, user) = tests().await;
    let url = sim.url();
    sim.stop().await;
    assert!(user.try_send(reqwest::Method::GET, "/outbreaks", None).await.is_err());
    let port = url.rsplit(':').next().unwrap().parse().unwrap();
    let again = support::start(Options { port, ..Options::for_tests() }).await;
    assert_eq!(again.0.url(), url);
}
