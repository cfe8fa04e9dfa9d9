//! A sheet held against what the target says of itself.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::choice::{Around, ByCodes, Choice, Combos, Misfit};
use super::place::Resolver;
use super::sheet::Column;
use super::{Aggregate, By, Indicator, Measure};
use crate::catalogue::aggregate;
use crate::codes::CodeMaps;
use crate::error::{Cause, nearest};
use crate::numbers::{Category, Combo, Element, Found, Frame, Places, find};

/// A sheet that fits its target: it says what a record counts for, and what cells are called there.
#[derive(Debug)]
pub struct Bound<'a> {
    pub(super) own: &'a Aggregate,
    pub(super) frame: &'a Frame,
    pub(super) indicators: Vec<BoundIndicator<'a>>,
    pub(super) names: HashMap<&'a str, u32>,
    pub(super) combos: Combos,
    pub(super) places: Resolver<'a>,
}

/// An indicator with what it is in the target.
#[derive(Debug)]
pub(super) struct BoundIndicator<'a> {
    pub own: &'a Indicator,
    /// What it is written into; none for what only formulas use.
    pub element: Option<&'a Element>,
    pub options: Choice<'a>,
    pub attributes: Choice<'a>,
    /// The first indicator whose category options are decided in the same way, where there are several: of a record they are decided once.
    pub alike: Option<usize>,
}

pub(super) fn bind<'a>(
    own: &'a Aggregate,
    frame: &'a Frame,
    codes: &'a CodeMaps,
    places: Option<&'a Places>,
) -> Result<Bound<'a>, Vec<Cause>> {
    let mut binder = Binder { own, frame, codes, combos: Combos::default(), causes: Vec::new() };
    binder.period_and_level();
    let mut indicators = Vec::new();
    for indicator in &own.indicators {
        let element = binder.element(indicator);
        let attributes = binder.attributes(indicator);
        let options = match &element {
            Ok(element) => binder.options(indicator, *element),
            Err(()) => None,
        };
        if let (Ok(element), Some(options), Some(attributes)) = (element, options, attributes) {
            indicators.push(BoundIndicator { own: indicator, element, options, attributes, alike: None });
        }
    }
    let places = Resolver::new(own, frame, codes, places);
    binder.strangers(&places);
    binder.strange_codes(&indicators);
    binder.same_cells(&indicators);
    if indicators.len() == own.indicators.len() {
        binder.formulas(&indicators);
    }
    if !binder.causes.is_empty() {
        return Err(binder.causes);
    }
    for (indicator, first) in (0..).zip(alike(&indicators)) {
        indicators[indicator].alike = first;
    }
    let names = (0u32..).zip(&own.indicators).map(|(position, indicator)| (indicator.name.as_str(), position)).collect();
    Ok(Bound { own, frame, indicators, names, combos: binder.combos, places })
}

/// For each indicator the first one whose options are decided in the same way, where there is another.
fn alike(indicators: &[BoundIndicator<'_>]) -> Vec<Option<usize>> {
    // The items of a record differ; the record is one.
    let same = |one: &BoundIndicator<'_>, other: &BoundIndicator<'_>| {
        one.own.each.is_none()
            && other.own.each.is_none()
            && !one.own.by.is_empty()
            && one.own.by.iter().map(|by| &by.text).eq(other.own.by.iter().map(|by| &by.text))
            && one.options.leads_to_the_same(&other.options)
    };
    let mut found = vec![None; indicators.len()];
    for at in 0..indicators.len() {
        if let Some(first) = (0..at).find(|first| same(&indicators[*first], &indicators[at])) {
            (found[first], found[at]) = (Some(first), Some(first));
        }
    }
    found
}

/// Of what is not there so many are told.
const SHOWN: usize = 5;

struct Binder<'a> {
    own: &'a Aggregate,
    frame: &'a Frame,
    codes: &'a CodeMaps,
    combos: Combos,
    causes: Vec<Cause>,
}

impl<'a> Binder<'a> {
    fn cause(&mut self, code: crate::error::Code, message: impl Into<String>, indicator: &Indicator, column: Column) {
        let cell = self.own.sheet.place_at(indicator.row, column).to_string();
        self.causes.push(Cause::new(code, message).field(indicator.name.as_str()).cell(cell));
    }

    fn misfits(&mut self, misfits: Vec<Misfit>, indicator: &Indicator, column: Column) {
        for (code, message) in misfits {
            self.cause(code, message, indicator, column);
        }
    }

