//! The samples of checks: written in the check itself, or records of a file.

use serde_json::{Map, Value};

use super::Files;
use super::spec::CheckSpec;
use crate::catalogue::project;
use crate::error::{Place, Problem};
use crate::table::{Row, Table};
use crate::yaml::Node;

/// The records that go in: the one that the check names, or `all` of a file of which it names none.
pub(super) fn samples(check: &CheckSpec, item: &Node, all: bool, files: &Files, problems: &mut Vec<Problem>) -> Option<Vec<Value>> {
    let (file, place) = match (&check.record, &check.sample) {
        (Some(record), None) => return Some(vec![Value::Object(record.clone())]),
        (None, Some(file)) => (file, item.place(&["sample"])),
        _ => {
            let problem =
                Problem::error(project::BAD_VALUE, item.at.place(), format!("the check `{}` does not have one sample", check.name));
            problems.push(problem.expected("either `record:` or `sample:`"));
            return None;
        }
    };
    let Some(bytes) = files.0.get(file) else {
        let known: Vec<&str> = files.0.keys().map(String::as_str).filter(|path| path.starts_with("samples/")).collect();
        let problem = Problem::error(project::MISSING_FILE, place, format!("there is no file `{file}`"));
        problems.push(problem.expected("a file of the folder `samples`").nearest(file, known.iter().copied()));
        return None;
    };
    let found = match file.rsplit_once('.').map(|(_, ending)| ending) {
        Some("csv") => from_table(file, bytes, check.row, all),
        _ => from_json(file, bytes, check.row, all),
    };
    found
        .map_err(|problem| {
            let place = if problem.place.file.is_empty() { place } else { problem.place.clone() };
            problems.push(Problem { place, ..problem });
        })
        .ok()
}

fn from_table(file: &str, bytes: &[u8], row: Option<usize>, all: bool) -> Result<Vec<Value>, Problem> {
    let table = Table::parse(file, bytes)?;
    let record = |row: &Row| {
        let cells = table.header.iter().enumerate().map(|(position, header)| {
            let cell = row.cells.get(position).map(String::as_str).unwrap_or_default();
            (header.clone(), if cell.is_empty() { Value::Null } else { Value::String(cell.to_owned()) })
        });
        Value::Object(cells.collect::<Map<_, _>>())
    };
    if all && row.is_none() {
        return Ok(table.rows.iter().map(record).collect());
    }
    let number = row.unwrap_or(2);
    let Some(row) = table.rows.iter().find(|row| row.number == number) else {
        return Err(Problem::error(project::BAD_VALUE, Place::default(), format!("`{file}` has no row {number}"))
            .expected("a row as a spreadsheet counts it; the header is row 1"));
    };
    Ok(vec![record(row)])
}

fn from_json(file: &str, bytes: &[u8], row: Option<usize>, all: bool) -> Result<Vec<Value>, Problem> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let place = Place { file: file.to_owned(), line: Some(error.line()), column: Some(error.column()), cell: None };
        Problem::error(project::BAD_VALUE, place, "the sample is not JSON").expected("one JSON object, or a list of them")
    })?;
    let records = match value {
        Value::Array(items) if all && row.is_none() => items,
        Value::Array(mut items) => {
            let position = row.unwrap_or(1);
            if position == 0 || position > items.len() {
                return Err(Problem::error(project::BAD_VALUE, Place::default(), format!("`{file}` has no record {position}")));
            }
            vec![items.swap_remove(position - 1)]
        }
        other => vec![other],
    };
    if records.iter().all(Value::is_object) {
        Ok(records)
    } else {
        Err(Problem::error(project::BAD_VALUE, Place::default(), format!("the sample in `{file}` is not an object")))
    }
}
