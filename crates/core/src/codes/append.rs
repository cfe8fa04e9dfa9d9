//! Many decisions on places at once: written into the file of a crosswalk in the form found, all or none.

use std::collections::BTreeSet;

use jiff::ToSpan;
use jiff::civil::Date;

use super::decision::marks_text;
use super::edit::empty;
use super::{BY, CodeMap, DECISION, KEPT, NAME, Verdict};
use crate::catalogue::sheet;
use crate::error::{Place, Problem};
use crate::table::Table;

/// A decision on one place or two.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlaceRow {
    /// System, id, and what the place is called there now.
    pub places: Vec<(String, String, String)>,
    pub verdict: Verdict,
    /// What was seen of the pair when it was decided ([`crate::places::Lookout::marks`]).
    pub kept: BTreeSet<String>,
    pub note: String,
    /// Who decided.
    pub by: String,
}

/// What is to become of a row that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revision {
    /// The places are still the same, whatever was found of them: their names are those of now.
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
    /// What was seen of the pair when it was decided, in the place of what was seen before.
    pub kept: BTreeSet<String>,
    pub note: String,
    /// Who decided.
    pub by: String,
}

/// The file with these decisions. Of several rows of one pair the one that holds `today` is revised.
///
/// # Errors
/// What the file would not be right with then: decisions that contradict each other, a place with two counterparts; a pair that is ended or refused and stands in a
/// row with a third place.
pub fn append(
    name: &str,
    sides: &[&str],
    table: Option<Table>,
    rows: &[PlaceRow],
    revised: &[Revised],
    today: Date,
) -> Result<Table, Vec<Problem>> {
    let mut table = table.unwrap_or_else(|| empty(name, sides));
    let before = table.rows.last().map_or(1, |row| row.number);
    let mut columns = Columns { sides, table: &mut table };
    let together: Vec<Problem> = revised.iter().filter_map(|revision| columns.revise(revision, today).err()).collect();
    if !together.is_empty() {
        return Err(together);
    }
    for row in rows {
        let verdict = if row.verdict == Verdict::Accept { "" } else { row.verdict.word() };
        let others = [(DECISION, verdict.to_owned()), ("note", row.note.clone()), (BY, row.by.clone()), (KEPT, marks_text(&row.kept))];
        let mut cells = others.map(|(column, cell)| (column.to_owned(), cell)).to_vec();
        for (system, id, called) in &row.places {
            cells.push((system.clone(), id.clone()));
            cells.push((format!("{system}{NAME}"), called.clone()));
        }
        columns.push(&cells);
    }
    let (map, mut problems) = CodeMap::crosswalk(name, sides, Some(&table));
    if let Some(map) = map {
        problems.extend(map.other_counterparts_after(&table, before));
    }
    if problems.is_empty() { Ok(table) } else { Err(problems) }
}

struct Columns<'t> {
    sides: &'t [&'t str],
    table: &'t mut Table,
}

