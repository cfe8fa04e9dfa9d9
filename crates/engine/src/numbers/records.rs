//! Reading: the records of the source page by page, what each counts for, and what is taken back of those that are gone.

use std::collections::HashSet;

use futures_util::future::join;
use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Pages, ReadRequest, Source};
use kivuko_core::error::Error;
use kivuko_core::flow::Detect;
use kivuko_core::record::{Page, Partition};
use kivuko_core::store::{PageCommit, RunId};

use super::Numbers;
use crate::absence::{ABSENT, FEW, STOP_ABOVE, hash_of, page_of_absent};
use crate::run::{Execution, RunOptions, Watch};

impl Execution<'_> {
    pub(super) async fn count_records(&mut self, numbers: &mut Numbers<'_>, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        let flow = std::sync::Arc::clone(&self.flow);
        let mut source = self.open_source(options)?;
        if let Some(rows) = &flow.from.rows {
            source = self.group(rows, source, options).await?;
        }
        let partitions = source.partitions().await?;
        if source.reads_whole() && flow.from.rows.is_none() {
            self.duplicates.ids = self.scan_ids(&*source, &partitions).await?;
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
        let mut pages = source.read(request).await?;
        let mut next = self.next_page(&mut *pages).await?;
        while let Some(page) = next.take() {
            let moves_cursor = goes_on && self.writes;
            let commit = self.count_page(numbers, partition, page, goes_on, moves_cursor).await?;
            // The disk is busy with this page while the next one is read.
            let (committed, read) = join(self.commit_counted(commit.as_ref()), self.next_page(&mut *pages)).await;
            committed?;
            watch.page(&self.counts);
            next = read?;
        }
        Ok(())
    }

    async fn commit_counted(&self, commit: Option<&PageCommit>) -> Result<(), Error> {
        match commit {
            Some(commit) => self.engine.store.commit_page(commit).await,
            None => Ok(()),
        }
    }

    async fn next_page(&self, pages: &mut dyn Pages) -> Result<Option<Page>, Error> {
        self.stop_if_cancelled()?;
        pages.next().await
    }

    /// After a complete reading: what records counted for that were not in it.
    async fn take_absent_back(&mut self, numbers: &mut Numbers<'_>, watch: &dyn Watch) -> Result<(), Error> {
        if self.cannot_tell_absence("nothing was taken back") {
            return Ok(());
        }
        let absent = self.absent_records().await?;
        let all = self.engine.store.count_counted(&self.flow.name).await?;
        let limit = self.flow.deletes.stop_above.unwrap_or(STOP_ABOVE);
        let many = absent.len() as u64;
        if many > FEW && many as f64 / all as f64 > limit {
            let message = format!("{many} of {all} records would no longer be counted, more than `stop_above` allows; nothing was sent");
            return Err(Error::stop(codes::TOO_MANY_DELETES, message));
        }
        let partition = Partition(ABSENT.to_owned());
        for ids in absent.chunks(self.engine.pace.page_size) {
            let commit = self.count_page(numbers, &partition, page_of_absent(ids), false, false).await?;
            self.commit_counted(commit.as_ref()).await?;
            watch.page(&self.counts);
        }
        Ok(())
    }

    async fn absent_records(&self) -> Result<Vec<String>, Error> {
        // A plan has put nothing down as seen; it has its own list.
        let run = if self.writes { self.run } else { RunId(i64::MAX) };
        let (mut absent, mut after) = (Vec::new(), String::new());
        loop {
            let ids = self.engine.store.counted_unseen(&self.flow.name, run, &after, self.engine.pace.page_size).await?;
            let Some(last) = ids.last() else { return Ok(absent) };
            after.clone_from(last);
            let seen: &HashSet<u64> = &self.seen_in_plan;
            absent.extend(ids.into_iter().filter(|id| self.writes || !seen.contains(&hash_of(id))));
        }
    }
}
