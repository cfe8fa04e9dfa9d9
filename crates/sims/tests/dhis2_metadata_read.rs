//! Lists and objects of metadata: which are shown, what of them, in which order, on which page.

#[path = "support/dhis2.rs"]
mod dhis2;

use dhis2::{Answer, User, encode, releases, start, token};
use kivuko_sims::dhis2::{Options, default};
use serde_json::{Value, json};

/// A district with three clinics, a disaggregated element and a data set. Names are invented.
fn country() -> Value {
    let unit = |id: &str, name: &str, parent: Option<&str>| {
        let mut unit = json!({"id": id, "name": name, "shortName": name, "openingDate": "2010-01-01", "code": format!("C_{id}")});
        if let Some(parent) = parent {
            unit["parent"] = json!({"id": parent});
        }
        unit
    };
    let mut units = vec![
        unit("Land0000001", "Velu", None),
        unit("Dist0000001", "Aro", Some("Land0000001")),
        unit("Clin0000001", "Beka Clinic", Some("Dist0000001")),
        unit("Clin0000002", "alder Clinic", Some("Dist0000001")),
        unit("Clin0000003", "Cedar Hospital", Some("Dist0000001")),
    ];
    units[2]["geometry"] = json!({"type": "Point", "coordinates": [31.5, -4.25]});
    units[2]["attributeValues"] = json!([{"attribute": {"id": "Registry001"}, "value": "R-17"}]);
    units[2]["lastUpdated"] = json!("2026-05-01T08:00:00.000");
    units[3]["closedDate"] = json!("2020-12-31");
    units[3].as_object_mut().expect("an object").remove("code");
    json!({
        "organisationUnits": units,
        "attributes": [{"id": "Registry001", "name": "Registry number", "valueType": "TEXT", "unique": true, "organisationUnitAttribute": true}],
        "categoryOptions": [
            {"id": "OptFemale01", "name": "Female", "shortName": "F", "code": "F"}, {"id": "OptMale0001", "name": "Male", "shortName": "M", "code": "M"},
            {"id": "OptUnder501", "name": "0-4", "shortName": "0-4", "code": "U5"}, {"id": "OptFiveUp01", "name": "5+", "shortName": "5+", "code": "5P"},
        ],
        "categories": [
            {"id": "CatSex00001", "name": "Sex", "shortName": "Sex", "dataDimensionType": "DISAGGREGATION", "categoryOptions": [{"id": "OptFemale01"}, {"id": "OptMale0001"}]},
            {"id": "CatAge00001", "name": "Age", "shortName": "Age", "dataDimensionType": "DISAGGREGATION", "categoryOptions": [{"id": "OptUnder501"}, {"id": "OptFiveUp01"}]},
        ],
        "categoryCombos": [{"id": "ComboAgeSex", "name": "Age and sex", "dataDimensionType": "DISAGGREGATION", "categories": [{"id": "CatAge00001"}, {"id": "CatSex00001"}]}],
        "dataElements": [
            {"id": "ElemCases01", "name": "Cases", "shortName": "Cases", "code": "CASES", "valueType": "INTEGER_ZERO_OR_POSITIVE", "domainType": "AGGREGATE",
             "aggregationType": "SUM", "zeroIsSignificant": true, "categoryCombo": {"id": "ComboAgeSex"},
             "translations": [{"property": "NAME", "locale": "fr", "value": "Cas"}]},
            {"id": "ElemDeaths1", "name": "Deaths", "shortName": "Deaths", "code": "DEATHS", "valueType": "INTEGER", "domainType": "AGGREGATE",
             "aggregationType": "SUM", "categoryCombo": {"id": default::COMBO}},
        ],
        "dataSets": [{"id": "SetWeekly01", "name": "Weekly report", "shortName": "Weekly", "periodType": "Weekly", "categoryCombo": {"id": default::COMBO},
            "organisationUnits": [{"id": "Clin0000001"}, {"id": "Clin0000003"}],
            "dataSetElements": [{"dataElement": {"id": "ElemCases01"}}, {"dataElement": {"id": "ElemDeaths1"}, "categoryCombo": {"id": "ComboAgeSex"}}]}],
        "dataElementGroups": [{"id": "GroupDisea1", "name": "Diseases", "shortName": "Diseases", "dataElements": [{"id": "ElemCases01"}]}],
    })
}

