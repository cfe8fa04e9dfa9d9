//! Values out of a data set.

use serde_json::json;

use super::*;

async fn filled(release: &str) -> World {
    let world = World::new(release).await;
    let target = world.target(json!({})).await;
    let batch = [
        create(&*target, value(CASES, MAY, CLINIC, Some(FEMALE), "12")),
        create(&*target, value(CASES, "202604", CLINIC, Some(MALE), "3")),
        create(&*target, value(BEDS, MAY, HOSPITAL, None, "40")),
    ];
    assert_eq!(shown(&target.write(&batch).await.expect("it is sent")), ["done"; 3]);
    world
}

fn of_set() -> Value {
    json!({ "data_set": "MONTH" })
}

#[tokio::test]
async fn values_are_read_whole_then_by_change_with_what_was_deleted() {
    for release in RELEASES {
        let world = filled(release).await;
        let pages = world.read("dataValueSets", of_set(), |request| request.page_size = 2).await;
        assert_eq!(pages.iter().map(|page| page.records.len()).collect::<Vec<_>>(), [2, 1], "{release}");
        let rest = world.read("dataValueSets", of_set(), |request| request.from = Some(pages[0].next.clone())).await;
        assert_eq!(records(rest).len(), 1, "{release}: going on in the middle");
        let last = pages.last().expect("there are two").next.clone();
        let all = records(pages);
        let beds = all.iter().find(|record| body(record)["dataElement"] == BEDS).expect("it is there");
        assert_eq!(beds.id.as_deref(), Some(format!("{BEDS}.{MAY}.{HOSPITAL}.{DEFAULT}.{DEFAULT}").as_str()));
        assert_eq!(
            (body(beds)["value"].as_str(), body(beds)["orgUnit"].as_str(), beds.version.is_some()),
            (Some("40"), Some(HOSPITAL), true)
        );

        world.sim.clock().advance(std::time::Duration::from_hours(1));
        let target = world.target(json!({})).await;
        let delete = Write { action: Action::Delete, key: Key(Vec::new()), id: beds.id.clone(), body: Value::Null.into(), parent: None };
        target.write(&[delete]).await.expect("it is sent");
        let changed = records(world.read("dataValueSets", of_set(), |request| request.from = Some(last.clone())).await);
        let gone: Vec<_> = changed.iter().filter(|record| record.deleted).collect();
        assert_eq!(gone.iter().map(|record| &record.id).collect::<Vec<_>>(), [&beds.id], "{release}: {changed:?}");
    }
}

#[tokio::test]
async fn a_reading_is_narrowed_by_period_place_and_scheme() {
    for release in RELEASES {
        let world = filled(release).await;
        let count = async |more: Value| {
            let mut options = of_set();
            options.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
            records(world.read("dataValueSets", options, |_| {}).await).len()
        };
        assert_eq!(count(json!({ "period": "202604" })).await, 1, "{release}");
        assert_eq!(count(json!({ "start": "2026-04-01", "end": "2026-05-31" })).await, 3, "{release}");
        assert_eq!(count(json!({ "org_unit": "Hospital Two" })).await, 1, "{release}");
        assert_eq!(count(json!({ "org_unit": DISTRICT, "children": false })).await, 0, "{release}");
        let options = json!({ "data_set": "MONTH", "id_scheme": "code", "period": "202604" });
        let by_code = records(world.read("dataValueSets", options, |_| {}).await);
        assert_eq!(
            (body(&by_code[0])["orgUnit"].as_str(), body(&by_code[0])["dataElement"].as_str()),
            (Some("C1"), Some("CASES")),
            "{release}"
        );
        let by_element = records(world.read("dataValueSets", json!({ "data_element": "Beds" }), |_| {}).await);
        assert_eq!(by_element.len(), 1, "{release}");
        let id = format!("{CASES}.{MAY}.{CLINIC}.{FEMALE}.{DEFAULT}");
        let only =
            world.read("dataValueSets", of_set(), |request| request.only = Some(vec![id.clone(), "nobody.202604.x.y.z".to_owned()])).await;
        assert_eq!(records(only).iter().filter_map(|record| record.id.clone()).collect::<Vec<_>>(), [id], "{release}");
    }
}

#[tokio::test]
async fn an_empty_data_set_is_no_mistake() {
    for release in RELEASES {
        let world = World::new(release).await;
        assert!(world.read("dataValueSets", of_set(), |_| {}).await.is_empty(), "{release}");
    }
}

#[tokio::test]
async fn analytics_gives_a_record_for_each_row() {
    for release in RELEASES {
        let world = filled(release).await;
        let options = json!({ "dx": CASES, "pe": [MAY, "202604"], "ou": DISTRICT, "display": true });
        let source = SourceSpec { resource: "analytics".to_owned(), options: options.clone(), ..SourceSpec::default() };
        let source = world.system.source(&source).expect("a source");
        let not_built = source.read(reading(Partition("analytics".to_owned()))).await.err().map(|error| error.cause.code);
        assert_eq!(not_built, Some(kivuko_core::catalogue::dhis2::ANALYTICS_NOT_READY), "{release}");
        world.sim.build_analytics();
        let found = records(world.read("analytics", options, |_| {}).await);
        let mut rows: Vec<(String, String)> = found
            .iter()
            .map(body)
            .map(|row| (row["pe"].as_str().unwrap_or_default().to_owned(), row["value"].as_str().unwrap_or_default().to_owned()))
            .collect();
        rows.sort();
        assert_eq!(rows.len(), 2, "{release}: {rows:?}");
        assert!(rows[0].1.starts_with('3') && rows[1].1.starts_with("12"), "{release}: {rows:?}");
        assert_eq!(body(&found[0])["dxName"], json!("Malaria cases"), "{release}");
        let narrowed =
            world.read("analytics", json!({ "dx": CASES, "pe": MAY, "ou": DISTRICT }), |request| request.only = Some(Vec::new())).await;
        assert!(narrowed.is_empty());
    }
}
