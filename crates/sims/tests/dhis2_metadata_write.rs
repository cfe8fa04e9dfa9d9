//! Writing metadata: one object, the lists it has, whole documents, and what was deleted.

#[path = "support/dhis2.rs"]
mod dhis2;

use std::path::PathBuf;
use std::time::Duration;

use dhis2::{Answer, User, encode, releases, start, token};
use kivuko_sims::dhis2::{Dhis2Sim, Options, User as Account, default};
use serde_json::{Value, json};

fn unit(id: &str, name: &str, parent: Option<&str>) -> Value {
    let mut unit = json!({"id": id, "name": name, "shortName": name, "openingDate": "2010-01-01"});
    if let Some(parent) = parent {
        unit["parent"] = json!({"id": parent});
    }
    unit
}

fn land() -> Value {
    json!({
        "organisationUnits": [
            unit("Land0000001", "Velu", None), unit("Dist0000001", "Aro", Some("Land0000001")), unit("Dist0000002", "Bero", Some("Land0000001")),
            unit("Clin0000001", "Cedar", Some("Dist0000001")),
        ],
        "attributes": [{"id": "Registry001", "name": "Registry number", "valueType": "TEXT", "unique": true, "organisationUnitAttribute": true}],
    })
}

fn element(id: &str, code: &str) -> Value {
    json!({"id": id, "name": format!("Element {code}"), "shortName": format!("Element {code}"), "code": code, "valueType": "INTEGER", "domainType": "AGGREGATE", "aggregationType": "SUM"})
}

async fn velu(release: &str) -> (Dhis2Sim, User) {
    start(Options::for_tests(release).with_metadata(land())).await
}

/// The codes of an object report, in order.
fn codes(body: &Value) -> Vec<&str> {
    body["response"]["errorReports"].as_array().expect("reports").iter().map(|one| one["errorCode"].as_str().unwrap_or_default()).collect()
}

/// The stats of an import, as created/updated/deleted/ignored.
fn stats(report: &Value) -> String {
    let count = |name: &str| report["stats"][name].as_u64().unwrap_or(99).to_string();
    [count("created"), count("updated"), count("deleted"), count("ignored")].join("/")
}

/// The error codes of all objects of an import.
fn import_codes(report: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    for of_type in report["typeReports"].as_array().into_iter().flatten() {
        for object in of_type["objectReports"].as_array().into_iter().flatten() {
            found.extend(object["errorReports"].as_array().into_iter().flatten().map(|one| one["errorCode"].as_str().unwrap_or_default()));
        }
    }
    found
}

