//! Clusters: names under which an outbreak groups relationships.

use std::ops::Deref;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::cases::Author;
use super::coerce;
use super::error::{Error, Result};
use super::parents;
use super::rows::{Rows, Shape};
use super::schema::CLUSTER;
use super::store::Store;

/// All clusters of all outbreaks.
#[derive(Debug)]
pub struct Clusters(Rows);

impl Default for Clusters {
    fn default() -> Self {
        Self(Rows::new(Shape { indexed: &[], model: &CLUSTER }))
    }
}

impl Deref for Clusters {
    type Target = Rows;

    fn deref(&self) -> &Rows {
        &self.0
    }
}

/// Creates a cluster and returns its id.
pub fn create(store: &mut Store, outbreak: &str, mut sent: Map<String, Value>, author: &Author) -> Result<String> {
    let chosen = sent.get("id").and_then(Value::as_str).filter(|id| author.custom_ids && !id.is_empty()).map(str::to_owned);
    CLUSTER.strip(&mut sent);
    coerce::record(&CLUSTER, &mut sent)?;
    check(&sent)?;
    let id = chosen.unwrap_or_else(|| Uuid::new_v4().to_string());
    if store.clusters.get(&id).is_some() {
        return Err(Error::coded(409, "MODEL_CONFLICT", format!("Model with id `{id}` already exists")));
    }
    sent.insert("id".to_owned(), json!(id));
    sent.insert("outbreakId".to_owned(), json!(outbreak));
    author.stamp_new(&mut sent);
    store.clusters.0.put("", &sent);
    Ok(id)
}

/// Changes the fields that were sent.
pub fn update(store: &mut Store, id: &str, mut sent: Map<String, Value>, author: &Author) -> Result<()> {
    CLUSTER.strip(&mut sent);
    coerce::record(&CLUSTER, &mut sent)?;
    let mut record = store.clusters.live(id).ok_or_else(|| Error::no_instance("cluster", id))?.record();
    record.extend(sent);
    check(&record)?;
    author.stamp(&mut record);
    store.clusters.0.put("", &record);
    Ok(())
}

/// Soft-deletes a cluster; relationships go on naming it.
pub fn delete(store: &mut Store, id: &str, author: &Author) {
    if let Some(row) = store.clusters.live(id) {
        let record = parents::deleted(row.record(), None, author);
        store.clusters.0.put("", &record);
    }
}

fn check(record: &Map<String, Value>) -> Result<()> {
    let missing = CLUSTER.missing(record);
    if missing.is_empty() { Ok(()) } else { Err(Error::validation(CLUSTER.name, &missing)) }
}
