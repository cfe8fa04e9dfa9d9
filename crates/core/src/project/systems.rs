//! The systems of a project: their options held against what their kind declares, environments laid over them, variables filled in.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::SystemSpec;
use crate::catalogue::project;
use crate::connector::Declaration;
use crate::error::Problem;
use crate::yaml::{Data, Fit, Node, has_variable, one_of, unknown_key};

/// Keys that every system has, whatever its kind.
const COMMON: [&str; 4] = ["kind", "responsible", "contact", "agreement"];

/// Words in the name of a key that make one look for a secret in it, whatever the connector declares.
const SECRET_WORDS: [&str; 4] = ["password", "secret", "token", "api_key"];

/// The systems of a tree of `kivuko.yaml`, checked.
pub(super) fn read(node: &Node, declarations: &[Declaration], problems: &mut Vec<Problem>) -> BTreeMap<String, SystemSpec> {
    let mut systems = BTreeMap::new();
    for entry in node.get("systems").map_or(&[][..], Node::entries) {
        let name = &entry.key;
        if !crate::flow::words::name(name) {
            let message = format!("`{name}` cannot be the name of a system");
            problems.push(Problem::error(project::BAD_VALUE, entry.at.place(), message).expected("small letters, digits and hyphens"));
        }
        let Some(kind) = entry.value.get("kind") else { continue };
        let Some(word) = kind.text() else { continue };
        let known: Vec<&str> = declarations.iter().map(|declaration| declaration.kind).collect();
        let declaration = declarations.iter().find(|declaration| declaration.kind == word);
        if declaration.is_none() {
            let problem = Problem::error(project::UNKNOWN_CONNECTOR, kind.at.place(), format!("there is no kind of system `{word}`"));
            let expected = if known.is_empty() { "a connector".to_owned() } else { one_of(&known) };
            problems.push(problem.expected(expected).nearest(word, known.iter().copied()));
        }
        let options = options(&entry.value, name, declaration, problems);
        let text = |key: &str| entry.value.get(key).and_then(Node::text).map(str::to_owned);
        let spec = SystemSpec {
            kind: word.to_owned(),
            options,
            responsible: text("responsible"),
            contact: text("contact"),
            agreement: text("agreement"),
            place: entry.at.place(),
            schema: declaration.map_or(Value::Null, |declaration| declaration.options.clone()),
        };
        systems.insert(name.clone(), spec);
    }
    systems
}

/// The options of one system, held against the schema of its kind.
fn options(system: &Node, name: &str, declaration: Option<&Declaration>, problems: &mut Vec<Problem>) -> Value {
    let mut own = Node::empty(system.at.clone());
    if let Data::Map(entries) = &mut own.data {
        entries.extend(system.entries().iter().filter(|entry| !COMMON.contains(&entry.key.as_str())).cloned());
    }
    let Some(declaration) = declaration else { return own.to_value() };
    let mut found = Vec::new();
    let mut schema = declaration.options.clone();
    let properties: Vec<String> =
        schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.clone()).collect();
    // A kind that describes its options has only those.
    if let Some(object) = schema.as_object_mut()
        && object.get("additionalProperties").is_none_or(|more| *more == Value::Bool(false))
    {
        object.insert("additionalProperties".to_owned(), Value::Bool(true));
        let known: Vec<&str> = COMMON.iter().copied().chain(properties.iter().map(String::as_str)).collect();
        for entry in own.entries().iter().filter(|entry| !properties.contains(&entry.key)) {
            found.push(unknown_key(&entry.key, entry.at.place(), &format!("systems.{name}"), &known));
        }
    }
    Fit::new(&schema).with_variables().check(&mut own, &mut found);
    for problem in &mut found {
        // The comparison knows the options only; the message has to say whose they are.
        if problem.code == project::MISSING_KEY {
            problem.message = format!("`systems.{name}`: {}", problem.message);
        }
    }
    problems.append(&mut found);
    for entry in own.entries() {
        let secret = declaration.secrets.contains(&entry.key.as_str()) || SECRET_WORDS.contains(&entry.key.as_str());
        if secret && entry.value.text().is_some_and(|text| !text.is_empty() && !has_variable(text)) {
            let message = format!("`systems.{name}.{}` is a secret in clear text", entry.key);
            let variable = format!("{name}_{}", entry.key).to_uppercase().replace('-', "_");
            problems.push(
                Problem::warning(project::CLEAR_SECRET, entry.value.at.place(), message)
                    .expected(format!("`${{{variable}}}`, with the value in `.env`")),
            );
        }
        secret_in_address(entry, name, problems);
    }
    own.to_value()
}

