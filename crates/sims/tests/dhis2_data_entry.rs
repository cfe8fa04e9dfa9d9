//! The import of 2.43: what stops a request, what refuses a group, what refuses a value, and what it writes.

#[path = "support/dhis2.rs"]
mod dhis2;
#[path = "support/dhis2_district.rs"]
mod district;

use std::time::Duration;

use dhis2::{Answer, User};
use district::*;
use kivuko_sims::dhis2::{Change, NumbersOptions, Options};
use serde_json::{Value, json};

const NEW: &str = "2.43";

/// A set of values with the monthly data set at its head.
fn monthly(values: Vec<Value>) -> Value {
    json!({"dataSet": MONTHLY, "dataValues": values})
}

fn with_members(mut body: Value, members: Value) -> Value {
    for (name, member) in members.as_object().expect("members") {
        body[name] = member.clone();
    }
    body
}

#[track_caller]
fn refused_as(answer: &Answer, code: &str, indexes: &[i64], what: &str) {
    assert_eq!((answer.status, &answer.body["response"]["status"]), (409, &json!("ERROR")), "{what} {answer:?}");
    assert_eq!(conflicts(&answer.body), [(code.to_owned(), None, indexes.to_vec())], "{what}");
}

#[tokio::test]
async fn what_cannot_be_decoded_stops_the_request() {
    let good = || value(json!({}));
    let check = async |code: &str, query: &str, body: Value| {
        let (sim, clerk) = district(NEW).await;
        let answer = clerk.post(&format!("/dataValueSets?{query}"), body).await;
        refused_as(&answer, code, &[-1], &format!("{code} {query}"));
        assert!(sim.data_values().is_empty(), "{code}");
    };
    let one = |members: Value| monthly(vec![good(), value(members)]);
    check("E8004", "", with_members(one(json!({})), json!({"dataSet": "short"}))).await;
    check("E8005", "", with_members(one(json!({})), json!({"dataSet": "UnknownUid1"}))).await;
    check("E8009", "", json!({"completeDate": "2026-06-01", "dataValues": [good()]})).await;
    check("E8100", "", one(json!({"period": null}))).await;
    check("E8102", "", one(json!({"dataElement": null}))).await;
    check("E8103", "dataElementIdScheme=CODE", one(json!({"dataElement": "NO_SUCH"}))).await;
    check("E8104", "", one(json!({"dataElement": "short"}))).await;
    check("E8105", "", one(json!({"orgUnit": null}))).await;
    check("E8106", "", one(json!({"orgUnit": "short"}))).await;
    check("E8107", "orgUnitIdScheme=NAME", one(json!({"orgUnit": "No such post"}))).await;
    check("E8108", "categoryOptionComboIdScheme=CODE", one(json!({"categoryOptionCombo": "NO_SUCH"}))).await;
    check("E8109", "", one(json!({"categoryOptionCombo": "short"}))).await;
    check("E8110", "attributeOptionComboIdScheme=CODE", one(json!({"attributeOptionCombo": "NO_SUCH"}))).await;
    check("E8111", "", one(json!({"attributeOptionCombo": "short"}))).await;
    check("E8101", "", body(vec![value(json!({"dataElement": CASES, "categoryOptionCombo": {"CategorySex": "SexFemale01"}}))])).await;
    check("E8127", "", monthly(vec![value(json!({"dataElement": CASES, "categoryOptionCombo": {"CategorySex": "FundGlobal1"}}))])).await;
    let scope = |scope: Value| with_members(monthly(vec![good()]), json!({ "deletion": scope }));
    check("E8034", "", scope(json!({"orgUnits": ["UnknownUid1"], "periods": [], "elements": []}))).await;
    check("E8035", "", scope(json!({"orgUnits": ["short"], "periods": [], "elements": []}))).await;
}

#[tokio::test]
async fn options_of_a_combo_that_is_not_there_stop_the_request() {
    let mut dangling = metadata();
    find(&mut dangling, "dataElements", CASES)["categoryCombo"] = json!({"id": "UnknownUid1"});
    let (_sim, clerk) = with(NEW, dangling).await;
    let sent = value(json!({"dataElement": CASES, "categoryOptionCombo": {"CategorySex": "SexFemale01"}}));
    refused_as(&clerk.post("/dataValueSets", monthly(vec![sent])).await, "E8126", &[-1], "");
}

