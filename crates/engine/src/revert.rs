//! Undo: takes back what a run wrote, as far as nobody changed it since.
//!
//! What the run created is deleted (or deactivated, where what is deleted could never be made again); earlier values are restored where the flow kept them (`keep: { payload: all }`), and those of numbers always; what it deleted or
//! closed is made and opened again where the target can do that. A record of the target whose version is no longer the one that the run left behind is not
//! touched (see [`crate::undo`]); neither is a number that is no longer what the run wrote. A revert is a run of its own in the history.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::catalogue::store::INTERRUPTED;
use kivuko_core::connector::{Action, SourceSpec};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::outcome::{Outcome, Status};
use kivuko_core::record::Partition;
use kivuko_core::store::{Kept, Run, RunId, RunStart};
use serde::Serialize;

use crate::engine::Engine;
use crate::lease;
use crate::leaving::Leaving;
use crate::numbers::{CellsById, taken_back};
use crate::report::RunReport;
use crate::run::Execution;
use crate::undo::{Undoing, distinct};
use crate::unit::{Decision, Item, Unit};

/// How many runs are looked back at for the one that came next.
pub(crate) const RECENT_RUNS: usize = 200;
/// By what a revert was started, before the number of the run that it takes back.
const OF_RUN: &str = "revert of run ";

/// Whether a run takes another one back.
pub(crate) fn is_revert(run: &Run) -> bool {
    taken_back_by(run).is_some()
}

/// The number of the run that a revert takes back.
pub fn taken_back_by(run: &Run) -> Option<&str> {
    run.trigger.strip_prefix(OF_RUN)
}

/// The partition under which a revert is accounted for.
const REVERTED: &str = "(revert)";

/// What a revert does, or did, with one written record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reverted {
    pub source_id: String,
    pub part: String,
    pub target_resource: String,
    pub target_id: String,
    /// `delete` (`deactivate` where what is deleted could never be made again), `update`, or `create` for what is made again; none when it is left as it is, with the cause.
    pub action: Option<Action>,
    pub cause: Option<Cause>,
    /// What a number is called, where this is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
}

/// What has happened between a run and its revert.
pub(crate) struct BeforeIt {
    pub run: RunId,
    /// The flow leads between the systems of the run, which no link tells of what was removed.
    pub same_systems: bool,
    pub taken_back: TakenBack,
}

/// What earlier reverts of a run did: by resource and id in the target the outcomes, each with the number of the revert.
#[derive(Default)]
pub(crate) struct TakenBack(HashMap<(String, String), Vec<(Outcome, RunId)>>);

impl TakenBack {
    /// The revert that has undone this write. What was made and then changed by one run is undone when it is gone.
    pub fn by(&self, kept: &Kept) -> Option<RunId> {
        let undoes = |outcome: Outcome| match kept.action {
            Action::Create => outcome == Outcome::Deleted,
            Action::Update => matches!(outcome, Outcome::Updated | Outcome::Deleted),
            Action::Delete | Action::Deactivate => matches!(outcome, Outcome::Created | Outcome::Updated),
        };
        let done = self.0.get(&(kept.target_resource.clone(), kept.target_id.clone()))?;
        done.iter().find(|(outcome, _)| undoes(*outcome)).map(|(_, revert)| *revert)
    }
}

/// A run whose process ended before it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CutOff {
    /// Writes of which nobody knows yet whether they took effect.
    pub under_way: u64,
    /// The next run of its flow: it found out what became of the others, and they count as its own.
    pub next: Option<RunId>,
}

