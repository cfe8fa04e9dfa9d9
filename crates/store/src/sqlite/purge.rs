//! What goes with time. Links, what was last sent, cursors, open rejections, waiting records and open intents stay, however old.

use jiff::Timestamp;
use kivuko_core::error::Error;
use kivuko_core::store::Retention;

use super::rows::micros;
use super::{SqliteStore, json, query};
use crate::error::sql;

const DOING: &str = "removing what is older than the history";

/// How many rows go at once: others who want to write wait for no longer than this takes.
const PART: i64 = 10_000;
/// The same of rows that hold the earlier values of a whole page each, a megabyte perhaps.
const PART_OF_PAGES: i64 = 10;

/// Outcomes and earlier values go by whole runs, those that began before. An open rejection stays, but its payload goes with the others'.
pub async fn purge(store: &SqliteStore, flow: &str, retention: Retention) -> Result<(), Error> {
    let Retention { now, runs_before, outcomes_before, payloads_before } = retention;
    // What goes with a run goes first, so that removing the run itself is a small matter.
    remove(store, query!("purge_outcomes"), flow, outcomes_before.max(runs_before), PART).await?;
    remove(store, query!("purge_kept"), flow, payloads_before.max(runs_before), PART).await?;
    remove(store, query!("purge_kept_pages"), flow, payloads_before.max(runs_before), PART_OF_PAGES).await?;

    let told_before = micros(outcomes_before.max(runs_before));
    sqlx::query(query!("purge_told")).bind(told_before).bind(flow).execute(&store.writer).await.map_err(sql(DOING))?;
    let mut tx = store.begin(DOING).await?;
    let versions: Vec<String> = sqlx::query_scalar(query!("purge_versions_of"))
        .bind(micros(runs_before))
        .bind(flow)
        .fetch_all(&mut *tx)
        .await
        .map_err(sql(DOING))?;
    for (statement, before) in
        [(query!("purge_runs"), runs_before), (query!("purge_rejections"), runs_before), (query!("purge_payloads"), payloads_before)]
    {
        sqlx::query(statement).bind(micros(before)).bind(flow).execute(&mut *tx).await.map_err(sql(DOING))?;
    }
    sqlx::query(query!("purge_plans")).bind(micros(now)).execute(&mut *tx).await.map_err(sql(DOING))?;
    sqlx::query(query!("purge_versions")).bind(json(&versions)?).execute(&mut *tx).await.map_err(sql(DOING))?;
    tx.commit().await.map_err(sql(DOING))
}

/// Removes a part at a time until nothing is left.
async fn remove(store: &SqliteStore, statement: &'static str, flow: &str, before: Timestamp, part: i64) -> Result<(), Error> {
    loop {
        let removed = sqlx::query(statement).bind(micros(before)).bind(part).bind(flow).execute(&store.writer).await.map_err(sql(DOING))?;
        if removed.rows_affected() == 0 {
            return Ok(());
        }
    }
}
