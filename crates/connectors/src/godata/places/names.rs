//! Which place has the name that another one wanted.

use std::collections::{BTreeSet, HashMap};

use kivuko_core::catalogue::godata;
use kivuko_core::connector::Written;
use kivuko_core::error::Error;
use serde_json::{Value, json};

use super::super::write::{Outcomes, Writer};
use super::{LEFT_ASIDE, Node};

/// What is asked of siblings.
const FIELDS: [&str; 4] = ["id", "name", "synonyms", "parentLocationId"];

impl Writer<'_> {
    /// Adds to each refusal of a name which place has it. A refusal stays what it is when that cannot be asked.
    pub(super) async fn name_those_in_the_way(&self, wanted: &HashMap<usize, Node>, outcomes: &mut Outcomes) {
        let is_refused = |position: &usize| matches!(outcomes.get(*position), Some(Written::Refused(cause)) if cause.code == godata::TAKEN);
        let refused: Vec<(usize, &Node)> =
            wanted.iter().filter(|(position, _)| is_refused(position)).map(|(position, node)| (*position, node)).collect();
        if refused.is_empty() {
            return;
        }
        let siblings = match self.siblings(&refused).await {
            Ok(siblings) => siblings,
            Err(error) => {
                tracing::warn!(code = %error.cause.code, "which location has a name could not be asked");
                return;
            }
        };
        for (position, node) in refused {
            let holder = siblings.iter().find(|sibling| Node::of(sibling).clashes(node)).and_then(|sibling| sibling.get("id")?.as_str());
            if let (Some(holder), Some(Written::Refused(cause))) = (holder, outcomes.get_mut(position)) {
                let left = if cause.message.ends_with(LEFT_ASIDE) { LEFT_ASIDE } else { "" };
                cause.message = format!(
                    "the name or a synonym belongs to the location {holder}, which lies in the same parent; capitals do not count{left}"
                );
            }
        }
    }

    async fn siblings(&self, refused: &[(usize, &Node)]) -> Result<Vec<Value>, Error> {
        let more = json!({ "fields": FIELDS });
        let parents: BTreeSet<&String> = refused.iter().filter_map(|(_, node)| node.parent.as_ref()).collect();
        let parents: Vec<&String> = parents.into_iter().collect();
        let below = |ids: &[&String]| json!({ "parentLocationId": { "inq": ids } });
        let list = self.place.resource.list_path();
        let mut siblings = self.place.all_in(list, true, &more, &parents, &below).await?;
        if refused.iter().any(|(_, node)| node.parent.is_none()) {
            // Null, or not there at all.
            let at_the_top = |_: &[&&str]| json!({ "parentLocationId": { "eq": null } });
            siblings.extend(self.place.all_in(list, true, &more, &[&""], &at_the_top).await?);
        }
        Ok(siblings)
    }
}
