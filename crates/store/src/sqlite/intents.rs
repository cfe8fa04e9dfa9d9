//! Intents: writes that are about to be sent. Only open ones are kept.

use kivuko_core::error::Error;
use kivuko_core::store::{Intent, IntentId, OpenIntent, RunId};
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, micros};
use super::{SqliteStore, json, many, query, runs};
use crate::error::sql;

const NOTING: &str = "noting intents";

/// On the disk when it returns. A run that has been ended is refused: what it must not commit it must not send either.
pub async fn note(store: &SqliteStore, intents: &[Intent]) -> Result<Vec<IntentId>, Error> {
    if intents.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<i64> = intents.iter().map(|intent| intent.run.0).collect();
    ids.dedup();
    let mut tx = store.begin(NOTING).await?;
    let ended: Option<i64> =
        sqlx::query_scalar(query!("run_not_running")).bind(json(&ids)?).fetch_optional(&mut *tx).await.map_err(sql(NOTING))?;
    if let Some(ended) = ended {
        return Err(runs::not_running(&mut tx, RunId(ended)).await?);
    }
    let last: i64 = sqlx::query_scalar(query!("intent_last")).fetch_one(&mut *tx).await.map_err(sql(NOTING))?;
    let rows = (last + 1..).zip(intents).map(|(id, intent)| Ok((id, intent, json(&intent.key.0)?))).collect::<Result<Vec<_>, Error>>()?;
    many::put(&mut tx, query!("intent_put"), &rows, |filling, (id, intent, key)| {
        filling
            .bind(*id)
            .bind(intent.flow.as_str())
            .bind(intent.source.system.as_str())
            .bind(intent.source.resource.as_str())
            .bind(intent.source.id.as_str())
            .bind(intent.part.as_str())
            .bind(intent.target_system.as_str())
            .bind(intent.target_resource.as_str())
            .bind(intent.action.word())
            .bind(key.as_str())
            .bind(intent.target_id.as_deref())
            .bind(intent.hash.as_str())
            .bind(intent.run.0)
            .bind(micros(intent.noted))
    })
    .await
    .map_err(sql(NOTING))?;
    tx.commit().await.map_err(sql(NOTING))?;
    Ok((last + 1..).take(intents.len()).map(IntentId).collect())
}

pub async fn open(store: &SqliteStore, target_system: &str) -> Result<Vec<OpenIntent>, Error> {
    let doing = "reading open intents";
    let rows = sqlx::query(query!("intent_open")).bind(target_system).fetch_all(&store.readers).await.map_err(sql(doing))?;
    rows::all(&rows, doing, rows::intent)
}

pub async fn close(store: &SqliteStore, ids: &[IntentId]) -> Result<(), Error> {
    let doing = "closing intents";
    let mut tx = store.begin(doing).await?;
    remove(&mut tx, ids).await?;
    tx.commit().await.map_err(sql(doing))
}

/// Closes intents in a transaction. One that is closed already is none of our business.
pub async fn remove(connection: &mut SqliteConnection, ids: &[IntentId]) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query(query!("intent_close")).bind(json(ids)?).execute(connection).await.map_err(sql("closing intents"))?;
    Ok(())
}
