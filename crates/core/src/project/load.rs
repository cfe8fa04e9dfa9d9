//! From files to a checked project.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::spec::{ChecksSpec, EnvironmentSpec, HistorySpec, ProjectSpec};
use super::{Crosswalk, Files, History, Loaded, Project, checks, crosswalk, systems};
use crate::aggregate;
use crate::catalogue::project;
use crate::codes::{CodeMap, CodeMaps};
use crate::connector::Declaration;
use crate::error::{Place, Problem, Severity};
use crate::flow::words::{days, name};
use crate::flow::{self, Flow, Surroundings};
use crate::mapping;
use crate::sheet::{Columns, Sheet};
use crate::table::Table;
use crate::yaml::{self, Node, one_of};

/// The file of the project itself.
const PROJECT: &str = "kivuko.yaml";
/// The environment that needs no file.
const DEFAULT_ENVIRONMENT: &str = "test";
const RUNS_DAYS: u32 = 400;
const OUTCOMES_DAYS: u32 = 90;

/// Reads and checks all files of a project for one of its environments.
pub fn load(files: &Files, environment: &str, declarations: &[Declaration], kivuko_version: &str) -> Loaded {
    let mut loader = Loader { files, environment, declarations, kivuko: kivuko_version, problems: Vec::new() };
    let project = loader.project();
    let mut problems = loader.problems;
    problems.sort_by(|a, b| (&a.place, a.severity, a.code).cmp(&(&b.place, b.severity, b.code)));
    problems.dedup();
    let good = problems.iter().all(|problem| problem.severity == Severity::Warning);
    Loaded { project: project.filter(|_| good), problems }
}

/// The sheets of the project, by file name; those that cannot be read are `None` and a problem already.
struct Sheets {
    mappings: BTreeMap<String, Option<mapping::sheet::Sheet>>,
    aggregates: BTreeMap<String, Option<aggregate::sheet::Sheet>>,
}

struct Loader<'a> {
    files: &'a Files,
    environment: &'a str,
    declarations: &'a [Declaration],
    kivuko: &'a str,
    problems: Vec<Problem>,
}

impl<'a> Loader<'a> {
    /// The files of a folder with one of these endings: path, name without folder, bytes.
    fn folder(&self, folder: &str, endings: &[&str]) -> Vec<(&'a str, &'a str, &'a [u8])> {
        let files: &'a Files = self.files;
        let prefix = format!("{folder}/");
        let found = files.0.iter().filter_map(|(path, bytes)| {
            let name = path.strip_prefix(&prefix)?;
            let ending = name.rsplit_once('.')?.1;
            endings.contains(&ending).then_some((path.as_str(), name, bytes.as_slice()))
        });
        found.collect()
    }

    fn project(&mut self) -> Option<Project> {
        let node = self.files.0.get(PROJECT).and_then(|bytes| yaml::parse(PROJECT, bytes, &mut self.problems));
        if !self.files.0.contains_key(PROJECT) {
            let place = Place { file: PROJECT.to_owned(), ..Place::default() };
            let problem = Problem::error(project::MISSING_FILE, place, "the folder has no `kivuko.yaml`");
            self.problems.push(problem.expected("the folder of a project, or `kivuko init`"));
        }
        let spec = node.as_ref().and_then(|node| yaml::read_node::<ProjectSpec>(node.clone(), &mut self.problems).value);
        let systems = self.systems(node.as_ref());
        let crosswalks = match (&spec, &node) {
            (Some(spec), Some(node)) => crosswalk::read(&spec.crosswalks, node, &systems, self.declarations, &mut self.problems),
            _ => BTreeMap::new(),
        };
        let codes = self.codes(&crosswalks);
        let sheets = Sheets { mappings: self.sheets("mappings"), aggregates: self.sheets("aggregates") };
        let (flows, named) = self.flows(&systems, node.is_some(), &codes, &sheets);
        aggregate::across(&flows, &named.keys().cloned().collect(), &mut self.problems);
        let checks = self.checks(&named, &flows);
        self.unused(&flows, &checks, &codes, &sheets);
        let (timezone, history) = self.settings(spec.as_ref(), node.as_ref());
        let spec = spec?;
        Some(Project {
            name: spec.project,
            timezone: timezone?,
            history,
            environment: self.environment.to_owned(),
            systems,
            flows: flows.into_iter().map(|(name, flow)| (name, Arc::new(flow))).collect(),
            codes,
            crosswalks,
            checks,
        })
    }

