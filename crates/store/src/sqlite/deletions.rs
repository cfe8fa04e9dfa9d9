//! Records of targets that Kivuko itself deleted. That is no matter of the history, which goes with time: whether a record may be made again must not depend on how
//! long ago it was deleted.

use kivuko_core::error::Error;
use kivuko_core::store::PageCommit;
use sqlx::sqlite::SqliteConnection;

use super::{SqliteStore, json, query};
use crate::error::sql;

const WRITING: &str = "keeping what was deleted";

pub async fn own(store: &SqliteStore, target_system: &str, ids: &[String]) -> Result<Vec<String>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query_scalar(query!("own_deletion_get"))
        .bind(target_system)
        .bind(json(ids)?)
        .fetch_all(&store.readers)
        .await
        .map_err(sql("reading what was deleted"))
}

/// What the page deleted is put on the list; what it is linked to is there again, and is taken off.
pub async fn commit(connection: &mut SqliteConnection, page: &PageCommit) -> Result<(), Error> {
    if !page.deleted.is_empty() {
        let deleted = json(&page.deleted)?;
        sqlx::query(query!("own_deletion_put")).bind(deleted).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    if page.links.is_empty() {
        return Ok(());
    }
    // Most projects never delete anything: then a page of new links costs no more than this question.
    let any: bool = sqlx::query_scalar(query!("own_deletion_any")).fetch_one(&mut *connection).await.map_err(sql(WRITING))?;
    if any {
        let linked: Vec<(&str, &str)> = page.links.iter().map(|link| (link.target_id.as_str(), link.target_system.as_str())).collect();
        let linked = json(&linked)?;
        sqlx::query(query!("own_deletion_remove")).bind(linked).execute(connection).await.map_err(sql(WRITING))?;
    }
    Ok(())
}
