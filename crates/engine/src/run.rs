//! The life of a run.
//!
//! Every source record read ends in exactly one outcome. A page is read, mapped, found, compared and written; then its outcomes, links, what was
//! sent, its rejections and the cursor are committed in one transaction, and only then the next page is read. A run that is killed at any point leaves
//! at most one page uncommitted and, for what it was writing, open intents; the next run settles these before it sends anything of their keys, and
//! reads that page again.

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use kivuko_core::catalogue::{record, run as codes};
use kivuko_core::connector::{ReadRequest, Source, SourceSpec, System, TargetSpec};
use kivuko_core::error::{Cause, Consequence, Error};
use kivuko_core::flow::{Flow, TargetRecord};
use kivuko_core::outcome::{Counts, Outcome, Status};
use kivuko_core::record::{Page, Partition, SourceRecord};
use kivuko_core::store::{IntentId, OpenIntent, RunId, RunStart};
use serde_json::{Value, json};

use crate::decide::{Known, OpenTarget};
use crate::duplicates::{Duplicates, Suspects};
use crate::engine::Engine;
use crate::lease::Held;
use crate::plan::Planned;
use crate::report::{CauseGroups, RunReport};
use crate::unit::{Decision, Early, Item, Unit};

/// What a person can ask of a run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// Only records changed in this window; the live cursor is not touched.
    pub since: Option<Timestamp>,
    pub until: Option<Timestamp>,
    /// Only these identities of the source.
    pub only: Vec<String>,
    /// At most this many records.
    pub limit: Option<u64>,
    /// Another file in the place of the flow's source.
    pub input: Option<PathBuf>,
    /// Compare with what the target holds, not with what was last sent.
    pub force: bool,
    /// Exactly the writes of this saved plan.
    pub plan: Option<i64>,
    /// What started it: `manual` when empty.
    pub trigger: String,
}

impl RunOptions {
    /// Whether this run reads all that is due, so that it moves the live cursor.
    fn is_whole(&self) -> bool {
        self.since.is_none()
            && self.until.is_none()
            && self.only.is_empty()
            && self.limit.is_none()
            && self.input.is_none()
            && self.plan.is_none()
    }

    /// The options as they were given, for the history.
    fn words(&self) -> String {
        let mut words = Vec::new();
        let mut word = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                words.push(format!("{name} {value}"));
            }
        };
        word("--since", self.since.map(|time| time.to_string()));
        word("--until", self.until.map(|time| time.to_string()));
        word(
            "--only",
            (!self.only.is_empty())
                .then(|| if self.only.len() > 3 { format!("({} records)", self.only.len()) } else { self.only.join(",") }),
        );
        word("--limit", self.limit.map(|limit| limit.to_string()));
        word("--input", self.input.as_ref().map(|path| path.display().to_string()));
        word("--plan", self.plan.map(|plan| plan.to_string()));
        if self.force {
            words.push("--force".to_owned());
        }
        words.join(" ")
    }
}

/// Who looks on while a run goes.
pub trait Watch: Sync {
    /// A page was committed; the account so far.
    fn page(&self, _counts: &Counts) {}
    /// A plan came to a record that would be written, or would not go through.
    fn planned(&self, _planned: &Planned) {}
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
    pub targets: Vec<OpenTarget>,
    pub hash_key: [u8; 32],
    pub today: Date,
    /// Compare with what the target holds, whatever was last sent.
    pub live: bool,
    /// A plan writes nothing.
    pub writes: bool,
    /// Writes of earlier runs without an answer.
    pub intents: Vec<OpenIntent>,
    /// Older intents that new ones of this page stand for.
    pub superseded: Vec<IntentId>,
    pub duplicates: Duplicates,
    /// Records of the target that Kivuko itself deleted: they may be made again.
    pub deleted_by_us: HashSet<String>,
    /// Something was written in this run, so the target works.
    pub passed: bool,
    /// The writes of a saved plan, when just these are to be sent.
    pub agreed: Option<BTreeMap<(String, String), Planned>>,
    pub counts: Counts,
    pub groups: CauseGroups,
    begun: bool,
    leases: Vec<Held>,
}

