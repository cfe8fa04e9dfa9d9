//! The functions of expressions that are no transforms. Transforms can be called as functions too: see [`crate::transform::all`].

use std::borrow::Cow;

use serde_json::Value;

use super::eval::Frame;

/// A function as the documentation shows it.
#[derive(Debug)]
pub struct Function {
    /// How it is called.
    pub call: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// An expression and what it gives, as JSON.
    pub example: (&'static str, &'static str),
    builtin: Option<(Builtin, &'static str, std::ops::RangeInclusive<usize>)>,
}

impl Function {
    /// The name, without the parameters.
    pub fn name(&self) -> &'static str {
        self.call.split('(').next().unwrap_or(self.call).rsplit('.').next().unwrap_or(self.call)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builtin {
    Coalesce,
    Contains,
    EndsWith,
    Size,
    StartsWith,
    Text,
    Today,
}

/// All functions that are no transforms, in one table.
pub static FUNCTIONS: &[Function] = &[
    special("has(p)", "whether `p` is not empty", ("has(value)", "true")),
    special(
        "path(\"any path\")",
        "a path whose names are not identifiers, or that fans out",
        ("path(\"Date of birth\")", "\"1990-02-11\""),
    ),
    special("record[\"any name\"]", "the same for one field", ("record[\"Date of birth\"]", "\"1990-02-11\"")),
    special("list.exists(x, condition)", "whether the condition holds for one item at least", ("[1, 2].exists(x, x > 1)", "true")),
    special("list.all(x, condition)", "whether the condition holds for every item", ("[1, 2].all(x, x > 1)", "false")),
    special("list.exists_one(x, condition)", "whether the condition holds for exactly one item", ("[1, 2].exists_one(x, x > 1)", "true")),
    special("list.map(x, expression)", "the list of results", ("[1, 2].map(x, x * 10)", "[10,20]")),
    special("list.filter(x, condition)", "the items for which the condition holds", ("[1, 2].filter(x, x > 1)", "[2]")),
    builtin("coalesce(a, b, ...)", "the first that is not empty", ("coalesce(null, \"\", 3)", "3"), Builtin::Coalesce, "coalesce", 1..=16),
    builtin(
        "contains(text, part)",
        "whether the text contains the part",
        ("contains(\"fever, cough\", \"cough\")", "true"),
        Builtin::Contains,
        "contains",
        2..=2,
    ),
    builtin(
        "startsWith(text, part)",
        "whether the text starts with the part",
        ("\"CASE-1\".startsWith(\"CASE\")", "true"),
        Builtin::StartsWith,
        "startsWith",
        2..=2,
    ),
    builtin(
        "endsWith(text, part)",
        "whether the text ends with the part",
        ("\"CASE-1\".endsWith(\"2\")", "false"),
        Builtin::EndsWith,
        "endsWith",
        2..=2,
    ),
    builtin(
        "size(x)",
        "how many characters a text, items a list or members an object has",
        ("size(\"Koné\")", "4"),
        Builtin::Size,
        "size",
        1..=1,
    ),
    builtin("string(x)", "the value as text; of null it is null", ("string(12)", "\"12\""), Builtin::Text, "string", 1..=1),
    builtin("today()", "the day of the run in the time zone of the project", ("today()", "\"2021-02-04\""), Builtin::Today, "today", 0..=0),
];

const fn special(call: &'static str, about: &'static str, example: (&'static str, &'static str)) -> Function {
    Function { call, about, example, builtin: None }
}

const fn builtin(
    call: &'static str,
    about: &'static str,
    example: (&'static str, &'static str),
    function: Builtin,
    name: &'static str,
    arity: std::ops::RangeInclusive<usize>,
) -> Function {
    Function { call, about, example, builtin: Some((function, name, arity)) }
}

/// A builtin by its name, with how many arguments it takes.
pub(super) fn find(name: &str) -> Option<(Builtin, &'static str, std::ops::RangeInclusive<usize>, &'static str)> {
    FUNCTIONS.iter().find_map(|function| match &function.builtin {
        Some((builtin, known, arity)) if *known == name => Some((*builtin, *known, arity.clone(), function.call)),
        _ => None,
    })
}

/// The argument at this position is not what is wanted.
pub(super) struct Misfit(pub usize, pub &'static str);

impl Builtin {
    pub fn call<'a>(self, arguments: &[Cow<'a, Value>], frame: &Frame<'_>) -> Result<Cow<'a, Value>, Misfit> {
        let text = |position: usize| arguments.get(position).and_then(|value| value.as_str()).ok_or(Misfit(position, "a text"));
        let truth = |holds: bool| Ok(Cow::Owned(Value::Bool(holds)));
        match self {
            Builtin::Coalesce => {
                Ok(arguments.iter().find(|value| !crate::value::is_empty(value)).cloned().unwrap_or(Cow::Owned(Value::Null)))
            }
            Builtin::Contains => truth(text(0)?.contains(text(1)?)),
            Builtin::StartsWith => truth(text(0)?.starts_with(text(1)?)),
            Builtin::EndsWith => truth(text(0)?.ends_with(text(1)?)),
            Builtin::Size => {
                let size = match arguments.first().map(AsRef::as_ref) {
                    Some(Value::String(text)) => text.chars().count(),
                    Some(Value::Array(items)) => items.len(),
                    Some(Value::Object(members)) => members.len(),
                    _ => return Err(Misfit(0, "a text, a list or an object")),
                };
                Ok(Cow::Owned(Value::from(size)))
            }
            Builtin::Text => match arguments.first().map(AsRef::as_ref) {
                None | Some(Value::Null) => Ok(Cow::Owned(Value::Null)),
                Some(value) => crate::value::text(value)
                    .map(|text| Cow::Owned(Value::String(text)))
                    .ok_or(Misfit(0, "a text, a number or a truth value")),
            },
            Builtin::Today => Ok(Cow::Owned(Value::String(frame.scope.env.today.to_string()))),
        }
    }
}