impl Engine {
    /// Whether a run was cut off, and where to find what it had under way then.
    ///
    /// # Errors
    /// The store cannot be read, or there is no such run, or no such flow any more.
    pub async fn cut_off(&self, run: RunId) -> Result<Option<CutOff>, Error> {
        let this = self.store.run(run).await?.ok_or_else(|| no_such_run(run))?;
        let is_told = this.error.as_ref().is_some_and(|cause| cause.code == INTERRUPTED);
        if !is_told && (this.status != Status::Running || lease::is_being_run(&*self.store, &this.flow, self.clock.now()).await?) {
            return Ok(None);
        }
        let target = &self.flow(&this.flow)?.to.system;
        let under_way = self.store.open_intents(target).await?.iter().filter(|open| open.intent.run == run).count() as u64;
        let later = self.store.runs(Some(&this.flow), RECENT_RUNS).await?;
        let next = later.iter().filter(|later| later.id > run && !is_revert(later)).map(|later| later.id).min();
        Ok(Some(CutOff { under_way, next }))
    }

    /// What taking a run back would do.
    pub async fn plan_revert(&self, run: RunId) -> Result<Vec<Reverted>, Error> {
        let reverted_run = self.store.run(run).await?.ok_or_else(|| no_such_run(run))?;
        let flow = self.flow(&reverted_run.flow)?;
        let same_systems = self.leads_as_before(&reverted_run.version, &flow).await?;
        let before_it = BeforeIt { run, same_systems, taken_back: self.taken_back(&flow.name, run).await? };
        let mut execution = Execution::new(self, flow, RunId(0), true, false);
        execution.open_targets().await?;
        let cells = execution.cells_of_numbers().await?;
        let mut planned = Vec::new();
        let mut leaving = Leaving::default();
        let mut before = i64::MAX;
        while let Some(kept) = self.kept_before(run, &mut before).await? {
            let Undoing { units, called, parents, .. } = execution.undo(&kept, &leaving, &before_it, cells.as_ref()).await?;
            execution.note_leaving(&units, &parents, &mut leaving);
            planned.extend(units.iter().zip(&kept).zip(called).map(|((unit, kept), called)| reverted(unit, kept, called)));
        }
        Ok(planned)
    }

    /// Whether the next run of a flow comes by itself to what a revert takes back: its source is read from the beginning each time, or its numbers are due. A source that hands out
    /// what has changed comes to a record when that changed lately or changes, or is read again (`run --again`, `cursor rewind`).
    ///
    /// # Errors
    /// There is no such flow, or its source cannot be opened.
    pub fn next_run_writes_again(&self, flow: &str) -> Result<bool, Error> {
        let flow = self.flow(flow)?;
        if flow.aggregate.is_some() {
            return Ok(true);
        }
        let from = &flow.from;
        let spec =
            SourceSpec { resource: from.resource.clone(), id: from.id.clone(), cursor: from.cursor.clone(), options: from.options.clone() };
        Ok(self.system(&from.system)?.source(&spec)?.reads_whole())
    }

    /// Takes a run back.
    pub async fn revert(&self, run: RunId) -> Result<(RunReport, Vec<Reverted>), Error> {
        let began = self.clock.now();
        let requests_before = self.requests();
        let reverted_run = self.store.run(run).await?.ok_or_else(|| no_such_run(run))?;
        let flow = self.flow(&reverted_run.flow)?;
        let same_systems = self.leads_as_before(&reverted_run.version, &flow).await?;
        self.store.put_version(&flow.version).await?;
        let lease = self.take_lease(&lease::of_flow(&flow.name)).await?;
        let start = RunStart {
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            trigger: format!("{OF_RUN}{run}"),
            options: String::new(),
            started: began,
        };
        let before_it = BeforeIt { run, same_systems, taken_back: self.taken_back(&flow.name, run).await? };
        let number = self.store.begin_run(&start).await?;
        let mut execution = Execution::new(self, Arc::clone(&flow), number, true, true);
        let mut done = Vec::new();
        let error = execution.take_back(run, &before_it, &mut done).await.err();
        execution.release().await;
        let finished = self.clock.now();
        execution.counts.requests = self.requests() - requests_before;
        let status = if error.is_none() && execution.counts.failed == 0 { Status::Complete } else { Status::Incomplete };
        self.store.finish_run(number, status, execution.counts.requests, error.as_ref().map(|error| &error.cause), finished).await?;
        let counts = self.counts_of(number, error.as_ref(), execution.counts).await?;
        let report = RunReport {
            run: number,
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            status,
            counts,
            rows: None,
            numbers: None,
            switched_off: execution.switched_off,
            repeated: 0,
            seconds: finished.duration_since(began).as_secs_f64(),
            error,
            causes: execution.groups.into_sorted(),
        };
        self.keep_told(&report).await;
        lease.release().await?;
        Ok((report, done))
    }

