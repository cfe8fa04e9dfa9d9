//! Runs the scenarios of `scenarios/*.yaml`: whole flows against the simulated Go.Data, readable without knowing Rust.
//!
//! The words of a scenario are explained in `scenarios/README.md`. "Nothing was written" is asserted on the simulator's log, not on our own count.

mod support;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;

use futures_util::FutureExt;
use kivuko_core::people::DecisionKind;
use kivuko_core::record::Partition;
use kivuko_core::store::RunId;
use kivuko_engine::{By, PlanOptions, RunOptions, RunReport, Unwatched, exit_code};
use kivuko_sims::dhis2::Profile;
use kivuko_sims::faults;
use kivuko_sims::godata::{Options, Outbreak, Pace};
use kivuko_sims::log::Log;
use kivuko_sims::pause::{Pause, Phase};
use serde_json::{Map, Value, json};
use support::asked::{self, Shown};
use support::stored::missing;
use support::{World, columns, numbers, shuffle, stored, template};

/// One scenario on its way.
struct Telling {
    name: String,
    world: World,
    last_run: Option<RunId>,
    last_plan: Option<i64>,
    /// The places of Go.Data when somebody made a backup.
    backup: Mutex<Vec<Value>>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of scenarios is there")
        .map(|entry| entry.expect("it can be read").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "there are no scenarios");
    let only = std::env::var("SCENARIO").unwrap_or_default();
    let mut failures = Vec::new();
    for file in files {
        let name = file.file_name().expect("it has a name").to_string_lossy().into_owned();
        if !name.contains(&only) {
            continue;
        }
        let text = std::fs::read_to_string(&file).expect("a scenario can be read");
        // One that fails does not hide the others.
        match AssertUnwindSafe(tell(name.clone(), text)).catch_unwind().await {
            Ok(Ok(())) => println!("  told: {name}"),
            Ok(Err(failure)) => failures.push(failure),
            Err(_) => failures.push(format!("{name}: panicked, see above")),
        }
    }
    assert!(failures.is_empty(), "{} scenarios failed:\n\n{}", failures.len(), failures.join("\n\n"));
}

async fn tell(name: String, text: String) -> Result<(), String> {
    let tree = parse(&name, &text)?;
    let scenario = tree.to_value();
    let from_template = scenario["given"]["template"].as_str();
    let mut options = from_template.map_or_else(Options::for_tests, template::options);
    if let Some(given) = scenario.get("given") {
        if let Some(mask) = given["mask"].as_str() {
            options = options.mask(mask);
        }
        for other in list(&given["other_outbreaks"]) {
            let name = other.as_str().unwrap_or_default();
            options = options.outbreak(Outbreak::new(&format!("outbreak-{}", name.to_lowercase().replace(' ', "-")), name));
        }
        if let Some(minutes) = given["utc_offset_minutes"].as_i64() {
            options.utc_offset_minutes = i32::try_from(minutes).map_err(|error| error.to_string())?;
        }
        options.locations.extend(list(&given["locations"]).iter().cloned());
    }
    let Some(releases) = scenario["given"].get("dhis2") else {
        let mut world = match from_template {
            Some(template) => World::of_template(template, options).await,
            None => World::new(options).await,
        };
        set_page_size(&mut world, &scenario)?;
        return tell_in(Telling { name, world, last_run: None, last_plan: None, backup: Mutex::default() }, &scenario).await;
    };
    let all = Profile::all().iter().map(|profile| profile.name);
    let releases: Vec<&str> = releases.as_array().map_or(all.collect(), |named| named.iter().filter_map(Value::as_str).collect());
    for release in releases {
        let mut world = World::of_numbers(release, options.clone()).await;
        set_page_size(&mut world, &scenario)?;
        tell_in(
            Telling { name: format!("{name} with DHIS2 {release}"), world, last_run: None, last_plan: None, backup: Mutex::default() },
            &scenario,
        )
        .await?;
    }
    Ok(())
}

fn set_page_size(world: &mut World, scenario: &Value) -> Result<(), String> {
    if let Some(size) = scenario["given"]["page_size"].as_u64() {
        world.pace.page_size = usize::try_from(size).map_err(|error| error.to_string())?;
    }
    Ok(())
}

