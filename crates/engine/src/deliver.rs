//! Delivery of what was decided: noted first, sent in the target's own batches, tried again where that can help.
//!
//! At least once, and idempotent: an intent is durable before its request; a write without an answer is settled (see [`crate::settle`]) before it is
//! sent again; a refusal is final for its record and for no other.

use std::time::Duration;

use futures_util::StreamExt;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{network, target as target_codes};
use kivuko_core::connector::{Cancel, Target, Write, Written};
use kivuko_core::error::{Cause, Consequence, Error};
use kivuko_core::store::{Intent, SourceKey};

use crate::run::Execution;
use crate::settle::{Settled, Unanswered, cancelled};
use crate::unit::{Decision, Item, Unit};

/// From this try on, records are sent one by one, so that one that makes the target fail does not take others with it.
const ALONE_FROM: u32 = 2;
/// A record that failed this often alone while others passed is rejected.
const POISON_AFTER: u32 = 3;
/// Who asks for a longer pause than this gets it: the run ends, and the next one goes on.
const LONGEST_ASKED: Duration = Duration::from_mins(5);

/// One write on its way.
struct Sending {
    /// The unit's position.
    unit: usize,
    write: Write,
    /// How often it was sent alone.
    alone: u32,
}

impl Execution<'_> {
    /// What the target does not take where it lies is not sent. What it holds already has been compared by then, and stays what it is.
    pub(crate) fn reject_closed(&self, record: usize, units: &mut [Unit]) {
        let target = &self.targets[record].target;
        for unit in units {
            let Decision::Write(change) = &unit.decision else { continue };
            let causes = target.closed(change.action, change.target_id.as_deref(), &change.body);
            if !causes.is_empty() {
                unit.decision = Decision::Rejected(causes);
            }
        }
    }

    /// Sends everything that was decided to be written. What comes back as `Some` ended the delivery early: the records that are not done stay due.
    pub(crate) async fn deliver(&mut self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<Option<Error>, Error> {
        let mut sending = Vec::new();
        for (at, unit) in units.iter_mut().enumerate() {
            if let Decision::Write(change) = &mut unit.decision {
                let write = Write {
                    action: change.action,
                    key: unit.key.clone(),
                    id: change.target_id.clone(),
                    // Lent, not copied: it comes back when the write is done.
                    body: std::mem::take(&mut change.body),
                    parent: unit.parent.clone(),
                };
                sending.push(Sending { unit: at, write, alone: 0 });
            }
        }
        if sending.is_empty() {
            return Ok(None);
        }
        if let Err(error) = self.begin(record).await {
            stays_due(units, sending.into_iter().map(|one| (one, error.clone())));
            return Ok(Some(error));
        }
        self.note(record, items, units, &sending).await?;
        let several = sending.len() > 1;
        let mut others_passed = false;
        for attempt in 0.. {
            let sent = sending.len();
            let Answers { again, fatal } = self.send(record, units, sending, attempt).await;
            others_passed |= again.len() < sent;
            if let Some(error) = fatal {
                stays_due(units, again);
                return Ok(Some(error));
            }
            let left = self.settle_unanswered(record, units, again).await?;
            // A single write has no others to be compared with in its page; then those of the run must do.
            let left = self.try_suspects(record, units, left, if several { others_passed } else { self.passed }).await?;
            let Some((_, last)) = left.last() else { return Ok(None) };
            let last = last.clone();
            let asked = left.iter().filter_map(|(_, error)| error.retry_after).max();
            if attempt + 1 >= self.engine.pace.tries || asks_for_too_long(asked) {
                stays_due(units, left);
                return Ok(Some(given_up(last, attempt + 1)));
            }
            if let Err(error) = self.wait(attempt, asked).await {
                stays_due(units, left);
                return Ok(Some(error));
            }
            sending = left.into_iter().map(|(one, _)| one).collect();
        }
        unreachable!("the loop ends by returning")
    }

    /// Notes what is about to be sent, durably.
    async fn note(&mut self, record: usize, items: &[Item], units: &mut [Unit], sending: &[Sending]) -> Result<(), Error> {
        let noted = self.engine.clock.now();
        let intents: Vec<Intent> = sending
            .iter()
            .map(|one| {
                let unit = &units[one.unit];
                Intent {
                    flow: self.flow.name.clone(),
                    source: self.source_key(&items[unit.item].id),
                    part: unit.part.clone(),
                    target_system: self.flow.to.system.clone(),
                    target_resource: self.resource_of(record),
                    action: one.write.action,
                    key: unit.key.clone(),
                    target_id: one.write.id.clone(),
                    hash: unit.hash.clone(),
                    run: self.run,
                    noted,
                }
            })
            .collect();
        let ids = self.engine.store.note_intents(&intents).await?;
        for (one, id) in sending.iter().zip(ids) {
            // What an earlier run left open for this record was settled before we came here.
            let unit = &mut units[one.unit];
            unit.superseded.extend(unit.intent.replace(id));
            unit.was_sent = true;
        }
        Ok(())
    }

    /// Sends once: in batches at first, later one by one. What is done is put down in the units; what is to be tried again comes back.
    async fn send(&mut self, record: usize, units: &mut [Unit], sending: Vec<Sending>, attempt: u32) -> Answers {
        let opened = &self.targets[record];
        let size = if attempt >= ALONE_FROM { 1 } else { opened.capabilities.batch_size.max(1) };
        let mut batches: Vec<Vec<Sending>> = Vec::new();
        for one in sending {
            match batches.last_mut() {
                Some(batch) if batch.len() < size => batch.push(one),
                _ => batches.push(vec![one]),
            }
        }
        let target = &*opened.target;
        let cancel = &self.engine.cancel;
        let calls: Vec<_> = batches.into_iter().map(|batch| send_batch(target, cancel, batch)).collect();
        let answers: Vec<_> = futures_util::stream::iter(calls).buffer_unordered(opened.capabilities.concurrency.max(1)).collect().await;

        let mut outcome = Answers { again: Vec::new(), fatal: None };
        for (batch, written) in answers {
            let alone = batch.len() == 1;
            // A batch of which nothing was sent has the same answer for each of its records.
            let written = written.unwrap_or_else(|error| vec![Written::Failed(error); batch.len()]);
            for (mut one, answer) in batch.into_iter().zip(written) {
                one.alone += u32::from(alone);
                self.put_down(units, one, answer, &mut outcome);
            }
        }
        outcome
    }

    fn put_down(&mut self, units: &mut [Unit], one: Sending, answer: Written, outcome: &mut Answers) {
        match answer {
            Written::Done { id, version, .. } => self.done(units, one, id, version),
            Written::Refused(cause) => units[one.unit].decision = Decision::Rejected(vec![cause]),
            Written::NotYet(cause) => self.hold_back(&mut units[one.unit], cause),
            Written::Failed(error) => match error.consequence {
                Consequence::RejectRecord => units[one.unit].decision = Decision::Rejected(vec![error.cause]),
                Consequence::Retry => outcome.again.push((one, error)),
                Consequence::StopRun | Consequence::FixConfiguration | Consequence::OurBug => {
                    outcome.fatal.get_or_insert_with(|| error.clone());
                    outcome.again.push((one, error));
                }
            },
        }
    }

    fn done(&mut self, units: &mut [Unit], one: Sending, id: String, version: Option<String>) {
        self.passed = true;
        let unit = &mut units[one.unit];
        if let Decision::Write(mut change) = std::mem::replace(&mut unit.decision, Decision::Open) {
            change.body = one.write.body;
            unit.decision = Decision::Written { change, id, version };
        }
    }

    /// Finds out what became of the writes without an answer; what did not take effect comes back to be sent again, with why it failed.
    async fn settle_unanswered(
        &mut self,
        record: usize,
        units: &mut [Unit],
        again: Vec<(Sending, Error)>,
    ) -> Result<Vec<(Sending, Error)>, Error> {
        // What was cut off may come late, counted from when it was: the request itself may have taken long.
        let now = self.engine.clock.now();
        let unanswered: Vec<Unanswered<'_>> = again
            .iter()
            .enumerate()
            .filter(|(_, (_, error))| error.effect_unknown)
            .map(|(at, (one, error))| Unanswered { at, write: &one.write, due: if error.ended { now } else { self.due(record, now) } })
            .collect();
        let mut settled = match self.settle(record, &unanswered).await {
            Ok(settled) => settled,
            Err(error) => {
                // Not even a look is possible: everything stays due, and the intents stay open for the next run.
                stays_due(units, again.into_iter().map(|(one, _)| (one, error.clone().with_unknown_effect())));
                return Err(error);
            }
        };
        let mut left = Vec::new();
        for (at, (one, error)) in again.into_iter().enumerate() {
            match settled.remove(&at) {
                Some(Settled::Applied { id, version }) => self.done(units, one, id, version),
                Some(Settled::NotApplied) | None => left.push((one, error)),
            }
        }
        Ok(left)
    }

    /// A record that makes the system fail again and again, alone, while others pass, is not the system's fault. But a system that fails in a regular way (each
    /// third request) may hit the same record each time: so it is sent again a few times, and before each try one look more is taken than before the last. A
    /// rule that strikes at regular distances meets one of the looks, or misses one of the tries, and a system that is down does not answer the looks.
    async fn try_suspects(
        &mut self,
        record: usize,
        units: &mut [Unit],
        left: Vec<(Sending, Error)>,
        others_passed: bool,
    ) -> Result<Vec<(Sending, Error)>, Error> {
        let is_suspect =
            |(one, error): &(Sending, Error)| one.alone >= POISON_AFTER && others_passed && error.cause.code == network::SERVER_ERROR;
        let (mut suspects, mut left): (Vec<_>, Vec<_>) = left.into_iter().partition(is_suspect);
        while let Some(suspect) = suspects.pop() {
            match self.try_suspect(record, units, suspect).await {
                Ok(again) => left.extend(again),
                Err(error) => {
                    stays_due(units, left.into_iter().chain(suspects));
                    return Err(error);
                }
            }
        }
        Ok(left)
    }

    /// One of them. What comes back is to be sent again with the others; an `Err` ended the delivery, and the record stays due.
    async fn try_suspect(
        &mut self,
        record: usize,
        units: &mut [Unit],
        suspect: (Sending, Error),
    ) -> Result<Option<(Sending, Error)>, Error> {
        let (mut one, mut last) = suspect;
        let retries = self.engine.retries(&self.flow.to.system);
        for looks in 0..POISON_AFTER {
            for _ in 0..looks {
                let looked = match &one.write.id {
                    Some(id) => self.fetch(record, std::slice::from_ref(id)).await.err(),
                    None => self.lookup(record, std::slice::from_ref(&one.write.key)).await.err(),
                };
                if let Some(error) = looked {
                    stays_due(units, [(one, error.clone())]);
                    return Err(error);
                }
            }
            if let Err(error) = self.wait(looks, last.retry_after).await {
                stays_due(units, [(one, error.clone())]);
                return Err(error);
            }
            let Answers { again, fatal } = self.send(record, units, vec![one], ALONE_FROM).await;
            if let Some(error) = fatal {
                stays_due(units, again);
                return Err(error);
            }
            match self.settle_unanswered(record, units, again).await?.pop() {
                None => return Ok(None),
                Some((again, error)) => (one, last) = (again, error),
            }
            // A system that fails on looks too is unwell, whatever it is asked.
            if last.cause.code != network::SERVER_ERROR || self.engine.retries(&self.flow.to.system) > retries {
                return Ok(Some((one, last)));
            }
        }
        reject_poison(units, &one, &last);
        Ok(None)
    }

    /// Waits before the next try: doubling, with chance, never shorter than the other side asked for, and not a moment longer than somebody
    /// asks us to end.
    pub(crate) async fn wait(&self, attempt: u32, asked: Option<Duration>) -> Result<(), Error> {
        let pace = &self.engine.pace;
        let doubled = pace.first_wait.saturating_mul(2u32.saturating_pow(attempt)).min(pace.longest_wait);
        let with_chance = doubled.mul_f64(0.5 + self.engine.random.fraction() / 2.0);
        let mut left = asked.map_or(with_chance, |asked| asked.max(with_chance));
        while !left.is_zero() {
            self.stop_if_cancelled()?;
            let slice = left.min(Duration::from_millis(500));
            self.engine.clock.sleep(slice).await;
            left = left.saturating_sub(slice);
        }
        Ok(())
    }

    pub(crate) fn source_key(&self, id: &str) -> SourceKey {
        SourceKey { system: self.flow.from.system.clone(), resource: self.flow.from.resource.clone(), id: id.to_owned() }
    }
}

