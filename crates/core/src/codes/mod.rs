//! Code maps: which value on one side is which value on the other.
//!
//! `codes/sex.csv` has one column for each system or vocabulary (`godata,hmis,fhir,note`), or simply `source,target`. A value is looked for as it
//! stands, without spaces at its ends; if it is not there, without regard to case, where that leads to one value only. Where several rows hold
//! the value, the first one counts: so `M` and `MALE` may both stand beside `GENDER_MALE`, and `GENDER_MALE` goes back as the first of them.
//! A row with `*` says what happens to other values; `valid_from` and `valid_to` (both days included) bound the rows that have them.
//!
//! A crosswalk is a code map whose sides are records. Its file holds only what people decided ([`Decision`]); beside it stand the links that flows made ([`Links`]).
//! What is kept here: a decision that holds on the day always wins over a link, in both directions; a place that links lead to several others is never guessed;
//! ids are compared to the letter.

mod append;
mod counterparts;
mod decision;
mod edit;
mod export;
mod links;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_crosswalk;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use jiff::civil::Date;
use serde_json::Value;

use crate::catalogue::{record, sheet};
use crate::error::{Cause, Place, Problem};
use crate::table::Table;
use crate::transform::Env;

pub use append::{PlaceRow, Revised, Revision, append};
pub use decision::{BY, DECISION, Decision, KEPT, NAME, Verdict};
pub use edit::{Added, NewRow, add};
pub use export::NameOf;
pub use links::{Links, Pair, Span};

/// Columns that hold no codes.
const NOT_CODES: [&str; 4] = ["note", "status", "valid_from", "valid_to"];

/// One code map.
#[derive(Debug, Clone)]
pub struct CodeMap {
    name: String,
    columns: Vec<String>,
    rows: Vec<CodeRow>,
    /// For each column: where a value stands, as it is and in lower case.
    exact: Vec<HashMap<String, Vec<usize>>>,
    folded: Vec<HashMap<String, Vec<usize>>>,
    /// The row `*`, for each column the one that has `*` there.
    others: Vec<Option<usize>>,
    /// Its sides are records.
    crosswalk: bool,
    /// What flows found out, where it is a crosswalk and a run has loaded them.
    links: Option<Arc<Links>>,
}

#[derive(Debug, Clone, Default)]
struct CodeRow {
    cells: Vec<String>,
    from: Option<Date>,
    to: Option<Date>,
    /// The row as a spreadsheet counts it.
    line: usize,
    /// Of a crosswalk: what was decided.
    verdict: Verdict,
    /// Of a crosswalk: what the places were called then, by column.
    names: Vec<String>,
    note: String,
    /// Of a crosswalk: who decided.
    by: String,
    /// Of a crosswalk: what was seen then.
    kept: String,
}

impl CodeRow {
    fn holds_on(&self, day: Date) -> bool {
        self.from.is_none_or(|first| first <= day) && self.to.is_none_or(|last| day <= last)
    }

    fn overlaps(&self, other: &Self) -> bool {
        let before = |last: Option<Date>, first: Option<Date>| matches!((last, first), (Some(last), Some(first)) if last < first);
        !before(self.to, other.from) && !before(other.to, self.from)
    }

    /// What stands in a column, if it is a value.
    fn id(&self, at: usize) -> Option<&str> {
        self.cells.get(at).map(String::as_str).filter(|cell| !cell.is_empty() && *cell != "*")
    }
}

/// What becomes of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Translated {
    /// It is this value on the other side.
    To(String),
    /// It is not listed, and stays as it is.
    Keep,
    /// It is listed, and has no counterpart on the other side: empty.
    Nothing,
    /// It is not listed, and is left out: empty.
    Drop,
    /// It is not listed: a rejection.
    Unlisted,
    /// Flows have linked it to so many: a rejection, which a person ends by a decision.
    Several(usize),
}

/// Two columns of one code map, by their places in it: found once, used for every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Direction {
    from: usize,
    to: usize,
}

