//! The parameters of a transform as written, and their reading.

use serde_json::Value;

use super::{Times, Transform};
use crate::expr::{Expr, ExprError};
use crate::path::SourcePath;

/// One parameter as written.
#[derive(Debug)]
pub(crate) struct Argument {
    /// Where it stands.
    pub column: usize,
    pub form: Form,
}

#[derive(Debug)]
pub(crate) enum Form {
    /// A text in quotes or a number.
    Constant(Value),
    /// A word without quotes: a path.
    Word(String),
    /// In braces, with the column of its first character.
    Braces(String, usize),
}

impl Argument {
    pub fn constant(column: usize, value: Value) -> Self {
        Self { column, form: Form::Constant(value) }
    }
}

/// The parameters of one transform, of which as many are there as it takes.
pub(crate) struct Arguments<'a> {
    transform: &'static Transform,
    column: usize,
    list: &'a [Argument],
}

impl<'a> Arguments<'a> {
    pub fn new(transform: &'static Transform, column: usize, list: &'a [Argument]) -> Result<Self, ExprError> {
        let least = transform.parameters.iter().filter(|parameter| parameter.times == Times::Once).count();
        let most = if transform.parameters.iter().any(|parameter| parameter.times == Times::Any) {
            usize::MAX
        } else {
            transform.parameters.len()
        };
        if list.len() < least {
            let missing = transform.parameters.get(list.len()).map_or("a parameter", |parameter| parameter.name);
            return Err(ExprError::new(column, format!("`{}` lacks `{missing}`", transform.name), format!("`{}`", transform.usage())));
        }
        match list.get(most) {
            Some(extra) => Err(ExprError::new(
                extra.column,
                format!("`{}` does not take this parameter", transform.name),
                format!("`{}`", transform.usage()),
            )),
            None => Ok(Self { transform, column, list }),
        }
    }

    pub fn name(&self) -> &'static str {
        self.transform.name
    }

    pub fn count(&self) -> usize {
        self.list.len()
    }

    /// An error at a parameter, or at the transform where the parameter is not written.
    pub fn error(&self, position: usize, message: impl Into<String>, expected: impl Into<String>) -> ExprError {
        ExprError::new(self.list.get(position).map_or(self.column, |argument| argument.column), message, expected)
    }

    fn name_of(&self, position: usize) -> &'static str {
        let parameters = self.transform.parameters;
        parameters.get(position).or(parameters.last()).map_or("parameter", |parameter| parameter.name)
    }

    fn wrong(&self, position: usize, wanted: &str) -> ExprError {
        self.error(position, format!("`{}` of `{}` is not {wanted}", self.name_of(position), self.name()), wanted)
    }

    /// A text; `None` where it is left out.
    pub fn text(&self, position: usize) -> Result<Option<String>, ExprError> {
        match self.list.get(position).map(|argument| &argument.form) {
            None => Ok(None),
            Some(Form::Constant(value)) => crate::value::text(value).map(Some).ok_or_else(|| self.wrong(position, "a text in quotes")),
            Some(Form::Word(word)) => Err(self.wrong(position, &format!("a text in quotes: \"{word}\""))),
            Some(Form::Braces(..)) => Err(self.wrong(position, "a text in quotes")),
        }
    }

    /// A text that must be there.
    pub fn required_text(&self, position: usize) -> Result<String, ExprError> {
        self.text(position)?.ok_or_else(|| self.wrong(position, "a text in quotes"))
    }

    /// A name that must be there; quotes around it may be left out.
    pub fn required_name(&self, position: usize) -> Result<String, ExprError> {
        match self.list.get(position).map(|argument| &argument.form) {
            Some(Form::Word(word)) => Ok(word.clone()),
            _ => self.required_text(position),
        }
    }

    /// All texts from a position on.
    pub fn texts(&self, from: usize) -> Result<Vec<String>, ExprError> {
        (from..self.count()).map(|position| self.required_text(position)).collect()
    }

    /// A whole number that is not below `least`.
    pub fn whole(&self, position: usize, least: i64) -> Result<Option<i64>, ExprError> {
        match self.list.get(position).map(|argument| &argument.form) {
            None => Ok(None),
            Some(Form::Constant(Value::Number(number))) => match number.as_i64().filter(|number| (least..=1_000_000).contains(number)) {
                Some(number) => Ok(Some(number)),
                None => Err(self.wrong(position, &format!("a whole number from {least} on"))),
            },
            Some(_) => Err(self.wrong(position, "a whole number")),
        }
    }

    /// A length or a count that must be there.
    pub fn required_length(&self, position: usize) -> Result<usize, ExprError> {
        self.whole(position, 1)?.and_then(|number| usize::try_from(number).ok()).ok_or_else(|| self.wrong(position, "a whole number"))
    }

    /// A number that must be there.
    pub fn required_number(&self, position: usize) -> Result<f64, ExprError> {
        match self.list.get(position).map(|argument| &argument.form) {
            Some(Form::Constant(Value::Number(number))) => number.as_f64().ok_or_else(|| self.wrong(position, "a number")),
            _ => Err(self.wrong(position, "a number")),
        }
    }

    /// A path; `None` where it is left out.
    pub fn path(&self, position: usize) -> Result<Option<SourcePath>, ExprError> {
        let (text, column) = match self.list.get(position).map(|argument| (&argument.form, argument.column)) {
            None => return Ok(None),
            Some((Form::Word(word), column)) => (word.as_str(), column),
            Some((Form::Constant(Value::String(text)), column)) => (text.as_str(), column + 1),
            Some(_) => return Err(self.wrong(position, "a path")),
        };
        SourcePath::parse(text).map(Some).map_err(|error| ExprError::from(error).shifted(column - 1))
    }

    /// An expression in braces that must be there.
    pub fn required_expression(&self, position: usize) -> Result<Expr, ExprError> {
        match self.list.get(position).map(|argument| &argument.form) {
            Some(Form::Braces(text, column)) => Expr::compile(text).map_err(|error| error.shifted(column - 1)),
            _ => Err(self.wrong(position, "an expression in braces: { item.kind == \"x\" }")),
        }
    }
}
