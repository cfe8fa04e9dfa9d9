//! A small district for the tests of numbers: two health posts, monthly deaths and cases by sex, a second set by fund.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use kivuko_sims::dhis2::{Dhis2Sim, Options, User as Account};
use serde_json::{Value, json};

use crate::dhis2::{User, start, token};

pub const CLERK: &str = "d2pat_clerkclerkclerkclerkclerkclerk00000000000002";
pub const POST_1: &str = "HealthPost1";
pub const POST_2: &str = "HealthPost2";
/// In the country, and not in the clerk's district.
pub const ELSEWHERE: &str = "OtherRegion";
pub const MONTHLY: &str = "MonthlySet1";
pub const FUNDED: &str = "FundedSet01";
pub const CASES: &str = "CasesBySex1";
pub const DEATHS: &str = "DeathsTotal";
pub const STOCK: &str = "StockNumber";
pub const REMARK: &str = "RemarkText1";
pub const REFERRED: &str = "ReferredYes";
pub const GRADE: &str = "GradeOption";
pub const PHOTO: &str = "PhotoOfPost";
/// In no data set.
pub const LONELY: &str = "LonelyCount";
pub const FEMALE: &str = "FemaleCocID";
pub const MALE: &str = "MaleCocUid1";
pub const GLOBAL_FUND: &str = "FundGlobCoc";
pub const STATE_FUND: &str = "FundStatCoc";
pub const DEFAULT: &str = "HllvX50cXC0";
pub const WORKFLOW: &str = "WorkflowUid";

fn id(id: &str) -> Value {
    json!({ "id": id })
}

/// The metadata; a test changes what it is about.
pub fn metadata() -> Value {
    let unit = |uid: &str, name: &str, parent: Option<&str>| {
        let mut unit = json!({"id": uid, "code": uid.to_uppercase(), "name": name, "shortName": name, "openingDate": "2010-01-01"});
        if let Some(parent) = parent {
            unit["parent"] = id(parent);
        }
        unit
    };
    let element = |uid: &str, value_type: &str, combo: &str| {
        json!({"id": uid, "code": uid.to_uppercase(), "name": uid, "shortName": uid, "valueType": value_type, "domainType": "AGGREGATE",
            "aggregationType": if value_type == "LONG_TEXT" { "NONE" } else { "SUM" }, "categoryCombo": id(combo)})
    };
    let option = |uid: &str, name: &str| json!({"id": uid, "code": name, "name": name, "shortName": name});
    let combo = |uid: &str, code: &str, combo: &str, option: &str| json!({"id": uid, "code": code, "name": code, "categoryCombo": id(combo), "categoryOptions": [id(option)]});
    let mut deaths = element(DEATHS, "INTEGER_ZERO_OR_POSITIVE", "bjDvmb4bfuf");
    deaths["zeroIsSignificant"] = json!(true);
    let mut grade = element(GRADE, "TEXT", "bjDvmb4bfuf");
    grade["optionSet"] = id("GradeOption");
    grade["commentOptionSet"] = id("GradeOption");
    let in_set = [CASES, DEATHS, REMARK, REFERRED, GRADE, PHOTO].map(|uid| json!({"dataElement": id(uid)}));
    json!({
        "organisationUnits": [
            unit("CountryRoot", "Amberland", None), unit("DistrictUid", "Lower Reed", Some("CountryRoot")),
            unit(POST_1, "Reed Mouth Post", Some("DistrictUid")), unit(POST_2, "Old Mill Post", Some("DistrictUid")),
            unit(ELSEWHERE, "Upper Reed", Some("CountryRoot")),
        ],
        "options": [
            {"id": "GradeOptOne", "code": "1", "name": "good", "optionSet": id("GradeOption")},
            {"id": "GradeOptTwo", "code": "2", "name": "poor", "optionSet": id("GradeOption")},
        ],
        "optionSets": [{"id": "GradeOption", "name": "Grade", "valueType": "TEXT", "options": [id("GradeOptOne"), id("GradeOptTwo")]}],
        "categoryOptions": [
            option("SexFemale01", "F"), option("SexMaleUid1", "M"), option("FundGlobal1", "Global"), option("FundState01", "State"),
        ],
        "categories": [
            {"id": "CategorySex", "code": "sex", "name": "Sex", "shortName": "Sex", "dataDimensionType": "DISAGGREGATION",
                "categoryOptions": [id("SexFemale01"), id("SexMaleUid1")]},
            {"id": "CategorFund", "code": "fund", "name": "Fund", "shortName": "Fund", "dataDimensionType": "ATTRIBUTE",
                "categoryOptions": [id("FundGlobal1"), id("FundState01")]},
        ],
        "categoryCombos": [
            {"id": "SexComboUid", "name": "Sex", "dataDimensionType": "DISAGGREGATION", "categories": [id("CategorySex")]},
            {"id": "FundComboID", "name": "Fund", "dataDimensionType": "ATTRIBUTE", "categories": [id("CategorFund")]},
        ],
        "categoryOptionCombos": [
            combo(FEMALE, "COC_F", "SexComboUid", "SexFemale01"), combo(MALE, "COC_M", "SexComboUid", "SexMaleUid1"),
            combo(GLOBAL_FUND, "AOC_G", "FundComboID", "FundGlobal1"), combo(STATE_FUND, "AOC_S", "FundComboID", "FundState01"),
        ],
        "dataElements": [
            element(CASES, "INTEGER_ZERO_OR_POSITIVE", "SexComboUid"), deaths, element(REMARK, "LONG_TEXT", "bjDvmb4bfuf"),
            element(REFERRED, "BOOLEAN", "bjDvmb4bfuf"), grade, element(PHOTO, "FILE_RESOURCE", "bjDvmb4bfuf"),
            element(LONELY, "INTEGER", "bjDvmb4bfuf"), element(STOCK, "INTEGER", "bjDvmb4bfuf"),
        ],
        "dataApprovalWorkflows": [{"id": WORKFLOW, "name": "Approval", "periodType": "Monthly"}],
        "dataSets": [
            {"id": MONTHLY, "code": "MONTHLY", "name": "Monthly report", "shortName": "Monthly", "periodType": "Monthly",
                "categoryCombo": id("bjDvmb4bfuf"), "organisationUnits": [id(POST_1)],
                "dataSetElements": in_set},
            {"id": FUNDED, "code": "FUNDED", "name": "Stock by fund", "shortName": "Stock", "periodType": "Monthly",
                "categoryCombo": id("FundComboID"), "organisationUnits": [id(POST_1), id(POST_2)],
                "dataSetElements": [{"dataElement": id(STOCK)}]},
        ],
    })
}

