//! Stored secrets, and the change of the store's key.

use jiff::Timestamp;
use kivuko_core::error::Error;
use sqlx::sqlite::SqliteConnection;

use super::rows::{self, micros};
use super::{SqliteStore, check_generation, put_keys, query};
use crate::error::{sql, unstorable};
use crate::key::Key;
use crate::seal::{Keys, Table};

const WRITING: &str = "keeping a secret";
const ROTATING: &str = "changing the key";

/// Everything that is sealed: where it is read from and written back to.
const SEALED: [(Table, &str, &str); 5] = [
    (Table::Rejection, query!("rotate_rejection_get"), query!("rotate_rejection_put")),
    (Table::Kept, query!("rotate_kept_get"), query!("rotate_kept_put")),
    (Table::Plan, query!("rotate_plan_get"), query!("rotate_plan_put")),
    (Table::Session, query!("rotate_session_get"), query!("rotate_session_put")),
    (Table::Secret, query!("rotate_secret_get"), query!("rotate_secret_put")),
];

impl SqliteStore {
    /// Keeps a secret, encrypted, in the place of an earlier one of the name.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn set_secret(&self, name: &str, value: &str, at: Timestamp) -> Result<(), Error> {
        let keys = self.keys();
        let mut tx = self.begin(WRITING).await?;
        check_generation(&mut tx, &keys).await?;
        sqlx::query(query!("secret_put"))
            .bind(name)
            .bind(keys.seal(Table::Secret, &[name], value.as_bytes())?)
            .bind(micros(at))
            .execute(&mut *tx)
            .await
            .map_err(sql(WRITING))?;
        tx.commit().await.map_err(sql(WRITING))
    }

    /// A secret, for the system that needs it; never to be shown.
    ///
    /// # Errors
    /// The store cannot be read, or the value is damaged.
    pub async fn secret(&self, name: &str) -> Result<Option<String>, Error> {
        let sealed: Option<Vec<u8>> =
            sqlx::query_scalar(query!("secret_get")).bind(name).fetch_optional(&self.readers).await.map_err(sql("reading a secret"))?;
        let Some(sealed) = sealed else { return Ok(None) };
        let value = self.unseal(Table::Secret, &[name], &sealed).await?;
        String::from_utf8(value).map(Some).map_err(|_| unstorable("a secret that is no text"))
    }

    /// The names of the secrets, in order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn list_secrets(&self) -> Result<Vec<String>, Error> {
        sqlx::query_scalar(query!("secret_list")).fetch_all(&self.readers).await.map_err(sql("reading the names of the secrets"))
    }

    /// Forgets a secret; `false` when there was none.
    ///
    /// # Errors
    /// The store cannot be written.
    pub async fn remove_secret(&self, name: &str) -> Result<bool, Error> {
        let done = sqlx::query(query!("secret_remove")).bind(name).execute(&self.writer).await.map_err(sql(WRITING))?;
        Ok(done.rows_affected() == 1)
    }

    /// Encrypts everything anew with another key, all of it or nothing. Other processes that have the store open stop writing encrypted values
    /// until they are started with the new key. The key for hashes stays.
    ///
    /// # Errors
    /// The store cannot be written, or holds a damaged value.
    pub async fn rotate(&self, new: &Key) -> Result<(), Error> {
        let old = self.keys();
        let fresh = old.followed_by(new);
        let mut tx = self.begin(ROTATING).await?;
        check_generation(&mut tx, &old).await?;
        // What a run has put aside goes with the run, which cannot write any more; the next one begins anew.
        sqlx::query(query!("spill_clear")).execute(&mut *tx).await.map_err(sql(ROTATING))?;
        // An index is read again by the next run that needs it.
        sqlx::query(query!("people_clear")).execute(&mut *tx).await.map_err(sql(ROTATING))?;
        for (table, read, write) in SEALED {
            reseal(&mut tx, table, read, write, &old, &fresh).await?;
        }
        put_keys(&mut tx, &fresh).await?;
        tx.commit().await.map_err(sql(ROTATING))?;
        self.set_keys(fresh);
        Ok(())
    }

    /// Decrypts a value. If that fails because another process has changed the key, it says so.
    pub(super) async fn unseal(&self, table: Table, owner: &[&str], sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let keys = self.keys();
        match keys.unseal(table, owner, sealed) {
            Ok(value) => Ok(value),
            Err(error) => {
                let mut connection = self.readers.acquire().await.map_err(sql("checking the key"))?;
                check_generation(&mut connection, &keys).await?;
                Err(error)
            }
        }
    }
}

async fn reseal(
    connection: &mut SqliteConnection,
    table: Table,
    read: &'static str,
    write: &'static str,
    old: &Keys,
    fresh: &Keys,
) -> Result<(), Error> {
    let mut after = 0;
    loop {
        let rows = sqlx::query(read).bind(after).fetch_all(&mut *connection).await.map_err(sql(ROTATING))?;
        let read = |row: &_| Ok((rows::int(row, "id")?, rows::list(row, "owner")?, rows::bytes(row, "sealed")?));
        let rows = rows::all(&rows, ROTATING, read)?;
        let Some((last, ..)) = rows.last() else { return Ok(()) };
        after = *last;
        for (id, owner, sealed) in rows.into_iter().filter(|(.., sealed)| !sealed.is_empty()) {
            let owner: Vec<&str> = owner.iter().map(String::as_str).collect();
            let value = old.unseal(table, &owner, &sealed)?;
            let sealed = fresh.seal(table, &owner, &value)?;
            sqlx::query(write).bind(id).bind(sealed).execute(&mut *connection).await.map_err(sql(ROTATING))?;
        }
    }
}
