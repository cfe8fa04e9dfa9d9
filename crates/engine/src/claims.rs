//! What only one record may have: a key, a value that the target wants to be unique, a record of the target. Whoever has it already keeps it; of several that come for it none gets it, since
//! nobody can tell which is right.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kivuko_core::catalogue::record;
use kivuko_core::connector::{Key, is_not_yet};
use kivuko_core::error::{Cause, Error};
use kivuko_core::store::Link;

use crate::decide::open;
use crate::duplicates::{Claim, other_places, unique_value};
use crate::known::group_by;
use crate::run::Execution;
use crate::unit::{Decision, Item, Unit};

impl Execution<'_> {
    /// Several records of one page (or several items of one record) that lead to one new record of the target: none of them is written, and neither is a
    /// linked one that comes by this key only now. Who has it already, by a link, keeps it. Two items of one record with one key are never written.
    pub(crate) fn reject_twins(&self, items: &[Item], units: &mut [Unit]) {
        let keyed: Vec<usize> = (0..units.len())
            .filter(|&at| matches!(units[at].decision, Decision::Open | Decision::Unchanged { .. }) && is_whole(&units[at].key))
            .collect();
        let coming: Vec<usize> = keyed.iter().copied().filter(|&at| units[at].link.is_none() || moved(&units[at])).collect();
        let doubled = group_by(keyed.into_iter().filter(|&at| units[at].index.is_some()), |&at| (units[at].item, &units[at].key));
        let twins = group_by(coming, |&at| &units[at].key);
        let mut rejected: BTreeMap<usize, Cause> = BTreeMap::new();
        for positions in doubled.values().chain(twins.values()).filter(|positions| positions.len() > 1) {
            for &at in positions {
                let others = positions.iter().filter(|&&other| other != at).map(|&other| &units[other]);
                let places: BTreeSet<String> = others.map(|other| items[other.item].place.clone()).collect();
                let places: Vec<String> = places.into_iter().collect();
                let message = format!("several records of the input have this key: {}", other_places(&places, ""));
                rejected.insert(at, Cause::new(record::DUPLICATE_KEY, message).field(self.key_name(units[at].record)));
            }
        }
        for (at, cause) in rejected {
            units[at].decision = Decision::Rejected(vec![cause]);
        }
    }

    /// Several records of one input with one key: none of them is written, since nobody can tell which is right. The same holds for a value that
    /// the target wants to be unique; but who has it there already keeps it.
    pub(crate) fn reject_duplicates(&self, items: &[Item], units: &mut [Unit]) {
        for unit in units.iter_mut().filter(|unit| matches!(unit.decision, Decision::Open | Decision::Unchanged { .. })) {
            let here = &items[unit.item].place;
            let record = unit.record;
            let mut causes = Vec::new();
            if let Some(others) =
                self.duplicates.claimed(|| Claim::Key { record, scope: items[unit.item].scope_name.clone(), key: unit.key.clone() })
            {
                let message = format!("several records of the input have this key: {}", other_places(others, here));
                causes.push(Cause::new(record::DUPLICATE_KEY, message).field(self.key_name(record)));
            }
            for (field, name) in self.targets[record].capabilities.unique.iter().enumerate().filter(|_| unit.link.is_none()) {
                let Some(value) = unique_value(&unit.create, name) else { continue };
                if let Some(others) = self.duplicates.claimed(|| Claim::Value { record, field, value }) {
                    let others = other_places(others, here);
                    let message = format!("other records of the input have the same {name}, which only one record can have: {others}");
                    causes.push(Cause::new(record::DUPLICATE_KEY, message).field(name.clone()));
                }
            }
            if !causes.is_empty() {
                unit.decision = Decision::Rejected(causes);
            }
        }
    }

    fn key_name(&self, record: usize) -> String {
        self.flow.to.records[record].key.iter().map(ToString::to_string).collect::<Vec<_>>().join(" + ")
    }

    /// A key that another record of the same source holds by its link is not written a second time.
    pub(crate) async fn reject_held_keys(&self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        let resource = self.resource_of(record);
        let asked: Vec<usize> = open(units).filter(|&at| units[at].link.is_none() || moved(&units[at])).collect();
        let keys: Vec<Key> = asked.iter().map(|&at| units[at].key.clone()).collect();
        if keys.is_empty() || keys[0].0.is_empty() {
            return Ok(());
        }
        let held: HashMap<Key, Vec<Link>> =
            group_by(self.engine.store.links_by_key(&self.flow.to.system, &resource, &keys).await?, |link| link.key.clone());
        for at in asked {
            let item = &items[units[at].item];
            let holder =
                held.get(&units[at].key).and_then(|links| links.iter().find(|link| self.is_other_record(link, item, &units[at].part)));
            if let Some(holder) = holder {
                units[at].decision = self.held_by(record, holder);
            }
        }
        Ok(())
    }

    /// A record of the target that was found by its key may be linked to another record of this source already.
    pub(crate) async fn reject_linked_elsewhere(&self, record: usize, items: &[Item], units: &mut [Unit]) -> Result<(), Error> {
        let resource = self.resource_of(record);
        let found: Vec<usize> = (0..units.len()).filter(|&at| units[at].link.is_none() && units[at].target_id().is_some()).collect();
        let ids: Vec<String> = found.iter().filter_map(|&at| units[at].target_id().map(str::to_owned)).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let taken: HashMap<String, Vec<Link>> =
            group_by(self.engine.store.links_by_target(&self.flow.to.system, &resource, &ids).await?, |link| link.target_id.clone());
        for (at, id) in found.into_iter().zip(ids) {
            let item = &items[units[at].item];
            // A link that people decided against holds nothing.
            let holds = |link: &&Link| {
                self.is_other_record(link, item, &units[at].part) && self.leads_to(link).as_deref() == Some(link.target_id.as_str())
            };
            let holder = taken.get(&id).and_then(|links| links.iter().find(holds));
            // Several records may belong to one that none of them writes to.
            let shared = self.searches(record);
            match holder {
                Some(_) if shared && matches!(units[at].decision, Decision::Unchanged { .. }) => {}
                Some(holder) if shared => units[at].decision = linked_elsewhere(&holder.source.id),
                Some(holder) => units[at].decision = self.held_by(record, holder),
                None => {}
            }
        }
        Ok(())
    }

    /// Whether a link belongs to another record of the same source. Two sources may well feed one record of the target.
    pub(crate) fn is_other_record(&self, link: &Link, item: &Item, part: &str) -> bool {
        link.source.system == self.flow.from.system
            && link.source.resource == self.flow.from.resource
            && (link.source.id != item.id || link.part != part)
    }

    fn held_by(&self, record: usize, holder: &Link) -> Decision {
        self.held_by_record(record, &holder.source.id)
    }

    fn held_by_record(&self, record: usize, holder: &str) -> Decision {
        let message = format!("the record `{holder}` of the same source already has this key");
        Decision::Rejected(vec![Cause::new(record::DUPLICATE_KEY, message).field(self.key_name(record))])
    }

    /// The same of what the page itself has made or found before: nothing of it is linked yet.
    pub(crate) fn reject_held_in_page(&self, record: usize, items: &[Item], before: &[Unit], units: &mut [Unit]) {
        let here = |unit: &&Unit| unit.record == record && items[unit.item].scope == self.scopes.current;
        let earlier: Vec<&Unit> = before.iter().filter(here).filter(|unit| unit.has_arrived()).collect();
        if earlier.is_empty() {
            return;
        }
        let by_key: HashMap<&Key, &Unit> = earlier.iter().map(|unit| (&unit.key, *unit)).collect();
        let by_id: HashMap<&str, &Unit> = earlier.iter().filter_map(|unit| Some((unit.target_id()?, *unit))).collect();
        for unit in units.iter_mut() {
            let undecided = unit.decision == Decision::Open || unit.has_arrived();
            if !undecided || self.searches(record) {
                continue;
            }
            let new_key = (unit.link.is_none() || moved(unit)) && is_whole(&unit.key);
            let holder = by_key.get(&unit.key).filter(|_| new_key);
            let found = unit.target_id().filter(|id| unit.link.is_none() && !is_not_yet(id));
            if let Some(holder) = holder.or_else(|| by_id.get(found?)) {
                unit.decision = self.held_by_record(record, &items[holder.item].id);
            }
        }
    }
}

/// Whether a key tells records apart: in a plan some have no id yet.
fn is_whole(key: &Key) -> bool {
    !key.0.is_empty() && key.0.iter().all(|part| !is_not_yet(part))
}

/// Whether the source changed the key of a linked record.
pub(crate) fn moved(unit: &Unit) -> bool {
    unit.link.as_ref().is_some_and(|link| link.key != unit.key)
}

/// Another record of the same source is the same person, and this one would write something else.
pub(crate) fn linked_elsewhere(other: &str) -> Decision {
    let message =
        format!("the record `{other}` of the same source is the same record of the target, and this one would write something else there");
    Decision::Rejected(vec![Cause::new(record::SAME_PERSON, message)])
}
