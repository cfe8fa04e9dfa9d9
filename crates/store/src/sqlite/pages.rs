//! The commit of a page: everything that it changes, in one transaction.

use kivuko_core::error::Error;
use kivuko_core::store::{Kept, PageCommit, RunId};
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, limit, micros};
use super::{SqliteStore, cells, check_generation, cursors, deletions, intents, json, links, many, query, rejections, reviews, runs};
use crate::error::sql;
use crate::seal::{Keys, Table};

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
    put_kept(&mut tx, &keys, page).await?;
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

/// What was there before a creation is nothing, which is no secret.
fn sealed(keys: &Keys, run: &str, kept: &Kept) -> Result<Vec<u8>, Error> {
    if kept.before.is_empty() {
        return Ok(Vec::new());
    }
    let owner = kept_owner(run, &kept.source_id, &kept.part, &kept.target_resource, &kept.target_id);
    keys.seal(Table::Kept, &owner, &kept.before)
}

async fn put_kept(connection: &mut SqliteConnection, keys: &Keys, page: &PageCommit) -> Result<(), Error> {
    if page.kept.is_empty() {
        return Ok(());
    }
    check_generation(connection, keys).await?;
    let run = page.run.to_string();
    let rows = page.kept.iter().map(|kept| Ok((kept, sealed(keys, &run, kept)?))).collect::<Result<Vec<_>, Error>>()?;
    many::put(connection, query!("kept_put"), &rows, |filling, (kept, before)| {
        filling
            .bind(page.run.0)
            .bind(kept.source_id.as_str())
            .bind(kept.part.as_str())
            .bind(kept.target_resource.as_str())
            .bind(kept.target_id.as_str())
            .bind(kept.action.word())
            .bind(kept.version.as_deref())
            .bind(before.as_slice())
    })
    .await
    .map_err(sql("keeping earlier values"))
}

/// The row that an earlier value belongs to.
pub const fn kept_owner<'a>(run: &'a str, source_id: &'a str, part: &'a str, resource: &'a str, id: &'a str) -> [&'a str; 5] {
    [run, source_id, part, resource, id]
}

pub async fn kept(store: &SqliteStore, run: RunId, before: i64, most: usize) -> Result<Vec<(i64, Kept)>, Error> {
    let doing = "reading earlier values";
    let rows =
        sqlx::query(query!("kept_list")).bind(run.0).bind(before).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(doing))?;
    let read = |row: &_| {
        let kept = Kept {
            source_id: rows::text(row, "source_id")?,
            part: rows::text(row, "part")?,
            target_resource: rows::text(row, "target_resource")?,
            target_id: rows::text(row, "target_id")?,
            action: rows::word(row, "action")?,
            version: rows::optional(row, "version")?,
            before: rows::bytes(row, "before_sealed")?,
        };
        Ok((rows::int(row, "id")?, kept))
    };
    let mut list = rows::all(&rows, doing, read)?;
    let run = run.to_string();
    for (_, kept) in list.iter_mut().filter(|(_, kept)| !kept.before.is_empty()) {
        let owner = kept_owner(&run, &kept.source_id, &kept.part, &kept.target_resource, &kept.target_id);
        kept.before = store.unseal(Table::Kept, &owner, &kept.before).await?;
    }
    Ok(list)
}
