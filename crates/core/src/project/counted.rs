//! Checks of flows that count: samples in, numbers out, without any system.

use std::collections::{BTreeMap, BTreeSet};

use super::checks::Check;
use super::spec::{CheckSpec, CountedSpec};
use crate::aggregate::{Aggregate, Bare};
use crate::catalogue::project;
use crate::error::{Cause, Problem};
use crate::expr::Scope;
use crate::flow::Flow;
use crate::fold::Amount;
use crate::period::Period;
use crate::transform::Env;
use crate::yaml::{Node, one_of};

/// A check of a flow that counts expects numbers, or causes, or both; the others know nothing of numbers.
pub(super) fn expectations(check: &CheckSpec, item: &Node, flow: Option<&Flow>, problems: &mut Vec<Problem>) {
    let Some(flow) = flow else { return };
    let bad = |place, message: &str, expected: &str| Problem::error(project::BAD_VALUE, place, message).expected(expected);
    let Some(own) = &flow.aggregate else {
        let message = "the flow carries records over and counts nothing";
        problems.push(bad(item.place(&["counted"]), message, "`create:`, `update:` or `records:`"));
        return;
    };
    if check.counted.is_none() && check.rejected.is_none() && check.skipped.is_none() {
        problems.push(bad(item.at.place(), "the check expects nothing", "`counted`, `rejected`, or `skipped: true`"));
    }
    for (key, there) in [("create", check.create.is_some()), ("update", check.update.is_some()), ("records", check.records.is_some())] {
        if there {
            problems.push(bad(item.place(&[key]), "the flow counts and writes no records", "`counted:`"));
        }
    }
    let known: Vec<&str> = own.indicators.iter().map(|indicator| indicator.name.as_str()).collect();
    let nodes = item.get("counted").map_or(&[][..], Node::items);
    for (counted, node) in check.counted.iter().flatten().zip(nodes) {
        if !known.contains(&counted.indicator.as_str()) {
            let message = format!("the sheet has no indicator `{}`", counted.indicator);
            problems.push(bad(node.place(&["indicator"]), &message, &one_of(&known)).nearest(&counted.indicator, known.iter().copied()));
        }
        if let Err(error) = Period::parse_as(own.period.period_type, &counted.period) {
            problems.push(bad(node.place(&["period"]), &format!("`{}`: {error}", counted.period), own.period.period_type.example()));
        }
    }
}

/// A number by what it is called.
type Named = (String, String, String, BTreeMap<String, String>);

/// Counts the samples and compares the numbers; what was refused comes back.
pub(super) fn run(check: &Check, flow: &Flow, own: &Aggregate, env: &Env<'_>, differences: &mut Vec<String>) -> Vec<Cause> {
    let mut causes = Vec::new();
    let mut bare = Bare::new(own, env.codes);
    let mut left_out = 0;
    for record in &check.records {
        let scope = Scope { record, item: None, vars: &[], env };
        match flow.from.where_.as_ref().map(|expr| expr.truth(&scope)) {
            Some(Ok(false)) => left_out += 1,
            Some(Err(cause)) => causes.push(cause.field("where")),
            Some(Ok(true)) | None => bare.count(record, env, &mut causes),
        }
    }
    let (expects_skip, skipped) = (check.spec.skipped == Some(true), left_out == check.records.len());
    if expects_skip != skipped {
        let words = |skipped| if skipped { "left out by `where`" } else { "counted" };
        differences.push(format!("expected to be {}, but it is {}", words(expects_skip), words(skipped)));
        return causes;
    }
    let numbers = bare.numbers(&mut causes);
    let Some(expected) = &check.spec.counted else { return causes };
    let wanted: BTreeMap<Named, &CountedSpec> = expected.iter().map(|spec| (named(own, spec), spec)).collect();
    let found: BTreeMap<Named, Amount> = numbers
        .into_iter()
        .map(|(cell, number)| ((own.indicators[cell.indicator].name.clone(), cell.period.to_string(), cell.org_unit, cell.options), number))
        .collect();
    for name in wanted.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let amount = |spec: &&CountedSpec| Amount::parse(&spec.value.to_string()).ok();
        let (expected, there) = (wanted.get(name), found.get(name));
        if expected.and_then(amount) != there.copied() || expected.is_some() != there.is_some() {
            let shown = |number: Option<String>| number.unwrap_or_else(|| "nothing".to_owned());
            let (expected, there) = (shown(expected.map(|spec| spec.value.to_string())), shown(there.map(ToString::to_string)));
            let (indicator, period, org_unit, by) = name;
            let by = by.iter().map(|(category, option)| format!("{category} {option}"));
            let place: Vec<String> = std::iter::once(org_unit.clone()).chain(by).collect();
            differences.push(format!("{indicator} in {period}, {}: expected {expected}, found {there}", place.join(", ")));
        }
    }
    causes
}

/// Categories are called as the sheet calls them.
fn named(own: &Aggregate, spec: &CountedSpec) -> Named {
    let indicator = own.indicators.iter().find(|indicator| indicator.name == spec.indicator);
    let written = |category: &String| {
        let by = indicator.and_then(|indicator| indicator.by.iter().find(|by| by.category.eq_ignore_ascii_case(category)));
        by.map_or_else(|| category.clone(), |by| by.category.clone())
    };
    let by = spec.by.iter().map(|(category, option)| (written(category), option.clone())).collect();
    (spec.indicator.clone(), spec.period.clone(), spec.org_unit.clone(), by)
}