impl Engine {
    /// Runs a flow. Everything that can be told of the run is in the report, also when it ended early; an `Err` means that it did not begin.
    pub async fn run(&self, flow: &str, options: &RunOptions, watch: &dyn Watch) -> Result<RunReport, Error> {
        let flow = self.flow(flow)?;
        let began = self.clock.now();
        let requests_before = self.requests();
        self.store.put_version(&flow.version).await?;
        let lease = Held::take(&self.store, &self.clock, &self.holder, &format!("flow {}", flow.name), self.pace.patience).await?;
        let start = RunStart {
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            trigger: if options.trigger.is_empty() { "manual".to_owned() } else { options.trigger.clone() },
            options: options.words(),
            started: began,
        };
        let run = self.store.begin_run(&start).await?;
        let mut execution = Execution::new(self, Arc::clone(&flow), run, options.force, true);
        let ended = execution.go(options, watch).await;
        execution.release().await;
        let requests = self.requests() - requests_before;
        execution.counts.requests = requests;
        let finished = self.clock.now();
        let status = if ended.is_ok() && execution.counts.failed == 0 { Status::Complete } else { Status::Incomplete };
        let error = ended.err();
        self.store.finish_run(run, status, requests, error.as_ref().map(|error| &error.cause), finished).await?;
        lease.release().await?;
        Ok(RunReport {
            run,
            flow: flow.name.clone(),
            version: flow.version.hash.clone(),
            status,
            counts: execution.counts,
            seconds: finished.duration_since(began).as_secs_f64(),
            error,
            causes: execution.groups.into_sorted(),
        })
    }
}

impl<'e> Execution<'e> {
    pub fn new(engine: &'e Engine, flow: Arc<Flow>, run: RunId, live: bool, writes: bool) -> Self {
        Self {
            engine,
            run,
            targets: Vec::new(),
            hash_key: engine.store.hash_key(),
            today: engine.clock.now().to_zoned(engine.project.timezone.clone()).date(),
            live,
            writes,
            intents: Vec::new(),
            superseded: Vec::new(),
            duplicates: Duplicates::default(),
            deleted_by_us: HashSet::new(),
            passed: false,
            agreed: None,
            counts: Counts::default(),
            groups: CauseGroups::default(),
            begun: false,
            leases: Vec::new(),
            flow,
        }
    }

    /// The whole of it, from opening to the last page.
    pub async fn go(&mut self, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        self.open_targets().await?;
        let mut options = options.clone();
        if let Some(plan) = options.plan {
            let agreed = crate::plan::load(self, plan).await?;
            options.only = agreed.keys().map(|(id, _)| id.clone()).collect::<HashSet<_>>().into_iter().collect();
            options.only.sort();
            self.agreed = Some(agreed);
        }
        let source = self.open_source(&options)?;
        if self.writes && options.is_whole() && !source.reads_whole() {
            self.take_up(&*source, watch).await?;
        }
        let mut left = options.limit.unwrap_or(u64::MAX);
        for partition in source.partitions().await? {
            self.read_partition(&*source, &partition, &options, &mut left, watch).await?;
            if left == 0 {
                break;
            }
        }
        if self.writes && options.is_whole() {
            if source.reads_whole() {
                self.delete_absent(watch).await?;
            }
            self.close_orphans().await?;
        }
        Ok(())
    }

    /// Opens the targets and asks them whether the flow can work; in a run also takes the leases.
    pub(crate) async fn open_targets(&mut self) -> Result<(), Error> {
        let flow = Arc::clone(&self.flow);
        self.engine.guard(&flow.from.system).await?;
        self.engine.guard(&flow.to.system).await?;
        let system = self.engine.system(&flow.to.system)?;
        let mut wrong: Vec<Cause> = Vec::new();
        for target in &flow.to.records {
            let target = system.target(&target_spec(&flow, target))?;
            if self.writes {
                self.hold(&*target).await?;
            }
            wrong.extend(target.prepare().await?);
            let capabilities = target.capabilities();
            self.targets.push(OpenTarget { target, capabilities });
        }
        if let Some(error) = checks_failed(&wrong) {
            return Err(error);
        }
        self.intents = self.engine.store.open_intents(&flow.to.system).await?;
        Ok(())
    }

