//! Links and what was last sent.

use kivuko_core::catalogue::store as codes;
use kivuko_core::connector::Key;
use kivuko_core::error::Error;
use kivuko_core::store::{Link, PageCommit, Reference, RunId, Sent, SourceKey};
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row as _};

use super::rows::{self, limit};
use super::{SqliteStore, json, many, query};
use crate::error::sql;

const READING: &str = "reading the links";
const WRITING: &str = "keeping the links of a page";

fn links(rows: &[SqliteRow]) -> Result<Vec<Link>, Error> {
    rows::all(rows, READING, rows::link)
}

pub async fn by_source(store: &SqliteStore, system: &str, resource: &str, ids: &[String], target_system: &str) -> Result<Vec<Link>, Error> {
    let asked = sqlx::query(query!("link_by_source")).bind(system).bind(resource).bind(json(ids)?).bind(target_system);
    Ok(rows::lists(asked, &store.readers, READING).await?.into_iter().map(rows::link_of).collect())
}

pub async fn by_key(store: &SqliteStore, system: &str, resource: &str, keys: &[Key]) -> Result<Vec<Link>, Error> {
    let texts = keys.iter().map(|key| json(&key.0)).collect::<Result<Vec<_>, _>>()?;
    let rows = sqlx::query(query!("link_by_key"))
        .bind(system)
        .bind(resource)
        .bind(json(&texts)?)
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    links(&rows)
}

pub async fn by_target(store: &SqliteStore, system: &str, resource: &str, ids: &[String]) -> Result<Vec<Link>, Error> {
    let rows = sqlx::query(query!("link_by_target"))
        .bind(system)
        .bind(resource)
        .bind(json(ids)?)
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    links(&rows)
}

pub async fn between(
    store: &SqliteStore,
    source: (&str, &str),
    target: (&str, &str),
    after: i64,
    most: usize,
) -> Result<Vec<(i64, Link)>, Error> {
    let rows = sqlx::query(query!("link_between"))
        .bind(source.0)
        .bind(source.1)
        .bind(target.0)
        .bind(target.1)
        .bind(after)
        .bind(limit(most))
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    rows::all(&rows, READING, |row| Ok((rows::int(row, "id")?, rows::link(row)?)))
}

/// Goes on after the source id of the last link of the page before. A page may be a little longer than asked for: it ends with a whole source record.
pub async fn unseen(store: &SqliteStore, flow: &str, run: RunId, after: &str, most: usize) -> Result<Vec<Link>, Error> {
    let rows = sqlx::query(query!("link_unseen"))
        .bind(flow)
        .bind(run.0)
        .bind(after)
        .bind(limit(most))
        .fetch_all(&store.readers)
        .await
        .map_err(sql(READING))?;
    links(&rows)
}

pub async fn some(store: &SqliteStore, flow: &str, share: f64, most: usize) -> Result<Vec<Link>, Error> {
    let rows =
        sqlx::query(query!("link_some")).bind(flow).bind(share).bind(limit(most)).fetch_all(&store.readers).await.map_err(sql(READING))?;
    links(&rows)
}

pub async fn count(store: &SqliteStore, flow: &str) -> Result<u64, Error> {
    let count: i64 =
        sqlx::query_scalar(query!("link_count")).bind(flow).fetch_one(&store.readers).await.map_err(sql("counting the links"))?;
    Ok(count.unsigned_abs())
}

pub async fn sent(store: &SqliteStore, flow: &str, source_ids: &[String]) -> Result<Vec<Sent>, Error> {
    let asked = sqlx::query(query!("sent_get")).bind(flow).bind(json(source_ids)?);
    Ok(rows::lists(asked, &store.readers, "reading what was last sent").await?.into_iter().map(rows::sent_of).collect())
}

/// The link of the record itself comes before those of its parts.
pub async fn resolve(store: &SqliteStore, references: &[Reference]) -> Result<Vec<Option<Link>>, Error> {
    let rows = sqlx::query(query!("link_resolve")).bind(json(references)?).fetch_all(&store.readers).await.map_err(sql(READING))?;
    let mut found = vec![None; references.len()];
    for row in &rows {
        let place = usize::try_from(rows::int(row, "wanted").map_err(sql(READING))?).ok().and_then(|place| found.get_mut(place));
        if let Some(place @ None) = place {
            *place = Some(rows::link(row).map_err(sql(READING))?);
        }
    }
    Ok(found)
}

/// Forgets links whose record is gone, and that something was sent to it.
pub async fn remove(connection: &mut SqliteConnection, page: &PageCommit) -> Result<(), Error> {
    if page.unlinked.is_empty() {
        return Ok(());
    }
    let gone = json(&page.unlinked)?;
    sqlx::query(query!("sent_remove")).bind(&page.flow).bind(&gone).execute(&mut *connection).await.map_err(sql(WRITING))?;
    sqlx::query(query!("link_remove")).bind(&gone).execute(&mut *connection).await.map_err(sql(WRITING))?;
    Ok(())
}

