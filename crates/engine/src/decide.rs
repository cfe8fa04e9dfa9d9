//! What is to be done with each record of a page: mapped, found in the target, compared. Writes nothing; a plan and a run decide with the same code.

use std::borrow::Cow;
use std::collections::HashSet;

use futures_util::{StreamExt, TryStreamExt};
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{run as codes, target as target_codes};
use kivuko_core::connector::{Action, Candidate, Capabilities, Key, Standing, Target};
use kivuko_core::diff;
use kivuko_core::error::{Cause, Error};
use kivuko_core::halves::{own_share, side_by_side};
use kivuko_core::store::Reference;
use kivuko_core::value;
use serde_json::{Map, Value};

use crate::claims::moved;
use crate::known::{Known, KnownReferences};
use crate::matching::ask_again;
use crate::numbers::Called;
use crate::others::left_deleted;
use crate::run::Execution;
use crate::tree::Arrival;
use crate::unit::{Change, Decision, Found, Item, Unit};

/// Records of a page as they were mapped before anything that they refer to was looked up, and what that is.
pub(crate) struct FirstLook {
    units: Vec<Unit>,
    references: KnownReferences,
}

impl Execution<'_> {
    /// Maps the records of a page (or only those at these positions) to one of the flow's target records, as far as that goes without asking anybody.
    pub(crate) fn first_look(
        &self,
        record: usize,
        items: &[Item],
        before: &[Unit],
        known: &Known,
        only: Option<&HashSet<usize>>,
    ) -> FirstLook {
        let look = |range| {
            let references = KnownReferences::default();
            let units = self.map_all(record, (items, range), before, known, &references, only);
            FirstLook { units, references }
        };
        let own = own_share(items.len());
        let other = (own < items.len()).then_some(|| look(own..items.len()));
        let (mut first, second) = side_by_side(|| look(0..own), other);
        if let Some(FirstLook { units, references }) = second {
            first.units.extend(units);
            first.references.asked.get_mut().extend(references.asked.take());
        }
        first
    }

    /// Maps what refers to others, finds the records of a page in the target and decides. `before` is
    /// what was dealt with of the page already.
    pub(crate) async fn decide(
        &mut self,
        record: usize,
        items: &[Item],
        before: &[Unit],
        known: &Known,
        only: Option<&HashSet<usize>>,
        FirstLook { mut units, mut references }: FirstLook,
    ) -> Result<Vec<Unit>, Error> {
        // The first look collects the references; most flows have none, and are done.
        if self.resolve(&mut references).await? {
            units = self.map_all(record, (items, 0..items.len()), before, known, &references, only);
        }
        let in_ended = self.map_in_ended(record, items, before, known, &mut references, &mut units);
        for unit in &mut units {
            let Decision::Waiting(reference) = &unit.decision else { continue };
            if let Some(cause) = references.foreign_of(reference) {
                unit.decision = Decision::Rejected(vec![cause]);
            } else if let Some(cause) = self.without_counterpart(reference) {
                // When people decide otherwise it is taken up, whatever the source says again.
                unit.awaits = Some(reference.clone());
                unit.decision = Decision::Rejected(vec![cause]);
            }
        }
        tell_lost_references(&mut units, &references);
        self.reject_duplicates(items, &mut units);
        self.reject_twins(items, &mut units);
        self.find(record, items, before, &mut units).await?;
        self.keep_out_of_ended(&mut units, &in_ended);
        Ok(units)
    }

    /// Looks up the references that were asked for; whether there were any.
    pub(crate) async fn resolve(&self, references: &mut KnownReferences) -> Result<bool, Error> {
        let asked: Vec<Reference> = references.asked.take().into_iter().collect();
        if asked.is_empty() {
            return Ok(false);
        }
        for (reference, arrived) in asked.iter().zip(self.arrivals(&asked).await?) {
            let found = match arrived {
                Some(Arrival::Here { id, chosen_in }) => {
                    references.chosen.extend(chosen_in.map(|row| (id.clone(), row)));
                    Some(id)
                }
                Some(Arrival::Ended(ended)) => {
                    references.ended.insert(reference.clone(), ended);
                    None
                }
                // What lies in another part of the target cannot be referred to from this one.
                Some(Arrival::Elsewhere) => {
                    references.foreign.insert(reference.clone());
                    None
                }
                None => None,
            };
            references.found.insert(reference.clone(), found);
        }
        Ok(true)
    }

    /// Finds the open units in the target, links first, and compares.
    async fn find(&mut self, record: usize, items: &[Item], before: &[Unit], units: &mut [Unit]) -> Result<(), Error> {
        self.await_intents(record, items, units).await?;
        self.let_go_of_lost(record, units).await?;
        self.let_go_of_deleted(record, units).await?;
        self.reject_held_keys(record, items, units).await?;
        self.reject_held_in_page(record, items, before, units);

        let capabilities = self.targets[record].capabilities.clone();
        let unlinked: Vec<usize> = open(units).filter(|&at| units[at].link.is_none() || moved(&units[at])).collect();
        // A record without a key is looked for by who it is.
        let keyless = self.flow.to.records[record].key.is_empty() && self.searches(record);
        let unlinked = if keyless { Vec::new() } else { unlinked };
        // What a person decided comes before the key.
        let decided = self.decided_on(record, items, units, &unlinked).await?;
        let is_chosen = |at: &usize| units[*at].link.is_none() && decided.get(at).is_some_and(|one| one.kind.chooses());
        let unlinked: Vec<usize> = unlinked.into_iter().filter(|at| !is_chosen(at)).collect();
        // So does what a crosswalk says of places.
        let placed = self.find_placed(record, items, units, &unlinked).await?;
        let unlinked: Vec<usize> =
            unlinked.into_iter().filter(|at| units[*at].decision == Decision::Open && !placed.contains(at)).collect();
        self.let_go_of_links_back(record, items, units).await?;
        let keys: Vec<Key> = unlinked.iter().map(|&at| units[at].asked.as_ref().unwrap_or(&units[at].key).clone()).collect();
        let by_key = self.lookup(record, &keys).await?;
        self.remember_own_deletions(&capabilities, &by_key).await?;
        for (&at, candidates) in unlinked.iter().zip(&by_key) {
            self.match_candidates(&capabilities, &items[units[at].item].id, &mut units[at], candidates);
            ask_again(&mut units[at], decided.get(&at));
        }
        // What a killed run was to make and did not may have got a counterpart from a person since.
        let chosen =
            unlinked.iter().filter(|&&at| matches!(&units[at].decision, Decision::Write(change) if change.action == Action::Create));
        let chosen: Vec<(usize, String)> =
            chosen.filter_map(|&at| Some((at, self.chosen_place(record, &units[at], &items[units[at].item].id)?))).collect();
        self.meet(record, units, chosen).await?;

        self.search(record, items, units).await?;

        let linked: Vec<usize> = open(units).filter(|&at| units[at].link.is_some()).collect();
        let ids: Vec<String> = linked.iter().filter_map(|&at| units[at].link.as_ref().map(|link| link.target_id.clone())).collect();
        let present = self.fetch(record, &ids).await?;
        for (&at, candidate) in linked.iter().zip(&present) {
            let unit = &mut units[at];
            unit.decision = match candidate {
                None => {
                    let chosen_in = unit.link.as_ref().and_then(|link| self.chosen_in(link));
                    let message = chosen_in.map_or_else(
                        || "the record that this one is linked to is no longer there; it was deleted, merged, or made into something else (`run --again` writes it again)".to_owned(),
                        |row| format!("the record that a person chose for this one is no longer there, and no run makes it again; mend that row, or take it out and `run --again`: {row}"),
                    );
                    Decision::Rejected(vec![Cause::new(target_codes::TARGET_GONE, message)])
                }
                Some(candidate) if self.took_away(unit, candidate) => give_again(unit, candidate),
                Some(candidate) if self.is_left_deleted(unit, candidate) => {
                    unit.warnings.push(left_deleted());
                    Decision::Unchanged { found: None }
                }
                Some(candidate) if candidate.deleted && candidate.barred().is_none() => deleted_match(),
                Some(candidate) if unit.was_being_deactivated && candidate.is_inactive() => {
                    self.compare_anew(&capabilities, unit, candidate)
                }
                Some(candidate) => {
                    let left = self.left_to_others(&capabilities, unit, candidate);
                    unit.warnings.extend(left);
                    self.compare(&capabilities, unit, candidate)
                }
            };
            if let Some(present) = candidate {
                self.leave_to_another(unit, &items[unit.item].id, present);
                self.tell_written_over(&items[unit.item].id, unit, present);
            }
        }
        self.reject_linked_elsewhere(record, items, units).await?;
        self.reject_held_in_page(record, items, before, units);
        Ok(())
    }

    /// Links that lead to nothing: the target was emptied, or put back to what it was before they were made. Who was deleted there is still there, as deleted.
    async fn let_go_of_lost(&self, record: usize, units: &mut [Unit]) -> Result<(), Error> {
        // A linked number that a killed run was making had been found lost by that run.
        let was_lost = |unit: &Unit| self.sending.is_some() && unit.interrupted == Some(Action::Create);
        let linked: Vec<usize> = open(units).filter(|&at| units[at].link.is_some() && (self.again || was_lost(&units[at]))).collect();
        if linked.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = linked.iter().filter_map(|&at| units[at].link.as_ref().map(|link| link.target_id.clone())).collect();
        for (at, candidate) in linked.into_iter().zip(self.fetch(record, &ids).await?) {
            let unit = &mut units[at];
            if candidate.is_none_or(|candidate| is_lost(unit, &candidate)) {
                unit.lost.extend(unit.link.take().map(|link| link.target_id));
                unit.sent = None;
            }
        }
        Ok(())
    }

    /// Links to what a killed run, or a killed revert, was deleting, and that is gone: the deletion was ours, and it may be made again. (A number is given again under
    /// its link.)
    async fn let_go_of_deleted(&mut self, record: usize, units: &mut [Unit]) -> Result<(), Error> {
        if self.sending.is_some() {
            return Ok(());
        }
        let concerned: Vec<usize> = open(units).filter(|&at| units[at].was_being_deleted && units[at].link.is_some()).collect();
        let ids: Vec<String> = concerned.iter().filter_map(|&at| units[at].link.as_ref().map(|link| link.target_id.clone())).collect();
        for ((at, id), candidate) in concerned.into_iter().zip(&ids).zip(self.fetch(record, &ids).await?) {
            if candidate.is_none_or(|candidate| candidate.deleted && candidate.barred().is_none()) {
                self.deleted_by_us.insert(id.clone());
                let unit = &mut units[at];
                (unit.link, unit.sent) = (None, None);
            }
        }
        Ok(())
    }

    /// What Kivuko itself deleted may be made again, and what it deactivated is as if it were new; what a person deleted may not.
    async fn remember_own_deletions(&mut self, capabilities: &Capabilities, found: &[Vec<Candidate>]) -> Result<(), Error> {
        let deleted = |candidates: &&Vec<Candidate>| candidates.iter().all(|candidate| candidate.deleted);
        let wanted = found.iter().filter(|candidates| capabilities.deactivates || deleted(candidates)).flatten();
        let ids: Vec<String> = wanted.map(|candidate| candidate.id.clone()).collect();
        if !ids.is_empty() {
            self.deleted_by_us.extend(self.engine.store.own_deletions(&self.flow.to.system, &ids).await?);
        }
        Ok(())
    }

    fn match_candidates(&self, capabilities: &Capabilities, source_id: &str, unit: &mut Unit, candidates: &[Candidate]) {
        let mut living: Vec<&Candidate> = candidates.iter().filter(|candidate| !candidate.deleted).collect();
        if let Some(link) = &unit.link {
            // Its key changed in the source. Whoever has the new key must be the linked record itself.
            if living.iter().any(|candidate| candidate.id != link.target_id) {
                unit.decision = several(&living);
            }
            return;
        }
        // Of several that have the key, those that people parted from this place are none of it.
        let parted_from = |one: &Candidate| self.parted_from(unit.record, source_id, &one.id).filter(|_| unit.index.is_none());
        if let Some(parted) = living.iter().find_map(|one| parted_from(one)) {
            living.retain(|one| parted_from(one).is_none());
            if living.is_empty() {
                unit.decision = parted;
                return;
            }
        }
        unit.decision = match living.as_slice() {
            [] if candidates.iter().any(|candidate| !self.deleted_by_us.contains(&candidate.id)) => {
                let barred = candidates.iter().find_map(Candidate::barred);
                barred.map_or_else(deleted_match, |cause| Decision::Rejected(vec![cause.clone()]))
            }
            [] if self.searches(unit.record) => return,
            [] => Decision::Write(Change {
                action: Action::Create,
                target_id: None,
                target_version: None,
                body: std::mem::take(&mut unit.create),
                before: Value::Null,
            }),
            [one] if self.deleted_by_us.contains(&one.id) && one.is_inactive() => self.compare_anew(capabilities, unit, one),
            [one] => self.compare(capabilities, unit, one),
            many => several(many),
        };
        if let [one] = living.as_slice() {
            self.tell_written_over(source_id, unit, one);
        }
    }

    /// Compares the mapped content with what the target holds, and finds what is to be sent.
    pub(crate) fn compare(&self, capabilities: &Capabilities, unit: &Unit, present: &Candidate) -> Decision {
        if let Some(cause) = present.barred() {
            return Decision::Rejected(vec![cause.clone()]);
        }
        // A killed run or revert may have sent something else than what was sent last, and than what is there now: then everything is compared. A number is one
        // field, and is always looked at.
        let unsure = unit.unsure || (self.sending.is_some() && unit.interrupted.is_some());
        let desired = match (&unit.link, &unit.sent) {
            // Only what changed in the source travels: what somebody changed in the target since stays as it is.
            (Some(link), Some(sent)) if !unsure && (!self.live || self.is_left_to_others(link, present)) => {
                only(&unit.update, |name| sent.fields.get(name) != unit.fields.get(name))
            }
            _ => Value::clone(&unit.update),
        };
        let is_due = present.standing == Standing::Due && desired.as_object().is_some_and(|fields| !fields.is_empty());
        // Making it another kind of record may set fields anew, so all of them travel.
        let mut desired = if is_due { Value::clone(&unit.update) } else { desired };
        self.leave_what_is_filled(unit.record, &mut desired, present);
        let held = self.without_former(capabilities, unit, present);
        let merged = diff::merge(&held, &desired, &capabilities.replaced_whole);
        let changed: HashSet<String> = diff::changed_fields(&present.body, &merged).into_iter().collect();
        let found = Found { id: present.id.clone(), version: present.version.clone() };
        // Also where a killed run was giving it again: it is there, and somebody has corrected it since.
        if !changed.is_empty() && unit.link.as_ref().is_some_and(|link| self.is_only_given_again(&link.source.id)) {
            return Decision::Unchanged { found: Some(found) };
        }
        if changed.is_empty() && !is_due {
            return match unit.interrupted {
                // It was to send something else, and that is not there: it never got so far.
                Some(Action::Update) if unit.unsure && unit.link.is_some() && self.sending.is_none() => {
                    Decision::Unchanged { found: Some(found) }
                }
                // An earlier run sent it and did not live to see the answer.
                Some(action @ (Action::Create | Action::Update)) => {
                    let action = if unit.link.is_some() { Action::Update } else { action };
                    let target_id = (action == Action::Update).then(|| found.id.clone());
                    let change = Change { action, target_id, target_version: None, body: desired.into(), before: Value::Null };
                    Decision::Written { change, id: found.id, version: found.version }
                }
                _ => Decision::Unchanged { found: Some(found) },
            };
        }
        Decision::Write(Change {
            action: Action::Update,
            target_id: Some(found.id),
            target_version: found.version,
            // A field that was empty is put down as such, so that a revert empties it again.
            before: changed.iter().map(|name| (name.clone(), present.body.get(name).cloned().unwrap_or_default())).collect(),
            body: only(&merged, |name| changed.contains(name)).into(),
        })
    }

    /// What the target holds, without what the flow itself had put into lists and the source no longer says. What others put there stays.
    fn without_former<'c>(&self, capabilities: &Capabilities, unit: &Unit, present: &'c Candidate) -> Cow<'c, Value> {
        let mut held = Cow::Borrowed(&present.body);
        let Some(sent) = unit.sent.as_ref().filter(|_| unit.link.is_some() && !unit.unsure) else { return held };
        for name in &capabilities.former_goes {
            let lists = (present.body.get(name).and_then(Value::as_array), unit.update.get(name).and_then(Value::as_array));
            let (Some(before), (Some(there), Some(wanted))) = (sent.fields.get(name), lists) else { continue };
            if unit.fields.get(name) == Some(before) {
                continue;
            }
            let was_sent = |list: &Value| value::hash(&self.hash_key, list) == *before;
            if let Some(kept) = diff::without_former(there, wanted, was_sent) {
                held.to_mut()[name.as_str()] = Value::Array(kept);
            }
        }
        held
    }

    /// The same with what a new record would get too: Kivuko itself had deactivated this one.
    pub(crate) fn compare_anew(&self, capabilities: &Capabilities, unit: &mut Unit, present: &Candidate) -> Decision {
        let mut whole = Value::clone(&unit.create);
        match (&mut whole, &*unit.update) {
            (Value::Object(whole), Value::Object(update)) => {
                whole.extend(update.iter().map(|(name, content)| (name.clone(), content.clone())));
            }
            _ => whole = Value::clone(&unit.update),
        }
        let update = std::mem::replace(&mut unit.update, whole.into());
        let sent = unit.sent.take();
        let decision = self.compare(capabilities, unit, present);
        (unit.update, unit.sent) = (update, sent);
        decision
    }

    /// Whether a number was deleted by a run of ours that was killed over it, and not by a person.
    fn took_away(&self, unit: &Unit, present: &Candidate) -> bool {
        self.sending.is_some() && present.deleted && unit.was_being_deleted
    }

    /// What is only to be filled in and has a value in the target keeps it, until it is cleared.
    pub(crate) fn leave_what_is_filled(&self, record: usize, desired: &mut Value, present: &Candidate) {
        let fills = self.flow.mapping.fills(&self.flow.to.records[record].name);
        let Some(fields) = desired.as_object_mut().filter(|_| !fills.is_empty()) else { return };
        let is_filled = |name: &str| present.body.get(name).is_some_and(|there| !value::is_empty(there));
        fields.retain(|name, given| value::is_empty(given) || !fills.contains(name) || !is_filled(name));
    }

    /// Looks keys up in calls of the size that the target takes, several at a time.
    pub(crate) async fn lookup(&self, record: usize, keys: &[Key]) -> Result<Vec<Vec<Candidate>>, Error> {
        let opened = &self.targets[record];
        let calls = keys.chunks(opened.capabilities.lookup_size.max(1)).map(|chunk| opened.target.lookup(chunk)).collect();
        together(keys.len(), calls, opened.capabilities.concurrency).await
    }

    /// Fetches records by their ids in the same way.
    pub(crate) async fn fetch(&self, record: usize, ids: &[String]) -> Result<Vec<Option<Candidate>>, Error> {
        let opened = &self.targets[record];
        let calls = ids.chunks(opened.capabilities.lookup_size.max(1)).map(|chunk| opened.target.fetch(chunk)).collect();
        together(ids.len(), calls, opened.capabilities.concurrency).await
    }
}

