//! Cells: the numbers that records are counted into, and which of them are due.

use std::collections::BTreeSet;

use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, CellsPage};
use kivuko_core::error::Error;
use kivuko_core::store::PageCommit;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::{self, limit};
use super::{SqliteStore, counted, json, query};
use crate::error::{sql, unstorable};

pub const READING: &str = "reading what records are counted for";
pub const WRITING: &str = "keeping what records are counted for";

pub async fn numbers(store: &SqliteStore, flow: &str, cells: &[Cell]) -> Result<Vec<CellNumber>, Error> {
    let found = known(store, flow, cells).await?;
    if let Some(all) = found.iter().copied().collect::<Option<Vec<_>>>() {
        return Ok(all);
    }
    sqlx::query(query!("cell_put")).bind(flow).bind(json(cells)?).execute(&store.writer).await.map_err(sql(WRITING))?;
    let found = known(store, flow, cells).await?;
    found.into_iter().collect::<Option<_>>().ok_or_else(|| unstorable("a cell"))
}

pub async fn known(store: &SqliteStore, flow: &str, cells: &[Cell]) -> Result<Vec<Option<CellNumber>>, Error> {
    let rows = sqlx::query(query!("cell_numbers")).bind(flow).bind(json(cells)?).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let mut found = vec![None; cells.len()];
    for (position, number) in rows::all(&rows, READING, |row| Ok((rows::int(row, "position")?, rows::int(row, "id")?)))? {
        *at(&mut found, position)? = Some(CellNumber(number));
    }
    Ok(found)
}

/// The place of an answer to one of a list of questions.
pub fn at<T>(list: &mut [T], position: i64) -> Result<&mut T, Error> {
    usize::try_from(position).ok().and_then(|position| list.get_mut(position)).ok_or_else(|| unstorable("a position"))
}

/// The part of a page's transaction that changes numbers.
pub async fn commit(connection: &mut SqliteConnection, store: &SqliteStore, page: &PageCommit) -> Result<(), Error> {
    let CellsPage { counted, seen, touched, updates } = &page.cells;
    // What was dealt with comes first: a cell that the same page touches again is due all the same.
    if !updates.is_empty() {
        sqlx::query(query!("cell_update")).bind(json(updates)?).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    if !touched.is_empty() {
        touch(connection, touched.iter().copied().collect()).await?;
    }
    if !counted.is_empty() {
        let cells = counted::replace(connection, store, page, counted).await?;
        touch(connection, cells).await?;
    }
    if !seen.is_empty() {
        counted::meet(connection, &store.keys(), page, seen).await?;
    }
    Ok(())
}

async fn touch(connection: &mut SqliteConnection, cells: BTreeSet<CellNumber>) -> Result<(), Error> {
    sqlx::query(query!("cell_touch")).bind(json(&cells)?).execute(connection).await.map_err(sql(WRITING))?;
    Ok(())
}

pub async fn list(store: &SqliteStore, flow: &str, filter: &CellFilter, after: CellNumber, most: usize) -> Result<Vec<CellRow>, Error> {
    let statement = if filter.due { query!("cell_due") } else { query!("cell_list") };
    let rows = sqlx::query(statement)
        .bind(flow)
        .bind(after.0)
        .bind(limit(most))
        .bind(&filter.indicator)
        .bind(&filter.element)
        .bind(&filter.period)
        .bind(&filter.org_unit)
        .bind(&filter.option_combo)
        .bind(&filter.attribute_option_combo)
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    rows::all(&rows, READING, cell)
}

fn cell(row: &SqliteRow) -> Result<CellRow, sqlx::Error> {
    let text = |column| rows::text(row, column);
    Ok(CellRow {
        number: CellNumber(rows::int(row, "id")?),
        cell: Cell {
            indicator: text("indicator")?,
            element: text("element")?,
            period: text("period")?,
            org_unit: text("org_unit")?,
            option_combo: text("option_combo")?,
            attribute_option_combo: text("attribute_option_combo")?,
        },
        value: rows::optional(row, "value")?,
        due: rows::int(row, "due")? != 0,
        late: rows::int(row, "late")? != 0,
    })
}

pub async fn forget(store: &SqliteStore, flow: &str) -> Result<(), Error> {
    let mut tx = store.begin(WRITING).await?;
    forget_all(&mut tx, flow).await?;
    tx.commit().await.map_err(sql(WRITING))
}

pub async fn forget_all(connection: &mut SqliteConnection, flow: &str) -> Result<(), Error> {
    for statement in [
        query!("cells_forget_parts"),
        query!("cells_forget_records"),
        query!("cells_forget_recent"),
        query!("cells_forget_keys"),
        query!("cells_forget"),
    ] {
        sqlx::query(statement).bind(flow).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    counted::removed(connection).await
}
