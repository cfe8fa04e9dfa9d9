//! The life of a run.
//!
//! Every source record read ends in exactly one outcome. A page is read, mapped, found, compared and written; then its outcomes, links, what was
//! sent, its rejections and the cursor are committed in one transaction. The next page is read and mapped while that goes on, and looked for in the target after it. A run that is killed at any point leaves
//! at most one page uncommitted (of numbers two) and, for what it was writing, open intents; the next run settles these before it sends anything of their keys, and
//! reads that page again.

mod opening;
mod page;

pub(crate) use opening::{checks_failed, misfit_of, target_spec};
use page::Last;
pub(crate) use page::{Done, later_ones_count, worst};

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use kivuko_core::catalogue::run as codes;
use kivuko_core::codes::CodeMaps;
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::labels::Labels;
use kivuko_core::outcome::{Counts, Outcome, Status};
use kivuko_core::store::{OpenIntent, Retention, RunId, RunStart};

use crate::beside::Behind;
use crate::columns;
use crate::decide::OpenTarget;
use crate::duplicates::Duplicates;
use crate::engine::Engine;
use crate::lease::{self, Held};
use crate::numbers::{Sending, check_periods};
use crate::options::RunOptions;
use crate::plan::Planned;
use crate::proposals::Proposal;
use crate::read::check_input;
use crate::report::{CauseGroups, NumbersReport, RunReport};
use crate::scope::Scopes;
use crate::tree::Tree;

/// Who looks on while a run goes.
pub trait Watch: Sync {
    /// A page was committed; the account so far.
    fn page(&self, _counts: &Counts) {}
    /// A plan came to a record that would be written, or would not go through.
    fn planned(&self, _planned: &Planned) {}
    /// A plan came to a record whose person was looked for.
    fn proposed(&self, _proposal: Proposal) {}
}

/// Nobody looks on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {}

/// One run (or plan) of one flow, with everything that it has opened.
pub(crate) struct Execution<'e> {
    pub engine: &'e Engine,
    pub flow: Arc<Flow>,
    pub run: RunId,
    /// The targets of the flow; where records belong to several parts of it, those of the part that is being dealt with.
    pub targets: Vec<OpenTarget>,
    pub scopes: Scopes,
    pub hash_key: [u8; 32],
    pub today: Date,
    /// What the codes of the source are called, where the flow uses that.
    pub labels: Labels,
    /// The code maps, and the crosswalks with what flows had linked when the run began.
    pub codes: CodeMaps,
    /// Compare with what the target holds, whatever was last sent.
    pub live: bool,
    /// What is linked and no longer there at all is written again.
    pub again: bool,
    /// What others changed in the target is written over.
    pub overwrites: bool,
    /// A plan writes nothing.
    pub writes: bool,
    /// It reads all that is due.
    pub whole: bool,
    /// Of a flow whose records refer to one another.
    pub tree: Option<Tree>,
    /// Writes of earlier runs without an answer.
    pub intents: Vec<OpenIntent>,
    /// When those were read: what had sent them had ended.
    pub began: Timestamp,
    /// By when the runs that left intents open were dead.
    pub graves: HashMap<RunId, Timestamp>,
    /// Records that came by while a killed run's write of them stays open: they did not get through, and nobody knows what the target holds of them.
    pub unknown: HashSet<String>,
    pub duplicates: Duplicates,
    /// Records of the target that Kivuko itself deleted: they may be made again.
    pub deleted_by_us: HashSet<String>,
    /// Records without identity were met: nobody can tell which of the linked ones they are.
    pub nameless: bool,
    /// Linked records that this run removes.
    pub removed: u64,
    /// Links that went with pages of this run: of those that there were, none is forgotten when its share is asked for.
    pub unlinked: u64,
    /// Records that a plan would have linked by now, or counted, and that were not before.
    pub made_in_plan: u64,
    /// The ids that a plan has seen, as hashes, where it has to tell what is absent.
    pub seen_in_plan: HashSet<u64>,
    /// Something was written in this run, so the target works.
    pub passed: bool,
    /// The writes of a saved plan, when just these are to be sent.
    pub agreed: Option<BTreeMap<(String, String), Planned>>,
    /// Of a flow that counts: by what it counts, and the cells that are on their way.
    pub counted_by: String,
    /// That has changed since the last run.
    pub counts_anew: bool,
    pub sending: Option<Sending>,
    /// The page that was dealt with last, while it is being put down.
    last: Last,
    /// Periods and org units for which a data set was marked complete.
    pub completed: u64,
    /// The records that were asked for by their identity and have not come by.
    wanted: BTreeSet<String>,
    pub counts: Counts,
    /// Of what was deleted, that which was only deactivated.
    pub switched_off: u64,
    /// Records that were read and left out of the account, since a reading repeated what came before.
    pub repeated: u64,
    pub groups: CauseGroups,
    /// Where rows are put together: how many there were.
    pub rows_read: Option<u64>,
    /// The target records whose target was told that writing begins.
    begun: HashSet<usize>,
    leases: Vec<Held>,
}

