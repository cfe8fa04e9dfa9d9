//! `runs list | show | records`: what happened.

use kivuko_core::catalogue::store::INTERRUPTED;
use kivuko_core::error::Cause;
use kivuko_core::outcome::{Outcome, Status};
use kivuko_core::store::{OutcomeRow, Run, RunId};
use kivuko_engine::{CauseGroup, CauseGroups, Told, beside_counts, is_number_named, names_of_cells, taken_back_by, told};
use serde_json::json;

use crate::app::{App, History};
use crate::args::{Runs, RunsList, RunsRecords, RunsWhat};
use crate::failure::{Failure, exit};
use crate::print::account::{self, Account};
use crate::print::figures::{counted, seconds};
use crate::print::{Style, Table};

/// Rows that are read from the store at once.
const PAGE: usize = 1000;

pub async fn execute(app: &App, args: Runs) -> Result<u8, Failure> {
    match args.what.unwrap_or(RunsWhat::List(args.list)) {
        RunsWhat::List(args) => list(app, &args).await,
        RunsWhat::Show { run } => show(app, RunId(run)).await,
        RunsWhat::Records(args) => records(app, &args).await,
        RunsWhat::Cell(args) => super::cell::execute(app, &args).await,
    }
}

async fn list(app: &App, args: &RunsList) -> Result<u8, Failure> {
    let history = app.history().await?;
    if let Some(flow) = &args.flow {
        history.known_flow(flow).await?;
    }
    let mut runs = history.store().runs(args.flow.as_deref(), args.limit).await?;
    let mut all_told: Vec<Told> = Vec::with_capacity(runs.len());
    for run in &mut runs {
        tell_cut_off(&history, run).await?;
        all_told.push(told(history.store(), run.id).await?.unwrap_or_default());
    }
    if runs.is_empty() {
        app.say_nothing("nothing has run yet");
    }
    app.answer(
        || {
            let object = |(run, told): (&Run, &Told)| {
                let mut object = json!(run);
                beside_counts(&mut object, told.numbers, told.rows, told.switched_off, told.repeated);
                let warnings: Vec<_> = told.causes.iter().filter(|group| account::is_of_the_target(group)).collect();
                if !warnings.is_empty() {
                    object["warnings"] = json!(warnings);
                }
                object
            };
            json!({ "runs": runs.iter().zip(&all_told).map(object).collect::<Vec<_>>() })
        },
        |style| {
            let mut table = Table::new(&[">run", "flow", "started", ">took", "status", "account", "how"]);
            for (run, told) in runs.iter().zip(&all_told) {
                table.row(vec![
                    run.id.to_string(),
                    run.flow.clone(),
                    history.calendar.relative(run.started),
                    took(run).map(seconds).unwrap_or_default(),
                    if is_cut_off(run) {
                        style.cut_off()
                    } else {
                        style.status(run.status, run.counts.rejected + run.counts.writes.rejected)
                    },
                    came_to(run, told, style),
                    style.dim(&how(run)),
                ]);
            }
            if table.is_empty() { String::new() } else { table.render(style) }
        },
    )?;
    Ok(exit::WELL)
}

/// Of a run that has not said that it ended, and that nobody carries on: that it was cut off, as the next run of its flow will put it down.
async fn tell_cut_off(history: &History, run: &mut Run) -> Result<(), Failure> {
    let store = history.store();
    if run.status != Status::Running || kivuko_engine::is_being_run(store, &run.flow, history.calendar.now).await? {
        return Ok(());
    }
    // It may have ended after it was read: then it let go of its lease, and was not cut off.
    if let Some(now) = store.run(run.id).await? {
        *run = now;
    }
    if run.status != Status::Running {
        return Ok(());
    }
    let target = store.version(&run.version).await?.and_then(|version| version.systems()).map(|(_, target)| target);
    let open = match &target {
        Some(target) => store.open_intents(target).await?,
        None => Vec::new(),
    };
    let under_way = open.iter().filter(|open| open.intent.run == run.id).count() as u64;
    let flow = &run.flow;
    // Either finds out what became of the writes; only one of them goes on taking back.
    let goes_on = match taken_back_by(run) {
        Some(id) => format!("`kivuko revert {id}` (a run of `{flow}` would write again what is taken back)"),
        None => format!("the next run of `{flow}`"),
    };
    let noted = match under_way {
        0 => "it is gone on from there by".to_owned(),
        _ => format!("{} under way; what became of that is found out by", counted(under_way, "write was", "writes were")),
    };
    let message = format!("the process ended before the run did; {noted} {goes_on}");
    run.error = Some(Cause::new(INTERRUPTED, message));
    Ok(())
}

