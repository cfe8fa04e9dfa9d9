//! The suite on the cases of the simulated Go.Data.

use std::sync::{Mutex, MutexGuard};

use kivuko_core::connector::{Connector, Settings, SourceSpec, TargetSpec};
use kivuko_sims::clock::Clock;
use kivuko_sims::faults::{Action, Rule, When};
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};

use super::{Reading, Sample, Subject, Writing, run};
use crate::godata;

/// Every filling is a server of its own: what Go.Data deletes stays as a tombstone.
struct Godata(Mutex<Sim>);

impl Godata {
    async fn start() -> Self {
        Self(Mutex::new(Self::server().await))
    }

    async fn server() -> Sim {
        let options = Options { clock: Clock::at("2026-03-02T08:00:00Z"), ..Options::for_tests() };
        Sim::start(options).await.expect("there is a free port")
    }

    fn sim(&self) -> MutexGuard<'_, Sim> {
        self.0.lock().expect("nobody panics while holding it")
    }
}

fn case(text: &str) -> Value {
    json!({
        "firstName": text,
        "classification": "LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_SUSPECT",
        "dateOfReporting": "2026-03-01T00:00:00.000Z",
    })
}

fn keyed(key: &str, text: &str) -> Value {
    let mut case = case(text);
    case["documents"] = json!([{ "type": "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_EXTERNAL_ID", "number": key }]);
    case
}

fn insert(sim: &Sim, sample: &Sample) {
    let mut case = case(&sample.text);
    case["id"] = sample.id.as_str().into();
    sim.insert_case(Options::OUTBREAK, case);
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
        Some(Reading { spec: SourceSpec { resource: "cases".to_owned(), ..SourceSpec::default() }, text: "firstName" })
    }

    fn writing(&self) -> Option<Writing> {
        let key = "documents[type=LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_EXTERNAL_ID].number";
        let spec = TargetSpec {
            resource: "cases".to_owned(),
            key: vec![key.to_owned()],
            paths: vec![key.to_owned(), "firstName".to_owned(), "classification".to_owned(), "dateOfReporting".to_owned()],
            ..TargetSpec::default()
        };
        Some(Writing {
            spec,
            record: keyed,
            change: |text| json!({ "firstName": text }),
            text: "firstName",
            refused: Some(("refused", {
                let mut moved = keyed("refused", "moved");
                moved["addresses"] = json!([{ "typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_PREVIOUS_ADDRESS" }]);
                moved
            })),
        })
    }

    fn fill(&self, samples: &[Sample]) {
        let server = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(Self::server()));
        for sample in samples {
            insert(&server, sample);
        }
        *self.sim() = server;
    }

    fn cut_line(&self) -> bool {
        let cases = format!("/api/outbreaks/{}/cases", Options::OUTBREAK);
        self.sim().set_faults(vec![Rule::nth("GET", &cases, 2, Action::Drop(When::Before))]);
        true
    }

    fn disturb(&self) {
        insert(&self.sim(), &Sample { id: "record-late".to_owned(), text: "late".to_owned() });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cases() {
    run(&Godata::start().await).await;
}
