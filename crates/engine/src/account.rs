//! The account of a page: from what was decided and done to the one transaction that commits it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use jiff::Timestamp;
use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::Action;
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Payload;
use kivuko_core::outcome::Outcome;
use kivuko_core::people::Review;
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::{IntentId, Kept, Link, OutcomeRow, PageCommit, Reference, Rejection, RunId, Sent, TargetKey, Waiting};
use kivuko_core::value;
use serde_json::Value;

use crate::known::Known;
use crate::orphans::INTERRUPTED;
use crate::run::{Execution, worst};
use crate::unit::{Decision, Early, Item, Unit, without_effect};

/// No run: those are counted from 1.
const NEVER: RunId = RunId(0);

impl Execution<'_> {
    /// Puts the commit of a page together and takes the page into the account of the run.
    pub(crate) fn account(
        &mut self,
        partition: &Partition,
        items: &[Item],
        units: &[Unit],
        known: &Known,
        cursor: Option<Cursor>,
    ) -> Result<PageCommit, Error> {
        let mut commit = self.empty_commit(partition, cursor);
        let mut by_item: Vec<Vec<&Unit>> = vec![Vec::new(); items.len()];
        for unit in units {
            by_item[unit.item].push(unit);
        }
        let mut dropped = 0;
        for (item, units) in items.iter().zip(&by_item) {
            if item.is_old_news(units) {
                dropped += 1;
                self.repeated += 1;
                continue;
            }
            if let Some(reference) = self.is_put_off(item, units) {
                for unit in units {
                    self.account_unit(item, unit, &mut commit);
                }
                if !known.links_of(&item.id).is_empty() {
                    commit.seen.push(self.source_key(&item.id));
                }
                let done = units.iter().filter(|unit| unit.outcome() != Outcome::Waiting);
                commit.outcomes.extend(done.filter_map(|unit| self.part_row(item, unit)));
                commit.waiting.push(self.waiting(item, reference, partition, commit.at));
                self.put_off(item, units);
                dropped += 1;
                continue;
            }
            for unit in units {
                self.account_unit(item, unit, &mut commit);
            }
            if self.sending.is_some() {
                self.account_cell(item, units, known, &mut commit);
            } else {
                self.account_item(item, units, known, &mut commit);
            }
        }
        self.leave_open(items, units, &commit);
        if self.tree.is_some() {
            // In the order in which it was written, so that a revert, which goes back over it page by page, comes to what lies in something before that.
            let sent: HashMap<(&str, &str), usize> =
                units.iter().enumerate().map(|(at, unit)| ((items[unit.item].id.as_str(), unit.part.as_str()), at)).collect();
            commit.kept.sort_by_key(|kept| sent.get(&(kept.source_id.as_str(), kept.part.as_str())).copied());
        }
        let accounted = if self.sending.is_some() { 0 } else { items.len() as u64 };
        if !commit.counts.adds_up() || commit.counts.read + dropped != accounted {
            return Err(Error::bug(
                codes::ACCOUNT_WRONG,
                format!("a page of {} records came to {} outcomes", items.len() as u64 - dropped, commit.counts.read),
            ));
        }
        self.counts.merge(&commit.counts);
        self.switched_off += units.iter().filter(|unit| unit.is_switched_off()).count() as u64;
        Ok(commit)
    }

    /// Notes of which records a killed run's write stays open, so that the end of the run leaves it open too.
    fn leave_open(&mut self, items: &[Item], units: &[Unit], commit: &PageCommit) {
        if self.intents.is_empty() || commit.partition.0 == INTERRUPTED {
            return;
        }
        // What was written in another part of the target is found out at the end of the run.
        let elsewhere = |unit: &&Unit| matches!(&unit.decision, Decision::Rejected(causes) if causes.iter().any(|cause| cause.code == codes::OTHER_SCOPE));
        let elsewhere: HashSet<usize> = units.iter().filter(elsewhere).map(|unit| unit.item).collect();
        let closed: HashSet<IntentId> = commit.closed_intents.iter().copied().collect();
        let own = self.intents.iter().filter(|open| open.intent.flow == self.flow.name && !closed.contains(&open.id));
        let open: HashSet<&str> = own.map(|open| open.intent.source.id.as_str()).collect();
        // What is removed is dealt with by whoever removes it.
        let came_by = items.iter().enumerate().filter(|(at, item)| !elsewhere.contains(at) && item.early != Some(Early::Removed));
        let left_open: Vec<String> = came_by.filter(|(_, item)| open.contains(item.id.as_str())).map(|(_, item)| item.id.clone()).collect();
        self.unknown.extend(left_open);
    }

    /// The commit of a page in which nothing happened yet.
    pub(crate) fn empty_commit(&self, partition: &Partition, cursor: Option<Cursor>) -> PageCommit {
        let commit = PageCommit::new(self.run, &self.flow.name, partition.clone(), self.engine.clock.now());
        PageCommit { cursor, ..commit }
    }

    fn account_item(&mut self, item: &Item, units: &[&Unit], known: &Known, commit: &mut PageCommit) {
        let outcome = self.with_what_was_done(item, Some(item.outcome(units)));
        commit.counts.add(outcome);
        if !known.links_of(&item.id).is_empty() {
            commit.seen.push(self.source_key(&item.id));
        }
        let mut causes = item.early_causes(units);
        if causes.is_empty() {
            causes = units.iter().flat_map(|unit| unit.causes()).collect();
        }
        self.counted(item, outcome, causes.first());
        commit.reviews.extend(units.iter().filter(|unit| !unit.review.is_empty()).map(|unit| Review {
            source: self.source_key(&item.id),
            part: unit.part.clone(),
            place: item.place.clone(),
            target_system: self.flow.to.system.clone(),
            // All parts of the target that a page has records for were dealt with by now.
            target_resource: self.resource_in(unit.record, item.scope),
            candidates: unit.review.clone(),
        }));
        for cause in &causes {
            self.groups.add(outcome, cause, &item.place);
        }
        match outcome {
            Outcome::Rejected => commit.rejections.push(Rejection {
                flow: self.flow.name.clone(),
                source_id: item.id.clone(),
                place: item.place.clone(),
                causes: causes.clone(),
                payload: item.raw.as_ref().filter(|_| self.flow.keep.payload != Payload::None).map(|raw| raw.to_vec()),
                run: self.run,
                at: commit.at,
            }),
            Outcome::Failed | Outcome::Waiting => {}
            _ => commit.closed_rejections.push(item.id.clone()),
        }
        let awaits =
            |unit: &&'_ Unit| if let Decision::Waiting(reference) = &unit.decision { Some(reference.clone()) } else { unit.awaits.clone() };
        let reference = units.iter().find_map(awaits);
        // Rejected, and taken up all the same when the circle is no more.
        if let Some(reference) = reference.or_else(|| self.circle_of(&item.id).map(|found| found.waits_for.clone())) {
            commit.waiting.push(self.waiting(item, reference, &commit.partition, commit.at));
        } else if outcome != Outcome::Failed {
            commit.arrived.push(item.id.clone());
        }
        if outcome == Outcome::Unchanged && causes.is_empty() {
            return;
        }
        let first = units.iter().find(|unit| unit.outcome() == outcome).or(units.first());
        commit.outcomes.push(OutcomeRow {
            source_id: item.id.clone(),
            place: item.place.clone(),
            part: String::new(),
            outcome,
            target_resource: self.resource_in(first.map_or(0, |unit| unit.record), item.scope),
            target_id: first.and_then(|unit| unit.target_id()).map(str::to_owned),
            fields: first.map(|unit| unit.written_fields()).unwrap_or_default(),
            causes,
        });
        if self.flow.to.records.len() > 1 || units.len() > 1 {
            commit.outcomes.extend(units.iter().filter_map(|unit| self.part_row(item, unit)));
        }
    }

    /// What is put down of one part of a record; nothing of what stays as it is.
    fn part_row(&self, item: &Item, unit: &Unit) -> Option<OutcomeRow> {
        (unit.outcome() != Outcome::Unchanged).then(|| OutcomeRow {
            source_id: item.id.clone(),
            place: item.place.clone(),
            part: unit.part.clone(),
            outcome: unit.outcome(),
            target_resource: self.resource_in(unit.record, item.scope),
            target_id: unit.target_id().map(str::to_owned),
            fields: unit.written_fields(),
            causes: unit.causes(),
        })
    }

    pub(crate) fn waiting(&self, item: &Item, reference: Reference, partition: &Partition, since: Timestamp) -> Waiting {
        Waiting {
            flow: self.flow.name.clone(),
            source_id: item.id.clone(),
            partition: partition.clone(),
            place: item.place.clone(),
            reference,
            since,
        }
    }

    fn account_unit(&self, item: &Item, unit: &Unit, commit: &mut PageCommit) {
        // What a killed run was writing is settled when the record gets through; until then nobody knows what the target holds of it.
        let is_settled = match unit.decision {
            Decision::Unchanged { .. } | Decision::Written { .. } | Decision::Unlinked { .. } => true,
            Decision::Failed { unsettled: true, .. } => false,
            _ => unit.interrupted.is_none(),
        };
        if is_settled {
            commit.closed_intents.extend(unit.superseded.iter().copied().chain(unit.intent));
        }
        match &unit.decision {
            Decision::Unchanged { found } => {
                let link = match (&unit.link, found) {
                    // Found again under a link that stands: only a moved key is news.
                    (Some(link), _) if link.key == unit.key => None,
                    (Some(link), _) => Some(Link { key: unit.key.clone(), seen: self.run, ..link.clone() }),
                    (None, Some(found)) => Some(self.link(item, unit, &found.id, found.version.clone(), false)),
                    (None, None) => None,
                };
                commit.links.extend(link);
                commit.unlinked.extend(links_back(unit));
                self.account_sent(item, unit, commit);
            }
            Decision::Written { change, id, version } => match change.action {
                Action::Create | Action::Update => {
                    // What a killed run created is the flow's own, also when the source has changed it since.
                    let created = change.action == Action::Create
                        || unit.link.as_ref().map_or(unit.interrupted == Some(Action::Create), |link| link.created);
                    if change.action == Action::Create {
                        commit.counts.writes.created += 1;
                    } else {
                        commit.counts.writes.updated += 1;
                    }
                    commit.links.push(self.link(item, unit, id, version.clone(), created));
                    commit.unlinked.extend(links_back(unit));
                    self.account_sent(item, unit, commit);
                    commit.kept.push(self.kept(item, unit, change.action, id, version.clone(), &change.before));
                }
                Action::Delete | Action::Deactivate => {
                    commit.deleted.push(TargetKey { system: self.flow.to.system.clone(), id: id.clone() });
                    commit.counts.writes.deleted += 1;
                    commit.unlinked.extend(unit.link.clone());
                    commit.kept.push(self.kept(item, unit, change.action, id, version.clone(), &change.before));
                }
            },
            // Only what was sent was a write; what the mapping rejected never came that far.
            Decision::Rejected(_) => commit.counts.writes.rejected += u64::from(unit.was_sent),
            Decision::Unlinked { .. } => commit.unlinked.extend(unit.link.clone()),
            Decision::Open | Decision::Write(_) | Decision::Waiting(_) | Decision::Skipped(_) | Decision::Failed { .. } => {}
        }
    }

    /// What was sent is put down when it is news: new content, or a new version of the source.
    fn account_sent(&self, item: &Item, unit: &Unit, commit: &mut PageCommit) {
        let left = unit.left_for_an_update();
        let hash = match &unit.decision {
            // Not what it is to become: the next run compares, and sends the rest.
            Decision::Written { change, .. } if !left.is_empty() => value::hash(&self.hash_key, &change.body),
            _ => unit.hash.clone(),
        };
        let news = unit.sent.as_ref().is_none_or(|sent| sent.hash != hash || sent.source_version != item.version);
        if news {
            let mut fields = Arc::clone(&unit.fields);
            if !left.is_empty() {
                Arc::make_mut(&mut fields).retain(|name, _| !left.contains(&name.as_str()));
            }
            commit.sent.push(Sent {
                flow: self.flow.name.clone(),
                source_id: item.id.clone(),
                part: unit.part.clone(),
                hash,
                fields,
                source_version: item.version.clone(),
                run: self.sent_in(unit),
            });
        }
    }

    /// The run as of which the target is known to have what was sent.
    fn sent_in(&self, unit: &Unit) -> RunId {
        match (&unit.decision, &unit.sent) {
            // A new version of the source that says the same was neither sent nor looked for: nobody knows of it that the target has it.
            (Decision::Unchanged { found: None }, Some(sent)) => sent.run,
            // A number that is only found as it should be was not sent by this run.
            (Decision::Unchanged { .. }, sent) if self.sending.is_some() => sent.as_ref().map_or(NEVER, |sent| sent.run),
            _ => self.run,
        }
    }

    fn link(&self, item: &Item, unit: &Unit, target_id: &str, version: Option<String>, created: bool) -> Link {
        Link {
            source: self.source_key(&item.id),
            part: unit.part.clone(),
            target_system: self.flow.to.system.clone(),
            target_resource: self.resource_in(unit.record, item.scope),
            target_id: target_id.to_owned(),
            key: unit.key.clone(),
            flow: self.flow.name.clone(),
            created,
            seen: self.run,
            version,
        }
    }

    fn kept(&self, item: &Item, unit: &Unit, action: Action, id: &str, version: Option<String>, given: &Value) -> Kept {
        let keeps_values = self.flow.keep.payload == Payload::All && !given.is_null();
        let before = if keeps_values { given.to_string().into_bytes() } else { Vec::new() };
        let (version, before) = if self.sending.is_some() { self.kept_number(item, action, given) } else { (version, before) };
        Kept {
            source_id: item.id.clone(),
            part: unit.part.clone(),
            target_resource: self.resource_in(unit.record, item.scope),
            target_id: id.to_owned(),
            action,
            version,
            before,
        }
    }
}