    /// Takes the lease on what must not be written to by two at a time, once for each such thing.
    async fn hold(&mut self, target: &dyn kivuko_core::connector::Target) -> Result<(), Error> {
        let Some(exclusive) = target.exclusive().await? else { return Ok(()) };
        let name = format!("writing to {exclusive}");
        if self.leases.iter().any(|held| held.name() == name) {
            return Ok(());
        }
        let engine = self.engine;
        self.leases.push(Held::take(&engine.store, &engine.clock, &engine.holder, &name, engine.pace.patience).await?);
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
        if !self.begun {
            self.targets[record].target.begin().await?;
            self.begun = true;
        }
        Ok(())
    }

    fn open_source(&self, options: &RunOptions) -> Result<Box<dyn Source>, Error> {
        let from = &self.flow.from;
        let mut spec =
            SourceSpec { resource: from.resource.clone(), id: from.id.clone(), cursor: from.cursor.clone(), options: from.options.clone() };
        let Some(input) = &options.input else { return self.engine.system(&from.system)?.source(&spec) };
        // Another file in the place of the source: the flow's own reading options go with it.
        let absolute = std::path::absolute(input)
            .map_err(|error| Error::configuration(codes::PROJECT_UNREADABLE, format!("`{}` cannot be read: {error}", input.display())))?;
        let folder = absolute.parent().map(|folder| folder.display().to_string()).unwrap_or_default();
        spec.resource = absolute.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let system: Arc<dyn System> = self.engine.open_kind("file", &from.system, json!({ "path": folder }))?.system;
        system.source(&spec)
    }

    async fn read_partition(
        &mut self,
        source: &dyn Source,
        partition: &Partition,
        options: &RunOptions,
        left: &mut u64,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let whole = options.is_whole();
        let from = if whole { self.engine.store.cursor(&self.flow.name, partition).await? } else { None };
        self.duplicates = Duplicates::default();
        if source.reads_whole() {
            self.duplicates.ids = self.scan_ids(source, partition).await?;
        }
        let mut keys_scanned = !source.reads_whole();
        let request = ReadRequest {
            partition: partition.clone(),
            from,
            since: options.since,
            until: options.until,
            only: (!options.only.is_empty()).then(|| options.only.clone()),
            paths: self.flow.mapping.paths(),
            page_size: self.engine.pace.page_size,
        };
        let mut pages = source.read(request).await?;
        while *left > 0 {
            self.stop_if_cancelled()?;
            let Some(mut page) = pages.next().await? else { break };
            let cut = page.records.len() as u64 > *left;
            if cut {
                page.records.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            }
            *left -= page.records.len() as u64;
            let ids: Vec<String> = page.records.iter().filter_map(|record| record.id.clone()).collect();
            let known = self.known(&ids).await?;
            if !keys_scanned && ids.iter().any(|id| known.links_of(id).is_empty()) {
                self.duplicates.keys = self.scan_keys(source, partition).await?;
                keys_scanned = true;
            }
            let drop_repeated = whole && !source.reads_whole() && !self.live;
            self.page(partition, page, &known, drop_repeated, whole && !cut, watch).await?;
        }
        Ok(())
    }

    pub(crate) async fn known(&self, ids: &[String]) -> Result<Known, Error> {
        let flow = &self.flow;
        let links = self.engine.store.links(&flow.from.system, &flow.from.resource, ids, &flow.to.system).await?;
        let sent = self.engine.store.sent(&flow.name, ids).await?;
        Ok(Known::new(links, sent))
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
        let items: Vec<Item> = page
            .records
            .into_iter()
            .filter(|record| !(drop_repeated && known.is_repeated(record)))
            .map(|record| self.item(record))
            .collect();
        let mut units: Vec<Unit> = Vec::with_capacity(items.len());
        let mut fatal: Option<Error> = None;
        for record in 0..self.flow.to.records.len() {
            let outcome = self.wave(record, &items, &mut units, known).await;
            if let Err(error) = outcome {
                self.fail_rest(record, &items, &mut units, &error);
                fatal = Some(error);
                break;
            }
        }
        if fatal.is_none()
            && let Err(error) = self.remove(&items, &mut units, known).await
        {
            fatal = Some(error);
        }
        let moves_cursor = moves_cursor && fatal.is_none();
        if self.writes {
            let commit = self.account(partition, &items, &units, known, moves_cursor.then_some(page.next))?;
            self.engine.store.commit_page(&commit).await?;
            let closed: HashSet<IntentId> = commit.closed_intents.iter().copied().collect();
            self.intents.retain(|open| !closed.contains(&open.id));
            self.superseded.clear();
        } else {
            self.report_plan(&items, &units, watch);
        }
        watch.page(&self.counts);
        fatal.map_or(Ok(()), Err)
    }

