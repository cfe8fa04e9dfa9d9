//! Earlier values of what runs wrote. Those of a page are one row, in the order in which they were written, sealed as one.
//!
//! Rows of before hold one value each.

use kivuko_core::connector::Action;
use kivuko_core::error::Error;
use kivuko_core::store::{Kept, PageCommit, RunId};
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::{SqliteStore, check_generation, json, query, rows};
use crate::error::{sql, unstorable};
use crate::seal::{Keys, Table};

const READING: &str = "reading earlier values";
const WRITING: &str = "keeping earlier values";

/// The `action` of a row that holds those of a page.
const PAGE: &str = "page";

/// How many bits of a value's number say in which row it is; those above say where in that row.
const ROW_BITS: u32 = 40;

/// What stands before the values of a page, which follow in its order: `Kept` with the length of its value. It is stored so, by place: source id, part, resource and id in the target, action, version.
type Head<'k> = Vec<(&'k str, &'k str, &'k str, &'k str, Action, Option<&'k str>, usize)>;
type HeadRead = Vec<(String, String, String, String, Action, Option<String>, usize)>;

pub async fn put(connection: &mut SqliteConnection, keys: &Keys, page: &PageCommit) -> Result<(), Error> {
    if page.kept.is_empty() {
        return Ok(());
    }
    check_generation(connection, keys).await?;
    let id: i64 = sqlx::query_scalar(query!("kept_next")).fetch_one(&mut *connection).await.map_err(sql(WRITING))?;
    let (run, number) = (page.run.to_string(), id.to_string());
    let sealed = keys.seal(Table::Kept, &owner(&run, "", "", "", &number), &packed(&page.kept)?)?;
    sqlx::query(query!("kept_put"))
        .bind(id)
        .bind(page.run.0)
        .bind(number)
        .bind(PAGE)
        .bind(sealed)
        .execute(connection)
        .await
        .map_err(sql(WRITING))?;
    Ok(())
}

fn packed(kept: &[Kept]) -> Result<Vec<u8>, Error> {
    let head: Head<'_> = kept
        .iter()
        .map(|Kept { source_id, part, target_resource, target_id, action, version, before }| {
            (source_id.as_str(), part.as_str(), target_resource.as_str(), target_id.as_str(), *action, version.as_deref(), before.len())
        })
        .collect();
    let head = json(&head)?.into_bytes();
    let mut bytes = Vec::with_capacity(8 + head.len() + kept.iter().map(|kept| kept.before.len()).sum::<usize>());
    bytes.extend((head.len() as u64).to_le_bytes());
    bytes.extend(head);
    for kept in kept {
        bytes.extend(&kept.before);
    }
    Ok(bytes)
}

fn unpacked(bytes: &[u8]) -> Option<Vec<Kept>> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (head, mut values) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let head: HeadRead = serde_json::from_slice(head).ok()?;
    head.into_iter()
        .map(|(source_id, part, target_resource, target_id, action, version, length)| {
            let (before, rest) = values.split_at_checked(length)?;
            values = rest;
            Some(Kept { source_id, part, target_resource, target_id, action, version, before: before.to_vec() })
        })
        .collect()
}

/// The row that an earlier value belongs to; of those of a page the last one is the number of the row.
const fn owner<'a>(run: &'a str, source_id: &'a str, part: &'a str, resource: &'a str, id: &'a str) -> [&'a str; 5] {
    [run, source_id, part, resource, id]
}

/// The newest first, row by row: a row may be long.
pub async fn list(store: &SqliteStore, run: RunId, before: i64, most: usize) -> Result<Vec<(i64, Kept)>, Error> {
    let mut list: Vec<(i64, Kept)> = Vec::new();
    let (mut row, mut place) = (before & ((1 << ROW_BITS) - 1), before >> ROW_BITS);
    if place == 0 {
        // Its first value was the last of the page before.
        (row, place) = (row - 1, i64::MAX);
    }
    while list.len() < most {
        let asked = sqlx::query(query!("kept_last")).bind(run.0).bind(row);
        let Some(found) = asked.fetch_optional(&store.readers).await.map_err(sql(READING))? else { break };
        let id = rows::int(&found, "id").map_err(sql(READING))?;
        let values = of_row(store, run, &found).await?;
        let open = if id == row { usize::try_from(place).unwrap_or_default() } else { usize::MAX };
        let numbered = (0..).zip(values).take(open).map(|(place, kept): (i64, _)| (id | place << ROW_BITS, kept));
        let mut numbered: Vec<_> = numbered.collect();
        numbered.reverse();
        numbered.truncate(most - list.len());
        list.append(&mut numbered);
        (row, place) = (id - 1, i64::MAX);
    }
    Ok(list)
}

async fn of_row(store: &SqliteStore, run: RunId, row: &SqliteRow) -> Result<Vec<Kept>, Error> {
    let text = |column| rows::text(row, column).map_err(sql(READING));
    let (source_id, part) = (text("source_id")?, text("part")?);
    let (target_resource, target_id) = (text("target_resource")?, text("target_id")?);
    let mut before = rows::bytes(row, "before_sealed").map_err(sql(READING))?;
    // What was there before a creation is nothing, which is no secret.
    if !before.is_empty() {
        before = store.unseal(Table::Kept, &owner(&run.to_string(), &source_id, &part, &target_resource, &target_id), &before).await?;
    }
    if text("action")? == PAGE {
        return unpacked(&before).ok_or_else(|| unstorable("a page of earlier values"));
    }
    let (action, version) = (rows::word(row, "action").map_err(sql(READING))?, rows::optional(row, "version").map_err(sql(READING))?);
    Ok(vec![Kept { source_id, part, target_resource, target_id, action, version, before }])
}
