//! The closed set of transforms, a family a file.
//!
//! A cell is a pipeline: `trim | title`, `date("dd/MM/yyyy")`, or an expression in braces, in which `value` is what came through the pipe.
//! Every transform obeys the same rules:
//! - a transform of empty is empty; an expression is worked out also for an empty value, so that `{ "SN" }` is a constant;
//! - a value that does not fit is a rejection with a code that says why: never a guess, never silently nothing;
//! - a transform of one value, on a source cell with several paths (`a ; b`), works on each, until a transform takes them all (`join`,
//!   `first`, `age_years` ...); several values for one path are a rejection, unless the first transform takes several.
//!
//! What a transform does, its parameters and its examples stand beside its code, are run by a test and printed by `kivuko transforms`.

mod arguments;
mod code;
mod collection;
mod date;
mod geometry;
mod number;
mod pattern;
mod period;
mod pipeline;
mod pseudonym;
mod reference;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;
use std::fmt;

use serde_json::Value;

pub(crate) use arguments::{Argument, Arguments};
pub(crate) use date::{day, plain_day};
pub(crate) use number::Bands;
pub use pipeline::Pipeline;
#[cfg(test)]
pub(crate) use tests::World;

use crate::catalogue::record;
use crate::codes::{CodeMaps, Sides};
use crate::error::Cause;
use crate::expr::{ExprError, Scope};
use crate::labels::Labels;

/// The project around a record: everything that transforms and expressions need beside the record.
pub struct Env<'a> {
    /// The time zone of the project.
    pub timezone: &'a jiff::tz::TimeZone,
    /// The day of the run in that zone.
    pub today: jiff::civil::Date,
    /// The code maps of the project.
    pub codes: &'a CodeMaps,
    /// The two systems of the flow: they say which columns of a code map are meant.
    pub sides: &'a Sides,
    /// Finds what other flows wrote.
    pub references: &'a dyn References,
    /// What the codes of the source are called in the language of the flow.
    pub labels: &'a Labels,
    /// What pseudonyms are made with: the store's key for hashes.
    pub secret: &'a [u8; 32],
}

impl fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Env").field("today", &self.today).finish_non_exhaustive()
    }
}

/// Finds the target's id of a record that another flow wrote.
pub trait References {
    /// The id in the target, or `None` while the record has not arrived.
    fn resolve(&self, flow: &str, id: &str) -> Option<String>;
}

/// For flows that refer to no other.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoReferences;

impl References for NoReferences {
    fn resolve(&self, _flow: &str, _id: &str) -> Option<String> {
        None
    }
}

/// A transform as it is documented.
#[derive(Debug)]
pub struct Transform {
    /// The word in the cell.
    pub name: &'static str,
    /// The family it belongs to.
    pub family: Family,
    /// What it does, in a sentence or two.
    pub about: &'static str,
    /// Its parameters in their order.
    pub parameters: &'static [Parameter],
    /// What goes in and what comes out; run by a test.
    pub examples: &'static [Example],
    /// What it takes from the pipe.
    pub takes: Takes,
    /// Whether it can be called as a function in an expression: first its inputs, then its parameters.
    pub in_expressions: bool,
    make: fn(&Arguments<'_>) -> Result<Step, ExprError>,
}

/// The families, in the order in which they are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    Text,
    Number,
    Date,
    Code,
    Reference,
    Geometry,
    Collection,
    Privacy,
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Family::Text => "text",
            Family::Number => "number",
            Family::Date => "date and age",
            Family::Code => "code",
            Family::Reference => "reference",
            Family::Geometry => "geometry",
            Family::Collection => "collection",
            Family::Privacy => "privacy",
        })
    }
}

/// What a transform takes from the pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// One value; of a source cell with several paths each in turn.
    One,
    /// Two values, in the order of the source cell.
    Two,
    /// All values: of several paths, of a path with several values, or of a list.
    Several,
}

/// A parameter of a transform.
#[derive(Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub about: &'static str,
    /// How often it may be given.
    pub times: Times,
}

/// How often a parameter may be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Times {
    Once,
    AtMostOnce,
    Any,
}

/// An example: the cell, what goes in and what comes out, both as JSON; of a transform of two values the input is a list of them. An output
/// `rejected K0304` stands for the rejection with that code.
#[derive(Debug)]
pub struct Example {
    pub call: &'static str,
    pub input: &'static str,
    pub output: &'static str,
}

