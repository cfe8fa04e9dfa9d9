//! Reading through exports.

use std::collections::BTreeSet;
use std::time::Duration;

use kivuko_core::catalogue::{godata, network};
use kivuko_core::connector::Source;
use kivuko_core::error::Consequence;
use kivuko_sims::clock::Clock;
use kivuko_sims::godata::Pace;

use super::*;

fn exported(world: &World, resource: &str) -> Box<dyn Source> {
    let spec = SourceSpec { resource: resource.to_owned(), options: json!({ "via": "export" }), ..SourceSpec::default() };
    world.system.source(&spec).expect("a source")
}

async fn all(source: &dyn Source, change: impl FnOnce(&mut ReadRequest)) -> Result<Vec<Page>, kivuko_core::error::Error> {
    let mut request = reading(Partition(Options::OUTBREAK.to_owned()));
    change(&mut request);
    let mut pages = source.read(request).await.expect("a reading");
    let mut all = Vec::new();
    while let Some(page) = pages.next().await? {
        all.push(page);
    }
    Ok(all)
}

/// Seven cases of different moments, of which one is deleted.
async fn world() -> (World, Clock, Vec<String>) {
    let clock = Clock::at("2026-03-02T08:00:00Z");
    let world = World::with(Options { clock: clock.clone(), ..Options::for_tests() }, json!({ "overlap_secs": 0 })).await;
    let mut made = Vec::new();
    for number in 0..7 {
        made.push(world.sim.insert_case(
            Options::OUTBREAK,
            json!({ "firstName": format!("N{number}"), "gender": "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE" }),
        ));
        clock.advance(Duration::from_mins(1));
    }
    world.sim.delete(&made[2]);
    clock.advance(Duration::from_mins(1));
    (world, clock, made)
}

#[tokio::test]
async fn quirk_40_and_41_an_export_gives_what_the_list_gives_in_codes_and_once() {
    let (world, _, made) = world().await;
    world.sim.set_pace(Pace { polls: 3, ..Pace::default() });
    let source = exported(&world, "cases");
    let pages = all(&*source, |request| request.page_size = 4).await.expect("an export");
    let read = ids(&pages);
    assert_eq!((read.len(), read.iter().collect::<BTreeSet<_>>()), (7, made.iter().collect()), "each of them once");
    let records = || pages.iter().flat_map(|page| &page.records);
    assert_eq!(records().filter(|record| record.deleted).map(|record| record.id.as_deref()).collect::<Vec<_>>(), [Some(made[2].as_str())]);
    let body = |record: &kivuko_core::record::SourceRecord| -> Value {
        serde_json::from_slice(record.body.as_ref().expect("an element")).expect("JSON")
    };
    assert!(records().all(|record| body(record)["gender"] == json!("LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE")));
    let by_list = world.read("cases", |_| {}).await;
    let versions = |pages: &[Page]| {
        pages.iter().flat_map(|page| &page.records).map(|record| (record.id.clone(), record.version.clone())).collect::<BTreeSet<_>>()
    };
    assert_eq!(versions(&pages), versions(&by_list));
    assert_eq!(world.sim.log().count("GET", "/api/outbreaks/*/cases/export"), 1);
    let downloads = world.sim.log().count("GET", "/api/export-logs/*/download");
    assert_eq!(
        (world.sim.log().count("GET", "/api/export-logs/*") - downloads, downloads),
        (4, 1),
        "looked at until it is over, and taken once"
    );
}

#[tokio::test]
async fn the_cursor_stays_until_everything_is_through_and_then_goes_on_behind_the_last() {
    let (world, clock, made) = world().await;
    let source = exported(&world, "cases");
    let pages = all(&*source, |request| request.page_size = 2).await.expect("an export");
    let (last, before) = pages.split_last().expect("pages");
    assert!(before.iter().all(|page| page.next == before[0].next), "a run that dies in the middle reads everything again");
    assert!(last.records.is_empty() && last.next != before[0].next);
    let again = all(&*source, |request| request.from = Some(last.next.clone())).await.expect("an export");
    assert_eq!(ids(&again), [made[6].as_str(), made[2].as_str()], "what has the last moment, and what was deleted after it");
    world.sim.edit(&made[0], |case| case["firstName"] = json!("changed"));
    clock.advance(Duration::from_mins(1));
    let again = all(&*source, |request| request.from = Some(last.next.clone())).await.expect("an export");
    assert!(ids(&again).contains(&made[0]));
    let by_id = all(&*source, |request| request.only = Some(vec![made[1].clone()])).await.expect("a reading");
    assert_eq!(ids(&by_id), [made[1].as_str()], "a few records need no export");
}

#[tokio::test]
async fn an_export_that_fails_is_started_again_and_not_for_ever() {
    let (world, _, made) = world().await;
    world.sim.break_exports(1);
    let source = exported(&world, "cases");
    assert_eq!(ids(&all(&*source, |_| {}).await.expect("the second one works")).len(), made.len());
    assert_eq!(world.sim.log().count("GET", "/api/outbreaks/*/cases/export"), 2);
    world.sim.break_exports(10);
    let error = all(&*source, |_| {}).await.expect_err("it never works");
    assert_eq!((error.cause.code, error.consequence), (godata::EXPORT_LOST, Consequence::Retry));
}

#[tokio::test]
async fn a_file_that_breaks_off_is_made_again_and_never_taken_for_the_whole() {
    let (world, _, made) = world().await;
    world.faults("- on: { path: \"/api/export-logs/*/download\", nth: 1 }\n  do: truncate\n");
    let source = exported(&world, "cases");
    assert_eq!(ids(&all(&*source, |_| {}).await.expect("the second file is whole")).len(), made.len());
    assert_eq!(world.sim.log().count("GET", "/api/outbreaks/*/cases/export"), 2);
}

#[tokio::test]
async fn what_has_no_export_is_refused() {
    let world = World::new().await;
    let spec = SourceSpec { resource: "locations".to_owned(), options: json!({ "via": "export" }), ..SourceSpec::default() };
    assert_eq!(world.system.source(&spec).err().expect("refused").cause.code, network::BAD_OPTIONS);
}
