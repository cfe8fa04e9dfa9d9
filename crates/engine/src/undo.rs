//! What takes each written record back, if anything may: decided for a plan of a revert and for the revert itself by the same code.
//!
//! A record is touched only while the target's version of it is the one that the run left behind. Where that is not known nothing is taken back. What would be deleted
//! and holds others that stay, stays ([`crate::leaving`]). What a revert that was killed had taken back already is seen by what it noted before each write, and counts as taken back.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::{Action, Candidate, Capabilities, Key, ReplacedWhole};
use kivuko_core::diff;
use kivuko_core::error::{Cause, Error};
use kivuko_core::store::Kept;
use kivuko_core::value::{same, text};
use serde_json::{Map, Value, json};

use crate::leaving::Leaving;
use crate::numbers::CellsById;
use crate::revert::BeforeIt;
use crate::run::Execution;
use crate::since::Later;
use crate::unit::{Change, Decision, Early, Item, Unit};

/// What a revert makes of a page of writes, for each in its place.
pub(crate) struct Undoing {
    pub items: Vec<Item>,
    pub units: Vec<Unit>,
    /// What each is called, where it is a number.
    pub called: Vec<Option<String>>,
    pub scopes: Vec<Option<usize>>,
    /// In which other record of the target each lies, where records of the flow refer to one another.
    pub parents: Vec<Option<String>>,
}

/// The parts of the target, each once.
pub(crate) fn distinct(scopes: &[Option<usize>]) -> BTreeSet<Option<usize>> {
    scopes.iter().copied().collect()
}

pub(crate) fn not_reverted(why: &str) -> Decision {
    Decision::Skipped(vec![Cause::new(codes::NOT_REVERTED, format!("left as it is: {why}"))])
}

/// Left as it is since it is no longer what the run wrote: `later` changed it, or somebody else.
pub(crate) fn changed_since(later: Option<&Later>, what: &str) -> Decision {
    match later {
        Some(later) => not_reverted(&format!("{later} {what} since")),
        None => not_reverted(&format!("somebody {what} since")),
    }
}

