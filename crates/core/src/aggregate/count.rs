//! What a record counts for. This is the hot path: a cell is five small numbers, and nothing is copied that is not needed.

use std::cell::RefCell;

use jiff::civil::Date;
use serde_json::Value;

use super::bind::{Bound, BoundIndicator};
use super::place::Spot;
use super::sheet::Column;
use super::walk::{Ground, Placed, walk};
use super::{Input, Measure, Zeros};
use crate::cells::Cell;
use crate::error::Cause;
use crate::expr::Scope;
use crate::fold::{Amount, Part};
use crate::numbers::Element;
use crate::period::Period;
use crate::transform::Env;

/// A cell by positions in a [`Bound`]: cheap to compare and to copy. It means something with that bound only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dimensions {
    pub indicator: u32,
    pub period: Period,
    pub org_unit: u32,
    pub option_combo: u32,
    pub attribute_option_combo: u32,
}

/// What a record adds to a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Contribution {
    pub cell: Dimensions,
    pub part: Part,
}

/// What a record counts for. Both may hold something: what can be counted is, although the record is refused for another indicator.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counted {
    /// Sorted, so that the same record always gives the same list.
    pub parts: Vec<Contribution>,
    /// Why it cannot be counted, for an indicator by its position.
    pub causes: Vec<(u32, Cause)>,
    /// Where it belongs with what it cannot be counted for, as far as it says so: periods and org units by their position. Sorted.
    pub refused: Vec<(Period, u32)>,
}

/// A bound while one record is looked at.
struct OfRecord<'b, 'a> {
    bound: &'b Bound<'a>,
    /// For each indicator the option combination that was decided, where it is that of others too.
    decided: RefCell<Vec<Option<u32>>>,
}

impl Ground for OfRecord<'_, '_> {
    type Unit = u32;
    type Options = u32;

    fn place(&self, place: &str, day: Date) -> Result<Option<u32>, Cause> {
        match self.bound.places.find(place, day) {
            Spot::Unit(position) => Ok(Some(position)),
            Spot::Dropped => Ok(None),
            Spot::Refused(cause) => Err(cause.as_ref().clone()),
        }
    }

    fn options(&self, indicator: usize, scope: &Scope<'_>) -> Result<u32, Cause> {
        let own = &self.bound.indicators[indicator];
        let Some(first) = own.alike else { return own.options.decide(scope) };
        if let Some(decided) = self.decided.borrow()[first] {
            return Ok(decided);
        }
        let decided = own.options.decide(scope)?;
        self.decided.borrow_mut()[first] = Some(decided);
        Ok(decided)
    }

    fn attributes(&self, indicator: usize, scope: &Scope<'_>) -> Result<u32, Cause> {
        self.bound.indicators[indicator].attributes.decide(scope)
    }

    fn is_listed(&self, value: &str) -> bool {
        self.bound.places.is_listed(value)
    }
}