/// All code maps of a project, by name.
#[derive(Debug, Clone, Default)]
pub struct CodeMaps(pub BTreeMap<String, Arc<CodeMap>>);

/// The two systems of a flow, which say the columns of a code map.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sides {
    pub source: Side,
    pub target: Side,
}

/// One of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Side {
    /// Its name in the project.
    pub name: String,
    /// Its kind.
    pub kind: String,
}

impl Sides {
    /// The sides of a flow.
    pub fn new(source: (&str, &str), target: (&str, &str)) -> Self {
        let side = |(name, kind): (&str, &str)| Side { name: name.to_owned(), kind: kind.to_owned() };
        Self { source: side(source), target: side(target) }
    }
}

impl CodeMap {
    /// Reads a code map. Everything that is wrong with it comes back; the map only if it can be used.
    pub fn parse(name: &str, table: &Table) -> (Option<Self>, Vec<Problem>) {
        let mut problems = Vec::new();
        let header = lower(&table.header);
        let is_coded = |column: &String| !column.is_empty() && !NOT_CODES.contains(&column.as_str());
        let coded: Vec<usize> = (0..header.len()).filter(|at| is_coded(&header[*at])).collect();
        if coded.len() < 2 {
            let place = Place { file: table.file.clone(), line: Some(1), ..Place::default() };
            problems.push(
                Problem::error(sheet::CODES_COLUMNS, place, format!("the code map `{name}` has fewer than two columns of codes"))
                    .expected("a column for each system, such as `register,godata`, or `source,target`"),
            );
            return (None, problems);
        }
        let map = Self::read(name, table, &header, &coded, false, &mut problems);
        (problems.is_empty().then_some(map), problems)
    }

    /// Reads the decisions of a crosswalk between these systems; without a file there are none yet.
    pub fn crosswalk(name: &str, sides: &[&str], table: Option<&Table>) -> (Option<Self>, Vec<Problem>) {
        let mut problems = Vec::new();
        let systems: Vec<String> = sides.iter().map(|side| side.to_lowercase()).collect();
        let Some(table) = table else {
            let empty = Table::new(format!("codes/{name}.csv"), systems.clone());
            let all: Vec<usize> = (0..systems.len()).collect();
            return (Some(Self::read(name, &empty, &systems, &all, true, &mut problems)), problems);
        };
        let header = lower(&table.header);
        let systems: Vec<&str> = systems.iter().map(String::as_str).collect();
        let coded = Self::id_columns(&header, &systems, table, &mut problems);
        if coded.len() < 2 {
            let place = Place { file: table.file.clone(), line: Some(1), ..Place::default() };
            problems.push(
                Problem::error(sheet::CODES_COLUMNS, place, format!("the crosswalk `{name}` has fewer than two columns of ids"))
                    .expected(format!("a column for each of its systems: {}", systems.join(", "))),
            );
            return (None, problems);
        }
        let mut map = Self::read(name, table, &header, &coded, true, &mut problems);
        map.contradictions(table, &mut problems);
        // A side that the file does not name yet has no decisions.
        for side in systems.into_iter().filter(|side| !header.iter().any(|column| column == side)) {
            map.columns.push(side.to_owned());
            map.exact.push(HashMap::new());
            map.others.push(None);
            for row in &mut map.rows {
                row.cells.push(String::new());
            }
        }
        (problems.is_empty().then_some(map), problems)
    }

