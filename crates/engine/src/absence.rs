//! Records that the source no longer has: tombstones, records that left the flow's `where`, and what is absent from a complete reading.
//!
//! Absence counts only after a reading that is known to be complete, and never for more records than `stop_above` allows: half a file looks just like
//! many deletions.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, Candidate};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::{Detect, Missing, Payload, StopAbove, Then};
use kivuko_core::outcome::Outcome;
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};
use kivuko_core::store::{Link, RunId};
use serde_json::{Value, json};

use crate::known::{Known, KnownReferences};
use crate::run::{Execution, Watch};
use crate::unit::{Change, Decision, Early, Item, Unit};

/// So few records may be removed one by one whatever their share: a source that says itself what it deleted is not half a file.
pub(crate) const FEW: u64 = 10;
/// The partition under which records are accounted for that were noticed by their absence.
pub(crate) const ABSENT: &str = "(absent)";

impl Execution<'_> {
    /// Deletes, or deactivates, what the removed items of a page are linked to, parts before what they are a part of.
    pub(crate) async fn remove(&mut self, items: &mut [Item], units: &mut Vec<Unit>, known: &Known) -> Result<(), Error> {
        if self.writes && !self.intents.is_empty() {
            self.settle_removed(items).await?;
        }
        let unlinked = |item: &&Item| item.early == Some(Early::Removed) && known.links_of(&item.id).is_empty();
        let ids: Vec<String> = items.iter().filter(unlinked).map(|item| item.id.clone()).collect();
        // Those that were linked just now, by the settling.
        let late = if self.writes && !ids.is_empty() { self.known(&ids).await? } else { Known::default() };
        for item in items.iter_mut().filter(|item| item.early == Some(Early::Removed) && !late.links_of(&item.id).is_empty()) {
            self.assign_by_links(item, late.links_of(&item.id)).await?;
        }
        let mut gone = self.vanished(items, units, known).await?;
        for (position, item) in items.iter().enumerate().filter(|(_, item)| item.early == Some(Early::Removed)) {
            for link in known.links_of(&item.id).iter().chain(late.links_of(&item.id)) {
                let sent = late.sent(&item.id, &link.part).or_else(|| known.sent(&item.id, &link.part));
                let removal = |record| Unit { sent: sent.cloned(), ..Self::removal(position, record, link) };
                gone.extend(self.record_named(&link.part, &link.target_resource).map(removal));
            }
        }
        for scope in self.scopes_of(items) {
            self.enter(scope);
            for record in (0..self.flow.to.records.len()).rev() {
                let here = |unit: &Unit| unit.record == record && items[unit.item].scope == scope;
                let (mut wave, others): (Vec<Unit>, Vec<Unit>) = gone.into_iter().partition(here);
                gone = others;
                if wave.is_empty() {
                    continue;
                }
                self.guard_removals(wave.len() as u64).await?;
                self.await_intents(record, items, &mut wave).await?;
                let parents = self.leave_out_gone(record, items, units, &mut wave).await?;
                let mut levels = self.levels(wave, &parents).into_iter();
                while let Some(mut level) = levels.next() {
                    let sent = self.send_decided(record, items, &mut level).await;
                    units.append(&mut level);
                    if let Err(error) = sent {
                        for mut unit in levels.flatten() {
                            unit.leave_undone(&error);
                            units.push(unit);
                        }
                        return Err(error);
                    }
                }
            }
        }
        Ok(())
    }

    /// What items of a list were linked to that are no longer in it, although their record is there: rows that a group has lost. Only where each item that is there
    /// can be told by its key; an item that is there and is only not written (its `when` no longer holds) has not gone.
    async fn vanished(&self, items: &[Item], units: &[Unit], known: &Known) -> Result<Vec<Unit>, Error> {
        let mut gone = Vec::new();
        // A row that nobody can tell the group of may be the one that is missing.
        if self.flow.deletes.detect == Detect::None || self.flow.deletes.then == Then::Ignore || self.nameless {
            return Ok(gone);
        }
        for (record, spec) in self.flow.to.records.iter().enumerate().filter(|(_, spec)| spec.each.is_some()) {
            for (position, item) in items.iter().enumerate().filter(|(_, item)| item.early.is_none()) {
                let made: HashSet<&str> =
                    units.iter().filter(|unit| unit.item == position && unit.record == record).map(|unit| unit.part.as_str()).collect();
                let resource = self.resource_in(record, item.scope);
                let is_own =
                    |link: &Link| self.record_named(&link.part, &link.target_resource) == Some(record) && link.target_resource == resource;
                let missing = |link: &&Link| is_own(link) && !made.contains(link.part.as_str());
                let missing: Vec<&Link> = known.links_of(&item.id).iter().filter(missing).collect();
                if missing.is_empty() {
                    continue;
                }
                let is_parent = |unit: &&Unit| unit.item == position && Some(&self.flow.to.records[unit.record].name) == spec.of.as_ref();
                let parents: Vec<&Unit> = units.iter().filter(is_parent).collect();
                let mut references = KnownReferences::default();
                let mut there = self.parts(record, item, &parents, known, &references);
                if self.resolve(&mut references).await? {
                    there = self.parts(record, item, &parents, known, &references);
                }
                let Some(there) = there else { continue };
                gone.extend(
                    missing.into_iter().filter(|link| !there.contains(&link.part)).map(|link| Self::removal(position, record, link)),
                );
            }
        }
        Ok(gone)
    }

    fn removal(item: usize, record: usize, link: &Link) -> Unit {
        let mut unit = Unit::new(item, record, &link.part, Decision::Open);
        unit.key = link.key.clone();
        unit.link = Some(link.clone());
        unit
    }

    fn removing(&self, link: &Link) -> Change {
        let deactivates = self.flow.deletes.then == Then::Deactivate;
        Change {
            action: if deactivates { Action::Deactivate } else { Action::Delete },
            target_id: Some(link.target_id.clone()),
            target_version: link.version.clone(),
            body: if deactivates { json!({ "active": false }).into() } else { Arc::default() },
            before: Value::Null,
        }
    }

    /// What is gone already, what another source still has, or what this flow finds and never makes needs no request; only the link goes. Answers in which other
    /// records they lie, where records of the flow refer to one another.
    async fn leave_out_gone(
        &self,
        record: usize,
        items: &[Item],
        before: &[Unit],
        wave: &mut [Unit],
    ) -> Result<Vec<Option<String>>, Error> {
        let ids: Vec<String> = wave.iter().filter_map(|unit| unit.target_id().map(str::to_owned)).collect();
        let mut held: HashSet<String> = self
            .engine
            .store
            .links_by_target(&self.flow.to.system, &self.resource_of(record), &ids)
            .await?
            .into_iter()
            .filter(|link| {
                let from = &self.flow.from;
                let own_source = link.source.system == from.system && link.source.resource == from.resource;
                !own_source || wave.iter().all(|unit| items[unit.item].id != link.source.id)
            })
            .map(|link| link.target_id)
            .collect();
        // What the page itself has made or found is not linked yet.
        let in_page =
            before.iter().filter(|unit| unit.record == record && items[unit.item].scope == self.scopes.current && unit.has_arrived());
        held.extend(in_page.filter_map(Unit::target_id).map(str::to_owned));
        let never_made = self.flow.to.records[record].missing != Missing::Create;
        let present = self.fetch(record, &ids).await?;
        let parent = |present: &Option<Candidate>| self.tree.as_ref()?.parent_of(record, &present.as_ref()?.body);
        let parents = present.iter().map(parent).collect();
        for (unit, present) in wave.iter_mut().zip(present) {
            let Some(link) = &unit.link else { continue };
            if never_made {
                unit.decision = Decision::Unlinked { is_off: false };
                continue;
            }
            if let Some(cause) = present.as_ref().and_then(|present| present.barred()) {
                unit.decision = Decision::Rejected(vec![cause.clone()]);
                continue;
            }
            let gone = present.as_ref().is_none_or(|present| present.deleted);
            // Whoever switched it off: there is nothing to be sent, and nothing that a revert could take back.
            let is_off =
                !gone && self.flow.deletes.then == Then::Deactivate && present.as_ref().is_some_and(|one| one.is_off_on(self.today));
            let parted = self.is_parted(record, unit, &items[unit.item].id, present.as_ref());
            let mut change = self.removing(link);
            // An earlier run sent it and did not live to see the answer.
            let was_sent = if is_off {
                unit.was_being_deactivated
            } else {
                gone && (unit.was_being_deleted || unit.interrupted == Some(Action::Deactivate))
            };
            // A number is nobody's data, and can be given again; of other records what they were is kept where the flow says so and it can be made again from that.
            let remakes = self.targets[record].capabilities.remakes;
            if !was_sent && (self.sending.is_some() || self.writes && remakes && self.flow.keep.payload == Payload::All) {
                change.before = present.as_ref().map(|present| present.body.clone()).unwrap_or_default();
            }
            unit.decision = if was_sent {
                let version = present.as_ref().filter(|_| is_off).and_then(|present| present.version.clone());
                Decision::Written { change, id: link.target_id.clone(), version }
            } else if gone || held.contains(&link.target_id) || parted {
                Decision::Unlinked { is_off: false }
            } else if is_off {
                Decision::Unlinked { is_off }
            } else {
                Decision::Write(change)
            };
            if let Some(present) = &present {
                self.tell_written_over(&items[unit.item].id, unit, present);
            }
        }
        Ok(parents)
    }

    /// Stops before so many records are removed that something else must be the matter: a slip in `where`, a wrong export.
    async fn guard_removals(&mut self, more: u64) -> Result<(), Error> {
        self.removed += more;
        // A number that falls to nothing is no record that is gone.
        if self.removed <= FEW || self.sending.is_some() {
            return Ok(());
        }
        self.guard(self.removed).await
    }

    /// Whether the flow acts on what is absent.
    pub(crate) fn tells_absence(&self) -> bool {
        self.flow.deletes.detect == Detect::Absence && self.flow.deletes.then != Then::Ignore
    }

    /// After a complete reading: what was linked and has not been seen in it.
    pub(crate) async fn delete_absent(&mut self, watch: &dyn Watch) -> Result<(), Error> {
        if !self.tells_absence() || self.counts.failed > 0 {
            return Ok(());
        }
        if self.cannot_tell_absence("nothing was deleted") {
            return Ok(());
        }
        let (absent, linked) = self.absent().await?;
        self.guard(linked).await?;
        let absent = self.children_first(absent).await?;
        let partition = Partition(ABSENT.to_owned());
        for ids in absent.chunks(self.engine.pace.page_size) {
            let known = self.known(ids).await?;
            self.page(&partition, page_of_absent(ids), &known, false, false, watch).await?;
        }
        Ok(())
    }

    /// Records without identity were met: it is told once that nothing follows from what is missing.
    pub(crate) fn cannot_tell_absence(&mut self, so: &str) -> bool {
        if self.nameless {
            let message = format!("records without identity were in the input, so nobody can tell which records are missing from it; {so}");
            self.groups.add(Outcome::Skipped, &Cause::new(codes::ABSENCE_UNSURE, message), "the whole input");
        }
        self.nameless
    }

    /// The ids of this flow's source that are linked to this target and were not seen, and how many links they have: a record may be several of the target.
    async fn absent(&self) -> Result<(Vec<String>, u64), Error> {
        let (flow, store) = (&self.flow, &self.engine.store);
        // A plan has put nothing down as seen; it has its own list.
        let run = if self.writes { self.run } else { RunId(i64::MAX) };
        let mut absent: Vec<String> = Vec::new();
        let mut after = String::new();
        loop {
            let links = store.unseen(&flow.name, run, &after, self.engine.pace.page_size).await?;
            let Some(last) = links.last() else { break };
            after.clone_from(&last.source.id);
            // A flow may have read another file before, or written elsewhere: those links are none of this reading's business.
            let own = |link: &Link| {
                link.source.system == flow.from.system && link.source.resource == flow.from.resource && link.target_system == flow.to.system
            };
            let ids = links.into_iter().filter(own).map(|link| link.source.id);
            absent.extend(ids.filter(|id| self.writes || !self.seen_in_plan.contains(&hash_of(id))));
        }
        let links = absent.len() as u64;
        absent.dedup();
        Ok((absent, links))
    }

    async fn guard(&self, absent: u64) -> Result<(), Error> {
        // What a run has made or found by now is linked; what a plan would have linked counts with it in the same way.
        let linked = self.engine.store.count_links(&self.flow.name).await? + self.unlinked + self.made_in_plan;
        if self.flow.deletes.stop_above.unwrap_or(StopAbove::USUAL).stops(absent, linked) {
            return Err(Error::stop(
                codes::TOO_MANY_DELETES,
                format!(
                    "{absent} of {linked} linked records would be removed, more than `stop_above` allows; they were left as they are; if the source is complete, raise `deletes: stop_above` in the flow for one run"
                ),
            ));
        }
        Ok(())
    }
}

/// Records that a complete reading did not bring, as a source would say that they were deleted.
pub(crate) fn page_of_absent(ids: &[String]) -> Page {
    let gone = |id: &String| SourceRecord {
        id: Some(id.clone()),
        place: "no longer in the source".to_owned(),
        version: None,
        deleted: true,
        body: Ok(Bytes::from_static(b"null")),
        read: None,
    };
    Page { records: ids.iter().map(gone).collect(), next: Cursor { value: String::new(), time: None } }
}

/// A short stand-in for an id, where a plan remembers which it has seen.
pub(crate) fn hash_of(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}
