//! Formulas that use indicators of other flows: what can only be checked once all flows are there.

use std::collections::{BTreeMap, BTreeSet};

use super::sheet::Column;
use super::{Aggregate, Indicator};
use crate::catalogue::{aggregate, project};
use crate::error::Problem;
use crate::flow::Flow;
use crate::yaml::one_of;

/// Checks the formulas of all flows against each other. Flows that are wrong themselves are not among them: `named` has the names of all.
pub(crate) fn across(flows: &BTreeMap<String, Flow>, named: &BTreeSet<String>, problems: &mut Vec<Problem>) {
    let mut used: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut whole = true;
    for (name, flow) in flows {
        let Some(own) = &flow.aggregate else { continue };
        for indicator in &own.indicators {
            for input in indicator.value.inputs() {
                let Some(other) = &input.flow else {
                    used.insert((name, &input.indicator));
                    continue;
                };
                used.insert((other, &input.indicator));
                match flows.get(other) {
                    Some(found) => problems.extend(unfit(flow, own, indicator, found, &input.indicator)),
                    None => whole &= !named.contains(other),
                }
            }
        }
    }
    circles(flows, problems);
    // As long as a flow is wrong nobody knows what it uses.
    if !whole || flows.len() < named.len() {
        return;
    }
    for (name, flow) in flows {
        for indicator in flow.aggregate.iter().flat_map(|own| &own.indicators) {
            if indicator.data_element.is_none()
                && !used.contains(&(name.as_str(), indicator.name.as_str()))
                && let Some(own) = &flow.aggregate
            {
                let place = own.sheet.place_at(indicator.row, Column::DataElement);
                let message = format!("`{}` is sent nowhere, and no formula uses it", indicator.name);
                problems.push(Problem::warning(project::NO_EFFECT, place, message).expected("a data element"));
            }
        }
    }
}

/// Why an indicator of another flow cannot be used.
fn unfit(flow: &Flow, own: &Aggregate, indicator: &Indicator, other: &Flow, wanted: &str) -> Option<Problem> {
    let place = own.sheet.place_at(indicator.row, Column::Value);
    let error = |message: String, expected: String| Problem::error(aggregate::UNKNOWN_INPUT, place.clone(), message).expected(expected);
    let Some(there) = &other.aggregate else {
        return Some(error(
            format!("the flow `{}` carries records over and has no indicators", other.name),
            "an aggregate flow".to_owned(),
        ));
    };
    if there.indicator(wanted).is_none() {
        let known: Vec<&str> = there.indicators.iter().map(|indicator| indicator.name.as_str()).collect();
        let message = format!("the flow `{}` has no indicator `{wanted}`", other.name);
        return Some(error(message, one_of(&known)).nearest(wanted, known.iter().copied()));
    }
    if there.period.period_type != own.period.period_type {
        let message = format!("the flow `{}` counts into other periods ({})", other.name, there.period.period_type);
        return Some(error(message, format!("a flow of the period type {}", own.period.period_type)));
    }
    if !there.drill {
        let message = format!("the flow `{}` has `drill: off`: nothing of it is kept that another flow could use", other.name);
        return Some(Problem::error(aggregate::NEEDS_DRILL, place, message).expected("`drill: on` there"));
    }
    if other.to.system != flow.to.system {
        let message = format!("the flow `{}` counts for another system ({}), whose org units are others", other.name, other.to.system);
        return Some(error(message, format!("a flow to {}", flow.to.system)));
    }
    None
}

/// Formulas that need each other through several flows. Circles within one sheet are found with the sheet.
fn circles(flows: &BTreeMap<String, Flow>, problems: &mut Vec<Problem>) {
    let mut needs: BTreeMap<(&str, &str), BTreeSet<(&str, &str)>> = BTreeMap::new();
    for (name, flow) in flows {
        for indicator in flow.aggregate.iter().flat_map(|own| &own.indicators) {
            let inputs = indicator.value.inputs().iter();
            let inputs = inputs.map(|input| (input.flow.as_deref().unwrap_or(name), input.indicator.as_str())).collect();
            needs.insert((name, &indicator.name), inputs);
        }
    }
    // What needs nothing that is left is worked out; what stays is in a circle, or needs one.
    loop {
        let known: BTreeSet<(&str, &str)> = needs.keys().copied().collect();
        for inputs in needs.values_mut() {
            inputs.retain(|input| known.contains(input));
        }
        let Some(done) = needs.iter().find(|(_, inputs)| inputs.is_empty()).map(|(node, _)| *node) else { break };
        needs.remove(&done);
    }
    let Some(((name, first), _)) = needs.first_key_value() else { return };
    let Some(own) = flows.get(*name).and_then(|flow| flow.aggregate.as_ref()) else { return };
    let row = own.indicators.iter().find(|indicator| indicator.name == *first).map_or(1, |indicator| indicator.row);
    let listed: Vec<String> = needs.keys().map(|(flow, indicator)| format!("{flow}.{indicator}")).collect();
    let place = own.sheet.place_at(row, Column::Value);
    let message = format!("these formulas need each other: {}", listed.join(", "));
    let expected = "a formula that is made of counted indicators only";
    problems.push(Problem::error(aggregate::FORMULA_CYCLE, place, message).expected(expected));
}
