//! ADX in and out, on DHIS2's public sample documents where they lie, and on documents of our own.

#[path = "support/dhis2.rs"]
mod dhis2;
#[path = "support/dhis2_samples.rs"]
mod samples;

use std::collections::BTreeSet;

use dhis2::{Answer, User, encode, releases, start, token};
use kivuko_sims::dhis2::{Dhis2Sim, Profile};
use samples::{CLERK, file};

const SCHEMES_A: &str = "idScheme=CODE&dataElementIdScheme=NAME&categoryIdScheme=NAME&categoryOptionIdScheme=UID&categoryOptionComboIdScheme=UID&attributeOptionComboIdScheme=UID";

async fn sim(release: &str) -> (Dhis2Sim, User) {
    let (sim, user) = start(samples::adx(release)).await;
    let user = user.other(&token(CLERK));
    (sim, user)
}

fn is_new(release: &str) -> bool {
    Profile::named(release).expect("a release").pipeline
}

async fn post(user: &User, query: &str, document: impl Into<reqwest::Body>) -> Answer {
    user.send_as("POST", &format!("/dataValueSets?{query}"), "application/adx+xml", document).await
}

fn adx(groups: &str) -> String {
    format!("<?xml version='1.0'?><adx xmlns=\"urn:ihe:qrph:adx:2015\" exported=\"2026-01-01T00:00:00Z\">{groups}</adx>")
}

/// What a document says, without its order: one line for each value, with the attributes of its group.
fn content(document: &str) -> BTreeSet<String> {
    let mut reader = quick_xml::Reader::from_str(document);
    let mut lines = BTreeSet::new();
    let (mut group, mut value, mut text) = (Vec::new(), Vec::new(), String::new());
    let attributes = |start: &quick_xml::events::BytesStart<'_>| {
        let pairs = start.attributes().map(|attribute| attribute.expect("an attribute"));
        let mut pairs: Vec<String> = pairs.map(|pair| format!("{}={}", pair.key.local_name().as_ref() as &str, pair.value)).collect();
        pairs.sort();
        pairs
    };
    let mut line = |group: &[String], value: &[String], text: &mut String| {
        lines.insert(format!("{} / {} / {}", group.join(" "), value.join(" "), std::mem::take(text).trim()));
    };
    loop {
        use quick_xml::events::Event;
        match reader.read_event().expect("XML") {
            Event::Start(start) if start.local_name().as_ref() == "group" => group = attributes(&start),
            Event::Start(start) if start.local_name().as_ref() == "dataValue" => value = attributes(&start),
            Event::Empty(start) if start.local_name().as_ref() == "dataValue" => line(&group, &attributes(&start), &mut text),
            Event::End(end) if end.local_name().as_ref() == "dataValue" => line(&group, &value, &mut text),
            Event::Text(piece) => text.push_str(&piece.xml10_content()),
            Event::Eof => break,
            _ => {}
        }
    }
    lines
}

/// The four values behind the sample exports.
async fn fill(user: &User) {
    let body = "dataelement,period,orgunit,categoryoptioncombo,attributeoptioncombo,value\n\
        MalNummmmmm,202001,P1233333333,FUnder55555,HllvX50cXC0,1\n\
        MalTexttttt,202002,P1233333333,HllvX50cXC0,HllvX50cXC0,Some text\n";
    user.send_as("POST", "/dataValueSets?dataSet=MalariaDSSS", "application/csv", body).await.ok();
    // Months in a quarterly set, as the sample has it: only a server that is not strict takes them.
    let body = "dataelement,period,orgunit,categoryoptioncombo,attributeoptioncombo,value\n\
        MalNummmmmm,202001,D4566666666,MOver555555,cocMcDonald,2\n\
        MalNummmmmm,202001,D4566666666,FOver555555,cocPEPFARRR,3\n";
    user.send_as("POST", "/dataValueSets", "application/csv", body).await;
}

#[tokio::test]
async fn exports_say_what_the_samples_say() {
    let (Some(a), Some(b)) = (file("adx/exportA.adx.xml"), file("adx/exportB.adx.xml")) else { return };
    for release in releases() {
        let (_sim, user) = sim(release).await;
        fill(&user).await;
        let format = if is_new(release) { "&format=adx%2Bxml" } else { "" };
        let get = async |query: &str| {
            let request = user.request("GET", &format!("/dataValueSets?{query}{format}")).header("accept", "application/adx+xml");
            let answer = user.answer(request).await;
            assert_eq!(answer.status, 200, "{release} {answer:?}");
            answer.body.as_str().expect("a text").to_owned()
        };
        let schemes = "idScheme=CODE&dataElementIdScheme=NAME&categoryIdScheme=NAME&categoryOptionIdScheme=UID";
        let document = get(&format!("dataSet=MalariaDSSS&orgUnit=P1233333333&period=202001&period=202002&{schemes}")).await;
        assert_eq!(content(&document), content(std::str::from_utf8(&a).expect("UTF-8")), "{release}");

        // Values of months in a quarterly data set cannot be entered in 2.43.
        let sets = if is_new(release) { "dataSet=MalariaDSSS" } else { "dataSet=MalariaDSSS&dataSet=MalariaMech" };
        let schemes = "idScheme=UID&dataSetIdScheme=NAME&categoryIdScheme=CODE&categoryOptionIdScheme=CODE";
        let document = get(&format!("{sets}&orgUnit=P1233333333&children=true&period=202001&period=202002&{schemes}")).await;
        let mut expected = content(std::str::from_utf8(&b).expect("UTF-8"));
        expected.retain(|line| !is_new(release) || !line.contains("Mechanism"));
        assert_eq!(content(&document), expected, "{release}");
    }
}

