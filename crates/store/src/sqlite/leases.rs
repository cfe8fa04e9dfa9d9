//! Leases with their fences, the shared session, and who is behind the name of a system.

use jiff::Timestamp;
use kivuko_core::connector::{Identity, Shared};
use kivuko_core::error::Error;
use kivuko_core::store::Lease;
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, micros};
use super::{SqliteStore, cells, check_generation, json, query};
use crate::error::{sql, unstorable};
use crate::seal::Table;

const LEASES: &str = "taking a lease";
const SESSIONS: &str = "keeping a session";

/// Every taking raises the fence, also one's own: whoever took it before has lost it.
pub async fn acquire(
    store: &SqliteStore,
    name: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Result<Lease, Lease>, Error> {
    let mut tx = store.begin(LEASES).await?;
    let taken = sqlx::query(query!("lease_acquire"))
        .bind(name)
        .bind(holder)
        .bind(micros(now))
        .bind(micros(until))
        .fetch_optional(&mut *tx)
        .await
        .map_err(sql(LEASES))?;
    let lease = if let Some(row) = taken {
        Ok(rows::lease(&row).map_err(sql(LEASES))?)
    } else {
        let row = sqlx::query(query!("lease_get")).bind(name).fetch_one(&mut *tx).await.map_err(sql(LEASES))?;
        Err(rows::lease(&row).map_err(sql(LEASES))?)
    };
    tx.commit().await.map_err(sql(LEASES))?;
    Ok(lease)
}

/// Who holds it.
pub async fn get(store: &SqliteStore, name: &str) -> Result<Option<Lease>, Error> {
    let doing = "looking at a lease";
    let row = sqlx::query(query!("lease_get")).bind(name).fetch_optional(&store.readers).await.map_err(sql(doing))?;
    let lease = rows::one(row.as_ref(), doing, rows::lease)?;
    Ok(lease.filter(|lease| !lease.holder.is_empty()))
}

pub async fn renew(store: &SqliteStore, lease: &Lease, until: Timestamp) -> Result<bool, Error> {
    let done = sqlx::query(query!("lease_renew"))
        .bind(&lease.name)
        .bind(&lease.holder)
        .bind(lease.fence)
        .bind(micros(until))
        .execute(&store.writer)
        .await
        .map_err(sql("prolonging a lease"))?;
    Ok(done.rows_affected() == 1)
}

/// Gives back or takes away. A lease that someone else took since is left alone.
pub async fn free(store: &SqliteStore, lease: &Lease) -> Result<(), Error> {
    sqlx::query(query!("lease_free"))
        .bind(&lease.name)
        .bind(&lease.holder)
        .bind(lease.fence)
        .execute(&store.writer)
        .await
        .map_err(sql("giving back a lease"))?;
    Ok(())
}

fn shared(generation: i64, value: Vec<u8>) -> Result<Shared, Error> {
    let value = String::from_utf8(value).map_err(|_| unstorable("a session that is no text"))?;
    Ok(Shared { generation: generation.unsigned_abs(), value })
}

pub async fn session(store: &SqliteStore, key: &str) -> Result<Option<Shared>, Error> {
    let doing = "reading a session";
    let row = sqlx::query(query!("session_get")).bind(key).fetch_optional(&store.readers).await.map_err(sql(doing))?;
    let Some((generation, sealed)) =
        rows::one(row.as_ref(), doing, |row| Ok((rows::int(row, "generation")?, rows::bytes(row, "value_sealed")?)))?
    else {
        return Ok(None);
    };
    shared(generation, store.unseal(Table::Session, &[key], &sealed).await?).map(Some)
}

pub async fn put_session(store: &SqliteStore, key: &str, value: &str, at: Timestamp) -> Result<Shared, Error> {
    let keys = store.keys();
    let mut tx = store.begin(SESSIONS).await?;
    check_generation(&mut tx, &keys).await?;
    let generation = sqlx::query_scalar(query!("session_put"))
        .bind(key)
        .bind(keys.seal(Table::Session, &[key], value.as_bytes())?)
        .bind(micros(at))
        .fetch_one(&mut *tx)
        .await
        .map_err(sql(SESSIONS))?;
    tx.commit().await.map_err(sql(SESSIONS))?;
    shared(generation, value.as_bytes().to_vec())
}

pub async fn identity(store: &SqliteStore, system: &str) -> Result<Option<Identity>, Error> {
    let doing = "reading the identity of a system";
    let row = sqlx::query(query!("identity_get")).bind(system).fetch_optional(&store.readers).await.map_err(sql(doing))?;
    rows::one(row.as_ref(), doing, rows::identity)
}

pub async fn adopt(store: &SqliteStore, system: &str, identity: &Identity, forget: &[String], at: Timestamp) -> Result<(), Error> {
    let doing = "keeping the identity of a system";
    let mut tx = store.begin(doing).await?;
    let row = sqlx::query(query!("identity_get")).bind(system).fetch_optional(&mut *tx).await.map_err(sql(doing))?;
    let before = rows::one(row.as_ref(), doing, rows::identity)?;
    if before.is_some_and(|before| before.id != identity.id) {
        forget_all_of(&mut tx, system, forget, at).await?;
    }
    sqlx::query(query!("identity_put"))
        .bind(system)
        .bind(&identity.id)
        .bind(&identity.label)
        .bind(micros(at))
        .execute(&mut *tx)
        .await
        .map_err(sql(doing))?;
    tx.commit().await.map_err(sql(doing))
}

/// What belonged to the system that was behind the name before. With its links and cursors the new one would never be filled, nor read from its start.
async fn forget_all_of(connection: &mut SqliteConnection, system: &str, flows: &[String], at: Timestamp) -> Result<(), Error> {
    let doing = "forgetting a system that was replaced";
    // What was sent before the links, by which it is found.
    for statement in [
        query!("adopt_sent"),
        query!("adopt_links"),
        query!("adopt_intents"),
        query!("adopt_deletions"),
        query!("adopt_people"),
        query!("adopt_reviews"),
        query!("adopt_decisions"),
    ] {
        sqlx::query(statement).bind(system).execute(&mut *connection).await.map_err(sql(doing))?;
    }
    for flow in flows {
        cells::forget_all(connection, flow).await?;
    }
    let flows = json(flows)?;
    sqlx::query(query!("adopt_history"))
        .bind(&flows)
        .bind(micros(at))
        .bind(format!("another system is behind the name `{system}`"))
        .execute(&mut *connection)
        .await
        .map_err(sql(doing))?;
    for statement in [query!("adopt_cursors"), query!("adopt_waiting")] {
        sqlx::query(statement).bind(&flows).execute(&mut *connection).await.map_err(sql(doing))?;
    }
    Ok(())
}
