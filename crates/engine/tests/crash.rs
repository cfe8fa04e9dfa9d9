//! A run that is killed at any point, and started again, comes to the same as one that nobody disturbed.
//!
//! Killed is killed: the future of the run is dropped at the chosen instant together with its engine, and a new engine opens the same store file. The
//! points are every call of the store and every request, each before it takes effect and after. What is compared: what Go.Data holds, how often its own
//! log says that each case was written, and what the store remembers.
//!
//! `KIVUKO_CRASH_SEED` repeats the random part; `KIVUKO_CRASH_POINTS` says how many points it tries.

mod support;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kivuko_core::store::Store;
use kivuko_sims::faults;
use kivuko_sims::godata::Options;
use serde_json::Value;
use support::chance::Chance;
use support::kill::{self, Point, Side};
use support::work::Work;
use support::{World, project};

/// So many worlds are under way at a time: most of the time they wait for the settling of writes.
const AT_A_TIME: usize = 8;
/// `settle_secs` of the project, in milliseconds: so long a write may take that has lost its connection.
const SETTLE: i64 = 250;
/// How often a history is told again in which the simulator, on a busy machine, was later than that: nothing can be promised then.
const RETELLINGS: usize = 5;
/// How such a history ends.
const OVERDUE: &str = "a write took effect later than the project allows for";
/// After so many failures no more are looked for.
const FAILURES: usize = 5;
const SEED: &str = "KIVUKO_CRASH_SEED";
const POINTS: &str = "KIVUKO_CRASH_POINTS";

/// How the work is cut into pages and requests.
#[derive(Debug, Clone, Copy)]
struct Cut {
    page: usize,
    batch: usize,
}

/// A project whose pages are written by several requests at a time.
async fn world(work: &Work, cut: Cut) -> World {
    let mut world = World::new(Options::for_tests()).await;
    world.pace.page_size = cut.page;
    let kivuko = project::KIVUKO.replace("{url}", &world.sim.url()).replace("settle_secs: 0.4", "settle_secs: 0.25");
    world.write("kivuko.yaml", &format!("{kivuko}    batch_size: {}\n    concurrency: 4\n", cut.batch));
    let flow = project::FLOW.replace("id: case_id", "id: row_id");
    world.write("flows/cases.yaml", &format!("{flow}deletes: {{ detect: absence, then: delete, stop_above: 60% }}\n"));
    for case in &work.given {
        world.sim.insert_case(Options::OUTBREAK, case.clone());
    }
    world
}

/// Everything that must not depend on how often a run was killed.
#[derive(Debug, PartialEq)]
struct Witness {
    content: Vec<Value>,
    /// By external number: how often the simulator's log says that a case was created, changed, deleted.
    written: BTreeMap<String, BTreeMap<&'static str, usize>>,
    /// Over all runs: records and target records created, updated, deleted.
    accounted: BTreeMap<&'static str, u64>,
    /// Open rejections: source id and code.
    rejections: BTreeMap<String, String>,
    /// Source id to key, and whether the flow created it.
    links: BTreeMap<String, (String, bool)>,
    open_intents: usize,
    /// Where the next run goes on, as far as two files of the same content have that in common.
    cursors: Vec<Value>,
}

