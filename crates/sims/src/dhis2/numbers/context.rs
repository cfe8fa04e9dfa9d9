//! Who asks, when, and of which server: what every rule about numbers looks at.

use jiff::civil::Date;

use super::super::auth::Account;
use super::super::model::{DataElement, Model, OptionCombo, OrgUnit, Sharing};
use super::super::profile::Profile;
use super::super::time::Zone;
use super::super::uid::Uid;
use super::settings::Settings;

/// What a rule looks at besides the values.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    pub profile: &'static Profile,
    pub model: &'a Model,
    pub caller: &'a Account,
    pub settings: &'a Settings,
    pub zone: &'a Zone,
    /// Milliseconds since 1970.
    pub now: i64,
}

impl<'a> Context<'a> {
    /// The number of the release: 42.
    pub fn release(&self) -> u32 {
        self.profile.number
    }

    /// The day on the server's wall.
    pub fn today(&self) -> Date {
        self.zone.today(self.now)
    }

    /// When a day begins there, in milliseconds since 1970.
    pub fn midnight(&self, day: Date) -> i64 {
        self.zone.read(&day.to_string()).unwrap_or(i64::MAX)
    }

    /// Whether the caller may write data of an object.
    pub fn writes(&self, sharing: &Sharing) -> bool {
        self.caller.is_superuser() || sharing.data_write(self.caller.id.as_str(), &self.caller.groups)
    }

    /// Whether the caller may read data of an object.
    pub fn reads(&self, sharing: &Sharing) -> bool {
        self.caller.is_superuser() || sharing.data_read(self.caller.id.as_str(), &self.caller.groups)
    }

    /// Whether the caller enters data at a unit. Superusers are asked too.
    pub fn captures(&self, unit: &OrgUnit) -> bool {
        self.caller.org_units.iter().any(|ancestor| unit.is_within(*ancestor))
    }

    /// Whether the caller sees data of a unit.
    pub fn views(&self, unit: &OrgUnit) -> bool {
        self.caller.is_superuser() || self.caller.view_units().iter().any(|ancestor| unit.is_within(*ancestor))
    }

    /// The option combo of what is not disaggregated.
    pub fn default_combo(&self) -> &'a OptionCombo {
        self.model.option_combos.get(self.model.default_option_combo).expect("every server has the default objects")
    }

    /// The first option of a combo that the caller may not write data of.
    pub fn unwritable_option(&self, combo: &OptionCombo) -> Option<Uid> {
        let option = |id: &&Uid| self.model.category_options.get(**id).is_some_and(|option| !self.writes(&option.identity.sharing));
        combo.options.iter().find(option).copied()
    }

    /// Whether a value is a code of the options of an element; one without options takes everything.
    pub fn is_option(&self, element: &DataElement, value: &str) -> bool {
        let Some(set) = element.option_set.and_then(|id| self.model.option_sets.get(id)) else {
            return true;
        };
        let known = |code: &str| set.codes.iter().any(|one| one == code);
        if element.value_type == "MULTI_TEXT" { value.split(',').all(|code| known(code.trim())) } else { known(value) }
    }
}
