//! What would keep places from being written, told to a plan: names that are taken among those that are there and those that the plan would have made, renamed, moved or
//! deleted by then; what is to be closed and has open places below it; what would come to lie below itself or in a place that is not there.
//!
//! The order is that of the writing: changes as [`order`] has them, then new places as they come, then deletions. Nothing is sent but questions for siblings, for those below
//! what closes and for those above what moves, each once. Memory grows with these.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use kivuko_core::connector::{Action, Obstacle, Write, Written, is_not_yet};
use kivuko_core::error::{Cause, Error};
use kivuko_core::hierarchy::{Names, Roster};
use serde_json::{Value, json};

use super::super::errors::open_below;
use super::super::write::Writer;
use super::names::taken;
use super::order::{BESIDE, Change, Node, Turn, order};
use super::{below_itself, no_parent};

/// The places as they would be by now.
#[derive(Debug, Default)]
pub struct Foreseen {
    roster: Roster<String>,
    /// Those that the plan changes, as it leaves them.
    changed: HashMap<String, Value>,
    /// The parents whose children are known.
    asked: BTreeSet<Option<String>>,
    /// In which place each one lies of those above what moves, and of those that the plan makes.
    parents: HashMap<String, Option<String>>,
    /// The places whose open children are known, and these as Go.Data has them.
    asked_below: BTreeSet<Option<String>>,
    open_below: Open,
}

/// The open places that lie in each place.
type Open = HashMap<String, HashSet<String>>;

