//! Where refused records belong: a period of a place is not called complete while a record of it is refused and open.
//!
//! A refused record that says its period and org unit counts into a cell that stands for both, as it counts into numbers; so it is taken back when the record is mended, moves or goes. With `drill: off` nothing is kept of records, and the cell has a value as long as
//! each reading refuses a record there. Of which record the period or the place is not known, nobody can say which report it is missing in: that holds up none of them, and is told beside the marks.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use kivuko_core::aggregate::{Bound, Counted};
use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, CellUpdate, CountedPart};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::outcome::Outcome;
use kivuko_core::period::Period;
use kivuko_core::store::RejectionRow;

use super::completeness::{Place, shown};
use super::due::MANY;
use super::{Numbers, cells_partition};
use crate::run::Execution;

/// The name of the cells that stand for refused records. No indicator is called so.
pub(super) const REFUSED: &str = "(refused)";
/// What a record adds to such a cell. No part of a number is written so.
const PART: &str = "refused";
/// The value of such a cell with `drill: off`.
const OPEN: &str = "open";
/// So many rejections of a flow are looked through, those that are open for longest.
const LOOKED_THROUGH: usize = 10_000;

/// A period, and an org unit by its position.
pub(super) type Belonging = (Period, u32);

/// Whether a part of a record says where it belongs with what it was refused for.
pub(super) fn is_refused(part: &CountedPart) -> bool {
    part.1 == PART
}

impl Numbers<'_> {
    /// What a record adds to the cells of where it belongs.
    pub fn parts_of_refused(&self, refused: &[Belonging]) -> impl Iterator<Item = CountedPart> {
        refused.iter().filter_map(|belonging| Some(CountedPart(*self.refused.get(belonging)?, PART.to_owned())))
    }
}

fn cell_of(bound: &Bound<'_>, (period, org_unit): &Belonging) -> Cell {
    let org_unit = bound.frame().units.at(*org_unit).map_or_else(String::new, |unit| unit.named.id.clone());
    Cell { indicator: REFUSED.to_owned(), period: period.to_string(), org_unit, ..Cell::default() }
}

