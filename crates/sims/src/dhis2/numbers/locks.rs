//! Which periods may be written: expiry, the future, windows for input, approval, and what an option combo allows.

use super::super::model::{DataSet, OptionCombo, OrgUnit};
use super::super::uid::Uid;
use super::context::Context;
use super::period::{Period, PeriodType};
use super::store::Store;

const DAY: f64 = 86_400_000.0;

/// Whether a period is over for so long that the data set is locked there. `expiryDays` 0 is never.
pub fn expired(context: &Context<'_>, store: &Store, set: &DataSet, period: Period, unit: Uid) -> bool {
    if set.expiry_days <= 0.0 || context.caller.may("F_EDIT_EXPIRED") {
        return false;
    }
    // Up to 2.41 these are whole days.
    let days = if context.release() <= 41 { set.expiry_days.trunc() } else { set.expiry_days };
    let Ok(after) = period.end.tomorrow() else { return false };
    let midnight = context.midnight(after);
    let locked = context.now as f64 > midnight as f64 + days * DAY;
    locked && !store.lock_exceptions.contains(&(unit, period, set.identity.id))
}

/// The last period that a data set is open for: the current one, minus one, plus the open future periods.
pub fn latest_open(context: &Context<'_>, set: &DataSet) -> Option<Period> {
    let period_type = PeriodType::by_name(&set.period_type, context.release())?;
    Period::of(period_type, context.today())?.shift(set.open_future_periods - 1)
}

/// Whether a period lies behind the last one that any of the data sets is open for.
pub fn too_early(context: &Context<'_>, sets: &[&DataSet], period: Period) -> Option<Period> {
    let latest = sets.iter().filter_map(|set| latest_open(context, set)).max_by_key(|latest| latest.end)?;
    (period.end > latest.end).then_some(latest)
}

/// Whether now lies in a window for this period; a data set without windows is always open.
pub fn input_open(context: &Context<'_>, set: &DataSet, period: Period) -> bool {
    let today = context.today();
    set.input_periods.is_empty()
        || set.input_periods.iter().any(|window| {
            Period::parse(&window.period, context.release()) == Some(period)
                && window.opening.is_none_or(|opening| opening <= today)
                && window.closing.is_none_or(|closing| today <= closing)
        })
}

/// Whether the slice was approved, at the unit or above it.
pub fn approved(store: &Store, set: &DataSet, period: Period, unit: &OrgUnit, combo: Uid) -> bool {
    set.workflow.is_some_and(|workflow| unit.path.iter().any(|at| store.approvals.contains(&(workflow, period, *at, combo))))
}

/// Whether a period touches the dates of all options of a combo; a data set can keep it open for some periods more.
pub fn within_dates(context: &Context<'_>, combo: &OptionCombo, set: Option<&DataSet>, period: Period) -> bool {
    combo.options.iter().filter_map(|id| context.model.category_options.get(*id)).all(|option| {
        let end = option.end.map(|end| {
            let more = set.filter(|set| set.open_periods_after_co_end_date > 0);
            let last = more.and_then(|set| {
                let period_type = PeriodType::by_name(&set.period_type, context.release())?;
                Period::of(period_type, end)?.shift(set.open_periods_after_co_end_date)
            });
            last.map_or(end, |last| last.end)
        });
        option.start.is_none_or(|start| start <= period.end) && end.is_none_or(|end| end >= period.start)
    })
}

/// Whether a unit lies where all options of a combo may be used.
pub fn within_units(context: &Context<'_>, combo: &OptionCombo, unit: &OrgUnit) -> bool {
    combo
        .options
        .iter()
        .filter_map(|id| context.model.category_options.get(*id))
        .all(|option| option.org_units.is_empty() || option.org_units.iter().any(|ancestor| unit.is_within(*ancestor)))
}
