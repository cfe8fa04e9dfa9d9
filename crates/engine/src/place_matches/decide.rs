//! Decisions on places: checked, and written into the file of the crosswalk.

use jiff::civil::Date;
use kivuko_core::codes::{CodeMap, PlaceRow, Revised, Revision, Verdict, append};
use kivuko_core::error::{Error, Problem};
use kivuko_core::places::{Change, Paired};
use kivuko_core::table::Table;

use super::check::Check;
use super::known::Known;
use super::view::PlaceView;

/// What a person says of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PlaceDecision {
    /// It is this one.
    Accept,
    /// These two are not the same.
    Refuse,
    /// This one has no counterpart.
    None,
    /// Of a pair that has changed: it still holds.
    Keep,
    /// It held until this day.
    End(Date),
}

/// A decision with where it stands, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceChoice {
    pub one: Option<String>,
    pub two: Option<String>,
    pub decision: PlaceDecision,
    /// What the person was told of the pair; who keeps it has to have been told all.
    pub seen: String,
    /// Why; written beside it.
    pub why: String,
    /// Who decided; empty: that is not known.
    pub by: String,
    /// `places.csv, line 3`.
    pub place: String,
}

impl PlaceChoice {
    /// The places that it decides on, by their sides. `none` in a row of two is about the first: the row is its row.
    pub(super) fn places(&self) -> impl Iterator<Item = (usize, &str)> {
        let first_only = self.decision == PlaceDecision::None && self.one.is_some();
        let ids = [self.one.as_deref(), self.two.as_deref()].into_iter().enumerate();
        ids.filter_map(move |(side, id)| Some((side, id.filter(|_| side == 0 || !first_only)?)))
    }
}

/// The file of a crosswalk as it is to be.
#[derive(Debug, Clone, PartialEq)]
pub struct PlacesKept {
    pub table: Table,
    /// Decisions that are new, and those that held already.
    pub kept: usize,
    pub before: usize,
    /// What has changed of the pairs that hold then.
    pub(super) changed: Vec<Change>,
}

/// Why decisions were not kept.
#[derive(Debug)]
pub enum PlacesRefused {
    Error(Error),
    /// What the file would not be right with.
    File(Vec<Problem>),
}

impl From<Error> for PlacesRefused {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl PlaceView<'_> {
    /// The file of the crosswalk with these decisions in it, which is for the caller to write. `file` is the file as it is now: what somebody else has decided since both
    /// sides were read counts.
    ///
    /// # Errors
    /// A place that is not there, one that is settled otherwise, decisions that contradict each other. Nothing is kept then.
    pub fn decide(&self, choices: &[PlaceChoice], file: Option<Table>) -> Result<PlacesKept, PlacesRefused> {
        let (mut rows, mut revised, mut before) = (Vec::new(), Vec::new(), 0);
        let (present, known) = self.written(file.clone(), &[], &[])?;
        let mut check = Check::new(self, &known);
        let lookout = self.lookout(&known);
        for choice in choices {
            if check.is_repeated(choice)? {
                continue;
            }
            if check.says_already(choice, &lookout) {
                before += 1;
                continue;
            }
            check.can_be_meant(choice)?;
            let pair = check.pair(choice);
            let revision = match choice.decision {
                PlaceDecision::Accept => Err(Verdict::Accept),
                PlaceDecision::None => Err(Verdict::None),
                PlaceDecision::Refuse if pair.is_none() => Err(Verdict::Refuse),
                PlaceDecision::Refuse => Ok(Revision::Refuse),
                PlaceDecision::Keep => {
                    check.has_seen(choice, &lookout)?;
                    Ok(Revision::Keep)
                }
                PlaceDecision::End(day) => Ok(Revision::End(day)),
            };
            let (places, note, by) = (self.named(choice), choice.why.clone(), choice.by.clone());
            match revision {
                Ok(revision) => {
                    let kept = pair.map(|pair| lookout.marks(pair)).unwrap_or_default();
                    revised.push(Revised { places, revision, kept, note, by });
                }
                Err(verdict) => rows.push(PlaceRow { places, verdict, kept: std::collections::BTreeSet::new(), note, by }),
            }
        }
        if rows.is_empty() && revised.is_empty() {
            return Ok(PlacesKept { table: present, kept: 0, before, changed: self.changes(&known) });
        }
        let (_, then) = self.written(file.clone(), &rows, &revised)?;
        let lookout = self.lookout(&then);
        for row in rows.iter_mut().filter(|row| row.verdict == Verdict::Accept) {
            if let [(_, one, _), (_, two, _)] = row.places.as_slice() {
                row.kept = lookout.marks_of_namesakes(&Paired { one: one.clone(), two: two.clone(), ..Paired::default() });
            }
        }
        let (table, known) = self.written(file, &rows, &revised)?;
        Ok(PlacesKept { table, kept: rows.len() + revised.len(), before, changed: self.changes(&known) })
    }

    /// The file with rows in it, and what is known then.
    fn written(&self, file: Option<Table>, rows: &[PlaceRow], revised: &[Revised]) -> Result<(Table, Known), PlacesRefused> {
        let name = &self.crosswalk.name;
        let names: Vec<&str> = self.crosswalk.sides.iter().map(|side| side.system.as_str()).collect();
        let table = append(name, &names, file, rows, revised, self.today).map_err(PlacesRefused::File)?;
        let (map, problems) = CodeMap::crosswalk(name, &names, Some(&table));
        let map = map.ok_or(PlacesRefused::File(problems))?;
        let known = Known::of(&map.with_links(&self.links), self.systems(), self.today);
        Ok((table, known))
    }

    /// The places of a choice with their systems and names.
    fn named(&self, choice: &PlaceChoice) -> Vec<(String, String, String)> {
        let name = |(side, id): (usize, &str)| (self.systems()[side].to_owned(), id.to_owned(), self.shown(side, id).name);
        choice.places().map(name).collect()
    }
}
