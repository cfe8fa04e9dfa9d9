//! Marks of completeness that the target has no more: `run --again` gives those again that were lost, and none that a person took back.
//!
//! Of a mark that is gone nothing is left to say who took it: DHIS2 removes the row either way. What tells is beside it. Somebody who takes a report back leaves its numbers, if only as
//! deleted ones; a DHIS2 that was emptied or put back has lost both. So a mark was lost where all numbers of its period and place are gone with their rows; where any of them is
//! there, the mark is left to people, and that is told. A number that a run has sent since the mark was given says nothing by being there: it may have come after the loss. A place without
//! numbers that say anything goes by the others. That it was lost is put down before
//! the first number is sent, so that a run that is killed is gone on with; and it is given again only when each number of the place is there, whichever flow sends it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, CellUpdate};
use kivuko_core::error::{Cause, Error};
use kivuko_core::outcome::Outcome;
use kivuko_core::store::{RunId, Sent};

use super::completeness::{LOST, MARK, Place, mark_of, place_of_mark, shown};
use super::due::MANY;
use super::registrations::{Mark, Registrations};
use super::{Numbers, cells_partition};
use crate::run::Execution;

/// For each place of a data set the flows with their numbers, by identity.
type NumbersThere = BTreeMap<Place, Vec<(String, String)>>;

