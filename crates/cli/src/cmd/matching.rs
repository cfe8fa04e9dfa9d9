//! `match FLOW`: what the matcher says of the records that have no link yet, as a table that a person fills in and gives back.

use std::path::Path;

use kivuko_core::people::DecisionKind;
use kivuko_engine::{By, Choice, Proposal, Says};
use serde_json::{Value, json};

use super::review;
use crate::app::App;
use crate::args::Match;
use crate::failure::{Failure, exit};
use crate::print::figures::counted;
use crate::print::progress::Progress;

/// The columns of every table; with `--show-values` two for each compared field follow.
const COLUMNS: [&str; 9] = ["source", "part", "place", "says", "candidate", "score", "reasons", "decision", "why"];

pub async fn execute(app: &App, args: &Match) -> Result<u8, Failure> {
    let workspace = app.sound()?;
    let project = workspace.project.as_ref();
    // An unknown name is one of a crosswalk, too: the error names flows and crosswalks.
    if project.is_some_and(|project| !project.flows.contains_key(&args.name) || project.means_crosswalk(&args.name)) {
        return super::match_places::execute(app, args).await;
    }
    if args.accept_clear || !args.between.is_empty() {
        let message = format!("`{}` is a flow: --accept-clear and --between are for crosswalks of places", args.name);
        return Err(Failure::usage(message));
    }
    match &args.decide {
        Some(file) => decide(app, args, file).await,
        None => propose(app, args).await,
    }
}

async fn propose(app: &App, args: &Match) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let progress = Progress::start(&format!("matching {}", args.name), app.err);
    let found = engine.matches(&args.name, &args.only, args.limit, args.show_values, &progress).await;
    drop(progress);
    let found = found?;
    if app.json {
        app.document(&json!({ "matches": found.iter().map(document).collect::<Vec<_>>() }))?;
    } else if args.out.is_none() {
        app.data(&table(&found)?)?;
    }
    if let Some(path) = &args.out {
        std::fs::write(path, table(&found)?).map_err(|error| Failure::file("writing", path, &error))?;
    }
    if found.is_empty() {
        app.say_nothing("every record is linked or decided on");
    } else if !app.json {
        let many = |says: Says| found.iter().filter(|one| one.says == says).count() as u64;
        let spoken: Vec<String> = [Says::Same, Says::Unclear, Says::Nobody, Says::Later, Says::Unknown]
            .into_iter()
            .filter(|says| many(*says) > 0)
            .map(|says| format!("{} {}", many(says), says.word()))
            .collect();
        app.say(&format!("{}: {}\n", counted(found.len() as u64, "record", "records"), spoken.join(", ")));
        if let Some(path) = &args.out {
            let step = app.invoke(&format!("match {} --decide {}", args.name, path.display()));
            app.say_next(&[(step, "keeps what you write into `decision`: accept, new or discard")]);
        }
    }
    Ok(exit::WELL)
}

fn document(proposal: &Proposal) -> Value {
    let mut document = json!(proposal);
    if !proposal.sides.is_empty() {
        let sides = proposal.sides.iter();
        document["fields"] = sides
            .map(|side| json!({ "field": side.field, "path": side.path, "record": side.record, "candidates": side.candidates }))
            .collect();
    }
    document
}

