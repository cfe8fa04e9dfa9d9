//! Who answers, what it says of itself, and lists of metadata.

use kivuko_core::catalogue::{dhis2, network};
use kivuko_sims::dhis2::Options;
use kivuko_sims::faults;
use serde_json::json;

use super::*;

#[tokio::test]
async fn every_release_says_who_it_is_and_what_the_account_may_do() {
    for release in RELEASES {
        let world = World::new(release).await;
        world.sim.build_analytics();
        let health = world.system.test().await.expect("it answers");
        assert!(health.findings.iter().any(|finding| finding.contains("analytics tables were last built at 2026-")), "{health:?}");
        assert!(health.version.as_deref().is_some_and(|version| version.starts_with(release)), "{release}: {health:?}");
        assert!(health.findings.iter().any(|finding| finding.contains("may add data values")), "{health:?}");
        // The country and a root beside it: one of them is not the account's.
        assert!(health.warnings.iter().any(|warning| warning.contains("Elsewhere")), "{health:?}");
        let identity = world.system.identity().await.expect("it answers");
        assert!(identity.is_some_and(|identity| !identity.id.is_empty()));
    }
}

#[tokio::test]
async fn quirk_33_credentials_come_first_and_a_login_page_is_no_answer() {
    let world = World::with(options("2.42"), json!({ "username": "kivuko", "password": "wrong" })).await;
    let refused = world.system.test().await.expect_err("the password is wrong");
    assert_eq!(refused.cause.code, network::LOGIN_REFUSED);
    let asked = world.sim.log().len();
    world.system.test().await.expect_err("it is still wrong");
    assert_eq!(world.sim.log().len(), asked, "a refused log-in is not tried again: failures lock the account");

    let right = World::with(options("2.42"), json!({ "username": "kivuko", "password": "Market-9" })).await;
    right.system.test().await.expect("the password is right");
    right.sim.set_faults(faults::parse("- { on: { path: \"/api/dataSets*\" }, do: html }").expect("a fault file"));
    let source = SourceSpec { resource: "dataSets".to_owned(), ..SourceSpec::default() };
    let source = right.system.source(&source).expect("a source");
    let mut pages = source.read(reading(Partition("dataSets".to_owned()))).await.expect("a reading");
    let away = pages.next().await.expect_err("it leads to the log-in page");
    assert_eq!(away.cause.code, network::LOGIN_REFUSED, "{away}");
}

#[tokio::test]
async fn quirk_42_a_server_of_another_calendar_is_refused() {
    let world = World::with(Options { calendar: "ethiopian".to_owned(), ..options("2.42") }, json!({ "token": TOKEN })).await;
    let refused = world.system.test().await.expect_err("it counts otherwise");
    assert_eq!(refused.cause.code, dhis2::OTHER_CALENDAR);
    let target = world.system.target(&spec(json!({}))).expect("a target");
    assert_eq!(target.prepare().await.expect_err("it counts otherwise").cause.code, dhis2::OTHER_CALENDAR);
}

#[tokio::test]
async fn quirk_53_lists_are_read_whole_and_then_what_changed() {
    for release in RELEASES {
        let world = World::new(release).await;
        world.sim.clock().advance(std::time::Duration::from_hours(1));
        let pages = world.read("organisationUnits", json!({}), |request| request.page_size = 4).await;
        assert_eq!(pages.iter().map(|page| page.records.len()).collect::<Vec<_>>(), [4, 2], "{release}");
        let last = pages.last().expect("there are two").next.clone();
        let all = records(pages.clone());
        let clinic = all.iter().find(|record| record.id.as_deref() == Some(CLINIC)).map(body).expect("it is there");
        assert_eq!((&clinic["code"], &clinic["parent"]["code"], &clinic["level"]), (&json!("C1"), &json!("D1"), &json!(3)));
        assert_eq!(clinic["lineage"], json!([COUNTRY, DISTRICT, CLINIC]), "{release}");
        let levels: Vec<u64> = all.iter().map(|record| body(record)["level"].as_u64().expect("it has one")).collect();
        assert!(levels.is_sorted(), "parents come first: {levels:?}");
        // Going on in the middle, the rest comes and nothing else.
        let rest = world.read("organisationUnits", json!({}), |request| request.from = Some(pages[0].next.clone())).await;
        assert_eq!(records(rest).len(), 2, "{release}");
        // Somebody moved a unit meanwhile: it may stand anywhere in the list now, so everything comes again.
        let elsewhere = World::new(release).await;
        elsewhere.sim.clock().advance(std::time::Duration::from_hours(1));
        let first = elsewhere.read("organisationUnits", json!({}), |request| request.page_size = 4).await.remove(0);
        let mut clinic = country()["organisationUnits"][2].clone();
        clinic.as_object_mut().expect("it is one").remove("parent");
        elsewhere.sim.put_metadata(&json!({ "organisationUnits": [clinic] }));
        let rest = elsewhere.read("organisationUnits", json!({}), |request| request.from = Some(first.next.clone())).await;
        assert_eq!(records(rest).len(), 6, "{release}");
        // An hour later only what was changed.
        world.sim.clock().advance(std::time::Duration::from_hours(1));
        let mut north = country()["organisationUnits"][1].clone();
        north["name"] = json!("Far North");
        world.sim.put_metadata(&json!({ "organisationUnits": [north] }));
        let changed = records(world.read("organisationUnits", json!({}), |request| request.from = Some(later(&last))).await);
        assert_eq!(changed.iter().filter_map(|record| record.id.as_deref()).collect::<Vec<_>>(), [DISTRICT], "{release}");
        let few =
            world.read("organisationUnits", json!({}), |request| request.only = Some(vec![HOSPITAL.to_owned(), "nobody".to_owned()])).await;
        assert_eq!(records(few).len(), 1);
    }
}

/// The same cursor an hour later, so that what was made at the start lies outside the overlap.
fn later(cursor: &kivuko_core::record::Cursor) -> kivuko_core::record::Cursor {
    let mut value: Value = serde_json::from_str(&cursor.value).expect("it is JSON");
    let since: jiff::Timestamp = value["since"].as_str().expect("it is there").parse().expect("it is a time");
    value["since"] = json!((since + jiff::SignedDuration::from_mins(30)).to_string());
    kivuko_core::record::Cursor { value: value.to_string(), time: None }
}

#[tokio::test]
async fn every_list_of_metadata_can_be_read() {
    let world = World::new("2.42").await;
    for resource in world.system.describe().await.expect("it is described") {
        if ["dataValueSets", "completeDataSetRegistrations", "analytics"].contains(&resource.name.as_str()) {
            continue;
        }
        let found = records(world.read(&resource.name, json!({}), |_| {}).await);
        let empty = ["organisationUnitLevels", "organisationUnitGroups", "dataElementGroups", "attributes", "indicators"];
        assert_eq!(found.is_empty(), empty.contains(&resource.name.as_str()), "{}", resource.name);
    }
}

#[tokio::test]
async fn places_lie_in_each_other() {
    let world = World::new("2.42").await;
    let places = world.system.places().await.expect("it answers").expect("it has places");
    assert_eq!((places.name(CLINIC), places.parent(CLINIC), places.parent(COUNTRY)), (Some("Clinic One"), Some(DISTRICT), None));
}
