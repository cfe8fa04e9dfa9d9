//! The metadata behind DHIS2's public sample payloads, in our own words, and the files where they lie.
//!
//! Identifiers and codes are facts about the samples; the files themselves are read from `KIVUKO_REAL_DATA`, else from
//! `../shared/data` beside the workspace.

#![allow(dead_code, reason = "each test file uses its own part of this")]

use std::path::{Path, PathBuf};

use kivuko_sims::dhis2::{Options, Profile, User};
use serde_json::{Value, json};

pub const CLERK: &str = "d2pat_clerkclerkclerkclerkclerkclerk00000000000002";
pub const UNIT_A: &str = "DiszpKrYNg8";
pub const UNIT_B: &str = "BdfsJfj87js";
pub const UNIT_C: &str = "j7Hg26FpoIa";
pub const SET: &str = "pBOMPrpg1QX";
pub const ELEMENT_A: &str = "f7n9E0hX8qk";
pub const ELEMENT_B: &str = "Ix2HsbDMLea";
pub const ELEMENT_C: &str = "eY5ehpbEsB7";
pub const ELEMENT_OPTIONS: &str = "jH26dja2f28";
pub const ELEMENT_BOOLEAN: &str = "jH26dja2f30";
pub const ELEMENT_TRUE_ONLY: &str = "jH26dja2f31";
pub const COMBO_A: &str = "kjuiHgy67hg";
pub const COMBO_B: &str = "Gad33qy67g5";
pub const OPTION_A: &str = "optionAaaaa";

/// A file of the samples; `None`, and a line that says so, when they are not here.
pub fn file(name: &str) -> Option<Vec<u8>> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder: PathBuf = std::env::var_os("KIVUKO_REAL_DATA").map_or_else(beside, Into::into);
    let path = folder.join("dhis2").join(name);
    let found = std::fs::read(&path).ok();
    if found.is_none() {
        eprintln!("left out: {name} is not in {}; KIVUKO_REAL_DATA says where it is", folder.display());
    }
    found
}

/// By the ending of a file.
pub fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next() {
        Some("xml") if name.ends_with(".adx.xml") => "application/adx+xml",
        Some("xml") => "application/xml",
        Some("csv") => "application/csv",
        _ => "application/json",
    }
}

fn id(id: &str) -> Value {
    json!({ "id": id })
}

fn unit(uid: &str, code: &str, attribute: &str) -> Value {
    json!({
        "id": uid, "code": code, "name": code, "shortName": code, "openingDate": "2000-01-01",
        "attributeValues": [{"attribute": id("uh6H2ff562G"), "value": attribute}],
    })
}

fn element(uid: &str, code: &str, value_type: &str) -> Value {
    json!({
        "id": uid, "code": code, "name": code, "shortName": code, "valueType": value_type, "domainType": "AGGREGATE",
        "aggregationType": "SUM", "categoryCombo": id("bjDvmb4bfuf"),
        "attributeValues": [{"attribute": id("uh6H2ff562G"), "value": code.replace('_', "").replace("DEA", "DE1").replace("DEB", "DE2").replace("DEC", "DE3").replace("DED", "DE4")}],
    })
}

