//! Which option combination a record counts for: decided once for all combinations of options, so that a record only has to find its options.

use std::collections::{BTreeSet, HashMap};

use super::by::{By, Given, Possible};
use crate::catalogue::aggregate;
use crate::codes::{CodeMap, CodeMaps, Direction, Sides};
use crate::error::{Cause, Code};
use crate::expr::Scope;
use crate::numbers::{Category, Combo, Found, Named, OptionCombo, find};
use crate::yaml::one_of;

/// Stands for a combination of options that the target does not have.
const NO_COMBO: u32 = u32::MAX;

/// How many combinations one row may lead to. DHIS2 itself becomes unusable long before.
const MOST_COMBOS: usize = 1_000_000;

/// The option combinations that a sheet can lead to, each at its position.
#[derive(Debug, Default)]
pub(super) struct Combos {
    all: Vec<Kept>,
    ids: HashMap<String, u32>,
}

#[derive(Debug)]
struct Kept {
    id: String,
    /// The ids of its options, in their order; none of a combination that stands for "no categories".
    options: Vec<String>,
}

impl Combos {
    /// The position of a combination, which it gets here if it has none.
    fn keep(&mut self, id: &str, mut options: Vec<String>) -> u32 {
        if let Some(position) = self.ids.get(id) {
            return *position;
        }
        let position = u32::try_from(self.all.len()).unwrap_or(NO_COMBO);
        options.sort_unstable();
        self.all.push(Kept { id: id.to_owned(), options });
        self.ids.insert(id.to_owned(), position);
        position
    }

    pub(super) fn id(&self, position: u32) -> &str {
        self.kept(position).map_or("", |kept| &kept.id)
    }

    pub(super) fn position(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied()
    }

    /// The ids of the options of a combination, in their order.
    pub(super) fn options(&self, position: u32) -> &[String] {
        self.kept(position).map_or(&[], |kept| &kept.options)
    }

    fn kept(&self, position: u32) -> Option<&Kept> {
        self.all.get(usize::try_from(position).ok()?)
    }
}

/// What decides an option combination.
#[derive(Debug)]
pub(super) struct Choice<'a> {
    axes: Vec<Axis<'a>>,
    /// For every combination of options, the last axis the fastest: the position of the option combination.
    table: Vec<u32>,
    /// The option combinations that records can lead to.
    pub(super) reachable: Vec<u32>,
    /// The ids of its categories.
    pub(super) categories: BTreeSet<&'a str>,
}

/// A category that a code map decides.
pub(super) struct ByCodes<'a, 'c> {
    pub category: &'a Category,
    /// The name of the code map.
    pub map: &'c str,
    /// Its codes that are no option of the category, each with its row.
    pub strange: Vec<(usize, &'c str)>,
}

#[derive(Debug)]
struct Axis<'a> {
    by: &'a By,
    category: &'a Category,
    /// Every spelling that leads to one option, as it stands and in small letters.
    texts: HashMap<String, usize>,
    /// For each band its option.
    bands: Vec<usize>,
    /// Which options records can have.
    reach: Vec<bool>,
}

/// What is wrong with a row, in words.
pub(super) type Misfit = (Code, String);

/// What a choice is made with.
pub(super) struct Around<'a, 'c> {
    pub codes: &'a CodeMaps,
    pub sides: &'a Sides,
    pub combos: &'c mut Combos,
}

impl<'a> Choice<'a> {
    /// A fixed combination, by id, code, name or the names of its options.
    pub(super) fn fixed(combo: &'a Combo, written: &str, combos: &mut Combos) -> Result<Self, Misfit> {
        let wrong = |message: String| (aggregate::UNKNOWN_OPTION_COMBO, message);
        let found = match find(&combo.option_combos, written) {
            Found::One(found) => found,
            Found::Several(count) => {
                return Err(wrong(format!("{count} option combinations of `{}` are called `{written}`", combo.named.name)));
            }
            Found::Nothing => by_options(combo, written).ok_or_else(|| {
                let known: Vec<&str> = combo.option_combos.iter().map(|known| known.named.name.as_str()).take(10).collect();
                wrong(format!("`{}` has no option combination `{written}`; it has {}", combo.named.name, known.join("; ")))
            })?,
        };
        let position = keep(combo, found, combos);
        Ok(Self { axes: Vec::new(), table: vec![position], reachable: vec![position], categories: category_ids(combo) })
    }

