//! Questions to a person, and what people decided.

use jiff::Timestamp;
use kivuko_core::error::Error;
use kivuko_core::people::{Decided, DecisionKind, Review, ReviewRow};
use kivuko_core::store::{PageCommit, SourceKey};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::{self, limit, micros};
use super::{SqliteStore, json, query};
use crate::error::sql;

const READING: &str = "reading the questions to a person";
const WRITING: &str = "keeping the questions to a person";
const DECIDING: &str = "keeping a decision";

fn source(row: &SqliteRow) -> Result<SourceKey, sqlx::Error> {
    Ok(SourceKey {
        system: rows::text(row, "source_system")?,
        resource: rows::text(row, "source_resource")?,
        id: rows::text(row, "source_id")?,
    })
}

fn review(row: &SqliteRow) -> Result<ReviewRow, sqlx::Error> {
    let closed: Option<i64> = row.try_get("closed_at")?;
    Ok(ReviewRow {
        id: rows::int(row, "id")?,
        flow: rows::text(row, "flow")?,
        review: Review {
            source: source(row)?,
            part: rows::text(row, "part")?,
            place: rows::text(row, "place")?,
            target_system: rows::text(row, "target_system")?,
            target_resource: rows::text(row, "target_resource")?,
            candidates: rows::parsed(row, "candidates")?,
        },
        first_at: rows::time(row, "first_at")?,
        last_at: rows::time(row, "last_at")?,
        closed: closed.is_some(),
    })
}

fn decided(row: &SqliteRow) -> Result<Decided, sqlx::Error> {
    Ok(Decided {
        kind: rows::word(row, "kind")?,
        flow: rows::text(row, "flow")?,
        source: source(row)?,
        part: rows::text(row, "part")?,
        target_system: rows::text(row, "target_system")?,
        target_resource: rows::text(row, "target_resource")?,
        target_id: rows::optional(row, "target_id")?,
        by: rows::text(row, "by_whom")?,
        reason: rows::text(row, "reason")?,
        at: rows::time(row, "at")?,
    })
}

/// Closes the questions of records that got through, then keeps the new ones.
pub async fn commit(connection: &mut SqliteConnection, page: &PageCommit) -> Result<(), Error> {
    let asked: Vec<&str> = page.reviews.iter().map(|review| review.source.id.as_str()).collect();
    let through: Vec<&str> = page.closed_rejections.iter().map(String::as_str).filter(|id| !asked.contains(id)).collect();
    // Mostly nothing is open, and then there is nothing to look for.
    if !through.is_empty() && any_open(connection, &page.flow).await? {
        sqlx::query(query!("review_close"))
            .bind(&page.flow)
            .bind(micros(page.at))
            .bind(json(&through)?)
            .execute(&mut *connection)
            .await
            .map_err(sql(WRITING))?;
    }
    put(connection, &page.flow, &page.reviews, page.at).await
}

async fn put(connection: &mut SqliteConnection, asker: &str, reviews: &[Review], at: Timestamp) -> Result<(), Error> {
    if reviews.is_empty() {
        return Ok(());
    }
    let written = sqlx::query(query!("review_put")).bind(asker).bind(micros(at)).bind(json(reviews)?).execute(connection).await;
    written.map(drop).map_err(sql(WRITING))
}

pub async fn replace(store: &SqliteStore, asker: &str, [one, two]: [&str; 2], reviews: &[Review], at: Timestamp) -> Result<(), Error> {
    let mut tx = store.begin(WRITING).await?;
    let asked: Vec<(&str, &str)> = reviews.iter().map(|review| (review.source.id.as_str(), review.part.as_str())).collect();
    sqlx::query(query!("review_close_others"))
        .bind(asker)
        .bind(micros(at))
        .bind(one)
        .bind(two)
        .bind(json(&asked)?)
        .execute(&mut *tx)
        .await
        .map_err(sql(WRITING))?;
    put(&mut tx, asker, reviews, at).await?;
    tx.commit().await.map_err(sql(WRITING))
}

async fn any_open(connection: &mut SqliteConnection, flow: &str) -> Result<bool, Error> {
    sqlx::query_scalar(query!("review_any_open")).bind(flow).fetch_one(connection).await.map_err(sql(READING))
}

pub async fn list(store: &SqliteStore, flow: Option<&str>, most: usize) -> Result<Vec<ReviewRow>, Error> {
    let rows = sqlx::query(query!("review_list")).bind(flow).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(READING))?;
    rows::all(&rows, READING, review)
}

pub async fn get(store: &SqliteStore, id: i64) -> Result<Option<ReviewRow>, Error> {
    let row = sqlx::query(query!("review_get")).bind(id).fetch_optional(&store.readers).await.map_err(sql(READING))?;
    rows::one(row.as_ref(), READING, review)
}

pub async fn decide(store: &SqliteStore, decision: &Decided) -> Result<(), Error> {
    let mut tx = store.begin(DECIDING).await?;
    let Decided { source, part, flow, .. } = decision;
    sqlx::query(query!("decision_put"))
        .bind(decision.kind.word())
        .bind(flow)
        .bind(&source.system)
        .bind(&source.resource)
        .bind(&source.id)
        .bind(part)
        .bind(&decision.target_system)
        .bind(&decision.target_resource)
        .bind(&decision.target_id)
        .bind(&decision.by)
        .bind(&decision.reason)
        .bind(micros(decision.at))
        .execute(&mut *tx)
        .await
        .map_err(sql(DECIDING))?;
    sqlx::query(query!("review_close"))
        .bind(flow)
        .bind(micros(decision.at))
        .bind(json(&[&source.id])?)
        .execute(&mut *tx)
        .await
        .map_err(sql(DECIDING))?;
    if matches!(decision.kind, DecisionKind::Unlink | DecisionKind::Split | DecisionKind::Merge) {
        sqlx::query(query!("decision_unlink"))
            .bind(&source.id)
            .bind(&source.system)
            .bind(&source.resource)
            .bind(part)
            .bind(&decision.target_system)
            .bind(&decision.target_resource)
            .execute(&mut *tx)
            .await
            .map_err(sql(DECIDING))?;
        sqlx::query(query!("decision_unsend")).bind(flow).bind(&source.id).bind(part).execute(&mut *tx).await.map_err(sql(DECIDING))?;
    }
    tx.commit().await.map_err(sql(DECIDING))
}

pub async fn decisions(
    store: &SqliteStore,
    system: &str,
    resource: &str,
    ids: &[String],
    target_system: &str,
) -> Result<Vec<Decided>, Error> {
    let rows = sqlx::query(query!("decision_by_source"))
        .bind(system)
        .bind(resource)
        .bind(json(ids)?)
        .bind(target_system)
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    rows::all(&rows, READING, decided)
}

pub async fn history(store: &SqliteStore, flow: Option<&str>, most: usize) -> Result<Vec<Decided>, Error> {
    let rows = sqlx::query(query!("decision_list")).bind(flow).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(READING))?;
    rows::all(&rows, READING, decided)
}
