//! The commit of a page: everything that it changes, in one transaction.

use kivuko_core::error::Error;
use kivuko_core::store::PageCommit;
use sqlx::sqlite::SqliteConnection;

use super::rows::micros;
use super::{SqliteStore, cells, cursors, deletions, intents, json, kept, links, many, query, rejections, reviews, runs};
use crate::error::sql;

const DOING: &str = "committing a page";

pub async fn commit(store: &SqliteStore, page: &PageCommit) -> Result<(), Error> {
    let keys = store.keys();
    let mut tx = store.begin(DOING).await?;
    // First, because it refuses a run that has been ended.
    runs::add(&mut tx, page.run, &page.counts).await?;
    // Gone before new: a key that one record leaves may be taken by another one.
    links::remove(&mut tx, page).await?;
    links::put(&mut tx, page).await?;
    deletions::commit(&mut tx, page).await?;
    links::mark_seen(&mut tx, page.run, &page.seen).await?;
    links::put_sent(&mut tx, &page.sent).await?;
    intents::remove(&mut tx, &page.closed_intents).await?;
    rejections::commit(&mut tx, &keys, page).await?;
    rejections::commit_waiting(&mut tx, page).await?;
    reviews::commit(&mut tx, page).await?;
    cells::commit(&mut tx, store, page).await?;
    put_outcomes(&mut tx, page).await?;
    kept::put(&mut tx, &keys, page).await?;
    if let Some(cursor) = &page.cursor {
        cursors::put(&mut tx, &page.flow, &page.partition, cursor, None, page.at).await?;
    }
    tx.commit().await.map_err(sql(DOING))
}

async fn put_outcomes(connection: &mut SqliteConnection, page: &PageCommit) -> Result<(), Error> {
    let lists = page.outcomes.iter().map(|row| Ok((row, json(&row.fields)?, json(&row.causes)?))).collect::<Result<Vec<_>, Error>>()?;
    let at = micros(page.at);
    many::put(connection, query!("outcome_put"), &lists, |filling, (row, fields, causes)| {
        filling
            .bind(page.run.0)
            .bind(at)
            .bind(row.source_id.as_str())
            .bind(row.place.as_str())
            .bind(row.part.as_str())
            .bind(row.outcome.word())
            .bind(row.target_resource.as_str())
            .bind(row.target_id.as_deref())
            .bind(fields.as_str())
            .bind(causes.as_str())
    })
    .await
    .map_err(sql("keeping the outcomes of a page"))
}
