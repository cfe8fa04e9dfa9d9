//! From the rows of a sheet to a plan. All that is wrong is collected, each with its row and column.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use super::sheet::{Column, Row as Written, Sheet};
use super::{Codes, Empty, Fallback, Field, List, Mapping, On, Plan, Row, Source, Step};
use crate::catalogue::{project, sheet};
use crate::codes::{CodeMaps, Sides};
use crate::error::{Place, Problem, nearest};
use crate::expr::{Expr, ExprError};
use crate::flow::words::braces;
use crate::path::{Path, Segment, SourcePath};
use crate::projection::Projection;
use crate::transform::{self, Pipeline};
use crate::yaml::one_of;

/// What a sheet has to know of the flow that it belongs to.
pub(crate) struct Around<'a> {
    pub records: Vec<RecordShape<'a>>,
    pub codes: &'a CodeMaps,
    /// The two systems.
    pub sides: &'a Sides,
    /// Paths that the flow reads beside the sheet.
    pub reads: Vec<SourcePath>,
}

/// One of the flow's records, as far as a sheet sees it.
pub(crate) struct RecordShape<'a> {
    pub name: &'a str,
    pub each: Option<&'a SourcePath>,
    /// Whether `{ parent.id }` means something.
    pub has_parent: bool,
}

/// Compiles a sheet. The mapping holds what could be compiled; it may run only when there were no problems.
pub(crate) fn compile(sheet: Sheet, around: &Around<'_>, problems: &mut Vec<Problem>) -> Mapping {
    let mut compiler = Compiler {
        sheet: &sheet,
        around,
        problems,
        paths: around.reads.clone(),
        references: BTreeMap::new(),
        code_maps: BTreeSet::new(),
        uses_labels: false,
        unplaced: Vec::new(),
    };
    let mut drafts: BTreeMap<String, Vec<Draft>> = BTreeMap::new();
    let mut plans: BTreeMap<String, Plan> = BTreeMap::new();
    for row in &sheet.rows {
        if let Some((record, draft)) = compiler.row(row) {
            let plan = plans.entry(record.clone()).or_default();
            if !plan.targets.contains(&draft.row.target) {
                plan.targets.push(draft.row.target.clone());
            }
            if row.cell(Column::Personal).eq_ignore_ascii_case("no") && !plan.not_personal.contains(&draft.row.target) {
                plan.not_personal.push(draft.row.target.clone());
            }
            if draft.row.on == On::Empty && !plan.fills.contains(&draft.row.target) {
                plan.fills.push(draft.row.target.clone());
            }
            plan.two_sided |= draft.row.on != On::Both || draft.row.empty == Empty::Clear;
            drafts.entry(record).or_default().push(draft);
        }
    }
    for (record, drafts) in drafts {
        compiler.twice(&drafts);
        let shape = around.records.iter().find(|shape| shape.name == record);
        let chain: Vec<Path> = shape.and_then(|shape| shape.each).and_then(|each| Path::parse(each.text()).ok()).into_iter().collect();
        let steps = compiler.steps(drafts, &chain);
        if let Some(plan) = plans.get_mut(&record) {
            plan.steps = steps;
        }
    }
    let mut paths = compiler.paths;
    let (references, code_maps, uses_labels, unplaced) = (compiler.references, compiler.code_maps, compiler.uses_labels, compiler.unplaced);
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.text().to_owned()));
    let projection = if paths.is_empty() { Projection::everything() } else { Projection::new(&paths) };
    Mapping { file: sheet.file.clone(), sheet, plans, paths, projection, references, code_maps, uses_labels, unplaced }
}

/// A row whose place in the plan is not known yet.
struct Draft {
    row: Row,
    has_when: bool,
    /// Relative to the list that the row is in.
    target: Path,
    sources: Vec<SourcePath>,
}

struct Compiler<'a, 'p> {
    sheet: &'a Sheet,
    around: &'a Around<'a>,
    problems: &'p mut Vec<Problem>,
    paths: Vec<SourcePath>,
    references: BTreeMap<String, Place>,
    code_maps: BTreeSet<String>,
    uses_labels: bool,
    /// The targets of rows whose record is not known.
    unplaced: Vec<String>,
}