impl Witness {
    async fn of(world: &World) -> Self {
        let store = world.workspace().open_store().await.expect("the store opens");
        let rejections = store.rejections(None, 10_000).await.expect("rejections can be read");
        let ids: Vec<String> = (0..1000).flat_map(|number| [format!("R-{number}"), format!("R-{number}-B")]).collect();
        let links = store.links("files", "cases.csv", &ids, "godata").await.expect("links can be read");
        let cursors = store.cursors("cases").await.expect("cursors can be read");
        let mut accounted = BTreeMap::new();
        for run in store.runs(Some("cases"), 10_000).await.expect("runs can be read") {
            let counts = run.counts;
            assert!(counts.adds_up(), "the account of run {} does not add up: {counts:?}", run.id);
            let all = [
                ("created", counts.created),
                ("updated", counts.updated),
                ("deleted", counts.deleted),
                ("failed", counts.failed),
                ("writes created", counts.writes.created),
                ("writes updated", counts.writes.updated),
                ("writes deleted", counts.writes.deleted),
            ];
            for (name, count) in all {
                *accounted.entry(name).or_default() += count;
            }
        }
        Self {
            content: world.content(),
            written: written(world),
            accounted,
            rejections: rejections
                .into_iter()
                .map(|row| (row.source_id, row.causes.first().map(|cause| cause.code.to_string()).unwrap_or_default()))
                .collect(),
            links: links.into_iter().map(|link| (link.source.id, (link.key.to_string(), link.created))).collect(),
            open_intents: store.open_intents("godata").await.expect("intents can be read").len(),
            cursors: cursors
                .into_iter()
                .map(|row| serde_json::from_str::<Value>(&row.cursor.value).expect("a cursor of a file is JSON")["next"].clone())
                .collect(),
        }
    }

    /// What is not as it is in the undisturbed history.
    fn differences(&self, undisturbed: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let mut differ = |name: &str, here: String, there: String| {
            if here != there {
                let cut = |text: String| text.chars().take(600).collect::<String>();
                found.push(format!("{name}:\n    here        {}\n    undisturbed {}", cut(here), cut(there)));
            }
        };
        differ("accounted for", format!("{:?}", self.accounted), format!("{:?}", undisturbed.accounted));
        differ("rejections", format!("{:?}", self.rejections), format!("{:?}", undisturbed.rejections));
        differ("open intents", self.open_intents.to_string(), undisturbed.open_intents.to_string());
        differ("cursors", format!("{:?}", self.cursors), format!("{:?}", undisturbed.cursors));
        for key in self.links.keys().chain(undisturbed.links.keys()) {
            differ(&format!("link of {key}"), format!("{:?}", self.links.get(key)), format!("{:?}", undisturbed.links.get(key)));
        }
        for number in self.written.keys().chain(undisturbed.written.keys()) {
            differ(
                &format!("writes of {number}"),
                format!("{:?}", self.written.get(number)),
                format!("{:?}", undisturbed.written.get(number)),
            );
        }
        if self.content != undisturbed.content {
            let only = |these: &[Value], those: &[Value]| {
                these.iter().filter(|case| !those.contains(case)).map(Value::to_string).collect::<Vec<_>>()
            };
            differ("content", only(&self.content, &undisturbed.content).join("\n"), only(&undisturbed.content, &self.content).join("\n"));
        }
        found.dedup();
        found
    }
}

/// How often each case was created, changed and deleted, by the simulator's log.
fn written(world: &World) -> BTreeMap<String, BTreeMap<&'static str, usize>> {
    let number = |case: &Value| case["documents"][0]["number"].as_str().unwrap_or_default().to_owned();
    let numbers: BTreeMap<String, String> =
        world.sim.state().people().iter().map(|case| (case["id"].as_str().unwrap_or_default().to_owned(), number(case))).collect();
    let mut written: BTreeMap<String, BTreeMap<&'static str, usize>> = BTreeMap::new();
    for entry in world.sim.log().writes() {
        let how = match entry.method.as_str() {
            "POST" => "created",
            "PUT" => "changed",
            _ => "deleted",
        };
        for id in &entry.ids {
            *written.entry(numbers[id].clone()).or_default().entry(how).or_default() += 1;
        }
    }
    written
}

/// The history that nobody disturbed, day by day.
async fn undisturbed(work: &Work, cut: Cut) -> Vec<Witness> {
    let world = world(work, cut).await;
    let mut days = Vec::new();
    for day in &work.days {
        world.write("incoming/cases.csv", day);
        world.run("cases").await;
        let witness = Witness::of(&world).await;
        assert_eq!(witness.open_intents, 0, "an undisturbed run leaves no open intent");
        days.push(witness);
    }
    days
}