#[tokio::test]
async fn the_import_sample_gives_nine_values() {
    let Some(document) = file("adx/importA.adx.xml") else { return };
    for release in releases() {
        let (sim, user) = sim(release).await;
        let answer = post(&user, SCHEMES_A, document.clone()).await;
        let counts = &answer.ok()["response"]["importCount"];
        let counted = if is_new(release) { "updated" } else { "imported" };
        assert_eq!(counts[counted], 9, "{release} {counts}");
        let mut cells: Vec<String> = sim.cells().into_iter().map(|(key, value)| format!("{key} {value}")).collect();
        cells.sort();
        let expected = [
            "MalNummmmmm.2021Q1.D4566666666.FOver555555.cocMcDonald 20",
            "MalNummmmmm.2021Q1.D4566666666.FUnder55555.cocPEPFARRR 10",
            "MalNummmmmm.2021Q1.D4566666666.MUnder55555.cocMcDonald 30",
            "MalNummmmmm.202001.P1233333333.FOver555555.HllvX50cXC0 3",
            "MalNummmmmm.202001.P1233333333.FUnder55555.HllvX50cXC0 1",
            "MalNummmmmm.202001.P1233333333.MOver555555.HllvX50cXC0 4",
            "MalNummmmmm.202001.P1233333333.MUnder55555.HllvX50cXC0 2",
            "MalNummmmmm.202002.D4566666666.FUnder55555.HllvX50cXC0 6",
            "MalTexttttt.202001.P1233333333.HllvX50cXC0.HllvX50cXC0 Text data value",
        ];
        let mut expected = expected.map(str::to_owned);
        expected.sort();
        assert_eq!(cells, expected, "{release}");
    }
}

#[tokio::test]
async fn the_server_stamps_its_own_times() {
    let Some(document) = file("adx/importDates.adx.xml") else { return };
    for release in releases() {
        let (sim, user) = sim(release).await;
        let answer = post(&user, "idScheme=UID", document.clone()).await.ok();
        let counted = if is_new(release) { "updated" } else { "imported" };
        assert_eq!(answer["response"]["importCount"][counted], 1, "{release} {answer}");
        let rows = sim.data_values();
        assert_eq!((rows.len(), rows[0].value.as_str()), (1, "33"), "{release}");
        assert_eq!((rows[0].created, rows[0].last_updated), (sim.clock().now(), sim.clock().now()), "{release}");
    }
}

#[tokio::test]
async fn a_fault_of_the_structure_stops_the_whole_document() {
    let good = "<group dataSet='MalariaDS' orgUnit='123' period='2020-01-01/P1M'>\
        <dataValue dataElement='Mal_num' sex='F' age='under5' value='1'/></group>";
    let check = async |release: &str, bad: &str, code: &str| {
        let (sim, user) = sim(release).await;
        let answer = post(&user, "idScheme=CODE", adx(&format!("{good}{bad}"))).await;
        let new = is_new(release);
        assert_eq!(answer.status, if new && code == "400" { 400 } else { 409 }, "{release} {bad} {answer:?}");
        assert!(sim.data_values().is_empty(), "{release} {bad}");
        let summary = &answer.body["response"];
        if !new {
            assert_eq!(summary["status"], "ERROR", "{release} {bad}");
            assert_eq!(summary["conflicts"].as_array().map(Vec::len), Some(0), "{release} {bad}");
            assert_ne!(summary["description"], "", "{release} {bad}");
        } else if code == "400" {
            assert_eq!(answer.body["errorCode"], "E8007", "{release} {bad}");
        } else {
            let conflicts = summary["conflicts"].as_array().expect("conflicts");
            assert_eq!((conflicts.len(), &conflicts[0]["errorCode"]), (1, &code.into()), "{release} {bad} {answer:?}");
            assert_eq!(conflicts[0]["indexes"], serde_json::json!([-1]), "{release} {bad}");
        }
    };
    let group = |attributes: &str, value: &str| format!("<group {attributes}>{value}</group>");
    let value = "<dataValue dataElement='Mal_num' sex='F' age='under5' value='1'/>";
    let here = "dataSet='MalariaDS' orgUnit='123' period='2020-02-01/P1M'";
    for release in releases() {
        check(release, &group("dataSet='NoSuchDS' orgUnit='123' period='2020-01-01/P1M'", value), "E8005").await;
        check(release, &group(here, "<dataValue dataElement='No_such' value='1'/>"), "E8103").await;
        check(release, &group(here, "<dataValue dataElement='Mal_num' sex='F' value='1'/>"), "E8127").await;
        check(release, &group(here, "<dataValue dataElement='Mal_num' sex='X' age='under5' value='1'/>"), "E8127").await;
        check(release, &group("dataSet='MalariaDS' orgUnit='123'", value), "400").await;
        check(release, &group("dataSet='MalariaDS' period='2020-01-01/P1M'", value), "400").await;
        check(release, &group("dataSet='MalariaDS' orgUnit='123' period='2020-01-01/P1W'", value), "400").await;
        check(release, &group("dataSet='MalariaDS' orgUnit='123' period='2024-03-05/P7D'", value), "400").await;
        check(release, &group(here, "<dataValue dataElement='Mal_num' sex='F' age='under5'/>"), "400").await;
        check(release, &group("dataSet='MalariaMechanismDS' mechanism='None' orgUnit='123' period='2020-01-01/P3M'", value), "E8127").await;
    }
    // A text needs its annotation.
    check("2.42", &group(here, "<dataValue dataElement='Mal_text' value='0'/>"), "").await;
}

