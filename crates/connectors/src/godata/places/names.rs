//! Which place has the name that another one wanted.

use std::collections::{BTreeSet, HashMap};

use kivuko_core::catalogue::godata;
use kivuko_core::connector::{Inside, Written, is_not_yet, source_of_not_yet};
use kivuko_core::error::{Cause, Error};
use serde_json::{Value, json};

use super::super::address::Addressed;
use super::super::write::{Outcomes, Writer};
use super::order::BESIDE;
use super::{LEFT_ASIDE, Node};

/// What is asked of siblings.
const FIELDS: [&str; 5] = ["id", "name", "synonyms", "parentLocationId", "active"];

impl Writer<'_> {
    /// Adds to each refusal of a name which place has it. A refusal stays what it is when that cannot be asked.
    pub(super) async fn name_those_in_the_way(&self, wanted: &HashMap<usize, Node>, writes: &[Addressed<'_>], outcomes: &mut Outcomes) {
        let is_refused = |position: &usize| matches!(outcomes.get(*position), Some(Written::Refused(cause)) if cause.code == godata::TAKEN);
        let refused: Vec<(usize, &Node)> =
            wanted.iter().filter(|(position, _)| is_refused(position)).map(|(position, node)| (*position, node)).collect();
        if refused.is_empty() {
            return;
        }
        let parents = refused.iter().map(|(_, node)| node.names.parent.clone()).collect();
        let siblings = match self.siblings(&parents).await {
            Ok(siblings) => siblings,
            Err(error) => {
                tracing::warn!(code = %error.cause.code, "which location has a name could not be asked");
                return;
            }
        };
        for (position, node) in refused {
            // Nobody is in their own way.
            let own = writes.iter().find(|one| one.position == position).and_then(|one| one.write.id.as_deref());
            let clash = |sibling: &Value| Node::of(sibling).names.shared(&node.names);
            let mut others = siblings.iter().filter(|sibling| own.is_none() || sibling.get("id").and_then(Value::as_str) != own);
            let (holder, field) = others.find_map(|sibling| Some((sibling, clash(sibling)?))).unzip();
            let told = |key: &str| holder?.get(key)?.as_str();
            if let (Some(id), Some(field), Some(Written::Refused(cause))) = (told("id"), field, outcomes.get_mut(position)) {
                let left = if cause.message.ends_with(LEFT_ASIDE) { LEFT_ASIDE } else { "" };
                *cause = taken((Some(id), told("name")), BESIDE.differ_in[field]);
                cause.message.push_str(left);
            }
        }
    }

    /// The places that lie in each of these, which Go.Data would delete with it; for each id in its place.
    pub(in crate::godata) async fn inside_places(&self, ids: &[String]) -> Result<Vec<Vec<Inside>>, Error> {
        let mut inside: HashMap<String, Vec<Inside>> = HashMap::new();
        for below in self.siblings(&ids.iter().cloned().map(Some).collect()).await? {
            let Node { names, active } = Node::of(&below);
            if let (Some(parent), Some(id)) = (names.parent, below.get("id").and_then(Value::as_str)) {
                inside.entry(parent).or_default().push(Inside { id: id.to_owned(), active });
            }
        }
        Ok(ids.iter().map(|id| inside.remove(id).unwrap_or_default()).collect())
    }

    /// The places that lie in these, and those at the top.
    pub(super) async fn siblings(&self, parents: &BTreeSet<Option<String>>) -> Result<Vec<Value>, Error> {
        let more = json!({ "fields": FIELDS });
        let ids: Vec<&String> = parents.iter().flatten().collect();
        let below = |ids: &[&String]| json!({ "parentLocationId": { "inq": ids } });
        let list = self.place.resource.list_path();
        let mut siblings = self.place.all_in(list, true, &more, &ids, &below).await?;
        if parents.contains(&None) {
            // Null, or not there at all.
            let at_the_top = |_: &[&&str]| json!({ "parentLocationId": { "eq": null } });
            siblings.extend(self.place.all_in(list, true, &more, &[&""], &at_the_top).await?);
        }
        Ok(siblings)
    }
}

/// Why a place cannot be called as the sheet says. `holder`: the id of the location that has the name, or what stands for it in a plan; `name`: what it is called;
/// `field`: in which field the clash is.
pub(in crate::godata) fn taken((holder, name): (Option<&str>, Option<&str>), field: &str) -> Cause {
    let whose = match holder {
        None => "another location".to_owned(),
        Some(stand_in) if is_not_yet(stand_in) => {
            format!("the location that is made before it of the record {}", source_of_not_yet(stand_in).unwrap_or_default())
        }
        Some(id) => name.map_or_else(|| format!("the location {id}"), |name| format!("the location `{name}` ({id})")),
    };
    let what = if field == "name" { "the name" } else { "a synonym" };
    let message = format!("{what} belongs to {whose}, which lies in the same parent; capitals do not count");
    Cause::new(godata::TAKEN, message).field(field)
}
