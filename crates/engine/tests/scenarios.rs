//! Runs the scenarios of `scenarios/*.yaml`: whole flows against the simulated Go.Data, readable without knowing Rust.
//!
//! The words of a scenario are explained in `scenarios/README.md`. "Nothing was written" is asserted on the simulator's log, not on our own count.

#[path = "scenarios/commands.rs"]
mod commands;
#[path = "scenarios/deeds.rs"]
mod deeds;
#[path = "scenarios/holdings.rs"]
mod holdings;
#[path = "scenarios/people.rs"]
mod people;
mod support;
#[path = "scenarios/words.rs"]
mod words;

use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Mutex;

use futures_util::FutureExt;
use kivuko_core::store::RunId;
use kivuko_sims::dhis2::Profile;
use kivuko_sims::faults;
use kivuko_sims::godata::{Options, Outbreak};
use serde_json::Value;

use holdings::sent;
use support::{World, asked, template};
use words::{list, parse, text_of};

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
            "would_revert" => {
                let named = what["run"].as_i64().map(RunId);
                let run = named.or(self.last_run).ok_or("there is no run to take back")?;
                asked::would_revert(&self.world, run, if named.is_some() { &what["expect"] } else { what }).await
            }
            "behind" => asked::behind(&self.world, self.usual_flow(), what).await,
            "by_now" => asked::by_now(&self.world, self.usual_flow(), what).await,
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
}
