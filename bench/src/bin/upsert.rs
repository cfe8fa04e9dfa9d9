//! 10,000 records (or as many as asked for) from a file into a simulated Go.Data: the whole of it, as a user would run it.
//!
//! Simulator and run are processes of their own, so that our time, memory and requests can be told from the simulator's. Each line is a fresh process
//! of ours from its start to its end: reading the project, opening the store, logging in, the run, the account of it.
//!
//! ```text
//! cargo run --release -p kivuko-bench --bin upsert -- --records 10000
//! ```

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use kivuko_bench::line_list::{self, Account, FLOW};
use kivuko_bench::simulator::{Simulator, simulate};
use kivuko_bench::take::{self, Taken, median, take, thousands};
use kivuko_sims::godata::Options;

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
    /// How new cases are brought in: `api`, or `import` (files that Go.Data imports).
    #[arg(long, default_value = "api")]
    via: String,
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
        flow: String,
        #[arg(long)]
        plan: bool,
    },
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    match arguments.part {
        None => measure(&arguments.measure),
        Some(Part::Sim) => tokio::runtime::Runtime::new()?.block_on(simulate(Options::for_tests())),
        Some(Part::Run { project, flow, plan }) => take::run(&project, &flow, plan),
    }
}

/// A fresh simulator and a fresh project.
fn world(asked: &Measure) -> Outcome<(tempfile::TempDir, Simulator)> {
    let simulator = Simulator::start()?;
    let folder = tempfile::tempdir()?;
    let account = Account { url: simulator.url(), email: Options::EMAIL, password: Options::PASSWORD, outbreak: Options::OUTBREAK };
    line_list::write(folder.path(), account, asked.records, &asked.via)?;
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
            let (folder, mut simulator) = world(asked)?;
            if wants("plan") {
                plan.push(take(folder.path(), FLOW, &mut simulator, true)?);
            }
            if wants("first") || wants("again") {
                first.push(take(folder.path(), FLOW, &mut simulator, false)?.expect("created", asked.records)?);
            }
            if wants("again") {
                again.push(take(folder.path(), FLOW, &mut simulator, false)?.expect("unchanged", asked.records)?);
            }
        }
        if wants("delayed") {
            let (folder, mut simulator) = world(asked)?;
            simulator.delay(asked.delay_ms)?;
            delayed.push(take(folder.path(), FLOW, &mut simulator, false)?.expect("created", asked.records)?);
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

fn show(name: &str, asked: &Measure, taken: Vec<Taken>) {
    let Some(Taken { seconds, cpu, peak_mb, their_cpu, requests, writes, written, .. }) = median(taken) else { return };
    let each = requests as f64 / asked.records.max(1) as f64;
    if asked.rows {
        println!("| {name} | {seconds:.2} s | {cpu:.2} s | {peak_mb:.0} MB | {requests} | {each:.4} | {written} | {their_cpu:.2} s |");
    } else {
        println!(
            "{name:<36} {seconds:8.3} s   cpu {cpu:7.2} s   peak {peak_mb:6.1} MB   {requests:6} requests ({each:.4} a record), {writes} writes of {written} records   simulator {their_cpu:.2} s"
        );
    }
}