impl Writer<'_> {
    /// What stands against each of these writes.
    pub(in crate::godata) async fn foresee_places(&self, batch: &[Write], foreseen: &mut Foreseen) -> Result<Vec<Option<Obstacle>>, Error> {
        let off = Arc::new(json!({ "active": false }));
        let of = |wanted: fn(Action) -> bool| {
            let fits = move |(_, write): &(usize, &Write)| wanted(write.action);
            let body = |write: &'_ Write| if write.action == Action::Deactivate { Arc::clone(&off) } else { Arc::clone(&write.body) };
            batch.iter().enumerate().filter(fits).filter_map(|(at, write)| Some((at, write.id.as_ref()?, body(write)))).collect::<Vec<_>>()
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
        let new: Vec<(usize, &String, Node)> = creations.iter().map(|(at, id, body)| (*at, *id, Node::of(body))).collect();
        let parents =
            changing.iter().map(|(_, change)| &change.after.names.parent).chain(new.iter().map(|(_, _, node)| &node.names.parent));
        self.ask_siblings(parents.cloned().collect(), foreseen).await?;
        self.ask_around(&changing, foreseen).await?;

        let mut obstacles = vec![None; batch.len()];
        let taken = foreseen.change_in_order(&changing, &mut obstacles);
        for (_, id, body) in changes.iter().filter(|(at, _, _)| taken.contains(at)) {
            foreseen.merge(id, body);
        }
        for (at, id, node) in new {
            obstacles[at] = foreseen.take_name(id, None, &node.names).map(Obstacle::Refused);
            if obstacles[at].is_none() {
                if let (true, Some(parent)) = (node.active, &node.names.parent) {
                    foreseen.open_below.entry(parent.clone()).or_default().insert(id.clone());
                }
                foreseen.parents.insert(id.clone(), node.names.parent);
            }
        }
        for (_, id, _) in deletions {
            if let Some(body) = foreseen.changed.get(id) {
                foreseen.roster.remove(&Node::of(body).names, id);
            }
            // Who is gone keeps nobody open.
            foreseen.merge(id, &off);
        }
        Ok(obstacles)
    }

    /// What is below those that close, and above those that move.
    async fn ask_around(&self, changing: &[(usize, Change)], foreseen: &mut Foreseen) -> Result<(), Error> {
        let closing = changing.iter().filter(|(_, change)| change.closes()).map(|(_, change)| Some(change.id.clone()));
        let closing: BTreeSet<Option<String>> = closing.filter(|id| !foreseen.asked_below.contains(id)).collect();
        for below in self.siblings(&closing).await? {
            let text = |field: &str| below.get(field).and_then(Value::as_str).map(str::to_owned);
            if let (true, Some(id), Some(parent)) = (Node::of(&below).active, text("id"), text("parentLocationId")) {
                foreseen.open_below.entry(parent).or_default().insert(id);
            }
        }
        foreseen.asked_below.extend(closing);
        let new_parents = changing.iter().filter(|(_, change)| change.moves()).filter_map(|(_, change)| change.after.names.parent.clone());
        self.above(new_parents.filter(|parent| !is_not_yet(parent)).collect(), &mut foreseen.parents).await
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
    fn change_in_order(&mut self, changing: &[(usize, Change)], obstacles: &mut [Option<Obstacle>]) -> Vec<usize> {
        let mut taken = Vec::new();
        let mut parents = self.parents.clone();
        parents.extend(self.changed.iter().map(|(id, body)| (id.clone(), Node::of(body).names.parent)));
        let mut sent: Vec<(usize, &Change)> = Vec::with_capacity(changing.len());
        for (position, change) in changing {
            match &change.after.names.parent {
                Some(parent) if change.moves() && *parent != change.id && !is_not_yet(parent) && !parents.contains_key(parent) => {
                    obstacles[*position] = obstacle(no_parent(parent));
                }
                Some(parent) if *parent == change.id => {
                    obstacles[*position] = Some(Obstacle::Refused(below_itself("the location would lie in itself")));
                }
                _ => sent.push((*position, change)),
            }
        }
        let changes: Vec<Change> = sent.iter().map(|(_, change)| (*change).clone()).collect();
        let mut open = if changes.iter().any(Change::closes) { self.open_now() } else { Open::new() };
        let order = order(&changes, &parents);
        for at in order.circles {
            obstacles[sent[at].0] = Some(Obstacle::NotYet(below_itself(super::LIES_BELOW)));
        }
        for turn in order.turns {
            match turn {
                Turn::Aside(at) => self.roster.remove(&changes[at].before.names, &changes[at].id),
                Turn::Send { in_line, together } => {
                    for at in in_line.into_iter().chain(together) {
                        let change = &changes[at];
                        let position = sent[at].0;
                        obstacles[position] = if change.closes() && open.get(&change.id).is_some_and(|below| !below.is_empty()) {
                            Some(Obstacle::NotYet(open_below()))
                        } else {
                            self.take_name(&change.id, Some(&change.before.names), &change.after.names).map(Obstacle::Refused)
                        };
                        if obstacles[position].is_none() {
                            taken.push(position);
                            let mut below = |node: &Node, is_open: bool| {
                                let Some(parent) = &node.names.parent else { return };
                                let beside = open.entry(parent.clone()).or_default();
                                if is_open {
                                    beside.insert(change.id.clone())
                                } else {
                                    beside.remove(&change.id)
                                };
                            };
                            below(&change.before, false);
                            below(&change.after, change.after.active);
                        }
                    }
                }
            }
        }
        taken
    }

    /// The open places in each place, as the plan has left them.
    fn open_now(&self) -> Open {
        let mut open = self.open_below.clone();
        for below in open.values_mut() {
            below.retain(|id| !self.changed.contains_key(id));
        }
        for (id, body) in &self.changed {
            let Node { names, active } = Node::of(body);
            if let (true, Some(parent)) = (active, names.parent) {
                open.entry(parent).or_default().insert(id.clone());
            }
        }
        open
    }

    /// A place takes its name, in the place of the one that it had; or why it cannot.
    fn take_name(&mut self, id: &String, before: Option<&Names>, wanted: &Names) -> Option<Cause> {
        if let Some((holder, field)) = self.roster.holder(wanted, id) {
            let cause = taken((Some(holder), None), BESIDE.differ_in[field]);
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

/// A refusal or a waiting as a plan has it.
fn obstacle(written: Written) -> Option<Obstacle> {
    match written {
        Written::Refused(cause) => Some(Obstacle::Refused(cause)),
        Written::NotYet(cause) => Some(Obstacle::NotYet(cause)),
        Written::Done { .. } | Written::Failed(_) => None,
    }
}