impl Engine {
    /// Runs a flow. Everything that can be told of the run is in the report, also when it ended early; an `Err` means that it did not begin.
    pub async fn run(&self, flow: &str, options: &RunOptions, watch: &dyn Watch) -> Result<RunReport, Error> {
        let flow = self.flow(flow)?;
        check_input(&flow, options)?;
        check_periods(&flow, &options.periods)?;
        let agreed = match options.plan {
            Some(plan) => Some(crate::plan::load(self, &flow, plan).await?),
            None => None,
        };
        let began = self.clock.now();
        let requests_before = self.requests();
        // What is wrong with the systems' options is no run yet.
        self.opened(&flow.from.system)?;
        self.opened(&flow.to.system)?;
        self.store.put_version(&flow.version).await?;
        let lease = self.take_lease(&lease::of_flow(&flow.name)).await?;
        let start = RunStart {
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            trigger: if options.trigger.is_empty() { "manual".to_owned() } else { options.trigger.clone() },
            options: options.words(),
            started: began,
        };
        let run = self.store.begin_run(&start).await?;
        let mut execution = Execution::new(self, Arc::clone(&flow), run, options.force || options.again, true);
        (execution.again, execution.overwrites) = (options.again, options.force);
        if let Some(agreed) = agreed {
            execution.live = agreed.live || agreed.again;
            (execution.again, execution.overwrites) = (agreed.again, agreed.live);
            execution.agreed = Some(agreed.writes);
        }
        // Whoever runs flows does not carry along what the whole of a run takes.
        let ended = Box::pin(execution.go(options, watch)).await;
        execution.release().await;
        let requests = self.requests() - requests_before;
        execution.counts.requests = requests;
        let finished = self.clock.now();
        let sending = execution.sending.take().unwrap_or_default();
        let status =
            if ended.is_ok() && execution.counts.failed == 0 && sending.failed == 0 { Status::Complete } else { Status::Incomplete };
        let error = ended.err();
        self.store.finish_run(run, status, requests, error.as_ref().map(|error| &error.cause), finished).await?;
        execution.counts = self.counts_of(run, error.as_ref(), execution.counts).await?;
        let report = RunReport {
            run,
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            status,
            counts: execution.counts,
            rows: execution.rows_read,
            numbers: flow.aggregate.is_some().then_some(NumbersReport {
                late: sending.late,
                not_open: sending.not_open,
                completed: execution.completed,
                written_over: sending.written_over,
            }),
            switched_off: execution.switched_off,
            repeated: execution.repeated,
            seconds: finished.duration_since(began).as_secs_f64(),
            error,
            causes: execution.groups.into_sorted(),
        };
        self.keep_told(&report).await;
        if let Err(error) = self.forget_what_is_old(&flow).await {
            // The run is over and accounted for; the next one tries again.
            tracing::warn!(code = %error.cause.code, flow = %flow.name, "the history could not be purged");
        }
        lease.release().await?;
        Ok(report)
    }
}

impl Engine {
    /// The account of a run that has ended. Of one that ended early the store knows better: its last page may not have been put down.
    pub(crate) async fn counts_of(&self, run: RunId, error: Option<&Error>, counts: Counts) -> Result<Counts, Error> {
        let kept = if error.is_some() { self.store.run(run).await? } else { None };
        Ok(kept.map_or(counts, |kept| kept.counts))
    }

    /// The history keeps what the project and the flow say, and no longer.
    async fn forget_what_is_old(&self, flow: &Flow) -> Result<(), Error> {
        let now = self.clock.now();
        let ago = |days: u32| now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MIN);
        let retention = Retention {
            now,
            runs_before: ago(self.project.history.runs),
            outcomes_before: ago(self.project.history.outcomes),
            payloads_before: ago(flow.keep.days),
        };
        self.store.purge(&flow.name, retention).await
    }
}

