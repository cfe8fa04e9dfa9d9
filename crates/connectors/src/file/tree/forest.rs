//! The nodes of a file that is to be written: what is there, and what a batch makes of it.

use std::collections::HashSet;
use std::ops::Range;

use kivuko_core::error::Error;
use kivuko_core::hierarchy::Names;
use kivuko_core::path;
use kivuko_core::value;
use serde_json::Value;

use super::super::content::{Content, Output};
use super::super::csv::unreadable_row;
use super::Tree;
use super::index::Index;

/// All nodes. Those that a batch removes stay in the list, marked.
#[derive(Debug, Clone)]
pub struct Forest {
    pub(super) tree: Tree,
    pub(super) nodes: Vec<Node>,
    /// Of those that are in the file, by key and by id.
    by_key: Index,
    by_id: Index,
    /// The ids of records that did not get in: nothing stands below them, or instead of them at the top.
    pub(super) kept_out: HashSet<String>,
}

/// A node.
#[derive(Debug, Clone)]
pub struct Node {
    /// The id of its record as the engine knows it: its key.
    pub key: String,
    /// By which its children name it.
    pub id: Option<String>,
    pub(super) parent: Option<usize>,
    /// What no other child of its parent may have; `parent` is what the record itself says.
    pub(super) names: Names,
    /// By which children of one node are sorted.
    name: String,
    /// Its record as JSON.
    text: String,
    /// The id of the node above, where the record does not name it itself.
    above: Option<String>,
    /// What else stands in the node, each member with a comma before it.
    beside: String,
    pub(super) gone: bool,
}

impl Forest {
    /// Reads the whole file. One that cannot be told is an error, so that a rewriting never loses a node.
    pub fn read(content: &Content<'_>, tree: &Tree, key: impl Fn(&Value) -> String) -> Result<Self, Error> {
        let (by_key, by_id) = (Index::default(), Index::default());
        let mut forest = Self { tree: tree.clone(), nodes: Vec::new(), by_key, by_id, kept_out: HashSet::new() };
        let Some(mut reader) = content.nodes(tree)? else { return Ok(forest) };
        reader.beside = Some(Vec::new());
        while let Some(node) = reader.node()? {
            let bad = |cause: &str| unreadable_row(content.file, "node", node.number, cause);
            let record = node.record.map_err(|cause| bad(&cause.message))?;
            let body: Value = serde_json::from_str(record.whole()).map_err(|_| bad("its record is not JSON"))?;
            let parent = node.above.and_then(|above| usize::try_from(above - 1).ok());
            let above = record.filled.is_some().then(|| parent.and_then(|parent: usize| forest.nodes.get(parent)?.id.clone())).flatten();
            let node = Node { parent, above, ..Node::of(&body, record.text, key(&body), tree) };
            forest.put(forest.nodes.len(), node);
        }
        for (number, member) in reader.beside.take().unwrap_or_default() {
            if let Some(node) = usize::try_from(number - 1).ok().and_then(|place| forest.nodes.get_mut(place)) {
                node.beside.push_str(&member);
            }
        }
        Ok(forest)
    }

    /// What a node holds, with its parent.
    pub fn record(&self, node: &Node) -> Value {
        let mut record: Value = serde_json::from_str(&node.text).unwrap_or(Value::Null);
        if let (Some(above), Value::Object(members)) = (&node.above, &mut record) {
            members.insert(self.tree.parent.clone(), above.as_str().into());
        }
        record
    }

    /// Puts a node at a place of the list, or at its end.
    pub(super) fn put(&mut self, place: usize, node: Node) {
        if place < self.nodes.len() {
            self.leave_index(place);
        }
        if !node.gone {
            self.by_key.add(&node.key, place);
            if let Some(id) = &node.id {
                self.by_id.add(id, place);
            }
        }
        match self.nodes.get_mut(place) {
            Some(there) => *there = node,
            None => self.nodes.push(node),
        }
    }

    /// Marks the node at a place as gone.
    pub(super) fn take_out(&mut self, place: usize) {
        self.leave_index(place);
        self.nodes[place].gone = true;
    }

