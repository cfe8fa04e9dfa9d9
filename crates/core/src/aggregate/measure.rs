//! The column `value`: what is made of the records that count.

use super::formula::{Formula, Input};
use super::reading::{Misread, Reading};
use super::text::trimmed;
use crate::catalogue::aggregate;
use crate::error::nearest;
use crate::expr::ExprError;
use crate::fold::{Amount, Kind};
use crate::path::SourcePath;

/// What is made of the records (or items) that count.
#[derive(Debug)]
pub enum Measure {
    /// A fold, of the values of a path where it is not `count`.
    Fold(Kind, Option<Reading>),
    /// A number worked out of other indicators' numbers.
    Formula(Box<Formula>),
}

impl Measure {
    /// The kind of its fold; a formula has none.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::Fold(kind, _) => Some(*kind),
            Self::Formula(_) => None,
        }
    }

    /// The number of nothing at all: 0 where it counts or adds up, none where it averages, compares or is a formula.
    pub fn of_nothing(&self) -> Option<Amount> {
        match self {
            Self::Fold(Kind::Count | Kind::Sum | Kind::Distinct, _) => Some(Amount::default()),
            Self::Fold(Kind::Avg | Kind::Min | Kind::Max, _) | Self::Formula(_) => None,
        }
    }

    /// What a formula is made of; nothing for a fold.
    pub fn inputs(&self) -> &[Input] {
        match self {
            Self::Fold(..) => &[],
            Self::Formula(formula) => formula.inputs(),
        }
    }

    /// Reads a cell. `flow` finds the name of another flow as it is written in formulas.
    pub(super) fn parse(cell: &str, each: Option<&SourcePath>, flow: &dyn Fn(&str) -> Option<String>) -> Result<Self, Misread> {
        if cell.starts_with('{') {
            return Formula::parse(cell, flow).map(|formula| Self::Formula(Box::new(formula)));
        }
        let wrong = |message: String, expected: String| Misread::new(aggregate::BAD_MEASURE, ExprError::new(1, message, expected));
        let (word, inner) = match cell.split_once('(') {
            Some((word, rest)) => match rest.trim_end().strip_suffix(')') {
                Some(inner) => (word.trim(), Some((word.chars().count() + 1, inner))),
                None => return Err(wrong("the bracket is not closed".to_owned(), "`)` at the end".to_owned())),
            },
            None => (cell.trim(), None),
        };
        let Some(kind) = Kind::parse(&word.to_lowercase()) else {
            let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
            let expected = nearest(word, words).map_or_else(
                || "`count`, `sum(p)`, `avg(p)`, `min(p)`, `max(p)`, `distinct(p)` or a formula in braces".to_owned(),
                |near| format!("`{near}`"),
            );
            let message =
                if word.is_empty() { "nothing says what is counted".to_owned() } else { format!("nothing is counted by `{word}`") };
            return Err(wrong(message, expected));
        };
        let inner = inner.filter(|(_, inner)| !trimmed(inner).1.is_empty());
        match (kind, inner) {
            (Kind::Count, None) => Ok(Self::Fold(kind, None)),
            (Kind::Count, Some(_)) => {
                let expected = "`count`, with `where` for what is counted; `distinct(path)` counts different values";
                Err(wrong("`count` counts records and takes no path".to_owned(), expected.to_owned()))
            }
            (kind, None) => Err(wrong(format!("`{kind}` lacks the path of the value"), format!("`{kind}(path)`"))),
            (kind, Some((before, inner))) => {
                Reading::parse(inner, each).map(|reading| Self::Fold(kind, Some(reading))).map_err(|misread| misread.shifted(before))
            }
        }
    }
}
