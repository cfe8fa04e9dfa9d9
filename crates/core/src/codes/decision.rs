//! What people decided on the places of a crosswalk: the rows of its file.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::{CodeMap, CodeRow};
use crate::catalogue::sheet;
use crate::error::{Place, Problem};
use crate::table::Table;

/// The column of the verdict.
pub const DECISION: &str = "decision";
/// The column of who decided.
pub const BY: &str = "by";
/// The column of what was seen of a pair when it was decided.
pub const KEPT: &str = "kept";
/// What stands between two marks of that column.
const BETWEEN_MARKS: &str = "; ";
/// What the name of a column ends with that holds names, for people only: `godata_name`.
pub const NAME: &str = "_name";

/// What a person decided.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// These are the same place.
    #[default]
    Accept,
    /// These two are not the same place.
    Refuse,
    /// This one has no counterpart.
    None,
}

impl Verdict {
    /// The word for it in the file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Refuse => "refuse",
            Self::None => "none",
        }
    }

    fn parse(cell: &str) -> Option<Self> {
        match cell.to_lowercase().as_str() {
            "" | "accept" => Some(Self::Accept),
            "refuse" => Some(Self::Refuse),
            "none" => Some(Self::None),
            _ => None,
        }
    }
}

/// A row of the file of a crosswalk.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'m> {
    map: &'m CodeMap,
    row: &'m CodeRow,
}

impl<'m> Decision<'m> {
    pub(super) fn of(map: &'m CodeMap, row: &'m CodeRow) -> Self {
        Self { map, row }
    }

    /// The id in a system; `None`: the row does not name one.
    pub fn id(&self, system: &str) -> Option<&'m str> {
        let at = self.map.column(system)?;
        self.row.id(at)
    }

    /// What the place was called there when it was decided.
    pub fn name(&self, system: &str) -> Option<&'m str> {
        let at = self.map.column(system)?;
        self.row.names.get(at).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The ids of the row with the columns that they stand in.
    pub fn ids(&self) -> impl Iterator<Item = (&'m str, &'m str)> + use<'m> {
        let row = self.row;
        self.map.columns.iter().enumerate().filter_map(move |(at, column)| Some((column.as_str(), row.id(at)?)))
    }

    /// What was decided. A row that names one place and decides nothing of it is open: see [`Decision::is_open`].
    pub fn verdict(&self) -> Verdict {
        self.row.verdict
    }

    /// Whether the row names a place and says nothing of it: something for a person to fill in.
    pub fn is_open(&self) -> bool {
        self.row.verdict == Verdict::Accept && self.ids().count() < 2
    }

    /// The first day on which it holds; `None`: from ever.
    pub fn valid_from(&self) -> Option<Date> {
        self.row.from
    }

    /// The last day on which it holds; `None`: for ever.
    pub fn valid_to(&self) -> Option<Date> {
        self.row.to
    }

    /// Whether it holds on a day.
    pub fn holds_on(&self, day: Date) -> bool {
        self.row.holds_on(day)
    }

    /// What the person wrote beside it.
    pub fn note(&self) -> &'m str {
        &self.row.note
    }

    /// Who decided, of several one after the other; empty where nobody said so.
    pub fn by(&self) -> &'m str {
        &self.row.by
    }

    /// What was seen of the pair when it was decided ([`crate::places::Lookout::marks`]).
    pub fn kept(&self) -> BTreeSet<String> {
        self.row.kept.split(BETWEEN_MARKS).map(str::trim).filter(|mark| !mark.is_empty()).map(str::to_owned).collect()
    }

    /// The row in the file, as a spreadsheet counts it.
    pub fn line(&self) -> usize {
        self.row.line
    }
}

/// Marks as the file has them.
pub(super) fn marks_text(marks: &BTreeSet<String>) -> String {
    marks.iter().map(String::as_str).collect::<Vec<_>>().join(BETWEEN_MARKS)
}

impl CodeMap {
    /// Whether it is a crosswalk: its sides are records, and flows add to it by themselves.
    pub fn is_crosswalk(&self) -> bool {
        self.crosswalk
    }

