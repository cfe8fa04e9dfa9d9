//! `find KEY`: everything that is known of one record.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kivuko_core::cells::{CellNumber, CellRow, CountedPart};
use kivuko_core::codes::Verdict;
use kivuko_core::project::Project;
use kivuko_core::store::{Found, Link, RunId};
use serde_json::{Value, json};

use super::cell::{NO_INDICATOR, Names, part_shown};
use crate::app::{App, History};
use crate::args::Find;
use crate::failure::{Failure, exit};
use crate::print::time::Calendar;
use crate::print::{Style, Table};

/// Nobody reads more of one record.
const MOST: usize = 200;

pub async fn execute(app: &App, args: &Find) -> Result<u8, Failure> {
    let history = app.history().await?;
    let found = history.store().find(args.key.trim(), MOST).await?;
    let counts = counts(&history, args.key.trim(), &found).await?;
    if found.is_empty() && counts.is_empty() {
        app.say_nothing(&format!(
            "nothing is known of it: no flow of this environment has read or written a record with this id or key{}",
            of_no_record(&history)
        ));
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
    let known = Known { ran, project: history.workspace.project.as_ref(), calendar: &history.calendar };
    app.answer(
        || json!({ "key": args.key, "found": known.documents(&found), "counts": counts.iter().flat_map(Counting::documents).collect::<Vec<_>>() }),
        |style| render(&found, &counts, &known, style),
    )?;
    Ok(exit::WELL)
}

/// That there are flows which count records and keep nothing of them, so that nobody can say whether this one is among those; nothing where there are none.
fn of_no_record(history: &History) -> String {
    let flows = history.workspace.project.iter().flat_map(|project| project.flows.values());
    let silent: Vec<String> =
        flows.filter(|flow| flow.aggregate.as_ref().is_some_and(|own| !own.drill)).map(|flow| format!("`{}`", flow.name)).collect();
    match silent.as_slice() {
        [] => String::new(),
        [one] => format!(", as far as that is kept: {one} counts with `drill: off`, and keeps nothing of which records it counted"),
        many => {
            format!(", as far as that is kept: {} count with `drill: off`, and keep nothing of which records they counted", many.join(", "))
        }
    }
}

/// What a record counts for in one flow.
struct Counting {
    flow: String,
    source_id: String,
    names: Names,
    cells: Vec<(CellRow, String)>,
}

impl Counting {
    fn documents(&self) -> impl Iterator<Item = Value> {
        self.cells.iter().map(|(row, part)| {
            let mut document = self.names.object(row);
            (document["flow"], document["source_id"]) = (json!(self.flow), json!(self.source_id));
            document["counts"] = json!(part_shown(part));
            document
        })
    }
}

/// The numbers that a record is in: by its own id, or by those under which it was found.
async fn counts(history: &History, key: &str, found: &[Found]) -> Result<Vec<Counting>, Failure> {
    let mut counts = Vec::new();
    let Some(project) = &history.workspace.project else { return Ok(counts) };
    let store = history.store();
    for flow in project.flows.values().filter(|flow| flow.aggregate.as_ref().is_some_and(|own| own.drill)) {
        let found = found.iter().filter_map(|one| match one {
            Found::Rejection(row) if row.flow == flow.name => Some(row.source_id.clone()),
            Found::Outcome { flow: of, row, .. } if *of == flow.name => Some(row.source_id.clone()),
            _ => None,
        });
        let ids: BTreeSet<String> = std::iter::once(key.to_owned()).chain(found).collect();
        let ids: Vec<String> = ids.into_iter().collect();
        for (source_id, known) in ids.iter().zip(store.counted(&flow.name, &ids).await?) {
            let parts: Vec<CountedPart> = known.map(|known| known.parts).unwrap_or_default().into_iter().take(MOST).collect();
            // A part names its cell by its number alone.
            let numbers: Vec<CellNumber> = parts.iter().map(|CountedPart(number, _)| *number).collect();
            let rows = store.cells_of_numbers(&flow.name, &numbers).await?;
            let rows: HashMap<CellNumber, &CellRow> = rows.iter().map(|row| (row.number, row)).collect();
            let shown = parts.into_iter().filter_map(|CountedPart(number, part)| Some(((*rows.get(&number)?).clone(), part)));
            let cells: Vec<(CellRow, String)> = shown.filter(|(row, _)| !row.cell.indicator.starts_with(NO_INDICATOR)).collect();
            if !cells.is_empty() {
                let names = Names::of_flow(history, &flow.name).await?;
                counts.push(Counting { flow: flow.name.clone(), source_id: source_id.clone(), names, cells });
            }
        }
    }
    Ok(counts)
}

/// What is said of a link beside what it holds.
struct Known<'h> {
    ran: BTreeMap<RunId, String>,
    project: Option<&'h Project>,
    calendar: &'h Calendar,
}

