//! Exports of the simulated Go.Data: started, followed, downloaded once; as codes or as labels.

mod support;

use std::time::Duration;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Outbreak, Pace, Sim, User as Account};
use serde_json::{Value, json};
use support::{CLASSIFICATION, OUTBREAK, User, cases, encode, login, start, tests};

const MALE: &str = "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE";
const STATUS: &str = "LNG_SYNC_STATUS_";

/// Flags under which an export is the same for every account.
fn plain() -> Value {
    json!({"useDbColumns": true, "dontTranslateValues": true, "useQuestionVariable": true})
}

async fn started(user: &User, resource: &str, kind: &str, condition: Value) -> String {
    let filter = encode(&json!({"where": condition}).to_string());
    let answer = user.get(&format!("/outbreaks/{OUTBREAK}/{resource}/export?type={kind}&filter={filter}")).await.ok();
    answer["exportLogId"].as_str().unwrap().to_owned()
}

async fn status(user: &User, log: &str) -> String {
    let log = user.get(&format!("/export-logs/{log}")).await.ok();
    log["status"].as_str().unwrap().trim_start_matches(STATUS).to_owned()
}

/// The file of an export, once it is there.
async fn exported(user: &User, resource: &str, kind: &str, condition: Value) -> Value {
    let log = started(user, resource, kind, condition).await;
    while status(user, &log).await == "IN_PROGRESS" {}
    user.get(&format!("/export-logs/{log}/download")).await.ok()
}

async fn with_case() -> (Sim, User) {
    let options = Options { locations: vec![json!({"id": "PLACE", "name": "Harbour"})], ..Options::for_tests() };
    let (sim, user) = start(options).await;
    let address =
        json!({"typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE", "locationId": "PLACE", "city": "Tana"});
    let case = json!({
        "firstName": "Ana", "gender": MALE, "classification": format!("{CLASSIFICATION}CONFIRMED"), "age": {"years": 7},
        "addresses": [address], "dateOfReporting": "2026-03-01"
    });
    user.create_case(case).await;
    (sim, user)
}

#[tokio::test]
async fn a_log_says_the_end_after_as_many_polls_and_as_long_as_it_is_told() {
    let pace = Pace { polls: 2, duration: Duration::from_mins(1), ..Pace::default() };
    let (sim, user) = start(Options { pace, clock: Clock::at("2026-03-01T08:00:00Z"), ..Options::for_tests() }).await;
    user.post(&cases(), json!([{}, {}, {}])).await.ok();
    let log = started(&user, "cases", "json", plain()).await;
    user.get(&format!("/export-logs/{log}/download")).await.refused(404, "FILE_NOT_FOUND");
    let first = user.get(&format!("/export-logs/{log}")).await.ok();
    assert_eq!((&first["totalNo"], &first["processedNo"], &first["extension"]), (&json!(3), &json!(0), &json!("json")));
    assert_eq!(status(&user, &log).await, "IN_PROGRESS");
    assert_eq!(status(&user, &log).await, "IN_PROGRESS", "the minute is not over");
    sim.clock().advance(Duration::from_mins(1));
    let last = user.get(&format!("/export-logs/{log}")).await.ok();
    assert_eq!((&last["status"], &last["processedNo"]), (&json!(format!("{STATUS}SUCCESS")), &json!(3)));
    assert_eq!(user.get("/export-logs").await.ok().as_array().unwrap().len(), 1);
    assert_eq!(user.get("/export-logs/nothing").await.status, 404);
    assert!(sim.log().writes().iter().all(|entry| !entry.path.contains("export")), "an export writes nothing");
}

#[tokio::test]
async fn quirk_40_a_file_is_downloaded_once_and_by_its_creator() {
    let options = Options { pace: Pace::default(), ..Options::for_tests() };
    let other = Account::new("other@kivuko.test", "correct horse battery").active(OUTBREAK);
    let mut users = options.users.clone();
    users.push(other);
    let (sim, user) = start(Options { users, ..options }).await;
    let other = login(&sim, "other@kivuko.test", "correct horse battery").await;
    let log = started(&user, "cases", "csv", plain()).await;
    let path = format!("/export-logs/{log}/download");
    assert_eq!(other.get(&path).await.status, 500);
    let response = user.try_send(reqwest::Method::GET, &path, None).await.unwrap();
    assert_eq!(response.headers()["content-disposition"], "attachment;filename=Case List.csv");
    assert_eq!(response.headers()["content-type"], "application/octet-stream");
    user.get(&path).await.refused(404, "FILE_NOT_FOUND");
}

