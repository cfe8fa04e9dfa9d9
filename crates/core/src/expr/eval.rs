//! Working out a compiled expression.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::{Map, Number, Value};

use super::Scope;
use super::functions::{Builtin, Misfit};
use crate::catalogue::record;
use crate::error::Cause;
use crate::path::SourcePath;
use crate::transform::Step;
use crate::value::{is_empty, kind};

/// A part of an expression, with the column of its operator where one can be named in an error.
pub(super) enum Node {
    Literal(Value),
    /// A path of the record. `root` is its first name, looked for among the named values first; `rest` is the path after it.
    Path {
        path: SourcePath,
        root: Option<Box<str>>,
        rest: Option<SourcePath>,
        reach: Reach,
    },
    /// A path of the item; `None` is the item itself.
    Item(Option<(SourcePath, Reach)>),
    /// The value that came through the pipe.
    Piped,
    /// The variable of a macro, counted from the innermost.
    Local(usize),
    Field(Box<Node>, Box<str>),
    Index(Box<Node>, Box<Node>, usize),
    Not(Box<Node>, usize),
    Negate(Box<Node>, usize),
    And(Box<Node>, Box<Node>, usize),
    Or(Box<Node>, Box<Node>, usize),
    If(Box<Node>, Box<Node>, Box<Node>, usize),
    Equal {
        left: Box<Node>,
        right: Box<Node>,
        negated: bool,
        column: usize,
    },
    Compare(Comparison, Box<Node>, Box<Node>, usize),
    In(Box<Node>, Box<Node>, usize),
    Arithmetic(Operation, Box<Node>, Box<Node>, usize),
    List(Vec<Node>),
    Object(Vec<(Node, Node)>, usize),
    Has(Box<Node>),
    Fold {
        kind: Fold,
        list: Box<Node>,
        body: Box<Node>,
        column: usize,
    },
    Builtin {
        function: Builtin,
        name: &'static str,
        arguments: Vec<Node>,
        column: usize,
    },
    Transform {
        step: Step,
        arguments: Vec<Node>,
    },
}

/// What the error of a division by zero says.
pub(crate) const BY_ZERO: &str = "by zero";

/// How many values a path selects, as far as its form says.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reach {
    /// One at most.
    One,
    /// One is wanted, but there may be several.
    Checked,
    /// A list.
    List,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, PartialEq)]
pub(super) enum Operation {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The macros over lists.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Fold {
    Exists,
    All,
    ExistsOne,
    Map,
    Filter,
}

/// What one evaluation can see: the scope, the piped value and the variables of the macros around.
#[derive(Clone, Copy)]
pub(super) struct Frame<'a> {
    pub scope: &'a Scope<'a>,
    value: Option<&'a Value>,
    local: Option<&'a Value>,
    outer: Option<&'a Frame<'a>>,
}

impl<'a> Frame<'a> {
    pub fn new(scope: &'a Scope<'a>, value: Option<&'a Value>) -> Self {
        Self { scope, value, local: None, outer: None }
    }
}

type Result<T> = std::result::Result<T, Cause>;

static NULL: Value = Value::Null;

/// The cause of an expression that could not be worked out.
pub(super) fn failed(message: String) -> Cause {
    Cause::new(record::EXPRESSION_FAILED, message)
}

