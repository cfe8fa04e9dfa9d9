//! The checks of one value up to 2.42, in the server's order; the first that fails is the conflict.

use super::super::super::model::{DataElement, DataSet, OptionCombo, OrgUnit, Scheme};
use super::super::super::uid::Uid;
use super::super::context::Context;
use super::super::id_scheme::Kind;
use super::super::locks;
use super::super::options::{ImportOptions, Strategy, Strict};
use super::super::payload::{Combo, Sent};
use super::super::period::{Period, PeriodType};
use super::super::store::{Key, Store};
use super::super::summary::Conflict;
use super::super::value::{fault, normalised};
use super::conflicts::conflict;
use super::head::Head;

/// What the checks of one import look at.
#[derive(Debug)]
pub struct Checks<'a> {
    pub context: &'a Context<'a>,
    pub options: &'a ImportOptions,
    pub head: &'a Head<'a>,
    pub strict: Strict,
}

/// A value that passed.
#[derive(Debug)]
pub struct Accepted<'a> {
    pub element: &'a DataElement,
    pub key: Key,
    /// As it will be stored; empty when there is none.
    pub value: String,
    pub comment: Option<String>,
    pub followup: bool,
    pub deleted: bool,
    pub stored_by: Option<String>,
}

/// What a value names, all found.
struct Found<'a> {
    element: &'a DataElement,
    period: Period,
    unit: &'a OrgUnit,
    combo: Option<&'a OptionCombo>,
    attribute_combo: Option<&'a OptionCombo>,
}

