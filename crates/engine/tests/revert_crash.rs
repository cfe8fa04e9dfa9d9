//! The taking back of a run that is killed at any point. A second revert ends with what an undisturbed one ends with, and a run without a second revert with what it
//! would have ended with: each record and number once, nothing taken for deleted or changed by a person.
//!
//! Killed is killed, and the points are chosen, as in the crash test of numbers.

mod support;

use std::collections::BTreeMap;

use kivuko_core::cells::{CellFilter, CellNumber};
use kivuko_core::path::Path;
use kivuko_core::store::{RunId, Store};
use kivuko_core::value::text;
use kivuko_sims::dhis2::{self, Dhis2Sim, User};
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};
use support::kill::{self, Point};
use support::{World, numbers, turns};

/// What is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Story {
    /// People of Go.Data, which are deleted for good: who is made again has another id.
    Cases,
    /// Numbers of DHIS2.
    Numbers,
    /// Org units of DHIS2, some of which the run had deleted: they are made again under their ids.
    Units,
}

impl Story {
    const fn flow(self) -> &'static str {
        match self {
            Self::Cases => "cases",
            Self::Numbers => "weekly",
            Self::Units => "places",
        }
    }

    /// What the run that is taken back is given, after the first list has come.
    const fn lists(self) -> [&'static str; 2] {
        match self {
            Self::Cases => [
                "case_id,name,age,reported
C-1,Amina Koné,34,2026-03-02
C-2,Binta Sarr,8,2026-03-02
C-3,Awa Diop,61,2026-03-02
",
                "case_id,name,age,reported
C-1,Amina Koné,35,2026-03-02
C-2,Binta Sarr,8,2026-03-02
C-3,Awa Sow,62,2026-03-02
C-4,Ousman Ba,50,2026-03-04
C-5,Fatou Ndiaye,3,2026-03-04
C-6,Moussa Cissé,29,2026-03-04
",
            ],
            Self::Numbers => [
                "id,reported,place,sex,age,class,onset,admitted,died,sample
C-1,2026-06-09,Bo town,F,3,suspect,,2026-06-10,,
C-2,2026-06-09,Bo river,F,4,confirmed,2026-06-02,,,
C-3,2026-06-09,Kenema,F,4,suspect,,2026-06-10,,
",
                "id,reported,place,sex,age,class,onset,admitted,died,sample
C-1,2026-06-09,Bo town,F,3,suspect,,2026-06-10,,
C-3,2026-06-09,Kenema,M,40,suspect,,,2026-06-11,
C-4,2026-06-09,Kenema,M,8,suspect,,,2026-06-11,
",
            ],
            Self::Units => [
                "code,name,parent
D-1,Kenema,
C-1,Lower Bambara,D-1
V-1,Kori,C-1
V-2,Bandu,C-1
",
                "code,name,parent
D-1,Kenema City,
C-2,Upper Bambara,D-1
V-3,Gofor,C-2
",
            ],
        }
    }

    async fn world(self) -> World {
        let mut world = match self {
            Self::Cases => {
                let world = World::new(Options::for_tests().mask("*")).await;
                let flow = support::project::FLOW.replace("mapping: cases.csv", "mapping: cases.csv\nkeep: { payload: all }");
                world.write("flows/cases.yaml", &flow);
                let kivuko = support::project::KIVUKO.replace("settle_secs: 0.4", "settle_secs: 0.25\n    batch_size: 2");
                world.write("kivuko.yaml", &kivuko.replace("{url}", &world.sim.url()));
                world
            }
            Self::Numbers => {
                let world = World::of_numbers("2.41", Options::for_tests()).await;
                let kivuko = std::fs::read_to_string(world.path("kivuko.yaml")).expect("it is there");
                world.write("kivuko.yaml", &format!("{kivuko}    batch_size: 2\n"));
                world
            }
            Self::Units => units().await,
        };
        // What lies in one another is taken back in its order within a page.
        world.pace.page_size = if self == Self::Units { 10 } else { 4 };
        world
    }

    async fn list(self, world: &World, day: usize) {
        let file = if self == Self::Units { "incoming/places.csv" } else { "incoming/cases.csv" };
        world.write(file, self.lists()[day]);
        let report = world.run(self.flow()).await;
        assert_eq!(report.exit_code(), 0, "an undisturbed run works: {}", report.to_json());
    }

    /// Everything that must not depend on where the revert was killed.
    async fn witness(self, world: &World) -> Vec<String> {
        let store = world.workspace().open_store().await.expect("the store opens");
        let mut lines = match self {
            Self::Cases => {
                let stored = world.sim.state().collection("cases");
                let living = stored.iter().filter(|case| case["deleted"] != json!(true));
                living.map(|case| json!([case["documents"], case["firstName"], case["lastName"], case["age"]]).to_string()).collect()
            }
            Self::Numbers => {
                let mut lines: Vec<String> =
                    numbers::values(world.hmis()).into_iter().map(|(name, value)| format!("{name}: {value}")).collect();
                for row in store.cells("weekly", &CellFilter::default(), CellNumber(-1), 1_000).await.expect("cells can be read") {
                    lines.push(format!("cell {}: {:?} {}", numbers::name_of(world.hmis(), &row.cell.id()), row.value, row.late));
                }
                lines
            }
            Self::Units => {
                let objects = world.hmis().objects("organisationUnits");
                let codes: BTreeMap<String, String> =
                    objects.iter().filter_map(|unit| Some((text(&unit["id"])?, text(&unit["code"])?))).collect();
                let parent = Path::parse("parent.id").expect("it is a path");
                let line = |unit: &Value| {
                    let around = parent.one(unit).and_then(text).and_then(|id| codes.get(&id).cloned());
                    json!([unit["id"], unit["code"], unit["name"], around]).to_string()
                };
                objects.iter().map(line).collect::<Vec<String>>()
            }
        };
        lines.sort();
        for row in store.rejections(None, 100).await.expect("rejections can be read") {
            lines.push(format!("rejected {}: {:?}", row.source_id, row.causes));
        }
        lines.push(format!("links: {}", store.count_links(self.flow()).await.expect("links can be counted")));
        let target = if self == Self::Cases { "godata" } else { "hmis" };
        lines.push(format!("open intents: {}", store.open_intents(target).await.expect("intents can be read").len()));
        store.close().await;
        lines
    }
}

