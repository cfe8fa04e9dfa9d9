//! `cursor show | set | rewind FLOW`: how far a flow has read, and moving it by hand with a reason that is kept.

use jiff::Timestamp;
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::CursorRow;
use serde_json::{Value, json};

use super::rejects::reason;
use crate::app::{App, History, unknown};
use crate::args::{ByHand, CursorWhat};
use crate::failure::{Failure, exit};
use crate::print::{Table, put};

/// So many changes by hand are shown.
const CHANGES: usize = 20;

pub async fn execute(app: &App, what: &CursorWhat) -> Result<u8, Failure> {
    let history = app.history().await?;
    match what {
        CursorWhat::Show { flow } => show(app, &history, flow).await,
        CursorWhat::Set { flow, value, by } => {
            // The printable time belongs to the value; the value of an earlier row brings its own.
            let known = history.store().cursors(flow).await?.into_iter().chain(history.store().cursor_history(flow, CHANGES).await?);
            let time = known.map(|row| row.cursor).find(|cursor| cursor.value == *value).and_then(|cursor| cursor.time);
            change(app, &history, flow, by, Some(&Cursor { value: value.clone(), time })).await
        }
        CursorWhat::Rewind { flow, by } => change(app, &history, flow, by, None).await,
    }
}

async fn show(app: &App, history: &History, flow: &str) -> Result<u8, Failure> {
    history.known_flow(flow).await?;
    let rows = history.store().cursors(flow).await?;
    let changes = history.store().cursor_history(flow, CHANGES).await?;
    if rows.is_empty() {
        app.say_nothing("no cursor: the next run reads from the beginning");
    }
    app.answer(
        || json!({ "flow": flow, "cursors": rows.iter().map(to_json).collect::<Vec<_>>(), "changes": changes.iter().map(to_json).collect::<Vec<_>>() }),
        |style| {
            let calendar = &history.calendar;
            let mut now = Table::new(&["partition", "read up to", "set", "value"]);
            for row in &rows {
                now.row(vec![
                    row.partition.0.clone(),
                    row.cursor.time.map(|at| calendar.both(at)).unwrap_or_default(),
                    calendar.relative(row.at),
                    style.dim(&row.cursor.value),
                ]);
            }
            let mut by_hand = Table::new(&["when", "partition", "value", "reason"]).indented(2);
            for row in &changes {
                let value = if row.cursor.value.is_empty() { "(the beginning)" } else { &row.cursor.value };
                by_hand.row(vec![calendar.both(row.at), row.partition.0.clone(), style.dim(value), row.reason.clone().unwrap_or_default()]);
            }
            let mut text = if now.is_empty() { String::new() } else { now.render(style) };
            if !by_hand.is_empty() {
                put!(text, "\n{}\n{}", style.bold("moved by hand"), by_hand.render(style));
            }
            text
        },
    )?;
    Ok(exit::WELL)
}

fn to_json(row: &CursorRow) -> Value {
    json!({ "partition": row.partition, "value": row.cursor.value, "time": row.cursor.time, "at": row.at, "reason": row.reason })
}

async fn change(app: &App, history: &History, flow: &str, by: &ByHand, cursor: Option<&Cursor>) -> Result<u8, Failure> {
    history.known_flow(flow).await?;
    let reason = reason(&by.reason)?;
    let known = history.store().cursors(flow).await?;
    let names: Vec<&str> = known.iter().map(|row| row.partition.0.as_str()).collect();
    let partition = match (&by.partition, names.as_slice()) {
        (Some(name), known) if known.contains(&name.as_str()) || cursor.is_some() => name.clone(),
        (Some(name), known) => return Err(unknown("partition", name, known)),
        (None, [only]) => (*only).to_owned(),
        (None, []) => return Err(Failure::usage(format!("the flow {flow} has no cursor yet: it reads from the beginning anyway"))),
        (None, several) => {
            return Err(Failure::usage(format!(
                "the flow {flow} reads several partitions; name one with --partition: {}",
                several.join(", ")
            )));
        }
    };
    let at = Timestamp::now();
    history.store().set_cursor(flow, &Partition(partition.clone()), cursor, reason, at).await?;
    app.answer(
        || json!({ "flow": flow, "partition": partition, "value": cursor.map(|cursor| &cursor.value), "reason": reason }),
        |style| match cursor {
            Some(_) => format!("{} of {flow} is set; the reason is kept\n", style.bold(&partition)),
            None => {
                format!("{} of {flow} is forgotten: the next run reads from the beginning; the reason is kept\n", style.bold(&partition))
            }
        },
    )?;
    Ok(exit::WELL)
}
