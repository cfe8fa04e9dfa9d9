//! Commands, each as a process of its own, with the account that it must have.

use std::collections::BTreeMap;

use kivuko_core::record::Partition;
use kivuko_core::store::RunId;
use kivuko_engine::{CauseGroup, PlanOptions, RunOptions, RunReport, Told, Unwatched, beside_counts, exit_code, told};
use kivuko_sims::pause::{Pause, Phase};
use serde_json::{Map, Value, json};

use crate::Telling;
use crate::support::asked::Shown;
use crate::words::{list, text};

impl Telling {
    pub(super) async fn run(&mut self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
        let options = RunOptions {
            only: list(&what["only"]).iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
            limit: what["limit"].as_u64(),
            force: what["force"].as_bool().unwrap_or_default(),
            again: what["again"].as_bool().unwrap_or_default(),
            input: what["input"].as_str().map(|name| self.world.path(name)),
            plan: if what["plan"] == "last" { self.last_plan } else { what["plan"].as_i64() },
            periods: list(&what["periods"]).iter().filter_map(|period| period.as_str().map(str::to_owned)).collect(),
            since: what["since"].as_str().and_then(|time| time.parse().ok()),
            ..RunOptions::default()
        };
        let flow = what["flow"].as_str().unwrap_or(self.usual_flow());
        let mut found = match self.world.engine().await.run(flow, &options, &Unwatched).await {
            Ok(report) => {
                self.last_run = Some(report.run);
                if !report.counts.adds_up() {
                    return Err(format!("the account does not add up: {}", report.to_json()));
                }
                self.kept_account(&report).await?;
                let mut found = report.to_json();
                found["exit"] = json!(report.exit_code());
                found["reasons"] = found["causes"].take();
                found["causes"] = by_code(&report.causes);
                found["message"] = found["error"]["message"].take();
                found["error"] = found["error"]["code"].take();
                let writes = &report.counts.writes;
                found["wrote"] = json!(writes.created + writes.updated + writes.deleted);
                found
            }
            Err(error) => json!({ "exit": exit_code(&error), "error": error.cause.code, "message": error.cause.message }),
        };
        found["says"] = said(&found["reasons"], expect);
        compare(&found, expect, &COUNTS)
    }

    /// The history has the same account as the report.
    pub(super) async fn kept_account(&self, report: &RunReport) -> Result<(), String> {
        let kept = self.world.engine().await.store().run(report.run).await.map_err(|error| error.to_string())?;
        let kept = kept.ok_or("the run is not in the history")?;
        if kept.counts != report.counts {
            return Err(format!("the history has {:?}, the report {:?}", kept.counts, report.counts));
        }
        let told = told(&**self.world.engine().await.store(), report.run).await.map_err(|error| error.to_string())?.unwrap_or_default();
        let reported = Told::of(report);
        if told == reported { Ok(()) } else { Err(format!("the history tells {told:?}, the report {reported:?}")) }
    }

