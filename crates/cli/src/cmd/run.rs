//! `run FLOW`: one run, and its account.

use jiff::Timestamp;
use kivuko_engine::{RunOptions, RunReport};

use crate::app::App;
use crate::args::Run;
use crate::failure::Failure;
use crate::print::account::{self, Account};
use crate::print::progress::Progress;
use crate::print::time::Calendar;
use crate::when;

pub async fn execute(app: &App, args: &Run) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let calendar = Calendar { now: Timestamp::now(), zone: engine.project().timezone.clone() };
    let time = |option: &str, text: &Option<String>| text.as_deref().map(|text| when::parse(option, text, &calendar)).transpose();
    let options = RunOptions {
        since: time("--since", &args.since)?,
        until: time("--until", &args.until)?,
        only: args.only.clone(),
        limit: args.limit,
        input: args.input.as_deref().map(absolute).transpose()?,
        periods: args.periods.clone(),
        force: args.force,
        again: args.again,
        plan: args.plan,
        trigger: String::new(),
    };
    let report = {
        let progress = Progress::start(&format!("running {}", args.flow), app.err);
        engine.run(&args.flow, &options, &progress).await?
    };
    finish(app, &report)
}

/// A file that is named on the command line is meant from where the person stands, not from the project.
fn absolute(path: &std::path::Path) -> Result<std::path::PathBuf, Failure> {
    let absolute = std::path::absolute(path).map_err(|error| Failure::file("looking for", path, &error))?;
    if absolute.is_file() {
        Ok(absolute)
    } else {
        Err(Failure::usage(format!("there is no file `{}` to read in the place of the source", path.display())))
    }
}

/// Shows the account and says what to do next.
pub fn finish(app: &App, report: &RunReport) -> Result<u8, Failure> {
    let account = Account::of(report);
    app.answer(|| report.to_json(), |style| account.render(style))?;
    if !app.json {
        app.say_next(&account::next(&account, &report.flow, Some(report.run.0), &|rest| app.invoke(rest)));
    }
    Ok(report.exit_code())
}