async fn velu(release: &str) -> (kivuko_sims::dhis2::Dhis2Sim, User) {
    start(Options::for_tests(release).with_metadata(country())).await
}

fn ids(body: &Value, plural: &str) -> Vec<String> {
    let list = body[plural].as_array().unwrap_or_else(|| panic!("a list of {plural} in {body}"));
    list.iter().map(|item| item["id"].as_str().expect("an identifier").to_owned()).collect()
}

#[tokio::test]
async fn what_is_shown_is_what_was_asked_for() {
    let (_sim, user) = velu("2.42").await;
    let check = async |path: &str, expected: Value| assert_eq!(user.get(path).await.ok(), expected, "{path}");
    check(
        "/organisationUnits/Clin0000001?fields=id,name,code",
        json!({"id": "Clin0000001", "name": "Beka Clinic", "code": "C_Clin0000001"}),
    )
    .await;
    check("/organisationUnits/Clin0000002?fields=id,code,closedDate", json!({"id": "Clin0000002", "closedDate": "2020-12-31"})).await;
    check(
        "/organisationUnits/Clin0000001?fields=path,level,leaf",
        json!({"path": "/Land0000001/Dist0000001/Clin0000001", "level": 3, "leaf": true}),
    )
    .await;
    check("/organisationUnits/Clin0000001?fields=parent", json!({"parent": {"id": "Dist0000001"}})).await;
    check(
        "/organisationUnits/Clin0000001?fields=parent[name,parent[code]]",
        json!({"parent": {"name": "Aro", "parent": {"code": "C_Land0000001"}}}),
    )
    .await;
    check(
        "/organisationUnits/Clin0000001?fields=ancestors[name],dataSets[id,name]",
        json!({"ancestors": [{"name": "Velu"}, {"name": "Aro"}], "dataSets": [{"id": "SetWeekly01", "name": "Weekly report"}]}),
    )
    .await;
    check(
        "/organisationUnits/Clin0000001?fields=Registry001,attributeValues[attribute[name],value]",
        json!({"Registry001": "R-17", "attributeValues": [{"attribute": {"name": "Registry number"}, "value": "R-17"}]}),
    )
    .await;
    check(
        "/organisationUnits/Dist0000001?fields=children~size,name~rename(label),dataSets~isEmpty,children~pluck[name]~rename(names)",
        json!({"children": 3, "label": "Aro", "dataSets": true, "names": ["Beka Clinic", "alder Clinic", "Cedar Hospital"]}),
    )
    .await;
    check("/organisationUnits/Dist0000001?fields=children~paging(2;2)[id]", json!({"children": [{"id": "Clin0000003"}]})).await;
    check("/organisationUnits/Dist0000001?fields=children[id,name]~keyBy(id)",
        json!({"children": {"Clin0000001": [{"id": "Clin0000001", "name": "Beka Clinic"}], "Clin0000002": [{"id": "Clin0000002", "name": "alder Clinic"}], "Clin0000003": [{"id": "Clin0000003", "name": "Cedar Hospital"}]}})).await;
    check("/dataSets/SetWeekly01?fields=dataSetElements[dataElement[code],categoryCombo]",
        json!({"dataSetElements": [{"dataElement": {"code": "CASES"}}, {"dataElement": {"code": "DEATHS"}, "categoryCombo": {"id": "ComboAgeSex"}}]})).await;
    check(
        "/dataElements/ElemCases01?fields=dataSetElements[dataSet[name]],dataElementGroups[id]",
        json!({"dataSetElements": [{"dataSet": {"name": "Weekly report"}}], "dataElementGroups": [{"id": "GroupDisea1"}]}),
    )
    .await;
    check("/dataElements/ElemCases01?fields=name,displayName&locale=fr", json!({"name": "Cases", "displayName": "Cas"})).await;
    check("/dataElements/ElemCases01?fields=displayName&locale=fr&translate=false", json!({"displayName": "Cases"})).await;
    check("/dataElements/ElemDeaths1?fields=categoryCombo[name]", json!({"categoryCombo": {"name": "default"}})).await;
    check("/dataElements/ElemDeaths1?fields=id,categoryCombo&defaults=EXCLUDE", json!({"id": "ElemDeaths1"})).await;
    check("/organisationUnits/Clin0000001/parent", json!({"parent": {"id": "Dist0000001"}})).await;
    check(
        "/organisationUnits/Dist0000001/children?fields=name",
        json!({"children": [{"name": "Beka Clinic"}, {"name": "alder Clinic"}, {"name": "Cedar Hospital"}]}),
    )
    .await;
    check("/identifiableObjects/CatSex00001?fields=name", json!({"name": "Sex"})).await;
    check("/dataElements/ElemCases01.json?fields=id", json!({"id": "ElemCases01"})).await;
    check("/dataElements/ElemCases01?fields=id,noSuchThing", json!({"id": "ElemCases01"})).await;
}

