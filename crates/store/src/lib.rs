//! What Kivuko remembers, in SQLite: one file in the project folder.
//!
//! Three guarantees. What a page changes takes effect together or not at all ([`Store::commit_page`] is one transaction). A noted intent is on
//! the disk before `note_intents` returns, so before the request that it stands for is sent. What is encrypted belongs to its row: a value that
//! was moved to another row, or damaged, is an error and never someone else's data.
//!
//! **Why `synchronous = FULL`.** In WAL mode `NORMAL` survives `kill -9` but not a power cut: it leaves the last commits to the operating system, and
//! an intent that was "noted" could be gone when the machine comes back, while the request that it stood for took effect. That is the
//! one moment that intents exist for. `FULL` adds one `fsync` of the log to each commit; a page makes two commits for some hundred records,
//! so a run of 10,000 records pays for about forty of them.
//!
//! **Who may write.** One connection writes; several processes take turns by SQLite's own lock, which they wait for. A run that another run of its flow
//! has declared dead can neither note intents nor commit pages any more: the fence stands before the request, not only before the commit.

mod error;
mod key;
mod seal;
mod sqlite;
#[cfg(test)]
mod suite;

use std::path::Path;
use std::sync::Arc;

pub use key::Key;
use kivuko_core::error::Error;
#[cfg(doc)]
use kivuko_core::store::Store;
pub use sqlite::SqliteStore;

/// Opens the store in this file, and makes it if it is not there. Brings the tables of an older version up to date.
///
/// # Errors
/// A key that is not the store's, a file that is no store or a damaged one, a store that a newer Kivuko has written, a full disk, a lock that is not let
/// go. Nothing is changed in any of these cases.
pub async fn open(path: &Path, key: &Key) -> Result<Arc<SqliteStore>, Error> {
    SqliteStore::open(path, key).await.map(Arc::new)
}
