//! Aggregate flows: records are counted into cells, and cells are carried over like records.
//!
//! What is kept here: nothing is sent before a reading has come to its end, so that no number is half a number. What a record counts for is kept with it, and
//! taken back when it changes, moves or goes; every cell that is touched is due until the target holds what it comes to. Cells go the way of all records (found,
//! compared, noted, sent, settled), so a killed run sends nothing twice. When the sheet, a code map or the data set has changed, everything is counted anew.

mod accounts;
mod changes;
mod completeness;
mod corrected;
mod counting;
mod due;
mod formulas;
mod lost_marks;
mod marking;
mod names;
mod online;
mod records;
mod refused;
mod registrations;
mod send;
mod taking_back;
mod values;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::RandomState;
use jiff::Timestamp;
use kivuko_core::aggregate::{Aggregate, Bound, Dimensions};
use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{Cell, CellFilter, CellNumber};
use kivuko_core::error::Error;
use kivuko_core::flow::Flow;
use kivuko_core::fold::Fold;
use kivuko_core::numbers::{Frame, Places};
use kivuko_core::outcome::Status;
use kivuko_core::period::{Period, PeriodError};
use kivuko_core::record::Partition;

use crate::engine::Engine;
use crate::options::RunOptions;
use crate::revert::is_revert;
use crate::run::{Execution, Watch, checks_failed};

pub(crate) use names::Called;
pub use names::{is_number_named, names_of_cells};
pub(crate) use send::Sending;
pub(crate) use taking_back::{CellsById, id_of_number, is_same as is_same_number, taken_back};
pub use values::counted_by_now;

/// The partition under which cells are accounted for.
const CELLS: &str = "(cells)";
/// How many runs are looked back at for one that read everything.
const RECENT_RUNS: usize = 200;

/// What a run knows of its numbers.
pub(super) struct Numbers<'b> {
    pub bound: Bound<'b>,
    pub own: &'b Aggregate,
    pub called: Called,
    /// The numbers of cells that were met.
    pub cells: HashMap<Dimensions, CellNumber, RandomState>,
    /// `drill: off`: what each cell comes to so far. Nothing is put down of it, so that cells need no number before the reading has ended.
    pub adding_up: HashMap<Dimensions, Fold, RandomState>,
    /// The same after it has.
    pub folds: HashMap<CellNumber, Fold, RandomState>,
    /// A plan: what it would change.
    pub changes: changes::Changes,
    /// The flows whose numbers the formulas use, by name.
    pub foreign: BTreeMap<&'b str, formulas::Foreign<'b>>,
    /// Where refused records belong; the number of the cell that stands for it, with `drill: on`.
    pub refused: BTreeMap<refused::Belonging, CellNumber>,
    /// The periods for which a 0 is sent where nothing was counted.
    pub zero_periods: Vec<Period>,
}

impl Numbers<'_> {
    /// An indicator by its position.
    pub fn indicator(&self, indicator: u32) -> Option<&kivuko_core::aggregate::Indicator> {
        self.own.indicators.get(usize::try_from(indicator).ok()?)
    }
}

impl Execution<'_> {
    /// Counts what is due, and sends what that changes.
    pub(crate) async fn count_and_send(&mut self, options: &RunOptions, watch: &dyn Watch) -> Result<(), Error> {
        let flow = Arc::clone(&self.flow);
        let Some(own) = &flow.aggregate else { return Ok(()) };
        let engine = self.engine;
        engine.check_part(&flow, own, options).await?;
        let (frame, places) = engine.frame_of(&flow, &*self.targets[0].target).await?;
        let code_maps = self.codes.clone();
        let bound = own.bind(&frame, &code_maps, places.as_ref()).map_err(|causes| misfit(&causes))?;
        let others = engine.open_flows_of_formulas(own).await?;
        let foreign = others.iter().map(|other| Ok((other.name(), other.bind()?))).collect::<Result<_, Error>>()?;
        let mut numbers = Numbers {
            bound,
            own,
            called: Called::of(Arc::clone(&frame)),
            cells: HashMap::default(),
            adding_up: HashMap::default(),
            folds: HashMap::default(),
            changes: changes::Changes::default(),
            foreign,
            refused: BTreeMap::new(),
            zero_periods: own.zero_periods(self.today),
        };
        self.begin_anew_where_changed(&flow, &frame, places.as_ref()).await?;
        let records = self.records_among(&options.only).await?;
        // Numbers that are asked for are sent without any record being read.
        if options.only.is_empty() || !records.is_empty() {
            self.count_records(&mut numbers, &RunOptions { only: records, ..options.clone() }, watch).await?;
        }
        if self.writes {
            engine.store.settle_parts().await?;
        }
        self.mark_due(&mut numbers, options).await?;
        let whole = self.writes && options.is_whole();
        // What was agreed on in a plan are numbers: it showed no marks.
        if whole && own.complete && self.again && self.agreed.is_none() {
            self.look_for_lost_marks(&numbers).await?;
        }
        self.send_cells(&mut numbers, options, watch).await?;
        if whole {
            self.close_orphans().await?;
        }
        if whole && own.complete {
            self.mark_complete(&mut numbers).await?;
        }
        if options.is_whole() {
            self.tell_emptied().await;
        }
        Ok(())
    }

    /// Those of the identities that are asked for which are records: a rejection may be one of a number too.
    async fn records_among(&mut self, only: &[String]) -> Result<Vec<String>, Error> {
        if only.is_empty() {
            return Ok(Vec::new());
        }
        let due = self.all_cells(&CellFilter { due: true, ..CellFilter::default() }).await?;
        let due: HashSet<String> = due.into_iter().map(|row| row.cell.id()).collect();
        let (numbers, records): (Vec<String>, Vec<String>) = only.iter().cloned().partition(|id| due.contains(id));
        for id in &numbers {
            self.wanted_came(id);
        }
        Ok(records)
    }
}

