//! What goes on beside the work on a page: the next ones are taken in, and the last one is put down. Few of each, so that nothing piles up.

use std::sync::Arc;

use kivuko_core::BoxFuture;
use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::Pages;
use kivuko_core::error::Error;
use kivuko_core::outcome::Counts;
use kivuko_core::record::Page;
use kivuko_core::store::{PageCommit, Store};
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::{JoinError, JoinSet};

/// How many pages may lie ready. One more is on its way.
const READY: usize = 1;
/// Pages of which the next ones are under way. When this is dropped, so is the request.
pub(crate) struct Ahead {
    reading: JoinSet<()>,
    ready: Receiver<Result<Option<Page>, Error>>,
}

impl Ahead {
    /// Begins with the first page.
    pub fn new(mut pages: Box<dyn Pages>) -> Self {
        let (ready, taken) = channel(READY);
        let mut reading = JoinSet::new();
        reading.spawn(async move {
            loop {
                let page = pages.next().await;
                let goes_on = matches!(page, Ok(Some(_)));
                if ready.send(page).await.is_err() || !goes_on {
                    return;
                }
            }
        });
        Self { reading, ready: taken }
    }

    async fn take(&mut self) -> Result<Option<Page>, Error> {
        if let Some(page) = self.ready.recv().await {
            return page;
        }
        self.reading.join_next().await.transpose().map_err(broken_off)?;
        Ok(None)
    }
}

impl Pages for Ahead {
    /// An error is the end too.
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(self.take())
    }
}

/// The commit that is under way, with the account that it leads to.
pub(crate) struct Behind {
    store: Arc<dyn Store>,
    commit: JoinSet<Result<Counts, Error>>,
}

impl Behind {
    pub fn new(store: &Arc<dyn Store>) -> Self {
        Self { store: Arc::clone(store), commit: JoinSet::new() }
    }

    /// Begins a commit. The one before has ended: commits follow one another.
    pub fn begin(&mut self, commit: Arc<PageCommit>, counts: Counts) {
        let store = Arc::clone(&self.store);
        self.commit.spawn(async move { store.commit_page(&commit).await.map(|()| counts) });
    }

    /// Waits until nothing is under way. Gives the account of what has been committed, if something was.
    pub async fn ended(&mut self) -> Result<Option<Counts>, Error> {
        match self.commit.join_next().await {
            None => Ok(None),
            Some(done) => done.map_err(broken_off)?.map(Some),
        }
    }
}

fn broken_off(error: JoinError) -> Error {
    Error::bug(codes::ACCOUNT_WRONG, format!("what goes on beside a page did not come to its end: {error}"))
}
