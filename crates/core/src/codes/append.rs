//! Many decisions on places at once: written into the file of a crosswalk in the form found, all or none.

use std::collections::HashMap;

use jiff::civil::Date;

use super::{CodeMap, DECISION, NAME, Verdict};
use crate::catalogue::sheet;
use crate::error::{Place, Problem};
use crate::table::Table;

/// A decision on one place or two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceRow {
    /// System, id, and what the place is called there now.
    pub places: Vec<(String, String, String)>,
    pub verdict: Verdict,
    pub note: String,
}

/// What is to become of a row that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// The places are still the same: their names are those of now.
    Keep,
    /// They are not the same place, from ever.
    Refuse,
    /// They were, until this day.
    End(Date),
}

/// A decision on a row that is there, found by its ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revised {
    pub places: Vec<(String, String, String)>,
    pub revision: Revision,
    pub note: String,
}

/// The file with these decisions.
///
/// # Errors
/// What the file would not be right with then: decisions that contradict each other, a place with two counterparts.
pub fn append(name: &str, sides: &[&str], table: Option<Table>, rows: &[PlaceRow], revised: &[Revised]) -> Result<Table, Vec<Problem>> {
    let mut table = table.unwrap_or_else(|| empty(name, sides));
    let before = table.rows.last().map_or(1, |row| row.number);
    let mut columns = Columns { table: &mut table };
    for revision in revised {
        columns.revise(revision);
    }
    for row in rows {
        let verdict = if row.verdict == Verdict::Accept { "" } else { row.verdict.word() };
        let mut cells = vec![(DECISION.to_owned(), verdict.to_owned()), ("note".to_owned(), row.note.clone())];
        for (system, id, called) in &row.places {
            cells.push((system.clone(), id.clone()));
            cells.push((format!("{system}{NAME}"), called.clone()));
        }
        columns.push(cells);
    }
    let (map, mut problems) = CodeMap::crosswalk(name, sides, Some(&table));
    if let Some(map) = map {
        problems.extend(two_counterparts(&map, &table, before));
    }
    if problems.is_empty() { Ok(table) } else { Err(problems) }
}

struct Columns<'t> {
    table: &'t mut Table,
}

impl Columns<'_> {
    fn column(&mut self, name: &str) -> usize {
        self.table.column(name).unwrap_or_else(|| {
            self.table.header.push(name.to_owned());
            self.table.header.len() - 1
        })
    }

    fn push(&mut self, cells: Vec<(String, String)>) {
        let mut written = Vec::new();
        for (column, cell) in cells.into_iter().filter(|(_, cell)| !cell.trim().is_empty()) {
            let at = self.column(&column);
            if written.len() <= at {
                written.resize(at + 1, String::new());
            }
            cell.trim().clone_into(&mut written[at]);
        }
        written.resize(self.table.header.len().max(written.len()), String::new());
        self.table.push(written);
    }

    /// Changes the accepting row of these places; one that only a link joins gets a row.
    fn revise(&mut self, revised: &Revised) {
        let ids: Vec<(usize, &str)> = revised.places.iter().map(|(system, id, _)| (self.column(system), id.as_str())).collect();
        let decision = self.table.column(DECISION);
        let cell = |row: &crate::table::Row, at: usize| row.cells.get(at).map(|cell| cell.trim().to_owned()).unwrap_or_default();
        let is_it = |row: &crate::table::Row| {
            ids.iter().all(|(at, id)| cell(row, *at) == **id)
                && ["", "accept"].contains(&decision.map(|at| cell(row, at)).unwrap_or_default().to_lowercase().as_str())
        };
        let found = self.table.rows.iter().position(is_it);
        let mut cells: Vec<(String, String)> = Vec::new();
        for (system, id, called) in &revised.places {
            if found.is_none() {
                cells.push((system.clone(), id.clone()));
            }
            cells.push((format!("{system}{NAME}"), called.clone()));
        }
        match &revised.revision {
            Revision::Keep => {}
            Revision::Refuse => cells.push((DECISION.to_owned(), Verdict::Refuse.word().to_owned())),
            Revision::End(day) => cells.push(("valid_to".to_owned(), day.to_string())),
        }
        cells.push(("note".to_owned(), revised.note.clone()));
        let Some(found) = found else {
            self.push(cells);
            return;
        };
        for (column, text) in cells.into_iter().filter(|(_, text)| !text.is_empty()) {
            let at = self.column(&column);
            let row = &mut self.table.rows[found];
            if row.cells.len() <= at {
                row.cells.resize(at + 1, String::new());
            }
            row.cells[at] = text;
        }
    }
}

/// The file before anybody has decided anything.
fn empty(name: &str, sides: &[&str]) -> Table {
    let ids = sides.iter().map(|side| (*side).to_owned());
    let names = sides.iter().map(|side| format!("{side}{NAME}"));
    let others = [DECISION, "valid_from", "valid_to", "note"].map(str::to_owned);
    Table::new(format!("codes/{name}.csv"), ids.chain(names).chain(others).collect())
}

/// Accepting rows of one place and one system with different counterparts on the same days, of which one is new: what a person wrote by hand may lead several
/// places to one.
fn two_counterparts(map: &CodeMap, table: &Table, last: usize) -> Vec<Problem> {
    let mut known: HashMap<(&str, &str, &str), Vec<super::Decision<'_>>> = HashMap::new();
    let mut problems = Vec::new();
    for decision in map.decisions().filter(|one| one.verdict() == Verdict::Accept) {
        for (system, id) in decision.ids() {
            for (other, counterpart) in decision.ids().filter(|(other, _)| *other != system) {
                let before = known.entry((system, id, other)).or_default();
                let clash = before.iter().find(|one| one.id(other) != Some(counterpart) && one.overlaps(&decision));
                if let Some(clash) = clash.filter(|_| decision.line() > last) {
                    let place = Place { file: table.file.clone(), line: Some(decision.line()), ..Place::default() };
                    let message = format!("row {} names another counterpart of `{id}` in {other} for the same days", clash.line());
                    problems
                        .push(Problem::error(sheet::CROSSWALK_CONTRADICTION, place, message).expected("one counterpart for the same days"));
                }
                before.push(decision);
            }
        }
    }
    problems
}
