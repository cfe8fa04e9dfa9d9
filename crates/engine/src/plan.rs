//! Plans: a run that reads everything and writes nothing, and the sending of exactly what was planned.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::ToSpan;
use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, NOT_YET, Obstacle, Write, not_yet, source_of_not_yet};
use kivuko_core::diff;
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::outcome::{Counts, Outcome};
use kivuko_core::record::Partition;
use kivuko_core::store::{RunId, SavedPlan, Waiting};
use kivuko_core::value;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::engine::Engine;
use crate::numbers::id_of_number;
use crate::options::RunOptions;
use crate::proposals::{self, Proposal};
use crate::report::{CauseGroup, NumbersReport, is_refused, left_out};
use crate::run::{Execution, Watch};
use crate::unit::{Decision, Early, Item, Unit};

/// For how many days a saved plan is kept.
const KEPT_DAYS: i64 = 7;

/// What would become of one target record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    pub source_id: String,
    pub place: String,
    pub part: String,
    pub outcome: Outcome,
    pub resource: String,
    /// What would be sent; `None`: nothing.
    #[serde(default)]
    pub action: Option<Action>,
    #[serde(default)]
    pub target_id: Option<String>,
    /// The target's version that the plan was made against.
    #[serde(default)]
    pub target_version: Option<String>,
    /// Keyed hash over the mapped content: the version of the source's side.
    pub hash: String,
    /// What would be sent.
    pub body: Value,
    /// The same fields as they are now.
    pub before: Value,
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// What a number is called, where this is one.
    #[serde(default)]
    pub number: Option<String>,
}

impl Planned {
    /// Whether it is in the target by now, as a run wrote it that did not live to put it down: the next run does that, counts it as its own, and sends nothing.
    pub fn was_written_before(&self) -> bool {
        self.action.is_none() && self.target_id.is_some()
    }

    /// A record that waits when everything was looked at.
    pub(crate) fn waiting(waiting: &Waiting, resource: String, cause: Cause) -> Self {
        Self {
            source_id: waiting.source_id.clone(),
            place: waiting.place.clone(),
            part: String::new(),
            outcome: Outcome::Waiting,
            resource,
            action: None,
            target_id: None,
            target_version: None,
            hash: String::new(),
            body: Value::Null,
            before: Value::Null,
            causes: vec![cause],
            number: None,
        }
    }

    /// The differences, field by field.
    pub fn changes(&self) -> Vec<diff::Change> {
        diff::changes(&self.before, &self.body)
    }
}

/// A body as the plan had it: where that has the stand-in of a record that was still to be made, and the body has the id that was `made` of it since, so has this.
fn with_stand_ins(planned: &Value, body: &Value, made: &HashMap<String, String>) -> Value {
    match (planned, body) {
        (Value::String(stand_in), Value::String(id)) => {
            // A part of the same record of the source has no other name.
            let fits = stand_in == NOT_YET || source_of_not_yet(stand_in).is_some_and(|source_id| made.get(source_id) == Some(id));
            if fits { planned.clone() } else { body.clone() }
        }
        (Value::Object(planned), Value::Object(body)) => {
            let member = |(name, content): (&String, &Value)| {
                (name.clone(), planned.get(name).map_or_else(|| content.clone(), |planned| with_stand_ins(planned, content, made)))
            };
            Value::Object(body.iter().map(member).collect())
        }
        (Value::Array(planned), Value::Array(body)) if planned.len() == body.len() => {
            Value::Array(planned.iter().zip(body).map(|(planned, content)| with_stand_ins(planned, content, made)).collect())
        }
        _ => body.clone(),
    }
}

/// The records of the source for which stand-ins are in a body.
fn stood_in<'p>(planned: &'p Value, found: &mut BTreeSet<&'p str>) {
    match planned {
        Value::String(text) => found.extend(source_of_not_yet(text)),
        Value::Array(items) => items.iter().for_each(|item| stood_in(item, found)),
        Value::Object(members) => members.values().for_each(|member| stood_in(member, found)),
        _ => {}
    }
}

/// What is kept of a plan.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// It was compared with what the target holds; so must the run be that carries it out.
    live: bool,
    /// It made again what the target has lost; so must that run.
    #[serde(default)]
    again: bool,
    planned: Vec<Planned>,
}

/// The account of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct PlanReport {
    pub flow: String,
    /// What the run's account would be.
    pub counts: Counts,
    /// Where rows are put together to records: how many rows were read.
    pub rows: Option<u64>,
    /// How many of what the account has as deleted would be switched off.
    pub switched_off: u64,
    /// See [`RunReport::repeated`](crate::RunReport::repeated).
    pub repeated: u64,
    /// Of a flow that counts: the numbers that would be left for later.
    pub numbers: Option<NumbersReport>,
    pub seconds: f64,
    /// Why it ended early.
    pub error: Option<Error>,
    pub causes: Vec<CauseGroup>,
    /// The number of the saved plan.
    pub saved: Option<i64>,
}