impl Execution<'_> {
    /// Decides what is to be done with each of the written records, newest first. `leaving` is what will have been taken back by then.
    pub(crate) async fn undo(
        &mut self,
        kept: &[Kept],
        leaving: &Leaving,
        before_it: &BeforeIt,
        cells: Option<&CellsById>,
    ) -> Result<Undoing, Error> {
        let same_systems = before_it.same_systems;
        let (flow, store) = (Arc::clone(&self.flow), &self.engine.store);
        let source_ids: Vec<String> = kept.iter().map(|kept| kept.source_id.clone()).collect();
        let links = store.links(&flow.from.system, &flow.from.resource, &source_ids, &flow.to.system).await?;
        let target_ids: Vec<String> = kept.iter().map(|kept| kept.target_id.clone()).collect();
        let deleted: HashSet<String> = store.own_deletions(&flow.to.system, &target_ids).await?.into_iter().collect();
        let mut units = Vec::with_capacity(kept.len());
        let mut deleted_since = Vec::new();
        for (position, one) in kept.iter().enumerate() {
            let record = self.record_like(&one.part, &one.target_resource);
            let link =
                links.iter().find(|link| link.source.id == one.source_id && link.part == one.part && link.target_id == one.target_id);
            let mut unit = Unit::new(position, record.unwrap_or_default(), &one.part, Decision::Open);
            match (record, link) {
                (Some(_), Some(link)) => {
                    unit.key = link.key.clone();
                    unit.link = Some(link.clone());
                }
                // A number that was deleted is linked to nothing, and its identity is its key.
                (Some(_), None) if same_systems && flow.aggregate.is_some() && one.action == Action::Delete => {
                    unit.key = Self::key_of_number(&one.source_id);
                }
                // What was removed is linked to nothing any more; what it was tells its key.
                (Some(record), None) if same_systems && flow.aggregate.is_none() && removed(one.action) => {
                    unit.key = values(&one.before).and_then(|body| self.key_in(record, &body)).unwrap_or(Key(Vec::new()));
                }
                // A later run, another flow, or a revert that was killed.
                (Some(_), None) if same_systems && deleted.contains(&one.target_id) => {
                    unit.decision = not_reverted("Kivuko has deleted it already");
                    deleted_since.push((position, None));
                }
                // The flow reads or writes elsewhere by now: the same id there may be somebody else's.
                _ => unit.decision = not_reverted("the flow no longer leads to it"),
            }
            units.push(unit);
        }
        for (at, later) in self.changed_by_later_runs(before_it.run, kept, &deleted_since).await? {
            if matches!(later, Later::Run(_)) {
                units[at].decision = changed_since(Some(&later), "deleted it");
            }
        }
        let mut scopes = Vec::with_capacity(kept.len());
        for one in kept {
            scopes.push(self.scope_of(&one.target_resource).await?);
        }
        let called: Vec<Option<String>> = kept.iter().map(|kept| self.number_written(kept, cells)).collect();
        let items: Vec<Item> =
            kept.iter().zip(&scopes).zip(&called).map(|((kept, scope), called)| item(kept, *scope, called.as_ref())).collect();
        let mut parents = vec![None; kept.len()];
        for scope in distinct(&scopes) {
            self.enter(scope);
            for record in 0..flow.to.records.len() {
                if !self.intents.is_empty() {
                    let here = |unit: &Unit| unit.record == record && scopes[unit.item] == scope;
                    let (mut own, others): (Vec<Unit>, Vec<Unit>) = units.into_iter().partition(here);
                    self.await_intents(record, &items, &mut own).await?;
                    units = others;
                    units.append(&mut own);
                    units.sort_by_key(|unit| unit.item);
                }
                let own: Vec<usize> = (0..units.len())
                    .filter(|&at| units[at].record == record && scopes[at] == scope && units[at].decision == Decision::Open)
                    .collect();
                let ids: Vec<String> = own.iter().map(|&at| kept[at].target_id.clone()).collect();
                let present: Vec<(usize, Option<Candidate>)> = own.iter().copied().zip(self.fetch(record, &ids).await?).collect();
                let later = self.changed_by_later_runs(before_it.run, kept, &present).await?;
                for (at, present) in present {
                    let tree = self.tree.as_ref();
                    let lies_in = |body: &Value| tree.and_then(|tree| tree.parent_of(record, body));
                    parents[at] = match &present {
                        Some(present) => lies_in(&present.body),
                        None => values(&kept[at].before).and_then(|before| lies_in(&before)),
                    };
                    match flow.aggregate {
                        Some(_) => units[at].decision = Self::undo_number(&units[at], &kept[at], present.as_ref(), later.get(&at)),
                        None => self.undo_one(&mut units[at], &kept[at], present, later.get(&at)),
                    }
                }
                self.leave_what_holds_others(record, &own, &mut units, &parents, leaving).await?;
            }
        }
        // What stands there by now a later run has written, also where it is the same.
        for (unit, one) in units.iter_mut().zip(kept) {
            if let Some(revert) = before_it.taken_back.by(one) {
                unit.decision = not_reverted(&format!("run {revert} has taken it back already"));
            }
        }
        Ok(Undoing { items, units, called, scopes, parents })
    }

    /// What a number is called that was written, in the words of the account.
    fn number_written(&self, kept: &Kept, cells: Option<&CellsById>) -> Option<String> {
        let called = self.targets.first()?.numbers.as_ref()?;
        match cells.and_then(|cells| cells.get(&kept.source_id)) {
            Some(row) => Some(called.number(&row.cell.indicator, &row.cell)),
            None => called.by_id(&kept.target_id),
        }
    }

    /// What takes one record back. `later` is the run that has changed it since, where that was one.
    fn undo_one(&self, unit: &mut Unit, kept: &Kept, present: Option<Candidate>, later: Option<&Later>) {
        let capabilities = &self.targets[unit.record].capabilities;
        let before = values(&kept.before);
        let deactivates = capabilities.deletes_for_good && capabilities.deactivates;
        if kept.action == Action::Delete && capabilities.remakes {
            unit.decision = match (present, before) {
                // A revert that was killed over it.
                (Some(present), Some(body))
                    if unit.interrupted == Some(Action::Create) && diff::changed_fields(&present.body, &body).is_empty() =>
                {
                    done_before(Action::Create, &present, body)
                }
                (Some(_), _) if later.is_some() => changed_since(later, "made the record again"),
                (Some(_), _) => not_reverted("it is there again"),
                (None, None) => not_reverted("its earlier values were not kept"),
                (None, Some(_)) if unit.key.0.is_empty() => not_reverted("its key cannot be told any more"),
                (None, Some(body)) => write(Action::Create, None, body),
            };
            return;
        }
        unit.decision = match present.filter(|present| !present.deleted) {
            None if kept.action == Action::Create && unit.was_being_deleted => deleted_before(kept),
            None if later.is_some() => changed_since(later, "deleted the record"),
            None => not_reverted("the record is no longer in the target"),
            Some(present) if !present.is_usual() => not_reverted("the record was made something else in the target"),
            Some(_) if kept.action == Action::Delete => not_reverted("a deletion is taken back in the target itself"),
            Some(present) if present.version != kept.version => {
                if let (Some(Action::Update), Some(before)) = (unit.interrupted, before)
                    && let Decision::Write(change) = Self::earlier(capabilities, kept, &present, before, unit)
                    && diff::changed_fields(&present.body, &change.body).is_empty()
                {
                    unit.decision = done_before(Action::Update, &present, Arc::unwrap_or_clone(change.body));
                    return;
                }
                let inactive = json!({ "active": false });
                if unit.was_being_deactivated && deactivates && diff::changed_fields(&present.body, &inactive).is_empty() {
                    unit.decision = done_before(Action::Deactivate, &present, inactive);
                    return;
                }
                let last_written = unit.link.as_ref().and_then(|link| link.version.as_ref());
                match kept.version {
                    // Of what it kept nothing is left to say which.
                    Some(_)
                        if !matches!(later, Some(Later::Run(_)))
                            && present.version.is_some()
                            && last_written == present.version.as_ref() =>
                    {
                        not_reverted("a later run wrote the record")
                    }
                    Some(_) => changed_since(later, "changed the record"),
                    None => not_reverted("whether somebody changed the record since is not known"),
                }
            }
            Some(present) => match (kept.action, before) {
                (Action::Create, _) if deactivates => write(Action::Deactivate, Some(&present), json!({ "active": false })),
                (Action::Create, _) if !capabilities.deletes => not_reverted("the account may not delete it"),
                (Action::Create, _) => write(Action::Delete, Some(&present), Value::Null),
                (_, None) => not_reverted("its earlier values were not kept"),
                (_, Some(before)) => Self::earlier(capabilities, kept, &present, before, unit),
            },
        };
    }

    /// What brings the earlier values of a record back.
    fn earlier(capabilities: &Capabilities, kept: &Kept, present: &Candidate, before: Value, unit: &mut Unit) -> Decision {
        match kept.action {
            Action::Deactivate if !capabilities.remakes => not_reverted("a deletion is taken back in the target itself"),
            Action::Deactivate if unit.key.0.is_empty() => not_reverted("its key cannot be told any more"),
            // Nobody changed anything since, so all that differs was done by the run.
            Action::Deactivate => write(Action::Update, Some(present), differing(&present.body, &before, &capabilities.only_added)),
            _ => restored(capabilities, present, before, &mut unit.warnings),
        }
    }

    /// The key of a record by its content; `None` where the content does not say all of it.
    pub(crate) fn key_in(&self, record: usize, body: &Value) -> Option<Key> {
        let parts = self.flow.to.records[record].key.iter().map(|path| path.one(body).and_then(text));
        parts.collect::<Option<Vec<String>>>().map(Key)
    }
}

