//! Undo: takes back what a run wrote, as far as nobody changed it since.
//!
//! What the run created is deleted; earlier values are restored where the flow kept them (`keep: { payload: all }`), and those of numbers always. A record of the
//! target whose version is no longer the one that the run left behind is not touched; neither is a number that is no longer what the run wrote. A revert is a
//! run of its own in the history.

use std::collections::BTreeSet;
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, Candidate, Standing};
use kivuko_core::error::{Cause, Error};
use kivuko_core::outcome::Status;
use kivuko_core::record::Partition;
use kivuko_core::store::{Kept, RunId, RunStart};
use serde::Serialize;
use serde_json::Value;

use crate::engine::Engine;
use crate::lease::Held;
use crate::numbers::{CellsById, taken_back};
use crate::report::RunReport;
use crate::run::Execution;
use crate::unit::{Change, Decision, Early, Item, Unit};

/// The partition under which a revert is accounted for.
const REVERTED: &str = "(revert)";

/// What a revert does, or did, with one written record.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Reverted {
    pub source_id: String,
    pub part: String,
    pub target_resource: String,
    pub target_id: String,
    /// `delete` or `update`; none when it is left as it is, with the cause.
    pub action: Option<Action>,
    pub cause: Option<Cause>,
}

impl Engine {
    /// What taking a run back would do.
    pub async fn plan_revert(&self, run: RunId) -> Result<Vec<Reverted>, Error> {
        let reverted_run = self.store.run(run).await?.ok_or_else(|| no_such_run(run))?;
        let flow = self.flow(&reverted_run.flow)?;
        let mut execution = Execution::new(self, flow, RunId(0), true, false);
        execution.open_targets().await?;
        let mut planned = Vec::new();
        let mut before = i64::MAX;
        while let Some(kept) = self.kept_before(run, &mut before).await? {
            let Undoing { units, .. } = execution.undo(&kept).await?;
            planned.extend(units.iter().zip(&kept).map(|(unit, kept)| reverted(unit, kept)));
        }
        Ok(planned)
    }

    /// Takes a run back.
    pub async fn revert(&self, run: RunId) -> Result<(RunReport, Vec<Reverted>), Error> {
        let began = self.clock.now();
        let requests_before = self.requests();
        let reverted_run = self.store.run(run).await?.ok_or_else(|| no_such_run(run))?;
        let flow = self.flow(&reverted_run.flow)?;
        self.store.put_version(&flow.version).await?;
        let lease = Held::take(&self.store, &self.clock, &self.holder, &format!("flow {}", flow.name), self.pace.patience).await?;
        let start = RunStart {
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            trigger: format!("revert of run {run}"),
            options: String::new(),
            started: began,
        };
        let number = self.store.begin_run(&start).await?;
        let mut execution = Execution::new(self, Arc::clone(&flow), number, true, true);
        let mut done = Vec::new();
        let error = execution.take_back(run, &mut done).await.err();
        execution.release().await;
        let finished = self.clock.now();
        execution.counts.requests = self.requests() - requests_before;
        let status = if error.is_none() && execution.counts.failed == 0 { Status::Complete } else { Status::Incomplete };
        self.store.finish_run(number, status, execution.counts.requests, error.as_ref().map(|error| &error.cause), finished).await?;
        lease.release().await?;
        let report = RunReport {
            run: number,
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            status,
            counts: execution.counts,
            rows: None,
            numbers: None,
            seconds: finished.duration_since(began).as_secs_f64(),
            error,
            causes: execution.groups.into_sorted(),
        };
        Ok((report, done))
    }

    /// The next writes of a run, newest first; `None` when there are no more.
    async fn kept_before(&self, run: RunId, before: &mut i64) -> Result<Option<Vec<Kept>>, Error> {
        let rows = self.store.kept(run, *before, self.pace.page_size).await?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        *before = *last;
        Ok(Some(rows.into_iter().map(|(_, kept)| kept).collect()))
    }
}

