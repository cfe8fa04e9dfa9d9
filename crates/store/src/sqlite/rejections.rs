//! Rejections and records that wait.

use std::collections::HashSet;

use jiff::Timestamp;
use kivuko_core::cells::{CellNumber, CellUpdate};
use kivuko_core::error::{Cause, Code, Error};
use kivuko_core::store::{PageCommit, Rejection, RejectionRow, Waiting};
use serde::Serialize;
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, limit, micros};
use super::{SqliteStore, check_generation, json, query};
use crate::error::sql;
use crate::seal::{Keys, Table, hex};

const READING: &str = "reading the rejections";
const WRITING: &str = "keeping the rejections of a page";

pub async fn list(store: &SqliteStore, flow: Option<&str>, most: usize) -> Result<Vec<RejectionRow>, Error> {
    let rows = sqlx::query(query!("rejection_list")).bind(flow).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(READING))?;
    rows::all(&rows, READING, rows::rejection)
}

pub async fn get(store: &SqliteStore, id: i64) -> Result<Option<RejectionRow>, Error> {
    let row = sqlx::query(query!("rejection_get")).bind(id).fetch_optional(&store.readers).await.map_err(sql(READING))?;
    rows::one(row.as_ref(), READING, rows::rejection)
}

pub async fn payload(store: &SqliteStore, id: i64) -> Result<Option<Vec<u8>>, Error> {
    let row = sqlx::query(query!("rejection_payload")).bind(id).fetch_optional(&store.readers).await.map_err(sql(READING))?;
    let read = |row: &_| Ok((rows::text(row, "flow")?, rows::text(row, "source_id")?, sqlx::Row::try_get(row, "payload_sealed")?));
    let Some((flow, source_id, Some(sealed))) = rows::one::<(String, String, Option<Vec<u8>>)>(row.as_ref(), READING, read)? else {
        return Ok(None);
    };
    store.unseal(Table::Rejection, &[&flow, &source_id], &sealed).await.map(Some)
}

pub async fn open(store: &SqliteStore, flow: &str, source_ids: &[String]) -> Result<Vec<(String, Code)>, Error> {
    let query = sqlx::query(query!("rejection_open")).bind(flow).bind(json(source_ids)?);
    let rows = query.fetch_all(&store.readers).await.map_err(sql(READING))?;
    rows::all(&rows, READING, |row| {
        let code = Code::try_from(rows::text(row, "code")?).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok((rows::text(row, "source_id")?, code))
    })
}

pub async fn discard(store: &SqliteStore, ids: &[i64], reason: &str, at: Timestamp) -> Result<u64, Error> {
    let doing = "discarding rejections";
    let given_up = numbers(store, ids).await?;
    let mut tx = store.begin(doing).await?;
    let statement = sqlx::query(query!("rejection_discard")).bind(json(ids)?).bind(micros(at)).bind(reason);
    let done = statement.execute(&mut *tx).await.map_err(sql(doing))?;
    if !given_up.is_empty() {
        sqlx::query(query!("cell_update")).bind(json(&given_up)?).execute(&mut *tx).await.map_err(sql(doing))?;
    }
    tx.commit().await.map_err(sql(doing))?;
    Ok(done.rows_affected())
}

/// The numbers that open rejections are about, as they are once they are given up: what was refused counts as dealt with.
async fn numbers(store: &SqliteStore, ids: &[i64]) -> Result<Vec<CellUpdate>, Error> {
    let rows = sqlx::query(query!("rejection_cells")).bind(json(ids)?).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let read = |row: &_| {
        let sealed: Option<Vec<u8>> = sqlx::Row::try_get(row, "payload_sealed")?;
        let number = CellNumber(rows::int(row, "cell")?);
        Ok((rows::text(row, "flow")?, rows::text(row, "source_id")?, sealed, number, rows::optional(row, "value")?))
    };
    let mut updates = Vec::with_capacity(rows.len());
    for (flow, source_id, sealed, number, value) in rows::all(&rows, READING, read)? {
        let refused = match sealed {
            Some(sealed) => Some(store.unseal(Table::Rejection, &[&flow, &source_id], &sealed).await?),
            None => None,
        };
        // What was refused is not known any more once its payload is too old.
        let refused: Option<Option<String>> = refused.and_then(|refused| serde_json::from_slice(&refused).ok());
        updates.push(CellUpdate { number, value: refused.unwrap_or(value), due: false, late: true });
    }
    Ok(updates)
}