    fn leave_index(&mut self, place: usize) {
        let node = &self.nodes[place];
        if !node.gone {
            self.by_key.remove(&node.key, place);
            if let Some(id) = &node.id {
                self.by_id.remove(id, place);
            }
        }
    }

    /// The places of the nodes in the file that have this key.
    pub fn places_of(&self, key: &str) -> impl Iterator<Item = usize> {
        self.by_key.places(key).filter(move |place| self.nodes[*place].key == key)
    }

    /// The places of the nodes in the file that have this id.
    pub(super) fn places_of_id(&self, id: &str) -> impl Iterator<Item = usize> {
        self.by_id.places(id).filter(move |place| self.nodes[*place].id.as_deref() == Some(id))
    }

    /// The node at a place.
    pub fn at(&self, place: usize) -> &Node {
        &self.nodes[place]
    }

    /// Writes all nodes, a line each: parents before children, children by name, then by id.
    pub fn write(&self, output: &mut Output<'_>) -> Result<(), Error> {
        let below = self.below();
        let before = format!("{{{}:", Value::from(self.tree.record.as_str()));
        let between = format!(",{}:[", Value::from(self.tree.children.as_str()));
        let mut open: Vec<(Option<usize>, std::slice::Iter<'_, usize>)> = vec![(None, below.at_the_top().iter())];
        let mut first = true;
        while let Some((above, left)) = open.last_mut() {
            let Some(&place) = left.next() else {
                if let Some(place) = *above {
                    output.text(if first { "]" } else { "\n]" })?;
                    output.text(&self.nodes[place].beside)?;
                    output.text("}")?;
                }
                open.pop();
                first = false;
                continue;
            };
            output.text(if first { "\n" } else { ",\n" })?;
            output.text(&before)?;
            output.text(&self.nodes[place].text)?;
            output.text(&between)?;
            open.push((Some(place), below.of(place).iter()));
            first = true;
        }
        output.text("\n")
    }

    fn below(&self) -> Below {
        let top = self.nodes.len();
        let live = || self.nodes.iter().enumerate().filter(|(_, node)| !node.gone).map(|(place, node)| (place, node.parent.unwrap_or(top)));
        let mut begins = vec![0usize; top + 2];
        for (_, parent) in live() {
            begins[parent + 1] += 1;
        }
        for parent in 0..=top {
            begins[parent + 1] += begins[parent];
        }
        let mut places = vec![0; begins[top + 1]];
        let mut next = begins.clone();
        for (place, parent) in live() {
            places[next[parent]] = place;
            next[parent] += 1;
        }
        let mut below = Below { begins, places };
        for parent in 0..=top {
            let range = below.range(parent);
            below.places[range].sort_by_key(|place| {
                let node = &self.nodes[*place];
                (&node.name, &node.id, &node.key)
            });
        }
        below
    }
}

/// The places of the nodes below each node, by name, then by id.
struct Below {
    /// Where those of each node begin, and behind them where the last ones end; behind the nodes come those at the top.
    begins: Vec<usize>,
    places: Vec<usize>,
}

impl Below {
    fn of(&self, node: usize) -> &[usize] {
        &self.places[self.range(node)]
    }

    fn at_the_top(&self) -> &[usize] {
        self.of(self.begins.len() - 2)
    }

    fn range(&self, node: usize) -> Range<usize> {
        self.begins[node]..self.begins[node + 1]
    }
}

impl Node {
    /// A new node, which stands at the top.
    pub(super) fn new(record: &Value, key: String, tree: &Tree) -> Self {
        Self::of(record, record.to_string(), key, tree)
    }

    /// A node that stands at the top, with its record as it is written.
    fn of(record: &Value, text: String, key: String, tree: &Tree) -> Self {
        let field = |name: &str| path::Path::field(name).one(record).and_then(value::text).filter(|text| !text.trim().is_empty());
        Self {
            key,
            id: field(&tree.id),
            parent: None,
            names: tree.siblings().names(record),
            name: field("name").unwrap_or_default(),
            text,
            above: None,
            beside: String::new(),
            gone: false,
        }
    }

    /// The node with another record.
    pub(super) fn with(&self, record: &Value, tree: &Tree) -> Self {
        Self { parent: self.parent, beside: self.beside.clone(), ..Self::new(record, self.key.clone(), tree) }
    }
}
