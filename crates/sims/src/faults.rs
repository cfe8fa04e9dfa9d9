//! Faults: rules that spoil chosen requests, written in YAML.
//!
//! ```yaml
//! # A list of rules. All rules that fit a request strike, in the order of the file.
//! - on: { method: POST, path: "/api/outbreaks/*/cases", nth: 3 }   # the third one only
//!   do: { drop: after }            # it takes effect, and the connection breaks without an answer
//! - on: { path: "*/cases*", every: 10 }                             # the 10th, the 20th ...
//!   do: { status: 503, retry_after: 1 }
//! - on: { method: GET, after: 20 }                                  # from the 21st on
//!   do: { latency: 50 }
//!   times: 4                       # but four times at most
//! - on: { from: 5, to: 8 }                                          # the 5th to the 8th request of any kind
//!   do: expire_token
//! ```
//!
//! `on` says which requests: `method`, `path` (`*` is any text, slashes included), `body` (a text that it contains), and which of those that fit, counted
//! from 1: `nth`, `every`, `after`, or `from` and `to`. Left out, all of them.
//!
//! | `do` | what happens |
//! |---|---|
//! | `latency: MS` | the request takes effect so much later |
//! | `status: N` | refused with this status and without any effect; also `retry_after: SECONDS`, `body: TEXT` |
//! | `drop: before` | the connection breaks, the request has no effect |
//! | `drop: after` | the request takes effect, the connection breaks without an answer |
//! | `drop: after`, `late: MS` | the connection breaks at once, the request takes effect so much later |
//! | `truncate` | the body of the answer stops in the middle, and the connection breaks |
//! | `html` | an HTML page with status 200, as a captive portal sends it; no effect |
//! | `slow_body: MS` | the second half of the answer comes so much later |
//! | `expire_token` | the token of the request runs out before the request is looked at |
//!
//! One `do` may hold several: `{ latency: 20, drop: after }`.

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::http::Method;
use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::log::glob;

/// What is wrong with a fault file.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("cannot read the fault file {path}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no YAML.
    #[error("the faults are no YAML: {0}")]
    Yaml(String),
    /// A rule is not understood.
    #[error("fault rule {number} is not understood: {reason}")]
    Rule {
        /// Position in the list, from 1.
        number: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// One thing that happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// It takes effect later.
    Latency(Duration),
    /// It is refused.
    Status {
        /// With this status.
        status: u16,
        /// And this `Retry-After`, in seconds.
        retry_after: Option<u64>,
        /// And this body.
        body: Option<String>,
    },
    /// The connection breaks.
    Drop(When),
    /// The answer breaks off in the middle.
    Truncate,
    /// An HTML page with status 200.
    Html,
    /// The answer comes in two halves.
    SlowBody(Duration),
    /// The token runs out.
    ExpireToken,
}

/// When a connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Before the request takes effect; it never does.
    Before,
    /// After it took effect.
    After,
    /// At once, and it takes effect so much later.
    Late(Duration),
}

impl fmt::Display for Action {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Latency(delay) => write!(formatter, "latency: {}", delay.as_millis()),
            Action::Status { status, .. } => write!(formatter, "status: {status}"),
            Action::Drop(When::Before) => formatter.write_str("drop: before"),
            Action::Drop(When::After) => formatter.write_str("drop: after"),
            Action::Drop(When::Late(delay)) => {
                write!(formatter, "drop: after, late: {}", delay.as_millis())
            }
            Action::Truncate => formatter.write_str("truncate"),
            Action::Html => formatter.write_str("html"),
            Action::SlowBody(delay) => write!(formatter, "slow_body: {}", delay.as_millis()),
            Action::ExpireToken => formatter.write_str("expire_token"),
        }
    }
}

/// Which requests a rule is about.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct On {
    /// `GET`, `POST` ...; left out: all.
    pub method: Option<String>,
    /// Pattern of the path; left out: all.
    pub path: Option<String>,
    /// A text that the body contains; left out: any body.
    pub body: Option<String>,
    /// The nth that fits.
    pub nth: Option<u64>,
    /// Each nth that fits.
    pub every: Option<u64>,
    /// All that fit after so many.
    pub after: Option<u64>,
    /// From the nth that fits.
    pub from: Option<u64>,
    /// Up to the nth that fits.
    pub to: Option<u64>,
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Which requests.
    pub on: On,
    /// What happens to them.
    pub actions: Vec<Action>,
    /// How often at most; `None`: always.
    pub times: Option<u64>,
}