/// What stands behind the folders `dxf2` and `dxf2b`. In 2.43 unit B is in the data set and unit C is not, and the caller
/// enters data at C too: so the tests of that release have it.
pub fn data_value_sets(release: &str) -> Options {
    let newest = Profile::named(release).expect("a release").number >= 43;
    let (assigned, captured) =
        if newest { ([UNIT_A, UNIT_B], vec![UNIT_A, UNIT_B, UNIT_C]) } else { ([UNIT_A, UNIT_C], vec![UNIT_A, UNIT_B]) };
    let in_set = [ELEMENT_A, ELEMENT_B, ELEMENT_C, "elementDddd", ELEMENT_BOOLEAN, ELEMENT_TRUE_ONLY];
    let mut with_options = element(ELEMENT_OPTIONS, "DE_E", "INTEGER");
    with_options["optionSet"] = id("optionSetAa");
    let option = |uid: &str, code: &str| json!({"id": uid, "code": code, "name": code, "optionSet": id("optionSetAa")});
    let category_option = |uid: &str, code: &str| json!({"id": uid, "code": code, "name": code, "shortName": code});
    let combo = |uid: &str, code: &str, option: &str| json!({"id": uid, "code": code, "name": code, "categoryCombo": id("categComboA"), "categoryOptions": [id(option)]});
    let document = json!({
        "attributes": [{"id": "uh6H2ff562G", "name": "Id of another register", "valueType": "TEXT", "unique": true,
            "dataElementAttribute": true, "organisationUnitAttribute": true}],
        "organisationUnits": [unit(UNIT_A, "OU_A", "OU1"), unit(UNIT_B, "OU_B", "OU2"), unit(UNIT_C, "OU_C", "OU3")],
        "options": [option("optionOneaa", "1"), option("optionTwoaa", "2"), option("optionThree", "3")],
        "optionSets": [{"id": "optionSetAa", "name": "One to three", "valueType": "INTEGER",
            "options": [id("optionOneaa"), id("optionTwoaa"), id("optionThree")]}],
        "categoryOptions": [category_option(OPTION_A, "CO_A"), category_option("optionBbbbb", "CO_B")],
        "categories": [{"id": "categoryAaa", "name": "Category A", "shortName": "A", "dataDimensionType": "DISAGGREGATION",
            "categoryOptions": [id(OPTION_A), id("optionBbbbb")]}],
        "categoryCombos": [{"id": "categComboA", "name": "Combo A", "dataDimensionType": "DISAGGREGATION", "categories": [id("categoryAaa")]}],
        "categoryOptionCombos": [combo(COMBO_A, "OC_A", OPTION_A), combo(COMBO_B, "OC_B", "optionBbbbb")],
        "dataElements": [
            element(ELEMENT_A, "DE_A", "INTEGER"), element(ELEMENT_B, "DE_B", "INTEGER"), element(ELEMENT_C, "DE_C", "INTEGER"),
            element("elementDddd", "DE_D", "INTEGER"), with_options,
            element(ELEMENT_BOOLEAN, "DE_F", "BOOLEAN"), element(ELEMENT_TRUE_ONLY, "DE_G", "TRUE_ONLY"),
        ],
        "dataSets": [{"id": SET, "code": "DS_A", "name": "Data set A", "shortName": "A", "periodType": "Monthly",
            "categoryCombo": id("bjDvmb4bfuf"),
            "dataSetElements": in_set.map(|uid| json!({"dataElement": id(uid)})), "organisationUnits": assigned.map(id)}],
    });
    let clerk = User::new("clerk", "Ward-7", &["F_DATAVALUE_ADD"]).with_token(CLERK).capturing(&captured);
    Options::for_tests(release).with_metadata(document).with_user(clerk)
}

