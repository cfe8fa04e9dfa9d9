//! From what a person wrote to a checked flow. All problems are collected, each with its place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::available::not_yet;
use super::rows::{self, Order, Rows};
use super::spec::{DetectWord, FlowSpec, KeepSpec, PayloadWord, TimedSpec, TriggerSpec};
use super::words::{braces, cron, duration, name, stop_above};
use super::{Deletes, Detect, Flow, From, Keep, ScopeRule, StopAbove, Then, To, Trigger};
use crate::aggregate::{self, Aggregate};
use crate::catalogue::{project, sheet};
use crate::codes::{CodeMaps, Sides};
use crate::connector::Declaration;
use crate::error::{Code, Place, Problem};
use crate::expr::{Expr, ExprError};
use crate::mapping::sheet::Sheet;
use crate::mapping::{self, Around, Mapping, RecordShape};
use crate::path::SourcePath;
use crate::store::FlowVersion;
use crate::yaml::{Data, Fit, Node, one_of, read_node, unknown_key};

/// How long payloads are kept when the flow does not say.
const KEEP_DAYS: u32 = 30;

/// What a flow has around it in the project.
pub(crate) struct Surroundings<'a> {
    /// The systems by name: kind and declaration. The declaration is missing when the kind is wrong, which is a problem elsewhere.
    pub systems: &'a BTreeMap<String, (String, Option<&'a Declaration>)>,
    /// `kivuko.yaml` could be read: what is not in `systems` is not a system.
    pub systems_known: bool,
    /// The names of all flows.
    pub flows: &'a BTreeSet<String>,
    pub codes: &'a CodeMaps,
    /// The sheets of the folder `mappings`, by file name; those that cannot be read are `None` and a problem already.
    pub sheets: &'a BTreeMap<String, Option<Sheet>>,
    /// The same of the folder `aggregates`.
    pub aggregates: &'a BTreeMap<String, Option<aggregate::sheet::Sheet>>,
    /// The texts of a version: of the flow's own files, and of files that every flow runs with.
    pub texts: &'a dyn Fn(&[String]) -> BTreeMap<String, String>,
    pub kivuko: &'a str,
}

/// Checks a flow. It is there only when nothing is wrong with it.
pub(crate) fn check(mut node: Node, around: &Surroundings<'_>, problems: &mut Vec<Problem>) -> Option<Flow> {
    let mut found = Vec::new();
    not_yet(&mut node, &mut found);
    let refused = !found.is_empty();
    let whole = read_node::<FlowSpec>(node, &mut found);
    if refused {
        // Without the key that is not available others look missing: `between:` stands for `from:` and `to:`.
        found.retain(|problem| problem.code != project::MISSING_KEY);
    }
    let flow = match (whole.value, whole.node) {
        (Some(spec), Some(node)) => {
            let file = node.at.file.to_string();
            let mut checker = Checker { spec: &spec, node: &node, file: &file, around, problems: &mut found };
            checker.flow()
        }
        _ => None,
    };
    let good = !found.iter().any(|problem| problem.severity == crate::error::Severity::Error);
    problems.append(&mut found);
    flow.filter(|_| good)
}

pub(super) struct Checker<'a, 'p> {
    pub(super) spec: &'a FlowSpec,
    pub(super) node: &'a Node,
    pub(super) file: &'a str,
    pub(super) around: &'a Surroundings<'a>,
    pub(super) problems: &'p mut Vec<Problem>,
}

impl Checker<'_, '_> {
    pub(super) fn error(&mut self, code: Code, keys: &[&str], message: impl Into<String>, expected: impl Into<String>) {
        let place = self.node.place(keys);
        self.problems.push(Problem::error(code, place, message).expected(expected));
    }

