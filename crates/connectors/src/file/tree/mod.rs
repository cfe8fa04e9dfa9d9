//! Records that stand in one another: `[{"location": {...}, "children": [...]}]`, as Go.Data imports and exports its locations.
//!
//! Each node is one record, parents before children. A record says in a field of its own whose child it is; where a file leaves that out, the place of the node says it, and where
//! both say something, they must say the same. Unlike other files a tree is held in memory while it is written, about as large as the file.

mod forest;
mod index;
mod place;
mod read;

pub use forest::Forest;
pub use place::Wish;
pub use read::Reader;

use kivuko_core::error::Error;
use kivuko_core::hierarchy::Siblings;
use schemars::JsonSchema;
use serde::Deserialize;

use super::config::unfit;

/// How nodes are put together, in a flow's `from:`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceTree {
    /// The member of a node that is the record, such as `location`.
    pub record: String,
    /// The member of a node that is the array of the nodes below it, such as `children`.
    pub children: String,
    /// The field of a record that says whose child it is, such as `parentLocationId`. Where a record does not have it, it is read as the id of the node above.
    pub parent: String,
    /// The field of a record by which `parent` names it. Left out: `id`.
    pub id: Option<String>,
}

/// How nodes are put together, in a flow's `to:`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetTree {
    /// The member of a node that is the record, such as `location`.
    pub record: String,
    /// The member of a node that is the array of the nodes below it, such as `children`.
    pub children: String,
    /// The field of a record that says whose child it is, such as `parentLocationId`; null in those that are nobody's.
    pub parent: String,
    /// The field of a record by which `parent` names it. Left out: `id`.
    pub id: Option<String>,
    /// What happens to a record whose parent is not in the file: it is rejected (`reject`, the default), or stands at the top and keeps what it says of its parent (`root`), who is
    /// then where the file is imported.
    pub unknown_parent: Option<UnknownParent>,
    /// Fields (texts, or lists of texts) in which the children of one node must differ, capitals aside: `[name, synonyms]` for locations of Go.Data, which refuses the whole file otherwise. A
    /// record that says the same in one of them as a record beside it is rejected; who was in the file before, or came first, stays. Left out: they may be alike.
    pub siblings_differ_in: Option<Vec<String>>,
}

/// What happens to a record whose parent is not in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum UnknownParent {
    /// It is rejected.
    Reject,
    /// It stands at the top.
    Root,
}

/// How nodes are put together: checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    pub record: String,
    pub children: String,
    pub parent: String,
    pub id: String,
    /// A record whose parent is not in the file stands at the top.
    pub strangers: bool,
    /// In these fields the children of one node differ.
    pub siblings_differ_in: Vec<String>,
}

impl SourceTree {
    pub fn check(self) -> Result<Tree, Error> {
        Tree {
            record: self.record,
            children: self.children,
            parent: self.parent,
            id: self.id.unwrap_or_else(|| "id".to_owned()),
            strangers: true,
            siblings_differ_in: Vec::new(),
        }
        .checked()
    }
}

impl TargetTree {
    pub fn check(self) -> Result<Tree, Error> {
        let strangers = self.unknown_parent == Some(UnknownParent::Root);
        Tree {
            record: self.record,
            children: self.children,
            parent: self.parent,
            id: self.id.unwrap_or_else(|| "id".to_owned()),
            strangers,
            siblings_differ_in: self.siblings_differ_in.unwrap_or_default(),
        }
        .checked()
    }
}

impl Tree {
    /// What no two children of one node have in common.
    pub fn siblings(&self) -> Siblings<'_, String> {
        Siblings { parent: &self.parent, differ_in: &self.siblings_differ_in }
    }

    fn checked(self) -> Result<Self, Error> {
        let differing = self.siblings_differ_in.iter().map(|name| ("siblings_differ_in", name));
        let named = [("record", &self.record), ("children", &self.children), ("parent", &self.parent), ("id", &self.id)];
        for (key, name) in named.into_iter().chain(differing) {
            let single = kivuko_core::path::SourcePath::parse(name).is_ok_and(|path| path.top() == Some(name));
            if !single {
                return Err(unfit(format!("`tree: {key}` is the name of one field, not `{name}`")));
            }
        }
        if self.record == self.children || self.parent == self.id {
            return Err(unfit(
                "`tree` names one field twice: `record` and `children` are two members of a node, `parent` and `id` two fields of a record",
            ));
        }
        Ok(self)
    }
}
