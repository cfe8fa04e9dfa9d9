//! Many histories of one piece of work, each killed at another point: which points there are, and all of them side by side.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::kill::{Point, Side, Steps};

/// How many histories go at a time.
const AT_A_TIME: usize = 8;
/// After so many failures no more are looked for.
const FAILURES: usize = 3;

/// Where a run is to be killed that has these steps when nobody disturbs it: wherever it does something that it has not done before, told apart by what came before
/// it, before that takes effect and after. `KIVUKO_CRASH_ALL=1` takes every call and every request.
pub fn points(steps: &Steps) -> Vec<Point> {
    let all = std::env::var_os("KIVUKO_CRASH_ALL").is_some();
    let (calls, requests) = (new_kinds(&steps.calls, all), new_kinds(&steps.requests, all));
    println!("  {} of {} calls, {} of {} requests", calls.len(), steps.calls.len(), requests.len(), steps.requests.len());
    let sides = [Side::Before, Side::After];
    let points = sides.into_iter().flat_map(|side| {
        let calls = calls.iter().map(move |n| Point::Store(*n, side));
        calls.chain(requests.iter().map(move |n| Point::Request(*n, side)))
    });
    points.collect()
}

/// The positions, from 1, of steps that come after another kind of step than all of their name before them; or of `all`.
fn new_kinds<S: AsRef<str>>(steps: &[S], all: bool) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    let mut before = "";
    let mut positions = Vec::new();
    for (position, step) in steps.iter().enumerate() {
        if seen.insert((before, step.as_ref())) || all {
            positions.push(position + 1);
        }
        before = step.as_ref();
    }
    positions
}

/// Carries out a history on a runtime of its own, as a process of its own would.
pub fn alone<T>(history: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made").block_on(history)
}

/// Carries out so many histories, several at a time, for they wait more than they work; each must come out well.
pub fn all_of(turns: usize, history: impl AsyncFn(usize) -> Result<(), String> + Sync) {
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let one_after_the_other = || {
        loop {
            let turn = next.fetch_add(1, Ordering::Relaxed);
            let enough = failures.lock().expect("nobody panics here").len() >= FAILURES;
            if turn >= turns || enough {
                return;
            }
            if let Err(failure) = alone(history(turn)) {
                failures.lock().expect("nobody panics here").push(failure);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..AT_A_TIME {
            scope.spawn(one_after_the_other);
        }
    });
    let failures = failures.into_inner().expect("nobody panicked there");
    assert!(failures.is_empty(), "{} histories came to something else:\n\n{}", failures.len(), failures.join("\n\n"));
}
