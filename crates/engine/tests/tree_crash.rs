//! A run over a tree of places that is killed at any point, and started again, comes to the same as one that nobody disturbed: each place once, in the place that it
//! lies in, the same links, the same that wait and are rejected; in Go.Data and in DHIS2.
//!
//! Children come before their parents, over several pages, so that each day has waves within a page, records that are put off, and the taking up of them; on the
//! second day places move, are renamed and go. Killed is killed, and the points are chosen, as in the crash test of numbers.

mod support;

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::path::Path;
use kivuko_core::store::Store;
use kivuko_sims::dhis2::{self, Dhis2Sim, User};
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};
use support::kill::{self, Point};
use support::{World, turns};

/// The list as it is each day.
const DAYS: [&str; 2] = [
    "V-1,Kori,C-1
V-2,Bandu,C-2
X-1,Never,X-9
C-1,Lower Bambara,D-1
V-3,Old Kori,V-1
C-2,Upper Bambara,D-1
Z-1,Hither,Z-2
D-1,Kenema,
Z-2,Thither,Z-1
",
    "V-1,Kori,C-2
V-4,Gofor,C-3
X-1,Never,X-9
C-1,Lower Bambara,D-1
V-3,Upper Kori,V-1
C-2,Upper Bambara,D-1
C-3,Gorama,D-1
Z-1,Hither,Z-2
D-1,Kenema City,
Z-2,Thither,
",
];
const CODES: [&str; 11] = ["V-1", "V-2", "V-3", "V-4", "C-1", "C-2", "C-3", "D-1", "X-1", "Z-1", "Z-2"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    GoData,
    Dhis2,
}

impl Target {
    /// Where the code of a place stands, and the id of the one that it lies in.
    const fn paths(self) -> (&'static str, &'static str) {
        match self {
            Self::GoData => ("identifiers[description=REGISTER].code", "parentLocationId"),
            Self::Dhis2 => ("code", "parent.id"),
        }
    }

    const fn resource(self) -> &'static str {
        match self {
            Self::GoData => "locations",
            Self::Dhis2 => "organisationUnits",
        }
    }

    async fn world(self) -> World {
        let sim = Sim::start(Options::for_tests()).await.expect("the simulator starts");
        let godata = format!(
            "{{ kind: godata, url: \"{}\", email: integration@kivuko.test, password: correct horse battery, settle_secs: 0.1, timeout_secs: 5 }}",
            sim.url()
        );
        let (hmis, system) = match self {
            Self::GoData => (None, godata),
            Self::Dhis2 => {
                let authorities = ["F_METADATA_IMPORT", "F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_DELETE"];
                let account = User::new("keeper", "Market-9", &authorities);
                let hmis = Dhis2Sim::start(dhis2::Options::for_tests("2.41").with_user(account)).await.expect("the simulator starts");
                let system = format!(
                    "{{ kind: dhis2, url: \"{}\", username: keeper, password: Market-9, settle_secs: 0.1, timeout_secs: 5 }}",
                    hmis.url()
                );
                (Some(hmis), system)
            }
        };
        let mut world = World::around(sim, hmis);
        world.pace.page_size = 4;
        world.write(
            "kivuko.yaml",
            &format!("project: places\ntimezone: UTC\nsystems:\n  files: {{ kind: file, path: incoming }}\n  there: {system}\n"),
        );
        let (code, parent) = self.paths();
        let then = if self == Self::GoData { "delete" } else { "deactivate" };
        world.write(
            "flows/places.yaml",
            &format!(
                "flow: places\nabout: As a keeper of the list I want its places there.\nfrom: {{ system: files, resource: places.csv, id: code }}\nmapping: places.csv\nto: {{ system: there, resource: {}, key: \"{code}\" }}\ndeletes: {{ detect: absence, then: {then}, stop_above: 50% }}\n",
                self.resource()
            ),
        );
        let own = if self == Self::GoData { "active,,{ true },\n" } else { "shortName,name,,\nopeningDate,,\"{ \"\"2000-01-01\"\" }\",\n" };
        world.write(
            "mappings/places.csv",
            &format!("target,source,transform,empty\n{code},code,,reject\nname,name,,reject\n{own}{parent},,\"ref(\"\"places\"\", \"\"parent\"\")\",\n"),
        );
        world
    }

    /// All places that are there, deleted ones too, by their ids.
    fn stored(self, world: &World) -> Vec<Value> {
        match self {
            Self::GoData => world.sim.state().collection("location"),
            Self::Dhis2 => world.hmis().objects("organisationUnits"),
        }
    }
}