impl PlanReport {
    /// The exit code of a command that made this: that of the run which it shows, as far as a plan can see.
    pub fn exit_code(&self) -> u8 {
        let by_error = self.error.as_ref().map_or(0, crate::report::exit_code);
        by_error.max(u8::from(is_refused(&self.counts) || left_out(&self.causes)))
    }
}

/// What a person can ask of a plan.
#[derive(Debug, Clone, Default)]
pub struct PlanOptions {
    pub only: Vec<String>,
    pub limit: Option<u64>,
    /// Compare with what the target holds now, as `run --force` does.
    pub live: bool,
    /// What a run would do that reads everything and writes again what the target does not have any more (`run --again`).
    pub again: bool,
    /// Keep the planned writes, to send exactly those later.
    pub save: bool,
}

/// Gathers the planned writes while it hands them on.
struct Gathering<'w> {
    watch: &'w dyn Watch,
    keep: bool,
    planned: std::sync::Mutex<Vec<Planned>>,
}

impl Watch for Gathering<'_> {
    fn page(&self, counts: &Counts) {
        self.watch.page(counts);
    }

    fn planned(&self, planned: &Planned) {
        if self.keep && planned.action.is_some() {
            self.planned.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(planned.clone());
        }
        self.watch.planned(planned);
    }

    fn proposed(&self, proposal: Proposal) {
        self.watch.proposed(proposal);
    }
}

impl Engine {
    /// What a run would do. Writes nothing to any system, and to the store only the plan itself when it is to be saved.
    pub async fn plan(&self, flow: &str, options: &PlanOptions, watch: &dyn Watch) -> Result<PlanReport, Error> {
        let flow = self.flow(flow)?;
        let began = self.clock.now();
        let requests_before = self.requests();
        let gathering = Gathering { watch, keep: options.save, planned: std::sync::Mutex::default() };
        let run_options = RunOptions {
            only: options.only.clone(),
            limit: options.limit,
            force: options.live,
            again: options.again,
            ..RunOptions::default()
        };
        // A plan is not a run of the history: it has no number.
        let mut execution = Execution::new(self, Arc::clone(&flow), RunId(0), options.live || options.again, false);
        (execution.again, execution.overwrites) = (options.again, options.live);
        // What two plans put aside of one flow would be mixed up.
        let lease = match &flow.from.rows {
            None => None,
            Some(_) => Some(self.take_lease(&format!("plan of {}", flow.name)).await?),
        };
        let ended = execution.go(&run_options, &gathering).await;
        if let Some(lease) = lease {
            lease.release().await?;
        }
        execution.counts.requests = self.requests() - requests_before;
        let sending = execution.sending.take().unwrap_or_default();
        let mut report = PlanReport {
            flow: flow.name.clone(),
            counts: execution.counts,
            rows: execution.rows_read,
            switched_off: execution.switched_off,
            repeated: execution.repeated,
            numbers: flow.aggregate.is_some().then_some(NumbersReport {
                late: sending.late,
                not_open: sending.not_open,
                completed: 0,
                written_over: sending.written_over,
            }),
            seconds: self.clock.now().duration_since(began).as_secs_f64(),
            error: ended.err(),
            causes: execution.groups.into_sorted(),
            saved: None,
        };
        if options.save && report.error.is_none() {
            let planned = gathering.planned.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
            let body = serde_json::to_vec(&Saved { live: options.live, again: options.again, planned })
                .map_err(|error| Error::bug(codes::PLAN_GONE, format!("the plan could not be put into words: {error}")))?;
            let at = self.clock.now();
            let plan = SavedPlan { flow: flow.name.clone(), version: flow.version.hash.clone(), at, body };
            self.store.put_version(&flow.version).await?;
            let expires = at.checked_add((KEPT_DAYS * 24).hours()).unwrap_or(at);
            report.saved = Some(self.store.save_plan(&plan, expires).await?);
        }
        Ok(report)
    }
}

/// What a saved plan says.
pub(crate) struct Agreed {
    /// It was compared with what the target holds.
    pub live: bool,
    /// It makes again what the target has lost.
    pub again: bool,
    /// Its writes, by source record and part.
    pub writes: BTreeMap<(String, String), Planned>,
}

