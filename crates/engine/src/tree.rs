//! Records that refer to records of the same flow: a place lies in a place, and both come by the same list.
//!
//! In whatever order they come, one run writes them, parents before children. Within a page this goes in waves: what has its references is found, compared and
//! written, and what it has become serves the next wave; the page commits whole, as ever. What refers to a record of a later page is *put off*: it is noted
//! as waiting, durably, and not counted yet; when everything was read it is taken up again and again, until nothing more arrives, and each record is
//! counted once, with what became of it in the end. What lies in a circle is rejected ([`crate::unplaced`]). Removals go the other way, children before parents. Memory grows with
//! the number of those that wait or are rejected (a hash for each), and in a plan, which puts nothing down, with the number of records that it would make (with `--again` of all).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, Candidate, Source, not_yet};
use kivuko_core::error::{Cause, Code, Error};
use kivuko_core::flow::Flow;
use kivuko_core::hierarchy;
use kivuko_core::outcome::Outcome;
use kivuko_core::path::Path;
use kivuko_core::record::Partition;
use kivuko_core::store::{Link, OutcomeRow, Reference, Sent, Waiting};
use kivuko_core::value;
use serde_json::Value;

use crate::absence::hash_of;
use crate::known::Ended;
use crate::plan::Planned;
use crate::run::{Execution, Watch};
use crate::unit::{Decision, Item, Unit, waits_for, waits_for_rejected};
use crate::unplaced::InACircle;

/// What a run knows of a flow whose records refer to one another.
#[derive(Debug)]
pub(crate) struct Tree {
    /// For each target record of the flow: where it says in which other record it lies.
    parents: Vec<Vec<Path>>,
    /// What the page has made or found by now. A plan keeps what all its pages would make.
    arrived: HashMap<String, Arrived>,
    /// Those that were put off, as hashes.
    put_off: HashMap<u64, PutOff>,
    /// Those that were counted as waiting: they are not counted a second time.
    waited: HashSet<u64>,
    /// Those that were rejected, with the first code: what lies in them is told that it waits for these.
    rejected: HashMap<u64, Code>,
    /// What a plan would put down as waiting, with what it would write of it all the same.
    noted: BTreeMap<String, (Waiting, Vec<Planned>)>,
    /// Those that were found to lie in circles, while they are rejected.
    pub in_circles: HashMap<String, InACircle>,
    /// With `--again`: those that were come by and neither made nor found there. What their links lead to may have been lost with the target.
    without_success: HashSet<u64>,
    /// With `--again`: whether such a link, and one whose record this run has not come by, counts as long as the target has what it leads to.
    looks_at_old_links: bool,
}

/// A record that is there by now.
#[derive(Debug)]
struct Arrived {
    /// Its id in the target; in a plan what stands for it.
    id: String,
    /// The part of the target.
    scope: Option<usize>,
    /// This run made it.
    made: bool,
}

/// A record that is dealt with again at the end.
#[derive(Debug)]
struct PutOff {
    /// Why it waits, if not only for its reference: the target said so itself, or the end of the reading did.
    reason: Option<Cause>,
    /// Where the target, which has it, does not take it yet.
    held_back: Option<HeldBack>,
    /// The worst of what became of those parts of it that need not wait.
    so_far: Outcome,
}

/// A record that the target has and does not take where it should lie, by the ids there.
#[derive(Debug, Clone)]
pub(crate) struct HeldBack {
    pub record: usize,
    pub id: String,
    pub parent: String,
}

/// The id of the record of the target that one lies in; `None` at the top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LiesIn(pub Option<String>);

/// Where a record is that another one refers to.
pub(crate) enum Arrival {
    Here {
        id: String,
        /// The row of a crosswalk in which a person chose it.
        chosen_in: Option<String>,
    },
    /// It was there until a day that is over: what lies there stays there, and nothing comes to it.
    Ended(Ended),
    /// In another part of the target.
    Elsewhere,
}