/// Where a data set stands in the metadata.
pub fn set<'a>(metadata: &'a mut Value, uid: &str) -> &'a mut Value {
    find(metadata, "dataSets", uid)
}

/// Where an object stands in the metadata.
pub fn find<'a>(metadata: &'a mut Value, plural: &str, uid: &str) -> &'a mut Value {
    let list = metadata[plural].as_array_mut().expect("a list");
    list.iter_mut().find(|object| object["id"] == uid).expect("it is in the metadata")
}

/// A server of a release with these metadata, asked by a clerk of the district.
pub async fn with(release: &str, metadata: Value) -> (Dhis2Sim, User) {
    let clerk = Account::new("clerk", "Ward-7", &["F_DATAVALUE_ADD"]).with_token(CLERK).capturing(&["DistrictUid"]);
    let mut options = Options::for_tests(release).with_metadata(metadata).with_user(clerk);
    options.users[0].organisation_units = vec!["CountryRoot".to_owned()];
    let (sim, user) = start(options).await;
    let clerk = user.other(&token(CLERK));
    (sim, clerk)
}

pub async fn district(release: &str) -> (Dhis2Sim, User) {
    with(release, metadata()).await
}

/// The superuser of a server.
pub fn admin(user: &User) -> User {
    user.other(&token(Options::TOKEN))
}

/// Releases with the import of old.
pub fn old_releases() -> impl Iterator<Item = &'static str> {
    crate::dhis2::releases().filter(|release| *release != "2.43")
}

/// Four deaths in May at the first post, with some members changed; those that are null are left out.
pub fn value(changes: Value) -> Value {
    let mut value = json!({"dataElement": DEATHS, "period": "202605", "orgUnit": POST_1, "value": "4"});
    for (name, change) in changes.as_object().expect("members") {
        value[name] = change.clone();
    }
    let members = value.as_object_mut().expect("an object");
    members.retain(|_, member| !member.is_null());
    value
}

pub fn body(values: Vec<Value>) -> Value {
    json!({ "dataValues": values })
}

/// `[imported, updated, deleted, ignored]`
pub fn counts(answer: &Value) -> [u64; 4] {
    let summary = if answer["response"].is_object() { &answer["response"] } else { answer };
    ["imported", "updated", "deleted", "ignored"].map(|name| summary["importCount"][name].as_u64().unwrap_or(999))
}

/// Code, property and positions of each conflict.
pub fn conflicts(answer: &Value) -> Vec<(String, Option<String>, Vec<i64>)> {
    let summary = if answer["response"].is_object() { &answer["response"] } else { answer };
    let conflict = |conflict: &Value| {
        let text = |name: &str| conflict[name].as_str().map(str::to_owned);
        let indexes = conflict["indexes"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
        (text("errorCode").unwrap_or_default(), text("property"), indexes)
    };
    summary["conflicts"].as_array().into_iter().flatten().map(conflict).collect()
}
