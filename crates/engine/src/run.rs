//! The life of a run.
//!
//! Every source record read ends in exactly one outcome. A page is read, mapped, found, compared and written; then its outcomes, links, what was
//! sent, its rejections and the cursor are committed in one transaction. The next page is read and mapped while that goes on, and looked for in the target after it. A run that is killed at any point leaves
//! at most one page uncommitted (of numbers two) and, for what it was writing, open intents; the next run settles these before it sends anything of their keys, and
//! reads that page again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use kivuko_core::catalogue::run as codes;
use kivuko_core::codes::CodeMaps;
use kivuko_core::connector::TargetSpec;
use kivuko_core::error::{Cause, Consequence, Error};
use kivuko_core::flow::{Flow, TargetRecord};
use kivuko_core::labels::Labels;
use kivuko_core::outcome::{Counts, Outcome, Status};
use kivuko_core::record::{Page, Partition};
use kivuko_core::store::{IntentId, OpenIntent, PageCommit, Retention, RunId, RunStart, Store};
use tokio::task::spawn_blocking;

use crate::absence::hash_of;
use crate::beside::Behind;
use crate::columns;
use crate::decide::{FirstLook, OpenTarget};
use crate::duplicates::Duplicates;
use crate::engine::Engine;
use crate::known::Known;
use crate::lease::{self, Held};
use crate::numbers::Sending;
use crate::options::RunOptions;
use crate::plan::Planned;
use crate::proposals::Proposal;
use crate::read::check_input;
use crate::report::{CauseGroups, NumbersReport, RunReport};
use crate::scope::Scopes;
use crate::tree::Tree;
use crate::unit::{Decision, Early, Item, Unit};

/// How many runs are looked back at for the time when one ended.
const RECENT_RUNS: usize = 200;

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
        let ended = execution.go(options, watch).await;
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
        if let Err(error) = self.forget_what_is_old(&flow).await {
            // The run is over and accounted for; the next one tries again.
            tracing::warn!(code = %error.cause.code, flow = %flow.name, "the history could not be purged");
        }
        lease.release().await?;
        Ok(RunReport {
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
            }),
            seconds: finished.duration_since(began).as_secs_f64(),
            error,
            causes: execution.groups.into_sorted(),
        })
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

/// A page that was dealt with and is not committed yet.
#[derive(Debug)]
pub(crate) struct Done {
    /// `None` in a plan.
    commit: Option<Arc<PageCommit>>,
    /// The run ends with this page.
    fatal: Option<Error>,
}

impl Done {
    /// What is to be committed; nothing in a plan.
    fn to_commit(&self) -> Option<Arc<PageCommit>> {
        self.commit.clone()
    }

    pub fn is_fatal(&self) -> bool {
        self.fatal.is_some()
    }

    /// An error if the run ends with this page.
    pub fn ended(self) -> Result<(), Error> {
        self.fatal.map_or(Ok(()), Err)
    }

    pub async fn commit(&self, store: &dyn Store) -> Result<(), Error> {
        match &self.commit {
            Some(commit) => store.commit_page(commit).await,
            None => Ok(()),
        }
    }
}

