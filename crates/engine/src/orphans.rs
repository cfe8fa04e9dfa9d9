//! What a killed run was writing for records that the source no longer has: nobody comes by to settle it, so a whole run does it at its end.
//!
//! A creation that took effect is linked and accounted for as created, a deletion that did is unlinked and accounted for as deleted (a revert that was killed leaves such ones);
//! whatever else it was, its intent is closed once nothing can come any more.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use kivuko_core::connector::{Action, Candidate, Key};
use kivuko_core::error::Error;
use kivuko_core::record::Partition;
use kivuko_core::store::{Intent, Link, OpenIntent};
use serde_json::Value;

use crate::known::Known;
use crate::run::Execution;
use crate::settle::pause;
use crate::unit::{Change, Decision, Early, Item, Unit};

/// The partition under which they are accounted for.
pub(crate) const INTERRUPTED: &str = "(interrupted)";

impl Execution<'_> {
    /// Settles and closes what the flow left open and this run did not come by.
    pub(crate) async fn close_orphans(&mut self) -> Result<(), Error> {
        self.close_interrupted(None).await
    }

    /// Before records are removed: what a killed run made for them has to be linked first, or it would stand in the target for ever. A tombstone does not
    /// come twice, so this is waited for.
    pub(crate) async fn settle_removed(&mut self, items: &[Item]) -> Result<(), Error> {
        let removed = items.iter().filter(|item| item.early == Some(Early::Removed)).map(|item| item.id.clone());
        let own: HashSet<&str> =
            self.intents.iter().filter(|open| open.intent.flow == self.flow.name).map(|open| open.intent.source.id.as_str()).collect();
        let removed: HashSet<String> = removed.filter(|id| own.contains(id.as_str())).collect();
        if removed.is_empty() {
            return Ok(());
        }
        let is_own = |open: &&OpenIntent| open.intent.flow == self.flow.name && removed.contains(&open.intent.source.id);
        let own: Vec<OpenIntent> = self.intents.iter().filter(is_own).cloned().collect();
        let mut end = self.engine.clock.now();
        for open in &own {
            if let Some(record) = self.enter_for(&open.intent).await? {
                end = end.max(self.due(record, self.dead_since(open)));
            }
        }
        while end > self.engine.clock.now() {
            self.stop_if_cancelled()?;
            self.engine.clock.sleep(pause(self.engine.clock.now(), end)).await;
        }
        self.close_interrupted(Some(&removed)).await
    }

    /// Settles and closes what is past its time; only for these records of the source, if they are given.
    async fn close_interrupted(&mut self, only: Option<&HashSet<String>>) -> Result<(), Error> {
        let now = self.engine.clock.now();
        let mut items = Vec::new();
        let mut units = Vec::new();
        let mut closed = Vec::new();
        let places: BTreeSet<(String, String)> = self
            .intents
            .iter()
            .filter(|open| open.intent.flow == self.flow.name)
            .map(|open| (open.intent.part.split('#').next().unwrap_or_default().to_owned(), open.intent.target_resource.clone()))
            .collect();
        for (name, resource) in places {
            // Of what the flow no longer writes nobody can tell what became of it.
            let Some(record) = self.record_like(&name, &resource) else { continue };
            let scope = self.scope_of(&resource).await?;
            self.enter(scope);
            if self.targets.is_empty() {
                continue;
            }
            let orphans: Vec<OpenIntent> = self
                .intents
                .iter()
                .filter(|open| open.intent.flow == self.flow.name && open.intent.target_resource == resource)
                .filter(|open| open.intent.part.split('#').next() == Some(&name))
                // What has a link by now is the business of whoever removes or changes it.
                .filter(|open| only.is_none_or(|ids| ids.contains(&open.intent.source.id) && open.intent.action == Action::Create))
                .filter(|open| self.due(record, self.dead_since(open)) <= now)
                .filter(|open| !closed.contains(&open.id))
                // Its record came by and did not get through: the next run looks again. What was made all the same is linked now.
                .filter(|open| {
                    open.intent.action == Action::Create && self.sending.is_none() || !self.unknown.contains(&open.intent.source.id)
                })
                .cloned()
                .collect();
            closed.extend(orphans.iter().map(|open| open.id));
            let mut creations: Vec<&OpenIntent> = orphans.iter().filter(|open| open.intent.action == Action::Create).collect();
            // Several runs may have died over one record.
            creations.sort_by_key(|open| (&open.intent.key, open.id));
            creations.dedup_by_key(|open| &open.intent.key);
            let keys: Vec<Key> = creations.iter().map(|open| open.intent.key.clone()).collect();
            // A record that goes by another id in the source by now has come by, and is linked.
            let held: HashSet<Key> =
                self.engine.store.links_by_key(&self.flow.to.system, &resource, &keys).await?.into_iter().map(|link| link.key).collect();
            creations.retain(|open| !held.contains(&open.intent.key));
            let keys: Vec<Key> = creations.iter().map(|open| open.intent.key.clone()).collect();
            for (open, candidates) in creations.into_iter().zip(self.lookup(record, &keys).await?) {
                // Several would be for a person to decide; the intent says nothing about which is ours.
                let mut living = candidates.into_iter().filter(|candidate| !candidate.deleted);
                if let (Some(made), None) = (living.next(), living.next()) {
                    let change =
                        Change { action: Action::Create, target_id: None, target_version: None, body: Arc::default(), before: Value::Null };
                    let decision = Decision::Written { change, id: made.id, version: made.version };
                    let mut unit = Unit::new(items.len(), record, &open.intent.part, decision);
                    unit.key = open.intent.key.clone();
                    unit.hash.clone_from(&open.intent.hash);
                    units.push(unit);
                    items.push(stopped(&open.intent, scope));
                }
            }
            // A number that was being deleted is due, and was looked at.
            if self.sending.is_none() {
                for (open, link) in self.deletions_that_took_effect(record, &orphans).await? {
                    let change = Change {
                        action: Action::Delete,
                        target_id: Some(link.target_id.clone()),
                        target_version: None,
                        body: Arc::default(),
                        before: Value::Null,
                    };
                    let decision = Decision::Written { change, id: link.target_id.clone(), version: None };
                    let mut unit = Unit::new(items.len(), record, &open.part, decision);
                    unit.key = link.key.clone();
                    unit.link = Some(link);
                    units.push(unit);
                    items.push(stopped(open, scope));
                }
            }
        }
        if closed.is_empty() {
            return Ok(());
        }
        let mut commit = self.account(&Partition(INTERRUPTED.to_owned()), &items, &units, &Known::default(), None)?;
        commit.closed_intents.extend(&closed);
        self.engine.store.commit_page(&commit).await?;
        self.intents.retain(|open| !closed.contains(&open.id));
        Ok(())
    }

    /// Those of these intents that were deletions and took effect, each with the link that still leads to what is gone.
    async fn deletions_that_took_effect<'o>(&self, record: usize, orphans: &'o [OpenIntent]) -> Result<Vec<(&'o Intent, Link)>, Error> {
        let deletions = orphans.iter().map(|open| &open.intent).filter(|intent| intent.action == Action::Delete);
        let mut by_id: BTreeMap<&String, &Intent> = BTreeMap::new();
        by_id.extend(deletions.filter_map(|intent| Some((intent.target_id.as_ref()?, intent))));
        let ids: Vec<String> = by_id.keys().map(|id| (*id).clone()).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut links = self.engine.store.links_by_target(&self.flow.to.system, &self.resource_of(record), &ids).await?;
        links.retain(|link| by_id.get(&link.target_id).is_some_and(|intent| intent.source == link.source && intent.part == link.part));
        let linked: Vec<String> = links.iter().map(|link| link.target_id.clone()).collect();
        let present = self.fetch(record, &linked).await?;
        let is_gone = |present: &Option<Candidate>| present.as_ref().is_none_or(|one| one.deleted && one.barred().is_none());
        let gone = links.into_iter().zip(present).filter(|(_, present)| is_gone(present));
        Ok(gone.filter_map(|(link, _)| Some((*by_id.get(&link.target_id)?, link))).collect())
    }
}

/// A record that a killed run was writing, and that nobody has come by since.
fn stopped(intent: &Intent, scope: Option<usize>) -> Item {
    Item { scope, ..Item::new(intent.source.id.clone(), format!("read by run {}, which was stopped", intent.run)) }
}
