//! `plan FLOW`: what a run would do, field by field. Nothing is written.

use std::sync::Mutex;

use kivuko_core::outcome::Counts;
use kivuko_engine::{PlanOptions, PlanReport, Planned, Watch, beside_counts, exit_code};
use serde_json::{Value, json};

use crate::app::{App, word};
use crate::args::Plan;
use crate::failure::Failure;
use crate::print::account::{self, Account};
use crate::print::figures::{count, counted};
use crate::print::planned::{self, Visible};
use crate::print::progress::Progress;
use crate::print::put;

/// Writes planned records as they come, so that a plan of any size needs no more memory than one of them.
struct Show<'a> {
    app: &'a App,
    visible: Visible<'a>,
    progress: &'a Progress,
    most: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    shown: usize,
    left_out: u64,
    written_before: u64,
    /// The last one was a line of its own.
    in_lines: bool,
    failure: Option<Failure>,
}

impl Watch for Show<'_> {
    fn page(&self, counts: &Counts) {
        self.progress.page(counts);
    }

    fn planned(&self, planned: &Planned) {
        let mut state = self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if state.failure.is_some() {
            return;
        }
        state.written_before += u64::from(planned.was_written_before());
        let text = if self.app.json {
            let lead = if state.shown == 0 { "" } else { ",\n" };
            format!("{lead}{}", planned::to_json(planned, &self.visible))
        } else if state.shown < self.most {
            let text = planned::render(planned, &self.visible, self.app.out);
            let is_line = planned.number.is_some() && text.lines().count() == 1;
            let was_line = std::mem::replace(&mut state.in_lines, is_line);
            format!("{}{text}{}", if was_line && !is_line { "\n" } else { "" }, if is_line { "" } else { "\n" })
        } else {
            state.left_out += 1;
            return;
        };
        state.shown += 1;
        self.progress.aside(|| state.failure = self.app.data(&text).err());
    }
}

pub async fn execute(app: &App, args: &Plan) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let flow = engine.flow(&args.flow)?;
    let options = PlanOptions { only: args.only.clone(), limit: args.limit, live: args.live, again: args.again, save: args.save };
    let progress = Progress::start(&format!("planning {}", args.flow), app.err);
    let show = Show { app, visible: Visible::new(&flow, args.show_values), progress: &progress, most: args.show, state: Mutex::default() };
    if app.json {
        app.data("{\"planned\":[\n")?;
    }
    let ended = engine.plan(&args.flow, &options, &show).await;
    let has_hidden = show.visible.has_hidden();
    let state = show.state.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    drop(progress);
    if let Some(failure) = state.failure {
        return Err(failure);
    }
    if app.json {
        return end_document(app, ended.as_ref().map_err(Clone::clone));
    }
    let report = ended?;
    if state.in_lines {
        app.data("\n")?;
    }
    if state.left_out > 0 {
        app.data(&format!(
            "{}\n\n",
            app.out.dim(&format!("... and {} more; --show {} shows them", count(state.left_out), state.shown as u64 + state.left_out))
        ))?;
    }
    let account = Account {
        title: format!("plan for {}", report.flow),
        status: None,
        counts: &report.counts,
        rows: report.rows,
        numbers: report.numbers,
        switched_off: report.switched_off,
        repeated: report.repeated,
        seconds: Some(report.seconds),
        written: "would be written",
        stopped: report.error.as_ref().map(|error| &error.cause),
        causes: &report.causes,
        all_places: false,
        takes_back: None,
    };
    app.data(&account.render(app.out))?;
    if state.written_before > 0 {
        let told = format!(
            "{} there already: a run that was cut off wrote it, and the next one puts it down",
            counted(state.written_before, "of that is", "of these are")
        );
        app.data(&format!("\n  {}\n", app.out.wrap(&told, 2)))?;
    }
    let mut steps = account::next(&account, &report.flow, None, &|rest| app.invoke(rest));
    // What a plan rejects is put down by the run; what runs have put down before is there to be looked at.
    if report.counts.rejected + report.counts.writes.rejected > 0 && !engine.store().rejections(Some(&report.flow), 1).await?.is_empty() {
        steps.extend(account::of_rejected(&report.flow, &|rest| app.invoke(rest)));
    }
    let writes = &report.counts.writes;
    if let Some(saved) = report.saved {
        steps.push((app.invoke(&format!("run {} --plan {saved}", report.flow)), "sends exactly this, within seven days"));
    } else if report.error.is_none() && writes.created + writes.updated + writes.deleted > 0 {
        steps.push((app.invoke(&format!("run {}{}", report.flow, as_planned(args))), "does it"));
    }
    if has_hidden {
        app.say(&format!("\n{}\n", app.err.dim("values are masked where the sheet does not say `personal: no`; --show-values shows them")));
    }
    app.say_next(&steps);
    Ok(code(&report))
}

/// The options with which a run does what the plan shows.
fn as_planned(args: &Plan) -> String {
    let mut options = String::new();
    if !args.only.is_empty() {
        put!(options, " --only {}", word(&args.only.join(",")));
    }
    if let Some(limit) = args.limit {
        put!(options, " --limit {limit}");
    }
    for (given, option) in [(args.live, " --force"), (args.again, " --again")] {
        options.push_str(if given { option } else { "" });
    }
    options
}

fn code(report: &PlanReport) -> u8 {
    report.exit_code()
}

/// Ends the document that was begun, whatever became of the plan: what was printed must stay one JSON document.
fn end_document(app: &App, ended: Result<&PlanReport, kivuko_core::error::Error>) -> Result<u8, Failure> {
    let (mut rest, code) = match ended {
        Ok(report) => {
            let mut rest = serde_json::to_value(report.counts).unwrap_or_default();
            rest["flow"] = json!(report.flow);
            rest["seconds"] = json!(report.seconds);
            rest["causes"] = json!(report.causes);
            rest["plan"] = json!(report.saved);
            beside_counts(&mut rest, report.numbers, report.rows, report.switched_off, report.repeated);
            if let Some(error) = &report.error {
                rest["error"] = Failure::Error(error.clone()).to_json()["error"].take();
            }
            (rest, code(report))
        }
        Err(error) => {
            let code = exit_code(&error);
            let failure = Failure::Error(error);
            app.say(&failure.render(app.err, &|rest| app.invoke(rest)));
            (failure.to_json(), code)
        }
    };
    let members = match &mut rest {
        Value::Object(members) => std::mem::take(members),
        _ => serde_json::Map::new(),
    };
    let mut text = "\n]".to_owned();
    for (name, value) in members {
        put!(text, ",\n{}: {value}", Value::String(name));
    }
    text.push_str("}\n");
    app.data(&text)?;
    Ok(code)
}
