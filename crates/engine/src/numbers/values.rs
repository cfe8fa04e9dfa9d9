//! What a cell comes to: its parts folded, or a formula over the folds of others.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kivuko_core::aggregate::{Aggregate, Dimensions};
use kivuko_core::catalogue::run as codes;
use kivuko_core::cells::{CellNumber, CellRow, PartPlace, PartRow};
use kivuko_core::error::{Cause, Error};
use kivuko_core::fold::{Amount, Fold, Kind, Part};
use kivuko_core::store::Store;

use super::Numbers;
use super::changes::Changes;
use crate::run::Execution;

/// How many parts are read at once.
const PARTS: usize = 20_000;

/// What a cell comes to.
pub(super) enum Worth {
    /// This; `None`: there is nothing to be sent, and what was sent goes.
    Value(Option<String>),
    /// The sheet, or the target, no longer has it.
    Gone,
    /// The formula cannot be worked out.
    Refused(Cause),
}

impl Numbers<'_> {
    /// `drill: off`: the number of this reading.
    pub fn counted(&self, indicator: u32, cell: CellNumber) -> Option<Amount> {
        let of_nothing = || self.indicator(indicator)?.value.of_nothing();
        self.folds.get(&cell).and_then(Fold::number).or_else(of_nothing)
    }
}

impl Execution<'_> {
    /// What these cells come to, in their order.
    pub(super) async fn worths(&self, numbers: &Numbers<'_>, rows: &[CellRow]) -> Result<Vec<Worth>, Error> {
        let cells: Vec<Option<Dimensions>> = rows.iter().map(|row| numbers.bound.dimensions(&row.cell)).collect();
        let wanted: Vec<(CellNumber, u32)> = rows
            .iter()
            .zip(&cells)
            .filter_map(|(row, cell)| Some((row.number, cell.as_ref()?.indicator)))
            .filter(|(_, indicator)| numbers.indicator(*indicator).is_some_and(|own| own.value.kind().is_some()))
            .collect();
        let counted = if numbers.own.drill {
            numbers_of(&*self.engine.store, numbers.own, &wanted, Some(&numbers.changes)).await?
        } else {
            wanted.iter().map(|(cell, indicator)| (*cell, numbers.counted(*indicator, *cell))).collect()
        };
        let formulas = self.evaluate(numbers, rows, &cells).await?;
        let worth = |(row, cell): (&CellRow, &Option<Dimensions>)| {
            let Some(cell) = cell else { return Worth::Gone };
            match (counted.get(&row.number), formulas.get(&row.number)) {
                (Some(number), _) | (None, Some(Ok(number))) => Worth::Value(Self::sent_as(numbers, row, cell, *number)),
                (None, Some(Err(cause))) => Worth::Refused(cause.clone()),
                (None, None) => Worth::Gone,
            }
        };
        Ok(rows.iter().zip(&cells).map(worth).collect())
    }

    /// A number as the target is to have it; nothing for one that is too small, for a zero that means nothing there, and for a zero that nobody waits for.
    pub(super) fn sent_as(numbers: &Numbers<'_>, row: &CellRow, cell: &Dimensions, number: Option<Amount>) -> Option<String> {
        let number = number?;
        let own = numbers.own;
        if usize::try_from(cell.indicator).is_ok_and(|indicator| own.is_small(indicator, number)) {
            return None;
        }
        if number == Amount::default() {
            let significant = numbers.bound.element(cell.indicator).is_none_or(|element| element.zero_is_significant);
            let waited_for = row.value.is_some() || numbers.zero_periods.contains(&cell.period);
            if !significant || !waited_for {
                return None;
            }
        }
        Some(number.to_string())
    }
}

/// What the parts of these cells make, each with the position of its indicator.
async fn numbers_of(
    store: &dyn Store,
    own: &Aggregate,
    cells: &[(CellNumber, u32)],
    changes: Option<&Changes>,
) -> Result<HashMap<CellNumber, Option<Amount>>, Error> {
    let indicator = |position: u32| usize::try_from(position).ok().and_then(|position| own.indicators.get(position));
    let mut folds: HashMap<CellNumber, Fold> =
        cells.iter().filter_map(|(cell, position)| Some((*cell, Fold::new(indicator(*position)?.value.kind()?)))).collect();
    let ids: Vec<CellNumber> = cells.iter().map(|(cell, _)| *cell).collect();
    each_part(store, &ids, changes, |cell, part, many| folds.get_mut(&cell).map_or(Ok(()), |fold| add(fold, part, many))).await?;
    let number = |(cell, position): &(CellNumber, u32)| {
        let of_nothing = || indicator(*position)?.value.of_nothing();
        (*cell, folds.get(cell).and_then(Fold::number).or_else(of_nothing))
    };
    Ok(cells.iter().map(number).collect())
}

