//! A country that does not exist, with what its health service counts: 4 levels, 15 districts, some 120 facilities, a weekly and a monthly data set.
//!
//! It is always the same for the same seed. Codes and the identifiers of what the constants name are the same for every seed.

mod numbers;
mod places;

use serde_json::{Value, json};

use super::model::default;
use super::uid::{Maker, Uid};

/// The root, `Tandara`, of code `TD`.
pub const ROOT: &str = "TandaraLand";
/// The weekly data set, of code `WEEKLY`: diseases by age and sex. The week that has not ended is open.
pub const WEEKLY: &str = "WeeklyDise1";
/// The monthly data set, of code `MONTHLY`: services of facilities. A month is open when it has ended, and locked 60 days later.
pub const MONTHLY: &str = "MonthlyServ";
/// The data set by partner, of code `PARTNER`: quarterly, with an attribute category.
pub const PARTNER: &str = "QuarterPart";
/// The combo of age and sex.
pub const AGE_SEX: &str = "ComboAgeSex";
/// The combo of age.
pub const AGE: &str = "ComboAge001";
/// The combo of partners: the attribute category.
pub const PARTNERS: &str = "ComboPartne";
/// The unique attribute of units: their number in the facility register.
pub const REGISTER: &str = "RegisterNum";

/// The metadata of the country, in the form of `/api/metadata`.
pub fn document(seed: u64) -> Value {
    let mut maker = Maker::new(seed ^ 0x7461_6e64);
    let places = places::make(&mut maker);
    let mut document = json!({
        "attributes": [{
            "id": REGISTER, "name": "Register number", "code": "REGISTER_NO", "valueType": "TEXT", "unique": true, "mandatory": false,
            "organisationUnitAttribute": true,
        }],
        "organisationUnits": places.units,
        "organisationUnitLevels": places.levels,
        "organisationUnitGroups": places.groups,
        "organisationUnitGroupSets": places.group_sets,
    });
    let numbers = numbers::make(&mut maker, &places);
    if let (Value::Object(document), Value::Object(numbers)) = (&mut document, numbers) {
        document.extend(numbers);
    }
    document
}

fn reference(uid: impl AsRef<str>) -> Value {
    json!({"id": uid.as_ref()})
}

fn references<'u>(uids: impl IntoIterator<Item = &'u Uid>) -> Value {
    uids.into_iter().map(|uid| reference(uid.as_str())).collect()
}

fn default_combo() -> Value {
    reference(default::COMBO)
}
