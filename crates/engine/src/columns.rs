//! A column that the sheet names and no table of the input has: it was renamed, or left out. A missing value looks just like an empty one, so nothing is read then.

use kivuko_core::catalogue::sheet;
use kivuko_core::connector::Source;
use kivuko_core::error::{Cause, Error, nearest};
use kivuko_core::flow::Flow;
use kivuko_core::path::SourcePath;
use kivuko_core::record::Partition;

/// The columns of all tables of a source together; `None` where one of them does not say.
pub(crate) async fn of(source: &dyn Source, partitions: &[Partition]) -> Result<Option<Vec<String>>, Error> {
    let mut all: Vec<String> = Vec::new();
    for partition in partitions {
        let Some(columns) = source.columns(partition).await? else { return Ok(None) };
        for column in columns {
            if !all.contains(&column) {
                all.push(column);
            }
        }
    }
    Ok((!all.is_empty()).then_some(all))
}

/// What the sheet reads and none of these columns gives, a cause for each field of the target; of a sheet that counts, one for each path.
pub(crate) fn missing(flow: &Flow, columns: &[String]) -> Vec<Cause> {
    let in_row = |path: &str| match &flow.from.rows {
        Some(rows) => rows.in_row(path).map(str::to_owned),
        // An item of a list in a record: no column.
        None => (path != "item" && !path.starts_with("item.")).then(|| path.to_owned()),
    };
    let top = |column: &str| SourcePath::parse(column).ok().and_then(|path| path.top().map(str::to_owned));
    let is_there = |path: &str| {
        let Ok(parsed) = SourcePath::parse(path) else { return true };
        let Some(wanted) = parsed.top() else { return true };
        columns.iter().any(|column| column == path || column == wanted || top(column).as_deref() == Some(wanted))
    };
    let near =
        |path: &str| nearest(path, columns.iter().map(String::as_str)).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let no_column =
        |path: &str| Cause::new(sheet::UNKNOWN_SOURCE_FIELD, format!("`{}` has no column `{path}`{}", flow.from.resource, near(path)));
    if let Some(own) = &flow.aggregate {
        // Without one of them records would leave their numbers: a condition would hold for none, a day or a place would be empty.
        let paths = own.paths();
        let lacking = paths.iter().filter_map(|path| in_row(path)).filter(|path| !is_there(path));
        return lacking.map(|path| no_column(&path).cell(own.file.clone())).collect();
    }
    let mut causes = Vec::new();
    for rows in flow.mapping.wanted() {
        let paths: Vec<(usize, String)> =
            rows.iter().flat_map(|wanted| wanted.paths.iter().filter_map(|path| Some((wanted.row, in_row(path)?)))).collect();
        // One of several rows, or of several names in one cell, is enough.
        if paths.iter().any(|(_, path)| is_there(path)) {
            continue;
        }
        if let Some((number, path)) = paths.first() {
            causes.push(no_column(path).cell(format!("{}, row {number}", flow.mapping.file())));
        }
    }
    causes
}

/// Refuses to read tables that lack what the sheet reads. Whether the source says what columns it has.
///
/// # Errors
/// A column is missing, and the flow does not accept that.
pub(crate) async fn check(flow: &Flow, source: &dyn Source, partitions: &[Partition]) -> Result<bool, Error> {
    let Some(columns) = of(source, partitions).await? else { return Ok(false) };
    refuse(flow, &missing(flow, &columns))?;
    Ok(true)
}

/// Refuses to read what lacks something that the sheet reads.
///
/// # Errors
/// There is a cause, and the flow does not accept that.
pub(crate) fn refuse(flow: &Flow, causes: &[Cause]) -> Result<(), Error> {
    if flow.from.missing_columns_accept {
        return Ok(());
    }
    let Some(first) = causes.first() else { return Ok(()) };
    let told: Vec<&str> = causes.iter().map(|cause| cause.message.as_str()).collect();
    let message = format!(
        "{}. Nothing was read: every record would come without it. Correct the name in the sheet or in the file, take the row out, or write `missing_columns: accept` under `from`",
        told.join("; ")
    );
    let mut error = Error::configuration(first.code, message);
    error.cause.cell.clone_from(&first.cell);
    Err(error)
}
