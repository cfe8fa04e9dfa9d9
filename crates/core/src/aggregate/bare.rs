//! What samples count for without a target: places as the crosswalk calls them, options as the record, the bands or the code map call them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use super::by::{By, Given};
use super::walk::{Ground, Placed, walk};
use super::{Aggregate, Measure};
use crate::catalogue::aggregate;
use crate::codes::{CodeMaps, Translated};
use crate::error::Cause;
use crate::expr::Scope;
use crate::fold::{Amount, Part};
use crate::period::Period;
use crate::transform::Env;

/// Samples that are being counted.
pub(crate) struct Bare<'a> {
    own: &'a Aggregate,
    codes: &'a CodeMaps,
    parts: BTreeMap<BareCell, Vec<Part>>,
}

/// A number by what it is called in the sheet and the code maps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct BareCell {
    /// The position of the indicator.
    pub indicator: usize,
    pub period: Period,
    pub org_unit: String,
    /// Category, then option; attribute categories among them.
    pub options: BTreeMap<String, String>,
}

impl BareCell {
    /// Whether it is of the same period and org unit, and of the same option in each of these categories.
    fn belongs(&self, to: &Self) -> bool {
        let has = |(category, option): (&String, &String)| {
            self.options.iter().any(|(own, chosen)| own.eq_ignore_ascii_case(category) && chosen == option)
        };
        self.period == to.period && self.org_unit == to.org_unit && to.options.iter().all(has)
    }
}

impl<'a> Bare<'a> {
    pub(crate) fn new(own: &'a Aggregate, codes: &'a CodeMaps) -> Self {
        Self { own, codes, parts: BTreeMap::new() }
    }

    /// Counts a record.
    pub(crate) fn count(&mut self, record: &Value, env: &Env<'_>, causes: &mut Vec<Cause>) {
        for indicator in 0..self.own.indicators.len() {
            let mut found: Vec<Placed<Self>> = Vec::new();
            let without = causes.len();
            walk(self.own, indicator, &*self, (record, env), &mut |placed| found.push(placed), &mut |cause, _| causes.push(cause));
            if causes.len() > without {
                continue;
            }
            for Placed { period, org_unit, mut options, attributes, part } in found {
                options.extend(attributes);
                self.parts.entry(BareCell { indicator, period, org_unit, options }).or_default().push(part);
            }
        }
    }

    /// The numbers of all cells, formulas among them; of formulas only those that need no other flow.
    pub(crate) fn numbers(&self, causes: &mut Vec<Cause>) -> BTreeMap<BareCell, Amount> {
        let mut numbers: BTreeMap<BareCell, Amount> = BTreeMap::new();
        for (cell, parts) in &self.parts {
            // The parts were made by this very indicator.
            if let Ok(Some(number)) = self.own.indicators[cell.indicator].number(parts.iter().copied()) {
                numbers.insert(cell.clone(), number);
            }
        }
        for formula in &self.own.formulas {
            let row = &self.own.indicators[*formula];
            let Measure::Formula(made) = &row.value else { continue };
            let inputs: Vec<Option<usize>> =
                made.inputs().iter().map(|input| if input.flow.is_none() { self.own.indicator(&input.indicator) } else { None }).collect();
            let touched = numbers.keys().filter(|cell| inputs.contains(&Some(cell.indicator)));
            let cells: Vec<BareCell> = touched.filter_map(|cell| of_formula(*formula, &row.by, cell)).collect();
            for cell in cells {
                let values: Vec<Option<Amount>> = inputs.iter().map(|input| self.input((*input)?, &cell, &numbers)).collect();
                match made.evaluate(&values) {
                    Ok(Some(number)) => {
                        numbers.insert(cell, number);
                    }
                    Ok(None) => {}
                    Err(cause) => causes.push(cause.field(row.name.as_str())),
                }
            }
        }
        numbers
    }

    fn input(&self, input: usize, cell: &BareCell, numbers: &BTreeMap<BareCell, Amount>) -> Option<Amount> {
        let row = &self.own.indicators[input];
        if row.value.kind().is_some() {
            let behind = self.parts.iter().filter(|(other, _)| other.indicator == input && other.belongs(cell));
            return row.number(behind.flat_map(|(_, parts)| parts.iter().copied())).ok().flatten();
        }
        let mut results = numbers.iter().filter(|(other, _)| other.indicator == input && other.belongs(cell)).map(|(_, number)| *number);
        // Results cannot be put together: an average of averages is no average.
        let only = results.next()?;
        results.next().is_none().then_some(only)
    }
}

/// The cell of a formula that a cell of an input lies behind.
fn of_formula(formula: usize, by: &[By], cell: &BareCell) -> Option<BareCell> {
    let mut options = BTreeMap::new();
    for by in by {
        let (_, option) = cell.options.iter().find(|(category, _)| category.eq_ignore_ascii_case(&by.category))?;
        options.insert(by.category.clone(), option.clone());
    }
    Some(BareCell { indicator: formula, period: cell.period, org_unit: cell.org_unit.clone(), options })
}

impl Ground for Bare<'_> {
    type Unit = String;
    type Options = BTreeMap<String, String>;

    fn place(&self, place: &str, day: Date) -> Result<Option<String>, Cause> {
        let Some(crosswalk) = &self.own.org_unit.crosswalk else { return Ok(Some(place.to_owned())) };
        let map = self.codes.expect(&crosswalk.map)?;
        match map.translate(crosswalk.direction, place, day) {
            Translated::To(org_unit) => Ok(Some(org_unit)),
            Translated::Keep => Ok(Some(place.to_owned())),
            Translated::Drop => Ok(None),
            Translated::Several(_) => Err(map.disagreement(crosswalk.direction, place, day)),
            Translated::Nothing | Translated::Unlisted => {
                let message =
                    format!("the place `{place}` is not in the crosswalk `{}`; what lies around it is not known in a check", crosswalk.map);
                Err(Cause::new(aggregate::UNMAPPED_PLACE, message).unlisted(crosswalk.map.as_str(), place))
            }
        }
    }

    fn options(&self, indicator: usize, scope: &Scope<'_>) -> Result<Self::Options, Cause> {
        chosen(&self.own.indicators[indicator].by, scope)
    }

    fn attributes(&self, indicator: usize, scope: &Scope<'_>) -> Result<Self::Options, Cause> {
        chosen(&self.own.indicators[indicator].attributes, scope)
    }

    fn is_listed(&self, _value: &str) -> bool {
        // Samples are made up.
        true
    }
}

fn chosen(by: &[By], scope: &Scope<'_>) -> Result<BTreeMap<String, String>, Cause> {
    let mut options = BTreeMap::new();
    for by in by {
        let option = match by.read(scope)? {
            Given::Band(position) => by.band(position).to_owned(),
            Given::Text(text) => text.into_owned(),
            Given::Nothing => return Err(by.missing(&by.category)),
        };
        options.insert(by.category.clone(), option);
    }
    Ok(options)
}