async fn tell_in(mut telling: Telling, scenario: &Value) -> Result<(), String> {
    for (number, step) in list(&scenario["steps"]).iter().enumerate() {
        let words = step.as_object().ok_or_else(|| format!("{}: step {} is not a step", telling.name, number + 1))?;
        for (word, what) in words {
            if word != "expect" {
                telling
                    .step(word, what, words.get("expect"))
                    .await
                    .map_err(|why| format!("{}, step {} ({word}): {why}", telling.name, number + 1))?;
            }
        }
    }
    Ok(())
}

impl Telling {
    async fn step(&mut self, word: &str, what: &Value, expect: Option<&Value>) -> Result<(), String> {
        match word {
            "say" => Ok(()),
            "files" => {
                for (name, text) in what.as_object().into_iter().flatten() {
                    self.world.write(name, text.as_str().ok_or("a file is a text")?);
                }
                Ok(())
            }
            "rows" => self.rows(what),
            "replace" => self.replace(what),
            "shuffle" => self.shuffle(what),
            "rename" => self.rename(what),
            "godata" => self.godata(what),
            "faults" => {
                let rules = faults::parse(&what.to_string()).map_err(|error| error.to_string())?;
                self.world.sim.set_faults(rules);
                Ok(())
            }
            "run" => self.run(what, expect).await,
            "plan" => self.plan(what, expect).await,
            "killed" => self.killed(what).await,
            "revert" => self.revert(what, expect).await,
            "would_revert" => asked::would_revert(&self.world, self.last_run.ok_or("there is no run to take back")?, what).await,
            "behind" => asked::behind(&self.world, self.usual_flow(), what).await,
            "check" => asked::check(&self.world, what).await,
            "discard" => asked::discard(&self.world, text_of(what)?).await,
            "cursor" => self.cursor(what).await,
            "adopt" => {
                self.world.engine().await.adopt(what.as_str().unwrap_or("godata")).await.map_err(|error| error.to_string())?;
                Ok(())
            }
            "sent" => sent(self.world.sim.log(), what),
            "dhis2_sent" => sent(self.world.hmis().log(), what),
            "units" => self.units(what),
            "tree" => self.tree(what),
            "imported" => self.imported(what),
            "file" => self.file(what),
            "columns" => self.columns(what),
            "holds" => self.holds(what),
            "stored" => self.stored(what),
            "questions" => self.questions(what).await,
            "match" => self.matches(what, expect).await,
            "decide" => self.decide(what).await,
            "rejections" => self.rejections(what).await,
            "waiting" => self.waiting(what).await,
            "day" => {
                let day: jiff::civil::Date = text_of(what)?.parse().map_err(|error: jiff::Error| error.to_string())?;
                let morning = day.at(9, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).map_err(|error| error.to_string())?;
                self.world.set_time(morning.timestamp());
                Ok(())
            }
            "dhis2" => self.dhis2(what),
            "values" => self.values(what),
            "written" => self.written(what),
            "complete" => self.complete(what),
            _ => Err(format!("`{word}` is no word of a scenario")),
        }
    }

    /// A file of many rows: `{ FILE: { head: ..., row: "C-{n},...", from: 1, to: 300 } }`.
    fn rows(&self, what: &Value) -> Result<(), String> {
        for (file, made) in what.as_object().into_iter().flatten() {
            let (head, row) = (text(made, "head")?, text(made, "row")?);
            let (Some(from), Some(to)) = (made["from"].as_u64(), made["to"].as_u64()) else {
                return Err("rows go `from` a number `to` a number".to_owned());
            };
            let rows: String = (from..=to).map(|number| row.replace("{n}", &number.to_string()) + "\n").collect();
            self.world.write(file, &format!("{head}\n{rows}"));
        }
        Ok(())
    }

    /// Replaces a text in a file of the project: `{ file: ..., this: ..., by: ... }`.
    fn replace(&self, what: &Value) -> Result<(), String> {
        let (file, this, by) = (text(what, "file")?, text(what, "this")?, text(what, "by")?);
        let path = self.world.path(file);
        let before = std::fs::read_to_string(&path).map_err(|error| error.to_string())?;
        if !before.contains(this) {
            return Err(format!("{file} does not contain `{this}`"));
        }
        std::fs::write(path, before.replace(this, by)).map_err(|error| error.to_string())
    }

