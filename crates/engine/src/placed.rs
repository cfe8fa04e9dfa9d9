//! What crosswalks say of the places that a flow carries: which record of the target each of them is, and which it is not.
//!
//! What people decided comes before the link of a record and before its key: nothing is written to a place that they parted from this one, whichever way it is found, and no reference
//! is resolved by such a link. What only links say holds as long as the target has it; with `--again` what is gone there is made again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use kivuko_core::catalogue::{run as codes, target as target_codes};
use kivuko_core::codes::{CodeMap, Direction, Translated};
use kivuko_core::connector::{Action, Candidate};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Then;
use kivuko_core::path::Path;
use kivuko_core::store::{Link, Reference};
use kivuko_core::value;
use serde_json::{Map, Value};

use crate::claims::linked_elsewhere;
use crate::decide::deleted_match;
use crate::known::{Ended, Known, KnownReferences, group_by};
use crate::run::Execution;
use crate::tree::Arrival;
use crate::unit::{Decision, Item, Unit};

impl Execution<'_> {
    /// The crosswalks between what the flow reads and one of the resources that it writes.
    pub(crate) fn crosswalks_to(&self, record: usize) -> impl Iterator<Item = (&str, &CodeMap, Direction)> {
        let (from, to) = (&self.flow.from.system, &self.flow.to.system);
        let resource = &self.flow.to.records[record].resource;
        self.engine.crosswalks_of(&self.flow).filter(move |one| one.side(to).is_some_and(|side| side.resource == *resource)).filter_map(
            move |one| {
                let map = self.codes.get(&one.name)?;
                Some((one.name.as_str(), map, map.between(from, to)?))
            },
        )
    }

    /// Before a record is mapped: a place without a counterpart is left out, whatever else could be said of it.
    pub(crate) fn left_without_counterpart(&self, record: usize, source_id: &str) -> Option<Decision> {
        let without =
            |(_, map, direction): &(&str, &CodeMap, Direction)| map.decided(*direction, source_id, self.today) == Some(Translated::Nothing);
        let (name, ..) = self.crosswalks_to(record).find(without)?;
        let system = &self.flow.to.system;
        let message = format!("codes/{name}.csv says that the place has no counterpart in {system}, so nothing is made or written there");
        Some(Decision::Skipped(vec![Cause::new(codes::WITHOUT_COUNTERPART, message)]))
    }

    /// Before a record is looked for: a link that people decided against does not count. One that they only ended does, for the record that closes the place over there.
    pub(crate) fn heed_decisions(&self, unit: &mut Unit, item: &Item, closes: bool) -> Option<Decision> {
        if unit.index.is_some() {
            return None;
        }
        for (name, map, direction) in self.crosswalks_to(unit.record) {
            let linked = unit.link.as_ref().map(|link| link.target_id.as_str());
            let Some(other) = linked.filter(|other| map.parts(direction, &item.id, other, self.today)) else { continue };
            if closes && map.ended(direction, &item.id, other, self.today) {
                continue;
            }
            let parted = parted(name, other);
            (unit.link, unit.sent) = (None, None);
            if !matches!(map.decided(direction, &item.id, self.today), Some(Translated::To(_))) {
                return Some(parted);
            }
        }
        None
    }

    /// What closes a place over there that was this one's until a day stays here, if that has another one's key by now.
    pub(crate) fn leave_to_another(&self, unit: &mut Unit, source_id: &str, present: &Candidate) {
        let (Decision::Write(_), Some(link), None) = (&unit.decision, &unit.link, unit.index) else { return };
        let against = self.crosswalks_to(unit.record).find(|(_, map, way)| map.parts(*way, source_id, &link.target_id, self.today));
        let Some((name, ..)) = against else { return };
        let Some(key) = self.another_key(unit, present) else { return };
        let message = format!(
            "it was this place only until a day that is over, and has another one's key over there by now, so it is not closed; say which one this place is, or that it has none (`none`): codes/{name}.csv, {}, which is {key}",
            link.target_id
        );
        (unit.link, unit.sent, unit.decision) = (None, None, Decision::Rejected(vec![Cause::new(codes::PARTED, message)]));
    }

    /// What a linked record has in the target as its key, or beside it in the same place, if that is another one's.
    fn another_key(&self, unit: &Unit, present: &Candidate) -> Option<String> {
        let own = |at: usize, path: &Path, text: &str| {
            let keys = [Some(&unit.key), unit.link.as_ref().map(|link| &link.key)];
            let parts = keys.into_iter().flatten().filter_map(|key| key.0.get(at));
            parts.into_iter().any(|part| part == text || self.as_kept(unit.record, path, part).is_some_and(|kept| kept == text))
        };
        let paths = &self.flow.to.records[unit.record].key;
        paths.iter().enumerate().find_map(|(at, path)| {
            let mut there = Vec::new();
            path.read(&present.body, &mut there);
            there.into_iter().filter_map(value::text).find(|text| !text.trim().is_empty() && !own(at, path, text.trim()))
        })
    }

    /// A part of a key in the form in which the target keeps it: a key is what the mapping made, and a code of it another one there.
    fn as_kept(&self, record: usize, path: &Path, part: &str) -> Option<String> {
        let mut body = Value::Object(Map::new());
        path.set(&mut body, Value::String(part.to_owned())).ok()?;
        let kept = self.targets[record].target.conform(body).ok()?;
        path.one(&kept).and_then(value::text)
    }

    /// Why what refers to a record can never be placed: people decided that this has no counterpart. Of several that it may refer to, none has.
    pub(crate) fn without_counterpart(&self, wanted: &Reference) -> Option<Cause> {
        let mut row = None;
        for one in wanted.alternatives() {
            let (decided, told) = self.decided_on_reference(&one)?;
            row = (decided == Translated::Nothing).then_some(told);
            row.as_ref()?;
        }
        let (row, id) = (row?, &wanted.source_id);
        let message = format!(
            "it refers to {id}, which has no counterpart over there, as a person decided ({row}), so it has no place there. Say which one {id} is, let it refer to another one, or say `none` of it too"
        );
        Some(Cause::new(codes::LIES_IN_NONE, message))
    }

    /// What people decided on a record that others refer to, and in which row.
    fn decided_on_reference(&self, one: &Reference) -> Option<(Translated, String)> {
        let flow = self.engine.project.flows.get(&one.flow)?;
        self.engine.crosswalks_of(flow).find_map(|crosswalk| {
            let map = self.codes.get(&crosswalk.name)?;
            let direction = map.between(&flow.from.system, &flow.to.system)?;
            let (decided, line) = map.decided_where(direction, &one.source_id, self.today)?;
            Some((decided, row_of(&crosswalk.name, line)))
        })
    }

    /// The counterpart that a person has chosen for a record that others refer to, whether a flow has come by it or not.
    pub(crate) fn chosen_reference(&self, one: &Reference) -> Option<Arrival> {
        match self.decided_on_reference(one)? {
            (Translated::To(id), row) => Some(Arrival::Here { id, chosen_in: Some(row) }),
            _ => None,
        }
    }

    /// The row of a crosswalk by which a person chose what a link leads to; `None` where nobody did.
    pub(crate) fn chosen_in(&self, link: &Link) -> Option<String> {
        self.engine.project.crosswalks.values().filter(|crosswalk| crosswalk.has_link(link)).find_map(|crosswalk| {
            let map = self.codes.get(&crosswalk.name)?;
            let direction = map.between(&link.source.system, &link.target_system)?;
            match map.decided_where(direction, &link.source.id, self.today)? {
                (Translated::To(_), line) => Some(row_of(&crosswalk.name, line)),
                _ => None,
            }
        })
    }

    /// What a link leads to, if it was that place until a day that is over, and nobody has said since which one it is, or that it has none.
    pub(crate) fn ended(&self, link: &Link) -> Option<Ended> {
        let (source, target) = (&link.source, link.target_id.as_str());
        self.engine.project.crosswalks.values().filter(|crosswalk| crosswalk.has_link(link)).find_map(|crosswalk| {
            let map = self.codes.get(&crosswalk.name)?;
            let direction = map.between(&source.system, &link.target_system)?;
            let line = map.until(direction, &source.id, target, self.today)?;
            let is_open = map.decided(direction, &source.id, self.today).is_none();
            let ended = is_open && map.parts(direction, &source.id, target, self.today);
            ended.then(|| Ended { id: target.to_owned(), row: row_of(&crosswalk.name, line) })
        })
    }

    /// Maps what refers to places whose pair ended as if it had not; answers for each item all of these places that it refers to.
    pub(crate) fn map_in_ended(
        &self,
        record: usize,
        items: &[Item],
        before: &[Unit],
        known: &Known,
        references: &mut KnownReferences,
        units: &mut Vec<Unit>,
    ) -> HashMap<usize, Vec<Ended>> {
        let mut in_ended: HashMap<usize, Vec<Ended>> = HashMap::new();
        if references.ended.is_empty() {
            return in_ended;
        }
        let waits_for = |unit: &Unit, references: &KnownReferences| match &unit.decision {
            Decision::Waiting(reference) => reference.alternatives().find(|one| references.ended.contains_key(one)),
            _ => None,
        };
        let concerned: BTreeSet<usize> = units.iter().filter(|unit| waits_for(unit, references).is_some()).map(|unit| unit.item).collect();
        let (mapped, others): (Vec<Unit>, Vec<Unit>) = std::mem::take(units).into_iter().partition(|unit| concerned.contains(&unit.item));
        *units = others;
        for (item, mut own) in group_by(mapped, |unit| unit.item) {
            let mut met: Vec<Reference> = Vec::new();
            // Mapping ends at the first reference that is not there: the next one shows when that is.
            while let Some(one) = own.iter().find_map(|unit| waits_for(unit, references)).filter(|one| !met.contains(one)) {
                let ended = references.ended[&one].clone();
                references.found.insert(one.clone(), Some(ended.id.clone()));
                in_ended.entry(item).or_default().push(ended);
                met.push(one);
                own = self.map_all(record, (items, item..item + 1), before, known, references, None);
            }
            units.extend(own);
            references.found.extend(met.into_iter().map(|one| (one, None)));
        }
        for (reference, ended) in &references.ended {
            references.found.insert(reference.clone(), Some(ended.id.clone()));
        }
        units.sort_by_key(|unit| unit.item);
        in_ended
    }

    /// What lies there stays there, whatever else changes of it; nothing is put there.
    pub(crate) fn keep_out_of_ended(&self, units: &mut [Unit], in_ended: &HashMap<usize, Vec<Ended>>) {
        let Some(tree) = &self.tree else { return };
        for unit in units {
            let (Decision::Write(change), Some(ended)) = (&unit.decision, in_ended.get(&unit.item)) else { continue };
            if let Some(Ended { id, row }) = ended.iter().find(|ended| tree.is_put_into(unit.record, &change.body, &ended.id)) {
                let message = format!(
                    "it would be put into {id}, which was the place that it lies in only until a day that is over ({row}); say which place that one is by now, or that it has none (`none`)"
                );
                unit.decision = Decision::Rejected(vec![Cause::new(codes::LIES_IN_ENDED, message)]);
            }
        }
    }

    /// Why a record of the target is not this one, if people decided so.
    pub(crate) fn parted_from(&self, record: usize, source_id: &str, target_id: &str) -> Option<Decision> {
        let against = self.crosswalks_to(record).find(|(_, map, direction)| map.parts(*direction, source_id, target_id, self.today));
        against.map(|(name, ..)| parted(name, target_id))
    }

    /// Whether people decided that a record is not what it is linked to: then it is not the flow's to remove. What they were until a day is closed with it, unless it has
    /// another one's key by now, and deleted only where the flow made it.
    pub(crate) fn is_parted(&self, record: usize, unit: &Unit, source_id: &str, present: Option<&Candidate>) -> bool {
        let Some(link) = unit.link.as_ref().filter(|_| !unit.part.contains('#')) else { return false };
        let other = link.target_id.as_str();
        let is_ours = link.created || self.flow.deletes.then != Then::Delete;
        let may_go = || is_ours && present.is_none_or(|present| self.another_key(unit, present).is_none());
        self.crosswalks_to(record).any(|(_, map, direction)| {
            map.parts(direction, source_id, other, self.today) && !(map.ended(direction, source_id, other, self.today) && may_go())
        })
    }

    /// What a link, whichever flow made it, leads to by what people decided: another place, or none.
    pub(crate) fn leads_to(&self, link: &Link) -> Option<String> {
        let (source, target) = (&link.source, link.target_id.as_str());
        for crosswalk in self.engine.project.crosswalks.values().filter(|crosswalk| crosswalk.has_link(link)) {
            let map = self.codes.get(&crosswalk.name);
            let Some((map, direction)) = map.and_then(|map| Some((map, map.between(&source.system, &link.target_system)?))) else {
                continue;
            };
            match map.decided(direction, &source.id, self.today) {
                Some(Translated::To(other)) => return Some(other),
                Some(_) => return None,
                None if map.parts(direction, &source.id, target, self.today) => return None,
                None => {}
            }
        }
        Some(link.target_id.clone())
    }

    /// Finds and compares the counterparts that crosswalks name for places without a link, and answers for which that was done. Several places with one counterpart
    /// are none of them written.
    pub(crate) async fn find_placed(
        &self,
        record: usize,
        items: &[Item],
        units: &mut [Unit],
        unlinked: &[usize],
    ) -> Result<HashSet<usize>, Error> {
        let (mut chosen, mut linked): (BTreeMap<usize, String>, BTreeMap<usize, String>) = Default::default();
        for (_, map, direction) in self.crosswalks_to(record) {
            for &at in unlinked.iter().filter(|&&at| units[at].link.is_none() && units[at].index.is_none()) {
                let id = &items[units[at].item].id;
                // What a killed run may have made is found by its key.
                match map.decided(direction, id, self.today) {
                    Some(Translated::To(other)) if units[at].interrupted != Some(Action::Create) => _ = chosen.entry(at).or_insert(other),
                    None if units[at].interrupted.is_none() => {
                        if let Some(Translated::To(other)) = map.linked(direction, id, self.today) {
                            linked.entry(at).or_insert(other);
                        }
                    }
                    _ => {}
                }
            }
        }
        linked.retain(|at, _| !chosen.contains_key(at));
        let ids: Vec<String> = linked.values().cloned().collect();
        let ours: HashSet<String> = if ids.is_empty() {
            HashSet::new()
        } else {
            self.engine.store.own_deletions(&self.flow.to.system, &ids).await?.into_iter().collect()
        };
        let mut present: BTreeMap<usize, Option<Candidate>> = BTreeMap::new();
        for ((&at, id), candidate) in linked.iter().zip(self.fetch(record, &ids).await?) {
            let is_gone = candidate.as_ref().is_none_or(|candidate| candidate.deleted);
            if is_gone && ours.contains(id) || candidate.is_none() && self.again {
                // Nobody chose it: it is looked for by its key, and made again.
                units[at].lost.push(id.clone());
            } else {
                present.insert(at, candidate);
            }
        }
        linked.retain(|at, _| present.contains_key(at));
        let counterparts = chosen.iter().chain(&linked);
        let of_one = group_by(counterparts.map(|(at, id)| (*at, id.as_str())), |(_, id)| *id);
        for positions in of_one.into_values().filter(|positions| positions.len() > 1) {
            for ((at, _), (other, _)) in positions.iter().zip(positions.iter().cycle().skip(1)) {
                units[*at].decision = linked_elsewhere(&items[units[*other].item].id);
            }
        }
        let found: HashSet<usize> = chosen.keys().chain(linked.keys()).copied().collect();
        let capabilities = &self.targets[record].capabilities;
        for (at, candidate) in present {
            if units[at].decision == Decision::Open {
                units[at].decision = match candidate {
                    None => gone(),
                    Some(candidate) if candidate.deleted && candidate.barred().is_none() => deleted_match(),
                    Some(candidate) if ours.contains(&candidate.id) && candidate.is_inactive() => {
                        self.compare_anew(capabilities, &mut units[at], &candidate)
                    }
                    Some(candidate) => self.compare(capabilities, &units[at], &candidate),
                };
            }
        }
        chosen.retain(|at, _| units[*at].decision == Decision::Open);
        self.meet(record, units, chosen.into_iter().collect()).await?;
        Ok(found)
    }

    /// The counterpart that a person has chosen for a place.
    pub(crate) fn chosen_place(&self, record: usize, unit: &Unit, source_id: &str) -> Option<String> {
        if unit.index.is_some() {
            return None;
        }
        self.crosswalks_to(record).find_map(|(_, map, direction)| match map.decided(direction, source_id, self.today) {
            Some(Translated::To(other)) => Some(other),
            _ => None,
        })
    }
}

/// A row of the file of a crosswalk, as people look for it.
fn row_of(crosswalk: &str, line: usize) -> String {
    format!("codes/{crosswalk}.csv, row {line}")
}

/// A person decided that the place is not this one of the target.
fn parted(crosswalk: &str, target_id: &str) -> Decision {
    let message = format!(
        "a person decided that it is not the place that it would be written to; say which one it is, or that it has none (`none`): codes/{crosswalk}.csv, {target_id}"
    );
    Decision::Rejected(vec![Cause::new(codes::PARTED, message)])
}

/// A flow linked it, and nobody chose it.
fn gone() -> Decision {
    Decision::Rejected(vec![Cause::new(
        target_codes::TARGET_GONE,
        "the record that a flow has linked with this one is no longer there (`run --again` writes it again)",
    )])
}
