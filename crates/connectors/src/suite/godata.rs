//! The suite on what the simulated Go.Data holds.

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
    /// It belongs to a person, who is there already.
    of_person: bool,
    /// New records go into import files.
    imports: bool,
    /// What is read, and where its text is: the resource itself, unless a new installation has some of it.
    read: (&'static str, &'static str),
}

/// The person that lab results and follow-ups belong to.
const PERSON: &str = "person-of-all";

/// Every filling is a server of its own: what Go.Data deletes stays as a tombstone.
struct Godata {
    tried: Tried,
    server: Mutex<Sim>,
}

impl Godata {
    async fn start(tried: Tried) -> Self {
        let server = Mutex::new(Self::server(&tried).await);
        Self { tried, server }
    }

    async fn server(tried: &Tried) -> Sim {
        let options = Options { clock: Clock::at("2026-03-02T08:00:00Z"), ..Options::for_tests() };
        let sim = Sim::start(options).await.expect("there is a free port");
        if tried.of_person {
            sim.insert(Options::OUTBREAK, "cases", json!({ "id": PERSON, "dateOfOnset": "2026-02-20T00:00:00.000Z" }));
        }
        sim
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
    Tried {
        resource,
        key: NUMBER,
        text: "firstName",
        record,
        change: |text| json!({ "firstName": text }),
        refused: || Some(homeless()),
        of_person: false,
        imports: false,
        read: (resource, "firstName"),
    }
}

const EVENTS: Tried = Tried {
    resource: "events",
    key: "name",
    text: "description",
    record: described,
    change: |text| json!({ "description": text }),
    refused: || None,
    of_person: false,
    imports: false,
    read: ("events", "description"),
};

const LAB_RESULTS: Tried = Tried {
    resource: "lab-results",
    key: "sampleIdentifier",
    text: "notes",
    record: |key, text| json!({ "personId": PERSON, "sampleIdentifier": key, "notes": text }),
    change: |text| json!({ "notes": text }),
    refused: || Some(("refused", json!({ "personId": "nobody", "sampleIdentifier": "refused", "notes": "of nobody" }))),
    of_person: true,
    imports: false,
    read: ("lab-results", "notes"),
};

const FOLLOW_UPS: Tried = Tried {
    resource: "follow-ups",
    // A day is no text that the suite could make up.
    key: "comment",
    text: "responsibleUserId",
    record: |key, text| json!({ "personId": PERSON, "date": "2026-02-22", "comment": key, "responsibleUserId": text }),
    change: |text| json!({ "responsibleUserId": text }),
    refused: || Some(("refused", json!({ "personId": "nobody", "date": "2026-02-22", "comment": "refused" }))),
    of_person: true,
    imports: false,
    read: ("follow-ups", "responsibleUserId"),
};

/// Names are unique among siblings whatever their capitals, and so are synonyms.
const LOCATIONS: Tried = Tried {
    resource: "locations",
    key: "name",
    text: "synonyms[0]",
    record: |key, text| json!({ "name": key, "synonyms": [text] }),
    change: |text| json!({ "synonyms": [text] }),
    refused: || Some(("KNOWN", json!({ "name": "KNOWN", "synonyms": ["another"] }))),
    of_person: false,
    imports: false,
    read: ("locations", "synonyms[0]"),
};

/// The label makes the id, and keys that differ in a dot only would make one: here it is a hash of the key.
fn item(key: &str, text: &str) -> Value {
    let letters = blake3::hash(key.as_bytes()).to_hex();
    json!({ "categoryId": "LNG_REFERENCE_DATA_CATEGORY_VACCINE", "code": key, "value": format!("k{letters}"), "iconId": text })
}

const REFERENCE_DATA: Tried = Tried {
    resource: "reference-data",
    key: "code",
    text: "iconId",
    record: item,
    change: |text| json!({ "iconId": text }),
    refused: || {
        let mut taken = item("known", "another");
        taken["value"] = json!("another label");
        Some(("known", taken))
    },
    of_person: false,
    imports: false,
    read: ("cases", "firstName"),
};

fn outbreak(key: &str, text: &str) -> Value {
    json!({
        "name": key, "description": text, "startDate": "2026-01-05T00:00:00.000Z", "longPeriodsBetweenCaseOnset": 20, "periodOfFollowup": 21,
        "frequencyOfFollowUpPerDay": 1, "noDaysAmongContacts": 21, "noDaysInChains": 21, "noDaysNotSeen": 3, "noLessContacts": 5,
    })
}

const OUTBREAKS: Tried = Tried {
    resource: "outbreaks",
    key: "name",
    text: "description",
    record: outbreak,
    change: |text| json!({ "description": text }),
    refused: || Some(("Ebola 2026", outbreak("Ebola 2026", "another"))),
    of_person: false,
    imports: false,
    read: ("cases", "firstName"),
};

impl Godata {
    fn insert(&self, sim: &Sim, sample: &Sample) {
        let (resource, text) = self.tried.read;
        if resource == "locations" {
            // In a parent of their own: the keys of what is written hold the same words.
            sim.put_location(json!({ "id": sample.id, "name": sample.id, "parentLocationId": "samples", "synonyms": [sample.text] }));
            return;
        }
        let mut record = json!({ "id": sample.id, text: sample.text });
        if self.tried.of_person {
            record["personId"] = json!(PERSON);
            record["date"] = json!("2026-02-22T00:00:00.000Z");
            sim.add(resource, &record);
        } else {
            sim.insert(Options::OUTBREAK, resource, record);
        }
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
        let (resource, text) = self.tried.read;
        Some(Reading { spec: SourceSpec { resource: resource.to_owned(), ..SourceSpec::default() }, text })
    }