#[tokio::test]
async fn one_object_lives_and_dies() {
    for release in releases() {
        let (sim, user) = velu(release).await;
        let mut clinic = unit("Clin0000002", "Dahlia", Some("Dist0000001"));
        clinic["comment"] = json!("new");
        let answer = user.post("/organisationUnits", clinic.clone()).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (201, Some(format!("{}/api/organisationUnits/Clin0000002", sim.url()).as_str()))
        );
        assert_eq!(
            answer.body["response"],
            json!({"responseType": "ObjectReport", "klass": "org.hisp.dhis.organisationunit.OrganisationUnit", "uid": "Clin0000002", "errorReports": []})
        );
        assert_eq!(answer.body["httpStatus"], "Created");
        let read = async |fields: &str| user.get(&format!("/organisationUnits/Clin0000002?fields={fields}")).await.ok();
        assert_eq!(
            read("path,comment,created").await,
            json!({"path": "/Land0000001/Dist0000001/Clin0000002", "comment": "new", "created": "2026-06-15T09:00:00.000"})
        );

        sim.clock().advance(Duration::from_mins(1));
        clinic.as_object_mut().expect("an object").remove("comment");
        clinic["parent"] = json!({"id": "Dist0000002"});
        user.send("PUT", "/organisationUnits/Clin0000002", &clinic).await.ok();
        let expected = json!({"path": "/Land0000001/Dist0000002/Clin0000002", "created": "2026-06-15T09:00:00.000", "lastUpdated": "2026-06-15T09:01:00.000"});
        assert_eq!(read("path,comment,created,lastUpdated").await, expected, "what is not sent is gone");

        let patch = json!([{"op": "replace", "path": "/name", "value": "Dahlia Post"}, {"op": "add", "path": "/code", "value": "DP"}]);
        user.send_as("PATCH", "/organisationUnits/Clin0000002", "application/json-patch+json", patch.to_string()).await.ok();
        assert_eq!(read("name,code,shortName").await, json!({"name": "Dahlia Post", "code": "DP", "shortName": "Dahlia"}));
        user.send("PATCH", "/organisationUnits/Clin0000002", &patch).await.refused(415);
        let wrong = json!([{"op": "replace", "path": "/nmae", "value": "x"}]);
        user.send_as("PATCH", "/organisationUnits/Clin0000002", "application/json-patch+json", wrong.to_string()).await.refused(400);

        assert_eq!(user.delete("/organisationUnits/Clin0000002").await.status, 200);
        user.get("/organisationUnits/Clin0000002").await.refused(404);
        user.delete("/organisationUnits/Clin0000002").await.refused(404);
        user.send("PUT", "/organisationUnits/Clin0000002", &clinic).await.refused(404);
        assert_eq!(user.get("/organisationUnits/Dist0000002?fields=children~size,leaf").await.ok(), json!({"children": 0, "leaf": true}));
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_object_is_told() {
    let (_sim, user) = velu("2.42").await;
    user.post("/dataElements", element("ElemCases01", "CASES")).await.ok();
    let changed = |change: Value| {
        let mut object = element("ElemDeaths1", "DEATHS");
        object.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        object
    };
    let check = async |plural: &str, object: Value, expected: &[&str]| {
        let answer = user.post(&format!("/{plural}"), object.clone()).await;
        assert_eq!(codes(&answer.clone().refused(409)), expected, "{object} {answer:?}");
    };
    check("dataElements", changed(json!({"name": null})), &["E4000"]).await;
    check("dataElements", changed(json!({"shortName": "  ", "valueType": null})), &["E4000", "E4000"]).await;
    check("dataElements", changed(json!({"shortName": "x".repeat(51)})), &["E4001"]).await;
    check("dataElements", changed(json!({"code": "CASES"})), &["E5003"]).await;
    check("dataElements", changed(json!({"id": "short"})), &["E4014"]).await;
    check("dataElements", element("ElemCases01", "CASES2"), &["E5000"]).await;
    check("dataElements", changed(json!({"optionSet": {"id": "NoSuchSet01"}})), &["E5002"]).await;
    check("dataElements", changed(json!({"attributeValues": [{"attribute": {"id": "Registry001"}, "value": "1"}]})), &["E4010"]).await;
    check("organisationUnits", unit("Clin0000009", "Nowhere", Some("Dist0000009")), &["E5002"]).await;
    let mut closed = unit("Clin0000009", "Closed", Some("Dist0000001"));
    closed["closedDate"] = json!("2009-12-31");
    check("organisationUnits", closed, &["E4013"]).await;
    let answer = user.post("/dataElements", changed(json!({"valueType": "WHOLE"}))).await;
    answer.refused(400);
    user.post("/dataElements", json!([1])).await.refused(400);
    user.send_as("POST", "/dataElements", "text/plain", "x").await.refused(415);
    user.send_as("POST", "/dataElements", "application/json", "{").await.refused(400);
    assert_eq!(user.get("/dataElements?fields=id&paging=false").await.ok()["dataElements"], json!([{"id": "ElemCases01"}]));
}

#[tokio::test]
async fn a_unit_is_never_below_itself() {
    let (_sim, user) = velu("2.42").await;
    let mut land = unit("Land0000001", "Velu", Some("Clin0000001"));
    let body = user.send("PUT", "/organisationUnits/Land0000001", &land).await.refused(409);
    assert_eq!(codes(&body), ["E4027"]);
    land["parent"] = json!({"id": "Land0000001"});
    user.send("PUT", "/organisationUnits/Land0000001", &land).await.refused(409);
}

#[tokio::test]
async fn the_whole_branch_moves_with_its_root() {
    let (_sim, user) = velu("2.43").await;
    user.send("PUT", "/organisationUnits/Dist0000001", &unit("Dist0000001", "Aro", Some("Dist0000002"))).await.ok();
    let below = user.get("/organisationUnits/Clin0000001?fields=path,level").await.ok();
    assert_eq!(below, json!({"path": "/Land0000001/Dist0000002/Dist0000001/Clin0000001", "level": 4}));
    assert_eq!(user.get("/organisationUnits/Dist0000002?fields=leaf").await.ok(), json!({"leaf": false}));
}

#[tokio::test]
async fn the_value_of_a_unique_attribute_is_given_once() {
    let (_sim, user) = velu("2.42").await;
    let with = |id: &str, value: &str| {
        let mut unit = unit(id, id, Some("Dist0000001"));
        unit["attributeValues"] = json!([{"attribute": {"id": "Registry001"}, "value": value}]);
        unit
    };
    user.post("/organisationUnits", with("Clin0000002", "R-1")).await.ok();
    assert_eq!(codes(&user.post("/organisationUnits", with("Clin0000003", "R-1")).await.refused(409)), ["E4009"]);
    user.send("PUT", "/organisationUnits/Clin0000002", &with("Clin0000002", "R-1")).await.ok();
    user.post("/organisationUnits", with("Clin0000003", "R-2")).await.ok();
    let twins = json!({"organisationUnits": [with("Clin0000004", "R-4"), with("Clin0000005", "R-4")]});
    let answer = user.post("/metadata", twins).await.refused(409);
    assert_eq!(import_codes(&answer["response"]), ["E4009"]);
    let swap = json!({"organisationUnits": [with("Clin0000002", "R-2"), with("Clin0000003", "R-1")]});
    assert_eq!(stats(&user.post("/metadata", swap).await.ok()["response"]), "0/2/0/0");
}

#[tokio::test]
async fn collections_are_changed_from_both_sides() {
    let (sim, user) = velu("2.42").await;
    let group = json!({"id": "GroupUnits1", "name": "Posts", "shortName": "Posts", "organisationUnits": []});
    user.post("/organisationUnitGroups", group).await.ok();
    let members = async || sim.object("organisationUnitGroups", "GroupUnits1").expect("the group")["organisationUnits"].clone();
    let body = user.post("/organisationUnitGroups/GroupUnits1/organisationUnits/Clin0000001", Value::Null).await.ok();
    assert_eq!(body["response"]["stats"]["updated"], 1);
    assert_eq!(members().await, json!([{"id": "Clin0000001"}]));
    let again = user.post("/organisationUnitGroups/GroupUnits1/organisationUnits/Clin0000001", Value::Null).await.ok();
    assert_eq!(again["response"]["stats"]["updated"], 0);
    user.post("/organisationUnits/Dist0000001/organisationUnitGroups/GroupUnits1", Value::Null).await.ok();
    assert_eq!(members().await, json!([{"id": "Clin0000001"}, {"id": "Dist0000001"}]));
    let change = json!({"additions": [{"id": "Dist0000002"}], "deletions": [{"id": "Clin0000001"}]});
    user.post("/organisationUnitGroups/GroupUnits1/organisationUnits", change).await.ok();
    assert_eq!(members().await, json!([{"id": "Dist0000001"}, {"id": "Dist0000002"}]));
    let only = json!({"identifiableObjects": [{"id": "Land0000001"}]});
    user.send("PUT", "/organisationUnitGroups/GroupUnits1/organisationUnits", &only).await.ok();
    assert_eq!(members().await, json!([{"id": "Land0000001"}]));
    user.delete("/organisationUnitGroups/GroupUnits1/organisationUnits/Land0000001").await.ok();
    assert_eq!(members().await, json!([]));
    user.post("/organisationUnits/Dist0000002/children/Clin0000001", Value::Null).await.ok();
    assert_eq!(user.get("/organisationUnits/Clin0000001?fields=path").await.ok()["path"], "/Land0000001/Dist0000002/Clin0000001");
    user.delete("/organisationUnits/Dist0000002/children/Clin0000001").await.refused(409);
    user.post("/organisationUnitGroups/GroupUnits1/organisationUnits/Clin0000009", Value::Null).await.refused(404);
    user.post("/organisationUnitGroups/GroupUnits1/noSuchThing/Clin0000001", Value::Null).await.refused(404);
    user.post("/organisationUnits/Clin0000001/parent/Dist0000001", Value::Null).await.refused(409);
}

#[tokio::test]
async fn a_document_is_written_whole_or_not_at_all() {
    for release in releases() {
        let (sim, user) = velu(release).await;
        let good = json!({"dataElements": [element("ElemCases01", "CASES")], "organisationUnits": [unit("Clin0000002", "Dahlia", Some("Dist0000001"))]});
        let dry = user.post("/metadata?importMode=VALIDATE", good.clone()).await.ok();
        assert_eq!(stats(&dry["response"]), "2/0/0/0", "{release}");
        assert!(sim.object("dataElements", "ElemCases01").is_none(), "a dry run writes nothing");
        let answer = user.post("/metadata", good.clone()).await.ok();
        assert_eq!(
            (&answer["httpStatusCode"], &answer["status"], &answer["response"]["responseType"]),
            (&json!(200), &json!("OK"), &json!("ImportReport"))
        );
        assert_eq!(stats(&answer["response"]), "2/0/0/0", "{release}");
        let classes: Vec<&Value> = answer["response"]["typeReports"].as_array().expect("types").iter().map(|one| &one["klass"]).collect();
        assert_eq!(classes, ["org.hisp.dhis.organisationunit.OrganisationUnit", "org.hisp.dhis.dataelement.DataElement"]);
        assert_eq!(stats(&user.post("/metadata", good).await.ok()["response"]), "0/2/0/0", "{release}");

        let mixed = json!({"organisationUnits": [unit("Clin0000003", "Elder", Some("Dist0000001")), unit("Clin0000004", "Fir", Some("NoSuchUnit1"))]});
        let answer = user.post("/metadata", mixed.clone()).await.refused(409);
        assert_eq!((&answer["status"], stats(&answer["response"]).as_str()), (&json!("ERROR"), "0/0/0/2"), "{release}");
        assert_eq!(import_codes(&answer["response"]), ["E5002"]);
        assert_eq!(answer["response"]["typeReports"][0]["objectReports"][0]["index"], 1);
        assert!(sim.object("organisationUnits", "Clin0000003").is_none());
        let answer = user.post("/metadata?atomicMode=NONE", mixed).await.refused(409);
        assert_eq!((&answer["status"], stats(&answer["response"]).as_str()), (&json!("WARNING"), "1/0/0/1"), "{release}");
        assert!(sim.object("organisationUnits", "Clin0000003").is_some() && sim.object("organisationUnits", "Clin0000004").is_none());
    }
}

#[tokio::test]
async fn what_follows_a_refused_object_is_refused_too() {
    let (sim, user) = velu("2.42").await;
    let mut nameless = unit("Dist0000003", "Gum", Some("Land0000001"));
    nameless.as_object_mut().expect("an object").remove("name");
    let units = json!({"organisationUnits": [unit("Clin0000005", "Hazel", Some("Clin0000004")), unit("Clin0000004", "Fir", Some("Dist0000003")), nameless]});
    let answer = user.post("/metadata?atomicMode=NONE", units).await.refused(409);
    assert_eq!(stats(&answer["response"]), "0/0/0/3");
    assert_eq!(import_codes(&answer["response"]), ["E5002", "E5002", "E4000"]);
    assert!(sim.object("organisationUnits", "Clin0000005").is_none());
}

#[tokio::test]
async fn the_body_is_unwrapped_on_old_paths_of_old_releases() {
    let good = || json!({"organisationUnits": [unit("Clin0000002", "Dahlia", Some("Dist0000001"))]});
    let bad = || json!({"organisationUnits": [unit("Clin0000003", "Elder", Some("NoSuchUnit1"))]});
    for (release, plain) in [("2.38", true), ("2.40", true), ("2.41", true), ("2.42", false), ("2.43", false)] {
        let (_sim, user) = velu(release).await;
        let answers: [Answer; 2] = [user.post("/37/metadata", good()).await, user.post("/37/metadata", bad()).await];
        if plain {
            assert_eq!(
                answers.each_ref().map(|answer| (answer.status, answer.body["status"].as_str().unwrap_or_default())),
                [(200, "OK"), (200, "ERROR")],
                "{release}"
            );
            assert_eq!(stats(&answers[0].body), "1/0/0/0");
        } else {
            assert_eq!(
                answers.each_ref().map(|answer| (answer.status, answer.body["response"]["status"].as_str().unwrap_or_default())),
                [(200, "OK"), (409, "ERROR")],
                "{release}"
            );
        }
        assert_eq!(user.post("/38/metadata", bad()).await.status, 409, "{release}");
    }
}

#[tokio::test]
async fn objects_are_found_by_identifier_code_or_either() {
    let (sim, user) = velu("2.42").await;
    user.post("/dataElements", element("ElemCases01", "CASES")).await.ok();
    let renamed = |id: Option<&str>, code: &str, name: &str| {
        let mut object = element("ElemCases01", code);
        object["name"] = json!(name);
        match id {
            Some(id) => object["id"] = json!(id),
            None => drop(object.as_object_mut().expect("an object").remove("id")),
        }
        json!({"dataElements": [object]})
    };
    let name = || sim.object("dataElements", "ElemCases01").expect("the element")["name"].clone();
    let check = async |query: &str, document: Value, status: u16, counted: &str, found: &[&str]| {
        let answer = user.post(&format!("/metadata?{query}"), document).await;
        assert_eq!(answer.status, status, "{query} {answer:?}");
        assert_eq!(
            (stats(&answer.body["response"]).as_str(), import_codes(&answer.body["response"])),
            (counted, found.to_vec()),
            "{query}"
        );
    };
    check("identifier=CODE", renamed(None, "CASES", "By code"), 200, "0/1/0/0", &[]).await;
    assert_eq!(name(), "By code");
    check("identifier=UID", renamed(None, "CASES", "x"), 409, "0/0/0/1", &["E5003"]).await;
    check("identifier=AUTO", renamed(None, "CASES", "By either"), 200, "0/1/0/0", &[]).await;
    check("identifier=AUTO", renamed(Some("ElemCases01"), "CASES_NEW", "By id"), 200, "0/1/0/0", &[]).await;
    assert_eq!(name(), "By id");
    check("importStrategy=CREATE", renamed(Some("ElemCases01"), "CASES", "x"), 409, "0/0/0/1", &["E5000"]).await;
    check("importStrategy=UPDATE", renamed(Some("ElemOther01"), "OTHER", "x"), 409, "0/0/0/1", &["E5001"]).await;
    check("importStrategy=UPDATE&identifier=CODE", renamed(None, "CASES_NEW", "Last"), 200, "0/1/0/0", &[]).await;
    assert_eq!(name(), "Last");
    let by_code =
        json!({"dataElementGroups": [{"name": "All", "shortName": "All", "code": "ALL", "dataElements": [{"code": "CASES_NEW"}]}]});
    check("identifier=CODE", by_code, 200, "1/0/0/0", &[]).await;
    let listed = user.get("/dataElementGroups?fields=dataElements").await.ok();
    assert_eq!(listed["dataElementGroups"], json!([{"dataElements": [{"id": "ElemCases01"}]}]));
    let twice = json!({"dataElements": [element("ElemTwice01", "T1"), element("ElemTwice01", "T2")]});
    check("", twice, 409, "0/0/0/2", &["E5004"]).await;
    for wrong in ["importStrategy=SOME", "identifier=NAME", "atomicMode=FEW", "importMode=TRY"] {
        user.post(&format!("/metadata?{wrong}"), json!({})).await.refused(400);
    }
    user.post("/metadata?async=true", json!({})).await.refused(501);
    user.send_as("POST", "/metadata", "application/xml", "<metadata/>").await.refused(501);
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let (sim, user) = velu("2.42").await;
    let set = json!({"optionSets": [{"id": "OptionSet01", "name": "Levels", "valueType": "TEXT", "options": [{"id": "OptionHigh1"}, {"id": "OptionLow01"}]}],
        "options": [{"id": "OptionHigh1", "name": "High", "code": "HIGH"}, {"id": "OptionLow01", "name": "Low", "code": "LOW"}]});
    user.post("/metadata", set).await.ok();
    let mut using = element("ElemLevel01", "LEVEL");
    using["optionSet"] = json!({"id": "OptionSet01"});
    let group = json!({"id": "GroupElem01", "name": "All", "shortName": "All", "dataElements": [{"id": "ElemLevel01"}]});
    user.post("/metadata", json!({"dataElements": [using], "dataElementGroups": [group]})).await.ok();
    for path in ["/organisationUnits/Dist0000001", "/optionSets/OptionSet01", "/categoryCombos/bjDvmb4bfuf"] {
        assert_eq!(user.delete(path).await.refused(409)["errorCode"], "E4030", "{path}");
    }
    user.delete("/dataElements/ElemLevel01").await.ok();
    assert_eq!(sim.object("dataElementGroups", "GroupElem01").expect("the group")["dataElements"], json!([]), "it has left its groups");
    user.delete("/optionSets/OptionSet01").await.ok();
    let gone = json!({"organisationUnits": [{"id": "Clin0000001"}, {"id": "Dist0000002"}]});
    assert_eq!(stats(&user.post("/metadata?importStrategy=DELETE", gone).await.ok()["response"]), "0/0/2/0");
    sim.clock().advance(Duration::from_hours(24));
    user.delete("/organisationUnits/Dist0000001").await.ok();

    let removed = async |query: &str| {
        let body = user.get(&format!("/deletedObjects?{query}")).await.ok();
        body["deletedObjects"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|one| one["uid"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(removed("klass=OrganisationUnit").await, ["Clin0000001", "Dist0000002", "Dist0000001"]);
    assert_eq!(removed("klass=OrganisationUnit&deletedAt=2026-06-16").await, ["Dist0000001"]);
    assert_eq!(removed("klass=DataElement,OptionSet").await, ["ElemLevel01", "OptionSet01"]);
    assert_eq!(removed("uid=Clin0000001").await, ["Clin0000001"]);
    assert_eq!(user.get("/deletedObjects?pageSize=2").await.ok()["pager"], json!({"page": 1, "total": 5, "pageSize": 2, "pageCount": 3}));
    let first = user.get("/deletedObjects?klass=DataElement").await.ok()["deletedObjects"][0].clone();
    assert_eq!(
        first,
        json!({"klass": "DataElement", "uid": "ElemLevel01", "code": "LEVEL", "deletedAt": "2026-06-15T09:00:00.000", "deletedBy": "admin"})
    );
    user.get("/deletedObjects?deletedAt=lately").await.refused(400);
}

#[tokio::test]
async fn a_unit_with_data_stays() {
    let (_sim, user) = start(Options::for_tests("2.42").with_country()).await;
    let unit = user.get("/organisationUnits?filter=code:eq:F0001&fields=id").await.ok()["organisationUnits"][0]["id"].clone();
    let unit = unit.as_str().expect("an identifier");
    let data =
        json!({"dataSet": "MonthlyServ", "period": "202605", "orgUnit": unit, "dataValues": [{"dataElement": "DELIVERIES", "value": "4"}]});
    user.post("/dataValueSets?dataElementIdScheme=CODE", data).await.ok();
    assert_eq!(user.delete(&format!("/organisationUnits/{unit}")).await.refused(409)["errorCode"], "E4030");
}

#[tokio::test]
async fn only_those_with_authority_write() {
    let clerk = Account::new("clerk", "x", &["F_DATAELEMENT_PUBLIC_ADD", "F_METADATA_IMPORT"]).with_token("d2pat_clerk");
    let reader = Account::new("reader", "x", &[]).with_token("d2pat_reader");
    let (_sim, user) = start(Options::for_tests("2.42").with_metadata(land()).with_user(clerk).with_user(reader)).await;
    let (clerk, reader) = (user.other(&token("d2pat_clerk")), user.other(&token("d2pat_reader")));
    clerk.post("/dataElements", element("ElemCases01", "CASES")).await.ok();
    assert_eq!(clerk.post("/organisationUnits", unit("Clin0000002", "Dahlia", None)).await.refused(403)["errorCode"], "E3000");
    assert_eq!(reader.send("PUT", "/dataElements/ElemCases01", &element("ElemCases01", "CASES")).await.refused(403)["errorCode"], "E3001");
    assert_eq!(clerk.delete("/dataElements/ElemCases01").await.refused(403)["errorCode"], "E3002");
    reader.post("/metadata", json!({})).await.refused(403);
    reader.get("/metadata").await.refused(403);
    let answer = clerk.post("/metadata", json!({"organisationUnits": [unit("Clin0000002", "Dahlia", None)]})).await.refused(409);
    assert_eq!(import_codes(&answer["response"]), ["E3000"]);
    let access = reader.get("/dataElements/ElemCases01?fields=access").await.ok()["access"].clone();
    assert_eq!(
        (&access["read"], &access["data"]["write"]),
        (&json!(true), &json!(false)),
        "what was made through the API is not open for data"
    );
}

#[tokio::test]
async fn option_combos_follow_their_categories() {
    let (sim, user) = velu("2.42").await;
    let option = |id: &str, name: &str| json!({"id": id, "name": name, "shortName": name, "code": name});
    let document = |options: &[&str]| {
        json!({
            "categoryOptions": [option("OptionYoung", "Young"), option("OptionOld01", "Old"), option("OptionAny01", "Any")],
            "categories": [{"id": "CategoryAge", "name": "Age", "shortName": "Age", "dataDimensionType": "DISAGGREGATION", "categoryOptions": options.iter().map(|id| json!({"id": id})).collect::<Value>()}],
            "categoryCombos": [{"id": "ComboAge001", "name": "Age", "categories": [{"id": "CategoryAge"}]}],
        })
    };
    let names = async || {
        let body = user.get("/categoryOptionCombos?filter=categoryCombo.id:eq:ComboAge001&fields=id,name&paging=false").await.ok();
        let list = body["categoryOptionCombos"].as_array().expect("a list").clone();
        list.iter().map(|one| (one["name"].as_str().unwrap_or_default().to_owned(), one["id"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(stats(&user.post("/metadata", document(&["OptionYoung", "OptionOld01"])).await.ok()["response"]), "5/0/0/0");
    let before = names().await;
    assert_eq!(before.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), ["Old", "Young"]);
    user.post("/metadata", document(&["OptionYoung", "OptionOld01", "OptionAny01"])).await.ok();
    let after = names().await;
    assert_eq!(after.len(), 3);
    assert!(before.iter().all(|one| after.contains(one)), "those that stay keep their identifiers");
    let model = sim.model();
    let combo = "ComboAge001".parse().expect("an identifier");
    let options = ["OptionOld01".parse().expect("an identifier")].into_iter().collect();
    assert_eq!(model.option_combo(combo, &options).map(|one| one.identity.name.as_str()), Some("Old"));
}

#[tokio::test]
async fn metadata_go_out_and_come_in_again() {
    let (_sim, user) = start(Options::for_tests("2.42").with_country()).await;
    let out = user.get("/metadata?defaults=EXCLUDE&skipSharing=true&dataElements=true&dataSets=true&organisationUnits=true&attributes=true&organisationUnitGroups:fields=id,name,organisationUnits&categories=true&categoryOptions=true&categoryCombos=true&categoryOptionCombos=true&optionSets=true&options=true").await.ok();
    assert_eq!(out["system"]["version"], "2.42.5.2");
    assert!(out.get("organisationUnitLevels").is_none() && out["dataElements"][0].get("sharing").is_none());
    assert!(out["categoryCombos"].as_array().expect("a list").iter().all(|one| one["id"] != default::COMBO));
    let (copy, other) = start(Options::for_tests("2.42")).await;
    let mut document = out.clone();
    document.as_object_mut().expect("an object").remove("organisationUnitGroups");
    let answer = other.post("/metadata", document).await.ok();
    assert_eq!(answer["response"]["stats"]["ignored"], 0);
    let list = |body: &Value, plural: &str| body[plural].as_array().map(Vec::len);
    let again = other.get("/metadata?defaults=EXCLUDE&dataElements=true&dataSets:fields=id&categoryOptionCombos=true").await.ok();
    for plural in ["dataElements", "dataSets", "categoryOptionCombos"] {
        assert_eq!(list(&again, plural), list(&out, plural), "{plural}");
    }
    assert_eq!(copy.model().org_units.len(), list(&out, "organisationUnits").expect("units"));
    let one = user.get(&format!("/metadata?dataSets:filter={}", encode("code:eq:WEEKLY"))).await.ok();
    assert_eq!(list(&one, "dataSets"), Some(1));
}

#[tokio::test]
async fn kinds_describe_themselves() {
    let (_sim, user) = velu("2.42").await;
    let all = user.get("/schemas").await.ok();
    assert!(all["schemas"].as_array().is_some_and(|list| list.len() > 20));
    let schema = user.get("/schemas/dataElement").await.ok();
    assert_eq!((&schema["plural"], &schema["klass"]), (&json!("dataElements"), &json!("org.hisp.dhis.dataelement.DataElement")));
    let property =
        |name: &str| schema["properties"].as_array().expect("a list").iter().find(|one| one["name"] == name).cloned().unwrap_or_default();
    assert_eq!((&property("shortName")["required"], &property("shortName")["max"]), (&json!(true), &json!(50)));
    assert_eq!((&property("categoryCombo")["propertyType"], &property("dataSetElements")["owner"]), (&json!("REFERENCE"), &json!(false)));
    assert!(property("valueType")["constants"].as_array().is_some_and(|words| words.len() == 28));
    user.get("/schemas/noSuchThing").await.refused(404);
    user.post("/schemas/dataElement", json!({})).await.refused(501);
}

/// The public samples lie beside the project, or where `KIVUKO_REAL_DATA` says.
#[tokio::test]
async fn the_public_samples_go_through_the_api() {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let dir = std::env::var_os("KIVUKO_REAL_DATA").map_or(beside, PathBuf::from).join("dhis2");
    if !dir.is_dir() {
        println!("the samples of DHIS2 are left out: {} is not there", dir.display());
        return;
    }
    for release in releases() {
        let (_sim, user) = start(Options::for_tests(release)).await;
        let post = async |file: &str, query: &str| {
            let text = std::fs::read_to_string(dir.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
            let document: Value = serde_json::from_str(&text).expect("JSON");
            user.post(&format!("/metadata{query}"), document).await
        };
        let report = post("metadata/category_and_categorycombo.json", "").await.ok()["response"].clone();
        assert_eq!(stats(&report), "43/0/0/0", "{release}");
        let report = post("orgunits/ou_with_group_and_set.json", "").await.ok()["response"].clone();
        assert_eq!(stats(&report), "4/0/0/0", "{release}");
        // Its data sets name org units that are not in the file.
        let answer = post("metadata/aggregate_metadata.json", "?atomicMode=NONE").await;
        assert_eq!(stats(&answer.clone().refused(409)["response"]), "145/0/0/2", "{release}");
        for code in import_codes(&answer.body["response"]) {
            assert_eq!(code, "E5002", "{release} {}", answer.body);
        }
    }
}

#[tokio::test]
async fn an_option_combo_that_values_name_stays() {
    let (sim, user) = start(Options::for_tests("2.42").with_country()).await;
    let unit = user.get("/organisationUnits?filter=code:eq:F0001&fields=id").await.ok()["organisationUnits"][0]["id"].clone();
    let element = user.get("/dataElements?filter=code:eq:OPD_VISITS&fields=id,categoryCombo[categoryOptionCombos[id,name]]").await.ok()["dataElements"][0].clone();
    let combos = element["categoryCombo"]["categoryOptionCombos"].as_array().expect("a list").clone();
    let female = |age: &str| combos.iter().find(|one| one["name"] == format!("{age}, Female")).expect("a combo")["id"].clone();
    let (used, unused) = (female("5-14 years"), female("15-49 years"));
    let value = json!({"dataElement": element["id"], "period": "202605", "orgUnit": unit, "categoryOptionCombo": used, "value": "4"});
    user.post("/dataValueSets", json!({"dataValues": [value]})).await.ok();
    let patch = json!([{"op": "remove-by-id", "path": "/categoryOptions", "id": "OptAge00514"}, {"op": "remove-by-id", "path": "/categoryOptions", "id": "OptAge01549"}]);
    user.send_as("PATCH", "/categories/CategoryAge", "application/json-patch+json", patch.to_string()).await.ok();
    let there = |id: &Value| sim.object("categoryOptionCombos", id.as_str().unwrap_or_default()).is_some();
    assert_eq!((there(&used), there(&unused)), (true, false));
}

#[tokio::test]
async fn no_circle_comes_in_by_one_document() {
    for release in releases() {
        let (_sim, user) = velu(release).await;
        let document = json!({"organisationUnits": [unit("Dist0000001", "Aro", Some("Dist0000002")), unit("Dist0000002", "Bero", Some("Dist0000001"))]});
        let answer = user.post("/metadata?atomicMode=NONE", document).await;
        assert_eq!(import_codes(&answer.refused(409)["response"]), ["E4027", "E4027"], "{release}");
        assert_eq!(user.get("/organisationUnits/Clin0000001?fields=path").await.ok()["path"], "/Land0000001/Dist0000001/Clin0000001");
    }
}

#[tokio::test]
async fn what_is_no_shape_refuses_the_document() {
    let (_sim, user) = velu("2.42").await;
    for shape in [json!("POINT(1 2)"), json!({"lat": 1, "lng": 2}), json!({"type": "Point"})] {
        let mut clinic = unit("Clin0000002", "Dahlia", Some("Dist0000001"));
        clinic["geometry"] = shape;
        user.post("/metadata", json!({"organisationUnits": [clinic]})).await.refused(400);
    }
}

#[tokio::test]
async fn options_stand_in_their_set_in_their_order_once() {
    for release in releases() {
        let (sim, user) = velu(release).await;
        let option = |id: &str, code: &str, order: i64| json!({"id": id, "code": code, "name": code, "sortOrder": order, "optionSet": {"id": "SetOfWater1"}});
        let set = json!({"id": "SetOfWater1", "name": "Water", "valueType": "TEXT"});
        user.post(
            "/metadata",
            json!({"optionSets": [set], "options": [option("OptionWell1", "WELL", 1), option("OptionTap01", "TAP", 9)]}),
        )
        .await
        .ok();
        let read = async || user.get("/optionSets/SetOfWater1?fields=version,options[code,sortOrder]").await.ok();
        let there = read().await;
        assert_eq!(there["options"], json!([{"code": "WELL", "sortOrder": 1}, {"code": "TAP", "sortOrder": 2}]), "{release}");
        user.post("/options", option("OptionRain1", "RAIN", 1)).await.ok();
        let now = read().await;
        assert_eq!(
            now["options"],
            json!([{"code": "WELL", "sortOrder": 1}, {"code": "RAIN", "sortOrder": 2}, {"code": "TAP", "sortOrder": 3}]),
            "{release}"
        );
        assert_eq!(now["version"].as_i64(), there["version"].as_i64().map(|version| version + 1), "{release}");
        let body = user.post("/options", option("OptionTwin1", "TAP", 3)).await.refused(409);
        assert_eq!(codes(&body), ["E4028"], "{release}");
        assert!(sim.object("options", "OptionTwin1").is_none());
    }
}

#[tokio::test]
async fn an_account_captures_where_its_object_says() {
    for release in releases() {
        let key = "d2pat_userusersusersusersusersuseruser0000000001";
        let account = Account::new("nurse", "Market-9", &["F_USER_ADD"]).with_token(key).capturing(&["Dist0000001"]);
        let (_sim, user) = start(Options::for_tests(release).with_metadata(land()).with_user(account)).await;
        let nurse = user.other(&token(key));
        let me = nurse.get("/me?fields=id").await.ok()["id"].as_str().expect("an id").to_owned();
        nurse.post(&format!("/users/{me}/organisationUnits"), json!({"additions": [{"id": "Dist0000002"}], "deletions": []})).await.ok();
        let units = nurse.get("/me?fields=organisationUnits[id]").await.ok();
        assert_eq!(units["organisationUnits"], json!([{"id": "Dist0000001"}, {"id": "Dist0000002"}]), "{release}");
    }
}

#[tokio::test]
async fn programs_are_objects_that_units_belong_to() {
    let (_sim, user) = velu("2.42").await;
    let program = json!({"id": "ProgMalaria", "name": "Malaria", "shortName": "Malaria", "programType": "WITH_REGISTRATION"});
    user.post("/programs", program).await.ok();
    user.post("/programs/ProgMalaria/organisationUnits", json!({"additions": [{"id": "Clin0000001"}]})).await.ok();
    assert_eq!(user.get("/organisationUnits/Clin0000001?fields=programs[id]").await.ok()["programs"], json!([{"id": "ProgMalaria"}]));
}
