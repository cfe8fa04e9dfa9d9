//! Cells and what records are counted for. What is counted of a record is kept twice: with the record, so that it can be taken back, and by cell, so that a
//! number opens to the records behind it. Both change in the transaction of the page.

use std::collections::BTreeSet;

use kivuko_core::cells::{
    Cell, CellFilter, CellNumber, CellRow, CellsPage, CountedPart, CountedRecord, KnownRecord, PartPlace, PartRow, PartsPage, RecordOfCell,
};
use kivuko_core::error::Error;
use kivuko_core::store::{PageCommit, RunId};
use serde::Serialize;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::rows::{self, limit};
use super::{SqliteStore, json, query};
use crate::error::{sql, unstorable};

const READING: &str = "reading what records are counted for";
const WRITING: &str = "keeping what records are counted for";

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
fn at<T>(list: &mut [T], position: i64) -> Result<&mut T, Error> {
    usize::try_from(position).ok().and_then(|position| list.get_mut(position)).ok_or_else(|| unstorable("a position"))
}

pub async fn counted(store: &SqliteStore, flow: &str, ids: &[String]) -> Result<Vec<Option<KnownRecord>>, Error> {
    let rows = sqlx::query(query!("counted_get")).bind(flow).bind(json(ids)?).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let mut found = vec![None; ids.len()];
    let read = |row: &_| {
        let known = KnownRecord { version: rows::optional(row, "version")?, parts: rows::parsed(row, "parts")? };
        Ok((rows::int(row, "position")?, known))
    };
    for (position, known) in rows::all(&rows, READING, read)? {
        *at(&mut found, position)? = Some(known);
    }
    Ok(found)
}

#[derive(Serialize)]
struct Counted<'a> {
    source_id: &'a str,
    place: &'a str,
    version: Option<&'a str>,
    parts: &'a [CountedPart],
}

impl<'a> Counted<'a> {
    /// The row of a record; none of one that is gone.
    fn of(record: &'a CountedRecord) -> Option<Self> {
        let CountedRecord { source_id, place, version, parts } = record;
        Some(Self { source_id, place, version: version.as_deref(), parts: parts.as_deref()? })
    }
}

