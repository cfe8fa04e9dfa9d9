//! Where a value of an indicator comes from: a path, paths with transforms after them, or an expression in braces.

use std::borrow::Cow;

use serde_json::Value;

use super::text::{split_once, trimmed};
use crate::catalogue::{record, sheet};
use crate::error::{Cause, Code};
use crate::expr::{Expr, ExprError, Scope};
use crate::mapping::{Source, item_path, parts, resolve};
use crate::path::{Path, SourcePath};
use crate::transform::Pipeline;
use crate::value;

/// A compiled reading: `dateOfOnset`, `onset ; reported | first | date("dd/MM/yyyy")`, `{ has(a) ? a : b }`.
#[derive(Debug)]
pub struct Reading {
    text: String,
    sources: Vec<Source>,
    pipeline: Option<Pipeline>,
    paths: Vec<SourcePath>,
}

/// Why a text is no reading: the code says which part of it is wrong.
#[derive(Debug, PartialEq)]
pub(crate) struct Misread {
    pub code: Code,
    pub error: ExprError,
}

impl Misread {
    pub(super) fn new(code: Code, error: impl Into<ExprError>) -> Self {
        Self { code, error: error.into() }
    }

    pub(super) fn shifted(self, by: usize) -> Self {
        Self { error: self.error.shifted(by), ..self }
    }
}

impl Reading {
    /// Reads a cell. `each` is the path of the items that the indicator counts.
    pub(crate) fn parse(cell: &str, each: Option<&SourcePath>) -> Result<Self, Misread> {
        let (spaces, text) = trimmed(cell);
        if text.starts_with('{') {
            let pipeline = Pipeline::parse(text).map_err(|error| Misread::new(sheet::BAD_EXPRESSION, error).shifted(spaces))?;
            pipeline.accepts(0).map_err(|error| Misread::new(sheet::BAD_EXPRESSION, error).shifted(spaces))?;
            return Ok(Self::new(text, Vec::new(), Some(pipeline), each));
        }
        let (sources, transforms) = match split_once(text, '|') {
            Some((sources, before, transforms)) => (sources, Some((spaces + before, transforms))),
            None => (text, None),
        };
        let mut found = Vec::new();
        let mut passed = spaces;
        for part in parts(sources) {
            let (inner, path) = trimmed(part);
            let parsed = SourcePath::parse(path).map_err(|error| Misread::new(sheet::BAD_PATH, error).shifted(passed + inner))?;
            found.push(parsed);
            passed += part.chars().count() + 3;
        }
        let pipeline = match transforms {
            None => None,
            Some((before, cell)) => {
                let pipeline = Pipeline::parse(cell).map_err(|error| Misread::new(sheet::BAD_TRANSFORM, error).shifted(before))?;
                if pipeline.is_empty() {
                    let error = ExprError::new(1, "there is nothing after `|`", "a transform, such as `trim`");
                    return Err(Misread::new(sheet::BAD_TRANSFORM, error).shifted(before));
                }
                Some(pipeline)
            }
        };
        let accepted = match &pipeline {
            Some(pipeline) => pipeline.accepts(found.len()),
            None => Pipeline::default().accepts(found.len()),
        };
        accepted.map_err(|error| Misread::new(sheet::BAD_TRANSFORM, error).shifted(spaces))?;
        if found.is_empty() {
            return Err(Misread::new(
                sheet::BAD_PATH,
                ExprError::new(spaces + 1, "there is no path", "a source path, such as `dateOfOnset`"),
            ));
        }
        Ok(Self::new(text, found, pipeline, each))
    }

