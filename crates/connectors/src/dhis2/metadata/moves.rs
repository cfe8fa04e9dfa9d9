//! Moves within a tree: no unit comes below itself, not even for a moment.
//!
//! DHIS2 does not look closely at this, and loses a branch that goes round in a circle. Of several moves each is sent once those are done without which it would go wrong:
//! a unit may change places with the one that it lies in. Where that one comes later than in this batch, the move waits for it.

use std::collections::{HashMap, HashSet};

use kivuko_core::catalogue::dhis2;
use kivuko_core::connector::Written;
use kivuko_core::error::{Cause, Error};

use super::held::{Object, id_of, path_of};
use super::item::Item;
use super::lookup::Lookup;
use super::shape::Shape;
use super::write::{Outcomes, Writer};

/// In which unit each one lies, as far as it is known.
#[derive(Debug, Clone, Default)]
pub struct Lineage(HashMap<String, String>);

impl Lineage {
    /// Takes in where a unit and those above it lie.
    fn note(&mut self, unit: &Object) {
        let path: Vec<&str> = path_of(unit).collect();
        for pair in path.windows(2) {
            self.0.insert(pair[1].to_owned(), pair[0].to_owned());
        }
        if let (Some(root), true) = (id_of(unit), path.len() == 1) {
            self.0.remove(root);
        }
    }

    /// A unit lies in another one from now on; in none as a root.
    pub fn put(&mut self, unit: &str, parent: Option<String>) {
        match parent {
            Some(parent) => _ = self.0.insert(unit.to_owned(), parent),
            None => _ = self.0.remove(unit),
        }
    }

    /// Whether a unit is another one or lies below it.
    pub fn is_below(&self, unit: &str, above: &str) -> bool {
        let mut here = unit;
        let mut seen = HashSet::new();
        while seen.insert(here) {
            if here == above {
                return true;
            }
            match self.0.get(here) {
                Some(parent) => here = parent,
                None => return false,
            }
        }
        false
    }
}

impl Writer<'_> {
    /// Where the units lie now that others are moved to. What would lie below itself when all is done waits for what is in its way to be moved; what would lie in
    /// itself is refused.
    pub(super) async fn lineage(&self, items: &mut Vec<Item>, outcomes: &mut Outcomes) -> Result<Lineage, Error> {
        let mut now = Lineage::default();
        if !self.shape.is_tree() || items.iter().all(|item| !item.is_moved) {
            return Ok(now);
        }
        let concerned = items.iter().filter(|item| item.is_moved || item.is_new);
        let mut containers: Vec<String> = concerned.filter_map(|item| self.container(item)).collect();
        containers.sort();
        containers.dedup();
        let fields = "id,path";
        for unit in (Lookup { client: self.client, resource: self.shape.resource, fields }).by_ids(&containers).await?.values() {
            now.note(unit);
        }
        let mut end = now.clone();
        for item in items.iter() {
            end.put(&item.id, self.container(item));
        }
        items.retain(|item| {
            let Some(container) = self.container(item).filter(|container| item.is_moved && end.is_below(container, &item.id)) else {
                return true;
            };
            outcomes[item.position] = Some(if container == item.id {
                Written::Refused(below(self.shape, "is the unit itself"))
            } else {
                Written::NotYet(below(self.shape, "lies below it in DHIS2; it waits until that one has moved"))
            });
            false
        });
        Ok(now)
    }

    /// Whether an item would come below itself if it were sent now.
    pub(super) fn comes_too_early(&self, item: &Item, lineage: &Lineage) -> bool {
        item.is_moved && self.container(item).is_some_and(|container| lineage.is_below(&container, &item.id))
    }
}

/// A unit cannot be moved where it is to go.
pub fn below(shape: &Shape, why: &str) -> Cause {
    let message = format!("the new parent of the org unit {why}");
    Cause::new(dhis2::BELOW_ITSELF, message).field(shape.container.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn who_lies_below_whom() {
        let mut lineage = Lineage::default();
        for (id, path) in [("c", "/a/b/c"), ("e", "/a/e")] {
            lineage.note(json!({ "id": id, "path": path }).as_object().expect("it is one"));
        }
        let check = |lineage: &Lineage, unit: &str, above: &str, expected: bool| {
            assert_eq!(lineage.is_below(unit, above), expected, "{unit} below {above}");
        };
        check(&lineage, "c", "a", true);
        check(&lineage, "c", "c", true);
        check(&lineage, "b", "c", false);
        check(&lineage, "e", "b", false);
        check(&lineage, "unknown", "a", false);
        lineage.put("b", Some("e".to_owned()));
        check(&lineage, "c", "e", true);
        lineage.put("e", Some("c".to_owned()));
        check(&lineage, "c", "a", false);
        lineage.put("b", None);
        check(&lineage, "c", "e", false);
        check(&lineage, "e", "b", true);
    }
}