impl Tree {
    /// `None` for a flow whose records do not refer to one another.
    pub fn of(flow: &Flow) -> Option<Self> {
        let paths = |record: &kivuko_core::flow::TargetRecord| {
            let referring = flow.mapping.referring(&record.name, &flow.name);
            referring.into_iter().filter_map(|path| Path::parse(path).ok()).collect::<Vec<_>>()
        };
        let parents: Vec<Vec<Path>> = flow.to.records.iter().map(paths).collect();
        let refers = flow.mapping.references().any(|other| other == flow.name);
        refers.then(|| Self {
            parents,
            arrived: HashMap::new(),
            put_off: HashMap::new(),
            waited: HashSet::new(),
            rejected: HashMap::new(),
            noted: BTreeMap::new(),
            in_circles: HashMap::new(),
            without_success: HashSet::new(),
            looks_at_old_links: false,
        })
    }

    /// The parent of a record, by its id in the target, in what the target holds or is sent.
    pub fn parent_of(&self, record: usize, body: &Value) -> Option<String> {
        self.parents[record].iter().find_map(|path| path.one(body)).and_then(value::text)
    }

    /// Where a change puts a record; nothing if it says nothing of that.
    pub fn moved_to(&self, record: usize, changed: &Value) -> Option<LiesIn> {
        let says = |path: &&Path| path.top().is_some_and(|name| changed.get(name).is_some());
        self.parents[record].iter().find(says).map(|path| LiesIn(path.one(changed).and_then(value::text)))
    }

    /// Whether a change puts a record into another one, by its id in the target.
    pub fn is_put_into(&self, record: usize, changed: &Value, id: &str) -> bool {
        self.parents[record].iter().any(|path| path.one(changed).and_then(value::text).as_deref() == Some(id))
    }

    pub fn has_put_off(&self) -> bool {
        !self.put_off.is_empty()
    }

    pub fn held_back(&self, source_id: &str) -> Option<&HeldBack> {
        self.put_off.get(&hash_of(source_id))?.held_back.as_ref()
    }

    pub fn is_put_off_for_a_reference(&self, source_id: &str) -> bool {
        self.put_off.get(&hash_of(source_id)).is_some_and(|put_off| put_off.reason.is_none())
    }

    /// Why a record that was put off waits.
    pub fn tell(&mut self, source_id: &str, cause: Cause) {
        if let Some(put_off) = self.put_off.get_mut(&hash_of(source_id)) {
            put_off.reason = Some(cause);
        }
    }
}

/// The levels of records by the ids in the target, each with its parent: the deepest first. What lies in a circle comes with the deepest.
pub(crate) fn deepest_first(records: &[(String, Option<String>)]) -> Vec<Vec<usize>> {
    let ties: Vec<(&str, Option<&str>)> = records.iter().map(|(id, parent)| (id.as_str(), parent.as_deref())).collect();
    let mut levels: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, depth) in hierarchy::depths(&hierarchy::parents(&ties)).into_iter().enumerate() {
        levels.entry(depth).or_default().push(at);
    }
    levels.into_values().rev().collect()
}

