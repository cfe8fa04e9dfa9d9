//! 100,000 cases of Go.Data (or as many as asked for) counted into weekly numbers of DHIS2: the first time, again without a change, and after a day on which every
//! hundredth case changed.
//!
//! The other systems and the runs are processes of their own; each line is one run, from the start of its process to its end.
//!
//! ```text
//! cargo run --release -p kivuko-bench --bin aggregate -- --cases 100000 --drill off,on
//! ```

use std::error::Error;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use kivuko_bench::counting::{FLOW, ONE_CHANGED_OF, simulate, write_project};
use kivuko_bench::simulator::Simulator;
use kivuko_bench::take::{self, Taken, take, thousands};

type Outcome<T> = Result<T, Box<dyn Error>>;

#[derive(Parser)]
#[command(about = "Measures counting cases of Go.Data into data values of DHIS2")]
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
    #[arg(long, default_value_t = 100_000)]
    cases: u64,
    /// Whether it is kept which case counts where: `off`, `on`.
    #[arg(long, value_delimiter = ',', default_value = "off,on")]
    drill: Vec<String>,
    /// Where the list of cases comes from: `canned` (texts that lie ready, whole records), or `simulator` (the simulated Go.Data, with the fields that are read).
    #[arg(long, default_value = "canned")]
    from: String,
    /// Rows of a Markdown table instead of a report.
    #[arg(long)]
    rows: bool,
}

/// The parts that this program starts in processes of their own.
#[derive(Subcommand)]
enum Part {
    /// Both other systems; they listen to commands on the standard input.
    Sim { cases: u64, from: String },
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
        Some(Part::Sim { cases, from }) => tokio::runtime::Runtime::new()?.block_on(simulate(cases, from == "canned")),
        Some(Part::Run { project, flow, plan }) => take::run(&project, &flow, plan),
    }
}

fn measure(asked: &Measure) -> Outcome<()> {
    if !["canned", "simulator"].contains(&asked.from.as_str()) {
        return Err("`--from` is `canned` or `simulator`".into());
    }
    if asked.rows {
        println!("| counting | cases | wall | our CPU | our peak memory | requests | values written | their CPU |");
        println!("|---|---|---|---|---|---|---|---|");
    }
    let changed = asked.cases.div_ceil(ONE_CHANGED_OF);
    for drill in &asked.drill {
        let on = match drill.as_str() {
            "on" => true,
            "off" => false,
            _ => return Err("`--drill` is `on`, `off`, or both".into()),
        };
        let mut simulator = Simulator::start_with(&[&asked.cases.to_string(), &asked.from])?;
        let urls = simulator.url().to_owned();
        let (godata, dhis2) = urls.split_once(' ').ok_or("the simulators did not say where they are")?;
        let folder = tempfile::tempdir()?;
        write_project(folder.path(), godata, dhis2, on)?;

        let first = take(folder.path(), FLOW, &mut simulator, false)?.expect("counted", asked.cases)?;
        show(&format!("`drill: {drill}`, first time"), asked, &first);
        // Without what each case counted for, everything is read and counted again.
        let again = take(folder.path(), FLOW, &mut simulator, false)?.expect("counted", if on { 0 } else { asked.cases })?;
        if again.written > 0 {
            return Err(format!("nothing had changed, and {} values were written", again.written).into());
        }
        show(&format!("`drill: {drill}`, again, nothing changed"), asked, &again);
        simulator.tell("change")?;
        let after = take(folder.path(), FLOW, &mut simulator, false)?.expect("counted", if on { changed } else { asked.cases })?;
        show(&format!("`drill: {drill}`, again, 1 % changed"), asked, &after);
    }
    Ok(())
}

fn show(name: &str, asked: &Measure, taken: &Taken) {
    let Taken { seconds, cpu, peak_mb, their_cpu, requests, writes, written, counts } = taken;
    let cases = thousands(asked.cases);
    if asked.rows {
        println!("| {name} | {cases} | {seconds:.2} s | {cpu:.2} s | {peak_mb:.0} MB | {requests} | {written} | {their_cpu:.2} s |");
    } else {
        println!(
            "{name:<40} {cases} {seconds:8.3} s   cpu {cpu:7.2} s   peak {peak_mb:6.1} MB   {requests} requests, {writes} writes of {written} values   they {their_cpu:.2} s   {}",
            counts["numbers"]
        );
    }
}
