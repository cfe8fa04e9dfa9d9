//! Completeness: a data set is marked complete for a period and an org unit when no number of it is left to be sent, whichever of the project's flows sends it.
//!
//! A mark is a cell of its own, due until the target has it; before it is written it is looked for, so that it is written once, and
//! not at all where somebody said that it is not complete. What one flow knows of a mark holds for all that count into the data set. A refused record holds its own period and place open.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellUpdate};
use kivuko_core::connector::Written;
use kivuko_core::error::Error;
use kivuko_core::flow::Flow;
use kivuko_core::outcome::Outcome;
use kivuko_core::period::Period;

use super::refused::REFUSED;
use super::registrations::{Mark, Registrations};
use super::{Numbers, cells_partition};
use crate::run::Execution;

/// The name of the cells that stand for marks. No indicator is called so.
pub(super) const MARK: &str = "(complete)";

/// The value of a mark that was given and that the target has lost. One without a value was not given yet.
pub(super) const LOST: &str = "lost";

/// What is marked: a period, an org unit and an attribute option combo.
pub(super) type Place = (String, String, String);

impl Execution<'_> {
    pub(super) async fn mark_complete(&mut self, numbers: &mut Numbers<'_>) -> Result<(), Error> {
        let others = self.flows_of_data_set();
        let engine = self.engine;
        // Each of them has to have been there after the period ended.
        let mut ready_since = self.began;
        for flow in others.iter().filter(|flow| flow.name != self.flow.name) {
            let Some(last) = engine.last_whole_run(flow).await? else { return Ok(()) };
            ready_since = ready_since.min(last);
        }
        let day = ready_since.to_zoned(engine.project.timezone.clone()).date();
        let (mut whole, mut open) = (BTreeSet::<Place>::new(), BTreeSet::new());
        let (mut refused, mut due) = (Vec::new(), HashSet::new());
        let mut marks = Marks::default();
        for flow in &others {
            for row in engine.all_cells(&flow.name, &CellFilter::default()).await? {
                if row.cell.indicator == REFUSED {
                    refused.push((flow.name.clone(), row));
                    continue;
                }
                if row.cell.indicator == MARK {
                    marks.add(place_of_mark(&row.cell), row.value.as_deref(), flow.name == self.flow.name);
                    continue;
                }
                if row.cell.element.is_empty() {
                    continue;
                }
                if row.due {
                    due.insert(row.cell.id());
                }
                let places = if row.due { &mut open } else { &mut whole };
                places.insert(place_of_mark(&row.cell));
            }
        }
        let mut lost = marks.take_lost();
        whole.retain(|place| !marks.0.contains_key(place));
        let ended = |period: &str| Period::parse_as(numbers.own.period.period_type, period).is_ok_and(|period| period.end() < day);
        whole.retain(|place| !open.contains(place) && ended(&place.0));
        lost.retain(|place| whole.remove(place));
        self.keep_without_refused(numbers, &mut whole, &refused).await?;
        // What was complete before it was lost is so again, whatever came since.
        whole.extend(lost.iter().cloned());
        let still_lost = self.still_lost(numbers, lost).await?;
        let new: Vec<Cell> = whole.iter().filter(|place| !still_lost.contains(place)).map(mark_of).collect();
        if new.is_empty() {
            return Ok(());
        }
        self.register(numbers, &new).await?;
        if self.completed == 0 { Ok(()) } else { self.tell_may_belong(&others, &due).await }
    }

    /// The flows of the project that count into the same data set.
    pub(super) fn flows_of_data_set(&self) -> Vec<std::sync::Arc<Flow>> {
        let data_set = |flow: &Flow| flow.to.options.get("data_set").cloned();
        let same = |flow: &&std::sync::Arc<Flow>| {
            flow.aggregate.is_some() && flow.to.system == self.flow.to.system && data_set(flow) == data_set(&self.flow)
        };
        self.engine.project.flows.values().filter(same).cloned().collect()
    }

    async fn register(&mut self, numbers: &Numbers<'_>, marks: &[Cell]) -> Result<(), Error> {
        let registrations = Registrations::open(self.engine, &self.flow.to.system, &numbers.bound.frame().data_set.id).await?;
        registrations.begin().await?;
        let (mut done, mut missing) = (Vec::new(), Vec::new());
        for (position, seen) in registrations.look(marks).await?.into_iter().enumerate() {
            match seen {
                Mark::Complete => done.push((position, true)),
                Mark::TakenBack => {
                    self.tell_taken_back(numbers, &marks[position]);
                    done.push((position, false));
                }
                Mark::Missing => missing.push(position),
            }
        }
        let mut refused = 0;
        for positions in missing.chunks(registrations.batch_size()) {
            let batch: Vec<&Cell> = positions.iter().map(|position| &marks[*position]).collect();
            let answers = registrations.write(&batch).await?;
            for (position, answer) in positions.iter().zip(answers) {
                let place = shown(numbers, &place_of_mark(&marks[*position]));
                match answer {
                    Written::Done { .. } => {
                        self.completed += 1;
                        done.push((*position, true));
                    }
                    Written::Refused(cause) | Written::NotYet(cause) => {
                        refused += 1;
                        self.groups.add(Outcome::Rejected, &cause, &place);
                    }
                    // The next run looks whether it is there.
                    Written::Failed(error) => {
                        self.put_marks(marks, &done, refused).await?;
                        return Err(error);
                    }
                }
            }
        }
        self.put_marks(marks, &done, refused).await
    }

    /// Puts down which marks are dealt with, and what the target says of them; and of those that stand the run in which they came to stand.
    async fn put_marks(&mut self, marks: &[Cell], done: &[(usize, bool)], refused: u64) -> Result<(), Error> {
        let dealt_with: Vec<Cell> = done.iter().map(|(position, _)| marks[*position].clone()).collect();
        let numbers = self.engine.numbers_of_cells(&self.flow.name, &dealt_with).await?;
        let update = |(number, (_, complete)): (CellNumber, &(usize, bool))| CellUpdate {
            number,
            value: Some(complete.to_string()),
            due: false,
            late: false,
        };
        let mut commit = self.empty_commit(&cells_partition(), None);
        commit.cells.updates = numbers.into_iter().zip(done).map(update).collect();
        commit.sent = done.iter().filter(|(_, complete)| *complete).map(|(position, _)| self.given(&marks[*position])).collect();
        commit.counts.writes.rejected = refused;
        self.counts.merge(&commit.counts);
        self.engine.store.commit_page(&commit).await
    }
}

