//! A cell of the column `transform`: its grammar, and applying it.

use std::fmt;

use serde_json::Value;

use super::arguments::{Argument, Form};
use super::{Action, Step, Takes, all, apply_one, apply_several, apply_whole, find, several};
use crate::error::{Cause, nearest};
use crate::expr::{Expr, ExprError, Scope};
use crate::path::SourcePath;

/// The transforms of a cell, in their order.
#[derive(Default)]
pub struct Pipeline {
    stages: Vec<Stage>,
}

enum Stage {
    Step(Step, Takes),
    Expr(Box<Expr>),
}

/// What is in the pipe: one value, or one for each path of the source cell.
enum Flow {
    One(Value),
    Many(Vec<Value>),
}

impl Pipeline {
    /// Reads a cell. An empty cell is the pipeline that changes nothing.
    pub fn parse(cell: &str) -> Result<Self, ExprError> {
        let mut reader = Reader { letters: cell.chars().collect(), at: 0 };
        let mut stages = Vec::new();
        reader.skip_space();
        if reader.peek().is_none() {
            return Ok(Self { stages });
        }
        loop {
            stages.push(reader.stage()?);
            reader.skip_space();
            match reader.peek() {
                None => return Ok(Self { stages }),
                Some('|') => reader.at += 1,
                Some(other) => return Err(reader.error(format!("`{other}` cannot stand here"), "`|` and the next transform, or the end")),
            }
            reader.skip_space();
        }
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// The paths that it reads of the record, beside those of the source cell.
    pub fn paths(&self) -> Vec<&SourcePath> {
        self.stages
            .iter()
            .flat_map(|stage| match stage {
                Stage::Step(step, _) => step.paths.as_slice(),
                Stage::Expr(expr) => expr.paths(),
            })
            .collect()
    }

    /// The paths that its expressions read of the item, relative to the item.
    pub fn item_paths(&self) -> Vec<&SourcePath> {
        self.expressions().flat_map(Expr::item_paths).collect()
    }

    /// Whether an expression of it uses `item` as a whole.
    pub fn reads_whole_item(&self) -> bool {
        self.expressions().any(Expr::reads_whole_item)
    }

    /// The flows that its `ref` name.
    pub fn references(&self) -> Vec<&str> {
        self.stages
            .iter()
            .flat_map(|stage| match stage {
                Stage::Step(step, _) => step.references(),
                Stage::Expr(expr) => expr.references(),
            })
            .map(String::as_str)
            .collect()
    }

    /// The code maps that its `codes` name.
    pub fn code_maps(&self) -> Vec<&str> {
        self.stages
            .iter()
            .flat_map(|stage| match stage {
                Stage::Step(step, _) => step.code_map().into_iter().collect::<Vec<_>>(),
                Stage::Expr(expr) => expr.code_maps().iter().map(String::as_str).collect(),
            })
            .collect()
    }

    /// The value of a pipeline that is nothing but a constant.
    pub(crate) fn constant(&self) -> Option<&Value> {
        match self.stages.as_slice() {
            [Stage::Expr(expr)] => expr.constant(),
            _ => None,
        }
    }

    /// The code map with which it ends, and the columns that are named with it.
    pub(crate) fn ends_with_codes(&self) -> Option<(&str, Option<(&str, &str)>)> {
        match self.stages.last() {
            Some(Stage::Step(step, _)) => {
                let columns = step.code_columns.as_ref().map(|(from, to)| (from.as_str(), to.as_str()));
                step.code_map().map(|map| (map, columns))
            }
            _ => None,
        }
    }

    /// Whether it needs the labels of the source.
    pub fn uses_labels(&self) -> bool {
        self.stages.iter().any(|stage| match stage {
            Stage::Step(step, _) => step.uses_labels(),
            Stage::Expr(expr) => expr.uses_labels(),
        })
    }

    /// Whether it can take several values of one path: its first transform takes several.
    pub fn takes_several(&self) -> bool {
        matches!(self.stages.first(), Some(Stage::Step(_, Takes::Several)))
    }

    /// Whether it can follow a source cell with so many paths. For `check`, so that a record is not needed to find out.
    pub fn accepts(&self, paths: usize) -> Result<(), ExprError> {
        for stage in &self.stages {
            match stage {
                // A transform that reads a path of its own needs no source.
                Stage::Step(step, Takes::One) if !step.paths.is_empty() => return Ok(()),
                Stage::Step(_, Takes::One) => {}
                Stage::Step(step, Takes::Two) if paths != 2 && !(paths == 1 && step.takes_alone()) => {
                    return Err(ExprError::new(
                        1,
                        format!("`{}` takes two values, but the source names {paths}", step.name()),
                        "two paths with ` ; ` between",
                    ));
                }
                Stage::Expr(expr) if paths == 0 && expr.reads_value() => {
                    return Err(ExprError::new(1, "the expression uses `value`, but the source is empty", "a path in the column source"));
                }
                Stage::Step(..) | Stage::Expr(_) => return Ok(()),
            }
        }
        match paths {
            0 if !self.stages.is_empty() => Err(ExprError::new(
                1,
                "there is nothing to transform: the source is empty",
                "a path in the column source, or an expression",
            )),
            0 | 1 => Ok(()),
            _ => Err(ExprError::new(
                1,
                format!("the source names {paths} paths, and nothing says which value is wanted"),
                "a transform of several values, such as `first` or `join(\" \")`",
            )),
        }
    }

    /// Applies it to the values of the source cell, one for each path, null where empty.
    pub fn apply(&self, mut values: Vec<Value>, scope: &Scope<'_>) -> Result<Value, Cause> {
        self.run(if values.len() == 1 { Flow::One(values.pop().unwrap_or_default()) } else { Flow::Many(values) }, scope)
    }

    /// The same for a source cell with one path.
    pub(crate) fn apply_to_one(&self, value: Value, scope: &Scope<'_>) -> Result<Value, Cause> {
        self.run(Flow::One(value), scope)
    }

    fn run(&self, mut flow: Flow, scope: &Scope<'_>) -> Result<Value, Cause> {
        for stage in &self.stages {
            flow = stage.apply(flow, scope)?;
        }
        match flow {
            Flow::One(value) => Ok(value),
            Flow::Many(values) if values.is_empty() => Ok(Value::Null),
            Flow::Many(values) => Err(several("the target", values.len())),
        }
    }

    fn expressions(&self) -> impl Iterator<Item = &Expr> {
        self.stages.iter().filter_map(|stage| match stage {
            Stage::Expr(expr) => Some(expr.as_ref()),
            Stage::Step(..) => None,
        })
    }
}

impl fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.stages.iter().map(|stage| match stage {
                Stage::Step(step, _) => step.name().to_owned(),
                Stage::Expr(expr) => format!("{{{}}}", expr.text()),
            }))
            .finish()
    }
}