#[tokio::test]
async fn what_is_no_document_is_a_bad_request() {
    let (sim, clerk) = district(NEW).await;
    let check = async |content_type: &str, query: &str, body: &str, code: Option<&str>| {
        let answer = clerk.send_as("POST", &format!("/dataValueSets?{query}"), content_type, body.to_owned()).await;
        assert_eq!(answer.clone().refused(400)["errorCode"].as_str(), code, "{content_type} {body} {answer:?}");
    };
    check("application/json", "", "{", None).await;
    check("application/json", "", "[]", None).await;
    check(
        "application/json",
        "",
        r#"{"dataValues":[{"dataElement":"DeathsTotal","period":"202605","orgUnit":"HealthPost1","value":4}]}"#,
        None,
    )
    .await;
    check("application/json", "", r#"{"completeDate":"soon","dataValues":[]}"#, Some("E8008")).await;
    check(
        "application/json",
        "",
        r#"{"dataValues":[{"dataElement":"DeathsTotal","period":"2024W53","orgUnit":"HealthPost1","value":"4"}]}"#,
        None,
    )
    .await;
    check("application/xml", "", "<dataValueSet>", Some("E8007")).await;
    check("application/xml", "", "<other/>", Some("E8007")).await;
    check("application/csv", "firstRowIsHeader=false", "DeathsTotal,202605,HealthPost1,,,4", None).await;
    check("application/csv", "", "dataelement,period,orgunit\nDeathsTotal,202605,HealthPost1", None).await;
    assert!(sim.data_values().is_empty());
}

#[tokio::test]
async fn one_fault_of_a_group_refuses_all_its_values() {
    let check = async |code: &str, change: fn(&mut Value), head: Value, members: Value| {
        let mut metadata = metadata();
        change(&mut metadata);
        let (sim, clerk) = with(NEW, metadata).await;
        if code == "E8033" {
            sim.approve(WORKFLOW, "202605", POST_1, DEFAULT);
        }
        let sent =
            with_members(monthly(vec![value(json!({"dataElement": REMARK, "value": "good", "period": "202604"})), value(members)]), head);
        let answer = clerk.post("/dataValueSets", sent).await;
        refused_as(&answer, code, &[0, 1], code);
        assert_eq!(counts(&answer.body), [0, 0, 0, 2], "{code}");
        let conflict = &answer.body["response"]["conflicts"][0];
        assert_eq!(conflict["object"], conflict["objects"]["args"], "{code}");
        assert!(sim.data_values().is_empty(), "{code}");
    };
    let nothing: fn(&mut Value) = |_| {};
    let none = || json!({});
    check("E8010", |metadata| set(metadata, MONTHLY)["sharing"] = json!({"public": "rwr-----"}), none(), none()).await;
    check("E8011", nothing, none(), json!({"orgUnit": ELSEWHERE})).await;
    check(
        "E8012",
        |metadata| find(metadata, "categoryOptions", "SexFemale01")["sharing"] = json!({"public": "rwr-----"}),
        none(),
        json!({"dataElement": CASES, "categoryOptionCombo": FEMALE}),
    )
    .await;
    check("E8020", nothing, none(), json!({"dataElement": LONELY})).await;
    check("E8020", nothing, none(), json!({"dataElement": "UnknownUid1"})).await;
    check("E8021", nothing, none(), json!({"period": "2026W20"})).await;
    check("E8022", nothing, none(), json!({"orgUnit": POST_2})).await;
    check("E8022", nothing, none(), json!({"orgUnit": "UnknownUid1"})).await;
    check("E8023", nothing, none(), json!({"attributeOptionCombo": GLOBAL_FUND})).await;
    check("E8024", nothing, none(), json!({"categoryOptionCombo": FEMALE})).await;
    check("E8024", nothing, none(), json!({"dataElement": CASES})).await;
    check("E8030", nothing, none(), json!({"period": "202606"})).await;
    check("E8030", |metadata| set(metadata, MONTHLY)["expiryDays"] = json!(13.5), none(), none()).await;
    check("E8030", |metadata| set(metadata, MONTHLY)["dataInputPeriods"] = json!([{"period": {"id": "202604"}}]), none(), none()).await;
    check("E8031", |metadata| find(metadata, "organisationUnits", POST_1)["openingDate"] = json!("2026-05-10"), none(), none()).await;
    check("E8031", |metadata| find(metadata, "organisationUnits", POST_1)["closedDate"] = json!("2026-04-30"), none(), none()).await;
    check("E8033", |metadata| set(metadata, MONTHLY)["workflow"] = json!({"id": WORKFLOW}), none(), none()).await;
    check("E8128", nothing, none(), json!({"dataElement": REMARK, "value": "other", "period": "202604"})).await;
}

#[tokio::test]
async fn what_an_attribute_option_allows_is_checked_for_the_group() {
    let check = async |code: &str, change: fn(&mut Value)| {
        let mut metadata = metadata();
        change(find(&mut metadata, "categoryOptions", "FundGlobal1"));
        let (_sim, clerk) = with(NEW, metadata).await;
        let stock = |unit: &str| value(json!({"dataElement": STOCK, "orgUnit": unit, "attributeOptionCombo": GLOBAL_FUND}));
        let answer = clerk.post("/dataValueSets", json!({"dataSet": FUNDED, "dataValues": [stock(POST_1), stock(POST_2)]})).await;
        refused_as(&answer, code, &[0, 1], code);
    };
    check("E8025", |option| option["organisationUnits"] = json!([{"id": POST_1}])).await;
    check("E8032", |option| option["endDate"] = json!("2026-04-30")).await;
}

#[tokio::test]
async fn the_conflict_of_a_group_can_be_without_positions() {
    let mut options = Options::for_tests(NEW).with_metadata(metadata());
    options.numbers = NumbersOptions { group_conflicts_without_indexes: true, ..NumbersOptions::default() };
    options.users[0].organisation_units = vec!["CountryRoot".to_owned()];
    let (_sim, user) = dhis2::start(options).await;
    let answer = user.post("/dataValueSets", monthly(vec![value(json!({"orgUnit": POST_2}))])).await;
    refused_as(&answer, "E8022", &[-1], "");
}

#[tokio::test]
async fn a_bad_value_is_refused_by_itself() {
    let check = async |code: &str, members: Value| {
        let mut metadata = metadata();
        set(&mut metadata, MONTHLY)["noValueRequiresComment"] = json!(code == "E8121");
        let (sim, clerk) = with(NEW, metadata).await;
        let answer = clerk.post("/dataValueSets", monthly(vec![value(members), value(json!({"period": "202604"}))])).await;
        assert_eq!((answer.status, &answer.body["response"]["status"]), (409, &json!("WARNING")), "{code} {answer:?}");
        assert_eq!(conflicts(&answer.body), [(code.to_owned(), None, vec![0])], "{code}");
        assert_eq!((counts(&answer.body), sim.cells().len()), ([0, 1, 0, 1], 1), "{code}");
    };
    check("E8120", json!({"value": null})).await;
    check("E8120", json!({"value": null, "comment": "nobody died"})).await;
    check("E8121", json!({"value": null})).await;
    check("E8122", json!({"value": "four"})).await;
    check("E8123", json!({"dataElement": GRADE, "value": "3"})).await;
    check("E8124", json!({"dataElement": GRADE, "value": "1", "comment": "fine"})).await;
    check("E8125", json!({"comment": "x".repeat(5_001)})).await;
}

#[tokio::test]
async fn groups_without_a_data_set_need_one_that_all_elements_are_in() {
    let mut shared = metadata();
    set(&mut shared, FUNDED)["dataSetElements"] = json!([{"dataElement": {"id": STOCK}}, {"dataElement": {"id": DEATHS}}]);
    let (sim, clerk) = with(NEW, shared).await;
    let answer = clerk.post("/dataValueSets", body(vec![value(json!({}))])).await;
    refused_as(&answer, "E8002", &[0], "in two data sets");
    let answer = clerk.post("/dataValueSets", body(vec![value(json!({"dataElement": LONELY}))])).await;
    refused_as(&answer, "E8003", &[0], "in none");
    let cases = || value(json!({"dataElement": CASES, "categoryOptionCombo": MALE}));
    let stock = || value(json!({"dataElement": STOCK, "attributeOptionCombo": STATE_FUND}));
    let answer = clerk.post("/dataValueSets", body(vec![cases(), stock()])).await;
    refused_as(&answer, "E8003", &[0, 1], "in different ones");
    sim.set_setting("dataEntryAutoGroup", json!(true));
    let answer = clerk.post("/dataValueSets", body(vec![cases(), stock()])).await.ok();
    assert_eq!(counts(&answer), [0, 2, 0, 0]);
}

#[tokio::test]
async fn one_bad_group_does_not_keep_the_others_out_and_makes_an_error() {
    let document = format!(
        "<adx xmlns='urn:ihe:qrph:adx:2015'>\
        <group dataSet='{MONTHLY}' orgUnit='{POST_1}' period='2026-05-01/P1M'><dataValue dataElement='{DEATHS}' value='4'/></group>\
        <group dataSet='{MONTHLY}' orgUnit='{POST_2}' period='2026-05-01/P1M'><dataValue dataElement='{DEATHS}' value='4'/></group></adx>"
    );
    let (sim, clerk) = district(NEW).await;
    let answer = clerk.send_as("POST", "/dataValueSets", "application/adx+xml", document).await;
    refused_as(&answer, "E8022", &[1], "");
    assert_eq!((counts(&answer.body), sim.cells().len()), ([0, 1, 0, 1], 1));
}

#[tokio::test]
async fn an_atomic_import_takes_all_of_a_group_or_nothing() {
    let (sim, clerk) = district(NEW).await;
    let answer =
        clerk.post("/dataValueSets?atomic=true", monthly(vec![value(json!({"value": "x"})), value(json!({"period": "202604"}))])).await;
    refused_as(&answer, "E8000", &[0, 1], "");
    assert!(sim.data_values().is_empty());
}

async fn import(clerk: &User, query: &str, values: Vec<Value>) -> [u64; 4] {
    counts(&clerk.post(&format!("/dataValueSets?{query}"), monthly(values)).await.ok())
}

#[tokio::test]
async fn everything_accepted_is_written_and_counted_as_updated() {
    let (sim, clerk) = district(NEW).await;
    let zero = || value(json!({"dataElement": CASES, "categoryOptionCombo": FEMALE, "value": "0", "storedBy": "john", "followUp": true}));
    assert_eq!(import(&clerk, "importStrategy=UPDATE", vec![zero()]).await, [0, 1, 0, 0]);
    let row = sim.data_values().remove(0);
    assert_eq!((row.value.as_str(), row.stored_by.as_str(), row.followup), ("0", "clerk", true));
    sim.clock().advance(Duration::from_mins(1));
    assert_eq!(import(&clerk, "importStrategy=CREATE", vec![zero()]).await, [0, 1, 0, 0]);
    let again = sim.data_values().remove(0);
    assert_eq!((again.created, again.last_updated), (row.created, row.last_updated + 60_000));
    assert_eq!(import(&clerk, "", vec![value(json!({"value": "5", "deleted": true}))]).await, [0, 1, 0, 0]);
    assert_eq!(import(&clerk, "importStrategy=DELETE", vec![zero()]).await, [0, 0, 1, 0]);
    assert_eq!(sim.cells(), []);
    assert_eq!(import(&clerk, "dryRun=true", vec![zero()]).await, [0, 1, 0, 0]);
    assert_eq!(sim.cells(), []);
    let changes: Vec<Change> = sim.data_writes().into_iter().map(|(change, _)| change).collect();
    assert_eq!(changes, [Change::Created, Change::Updated, Change::Deleted, Change::Deleted]);
}

#[tokio::test]
async fn a_value_wins_over_its_group_and_options_name_a_combo() {
    let (sim, clerk) = district(NEW).await;
    let sent = json!({
        "dataSet": MONTHLY, "period": "202604", "orgUnit": POST_1,
        "dataValues": [
            {"dataElement": CASES, "categoryOptionCombo": {"CategorySex": "SexMaleUid1"}, "value": "1"},
            {"dataElement": DEATHS, "period": "202605", "value": "2"},
        ],
    });
    clerk.post("/dataValueSets", sent).await.ok();
    let expected = [
        (format!("{CASES}.202604.{POST_1}.{MALE}.{DEFAULT}"), "1".to_owned()),
        (format!("{DEATHS}.202605.{POST_1}.{DEFAULT}.{DEFAULT}"), "2".to_owned()),
    ];
    assert_eq!(sim.cells(), expected);
    let csv = "DataElement,Period,OrgUnit,Value,CategorySex,timestamp\nCasesBySex1,202605,HealthPost1,3,SexFemale01,2020-01-01\n";
    clerk.send_as("POST", &format!("/dataValueSets?dataSet={MONTHLY}"), "application/csv", csv).await.ok();
    assert!(sim.cells().contains(&(format!("{CASES}.202605.{POST_1}.{FEMALE}.{DEFAULT}"), "3".to_owned())));
}

#[tokio::test]
async fn a_set_is_complete_only_when_all_its_values_were_written() {
    let (sim, clerk) = district(NEW).await;
    let head = json!({"period": "202605", "orgUnit": POST_1, "completeDate": "2026-06-02"});
    let bad = with_members(monthly(vec![value(json!({"value": "x"})), value(json!({"dataElement": REMARK}))]), head.clone());
    assert_eq!(clerk.post("/dataValueSets", bad).await.body["response"]["dataSetComplete"], "false");
    assert!(sim.registrations().is_empty());
    let good = with_members(monthly(vec![value(json!({}))]), head);
    assert_eq!(clerk.post("/dataValueSets", good).await.ok()["response"]["dataSetComplete"], "2026-06-02");
    assert_eq!(sim.registrations().len(), 1);
}

#[tokio::test]
async fn a_scope_is_deleted_before_the_values_are_written() {
    let (sim, clerk) = district(NEW).await;
    import(&clerk, "", ["202603", "202604", "202605"].map(|period| value(json!({"period": period}))).to_vec()).await;
    let scope = json!({"deletion": {"orgUnits": [POST_1], "periods": ["202604", "202605"], "elements": [{"dataElement": DEATHS}]}});
    let answer = clerk.post("/dataValueSets", with_members(monthly(vec![value(json!({"value": "9"}))]), scope)).await.ok();
    assert_eq!(counts(&answer), [0, 1, 2, 0]);
    let values: Vec<String> = sim.cells().into_iter().map(|(_, value)| value).collect();
    assert_eq!(values, ["4", "9"]);
}

#[tokio::test]
async fn two_conditions_can_be_as_the_source_reads() {
    for inverted in [false, true] {
        let mut windows = metadata();
        set(&mut windows, MONTHLY)["dataInputPeriods"] = json!([{"period": {"id": "202605"}}]);
        let mut options = Options::for_tests(NEW).with_metadata(windows);
        options.numbers = NumbersOptions { conditions_inverted: inverted, ..NumbersOptions::default() };
        options.users[0].organisation_units = vec!["CountryRoot".to_owned()];
        let (_sim, user) = dhis2::start(options).await;
        let status = async |period: &str| user.post("/dataValueSets", monthly(vec![value(json!({"period": period}))])).await.status;
        assert_eq!([status("202605").await, status("202604").await], if inverted { [409, 200] } else { [200, 409] });
    }
}

#[tokio::test]
async fn single_values_go_the_same_way() {
    let (sim, clerk) = district(NEW).await;
    let path = format!("/dataValues?de={DEATHS}&pe=202605&ou={POST_1}");
    assert_eq!(clerk.post(&format!("{path}&value=4"), json!({})).await.status, 201);
    assert_eq!(clerk.get(&path).await.ok(), json!(["4"]));
    let refused = clerk.post(&format!("{path}&value=x"), json!({})).await.refused(409);
    assert_eq!(refused["errorCode"], "E8122");
    assert_eq!(sim.cells().len(), 1);
}
