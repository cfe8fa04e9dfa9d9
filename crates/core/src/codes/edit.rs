//! Adding a row to the file of a code map or a crosswalk.

use jiff::civil::Date;

use super::{BY, CodeMap, DECISION, NAME, NOT_CODES, Verdict, lower};
use crate::catalogue::sheet;
use crate::error::{Place, Problem};
use crate::table::Table;
use crate::yaml::one_of;

/// What a person wants to add.
#[derive(Debug, Clone, Default)]
pub struct NewRow<'a> {
    /// The values by column; the first one is what is translated.
    pub cells: Vec<(&'a str, &'a str)>,
    /// Of a crosswalk: what the places are called now, by system. They are written where the file has columns for them.
    pub names: Vec<(&'a str, &'a str)>,
    /// What was decided; of a code map `Accept`, or `None`: the value becomes empty.
    pub verdict: Verdict,
    /// The first and the last day on which it holds.
    pub valid_from: Option<Date>,
    pub valid_to: Option<Date>,
    pub note: &'a str,
    /// Of a crosswalk: who decided.
    pub by: &'a str,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq)]
pub enum Added {
    /// The file with the new row, which is its last.
    New(Box<Table>),
    /// The file says so already, in this row.
    There(usize),
}

/// Adds a row, in the form that the file has; without a file a crosswalk gets one. `sides` are the systems of a crosswalk, none of a code map.
///
/// # Errors
/// A column that is not there or is named twice, one place or value of which nothing is said, and everything that the file would not be right with: a value that has another counterpart
/// already, decisions that contradict each other. Nothing is changed then.
pub fn add(name: &str, sides: &[&str], table: Option<Table>, row: &NewRow<'_>) -> Result<Added, Vec<Problem>> {
    let crosswalk = !sides.is_empty();
    let mut table = table.unwrap_or_else(|| empty(name, sides));
    columns(name, sides, &table, row)?;
    let parse = |table: &Table| if crosswalk { CodeMap::crosswalk(name, sides, Some(table)) } else { CodeMap::parse(name, table) };
    if !table.rows.is_empty()
        && let (Some(map), _) = parse(&table)
        && let Some(line) = map.says_already(row)
    {
        return Ok(Added::There(line));
    }
    let day = |day: Option<Date>| day.map_or_else(String::new, |day| day.to_string());
    // A code map says it by the empty cell.
    let verdict = if row.verdict == Verdict::Accept || !crosswalk { "" } else { row.verdict.word() };
    let (from, to) = (day(row.valid_from), day(row.valid_to));
    let others = [(DECISION, verdict), ("valid_from", &*from), ("valid_to", &*to), ("note", row.note), (BY, row.by)];
    let names: Vec<(String, &str)> = row.names.iter().map(|(side, called)| (format!("{side}{NAME}"), *called)).collect();
    let names = names.iter().map(|(column, called)| (column.as_str(), *called)).filter(|(column, _)| table.column(column).is_some());
    let others = others.into_iter().filter(|(_, cell)| !cell.is_empty());
    let cells: Vec<(&str, &str)> = row.cells.iter().copied().chain(names).chain(others).collect();
    table.push_named(cells);
    match parse(&table) {
        (Some(map), problems) if problems.is_empty() => {
            let contradictions = map.contradicted(&table, row);
            if contradictions.is_empty() { Ok(Added::New(Box::new(table))) } else { Err(contradictions) }
        }
        (_, problems) => Err(problems),
    }
}

/// The file of a crosswalk before anybody has decided anything.
pub(super) fn empty(name: &str, sides: &[&str]) -> Table {
    let ids = sides.iter().map(|side| (*side).to_owned());
    let names = sides.iter().map(|side| format!("{side}{NAME}"));
    let others = [DECISION, "valid_from", "valid_to", "note"].map(str::to_owned);
    Table::new(format!("codes/{name}.csv"), ids.chain(names).chain(others).collect())
}

