//! The `to:` of a flow: its target records, their keys, and the order in which they are written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::check::Checker;
use super::spec::{DuplicatesWord, RecordSpec};
use super::words::name;
use super::{TargetRecord, To};
use crate::catalogue::{project, sheet};
use crate::error::Problem;
use crate::expr::ExprError;
use crate::path::{Path, SourcePath};
use crate::yaml::{Data, Node, one_of};

impl Checker<'_, '_> {
    pub(super) fn to(&mut self) -> Option<To> {
        let spec = &self.spec.to;
        let declaration = self.system("to", &spec.system, |declaration| declaration.writes, "written").cloned();
        let options = match &declaration {
            Some(declaration) => {
                let own = ["system", "resource", "key", "records", "duplicates"];
                self.options("to", &own, &spec.options, Some(&declaration.to_options))
            }
            None => Value::Object(Map::new()),
        };
        let records = match (&spec.records, &spec.resource, &spec.key) {
            (None, Some(resource), Some(key)) => {
                if let Some(declaration) = &declaration {
                    self.resource(declaration, &["to", "resource"], resource);
                }
                let key = self.key(&["to", "key"], key.paths())?;
                vec![TargetRecord { name: String::new(), resource: resource.clone(), key, of: None, each: None, when: None }]
            }
            (Some(records), None, None) => {
                if let Some(declaration) = &declaration {
                    for (name, record) in records {
                        self.resource(declaration, &["to", "records", name, "resource"], &record.resource);
                    }
                }
                self.records(records)?
            }
            (Some(_), _, _) => {
                let message = "`to` has `records` and also a `resource` or a `key` of its own";
                self.error(project::BAD_VALUE, &["to"], message, "`resource` and `key` for one record, or `records` for several");
                return None;
            }
            (None, resource, key) => {
                for (name, there) in [("resource", resource.is_some()), ("key", key.is_some())] {
                    if !there {
                        self.error(
                            project::MISSING_KEY,
                            &["to"],
                            format!("`to` lacks the key `{name}`"),
                            format!("`{name}:`, or `records:` for several records"),
                        );
                    }
                }
                return None;
            }
        };
        Some(To { system: spec.system.clone(), records, duplicates_accept: spec.duplicates == Some(DuplicatesWord::Accept), options })
    }

    fn key(&mut self, keys: &[&str], texts: &[String]) -> Option<Vec<Path>> {
        if texts.is_empty() {
            self.error(project::BAD_VALUE, keys, "the key has no path", "at least one target path");
            return None;
        }
        let mut paths = Vec::new();
        for (index, text) in texts.iter().enumerate() {
            let error = match Path::parse(text) {
                Ok(path) if path.each_prefix().is_none() => {
                    paths.push(path);
                    continue;
                }
                Ok(_) => ExprError::new(1, "a key cannot go through `[]`", "one item, such as `documents[type=EXTERNAL_ID].number`"),
                Err(error) => error.into(),
            };
            let node = self.node.at_path(keys);
            let item = node.and_then(|node| match &node.data {
                Data::List(items) => items.get(index),
                _ => Some(node),
            });
            let place = item.map_or_else(|| self.node.place(keys), |item| item.place_inside(error.column));
            self.problems.push(Problem::error(sheet::BAD_PATH, place, error.message).expected(error.expected));
        }
        (paths.len() == texts.len()).then_some(paths)
    }

    /// The records in the order of writing: parents before children, otherwise as written.
    fn records(&mut self, specs: &BTreeMap<String, RecordSpec>) -> Option<Vec<TargetRecord>> {
        let node = self.node;
        let names: Vec<&str> =
            node.at_path(&["to", "records"]).map_or(&[][..], Node::entries).iter().map(|entry| entry.key.as_str()).collect();
        if names.is_empty() {
            self.error(project::BAD_VALUE, &["to", "records"], "`to.records` has no record", "at least one record with a name");
            return None;
        }
        let before = self.problems.len();
        let mut found = Vec::new();
        for record in &names {
            let Some(spec) = specs.get(*record) else { continue };
            let keys = |key: &'static str| ["to", "records", *record, key];
            if !name(record) {
                let place = node.at_path(&["to", "records"]).and_then(|node| node.entry(record)).map(|entry| entry.at.place());
                let message = format!("`{record}` cannot be the name of a record");
                self.problems.push(
                    Problem::error(project::BAD_VALUE, place.unwrap_or_default(), message).expected("small letters, digits and hyphens"),
                );
            }
            let key = self.key(&keys("key"), spec.key.paths());
            if let Some(of) = &spec.of
                && !names.contains(&of.as_str())
            {
                let others: Vec<&str> = names.iter().copied().filter(|other| other != record).collect();
                let problem = Problem::error(project::UNKNOWN_RECORD, node.place(&keys("of")), format!("the flow has no record `{of}`"));
                self.problems.push(problem.expected(one_of(&others)).nearest(of, others.iter().copied()));
            }
            let each = spec.each.as_ref().and_then(|text| self.each(&keys("each"), text));
            let when = spec.when.as_ref().and_then(|text| self.expression(&keys("when"), text));
            if let Some(key) = key {
                found.push(TargetRecord {
                    name: (*record).to_owned(),
                    resource: spec.resource.clone(),
                    key,
                    of: spec.of.clone(),
                    each,
                    when,
                });
            }
        }
        let sorted = self.parents_first(found);
        (self.problems.len() == before).then_some(sorted)
    }

    fn each(&mut self, keys: &[&str], text: &str) -> Option<SourcePath> {
        let path = self.source_path(keys, text)?;
        match path.each_prefix() {
            Some((_, rest)) if rest.segments().is_empty() => Some(path),
            _ => {
                self.error(
                    sheet::BAD_PATH,
                    keys,
                    format!("`{text}` does not end with its only `[]`"),
                    "a path to a list, such as `rows[]`",
                );
                None
            }
        }
    }

    fn parents_first(&mut self, mut records: Vec<TargetRecord>) -> Vec<TargetRecord> {
        let known: BTreeSet<String> = records.iter().map(|record| record.name.clone()).collect();
        let mut sorted: Vec<TargetRecord> = Vec::new();
        while !records.is_empty() {
            let ready = records.iter().position(|record| {
                record.of.as_ref().is_none_or(|of| !known.contains(of) || sorted.iter().any(|parent| parent.name == *of))
            });
            if let Some(position) = ready {
                sorted.push(records.remove(position));
                continue;
            }
            let circle: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
            let message = format!("the records {} belong to each other in a circle", circle.join(", "));
            let first = records[0].name.clone();
            self.error(project::OF_CYCLE, &["to", "records", &first, "of"], message, "one record that belongs to no other");
            sorted.append(&mut records);
        }
        sorted
    }
}