/// Positions of the units that are not decided yet.
pub(crate) fn open(units: &[Unit]) -> impl Iterator<Item = usize> + '_ {
    units.iter().enumerate().filter(|(_, unit)| unit.decision == Decision::Open).map(|(at, _)| at)
}

pub(crate) fn deleted_match() -> Decision {
    Decision::Rejected(vec![Cause::new(
        target_codes::DELETED_MATCH,
        "the target holds this record as deleted; restore it there, or discard this rejection if the deletion was right",
    )])
}

/// Whether the target holds nothing under a link, and only takes that for the content which it shows: it was not that when it was sent.
fn is_lost(unit: &Unit, shown: &Candidate) -> bool {
    shown.standing == Standing::Assumed && !diff::changed_fields(&shown.body, &unit.update).is_empty()
}

/// What is referred to was found by its link, and the target does not know it: it was lost there.
fn tell_lost_references(units: &mut [Unit], references: &KnownReferences) {
    if references.found.is_empty() {
        return;
    }
    let found: HashSet<&str> = references.found.values().flatten().map(String::as_str).collect();
    let rejected =
        units.iter_mut().filter_map(|unit| if let Decision::Rejected(causes) = &mut unit.decision { Some(causes) } else { None });
    for cause in rejected.flatten() {
        let Some(id) = cause.unlisted.as_ref().map(|unlisted| unlisted.value.as_str()).filter(|id| found.contains(id)) else { continue };
        let message = match references.chosen.get(id) {
            // No run can mend what a person wrote.
            Some(row) => format!(
                "what it refers to is said to be {id} over there, which is not there; mend that row, or take it out and `run --again`: {row}"
            ),
            None => "what it refers to was made or found there by a flow, and is gone; `run --again` writes it again, unless somebody deleted it there".to_owned(),
        };
        // No code that somebody could list: the id is that of a link.
        (cause.unlisted, cause.message) = (None, message);
    }
}

