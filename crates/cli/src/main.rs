//! The binary `kivuko`: reads the command line, wires everything into one process, prints.
//!
//! Data goes to standard output, everything else to standard error; `--json` prints exactly one JSON document. A command returns its exit
//! code: 0 all well, 1 records were rejected, 2 the command line or the project is wrong, 3 a system could not be reached or refused us, 4 a bug of
//! ours. Nothing is decided here that the engine should decide.

mod app;
mod args;
mod cmd;
mod codes_file;
mod demo;
#[cfg(test)]
mod docs;
mod failure;
mod logging;
mod print;
mod signals;
mod templates;
mod when;

use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use app::App;
use args::Cli;
use failure::exit;

/// See `docs/decisions/0025-the-allocator.md`.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return ExitCode::from(refused(&error)),
    };
    logging::start(cli.global.verbose);
    logging::hide_panics();
    let app = App::new(&cli.global);
    // A panic is a bug of ours and nothing else; the state is as safe as after a power cut.
    let code = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&app, cli.command))).unwrap_or(exit::BUG);
    ExitCode::from(code)
}

fn run(app: &App, command: args::Command) -> u8 {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            app.say(&format!("{}  this machine gives us no threads: {error}\n", app.err.error("error")));
            return exit::BUG;
        }
    };
    match runtime.block_on(cmd::execute(app, command)) {
        Ok(code) => code,
        Err(failure) => {
            app.say(&failure.render(app.err, &|rest| app.invoke(rest)));
            if app.json && !matches!(failure, failure::Failure::Closed) {
                // If nobody reads it any more there is nobody to tell.
                let _ = app.document(&failure.to_json());
            }
            failure.exit_code()
        }
    }
}

/// A command line that was not understood, or that only asked for help.
fn refused(error: &clap::Error) -> u8 {
    // As with every other output: if nobody reads it there is nobody to tell.
    let _ = error.print();
    if !error.use_stderr() {
        return exit::WELL;
    }
    if std::env::args_os().any(|argument| argument == "--json") {
        let message = error.to_string();
        let first = message.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
        println!("{:#}", json!({ "error": { "message": first, "consequence": "fix-configuration" } }));
    }
    exit::PROJECT
}