    /// One of the flow's target records, for the whole page.
    async fn wave(&mut self, record: usize, items: &[Item], units: &mut Vec<Unit>, known: &Known) -> Result<(), Error> {
        let mut wave = self.decide(record, items, units, known).await?;
        self.hold_to_plan(items, &mut wave);
        let delivered = if self.writes { self.deliver(record, items, &mut wave).await } else { Ok(None) };
        units.append(&mut wave);
        match delivered {
            Ok(None) => Ok(()),
            Ok(Some(error)) | Err(error) => Err(error),
        }
    }

    /// After an early end: whatever is not decided stays due, and so do the parts that were not looked at.
    fn fail_rest(&self, record: usize, items: &[Item], units: &mut Vec<Unit>, error: &Error) {
        let failed = || Decision::Failed { cause: error.cause.clone(), unsettled: false };
        for unit in units.iter_mut().filter(|unit| matches!(unit.decision, Decision::Open | Decision::Write(_))) {
            unit.decision = failed();
        }
        let reached: HashSet<usize> = units.iter().filter(|unit| unit.record == record).map(|unit| unit.item).collect();
        let is_last = record + 1 == self.flow.to.records.len();
        for (position, item) in items.iter().enumerate() {
            if item.early.is_none() && !(is_last && reached.contains(&position)) {
                let name = &self.flow.to.records[if reached.contains(&position) { record + 1 } else { record }].name;
                units.push(Unit::new(position, record, name, failed()));
            }
        }
    }