#[tokio::test]
async fn an_unknown_org_unit_is_a_conflict_of_its_values_up_to_2_42() {
    let document = adx("<group dataSet='MalariaDS' orgUnit='999' period='2020-01-01/P1M'>\
            <dataValue dataElement='Mal_num' sex='F' age='under5' value='1'/></group>\
        <group dataSet='MalariaDS' orgUnit='123' period='2020-01-15/P1M' completeDate='2020-02-01'>\
            <dataValue age='over5' value='2' sex='M' dataElement='Mal_num'/></group>");
    for release in releases() {
        let (sim, user) = sim(release).await;
        let answer = post(&user, "idScheme=CODE", document.clone()).await;
        assert_eq!(answer.status, 409, "{release}");
        let conflict = &answer.body["response"]["conflicts"][0];
        if is_new(release) {
            assert_eq!((conflict["errorCode"].as_str(), sim.data_values().len()), (Some("E8107"), 0), "{release}");
            continue;
        }
        assert_eq!(conflict["errorCode"], "E7612", "{release}");
        assert_eq!(conflict["indexes"], serde_json::json!([0]), "{release}");
        // The date was taken to its month, and the completion was not looked at.
        assert_eq!(sim.cells(), [("MalNummmmmm.202001.P1233333333.MOver555555.HllvX50cXC0".to_owned(), "2".to_owned())], "{release}");
        assert!(sim.registrations().is_empty(), "{release}");
    }
}

#[tokio::test]
async fn the_default_id_scheme_of_a_document_changed_in_2_43() {
    let by_code = adx("<group dataSet='MalariaDS' orgUnit='123' period='2020-01-01/P1M'>\
        <dataValue dataElement='Mal_num' sex='F' age='under5' value='1'/></group>");
    let by_uid = adx("<group dataSet='MalariaDSSS' orgUnit='P1233333333' period='2020-01-01/P1M'>\
        <dataValue dataElement='MalNummmmmm' sexxxxxxxxx='FFFFFFFFFFF' ageeeeeeeee='under555555' value='1'/></group>");
    for release in releases() {
        let (_sim, user) = sim(release).await;
        let new = is_new(release);
        let statuses = [post(&user, "", by_code.clone()).await.status, post(&user, "", by_uid.clone()).await.status];
        assert_eq!(statuses, if new { [409, 200] } else { [200, 409] }, "{release}");
        let wrong_type = user.send_as("POST", "/dataValueSets?idScheme=UID", "application/xml", by_uid.clone()).await;
        assert_eq!(wrong_type.status, if new { 200 } else { 409 }, "{release} {wrong_type:?}");
    }
}

#[tokio::test]
async fn hand_written_illustrations_are_refused_for_their_metadata_not_for_their_form() {
    for name in ["adx/adx_data_sample1.xml", "adx/adx_data_sample2.xml"] {
        let Some(document) = file(name) else { return };
        let (_sim, user) = sim("2.42").await;
        let answer = post(&user, "idScheme=CODE", document).await;
        let description = answer.body["response"]["description"].as_str().expect("a description");
        assert_eq!(answer.status, 409, "{name}");
        assert!(description.contains("No data set matching") || description.contains("No matching dataelement"), "{name} {description}");
    }
}

#[tokio::test]
async fn an_export_needs_a_data_set() {
    let (_sim, user) = sim("2.42").await;
    let path = format!("/dataValueSets?dataElement=MalNummmmmm&orgUnit=123&period={}", encode("202001"));
    let answer = user.answer(user.request("GET", &path).header("accept", "application/adx+xml")).await;
    assert_eq!(answer.refused(409)["errorCode"], "E2001");
}
