//! Of a row that is new: what earlier rows say of its values for the same days.

use super::{CodeMap, CodeRow, Verdict};
use crate::catalogue::sheet;
use crate::error::{Place, Problem};
use crate::table::Table;

impl CodeMap {
    /// Rows before this one that give its value in a column another counterpart on the same days. Of ids that is asked in both directions, of codes in the first
    /// only: the other way round several codes may well lead to one.
    pub(super) fn other_counterparts(&self, table: &Table, new: &CodeRow, from: usize) -> Vec<Problem> {
        let value = new.cells[from].as_str();
        let beside = if self.crosswalk { self.exact[from].get(value) } else { self.folded[from].get(&value.to_lowercase()) };
        let earlier = beside.into_iter().flatten().map(|at| &self.rows[*at]).filter(|known| known.line < new.line);
        let mut problems = Vec::new();
        for known in earlier.filter(|known| known.verdict == Verdict::Accept && known.overlaps(new)) {
            let differs = |at: &usize| {
                let (known, new) = (known.cells[*at].as_str(), new.cells[*at].as_str());
                // A row of a crosswalk that does not name a system says nothing of it.
                known != new && !(self.crosswalk && (known.is_empty() || new.is_empty()))
            };
            for at in (0..self.columns.len()).filter(|at| *at != from).filter(differs) {
                let column = &self.columns[at];
                let place = Place {
                    file: table.file.clone(),
                    line: Some(known.line),
                    column: table.column(column).map(|at| at + 1),
                    cell: Some(column.clone()),
                };
                let there = match known.cells[at].as_str() {
                    "" => "that it has no counterpart".to_owned(),
                    cell => format!("that it is `{cell}`"),
                };
                let message = format!("this row says of `{value}` already {there}");
                problems.push(Problem::error(sheet::CODES_CONTRADICTION, place, message).expected("one counterpart for the same days"));
            }
        }
        problems
    }

    /// The same of all accepting rows after a line of the file, in each of their columns.
    pub(super) fn other_counterparts_after(&self, table: &Table, line: usize) -> Vec<Problem> {
        let new = self.rows.iter().filter(|row| row.line > line && row.verdict == Verdict::Accept);
        let asked = new.flat_map(|row| (0..self.columns.len()).filter(|at| row.id(*at).is_some()).map(move |from| (row, from)));
        asked.flat_map(|(row, from)| self.other_counterparts(table, row, from)).collect()
    }
}
