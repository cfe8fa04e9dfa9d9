//! One file for each command. A command answers with its exit code.

mod cell;
mod check;
mod codes;
mod cursor;
mod demo;
mod explain;
mod find;
mod init;
mod match_places;
mod matching;
mod plan;
mod rejects;
mod revert;
mod review;
mod review_places;
mod run;
mod runs;
mod secrets;
mod serve;
mod sim;
mod systems;
mod transforms;

use crate::app::App;
use crate::args::Command;
use crate::failure::Failure;

/// Does what was asked.
pub async fn execute(app: &App, command: Command) -> Result<u8, Failure> {
    match command {
        // It carries all its steps, and would be carried by every other command.
        Command::Demo(args) => Box::pin(demo::execute(app, &args)).await,
        Command::Init(args) => init::execute(app, &args),
        Command::Check(args) => check::execute(app, &args).await,
        Command::Plan(args) => plan::execute(app, &args).await,
        Command::Run(args) => run::execute(app, &args).await,
        Command::Revert(args) => revert::execute(app, &args).await,
        Command::Runs(args) => runs::execute(app, args).await,
        Command::Rejects(args) => rejects::execute(app, args).await,
        Command::Codes(args) => codes::execute(app, args.what).await,
        Command::Match(args) => matching::execute(app, &args).await,
        Command::Review(args) => review::execute(app, args).await,
        Command::Find(args) => find::execute(app, &args).await,
        Command::Cursor(args) => cursor::execute(app, &args.what).await,
        Command::Systems(args) => systems::execute(app, args.what).await,
        Command::Explain(args) => explain::execute(app, &args),
        Command::Transforms(args) => transforms::execute(app, &args),
        Command::Secrets(args) => secrets::execute(app, &args.what).await,
        Command::Serve(args) => serve::execute(app, &args).await,
        Command::Sim(args) => sim::execute(app, &args).await,
    }
}
