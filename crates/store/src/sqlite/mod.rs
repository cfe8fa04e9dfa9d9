//! The store in one SQLite file: opening it, its connections and its keys. What it does stands in the files beside this one, by noun.

mod cells;
mod counted;
mod cursors;
mod deletions;
mod find;
mod intents;
mod kept;
mod leases;
mod links;
mod many;
mod pages;
mod people;
mod plans;
mod purge;
mod rejections;
mod reviews;
mod rows;
mod runs;
mod secrets;
mod settled;
mod spill;
mod store;
#[cfg(test)]
mod tests;

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use kivuko_core::catalogue::store as codes;
use kivuko_core::error::Error;
use serde::Serialize;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Sqlite, Transaction};

use crate::error::{migration, sql, unstorable};
use crate::key::{Key, private_file};
use crate::seal::{Keys, Table};

/// Never edited, only added to.
static MIGRATIONS: Migrator = sqlx::migrate!("src/migrations/sqlite");

/// Marks the file as ours: `Kvuk`, set by the first migration.
const APPLICATION: i64 = 0x4B76_756B;

/// How long we wait for another process that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long we leave it to the other before we come again, where SQLite does not wait by itself.
const TURN: Duration = Duration::from_millis(20);

const READERS: u32 = 3;

/// In KiB, as SQLite takes it: enough for the inner pages of all indexes of some hundred thousand links.
const WRITER_CACHE: &str = "-8192";

/// How many pages the log has before it is folded into the file, 16 MB: a page that many commits change is written to the file once.
const CHECKPOINT: &str = "4000";

/// The text of a statement in `src/queries`.
macro_rules! query {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/queries/", $name, ".sql"))
    };
}
use query;

/// The store in one SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    writer: SqlitePool,
    readers: SqlitePool,
    keys: RwLock<Arc<Keys>>,
    settled: settled::Settled,
}

impl SqliteStore {
    /// See [`crate::open`].
    ///
    /// # Errors
    /// See [`crate::open`].
    pub async fn open(path: &Path, key: &Key) -> Result<Self, Error> {
        Self::open_patiently(path, key, PATIENCE).await
    }

    /// Opens it, and waits for this long for another process that writes.
    ///
    /// SQLite does not wait by itself when two connections change a new file's journal mode at once: it refuses one of them on the spot, so that
    /// one has to come again.
    async fn open_patiently(path: &Path, key: &Key, patience: Duration) -> Result<Self, Error> {
        make_file(path)?;
        let first = Instant::now();
        loop {
            match Self::open_once(path, key, patience).await {
                Err(error) if error.cause.code == codes::LOCKED && first.elapsed() < patience => tokio::time::sleep(TURN).await,
                done => return done,
            }
        }
    }

    async fn open_once(path: &Path, key: &Key, patience: Duration) -> Result<Self, Error> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(patience)
            .pragma("temp_store", "memory");
        let pool = SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).test_before_acquire(false);
        let writer = pool
            .clone()
            .max_connections(1)
            .after_connect(|connection, _| {
                Box::pin(async move { sqlx::query(query!("spreading_make")).execute(connection).await.map(|_| ()) })
            })
            .connect_with(options.clone().pragma("cache_size", WRITER_CACHE).pragma("wal_autocheckpoint", CHECKPOINT))
            .await
            .map_err(sql("opening it"))?;
        let keys = match prepare(path, &writer, key).await {
            Ok(keys) => keys,
            Err(error) => {
                writer.close().await;
                return Err(error);
            }
        };
        let readers = pool.max_connections(READERS).connect_lazy_with(options.pragma("query_only", "on"));
        Ok(Self { path: path.to_owned(), writer, readers, keys: RwLock::new(Arc::new(keys)), settled: settled::Settled::default() })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lets go of the file and folds the log into it. A store that is dropped instead loses nothing.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    fn keys(&self) -> Arc<Keys> {
        // Nobody panics while replacing the keys; if they did, the old ones would still be whole.
        self.keys.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_keys(&self, keys: Keys) {
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
    }

    /// Begins to write. Takes the lock at once: a transaction that reads first and then wants to write can be refused at a point where waiting is of no use.
    async fn begin(&self, doing: &'static str) -> Result<Transaction<'static, Sqlite>, Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(sql(doing))
    }
}