/// One row for each candidate, and one for a record without any.
fn table(found: &[Proposal]) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage(format!("the table cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let sides = found.iter().map(|one| one.sides.as_slice()).find(|sides| !sides.is_empty()).unwrap_or_default();
    let pairs = sides.iter().flat_map(|side| [format!("record {}", side.path), format!("candidate {}", side.path)]);
    let header: Vec<String> = COLUMNS.iter().map(|&name| name.to_owned()).chain(pairs).collect();
    writer.write_record(&header).map_err(|error| failed(&error))?;
    for proposal in found {
        let candidates = proposal.candidates.iter().map(Some).chain(proposal.candidates.is_empty().then_some(None));
        for (at, candidate) in candidates.enumerate() {
            let mut row = vec![
                proposal.source_id.clone(),
                proposal.part.clone(),
                proposal.place.clone(),
                proposal.says.word().to_owned(),
                candidate.map(|one| one.target_id.clone()).unwrap_or_default(),
                candidate.map(|one| format!("{:.3}", one.score)).unwrap_or_default(),
                candidate.map(|one| one.reasons.join("; ")).unwrap_or_default(),
                String::new(),
                String::new(),
            ];
            for side in &proposal.sides {
                row.push(side.record.clone());
                row.push(side.candidates.get(at).cloned().unwrap_or_default());
            }
            row.resize(header.len(), String::new());
            writer.write_record(&row).map_err(|error| failed(&error))?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

async fn decide(app: &App, args: &Match, file: &Path) -> Result<u8, Failure> {
    let text = std::fs::read_to_string(file).map_err(|error| Failure::file("reading", file, &error))?;
    let choices = choices(args, file, &text)?;
    if choices.is_empty() {
        app.say_nothing("nothing is written into the column `decision`");
    }
    let engine = app.engine().await?;
    let progress = Progress::start(&format!("matching {}", args.name), app.err);
    let done = engine.choose(&args.name, choices, &progress).await;
    drop(progress);
    let done = done?;
    app.answer(
        || json!({ "decisions": done.kept, "kept_before": done.before }),
        |_| {
            let before = if done.before > 0 { format!("; {} held already", done.before) } else { String::new() };
            format!("kept: {}{before}\n", counted(done.kept.len() as u64, "decision", "decisions"))
        },
    )?;
    if !app.json && !done.kept.is_empty() {
        app.say_next(&[
            (app.invoke(&format!("run {}", args.name)), "carries them out"),
            (app.invoke(&format!("review history {}", args.name)), "who decided what, and why"),
        ]);
    }
    Ok(exit::WELL)
}

/// The rows of a table into which a person has written something.
fn choices(args: &Match, file: &Path, text: &str) -> Result<Vec<Choice>, Failure> {
    let name = file.display();
    let mut reader = csv::ReaderBuilder::new().from_reader(text.trim_start_matches('\u{feff}').as_bytes());
    let unreadable = |error: csv::Error| Failure::usage(format!("{name} is not a CSV file as `match --out` writes it: {error}"));
    let header = reader.headers().map_err(unreadable)?.clone();
    let column = |wanted: &str| {
        let at = header.iter().position(|name| name.trim() == wanted);
        at.ok_or_else(|| Failure::usage(format!("{name} has no column `{wanted}`; expected the columns that `match --out` writes")))
    };
    let (source, part, candidate, decision) = (column("source")?, column("part")?, column("candidate")?, column("decision")?);
    let why = column("why").ok();
    let by = review::name(args.by.by.as_deref());
    let mut choices = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let place = format!("{name}, line {}", row.position().map_or(0, csv::Position::line));
        let cell = |at: usize| row.get(at).unwrap_or_default().trim();
        let (kind, chosen) = match (cell(decision).to_lowercase().as_str(), cell(candidate)) {
            ("", _) => continue,
            ("accept", "") => return Err(Failure::usage(format!("{place}: `accept`, and the row has no candidate; nothing was kept"))),
            ("accept", candidate) => (DecisionKind::Link, Some(candidate.to_owned())),
            ("new", _) => (DecisionKind::New, None),
            ("discard", _) => (DecisionKind::Discard, None),
            (other, _) => {
                let message =
                    format!("{place}, column decision: `{other}`; expected `accept`, `new`, `discard` or nothing; nothing was kept");
                return Err(Failure::usage(message));
            }
        };
        let own = why.map(cell).filter(|why| !why.is_empty()).unwrap_or_else(|| args.by.reason.trim());
        let reason = if own.is_empty() { format!("decided in {place}") } else { own.to_owned() };
        let by = By { name: by.clone(), reason };
        choices.push(Choice { source_id: cell(source).to_owned(), part: cell(part).to_owned(), kind, candidate: chosen, by, place });
    }
    Ok(choices)
}
