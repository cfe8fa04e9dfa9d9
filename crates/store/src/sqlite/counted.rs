//! What records are counted for. It is kept twice: with the record, so that it can be taken back, and by cell, so that a number opens to the records behind it.
//!
//! With the record it is put down in the transaction of the page. By cell the parts of new records follow, those of many pages together and in the order of the
//! cells, for else each page would change most of the table. `counted_state` says how far they are, so that a process that is killed leaves nothing open: who reads
//! by cell meanwhile looks through the records behind that mark too, which takes longer and writes nothing.

use std::collections::BTreeSet;

use kivuko_core::cells::{CellNumber, CountedPart, CountedRecord, KnownRecord, PartPlace, PartRow, PartsPage, RecordOfCell, SeenRecord};
use kivuko_core::error::Error;
use kivuko_core::store::{PageCommit, RunId};
use sqlx::Row as _;
use sqlx::sqlite::{SqliteConnection, SqliteExecutor};

use super::cells::{READING, WRITING, at};
use super::rows::{self, limit};
use super::{SqliteStore, json, query};
use crate::error::{sql, unstorable};
use crate::seal::Keys;

/// The parts of so many records come into the order of cells at once, in memory. In tests it happens on the way, too.
const TOGETHER: i64 = if cfg!(test) { 3 } else { 100_000 };

/// So many rows go to SQLite as one text, which it copies several times; and of each page that it changes it keeps a copy until they are all through.
const ROWS_TOGETHER: usize = if cfg!(test) { 2 } else { 1_000 };

/// How many records get their keys at once, in a store of an earlier version.
const KEYED_TOGETHER: i64 = if cfg!(test) { 1 } else { 10_000 };

/// The hash by which the row of a record is found.
fn key(keys: &Keys, source_id: &str) -> i64 {
    let hash = blake3::keyed_hash(&keys.hash, source_id.as_bytes());
    hash.as_bytes()[..8].iter().fold(0, |key, byte| key << 8 | i64::from(*byte))
}

/// A row as it was found.
struct Found {
    /// Which of those that were asked for.
    position: usize,
    number: i64,
    known: KnownRecord,
}

/// Those of these records that are there. They are looked for in the order of their keys: so no page of a table is looked at twice.
async fn find(connection: &mut SqliteConnection, store: &SqliteStore, flow: &str, ids: &[&str]) -> Result<Vec<Found>, Error> {
    let keys = store.keys();
    let mut wanted: Vec<(i64, usize)> = ids.iter().enumerate().map(|(position, id)| (key(&keys, id), position)).collect();
    wanted.sort_unstable();
    let State { last, spread, mark, .. } = state(&mut *connection).await?;
    let settled = if spread > 0 { store.settled.maybe_there(mark, &wanted) } else { Vec::new() };
    let recent = if last > spread { wanted } else { Vec::new() };
    let mut found = Vec::new();
    for (statement, wanted) in [(query!("counted_get_recent"), recent), (query!("counted_get"), settled)] {
        if !wanted.is_empty() {
            found.extend(look(connection, statement, flow, ids, wanted).await?);
        }
    }
    Ok(found)
}

async fn look(
    connection: &mut SqliteConnection,
    statement: &'static str,
    flow: &str,
    ids: &[&str],
    mut wanted: Vec<(i64, usize)>,
) -> Result<Vec<Found>, Error> {
    let asked: Vec<i64> = wanted.iter().map(|(key, _)| *key).collect();
    let rows = sqlx::query(statement).bind(flow).bind(json(&asked)?).fetch_all(connection).await.map_err(sql(READING))?;
    let read = |row: &_| {
        let known = KnownRecord { version: rows::optional(row, "version")?, parts: rows::parsed(row, "parts")? };
        Ok((rows::int(row, "position")?, rows::int(row, "id")?, rows::text(row, "source_id")?, known))
    };
    let mut found = Vec::with_capacity(rows.len());
    for (asked, number, source_id, known) in rows::all(&rows, READING, read)? {
        let position = at(&mut wanted, asked)?.1;
        // Another identity may have the same hash.
        if ids[position] == source_id {
            found.push(Found { position, number, known });
        }
    }
    Ok(found)
}