/// `postgres://user:password@host` holds a secret, whatever the option is called.
fn secret_in_address(entry: &crate::yaml::Entry, name: &str, problems: &mut Vec<Problem>) {
    let credentials = entry
        .value
        .text()
        .and_then(|text| text.split_once("://"))
        .and_then(|(_, rest)| rest.split(['/', '?', '#']).next())
        .and_then(|host| host.rsplit_once('@'));
    let password = credentials.and_then(|(credentials, _)| credentials.split_once(':')).map(|(_, password)| password);
    if password.is_some_and(|password| !password.is_empty() && !has_variable(password)) {
        let message = format!("`systems.{name}.{}` has a password in its address, in clear text", entry.key);
        problems.push(
            Problem::warning(project::CLEAR_SECRET, entry.value.at.place(), message).expected("`${NAME}` in the place of the password"),
        );
    }
}

/// Fills in `${NAME}` in all texts. `$${` stands for `${`. Names without a value go to `missing`.
fn expanded(value: &Value, lookup: &dyn Fn(&str) -> Option<String>, missing: &mut Vec<String>) -> Value {
    match value {
        Value::String(text) => Value::String(text_expanded(text, lookup, missing)),
        Value::Array(items) => Value::Array(items.iter().map(|item| expanded(item, lookup, missing)).collect()),
        Value::Object(members) => {
            Value::Object(members.iter().map(|(key, member)| (key.clone(), expanded(member, lookup, missing))).collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

fn text_expanded(text: &str, lookup: &dyn Fn(&str) -> Option<String>, missing: &mut Vec<String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("${") {
        let (before, after) = (&rest[..start], &rest[start + 2..]);
        if let Some(before) = before.strip_suffix('$') {
            out.push_str(before);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let Some(end) = after.find('}') else {
            out.push_str("${");
            rest = after;
            continue;
        };
        let name = after[..end].trim();
        match lookup(name) {
            Some(value) => out.push_str(&value),
            None if missing.iter().any(|known| known == name) => {}
            None => missing.push(name.to_owned()),
        }
        rest = &after[end + 1..];
    }
    out.push_str(rest);
    out
}

impl SystemSpec {
    /// The options with all variables filled in (`$${` stands for `${`), and brought into the kinds that the connector declares: `${RATE}` becomes a number where a
    /// number is wanted.
    ///
    /// # Errors
    /// The names that have no value.
    pub fn expand(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value, Vec<String>> {
        let mut missing = Vec::new();
        let mut options = expanded(&self.options, lookup, &mut missing);
        if !missing.is_empty() {
            return Err(missing);
        }
        let properties = self.schema.get("properties").and_then(Value::as_object);
        if let (Value::Object(members), Some(properties)) = (&mut options, properties) {
            for (key, value) in members {
                // Only what a variable made a text of: what was written as a text was checked already.
                let written = self.options.get(key).and_then(Value::as_str).is_some_and(has_variable);
                if let (true, Some(kinds), Some(text)) =
                    (written, properties.get(key).and_then(|property| property.get("type")), value.as_str())
                    && let Some(typed) = typed(text, kinds)
                {
                    *value = typed;
                }
            }
        }
        Ok(options)
    }
}

/// A text as a number or a truth value, where the kind wants one and no text.
fn typed(text: &str, kinds: &Value) -> Option<Value> {
    let wants = |kind: &str| {
        kinds.as_str() == Some(kind) || kinds.as_array().is_some_and(|kinds| kinds.iter().any(|one| one.as_str() == Some(kind)))
    };
    if wants("string") {
        return None;
    }
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    let fits = (value.is_boolean() && wants("boolean")) || (value.is_number() && (wants("number") || wants("integer")));
    fits.then_some(value)
}
