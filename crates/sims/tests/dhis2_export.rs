//! Values out of a DHIS2: what is asked for, what is refused, and the shapes of the releases; completeness, single values, sums.

#[path = "support/dhis2.rs"]
mod dhis2;
#[path = "support/dhis2_district.rs"]
mod district;

use std::time::Duration;

use dhis2::{User, releases};
use district::*;
use kivuko_sims::dhis2::Dhis2Sim;
use serde_json::{Value, json};

/// Deaths and a remark in two months at the first post, with a deleted value in March.
async fn filled(release: &str) -> (Dhis2Sim, User) {
    let mut metadata = metadata();
    set(&mut metadata, MONTHLY)["organisationUnits"] = json!([{"id": POST_1}, {"id": POST_2}]);
    let (sim, clerk) = with(release, metadata).await;
    let values = vec![
        value(json!({"period": "202603"})),
        value(json!({"period": "202604", "comment": "late"})),
        value(json!({})),
        value(json!({"dataElement": REMARK, "value": "quiet; \"calm\", <all>"})),
        value(json!({"orgUnit": POST_2, "value": "1"})),
    ];
    clerk.post("/dataValueSets", json!({"dataSet": MONTHLY, "dataValues": values})).await.ok();
    sim.clock().advance(Duration::from_hours(1));
    let gone = value(json!({"period": "202603"}));
    clerk.post("/dataValueSets?importStrategy=DELETE", json!({"dataSet": MONTHLY, "dataValues": [gone]})).await.ok();
    (sim, clerk)
}

fn is_new(release: &str) -> bool {
    release == "2.43"
}

fn values(answer: &Value) -> Vec<&Value> {
    answer["dataValues"].as_array().into_iter().flatten().collect()
}

#[tokio::test]
async fn what_a_query_lacks_or_says_twice_is_refused() {
    for release in ["2.38", "2.42", "2.43"] {
        let (_sim, clerk) = district(release).await;
        let check = async |query: &str, code: &str| {
            let refused = clerk.get(&format!("/dataValueSets?{query}")).await.refused(409);
            assert_eq!(refused["errorCode"], code, "{release} {query} {refused}");
        };
        let set = format!("dataSet={MONTHLY}");
        check(&format!("period=202605&orgUnit={POST_1}"), "E2001").await;
        check(&format!("dataSet=UnknownUid1&period=202605&orgUnit={POST_1}"), "E2001").await;
        check(&format!("{set}&orgUnit={POST_1}"), "E2002").await;
        check(&format!("{set}&period=2026W99&orgUnit={POST_1}"), "E2002").await;
        check(&format!("{set}&orgUnit={POST_1}&period=202605&startDate=2026-01-01&endDate=2026-12-31"), "E2003").await;
        check(&format!("{set}&orgUnit={POST_1}&startDate=2026-12-31&endDate=2026-01-01"), "E2004").await;
        check(&format!("{set}&orgUnit={POST_1}&lastUpdatedDuration=3w"), "E2005").await;
        check(&format!("{set}&period=202605"), "E2006").await;
        check(&format!("{set}&period=202605&orgUnit=UnknownUid1"), "E2006").await;
        check(&format!("{set}&period=202605&children=true"), "E2008").await;
        check(&format!("{set}&period=202605&orgUnit={POST_1}&limit=-1"), "E2009").await;
        check(&format!("{set}&period=202605&orgUnit={ELSEWHERE}"), "E2012").await;
    }
    let mut hidden = metadata();
    set(&mut hidden, MONTHLY)["sharing"] = json!({"public": "rw------"});
    find(&mut hidden, "categoryOptions", "FundGlobal1")["sharing"] = json!({"public": "rw------"});
    hidden["organisationUnitGroups"] =
        json!([{"id": "GroupOfUnit", "name": "Posts", "shortName": "Posts", "organisationUnits": [{"id": POST_1}]}]);
    let (_sim, clerk) = with("2.42", hidden).await;
    let code = async |query: String| clerk.get(&format!("/dataValueSets?{query}")).await.refused(409)["errorCode"].clone();
    assert_eq!(code(format!("dataSet={MONTHLY}&period=202605&orgUnit={POST_1}")).await, "E2010");
    assert_eq!(code(format!("dataSet={FUNDED}&period=202605&orgUnit={POST_1}&attributeOptionCombo={GLOBAL_FUND}")).await, "E2011");
    assert_eq!(code(format!("dataSet={FUNDED}&period=202605&orgUnitGroup=GroupOfUnit&children=true")).await, "E2007");
}

