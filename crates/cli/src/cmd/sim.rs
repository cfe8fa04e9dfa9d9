//! `sim KIND`: one simulator by itself, until it is stopped.

use std::io::ErrorKind;

use kivuko_sims::faults::Faults;
use kivuko_sims::{Start, kinds, start_by_kind};
use serde_json::json;

use crate::app::{App, unknown};
use crate::args::Sim;
use crate::failure::{Failure, exit};
use crate::signals;

pub async fn execute(app: &App, args: &Sim) -> Result<u8, Failure> {
    let known: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
    let kind = kinds().iter().find(|kind| kind.name == args.kind).ok_or_else(|| unknown("simulator", &args.kind, &known))?;
    let faults = match &args.faults {
        Some(path) => Faults::load(path).map_err(|error| Failure::usage(format!("the faults in `{}`: {error}", path.display())))?,
        None => Faults::default(),
    };
    // A simulator that starts empty looks like one whose data were lost.
    if let Some(data) = args.data.as_deref().filter(|data| !data.is_dir()) {
        return Err(Failure::usage(format!("there is no folder `{}` with data for the simulator; --data takes one", data.display())));
    }
    let start = Start { port: args.port, version: args.release.clone(), data: args.data.clone(), faults };
    let running = start_by_kind(kind.name, start).await.map_err(|error| {
        let advice = if error.kind() == ErrorKind::AddrInUse { "; --port 0 takes any free port" } else { "" };
        Failure::usage(format!("the simulator did not start on port {}: {error}{advice}", args.port))
    })?;
    app.answer(
        || json!({ "kind": kind.name, "url": running.url() }),
        |style| format!("{}\n  {}\n  {}\n", style.bold(&running.url()), kind.about, style.dim(&running.hint())),
    )?;
    app.say(&format!("{}\n", app.err.dim("it keeps everything in memory; Ctrl-C ends it")));
    signals::signal().await.map_err(|error| Failure::usage(format!("this machine gives us no signals: {error}")))?;
    Ok(exit::WELL)
}