impl Execution<'_> {
    /// Where these records are that others refer to; `None`: they have not arrived.
    pub(crate) async fn arrivals(&self, asked: &[Reference]) -> Result<Vec<Option<Arrival>>, Error> {
        let links = self.engine.store.resolve(asked).await?;
        let lost = self.lost_parents(&links).await?;
        let arrival = |(reference, link): (&Reference, Option<Link>)| {
            let own = self.tree.as_ref().filter(|_| reference.flow == self.flow.name);
            if let Some(id) = own.and_then(|_| self.arrived_here(&reference.source_id)) {
                let ended = link.filter(|link| link.target_id == id).and_then(|link| self.ended(&link));
                return Some(ended.map_or(Arrival::Here { id, chosen_in: None }, Arrival::Ended));
            }
            let Some(link) = link.filter(|link| !lost.contains(&link.target_id)) else { return self.chosen_reference(reference) };
            // The record may have been lost with the target, and this run makes it again.
            let may_be_old = |tree: &Tree| !tree.looks_at_old_links && self.is_old(&link) && self.comes_by(&reference.source_id);
            if own.is_some_and(may_be_old) {
                return None;
            }
            if self.is_foreign(&link) {
                return Some(Arrival::Elsewhere);
            }
            // What people decided on places comes before the link.
            let Some(id) = self.leads_to(&link) else { return own.and_then(|_| self.ended(&link)).map(Arrival::Ended) };
            Some(Arrival::Here { id, chosen_in: self.chosen_in(&link) })
        };
        Ok(asked.iter().zip(links).map(arrival).collect())
    }

    /// With `--again`: whether a link of the flow's own says nothing of what this run has found or made.
    fn is_old(&self, link: &Link) -> bool {
        let Some(tree) = self.tree.as_ref().filter(|_| self.again && link.flow == self.flow.name) else { return false };
        let hash = hash_of(&link.source.id);
        link.seen != self.run || tree.put_off.contains_key(&hash) || tree.without_success.contains(&hash)
    }

    /// With `--again`, when nothing is left to come: those of these that the target has lost and this run could not make again, by their ids there.
    async fn lost_parents(&self, links: &[Option<Link>]) -> Result<HashSet<String>, Error> {
        let mut lost = HashSet::new();
        if !self.tree.as_ref().is_some_and(|tree| tree.looks_at_old_links) {
            return Ok(lost);
        }
        for record in 0..self.flow.to.records.len() {
            let is_here = |link: &&Link| {
                self.is_old(link) && !self.is_foreign(link) && self.record_named(&link.part, &link.target_resource) == Some(record)
            };
            let ids: Vec<String> = links.iter().flatten().filter(is_here).map(|link| link.target_id.clone()).collect();
            let present = self.fetch(record, &ids).await?;
            let is_gone = |present: &Option<Candidate>| present.as_ref().is_none_or(|present| present.deleted);
            lost.extend(ids.into_iter().zip(present).filter(|(_, present)| is_gone(present)).map(|(id, _)| id));
        }
        Ok(lost)
    }

    /// The id of a record that the page has made, in the part of the target that is being dealt with.
    fn arrived_here(&self, source_id: &str) -> Option<String> {
        let arrived = self.tree.as_ref()?.arrived.get(source_id)?;
        (arrived.scope == self.scopes.current).then(|| arrived.id.clone())
    }

    /// The ids in the target of those of these records that the flow has made itself: what a plan had as still to be made.
    pub(crate) async fn made(&self, source_ids: &BTreeSet<&str>) -> Result<HashMap<String, String>, Error> {
        let Some(tree) = self.tree.as_ref().filter(|_| !source_ids.is_empty()) else { return Ok(HashMap::new()) };
        let of = |id: &&str| Reference { flow: self.flow.name.clone(), source_id: (*id).to_owned() };
        let asked: Vec<Reference> = source_ids.iter().map(of).collect();
        let mut made = HashMap::new();
        for (reference, link) in asked.iter().zip(self.engine.store.resolve(&asked).await?) {
            let here = tree.arrived.get(&reference.source_id).filter(|one| one.made && one.scope == self.scopes.current);
            let id = here.map(|one| one.id.clone()).or_else(|| Some(link.filter(|link| link.created)?.target_id));
            made.extend(id.map(|id| (reference.source_id.clone(), id)));
        }
        Ok(made)
    }

    /// What the records of a wave have become serves those that refer to them.
    pub(crate) fn remember_arrived(&mut self, items: &[Item], wave: &[Unit]) {
        let (current, links_serve) = (self.scopes.current, !self.writes && !self.again);
        let Some(tree) = &mut self.tree else { return };
        // Of what is linked the store knows; a plan keeps only the others in its memory. With `--again` a link counts when its record was come by.
        for unit in wave.iter().filter(|unit| unit.has_arrived() && !(links_serve && unit.link.is_some())) {
            let source_id = &items[unit.item].id;
            let id = unit.target_id().map_or_else(|| not_yet(source_id), str::to_owned);
            let made = matches!(&unit.decision, Decision::Written { change, .. } if change.action == Action::Create);
            tree.arrived.entry(source_id.clone()).or_insert(Arrived { id, scope: current, made });
        }
    }

    /// The items that waited for what has arrived by now, to be dealt with anew. Their units go. Each reference is followed once.
    pub(crate) fn next_wave(&self, record: usize, units: &mut Vec<Unit>, followed: &mut HashSet<(usize, String)>) -> HashSet<usize> {
        let mut next: HashSet<usize> = HashSet::new();
        let mut stays: HashSet<usize> = HashSet::new();
        if self.tree.is_none() {
            return next;
        }
        for unit in units.iter().filter(|unit| unit.record == record) {
            match &unit.decision {
                Decision::Waiting(reference) if self.is_own(reference) => {
                    if self.arrived_here(&reference.source_id).is_some() && followed.insert((unit.item, reference.source_id.clone())) {
                        next.insert(unit.item);
                    }
                }
                // Another part of it was dealt with: the record comes again when its page is read again.
                _ => {
                    stays.insert(unit.item);
                }
            }
        }
        next.retain(|item| !stays.contains(item));
        units.retain(|unit| unit.record != record || !next.contains(&unit.item));
        next
    }

    /// Whether a record waits for one of the same flow.
    fn is_own(&self, reference: &Reference) -> bool {
        reference.alternatives().any(|one| one.flow == self.flow.name)
    }

    /// Whether a record waits for what this run may still come by, and is dealt with again at its end.
    pub(crate) fn is_put_off(&self, item: &Item, units: &[&Unit]) -> Option<Reference> {
        let tree = self.tree.as_ref()?;
        if item.early.is_some() || tree.waited.contains(&hash_of(&item.id)) || item.outcome(units) != Outcome::Waiting {
            return None;
        }
        units.iter().find_map(|unit| match &unit.decision {
            Decision::Waiting(reference) if self.is_own(reference) || unit.held_back.is_some() => Some(reference.clone()),
            _ => None,
        })
    }

    /// Leaves a record that waits out of the account for now.
    pub(crate) fn put_off(&mut self, item: &Item, units: &[&Unit]) {
        let so_far = self.with_what_was_done(item, units.iter().map(|unit| unit.outcome()).filter(|one| *one != Outcome::Waiting).max());
        let held_back = units.iter().find_map(|unit| self.held_back_of(unit));
        if let Some(tree) = &mut self.tree {
            let reason = units.iter().find_map(|unit| unit.held_back.clone());
            tree.put_off.insert(hash_of(&item.id), PutOff { reason, held_back, so_far });
        }
    }

    /// The same in a plan, which has no other place to note it.
    pub(crate) fn note_in_plan(&mut self, item: &Item, noted: Waiting, planned: Vec<Planned>) {
        if let Some(tree) = &mut self.tree {
            tree.noted.insert(item.id.clone(), (noted, planned));
        }
    }

    /// The outcome of a record, with what was done of it before it was put off.
    pub(crate) fn with_what_was_done(&self, item: &Item, outcome: Option<Outcome>) -> Outcome {
        let before = self.tree.as_ref().and_then(|tree| tree.put_off.get(&hash_of(&item.id))).map(|put_off| put_off.so_far);
        outcome.max(before).unwrap_or(Outcome::Unchanged)
    }

    /// A record is counted: it is not put off any more.
    pub(crate) fn counted(&mut self, item: &Item, outcome: Outcome, cause: Option<&Cause>) {
        let Some(tree) = &mut self.tree else { return };
        let hash = hash_of(&item.id);
        tree.put_off.remove(&hash);
        tree.noted.remove(&item.id);
        match (outcome, cause) {
            (Outcome::Waiting, _) => _ = tree.waited.insert(hash),
            (Outcome::Rejected, Some(cause)) => _ = tree.rejected.insert(hash, cause.code),
            _ => {}
        }
        if self.again && !matches!(outcome, Outcome::Created | Outcome::Updated | Outcome::Unchanged) {
            tree.without_success.insert(hash);
        }
    }

    /// The target does not take it yet, or would not: it waits, for no record of a flow, until the target says that the time has come.
    pub(crate) fn hold_back(&self, unit: &mut Unit, cause: Cause) {
        let resource = &self.flow.to.records[unit.record].resource;
        let flow = format!("{}/{resource}", self.flow.to.system);
        unit.decision = Decision::Waiting(Reference { flow, source_id: unit.key.to_string() });
        unit.held_back = Some(cause);
    }

    /// At the end of a page: what it has made is linked now. A plan has nothing but its memory.
    pub(crate) fn forget_arrived(&mut self) {
        if let Some(tree) = self.tree.as_mut().filter(|_| self.writes) {
            tree.arrived.clear();
        }
    }

    /// What waits and was not counted as waiting in this run. A run that was asked for a part of the records, or for a plan, takes up none but its own.
    pub(crate) async fn waiting_now(&self) -> Result<Vec<Waiting>, Error> {
        let Some(tree) = &self.tree else { return self.engine.store.waiting(&self.flow.name).await };
        if !self.writes {
            return Ok(tree.noted.values().map(|(waiting, _)| waiting.clone()).collect());
        }
        let mut waiting = self.engine.store.waiting(&self.flow.name).await?;
        waiting.retain(|one| {
            let hash = hash_of(&one.source_id);
            !tree.waited.contains(&hash) && (self.whole || tree.put_off.contains_key(&hash))
        });
        Ok(waiting)
    }

    /// When everything was read: those that were put off are taken up until nothing more arrives.
    pub(crate) async fn take_up_rest(&mut self, source: &dyn Source, partitions: &[Partition], watch: &dyn Watch) -> Result<(), Error> {
        if self.tree.is_none() {
            return Ok(());
        }
        self.take_up(source, partitions, watch).await?;
        if let Some(tree) = self.tree.as_mut().filter(|tree| self.again && !tree.put_off.is_empty()) {
            tree.looks_at_old_links = true;
            self.take_up(source, partitions, watch).await?;
        }
        self.tell_unplaced(source, partitions, watch).await
    }

    /// What is put off still is counted as waiting, also when the run ended early. What waits in vain for what was lost is looked for where the target `answers`.
    pub(crate) async fn count_put_off(&mut self, answers: bool, watch: &dyn Watch) -> Result<(), Error> {
        if self.tree.as_ref().is_none_or(|tree| tree.put_off.is_empty()) {
            return Ok(());
        }
        let waiting = self.waiting_now().await?;
        let Some(mut put_off) = self.tree.as_mut().map(|tree| std::mem::take(&mut tree.put_off)) else { return Ok(()) };
        let mut pages: BTreeMap<Partition, Vec<(Waiting, Option<Cause>)>> = BTreeMap::new();
        for one in waiting {
            // It may wait for several; it is counted once.
            if let Some(put_off) = put_off.remove(&hash_of(&one.source_id)) {
                let reason = put_off.reason.or_else(|| self.rejected_in_run(&one.reference));
                pages.entry(one.partition.clone()).or_default().push((one, reason));
            }
        }
        let mut ended = Ok(());
        for (partition, waiting) in pages {
            for page in waiting.chunks(self.engine.pace.page_size) {
                let page = self.with_reasons(page).await?;
                let counted = self.count_waiting(&partition, &page, answers && ended.is_ok(), watch).await;
                ended = ended.and(counted);
            }
        }
        if put_off.is_empty() {
            return ended;
        }
        Err(Error::bug(codes::ACCOUNT_WRONG, format!("{} records were put off and are not noted as waiting", put_off.len())))
    }

    /// Why a record waits when everything was dealt with: what it refers to was rejected meanwhile.
    fn rejected_in_run(&self, reference: &Reference) -> Option<Cause> {
        let rejected = &self.tree.as_ref()?.rejected;
        let own = reference.alternatives().find(|one| one.flow == self.flow.name)?;
        rejected.get(&hash_of(&own.source_id)).map(|code| waits_for_rejected(&own, *code))
    }

    /// Records that wait, each with the reason: that is the rejection of an earlier run, or of another flow, where there is one.
    async fn with_reasons(&self, waiting: &[(Waiting, Option<Cause>)]) -> Result<Vec<(Waiting, Cause)>, Error> {
        let unknown = waiting.iter().filter(|(_, reason)| reason.is_none()).map(|(one, _)| &one.reference);
        let rejected = self.rejected_among(unknown).await?;
        let known = |(one, reason): &(Waiting, Option<Cause>)| {
            let found = || rejected.get(&one.reference).cloned().unwrap_or_else(|| waits_for(&one.reference));
            (one.clone(), reason.clone().unwrap_or_else(found))
        };
        Ok(waiting.iter().map(known).collect())
    }

    /// Of what records wait for, that of which an open rejection is known.
    async fn rejected_among<'r>(&self, wanted: impl Iterator<Item = &'r Reference>) -> Result<HashMap<Reference, Cause>, Error> {
        let mut by_flow: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let wanted: HashSet<&Reference> = wanted.collect();
        for one in wanted.iter().flat_map(|reference| reference.alternatives()) {
            by_flow.entry(one.flow).or_default().insert(one.source_id);
        }
        let mut open: HashMap<Reference, Code> = HashMap::new();
        for (flow, ids) in by_flow {
            let ids: Vec<String> = ids.into_iter().collect();
            for (source_id, code) in self.engine.store.open_rejections(&flow, &ids).await? {
                open.insert(Reference { flow: flow.clone(), source_id }, code);
            }
        }
        let cause =
            |reference: &Reference| reference.alternatives().find_map(|one| open.get(&one).map(|code| waits_for_rejected(&one, *code)));
        Ok(wanted.into_iter().filter_map(|reference| Some((reference.clone(), cause(reference)?))).collect())
    }

    /// Tells of what waits in a page, and is counted with it, that what it refers to was rejected.
    pub(crate) async fn tell_rejected_references(&self, units: &mut [Unit]) -> Result<(), Error> {
        let is_told_later = |reference: &Reference| self.tree.is_some() && self.is_own(reference);
        let to_be_told = |unit: &Unit| match &unit.decision {
            Decision::Waiting(reference) if unit.held_back.is_none() && !is_told_later(reference) => Some(reference.clone()),
            _ => None,
        };
        let wanted: Vec<Reference> = units.iter().filter_map(to_be_told).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let rejected = self.rejected_among(wanted.iter()).await?;
        for unit in units {
            unit.waits_because = to_be_told(unit).and_then(|reference| rejected.get(&reference).cloned());
        }
        Ok(())
    }

    async fn count_waiting(
        &mut self,
        partition: &Partition,
        page: &[(Waiting, Cause)],
        answers: bool,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let mut commit = self.empty_commit(partition, None);
        for (one, cause) in page {
            commit.counts.add(Outcome::Waiting);
            self.groups.add(Outcome::Waiting, cause, &one.place);
            let resource = self.resource_in(0, None);
            if self.writes {
                commit.outcomes.push(OutcomeRow {
                    source_id: one.source_id.clone(),
                    place: one.place.clone(),
                    part: String::new(),
                    outcome: Outcome::Waiting,
                    target_resource: resource,
                    target_id: None,
                    fields: Vec::new(),
                    causes: vec![cause.clone()],
                });
            } else {
                let (_, planned) = self.tree.as_mut().and_then(|tree| tree.noted.remove(&one.source_id)).unzip();
                for planned in planned.unwrap_or_default() {
                    self.planned_write(&planned, watch);
                }
                watch.planned(&Planned::waiting(one, resource, cause.clone()));
            }
        }
        self.counts.merge(&commit.counts);
        let mut looked = Ok(());
        if self.writes {
            if self.again {
                let ids: Vec<String> = page.iter().map(|(one, _)| one.source_id.clone()).collect();
                let lost = if answers { self.links_of_lost_waiting(&ids).await.map(Some) } else { Ok(None) };
                if let Ok(Some(lost)) = lost {
                    commit.unlinked = lost;
                } else {
                    // The next run looks for it, whatever was sent of it last.
                    let sent = self.engine.store.sent(&self.flow.name, &ids).await?;
                    commit.sent.extend(sent.into_iter().map(|sent| Sent { hash: String::new(), ..sent }));
                    looked = lost.map(|_| ());
                }
            }
            self.engine.store.commit_page(&commit).await?;
        }
        watch.page(&self.counts);
        looked
    }

    /// Puts what is absent in the order in which it can be removed: children before parents.
    pub(crate) async fn children_first(&mut self, ids: Vec<String>) -> Result<Vec<String>, Error> {
        if self.tree.is_none() {
            return Ok(ids);
        }
        let mut records: Vec<(String, Option<String>)> = Vec::new();
        let mut of: Vec<usize> = Vec::new();
        for (begin, chunk) in ids.chunks(self.engine.pace.page_size).enumerate() {
            let known = self.known(chunk).await?;
            let mut places: BTreeMap<(usize, String), Vec<(usize, String)>> = BTreeMap::new();
            for (at, id) in chunk.iter().enumerate() {
                for link in known.links_of(id) {
                    if let Some(record) = self.record_named(&link.part, &link.target_resource) {
                        let position = begin * self.engine.pace.page_size + at;
                        places.entry((record, link.target_resource.clone())).or_default().push((position, link.target_id.clone()));
                    }
                }
            }
            for ((record, resource), linked) in places {
                let scope = self.scope_of(&resource).await?;
                self.enter(scope);
                let targets: Vec<String> = linked.iter().map(|(_, id)| id.clone()).collect();
                for ((position, id), present) in linked.into_iter().zip(self.fetch(record, &targets).await?) {
                    let parent = present.and_then(|present| self.tree.as_ref()?.parent_of(record, &present.body));
                    records.push((id, parent));
                    of.push(position);
                }
            }
        }
        let mut order: Vec<usize> = Vec::with_capacity(ids.len());
        let mut placed = vec![false; ids.len()];
        let levels = deepest_first(&records);
        for position in levels.into_iter().flatten().map(|at| of[at]).chain(0..ids.len()) {
            if !std::mem::replace(&mut placed[position], true) {
                order.push(position);
            }
        }
        Ok(order.into_iter().map(|position| ids[position].clone()).collect())
    }

    /// The same for what is removed together: each level is done before the next begins.
    pub(crate) fn levels(&self, wave: Vec<Unit>, parents: &[Option<String>]) -> Vec<Vec<Unit>> {
        if self.tree.is_none() {
            return vec![wave];
        }
        let records: Vec<(String, Option<String>)> =
            wave.iter().zip(parents).map(|(unit, parent)| (unit.target_id().unwrap_or_default().to_owned(), parent.clone())).collect();
        let mut units: Vec<Option<Unit>> = wave.into_iter().map(Some).collect();
        let levels = deepest_first(&records);
        levels.into_iter().map(|level| level.into_iter().filter_map(|at| units[at].take()).collect()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn children_come_before_parents() {
        let check = |tree: &[(&str, Option<&str>)], expected: &[&[&str]]| {
            let records: Vec<_> = tree.iter().map(|(id, parent)| ((*id).to_owned(), parent.map(str::to_owned))).collect();
            let levels = deepest_first(&records);
            let named: Vec<Vec<&str>> = levels.iter().map(|level| level.iter().map(|&at| tree[at].0).collect()).collect();
            assert_eq!(named, expected, "{tree:?}");
        };
        check(&[("a", None), ("b", Some("a")), ("c", Some("b")), ("d", Some("a"))], &[&["c"], &["b", "d"], &["a"]]);
        // A parent that stays is no reason to wait.
        check(&[("b", Some("stays")), ("c", Some("b"))], &[&["c"], &["b"]]);
        check(&[("a", Some("a"))], &[&["a"]]);
        check(&[("x", Some("y")), ("y", Some("x")), ("a", None)], &[&["x", "y"], &["a"]]);
        check(&[], &[]);
    }

    proptest! {
        #[test]
        fn whatever_the_order(parents in proptest::collection::vec(0usize..40, 1..40), seed in any::<u64>()) {
            // Each lies in one with a lower number, so there are no circles.
            let mut records: Vec<(String, Option<String>)> = parents
                .iter()
                .enumerate()
                .map(|(at, parent)| (at.to_string(), (at > 0).then(|| (parent % at).to_string())))
                .collect();
            records.sort_by_key(|(id, _)| id.parse::<u64>().unwrap_or(0).wrapping_mul(seed | 1));
            let levels = deepest_first(&records);
            let order: Vec<usize> = levels.into_iter().flatten().collect();
            prop_assert_eq!(order.iter().copied().collect::<HashSet<_>>().len(), records.len());
            for (place, &at) in order.iter().enumerate() {
                let parent = records[at].1.as_ref();
                let above = parent.and_then(|parent| order.iter().position(|&other| records[other].0 == *parent));
                prop_assert!(above.is_none_or(|above| above > place));
            }
        }
    }
}
