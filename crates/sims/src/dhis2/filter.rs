//! `filter=property:operator:value`, `query=` and `order=`.

use std::cmp::Ordering;

use serde_json::Value;

use super::error::{Error, Result};
use super::kind::{self, Kind, Leads};
use super::properties::{self, Holds};
use super::time::Zone;
use super::uid::Uid;
use super::view::{Node, View};

/// One filter.
#[derive(Debug, Clone)]
pub struct Filter {
    path: Vec<String>,
    operator: Operator,
    holds: Holds,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Operator {
    Compare(Compare, String),
    Text { place: Place, fold: bool, not: bool, value: String },
    In { not: bool, values: Vec<String> },
    Null { not: bool },
    Empty { not: bool },
    Token { not: bool, words: Vec<String> },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Compare {
    Equal,
    EqualFolded,
    NotEqual,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Anywhere,
    Start,
    End,
}

/// A property that stands for identifier, code, name and short name.
const IDENTIFIABLE: &str = "identifiable";

impl Filter {
    /// Reads one filter of a kind. `status` is that of a refusal.
    pub fn parse(text: &str, kind: &Kind, status: u16) -> Result<Self> {
        let mut parts = text.splitn(3, ':');
        let (Some(path), Some(operator)) = (parts.next(), parts.next()) else {
            return Err(refused(status, &format!("Invalid filter => {text}")));
        };
        let holds = if path == IDENTIFIABLE { Some(Holds::Text(0)) } else { held(kind, path) };
        let holds = holds.ok_or_else(|| refused(status, &format!("Unknown path property: `{path}`")))?;
        let value = parts.next();
        let operator = operator_of(operator, value).map_err(|problem| refused(status, &format!("{problem} in filter {text}")))?;
        let filter = Self { path: path.split('.').map(str::to_owned).collect(), operator, holds };
        filter.check_value(status)?;
        Ok(filter)
    }

    fn check_value(&self, status: u16) -> Result<()> {
        let Operator::Compare(_, value) = &self.operator else { return Ok(()) };
        let good = match self.holds {
            Holds::Integer | Holds::Number => value.parse::<f64>().is_ok(),
            Holds::Boolean => matches!(value.to_ascii_lowercase().as_str(), "true" | "false"),
            Holds::Date => Zone::utc().read(value).is_some(),
            Holds::Text(_) | Holds::Constant(_) | Holds::Complex => true,
        };
        if good { Ok(()) } else { Err(refused(status, &format!("Unable to parse `{value}` for the property `{}`", self.path.join(".")))) }
    }

    /// Whether an object fits.
    pub fn fits(&self, view: &View<'_>, node: &Node<'_>, zone: &Zone) -> bool {
        if self.path == [IDENTIFIABLE] {
            let mut values = ["id", "code", "name", "shortName"].iter().filter_map(|name| view.property(node, name));
            return match self.operator {
                Operator::Text { not: true, .. } | Operator::Token { not: true, .. } | Operator::In { not: true, .. } => {
                    values.all(|value| self.holds_of(Some(&value), zone))
                }
                _ => values.any(|value| self.holds_of(Some(&value), zone)),
            };
        }
        self.walk(view, node, &self.path, zone)
    }

    /// Down the path. A list on the way fits when one of its members does.
    fn walk(&self, view: &View<'_>, node: &Node<'_>, path: &[String], zone: &Zone) -> bool {
        let [name, rest @ ..] = path else {
            return self.holds_of(Some(node), zone);
        };
        match view.property(node, name) {
            None => self.holds_of(None, zone),
            Some(Node::List(items)) if !rest.is_empty() => items.iter().any(|item| self.walk(view, item, rest, zone)),
            Some(value) => self.walk(view, &value, rest, zone),
        }
    }

    /// Whether the operator holds of what was found at the end of the path.
    fn holds_of(&self, node: Option<&Node<'_>>, zone: &Zone) -> bool {
        if let Some(size) = node.and_then(size) {
            return self.holds_of_size(size);
        }
        let text = node.and_then(text);
        match &self.operator {
            Operator::Null { not } | Operator::Empty { not } => node.is_none() != *not,
            Operator::Compare(Compare::NotEqual, value) => {
                text.is_none_or(|text| self.compare(&text, value, zone) != Some(Ordering::Equal))
            }
            Operator::Compare(compare, value) => text.is_some_and(|text| match compare {
                Compare::EqualFolded => text.to_lowercase() == value.to_lowercase(),
                _ => self.compare(&text, value, zone).is_some_and(|ordering| compare.allows(ordering)),
            }),
            Operator::In { not, values } => text.map_or(*not, |text| values.contains(&text) != *not),
            Operator::Text { place, fold, not, value } => text.map_or(*not, |text| {
                let (text, value) = if *fold { (text.to_lowercase(), value.to_lowercase()) } else { (text, value.clone()) };
                let found = match place {
                    Place::Anywhere => text.contains(&value),
                    Place::Start => text.starts_with(&value),
                    Place::End => text.ends_with(&value),
                };
                found != *not
            }),
            Operator::Token { not, words } => text.map_or(*not, |text| {
                let text = text.to_lowercase();
                words.iter().all(|word| text.contains(word)) != *not
            }),
        }
    }

    fn holds_of_size(&self, size: usize) -> bool {
        match &self.operator {
            Operator::Empty { not } => (size == 0) != *not,
            Operator::Null { not } => *not,
            Operator::Compare(compare, value) => value.parse::<usize>().is_ok_and(|value| compare.allows(size.cmp(&value))),
            Operator::In { .. } | Operator::Text { .. } | Operator::Token { .. } => false,
        }
    }

    fn compare(&self, text: &str, value: &str, zone: &Zone) -> Option<Ordering> {
        match self.holds {
            Holds::Date => Some(zone.read(text)?.cmp(&zone.read(value)?)),
            Holds::Integer | Holds::Number => text.parse::<f64>().ok()?.partial_cmp(&value.parse::<f64>().ok()?),
            Holds::Boolean => Some(text.cmp(&value.to_ascii_lowercase())),
            Holds::Text(_) | Holds::Constant(_) | Holds::Complex => Some(text.cmp(value)),
        }
    }
}

impl Compare {
    fn allows(self, ordering: Ordering) -> bool {
        match self {
            Compare::Equal | Compare::EqualFolded => ordering.is_eq(),
            Compare::NotEqual => ordering.is_ne(),
            Compare::Greater => ordering.is_gt(),
            Compare::GreaterOrEqual => ordering.is_ge(),
            Compare::Less => ordering.is_lt(),
            Compare::LessOrEqual => ordering.is_le(),
        }
    }
}

fn refused(status: u16, message: &str) -> Error {
    Error::coded(status, "E1003", message)
}

fn operator_of(name: &str, value: Option<&str>) -> Result<Operator, String> {
    let unary = match name {
        "null" => Some(Operator::Null { not: false }),
        "!null" => Some(Operator::Null { not: true }),
        "empty" => Some(Operator::Empty { not: false }),
        "!empty" => Some(Operator::Empty { not: true }),
        _ => None,
    };
    if let Some(operator) = unary {
        return Ok(operator);
    }
    let (not, bare) = name.strip_prefix('!').map_or((false, name), |rest| (true, rest));
    let given = || value.map(str::to_owned).ok_or_else(|| format!("the operator `{name}` needs a value"));
    let written = |place, fold| Ok(Operator::Text { place, fold, not, value: given()? });
    match (bare, not) {
        ("eq", false) => Ok(Operator::Compare(Compare::Equal, given()?)),
        ("ieq", false) => Ok(Operator::Compare(Compare::EqualFolded, given()?)),
        ("eq", true) | ("ne" | "neq", false) => Ok(Operator::Compare(Compare::NotEqual, given()?)),
        ("gt", false) => Ok(Operator::Compare(Compare::Greater, given()?)),
        ("ge" | "gte", false) => Ok(Operator::Compare(Compare::GreaterOrEqual, given()?)),
        ("lt", false) => Ok(Operator::Compare(Compare::Less, given()?)),
        ("le" | "lte", false) => Ok(Operator::Compare(Compare::LessOrEqual, given()?)),
        ("like", _) => written(Place::Anywhere, false),
        ("$like", _) => written(Place::Start, false),
        ("like$", _) => written(Place::End, false),
        ("ilike", _) => written(Place::Anywhere, true),
        ("$ilike" | "startsWith", _) => written(Place::Start, true),
        ("ilike$" | "endsWith", _) => written(Place::End, true),
        ("token", _) => Ok(Operator::Token { not, words: given()?.split_whitespace().map(str::to_lowercase).collect() }),
        ("in", _) => {
            let given = given()?;
            let list = given.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).ok_or("a list `[a,b]` is expected")?;
            Ok(Operator::In { not, values: list.split(',').map(|value| value.trim().to_owned()).collect() })
        }
        _ => Err(format!("`{name}` is not a valid operator")),
    }
}

/// What the property at the end of a path holds; nothing when there is no such property.
fn held(kind: &Kind, path: &str) -> Option<Holds> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let Some(part) = kind.part(first) else {
        let holds = properties::holds(kind, first).or_else(|| Uid::parse(first).map(|_| Holds::Text(0)))?;
        return if rest.is_none() || holds == Holds::Complex { Some(holds) } else { None };
    };
    let Some(rest) = rest else { return Some(Holds::Complex) };
    match part.leads {
        Leads::One(plural) | Leads::Many(plural) | Leads::Back { of: plural, .. } => held(Kind::plural(plural)?, rest),
        Leads::Inline(parts) => held_inline(parts, rest),
        Leads::BackInline { of, by, .. } => match &Kind::plural(of)?.part(by)?.leads {
            Leads::Inline(parts) => held_inline(parts, rest),
            _ => None,
        },
    }
}

