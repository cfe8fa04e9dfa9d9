//! What the pipeline does to the store.

use super::super::context::Context;
use super::super::options::{ImportOptions, Strategy};
use super::super::store::{Change, Key, Store, Stored};
use super::super::summary::Summary;
use super::decode::{Decoded, Entry, Scope};

/// Writes the accepted values of a group, and counts them; returns how many were. A dry run only counts.
pub fn values(
    context: &Context<'_>,
    store: &mut Store,
    group: &Decoded<'_>,
    accepted: &[(&Entry, String)],
    options: &ImportOptions,
    summary: &mut Summary,
) -> usize {
    if let Some(scope) = &group.deletion {
        summary.deleted += delete(context, store, scope, options.dry_run);
    }
    let mut written = 0;
    for (entry, value) in accepted {
        let key = Key {
            data_element: entry.element,
            period: entry.period,
            org_unit: entry.unit,
            category_option_combo: entry.combo,
            attribute_option_combo: entry.attribute_combo,
        };
        let live = store.get(&key).is_some_and(|stored| !stored.deleted);
        if options.strategy == Strategy::Delete {
            if live {
                written += 1;
                summary.deleted += 1;
                if !options.dry_run {
                    store.delete(&key, None, &context.caller.username, context.now, true);
                }
            }
            continue;
        }
        written += 1;
        summary.updated += 1;
        if options.dry_run {
            continue;
        }
        let stored = Stored {
            value: value.clone(),
            comment: entry.comment.clone(),
            followup: entry.followup,
            // Who is said to have stored it is not looked at.
            stored_by: context.caller.username.clone(),
            created: context.now,
            last_updated: context.now,
            deleted: entry.deleted,
        };
        let change = match (entry.deleted, live) {
            (true, _) => Change::Deleted,
            (false, true) => Change::Updated,
            (false, false) => Change::Created,
        };
        store.put(key, stored, change, true);
    }
    written
}

/// Deletes a part of the store; returns how many values.
fn delete(context: &Context<'_>, store: &mut Store, scope: &Scope, dry_run: bool) -> usize {
    let named = |key: &Key| {
        scope.elements.iter().any(|(element, combo, attribute_combo)| {
            key.data_element == *element
                && combo.is_none_or(|combo| key.category_option_combo == combo)
                && attribute_combo.is_none_or(|combo| key.attribute_option_combo == combo)
        })
    };
    let doomed: Vec<Key> = store
        .rows()
        .filter(|(key, stored)| !stored.deleted && scope.units.contains(&key.org_unit) && scope.periods.contains(&key.period) && named(key))
        .map(|(key, _)| *key)
        .collect();
    if !dry_run {
        for key in &doomed {
            store.delete(key, None, &context.caller.username, context.now, true);
        }
    }
    doomed.len()
}