#[tokio::test]
async fn which_values_a_query_finds() {
    for release in releases() {
        let (sim, clerk) = filled(release).await;
        let check = async |query: &str, expected: usize| {
            let answer = clerk.get(&format!("/dataValueSets?{query}")).await.ok();
            assert_eq!(values(&answer).len(), expected, "{release} {query} {answer}");
        };
        let set = format!("dataSet={MONTHLY}");
        check(&format!("{set}&period=202605&orgUnit={POST_1}"), 2).await;
        check(&format!("{set}&period=202604,202605&orgUnit={POST_1}"), 3).await;
        check(&format!("{set}&period=202604&period=202605&orgUnit={POST_1}&orgUnit={POST_2}"), 4).await;
        check(&format!("dataElement={DEATHS}&period=202605&orgUnit=DistrictUid"), 0).await;
        check(&format!("dataElement={DEATHS}&period=202605&orgUnit=DistrictUid&children=true"), 2).await;
        check(&format!("{set}&startDate=2026-03-01&endDate=2026-04-30&orgUnit={POST_1}"), 1).await;
        check(&format!("{set}&startDate=2026-03-15&endDate=2026-05-31&orgUnit={POST_1}&includeDeleted=true"), 3).await;
        check(&format!("{set}&period=202603&orgUnit={POST_1}&includeDeleted=true"), 1).await;
        check(&format!("{set}&period=202605&orgUnit={POST_1}&limit=1"), 1).await;
        check(&format!("{set}&period=202605&orgUnit={POST_1}&orgUnit=UnknownUid1"), 2).await;
        check(&format!("{set}&lastUpdated=2026-06-15T09:30:00&orgUnit={POST_1}"), 0).await;
        check(&format!("{set}&lastUpdated=2026-06-15T09:30:00&orgUnit={POST_1}&includeDeleted=true"), 1).await;
        check(&format!("{set}&lastUpdatedDuration=2h&orgUnit={POST_1}"), 3).await;
        check("dataSet=MONTHLY&period=202605&orgUnit=HEALTHPOST1&inputIdScheme=CODE", 2).await;
        sim.clock().advance(Duration::from_hours(3));
        check(&format!("{set}&lastUpdatedDuration=2h&orgUnit={POST_1}"), 0).await;
    }
}

#[tokio::test]
async fn the_head_holds_what_was_asked_for_and_later_what_is_common() {
    for release in releases() {
        let (_sim, clerk) = filled(release).await;
        let one = clerk.get(&format!("/dataValueSets?dataSet={MONTHLY}&period=202605&orgUnit={POST_1}")).await.ok();
        let several = clerk.get(&format!("/dataValueSets?dataSet={MONTHLY}&period=202604,202605&orgUnit={POST_1}")).await.ok();
        let first = values(&one)[0].clone();
        assert_eq!(
            (one["dataSet"].as_str(), one["period"].as_str(), one["orgUnit"].as_str()),
            (Some(MONTHLY), Some("202605"), Some(POST_1)),
            "{release}"
        );
        assert_eq!(first["followup"], false, "{release}");
        if is_new(release) {
            assert_eq!([&first["period"], &first["orgUnit"], &first["attributeOptionCombo"]], [&Value::Null; 3], "{release}");
            assert_eq!(one["attributeOptionCombo"], DEFAULT);
            assert_eq!(one["dataElementIdScheme"], "UID");
            assert_eq!(
                (&several["orgUnit"], &several["period"], &values(&several)[0]["period"]),
                (&json!(POST_1), &Value::Null, &json!("202604"))
            );
        } else {
            assert_eq!((&first["period"], &first["orgUnit"]), (&json!("202605"), &json!(POST_1)), "{release}");
            assert_eq!((several.get("orgUnit"), several.get("dataSet")), (None, None), "{release}");
            let expected = json!({
                "dataElement": DEATHS, "period": "202604", "orgUnit": POST_1, "categoryOptionCombo": DEFAULT, "attributeOptionCombo": DEFAULT,
                "value": "4", "storedBy": "clerk", "created": "2026-06-15T09:00:00.000+0000", "lastUpdated": "2026-06-15T09:00:00.000+0000",
                "comment": "late", "followup": false,
            });
            assert_eq!(*values(&several)[0], expected, "{release}");
        }
        let nothing = clerk.get(&format!("/dataValueSets?dataSet={MONTHLY}&period=202601&orgUnit={POST_1}")).await.ok();
        assert!(nothing.is_object() && values(&nothing).is_empty(), "{release}");
        assert_eq!(nothing.get("dataValues").is_none(), is_new(release), "{release}");
    }
}