    fn writing(&self) -> Option<Writing> {
        let options = if self.tried.imports { json!({ "via": "import" }) } else { Value::Null };
        let (resource, key) = (self.tried.resource.to_owned(), vec![self.tried.key.to_owned()]);
        let spec = TargetSpec { resource, key, options, ..TargetSpec::default() };
        let Tried { record, change, text, refused, .. } = self.tried;
        Some(Writing { spec, record, change, text, key: super::one_field, refused: refused() })
    }

    fn fill(&self, samples: &[Sample]) {
        let server = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(Self::server(&self.tried)));
        for sample in samples {
            self.insert(&server, sample);
        }
        *self.sim() = server;
    }

    fn cut_line(&self) -> bool {
        let (method, list) = match self.tried.read.0 {
            "locations" => ("POST", "/api/locations/filter".to_owned()),
            "lab-results" => ("GET", format!("/api/outbreaks/{}/lab-results/aggregate", Options::OUTBREAK)),
            resource => ("GET", format!("/api/outbreaks/{}/{resource}", Options::OUTBREAK)),
        };
        self.sim().set_faults(vec![Rule::nth(method, &list, 2, Action::Drop(When::Before))]);
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

#[tokio::test(flavor = "multi_thread")]
async fn lab_results() {
    run(&Godata::start(LAB_RESULTS).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn follow_ups() {
    run(&Godata::start(FOLLOW_UPS).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cases_by_import() {
    run(&Godata::start(Tried { imports: true, ..people("cases", case) }).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_by_import() {
    run(&Godata::start(Tried { imports: true, ..EVENTS }).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lab_results_by_import() {
    run(&Godata::start(Tried { imports: true, ..LAB_RESULTS }).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locations() {
    run(&Godata::start(LOCATIONS).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locations_by_import() {
    run(&Godata::start(Tried { imports: true, ..LOCATIONS }).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn reference_data() {
    run(&Godata::start(REFERENCE_DATA).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn outbreaks() {
    run(&Godata::start(OUTBREAKS).await).await;
}
