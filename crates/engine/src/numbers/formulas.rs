//! Formulas: which of them change when their inputs do, and what they come to. An input is made anew of the parts behind it, so that a share of several groups
//! is that of all of them and no sum of shares.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use kivuko_core::aggregate::{Aggregate, Bound, Dimensions, Input};
use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{CellFilter, CellNumber, CellRow};
use kivuko_core::codes::CodeMaps;
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Flow;
use kivuko_core::fold::{Amount, Fold};
use kivuko_core::numbers::{Frame, Places};

use super::values::fold_of;
use super::{Numbers, misfit};
use crate::engine::Engine;
use crate::run::{Execution, misfit_of, target_spec};

/// Another flow whose numbers formulas use, with what its target says of itself.
pub(super) struct OtherFlow {
    flow: Arc<Flow>,
    frame: Arc<Frame>,
    places: Option<Places>,
    code_maps: CodeMaps,
}

/// The same, held against its target.
pub(crate) struct Foreign<'o> {
    own: &'o Aggregate,
    bound: Bound<'o>,
}

impl OtherFlow {
    pub fn name(&self) -> &str {
        &self.flow.name
    }

    pub fn bind(&self) -> Result<Foreign<'_>, Error> {
        let own =
            self.flow.aggregate.as_ref().ok_or_else(|| Error::bug(codes::ACCOUNT_WRONG, "a formula uses a flow that does not count"))?;
        let bound = own.bind(&self.frame, &self.code_maps, self.places.as_ref()).map_err(|causes| misfit(&causes))?;
        Ok(Foreign { own, bound })
    }
}

impl Engine {
    /// Opens the other flows whose numbers the formulas of a sheet use; once for a run.
    pub(super) async fn open_flows_of_formulas(&self, own: &Aggregate) -> Result<Vec<OtherFlow>, Error> {
        let inputs = own.indicators.iter().flat_map(|indicator| indicator.value.inputs());
        let names: BTreeSet<&String> = inputs.filter_map(|input| input.flow.as_ref()).collect();
        let mut found = Vec::new();
        for name in names {
            let flow = self.flow(name)?;
            if flow.aggregate.as_ref().is_some_and(|own| !own.drill) {
                return Err(Error::configuration(
                    codes::FORMULA_WITHOUT_PARTS,
                    format!("a formula uses numbers of the flow `{name}`, which has `drill: off` and keeps nothing that they are made of"),
                ));
            }
            let target = self.system(&flow.to.system)?.target(&target_spec(&flow, &flow.to.records[0]))?;
            misfit_of(&target.prepare().await?)?;
            let (frame, places) = self.frame_of(&flow, &*target).await?;
            let code_maps = self.codes_of(&flow).await?;
            found.push(OtherFlow { flow, frame, places, code_maps });
        }
        Ok(found)
    }
}