/// The part of a page's transaction that changes numbers.
pub async fn commit(connection: &mut SqliteConnection, page: &PageCommit) -> Result<(), Error> {
    let CellsPage { counted, seen, touched, updates } = &page.cells;
    // What was dealt with comes first: a cell that the same page touches again is due all the same.
    if !updates.is_empty() {
        sqlx::query(query!("cell_update")).bind(json(updates)?).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    if !touched.is_empty() {
        touch(connection, touched.iter().copied().collect()).await?;
    }
    if !counted.is_empty() {
        recount(connection, page, counted).await?;
    }
    if !seen.is_empty() {
        let seen = json(seen)?;
        let statement = sqlx::query(query!("counted_seen")).bind(&page.flow).bind(seen).bind(page.run.0);
        statement.execute(connection).await.map_err(sql(WRITING))?;
    }
    Ok(())
}

async fn recount(connection: &mut SqliteConnection, page: &PageCommit, counted: &[CountedRecord]) -> Result<(), Error> {
    let ids: Vec<&str> = counted.iter().map(|record| record.source_id.as_str()).collect();
    let ids = json(&ids)?;
    let before = sqlx::query(query!("counted_get")).bind(&page.flow).bind(&ids).fetch_all(&mut *connection).await.map_err(sql(READING))?;
    let before: Vec<Vec<CountedPart>> = rows::all(&before, READING, |row| rows::parsed(row, "parts"))?;
    if !before.is_empty() {
        sqlx::query(query!("contribution_remove")).bind(&page.flow).bind(&ids).execute(&mut *connection).await.map_err(sql(WRITING))?;
        // Those that are there still keep their number.
        let gone = counted.iter().filter(|record| record.parts.is_none()).map(|record| record.source_id.as_str());
        let gone = json(&gone.collect::<Vec<_>>())?;
        sqlx::query(query!("counted_remove")).bind(&page.flow).bind(gone).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    let mut records: Vec<Counted<'_>> = counted.iter().filter_map(Counted::of).collect();
    if !records.is_empty() {
        // In the order of the index: identities come from all over it.
        records.sort_unstable_by_key(|record| record.source_id);
        let records = json(&records)?;
        let statement = sqlx::query(query!("counted_put")).bind(&page.flow).bind(&records).bind(page.run.0);
        statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
        sqlx::query(query!("contribution_put")).bind(&page.flow).bind(&records).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    let touched: BTreeSet<CellNumber> =
        before.iter().flatten().chain(counted.iter().filter_map(|record| record.parts.as_ref()).flatten()).map(|part| part.0).collect();
    touch(connection, touched).await
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

pub async fn parts(store: &SqliteStore, cells: &[CellNumber], after: PartPlace, most: usize) -> Result<PartsPage, Error> {
    let begin = |cell: CellNumber| if cell == after.cell { (cell, after.record, after.position) } else { (cell, -1, -1) };
    let wanted: BTreeSet<_> = cells.iter().copied().filter(|cell| *cell >= after.cell).map(begin).collect();
    let wanted = json(&wanted)?;
    let last = sqlx::query(query!("contribution_nth"))
        .bind(&wanted)
        .bind(limit(most.saturating_sub(1)))
        .fetch_optional(&store.readers)
        .await
        .map_err(sql(READING))?;
    let place = |row: &_| {
        let cell = CellNumber(rows::int(row, "cell")?);
        Ok(PartPlace { cell, record: rows::int(row, "record")?, position: rows::int(row, "position")? })
    };
    let next = rows::one(last.as_ref(), READING, place)?;
    let found =
        sqlx::query(query!("contribution_list")).bind(&wanted).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let row = |row: &_| Ok((CellNumber(rows::int(row, "cell")?), rows::text(row, "part")?, rows::int(row, "many")?));
    let rows = rows::all(&found, READING, row)?.into_iter().map(|(cell, part, many)| {
        let many = u64::try_from(many).map_err(|_| unstorable("a count"))?;
        Ok(PartRow { cell, part, many })
    });
    Ok(PartsPage { rows: rows.collect::<Result<_, Error>>()?, next })
}

pub async fn records(store: &SqliteStore, cell: CellNumber, after: &str, most: usize) -> Result<Vec<RecordOfCell>, Error> {
    let rows = sqlx::query(query!("cell_records"))
        .bind(cell.0)
        .bind(after)
        .bind(limit(most))
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    rows::all(&rows, READING, |row| {
        Ok(RecordOfCell {
            source_id: rows::text(row, "source_id")?,
            place: rows::text(row, "place")?,
            run: RunId(rows::int(row, "run")?),
            part: rows::text(row, "part")?,
        })
    })
}

pub async fn unseen(store: &SqliteStore, flow: &str, run: RunId, after: &str, most: usize) -> Result<Vec<String>, Error> {
    sqlx::query_scalar(query!("counted_unseen"))
        .bind(flow)
        .bind(run.0)
        .bind(after)
        .bind(limit(most))
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))
}

pub async fn count(store: &SqliteStore, flow: &str) -> Result<u64, Error> {
    let many: i64 = sqlx::query_scalar(query!("counted_count")).bind(flow).fetch_one(&store.readers).await.map_err(sql(READING))?;
    u64::try_from(many).map_err(|_| unstorable("a count"))
}

pub async fn forget(store: &SqliteStore, flow: &str) -> Result<(), Error> {
    let mut tx = store.begin(WRITING).await?;
    forget_all(&mut tx, flow).await?;
    tx.commit().await.map_err(sql(WRITING))
}

pub async fn forget_all(connection: &mut SqliteConnection, flow: &str) -> Result<(), Error> {
    for statement in [query!("cells_forget_parts"), query!("cells_forget_records"), query!("cells_forget")] {
        sqlx::query(statement).bind(flow).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    Ok(())
}
