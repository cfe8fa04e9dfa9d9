//! The `to:` of a flow: its target records, their keys, and the order in which they are written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::check::Checker;
use super::scope::How;
use super::spec::{AcceptWord, RecordSpec};
use super::words::name;
use super::{ScopeRule, TargetRecord, To};
use crate::catalogue::{project, sheet};
use crate::codes::Direction;
use crate::connector::Declaration;
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
                let own = ["system", "resource", "key", "records", "scope", "match", "missing", "duplicates"];
                self.options("to", &own, &spec.options, Some(&declaration.to_options))
            }
            None => Value::Object(Map::new()),
        };
        if self.spec.aggregate.is_some() {
            return self.numbers(declaration.as_ref(), options);
        }
        let scope = self.scope(declaration.as_ref());
        let records = match (&spec.records, &spec.resource, &spec.key) {
            (None, Some(resource), key) if key.is_some() || spec.match_.is_some() => {
                if let Some(declaration) = &declaration {
                    self.resource(declaration, &["to", "resource"], resource);
                }
                let matching = self.matching(&["to"], declaration.as_ref(), (spec.match_.as_ref(), spec.missing), key.as_ref());
                let key = match key {
                    Some(key) => self.key(&["to", "key"], key.paths())?,
                    None => Vec::new(),
                };
                let missing = spec.missing.unwrap_or_default();
                vec![TargetRecord {
                    name: String::new(),
                    resource: resource.clone(),
                    key,
                    of: None,
                    each: None,
                    when: None,
                    matching,
                    missing,
                }]
            }
            (Some(records), None, None) if spec.match_.is_none() && spec.missing.is_none() => {
                if let Some(declaration) = &declaration {
                    for (name, record) in records {
                        self.resource(declaration, &["to", "records", name, "resource"], &record.resource);
                    }
                }
                self.records(declaration.as_ref(), records)?
            }
            (Some(_), _, _) => {
                let message = "`to` has `records` and also a `resource`, `key`, `match` or `missing` of its own";
                self.error(
                    project::BAD_VALUE,
                    &["to"],
                    message,
                    "`resource` and `key` for one record, or `records` for several, each with its own",
                );
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
        Some(To { system: spec.system.clone(), scope, records, duplicates_accept: spec.duplicates == Some(AcceptWord::Accept), options })
    }

    /// `scope`; none when something is wrong with it, which is a problem then.
    fn scope(&mut self, declaration: Option<&Declaration>) -> Option<ScopeRule> {
        let spec = self.spec.to.scope.as_ref()?;
        let declaration = declaration?;
        let Some(word) = declaration.scope else {
            let message = format!("`{}` has no parts that a record could be told for", declaration.kind);
            self.error(
                project::SCOPE_NOT_POSSIBLE,
                &["to", "scope"],
                message,
                "no `scope`, or a system such as Go.Data, which has outbreaks",
            );
            return None;
        };
        let keys = ["to", "scope", "outbreak"];
        if spec.outbreak.trim_start().starts_with('{') {
            for (key, there) in [("place", spec.place.is_some()), ("date", spec.date.is_some())] {
                if there {
                    self.error(
                        project::SCOPE_NOT_POSSIBLE,
                        &["to", "scope", key],
                        format!("`{key}` is for looking something up in a code map, and the {word} is told by an expression"),
                        format!("no `{key}`, or a code map under `{word}`"),
                    );
                }
            }
            let expr = self.expression(&keys, &spec.outbreak)?;
            return Some(ScopeRule { word, how: How::Expr(Box::new(expr)) });
        }
        let place = spec.place.as_ref().map(|place| self.source_path(&["to", "scope", "place"], place));
        if place.is_none() {
            let message = "the code map is named, but not the field of the record that is looked up in it";
            self.error(project::SCOPE_NOT_POSSIBLE, &["to", "scope"], message, "`place:` with a source path; or an expression in braces");
        }
        let date = match &spec.date {
            None => Some(None),
            Some(date) => self.source_path(&["to", "scope", "date"], date).map(Some),
        };
        let direction = self.scope_direction(&keys, spec.outbreak.trim());
        let how = How::Map { map: spec.outbreak.trim().to_owned(), direction: direction?, place: place??, date: date? };
        Some(ScopeRule { word, how })
    }

    /// The columns of the code map in which a scope is looked up.
    fn scope_direction(&mut self, keys: &[&str], name: &str) -> Option<Direction> {
        let maps = self.around.codes;
        let Some(map) = maps.get(name) else {
            let known: Vec<&str> = maps.0.keys().map(String::as_str).collect();
            let problem = Problem::error(sheet::UNKNOWN_CODE_MAP, self.node.place(keys), format!("there is no code map `{name}`"));
            let expected = if known.is_empty() { format!("a file `codes/{name}.csv`, or an expression in braces") } else { one_of(&known) };
            self.problems.push(problem.expected(expected).nearest(name, known.iter().copied()));
            return None;
        };
        match map.direction(&self.sides()) {
            Ok(direction) => Some(direction),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    pub(super) fn key(&mut self, keys: &[&str], texts: &[String]) -> Option<Vec<Path>> {
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
    fn records(&mut self, declaration: Option<&Declaration>, specs: &BTreeMap<String, RecordSpec>) -> Option<Vec<TargetRecord>> {
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
            let at = ["to", "records", *record];
            let matching = self.matching(&at, declaration, (spec.match_.as_ref(), spec.missing), spec.key.as_ref());
            let key = match &spec.key {
                Some(key) => self.key(&keys("key"), key.paths()),
                None => Some(Vec::new()),
            };
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
                    matching,
                    missing: spec.missing.unwrap_or_default(),
                });
            }
        }
        let until_here = self.problems.len();
        let sorted = self.parents_first(found);
        if self.problems.len() == until_here {
            self.parents_are_one(&sorted);
        }
        (self.problems.len() == before).then_some(sorted)
    }

    /// A child of items needs the items of its parent, so that each has one.
    fn parents_are_one(&mut self, records: &[TargetRecord]) {
        for record in records {
            let parent = record.of.as_ref().and_then(|of| records.iter().find(|parent| parent.name == *of));
            let Some((parent, each)) = parent.and_then(|parent| Some((parent, parent.each.as_ref()?))) else { continue };
            if record.each.as_ref() != Some(each) {
                let message = format!(
                    "`{}` belongs to `{}`, which is written once for each item of `{each}`: nobody can tell to which of them",
                    record.name, parent.name
                );
                let keys = ["to", "records", &record.name, "of"];
                self.error(project::PARENT_UNCLEAR, &keys, message, format!("`each: \"{each}\"` here too, or a parent without `each`"));
            }
        }
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
