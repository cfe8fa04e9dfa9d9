//! A run that is killed at any point, and started again, comes to the same as one that nobody disturbed.
//!
//! Killed is killed: the future of the run is dropped at the chosen instant together with its engine, and a new engine opens the same store file. The
//! points are every call of the store and every request, each before it takes effect and after. What is compared: what Go.Data holds, how often its own
//! log says that each record was written, and what the store remembers ([`witness`]).
//!
//! `KIVUKO_CRASH_SEED` repeats the random part; `KIVUKO_CRASH_POINTS` says how many points it tries.

#[path = "../support/mod.rs"]
mod support;

mod back;
mod story;
mod witness;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kivuko_sims::faults;
use story::Story;
use support::chance::Chance;
use support::kill::{self, Point, Side};
use support::work::Work;
use witness::Witness;

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

/// The history that nobody disturbed, day by day.
async fn undisturbed(story: &Story, cut: Cut) -> Vec<Witness> {
    let world = story.world(cut).await;
    let mut days = Vec::new();
    for day in 0..story.days.len() {
        story.begin(day, &world).await;
        for _ in 0..=usize::from(story.twice) {
            let report = world.run(&story.flow).await;
            assert!(report.exit_code() <= 1, "{}, day {day}: {}", story.name, report.to_json());
        }
        let witness = Witness::of(story, &world).await;
        assert_eq!(witness.open_intents, 0, "an undisturbed run leaves no open intent");
        days.push(witness);
    }
    days
}

/// Runs each day, killed at the points that `plan` gives for it one after the other, then to its end. How many kills struck.
async fn disturbed(
    story: &Story,
    cut: Cut,
    faults: &str,
    undisturbed: &[Witness],
    plan: impl Fn(usize) -> Vec<Point>,
) -> Result<usize, String> {
    let world = story.world(cut).await;
    let mut struck = 0;
    for (day, expected) in undisturbed.iter().enumerate() {
        story.begin(day, &world).await;
        world.sim.set_faults(faults::parse(faults).expect("the rules are understood"));
        let points = plan(day);
        let mut last = None;
        for point in &points {
            last = kill::run(&world, &story.flow, *point).await;
            if last.is_some() {
                break;
            }
            struck += 1;
        }
        // On the first day somebody takes `via: import` out after the kill: the next run has to wait for the import of the dead one all the same.
        story.bring_in(day > 0, &world);
        let here = |what: &str| format!("{}, day {day}, killed at {points:?}: {what}", story.name);
        for turn in 0..=usize::from(story.twice) {
            // A run that was over before it could be killed is the last one.
            let report = match last.take() {
                Some(report) => report,
                None => world.run(&story.flow).await,
            };
            if report.exit_code() > 1 {
                return Err(here(&format!("run {turn} after it ended with {}", report.to_json())));
            }
        }
        let differences = Witness::of(story, &world).await.differences(expected);
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
    let report = world.run(&story.flow).await;
    let counts = report.counts;
    if counts.created + counts.updated + counts.deleted + counts.failed > 0 || !world.sim.log().writes().is_empty() {
        return Err(format!("{}: one more run did something: {}", story.name, report.to_json()));
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
    let story = Story::of(&Work::new(&mut Chance::new(7), 9));
    let expected = alone(undisturbed(&story, cut));
    let mut failures = Vec::new();
    let [before_call, _, before_request, after_request] = Point::KINDS;
    let no_faults = Point::KINDS.map(|kind| ("[]", kind));
    // Right after a call no write is on its way, so with late effects the other side of the calls will do.
    let late = [(LATE, before_call), (LATE, before_request), (LATE, after_request), (LATE_AND_LATER, before_request)];
    for (faults, kind) in no_faults.into_iter().chain(late) {
        // Until a number is so high that no run gets there.
        let (points, failed) = histories(None, |turn| alone(disturbed(&story, cut, faults, &expected, |_| vec![kind(turn + 1)])));
        println!("  {:?}{}: {points} points", kind(0), if faults == "[]" { "" } else { ", with late effects" });
        failures.extend(failed);
    }
    conclude(failures, "histories");
}

/// An import takes effect after its request was answered: what was under way when the process died is waited for.
#[test]
fn every_request_of_a_small_work_by_import_files() {
    let cut = Cut { page: 5, batch: 2 };
    let story = Story::of(&Work::new(&mut Chance::new(7), 9)).by_imports();
    let expected = alone(undisturbed(&story, cut));
    let mut failures = Vec::new();
    let [_, _, before, after] = Point::KINDS;
    for kind in [before, after] {
        let (points, failed) = histories(None, |turn| alone(disturbed(&story, cut, "[]", &expected, |_| vec![kind(turn + 1)])));
        println!("  {}, {:?}: {points} points", story.name, kind(0));
        failures.extend(failed);
    }
    conclude(failures, "histories");
}

/// The stories that are written down, killed at every request.
#[test]
fn every_request_of_the_stories() {
    let cut = Cut { page: 4, batch: 2 };
    let mut failures = Vec::new();
    for story in Story::all() {
        let expected = alone(undisturbed(&story, cut));
        let [_, _, before, after] = Point::KINDS;
        for kind in [before, after] {
            let (points, failed) = histories(None, |turn| alone(disturbed(&story, cut, "[]", &expected, |_| vec![kind(turn + 1)])));
            println!("  {}, {:?}: {points} points", story.name, kind(0));
            failures.extend(failed);
        }
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

/// A story with faults of its own, killed up to three times in a row on each of its days.
async fn random_history(seed: u64) -> Result<usize, String> {
    let chance = &mut Chance::new(seed);
    let stories = Story::all();
    let (story, cut) = if chance.percent(50) {
        let cut = Cut { page: 10 + chance.below(15), batch: 2 + chance.below(6) };
        let size = 50 + chance.below(20);
        (Story::of(&Work::new(chance, size)), cut)
    } else {
        let cut = Cut { page: 1 + chance.below(8), batch: 1 + chance.below(4) };
        (chance.pick(&stories).clone().shuffled(chance.next()), cut)
    };
    let rules: Vec<String> = (0..chance.below(4))
        .map(|_| {
            let on = *chance.pick(&[
                r#""method": "POST", "path": "*/cases""#,
                r#""method": "PUT", "path": "*/cases/*""#,
                r#""method": "POST", "path": "*/lab-results""#,
                r#""method": "POST", "path": "*/relationships""#,
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
    let plans: Vec<Vec<Point>> = story
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
    let expected = undisturbed(&story, cut).await;
    disturbed(&story, cut, &faults, &expected, |day| plans[day].clone()).await.map_err(|failure| format!("with faults {faults}, {failure}"))
}
