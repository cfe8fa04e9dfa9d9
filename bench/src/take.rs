//! One run as a user would start it, a process from its start to its end, and what it took.

use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use kivuko_core::connector::Cancel;
use kivuko_engine::{Engine, Pace, PlanOptions, RunOptions, Unwatched, Workspace};
use serde_json::{Value, json};

use crate::process::usage;
use crate::simulator::Simulator;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The word with which a program starts itself for one run: `run PROJECT FLOW [--plan]`.
pub const WORD: &str = "run";

/// What that process does: the run, then a line with what it took.
pub fn run(project: &Path, flow: &str, plan: bool) -> Outcome<()> {
    println!("{}", tokio::runtime::Runtime::new()?.block_on(report(project, flow, plan))?);
    Ok(())
}

/// What it took is read at the very end.
async fn report(project: &Path, flow: &str, plan: bool) -> Outcome<Value> {
    let workspace = Workspace::read(project, "test")?;
    if let Some(problem) = workspace.problems.first() {
        // None is expected, not even a warning.
        return Err(format!("{}: {}", problem.place, problem.message).into());
    }
    let engine = workspace.open(Cancel::default(), Pace::default()).await?;
    let (status, counts) = if plan { planned(&engine, flow).await? } else { done(&engine, flow).await? };
    let used = usage("self")?;
    Ok(json!({ "status": status, "counts": counts, "cpu": used.cpu, "peak_mb": used.peak_mb }))
}

async fn done(engine: &Engine, flow: &str) -> Outcome<(String, Value)> {
    let report = engine.run(flow, &RunOptions::default(), &Unwatched).await?;
    if let Some(error) = &report.error {
        return Err(error.to_string().into());
    }
    let json = report.to_json();
    Ok((json["status"].as_str().unwrap_or_default().to_owned(), json))
}

async fn planned(engine: &Engine, flow: &str) -> Outcome<(String, Value)> {
    let report = engine.plan(flow, &PlanOptions::default(), &Unwatched).await?;
    if let Some(error) = &report.error {
        return Err(error.to_string().into());
    }
    Ok(("planned".to_owned(), serde_json::to_value(report.counts)?))
}

/// A run, measured once.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Wall clock around the process.
    pub seconds: f64,
    /// Our processor time, in seconds.
    pub cpu: f64,
    /// Our peak memory, in MB.
    pub peak_mb: f64,
    /// The simulator's processor time, in seconds.
    pub their_cpu: f64,
    /// Requests, those that write among them, and records written: as the simulator counts.
    pub requests: u64,
    pub writes: u64,
    pub written: u64,
    /// The account of the run.
    pub counts: Value,
}

/// Of several takes the one in the middle by time.
pub fn median(mut taken: Vec<Taken>) -> Option<Taken> {
    taken.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let middle = taken.len() / 2;
    taken.into_iter().nth(middle)
}

/// Starts the run as a process of its own and waits for it.
pub fn take(project: &Path, flow: &str, simulator: &mut Simulator, plan: bool) -> Outcome<Taken> {
    simulator.log()?;
    let their_cpu = simulator.cpu()?;
    let taken = start(project, flow, plan)?;
    let log = simulator.log()?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    Ok(Taken {
        their_cpu: simulator.cpu()? - their_cpu,
        requests: number(&log["requests"]),
        writes: number(&log["writes"]),
        written: number(&log["records"]),
        ..taken
    })
}

/// The same of a flow between files.
pub fn take_alone(project: &Path, flow: &str) -> Outcome<Taken> {
    start(project, flow, false)
}

fn start(project: &Path, flow: &str, plan: bool) -> Outcome<Taken> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(WORD).arg(project).arg(flow).stdout(Stdio::piped());
    if plan {
        command.arg("--plan");
    }
    let began = Instant::now();
    let output = command.spawn()?.wait_with_output()?;
    let seconds = began.elapsed().as_secs_f64();
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|_| "the run did not come to its end")?;
    if !matches!(report["status"].as_str(), Some("complete" | "planned")) {
        return Err(format!("the run is not complete: {report}").into());
    }
    Ok(Taken {
        seconds,
        cpu: report["cpu"].as_f64().unwrap_or_default(),
        peak_mb: report["peak_mb"].as_f64().unwrap_or_default(),
        their_cpu: 0.0,
        requests: 0,
        writes: 0,
        written: 0,
        counts: report["counts"].clone(),
    })
}

impl Taken {
    /// A figure counts only for a run that did what it was to do.
    pub fn expect(self, outcome: &str, records: u64) -> Outcome<Self> {
        if self.counts[outcome].as_u64() == Some(records) {
            return Ok(self);
        }
        Err(format!("{records} records were to be {outcome}, and the account is {}", self.counts).into())
    }
}

/// `10000` as `10,000`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && at % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