impl Node {
    pub fn eval<'a>(&'a self, frame: &'a Frame<'a>) -> Result<Cow<'a, Value>> {
        Ok(match self {
            Node::Literal(value) => Cow::Borrowed(value),
            Node::Path { path, root, rest, reach } => {
                let named = root.as_deref().and_then(|root| frame.scope.vars.iter().find(|(name, _)| *name == root));
                match (named, rest) {
                    (Some((_, value)), Some(rest)) => read(rest, value, *reach)?,
                    (Some((_, value)), None) => empty_is_null(value),
                    (None, _) => read(path, frame.scope.record, *reach)?,
                }
            }
            Node::Item(path) => match (frame.scope.item, path) {
                (None, _) => return Err(failed("`item` is used where there is no item: the rows of this target do not repeat".to_owned())),
                (Some(item), None) => empty_is_null(item),
                (Some(item), Some((path, reach))) => read(path, item, *reach)?,
            },
            Node::Piped => frame.value.map_or(Cow::Borrowed(&NULL), empty_is_null),
            Node::Local(depth) => {
                let mut at = frame;
                for _ in 0..*depth {
                    at = at.outer.unwrap_or(at);
                }
                at.local.map_or(Cow::Borrowed(&NULL), empty_is_null)
            }
            Node::Field(base, name) => member(base.eval(frame)?, |value| value.get(name.as_ref())),
            Node::Index(base, index, column) => {
                let index = index.eval(frame)?;
                let base_value = base.eval(frame)?;
                match index.as_ref() {
                    Value::String(name) => member(base_value, |value| value.get(name)),
                    Value::Number(number) if number.is_u64() => {
                        let position = number.as_u64().and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX);
                        member(base_value, |value| value.get(position))
                    }
                    other => return Err(unfit(*column, "[ ]", "a name or a position from 0", &[(self, other)])),
                }
            }
            Node::Not(inner, column) => Cow::Owned(Value::Bool(!truth(inner, "!", *column, frame)?)),
            Node::Negate(inner, column) => {
                let value = inner.eval(frame)?;
                let number = value.as_number().ok_or_else(|| unfit(*column, "-", "a number", &[(inner, &value)]))?;
                Cow::Owned(arithmetic(Operation::Subtract, &Number::from(0), number).map_err(|why| at(*column, &why))?)
            }
            // As in CEL, `false && (an error)` is false on either side, so `has(x) && x > 1` may be written in any order.
            Node::And(left, right, column) => Cow::Owned(Value::Bool(connect(left, right, false, ("&&", *column), frame)?)),
            Node::Or(left, right, column) => Cow::Owned(Value::Bool(connect(left, right, true, ("||", *column), frame)?)),
            Node::If(condition, then, otherwise, column) => {
                if truth(condition, "? :", *column, frame)? {
                    then.eval(frame)?
                } else {
                    otherwise.eval(frame)?
                }
            }
            Node::Equal { left, right, negated, column } => {
                let (a, b) = (left.eval(frame)?, right.eval(frame)?);
                let equal = equal(&a, &b).ok_or_else(|| {
                    let name = if *negated { "!=" } else { "==" };
                    unfit(*column, name, "two values of one kind (convert with number(), string() or date())", &[(left, &a), (right, &b)])
                })?;
                Cow::Owned(Value::Bool(equal != *negated))
            }
            Node::Compare(comparison, left, right, column) => {
                let (a, b) = (left.eval(frame)?, right.eval(frame)?);
                let order = order(&a, &b).ok_or_else(|| {
                    unfit(
                        *column,
                        comparison.name(),
                        "two numbers or two texts (convert with number(), string() or date())",
                        &[(left, &a), (right, &b)],
                    )
                })?;
                Cow::Owned(Value::Bool(comparison.holds(order)))
            }
            Node::In(left, right, column) => {
                let (a, b) = (left.eval(frame)?, right.eval(frame)?);
                match b.as_ref() {
                    Value::Null => Cow::Owned(Value::Bool(false)),
                    Value::Array(items) => {
                        let mut found = false;
                        for item in items {
                            let equal =
                                equal(&a, item).ok_or_else(|| unfit(*column, "in", "a list of values of the same kind", &[(left, &a)]))?;
                            found = found || equal;
                        }
                        Cow::Owned(Value::Bool(found))
                    }
                    Value::Object(members) => match a.as_ref() {
                        Value::String(name) => Cow::Owned(Value::Bool(members.contains_key(name))),
                        _ => return Err(unfit(*column, "in", "a name on the left of an object", &[(left, &a)])),
                    },
                    other => return Err(unfit(*column, "in", "a list on the right", &[(right, other)])),
                }
            }
            Node::Arithmetic(operation, left, right, column) => {
                let (a, b) = (left.eval(frame)?, right.eval(frame)?);
                match (operation, a.as_ref(), b.as_ref()) {
                    (_, Value::Number(x), Value::Number(y)) => Cow::Owned(arithmetic(*operation, x, y).map_err(|why| at(*column, &why))?),
                    (Operation::Add, Value::String(x), Value::String(y)) => Cow::Owned(Value::String([x.as_str(), y.as_str()].concat())),
                    (Operation::Add, Value::Array(x), Value::Array(y)) => Cow::Owned(Value::Array(x.iter().chain(y).cloned().collect())),
                    _ => {
                        let wanted = if *operation == Operation::Add { "two numbers, two texts or two lists" } else { "two numbers" };
                        return Err(unfit(*column, operation.name(), wanted, &[(left, &a), (right, &b)]));
                    }
                }
            }
            Node::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.push(item.eval(frame)?.into_owned());
                }
                Cow::Owned(Value::Array(list))
            }
            Node::Object(entries, column) => {
                let mut object = Map::new();
                for (key, value) in entries {
                    match key.eval(frame)?.as_ref() {
                        Value::String(name) => object.insert(name.clone(), value.eval(frame)?.into_owned()),
                        other => return Err(unfit(*column, "{ }", "a text as name", &[(key, other)])),
                    };
                }
                Cow::Owned(Value::Object(object))
            }
            Node::Has(inner) => Cow::Owned(Value::Bool(!is_empty(&*inner.eval(frame)?))),
            Node::Fold { kind, list, body, column } => fold(*kind, list, body, *column, frame)?,
            Node::Builtin { function, name, arguments, column } => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(argument.eval(frame)?);
                }
                function.call(&values, frame).map_err(|Misfit(position, wanted)| match (arguments.get(position), values.get(position)) {
                    (Some(node), Some(value)) => unfit(*column, name, wanted, &[(node, value)]),
                    _ => at(*column, &format!("`{name}` wants {wanted}")),
                })?
            }
            Node::Transform { step, arguments } => {
                let mut values = Vec::with_capacity(arguments.len());
                for argument in arguments {
                    values.push(argument.eval(frame)?.into_owned());
                }
                Cow::Owned(step.call(values, frame.scope)?)
            }
        })
    }

    /// How a part is called in an error.
    fn place(&self) -> String {
        match self {
            Node::Path { path, .. } => format!("`{}`", path.text()),
            Node::Item(Some((path, _))) => format!("`item.{}`", path.text()),
            Node::Item(None) => "`item`".to_owned(),
            Node::Piped => "`value`".to_owned(),
            Node::Literal(_) => "the constant".to_owned(),
            Node::Field(base, name) => format!("`{name}` of {}", base.place()),
            Node::Builtin { name, .. } => format!("the result of `{name}`"),
            Node::Transform { step, arguments } => match arguments.first() {
                Some(argument) => format!("`{}` of {}", step.name(), argument.place()),
                None => format!("the result of `{}`", step.name()),
            },
            _ => "a part of it".to_owned(),
        }
    }
}

