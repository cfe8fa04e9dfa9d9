//! Indexes of the people that targets hold.

use kivuko_core::error::Error;
use kivuko_core::people::{FoundPerson, PeopleCount, PeoplePage, PersonRow};
use kivuko_core::record::{Cursor, Partition};
use serde::Serialize;
use sqlx::sqlite::SqliteConnection;

use super::rows;
use super::{SqliteStore, check_generation, json, query};
use crate::error::{sql, unstorable};
use crate::seal::{Keys, Table, hex};

const READING: &str = "reading an index of people";
const WRITING: &str = "keeping an index of people";

pub async fn open(store: &SqliteStore, index: &str, system: &str, shape: &str) -> Result<Vec<(Partition, Cursor)>, Error> {
    let mut tx = store.begin(WRITING).await?;
    let row = sqlx::query(query!("people_open")).bind(index).fetch_optional(&mut *tx).await.map_err(sql(READING))?;
    let known = rows::one(row.as_ref(), READING, |row| rows::text(row, "shape"))?;
    if known.as_deref() != Some(shape) {
        sqlx::query(query!("people_forget")).bind(index).execute(&mut *tx).await.map_err(sql(WRITING))?;
        sqlx::query(query!("people_begin")).bind(index).bind(system).bind(shape).execute(&mut *tx).await.map_err(sql(WRITING))?;
    }
    let cursors = sqlx::query(query!("people_cursors")).bind(index).fetch_all(&mut *tx).await.map_err(sql(READING))?;
    let cursors = rows::all(&cursors, READING, |row| {
        let time = rows::optional(row, "time")?.and_then(|time| time.parse().ok());
        Ok((Partition(rows::text(row, "partition")?), Cursor { value: rows::text(row, "value")?, time }))
    })?;
    tx.commit().await.map_err(sql(WRITING))?;
    Ok(cursors)
}

pub async fn forget(store: &SqliteStore, index: &str) -> Result<(), Error> {
    sqlx::query(query!("people_forget")).bind(index).execute(&store.writer).await.map_err(sql(WRITING))?;
    Ok(())
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a str,
    body: String,
    keys: &'a [i64],
}

pub async fn put(store: &SqliteStore, index: &str, page: &PeoplePage) -> Result<(), Error> {
    let keys = store.keys();
    let mut tx = store.begin(WRITING).await?;
    check_generation(&mut tx, &keys).await?;
    let row = sqlx::query(query!("people_open")).bind(index).fetch_optional(&mut *tx).await.map_err(sql(READING))?;
    let id = rows::one(row.as_ref(), READING, |row| rows::int(row, "id"))?
        .ok_or_else(|| unstorable("people of an index that was not opened"))?;
    // Who comes again comes in the place of what was known.
    let gone: Vec<&str> = page.gone.iter().map(String::as_str).chain(page.put.iter().map(|person| person.id.as_str())).collect();
    if !gone.is_empty() {
        sqlx::query(query!("people_remove")).bind(id).bind(json(&gone)?).execute(&mut *tx).await.map_err(sql(WRITING))?;
    }
    put_rows(&mut tx, &keys, index, id, &page.put).await?;
    if let Some((partition, cursor)) = &page.cursor {
        sqlx::query(query!("people_cursor_put"))
            .bind(id)
            .bind(&partition.0)
            .bind(&cursor.value)
            .bind(cursor.time.map(|time| time.to_string()))
            .execute(&mut *tx)
            .await
            .map_err(sql(WRITING))?;
    }
    tx.commit().await.map_err(sql(WRITING))
}

async fn put_rows(connection: &mut SqliteConnection, keys: &Keys, index: &str, id: i64, people: &[PersonRow]) -> Result<(), Error> {
    // Somebody who stands twice in a page counts as the last time.
    let mut last: std::collections::BTreeMap<&str, &PersonRow> = std::collections::BTreeMap::new();
    for person in people {
        last.insert(&person.id, person);
    }
    if last.is_empty() {
        return Ok(());
    }
    let rows = last
        .values()
        .map(|person| {
            let sealed = keys.seal(Table::Person, &[index, &person.id], &person.body)?;
            Ok(Row { id: &person.id, body: hex(&sealed), keys: &person.keys })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let rows = json(&rows)?;
    sqlx::query(query!("people_put")).bind(id).bind(&rows).execute(&mut *connection).await.map_err(sql(WRITING))?;
    sqlx::query(query!("people_key_put")).bind(id).bind(&rows).execute(connection).await.map_err(sql(WRITING))?;
    Ok(())
}

pub async fn find(store: &SqliteStore, index: &str, keys: &[i64]) -> Result<Vec<FoundPerson>, Error> {
    let rows = sqlx::query(query!("people_find")).bind(index).bind(json(keys)?).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let read = |row: &_| {
        Ok(FoundPerson { key: rows::int(row, "key")?, id: rows::text(row, "target_id")?, body: rows::bytes(row, "body_sealed")? })
    };
    let mut found = rows::all(&rows, READING, read)?;
    for one in &mut found {
        one.body = store.unseal(Table::Person, &[index, &one.id], &one.body).await?;
    }
    Ok(found)
}

pub async fn count(store: &SqliteStore, index: &str, keys: &[i64]) -> Result<PeopleCount, Error> {
    let many = |count: i64| u64::try_from(count).map_err(|_| unstorable("a count"));
    let people: i64 = sqlx::query_scalar(query!("people_total")).bind(index).fetch_one(&store.readers).await.map_err(sql(READING))?;
    let rows = sqlx::query(query!("people_count")).bind(index).bind(json(keys)?).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let with = rows::all(&rows, READING, |row| Ok((rows::int(row, "key")?, rows::int(row, "many")?)))?;
    Ok(PeopleCount {
        people: many(people)?,
        with: with.into_iter().map(|(key, count)| Ok((key, many(count)?))).collect::<Result<_, Error>>()?,
    })
}
