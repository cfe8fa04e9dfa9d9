//! In which order changes of places can be sent.
//!
//! Go.Data looks at each change by itself: a name has to be free among the siblings at that moment, a place that is closed has no open ones below it, and nothing
//! keeps a place from coming to lie below itself. So of changes that depend on one another, the one that makes room goes first; a circle of names is broken by giving
//! one of them a name that nobody has; and what would make a circle of the tree is not sent.

use std::collections::{BTreeSet, HashMap, HashSet};

use kivuko_core::hierarchy::{Names, Siblings};
use serde_json::Value;

/// Which locations Go.Data does not take beside each other.
pub(super) const BESIDE: Siblings<'static> = Siblings { parent: "parentLocationId", differ_in: &["name", "synonyms"] };

/// What of a place matters to others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Node {
    /// What it is called, and in which place.
    pub names: Names,
    pub active: bool,
}

impl Node {
    /// Reads a place.
    pub fn of(body: &Value) -> Self {
        Self { names: BESIDE.names(body), active: body.get("active") != Some(&Value::Bool(false)) }
    }

    /// The place as it is after these fields were changed.
    pub fn with(body: &Value, changed: &Value) -> Self {
        let mut merged = body.clone();
        if let (Some(members), Some(changed)) = (merged.as_object_mut(), changed.as_object()) {
            members.extend(changed.clone());
        }
        Self::of(&merged)
    }
}

/// A change of one place.
#[derive(Debug, Clone)]
pub struct Change {
    pub id: String,
    pub before: Node,
    pub after: Node,
}

impl Change {
    /// Whether the place is closed by it.
    pub fn closes(&self) -> bool {
        self.before.active && !self.after.active
    }

    /// Whether the place lies elsewhere after it.
    pub fn moves(&self) -> bool {
        self.before.names.parent != self.after.names.parent
    }
}

/// What is sent next: numbers are positions among the changes.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// These, one after the other where they need room among siblings.
    Send { in_line: Vec<usize>, together: Vec<usize> },
    /// This one gets a name that nobody has, for a moment.
    Aside(usize),
}

/// The changes in the order in which they can be sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    pub turns: Vec<Turn>,
    /// Those that would put a place below itself, as the tree is or will be.
    pub circles: Vec<usize>,
}

/// Orders changes. `parents` says of the places around them which lies in which.
pub fn order(changes: &[Change], parents: &HashMap<String, Option<String>>) -> Order {
    let mut work = Work { changes, parents, now: changes.iter().map(|change| change.before.clone()).collect(), pending: BTreeSet::new() };
    let mut order = Order { circles: work.circles(), ..Order::default() };
    work.pending = (0..changes.len()).filter(|at| !order.circles.contains(at)).collect();
    let mut aside = HashSet::new();
    while !work.pending.is_empty() {
        let free: Vec<usize> = work.pending.iter().copied().filter(|at| !work.waits(*at)).collect();
        if free.is_empty() {
            let in_the_way = work.pending.iter().copied().find(|at| !aside.contains(at) && work.waits_for_a_name(*at));
            if let Some(at) = in_the_way {
                aside.insert(at);
                // No place has the name that it has then.
                work.now[at].names = work.now[at].names.nameless();
                order.turns.push(Turn::Aside(at));
                continue;
            }
            // Whatever holds them up, the server says it.
            let next = work.pending.first().copied().into_iter().collect();
            order.turns.push(work.send(next));
            continue;
        }
        order.turns.push(work.send(free));
    }
    order
}

struct Work<'c> {
    changes: &'c [Change],
    parents: &'c HashMap<String, Option<String>>,
    now: Vec<Node>,
    pending: BTreeSet<usize>,
}

