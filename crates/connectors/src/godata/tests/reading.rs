//! Reading page by page.

use std::collections::BTreeSet;
use std::time::Duration;

use kivuko_sims::clock::Clock;

use super::*;

fn name(number: usize) -> Value {
    json!({ "firstName": format!("N{number}"), "addresses": [{ "city": "X" }] })
}

#[tokio::test]
async fn quirk_62_pages_need_no_envelope_and_many_records_may_share_a_moment() {
    let world = World::with(Options { clock: Clock::at("2026-03-02T08:00:00Z"), ..Options::for_tests() }, json!({})).await;
    let mut made = BTreeSet::new();
    for number in 0..25 {
        made.insert(world.sim.insert_case(Options::OUTBREAK, name(number)));
    }
    let pages = world.read("cases", |request| request.page_size = 4).await;
    assert_eq!(pages.len(), 7);
    let read = ids(&pages);
    assert_eq!((read.len(), read.iter().cloned().collect::<BTreeSet<_>>()), (25, made), "each of them once");
    assert_eq!(world.sim.log().count("GET", "/api/outbreaks/*/cases"), 7);
}

#[tokio::test]
async fn quirk_15_a_record_is_the_element_as_it_came_without_its_type() {
    let world = World::new().await;
    let id = world.sim.insert_case(Options::OUTBREAK, name(1));
    let pages = world.read("cases", |_| {}).await;
    let record = &pages[0].records[0];
    let body: Value = serde_json::from_slice(record.body.as_ref().expect("an element")).expect("JSON");
    assert_eq!(body["id"], json!(id));
    assert_eq!(body["updatedAt"].as_str(), record.version.as_deref());
    assert!(body.get("type").is_none());
    assert_eq!((record.place.as_str(), record.deleted), (format!("cases {id}").as_str(), false));
}

#[tokio::test]
async fn a_cursor_goes_back_by_the_overlap_and_no_further() {
    let clock = Clock::at("2026-03-02T08:00:00Z");
    let world = World::with(Options { clock: clock.clone(), ..Options::for_tests() }, json!({ "overlap_secs": 60 })).await;
    let mut made = Vec::new();
    for number in 0..4 {
        made.push(world.sim.insert_case(Options::OUTBREAK, name(number)));
        clock.advance(Duration::from_secs(50));
    }
    let pages = world.read("cases", |_| {}).await;
    let cursor = last_cursor(&pages);
    assert_eq!(cursor.time.map(|time| time.to_string()).as_deref(), Some("2026-03-02T08:02:30Z"));
    let again = world.read("cases", |request| request.from = Some(cursor.clone())).await;
    assert_eq!(ids(&again), made[2..], "the last one, and the one 50 seconds before it");
    assert_eq!(last_cursor(&again), cursor);
    let versions = |pages: &[Page]| pages.iter().flat_map(|page| &page.records).map(|record| record.version.clone()).collect::<Vec<_>>();
    assert_eq!(versions(&again), versions(&pages)[2..], "what is repeated has the version that it had");
}

#[tokio::test]
async fn deletes_are_seen_as_tombstones() {
    let clock = Clock::at("2026-03-02T08:00:00Z");
    let world = World::with(Options { clock: clock.clone(), ..Options::for_tests() }, json!({})).await;
    let id = world.sim.insert_case(Options::OUTBREAK, name(1));
    let cursor = last_cursor(&world.read("cases", |_| {}).await);
    clock.advance(Duration::from_hours(1));
    world.sim.delete(&id);
    let pages = world.read("cases", |request| request.from = Some(cursor)).await;
    assert_eq!(
        pages[0].records.iter().map(|record| (record.id.as_deref(), record.deleted)).collect::<Vec<_>>(),
        [(Some(id.as_str()), true)]
    );
}

