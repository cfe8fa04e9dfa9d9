//! What is said about all values of a set: data set, period, org unit, attribute option combo, completion.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::super::super::model::{DataSet, OptionCombo, OrgUnit};
use super::super::super::uid::Uid;
use super::super::completeness;
use super::super::context::Context;
use super::super::id_scheme::Kind;
use super::super::options::ImportOptions;
use super::super::payload::{Combo, Group};
use super::super::period::Period;
use super::super::store::{Completion, Store};
use super::super::summary::Conflict;
use super::super::value::is_date;
use super::conflicts::conflict;

/// The resolved head.
#[derive(Debug, Default)]
pub struct Head<'a> {
    pub data_set: Option<&'a DataSet>,
    /// Not there when it cannot be read: then every value without a period of its own is refused.
    pub period: Option<Period>,
    /// As it was sent.
    pub period_text: Option<&'a str>,
    pub org_unit: Option<&'a OrgUnit>,
    pub attribute_option_combo: Option<&'a OptionCombo>,
}

impl<'a> Head<'a> {
    /// Finds what the head names. All that is wrong is said at once, and stops the import.
    pub fn resolve(context: &Context<'a>, group: &'a Group, options: &ImportOptions) -> Result<Self, Vec<Conflict>> {
        let schemes = &options.schemes;
        let mut conflicts = Vec::new();
        if context.caller.org_units.is_empty() {
            let user = context.caller.username.as_str();
            conflicts.push(conflict(
                "E7622",
                None,
                &[("user", user)],
                format!("User: `{user}` has no organisation units for data capture"),
            ));
        }
        let data_set = group.data_set.as_deref().and_then(|id| {
            let found = context.model.data_sets.find(&schemes.of(Kind::DataSet), id);
            match found {
                None => {
                    let message = format!("Data set not found or not accessible: `{id}`");
                    conflicts.push(conflict("E7600", Some("dataSet"), &[("dataSet", id)], message));
                }
                Some(set) if !context.writes(&set.identity.sharing) => {
                    let message = format!("User does not have write access for DataSet: `{id}`");
                    conflicts.push(conflict("E7601", Some("dataSet"), &[("dataSet", id)], message));
                }
                Some(_) => {}
            }
            found
        });
        let org_unit = group.org_unit.as_deref().and_then(|id| {
            let found = context.model.org_units.find(&schemes.of(Kind::OrgUnit), id);
            if found.is_none() {
                let message = format!("Org unit not found or not accessible: `{id}`");
                conflicts.push(conflict("E7603", Some("orgUnit"), &[("organisationUnit", id)], message));
            }
            found
        });
        let attribute_option_combo = attribute_combo(context, group, data_set, options).unwrap_or_else(|id| {
            let message = format!("Attribute option combo not found or not accessible: `{id}`");
            conflicts.push(conflict("E7604", Some("attributeOptionCombo"), &[("categoryOptionCombo", &id)], message));
            None
        });
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        let period_text = group.period.as_deref();
        let period = period_text.and_then(|id| Period::parse(id, context.release()));
        Ok(Self { data_set, period, period_text, org_unit, attribute_option_combo })
    }

    /// The day of completion: today for `true`, never in the future. A time of day breaks the import.
    pub fn complete_date(context: &Context<'_>, group: &Group) -> Result<Option<Date>, String> {
        let Some(text) = group.complete_date.as_deref() else {
            return Ok(None);
        };
        match text {
            "true" => Ok(Some(context.today())),
            "false" => Ok(None),
            _ if is_date(text) => Ok(text.parse::<Date>().ok().map(|day| day.min(context.today()))),
            _ => Err(format!("Invalid format: \"{text}\" is malformed at \"{}\"", text.get(10..).unwrap_or(text))),
        }
    }

    /// Registers the completion; nothing when the head does not say of what.
    pub fn complete(&self, context: &Context<'_>, store: &mut Store, day: Date) -> Option<String> {
        let key = Completion {
            data_set: self.data_set?.identity.id,
            period: self.period?,
            org_unit: self.org_unit?.identity.id,
            attribute_option_combo: self.attribute_option_combo.map_or(context.model.default_option_combo, |combo| combo.identity.id),
        };
        completeness::register(context, store, key, true, context.midnight(day));
        Some(day.to_string())
    }
}

/// By its identifier, or by the category options of the data set's combo. The error is what was not found.
fn attribute_combo<'a>(
    context: &Context<'a>,
    group: &Group,
    set: Option<&DataSet>,
    options: &ImportOptions,
) -> Result<Option<&'a OptionCombo>, String> {
    // The scheme of attribute option combos is not consulted before 2.43.
    let scheme = options.schemes.of(Kind::CategoryOptionCombo);
    match &group.attribute_option_combo {
        Some(Combo::Id(id)) => context.model.option_combos.find(&scheme, id).map(Some).ok_or_else(|| id.clone()),
        Some(Combo::Uid(id)) => Ok(Uid::parse(id).and_then(|id| context.model.option_combos.get(id))),
        Some(Combo::Options(_)) | None if group.attribute_category_options.is_empty() => Ok(None),
        _ => {
            let found = set.and_then(|set| {
                let wanted: Option<BTreeSet<Uid>> = group.attribute_category_options.iter().map(|id| Uid::parse(id)).collect();
                context.model.option_combo(set.combo, &wanted?)
            });
            found.map(Some).ok_or_else(|| group.attribute_category_options.join(";"))
        }
    }
}
