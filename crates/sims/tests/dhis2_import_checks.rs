//! The checks of an import up to 2.42: each refuses what it is there for, with its code, and the earlier one speaks first.

#[path = "support/dhis2.rs"]
mod dhis2;
#[path = "support/dhis2_district.rs"]
mod district;

use district::*;
use serde_json::{Value, json};

/// One row of the table of checks.
struct Check {
    code: &'static str,
    property: Option<&'static str>,
    query: &'static str,
    /// Members of the value.
    value: Value,
    /// Members of the head.
    head: Value,
    metadata: fn(&mut Value),
}

fn check(code: &'static str, property: &'static str, value: Value) -> Check {
    let property = (!property.is_empty()).then_some(property);
    Check { code, property, query: "", value, head: json!({}), metadata: |_| {} }
}

impl Check {
    fn query(self, query: &'static str) -> Self {
        Self { query, ..self }
    }

    fn head(self, head: Value) -> Self {
        Self { head, ..self }
    }

    fn metadata(self, metadata: fn(&mut Value)) -> Self {
        Self { metadata, ..self }
    }
}

fn readable_only(metadata: &mut Value, option: &str) {
    find(metadata, "categoryOptions", option)["sharing"] = json!({"public": "rwr-----"});
}

fn checks() -> Vec<Check> {
    vec![
        check("E7610", "dataElement", json!({"dataElement": "UnknownUid1"})),
        check("E7610", "dataElement", json!({"dataElement": null})),
        check("E7611", "period", json!({"period": "2024W53"})),
        check("E7611", "period", json!({"period": "2023BiW27"})),
        check("E7611", "period", json!({"period": null})),
        check("E7612", "orgUnit", json!({"orgUnit": "UnknownUid1"})),
        check("E7613", "categoryOptionCombo", json!({"categoryOptionCombo": "UnknownUid1"})),
        check("E7614", "categoryOptionCombo", json!({"dataElement": CASES, "categoryOptionCombo": FEMALE}))
            .metadata(|metadata| readable_only(metadata, "SexFemale01")),
        check("E7615", "attributeOptionCombo", json!({"attributeOptionCombo": "UnknownUid1"})),
        check("E7616", "attributeOptionCombo", json!({"attributeOptionCombo": GLOBAL_FUND}))
            .metadata(|metadata| readable_only(metadata, "FundGlobal1")),
        check("E7617", "orgUnit", json!({"orgUnit": ELSEWHERE})),
        check("E7618", "value", json!({"value": null})),
        check("E7618", "value", json!({"value": ""})),
        check("E7619", "value", json!({"value": "four"})),
        check("E7619", "value", json!({"value": "-4"})),
        check("E7620", "comment", json!({"comment": "x".repeat(50_001)})),
        check("E7621", "value", json!({"dataElement": GRADE, "value": "3"})),
        check("E7630", "categoryOptionCombo", json!({})).query("requireCategoryOptionCombo=true"),
        check("E7631", "attributeOptionCombo", json!({"categoryOptionCombo": DEFAULT})).query("requireAttributeOptionCombo=true"),
        check("E7632", "", json!({"period": "2026W20"})).query("strictPeriods=true"),
        check("E7633", "dataElement", json!({"dataElement": LONELY})).query("strictDataElements=true").head(json!({"dataSet": MONTHLY})),
        check("E7634", "categoryOptionCombo", json!({"categoryOptionCombo": FEMALE})).query("strictCategoryOptionCombos=true"),
        check("E7635", "attributeOptionCombo", json!({"attributeOptionCombo": STATE_FUND})).query("strictAttributeOptionCombos=true"),
        check("E7636", "orgUnit", json!({"orgUnit": POST_2})).query("strictOrganisationUnits=true"),
        check("E7637", "storedBy", json!({"storedBy": "x".repeat(256)})),
        check("E7638", "period", json!({"attributeOptionCombo": GLOBAL_FUND}))
            .metadata(|metadata| find(metadata, "categoryOptions", "FundGlobal1")["endDate"] = json!("2026-04-30")),
        check("E7638", "period", json!({"attributeOptionCombo": GLOBAL_FUND}))
            .metadata(|metadata| find(metadata, "categoryOptions", "FundGlobal1")["startDate"] = json!("2026-06-01")),
        check("E7639", "orgUnit", json!({"attributeOptionCombo": GLOBAL_FUND}))
            .metadata(|metadata| find(metadata, "categoryOptions", "FundGlobal1")["organisationUnits"] = json!([{"id": POST_2}])),
        check("E7640", "period", json!({})).metadata(|metadata| set(metadata, MONTHLY)["expiryDays"] = json!(13)),
        check("E7641", "period", json!({"period": "202606"})),
        check("E7642", "", json!({})).metadata(|metadata| set(metadata, MONTHLY)["workflow"] = json!({"id": WORKFLOW})),
        check("E7643", "period", json!({})).head(json!({"dataSet": MONTHLY})).metadata(closed_window),
        check("E7644", "period", json!({})).metadata(closed_window),
        check("E7645", "dataElement", json!({"dataElement": PHOTO, "value": null})).query("importStrategy=DELETE"),
    ]
}

