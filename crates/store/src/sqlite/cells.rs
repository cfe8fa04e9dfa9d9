//! Cells: the numbers that records are counted into, and which of them are due.

use std::collections::BTreeSet;

use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow, CellsPage};
use kivuko_core::error::Error;
use kivuko_core::store::PageCommit;
use sqlx::sqlite::SqliteConnection;

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
    let asked = sqlx::query(query!("cell_numbers")).bind(flow).bind(json(cells)?);
    let mut found = vec![None; cells.len()];
    for (position, number) in rows::lists(asked, &store.readers, READING).await? {
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
    let asked = sqlx::query(statement)
        .bind(flow)
        .bind(after.0)
        .bind(limit(most))
        .bind(&filter.indicator)
        .bind(&filter.element)
        .bind(&filter.period)
        .bind(&filter.org_unit)
        .bind(&filter.option_combo)
        .bind(&filter.attribute_option_combo);
    Ok(rows::lists(asked, &store.readers, READING).await?.into_iter().map(cell).collect())
}

pub async fn of_numbers(store: &SqliteStore, flow: &str, numbers: &[CellNumber]) -> Result<Vec<CellRow>, Error> {
    let asked = sqlx::query(query!("cell_of_numbers")).bind(flow).bind(json(numbers)?);
    Ok(rows::lists(asked, &store.readers, READING).await?.into_iter().map(cell).collect())
}

/// The columns of `cell_list`, `cell_due` and `cell_of_numbers`.
type CellList = (CellNumber, String, String, String, String, String, String, Option<String>, i64, i64);

fn cell((number, indicator, element, period, org_unit, option_combo, attribute_option_combo, value, due, late): CellList) -> CellRow {
    let cell = Cell { indicator, element, period, org_unit, option_combo, attribute_option_combo };
    CellRow { number, cell, value, due: due != 0, late: late != 0 }
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
