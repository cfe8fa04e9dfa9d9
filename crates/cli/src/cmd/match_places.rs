//! `match CROSSWALK`: which place of one system is which of the other, as a table that a person fills in and gives back.

use std::path::Path;

use jiff::civil::Date;
use kivuko_core::table::Table;
use kivuko_engine::{PlaceChoice, PlaceDecision, PlaceMatches, PlacesKept, PlacesRefused};
use serde_json::json;

use crate::app::App;
use crate::args::Match;
use crate::failure::{Failure, exit};
use crate::print::figures::counted;
use crate::print::progress::Progress;

pub async fn execute(app: &App, args: &Match) -> Result<u8, Failure> {
    for (given, option) in [(!args.only.is_empty(), "--only"), (args.limit.is_some(), "--limit"), (args.show_values, "--show-values")] {
        if given {
            return Err(Failure::usage(format!("`{}` is a crosswalk: {option} is for flows that look for people", args.name)));
        }
    }
    match &args.decide {
        Some(file) => {
            let text = std::fs::read(file).map_err(|error| Failure::file("reading", file, &error))?;
            decide(app, args, file, &text).await
        }
        None => propose(app, args).await,
    }
}

async fn propose(app: &App, args: &Match) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let progress = Progress::start(&format!("matching {}", args.name), app.err);
    let found = engine.match_places(&args.name, between(args)).await;
    drop(progress);
    let found = found?;
    for cause in found.left_out.iter().filter(|_| !app.json) {
        app.say(&format!("{}  {cause}\n", app.err.warn("warning")));
    }
    let code = if found.left_out.is_empty() { exit::WELL } else { exit::LEFT_OUT };
    if args.accept_clear {
        let today = engine.clock().now().to_zoned(engine.project().timezone.clone()).date();
        return Ok(keep(app, args, &clear(&found, today)).await?.max(code));
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
pub(super) fn clear(found: &PlaceMatches, today: Date) -> Vec<PlaceChoice> {
    let same = found.matches.iter().filter(|row| row.says == "same");
    same.map(|row| PlaceChoice {
        one: row.one.as_ref().map(|place| place.id.clone()),
        two: row.two.as_ref().map(|place| place.id.clone()),
        decision: PlaceDecision::Accept,
        why: format!("matched {today}, score {:.3}", row.score.unwrap_or_default()),
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

async fn decide(app: &App, args: &Match, file: &Path, text: &[u8]) -> Result<u8, Failure> {
    let choices = choices(app, args, file, text)?;
    if choices.is_empty() {
        app.say_nothing("nothing is written into the column `decision`");
    }
    keep(app, args, &choices).await
}

/// Writes decisions into the file of the crosswalk.
async fn keep(app: &App, args: &Match, choices: &[PlaceChoice]) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let path = app.root.join(format!("codes/{}.csv", args.name));
    let name = format!("codes/{}.csv", args.name);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) if bytes.iter().all(u8::is_ascii_whitespace) => None,
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(Failure::file("reading", &path, &error)),
    };
    let refused = |problems| Failure::Problems { problems, files: kivuko_core::project::Files::default() };
    let present = bytes.as_deref().map(|bytes| Table::parse(&name, bytes)).transpose().map_err(|problem| refused(vec![problem]))?;
    let progress = Progress::start(&format!("deciding on {}", args.name), app.err);
    let done = if choices.is_empty() { None } else { Some(engine.decide_places(&args.name, between(args), choices, present).await) };
    drop(progress);
    let (kept, before) = match done {
        None => (0, 0),
        Some(Err(PlacesRefused::Error(error))) => return Err(error.into()),
        Some(Err(PlacesRefused::File(problems))) => return Err(refused(problems)),
        Some(Ok(PlacesKept { table, kept, before })) => {
            if kept > 0 {
                super::codes::write(&path, &table.write())?;
            }
            (kept, before)
        }
    };
    app.answer(
        || json!({ "crosswalk": args.name, "file": name, "kept": kept, "kept_before": before }),
        |_| {
            let before = if before > 0 { format!("; {before} held already") } else { String::new() };
            format!("kept: {} in {name}{before}\n", counted(kept as u64, "decision", "decisions"))
        },
    )?;
    if !app.json && kept > 0 {
        app.say_next(&[(app.invoke(&format!("match {}", args.name)), "what is still open")]);
    }
    Ok(exit::WELL)
}

fn between(args: &Match) -> Option<[&str; 2]> {
    match args.between.as_slice() {
        [one, two] => Some([one, two]),
        _ => None,
    }
}

/// The rows of a table into which a person has written something. A spreadsheet may have changed its separator and its encoding.
fn choices(app: &App, args: &Match, file: &Path, text: &[u8]) -> Result<Vec<PlaceChoice>, Failure> {
    let name = file.display().to_string();
    let table = Table::parse(&name, text)
        .map_err(|problem| Failure::Problems { problems: vec![problem], files: kivuko_core::project::Files::default() })?;
    let systems = systems(app, args)?;
    let [one, two] = &systems;
    let column = |wanted: &str| {
        let missing = || Failure::usage(format!("{name} has no column `{wanted}`; expected the columns that `match --out` writes"));
        table.column(wanted).ok_or_else(missing)
    };
    let (one, two, decision) = (column(one)?, column(two)?, column("decision")?);
    let (why, says) = (table.column("why"), column("says")?);
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
            (Some("end"), Some(day), true) => PlaceDecision::End(day.parse().map_err(|_| wrong("`end` with a day such as 2026-06-30"))?),
            (_, _, true) => return Err(wrong("`keep`, `refuse` or `end 2026-06-30`")),
            (_, _, false) => return Err(wrong("`accept`, `refuse` or `none`")),
        };
        let id = |at: usize| Some(cell(at).to_owned()).filter(|id| !id.is_empty());
        let own = why.map(cell).filter(|why| !why.is_empty()).unwrap_or_else(|| args.by.reason.trim());
        let by = args.by.by.as_deref().map(str::trim).filter(|by| !by.is_empty());
        let why = [own, by.unwrap_or_default()].into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
        choices.push(PlaceChoice { one: id(one), two: id(two), decision, why, place });
    }
    Ok(choices)
}

/// The two systems that the columns of a table are called after.
fn systems(app: &App, args: &Match) -> Result<[String; 2], Failure> {
    if let [one, two] = args.between.as_slice() {
        return Ok([one.clone(), two.clone()]);
    }
    let workspace = app.sound()?;
    let crosswalk = workspace.project.as_ref().and_then(|project| project.crosswalks.get(&args.name));
    match crosswalk.map(|crosswalk| crosswalk.sides.iter().map(|side| side.system.clone()).collect::<Vec<_>>()).as_deref() {
        Some([one, two]) => Ok([one.clone(), two.clone()]),
        _ => Err(Failure::usage(format!("`{}` has more than two systems; say which two with --between", args.name))),
    }
}
