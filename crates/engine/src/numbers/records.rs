//! Reading: the records of the source page by page, what each counts for, and what is taken back of those that are gone.

use std::collections::HashSet;
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Pages, ReadRequest, Source};
use kivuko_core::error::Error;
use kivuko_core::flow::{Detect, StopAbove};
use kivuko_core::record::Partition;
use kivuko_core::store::RunId;

use super::Numbers;
use super::counting::LookedAt;
use crate::absence::{ABSENT, FEW, hash_of, page_of_absent};
use crate::beside::{Ahead, Behind};
use crate::columns;
use crate::options::RunOptions;
use crate::run::{Execution, Watch};

/// Of the pages that are committed together with `drill: on`, so many times fewer without.
const FEWER: usize = 4;

impl Execution<'_> {
    pub(super) async fn count_records(&mut self, numbers: &mut Numbers<'_>, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        let flow = Arc::clone(&self.flow);
        let mut source = self.open_source(options)?;
        if !columns::check(&flow, &*source, &source.partitions().await?).await? {
            // A misspelt field would hold for no record, and every number fall to nothing.
            columns::refuse(&flow, &self.engine.unknown_fields(&flow).await?)?;
        }
        if let Some(rows) = &flow.from.rows {
            source = self.group(rows, source, options).await?;
        }
        let partitions = source.partitions().await?;
        if source.reads_whole() && flow.from.rows.is_none() {
            self.duplicates = self.scan_ids(&*source, &partitions).await?;
        }
        for (position, partition) in partitions.iter().enumerate() {
            self.duplicates.partition = position;
            self.count_partition(numbers, &*source, partition, options, watch).await?;
        }
        self.tell_not_found();
        if options.is_whole() && source.reads_whole() && flow.deletes.detect == Detect::Absence && numbers.own.drill {
            self.take_absent_back(numbers, watch).await?;
        }
        Ok(())
    }

    async fn count_partition(
        &mut self,
        numbers: &mut Numbers<'_>,
        source: &dyn Source,
        partition: &Partition,
        options: &RunOptions,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        let whole = options.is_whole();
        let goes_on = whole && numbers.own.drill && !source.reads_whole();
        let from = if goes_on && !self.counts_anew { self.engine.store.cursor(&self.flow.name, partition).await? } else { None };
        let only = (!options.only.is_empty()).then(|| options.only.clone());
        let request = ReadRequest { from, only, ..self.request(partition) };
        let mut ahead = Ahead::new(source.read(request).await?);
        let mut behind = Behind::new(&self.engine.store);
        let mut looked_at = LookedAt::default();
        let read = self.count_pages(numbers, partition, goes_on, (&mut ahead, &mut behind), &mut looked_at, watch).await;
        // What was looked at is put down, also where reading did not come to its end.
        self.put_behind(numbers, partition, goes_on, &mut behind, looked_at, watch).await?;
        if let Some(counts) = behind.ended().await? {
            watch.page(&counts);
        }
        read
    }

    async fn count_pages(
        &mut self,
        numbers: &mut Numbers<'_>,
        partition: &Partition,
        goes_on: bool,
        (ahead, behind): (&mut Ahead, &mut Behind),
        looked_at: &mut LookedAt,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        // With `drill: off` a commit holds little more than the account, and nothing is won by a large one.
        let pages = if numbers.own.drill { self.engine.pace.pages_together } else { self.engine.pace.pages_together.div_ceil(FEWER) };
        let many = self.engine.pace.page_size.saturating_mul(pages);
        loop {
            self.stop_if_cancelled()?;
            let Some(page) = ahead.next().await? else { return Ok(()) };
            self.look_at(numbers, page, looked_at);
            if looked_at.items.len() >= many {
                self.put_behind(numbers, partition, goes_on, behind, std::mem::take(looked_at), watch).await?;
            }
        }
    }

    /// Begins to commit what was looked at, after the commit before it: what is known of these records may have changed in that.
    async fn put_behind(
        &mut self,
        numbers: &mut Numbers<'_>,
        partition: &Partition,
        goes_on: bool,
        behind: &mut Behind,
        looked_at: LookedAt,
        watch: &dyn Watch,
    ) -> Result<(), Error> {
        if let Some(counts) = behind.ended().await? {
            watch.page(&counts);
        }
        if looked_at.next.is_none() {
            return Ok(());
        }
        match self.commit_of(numbers, partition, looked_at, goes_on).await? {
            Some(commit) => behind.begin(Arc::new(commit), self.counts),
            None => watch.page(&self.counts),
        }
        Ok(())
    }

    /// After a complete reading: what records counted for that were not in it.
    async fn take_absent_back(&mut self, numbers: &mut Numbers<'_>, watch: &dyn Watch) -> Result<(), Error> {
        if self.cannot_tell_absence("nothing was taken back") {
            return Ok(());
        }
        let absent = self.absent_records().await?;
        let all = self.engine.store.count_counted(&self.flow.name).await? + self.made_in_plan;
        let many = absent.len() as u64;
        if many > FEW && self.flow.deletes.stop_above.unwrap_or(StopAbove::USUAL).stops(many, all) {
            let message = format!(
                "{many} of {all} records would no longer be counted, more than `stop_above` allows; nothing was sent; if the source is complete, raise `deletes: stop_above` in the flow for one run"
            );
            return Err(Error::stop(codes::TOO_MANY_DELETES, message));
        }
        let partition = Partition(ABSENT.to_owned());
        for ids in absent.chunks(self.engine.pace.page_size) {
            let mut gone = LookedAt::default();
            self.look_at(numbers, page_of_absent(ids), &mut gone);
            if let Some(commit) = self.commit_of(numbers, &partition, gone, false).await? {
                self.engine.store.commit_page(&commit).await?;
            }
            watch.page(&self.counts);
        }
        Ok(())
    }

    async fn absent_records(&self) -> Result<Vec<String>, Error> {
        // A plan has put nothing down as seen; it has its own list.
        let run = if self.writes { self.run } else { RunId(i64::MAX) };
        let (mut absent, mut after) = (Vec::new(), 0);
        loop {
            let unseen = self.engine.store.counted_unseen(&self.flow.name, run, after, self.engine.pace.page_size).await?;
            let Some((last, _)) = unseen.last() else { return Ok(absent) };
            after = *last;
            let seen: &HashSet<u64> = &self.seen_in_plan;
            absent.extend(unseen.into_iter().map(|(_, id)| id).filter(|id| self.writes || !seen.contains(&hash_of(id))));
        }
    }
}
