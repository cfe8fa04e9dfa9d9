//! The suite on the org units (read and written) and the data values of the simulated DHIS2, in every release.

use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard};

use kivuko_core::connector::{Connector, Key, Settings, SourceSpec, TargetSpec};
use kivuko_sims::dhis2::{Dhis2Sim, Options, User};
use kivuko_sims::faults::{Action, Rule};
use serde_json::{Value, json};

use super::{Reading, Sample, Subject, Writing, hostile};
use crate::dhis2;

const TOKEN: &str = "d2pat_kivukokivukokivukokivukokivuko0000000000003";
const ELEMENT: &str = "elementNote";
const DEFAULT: &str = "HllvX50cXC0";
const PERIOD: &str = "202605";

struct Dhis2 {
    release: &'static str,
    server: Mutex<Dhis2Sim>,
}

/// An org unit whose code is a text: what finds it must find it exactly.
fn unit(number: usize, code: &str) -> Value {
    json!({ "id": format!("unit{number:07}"), "code": code, "name": format!("Unit {number}"), "shortName": format!("Unit {number}"), "openingDate": "2010-01-01" })
}

/// A data set at an org unit for each text that the suite writes to.
fn places() -> Value {
    let mut codes: Vec<String> =
        ["known", "first", "before", "after"].iter().chain(&hostile::KEYS).map(|code| (*code).to_owned()).collect();
    codes.extend((0..120).map(|number| format!("batch-{number}")));
    let units: Vec<Value> = codes.iter().enumerate().map(|(number, code)| unit(number, code)).collect();
    let ids: Vec<Value> = units.iter().map(|unit| json!({ "id": unit["id"] })).collect();
    json!({
        "organisationUnits": units,
        "dataElements": [{ "id": ELEMENT, "name": "Note", "shortName": "Note", "valueType": "LONG_TEXT", "domainType": "AGGREGATE",
            "aggregationType": "NONE", "categoryCombo": { "id": "bjDvmb4bfuf" } }],
        "dataSets": [{ "id": "setMonthlya", "name": "Monthly report", "shortName": "Month", "periodType": "Monthly",
            "categoryCombo": { "id": "bjDvmb4bfuf" }, "dataSetElements": [{ "dataElement": { "id": ELEMENT } }], "organisationUnits": ids }],
    })
}

impl Dhis2 {
    async fn start(release: &'static str) -> Self {
        let places = places();
        let captured: Vec<String> = (0..200).map(|number| format!("unit{number:07}")).collect();
        let there = places["organisationUnits"].as_array().map_or(0, Vec::len);
        let captured: Vec<&str> = captured[..there].iter().map(String::as_str).collect();
        let account = User::new("kivuko", "Market-9", &["F_DATAVALUE_ADD"]).with_token(TOKEN).capturing(&captured);
        let server = Self::server(Options::for_tests(release).with_metadata(places).with_user(account)).await;
        Self { release, server: Mutex::new(server) }
    }

    async fn server(options: Options) -> Dhis2Sim {
        let server = Dhis2Sim::start(options).await.expect("there is a free port");
        // What it began with is not of this hour, or a reading that is taken up again would take it for changed meanwhile.
        server.clock().advance(std::time::Duration::from_hours(1));
        server
    }

    fn sim(&self) -> MutexGuard<'_, Dhis2Sim> {
        self.server.lock().expect("nobody panics while holding it")
    }
}

fn read_unit(sample: &Sample) -> Value {
    json!({ "id": sample.id, "name": sample.id, "shortName": sample.id, "openingDate": "2010-01-01", "comment": sample.text })
}