/// Runs each day, killed at the points that `plan` gives for it one after the other, then to its end. How many kills struck.
async fn disturbed(
    work: &Work,
    cut: Cut,
    faults: &str,
    undisturbed: &[Witness],
    plan: impl Fn(usize) -> Vec<Point>,
) -> Result<usize, String> {
    let world = world(work, cut).await;
    let mut struck = 0;
    for (day, text) in work.days.iter().enumerate() {
        world.write("incoming/cases.csv", text);
        world.sim.set_faults(faults::parse(faults).expect("the rules are understood"));
        let points = plan(day);
        let mut over = false;
        for point in &points {
            if kill::run(&world, "cases", *point).await.is_some() {
                over = true;
                break;
            }
            struck += 1;
        }
        let here = |what: &str| format!("day {day}, killed at {points:?}: {what}");
        if !over {
            let report = world.run("cases").await;
            if report.exit_code() > 1 {
                return Err(here(&format!("the run after it ended with {}", report.to_json())));
            }
        }
        let differences = Witness::of(&world).await.differences(&undisturbed[day]);
        if !differences.is_empty() {
            let overdue = world.sim.log().writes().iter().any(|entry| entry.after > SETTLE / 2);
            if overdue {
                return Err(OVERDUE.to_owned());
            }
            return Err(here(&differences.join("\n  ")));
        }
    }
    world.sim.set_faults(Vec::new());
    world.sim.log().clear();
    let report = world.run("cases").await;
    let counts = report.counts;
    if counts.read != counts.unchanged + counts.rejected || !world.sim.log().writes().is_empty() {
        return Err(format!("one more run did something: {}", report.to_json()));
    }
    Ok(struck)
}

/// Fails with the first few of many failures.
fn conclude(failures: Vec<String>, what: &str) {
    let shown: Vec<&str> = failures.iter().take(5).map(String::as_str).collect();
    assert!(failures.is_empty(), "{} {what} came to something else:\n\n{}", failures.len(), shown.join("\n\n"));
}

/// Writes that take effect after the client was cut off.
const LATE: &str = r#"[
    { "on": { "method": "POST", "path": "*/cases", "nth": 2 }, "do": { "drop": "after", "late": 30 } },
    { "on": { "method": "PUT", "path": "*/cases/*", "nth": 1 }, "do": { "drop": "after", "late": 30 } }
]"#;
/// The same for writes that are only sent long after they were first noted.
const LATE_AND_LATER: &str = r#"[
    { "on": { "method": "POST", "path": "*/cases", "to": 2 }, "do": { "status": 503, "retry_after": 1 } },
    { "on": { "method": "POST", "path": "*/cases", "from": 3, "to": 4 }, "do": { "drop": "after", "late": 100 } }
]"#;

#[test]
fn every_point_of_a_small_work() {
    let cut = Cut { page: 5, batch: 2 };
    let work = Work::new(&mut Chance::new(7), 9);
    let expected = alone(undisturbed(&work, cut));
    let mut failures = Vec::new();
    let [before_call, _, before_request, after_request] = Point::KINDS;
    let no_faults = Point::KINDS.map(|kind| ("[]", kind));
    // Right after a call no write is on its way, so with late effects the other side of the calls will do.
    let late = [(LATE, before_call), (LATE, before_request), (LATE, after_request), (LATE_AND_LATER, before_request)];
    for (faults, kind) in no_faults.into_iter().chain(late) {
        // Until a number is so high that no run gets there.
        let (points, failed) = histories(None, |turn| alone(disturbed(&work, cut, faults, &expected, |_| vec![kind(turn + 1)])));
        println!("  {:?}{}: {points} points", kind(0), if faults == "[]" { "" } else { ", with late effects" });
        failures.extend(failed);
    }
    conclude(failures, "histories");
}