impl Compiler<'_, '_> {
    fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    fn error(&self, code: crate::error::Code, row: &Written, column: Column, message: impl Into<String>) -> Problem {
        Problem::error(code, self.sheet.place(row, column), message)
    }

    /// One row: the name of its record and what it says. `None` when it does not write anything.
    fn row(&mut self, written: &Written) -> Option<(String, Draft)> {
        for column in [Column::Direction, Column::TransformBack] {
            if !written.cell(column).is_empty() {
                let message = format!("`{}` belongs to two-way flows, which are not available yet", column.name());
                self.problem(self.error(sheet::NOT_TWO_WAY, written, column, message).expected("an empty cell"));
            }
        }
        let record = self.record(written);
        let target = self.target(written);
        let sources = self.sources(written);
        let pipeline = self.pipeline(written);
        let codes = self.codes(written);
        let when = self.expression(written, Column::When, false);
        let default = self.default(written);
        let empty =
            self.word(written, Column::Empty, &[("keep", Empty::Keep), ("clear", Empty::Clear), ("reject", Empty::Reject)], Empty::Keep);
        let on = self.word(written, Column::On, &[("create", On::Create), ("update", On::Update), ("empty", On::Empty)], On::Both);
        if let (On::Empty, Some(path)) = (on, target.as_ref())
            && !matches!(path.segments(), [Segment::Field(_)])
        {
            let problem =
                self.error(sheet::BAD_WORD, written, Column::On, "`empty` is for a field of the record itself, not for a part of one");
            self.problem(problem.expected("`create`, `update`, nothing, or a target such as `closedDate`"));
        }
        let owned_here = self.word(written, Column::Owner, &[("source", true), ("target", false)], true);
        self.word(written, Column::Personal, &[("yes", true), ("no", false)], true);
        self.word(written, Column::Status, &[("agreed", ()), ("discuss", ()), ("new", ())], ());

        let no_value = sources.is_empty() && written.cell(Column::Transform).is_empty() && default.is_none() && empty != Empty::Clear;
        if target.is_some() && owned_here && no_value && written.cell(Column::Source).is_empty() && written.cell(Column::Default).is_empty()
        {
            let problem = self.error(sheet::NO_VALUE, written, Column::Source, "the row has no source, no transform and no default");
            self.problem(problem.expected("a source path, or a transform such as `{ \"SN\" }`"));
        }
        // A path that cannot be read is a problem already, and would be counted wrong.
        if sources.len() == parts(written.cell(Column::Source)).count() {
            self.fits(written, sources.len(), pipeline.as_ref());
        }
        let target = target?;
        let Some(record) = record else {
            self.unplaced.push(target.to_string());
            return None;
        };
        if !owned_here {
            return None;
        }
        let row =
            Row { number: written.number, target: target.to_string(), sources: Vec::new(), pipeline, codes, default, empty, on, when };
        Some((record, Draft { has_when: !written.cell(Column::When).is_empty(), row, target, sources }))
    }

    /// Whether the transform makes one value of what the source names.
    fn fits(&mut self, written: &Written, sources: usize, pipeline: Option<&Pipeline>) {
        let nothing = Pipeline::default();
        let pipeline = match pipeline {
            Some(pipeline) => pipeline,
            // A cell that cannot be read is a problem already.
            None if !written.cell(Column::Transform).is_empty() => return,
            None => &nothing,
        };
        if let Err(error) = pipeline.accepts(sources) {
            let column = if sources == 0 { Column::Source } else { Column::Transform };
            let problem = self.error(sheet::BAD_TRANSFORM, written, column, error.message);
            self.problem(problem.expected(error.expected));
        }
    }

    fn record(&mut self, written: &Written) -> Option<String> {
        let name = written.cell(Column::Record);
        let known: Vec<&str> = self.around.records.iter().map(|shape| shape.name).collect();
        if known.contains(&name) {
            return Some(name.to_owned());
        }
        let single = known == [""];
        let message = match (single, name.is_empty()) {
            (true, _) => format!("the flow has one record, so `{name}` means nothing"),
            (false, true) => "the row does not say which of the flow's records it writes".to_owned(),
            (false, false) => format!("the flow has no record `{name}`"),
        };
        let problem = self.error(project::UNKNOWN_RECORD, written, Column::Record, message);
        let problem =
            if single { problem.expected("an empty cell") } else { problem.expected(one_of(&known)).nearest(name, known.iter().copied()) };
        self.problem(problem);
        None
    }

