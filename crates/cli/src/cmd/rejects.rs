//! `rejects list | show | retry | discard`: the records that did not get through.

use std::collections::BTreeSet;

use jiff::Timestamp;
use kivuko_core::catalogue::record::NEEDS_DECISION;
use kivuko_core::flow::Flow;
use kivuko_core::mapping::sheet::Column;
use kivuko_core::store::{RejectionRow, Store};
use kivuko_engine::{CauseGroup, CauseGroups, RunOptions};
use serde_json::{Value, json};

use super::run;
use crate::app::App;
use crate::args::{Rejects, RejectsDiscard, RejectsList, RejectsRetry, RejectsWhat, Which};
use crate::failure::{Failure, exit};
use crate::print::figures::counted;
use crate::print::mask::{self, Shown};
use crate::print::progress::Progress;
use crate::print::{Style, Table, account, put};

/// More open rejections than this are not looked at together; they have few causes anyway.
const MOST: usize = 100_000;

pub async fn execute(app: &App, args: Rejects) -> Result<u8, Failure> {
    match args.what.unwrap_or(RejectsWhat::List(args.list)) {
        RejectsWhat::List(args) => list(app, &args).await,
        RejectsWhat::Show { id, show_values } => show(app, id, show_values).await,
        RejectsWhat::Retry(args) => retry(app, &args).await,
        RejectsWhat::Discard(args) => discard(app, &args).await,
    }
}

async fn list(app: &App, args: &RejectsList) -> Result<u8, Failure> {
    let history = app.history().await?;
    if let Some(flow) = &args.flow {
        history.known_flow(flow).await?;
    }
    let mut rows = history.store().rejections(args.flow.as_deref(), MOST).await?;
    if let Some(code) = args.code {
        rows.retain(|row| row.causes.iter().any(|cause| cause.code == code));
    }
    if rows.is_empty() {
        app.say_nothing("nothing is rejected");
    }
    if args.each || args.code.is_some() {
        let total = rows.len();
        rows.truncate(args.limit);
        app.answer(|| json!({ "rejections": rows, "total": total }), |style| each(&rows, &history.calendar, style))?;
        if total > rows.len() && !app.json {
            app.say(&format!("{}\n", app.err.dim(&format!("... {} of {total}; --limit {total} shows all", rows.len()))));
        }
        if let (Some(first), false) = (rows.first(), app.json) {
            app.say_next(&[
                (app.invoke(&format!("rejects show {}", first.id)), "one of them, and what was kept of it"),
                (app.invoke(&format!("rejects retry {} {}", first.flow, first.id)), "sends it again"),
            ]);
        }
        return Ok(exit::WELL);
    }
    let flows = by_flow(&rows);
    app.answer(
        || {
            let flows: Vec<Value> =
                flows.iter().map(|(flow, records, causes)| json!({ "flow": flow, "rejected": records, "causes": causes })).collect();
            json!({ "flows": flows })
        },
        |style| {
            let sections: Vec<String> = flows
                .iter()
                .map(|(flow, records, causes)| {
                    let title =
                        format!("{}  {}", style.bold(flow), style.bad(&format!("{} rejected", counted(*records, "record", "records"))));
                    format!("{title}\n\n{}", account::grouped(&causes.iter().collect::<Vec<_>>(), account::PLACES, style))
                })
                .collect();
            sections.join("\n")
        },
    )?;
    if let (Some((flow, _, causes)), false) = (flows.first(), app.json) {
        let mut steps = Vec::new();
        if let Some(worst) = causes.first() {
            steps.push((format!("kivuko explain {}", worst.code), "what it means, how to check, how to cure it"));
            steps.push((app.invoke(&format!("rejects list {flow} --code {}", worst.code)), "these records, one by one"));
            steps.push((app.invoke(&format!("rejects retry {flow} --code {}", worst.code)), "when it is repaired: send these again"));
        }
        if causes.iter().any(|group| group.code == NEEDS_DECISION) {
            steps.push((app.invoke(&format!("review list {flow}")), "who waits for a person to decide who it is"));
        }
        app.say_next(&steps);
    }
    Ok(exit::WELL)
}