/// May was open for input until yesterday.
fn closed_window(metadata: &mut Value) {
    set(metadata, MONTHLY)["dataInputPeriods"] =
        json!([{"period": {"id": "202605"}, "openingDate": "2026-06-01", "closingDate": "2026-06-14"}, {"period": {"id": "202604"}}]);
}

#[tokio::test]
async fn every_check_refuses_its_value_and_stores_the_others() {
    for release in old_releases() {
        for check in checks() {
            let what = format!("{release} {} {}", check.code, check.value);
            let mut metadata = metadata();
            (check.metadata)(&mut metadata);
            let (sim, clerk) = with(release, metadata).await;
            if check.code == "E7642" {
                sim.approve(WORKFLOW, "202605", "DistrictUid", DEFAULT);
            }
            let mut body = body(vec![value(check.value.clone()), value(json!({"dataElement": LONELY})), value(check.value)]);
            for (name, member) in check.head.as_object().expect("members") {
                body[name] = member.clone();
            }
            let answer = clerk.post(&format!("/dataValueSets?{}", check.query), body).await;
            assert_eq!(answer.status, 409, "{what} {answer:?}");
            assert_eq!(answer.body["status"], "WARNING", "{what}");
            assert_eq!(answer.body["response"]["status"], "WARNING", "{what}");
            let first = conflicts(&answer.body).into_iter().next().expect("a conflict");
            // Two values with one cause are one conflict, and the good one between them was taken or had a fault of its own.
            let all_bad = matches!(check.code, "E7630" | "E7631" | "E7632" | "E7633" | "E7636") || check.query.contains("DELETE");
            assert_eq!(first.0, check.code, "{what} {answer:?}");
            if all_bad && first.2.contains(&1) {
                continue;
            }
            assert_eq!(first.1.as_deref(), check.property, "{what} {answer:?}");
            assert!(first.2.starts_with(&[0, 2]) || first.2 == [0, 1, 2], "{what} {first:?}");
            let rejected: Vec<i64> = serde_json::from_value(answer.body["response"]["rejectedIndexes"].clone()).expect("numbers");
            assert!(rejected.contains(&0) && rejected.contains(&2), "{what} {rejected:?}");
            assert!(sim.data_values().iter().all(|row| row.data_element == LONELY), "{what}");
        }
    }
}

#[tokio::test]
async fn a_fault_of_the_head_stops_everything() {
    let check = async |release: &str, head: Value, code: &str, metadata: Value| {
        let (sim, clerk) = with(release, metadata).await;
        let mut body = body(vec![value(json!({}))]);
        for (name, member) in head.as_object().expect("members") {
            body[name] = member.clone();
        }
        let answer = clerk.post("/dataValueSets", body).await;
        assert_eq!(answer.status, 409, "{release} {code}");
        let summary = &answer.body["response"];
        assert_eq!(
            (&summary["status"], &summary["description"]),
            (&json!("ERROR"), &json!("Import process was aborted")),
            "{release} {code}"
        );
        assert_eq!((conflicts(&answer.body)[0].0.as_str(), counts(&answer.body)), (code, [0, 0, 0, 0]), "{release}");
        assert!(sim.data_values().is_empty() && sim.registrations().is_empty(), "{release} {code}");
    };
    for release in old_releases() {
        check(release, json!({"dataSet": "UnknownUid1"}), "E7600", metadata()).await;
        let mut closed = metadata();
        set(&mut closed, MONTHLY)["sharing"] = json!({"public": "rwr-----"});
        check(release, json!({"dataSet": MONTHLY, "completeDate": "2026-06-01", "period": "202605"}), "E7601", closed).await;
        check(release, json!({"orgUnit": "UnknownUid1"}), "E7603", metadata()).await;
        check(release, json!({"attributeOptionCombo": "UnknownUid1"}), "E7604", metadata()).await;
    }
}

#[tokio::test]
async fn a_caller_without_org_units_stores_nothing() {
    let (sim, clerk) = district("2.42").await;
    sim.edit_account("clerk", |account| account.org_units.clear());
    let answer = clerk.post("/dataValueSets", body(vec![value(json!({}))])).await;
    assert_eq!((answer.status, conflicts(&answer.body)[0].0.as_str()), (409, "E7622"));
    sim.edit_account("clerk", |account| account.authorities.clear());
    clerk.post("/dataValueSets", body(vec![value(json!({}))])).await.refused(403);
}

