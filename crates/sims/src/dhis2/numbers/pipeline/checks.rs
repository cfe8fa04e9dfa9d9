//! What a group must fulfil as a whole, and what each of its values must.

use std::collections::HashSet;

use super::super::super::model::{DataSet, OrgUnit};
use super::super::super::uid::Uid;
use super::super::context::Context;
use super::super::locks;
use super::super::options::ImportOptions;
use super::super::period::PeriodType;
use super::super::store::Store;
use super::super::value::{fault, normalised};
use super::decode::{Decoded, Entry};
use super::refusal::Refusal;

/// The refusal of a code about all that fail a test, each named once.
fn each<T: PartialEq + ToString>(code: &'static str, set: &DataSet, failing: impl Iterator<Item = T>, what: &str) -> Result<(), Refusal> {
    let mut named: Vec<String> = Vec::new();
    for one in failing.map(|one| one.to_string()) {
        if !named.contains(&one) {
            named.push(one);
        }
    }
    if named.is_empty() {
        return Ok(());
    }
    let (set, named) = (set.identity.id, named.join(","));
    Err(Refusal::new(code, &[set.as_str(), &named], format!("{what}: `{named}`, data set `{set}`")))
}

/// All checks of a group: access, what belongs together, time, and keys that are there twice.
pub fn group(context: &Context<'_>, store: &Store, group: &Decoded<'_>, options: &ImportOptions) -> Result<(), Refusal> {
    let Some(set) = group.data_set else {
        return Ok(());
    };
    access(context, set, &group.entries)?;
    consistency(context, set, &group.entries)?;
    if !(options.force && context.caller.is_superuser()) {
        timeliness(context, store, set, &group.entries)?;
    }
    let mut seen = HashSet::new();
    let twice = group.entries.iter().find(|entry| !seen.insert(key(entry)));
    match twice {
        None => Ok(()),
        Some(entry) => {
            let text = format!("{}-{}-{}-{}-{}", entry.element, entry.period.id(), entry.unit, entry.combo, entry.attribute_combo);
            Err(Refusal::new("E8128", &[&text], format!("Several values have the same key: `{text}`")))
        }
    }
}

fn key(entry: &Entry) -> impl Eq + std::hash::Hash + use<> {
    (entry.element, entry.period, entry.unit, entry.combo, entry.attribute_combo)
}

fn access(context: &Context<'_>, set: &DataSet, entries: &[Entry]) -> Result<(), Refusal> {
    if !context.writes(&set.identity.sharing) {
        let id = set.identity.id;
        return Err(Refusal::new("E8010", &[id.as_str()], format!("User may not write data of data set: `{id}`")));
    }
    let outside = entries.iter().map(|entry| entry.unit).filter(|unit| known(context, *unit).is_some_and(|unit| !context.captures(unit)));
    each("E8011", set, outside, "User may not write data of organisation units")?;
    let combos = entries.iter().flat_map(|entry| [entry.combo, entry.attribute_combo]).collect::<HashSet<_>>();
    let options = combos.into_iter().filter_map(|combo| context.unwritable_option(context.model.option_combos.get(combo)?));
    each("E8012", set, options, "User may not write data of category options")
}

fn known<'a>(context: &Context<'a>, unit: Uid) -> Option<&'a OrgUnit> {
    context.model.org_units.get(unit)
}

fn consistency(context: &Context<'_>, set: &DataSet, entries: &[Entry]) -> Result<(), Refusal> {
    let model = context.model;
    let elements: HashSet<Uid> = set.elements.iter().map(|one| one.element).collect();
    let foreign = entries.iter().map(|entry| entry.element).filter(|element| !elements.contains(element));
    each("E8020", set, foreign, "Data elements are not in the data set")?;
    let period_type = PeriodType::by_name(&set.period_type, context.release());
    let wrong = entries.iter().filter(|entry| Some(entry.period.kind) != period_type).map(|entry| entry.period.id());
    each("E8021", set, wrong, "Periods are not of the type of the data set")?;
    let of = |combo: Uid, wanted: Uid| model.option_combos.get(combo).is_some_and(|found| found.combo == wanted);
    let wrong = entries.iter().map(|entry| entry.attribute_combo).filter(|combo| !of(*combo, set.combo));
    each("E8023", set, wrong, "Attribute option combos are not of the category combo of the data set")?;
    let unassigned = entries.iter().map(|entry| entry.unit).filter(|unit| !set.org_units.contains(unit));
    each("E8022", set, unassigned, "Organisation units are not assigned to the data set")?;
    let wrong = entries.iter().filter(|entry| {
        let wanted = model.data_elements.get(entry.element).map(|element| model.combo_in(set, element));
        !wanted.is_some_and(|wanted| of(entry.combo, wanted))
    });
    each("E8024", set, wrong.map(|entry| entry.combo), "Category option combos are not of the category combo of their data element")?;
    let outside = entries.iter().filter(|entry| {
        let (unit, combo) = (known(context, entry.unit), model.option_combos.get(entry.attribute_combo));
        unit.zip(combo).is_some_and(|(unit, combo)| !locks::within_units(context, combo, unit))
    });
    each("E8025", set, outside.map(|entry| entry.unit), "Organisation units are outside of those of the attribute option combo")
}