fn held_inline(parts: &'static [kind::Part], path: &str) -> Option<Holds> {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    match (parts.iter().find(|part| part.name == first), rest) {
        (Some(kind::Part { leads: Leads::One(plural), .. }), Some(rest)) => held(Kind::plural(plural)?, rest),
        _ => Some(Holds::Complex),
    }
}

fn size(node: &Node<'_>) -> Option<usize> {
    match node {
        Node::List(items) => Some(items.len()),
        Node::Value(value) => value.as_array().map(Vec::len),
        Node::Object(..) | Node::Inline(..) => None,
    }
}

fn text(node: &Node<'_>) -> Option<String> {
    match node {
        Node::Value(value) => match value.as_ref() {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        },
        Node::Object(_, uid, _) => Some(uid.to_string()),
        Node::Inline(..) | Node::List(_) => None,
    }
}

/// Whether identifier, code or name match what was asked with `query=`.
pub fn matches_query(view: &View<'_>, node: &Node<'_>, query: &str) -> bool {
    let value = |name: &str| view.property(node, name).as_ref().and_then(text).unwrap_or_default();
    value("id") == query || value("code") == query || value("displayName").to_lowercase().contains(&query.to_lowercase())
}

/// A property to sort by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    property: String,
    descending: bool,
    fold: bool,
}