#[tokio::test]
async fn presets_are_sets_of_properties() {
    let (_sim, user) = velu("2.42").await;
    let names = async |path: &str| user.get(path).await.ok().as_object().expect("an object").keys().cloned().collect::<Vec<_>>();
    assert_eq!(names("/dataElements/ElemCases01?fields=:identifiable").await, ["code", "created", "id", "lastUpdated", "name"]);
    assert_eq!(names("/dataElements/ElemCases01?fields=:nameable,!created").await, ["code", "id", "lastUpdated", "name", "shortName"]);
    let owner = names("/dataElements/ElemCases01?fields=:owner").await;
    assert!(owner.contains(&"categoryCombo".to_owned()) && !owner.contains(&"dataSetElements".to_owned()), "{owner:?}");
    let all = names("/dataElements/ElemCases01").await;
    assert!(
        ["access", "href", "dataSetElements", "displayName", "valueType"].iter().all(|name| all.contains(&(*name).to_owned())),
        "{all:?}"
    );
    assert!(!names("/dataElements/ElemCases01?fields=*,!access").await.contains(&"access".to_owned()));
    let simple = names("/dataElements/ElemCases01?fields=:simple").await;
    assert!(simple.contains(&"valueType".to_owned()) && !simple.contains(&"categoryCombo".to_owned()), "{simple:?}");
    assert_eq!(names("/organisationUnits?paging=false").await, ["organisationUnits"]);
    let first = user.get("/organisationUnits?paging=false").await.ok()["organisationUnits"][0].clone();
    assert_eq!(first, json!({"id": "Dist0000001", "displayName": "Aro"}));
}