    fn settings(&mut self, spec: Option<&ProjectSpec>, node: Option<&Node>) -> (Option<TimeZone>, History) {
        let mut history = History { runs: RUNS_DAYS, outcomes: OUTCOMES_DAYS };
        let (Some(spec), Some(node)) = (spec, node) else { return (None, history) };
        if !name(&spec.project) {
            let message = format!("`{}` cannot be the name of a project", spec.project);
            let problem = Problem::error(project::BAD_VALUE, node.place(&["project"]), message);
            self.problems.push(problem.expected("small letters, digits and hyphens, such as `outbreak-2026`"));
        }
        let HistorySpec { runs, outcomes } = spec.history.clone().unwrap_or_default();
        for (key, text, kept) in [("runs", runs, &mut history.runs), ("outcomes", outcomes, &mut history.outcomes)] {
            let Some(text) = text else { continue };
            if let Some(days) = days(&text) {
                *kept = days;
            } else {
                let message = format!("`{text}` is not a number of days");
                let problem = Problem::error(project::BAD_VALUE, node.place(&["history", key]), message);
                self.problems.push(problem.expected("days, such as `90 days`"));
            }
        }
        let zone = spec.timezone.as_deref().unwrap_or("UTC");
        let timezone = TimeZone::get(zone).ok();
        if timezone.is_none() {
            let known: Vec<String> = jiff::tz::db().available().map(|zone| zone.to_string()).collect();
            let problem = Problem::error(project::BAD_VALUE, node.place(&["timezone"]), format!("there is no time zone `{zone}`"));
            self.problems.push(problem.expected("a name such as `Africa/Freetown`").nearest(zone, known.iter().map(String::as_str)));
        }
        (timezone, history)
    }

    /// The systems of the chosen environment. Those of the other environments are checked too.
    fn systems(&mut self, node: Option<&Node>) -> BTreeMap<String, super::SystemSpec> {
        let Some(node) = node else { return BTreeMap::new() };
        let environments = self.folder("environments", &["yaml", "yml"]);
        let mut chosen = None;
        for (file, name, bytes) in &environments {
            let read = yaml::read::<EnvironmentSpec>(file, bytes, &mut self.problems);
            let Some(overlay) = read.node else { continue };
            let mut laid = node.clone();
            let known: Vec<&str> = node.get("systems").map_or(&[][..], Node::entries).iter().map(|entry| entry.key.as_str()).collect();
            let mut whole = true;
            for entry in overlay.get("systems").map_or(&[][..], Node::entries) {
                if !known.contains(&entry.key.as_str()) {
                    let message = format!("`{}` is not a system of kivuko.yaml", entry.key);
                    let problem = Problem::error(project::UNKNOWN_SYSTEM, entry.at.place(), message);
                    let expected = if known.is_empty() { "a system of kivuko.yaml".to_owned() } else { one_of(&known) };
                    self.problems.push(problem.expected(expected).nearest(&entry.key, known.iter().copied()));
                    whole = false;
                }
            }
            if whole {
                laid.overlay(overlay);
            }
            let systems = systems::read(&laid, self.declarations, &mut self.problems);
            if name.rsplit_once('.').is_some_and(|(stem, _)| stem == self.environment) {
                chosen = Some(systems);
            }
        }
        if let Some(systems) = chosen {
            return systems;
        }
        if self.environment != DEFAULT_ENVIRONMENT {
            let names: Vec<&str> = environments.iter().filter_map(|(_, name, _)| name.rsplit_once('.').map(|(stem, _)| stem)).collect();
            let place = Place { file: format!("environments/{}.yaml", self.environment), ..Place::default() };
            let message = format!("there is no environment `{}`", self.environment);
            let others: Vec<&str> = names.iter().copied().chain([DEFAULT_ENVIRONMENT]).collect::<BTreeSet<_>>().into_iter().collect();
            let problem = Problem::error(project::MISSING_FILE, place, message);
            self.problems
                .push(problem.expected(format!("{}, or this file", one_of(&others))).nearest(self.environment, others.iter().copied()));
        }
        systems::read(node, self.declarations, &mut self.problems)
    }