fn is_cut_off(run: &Run) -> bool {
    run.error.as_ref().is_some_and(|cause| cause.code == INTERRUPTED)
}

/// Its account; of a run that was cut off, and of one that goes on, what it has put down by now.
fn came_to(run: &Run, told: &Told, style: Style) -> String {
    if run.counts.read == 0 && run.status == Status::Running && run.error.is_none() {
        return "nothing put down yet".to_owned();
    }
    account::in_a_line(&run.counts, told, run.error.as_ref(), style)
}

fn took(run: &Run) -> Option<f64> {
    run.finished.map(|finished| finished.duration_since(run.started).as_secs_f64())
}

/// What started it and with which options; a plain run by hand needs no words.
fn how(run: &Run) -> String {
    let trigger = if run.trigger == "manual" { "" } else { &run.trigger };
    format!("{trigger} {}", run.options).trim().to_owned()
}

/// A run by its number.
async fn known_run(history: &History, id: RunId) -> Result<Run, Failure> {
    let run = history.store().run(id).await?;
    run.ok_or_else(|| Failure::usage_with(format!("there is no run {id} in the environment `{}`", history.workspace.environment), "runs"))
}

async fn show(app: &App, id: RunId) -> Result<u8, Failure> {
    let history = app.history().await?;
    let mut run = known_run(&history, id).await?;
    tell_cut_off(&history, &mut run).await?;
    let version = history.store().version(&run.version).await?;
    let told = told(history.store(), id).await?;
    let Told { rows, numbers, switched_off, repeated, causes } = match told {
        Some(told) => told,
        None => Told { causes: causes(&history, id).await?, ..Told::default() },
    };
    let account = Account {
        title: format!("run {} of {}", run.id, run.flow),
        status: Some(run.status),
        counts: &run.counts,
        rows,
        numbers,
        switched_off,
        repeated,
        seconds: took(&run),
        written: "written",
        stopped: run.error.as_ref(),
        causes: &causes,
        all_places: true,
        takes_back: taken_back_by(&run),
    };
    let files: Vec<&String> = version.iter().flat_map(|version| version.texts.keys()).collect();
    app.answer(
        || {
            let mut object = json!({
                "run": run,
                "causes": causes,
                "version": version.as_ref().map(|version| json!({ "hash": version.hash, "kivuko": version.kivuko, "files": files })),
            });
            beside_counts(&mut object["run"], numbers, rows, switched_off, repeated);
            object
        },
        |style| {
            format!(
                "{}\n{}",
                account.render(style),
                about(&run, version.as_ref().map(|version| version.kivuko.as_str()), &files, &history, style)
            )
        },
    )?;
    if !app.json {
        let mut steps = account::next(&account, &run.flow, Some(id.0), &|rest| app.invoke(rest));
        steps.push((app.invoke(&format!("runs records {id}")), "what became of each record"));
        app.say_next(&steps);
    }
    Ok(exit::WELL)
}