/// The links of other flows that lead from a record that the target has lost, and that has another one in its place now.
fn links_back(unit: &Unit) -> impl Iterator<Item = Link> + '_ {
    unit.links_back.iter().filter(|link| unit.target_id() != Some(link.source.id.as_str())).cloned()
}

impl Item {
    /// Why it came to nothing before it was mapped, or with nothing of it in the target.
    pub(crate) fn early_causes(&self, units: &[&Unit]) -> Vec<Cause> {
        match &self.early {
            Some(Early::Rejected(causes) | Early::Left(causes)) => causes.clone(),
            Some(Early::Skipped) if self.deleted => vec![without_effect("the flow does nothing about that (`deletes:`)")],
            Some(Early::Removed) if self.deleted && units.is_empty() => vec![without_effect("nothing is linked to it (any more)")],
            Some(Early::Skipped | Early::Removed) | None => Vec::new(),
        }
    }

    /// What the overlap of a reading repeats, and nothing comes of it, is left out of the account.
    pub(crate) fn is_old_news(&self, units: &[&Unit]) -> bool {
        self.repeated && self.outcome(units) == Outcome::Unchanged && units.iter().all(|unit| unit.intent.is_none())
    }

    /// The worst outcome of its parts counts; a record of which nothing was to be written is skipped.
    pub(crate) fn outcome(&self, units: &[&Unit]) -> Outcome {
        match &self.early {
            Some(Early::Rejected(_)) => Outcome::Rejected,
            Some(Early::Skipped | Early::Left(_)) => Outcome::Skipped,
            Some(Early::Removed) | None => worst(units.iter().copied()).unwrap_or(Outcome::Skipped),
        }
    }
}
