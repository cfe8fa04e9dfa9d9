//! Where the records of a batch stand in the tree, and which of them cannot stand anywhere.
//!
//! A batch is taken as a whole: a parent may come after its child, and a node may go with all that is below it. What cannot be is refused record by record, and what rests on a refused
//! record is refused with it; the others are written.

use std::collections::{HashMap, HashSet};

use kivuko_core::catalogue::{file as codes, record as record_codes, run};
use kivuko_core::error::Cause;
use kivuko_core::halves;
use kivuko_core::hierarchy::{self, Roster};
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
        let mut placed = Vec::with_capacity(wishes.len());
        let node = |wish: &Wish<'_>| {
            let before = self.places_of(wish.key).max().map(|place| &self.nodes[place]);
            wish.record.map(|record| match before {
                Some(node) => node.with(record, &self.tree),
                None => Node::new(record, wish.key.to_owned(), &self.tree),
            })
        };
        let nodes = halves::each(wishes.iter().collect(), node);
        for (wish, node) in wishes.iter().zip(nodes) {
            let before = self.places_of(wish.key).max();
            match (before, wish.record.zip(node)) {
                (None, None) => {}
                (Some(place), None) => {
                    let before = self.nodes[place].clone();
                    self.take_out(place);
                    placed.push(Placed { place, before: Some(before), parent: None, goes: true });
                }
                (before, Some((record, node))) => {
                    let parent =
                        path::Path::field(&self.tree.parent).one(record).and_then(value::text).filter(|text| !text.trim().is_empty());
                    let place = before.unwrap_or(self.nodes.len());
                    let before = before.map(|place| self.nodes[place].clone());
                    self.put(place, node);
                    placed.push(Placed { place, before, parent, goes: false });
                }
            }
        }
        let mut refused = HashMap::new();
        loop {
            let causes = self.misplaced(&placed);
            if causes.is_empty() {
                for id in placed.iter().filter(|wish| !wish.goes).filter_map(|wish| self.nodes[wish.place].id.as_ref()) {
                    self.kept_out.remove(id);
                }
                return refused;
            }
            placed.retain(|wish| {
                let Some(cause) = causes.get(&wish.place) else { return true };
                let node = &self.nodes[wish.place];
                refused.insert(node.key.clone(), cause.clone());
                if wish.before.is_none() {
                    self.kept_out.extend(node.id.clone());
                }
                match &wish.before {
                    Some(before) => self.put(wish.place, before.clone()),
                    None => self.take_out(wish.place),
                }
                false
            });
        }
    }

    /// Ties what was placed to its parents, and tells what cannot be, by the place of the node.
    fn misplaced(&mut self, placed: &[Placed]) -> HashMap<usize, Cause> {
        let mut causes = HashMap::new();
        let (parent_field, id_field) = (self.tree.parent.clone(), self.tree.id.clone());
        // Who goes is still a parent: with a child that stays it does not go.
        let going: HashMap<&str, usize> = placed
            .iter()
            .filter(|wish| wish.goes)
            .filter_map(|wish| self.nodes[wish.place].id.as_deref().map(|id| (id, wish.place)))
            .collect();
        let mut ties = Vec::new();
        for wish in placed.iter().filter(|wish| !wish.goes) {
            let twice = self.nodes[wish.place].id.as_deref().is_some_and(|id| self.places_of_id(id).nth(1).is_some());
            if twice {
                let message = format!("another record of the file has the same `{id_field}`");
                causes.insert(wish.place, Cause::new(record_codes::DUPLICATE_KEY, message).field(&id_field));
                continue;
            }
            let Some(parent) = wish.parent.as_deref() else {
                ties.push((wish.place, None));
                continue;
            };
            let mut places = self.places_of_id(parent);
            match (places.next(), going.get(parent).copied()) {
                (Some(parent), _) if places.next().is_none() => ties.push((wish.place, Some(parent))),
                (None, Some(parent)) => ties.push((wish.place, Some(parent))),
                (Some(_), _) => {
                    let message = format!("several records of the file have the `{id_field}` that it names as its parent");
                    causes.insert(wish.place, Cause::new(codes::TREE_PARENT_UNKNOWN, message).field(&parent_field));
                }
                (None, None) if self.kept_out.contains(parent) => {
                    let message = "the record that it names as its parent did not get into the file";
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
        if causes.is_empty() {
            causes = self.beside(placed);
        }
        causes
    }

    /// Nodes that have a name in common with one beside them. Who was there under that name keeps it; of those that come, the first.
    fn beside(&self, placed: &[Placed]) -> HashMap<usize, Cause> {
        let mut causes = HashMap::new();
        let fields = &self.tree.siblings_differ_in;
        if fields.is_empty() {
            return causes;
        }
        let above = |node| self.above(node);
        let names = |node: &Node| node.names.below(self.above(node).map(str::to_owned));
        let stays =
            |wish: &&Placed| !wish.goes && wish.before.as_ref().is_some_and(|before| names(before) == names(&self.nodes[wish.place]));
        let comes: HashSet<usize> = placed.iter().filter(|wish| !wish.goes && !stays(wish)).map(|wish| wish.place).collect();
        // Only beside those that come.
        let looked_at: HashSet<Option<&str>> = comes.iter().map(|place| above(&self.nodes[*place])).collect();
        let mut roster = Roster::default();
        for (place, node) in self.nodes.iter().enumerate().filter(|(place, node)| !node.gone && !comes.contains(place)) {
            if looked_at.contains(&above(node)) {
                roster.add(&names(node), &place);
            }
        }
        for place in placed.iter().map(|wish| wish.place).filter(|place| comes.contains(place)) {
            let wanted = names(&self.nodes[place]);
            if let Some((holder, field)) = roster.holder(&wanted, &place) {
                let (field, holder) = (&fields[field], &self.nodes[*holder].key);
                let message = format!("a record that would stand beside it says the same in `{field}`, capitals aside: {holder}");
                causes.insert(place, Cause::new(run::SIBLINGS_ALIKE, message).field(field));
            } else {
                roster.add(&wanted, &place);
            }
        }
        causes
    }

    /// The id of the node that one lies in, or would lie in where that is not in the file.
    fn above<'n>(&'n self, node: &'n Node) -> Option<&'n str> {
        node.parent.and_then(|parent| self.nodes[parent].id.as_deref()).or(node.names.parent.as_deref())
    }

    /// Nodes that go, or change the id by which their children name them, while they have children.
    fn orphaned(&self, placed: &[Placed], id_field: &str) -> HashMap<usize, Cause> {
        let renamed = |wish: &Placed| wish.before.as_ref().is_some_and(|before| before.id != self.nodes[wish.place].id);
        if !placed.iter().any(|wish| wish.goes || renamed(wish)) {
            return HashMap::new();
        }
        let touched: HashSet<usize> = placed.iter().map(|wish| wish.place).collect();
        let live = || self.nodes.iter().enumerate().filter(|(_, node)| !node.gone);
        let with_children: HashSet<usize> = live().filter_map(|(_, node)| node.parent).collect();
        let with_old_children: HashSet<usize> =
            live().filter(|(place, _)| !touched.contains(place)).filter_map(|(_, node)| node.parent).collect();
        let mut causes = HashMap::new();
        for wish in placed {
            if wish.goes && with_children.contains(&wish.place) {
                let message = "records stand below it; it can go with all of them, or when they have another parent";
                causes.insert(wish.place, Cause::new(codes::TREE_HAS_CHILDREN, message));
            } else if !wish.goes && renamed(wish) && with_old_children.contains(&wish.place) {
                let message = format!("records stand below it that name it by its `{id_field}`, so that stays as it is");
                causes.insert(wish.place, Cause::new(codes::TREE_HAS_CHILDREN, message).field(id_field));
            }
        }
        causes
    }

    /// Nodes that would stand below themselves.
    fn looping(&self, placed: &[Placed], parent_field: &str) -> HashMap<usize, Cause> {
        let parents: Vec<Option<usize>> = self.nodes.iter().map(|node| node.parent.filter(|_| !node.gone)).collect();
        let round: HashSet<usize> = hierarchy::circles(&parents).into_iter().flatten().collect();
        let mut causes = HashMap::new();
        for wish in placed.iter().filter(|wish| !wish.goes && round.contains(&wish.place)) {
            causes.insert(wish.place, Cause::new(codes::TREE_LOOP, "its parents lead back to itself").field(parent_field));
        }
        causes
    }
}
