//! `codes list | unmapped | add | export`: code maps and crosswalks, what they lack, and what stands in them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kivuko_core::catalogue::command::CHANGED_MEANWHILE;
use kivuko_core::codes::{Added, NAME, NewRow, Verdict, add as add_row};
use kivuko_core::error::{Cause, Error, stand_in};
use kivuko_core::flow::Flow;
use kivuko_core::project::Files;
use kivuko_core::table::Table as Csv;
use kivuko_engine::{CalledNow, CodeList, Engine, Exported, RunOptions, UnlistedValue};
use serde_json::{Value, json};

use super::{review, run};
use crate::app::{App, worst};
use crate::args::codes::{CodesAdd, CodesWhat};
use crate::codes_file::{self, CodesFile};
use crate::failure::{Failure, exit};
use crate::print::figures::counted;
use crate::print::progress::Progress;
use crate::print::{Style, Table};
use crate::when;

/// So many rejections are named one by one; more go by their code.
const NAMED: usize = 10;

pub async fn execute(app: &App, what: Option<CodesWhat>) -> Result<u8, Failure> {
    match what.unwrap_or(CodesWhat::List) {
        CodesWhat::List => list(app).await,
        CodesWhat::Unmapped { name } => unmapped(app, name.as_deref()).await,
        CodesWhat::Add(args) => add(app, &args).await,
        CodesWhat::Export { name, out, all } => export(app, &name, out.as_deref(), all).await,
    }
}

async fn list(app: &App) -> Result<u8, Failure> {
    let lists = app.engine().await?.code_lists().await?;
    if lists.is_empty() {
        app.say_nothing("the project has no code maps and no crosswalks");
    }
    app.answer(|| json!({ "lists": lists }), |style| if lists.is_empty() { String::new() } else { listed(&lists, 0, style) })?;
    if !app.json {
        let mut steps = Vec::new();
        if lists.iter().any(|list| list.unlisted_values > 0) {
            steps.push((app.invoke("codes unmapped"), "the values that are missing, and how many records wait for them"));
        }
        if let Some(parted) = lists.iter().find_map(|list| list.parted.first()) {
            steps.push((app.invoke(&format!("find {}", parted.one.id)), "a link that a person decided against, and in which row"));
        }
        if let Some(list) = lists.iter().find(|list| list.crosswalk) {
            steps.push((app.invoke(&format!("codes export {}", list.name)), "decisions and links of a crosswalk in one file"));
        }
        app.say_next(&steps);
    }
    Ok(exit::WELL)
}

/// Code maps and crosswalks as a table, set in by so many columns.
pub(super) fn listed(lists: &[CodeList], indent: usize, style: Style) -> String {
    let heading = ["name", "kind", ">rows", ">links", ">decided against", ">in doubt", ">missing", ">rejected", "columns", "flows"];
    let mut table = Table::new(&heading).indented(indent);
    let some = |number: usize| if number == 0 { String::new() } else { number.to_string() };
    for list in lists {
        table.row(vec![
            style.bold(&list.name),
            if list.crosswalk { "crosswalk" } else { "code map" }.to_owned(),
            list.rows.to_string(),
            if list.crosswalk { list.links.to_string() } else { String::new() },
            some(list.parted.len()),
            some(list.in_doubt),
            some(list.unlisted_values),
            some(list.rejected),
            list.columns.join(", "),
            list.flows.join(", "),
        ]);
    }
    table.render(style)
}

async fn unmapped(app: &App, name: Option<&str>) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    if let Some(name) = name {
        engine.code_map(name)?;
    }
    let values = engine.unlisted_values(name).await?;
    if values.is_empty() {
        app.say_nothing("no record is rejected for a value that is not listed");
    }
    app.answer(
        || json!({ "unlisted": values.iter().map(document).collect::<Vec<_>>() }),
        |style| {
            let mut table = Table::new(&["list", ">records", "flow", "code", "value"]);
            for one in &values {
                let list = if one.in_project { style.bold(&one.list) } else { style.dim(&one.list) };
                table.row(vec![list, one.rejections.len().to_string(), one.flow.clone(), one.code.to_string(), one.value.clone()]);
            }
            if table.is_empty() { String::new() } else { table.render(style) }
        },
    )?;
    if !app.json {
        // The sheet of a flow that counts has no column to say that a value is not personal.
        let counts = |one: &&UnlistedValue| engine.flow(&one.flow).is_ok_and(|flow| flow.aggregate.is_some());
        let (counting, mapped): (Vec<&UnlistedValue>, Vec<&UnlistedValue>) = values.iter().filter(|one| one.hidden).partition(counts);
        if !mapped.is_empty() {
            app.say(&format!(
                "{}\n",
                app.err.dim("values in brackets may be personal; `personal: no` in their row of the sheet shows them")
            ));
        }
        if let Some(rejection) = counting.first().and_then(|one| one.rejections.first()) {
            let show = app.invoke(&format!("rejects show {rejection} --show-values"));
            let told = format!(
                "values in brackets may be personal, and in lists of a flow that counts they are never shown: `{show}` shows the record of one, as far as it is kept; `rejects list --each` says where each stands in the source"
            );
            app.say(&format!("{}\n", app.err.dim(&told)));
        }
        if let Some(first) = values.iter().find(|one| one.in_project) {
            let (map, _) = engine.code_map(&first.list)?;
            let columns: Vec<String> = map.columns().iter().take(2).map(|column| format!("{column}=...")).collect();
            let step = app.invoke(&format!("codes add {} {} --retry", first.list, columns.join(" ")));
            app.say_next(&[(step, "adds one, and sends the rejected records again")]);
        }
    }
    Ok(exit::WELL)
}