    /// Other orders of files: `{ FILE: seed }`.
    fn shuffle(&self, what: &Value) -> Result<(), String> {
        for (file, seed) in what.as_object().into_iter().flatten() {
            let path = self.world.path(file);
            let before = std::fs::read_to_string(&path).map_err(|error| format!("{file}: {error}"))?;
            let seed = seed.as_u64().ok_or("a seed is a number")?;
            std::fs::write(path, shuffle::text(file, &before, seed)).map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Other names of files: `{ OLD: NEW }`; a file without a new name is removed.
    fn rename(&self, what: &Value) -> Result<(), String> {
        for (old, new) in what.as_object().into_iter().flatten() {
            let path = self.world.path(old);
            let done = match new.as_str() {
                Some(new) => std::fs::rename(path, self.world.path(new)),
                None => std::fs::remove_file(path),
            };
            done.map_err(|error| format!("{old}: {error}"))?;
        }
        Ok(())
    }

    /// What a person does in Go.Data.
    fn godata(&self, what: &Value) -> Result<(), String> {
        let sim = &self.world.sim;
        for (deed, detail) in what.as_object().into_iter().flatten() {
            match deed.as_str() {
                "insert" => {
                    let mut person = detail.clone();
                    let list = person.as_object_mut().and_then(|person| person.remove("list"));
                    let list = list.as_ref().and_then(Value::as_str).unwrap_or("cases").to_owned();
                    sim.insert(Options::OUTBREAK, &list, person);
                }
                "relate" => {
                    let (source, target) = (self.id_of(text(detail, "source")?)?, self.id_of(text(detail, "target")?)?);
                    sim.relate(&source, json!({ "persons": [{ "id": target }], "contactDate": detail["contactDate"] }));
                }
                "convert" => sim.convert(&self.id_of(text(detail, "who")?)?, text(detail, "to")?),
                "merge" => {
                    let ids: Result<Vec<String>, String> =
                        list(&detail["people"]).iter().map(|name| self.id_of(name.as_str().unwrap_or_default())).collect();
                    let ids = ids?;
                    sim.merge(&ids.iter().map(String::as_str).collect::<Vec<_>>(), detail["into"].clone());
                }
                "forget" => sim.forget(&self.id_of(detail.as_str().unwrap_or_default())?),
                "restore" => sim.restore(&self.id_of(detail.as_str().unwrap_or_default())?),
                "edit" => {
                    let id = self.id_of(text(detail, "case")?)?;
                    let set = detail["set"].clone();
                    sim.edit(&id, move |case| merge(case, &set));
                }
                "place" => {
                    let mut place = detail.clone();
                    let around = place.as_object_mut().and_then(|place| place.remove("in"));
                    let called = place.as_object_mut().and_then(|place| place.remove("called"));
                    if let Some(name) = called {
                        let places = support::stored::records(sim, "location");
                        let called = places.iter().find(|place| place["name"] == name).ok_or_else(|| format!("there is no {name}"))?;
                        place["id"] = called["id"].clone();
                    }
                    if let Some(name) = around {
                        let places = support::stored::records(sim, "location");
                        let around = places.iter().find(|place| place["name"] == name).ok_or_else(|| format!("there is no {name}"))?;
                        place["parentLocationId"] = around["id"].clone();
                    }
                    sim.put_location(place);
                }
                "delete" => sim.delete(&self.id_of(detail.as_str().unwrap_or_default())?),
                "backup" if detail == "places" => {
                    *self.backup.lock().map_err(|error| error.to_string())? = sim.state().collection("location");
                }
                "put_back" if detail == "places" => {
                    sim.put_back_locations(&self.backup.lock().map_err(|error| error.to_string())?);
                }
                "empty" if detail == "places" => sim.put_back_locations(&[]),
                "expire_tokens" => sim.expire_tokens(),
                "slow_imports" => {
                    let polls = detail.as_u64().and_then(|polls| usize::try_from(polls).ok()).ok_or("imports are slow by a number")?;
                    sim.set_pace(Pace { polls, late: polls > 0, ..Pace::default() });
                }
                "break_import_after" => {
                    sim.break_import_after(detail.as_u64().and_then(|rows| usize::try_from(rows).ok()).unwrap_or_default());
                }
                "restart" => sim.restart_jobs(),
                _ => return Err(format!("nobody can `{deed}` in Go.Data here")),
            }
        }
        Ok(())
    }

    /// A person imports a file of the project in Go.Data, which takes it as a whole.
    fn imported(&self, what: &Value) -> Result<(), String> {
        let file = std::fs::read_to_string(self.world.path(text(what, "file")?)).map_err(|error| error.to_string())?;
        let imported = self.world.sim.import_locations(&file).map_err(|body| format!("Go.Data refuses the file: {body}"))?;
        let expected = &what["locations"];
        if *expected == imported.len() {
            Ok(())
        } else {
            Err(format!("expected {expected} locations in the file, there are {}", imported.len()))
        }
    }

    /// What happens to DHIS2: other `metadata`, `settings`, `faults`, what somebody enters.
    fn dhis2(&self, what: &Value) -> Result<(), String> {
        let dhis2 = self.world.hmis();
        for (deed, detail) in what.as_object().into_iter().flatten() {
            match deed.as_str() {
                "metadata" => dhis2.put_metadata(detail),
                "enter" => detail.as_object().into_iter().flatten().for_each(|(name, value)| numbers::enter(dhis2, name, &plain(value))),
                "complete" => detail
                    .as_object()
                    .into_iter()
                    .flatten()
                    .for_each(|(name, completed)| numbers::complete_data_set(dhis2, name, completed.as_bool())),
                "settings" => detail.as_object().into_iter().flatten().for_each(|(key, value)| dhis2.set_setting(key, value.clone())),
                "faults" => dhis2.set_faults(faults::parse(&detail.to_string()).map_err(|error| error.to_string())?),
                "edit" => {
                    // A moment later than what was written before.
                    dhis2.clock().advance(std::time::Duration::from_secs(1));
                    for (kind, edits) in detail.as_object().into_iter().flatten() {
                        for (code, set) in edits.as_object().into_iter().flatten() {
                            let found = dhis2.objects(kind).into_iter().find(|object| object["code"] == *code);
                            let mut object = found.ok_or_else(|| format!("DHIS2 has none of {kind} with the code {code}"))?;
                            merge(&mut object, set);
                            for stamp in ["lastUpdated", "lastUpdatedBy"] {
                                object.as_object_mut().and_then(|object| object.remove(stamp));
                            }
                            dhis2.put_metadata(&json!({ kind: [object] }));
                        }
                    }
                }
                "empty" if detail == "numbers" => dhis2.lose_data(),
                "empty" => {
                    // All but the one at the top, to which accounts belong.
                    let units = dhis2.objects("organisationUnits");
                    for unit in units.iter().filter(|unit| detail == "places" && !unit["parent"].is_null()) {
                        dhis2.remove("organisationUnits", text(unit, "id")?);
                    }
                }
                "remove" => {
                    for (kind, ids) in detail.as_object().into_iter().flatten() {
                        list(ids).iter().filter_map(Value::as_str).for_each(|id| dhis2.remove(kind, id));
                    }
                }
                _ => return Err(format!("nobody can `{deed}` in DHIS2 here")),
            }
        }
        Ok(())
    }

    /// Everything that DHIS2 holds: each number by its name, and no other.
    fn values(&self, what: &Value) -> Result<(), String> {
        let found = numbers::values(self.world.hmis());
        let expected: BTreeMap<String, String> =
            what.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect();
        let lines = |here: &BTreeMap<String, String>, there: &BTreeMap<String, String>| {
            let differing = here.iter().filter(|one| there.get(one.0) != Some(one.1));
            differing.map(|(name, value)| ["\n    ", name, ": ", value].concat()).collect::<Vec<_>>().concat()
        };
        if found == expected {
            return Ok(());
        }
        Err(format!("DHIS2 holds{}\n  in the place of{}", lines(&found, &expected), lines(&expected, &found)))
    }

    /// How many numbers were written since the last time that this was asked, by the simulator's own book; or which, and how often each.
    fn written(&self, what: &Value) -> Result<(), String> {
        let dhis2 = self.world.hmis();
        let written: BTreeMap<String, usize> = numbers::written(dhis2).into_iter().map(|(name, changes)| (name, changes.len())).collect();
        dhis2.clear_data_writes();
        let found = if what.is_u64() { json!(written.values().sum::<usize>()) } else { json!(written) };
        if found == *what { Ok(()) } else { Err(format!("expected {what} numbers to be written, DHIS2 wrote {}", json!(written))) }
    }

    fn complete(&self, what: &Value) -> Result<(), String> {
        let found = json!(numbers::complete(self.world.hmis()));
        if found == *what { Ok(()) } else { Err(format!("expected to be complete: {what}, DHIS2 has {found}")) }
    }

    /// The id of the person with this external number or visual id, or with this id.
    fn id_of(&self, number: &str) -> Result<String, String> {
        if self.world.sim.state().person(number).is_some() {
            return Ok(number.to_owned());
        }
        list(&json!(self.world.sim.state().people()))
            .iter()
            .find(|case| case["visualId"] == number || list(&case["documents"]).iter().any(|document| document["number"] == number))
            .and_then(|case| case["id"].as_str().map(str::to_owned))
            .ok_or_else(|| format!("Go.Data has no case {number}"))
    }

    async fn run(&mut self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
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
        found["says"] = Value::Null;
        compare(&found, expect, &COUNTS)
    }

    /// The history has the same account as the report.
    async fn kept_account(&self, report: &RunReport) -> Result<(), String> {
        let kept = self.world.engine().await.store().run(report.run).await.map_err(|error| error.to_string())?;
        let kept = kept.ok_or("the run is not in the history")?;
        if kept.counts == report.counts {
            Ok(())
        } else {
            Err(format!("the history has {:?}, the report {:?}", kept.counts, report.counts))
        }
    }

    /// The flow that is meant when none is named.
    fn usual_flow(&self) -> &'static str {
        if self.world.dhis2.is_some() { "weekly" } else { "cases" }
    }

    /// A run by a process that is killed at a request: `{ before: POST */cases }`, or after Go.Data has carried it out.
    async fn killed(&mut self, what: &Value) -> Result<(), String> {
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

    async fn plan(&mut self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
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
        found["shows"] = shown.by_name(&self.world);
        found["causes"] = by_code(&report.causes);
        found["error"] = json!(report.error.as_ref().map(|error| error.cause.code));
        if let (Some(error), None) = (&report.error, expect.and_then(|expect| expect.get("error"))) {
            return Err(error.to_string());
        }
        compare(&found, expect, &COUNTS)
    }

    async fn revert(&mut self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
        let engine = self.world.engine().await;
        let run = match what["flow"].as_str() {
            None => self.last_run,
            Some(flow) => engine.store().runs(Some(flow), 1).await.map_err(|error| error.to_string())?.first().map(|run| run.id),
        };
        let (report, _) = engine.revert(run.ok_or("there is no run to take back")?).await.map_err(|error| error.to_string())?;
        let mut found = report.to_json();
        found["exit"] = json!(report.exit_code());
        compare(&found, expect, &["created", "updated", "deleted", "skipped", "rejected", "failed"])
    }

    async fn cursor(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let flow = text(what, "forget")?;
        let partition = Partition(text(what, "partition")?.to_owned());
        engine.store().set_cursor(flow, &partition, None, "a scenario", engine.clock().now()).await.map_err(|error| error.to_string())
    }

    /// The org units of DHIS2: for each code the fields as they must be, `null` when there is none; `count`: how many there are.
    fn units(&self, what: &Value) -> Result<(), String> {
        let dhis2 = self.world.hmis();
        let all: Vec<Value> = dhis2.objects("organisationUnits");
        for (code, expected) in what.as_object().into_iter().flatten() {
            let found: Vec<&Value> = all.iter().filter(|unit| unit["code"] == *code).collect();
            let wrong = match (code.as_str(), found.as_slice()) {
                ("count", _) if json!(all.len()) == *expected => None,
                ("count", _) => Some(format!("expected {expected} org units, DHIS2 has {}", all.len())),
                (_, []) if expected.is_null() => None,
                (_, [one]) if !expected.is_null() => {
                    let mut one = (*one).clone();
                    // Called as people call it.
                    let parent = one["parent"]["id"].as_str().and_then(|id| dhis2.object("organisationUnits", id));
                    one["parent"] = parent.map(|parent| parent["name"].clone()).unwrap_or_default();
                    missing(&one, expected, code)
                }
                (_, found) => Some(format!("DHIS2 has {} org units with the code {code}", found.len())),
            };
            if let Some(wrong) = wrong {
                return Err(wrong);
            }
        }
        Ok(())
    }

    /// Where the places of Go.Data lie: for each name that of the place around it; `~`: it has none.
    fn tree(&self, what: &Value) -> Result<(), String> {
        let places = stored::records(&self.world.sim, "location");
        for (name, expected) in what.as_object().into_iter().flatten() {
            let named: Vec<&Value> = places.iter().filter(|place| place["name"] == *name).collect();
            let [place] = named.as_slice() else { return Err(format!("Go.Data has {} places called {name}", named.len())) };
            let around = places.iter().find(|other| other["id"] == place["parentLocationId"]);
            let around = around.map(|place| place["name"].clone()).unwrap_or_default();
            if around != *expected {
                return Err(format!("expected {name} in {expected}, it lies in {around}"));
            }
        }
        Ok(())
    }

    /// What a file of the project holds, row for row; its rows in the order of the alphabet, since a new one stands where it came.
    fn file(&self, what: &Value) -> Result<(), String> {
        let sorted = |text: &str| {
            let mut rows: Vec<String> = text.lines().map(str::to_owned).collect();
            let from = rows.len().min(1);
            rows[from..].sort();
            rows
        };
        for (name, expected) in what.as_object().into_iter().flatten() {
            let found = std::fs::read_to_string(self.world.path(name)).map_err(|error| format!("{name}: {error}"))?;
            if sorted(&found) != sorted(expected.as_str().ok_or("a file is a text")?) {
                return Err(format!("{name} holds\n{found}"));
            }
        }
        Ok(())
    }

    /// What a CSV of the project holds in the columns that are named, whatever the order of its rows.
    fn columns(&self, what: &Value) -> Result<(), String> {
        for (name, expected) in what.as_object().into_iter().flatten() {
            let found = std::fs::read(self.world.path(name)).map_err(|error| format!("{name}: {error}"))?;
            columns::compare(name, &found, expected.as_str().ok_or("a file is a text")?)?;
        }
        Ok(())
    }

    /// What Go.Data holds: a number of cases, or for each external number the fields as they must be.
    fn holds(&self, what: &Value) -> Result<(), String> {
        let cases = json!(self.world.sim.state().cases(Options::OUTBREAK));
        let living: Vec<&Value> = list(&cases).iter().filter(|case| case["deleted"] != json!(true)).collect();
        for (number, expected) in what.as_object().into_iter().flatten() {
            if number == "cases" {
                if json!(living.len()) != *expected {
                    return Err(format!("expected {expected} cases, Go.Data holds {}", living.len()));
                }
                continue;
            }
            let own: Vec<_> =
                living.iter().filter(|case| list(&case["documents"]).iter().any(|document| document["number"] == *number)).collect();
            let [case] = own.as_slice() else { return Err(format!("Go.Data holds {} cases with the number {number}", own.len())) };
            if let Some(difference) = missing(case, expected, number) {
                return Err(difference);
            }
        }
        Ok(())
    }

    /// What Go.Data stores of any kind of record.
    fn stored(&self, what: &Value) -> Result<(), String> {
        for (kind, expected) in what.as_object().into_iter().flatten() {
            stored::compare(kind, &stored::records(&self.world.sim, kind), expected)?;
        }
        Ok(())
    }

    /// The open questions of `review`: for each source id the visual ids of the candidates.
    async fn questions(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let rows = engine.store().reviews(None, 1000).await.map_err(|error| error.to_string())?;
        let found: BTreeMap<String, Vec<String>> = rows
            .iter()
            .map(|row| {
                let visual_id =
                    |id: &str| self.world.sim.state().person(id).and_then(|person| person["visualId"].as_str().map(str::to_owned));
                let mut candidates: Vec<String> =
                    row.review.candidates.iter().map(|one| visual_id(&one.target_id).unwrap_or_else(|| one.target_id.clone())).collect();
                candidates.sort();
                (row.review.source.id.clone(), candidates)
            })
            .collect();
        if json!(found) == *what { Ok(()) } else { Err(format!("expected open questions {what}, found {}", json!(found))) }
    }

    /// What the matcher says of the records without a link: `expect` has for each what it says and, where there are any, the visual ids of the candidates.
    async fn matches(&self, what: &Value, expect: Option<&Value>) -> Result<(), String> {
        let flow = what.as_str().ok_or("`match` takes the name of a flow")?;
        let engine = self.world.engine().await;
        let proposals = engine.matches(flow, &[], None, false, &Unwatched).await.map_err(|error| error.to_string())?;
        let state = self.world.sim.state();
        let visual_id = |id: &str| state.person(id).and_then(|person| person["visualId"].as_str().map(str::to_owned)).unwrap_or_default();
        let found: BTreeMap<String, String> = proposals
            .iter()
            .map(|one| {
                let candidates = one.candidates.iter().map(|candidate| visual_id(&candidate.target_id));
                let words: Vec<String> = std::iter::once(one.says.word().to_owned()).chain(candidates).collect();
                (one.source_id.clone(), words.join(" "))
            })
            .collect();
        if Some(&json!(found)) == expect { Ok(()) } else { Err(format!("expected {expect:?}, the matcher says {}", json!(found))) }
    }

    /// A person answers a question: `{ record: SOURCE ID, is: VISUAL ID }`, or `is: new`, `is: discard`; or corrects what a `flow` linked: `is: unlink`,
    /// `is: split`, `merge: VISUAL ID`. What is `refused` ends with this code.
    async fn decide(&self, what: &Value) -> Result<(), String> {
        let record = text(what, "record")?;
        let engine = self.world.engine().await;
        let by = By { name: "a data manager".to_owned(), reason: "a scenario".to_owned() };
        let done = if let Some(flow) = what["flow"].as_str() {
            let (kind, target) = match (what["is"].as_str(), what["merge"].as_str()) {
                (Some("unlink"), None) => (DecisionKind::Unlink, None),
                (Some("split"), None) => (DecisionKind::Split, None),
                (None, Some(visual_id)) => (DecisionKind::Merge, Some(self.id_of(visual_id)?)),
                _ => return Err("with a `flow`, `decide` takes `is: unlink`, `is: split` or `merge`".to_owned()),
            };
            engine.correct(flow, record, kind, target.as_deref(), by).await
        } else {
            let rows = engine.store().reviews(None, 1000).await.map_err(|error| error.to_string())?;
            let row = rows.iter().find(|row| row.review.source.id == record).ok_or_else(|| format!("nobody is asked about {record}"))?;
            let (kind, candidate) = match text(what, "is")? {
                "new" => (DecisionKind::New, None),
                "discard" => (DecisionKind::Discard, None),
                visual_id => (DecisionKind::Link, Some(self.id_of(visual_id)?)),
            };
            engine.answer(row.id, kind, candidate.as_deref(), by).await
        };
        match (done, what["refused"].as_str()) {
            (Ok(_), None) => Ok(()),
            (Err(error), Some(code)) if error.cause.code.to_string() == code => Ok(()),
            (Ok(_), Some(code)) => Err(format!("it should have been refused with {code}")),
            (Err(error), _) => Err(error.to_string()),
        }
    }

    /// The records that wait, of all flows: for each its flow and id, and what it waits for.
    async fn waiting(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        for flow in self.world.workspace().project.iter().flat_map(|project| project.flows.keys()) {
            for row in engine.store().waiting(flow).await.map_err(|error| error.to_string())? {
                found.insert(format!("{flow} {}", row.source_id), format!("{} {}", row.reference.flow, row.reference.source_id));
            }
        }
        if json!(found) == *what { Ok(()) } else { Err(format!("expected to wait {what}, found {}", json!(found))) }
    }

    /// The open rejections: for each source id its code; or `{ code, value, hides }`, the value that no list has as it is shown, and a text that is nowhere.
    async fn rejections(&self, what: &Value) -> Result<(), String> {
        let engine = self.world.engine().await;
        let rows = engine.store().rejections(None, 1000).await.map_err(|error| error.to_string())?;
        let mut found: BTreeMap<String, Value> = BTreeMap::new();
        for row in &rows {
            let first = row.causes.first();
            let code = json!(first.map(|cause| cause.code.to_string()).unwrap_or_default());
            let name = asked::name_of(&self.world, &row.source_id);
            let expected = &what[&name];
            if let Some(said) = expected["says"].as_str() {
                let messages: Vec<&str> = row.causes.iter().map(|cause| cause.message.as_str()).collect();
                if !messages.iter().any(|message| message.contains(said)) {
                    return Err(format!("of {name} it is not said `{said}`, but {messages:?}"));
                }
                found.insert(name, json!({ "code": code, "says": said }));
                continue;
            }
            let shown = match expected["hides"].as_str() {
                None => code,
                Some(hidden) if json!(row.causes).to_string().contains(hidden) => return Err(format!("{hidden} is shown")),
                Some(hidden) => {
                    json!({ "code": code, "hides": hidden, "value": first.and_then(|cause| cause.unlisted.as_ref()).map(|one| &one.value) })
                }
            };
            found.insert(name, shown);
        }
        // The end of a hidden value is a keyed hash, and the key is another one each time.
        let text = json!(found).to_string();
        let hashless: Vec<&str> = text.split(", ").map(|piece| if piece.get(6..7) == Some(")") { &piece[6..] } else { piece }).collect();
        let found = hashless.join(", ");
        let expected = json!(what).to_string();
        if found == expected { Ok(()) } else { Err(format!("expected open rejections {expected}, found {found}")) }
    }
}

/// What must be 0 in an account when it is not named.
const COUNTS: [&str; 10] = ["read", "created", "updated", "counted", "unchanged", "deleted", "skipped", "waiting", "rejected", "failed"];

/// What was sent since the last time that this was asked, by the simulator's own log.
fn sent(log: &Log, what: &Value) -> Result<(), String> {
    for (name, expected) in what.as_object().into_iter().flatten() {
        let found = match name.as_str() {
            "writes" => log.writes().len(),
            "records" => log.writes().iter().map(|entry| entry.records).sum(),
            "logins" => log.count("POST", "/api/users/login"),
            other => {
                let (method, path) = other.split_once(' ').ok_or_else(|| format!("`{other}` is not METHOD PATH"))?;
                log.count(method, path)
            }
        };
        if json!(found) != *expected {
            return Err(format!("expected {name}: {expected}, the simulator's log has {found}"));
        }
    }
    log.clear();
    Ok(())
}

fn text_of(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is not a text"))
}

/// A number as it is written without quotes, or a text.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value[key].as_str().ok_or_else(|| format!("`{key}` is missing"))
}

fn merge(into: &mut Value, from: &Value) {
    for (name, content) in from.as_object().into_iter().flatten() {
        into[name] = content.clone();
    }
}

/// How many records each code was told of.
fn by_code(causes: &[kivuko_engine::CauseGroup]) -> Value {
    let mut records: BTreeMap<String, u64> = BTreeMap::new();
    for group in causes {
        *records.entry(group.code.to_string()).or_default() += group.records;
    }
    json!(records)
}

/// Everything expected must be as found. Counts that are not named must be 0, so that nothing happens unseen.
fn compare(found: &Value, expect: Option<&Value>, counts: &[&str]) -> Result<(), String> {
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

fn parse(name: &str, text: &str) -> Result<kivuko_core::yaml::Node, String> {
    let mut found = Vec::new();
    let tree = kivuko_core::yaml::parse(name, text.as_bytes(), &mut found);
    tree.filter(|_| found.is_empty()).ok_or_else(|| support::problems(&found))
}
