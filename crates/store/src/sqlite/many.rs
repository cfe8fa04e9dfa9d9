//! Many rows put by few statements. A statement is written for one row (`VALUES (?, …)`); it goes out with as many rows as there are, up to 512 at a time: the database works on a
//! thread of its own, and each statement wakes that and us. While it works on one the values of the next are laid out.
//!
//! Each value is bound by itself: SQLite takes a list apart that comes as JSON too, but for every column of every row it goes through that row again.

use std::sync::Arc;

use futures_util::future::join;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Sqlite};

/// How many rows a statement has: few sizes, so that each is prepared once, and no page needs many of them.
const SIZES: [usize; 10] = [512, 256, 128, 64, 32, 16, 8, 4, 2, 1];

/// A statement that is being filled.
pub type Filling<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Runs a statement for all these rows, in their order; `fill` binds the values of one.
pub async fn put<R>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &[R],
    fill: impl for<'q> Fn(Filling<'q>, &'q R) -> Filling<'q>,
) -> Result<(), sqlx::Error> {
    let mut under_way: Option<Filling<'_>> = None;
    let mut rest = rows;
    for size in SIZES {
        let text = if rest.len() < size { continue } else { for_rows(statement, size) };
        while let Some((next, others)) = rest.split_at_checked(size) {
            let filled = async { next.iter().fold(sqlx::query(AssertSqlSafe(Arc::clone(&text))), &fill) };
            let (done, filled) = join(run(connection, under_way.take()), filled).await;
            done?;
            under_way = Some(filled);
            rest = others;
        }
    }
    run(connection, under_way).await
}

async fn run(connection: &mut SqliteConnection, filled: Option<Filling<'_>>) -> Result<(), sqlx::Error> {
    if let Some(filled) = filled {
        filled.execute(connection).await?;
    }
    Ok(())
}

/// The statement with so many rows. Only the text of our own files is repeated.
fn for_rows(statement: &'static str, rows: usize) -> Arc<str> {
    let (head, rest) = statement.split_once("VALUES (").expect("a statement that puts rows has its values");
    let (row, tail) = rest.split_once(')').expect("values end");
    let row = format!("({row})");
    format!("{head}VALUES {}{tail}", vec![row; rows].join(", ")).into()
}

#[cfg(test)]
mod tests {
    use super::for_rows;

    #[test]
    fn a_statement_is_written_for_one_row_and_goes_out_with_several() {
        let text = for_rows("INSERT INTO t (a, b) VALUES (?, ?)\nON CONFLICT (a) DO NOTHING", 2);
        assert_eq!(&*text, "INSERT INTO t (a, b) VALUES (?, ?), (?, ?)\nON CONFLICT (a) DO NOTHING");
    }
}
