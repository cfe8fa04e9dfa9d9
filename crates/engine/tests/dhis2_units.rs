//! A list of places into the org units of DHIS2, for each release: made parents first, changed, closed and opened again, and nothing written for nothing.

mod support;

use kivuko_core::connector::Cancel;
use kivuko_engine::{RunOptions, RunReport, Unwatched, Workspace};
use kivuko_sims::dhis2::{Dhis2Sim, Options, User};
use kivuko_sims::faults::{Action, Rule, When};
use serde_json::{Value, json};
use support::{PACE, problems};

const RELEASES: [&str; 5] = ["2.38", "2.40", "2.41", "2.42", "2.43"];

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

    /// One run by a process of its own.
    async fn run(&self) -> RunReport {
        let workspace = Workspace::read(self.folder.path(), "test").expect("the project can be read");
        assert!(workspace.is_sound(), "the project has problems: {}", problems(&workspace.problems));
        let engine = workspace.open(Cancel::default(), PACE).await.unwrap_or_else(|error| panic!("the engine does not open: {error}"));
        let report = engine.run("units", &RunOptions::default(), &Unwatched).await.expect("the run begins");
        assert!(report.counts.adds_up(), "the account does not add up: {:?}", report.counts);
        report
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