impl Order {
    /// Reads `order=name:asc,created:idesc`. Properties that a kind does not have are passed over, as the server does.
    pub fn parse(text: &str, kind: &Kind) -> Vec<Self> {
        let known = |name: &str| properties::holds(kind, name).is_some_and(|holds| holds != Holds::Complex);
        let read = |item: &str| {
            let (property, direction) = item.split_once(':').unwrap_or((item, "asc"));
            let (descending, fold) = match direction {
                "asc" => (false, false),
                "iasc" => (false, true),
                "desc" => (true, false),
                "idesc" => (true, true),
                _ => return None,
            };
            known(property).then(|| Self { property: property.to_owned(), descending, fold })
        };
        text.split(',').filter_map(|item| read(item.trim())).collect()
    }

    /// By name, when nothing is said.
    pub fn by_name() -> Self {
        Self { property: "name".to_owned(), descending: false, fold: false }
    }
}

/// Sorts objects; what is equal stays in the order of identifiers, and what has no value comes last.
pub fn sort(view: &View<'_>, nodes: &mut [Node<'_>], kind: &Kind, orders: &[Order]) {
    let key = |node: &Node<'_>, order: &Order| {
        let found = view.property(node, &order.property).as_ref().and_then(text)?;
        Some(if order.fold { found.to_lowercase() } else { found })
    };
    let numeric = |order: &Order| matches!(properties::holds(kind, &order.property), Some(Holds::Integer | Holds::Number));
    let compare = |left: &[Option<String>], right: &[Option<String>]| {
        for ((order, left), right) in orders.iter().zip(left).zip(right) {
            let ordering = match (left, right) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Greater,
                (Some(_), None) => Ordering::Less,
                (Some(left), Some(right)) => {
                    let number = |text: &str| text.parse::<f64>().unwrap_or_default();
                    let ordering = if numeric(order) { number(left).total_cmp(&number(right)) } else { left.cmp(right) };
                    if order.descending { ordering.reverse() } else { ordering }
                }
            };
            if ordering.is_ne() {
                return ordering;
            }
        }
        Ordering::Equal
    };
    let mut keyed: Vec<(Vec<Option<String>>, Node<'_>)> =
        nodes.iter().map(|node| (orders.iter().map(|order| key(node, order)).collect(), node.clone())).collect();
    keyed.sort_by(|left, right| compare(&left.0, &right.0));
    for (place, (_, node)) in nodes.iter_mut().zip(keyed) {
        *place = node;
    }
}
