//! One page, from its raw records to its commit: mapped, found, compared, written, put down.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::error::{Cause, Error};
use kivuko_core::outcome::Outcome;
use kivuko_core::record::{Page, Partition};
use kivuko_core::store::{IntentId, PageCommit};
use tokio::task::spawn_blocking;

use super::{Execution, Watch};
use crate::absence::hash_of;
use crate::beside::Behind;
use crate::decide::FirstLook;
use crate::known::Known;
use crate::unit::{Decision, Early, Item, Unit};

/// A page that was dealt with and is not committed yet.
#[derive(Debug)]
pub(crate) struct Done {
    /// `None` in a plan.
    commit: Option<Arc<PageCommit>>,
    /// The run ends with this page.
    fatal: Option<Error>,
}

impl Done {
    pub fn is_fatal(&self) -> bool {
        self.fatal.is_some()
    }

    /// An error if the run ends with this page.
    pub fn ended(self) -> Result<(), Error> {
        self.fatal.map_or(Ok(()), Err)
    }
}

/// The page that was dealt with last, while it is being put down.
pub(super) struct Last {
    pub behind: Behind,
    pub page: Option<Done>,
}

impl Execution<'_> {
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
        self.begin_to_commit(done);
        self.await_last(watch).await
    }

    /// Begins to put a page down. The one before is on the disk.
    pub(crate) fn begin_to_commit(&mut self, done: Done) {
        if let Some(commit) = &done.commit {
            self.last.behind.begin(Arc::clone(commit), self.counts);
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
        let mut lost = Vec::new();
        if fatal.is_none() {
            match self.links_of_lost(&items, &units, known).await {
                Ok(links) => lost = links,
                Err(error) => fatal = Some(error),
            }
        }
        if let Err(error) = self.tell_rejected_references(&mut units).await {
            fatal = fatal.or(Some(error));
        }
        let moves_cursor = moves_cursor && fatal.is_none();
        let commit = if self.writes {
            let mut commit = self.account(partition, &items, &units, known, moves_cursor.then_some(page.next))?;
            commit.unlinked.append(&mut lost);
            Some(Arc::new(commit))
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
        let mut sent = self.send_decided(record, items, &mut wave).await;
        // Who may be somebody whom the page has just made is looked for again. Each turn settles at least the first of them.
        while sent.is_ok() && self.writes && self.introduced(record, &mut wave).await? {
            self.search(record, items, &mut wave).await?;
            self.reject_linked_elsewhere(record, items, &mut wave).await?;
            sent = self.send_decided(record, items, &mut wave).await;
        }
        self.remember_arrived(items, &wave);
        units.append(&mut wave);
        sent
    }

    /// Sends what was decided, as far as the plan and the target let it through; a plan only looks whether they would. After an early end nothing is left as if it were still to be sent.
    pub(crate) async fn send_decided(&mut self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        let ended = match self.hold_to_plan(items, units).await {
            Ok(()) => {
                self.reject_closed(record, units);
                if self.writes { self.deliver(record, items, units).await } else { self.foresee(record, items, units).await.map(|()| None) }
            }
            Err(error) => Err(error),
        };
        let (Ok(Some(error)) | Err(error)) = ended else { return Ok(()) };
        for unit in units {
            unit.leave_undone(&error);
        }
        Err(error)
    }

    /// After an early end: the parts that were not looked at stay due.
    /// `done` are the parts of the target that are finished.
    fn fail_rest(&self, record: usize, done: &[Option<usize>], items: &[Item], units: &mut Vec<Unit>, error: &Error) {
        let failed = || Decision::Failed { cause: error.cause.clone(), unsettled: false };
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

/// A source that reads what has changed may hand out a record twice in a page; its later state counts. (In a source that is read whole those that contradict each other are rejected before, and those that say the same are one.)
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
    let reached: HashSet<usize> = units.iter().map(|unit| unit.item).collect();
    for (position, item) in items.iter().enumerate() {
        let linked = !known.links_of(&item.id).is_empty();
        if item.early == Some(Early::Removed) && linked && !reached.contains(&position) {
            units.push(Unit::new(position, 0, "", failed()));
        }
    }
}

/// The worst outcome of several parts; a record of which every part was left out is skipped.
pub(crate) fn worst<'a>(units: impl Iterator<Item = &'a Unit>) -> Option<Outcome> {
    units.map(Unit::outcome).max()
}
