//! `checks/*.yaml`: samples through the mapping, without any system.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::Value;

use super::samples::samples;
use super::spec::{CheckSpec, ChecksSpec};
use super::{Files, Project, counted};
use crate::catalogue::{project, record as record_codes};
use crate::error::{Cause, Code, Place, Problem};
use crate::expr::Scope;
use crate::flow::{Flow, TargetRecord};
use crate::labels::Labels;
use crate::transform::{Env, References};
use crate::value;
use crate::yaml::Node;

/// The day on which runs are imagined when a check does not say.
const TODAY: Date = jiff::civil::date(2026, 1, 1);

/// A sample with what has to become of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// What it shows.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The flow.
    pub flow: String,
    /// The file of the sample, when it comes from one.
    pub sample: Option<String>,
    pub(super) records: Vec<Value>,
    today: Date,
    pub(super) spec: CheckSpec,
    rejected: Option<Vec<Code>>,
    warnings: Option<Vec<Code>>,
}

/// What came of a check.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct CheckResult {
    /// What it shows.
    pub name: String,
    /// Where it stands.
    pub place: Place,
    /// The flow.
    pub flow: String,
    /// What is different from what was expected, a line each; none when all is well. Samples are made up, so values are shown.
    pub differences: Vec<String>,
}

impl CheckResult {
    /// Whether all is as expected.
    pub fn passed(&self) -> bool {
        self.differences.is_empty()
    }
}

/// The checks of one file, with their samples.
pub(super) fn prepare(
    spec: ChecksSpec,
    node: &Node,
    flows: &BTreeMap<String, Flow>,
    files: &Files,
    problems: &mut Vec<Problem>,
) -> Vec<Check> {
    let items = node.get("checks").map_or(&[][..], Node::items);
    let flow = flows.get(&spec.flow);
    let mut checks = Vec::new();
    for (check, item) in spec.checks.into_iter().zip(items) {
        let before = problems.len();
        // What is counted is counted over all records of a file; elsewhere a check is about one.
        let counts = flow.is_some_and(|flow| flow.aggregate.is_some());
        let records = samples(&check, item, counts, files, problems);
        let today = match check.today.as_deref().map(str::parse::<Date>) {
            None => TODAY,
            Some(Ok(day)) => day,
            Some(Err(_)) => {
                problems.push(
                    Problem::error(project::BAD_VALUE, item.place(&["today"]), "`today` is not a day")
                        .expected("a day such as `2026-01-31`"),
                );
                TODAY
            }
        };
        let rejected = codes(check.rejected.as_deref(), "rejected", item, problems);
        let warnings = codes(check.warnings.as_deref(), "warnings", item, problems);
        expectations(&check, item, flow, problems);
        if let (Some(records), true) = (records, problems.len() == before) {
            let place = item.at.place();
            checks.push(Check {
                name: check.name.clone(),
                place,
                flow: spec.flow.clone(),
                sample: check.sample.clone(),
                records,
                today,
                spec: check,
                rejected,
                warnings,
            });
        }
    }
    checks
}

fn codes(texts: Option<&[String]>, key: &str, item: &Node, problems: &mut Vec<Problem>) -> Option<Vec<Code>> {
    let mut codes = Vec::new();
    for (text, node) in texts?.iter().zip(item.get(key).map_or(&[][..], Node::items)) {
        match Code::try_from(text.clone()) {
            Ok(code) => codes.push(code),
            Err(message) => problems.push(Problem::error(project::BAD_VALUE, node.at.place(), message)),
        }
    }
    codes.sort_unstable();
    Some(codes)
}

