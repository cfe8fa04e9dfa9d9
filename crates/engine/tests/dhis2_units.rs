//! A list of places into the org units of DHIS2, for each release: made parents first, changed, closed and opened again, taken back, and nothing written for nothing.

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use kivuko_core::connector::Cancel;
use kivuko_core::store::RunId;
use kivuko_engine::{Engine, Reverted, RunOptions, RunReport, Unwatched, Workspace};
use kivuko_sims::dhis2::{Dhis2Sim, Options, User};
use kivuko_sims::faults::{Action, Rule, When};
use kivuko_sims::godata;
use kivuko_sims::godata::Options as GoData;
use serde_json::{Value, json};
use support::{PACE, problems};

const RELEASES: [&str; 5] = ["2.38", "2.40", "2.41", "2.42", "2.43"];

/// The oldest and the newest of them.
const ENDS: [&str; 2] = ["2.38", "2.43"];

struct World {
    hmis: Dhis2Sim,
    folder: tempfile::TempDir,
}

impl World {
    async fn new(release: &str) -> Self {
        let authorities = ["F_METADATA_IMPORT", "F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_DELETE"];
        let account = User::new("keeper", "Market-9", &authorities);
        let root = json!({ "id": "CountryAaaa", "code": "X", "name": "Xanadu", "shortName": "Xanadu", "openingDate": "2000-01-01" });
        let options = Options::for_tests(release).with_metadata(json!({ "organisationUnits": [root] })).with_user(account);
        let hmis = Dhis2Sim::start(options).await.expect("a simulator");
        let folder = tempfile::tempdir().expect("there is room for a project");
        let world = Self { hmis, folder };
        let project = format!(
            "project: places\ntimezone: UTC\nsystems:\n  files: {{ kind: file, path: incoming }}\n  hmis:\n    kind: dhis2\n    url: {}\n    username: keeper\n    password: Market-9\n    settle_secs: 0.25\n    timeout_secs: 2\n",
            world.hmis.url()
        );
        world.write("kivuko.yaml", &project);
        world.write(
            "flows/units.yaml",
            "flow: units\nabout: As a keeper of the facility list I want its places in DHIS2.\nfrom: { system: files, resource: places.csv, id: code }\nmapping: units.csv\nto: { system: hmis, resource: organisationUnits, key: code }\ndeletes: { detect: absence, then: deactivate, stop_above: 50% }\n",
        );
        world.write(
            "mappings/units.csv",
            "target,source,empty\ncode,code,reject\nname,name,\nopeningDate,opened,\nclosedDate,closed,clear\nparent.code,parent,\n",
        );
        world
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    /// The list as it is from now on; children before their parents.
    fn list(&self, rows: &[&str]) {
        self.write("incoming/places.csv", &format!("code,name,opened,closed,parent\n{}\n", rows.join("\n")));
    }

    /// A process of its own.
    async fn engine(&self) -> Engine {
        let workspace = Workspace::read(self.folder.path(), "test").expect("the project can be read");
        assert!(workspace.is_sound(), "the project has problems: {}", problems(&workspace.problems));
        workspace.open(Cancel::default(), PACE).await.unwrap_or_else(|error| panic!("the engine does not open: {error}"))
    }

    /// One run by a process of its own.
    async fn run(&self) -> RunReport {
        let report = self.engine().await.run("units", &RunOptions::default(), &Unwatched).await.expect("the run begins");
        assert!(report.counts.adds_up(), "the account does not add up: {:?}", report.counts);
        report
    }

    /// What taking a run back would do to each record; the same is then done, which is what the account of it says.
    async fn take_back(&self, run: RunId) -> BTreeMap<String, String> {
        let words = |reverted: &[Reverted]| {
            let word = |one: &Reverted| match (&one.action, &one.cause) {
                (Some(action), None) => format!("{action:?}").to_lowercase(),
                (Some(action), Some(cause)) => format!("{action:?}, {}", cause.code).to_lowercase(),
                (None, cause) => cause.as_ref().map(|cause| cause.message.clone()).unwrap_or_default(),
            };
            reverted.iter().map(|one| (one.source_id.clone(), word(one))).collect::<BTreeMap<_, _>>()
        };
        let planned = words(&self.engine().await.plan_revert(run).await.expect("it can be looked at"));
        let (report, done) = self.engine().await.revert(run).await.expect("it is taken back");
        assert!(report.counts.adds_up() && report.error.is_none(), "{report:?}");
        assert_eq!(words(&done), planned, "the plan of a revert says what becomes of it");
        planned
    }

    /// What a person changes by hand, a moment later.
    fn edit(&self, code: &str, field: &str, value: Value) {
        self.hmis.clock().advance(Duration::from_secs(1));
        let mut unit = self.unit(code);
        let fields = unit.as_object_mut().expect("it is one");
        fields.remove("lastUpdated");
        fields.remove("lastUpdatedBy");
        fields.insert(field.to_owned(), value);
        self.hmis.put_metadata(&json!({ "organisationUnits": [unit] }));
    }

    fn is_there(&self, code: &str) -> bool {
        self.hmis.model().org_units.iter().any(|unit| unit.identity.code.as_deref() == Some(code))
    }

    fn unit(&self, code: &str) -> Value {
        let model = self.hmis.model();
        let unit = model.org_units.iter().find(|unit| unit.identity.code.as_deref() == Some(code)).expect("it is there");
        self.hmis.object("organisationUnits", unit.identity.id.as_str()).expect("it is there")
    }

    fn parent(&self, code: &str) -> String {
        let parent = self.unit(code)["parent"]["id"].as_str().expect("it has one").to_owned();
        self.hmis.object("organisationUnits", &parent).expect("it is there")["code"].as_str().expect("it has one").to_owned()
    }

    fn writes(&self) -> usize {
        self.hmis.log().count("POST", "/api/metadata") + self.hmis.log().count("DELETE", "*")
    }
}

#[tokio::test]
async fn places_become_org_units_and_stay_what_the_list_says() {
    for release in RELEASES {
        let world = World::new(release).await;
        let (clinic, district) = ("C1,Clinic,2010-01-01,,D1", "D1,North,2005-01-01,,X");
        world.list(&[clinic, "C2,Post,2010-01-01,,D1", district, "D2,South,2005-01-01,,X"]);
        // The answer to the first document is lost.
        world.hmis.set_faults(vec![Rule::nth("POST", "/api/metadata", 1, Action::Drop(When::After))]);
        let first = world.run().await;
        assert_eq!((first.counts.created, first.counts.rejected, first.counts.waiting), (4, 0, 0), "{release}: {first:?}");
        assert_eq!(world.hmis.model().org_units.len(), 5, "{release}");
        assert_eq!((world.parent("C1").as_str(), world.parent("D1").as_str()), ("D1", "X"), "{release}");

        let before = world.writes();
        let second = world.run().await;
        assert_eq!((second.counts.unchanged, world.writes()), (4, before), "{release}: {second:?}");

        // Renamed by hand in DHIS2, moved and closed in the list.
        let mut district = world.unit("D1");
        district["name"] = json!("Far North");
        world.hmis.put_metadata(&json!({ "organisationUnits": [district] }));
        world.list(&["C1,Clinic,2010-01-01,2024-12-31,D2", "C2,Post,2010-01-01,,D1", "D1,North,2005-01-01,,X", "D2,South,2005-01-01,,X"]);
        let third = world.run().await;
        assert_eq!((third.counts.updated, third.counts.unchanged), (1, 3), "{release}: {third:?}");
        assert_eq!((world.parent("C1").as_str(), &world.unit("C1")["closedDate"]), ("D2", &json!("2024-12-31")), "{release}");
        assert_eq!(world.unit("D1")["name"], json!("Far North"), "what somebody changed there stays");

        // Opened again; another one is gone from the list, and is closed.
        world.list(&["C1,Clinic,2010-01-01,,D2", "D1,North,2005-01-01,,X", "D2,South,2005-01-01,,X"]);
        let fourth = world.run().await;
        assert_eq!((fourth.counts.updated, fourth.counts.deleted), (1, 1), "{release}: {fourth:?}");
        assert!(world.unit("C1").get("closedDate").is_none() && world.unit("C2").get("closedDate").is_some(), "{release}");
    }
}

/// The flow with another `deletes`, and what was there before kept.
const KEEPING: &str = "flow: units\nfrom: { system: files, resource: places.csv, id: code }\nmapping: units.csv\nto: { system: hmis, resource: organisationUnits, key: code }\nkeep: { payload: all, days: 30 }\ndeletes: { detect: absence, then: THEN, stop_above: 100% }\n";

fn told(expected: &[(&str, &str)]) -> BTreeMap<String, String> {
    expected.iter().map(|(id, word)| ((*id).to_owned(), (*word).to_owned())).collect()
}

#[tokio::test]
async fn what_a_run_wrote_is_taken_back_as_far_as_nobody_changed_it() {
    for release in RELEASES {
        let world = World::new(release).await;
        world.write("flows/units.yaml", &KEEPING.replace("THEN", "delete"));
        world.hmis.put_metadata(
            &json!({ "attributes": [{ "id": "Registry001", "name": "Register", "shortName": "Register", "valueType": "TEXT", "organisationUnitAttribute": true }] }),
        );
        let sheet = "target,source,empty\ncode,code,reject\nname,name,\nopeningDate,opened,\nparent.code,parent,\nattributeValues[attribute.id=Registry001].value,number,\n";
        world.write("mappings/units.csv", sheet);
        let list = |rows: &[&str]| world.write("incoming/places.csv", &format!("code,name,opened,parent,number\n{}\n", rows.join("\n")));
        list(&["D1,North,2005-01-01,X,", "D2,South,2005-01-01,X,", "C1,Clinic,2010-01-01,D1,", "C2,Post,2010-01-01,D2,"]);
        let first = world.run().await;
        assert_eq!(first.counts.created, 4, "{release}: {first:?}");
        // Somebody puts a telephone number to one: it stays, and so does what it lies in.
        world.edit("C2", "phoneNumber", json!("555-0199"));
        let changed = "left as it is: somebody changed the record since";
        let holds = "left as it is: something lies in it that stays";
        let expected = told(&[("C1", "delete"), ("C2", changed), ("D1", "delete"), ("D2", holds)]);
        assert_eq!(world.take_back(first.run).await, expected, "{release}");
        assert_eq!(["C1", "C2", "D1", "D2"].map(|code| world.is_there(code)), [false, true, false, true], "{release}");

        let second = world.run().await;
        assert_eq!((second.counts.created, second.counts.unchanged), (2, 2), "{release}: {second:?}");
        list(&["D1,North,2005-01-01,X,", "D2,Far South,2005-01-01,X,", "C1,Clinic One,2010-01-01,D2,7", "C2,Post,2010-01-01,D2,8"]);
        let third = world.run().await;
        assert_eq!((third.counts.updated, third.counts.unchanged), (3, 1), "{release}: {third:?}");
        assert_eq!(world.unit("C1")["attributeValues"][0]["value"], json!("7"), "{release}");
        world.edit("D2", "comment", json!("by hand"));
        let expected = told(&[("C1", "update"), ("C2", "update"), ("D2", changed)]);
        assert_eq!(world.take_back(third.run).await, expected, "{release}");
        let clinic = world.unit("C1");
        let values = clinic.get("attributeValues").and_then(Value::as_array).map_or(0, Vec::len);
        assert_eq!((&clinic["name"], world.parent("C1").as_str(), values), (&json!("Clinic"), "D1", 0), "{release}: {clinic}");
        assert_eq!((&world.unit("D2")["name"], &world.unit("C2")["phoneNumber"]), (&json!("Far South"), &json!("555-0199")), "{release}");
        // Taken back a second time nothing is as the run left it: the first time wrote it.
        let already = format!("left as it is: run {} has taken it back already", third.run.0 + 1);
        let again = world.take_back(third.run).await;
        assert_eq!(again, told(&[("C1", &already), ("C2", &already), ("D2", changed)]), "{release}");
        // What a later run writes the same again is that run's.
        list(&["D1,North,2005-01-01,X,", "D2,Far South,2005-01-01,X,", "C1,Clinic One,2010-01-01,D2,8", "C2,Post,2010-01-01,D2,9"]);
        let fourth = world.run().await;
        assert_eq!(fourth.counts.updated, 2, "{release}: {fourth:?}");
        let again = world.take_back(third.run).await;
        assert_eq!(again, told(&[("C1", &already), ("C2", &already), ("D2", changed)]), "{release}");
        assert_eq!(world.unit("C1")["attributeValues"][0]["value"], json!("8"), "{release}");
    }
}

#[tokio::test]
async fn what_a_run_deleted_or_closed_is_made_and_opened_again() {
    for release in ENDS {
        let world = World::new(release).await;
        world.write("flows/units.yaml", &KEEPING.replace("THEN", "delete"));
        let rows = ["C1,Clinic,2010-01-01,,D1", "D1,North,2005-01-01,,X", "C2,Post,2010-01-01,,X"];
        world.list(&rows);
        world.run().await;
        let before = ["C1", "D1", "C2"].map(|code| world.unit(code)["id"].clone());
        world.list(&[rows[2]]);
        let second = world.run().await;
        assert_eq!((second.counts.deleted, second.counts.unchanged), (2, 1), "{release}: {second:?}");
        assert_eq!(world.take_back(second.run).await, told(&[("C1", "create"), ("D1", "create")]), "{release}");
        assert_eq!(["C1", "D1", "C2"].map(|code| world.unit(code)["id"].clone()), before, "{release}");
        assert_eq!((world.parent("C1").as_str(), &world.unit("C1")["name"]), ("D1", &json!("Clinic")), "{release}");
        let already = format!("left as it is: run {} has taken it back already", second.run.0 + 1);
        assert_eq!(world.take_back(second.run).await, told(&[("C1", &already), ("D1", &already)]), "{release}");
        // They are the flow's again.
        world.list(&rows);
        let before = world.writes();
        let third = world.run().await;
        assert_eq!((third.counts.unchanged, world.writes()), (3, before), "{release}: {third:?}");

        world.write("flows/units.yaml", &KEEPING.replace("THEN", "deactivate"));
        world.list(&[rows[1]]);
        let fourth = world.run().await;
        assert_eq!((fourth.counts.deleted, fourth.counts.unchanged), (2, 1), "{release}: {fourth:?}");
        assert!(world.unit("C1").get("closedDate").is_some() && world.unit("C2").get("closedDate").is_some(), "{release}");
        world.edit("C2", "closedDate", json!("2026-01-31"));
        let changed = "left as it is: somebody changed the record since";
        assert_eq!(world.take_back(fourth.run).await, told(&[("C1", "update"), ("C2", changed)]), "{release}");
        assert!(world.unit("C1").get("closedDate").is_none(), "{release}");
        assert_eq!(world.unit("C2")["closedDate"].as_str().and_then(|day| day.get(..10)), Some("2026-01-31"), "{release}");
    }
}

#[tokio::test]
async fn who_may_not_delete_is_told_before_and_what_was_not_kept_is_not_restored() {
    let world = World::new("2.42").await;
    world.list(&["D1,North,2005-01-01,,X"]);
    let first = world.run().await;
    world.list(&["D1,Far North,2005-01-01,,X"]);
    let second = world.run().await;
    assert_eq!(world.take_back(second.run).await, told(&[("D1", "left as it is: its earlier values were not kept")]));
    world.list(&["D1,Far North,2005-01-01,,X", "D2,South,2005-01-01,,X"]);
    let third = world.run().await;
    world.hmis.edit_account("keeper", |account| account.authorities.retain(|one| one != "F_ORGANISATIONUNIT_DELETE"));
    assert_eq!(world.take_back(third.run).await, told(&[("D2", "left as it is: the account may not delete it")]));
    assert!(world.is_there("D2") && first.counts.created == 1);
}

#[tokio::test]
async fn a_closing_date_is_filled_in_once() {
    for release in ENDS {
        let world = World::new(release).await;
        let sheet = "target,source,transform,empty,on\ncode,code,,reject,\nname,name,,,\nopeningDate,opened,,,\nclosedDate,changed,\"{ open == \"\"no\"\" ? changed : null }\",clear,empty\nparent.code,parent,,,\n";
        world.write("mappings/units.csv", sheet);
        let list = |row: &str| world.write("incoming/places.csv", &format!("code,name,opened,changed,open,parent\n{row}\n"));
        let closed = || world.unit("C1").get("closedDate").and_then(Value::as_str).and_then(|day| day.get(..10)).map(str::to_owned);
        list("C1,Clinic,2010-01-01,2026-03-01,no,X");
        assert_eq!((world.run().await.counts.created, closed().as_deref()), (1, Some("2026-03-01")), "{release}");
        // A closed place is corrected: only the correction travels.
        list("C1,Clinic One,2010-01-01,2026-04-01,no,X");
        assert_eq!((world.run().await.counts.updated, closed().as_deref()), (1, Some("2026-03-01")), "{release}");
        let before = world.writes();
        list("C1,Clinic One,2010-01-01,2026-05-01,no,X");
        let third = world.run().await;
        assert_eq!((third.counts.unchanged, closed().as_deref(), world.writes()), (1, Some("2026-03-01"), before), "{release}: {third:?}");
        let options = RunOptions { force: true, ..RunOptions::default() };
        let forced = world.engine().await.run("units", &options, &Unwatched).await.expect("the run begins");
        assert_eq!((forced.counts.unchanged, world.writes()), (1, before), "{release}: {forced:?}");
        // Opened again it has none, and closed again a new one.
        list("C1,Clinic One,2010-01-01,2026-06-01,yes,X");
        assert_eq!((world.run().await.counts.updated, closed()), (1, None), "{release}");
        list("C1,Clinic One,2010-01-01,2026-07-01,no,X");
        assert_eq!((world.run().await.counts.updated, closed().as_deref()), (1, Some("2026-07-01")), "{release}");
    }
}

#[tokio::test]
async fn a_unit_changes_places_with_the_one_that_it_lies_in() {
    for release in ENDS {
        let world = World::new(release).await;
        world.list(&["D1,North,2005-01-01,,X", "C1,Clinic,2005-01-01,,D1", "C2,Post,2005-01-01,,D1"]);
        world.run().await;
        world.list(&["D1,North,2005-01-01,,C1", "C1,Clinic,2005-01-01,,X", "C2,Post,2005-01-01,,D1"]);
        let moved = world.run().await;
        assert_eq!((moved.counts.updated, moved.counts.unchanged), (2, 1), "{release}: {moved:?}");
        assert_eq!(["C1", "D1", "C2"].map(|code| world.parent(code)), ["X", "C1", "D1"], "{release}");
        let before = world.writes();
        assert_eq!((world.run().await.counts.unchanged, world.writes()), (3, before), "{release}");
        // In a list in which they lie in one another the one that would lie below itself waits, each time, and what was there stays.
        world.list(&["D1,North,2005-01-01,,C1", "C1,Clinic,2005-01-01,,D1", "C2,Post,2005-01-01,,D1"]);
        for _ in 0..2 {
            let circle = world.run().await;
            assert_eq!((circle.counts.waiting, circle.counts.unchanged, world.writes()), (1, 2, before), "{release}: {circle:?}");
            assert_eq!(circle.causes[0].code.to_string(), "K1044", "{release}: {circle:?}");
        }
        world.list(&["D1,North,2005-01-01,,X", "C1,Clinic,2005-01-01,,D1", "C2,Post,2005-01-01,,D1"]);
        let corrected = world.run().await;
        assert_eq!((corrected.counts.updated, corrected.counts.unchanged), (2, 1), "{release}: {corrected:?}");
    }
}

#[tokio::test]
async fn who_waits_for_a_parent_is_not_sent_before_it_is_there() {
    for release in ENDS {
        let world = World::new(release).await;
        world.list(&["D1,North,2005-01-01,,X", "C1,Clinic,2010-01-01,,D9", "C2,Post,2010-01-01,,C1"]);
        let first = world.run().await;
        assert_eq!((first.counts.created, first.counts.waiting, world.writes()), (1, 2, 1), "{release}: {first:?}");
        let second = world.run().await;
        assert_eq!((second.counts.unchanged, second.counts.waiting, world.writes()), (1, 2, 1), "{release}: {second:?}");
        world.hmis.put_metadata(
            &json!({ "organisationUnits": [{ "id": "NinthDistrt", "code": "D9", "name": "Ninth", "shortName": "Ninth", "openingDate": "2000-01-01", "parent": { "id": "CountryAaaa" } }] }),
        );
        let third = world.run().await;
        assert_eq!((third.counts.created, third.counts.unchanged), (2, 1), "{release}: {third:?}");
        assert_eq!(["C1", "C2"].map(|code| world.parent(code)), ["D9", "C1"], "{release}");
    }
}

#[tokio::test]
async fn only_what_the_flows_need_is_warned_of() {
    let world = World::new("2.42").await;
    // No outbreak at all, and none is named.
    let godata = godata::Sim::start(GoData { outbreaks: Vec::new(), ..GoData::for_tests() }).await.expect("a simulator");
    let project = std::fs::read_to_string(world.folder.path().join("kivuko.yaml")).expect("it was written");
    let system = format!(
        "  godata:\n    kind: godata\n    url: {}\n    email: {}\n    password: {}\n",
        godata.url(),
        GoData::EMAIL,
        GoData::PASSWORD
    );
    world.write("kivuko.yaml", &format!("{project}{system}"));
    world.list(&["D1,North,2005-01-01,,X"]);
    let warnings = async |system: &str| {
        let what = format!("system {system}");
        let checked = world.engine().await.check_online().await;
        let health = checked.into_iter().find(|checked| checked.what == what).and_then(|checked| checked.health).expect("it answers");
        health.warnings.into_iter().map(String::from).collect::<Vec<_>>().join("; ")
    };
    // What nobody uses yet may become anything.
    assert!(warnings("godata").await.contains("sees no outbreak"));
    let table = |name: &str, resource: &str| {
        world.write(
            &format!("flows/{name}.yaml"),
            &format!("flow: {name}\nfrom: {{ system: godata, resource: {resource} }}\nmapping: out.csv\nto: {{ system: files, resource: {name}.csv, key: id }}\n"),
        );
    };
    world.write("mappings/out.csv", "target,source,empty\nid,id,reject\n");
    table("locations", "locations");
    assert_eq!(warnings("godata").await, "", "places belong to no outbreak");
    let units = warnings("hmis").await;
    assert!(!["analytics", "F_DATAVALUE_ADD", "capture"].iter().any(|word| units.contains(word)), "units are no numbers: {units}");
    table("cases", "cases");
    assert!(warnings("godata").await.contains("sees no outbreak"));

    world.write(
        "flows/rates.yaml",
        "flow: rates\nfrom: { system: hmis, resource: analytics, dx: [ElementAaaa], pe: [\"2024\"], ou: [CountryAaaa] }\nmapping: out.csv\nto: { system: files, resource: rates.csv, key: id }\n",
    );
    let reading = warnings("hmis").await;
    assert!(reading.contains("analytics") && !reading.contains("F_DATAVALUE_ADD"), "{reading}");
    world.write(
        "flows/numbers.yaml",
        "flow: numbers\nfrom: { system: files, resource: places.csv, id: code }\nmapping: numbers.csv\nto: { system: hmis, resource: dataValueSets, data_set: any, key: [dataElement, period, orgUnit, categoryOptionCombo, attributeOptionCombo] }\n",
    );
    world.write(
        "mappings/numbers.csv",
        "target,source\ndataElement,code\nperiod,opened\norgUnit,parent\nvalue,name\ncategoryOptionCombo,name\nattributeOptionCombo,name\n",
    );
    let writing = warnings("hmis").await;
    assert!(writing.contains("F_DATAVALUE_ADD") && writing.contains("no org units to capture data at"), "{writing}");
}
