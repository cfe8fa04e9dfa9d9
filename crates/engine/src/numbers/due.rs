//! Which cells are to be looked at beside those that a record touched: zeros of places from which nothing came, formulas, and with `drill: off` whatever differs.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use kivuko_core::aggregate::Dimensions;
use kivuko_core::cells::{Cell, CellFilter, CellNumber, CellRow};
use kivuko_core::error::Error;
use kivuko_core::flow::Flow;
use kivuko_core::numbers::{Frame, Places};
use kivuko_core::value;
use serde_json::json;

use super::names::put_names;
use super::{Numbers, cells_partition, is_number};
use crate::options::RunOptions;
use crate::run::Execution;

/// How many cells are asked for at once.
pub(super) const MANY: usize = 2_000;

impl Execution<'_> {
    /// What records count for depends on the sheet, the code maps and crosswalks, the data set and the places too. When one of these has changed, everything is counted anew:
    /// the cursors go, so that a run that is killed on the way goes on with just that.
    pub(super) async fn begin_anew_where_changed(&mut self, flow: &Flow, frame: &Frame, places: Option<&Places>) -> Result<(), Error> {
        let places: Vec<_> = places.map(Places::in_order).unwrap_or_default();
        let (elements, combos, units) = (&frame.elements, &frame.combos, frame.units.all());
        let mut basis = format!(
            "{} {:?} {:?} {elements:?} {combos:?} {units:?} {:?} {places:?}",
            flow.version.hash, frame.data_set, frame.period_type, frame.assigned
        );
        // Decisions on a crosswalk are part of the flow's version; its links are not.
        for map in flow.code_maps.iter().filter_map(|name| self.codes.get(name)).filter(|map| map.is_crosswalk()) {
            write!(basis, " {} {:?}", map.name(), map.links_in_order()).expect("a String takes everything");
        }
        value::hash(&self.hash_key, &json!(["counted by", basis]))[..16].clone_into(&mut self.counted_by);
        let key = format!("what {} is counted by", flow.name);
        let before = self.engine.store.session(&key).await?.map(|shared| shared.value);
        self.counts_anew = before.as_deref() != Some(self.counted_by.as_str());
        if self.writes {
            put_names(&*self.engine.store, &flow.name, frame, self.counts_anew, self.engine.clock.now()).await?;
        }
        // A plan reads from the beginning, and leaves the cursors where they are.
        if !self.counts_anew || !self.writes {
            return Ok(());
        }
        // What is made of a number (held back, a zero that means nothing) depends on them as well as what is counted.
        let all: Vec<CellNumber> =
            self.all_cells(&CellFilter::default()).await?.iter().filter(|row| is_number(&row.cell)).map(|row| row.number).collect();
        self.touch(&all).await?;
        let store = &self.engine.store;
        let now = self.engine.clock.now();
        for row in store.cursors(&flow.name).await? {
            let reason = "the sheet, a code map or crosswalk, the data set or the places have changed: everything is counted anew";
            store.set_cursor(&flow.name, &row.partition, None, reason, now).await?;
        }
        store.put_session(&key, &self.counted_by, now).await?;
        Ok(())
    }

    /// Marks what is to be looked at, before anything is sent: a run that is killed while it sends finds it again.
    pub(super) async fn mark_due(&mut self, numbers: &mut Numbers<'_>, options: &RunOptions) -> Result<(), Error> {
        if options.is_whole() {
            self.mark_zeros(numbers).await?;
            self.put_refused(numbers).await?;
        }
        if !numbers.own.drill {
            self.number_folds(numbers).await?;
            self.mark_what_differs(numbers).await?;
        }
        self.mark_formulas(numbers).await
    }

    async fn mark_zeros(&mut self, numbers: &mut Numbers<'_>) -> Result<(), Error> {
        for period in numbers.zero_periods.clone() {
            let filter = CellFilter { period: Some(period.to_string()), ..CellFilter::default() };
            let known: HashMap<Cell, bool> =
                self.all_cells(&filter).await?.into_iter().map(|row| (row.cell, row.due || row.value.is_some())).collect();
            let zeros: BTreeSet<Dimensions> = numbers.bound.zeros(&[period]).collect();
            let settled = |cell: &Dimensions| known.get(&numbers.bound.cell(cell)).copied().unwrap_or(false);
            let new: BTreeSet<Dimensions> = zeros.into_iter().filter(|cell| !settled(cell)).collect();
            self.mark(numbers, new).await?;
        }
        Ok(())
    }

    async fn mark_what_differs(&mut self, numbers: &mut Numbers<'_>) -> Result<(), Error> {
        let mut after = CellNumber(-1);
        loop {
            let rows = self.engine.store.cells(&self.flow.name, &CellFilter::default(), after, MANY).await?;
            let Some(last) = rows.last() else { return Ok(()) };
            after = last.number;
            let differs: Vec<CellNumber> = rows.iter().filter(|row| differs(numbers, row)).map(|row| row.number).collect();
            self.put_due(numbers, &differs).await?;
        }
    }

    /// Makes cells due that nothing was counted into.
    pub(super) async fn mark(&mut self, numbers: &mut Numbers<'_>, cells: BTreeSet<Dimensions>) -> Result<(), Error> {
        self.name(numbers, cells.clone()).await?;
        let marked: Vec<CellNumber> = cells.iter().filter_map(|cell| numbers.cells.get(cell).copied()).collect();
        self.put_due(numbers, &marked).await
    }

    async fn put_due(&mut self, numbers: &mut Numbers<'_>, cells: &[CellNumber]) -> Result<(), Error> {
        if !self.writes {
            for cell in cells {
                numbers.changes.touch(*cell);
            }
            return Ok(());
        }
        self.touch(cells).await
    }

    pub(super) async fn touch(&self, cells: &[CellNumber]) -> Result<(), Error> {
        for cells in cells.chunks(MANY) {
            let mut commit = self.empty_commit(&cells_partition(), None);
            commit.cells.touched = cells.to_vec();
            self.engine.store.commit_page(&commit).await?;
        }
        Ok(())
    }

    /// All cells of the flow that a filter fits.
    pub(super) async fn all_cells(&self, filter: &CellFilter) -> Result<Vec<CellRow>, Error> {
        self.engine.all_cells(&self.flow.name, filter).await
    }
}

/// Whether a cell comes to something else than what the target was brought to.
fn differs(numbers: &Numbers<'_>, row: &CellRow) -> bool {
    let Some(cell) = numbers.bound.dimensions(&row.cell) else { return false };
    if numbers.indicator(cell.indicator).is_none_or(|indicator| indicator.value.kind().is_none()) {
        return false;
    }
    row.value != Execution::sent_as(numbers, row, &cell, numbers.counted(cell.indicator, row.number)) && !row.due
}

impl crate::engine::Engine {
    pub(super) async fn all_cells(&self, flow: &str, filter: &CellFilter) -> Result<Vec<CellRow>, Error> {
        let (mut all, mut after) = (Vec::new(), CellNumber(-1));
        loop {
            let rows = self.store.cells(flow, filter, after, MANY).await?;
            let Some(last) = rows.last() else { return Ok(all) };
            after = last.number;
            all.extend(rows);
        }
    }
}