/// Everything that must not depend on how often a run was killed.
#[derive(Debug, PartialEq)]
struct Witness {
    /// A line for each place: a place that was made twice has two.
    places: Vec<String>,
    links: BTreeMap<String, String>,
    rejections: BTreeMap<String, String>,
    waiting: BTreeMap<String, String>,
    open_intents: usize,
}

impl Witness {
    async fn of(target: Target, world: &World) -> Self {
        let stored = target.stored(world);
        let (code, parent) = target.paths();
        let read = |path: &str, place: &Value| {
            let path = Path::parse(path).expect("it is a path");
            path.one(place).and_then(kivuko_core::value::text)
        };
        let codes: BTreeMap<String, String> =
            stored.iter().filter_map(|place| Some((place["id"].as_str()?.to_owned(), read(code, place)?))).collect();
        let line = |place: &Value| {
            let own = read(code, place)?;
            let around = read(parent, place).map(|id| codes.get(&id).cloned().unwrap_or(id));
            let state = json!([place["name"], around, place["deleted"], place["active"], place["closedDate"].is_null()]);
            Some(format!("{own} {state}"))
        };
        let mut places: Vec<String> = stored.iter().filter_map(line).collect();
        places.sort();
        let store = world.workspace().open_store().await.expect("the store opens");
        let ids = CODES.map(str::to_owned);
        let links = store.links("files", "places.csv", &ids, "there").await.expect("links can be read");
        let rejections = store.rejections(None, 100).await.expect("rejections can be read");
        let waiting = store.waiting("places").await.expect("what waits can be read");
        let witness = Self {
            places,
            links: links.into_iter().map(|link| (link.source.id, codes.get(&link.target_id).cloned().unwrap_or_default())).collect(),
            rejections: rejections
                .into_iter()
                .map(|row| (row.source_id, row.causes.first().map(|cause| cause.code.to_string()).unwrap_or_default()))
                .collect(),
            waiting: waiting.into_iter().map(|one| (one.source_id, one.reference.source_id)).collect(),
            open_intents: store.open_intents("there").await.expect("intents can be read").len(),
        };
        store.close().await;
        witness
    }
}

/// A day as it comes to pass when nobody disturbs it, and where it is to be disturbed.
struct Day {
    expected: Witness,
    points: Vec<Point>,
}

fn day(world: &World, text: &str) {
    world.write("incoming/places.csv", &format!("code,name,parent\n{text}"));
}

async fn undisturbed(target: Target) -> Vec<Day> {
    let world = target.world().await;
    let mut days = Vec::new();
    for text in DAYS {
        day(&world, text);
        let (report, steps) = kill::trace(&world, "places").await;
        assert!(report.exit_code() <= 1, "an undisturbed run works: {}", report.to_json());
        days.push(Day { expected: Witness::of(target, &world).await, points: turns::points(&steps) });
    }
    let linked = |day: &Day| day.expected.links.keys().cloned().collect::<BTreeSet<_>>();
    let named = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(linked(&days[0]), named(&["C-1", "C-2", "D-1", "V-1", "V-2", "V-3"]));
    assert_eq!(linked(&days[1]), named(&["C-1", "C-2", "C-3", "D-1", "V-1", "V-3", "V-4", "Z-1", "Z-2"]));
    assert_eq!(days[0].expected.rejections.keys().collect::<Vec<_>>(), ["Z-1", "Z-2"], "they lie in each other");
    assert_eq!((days[1].expected.rejections.len(), days[1].expected.open_intents), (0, 0));
    days
}

/// Runs each day, killed at its point of this turn, then to its end.
async fn disturbed(target: Target, turn: usize, days: &[Day]) -> Result<(), String> {
    let world = target.world().await;
    for (number, (text, Day { expected, points })) in DAYS.into_iter().zip(days).enumerate() {
        let point = points[turn % points.len()];
        day(&world, text);
        if kill::run(&world, "places", point).await.is_some() {
            return Err(format!("day {number}: the run never came to {point:?}"));
        }
        let report = world.run("places").await;
        if report.exit_code() > 1 {
            return Err(format!("day {number}, killed at {point:?}: the run after it ended with {}", report.to_json()));
        }
        let here = Witness::of(target, &world).await;
        if here != *expected {
            return Err(format!("day {number}, killed at {point:?}:\n  {here:?}\n  undisturbed {expected:?}"));
        }
    }
    Ok(())
}

fn every_kind_of_step(target: Target) {
    let days = turns::alone(undisturbed(target));
    let turns = days.iter().map(|day| day.points.len()).max().unwrap_or_default();
    turns::all_of(turns, async |turn| disturbed(target, turn, &days).await);
}

#[test]
fn locations_of_go_data() {
    every_kind_of_step(Target::GoData);
}

#[test]
fn org_units_of_dhis2() {
    every_kind_of_step(Target::Dhis2);
}