    /// What earlier reverts of a run did, as far as their outcomes are still kept.
    async fn taken_back(&self, flow: &str, run: RunId) -> Result<TakenBack, Error> {
        let trigger = format!("{OF_RUN}{run}");
        let mut taken_back = TakenBack::default();
        for revert in self.store.runs(Some(flow), RECENT_RUNS).await?.into_iter().filter(|one| one.trigger == trigger) {
            let mut after = 0;
            loop {
                let rows = self.store.outcomes(revert.id, None, after, self.pace.page_size).await?;
                let Some((last, _)) = rows.last() else { break };
                after = *last;
                let done =
                    rows.into_iter().filter(|(_, row)| matches!(row.outcome, Outcome::Created | Outcome::Updated | Outcome::Deleted));
                for (_, row) in done {
                    let Some(id) = row.target_id else { continue };
                    taken_back.0.entry((row.target_resource, id)).or_default().push((row.outcome, revert.id));
                }
            }
        }
        Ok(taken_back)
    }

    /// Whether a flow reads and writes the systems that it did in a version of it.
    async fn leads_as_before(&self, version: &str, flow: &Flow) -> Result<bool, Error> {
        let before = self.store.version(version).await?.and_then(|version| version.systems());
        Ok(before.is_some_and(|(from, to)| from == flow.from.system && to == flow.to.system))
    }

    /// The next writes of a run, newest first; `None` when there are no more.
    pub(crate) async fn kept_before(&self, run: RunId, before: &mut i64) -> Result<Option<Vec<Kept>>, Error> {
        let rows = self.store.kept(run, *before, self.pace.page_size).await?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        *before = *last;
        Ok(Some(rows.into_iter().map(|(_, kept)| kept).collect()))
    }
}

