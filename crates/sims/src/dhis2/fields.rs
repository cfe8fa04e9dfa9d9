//! `fields=`: which properties are shown, and what is done to them on the way.

use serde_json::{Map, Value, json};

use super::error::{Error, Result};
use super::view::{Node, View};

/// What of an object is shown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields {
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Item {
    /// A property, what of it is shown, and how it is transformed.
    Property(String, Option<Fields>, Vec<Transform>),
    Preset(Preset),
    /// Not this one.
    Not(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Preset {
    All,
    Identifiable,
    Nameable,
    Owner,
    Persisted,
    Simple,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Transform {
    Rename(String),
    Size,
    IsEmpty,
    IsNotEmpty,
    Pluck(String),
    KeyBy(String),
    Paging(usize, usize),
}

const IDENTIFIABLE: &[&str] = &["id", "name", "code", "created", "lastUpdated", "lastUpdatedBy"];
const NAMEABLE: &[&str] = &["shortName", "description"];

impl Fields {
    /// Reads the text of `fields`.
    pub fn parse(text: &str) -> Result<Self> {
        let mut parser = Parser { text: text.as_bytes(), at: 0 };
        parser.list(None)
    }

    /// Shows a node.
    pub fn show(&self, view: &View<'_>, node: &Node<'_>) -> Value {
        match node {
            Node::List(items) => items.iter().map(|item| self.show(view, item)).collect(),
            Node::Value(value) if value.is_array() => {
                let items = value.as_array().into_iter().flatten();
                items.map(|item| self.show(view, &Node::Value(std::borrow::Cow::Borrowed(item)))).collect()
            }
            Node::Value(value) if !value.is_object() => value.clone().into_owned(),
            _ => Value::Object(self.members(view, node)),
        }
    }

    fn members(&self, view: &View<'_>, node: &Node<'_>) -> Map<String, Value> {
        let mut shown = Map::new();
        for item in &self.items {
            match item {
                Item::Preset(preset) => {
                    for name in preset.names(view, node) {
                        if let Some(value) = view.property(node, &name) {
                            shown.insert(name, plain(view, &value));
                        }
                    }
                }
                Item::Property(name, inner, transforms) => {
                    let value = view.property(node, name);
                    let wanted = match (&value, inner) {
                        (None, _) => None,
                        (Some(value), Some(inner)) => Some(inner.show(view, value)),
                        (Some(value), None) => Some(plain(view, value)),
                    };
                    if let Some((name, value)) = transformed(view, name, value.as_ref(), wanted, transforms) {
                        shown.insert(name, value);
                    }
                }
                Item::Not(_) => {}
            }
        }
        for item in &self.items {
            if let Item::Not(name) = item {
                shown.remove(name);
            }
        }
        shown
    }
}

impl Preset {
    fn names(self, view: &View<'_>, node: &Node<'_>) -> Vec<String> {
        let listed = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        match self {
            Preset::All => node.names(),
            Preset::Identifiable => listed(IDENTIFIABLE),
            Preset::Nameable => [listed(IDENTIFIABLE), listed(NAMEABLE)].concat(),
            Preset::Owner | Preset::Persisted => match node {
                Node::Object(kind, _, object) => {
                    let mut names: Vec<String> = object.keys().cloned().collect();
                    if kind.plural == "organisationUnits" {
                        names.push("path".to_owned());
                    }
                    names
                }
                _ => node.names(),
            },
            Preset::Simple => {
                let names = node.names();
                names.into_iter().filter(|name| view.property(node, name).is_some_and(|value| is_simple(&value))).collect()
            }
        }
    }
}

fn is_simple(node: &Node<'_>) -> bool {
    matches!(node, Node::Value(value) if !value.is_object() && !value.is_array())
}

/// How a property is shown when nothing is said about its own properties: objects by their identifier.
fn plain(view: &View<'_>, node: &Node<'_>) -> Value {
    match node {
        Node::Object(_, uid, _) => Node::reference(*uid),
        Node::List(items) => items.iter().map(|item| plain(view, item)).collect(),
        Node::Inline(_, object) => {
            let shown = object.keys().filter_map(|name| Some((name.clone(), plain(view, &view.property(node, name)?))));
            Value::Object(shown.collect())
        }
        Node::Value(value) => value.clone().into_owned(),
    }
}

fn transformed(
    view: &View<'_>,
    name: &str,
    node: Option<&Node<'_>>,
    mut value: Option<Value>,
    transforms: &[Transform],
) -> Option<(String, Value)> {
    let mut name = name.to_owned();
    for transform in transforms {
        let count = value.as_ref().and_then(Value::as_array).map_or(0, Vec::len);
        match transform {
            Transform::Rename(to) => name.clone_from(to),
            Transform::Size => {
                let text = value.as_ref().and_then(Value::as_str).map(|text| text.chars().count());
                value = Some(json!(text.unwrap_or(count)));
            }
            Transform::IsEmpty => value = Some(json!(count == 0)),
            Transform::IsNotEmpty => value = Some(json!(count > 0)),
            Transform::Pluck(property) => {
                let items = members_of(node);
                let plucked = items.iter().filter_map(|item| Some(plain(view, &view.property(item, property)?)));
                value = value.map(|_| plucked.collect());
            }
            Transform::KeyBy(property) => {
                let mut keyed = Map::new();
                let shown = value.as_ref().and_then(Value::as_array).cloned().unwrap_or_default();
                for (item, shown) in members_of(node).iter().zip(shown) {
                    let Some(Node::Value(key)) = view.property(item, property) else { continue };
                    let key = key.as_str().map_or_else(|| key.to_string(), str::to_owned);
                    if let Value::Array(list) = keyed.entry(key).or_insert_with(|| json!([])) {
                        list.push(shown);
                    }
                }
                value = value.map(|_| Value::Object(keyed));
            }
            Transform::Paging(page, size) => {
                value = value.map(|value| match value {
                    Value::Array(list) => list.into_iter().skip((page - 1) * size).take(*size).collect(),
                    other => other,
                });
            }
        }
    }
    Some((name, value?))
}

fn members_of<'n, 's>(node: Option<&'n Node<'s>>) -> &'n [Node<'s>] {
    match node {
        Some(Node::List(items)) => items,
        _ => &[],
    }
}

struct Parser<'t> {
    text: &'t [u8],
    at: usize,
}

impl Parser<'_> {
    /// Items up to `close`, or to the end of the text.
    fn list(&mut self, close: Option<u8>) -> Result<Fields> {
        let mut items = Vec::new();
        loop {
            self.spaces();
            match self.peek() {
                None if close.is_none() => break,
                None => return Err(self.malformed()),
                Some(byte) if Some(byte) == close => {
                    self.at += 1;
                    break;
                }
                Some(b',') => self.at += 1,
                Some(_) => items.push(self.item()?),
            }
        }
        Ok(Fields { items })
    }

    fn item(&mut self) -> Result<Item> {
        if self.peek() == Some(b'!') {
            self.at += 1;
            return Ok(Item::Not(self.name()?));
        }
        if self.peek() == Some(b'*') {
            self.at += 1;
            return Ok(Item::Preset(Preset::All));
        }
        if self.peek() == Some(b':') {
            self.at += 1;
            let preset = match self.name()?.as_str() {
                "all" | "*" => Preset::All,
                "identifiable" => Preset::Identifiable,
                "nameable" => Preset::Nameable,
                "owner" => Preset::Owner,
                "persisted" => Preset::Persisted,
                "simple" => Preset::Simple,
                _ => return Err(self.malformed()),
            };
            return Ok(Item::Preset(preset));
        }
        let name = self.name()?;
        let mut transforms = self.transforms()?;
        let inner = match self.peek() {
            Some(b'[') => Some(self.nested(b']')?),
            Some(b'(') => Some(self.nested(b')')?),
            _ => None,
        };
        transforms.extend(self.transforms()?);
        Ok(Item::Property(name, inner, transforms))
    }

    fn nested(&mut self, close: u8) -> Result<Fields> {
        self.at += 1;
        self.list(Some(close))
    }

    fn transforms(&mut self) -> Result<Vec<Transform>> {
        let mut transforms = Vec::new();
        loop {
            let rest = &self.text[self.at..];
            let mark = if rest.starts_with(b"::") { 2 } else { usize::from(rest.starts_with(b"~") || rest.starts_with(b"|")) };
            if mark == 0 {
                return Ok(transforms);
            }
            self.at += mark;
            transforms.push(self.transform()?);
        }
    }

    fn transform(&mut self) -> Result<Transform> {
        let name = self.name()?;
        let argument = match self.peek() {
            Some(open @ (b'(' | b'[')) if !matches!(name.as_str(), "size" | "isEmpty" | "isNotEmpty") => {
                let close = if open == b'(' { b')' } else { b']' };
                let end = self.text[self.at..].iter().position(|byte| *byte == close).ok_or_else(|| self.malformed())?;
                let argument = String::from_utf8_lossy(&self.text[self.at + 1..self.at + end]).into_owned();
                self.at += end + 1;
                Some(argument)
            }
            _ => None,
        };
        match (name.as_str(), argument) {
            ("rename", Some(to)) => Ok(Transform::Rename(to)),
            ("size", None) => Ok(Transform::Size),
            ("isEmpty", None) => Ok(Transform::IsEmpty),
            ("isNotEmpty", None) => Ok(Transform::IsNotEmpty),
            ("pluck", property) => Ok(Transform::Pluck(property.unwrap_or_else(|| "id".to_owned()))),
            ("keyBy", property) => Ok(Transform::KeyBy(property.unwrap_or_else(|| "id".to_owned()))),
            ("paging", Some(numbers)) => {
                let (page, size) = numbers.split_once(';').ok_or_else(|| self.malformed())?;
                let number = |text: &str| text.trim().parse::<usize>().ok().filter(|number| *number > 0);
                let pair = number(page).zip(number(size));
                pair.map(|(page, size)| Transform::Paging(page, size)).ok_or_else(|| self.malformed())
            }
            _ => Err(self.malformed()),
        }
    }

    fn name(&mut self) -> Result<String> {
        let begin = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
            self.at += 1;
        }
        if begin == self.at {
            return Err(self.malformed());
        }
        Ok(String::from_utf8_lossy(&self.text[begin..self.at]).into_owned())
    }

    fn spaces(&mut self) {
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn malformed(&self) -> Error {
        Error::bad_request(format!("the field filter is not understood at position {}", self.at))
    }
}

/// What a list shows when nothing is said.
pub fn of_list() -> Fields {
    Fields::parse("id,displayName").expect("it is well formed")
}

/// What a single object shows when nothing is said.
pub fn of_object() -> Fields {
    Fields::parse("*").expect("it is well formed")
}

#[cfg(test)]
mod tests {
    use super::Fields;

    #[test]
    fn what_is_malformed_is_refused() {
        let check = |text: &str, expected: bool| assert_eq!(Fields::parse(text).is_ok(), expected, "{text}");
        check("id,name", true);
        check("", true);
        check("id, name", true);
        check("id,parent[id,code],dataSets[id],!created", true);
        check("parent(id)", true);
        check("children~size,name~rename(label)", true);
        check("children::size|rename(n)", true);
        check("dataSets[id]~rename(sets),parent[id]::rename(above)", true);
        check("name:rename(x)", false);
        check("a~pluck,b~pluck[name],c~keyBy(id)[id],d~paging(1;20)[id]", true);
        check(":owner,*", true);
        check("parent[id", false);
        check("id]", false);
        check(":everything", false);
        check("name~shout", false);
        check("name~paging(0;5)", false);
        check("[id]", false);
    }
}
