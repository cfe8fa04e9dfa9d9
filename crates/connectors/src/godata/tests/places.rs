//! Whole trees of locations through the API: order, names, moves, closing and deleting.

use kivuko_core::catalogue::{godata, record};
use kivuko_core::connector::Obstacle;
use kivuko_core::diff;

use super::others::prepared;
use super::*;

const UID: &str = "identifiers[description=DHIS2 uid].code";

/// A tree in which ids are names: `("N1", "North 1", "N")`.
fn grow(world: &World, places: &[(&str, &str, &str)]) {
    for (id, name, parent) in places {
        let parent = if parent.is_empty() { Value::Null } else { json!(parent) };
        world.sim.put_location(json!({ "id": id, "name": name, "parentLocationId": parent }));
    }
}

fn north(world: &World) {
    grow(world, &[("C", "Country", ""), ("N", "North", "C"), ("S", "South", "C"), ("N1", "Harbour", "N"), ("N2", "Hill", "N")]);
}

async fn target(world: &World) -> Box<dyn Target> {
    prepared(world, "locations", &[UID]).await
}

fn place(target: &dyn Target, uid: &str, name: &str, parent: &str) -> Write {
    create(target, uid, json!({ "name": name, "parentLocationId": parent, "identifiers": [{ "description": "DHIS2 uid", "code": uid }] }))
}

fn off(id: &str) -> Write {
    Write { action: Action::Deactivate, ..update(id, Value::Null) }
}

fn stored(world: &World, id: &str) -> Value {
    world.sim.state().collection("location").into_iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("{id} is there"))
}