    fn read(name: &str, table: &Table, header: &[String], coded: &[usize], crosswalk: bool, problems: &mut Vec<Problem>) -> Self {
        let place = |row: usize, column: usize| Place {
            file: table.file.clone(),
            line: Some(row),
            column: Some(column + 1),
            cell: table.header.get(column).map(|name| name.trim().to_owned()),
        };
        let named = |column: &str| header.iter().position(|name| name == column);
        let days = [named("valid_from"), named("valid_to")];
        let [decision, kept, by] = [DECISION, KEPT, BY].map(|column| named(column).filter(|_| crosswalk));
        let note = named("note");
        let names: Vec<Option<usize>> = coded.iter().map(|at| named(&format!("{}{NAME}", header[*at])).filter(|_| crosswalk)).collect();
        let mut rows: Vec<CodeRow> = Vec::new();
        let mut others = vec![None; coded.len()];
        for row in &table.rows {
            let cell = |at: usize| row.cells.get(at).map_or("", String::as_str).trim();
            let cells: Vec<String> = coded.iter().map(|at| cell(*at).to_owned()).collect();
            let [from, to] = days.map(|at| {
                let at = at.filter(|at| !cell(*at).is_empty())?;
                let day = crate::transform::plain_day(cell(at));
                if day.is_none() {
                    problems.push(
                        Problem::error(sheet::CODES_BAD_DAY, place(row.number, at), format!("`{}` is not a day", cell(at)))
                            .expected("a day such as 2026-01-31"),
                    );
                }
                day
            });
            if let (Some(from), Some(to)) = (from, to)
                && from > to
            {
                let at = days[1].unwrap_or_default();
                problems.push(
                    Problem::error(sheet::CODES_BAD_DAY, place(row.number, at), "valid_to lies before valid_from")
                        .expected("a day from valid_from on"),
                );
            }
            if cells.iter().all(String::is_empty) {
                continue;
            }
            for (at, cell) in cells.iter().enumerate() {
                if cell == "*" && others[at].replace(rows.len()).is_some() {
                    problems.push(
                        Problem::error(
                            sheet::CODES_TWO_STARS,
                            place(row.number, coded[at]),
                            format!("there is a second row `*` in the column {}", header[coded[at]]),
                        )
                        .expected("one row `*` for each direction"),
                    );
                }
            }
            let is_rest = cells.iter().any(|cell| cell == "*");
            let verdict = match decision.filter(|_| !is_rest) {
                Some(at) => {
                    let ids = cells.iter().filter(|cell| !cell.is_empty()).count();
                    Self::verdict(cell(at), ids, || place(row.number, at), problems)
                }
                None => Verdict::Accept,
            };
            let text = |at: &Option<usize>| at.map_or_else(String::new, |at| cell(at).to_owned());
            let names = names.iter().map(text).collect();
            rows.push(CodeRow { cells, from, to, line: row.number, verdict, names, note: text(&note), by: text(&by), kept: text(&kept) });
        }
        let mut exact = vec![HashMap::<String, Vec<usize>>::new(); coded.len()];
        let mut folded = exact.clone();
        for (number, row) in rows.iter().enumerate() {
            for (at, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty() && *cell != "*") {
                exact[at].entry(cell.clone()).or_default().push(number);
                // Ids are told apart by the case of their letters: two org units may differ in nothing else.
                if !crosswalk {
                    folded[at].entry(cell.to_lowercase()).or_default().push(number);
                }
            }
        }
        let columns = coded.iter().map(|at| header[*at].clone()).collect();
        Self { name: name.to_owned(), columns, rows, exact, folded, others, crosswalk, links: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its columns of codes, in lower case.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.eq_ignore_ascii_case(name.trim()))
    }

    /// From the column of one name to that of another, where both are there.
    pub fn between(&self, from: &str, to: &str) -> Option<Direction> {
        Some(Direction { from: self.column(from)?, to: self.column(to)? })
    }

