//! Values as a document of ADX. Every name in it is of a scheme that the request says: what is meant when none is said changed between releases.
//!
//! Option combinations are named by their ids, unless the flow names a scheme for categories: then their options are written out, but for combinations that
//! the reader of the release would take apart wrongly.

use std::collections::BTreeMap;

use kivuko_core::catalogue::{dhis2, network};
use kivuko_core::error::{Cause, Error};
use kivuko_core::numbers::{Combo, Named};
use kivuko_core::period::Period;

use super::super::frame::DataSet;
use super::super::scheme::Scheme;
use super::super::version::Profile;
use super::write::Item;
use crate::adx::{DataValue, Group, MEDIA_TYPE, Writer, misfits};

/// How a data set is written as ADX.
#[derive(Debug, Clone, Copy)]
pub struct Adx<'a> {
    pub set: &'a DataSet,
    pub profile: Profile,
    pub categories: Option<&'a Scheme>,
}

/// What stands for a text where a deletion needs one.
const DELETED: &str = "-";

impl Adx<'_> {
    /// The parameters that say what the names are.
    pub fn parameters(&self) -> Vec<(&'static str, String)> {
        let mut all: Vec<(&'static str, String)> = [
            "idScheme",
            "dataElementIdScheme",
            "orgUnitIdScheme",
            "dataSetIdScheme",
            "categoryOptionComboIdScheme",
            "attributeOptionComboIdScheme",
        ]
        .into_iter()
        .map(|name| (name, "UID".to_owned()))
        .collect();
        let scheme = self.categories.cloned().unwrap_or(Scheme::Uid);
        all.extend([("categoryIdScheme", scheme.to_string()), ("categoryOptionIdScheme", scheme.to_string())]);
        all
    }

    /// Why a value cannot stand in a document.
    pub fn misfit(&self, item: &Item, deletes: bool) -> Option<Cause> {
        if !deletes && item.held.value.is_none() {
            return Some(Cause::new(dhis2::NOT_IN_ADX, "ADX has no place for a comment without a value").field("comment"));
        }
        let period_type = self.set.frame.period_type;
        if !period_type.read_from_adx_in(self.profile.release) {
            let message = format!("DHIS2 2.{} does not read periods of type {period_type} from ADX", self.profile.release);
            return Some(Cause::new(dhis2::NOT_IN_ADX, message).field("period"));
        }
        match self.value(item, deletes) {
            Err(cause) => Some(cause),
            Ok((group, value)) => misfits(&group, &value).into_iter().next().map(|cause| Cause { code: dhis2::NOT_IN_ADX, ..cause }),
        }
    }

    /// A document of values, each of which fits.
    ///
    /// # Errors
    /// One does not fit: it should not have come here.
    pub fn document(&self, items: &[&Item], deletes: bool) -> Result<(&'static str, Vec<u8>), Error> {
        let bug =
            |what: &dyn std::fmt::Display| Error::bug(network::UNEXPECTED_ANSWER, format!("a document of ADX cannot be written: {what}"));
        let mut writer = Writer::begin(Vec::new(), None).map_err(|error| bug(&error))?;
        for item in items {
            let (group, value) = self.value(item, deletes).map_err(|cause| bug(&cause))?;
            writer.value(&group, &value).map_err(|error| bug(&error))?;
        }
        Ok((MEDIA_TYPE, writer.end().map_err(|error| bug(&error))?))
    }

    fn value(&self, item: &Item, deletes: bool) -> Result<(Group, DataValue), Cause> {
        let cell = &item.cell;
        let period = Period::parse(&cell.period).map_err(|error| error.cause())?;
        let element = self.set.element(&cell.element);
        let mut group = Group::new(cell.unit.clone(), period);
        group.data_set = Some(self.set.frame.data_set.id.clone());
        match self.written_out(self.set.attribute_combo(), &cell.attribute_option_combo)? {
            Some(options) => group.attributes = options,
            None => group.attribute_option_combo = Some(cell.attribute_option_combo.clone()),
        }
        let is_number = element.is_some_and(kivuko_core::numbers::Element::is_numeric);
        let text = item.held.value.clone().unwrap_or_else(|| if is_number { "0".to_owned() } else { DELETED.to_owned() });
        let mut value = if is_number { DataValue::number(cell.element.clone(), text) } else { DataValue::text(cell.element.clone(), text) };
        // Older readers look at the element's own categories only, whatever the data set says.
        let readable = self.profile.adx_overrides || !self.set.overridden.contains(&cell.element);
        let combo = element.and_then(|element| self.set.combo_of(element)).filter(|_| readable);
        match self.written_out(combo, &cell.option_combo)? {
            Some(options) => value.categories = options,
            None => value.category_option_combo = Some(cell.option_combo.clone()),
        }
        if !deletes {
            value.comment.clone_from(&item.held.comment);
            value.followup = item.held.followup.then(|| "true".to_owned());
        }
        Ok((group, value))
    }

    /// Category and option, for each category of a combination; `None` where its id says it better.
    fn written_out(&self, combo: Option<&Combo>, option_combo: &str) -> Result<Option<BTreeMap<String, String>>, Cause> {
        let (Some(scheme), Some(combo)) = (self.categories, combo.filter(|combo| !combo.is_default())) else { return Ok(None) };
        let Some(found) = combo.option_combos.iter().find(|one| one.named.id == option_combo) else { return Ok(None) };
        let mut options = BTreeMap::new();
        for category in &combo.categories {
            let Some(option) = category.options.iter().find(|option| found.options.contains(&option.id)) else { return Ok(None) };
            options.insert(called(&category.named, scheme, "category")?, called(option, scheme, "category option")?);
        }
        Ok(Some(options))
    }
}

fn called(named: &Named, scheme: &Scheme, what: &str) -> Result<String, Cause> {
    match scheme {
        Scheme::Code => named.code.clone().ok_or_else(|| {
            Cause::new(dhis2::NOT_IN_ADX, format!("the {what} `{}` has no code; give it one, or set `category_id_scheme: uid`", named.name))
        }),
        Scheme::Name => Ok(named.name.clone()),
        Scheme::Uid | Scheme::Attribute(_) => Ok(named.id.clone()),
    }
}
