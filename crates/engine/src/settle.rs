//! Settling: what became of a write whose answer was never seen.
//!
//! A write that was noted and has no answer may have taken effect, may still take effect, or never will. Nothing of its key is sent again before it
//! was seen in the target, or the system's `settle_secs` have passed without it. If the other side did answer (an error), nothing comes late, and one
//! look is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kivuko_core::catalogue::{network, run as codes};
use kivuko_core::connector::{Action, Candidate, Key, Write};
use kivuko_core::diff;
use kivuko_core::error::{Cause, Error};
use kivuko_core::store::OpenIntent;

use crate::run::Execution;
use crate::scope::split;
use crate::unit::{Decision, Item, Unit};

/// A longer wait is told.
const TOLD_ABOVE: Duration = Duration::from_secs(1);

/// A write without an answer.
#[derive(Debug)]
pub(crate) struct Unanswered<'a> {
    /// The position among the writes.
    pub at: usize,
    pub write: &'a Write,
    /// When nothing can come any more.
    pub due: Timestamp,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Settled {
    /// It took effect.
    Applied { id: String, version: Option<String> },
    /// It did not, and will not.
    NotApplied,
}

impl Execution<'_> {
    /// When a write that was sent at `since` can no longer take effect.
    pub(crate) fn due(&self, record: usize, since: Timestamp) -> Timestamp {
        let seconds = self.targets[record].capabilities.settle_secs.max(0.0);
        SignedDuration::try_from_secs_f64(seconds).ok().and_then(|wait| since.checked_add(wait).ok()).unwrap_or(since)
    }

    /// By when the run that left an intent open was dead at the latest: it may have sent until its end. The next run of its flow began after that,
    /// since it holds the same leases.
    pub(crate) fn dead_since(&self, open: &OpenIntent) -> Timestamp {
        self.graves.get(&open.intent.run).copied().unwrap_or(self.began)
    }

    /// Looks again and again until every write was seen in the target or is past its time.
    pub(crate) async fn settle(&self, record: usize, unanswered: &[Unanswered<'_>]) -> Result<BTreeMap<usize, Settled>, Error> {
        let mut settled = BTreeMap::new();
        loop {
            let now = self.engine.clock.now();
            let left: Vec<&Unanswered<'_>> = unanswered.iter().filter(|one| !settled.contains_key(&one.at)).collect();
            for (one, seen) in left.iter().zip(self.look(record, &left).await?) {
                match seen {
                    Some(applied) => settled.insert(one.at, applied),
                    None if now >= one.due => settled.insert(one.at, Settled::NotApplied),
                    None => None,
                };
            }
            let Some(next) = unanswered.iter().filter(|one| !settled.contains_key(&one.at)).map(|one| one.due).max() else {
                return Ok(settled);
            };
            self.stop_if_cancelled()?;
            self.engine.clock.sleep(pause(now, next)).await;
        }
    }

    /// One look at each of the writes: what took effect.
    async fn look(&self, record: usize, writes: &[&Unanswered<'_>]) -> Result<Vec<Option<Settled>>, Error> {
        let (by_key, by_id): (Vec<usize>, Vec<usize>) = (0..writes.len()).partition(|&at| writes[at].write.id.is_none());
        let mut seen = vec![None; writes.len()];
        let keys: Vec<Key> = by_key.iter().map(|&at| writes[at].write.key.clone()).collect();
        for (&at, candidates) in by_key.iter().zip(self.lookup(record, &keys).await?) {
            seen[at] = candidates.into_iter().find(Candidate::stands).map(applied);
        }
        let ids: Vec<String> = by_id.iter().filter_map(|&at| writes[at].write.id.clone()).collect();
        for (&at, candidate) in by_id.iter().zip(self.fetch(record, &ids).await?) {
            let write = writes[at].write;
            seen[at] = match (write.action, candidate) {
                (Action::Delete, None) => write.id.clone().map(|id| Settled::Applied { id, version: None }),
                (Action::Delete, Some(candidate)) => candidate.deleted.then(|| applied(candidate)),
                (_, Some(candidate)) if !candidate.is_usual() => None,
                (_, Some(candidate)) => diff::changed_fields(&candidate.body, &write.body).is_empty().then(|| applied(candidate)),
                (_, None) => None,
            };
        }
        Ok(seen)
    }

    /// Before records are looked up: those that an earlier run was writing when it died wait until that write is seen or past its time.
    pub(crate) async fn await_intents(&mut self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        if self.intents.is_empty() {
            return Ok(());
        }
        let resource = self.resource_of(record);
        let mut waits: Vec<(usize, Timestamp, Action)> = Vec::new();
        let mut elsewhere = Vec::new();
        for (at, unit) in units.iter_mut().enumerate() {
            if !matches!(unit.decision, Decision::Open | Decision::Unchanged { .. }) {
                continue;
            }
            let item = &items[unit.item];
            let concerns = |open: &&kivuko_core::store::OpenIntent| {
                let intent = &open.intent;
                let same_record = intent.flow == self.flow.name && intent.source.id == item.id && intent.part == unit.part;
                let same_target = intent.target_resource == resource
                    && (intent.key == unit.key
                        || unit.link.as_ref().is_some_and(|link| intent.target_id.as_deref() == Some(&link.target_id)));
                same_record || same_target
            };
            for open in self.intents.iter().filter(concerns) {
                let intent = &open.intent;
                waits.push((at, self.dead_since(open), intent.action));
                // Only the flow's own intent for this record tells what it did; another flow's is only waited for.
                if intent.flow == self.flow.name && intent.source.id == item.id && intent.part == unit.part {
                    if intent.target_resource != resource && split(&intent.target_resource).0 == split(&resource).0 {
                        // The record moved while nobody knows what became of it there: that is found out at the end of this run.
                        elsewhere.push(at);
                        continue;
                    }
                    // Several runs may have died over it, one after the other: the last intent stands for all, and a creation remains one.
                    unit.superseded.extend(unit.intent.replace(open.id));
                    unit.interrupted = unit.interrupted.filter(|action| *action == Action::Create).or(Some(intent.action));
                    unit.was_being_deleted |= intent.action == Action::Delete;
                    unit.was_being_deactivated |= intent.action == Action::Deactivate;
                    unit.unsure |= intent.hash != unit.hash && matches!(intent.action, Action::Create | Action::Update);
                    unit.decision = Decision::Open;
                }
            }
        }
        for at in elsewhere {
            units[at].decision = Decision::Rejected(vec![Cause::new(
                codes::OTHER_SCOPE,
                "an earlier run was writing this record in another part of the target when it was stopped; the next run knows what became of it",
            )]);
            waits.retain(|(waiting, _, _)| *waiting != at);
        }
        let mut told = false;
        loop {
            let now = self.engine.clock.now();
            waits.retain(|(_, dead, _)| self.due(record, *dead) > now);
            let creations: Vec<usize> = waits.iter().filter(|(_, _, action)| *action == Action::Create).map(|(at, _, _)| *at).collect();
            let keys: Vec<Key> = creations.iter().map(|&at| units[at].key.clone()).collect();
            let arrived: BTreeSet<usize> = creations
                .into_iter()
                .zip(self.lookup(record, &keys).await?)
                .filter(|(_, candidates)| candidates.iter().any(Candidate::stands))
                .map(|(at, _)| at)
                .collect();
            waits.retain(|(at, _, _)| !arrived.contains(at));
            let Some(last) = waits.iter().map(|(_, dead, _)| self.due(record, *dead)).max() else { return Ok(()) };
            self.stop_if_cancelled()?;
            if !told && last.duration_since(now).unsigned_abs() > TOLD_ABOVE {
                told = true;
                let seconds = last.duration_since(now).as_secs_f64().ceil();
                let writes = if waits.len() == 1 { "1 write".to_owned() } else { format!("{} writes", waits.len()) };
                self.engine.tell_wait(&format!("{writes} of an earlier run may still take effect; waiting for that, {seconds} s at most"));
            }
            self.engine.clock.sleep(pause(now, last)).await;
        }
    }

    /// Ends the run when somebody asked for it.
    pub(crate) fn stop_if_cancelled(&self) -> Result<(), Error> {
        if self.engine.cancel.is_cancelled() {
            return Err(cancelled());
        }
        Ok(())
    }
}

/// Somebody asked the run to end.
pub(crate) fn cancelled() -> Error {
    Error::stop(
        network::CANCELLED,
        "the run was stopped by Ctrl-C or a signal to its process, and ended in order; what was done is put down, and the next run goes on from there",
    )
}

fn applied(candidate: Candidate) -> Settled {
    Settled::Applied { id: candidate.id, version: candidate.version }
}

/// How long to wait until the next look: a tenth of what is left, between 20 milliseconds and 2 seconds, and never past the end.
pub(crate) fn pause(now: Timestamp, end: Timestamp) -> Duration {
    let left = end.duration_since(now).unsigned_abs();
    (left / 10).clamp(Duration::from_millis(20), Duration::from_secs(2)).min(left.max(Duration::from_millis(1)))
}
