//! Imports of files into the simulated Go.Data: uploaded, mapped, followed, with a result for each row that failed.

mod support;

use kivuko_sims::clock::Clock;
use kivuko_sims::godata::{Options, Pace};
use serde_json::{Value, json};
use support::{Answer, OUTBREAK, User, cases, login, start, tests};

const MALE: &str = "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE";
const CURRENT: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE";
const STATUS: &str = "LNG_SYNC_STATUS_";

async fn upload(user: &User, model: &str, name: &str, content: &str) -> Answer {
    let body = format!(
        "--X\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n--X\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n--X--\r\n"
    );
    let request = user.client.post(format!("{}/outbreaks/{OUTBREAK}/importable-files", user.base));
    let request = request.header("X-Access-Token", &user.token).header("content-type", "multipart/form-data; boundary=X");
    Answer::of(request.body(body).send().await.unwrap()).await
}

/// Imports records of one form, each field into the field of the same name; returns the log at its end.
async fn import(user: &User, resource: &str, model: &str, records: &Value) -> Value {
    let file = upload(user, model, "rows.json", &records.to_string()).await.ok();
    let map: Value =
        file["fileHeaders"].as_array().unwrap().iter().map(|header| (header.as_str().unwrap().to_owned(), header.clone())).collect();
    run(user, resource, json!({"fileId": file["id"], "map": map})).await
}

async fn run(user: &User, resource: &str, body: Value) -> Value {
    let path = format!("/outbreaks/{OUTBREAK}/{resource}/import-importable-file-using-map");
    let id = user.post(&path, body).await.ok()["importLogId"].as_str().unwrap().to_owned();
    loop {
        let log = user.get(&format!("/import-logs/{id}")).await.ok();
        if log["status"] != format!("{STATUS}IN_PROGRESS") {
            return log;
        }
    }
}

async fn failures(user: &User, log: &Value) -> Vec<Value> {
    let filter = json!({"where": {"importLogId": log["id"]}});
    user.filtered("/import-results", filter).await.ok().as_array().unwrap().clone()
}

#[tokio::test]
async fn a_sheet_is_uploaded_mapped_and_imported() {
    let (sim, user) = tests().await;
    let sheet = "First name,Sex,Area,Seen\nAna,M,HARBOUR,2026-03-01T15:00:00Z\n\"Ben, junior\",,,\n";
    let file = upload(&user, "case", "sheet.csv", sheet).await.ok();
    assert_eq!(file["fileHeaders"], json!(["First name", "Sex", "Area", "Seen"]));
    assert_eq!(file["suggestedFieldMapping"], json!({"First name": "firstName"}));
    assert_eq!(file["modelProperties"]["case"]["addresses[]"]["city"], "LNG_CASE_FIELD_LABEL_CITY");
    let rows = user.get(&format!("/importable-files/{}/json", file["id"].as_str().unwrap())).await.ok();
    assert_eq!(rows[1], json!({"First name": "Ben, junior"}));
    assert!(sim.log().writes().is_empty(), "an upload writes no record");
    let body = json!({
        "fileId": file["id"], "map": {"First name": "firstName", "Sex": "gender", "Area": "addresses[0].locationId", "Seen": "dateOfReporting"},
        "valuesMap": {"Sex": {"M": MALE}}
    });
    let log = run(&user, "cases", body).await;
    assert_eq!((&log["status"], &log["totalNo"], &log["result"]), (&json!(format!("{STATUS}SUCCESS")), &json!(2), &Value::Null));
    let people = sim.state().cases(OUTBREAK);
    assert_eq!((&people[0]["gender"], &people[0]["createdOn"]), (&json!(MALE), &json!("IMPORT")));
    assert_eq!((&people[0]["addresses"][0]["locationId"], &people[0]["addresses"][0]["typeId"]), (&json!("HARBOUR"), &json!(CURRENT)));
    assert_eq!(people[1]["firstName"], "Ben, junior");
    assert_eq!(sim.log().writes().last().unwrap().records, 2);
}

