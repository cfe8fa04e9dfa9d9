//! The published files of org units as import files of Go.Data: the tree that the public converter makes of them, with what it loses, and nothing written a second time.
//!
//! The files are read where they lie; without them the tests say that they were left out.

mod support;

use std::collections::BTreeMap;

use kivuko_core::geometry::{Area, Point};
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};
use support::{World, real, stored};

const KIVUKO: &str = "\
project: places
timezone: UTC
systems:
  hmis: { kind: file, path: in }
  godata: { kind: file, path: out }
";

const FLOW: &str = "\
flow: places
about: As an administrator of Go.Data I want the org units of DHIS2 as its locations.
from: { system: hmis, resource: {file}, id: id{options} }
mapping: places.csv
to: { system: godata, resource: locations.json, key: id, tree: { record: location, children: children, parent: parentLocationId, siblings_differ_in: [name, synonyms] } }
";

/// The converter's rules (root level 3): the code, or else the uid, as identifier; no parent at the top.
const SHEET: &str = "\
target,source,transform,codes,when,default,empty,on,owner,personal,note
id,id,,,,,reject,,,no,
name,name,,,,,reject,,,no,
parentLocationId,parent.id,,,{ level > 3 },,,,,no,what is above the top is not in the file
geographicalLevelId,level,\"{ \"\"LNG_REFERENCE_DATA_CATEGORY_LOCATION_GEOGRAPHICAL_LEVEL_ADMIN_LEVEL_\"\" + string(value - 3) }\",,,,reject,,,no,
identifiers[0].code,,{ has(code) ? code : id },,,,,,,no,
geoLocation,coordinates,geo_point,,,,,,,no,
active,,{ true },,,,,,,no,
";

/// How our file differs from the converter's, and why.
const DIFFERENCES: &[(&str, &str)] = &[
    ("children", "the converter gives them in reverse; ours stand by name, so that the same units give the same file"),
    ("geoLocation", "the converter reads the numbers and drops them, and knows no areas"),
    ("populationDensity", "the converter writes it beside the location at the top, where Go.Data does not look"),
    ("synonyms", "an empty list is what Go.Data makes of none"),
];

async fn world(file: &str, options: &str, content: &str, sheet: &str) -> World {
    let world = World::around(Sim::start(Options::for_tests()).await.expect("the simulator starts"), None);
    world.write("kivuko.yaml", KIVUKO);
    world.write("flows/places.yaml", &FLOW.replace("{file}", file).replace("{options}", options));
    world.write("mappings/places.csv", sheet);
    world.write(&format!("in/{file}"), content);
    world
}

/// The locations of a file with the ids of the nodes above them, in the order of the file.
fn nodes(text: &str) -> Vec<(Option<String>, Value)> {
    fn below(nodes: &Value, above: Option<&str>, found: &mut Vec<(Option<String>, Value)>) {
        for node in nodes.as_array().expect("nodes stand in an array") {
            let location = &node["location"];
            found.push((above.map(str::to_owned), location.clone()));
            below(&node["children"], location["id"].as_str(), found);
        }
    }
    let mut found = Vec::new();
    below(&serde_json::from_str(text).expect("it is JSON"), None, &mut found);
    found
}

/// Carries a file over twice and gives the nodes.
async fn carried(world: &World, records: u64) -> Vec<(Option<String>, Value)> {
    let first = world.run("places").await;
    assert_eq!((first.counts.read, first.counts.created, first.counts.rejected), (records, records, 0), "{:?}", first.causes);
    let written = std::fs::read_to_string(world.path("out/locations.json")).expect("the file is there");
    let second = world.run("places").await;
    assert_eq!(
        (second.counts.unchanged, second.counts.writes.updated, second.counts.writes.created),
        (records, 0, 0),
        "{:?}",
        second.causes
    );
    assert_eq!(std::fs::read_to_string(world.path("out/locations.json")).expect("the file is there"), written);
    let imported = world.sim.import_locations(&written).expect("Go.Data takes the file as a whole");
    let there = stored::records(&world.sim, "location").len();
    assert_eq!((imported.len() as u64, there as u64), (records, records));
    nodes(&written)
}

/// Without what is known to differ.
fn common(location: &Value) -> Value {
    let mut members = location.as_object().expect("a location is an object").clone();
    for (name, _) in DIFFERENCES {
        members.remove(*name);
    }
    Value::Object(members)
}

