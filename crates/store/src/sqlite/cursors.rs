//! Cursors, and the history of those that a person set.

use jiff::Timestamp;
use kivuko_core::error::Error;
use kivuko_core::record::{Cursor, Partition};
use kivuko_core::store::CursorRow;
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, limit, micros};
use super::{SqliteStore, query};
use crate::error::sql;

const READING: &str = "reading a cursor";
const WRITING: &str = "keeping a cursor";

pub async fn get(store: &SqliteStore, flow: &str, partition: &Partition) -> Result<Option<Cursor>, Error> {
    let row = sqlx::query(query!("cursor_get")).bind(flow).bind(&partition.0).fetch_optional(&store.readers).await.map_err(sql(READING))?;
    rows::one(row.as_ref(), READING, rows::cursor)
}

pub async fn list(store: &SqliteStore, flow: &str) -> Result<Vec<CursorRow>, Error> {
    let rows = sqlx::query(query!("cursor_list")).bind(flow).fetch_all(&store.readers).await.map_err(sql(READING))?;
    rows::all(&rows, READING, rows::cursor_row)
}

/// A cursor that was forgotten stands in the history with an empty value.
pub async fn history(store: &SqliteStore, flow: &str, most: usize) -> Result<Vec<CursorRow>, Error> {
    let rows =
        sqlx::query(query!("cursor_change_list")).bind(flow).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(READING))?;
    rows::all(&rows, READING, rows::cursor_row)
}

pub async fn set(
    store: &SqliteStore,
    flow: &str,
    partition: &Partition,
    cursor: Option<&Cursor>,
    reason: &str,
    at: Timestamp,
) -> Result<(), Error> {
    let mut tx = store.begin(WRITING).await?;
    if let Some(cursor) = cursor {
        put(&mut tx, flow, partition, cursor, Some(reason), at).await?;
    } else {
        sqlx::query(query!("cursor_forget")).bind(flow).bind(&partition.0).execute(&mut *tx).await.map_err(sql(WRITING))?;
    }
    sqlx::query(query!("cursor_change_put"))
        .bind(flow)
        .bind(&partition.0)
        .bind(cursor.map(|cursor| &cursor.value))
        .bind(cursor.and_then(shown))
        .bind(micros(at))
        .bind(reason)
        .execute(&mut *tx)
        .await
        .map_err(sql(WRITING))?;
    tx.commit().await.map_err(sql(WRITING))
}

pub async fn put(
    connection: &mut SqliteConnection,
    flow: &str,
    partition: &Partition,
    cursor: &Cursor,
    reason: Option<&str>,
    at: Timestamp,
) -> Result<(), Error> {
    sqlx::query(query!("cursor_put"))
        .bind(flow)
        .bind(&partition.0)
        .bind(&cursor.value)
        .bind(shown(cursor))
        .bind(micros(at))
        .bind(reason)
        .execute(connection)
        .await
        .map_err(sql(WRITING))?;
    Ok(())
}

fn shown(cursor: &Cursor) -> Option<String> {
    cursor.time.map(|time| time.to_string())
}