const fn required(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, times: Times::Once }
}

const fn optional(name: &'static str, about: &'static str) -> Parameter {
    Parameter { name, about, times: Times::AtMostOnce }
}

const fn example(call: &'static str, input: &'static str, output: &'static str) -> Example {
    Example { call, input, output }
}

/// All transforms, by family.
pub fn all() -> &'static [&'static Transform] {
    static ALL: std::sync::LazyLock<Vec<&'static Transform>> = std::sync::LazyLock::new(|| {
        [text::ALL, number::ALL, date::ALL, period::ALL, code::ALL, reference::ALL, geometry::ALL, collection::ALL, pseudonym::ALL]
            .into_iter()
            .flatten()
            .copied()
            .collect()
    });
    &ALL
}

/// A transform by its name.
pub fn find(name: &str) -> Option<&'static Transform> {
    all().iter().copied().find(|transform| transform.name == name)
}

impl Transform {
    /// How it is written in a cell: `replace(old, new)`.
    pub fn usage(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(Parameter::shown).collect();
        if parameters.is_empty() { self.name.to_owned() } else { format!("{}({})", self.name, parameters.join(", ")) }
    }

    /// How it is written in an expression: `replace(x, old, new)`.
    pub fn usage_in_expressions(&self) -> String {
        if self.name == "ref" {
            return "ref(\"flow\", x)".to_owned();
        }
        let inputs: &[&str] = match self.takes {
            Takes::One => &["x"],
            Takes::Two => &["x", "y"],
            Takes::Several => &["list"],
        };
        let shown: Vec<String> = inputs.iter().map(|&input| input.to_owned()).chain(self.parameters.iter().map(Parameter::shown)).collect();
        format!("{}({})", self.name, shown.join(", "))
    }

    /// How many inputs it has as a function.
    pub(crate) fn inputs(&self) -> usize {
        if self.takes == Takes::Two { 2 } else { 1 }
    }

    /// The transform with its parameters, ready to be applied.
    pub(crate) fn step(&'static self, column: usize, arguments: &[Argument]) -> Result<Step, ExprError> {
        let arguments = Arguments::new(self, column, arguments)?;
        (self.make)(&arguments)
    }
}

impl Parameter {
    fn shown(&self) -> String {
        match self.times {
            Times::Once => self.name.to_owned(),
            Times::AtMostOnce => format!("[{}]", self.name),
            Times::Any => format!("[{}, ...]", self.name),
        }
    }
}