#[tokio::test]
async fn filters_keep_what_fits() {
    let (_sim, user) = velu("2.42").await;
    let check = async |plural: &str, filters: &[&str], expected: &[&str]| {
        let filters: String = filters.iter().flat_map(|filter| ["&filter=".to_owned(), encode(filter)]).collect();
        let mut found = ids(&user.get(&format!("/{plural}?paging=false&fields=id&order=id:asc{filters}")).await.ok(), plural);
        found.retain(|id| id != default::COMBO);
        assert_eq!(found, expected, "{plural} {filters}");
    };
    let units = "organisationUnits";
    check(units, &["id:eq:Clin0000001"], &["Clin0000001"]).await;
    check(units, &["name:ieq:ALDER CLINIC"], &["Clin0000002"]).await;
    check(units, &["name:!eq:Aro", "level:le:2"], &["Land0000001"]).await;
    check(units, &["name:ne:Aro", "level:lt:3"], &["Land0000001"]).await;
    check(units, &["code:in:[C_Clin0000001,C_Clin0000003]"], &["Clin0000001", "Clin0000003"]).await;
    check(units, &["id:!in:[Clin0000001,Clin0000002,Clin0000003]"], &["Dist0000001", "Land0000001"]).await;
    check(units, &["code:null"], &["Clin0000002"]).await;
    check(units, &["closedDate:!null"], &["Clin0000002"]).await;
    check(units, &["name:like:Clinic"], &["Clin0000001", "Clin0000002"]).await;
    check(units, &["name:like:clinic"], &[]).await;
    check(units, &["name:ilike:clinic"], &["Clin0000001", "Clin0000002"]).await;
    check(units, &["name:!ilike:clinic", "level:eq:3"], &["Clin0000003"]).await;
    check(units, &["name:$like:Ce"], &["Clin0000003"]).await;
    check(units, &["name:$ilike:AL"], &["Clin0000002"]).await;
    check(units, &["name:like$:nic"], &["Clin0000001", "Clin0000002"]).await;
    check(units, &["name:ilike$:NIC"], &["Clin0000001", "Clin0000002"]).await;
    check(units, &["name:!like$:nic", "level:ge:3"], &["Clin0000003"]).await;
    check(units, &["name:token:clinic beka"], &["Clin0000001"]).await;
    check(units, &["name:!token:clinic", "level:gt:2"], &["Clin0000003"]).await;
    check(units, &["identifiable:token:cedar"], &["Clin0000003"]).await;
    check(units, &["identifiable:token:C_Dist0000001"], &["Dist0000001"]).await;
    check(units, &["parent.id:eq:Dist0000001", "Registry001:eq:R-17"], &["Clin0000001"]).await;
    check(units, &["Registry001:!null"], &["Clin0000001"]).await;
    check(units, &["parent:null"], &["Land0000001"]).await;
    check(units, &["path:like:Dist0000001", "leaf:eq:true"], &["Clin0000001", "Clin0000002", "Clin0000003"]).await;
    check(units, &["children:empty"], &["Clin0000001", "Clin0000002", "Clin0000003"]).await;
    check(units, &["children:!empty"], &["Dist0000001", "Land0000001"]).await;
    check(units, &["children:gt:1"], &["Dist0000001"]).await;
    check(units, &["dataSets.id:eq:SetWeekly01"], &["Clin0000001", "Clin0000003"]).await;
    check(units, &["lastUpdated:ge:2026-05-01T00:00:00", "lastUpdated:lt:2026-06-01"], &["Clin0000001"]).await;
    check("dataElements", &["dataSetElements.dataSet.id:eq:SetWeekly01", "zeroIsSignificant:eq:true"], &["ElemCases01"]).await;
    check("dataElements", &["categoryCombo.name:eq:default"], &["ElemDeaths1"]).await;
    check("dataElements", &["dataElementGroups.name:eq:Diseases"], &["ElemCases01"]).await;
    check("categoryCombos", &["categories.categoryOptions.code:eq:U5"], &["ComboAgeSex"]).await;
}

#[tokio::test]
async fn one_filter_is_enough_when_the_junction_is_or() {
    let (_sim, user) = velu("2.42").await;
    let both = "filter=name:eq:Aro&filter=name:eq:Velu&fields=id&paging=false";
    assert_eq!(
        ids(&user.get(&format!("/organisationUnits?{both}&rootJunction=OR")).await.ok(), "organisationUnits"),
        ["Dist0000001", "Land0000001"]
    );
    assert!(ids(&user.get(&format!("/organisationUnits?{both}")).await.ok(), "organisationUnits").is_empty());
    let found = user.get("/organisationUnits?query=cEd&fields=id").await.ok();
    assert_eq!(ids(&found, "organisationUnits"), ["Clin0000003"]);
}

#[tokio::test]
async fn a_wrong_filter_is_refused() {
    for (release, status) in [("2.38", 409), ("2.41", 409), ("2.42", 400), ("2.43", 400)] {
        let (_sim, user) = velu(release).await;
        for filter in
            ["nmae:eq:x", "name:resembles:x", "name", "name:eq", "name:in:a", "parent.nmae:eq:x", "level:eq:three", "created:gt:soon"]
        {
            let body = user.get(&format!("/organisationUnits?filter={}", encode(filter))).await.refused(status);
            assert_eq!(body["errorCode"], "E1003", "{release} {filter}");
        }
        user.get("/organisationUnits?fields=parent[id").await.refused(400);
        user.get("/organisationUnits?page=two").await.refused(400);
    }
}