/// The value of a part that must be true or false.
fn truth<'a>(inner: &'a Node, name: &str, column: usize, frame: &'a Frame<'a>) -> Result<bool> {
    let value = inner.eval(frame)?;
    value.as_bool().ok_or_else(|| unfit(column, name, "true or false", &[(inner, &value)]))
}

/// `&&` and `||`: `decisive` on either side decides, also when the other side fails.
fn connect<'a>(left: &'a Node, right: &'a Node, decisive: bool, operator: (&str, usize), frame: &'a Frame<'a>) -> Result<bool> {
    let first = truth(left, operator.0, operator.1, frame);
    if first == Ok(decisive) {
        return Ok(decisive);
    }
    match truth(right, operator.0, operator.1, frame) {
        Ok(second) if second == decisive => Ok(decisive),
        second => first.and(second),
    }
}

fn fold<'a>(kind_of_fold: Fold, list: &'a Node, body: &'a Node, column: usize, frame: &'a Frame<'a>) -> Result<Cow<'a, Value>> {
    let value = list.eval(frame)?;
    let Some(items) = value.as_array() else {
        return Err(unfit(column, kind_of_fold.name(), "a list (guard it with has())", &[(list, &value)]));
    };
    let mut kept = Vec::new();
    let mut count = 0usize;
    let mut failure = None;
    for item in items {
        let inner = Frame { scope: frame.scope, value: frame.value, local: Some(item), outer: Some(frame) };
        if kind_of_fold == Fold::Map {
            kept.push(body.eval(&inner)?.into_owned());
            continue;
        }
        match truth(body, kind_of_fold.name(), column, &inner) {
            Ok(holds) => {
                if holds && kind_of_fold == Fold::Exists || !holds && kind_of_fold == Fold::All {
                    return Ok(Cow::Owned(Value::Bool(holds)));
                }
                if holds {
                    count += 1;
                    if kind_of_fold == Fold::Filter {
                        kept.push(item.clone());
                    }
                }
            }
            // One item may decide although another cannot be worked out, as in CEL.
            Err(cause) if matches!(kind_of_fold, Fold::Exists | Fold::All) => {
                failure.get_or_insert(cause);
            }
            Err(cause) => return Err(cause),
        }
    }
    match (failure, kind_of_fold) {
        (Some(cause), _) => Err(cause),
        (None, Fold::Exists) => Ok(Cow::Owned(Value::Bool(false))),
        (None, Fold::All) => Ok(Cow::Owned(Value::Bool(true))),
        (None, Fold::ExistsOne) => Ok(Cow::Owned(Value::Bool(count == 1))),
        (None, Fold::Map | Fold::Filter) => Ok(Cow::Owned(Value::Array(kept))),
    }
}