#[tokio::test]
async fn quirk_41_headers_and_values_follow_the_language_unless_flags_are_set() {
    let (_sim, user) = with_case().await;
    let row = &exported(&user, "cases", "json", plain()).await[0];
    assert_eq!((&row["gender"], &row["age"]["years"]), (&json!(MALE), &json!(7)));
    assert_eq!(row["addresses"][0]["locationId"], "PLACE");
    let row = &exported(&user, "cases", "json", json!({})).await[0];
    assert_eq!((&row["Gender"], &row["First name"], &row["Classification"]), (&json!("Male"), &json!("Ana"), &json!("Confirmed")));
    assert_eq!((&row["Addresses"][0]["Location id"], &row["Date of reporting"]), (&json!("Harbour"), &json!("2026-03-01T00:00:00.000Z")));
    let me = user.get("/users").await.ok()[0]["id"].as_str().unwrap().to_owned();
    user.put(&format!("/users/{me}"), json!({"languageId": "french_fr"})).await.ok();
    let row = &exported(&user, "cases", "json", json!({})).await[0];
    assert_eq!((&row["Sexe"], &row["Prénom"], &row["Classification"]), (&json!("Masculin"), &json!("Ana"), &json!("Confirmé")));
    let row = &exported(&user, "cases", "json", json!({"useDbColumns": true})).await[0];
    assert_eq!(row["gender"], "Masculin");
}

#[tokio::test]
async fn a_csv_has_a_column_for_each_leaf() {
    let (_sim, user) = with_case().await;
    user.create_case(json!({"firstName": "Ben, the \"second\""})).await;
    let text = exported(&user, "cases", "csv", plain()).await;
    let mut lines = text.as_str().unwrap().lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert!(header.contains(&"addresses[0].city") && header.contains(&"age.years"), "{header:?}");
    assert!(lines.any(|line| line.contains("\"Ben, the \"\"second\"\"\"")));
    let text = exported(&user, "cases", "csv", json!({})).await;
    let header = text.as_str().unwrap().lines().next().unwrap();
    assert!(header.contains("Addresses [1] City") && header.contains("Age Years"), "{header}");
}

#[tokio::test]
async fn answers_are_shown_by_variable_or_by_question() {
    let (_sim, user) = tests().await;
    let questions =
        json!([{"variable": "fever", "text": "Fever?", "answers": [{"value": "YES", "label": "Yes"}, {"value": "NO", "label": "No"}]}]);
    user.put(&format!("/outbreaks/{OUTBREAK}"), json!({"caseInvestigationTemplate": questions})).await.ok();
    user.create_case(json!({"questionnaireAnswers": {"fever": [{"value": "YES"}], "other": [{"value": ["NO"]}]}})).await;
    let row = &exported(&user, "cases", "json", plain()).await[0];
    assert_eq!(row["questionnaireAnswers"], json!({"fever": [{"value": "YES"}], "other": [{"value": ["NO"]}]}));
    let row = &exported(&user, "cases", "json", json!({"useDbColumns": true})).await[0];
    assert_eq!(row["questionnaireAnswers"], json!({"Fever?": [{"value": "Yes"}], "other": [{"value": ["NO"]}]}));
}