    /// What people decided, in the order of the file; nothing of a code map that is no crosswalk, and without the row `*`.
    pub fn decisions(&self) -> impl Iterator<Item = Decision<'_>> {
        let rows = self.rows.iter().filter(|row| self.crosswalk && row.cells.iter().all(|cell| cell != "*"));
        rows.map(|row| Decision::of(self, row))
    }

    /// The columns of a crosswalk's file that hold ids, by their positions in it, and what is wrong with the others.
    pub(super) fn id_columns(header: &[String], sides: &[&str], table: &Table, problems: &mut Vec<Problem>) -> Vec<usize> {
        const OTHERS: [&str; 7] = [DECISION, KEPT, BY, "valid_from", "valid_to", "note", "status"];
        let names: Vec<String> = sides.iter().map(|side| format!("{side}{NAME}")).collect();
        let known: Vec<&str> = sides.iter().copied().chain(names.iter().map(String::as_str)).chain(OTHERS).collect();
        for (at, column) in header.iter().enumerate().filter(|(_, column)| !column.is_empty() && !known.contains(&column.as_str())) {
            // A column of people's own is theirs; one that is nearly the name of a side is a slip, and would lose all its decisions.
            let missing = known.iter().copied().filter(|name| !header.iter().any(|there| there == name));
            if let Some(near) = crate::error::nearest(column, missing) {
                let place = Place { file: table.file.clone(), line: Some(1), column: Some(at + 1), cell: None };
                let mut problem = Problem::error(sheet::CODES_COLUMNS, place, format!("a crosswalk has no column `{column}`"));
                problem.nearest = Some(near.to_owned());
                problems.push(problem.expected(known.join(", ")));
            }
        }
        (0..header.len()).filter(|at| sides.contains(&header[*at].as_str())).collect()
    }

    /// The verdict of a row, if it can be read and fits the ids that the row has.
    pub(super) fn verdict(cell: &str, ids: usize, place: impl Fn() -> Place, problems: &mut Vec<Problem>) -> Verdict {
        let Some(verdict) = Verdict::parse(cell) else {
            let problem = Problem::error(sheet::CROSSWALK_ROW, place(), format!("`{cell}` is no decision"));
            let words = ["accept", "refuse", "none"];
            problems.push(problem.expected("`accept` (or nothing), `refuse`, `none`").nearest(cell, words));
            return Verdict::Accept;
        };
        let wrong = match verdict {
            Verdict::Accept if ids < 2 && !cell.is_empty() => {
                Some(("`accept` is about two places, and one is named", "the id of the other one"))
            }
            Verdict::Refuse if ids < 2 => Some(("`refuse` is about two places, and one is named", "the id of the other one, or `none`")),
            Verdict::None if ids != 1 => {
                Some(("`none` is about one place, and more are named", "one id, or `refuse` for two that are not the same"))
            }
            _ => None,
        };
        if let Some((message, expected)) = wrong {
            problems.push(Problem::error(sheet::CROSSWALK_ROW, place(), message).expected(expected));
        }
        verdict
    }

    /// Rows that contradict each other on the same days: a pair that is accepted and refused, a place that has a counterpart and has none.
    pub(super) fn contradictions(&self, table: &Table, problems: &mut Vec<Problem>) {
        for row in self.rows.iter().filter(|row| row.verdict != Verdict::Accept) {
            let named: Vec<usize> = (0..self.columns.len()).filter(|at| row.id(*at).is_some()).collect();
            let Some(first) = named.first().copied() else { continue };
            let beside = self.exact[first].get(&row.cells[first]).into_iter().flatten().map(|other| &self.rows[*other]);
            for other in beside.filter(|other| other.verdict == Verdict::Accept && other.overlaps(row)) {
                let pairs = (0..self.columns.len()).filter(|at| *at != first && other.id(*at).is_some());
                let shared = match row.verdict {
                    Verdict::None => pairs.clone().next(),
                    _ => pairs.clone().find(|at| named.contains(at) && other.cells[*at] == row.cells[*at]),
                };
                if shared.is_none() {
                    continue;
                }
                let place = Place {
                    file: table.file.clone(),
                    line: Some(row.line),
                    column: table.column(DECISION).map(|at| at + 1),
                    cell: Some(DECISION.to_owned()),
                };
                let message = match row.verdict {
                    Verdict::None => {
                        format!("this row says that the place has no counterpart, and row {} names one for the same days", other.line)
                    }
                    _ => format!("this row says that these are not the same place, and row {} that they are, on the same days", other.line),
                };
                problems.push(
                    Problem::error(sheet::CROSSWALK_CONTRADICTION, place, message).expected("one of the two, or days that do not overlap"),
                );
            }
        }
    }
}
