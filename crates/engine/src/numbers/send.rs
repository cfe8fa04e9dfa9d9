//! Sending: cells that are due, page by page, as records of the flow.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{CellFilter, CellNumber, CellRow, CellUpdate};
use kivuko_core::connector::Action;
use kivuko_core::error::{Cause, Error};
use kivuko_core::outcome::Outcome;
use kivuko_core::record::{Cursor, Page, SourceRecord};
use serde_json::{Value, json};

use super::refused::REFUSED;
use super::values::Worth;
use super::{Numbers, cells_partition, is_number};
use crate::duplicates::Duplicates;
use crate::options::RunOptions;
use crate::run::{Done, Execution, Watch};

/// The order in which cells are sent.
fn place(row: &CellRow) -> (&str, &str, CellNumber) {
    (&row.cell.period, &row.cell.org_unit, row.number)
}

/// The cells of the page that is being sent, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Sending {
    pub cells: HashMap<String, Cell>,
    /// Cells that changed too late, or whose period is locked.
    pub late: u64,
    /// Cells whose period is not open yet.
    pub not_open: u64,
    /// Cells that were written over although somebody had changed them in the target.
    pub written_over: u64,
    /// Cells that stay due since the target was not reached.
    pub failed: u64,
    /// The periods that were asked for.
    pub periods: Vec<String>,
}

/// A cell on its way.
#[derive(Debug)]
pub(crate) struct Cell {
    pub row: CellRow,
    pub value: Option<String>,
    /// It lies further back than late changes may correct: it is given again where the target has lost it, and left as it is where it is there.
    pub only_if_lost: bool,
}