    /// The flow that is meant when none is named.
    pub(super) fn usual_flow(&self) -> &'static str {
        if self.world.dhis2.is_some() { "weekly" } else { "cases" }
    }

    /// A run by a process that is killed at a request: `{ before: POST */cases }`, or after Go.Data has carried it out.
    pub(super) async fn killed(&mut self, what: &Value) -> Result<(), String> {
        let (phase, request) = match (what["before"].as_str(), what["after"].as_str()) {
            (Some(request), None) => (Phase::BeforeApply, request),
            (None, Some(request)) => (Phase::AfterApply, request),
            _ => return Err("`killed` takes `before` or `after`, and a METHOD PATH".to_owned()),
        };
        let (method, path) = request.split_once(' ').ok_or_else(|| format!("`{request}` is not METHOD PATH"))?;
        let pause = Pause::nth(1, phase).on(method, path);
        let mut held = if what["in"] == "godata" { self.world.sim.pause_at(pause) } else { self.world.pause_at(pause) };
        let engine = self.world.engine().await;
        let options = RunOptions { again: what["again"].as_bool().unwrap_or_default(), ..RunOptions::default() };
        let flow = what["flow"].as_str().unwrap_or(self.usual_flow());
        let work = async {
            match self.last_run.filter(|_| what["revert"] == json!(true)) {
                Some(run) => _ = engine.revert(run).await,
                None => _ = engine.run(flow, &options, &Unwatched).await,
            }
        };
        let came_there = tokio::select! {
            came_there = held.reached() => came_there,
            () = work => false,
        };
        drop(engine);
        self.world.clear_pauses();
        if came_there { Ok(()) } else { Err(format!("the run never came to {request}")) }
    }

    pub(super) async fn plan(&mut self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
        let options = PlanOptions {
            only: list(&what["only"]).iter().filter_map(|id| id.as_str().map(str::to_owned)).collect(),
            live: what["live"].as_bool().unwrap_or_default(),
            again: what["again"].as_bool().unwrap_or_default(),
            save: what["save"].as_bool().unwrap_or_default(),
            limit: what["limit"].as_u64(),
        };
        let shown = Shown::default();
        let report = self
            .world
            .engine()
            .await
            .plan(what["flow"].as_str().unwrap_or(self.usual_flow()), &options, &shown)
            .await
            .map_err(|error| error.to_string())?;
        self.last_plan = report.saved.or(self.last_plan);
        let mut found = json!(report.counts);
        let writes = &report.counts.writes;
        found["wrote"] = json!(writes.created + writes.updated + writes.deleted);
        beside_counts(&mut found, report.numbers, report.rows, report.switched_off, report.repeated);
        found["lists"] = json!(shown.in_order(&self.world));
        found["shows"] = shown.by_name(&self.world);
        found["causes"] = by_code(&report.causes);
        found["reasons"] = json!(report.causes);
        found["exit"] = json!(report.exit_code());
        found["error"] = json!(report.error.as_ref().map(|error| error.cause.code));
        found["message"] = json!(report.error.as_ref().map(|error| &error.cause.message));
        if let (Some(error), None) = (&report.error, expect.and_then(|expect| expect.get("error"))) {
            return Err(error.to_string());
        }
        compare(&found, expect, &COUNTS)
    }

    pub(super) async fn revert(&mut self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
        let engine = self.world.engine().await;
        let run = match what["flow"].as_str() {
            None => what["run"].as_i64().map(RunId).or(self.last_run),
            Some(flow) => engine.store().runs(Some(flow), 1).await.map_err(|error| error.to_string())?.first().map(|run| run.id),
        };
        let (report, _) = engine.revert(run.ok_or("there is no run to take back")?).await.map_err(|error| error.to_string())?;
        let mut found = report.to_json();
        found["exit"] = json!(report.exit_code());
        compare(&found, expect, &["created", "updated", "deleted", "skipped", "rejected", "failed"])
    }

    pub(super) async fn cursor(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let flow = text(what, "forget")?;
        let partition = Partition(text(what, "partition")?.to_owned());
        engine.store().set_cursor(flow, &partition, None, "a scenario", engine.clock().now()).await.map_err(|error| error.to_string())
    }
}

/// For each code of which words are expected these words, if a message that it was told with has them; or else what was told.
fn said(reasons: &Value, expect: Option<&Value>) -> Value {
    let Some(expected) = expect.and_then(|expect| expect["says"].as_object()) else { return Value::Null };
    let of_code = |(code, words): (&String, &Value)| {
        let told: Vec<&str> = list(reasons).iter().filter(|one| one["code"] == **code).filter_map(|one| one["message"].as_str()).collect();
        let is_said = words.as_str().is_some_and(|words| told.iter().any(|message| message.contains(words)));
        (code.clone(), if is_said { words.clone() } else { json!(told) })
    };
    Value::Object(expected.iter().map(of_code).collect())
}

/// What must be 0 in an account when it is not named.
const COUNTS: [&str; 10] = ["read", "created", "updated", "counted", "unchanged", "deleted", "skipped", "waiting", "rejected", "failed"];

/// How many records each code was told of.
fn by_code(causes: &[CauseGroup]) -> Value {
    let mut records: BTreeMap<String, u64> = BTreeMap::new();
    for group in causes {
        *records.entry(group.code.to_string()).or_default() += group.records;
    }
    json!(records)
}

/// Everything expected must be as found. Counts that are not named must be 0, so that nothing happens unseen.
pub fn compare(found: &Value, expect: Option<&Value>, counts: &[&str]) -> Result<(), String> {
    let empty = Map::new();
    let expect = expect.and_then(Value::as_object).unwrap_or(&empty);
    let mut wrong = Vec::new();
    for (name, expected) in expect {
        if found[name] != *expected {
            wrong.push(format!("expected {name}: {expected}, found {}", found[name]));
        }
    }
    for name in counts.iter().filter(|name| **name != "read" && !expect.contains_key(**name)) {
        if found[*name].as_u64().unwrap_or_default() != 0 {
            wrong.push(format!("expected no {name}, found {}", found[*name]));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(format!("{}\n  in {found}", wrong.join("; "))) }
}