/// What the flows of the data set know of its marks. A mark is the data set's, whichever flow gave it: another one does not give it again where it was lost or a person took it back.
#[derive(Default)]
struct Marks(BTreeMap<Place, Known>);

/// What one flow knows of a mark.
struct Known {
    is_lost: bool,
    /// The flow that runs knows it itself: it has looked at it later than that.
    own: bool,
}

impl Marks {
    /// Without a value: what was written of it, if anything, nobody knows; or the target refused it.
    fn add(&mut self, place: Place, value: Option<&str>, own: bool) {
        let Some(value) = value else { return };
        let is_lost = value == LOST;
        match self.0.entry(place) {
            Entry::Vacant(entry) => _ = entry.insert(Known { is_lost, own }),
            Entry::Occupied(mut entry) if own => _ = entry.insert(Known { is_lost, own }),
            // That one flow has found it to be lost is news to the others.
            Entry::Occupied(mut entry) if !entry.get().own => entry.get_mut().is_lost |= is_lost,
            Entry::Occupied(_) => {}
        }
    }

    /// Takes out those that are lost.
    fn take_lost(&mut self) -> BTreeSet<Place> {
        self.0.extract_if(.., |_, known| known.is_lost).map(|(place, _)| place).collect()
    }
}

/// The cell that stands for a mark.
pub(super) fn mark_of((period, org_unit, attribute_option_combo): &Place) -> Cell {
    Cell {
        indicator: MARK.to_owned(),
        period: period.clone(),
        org_unit: org_unit.clone(),
        attribute_option_combo: attribute_option_combo.clone(),
        ..Cell::default()
    }
}

/// Where a cell lies, of all that a mark stands for.
pub(super) fn place_of_mark(cell: &Cell) -> Place {
    (cell.period.clone(), cell.org_unit.clone(), cell.attribute_option_combo.clone())
}

/// Where a mark stands, for people.
pub(super) fn shown(numbers: &Numbers<'_>, (period, org_unit, _): &Place) -> String {
    format!("complete, {period}, {}", numbers.unit_name(org_unit))
}