async fn like_the_converter(input: &str, output: &str, points: usize) -> Option<(Vec<Value>, Vec<(Option<String>, Value)>)> {
    let folder = real::folder(input)?;
    let text = real::text(&folder, input);
    let units: Value = serde_json::from_str(&text).expect("it is JSON");
    let units = units["organisationUnits"].as_array().expect("it has org units").clone();
    let world = world("units.json", ", array: organisationUnits", &text, SHEET).await;
    let ours = carried(&world, units.len() as u64).await;

    let by_id = |nodes: &[(Option<String>, Value)]| -> BTreeMap<String, (Option<String>, Value)> {
        nodes
            .iter()
            .map(|(above, location)| (location["id"].as_str().expect("it has an id").to_owned(), (above.clone(), common(location))))
            .collect()
    };
    let theirs = nodes(&real::text(&folder, output));
    assert_eq!(by_id(&ours), by_id(&theirs), "names, identifiers, levels and parents of {input} are those of the converter");
    assert!(theirs.iter().all(|(_, location)| location["geoLocation"].is_null()), "the converter loses every position");
    assert_eq!(ours.iter().filter(|(_, location)| !location["geoLocation"].is_null()).count(), points);
    for (place, (above, location)) in ours.iter().enumerate() {
        assert_eq!(above.as_deref(), location["parentLocationId"].as_str(), "the place and the field say the same");
        let parent = ours[..place].iter().any(|(_, other)| Some(&other["id"]) == location.get("parentLocationId"));
        assert!(above.is_none() || parent, "a parent stands before its children");
    }
    Some((units, ours))
}

fn location<'a>(nodes: &'a [(Option<String>, Value)], name: &str) -> &'a Value {
    &nodes.iter().find(|(_, location)| location["name"] == name).unwrap_or_else(|| panic!("there is no {name}")).1
}

