//! Holds a tree against a JSON Schema: the part of it that our types and the declarations of connectors use.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Data, Node};
use crate::catalogue::project;
use crate::error::Problem;

/// The JSON Schema of a type.
pub fn schema_of<T: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value()
}

/// A comparison of a tree with a schema.
#[derive(Debug, Clone, Copy)]
pub struct Fit<'s> {
    schema: &'s Value,
    variables: bool,
}

impl<'s> Fit<'s> {
    /// A comparison with this schema.
    pub fn new(schema: &'s Value) -> Self {
        Self { schema, variables: false }
    }

    /// `${NAME}` may stand for any scalar.
    #[must_use]
    pub fn with_variables(self) -> Self {
        Self { variables: true, ..self }
    }

    /// Collects everything that does not fit. A number where a text is wanted becomes the text as it was written, so `project: 2026` is right.
    pub fn check(&self, node: &mut Node, problems: &mut Vec<Problem>) {
        self.node(node, self.schema, "", problems);
    }

    fn node(&self, node: &mut Node, schema: &Value, path: &str, problems: &mut Vec<Problem>) {
        let schema = self.resolve(schema);
        if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
            for part in parts {
                self.node(node, part, path, problems);
            }
        }
        if self.variables && node.text().is_some_and(has_variable) {
            return;
        }
        if let Some(words) = words(schema) {
            Self::word(node, schema, &words, path, problems);
            return;
        }
        if let Some(alternatives) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
            self.alternatives(node, alternatives, path, problems);
            return;
        }
        let kinds = kinds(schema);
        if !kinds.is_empty() && !Self::kind(node, &kinds, path, problems) {
            return;
        }
        match &mut node.data {
            Data::Map(_) => self.map(node, schema, path, problems),
            Data::List(items) => {
                if let Some(each) = schema.get("items") {
                    for (index, item) in items.iter_mut().enumerate() {
                        self.node(item, each, &format!("{path}[{index}]"), problems);
                    }
                }
            }
            Data::Plain { value, .. } => {
                if let Some(number) = value.as_f64() {
                    let least = schema.get("minimum").and_then(Value::as_f64).filter(|least| number < *least);
                    let most = schema.get("maximum").and_then(Value::as_f64).filter(|most| number > *most);
                    if let Some((word, bound)) = least.map(|bound| ("at least", bound)).or(most.map(|bound| ("at most", bound))) {
                        let message = format!("{} is {number}", named(path));
                        problems.push(Problem::error(project::BAD_VALUE, node.at.place(), message).expected(format!("{word} {bound}")));
                    }
                }
            }
            Data::Null | Data::Text(_) => {}
        }
    }

    /// Whether the node is of one of the kinds; a scalar is brought into the form of the kind.
    fn kind(node: &mut Node, kinds: &[&str], path: &str, problems: &mut Vec<Problem>) -> bool {
        if kinds.contains(&"string")
            && !kinds.contains(&"number")
            && !kinds.contains(&"integer")
            && !kinds.contains(&"boolean")
            && let Data::Plain { written, .. } = &mut node.data
        {
            node.data = Data::Text(std::mem::take(written));
        }
        let fits = kinds.iter().any(|kind| match (*kind, &node.data) {
            ("null", Data::Null) | ("string", Data::Text(_)) | ("array", Data::List(_)) | ("object", Data::Map(_)) => true,
            ("boolean", Data::Plain { value, .. }) => value.is_boolean(),
            ("number", Data::Plain { value, .. }) => value.is_number(),
            ("integer", Data::Plain { value, .. }) => value.is_i64() || value.is_u64(),
            _ => false,
        });
        if !fits {
            let expected: Vec<&str> = kinds.iter().filter(|kind| **kind != "null").map(|kind| kind_words(kind)).collect();
            let message = format!("{} {}", named(path), found_words(&node.data));
            problems.push(Problem::error(project::WRONG_KIND, node.at.place(), message).expected(expected.join(" or ")));
        }
        fits
    }

    fn word(node: &Node, schema: &Value, words: &[&str], path: &str, problems: &mut Vec<Problem>) {
        let written = match (&node.data, node.text()) {
            (Data::Null, _) if kinds(schema).contains(&"null") => return,
            (_, Some(text)) => text,
            (data, None) => {
                let message = format!("{} {}", named(path), found_words(data));
                problems.push(Problem::error(project::WRONG_KIND, node.at.place(), message).expected(one_of(words)));
                return;
            }
        };
        if !words.contains(&written) {
            let message = format!("{} cannot be `{written}`", named(path));
            let problem = Problem::error(project::BAD_VALUE, node.at.place(), message).expected(one_of(words));
            problems.push(problem.nearest(written, words.iter().copied()));
        }
    }

    fn alternatives(&self, node: &mut Node, alternatives: &[Value], path: &str, problems: &mut Vec<Problem>) {
        let nullable = alternatives.iter().any(|one| kinds(self.resolve(one)) == ["null"]);
        if nullable && node.data == Data::Null {
            return;
        }
        let real: Vec<&Value> = alternatives.iter().filter(|one| kinds(self.resolve(one)) != ["null"]).collect();
        let of_this_kind: Vec<&Value> = real.iter().copied().filter(|one| self.could_be(node, one)).collect();
        let tried = if of_this_kind.is_empty() { &real } else { &of_this_kind };
        if of_this_kind.is_empty() && real.len() > 1 {
            let expected: Vec<String> = real.iter().map(|one| self.expected_words(one)).collect();
            let message = format!("{} {}", named(path), found_words(&node.data));
            problems.push(Problem::error(project::WRONG_KIND, node.at.place(), message).expected(expected.join(", or ")));
            return;
        }
        let mut best: Option<(Node, Vec<Problem>)> = None;
        for one in tried {
            let mut copy = node.clone();
            let mut found = Vec::new();
            self.node(&mut copy, one, path, &mut found);
            if best.as_ref().is_none_or(|(_, fewest)| found.len() < fewest.len()) {
                best = Some((copy, found));
            }
        }
        if let Some((fitted, found)) = best {
            *node = fitted;
            problems.extend(found);
        }
    }

    /// Whether the node is of the right sort for this alternative, whatever is wrong inside it.
    fn could_be(&self, node: &Node, schema: &Value) -> bool {
        let schema = self.resolve(schema);
        if words(schema).is_some() {
            return node.text().is_some();
        }
        let kinds = kinds(schema);
        kinds.is_empty()
            || kinds.iter().any(|kind| {
                matches!(
                    (*kind, &node.data),
                    ("string" | "number" | "integer" | "boolean", Data::Plain { .. })
                        | ("string", Data::Text(_))
                        | ("array", Data::List(_))
                        | ("object", Data::Map(_))
                )
            })
    }

    fn expected_words(&self, schema: &Value) -> String {
        let schema = self.resolve(schema);
        if let Some(words) = words(schema) {
            return one_of(&words);
        }
        let keys: Vec<&str> =
            schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.as_str()).collect();
        match kinds(schema).first() {
            Some(&"object") if !keys.is_empty() => format!("a mapping with {}", one_of(&keys)),
            Some(kind) => kind_words(kind).to_owned(),
            None => "something else".to_owned(),
        }
    }

    fn map(&self, node: &mut Node, schema: &Value, path: &str, problems: &mut Vec<Problem>) {
        let at = node.at.clone();
        let Data::Map(entries) = &mut node.data else { return };
        let properties = schema.get("properties").and_then(Value::as_object);
        for entry in entries.iter_mut() {
            let inner = if path.is_empty() { entry.key.clone() } else { format!("{path}.{}", entry.key) };
            if let Some(property) = properties.and_then(|known| known.get(&entry.key)) {
                self.node(&mut entry.value, property, &inner, problems);
                continue;
            }
            match schema.get("additionalProperties") {
                Some(Value::Bool(false)) => {
                    let known: Vec<&str> = properties.into_iter().flatten().map(|(key, _)| key.as_str()).collect();
                    problems.push(unknown_key(&entry.key, entry.at.place(), path, &known));
                }
                Some(each @ Value::Object(_)) => self.node(&mut entry.value, each, &inner, problems),
                _ => {}
            }
        }
        for required in schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == required) {
                let message = if path.is_empty() {
                    format!("the key `{required}` is missing")
                } else {
                    format!("`{path}` lacks the key `{required}`")
                };
                let about = properties.and_then(|known| known.get(required)).and_then(|property| property.get("description"));
                let mut problem = Problem::error(project::MISSING_KEY, at.place(), message);
                problem.expected = about.and_then(Value::as_str).map(|text| format!("`{required}:` {}", first_sentence(text)));
                problems.push(problem);
            }
        }
    }

    fn resolve<'a>(&'a self, schema: &'a Value) -> &'a Value {
        let mut schema = schema;
        // A chain of references is short; a circle of nothing but references is not a schema.
        for _ in 0..8 {
            let target = schema.get("$ref").and_then(Value::as_str).and_then(|text| text.strip_prefix('#'));
            match target.and_then(|pointer| self.schema.pointer(pointer)) {
                Some(inner) => schema = inner,
                None => break,
            }
        }
        schema
    }
}