#[tokio::test]
async fn an_export_is_filtered_and_hides_what_it_is_told_to() {
    let (_sim, user) = with_case().await;
    let gone = user.create_case(json!({"firstName": "Ben"})).await["id"].as_str().unwrap().to_owned();
    user.delete(&format!("{}/{gone}", cases())).await;
    let mut condition = plain();
    condition["jsonReplaceUndefinedWithNull"] = json!(true);
    let rows = exported(&user, "cases", "json", condition).await;
    assert_eq!(rows.as_array().unwrap().len(), 1, "deleted ones are left out");
    assert!(rows[0].as_object().unwrap().contains_key("outcomeId"), "what is not there is null");
    let mut nobody = plain();
    nobody["firstName"] = json!("Nobody");
    assert_eq!(exported(&user, "cases", "json", nobody).await, json!([]));
    let hidden = json!({"filter": {"where": plain(), "deleted": true}, "anonymizeFields": ["firstName", "addresses.city"], "type": "json"});
    let log = user.post(&format!("{}/export", cases()), hidden).await.ok()["exportLogId"].as_str().unwrap().to_owned();
    while status(&user, &log).await == "IN_PROGRESS" {}
    let rows = user.get(&format!("/export-logs/{log}/download")).await.ok();
    assert_eq!(rows.as_array().unwrap().len(), 2);
    assert!(rows.as_array().unwrap().iter().all(|row| row["firstName"] == "***"));
    assert!(!rows.to_string().contains("Tana"));
}

#[tokio::test]
async fn every_resource_is_exported() {
    let (_sim, user) = tests().await;
    let case = user.create_case(json!({"firstName": "Ana", "dateOfOnset": "2026-03-01"})).await["id"].as_str().unwrap().to_owned();
    let contact = user.post(&format!("/outbreaks/{OUTBREAK}/contacts"), json!({"firstName": "Ben"})).await.ok()["id"].clone();
    let relationships = format!("{}/{case}/relationships", cases());
    user.post(&relationships, json!({"persons": [{"id": contact}], "contactDate": "2026-03-02"})).await.ok();
    user.post(&relationships, json!({"persons": [{"id": contact}], "contactDate": "2026-03-01"})).await.ok();
    user.post(&format!("{}/{case}/lab-results", cases()), json!({"sampleIdentifier": "S1"})).await.ok();
    user.post(&format!("{}/{case}/follow-ups", cases()), json!({"date": "2026-03-03"})).await.ok();

    assert_eq!(exported(&user, "relationships", "json", plain()).await.as_array().unwrap().len(), 2);
    let row = &exported(&user, "contacts", "json", plain()).await[0];
    assert_eq!(row["relationship"]["contactDate"], "2026-03-02T00:00:00.000Z", "with its most recent exposure");
    let mut oldest = plain();
    oldest["retrieveOldestExposure"] = json!(true);
    let row = &exported(&user, "contacts", "json", oldest).await[0];
    assert_eq!(row["relationship"]["contactDate"], "2026-03-01T00:00:00.000Z");
    let mut with_person = plain();
    with_person["includeCaseFields"] = json!(true);
    let row = &exported(&user, "lab-results", "json", with_person.clone()).await[0];
    assert_eq!((&row["sampleIdentifier"], &row["person"]["firstName"]), (&json!("S1"), &json!("Ana")));
    let row = &exported(&user, "follow-ups", "json", plain()).await[0];
    assert_eq!((&row["index"], &row["contact"]), (&json!(2), &Value::Null));
    assert_eq!(exported(&user, "events", "json", plain()).await, json!([]));
}

#[tokio::test]
async fn what_is_not_simulated_or_not_allowed_is_refused() {
    let (sim, user) = start(Options::for_tests().outbreak(Outbreak::new("other", "Cholera 2026"))).await;
    let export = |query: &str| format!("{}/export?{query}", cases());
    user.get(&export("type=xlsx")).await.refused(501, "NOT_SIMULATED");
    user.get(&export("encryptPassword=x")).await.refused(501, "NOT_SIMULATED");
    user.get(&export("type=exe")).await.refused(400, "REQUEST_VALIDATION_ERROR");
    user.get("/outbreaks/other/cases/export").await.ok();
    user.post("/outbreaks/other/cases/export", json!({})).await.refused(403, "ACCESS_DENIED");
    user.post("/outbreaks/other/follow-ups/export", json!({})).await.ok();

    sim.break_exports(1);
    let log = started(&user, "cases", "json", plain()).await;
    while status(&user, &log).await == "IN_PROGRESS" {}
    assert_eq!(status(&user, &log).await, "FAILED");
    user.get(&format!("/export-logs/{log}/download")).await.refused(404, "FILE_NOT_FOUND");
}