/// A row of a crosswalk's file that says that a link does not hold.
struct Parting {
    file: String,
    row: usize,
    decision: Verdict,
    note: String,
}

impl Known<'_> {
    /// Whether people decided that two linked places are not the same, in a row that holds today.
    fn parting(&self, link: &Link) -> Option<Parting> {
        let project = self.project?;
        let today = self.calendar.today();
        project.crosswalks.values().filter(|crosswalk| crosswalk.has_link(link)).find_map(|crosswalk| {
            let map = project.codes.get(&crosswalk.name)?;
            let direction = map.between(&link.source.system, &link.target_system)?;
            let decision = map.parted_by(direction, &link.source.id, &link.target_id, today)?;
            let (row, note) = (decision.line(), decision.note().to_owned());
            Some(Parting { file: crosswalk.file(), row, decision: decision.verdict(), note })
        })
    }

    /// How a link came about, and which run came by it last.
    fn seen(&self, link: &Link) -> String {
        let origin = if link.created { "created" } else { "found there" };
        match self.ran.get(&link.seen) {
            Some(flow) if *flow != link.flow => format!("{origin}, last seen in run {} of {flow}", link.seen),
            _ => format!("{origin}, last seen in run {}", link.seen),
        }
    }

    /// What was found, each link with what people decided against it.
    fn documents(&self, found: &[Found]) -> Vec<Value> {
        let document = |one: &Found| {
            let mut document = json!(one);
            if let Found::Link(link) = one {
                let parting = self.parting(link);
                document["decided_against"] =
                    json!(parting.map(
                        |Parting { file, row, decision, note }| json!({ "file": file, "row": row, "decision": decision, "note": note })
                    ));
            }
            document
        };
        found.iter().map(document).collect()
    }
}

impl Parting {
    fn words(&self) -> String {
        let decided = match self.decision {
            Verdict::Refuse => "refused",
            Verdict::None => "decided: no counterpart",
            Verdict::Accept => "decided: another counterpart",
        };
        let note = if self.note.is_empty() { String::new() } else { format!(" ({})", self.note) };
        format!("{decided} in {}, row {}{note}", self.file, self.row)
    }
}

fn render(found: &[Found], counts: &[Counting], known: &Known<'_>, style: Style) -> String {
    let calendar = known.calendar;
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
            Found::Link(link) => {
                let parting = known.parting(link);
                let seen = style.dim(&known.seen(link));
                let (between, said) = match &parting {
                    Some(parting) => (style.warn("≠"), format!("{}; {seen}", style.warn(&parting.words()))),
                    None => (style.dim("→"), seen),
                };
                links.row(vec![
                    format!("{} {} {}", link.source.system, link.source.resource, style.bold(&link.source.id)),
                    between,
                    format!("{} {} {}", link.target_system, link.target_resource, style.bold(&link.target_id)),
                    link.key.to_string(),
                    link.flow.clone(),
                    said,
                ]);
            }
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
    let mut counted = Table::new(&["flow", "id", "indicator", "period", "org unit", "data element", "categories", ">counts"]).indented(2);
    for Counting { flow, source_id, names, cells } in counts {
        for (CellRow { cell, .. }, part) in cells {
            counted.row(vec![
                flow.clone(),
                source_id.clone(),
                style.bold(&cell.indicator),
                cell.period.clone(),
                names.shown(&cell.org_unit, style),
                names.shown(&cell.element, style),
                names.shown(&cell.option_combo, style),
                part_shown(part).to_owned(),
            ]);
        }
    }
    let sections =
        [("counts in", counted), ("linked", links), ("rejected", rejections), ("waiting", waiting), ("what became of it", outcomes)];
    let shown: Vec<String> = sections
        .iter()
        .filter(|(_, table)| !table.is_empty())
        .map(|(title, table)| format!("{}\n{}", style.bold(title), table.render(style)))
        .collect();
    shown.join("\n")
}
