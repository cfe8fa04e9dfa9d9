//! The suite, and what only SQLite can get wrong.

mod counted;
mod encryption;
mod failures;
mod fixture;
mod model;
mod statements;

use std::path::PathBuf;
use std::sync::Arc;

use kivuko_core::store::Store;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteConnectOptions;
use tempfile::TempDir;

use super::SqliteStore;
use crate::key::Key;

/// A place for a store, and the store in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("store.db")
    }

    async fn open(&self) -> Arc<dyn Store> {
        self.sqlite().await
    }

    async fn sqlite(&self) -> Arc<SqliteStore> {
        crate::open(&self.path(), &key()).await.unwrap()
    }

    /// The same file, as another program sees it.
    async fn raw(&self) -> SqlitePool {
        SqlitePool::connect_with(SqliteConnectOptions::new().filename(self.path())).await.unwrap()
    }
}

fn key() -> Key {
    Key::from_bytes([7; 32])
}

mod all {
    use super::Place;

    crate::suite::suite!(Place::new());
}