    /// The code maps, and the crosswalks with what people decided on them.
    fn codes(&mut self, crosswalks: &BTreeMap<String, Crosswalk>) -> CodeMaps {
        let mut maps = CodeMaps::default();
        let mut tables: BTreeMap<&str, Table> = BTreeMap::new();
        let mut unreadable: BTreeSet<&str> = BTreeSet::new();
        for (path, file, bytes) in self.folder("codes", &["csv"]) {
            let name = file.trim_end_matches(".csv");
            match Table::parse(path, bytes) {
                Ok(table) => {
                    tables.insert(name, table);
                }
                Err(problem) => {
                    unreadable.insert(name);
                    self.problems.push(problem);
                }
            }
        }
        // The file of a crosswalk may not be there yet.
        let names: BTreeSet<&str> = tables.keys().copied().chain(crosswalks.keys().map(String::as_str)).collect();
        for name in names.difference(&unreadable) {
            let (map, problems) = match (crosswalks.get(*name), tables.get(name)) {
                (None, None) => continue,
                (None, Some(table)) => CodeMap::parse(name, table),
                (Some(crosswalk), table) => {
                    let sides: Vec<&str> = crosswalk.sides.iter().map(|side| side.system.as_str()).collect();
                    CodeMap::crosswalk(name, &sides, table)
                }
            };
            self.problems.extend(problems);
            maps.0.extend(map.map(|map| ((*name).to_owned(), Arc::new(map))));
        }
        maps
    }

    fn sheets<C: Columns>(&mut self, folder: &str) -> BTreeMap<String, Option<Sheet<C>>> {
        let mut sheets = BTreeMap::new();
        for (path, file, bytes) in self.folder(folder, &["csv"]) {
            let sheet = match Table::parse(path, bytes) {
                Ok(table) => Sheet::read(&table, &mut self.problems),
                Err(problem) => {
                    self.problems.push(problem);
                    None
                }
            };
            sheets.insert(file.to_owned(), sheet);
        }
        sheets
    }

