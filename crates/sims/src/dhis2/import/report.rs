//! What became of an import, in the form of DHIS2.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::params::{Params, Strategy};
use super::{Item, Kind};
use crate::dhis2::uid::Uid;

/// What is wrong with an object.
#[derive(Debug, Clone)]
pub struct Problem {
    /// `E5002` ...
    pub code: &'static str,
    /// For people.
    pub message: String,
    /// Kind of the object.
    pub klass: &'static Kind,
    /// The object.
    pub main_id: Option<Uid>,
    /// The property.
    pub property: Option<String>,
}

impl Problem {
    /// As JSON.
    pub fn body(&self) -> Value {
        let mut body = Map::new();
        body.insert("message".to_owned(), json!(self.message));
        body.insert("mainKlass".to_owned(), json!(self.klass.full_class()));
        body.insert("errorCode".to_owned(), json!(self.code));
        body.insert("errorProperties".to_owned(), json!([]));
        if let Some(uid) = self.main_id {
            body.insert("mainId".to_owned(), json!(uid.as_str()));
        }
        if let Some(property) = &self.property {
            body.insert("errorProperty".to_owned(), json!(property));
        }
        Value::Object(body)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Stats {
    created: usize,
    updated: usize,
    deleted: usize,
    ignored: usize,
}

impl Stats {
    fn body(self) -> Value {
        let total = self.created + self.updated + self.deleted + self.ignored;
        json!({"created": self.created, "updated": self.updated, "deleted": self.deleted, "ignored": self.ignored, "total": total})
    }
}

/// What became of an import.
#[derive(Debug)]
pub struct Report {
    /// OK, WARNING (some were written) or ERROR (nothing was written).
    pub status: &'static str,
    /// How many objects were written.
    pub written: usize,
    body: Value,
    problems: Vec<Problem>,
}

impl Report {
    /// Of objects that were checked and are now written as the parameters say.
    pub fn of(items: &[Item], params: &Params) -> Self {
        let faulty = items.iter().any(|item| !item.problems.is_empty());
        let status = match (faulty, params.atomic) {
            (false, _) => "OK",
            (true, true) => "ERROR",
            (true, false) => "WARNING",
        };
        let mut kinds: BTreeMap<usize, (Stats, Vec<Value>)> = BTreeMap::new();
        let mut all = Stats::default();
        for item in items {
            let position = Kind::all().iter().position(|kind| kind == item.kind).unwrap_or_default();
            let (stats, objects) = kinds.entry(position).or_default();
            for stats in [stats, &mut all] {
                let ignored = !item.problems.is_empty() || (faulty && params.atomic);
                let count = match (ignored, params.strategy, item.exists) {
                    (true, ..) => &mut stats.ignored,
                    (false, Strategy::Delete, _) => &mut stats.deleted,
                    (false, _, true) => &mut stats.updated,
                    (false, _, false) => &mut stats.created,
                };
                *count += 1;
            }
            if params.full_report || !item.problems.is_empty() {
                let errors: Value = item.problems.iter().map(Problem::body).collect();
                let klass = item.kind.full_class();
                objects.push(json!({"klass": klass, "index": item.index, "uid": item.uid.as_str(), "errorReports": errors}));
            }
        }
        let types = kinds.into_iter().map(|(position, (stats, objects))| {
            json!({"klass": Kind::all()[position].full_class(), "stats": stats.body(), "objectReports": objects})
        });
        let types: Value = types.collect();
        let written = if params.validate_only { 0 } else { all.created + all.updated + all.deleted };
        let problems = items.iter().flat_map(|item| item.problems.clone()).collect();
        Self { status, written, body: json!({"status": status, "typeReports": types, "stats": all.body()}), problems }
    }

    /// The plain report.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// What is wrong, of all objects.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}
