//! ADX up to 2.42: the document is taken apart before the import. Any fault of its structure stops all of it.

use std::collections::BTreeSet;

use super::super::super::model::{DataSet, OptionCombo};
use super::super::super::uid::Uid;
use super::super::adx::{AdxGroup, AdxValue, is_attribute_name};
use super::super::context::Context;
use super::super::id_scheme::{Kind, Schemes};
use super::super::payload::{Combo, Group, Payload, Sent};
use super::super::value::is_numeric_type;

/// A payload without a head: every value says all of itself, so `completeDate` and the data set are lost. The error is the
/// server's sentence.
pub fn resolve(context: &Context<'_>, groups: &[AdxGroup], schemes: &Schemes) -> Result<Payload, String> {
    let mut payload = Group::default();
    for group in groups {
        let set = match &group.data_set {
            None => None,
            Some(id) => Some(
                context
                    .model
                    .data_sets
                    .find(&schemes.of(Kind::DataSet), id)
                    .ok_or_else(|| format!("No data set matching identifier: {id}"))?,
            ),
        };
        let attribute_combo = attribute_combo(context, group, set, schemes)?;
        for sent in &group.values {
            payload.values.push(value(context, group, sent, attribute_combo.as_ref(), schemes)?);
        }
    }
    Ok(Payload::of(payload))
}

fn attribute_combo(context: &Context<'_>, group: &AdxGroup, set: Option<&DataSet>, schemes: &Schemes) -> Result<Option<Combo>, String> {
    if let Some(id) = &group.attribute_option_combo {
        return Ok(Some(Combo::Id(id.clone())));
    }
    match set {
        Some(set) if set.combo != context.model.default_combo => {
            by_categories(context, set.combo, &group.categories, schemes).map(|found| Some(Combo::Uid(found.identity.id.to_string())))
        }
        _ => Ok(None),
    }
}

fn value(
    context: &Context<'_>,
    group: &AdxGroup,
    sent: &AdxValue,
    attribute_combo: Option<&Combo>,
    schemes: &Schemes,
) -> Result<Sent, String> {
    let id = sent.data_element.as_deref().unwrap_or_default();
    let element = context
        .model
        .data_elements
        .find(&schemes.of(Kind::DataElement), id)
        .ok_or_else(|| format!("No matching dataelement found: {id}"))?;
    let combo = match &sent.category_option_combo {
        Some(id) => Some(Combo::Id(id.clone())),
        // The element's own combo: one given in the data set is not looked at before 2.43.
        None if element.combo != context.model.default_combo => {
            let found = by_categories(context, element.combo, &sent.categories, schemes)?;
            Some(Combo::Uid(found.identity.id.to_string()))
        }
        None => None,
    };
    let text = if is_numeric_type(&element.value_type) {
        sent.value.clone()
    } else {
        Some(sent.annotation.clone().ok_or_else(|| format!("DataElement {id} expects text annotation"))?)
    };
    Ok(Sent {
        data_element: sent.data_element.clone(),
        period: group.period.map(|period| period.id()),
        org_unit: group.org_unit.clone(),
        category_option_combo: combo,
        attribute_option_combo: attribute_combo.cloned(),
        value: text,
        comment: sent.comment.clone(),
        followup: sent.followup,
        deleted: sent.deleted,
        stored_by: sent.stored_by.clone(),
    })
}

/// The option combo that category attributes name. Every category of the combo must be there.
fn by_categories<'a>(
    context: &Context<'a>,
    combo: Uid,
    attributes: &[(String, String)],
    schemes: &Schemes,
) -> Result<&'a OptionCombo, String> {
    let model = context.model;
    let combo = model.category_combos.get(combo).ok_or("the category combo is not there")?;
    let (category_scheme, option_scheme) = (schemes.of(Kind::Category), schemes.of(Kind::CategoryOption));
    let mut options = BTreeSet::new();
    for category in combo.categories.iter().filter_map(|id| model.categories.get(*id)) {
        let name = category.identity.named(&category_scheme).filter(|name| is_attribute_name(name));
        let name = name.ok_or_else(|| format!("Category {} is missing or invalid", category.identity.name))?;
        let Some((_, option)) = attributes.iter().find(|(attribute, _)| attribute == name) else {
            return Err(format!("Category combo {} must have category attribute {name}", combo.identity.name));
        };
        let found = model.category_options.find(&option_scheme, option).filter(|found| category.options.contains(&found.identity.id));
        options.insert(found.ok_or_else(|| format!("No category option {option} in category {name}"))?.identity.id);
    }
    model
        .option_combo(combo.identity.id, &options)
        .ok_or_else(|| format!("Cannot find category option combo of {} for the given options", combo.identity.name))
}
