//! Objects that a request names one by one: `ds`, `pe`, `ou`, `de`, `co`, `cc` with `cp`.

use std::collections::BTreeSet;

use super::super::error::{Error, Result};
use super::super::model::{DataElement, DataSet, Identified, OptionCombo, OrgUnit, Scheme, Table};
use super::super::uid::Uid;
use super::context::Context;
use super::period::Period;

fn find<'a, T: Identified>(table: &'a Table<T>, id: Option<&str>, code: &str, what: &str) -> Result<&'a T> {
    let found = id.and_then(|id| table.find(&Scheme::Uid, id));
    found.ok_or_else(|| Error::conflict(code, format!("{what} not found or not accessible: `{}`", id.unwrap_or("null"))))
}

/// A data element by its identifier.
pub fn element<'a>(context: &Context<'a>, id: Option<&str>) -> Result<&'a DataElement> {
    find(&context.model.data_elements, id, "E1100", "Data element")
}

/// A period by its identifier.
pub fn period(context: &Context<'_>, id: Option<&str>) -> Result<Period> {
    let found = id.and_then(|id| Period::parse(id, context.release()));
    found.ok_or_else(|| Error::conflict("E1101", format!("Period is invalid: `{}`", id.unwrap_or("null"))))
}

/// An org unit by its identifier.
pub fn unit<'a>(context: &Context<'a>, id: Option<&str>) -> Result<&'a OrgUnit> {
    find(&context.model.org_units, id, "E1102", "Organisation unit")
}

/// A unit must be where the caller enters data.
pub fn captured(context: &Context<'_>, unit: &OrgUnit) -> Result<()> {
    if context.captures(unit) {
        return Ok(());
    }
    Err(Error::conflict("E2020", format!("Organisation unit is not in the hierarchy of the current user: `{}`", unit.identity.id)))
}

/// A category option combo by its identifier; the default one when there is none.
pub fn combo<'a>(context: &Context<'a>, id: Option<&str>) -> Result<&'a OptionCombo> {
    match id {
        None => Ok(context.default_combo()),
        Some(_) => find(&context.model.option_combos, id, "E1103", "Category option combo"),
    }
}

/// A data set by its identifier.
pub fn data_set<'a>(context: &Context<'a>, id: Option<&str>) -> Result<&'a DataSet> {
    find(&context.model.data_sets, id, "E1105", "Data set")
}

/// An attribute option combo by its category combo and options (`a;b`); the default one when there is neither.
pub fn attribute_combo<'a>(context: &Context<'a>, combo: Option<&str>, options: Option<&str>) -> Result<&'a OptionCombo> {
    if combo.is_none() && options.is_none() {
        return Ok(context.default_combo());
    }
    let named: Option<BTreeSet<Uid>> = options.unwrap_or_default().split([';', ',']).filter(|id| !id.is_empty()).map(Uid::parse).collect();
    let found = combo.and_then(Uid::parse).zip(named).and_then(|(combo, options)| context.model.option_combo(combo, &options));
    found.ok_or_else(|| {
        let named = format!("{}, {}", combo.unwrap_or("null"), options.unwrap_or("null"));
        Error::conflict("E1104", format!("Attribute option combo not found or not accessible: `{named}`"))
    })
}