async fn units() -> World {
    let sim = Sim::start(Options::for_tests()).await.expect("the simulator starts");
    let authorities = ["F_METADATA_IMPORT", "F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_DELETE"];
    let account = User::new("keeper", "Market-9", &authorities);
    let hmis = Dhis2Sim::start(dhis2::Options::for_tests("2.41").with_user(account)).await.expect("the simulator starts");
    let system = format!(
        "{{ kind: dhis2, url: \"{}\", username: keeper, password: Market-9, settle_secs: 0.1, timeout_secs: 5, batch_size: 2 }}",
        hmis.url()
    );
    let world = World::around(sim, Some(hmis));
    for (name, text) in [
        (
            "kivuko.yaml",
            format!("project: places\ntimezone: UTC\nsystems:\n  files: {{ kind: file, path: incoming }}\n  hmis: {system}\n"),
        ),
        (
            "flows/places.yaml",
            "flow: places\nfrom: { system: files, resource: places.csv, id: code }\nmapping: places.csv\nto: { system: hmis, resource: organisationUnits, key: code }\nkeep: { payload: all }\ndeletes: { detect: absence, then: delete, stop_above: 100% }\n".to_owned(),
        ),
        (
            "mappings/places.csv",
            "target,source,transform,empty\ncode,code,,reject\nname,name,,reject\nshortName,name,,\nopeningDate,,\"{ \"\"2000-01-01\"\" }\",\nparent.id,,\"ref(\"\"places\"\", \"\"parent\"\")\",\n".to_owned(),
        ),
    ] {
        world.write(name, &text);
    }
    world
}