/// A problem with a key that nobody knows.
pub(crate) fn unknown_key(key: &str, place: crate::error::Place, path: &str, known: &[&str]) -> Problem {
    let message = if path.is_empty() { format!("unknown key `{key}`") } else { format!("unknown key `{key}` in `{path}`") };
    let problem = Problem::error(project::UNKNOWN_KEY, place, message).nearest(key, known.iter().copied());
    if known.is_empty() { problem.expected("no keys here") } else { problem.expected(one_of(known)) }
}

/// Whether a text holds `${NAME}`.
pub(crate) fn has_variable(text: &str) -> bool {
    text.find("${").is_some_and(|start| text[start..].contains('}'))
}

/// The words of a choice: `enum`, or `oneOf` of constants.
fn words(schema: &Value) -> Option<Vec<&str>> {
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        return words.iter().filter(|word| !word.is_null()).map(Value::as_str).collect();
    }
    if let Some(word) = schema.get("const").and_then(Value::as_str) {
        return Some(vec![word]);
    }
    let parts = schema.get("oneOf").or_else(|| schema.get("anyOf")).and_then(Value::as_array)?;
    let lists: Option<Vec<Vec<&str>>> = parts.iter().map(words).collect();
    lists.map(|lists| lists.concat())
}

fn kinds(schema: &Value) -> Vec<&str> {
    match schema.get("type") {
        Some(Value::String(kind)) => vec![kind],
        Some(Value::Array(kinds)) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn named(path: &str) -> String {
    if path.is_empty() { "the file".to_owned() } else { format!("`{path}`") }
}

/// `one of a, b`.
pub(crate) fn one_of(words: &[&str]) -> String {
    match words {
        [one] => format!("`{one}`"),
        _ => format!("one of {}", words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")),
    }
}

fn kind_words(kind: &str) -> &'static str {
    match kind {
        "string" => "a text",
        "number" => "a number",
        "integer" => "a whole number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a mapping of `key: value`",
        _ => "nothing",
    }
}

fn found_words(data: &Data) -> String {
    match data {
        Data::Null => "has no value".to_owned(),
        Data::Plain { value: Value::Bool(_), .. } => "is true or false".to_owned(),
        Data::Plain { .. } => "is a number".to_owned(),
        Data::Text(_) => "is a text".to_owned(),
        Data::List(_) => "is a list".to_owned(),
        Data::Map(_) => "is a mapping".to_owned(),
    }
}

fn first_sentence(text: &str) -> String {
    let line = text.split("\n\n").next().unwrap_or(text).replace('\n', " ");
    let end = line.find(". ").unwrap_or(line.len());
    line[..end].trim_end_matches('.').to_owned()
}