    fn period_and_level(&mut self) {
        let (wanted, has) = (self.own.period.period_type, self.frame.period_type);
        if wanted != has {
            let message = format!("the flow counts into periods of type {wanted}, the data set `{}` takes {has}", self.frame.data_set.name);
            let cell = format!("{}, aggregate.period.type", self.own.flow_file);
            self.causes.push(Cause::new(aggregate::WRONG_PERIOD_TYPE, message).cell(cell));
        }
        let deepest = self.frame.units.deepest();
        if let Some(level) = self.own.org_unit.level
            && level > deepest
        {
            let message = format!("the org units that can be seen have {deepest} levels, and level {level} is wanted");
            let cell = format!("{}, aggregate.org_unit.level", self.own.flow_file);
            self.causes.push(Cause::new(aggregate::WRONG_LEVEL, message).cell(cell));
        }
    }

    fn element(&mut self, indicator: &'a Indicator) -> Result<Option<&'a Element>, ()> {
        let Some(written) = &indicator.data_element else { return Ok(None) };
        let (frame, column) = (self.frame, Column::DataElement);
        let data_set = &frame.data_set.name;
        match find(&frame.elements, written) {
            Found::One(element) if takes_numbers(&element.value_type) => Ok(Some(element)),
            Found::One(element) => {
                let message = format!("`{}` takes {} and no numbers", element.named.name, element.value_type);
                self.cause(aggregate::NOT_NUMERIC, message, indicator, column);
                Err(())
            }
            Found::Several(count) => {
                let message =
                    format!("{count} data elements of the data set `{data_set}` are called `{written}`: write the id or the code");
                self.cause(aggregate::UNKNOWN_ELEMENT, message, indicator, column);
                Err(())
            }
            Found::Nothing => {
                let message = if let Some(name) = frame.other_elements.get(written.as_str()) {
                    format!("the data element `{name}` is not in the data set `{data_set}`")
                } else {
                    let known = frame.elements.iter().map(|element| element.named.name.as_str());
                    let near = nearest(written, known).map_or(String::new(), |near| format!("; the nearest is `{near}`"));
                    format!("the data set `{data_set}` has no data element `{written}`{near}")
                };
                self.cause(aggregate::UNKNOWN_ELEMENT, message, indicator, column);
                Err(())
            }
        }
    }

    /// The category combination of an id; without it the frame is not whole, which is not the sheet's fault.
    fn combo(&mut self, id: &str, indicator: &Indicator, column: Column) -> Option<&'a Combo> {
        let found = self.frame.combos.get(id);
        if found.is_none() {
            let message = format!("the target does not say what its category combination `{id}` is: its account may not see it");
            self.cause(aggregate::WRONG_CATEGORIES, message, indicator, column);
        }
        found
    }

