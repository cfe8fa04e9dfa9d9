//! What a failing database means to who called the store. Names of columns and indexes may be shown, values never.

use std::path::Path;

use kivuko_core::catalogue::store as codes;
use kivuko_core::error::Error;
use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;

// The primary result codes of SQLite that mean something to a person: <https://www.sqlite.org/rescode.html>.
const PERM: i32 = 3;
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READONLY: i32 = 8;
const IOERR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANTOPEN: i32 = 14;
const NOTADB: i32 = 26;

/// Turns a failure of the database while `doing` something into an error with its code.
pub fn sql(doing: &'static str) -> impl Fn(sqlx::Error) -> Error {
    move |error| from_sqlx(doing, &error)
}

fn from_sqlx(doing: &str, error: &sqlx::Error) -> Error {
    match error {
        sqlx::Error::Database(database) => {
            let extended: i32 = database.code().and_then(|code| code.parse().ok()).unwrap_or_default();
            from_code(doing, extended & 0xff, database.kind(), database.message())
        }
        sqlx::Error::PoolTimedOut => locked(doing),
        sqlx::Error::Io(error) => {
            Error::stop(codes::NOT_WRITABLE, format!("the store could not be read or written while {doing}: {error}"))
        }
        sqlx::Error::ColumnDecode { index, .. } => {
            Error::configuration(codes::DAMAGED, format!("the store is damaged: column {index} holds no usable value ({doing})"))
        }
        other => Error::bug(codes::UNEXPECTED, format!("the store failed while {doing}: {other}")),
    }
}

fn from_code(doing: &str, code: i32, kind: ErrorKind, message: &str) -> Error {
    match code {
        BUSY | LOCKED => locked(doing),
        FULL => {
            Error::stop(codes::DISK_FULL, format!("the disk is full: the store could not write while {doing}; make space and run again"))
        }
        CORRUPT | NOTADB => {
            Error::configuration(codes::DAMAGED, format!("the store is damaged or no store ({doing}): {message}; restore a backup"))
        }
        READONLY | CANTOPEN | PERM => {
            Error::configuration(codes::NOT_WRITABLE, format!("the store cannot be opened or written ({doing}): {message}"))
        }
        IOERR => Error::stop(codes::NOT_WRITABLE, format!("the disk of the store failed while {doing}: {message}")),
        _ if kind == ErrorKind::ForeignKeyViolation => Error::bug(
            codes::UNEXPECTED,
            format!("something was to be stored for a run or a version of a flow that the store does not have ({doing})"),
        ),
        _ => Error::bug(codes::UNEXPECTED, format!("the store failed while {doing}: {message}")),
    }
}

fn locked(doing: &str) -> Error {
    Error::retry(codes::LOCKED, format!("another process holds the store; gave up waiting while {doing}"))
}

/// What failed migrations mean.
pub fn migration(path: &Path, error: &MigrateError) -> Error {
    let file = path.display();
    match error {
        MigrateError::VersionMissing(version) => Error::configuration(
            codes::NEWER_STORE,
            format!(
                "{file} was written by a newer Kivuko (tables of version {version}): run that version, or restore a backup from before the upgrade"
            ),
        ),
        MigrateError::VersionMismatch(version) => Error::configuration(
            codes::DAMAGED,
            format!("the tables of {file} are not those that version {version} makes: it was changed by hand"),
        ),
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => from_sqlx("bringing its tables up to date", error),
        other => Error::bug(codes::UNEXPECTED, format!("the tables of {file} could not be brought up to date: {other}")),
    }
}

/// A number that the store cannot hold, or a value that has no JSON.
pub fn unstorable(what: &str) -> Error {
    Error::bug(codes::UNEXPECTED, format!("{what} cannot be stored"))
}