impl Execution<'_> {
    /// Makes the formulas due whose inputs are.
    pub(super) async fn mark_formulas(&mut self, numbers: &mut Numbers<'_>) -> Result<(), Error> {
        let formulas: Vec<u32> = numbers.bound.formulas().collect();
        if formulas.is_empty() {
            return Ok(());
        }
        let mut touched: BTreeSet<Dimensions> = BTreeSet::new();
        // In order, so that a formula over a formula follows it.
        let mut changed: BTreeSet<Dimensions> = self.changed_cells(numbers).await?;
        for formula in &formulas {
            let inputs: BTreeSet<u32> = numbers
                .bound
                .inputs(*formula)
                .iter()
                .filter(|input| input.flow.is_none())
                .filter_map(|input| u32::try_from(numbers.own.indicator(&input.indicator)?).ok())
                .collect();
            let new: Vec<Dimensions> = changed
                .iter()
                .filter(|cell| inputs.contains(&cell.indicator))
                .flat_map(|cell| numbers.bound.touched(*formula, &numbers.bound, cell))
                .collect();
            changed.extend(new.iter().copied());
            touched.extend(new);
        }
        for (name, Foreign { bound, .. }) in &numbers.foreign {
            for formula in &formulas {
                for input in numbers.bound.inputs(*formula).iter().filter(|input| input.flow.as_deref() == Some(*name)) {
                    let filter = CellFilter { indicator: Some(input.indicator.clone()), ..CellFilter::default() };
                    for row in self.engine.all_cells(name, &filter).await? {
                        let Some(cell) = bound.dimensions(&row.cell) else { continue };
                        touched.extend(numbers.bound.touched(*formula, bound, &cell));
                    }
                }
            }
        }
        // Those of other flows may not have changed: what they come to is compared before anything is sent.
        let today = self.today;
        touched.retain(|cell| !numbers.own.is_late(cell.period, today) || changed.contains(cell));
        self.mark(numbers, touched).await
    }

    /// The cells that this run changes, or an earlier one did without coming to their sending.
    async fn changed_cells(&self, numbers: &Numbers<'_>) -> Result<BTreeSet<Dimensions>, Error> {
        let all = if self.writes { CellFilter { due: true, ..CellFilter::default() } } else { CellFilter::default() };
        let rows = self.all_cells(&all).await?;
        let changed = |row: &&CellRow| row.due || numbers.changes.of(row.number).is_some();
        Ok(rows.iter().filter(changed).filter_map(|row| numbers.bound.dimensions(&row.cell)).collect())
    }

    /// What the formulas among these cells come to.
    pub(super) async fn evaluate(
        &self,
        numbers: &Numbers<'_>,
        rows: &[CellRow],
        cells: &[Option<Dimensions>],
    ) -> Result<HashMap<CellNumber, Result<Option<Amount>, Cause>>, Error> {
        let formulas: BTreeSet<u32> = numbers.bound.formulas().collect();
        let mine: Vec<(CellNumber, Dimensions)> = rows
            .iter()
            .zip(cells)
            .filter_map(|(row, cell)| cell.filter(|cell| formulas.contains(&cell.indicator)).map(|cell| (row.number, cell)))
            .collect();
        let mut found = HashMap::new();
        for (number, cell) in mine {
            let result = self.formula(numbers, &cell).await?;
            found.insert(number, result);
        }
        Ok(found)
    }

    fn formula<'f>(
        &'f self,
        numbers: &'f Numbers<'_>,
        cell: &'f Dimensions,
    ) -> kivuko_core::BoxFuture<'f, Result<Result<Option<Amount>, Cause>, Error>> {
        Box::pin(async move {
            let mut inputs = Vec::new();
            for input in numbers.bound.inputs(cell.indicator) {
                match self.input(numbers, cell, input).await? {
                    Ok(number) => inputs.push(number),
                    Err(cause) => return Ok(Err(cause)),
                }
            }
            Ok(numbers.bound.evaluate(cell.indicator, &inputs))
        })
    }

    async fn input(&self, numbers: &Numbers<'_>, cell: &Dimensions, input: &Input) -> Result<Result<Option<Amount>, Cause>, Error> {
        let (flow, bound, own, changes) = match &input.flow {
            None => (&self.flow.name, &numbers.bound, numbers.own, Some(&numbers.changes)),
            Some(name) => match numbers.foreign.get(name.as_str()) {
                Some(Foreign { own, bound }) => (name, bound, *own, None),
                None => return Err(Error::bug(codes::ACCOUNT_WRONG, format!("a formula uses `{input}`, which was not opened"))),
            },
        };
        let Some(position) = own.indicator(&input.indicator) else { return Ok(Ok(None)) };
        let indicator = &own.indicators[position];
        let Ok(at) = u32::try_from(position) else { return Ok(Ok(None)) };
        let behind = bound.behind(at, &numbers.bound, cell);
        let Some(kind) = indicator.value.kind() else {
            // A formula over a formula: of the one cell that lies behind.
            return match behind.first() {
                Some(one) if input.flow.is_none() => self.formula(numbers, one).await,
                _ => Ok(Ok(None)),
            };
        };
        let names: Vec<_> = behind.iter().map(|cell| bound.cell(cell)).collect();
        let found = self.engine.known_cells(flow, &names).await?;
        let mut fold = Fold::new(kind);
        if input.flow.is_none() && !own.drill {
            for number in &found {
                if let Some(part) = numbers.folds.get(number) {
                    fold.merge(part.clone()).map_err(|error| Error::bug(codes::ACCOUNT_WRONG, error.to_string()))?;
                }
            }
        } else {
            fold = fold_of(&*self.engine.store, kind, &found, changes).await?;
        }
        Ok(Ok(fold.number().or_else(|| indicator.value.of_nothing())))
    }
}