struct Last {
    behind: Behind,
    page: Option<Done>,
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
            groups: CauseGroups::default(),
            rows_read: None,
            begun: HashSet::new(),
            leases: Vec::new(),
            flow,
        }
    }

    /// The whole of it, from opening to the last page.
    pub async fn go(&mut self, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        let ended = self.carry_through(options, watch).await;
        let counted = self.count_put_off(watch).await;
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
            self.duplicates.ids = self.scan_ids(&*source, &partitions).await?;
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
            let capabilities = target.capabilities();
            self.targets.push(OpenTarget { target, capabilities });
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

    /// One page, from its raw records to its commit.
    pub async fn page(
        &mut self,
        partition: &Partition,
        page: Page,
        known: &Known,
        drop_repeated: bool,
        moves_cursor: bool,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let done = self.carry_out(partition, page, known, drop_repeated, moves_cursor, watch).await?;
        self.settle_page(done, watch).await
    }

    /// Commits a page, and ends the run if something in it did.
    pub(crate) async fn settle_page(&mut self, done: Done, watch: &dyn Watch) -> Result<(), Error> {
        done.commit(&*self.engine.store).await?;
        self.settled(&done, watch);
        done.ended()
    }

    /// Begins to put a page down. The one before is on the disk.
    pub(crate) fn begin_to_commit(&mut self, done: Done) {
        if let Some(commit) = done.to_commit() {
            self.last.behind.begin(commit, self.counts);
        }
        self.last.page = Some(done);
    }

    /// Waits until the last page is on the disk, and ends the run if something in it did.
    pub(crate) async fn await_last(&mut self, watch: &dyn Watch) -> Result<(), Error> {
        let page = self.last.page.take();
        self.last.behind.ended().await?;
        let Some(done) = page else { return Ok(()) };
        self.settled(&done, watch);
        done.ended()
    }

    /// After the commit of a page.
    fn settled(&mut self, done: &Done, watch: &dyn Watch) {
        if let Some(commit) = &done.commit {
            let closed: HashSet<IntentId> = commit.closed_intents.iter().copied().collect();
            self.intents.retain(|open| !closed.contains(&open.id));
            // What other flows had linked is not among the links of this one.
            self.unlinked += commit.unlinked.iter().filter(|link| link.flow == self.flow.name).count() as u64;
        }
        self.forget_arrived();
        watch.page(&self.counts);
    }

    /// One page, from its raw records to what is to be committed of it. The page before is put down meanwhile, and nothing is asked of the store or of the target before that is
    /// done; but numbers, of which no page has anything in common with another.
    pub(crate) async fn carry_out(
        &mut self,
        partition: &Partition,
        page: Page,
        known: &Known,
        drop_repeated: bool,
        moves_cursor: bool,
        watch: &dyn Watch,
    ) -> Result<Done, Error> {
        let items: Vec<Item> = page
            .records
            .into_iter()
            .map(|record| {
                let repeated = drop_repeated && known.is_repeated(&record);
                Item { repeated, ..self.item(record) }
            })
            .collect();
        let mut items = later_ones_count(items);
        if !self.wanted.is_empty() {
            for item in &items {
                self.wanted.remove(&item.id);
            }
        }
        self.nameless |= items.iter().any(|item| item.nameless);
        if !self.writes && self.tells_absence() {
            self.seen_in_plan.extend(items.iter().map(|item| hash_of(&item.id)));
        }
        // Whose records lie in another part of the target is told by their links, and mapping looks at the part that is open.
        let mut mapped = self.is_in_one_part().then(|| self.first_look(0, &items, &[], known, None));
        if self.sending.is_none() {
            self.await_last(watch).await?;
        }
        let mut units: Vec<Unit> = Vec::with_capacity(items.len());
        let mut fatal: Option<Error> = self.assign_scopes(&mut items, known).await.err();
        if let Some(error) = &fatal {
            self.fail_rest(0, &[], &items, &mut units, error);
        }
        let mut done = Vec::new();
        'scopes: for scope in if fatal.is_none() { self.scopes_of(&items) } else { Vec::new() } {
            self.enter(scope);
            for record in 0..self.flow.to.records.len() {
                if let Err(error) = self.wave(record, &items, &mut units, known, mapped.take()).await {
                    self.fail_rest(record, &done, &items, &mut units, &error);
                    fatal = Some(error);
                    break 'scopes;
                }
            }
            done.push(scope);
        }
        if fatal.is_none()
            && let Err(error) = self.remove(&mut items, &mut units, known).await
        {
            fail_removals(&items, &mut units, known, &error);
            fatal = Some(error);
        }
        let moves_cursor = moves_cursor && fatal.is_none();
        let commit = if self.writes {
            Some(Arc::new(self.account(partition, &items, &units, known, moves_cursor.then_some(page.next))?))
        } else {
            self.report_plan(partition, &items, &units, watch);
            None
        };
        // It takes a while to let go of them, and nobody has to wait for that.
        drop(spawn_blocking(move || drop((items, units))));
        Ok(Done { commit, fatal })
    }

    /// One of the flow's target records, for the whole page.
    async fn wave(
        &mut self,
        record: usize,
        items: &[Item],
        units: &mut Vec<Unit>,
        known: &Known,
        mapped: Option<FirstLook>,
    ) -> Result<(), Error> {
        let mut followed = HashSet::new();
        let mapped = mapped.unwrap_or_else(|| self.first_look(record, items, units, known, None));
        self.one_wave(record, items, units, known, (None, mapped)).await?;
        // What waited for a record of this page, level by level. Each turn follows at least one reference.
        loop {
            let next = self.next_wave(record, units, &mut followed);
            if next.is_empty() {
                return Ok(());
            }
            let mapped = self.first_look(record, items, units, known, Some(&next));
            self.one_wave(record, items, units, known, (Some(&next), mapped)).await?;
        }
    }

    /// The items of the page that can be dealt with now; or those at these positions.
    async fn one_wave(
        &mut self,
        record: usize,
        items: &[Item],
        units: &mut Vec<Unit>,
        known: &Known,
        (only, mapped): (Option<&HashSet<usize>>, FirstLook),
    ) -> Result<(), Error> {
        let mut wave = self.decide(record, items, units, known, only, mapped).await?;
        self.hold_to_plan(items, &mut wave).await?;
        self.foresee(record, items, &mut wave).await?;
        let mut delivered = if self.writes { self.deliver(record, items, &mut wave).await } else { Ok(None) };
        // Who may be somebody whom the page has just made is looked for again. Each turn settles at least the first of them.
        while matches!(delivered, Ok(None)) && self.writes && self.introduced(record, &mut wave).await? {
            self.search(record, items, &mut wave).await?;
            self.reject_linked_elsewhere(record, items, &mut wave).await?;
            self.hold_to_plan(items, &mut wave).await?;
            delivered = self.deliver(record, items, &mut wave).await;
        }
        self.remember_arrived(items, &wave);
        units.append(&mut wave);
        match delivered {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(error),
        }
    }

    /// After an early end: whatever is not decided stays due, and so do the parts that were not looked at.
    /// `done` are the parts of the target that are finished.
    fn fail_rest(&self, record: usize, done: &[Option<usize>], items: &[Item], units: &mut Vec<Unit>, error: &Error) {
        let failed = || Decision::Failed { cause: error.cause.clone(), unsettled: false };
        for unit in units.iter_mut().filter(|unit| matches!(unit.decision, Decision::Open | Decision::Write(_))) {
            unit.decision = failed();
        }
        let reached: HashSet<usize> = units.iter().filter(|unit| unit.record == record).map(|unit| unit.item).collect();
        let is_last = record + 1 == self.flow.to.records.len();
        for (position, item) in items.iter().enumerate() {
            if item.early.is_none() && !done.contains(&item.scope) && !(is_last && reached.contains(&position)) {
                let name = &self.flow.to.records[if reached.contains(&position) { record + 1 } else { record }].name;
                units.push(Unit::new(position, record, name, failed()));
            }
        }
    }
}