#[tokio::test]
async fn quirk_29_a_window_has_both_its_ends_in_every_resource() {
    let clock = Clock::at("2026-03-02T08:00:00Z");
    let world = World::with(Options { clock: clock.clone(), ..Options::for_tests() }, json!({})).await;
    for number in 0..5 {
        world.sim.insert_case(Options::OUTBREAK, name(number));
        world.sim.put_location(json!({ "id": format!("L{number}"), "name": format!("Place {number}") }));
        clock.advance(Duration::from_mins(1));
    }
    for resource in ["cases", "locations"] {
        let pages = world
            .read(resource, |request| {
                request.since = Some("2026-03-02T08:01:00Z".parse().expect("a time"));
                request.until = Some("2026-03-02T08:03:00Z".parse().expect("a time"));
                request.page_size = 1;
            })
            .await;
        assert_eq!(ids(&pages).len(), 2, "{resource}");
    }
}

#[tokio::test]
async fn places_come_from_the_top_on_a_whole_reading() {
    let world = World::new().await;
    for (id, parent) in [("C", ""), ("N", "C"), ("S", "C"), ("N1", "N"), ("S1", "S")] {
        let parent = if parent.is_empty() { Value::Null } else { json!(parent) };
        world.sim.put_location(json!({ "id": id, "name": format!("place {id}"), "parentLocationId": parent }));
    }
    // The parents were touched last.
    for id in ["N1", "S", "C"] {
        world.sim.put_location(json!({ "id": id, "populationDensity": 1 }));
    }
    let target = world.target("locations", "name");
    assert_eq!(target.prepare().await, Ok(Vec::new()));
    assert_eq!(words(&write(&*target, &[delete("S1")]).await), ["done"]);
    let pages = world.read("locations", |request| request.page_size = 2).await;
    assert_eq!(ids(&pages), ["C", "N", "S", "N1", "S1"]);
    assert_eq!(pages.iter().flat_map(|page| &page.records).filter(|record| record.deleted).count(), 1);
    let whole = |cursor: &Cursor| cursor.time == Some(jiff::Timestamp::UNIX_EPOCH);
    assert!(whole(&pages[0].next) && whole(&pages[1].next) && !whole(&pages[2].next), "the cursor moves when all are through");
    // Broken off, it starts over; after the end only changes are read.
    let again = world.read("locations", |request| request.from = Some(pages[1].next.clone())).await;
    assert_eq!(ids(&again).len(), 5);
    let outline = |world: &World| world.sim.log().count("POST", "/api/locations/filter");
    let before = outline(&world);
    let later = world.read("locations", |request| request.from = Some(last_cursor(&pages))).await;
    assert_eq!((ids(&later).len(), outline(&world)), (5, before), "the overlap repeats them, by time");
    let some = world.read("locations", |request| request.only = Some(vec!["S".into(), "nobody".into()])).await;
    assert_eq!(ids(&some), ["S"]);
    assert!(world.read("locations", |request| request.paths = vec!["name".to_owned()]).await[0].records[0].body.is_ok());
}

#[tokio::test]
async fn a_few_records_are_read_by_id() {
    let world = World::new().await;
    let made: Vec<String> = (0..60).map(|number| world.sim.insert_case(Options::OUTBREAK, name(number))).collect();
    let wanted: Vec<String> = made.iter().skip(2).cloned().chain(["nobody".to_owned()]).collect();
    let pages = world.read("cases", |request| request.only = Some(wanted.clone())).await;
    let read: BTreeSet<String> = ids(&pages).into_iter().collect();
    assert_eq!(read, made[2..].iter().cloned().collect());
}

#[tokio::test]
async fn only_the_fields_that_are_read_are_fetched_where_that_is_safe() {
    let world = World::new().await;
    world.sim.insert_case(Options::OUTBREAK, name(1));
    let fields = async |paths: &[&str]| {
        let pages = world.read("cases", |request| request.paths = paths.iter().map(|path| (*path).to_owned()).collect()).await;
        let body: Value = serde_json::from_slice(pages[0].records[0].body.as_ref().expect("an element")).expect("JSON");
        body.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(fields(&["firstName"]).await, ["deleted", "firstName", "id", "updatedAt"]);
    assert!(fields(&["firstName", "addresses[typeId=USUAL_PLACE_OF_RESIDENCE].city"]).await.len() > 10);
}

#[tokio::test]
async fn every_resource_is_read_whole() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "L1", "name": "Place" }));
    for (resource, least) in [("outbreaks", 1), ("locations", 1), ("reference-data", 100)] {
        let pages = world.read(resource, |request| request.page_size = 7).await;
        let read = ids(&pages);
        let once: BTreeSet<_> = read.iter().collect();
        assert!(read.len() >= least && once.len() == read.len(), "{resource}: {}", read.len());
    }
}

