//! The suite on the people of the simulated Go.Data.

use std::sync::{Mutex, MutexGuard};

use kivuko_core::connector::{Connector, Settings, SourceSpec, TargetSpec};
use kivuko_sims::clock::Clock;
use kivuko_sims::faults::{Action, Rule, When};
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};

use super::{Reading, Sample, Subject, Writing, run};
use crate::godata;

/// A resource of Go.Data, and what of it the suite uses.
struct Tried {
    resource: &'static str,
    key: &'static str,
    /// The field that holds the text of a sample.
    text: &'static str,
    record: fn(key: &str, text: &str) -> Value,
    change: fn(text: &str) -> Value,
    refused: fn() -> Option<(&'static str, Value)>,
}

/// Every filling is a server of its own: what Go.Data deletes stays as a tombstone.
struct Godata {
    tried: Tried,
    server: Mutex<Sim>,
}

impl Godata {
    async fn start(tried: Tried) -> Self {
        Self { tried, server: Mutex::new(Self::server().await) }
    }

    async fn server() -> Sim {
        let options = Options { clock: Clock::at("2026-03-02T08:00:00Z"), ..Options::for_tests() };
        Sim::start(options).await.expect("there is a free port")
    }

    fn sim(&self) -> MutexGuard<'_, Sim> {
        self.server.lock().expect("nobody panics while holding it")
    }
}

const NUMBER: &str = "documents[type=LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_EXTERNAL_ID].number";

fn person(key: &str, text: &str) -> Value {
    json!({
        "firstName": text,
        "dateOfReporting": "2026-03-01T00:00:00.000Z",
        "documents": [{ "type": "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_EXTERNAL_ID", "number": key }],
    })
}

fn case(key: &str, text: &str) -> Value {
    let mut case = person(key, text);
    case["classification"] = json!("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_SUSPECT");
    case
}

/// Someone who moved, without a word on where to.
fn homeless() -> (&'static str, Value) {
    let mut moved = person("refused", "moved");
    moved["addresses"] = json!([{ "typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_PREVIOUS_ADDRESS" }]);
    ("refused", moved)
}

fn described(key: &str, text: &str) -> Value {
    json!({ "name": key, "description": text })
}

const fn people(resource: &'static str, record: fn(&str, &str) -> Value) -> Tried {
    Tried { resource, key: NUMBER, text: "firstName", record, change: |text| json!({ "firstName": text }), refused: || Some(homeless()) }
}

const EVENTS: Tried = Tried {
    resource: "events",
    key: "name",
    text: "description",
    record: described,
    change: |text| json!({ "description": text }),
    refused: || None,
};

impl Godata {
    fn insert(&self, sim: &Sim, sample: &Sample) {
        sim.insert(Options::OUTBREAK, self.tried.resource, json!({ "id": sample.id, self.tried.text: sample.text }));
    }
}

impl Subject for Godata {
    fn connector(&self) -> Box<dyn Connector> {
        Box::new(godata::Connector)
    }

    fn settings(&self) -> Settings {
        let options = json!({
            "url": self.sim().url(),
            "email": Options::EMAIL,
            "password": Options::PASSWORD,
            "outbreak": Options::OUTBREAK,
        });
        Settings { name: "godata".to_owned(), options, project: ".".into() }
    }

    fn reading(&self) -> Option<Reading> {
        Some(Reading { spec: SourceSpec { resource: self.tried.resource.to_owned(), ..SourceSpec::default() }, text: self.tried.text })
    }

    fn writing(&self) -> Option<Writing> {
        let spec = TargetSpec { resource: self.tried.resource.to_owned(), key: vec![self.tried.key.to_owned()], ..TargetSpec::default() };
        let Tried { record, change, text, refused, .. } = self.tried;
        Some(Writing { spec, record, change, text, refused: refused() })
    }

    fn fill(&self, samples: &[Sample]) {
        let server = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(Self::server()));
        for sample in samples {
            self.insert(&server, sample);
        }
        *self.sim() = server;
    }

    fn cut_line(&self) -> bool {
        let list = format!("/api/outbreaks/{}/{}", Options::OUTBREAK, self.tried.resource);
        self.sim().set_faults(vec![Rule::nth("GET", &list, 2, Action::Drop(When::Before))]);
        true
    }

    fn disturb(&self) {
        self.insert(&self.sim(), &Sample { id: "record-late".to_owned(), text: "late".to_owned() });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases() {
    run(&Godata::start(people("cases", case)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts() {
    run(&Godata::start(people("contacts", person)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn contacts_of_contacts() {
    run(&Godata::start(people("contacts-of-contacts", person)).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events() {
    run(&Godata::start(EVENTS).await).await;
}
