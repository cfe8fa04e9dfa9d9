//! Taking a run back that wrote numbers. A number is nobody's data, so what it was before is always kept; and it is its own version: while the target holds what
//! the run wrote, nobody changed it since.

use std::collections::HashMap;

use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, CellUpdate};
use kivuko_core::connector::{Action, Candidate, Key};
use kivuko_core::error::Error;
use kivuko_core::store::Kept;
use serde_json::{Map, Value, json};

use super::is_number;
use crate::run::Execution;
use crate::since::Later;
use crate::undo::{changed_since, deleted_before, done_before, not_reverted, write};
use crate::unit::{Decision, Item, Unit};

/// The cells of a flow by the identities of their numbers, as they were before anything was taken back.
pub(crate) type CellsById = HashMap<String, CellRow>;

impl Execution<'_> {
    /// What is kept of a number that was written: what it is now, in the place of a version, and what it was before.
    pub(crate) fn kept_number(&self, item: &Item, action: Action, before: &Value) -> (Option<String>, Vec<u8>) {
        let Some(cell) = self.sending.as_ref().and_then(|sending| sending.cells.get(&item.id)) else { return (None, Vec::new()) };
        // Of a write that a killed run sent it was not seen what was there before; then it is what an earlier run left.
        let seen = before.get("value").and_then(Value::as_str).map(str::to_owned);
        let before = match (action, seen.or_else(|| cell.row.value.clone())) {
            (Action::Create, _) | (_, None) => Vec::new(),
            (_, Some(value)) => {
                let mut kept = Map::from_iter([("value".to_owned(), json!(value))]);
                kept.extend(
                    before.get("comment").filter(|comment| !comment.is_null()).map(|comment| ("comment".to_owned(), comment.clone())),
                );
                Value::Object(kept).to_string().into_bytes()
            }
        };
        (cell.value.clone(), before)
    }

    /// What takes a written number back. `later` is the run that has changed it since, where that was one.
    pub(crate) fn undo_number(unit: &Unit, kept: &Kept, present: Option<&Candidate>, later: Option<&Later>) -> Decision {
        let present = present.filter(|present| present.stands());
        let before = serde_json::from_slice::<Value>(&kept.before).ok().filter(|before| before["value"].is_string());
        // A revert that was killed may have done it already.
        let is_back = |action: Action, present: &Candidate, before: &Value| {
            unit.interrupted == Some(action) && present.version.is_some() && is_same(present, before["value"].as_str())
        };
        match (kept.action, present, before) {
            (Action::Create, None, _) if unit.was_being_deleted => deleted_before(kept),
            (Action::Update, Some(present), Some(before)) if is_back(Action::Update, present, &before) => {
                done_before(Action::Update, present, before)
            }
            (Action::Delete | Action::Deactivate, Some(present), Some(before)) if is_back(Action::Create, present, &before) => {
                done_before(Action::Create, present, before)
            }
            // Where a 0 is not kept, nothing is shown as a 0 that was written at no time.
            (Action::Delete | Action::Deactivate, Some(present), _) if present.version.is_some() => {
                changed_since(later, "gave the number a value")
            }
            (Action::Delete | Action::Deactivate, _, Some(before)) => {
                let mut body: Map<String, Value> =
                    Cell::FIELDS.into_iter().map(str::to_owned).zip(kept.source_id.split('.').map(|part| json!(part))).collect();
                body.extend(before.as_object().cloned().unwrap_or_default());
                write(Action::Create, None, Value::Object(body))
            }
            (Action::Delete | Action::Deactivate, ..) => not_reverted("what it was before is not known"),
            (_, None, _) if later.is_some() => changed_since(later, "took the number away"),
            (_, None, _) => not_reverted("the number is no longer in the target"),
            (_, Some(_), _) if kept.version.is_none() => not_reverted("what the run wrote is not known"),
            (_, Some(present), _) if !is_same(present, kept.version.as_deref()) => changed_since(later, "changed the number"),
            (Action::Create, Some(present), _) => write(Action::Delete, Some(present), Value::Null),
            (Action::Update, Some(present), Some(before)) => write(Action::Update, Some(present), before),
            (Action::Update, Some(_), None) => not_reverted("what it was before is not known"),
        }
    }

    /// The key of a number by its identity.
    pub(crate) fn key_of_number(id: &str) -> Key {
        Key(id.split('.').map(str::to_owned).collect())
    }

    pub(crate) async fn cells_by_id(&self) -> Result<CellsById, Error> {
        let rows = self.all_cells(&CellFilter::default()).await?;
        // Where a sheet has called a number otherwise, there is an old cell of it too, in which nothing is left.
        let (held, empty): (Vec<CellRow>, Vec<CellRow>) =
            rows.into_iter().filter(|row| is_number(&row.cell)).partition(|row| row.value.is_some());
        Ok(empty.into_iter().chain(held).map(|row| (row.cell.id(), row)).collect())
    }

    /// Before numbers are taken back: a run that comes after a killed revert finds them due, and looks at them.
    pub(crate) async fn touch_numbers(&self, kept: &[Kept], cells: &CellsById) -> Result<(), Error> {
        let touched: Vec<CellNumber> = kept.iter().filter_map(|kept| Some(cells.get(&kept.source_id)?.number)).collect();
        self.touch(&touched).await
    }
}

/// What the target holds of the cells after numbers were taken back. Those are due: the next run brings them to what the records come to. What was left as it is, is as due as it was.
pub(crate) fn taken_back(items: &[Item], units: &[Unit], cells: &CellsById) -> Vec<CellUpdate> {
    let update = |unit: &Unit| {
        let row = cells.get(&items[unit.item].id)?;
        let (value, due, late) = match &unit.decision {
            Decision::Written { change, .. } => match change.action {
                Action::Create | Action::Update => (change.body["value"].as_str().map(str::to_owned), true, false),
                Action::Delete | Action::Deactivate => (None, true, false),
            },
            Decision::Skipped(_) => (row.value.clone(), row.due, row.late),
            _ => return None,
        };
        Some(CellUpdate { number: row.number, value, due, late })
    };
    units.iter().filter_map(update).collect()
}

/// The identity of a number that is to be made, by its content.
pub(crate) fn id_of_number(body: &Value) -> Option<String> {
    let parts: Option<Vec<&str>> = Cell::FIELDS.iter().map(|part| body.get(*part)?.as_str()).collect();
    Some(parts?.join("."))
}

/// Whether the target holds this value; `12.0` is `12`.
pub(crate) fn is_same(present: &Candidate, value: Option<&str>) -> bool {
    let (Some(now), Some(written)) = (present.body["value"].as_str(), value) else { return false };
    let number = |text: &str| text.parse::<f64>().ok();
    now == written || number(now).is_some_and(|now| number(written) == Some(now))
}