pub async fn known(store: &SqliteStore, flow: &str, ids: &[String]) -> Result<Vec<Option<KnownRecord>>, Error> {
    let mut known = vec![None; ids.len()];
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut reader = store.readers.begin().await.map_err(sql(READING))?;
    for found in find(&mut reader, store, flow, &ids).await? {
        known[found.position] = Some(found.known);
    }
    Ok(known)
}

/// How far things are.
struct State {
    /// The number of the newest record.
    last: i64,
    keyed: bool,
    spread: i64,
    mark: i64,
}

async fn state(connection: impl SqliteExecutor<'_>) -> Result<State, Error> {
    let row = sqlx::query(query!("counted_state")).fetch_one(connection).await.map_err(sql(READING))?;
    let read = |row: &_| {
        Ok(State {
            last: rows::int(row, "last")?,
            keyed: rows::int(row, "keyed")? != 0,
            spread: rows::int(row, "spread")?,
            mark: rows::int(row, "mark")?,
        })
    };
    rows::one(Some(&row), READING, read)?.ok_or_else(|| unstorable("how far records are put in the order of cells"))
}

/// Replaces what these records count for. Returns the cells that this touches, before or after.
pub async fn replace(
    connection: &mut SqliteConnection,
    store: &SqliteStore,
    page: &PageCommit,
    counted: &[CountedRecord],
) -> Result<BTreeSet<CellNumber>, Error> {
    let ids: Vec<&str> = counted.iter().map(|record| record.source_id.as_str()).collect();
    let keys = &store.keys();
    let before = find(connection, store, &page.flow, &ids).await?;
    let mut is_new = vec![true; counted.len()];
    for found in &before {
        is_new[found.position] = false;
    }
    if !before.is_empty() {
        change(connection, keys, page, counted, &before).await?;
    }
    let mut new: Vec<(i64, &CountedRecord)> = counted
        .iter()
        .zip(is_new)
        .filter(|(record, is_new)| *is_new && record.parts.is_some())
        .map(|(record, _)| (key(keys, &record.source_id), record))
        .collect();
    if !new.is_empty() {
        // Their numbers are given in this order, so that the keys come in the order of their table.
        new.sort_unstable_by(|(key, record), (other_key, other)| (key, &record.source_id).cmp(&(other_key, &other.source_id)));
        if new.windows(2).any(|two| two[0].1.source_id == two[1].1.source_id) {
            return Err(unstorable("a record that stands twice in one page"));
        }
        put(connection, store, page, &new).await?;
    }
    let touched =
        before.iter().flat_map(|found| &found.known.parts).chain(counted.iter().filter_map(|record| record.parts.as_ref()).flatten());
    Ok(touched.map(|part| part.0).collect())
}