    fn flow(&mut self) -> Option<Flow> {
        let spec = self.spec;
        if !name(&spec.flow) {
            let message = format!("`{}` cannot be the name of a flow", spec.flow);
            self.error(project::BAD_VALUE, &["flow"], message, "small letters, digits and hyphens, such as `register-to-godata`");
        }
        let trigger = self.trigger();
        let from = self.from();
        let deletes = self.deletes();
        let keep = self.keep();
        let to = self.to();
        let sides = self.sides();
        let (mapping, aggregate) = match (&spec.mapping, &spec.aggregate) {
            (Some(name), None) => (self.mapping(name, from.as_ref(), to.as_ref(), &sides), None),
            (None, Some(counted)) => {
                let aggregate = self.aggregate(counted, from.as_ref(), to.as_ref(), &sides)?;
                (Some(self.cells(&aggregate, &sides)), Some(aggregate))
            }
            (mapping, _) => {
                let message = if mapping.is_some() { "the flow has a `mapping` and an `aggregate`" } else { "the flow has no `mapping`" };
                let expected = "`mapping:` to carry records over, or `aggregate:` to count them";
                let keys: &[&str] = if mapping.is_some() { &["aggregate"] } else { &[] };
                self.error(project::MAPPING_OR_AGGREGATE, keys, message, expected);
                (None, None)
            }
        };
        if let Some(mapping) = &mapping {
            self.inside_rows(aggregate.as_ref().map_or(mapping.source_paths(), Aggregate::source_paths), from.as_ref());
            self.keys_are_written(mapping, to.as_ref());
            for (flow, place) in mapping.references_with_places() {
                self.known_flow(flow, place.clone(), "the sheet refers to");
            }
        }
        let mapping = mapping?;
        if let (Some(from), Some(to)) = (&from, &to) {
            self.labels(super::needs_labels(&mapping, aggregate.as_ref(), from, to));
        }
        let mut files = vec![self.file.to_owned(), mapping.file().to_owned()];
        let mut maps: BTreeSet<String> = mapping.code_maps().clone();
        maps.extend(aggregate.iter().flat_map(|aggregate| aggregate.code_maps().iter().cloned()));
        maps.extend(from.as_ref().and_then(|from| from.rows.as_ref()).into_iter().flat_map(|rows| rows.code_maps().iter().cloned()));
        maps.extend(to.as_ref().and_then(|to| to.scope.as_ref()).into_iter().flat_map(ScopeRule::code_maps));
        let conditions = from.iter().filter_map(|from| from.where_.as_ref());
        let conditions = conditions.chain(to.iter().flat_map(|to| &to.records).filter_map(|record| record.when.as_ref()));
        maps.extend(conditions.flat_map(Expr::code_maps).cloned());
        files.extend(maps.iter().map(|map| format!("codes/{map}.csv")));
        let version = version(&spec.flow, self.around.kivuko, (self.around.texts)(&files));
        Some(Flow {
            name: spec.flow.clone(),
            file: self.file.to_owned(),
            about: spec.about.as_deref().unwrap_or_default().trim().to_owned(),
            trigger: trigger?,
            from: from?,
            mapping,
            aggregate,
            to: to?,
            deletes,
            keep,
            sides,
            code_maps: maps,
            version,
        })
    }

    /// The transform `label` needs a language, and a language without it does nothing.
    fn labels(&mut self, needed: bool) {
        match (&self.spec.from.labels, needed) {
            (None, true) => {
                let expected = "`labels:` with a language of the source, such as `english_us`";
                self.error(project::MISSING_KEY, &["from"], "`label` is used, and nothing says in which language", expected);
            }
            (Some(_), false) => {
                let warning =
                    Problem::warning(project::NO_EFFECT, self.node.place(&["from", "labels"]), "nothing uses the transform `label`");
                self.problems.push(warning.expected("`label` in the sheet, or no `labels`"));
            }
            _ => {}
        }
    }