impl Columns<'_> {
    fn push(&mut self, cells: &[(String, String)]) {
        let said = cells.iter().filter(|(_, cell)| !cell.trim().is_empty());
        self.table.push_named(said.map(|(column, cell)| (column.as_str(), cell.as_str())));
    }

    /// Changes the accepting row of these places that holds today; a pair that only a link joins gets a row. What is ended is refused from the next day on: a link
    /// of the two would join them again.
    fn revise(&mut self, revised: &Revised, today: Date) -> Result<(), Problem> {
        let found = self
            .row_of(revised, &["", "accept"], |from, to| from.is_none_or(|first| first <= today) && to.is_none_or(|last| today <= last));
        if let Some(found) = found.filter(|_| revised.revision != Revision::Keep) {
            self.check_alone(found, revised)?;
        }
        let mut cells: Vec<(String, String)> = Vec::new();
        // What holds no longer is not asked about again.
        let goes_on = match revised.revision {
            Revision::Keep => true,
            Revision::Refuse => false,
            Revision::End(day) => today <= day,
        };
        if goes_on {
            cells.push((KEPT.to_owned(), marks_text(&revised.kept)));
        }
        match &revised.revision {
            Revision::Keep => {}
            Revision::Refuse => cells.push((DECISION.to_owned(), Verdict::Refuse.word().to_owned())),
            Revision::End(day) => cells.push(("valid_to".to_owned(), day.to_string())),
        }
        self.put(found, revised, cells);
        if let Revision::End(day) = revised.revision
            && let Ok(next) = day.checked_add(1.day())
        {
            // Whoever ends the pair again means another day.
            let ended = self.row_of(revised, &["refuse"], |from, to| from.is_some() && to.is_none());
            let ended = ended.filter(|row| self.check_alone(*row, revised).is_ok());
            let refused = [(DECISION, Verdict::Refuse.word().to_owned()), ("valid_from", next.to_string())];
            self.put(ended, revised, refused.map(|(column, text)| (column.to_owned(), text)).into());
        }
        Ok(())
    }

    /// The first row of these places with one of these decisions and with such days.
    fn row_of(&self, revised: &Revised, decisions: &[&str], days: impl Fn(Option<Date>, Option<Date>) -> bool) -> Option<usize> {
        self.table.rows.iter().position(|row| {
            let day = |column: &str| crate::transform::plain_day(self.table.cell(row, column));
            revised.places.iter().all(|(system, id, _)| self.table.cell(row, system) == id)
                && decisions.contains(&self.table.cell(row, DECISION).to_lowercase().as_str())
                && days(day("valid_from"), day("valid_to"))
        })
    }

    /// # Errors
    /// The row joins a third place with them, of which nothing was said.
    fn check_alone(&self, found: usize, revised: &Revised) -> Result<(), Problem> {
        let row = &self.table.rows[found];
        let is_other = |side: &&str| {
            !self.table.cell(row, side).is_empty() && !revised.places.iter().any(|(system, ..)| system.eq_ignore_ascii_case(side))
        };
        let Some(other) = self.sides.iter().copied().find(is_other) else { return Ok(()) };
        let ids: Vec<String> = revised.places.iter().map(|(_, id, _)| format!("`{id}`")).collect();
        let message = format!(
            "this row joins {} with `{}` of {other}, too, of which nothing was decided",
            ids.join(" and "),
            self.table.cell(row, other)
        );
        let place = Place { file: self.table.file.clone(), line: Some(row.number), ..Place::default() };
        Err(Problem::error(sheet::CROSSWALK_ROW, place, message)
            .expected("a row for each pair: write this one as several and decide again"))
    }

    /// Writes cells and the names of now into a row that is there, or into a new one. A note stays, and so does who decided before; what is new stands behind it, so that the last
    /// one has decided last.
    fn put(&mut self, found: Option<usize>, revised: &Revised, mut cells: Vec<(String, String)>) {
        for (system, id, called) in &revised.places {
            if found.is_none() {
                cells.push((system.clone(), id.clone()));
            }
            cells.push((format!("{system}{NAME}"), called.clone()));
        }
        cells.push(("note".to_owned(), revised.note.clone()));
        cells.push((BY.to_owned(), revised.by.clone()));
        let Some(found) = found else {
            self.push(&cells);
            return;
        };
        for (column, text) in cells {
            // What was seen before and is no longer so goes; nothing else is emptied.
            if text.is_empty() && (column != KEPT || self.table.column(KEPT).is_none()) {
                continue;
            }
            let at = self.table.column_or_new(&column);
            let before = self.table.cell(&self.table.rows[found], &column);
            let text = match column.as_str() {
                "note" if before.contains(&text) => continue,
                BY if before.rsplit(';').next().is_some_and(|last| last.trim() == text) => continue,
                "note" | BY if !before.is_empty() => format!("{before}; {text}"),
                _ => text,
            };
            self.table.put(found, at, text);
        }
    }
}
