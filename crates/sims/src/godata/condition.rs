//! Conditions of a filter, compiled and evaluated with the semantics of MongoDB - and with the two ways in which the
//! backend garbles them on their way there (see [`Engine`]).

use std::collections::HashSet;

use regex::Regex;
use serde_json::{Map, Value};

use super::dates;
use super::error::{Error, Result};
use super::node::Node;
use super::schema::{Kind, Model};

/// How the backend hands a condition to the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Outbreaks, locations, reference data, users: values are coerced to the field's type, malformed conditions are
    /// a 400, and of an object with several operators **only the first counts**.
    Loopback,
    /// Cases, and every `filtered-count`: reserved words are replaced in the text of the condition, also where they
    /// stand as values; dates are known by their look; several operators work; malformed conditions are a 500.
    Raw,
}

/// A compiled condition.
#[derive(Debug)]
pub enum Condition {
    /// All hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
    /// None holds.
    None(Vec<Condition>),
    /// A test of what is found at a path.
    Field(Vec<String>, Test),
}

/// A test of the values at a path.
#[derive(Debug)]
pub enum Test {
    /// Equal to a value.
    Equal(Value),
    /// Null or not there.
    NullOrMissing,
    /// There, and null.
    Null,
    /// Compared by size: the least ordering wins by the operator.
    Compare(Comparison, Value),
    /// One of these texts, or one of these other values.
    In(HashSet<String>, Vec<Value>),
    /// There (or not).
    Exists(bool),
    /// A text that fits.
    Regex(Regex),
    /// At least one item of the array fulfils the condition.
    Item(Box<Condition>),
    /// At least one item of the array, itself no object, passes the test.
    Scalar(Box<Test>),
    /// The array has this length.
    Size(usize),
    /// All of the tests pass.
    Every(Vec<Test>),
    /// The test does not pass.
    Not(Box<Test>),
    /// Nothing passes: a date compared with a text.
    Never,
}

/// A comparison by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `gt`
    Greater,
    /// `gte`
    GreaterOrEqual,
    /// `lt`
    Less,
    /// `lte`
    LessOrEqual,
}

impl Condition {
    /// Compiles the `where` of a filter on records of `model`.
    pub fn compile(node: &Node, engine: Engine, model: &Model) -> Result<Self> {
        let compiler = Compiler { engine, model };
        match engine {
            Engine::Raw => {
                let mut substituted = node.clone();
                substitute(&mut substituted);
                compiler.object(&substituted, "")
            }
            Engine::Loopback => compiler.object(node, ""),
        }
    }

    /// Whether a record fulfils the condition.
    pub fn holds(&self, record: &Map<String, Value>) -> bool {
        match self {
            Condition::All(all) => all.iter().all(|condition| condition.holds(record)),
            Condition::Any(any) => any.iter().any(|condition| condition.holds(record)),
            Condition::None(none) => !none.iter().any(|condition| condition.holds(record)),
            Condition::Field(path, test) => {
                let (first, rest) = path.split_first().expect("a path has at least one segment");
                test.passes(record.get(first), rest)
            }
        }
    }

    /// The top-level fields that the condition looks at.
    pub fn top_fields<'a>(&'a self, into: &mut HashSet<&'a str>) {
        match self {
            Condition::All(nested) | Condition::Any(nested) | Condition::None(nested) => {
                for condition in nested {
                    condition.top_fields(into);
                }
            }
            Condition::Field(path, _) => {
                into.insert(&path[0]);
            }
        }
    }
}

impl Test {
    fn passes(&self, value: Option<&Value>, path: &[String]) -> bool {
        match self {
            Test::Equal(wanted) => any(value, path, &|found| equal(found, wanted)),
            Test::NullOrMissing => any(value, path, &Value::is_null) || !exists(value, path),
            Test::Null => any(value, path, &Value::is_null),
            Test::Compare(comparison, bound) => any(value, path, &|found| compares(*comparison, found, bound)),
            Test::In(texts, others) => {
                any(value, path, &|found| match found {
                    Value::String(text) => texts.contains(text),
                    other => others.iter().any(|wanted| equal(other, wanted)),
                }) || (others.contains(&Value::Null) && !exists(value, path))
            }
            Test::Exists(wanted) => exists(value, path) == *wanted,
            Test::Regex(regex) => any(value, path, &|found| found.as_str().is_some_and(|text| regex.is_match(text))),
            Test::Item(condition) => {
                arrays(value, path, &|items| items.iter().any(|item| item.as_object().is_some_and(|object| condition.holds(object))))
            }
            Test::Scalar(test) => arrays(value, path, &|items| items.iter().any(|item| test.passes(Some(item), &[]))),
            Test::Size(length) => arrays(value, path, &|items| items.len() == *length),
            Test::Every(tests) => tests.iter().all(|test| test.passes(value, path)),
            Test::Not(test) => !test.passes(value, path),
            Test::Never => false,
        }
    }
}