    /// The columns that are meant between two systems: those of their names, else of their kinds, else `source` and `target`.
    pub fn direction(&self, sides: &Sides) -> Result<Direction, Problem> {
        let (source, target) = (&sides.source, &sides.target);
        let find = |names: [&str; 3]| names.into_iter().find_map(|name| self.column(name));
        let from = find([&source.name, &source.kind, "source"]);
        let to = find([&target.name, &target.kind, "target"]);
        // This is asked for each value: nothing is made that only an error needs.
        let first_line = || Place { file: format!("codes/{}.csv", self.name), line: Some(1), ..Place::default() };
        let missing = |side: &Side, fallback: &str| {
            let place = first_line();
            let Side { name, kind } = side;
            Problem::error(sheet::CODES_COLUMNS, place, format!("the code map `{}` has no column for the system {name}", self.name))
                .expected(format!("a column `{name}`, `{kind}` or `{fallback}` beside {}", self.columns.join(", ")))
        };
        match (from, to) {
            (None, _) => Err(missing(source, "source")),
            (_, None) => Err(missing(target, "target")),
            (Some(from), Some(to)) if from == to => Err(Problem::error(
                sheet::CODES_COLUMNS,
                first_line(),
                format!("both systems would use the column {} of the code map `{}`", self.columns[from], self.name),
            )
            .expected(format!("columns named {} and {}", source.name, target.name))),
            (Some(from), Some(to)) => Ok(Direction { from, to }),
        }
    }

    /// The name of the column that is translated into.
    pub fn target_column(&self, direction: Direction) -> &str {
        &self.columns[direction.to]
    }

    /// Every code that a value of one column can become in the other.
    pub fn results(&self, direction: Direction) -> BTreeSet<String> {
        let mut results: BTreeSet<String> = self.written(direction).into_keys().map(str::to_owned).collect();
        results.extend(self.linked_results(direction));
        results
    }

    /// The same without what only links say, each with the first row that has it, as a spreadsheet counts.
    pub fn written(&self, direction: Direction) -> BTreeMap<&str, usize> {
        self.written_in(direction, |_| true)
    }

    /// The same of rows that hold on every day: what one says only of other days may be right then.
    pub fn written_for_good(&self, direction: Direction) -> BTreeMap<&str, usize> {
        self.written_in(direction, |row| row.from.is_none() && row.to.is_none())
    }

    fn written_in(&self, Direction { from, to }: Direction, counts: impl Fn(&CodeRow) -> bool) -> BTreeMap<&str, usize> {
        let accepted = self.rows.iter().filter(|row| row.verdict == Verdict::Accept && counts(row));
        let named = accepted.filter(|row| !row.cells[from].is_empty()).map(|row| (row.cells[to].as_str(), row.line));
        let mut written = BTreeMap::new();
        for (code, line) in named.filter(|(code, _)| !["", "*", "reject", "keep", "drop"].contains(code)) {
            written.entry(code).or_insert(line);
        }
        written
    }

    /// What a value of one column is in the other, on a day.
    pub fn translate(&self, direction: Direction, value: &str, day: Date) -> Translated {
        self.listed(direction, value, day).unwrap_or_else(|| self.unlisted(direction))
    }

    /// The same for a value that is listed; `None` for one that is not, whatever the row `*` says.
    pub fn listed(&self, direction: Direction, value: &str, day: Date) -> Option<Translated> {
        let Direction { from, to } = direction;
        let value = value.trim();
        if self.crosswalk {
            return self.decided(direction, value, day).or_else(|| self.linked(direction, value, day));
        }
        let valid = |number: &&usize| self.rows[**number].holds_on(day);
        let result = |number: &usize| match self.rows[*number].cells[to].as_str() {
            // A row `M,*` would say that M is every value: it says nothing.
            "" | "*" => Translated::Nothing,
            code => Translated::To(code.to_owned()),
        };
        if let Some(first) = self.exact[from].get(value).and_then(|rows| rows.iter().find(valid)) {
            return Some(result(first));
        }
        let rows = self.folded[from].get(&value.to_lowercase())?;
        let mut spellings: Vec<&str> = Vec::new();
        let mut results: Vec<Translated> = Vec::new();
        for row in rows.iter().filter(valid) {
            let spelling = self.rows[*row].cells[from].as_str();
            // Within one spelling the first row counts; different spellings have to agree.
            if !spellings.contains(&spelling) {
                spellings.push(spelling);
                results.push(result(row));
            }
        }
        results.dedup();
        results.pop().filter(|_| results.is_empty())
    }