/// When it was, what started it, and what exactly ran.
fn about(run: &Run, kivuko: Option<&str>, files: &[&String], history: &History, style: Style) -> String {
    let mut table = Table::new(&["", ""]).indented(2);
    let mut line = |name: &str, value: String| {
        if !value.is_empty() {
            table.row(vec![style.dim(name), value]);
        }
    };
    line("started", format!("{}, {}", history.calendar.exact(run.started), history.calendar.relative(run.started)));
    line("ended", run.finished.map(|at| history.calendar.exact(at)).unwrap_or_default());
    if run.status == Status::Running && run.error.is_none() {
        line("note", "it has not ended".to_owned());
    }
    line("trigger", run.trigger.clone());
    line("options", run.options.clone());
    line(
        "version",
        format!(
            "{} {}",
            run.version.chars().take(12).collect::<String>(),
            kivuko.map(|version| format!("(Kivuko {version})")).unwrap_or_default()
        )
        .trim()
        .to_owned(),
    );
    line("files", files.iter().map(|file| file.as_str()).collect::<Vec<_>>().join(", "));
    table.render(style)
}

/// Why records of a run did not get through, gathered from their outcomes: of a run that was cut off, or told nothing more.
async fn causes(history: &History, id: RunId) -> Result<Vec<CauseGroup>, Failure> {
    let mut groups = CauseGroups::default();
    for outcome in Outcome::ALL {
        if matches!(outcome, Outcome::Created | Outcome::Updated | Outcome::Unchanged | Outcome::Deleted) {
            continue;
        }
        let mut after = 0;
        loop {
            let rows = history.store().outcomes(id, Some(outcome), after, PAGE).await?;
            let Some((last, _)) = rows.last() else { break };
            after = *last;
            for (_, row) in &rows {
                for cause in &row.causes {
                    groups.add(outcome, cause, &row.place);
                }
            }
        }
    }
    Ok(groups.into_sorted())
}

async fn records(app: &App, args: &RunsRecords) -> Result<u8, Failure> {
    let history = app.history().await?;
    let id = RunId(args.run);
    let run = known_run(&history, id).await?;
    let rows = history.store().outcomes(id, args.outcome, args.after, args.limit).await?;
    if rows.is_empty() {
        app.say_nothing(if run.counts.unchanged > 0 { "no such records; unchanged ones are only counted" } else { "no such records" });
    }
    let next = rows.last().filter(|_| rows.len() == args.limit).map(|(row, _)| *row);
    let names = names_of_cells(history.store(), &run.flow).await?;
    // Ids of numbers say nothing to people: those are told by what they are called.
    let is_named = |row: &OutcomeRow| is_number_named(&names, &row.source_id) && row.place != row.source_id;
    app.answer(
        || {
            let records: Vec<_> = rows
                .iter()
                .map(|(number, row)| {
                    let mut object = json!(row);
                    object["row"] = json!(number);
                    if is_named(row) {
                        object["number"] = json!(row.place);
                    }
                    object
                })
                .collect();
            json!({ "run": id, "records": records, "next": next })
        },
        |style| table_of(&rows, &is_named, style),
    )?;
    if let (Some(next), false) = (next, app.json) {
        let outcome = args.outcome.map(|outcome| format!(" --outcome {}", outcome.word())).unwrap_or_default();
        app.say_next(&[(app.invoke(&format!("runs records {id}{outcome} --after {next}")), "the next ones")]);
    }
    Ok(exit::WELL)
}

fn table_of(rows: &[(i64, OutcomeRow)], is_named: &dyn Fn(&OutcomeRow) -> bool, style: Style) -> String {
    let mut table = Table::new(&["outcome", "id", "part", "place", "target", "what"]);
    for (_, row) in rows {
        let what = if row.causes.is_empty() {
            style.dim(&row.fields.join(", "))
        } else {
            row.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        };
        let (id, place, target) = if is_named(row) {
            (row.place.clone(), String::new(), String::new())
        } else {
            let target = row.target_id.as_ref().map(|id| format!("{} {id}", row.target_resource)).unwrap_or_default();
            (row.source_id.clone(), style.dim(&row.place), target)
        };
        table.row(vec![style.outcome(row.outcome, row.outcome.word()), id, row.part.clone(), place, target, what]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}