#[tokio::test]
async fn of_several_faults_the_earlier_check_speaks() {
    let (_sim, clerk) = district("2.42").await;
    let faults = [
        ("E7610", json!({"dataElement": "UnknownUid1"})),
        ("E7611", json!({"period": "202613"})),
        ("E7612", json!({"orgUnit": "UnknownUid1"})),
        ("E7613", json!({"categoryOptionCombo": "UnknownUid1"})),
        ("E7615", json!({"attributeOptionCombo": "UnknownUid1"})),
        ("E7619", json!({"value": "many"})),
        ("E7620", json!({"comment": "x".repeat(50_001)})),
        ("E7637", json!({"storedBy": "x".repeat(256)})),
    ];
    for first in 0..faults.len() {
        let mut all = json!({});
        for (_, members) in &faults[first..] {
            for (name, member) in members.as_object().expect("members") {
                all[name] = member.clone();
            }
        }
        let answer = clerk.post("/dataValueSets", body(vec![value(all)])).await;
        assert_eq!(conflicts(&answer.body)[0].0, faults[first].0);
    }
}

#[tokio::test]
async fn the_conflict_names_the_object_as_the_payload_had_it() {
    let (_sim, clerk) = district("2.42").await;
    let answer = clerk.post("/dataValueSets", body(vec![value(json!({"dataElement": "nonEx1sting"}))])).await;
    let expected = json!([{
        "object": "nonEx1sting", "objects": {"dataElement": "nonEx1sting"},
        "value": "Data element not found or not accessible: `nonEx1sting`", "errorCode": "E7610", "property": "dataElement", "indexes": [0],
    }]);
    assert_eq!(answer.body["response"]["conflicts"], expected);
    assert_eq!(answer.body["message"], "One more conflicts encountered, please check import summary.");
    assert_eq!(answer.header("cache-control"), Some("no-cache, private"));
}

#[tokio::test]
async fn a_strict_setting_of_the_server_holds_for_those_who_did_not_ask() {
    let (sim, clerk) = district("2.42").await;
    sim.set_setting("keyDataImportStrictOrganisationUnits", json!(true));
    let answer = clerk.post("/dataValueSets", body(vec![value(json!({"orgUnit": POST_2}))])).await;
    assert_eq!(conflicts(&answer.body)[0].0, "E7636");
}

#[tokio::test]
async fn extra_time_superusers_and_an_authority_open_what_expired() {
    let mut expiring = metadata();
    set(&mut expiring, MONTHLY)["expiryDays"] = json!(13);
    let (sim, clerk) = with("2.42", expiring).await;
    let sent = || body(vec![value(json!({}))]);
    // Force is only for superusers, and passed over for others.
    let answer = clerk.post("/dataValueSets?force=true", sent()).await;
    assert_eq!(conflicts(&answer.body)[0].0, "E7640");
    let form = format!("/dataEntry/dataValues?ds={MONTHLY}&pe=202605&ou={POST_1}");
    assert_eq!(clerk.get(&form).await.ok()["lockStatus"], "LOCKED");
    admin(&clerk).post(&format!("/lockExceptions?ds={MONTHLY}&pe=202605&ou={POST_1}"), json!({})).await.ok();
    assert_eq!(clerk.get(&form).await.ok()["lockStatus"], "OPEN");
    clerk.post("/dataValueSets", sent()).await.ok();
    let exceptions = clerk.get("/lockExceptions").await.ok();
    assert_eq!(exceptions["lockExceptions"][0]["organisationUnit"]["id"], POST_1);
    admin(&clerk).delete(&format!("/lockExceptions?ds={MONTHLY}&pe=202605&ou={POST_1}")).await.ok();
    let changed = || body(vec![value(json!({"value": "5"}))]);
    assert_eq!(clerk.post("/dataValueSets", changed()).await.status, 409);
    sim.edit_account("clerk", |account| account.authorities.push("F_EDIT_EXPIRED".to_owned()));
    clerk.post("/dataValueSets", changed()).await.ok();
    // The day before it was still open to all: thirteen days after the midnight behind the end of May.
    let mut later = metadata();
    set(&mut later, MONTHLY)["expiryDays"] = json!(15);
    let (_sim, clerk) = with("2.42", later).await;
    clerk.post("/dataValueSets", sent()).await.ok();
}

#[tokio::test]
async fn force_of_a_superuser_passes_every_lock() {
    let mut shut = metadata();
    closed_window(&mut shut);
    set(&mut shut, MONTHLY)["expiryDays"] = json!(1);
    let (sim, clerk) = with("2.42", shut).await;
    let sent = body(vec![value(json!({"period": "202609"}))]);
    assert_eq!(admin(&clerk).post("/dataValueSets", sent.clone()).await.status, 409);
    admin(&clerk).post("/dataValueSets?force=true", sent).await.ok();
    assert_eq!(sim.cells().len(), 1);
}

#[tokio::test]
async fn open_future_periods_open_the_current_month_and_those_behind() {
    for (open, last) in [(0, "202605"), (1, "202606"), (3, "202608")] {
        let mut metadata = metadata();
        set(&mut metadata, MONTHLY)["openFuturePeriods"] = json!(open);
        let (sim, clerk) = with("2.42", metadata).await;
        let values = ["202605", "202606", "202607", "202608", "202609"].map(|period| value(json!({"period": period})));
        clerk.post("/dataValueSets", body(values.to_vec())).await;
        assert_eq!(sim.data_values().last().map(|row| row.period.clone()).as_deref(), Some(last));
    }
}