    /// What the row `*` says of values that are not listed.
    pub(crate) fn unlisted(&self, Direction { from, to }: Direction) -> Translated {
        match self.others[from].map(|row| self.rows[row].cells[to].as_str()) {
            None | Some("" | "reject" | "*") => Translated::Unlisted,
            Some("keep") => Translated::Keep,
            Some("drop") => Translated::Drop,
            Some(code) => Translated::To(code.to_owned()),
        }
    }

    /// Whether a row of it holds only on some days.
    pub(crate) fn has_days(&self) -> bool {
        self.rows.iter().any(|row| row.from.is_some() || row.to.is_some())
    }
}

impl CodeMaps {
    /// A code map by its name.
    pub fn get(&self, name: &str) -> Option<&CodeMap> {
        self.0.get(name).map(Arc::as_ref)
    }

    /// A code map that a record needs.
    pub(crate) fn expect(&self, name: &str) -> Result<&CodeMap, Cause> {
        self.get(name).ok_or_else(|| Cause::new(record::UNLISTED_CODE, format!("there is no code map `{name}`; add codes/{name}.csv")))
    }
}

/// Translates a value, or each value of a list, with a code map, between the two systems of the flow or between the columns that are named.
///
/// This is what the transform `codes` does. Empty stays empty, an unlisted value is a rejection that carries the value, so that it can be added
/// to the map.
pub fn translate(name: &str, columns: Option<(&str, &str)>, value: Value, env: &Env<'_>) -> Result<Value, Cause> {
    let map = env.codes.expect(name)?;
    let direction = match columns {
        Some((from, to)) => map
            .between(from, to)
            .ok_or_else(|| Cause::new(record::UNLISTED_CODE, format!("the code map `{name}` has no columns `{from}` and `{to}`")))?,
        None => map.direction(env.sides).map_err(|problem| Cause::new(record::UNLISTED_CODE, problem.message))?,
    };
    map.translate_value(direction, value, env.today, &mut |_| {})
}

impl CodeMap {
    /// Translates a value, or each value of a list. `dropped` hears of the values that are left out because the row `*` says so.
    pub(crate) fn translate_value(
        &self,
        direction: Direction,
        value: Value,
        day: Date,
        dropped: &mut dyn FnMut(Cause),
    ) -> Result<Value, Cause> {
        if crate::value::is_empty(&value) {
            return Ok(Value::Null);
        }
        if let Value::Array(items) = value {
            let mut codes = Vec::with_capacity(items.len());
            for item in items {
                let code = self.translate_value(direction, item, day, dropped)?;
                if !code.is_null() {
                    codes.push(code);
                }
            }
            return Ok(if codes.is_empty() { Value::Null } else { Value::Array(codes) });
        }
        let text = match &value {
            Value::String(text) => Some(Cow::Borrowed(text.trim())),
            other => crate::value::text(other).map(Cow::Owned),
        };
        let (name, column) = (&self.name, &self.columns[direction.from]);
        let Some(text) = text else {
            let message = format!("the code map `{name}` wants a code, but the value is {}", crate::value::kind(&value));
            return Err(Cause::new(record::WRONG_TYPE, message));
        };
        match self.translate(direction, &text, day) {
            Translated::To(code) => Ok(Value::String(code)),
            Translated::Keep => Ok(value),
            Translated::Nothing => Ok(Value::Null),
            Translated::Drop => {
                let message =
                    format!("the value is not listed in the column {column} of the code map `{name}` and is left out, as its row `*` says");
                dropped(Cause::new(record::UNLISTED_CODE, message).unlisted(name, text));
                Ok(Value::Null)
            }
            Translated::Unlisted => {
                let message = format!(
                    "the value is not listed in the column {column} of the code map `{name}`; add it to codes/{name}.csv and retry"
                );
                Err(Cause::new(record::UNLISTED_CODE, message).unlisted(name, text))
            }
            Translated::Several(_) => Err(self.disagreement(direction, &text, day)),
        }
    }
}

/// The names of columns as they are compared.
fn lower(header: &[String]) -> Vec<String> {
    header.iter().map(|column| column.trim().to_lowercase()).collect()
}
