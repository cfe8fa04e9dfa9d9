//! The trait of core, each method where its noun is.

use jiff::Timestamp;
use kivuko_core::BoxFuture;
use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, KnownRecord, PartPlace, PartsPage, RecordOfCell};
use kivuko_core::connector::{Identity, Key, Shared};
use kivuko_core::error::{Cause, Code, Error};
use kivuko_core::outcome::{Outcome, Status};
use kivuko_core::people::{Decided, FoundPerson, PeopleCount, PeoplePage, Review, ReviewRow};
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::{
    CursorRow, FlowVersion, Found, Intent, IntentId, Kept, Lease, Link, OpenIntent, OutcomeRow, PageCommit, Reference, RejectionRow,
    Retention, Run, RunId, RunStart, SavedPlan, Sent, Store, Waiting,
};

use super::{
    SqliteStore, cells, counted, cursors, deletions, find, intents, kept, leases, links, pages, people, plans, purge, rejections, reviews,
    runs, spill,
};

impl Store for SqliteStore {
    fn hash_key(&self) -> [u8; 32] {
        self.keys().hash
    }

    fn put_version<'a>(&'a self, version: &'a FlowVersion) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(runs::put_version(self, version))
    }

    fn version<'a>(&'a self, hash: &'a str) -> BoxFuture<'a, Result<Option<FlowVersion>, Error>> {
        Box::pin(runs::version(self, hash))
    }

    fn begin_run<'a>(&'a self, start: &'a RunStart) -> BoxFuture<'a, Result<RunId, Error>> {
        Box::pin(runs::begin(self, start))
    }

    fn finish_run<'a>(
        &'a self,
        run: RunId,
        status: Status,
        requests: u64,
        error: Option<&'a Cause>,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(runs::finish(self, run, status, requests, error, at))
    }

    fn run(&self, run: RunId) -> BoxFuture<'_, Result<Option<Run>, Error>> {
        Box::pin(runs::get(self, run))
    }

    fn runs<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<Run>, Error>> {
        Box::pin(runs::list(self, flow, limit))
    }

    fn outcomes(
        &self,
        run: RunId,
        outcome: Option<Outcome>,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(i64, OutcomeRow)>, Error>> {
        Box::pin(runs::outcomes(self, run, outcome, after, limit))
    }

    fn links<'a>(
        &'a self,
        source_system: &'a str,
        source_resource: &'a str,
        ids: &'a [String],
        target_system: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Link>, Error>> {
        Box::pin(links::by_source(self, source_system, source_resource, ids, target_system))
    }

    fn links_by_key<'a>(
        &'a self,
        target_system: &'a str,
        target_resource: &'a str,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<Vec<Link>, Error>> {
        Box::pin(links::by_key(self, target_system, target_resource, keys))
    }

    fn links_by_target<'a>(
        &'a self,
        target_system: &'a str,
        target_resource: &'a str,
        ids: &'a [String],
    ) -> BoxFuture<'a, Result<Vec<Link>, Error>> {
        Box::pin(links::by_target(self, target_system, target_resource, ids))
    }

    fn links_between<'a>(
        &'a self,
        source: (&'a str, &'a str),
        target: (&'a str, &'a str),
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(i64, Link)>, Error>> {
        Box::pin(links::between(self, source, target, after, limit))
    }

    fn unseen<'a>(&'a self, flow: &'a str, run: RunId, after: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<Link>, Error>> {
        Box::pin(links::unseen(self, flow, run, after, limit))
    }

    fn some_links<'a>(&'a self, flow: &'a str, share: f64, limit: usize) -> BoxFuture<'a, Result<Vec<Link>, Error>> {
        Box::pin(links::some(self, flow, share, limit))
    }

    fn count_links<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(links::count(self, flow))
    }

    fn sent<'a>(&'a self, flow: &'a str, source_ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Sent>, Error>> {
        Box::pin(links::sent(self, flow, source_ids))
    }

    fn own_deletions<'a>(&'a self, target_system: &'a str, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<String>, Error>> {
        Box::pin(deletions::own(self, target_system, ids))
    }

    fn resolve<'a>(&'a self, references: &'a [Reference]) -> BoxFuture<'a, Result<Vec<Option<Link>>, Error>> {
        Box::pin(links::resolve(self, references))
    }

    fn note_intents<'a>(&'a self, intents: &'a [Intent]) -> BoxFuture<'a, Result<Vec<IntentId>, Error>> {
        Box::pin(intents::note(self, intents))
    }

    fn open_intents<'a>(&'a self, target_system: &'a str) -> BoxFuture<'a, Result<Vec<OpenIntent>, Error>> {
        Box::pin(intents::open(self, target_system))
    }

    fn close_intents<'a>(&'a self, ids: &'a [IntentId]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(intents::close(self, ids))
    }

    fn commit_page<'a>(&'a self, page: &'a PageCommit) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(pages::commit(self, page))
    }

    fn put_spill<'a>(&'a self, owner: &'a str, chunk: u32, blocks: &'a [Vec<u8>]) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(spill::put(self, owner, chunk, blocks))
    }

    fn spill<'a>(&'a self, owner: &'a str, chunk: u32, block: u32) -> BoxFuture<'a, Result<Option<Vec<u8>>, Error>> {
        Box::pin(spill::get(self, owner, chunk, block))
    }

    fn drop_spill<'a>(&'a self, owner: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(spill::drop(self, owner))
    }

    fn cell_numbers<'a>(&'a self, flow: &'a str, cells: &'a [Cell]) -> BoxFuture<'a, Result<Vec<CellNumber>, Error>> {
        Box::pin(cells::numbers(self, flow, cells))
    }

    fn known_cells<'a>(&'a self, flow: &'a str, cells: &'a [Cell]) -> BoxFuture<'a, Result<Vec<Option<CellNumber>>, Error>> {
        Box::pin(cells::known(self, flow, cells))
    }

    fn counted<'a>(&'a self, flow: &'a str, source_ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<KnownRecord>>, Error>> {
        Box::pin(counted::known(self, flow, source_ids))
    }

    fn cells<'a>(
        &'a self,
        flow: &'a str,
        filter: &'a CellFilter,
        after: CellNumber,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<CellRow>, Error>> {
        Box::pin(cells::list(self, flow, filter, after, limit))
    }

    fn cells_of_numbers<'a>(&'a self, flow: &'a str, numbers: &'a [CellNumber]) -> BoxFuture<'a, Result<Vec<CellRow>, Error>> {
        Box::pin(cells::of_numbers(self, flow, numbers))
    }

    fn settle_parts(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(counted::settle_parts(self))
    }

    fn parts<'a>(&'a self, cells: &'a [CellNumber], after: PartPlace, limit: usize) -> BoxFuture<'a, Result<PartsPage, Error>> {
        Box::pin(counted::parts(self, cells, after, limit))
    }

    fn records_of_cell<'a>(&'a self, cell: CellNumber, after: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<RecordOfCell>, Error>> {
        Box::pin(counted::records(self, cell, after, limit))
    }

    fn counted_unseen<'a>(
        &'a self,
        flow: &'a str,
        run: RunId,
        after: i64,
        limit: usize,
    ) -> BoxFuture<'a, Result<Vec<(i64, String)>, Error>> {
        Box::pin(counted::unseen(self, flow, run, after, limit))
    }

    fn count_counted<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(counted::count(self, flow))
    }

    fn forget_cells<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(cells::forget(self, flow))
    }

    fn cursor<'a>(&'a self, flow: &'a str, partition: &'a Partition) -> BoxFuture<'a, Result<Option<Cursor>, Error>> {
        Box::pin(cursors::get(self, flow, partition))
    }

    fn cursors<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<CursorRow>, Error>> {
        Box::pin(cursors::list(self, flow))
    }

    fn cursor_history<'a>(&'a self, flow: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<CursorRow>, Error>> {
        Box::pin(cursors::history(self, flow, limit))
    }

    fn set_cursor<'a>(
        &'a self,
        flow: &'a str,
        partition: &'a Partition,
        cursor: Option<&'a Cursor>,
        reason: &'a str,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(cursors::set(self, flow, partition, cursor, reason, at))
    }

    fn rejections<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<RejectionRow>, Error>> {
        Box::pin(rejections::list(self, flow, limit))
    }

    fn rejection(&self, id: i64) -> BoxFuture<'_, Result<Option<RejectionRow>, Error>> {
        Box::pin(rejections::get(self, id))
    }

    fn rejection_payload(&self, id: i64) -> BoxFuture<'_, Result<Option<Vec<u8>>, Error>> {
        Box::pin(rejections::payload(self, id))
    }

    fn open_rejections<'a>(&'a self, flow: &'a str, source_ids: &'a [String]) -> BoxFuture<'a, Result<Vec<(String, Code)>, Error>> {
        Box::pin(rejections::open(self, flow, source_ids))
    }

    fn discard_rejections<'a>(&'a self, ids: &'a [i64], reason: &'a str, at: Timestamp) -> BoxFuture<'a, Result<u64, Error>> {
        Box::pin(rejections::discard(self, ids, reason, at))
    }

    fn waiting<'a>(&'a self, flow: &'a str) -> BoxFuture<'a, Result<Vec<Waiting>, Error>> {
        Box::pin(rejections::waiting(self, flow))
    }

    fn acquire_lease<'a>(
        &'a self,
        name: &'a str,
        holder: &'a str,
        now: Timestamp,
        until: Timestamp,
    ) -> BoxFuture<'a, Result<Result<Lease, Lease>, Error>> {
        Box::pin(leases::acquire(self, name, holder, now, until))
    }

    fn lease<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Lease>, Error>> {
        Box::pin(leases::get(self, name))
    }

    fn renew_lease<'a>(&'a self, lease: &'a Lease, until: Timestamp) -> BoxFuture<'a, Result<bool, Error>> {
        Box::pin(leases::renew(self, lease, until))
    }

    fn release_lease<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(leases::free(self, lease))
    }

    fn break_lease<'a>(&'a self, lease: &'a Lease) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(leases::free(self, lease))
    }

    fn session<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Shared>, Error>> {
        Box::pin(leases::session(self, key))
    }

    fn put_session<'a>(&'a self, key: &'a str, value: &'a str, at: Timestamp) -> BoxFuture<'a, Result<Shared, Error>> {
        Box::pin(leases::put_session(self, key, value, at))
    }

    fn identity<'a>(&'a self, system: &'a str) -> BoxFuture<'a, Result<Option<Identity>, Error>> {
        Box::pin(leases::identity(self, system))
    }

    fn adopt<'a>(
        &'a self,
        system: &'a str,
        identity: &'a Identity,
        forget: &'a [String],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(leases::adopt(self, system, identity, forget, at))
    }

    fn save_plan<'a>(&'a self, plan: &'a SavedPlan, expires: Timestamp) -> BoxFuture<'a, Result<i64, Error>> {
        Box::pin(plans::save(self, plan, expires))
    }

    fn plan(&self, id: i64, now: Timestamp) -> BoxFuture<'_, Result<Option<SavedPlan>, Error>> {
        Box::pin(plans::get(self, id, now))
    }

    fn kept(&self, run: RunId, before: i64, limit: usize) -> BoxFuture<'_, Result<Vec<(i64, Kept)>, Error>> {
        Box::pin(kept::list(self, run, before, limit))
    }

    fn open_people<'a>(
        &'a self,
        index: &'a str,
        system: &'a str,
        shape: &'a str,
    ) -> BoxFuture<'a, Result<Vec<(Partition, Cursor)>, Error>> {
        Box::pin(people::open(self, index, system, shape))
    }

    fn put_people<'a>(&'a self, index: &'a str, page: &'a PeoplePage) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(people::put(self, index, page))
    }

    fn drop_people<'a>(&'a self, index: &'a str) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(people::forget(self, index))
    }

    fn find_people<'a>(&'a self, index: &'a str, keys: &'a [i64]) -> BoxFuture<'a, Result<Vec<FoundPerson>, Error>> {
        Box::pin(people::find(self, index, keys))
    }

    fn count_people<'a>(&'a self, index: &'a str, keys: &'a [i64]) -> BoxFuture<'a, Result<PeopleCount, Error>> {
        Box::pin(people::count(self, index, keys))
    }

    fn reviews<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<ReviewRow>, Error>> {
        Box::pin(reviews::list(self, flow, limit))
    }

    fn replace_reviews<'a>(
        &'a self,
        asker: &'a str,
        between: [&'a str; 2],
        reviews: &'a [Review],
        at: Timestamp,
    ) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(reviews::replace(self, asker, between, reviews, at))
    }

    fn review(&self, id: i64) -> BoxFuture<'_, Result<Option<ReviewRow>, Error>> {
        Box::pin(reviews::get(self, id))
    }

    fn decide<'a>(&'a self, decision: &'a Decided) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(reviews::decide(self, decision))
    }

    fn decisions<'a>(
        &'a self,
        source_system: &'a str,
        source_resource: &'a str,
        ids: &'a [String],
        target_system: &'a str,
    ) -> BoxFuture<'a, Result<Vec<Decided>, Error>> {
        Box::pin(reviews::decisions(self, source_system, source_resource, ids, target_system))
    }

    fn decision_history<'a>(&'a self, flow: Option<&'a str>, limit: usize) -> BoxFuture<'a, Result<Vec<Decided>, Error>> {
        Box::pin(reviews::history(self, flow, limit))
    }

    fn find<'a>(&'a self, text: &'a str, limit: usize) -> BoxFuture<'a, Result<Vec<Found>, Error>> {
        Box::pin(find::find(self, text, limit))
    }

    fn purge<'a>(&'a self, flow: &'a str, retention: Retention) -> BoxFuture<'a, Result<(), Error>> {
        Box::pin(purge::purge(self, flow, retention))
    }
}