#[derive(Serialize)]
struct Row<'a> {
    flow: &'a str,
    source_id: &'a str,
    place: &'a str,
    causes: &'a [Cause],
    payload: Option<String>,
    run: i64,
    at: i64,
}

fn row<'a>(keys: &Keys, rejection: &'a Rejection) -> Result<Row<'a>, Error> {
    let seal = |payload: &Vec<u8>| keys.seal(Table::Rejection, &[&rejection.flow, &rejection.source_id], payload);
    Ok(Row {
        flow: &rejection.flow,
        source_id: &rejection.source_id,
        place: &rejection.place,
        causes: &rejection.causes,
        payload: rejection.payload.as_ref().map(seal).transpose()?.as_deref().map(hex),
        run: rejection.run.0,
        at: micros(rejection.at),
    })
}

/// Closes the rejections of records that got through, then keeps the new ones. A record that did both in one page stays rejected.
pub async fn commit(connection: &mut SqliteConnection, keys: &Keys, page: &PageCommit) -> Result<(), Error> {
    let rejected: HashSet<&str> = page.rejections.iter().map(|rejection| rejection.source_id.as_str()).collect();
    let through: Vec<&str> = page.closed_rejections.iter().map(String::as_str).filter(|id| !rejected.contains(id)).collect();
    // Mostly nothing is open, and then there is nothing to look for.
    if !through.is_empty() && any_open(connection, &page.flow).await? {
        sqlx::query(query!("rejection_close"))
            .bind(&page.flow)
            .bind(micros(page.at))
            .bind(page.run.0)
            .bind(json(&through)?)
            .execute(&mut *connection)
            .await
            .map_err(sql(WRITING))?;
    }
    if !page.rejections.is_empty() {
        check_generation(connection, keys).await?;
        let rows = page.rejections.iter().map(|rejection| row(keys, rejection)).collect::<Result<Vec<_>, _>>()?;
        sqlx::query(query!("rejection_put")).bind(json(&rows)?).execute(connection).await.map_err(sql(WRITING))?;
    }
    Ok(())
}

async fn any_open(connection: &mut SqliteConnection, flow: &str) -> Result<bool, Error> {
    sqlx::query_scalar(query!("rejection_any_open")).bind(flow).fetch_one(connection).await.map_err(sql(READING))
}

pub async fn waiting(store: &SqliteStore, flow: &str) -> Result<Vec<Waiting>, Error> {
    let doing = "reading what waits";
    let rows = sqlx::query(query!("waiting_list")).bind(flow).fetch_all(&store.readers).await.map_err(sql(doing))?;
    rows::all(&rows, doing, rows::waiting)
}

pub async fn commit_waiting(connection: &mut SqliteConnection, page: &PageCommit) -> Result<(), Error> {
    if page.waiting.is_empty() && page.arrived.is_empty() {
        return Ok(());
    }
    let doing = "keeping what waits";
    let rows: Vec<(i64, &Waiting)> = page.waiting.iter().map(|waiting| (micros(waiting.since), waiting)).collect();
    let waiting = json(&rows)?;
    sqlx::query(query!("waiting_forget"))
        .bind(&page.flow)
        .bind(json(&page.arrived)?)
        .bind(&waiting)
        .execute(&mut *connection)
        .await
        .map_err(sql(doing))?;
    sqlx::query(query!("waiting_put")).bind(&waiting).execute(connection).await.map_err(sql(doing))?;
    Ok(())
}