fn document(value: &UnlistedValue) -> Value {
    let mut document = json!(value);
    document["records"] = json!(value.rejections.len());
    document
}

async fn add(app: &App, args: &CodesAdd) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let (_, crosswalk) = engine.code_map(&args.name)?;
    let verdict = match (args.refuse, args.none) {
        (true, _) => Verdict::Refuse,
        (_, true) => Verdict::None,
        _ => Verdict::Accept,
    };
    if crosswalk.is_none() && (verdict == Verdict::Refuse || args.by.is_some()) {
        return Err(Failure::usage(format!("`{}` is a code map: --refuse and --by are for decisions on crosswalks", args.name)));
    }
    let sides: Vec<&str> = crosswalk.iter().flat_map(|crosswalk| &crosswalk.sides).map(|side| side.system.as_str()).collect();
    let day = |option: &str, text: &Option<String>| text.as_deref().map(|text| when::day(option, text)).transpose();
    let by = review::name(args.by.as_deref());
    let mut row = NewRow {
        names: Vec::new(),
        cells: args.cells.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect(),
        verdict,
        valid_from: day("--valid-from", &args.valid_from)?,
        valid_to: day("--valid-to", &args.valid_to)?,
        note: args.note.trim(),
        by: if crosswalk.is_some() { &by } else { "" },
    };
    let waiting = waiting(&engine, args).await?;
    // What the file itself refuses is told before anybody is asked.
    let (name, path) = (codes_file::name(&args.name), codes_file::path(&app.root, &args.name));
    let first = with_row(&name, codes_file::read(&path)?, args, &sides, &row)?;
    let called = if matches!(first, Added::New(_)) && crosswalk.is_some() && !args.offline {
        called_now(app, &engine, args, &waiting.values).await?
    } else {
        CalledNow::default()
    };
    let cells: Vec<(&str, &str)> = args.cells.iter().map(|(column, value)| (column.as_str(), value.as_str())).collect();
    let org_units =
        if matches!(first, Added::New(_)) && crosswalk.is_none() { engine.org_units_among(&args.name, &cells)? } else { Vec::new() };
    let not_asked = if args.offline { BTreeMap::new() } else { asked_for(app, &engine, &org_units).await? };
    row.names = called.names.iter().map(|(system, name)| (system.as_str(), name.as_str())).collect();
    let file = CodesFile::open(app, &args.name).await?;
    let added = with_row(&name, file.read()?, args, &sides, &row)?;
    let line = match &added {
        Added::New(table) => {
            file.write(&table.write())?;
            table.rows.last().map_or(0, |row| row.number)
        }
        Added::There(line) => *line,
    };
    drop(file);
    let is_new = matches!(added, Added::New(_));
    let waiting = waiting.rejections;
    if !app.json {
        let done = if is_new { "added" } else { "there already" };
        app.data(&format!("{name}, row {line}: {done}\n"))?;
        if let Added::New(table) = &added {
            tell_unnamed(app, args, table, &called.silent);
        }
        for (system, cause) in &not_asked {
            app.say(&format!("{}  whether {system} has the org unit was not asked: {cause}\n", app.err.warn("warning")));
        }
        if args.offline && !org_units.is_empty() {
            app.say(&format!("{}\n", app.err.dim("whether the org unit is there was not asked; `check --online` tells")));
        }
    }
    let mut runs = Vec::new();
    if args.retry && !waiting.is_empty() {
        drop(engine);
        runs = retry(app, &waiting).await?;
    }
    if app.json {
        let waiting: Vec<Value> = waiting.iter().map(|(flow, ids)| json!({ "flow": flow, "rejections": ids })).collect();
        let done: Vec<&Value> = runs.iter().map(|(report, _)| report).collect();
        app.document(&json!({ "file": name, "row": line, "added": is_new, "names": called.names, "silent": unasked(called.silent.iter().map(|(system, cause)| (system, cause)).chain(&not_asked)), "waiting": waiting, "runs": done }))?;
    } else if runs.is_empty() {
        let steps: Vec<(String, &str)> =
            waiting.iter().map(|(flow, ids)| (app.invoke(&again(flow, ids)), "sends again what was rejected for it")).collect();
        app.say_next(&steps);
    }
    Ok(worst(runs.into_iter().map(|(_, code)| code)))
}

