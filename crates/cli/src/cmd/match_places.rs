//! `match CROSSWALK`: which place of one system is which of the other, as a table that a person fills in and gives back.

use std::path::Path;

use jiff::civil::Date;
use kivuko_core::table::Table;
use kivuko_engine::{Engine, PlaceChoice, PlaceDecision, PlaceMatches, PlaceView, PlacesRefused, two_sides};
use serde_json::json;

use super::review;
use crate::app::App;
use crate::args::Match;
use crate::args::review::Judge;
use crate::codes_file::{self, CodesFile};
use crate::failure::{Failure, exit};
use crate::print::figures::counted;
use crate::print::progress::Progress;
use crate::when;

pub async fn execute(app: &App, args: &Match) -> Result<u8, Failure> {
    for (given, option) in [(!args.only.is_empty(), "--only"), (args.limit.is_some(), "--limit"), (args.show_values, "--show-values")] {
        if given {
            return Err(Failure::usage(format!("`{}` is a crosswalk: {option} is for flows that look for people", args.name)));
        }
    }
    let engine = app.engine().await?;
    match &args.decide {
        Some(file) => {
            let text = std::fs::read(file).map_err(|error| Failure::file("reading", file, &error))?;
            let choices = choices(&engine, args, file, &text)?;
            if choices.is_empty() {
                app.say_nothing("nothing is written into the column `decision`");
                return told(app, &args.name, (0, 0));
            }
            let view = look(app, &engine, &args.name, between(args)).await?;
            keep(app, &engine, &view, &choices).await
        }
        None => propose(app, &engine, args).await,
    }
}

/// Reads both sides.
pub async fn look<'e>(app: &App, engine: &'e Engine, crosswalk: &str, between: Option<[&str; 2]>) -> Result<PlaceView<'e>, Failure> {
    let progress = Progress::start(&format!("reading the places of {crosswalk}"), app.err);
    let view = engine.places_now(crosswalk, between).await;
    drop(progress);
    Ok(view?)
}

async fn propose(app: &App, engine: &Engine, args: &Match) -> Result<u8, Failure> {
    let view = look(app, engine, &args.name, between(args)).await?;
    let progress = Progress::start(&format!("matching {}", args.name), app.err);
    let found = engine.match_places(&view).await;
    drop(progress);
    let found = found?;
    for cause in found.left_out.iter().filter(|_| !app.json) {
        app.say(&format!("{}  {cause}\n", app.err.warn("warning")));
    }
    let code = if found.left_out.is_empty() { exit::WELL } else { exit::LEFT_OUT };
    if args.accept_clear {
        return Ok(keep(app, engine, &view, &clear(&found, view.today(), &review::name(args.by.by.as_deref()))).await?.max(code));
    }
    if app.json {
        app.document(&json!(found))?;
    } else if args.out.is_none() {
        app.data(&table(&found)?)?;
    }
    if let Some(path) = &args.out {
        std::fs::write(path, table(&found)?).map_err(|error| Failure::file("writing", path, &error))?;
    }
    if found.matches.is_empty() {
        app.say_nothing("every place is linked or decided on, and nothing has changed");
    } else if !app.json {
        let spoken: Vec<String> = ["changed", "same", "unclear", "none"]
            .into_iter()
            .map(|says| (places(&found, says), says))
            .filter(|(many, _)| *many > 0)
            .map(|(many, says)| format!("{many} {says}"))
            .collect();
        app.say(&format!("{}: {}\n", args.name, spoken.join(", ")));
        let mut steps = Vec::new();
        if let Some(path) = &args.out {
            let step = app.invoke(&format!("match {} --decide {}", args.name, path.display()));
            steps.push((
                step,
                "keeps what you write into `decision`: accept, refuse or none; in rows that say `changed` keep, refuse or end DAY",
            ));
        }
        if places(&found, "changed") > 0 {
            steps.push((app.invoke(&format!("review list {}", args.name)), "what has changed of pairs that hold, one by one"));
        }
        if places(&found, "same") > 0 {
            steps.push((app.invoke(&format!("match {} --accept-clear", args.name)), "accepts all that say `same`"));
        }
        app.say_next(&steps);
    }
    Ok(code)
}

/// How many places a word is said of: one with several candidates has several rows.
fn places(found: &PlaceMatches, says: &str) -> usize {
    let mut named: Vec<_> = found
        .matches
        .iter()
        .filter(|row| row.says == says)
        .map(|row| {
            let [one, two] = [&row.one, &row.two].map(|place| place.as_ref().map(|place| place.id.as_str()));
            if one.is_some() { (one, None) } else { (None, two) }
        })
        .collect();
    named.dedup();
    named.len()
}

/// What `--accept-clear` takes: the pairs that say `same`.
pub(super) fn clear(found: &PlaceMatches, today: Date, by: &str) -> Vec<PlaceChoice> {
    let same = found.matches.iter().filter(|row| row.says == "same");
    same.map(|row| PlaceChoice {
        one: row.one.as_ref().map(|place| place.id.clone()),
        two: row.two.as_ref().map(|place| place.id.clone()),
        decision: PlaceDecision::Accept,
        seen: row.reasons.join("; "),
        why: format!("matched {today}, score {:.3}", row.score.unwrap_or_default()),
        by: by.to_owned(),
        place: "the proposals".to_owned(),
    })
    .collect()
}

