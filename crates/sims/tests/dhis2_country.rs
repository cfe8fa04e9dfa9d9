//! What a simulated DHIS2 starts with: the generated country, folders, the public samples.

#[path = "support/dhis2.rs"]
mod dhis2;

use std::path::PathBuf;

use dhis2::{start, token};
use kivuko_sims::dhis2::{Options, Profile, country};
use kivuko_sims::{Running, Start, start_by_kind};
use serde_json::{Value, json};

#[tokio::test]
async fn the_country_is_whole() {
    for seed in [1, 2, 77] {
        let (sim, user) = start(Options { seed, ..Options::for_tests("2.42") }.with_country()).await;
        let model = sim.model();
        let at = |level: usize| model.org_units.iter().filter(|unit| unit.level() == level).count();
        assert_eq!([at(1), at(2), at(3), at(5)], [1, 4, 15, 0]);
        assert!((105..=135).contains(&at(4)), "{} facilities", at(4));
        let root = model.org_units.iter().find(|unit| unit.parent.is_none()).expect("a root").identity.id;
        assert_eq!(root.as_str(), country::ROOT);
        assert_eq!(model.within(root).count(), model.org_units.len(), "everything is below the root");
        let mut names: Vec<&str> = model.org_units.iter().map(|unit| unit.identity.name.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), model.org_units.len(), "names are told apart");
        let combo = country::AGE_SEX.parse().expect("an identifier");
        assert_eq!(model.option_combos.iter().filter(|one| one.combo == combo).count(), 8);
        for set in model.data_sets.iter() {
            assert!(!set.elements.is_empty() && !set.org_units.is_empty(), "{}", set.identity.name);
            assert!(set.elements.iter().all(|one| model.data_elements.get(one.element).is_some()));
            assert!(set.org_units.iter().all(|unit| model.org_units.get(*unit).is_some()));
        }
        let integration = user.other(&token(Options::INTEGRATION_TOKEN));
        assert_eq!(integration.get("/me").await.ok()["organisationUnits"], json!([{"id": country::ROOT}]));
        let levels = user.get("/organisationUnitLevels?fields=level,name&order=level:asc&paging=false").await.ok();
        assert_eq!(levels["organisationUnitLevels"][3], json!({"level": 4, "name": "Facility"}));
    }
    assert_eq!(country::document(5), country::document(5));
    assert_ne!(country::document(5), country::document(6));
}

#[tokio::test]
async fn it_is_started_by_name_version_and_folder() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, content: Value| std::fs::write(dir.path().join(name), content.to_string()).expect("written");
    write("users.json", json!([{"username": "nurse", "tokens": [{"key": "d2pat_nurse"}], "authorities": ["F_DATAVALUE_ADD"]}]));
    write("settings.json", json!({"keyDataImportStrictPeriods": true}));
    write(
        "units.json",
        json!({"organisationUnits": [{"id": "Land0000001", "name": "Velu", "shortName": "Velu", "openingDate": "2010-01-01"}]}),
    );
    let from = |version: Option<&str>| Start { version: version.map(str::to_owned), data: Some(dir.path().to_owned()), ..Start::default() };
    let running = start_by_kind("dhis2", from(Some("2.38"))).await.expect("it starts");
    assert_eq!(running.hint(), "DHIS2 2.38.7; log in as nurse with the token d2pat_nurse");
    let Running::Dhis2(sim) = running else { panic!("another kind") };
    let (_, user) = start(Options::for_tests("2.42")).await;
    let user = dhis2::User { base: format!("{}/api", sim.url()), ..user.other(&token("d2pat_nurse")) };
    assert_eq!(user.get("/system/info").await.ok()["version"], "2.38.7");
    assert_eq!(user.get("/organisationUnits?fields=name").await.ok()["organisationUnits"], json!([{"name": "Velu"}]));
    assert_eq!(user.get("/systemSettings/keyDataImportStrictPeriods").await.ok(), json!({"keyDataImportStrictPeriods": true}));

    let refused = async |start: Start, expected: &str| {
        let message = start_by_kind("dhis2", start).await.expect_err("it does not start").to_string();
        assert!(message.contains(expected), "{message}");
    };
    refused(from(Some("2.30")), "2.38, 2.40, 2.41, 2.42, 2.43").await;
    write("units.json", json!({"organisationUnits": [{"id": "short"}]}));
    refused(from(None), "organisationUnits[0]: \"short\" is no identifier").await;
    std::fs::write(dir.path().join("units.json"), "{").expect("written");
    refused(from(None), "units.json").await;
    let running = start_by_kind("dhis2", Start::default()).await.expect("it starts");
    let hint = running.hint();
    assert!(
        hint.contains("log in as admin with \"district\" or with the token d2pat_") && hint.contains(", or as integration with"),
        "{hint}"
    );
    let Running::Dhis2(sim) = running else { panic!("another kind") };
    assert_eq!(sim.profile().name, Profile::DEFAULT);
    assert!(sim.model().data_sets.len() > 2);
}

/// The public samples lie beside the project, or where `KIVUKO_REAL_DATA` says.
fn samples() -> Option<PathBuf> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let dir = std::env::var_os("KIVUKO_REAL_DATA").map_or(default, PathBuf::from).join("dhis2");
    if dir.is_dir() {
        return Some(dir);
    }
    println!("the samples of DHIS2 are left out: {} is not there", dir.display());
    None
}

#[tokio::test]
async fn the_public_samples_are_loaded() {
    let Some(dir) = samples() else { return };
    let check = async |file: &str, plural: &str, expected: usize| {
        let text = std::fs::read_to_string(dir.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let document: Value = serde_json::from_str(&text).expect("JSON");
        let (_sim, user) = start(Options::for_tests("2.42").with_metadata(document)).await;
        let body = user.get(&format!("/{plural}?fields=:owner&paging=false&defaults=EXCLUDE&filter=name:ne:default")).await.ok();
        assert_eq!(body[plural].as_array().map(Vec::len), Some(expected), "{file} {plural}");
    };
    check("metadata/aggregate_metadata.json", "dataElements", 75).await;
    check("metadata/aggregate_metadata.json", "dataSets", 2).await;
    check("metadata/aggregate_metadata.json", "categoryOptionCombos", 12).await;
    check("metadata/category_and_categorycombo.json", "categories", 7).await;
    check("metadata/category_and_categorycombo.json", "categoryCombos", 5).await;
    check("metadata/dataset_with_compulsory.json", "dataSets", 1).await;
    check("metadata/aggregate_data_exchange_no_auth.json", "dataElements", 2).await;
    check("orgunits/ou_with_group_and_set.json", "organisationUnits", 2).await;
}
