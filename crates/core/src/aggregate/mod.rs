//! Aggregates: records counted into periods, org units and categories.
//!
//! An [`Aggregate`] is a sheet and the rules of its flow, checked. [`Aggregate::bind`] holds it against what the target says of itself (a [`Frame`]) and says all
//! that does not fit at once; the [`Bound`] that comes out of it says what a record counts for ([`Bound::count`]).
//!
//! What this module keeps: what a record counts for depends on the record, the sheet, the code maps and the frame alone, not on other records; so cells are the
//! same whatever the order and the split of the records, and taking a record's contributions back leaves what was there before it. A record that cannot be
//! counted for an indicator is never left out silently: it comes back with a cause that names the indicator, and its other indicators are counted.

pub mod sheet;
pub mod spec;

mod across;
mod bare;
mod bind;
mod by;
mod choice;
mod compile;
mod count;
mod formula;
mod measure;
mod place;
mod reading;
#[cfg(test)]
mod tests;
mod text;
mod walk;

use std::collections::BTreeSet;

use jiff::civil::Date;

use crate::codes::{CodeMap, CodeMaps, Direction, Sides};
use crate::error::Cause;
use crate::expr::Expr;
use crate::fold::{Amount, Fold, Kind, Mismatch, Part};
use crate::numbers::{Frame, Places};
use crate::path::SourcePath;
use crate::period::{Period, PeriodType};
use crate::projection::Projection;

pub(crate) use across::across;
pub(crate) use bare::Bare;
pub use bind::Bound;
pub use by::By;
pub(crate) use compile::{Around, compile};
pub use count::{Contribution, Counted, Dimensions};
pub use formula::Input;
pub use measure::Measure;
pub use reading::Reading;
pub use spec::Zeros;

/// A checked aggregate.
#[derive(Debug)]
pub struct Aggregate {
    /// The file of the sheet: `aggregates/weekly-cases.csv`.
    pub file: String,
    /// The sheet as it was written.
    pub sheet: sheet::Sheet,
    /// Into which periods records are counted.
    pub period: PeriodRule,
    /// Into which org units.
    pub org_unit: OrgUnitRule,
    /// Whether a 0 is sent where nothing was counted.
    pub zeros: Zeros,
    /// Numbers from 1 to below this one are not sent; 0 and 1 suppress none.
    pub small_cells: u64,
    /// Whether it is kept which record counts where.
    pub drill: bool,
    /// Whether the data set is marked complete once everything of a period and org unit is sent.
    pub complete: bool,
    /// The indicators, in the order of the sheet.
    pub indicators: Vec<Indicator>,
    flow_file: String,
    /// The two systems: they say which columns of a code map are meant.
    sides: Sides,
    /// The positions of the formulas, each after those of this sheet that it needs.
    formulas: Vec<usize>,
    paths: Vec<SourcePath>,
    projection: Projection,
    code_maps: BTreeSet<String>,
    uses_labels: bool,
}

/// Into which periods records are counted.
#[derive(Debug)]
pub struct PeriodRule {
    pub period_type: PeriodType,
    /// The day that decides.
    pub date: Reading,
    /// How many periods before the present one may still be corrected; `None`: all.
    pub restate: Option<u32>,
}

/// Into which org units records are counted.
#[derive(Debug)]
pub struct OrgUnitRule {
    /// The place.
    pub path: Reading,
    /// Which org unit a place is; `None`: its value is one.
    pub crosswalk: Option<Crosswalk>,
    /// Where everything below is added up; the root is 1.
    pub level: Option<u32>,
}

/// A code map from places to org units.
#[derive(Debug)]
pub struct Crosswalk {
    /// Its name.
    pub map: String,
    pub(crate) direction: Direction,
}

impl Crosswalk {
    /// The column of the org units.
    pub fn org_units<'m>(&self, map: &'m CodeMap) -> &'m str {
        map.target_column(self.direction)
    }
}

