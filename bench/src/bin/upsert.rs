//! 10,000 records (or as many as asked for) from a file into a simulated Go.Data: the whole of it, as a user would run it.
//!
//! Simulator and run are processes of their own, so that our time, memory and requests can be told from the simulator's. Each line is a fresh process
//! of ours from its start to its end: reading the project, opening the store, logging in, the run, the account of it.
//!
//! ```text
//! cargo run --release -p kivuko-bench --bin upsert -- --records 10000
//! ```

use std::error::Error;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use clap::{Args, Parser, Subcommand};
use kivuko_bench::line_list::{self, Account, FLOW};
use kivuko_bench::process::usage;
use kivuko_core::connector::Cancel;
use kivuko_engine::{Engine, Pace, PlanOptions, RunOptions, Unwatched, Workspace};
use kivuko_sims::godata::{Options, Sim};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(about = "Measures the upsert of a line list into a simulated Go.Data")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    measure: Measure,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Args)]
struct Measure {
    /// How many rows the line list has.
    #[arg(long, default_value_t = 10_000)]
    records: u64,
    /// Each line is taken so often; the median run by time is shown.
    #[arg(long, default_value_t = 3)]
    times: usize,
    /// The lines to take: `first`, `delayed` (the first time over a slow network), `again`, `plan`.
    #[arg(long, value_delimiter = ',', default_value = "first,again,delayed")]
    lines: Vec<String>,
    /// The delay of `delayed`, for each request.
    #[arg(long, default_value_t = 20)]
    delay_ms: u64,
    /// Rows of a Markdown table instead of a report.
    #[arg(long)]
    rows: bool,
}

/// The parts that this program starts in processes of their own.
#[derive(Subcommand)]
enum Part {
    /// The simulated Go.Data; it listens to commands on its standard input.
    Sim,
    /// One run (or plan) in a project.
    Run {
        project: PathBuf,
        #[arg(long)]
        plan: bool,
    },
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    match arguments.part {
        None => measure(&arguments.measure),
        Some(Part::Sim) => tokio::runtime::Runtime::new()?.block_on(simulate()),
        Some(Part::Run { project, plan }) => {
            let report = tokio::runtime::Runtime::new()?.block_on(run(&project, plan))?;
            println!("{report}");
            Ok(())
        }
    }
}

/// A run in this process. What it took is read at the very end.
async fn run(project: &Path, plan: bool) -> Outcome<Value> {
    let workspace = Workspace::read(project, "test")?;
    if let Some(problem) = workspace.problems.first() {
        // None is expected, not even a warning.
        return Err(format!("{}: {}", problem.place, problem.message).into());
    }
    let engine = workspace.open(Cancel::default(), Pace::default()).await?;
    let (status, counts) = if plan { planned(&engine).await? } else { done(&engine).await? };
    let used = usage("self")?;
    Ok(json!({ "status": status, "counts": counts, "cpu": used.cpu, "peak_mb": used.peak_mb }))
}

async fn done(engine: &Engine) -> Outcome<(String, Value)> {
    let report = engine.run(FLOW, &RunOptions::default(), &Unwatched).await?;
    if let Some(error) = &report.error {
        return Err(error.to_string().into());
    }
    let json = report.to_json();
    Ok((json["status"].as_str().unwrap_or_default().to_owned(), json))
}

async fn planned(engine: &Engine) -> Outcome<(String, Value)> {
    let report = engine.plan(FLOW, &PlanOptions::default(), &Unwatched).await?;
    if let Some(error) = &report.error {
        return Err(error.to_string().into());
    }
    Ok(("planned".to_owned(), serde_json::to_value(report.counts)?))
}

/// The simulator: says where it is, then does what it is told on its standard input until that ends.
async fn simulate() -> Outcome<()> {
    let sim = Sim::start(Options::for_tests()).await?;
    println!("{}", sim.url());
    // Reading a line blocks its thread; the simulator serves on the others.
    let (said, mut heard) = tokio::sync::mpsc::channel::<String>(1);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if said.blocking_send(line).is_err() {
                return;
            }
        }
    });
    while let Some(line) = heard.recv().await {
        if let Some(("delay", millis)) = line.split_once(' ') {
            sim.set_latency(Duration::from_millis(millis.parse()?));
            continue;
        }
        let entries = sim.log().entries();
        let writes: Vec<_> = entries.iter().filter(|entry| entry.write).collect();
        let records: usize = writes.iter().map(|entry| entry.records).sum();
        sim.log().clear();
        println!("{}", json!({ "requests": entries.len(), "writes": writes.len(), "records": records }));
    }
    Ok(())
}

/// The simulator as the measuring process sees it.
struct Simulator {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    url: String,
}

impl Simulator {
    fn start() -> Outcome<Self> {
        let mut child = Command::new(std::env::current_exe()?).arg("sim").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let stdin = child.stdin.take().ok_or("the simulator has no standard input")?;
        let mut stdout = BufReader::new(child.stdout.take().ok_or("the simulator has no standard output")?);
        let mut url = String::new();
        stdout.read_line(&mut url)?;
        Ok(Self { child, stdin, stdout, url: url.trim().to_owned() })
    }

