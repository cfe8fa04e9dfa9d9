//! `runs cell`: the numbers of a flow that counts, and the records behind one of them.

use std::collections::{BTreeMap, BTreeSet};

use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, RecordOfCell};
use kivuko_core::error::{Error, nearest};
use kivuko_engine::{counted_by_now, names_of_cells};
use serde_json::{Value, json};

use crate::app::{App, History};
use crate::args::RunsCell;
use crate::failure::{Failure, exit};
use crate::print::{Style, Table};

/// Cells that stand for marks of completeness and the like are no numbers.
pub(super) const NO_INDICATOR: char = '(';
/// Cells that are read from the store at once.
const PAGE: usize = 2_000;

pub async fn execute(app: &App, args: &RunsCell) -> Result<u8, Failure> {
    let history = app.history().await?;
    history.known_flow(&args.flow).await?;
    let cells = cells(&history, args).await?;
    let mut names = Names::of_flow(&history, &args.flow).await?;
    names.look_at(&history, &args.flow, &cells).await?;
    if cells.is_empty() {
        let all = cells_of(&history, &args.flow, &CellFilter::default(), usize::MAX).await?;
        if let Some(why) = why_none(args, &all) {
            let message =
                format!("the flow `{}` has no such number in the environment `{}`: {why}", args.flow, history.workspace.environment);
            return Err(Error::configuration(codes::NO_SUCH_NUMBER, message).into());
        }
        app.say_nothing(&nothing_due(args, &all));
        app.answer(|| json!({ "cells": [] }), |_| String::new())?;
        return Ok(exit::WELL);
    }
    let [cell] = &cells[..] else {
        app.answer(
            || json!({ "cells": cells.iter().map(|cell| names.object(cell)).collect::<Vec<_>>() }),
            |style| names.table(&cells, style),
        )?;
        if !app.json {
            if cells.len() == args.limit {
                app.say_nothing("there may be more: --limit N shows them");
            }
            app.say_next(&[(app.invoke(&narrowed(args, &cells)), "until one number is left: the records behind it")]);
        }
        return Ok(exit::WELL);
    };
    let records = history.store().records_of_cell(cell.number, "", args.limit).await?;
    app.answer(
        || {
            let mut answer = names.object(cell);
            answer["records"] = json!(records);
            answer
        },
        |style| format!("{}\n{}", names.table(std::slice::from_ref(cell), style), records_table(&records, style)),
    )?;
    if records.is_empty() {
        app.say_nothing("no records are kept behind it: it is a zero or a formula, or the flow has `drill: off`");
    }
    Ok(exit::WELL)
}

async fn cells(history: &History, args: &RunsCell) -> Result<Vec<CellRow>, Failure> {
    let [indicator, period, org_unit, element, option_combo, attribute_option_combo] = parts(args).map(|(_, asked, _)| asked.cloned());
    let filter = CellFilter { indicator, element, period, org_unit, option_combo, attribute_option_combo, due: args.due };
    cells_of(history, &args.flow, &filter, args.limit).await
}

async fn cells_of(history: &History, flow: &str, filter: &CellFilter, limit: usize) -> Result<Vec<CellRow>, Failure> {
    let (mut found, mut after) = (Vec::new(), CellNumber(-1));
    while found.len() < limit {
        let rows = history.store().cells(flow, filter, after, limit.min(PAGE)).await?;
        let Some(last) = rows.last() else { break };
        after = last.number;
        // Of a cell without a value that nobody waits for there is nothing to tell.
        let told = |row: &CellRow| !row.cell.indicator.starts_with(NO_INDICATOR) && (row.value.is_some() || row.due);
        found.extend(rows.into_iter().filter(told));
    }
    found.truncate(limit);
    Ok(found)
}

/// The options that say which numbers are meant: what each is called, what was asked for, and what a number has of it.
type Part<'a> = (&'static str, Option<&'a String>, fn(&Cell) -> &str);

