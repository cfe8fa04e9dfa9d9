//! What is opened before a run, and what it holds while it goes: its targets, the writes of earlier runs without an answer, the leases.

use std::collections::BTreeSet;
use std::sync::Arc;

use kivuko_core::connector::TargetSpec;
use kivuko_core::error::{Cause, Consequence, Error};
use kivuko_core::flow::{Flow, TargetRecord};
use kivuko_core::store::RunId;

use super::Execution;
use crate::decide::OpenTarget;

/// How many runs are looked back at for the time when one ended.
const RECENT_RUNS: usize = 200;

impl Execution<'_> {
    /// Opens the targets and asks them whether the flow can work; in a run also takes the leases.
    pub(crate) async fn open_targets(&mut self) -> Result<(), Error> {
        let flow = Arc::clone(&self.flow);
        self.engine.guard(&flow.from.system).await?;
        self.engine.guard(&flow.to.system).await?;
        let system = self.engine.system(&flow.to.system)?;
        self.labels = self.engine.labels(&flow).await?;
        self.codes = self.engine.codes_of(&flow).await?;
        let mut wrong: Vec<Cause> = Vec::new();
        // Which parts there are is told by the records; they are opened when one comes by.
        let at_once = if flow.to.scope.is_none() { &flow.to.records[..] } else { &[] };
        for target in at_once {
            let target = system.target(&target_spec(&flow, target))?;
            if self.writes {
                self.hold(&*target).await?;
            }
            wrong.extend(target.prepare().await?);
            self.targets.push(OpenTarget::of(target).await?);
        }
        misfit_of(&wrong)?;
        self.refresh_people().await?;
        self.intents = self.engine.store.open_intents(&flow.to.system).await?;
        self.began = self.engine.clock.now();
        self.date_graves().await
    }

    /// Finds out by when the runs that left intents open were dead: when the next run of their flow began.
    async fn date_graves(&mut self) -> Result<(), Error> {
        let left: BTreeSet<(String, RunId)> = self.intents.iter().map(|open| (open.intent.flow.clone(), open.intent.run)).collect();
        for (flow, run) in left {
            let runs = self.engine.store.runs(Some(&flow), RECENT_RUNS).await?;
            // Among the newest runs the oldest of the later ones is the one that came next, or came after it.
            let next = runs.iter().filter(|later| later.id > run).map(|later| later.started).min();
            self.graves.insert(run, next.unwrap_or(self.began).min(self.began));
        }
        Ok(())
    }

    /// Takes the lease on what must not be written to by two at a time, once for each such thing.
    pub(crate) async fn hold(&mut self, target: &dyn kivuko_core::connector::Target) -> Result<(), Error> {
        let Some(exclusive) = target.exclusive().await? else { return Ok(()) };
        let name = format!("writing to {exclusive}");
        if self.leases.iter().any(|held| held.name() == name) {
            return Ok(());
        }
        self.leases.push(self.engine.take_lease(&name).await?);
        Ok(())
    }

    pub(crate) async fn release(&mut self) {
        for lease in self.leases.drain(..) {
            if let Err(error) = lease.release().await {
                // It ends by itself; the run has its outcome all the same.
                tracing::warn!(code = %error.cause.code, "a lease could not be given back");
            }
        }
    }

    /// Before the first write of the run.
    pub async fn begin(&mut self, record: usize) -> Result<(), Error> {
        for lease in &self.leases {
            lease.still_held()?;
        }
        if self.begun.insert(record) {
            self.targets[record].target.begin().await?;
        }
        Ok(())
    }

    /// Another part of the target is written to: each target is to be told again.
    pub(crate) fn writing_begins_anew(&mut self) {
        self.begun.clear();
    }
}

/// What a connector is told of one of a flow's target records.
pub(crate) fn target_spec(flow: &Flow, record: &TargetRecord) -> TargetSpec {
    TargetSpec {
        resource: record.resource.clone(),
        key: record.key.iter().map(ToString::to_string).collect(),
        paths: flow.mapping.targets(&record.name),
        accept_duplicates: flow.to.duplicates_accept,
        // Of a flow that chooses it for each record, whoever opens the target says which.
        scope: None,
        options: flow.to.options.clone(),
    }
}

/// What the targets found wrong before the first record, as one error.
pub(crate) fn checks_failed(wrong: &[Cause]) -> Option<Error> {
    let first = wrong.first()?;
    let mut error = Error::new(Consequence::FixConfiguration, first.code, first.message.clone());
    error.cause = first.clone();
    if wrong.len() > 1 {
        error.cause.message = wrong.iter().map(|cause| cause.message.as_str()).collect::<Vec<_>>().join("; ");
    }
    Some(error)
}

/// What the targets found wrong before the first record is an error.
pub(crate) fn misfit_of(wrong: &[Cause]) -> Result<(), Error> {
    checks_failed(wrong).map_or(Ok(()), Err)
}