/// Each value needs a column of codes, or of ids of a side.
fn columns(name: &str, sides: &[&str], table: &Table, row: &NewRow<'_>) -> Result<(), Vec<Problem>> {
    let header = lower(&table.header);
    let known: Vec<&str> = if sides.is_empty() {
        header.iter().map(String::as_str).filter(|column| !column.is_empty() && !NOT_CODES.contains(column)).collect()
    } else {
        sides.to_vec()
    };
    // The row is in no line of the file yet; which columns there are is said by its first one.
    let place = Place { file: table.file.clone(), ..Place::default() };
    let heading = Place { line: Some(1), ..place.clone() };
    let mut problems = Vec::new();
    for (at, (column, value)) in row.cells.iter().enumerate() {
        if row.cells[..at].iter().any(|(before, _)| before.eq_ignore_ascii_case(column)) {
            let problem = Problem::error(sheet::CODES_COLUMNS, place.clone(), format!("`{column}` is given twice"));
            problems.push(problem.expected("one value for each column"));
        } else if !known.iter().any(|there| there.eq_ignore_ascii_case(column)) {
            let problem = Problem::error(sheet::CODES_COLUMNS, heading.clone(), format!("`{name}` has no column `{column}`"));
            problems.push(problem.expected(one_of(&known)).nearest(column, known.iter().copied()));
        } else if value.trim().is_empty() {
            let problem = Problem::error(sheet::CODES_COLUMNS, place.clone(), format!("the value of `{column}` is empty"));
            problems.push(problem.expected(format!("`{column}=VALUE`")));
        }
    }
    if let [(column, id)] = row.cells.as_slice()
        && row.verdict == Verdict::Accept
        && *id != "*"
        && let Some(other) = known.iter().find(|side| !side.eq_ignore_ascii_case(column))
        && problems.is_empty()
    {
        let (what, beside, none) =
            if sides.is_empty() { ("value", "CODE", "it becomes empty") } else { ("place", "ID", "it has no counterpart") };
        let message = format!("`{column}={id}` names one {what}, and nothing is said of it");
        let problem = Problem::error(sheet::CROSSWALK_ROW, place, message);
        problems.push(problem.expected(format!("its counterpart beside it, such as `{other}={beside}`, or the decision `none`: {none}")));
    } else if sides.is_empty() && row.verdict == Verdict::None && row.cells.len() > 1 && problems.is_empty() {
        let problem = Problem::error(sheet::CROSSWALK_ROW, place, "`none` is about one value, and more are named");
        problems.push(problem.expected("the value that becomes empty"));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems) }
}

impl CodeMap {
    /// What earlier rows say otherwise of the value that the last row is about.
    fn contradicted(&self, table: &Table, row: &NewRow<'_>) -> Vec<Problem> {
        let new = self.rows.last().filter(|new| new.verdict == Verdict::Accept);
        let from = row.cells.first().and_then(|(column, _)| self.column(column));
        new.zip(from).map_or_else(Vec::new, |(new, from)| self.other_counterparts(table, new, from))
    }