    fn trigger(&mut self) -> Option<Trigger> {
        let timed = match &self.spec.trigger {
            None | Some(TriggerSpec::Word(_)) => return Some(Trigger::Manual),
            Some(TriggerSpec::Timed(timed)) => timed,
        };
        let found = match timed {
            TimedSpec { cron: Some(text), every: None, after: None } => {
                if let Some(wrong) = cron(text) {
                    let message = format!("`{text}` is not a cron expression: {wrong}");
                    self.error(
                        project::BAD_VALUE,
                        &["trigger", "cron"],
                        message,
                        "minute, hour, day, month, day of the week: `*/15 * * * *`",
                    );
                    return None;
                }
                Trigger::Cron(text.clone())
            }
            TimedSpec { cron: None, every: Some(text), after: None } => {
                let Some(length) = duration(text) else {
                    let message = format!("`{text}` is not a length of time");
                    let expected = "a length of time such as `30 minutes`, `6 hours`, `1 day`";
                    self.error(project::BAD_VALUE, &["trigger", "every"], message, expected);
                    return None;
                };
                Trigger::Every(length)
            }
            TimedSpec { cron: None, every: None, after: Some(flow) } => {
                if *flow == self.spec.flow {
                    self.error(project::BAD_VALUE, &["trigger", "after"], "the flow would wait for itself", "the name of another flow");
                    return None;
                }
                self.known_flow(flow, self.node.place(&["trigger", "after"]), "the trigger names");
                Trigger::After(flow.clone())
            }
            _ => {
                self.error(
                    project::BAD_VALUE,
                    &["trigger"],
                    "the trigger does not say one thing",
                    "exactly one of `cron`, `every`, `after`; or `trigger: manual`",
                );
                return None;
            }
        };
        let place = self.node.place(&["trigger"]);
        let warning = Problem::warning(project::SCHEDULE_NOT_RUN, place, "this version does not start flows by itself");
        self.problems.push(warning.expected("a timer of the operating system that calls `kivuko run`"));
        Some(found)
    }

    fn known_flow(&mut self, flow: &str, place: Place, what: &str) {
        let flows = self.around.flows;
        if !flows.contains(flow) {
            let known: Vec<&str> = flows.iter().map(String::as_str).filter(|known| *known != self.spec.flow).collect();
            let problem = Problem::error(project::UNKNOWN_FLOW, place, format!("{what} the flow `{flow}`, which is not there"));
            let problem = if known.is_empty() { problem } else { problem.expected(one_of(&known)) };
            self.problems.push(problem.nearest(flow, known.iter().copied()));
        }
    }

    /// The kind and declaration of a system that the flow names.
    pub(super) fn system(&mut self, side: &str, system: &str, able: impl Fn(&Declaration) -> bool, verb: &str) -> Option<&Declaration> {
        let Some((kind, declaration)) = self.around.systems.get(system) else {
            if !self.around.systems_known {
                return None;
            }
            let known: Vec<&str> = self.around.systems.keys().map(String::as_str).collect();
            let place = self.node.place(&[side, "system"]);
            let problem = Problem::error(project::UNKNOWN_SYSTEM, place, format!("there is no system `{system}`"));
            let expected = if known.is_empty() { "a system in `kivuko.yaml`".to_owned() } else { one_of(&known) };
            self.problems.push(problem.expected(expected).nearest(system, known.iter().copied()));
            return None;
        };
        let declaration = (*declaration)?;
        if !able(declaration) {
            self.error(
                project::WRONG_DIRECTION,
                &[side, "system"],
                format!("`{kind}` cannot be {verb}"),
                format!("a system that can be {verb}"),
            );
        }
        Some(declaration)
    }

    pub(super) fn resource(&mut self, declaration: &Declaration, keys: &[&str], resource: &str) {
        if !declaration.resources.is_empty() && !declaration.resources.contains(&resource) {
            let place = self.node.place(keys);
            let problem = Problem::error(project::UNKNOWN_RESOURCE, place, format!("`{}` has no resource `{resource}`", declaration.kind));
            self.problems.push(problem.expected(one_of(declaration.resources)).nearest(resource, declaration.resources.iter().copied()));
        }
    }

    /// The connector's own keys of `from` or `to`.
    pub(super) fn options(&mut self, side: &str, own: &[&str], written: &Map<String, Value>, schema: Option<&Value>) -> Value {
        let nothing = Value::Null;
        let schema = schema.unwrap_or(&nothing);
        let properties = schema.get("properties").and_then(Value::as_object);
        let mut options = Map::new();
        let known: Vec<&str> = own.iter().copied().chain(properties.into_iter().flatten().map(|(key, _)| key.as_str())).collect();
        let mut wanted = Node::empty(self.node.get(side).map_or_else(|| self.node.at.clone(), |node| node.at.clone()));
        for key in written.keys() {
            let Some(entry) = self.node.get(side).and_then(|node| node.entry(key)) else { continue };
            if properties.is_some_and(|properties| properties.contains_key(key)) {
                if let Data::Map(entries) = &mut wanted.data {
                    entries.push(entry.clone());
                }
            } else {
                self.problems.push(unknown_key(key, entry.at.place(), side, &known));
            }
        }
        if properties.is_some() {
            Fit::new(schema).check(&mut wanted, self.problems);
            if let Value::Object(fitted) = wanted.to_value() {
                options = fitted;
            }
        }
        Value::Object(options)
    }