/// A saved plan.
///
/// # Errors
/// It is not there any more, or is one of another text of the flow.
pub(crate) async fn load(engine: &Engine, flow: &Flow, plan: i64) -> Result<Agreed, Error> {
    let saved = engine.store.plan(plan, engine.clock.now()).await?.filter(|saved| saved.flow == flow.name).ok_or_else(|| {
        Error::configuration(codes::PLAN_GONE, format!("there is no plan {plan} for this flow; plans are kept for {KEPT_DAYS} days"))
    })?;
    if saved.version != flow.version.hash {
        return Err(Error::configuration(codes::PLAN_OUTDATED, format!("the flow has changed since plan {plan}; make a new one")));
    }
    let Saved { live, again, planned } = serde_json::from_slice(&saved.body)
        .map_err(|error| Error::bug(codes::PLAN_GONE, format!("plan {plan} cannot be read: {error}")))?;
    let writes = planned.into_iter().map(|planned| ((planned.source_id.clone(), planned.part.clone()), planned)).collect();
    Ok(Agreed { live, again, writes })
}

impl Execution<'_> {
    /// Whether the run comes by a record of the source: it reads everything, or the saved plan names the record.
    pub(crate) fn comes_by(&self, source_id: &str) -> bool {
        let is_agreed = |agreed: &BTreeMap<(String, String), Planned>| {
            let first = agreed.range((source_id.to_owned(), String::new())..).next();
            first.is_some_and(|((id, _), _)| id == source_id)
        };
        self.whole || self.agreed.as_ref().is_some_and(is_agreed)
    }

    /// With a saved plan only those writes stand whose both sides are as they were in the plan.
    pub(crate) async fn hold_to_plan(&self, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        let Some(agreed) = &self.agreed else { return Ok(()) };
        let planned = |unit: &Unit| agreed.get(&(items[unit.item].id.clone(), unit.part.clone()));
        let mut stand_ins = BTreeSet::new();
        for unit in units.iter().filter(|unit| matches!(unit.decision, Decision::Write(_))) {
            if let Some(planned) = planned(unit) {
                stood_in(&planned.body, &mut stand_ins);
            }
        }
        // What the plan would have made first has an id by now.
        let made = self.made(&stand_ins).await?;
        for unit in units.iter_mut() {
            let Decision::Write(change) = &unit.decision else { continue };
            let as_planned = planned(unit).is_some_and(|planned| {
                let body = with_stand_ins(&planned.body, &change.body, &made);
                let same_source = planned.hash == unit.hash
                    || body != *change.body
                        && planned.hash == value::hash(&self.hash_key, &with_stand_ins(&planned.body, &unit.update, &made));
                planned.action == Some(change.action)
                    && same_source
                    && planned.target_id == change.target_id
                    && planned.target_version == change.target_version
                    && planned.body == body
            });
            if !as_planned {
                unit.decision = Decision::Skipped(vec![Cause::new(
                    codes::CHANGED_SINCE_PLAN,
                    "changed since the plan: the record in the source or in the target is not the one that was planned with",
                )]);
            }
        }
        Ok(())
    }

    /// In a plan: what the target would refuse only when it is written to, in the light of what the plan would have written by then.
    pub(crate) async fn foresee(&self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        if self.writes {
            return Ok(());
        }
        let write = |unit: &Unit| {
            let Decision::Write(change) = &unit.decision else { return None };
            let is_new = change.action == Action::Create;
            Some(Write {
                action: change.action,
                key: unit.key.clone(),
                id: if is_new { Some(not_yet(&items[unit.item].id)) } else { change.target_id.clone() },
                body: change.body.clone(),
                parent: unit.parent.clone(),
            })
        };
        let (positions, writes): (Vec<usize>, Vec<Write>) =
            units.iter().enumerate().filter_map(|(at, unit)| Some((at, write(unit)?))).unzip();
        if writes.is_empty() {
            return Ok(());
        }
        for (at, obstacle) in positions.into_iter().zip(self.targets[record].target.foresee(&writes).await?) {
            match obstacle {
                Some(Obstacle::Refused(cause)) => units[at].decision = Decision::Rejected(vec![cause]),
                Some(Obstacle::NotYet(cause)) => self.hold_back(&mut units[at], cause),
                None => {}
            }
        }
        Ok(())
    }

    /// Hands the decisions of a page to whoever looks on, and counts them as the run would.
    pub(crate) fn report_plan(&mut self, partition: &Partition, items: &[Item], units: &[Unit], watch: &dyn Watch) {
        let mut of_item: Vec<Vec<&Unit>> = vec![Vec::new(); items.len()];
        for unit in units {
            of_item[unit.item].push(unit);
        }
        // What lies in something comes after it, as it would be sent, wherever it stands in the page.
        let mut order: Vec<usize> = units.iter().filter(|_| self.tree.is_some()).map(|unit| unit.item).chain(0..items.len()).collect();
        let mut listed = vec![false; items.len()];
        order.retain(|position| !std::mem::replace(&mut listed[*position], true));
        for position in order {
            let (item, own) = (&items[position], std::mem::take(&mut of_item[position]));
            if item.is_old_news(&own) {
                self.repeated += 1;
                continue;
            }
            let outcome = item.outcome(&own);
            if let Some(reference) = self.is_put_off(item, &own) {
                let noted = self.waiting(item, reference, partition, self.engine.clock.now());
                let done = own.iter().filter(|unit| matches!(unit.decision, Decision::Write(_)));
                let planned = done.filter_map(|unit| self.planned(item, unit)).collect();
                self.put_off(item, &own);
                self.note_in_plan(item, noted, planned);
                continue;
            }
            if self.is_left_for_later(item, &own) {
                continue;
            }
            self.made_in_plan += own.iter().filter(|unit| unit.would_be_linked()).count() as u64;
            // Of a flow that counts, what becomes of records was counted when they were read; these are numbers.
            match self.sending {
                Some(_) => self.counts.writes.rejected += u64::from(outcome == Outcome::Rejected),
                None => self.counts.add(outcome),
            }
            let rejected = match &item.early {
                Some(Early::Rejected(causes)) => causes.first().cloned(),
                _ => own.iter().find(|unit| unit.outcome() == outcome).and_then(|unit| unit.causes().into_iter().next()),
            };
            self.counted(item, outcome, rejected.as_ref());
            let causes = item.early_causes(&own);
            if !causes.is_empty() {
                for cause in &causes {
                    self.groups.add(outcome, cause, &item.place);
                }
            }
            // What was deleted and leaves nothing to be done is told by its number.
            if !causes.is_empty() && !matches!(item.early, Some(Early::Skipped | Early::Removed)) {
                watch.planned(&Planned {
                    source_id: item.id.clone(),
                    place: item.place.clone(),
                    part: String::new(),
                    outcome,
                    resource: self.resource_in(0, item.scope),
                    action: None,
                    target_id: None,
                    target_version: None,
                    hash: String::new(),
                    body: Value::Null,
                    before: Value::Null,
                    causes: causes.clone(),
                    number: None,
                });
            }
            for unit in own {
                if let Some(proposal) = proposals::proposal(item, unit) {
                    watch.proposed(proposal);
                }
                for cause in unit.causes() {
                    self.groups.add(unit.outcome(), &cause, &item.place);
                }
                if let Some(sending) = &mut self.sending {
                    sending.written_over += u64::from(unit.causes().iter().any(|cause| cause.code == codes::NUMBER_WRITTEN_OVER));
                }
                if let Some(planned) = self.planned(item, unit) {
                    // Off already, so there is no action that would be told.
                    self.switched_off += u64::from(planned.action.is_none() && unit.is_switched_off());
                    self.planned_write(&planned, watch);
                }
            }
        }
    }

    /// Hands one part of a record to whoever looks on.
    pub(crate) fn planned_write(&mut self, planned: &Planned, watch: &dyn Watch) {
        match planned.action {
            Some(Action::Create) => self.counts.writes.created += 1,
            Some(Action::Update) => self.counts.writes.updated += 1,
            Some(Action::Delete | Action::Deactivate) => self.counts.writes.deleted += 1,
            None => {}
        }
        self.switched_off += u64::from(planned.action == Some(Action::Deactivate));
        watch.planned(planned);
    }

    /// What a person is shown of a unit; nothing of what stays as it is.
    fn planned(&self, item: &Item, unit: &Unit) -> Option<Planned> {
        let change = match &unit.decision {
            Decision::Write(change) => Some(change),
            Decision::Unchanged { .. } => return None,
            _ => None,
        };
        let written = if let Decision::Written { id, .. } = &unit.decision { Some(id.clone()) } else { None };
        Some(Planned {
            source_id: item.id.clone(),
            place: item.place.clone(),
            part: unit.part.clone(),
            outcome: unit.outcome(),
            resource: self.resource_in(unit.record, item.scope),
            action: change.map(|change| change.action),
            target_id: change.map_or(written, |change| change.target_id.clone()),
            target_version: change.and_then(|change| change.target_version.clone()),
            hash: unit.hash.clone(),
            body: change.map(|change| Value::clone(&change.body)).unwrap_or_default(),
            before: change.map(|change| change.before.clone()).unwrap_or_default(),
            causes: unit.causes(),
            number: self.number_called(item, unit),
        })
    }

    /// What a number is called that a unit writes.
    fn number_called(&self, item: &Item, unit: &Unit) -> Option<String> {
        if self.sending.is_some() {
            return Some(item.place.clone());
        }
        let called = self.targets.get(unit.record)?.numbers.as_ref()?;
        let Decision::Write(change) = &unit.decision else { return None };
        called.by_id(&change.target_id.clone().or_else(|| id_of_number(&change.body))?)
    }
}