/// The periods that are asked for are some of the flow. Found out before there is a run.
pub(crate) fn check_periods(flow: &Flow, periods: &[String]) -> Result<(), Error> {
    let Some(own) = &flow.aggregate else { return Ok(()) };
    let due = own.period.period_type;
    let wrong = |text: &String| {
        let why = match Period::parse_as(due, text).err()? {
            PeriodError::WrongType { found, .. } => format!("of type {found}"),
            PeriodError::NotAPeriod => "no period".to_owned(),
            other => other.to_string(),
        };
        Some(format!("`{text}` ({why})"))
    };
    let wrong: Vec<String> = periods.iter().filter_map(wrong).collect();
    if wrong.is_empty() {
        return Ok(());
    }
    let message = format!(
        "the flow `{}` counts by periods of type {due}, which are written like {}; `--periods` has {}",
        flow.name,
        due.example(),
        wrong.join(", ")
    );
    Err(Error::configuration(codes::NO_SUCH_PERIOD, message))
}

/// What does not fit between a sheet and its target, as one error.
fn misfit(causes: &[kivuko_core::error::Cause]) -> Error {
    checks_failed(causes).unwrap_or_else(|| Error::bug(codes::ACCOUNT_WRONG, "a sheet was refused without a reason"))
}

impl Engine {
    /// Numbers of a part of the records would be wrong numbers: what is asked for by its identity is counted anew beside all the others, and anything else is
    /// refused.
    async fn check_part(&self, flow: &Flow, own: &Aggregate, options: &RunOptions) -> Result<(), Error> {
        if options.is_whole() || options.plan.is_some() {
            return Ok(());
        }
        let by_identity = options.since.is_none() && options.until.is_none() && options.limit.is_none() && options.input.is_none();
        let why = if !by_identity {
            "`--since`, `--until`, `--limit` and `--input` would count a part of the records, and a number of a part is a wrong number"
        } else if !own.drill {
            "`drill: off` keeps nothing of single records, so that one cannot be counted anew beside the others"
        } else if self.last_whole_run(flow).await?.is_none() {
            "no run of the flow has counted everything yet"
        } else {
            return Ok(());
        };
        Err(Error::configuration(codes::PART_OF_NUMBERS, format!("the flow `{}` counts: {why}; run it as a whole", flow.name)))
    }

    /// When the last run of the flow began that read everything and came to its end: only after one are its numbers whole.
    pub(super) async fn last_whole_run(&self, flow: &Flow) -> Result<Option<Timestamp>, Error> {
        let runs = self.store.runs(Some(&flow.name), RECENT_RUNS).await?;
        let whole = runs.iter().find(|run| run.status == Status::Complete && !is_revert(run) && !run.options.contains("--only"));
        Ok(whole.map(|run| run.started))
    }

    /// The data set that a flow counts into, and where places of its source lie.
    pub(crate) async fn frame_of(
        &self,
        flow: &Flow,
        target: &dyn kivuko_core::connector::Target,
    ) -> Result<(Arc<Frame>, Option<Places>), Error> {
        let Some(frame) = target.frame().await? else {
            return Err(Error::configuration(
                codes::NO_NUMBERS,
                format!("the system `{}` does not say what its data sets are, so nothing can be counted into it", flow.to.system),
            ));
        };
        let places = self.system(&flow.from.system)?.places().await?;
        Ok((frame, places))
    }

    /// The numbers of cells, in their order; new ones are made.
    pub(super) async fn numbers_of_cells(&self, flow: &str, cells: &[Cell]) -> Result<Vec<CellNumber>, Error> {
        let mut numbers = Vec::with_capacity(cells.len());
        for cells in cells.chunks(due::MANY) {
            numbers.extend(self.store.cell_numbers(flow, cells).await?);
        }
        Ok(numbers)
    }

    /// The numbers of those cells that are there.
    pub(super) async fn known_cells(&self, flow: &str, cells: &[Cell]) -> Result<Vec<CellNumber>, Error> {
        let mut numbers = Vec::new();
        for cells in cells.chunks(due::MANY) {
            numbers.extend(self.store.known_cells(flow, cells).await?.into_iter().flatten());
        }
        Ok(numbers)
    }
}

/// Whether a cell is a number, and not a mark or the like; no indicator is called so.
pub(super) fn is_number(cell: &Cell) -> bool {
    !cell.indicator.starts_with('(')
}

pub(super) fn cells_partition() -> Partition {
    Partition(CELLS.to_owned())
}
