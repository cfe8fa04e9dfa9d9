//! Trees of places in any order, cut into pages of any size, and killed anywhere: one run writes them, each place once and in the place that it lies in.

mod support;

use std::collections::BTreeMap;

use kivuko_core::outcome::Counts;
use kivuko_sims::godata::Options;
use serde_json::{Value, json};
use support::World;
use support::chance::Chance;
use support::kill::{self, Point};

const FLOW: &str = "\
flow: places
from: { system: files, resource: places.csv, id: uid }
mapping: places.csv
to: { system: godata, resource: locations, key: \"identifiers[description=REGISTER].code\" }
deletes: { detect: absence, then: delete, stop_above: 100% }
";

const SHEET: &str = "\
target,source,transform,empty
name,name,,reject
active,,{ true },
identifiers[description=REGISTER].code,uid,,reject
parentLocationId,,\"ref(\"\"places\"\", \"\"parent\"\")\",
";

/// Places by their ids, each with the one that it lies in; twelve levels at least.
fn tree(chance: &mut Chance, size: usize) -> Vec<(String, Option<String>)> {
    let id = |number: usize| format!("U{number:03}");
    (0..size)
        .map(|number| match number {
            0 => (id(0), None),
            // A chain first, then anywhere.
            1..12 => (id(number), Some(id(number - 1))),
            _ => (id(number), Some(id(chance.below(number)))),
        })
        .collect()
}

fn shuffled(chance: &mut Chance, tree: &[(String, Option<String>)]) -> String {
    let mut rows: Vec<String> =
        tree.iter().map(|(id, parent)| format!("{id},Place {id},{}\n", parent.as_deref().unwrap_or_default())).collect();
    for at in (1..rows.len()).rev() {
        rows.swap(at, chance.below(at + 1));
    }
    format!("uid,name,parent\n{}", rows.concat())
}

/// What Go.Data holds of the register: the code of each place, and of the one that it lies in.
fn held(world: &World) -> BTreeMap<String, Option<String>> {
    let places = support::stored::records(&world.sim, "location");
    let code = |place: &Value| {
        let identifiers = place["identifiers"].as_array()?;
        identifiers.iter().find(|one| one["description"] == "REGISTER")?["code"].as_str().map(str::to_owned)
    };
    let codes: BTreeMap<&str, String> = places.iter().filter_map(|place| Some((place["id"].as_str()?, code(place)?))).collect();
    let parent = |place: &Value| place["parentLocationId"].as_str().map(|id| codes.get(id).cloned().unwrap_or_else(|| id.to_owned()));
    places.iter().filter_map(|place| Some((code(place)?, parent(place)))).collect()
}

async fn world(page_size: usize) -> World {
    let mut world = World::new(Options::for_tests()).await;
    world.pace.page_size = page_size;
    world.write("flows/places.yaml", FLOW);
    world.write("mappings/places.csv", SHEET);
    world
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_order_and_any_pages() {
    for seed in 0..12 {
        let mut chance = Chance::new(seed);
        let size = 20 + chance.below(60);
        let world = world(1 + chance.below(25)).await;
        let tree = tree(&mut chance, size);
        let expected: BTreeMap<String, Option<String>> = tree.iter().cloned().collect();
        world.write("incoming/places.csv", &shuffled(&mut chance, &tree));
        let all = u64::try_from(size).expect("it is small");
        let told = |counts: Counts| (counts.read, counts.created, counts.unchanged, counts.deleted);

        let plan = world.engine().await.plan("places", &kivuko_engine::PlanOptions::default(), &kivuko_engine::Unwatched).await;
        assert_eq!(told(plan.expect("it can be planned").counts), (all, all, 0, 0), "seed {seed}, the plan");
        let first = world.run("places").await;
        assert_eq!(told(first.counts), (all, all, 0, 0), "seed {seed}");
        // What waited for a later page and was written then has left no word of it.
        let rows = world.engine().await.store().outcomes(first.run, None, 0, 1_000).await.expect("outcomes can be read");
        let said = rows.iter().filter(|(_, row)| !row.causes.is_empty()).count();
        assert_eq!((rows.len(), said, first.causes.len()), (size, 0, 0), "seed {seed}: {:?}", first.causes);
        assert_eq!(held(&world), expected, "seed {seed}");
        let made: usize = world.sim.log().writes().iter().filter(|entry| entry.path == "/api/locations").map(|entry| entry.records).sum();
        assert_eq!(made, size, "seed {seed}");

        world.sim.log().clear();
        world.write("incoming/places.csv", &shuffled(&mut chance, &tree));
        assert_eq!(told(world.run("places").await.counts), (all, 0, all, 0), "seed {seed}, in another order");
        assert!(world.sim.log().writes().is_empty(), "seed {seed}");

        // Everything below one of the chain is gone; nothing with places in it is asked to be deleted.
        let mut gone = vec![format!("U{:03}", 1 + chance.below(5))];
        for (id, parent) in &tree {
            if parent.as_ref().is_some_and(|parent| gone.contains(parent)) {
                gone.push(id.clone());
            }
        }
        let rest: Vec<_> = tree.iter().filter(|(id, _)| !gone.contains(id)).cloned().collect();
        world.write("incoming/places.csv", &shuffled(&mut chance, &rest));
        let (left, removed) = (u64::try_from(rest.len()).expect("it is small"), u64::try_from(gone.len()).expect("it is small"));
        let report = world.run("places").await;
        assert_eq!(told(report.counts), (all, 0, left, removed), "seed {seed}, a piece is gone: {}", report.to_json());
        assert_eq!(world.sim.log().count("DELETE", "/api/locations/*"), gone.len(), "seed {seed}");
        assert_eq!(held(&world), rest.into_iter().collect(), "seed {seed}");
    }
}

/// A hierarchy of DHIS2 of four levels: 1, 10, 100 and so many more units; those with these numbers are called otherwise.
fn hierarchy(size: usize, renamed: impl Fn(usize) -> bool) -> Value {
    let id = |number: usize| format!("Unit{number:07}");
    let unit = |number: usize| {
        let name = if renamed(number) { format!("New place {number}") } else { format!("Place {number}") };
        let mut unit = json!({
            "id": id(number), "name": name, "shortName": name, "code": format!("C-{number}"), "openingDate": "2000-01-01",
            "geometry": { "type": "Point", "coordinates": [-11.5, 8.25] },
        });
        match number {
            0 => {}
            1..=10 => unit["parent"] = json!({ "id": id(0) }),
            11..=110 => unit["parent"] = json!({ "id": id(1 + (number - 11) / 10) }),
            _ => unit["parent"] = json!({ "id": id(11 + number % 100) }),
        }
        unit
    };
    // The deepest first, so that none of them comes after its parent.
    json!({ "organisationUnits": (0..size).rev().map(unit).collect::<Value>() })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_thousand_units_and_two_hundred_changes() {
    const UNITS: usize = 2_000;
    let world = World::of_template("org-units-to-godata", support::template::options("org-units-to-godata")).await;
    for unit in world.hmis().objects("organisationUnits") {
        world.hmis().remove("organisationUnits", unit["id"].as_str().expect("a unit has an id"));
    }
    world.hmis().put_metadata(&hierarchy(UNITS, |_| false));
    let all = u64::try_from(UNITS).expect("it is small");
    let first = world.run("org-units").await;
    assert_eq!((first.counts.created, first.counts.read), (all, all), "{}", first.to_json());
    let records: usize = world.sim.log().writes().iter().map(|entry| entry.records).sum();
    assert_eq!(records, UNITS, "each place is made once");

    world.sim.log().clear();
    let second = world.run("org-units").await;
    assert_eq!(second.counts.unchanged, all, "{}", second.to_json());
    assert!(world.sim.log().writes().is_empty(), "a second run writes nothing");

    world.hmis().put_metadata(&hierarchy(UNITS, |number| number % 10 == 7));
    let third = world.run("org-units").await;
    assert_eq!((third.counts.updated, third.counts.unchanged), (200, all - 200), "{}", third.to_json());
    assert!(world.sim.log().writes().len() <= 200, "200 changes are at most 200 writes: {}", world.sim.log().writes().len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_anywhere() {
    let mut chance = Chance::new(77);
    let tree = tree(&mut chance, 22);
    let expected: BTreeMap<String, Option<String>> = tree.iter().cloned().collect();
    let mut struck = 0;
    for round in 0..16 {
        let world = world(6).await;
        world.write("incoming/places.csv", &shuffled(&mut chance, &tree));
        let points: Vec<Point> = (0..3).map(|_| Point::KINDS[chance.below(4)](1 + chance.below(30))).collect();
        let mut last = None;
        for point in &points {
            last = kill::run(&world, "places", *point).await;
            if last.is_some() {
                break;
            }
            struck += 1;
        }
        let report = match last {
            Some(report) => report,
            None => world.run("places").await,
        };
        assert_eq!(report.exit_code(), 0, "round {round}, killed at {points:?}: {}", report.to_json());
        assert!(report.counts.adds_up() && report.counts.waiting == 0, "round {round}, killed at {points:?}: {}", report.to_json());
        assert_eq!(held(&world), expected, "round {round}, killed at {points:?}");
        let created: usize = world.sim.log().writes().iter().map(|entry| entry.records).sum();
        assert_eq!(created, tree.len(), "round {round}, killed at {points:?}: each place is made once");
        world.sim.log().clear();
        let again = world.run("places").await;
        assert_eq!((again.counts.unchanged, again.counts.read), (22, 22), "round {round}, killed at {points:?}");
        assert!(world.sim.log().writes().is_empty(), "round {round}, killed at {points:?}");
    }
    assert!(struck >= 16, "only {struck} kills struck");
}