impl Execution<'_> {
    /// Which marks were lost, found out before any number is sent.
    pub(super) async fn look_for_lost_marks(&mut self, numbers: &Numbers<'_>) -> Result<(), Error> {
        let all = self.all_cells(&CellFilter { indicator: Some(MARK.to_owned()), ..CellFilter::default() }).await?;
        // Of others it is known that they were lost, or not yet what became of them.
        let is_given = |row: &CellRow| row.value.as_deref().is_some_and(|value| value.parse::<bool>().is_ok());
        let marks: Vec<CellRow> = all.into_iter().filter(is_given).collect();
        if marks.is_empty() {
            return Ok(());
        }
        let registrations = Registrations::open(self.engine, &self.flow.to.system, &numbers.bound.frame().data_set.id).await?;
        let cells: Vec<Cell> = marks.iter().map(|row| row.cell.clone()).collect();
        let seen = registrations.look(&cells).await?;
        let mut missing: BTreeMap<Place, CellNumber> = BTreeMap::new();
        for (row, mark) in marks.iter().zip(seen) {
            match mark {
                Mark::Complete => {}
                Mark::TakenBack => self.tell_taken_back(numbers, &row.cell),
                Mark::Missing => _ = missing.insert(place_of_mark(&row.cell), row.number),
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let mut there = self.numbers_there(&missing.keys().cloned().collect()).await?;
        let gone = self.gone_among(&there).await?;
        self.leave_out_what_came_since(&mut there, &gone).await?;
        for of_place in there.values_mut() {
            // Each flow goes by its own numbers, so that it does not matter which one is run first.
            if of_place.iter().any(|(flow, _)| *flow == self.flow.name) {
                of_place.retain(|(flow, _)| *flow == self.flow.name);
            }
        }
        let (mut lost, mut left, mut without_numbers) = (Vec::new(), Vec::new(), Vec::new());
        for (place, number) in missing {
            match there.get(&place) {
                None => without_numbers.push((place, number)),
                Some(of_place) if of_place.is_empty() => without_numbers.push((place, number)),
                Some(of_place) if of_place.iter().all(|(_, id)| gone.contains(id)) => lost.push(number),
                Some(_) => left.push(place),
            }
        }
        // Where no number says anything (zeros that are not kept), the other places say what became of the target.
        if !lost.is_empty() && left.is_empty() {
            lost.extend(without_numbers.drain(..).map(|(_, number)| number));
        }
        let taken = "what was marked as complete is not any more, and numbers of it are there that no run has sent since: somebody took the mark back; it is left so";
        let unknown = "what was marked as complete is not any more; Kivuko has no number there, or has sent all of them since, so that it cannot be told whether it was lost or somebody took it back; it is left so";
        let left = left.iter().map(|place| (place, taken));
        for (place, message) in left.chain(without_numbers.iter().map(|(place, _)| (place, unknown))) {
            self.groups.add(Outcome::Unchanged, &Cause::new(codes::MARK_LEFT, message), &shown(numbers, place));
        }
        if lost.is_empty() {
            return Ok(());
        }
        let mut commit = self.empty_commit(&cells_partition(), None);
        let update = |number| CellUpdate { number, value: Some(LOST.to_owned()), due: false, late: false };
        commit.cells.updates = lost.into_iter().map(update).collect();
        self.engine.store.commit_page(&commit).await
    }

    /// Leaves only those numbers that say something of a mark that is missing: those that are gone, and those that have been there since it was given.
    async fn leave_out_what_came_since(&self, there: &mut NumbersThere, gone: &BTreeSet<String>) -> Result<(), Error> {
        let marks: Vec<String> = there.keys().map(|place| mark_of(place).id()).collect();
        let given = self.runs_of_sent(&self.flow.name, marks).await?;
        let mut of_flows: BTreeMap<&String, Vec<String>> = BTreeMap::new();
        for (flow, id) in there.values().flatten().filter(|(_, id)| !gone.contains(id)) {
            of_flows.entry(flow).or_default().push(id.clone());
        }
        let mut sent = HashMap::new();
        for (flow, ids) in of_flows {
            sent.insert(flow.clone(), self.runs_of_sent(flow, ids).await?);
        }
        for (place, of_place) in there.iter_mut() {
            // Of marks that were given before this was put down, nobody knows when; then every number counts.
            let Some(given) = given.get(&mark_of(place).id()) else { continue };
            of_place.retain(|(flow, id)| sent.get(flow).and_then(|sent| sent.get(id)).is_none_or(|sent| sent <= given));
        }
        Ok(())
    }

    /// In which run each of these was sent last, as far as that is known.
    async fn runs_of_sent(&self, flow: &str, ids: Vec<String>) -> Result<HashMap<String, RunId>, Error> {
        let mut runs = HashMap::new();
        for ids in ids.chunks(MANY) {
            runs.extend(self.engine.store.sent(flow, ids).await?.into_iter().map(|sent| (sent.source_id, sent.run)));
        }
        Ok(runs)
    }

    /// That a mark stands as of this run.
    pub(super) fn given(&self, mark: &Cell) -> Sent {
        Sent {
            flow: self.flow.name.clone(),
            source_id: mark.id(),
            part: String::new(),
            hash: String::new(),
            fields: Arc::default(),
            source_version: None,
            run: self.run,
        }
    }

    /// Of marks that were lost, those of places of which numbers are lost too: nothing is complete there.
    pub(super) async fn still_lost(&mut self, numbers: &Numbers<'_>, marks: BTreeSet<Place>) -> Result<BTreeSet<Place>, Error> {
        if marks.is_empty() {
            return Ok(marks);
        }
        let there = self.numbers_there(&marks).await?;
        let gone = self.gone_among(&there).await?;
        let mut still = BTreeSet::new();
        for (place, of_place) in there {
            let Some((flow, _)) = of_place.iter().find(|(_, id)| gone.contains(id)) else { continue };
            let message = format!(
                "the mark of completeness was lost, and is given again when the numbers are there: those of the flow `{flow}` are not there. `kivuko run {flow} --again` writes what the data set and its org units still take; of what they do not, mark the report in {} by hand",
                self.flow.to.system
            );
            self.groups.add(Outcome::Unchanged, &Cause::new(codes::MARK_WAITS, message), &shown(numbers, &place));
            still.insert(place);
        }
        Ok(still)
    }

    /// Told of a mark of which the target says that somebody took it back.
    pub(super) fn tell_taken_back(&mut self, numbers: &Numbers<'_>, mark: &Cell) {
        let message = "somebody said there that it is not complete; it is left so";
        self.groups.add(Outcome::Unchanged, &Cause::new(codes::MARK_LEFT, message), &shown(numbers, &place_of_mark(mark)));
    }

    /// What the flows of the data set have sent to these places, as far as the store knows.
    async fn numbers_there(&self, places: &BTreeSet<Place>) -> Result<NumbersThere, Error> {
        let mut there = NumbersThere::new();
        for flow in self.flows_of_data_set() {
            for row in self.engine.all_cells(&flow.name, &CellFilter::default()).await? {
                if row.cell.indicator == MARK || row.cell.element.is_empty() || row.value.is_none() || row.given_up() {
                    continue;
                }
                let place = place_of_mark(&row.cell);
                if places.contains(&place) {
                    there.entry(place).or_default().push((flow.name.clone(), row.cell.id()));
                }
            }
        }
        Ok(there)
    }

    /// Those that the target has no row of. Deleted ones are there.
    async fn gone_among(&self, there: &NumbersThere) -> Result<BTreeSet<String>, Error> {
        let ids: Vec<String> = there.values().flatten().map(|(_, id)| id.clone()).collect();
        let capabilities = &self.targets[0].capabilities;
        let at_once = capabilities.lookup_size.max(1).saturating_mul(capabilities.concurrency.max(1)).min(MANY);
        let mut gone = BTreeSet::new();
        // What the target has of them is not kept: there may be very many.
        for ids in ids.chunks(at_once) {
            let present = self.fetch(0, ids).await?;
            gone.extend(
                ids.iter().zip(&present).filter(|(_, present)| self.is_gone(present.as_ref()) == Some(true)).map(|(id, _)| id.clone()),
            );
        }
        Ok(gone)
    }
}
