//! Data values up to 2.42: what is stored of them, what is counted, the shapes of the answers, and imports in the background.

#[path = "support/dhis2.rs"]
mod dhis2;
#[path = "support/dhis2_district.rs"]
mod district;

use std::io::Write as _;
use std::time::Duration;

use dhis2::{User, releases};
use district::*;
use kivuko_sims::dhis2::{Change, Pace};
use serde_json::{Value, json};

async fn import(user: &User, query: &str, values: Vec<Value>) -> [u64; 4] {
    let answer = user.post(&format!("/dataValueSets?{query}"), body(values)).await;
    counts(&answer.body)
}

#[tokio::test]
async fn what_a_strategy_does_with_what_is_there_and_what_is_not() {
    let check = async |strategy: &str, there: [u64; 4], nothing: [u64; 4], deleted: [u64; 4]| {
        let (_sim, clerk) = district("2.42").await;
        let query = format!("importStrategy={strategy}");
        let changed = || vec![value(json!({"value": "5"}))];
        assert_eq!(import(&clerk, &query, changed()).await, nothing, "{strategy} on nothing");
        let (sim, clerk) = district("2.42").await;
        import(&clerk, "", vec![value(json!({}))]).await;
        let answer = clerk.post(&format!("/dataValueSets?{query}"), body(changed())).await;
        assert_eq!(counts(&answer.body), there, "{strategy} on a value");
        let rejected = if there[3] == 1 { json!([0]) } else { json!([]) };
        assert_eq!((answer.status, &answer.body["response"]["rejectedIndexes"]), (200, &rejected), "{strategy}");
        import(&clerk, "importStrategy=DELETE", vec![value(json!({}))]).await;
        assert_eq!((sim.cells().len(), sim.data_values().len()), (0, 1));
        assert_eq!(import(&clerk, &query, changed()).await, deleted, "{strategy} on a deleted one");
    };
    check("CREATE_AND_UPDATE", [0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]).await;
    check("NEW_AND_UPDATES", [0, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 0]).await;
    check("UPDATE", [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 0, 1]).await;
    check("CREATE", [0, 0, 0, 1], [1, 0, 0, 0], [1, 0, 0, 0]).await;
    check("DELETE", [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]).await;
    let (_sim, clerk) = district("2.42").await;
    clerk.post("/dataValueSets?importStrategy=REPLACE", body(vec![])).await.refused(400);
}

#[tokio::test]
async fn zeros_that_mean_nothing_vanish() {
    let (sim, clerk) = district("2.42").await;
    let cases = |value: &str| district::value(json!({"dataElement": CASES, "categoryOptionCombo": FEMALE, "value": value}));
    assert_eq!(import(&clerk, "", vec![cases("0")]).await, [0, 0, 0, 0]);
    assert!(sim.data_values().is_empty());
    import(&clerk, "", vec![cases("3")]).await;
    assert_eq!(import(&clerk, "", vec![cases("0")]).await, [0, 0, 1, 0]);
    assert!(sim.cells().is_empty());
    let row = sim.data_values().remove(0);
    assert_eq!((row.value.as_str(), row.deleted), ("0", true), "the row says what was given last");
    assert_eq!(import(&clerk, "", vec![value(json!({"value": "0"}))]).await, [1, 0, 0, 0], "where zero is significant it is kept");
}

#[tokio::test]
async fn an_unchanged_value_is_ignored_and_not_written() {
    for release in old_releases() {
        let (sim, clerk) = district(release).await;
        let sent = |comment: &str, followup: bool| value(json!({"comment": comment, "followup": followup}));
        assert_eq!(import(&clerk, "", vec![sent("a", false)]).await, [1, 0, 0, 0]);
        sim.clock().advance(Duration::from_mins(1));
        assert_eq!(import(&clerk, "", vec![sent("a", false)]).await, [0, 0, 0, 1], "{release}");
        assert_eq!((sim.data_writes().len(), sim.audits()), (1, 0), "{release}");
        assert_eq!(import(&clerk, "", vec![sent("b", false)]).await, [0, 1, 0, 0], "{release}");
        assert_eq!(import(&clerk, "", vec![sent("b", true)]).await, [0, 1, 0, 0], "{release}");
        let row = sim.data_values().remove(0);
        assert_eq!((row.last_updated - row.created, row.followup, sim.audits()), (60_000, true, 2), "{release}");
        // The audit can be left out by those who may.
        assert_eq!(import(&clerk, "skipAudit=true", vec![sent("c", true)]).await, [0, 1, 0, 0]);
        assert_eq!(sim.audits(), 3, "{release}");
        sim.edit_account("clerk", |account| account.authorities.push("F_SKIP_DATA_IMPORT_AUDIT".to_owned()));
        assert_eq!(import(&clerk, "skipAudit=true", vec![sent("d", true)]).await, [0, 1, 0, 0]);
        assert_eq!(sim.audits(), 3, "{release}");
    }
}