fn timeliness(context: &Context<'_>, store: &Store, set: &DataSet, entries: &[Entry]) -> Result<(), Refusal> {
    let shut = entries.iter().filter(|entry| {
        let open = locks::input_open(context, set, entry.period);
        let input = if context.settings.conditions_inverted && !set.input_periods.is_empty() { !open } else { open };
        locks::expired(context, store, set, entry.period, entry.unit) || locks::too_early(context, &[set], entry.period).is_some() || !input
    });
    each("E8030", set, shut.map(|entry| entry.period.id()), "Periods are not open")?;
    let closed = entries.iter().filter(|entry| {
        known(context, entry.unit).is_some_and(|unit| {
            unit.opening.is_some_and(|opening| entry.period.end < opening) || unit.closed.is_some_and(|closed| closed < entry.period.start)
        })
    });
    each("E8031", set, closed.map(|entry| entry.unit), "Organisation units are not open in the period")?;
    let combo = |entry: &Entry| context.model.option_combos.get(entry.attribute_combo);
    let outside =
        entries.iter().filter(|entry| combo(entry).is_some_and(|combo| !locks::within_dates(context, combo, Some(set), entry.period)));
    each("E8032", set, outside.map(|entry| entry.period.id()), "Periods are outside of the dates of the attribute option combo")?;
    let approved = entries.iter().filter(|entry| {
        known(context, entry.unit).is_some_and(|unit| locks::approved(store, set, entry.period, unit, entry.attribute_combo))
    });
    each("E8033", set, approved.map(|entry| entry.unit), "Data are approved for organisation units")
}

/// One value as it will be stored.
pub fn value(context: &Context<'_>, group: &Decoded<'_>, entry: &Entry) -> Result<String, Refusal> {
    let id = entry.element;
    let Some(element) = context.model.data_elements.get(id) else {
        return Ok(entry.value.clone().unwrap_or_default());
    };
    let value = normalised(entry.value.as_deref().unwrap_or_default(), &element.value_type, context.release());
    if value.is_empty() && !entry.deleted {
        let requires_comment = group.data_set.is_some_and(|set| set.no_value_requires_comment);
        let passes = requires_comment && (entry.comment.is_some() != context.settings.conditions_inverted);
        if !passes {
            let code = if requires_comment { "E8121" } else { "E8120" };
            return Err(Refusal::new(code, &[id.as_str()], format!("A value is required for data element: `{id}`")));
        }
    }
    if let Some(key) = Some(&value).filter(|value| !value.is_empty()).and_then(|value| fault(value, &element.value_type)) {
        let message = format!("Value is not valid for data element `{id}` of type {}: {key}", element.value_type);
        return Err(Refusal::new("E8122", &[id.as_str(), key], message));
    }
    if !value.is_empty() && !context.is_option(element, &value) {
        return Err(Refusal::new("E8123", &[id.as_str()], format!("Value is not an option of data element: `{id}`")));
    }
    if let Some(comment) = &entry.comment {
        let options = element.comment_option_set.and_then(|set| context.model.option_sets.get(set));
        if options.is_some_and(|set| !set.codes.contains(comment)) {
            return Err(Refusal::new("E8124", &[id.as_str()], format!("Comment is not an option of data element: `{id}`")));
        }
        if comment.chars().count() > context.profile.comment_limit {
            return Err(Refusal::new("E8125", &[id.as_str()], format!("Comment is too long for data element: `{id}`")));
        }
    }
    Ok(value)
}