impl<'e> Execution<'e> {
    pub fn new(engine: &'e Engine, flow: Arc<Flow>, run: RunId, live: bool, writes: bool) -> Self {
        Self {
            engine,
            run,
            targets: Vec::new(),
            scopes: Scopes::default(),
            hash_key: engine.store.hash_key(),
            today: engine.today(),
            labels: Labels::default(),
            codes: engine.project.codes.clone(),
            live,
            again: false,
            overwrites: false,
            writes,
            whole: false,
            tree: Tree::of(&flow),
            intents: Vec::new(),
            began: engine.clock.now(),
            graves: HashMap::new(),
            unknown: HashSet::new(),
            duplicates: Duplicates::default(),
            deleted_by_us: HashSet::new(),
            nameless: false,
            removed: 0,
            unlinked: 0,
            made_in_plan: 0,
            seen_in_plan: HashSet::new(),
            passed: false,
            agreed: None,
            counted_by: String::new(),
            counts_anew: false,
            sending: None,
            last: Last { behind: Behind::new(&engine.store), page: None },
            completed: 0,
            wanted: BTreeSet::new(),
            counts: Counts::default(),
            switched_off: 0,
            repeated: 0,
            groups: CauseGroups::default(),
            rows_read: None,
            begun: HashSet::new(),
            leases: Vec::new(),
            flow,
        }
    }

    /// The whole of it, from opening to the last page.
    pub async fn go(&mut self, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        let mut ended = self.carry_through(options, watch).await;
        if let Err(error) = &mut ended {
            self.engine.tell_maker(&self.flow, error).await;
            // Whoever is to raise `stop_above` has to know it beforehand.
            if error.cause.code == codes::TOO_MANY_DELETES && self.whole {
                self.tell_emptied().await;
            }
        }
        let counted = self.count_put_off(ended.is_ok(), watch).await;
        if let Err(error) = self.drop_rows().await {
            // The next run of the flow drops them before it begins.
            tracing::warn!(code = %error.cause.code, "rows that were put aside could not be dropped");
        }
        ended.and(counted)
    }

    async fn carry_through(&mut self, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        self.open_targets().await?;
        let mut options = options.clone();
        if self.agreed.is_some() && self.flow.aggregate.is_some() {
            // What is agreed on are numbers: all records are counted, and only the sending is held to the plan.
            options.plan = None;
        } else if let Some(agreed) = &self.agreed {
            options.only = agreed.keys().map(|(id, _)| id.clone()).collect::<HashSet<_>>().into_iter().collect();
            options.only.sort();
        } else {
            self.wanted = options.only.iter().map(|id| id.trim().to_owned()).collect();
        }
        self.whole = options.is_whole();
        let flow = Arc::clone(&self.flow);
        if flow.aggregate.is_some() {
            return self.count_and_send(&options, watch).await;
        }
        let mut source = self.open_source(&options)?;
        columns::check(&flow, &*source, &source.partitions().await?).await?;
        if self.tells_absence() && !source.reads_whole() {
            let message = "the flow deletes what is absent (`detect: absence`), and this source hands out only what has changed";
            return Err(Error::configuration(codes::ABSENCE_NOT_POSSIBLE, message));
        }
        if let Some(rows) = &flow.from.rows {
            source = self.group(rows, source, &options).await?;
        }
        if self.writes && options.is_whole() && !source.reads_whole() {
            self.take_up(&*source, &source.partitions().await?, watch).await?;
        }
        let mut left = options.limit.unwrap_or(u64::MAX);
        let partitions = source.partitions().await?;
        // Of groups there is one for each value; their rows were looked through before.
        if source.reads_whole() && flow.from.rows.is_none() {
            self.duplicates = self.scan_ids(&*source, &partitions).await?;
        }
        for (position, partition) in partitions.iter().enumerate() {
            self.duplicates.partition = position;
            self.read_partition(&*source, partition, &options, &mut left, watch).await?;
            if left == 0 {
                break;
            }
        }
        self.take_up_rest(&*source, &partitions, watch).await?;
        if left > 0 {
            self.tell_not_found();
        }
        if options.is_whole() && source.reads_whole() {
            self.delete_absent(watch).await?;
        }
        if options.is_whole() {
            if self.writes {
                self.close_orphans().await?;
            }
            self.tell_emptied().await;
        }
        Ok(())
    }

    /// Records that were asked for by their identity, and that the source does not have.
    pub(crate) fn tell_not_found(&mut self) {
        for id in std::mem::take(&mut self.wanted) {
            let cause = Cause::new(
                codes::UNKNOWN_RECORD,
                "the source has no such record, so nothing was done for it; is the identity spelled as in the source?",
            );
            self.groups.add(Outcome::Skipped, &cause, &id);
        }
    }

    /// A record came by that may have been asked for.
    pub(crate) fn wanted_came(&mut self, id: &str) {
        self.wanted.remove(id);
    }
}
