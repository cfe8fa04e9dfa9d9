//! What goes on beside counting: the next page is taken in, and what was counted is put down. One of each, so that nothing piles up.

use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::Pages;
use kivuko_core::error::Error;
use kivuko_core::outcome::Counts;
use kivuko_core::record::Page;
use kivuko_core::store::{PageCommit, Store};
use tokio::task::{JoinError, JoinSet};

type Read = (Box<dyn Pages>, Result<Option<Page>, Error>);

/// Pages of which the next one is under way. When this is dropped, so is the request.
pub(super) struct Ahead(JoinSet<Read>);

impl Ahead {
    /// Begins with the first page.
    pub fn new(pages: Box<dyn Pages>) -> Self {
        let mut ahead = Self(JoinSet::new());
        ahead.begin(pages);
        ahead
    }

    fn begin(&mut self, mut pages: Box<dyn Pages>) {
        self.0.spawn(async move {
            let page = pages.next().await;
            (pages, page)
        });
    }

    /// The next page; `None` at the end. An error is the end too.
    pub async fn next(&mut self) -> Result<Option<Page>, Error> {
        let Some(read) = self.0.join_next().await else { return Ok(None) };
        let (pages, page) = read.map_err(broken_off)?;
        if matches!(page, Ok(Some(_))) {
            self.begin(pages);
        }
        page
    }
}

/// The commit that is under way, with the account that it leads to.
pub(super) struct Behind {
    store: Arc<dyn Store>,
    commit: JoinSet<Result<Counts, Error>>,
}

impl Behind {
    pub fn new(store: &Arc<dyn Store>) -> Self {
        Self { store: Arc::clone(store), commit: JoinSet::new() }
    }

    /// Begins a commit. The one before has ended: commits follow one another.
    pub fn begin(&mut self, commit: PageCommit, counts: Counts) {
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
    Error::bug(codes::ACCOUNT_WRONG, format!("what goes on beside counting did not come to its end: {error}"))
}
