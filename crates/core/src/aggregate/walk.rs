//! What an indicator makes of a record: the one way through its row, whoever decides what places and options are called.

use jiff::civil::Date;
use serde_json::Value;

use super::sheet::Column;
use super::{Aggregate, Indicator, Measure};
use crate::catalogue::{aggregate, record};
use crate::error::{Cause, stand_in};
use crate::expr::Scope;
use crate::fold::Part;
use crate::period::Period;
use crate::transform::{Env, day};
use crate::value::{self, kind};

/// What decides which org units and options there are.
pub(super) trait Ground {
    /// What an org unit is.
    type Unit;
    /// What a combination of options is.
    type Options;

    /// The org unit of a place on a day; none where a person decided that the place is not counted.
    fn place(&self, place: &str, day: Date) -> Result<Option<Self::Unit>, Cause>;

    /// The category options of a record for the indicator at this position.
    fn options(&self, indicator: usize, scope: &Scope<'_>) -> Result<Self::Options, Cause>;

    /// The same of the attribute options.
    fn attributes(&self, indicator: usize, scope: &Scope<'_>) -> Result<Self::Options, Cause>;

    /// Whether a value is one that the source itself has in a list, so that it can be shown.
    fn is_listed(&self, value: &str) -> bool;
}

/// What a record adds, and where.
pub(super) struct Placed<G: Ground> {
    pub period: Period,
    pub org_unit: G::Unit,
    pub options: G::Options,
    pub attributes: G::Options,
    pub part: Part,
}

/// Hands all that a record adds to an indicator to `found`, and everything that speaks against it to `refused`; with what is said last, where it belongs all the same, if that is
/// known.
pub(super) fn walk<G: Ground>(
    own: &Aggregate,
    indicator: usize,
    ground: &G,
    (record, env): (&Value, &Env<'_>),
    found: &mut impl FnMut(Placed<G>),
    refused: &mut impl FnMut(Cause, Option<(Period, G::Unit)>),
) {
    let Some(row) = own.indicators.get(indicator).filter(|row| matches!(row.value, Measure::Fold(..))) else { return };
    let way = Way { own, row, indicator, ground };
    let scope = Scope { record, item: None, vars: &[], env };
    match &row.each {
        None => way.one(&scope, found, refused),
        Some(each) => {
            let mut items = Vec::new();
            each.read(record, &mut items);
            for item in items {
                way.one(&Scope { item: Some(item), ..scope }, found, refused);
            }
        }
    }
}

struct Way<'w, G> {
    own: &'w Aggregate,
    row: &'w Indicator,
    indicator: usize,
    ground: &'w G,
}

impl<G: Ground> Way<'_, G> {
    fn one(&self, scope: &Scope<'_>, found: &mut impl FnMut(Placed<G>), refused: &mut impl FnMut(Cause, Option<(Period, G::Unit)>)) {
        let refuse_early = |cause: Cause, column: Column, refused: &mut dyn FnMut(Cause, Option<(Period, G::Unit)>)| {
            let belongs = self.belongs(scope);
            let mut told = self.told(cause, column, scope.env);
            told.placed = belongs.as_ref().err().is_none_or(is_of_no_report);
            refused(told, belongs.ok().flatten());
        };
        if let Some(where_) = &self.row.where_ {
            match where_.truth(scope) {
                Ok(true) => {}
                Ok(false) => return,
                Err(cause) => return refuse_early(cause, Column::Where, refused),
            }
        }
        let part = match part(&self.row.value, scope) {
            Ok(Some(part)) => part,
            Ok(None) => return,
            Err(cause) => return refuse_early(cause, Column::Value, refused),
        };
        let mut causes: Vec<Cause> = Vec::new();
        let mut refuse = |cause: Cause, column: Column| causes.push(self.told(cause, column, scope.env));
        let day = self.day(scope).map_err(|cause| refuse(cause, Column::Date)).ok();
        let org_unit = match self.org_unit(scope, day) {
            Ok(Some(org_unit)) => Some(org_unit),
            Ok(None) => return refuse_all(causes, None, refused),
            Err(cause) => {
                refuse(cause, Column::OrgUnit);
                None
            }
        };
        let options = self.ground.options(self.indicator, scope).map_err(|cause| refuse(cause, Column::By)).ok();
        let attributes = self.ground.attributes(self.indicator, scope).map_err(|cause| refuse(cause, Column::AttributeOptionCombo)).ok();
        let period =
            day.and_then(|day| Period::of(self.own.period.period_type, day).map_err(|error| refuse(error.cause(), Column::Date)).ok());
        match (period.zip(org_unit), options, attributes) {
            (Some((period, org_unit)), Some(options), Some(attributes)) => found(Placed { period, org_unit, options, attributes, part }),
            (belongs, ..) => refuse_all(causes, belongs, refused),
        }
    }

    /// Where something belongs that is refused for another reason, or why that cannot be told; nowhere if a person decided that its place is not counted.
    fn belongs(&self, scope: &Scope<'_>) -> Result<Option<(Period, G::Unit)>, Cause> {
        let day = self.day(scope)?;
        let period = Period::of(self.own.period.period_type, day).map_err(|error| error.cause())?;
        Ok(self.org_unit(scope, Some(day))?.map(|org_unit| (period, org_unit)))
    }

    /// A cause with its indicator and cell. A value that no list has may be anything, also a name in the wrong column: it is told by its length and a keyed hash.
    fn told(&self, mut cause: Cause, column: Column, env: &Env<'_>) -> Cause {
        // Without its day or place it may belong anywhere.
        cause.placed = !matches!(column, Column::Date | Column::OrgUnit) || is_of_no_report(&cause);
        cause.field.get_or_insert_with(|| self.row.name.clone());
        cause.cell.get_or_insert_with(|| self.own.sheet.place_at(self.row.row, column).to_string());
        if let Some(unlisted) = cause.unlisted.as_ref().filter(|unlisted| !self.ground.is_listed(&unlisted.value)) {
            let hidden = stand_in(&unlisted.value, env.secret);
            cause.hide_unlisted(hidden);
        }
        cause
    }

    fn day(&self, scope: &Scope<'_>) -> Result<Date, Cause> {
        let reading = self.row.date.as_ref().unwrap_or(&self.own.period.date);
        let found = reading.read(scope)?;
        match found.as_ref() {
            Value::Null => {
                let message = format!("`{}` is empty, and it decides the period", reading.text());
                Err(Cause::new(aggregate::NO_DATE, message))
            }
            Value::String(text) => day(text.trim(), scope.env.timezone).ok_or_else(|| {
                let message = format!(
                    "`{0}` is no day such as 2020-01-31 and no moment; say how it is written: `{0} | date(\"dd/MM/yyyy\")`",
                    reading.text()
                );
                Cause::new(record::BAD_DATE, message)
            }),
            other => Err(Cause::new(record::BAD_DATE, format!("`{}` is {}, where a day is wanted", reading.text(), kind(other)))),
        }
    }

    /// The org unit; none where a person decided that its place is not counted.
    fn org_unit(&self, scope: &Scope<'_>, day: Option<Date>) -> Result<Option<G::Unit>, Cause> {
        let reading = self.row.org_unit.as_ref().unwrap_or(&self.own.org_unit.path);
        let found = reading.read(scope)?;
        // Without a day the place is looked for all the same, so that everything that is wrong is said at once.
        let day = day.unwrap_or(scope.env.today);
        match found.as_ref() {
            Value::Null => {
                let message = format!("`{}` is empty, and it decides the org unit", reading.text());
                Err(Cause::new(aggregate::UNMAPPED_PLACE, message))
            }
            Value::String(text) => self.ground.place(text.trim(), day),
            other => {
                let Some(text) = value::text(other) else {
                    let message = format!("`{}` is {}, where one place is wanted", reading.text(), kind(other));
                    return Err(Cause::new(aggregate::UNMAPPED_PLACE, message));
                };
                self.ground.place(&text, day)
            }
        }
    }
}

/// Says all of these, and with the last of them where it belongs.
fn refuse_all<U>(mut causes: Vec<Cause>, belongs: Option<(Period, U)>, refused: &mut impl FnMut(Cause, Option<(Period, U)>)) {
    let Some(last) = causes.pop() else { return };
    for cause in causes {
        refused(cause, None);
    }
    refused(last, belongs);
}

/// Whether a record is refused since no report of the data set is that of its place.
fn is_of_no_report(cause: &Cause) -> bool {
    [aggregate::NOT_ASSIGNED, aggregate::ABOVE_LEVEL].contains(&cause.code)
}

/// What a record adds; nothing where the value is empty.
fn part(measure: &Measure, scope: &Scope<'_>) -> Result<Option<Part>, Cause> {
    let Measure::Fold(fold, reading) = measure else { return Ok(None) };
    let Some(reading) = reading else { return Ok(Some(Part::Count(1))) };
    let found = reading.read(scope)?;
    if found.is_null() {
        return Ok(None);
    }
    let part = fold.part(&found, scope.env.secret).map_err(|error| {
        let message = format!("`{}` cannot go into `{fold}`: {error}", reading.text());
        Cause::new(aggregate::NOT_A_NUMBER, message)
    })?;
    Ok(Some(part))
}
