//! Formulas: numbers that are worked out of the numbers of indicators, of the same sheet or of other flows.

use serde_json::{Map, Value};

use super::reading::Misread;
use crate::catalogue::{aggregate, sheet};
use crate::codes::{CodeMaps, Sides};
use crate::error::Cause;
use crate::expr::{BY_ZERO, Expr, ExprError, Scope};
use crate::flow::words::braces;
use crate::fold::{Amount, NoAmount};
use crate::labels::Labels;
use crate::transform::{Env, NoReferences};

/// A compiled formula: `{ deaths / cases * 100 }`.
#[derive(Debug)]
pub struct Formula {
    expr: Expr,
    inputs: Vec<Input>,
    /// For each input the names under which the expression finds it.
    names: Vec<(String, Option<String>)>,
}

/// An indicator that a formula uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Input {
    /// The name of the other flow; `None`: of the same sheet.
    pub flow: Option<String>,
    pub indicator: String,
}

impl std::fmt::Display for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.flow {
            Some(flow) => write!(f, "{flow}.{}", self.indicator),
            None => f.write_str(&self.indicator),
        }
    }
}

const EXPECTED: &str = "a formula over indicators, such as `{ deaths / cases * 100 }`";

impl Formula {
    /// Reads a cell in braces.
    pub(super) fn parse(cell: &str, flow: &dyn Fn(&str) -> Option<String>) -> Result<Self, Misread> {
        let wrong = |message: String, expected: &str| Misread::new(aggregate::BAD_MEASURE, ExprError::new(1, message, expected));
        let Some((inner, before)) = braces(cell) else { return Err(wrong("the braces are not closed".to_owned(), "a closing `}`")) };
        let expr = Expr::compile(inner).map_err(|error| Misread::new(sheet::BAD_EXPRESSION, error.shifted(before)))?;
        if !expr.item_paths().is_empty() || expr.reads_whole_item() || !expr.references().is_empty() {
            return Err(wrong("a formula sees numbers and no records: there is no `item` and no `ref`".to_owned(), EXPECTED));
        }
        if expr.paths().is_empty() {
            return Err(wrong("the formula uses no indicator".to_owned(), EXPECTED));
        }
        let (mut inputs, mut names) = (Vec::new(), Vec::new());
        for path in expr.paths() {
            let (root, leaf) = match path.text().split_once('.') {
                None => (path.text(), None),
                Some((root, leaf)) => (root, Some(leaf)),
            };
            let input = match leaf {
                None => Input { flow: None, indicator: root.to_owned() },
                Some(leaf) => {
                    let Some(known) = flow(root) else {
                        let message = format!("there is no aggregate flow `{root}`");
                        let expected = "`flow.indicator`, the hyphens of the flow's name written as `_`: `weekly_cases.confirmed`";
                        return Err(Misread::new(aggregate::UNKNOWN_INPUT, ExprError::new(before + 1, message, expected)));
                    };
                    Input { flow: Some(known), indicator: leaf.to_owned() }
                }
            };
            inputs.push(input);
            names.push((root.to_owned(), leaf.map(str::to_owned)));
        }
        Ok(Self { expr, inputs, names })
    }

    /// The indicators that it uses, in the order in which their numbers are wanted.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Works it out. Nothing comes of a division by zero, or where a number that is needed is not there.
    pub(super) fn evaluate(&self, numbers: &[Option<Amount>]) -> Result<Option<Amount>, Cause> {
        let mut record = Map::new();
        for ((root, leaf), number) in self.names.iter().zip(numbers) {
            let number = number.map_or(Value::Null, number_of);
            match leaf {
                None => {
                    record.insert(root.clone(), number);
                }
                Some(leaf) => {
                    let holder = record.entry(root.clone()).or_insert_with(|| Value::Object(Map::new()));
                    if let Value::Object(members) = holder {
                        members.insert(leaf.clone(), number);
                    }
                }
            }
        }
        let record = Value::Object(record);
        // A formula is a function of its numbers: whatever else an expression can see is empty here.
        let (codes, sides, labels) = (CodeMaps::default(), Sides::default(), Labels::default());
        let env = Env {
            timezone: &jiff::tz::TimeZone::UTC,
            today: jiff::civil::Date::ZERO,
            codes: &codes,
            sides: &sides,
            references: &NoReferences,
            labels: &labels,
            secret: &[0; 32],
        };
        let scope = Scope { record: &record, item: None, vars: &[], env: &env };
        match self.expr.eval(&scope) {
            Ok(Value::Null) => Ok(None),
            Ok(Value::Number(number)) => Amount::of(&Value::Number(number)).map(|amount| Some(amount.shown())).map_err(NoAmount::cause),
            Ok(other) => {
                let message = format!("the formula gives {}, where a number is wanted", crate::value::kind(&other));
                Err(Cause::new(aggregate::NOT_A_NUMBER, message))
            }
            Err(cause) if cause.message.contains(BY_ZERO) || numbers.contains(&None) => Ok(None),
            Err(cause) => Err(cause),
        }
    }
}

/// A whole number stays whole; the rest is as exact as expressions are.
fn number_of(amount: Amount) -> Value {
    let text = amount.to_string();
    text.parse::<i64>().map_or_else(|_| Value::from(amount.float()), Value::from)
}