/// A check has to expect something, and something that its flow can give.
fn expectations(check: &CheckSpec, item: &Node, flow: Option<&Flow>, problems: &mut Vec<Problem>) {
    let bodies = check.create.is_some() || check.update.is_some() || check.records.is_some();
    let others = [check.rejected.is_some(), check.skipped.is_some(), bodies].iter().filter(|there| **there).count();
    if check.counted.is_some() || flow.is_some_and(|flow| flow.aggregate.is_some()) {
        counted::expectations(check, item, flow, problems);
        return;
    }
    if others != 1 && !(others == 0 && check.warnings.is_some()) {
        let message = if others == 0 { "the check expects nothing" } else { "the check expects things that exclude each other" };
        let expected = "`create` and `update`, or `records`, or `rejected`, or `skipped: true`";
        problems.push(Problem::error(project::BAD_VALUE, item.at.place(), message).expected(expected));
    }
    let Some(flow) = flow else { return };
    let single = flow.to.records.iter().all(|record| record.name.is_empty());
    for (key, there, wanted) in
        [("create", check.create.is_some(), true), ("update", check.update.is_some(), true), ("records", check.records.is_some(), false)]
    {
        if there && single != wanted {
            let (message, expected) =
                if wanted { ("the flow has several records", "`records:`") } else { ("the flow has one record", "`create:` or `update:`") };
            let place = item.entry(key).map_or_else(|| item.at.place(), |entry| entry.at.place());
            problems.push(Problem::error(project::BAD_VALUE, place, message).expected(expected));
        }
    }
    if !single {
        let known: Vec<&str> = flow.to.records.iter().map(|record| record.name.as_str()).collect();
        for entry in item.get("records").map_or(&[][..], Node::entries) {
            if !known.contains(&entry.key.as_str()) {
                let problem = Problem::error(project::UNKNOWN_RECORD, entry.at.place(), format!("the flow has no record `{}`", entry.key));
                problems.push(problem.expected(crate::yaml::one_of(&known)).nearest(&entry.key, known.iter().copied()));
            }
        }
    }
}

/// Runs all checks of a project.
pub fn run_checks(project: &Project) -> Vec<CheckResult> {
    let results = project.checks.iter().filter_map(|check| {
        let flow = project.flows.get(&check.flow)?;
        let differences = run(check, flow, project);
        Some(CheckResult { name: check.name.clone(), place: check.place.clone(), flow: check.flow.clone(), differences })
    });
    results.collect()
}

/// What other flows are imagined to have written.
struct Imagined<'a>(&'a BTreeMap<String, BTreeMap<String, String>>);

impl References for Imagined<'_> {
    fn resolve(&self, flow: &str, id: &str) -> Option<String> {
        self.0.get(flow)?.get(id).cloned()
    }
}

/// What became of a sample.
#[derive(Default)]
struct Became {
    skipped: bool,
    create: BTreeMap<String, Vec<Value>>,
    update: BTreeMap<String, Vec<Value>>,
    warnings: Vec<Cause>,
    causes: Vec<Cause>,
}

fn run(check: &Check, flow: &Flow, project: &Project) -> Vec<String> {
    let references = Imagined(&check.spec.references);
    let labels = Labels::new(flow.from.labels.clone().unwrap_or_default(), check.spec.labels.clone());
    let env = Env {
        timezone: &project.timezone,
        today: check.today,
        codes: &project.codes,
        sides: &flow.sides,
        references: &references,
        labels: &labels,
        // No store is open: pseudonyms are the same in every check.
        secret: &[0; 32],
    };
    let mut differences = Vec::new();
    if let Some(aggregate) = &flow.aggregate {
        let causes = counted::run(check, flow, aggregate, &env, &mut differences);
        compare_codes("rejected for", check.rejected.as_deref().unwrap_or_default(), &causes, &mut differences);
        return differences;
    }
    let became = map(check, flow, &env);
    let expects_skip = check.spec.skipped == Some(true);
    if became.skipped != expects_skip {
        let words = |skipped| if skipped { "left out by `where`" } else { "carried over" };
        differences.push(format!("expected to be {}, but it is {}", words(expects_skip), words(became.skipped)));
        return differences;
    }
    compare_codes("rejected for", check.rejected.as_deref().unwrap_or_default(), &became.causes, &mut differences);
    if let Some(warnings) = &check.warnings {
        compare_codes("warned of", warnings, &became.warnings, &mut differences);
    }
    if !became.causes.is_empty() {
        return differences;
    }
    for (key, expected, found) in [("create", &check.spec.create, &became.create), ("update", &check.spec.update, &became.update)] {
        if let Some(expected) = expected {
            let none = Value::Null;
            let found = found.get("").and_then(|bodies| bodies.first()).unwrap_or(&none);
            compare(key, &Value::Object(expected.clone()), found, &mut differences);
        }
    }
    if let Some(expected) = &check.spec.records {
        for record in &flow.to.records {
            let nothing = Vec::new();
            let expected = expected.get(&record.name).unwrap_or(&nothing);
            let found = became.create.get(&record.name).unwrap_or(&nothing);
            if expected.len() != found.len() {
                differences.push(format!("{}: expected {} records, found {}", record.name, expected.len(), found.len()));
            }
            for (position, (expected, found)) in expected.iter().zip(found).enumerate() {
                compare(&format!("{}[{position}]", record.name), expected, found, &mut differences);
            }
        }
    }
    differences
}

