//! Reading: the source of a flow partition by partition, raw records into items, a look through a whole input for duplicates, and the taking up
//! of records that waited.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use futures_util::future::try_join;
use kivuko_core::catalogue::{record, run as codes};
use kivuko_core::connector::{Pages, ReadRequest, Source, SourceSpec, System};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::{Detect, Flow};
use kivuko_core::halves::{own_share, side_by_side};
use kivuko_core::record::{Page, Partition, SourceRecord};
use kivuko_core::store::Reference;
use serde_json::{Value, json};

use crate::absence::hash_of;
use crate::beside::Ahead;
use crate::duplicates::{Claim, Claimants, Duplicates, Suspects};
use crate::known::Known;
use crate::namesakes::{Fields, Namesakes, counts_elsewhere};
use crate::options::RunOptions;
use crate::run::{Execution, Watch};
use crate::unit::{Early, Item};

/// Refuses a file in the place of a source that knows identities by itself, when the flow does not say where a file has them.
pub(crate) fn check_input(flow: &Flow, options: &RunOptions) -> Result<(), Error> {
    if options.input.is_none() || flow.from.id.is_some() || flow.from.rows.is_some() {
        return Ok(());
    }
    Err(Error::configuration(
        codes::INPUT_WITHOUT_ID,
        format!("the flow `{}` does not say where a file has the identity of a record; `--input` needs `id` under `from`", flow.name),
    ))
}

