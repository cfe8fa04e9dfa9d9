//! Keys that do not fit, files that are no store, locks, full disks, and pages that fail or are given up at every point.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kivuko_core::catalogue::store as codes;
use kivuko_core::error::{Code, Consequence, Error};
use kivuko_core::outcome::Outcome;
use kivuko_core::store::Store;
use sqlx::AssertSqlSafe;

use super::{Place, SqliteStore, key};
use crate::key::Key;
use crate::suite::pages::{expect_full_page, full_page};
use crate::suite::{begin, outcome, page};

async fn open(path: &Path, key: &Key) -> Result<SqliteStore, Error> {
    // Long enough for what was just closed to let go, short enough for what is held on purpose.
    SqliteStore::open_patiently(path, key, Duration::from_millis(300)).await
}

async fn check_open(path: &Path, key: &Key, consequence: Consequence, code: Code) {
    let error = open(path, key).await.unwrap_err();
    assert_eq!((error.consequence, error.cause.code), (consequence, code), "{error}");
}

#[tokio::test]
async fn a_wrong_key_is_found_when_opening_and_changes_nothing() {
    let place = Place::new();
    place.sqlite().await.close().await;
    let before = fs::read(place.path()).unwrap();
    check_open(&place.path(), &Key::from_bytes([8; 32]), Consequence::FixConfiguration, codes::WRONG_KEY).await;
    assert_eq!(fs::read(place.path()).unwrap(), before);
    place.sqlite().await;
}

#[tokio::test]
async fn a_newer_store_is_not_touched() {
    let place = Place::new();
    place.sqlite().await.close().await;
    let raw = place.raw().await;
    sqlx::query("INSERT INTO _sqlx_migrations SELECT 9999, 'later', installed_on, success, checksum, 0 FROM _sqlx_migrations LIMIT 1")
        .execute(&raw)
        .await
        .unwrap();
    raw.close().await;
    check_open(&place.path(), &key(), Consequence::FixConfiguration, codes::NEWER_STORE).await;
}

#[tokio::test]
async fn a_migration_that_was_changed_is_noticed() {
    let place = Place::new();
    place.sqlite().await.close().await;
    let raw = place.raw().await;
    sqlx::query("UPDATE _sqlx_migrations SET checksum = x'00'").execute(&raw).await.unwrap();
    raw.close().await;
    check_open(&place.path(), &key(), Consequence::FixConfiguration, codes::DAMAGED).await;
}

#[tokio::test]
async fn what_is_no_store_is_not_opened() {
    let place = Place::new();
    fs::write(place.path(), "visualId,firstName\n".repeat(1000)).unwrap();
    check_open(&place.path(), &key(), Consequence::FixConfiguration, codes::DAMAGED).await;
    assert!(fs::read(place.path()).unwrap().starts_with(b"visualId"));

    let other = Place::new();
    fs::write(other.path(), "").unwrap();
    let raw = other.raw().await;
    sqlx::query("CREATE TABLE theirs (x)").execute(&raw).await.unwrap();
    raw.close().await;
    check_open(&other.path(), &key(), Consequence::FixConfiguration, codes::DAMAGED).await;

    check_open(place.0.path(), &key(), Consequence::FixConfiguration, codes::NOT_WRITABLE).await;
    check_open(&place.path().join("below-a-file"), &key(), Consequence::FixConfiguration, codes::NOT_WRITABLE).await;
}

#[tokio::test]
async fn a_damaged_store_says_so() {
    let place = Place::new();
    let store = place.sqlite().await;
    let run = begin(&*store, "cases", 1).await;
    sqlx::query("UPDATE run SET error = '{'").execute(&store.writer).await.unwrap();
    let error = store.run(run).await.unwrap_err();
    assert_eq!((error.consequence, error.cause.code), (Consequence::FixConfiguration, codes::DAMAGED));
    store.close().await;

    let mut bytes = fs::read(place.path()).unwrap();
    let length = bytes.len();
    bytes[4096..length].fill(0xee);
    fs::write(place.path(), bytes).unwrap();
    check_open(&place.path(), &key(), Consequence::FixConfiguration, codes::DAMAGED).await;
}

#[tokio::test]
async fn a_store_that_another_process_holds_is_tried_again_later() {
    let place = Place::new();
    place.sqlite().await.close().await;
    let store = open(&place.path(), &key()).await.unwrap();
    let run = begin(&store, "cases", 1).await;
    let raw = place.raw().await;
    let held = raw.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let error = store.commit_page(&page(run, "cases")).await.unwrap_err();
    assert_eq!((error.consequence, error.cause.code), (Consequence::Retry, codes::LOCKED));
    check_open(&place.path(), &key(), Consequence::Retry, codes::LOCKED).await;
    assert!(store.run(run).await.unwrap().is_some(), "reading needs no lock");
    held.rollback().await.unwrap();
    store.commit_page(&page(run, "cases")).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_nothing_that_was_committed() {
    let place = Place::new();
    let store = place.sqlite().await;
    let run = begin(&*store, "cases", 1).await;
    let commit = full_page(&*store, run).await;
    store.commit_page(&commit).await.unwrap();
    sqlx::query("PRAGMA max_page_count = 1").execute(&store.writer).await.unwrap();
    let mut large = page(run, "cases");
    large.outcomes = (0..5000).map(|id| outcome(&id.to_string(), Outcome::Created)).collect();
    let error = store.commit_page(&large).await.unwrap_err();
    assert_eq!((error.consequence, error.cause.code), (Consequence::StopRun, codes::DISK_FULL));
    expect_full_page(&*store, run).await;
    sqlx::query("PRAGMA max_page_count = 1000000").execute(&store.writer).await.unwrap();
    store.commit_page(&large).await.unwrap();
}

/// All rows of all tables.
async fn dump(store: &SqliteStore) -> Vec<String> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name")
            .fetch_all(&store.writer)
            .await
            .unwrap();
    let mut dump = Vec::new();
    for table in tables {
        let columns: String =
            sqlx::query_scalar("SELECT group_concat(format('quote(%s)', name), ' || '','' || ') FROM pragma_table_info(?1)")
                .bind(&table)
                .fetch_one(&store.writer)
                .await
                .unwrap();
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(format!("SELECT '{table}: ' || {columns} FROM {table} ORDER BY 1")))
            .fetch_all(&store.writer)
            .await
            .unwrap();
        dump.extend(rows);
    }
    dump
}