/// The error of an operator whose operands do not fit: names their places and kinds, never their values.
fn unfit(column: usize, operator: &str, wanted: &str, operands: &[(&Node, &Value)]) -> Cause {
    let mut found: Vec<String> = Vec::new();
    for (node, value) in operands {
        let place = node.place();
        found.push(if value.is_null() { format!("{place} is empty") } else { format!("{place} is {}", kind(value)) });
    }
    at(column, &format!("`{operator}` wants {wanted}, but {}", found.join(" and ")))
}

impl Comparison {
    fn name(self) -> &'static str {
        match self {
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        }
    }

    fn holds(self, order: Ordering) -> bool {
        match self {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }
    }
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Operation::Add => "+",
            Operation::Subtract => "-",
            Operation::Multiply => "*",
            Operation::Divide => "/",
            Operation::Remainder => "%",
        }
    }
}

impl Fold {
    pub fn name(self) -> &'static str {
        match self {
            Fold::Exists => "exists",
            Fold::All => "all",
            Fold::ExistsOne => "exists_one",
            Fold::Map => "map",
            Fold::Filter => "filter",
        }
    }
}

fn at(column: usize, what: &str) -> Cause {
    failed(format!("the expression could not be worked out at column {column}: {what}"))
}

/// Empty is null, whatever form it came in.
fn empty_is_null(value: &Value) -> Cow<'_, Value> {
    Cow::Borrowed(if is_empty(value) { &NULL } else { value })
}

fn read<'a>(path: &SourcePath, from: &'a Value, reach: Reach) -> Result<Cow<'a, Value>> {
    if reach == Reach::One {
        return Ok(Cow::Borrowed(path.one(from).unwrap_or(&NULL)));
    }
    let mut found = Vec::new();
    path.read(from, &mut found);
    if reach == Reach::List {
        return Ok(Cow::Owned(Value::Array(found.into_iter().cloned().collect())));
    }
    match found.as_slice() {
        [] => Ok(Cow::Borrowed(&NULL)),
        [one] => Ok(empty_is_null(one)),
        _ => {
            Err(Cause::new(record::SEVERAL_VALUES, format!("`{}` has {} values where the expression wants one", path.text(), found.len())))
        }
    }
}