#[tokio::test]
async fn a_page_that_breaks_off_is_read_again() {
    for fault in ["truncate", "html", "{ status: 503, retry_after: 1 }", "{ drop: before }", "{ drop: after }", "expire_token"] {
        let world = World::new().await;
        for number in 0..5 {
            world.sim.insert_case(Options::OUTBREAK, name(number));
        }
        world.faults(&format!("- on: {{ path: '*/cases', nth: 2 }}\n  do: {fault}\n"));
        let pages = world.read("cases", |request| request.page_size = 2).await;
        assert_eq!(ids(&pages).len(), 5, "{fault}");
    }
}

#[tokio::test]
async fn answers_may_be_packed_and_slow() {
    let world = World::with(Options { gzip: true, ..Options::for_tests() }, json!({})).await;
    for number in 0..300 {
        world.sim.insert_case(Options::OUTBREAK, name(number));
    }
    world.faults("- on: { path: '*/cases', nth: 1 }\n  do: { slow_body: 50 }\n");
    assert_eq!(ids(&world.read("cases", |request| request.page_size = 200).await).len(), 300);
}

#[tokio::test]
async fn an_outage_is_told_after_some_tries_and_reading_goes_on_later() {
    let world = World::new().await;
    let source = world.system.source(&SourceSpec { resource: "cases".into(), ..SourceSpec::default() }).expect("a source");
    let partition = source.partitions().await.expect("partitions").remove(0);
    world.faults("- on: { path: '*/cases' }\n  do: { status: 503 }\n");
    let mut pages = source.read(reading(partition.clone())).await.expect("a reading");
    let error = pages.next().await.expect_err("the server is down");
    assert_eq!((error.cause.code, error.effect_unknown), (kivuko_core::catalogue::network::SERVER_ERROR, false));
    assert_eq!(world.sim.log().count("GET", "*/cases"), 5);
}

#[tokio::test]
async fn the_time_of_writing_is_a_cursor_too() {
    let world = World::new().await;
    for number in 0..5 {
        world.sim.insert_case(Options::OUTBREAK, name(number));
    }
    let source =
        |cursor: &str| world.system.source(&SourceSpec { resource: "cases".into(), cursor: Some(cursor.into()), ..SourceSpec::default() });
    let source_by_writing = source("dbUpdatedAt").expect("a source");
    let partition = source_by_writing.partitions().await.expect("partitions").remove(0);
    let mut pages = source_by_writing.read(ReadRequest { page_size: 2, ..reading(partition) }).await.expect("a reading");
    let mut count = 0;
    while let Some(page) = pages.next().await.expect("a page") {
        count += page.records.len();
    }
    assert_eq!(count, 5);
    let asked = world.sim.log().entries();
    assert!(asked.iter().filter(|entry| entry.path.ends_with("/cases")).all(|entry| entry.query.contains("dbUpdatedAt")));
    assert!(source("createdAt").is_err());
}

#[tokio::test]
async fn a_foreign_cursor_is_refused() {
    let world = World::new().await;
    let source = world.system.source(&SourceSpec { resource: "cases".into(), ..SourceSpec::default() }).expect("a source");
    let partition = source.partitions().await.expect("partitions").remove(0);
    let request = ReadRequest { from: Some(Cursor { value: "row 7".into(), time: None }), ..reading(partition) };
    assert!(source.read(request).await.is_err());
    assert!(world.system.source(&SourceSpec { resource: "patients".into(), ..SourceSpec::default() }).is_err());
}
