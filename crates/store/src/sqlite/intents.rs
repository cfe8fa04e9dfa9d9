//! Intents: writes that are about to be sent. Only open ones are kept.
//!
//! Those that are noted together are one row, with their numbers one after the other; it goes when all of them are closed. A number is never given again.

use kivuko_core::error::Error;
use kivuko_core::store::{Intent, IntentId, OpenIntent, RunId};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows;
use super::{SqliteStore, json, query, runs};
use crate::error::sql;

const NOTING: &str = "noting intents";
const READING: &str = "reading open intents";
const CLOSING: &str = "closing intents";

/// On the disk when it returns. A run that has been ended is refused: what it must not commit it must not send either.
pub async fn note(store: &SqliteStore, intents: &[Intent]) -> Result<Vec<IntentId>, Error> {
    if intents.is_empty() {
        return Ok(Vec::new());
    }
    // Those of one call are nearly always of one run.
    let mut runs: Vec<i64> = intents.iter().map(|intent| intent.run.0).collect();
    runs.dedup();
    // Before anybody else has to wait for us.
    let together: Vec<&[Intent]> = intents.chunk_by(|one, next| (&one.target_system, one.run) == (&next.target_system, next.run)).collect();
    let texts = together.iter().map(json).collect::<Result<Vec<_>, _>>()?;
    let mut tx = store.begin(NOTING).await?;
    let ended: Option<i64> =
        sqlx::query_scalar(query!("run_not_running")).bind(json(&runs)?).fetch_optional(&mut *tx).await.map_err(sql(NOTING))?;
    if let Some(ended) = ended {
        return Err(runs::not_running(&mut tx, RunId(ended)).await?);
    }
    let last: i64 = sqlx::query_scalar(query!("intent_last")).fetch_one(&mut *tx).await.map_err(sql(NOTING))?;
    let mut until = last;
    for (intents, text) in together.iter().zip(texts) {
        until += rows::limit(intents.len());
        sqlx::query(query!("intent_put"))
            .bind(until)
            .bind(intents[0].target_system.as_str())
            .bind(intents[0].run.0)
            .bind(text)
            .bind(rows::limit(intents.len()))
            .execute(&mut *tx)
            .await
            .map_err(sql(NOTING))?;
    }
    tx.commit().await.map_err(sql(NOTING))?;
    Ok((last + 1..=until).map(IntentId).collect())
}

pub async fn open(store: &SqliteStore, target_system: &str) -> Result<Vec<OpenIntent>, Error> {
    let rows = sqlx::query(query!("intent_open")).bind(target_system).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let lists = rows::all(&rows, READING, |row| {
        let (together, intents) = (together(row)?, rows::parsed::<Vec<Intent>>(row, "intents")?);
        let numbered = (together.first()..).map(IntentId).zip(intents);
        Ok(numbered.filter(|(id, _)| !together.closed.contains(&id.0)).map(|(id, intent)| OpenIntent { id, intent }).collect::<Vec<_>>())
    })?;
    Ok(lists.into_iter().flatten().collect())
}

pub async fn close(store: &SqliteStore, ids: &[IntentId]) -> Result<(), Error> {
    let mut tx = store.begin(CLOSING).await?;
    remove(&mut tx, ids).await?;
    tx.commit().await.map_err(sql(CLOSING))
}

/// Closes intents in a transaction. One that is closed already is none of our business.
pub async fn remove(connection: &mut SqliteConnection, ids: &[IntentId]) -> Result<(), Error> {
    let mut ids: Vec<i64> = ids.iter().map(|id| id.0).collect();
    ids.sort_unstable();
    let (Some(least), Some(most)) = (ids.first(), ids.last()) else { return Ok(()) };
    let asked = sqlx::query(query!("intent_between")).bind(least).bind(most);
    let rows = asked.fetch_all(&mut *connection).await.map_err(sql(CLOSING))?;
    for Together { last, count, mut closed } in rows::all(&rows, CLOSING, together)? {
        let before = closed.len();
        closed.extend(ids.iter().filter(|id| (last - count + 1..=last).contains(*id)));
        closed.sort_unstable();
        closed.dedup();
        let statement = match closed.len() {
            all if rows::limit(all) == count => sqlx::query(query!("intent_close_all")).bind(last),
            some if some == before => continue,
            _ => sqlx::query(query!("intent_close")).bind(last).bind(json(&closed)?),
        };
        statement.execute(&mut *connection).await.map_err(sql(CLOSING))?;
    }
    Ok(())
}

/// Intents that were noted together.
struct Together {
    /// The number of the last one.
    last: i64,
    count: i64,
    /// The numbers of those that are closed.
    closed: Vec<i64>,
}

impl Together {
    const fn first(&self) -> i64 {
        self.last - self.count + 1
    }
}

fn together(row: &SqliteRow) -> Result<Together, sqlx::Error> {
    Ok(Together { last: rows::int(row, "last")?, count: rows::int(row, "count")?, closed: rows::parsed(row, "closed")? })
}