impl Execution<'_> {
    pub(crate) fn open_source(&self, options: &RunOptions) -> Result<Box<dyn Source>, Error> {
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

    pub(crate) async fn read_partition(
        &mut self,
        source: &dyn Source,
        partition: &Partition,
        options: &RunOptions,
        left: &mut u64,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let read = self.read_pages(source, partition, options, left, watch).await;
        // What was dealt with is put down, also where reading did not come to its end.
        self.await_last(watch).await?;
        read
    }

    async fn read_pages(
        &mut self,
        source: &dyn Source,
        partition: &Partition,
        options: &RunOptions,
        left: &mut u64,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let whole = options.is_whole();
        // Absence is told by a reading from the beginning only: what a run that died had dealt with was not seen by this one.
        let goes_on = whole && self.flow.from.rows.is_none() && !(source.reads_whole() && self.flow.deletes.detect == Detect::Absence);
        let from = if goes_on && !self.again { self.engine.store.cursor(&self.flow.name, partition).await? } else { None };
        self.duplicates.claims.clear();
        let mut keys_scanned = !source.reads_whole() || self.claims_are_identities();
        let only = (!options.only.is_empty()).then(|| options.only.clone());
        let request = ReadRequest { from, since: options.since, until: options.until, only, ..self.request(partition) };
        let mut pages = self.pages(source, request).await?;
        let mut next = if *left > 0 { self.next(&mut *pages, &HashSet::new()).await? } else { None };
        while let Some((mut page, known)) = next.take() {
            let cut = page.records.len() as u64 > *left;
            if cut {
                page.records.truncate(usize::try_from(*left).unwrap_or(usize::MAX));
            }
            *left -= page.records.len() as u64;
            let ids = ids_of(&page);
            let known = match known {
                Some(known) => known,
                None => self.known(&ids).await?,
            };
            if !keys_scanned && ids.iter().any(|id| known.links_of(id).is_empty()) {
                self.duplicates.claims = self.scan_claims(source, partition).await?;
                keys_scanned = true;
            }
            // Groups have no place to go on from.
            let moves_cursor = whole && !cut && self.flow.from.rows.is_none();
            let drop_repeated = whole && !source.reads_whole() && !self.live;
            let done = self.carry_out(partition, page, &known, drop_repeated, moves_cursor, watch).await?;
            let is_last = *left == 0 || done.is_fatal();
            // The disk is busy with this page while the next one is read and mapped.
            self.begin_to_commit(done);
            if is_last {
                return Ok(());
            }
            let present: HashSet<String> = ids.into_iter().collect();
            next = self.next(&mut *pages, &present).await?;
            if next.as_ref().is_some_and(|(_, known)| known.is_none()) {
                // What is known of its records is to be asked for after the commit.
                self.await_last(watch).await?;
            }
        }
        Ok(())
    }

    /// The pages of a source. What is read whole is read ahead; what an API hands out comes when it is asked for, since that costs it something.
    async fn pages(&self, source: &dyn Source, request: ReadRequest) -> Result<Box<dyn Pages>, Error> {
        let pages = source.read(request).await?;
        Ok(if source.reads_whole() { Box::new(Ahead::new(pages)) } else { pages })
    }

    /// The next page of the source with what is known of its records, unless the run was asked to stop. Of records that are in the page which is just
    /// being committed too, nothing is known yet: it is to be asked for after that.
    async fn next(&self, pages: &mut dyn Pages, present: &HashSet<String>) -> Result<Option<(Page, Option<Known>)>, Error> {
        self.stop_if_cancelled()?;
        let Some(page) = pages.next().await? else { return Ok(None) };
        let ids = ids_of(&page);
        let known = if ids.iter().any(|id| present.contains(id)) { None } else { Some(self.known(&ids).await?) };
        Ok(Some((page, known)))
    }

    pub(crate) async fn known(&self, ids: &[String]) -> Result<Known, Error> {
        let (flow, store) = (&self.flow, &self.engine.store);
        let links = store.links(&flow.from.system, &flow.from.resource, ids, &flow.to.system);
        let (mut links, sent) = try_join(links, store.sent(&flow.name, ids)).await?;
        // Another flow may make something else of the same record.
        links.retain(|link| self.record_named(&link.part, &link.target_resource).is_some());
        Ok(Known::new(links, sent))
    }

    /// A raw record with the fields that the flow reads, and what settles it before it is mapped.
    pub(crate) fn item(&self, source: SourceRecord) -> Item {
        let SourceRecord { id, place, version, deleted, body, read } = source;
        // That a number comes to nothing is no deletion of the source.
        let is_number = self.sending.is_some();
        let mut item = Item { version, deleted: deleted && !is_number, ..Item::new(String::new(), place) };
        item.early = match body {
            // A row that counts elsewhere.
            Err(cause) if counts_elsewhere(&cause) => Some(Early::Left(vec![cause])),
            Err(cause) => Some(Early::Rejected(vec![cause])),
            Ok(raw) => {
                let early = if deleted { self.early(true, &Value::Null) } else { self.project(&raw, read, &mut item.value) };
                item.raw = Some(raw);
                early
            }
        };
        if let Some(id) = id.map(trimmed).filter(|id| !id.is_empty()) {
            let twins = self.duplicates.of_identity(self.flow.from.id.as_deref(), &id, &item.place);
            // What is there again has no outcome beside that of the first.
            item.id = if twins.as_ref().is_some_and(|cause| cause.code == codes::REPEATED) { format!("({})", item.place) } else { id };
            item.early = match twins {
                Some(cause) if counts_elsewhere(&cause) => Some(Early::Left(vec![cause])),
                Some(cause) => match item.early {
                    Some(Early::Rejected(mut causes)) => {
                        causes.push(cause);
                        Some(Early::Rejected(causes))
                    }
                    _ => Some(Early::Rejected(vec![cause])),
                },
                None => item.early,
            };
        } else {
            let left = matches!(item.early, Some(Early::Left(_)));
            item.nameless = !left;
            item.id = format!("({})", item.place);
            if !left && !matches!(item.early, Some(Early::Rejected(_))) {
                let from = &self.flow.from;
                let path = from.rows.as_ref().map(|rows| rows.group.text()).or(from.id.as_deref());
                item.early = Some(Early::Rejected(vec![no_identity(path)]));
            }
        }
        self.reject_in_a_circle(&mut item);
        item
    }

    /// The fields that the flow reads, unless they were `read` already.
    fn project(&self, raw: &[u8], read: Option<Value>, value: &mut Value) -> Option<Early> {
        let projection = if self.sending.is_some() { self.flow.mapping.projection() } else { self.flow.projection() };
        match read.map_or_else(|| projection.project(raw), Ok) {
            Ok(projected) => {
                *value = projected;
                self.early(false, value)
            }
            Err(cause) => Some(Early::Rejected(vec![cause])),
        }
    }

    /// Looks through all partitions for identities that stand there twice.
    pub(crate) async fn scan_ids(&self, source: &dyn Source, partitions: &[Partition]) -> Result<Duplicates, Error> {
        let mut suspects: Suspects<String, Namesakes> = Suspects::new();
        for partition in partitions {
            self.scan(source, partition, |records| {
                for id in records.iter().filter_map(|record| record.id.as_deref()) {
                    suspects.first_look(&id.trim().to_owned());
                }
            })
            .await?;
        }
        let fields = Fields::of(&self.flow)?;
        if suspects.any() {
            for (position, partition) in partitions.iter().enumerate() {
                self.scan(source, partition, |records| {
                    for (id, record) in records.iter().filter_map(|record| Some((record.id.as_deref()?, record))) {
                        if let Some(namesakes) = suspects.second_look(id.trim()) {
                            namesakes.add(position, &record.place, fields.hashes(record));
                        }
                    }
                })
                .await?;
            }
        }
        Ok(Duplicates { ids: suspects.convicted(Namesakes::are_several), fields: fields.names(), ..Duplicates::default() })
    }

    /// Whether records lay claim to nothing but their identity: then those that stand there twice are known.
    fn claims_are_identities(&self) -> bool {
        // Where rows are put together it is that of a row.
        let Some(id) = self.flow.from.id.as_ref().filter(|_| self.flow.from.rows.is_none()) else { return false };
        self.roots().all(|at| {
            let spec = &self.flow.to.records[at];
            let unique = self.targets.get(at).is_some_and(|opened| !opened.capabilities.unique.is_empty());
            matches!(spec.key.as_slice(), [key] if self.flow.mapping.carries(&spec.name, key, id)) && !unique
        })
    }

    /// The records of the flow that stand by themselves: parts and items of lists have the identity of their parent in their key.
    fn roots(&self) -> impl Iterator<Item = usize> {
        let records = &self.flow.to.records;
        (0..records.len()).filter(|&at| records[at].of.is_none() && records[at].each.is_none())
    }

    /// Looks through a whole input for records that lead to the same record of the target, or that it cannot hold together.
    async fn scan_claims(&self, source: &dyn Source, partition: &Partition) -> Result<HashMap<Claim, Claimants>, Error> {
        let mut suspects: Suspects<Claim, Claimants> = Suspects::new();
        let claims = |record: &SourceRecord| -> Vec<Claim> {
            let (Ok(raw), false) = (&record.body, record.deleted) else { return Vec::new() };
            let twins = record.id.as_deref().and_then(|id| self.duplicates.of_identity(None, id.trim(), &record.place));
            if twins.is_some_and(|cause| counts_elsewhere(&cause)) {
                return Vec::new();
            }
            let mut value = Value::Null;
            if self.project(raw, record.read.clone(), &mut value).is_some() {
                return Vec::new();
            }
            self.roots().flat_map(|at| self.claims(at, &value)).collect()
        };
        let claims_of = |records: &[SourceRecord]| -> Vec<Vec<Claim>> {
            let (own, other) = records.split_at(own_share(records.len()));
            let each = |records: &[SourceRecord]| records.iter().map(claims).collect::<Vec<_>>();
            let (mut own, other) = side_by_side(|| each(own), (!other.is_empty()).then_some(|| each(other)));
            own.extend(other.into_iter().flatten());
            own
        };
        self.scan(source, partition, |records| claims_of(records).iter().flatten().for_each(|claim| suspects.first_look(claim))).await?;
        if suspects.any() {
            let second_look = |records: &[SourceRecord]| {
                for (claims, record) in claims_of(records).iter().zip(records) {
                    for claim in claims {
                        if let Some(claimants) = suspects.second_look(claim) {
                            claimants.add(&record.place);
                        }
                    }
                }
            };
            self.scan(source, partition, second_look).await?;
        }
        Ok(suspects.convicted(Claimants::are_several))
    }

    /// A partition from its start, in pages of the size that suits the target.
    pub(crate) fn request(&self, partition: &Partition) -> ReadRequest {
        ReadRequest {
            partition: partition.clone(),
            from: None,
            since: None,
            until: None,
            only: None,
            paths: self.flow.source_paths(),
            page_size: self.engine.pace.page_size * self.pages_at_once(),
        }
    }

    /// How many usual pages its targets take as one.
    fn pages_at_once(&self) -> usize {
        self.targets.iter().map(|opened| opened.capabilities.pages_at_once.max(1)).max().unwrap_or(1)
    }

    async fn scan(&self, source: &dyn Source, partition: &Partition, mut look: impl FnMut(&[SourceRecord])) -> Result<(), Error> {
        let mut pages = self.pages(source, self.request(partition)).await?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            look(&page.records);
        }
        Ok(())
    }

    /// Reads again the records that waited for something that has arrived by now, until nothing more arrives by that.
    pub(crate) async fn take_up(&mut self, source: &dyn Source, partitions: &[Partition], watch: &dyn Watch) -> Result<(), Error> {
        let mut followed: HashSet<(u64, Reference)> = HashSet::new();
        loop {
            let due = self.due_now(&mut followed).await?;
            if due.is_empty() {
                return Ok(());
            }
            for (partition, ids) in due {
                // What was noticed by its absence is noticed by it again, and a file that is no longer there has nothing.
                if source.reads_whole() && !partitions.contains(&partition) {
                    continue;
                }
                self.read_afresh(source, partitions, &partition, ids, watch).await?;
            }
        }
    }

    /// Reads just these records of a partition again, and deals with them.
    pub(crate) async fn read_afresh(
        &mut self,
        source: &dyn Source,
        partitions: &[Partition],
        partition: &Partition,
        ids: Vec<String>,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        self.turn_to(source, partitions, partition).await?;
        let request = ReadRequest { only: Some(ids), ..self.request(partition) };
        let mut pages = source.read(request).await?;
        while let Some(page) = pages.next().await? {
            self.stop_if_cancelled()?;
            let known = self.known(&ids_of(&page)).await?;
            self.page(partition, page, &known, false, false, watch).await?;
        }
        Ok(())
    }

    /// The records that wait for something that has arrived, by their partition. Each reference of a record is followed once.
    async fn due_now(&self, followed: &mut HashSet<(u64, Reference)>) -> Result<BTreeMap<Partition, Vec<String>>, Error> {
        let waiting = self.waiting_now().await?;
        let mut due: BTreeMap<Partition, Vec<String>> = BTreeMap::new();
        for waiting in waiting.chunks(self.engine.pace.page_size) {
            // Whichever of the flows writes what it waits for.
            let references: Vec<Reference> = waiting.iter().flat_map(|one| one.reference.alternatives().collect::<Vec<_>>()).collect();
            let arrivals = self.arrivals(&references).await?;
            let arrived: HashSet<&Reference> = references
                .iter()
                .zip(&arrivals)
                .filter(|(one, arrival)| arrival.is_some() || is_of_target(one))
                .map(|(one, _)| one)
                .collect();
            for one in waiting.iter().filter(|one| one.reference.alternatives().any(|flow| arrived.contains(&flow))) {
                if followed.insert((hash_of(&one.source_id), one.reference.clone())) {
                    due.entry(one.partition.clone()).or_default().push(one.source_id.clone());
                }
            }
        }
        Ok(due)
    }

    /// Of a source that is read whole: what stands twice in this partition.
    async fn turn_to(&mut self, source: &dyn Source, partitions: &[Partition], partition: &Partition) -> Result<(), Error> {
        let Some(position) = partitions.iter().position(|one| one == partition) else { return Ok(()) };
        if source.reads_whole() && self.duplicates.partition != position {
            self.duplicates.partition = position;
            self.duplicates.claims = self.scan_claims(source, partition).await?;
        }
        Ok(())
    }
}

/// Whether it waits for a record of the target that no flow is named for. No flow has a stroke in its name.
fn is_of_target(reference: &Reference) -> bool {
    reference.flow.contains('/')
}

/// The identities in the form in which items have them.
fn ids_of(page: &Page) -> Vec<String> {
    page.records.iter().filter_map(|record| record.id.as_deref()).map(|id| id.trim().to_owned()).collect()
}

fn no_identity(id: Option<&str>) -> Cause {
    let cause = Cause::new(record::NO_IDENTITY, "the record has no identity, so the next run could not tell whether it was seen before");
    match id {
        Some(id) => cause.field(id),
        None => cause,
    }
}

fn trimmed(id: String) -> String {
    if id.trim().len() == id.len() { id } else { id.trim().to_owned() }
}