#[tokio::test]
async fn what_is_marked_as_deleted() {
    let (sim, clerk) = district("2.42").await;
    let gone = || value(json!({"deleted": true}));
    assert_eq!(import(&clerk, "", vec![gone()]).await, [1, 0, 0, 0], "with nothing there a deleted row is made, and counted as imported");
    assert_eq!((sim.cells().len(), sim.data_values().len()), (0, 1));
    import(&clerk, "", vec![value(json!({}))]).await;
    assert_eq!(import(&clerk, "", vec![value(json!({"deleted": true, "value": null}))]).await, [0, 0, 1, 0]);
    let changes: Vec<Change> = sim.data_writes().into_iter().map(|(change, _)| change).collect();
    assert_eq!(changes, [Change::Created, Change::Created, Change::Deleted]);
}

#[tokio::test]
async fn two_values_with_one_key_in_one_request() {
    let (sim, clerk) = district("2.42").await;
    let both = || vec![value(json!({"value": "1"})), value(json!({"value": "2"}))];
    assert_eq!(import(&clerk, "", both()).await, [1, 0, 0, 0], "of two new ones the later is lost, and not counted");
    assert_eq!(sim.cells()[0].1, "1");
    assert_eq!(import(&clerk, "", vec![value(json!({"value": "3"})), value(json!({"value": "4"}))]).await, [0, 2, 0, 0]);
    assert_eq!(sim.cells()[0].1, "4");
}

#[tokio::test]
async fn the_head_wins_over_the_value_and_numbers_are_taken_for_texts() {
    let (sim, clerk) = district("2.42").await;
    let mut sent = body(vec![value(json!({"period": "202601", "orgUnit": POST_2, "value": 7}))]);
    sent["period"] = json!("202605");
    sent["orgUnit"] = json!(POST_1);
    clerk.post("/dataValueSets", sent).await.ok();
    let yes = vec![
        value(json!({"dataElement": REFERRED, "value": true})),
        value(json!({"dataElement": REFERRED, "period": "202604", "value": "F"})),
    ];
    assert_eq!(import(&clerk, "", yes).await, [2, 0, 0, 0]);
    let cells = sim.cells();
    let value_of = |element: &str, period: &str| {
        cells.iter().find(|(key, _)| key.starts_with(&format!("{element}.{period}.{POST_1}"))).map(|(_, value)| value.as_str())
    };
    assert_eq!(
        [value_of(DEATHS, "202605"), value_of(REFERRED, "202605"), value_of(REFERRED, "202604")],
        [Some("7"), Some("true"), Some("false")]
    );
}

#[tokio::test]
async fn who_stored_it_is_taken_from_the_value_and_times_are_not() {
    let (sim, clerk) = district("2.42").await;
    let sent = value(json!({"storedBy": "john", "created": "2001-01-01", "lastUpdated": "2001-01-01", "followUp": true}));
    import(&clerk, "", vec![sent, value(json!({"period": "202604", "followup": true}))]).await;
    let rows = sim.data_values();
    assert_eq!((rows[0].stored_by.as_str(), rows[0].followup), ("clerk", true), "{rows:?}");
    assert_eq!((rows[1].stored_by.as_str(), rows[1].followup, rows[1].created), ("john", false, sim.clock().now()));
}