    /// The only combination of a category combination that stands for "no categories".
    pub(super) fn none(combo: &'a Combo, combos: &mut Combos) -> Result<Self, Misfit> {
        match combo.option_combos.as_slice() {
            [only] if combo.is_default() => {
                let position = keep(combo, only, combos);
                Ok(Self { axes: Vec::new(), table: vec![position], reachable: vec![position], categories: BTreeSet::new() })
            }
            _ => {
                let message = format!("nothing says which option of {} a number is for", listed(&combo.categories));
                Err((aggregate::WRONG_CATEGORIES, message))
            }
        }
    }

    /// The combination of the options that a record has in each category of a combination.
    pub(super) fn varying(combo: &'a Combo, by: &'a [By], around: &mut Around<'a, '_>) -> Result<Self, Vec<Misfit>> {
        let mut wrong: Vec<Misfit> = Vec::new();
        let categories: Vec<&Category> = if combo.is_default() { Vec::new() } else { combo.categories.iter().collect() };
        let axes = axes(by, &categories, &format!("`{}`", combo.named.name), around, &mut wrong);
        for category in &categories {
            if !axes.iter().any(|axis| axis.category.named.id == category.named.id) && wrong.is_empty() {
                wrong.push((
                    aggregate::WRONG_CATEGORIES,
                    format!("the category `{}` of `{}` is missing", category.named.name, combo.named.name),
                ));
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let mut positions: HashMap<Vec<&str>, &OptionCombo> = HashMap::new();
        for option_combo in &combo.option_combos {
            let mut options: Vec<&str> = option_combo.options.iter().map(String::as_str).collect();
            options.sort_unstable();
            positions.insert(options, option_combo);
        }
        let combos = &mut *around.combos;
        Self::tabled(axes, |options| {
            let mut ids: Vec<&str> = options.iter().map(|option| option.id.as_str()).collect();
            ids.sort_unstable();
            positions.get(&ids).map_or(NO_COMBO, |option_combo| keep(combo, option_combo, combos))
        })
    }

    /// The combination of categories of an indicator that only formulas use: it need not be one of the target.
    pub(super) fn loose(by: &'a [By], categories: &[&'a Category], around: &mut Around<'a, '_>) -> Result<Self, Vec<Misfit>> {
        let mut wrong: Vec<Misfit> = Vec::new();
        let axes = axes(by, categories, "the data set", around, &mut wrong);
        if !wrong.is_empty() {
            return Err(wrong);
        }
        let combos = &mut *around.combos;
        Self::tabled(axes, |options| {
            let mut ids: Vec<String> = options.iter().map(|option| option.id.clone()).collect();
            ids.sort_unstable();
            // No id of the target looks like this.
            combos.keep(&format!("({})", ids.join("+")), ids)
        })
    }

    fn tabled(axes: Vec<Axis<'a>>, mut position_of: impl FnMut(&[&Named]) -> u32) -> Result<Self, Vec<Misfit>> {
        let sizes: Vec<usize> = axes.iter().map(|axis| axis.category.options.len()).collect();
        let size = sizes.iter().try_fold(1usize, |product, size| product.checked_mul(*size)).filter(|size| *size <= MOST_COMBOS);
        let Some(size) = size else {
            return Err(vec![(
                aggregate::WRONG_CATEGORIES,
                format!("the categories have more than {MOST_COMBOS} combinations of options"),
            )]);
        };
        let mut table = Vec::with_capacity(size);
        let mut reachable = Vec::new();
        for cell in 0..size {
            let mut rest = cell;
            let mut options: Vec<usize> = Vec::with_capacity(sizes.len());
            for size in sizes.iter().rev() {
                options.push(rest % size);
                rest /= size;
            }
            options.reverse();
            let named: Vec<&Named> = axes.iter().zip(&options).map(|(axis, option)| &axis.category.options[*option]).collect();
            let position = position_of(&named);
            table.push(position);
            if position != NO_COMBO && axes.iter().zip(&options).all(|(axis, option)| axis.reach[*option]) {
                reachable.push(position);
            }
        }
        let categories = axes.iter().map(|axis| axis.category.named.id.as_str()).collect();
        Ok(Self { axes, table, reachable, categories })
    }

    /// The categories that a code map decides, with its codes that are none of their options.
    pub(super) fn by_codes<'c>(&self, codes: &'c CodeMaps, sides: &Sides) -> Vec<ByCodes<'a, 'c>> {
        let of_axis = |axis: &Axis<'a>| {
            let Possible::Codes(name, columns) = axis.by.possible() else { return None };
            let (map, direction) = code_map(name, columns, codes, sides)?;
            let strange = map.written_for_good(direction).into_iter().filter(|(code, _)| axis.option(code).is_none());
            Some(ByCodes { category: axis.category, map: map.name(), strange: strange.map(|(code, row)| (row, code)).collect() })
        };
        self.axes.iter().filter_map(of_axis).collect()
    }

    /// Whether equal options lead to equal combinations.
    pub(super) fn leads_to_the_same(&self, other: &Self) -> bool {
        self.categories == other.categories && self.table == other.table
    }

    /// The option combination of a record or an item.
    pub(super) fn decide(&self, scope: &Scope<'_>) -> Result<u32, Cause> {
        let mut cell = 0;
        for axis in &self.axes {
            cell = cell * axis.category.options.len() + axis.decide(scope)?;
        }
        match self.table.get(cell) {
            Some(position) if *position != NO_COMBO => Ok(*position),
            _ => {
                let categories: Vec<&str> = self.axes.iter().map(|axis| axis.category.named.name.as_str()).collect();
                let message = format!("the target has no option combination of the record's options of {}", categories.join(", "));
                Err(Cause::new(aggregate::NO_SUCH_COMBO, message))
            }
        }
    }
}

