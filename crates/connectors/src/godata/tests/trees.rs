//! Locations by the import of a tree.

use kivuko_core::catalogue::{godata, record};

use super::imports::begun;
use super::*;

const UID: &str = "identifiers[description=DHIS2 uid].code";
const IMPORT: &str = "/api/locations/import";

fn spec(key: &str) -> TargetSpec {
    TargetSpec { resource: "locations".to_owned(), key: vec![key.to_owned()], options: json!({ "via": "import" }), ..TargetSpec::default() }
}

/// A place that has the id of the source.
fn place(target: &dyn Target, id: &str, name: &str, parent: &str) -> Write {
    let parent = if parent.is_empty() { Value::Null } else { json!(parent) };
    create(target, id, json!({ "id": id, "name": name, "parentLocationId": parent }))
}

fn all(world: &World) -> Vec<(String, String)> {
    let text = |row: &Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
    let locations = world.sim.state().collection("location");
    let mut all: Vec<_> =
        locations.iter().filter(|row| row["deleted"] != json!(true)).map(|row| (text(row, "id"), text(row, "parentLocationId"))).collect();
    all.sort();
    all
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(id, parent)| ((*id).to_owned(), (*parent).to_owned())).collect()
}

fn imports(world: &World) -> usize {
    world.sim.log().count("POST", IMPORT)
}

#[tokio::test]
async fn quirk_43_a_tree_keeps_its_ids_and_is_imported_once() {
    let world = World::new().await;
    let target = begun(&world, &spec("id")).await;
    // In any order, in one file.
    let batch = [("A11", "Quay", "A1"), ("A1", "Harbour", "A"), ("A", "Country", ""), ("A2", "Hill", "A"), ("B", "Other", "")];
    let batch: Vec<Write> = batch.iter().map(|(id, name, parent)| place(&*target, id, name, parent)).collect();
    assert_eq!(words(&write(&*target, &batch).await), ["done"; 5]);
    let tree = pairs(&[("A", ""), ("A1", "A"), ("A11", "A1"), ("A2", "A"), ("B", "")]);
    assert_eq!((all(&world), imports(&world)), (tree.clone(), 1));
    let found = found(&*target, &["A11", "A3"]).await;
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [1, 0]);
    // Its parents may be there before.
    assert_eq!(words(&write(&*target, &[place(&*target, "A21", "Top", "A2")]).await), ["done"]);
    // Sent again, nothing goes out.
    assert_eq!(words(&write(&*target, &batch).await), ["done"; 5]);
    assert_eq!((all(&world).len(), imports(&world)), (6, 2));
    // Changes go through the API.
    assert_eq!(words(&write(&*target, &[update("A2", json!({ "name": "Mount" }))]).await), ["done"]);
    assert_eq!(words(&write(&*target, &[update("A2", json!({ "id": "other" }))]).await), [godata::ID_TAKEN.to_string()]);
}

#[tokio::test]
async fn without_ids_in_the_sheet_they_are_made_from_the_key() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "P", "name": "Parent" }));
    let target = begun(&world, &spec(UID)).await;
    let of = |uid: &str| {
        create(&*target, uid, json!({ "name": uid, "parentLocationId": "P", "identifiers": [{ "description": "DHIS2 uid", "code": uid }] }))
    };
    let first = write(&*target, &[of("x"), of("y")]).await;
    assert_eq!(words(&first), ["done"; 2]);
    let again = begun(&world, &spec(UID)).await;
    assert_eq!(
        write(&*again, &[of("x"), of("y")]).await.iter().map(id_of).collect::<Vec<_>>(),
        first.iter().map(id_of).collect::<Vec<_>>()
    );
    assert_eq!((all(&world).len(), imports(&world)), (3, 1));
    assert!(target.conform(json!({ "name": "x", "id": "chosen" })).is_ok());
    let api = world.target("locations", UID);
    assert_eq!(api.prepare().await, Ok(Vec::new()));
    assert_eq!(api.conform(json!({ "name": "x", "id": "chosen" })).expect_err("not through the API")[0].code, godata::READ_ONLY);
}

#[tokio::test]
async fn rows_that_are_refused_are_told_and_what_lies_below_them_waits() {
    let world = World::new().await;
    for (id, name) in [("P", "Parent"), ("T", "There")] {
        world.sim.put_location(json!({ "id": id, "name": name, "parentLocationId": if id == "P" { Value::Null } else { json!("P") } }));
    }
    let target = begun(&world, &spec("id")).await;
    let mut batch: Vec<Write> = [
        ("a", "THERE", "P"),
        ("a1", "Below", "a"),
        ("a11", "Far below", "a1"),
        ("b", "Good", "P"),
        ("b1", "Good too", "b"),
        ("c", "good", "P"),
        ("d", "Lost", "nowhere"),
        ("e", "Loop", "f"),
        ("f", "Loop", "e"),
        ("g", "Itself", "g"),
        ("h", "Top", ""),
    ]
    .iter()
    .map(|(id, name, parent)| place(&*target, id, name, parent))
    .collect();
    batch.push(place(&*target, "h", "Top again", ""));
    std::sync::Arc::make_mut(&mut batch[10].body)["geoLocation"] = json!({ "lat": 1.5, "lng": 2 });
    let written = write(&*target, &batch).await;
    let waits = format!("waits {}", record::UNKNOWN_PLACE);
    let (taken, twice) = (godata::TAKEN.to_string(), godata::ID_TAKEN.to_string());
    assert_eq!(
        words(&written),
        [&taken, &waits, &waits, "done", "done", &taken, &waits, &waits, &waits, "K0651", "done", &twice],
        "{written:?}"
    );
    assert!(said(&written[0]).contains("` (T),") && said(&written[5]).contains("` (b),"), "{written:?}");
    assert_eq!(all(&world), pairs(&[("P", ""), ("T", "P"), ("b", "P"), ("b1", "b"), ("h", "")]));
}

