//! `runs cell`: the numbers of a flow that counts, and the records behind one of them.

use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{CellFilter, CellNumber, CellRow, RecordOfCell};
use kivuko_core::error::Error;
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
    if cells.is_empty() {
        let message = format!("the flow `{}` has no such number in the environment `{}`", args.flow, history.workspace.environment);
        return Err(Error::configuration(codes::NO_SUCH_NUMBER, message).into());
    }
    let [cell] = &cells[..] else {
        app.answer(|| json!({ "cells": cells.iter().map(object).collect::<Vec<_>>() }), |style| table(&cells, style))?;
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
            let mut answer = object(cell);
            answer["records"] = json!(records);
            answer
        },
        |style| format!("{}\n{}", table(std::slice::from_ref(cell), style), records_table(&records, style)),
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

fn object(row: &CellRow) -> Value {
    json!({
        "indicator": row.cell.indicator,
        "dataElement": row.cell.element,
        "period": row.cell.period,
        "orgUnit": row.cell.org_unit,
        "categoryOptionCombo": row.cell.option_combo,
        "attributeOptionCombo": row.cell.attribute_option_combo,
        "value": row.value,
        "due": row.due,
        "late": row.late && row.due,
        "givenUp": row.given_up(),
    })
}

fn table(rows: &[CellRow], style: Style) -> String {
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
            row.cell.org_unit.clone(),
            style.dim(&row.cell.element),
            style.dim(&row.cell.option_combo),
            row.value.clone().unwrap_or_else(|| "-".to_owned()),
            style.dim(state),
        ]);
    }
    table.render(style)
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