    fn from(&mut self) -> Option<From> {
        let spec = &self.spec.from;
        let declaration = self.system("from", &spec.system, |declaration| declaration.reads, "read").cloned();
        // What an unknown kind of system can take is not known either.
        let options = match &declaration {
            Some(declaration) => {
                self.resource(declaration, &["from", "resource"], &spec.resource);
                self.groups_here(declaration);
                if spec.id.is_none() && !declaration.knows_identity && spec.group.is_none() {
                    let message = format!("`{}` does not know by itself what identifies a record", declaration.kind);
                    self.error(
                        project::IDENTITY_MISSING,
                        &["from"],
                        message,
                        "`id:` with the field whose value is unique and never changes",
                    );
                }
                let own = ["system", "resource", "id", "group", "order", "cursor", "labels", "where", "leaves", "missing_columns"];
                self.options("from", &own, &spec.options, Some(&declaration.from_options))
            }
            None => Value::Object(Map::new()),
        };
        for (key, path) in [("id", &spec.id), ("cursor", &spec.cursor)] {
            if let Some(path) = path {
                self.source_path(&["from", key], path);
            }
        }
        let where_ = spec.where_.as_ref().map(|text| self.expression(&["from", "where"], text));
        let rows = self.rows();
        if spec.leaves.is_some() && where_.is_none() {
            let place = self.node.place(&["from", "leaves"]);
            let warning = Problem::warning(project::NO_EFFECT, place, "without `where` no record ever leaves");
            self.problems.push(warning.expected("`where`, or no `leaves`"));
        }
        Some(From {
            system: spec.system.clone(),
            resource: spec.resource.clone(),
            id: spec.id.clone(),
            rows,
            cursor: spec.cursor.clone(),
            labels: spec.labels.clone(),
            where_: match where_ {
                None => None,
                Some(expr) => Some(expr?),
            },
            leaves: spec.leaves.unwrap_or_default(),
            missing_columns_accept: spec.missing_columns.is_some(),
            options,
        })
    }

    /// `group` and `order`; none of it when something is wrong with them, which is a problem then.
    fn rows(&mut self) -> Option<Rows> {
        let spec = &self.spec.from;
        let Some(group) = &spec.group else {
            if spec.order.is_some() {
                let place = self.node.place(&["from", "order"]);
                let warning = Problem::warning(project::NO_EFFECT, place, "without `group` there are no rows to be put in order");
                self.problems.push(warning.expected("`group`, or no `order`"));
            }
            return None;
        };
        let path = self.source_path(&["from", "group"], group);
        if path.as_ref().is_some_and(|path| path.text() == rows::ROWS) {
            let message = "the rows of a group are called `rows`, so the value that they have in common cannot be called so too";
            self.error(project::BAD_VALUE, &["from", "group"], message, "a column of another name");
            return None;
        }
        let order = match &spec.order {
            None => Some(None),
            Some(text) if rows::is_expression(spec) => {
                self.expression(&["from", "order"], text).map(|expr| Some(Order::Expr(Box::new(expr))))
            }
            Some(text) => self.source_path(&["from", "order"], text).map(|path| Some(Order::Path(path))),
        };
        Some(Rows::new(path?, order?))
    }

    /// Rows are put together only of a source that hands out all of them each time.
    fn groups_here(&mut self, declaration: &Declaration) {
        let spec = &self.spec.from;
        if spec.group.is_none() {
            return;
        }
        if !declaration.reads_whole {
            let message = format!("rows of `{}` cannot be put together: only what has changed is read there", declaration.kind);
            self.error(project::GROUP_NOT_POSSIBLE, &["from", "group"], message, "a source that is read whole each time, such as a file");
        }
        if spec.cursor.is_some() {
            let message = "with `group` all rows are read each time, so that no group lacks one";
            self.error(project::GROUP_NOT_POSSIBLE, &["from", "cursor"], message, "no `cursor`");
        }
    }

