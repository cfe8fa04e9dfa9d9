//! Rows into the types of core, and the small values between them. A column that holds something else than we write there says so by name; of rows that come as one text it is that text.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use kivuko_core::connector::{Identity, Key};
use kivuko_core::error::Error;
use kivuko_core::outcome::{Counts, Status, Writes};
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::{CursorRow, FlowVersion, Lease, Link, OutcomeRow, Reference, RejectionRow, Run, RunId, Sent, SourceKey, Waiting};
use serde::de::{DeserializeOwned, IntoDeserializer};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqlitePool, SqliteRow};
use sqlx::{Row as _, Sqlite};

use crate::error::{sql, unstorable};

type Result<T> = std::result::Result<T, sqlx::Error>;

fn unreadable(column: &str, error: impl std::error::Error + Send + Sync + 'static) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: column.to_owned(), source: Box::new(error) }
}

pub fn text(row: &SqliteRow, column: &str) -> Result<String> {
    row.try_get(column)
}

pub fn optional(row: &SqliteRow, column: &str) -> Result<Option<String>> {
    row.try_get(column)
}

pub fn int(row: &SqliteRow, column: &str) -> Result<i64> {
    row.try_get(column)
}

pub fn bytes(row: &SqliteRow, column: &str) -> Result<Vec<u8>> {
    row.try_get(column)
}

fn count(row: &SqliteRow, column: &str) -> Result<u64> {
    u64::try_from(int(row, column)?).map_err(|error| unreadable(column, error))
}

pub fn parsed<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    serde_json::from_str(row.try_get(column)?).map_err(|error| unreadable(column, error))
}

/// A list of texts.
pub fn list(row: &SqliteRow, column: &str) -> Result<Vec<String>> {
    parsed(row, column)
}

/// A value that is a word in JSON, too.
pub fn word<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T> {
    let written: &str = row.try_get(column)?;
    T::deserialize(written.into_deserializer()).map_err(|error: serde::de::value::Error| unreadable(column, error))
}

pub fn time(row: &SqliteRow, column: &str) -> Result<Timestamp> {
    Timestamp::from_microsecond(int(row, column)?).map_err(|error| unreadable(column, error))
}

/// A time as it is stored.
pub fn micros(time: Timestamp) -> i64 {
    time.as_microsecond()
}

/// A count as it is stored.
pub fn stored(count: u64) -> std::result::Result<i64, Error> {
    i64::try_from(count).map_err(|_| unstorable("a count"))
}

/// A limit as SQL takes it. More rows than that do not exist.
pub fn limit(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

/// Reads rows one after the other into a list.
pub fn all<T>(rows: &[SqliteRow], doing: &'static str, read: impl Fn(&SqliteRow) -> Result<T>) -> std::result::Result<Vec<T>, Error> {
    rows.iter().map(read).collect::<Result<_>>().map_err(sql(doing))
}

/// What a statement answers with one text, in which each row is a list. The database hands out rows value by value, from its thread to ours: many short ones come much faster so.
pub async fn lists<T: DeserializeOwned>(
    asked: Query<'_, Sqlite, SqliteArguments>,
    readers: &SqlitePool,
    doing: &'static str,
) -> std::result::Result<Vec<T>, Error> {
    let row = asked.fetch_one(readers).await.map_err(sql(doing))?;
    let text: &str = row.try_get(0).map_err(sql(doing))?;
    serde_json::from_str(text).map_err(|error| sql(doing)(unreadable("0", error)))
}

/// Reads the row, if there is one.
pub fn one<T>(
    row: Option<&SqliteRow>,
    doing: &'static str,
    read: impl Fn(&SqliteRow) -> Result<T>,
) -> std::result::Result<Option<T>, Error> {
    row.map(read).transpose().map_err(sql(doing))
}

pub fn version(row: &SqliteRow) -> Result<FlowVersion> {
    Ok(FlowVersion { hash: text(row, "hash")?, flow: text(row, "flow")?, kivuko: text(row, "kivuko")?, texts: parsed(row, "texts")? })
}

pub const fn status(status: Status) -> &'static str {
    match status {
        Status::Running => "running",
        Status::Complete => "complete",
        Status::Incomplete => "incomplete",
    }
}

pub fn run(row: &SqliteRow) -> Result<Run> {
    let finished: Option<i64> = row.try_get("finished")?;
    let error: Option<&str> = row.try_get("error")?;
    Ok(Run {
        id: RunId(int(row, "id")?),
        flow: text(row, "flow")?,
        version: text(row, "version")?,
        trigger: text(row, "trigger")?,
        options: text(row, "options")?,
        started: time(row, "started")?,
        finished: finished.map(Timestamp::from_microsecond).transpose().map_err(|error| unreadable("finished", error))?,
        status: word(row, "status")?,
        counts: counts(row)?,
        error: error.map(serde_json::from_str).transpose().map_err(|error| unreadable("error", error))?,
    })
}

