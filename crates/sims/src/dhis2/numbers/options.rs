//! What a request says about an import.

use serde_json::{Map, Value, json};

use super::super::error::{Error, Result};
use super::id_scheme::Schemes;
use crate::server::Request;

/// What becomes of values that are there already, or not there.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub enum Strategy {
    #[default]
    CreateAndUpdate,
    Create,
    Update,
    Delete,
}

impl Strategy {
    /// By its name, old names too. `SYNC` writes as `CREATE_AND_UPDATE` does.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_uppercase().as_str() {
            "CREATE_AND_UPDATE" | "NEW_AND_UPDATES" | "SYNC" => Some(Self::CreateAndUpdate),
            "CREATE" | "NEW" => Some(Self::Create),
            "UPDATE" | "UPDATES" => Some(Self::Update),
            "DELETE" | "DELETES" => Some(Self::Delete),
            _ => None,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::CreateAndUpdate => "CREATE_AND_UPDATE",
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Checks that a client asks for, or a server has on for all.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Strict {
    pub periods: bool,
    pub data_elements: bool,
    pub category_option_combos: bool,
    pub attribute_option_combos: bool,
    pub organisation_units: bool,
    pub data_set_approval: bool,
    pub data_set_locking: bool,
    pub data_set_input_periods: bool,
    pub require_category_option_combo: bool,
    pub require_attribute_option_combo: bool,
}

impl Strict {
    fn read(flag: impl Fn(&str) -> Result<bool>) -> Result<Self> {
        Ok(Self {
            periods: flag("strictPeriods")?,
            data_elements: flag("strictDataElements")?,
            category_option_combos: flag("strictCategoryOptionCombos")?,
            attribute_option_combos: flag("strictAttributeOptionCombos")?,
            organisation_units: flag("strictOrganisationUnits")?,
            data_set_approval: flag("strictDataSetApproval")?,
            data_set_locking: flag("strictDataSetLocking")?,
            data_set_input_periods: flag("strictDataSetInputPeriods")?,
            require_category_option_combo: flag("requireCategoryOptionCombo")?,
            require_attribute_option_combo: flag("requireAttributeOptionCombo")?,
        })
    }

    /// What is asked for by either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            periods: self.periods || other.periods,
            data_elements: self.data_elements || other.data_elements,
            category_option_combos: self.category_option_combos || other.category_option_combos,
            attribute_option_combos: self.attribute_option_combos || other.attribute_option_combos,
            organisation_units: self.organisation_units || other.organisation_units,
            data_set_approval: self.data_set_approval || other.data_set_approval,
            data_set_locking: self.data_set_locking || other.data_set_locking,
            data_set_input_periods: self.data_set_input_periods || other.data_set_input_periods,
            require_category_option_combo: self.require_category_option_combo || other.require_category_option_combo,
            require_attribute_option_combo: self.require_attribute_option_combo || other.require_attribute_option_combo,
        }
    }
}

/// The options of one import.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct ImportOptions {
    pub schemes: Schemes,
    pub dry_run: bool,
    pub strategy: Strategy,
    pub asynchronous: bool,
    pub force: bool,
    pub skip_existing_check: bool,
    pub skip_audit: bool,
    pub strict: Strict,
    pub data_set: Option<String>,
    pub first_row_is_header: bool,
    /// One bad value fails its group (2.43).
    pub atomic: bool,
}

impl ImportOptions {
    /// Reads the query. Text that is no value of its parameter is refused with 400.
    pub fn read(request: &Request) -> Result<Self> {
        let text = |name: &str| request.argument(name).filter(|text| !text.is_empty());
        let flag = |name: &str| match text(name).map(str::to_ascii_lowercase).as_deref() {
            None | Some("false" | "no" | "off" | "0") => Ok(false),
            Some("true" | "yes" | "on" | "1") => Ok(true),
            Some(_) => Err(Error::bad_request(format!("{name} must be true or false"))),
        };
        let strategy = match text("importStrategy").or_else(|| text("strategy")) {
            None => Strategy::default(),
            Some(name) => Strategy::parse(name).ok_or_else(|| {
                Error::bad_request(format!("Value '{name}' is not valid for parameter importStrategy. Valid values are: CREATE, UPDATE, CREATE_AND_UPDATE, DELETE, SYNC, NEW_AND_UPDATES, NEW, UPDATES, DELETES"))
            })?,
        };
        Ok(Self {
            schemes: Schemes::read(|name| request.argument(name).map(str::to_owned)).map_err(Error::bad_request)?,
            dry_run: flag("dryRun")?,
            strategy,
            asynchronous: flag("async")?,
            force: flag("force")?,
            skip_existing_check: flag("skipExistingCheck")?,
            skip_audit: flag("skipAudit")?,
            strict: Strict::read(flag)?,
            data_set: text("dataSet").map(str::to_owned),
            first_row_is_header: text("firstRowIsHeader").is_none() || flag("firstRowIsHeader")?,
            atomic: flag("atomic")?,
        })
    }

    /// As a summary says them back.
    pub fn json(&self) -> Value {
        let mut options = Map::new();
        options.insert("idSchemes".into(), self.schemes.json());
        options.insert("dryRun".into(), json!(self.dry_run));
        options.insert("async".into(), json!(self.asynchronous));
        options.insert("importStrategy".into(), json!(self.strategy.text()));
        options.insert("reportMode".into(), json!("FULL"));
        options.insert("skipExistingCheck".into(), json!(self.skip_existing_check));
        options.insert("strictPeriods".into(), json!(self.strict.periods));
        options.insert("strictDataElements".into(), json!(self.strict.data_elements));
        options.insert("strictCategoryOptionCombos".into(), json!(self.strict.category_option_combos));
        options.insert("strictAttributeOptionCombos".into(), json!(self.strict.attribute_option_combos));
        options.insert("strictOrganisationUnits".into(), json!(self.strict.organisation_units));
        options.insert("requireCategoryOptionCombo".into(), json!(self.strict.require_category_option_combo));
        options.insert("requireAttributeOptionCombo".into(), json!(self.strict.require_attribute_option_combo));
        options.insert("force".into(), json!(self.force));
        options.insert("firstRowIsHeader".into(), json!(self.first_row_is_header));
        Value::Object(options)
    }
}
