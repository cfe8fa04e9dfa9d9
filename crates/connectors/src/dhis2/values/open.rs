//! Whether something can be written where it lies: the data set at the org unit, the opening and closing of org unit and options; expiry, the future, windows (DHIS2 2.38 to 2.43). Asked of what
//! would have to be written only: what is there and right stays so.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use kivuko_core::catalogue::dhis2;
use kivuko_core::error::Cause;
use kivuko_core::numbers::Unit;
use kivuko_core::period::Period;

use super::super::frame::DataSet;

/// Why nothing can be given at an org unit, whatever the period; `field` says it in the record.
pub fn unassigned(set: &DataSet, unit: &str, field: &str) -> Option<Cause> {
    let message = || format!("the data set `{}` is not assigned to the org unit", set.frame.data_set.name);
    let is_assigned = set.frame.assigned.contains(unit);
    (!is_assigned).then(|| Cause::new(dhis2::NOT_ASSIGNED, message()).field(field).unlisted("organisationUnits", unit))
}

/// Whether the org unit and the attribute options exist in the period, and go together.
pub fn out_of_time(set: &DataSet, unit: &Unit, period: Period, attribute: &str) -> Vec<Cause> {
    let mut causes = Vec::new();
    let cause = |field: &str, message: String| Cause::new(dhis2::OUT_OF_TIME, message).field(field);
    if let Some(opening) = unit.opening.filter(|opening| period.end() < *opening) {
        causes.push(cause("period", format!("the org unit was opened on {opening}, after the period")));
    }
    if let Some(closing) = unit.closed.filter(|closing| period.start() > *closing) {
        causes.push(cause("period", format!("the org unit was closed on {closing}, before the period")));
    }
    let options = set.attribute_combo().and_then(|combo| combo.option_combos.iter().find(|combo| combo.named.id == attribute));
    for limits in options.into_iter().flat_map(|combo| &combo.options).filter_map(|option| set.limits.get(option)) {
        let early = limits.start.is_some_and(|start| period.end() < start);
        let late = limits.end.is_some_and(|end| period.start() > end);
        if early || late {
            causes.push(cause("attributeOptionCombo", format!("the category option `{}` is not used in the period", limits.name)));
        }
        if !limits.units.is_empty() && !unit.path.split('/').any(|id| limits.units.contains(id)) {
            causes.push(cause("attributeOptionCombo", format!("the category option `{}` is not used at the org unit", limits.name)));
        }
    }
    causes
}

/// Who asks, and when.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// By the clock of the server.
    pub now: Timestamp,
    /// Where the server's days begin.
    pub zone: &'a TimeZone,
    /// The account may write to expired periods.
    pub edits_expired: bool,
}

/// Why a period of an org unit cannot be written to now.
pub fn closed(set: &DataSet, period: Period, unit: &str, asking: Asking<'_>) -> Option<Cause> {
    let name = &set.frame.data_set.name;
    let cause = |code, message: String| Some(Cause::new(code, message).field("period"));
    let today = asking.now.to_zoned(asking.zone.clone()).date();
    if let Some(latest) = latest_open(set, period, today)
        && period.start() > latest.start()
    {
        let message =
            format!("the period is not open yet: `{name}` takes values up to {latest} (openFuturePeriods {})", set.open_future_periods);
        return cause(dhis2::NOT_YET_OPEN, message);
    }
    if set.expiry_days > 0.0 && !asking.edits_expired {
        let excepted = set.exceptions.as_ref().is_none_or(|all| all.contains(&(unit.to_owned(), period.id())));
        // From the midnight after its last day on, so many days; releases from 2.42 on know parts of a day.
        let end = period.end().saturating_add(1.day()).to_zoned(asking.zone.clone()).ok().map(|zoned| zoned.timestamp());
        let seconds = jiff::SignedDuration::try_from_secs_f64(set.expiry_days * 86_400.0).unwrap_or(jiff::SignedDuration::MAX);
        let locked_from = end.and_then(|end| end.checked_add(seconds).ok());
        if !excepted && locked_from.is_some_and(|from| asking.now > from) {
            return cause(dhis2::LOCKED, format!("the period is locked: `{name}` takes late values for {} days", set.expiry_days));
        }
    }
    if set.input_periods.is_empty() {
        return None;
    }
    let windows: Vec<_> = set.input_periods.iter().filter(|window| Period::parse(&window.period).is_ok_and(|own| own == period)).collect();
    let opens_later = |opens: Option<Timestamp>| opens.is_some_and(|opens| opens > asking.now);
    let open = windows.iter().any(|window| !opens_later(window.opens) && window.closes.is_none_or(|closes| asking.now <= closes));
    if open {
        return None;
    }
    if windows.iter().any(|window| opens_later(window.opens)) {
        return cause(dhis2::NOT_YET_OPEN, format!("the window in which `{name}` takes the period has not opened yet"));
    }
    if windows.is_empty() {
        return cause(dhis2::LOCKED, format!("`{name}` takes listed periods only, and the period is not among them"));
    }
    cause(dhis2::LOCKED, format!("the window in which `{name}` takes the period has closed"))
}

/// The latest period that is open: the present one, less one, plus `openFuturePeriods`.
fn latest_open(set: &DataSet, period: Period, today: jiff::civil::Date) -> Option<Period> {
    let mut latest = Period::of(period.period_type(), today).ok()?;
    let ahead = set.open_future_periods - 1;
    for _ in 0..ahead.unsigned_abs().min(1_000) {
        latest = if ahead < 0 { latest.previous() } else { latest.next() }?;
    }
    Some(latest)
}