#[tokio::test]
async fn the_format_is_told_as_the_release_looks_at_it() {
    let query = format!("dataSet={MONTHLY}&period=202605&orgUnit={POST_1}");
    for release in releases() {
        let (_sim, clerk) = filled(release).await;
        let get = async |suffix: &str, more: &str, accept: &str| {
            let request = clerk.request("GET", &format!("/dataValueSets{suffix}?{query}{more}")).header("accept", accept);
            let answer = clerk.answer(request).await;
            answer.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().to_owned()
        };
        let number: u32 = release.strip_prefix("2.").and_then(|number| number.parse().ok()).expect("a number");
        let by_accept = |kind: &str| if is_new(release) { "application/json".to_owned() } else { kind.to_owned() };
        assert_eq!(get("", "", "application/xml").await, by_accept("application/xml"), "{release}");
        assert_eq!(get("", "", "text/csv").await, by_accept("application/csv"), "{release}");
        assert_eq!(get("", "", "application/adx+xml").await, by_accept("application/adx+xml"), "{release}");
        assert_eq!(get(".csv", "", "*/*").await, "application/csv", "{release}");
        assert_eq!(get(".xml", "", "*/*").await, "application/xml", "{release}");
        assert_eq!(get(".xml.gz", "", "*/*").await, "application/gzip", "{release}");
        assert_eq!(get("", "&compression=zip", "*/*").await, "application/zip", "{release}");
        let by_argument = if number >= 42 { "application/csv" } else { "application/json" };
        assert_eq!(get("", "&format=csv", "*/*").await, by_argument, "{release}");
        let answer = clerk.get(&format!("/dataValueSets?{query}")).await;
        assert_eq!(answer.header("content-disposition").is_some(), is_new(release), "{release}");
    }
}

#[tokio::test]
async fn what_is_exported_can_be_imported_elsewhere() {
    for release in releases() {
        let (sim, clerk) = filled(release).await;
        for (format, content_type) in [("xml", "application/xml"), ("csv", "application/csv"), ("json", "application/json")] {
            // The XML of 2.43 has its head's period in ADX's notation, so two months are asked for.
            let path = format!("/dataValueSets.{format}?dataSet={MONTHLY}&period=202604,202605&orgUnit=DistrictUid&children=true");
            let answer = clerk.get(&path).await;
            let text = answer.body.as_str().map_or_else(|| answer.body.to_string(), str::to_owned);
            let mut metadata = metadata();
            set(&mut metadata, MONTHLY)["organisationUnits"] = json!([{"id": POST_1}, {"id": POST_2}]);
            let (other, theirs) = with(release, metadata).await;
            theirs.send_as("POST", &format!("/dataValueSets?dataSet={MONTHLY}"), content_type, text).await.ok();
            assert_eq!(other.cells(), sim.cells(), "{release} {format}");
        }
    }
}

#[tokio::test]
async fn the_head_of_xml_has_its_period_as_adx_writes_it_in_2_43() {
    for (release, expected) in [("2.42", "period=\"202605\""), ("2.43", "period=\"2026-05-01/P1M\"")] {
        let (_sim, clerk) = filled(release).await;
        let answer = clerk.get(&format!("/dataValueSets.xml?dataSet={MONTHLY}&period=202605&orgUnit={POST_1}")).await;
        let text = answer.body.as_str().expect("XML").to_owned();
        assert!(text.contains(expected), "{release} {text}");
    }
}

