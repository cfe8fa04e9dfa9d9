//! The account of a page of cells: what was written is counted in cells, what became of records was counted before.

use jiff::Timestamp;
use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{CellRow, CellUpdate};
use kivuko_core::error::Cause;
use kivuko_core::numbers::{LOCKED, NOT_YET_OPEN};
use kivuko_core::outcome::Outcome;
use kivuko_core::store::{OutcomeRow, PageCommit, Rejection};
use serde_json::json;

use crate::known::Known;
use crate::orphans::INTERRUPTED;
use crate::run::Execution;
use crate::unit::{Decision, Early, Item, Unit};

impl Execution<'_> {
    /// Takes one cell into the commit of its page.
    pub(crate) fn account_cell(&mut self, item: &Item, units: &[&Unit], known: &Known, commit: &mut PageCommit) {
        // What a killed run made of a cell is only linked here; the cell itself is still on its way.
        if commit.partition.0 == INTERRUPTED {
            return;
        }
        let Some(cell) = self.sending.as_mut().and_then(|sending| sending.cells.remove(&item.id)) else { return };
        // The page ended before it came to what is to be taken away there.
        let not_reached = item.early == Some(Early::Removed) && units.is_empty() && self.may_be_there(item, known);
        let outcome = if not_reached { Outcome::Failed } else { item.outcome(units) };
        let causes: Vec<Cause> = match &item.early {
            Some(Early::Rejected(causes) | Early::Left(causes)) => causes.clone(),
            _ => units.iter().flat_map(|unit| unit.causes()).collect(),
        };
        // A plan that no longer fits leaves the number due.
        let left_out = units.iter().any(|unit| matches!(unit.decision, Decision::Skipped(_)));
        if outcome == Outcome::Rejected
            && let Some(update) = self.left_for_later(&cell.row, &causes, &item.place)
        {
            // What the target said only when it was written to was counted with the write.
            commit.counts.writes.rejected -= units.iter().filter(|unit| unit.was_sent).count() as u64;
            commit.cells.updates.extend(update);
            return;
        }
        match outcome {
            Outcome::Rejected => {
                // What the target refused was counted with the write.
                commit.counts.writes.rejected += u64::from(!units.iter().any(|unit| unit.was_sent));
                let rejection = self.rejected_number(&cell.row, &item.place, causes.clone(), Some(&cell.value), commit.at);
                commit.rejections.push(rejection);
            }
            Outcome::Failed | Outcome::Waiting => {
                if let Some(sending) = &mut self.sending {
                    sending.failed += 1;
                }
            }
            _ if left_out => {}
            _ => {
                if let Some(sending) = &mut self.sending {
                    sending.written_over += u64::from(causes.iter().any(|cause| cause.code == codes::NUMBER_WRITTEN_OVER));
                }
                commit.closed_rejections.push(item.id.clone());
                commit.cells.updates.push(CellUpdate { number: cell.row.number, value: cell.value, due: false, late: false });
            }
        }
        for cause in &causes {
            self.groups.add(outcome, cause, &item.place);
        }
        if matches!(outcome, Outcome::Unchanged | Outcome::Skipped) && causes.is_empty() {
            return;
        }
        let unit = units.first();
        commit.outcomes.push(OutcomeRow {
            source_id: item.id.clone(),
            place: item.place.clone(),
            part: String::new(),
            outcome,
            target_resource: self.resource_of(0),
            target_id: unit.and_then(|unit| unit.target_id()).map(str::to_owned),
            fields: unit.map(|unit| unit.written_fields()).unwrap_or_default(),
            causes,
        });
    }

    /// A number that the target does not take now, and what is put down of it: what it has locked is like what comes too late, and what is not open yet is tried again by the next run. Of any other refusal nothing.
    fn left_for_later(&mut self, row: &CellRow, causes: &[Cause], place: &str) -> Option<Vec<CellUpdate>> {
        if all_are(causes, LOCKED) {
            return Some(self.put_late(row, causes, place).into_iter().collect());
        }
        if !all_are(causes, NOT_YET_OPEN) {
            return None;
        }
        if let Some(sending) = &mut self.sending {
            sending.not_open += 1;
        }
        Some(Vec::new())
    }

    /// The same in a plan: whether a number that would be refused is only left for later.
    pub(crate) fn is_left_for_later(&mut self, item: &Item, units: &[&Unit]) -> bool {
        if item.outcome(units) != Outcome::Rejected {
            return false;
        }
        let Some(row) = self.sending.as_ref().and_then(|sending| sending.cells.get(&item.id)).map(|cell| cell.row.clone()) else {
            return false;
        };
        let causes: Vec<Cause> = units.iter().flat_map(|unit| unit.causes()).collect();
        self.left_for_later(&row, &causes, &item.place).is_some()
    }

    /// A number that did not get through, with the value that was refused: whoever discards it gives up just that value.
    pub(super) fn rejected_number(
        &self,
        row: &CellRow,
        place: &str,
        causes: Vec<Cause>,
        refused: Option<&Option<String>>,
        at: Timestamp,
    ) -> Rejection {
        Rejection {
            flow: self.flow.name.clone(),
            source_id: row.cell.id(),
            place: place.to_owned(),
            causes,
            payload: refused.map(|value| json!(value).to_string().into_bytes()),
            run: self.run,
            at,
        }
    }

    /// Whether the target may hold a number: it is linked, or a write of it is not settled.
    fn may_be_there(&self, item: &Item, known: &Known) -> bool {
        let unsettled = self.intents.iter().any(|open| open.intent.flow == self.flow.name && open.intent.source.id == item.id);
        unsettled || !known.links_of(&item.id).is_empty()
    }
}

fn all_are(causes: &[Cause], code: kivuko_core::error::Code) -> bool {
    !causes.is_empty() && causes.iter().all(|cause| cause.code == code)
}