/// A history that nobody disturbs: what it comes to when the second list was taken back, and when it has come again.
struct Undisturbed {
    taken_back: Vec<String>,
    again: Vec<String>,
    points: Vec<Point>,
}

/// The world in which both lists have come, and the run of the second one.
async fn before(story: Story) -> (World, RunId) {
    let world = story.world().await;
    for day in 0..2 {
        story.list(&world, day).await;
    }
    let store = world.workspace().open_store().await.expect("the store opens");
    let run = store.runs(None, 1).await.expect("runs can be read")[0].id;
    store.close().await;
    (world, run)
}

async fn undisturbed(story: Story) -> Undisturbed {
    let (world, run) = before(story).await;
    let (report, steps) = kill::trace_revert(&world, run).await;
    assert_eq!(report.exit_code(), 0, "all of it can be taken back: {}", report.to_json());
    let taken_back = story.witness(&world).await;
    story.list(&world, 1).await;
    Undisturbed { taken_back, again: story.witness(&world).await, points: turns::points(&steps) }
}

/// Killed, and then run again, or taken back a second time before that.
async fn disturbed(story: Story, turn: usize, undisturbed: &Undisturbed) -> Result<(), String> {
    let (turn, twice) = (turn / 2, turn.is_multiple_of(2));
    let (world, run) = before(story).await;
    let point = undisturbed.points[turn];
    if kill::revert(&world, run, point).await.is_some() {
        return Err(format!("{story:?}: the revert never came to {point:?}"));
    }
    let here = |what: String| Err(format!("{story:?}, killed at {point:?}: {what}"));
    if twice {
        let (report, done) = world.engine().await.revert(run).await.map_err(|error| error.to_string())?;
        let rejected = report.counts.rejected + report.counts.failed;
        let mut expected = undisturbed.taken_back.clone();
        let mut found = story.witness(&world).await;
        // Where nothing is left to be done for a record, its intent is closed by the next run.
        for lines in [&mut expected, &mut found] {
            lines.retain(|line| !line.starts_with("open intents"));
        }
        if rejected > 0 || found != expected {
            return here(format!("taken back twice it came to\n  {found:#?}\n  undisturbed {expected:#?}\n  {done:#?}"));
        }
    }
    let mut report = world.run(story.flow()).await;
    if story == Story::Units && !twice {
        // What the killed revert had made again, and the list does not have, is linked at the end of this run, and is missed by the next one.
        report = world.run(story.flow()).await;
    }
    if report.exit_code() != 0 {
        return here(format!("the run after it (taken back twice: {twice}) ended with {}", report.to_json()));
    }
    let found = story.witness(&world).await;
    if found != undisturbed.again {
        return here(format!("the run after it (taken back twice: {twice}) came to\n  {found:#?}\n  undisturbed {:#?}", undisturbed.again));
    }
    let report = world.run(story.flow()).await;
    let counts = report.counts;
    if counts.created + counts.updated + counts.deleted + counts.counted + counts.writes.created + counts.writes.updated > 0 {
        return here(format!("one more run did something: {}", report.to_json()));
    }
    Ok(())
}

fn every_kind_of_step(story: Story) {
    let undisturbed = turns::alone(undisturbed(story));
    turns::all_of(2 * undisturbed.points.len(), async |turn| disturbed(story, turn, &undisturbed).await);
}

#[test]
fn cases_of_go_data() {
    every_kind_of_step(Story::Cases);
}

#[test]
fn numbers_of_dhis2() {
    every_kind_of_step(Story::Numbers);
}

#[test]
fn org_units_of_dhis2() {
    every_kind_of_step(Story::Units);
}