#[tokio::test(flavor = "multi_thread")]
async fn hospitals_below_a_country() {
    let files = ("interop/orgunits/FRA.input.json", "interop/orgunits/FRA.converter-output.json");
    let Some((_, ours)) = like_the_converter(files.0, files.1, 4).await else { return };
    let names: Vec<&str> = ours.iter().filter_map(|(_, location)| location["name"].as_str()).collect();
    assert_eq!(names, ["French Republic", "G.H. Bichat Claude Bernard", "Hospital Pitie-Salpetriere", "Hospital Tenon"]);
    // A hospital that DHIS2 calls NONE has a position all the same.
    assert_eq!(location(&ours, "Hospital Tenon")["geoLocation"], json!({ "lat": 48.866, "lng": 2.4 }));
    assert_eq!(
        location(&ours, "Hospital Tenon")["identifiers"],
        json!([{ "code": "DPMYhSzGOVt" }]),
        "without a code the uid stands for it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn regions_that_are_areas() {
    let files = ("interop/orgunits/SAA.input.json", "interop/orgunits/SAA.converter-output.json");
    let Some((units, ours)) = like_the_converter(files.0, files.1, 21).await else { return };
    for unit in units {
        let area = Area::parse(&unit["coordinates"]).expect("it is a geometry").expect("it is an area");
        let found = &location(&ours, unit["name"].as_str().expect("it has a name"))["geoLocation"];
        let point = Point::new(found["lat"].as_f64().expect("a number"), found["lng"].as_f64().expect("a number")).expect("a position");
        assert!(area.contains(point), "the point of {} lies outside of it", unit["name"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn facilities_four_levels_down() {
    let files = ("interop/orgunits/MOC.input-points-only.json", "interop/orgunits/MOC.converter-output.json");
    let Some((_, ours)) = like_the_converter(files.0, files.1, 12).await else { return };
    assert_eq!(location(&ours, "SS-Barrage boulknadel")["geoLocation"], json!({ "lat": 33.292_467, "lng": -6.550_319 }));
    let level = |name: &str| location(&ours, name)["geographicalLevelId"].as_str().and_then(|id| id.rsplit('_').next()).map(str::to_owned);
    assert_eq!(level("SS-Barrage boulknadel").as_deref(), Some("3"));
}

/// As templates have it: the uid and the code beside each other, levels from the top.
const BOTH: &str = "\
target,source,transform,codes,when,default,empty,on,owner,personal,note
id,{id},,,,,reject,,,no,
name,{name},,,,,reject,,,no,
parentLocationId,{parent},,,,,,,,no,
identifiers[0].description,,\"{ \"\"DHIS2 uid\"\" }\",,,,,,,no,
identifiers[0].code,{id},,,,,,,,no,
identifiers[1].code,{code},trim,,,,,,,no,
synonyms[0],{short},,,\"{ has({short}) && {short} != {name} }\",,,,,no,
geoLocation,{geometry},geo_point,,,,,,,no,
active,,{ true },,,,,,,no,
";

fn both(id: &str, name: &str, parent: &str, code: &str, short: &str, geometry: &str) -> String {
    let mut sheet = String::new();
    for line in BOTH.lines().filter(|line| !short.is_empty() || !line.contains("{short}")) {
        let line = [("{id}", id), ("{name}", name), ("{parent}", parent), ("{code}", code), ("{short}", short), ("{geometry}", geometry)]
            .iter()
            .fold(line.to_owned(), |line, (word, path)| line.replace(word, path));
        sheet.push_str(&line);
        sheet.push('\n');
    }
    sheet
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_of_units() {
    const FILE: &str = "dhis2/orgunits/organisationUnits.csv";
    let Some(folder) = real::folder(FILE) else { return };
    let world = world("units.csv", "", &real::text(&folder, FILE), &both("uid", "name", "parent", "code", "shortName", "geometry")).await;
    let flow = std::fs::read_to_string(world.path("flows/places.yaml")).expect("the flow is there");
    world.write("flows/places.yaml", &flow.replace("id: id }", "id: uid, missing_columns: accept }"));
    let ours = carried(&world, 6).await;
    let shown: Vec<(Option<&str>, &str)> =
        ours.iter().map(|(above, location)| (above.as_deref(), location["id"].as_str().unwrap_or_default())).collect();
    let expected = [
        (None, "a1234567890"),
        (Some("a1234567890"), "b1234567890"),
        (Some("b1234567890"), "c1234567890"),
        (Some("c1234567890"), "e1234567890"),
        (Some("e1234567890"), "f1234567890"),
        (Some("b1234567890"), "d1234567890"),
    ];
    assert_eq!(shown, expected);
    assert_eq!(
        location(&ours, "Level 2a")["identifiers"],
        json!([{ "description": "DHIS2 uid", "code": "c1234567890" }, { "code": "L2a" }])
    );
    assert_eq!(location(&ours, "Level 2a")["synonyms"], json!(["L2a"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn districts_as_features() {
    const FILE: &str = "dhis2/orgunits/sierra-leone-districts.geojson";
    let Some(folder) = real::folder(FILE) else { return };
    let text = real::text(&folder, FILE);
    let sheet = both("id", "properties.name", "properties.parent", "properties.code", "", "geometry");
    let world = world("districts.geojson", ", array: features", &text, &sheet).await;
    let ours = carried(&world, 15).await;
    let features: Value = serde_json::from_str(&text).expect("it is JSON");
    for feature in features["features"].as_array().expect("it has features") {
        let found = location(&ours, feature["properties"]["name"].as_str().expect("it has a name"));
        let point =
            Point::new(found["geoLocation"]["lat"].as_f64().expect("a number"), found["geoLocation"]["lng"].as_f64().expect("a number"));
        // One of them is drawn with two corners and has no area: the point between them.
        match Area::parse(feature).expect("it is a geometry") {
            Some(area) => assert!(area.contains(point.expect("a position")), "{}", found["name"]),
            None => assert_eq!(found["name"], "Karene District"),
        }
    }
    assert_eq!(location(&ours, "Bo District")["identifiers"][1], json!({ "code": "BO" }), "the code has a blank behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn units_among_other_metadata() {
    const FILE: &str = "dhis2/orgunits/ou_with_group_and_set.json";
    let Some(folder) = real::folder(FILE) else { return };
    let sheet = both("id", "name", "parent.id", "code", "shortName", "geometry");
    let world = world("metadata.json", ", array: organisationUnits", &real::text(&folder, FILE), &sheet).await;
    let ours = carried(&world, 2).await;
    let shown: Vec<(Option<&str>, &str)> =
        ours.iter().map(|(above, location)| (above.as_deref(), location["name"].as_str().unwrap_or_default())).collect();
    assert_eq!(shown, [(None, "TA OU_DELETION_TESTS_OU"), (Some("PIBHO8qBw9o"), "TA OU_DELETION_TESTS_OU_CHILD")]);
}
