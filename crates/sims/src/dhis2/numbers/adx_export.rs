//! Values as groups of ADX: one group for each data set, attribute option combo, org unit and period.

use std::collections::{BTreeMap, HashSet};

use super::super::error::Result;
use super::super::uid::Uid;
use super::adx::{Exported, ExportedValue};
use super::context::Context;
use super::export::Names;
use super::period::Period;
use super::select::Selection;
use super::store::Store;
use super::value::is_numeric_type;

/// The groups that have values.
pub fn groups(context: &Context<'_>, store: &Store, selection: &Selection<'_>, names: &Names<'_>) -> Result<Vec<Exported>> {
    let model = context.model;
    let rows = selection.rows(context, store);
    let mut groups = Vec::new();
    for set in &selection.data_sets {
        let elements: HashSet<Uid> = set.elements.iter().map(|one| one.element).collect();
        let combos = model.category_combos.get(set.combo).map(|combo| combo.option_combos.as_slice()).unwrap_or_default();
        let mut of_set: BTreeMap<(Uid, Uid, Period), Vec<ExportedValue>> = BTreeMap::new();
        for (key, stored) in &rows {
            let Some(element) = model.data_elements.get(key.data_element).filter(|element| elements.contains(&element.identity.id)) else {
                continue;
            };
            if !combos.contains(&key.attribute_option_combo) {
                continue;
            }
            of_set.entry((key.attribute_option_combo, key.org_unit, key.period)).or_default().push(ExportedValue {
                data_element: names.element(key.data_element)?.unwrap_or_default(),
                categories: categories(context, key.category_option_combo, names)?,
                value: stored.value.clone(),
                numeric: is_numeric_type(&element.value_type),
            });
        }
        for ((combo, unit, period), values) in of_set {
            groups.push(Exported {
                data_set: names.data_set(set.identity.id)?.unwrap_or_default(),
                period: period.adx(),
                org_unit: names.unit(unit)?.unwrap_or_default(),
                categories: categories(context, combo, names)?,
                values,
            });
        }
    }
    Ok(groups)
}

/// Category and option of an option combo; nothing for the default one.
fn categories(context: &Context<'_>, combo: Uid, names: &Names<'_>) -> Result<Vec<(String, String)>> {
    let model = context.model;
    let mut pairs = Vec::new();
    let Some(found) = model.option_combos.get(combo).filter(|found| found.combo != model.default_combo) else {
        return Ok(pairs);
    };
    let categories = model.category_combos.get(found.combo).map(|combo| combo.categories.as_slice()).unwrap_or_default();
    for category in categories.iter().filter_map(|id| model.categories.get(*id)) {
        let option = category.options.iter().find(|option| found.options.contains(option));
        if let Some(option) = option {
            pairs.push((names.category(category.identity.id)?.unwrap_or_default(), names.option(*option)?.unwrap_or_default()));
        }
    }
    Ok(pairs)
}