/// Whether the predicate holds for a value at the path; an array stands for itself and for each of its items.
fn any(value: Option<&Value>, path: &[String], predicate: &dyn Fn(&Value) -> bool) -> bool {
    let Some(value) = value else { return false };
    let Some((segment, rest)) = path.split_first() else {
        return predicate(value) || value.as_array().is_some_and(|items| items.iter().any(predicate));
    };
    match value {
        Value::Object(object) => any(object.get(segment), rest, predicate),
        Value::Array(items) => {
            let at_index = segment.parse::<usize>().ok().and_then(|index| items.get(index));
            items.iter().any(|item| item.is_object() && any(Some(item), path, predicate)) || any(at_index, rest, predicate)
        }
        _ => false,
    }
}

fn exists(value: Option<&Value>, path: &[String]) -> bool {
    any(value, path, &|_| true)
}

/// Whether the predicate holds for an array at the path.
fn arrays(value: Option<&Value>, path: &[String], predicate: &dyn Fn(&[Value]) -> bool) -> bool {
    let Some(value) = value else { return false };
    let Some((segment, rest)) = path.split_first() else {
        return value.as_array().is_some_and(|items| predicate(items));
    };
    match value {
        Value::Object(object) => arrays(object.get(segment), rest, predicate),
        Value::Array(items) => items.iter().any(|item| item.is_object() && arrays(Some(item), path, predicate)),
        _ => false,
    }
}

fn equal(found: &Value, wanted: &Value) -> bool {
    match (found, wanted) {
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        _ => found == wanted,
    }
}

fn compares(comparison: Comparison, found: &Value, bound: &Value) -> bool {
    let ordering = match (found, bound) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().partial_cmp(&b.as_f64()),
        (Value::String(a), Value::String(b)) => Some(a.as_str().cmp(b.as_str())),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        _ => None,
    };
    ordering.is_some_and(|ordering| match comparison {
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
    })
}

/// Replaces the reserved words wherever they are a whole JSON string, as the backend does on the text of the condition.
fn substitute(node: &mut Node) {
    match node {
        Node::Text(text) => replace(text),
        Node::List(items) => items.iter_mut().for_each(substitute),
        Node::Object(members) => {
            for (key, value) in members {
                replace(key);
                substitute(value);
            }
        }
        _ => {}
    }
}

fn replace(word: &mut String) {
    let replacement = match word.as_str() {
        "and" => "$and",
        "or" => "$or",
        "inq" => "$in",
        "nin" => "$nin",
        "id" => "_id",
        "lt" => "$lt",
        "lte" => "$lte",
        "gt" => "$gt",
        "gte" => "$gte",
        "regexp" | "like" => "$regex",
        "options" => "$options",
        "eq" => "$eq",
        "neq" | "ne" => "$ne",
        "exists" => "$exists",
        "not" => "$not",
        "elemMatch" => "$elemMatch",
        _ => return,
    };
    replacement.clone_into(word);
}

struct Compiler<'a> {
    engine: Engine,
    model: &'a Model,
}