fn parts(args: &RunsCell) -> [Part<'_>; 6] {
    [
        ("indicator", args.indicator.as_ref(), |cell| &cell.indicator),
        ("period", args.period.as_ref(), |cell| &cell.period),
        ("org-unit", args.org_unit.as_ref(), |cell| &cell.org_unit),
        ("data-element", args.data_element.as_ref(), |cell| &cell.element),
        ("category-option-combo", args.category_option_combo.as_ref(), |cell| &cell.option_combo),
        ("attribute-option-combo", args.attribute_option_combo.as_ref(), |cell| &cell.attribute_option_combo),
    ]
}

/// Which of the parts that were asked for no number has, with what there is; `None` where what was asked for is there, and only nothing of it is due.
fn why_none(args: &RunsCell, all: &[CellRow]) -> Option<String> {
    let asked = || parts(args).into_iter().filter_map(|(name, asked, of)| Some((name, asked?, of)));
    if asked().next().is_none() || (args.due && all.iter().any(|row| asked().all(|(_, value, of)| of(&row.cell) == value))) {
        return None;
    }
    let unknown = |(name, value, of): (&str, &String, fn(&Cell) -> &str)| {
        let known: BTreeSet<&str> = all.iter().map(|row| of(&row.cell)).collect();
        (!known.contains(value.as_str())).then(|| {
            let near = nearest(value, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let there =
                || if known.is_empty() { "nothing has been counted yet".to_owned() } else { format!("there are {}", a_few(&known)) };
            format!("none with `--{name} {value}` ({})", near.unwrap_or_else(there))
        })
    };
    let unknown: Vec<String> = asked().filter_map(unknown).collect();
    Some(if unknown.is_empty() { "each of these is there, but no number with all of them".to_owned() } else { unknown.join(", ") })
}

/// What there is to say where no number is due.
fn nothing_due(args: &RunsCell, all: &[CellRow]) -> String {
    let is_asked = |row: &&CellRow| parts(args).into_iter().all(|(_, asked, of)| asked.is_none_or(|asked| of(&row.cell) == asked));
    match all.iter().filter(is_asked).filter(|row| row.given_up()).count() {
        _ if all.is_empty() => "nothing has been counted yet".to_owned(),
        0 => "nothing is to be sent: the target has been brought to all of these numbers".to_owned(),
        given_up => {
            format!("nothing is to be sent: the target has all of these numbers but {given_up} that it refused and a person gave up")
        }
    }
}

/// The last ones: of periods those are the newest.
fn a_few(known: &BTreeSet<&str>) -> String {
    const SHOWN: usize = 8;
    let shown: Vec<String> = known.iter().rev().take(SHOWN).map(|value| format!("`{value}`")).collect();
    let more = if known.len() > SHOWN { format!(" and {} others", known.len() - SHOWN) } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// The same command with what tells the first of these numbers from the others.
fn narrowed(args: &RunsCell, cells: &[CellRow]) -> String {
    let mut command = format!("runs cell {}", args.flow);
    let mut left: Vec<&CellRow> = cells.iter().collect();
    for (name, asked, of) in parts(args) {
        let value = of(&cells[0].cell);
        let tells = !value.is_empty() && left.iter().any(|row| of(&row.cell) != value);
        if asked.is_some() || tells {
            command = format!("{command} --{name} {value}");
            left.retain(|row| of(&row.cell) == value);
        }
    }
    if args.due {
        command.push_str(" --due");
    }
    command
}

/// What is told of numbers beside their cells.
pub(super) struct Names {
    /// What ids are called, as the last run that saw them put it down.
    called: BTreeMap<String, String>,
    /// What records come to by now, of numbers that the target was not brought to; nothing where nothing is left.
    by_now: BTreeMap<CellNumber, Option<String>>,
}

impl Names {
    pub async fn of_flow(history: &History, flow: &str) -> Result<Self, Failure> {
        Ok(Self { called: names_of_cells(history.store(), flow).await?, by_now: BTreeMap::new() })
    }

    /// Finds out what the records of these cells come to by now.
    async fn look_at(&mut self, history: &History, flow: &str, cells: &[CellRow]) -> Result<(), Failure> {
        let flow = history.workspace.project.as_ref().and_then(|project| project.flows.get(flow));
        if let Some(own) = flow.and_then(|flow| flow.aggregate.as_ref()) {
            let open: Vec<&CellRow> = cells.iter().filter(|row| row.due || row.late).collect();
            self.by_now = counted_by_now(history.store(), own, &open).await?;
        }
        Ok(())
    }

    fn of(&self, id: &str) -> Option<&str> {
        self.called.get(id).map(String::as_str).filter(|name| *name != id)
    }

    /// `Mwambao (MwambaoLand)`; the id alone where nobody knows a name.
    pub fn shown(&self, id: &str, style: Style) -> String {
        match self.of(id) {
            Some(name) => format!("{name} {}", style.dim(&format!("({id})"))),
            None => style.dim(id),
        }
    }

    pub fn object(&self, row: &CellRow) -> Value {
        let cell = &row.cell;
        json!({
            "indicator": cell.indicator,
            "dataElement": cell.element,
            "dataElementName": self.of(&cell.element),
            "period": cell.period,
            "orgUnit": cell.org_unit,
            "orgUnitName": self.of(&cell.org_unit),
            "categoryOptionCombo": cell.option_combo,
            "categoryOptionComboName": self.of(&cell.option_combo),
            "attributeOptionCombo": cell.attribute_option_combo,
            "attributeOptionComboName": self.of(&cell.attribute_option_combo),
            "value": row.value,
            "byNow": self.by_now.get(&row.number),
            "due": row.due,
            "late": row.late && row.due,
            "givenUp": row.given_up(),
        })
    }

    fn table(&self, rows: &[CellRow], style: Style) -> String {
        let mut table = Table::new(&["indicator", "period", "org unit", "data element", "categories", ">value", ">by now", "state"]);
        for row in rows {
            let state = match (row.due, row.late) {
                (true, true) => "late",
                (false, true) => "refused, given up",
                (true, false) => "to be sent",
                (false, false) => "",
            };
            table.row(vec![
                row.cell.indicator.clone(),
                row.cell.period.clone(),
                self.shown(&row.cell.org_unit, style),
                self.shown(&row.cell.element, style),
                self.shown(&row.cell.option_combo, style),
                row.value.clone().unwrap_or_else(|| "-".to_owned()),
                self.by_now.get(&row.number).map(|number| number.clone().unwrap_or_else(|| "-".to_owned())).unwrap_or_default(),
                style.dim(state),
            ]);
        }
        table.render(style)
    }
}

/// What a record adds to a number, for people. What `distinct` counts is a hash: it says nothing to anybody.
pub(super) fn part_shown(part: &str) -> &str {
    if part.len() == 32 { "one of" } else { part }
}

fn records_table(records: &[RecordOfCell], style: Style) -> String {
    let mut table = Table::new(&["record", "place", "counted by", ">counts"]);
    for record in records {
        let part = part_shown(&record.part).to_owned();
        table.row(vec![record.source_id.clone(), style.dim(&record.place), format!("run {}", record.run), part]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_is_not_said_to_have_arrived() {
        let row = |indicator: &str, late: bool| {
            let cell = Cell { indicator: indicator.to_owned(), ..Cell::default() };
            CellRow { number: CellNumber(0), cell, value: Some("2".to_owned()), due: false, late }
        };
        let all = [row("cases", false), row("cases", true), row("deaths", false)];
        let of = |indicator: &str| RunsCell { indicator: Some(indicator.to_owned()), due: true, ..RunsCell::default() };
        assert!(nothing_due(&of("cases"), &all).ends_with("but 1 that it refused and a person gave up"));
        assert!(nothing_due(&of("deaths"), &all).ends_with("brought to all of these numbers"));
        assert_eq!(nothing_due(&RunsCell::default(), &[]), "nothing has been counted yet");
    }
}