fn removed(action: Action) -> bool {
    matches!(action, Action::Delete | Action::Deactivate)
}

fn values(before: &[u8]) -> Option<Value> {
    serde_json::from_slice(before).ok()
}

/// Something of the target is made, changed or deleted, to take back what a run wrote.
pub(crate) fn write(action: Action, present: Option<&Candidate>, body: Value) -> Decision {
    Decision::Write(change(action, present, body))
}

fn change(action: Action, present: Option<&Candidate>, body: Value) -> Change {
    Change {
        action,
        target_id: present.map(|present| present.id.clone()),
        target_version: present.and_then(|present| present.version.clone()),
        body: body.into(),
        before: Value::Null,
    }
}

/// A revert that was killed had it written already.
pub(crate) fn done_before(action: Action, present: &Candidate, body: Value) -> Decision {
    Decision::Written { change: change(action, Some(present), body), id: present.id.clone(), version: present.version.clone() }
}

/// A revert that was killed had it deleted already.
pub(crate) fn deleted_before(kept: &Kept) -> Decision {
    let id = kept.target_id.clone();
    let change = Change { target_id: Some(id.clone()), ..change(Action::Delete, None, Value::Null) };
    Decision::Written { change, id, version: None }
}

/// A written record as it is accounted for.
fn item(kept: &Kept, scope: Option<usize>, called: Option<&String>) -> Item {
    let place = called.map_or_else(|| format!("{} {}", kept.target_resource, kept.target_id), String::clone);
    Item { scope, early: Some(Early::Removed), ..Item::new(kept.source_id.clone(), place) }
}

