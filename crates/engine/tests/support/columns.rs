//! Some columns of a CSV: what can be told beforehand of a table that also has words which differ from store to store.

use kivuko_core::table::Table;

/// Compares the columns that the header of `expected` names, row for row, whatever their order.
pub fn compare(name: &str, found: &[u8], expected: &str) -> Result<(), String> {
    let parse = |bytes: &[u8]| Table::parse(name, bytes).map_err(|problem| format!("{name}: {}", problem.message));
    let (found, expected) = (parse(found)?, parse(expected.as_bytes())?);
    if let Some(missing) = expected.header.iter().find(|column| found.column(column).is_none()) {
        return Err(format!("{name} has no column {missing}"));
    }
    let rows = |table: &Table| {
        let cells = |row| expected.header.iter().map(|column| table.cell(row, column).to_owned()).collect::<Vec<_>>();
        let mut rows: Vec<Vec<String>> = table.rows.iter().map(cells).collect();
        rows.sort();
        rows
    };
    let (holds, wanted) = (rows(&found), rows(&expected));
    if holds == wanted { Ok(()) } else { Err(format!("{name} holds {holds:?} in these columns")) }
}