#[tokio::test]
async fn completion_comes_before_the_values() {
    let complete = |date: &str| {
        let mut sent = body(vec![value(json!({"value": "x"}))]);
        for (name, member) in [("dataSet", MONTHLY), ("period", "202605"), ("orgUnit", POST_1), ("completeDate", date)] {
            sent[name] = json!(member);
        }
        sent
    };
    let check = async |query: &str, date: &str, expected: Option<&str>| {
        let (sim, clerk) = district("2.42").await;
        let answer = clerk.post(&format!("/dataValueSets?{query}"), complete(date)).await;
        assert_eq!(answer.body["response"]["dataSetComplete"], expected.unwrap_or("false"), "{date}");
        assert_eq!(sim.registrations().len(), usize::from(expected.is_some()), "{date}");
        answer
    };
    // Though the only value failed, and in a dry run too.
    check("", "2026-06-01", Some("2026-06-01")).await;
    check("dryRun=true", "2026-06-01", Some("2026-06-01")).await;
    check("", "true", Some("2026-06-15")).await;
    check("", "false", None).await;
    check("", "2030-01-01", Some("2026-06-15")).await;
    let answer = check("", "2026-06-01T00:00:00.000", None).await;
    assert_eq!((answer.status, &answer.body["response"]["status"], counts(&answer.body)), (409, &json!("ERROR"), [0, 0, 0, 0]));
    assert!(answer.body["response"]["description"].as_str().expect("a text").starts_with("The import process failed"));
}

#[tokio::test]
async fn what_is_no_document_is_a_failed_import() {
    let (sim, clerk) = district("2.42").await;
    for (content_type, document) in
        [("application/json", "{"), ("application/xml", "<dataValueSet>"), ("application/adx+xml", "<adx><group/></adx>")]
    {
        let answer = clerk.send_as("POST", "/dataValueSets", content_type, document).await;
        let summary = &answer.body["response"];
        assert_eq!((answer.status, &summary["status"], counts(&answer.body)), (409, &json!("ERROR"), [0, 0, 0, 0]), "{document}");
        assert_eq!(summary["conflicts"], json!([]), "{document}");
    }
    let answer = clerk.post("/dataValueSets?skipExistingCheck=true", body(vec![value(json!({})), value(json!({}))])).await;
    assert_eq!((answer.status, &answer.body["response"]["status"]), (409, &json!("ERROR")));
    assert!(sim.data_values().is_empty());
}

#[tokio::test]
async fn only_the_exact_media_types_are_taken_and_bodies_may_be_packed() {
    let document = body(vec![value(json!({}))]).to_string();
    for release in releases() {
        let (sim, clerk) = district(release).await;
        for wrong in ["text/csv", "application/xml+adx", "text/plain", "application/x-www-form-urlencoded", ""] {
            clerk.send_as("POST", "/dataValueSets", wrong, document.clone()).await.refused(415);
        }
        clerk.send_as("POST", "/dataValueSets", "application/pdf", "").await.refused(501);
        assert!(sim.data_values().is_empty());
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(document.as_bytes()).expect("a Vec takes all");
        let packed = gzip.finish().expect("a Vec takes all");
        clerk.send_as("POST", "/dataValueSets", "application/json;charset=UTF-8", packed).await.ok();
        let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("values.json", zip::write::SimpleFileOptions::default()).expect("a Vec takes all");
        zip.write_all(document.replace("\"4\"", "\"5\"").as_bytes()).expect("a Vec takes all");
        let packed = zip.finish().expect("a Vec takes all").into_inner();
        clerk.send_as("POST", "/dataValueSets", "application/json", packed).await.ok();
        assert_eq!(sim.cells()[0].1, "5", "{release}");
        assert_eq!(sim.log().writes().iter().map(|entry| entry.records).sum::<usize>(), 2, "{release}");
    }
}

#[tokio::test]
async fn the_shape_of_an_answer_is_told_by_release_and_path() {
    let bad = || body(vec![value(json!({})), value(json!({"period": "202604", "value": "x"}))]);
    for (release, path, status, wrapped) in [
        ("2.38", "/dataValueSets", 409, true),
        ("2.38", "/38/dataValueSets", 409, true),
        ("2.38", "/37/dataValueSets", 200, false),
        ("2.40", "/33/dataValueSets", 200, false),
        ("2.41", "/37/dataValueSets", 200, false),
        ("2.41", "/41/dataValueSets", 409, true),
        ("2.42", "/37/dataValueSets", 409, true),
        ("2.43", "/37/dataValueSets", 409, true),
    ] {
        let (sim, clerk) = district(release).await;
        let answer = clerk.post(path, bad()).await;
        assert_eq!(answer.status, status, "{release} {path}");
        let summary = if wrapped { &answer.body["response"] } else { &answer.body };
        assert_eq!(summary["status"], "WARNING", "{release} {path} {answer:?}");
        assert_eq!(summary["responseType"], "ImportSummary", "{release} {path}");
        assert_eq!(summary["rejectedIndexes"], json!([1]), "{release} {path}");
        assert_eq!(answer.body.get("httpStatusCode").is_some(), wrapped, "{release} {path}");
        assert_eq!(sim.cells().len(), 1, "the good value is stored, whatever the status");
    }
    let (_sim, clerk) = district("2.42").await;
    let request = clerk.request("POST", "/dataValueSets").header("accept", "application/xml").header("content-type", "application/json");
    let answer = clerk.answer(request.body(bad().to_string())).await;
    let text = answer.body.as_str().expect("XML");
    assert!(
        text.contains("<webMessage") && text.contains("responseType=\"ImportSummary\"") && text.contains("errorCode=\"E7619\""),
        "{text}"
    );
}