    fn target(&mut self, written: &Written) -> Option<Path> {
        let cell = written.cell(Column::Target);
        if cell.is_empty() {
            let problem = self.error(sheet::EMPTY_TARGET, written, Column::Target, "the row has no target");
            self.problem(problem.expected("a path in the target record, such as `firstName`"));
            return None;
        }
        match Path::parse(cell) {
            Ok(path) => Some(path),
            Err(error) => {
                self.bad_cell(sheet::BAD_PATH, written, Column::Target, &error.into());
                None
            }
        }
    }

    fn sources(&mut self, written: &Written) -> Vec<SourcePath> {
        let cell = written.cell(Column::Source);
        let mut sources = Vec::new();
        let mut passed = 0;
        for part in parts(cell) {
            match SourcePath::parse(part.trim()) {
                Ok(path) => sources.push(path),
                Err(error) => {
                    let spaces = part.chars().take_while(|letter| letter.is_whitespace()).count();
                    self.bad_cell(sheet::BAD_PATH, written, Column::Source, &ExprError::from(error).shifted(passed + spaces));
                }
            }
            passed += part.chars().count() + 3;
        }
        sources
    }

    fn pipeline(&mut self, written: &Written) -> Option<Pipeline> {
        let cell = written.cell(Column::Transform);
        if cell.is_empty() {
            return None;
        }
        match Pipeline::parse(cell) {
            Ok(pipeline) => {
                let flows: Vec<String> = pipeline.references().iter().map(ToString::to_string).collect();
                self.refers(written, Column::Transform, flows);
                self.code_maps.extend(pipeline.code_maps().iter().map(ToString::to_string));
                self.uses_labels |= pipeline.uses_labels();
                let missing: Vec<String> =
                    pipeline.code_maps().iter().map(ToString::to_string).filter(|name| !self.around.codes.0.contains_key(name)).collect();
                for name in missing {
                    self.unknown_code_map(written, Column::Transform, &name);
                }
                Some(pipeline)
            }
            Err(error) => {
                let code = if cell.starts_with('{') { sheet::BAD_EXPRESSION } else { sheet::BAD_TRANSFORM };
                self.bad_cell(code, written, Column::Transform, &error);
                None
            }
        }
    }

    fn codes(&mut self, written: &Written) -> Option<Codes> {
        let name = written.cell(Column::Codes);
        if name.is_empty() {
            return None;
        }
        let Some(map) = self.around.codes.0.get(name) else {
            self.unknown_code_map(written, Column::Codes, name);
            return None;
        };
        self.code_maps.insert(name.to_owned());
        // With an unknown system its column cannot be known either; that is a problem of the flow.
        if self.around.sides.source.kind.is_empty() || self.around.sides.target.kind.is_empty() {
            return None;
        }
        match map.direction(self.around.sides) {
            Ok(direction) => Some(Codes { map: name.to_owned(), direction }),
            Err(problem) => {
                if !self.problems.contains(&problem) {
                    self.problem(problem);
                }
                None
            }
        }
    }

    fn refers(&mut self, written: &Written, column: Column, flows: Vec<String>) {
        let place = self.sheet.place(written, column);
        for flow in flows {
            self.references.entry(flow).or_insert_with(|| place.clone());
        }
    }

    fn unknown_code_map(&mut self, written: &Written, column: Column, name: &str) {
        let known: Vec<&str> = self.around.codes.0.keys().map(String::as_str).collect();
        let problem = self.error(sheet::UNKNOWN_CODE_MAP, written, column, format!("there is no code map `{name}`"));
        let expected = if known.is_empty() { format!("a file `codes/{name}.csv`") } else { one_of(&known) };
        self.problem(problem.expected(expected).nearest(name, known.iter().copied()));
    }