/// A number that was taken away and is there again.
fn give_again(unit: &Unit, present: &Candidate) -> Decision {
    Decision::Write(Change {
        action: Action::Update,
        target_id: Some(present.id.clone()),
        target_version: present.version.clone(),
        body: unit.update.clone(),
        before: Value::Null,
    })
}

fn several(candidates: &[&Candidate]) -> Decision {
    let ids: Vec<&str> = candidates.iter().map(|candidate| candidate.id.as_str()).collect();
    let shown = ids.iter().take(5).copied().collect::<Vec<_>>().join(", ");
    let more = if ids.len() > 5 { format!(" and {} more", ids.len() - 5) } else { String::new() };
    Decision::Rejected(vec![Cause::new(target_codes::SEVERAL_MATCHES, format!("{} records of the target match: {shown}{more}", ids.len()))])
}

/// The members of an object whose names fit.
fn only(object: &Value, fits: impl Fn(&str) -> bool) -> Value {
    let members: Map<String, Value> = object
        .as_object()
        .map(|fields| fields.iter().filter(|(name, _)| fits(name)).map(|(name, content)| (name.clone(), content.clone())).collect())
        .unwrap_or_default();
    Value::Object(members)
}

/// Carries out calls, several at a time; their answers in the order of what was asked.
async fn together<R>(asked: usize, calls: Vec<BoxFuture<'_, Result<Vec<R>, Error>>>, concurrency: usize) -> Result<Vec<R>, Error> {
    let answers: Vec<Vec<R>> = futures_util::stream::iter(calls).buffered(concurrency.max(1)).try_collect().await?;
    let answers: Vec<R> = answers.into_iter().flatten().collect();
    if answers.len() != asked {
        return Err(Error::bug(codes::ACCOUNT_WRONG, format!("{asked} keys were looked up and {} answers came back", answers.len())));
    }
    Ok(answers)
}

/// A shorthand for a target of the flow.
pub(crate) struct OpenTarget {
    pub target: Box<dyn Target>,
    pub capabilities: Capabilities,
    /// Of a target that holds numbers: what they are called.
    pub numbers: Option<Called>,
}

impl OpenTarget {
    /// A target that is prepared.
    pub async fn of(target: Box<dyn Target>) -> Result<Self, Error> {
        let numbers = target.frame().await?.map(Called::of);
        Ok(Self { capabilities: target.capabilities(), target, numbers })
    }
}

impl std::fmt::Debug for OpenTarget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenTarget").field("capabilities", &self.capabilities).finish_non_exhaustive()
    }
}