/// A source that reads what has changed may hand out a record twice in a page; its later state counts. (In a source that is read whole both are rejected before.)
pub(crate) fn later_ones_count(mut items: Vec<Item>) -> Vec<Item> {
    let mut next: HashMap<&str, usize> = HashMap::with_capacity(items.len());
    let mut repeated: Vec<(usize, usize)> = Vec::new();
    for (position, item) in items.iter().enumerate().rev() {
        let later = next.insert(&item.id, position);
        repeated.extend(later.filter(|_| !matches!(item.early, Some(Early::Rejected(_)))).map(|later| (position, later)));
    }
    for (position, later) in repeated {
        let cause = Cause::new(codes::SUPERSEDED, format!("the source has this record again, and that counts: {}", items[later].place));
        items[position].early = Some(Early::Left(vec![cause]));
    }
    items
}

/// After an early end: the removals that were not come to stay due.
fn fail_removals(items: &[Item], units: &mut Vec<Unit>, known: &Known, error: &Error) {
    let failed = || Decision::Failed { cause: error.cause.clone(), unsettled: false };
    for unit in units.iter_mut().filter(|unit| matches!(unit.decision, Decision::Open | Decision::Write(_))) {
        unit.decision = failed();
    }
    let reached: HashSet<usize> = units.iter().map(|unit| unit.item).collect();
    for (position, item) in items.iter().enumerate() {
        let linked = !known.links_of(&item.id).is_empty();
        if item.early == Some(Early::Removed) && linked && !reached.contains(&position) {
            units.push(Unit::new(position, 0, "", failed()));
        }
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

/// The worst outcome of several parts; a record of which every part was left out is skipped.
pub(crate) fn worst<'a>(units: impl Iterator<Item = &'a Unit>) -> Option<Outcome> {
    units.map(Unit::outcome).max()
}