impl Execution<'_> {
    /// Sees to it that where the refused records of a page belong has its cells.
    pub(super) async fn name_refused(&self, numbers: &mut Numbers<'_>, counted: &[Counted]) -> Result<(), Error> {
        let belongings = counted.iter().flat_map(|counted| &counted.refused);
        let new: BTreeSet<Belonging> = belongings.filter(|belonging| !numbers.refused.contains_key(belonging)).copied().collect();
        if new.is_empty() || !self.writes {
            return Ok(());
        }
        let cells: Vec<Cell> = new.iter().map(|belonging| cell_of(&numbers.bound, belonging)).collect();
        let found = self.engine.numbers_of_cells(&self.flow.name, &cells).await?;
        numbers.refused.extend(new.into_iter().zip(found));
        Ok(())
    }

    /// After a whole reading: `drill: off` puts down where records were refused in it.
    pub(super) async fn put_refused(&self, numbers: &Numbers<'_>) -> Result<(), Error> {
        if !self.writes {
            return Ok(());
        }
        let here: Vec<Cell> = if numbers.own.drill {
            Vec::new()
        } else {
            numbers.refused.keys().map(|belonging| cell_of(&numbers.bound, belonging)).collect()
        };
        let open: BTreeSet<CellNumber> = self.engine.numbers_of_cells(&self.flow.name, &here).await?.into_iter().collect();
        let all = self.all_cells(&CellFilter { indicator: Some(REFUSED.to_owned()), ..CellFilter::default() }).await?;
        let differs = |row: &&CellRow| row.value.is_some() != open.contains(&row.number);
        let update = |row: &CellRow| CellUpdate {
            number: row.number,
            value: open.contains(&row.number).then(|| OPEN.to_owned()),
            due: false,
            late: false,
        };
        let updates: Vec<CellUpdate> = all.iter().filter(differs).map(update).collect();
        if updates.is_empty() {
            return Ok(());
        }
        let mut commit = self.empty_commit(&cells_partition(), None);
        commit.cells.updates = updates;
        self.engine.store.commit_page(&commit).await
    }

    /// Leaves only those of these places to which no refused record of any flow of the data set belongs, and tells of the others. `rows` are the cells of [`REFUSED`], each with its flow.
    pub(super) async fn keep_without_refused(
        &mut self,
        numbers: &Numbers<'_>,
        places: &mut BTreeSet<Place>,
        rows: &[(String, CellRow)],
    ) -> Result<(), Error> {
        let wanted: BTreeSet<(&str, &str)> = places.iter().map(|(period, org_unit, _)| (period.as_str(), org_unit.as_str())).collect();
        let mut held: BTreeMap<(String, String), &str> = BTreeMap::new();
        for (flow, row) in rows.iter().filter(|(_, row)| wanted.contains(&(row.cell.period.as_str(), row.cell.org_unit.as_str()))) {
            if self.is_open(flow, row).await? {
                held.insert((row.cell.period.clone(), row.cell.org_unit.clone()), flow);
            }
        }
        places.retain(|place| {
            let Some(flow) = held.get(&(place.0.clone(), place.1.clone())) else { return true };
            let message = format!("a record that belongs here is refused and open; `kivuko rejects list {flow}` shows it");
            self.groups.add(Outcome::Unchanged, &Cause::new(codes::REFUSED_BELONGS, message), &shown(numbers, place));
            false
        });
        Ok(())
    }

    /// Whether a refused record is behind such a cell that nobody has given up.
    async fn is_open(&self, flow: &str, row: &CellRow) -> Result<bool, Error> {
        let (store, mut after) = (&self.engine.store, String::new());
        loop {
            let behind = store.records_of_cell(row.number, &after, MANY).await?;
            let Some(last) = behind.last() else { return Ok(row.value.is_some()) };
            after.clone_from(&last.source_id);
            let ids: Vec<String> = behind.into_iter().map(|record| record.source_id).collect();
            if !store.open_rejections(flow, &ids).await?.is_empty() {
                return Ok(true);
            }
        }
    }

    /// Told beside marks that this run gave: how many records are refused that may belong to any of them.
    /// Numbers that are refused are among `due`.
    pub(super) async fn tell_may_belong(&mut self, flows: &[Arc<Flow>], due: &HashSet<String>) -> Result<(), Error> {
        for flow in flows {
            let rejections = self.engine.store.rejections(Some(&flow.name), LOOKED_THROUGH).await?;
            let many = rejections.iter().filter(|row| !due.contains(&row.source_id) && may_belong(row)).count();
            let Some(message) = may_belong_message(&flow.name, many, rejections.len() < LOOKED_THROUGH) else { continue };
            self.groups.add(Outcome::Unchanged, &Cause::new(codes::REFUSED_MAY_BELONG, message), &flow.name);
        }
        Ok(())
    }
}

/// What is told of so many records that cannot be placed; nothing where there are none.
fn may_belong_message(flow: &str, many: usize, is_all: bool) -> Option<String> {
    let (records, they) = match (many, is_all) {
        (0, true) => return None,
        (1, true) => ("1 record".to_owned(), "it"),
        (_, true) => (format!("{many} records"), "they"),
        (0, false) => {
            return Some(format!(
                "of the records of `{flow}` that are refused the first {LOOKED_THROUGH} were looked through, and each says where it belongs; others may belong to what was marked complete in this run; `kivuko rejects list {flow}` shows why"
            ));
        }
        (_, false) => {
            (format!("at least {many} records (of many that are refused the first {LOOKED_THROUGH} were looked through)"), "they")
        }
    };
    Some(format!(
        "{records} of `{flow}` cannot be placed, so {they} may belong to what was marked complete in this run; `kivuko rejects list {flow}` shows why"
    ))
}

/// Whether nobody can tell to which period and place a refused record belongs. What says them is held by its own; what lies where the data set is not belongs to no report of it.
fn may_belong(row: &RejectionRow) -> bool {
    row.causes.iter().any(|cause| !cause.placed)
}

#[cfg(test)]
mod tests {
    use super::may_belong_message;

    #[test]
    fn what_was_not_looked_through_is_not_left_out() {
        let check = |many: usize, is_all: bool, begins: Option<&str>| {
            let message = may_belong_message("cases", many, is_all);
            let fits = match (&message, begins) {
                (Some(message), Some(begins)) => message.starts_with(begins),
                (message, begins) => message.is_none() && begins.is_none(),
            };
            assert!(fits, "{many} {is_all}: {message:?}");
        };
        check(0, true, None);
        check(1, true, Some("1 record of `cases` cannot be placed, so it may"));
        check(2, true, Some("2 records of `cases` cannot be placed, so they may"));
        check(0, false, Some("of the records of `cases` that are refused the first 10000 were looked through, and each says where"));
        check(7, false, Some("at least 7 records (of many"));
    }
}
