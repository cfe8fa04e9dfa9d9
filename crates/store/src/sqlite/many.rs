//! Many rows put by few statements. A statement is written for one row (`VALUES (?, …)`); it goes out with as many rows as there are, up to 128 at a time.
//!
//! Each value is bound by itself: SQLite takes a list apart that comes as JSON too, but for every column of every row it goes through that row again.

use std::sync::Arc;

use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnection};
use sqlx::{AssertSqlSafe, Sqlite};

/// How many rows a statement has: few sizes, so that each is prepared once.
const SIZES: [usize; 3] = [128, 16, 1];

/// A statement that is being filled.
pub type Filling<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Runs a statement for all these rows, in their order; `fill` binds the values of one.
pub async fn put<R>(
    connection: &mut SqliteConnection,
    statement: &'static str,
    rows: &[R],
    fill: impl for<'q> Fn(Filling<'q>, &'q R) -> Filling<'q>,
) -> Result<(), sqlx::Error> {
    let mut done = 0;
    for size in SIZES {
        if rows.len() - done < size {
            continue;
        }
        let text = for_rows(statement, size);
        while rows.len() - done >= size {
            let mut query = sqlx::query(AssertSqlSafe(Arc::clone(&text)));
            for row in &rows[done..done + size] {
                query = fill(query, row);
            }
            query.execute(&mut *connection).await?;
            done += size;
        }
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