/// The flows with their causes, the flow with most rejections first.
fn by_flow(rows: &[RejectionRow]) -> Vec<(String, u64, Vec<CauseGroup>)> {
    let mut names: Vec<&str> = rows.iter().map(|row| row.flow.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let mut flows: Vec<(String, u64, Vec<CauseGroup>)> = names
        .into_iter()
        .map(|flow| {
            let mut groups = CauseGroups::default();
            let mut records = 0;
            for row in rows.iter().filter(|row| row.flow == flow) {
                records += row.causes.iter().filter_map(|cause| cause.records).max().unwrap_or(1);
                for cause in &row.causes {
                    groups.add_rejection(cause, &row.place);
                }
            }
            (flow.to_owned(), records, groups.into_sorted())
        })
        .collect();
    flows.sort_by(|(_, a, _), (_, b, _)| b.cmp(a));
    flows
}

fn each(rows: &[RejectionRow], calendar: &crate::print::time::Calendar, style: Style) -> String {
    let mut table = Table::new(&[">number", "flow", "id", "place", ">times", "since", "why"]);
    for row in rows {
        table.row(vec![
            row.id.to_string(),
            row.flow.clone(),
            row.source_id.clone(),
            style.dim(&row.place),
            row.times.to_string(),
            calendar.relative(row.first_at),
            row.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        ]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}

/// So many rejections are named one by one.
const NAMED: usize = 10;

async fn show(app: &App, id: i64, show_values: bool) -> Result<u8, Failure> {
    let history = app.history().await?;
    let row = history.store().rejection(id).await?;
    let row = row.ok_or_else(|| Failure::usage_with(format!("there is no open rejection {id}"), "rejects list --each"))?;
    let payload = if row.has_payload { history.store().rejection_payload(id).await? } else { None };
    // What was kept is the record as it came; a body that is no JSON is the reason why it was rejected, and is shown only as a whole.
    let record: Option<Value> =
        payload.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned())));
    let flow = history.workspace.project.as_ref().and_then(|project| project.flows.get(&row.flow));
    let fields = record.as_ref().map(|record| {
        mask::record(record, &|name| show_values || flow.is_some_and(|flow| may_be_seen(flow, name)))
            .into_iter()
            .map(|(name, shown)| if show_values && name.is_empty() { (name, Shown::Plain(record.clone())) } else { (name, shown) })
            .collect::<Vec<_>>()
    });
    app.answer(
        || {
            let mut document = json!(row);
            document["record"] =
                fields.as_ref().map_or(Value::Null, |fields| fields.iter().map(|(name, shown)| (name.clone(), shown.to_json())).collect());
            document
        },
        |style| one(&row, fields.as_deref(), &history.calendar, style),
    )?;
    if !app.json {
        if fields.is_some() && !show_values {
            // The sheet of a flow that counts has no such column.
            let counts = flow.is_some_and(|flow| flow.aggregate.is_some());
            let masked = if counts { "values are masked" } else { "values are masked where the sheet does not say `personal: no`" };
            app.say(&format!("\n{}\n", app.err.dim(&format!("{masked}; --show-values shows them"))));
        }
        let mut steps = Vec::new();
        if let Some(cause) = row.causes.first() {
            steps.push((format!("kivuko explain {}", cause.code), "what it means, how to check, how to cure it"));
        }
        if row.causes.iter().any(|cause| cause.code == NEEDS_DECISION) {
            steps.push((app.invoke(&format!("review list {}", row.flow)), "the question that a person has to answer"));
        }
        steps.push((app.invoke(&format!("rejects retry {} {id}", row.flow)), "when it is repaired: sends it again"));
        steps.push((app.invoke(&format!("rejects discard {} {id} --reason WHY", row.flow)), "if it will never go through"));
        app.say_next(&steps);
    }
    Ok(exit::WELL)
}

/// A field of the source is seen only when rows of the sheet read it and all of them say that it is not personal.
fn may_be_seen(flow: &Flow, field: &str) -> bool {
    let sheet = flow.mapping.sheet();
    let names = |cell: &str| cell.split(';').map(str::trim).any(|source| source == field);
    let mut reading = sheet.rows.iter().filter(|row| names(row.cell(Column::Source))).peekable();
    reading.peek().is_some() && reading.all(|row| row.cell(Column::Personal).trim().eq_ignore_ascii_case("no"))
}

fn one(row: &RejectionRow, fields: Option<&[(String, Shown)]>, calendar: &crate::print::time::Calendar, style: Style) -> String {
    let mut text = format!("{}  {}  {}\n\n", style.bold(&format!("rejection {}", row.id)), row.source_id, style.dim(&row.place));
    for cause in &row.causes {
        put!(text, "  {}  {}\n", style.bad(&cause.code.to_string()), style.wrap(&cause.words(), 9));
        let details: Vec<String> =
            [cause.field.as_ref().map(|field| format!("field {field}")), cause.cell.clone()].into_iter().flatten().collect();
        if !details.is_empty() {
            put!(text, "         {}\n", style.dim(&details.join("; ")));
        }
    }
    let mut table = Table::new(&["", ""]).indented(2);
    table.row(vec![style.dim("flow"), row.flow.clone()]);
    table.row(vec![style.dim("first"), format!("run {}, {}", row.first_run, calendar.both(row.first_at))]);
    if row.times > 1 {
        table.row(vec![style.dim("last"), format!("run {}, {}", row.last_run, calendar.both(row.last_at))]);
        table.row(vec![style.dim("times"), row.times.to_string()]);
    }
    put!(text, "\n{}", table.render(style));
    match fields {
        Some(fields) => {
            let mut table = Table::new(&["", ""]).indented(2);
            for (name, shown) in fields {
                table.row(vec![style.dim(name), shown.text()]);
            }
            put!(text, "\n{}", table.render(style));
        }
        None => put!(text, "\n  {}\n", style.dim("nothing was kept of the record itself")),
    }
    text
}