/// A record that the target fails on again and again, alone and out of step, while others pass.
fn reject_poison(units: &mut [Unit], one: &Sending, last: &Error) {
    let message =
        format!("the target failed {} times when this record was sent alone, while others passed; last: {}", one.alone, last.cause.message);
    units[one.unit].decision = Decision::Rejected(vec![Cause::new(target_codes::POISON, message)]);
}

/// What one sending came to.
struct Answers {
    again: Vec<(Sending, Error)>,
    /// The run cannot go on.
    fatal: Option<Error>,
}

/// What one call of the target came to.
type Answered = (Vec<Sending>, Result<Vec<Written>, Error>);

/// One call of the target. Boxed, so that the future of a run has a simple shape.
fn send_batch<'a>(target: &'a dyn Target, cancel: &'a Cancel, batch: Vec<Sending>) -> BoxFuture<'a, Answered> {
    Box::pin(async move {
        if cancel.is_cancelled() {
            return (batch, Err(cancelled()));
        }
        let taken_apart = batch.into_iter().map(|Sending { unit, write, alone }| ((unit, alone), write));
        let (rest, writes): (Vec<_>, Vec<Write>) = taken_apart.unzip();
        let written = target.write(&writes).await;
        let put_together = rest.into_iter().zip(writes).map(|((unit, alone), write)| Sending { unit, write, alone });
        (put_together.collect(), written)
    })
}

/// These records stay due. The intents of those that may have taken effect stay open.
fn stays_due(units: &mut [Unit], sending: impl IntoIterator<Item = (Sending, Error)>) {
    for (one, error) in sending {
        units[one.unit].decision = Decision::Failed { unsettled: error.effect_unknown, cause: error.cause };
    }
}

/// Whether a target asks for a longer pause than a run takes.
pub(crate) fn asks_for_too_long(asked: Option<Duration>) -> bool {
    asked.is_some_and(|asked| asked > LONGEST_ASKED)
}

/// Trying again does not help: the run ends.
pub(crate) fn given_up(last: Error, tries: u32) -> Error {
    let mut error = Error::stop(last.cause.code, format!("{}; tried {tries} times", last.cause.message));
    error.cause.field = last.cause.field;
    error
}
