//! A whole outbreak from line lists into a simulated Go.Data: loaded, loaded again without a change, and loaded again after a day on which every hundredth row
//! of each list changed.
//!
//! Simulator and runs are processes of their own; each line of the report is one run of one flow, from the start of its process to its end.
//!
//! ```text
//! cargo run --release -p kivuko-bench --bin outbreak -- --cases 10000 --contacts 40000 --relationships 80000 --follow-ups 200000
//! ```

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use kivuko_bench::line_list::Account;
use kivuko_bench::outbreak::{FLOWS, Size, write_lists, write_project};
use kivuko_bench::simulator::{Simulator, simulate};
use kivuko_bench::take::{self, Taken, take, thousands};
use kivuko_sims::godata::Options;

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(about = "Measures the loading of a whole outbreak into a simulated Go.Data")]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(flatten)]
    measure: Measure,
    #[command(subcommand)]
    part: Option<Part>,
}

#[derive(Args)]
struct Measure {
    /// How many cases there are.
    #[arg(long, default_value_t = 10_000)]
    cases: u64,
    /// How many contacts.
    #[arg(long, default_value_t = 40_000)]
    contacts: u64,
    /// How many relationships; at least as many as contacts, whose follow-up they open.
    #[arg(long, default_value_t = 80_000)]
    relationships: u64,
    /// How many visits.
    #[arg(long, default_value_t = 200_000)]
    follow_ups: u64,
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

fn measure(asked: &Measure) -> Outcome<()> {
    let size = Size { cases: asked.cases, contacts: asked.contacts, relationships: asked.relationships, follow_ups: asked.follow_ups };
    if size.cases == 0 || size.contacts == 0 || size.relationships < size.contacts {
        return Err("there must be a case and a contact, and a relationship for each contact".into());
    }
    if size.relationships.div_ceil(size.contacts) * 7 > size.cases {
        return Err("with so few cases some contact would meet the same case twice; fewer relationships, or more cases or contacts".into());
    }
    let mut simulator = Simulator::start()?;
    let folder = tempfile::tempdir()?;
    let root = folder.path();
    let account = Account { url: simulator.url(), email: Options::EMAIL, password: Options::PASSWORD, outbreak: Options::OUTBREAK };
    write_project(root, account)?;
    if asked.rows {
        println!(
            "| a whole outbreak | records | wall | our CPU | our peak memory | requests | a record | records written | simulator's CPU |"
        );
        println!("|---|---|---|---|---|---|---|---|---|");
    }
    for (line, changed) in [("first time", false), ("again, nothing changed", false), ("again, 1 % changed", true)] {
        write_lists(root, size, changed)?;
        let mut all: Vec<Taken> = Vec::new();
        for flow in FLOWS {
            let taken = take(root, flow, &mut simulator, false)?;
            let taken = match (line, changed) {
                ("first time", _) => taken.expect("created", size.of(flow))?,
                (_, false) => taken.expect("unchanged", size.of(flow))?,
                (_, true) => taken.expect("updated", size.changed(flow))?,
            };
            show(&format!("{line}: {flow}"), size.of(flow), &taken, asked.rows);
            all.push(taken);
        }
        let records = FLOWS.iter().map(|flow| size.of(flow)).sum();
        show(&format!("{line}: all"), records, &together(&all), asked.rows);
    }
    Ok(())
}

/// Several runs one after the other: times and requests add up, memory is that of the largest.
fn together(all: &[Taken]) -> Taken {
    Taken {
        seconds: all.iter().map(|taken| taken.seconds).sum(),
        cpu: all.iter().map(|taken| taken.cpu).sum(),
        peak_mb: all.iter().map(|taken| taken.peak_mb).fold(0.0, f64::max),
        their_cpu: all.iter().map(|taken| taken.their_cpu).sum(),
        requests: all.iter().map(|taken| taken.requests).sum(),
        writes: all.iter().map(|taken| taken.writes).sum(),
        written: all.iter().map(|taken| taken.written).sum(),
        counts: serde_json::Value::Null,
    }
}

fn show(name: &str, records: u64, taken: &Taken, rows: bool) {
    let Taken { seconds, cpu, peak_mb, their_cpu, requests, writes, written, .. } = taken;
    let each = *requests as f64 / records.max(1) as f64;
    if rows {
        let records = thousands(records);
        println!(
            "| {name} | {records} | {seconds:.2} s | {cpu:.2} s | {peak_mb:.0} MB | {requests} | {each:.4} | {written} | {their_cpu:.2} s |"
        );
    } else {
        println!(
            "{name:<40} {seconds:8.3} s   cpu {cpu:7.2} s   peak {peak_mb:6.1} MB   {requests:6} requests ({each:.4} a record), {writes} writes of {written} records   simulator {their_cpu:.2} s"
        );
    }
}
