//! Which values a `GET dataValueSets` asks for: its parameters, and what the server refuses of them (E20xx).

use std::collections::{BTreeSet, HashSet};

use jiff::civil::Date;

use super::super::error::{Error, Result};
use super::super::model::{DataSet, Identified, OrgUnit, Scheme, Table};
use super::super::routes::Call;
use super::super::time;
use super::super::uid::Uid;
use super::context::Context;
use super::period::Period;
use super::store::{Key, Store, Stored};

/// What is asked for, resolved. An identifier that names nothing was left out in silence.
#[derive(Debug)]
pub struct Selection<'a> {
    pub data_sets: Vec<&'a DataSet>,
    pub elements: HashSet<Uid>,
    pub periods: BTreeSet<Period>,
    pub dates: Option<(Date, Date)>,
    pub units: HashSet<Uid>,
    /// Units as they were named, without those below.
    pub named_units: Vec<&'a OrgUnit>,
    pub attribute_combos: HashSet<Uid>,
    pub since: Option<i64>,
    pub deleted: bool,
    pub offset: usize,
    pub limit: Option<usize>,
}

/// All values of a parameter, repeated or with commas.
pub fn list<'c>(call: &'c Call<'_>, name: &'c str) -> Vec<&'c str> {
    call.arguments(name).flat_map(|text| text.split(',')).map(str::trim).filter(|text| !text.is_empty()).collect()
}

fn found<'a, T: Identified>(call: &Call<'_>, table: &'a Table<T>, name: &str, schemes: &[Scheme]) -> Vec<&'a T> {
    list(call, name).into_iter().filter_map(|id| schemes.iter().find_map(|scheme| table.find(scheme, id))).collect()
}

impl<'a> Selection<'a> {
    /// Reads and judges the parameters; `adx`: the answer will be ADX, which takes codes too and needs a data set.
    pub fn read(call: &Call<'_>, context: &Context<'a>, adx: bool) -> Result<Self> {
        let model = context.model;
        let schemes = |name: &str| -> Result<Vec<Scheme>> {
            let text = call.argument(name).or_else(|| call.argument("inputIdScheme")).filter(|text| !text.is_empty());
            match text.map(str::to_ascii_uppercase).as_deref() {
                None if adx => Ok(vec![Scheme::Uid, Scheme::Code]),
                None | Some("UID" | "ID") => Ok(vec![Scheme::Uid]),
                Some("CODE") => Ok(vec![Scheme::Code]),
                Some(other) => Err(Error::bad_request(format!("{name} must be UID or CODE, not {other}"))),
            }
        };
        let data_sets = found(call, &model.data_sets, "dataSet", &schemes("inputDataSetIdScheme")?);
        let named = found(call, &model.data_elements, "dataElement", &schemes("inputDataElementIdScheme")?);
        let groups = found(call, &model.data_element_groups, "dataElementGroup", &schemes("inputDataElementGroupIdScheme")?);
        let asks_elements = !data_sets.is_empty() || !named.is_empty() || !groups.is_empty();
        if !asks_elements || (adx && data_sets.is_empty()) {
            return Err(Error::conflict("E2001", "At least one data set, data element or data element group must be specified"));
        }
        let elements = (data_sets.iter().flat_map(|set| set.elements.iter().map(|one| one.element)))
            .chain(named.iter().map(|element| element.identity.id))
            .chain(groups.iter().flat_map(|group| group.members.iter().copied()))
            .collect();

        let periods: BTreeSet<Period> = list(call, "period").into_iter().filter_map(|id| Period::parse(id, context.release())).collect();
        let (dates, since) = times(call, context, periods.is_empty())?;

        let unit_schemes = schemes("inputOrgUnitIdScheme")?;
        let named_units = found(call, &model.org_units, "orgUnit", &unit_schemes);
        let unit_groups = found(call, &model.org_unit_groups, "orgUnitGroup", &[Scheme::Uid]);
        let children = call.flag("children", false)?;
        if named_units.is_empty() && unit_groups.is_empty() {
            return Err(if children {
                Error::conflict("E2008", "At least one organisation unit must be specified when children are included")
            } else {
                Error::conflict("E2006", "At least one organisation unit or organisation unit group must be specified")
            });
        }
        if children && !unit_groups.is_empty() {
            return Err(Error::conflict("E2007", "Organisation unit children cannot be included for organisation unit groups"));
        }
        let limit = match call.argument("limit").filter(|text| !text.is_empty()).map(str::parse::<i64>) {
            None => None,
            Some(Ok(limit)) => {
                let limit = usize::try_from(limit);
                Some(limit.map_err(|_| {
                    Error::conflict("E2009", format!("Limit cannot be less than zero: `{}`", call.argument("limit").unwrap_or_default()))
                })?)
            }
            Some(Err(_)) => return Err(Error::bad_request("limit must be a number")),
        };
        if let Some(set) = data_sets.iter().find(|set| !context.reads(&set.identity.sharing)) {
            return Err(Error::conflict("E2010", format!("User is not allowed to read data for data set: `{}`", set.identity.id)));
        }
        let attribute_combos = attribute_combos(call, context)?;
        if let Some(unit) = named_units.iter().find(|unit| !context.views(unit)) {
            return Err(Error::conflict("E2012", format!("User is not allowed to view org unit: `{}`", unit.identity.id)));
        }
        let mut units: HashSet<Uid> = named_units.iter().map(|unit| unit.identity.id).collect();
        units.extend(unit_groups.iter().flat_map(|group| group.members.iter().copied()));
        if children {
            units.extend(named_units.iter().flat_map(|unit| model.within(unit.identity.id)).map(|unit| unit.identity.id));
        }
        Ok(Self {
            data_sets,
            elements,
            periods,
            dates,
            units,
            named_units,
            attribute_combos,
            since,
            deleted: call.flag("includeDeleted", false)?,
            offset: call.number("offset")?.unwrap_or(0),
            limit,
        })
    }