fn names(world: &World, parent: &str) -> Vec<String> {
    let all = world.sim.state().collection("location");
    let mut names: Vec<String> = all
        .iter()
        .filter(|row| row["parentLocationId"] == parent && row["deleted"] != json!(true))
        .filter_map(|row| row["name"].as_str().map(str::to_owned))
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn new_places_go_in_arrays_and_siblings_of_one_name_never_in_the_same() {
    let world = World::new().await;
    north(&world);
    let target = target(&world).await;
    let mut batch: Vec<Write> = (0..120).map(|number| place(&*target, &format!("u{number}"), &format!("Place {number}"), "S")).collect();
    batch.insert(60, place(&*target, "twin", "PLACE 59", "S"));
    batch.push(place(&*target, "elsewhere", "Place 1", "N"));
    world.sim.log().clear();
    let written = write(&*target, &batch).await;
    let mut expected = vec!["done".to_owned(); 122];
    expected[60] = godata::TAKEN.to_string();
    assert_eq!(words(&written), expected);
    let holder = id_of(&written[59]);
    assert!(said(&written[60]).contains(&holder), "{} is told: {}", holder, said(&written[60]));
    assert_eq!(names(&world, "S").len(), 120);
    // Three arrays for 122 places, and what it takes to find out about the one that is refused.
    let posts = world.sim.log().count("POST", "/api/locations");
    assert!((4..=54).contains(&posts), "{posts} requests");
    world.sim.log().clear();
    let more: Vec<Write> = (0..200).map(|number| place(&*target, &format!("v{number}"), &format!("More {number}"), "N")).collect();
    assert_eq!(words(&write(&*target, &more).await), vec!["done"; 200]);
    assert_eq!((world.sim.log().count("POST", "/api/locations"), target.capabilities().concurrency), (4, 1));
}

#[tokio::test]
async fn quirk_44_siblings_may_swap_their_names() {
    let world = World::new().await;
    north(&world);
    let target = target(&world).await;
    let batch = [update("N", json!({ "name": "South" })), update("S", json!({ "name": "North" }))];
    assert_eq!(words(&write(&*target, &batch).await), ["done"; 2]);
    assert_eq!((&stored(&world, "N")["name"], &stored(&world, "S")["name"]), (&json!("South"), &json!("North")));
    // One makes room for the other, whichever comes first.
    let batch = [update("S", json!({ "name": "South" })), update("N", json!({ "name": "East" }))];
    assert_eq!(words(&write(&*target, &batch).await), ["done"; 2]);
    assert_eq!(names(&world, "C"), ["East", "South"]);
    let taken = write(&*target, &[update("N", json!({ "name": "south" }))]).await;
    assert_eq!(words(&taken), [godata::TAKEN.to_string()]);
    assert!(said(&taken[0]).contains("location `South` (S),"), "{}", said(&taken[0]));
    assert!(matches!(&taken[0], Written::Refused(cause) if cause.field.as_deref() == Some("name")), "{taken:?}");
    // Of a synonym that is what is told.
    assert_eq!(words(&write(&*target, &[update("S", json!({ "synonyms": ["Down"] }))]).await), ["done"]);
    let taken = write(&*target, &[update("N", json!({ "synonyms": ["Up", "DOWN"] }))]).await;
    assert!(matches!(&taken[0], Written::Refused(cause) if cause.field.as_deref() == Some("synonyms")), "{taken:?}");
    assert!(said(&taken[0]).starts_with("a synonym belongs to the location `South` (S),"), "{}", said(&taken[0]));
    let at_the_top = write(&*target, &[create(&*target, "x", json!({ "name": "COUNTRY" }))]).await;
    assert!(said(&at_the_top[0]).contains("location `Country` (C),"), "{}", said(&at_the_top[0]));
}

#[tokio::test]
async fn quirk_44_places_of_one_name_swap_their_parents_and_keep_it() {
    let swap = [update("A", json!({ "parentLocationId": "S" })), update("B", json!({ "parentLocationId": "N" }))];
    let start = async || {
        let world = World::new().await;
        grow(&world, &[("C", "Country", ""), ("N", "North", "C"), ("S", "South", "C"), ("A", "Clinic", "N"), ("B", "Clinic", "S")]);
        world
    };
    let place = |world: &World, id: &str| {
        let row = stored(world, id);
        [&row["parentLocationId"], &row["name"]].map(|value| value.as_str().expect("a text").to_owned())
    };
    let world = start().await;
    let target = self::target(&world).await;
    assert_eq!(words(&write(&*target, &swap).await), ["done"; 2]);
    assert_eq!((place(&world, "A"), place(&world, "B")), (["S", "Clinic"].map(str::to_owned), ["N", "Clinic"].map(str::to_owned)));

    // The other one is refused, so that there is no room for it: it is put back.
    let refusal = "do: { status: 422, body: '{\"error\":{\"statusCode\":422,\"name\":\"ValidationError\",\"message\":\"no\"}}' }";
    let world = start().await;
    let target = self::target(&world).await;
    world.faults(&format!("- on: {{ method: PUT, path: '*/locations/B' }}\n  {refusal}\n"));
    let written = write(&*target, &swap).await;
    assert_eq!(words(&written)[0], godata::TAKEN.to_string(), "{written:?}");
    assert!(matches!(written[1], Written::Refused(_)), "{written:?}");
    assert!(!said(&written[0]).contains("in brackets"), "{}", said(&written[0]));
    assert_eq!((place(&world, "A"), place(&world, "B")), (["N", "Clinic"].map(str::to_owned), ["S", "Clinic"].map(str::to_owned)));

    // It is refused itself when the other one has its place: the name cannot be given back, and that is said.
    let world = start().await;
    let target = self::target(&world).await;
    world.faults(&format!("- on: {{ method: PUT, path: '*/locations/A', nth: 2 }}\n  {refusal}\n"));
    let written = write(&*target, &swap).await;
    assert!(matches!((&written[0], &written[1]), (Written::Refused(_), Written::Done { .. })), "{written:?}");
    assert!(said(&written[0]).contains("its id in brackets"), "{}", said(&written[0]));
    assert_eq!((place(&world, "A"), place(&world, "B")), (["N", "Clinic [A]"].map(str::to_owned), ["N", "Clinic"].map(str::to_owned)));
}

#[tokio::test]
async fn a_place_moves_but_never_below_itself() {
    let world = World::new().await;
    north(&world);
    let target = target(&world).await;
    let to = |id: &str, parent: &str| update(id, json!({ "parentLocationId": parent }));
    world.sim.log().clear();
    let written = write(&*target, &[to("N", "N"), to("C", "N1"), to("N2", "nowhere")]).await;
    assert_eq!(
        words(&written),
        ["K0651", "waits K0651", "waits K0311"].map(|word| word.replace("K0311", &record::UNKNOWN_PLACE.to_string()))
    );
    assert!(world.sim.log().writes().is_empty(), "none of it was sent");
    // The harbour becomes the parent of the north in which it lay: it leaves first.
    assert_eq!(words(&write(&*target, &[to("N", "N1"), to("N1", "C")]).await), ["done"; 2]);
    assert_eq!((&stored(&world, "N")["parentLocationId"], &stored(&world, "N1")["parentLocationId"]), (&json!("N1"), &json!("C")));
    assert_eq!(words(&write(&*target, &[update("S", json!({ "populationDensity": 3 })), to("S", "N2")]).await), ["done"; 2]);
}

#[tokio::test]
async fn what_is_closed_is_closed_from_below() {
    let world = World::new().await;
    north(&world);
    let target = target(&world).await;
    let written = write(&*target, &[off("C"), off("N"), off("N1"), update("N2", json!({ "active": false }))]).await;
    assert_eq!(words(&written), ["waits K0652", "done", "done", "done"], "the south is open still");
    assert_eq!(words(&write(&*target, &[off("C"), off("S")]).await), ["done"; 2]);
    let open = |id: &str| update(id, json!({ "active": true }));
    assert_eq!(words(&write(&*target, &[open("N1"), open("C")]).await), ["done"; 2]);
    assert_eq!(stored(&world, "C")["active"], true);
}

#[tokio::test]
async fn quirk_46_what_is_deleted_is_deleted_from_below_and_takes_nobody_along() {
    let world = World::new().await;
    north(&world);
    grow(&world, &[("N11", "Quay", "N1")]);
    let target = target(&world).await;
    let held = write(&*target, &[delete("C"), delete("N"), delete("N1")]).await;
    assert_eq!(
        words(&held),
        [godata::TAKES_OTHERS_ALONG.to_string(), godata::TAKES_OTHERS_ALONG.to_string(), godata::TAKES_OTHERS_ALONG.to_string()]
    );
    assert!(said(&held[2]).contains("N11") && said(&held[1]).contains("N2"), "{held:?}");
    world.sim.log().clear();
    let written = write(&*target, &[delete("N"), delete("N1"), delete("nobody"), delete("N11"), delete("N2")]).await;
    assert_eq!(words(&written), ["done"; 5]);
    let order: Vec<String> = world.sim.log().writes().iter().map(|entry| entry.path.replace("/api/locations/", "")).collect();
    let at = |id: &str| order.iter().position(|path| path == id).unwrap_or_else(|| panic!("{id} in {order:?}"));
    assert!(at("N11") < at("N1") && at("N1") < at("N") && at("N2") < at("N"), "{order:?}");
    world.sim.insert_case(Options::OUTBREAK, json!({ "addresses": [{ "locationId": "S" }] }));
    let used = write(&*target, &[delete("C"), delete("S")]).await;
    assert_eq!(words(&used), [godata::TAKES_OTHERS_ALONG.to_string(), godata::IN_USE.to_string()]);
    assert_eq!(names(&world, "C"), ["South"]);
}

#[tokio::test]
async fn quirk_45_levels_are_items_and_deeper_ones_need_one_of_their_own() {
    let world = World::new().await;
    let target = target(&world).await;
    let level = |written: &str| target.conform(json!({ "name": "X", "geographicalLevelId": written }));
    let full = "LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_3";
    for written in ["ADMIN_LEVEL_3", "ADMIN_3", full] {
        assert_eq!(level(written).expect("a level")["geographicalLevelId"], full, "{written}");
    }
    assert_eq!(level("FACILITY").expect_err("not listed")[0].code, godata::NO_SUCH_LEVEL);
    let causes = level("ADMIN_LEVEL_10").expect_err("ten levels begin with 0");
    assert_eq!((causes[0].code, causes[0].field.as_deref()), (godata::NO_SUCH_LEVEL, Some("geographicalLevelId")));
    assert!(causes[0].message.contains("ADMIN_LEVEL_0, ADMIN_LEVEL_1"), "{}", causes[0].message);
    // Someone adds it.
    let item = json!({ "categoryId": "LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL", "value": "Admin Level 10" });
    let world = World::with(Options { reference_data: vec![item], ..Options::for_tests() }, json!({})).await;
    let target = self::target(&world).await;
    target.conform(json!({ "name": "X", "geographicalLevelId": "ADMIN_LEVEL_10" })).expect("it is there now");
}

#[tokio::test]
async fn what_others_wrote_into_a_place_stays() {
    let world = World::new().await;
    world.sim.put_location(json!({
        "id": "L", "name": "Lakeside", "synonyms": ["Old Lakeside"], "identifiers": [{ "description": "HMIS", "code": "77" }]
    }));
    let target = target(&world).await;
    let whole = target.capabilities().replaced_whole;
    let present = target.fetch(&["L".to_owned()]).await.expect("a look").remove(0).expect("it is there").body;
    let wanted = json!({ "synonyms": ["LKS"], "identifiers": [{ "description": "DHIS2 uid", "code": "abc" }] });
    let merged = diff::merge(&present, &wanted, &whole);
    assert_eq!(words(&write(&*target, &[update("L", merged.clone())]).await), ["done"]);
    let now = stored(&world, "L");
    assert_eq!(now["synonyms"], json!(["Old Lakeside", "LKS"]));
    assert_eq!(now["identifiers"].as_array().map(Vec::len), Some(2));
    assert!(diff::changed_fields(&now, &diff::merge(&now, &wanted, &whole)).is_empty(), "the same again changes nothing");
}

async fn foreseen(target: &dyn Target, batch: &[Write]) -> Vec<String> {
    let obstacles = target.foresee(batch).await.expect("it can be foreseen");
    let word = |obstacle: Option<Obstacle>| match obstacle {
        Some(Obstacle::Refused(cause)) => cause.code.to_string(),
        Some(Obstacle::NotYet(cause)) => format!("waits {}", cause.code),
        None => String::new(),
    };
    obstacles.into_iter().map(word).collect()
}

/// A plan is told what would wait as the run does: what closes over open places, what moves below itself or into what is not there.
#[tokio::test]
async fn what_would_wait_is_foreseen() {
    let world = World::new().await;
    north(&world);
    let target = target(&world).await;
    let to = |id: &str, parent: &str| update(id, json!({ "parentLocationId": (!parent.is_empty()).then_some(parent) }));
    let planned = |uid: &str, name: &str, parent: &str| Write { id: Some(format!("(new: {uid})")), ..place(&*target, uid, name, parent) };
    let open = |id: &str| update(id, json!({ "active": true }));
    world.sim.log().clear();
    for (batch, expected) in [
        // The south is open still; of the north all is closed, whatever the order.
        (vec![off("C"), off("N"), off("N1"), update("N2", json!({ "active": false }))], ["waits K0652", "", "", ""].as_slice()),
        // In a later page the plan has closed the north.
        (vec![off("C"), to("S", "")], &["", ""]),
        (vec![open("C"), open("N"), to("S", "C"), planned("new", "New", "N")], &["", "", "", ""]),
        (vec![off("N"), off("S")], &["waits K0652", ""]),
        (vec![to("C", "N1"), to("N", "N"), to("S", "nowhere")], &["waits K0651", "K0651", &format!("waits {}", record::UNKNOWN_PLACE)]),
        (vec![to("N1", "")], &[""]),
        (vec![to("C", "N1"), to("N2", "(new: new)")], &["", ""]),
    ] {
        assert_eq!(foreseen(&*target, &batch).await, expected, "{batch:?}");
    }
    assert!(world.sim.log().writes().is_empty());
}

/// A plan is told of the names that would be refused: those that are there, and those that it would have given by then.
#[tokio::test]
async fn names_that_would_be_refused_are_foreseen() {
    let world = World::new().await;
    north(&world);
    let target = target(&world).await;
    let planned = |uid: &str, name: &str, parent: &str| Write { id: Some(format!("(new: {uid})")), ..place(&*target, uid, name, parent) };
    let rename = |id: &str, name: &str| update(id, json!({ "name": name }));
    world.sim.log().clear();
    for (batch, expected) in [
        (vec![planned("a", "HARBOUR", "N"), planned("b", "Harbour", "S"), planned("c", "country", "")], ["K0609", "", "K0609"]),
        (vec![planned("d", "Post", "(new: b)"), planned("e", "POST", "(new: b)"), planned("f", "harbour", "S")], ["", "K0609", "K0609"]),
        // Two swap their names; a third gets neither.
        (vec![rename("N1", "Hill"), planned("g", "Hill", "N"), rename("N2", "Harbour")], ["", "K0609", ""]),
        (vec![rename("N1", "Slope"), planned("h", "Hill", "N"), rename("N2", "SLOPE")], ["", "", "K0609"]),
        (
            vec![Write { action: Action::Delete, ..update("N2", Value::Null) }, planned("i", "Harbour", "N"), planned("j", "Valley", "N")],
            ["", "K0609", ""],
        ),
        (vec![planned("k", "Harbour", "N"), planned("l", "Slope", "N"), planned("m", "valley", "N")], ["", "K0609", "K0609"]),
    ] {
        assert_eq!(foreseen(&*target, &batch).await, expected, "{batch:?}");
    }
    assert!(world.sim.log().writes().is_empty());
    let asked = world.sim.log().entries().iter().filter(|entry| entry.path.starts_with("/api/locations")).count();
    assert!(asked <= 8, "siblings are asked for once: {asked}");
}