async fn put(
    connection: &mut SqliteConnection,
    store: &SqliteStore,
    page: &PageCommit,
    new: &[(i64, &CountedRecord)],
) -> Result<(), Error> {
    let State { last, spread, .. } = state(&mut *connection).await?;
    let first = last + 1;
    let keys: Vec<i64> = new.iter().map(|(key, _)| *key).collect();
    for (begin, rows) in (first..).step_by(ROWS_TOGETHER).zip(new.chunks(ROWS_TOGETHER)) {
        let rows: Vec<_> = rows.iter().map(|(_, record)| (&record.source_id, &record.place, &record.version, &record.parts)).collect();
        let statement = sqlx::query(query!("counted_put")).bind(&page.flow).bind(json(&rows)?).bind(begin).bind(page.run.0);
        statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    sqlx::query(query!("counted_flow_put")).bind(&page.flow).execute(&mut *connection).await.map_err(sql(WRITING))?;
    let statement = sqlx::query(query!("counted_recent_put")).bind(&page.flow).bind(json(&keys)?).bind(first);
    statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
    if last + limit(new.len()) - spread >= TOGETHER {
        spread_parts(connection, store).await?;
    }
    Ok(())
}

/// Records that are there count for something else, or are gone.
async fn change(
    connection: &mut SqliteConnection,
    keys: &Keys,
    page: &PageCommit,
    counted: &[CountedRecord],
    before: &[Found],
) -> Result<(), Error> {
    let spread = state(&mut *connection).await?.spread;
    let (mut gone, mut gone_keys, mut changed) = (Vec::new(), Vec::new(), Vec::new());
    let (mut parts_gone, mut parts_new) = (Vec::new(), Vec::new());
    for Found { position, number, known } in before {
        let record = &counted[*position];
        if let Some(parts) = &record.parts {
            changed.push((number, &record.place, &record.version, parts));
        } else {
            gone.push(number);
            gone_keys.push((key(keys, &record.source_id), number));
        }
        if *number <= spread {
            let parts = record.parts.as_deref().unwrap_or_default();
            parts_gone.extend((0i64..).zip(&known.parts).map(|(position, CountedPart(cell, _))| (*cell, *number, position)));
            parts_new.extend((0i64..).zip(parts).map(|(position, CountedPart(cell, part))| (*cell, *number, position, part)));
        }
    }
    // In the order of their tables: so no page is written twice.
    parts_gone.sort_unstable();
    parts_new.sort_unstable();
    changed.sort_unstable_by_key(|(number, ..)| *number);
    for parts in parts_gone.chunks(ROWS_TOGETHER) {
        let statement = sqlx::query(query!("contribution_remove")).bind(json(parts)?);
        statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    if !gone.is_empty() {
        sqlx::query(query!("counted_remove")).bind(json(&gone)?).execute(&mut *connection).await.map_err(sql(WRITING))?;
        for statement in [query!("counted_recent_remove"), query!("counted_key_remove")] {
            let statement = sqlx::query(statement).bind(&page.flow).bind(json(&gone_keys)?);
            statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
        }
        removed(connection).await?;
    }
    for changed in changed.chunks(ROWS_TOGETHER) {
        let statement = sqlx::query(query!("counted_change")).bind(json(changed)?).bind(page.run.0);
        statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    for parts in parts_new.chunks(ROWS_TOGETHER) {
        sqlx::query(query!("contribution_put")).bind(json(parts)?).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    Ok(())
}

/// After records were removed.
pub async fn removed(connection: &mut SqliteConnection) -> Result<(), Error> {
    sqlx::query(query!("counted_removed")).execute(connection).await.map_err(sql(WRITING))?;
    Ok(())
}

/// Puts down that records were met which count for what they did.
pub async fn meet(connection: &mut SqliteConnection, keys: &Keys, page: &PageCommit, seen: &[SeenRecord]) -> Result<(), Error> {
    let mut met: Vec<(i64, &str, Option<&str>)> =
        seen.iter().map(|one| (key(keys, &one.source_id), one.source_id.as_str(), one.version.as_deref())).collect();
    met.sort_unstable();
    for met in met.chunks(ROWS_TOGETHER) {
        let statement = sqlx::query(query!("counted_seen")).bind(&page.flow).bind(json(met)?).bind(page.run.0);
        statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    Ok(())
}

/// Gives the records of a store of an earlier version their keys, while it is opened.
pub async fn key_all(connection: &mut SqliteConnection, keys: &Keys) -> Result<(), Error> {
    if state(&mut *connection).await?.keyed {
        return Ok(());
    }
    let mut after = 0;
    loop {
        let statement = sqlx::query(query!("counted_list")).bind(after).bind(KEYED_TOGETHER);
        let rows = statement.fetch_all(&mut *connection).await.map_err(sql(READING))?;
        let read = |row: &_| Ok((rows::int(row, "flow")?, key(keys, row.try_get("source_id")?), rows::int(row, "id")?));
        let mut found = rows::all(&rows, READING, read)?;
        let Some(last) = found.last() else { break };
        after = last.2;
        found.sort_unstable();
        sqlx::query(query!("counted_list_key_put")).bind(json(&found)?).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    sqlx::query(query!("counted_keyed")).execute(connection).await.map_err(sql(WRITING))?;
    Ok(())
}

/// Brings the parts of all records into the order of cells.
async fn spread_parts(connection: &mut SqliteConnection, store: &SqliteStore) -> Result<(), Error> {
    let State { last, mut spread, mark, .. } = state(&mut *connection).await?;
    let empty = spread == 0;
    while spread < last {
        let upto = last.min(spread + TOGETHER);
        // They are put in order in memory first.
        let statement = sqlx::query(query!("spreading_put")).bind(spread).bind(upto);
        statement.execute(&mut *connection).await.map_err(sql(WRITING))?;
        for statement in [query!("contribution_spread"), query!("spreading_clear")] {
            sqlx::query(statement).execute(&mut *connection).await.map_err(sql(WRITING))?;
        }
        spread = upto;
    }
    let keys: String = sqlx::query_scalar(query!("counted_recent_keys")).fetch_one(&mut *connection).await.map_err(sql(READING))?;
    let keys: Vec<i64> = serde_json::from_str(&keys).map_err(|_| unstorable("a key"))?;
    for statement in [query!("counted_key_settle"), query!("counted_recent_clear")] {
        sqlx::query(statement).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    let new_mark = sqlx::query_scalar(query!("contribution_spread_to")).bind(spread).fetch_one(connection).await.map_err(sql(WRITING))?;
    store.settled.add((!empty).then_some(mark), new_mark, &keys);
    Ok(())
}

/// Brings all parts into the order of cells. Reading does without it, so that who only reads writes nothing.
pub async fn settle_parts(store: &SqliteStore) -> Result<(), Error> {
    let State { last, spread, .. } = state(&store.readers).await?;
    if spread < last {
        let mut tx = store.begin(WRITING).await?;
        spread_parts(&mut tx, store).await?;
        tx.commit().await.map_err(sql(WRITING))?;
    }
    Ok(())
}

pub async fn parts(store: &SqliteStore, cells: &[CellNumber], after: PartPlace, most: usize) -> Result<PartsPage, Error> {
    let mut reader = store.readers.begin().await.map_err(sql(READING))?;
    let State { last, spread, .. } = state(&mut *reader).await?;
    let all_in_order = spread >= last;
    let begin = |cell: CellNumber| if cell == after.cell { (cell, after.record, after.position) } else { (cell, -1, -1) };
    let wanted: BTreeSet<_> = cells.iter().copied().filter(|cell| *cell >= after.cell).map(begin).collect();
    let wanted = json(&wanted)?;
    let statement =
        if all_in_order { query!("contribution_nth") } else { concat!(query!("contribution_recent"), query!("contribution_nth_recent")) };
    let last = sqlx::query(statement)
        .bind(&wanted)
        .bind(limit(most.saturating_sub(1)))
        .fetch_optional(&mut *reader)
        .await
        .map_err(sql(READING))?;
    let place = |row: &_| {
        let cell = CellNumber(rows::int(row, "cell")?);
        Ok(PartPlace { cell, record: rows::int(row, "record")?, position: rows::int(row, "position")? })
    };
    let next = rows::one(last.as_ref(), READING, place)?;
    let statement =
        if all_in_order { query!("contribution_list") } else { concat!(query!("contribution_recent"), query!("contribution_list_recent")) };
    let found = sqlx::query(statement).bind(&wanted).bind(limit(most)).fetch_all(&mut *reader).await.map_err(sql(READING))?;
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

pub async fn unseen(store: &SqliteStore, flow: &str, run: RunId, after: i64, most: usize) -> Result<Vec<(i64, String)>, Error> {
    let rows = sqlx::query(query!("counted_unseen"))
        .bind(flow)
        .bind(run.0)
        .bind(after)
        .bind(limit(most))
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    rows::all(&rows, READING, |row| Ok((rows::int(row, "id")?, rows::text(row, "source_id")?)))
}

pub async fn count(store: &SqliteStore, flow: &str) -> Result<u64, Error> {
    let many: Option<i64> =
        sqlx::query_scalar(query!("counted_count")).bind(flow).fetch_optional(&store.readers).await.map_err(sql(READING))?;
    u64::try_from(many.unwrap_or_default()).map_err(|_| unstorable("a count"))
}