    fn new(text: &str, paths: Vec<SourcePath>, pipeline: Option<Pipeline>, each: Option<&SourcePath>) -> Self {
        let chain: Vec<Path> = each.and_then(|each| Path::parse(each.text()).ok()).into_iter().collect();
        let prefix = each.map_or("", SourcePath::text);
        let sources: Vec<Source> = paths.iter().map(|path| resolve(path, &chain)).collect();
        let mut reads: Vec<SourcePath> = Vec::new();
        for (path, source) in paths.into_iter().zip(&sources) {
            match source {
                Source::Record(_) => reads.push(path),
                Source::Item { path, .. } => reads.extend(item_path(prefix, &path.to_string())),
            }
        }
        reads.extend(pipeline.iter().flat_map(|pipeline| paths_of(pipeline, each)));
        Self { text: text.to_owned(), sources, pipeline, paths: reads }
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The paths that it reads of the record.
    pub(crate) fn paths(&self) -> &[SourcePath] {
        &self.paths
    }

    /// Its transforms.
    pub(crate) fn pipeline(&self) -> Option<&Pipeline> {
        self.pipeline.as_ref()
    }

    /// The value for a record or an item; null where it is empty.
    pub(super) fn read<'v>(&self, scope: &Scope<'v>) -> Result<Cow<'v, Value>, Cause> {
        let found = match (&self.pipeline, self.sources.as_slice()) {
            (None, [source]) => return one(source, scope),
            (None, _) => Value::Null,
            (Some(pipeline), [source]) => pipeline.apply_to_one(several(source, scope, pipeline.takes_several())?, scope)?,
            (Some(pipeline), sources) => {
                let takes_several = pipeline.takes_several();
                let values: Result<Vec<Value>, Cause> = sources.iter().map(|source| several(source, scope, takes_several)).collect();
                pipeline.apply(values?, scope)?
            }
        };
        Ok(Cow::Owned(if value::is_empty(&found) { Value::Null } else { found }))
    }
}

static NULL: Value = Value::Null;

/// The path of a source, and what it is read from.
fn place<'s, 'v>(source: &'s Source, scope: &Scope<'v>) -> (Way<'s>, &'v Value) {
    match source {
        Source::Record(path) => (Way::Record(path), scope.record),
        Source::Item { path, .. } => (Way::Item(path), scope.item.unwrap_or(&NULL)),
    }
}

enum Way<'s> {
    Record(&'s SourcePath),
    Item(&'s Path),
}

impl Way<'_> {
    fn read<'v>(&self, from: &'v Value, out: &mut Vec<&'v Value>) {
        match self {
            Self::Record(path) => path.read(from, out),
            Self::Item(path) => path.read(from, out),
        }
    }

    /// The first value; whether there can be more than one.
    fn first<'v>(&self, from: &'v Value) -> (Option<&'v Value>, bool) {
        match self {
            Self::Record(path) => (path.one(from), !path.is_single()),
            Self::Item(path) => (path.one(from), !path.is_single()),
        }
    }
}

fn one<'v>(source: &Source, scope: &Scope<'v>) -> Result<Cow<'v, Value>, Cause> {
    let (way, from) = place(source, scope);
    let (first, more) = way.first(from);
    if more {
        let mut found = Vec::new();
        way.read(from, &mut found);
        if found.len() > 1 {
            return Err(several_values(found.len()));
        }
    }
    Ok(Cow::Borrowed(first.unwrap_or(&NULL)))
}

fn several(source: &Source, scope: &Scope<'_>, takes_several: bool) -> Result<Value, Cause> {
    let (way, from) = place(source, scope);
    let mut found = Vec::new();
    way.read(from, &mut found);
    match found.as_slice() {
        [] => Ok(Value::Null),
        [only] => Ok((*only).clone()),
        all if takes_several => Ok(Value::Array(all.iter().map(|value| (*value).clone()).collect())),
        all => Err(several_values(all.len())),
    }
}

fn several_values(count: usize) -> Cause {
    let message =
        format!("the path gives {count} values where one is wanted; `first` takes the first of them, the column `each` counts each");
    Cause::new(record::SEVERAL_VALUES, message)
}

/// The paths that transforms read of the record.
pub(super) fn paths_of(pipeline: &Pipeline, each: Option<&SourcePath>) -> Vec<SourcePath> {
    let prefix = each.map_or("", SourcePath::text);
    let mut reads: Vec<SourcePath> = pipeline.paths().into_iter().cloned().collect();
    reads.extend(pipeline.item_paths().into_iter().filter_map(|path| item_path(prefix, path.text())));
    reads.extend(each.filter(|_| pipeline.reads_whole_item()).cloned());
    reads
}

/// A condition in braces, and the paths that it reads of the record.
pub(super) fn condition(inner: &str, each: Option<&SourcePath>) -> Result<(Expr, Vec<SourcePath>), ExprError> {
    let expr = Expr::compile(inner)?;
    let prefix = each.map_or("", SourcePath::text);
    let mut reads: Vec<SourcePath> = expr.paths().to_vec();
    reads.extend(expr.item_paths().iter().filter_map(|path| item_path(prefix, path.text())));
    reads.extend(each.filter(|_| expr.reads_whole_item()).cloned());
    Ok((expr, reads))
}