#[tokio::test]
async fn an_import_in_the_background_is_seen_late() {
    for release in releases() {
        let (sim, clerk) = district(release).await;
        sim.set_pace(Pace::Looks { empty: 1, running: 1 });
        let answer = clerk.post("/dataValueSets?async=true", body(vec![value(json!({}))])).await;
        let message = if release == "2.38" { "Initiated dataValueImport" } else { "Initiated DATAVALUE_IMPORT" };
        assert!(answer.header("location").expect("where").ends_with("/api/system/tasks/DATAVALUE_IMPORT"));
        let started = answer.ok();
        assert_eq!((started["message"].as_str(), started["response"]["jobType"].as_str()), (Some(message), Some("DATAVALUE_IMPORT")));
        let id = started["response"]["id"].as_str().expect("an id");
        let (tasks, summary) = (format!("/system/tasks/DATAVALUE_IMPORT/{id}"), format!("/system/taskSummaries/DATAVALUE_IMPORT/{id}"));
        assert_eq!(started["response"]["relativeNotifierEndpoint"], format!("/api{tasks}"));
        assert_eq!(clerk.get(&tasks).await.ok(), json!([]));
        let nothing = clerk.get(&summary).await;
        assert_eq!((nothing.status, nothing.body), (200, json!("")));
        assert_eq!(clerk.get(&tasks).await.ok()[0]["completed"], false);
        let done = clerk.get(&tasks).await.ok();
        assert_eq!((&done[0]["completed"], &done[1]["completed"]), (&json!(true), &json!(false)), "the newest line comes first");
        let came_of_it = clerk.get(&summary).await.ok();
        assert_eq!((came_of_it["status"].as_str(), came_of_it.get("httpStatus")), (Some("SUCCESS"), None));
        sim.evict_jobs();
        assert_eq!((clerk.get(&tasks).await.ok(), clerk.get(&summary).await.body), (json!([]), json!("")));
        assert_eq!(sim.cells().len(), 1);
    }
}

#[tokio::test]
async fn a_held_import_runs_when_it_may_and_a_restart_loses_it() {
    let (sim, clerk) = district("2.42").await;
    sim.set_pace(Pace::Held);
    let start = async || {
        let started = clerk.post("/dataValueSets?async=true", body(vec![value(json!({}))])).await.ok();
        format!("/system/tasks/DATAVALUE_IMPORT/{}", started["response"]["id"].as_str().expect("an id"))
    };
    let lost = start().await;
    sim.restart();
    assert_eq!((sim.release_jobs(), clerk.get(&lost).await.ok()), (0, json!([])));
    let held = start().await;
    assert_eq!((clerk.get(&held).await.ok()[0]["completed"].clone(), sim.cells().len()), (json!(false), 0));
    assert_eq!((sim.release_jobs(), sim.cells().len()), (1, 1));
    assert_eq!(clerk.get(&held).await.ok()[0]["completed"], true);
}

#[tokio::test]
async fn garbage_in_the_background_is_accepted_and_fails_later() {
    for release in releases() {
        let (_sim, clerk) = district(release).await;
        let started = clerk.send_as("POST", "/dataValueSets?async=true", "application/json", "{").await.ok();
        let id = started["response"]["id"].as_str().expect("an id").to_owned();
        let done = clerk.get(&format!("/system/tasks/DATAVALUE_IMPORT/{id}")).await.ok();
        assert_eq!((&done[0]["completed"], &done[0]["level"]), (&json!(true), &json!("ERROR")), "{release}");
        let summary = clerk.get(&format!("/system/taskSummaries/DATAVALUE_IMPORT/{id}")).await.ok();
        assert_eq!(summary["status"], "ERROR", "{release}");
    }
}