impl Rule {
    /// A rule for the nth request of a kind.
    pub fn nth(method: &str, path: &str, nth: u64, action: Action) -> Self {
        let on = On { method: Some(method.to_owned()), path: Some(path.to_owned()), nth: Some(nth), ..On::default() };
        Self { on, actions: vec![action], times: None }
    }

    fn fits(&self, method: &str, path: &str, body: &[u8]) -> bool {
        self.on.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
            && self.on.path.as_deref().is_none_or(|pattern| glob(pattern, path))
            && self.on.body.as_deref().is_none_or(|text| contains(body, text.as_bytes()))
    }

    fn strikes(&self, number: u64) -> bool {
        let on = &self.on;
        on.nth.is_none_or(|nth| nth == number)
            && on.every.is_none_or(|every| every > 0 && number.is_multiple_of(every))
            && on.after.is_none_or(|after| number > after)
            && on.from.is_none_or(|from| number >= from)
            && on.to.is_none_or(|to| number <= to)
    }
}

/// Rules, and how many requests each has seen.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<Counted>>,
}

#[derive(Debug, Clone)]
struct Counted {
    rule: Rule,
    seen: u64,
    struck: u64,
}

impl Clone for Faults {
    fn clone(&self) -> Self {
        Self { rules: Mutex::new(self.lock().clone()) }
    }
}

impl From<Vec<Rule>> for Faults {
    fn from(rules: Vec<Rule>) -> Self {
        let faults = Self::default();
        faults.replace(rules);
        faults
    }
}

