//! Everything known of a source id, a target id or a value of a key.

use kivuko_core::error::Error;
use kivuko_core::store::{Found, RunId};

use super::rows::{self, limit};
use super::{SqliteStore, json, query};
use crate::error::sql;

const DOING: &str = "searching";

/// Links first. What they lead to (outcomes, rejections, waiting records of the same source record in the same flow) is found with them, so that
/// a key finds the whole story of its record.
pub async fn find(store: &SqliteStore, text: &str, most: usize) -> Result<Vec<Found>, Error> {
    let mut connection = store.readers.acquire().await.map_err(sql(DOING))?;
    let rows = sqlx::query(query!("find_links")).bind(text).bind(limit(most)).fetch_all(&mut *connection).await.map_err(sql(DOING))?;
    let links = rows::all(&rows, DOING, rows::link)?;
    let linked: Vec<(&str, &str)> = links.iter().map(|link| (link.flow.as_str(), link.source.id.as_str())).collect();
    let linked = json(&linked)?;
    let mut found: Vec<Found> = links.into_iter().map(Found::Link).collect();

    let search = |statement: &'static str| sqlx::query(statement).bind(text).bind(&linked).bind(limit(most));
    let rejections = search(query!("find_rejections")).fetch_all(&mut *connection).await.map_err(sql(DOING))?;
    found.extend(rows::all(&rejections, DOING, |row| rows::rejection(row).map(Found::Rejection))?);
    let waiting = search(query!("find_waiting")).fetch_all(&mut *connection).await.map_err(sql(DOING))?;
    found.extend(rows::all(&waiting, DOING, |row| rows::waiting(row).map(Found::Waiting))?);
    let outcomes = search(query!("find_outcomes")).fetch_all(&mut *connection).await.map_err(sql(DOING))?;
    found.extend(rows::all(&outcomes, DOING, |row| {
        Ok(Found::Outcome {
            run: RunId(rows::int(row, "run")?),
            flow: rows::text(row, "flow")?,
            at: rows::time(row, "at")?,
            row: rows::outcome(row)?,
        })
    })?);
    found.truncate(most);
    Ok(found)
}