    /// An expression, with or without braces around it.
    fn expression(&mut self, written: &Written, column: Column, only_braces: bool) -> Option<Expr> {
        let cell = written.cell(column);
        let (text, offset) = match braces(cell) {
            Some(found) => found,
            None if cell.is_empty() || only_braces => return None,
            None => (cell, 0),
        };
        match Expr::compile(text) {
            Ok(expr) => {
                self.refers(written, column, expr.references().to_vec());
                self.code_maps.extend(expr.code_maps().iter().cloned());
                self.uses_labels |= expr.uses_labels();
                Some(expr)
            }
            Err(error) => {
                self.bad_cell(sheet::BAD_EXPRESSION, written, column, &error.shifted(offset));
                None
            }
        }
    }

    fn default(&mut self, written: &Written) -> Option<Fallback> {
        let cell = written.cell(Column::Default);
        if braces(cell).is_some() {
            return self.expression(written, Column::Default, true).map(|expr| Fallback::Expr(Box::new(expr)));
        }
        (!cell.is_empty()).then(|| Fallback::Value(Value::String(cell.to_owned())))
    }

    fn word<T: Copy>(&mut self, written: &Written, column: Column, words: &[(&str, T)], otherwise: T) -> T {
        let cell = written.cell(column);
        if cell.is_empty() {
            return otherwise;
        }
        if let Some((_, value)) = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(cell)) {
            return *value;
        }
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let problem = self.error(sheet::BAD_WORD, written, column, format!("`{}` cannot be `{cell}`", column.name()));
        self.problem(problem.expected(format!("{}, or an empty cell", one_of(&known))).nearest(cell, known.iter().copied()));
        otherwise
    }

    /// What is wrong inside a cell, with the character at which it is.
    fn bad_cell(&mut self, code: crate::error::Code, written: &Written, column: Column, error: &ExprError) {
        let message = format!("character {}: {}", error.column, error.message);
        let mut problem = self.error(code, written, column, message);
        if !error.expected.is_empty() {
            problem = problem.expected(error.expected.clone());
        }
        if code == sheet::BAD_TRANSFORM {
            let word: String = written
                .cell(column)
                .chars()
                .skip(error.column.saturating_sub(1))
                .take_while(|letter| letter.is_alphanumeric() || *letter == '_')
                .collect();
            let near = nearest(&word, transform::all().iter().map(|known| known.name));
            problem.nearest = near.filter(|near| *near != word).map(str::to_owned);
        }
        self.problem(problem);
    }

    /// Two rows with one target of which neither says when it applies; targets of which one lies inside the other.
    fn twice(&mut self, drafts: &[Draft]) {
        // The first row for each target, for each that holds targets, and for each that is written always: in a creation, in an update.
        let mut whole: HashMap<&[Segment], usize> = HashMap::new();
        let mut parts: HashMap<&[Segment], usize> = HashMap::new();
        let mut always: HashMap<&[Segment], [Option<usize>; 2]> = HashMap::new();
        for (position, later) in drafts.iter().enumerate() {
            let target = later.target.segments();
            let outer = || (1..target.len()).map(|end| &target[..end]);
            let sides = [later.row.on.creates(), later.row.on.updates()];
            let mut clashes: Vec<usize> = outer().filter_map(|prefix| whole.get(prefix).copied()).collect();
            clashes.extend(parts.get(target));
            if !later.has_when {
                let first = always.entry(target).or_default();
                for (first, _) in first.iter_mut().zip(sides).filter(|(_, counts)| *counts) {
                    clashes.extend(*first);
                    first.get_or_insert(position);
                }
            }
            if let Some(earlier) = clashes.into_iter().min().map(|position| &drafts[position]) {
                self.clash(earlier, later);
            }
            whole.entry(target).or_insert(position);
            for prefix in outer() {
                parts.entry(prefix).or_insert(position);
            }
        }
    }

    fn clash(&mut self, earlier: &Draft, later: &Draft) {
        let written = self.sheet.rows.iter().find(|row| row.number == later.row.number);
        let place = written.map(|row| self.sheet.place(row, Column::Target)).unwrap_or_default();
        let (target, other, number) = (&later.row.target, &earlier.row.target, earlier.row.number);
        self.problem(if target == other {
            Problem::error(sheet::DUPLICATE_TARGET, place, format!("`{target}` is written by row {number} too"))
                .expected("one row, or `when` in one of the two")
        } else {
            Problem::error(sheet::DUPLICATE_TARGET, place, format!("`{target}` and `{other}` of row {number} lie in each other"))
                .expected("either the whole value or its parts")
        });
    }

    /// Puts rows with one target together, and rows with the same `[]` into a list. Lists come first, so that single items are found in them.
    fn steps(&mut self, drafts: Vec<Draft>, chain: &[Path]) -> Vec<Step> {
        let mut fields: Vec<Field> = Vec::new();
        let mut lists: Vec<(Path, Vec<Draft>)> = Vec::new();
        for mut draft in drafts {
            if let Some((prefix, rest)) = draft.target.each_prefix() {
                draft.target = rest;
                match lists.iter_mut().find(|(known, _)| *known == prefix) {
                    Some((_, rows)) => rows.push(draft),
                    None => lists.push((prefix, vec![draft])),
                }
                continue;
            }
            self.collect_paths(&draft, chain);
            let Draft { mut row, target, sources, .. } = draft;
            row.sources = sources.iter().map(|path| resolve(path, chain)).collect();
            match fields.iter_mut().find(|field| field.target == target) {
                Some(field) => field.rows.push(row),
                None => fields.push(Field { target, rows: vec![row] }),
            }
        }
        let lists: Vec<Step> = lists.into_iter().filter_map(|(prefix, rows)| self.list(&prefix, rows, chain)).map(Step::List).collect();
        lists.into_iter().chain(fields.into_iter().map(Step::Field)).collect()
    }

    fn list(&mut self, prefix: &Path, rows: Vec<Draft>, chain: &[Path]) -> Option<List> {
        let mut items: Option<(Path, Source, SourcePath)> = None;
        for draft in &rows {
            for source in &draft.sources {
                let Some((own, read, whole)) = item_prefix(source, chain) else { continue };
                match &items {
                    Some((known, _, _)) if *known != own => {
                        let message =
                            format!("row {} reads `{own}`, the rows before it `{known}`, into the one list `{prefix}`", draft.row.number);
                        self.bad_list(draft.row.number, message);
                        return None;
                    }
                    Some(_) => {}
                    None => items = Some((own, read, whole)),
                }
            }
        }
        let Some((own, read, whole)) = items else {
            let message = format!("no row of the list `{prefix}` has a source with `[]`, so there is nothing to repeat it for");
            self.bad_list(rows[0].row.number, message);
            return None;
        };
        // An expression that uses the item as a whole needs all of it.
        let needs_whole = |draft: &Draft| {
            draft.row.when.as_ref().is_some_and(Expr::reads_whole_item)
                || draft.row.pipeline.as_ref().is_some_and(Pipeline::reads_whole_item)
        };
        if rows.iter().any(needs_whole) {
            self.paths.push(whole);
        }
        let clears = rows.iter().any(|draft| draft.row.empty == Empty::Clear);
        let target = Path::parse(prefix.to_string().trim_end_matches("[]")).ok()?;
        let inner: Vec<Path> = chain.iter().cloned().chain([own]).collect();
        Some(List { target, items: read, steps: self.steps(rows, &inner), clears })
    }

    fn bad_list(&mut self, number: usize, message: String) {
        if let Some(row) = self.sheet.rows.iter().find(|row| row.number == number) {
            let problem = self.error(sheet::BAD_LIST, row, Column::Source, message);
            self.problem(problem.expected("the same path up to `[]` in all rows of a list"));
        }
    }

    /// Everything that a row reads, as paths from the source record.
    fn collect_paths(&mut self, draft: &Draft, chain: &[Path]) {
        let prefix: String = chain.iter().map(ToString::to_string).collect::<Vec<_>>().join(".");
        let has_parent = self.around.records.iter().any(|shape| shape.has_parent);
        for source in &draft.sources {
            match (resolve(source, chain), is_item(source, chain)) {
                (Source::Item { path, .. }, true) => self.paths.extend(item_path(&prefix, &path.to_string())),
                _ => self.paths.push(source.clone()),
            }
        }
        let row = &draft.row;
        let mut outer: Vec<SourcePath> = Vec::new();
        let mut inner: Vec<String> = Vec::new();
        let fallback = match &row.default {
            Some(Fallback::Expr(expr)) => Some(&**expr),
            _ => None,
        };
        for expr in row.when.iter().chain(fallback) {
            outer.extend(expr.paths().iter().cloned());
            inner.extend(expr.item_paths().iter().map(|path| path.text().to_owned()));
            if expr.reads_whole_item() {
                inner.push(String::new());
            }
        }
        if let Some(pipeline) = &row.pipeline {
            outer.extend(pipeline.paths().into_iter().cloned());
            inner.extend(pipeline.item_paths().into_iter().map(|path| path.text().to_owned()));
            if pipeline.reads_whole_item() {
                inner.push(String::new());
            }
        }
        self.paths.extend(outer.into_iter().filter(|path| !(has_parent && path.top() == Some("parent"))));
        self.paths.extend(inner.iter().filter_map(|path| item_path(&prefix, path)));
    }
}