#[tokio::test]
async fn lists_are_ordered_by_name_unless_asked_otherwise() {
    let (_sim, user) = velu("2.42").await;
    let check = async |order: &str, expected: &[&str]| {
        let body = user.get(&format!("/organisationUnits?fields=id,name&paging=false{order}")).await.ok();
        let names: Vec<&str> =
            body["organisationUnits"].as_array().expect("a list").iter().map(|unit| unit["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{order}");
    };
    check("", &["Aro", "Beka Clinic", "Cedar Hospital", "Velu", "alder Clinic"]).await;
    check("&order=name:iasc", &["alder Clinic", "Aro", "Beka Clinic", "Cedar Hospital", "Velu"]).await;
    check("&order=name:idesc", &["Velu", "Cedar Hospital", "Beka Clinic", "Aro", "alder Clinic"]).await;
    check("&order=id:asc", &["Beka Clinic", "alder Clinic", "Cedar Hospital", "Aro", "Velu"]).await;
    check("&order=level:desc,name:desc", &["alder Clinic", "Cedar Hospital", "Beka Clinic", "Aro", "Velu"]).await;
    check("&order=noSuchThing:asc", &["Aro", "Beka Clinic", "Cedar Hospital", "Velu", "alder Clinic"]).await;
}

#[tokio::test]
async fn pages_add_up() {
    let (sim, user) = velu("2.42").await;
    let pager = async |query: &str| user.get(&format!("/organisationUnits?fields=id{query}")).await.ok()["pager"].clone();
    assert_eq!(pager("").await, json!({"page": 1, "total": 5, "pageSize": 50, "pageCount": 1}));
    let base = sim.url();
    let second = format!("{base}/api/organisationUnits?page=2&fields=id&pageSize=2&order=id:asc");
    assert_eq!(pager("&pageSize=2&order=id:asc").await, json!({"page": 1, "total": 5, "pageSize": 2, "pageCount": 3, "nextPage": second}));
    let mut seen = Vec::new();
    for page in 1..=3 {
        seen.extend(ids(
            &user.get(&format!("/organisationUnits?fields=id&pageSize=2&order=id:asc&page={page}")).await.ok(),
            "organisationUnits",
        ));
    }
    assert_eq!(seen, ["Clin0000001", "Clin0000002", "Clin0000003", "Dist0000001", "Land0000001"]);
    assert_eq!(pager("&pageSize=2&page=3").await["prevPage"], format!("{base}/api/organisationUnits?page=2&fields=id&pageSize=2"));
    assert_eq!(pager("&pageSize=2&page=9").await["page"], 3);
    assert_eq!(pager("&paging=false").await, Value::Null);
    sim.set_host(Some("inside.example:8080"));
    let link = pager("&pageSize=4").await["nextPage"].as_str().expect("a link").to_owned();
    assert!(link.starts_with("http://inside.example:8080/api/organisationUnits?page=2"), "{link}");
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    for release in releases() {
        let (_sim, user) = velu(release).await;
        let unknown: Vec<Answer> = vec![
            user.get("/organisationUnits/Clin0000009").await,
            user.get("/organisationUnits/short").await,
            user.get("/dataElements/Clin0000001").await,
            user.get("/identifiableObjects/Clin0000009").await,
            user.get("/organisationUnits/Clin0000001/noSuchThing").await,
        ];
        for answer in unknown {
            answer.refused(404);
        }
    }
}

#[tokio::test]
async fn units_can_be_asked_for_by_their_place() {
    let clerk = kivuko_sims::dhis2::User::new("clerk", "x", &[]).capturing(&["Dist0000001"]).with_token("d2pat_clerk");
    let (_sim, user) = start(Options::for_tests("2.42").with_metadata(country()).with_user(clerk)).await;
    let clerk = user.other(&token("d2pat_clerk"));
    let check = async |user: &User, path: &str, expected: &[&str]| {
        let mut found = ids(&user.get(path).await.ok(), "organisationUnits");
        found.sort();
        assert_eq!(found, expected, "{path}");
    };
    let clinics = ["Clin0000001", "Clin0000002", "Clin0000003"];
    check(&clerk, "/organisationUnits?userOnly=true", &["Dist0000001"]).await;
    check(&clerk, "/organisationUnits?userDataViewOnly=true", &["Dist0000001"]).await;
    check(&clerk, "/organisationUnits?withinUserHierarchy=true", &["Clin0000001", "Clin0000002", "Clin0000003", "Dist0000001"]).await;
    check(&user, "/organisationUnits?level=3", &clinics).await;
    check(&user, "/organisationUnits?maxLevel=2", &["Dist0000001", "Land0000001"]).await;
    check(&user, "/organisationUnits/Dist0000001?includeDescendants=true", &["Clin0000001", "Clin0000002", "Clin0000003", "Dist0000001"])
        .await;
    check(&user, "/organisationUnits/Land0000001?includeChildren=true", &["Dist0000001", "Land0000001"]).await;
    check(&user, "/organisationUnits/Clin0000001?includeAncestors=true", &["Clin0000001", "Dist0000001", "Land0000001"]).await;
    check(&user, "/organisationUnits/Land0000001?level=2", &clinics).await;
    let shapes = user.get("/organisationUnits.geojson?level=3").await.ok();
    let features = shapes["features"].as_array().expect("features");
    assert_eq!(features.len(), 1);
    assert_eq!((&features[0]["id"], &features[0]["geometry"]["coordinates"]), (&json!("Clin0000001"), &json!([31.5, -4.25])));
}

#[tokio::test]
async fn option_combos_are_the_product_of_the_options() {
    let (sim, user) = velu("2.42").await;
    let body = user
        .get("/categoryOptionCombos?filter=categoryCombo.id:eq:ComboAgeSex&fields=id,name,categoryOptions[code]&paging=false")
        .await
        .ok();
    let combos = body["categoryOptionCombos"].as_array().expect("a list");
    let names: Vec<&str> = combos.iter().map(|combo| combo["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["0-4, Female", "0-4, Male", "5+, Female", "5+, Male"]);
    let found = user.get("/categoryOptionCombos?filter=name:eq:default&fields=id,code,categoryCombo,categoryOptions").await.ok();
    let expected =
        json!({"id": "HllvX50cXC0", "code": "default", "categoryCombo": {"id": "bjDvmb4bfuf"}, "categoryOptions": [{"id": "xYerKDKCefk"}]});
    assert_eq!(found["categoryOptionCombos"], json!([expected]));
    let made = |sim: &kivuko_sims::dhis2::Dhis2Sim| sim.model().option_combos.iter().map(|combo| combo.identity.id).collect::<Vec<_>>();
    let (again, _) = velu("2.42").await;
    assert_eq!(made(&sim), made(&again), "the same seed gives the same identifiers");
}

#[tokio::test]
async fn what_is_not_shared_is_not_seen() {
    let mut document = country();
    document["dataElements"][0]["sharing"] =
        json!({"public": "--------", "users": {"User0000001": {"id": "User0000001", "access": "r-------"}}});
    let mut clerk = kivuko_sims::dhis2::User::new("clerk", "x", &[]).with_token("d2pat_clerk");
    clerk.id = Some("User0000001".to_owned());
    let stranger = kivuko_sims::dhis2::User::new("stranger", "x", &[]).with_token("d2pat_stranger");
    let (_sim, user) = start(Options::for_tests("2.42").with_metadata(document).with_user(clerk).with_user(stranger)).await;
    assert_eq!(user.get("/dataElements/ElemCases01?fields=id").await.status, 200);
    assert_eq!(user.other(&token("d2pat_clerk")).get("/dataElements/ElemCases01?fields=access").await.ok()["access"]["write"], false);
    let stranger = user.other(&token("d2pat_stranger"));
    stranger.get("/dataElements/ElemCases01").await.refused(404);
    assert_eq!(ids(&stranger.get("/dataElements").await.ok(), "dataElements"), ["ElemDeaths1"]);
}