    /// A raw record with the fields that the flow reads, and what settles it before it is mapped.
    fn item(&self, source: SourceRecord) -> Item {
        let SourceRecord { id, place, version, deleted, body } = source;
        let mut item = Item { id: String::new(), place, version, raw: None, value: Value::Null, early: None };
        item.early = match body {
            Err(cause) => Some(Early::Rejected(vec![cause])),
            Ok(raw) => {
                let early = if deleted { self.early(true, &Value::Null) } else { self.project(&raw, &mut item.value) };
                item.raw = Some(raw);
                early
            }
        };
        match id.map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()) {
            Some(id) => {
                if let Some(places) = self.duplicates.ids_of(&id) {
                    item.early = Some(Early::Rejected(vec![duplicate_id(places, &item.place)]));
                }
                item.id = id;
            }
            None => {
                item.id = format!("({})", item.place);
                if !matches!(item.early, Some(Early::Rejected(_))) {
                    item.early = Some(Early::Rejected(vec![no_identity(self.flow.from.id.as_deref())]));
                }
            }
        }
        item
    }

    fn project(&self, raw: &[u8], value: &mut Value) -> Option<Early> {
        match self.flow.mapping.projection().project(raw) {
            Ok(projected) => {
                *value = projected;
                self.early(false, value)
            }
            Err(cause) => Some(Early::Rejected(vec![cause])),
        }
    }

    /// Looks through a whole input for identities that stand there twice.
    async fn scan_ids(&self, source: &dyn Source, partition: &Partition) -> Result<std::collections::HashMap<String, Vec<String>>, Error> {
        let mut suspects = Suspects::new();
        self.scan(source, partition, |record| {
            if let Some(id) = &record.id {
                suspects.first_look(id);
            }
        })
        .await?;
        if suspects.any() {
            self.scan(source, partition, |record| {
                if let Some(id) = &record.id {
                    suspects.second_look(id, &record.place);
                }
            })
            .await?;
        }
        Ok(suspects.convicted())
    }

    /// Looks through a whole input for records that lead to the same record of the target.
    async fn scan_keys(
        &self,
        source: &dyn Source,
        partition: &Partition,
    ) -> Result<std::collections::HashMap<(usize, kivuko_core::connector::Key), Vec<String>>, Error> {
        // Parts and items of lists have the identity of their parent in their key.
        let roots: Vec<usize> = (0..self.flow.to.records.len())
            .filter(|&at| self.flow.to.records[at].of.is_none() && self.flow.to.records[at].each.is_none())
            .collect();
        let mut suspects = Suspects::new();
        let keys = |record: &SourceRecord| -> Vec<(usize, kivuko_core::connector::Key)> {
            let (Ok(raw), false) = (&record.body, record.deleted) else { return Vec::new() };
            let mut value = Value::Null;
            if self.project(raw, &mut value).is_some() {
                return Vec::new();
            }
            roots.iter().filter_map(|&at| Some((at, self.key_for_scan(at, &value)?))).filter(|(_, key)| !key.0.is_empty()).collect()
        };
        self.scan(source, partition, |record| keys(record).iter().for_each(|key| suspects.first_look(key))).await?;
        if suspects.any() {
            self.scan(source, partition, |record| keys(record).iter().for_each(|key| suspects.second_look(key, &record.place))).await?;
        }
        Ok(suspects.convicted())
    }

    async fn scan(&self, source: &dyn Source, partition: &Partition, mut look: impl FnMut(&SourceRecord)) -> Result<(), Error> {
        let request = ReadRequest {
            partition: partition.clone(),
            from: None,
            since: None,
            until: None,
            only: None,
            paths: self.flow.mapping.paths(),
            page_size: self.engine.pace.page_size,
        };
        let mut pages = source.read(request).await?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            page.records.iter().for_each(&mut look);
        }
        Ok(())
    }

    /// Reads again the records that waited for something that has arrived by now.
    async fn take_up(&mut self, source: &dyn Source, watch: &dyn Watch) -> Result<(), Error> {
        let waiting = self.engine.store.waiting(&self.flow.name).await?;
        let references: Vec<_> = waiting.iter().map(|one| one.reference.clone()).collect();
        let arrived = self.engine.store.resolve(&references).await?;
        let mut due: BTreeMap<Partition, Vec<String>> = BTreeMap::new();
        for (one, _) in waiting.into_iter().zip(arrived).filter(|(_, link)| link.is_some()) {
            due.entry(one.partition).or_default().push(one.source_id);
        }
        for (partition, ids) in due {
            for ids in ids.chunks(self.engine.pace.page_size) {
                let request = ReadRequest {
                    partition: partition.clone(),
                    from: None,
                    since: None,
                    until: None,
                    only: Some(ids.to_vec()),
                    paths: self.flow.mapping.paths(),
                    page_size: ids.len(),
                };
                let mut pages = source.read(request).await?;
                while let Some(page) = pages.next().await? {
                    let known = self.known(ids).await?;
                    self.page(&partition, page, &known, false, false, watch).await?;
                }
            }
        }
        Ok(())
    }
}

/// What a connector is told of one of a flow's target records.
pub(crate) fn target_spec(flow: &Flow, record: &TargetRecord) -> TargetSpec {
    TargetSpec {
        resource: record.resource.clone(),
        key: record.key.iter().map(ToString::to_string).collect(),
        paths: flow.mapping.targets(&record.name),
        accept_duplicates: flow.to.duplicates_accept,
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

fn duplicate_id(places: &[String], here: &str) -> Cause {
    let others: Vec<&str> = places.iter().map(String::as_str).filter(|place| *place != here).take(5).collect();
    Cause::new(record::DUPLICATE_ID, format!("this identity stands in other records of the input too: {}", others.join("; ")))
}

fn no_identity(id: Option<&str>) -> Cause {
    let cause = Cause::new(record::NO_IDENTITY, "the record has no identity, so the next run could not tell whether it was seen before");
    match id {
        Some(id) => cause.field(id),
        None => cause,
    }
}

/// The worst outcome of several parts; a record of which every part was left out is skipped.
pub(crate) fn worst<'a>(units: impl Iterator<Item = &'a Unit>) -> Option<Outcome> {
    units.map(Unit::outcome).max()
}