#[tokio::test]
async fn names_of_another_scheme() {
    let query = format!("dataSet={MONTHLY}&period=202605&orgUnit={POST_1}&idScheme=CODE&orgUnitIdScheme=NAME");
    for release in releases() {
        let (sim, clerk) = filled(release).await;
        let answer = clerk.get(&format!("/dataValueSets?{query}")).await.ok();
        assert_eq!(
            (answer["orgUnit"].as_str(), values(&answer)[0]["dataElement"].as_str()),
            (Some("Reed Mouth Post"), Some("DEATHSTOTAL")),
            "{release}"
        );
        let mut nameless = metadata();
        let element = find(&mut nameless, "dataElements", DEATHS);
        element["code"] = Value::Null;
        sim.put_metadata(&json!({"dataElements": [element.clone()]}));
        let answer = clerk.get(&format!("/dataValueSets?{query}")).await;
        if is_new(release) {
            assert_eq!(answer.refused(409)["errorCode"], "E8201");
        } else {
            assert_eq!(values(&answer.ok())[0].get("dataElement"), None, "{release}");
        }
    }
}

#[tokio::test]
async fn what_is_complete_where_and_when() {
    for release in releases() {
        let (sim, clerk) = district(release).await;
        let registration =
            |unit: &str, completed: bool| json!({"dataSet": MONTHLY, "period": "202605", "organisationUnit": unit, "completed": completed});
        let post = async |query: &str, registrations: Vec<Value>| {
            clerk.post(&format!("/completeDataSetRegistrations?{query}"), json!({ "completeDataSetRegistrations": registrations })).await
        };
        assert_eq!(counts(&post("dryRun=true", vec![registration(POST_1, true)]).await.ok()), [1, 0, 0, 0], "{release}");
        assert!(sim.registrations().is_empty(), "{release}");
        let bad = [
            registration(ELSEWHERE, true),
            registration("UnknownUid1", true),
            json!({"dataSet": MONTHLY, "period": "x", "organisationUnit": POST_1}),
        ];
        let answer = post("", [vec![registration(POST_1, true)], bad.to_vec()].concat()).await;
        assert_eq!((answer.status, counts(&answer.body)), (409, [1, 0, 0, 3]), "{release}");
        let reasons: Vec<&str> =
            answer.body["response"]["conflicts"].as_array().expect("conflicts").iter().filter_map(|one| one["value"].as_str()).collect();
        assert_eq!(reasons.len(), 3, "{release} {reasons:?}");
        assert_eq!(answer.body["response"]["conflicts"][0].get("errorCode"), None, "{release}");
        let query = format!("/completeDataSetRegistrations?dataSet={MONTHLY}&period=202605&orgUnit=DistrictUid&children=true");
        let listed = clerk.get(&query).await.ok();
        let first = &listed["completeDataSetRegistrations"][0];
        assert_eq!((first["organisationUnit"].as_str(), first["completed"].as_bool()), (Some(POST_1), Some(true)), "{release}");
        assert_eq!(counts(&post("", vec![registration(POST_1, false)]).await.ok()), [0, 1, 0, 0], "{release}");
        assert!(!sim.registrations()[0].completed, "{release}");
        let one = format!("/completeDataSetRegistrations?ds={MONTHLY}&pe=202605&ou={POST_1}");
        assert_eq!(clerk.delete(&one).await.status, 204, "{release}");
        assert!(sim.registrations().is_empty(), "{release}");
        let refused = clerk.delete(&one.replace(MONTHLY, "UnknownUid1")).await.refused(409);
        assert_eq!(refused["errorCode"], "E1105", "{release}");
        let started = post("async=true", vec![registration(POST_1, true)]).await.ok();
        assert_eq!(started["response"]["jobType"], "COMPLETE_DATA_SET_REGISTRATION_IMPORT", "{release}");
        assert_eq!(sim.registrations().len(), 1, "{release}");
    }
}

#[tokio::test]
async fn a_completed_set_says_so_in_its_form_and_its_export() {
    let (_sim, clerk) = filled("2.42").await;
    let body = json!({"dataSet": MONTHLY, "period": "202605", "orgUnit": POST_1, "completed": true});
    clerk.post("/dataEntry/dataSetCompletion", body).await.ok();
    let form = clerk.get(&format!("/dataEntry/dataValues?ds={MONTHLY}&pe=202605&ou={POST_1}")).await.ok();
    assert_eq!((&form["completeStatus"]["complete"], &form["lockStatus"], values(&form).len()), (&json!(true), &json!("OPEN"), 2));
    let export = clerk.get(&format!("/dataValueSets?dataSet={MONTHLY}&period=202605&orgUnit={POST_1}")).await.ok();
    assert_eq!(export["completeDate"], "2026-06-15");
}

