//! Code maps: which value on one side is which value on the other.
//!
//! `codes/sex.csv` has one column for each system or vocabulary (`godata,hmis,fhir,note`), or simply `source,target`. A value is looked for as it
//! stands, without spaces at its ends; if it is not there, without regard to case, where that leads to one value only. Where several rows hold
//! the value, the first one counts: so `M` and `MALE` may both stand beside `GENDER_MALE`, and `GENDER_MALE` goes back as the first of them.
//! A row with `*` says what happens to other values; `valid_from` and `valid_to` (both days included) bound the rows that have them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::civil::Date;
use serde_json::Value;

use crate::catalogue::{record, sheet};
use crate::error::{Cause, Place, Problem};
use crate::table::Table;
use crate::transform::Env;

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
}

#[derive(Debug, Clone)]
struct CodeRow {
    cells: Vec<String>,
    from: Option<Date>,
    to: Option<Date>,
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
}

/// Two columns of one code map, by their places in it: found once, used for every record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Direction {
    from: usize,
    to: usize,
}

/// All code maps of a project, by name.
#[derive(Debug, Clone, Default)]
pub struct CodeMaps(pub BTreeMap<String, CodeMap>);

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
        let header: Vec<String> = table.header.iter().map(|column| column.trim().to_lowercase()).collect();
        let coded: Vec<usize> =
            (0..header.len()).filter(|at| !header[*at].is_empty() && !NOT_CODES.contains(&header[*at].as_str())).collect();
        if coded.len() < 2 {
            let place = Place { file: table.file.clone(), line: Some(1), ..Place::default() };
            problems.push(
                Problem::error(sheet::CODES_COLUMNS, place, format!("the code map `{name}` has fewer than two columns of codes"))
                    .expected("a column for each system, such as `register,godata`, or `source,target`"),
            );
            return (None, problems);
        }
        let place = |row: usize, column: usize| Place {
            file: table.file.clone(),
            line: Some(row),
            column: Some(column + 1),
            cell: table.header.get(column).map(|name| name.trim().to_owned()),
        };
        let mut rows: Vec<CodeRow> = Vec::new();
        let mut others = vec![None; coded.len()];
        for row in &table.rows {
            let cells: Vec<String> = coded.iter().map(|at| row.cells.get(*at).map_or("", String::as_str).trim().to_owned()).collect();
            let mut day = |column: &str| {
                let at = header.iter().position(|name| name == column)?;
                let text = row.cells.get(at).map_or("", String::as_str).trim();
                if text.is_empty() {
                    return None;
                }
                let day = crate::transform::plain_day(text);
                if day.is_none() {
                    problems.push(
                        Problem::error(sheet::CODES_BAD_DAY, place(row.number, at), format!("`{text}` is not a day"))
                            .expected("a day such as 2026-01-31"),
                    );
                }
                day
            };
            let (from, to) = (day("valid_from"), day("valid_to"));
            if let (Some(from), Some(to)) = (from, to)
                && from > to
            {
                let at = header.iter().position(|name| name == "valid_to").unwrap_or_default();
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
            rows.push(CodeRow { cells, from, to });
        }
        let mut exact = vec![HashMap::<String, Vec<usize>>::new(); coded.len()];
        let mut folded = exact.clone();
        for (number, row) in rows.iter().enumerate() {
            for (at, cell) in row.cells.iter().enumerate().filter(|(_, cell)| !cell.is_empty() && *cell != "*") {
                exact[at].entry(cell.clone()).or_default().push(number);
                folded[at].entry(cell.to_lowercase()).or_default().push(number);
            }
        }
        let usable = problems.is_empty();
        let columns = coded.iter().map(|at| header[*at].clone()).collect();
        let map = Self { name: name.to_owned(), columns, rows, exact, folded, others };
        (usable.then_some(map), problems)
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
        let file = format!("codes/{}.csv", self.name);
        let missing = |side: &Side, fallback: &str| {
            let place = Place { file: file.clone(), line: Some(1), ..Place::default() };
            let Side { name, kind } = side;
            Problem::error(sheet::CODES_COLUMNS, place, format!("the code map `{}` has no column for the system {name}", self.name))
                .expected(format!("a column `{name}`, `{kind}` or `{fallback}` beside {}", self.columns.join(", ")))
        };
        match (from, to) {
            (None, _) => Err(missing(source, "source")),
            (_, None) => Err(missing(target, "target")),
            (Some(from), Some(to)) if from == to => {
                let place = Place { file, line: Some(1), ..Place::default() };
                Err(Problem::error(
                    sheet::CODES_COLUMNS,
                    place,
                    format!("both systems would use the column {} of the code map `{}`", self.columns[from], self.name),
                )
                .expected(format!("columns named {} and {}", source.name, target.name)))
            }
            (Some(from), Some(to)) => Ok(Direction { from, to }),
        }
    }

    /// Every code that a value of one column can become in the other.
    pub fn results(&self, Direction { from, to }: Direction) -> BTreeSet<String> {
        let named = self.rows.iter().filter(|row| !row.cells[from].is_empty()).map(|row| row.cells[to].as_str());
        named.filter(|code| !["", "*", "reject", "keep", "drop"].contains(code)).map(str::to_owned).collect()
    }

    /// What a value of one column is in the other, on a day.
    pub fn translate(&self, direction: Direction, value: &str, day: Date) -> Translated {
        self.listed(direction, value, day).unwrap_or_else(|| self.unlisted(direction))
    }

    /// The same for a value that is listed; `None` for one that is not, whatever the row `*` says.
    pub(crate) fn listed(&self, Direction { from, to }: Direction, value: &str, day: Date) -> Option<Translated> {
        let value = value.trim();
        let valid = |number: &&usize| {
            let row = &self.rows[**number];
            row.from.is_none_or(|first| first <= day) && row.to.is_none_or(|last| day <= last)
        };
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
        self.0.get(name)
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
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(text: &str) -> CodeMap {
        let table = Table::parse("codes/sex.csv", text.as_bytes()).expect("it is a table");
        let (map, problems) = CodeMap::parse("sex", &table);
        assert_eq!(problems, []);
        map.expect("it is a code map")
    }

    const SEX: &str =
        "godata,register,fhir,note\nGENDER_MALE,M,male,\nGENDER_MALE,MALE,male,\nGENDER_FEMALE,F,female,\n,U,unknown,left out\n";

    fn check(map: &str, from: &str, to: &str, value: &str, expected: Translated) {
        let map = parse(map);
        let direction = map.between(from, to).expect("it has both columns");
        assert_eq!(map.translate(direction, value, DAY), expected, "{value} from {from} to {to}");
    }

    const DAY: Date = jiff::civil::date(2026, 1, 1);

    fn to(code: &str) -> Translated {
        Translated::To(code.to_owned())
    }

    #[test]
    fn translates_both_ways() {
        check(SEX, "register", "godata", "M", to("GENDER_MALE"));
        check(SEX, "register", "godata", " MALE ", to("GENDER_MALE"));
        check(SEX, "register", "godata", "male", to("GENDER_MALE"));
        check(SEX, "register", "godata", "f", to("GENDER_FEMALE"));
        check(SEX, "godata", "register", "GENDER_MALE", to("M"));
        check(SEX, "godata", "fhir", "gender_female", to("female"));
        check(SEX, "Register", "GODATA", "F", to("GENDER_FEMALE"));
        check(SEX, "register", "godata", "U", Translated::Nothing);
        check(SEX, "register", "godata", "?", Translated::Unlisted);
        check(SEX, "register", "godata", "", Translated::Unlisted);
        assert_eq!(parse(SEX).between("register", "note"), None);
    }

    #[test]
    fn case_counts_where_it_makes_a_difference() {
        let map = "source,target\na,small\nA,large\nB,one\nb,one\n";
        check(map, "source", "target", "a", to("small"));
        check(map, "source", "target", "A", to("large"));
        check("source,target\nab,1\nAB,2\n", "source", "target", "Ab", Translated::Unlisted);
        check("source,target\nÉté,summer\n", "source", "target", "ÉTÉ", to("summer"));
        check("source,target\nab,1\nAB,1\n", "source", "target", "Ab", to("1"));
    }

    #[test]
    fn the_row_with_a_star_says_what_happens_to_the_rest() {
        for (cell, expected) in [
            ("reject", Translated::Unlisted),
            ("", Translated::Unlisted),
            ("keep", Translated::Keep),
            ("drop", Translated::Drop),
            ("OTHER", to("OTHER")),
        ] {
            check(&format!("source,target\nM,MALE\n*,{cell}\n"), "source", "target", "x", expected);
        }
        check("source,target\nM,MALE\n*,keep\n", "target", "source", "x", Translated::Unlisted);
        check("source,target\nM,MALE\ndrop,*\n", "target", "source", "x", Translated::Drop);
        check("source,target\nM,MALE\n*,keep\n", "source", "target", "*", Translated::Keep);
    }

    #[test]
    fn days_bound_the_rows_that_have_them() {
        let map = parse("source,target,valid_from,valid_to\nPHU-1,OLD,,2025-12-31\nPHU-1,NEW,2026-01-01,\n");
        let direction = map.between("source", "target").expect("it has both columns");
        let on = |day: Date| map.translate(direction, "PHU-1", day);
        assert_eq!(on(jiff::civil::date(2025, 12, 31)), to("OLD"));
        assert_eq!(on(jiff::civil::date(2026, 1, 1)), to("NEW"));
        let closed = parse("source,target,valid_to\nPHU-1,OLD,2020-01-01\n");
        assert_eq!(closed.translate(direction, "PHU-1", jiff::civil::date(2020, 1, 1)), to("OLD"));
        assert_eq!(closed.translate(direction, "PHU-1", jiff::civil::date(2020, 1, 2)), Translated::Unlisted);
    }

    #[test]
    fn the_columns_are_found_by_name_kind_or_as_source_and_target() {
        let sides = |text: &str, source, target| {
            let map = parse(text);
            let found = map.direction(&Sides::new(source, target));
            found.map(|found| [found.from, found.to].map(|at| map.columns[at].clone())).map_err(|problem| problem.message)
        };
        let columns = |from: &str, to: &str| Ok([from.to_owned(), to.to_owned()]);
        assert_eq!(sides(SEX, ("register", "file"), ("ebola", "godata")), columns("register", "godata"));
        assert_eq!(sides("file,godata\na,b\n", ("register", "file"), ("godata", "godata")), columns("file", "godata"));
        assert_eq!(sides("source,target\na,b\n", ("register", "file"), ("godata", "godata")), columns("source", "target"));
        assert_eq!(
            sides(SEX, ("lab", "file"), ("godata", "godata")),
            Err("the code map `sex` has no column for the system lab".to_owned())
        );
        assert!(sides("godata,x\na,b\n", ("one", "godata"), ("two", "godata")).is_err_and(|message| message.contains("both systems")));
    }

    #[test]
    fn everything_wrong_with_a_map_is_said_at_once() {
        let check = |text: &str, expected: &[&str]| {
            let table = Table::parse("codes/sex.csv", text.as_bytes()).expect("it is a table");
            let (map, problems) = CodeMap::parse("sex", &table);
            assert!(map.is_none());
            let found: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect();
            assert_eq!(found, expected);
        };
        check("godata,note\na,b\n", &["codes/sex.csv:1: the code map `sex` has fewer than two columns of codes"]);
        check(
            "source,target,valid_from,valid_to\na,b,1/2/2020,\nc,d,2020-02-01,2020-01-01\n*,keep,,\n*,drop,,\n",
            &[
                "codes/sex.csv, row 2, column valid_from: `1/2/2020` is not a day",
                "codes/sex.csv, row 3, column valid_to: valid_to lies before valid_from",
                "codes/sex.csv, row 5, column source: there is a second row `*` in the column source",
            ],
        );
    }

    #[test]
    fn values_are_translated_with_their_causes() {
        let world = crate::transform::World::new();
        let env = world.env();
        assert_eq!(translate("sex", None, json!("F"), &env), Ok(json!("GENDER_FEMALE")));
        assert_eq!(translate("sex", None, json!(["F", "m", "X", null]), &env), Ok(json!(["GENDER_FEMALE", "GENDER_MALE"])));
        assert_eq!(translate("sex", None, json!("X"), &env), Ok(Value::Null));
        assert_eq!(translate("sex", None, json!(" "), &env), Ok(Value::Null));
        let cause = translate("sex", None, json!(" third "), &env).expect_err("it is not listed");
        assert_eq!(cause.unlisted, Some(crate::error::Unlisted { list: "sex".to_owned(), value: "third".to_owned() }));
        assert!(!cause.message.contains("third"));
        assert_eq!(translate("sex", None, json!({"a": 1}), &env).expect_err("an object").code, record::WRONG_TYPE);
        assert!(translate("age", None, json!("x"), &env).is_err());
    }

    proptest! {
        #[test]
        fn one_to_one_maps_go_there_and_back(pairs in prop::collection::btree_map("[a-z]{1,6}", "[A-Z]{1,6}", 1..12)) {
            let mut seen = std::collections::BTreeSet::new();
            let pairs: Vec<_> = pairs.into_iter().filter(|(_, right)| seen.insert(right.clone())).collect();
            let text: String = std::iter::once("left,right\n".to_owned()).chain(pairs.iter().map(|(left, right)| format!("{left},{right}\n"))).collect();
            let map = parse(&text);
            for (left, right) in pairs {
                let there = map.between("left", "right").expect("it has both columns");
                let back = map.between("right", "left").expect("it has both columns");
                prop_assert_eq!(map.translate(there, &left, DAY), Translated::To(right.clone()));
                prop_assert_eq!(map.translate(back, &right, DAY), Translated::To(left));
            }
        }
    }
}