/// What stands behind the folder `adx`.
pub fn adx(release: &str) -> Options {
    let unit = |uid: &str, code: &str, name: &str, parent: Option<&str>| {
        let mut unit = json!({"id": uid, "code": code, "name": name, "shortName": name, "openingDate": "2000-01-01"});
        if let Some(parent) = parent {
            unit["parent"] = id(parent);
        }
        unit
    };
    let option = |uid: &str, code: &str, name: &str| json!({"id": uid, "code": code, "name": name, "shortName": name});
    let category = |uid: &str, code: &str, name: &str, options: [&str; 2], kind: &str| json!({"id": uid, "code": code, "name": name, "shortName": name, "dataDimensionType": kind, "categoryOptions": options.map(id)});
    let combo = |uid: &str, name: &str, categories: &[&str], kind: &str| json!({"id": uid, "name": name, "dataDimensionType": kind, "categories": categories.iter().map(|uid| id(uid)).collect::<Value>()});
    let option_combo = |uid: &str, code: &str, name: &str, combo: &str, options: &[&str]| {
        json!({"id": uid, "code": code, "name": name, "categoryCombo": id(combo),
            "categoryOptions": options.iter().map(|uid| id(uid)).collect::<Value>()})
    };
    let element = |uid: &str, code: &str, name: &str, value_type: &str, combo: &str| {
        json!({"id": uid, "code": code, "name": name, "shortName": name, "valueType": value_type, "domainType": "AGGREGATE",
            "aggregationType": if value_type == "TEXT" { "NONE" } else { "SUM" }, "categoryCombo": id(combo)})
    };
    let set = |uid: &str, code: &str, name: &str, period_type: &str, combo: &str| {
        json!({"id": uid, "code": code, "name": name, "shortName": name, "periodType": period_type, "categoryCombo": id(combo),
            "dataSetElements": [{"dataElement": id("MalNummmmmm")}, {"dataElement": id("MalTexttttt")}],
            "organisationUnits": [id("P1233333333"), id("D4566666666")]})
    };
    let document = json!({
        "organisationUnits": [
            unit("P1233333333", "123", "Provincial Hospital", None), unit("D4566666666", "456", "District Hospital", Some("P1233333333")),
        ],
        "categoryOptions": [
            option("under555555", "under5", "Under 5"), option("over5555555", "over5", "Over 5"),
            option("FFFFFFFFFFF", "F", "Female"), option("MMMMMMMMMMM", "M", "Male"),
            option("PEPFARRRRRR", "PEPFAR", "PEPFAR mechanism"), option("McDonaldsss", "McDonalds", "McDonalds mechanism"),
        ],
        "categories": [
            category("ageeeeeeeee", "age", "Age_category", ["under555555", "over5555555"], "DISAGGREGATION"),
            category("sexxxxxxxxx", "sex", "Sex_category", ["FFFFFFFFFFF", "MMMMMMMMMMM"], "DISAGGREGATION"),
            category("mechanismmm", "mechanism", "Mechanism_category", ["PEPFARRRRRR", "McDonaldsss"], "ATTRIBUTE"),
        ],
        "categoryCombos": [
            combo("AgeSexCombo", "Age and sex", &["ageeeeeeeee", "sexxxxxxxxx"], "DISAGGREGATION"),
            combo("MechanCombo", "Mechanism", &["mechanismmm"], "ATTRIBUTE"),
        ],
        "categoryOptionCombos": [
            option_combo("FUnder55555", "F_Under5", "Female Under 5", "AgeSexCombo", &["FFFFFFFFFFF", "under555555"]),
            option_combo("MUnder55555", "M_Under5", "Male Under 5", "AgeSexCombo", &["MMMMMMMMMMM", "under555555"]),
            option_combo("FOver555555", "F_Over5", "Female Over 5", "AgeSexCombo", &["FFFFFFFFFFF", "over5555555"]),
            option_combo("MOver555555", "M_Over5", "Male Over 5", "AgeSexCombo", &["MMMMMMMMMMM", "over5555555"]),
            option_combo("cocPEPFARRR", "coc_PEPFAR", "PEPFAR CategoryOptionCombo", "MechanCombo", &["PEPFARRRRRR"]),
            option_combo("cocMcDonald", "coc_McDonalds", "McDonalds CategoryOptionCombo", "MechanCombo", &["McDonaldsss"]),
        ],
        "dataElements": [
            element("MalNummmmmm", "Mal_num", "Malaria numeric", "NUMBER", "AgeSexCombo"),
            element("MalTexttttt", "Mal_text", "Malaria text", "TEXT", "bjDvmb4bfuf"),
        ],
        "dataSets": [
            set("MalariaDSSS", "MalariaDS", "Malaria DS", "Monthly", "bjDvmb4bfuf"),
            set("MalariaMech", "MalariaMechanismDS", "Malaria Mechanism DS", "Quarterly", "MechanCombo"),
        ],
    });
    let clerk = User::new("clerk", "Ward-7", &["F_DATAVALUE_ADD"]).with_token(CLERK).capturing(&["P1233333333"]);
    Options::for_tests(release).with_metadata(document).with_user(clerk)
}
