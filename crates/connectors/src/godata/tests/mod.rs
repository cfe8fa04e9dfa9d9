//! Against the simulator, which was written from the same reference and shares no code with this.

mod account;
mod cases;
mod children;
mod exports;
mod imports;
mod labels;
mod others;
mod people;
mod places;
mod questionnaires;
mod quirks;
mod reading;
mod relationships;
mod tokens;
mod trees;

use std::path::PathBuf;
use std::sync::Arc;

use kivuko_core::connector::{
    Action, Candidate, Connector as _, Context, Key, ReadRequest, Settings, SourceSpec, System, Target, TargetSpec, Write, Written,
};
use kivuko_core::record::{Cursor, Page, Partition};
use kivuko_sims::faults;
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};

use crate::suite::context;

const EXTERNAL_ID: &str = "documents[type=EXTERNAL_ID].number";
const EXTERNAL_ID_TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_EXTERNAL_ID";

/// A simulator and a system that speaks to it.
struct World {
    sim: Sim,
    system: Arc<dyn System>,
    context: Context,
}

impl World {
    async fn new() -> Self {
        Self::with(Options::for_tests(), json!({})).await
    }

    async fn with(options: Options, more: Value) -> Self {
        let sim = Sim::start(options).await.expect("a simulator");
        let context = context();
        let system = open(&sim, &more, &context);
        Self { sim, system, context }
    }

    /// From now on these faults, in the form of a fault file.
    fn faults(&self, rules: &str) {
        self.sim.set_faults(faults::parse(rules).expect("a fault file"));
    }

    fn target(&self, resource: &str, key: &str) -> Box<dyn Target> {
        self.target_of(&TargetSpec { resource: resource.to_owned(), key: vec![key.to_owned()], ..TargetSpec::default() })
    }

    fn target_of(&self, spec: &TargetSpec) -> Box<dyn Target> {
        self.system.target(spec).expect("a target")
    }

    /// A target of cases by document number, prepared and begun.
    async fn cases(&self) -> Box<dyn Target> {
        let target = self.target("cases", EXTERNAL_ID);
        assert_eq!(target.prepare().await, Ok(Vec::new()));
        target.begin().await.expect("the outbreak can be switched to");
        target
    }

    fn cases_there(&self) -> Vec<Value> {
        self.sim.state().cases(Options::OUTBREAK)
    }

    /// Everything that a reading gives.
    async fn read(&self, resource: &str, change: impl FnOnce(&mut ReadRequest)) -> Vec<Page> {
        let source = self.system.source(&SourceSpec { resource: resource.to_owned(), ..SourceSpec::default() }).expect("a source");
        let partition = source.partitions().await.expect("partitions").remove(0);
        let mut request = reading(partition);
        change(&mut request);
        let mut pages = source.read(request).await.expect("a reading");
        let mut all = Vec::new();
        while let Some(page) = pages.next().await.expect("a page") {
            all.push(page);
        }
        all
    }
}

fn reading(partition: Partition) -> ReadRequest {
    ReadRequest { partition, from: None, since: None, until: None, only: None, paths: Vec::new(), page_size: 100 }
}

fn open(sim: &Sim, more: &Value, context: &Context) -> Arc<dyn System> {
    let mut options =
        json!({ "url": sim.url(), "email": Options::EMAIL, "password": Options::PASSWORD, "outbreak": "Ebola 2026", "timeout_secs": 20 });
    for (name, value) in more.as_object().expect("an object") {
        options[name] = value.clone();
    }
    options.as_object_mut().expect("an object").retain(|_, value| !value.is_null());
    let settings = Settings { name: "godata".to_owned(), options, project: PathBuf::from(".") };
    super::Connector.open(settings, context.clone()).expect("good options")
}

fn key(number: &str) -> Key {
    Key(vec![number.to_owned()])
}

/// A case with a document number, as it comes out of a mapping.
fn body(number: &str) -> Value {
    json!({ "firstName": "Test", "documents": [{ "type": "EXTERNAL_ID", "number": number }] })
}

fn create(target: &dyn Target, number: &str, body: Value) -> Write {
    let body = target.conform(body).expect("a good record");
    Write { action: Action::Create, key: key(number), id: None, body: body.into(), parent: None }
}

fn update(id: &str, body: Value) -> Write {
    Write { action: Action::Update, key: key("-"), id: Some(id.to_owned()), body: body.into(), parent: None }
}

fn delete(id: &str) -> Write {
    Write { action: Action::Delete, key: key("-"), id: Some(id.to_owned()), body: Value::Null.into(), parent: None }
}

async fn write(target: &dyn Target, batch: &[Write]) -> Vec<Written> {
    let written = target.write(batch).await.expect("an answer for each record");
    assert_eq!(written.len(), batch.len());
    written
}

/// `done`, a code, or a code with `?` when the effect is not known.
fn words(written: &[Written]) -> Vec<String> {
    let word = |written: &Written| match written {
        Written::Done { .. } => "done".to_owned(),
        Written::Refused(cause) => cause.code.to_string(),
        Written::NotYet(cause) => format!("waits {}", cause.code),
        Written::Failed(error) if error.effect_unknown => format!("{}?", error.cause.code),
        Written::Failed(error) => format!("failed {}", error.cause.code),
    };
    written.iter().map(word).collect()
}

/// What is said of a record that was not written.
fn said(written: &Written) -> &str {
    match written {
        Written::Refused(cause) | Written::NotYet(cause) => &cause.message,
        other => panic!("nothing is said: {other:?}"),
    }
}

fn id_of(written: &Written) -> String {
    match written {
        Written::Done { id, .. } => id.clone(),
        other => panic!("not written: {other:?}"),
    }
}

async fn found(target: &dyn Target, numbers: &[&str]) -> Vec<Vec<Candidate>> {
    let keys: Vec<Key> = numbers.iter().map(|number| key(number)).collect();
    target.lookup(&keys).await.expect("a look-up")
}

fn ids(pages: &[Page]) -> Vec<String> {
    pages.iter().flat_map(|page| &page.records).map(|record| record.id.clone().expect("an id")).collect()
}

fn last_cursor(pages: &[Page]) -> Cursor {
    pages.last().expect("a page").next.clone()
}
