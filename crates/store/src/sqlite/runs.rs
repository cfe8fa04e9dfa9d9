//! Flow versions, runs and the outcomes of their records.

use jiff::Timestamp;
use kivuko_core::catalogue::store as codes;
use kivuko_core::error::{Cause, Error};
use kivuko_core::outcome::{Counts, Outcome, Status};
use kivuko_core::store::{FlowVersion, OutcomeRow, Run, RunId, RunStart};
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, limit, micros, stored};
use super::{SqliteStore, json, query};
use crate::error::sql;

pub async fn put_version(store: &SqliteStore, version: &FlowVersion) -> Result<(), Error> {
    sqlx::query(query!("version_put"))
        .bind(&version.hash)
        .bind(&version.flow)
        .bind(&version.kivuko)
        .bind(json(&version.texts)?)
        .execute(&store.writer)
        .await
        .map_err(sql("keeping a version of a flow"))?;
    Ok(())
}

pub async fn version(store: &SqliteStore, hash: &str) -> Result<Option<FlowVersion>, Error> {
    let doing = "reading a version of a flow";
    let row = sqlx::query(query!("version_get")).bind(hash).fetch_optional(&store.readers).await.map_err(sql(doing))?;
    rows::one(row.as_ref(), doing, rows::version)
}

/// Begins a run. Older runs of the flow that never ended are marked incomplete, and cannot write from then on.
pub async fn begin(store: &SqliteStore, start: &RunStart) -> Result<RunId, Error> {
    let doing = "beginning a run";
    let mut tx = store.begin(doing).await?;
    let unended: Vec<(i64, i64)> = sqlx::query_as(query!("run_unended")).bind(&start.flow).fetch_all(&mut *tx).await.map_err(sql(doing))?;
    for (run, under_way) in unended {
        let next = match under_way {
            0 => "the next run of the flow goes on from there".to_owned(),
            1 => "one write was under way, and the next run of the flow finds out what became of it".to_owned(),
            many => format!("{many} writes were under way, and the next run of the flow finds out what became of them"),
        };
        let interrupted = Cause::new(codes::INTERRUPTED, format!("the process ended before the run did; {next}"));
        sqlx::query(query!("run_interrupt")).bind(run).bind(json(&interrupted)?).execute(&mut *tx).await.map_err(sql(doing))?;
    }
    let id = sqlx::query_scalar(query!("run_begin"))
        .bind(&start.flow)
        .bind(&start.version)
        .bind(&start.trigger)
        .bind(&start.options)
        .bind(micros(start.started))
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(doing))?;
    tx.commit().await.map_err(sql(doing))?;
    Ok(RunId(id))
}

pub async fn finish(
    store: &SqliteStore,
    run: RunId,
    status: Status,
    requests: u64,
    error: Option<&Cause>,
    at: Timestamp,
) -> Result<(), Error> {
    let doing = "ending a run";
    let mut tx = store.begin(doing).await?;
    let ended = sqlx::query(query!("run_finish"))
        .bind(run.0)
        .bind(rows::status(status))
        .bind(stored(requests)?)
        .bind(error.map(json).transpose()?)
        .bind(micros(at))
        .execute(&mut *tx)
        .await
        .map_err(sql(doing))?;
    if ended.rows_affected() == 0 {
        return Err(not_running(&mut tx, run).await?);
    }
    tx.commit().await.map_err(sql(doing))
}

/// Adds the account of a page to its run. Fails if the run may not write any more.
pub async fn add(connection: &mut SqliteConnection, run: RunId, counts: &Counts) -> Result<(), Error> {
    let mut query = sqlx::query(query!("run_add")).bind(run.0);
    let Counts { read, created, updated, counted, unchanged, deleted, skipped, waiting, rejected, failed, writes, requests: _ } = *counts;
    let outcomes = [read, created, updated, counted, unchanged, deleted, skipped, waiting, rejected, failed];
    for count in outcomes.into_iter().chain([writes.created, writes.updated, writes.deleted, writes.rejected]) {
        query = query.bind(stored(count)?);
    }
    let added = query.execute(&mut *connection).await.map_err(sql("adding up a run"))?;
    if added.rows_affected() == 0 { Err(not_running(connection, run).await?) } else { Ok(()) }
}

/// Why a run cannot write: it has ended, or there is none.
pub async fn not_running(connection: &mut SqliteConnection, run: RunId) -> Result<Error, Error> {
    let status: Option<String> =
        sqlx::query_scalar(query!("run_status")).bind(run.0).fetch_optional(connection).await.map_err(sql("looking up a run"))?;
    Ok(match status {
        Some(status) => Error::stop(
            codes::RUN_ENDED,
            format!("run {run} is {status} and writes nothing any more: another run of the flow took it for dead, or it was ended twice"),
        ),
        None => Error::bug(codes::UNEXPECTED, format!("there is no run {run} in the store")),
    })
}

pub async fn get(store: &SqliteStore, run: RunId) -> Result<Option<Run>, Error> {
    let doing = "reading a run";
    let row = sqlx::query(query!("run_get")).bind(run.0).fetch_optional(&store.readers).await.map_err(sql(doing))?;
    rows::one(row.as_ref(), doing, rows::run)
}

pub async fn list(store: &SqliteStore, flow: Option<&str>, most: usize) -> Result<Vec<Run>, Error> {
    let doing = "reading the runs";
    let rows = sqlx::query(query!("run_list")).bind(flow).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(doing))?;
    rows::all(&rows, doing, rows::run)
}

pub async fn outcomes(
    store: &SqliteStore,
    run: RunId,
    outcome: Option<Outcome>,
    after: i64,
    most: usize,
) -> Result<Vec<(i64, OutcomeRow)>, Error> {
    let doing = "reading the outcomes of a run";
    let rows = sqlx::query(query!("outcome_list"))
        .bind(run.0)
        .bind(after)
        .bind(outcome.map(Outcome::word))
        .bind(limit(most))
        .fetch_all(&store.readers)
        .await
        .map_err(sql(doing))?;
    rows::all(&rows, doing, |row| Ok((rows::int(row, "id")?, rows::outcome(row)?)))
}