    /// With groups, everything that is read lies in `rows`, but for the value that they have in common.
    fn inside_rows(&mut self, paths: &[SourcePath], from: Option<&From>) {
        let Some(rows) = from.and_then(|from| from.rows.as_ref()) else { return };
        for path in paths.iter().filter(|path| !rows.has(path)) {
            let message = format!("`{path}` is read of a group, which has only `{}` and `rows`", rows.group);
            self.error(
                project::OUTSIDE_ROWS,
                &["from", "group"],
                message,
                format!("`rows[0].{path}`, or `item.{path}` in a record with `each: \"rows[]\"`"),
            );
        }
    }

    /// An expression in braces.
    pub(super) fn expression(&mut self, keys: &[&str], text: &str) -> Option<Expr> {
        let Some((inner, before)) = braces(text) else {
            let message = format!("`{}` is not an expression in braces", keys.join("."));
            self.error(sheet::BAD_EXPRESSION, keys, message, "an expression such as `\"{ active == true }\"`");
            return None;
        };
        match Expr::compile(inner) {
            Ok(expr) => Some(expr),
            Err(error) => {
                self.inside(sheet::BAD_EXPRESSION, keys, &error.shifted(before));
                None
            }
        }
    }

    pub(super) fn source_path(&mut self, keys: &[&str], text: &str) -> Option<SourcePath> {
        match SourcePath::parse(text) {
            Ok(path) => Some(path),
            Err(error) => {
                self.inside(sheet::BAD_PATH, keys, &error.into());
                None
            }
        }
    }

    /// A problem at a character of a text.
    pub(super) fn inside(&mut self, code: Code, keys: &[&str], error: &ExprError) {
        let place = self.node.at_path(keys).map_or_else(|| self.node.place(keys), |node| node.place_inside(error.column));
        self.problems.push(Problem::error(code, place, error.message.clone()).expected(error.expected.clone()));
    }

    fn deletes(&mut self) -> Deletes {
        if self.spec.aggregate.is_some() {
            return self.taken_back();
        }
        let Some(spec) = &self.spec.deletes else { return Deletes { detect: Detect::None, then: Then::Ignore, stop_above: None } };
        let then = spec.then.unwrap_or_default();
        let detect = match spec.detect {
            None => Detect::None,
            Some(DetectWord::Tombstone) => Detect::Tombstone,
            Some(DetectWord::Absence) => Detect::Absence,
        };
        let leaves = self.spec.from.leaves == Some(super::Leaves::Delete);
        if then != Then::Ignore && detect == Detect::None && !leaves {
            let place = self.node.place(&["deletes", "then"]);
            let warning = Problem::warning(project::NO_EFFECT, place, "without `detect` no deletion is ever seen");
            self.problems.push(warning.expected("`detect: tombstone`, `detect: absence`, or `leaves: delete` in `from`"));
        }
        let stop_above = self.stop_above(then != Then::Ignore);
        Deletes { detect, then, stop_above }
    }

    /// How many deletions are too many; when the flow does not say, there is a limit if it is `due`.
    pub(super) fn stop_above(&mut self, due: bool) -> Option<StopAbove> {
        let Some(text) = self.spec.deletes.as_ref().and_then(|deletes| deletes.stop_above.as_ref()) else {
            return due.then_some(StopAbove::USUAL);
        };
        let found = stop_above(text);
        if found.is_none() {
            let keys = ["deletes", "stop_above"];
            let expected = "a share of the linked records, such as `5%`, or a share and a number, such as `5% and 2 records`";
            self.error(project::BAD_VALUE, &keys, format!("`{text}` is not a share"), expected);
        }
        found
    }

    fn keep(&mut self) -> Keep {
        let (payload, days) = match &self.spec.keep {
            None => (PayloadWord::Rejected, KEEP_DAYS),
            Some(KeepSpec::Word(payload)) => (*payload, KEEP_DAYS),
            Some(KeepSpec::Full(full)) => (full.payload.unwrap_or_default(), full.days.unwrap_or(KEEP_DAYS)),
        };
        Keep { payload, days }
    }

    pub(super) fn sides(&self) -> Sides {
        let kind = |system: &str| self.around.systems.get(system).map_or("", |(kind, _)| kind.as_str());
        let (from, to) = (self.spec.from.system.as_str(), self.spec.to.system.as_str());
        Sides::new((from, kind(from)), (to, kind(to)))
    }