impl Execution<'_> {
    /// The cells of a flow that counts.
    async fn cells_of_numbers(&self) -> Result<Option<CellsById>, Error> {
        if self.flow.aggregate.is_none() {
            return Ok(None);
        }
        self.cells_by_id().await.map(Some)
    }

    /// Carries the decisions out and puts them down.
    async fn take_back(&mut self, run: RunId, before_it: &BeforeIt, done: &mut Vec<Reverted>) -> Result<(), Error> {
        self.open_targets().await?;
        let cells = self.cells_of_numbers().await?;
        let mut before = i64::MAX;
        while let Some(kept) = self.engine.kept_before(run, &mut before).await? {
            // What earlier pages took back is seen in the target.
            let Undoing { items, mut units, called, scopes, parents } =
                self.undo(&kept, &Leaving::default(), before_it, cells.as_ref()).await?;
            if let Some(cells) = &cells {
                self.touch_numbers(&kept, cells).await?;
            }
            let mut ended = None;
            for scope in distinct(&scopes) {
                self.enter(scope);
                for record in (0..self.flow.to.records.len()).rev() {
                    let here = |unit: &Unit| unit.record == record && scopes[unit.item] == scope;
                    let (own, others): (Vec<Unit>, Vec<Unit>) = units.into_iter().partition(here);
                    units = others;
                    for mut level in self.in_order(own, &parents) {
                        if ended.is_none() {
                            ended = self.deliver(record, &items, &mut level).await.unwrap_or_else(Some);
                        }
                        // What was not sent is not taken back: the next revert does that.
                        if let Some(error) = &ended {
                            for unit in &mut level {
                                unit.leave_undone(error);
                            }
                        }
                        // Nothing will come by to take it up.
                        level.iter_mut().for_each(refuse_to_wait);
                        units.append(&mut level);
                    }
                }
            }
            units.sort_by_key(|unit| unit.item);
            self.commit_revert(&items, &units, cells.as_ref()).await?;
            done.extend(units.iter().zip(&kept).zip(called).map(|((unit, kept), called)| reverted(unit, kept, called)));
            if let Some(error) = ended {
                return Err(error);
            }
        }
        Ok(())
    }

    /// What lies in another record is changed or deleted before that one, and made again after it. What something is given back to is made again first of all.
    fn in_order(&self, units: Vec<Unit>, parents: &[Option<String>]) -> Vec<Vec<Unit>> {
        let (mut again, others): (Vec<Unit>, Vec<Unit>) =
            units.into_iter().partition(|unit| matches!(&unit.decision, Decision::Write(change) if change.action == Action::Create));
        let mut awaited: HashSet<String> = others.iter().filter_map(|unit| self.goes_back_to(unit)).collect();
        let mut first = Vec::new();
        loop {
            let (needed, rest): (Vec<Unit>, Vec<Unit>) =
                again.into_iter().partition(|unit| id_of_made(unit).is_some_and(|id| awaited.contains(id)));
            again = rest;
            if needed.is_empty() {
                break;
            }
            awaited.extend(needed.iter().filter_map(|unit| parents[unit.item].clone()));
            first.extend(needed);
        }
        let levels = |units: Vec<Unit>| {
            let parents: Vec<Option<String>> = units.iter().map(|unit| parents[unit.item].clone()).collect();
            self.levels(units, &parents)
        };
        let mut ordered: Vec<Vec<Unit>> = levels(first).into_iter().rev().collect();
        ordered.extend(levels(others));
        ordered.extend(levels(again).into_iter().rev());
        ordered
    }

    /// The record of the target in which one lies again after its earlier values are back.
    fn goes_back_to(&self, unit: &Unit) -> Option<String> {
        let Decision::Write(change) = &unit.decision else { return None };
        self.tree.as_ref()?.moved_to(unit.record, &change.body)?.0
    }

    /// The outcome of a revert: what was sent before no longer counts as sent, and what was deleted is no longer linked.
    async fn commit_revert(&mut self, items: &[Item], units: &[Unit], cells: Option<&CellsById>) -> Result<(), Error> {
        let known = crate::known::Known::default();
        let mut commit = self.account(&Partition(REVERTED.to_owned()), items, units, &known, None)?;
        // Of a restored record nothing counts as sent any more (its hashes are empty), so that the next run compares it afresh.
        commit.kept.clear();
        commit.rejections.clear();
        commit.closed_rejections.clear();
        commit.arrived.clear();
        commit.cells.updates = cells.map(|cells| taken_back(items, units, cells)).unwrap_or_default();
        self.engine.store.commit_page(&commit).await
    }
}

/// The id under which something is made again.
fn id_of_made(unit: &Unit) -> Option<&str> {
    match &unit.decision {
        Decision::Write(change) => change.body.get("id")?.as_str(),
        _ => None,
    }
}

/// A record that would have to wait is not taken back.
fn refuse_to_wait(unit: &mut Unit) {
    if matches!(unit.decision, Decision::Waiting(_)) {
        unit.decision = Decision::Rejected(unit.held_back.take().into_iter().collect());
    }
}

fn no_such_run(run: RunId) -> Error {
    Error::configuration(codes::UNKNOWN_RUN, format!("there is no run {run}; `kivuko runs` lists them"))
}

fn reverted(unit: &Unit, kept: &Kept, number: Option<String>) -> Reverted {
    let action = match &unit.decision {
        Decision::Write(change) | Decision::Written { change, .. } => Some(change.action),
        _ => None,
    };
    Reverted {
        source_id: kept.source_id.clone(),
        part: kept.part.clone(),
        target_resource: kept.target_resource.clone(),
        target_id: kept.target_id.clone(),
        action,
        cause: unit.causes().into_iter().next(),
        number,
    }
}