#[test]
fn random_points() {
    let seed = Chance::seed(SEED);
    let wanted: usize = std::env::var(POINTS).map_or(200, |text| text.parse().expect("a number of points"));
    println!("  the seed is {seed}; repeat with {SEED}={seed}");
    let (points, failures) = histories(Some(wanted), |turn| {
        let seed = seed.wrapping_add(turn as u64);
        alone(random_history(seed)).map_err(|failure| format!("{SEED}={seed} {POINTS}=1: {failure}"))
    });
    println!("  {points} random points");
    conclude(failures, "histories");
}

/// Carries out a history on a runtime of its own, as a process of its own would.
fn alone<T>(history: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made").block_on(history)
}

/// Carries out one history after the other, several at a time, until enough points were struck or (`None`) one struck nothing. How many points were
/// struck, and what went wrong.
fn histories(wanted: Option<usize>, history: impl Fn(usize) -> Result<usize, String> + Sync) -> (usize, Vec<String>) {
    let (next, points, over) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let failures = Mutex::new(Vec::new());
    let tell = |turn| catch_unwind(AssertUnwindSafe(|| history(turn))).unwrap_or_else(|_| Err(format!("turn {turn} panicked, see above")));
    let one_after_the_other = || {
        while !over.load(Ordering::SeqCst) {
            let turn = next.fetch_add(1, Ordering::SeqCst);
            let mut outcome = tell(turn);
            for _ in 0..RETELLINGS {
                if outcome.as_ref().is_err_and(|why| why.contains(OVERDUE)) {
                    outcome = tell(turn);
                }
            }
            let struck = match outcome {
                Ok(struck) => struck,
                Err(failure) => {
                    let mut failures = failures.lock().expect("nobody panics here");
                    failures.push(failure);
                    over.fetch_or(failures.len() >= FAILURES, Ordering::SeqCst);
                    continue;
                }
            };
            let sum = points.fetch_add(struck, Ordering::SeqCst) + struck;
            over.fetch_or(wanted.map_or(struck == 0, |wanted| sum >= wanted), Ordering::SeqCst);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(one_after_the_other);
        }
    });
    (points.into_inner(), failures.into_inner().expect("nobody panicked there"))
}

/// A work of its own, with faults of its own, killed up to three times in a row on each of its days.
async fn random_history(seed: u64) -> Result<usize, String> {
    let chance = &mut Chance::new(seed);
    let cut = Cut { page: 10 + chance.below(15), batch: 2 + chance.below(6) };
    let size = 50 + chance.below(20);
    let work = Work::new(chance, size);
    let rules: Vec<String> = (0..chance.below(4))
        .map(|_| {
            let on = *chance.pick(&[
                r#""method": "POST", "path": "*/cases""#,
                r#""method": "PUT", "path": "*/cases/*""#,
                r#""method": "DELETE""#,
                r#""path": "*""#,
            ]);
            let action = *chance.pick(&[
                r#"{ "drop": "after", "late": 30 }"#,
                r#"{ "drop": "after", "late": 20 }"#,
                r#"{ "drop": "after" }"#,
                r#"{ "drop": "before" }"#,
                r#"{ "status": 503 }"#,
                r#"{ "latency": 10 }"#,
                r#""truncate""#,
                r#""expire_token""#,
            ]);
            format!(r#"{{ "on": {{ {on}, "nth": {} }}, "do": {action} }}"#, 1 + chance.below(6))
        })
        .collect();
    let faults = format!("[{}]", rules.join(", "));
    let plans: Vec<Vec<Point>> = work
        .days
        .iter()
        .map(|_| {
            (0..=chance.below(3))
                .map(|_| {
                    let side = *chance.pick(&[Side::Before, Side::After]);
                    if chance.percent(50) { Point::Store(1 + chance.below(45), side) } else { Point::Request(1 + chance.below(35), side) }
                })
                .collect()
        })
        .collect();
    let expected = undisturbed(&work, cut).await;
    disturbed(&work, cut, &faults, &expected, |day| plans[day].clone()).await.map_err(|failure| format!("with faults {faults}, {failure}"))
}
