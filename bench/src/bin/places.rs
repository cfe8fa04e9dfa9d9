//! 20,000 org units (or as many as asked for) from a file of DHIS2 into a file of locations that Go.Data imports, or into the simulated Go.Data by its API: the whole
//! of it, as a user would run it, each run a process of ours from its start to its end.
//!
//! ```text
//! cargo run --release -p kivuko-bench --bin places -- --units 20000
//! cargo run --release -p kivuko-bench --bin places -- --units 20000 --to api
//! ```

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use kivuko_bench::line_list::Account;
use kivuko_bench::places::{self, FLOW};
use kivuko_bench::simulator::{Simulator, simulate};
use kivuko_bench::take::{self, Taken, median, take, take_alone, thousands};
use kivuko_sims::godata::Options;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(about = "Measures org units on their way into a location import file, or into Go.Data")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    measure: Measure,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Args)]
struct Measure {
    /// How many org units there are.
    #[arg(long, default_value_t = 20_000)]
    units: u64,
    /// How many of them change before the last line.
    #[arg(long, default_value_t = 200)]
    changed: u64,
    /// Where they go: a `file`, or the simulated Go.Data by its `api`.
    #[arg(long, default_value = "file", value_parser = ["file", "api"])]
    to: String,
    /// Each line is taken so often; the median run by time is shown.
    #[arg(long, default_value_t = 3)]
    times: usize,
    /// Rows of a Markdown table instead of a report.
    #[arg(long)]
    rows: bool,
}

/// The part that this program starts in a process of its own.
#[derive(Subcommand)]
enum Part {
    /// The simulated Go.Data.
    Sim,
    /// One run in a project.
    Run { project: PathBuf, flow: String },
}

fn main() -> Outcome<()> {
    let arguments = Arguments::parse();
    match arguments.part {
        None if arguments.measure.to == "api" => measure_api(&arguments.measure),
        None => measure(&arguments.measure),
        Some(Part::Sim) => tokio::runtime::Runtime::new()?.block_on(simulate(Options::for_tests())),
        Some(Part::Run { project, flow }) => take::run(&project, &flow, false),
    }
}

fn measure(asked: &Measure) -> Outcome<()> {
    let (mut first, mut again, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..asked.times.max(1) {
        let folder = tempfile::tempdir()?;
        places::write(folder.path())?;
        places::write_units(folder.path(), asked.units, 0)?;
        let file = folder.path().join("out/locations.json");
        first.push(take_alone(folder.path(), FLOW)?.expect("created", asked.units)?);
        let written = std::fs::metadata(&file)?.modified()?;
        again.push(take_alone(folder.path(), FLOW)?.expect("unchanged", asked.units)?);
        if std::fs::metadata(&file)?.modified()? != written {
            return Err("the second run wrote the file, and nothing had changed".into());
        }
        places::write_units(folder.path(), asked.units, asked.changed)?;
        changed.push(take_alone(folder.path(), FLOW)?.expect("updated", asked.changed)?);
    }
    let some = format!("{} of them changed", asked.changed);
    if asked.rows {
        println!("| {} org units into a location import file | wall | our CPU | our peak memory |", thousands(asked.units));
        println!("|---|---|---|---|");
    }
    for (name, taken) in [("first time", first), ("the same again, nothing changed", again), (&some, changed)] {
        show(name, asked.rows, taken);
    }
    Ok(())
}

/// The same into Go.Data. Writes are counted by the simulator.
fn measure_api(asked: &Measure) -> Outcome<()> {
    let (mut first, mut again, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..asked.times.max(1) {
        let mut simulator = Simulator::start()?;
        let folder = tempfile::tempdir()?;
        let account = Account { url: simulator.url(), email: Options::EMAIL, password: Options::PASSWORD, outbreak: Options::OUTBREAK };
        places::write_for(folder.path(), account)?;
        places::write_units(folder.path(), asked.units, 0)?;
        first.push(take(folder.path(), FLOW, &mut simulator, false)?.expect("created", asked.units)?);
        again.push(take(folder.path(), FLOW, &mut simulator, false)?.expect("unchanged", asked.units)?);
        places::write_units(folder.path(), asked.units, asked.changed)?;
        changed.push(take(folder.path(), FLOW, &mut simulator, false)?.expect("updated", asked.changed)?);
    }
    if again.iter().any(|taken| taken.written > 0) || changed.iter().any(|taken| taken.written > asked.changed) {
        return Err("records were written that had not changed".into());
    }
    if asked.rows {
        println!(
            "| {} org units into Go.Data by its API | wall | our CPU | our peak memory | requests | records written |",
            thousands(asked.units)
        );
        println!("|---|---|---|---|---|---|");
    }
    let some = format!("{} of them changed", asked.changed);
    for (name, taken) in [("first time", first), ("the same again, nothing changed", again), (&some, changed)] {
        let Some(Taken { seconds, cpu, peak_mb, requests, written, .. }) = median(taken) else { continue };
        if asked.rows {
            println!("| {name} | {seconds:.2} s | {cpu:.2} s | {peak_mb:.0} MB | {requests} | {written} |");
        } else {
            println!(
                "{name:<36} {seconds:8.3} s   cpu {cpu:7.2} s   peak {peak_mb:6.1} MB   {requests:6} requests, {written} records written"
            );
        }
    }
    Ok(())
}

fn show(name: &str, rows: bool, taken: Vec<Taken>) {
    let Some(Taken { seconds, cpu, peak_mb, .. }) = median(taken) else { return };
    if rows {
        println!("| {name} | {seconds:.2} s | {cpu:.2} s | {peak_mb:.0} MB |");
    } else {
        println!("{name:<36} {seconds:8.3} s   cpu {cpu:7.2} s   peak {peak_mb:6.1} MB");
    }
}
