//! Rows on their way into groups: blocks that are written once, read a few times and dropped. Encrypted, since they are people's data.

use kivuko_core::error::Error;

use super::{SqliteStore, check_generation, query};
use crate::error::sql;
use crate::seal::Table;

const WRITING: &str = "putting rows aside";

/// How many blocks go at once: others who want to write wait for no longer than this takes.
const PART: i64 = 64;

/// The place that a block belongs to.
fn place(owner: &str, chunk: u32, block: u32) -> [String; 3] {
    [owner.to_owned(), chunk.to_string(), block.to_string()]
}

pub async fn put(store: &SqliteStore, owner: &str, chunk: u32, blocks: &[Vec<u8>]) -> Result<(), Error> {
    let keys = store.keys();
    let mut tx = store.begin(WRITING).await?;
    check_generation(&mut tx, &keys).await?;
    for (block, rows) in (0u32..).zip(blocks) {
        let sealed = keys.seal(Table::Spill, &place(owner, chunk, block).each_ref().map(String::as_str), rows)?;
        sqlx::query(query!("spill_put")).bind(owner).bind(chunk).bind(block).bind(sealed).execute(&mut *tx).await.map_err(sql(WRITING))?;
    }
    tx.commit().await.map_err(sql(WRITING))
}

pub async fn get(store: &SqliteStore, owner: &str, chunk: u32, block: u32) -> Result<Option<Vec<u8>>, Error> {
    let sealed: Option<Vec<u8>> = sqlx::query_scalar(query!("spill_get"))
        .bind(owner)
        .bind(chunk)
        .bind(block)
        .fetch_optional(&store.readers)
        .await
        .map_err(sql("reading rows that were put aside"))?;
    let Some(sealed) = sealed else { return Ok(None) };
    store.unseal(Table::Spill, &place(owner, chunk, block).each_ref().map(String::as_str), &sealed).await.map(Some)
}

pub async fn drop(store: &SqliteStore, owner: &str) -> Result<(), Error> {
    loop {
        let doing = "dropping rows that were put aside";
        let dropped = sqlx::query(query!("spill_drop")).bind(owner).bind(PART).execute(&store.writer).await.map_err(sql(doing))?;
        if dropped.rows_affected() == 0 {
            return Ok(());
        }
    }
}