impl Faults {
    /// Reads a fault file.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = std::fs::read_to_string(path).map_err(|source| Error::Read { path: path.display().to_string(), source })?;
        Ok(parse(&text)?.into())
    }

    /// Other rules from now on; counting starts anew.
    pub fn replace(&self, rules: Vec<Rule>) {
        *self.lock() = rules.into_iter().map(|rule| Counted { rule, seen: 0, struck: 0 }).collect();
    }

    /// What happens to the request that has just arrived.
    pub(crate) fn strike(&self, method: &Method, path: &str, body: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        for counted in self.lock().iter_mut() {
            if !counted.rule.fits(method.as_str(), path, body) {
                continue;
            }
            counted.seen += 1;
            let worn_out = counted.rule.times.is_some_and(|times| counted.struck >= times);
            if !worn_out && counted.rule.strikes(counted.seen) {
                counted.struck += 1;
                actions.extend(counted.rule.actions.iter().cloned());
            }
        }
        actions
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Counted>> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn contains(body: &[u8], text: &[u8]) -> bool {
    text.is_empty() || body.windows(text.len()).any(|window| window == text)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    #[serde(default)]
    on: On,
    #[serde(rename = "do")]
    action: Value,
    times: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawAction {
    latency: Option<u64>,
    status: Option<u16>,
    retry_after: Option<u64>,
    body: Option<String>,
    drop: Option<String>,
    late: Option<u64>,
    truncate: Option<bool>,
    html: Option<bool>,
    slow_body: Option<u64>,
    expire_token: Option<bool>,
}

/// Reads rules from YAML.
pub fn parse(text: &str) -> Result<Vec<Rule>, Error> {
    let documents = Yaml::load_from_str(text).map_err(|error| Error::Yaml(error.to_string()))?;
    let Some(document) = documents.first() else {
        return Ok(Vec::new());
    };
    let list = match json(document) {
        Value::Array(list) => list,
        Value::Null => Vec::new(),
        _ => return Err(Error::Yaml("a list of rules is expected".to_owned())),
    };
    let mut rules = Vec::with_capacity(list.len());
    for (position, item) in list.into_iter().enumerate() {
        let rule = rule(item).map_err(|reason| Error::Rule { number: position + 1, reason })?;
        rules.push(rule);
    }
    Ok(rules)
}

fn rule(item: Value) -> Result<Rule, String> {
    let raw: RawRule = serde_json::from_value(item).map_err(|error| error.to_string())?;
    let action = match raw.action {
        Value::String(word) => Value::Object(Map::from_iter([(word, Value::Bool(true))])),
        other => other,
    };
    let action: RawAction = serde_json::from_value(action).map_err(|error| error.to_string())?;
    let actions = actions(action)?;
    if actions.is_empty() {
        return Err("`do` says nothing".to_owned());
    }
    Ok(Rule { on: raw.on, actions, times: raw.times })
}

/// In the order in which they can happen to one request.
fn actions(raw: RawAction) -> Result<Vec<Action>, String> {
    let mut actions = Vec::new();
    if let Some(millis) = raw.latency {
        actions.push(Action::Latency(Duration::from_millis(millis)));
    }
    if raw.expire_token == Some(true) {
        actions.push(Action::ExpireToken);
    }
    if let Some(status) = raw.status {
        if !(400..=599).contains(&status) {
            return Err(format!("`status: {status}` is no refusal; one from 400 to 599 is expected"));
        }
        actions.push(Action::Status { status, retry_after: raw.retry_after, body: raw.body });
    } else if raw.retry_after.is_some() || raw.body.is_some() {
        return Err("`retry_after` and `body` need `status`".to_owned());
    }
    if raw.html == Some(true) {
        actions.push(Action::Html);
    }
    match (raw.drop.as_deref(), raw.late) {
        (None, None) => {}
        (Some("before"), None) => actions.push(Action::Drop(When::Before)),
        (Some("after"), None) => actions.push(Action::Drop(When::After)),
        (Some("after"), Some(millis)) => actions.push(Action::Drop(When::Late(Duration::from_millis(millis)))),
        (Some("before") | None, Some(_)) => return Err("`late` needs `drop: after`".to_owned()),
        (Some(other), _) => {
            return Err(format!("`drop: {other}` is unknown; `before` or `after` is expected"));
        }
    }
    if raw.truncate == Some(true) {
        actions.push(Action::Truncate);
    }
    if let Some(millis) = raw.slow_body {
        actions.push(Action::SlowBody(Duration::from_millis(millis)));
    }
    Ok(actions)
}

fn json(yaml: &Yaml<'_>) -> Value {
    match yaml {
        Yaml::Value(Scalar::Boolean(flag)) => Value::Bool(*flag),
        Yaml::Value(Scalar::Integer(number)) => Value::from(*number),
        Yaml::Value(Scalar::FloatingPoint(number)) => Value::from(number.into_inner()),
        Yaml::Value(Scalar::String(text)) => Value::String(text.to_string()),
        Yaml::Sequence(items) => items.iter().map(json).collect(),
        Yaml::Mapping(members) => {
            let key = |key: &Yaml<'_>| match json(key) {
                Value::String(text) => text,
                other => other.to_string(),
            };
            Value::Object(members.iter().map(|(name, value)| (key(name), json(value))).collect())
        }
        Yaml::Tagged(_, inner) => json(inner),
        _ => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_documentation_is_read() {
        let source = include_str!("faults.rs");
        let lines = source.lines().skip_while(|line| *line != "//! ```yaml").skip(1).take_while(|line| *line != "//! ```");
        let example: Vec<&str> = lines.map(|line| line.strip_prefix("//! ").unwrap_or_default()).collect();
        let example = example.join("\n");
        let rules = parse(&example).unwrap();
        let shown: Vec<String> = rules.iter().flat_map(|rule| &rule.actions).map(ToString::to_string).collect();
        assert_eq!(shown, ["drop: after", "status: 503", "latency: 50", "expire_token"]);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let check = |text: &str, expected: &str| {
            let message = parse(text).map(|_| ()).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}");
        };
        check("- { on: { nht: 1 }, do: html }", "nht");
        check("- { do: { drop: midway } }", "midway");
        check("- { do: { late: 5 } }", "`late` needs");
        check("- { do: { status: 200 } }", "no refusal");
        check("- { do: explode }", "explode");
        check("do: html", "a list of rules");
        check("- { on: {", "no YAML");
    }

    #[test]
    fn rules_count_the_requests_that_fit() {
        let check = |on: &str, expected: &[u64]| {
            let faults: Faults = parse(&format!("- {{ on: {on}, do: html, times: 5 }}")).unwrap().into();
            let struck: Vec<u64> = (1..=12).filter(|_| !faults.strike(&Method::POST, "/a/b", b"").is_empty()).collect::<Vec<_>>();
            assert_eq!(struck, expected, "{on}");
        };
        check("{ nth: 3 }", &[3]);
        check("{ every: 4 }", &[4, 8, 12]);
        check("{ after: 10 }", &[11, 12]);
        check("{ from: 2, to: 4 }", &[2, 3, 4]);
        check("{ method: GET }", &[]);
        check("{ path: \"/a/*\" }", &[1, 2, 3, 4, 5]);
    }
}