impl Execution<'_> {
    /// Decides what is to be done with each of the written records, newest first.
    async fn undo(&mut self, kept: &[Kept]) -> Result<Undoing, Error> {
        let (flow, store) = (Arc::clone(&self.flow), &self.engine.store);
        let source_ids: Vec<String> = kept.iter().map(|kept| kept.source_id.clone()).collect();
        let links = store.links(&flow.from.system, &flow.from.resource, &source_ids, &flow.to.system).await?;
        let mut units = Vec::with_capacity(kept.len());
        for (position, one) in kept.iter().enumerate() {
            let record = self.record_like(&one.part, &one.target_resource);
            let link =
                links.iter().find(|link| link.source.id == one.source_id && link.part == one.part && link.target_id == one.target_id);
            let mut unit = Unit::new(position, record.unwrap_or_default(), &one.part, Decision::Open);
            match (record, link) {
                (Some(_), Some(link)) => {
                    unit.key = link.key.clone();
                    unit.link = Some(link.clone());
                }
                // A number that was deleted is linked to nothing, and its identity is its key.
                (Some(_), None) if flow.aggregate.is_some() && one.action == Action::Delete => {
                    unit.key = Self::key_of_number(&one.source_id);
                }
                // The flow reads or writes elsewhere by now: the same id there may be somebody else's.
                _ => unit.decision = not_reverted("the flow no longer leads to it"),
            }
            units.push(unit);
        }
        let mut scopes = Vec::with_capacity(kept.len());
        for one in kept {
            scopes.push(self.scope_of(&one.target_resource).await?);
        }
        let mut parents = vec![None; kept.len()];
        for scope in distinct(&scopes) {
            self.enter(scope);
            for record in 0..flow.to.records.len() {
                let own: Vec<usize> = (0..units.len())
                    .filter(|&at| units[at].record == record && scopes[at] == scope && units[at].decision == Decision::Open)
                    .collect();
                let ids: Vec<String> = own.iter().map(|&at| kept[at].target_id.clone()).collect();
                for (&at, present) in own.iter().zip(self.fetch(record, &ids).await?) {
                    parents[at] = present.as_ref().and_then(|present| self.tree.as_ref()?.parent_of(record, present));
                    units[at].decision = match flow.aggregate {
                        Some(_) => Self::undo_number(&kept[at], present.as_ref()),
                        None => Self::undo_one(&kept[at], present),
                    };
                }
            }
        }
        Ok(Undoing { units, scopes, parents })
    }

    fn undo_one(kept: &Kept, present: Option<Candidate>) -> Decision {
        let Some(present) = present.filter(|present| !present.deleted) else {
            return not_reverted("the record is no longer in the target");
        };
        if present.standing != Standing::Usual {
            return not_reverted("the record was made something else in the target");
        }
        if present.version != kept.version {
            return not_reverted("somebody changed the record since");
        }
        let change = |action, body, before| {
            Decision::Write(Change { action, target_id: Some(present.id.clone()), target_version: present.version.clone(), body, before })
        };
        match kept.action {
            Action::Create => change(Action::Delete, Value::Null, Value::Null),
            Action::Update => match serde_json::from_slice::<Value>(&kept.before) {
                Ok(before) => change(Action::Update, before, Value::Null),
                Err(_) => not_reverted("its earlier values were not kept"),
            },
            Action::Delete | Action::Deactivate => not_reverted("a deletion is taken back in the target itself"),
        }
    }

    /// Carries the decisions out and puts them down.
    async fn take_back(&mut self, run: RunId, done: &mut Vec<Reverted>) -> Result<(), Error> {
        self.open_targets().await?;
        let cells = if self.flow.aggregate.is_some() { Some(self.cells_by_id().await?) } else { None };
        let mut before = i64::MAX;
        while let Some(kept) = self.engine.kept_before(run, &mut before).await? {
            let Undoing { mut units, scopes, parents } = self.undo(&kept).await?;
            if let Some(cells) = &cells {
                self.touch_numbers(&kept, cells).await?;
            }
            let items: Vec<Item> = kept
                .iter()
                .zip(&scopes)
                .map(|(kept, scope)| Item {
                    id: kept.source_id.clone(),
                    place: format!("{} {}", kept.target_resource, kept.target_id),
                    version: None,
                    raw: None,
                    value: Value::Null,
                    scope: *scope,
                    scope_name: None,
                    nameless: false,
                    repeated: false,
                    early: Some(Early::Removed),
                })
                .collect();
            let mut fatal = None;
            for scope in distinct(&scopes) {
                self.enter(scope);
                for record in (0..self.flow.to.records.len()).rev() {
                    let here = |unit: &Unit| unit.record == record && scopes[unit.item] == scope;
                    let (own, others): (Vec<Unit>, Vec<Unit>) = units.into_iter().partition(here);
                    units = others;
                    // What lies in another record goes before that one.
                    let parents: Vec<Option<String>> = own.iter().map(|unit| parents[unit.item].clone()).collect();
                    for mut level in self.levels(own, &parents) {
                        if fatal.is_none() {
                            fatal = self.deliver(record, &items, &mut level).await?;
                        }
                        units.append(&mut level);
                    }
                }
            }
            units.sort_by_key(|unit| unit.item);
            self.commit_revert(&items, &units, cells.as_ref()).await?;
            done.extend(units.iter().zip(&kept).map(|(unit, kept)| reverted(unit, kept)));
            if let Some(error) = fatal {
                return Err(error);
            }
        }
        Ok(())
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

/// What a revert makes of a page of writes, for each in its place.
struct Undoing {
    units: Vec<Unit>,
    scopes: Vec<Option<usize>>,
    /// In which other record of the target each lies, where records of the flow refer to one another.
    parents: Vec<Option<String>>,
}

/// The parts of the target, each once.
fn distinct(scopes: &[Option<usize>]) -> BTreeSet<Option<usize>> {
    scopes.iter().copied().collect()
}

pub(crate) fn not_reverted(why: &str) -> Decision {
    Decision::Skipped(vec![Cause::new(codes::NOT_REVERTED, format!("left as it is: {why}"))])
}

fn no_such_run(run: RunId) -> Error {
    Error::configuration(codes::UNKNOWN_RUN, format!("there is no run {run}; `kivuko runs` lists them"))
}

fn reverted(unit: &Unit, kept: &Kept) -> Reverted {
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
    }
}