fn counts(row: &SqliteRow) -> Result<Counts> {
    Ok(Counts {
        read: count(row, "read")?,
        created: count(row, "created")?,
        updated: count(row, "updated")?,
        counted: count(row, "counted")?,
        unchanged: count(row, "unchanged")?,
        deleted: count(row, "deleted")?,
        skipped: count(row, "skipped")?,
        waiting: count(row, "waiting")?,
        rejected: count(row, "rejected")?,
        failed: count(row, "failed")?,
        writes: Writes {
            created: count(row, "writes_created")?,
            updated: count(row, "writes_updated")?,
            deleted: count(row, "writes_deleted")?,
            rejected: count(row, "writes_rejected")?,
        },
        requests: count(row, "requests")?,
    })
}

pub fn outcome(row: &SqliteRow) -> Result<OutcomeRow> {
    Ok(OutcomeRow {
        source_id: text(row, "source_id")?,
        place: text(row, "place")?,
        part: text(row, "part")?,
        outcome: word(row, "outcome")?,
        target_resource: text(row, "target_resource")?,
        target_id: optional(row, "target_id")?,
        fields: parsed(row, "fields")?,
        causes: parsed(row, "causes")?,
    })
}

fn source(row: &SqliteRow) -> Result<SourceKey> {
    Ok(SourceKey { system: text(row, "source_system")?, resource: text(row, "source_resource")?, id: text(row, "source_id")? })
}

fn key(row: &SqliteRow) -> Result<Key> {
    list(row, "key").map(Key)
}

pub fn link(row: &SqliteRow) -> Result<Link> {
    Ok(Link {
        source: source(row)?,
        part: text(row, "part")?,
        target_system: text(row, "target_system")?,
        target_resource: text(row, "target_resource")?,
        target_id: text(row, "target_id")?,
        key: key(row)?,
        flow: text(row, "flow")?,
        created: row.try_get("created")?,
        seen: RunId(int(row, "seen")?),
        version: optional(row, "version")?,
    })
}

/// The columns of `link_by_source`.
pub type LinkList = (String, String, String, String, String, String, String, Key, String, i64, i64, Option<String>);

pub fn link_of(list: LinkList) -> Link {
    let (system, resource, id, part, target_system, target_resource, target_id, key, flow, created, seen, version) = list;
    let source = SourceKey { system, resource, id };
    Link { source, part, target_system, target_resource, target_id, key, flow, created: created != 0, seen: RunId(seen), version }
}

/// The columns of `sent_get`.
pub type SentList = (String, String, String, String, BTreeMap<String, String>, Option<String>, i64);

pub fn sent_of((flow, source_id, part, hash, fields, source_version, run): SentList) -> Sent {
    Sent { flow, source_id, part, hash, fields: Arc::new(fields), source_version, run: RunId(run) }
}

pub fn cursor(row: &SqliteRow) -> Result<Cursor> {
    let shown: Option<&str> = row.try_get("time")?;
    let time = shown.map(str::parse).transpose().map_err(|error: jiff::Error| unreadable("time", error))?;
    Ok(Cursor { value: text(row, "value")?, time })
}

pub fn cursor_row(row: &SqliteRow) -> Result<CursorRow> {
    Ok(CursorRow {
        partition: Partition(text(row, "partition")?),
        cursor: cursor(row)?,
        at: time(row, "at")?,
        reason: optional(row, "reason")?,
    })
}

pub fn rejection(row: &SqliteRow) -> Result<RejectionRow> {
    Ok(RejectionRow {
        id: int(row, "id")?,
        flow: text(row, "flow")?,
        source_id: text(row, "source_id")?,
        place: text(row, "place")?,
        causes: parsed(row, "causes")?,
        has_payload: row.try_get("has_payload")?,
        first_run: RunId(int(row, "first_run")?),
        last_run: RunId(int(row, "last_run")?),
        first_at: time(row, "first_at")?,
        last_at: time(row, "last_at")?,
        times: count(row, "times")?,
    })
}

pub fn waiting(row: &SqliteRow) -> Result<Waiting> {
    Ok(Waiting {
        flow: text(row, "flow")?,
        source_id: text(row, "source_id")?,
        partition: Partition(text(row, "partition")?),
        place: text(row, "place")?,
        reference: Reference { flow: text(row, "ref_flow")?, source_id: text(row, "ref_source_id")? },
        since: time(row, "since")?,
    })
}

pub fn lease(row: &SqliteRow) -> Result<Lease> {
    Ok(Lease {
        name: text(row, "name")?,
        holder: optional(row, "holder")?.unwrap_or_default(),
        fence: int(row, "fence")?,
        until: time(row, "until")?,
    })
}

pub fn identity(row: &SqliteRow) -> Result<Identity> {
    Ok(Identity { id: text(row, "id")?, label: text(row, "label")? })
}