#[tokio::test]
async fn an_id_that_something_else_has_is_never_overwritten() {
    let world = World::new().await;
    world.sim.put_location(json!({ "id": "A", "name": "Someone's" }));
    let target = begun(&world, &spec(UID)).await;
    let chosen = |id: &str, name: &str| {
        let body = json!({ "id": id, "name": name, "identifiers": [{ "description": "DHIS2 uid", "code": id }] });
        create(&*target, id, body)
    };
    assert_eq!(
        words(&write(&*target, &[chosen("A", "Mine"), chosen("B", "Free")]).await),
        [godata::ID_TAKEN.to_string(), "done".to_owned()]
    );
    assert_eq!(world.sim.state().collection("location")[0]["name"], "Someone's");
    // What was deleted under the id of its key comes back under it, when the engine says that it may.
    assert_eq!(words(&write(&*target, &[delete("B")]).await), ["done"]);
    assert!(found(&*target, &["B"]).await[0][0].deleted);
    assert_eq!(words(&write(&*target, &[chosen("B", "Free")]).await), ["done"]);
    assert_eq!(all(&world), pairs(&[("A", ""), ("B", "")]));
    // Somebody changed what is there.
    world.sim.put_location(json!({ "id": "B", "name": "Changed" }));
    let written = write(&*target, &[chosen("B", "Free")]).await;
    assert_eq!(words(&written), [godata::NOT_AS_SENT.to_string()]);
    assert!(said(&written[0]).contains("name") && !said(&written[0]).contains("Changed"), "{}", said(&written[0]));
}

#[tokio::test]
async fn after_a_lost_answer_nothing_is_made_twice() {
    for (drop, there) in [("before", 0), ("after", 2)] {
        let world = World::new().await;
        let target = begun(&world, &spec("id")).await;
        let batch = [place(&*target, "A", "Country", ""), place(&*target, "A1", "Harbour", "A")];
        world.faults(&format!("- on: {{ path: \"{IMPORT}\", nth: 1 }}\n  do: {{ drop: {drop} }}\n"));
        assert_eq!(words(&write(&*target, &batch).await), ["K0501?"; 2]);
        assert_eq!(all(&world).len(), there);
        assert_eq!(words(&write(&*target, &batch).await), ["done"; 2]);
        assert_eq!((all(&world).len(), imports(&world)), (2, if there == 0 { 2 } else { 1 }), "{drop}");
    }
}

#[tokio::test]
async fn what_stops_a_file_in_the_middle_is_found_by_halves() {
    let world = World::new().await;
    let target = begun(&world, &spec("id")).await;
    world.faults(&format!("- on: {{ path: \"{IMPORT}\", body: \"Harbour\" }}\n  do: {{ status: 409, body: '{{\"error\":{{\"code\":\"MODEL_CONFLICT\"}}}}' }}\n"));
    let batch = [("A", "Country", ""), ("A1", "Harbour", "A"), ("A11", "Quay", "A1"), ("A2", "Hill", "A"), ("A3", "Lake", "A")];
    let batch: Vec<Write> = batch.iter().map(|(id, name, parent)| place(&*target, id, name, parent)).collect();
    let waits = format!("waits {}", record::UNKNOWN_PLACE);
    assert_eq!(words(&write(&*target, &batch).await), ["done", &godata::TAKEN.to_string(), &waits, "done", "done"]);
    assert_eq!(all(&world), pairs(&[("A", ""), ("A2", "A"), ("A3", "A")]));
    // Refused as too large, it goes in pieces.
    let large = format!("- on: {{ path: \"{IMPORT}\", nth: 1 }}\n  do: {{ status: 413 }}\n");
    world.faults(&large);
    let more: Vec<Write> = (0..6).map(|number| place(&*target, &format!("M{number}"), &format!("M{number}"), "A")).collect();
    assert_eq!(words(&write(&*target, &more).await), ["done"; 6]);
    world.faults(&format!(
        "- on: {{ path: \"{IMPORT}\" }}\n  do: {{ status: 403, body: '{{\"error\":{{\"code\":\"MISSING_REQUIRED_PERMISSION\"}}}}' }}\n"
    ));
    assert_eq!(words(&write(&*target, &[place(&*target, "Z", "Z", "")]).await), ["failed K0508"]);
}