/// The file with the row, as it is now.
fn with_row(name: &str, bytes: Option<Vec<u8>>, args: &CodesAdd, sides: &[&str], row: &NewRow<'_>) -> Result<Added, Failure> {
    let table = bytes.as_deref().map(|bytes| Csv::parse(name, bytes)).transpose();
    let added = table.map_err(|problem| vec![problem]).and_then(|table| add_row(&args.name, sides, table, row));
    added
        .map_err(|problems| Failure::Problems { problems, files: Files(bytes.into_iter().map(|bytes| (name.to_owned(), bytes)).collect()) })
}

/// What the systems call the places that are named. They have to have them, but for values for which records are rejected.
async fn called_now(app: &App, engine: &Engine, args: &CodesAdd, rejected: &BTreeSet<String>) -> Result<CalledNow, Failure> {
    let cells = args.cells.iter().map(|(column, value)| (column.as_str(), value.as_str()));
    let asked: Vec<(&str, &str)> = cells.filter(|(_, value)| *value != "*").collect();
    let _progress = Progress::start("asking the systems for these places", app.err);
    engine.called_now(&args.name, &asked, rejected).await.map_err(|mut error| {
        error.cause.message.push_str("; nothing was added (--offline adds it without asking the systems)");
        Failure::Error(error)
    })
}

/// Whether the target has the org units of a new row. Systems that could not be asked, and why.
async fn asked_for(app: &App, engine: &Engine, org_units: &[(std::sync::Arc<Flow>, &str)]) -> Result<BTreeMap<String, Cause>, Failure> {
    if org_units.is_empty() {
        return Ok(BTreeMap::new());
    }
    let _progress = Progress::start("asking the systems for these places", app.err);
    engine.check_org_units(org_units).await.map_err(|mut error| {
        error.cause.message.push_str("; nothing was added (--offline adds it without asking the systems)");
        Failure::Error(error)
    })
}

/// Says which names are missing in the new row because nobody was asked for them: what a place was called then is how a change is seen.
fn tell_unnamed(app: &App, args: &CodesAdd, table: &Csv, silent: &[(String, Cause)]) {
    let has_names = |system: &str| table.column(&format!("{system}{NAME}")).is_some();
    let file = codes_file::name(&args.name);
    let later = app.invoke(&format!("codes export {} --out {file}", args.name));
    for (system, cause) in silent.iter().filter(|(system, _)| has_names(system)) {
        app.say(&format!("{}  the name of the place in {system} is left empty: {cause}\n", app.err.warn("warning")));
    }
    if args.offline && args.cells.iter().any(|(system, _)| has_names(system)) {
        app.say(&format!("{}\n", app.err.dim("the systems were not asked: what they call the places is left empty")));
    } else if !silent.iter().any(|(system, _)| has_names(system)) {
        return;
    }
    app.say_next(&[(later, "fills in the names; a place that is called otherwise later is seen by them")]);
}

/// What waits for one of the values.
struct Waiting {
    /// The values that records are rejected for.
    values: BTreeSet<String>,
    /// The open rejections, by flow.
    rejections: BTreeMap<String, Vec<i64>>,
}

/// What waits for one of the values that are given. One that may be personal is known by what stands for it.
async fn waiting(engine: &Engine, args: &CodesAdd) -> Result<Waiting, Failure> {
    let key = engine.store().hash_key();
    let mut waiting = Waiting { values: BTreeSet::new(), rejections: BTreeMap::new() };
    for unlisted in engine.unlisted_values(Some(&args.name)).await? {
        let given = args.cells.iter().map(|(_, value)| value);
        let Some(value) = given.into_iter().find(|value| **value == unlisted.value || stand_in(value, &key) == unlisted.value) else {
            continue;
        };
        waiting.values.insert(value.clone());
        waiting.rejections.entry(unlisted.flow).or_default().extend(unlisted.rejections);
    }
    for ids in waiting.rejections.values_mut() {
        ids.sort_unstable();
        ids.dedup();
    }
    Ok(waiting)
}