/// A member of a value; missing is null.
fn member(base: Cow<'_, Value>, pick: impl Fn(&Value) -> Option<&Value>) -> Cow<'_, Value> {
    match base {
        Cow::Borrowed(value) => pick(value).map_or(Cow::Borrowed(&NULL), empty_is_null),
        Cow::Owned(value) => pick(&value).filter(|found| !is_empty(found)).map_or(Cow::Borrowed(&NULL), |found| Cow::Owned(found.clone())),
    }
}

/// Equality; `None` where two kinds meet that cannot be compared. Null is equal to null only.
fn equal(a: &Value, b: &Value) -> Option<bool> {
    match (a, b) {
        (Value::Null, other) | (other, Value::Null) => Some(is_empty(other)),
        (Value::Number(x), Value::Number(y)) => Some(compare_numbers(x, y) == Some(Ordering::Equal)),
        (Value::Array(x), Value::Array(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            x.iter().zip(y).try_fold(true, |all, (x, y)| Some(equal(x, y)? && all))
        }
        (Value::Object(x), Value::Object(y)) => {
            if x.len() != y.len() {
                return Some(false);
            }
            x.iter().try_fold(true, |all, (name, x)| match y.get(name) {
                Some(y) => Some(equal(x, y)? && all),
                None => Some(false),
            })
        }
        (Value::String(_), Value::String(_)) | (Value::Bool(_), Value::Bool(_)) => Some(a == b),
        _ => None,
    }
}

/// Order; `None` where there is none.
fn order(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => compare_numbers(x, y),
        (Value::String(x), Value::String(y)) => Some(x.cmp(y)),
        (Value::Bool(x), Value::Bool(y)) => Some(x.cmp(y)),
        _ => None,
    }
}

fn compare_numbers(x: &Number, y: &Number) -> Option<Ordering> {
    match (x.as_i64(), y.as_i64()) {
        (Some(x), Some(y)) => Some(x.cmp(&y)),
        _ => match (x.as_u64(), y.as_u64()) {
            (Some(x), Some(y)) => Some(x.cmp(&y)),
            _ => x.as_f64()?.partial_cmp(&y.as_f64()?),
        },
    }
}

/// Whole numbers stay whole where the result is whole; the rest is decimal.
pub(super) fn arithmetic(operation: Operation, x: &Number, y: &Number) -> std::result::Result<Value, String> {
    if let (Some(x), Some(y)) = (x.as_i64(), y.as_i64()) {
        let whole = match operation {
            Operation::Add => x.checked_add(y),
            Operation::Subtract => x.checked_sub(y),
            Operation::Multiply => x.checked_mul(y),
            Operation::Divide | Operation::Remainder if y == 0 => return Err(format!("`{}` {BY_ZERO}", operation.name())),
            Operation::Divide if x.checked_rem(y) == Some(0) => x.checked_div(y),
            Operation::Divide => return decimal(x as f64 / y as f64),
            Operation::Remainder => x.checked_rem(y),
        };
        return whole.map(Value::from).ok_or_else(|| format!("the result of `{}` is too large", operation.name()));
    }
    let (Some(x), Some(y)) = (x.as_f64(), y.as_f64()) else { return Err("a number is too large".to_owned()) };
    match operation {
        Operation::Add => decimal(x + y),
        Operation::Subtract => decimal(x - y),
        Operation::Multiply => decimal(x * y),
        Operation::Divide | Operation::Remainder if y == 0.0 => Err(format!("`{}` {BY_ZERO}", operation.name())),
        Operation::Divide => decimal(x / y),
        Operation::Remainder => decimal(x % y),
    }
}

fn decimal(number: f64) -> std::result::Result<Value, String> {
    Number::from_f64(number).map(Value::Number).ok_or_else(|| "the result is too large".to_owned())
}