impl Stage {
    fn apply(&self, flow: Flow, scope: &Scope<'_>) -> Result<Flow, Cause> {
        let value = match (self, flow) {
            (Stage::Expr(expr), Flow::One(value)) => expr.eval_value(scope, Some(&value))?,
            (Stage::Expr(expr), Flow::Many(values)) if values.is_empty() => expr.eval_value(scope, None)?,
            (Stage::Expr(expr), Flow::Many(values)) => expr.eval_value(scope, Some(&Value::Array(values)))?,
            (Stage::Step(step, _), flow) => match (&step.action, flow) {
                (Action::One(act), Flow::One(value)) => apply_one(step.name, act, value, scope)?,
                (Action::One(act), Flow::Many(values)) => {
                    let each: Result<Vec<Value>, Cause> = values.into_iter().map(|value| apply_one(step.name, act, value, scope)).collect();
                    return each.map(Flow::Many);
                }
                (Action::Whole(act), Flow::One(value)) => apply_whole(act, value, scope)?,
                (Action::Whole(act), Flow::Many(values)) => {
                    let each: Result<Vec<Value>, Cause> = values.into_iter().map(|value| apply_whole(act, value, scope)).collect();
                    return each.map(Flow::Many);
                }
                (Action::Two(act), Flow::One(Value::Array(values)) | Flow::Many(values)) => act(values, scope)?,
                (Action::Two(act), Flow::One(value)) => act(vec![value], scope)?,
                (Action::Several(act), Flow::One(value)) => apply_several(act, vec![value], scope)?,
                (Action::Several(act), Flow::Many(values)) => apply_several(act, values, scope)?,
            },
        };
        Ok(Flow::One(value))
    }
}

impl Step {
    /// Whether a transform of two values is content with one: it has the other as a parameter, or the one may be a list of two.
    fn takes_alone(&self) -> bool {
        !self.paths.is_empty() || self.name == "point"
    }
}

/// Reads the grammar of a cell.
struct Reader {
    letters: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    fn column(&self) -> usize {
        self.at + 1
    }