impl Work<'_> {
    fn send(&mut self, these: Vec<usize>) -> Turn {
        for at in &these {
            self.pending.remove(at);
            self.now[*at] = self.changes[*at].after.clone();
        }
        let (in_line, together) = these.into_iter().partition(|at| self.changes[*at].after.names != self.changes[*at].before.names);
        Turn::Send { in_line, together }
    }

    /// Changes that would close a circle when all of them are through.
    fn circles(&self) -> Vec<usize> {
        let last: HashMap<&str, Option<&str>> =
            self.changes.iter().map(|change| (change.id.as_str(), change.after.names.parent.as_deref())).collect();
        (0..self.changes.len()).filter(|at| self.changes[*at].moves()).filter(|at| self.leads_to_itself(*at, &last)).collect()
    }

    fn leads_to_itself(&self, at: usize, of_changed: &HashMap<&str, Option<&str>>) -> bool {
        let own = self.changes[at].id.as_str();
        let mut seen = HashSet::new();
        let mut next = self.changes[at].after.names.parent.as_deref();
        while let Some(id) = next {
            if id == own {
                return true;
            }
            if !seen.insert(id) {
                return false;
            }
            next = match of_changed.get(id) {
                Some(parent) => *parent,
                None => self.parents.get(id).and_then(Option::as_deref),
            };
        }
        false
    }

    fn waits(&self, at: usize) -> bool {
        self.waits_for_a_name(at) || self.waits_for_a_move(at) || self.waits_for_those_below(at)
    }

    fn waits_for_a_name(&self, at: usize) -> bool {
        let wanted = &self.changes[at].after.names;
        wanted != &self.now[at].names
            && self.pending.iter().any(|other| {
                let makes_room = !self.changes[*other].after.names.clash(wanted);
                *other != at && makes_room && self.now[*other].names.clash(wanted)
            })
    }

    fn waits_for_a_move(&self, at: usize) -> bool {
        if self.changes[at].after.names.parent == self.now[at].names.parent {
            return false;
        }
        let present: HashMap<&str, Option<&str>> =
            self.changes.iter().zip(&self.now).map(|(change, now)| (change.id.as_str(), now.names.parent.as_deref())).collect();
        self.leads_to_itself(at, &present)
    }

    fn waits_for_those_below(&self, at: usize) -> bool {
        let Change { id, .. } = &self.changes[at];
        let is_below = |node: &Node| node.active && node.names.parent.as_deref() == Some(id);
        self.changes[at].closes()
            && self.pending.iter().any(|other| *other != at && is_below(&self.now[*other]) && !is_below(&self.changes[*other].after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn node(text: &str) -> Node {
        // `P/name`, `P/name!` closed, `/name` at the top.
        let (parent, name) = text.split_once('/').expect("parent/name");
        Node::of(&json!({ "parentLocationId": parent, "name": name.trim_end_matches('!'), "active": !name.ends_with('!') }))
    }

    fn check(changes: &[(&str, &str, &str)], around: &[(&str, &str)], expected: &str) {
        let changes: Vec<Change> =
            changes.iter().map(|(id, before, after)| Change { id: (*id).to_owned(), before: node(before), after: node(after) }).collect();
        let parent = |id: &str| (!id.is_empty()).then(|| id.to_owned());
        let parents = around.iter().map(|(id, up)| ((*id).to_owned(), parent(up))).collect();
        let order = order(&changes, &parents);
        let ids = |list: &[usize]| list.iter().map(|at| changes[*at].id.as_str()).collect::<Vec<_>>().join(" ");
        let mut said: Vec<String> = order
            .turns
            .iter()
            .map(|turn| match turn {
                Turn::Send { in_line, together } => {
                    [ids(in_line), ids(together)].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" + ")
                }
                Turn::Aside(at) => format!("({})", changes[*at].id),
            })
            .collect();
        if !order.circles.is_empty() {
            said.push(format!("not {}", ids(&order.circles)));
        }
        assert_eq!(said.join(", "), expected, "{changes:?}");
    }

    #[test]
    fn who_makes_room_goes_first() {
        check(&[], &[], "");
        check(&[("a", "P/x", "P/y"), ("b", "P/z", "P/w")], &[], "a b");
        check(&[("a", "P/x", "P/y"), ("b", "P/Y", "P/w")], &[], "b, a");
        check(&[("a", "P/x", "P/y"), ("b", "Q/y", "Q/w")], &[], "a b");
        check(&[("a", "Q/x", "P/x"), ("b", "P/x", "Q/x")], &[("P", ""), ("Q", "")], "(a), b, a");
    }

    #[test]
    fn a_circle_of_names_is_broken_at_one_place() {
        check(&[("a", "P/x", "P/y"), ("b", "P/y", "P/x")], &[], "(a), b, a");
        check(&[("a", "P/x", "P/y"), ("b", "P/y", "P/z"), ("c", "P/z", "P/x")], &[], "(a), c, b, a");
        check(&[("a", "P/x", "P/z"), ("b", "P/y", "P/z")], &[], "a b");
    }

    #[test]
    fn below_is_closed_first_and_the_rest_goes_together() {
        check(&[("top", "/t", "/t!"), ("mid", "top/m", "top/m!"), ("low", "mid/l", "mid/l!")], &[], "low, mid, top");
        check(&[("top", "/t!", "/t"), ("mid", "top/m!", "top/m")], &[], "top mid");
        check(&[("top", "/t", "/t!"), ("low", "top/l", "other/l")], &[("other", "")], "low, top");
    }

    #[test]
    fn nothing_comes_to_lie_below_itself() {
        check(&[("a", "/a", "b/a")], &[("b", "a")], "not a");
        check(&[("a", "/a", "a/a")], &[], "not a");
        // b makes room: it leaves the subtree of a first.
        check(&[("a", "/a", "b/a"), ("b", "a/b", "/b")], &[], "b, a");
        check(&[("a", "/a", "c/a"), ("c", "b/c", "/c")], &[("b", "a")], "c, a");
        check(&[("a", "/a", "b/a"), ("b", "/b", "a/b")], &[], "not a b");
    }
}