/// Systems that could not be asked, and why, for the document.
fn unasked<'s>(silent: impl Iterator<Item = (&'s String, &'s Cause)>) -> Vec<Value> {
    silent.map(|(system, cause)| json!({ "system": system, "cause": cause })).collect()
}

fn again(flow: &str, ids: &[i64]) -> String {
    if ids.len() > NAMED {
        return format!("rejects retry {flow} --all");
    }
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    format!("rejects retry {flow} {}", ids.join(" "))
}

/// Sends records again with the project as it is now: an account and an exit code for each flow.
async fn retry(app: &App, waiting: &BTreeMap<String, Vec<i64>>) -> Result<Vec<(Value, u8)>, Failure> {
    let engine = app.engine().await?;
    let mut runs = Vec::new();
    for (flow, ids) in waiting {
        let mut only = Vec::new();
        for id in ids {
            only.extend(engine.store().rejection(*id).await?.map(|row| row.source_id));
        }
        let options = RunOptions { only, trigger: "retry".to_owned(), ..RunOptions::default() };
        let report = {
            let progress = Progress::start(&format!("sending {} again", counted(ids.len() as u64, "record", "records")), app.err);
            engine.run(flow, &options, &progress).await?
        };
        let code = if app.json { report.exit_code() } else { run::finish(app, &report)? };
        runs.push((report.to_json(), code));
    }
    Ok(runs)
}

async fn export(app: &App, name: &str, out: Option<&Path>, all: bool) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let (_, crosswalk) = engine.code_map(name)?;
    let (path, file) = (codes_file::path(&app.root, name), codes_file::name(name));
    let bytes = codes_file::read(&path)?;
    let table = bytes.as_deref().map(|bytes| Csv::parse(&file, bytes)).transpose();
    let table = table.map_err(|problem| Failure::Problems { problems: vec![problem], files: Files::default() })?;
    let exported = {
        let _progress = Progress::start("asking the systems for names", app.err);
        engine.export_codes(name, table.as_ref(), all).await?
    };
    let Exported { table, in_doubt, silent, left_out } = &exported;
    let written = table.write();
    match out {
        Some(out) if is_same(out, &path) => {
            // Somebody may have decided something while the systems were asked.
            let now = CodesFile::open(app, name).await?;
            if now.read()? != bytes {
                let message = format!("{file} has changed while the systems were asked; it was left as it is");
                return Err(Error::configuration(CHANGED_MEANWHILE, message).into());
            }
            now.write(&written)?;
        }
        Some(out) => codes_file::replace(out, &written)?,
        None => {}
    }
    if app.json {
        let rows: Vec<Value> = table
            .rows
            .iter()
            .map(|row| table.header.iter().zip(&row.cells).map(|(column, cell)| (column.clone(), json!(cell))).collect())
            .collect();
        let pair = |pair: &kivuko_core::codes::Pair| json!({ &pair.one.0: pair.one.1, &pair.other.0: pair.other.1 });
        let doubtful: Vec<Value> = in_doubt.iter().map(pair).collect();
        app.document(&json!({ "name": name, "crosswalk": crosswalk.is_some(), "rows": rows, "in_doubt": doubtful, "silent": unasked(silent.iter().map(|(system, cause)| (system, cause))), "left_out": left_out }))?;
    } else if out.is_none() {
        // Standard output is text in UTF-8, whatever the form of the file.
        let mut text = table.clone();
        text.form.encoding = kivuko_core::table::Encoding::Utf8;
        app.data(&String::from_utf8_lossy(&text.write()))?;
    }
    if !app.json {
        for (system, cause) in silent {
            app.say(&format!("{}  the names of {system} are not there: {cause}\n", app.err.warn("warning")));
        }
        for cause in left_out {
            app.say(&format!("{}  {cause}\n", app.err.warn("warning")));
        }
        if !in_doubt.is_empty() {
            let links = counted(in_doubt.len() as u64, "link leads", "links lead");
            app.say(&format!("{}  {links} to several places or from several, and have no row:\n", app.err.warn("warning")));
            for pair in in_doubt {
                app.say(&format!("         {} {}  {} {}\n", pair.one.0, pair.one.1, pair.other.0, pair.other.1));
            }
        }
    }
    Ok(match (silent.as_slice(), left_out.as_slice()) {
        ([], []) => exit::WELL,
        ([], _) => exit::LEFT_OUT,
        _ => exit::SYSTEM,
    })
}

/// Whether two paths lead to one file, which may not be there yet.
fn is_same(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        path.canonicalize().or_else(|_| Ok::<_, std::io::Error>(folder.canonicalize()?.join(path.file_name().unwrap_or_default())))
    };
    matches!((real(one), real(other)), (Ok(one), Ok(other)) if one == other)
}
