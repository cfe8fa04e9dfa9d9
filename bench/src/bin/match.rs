//! How well people are matched, for the seeds that are given: precision of accepted pairs, recall, what is left to a person.
//!
//! ```text
//! cargo run --release -p kivuko-bench --bin match -- 11 12 13
//! ```

use std::time::Instant;

use clap::Parser;
use kivuko_bench::matching::measure;

#[derive(Parser)]
#[command(about = "Measures the matching of people on invented ones")]
struct Arguments {
    /// Seeds: each makes other people.
    #[arg(required = true)]
    seeds: Vec<u64>,
    /// How many people the register has.
    #[arg(long, default_value_t = 20_000)]
    people: usize,
    /// Print the pairs that were accepted and are wrong (all people are invented).
    #[arg(long)]
    wrong: bool,
}

fn main() {
    let arguments = Arguments::parse();
    println!(
        "| seed | asked | in the register | accepted | precision | recall | to review | of these shown rightly | missed | microseconds each |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let mut kept = true;
    for seed in arguments.seeds {
        let begun = Instant::now();
        let measured = measure(seed, arguments.people, &mut |line| {
            if arguments.wrong {
                eprintln!("{line}");
            }
        });
        let micros = begun.elapsed().as_micros() / u128::from(measured.asked.max(1));
        println!(
            "| {seed} | {} | {} | {} | {:.2} % | {:.1} % | {} | {} | {} | {micros} |",
            measured.asked,
            measured.there,
            measured.right + measured.wrong,
            measured.precision() * 100.0,
            measured.recall() * 100.0,
            measured.review,
            measured.shown,
            measured.missed,
        );
        kept &= measured.precision() >= 0.995 && measured.recall() >= 0.85;
    }
    if !kept {
        eprintln!("the bounds are not kept: precision 99.5 %, recall 85 %");
        std::process::exit(1);
    }
}