#[tokio::test]
async fn one_value_at_a_time() {
    for release in old_releases() {
        let mut metadata = metadata();
        find(&mut metadata, "organisationUnits", POST_2)["closedDate"] = json!("2026-01-31");
        find(&mut metadata, "categoryOptions", "FundGlobal1")["endDate"] = json!("2026-04-30");
        find(&mut metadata, "categoryOptions", "FundState01")["startDate"] = json!("2026-06-01");
        let (sim, clerk) = with(release, metadata).await;
        let path = |members: &str| format!("/dataValues?de={DEATHS}&pe=202605&ou={POST_1}&{members}");
        let none = || json!({});
        assert_eq!(clerk.post(&path("value=4&comment=late"), none()).await.status, 201, "{release}");
        assert_eq!(clerk.get(&path("")).await.ok(), json!(["4"]), "{release}");
        let body = json!({"dataElement": CASES, "categoryOptionCombo": FEMALE, "period": "202605", "orgUnit": POST_1, "value": "2", "followUp": "true"});
        assert_eq!(clerk.post("/dataValues", body).await.status, 201, "{release}");
        assert_eq!(sim.cells().len(), 2, "{release}");
        assert_eq!(clerk.delete(&path("")).await.status, 204, "{release}");
        let check = async |query: String, code: &str| {
            let refused = clerk.post(&format!("/dataValues?{query}"), json!({})).await.refused(409);
            assert_eq!(refused["errorCode"], code, "{release} {query}");
        };
        assert_eq!(clerk.delete(&path("")).await.refused(409)["errorCode"], "E2032", "{release}");
        assert_eq!(clerk.get(&path("")).await.refused(409)["errorCode"], "E2032", "{release}");
        let at = |element: &str, period: &str, unit: &str, more: &str| format!("de={element}&pe={period}&ou={unit}&value=1&{more}");
        check(at("UnknownUid1", "202605", POST_1, ""), "E1100").await;
        check(at(DEATHS, "2026W99", POST_1, ""), "E1101").await;
        check(at(DEATHS, "202605", "UnknownUid1", ""), "E1102").await;
        check(at(DEATHS, "202605", POST_1, "co=UnknownUid1"), "E1103").await;
        check(at(DEATHS, "202605", POST_1, "cc=FundComboID&cp=SexFemale01"), "E1104").await;
        check(at(DEATHS, "202605", POST_1, "ds=UnknownUid1"), "E1105").await;
        check(at(CASES, "202605", POST_1, ""), "E2018").await;
        check(at(DEATHS, "202605", POST_2, ""), "E2019").await;
        check(at(DEATHS, "202605", ELSEWHERE, ""), "E2020").await;
        check(at(DEATHS, "202605", POST_1, &format!("ds={FUNDED}")), "E2021").await;
        check(at(DEATHS, "202606", POST_1, ""), "E2022").await;
        check(at(STOCK, "202605", POST_1, "cc=FundComboID&cp=FundState01"), "E2023").await;
        check(at(STOCK, "202605", POST_1, "cc=FundComboID&cp=FundGlobal1"), "E2024").await;
        check(at(GRADE, "202605", POST_1, "value=1").replace("value=1&", "value=3&"), "E2029").await;
        check(at(DEATHS, "202605", POST_1, "").replace("value=1", "value=x"), "E2030").await;
    }
    for (change, code) in [("expiryDays", "E2017"), ("dataInputPeriods", "E2025")] {
        let mut metadata = metadata();
        set(&mut metadata, MONTHLY)[change] = if change == "expiryDays" { json!(1) } else { json!([{"period": {"id": "202601"}}]) };
        let (_sim, clerk) = with("2.42", metadata).await;
        let refused = clerk.post(&format!("/dataValues?de={DEATHS}&pe=202605&ou={POST_1}&value=1"), json!({})).await.refused(409);
        assert_eq!(refused["errorCode"], code);
    }
}

