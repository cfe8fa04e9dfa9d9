//! What an accepted value does: the strategies, deletion, zeros, and the counts.
//!
//! Nothing is stored before [`Effects::commit`], so that a dry run counts what it would do, and an exception leaves nothing behind.

use std::collections::BTreeMap;

use super::super::context::Context;
use super::super::options::{ImportOptions, Strategy};
use super::super::store::{Change, Key, Store, Stored};
use super::super::summary::Summary;
use super::super::value::is_zero;
use super::checks::Accepted;

/// What the values of one import do, in order.
#[derive(Debug)]
pub struct Effects<'a> {
    context: &'a Context<'a>,
    options: &'a ImportOptions,
    audit: bool,
    pending: BTreeMap<Key, (Stored, Change)>,
    order: Vec<Key>,
}

impl<'a> Effects<'a> {
    /// None yet.
    pub fn new(context: &'a Context<'a>, options: &'a ImportOptions) -> Self {
        // Without the authority the wish to skip the audit is passed over in silence.
        let audit = !(options.skip_audit && context.caller.may("F_SKIP_DATA_IMPORT_AUDIT"));
        Self { context, options, audit, pending: BTreeMap::new(), order: Vec::new() }
    }

    /// Counts one value. The error is an exception of the database.
    pub fn add(&mut self, store: &Store, value: &Accepted<'_>, index: i64, summary: &mut Summary) -> Result<(), String> {
        let key = value.key;
        if self.options.skip_existing_check {
            if store.get(&key).is_some() || self.pending.contains_key(&key) {
                return Err("duplicate key value violates unique constraint \"datavalue_pkey\"".to_owned());
            }
        } else if self.pending.get(&key).is_some_and(|(_, change)| *change == Change::Created) {
            // Both are new in one batch: the later one is lost, and not counted.
            return Ok(());
        }
        let before = self.pending.get(&key).map(|(stored, _)| stored).or_else(|| store.get(&key)).filter(|stored| !stored.deleted).cloned();
        let strategy = self.options.strategy;
        let zero = is_zero(&value.value, &value.element.value_type)
            && !value.element.zero_is_significant
            && !matches!(value.element.aggregation_type.as_str(), "AVERAGE" | "AVERAGE_SUM_ORG_UNIT");
        let after = Stored {
            value: value.value.clone(),
            comment: value.comment.clone(),
            followup: value.followup,
            stored_by: value.stored_by.clone().unwrap_or_else(|| self.context.caller.username.clone()),
            created: self.context.now,
            last_updated: self.context.now,
            deleted: false,
        };
        match (before, strategy) {
            (Some(before), Strategy::Delete) => self.delete(key, &before, after, summary),
            (Some(before), Strategy::CreateAndUpdate | Strategy::Update) => {
                if value.deleted || value.value.is_empty() || zero {
                    self.delete(key, &before, after, summary);
                } else if self.context.profile.unchanged_is_ignored
                    && (&before.value, &before.comment, before.followup) == (&after.value, &after.comment, after.followup)
                {
                    summary.ignored += 1;
                } else {
                    summary.updated += 1;
                    self.put(key, Stored { created: before.created, ..after }, Change::Updated);
                }
            }
            (None, Strategy::CreateAndUpdate | Strategy::Create) => {
                if zero && !value.deleted {
                    // A zero that means nothing vanishes from every count.
                    return Ok(());
                }
                // A value that is marked as deleted is stored as such, and counted as imported.
                summary.imported += 1;
                self.put(key, Stored { deleted: value.deleted, ..after }, Change::Created);
            }
            (Some(_), Strategy::Create) | (None, Strategy::Update | Strategy::Delete) => {
                summary.ignored += 1;
                summary.rejected.push(index);
            }
        }
        Ok(())
    }

    /// Stores everything.
    pub fn commit(mut self, store: &mut Store) {
        for key in std::mem::take(&mut self.order) {
            let Some((stored, change)) = self.pending.remove(&key) else {
                continue;
            };
            store.put(key, stored, change, self.audit);
        }
    }

    /// The row stays, with what the deletion says of it: the 0 that was given, or nothing.
    fn delete(&mut self, key: Key, before: &Stored, after: Stored, summary: &mut Summary) {
        summary.deleted += 1;
        self.put(key, Stored { deleted: true, created: before.created, ..after }, Change::Deleted);
    }

    fn put(&mut self, key: Key, stored: Stored, change: Change) {
        self.order.push(key);
        self.pending.insert(key, (stored, change));
    }
}