/// A path of an item as one of the record; `prefix` is the path of the items, and without one there is none.
pub(crate) fn item_path(prefix: &str, path: &str) -> Option<SourcePath> {
    if prefix.is_empty() {
        return None;
    }
    let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
    // A name that is no path (`Date of birth?`) is read with the whole item around it.
    SourcePath::parse(&format!("{prefix}{joint}{path}")).or_else(|_| SourcePath::parse(prefix)).ok()
}

/// The paths of a source cell.
pub(crate) fn parts(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(" ; ").filter(move |_| !cell.is_empty())
}

fn is_item(source: &SourcePath, chain: &[Path]) -> bool {
    !chain.is_empty() && source.top() == Some("item")
}

/// Follows the items that stand around a value: how many of them the path goes through, and the rest of it.
fn through(source: &SourcePath, chain: &[Path]) -> (usize, Option<Path>) {
    let Some((first, mut rest)) = source.each_prefix() else { return (0, None) };
    if chain.first().is_none_or(|known| known.to_string() != first.text()) {
        return (0, None);
    }
    let mut depth = 1;
    while let Some((next, inner)) = rest.each_prefix() {
        if chain.get(depth) != Some(&next) {
            break;
        }
        rest = inner;
        depth += 1;
    }
    (depth, Some(rest))
}