/// What a run would do with the sample, up to the look-up in the target.
fn map(check: &Check, flow: &Flow, env: &Env<'_>) -> Became {
    let mut became = Became::default();
    let Some(source) = check.records.first() else { return became };
    let scope = Scope { record: source, item: None, vars: &[], env };
    match flow.from.where_.as_ref().map(|expr| expr.truth(&scope)) {
        Some(Ok(false)) => became.skipped = true,
        Some(Err(cause)) => became.causes.push(cause.field("where")),
        Some(Ok(true)) | None => {
            // A sample of a flow with `group` is a group: `id` is that of its rows.
            let identity = match &flow.from.rows {
                Some(rows) => Some(rows.group.text()),
                None => flow.from.id.as_deref(),
            };
            if let Some(id) = identity
                && crate::path::SourcePath::parse(id).is_ok_and(|path| path.one(source).is_none())
            {
                let cause = Cause::new(record_codes::NO_IDENTITY, format!("`{id}` is empty, so nothing identifies the record"));
                became.causes.push(cause.field(id));
            }
            let id = check.spec.parent.as_deref().unwrap_or("parent");
            let parent = serde_json::json!({ "id": id, "parent": { "id": format!("{id} of {id}") } });
            for record in &flow.to.records {
                each(record, flow, source, &parent, env, &mut became);
            }
        }
    }
    became
}

fn each(record: &TargetRecord, flow: &Flow, source: &Value, parent: &Value, env: &Env<'_>, became: &mut Became) {
    let vars = if record.of.is_some() { vec![("parent", parent)] } else { Vec::new() };
    let mut items = Vec::new();
    let items: Vec<Option<&Value>> = match &record.each {
        Some(path) => {
            path.read(source, &mut items);
            items.into_iter().map(Some).collect()
        }
        None => vec![None],
    };
    for item in items {
        let scope = Scope { record: source, item, vars: &vars, env };
        match record.when.as_ref().map_or(Ok(true), |when| when.truth(&scope)) {
            Ok(true) => {}
            Ok(false) => continue,
            Err(cause) => {
                became.causes.push(cause.field("when"));
                continue;
            }
        }
        match flow.mapping.apply(&record.name, source, item, &vars, env) {
            Ok(mapped) => {
                for path in &record.key {
                    if path.one(&mapped.create).is_none() {
                        became
                            .causes
                            .push(Cause::new(record_codes::EMPTY_KEY, format!("the key `{path}` is empty")).field(path.to_string()));
                    }
                }
                became.update.entry(record.name.clone()).or_default().push(mapped.update().clone());
                became.create.entry(record.name.clone()).or_default().push(mapped.create);
                became.warnings.extend(mapped.warnings);
            }
            Err(causes) => became.causes.extend(causes),
        }
    }
}

fn compare_codes(verb: &str, expected: &[Code], found: &[Cause], differences: &mut Vec<String>) {
    let mut left: Vec<&Cause> = found.iter().collect();
    for code in expected {
        match left.iter().position(|cause| cause.code == *code) {
            Some(position) => {
                left.remove(position);
            }
            None => differences.push(format!("expected to be {verb} {code}, but it is not")),
        }
    }
    for cause in left {
        let cell = cause.cell.as_ref().map(|cell| format!(" at {cell}")).unwrap_or_default();
        differences.push(format!("{verb} {cause}{cell}, which was not expected"));
    }
}

/// All leaves that are different.
fn compare(path: &str, expected: &Value, found: &Value, differences: &mut Vec<String>) {
    match (expected, found) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (key, wanted) in wanted {
                compare(&format!("{path}.{key}"), wanted, there.get(key).unwrap_or(&Value::Null), differences);
            }
            for (key, there) in there.iter().filter(|(key, _)| !wanted.contains_key(*key)) {
                differences.push(format!("{path}.{key}: expected nothing, found {there}"));
            }
        }
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            for (position, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                compare(&format!("{path}[{position}]"), wanted, there, differences);
            }
        }
        _ if value::same(expected, found) => {}
        (_, Value::Null) => differences.push(format!("{path}: expected {expected}, found nothing")),
        _ => differences.push(format!("{path}: expected {expected}, found {found}")),
    }
}
