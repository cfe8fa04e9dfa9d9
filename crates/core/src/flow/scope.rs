//! Which part of the target (which outbreak) a record belongs to: found for each record, by a code map of places with days, or by an expression.

use std::collections::BTreeSet;

use jiff::civil::Date;
use serde_json::Value;

use crate::catalogue::run as codes;
use crate::codes::{CodeMaps, Direction, Translated};
use crate::error::Cause;
use crate::expr::{Expr, Scope};
use crate::path::SourcePath;
use crate::transform::{Env, plain_day};
use crate::value;

/// The `scope` of a flow's `to`.
#[derive(Debug)]
pub struct ScopeRule {
    /// What the parts of the target are called: `outbreak`.
    pub word: &'static str,
    pub(super) how: How,
}

#[derive(Debug)]
pub(super) enum How {
    Map { map: String, direction: Direction, place: SourcePath, date: Option<SourcePath> },
    Expr(Box<Expr>),
}

impl ScopeRule {
    /// The part of the target that a record belongs to, by its name or id as the project writes it.
    ///
    /// # Errors
    /// Nobody can tell: the record is rejected.
    pub fn find(&self, record: &Value, env: &Env<'_>) -> Result<String, Cause> {
        let word = self.word;
        let found = match &self.how {
            How::Expr(expr) => expr.eval(&Scope { record, item: None, vars: &[], env })?,
            How::Map { map, direction, place, date } => {
                let Some(value) = place.one(record).and_then(value::text) else {
                    let message = format!("the {word} of the record cannot be told: the field that says it is empty");
                    return Err(Cause::new(codes::NO_SCOPE, message).field(place.text()));
                };
                let day = match date.as_ref().and_then(|path| path.one(record).map(|found| (path, found))) {
                    None => env.today,
                    Some((path, found)) => day_of(found).ok_or_else(|| {
                        let message = format!("the {word} of the record cannot be told: its day is not a day such as 2026-01-31");
                        Cause::new(codes::NO_SCOPE, message).field(path.text())
                    })?,
                };
                let known = env.codes.expect(map)?;
                match known.translate(*direction, &value, day) {
                    Translated::To(scope) => Value::String(scope),
                    Translated::Keep => Value::String(value),
                    Translated::Several(_) => return Err(known.disagreement(*direction, &value, day).field(place.text())),
                    Translated::Nothing | Translated::Drop | Translated::Unlisted => {
                        let message = format!(
                            "the code map `{map}` does not say to which {word} the record belongs on {day}; add it to codes/{map}.csv and retry"
                        );
                        return Err(Cause::new(codes::NO_SCOPE, message).field(place.text()).unlisted(map.clone(), value));
                    }
                }
            }
        };
        value::text(&found).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty()).ok_or_else(|| {
            Cause::new(codes::NO_SCOPE, format!("the {word} of the record cannot be told: the expression under `scope` gave nothing"))
        })
    }

    /// The parts of the target that the code map names; none where an expression tells them.
    pub fn known(&self, codes: &CodeMaps) -> BTreeSet<String> {
        match &self.how {
            How::Map { map, direction, .. } => codes.get(map).map(|map| map.results(*direction)).unwrap_or_default(),
            How::Expr(_) => BTreeSet::new(),
        }
    }

    /// The paths of the record that it reads.
    pub(super) fn paths(&self) -> Vec<SourcePath> {
        match &self.how {
            How::Map { place, date, .. } => std::iter::once(place).chain(date).cloned().collect(),
            How::Expr(expr) => expr.paths().to_vec(),
        }
    }

    /// The code maps that it looks into.
    pub(super) fn code_maps(&self) -> Vec<String> {
        match &self.how {
            How::Map { map, .. } => vec![map.clone()],
            How::Expr(expr) => expr.code_maps().to_vec(),
        }
    }
}

/// The day at the beginning of a text such as `2026-01-31` or `2026-01-31T10:00:00Z`.
fn day_of(found: &Value) -> Option<Date> {
    let text = value::text(found)?;
    plain_day(text.trim().get(..10)?)
}