impl Execution<'_> {
    pub(super) async fn send_cells(&mut self, numbers: &mut Numbers<'_>, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        self.duplicates = Duplicates::default();
        self.sending = Some(Sending { periods: options.periods.clone(), ..Sending::default() });
        let sent = self.send_all(numbers, options, watch).await;
        // What was sent is put down, also where sending did not come to its end.
        let put_down = self.await_last(watch).await;
        sent.and(put_down)
    }

    async fn send_all(&mut self, numbers: &Numbers<'_>, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        let engine = self.engine;
        let (page, window) = (engine.pace.page_size, engine.pace.page_size.saturating_mul(engine.pace.pages_together));
        let wanted: HashSet<CellNumber> = numbers.changes.cells().into_iter().collect();
        // What a killed run was writing is looked at, whatever it comes to by now: nobody knows what the target holds.
        let mut unsettled: HashMap<String, bool> = HashMap::new();
        for open in self.intents.iter().filter(|open| open.intent.flow == self.flow.name) {
            *unsettled.entry(open.intent.source.id.clone()).or_insert(true) &= open.intent.action == Action::Create;
        }
        // A killed `--again` was writing what is not due.
        let filter = CellFilter { due: self.writes && !self.live && unsettled.is_empty(), ..CellFilter::default() };
        let mut after = CellNumber(-1);
        let mut rows: Vec<CellRow> = Vec::new();
        loop {
            let more = engine.store.cells(&self.flow.name, &filter, after, page).await?;
            let ended = more.is_empty();
            after = more.last().map_or(after, |last| last.number);
            let looked_at = |row: &CellRow| {
                let is_asked_for = wanted.contains(&row.number) || (self.live && is_number(&row.cell));
                row.due || is_asked_for || (!unsettled.is_empty() && unsettled.contains_key(&row.cell.id()))
            };
            rows.extend(more.into_iter().filter(looked_at));
            if !ended && rows.len() < window {
                continue;
            }
            // What is asked for together is asked for in one question.
            rows.sort_unstable_by(|one, other| place(one).cmp(&place(other)));
            let mut left = std::mem::take(&mut rows).into_iter().peekable();
            while left.peek().is_some() {
                self.stop_if_cancelled()?;
                // The disk is busy with one page while the next is looked up, compared and noted. What a process that is killed leaves open of both is settled by
                // their intents.
                let next = self.send_page(numbers, left.by_ref().take(page).collect(), &unsettled, options, watch).await;
                self.await_last(watch).await?;
                let Some(done) = next? else { continue };
                let is_fatal = done.is_fatal();
                self.begin_to_commit(done);
                if is_fatal {
                    return Ok(());
                }
            }
            if ended {
                return Ok(());
            }
        }
    }

    /// A page of cells, up to what is to be committed of those that were sent. `unsettled`: what a killed run was writing, and whether it was only making it.
    async fn send_page(
        &mut self,
        numbers: &Numbers<'_>,
        rows: Vec<CellRow>,
        unsettled: &HashMap<String, bool>,
        options: &RunOptions,
        watch: &dyn Watch,
    ) -> Result<Option<Done>, Error> {
        let worths = self.worths(numbers, &rows).await?;
        let (mut records, mut cells) = (Vec::new(), HashMap::new());
        // What needs no look at the target.
        let mut commit = self.empty_commit(&cells_partition(), None);
        for (row, worth) in rows.into_iter().zip(worths) {
            let place = numbers.called.number(&row.cell.indicator, &row.cell);
            let done = CellUpdate { number: row.number, value: row.value.clone(), due: false, late: false };
            let was_making = unsettled.get(&row.cell.id()).copied();
            let is_unsettled = was_making.is_some();
            // What was lost has not changed, so giving it again is no late change; neither is settling what a run that was killed over it made.
            let is_as_sent = matches!(&worth, Worth::Value(value) if *value == row.value);
            let gives_again = is_as_sent && was_making.is_none_or(|only_made| only_made && row.value.is_some());
            let lies_back = self.is_late(numbers, &row, options);
            let is_late = lies_back && !gives_again;
            if is_unsettled && (matches!(worth, Worth::Refused(_)) || is_late) {
                self.unknown.insert(row.cell.id());
            }
            let value = match worth {
                Worth::Value(value) => value,
                Worth::Gone if row.cell.indicator == REFUSED => {
                    commit.cells.updates.push(done);
                    continue;
                }
                Worth::Gone => {
                    if row.value.is_some() {
                        let message = "the sheet or the data set no longer has this number; what was sent of it stays as it is";
                        self.groups.add(Outcome::Skipped, &Cause::new(codes::NUMBER_WITHOUT_ROW, message), &place);
                    }
                    commit.closed_rejections.push(row.cell.id());
                    commit.cells.updates.push(CellUpdate { value: None, ..done });
                    continue;
                }
                // Somebody discarded that it cannot be worked out, and it still cannot.
                Worth::Refused(_) if row.late => {
                    commit.cells.updates.push(CellUpdate { late: true, due: is_unsettled, ..done });
                    continue;
                }
                Worth::Refused(cause) => {
                    commit.counts.writes.rejected += 1;
                    self.groups.add(Outcome::Rejected, &cause, &place);
                    let rejection = self.rejected_number(&row, &place, vec![cause], None, commit.at);
                    commit.rejections.push(rejection);
                    continue;
                }
            };
            if is_as_sent && !self.live && !is_unsettled {
                commit.closed_rejections.push(row.cell.id());
                commit.cells.updates.push(done);
            } else if row.cell.element.is_empty() {
                // It is there for formulas only.
                commit.closed_rejections.push(row.cell.id());
                commit.cells.updates.push(CellUpdate { value, ..done });
            } else if is_late {
                let message = format!(
                    "the number of {} changed after the periods that late changes may correct; `kivuko run {} --periods {0}` sends it",
                    row.cell.period, self.flow.name
                );
                commit.cells.updates.extend(self.put_late(&row, &[Cause::new(codes::LATE, message)], &place));
            } else {
                records.push(record_of(&row, value.as_deref(), place));
                cells.insert(row.cell.id(), Cell { row, value, only_if_lost: lies_back });
            }
        }
        self.counts.merge(&commit.counts);
        if self.writes && !(commit.cells.updates.is_empty() && commit.rejections.is_empty()) {
            self.engine.store.commit_page(&commit).await?;
        }
        if records.is_empty() {
            return Ok(None);
        }
        let ids: Vec<String> = cells.keys().cloned().collect();
        if let Some(sending) = &mut self.sending {
            sending.cells = cells;
        }
        let known = self.known(&ids).await?;
        let page = Page { records, next: Cursor { value: String::new(), time: None } };
        self.carry_out(&cells_partition(), page, &known, false, false, watch).await.map(Some)
    }

    fn is_late(&self, numbers: &Numbers<'_>, row: &CellRow, options: &RunOptions) -> bool {
        let Some(cell) = numbers.bound.dimensions(&row.cell) else { return false };
        numbers.own.is_late(cell.period, self.today) && !options.periods.contains(&row.cell.period)
    }

    /// A number that comes too late is told once, and again when its period is asked for; it stays due for a run that is asked for it.
    pub(super) fn put_late(&mut self, row: &CellRow, causes: &[Cause], place: &str) -> Option<CellUpdate> {
        let sending = self.sending.as_mut()?;
        sending.late += 1;
        if row.late && !sending.periods.contains(&row.cell.period) {
            return None;
        }
        for cause in causes {
            self.groups.add(Outcome::Skipped, cause, place);
        }
        (!row.late).then(|| CellUpdate { number: row.number, value: row.value.clone(), due: true, late: true })
    }
}

fn record_of(row: &CellRow, value: Option<&str>, place: String) -> SourceRecord {
    let body = body_of(row, value);
    let text = Bytes::from(body.to_string());
    SourceRecord { id: Some(row.cell.id()), place, version: None, deleted: value.is_none(), body: Ok(text), read: Some(body) }
}

/// A number with this value, as the target takes it.
pub(super) fn body_of(row: &CellRow, value: Option<&str>) -> Value {
    let cell = &row.cell;
    json!({
        "dataElement": cell.element,
        "period": cell.period,
        "orgUnit": cell.org_unit,
        "categoryOptionCombo": cell.option_combo,
        "attributeOptionCombo": cell.attribute_option_combo,
        "value": value,
    })
}