    /// The row that says exactly this.
    fn says_already(&self, row: &NewRow<'_>) -> Option<usize> {
        let same = |known: &&super::CodeRow| {
            let values = row.cells.iter().all(|(column, value)| self.column(column).is_some_and(|at| known.cells[at] == value.trim()));
            // In a code map nothing stands beside a value that becomes empty.
            let is_empty = || known.cells.iter().filter(|cell| !cell.is_empty()).count() == row.cells.len();
            let verdict = if self.crosswalk { known.verdict == row.verdict } else { row.verdict == Verdict::Accept || is_empty() };
            values && verdict && (known.from, known.to) == (row.valid_from, row.valid_to)
        };
        self.rows.iter().find(same).map(|row| row.line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new<'a>(cells: &[(&'a str, &'a str)]) -> NewRow<'a> {
        NewRow { cells: cells.to_vec(), ..NewRow::default() }
    }

    fn check(sides: &[&str], file: &str, row: &NewRow<'_>, expected: Result<&str, &str>) {
        let table = (!file.is_empty()).then(|| Table::parse("codes/x.csv", file.as_bytes()).expect("it is a table"));
        let found = add("x", sides, table, row);
        let found = found
            .map(|added| match added {
                Added::New(table) => String::from_utf8(table.write()).expect("it is UTF-8"),
                Added::There(line) => format!("row {line}"),
            })
            .map_err(|problems| {
                problems.iter().map(|one| format!("{} {}: {}", one.code, one.place, one.message)).collect::<Vec<_>>().join("\n")
            });
        assert_eq!(found.as_deref(), expected.map_err(str::to_owned).as_ref().map(|text| *text));
    }

    #[test]
    fn a_row_is_added_in_the_form_found() {
        let row = new(&[("register", "X"), ("godata", "OTHER")]);
        check(&[], "register;godata\r\nF;FEMALE\r\n", &row, Ok("register;godata\r\nF;FEMALE\r\nX;OTHER\r\n"));
        check(&[], "register,godata\nX,OTHER\n", &row, Ok("row 2"));
        let row = NewRow { note: "by phone", ..row };
        check(&[], "godata,register\n*,keep", &row, Ok("godata,register,note\n*,keep,\nOTHER,X,by phone\n"));
    }

    #[test]
    fn a_crosswalk_gets_its_file() {
        let sides = ["godata", "hmis"];
        let header = "godata,hmis,godata_name,hmis_name,decision,valid_from,valid_to,note\n";
        check(&sides, "", &new(&[("godata", "G1"), ("hmis", "H1")]), Ok(&format!("{header}G1,H1,,,,,,\n")));
        let named = NewRow { names: vec![("hmis", "Bo CHC"), ("godata", "Bo, town")], ..new(&[("godata", "G1"), ("hmis", "H1")]) };
        check(&sides, "", &named, Ok(&format!("{header}G1,H1,\"Bo, town\",Bo CHC,,,,\n")));
        // A person's file gets no columns that nobody asked for.
        check(&sides, "hmis_name;hmis;godata\n;H0;G0\n", &named, Ok("hmis_name;hmis;godata\n;H0;G0\nBo CHC;H1;G1\n"));
        let none = NewRow { verdict: Verdict::None, valid_from: Some(jiff::civil::date(2026, 4, 1)), ..new(&[("hmis", "H2")]) };
        check(&sides, "godata,hmis\nG1,H1\n", &none, Ok("godata,hmis,decision,valid_from\nG1,H1,,\n,H2,none,2026-04-01\n"));
    }

    #[test]
    fn half_a_pair_is_no_decision() {
        let sides = ["godata", "hmis"];
        let half = new(&[("hmis", "H1")]);
        check(&sides, "", &half, Err("K0223 codes/x.csv: `hmis=H1` names one place, and nothing is said of it"));
        let none = NewRow { verdict: Verdict::None, ..half };
        check(&sides, "godata,hmis,decision\n", &none, Ok("godata,hmis,decision\n,H1,none\n"));
        let half = new(&[("register", "X")]);
        check(&[], "register,godata\nF,FEMALE\n", &half, Err("K0223 codes/x.csv: `register=X` names one value, and nothing is said of it"));
        let none = NewRow { verdict: Verdict::None, ..half };
        check(&[], "register,godata\nF,FEMALE\n", &none, Ok("register,godata\nF,FEMALE\nX,\n"));
        check(&[], "register,godata\nX,\n", &none, Ok("row 2"));
        let more = NewRow { cells: vec![("register", "X"), ("godata", "OTHER")], ..none.clone() };
        check(&[], "register,godata\nX,OTHER\n", &more, Err("K0223 codes/x.csv: `none` is about one value, and more are named"));
        check(
            &[],
            "register,godata\nX,OTHER\n",
            &none,
            Err("K0226 codes/x.csv, row 2, column godata: this row says of `X` already that it is `OTHER`"),
        );
        let twice = new(&[("hmis", "H1"), ("godata", "G1"), ("HMIS", "H2")]);
        check(&sides, "", &twice, Err("K0220 codes/x.csv: `HMIS` is given twice"));
    }

    #[test]
    fn what_contradicts_is_refused() {
        let row = new(&[("register", "f"), ("godata", "MALE")]);
        check(
            &[],
            "register,godata\nF,FEMALE\n",
            &row,
            Err("K0226 codes/x.csv, row 2, column godata: this row says of `f` already that it is `FEMALE`"),
        );
        check(
            &[],
            "register,godata\nF,\n",
            &row,
            Err("K0226 codes/x.csv, row 2, column godata: this row says of `f` already that it has no counterpart"),
        );
        check(&[], "registre,godata\nF,\n", &row, Err("K0220 codes/x.csv:1: `x` has no column `register`"));
        let sides = ["godata", "hmis"];
        let row = new(&[("godata", "G1"), ("hmis", "H2")]);
        check(
            &sides,
            "godata,hmis\nG1,H1\n",
            &row,
            Err("K0226 codes/x.csv, row 2, column hmis: this row says of `G1` already that it is `H1`"),
        );
        check(&sides, "godata,hmis\nG2,H2\n", &row, Ok("godata,hmis\nG2,H2\nG1,H2\n"));
        check(
            &sides,
            "godata,hmis,valid_to\nG1,H1,2025-12-31\n",
            &NewRow { valid_from: Some(jiff::civil::date(2026, 1, 1)), ..row.clone() },
            Ok("godata,hmis,valid_to,valid_from\nG1,H1,2025-12-31,\nG1,H2,,2026-01-01\n"),
        );
        let refused = "K0224 codes/x.csv, row 2, column decision: this row says that these are not the same place, and row 3 that they are, on the same days";
        check(&sides, "godata,hmis,decision\nG1,H2,refuse\n", &row, Err(refused));
    }
}