/// The earlier values of an update. To lists to which the target only adds nothing is said; what was added there stays, and that is told.
fn restored(capabilities: &Capabilities, present: &Candidate, before: Value, warnings: &mut Vec<Cause>) -> Decision {
    let Value::Object(mut fields) = before else { return not_reverted("its earlier values were not kept") };
    let added: Vec<&str> =
        capabilities.only_added.iter().filter(|name| fields.remove(name.as_str()).is_some()).map(String::as_str).collect();
    let stays = format!("what the record was put into stays ({})", added.join(", "));
    if fields.is_empty() {
        return not_reverted(&format!("{stays}; take it out in the target itself"));
    }
    if !added.is_empty() {
        warnings.push(Cause::new(codes::NOT_REVERTED, format!("restored, but {stays}; take it out in the target itself")));
    }
    for whole in &capabilities.replaced_whole {
        if let (Some(items), Some(now)) = (fields.get_mut(&whole.path), present.body.get(&whole.path)) {
            empty_again(items, now, whole);
        }
    }
    write(Action::Update, Some(present), Value::Object(fields))
}

/// An item that said nothing but which one it is was empty before, and is emptied again: else it would be merged into the one that is there.
fn empty_again(before: &mut Value, now: &Value, whole: &ReplacedWhole) {
    let (Some(items), Some(now)) = (before.as_array_mut(), now.as_array()) else { return };
    let names_only = |name: &String| whole.identity.iter().any(|path| path.split('.').next() == Some(name));
    for item in items {
        let Some(there) = now.iter().find(|there| diff::changes(there, item).is_empty()).and_then(Value::as_object) else { continue };
        if let Some(fields) = item.as_object_mut().filter(|fields| !whole.identity.is_empty() && fields.keys().all(names_only)) {
            let said: Vec<String> = there.keys().filter(|name| !fields.contains_key(*name)).cloned().collect();
            fields.extend(said.into_iter().map(|name| (name, Value::Null)));
        }
    }
}

/// The members in which a content differs from what it was, as they were: what was not there is cleared. What the record was put into by others, or taken out of, is
/// left to them.
fn differing(now: &Value, before: &Value, only_added: &[String]) -> Value {
    let empty = Map::new();
    let (now, before) = (now.as_object().unwrap_or(&empty), before.as_object().unwrap_or(&empty));
    let names: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
    let value = |of: &Map<String, Value>, name: &str| of.get(name).cloned().unwrap_or_default();
    let differing =
        names.into_iter().filter(|name| !only_added.contains(name)).filter(|name| !same(&value(now, name), &value(before, name)));
    Value::Object(differing.map(|name| (name.clone(), value(before, name))).collect())
}