/// Whether a path is read of the record, or of one of the items that stand around it.
pub(crate) fn resolve(source: &SourcePath, chain: &[Path]) -> Source {
    if is_item(source, chain) {
        let rest = source.text().trim_start_matches("item").trim_start_matches('.');
        // `item` alone is the item itself: what follows `[]` in a path that ends there.
        let path = if rest.is_empty() { Path::field("item[]").each_prefix().map(|(_, rest)| rest) } else { Path::parse(rest).ok() };
        if let Some(path) = path {
            return Source::Item { depth: chain.len() - 1, path };
        }
    }
    match through(source, chain) {
        (depth, Some(path)) if depth > 0 => Source::Item { depth: depth - 1, path },
        _ => Source::Record(source.clone()),
    }
}

/// For a path that goes through all items around and then through one more `[]`: that prefix relative to the innermost item, how to read
/// its items, and the same as a path from the record.
fn item_prefix(source: &SourcePath, chain: &[Path]) -> Option<(Path, Source, SourcePath)> {
    if chain.is_empty() {
        let (prefix, _) = source.each_prefix()?;
        return Some((Path::parse(prefix.text()).ok()?, Source::Record(prefix.clone()), prefix));
    }
    let (depth, rest) = through(source, chain);
    if depth != chain.len() {
        return None;
    }
    let (prefix, _) = rest?.each_prefix()?;
    let outer: Vec<String> = chain.iter().chain([&prefix]).map(ToString::to_string).collect();
    let whole = SourcePath::parse(&outer.join(".")).ok()?;
    Some((prefix.clone(), Source::Item { depth: depth - 1, path: prefix }, whole))
}