type One = Box<dyn Fn(Value, &Scope<'_>) -> Result<Value, Cause> + Send + Sync>;
type Several = Box<dyn Fn(Vec<Value>, &Scope<'_>) -> Result<Value, Cause> + Send + Sync>;

/// A transform with its parameters.
pub(crate) struct Step {
    name: &'static str,
    action: Action,
    paths: Vec<crate::path::SourcePath>,
    references: Vec<String>,
    code_map: Option<String>,
    /// The columns of the code map that it names.
    code_columns: Option<(String, String)>,
    uses_labels: bool,
}

enum Action {
    One(One),
    /// As `One`, but it also takes a list, as one value.
    Whole(One),
    Two(Several),
    Several(Several),
}

impl Step {
    fn new(name: &'static str, action: Action) -> Self {
        Self { name, action, paths: Vec::new(), references: Vec::new(), code_map: None, code_columns: None, uses_labels: false }
    }

    /// A transform of one value that is not empty.
    fn one(arguments: &Arguments<'_>, act: impl Fn(Value, &Scope<'_>) -> Result<Value, Cause> + Send + Sync + 'static) -> Self {
        Self::new(arguments.name(), Action::One(Box::new(act)))
    }

    /// A transform of one value that is not empty and may be a list.
    fn whole(arguments: &Arguments<'_>, act: impl Fn(Value, &Scope<'_>) -> Result<Value, Cause> + Send + Sync + 'static) -> Self {
        Self::new(arguments.name(), Action::Whole(Box::new(act)))
    }

    /// A transform of one text that is not empty; numbers and truth values are read as text.
    fn text(arguments: &Arguments<'_>, act: impl Fn(String) -> Result<String, Cause> + Send + Sync + 'static) -> Self {
        let name = arguments.name();
        Self::one(arguments, move |value, _| Ok(text_or_null(act(text_of(name, value)?)?)))
    }

    /// A transform of two values, of which one may be empty.
    fn two(arguments: &Arguments<'_>, act: impl Fn(Vec<Value>, &Scope<'_>) -> Result<Value, Cause> + Send + Sync + 'static) -> Self {
        Self::new(arguments.name(), Action::Two(Box::new(act)))
    }

    /// A transform of several values, none of them empty.
    fn several(arguments: &Arguments<'_>, act: impl Fn(Vec<Value>, &Scope<'_>) -> Result<Value, Cause> + Send + Sync + 'static) -> Self {
        Self::new(arguments.name(), Action::Several(Box::new(act)))
    }

    fn reading(mut self, paths: impl IntoIterator<Item = crate::path::SourcePath>) -> Self {
        self.paths.extend(paths);
        self
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// The flows that it refers to.
    pub(crate) fn references(&self) -> &[String] {
        &self.references
    }

    /// The code map that it uses.
    pub(crate) fn code_map(&self) -> Option<&str> {
        self.code_map.as_deref()
    }

    /// Whether it needs the labels of the source.
    pub(crate) fn uses_labels(&self) -> bool {
        self.uses_labels
    }

    /// Applies it as a function.
    pub(crate) fn call(&self, mut inputs: Vec<Value>, scope: &Scope<'_>) -> Result<Value, Cause> {
        match &self.action {
            Action::One(act) => apply_one(self.name, act, inputs.pop().unwrap_or_default(), scope),
            Action::Whole(act) => apply_whole(act, inputs.pop().unwrap_or_default(), scope),
            Action::Two(act) => act(inputs, scope),
            Action::Several(act) => apply_several(act, inputs, scope),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Step").field(&self.name).finish()
    }
}

fn apply_one(name: &str, act: &One, value: Value, scope: &Scope<'_>) -> Result<Value, Cause> {
    match &value {
        Value::Array(items) if !crate::value::is_empty(&value) => Err(several(name, items.len())),
        _ => apply_whole(act, value, scope),
    }
}

fn apply_whole(act: &One, value: Value, scope: &Scope<'_>) -> Result<Value, Cause> {
    if crate::value::is_empty(&value) { Ok(Value::Null) } else { act(value, scope) }
}

/// Lists among the values are opened, empty ones left out; of nothing comes nothing.
fn apply_several(act: &Several, values: Vec<Value>, scope: &Scope<'_>) -> Result<Value, Cause> {
    let mut items = Vec::with_capacity(values.len());
    for value in values {
        match value {
            Value::Array(inner) => items.extend(inner.into_iter().filter(|item| !crate::value::is_empty(item))),
            value if crate::value::is_empty(&value) => {}
            value => items.push(value),
        }
    }
    if items.is_empty() { Ok(Value::Null) } else { act(items, scope) }
}

fn several(name: &str, count: usize) -> Cause {
    Cause::new(
        record::SEVERAL_VALUES,
        format!(
            "`{name}` takes one value, but there are {count}; say which one with `first`, `last` or `where`, or put them together with `join`"
        ),
    )
}

/// Reads a value as text.
fn text_of(name: &str, value: Value) -> Result<String, Cause> {
    match value {
        Value::String(text) => Ok(text),
        other => crate::value::text(&other).ok_or_else(|| wrong_type(name, "a text", &other)),
    }
}

fn text_or_null(text: String) -> Value {
    if crate::value::is_blank(&text) { Value::Null } else { Value::String(text) }
}

fn wrong_type(name: &str, wanted: &str, found: &Value) -> Cause {
    Cause::new(record::WRONG_TYPE, format!("`{name}` wants {wanted}, but the value is {}", crate::value::kind(found)))
}

/// Digits of other scripts as ASCII digits: Arabic-Indic, Persian, Devanagari, Bengali, Burmese, Khmer, full width.
fn ascii_digits(text: &str) -> Cow<'_, str> {
    const ZEROS: [u32; 7] = [0x0660, 0x06F0, 0x0966, 0x09E6, 0x1040, 0x17E0, 0xFF10];
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    text.chars()
        .map(|c| {
            let code = u32::from(c);
            ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)).and_then(|zero| char::from_digit(code - zero, 10)).unwrap_or(c)
        })
        .collect()
}