impl Bound<'_> {
    /// What a record, as [`super::Aggregate::projection`] projects it, counts for.
    pub fn count(&self, record: &Value, env: &Env<'_>) -> Counted {
        let mut parts: Vec<Contribution> = Vec::new();
        let mut causes: Vec<(u32, Cause)> = Vec::new();
        let mut refused: Vec<(Period, u32)> = Vec::new();
        let ground = OfRecord { bound: self, decided: RefCell::new(vec![None; self.indicators.len()]) };
        for (position, indicator) in (0u32..).zip(0..self.indicators.len()) {
            let (begin, without) = (parts.len(), causes.len());
            let mut found = |placed: Placed<OfRecord<'_, '_>>| {
                let Placed { period, org_unit, options: option_combo, attributes: attribute_option_combo, part } = placed;
                let cell = Dimensions { indicator: position, period, org_unit, option_combo, attribute_option_combo };
                parts.push(Contribution { cell, part });
            };
            let mut refuse = |cause, belongs: Option<(Period, u32)>| {
                causes.push((position, cause));
                refused.extend(belongs);
            };
            walk(self.own, indicator, &ground, (record, env), &mut found, &mut refuse);
            if causes.len() > without {
                // An indicator is counted whole or not at all.
                refused.extend(parts.drain(begin..).map(|part| (part.cell.period, part.cell.org_unit)));
            }
            gather(&mut parts, begin);
        }
        refused.sort_unstable();
        refused.dedup();
        Counted { parts, causes, refused }
    }

    /// The ids of a cell.
    pub fn cell(&self, dimensions: &Dimensions) -> Cell {
        let indicator = self.at(dimensions.indicator);
        Cell {
            indicator: indicator.map_or_else(String::new, |indicator| indicator.own.name.clone()),
            element: indicator.and_then(|indicator| indicator.element).map_or_else(String::new, |element| element.named.id.clone()),
            period: dimensions.period.to_string(),
            org_unit: self.frame.units.at(dimensions.org_unit).map_or_else(String::new, |unit| unit.named.id.clone()),
            option_combo: self.combos.id(dimensions.option_combo).to_owned(),
            attribute_option_combo: self.combos.id(dimensions.attribute_option_combo).to_owned(),
        }
    }

    /// The cell of these ids; none when the sheet or the target does not have one of them any more.
    pub fn dimensions(&self, cell: &Cell) -> Option<Dimensions> {
        let indicator = *self.names.get(cell.indicator.as_str())?;
        let element = self.at(indicator)?.element.map_or("", |element| element.named.id.as_str());
        if element != cell.element {
            return None;
        }
        Some(Dimensions {
            indicator,
            period: Period::parse_as(self.own.period.period_type, &cell.period).ok()?,
            org_unit: self.frame.units.position(&cell.org_unit)?,
            option_combo: self.combos.position(&cell.option_combo)?,
            attribute_option_combo: self.combos.position(&cell.attribute_option_combo)?,
        })
    }

    /// What it is held against.
    pub fn frame(&self) -> &crate::numbers::Frame {
        self.frame
    }

    /// What an indicator is written into; none for what only formulas use.
    pub fn element(&self, indicator: u32) -> Option<&Element> {
        self.at(indicator)?.element
    }

    /// The cells that are 0 where nothing was counted: of the data set's org units that records can count for, the elements where zero is significant and the
    /// option combinations that the sheet can lead to. Nothing with `zeros: omit`.
    pub fn zeros<'s>(&'s self, periods: &'s [Period]) -> impl Iterator<Item = Dimensions> + 's {
        let periods = periods.iter().copied().filter(|_| self.own.zeros == Zeros::Report);
        let significant = |(_, indicator): &(u32, &BoundIndicator<'_>)| {
            indicator.element.is_some_and(|element| element.zero_is_significant) && indicator.own.value.of_nothing().is_some()
        };
        periods.flat_map(move |period| {
            (0u32..).zip(&self.indicators).filter(significant).flat_map(move |(position, indicator)| {
                self.places.open_in(period).flat_map(move |org_unit| {
                    indicator.options.reachable.iter().flat_map(move |option_combo| {
                        indicator.attributes.reachable.iter().map(move |attribute_option_combo| Dimensions {
                            indicator: position,
                            period,
                            org_unit,
                            option_combo: *option_combo,
                            attribute_option_combo: *attribute_option_combo,
                        })
                    })
                })
            })
        })
    }

    /// The positions of the formulas, each after those of this sheet that it needs.
    pub fn formulas(&self) -> impl Iterator<Item = u32> {
        self.own.formulas.iter().filter_map(|position| u32::try_from(*position).ok())
    }

    /// What a formula is made of; nothing for what is counted.
    pub fn inputs(&self, indicator: u32) -> &[Input] {
        self.at(indicator).map_or(&[], |indicator| indicator.own.value.inputs())
    }

    /// The cells of an indicator of this sheet that lie behind a cell of a formula: those of its period and org unit (by id) that have all its category options
    /// (ids). Their parts together make the input. `formula` is the bound of the flow that the formula is in.
    pub fn behind(&self, indicator: u32, formula: &Bound<'_>, cell: &Dimensions) -> Vec<Dimensions> {
        let org_unit = formula.frame.units.at(cell.org_unit).and_then(|unit| self.frame.units.position(&unit.named.id));
        let (Some(own), Some(org_unit)) = (self.at(indicator), org_unit) else { return Vec::new() };
        let has = |position: u32, wanted: &[String]| wanted.iter().all(|option| self.combos.options(position).contains(option));
        let options = formula.combos.options(cell.option_combo);
        let attributes = formula.combos.options(cell.attribute_option_combo);
        let mut cells = Vec::new();
        for option_combo in own.options.reachable.iter().filter(|position| has(**position, options)) {
            for attribute in own.attributes.reachable.iter().filter(|position| has(**position, attributes)) {
                cells.push(Dimensions {
                    indicator,
                    period: cell.period,
                    org_unit,
                    option_combo: *option_combo,
                    attribute_option_combo: *attribute,
                });
            }
        }
        cells
    }

    /// The cells of a formula of this sheet that a cell of one of its inputs lies behind. `input` is the bound of the flow that the input is in.
    pub fn touched(&self, formula: u32, input: &Bound<'_>, cell: &Dimensions) -> Vec<Dimensions> {
        let org_unit = input.frame.units.at(cell.org_unit).and_then(|unit| self.frame.units.position(&unit.named.id));
        let (Some(own), Some(org_unit)) = (self.at(formula), org_unit) else { return Vec::new() };
        let within = |position: u32, has: &[String]| self.combos.options(position).iter().all(|option| has.contains(option));
        let options = input.combos.options(cell.option_combo);
        let attributes = input.combos.options(cell.attribute_option_combo);
        let mut cells = Vec::new();
        for option_combo in own.options.reachable.iter().filter(|position| within(**position, options)) {
            for attribute in own.attributes.reachable.iter().filter(|position| within(**position, attributes)) {
                cells.push(Dimensions {
                    indicator: formula,
                    period: cell.period,
                    org_unit,
                    option_combo: *option_combo,
                    attribute_option_combo: *attribute,
                });
            }
        }
        cells
    }

    /// The number of a formula from those of its inputs, in the order of [`Bound::inputs`]. None comes of a division by zero, or where a number that is needed is
    /// not there.
    ///
    /// # Errors
    /// The formula gives something else than a number, or one that is too large.
    pub fn evaluate(&self, indicator: u32, inputs: &[Option<Amount>]) -> Result<Option<Amount>, Cause> {
        let Some(bound) = self.at(indicator) else { return Ok(None) };
        let Measure::Formula(formula) = &bound.own.value else { return Ok(None) };
        formula.evaluate(inputs).map_err(|mut cause| {
            cause.field.get_or_insert_with(|| bound.own.name.clone());
            cause.cell.get_or_insert_with(|| self.own.sheet.place_at(bound.own.row, Column::Value).to_string());
            cause
        })
    }

    fn at(&self, indicator: u32) -> Option<&BoundIndicator<'_>> {
        self.indicators.get(usize::try_from(indicator).ok()?)
    }
}

/// Sorts what an indicator got of a record, and puts counts of one cell together.
fn gather(parts: &mut Vec<Contribution>, from: usize) {
    if parts.len() < from + 2 {
        return;
    }
    parts[from..].sort_unstable();
    let mut last = from;
    for next in from + 1..parts.len() {
        let (one, other) = (parts[last], parts[next]);
        match (one.part, other.part) {
            (Part::Count(count), Part::Count(more)) if one.cell == other.cell => parts[last].part = Part::Count(count.saturating_add(more)),
            // The same value twice is one value.
            (Part::Key(_), Part::Key(_)) if one == other => {}
            _ => {
                last += 1;
                parts[last] = other;
            }
        }
    }
    parts.truncate(last + 1);
}