#[tokio::test]
async fn quirk_39_dates_are_cut_to_the_start_of_their_day() {
    let (sim, user) = tests().await;
    let row = json!([{"dateOfOnset": "2026-03-01T15:30:00Z", "vaccinesReceived": [{"date": "2026-02-01T08:00:00Z"}]}]);
    import(&user, "cases", "case", &row).await;
    let case = &sim.state().cases(OUTBREAK)[0];
    assert_eq!(case["dateOfOnset"], "2026-03-01T00:00:00.000Z");
    assert_eq!(case["vaccinesReceived"][0]["date"], "2026-02-01T00:00:00.000Z");
}

#[tokio::test]
async fn quirk_42_a_record_is_changed_only_by_a_row_with_a_newer_stamp() {
    let (sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-05T09:00:00Z"))).await;
    let row = |name: &str, stamp: Value| json!([{"id": "C1", "firstName": name, "updatedAt": stamp}]);
    let name = || sim.state().person("C1").unwrap()["firstName"].clone();
    import(&user, "cases", "case", &row("Ana", json!("2026-03-01T00:00:00Z"))).await;
    let created = sim.state().person("C1").unwrap();
    assert_eq!(created["updatedAt"], "2026-03-01T00:00:00.000Z", "the stamp of the row counts");
    assert_eq!(created["dbUpdatedAt"], "2026-03-05T09:00:00.000Z");

    let log = import(&user, "cases", "case", &row("Anna", json!("2026-03-01T00:00:00Z"))).await;
    assert_eq!((log["status"].clone(), name()), (json!(format!("{STATUS}SUCCESS")), json!("Ana")));
    assert_eq!(sim.log().writes().last().unwrap().records, 0, "an older row is left alone without a word");
    let log = import(&user, "cases", "case", &row("Anna", Value::Null)).await;
    assert_eq!(log["status"], format!("{STATUS}FAILED"), "not one of its rows got in");
    assert_eq!(log["result"]["code"], "IMPORT_PARTIAL_SUCCESS");
    let failed = failures(&user, &log).await;
    assert_eq!(failed[0]["recordNo"], 1);
    assert!(failed[0]["error"]["message"].as_str().unwrap().contains("missing updatedAt"));
    assert_eq!(failed[0]["data"]["save"]["firstName"], "Anna");
    import(&user, "cases", "case", &row("Anna", json!("2026-03-02T00:00:00Z"))).await;
    assert_eq!(name(), "Anna");

    sim.delete("C1");
    import(&user, "cases", "case", &row("Hannah", json!("2026-03-06T00:00:00Z"))).await;
    assert_eq!((name(), sim.state().person("C1").unwrap()["deleted"].clone()), (json!("Hannah"), json!(true)), "deleted ones too");
}

#[tokio::test]
async fn quirk_14_imports_merge_arrays_and_answers() {
    let (sim, user) = tests().await;
    let row = json!([{
        "id": "C1", "updatedAt": "2026-03-01T00:00:00Z", "documents": [{"type": "A", "number": "1"}, {"type": "B", "number": "2"}],
        "questionnaireAnswers": {"fever": "YES", "cough": "NO"}
    }]);
    import(&user, "cases", "case", &row).await;
    let row = json!([{
        "id": "C1", "updatedAt": "2036-03-02T00:00:00Z", "documents": [{"number": "9"}],
        "questionnaireAnswers": {"fever": "NO", "pain": "YES"}
    }]);
    import(&user, "cases", "case", &row).await;
    let case = sim.state().person("C1").unwrap();
    assert_eq!(case["documents"], json!([{"type": "A", "number": "9"}, {"type": "B", "number": "2"}]));
    let answers = json!({"fever": [{"value": "NO"}], "cough": [{"value": "NO"}], "pain": [{"value": "YES"}]});
    assert_eq!(case["questionnaireAnswers"], answers);
}

#[tokio::test]
async fn a_row_without_an_id_creates_unless_another_key_is_switched_on() {
    let rows = |name: &str, stamp: &str| json!([{"visualId": "V1", "firstName": name, "updatedAt": stamp}]);
    let (sim, user) = tests().await;
    import(&user, "cases", "case", &rows("Ana", "2026-03-01T00:00:00Z")).await;
    let log = import(&user, "cases", "case", &rows("Anna", "2026-03-02T00:00:00Z")).await;
    assert_eq!(failures(&user, &log).await[0]["error"]["code"], "DUPLICATE_VISUAL_ID");
    assert_eq!(sim.state().cases(OUTBREAK)[0]["firstName"], "Ana");

    let (sim, user) = start(Options { alternate_keys_on_import: true, ..Options::for_tests() }).await;
    import(&user, "cases", "case", &rows("Ana", "2026-03-01T00:00:00Z")).await;
    import(&user, "cases", "case", &rows("Anna", "2026-03-02T00:00:00Z")).await;
    assert_eq!(sim.state().cases(OUTBREAK)[0]["firstName"], "Anna");
    let lab = |stamp: &str| json!([{"personId": "V1", "sampleIdentifier": "S", "notes": stamp, "updatedAt": stamp}]);
    import(&user, "cases/lab-results", "labResult", &lab("2026-03-01T00:00:00Z")).await;
    import(&user, "cases/lab-results", "labResult", &lab("2026-03-02T00:00:00Z")).await;
    let labs = sim.state().collection("labResult");
    assert_eq!((labs.len(), &labs[0]["notes"]), (1, &json!("2026-03-02T00:00:00Z")));
    let case = labs[0]["personId"].as_str().unwrap();
    user.post(&format!("{}/{case}/lab-results", cases()), json!({"sampleIdentifier": "S"})).await.ok();
    let log = import(&user, "cases/lab-results", "labResult", &lab("2026-03-03T00:00:00Z")).await;
    assert_eq!(failures(&user, &log).await[0]["error"]["code"], "DUPLICATE_ALTERNATE_UNIQUE_IDENTIFIER");
}

#[tokio::test]
async fn lab_results_and_relationships_name_their_people_by_visual_id() {
    let (sim, user) = tests().await;
    let ana = user.create_case(json!({"visualId": "CASE1"})).await["id"].clone();
    let ben = user.post(&format!("/outbreaks/{OUTBREAK}/contacts"), json!({"visualId": "CONTACT1"})).await.ok()["id"].clone();
    let rows = json!([{"personId": "CASE1", "sampleIdentifier": "S1"}, {"personId": "CONTACT1"}, {"personId": "NOBODY"}]);
    let log = import(&user, "cases/lab-results", "labResult", &rows).await;
    let failed = failures(&user, &log).await;
    let numbers: Vec<&Value> = failed.iter().map(|row| &row["recordNo"]).collect();
    assert_eq!(numbers, [&json!(2), &json!(3)]);
    assert!(failed.iter().all(|row| row["error"]["code"] == "PERSON_NOT_FOUND"));
    assert_eq!(sim.state().collection("labResult")[0]["personId"], ana);

    let file = upload(&user, "relationship", "r.csv", "from,to,last\nCASE1,CONTACT1,2026-03-01\n").await.ok();
    let map = json!({"from": "persons[0].id", "to": "persons[1].id", "last": "contactDate"});
    let log = run(&user, "relationships", json!({"fileId": file["id"], "map": map})).await;
    assert_eq!(log["status"], format!("{STATUS}SUCCESS"), "{log}");
    let stored = &sim.state().collection("relationship")[0];
    let end = |name: &str| stored["persons"].as_array().unwrap().iter().find(|person| person[name] == true).unwrap()["id"].clone();
    assert_eq!((end("source"), end("target")), (ana, ben));
}

#[tokio::test]
async fn what_is_no_file_of_rows_is_refused() {
    let (sim, user) = start(Options::for_tests().clock(Clock::at("2026-03-05T09:00:00Z"))).await;
    upload(&user, "case", "rows.json", "{}").await.refused(422, "INVALID_CONTENT_OF_TYPE");
    upload(&user, "case", "rows.json", "[").await.refused(422, "INVALID_CONTENT_OF_TYPE");
    upload(&user, "case", "rows.txt", "x").await.refused(422, "UNSUPPORTED_FILE_TYPE");
    upload(&user, "case", "rows.xlsx", "x").await.refused(501, "NOT_SIMULATED");
    upload(&user, "location", "rows.json", "[]").await.refused(501, "NOT_SIMULATED");
    user.post(&format!("/outbreaks/{OUTBREAK}/importable-files"), json!({})).await.refused(400, "MISSING_REQUIRED_PROPERTY");
    let start = format!("{}/import-importable-file-using-map", cases());
    user.post(&start, json!({"fileId": "none", "map": {}})).await.refused(404, "FILE_NOT_FOUND");
    user.post(&start, json!({"map": {}})).await.refused(400, "");
    let file = upload(&user, "case", "rows.json", "[{\"firstName\":\"Ana\"}]").await.ok();
    sim.clock().advance(std::time::Duration::from_hours(25));
    let user = login(&sim, Options::EMAIL, Options::PASSWORD).await;
    user.post(&start, json!({"fileId": file["id"], "map": {"firstName": "firstName"}})).await.refused(404, "FILE_NOT_FOUND");
}

#[tokio::test]
async fn an_import_that_comes_to_nothing_writes_nothing() {
    let (sim, user) = start(Options { pace: Pace { polls: 3, ..Pace::default() }, ..Options::for_tests() }).await;
    sim.break_imports(1);
    let log = import(&user, "cases", "case", &json!([{"firstName": "Ana"}])).await;
    assert_eq!(log["status"], format!("{STATUS}FAILED"));
    assert!(sim.state().cases(OUTBREAK).is_empty());
    import(&user, "cases", "case", &json!([{"firstName": "Ana"}])).await;
    assert_eq!(sim.state().cases(OUTBREAK).len(), 1);
    assert_eq!(user.get("/import-logs").await.ok().as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn an_exported_tree_carries_deleted_locations_and_restores_or_deletes_elsewhere() {
    let clock = || Clock::at("2026-03-05T09:00:00Z");
    let location = |id: &str, parent: Value| json!({"id": id, "name": id, "parentLocationId": parent});
    let locations = vec![location("COUNTRY", Value::Null), location("NORTH", json!("COUNTRY")), location("SOUTH", json!("COUNTRY"))];
    let options = || Options { locations: locations.clone(), ..Options::for_tests().clock(clock()) };
    let (here, user) = start(options()).await;
    here.clock().advance(std::time::Duration::from_mins(1));
    user.delete("/locations/SOUTH").await.ok();
    let tree = user.get("/locations/hierarchical/export").await.ok();
    assert_eq!(tree[0]["children"].as_array().unwrap().len(), 1);
    let flags = json!({"where": {"includeDeletedLocations": true, "replaceUpdatedAtAsCurrentDate": true}});
    let tree = user.filtered("/locations/hierarchical/export", flags).await.ok();
    assert_eq!(tree[0]["children"][1]["location"]["deleted"], true);
    assert_eq!(tree[0]["location"]["updatedAt"], "2026-03-05T09:01:00.000Z");

    let (there, user) = start(options()).await;
    let body = format!("--X\r\nContent-Disposition: form-data; name=\"file\"; filename=\"l.json\"\r\n\r\n{tree}\r\n--X--\r\n");
    let request = user.client.post(format!("{}/locations/import", user.base)).header("X-Access-Token", &user.token);
    let request = request.header("content-type", "multipart/form-data; boundary=X").body(body);
    Answer::of(request.send().await.unwrap()).await.ok();
    let south = there.state().collection("location").into_iter().find(|row| row["id"] == "SOUTH").unwrap();
    assert_eq!(south["deleted"], true, "what was deleted here is deleted there");
}

#[tokio::test]
async fn quirk_39_the_day_begins_where_the_server_stands() {
    let (sim, user) = start(Options { utc_offset_minutes: 180, ..Options::for_tests() }).await;
    let answers = json!({"seen": [{"value": "2026-03-01T00:00:00.000Z"}], "told": [{"value": "yesterday"}]});
    let row = json!([{"dateOfOnset": "2026-03-01T00:00:00Z", "dateOfReporting": "2026-03-01T21:30:00Z", "questionnaireAnswers": answers}]);
    import(&user, "cases", "case", &row).await;
    let case = &sim.state().cases(OUTBREAK)[0];
    assert_eq!((&case["dateOfOnset"], &case["dateOfReporting"]), (&json!("2026-02-28T21:00:00.000Z"), &json!("2026-03-01T21:00:00.000Z")));
    assert_eq!(case["questionnaireAnswers"]["seen"][0]["value"], "2026-02-28T21:00:00.000Z");
    assert_eq!(case["questionnaireAnswers"]["told"][0]["value"], "yesterday");
}

#[tokio::test]
async fn a_late_import_is_seen_when_its_log_has_ended_and_a_restart_ends_it() {
    let (sim, user) = start(Options { pace: Pace { polls: 2, late: true, ..Pace::default() }, ..Options::for_tests() }).await;
    let rows = json!([{"id": "C1", "firstName": "Ana"}, {"id": "C2"}]);
    let file = upload(&user, "case", "rows.json", &rows.to_string()).await.ok();
    let body = json!({"fileId": file["id"], "map": {"id": "id", "firstName": "firstName"}});
    let path = format!("{}/import-importable-file-using-map", cases());
    let log = user.post(&path, body.clone()).await.ok()["importLogId"].as_str().unwrap().to_owned();
    for _ in 0..2 {
        assert_eq!(user.get(&format!("/import-logs/{log}")).await.ok()["status"], format!("{STATUS}IN_PROGRESS"));
        assert!(sim.state().cases(OUTBREAK).is_empty());
    }
    assert_eq!(user.get(&format!("/import-logs/{log}")).await.ok()["status"], format!("{STATUS}SUCCESS"));
    assert_eq!(sim.state().cases(OUTBREAK).len(), 2);

    sim.delete("C1");
    let rows = json!([{"id": "C3"}]);
    let file = upload(&user, "case", "rows.json", &rows.to_string()).await.ok();
    let log = user.post(&path, json!({"fileId": file["id"], "map": {"id": "id"}})).await.ok()["importLogId"].as_str().unwrap().to_owned();
    sim.restart_jobs();
    let ended = user.get(&format!("/import-logs/{log}")).await.ok();
    assert_eq!(ended["status"], format!("{STATUS}FAILED"));
    assert!(ended["error"].as_str().unwrap().contains("restarted"));
    assert!(sim.state().person("C3").is_none(), "what was not done never is");
}

#[tokio::test]
async fn an_import_that_breaks_off_leaves_what_it_had_done() {
    let (sim, user) = tests().await;
    sim.break_import_after(2);
    let log = import(&user, "cases", "case", &json!([{"id": "C1"}, {"id": "C2"}, {"id": "C3"}])).await;
    assert_eq!((&log["status"], &log["totalNo"]), (&json!(format!("{STATUS}FAILED")), &json!(3)));
    assert_eq!(sim.state().cases(OUTBREAK).len(), 2);
    assert!(failures(&user, &log).await.is_empty(), "nothing is said of the rows that it did not come to");
}

#[tokio::test]
async fn the_row_of_a_contact_needs_its_exposure() {
    let (sim, user) = tests().await;
    let case = user.create_case(json!({"visualId": "CASE1"})).await["id"].clone();
    let rows = json!([
        {"id": "K1", "relationship": {"persons": [{"id": case}], "contactDate": "2026-03-01"}},
        {"id": "K2", "firstName": "Ana"}
    ]);
    let file = upload(&user, "contact", "rows.json", &rows.to_string()).await.ok();
    let map = json!({"id": "id", "firstName": "firstName", "relationship": "relationship"});
    let log = run(&user, "contacts", json!({"fileId": file["id"], "map": map})).await;
    assert_eq!(failures(&user, &log).await[0]["recordNo"], 2);
    assert_eq!(sim.state().person("K1").unwrap()["deleted"], false);
    assert_eq!(sim.state().person("K2").unwrap()["deleted"], true, "made, and deleted again");
    assert_eq!(sim.state().collection("relationship").len(), 1);
}