    /// A sheet of one of the folders of sheets; without it a problem at the key that names it.
    pub(super) fn sheet<S: Clone>(&mut self, keys: &[&str], folder: &str, name: &str, known: &BTreeMap<String, Option<S>>) -> Option<S> {
        let name = name.strip_prefix(folder).and_then(|name| name.strip_prefix('/')).unwrap_or(name);
        if let Some(sheet) = known.get(name) {
            return sheet.clone();
        }
        let names: Vec<&str> = known.keys().map(String::as_str).collect();
        let problem = Problem::error(project::MISSING_FILE, self.node.place(keys), format!("there is no sheet `{folder}/{name}`"));
        let expected = if names.is_empty() { format!("a CSV in the folder `{folder}`") } else { one_of(&names) };
        self.problems.push(problem.expected(expected).nearest(name, names.iter().copied()));
        None
    }

    /// The paths that `from` itself reads of a record.
    pub(super) fn own_reads(from: Option<&From>) -> Vec<SourcePath> {
        let Some(from) = from else { return Vec::new() };
        // With groups these are of a row, and are read before the group is there.
        let own = [&from.id, &from.cursor].into_iter().flatten().filter(|_| from.rows.is_none());
        let mut reads: Vec<SourcePath> = own.filter_map(|path| SourcePath::parse(path).ok()).collect();
        reads.extend(from.where_.iter().flat_map(|expr| expr.paths().iter().cloned()));
        reads
    }

    fn mapping(&mut self, name: &str, from: Option<&From>, to: Option<&To>, sides: &Sides) -> Option<Mapping> {
        // Without the records the sheet cannot be held against anything but itself; what is wrong with `to` is a problem already.
        let (sheet, to) = (self.sheet(&["mapping"], "mappings", name, self.around.sheets)?, to?);
        let mut reads = Self::own_reads(from);
        reads.extend(to.scope.iter().flat_map(ScopeRule::paths));
        for record in &to.records {
            reads.extend(record.matching.iter().filter_map(|matching| matching.day.as_ref()).map(|(source, _)| source.clone()));
            reads.extend(record.when.iter().flat_map(|expr| expr.paths().iter().cloned()));
            if let (Some(when), Some(each)) = (&record.when, &record.each) {
                reads.extend(when.item_paths().iter().filter_map(|path| SourcePath::parse(&format!("{each}.{path}")).ok()));
                if when.reads_whole_item() {
                    reads.push(each.clone());
                }
            }
        }
        let records = to
            .records
            .iter()
            .map(|record| RecordShape { name: &record.name, each: record.each.as_ref(), has_parent: record.of.is_some() })
            .collect();
        let around = Around { records, codes: self.around.codes, sides, reads };
        Some(mapping::compile(sheet, &around, self.problems))
    }

    fn keys_are_written(&mut self, mapping: &Mapping, to: Option<&To>) {
        let Some(to) = to else { return };
        for record in &to.records {
            let written = mapping.created(&record.name);
            for path in &record.key {
                let text = path.to_string();
                if !written.contains(&text) && !mapping.unplaced().contains(&text) {
                    let keys: Vec<&str> =
                        if record.name.is_empty() { vec!["to", "key"] } else { vec!["to", "records", &record.name, "key"] };
                    let place = self.node.place(&keys);
                    let of = if record.name.is_empty() { String::new() } else { format!(" of the record `{}`", record.name) };
                    let problem =
                        Problem::error(project::KEY_NOT_WRITTEN, place, format!("no row of {} fills the key `{text}`{of}", mapping.file()));
                    let expected = format!("a row with the target `{text}` that counts for a creation");
                    self.problems.push(problem.expected(expected).nearest(&text, written.iter().map(String::as_str)));
                }
            }
        }
    }
}

fn version(flow: &str, kivuko: &str, texts: BTreeMap<String, String>) -> FlowVersion {
    let mut hasher = blake3::Hasher::new();
    for part in [flow, kivuko].into_iter().chain(texts.iter().flat_map(|(file, text)| [file.as_str(), text.as_str()])) {
        // The length in front keeps two texts from running into each other.
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let hash = hasher.finalize().to_hex()[..32].to_owned();
    FlowVersion { hash, flow: flow.to_owned(), kivuko: kivuko.to_owned(), texts }
}
