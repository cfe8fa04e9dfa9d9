//! Expressions in braces.
//!
//! The language is CEL: the crate `cel` reads the text, so precedence, literals and reserved words are those of CEL. What it read is
//! brought into a small tree of our own and worked out here, borrowing from the record: nothing is copied that the expression does not
//! make. The crate's own evaluator is not used, because it copies every record into values of its own, puts values into its errors, and knows
//! null as an ordinary value. Here every error names the place in the text and the paths that were empty, and never a value.
//!
//! Differences from CEL, all of them:
//! - numbers are of one kind, as in JSON: `1 + 1.5` works and `5 / 2` is `2.5`;
//! - an empty path is `null`; `has(p)` means *not empty*; a transform of null is null; `==`, `!=` and `in` may meet null;
//!   any other use of null is an error;
//! - `==` between a text and a number (or a truth value) is an error, not `false`: nearly always a column of a CSV that was meant as a number;
//! - there are no bytes, durations, types or messages. A date is the text `2020-01-31`, so `<` and `==` work on it.
//!
//! Paths: `age.years`, `addresses[0].city`, `item.result`, `parent.id`, `value`; names that are not identifiers by `path("Date of birth")` or
//! `record["Date of birth"]`, any path or JSONPath by `path("addresses[typeId=USUAL].city")`. A path that fans out (`[]` or JSONPath) is always a list.

mod compile;
mod eval;
mod functions;
#[cfg(test)]
mod tests;

use serde_json::Value;

pub(crate) use eval::BY_ZERO;
pub use functions::{FUNCTIONS, Function};

use crate::error::Cause;
use crate::path::{PathError, SourcePath};
use crate::transform::Env;

/// A compiled expression.
pub struct Expr {
    text: String,
    root: eval::Node,
    names: compile::Names,
}

/// Why a text is no expression (or no pipeline of transforms): where, and what was expected there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {message}, expected {expected}")]
pub struct ExprError {
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What was expected there.
    pub expected: String,
}

impl ExprError {
    /// An error at a column, from 1.
    pub fn new(column: usize, message: impl Into<String>, expected: impl Into<String>) -> Self {
        Self { column, message: message.into(), expected: expected.into() }
    }

    /// The same error, in a text that stands further to the right.
    #[must_use]
    pub fn shifted(mut self, by: usize) -> Self {
        self.column += by;
        self
    }
}

impl From<PathError> for ExprError {
    fn from(error: PathError) -> Self {
        Self { column: error.column, message: error.message, expected: error.expected }
    }
}

/// What an expression can see.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The source record.
    pub record: &'a Value,
    /// The item of a repeated part: `item`.
    pub item: Option<&'a Value>,
    /// Named values beside the record: `parent`. They win over fields of the record with the same name.
    pub vars: &'a [(&'a str, &'a Value)],
    /// The project around the record.
    pub env: &'a Env<'a>,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}

impl Expr {
    /// Compiles the text between the braces. A field named `value` is a field of the record like any other.
    pub fn compile(text: &str) -> Result<Self, ExprError> {
        Self::build(text, false)
    }

    /// Compiles an expression of a pipeline, where `value` is the value that came through the pipe.
    pub fn compile_stage(text: &str) -> Result<Self, ExprError> {
        Self::build(text, true)
    }

    fn build(text: &str, piped: bool) -> Result<Self, ExprError> {
        let (root, names) = compile::compile(text, piped)?;
        Ok(Self { text: text.to_owned(), root, names })
    }

    /// The text that was compiled.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The paths that it reads of the record (those of named values such as `parent.id` among them).
    pub fn paths(&self) -> &[SourcePath] {
        &self.names.paths
    }

    /// The paths that it reads of the item, relative to the item.
    pub fn item_paths(&self) -> &[SourcePath] {
        &self.names.item_paths
    }

    /// Whether it uses `item` as a whole.
    pub fn reads_whole_item(&self) -> bool {
        self.names.whole_item
    }

    /// Whether it uses `value`, the value that came through the pipe.
    pub fn reads_value(&self) -> bool {
        self.names.piped
    }

    /// The flows that its `ref(...)` name.
    pub fn references(&self) -> &[String] {
        &self.names.references
    }

    /// The code maps that its `codes(...)` name.
    pub fn code_maps(&self) -> &[String] {
        &self.names.code_maps
    }

    /// Whether it needs the labels of the source.
    pub fn uses_labels(&self) -> bool {
        self.names.labels
    }

    /// The value of an expression that is nothing but a constant.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match &self.root {
            eval::Node::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Works it out.
    pub fn eval(&self, scope: &Scope<'_>) -> Result<Value, Cause> {
        self.eval_value(scope, None)
    }

    /// Works it out with the value that came through the pipe.
    pub fn eval_value(&self, scope: &Scope<'_>, value: Option<&Value>) -> Result<Value, Cause> {
        let frame = eval::Frame::new(scope, value);
        self.root.eval(&frame).map(std::borrow::Cow::into_owned)
    }

    /// Whether it holds; null does not.
    pub fn truth(&self, scope: &Scope<'_>) -> Result<bool, Cause> {
        let frame = eval::Frame::new(scope, None);
        match self.root.eval(&frame)?.as_ref() {
            Value::Null => Ok(false),
            Value::Bool(holds) => Ok(*holds),
            other => Err(eval::failed(format!("the condition gives {}, where true or false is wanted", crate::value::kind(other)))),
        }
    }
}

impl std::fmt::Debug for Expr {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Expr").field(&self.text).finish()
    }
}