#[tokio::test]
async fn a_page_that_fails_at_any_table_leaves_nothing() {
    for table in ["link", "sent", "intent", "rejection", "waiting", "outcome", "kept", "cursor"] {
        let place = Place::new();
        let store = place.sqlite().await;
        let run = begin(&*store, "cases", 1).await;
        let commit = full_page(&*store, run).await;
        let before = dump(&store).await;
        let event = if table == "intent" { "DELETE" } else { "INSERT" };
        let trap = format!("CREATE TRIGGER trap BEFORE {event} ON {table} BEGIN SELECT RAISE(ABORT, 'trapped'); END");
        sqlx::query(AssertSqlSafe(trap)).execute(&store.writer).await.unwrap();
        let error = store.commit_page(&commit).await.unwrap_err();
        assert_eq!((error.consequence, error.cause.code), (Consequence::OurBug, codes::UNEXPECTED), "{table}");
        assert_eq!(dump(&store).await, before, "{table}");
        sqlx::query("DROP TRIGGER trap").execute(&store.writer).await.unwrap();
        store.commit_page(&commit).await.unwrap();
        expect_full_page(&*store, run).await;
    }
}

#[tokio::test]
async fn a_page_that_is_given_up_leaves_all_or_nothing() {
    let place = Place::new();
    let store = place.sqlite().await;
    let run = begin(&*store, "cases", 1).await;
    let (mut given_up, mut kept) = (0, 0);
    for patience in 0..60 {
        let mut commit = page(run, "cases");
        commit.counts.add(Outcome::Created);
        commit.outcomes = vec![outcome("1", Outcome::Created)];
        let give_up = async {
            for _ in 0..patience * 4 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            result = store.commit_page(&commit) => { result.unwrap(); kept += 1; }
            () = give_up => given_up += 1,
        }
        let counted = store.run(run).await.unwrap().unwrap().counts.created;
        // A writer of its own comes after what was given up: it has taken effect or has been undone by then.
        drop(store.begin("waiting").await.unwrap());
        let listed = store.outcomes(run, None, 0, 1000).await.unwrap().len() as u64;
        let counted_now = store.run(run).await.unwrap().unwrap().counts.created;
        assert!(listed == counted_now && counted_now >= counted && listed >= kept && listed <= kept + given_up);
    }
    assert!(given_up > 0, "no page was given up");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_store_is_opened_by_many_at_once() {
    for _ in 0..20 {
        let place = Arc::new(Place::new());
        let openings: Vec<_> = (0..4)
            .map(|_| {
                let place = place.clone();
                tokio::spawn(async move { place.sqlite().await.close().await })
            })
            .collect();
        for opening in openings {
            opening.await.unwrap();
        }
    }
}

#[tokio::test]
async fn processes_take_turns() {
    let place = Place::new();
    let (one, two) = tokio::join!(place.sqlite(), place.sqlite());
    let (cases, contacts) = (begin(&*one, "cases", 1).await, begin(&*two, "contacts", 1).await);
    let work = async |store: &SqliteStore, run, flow: &str| {
        for number in 0..50 {
            let mut commit = page(run, flow);
            commit.counts.add(Outcome::Created);
            commit.outcomes = vec![outcome(&format!("{flow}-{number}"), Outcome::Created)];
            store.commit_page(&commit).await.unwrap();
        }
    };
    tokio::join!(work(&one, cases, "cases"), work(&two, contacts, "contacts"));
    for run in [cases, contacts] {
        assert_eq!(one.outcomes(run, None, 0, 100).await.unwrap().len(), 50);
        assert_eq!(two.run(run).await.unwrap().unwrap().counts.created, 50);
    }
}

#[tokio::test]
async fn a_commit_is_on_the_disk() {
    let place = Place::new();
    let store = place.sqlite().await;
    let pragma = async |text: &'static str| sqlx::query_scalar::<_, i64>(text).fetch_one(&store.writer).await.unwrap();
    assert_eq!(pragma("PRAGMA synchronous").await, 2, "FULL");
    assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&store.writer).await.unwrap();
    assert_eq!(mode, "wal");
    assert!(sqlx::query("DELETE FROM run").execute(&store.readers).await.is_err(), "a reader can write");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for file in fs::read_dir(place.0.path()).unwrap() {
            assert_eq!(file.unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
}
