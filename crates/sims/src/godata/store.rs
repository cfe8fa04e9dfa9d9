//! Everything that the simulated server has stored.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Map, Value};

use super::clusters::Clusters;
use super::condition::Condition;
use super::filter::{self, Filter, Order};
use super::languages::Languages;
use super::people::People;
use super::person_types::PersonType;
use super::records::Records;
use super::relationships::Relationships;
use super::schema::Model;
use super::visual_id::Masks;

/// The state of one server.
#[derive(Debug, Default)]
pub struct Store {
    /// Cases, contacts, contacts of contacts and events.
    pub people: People,
    /// Relationships between people.
    pub relationships: Relationships,
    /// Clusters of relationships.
    pub clusters: Clusters,
    /// Teams.
    pub teams: Table,
    /// Follow-ups of people.
    pub follow_ups: Records,
    /// Lab results of people.
    pub lab_results: Records,
    /// Outbreaks.
    pub outbreaks: Table,
    /// Templates of outbreaks.
    pub templates: Table,
    /// Locations.
    pub locations: Table,
    /// Items of reference data.
    pub reference_data: Table,
    /// Languages, with what tokens say in them.
    pub languages: Languages,
    /// Compiled masks of visual ids.
    pub masks: Arc<Masks>,
}

impl Store {
    /// The mask of the visual ids of a type of people.
    pub fn mask(&self, outbreak: &str, person_type: &PersonType) -> String {
        let mask = self.outbreaks.get(outbreak).and_then(|outbreak| outbreak.get(person_type.mask)).and_then(Value::as_str);
        mask.unwrap_or_default().to_owned()
    }
}

/// Records of one model, in the order of their creation, with an index of the children of each.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Map<String, Value>>,
    by_id: HashMap<String, usize>,
    by_parent: HashMap<String, Vec<usize>>,
}

impl Table {
    /// All records, deleted ones too.
    pub fn all(&self) -> &[Map<String, Value>] {
        &self.rows
    }

    /// A record, deleted or not.
    pub fn get(&self, id: &str) -> Option<&Map<String, Value>> {
        self.by_id.get(id).map(|position| &self.rows[*position])
    }

    /// A record that is not deleted.
    pub fn live(&self, id: &str) -> Option<&Map<String, Value>> {
        self.get(id).filter(|record| !is_deleted(record))
    }

    /// Stores a record under its `id`, in the place of the one that was there.
    pub fn put(&mut self, record: Map<String, Value>) {
        let id = record.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let parent = parent_of(&record).to_owned();
        if let Some(&position) = self.by_id.get(&id) {
            let before = parent_of(&self.rows[position]).to_owned();
            if before != parent {
                self.by_parent.entry(before).or_default().retain(|child| *child != position);
                self.by_parent.entry(parent).or_default().push(position);
            }
            self.rows[position] = record;
        } else {
            self.by_id.insert(id, self.rows.len());
            self.by_parent.entry(parent).or_default().push(self.rows.len());
            self.rows.push(record);
        }
    }

    /// The records whose `parentLocationId` this is, deleted ones too; "" are the roots.
    pub fn children(&self, parent: &str) -> impl Iterator<Item = &Map<String, Value>> {
        self.by_parent.get(parent).into_iter().flatten().map(|position| &self.rows[*position])
    }

    /// A record and all below it, by id. A loop in the tree is walked once.
    pub fn subtree(&self, id: &str) -> Vec<String> {
        let mut ids = vec![id.to_owned()];
        let mut seen: std::collections::HashSet<String> = ids.iter().cloned().collect();
        let mut at = 0;
        while at < ids.len() {
            for child in self.children(&ids[at].clone()) {
                let child = child.get("id").and_then(Value::as_str).unwrap_or_default();
                if !is_deleted(self.get(child).unwrap_or(&Map::new())) && seen.insert(child.to_owned()) {
                    ids.push(child.to_owned());
                }
            }
            at += 1;
        }
        ids
    }

    /// The records that fulfil a condition, in the order and the window of the filter.
    pub fn search(&self, model: &Model, filter: &Filter, condition: Option<&Condition>) -> Vec<Map<String, Value>> {
        let mut found: Vec<&Map<String, Value>> = self.matching(filter.deleted, condition).collect();
        let own: Vec<Order> = model.default_order.iter().map(|path| Order { path: (*path).to_owned(), descending: false }).collect();
        let order = if filter.order.is_empty() { &own } else { &filter.order };
        found.sort_by(|a, b| filter::compare(order, a, b));
        found.into_iter().skip(filter.skip).take(filter.limit.unwrap_or(usize::MAX)).cloned().collect()
    }

    /// The records that fulfil a condition.
    pub fn matching(&self, deleted: bool, condition: Option<&Condition>) -> impl Iterator<Item = &Map<String, Value>> {
        self.rows.iter().filter(move |record| (deleted || !is_deleted(record)) && condition.is_none_or(|condition| condition.holds(record)))
    }
}

/// Whether a record is soft-deleted.
pub fn is_deleted(record: &Map<String, Value>) -> bool {
    record.get("deleted") == Some(&Value::Bool(true))
}

fn parent_of(record: &Map<String, Value>) -> &str {
    record.get("parentLocationId").and_then(Value::as_str).unwrap_or_default()
}

/// The JSON text of a record.
pub fn text_of(record: &Map<String, Value>) -> Bytes {
    serde_json::to_vec(record).expect("a JSON map can always be written").into()
}
