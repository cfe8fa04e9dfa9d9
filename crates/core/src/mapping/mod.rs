//! Mapping sheets: from rows to a plan that turns a record of the source into records of the target.
//!
//! [`sheet`] is what a person wrote: rows of cells, read from and written to a table without loss. Compiling finds everything that is wrong with
//! it at once and gives a [`Mapping`], which holds only what can run. Applying it to a record collects all causes of that record, not the first.

pub mod sheet;

mod apply;
mod compile;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use self::sheet::Column;

use crate::codes::Direction;
use crate::error::{Cause, Place};
use crate::expr::Expr;
use crate::path::{Path, SourcePath};
use crate::projection::Projection;
use crate::transform::Pipeline;

pub(crate) use compile::{Around, RecordShape, compile, item_path, parts, resolve};

/// A compiled sheet.
#[derive(Debug)]
pub struct Mapping {
    file: String,
    sheet: sheet::Sheet,
    plans: BTreeMap<String, Plan>,
    paths: Vec<SourcePath>,
    projection: Projection,
    /// Flow to the first cell that names it.
    references: BTreeMap<String, Place>,
    code_maps: BTreeSet<String>,
    uses_labels: bool,
    unplaced: Vec<String>,
}

/// What a source record becomes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Mapped {
    /// The content of a new record. Empty fields are not in it.
    pub create: Value,
    /// The content for a record that is there, where it is not the same as for a new one. A field that is not in it is left alone, null clears it.
    pub update: Option<Value>,
    /// What a person should look at, although the record goes through.
    pub warnings: Vec<Cause>,
}

impl Mapped {
    /// The content for a record that is there: its own, or that of a new one.
    pub fn update(&self) -> &Value {
        self.update.as_ref().unwrap_or(&self.create)
    }
}

impl Mapping {
    /// The file of the sheet: `mappings/cases.csv`.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The sheet as it was written.
    pub fn sheet(&self) -> &sheet::Sheet {
        &self.sheet
    }

    /// The source paths that the flow reads: those of the sheet and of `where`, `when`, `each`, `id` and `cursor`. None at all means the whole record.
    pub fn paths(&self) -> Vec<String> {
        if self.paths.iter().any(|path| path.text().starts_with('$')) {
            return Vec::new();
        }
        self.paths.iter().map(|path| path.text().to_owned()).collect()
    }

    /// The same, as paths.
    pub(crate) fn source_paths(&self) -> &[SourcePath] {
        &self.paths
    }

    /// Parses of a raw record what [`Mapping::paths`] names, and nothing else.
    pub fn projection(&self) -> &Projection {
        &self.projection
    }

    /// The target paths that are written into this record, in the order of the sheet.
    pub fn targets(&self, record: &str) -> Vec<String> {
        self.plans.get(record).map(|plan| plan.targets.clone()).unwrap_or_default()
    }

    /// The fields at the top of this record that are given a value only where the target has none (`on` = `empty`).
    pub fn fills(&self, record: &str) -> &[String] {
        self.plans.get(record).map(|plan| plan.fills.as_slice()).unwrap_or_default()
    }

    /// The target paths of this record whose value comes from a record that this flow writes.
    pub fn referring(&self, record: &str, flow: &str) -> Vec<&str> {
        let mut found = Vec::new();
        if let Some(plan) = self.plans.get(record) {
            rows(&plan.steps, &mut found);
        }
        let refers = |row: &&&Row| row.pipeline.as_ref().is_some_and(|pipeline| pipeline.references().contains(&flow));
        found.iter().filter(refers).map(|row| row.target.as_str()).collect()
    }

    /// Whether a field of this record is what stands at a path of the source, and nothing is done with it: records that differ there differ in it too.
    pub fn carries(&self, record: &str, target: &Path, source: &str) -> bool {
        let fields = self.plans.get(record).into_iter().flat_map(|plan| &plan.steps).filter_map(|step| match step {
            Step::Field(field) => Some(field),
            Step::List(_) => None,
        });
        let untouched = |row: &Row| {
            let is_source = matches!(row.sources.as_slice(), [Source::Record(path)] if path.text() == source);
            is_source && row.pipeline.is_none() && row.codes.is_none() && row.when.is_none() && row.default.is_none() && row.on == On::Both
        };
        let mut named = fields.filter(|field| field.target == *target);
        named.next().is_some_and(|field| matches!(field.rows.as_slice(), [row] if untouched(row)))
    }

    /// The target paths that get a value when this record is created.
    pub(crate) fn created(&self, record: &str) -> Vec<String> {
        let mut found = Vec::new();
        if let Some(plan) = self.plans.get(record) {
            rows(&plan.steps, &mut found);
        }
        found.into_iter().filter(|row| row.on.creates()).map(|row| row.target.clone()).collect()
    }