    /// The flows that are right, and the names of all that have one.
    fn flows(
        &mut self,
        systems: &BTreeMap<String, super::SystemSpec>,
        systems_known: bool,
        codes: &CodeMaps,
        sheets: &Sheets,
    ) -> (BTreeMap<String, Flow>, BTreeMap<String, String>) {
        let declared: BTreeMap<String, (String, Option<&Declaration>)> = systems
            .iter()
            .map(|(name, system)| {
                let declaration = self.declarations.iter().find(|declaration| declaration.kind == system.kind);
                (name.clone(), (system.kind.clone(), declaration))
            })
            .collect();
        let mut nodes = Vec::new();
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for (path, _, bytes) in self.folder("flows", &["yaml", "yml"]) {
            let Some(node) = yaml::parse(path, bytes, &mut self.problems) else { continue };
            if let Some(flow) = node.get("flow")
                && let Some(name) = flow.text()
            {
                match named.get(name) {
                    Some(first) => {
                        let message = format!("the flow `{name}` is already in {first}");
                        self.problems.push(Problem::error(project::DUPLICATE_NAME, flow.at.place(), message).expected("another name"));
                    }
                    None => {
                        named.insert(name.to_owned(), path.to_owned());
                    }
                }
            }
            nodes.push(node);
        }
        let names: BTreeSet<String> = named.keys().cloned().collect();
        let files = self.files;
        let environment = format!("environments/{}.yaml", self.environment);
        let texts = |own: &[String]| {
            let common = [PROJECT.to_owned(), environment.clone()];
            let there = common.iter().chain(own).filter_map(|file| files.0.get(file).map(|bytes| (file.clone(), decoded(bytes))));
            there.collect()
        };
        let around = Surroundings {
            systems: &declared,
            systems_known,
            flows: &names,
            codes,
            sheets: &sheets.mappings,
            aggregates: &sheets.aggregates,
            texts: &texts,
            kivuko: self.kivuko,
        };
        let flows = nodes.into_iter().filter_map(|node| flow::check(node, &around, &mut self.problems));
        (flows.map(|flow| (flow.name.clone(), flow)).collect(), named)
    }

    fn checks(&mut self, named: &BTreeMap<String, String>, flows: &BTreeMap<String, Flow>) -> Vec<super::Check> {
        let mut found = Vec::new();
        for (path, _, bytes) in self.folder("checks", &["yaml", "yml"]) {
            let read = yaml::read::<ChecksSpec>(path, bytes, &mut self.problems);
            let (Some(spec), Some(node)) = (read.value, read.node) else { continue };
            if !named.contains_key(&spec.flow) {
                let known: Vec<&str> = named.keys().map(String::as_str).collect();
                let problem = Problem::error(project::UNKNOWN_FLOW, node.place(&["flow"]), format!("there is no flow `{}`", spec.flow));
                let problem = if known.is_empty() { problem } else { problem.expected(one_of(&known)) };
                self.problems.push(problem.nearest(&spec.flow, known.iter().copied()));
                continue;
            }
            found.extend(checks::prepare(spec, &node, flows, self.files, &mut self.problems));
        }
        found
    }

    /// Sheets, code maps and samples that nothing uses.
    fn unused(&mut self, flows: &BTreeMap<String, Flow>, checks: &[super::Check], codes: &CodeMaps, sheets: &Sheets) {
        // As long as a flow is wrong nobody knows what it uses.
        if self.problems.iter().any(|problem| problem.severity == Severity::Error) {
            return;
        }
        let mut unused: Vec<String> = Vec::new();
        let mappings = sheets.mappings.keys().map(|sheet| format!("mappings/{sheet}"));
        for file in mappings.chain(sheets.aggregates.keys().map(|sheet| format!("aggregates/{sheet}"))) {
            if !flows.values().any(|flow| flow.mapping.file() == file) {
                unused.push(file);
            }
        }
        // A crosswalk may be there for `match` alone.
        for (map, _) in codes.0.iter().filter(|(_, map)| !map.is_crosswalk()) {
            if !flows.values().any(|flow| flow.code_maps.contains(map)) {
                unused.push(format!("codes/{map}.csv"));
            }
        }
        let used: BTreeSet<&str> = checks.iter().filter_map(|check| check.sample.as_deref()).collect();
        let samples = self.folder("samples", &["json", "csv"]);
        unused.extend(samples.iter().filter(|(path, _, _)| !used.contains(path)).map(|(path, _, _)| (*path).to_owned()));
        for file in unused {
            let what = match file.split_once('/') {
                Some(("samples", _)) => "no check uses this sample",
                Some(("codes", _)) => "no flow uses this code map",
                _ => "no flow uses this sheet",
            };
            self.problems.push(Problem::warning(project::UNUSED_FILE, Place { file, ..Place::default() }, what));
        }
    }
}

/// A project text for the record of a version: whatever its encoding, as it reads.
fn decoded(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(),
    }
}
