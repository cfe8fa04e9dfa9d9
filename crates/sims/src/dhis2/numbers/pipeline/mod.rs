//! The data entry pipeline of 2.43: groups are decoded, judged as wholes, then value by value.
//!
//! What cannot be decoded stops the request. What is wrong with a group refuses the group, and the others go on. Everything that
//! is accepted is written, also when it is unchanged, and counted as updated.

mod checks;
mod decode;
mod refusal;
mod write;

use std::collections::HashSet;

use super::super::error::Error;
use super::completeness;
use super::context::Context;
use super::options::{ImportOptions, Strategy};
use super::payload::Group;
use super::store::{Completion, Store};
use super::summary::{ABORTED, DONE, Status, Summary};

use decode::{Decoded, Entry};
use refusal::{Refusal, Stop};

/// Imports groups. The error is a request that is refused before anything is decoded.
pub fn run(context: &Context<'_>, store: &mut Store, groups: &[Group], options: &ImportOptions) -> Result<Summary, Error> {
    let mut summary = Summary { description: DONE.to_owned(), options: options.json(), ..Summary::default() };
    let entered: usize = groups.iter().map(|group| group.values.len()).sum();
    let decoded = match decode::groups(context, groups, options) {
        Ok(decoded) => decoded,
        Err(Stop::Request(error)) => return Err(error),
        Err(Stop::Refusal(refusal)) => {
            summary.status = Status::Error;
            ABORTED.clone_into(&mut summary.description);
            summary.ignored = entered;
            summary.conflict(refusal.conflict(vec![-1]));
            return Ok(summary);
        }
    };
    let mut failed_groups = 0;
    let mut written = 0;
    for group in decoded {
        for (group, refusal) in with_data_sets(context, group) {
            let outcome = match refusal {
                Some(refusal) => Err(refusal),
                None => enter(context, store, &group, options, &mut summary),
            };
            match outcome {
                Ok(count) => written += count,
                Err(refusal) => {
                    failed_groups += 1;
                    summary.ignored += group.entries.len();
                    let indexes = group.entries.iter().map(|entry| entry.index).collect();
                    let indexes = if context.settings.group_conflicts_without_indexes { vec![-1] } else { indexes };
                    summary.conflict(refusal.conflict(indexes));
                }
            }
        }
    }
    summary.rejected.sort_unstable();
    summary.rejected.dedup();
    summary.status = match summary.conflicts.is_empty() {
        true => Status::Success,
        false if failed_groups > 0 || written == 0 => Status::Error,
        false => Status::Warning,
    };
    Ok(summary)
}

/// The group with its data set, or the groups that it falls into by data set; what is not one common data set is refused.
fn with_data_sets<'a>(context: &Context<'a>, mut group: Decoded<'a>) -> Vec<(Decoded<'a>, Option<Refusal>)> {
    if group.data_set.is_some() || group.entries.is_empty() {
        return vec![(group, None)];
    }
    let sets_of = |entry: &Entry| {
        let element = context.model.data_elements.get(entry.element);
        element.map(|element| element.data_sets.iter().copied().collect::<HashSet<_>>()).unwrap_or_default()
    };
    let refused = |group: Decoded<'a>, several: bool| {
        let elements: Vec<String> = group.entries.iter().map(|entry| entry.element.to_string()).collect();
        let (code, which) = if several { ("E8002", "several data sets are") } else { ("E8003", "no data set is") };
        let message = format!("The data set must be given: {which} common to the data elements `{}`", elements.join(","));
        (group, Some(Refusal::new(code, &[&elements.join(",")], message)))
    };
    if context.settings.auto_group {
        let mut parts: Vec<(Decoded<'a>, Option<Refusal>)> = Vec::new();
        for entry in std::mem::take(&mut group.entries) {
            let sets = sets_of(&entry);
            let set = if sets.len() == 1 { sets.iter().next().and_then(|id| context.model.data_sets.get(*id)) } else { None };
            let same = |known: &&mut (Decoded<'a>, Option<Refusal>)| {
                set.is_some() && known.0.data_set.map(|set| set.identity.id) == set.map(|set| set.identity.id)
            };
            if let Some((part, _)) = parts.iter_mut().find(same) {
                part.entries.push(entry);
                continue;
            }
            let part = Decoded { data_set: set, entries: vec![entry], ..Decoded::default() };
            parts.push(if set.is_some() { (part, None) } else { refused(part, sets.len() > 1) });
        }
        return parts;
    }
    let common = group.entries.iter().map(sets_of).reduce(|all, one| all.intersection(&one).copied().collect()).unwrap_or_default();
    if common.len() != 1 {
        return vec![refused(group, common.len() > 1)];
    }
    group.data_set = common.iter().next().and_then(|id| context.model.data_sets.get(*id));
    vec![(group, None)]
}

/// Judges and writes one group; returns how many values were written.
fn enter(
    context: &Context<'_>,
    store: &mut Store,
    group: &Decoded<'_>,
    options: &ImportOptions,
    summary: &mut Summary,
) -> Result<usize, Refusal> {
    checks::group(context, store, group, options)?;
    let deletes = options.strategy == Strategy::Delete;
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    for entry in &group.entries {
        match if deletes { Ok(String::new()) } else { checks::value(context, group, entry) } {
            Ok(value) => accepted.push((entry, value)),
            Err(refusal) => refused.push((entry, refusal)),
        }
    }
    if options.atomic && !refused.is_empty() {
        let set = group.data_set.map(|set| set.identity.id.to_string()).unwrap_or_default();
        let message = format!("The values of data set `{set}` are not all valid, and the import is atomic");
        return Err(Refusal::new("E8000", &[&set], message));
    }
    for (entry, refusal) in &refused {
        summary.conflict(refusal.conflict(vec![entry.index]));
    }
    let written = write::values(context, store, group, &accepted, options, summary);
    summary.ignored += group.entries.len() - written;
    if written == group.entries.len() && !options.dry_run {
        complete(context, store, group, summary);
    }
    Ok(written)
}

/// After the values, and only when all of them were written.
fn complete(context: &Context<'_>, store: &mut Store, group: &Decoded<'_>, summary: &mut Summary) {
    let (Some(day), Some(set), Some(period), Some(unit)) = (group.complete, group.data_set, group.period, group.unit) else {
        return;
    };
    let attribute_option_combo = group.attribute_combo.unwrap_or(context.model.default_option_combo);
    let key = Completion { data_set: set.identity.id, period, org_unit: unit, attribute_option_combo };
    completeness::register(context, store, key, true, context.midnight(day));
    summary.completed = Some(day.to_string());
}
