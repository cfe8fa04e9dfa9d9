//! How well places are matched, for the seeds that are given: precision and recall of accepted pairs, what is left to a person, seconds.
//!
//! ```text
//! cargo run --release -p kivuko-bench --bin places-match -- --units 20000 --seed 11 --seed 12
//! ```

use clap::Parser;
use kivuko_bench::place_matching::measure;

#[derive(Parser)]
#[command(about = "Measures the matching of places on invented ones")]
struct Arguments {
    /// Seeds: each makes another country and another way of writing it down.
    #[arg(long = "seed", required = true, num_args = 1..)]
    seeds: Vec<u64>,
    /// How many places the country has.
    #[arg(long, default_value_t = 20_000)]
    units: usize,
    /// Print the pairs that were accepted and are wrong.
    #[arg(long)]
    wrong: bool,
    /// Print the pairs that were not accepted.
    #[arg(long)]
    open: bool,
}

fn main() {
    let arguments = Arguments::parse();
    println!(
        "| seed | places | places of the other | pairs | accepted | precision | recall | to a person | of these shown rightly | missed | seconds |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|");
    let mut kept = true;
    for seed in arguments.seeds {
        let measured = measure(seed, arguments.units, &mut |line| {
            let wanted = if line.starts_with("wrong") { arguments.wrong } else { arguments.open };
            if wanted {
                eprintln!("{line}");
            }
        });
        println!(
            "| {seed} | {} | {} | {} | {} | {:.2} % | {:.1} % | {} | {} | {} | {:.1} |",
            measured.one,
            measured.two,
            measured.pairs,
            measured.right + measured.wrong,
            measured.precision() * 100.0,
            measured.recall() * 100.0,
            measured.unclear,
            measured.shown,
            measured.missed,
            measured.took.as_secs_f64(),
        );
        kept &= measured.precision() >= 0.995 && measured.recall() >= 0.85 && measured.took.as_secs() < 30;
    }
    if !kept {
        eprintln!("the bounds are not kept: precision 99.5 %, recall 85 %, 30 seconds");
        std::process::exit(1);
    }
}