/// The open rejections that are meant.
async fn chosen(store: &dyn Store, flow: &str, which: &Which) -> Result<Vec<RejectionRow>, Failure> {
    let mut rows = store.rejections(Some(flow), MOST).await?;
    if let Some(code) = which.code {
        rows.retain(|row| row.causes.iter().any(|cause| cause.code == code));
    }
    if !which.ids.is_empty() {
        if let Some(missing) = which.ids.iter().find(|&&id| rows.iter().all(|row| row.id != id)) {
            return Err(Failure::usage_with(
                format!("the flow {flow} has no open rejection {missing}"),
                format!("rejects list {flow} --each"),
            ));
        }
        rows.retain(|row| which.ids.contains(&row.id));
    }
    Ok(rows)
}

async fn retry(app: &App, args: &RejectsRetry) -> Result<u8, Failure> {
    let engine = app.engine().await?;
    let flow = engine.flow(&args.flow)?;
    let rows = chosen(&**engine.store(), &flow.name, &args.which).await?;
    if rows.is_empty() {
        return nothing(app, "nothing is rejected that could be sent again");
    }
    let options =
        RunOptions { only: rows.iter().map(|row| row.source_id.clone()).collect(), trigger: "retry".to_owned(), ..RunOptions::default() };
    let report = {
        let progress = Progress::start(&format!("sending {} again", counted(rows.len() as u64, "record", "records")), app.err);
        engine.run(&flow.name, &options, &progress).await?
    };
    run::finish(app, &report)
}

async fn discard(app: &App, args: &RejectsDiscard) -> Result<u8, Failure> {
    let history = app.history().await?;
    history.known_flow(&args.flow).await?;
    let reason = reason(&args.reason)?;
    let rows = chosen(history.store(), &args.flow, &args.which).await?;
    if rows.is_empty() {
        return nothing(app, "nothing is rejected that could be discarded");
    }
    // Who gives up a cause has not seen the others: a record goes with all that is wrong with it only when it is named.
    let (rows, mixed): (Vec<RejectionRow>, Vec<RejectionRow>) = rows.into_iter().partition(|row| !has_others(row, &args.which));
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let discarded = if ids.is_empty() { 0 } else { history.store().discard_rejections(&ids, reason, Timestamp::now()).await? };
    let left: Vec<i64> = mixed.iter().map(|row| row.id).collect();
    app.answer(
        || json!({ "discarded": discarded, "left": left }),
        |_| format!("{} discarded; the reason is kept\n", counted(discarded, "rejection", "rejections")),
    )?;
    if !app.json && !mixed.is_empty() {
        let others: BTreeSet<String> = mixed
            .iter()
            .flat_map(|row| &row.causes)
            .filter(|cause| Some(cause.code) != args.which.code)
            .map(|cause| cause.code.to_string())
            .collect();
        let told = format!(
            "{} left, since other causes stand against the same record too: {}",
            counted(left.len() as u64, "rejection was", "rejections were"),
            others.into_iter().collect::<Vec<_>>().join(", ")
        );
        app.say(&format!("{}  {told}\n", app.err.warn("warning")));
        let ids: Vec<String> = left.iter().take(NAMED).map(ToString::to_string).collect();
        let more = if left.len() > NAMED { " ..." } else { "" };
        app.say_next(&[
            (app.invoke(&format!("rejects show {}", left[0])), "all causes of one"),
            (
                app.invoke(&format!("rejects discard {} {}{more} --reason WHY", args.flow, ids.join(" "))),
                "gives these up with all their causes",
            ),
        ]);
    }
    Ok(exit::WELL)
}

/// Whether a rejection that is meant by a cause has another one too, and is not named itself.
fn has_others(row: &RejectionRow, which: &Which) -> bool {
    which.ids.is_empty() && which.code.is_some_and(|code| row.causes.iter().any(|cause| cause.code != code))
}

fn nothing(app: &App, text: &str) -> Result<u8, Failure> {
    app.say_nothing(text);
    if app.json {
        app.document(&json!({ "records": 0 }))?;
    }
    Ok(exit::WELL)
}

/// A reason that says something.
pub fn reason(given: &str) -> Result<&str, Failure> {
    let given = given.trim();
    if given.is_empty() {
        Err(Failure::usage("--reason is empty; say in a few words why, for those who look at it later"))
    } else {
        Ok(given)
    }
}
