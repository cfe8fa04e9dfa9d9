//! Completeness: a data set is marked complete for a period and an org unit when no number of it is left to be sent, whichever of the project's flows sends it.
//!
//! A mark is a cell of its own, due until the target has it; before it is written it is looked for, so that it is written once, and
//! not at all where somebody said that it is not complete. What one flow knows of a mark holds for all that count into the data set. A refused record holds its own period and place open.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashSet};

use kivuko_core::cells::{Cell, CellFilter};
use kivuko_core::error::Error;
use kivuko_core::flow::Flow;
use kivuko_core::period::Period;

use super::Numbers;
use super::marking::{Due, LOST_UNDER_WAY, UNDER_WAY};
use super::refused::REFUSED;
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
        let (mut marks, mut under_way) = (Marks::default(), BTreeSet::new());
        for flow in &others {
            for row in engine.all_cells(&flow.name, &CellFilter::default()).await? {
                if row.cell.indicator == REFUSED {
                    refused.push((flow.name.clone(), row));
                    continue;
                }
                if row.cell.indicator == MARK {
                    let (place, value, own) = (place_of_mark(&row.cell), row.value.as_deref(), flow.name == self.flow.name);
                    // What became of its own each flow finds out itself.
                    if own && [Some(UNDER_WAY), Some(LOST_UNDER_WAY)].contains(&value) {
                        under_way.insert(place.clone());
                    }
                    marks.add(place, value, own);
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
        let all_lost = marks.take_lost();
        let mut lost = all_lost.clone();
        whole.retain(|place| !marks.0.contains_key(place));
        let ended = |period: &str| Period::parse_as(numbers.own.period.period_type, period).is_ok_and(|period| period.end() < day);
        whole.retain(|place| !open.contains(place) && ended(&place.0));
        lost.retain(|place| whole.remove(place));
        self.keep_without_refused(numbers, &mut whole, &refused).await?;
        // What was complete before it was lost is so again, whatever came since.
        whole.extend(lost.iter().cloned());
        let still_lost = self.still_lost(numbers, lost).await?;
        whole.retain(|place| !still_lost.contains(place));
        self.give_marks(numbers, Due { give: &whole, under_way: &under_way, lost: &all_lost }).await?;
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
    /// Without a value: the target refused it. Of one that is under way nobody knows whether it was given.
    fn add(&mut self, place: Place, value: Option<&str>, own: bool) {
        let Some(value) = value.filter(|value| *value != UNDER_WAY) else { return };
        let is_lost = [LOST, LOST_UNDER_WAY].contains(&value);
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
    format!("complete, {period}, {}", numbers.called.unit(org_unit))
}