#[tokio::test]
async fn sums_of_analytics_are_those_of_the_last_build() {
    for release in releases() {
        let (sim, clerk) = filled(release).await;
        let query = format!("/analytics?dimension=dx:{DEATHS}&dimension=pe:202605;2026Q2&dimension=ou:DistrictUid;{POST_2}");
        assert_eq!(clerk.get(&query).await.refused(409)["errorCode"], "E7144", "{release}");
        assert_eq!(clerk.get("/system/info").await.ok().get("lastAnalyticsTableSuccess"), None, "{release}");
        sim.build_analytics();
        let info = clerk.get("/system/info").await.ok();
        assert_eq!(info["lastAnalyticsTableSuccess"], info["serverDate"], "{release}");
        let table = clerk.get(&query).await.ok();
        let expected = json!([
            [DEATHS, "202605", "DistrictUid", "5.0"],
            [DEATHS, "202605", POST_2, "1.0"],
            [DEATHS, "2026Q2", "DistrictUid", "9.0"],
            [DEATHS, "2026Q2", POST_2, "1.0"],
        ]);
        assert_eq!((&table["rows"], &table["height"], &table["width"]), (&expected, &json!(4), &json!(4)), "{release}");
        let names: Vec<&str> = table["headers"].as_array().expect("headers").iter().filter_map(|header| header["name"].as_str()).collect();
        assert_eq!(names, ["dx", "pe", "ou", "value"], "{release}");
        assert_eq!(table["metaData"]["items"]["DistrictUid"]["name"], "Lower Reed", "{release}");
        let level = clerk
            .get(&format!("/analytics?dimension=ou:LEVEL-3;DistrictUid&dimension=co&dimension=dx:{DEATHS}&dimension=pe:202605"))
            .await
            .ok();
        assert_eq!(
            level["rows"],
            json!([[POST_1, DEFAULT, DEATHS, "202605", "4.0"], [POST_2, DEFAULT, DEATHS, "202605", "1.0"]]),
            "{release}"
        );
        for other in [format!("{query}&filter=co:{DEFAULT}"), query.replace(DEATHS, REMARK), query.replace("202605", "LAST_12_MONTHS")] {
            clerk.get(&other).await.refused(501);
        }
    }
}

#[tokio::test]
async fn what_a_person_enters_is_there_for_those_who_ask_since_when() {
    for release in releases() {
        let (sim, clerk) = filled(release).await;
        sim.clock().advance(Duration::from_hours(1));
        sim.enter([DEATHS, "202605", POST_1], [None, None], "6");
        sim.enter([CASES, "202605", POST_1], [Some(MALE), None], "2");
        let answer = clerk.get(&format!("/dataValueSets?dataSet={MONTHLY}&lastUpdatedDuration=30m&orgUnit={POST_1}")).await.ok();
        let changed: Vec<&str> = values(&answer).iter().filter_map(|value| value["value"].as_str()).collect();
        assert_eq!(changed, ["2", "6"], "{release}");
    }
}

#[tokio::test]
async fn the_period_types_of_a_release() {
    for (release, count) in [("2.38", 19), ("2.41", 19), ("2.42", 20), ("2.43", 23)] {
        let (_sim, clerk) = district(release).await;
        let listed = clerk.get("/periodTypes").await.ok();
        let types = listed["periodTypes"].as_array().expect("a list");
        assert_eq!(types.len(), count, "{release}");
        assert_eq!(types[1], json!({"name": "Weekly", "isoDuration": "P7D", "isoFormat": "yyyyWn", "frequencyOrder": 7}));
    }
}

#[tokio::test]
async fn approval_closes_a_slice_until_it_is_taken_back() {
    let mut with_workflow = metadata();
    set(&mut with_workflow, MONTHLY)["workflow"] = json!({"id": WORKFLOW});
    let (_sim, clerk) = with("2.42", with_workflow).await;
    let slice = format!("/dataApprovals?wf={WORKFLOW}&pe=202605&ou=DistrictUid");
    let form = format!("/dataEntry/dataValues?ds={MONTHLY}&pe=202605&ou={POST_1}");
    admin(&clerk).post(&slice, json!({})).await.ok();
    assert_eq!(clerk.get(&form).await.ok()["lockStatus"], "APPROVED");
    assert_eq!(clerk.get(&slice).await.ok()["state"], "APPROVED_HERE");
    let answer = clerk.post("/dataValueSets", body(vec![value(json!({}))])).await;
    assert_eq!(conflicts(&answer.body)[0].0, "E7642");
    admin(&clerk).delete(&slice).await.ok();
    clerk.post("/dataValueSets", body(vec![value(json!({}))])).await.ok();
}