    fn options(&mut self, indicator: &'a Indicator, element: Option<&'a Element>) -> Option<Choice<'a>> {
        let Some(element) = element else {
            let frame = self.frame;
            let mut seen = BTreeSet::new();
            let all = frame.combos.values().filter(|combo| !combo.is_default()).flat_map(|combo| &combo.categories);
            let categories: Vec<&Category> = all.filter(|category| seen.insert(category.named.id.as_str())).collect();
            let made = Choice::loose(&indicator.by, &categories, &mut self.around());
            return made.map_err(|misfits| self.misfits(misfits, indicator, Column::By)).ok();
        };
        let combo = self.combo(&element.combo, indicator, Column::DataElement)?;
        self.choice(indicator, combo, indicator.option_combo.as_deref(), &indicator.by, (Column::CategoryOptionCombo, Column::By))
    }

    fn attributes(&mut self, indicator: &'a Indicator) -> Option<Choice<'a>> {
        let column = Column::AttributeOptionCombo;
        let combo = self.combo(&self.frame.attribute_combo, indicator, column)?;
        let fixed = indicator.attribute_option_combo.as_deref();
        self.choice(indicator, combo, fixed, &indicator.attributes, (column, column))
    }

    fn choice(
        &mut self,
        indicator: &'a Indicator,
        combo: &'a Combo,
        fixed: Option<&str>,
        by: &'a [By],
        (fixed_column, by_column): (Column, Column),
    ) -> Option<Choice<'a>> {
        let made = match fixed {
            Some(written) => Choice::fixed(combo, written, &mut self.combos).map_err(|misfit| (vec![misfit], fixed_column)),
            None if by.is_empty() => Choice::none(combo, &mut self.combos).map_err(|misfit| (vec![misfit], by_column)),
            None => Choice::varying(combo, by, &mut self.around()).map_err(|misfits| (misfits, by_column)),
        };
        made.map_err(|(misfits, column)| self.misfits(misfits, indicator, column)).ok()
    }

    fn around(&mut self) -> Around<'a, '_> {
        Around { codes: self.codes, sides: &self.own.sides, combos: &mut self.combos }
    }

    /// Codes of code maps that no category of the data set has as an option: each record that comes to one would be refused. Of several categories with one map each needs only its own.
    fn strange_codes(&mut self, indicators: &[BoundIndicator<'a>]) {
        let mut said: BTreeSet<(&str, &str)> = BTreeSet::new();
        let all: Vec<&Category> = self.frame.combos.values().flat_map(|combo| &combo.categories).collect();
        let is_option = |code: &str| all.iter().any(|category| !matches!(find(&category.options, code), Found::Nothing));
        let choices = indicators.iter().flat_map(|indicator| [&indicator.options, &indicator.attributes]);
        for ByCodes { category, map, mut strange } in choices.flat_map(|choice| choice.by_codes(self.codes, &self.own.sides)) {
            strange.retain(|(_, code)| !is_option(code));
            strange.sort_unstable();
            let Some((first, _)) = strange.first().filter(|_| said.insert((&category.named.id, map))) else { continue };
            let known = || category.options.iter().flat_map(|option| [Some(option.name.as_str()), option.code.as_deref()]).flatten();
            let told = strange.iter().take(SHOWN).map(|(row, code)| {
                let near = nearest(code, known()).map(|near| format!(" (the nearest is `{near}`)"));
                format!("`{code}` in row {row}{}", near.unwrap_or_default())
            });
            let mut told: Vec<String> = told.collect();
            if strange.len() > SHOWN {
                told.push(format!("{} others", strange.len() - SHOWN));
            }
            let category = &category.named.name;
            let message = format!("the category `{category}` has no option for what codes/{map}.csv says: {}", told.join(", "));
            self.causes.push(Cause::new(aggregate::UNKNOWN_OPTION, message).cell(format!("codes/{map}.csv, row {first}")));
        }
    }

    fn strangers(&mut self, places: &Resolver<'_>) {
        let strangers = places.strangers();
        let Some((first, _)) = strangers.first() else { return };
        let mut listed: Vec<String> = strangers.iter().take(SHOWN).map(|one| places.why_strange(*one)).collect();
        if strangers.len() > SHOWN {
            listed.push(format!("{} others", strangers.len() - SHOWN));
        }
        let map = self.own.org_unit.crosswalk.as_ref().map_or("", |crosswalk| &crosswalk.map);
        let message = format!("the target has no org unit, or several, for what codes/{map}.csv says: {}", listed.join(", "));
        self.causes.push(Cause::new(aggregate::UNKNOWN_ORG_UNIT, message).cell(format!("codes/{map}.csv, row {first}")));
    }

    /// Two rows that could write the same value.
    fn same_cells(&mut self, indicators: &[BoundIndicator<'a>]) {
        let mut written: BTreeMap<(&str, u32, u32), usize> = BTreeMap::new();
        let mut said: BTreeSet<(usize, usize)> = BTreeSet::new();
        for (position, indicator) in indicators.iter().enumerate() {
            let Some(element) = indicator.element else { continue };
            for option_combo in &indicator.options.reachable {
                for attribute in &indicator.attributes.reachable {
                    let first = *written.entry((&element.named.id, *option_combo, *attribute)).or_insert(position);
                    if first != position && said.insert((first, position)) {
                        let other = indicators[first].own;
                        let message = format!(
                            "`{}` (row {}) writes the same value: `{}` for the same option combination",
                            other.name, other.row, element.named.name
                        );
                        self.cause(aggregate::SAME_CELL, message, indicator.own, Column::DataElement);
                    }
                }
            }
        }
    }

    /// A formula has no category that one of its inputs does not have.
    fn formulas(&mut self, indicators: &[BoundIndicator<'a>]) {
        for formula in indicators {
            let Measure::Formula(_) = formula.own.value else { continue };
            for input in formula.own.value.inputs().iter().filter(|input| input.flow.is_none()) {
                let Some(found) = self.own.indicator(&input.indicator).and_then(|position| indicators.get(position)) else { continue };
                let lacks = formula.options.categories.iter().any(|category| !found.options.categories.contains(category))
                    || formula.attributes.categories.iter().any(|category| !found.attributes.categories.contains(category));
                if lacks {
                    let message = format!("`{input}` is not counted by all the categories of this formula");
                    self.cause(aggregate::WRONG_CATEGORIES, message, formula.own, Column::By);
                }
            }
        }
    }
}

/// Whether a number may stand in an element of a value type. What exactly it takes (whole, positive, up to 100) is looked at with each value.
fn takes_numbers(value_type: &str) -> bool {
    matches!(value_type, "NUMBER" | "UNIT_INTERVAL" | "PERCENTAGE" | "TEXT" | "LONG_TEXT") || value_type.starts_with("INTEGER")
}