    fn delay(&mut self, millis: u64) -> Outcome<()> {
        Ok(writeln!(self.stdin, "delay {millis}")?)
    }

    /// What it was asked since the last time that it was asked this.
    fn log(&mut self) -> Outcome<Value> {
        writeln!(self.stdin, "log")?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        Ok(serde_json::from_str(&line)?)
    }

    fn cpu(&self) -> Outcome<f64> {
        Ok(usage(&self.child.id().to_string())?.cpu)
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // It may have ended by itself; either way there is nothing left to do about it.
        let _killed = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// One line, measured once.
#[derive(Debug, Clone)]
struct Taken {
    seconds: f64,
    cpu: f64,
    peak_mb: f64,
    their_cpu: f64,
    requests: u64,
    writes: u64,
    written: u64,
    counts: Value,
}

fn take(project: &Path, simulator: &mut Simulator, plan: bool) -> Outcome<Taken> {
    simulator.log()?;
    let their_cpu = simulator.cpu()?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("run").arg(project).stdout(Stdio::piped());
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
    let log = simulator.log()?;
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    Ok(Taken {
        seconds,
        cpu: report["cpu"].as_f64().unwrap_or_default(),
        peak_mb: report["peak_mb"].as_f64().unwrap_or_default(),
        their_cpu: simulator.cpu()? - their_cpu,
        requests: number(&log["requests"]),
        writes: number(&log["writes"]),
        written: number(&log["records"]),
        counts: report["counts"].clone(),
    })
}

/// A fresh simulator and a fresh project.
fn world(records: u64) -> Outcome<(tempfile::TempDir, Simulator)> {
    let simulator = Simulator::start()?;
    let folder = tempfile::tempdir()?;
    let account = Account { url: &simulator.url, email: Options::EMAIL, password: Options::PASSWORD, outbreak: Options::OUTBREAK };
    line_list::write(folder.path(), account, records)?;
    Ok((folder, simulator))
}

fn measure(asked: &Measure) -> Outcome<()> {
    if let Some(unknown) = asked.lines.iter().find(|line| !["first", "again", "delayed", "plan"].contains(&line.as_str())) {
        return Err(format!("there is no line `{unknown}`; there are first, again, delayed and plan").into());
    }
    let wants = |name: &str| asked.lines.iter().any(|line| line == name);
    let (mut first, mut again, mut delayed, mut plan) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..asked.times.max(1) {
        if wants("first") || wants("again") || wants("plan") {
            let (folder, mut simulator) = world(asked.records)?;
            if wants("plan") {
                plan.push(take(folder.path(), &mut simulator, true)?);
            }
            if wants("first") || wants("again") {
                first.push(expect(take(folder.path(), &mut simulator, false)?, "created", asked.records)?);
            }
            if wants("again") {
                again.push(expect(take(folder.path(), &mut simulator, false)?, "unchanged", asked.records)?);
            }
        }
        if wants("delayed") {
            let (folder, mut simulator) = world(asked.records)?;
            simulator.delay(asked.delay_ms)?;
            delayed.push(expect(take(folder.path(), &mut simulator, false)?, "created", asked.records)?);
        }
    }
    let delay = format!("the same with {} ms of network delay", asked.delay_ms);
    let lines = [("plan", plan), ("first time", first), (&delay, delayed), ("the same again, nothing changed", again)];
    if asked.rows {
        println!(
            "| {} records | wall | our CPU | our peak memory | requests | a record | writes | simulator's CPU |",
            thousands(asked.records)
        );
        println!("|---|---|---|---|---|---|---|---|");
    }
    for (name, taken) in lines.into_iter().filter(|(_, taken)| !taken.is_empty()) {
        show(name, asked, taken);
    }
    Ok(())
}

/// A figure counts only for a run that did what it was to do.
fn expect(taken: Taken, outcome: &str, records: u64) -> Outcome<Taken> {
    if taken.counts[outcome].as_u64() == Some(records) {
        return Ok(taken);
    }
    Err(format!("{records} records were to be {outcome}, and the account is {}", taken.counts).into())
}

fn show(name: &str, asked: &Measure, mut taken: Vec<Taken>) {
    taken.sort_by(|one, other| one.seconds.total_cmp(&other.seconds));
    let Some(median) = taken.get(taken.len() / 2) else { return };
    let Taken { seconds, cpu, peak_mb, their_cpu, requests, writes, written, .. } = median;
    let each = *requests as f64 / asked.records.max(1) as f64;
    if asked.rows {
        println!("| {name} | {seconds:.2} s | {cpu:.2} s | {peak_mb:.0} MB | {requests} | {each:.4} | {written} | {their_cpu:.2} s |");
    } else {
        println!(
            "{name:<36} {seconds:8.3} s   cpu {cpu:7.2} s   peak {peak_mb:6.1} MB   {requests:6} requests ({each:.4} a record), {writes} writes of {written} records   simulator {their_cpu:.2} s"
        );
    }
}

/// `10000` as `10,000`.
fn thousands(number: u64) -> String {
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
