//! The suite, and what only SQLite can get wrong.

use std::sync::Arc;

use kivuko_core::store::Store;
use tempfile::TempDir;

use crate::key::Key;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("store.db")
    }

    async fn open(&self) -> Arc<dyn Store> {
        crate::open(&self.path(), &key()).await.unwrap()
    }
}

fn key() -> Key {
    Key::from_bytes([7; 32])
}

mod all {
    use super::Place;

    crate::suite::suite!(Place::new());
}