pub async fn put(connection: &mut SqliteConnection, page: &PageCommit) -> Result<(), Error> {
    if page.links.is_empty() {
        return Ok(());
    }
    let mut routes = Routes::default();
    let mut links = Vec::with_capacity(page.links.len());
    for link in &page.links {
        links.push((link, routes.of(connection, link).await?, json(&link.key.0)?));
    }
    let last: i64 = sqlx::query_scalar(query!("link_last")).fetch_one(&mut *connection).await.map_err(sql(WRITING))?;
    let mut put = put_all(connection, &links).await;
    if put.as_ref().is_err_and(is_taken) {
        // Two links of the page may exchange their keys, which is rare: then all that change theirs let go of it first.
        let new = json(&page.links)?;
        sqlx::query(query!("link_free_keys")).bind(&new).execute(&mut *connection).await.map_err(sql(WRITING))?;
        put = put_all(connection, &links).await;
    }
    if let Err(error) = put {
        // The transaction can still be asked who stands in the way.
        let taken = if is_taken(&error) { key_taken(connection, &json(&page.links)?).await? } else { None };
        return Err(taken.unwrap_or_else(|| sql(WRITING)(error)));
    }
    let made: i64 = sqlx::query_scalar(query!("link_made")).bind(last).fetch_one(&mut *connection).await.map_err(sql(WRITING))?;
    if made.unsigned_abs() < page.links.len() as u64 {
        // Those that were there may be another flow's.
        let used = json(&page.links)?;
        sqlx::query(query!("link_use_put")).bind(&page.flow).bind(used).execute(&mut *connection).await.map_err(sql(WRITING))?;
    }
    Ok(())
}

/// The numbers of the routes that the links of a page have: mostly one.
#[derive(Default)]
struct Routes<'l>(Vec<([&'l str; 4], i64)>);

impl<'l> Routes<'l> {
    async fn of(&mut self, connection: &mut SqliteConnection, link: &'l Link) -> Result<i64, Error> {
        let ends = [&link.source.system, &link.source.resource, &link.target_system, &link.target_resource].map(String::as_str);
        if let Some((_, route)) = self.0.iter().find(|(known, _)| *known == ends) {
            return Ok(*route);
        }
        let asked = |statement| ends.iter().fold(sqlx::query_scalar(statement), |asked, end| asked.bind(*end));
        let route = match asked(query!("route_get")).fetch_optional(&mut *connection).await.map_err(sql(WRITING))? {
            Some(route) => route,
            None => asked(query!("route_put")).fetch_one(connection).await.map_err(sql(WRITING))?,
        };
        self.0.push((ends, route));
        Ok(route)
    }
}

/// All of them, or none: what fails leaves nothing behind.
async fn put_all(connection: &mut SqliteConnection, links: &[(&Link, i64, String)]) -> Result<(), sqlx::Error> {
    let mut part = connection.begin().await?;
    many::put(&mut part, query!("link_put"), links, |filling, (link, route, key)| {
        filling
            .bind(*route)
            .bind(link.source.id.as_str())
            .bind(link.part.as_str())
            .bind(link.target_id.as_str())
            .bind(key.as_str())
            .bind(link.flow.as_str())
            .bind(link.created)
            .bind(link.seen.0)
            .bind(link.version.as_deref())
    })
    .await?;
    part.commit().await
}

fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

/// Names the two source records that claim one key. Never the key: it may be a document number.
async fn key_taken(connection: &mut SqliteConnection, new: &str) -> Result<Option<Error>, Error> {
    let Some(row) = sqlx::query(query!("link_key_conflict")).bind(new).fetch_optional(connection).await.map_err(sql(WRITING))? else {
        return Ok(None);
    };
    let column = |index: usize| row.try_get::<&str, _>(index).map_err(sql(WRITING));
    Ok(Some(Error::stop(
        codes::KEY_TAKEN,
        format!(
            "the source records `{}` and `{}` claim the same record of {}/{} by their key; the page was not kept",
            column(0)?,
            column(1)?,
            column(2)?,
            column(3)?
        ),
    )))
}

pub async fn mark_seen(connection: &mut SqliteConnection, run: RunId, seen: &[SourceKey]) -> Result<(), Error> {
    if seen.is_empty() {
        return Ok(());
    }
    sqlx::query(query!("link_seen")).bind(run.0).bind(json(seen)?).execute(connection).await.map_err(sql(WRITING))?;
    Ok(())
}

pub async fn put_sent(connection: &mut SqliteConnection, sent: &[Sent]) -> Result<(), Error> {
    let rows = sent.iter().map(|sent| Ok((sent, json(&*sent.fields)?))).collect::<Result<Vec<_>, Error>>()?;
    many::put(connection, query!("sent_put"), &rows, |filling, (sent, fields)| {
        filling
            .bind(sent.flow.as_str())
            .bind(sent.source_id.as_str())
            .bind(sent.part.as_str())
            .bind(sent.hash.as_str())
            .bind(fields.as_str())
            .bind(sent.source_version.as_deref())
            .bind(sent.run.0)
    })
    .await
    .map_err(sql("keeping what was sent"))
}