/// What the records that are kept come to in these cells, as it would be sent; nothing for one that is too small to be sent, or of which nothing is left. Cells of formulas are left out, those of a flow that keeps
/// nothing of single records, and those that were counted by another sheet than that of now.
///
/// # Errors
/// The store cannot be read.
pub async fn counted_by_now(store: &dyn Store, own: &Aggregate, rows: &[&CellRow]) -> Result<BTreeMap<CellNumber, Option<String>>, Error> {
    let mut folds: BTreeMap<CellNumber, (usize, Fold)> = BTreeMap::new();
    for row in rows.iter().filter(|_| own.drill) {
        let Some(position) = own.indicator(&row.cell.indicator) else { continue };
        folds.extend(own.indicators[position].value.kind().map(|kind| (row.number, (position, Fold::new(kind)))));
    }
    let ids: Vec<CellNumber> = folds.keys().copied().collect();
    let mut counted_otherwise: BTreeSet<CellNumber> = BTreeSet::new();
    each_part(store, &ids, None, |cell, part, many| {
        let is_other = folds.get_mut(&cell).is_some_and(|(_, fold)| add(fold, part, many).is_err());
        counted_otherwise.extend(is_other.then_some(cell));
        Ok(())
    })
    .await?;
    folds.retain(|cell, _| !counted_otherwise.contains(cell));
    let number = |(cell, (position, fold)): (CellNumber, (usize, Fold))| {
        let number = fold.number().or_else(|| own.indicators[position].value.of_nothing());
        (cell, number.filter(|number| !own.is_small(position, *number)).map(|number| number.to_string()))
    };
    Ok(folds.into_iter().map(number).collect())
}

/// What the parts of several cells make together.
pub(super) async fn fold_of(store: &dyn Store, kind: Kind, cells: &[CellNumber], changes: Option<&Changes>) -> Result<Fold, Error> {
    let mut fold = Fold::new(kind);
    each_part(store, cells, changes, |_, part, many| add(&mut fold, part, many)).await?;
    Ok(fold)
}

/// All parts of these cells as they are with what a plan would change, each with how many there are of it.
async fn each_part(
    store: &dyn Store,
    cells: &[CellNumber],
    changes: Option<&Changes>,
    mut take: impl FnMut(CellNumber, &str, u64) -> Result<(), Error>,
) -> Result<(), Error> {
    // A plan: these are about to go.
    let mut gone: HashMap<CellNumber, HashMap<&str, u64>> = HashMap::new();
    for cell in cells {
        let Some(change) = changes.and_then(|changes| changes.of(*cell)) else { continue };
        for part in &change.gone {
            *gone.entry(*cell).or_default().entry(part).or_default() += 1;
        }
        change.new.iter().try_for_each(|part| take(*cell, part, 1))?;
    }
    let mut after = PartPlace::START;
    loop {
        let page = store.parts(cells, after, PARTS).await?;
        for PartRow { cell, part, many } in &page.rows {
            let going = gone.get_mut(cell).and_then(|gone| gone.get_mut(part.as_str()));
            let left = going.map_or(*many, |going| {
                let left = many.saturating_sub(*going);
                *going -= many - left;
                left
            });
            take(*cell, part, left)?;
        }
        let Some(next) = page.next else { return Ok(()) };
        after = next;
    }
}

fn add(fold: &mut Fold, part: &str, many: u64) -> Result<(), Error> {
    let read = Part::parse(fold.kind(), part);
    let added = read.is_some_and(|part| (0..many).all(|_| fold.add(part).is_ok()));
    if added {
        return Ok(());
    }
    Err(Error::bug(codes::ACCOUNT_WRONG, format!("what was put down does not belong into the fold `{}`", fold.kind())))
}
