//! Folds: many parts become one number, whichever way they come.
//!
//! What this module keeps: the state of a fold depends on which parts were added and on nothing else, not on their order nor on how they were split and merged.
//! So a record is taken back by folding the parts that are left. Numbers are exact decimals ([`Amount`]); an average is divided once, at the end. What is counted
//! by `distinct` is kept as keyed hashes, never as values.

mod amount;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use amount::{Amount, DECIMALS, NoAmount, SHOWN_DECIMALS};

/// What is made of the parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Count,
    Sum,
    Avg,
    Min,
    Max,
    Distinct,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Count, Self::Sum, Self::Avg, Self::Min, Self::Max, Self::Distinct];

    /// The word in a sheet.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Sum => "sum",
            Self::Avg => "avg",
            Self::Min => "min",
            Self::Max => "max",
            Self::Distinct => "distinct",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == word)
    }

    /// The part that a value is in such a fold; `count` takes any.
    ///
    /// # Errors
    /// A value that is not a number where one is due.
    pub fn part(self, value: &Value, hash_key: &[u8; 32]) -> Result<Part, NoAmount> {
        match self {
            Self::Count => Ok(Part::Count(1)),
            Self::Sum | Self::Avg | Self::Min | Self::Max => Amount::of(value).map(Part::Amount),
            Self::Distinct => Ok(Part::Key(distinct_key(value, hash_key))),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What one record (or one item of it) adds to a fold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// So many, for `count`.
    Count(u64),
    /// A number, for `sum`, `avg`, `min` and `max`.
    Amount(Amount),
    /// The keyed hash of a value, for `distinct`.
    Key(DistinctKey),
}

/// A keyed hash of a value: the same value gives the same one, and without the key of the store nobody can try values against it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DistinctKey(u128);

impl fmt::Display for DistinctKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for DistinctKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl From<DistinctKey> for String {
    fn from(key: DistinctKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for DistinctKey {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        plain.then(|| u128::from_str_radix(&text, 16).ok()).flatten().map(Self).ok_or("it is not a hash of 32 hexadecimal digits")
    }
}

/// The number 7 and the text ` 7 ` are the same value.
fn distinct_key(value: &Value, hash_key: &[u8; 32]) -> DistinctKey {
    let plain = crate::value::text(value).map_or_else(|| value.clone(), |text| Value::String(text.trim().to_owned()));
    let hash = crate::value::hash(hash_key, &Value::Array(vec![Value::from("distinct"), plain]));
    DistinctKey::try_from(hash).expect("a hash has 32 hexadecimal digits")
}

impl Part {
    /// How a store keeps it: `3`, `12.5`, 32 hexadecimal digits. The kind of the fold says how it is read back.
    pub fn text(&self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Amount(amount) => amount.to_string(),
            Self::Key(key) => key.to_string(),
        }
    }

    /// Reads what [`Part::text`] wrote for a fold of this kind; `None` for any other text.
    pub fn parse(kind: Kind, text: &str) -> Option<Self> {
        match kind {
            Kind::Count => text.parse().ok().map(Self::Count),
            Kind::Sum | Kind::Avg | Kind::Min | Kind::Max => Amount::parse(text).ok().map(Self::Amount),
            Kind::Distinct => DistinctKey::try_from(text.to_owned()).ok().map(Self::Key),
        }
    }
}

/// A part or a state was put into a fold of another kind: a mistake of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("something else was put into the fold `{0}`")]
pub struct Mismatch(pub Kind);

/// A fold on its way. Its JSON form can be kept and read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fold {
    kind: Kind,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Count(u64),
    /// The sum and how many there are.
    Total(Amount, u64),
    /// The smallest or the largest; none yet.
    Extreme(Option<Amount>),
    Keys(BTreeSet<DistinctKey>),
}

impl Fold {
    /// Nothing yet.
    pub fn new(kind: Kind) -> Self {
        let state = match kind {
            Kind::Count => State::Count(0),
            Kind::Sum | Kind::Avg => State::Total(Amount::default(), 0),
            Kind::Min | Kind::Max => State::Extreme(None),
            Kind::Distinct => State::Keys(BTreeSet::new()),
        };
        Self { kind, state }
    }

    /// The fold of these parts.
    ///
    /// # Errors
    /// A part that does not belong into a fold of this kind.
    pub fn of(kind: Kind, parts: impl IntoIterator<Item = Part>) -> Result<Self, Mismatch> {
        let mut fold = Self::new(kind);
        for part in parts {
            fold.add(part)?;
        }
        Ok(fold)
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Adds one part.
    ///
    /// # Errors
    /// A part that does not belong into a fold of this kind; the fold stays as it was.
    pub fn add(&mut self, part: Part) -> Result<(), Mismatch> {
        let single = match part {
            Part::Count(count) => State::Count(count),
            Part::Amount(amount) => match self.state {
                State::Extreme(_) => State::Extreme(Some(amount)),
                _ => State::Total(amount, 1),
            },
            Part::Key(key) => {
                if let State::Keys(keys) = &mut self.state {
                    keys.insert(key);
                    return Ok(());
                }
                return Err(Mismatch(self.kind));
            }
        };
        self.take(single)
    }

    /// Adds all parts of another fold.
    ///
    /// # Errors
    /// A fold of another kind; this one stays as it was.
    pub fn merge(&mut self, other: Self) -> Result<(), Mismatch> {
        if self.kind == other.kind { self.take(other.state) } else { Err(Mismatch(self.kind)) }
    }

    fn take(&mut self, other: State) -> Result<(), Mismatch> {
        match (&mut self.state, other) {
            (State::Count(count), State::Count(more)) => *count = count.saturating_add(more),
            (State::Total(sum, count), State::Total(more, parts)) => {
                *sum = sum.plus(more);
                *count = count.saturating_add(parts);
            }
            (State::Extreme(extreme), State::Extreme(other)) => {
                let better = |one: Amount, two: Amount| if self.kind == Kind::Min { one.min(two) } else { one.max(two) };
                *extreme = match (*extreme, other) {
                    (Some(one), Some(two)) => Some(better(one, two)),
                    (one, two) => one.or(two),
                };
            }
            (State::Keys(keys), State::Keys(more)) => {
                // Into the larger one: a fold that grows by merging must not copy itself each time.
                let smaller = if more.len() > keys.len() { std::mem::replace(keys, more) } else { more };
                keys.extend(smaller);
            }
            _ => return Err(Mismatch(self.kind)),
        }
        Ok(())
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        match &self.state {
            State::Count(count) | State::Total(_, count) => *count == 0,
            State::Extreme(extreme) => extreme.is_none(),
            State::Keys(keys) => keys.is_empty(),
        }
    }

    /// The number; `None` when nothing was added. A sum of zeros is 0, an average is rounded to [`SHOWN_DECIMALS`] decimals, a half away from zero.
    pub fn number(&self) -> Option<Amount> {
        if self.is_empty() {
            return None;
        }
        match &self.state {
            State::Count(count) => Some(Amount::count(*count)),
            State::Keys(keys) => Some(Amount::count(keys.len() as u64)),
            State::Total(sum, count) if self.kind == Kind::Avg => sum.over(*count),
            State::Total(sum, _) => Some(*sum),
            State::Extreme(extreme) => *extreme,
        }
    }

    /// The number as DHIS2 takes it: no exponent, no zeros at the end. `None` when nothing was added.
    pub fn value(&self) -> Option<String> {
        self.number().map(|number| number.to_string())
    }
}
