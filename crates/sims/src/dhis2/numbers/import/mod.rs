//! The import of data values up to 2.42: the head first, then one value at a time. What is good is stored, whatever else is not.

mod adx;
mod checks;
mod conflicts;
mod effect;
mod head;

use super::context::Context;
use super::options::ImportOptions;
use super::payload::Payload;
use super::store::Store;
use super::summary::{ABORTED, DONE, Status, Summary, position};

pub use adx::resolve as resolve_adx;
use checks::Checks;
use effect::Effects;
use head::Head;

/// Imports a payload. Options that it states itself are in `options` already.
pub fn run(context: &Context<'_>, store: &mut Store, payload: &Payload, options: &ImportOptions) -> Summary {
    let empty = super::payload::Group::default();
    let group = payload.groups.first().unwrap_or(&empty);
    let mut summary = Summary { description: DONE.to_owned(), options: options.json(), ..Summary::default() };
    let head = match Head::resolve(context, group, options) {
        Ok(head) => head,
        Err(conflicts) => {
            summary.status = Status::Error;
            ABORTED.clone_into(&mut summary.description);
            summary.conflicts = conflicts;
            return summary;
        }
    };
    let completed = match Head::complete_date(context, group) {
        Ok(completed) => completed,
        Err(text) => return Summary::failed(format!("The import process failed: {text}"), summary.options),
    };
    if let Some(day) = completed {
        // Before the values, and in a dry run too.
        summary.completed = head.complete(context, store, day);
    }
    let checks = Checks { context, options, head: &head, strict: options.strict.or(context.settings.strict) };
    let mut effects = Effects::new(context, options);
    for (at, sent) in group.values.iter().enumerate() {
        let index = position(at);
        match checks.check(store, sent) {
            Err(conflict) => {
                summary.ignored += 1;
                summary.conflict(conflict.at(index));
            }
            Ok(value) => {
                if let Err(text) = effects.add(store, &value, index, &mut summary) {
                    return Summary::failed(format!("The import process failed: {text}"), summary.options);
                }
            }
        }
    }
    if !options.dry_run {
        effects.commit(store);
    }
    summary.rejected.sort_unstable();
    summary.status = if summary.conflicts.is_empty() { Status::Success } else { Status::Warning };
    summary
}
