//! What Go.Data would refuse of places for their names, told to a plan: among those that are there, and those that the plan would have made, renamed, moved or deleted by then.
//!
//! The order is that of the writing: changes as [`order`] has them, then new places as they come, then deletions. Nothing is sent but questions for siblings, each
//! parent once. Memory grows with the siblings of what the plan would write.

use std::collections::{BTreeSet, HashMap};

use kivuko_core::connector::{Action, Write, is_not_yet};
use kivuko_core::error::{Cause, Error};
use kivuko_core::hierarchy::{Names, Roster};
use serde_json::Value;

use super::super::write::Writer;
use super::names::taken;
use super::order::{Change, Node, Turn, order};

/// The places as they would be by now.
#[derive(Debug, Default)]
pub struct Foreseen {
    roster: Roster<String>,
    /// Those that the plan changes, as it leaves them.
    changed: HashMap<String, Value>,
    /// The parents whose children are known.
    asked: BTreeSet<Option<String>>,
}

impl Writer<'_> {
    /// What each of these writes would be refused for.
    pub(in crate::godata) async fn foresee_places(&self, batch: &[Write], foreseen: &mut Foreseen) -> Result<Vec<Option<Cause>>, Error> {
        let of = |wanted: fn(Action) -> bool| {
            let fits = move |(_, write): &(usize, &Write)| wanted(write.action);
            batch.iter().enumerate().filter(fits).filter_map(|(at, write)| Some((at, write.id.as_ref()?, &write.body))).collect::<Vec<_>>()
        };
        let changes = of(|action| matches!(action, Action::Update | Action::Deactivate));
        let (creations, deletions) = (of(|action| action == Action::Create), of(|action| action == Action::Delete));
        let unknown = changes.iter().chain(&deletions).map(|(_, id, _)| *id).filter(|id| !foreseen.changed.contains_key(*id));
        let unknown: Vec<String> = unknown.cloned().collect();
        for (id, body) in self.living(&unknown).await? {
            foreseen.roster.add(&Node::of(&body).names, &id);
            foreseen.changed.insert(id, body);
        }
        let changing: Vec<(usize, Change)> = changes.iter().filter_map(|(at, id, body)| Some((*at, foreseen.change(id, body)?))).collect();
        let new: Vec<(usize, &String, Names)> = creations.iter().map(|(at, id, body)| (*at, *id, Node::of(body).names)).collect();
        let parents = changing.iter().map(|(_, change)| &change.after.names.parent).chain(new.iter().map(|(_, _, names)| &names.parent));
        self.ask_siblings(parents.cloned().collect(), foreseen).await?;

        let mut causes = vec![None; batch.len()];
        let taken = foreseen.change_in_order(&changing, &mut causes);
        for (_, id, body) in changes.iter().filter(|(at, _, _)| taken.contains(at)) {
            foreseen.merge(id, body);
        }
        for (at, id, names) in new {
            causes[at] = foreseen.take_name(id, None, &names);
        }
        for (_, id, _) in deletions {
            if let Some(body) = foreseen.changed.get(id) {
                foreseen.roster.remove(&Node::of(body).names, id);
            }
        }
        Ok(causes)
    }

    async fn ask_siblings(&self, parents: BTreeSet<Option<String>>, foreseen: &mut Foreseen) -> Result<(), Error> {
        // What is still to be made has no children yet.
        let there = |parent: &Option<String>| parent.as_ref().is_none_or(|parent| !is_not_yet(parent));
        let parents: BTreeSet<Option<String>> = parents.into_iter().filter(there).filter(|one| !foreseen.asked.contains(one)).collect();
        for sibling in self.siblings(&parents).await? {
            let id = sibling.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            if !foreseen.changed.contains_key(&id) {
                foreseen.roster.add(&Node::of(&sibling).names, &id);
            }
        }
        foreseen.asked.extend(parents);
        Ok(())
    }
}

impl Foreseen {
    fn change(&self, id: &str, body: &Value) -> Option<Change> {
        let present = self.changed.get(id)?;
        Some(Change { id: id.to_owned(), before: Node::of(present), after: Node::with(present, body) })
    }

    fn merge(&mut self, id: &str, body: &Value) {
        if let (Some(Value::Object(present)), Value::Object(changed)) = (self.changed.get_mut(id), body) {
            present.extend(changed.clone());
        }
    }

    /// The positions of those that Go.Data would take.
    fn change_in_order(&mut self, changing: &[(usize, Change)], causes: &mut [Option<Cause>]) -> Vec<usize> {
        let mut taken = Vec::new();
        let changes: Vec<Change> = changing.iter().map(|(_, change)| change.clone()).collect();
        let parents = self.changed.iter().map(|(id, body)| (id.clone(), Node::of(body).names.parent)).collect();
        for turn in order(&changes, &parents).turns {
            match turn {
                Turn::Aside(at) => self.roster.remove(&changes[at].before.names, &changes[at].id),
                Turn::Send { in_line, together } => {
                    for at in in_line.into_iter().chain(together) {
                        let Change { id, before, after } = &changes[at];
                        let position = changing[at].0;
                        causes[position] = self.take_name(id, Some(&before.names), &after.names);
                        taken.extend(causes[position].is_none().then_some(position));
                    }
                }
            }
        }
        taken
    }

    /// A place takes its name, in the place of the one that it had; or why it cannot.
    fn take_name(&mut self, id: &String, before: Option<&Names>, wanted: &Names) -> Option<Cause> {
        if let Some((holder, _)) = self.roster.holder(wanted, id) {
            let cause = taken(Some(holder), None);
            // It may have been put aside.
            if let Some(before) = before {
                self.roster.add(before, id);
            }
            return Some(cause);
        }
        if let Some(before) = before {
            self.roster.remove(before, id);
        }
        self.roster.add(wanted, id);
        None
    }
}
