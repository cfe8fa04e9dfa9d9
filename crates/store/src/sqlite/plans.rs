//! Saved plans.

use jiff::Timestamp;
use kivuko_core::error::Error;
use kivuko_core::store::SavedPlan;

use super::rows::{self, micros};
use super::{SqliteStore, check_generation, query};
use crate::error::sql;
use crate::seal::Table;

const WRITING: &str = "keeping a plan";

/// The row that a plan's body belongs to.
pub fn owner(flow: &str, version: &str, at: Timestamp) -> [String; 3] {
    [flow.to_owned(), version.to_owned(), micros(at).to_string()]
}

/// Plans that have expired by then go on this occasion.
pub async fn save(store: &SqliteStore, plan: &SavedPlan, expires: Timestamp) -> Result<i64, Error> {
    let keys = store.keys();
    let mut tx = store.begin(WRITING).await?;
    check_generation(&mut tx, &keys).await?;
    sqlx::query(query!("plan_expire")).bind(micros(plan.at)).execute(&mut *tx).await.map_err(sql(WRITING))?;
    let owner = owner(&plan.flow, &plan.version, plan.at);
    let sealed = keys.seal(Table::Plan, &owner.each_ref().map(String::as_str), &plan.body)?;
    let id = sqlx::query_scalar(query!("plan_put"))
        .bind(&plan.flow)
        .bind(&plan.version)
        .bind(micros(plan.at))
        .bind(micros(expires))
        .bind(sealed)
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(WRITING))?;
    tx.commit().await.map_err(sql(WRITING))?;
    Ok(id)
}

pub async fn get(store: &SqliteStore, id: i64, now: Timestamp) -> Result<Option<SavedPlan>, Error> {
    let doing = "reading a plan";
    let row = sqlx::query(query!("plan_get")).bind(id).bind(micros(now)).fetch_optional(&store.readers).await.map_err(sql(doing))?;
    let read = |row: &_| {
        Ok(SavedPlan {
            flow: rows::text(row, "flow")?,
            version: rows::text(row, "version")?,
            at: rows::time(row, "at")?,
            body: rows::bytes(row, "body_sealed")?,
        })
    };
    let Some(mut plan) = rows::one(row.as_ref(), doing, read)? else { return Ok(None) };
    let owner = owner(&plan.flow, &plan.version, plan.at);
    plan.body = store.unseal(Table::Plan, &owner.each_ref().map(String::as_str), &plan.body).await?;
    Ok(Some(plan))
}
