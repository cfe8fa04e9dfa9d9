//! Where the records of a batch stand in the tree, and which of them cannot stand anywhere.
//!
//! A batch is taken as a whole: a parent may come after its child, and a node may go with all that is below it. What cannot be is refused record by record, and what rests on a refused
//! record is refused with it; the others are written.

use std::collections::{HashMap, HashSet};

use kivuko_core::catalogue::{file as codes, record as record_codes};
use kivuko_core::error::Cause;
use kivuko_core::path;
use kivuko_core::value;
use serde_json::Value;

use super::forest::{Forest, Node};

/// What a batch wants of one record: its content, or that it goes.
#[derive(Debug)]
pub struct Wish<'w> {
    /// The id of the record as the engine knows it.
    pub key: &'w str,
    pub record: Option<&'w Value>,
}

/// A wish on its way.
struct Placed {
    place: usize,
    /// The node as it was; `None` of a new one.
    before: Option<Node>,
    /// Whose child it wants to be.
    parent: Option<String>,
    goes: bool,
}

impl Forest {
    /// Puts a batch in. What cannot be is left as it was, with its cause under the record's key.
    pub fn place(&mut self, wishes: &[Wish<'_>]) -> HashMap<String, Cause> {
        let known: HashMap<String, usize> = self.nodes.iter().enumerate().map(|(place, node)| (node.key.clone(), place)).collect();
        let mut placed = Vec::with_capacity(wishes.len());
        for wish in wishes {
            let before = known.get(wish.key).copied();
            match (before, wish.record) {
                (None, None) => {}
                (Some(place), None) => {
                    let before = self.nodes[place].clone();
                    self.nodes[place].gone = true;
                    placed.push(Placed { place, before: Some(before), parent: None, goes: true });
                }
                (before, Some(record)) => {
                    let parent =
                        path::Path::field(&self.tree.parent).one(record).and_then(value::text).filter(|text| !text.trim().is_empty());
                    let place = before.unwrap_or(self.nodes.len());
                    let before = before.map(|place| self.nodes[place].clone());
                    let node = match &before {
                        Some(node) => node.with(record, &self.tree),
                        None => Node::of(record, wish.key.to_owned(), &self.tree),
                    };
                    match self.nodes.get_mut(place) {
                        Some(there) => *there = node,
                        None => self.nodes.push(node),
                    }
                    placed.push(Placed { place, before, parent, goes: false });
                }
            }
        }
        let mut refused = HashMap::new();
        loop {
            let causes = self.misplaced(&placed);
            if causes.is_empty() {
                return refused;
            }
            placed.retain(|wish| {
                let Some(cause) = causes.get(&wish.place) else { return true };
                refused.insert(self.nodes[wish.place].key.clone(), cause.clone());
                match &wish.before {
                    Some(before) => self.nodes[wish.place] = before.clone(),
                    None => self.nodes[wish.place].gone = true,
                }
                false
            });
        }
    }

    /// Ties what was placed to its parents, and tells what cannot be, by the place of the node.
    fn misplaced(&mut self, placed: &[Placed]) -> HashMap<usize, Cause> {
        let mut causes = HashMap::new();
        let (parent_field, id_field) = (self.tree.parent.clone(), self.tree.id.clone());
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (place, node) in self.nodes.iter().enumerate().filter(|(_, node)| !node.gone) {
            if let Some(id) = &node.id {
                by_id.entry(id).or_default().push(place);
            }
        }
        // Who goes is still a parent: with a child that stays it does not go.
        let going: HashMap<&str, usize> = placed
            .iter()
            .filter(|wish| wish.goes)
            .filter_map(|wish| self.nodes[wish.place].id.as_deref().map(|id| (id, wish.place)))
            .collect();
        let mut ties = Vec::new();
        for wish in placed.iter().filter(|wish| !wish.goes) {
            let twice = self.nodes[wish.place].id.as_deref().and_then(|id| by_id.get(id)).is_some_and(|places| places.len() > 1);
            if twice {
                let message = format!("another record of the file has the same `{id_field}`");
                causes.insert(wish.place, Cause::new(record_codes::DUPLICATE_KEY, message).field(&id_field));
                continue;
            }
            let Some(parent) = wish.parent.as_deref() else {
                ties.push((wish.place, None));
                continue;
            };
            match (by_id.get(parent).map(Vec::as_slice), going.get(parent)) {
                (Some([parent]), _) | (None, Some(parent)) => ties.push((wish.place, Some(*parent))),
                (Some(_), _) => {
                    let message = format!("several records of the file have the `{id_field}` that it names as its parent");
                    causes.insert(wish.place, Cause::new(codes::TREE_PARENT_UNKNOWN, message).field(&parent_field));
                }
                (None, None) if self.tree.strangers => ties.push((wish.place, None)),
                (None, None) => {
                    let message = format!("the file holds no record with the `{id_field}` that it names as its parent");
                    causes.insert(wish.place, Cause::new(codes::TREE_PARENT_UNKNOWN, message).field(&parent_field));
                }
            }
        }
        for (place, parent) in ties {
            self.nodes[place].parent = parent;
        }
        if causes.is_empty() {
            causes = self.orphaned(placed, &id_field);
        }
        if causes.is_empty() {
            causes = self.looping(placed, &parent_field);
        }
        causes
    }

    /// Nodes that go, or change the id by which their children name them, while they have children.
    fn orphaned(&self, placed: &[Placed], id_field: &str) -> HashMap<usize, Cause> {
        let touched: HashSet<usize> = placed.iter().map(|wish| wish.place).collect();
        let live = || self.nodes.iter().enumerate().filter(|(_, node)| !node.gone);
        let with_children: HashSet<usize> = live().filter_map(|(_, node)| node.parent).collect();
        let with_old_children: HashSet<usize> =
            live().filter(|(place, _)| !touched.contains(place)).filter_map(|(_, node)| node.parent).collect();
        let mut causes = HashMap::new();
        for wish in placed {
            let renamed = wish.before.as_ref().is_some_and(|before| before.id != self.nodes[wish.place].id);
            if wish.goes && with_children.contains(&wish.place) {
                let message = "records stand below it; it can go with all of them, or when they have another parent";
                causes.insert(wish.place, Cause::new(codes::TREE_HAS_CHILDREN, message));
            } else if !wish.goes && renamed && with_old_children.contains(&wish.place) {
                let message = format!("records stand below it that name it by its `{id_field}`, so that stays as it is");
                causes.insert(wish.place, Cause::new(codes::TREE_HAS_CHILDREN, message).field(id_field));
            }
        }
        causes
    }

    /// Nodes that would stand below themselves.
    fn looping(&self, placed: &[Placed], parent_field: &str) -> HashMap<usize, Cause> {
        // Where a walk upwards has ended well, no other has to go again.
        let mut sound: HashSet<usize> = HashSet::new();
        let mut causes = HashMap::new();
        for wish in placed.iter().filter(|wish| !wish.goes) {
            let mut way = Vec::new();
            let mut seen = HashSet::new();
            let mut at = Some(wish.place);
            while let Some(place) = at.filter(|place| !sound.contains(place)) {
                if !seen.insert(place) {
                    break;
                }
                way.push(place);
                at = self.nodes[place].parent;
            }
            match at.filter(|place| seen.contains(place)) {
                None => sound.extend(way),
                Some(entered) => {
                    let round: HashSet<usize> = way.iter().copied().skip_while(|place| *place != entered).collect();
                    for wish in placed.iter().filter(|wish| round.contains(&wish.place)) {
                        let message = "its parents lead back to itself";
                        causes.insert(wish.place, Cause::new(codes::TREE_LOOP, message).field(parent_field));
                    }
                    return causes;
                }
            }
        }
        causes
    }
}
