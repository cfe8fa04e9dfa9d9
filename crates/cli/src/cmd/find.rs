//! `find KEY`: everything that is known of one record.

use std::collections::{BTreeMap, HashSet};

use kivuko_core::store::{Found, Link, RunId};
use serde_json::json;

use crate::app::App;
use crate::args::Find;
use crate::failure::{Failure, exit};
use crate::print::time::Calendar;
use crate::print::{Style, Table};

/// Nobody reads more of one record.
const MOST: usize = 200;

pub async fn execute(app: &App, args: &Find) -> Result<u8, Failure> {
    let history = app.history().await?;
    let found = history.store().find(args.key.trim(), MOST).await?;
    if found.is_empty() {
        app.say_nothing("nothing is known of it: no flow of this environment has read or written a record with this id or key");
    }
    // A link belongs to the project: another flow than the one that made it may have come by it last.
    let mut ran: BTreeMap<RunId, String> = BTreeMap::new();
    for one in &found {
        if let Found::Link(link) = one
            && !ran.contains_key(&link.seen)
            && let Some(run) = history.store().run(link.seen).await?
        {
            ran.insert(link.seen, run.flow);
        }
    }
    app.answer(|| json!({ "key": args.key, "found": found }), |style| render(&found, &ran, &history.calendar, style))?;
    Ok(exit::WELL)
}

/// How a link came about, and which run came by it last.
fn seen(link: &Link, ran: &BTreeMap<RunId, String>) -> String {
    let origin = if link.created { "created" } else { "found there" };
    match ran.get(&link.seen) {
        Some(flow) if *flow != link.flow => format!("{origin}, last seen in run {} of {flow}", link.seen),
        _ => format!("{origin}, last seen in run {}", link.seen),
    }
}

fn render(found: &[Found], ran: &BTreeMap<RunId, String>, calendar: &Calendar, style: Style) -> String {
    let mut links = Table::new(&["source", "", "target", "key", "flow", ""]).indented(2);
    let mut rejections = Table::new(&[">number", "flow", "id", "place", "since", "why"]).indented(2);
    let mut waiting = Table::new(&["flow", "id", "place", "waits for", "since"]).indented(2);
    let mut outcomes = Table::new(&[">run", "flow", "when", "outcome", "id", "place", "what"]).indented(2);
    // Of a record with several parts one line says what became of it; `runs records` has the parts.
    let whole: HashSet<_> = found
        .iter()
        .filter_map(|one| match one {
            Found::Outcome { run, row, .. } if row.part.is_empty() => Some((*run, row.source_id.as_str())),
            _ => None,
        })
        .collect();
    for one in found {
        match one {
            Found::Outcome { run, row, .. } if !row.part.is_empty() && whole.contains(&(*run, row.source_id.as_str())) => {}
            Found::Link(link) => links.row(vec![
                format!("{} {} {}", link.source.system, link.source.resource, style.bold(&link.source.id)),
                style.dim("→"),
                format!("{} {} {}", link.target_system, link.target_resource, style.bold(&link.target_id)),
                link.key.to_string(),
                link.flow.clone(),
                style.dim(&seen(link, ran)),
            ]),
            Found::Rejection(row) => rejections.row(vec![
                row.id.to_string(),
                row.flow.clone(),
                row.source_id.clone(),
                style.dim(&row.place),
                calendar.relative(row.first_at),
                row.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            ]),
            Found::Waiting(row) => waiting.row(vec![
                row.flow.clone(),
                row.source_id.clone(),
                style.dim(&row.place),
                format!("{} of {}", row.reference.source_id, row.reference.flow),
                calendar.relative(row.since),
            ]),
            Found::Outcome { run, flow, at, row } => outcomes.row(vec![
                run.to_string(),
                flow.clone(),
                calendar.relative(*at),
                style.outcome(row.outcome, row.outcome.word()),
                row.source_id.clone(),
                style.dim(&row.place),
                if row.causes.is_empty() {
                    style.dim(&row.fields.join(", "))
                } else {
                    row.causes.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
                },
            ]),
        }
    }
    let sections = [("linked", links), ("rejected", rejections), ("waiting", waiting), ("what became of it", outcomes)];
    let shown: Vec<String> = sections
        .iter()
        .filter(|(_, table)| !table.is_empty())
        .map(|(title, table)| format!("{}\n{}", style.bold(title), table.render(style)))
        .collect();
    shown.join("\n")
}