/// The columns of the table: those of a place are called after its system.
fn header([one, two]: [&str; 2]) -> Vec<String> {
    let place = |system: &str| [system.to_owned(), format!("{system}_name"), format!("{system}_within")];
    let begin = ["says", "score", "reasons"].map(str::to_owned);
    let end = ["decision", "why"].map(str::to_owned);
    begin.into_iter().chain(place(one)).chain(place(two)).chain(end).collect()
}

fn table(found: &PlaceMatches) -> Result<String, Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::usage(format!("the table cannot be written: {error}"));
    let mut writer = csv::Writer::from_writer(Vec::new());
    let [one, two] = &found.sides;
    writer.write_record(header([one, two])).map_err(|error| failed(&error))?;
    for row in &found.matches {
        let mut cells = vec![row.says.to_owned(), row.score.map(|score| format!("{score:.3}")).unwrap_or_default(), row.reasons.join("; ")];
        for place in [&row.one, &row.two] {
            let cell = |of: fn(&kivuko_engine::PlaceShown) -> &String| place.as_ref().map(of).cloned().unwrap_or_default();
            cells.extend([cell(|place| &place.id), cell(|place| &place.name), cell(|place| &place.within)]);
        }
        cells.extend([String::new(), String::new()]);
        writer.write_record(&cells).map_err(|error| failed(&error))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(&error))?;
    String::from_utf8(bytes).map_err(|error| failed(&error))
}

/// Writes decisions into the file of the crosswalk, and asks what is left to ask.
pub async fn keep(app: &App, engine: &Engine, view: &PlaceView<'_>, choices: &[PlaceChoice]) -> Result<u8, Failure> {
    let file = CodesFile::open(app, view.crosswalk()).await?;
    let present = file.table()?.map_err(|problem| PlacesRefused::File(vec![problem]))?;
    let kept = view.decide(choices, present)?;
    if kept.kept > 0 {
        file.write(&kept.table.write())?;
    }
    // Before anybody else decides: the questions are those that this file leaves open.
    engine.places_decided(view, &kept).await?;
    drop(file);
    told(app, view.crosswalk(), (kept.kept, kept.before))
}

fn told(app: &App, crosswalk: &str, (kept, before): (usize, usize)) -> Result<u8, Failure> {
    let name = codes_file::name(crosswalk);
    app.answer(
        || json!({ "crosswalk": crosswalk, "file": name, "kept": kept, "kept_before": before }),
        |_| {
            let before = if before > 0 { format!("; {before} held already") } else { String::new() };
            format!("kept: {} in {name}{before}\n", counted(kept as u64, "decision", "decisions"))
        },
    )?;
    if !app.json && kept > 0 {
        app.say_next(&[(app.invoke(&format!("match {crosswalk}")), "what is still open")]);
    }
    Ok(exit::WELL)
}

/// What is written beside a decision.
pub fn why(own: &str, by: &Judge) -> String {
    if own.is_empty() { by.reason.trim() } else { own }.to_owned()
}

fn between(args: &Match) -> Option<[&str; 2]> {
    match args.between.as_slice() {
        [one, two] => Some([one, two]),
        _ => None,
    }
}

/// The rows of a table into which a person has written something. A spreadsheet may have changed its separator and its encoding.
fn choices(engine: &Engine, args: &Match, file: &Path, text: &[u8]) -> Result<Vec<PlaceChoice>, Failure> {
    let name = file.display().to_string();
    let table = Table::parse(&name, text)
        .map_err(|problem| Failure::Problems { problems: vec![problem], files: kivuko_core::project::Files::default() })?;
    let crosswalk = engine.crosswalk(&args.name)?;
    let [one, two] = two_sides(crosswalk, between(args))?.map(|side| side.system.as_str());
    let column = |wanted: &str| {
        let missing = || Failure::usage(format!("{name} has no column `{wanted}`; expected the columns that `match --out` writes"));
        table.column(wanted).ok_or_else(missing)
    };
    let (one, two, decision) = (column(one)?, column(two)?, column("decision")?);
    let (reason, reasons, says) = (table.column("why"), table.column("reasons"), column("says")?);
    let mut choices = Vec::new();
    for row in &table.rows {
        let place = format!("{name}, row {}", row.number);
        let cell = |at: usize| row.cells.get(at).map_or("", |cell| cell.trim());
        let written = cell(decision).to_lowercase();
        let mut words = written.split_whitespace();
        let wrong = |expected: &str| {
            Failure::usage(format!("{place}, column decision: `{}`; expected {expected}, or nothing; nothing was kept", cell(decision)))
        };
        let changed = cell(says) == "changed";
        let decision = match (words.next(), words.next(), changed) {
            (None, ..) => continue,
            (Some("refuse"), None, _) => PlaceDecision::Refuse,
            (Some("accept"), None, false) => PlaceDecision::Accept,
            (Some("none"), None, false) => PlaceDecision::None,
            (Some("keep"), None, true) => PlaceDecision::Keep,
            (Some("end"), Some(day), true) => PlaceDecision::End(when::day(&format!("{place}, column decision"), day)?),
            (_, _, true) => return Err(wrong("`keep`, `refuse` or `end 2026-06-30`")),
            (_, _, false) => return Err(wrong("`accept`, `refuse` or `none`")),
        };
        let id = |at: usize| Some(cell(at).to_owned()).filter(|id| !id.is_empty());
        let why = why(reason.map_or("", cell), &args.by);
        let seen = reasons.map_or("", cell).to_owned();
        choices.push(PlaceChoice { one: id(one), two: id(two), decision, seen, why, by: review::name(args.by.by.as_deref()), place });
    }
    Ok(choices)
}