    /// What the sheet reads, field by field of the target: the row of the sheet and its source paths. Of a field that has a value all the same (a constant, a default, an
    /// expression of its own) nothing is said.
    pub fn wanted(&self) -> Vec<Vec<Wanted>> {
        let mut fields: BTreeMap<(&str, &str), Option<Vec<Wanted>>> = BTreeMap::new();
        for row in self.sheet.rows.iter().filter(|row| !row.cell(Column::Owner).eq_ignore_ascii_case("target")) {
            let paths: Vec<String> = compile::parts(row.cell(Column::Source)).map(|part| part.trim().to_owned()).collect();
            let field = fields.entry((row.cell(Column::Record), row.cell(Column::Target))).or_insert_with(|| Some(Vec::new()));
            if paths.is_empty() || !row.cell(Column::Default).is_empty() {
                *field = None;
            } else if let Some(rows) = field {
                rows.push(Wanted { row: row.number, paths });
            }
        }
        fields.into_values().flatten().filter(|rows| !rows.is_empty()).collect()
    }

    /// Whether what stands at a target path of this record may be seen by everybody: the path is one that is not personal, or holds nothing but such ones.
    pub fn is_seen(&self, record: &str, path: &str) -> bool {
        self.plans.get(record).is_some_and(|plan| seen_in(path, &plan.targets, &plan.not_personal))
    }

    /// The flows whose records the sheet refers to.
    pub fn references(&self) -> impl Iterator<Item = &str> {
        self.references.keys().map(String::as_str)
    }

    /// The same, each with the first cell that names it.
    pub(crate) fn references_with_places(&self) -> &BTreeMap<String, Place> {
        &self.references
    }

    /// The targets of rows whose record is not known.
    pub(crate) fn unplaced(&self) -> &[String] {
        &self.unplaced
    }

    /// Whether the sheet needs the labels of the source.
    pub fn uses_labels(&self) -> bool {
        self.uses_labels
    }

    /// The code maps that the sheet uses.
    pub fn code_maps(&self) -> &BTreeSet<String> {
        &self.code_maps
    }
}

fn seen_in(path: &str, targets: &[String], not_personal: &[String]) -> bool {
    // What a connector says of an item, it says by its position: then every item of that list counts.
    let by_position = path.split('[').skip(1).any(|part| part.starts_with(|first: char| first.is_ascii_digit()));
    let touches = |target: &String| {
        if by_position {
            let (path, target) = (every_item(path), every_item(target));
            return holds(&path, &target) || holds(&target, &path);
        }
        holds(path, target) || holds(target, path)
    };
    let mut touched = targets.iter().filter(|target| touches(target)).peekable();
    touched.peek().is_some() && touched.all(|target| not_personal.contains(target))
}

/// A path without what says which item of a list is meant.
fn every_item(path: &str) -> String {
    let mut text = String::with_capacity(path.len());
    let mut inside = false;
    for letter in path.chars() {
        inside = (inside || letter == '[') && letter != ']';
        if !inside || letter == '[' {
            text.push(letter);
        }
    }
    text
}

/// Whether `inner` is `outer` or lies within it.
fn holds(outer: &str, inner: &str) -> bool {
    inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

/// What one row of the sheet reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The row of the sheet.
    pub row: usize,
    /// Its source paths, as they are written.
    pub paths: Vec<String>,
}

/// What is written into one of the flow's records.
#[derive(Debug, Default)]
struct Plan {
    steps: Vec<Step>,
    /// A creation and an update may differ.
    two_sided: bool,
    targets: Vec<String>,
    not_personal: Vec<String>,
    /// Fields that are given a value only where the target has none.
    fills: Vec<String>,
}

/// A part of a plan: one target field, or a list that is built item by item.
#[derive(Debug)]
enum Step {
    Field(Field),
    List(List),
}

/// All rows with one target. The first that applies and is not empty wins.
#[derive(Debug)]
struct Field {
    /// Relative to the record, or to the item of the list that it is in.
    target: Path,
    rows: Vec<Row>,
}

/// Rows with the same target up to `[]`.
#[derive(Debug)]
struct List {
    /// The array in the target, without `[]`.
    target: Path,
    /// The items in the source.
    items: Source,
    steps: Vec<Step>,
    /// One of its rows says `clear`: without items the array is cleared.
    clears: bool,
}

/// Where a value comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// The source record.
    Record(SourcePath),
    /// An item: 0 is the outermost.
    Item { depth: usize, path: Path },
}

/// A compiled row.
#[derive(Debug)]
struct Row {
    number: usize,
    /// The whole target path, for causes.
    target: String,
    sources: Vec<Source>,
    pipeline: Option<Pipeline>,
    codes: Option<Codes>,
    when: Option<Expr>,
    default: Option<Fallback>,
    empty: Empty,
    on: On,
}

/// All rows of these steps, those of lists too.
fn rows<'m>(steps: &'m [Step], found: &mut Vec<&'m Row>) {
    for step in steps {
        match step {
            Step::Field(field) => found.extend(&field.rows),
            Step::List(list) => rows(&list.steps, found),
        }
    }
}

/// The code map of a row, and its columns on both sides.
#[derive(Debug)]
struct Codes {
    map: String,
    direction: Direction,
}

/// What stands in the column `default`.
#[derive(Debug)]
enum Fallback {
    Value(Value),
    Expr(Box<Expr>),
}

/// What an empty value does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Empty {
    Keep,
    Clear,
    Reject,
}

/// When a row counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum On {
    Both,
    Create,
    Update,
    /// Both, as long as the target has nothing there.
    Empty,
}

impl On {
    fn creates(self) -> bool {
        self != Self::Update
    }

    fn updates(self) -> bool {
        self != Self::Create
    }
}