/// A row of the sheet.
#[derive(Debug)]
pub struct Indicator {
    /// The row, as a spreadsheet counts.
    pub row: usize,
    pub name: String,
    /// Id, code or name of the data element as written; `None` for what only formulas use.
    pub data_element: Option<String>,
    /// The items that are counted; `None`: the record is.
    pub each: Option<SourcePath>,
    /// Only what it holds for is counted.
    pub where_: Option<Expr>,
    /// What is made of them.
    pub value: Measure,
    /// Its own day; `None`: the flow's.
    pub date: Option<Reading>,
    /// Its own place; `None`: the flow's.
    pub org_unit: Option<Reading>,
    /// The categories; of a formula only their names.
    pub by: Vec<By>,
    /// The fixed category option combo as written.
    pub option_combo: Option<String>,
    /// The fixed attribute option combo as written.
    pub attribute_option_combo: Option<String>,
    /// The categories that decide the attribute option combo.
    pub attributes: Vec<By>,
}

impl Indicator {
    /// The number that parts make in this indicator: 0 of no parts where it counts or adds up, none where it averages or compares.
    ///
    /// # Errors
    /// Parts of another kind of fold, or a formula, which has no parts: mistakes of the caller.
    pub fn number(&self, parts: impl IntoIterator<Item = Part>) -> Result<Option<Amount>, Mismatch> {
        let kind = self.value.kind().ok_or(Mismatch(Kind::Count))?;
        Ok(Fold::of(kind, parts)?.number().or_else(|| self.value.of_nothing()))
    }
}

impl Aggregate {
    /// The source paths that the flow reads. None at all means the whole record.
    pub fn paths(&self) -> Vec<String> {
        if self.paths.iter().any(SourcePath::reads_everything) {
            return Vec::new();
        }
        self.paths.iter().map(|path| path.text().to_owned()).collect()
    }

    /// The same, as paths.
    pub(crate) fn source_paths(&self) -> &[SourcePath] {
        &self.paths
    }

    /// Parses of a raw record what [`Aggregate::paths`] names, and nothing else.
    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// The code maps that it uses.
    pub fn code_maps(&self) -> &BTreeSet<String> {
        &self.code_maps
    }

    /// Whether it needs the labels of the source.
    pub fn uses_labels(&self) -> bool {
        self.uses_labels
    }

    /// The position of an indicator by its name.
    pub fn indicator(&self, name: &str) -> Option<usize> {
        self.indicators.iter().position(|indicator| indicator.name == name)
    }

    /// Whether a change in a period comes too late: it lies further back than `restate` allows.
    pub fn is_late(&self, period: Period, today: Date) -> bool {
        let present = Period::of(self.period.period_type, today).ok();
        let first = self.period.restate.and_then(|back| present?.minus(back));
        first.is_some_and(|first| period < first)
    }

    /// The periods for which zeros are reported: those that may still be corrected and have ended, the earliest first. Without `restate` it is the last one that
    /// has ended.
    pub fn zero_periods(&self, today: Date) -> Vec<Period> {
        if self.zeros == Zeros::Omit {
            return Vec::new();
        }
        let present = Period::of(self.period.period_type, today).ok();
        let back = std::iter::successors(present.and_then(Period::previous), |period| period.previous());
        let count = usize::try_from(self.period.restate.unwrap_or(1)).unwrap_or(usize::MAX);
        // The week after week 53 lies in two two-week periods, so that one before the present one may not have ended.
        let mut periods: Vec<Period> = back.take(count).filter(|period| period.end() < today).collect();
        periods.reverse();
        periods
    }

    /// Whether a number of an indicator is so small that people could be recognised by it. Averages and formulas are not counts of people and never are.
    pub fn is_small(&self, indicator: usize, number: Amount) -> bool {
        let counts = self.indicators.get(indicator).is_some_and(|indicator| indicator.value.of_nothing().is_some());
        counts && number > Amount::default() && number < Amount::count(self.small_cells)
    }

    /// Holds the sheet against what the target says of itself.
    ///
    /// # Errors
    /// Everything that does not fit, each with its cell.
    pub fn bind<'a>(&'a self, frame: &'a Frame, codes: &'a CodeMaps, places: Option<&'a Places>) -> Result<Bound<'a>, Vec<Cause>> {
        bind::bind(self, frame, codes, places)
    }
}