/// The file with rights for its owner only, before SQLite makes one with everyone's. One that is there is left alone: closing a file takes away
/// the locks that the same process holds on it elsewhere.
fn make_file(path: &Path) -> Result<(), Error> {
    let failed = |error: std::io::Error| {
        Error::configuration(codes::NOT_WRITABLE, format!("the store {} cannot be opened or made: {error}", path.display()))
    };
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed)?;
    }
    match private_file().create_new(true).open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(failed(error)),
        _ => Ok(()),
    }
}

/// Brings the tables up to date and checks the key, in one transaction: a wrong key or a failed migration leaves the file as it was.
async fn prepare(path: &Path, writer: &SqlitePool, key: &Key) -> Result<Keys, Error> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await.map_err(sql("opening it"))?;
    let application: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *tx).await.map_err(sql("opening it"))?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *tx).await.map_err(sql("opening it"))?;
    if application != APPLICATION && tables > 0 {
        return Err(Error::configuration(
            codes::DAMAGED,
            format!("{} is a database, but not a store of kivuko: give another path", path.display()),
        ));
    }
    // `run` asks for a bound that makes this future no longer `Send`; this is what it calls.
    MIGRATIONS.run_direct(None, &mut *tx, false).await.map_err(|error| migration(path, &error))?;
    let keys = unlock(path, &mut tx, key).await?;
    counted::key_all(&mut tx, &keys).await?;
    tx.commit().await.map_err(sql("opening it"))?;
    Ok(keys)
}

/// The keys of the store. The sealed hash key is what tells a right key from a wrong one.
async fn unlock(path: &Path, connection: &mut SqliteConnection, key: &Key) -> Result<Keys, Error> {
    let mut keys = Keys::new(key);
    let Some(sealed) = meta(connection, "hash_key").await? else {
        put_keys(connection, &keys).await?;
        return Ok(keys);
    };
    let hash = keys.unseal(Table::Meta, &["hash_key"], &sealed).ok().and_then(|bytes| bytes.try_into().ok());
    keys.hash = hash.ok_or_else(|| {
        Error::configuration(
            codes::WRONG_KEY,
            format!("the key does not fit the store {}: give the key that it was made with", path.display()),
        )
    })?;
    keys.generation = key_generation(connection).await?;
    Ok(keys)
}

async fn put_keys(connection: &mut SqliteConnection, keys: &Keys) -> Result<(), Error> {
    let sealed = keys.seal(Table::Meta, &["hash_key"], &keys.hash)?;
    for (name, value) in [("hash_key", sealed), ("key_generation", keys.generation.to_string().into_bytes())] {
        sqlx::query(query!("meta_put"))
            .bind(name)
            .bind(value)
            .execute(&mut *connection)
            .await
            .map_err(sql("keeping the check of the key"))?;
    }
    Ok(())
}

async fn meta(connection: &mut SqliteConnection, name: &str) -> Result<Option<Vec<u8>>, Error> {
    sqlx::query_scalar(query!("meta_get")).bind(name).fetch_optional(connection).await.map_err(sql("checking the key"))
}

async fn key_generation(connection: &mut SqliteConnection) -> Result<i64, Error> {
    let text = meta(connection, "key_generation").await?.and_then(|bytes| String::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok())
        .ok_or_else(|| Error::configuration(codes::DAMAGED, "the store is damaged: it does not say which key it has; restore a backup"))
}

/// Before something is sealed: another process may have changed the key, and nothing may be written that nobody can read.
async fn check_generation(connection: &mut SqliteConnection, keys: &Keys) -> Result<(), Error> {
    if key_generation(connection).await? == keys.generation {
        return Ok(());
    }
    Err(Error::configuration(
        codes::KEY_CHANGED,
        "the key of the store was changed while this process was running: start again with the new key",
    ))
}

/// What goes to SQLite as one parameter: many rows at once. Statements that look into the rows take them apart with `jsonb_each`: `json_each` writes each
/// row out as text again, which is then parsed for every column.
fn json<T: Serialize + ?Sized>(value: &T) -> Result<String, Error> {
    serde_json::to_string(value).map_err(|error| unstorable(&format!("a list ({error})")))
}
