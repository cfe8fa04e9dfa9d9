//! The commit of a page: everything that it changes, in one transaction.

use kivuko_core::connector::Action;
use kivuko_core::error::Error;
use kivuko_core::store::{Kept, PageCommit, RunId};
use serde::Serialize;
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, limit, micros};
use super::{SqliteStore, cells, check_generation, cursors, deletions, intents, json, links, query, rejections, reviews, runs};
use crate::error::sql;
use crate::seal::{Keys, Table, hex};

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
    if page.outcomes.is_empty() {
        return Ok(());
    }
    sqlx::query(query!("outcome_put"))
        .bind(page.run.0)
        .bind(micros(page.at))
        .bind(json(&page.outcomes)?)
        .execute(connection)
        .await
        .map_err(sql("keeping the outcomes of a page"))?;
    Ok(())
}

#[derive(Serialize)]
struct KeptRow<'a> {
    source_id: &'a str,
    part: &'a str,
    target_resource: &'a str,
    target_id: &'a str,
    action: Action,
    version: Option<&'a str>,
    before: String,
}

fn kept_row<'a>(keys: &Keys, run: &str, kept: &'a Kept) -> Result<KeptRow<'a>, Error> {
    let Kept { source_id, part, target_resource, target_id, action, version, before } = kept;
    let sealed = keys.seal(Table::Kept, &kept_owner(run, source_id, part, target_resource, target_id), before)?;
    Ok(KeptRow { source_id, part, target_resource, target_id, action: *action, version: version.as_deref(), before: hex(&sealed) })
}

async fn put_kept(connection: &mut SqliteConnection, keys: &Keys, page: &PageCommit) -> Result<(), Error> {
    if page.kept.is_empty() {
        return Ok(());
    }
    check_generation(connection, keys).await?;
    let run = page.run.to_string();
    let rows = page.kept.iter().map(|kept| kept_row(keys, &run, kept)).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(query!("kept_put")).bind(page.run.0).bind(json(&rows)?).execute(connection).await.map_err(sql("keeping earlier values"))?;
    Ok(())
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
    for (_, kept) in &mut list {
        let owner = kept_owner(&run, &kept.source_id, &kept.part, &kept.target_resource, &kept.target_id);
        kept.before = store.unseal(Table::Kept, &owner, &kept.before).await?;
    }
    Ok(list)
}