    fn error(&self, message: impl Into<String>, expected: impl Into<String>) -> ExprError {
        ExprError::new(self.column(), message, expected)
    }

    fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    fn stage(&mut self) -> Result<Stage, ExprError> {
        if self.peek() == Some('{') {
            let (text, column) = self.braces()?;
            return Expr::compile_stage(&text).map(|expr| Stage::Expr(Box::new(expr))).map_err(|error| error.shifted(column - 1));
        }
        let column = self.column();
        let start = self.at;
        while self.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
            self.at += 1;
        }
        let name: String = self.letters[start..self.at].iter().collect();
        if name.is_empty() {
            let found = self.peek().map_or("the cell ends too early".to_owned(), |c| format!("`{c}` cannot stand here"));
            return Err(self.error(found, "the name of a transform, or an expression in braces"));
        }
        let Some(transform) = find(&name) else {
            let known = nearest(&name, all().iter().map(|transform| transform.name));
            let expected = known.map_or("one of the transforms that `kivuko transforms` lists".to_owned(), |known| format!("`{known}`"));
            return Err(ExprError::new(column, format!("there is no transform `{name}`"), expected));
        };
        self.skip_space();
        let arguments = if self.peek() == Some('(') { self.arguments()? } else { Vec::new() };
        Ok(Stage::Step(transform.step(column, &arguments)?, transform.takes))
    }

    fn arguments(&mut self) -> Result<Vec<Argument>, ExprError> {
        let mut arguments = Vec::new();
        self.at += 1;
        self.skip_space();
        if self.peek() == Some(')') {
            self.at += 1;
            return Ok(arguments);
        }
        loop {
            self.skip_space();
            let column = self.column();
            let form = match self.peek() {
                Some(quote @ ('"' | '\'')) => Form::Constant(Value::String(self.quoted(quote)?)),
                Some('{') => {
                    let (text, column) = self.braces()?;
                    Form::Braces(text, column)
                }
                _ => self.word()?,
            };
            arguments.push(Argument { column, form });
            self.skip_space();
            match self.peek() {
                Some(',') => self.at += 1,
                Some(')') => {
                    self.at += 1;
                    return Ok(arguments);
                }
                Some(other) => return Err(self.error(format!("`{other}` cannot stand here"), "`,` and the next parameter, or `)`")),
                None => return Err(self.error("the parameters are not closed", "`)`")),
            }
        }
    }

    /// A number or a path.
    fn word(&mut self) -> Result<Form, ExprError> {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(next) = self.peek() {
            match next {
                '[' => depth += 1,
                ']' => depth = depth.saturating_sub(1),
                ',' | ')' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        let text: String = self.letters[start..self.at].iter().collect();
        let word = text.trim();
        if word.is_empty() {
            self.at = start;
            return Err(self.error("a parameter is missing", "a text in quotes, a number or a path"));
        }
        let number = word.parse::<i64>().map(Value::from).or_else(|_| word.parse::<f64>().map(Value::from));
        Ok(match number {
            Ok(number) if word.starts_with(|c: char| c.is_ascii_digit() || c == '-' || c == '.') => Form::Constant(number),
            _ => Form::Word(word.to_owned()),
        })
    }

    /// A text in quotes; a backslash takes the next character as it is, `\n` and `\t` are a new line and a tab.
    fn quoted(&mut self, quote: char) -> Result<String, ExprError> {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        while let Some(next) = self.peek() {
            self.at += 1;
            match next {
                '\\' => match self.peek() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some(other) => text.push(other),
                    None => break,
                },
                _ if next == quote => return Ok(text),
                _ => {
                    text.push(next);
                    continue;
                }
            }
            self.at += 1;
        }
        self.at = start;
        Err(self.error("the quotes are not closed", format!("a closing `{quote}`")))
    }

    /// The text between braces and the column of its first character. Braces within are counted, those in quotes are not.
    fn braces(&mut self) -> Result<(String, usize), ExprError> {
        let start = self.at;
        let mut depth = 0usize;
        while let Some(next) = self.peek() {
            match next {
                '{' => depth += 1,
                '}' => depth -= 1,
                '"' | '\'' => {
                    self.quoted(next)?;
                    continue;
                }
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok((self.letters[start + 1..self.at - 1].iter().collect(), start + 2));
            }
        }
        self.at = start;
        Err(self.error("the braces are not closed", "a closing `}`"))
    }
}