impl<'a> Checks<'a> {
    /// All checks of one value.
    pub fn check(&self, store: &Store, sent: &Sent) -> Result<Accepted<'a>, Conflict> {
        let found = self.find(sent)?;
        let element = found.element;
        if !self.context.captures(found.unit) {
            let (unit, user) = (found.unit.identity.id, self.context.caller.username.as_str());
            let message = format!("Organisation unit: `{unit}` not in hierarchy of current user: `{user}`");
            return Err(conflict("E7617", Some("orgUnit"), &[("organisationUnit", unit.as_str()), ("user", user)], message));
        }
        let value = self.value(sent, element)?;
        self.required_combos(&found)?;
        let combo = found.combo.unwrap_or_else(|| self.context.default_combo());
        let attribute_combo = found.attribute_combo.unwrap_or_else(|| self.context.default_combo());
        self.constraints(&found, combo, attribute_combo)?;
        if let Some(user) = sent.stored_by.as_deref().filter(|user| user.chars().count() > 255) {
            let message = format!("Invalid storedBy: value length {}", user.chars().count());
            return Err(conflict("E7637", Some("storedBy"), &[("dataElement", element.identity.id.as_str())], message));
        }
        self.attribute_dates(&found, attribute_combo)?;
        if !(self.options.force && self.context.caller.is_superuser()) {
            self.open(store, &found, attribute_combo)?;
        }
        let key = Key {
            data_element: element.identity.id,
            period: found.period,
            org_unit: found.unit.identity.id,
            category_option_combo: combo.identity.id,
            attribute_option_combo: attribute_combo.identity.id,
        };
        let is_file = matches!(element.value_type.as_str(), "FILE_RESOURCE" | "IMAGE");
        if self.options.strategy == Strategy::Delete && is_file && store.get(&key).is_none_or(|stored| stored.deleted) {
            let id = element.identity.id;
            let message = format!("No data value for file resource exist for the given combination for data element: `{id}`");
            return Err(conflict("E7645", Some("dataElement"), &[("dataElement", id.as_str())], message));
        }
        Ok(Accepted {
            element,
            key,
            value,
            comment: sent.comment.clone(),
            followup: sent.followup.unwrap_or(false),
            deleted: sent.deleted,
            stored_by: sent.stored_by.clone(),
        })
    }

    /// Checks 1 to 7: everything that is named is there and may be used.
    fn find(&self, sent: &Sent) -> Result<Found<'a>, Conflict> {
        let model = self.context.model;
        let schemes = &self.options.schemes;
        let element = sent.data_element.as_deref().and_then(|id| model.data_elements.find(&schemes.of(Kind::DataElement), id));
        let element = element.ok_or_else(|| {
            let id = sent.data_element.as_deref();
            let message = format!("Data element not found or not accessible: `{}`", id.unwrap_or("null"));
            conflict("E7610", Some("dataElement"), &[("dataElement", id.unwrap_or_default())], message)
        })?;
        let own_period = || sent.period.as_deref().and_then(|id| Period::parse(id, self.context.release()));
        let period = self.head.period.or_else(own_period).ok_or_else(|| {
            let id = self.head.period_text.or(sent.period.as_deref());
            let message = format!("Period not valid: `{}`", id.unwrap_or("null"));
            conflict("E7611", Some("period"), &[("period", id.unwrap_or_default())], message)
        })?;
        let own_unit = || sent.org_unit.as_deref().and_then(|id| model.org_units.find(&schemes.of(Kind::OrgUnit), id));
        let unit = self.head.org_unit.or_else(own_unit).ok_or_else(|| {
            let id = sent.org_unit.as_deref();
            let message = format!("Organisation unit not found or not accessible: `{}`", id.unwrap_or("null"));
            conflict("E7612", Some("orgUnit"), &[("organisationUnit", id.unwrap_or_default())], message)
        })?;
        let scheme = schemes.of(Kind::CategoryOptionCombo);
        let combo = self.combo(sent.category_option_combo.as_ref(), &scheme, "categoryOptionCombo", ["E7613", "E7614"])?;
        let attribute_combo = match self.head.attribute_option_combo {
            Some(combo) => Some(self.writable(combo, "attributeOptionCombo", "E7616")?),
            None => self.combo(sent.attribute_option_combo.as_ref(), &scheme, "attributeOptionCombo", ["E7615", "E7616"])?,
        };
        Ok(Found { element, period, unit, combo, attribute_combo })
    }

    fn combo(
        &self,
        sent: Option<&Combo>,
        scheme: &Scheme,
        property: &'static str,
        [unknown, unwritable]: [&str; 2],
    ) -> Result<Option<&'a OptionCombo>, Conflict> {
        let combos = &self.context.model.option_combos;
        let (found, id) = match sent {
            None => return Ok(None),
            Some(Combo::Id(id)) => (combos.find(scheme, id), id.clone()),
            Some(Combo::Uid(id)) => (Uid::parse(id).and_then(|uid| combos.get(uid)), id.clone()),
            Some(Combo::Options(pairs)) => (None, pairs.iter().map(|(_, option)| option.as_str()).collect::<Vec<_>>().join(";")),
        };
        let found = found.ok_or_else(|| {
            let what = if property == "categoryOptionCombo" { "Category" } else { "Attribute" };
            let message = format!("{what} option combo not found or not accessible for writing data: `{id}`");
            conflict(unknown, Some(property), &[("categoryOptionCombo", id.as_str())], message)
        })?;
        self.writable(found, property, unwritable).map(Some)
    }

    fn writable(&self, combo: &'a OptionCombo, property: &'static str, code: &str) -> Result<&'a OptionCombo, Conflict> {
        let Some(option) = self.context.unwritable_option(combo) else {
            return Ok(combo);
        };
        let what = if property == "categoryOptionCombo" { "Category" } else { "Attribute" };
        let message = format!("{what} option combo not accessible: `{}`", combo.identity.id);
        let objects = [("categoryOptionCombo", combo.identity.id.as_str()), ("categoryOption", option.as_str())];
        Err(conflict(code, Some(property), &objects, message))
    }

    /// Checks 9 to 12: value and comment.
    fn value(&self, sent: &Sent, element: &DataElement) -> Result<String, Conflict> {
        let id = element.identity.id;
        let objects = [("dataElement", id.as_str())];
        let deletes = sent.deleted || self.options.strategy == Strategy::Delete;
        if sent.value.is_none() && sent.comment.is_none() && !deletes {
            let message = format!("Data value or comment not specified for data element: `{id}`");
            return Err(conflict("E7618", Some("value"), &objects, message));
        }
        let value = sent.value.as_deref().map(|value| normalised(value, &element.value_type, self.context.release())).unwrap_or_default();
        if let Some(key) = Some(&value).filter(|value| !value.is_empty()).and_then(|value| fault(value, &element.value_type)) {
            let message = format!("Value must match data element's `{id}` type constraints: {key}");
            return Err(conflict("E7619", Some("value"), &objects, message));
        }
        if sent.comment.as_deref().is_some_and(|comment| comment.chars().count() > self.context.profile.comment_limit) {
            return Err(conflict("E7620", Some("comment"), &objects, "Invalid comment: comment_length_greater_than_max_length".to_owned()));
        }
        if !value.is_empty() && !self.context.is_option(element, &value) {
            let message = format!("Data value is not a valid option of the data element option set: `{id}`");
            return Err(conflict("E7621", Some("value"), &objects, message));
        }
        Ok(value)
    }

    /// Check 13: combos that must be said.
    fn required_combos(&self, found: &Found<'_>) -> Result<(), Conflict> {
        if self.strict.require_category_option_combo && found.combo.is_none() {
            let message = "Category option combo is required but is not specified".to_owned();
            return Err(conflict("E7630", Some("categoryOptionCombo"), &[], message));
        }
        if self.strict.require_attribute_option_combo && found.attribute_combo.is_none() {
            let message = "Attribute option combo is required but is not specified".to_owned();
            return Err(conflict("E7631", Some("attributeOptionCombo"), &[], message));
        }
        Ok(())
    }

    /// Checks 14 to 18: what strict imports ask besides.
    fn constraints(&self, found: &Found<'_>, combo: &OptionCombo, attribute_combo: &OptionCombo) -> Result<(), Conflict> {
        let (strict, model) = (&self.strict, self.context.model);
        let (element, unit) = (found.element.identity.id, found.unit.identity.id);
        let sets: Vec<&DataSet> = model.sets_of(found.element).collect();
        let release = self.context.release();
        if strict.periods && !sets.iter().any(|set| PeriodType::by_name(&set.period_type, release) == Some(found.period.kind)) {
            let period = found.period.id();
            let message = format!("Period type of period: `{period}` not valid for data element: `{element}`");
            return Err(conflict("E7632", None, &[("period", &period), ("dataElement", element.as_str())], message));
        }
        if strict.data_elements
            && let Some(set) = self.head.data_set
            && !set.elements.iter().any(|one| one.element == element)
        {
            let set = set.identity.id;
            let message = format!("Data element: `{element}` is not part of dataset: `{set}`");
            return Err(conflict("E7633", Some("dataElement"), &[("dataElement", element.as_str()), ("dataSet", set.as_str())], message));
        }
        let combos = || sets.iter().map(|set| model.combo_in(set, found.element)).chain([found.element.combo]);
        if strict.category_option_combos && !combos().any(|known| known == combo.combo) {
            let id = combo.identity.id;
            let message = format!("Category option combo: `{id}` must be part of category combo of data element: `{element}`");
            let objects = [("categoryOptionCombo", id.as_str()), ("dataElement", element.as_str())];
            return Err(conflict("E7634", Some("categoryOptionCombo"), &objects, message));
        }
        if strict.attribute_option_combos && !sets.iter().any(|set| set.combo == attribute_combo.combo) {
            let id = attribute_combo.identity.id;
            let message =
                format!("Attribute option combo: `{id}` must be part of category combo of data sets of data element: `{element}`");
            let objects = [("categoryOptionCombo", id.as_str()), ("dataElement", element.as_str())];
            return Err(conflict("E7635", Some("attributeOptionCombo"), &objects, message));
        }
        if strict.organisation_units && !sets.iter().any(|set| set.org_units.contains(&unit)) {
            let message = format!("Data element: `{element}` must be assigned through data sets to organisation unit: `{unit}`");
            let objects = [("organisationUnit", unit.as_str()), ("dataElement", element.as_str())];
            return Err(conflict("E7636", Some("orgUnit"), &objects, message));
        }
        Ok(())
    }

    /// Checks 20 and 21: when and where an attribute option combo may be used.
    fn attribute_dates(&self, found: &Found<'_>, combo: &OptionCombo) -> Result<(), Conflict> {
        let id = combo.identity.id;
        if !locks::within_dates(self.context, combo, self.head.data_set, found.period) {
            let period = found.period.id();
            let message = format!("Period: `{period}` is not within date range of attribute option combo: `{id}`");
            return Err(conflict("E7638", Some("period"), &[("period", &period), ("categoryOptionCombo", id.as_str())], message));
        }
        if !locks::within_units(self.context, combo, found.unit) {
            let unit = found.unit.identity.id;
            let message = format!("Organisation unit: `{unit}` is not valid for attribute option combo: `{id}`");
            let objects = [("organisationUnit", unit.as_str()), ("categoryOptionCombo", id.as_str())];
            return Err(conflict("E7639", Some("orgUnit"), &objects, message));
        }
        Ok(())
    }

    /// Checks 22 to 26: expiry, the future, approval, windows for input.
    fn open(&self, store: &Store, found: &Found<'_>, combo: &OptionCombo) -> Result<(), Conflict> {
        let (period, unit) = (found.period, found.unit.identity.id);
        let text = period.id();
        let sets: Vec<&DataSet> = match self.head.data_set {
            Some(set) => vec![set],
            None => self.context.model.sets_of(found.element).collect(),
        };
        // Of several data sets one that is open is enough, unless the import is strict about it.
        let shut = |strict: bool, open: &dyn Fn(&DataSet) -> bool| {
            let bad = sets.iter().find(|set| !open(set)).copied();
            if strict || sets.iter().all(|set| !open(set)) { bad } else { None }
        };
        let set = shut(self.strict.data_set_locking, &|set| !locks::expired(self.context, store, set, period, unit));
        if let Some(set) = set {
            let set = set.identity.id;
            let message = format!("Current date is past expiry days for period: `{text}` and data set: `{set}`");
            return Err(conflict("E7640", Some("period"), &[("period", &text), ("dataSet", set.as_str())], message));
        }
        if let Some(latest) = locks::too_early(self.context, &sets, period) {
            let element = found.element.identity.id;
            let message = format!("Period: `{text}` is after latest open future period: `{}` for data element: `{element}`", latest.id());
            return Err(conflict("E7641", Some("period"), &[("period", &text), ("dataElement", element.as_str())], message));
        }
        let set = shut(self.strict.data_set_approval, &|set| !locks::approved(store, set, period, found.unit, combo.identity.id));
        if let Some(set) = set {
            let (set, aoc) = (set.identity.id, combo.identity.id);
            let message = format!(
                "Data already approved for data set: `{set}` period: `{text}` organisation unit: `{unit}` attribute option combo: `{aoc}`"
            );
            let objects =
                [("organisationUnit", unit.as_str()), ("period", &text), ("categoryOptionCombo", aoc.as_str()), ("dataSet", set.as_str())];
            return Err(conflict("E7642", None, &objects, message));
        }
        let Some(set) = shut(self.strict.data_set_input_periods, &|set| locks::input_open(self.context, set, period)) else {
            return Ok(());
        };
        if self.head.data_set.is_some() {
            let set = set.identity.id;
            let message = format!("Period: `{text}` is not open for this data set at this time: `{set}`");
            return Err(conflict("E7643", Some("period"), &[("period", &text), ("dataSet", set.as_str())], message));
        }
        let message = format!("Period: `{text}` does not conform to the open periods of associated data sets");
        Err(conflict("E7644", Some("period"), &[("period", &text)], message))
    }
}
