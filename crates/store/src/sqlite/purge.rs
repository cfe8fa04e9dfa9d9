//! What goes with time. Links, what was last sent, cursors, open rejections, waiting records and open intents stay, however old.

use kivuko_core::error::Error;
use kivuko_core::store::Retention;

use super::rows::micros;
use super::{SqliteStore, json, query};
use crate::error::sql;

const DOING: &str = "removing what is older than the history";

/// An open rejection stays, but its payload goes with the others'.
pub async fn purge(store: &SqliteStore, retention: Retention) -> Result<(), Error> {
    let Retention { runs_before, outcomes_before, payloads_before } = retention;
    let mut tx = store.begin(DOING).await?;
    let versions: Vec<String> =
        sqlx::query_scalar(query!("purge_versions_of")).bind(micros(runs_before)).fetch_all(&mut *tx).await.map_err(sql(DOING))?;
    for (statement, before) in [
        (query!("purge_runs"), runs_before),
        (query!("purge_rejections"), runs_before),
        (query!("purge_outcomes"), outcomes_before),
        (query!("purge_payloads"), payloads_before),
        (query!("purge_kept"), payloads_before),
        (query!("purge_plans"), payloads_before),
    ] {
        sqlx::query(statement).bind(micros(before)).execute(&mut *tx).await.map_err(sql(DOING))?;
    }
    sqlx::query(query!("purge_versions")).bind(json(&versions)?).execute(&mut *tx).await.map_err(sql(DOING))?;
    tx.commit().await.map_err(sql(DOING))
}