    /// The rows, in the order of their keys.
    pub fn rows<'s>(&self, context: &Context<'_>, store: &'s Store) -> Vec<(&'s Key, &'s Stored)> {
        let hidden: HashSet<Uid> = if context.caller.is_superuser() {
            HashSet::new()
        } else {
            let hides = |id: &Uid| context.model.category_options.get(*id).is_some_and(|option| !context.reads(&option.identity.sharing));
            let combos = context.model.option_combos.iter().filter(|combo| combo.options.iter().any(&hides));
            combos.map(|combo| combo.identity.id).collect()
        };
        let wanted = |(key, stored): &(&Key, &Stored)| {
            (self.deleted || !stored.deleted)
                && self.units.contains(&key.org_unit)
                && self.elements.contains(&key.data_element)
                && (self.periods.is_empty() || self.periods.contains(&key.period))
                && self.dates.is_none_or(|(from, to)| key.period.within(from, to))
                && (self.attribute_combos.is_empty() || self.attribute_combos.contains(&key.attribute_option_combo))
                && self.since.is_none_or(|since| stored.last_updated >= since)
                && !hidden.contains(&key.category_option_combo)
                && !hidden.contains(&key.attribute_option_combo)
        };
        store.rows().filter(wanted).skip(self.offset).take(self.limit.unwrap_or(usize::MAX)).collect()
    }
}

/// First and last day, and the instant since when.
type Times = (Option<(Date, Date)>, Option<i64>);

/// Dates and "last updated", judged together with whether there are periods.
fn times(call: &Call<'_>, context: &Context<'_>, no_periods: bool) -> Result<Times> {
    let date = |name: &str| match call.argument(name).filter(|text| !text.is_empty()) {
        None => Ok(None),
        Some(text) => time::day(text).map(Some).ok_or_else(|| Error::bad_request(format!("{name} is not a valid date: `{text}`"))),
    };
    let dates = date("startDate")?.zip(date("endDate")?);
    let last_updated = match call.argument("lastUpdated").filter(|text| !text.is_empty()) {
        None => None,
        Some(text) => {
            Some(context.zone.read(text).ok_or_else(|| Error::bad_request(format!("lastUpdated is not a valid date: `{text}`")))?)
        }
    };
    let duration = call.argument("lastUpdatedDuration").filter(|text| !text.is_empty());
    if no_periods && dates.is_none() && last_updated.is_none() && duration.is_none() {
        let message = "At least one valid period, start/end dates, last updated or last updated duration must be specified";
        return Err(Error::conflict("E2002", message));
    }
    if !no_periods && dates.is_some() {
        return Err(Error::conflict("E2003", "Both periods and start/end date cannot be specified"));
    }
    if let Some((from, to)) = dates
        && from > to
    {
        return Err(Error::conflict("E2004", format!("Start date must be before end date: `{from}`, `{to}`")));
    }
    let duration = match duration {
        None => None,
        Some(text) => Some(millis(text).ok_or_else(|| Error::conflict("E2005", format!("Duration is not valid: `{text}`")))?),
    };
    Ok((dates, last_updated.or_else(|| duration.map(|duration| context.now - duration))))
}

/// `36h`, `7d`, `30m`, `90s` in milliseconds.
pub fn millis(text: &str) -> Option<i64> {
    let unit = match text.chars().last()? {
        'd' => 86_400_000,
        'h' => 3_600_000,
        'm' => 60_000,
        's' => 1_000,
        _ => return None,
    };
    let number = &text[..text.len() - 1];
    (!number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| number.parse::<i64>().ok()?.checked_mul(unit))
        .flatten()
}

/// By identifier, or by combo and options.
fn attribute_combos(call: &Call<'_>, context: &Context<'_>) -> Result<HashSet<Uid>> {
    let model = context.model;
    let mut combos: Vec<_> = found(call, &model.option_combos, "attributeOptionCombo", &[Scheme::Uid]);
    if let Some(combo) = call.argument("attributeCombo").and_then(Uid::parse) {
        let options: BTreeSet<Uid> =
            list(call, "attributeOptions").into_iter().flat_map(|text| text.split(';')).filter_map(Uid::parse).collect();
        combos.extend(model.option_combo(combo, &options));
    }
    for combo in &combos {
        let hidden = |id: &Uid| model.category_options.get(*id).is_some_and(|option| !context.reads(&option.identity.sharing));
        if combo.options.iter().any(hidden) {
            let message = format!("User is not allowed to read data for attribute option combo: `{}`", combo.identity.id);
            return Err(Error::conflict("E2011", message));
        }
    }
    Ok(combos.into_iter().map(|combo| combo.identity.id).collect())
}