impl Subject for Dhis2 {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(dhis2::Connector)
    }

    fn settings(&self) -> Settings {
        let options = json!({ "url": self.sim().url(), "token": TOKEN });
        Settings { name: "hmis".to_owned(), options, project: ".".into() }
    }

    fn reading(&self) -> Option<Reading> {
        Some(Reading { spec: SourceSpec { resource: "organisationUnits".to_owned(), ..SourceSpec::default() }, text: "comment" })
    }

    fn writing(&self) -> Option<Writing> {
        let key = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"].map(str::to_owned).to_vec();
        let options = json!({ "data_set": "Monthly report" });
        Some(Writing {
            spec: TargetSpec { resource: "dataValueSets".to_owned(), key, options, ..TargetSpec::default() },
            record: |key, text| json!({ "dataElement": ELEMENT, "period": PERIOD, "orgUnit": key, "value": text }),
            change: |text| json!({ "value": text }),
            text: "value",
            key: |text| Key([ELEMENT, PERIOD, text, DEFAULT, DEFAULT].map(str::to_owned).to_vec()),
            // What it would refuse is refused by `conform` already.
            refused: None,
        })
    }

    fn samples(&self) -> Vec<Sample> {
        let mut samples = hostile::samples();
        for (number, sample) in samples.iter_mut().enumerate() {
            sample.id.clear();
            write!(sample.id, "sampl{number:06}").expect("a text takes everything");
        }
        samples
    }

    fn fill(&self, samples: &[Sample]) {
        let units: Vec<Value> = samples.iter().map(read_unit).collect();
        let account = User::new("kivuko", "Market-9", &[]).with_token(TOKEN);
        let options = Options::for_tests(self.release).with_metadata(json!({ "organisationUnits": units })).with_user(account);
        let server = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(Self::server(options)));
        *self.sim() = server;
    }

    fn cut_line(&self) -> bool {
        self.sim().set_faults(vec![Rule::nth("GET", "/api/organisationUnits", 1, Action::Truncate)]);
        true
    }

    fn disturb(&self) {
        let late = Sample { id: "sampl900000".to_owned(), text: "late".to_owned() };
        self.sim().put_metadata(&json!({ "organisationUnits": [read_unit(&late)] }));
    }
}

/// Sources are tried first, and each filling is a server of its own; the values need theirs.
struct Values(Dhis2);

impl Subject for Values {
    fn connector(&self) -> Box<dyn Connector> {
        self.0.connector()
    }

    fn settings(&self) -> Settings {
        self.0.settings()
    }

    fn writing(&self) -> Option<Writing> {
        self.0.writing()
    }
}

/// Org units as a target.
struct Units(Dhis2);

impl Units {
    async fn start(release: &'static str) -> Self {
        let authorities = ["F_METADATA_IMPORT", "F_ORGANISATIONUNIT_ADD", "F_ORGANISATIONUNIT_DELETE"];
        let root = json!({ "id": "CountryAaaa", "code": "X", "name": "Xanadu", "shortName": "Xanadu", "openingDate": "2010-01-01" });
        let account = User::new("kivuko", "Market-9", &authorities).with_token(TOKEN);
        let options = Options::for_tests(release).with_metadata(json!({ "organisationUnits": [root] })).with_user(account);
        Self(Dhis2 { release, server: Mutex::new(Dhis2::server(options).await) })
    }
}

impl Subject for Units {
    fn connector(&self) -> Box<dyn Connector> {
        self.0.connector()
    }

    fn settings(&self) -> Settings {
        self.0.settings()
    }

    fn writing(&self) -> Option<Writing> {
        let paths = ["code", "name", "openingDate", "comment", "parent.code"].map(str::to_owned).to_vec();
        let unit = |key: &str, text: &str| json!({ "code": key, "name": "A unit", "openingDate": "2010-01-01", "comment": text, "parent": { "code": "X" } });
        let mut refused = unit("no name", "no name");
        refused["name"] = Value::String("x".repeat(60));
        Some(Writing {
            spec: TargetSpec { resource: "organisationUnits".to_owned(), key: vec!["code".to_owned()], paths, ..TargetSpec::default() },
            record: unit,
            change: |text| json!({ "comment": text }),
            text: "comment",
            key: super::one_field,
            // No short name, and none can be made of the name.
            refused: Some(("no short name", refused)),
        })
    }
}

async fn release(release: &'static str) {
    let subject = Dhis2::start(release).await;
    let declaration = subject.connector().declaration();
    let reading = subject.reading().expect("it reads");
    super::target::run(&Values(Dhis2::start(release).await), &subject.writing().expect("it writes")).await;
    let units = Units::start(release).await;
    super::target::run(&units, &units.writing().expect("it writes")).await;
    super::source::run(&subject, &reading, &declaration).await;
    super::opened(&subject).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn release_2_38() {
    release("2.38").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn release_2_40() {
    release("2.40").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn release_2_41() {
    release("2.41").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn release_2_42() {
    release("2.42").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn release_2_43() {
    release("2.43").await;
}