impl Compiler<'_> {
    fn malformed(&self, message: &str) -> Error {
        match self.engine {
            Engine::Loopback => Error::plain(400, message),
            Engine::Raw => Error::internal(message),
        }
    }

    fn object(&self, node: &Node, prefix: &str) -> Result<Condition> {
        let Node::Object(members) = node else {
            return Err(self.malformed("The where clause is not an object"));
        };
        let mut all = Vec::with_capacity(members.len());
        for (key, value) in members {
            all.push(match key.as_str() {
                "and" | "$and" if self.is_logical(key) => Condition::All(self.several(key, value, prefix)?),
                "or" | "$or" if self.is_logical(key) => Condition::Any(self.several(key, value, prefix)?),
                "nor" | "$nor" if self.is_logical(key) => Condition::None(self.several(key, value, prefix)?),
                _ if key.starts_with('$') => {
                    return Err(Error::internal(format!("unknown top level operator: {key}")));
                }
                _ => self.field(key, value, prefix)?,
            });
        }
        Ok(if all.len() == 1 { all.remove(0) } else { Condition::All(all) })
    }

    /// On the raw engine only `$nor` is known; a bare `nor` is the name of a field there.
    fn is_logical(&self, key: &str) -> bool {
        key.starts_with('$') || self.engine == Engine::Loopback
    }

    fn several(&self, key: &str, value: &Node, prefix: &str) -> Result<Vec<Condition>> {
        let Node::List(items) = value else {
            return Err(self.malformed(&format!("The {key} operator has an invalid clause: an array is expected")));
        };
        if items.is_empty() {
            return Err(Error::internal(format!("{key} must be a nonempty array")));
        }
        items.iter().map(|item| self.object(item, prefix)).collect()
    }

    fn field(&self, key: &str, value: &Node, prefix: &str) -> Result<Condition> {
        let key = if prefix.is_empty() && key == "_id" { "id" } else { key };
        let dotted = if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") };
        let test = match self.engine {
            Engine::Raw => self.raw(&dotted, value)?,
            Engine::Loopback => self.first_operator(&dotted, value)?,
        };
        Ok(Condition::Field(key.split('.').map(str::to_owned).collect(), test))
    }

    /// The raw engine: an object whose first key is an operator is a set of operators, any other value is compared.
    fn raw(&self, path: &str, value: &Node) -> Result<Test> {
        let Node::Object(members) = value else {
            return self.equality(path, value);
        };
        let is_operator = |key: &str| key.starts_with('$') || key == "between";
        if !members.first().is_some_and(|(key, _)| is_operator(key)) {
            return self.equality(path, value);
        }
        let mut tests = Vec::new();
        for (key, operand) in members {
            match key.as_str() {
                "between" => tests.push(self.between(path, operand)?),
                "$options" => {}
                "$regex" => tests.push(self.regex(operand, value.get("$options"))?),
                _ if key.starts_with('$') => tests.push(self.operator(&key[1..], path, operand)?),
                _ => return Err(Error::internal(format!("unknown operator: {key}"))),
            }
        }
        Ok(if tests.len() == 1 { tests.remove(0) } else { Test::Every(tests) })
    }

    /// The framework's engine looks at the first key of an object only.
    fn first_operator(&self, path: &str, value: &Node) -> Result<Test> {
        let Node::Object(members) = value else {
            return match value {
                Node::Null => Ok(Test::Null),
                _ => self.equality(path, value),
            };
        };
        let Some((key, operand)) = members.first() else {
            return self.equality(path, value);
        };
        match key.trim_start_matches('$') {
            "between" => self.between(path, operand),
            "like" | "regexp" | "regex" => self.regex(operand, value.get("options").or_else(|| value.get("$options"))),
            "nlike" => Ok(Test::Not(Box::new(self.regex(operand, value.get("options"))?))),
            "inq" | "in" => self.one_of(path, operand),
            "nin" => Ok(Test::Not(Box::new(self.one_of(path, operand)?))),
            "neq" => self.operator("ne", path, operand),
            other => self.operator(other, path, operand),
        }
    }

    fn operator(&self, name: &str, path: &str, operand: &Node) -> Result<Test> {
        let compare = |comparison| -> Result<Test> {
            Ok(match self.operand(path, operand)? {
                Some(bound) => Test::Compare(comparison, bound),
                None => Test::Never,
            })
        };
        match name {
            "eq" => self.equality(path, operand),
            "ne" => Ok(Test::Not(Box::new(self.equality(path, operand)?))),
            "gt" => compare(Comparison::Greater),
            "gte" => compare(Comparison::GreaterOrEqual),
            "lt" => compare(Comparison::Less),
            "lte" => compare(Comparison::LessOrEqual),
            "in" => self.one_of(path, operand),
            "nin" => Ok(Test::Not(Box::new(self.one_of(path, operand)?))),
            "exists" => Ok(Test::Exists(!matches!(operand, Node::Bool(false) | Node::Null) && operand.value() != serde_json::json!(0))),
            "not" => Ok(Test::Not(Box::new(self.raw(path, operand)?))),
            "elemMatch" => self.element(path, operand),
            "all" => {
                let Node::List(items) = operand else {
                    return Err(Error::internal("$all needs an array"));
                };
                Ok(Test::Every(items.iter().map(|item| self.equality(path, item)).collect::<Result<_>>()?))
            }
            "size" => operand
                .value()
                .as_u64()
                .and_then(|length| usize::try_from(length).ok())
                .map(Test::Size)
                .ok_or_else(|| Error::internal("$size must be a whole number")),
            "type" if matches!(operand.text(), Some("null")) || operand.value() == serde_json::json!(10) => Ok(Test::Null),
            "near" | "geoWithin" | "nearSphere" | "type" | "expr" | "mod" => Err(Error::not_simulated(&format!("the operator {name}"))),
            _ => Err(Error::internal(format!("unknown operator: ${name}"))),
        }
    }

    fn element(&self, path: &str, operand: &Node) -> Result<Test> {
        let Node::Object(members) = operand else {
            return Err(Error::internal("$elemMatch needs an Object"));
        };
        let logical = |key: &str| matches!(key, "$and" | "$or" | "$nor");
        match members.first() {
            Some((key, _)) if key.starts_with('$') && !logical(key) => Ok(Test::Scalar(Box::new(self.raw(path, operand)?))),
            _ => Ok(Test::Item(Box::new(self.object(operand, path)?))),
        }
    }

    fn between(&self, path: &str, operand: &Node) -> Result<Test> {
        let Node::List(bounds) = operand else {
            return Err(self.malformed("The between property has an invalid clause: an array is expected"));
        };
        let [from, to] = bounds.as_slice() else {
            return Err(self.malformed("The between property has an invalid clause: two values are expected"));
        };
        Ok(Test::Every(vec![self.operator("gte", path, from)?, self.operator("lte", path, to)?]))
    }

    fn one_of(&self, path: &str, operand: &Node) -> Result<Test> {
        let Node::List(items) = operand else {
            return Err(self.malformed("The inq property has an invalid clause: an array is expected"));
        };
        let mut texts = HashSet::new();
        let mut others = Vec::new();
        for item in items {
            match self.operand(path, item)? {
                Some(Value::String(text)) => {
                    texts.insert(text);
                }
                Some(other) => others.push(other),
                None => {}
            }
        }
        Ok(Test::In(texts, others))
    }

    fn equality(&self, path: &str, operand: &Node) -> Result<Test> {
        if *operand == Node::Null {
            return Ok(Test::NullOrMissing);
        }
        Ok(self.operand(path, operand)?.map_or(Test::Never, Test::Equal))
    }

    fn regex(&self, operand: &Node, options: Option<&Node>) -> Result<Test> {
        let Some(text) = operand.text() else {
            return Err(self.malformed("a regular expression must be a text"));
        };
        let mut pattern = text;
        let mut flags = options.and_then(Node::text).unwrap_or_default();
        if let (Some(body), Some(end)) = (text.strip_prefix('/'), text.rfind('/'))
            && end > 0
        {
            pattern = &body[..end - 1];
            flags = &text[end + 1..];
        }
        let insensitive = if flags.contains('i') { "(?i)" } else { "" };
        let regex = Regex::new(&format!("{insensitive}{pattern}")).map_err(|_| Error::internal("Regular expression is invalid"))?;
        Ok(Test::Regex(regex))
    }

    /// The value to compare with, `None` when its type cannot match what is stored at the path.
    fn operand(&self, path: &str, node: &Node) -> Result<Option<Value>> {
        let is_date = self.model.is_date(path);
        let in_answers = path.starts_with("questionnaireAnswers");
        let Node::Text(text) = node else {
            return Ok(if is_date && !matches!(node, Node::Null) { None } else { Some(self.coerced(path, node)) });
        };
        match self.engine {
            Engine::Loopback if is_date => match dates::javascript(text) {
                Some(millis) => Ok(Some(Value::String(dates::iso(millis)))),
                None => Err(Error::internal("Invalid date")),
            },
            Engine::Loopback => Ok(Some(self.coerced(path, node))),
            Engine::Raw => Ok(match dates::filter_form(text) {
                Some(millis) if is_date || in_answers => Some(Value::String(dates::iso(millis))),
                Some(_) => None,
                None if is_date => None,
                None => Some(Value::String(text.clone())),
            }),
        }
    }

    /// The framework's engine turns values into the type of a top-level field.
    fn coerced(&self, path: &str, node: &Node) -> Value {
        let value = node.value();
        if self.engine == Engine::Raw {
            return value;
        }
        match (self.model.kind(path), &value) {
            (Some(Kind::Text), Value::Number(number)) => Value::String(number.to_string()),
            (Some(Kind::Text), Value::Bool(flag)) => Value::String(flag.to_string()),
            (Some(Kind::Number), Value::String(text)) => text.trim().parse::<f64>().map_or(Value::Null, Value::from),
            (Some(Kind::Flag), Value::String(text)) => Value::Bool(text == "true"),
            _ => value,
        }
    }
}
