//! `runs cell`: the numbers of a flow that counts, and the records behind one of them.

use std::collections::BTreeMap;

use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{CellFilter, CellNumber, CellRow, RecordOfCell};
use kivuko_core::error::Error;
use kivuko_engine::names_of_cells;
use serde_json::{Value, json};

use crate::app::{App, History};
use crate::args::RunsCell;
use crate::failure::{Failure, exit};
use crate::print::{Style, Table};

/// Cells that stand for marks of completeness and the like are no numbers.
const NO_INDICATOR: char = '(';

pub async fn execute(app: &App, args: &RunsCell) -> Result<u8, Failure> {
    let history = app.history().await?;
    history.known_flow(&args.flow).await?;
    let cells = cells(&history, args).await?;
    let names = Names(names_of_cells(history.store(), &args.flow).await?);
    if cells.is_empty() {
        let message = format!("the flow `{}` has no such number in the environment `{}`", args.flow, history.workspace.environment);
        return Err(Error::configuration(codes::NO_SUCH_NUMBER, message).into());
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
            let one = format!("runs cell {} --indicator {} --period {}", args.flow, cells[0].cell.indicator, cells[0].cell.period);
            app.say_next(&[(app.invoke(&one), "until one number is left: the records behind it")]);
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
    let filter = CellFilter {
        indicator: args.indicator.clone(),
        element: args.data_element.clone(),
        period: args.period.clone(),
        org_unit: args.org_unit.clone(),
        option_combo: args.category_option_combo.clone(),
        attribute_option_combo: args.attribute_option_combo.clone(),
        due: args.due,
    };
    let (mut found, mut after) = (Vec::new(), CellNumber(-1));
    while found.len() < args.limit {
        let rows = history.store().cells(&args.flow, &filter, after, args.limit).await?;
        let Some(last) = rows.last() else { break };
        after = last.number;
        // Of a cell without a value that nobody waits for there is nothing to tell.
        let told = |row: &CellRow| !row.cell.indicator.starts_with(NO_INDICATOR) && (row.value.is_some() || row.due);
        found.extend(rows.into_iter().filter(told));
    }
    found.truncate(args.limit);
    Ok(found)
}

/// What ids are called, as the last run that saw them put it down.
struct Names(BTreeMap<String, String>);

impl Names {
    fn of(&self, id: &str) -> Option<&str> {
        self.0.get(id).map(String::as_str).filter(|name| *name != id)
    }

    /// `Mwambao (MwambaoLand)`; the id alone where nobody knows a name.
    fn shown(&self, id: &str, style: Style) -> String {
        match self.of(id) {
            Some(name) => format!("{name} {}", style.dim(&format!("({id})"))),
            None => style.dim(id),
        }
    }

    fn object(&self, row: &CellRow) -> Value {
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
            "due": row.due,
            "late": row.late && row.due,
            "givenUp": row.given_up(),
        })
    }

    fn table(&self, rows: &[CellRow], style: Style) -> String {
        let mut table = Table::new(&["indicator", "period", "org unit", "data element", "categories", ">value", "state"]);
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
                style.dim(state),
            ]);
        }
        table.render(style)
    }
}

fn records_table(records: &[RecordOfCell], style: Style) -> String {
    let mut table = Table::new(&["record", "place", "counted by", ">counts"]);
    for record in records {
        // What `distinct` counts is a hash: it says nothing to anybody.
        let part = if record.part.len() == 32 { "one of" } else { &record.part };
        table.row(vec![record.source_id.clone(), style.dim(&record.place), format!("run {}", record.run), part.to_owned()]);
    }
    if table.is_empty() { String::new() } else { table.render(style) }
}