impl Axis<'_> {
    /// The option that a text leads to.
    fn option(&self, text: &str) -> Option<usize> {
        self.texts.get(text).or_else(|| self.texts.get(&text.to_lowercase())).copied()
    }

    fn decide(&self, scope: &Scope<'_>) -> Result<usize, Cause> {
        let name = &self.category.named.name;
        match self.by.read(scope)? {
            Given::Band(position) => Ok(self.bands[position]),
            Given::Text(text) => self.option(&text).ok_or_else(|| {
                let message = format!("the value is no option of the category `{name}`");
                Cause::new(aggregate::NO_OPTION, message).unlisted(name.clone(), text.into_owned())
            }),
            Given::Nothing => Err(self.by.missing(name)),
        }
    }
}

/// A code map of the project, and from which of its columns to which it is read.
fn code_map<'c>(name: &str, columns: Option<(&str, &str)>, codes: &'c CodeMaps, sides: &Sides) -> Option<(&'c CodeMap, Direction)> {
    let map = codes.get(name)?;
    let direction = match columns {
        Some((from, to)) => map.between(from, to),
        None => map.direction(sides).ok(),
    };
    Some((map, direction?))
}

fn axes<'a>(by: &'a [By], categories: &[&'a Category], of: &str, around: &Around<'a, '_>, wrong: &mut Vec<Misfit>) -> Vec<Axis<'a>> {
    let mut axes: Vec<Axis<'a>> = Vec::new();
    for by in by {
        let named: Vec<&Named> = categories.iter().map(|category| &category.named).collect();
        let found = match find(&named, &by.category) {
            Found::One(named) => categories.iter().find(|category| category.named.id == named.id),
            Found::Several(count) => {
                wrong.push((aggregate::WRONG_CATEGORIES, format!("{count} categories of {of} are called `{}`", by.category)));
                continue;
            }
            Found::Nothing => None,
        };
        let Some(category) = found else {
            let known: Vec<&str> = categories.iter().map(|category| category.named.name.as_str()).collect();
            let near = crate::error::nearest(&by.category, known.iter().copied())
                .map_or(String::new(), |near| format!("; the nearest is `{near}`"));
            let has = if known.is_empty() { "no categories".to_owned() } else { known.join(", ") };
            wrong.push((aggregate::WRONG_CATEGORIES, format!("{of} has no category `{}`: it has {has}{near}", by.category)));
            continue;
        };
        match axis(by, category, around) {
            Ok(axis) => axes.push(axis),
            Err(misfit) => wrong.push(misfit),
        }
    }
    axes
}

fn axis<'a>(by: &'a By, category: &'a Category, around: &Around<'a, '_>) -> Result<Axis<'a>, Misfit> {
    let options = &category.options;
    let position = |written: &str| {
        find(options, written).one().and_then(|found| options.iter().position(|option| option.id == found.id)).ok_or_else(|| {
            let known: Vec<&str> = options.iter().map(|option| option.name.as_str()).take(20).collect();
            (aggregate::UNKNOWN_OPTION, format!("`{written}` is no option of the category `{}`: {}", category.named.name, one_of(&known)))
        })
    };
    let mut texts = HashMap::new();
    for option in options {
        for spelling in [Some(&option.id), option.code.as_ref(), Some(&option.name)].into_iter().flatten() {
            for spelling in [spelling.clone(), spelling.to_lowercase()] {
                if let Ok(found) = position(&spelling) {
                    texts.insert(spelling, found);
                }
            }
        }
    }
    let mut reach = vec![false; options.len()];
    let mut bands = Vec::new();
    match by.possible() {
        Possible::Bands(labels) => {
            for label in labels {
                let option = position(label)?;
                bands.push(option);
                reach[option] = true;
            }
        }
        Possible::Constant(text) => reach[position(&text)?] = true,
        Possible::Codes(name, columns) => {
            let results =
                code_map(name, columns, around.codes, around.sides).map(|(map, direction)| map.results(direction)).unwrap_or_default();
            for option in results.iter().filter_map(|code| position(code).ok()) {
                reach[option] = true;
            }
            if !reach.contains(&true) {
                let message = format!("no code of the code map `{name}` is an option of the category `{}`", category.named.name);
                return Err((aggregate::UNKNOWN_OPTION, message));
            }
        }
        Possible::Anything => reach.fill(true),
    }
    Ok(Axis { by, category, texts, bands, reach })
}

/// `Female, 0-4`: the options of a combination, in any order.
fn by_options<'a>(combo: &'a Combo, written: &str) -> Option<&'a OptionCombo> {
    let parts: Vec<&str> = written.split(',').map(str::trim).collect();
    if parts.len() != combo.categories.len() {
        return None;
    }
    let mut options: Vec<&str> = Vec::new();
    for category in &combo.categories {
        let mut found = parts.iter().filter_map(|part| find(&category.options, part).one());
        let option = found.next()?;
        // One option of each category: `0-4, 0-4` names nothing.
        if found.any(|other| other.id != option.id) {
            return None;
        }
        options.push(&option.id);
    }
    combo.with_options(&options)
}

fn keep(combo: &Combo, found: &OptionCombo, combos: &mut Combos) -> u32 {
    combos.keep(&found.named.id, if combo.is_default() { Vec::new() } else { found.options.clone() })
}

fn category_ids(combo: &Combo) -> BTreeSet<&str> {
    if combo.is_default() { BTreeSet::new() } else { combo.categories.iter().map(|category| category.named.id.as_str()).collect() }
}

fn listed(categories: &[Category]) -> String {
    let names: Vec<String> = categories.iter().map(|category| format!("`{}`", category.named.name)).collect();
    if names.is_empty() { "its categories".to_owned() } else { names.join(" and ") }
}
