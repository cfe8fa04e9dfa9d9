//! The rules of the addresses of a person.

use serde_json::{Map, Value};

use super::error::{Error, Result};

const CURRENT_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE";
const PREVIOUS_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_PREVIOUS_USUAL_PLACE_OF_RESIDENCE";

/// Refuses addresses of which not exactly one is the current one, and a previous one without a date.
pub fn check_addresses(record: &Map<String, Value>) -> Result<()> {
    let Some(Value::Array(addresses)) = record.get("addresses") else {
        return Ok(());
    };
    if addresses.is_empty() {
        return Ok(());
    }
    let of_type =
        |wanted: &'static str| addresses.iter().filter(move |address| address.get("typeId").and_then(Value::as_str) == Some(wanted));
    match of_type(CURRENT_ADDRESS).count() {
        0 => {
            return Err(Error::coded(
                422,
                "ADDRESS_MUST_HAVE_USUAL_PLACE_OF_RESIDENCE",
                "One of the addresses must be set as Current address",
            ));
        }
        1 => {}
        _ => {
            return Err(Error::coded(
                422,
                "ADDRESS_MULTIPLE_USUAL_PLACE_OF_RESIDENCE",
                "Multiple addresses set as Current address. Only one address should be set as Current address",
            ));
        }
    }
    if of_type(PREVIOUS_ADDRESS).any(|address| address.get("date").is_none_or(Value::is_null)) {
        return Err(Error::coded(
            422,
            "ADDRESS_PREVIOUS_PLACE_OF_RESIDENCE_MUST_HAVE_DATE",
            "Addresses set as Previous Current address must have a date set",
        ));
    }
    Ok(())
}

/// Sets `usualPlaceOfResidenceLocationId` from the current address, of an event from its only one.
pub fn derive_residence(record: &mut Map<String, Value>) {
    let place = if let Some(Value::Array(addresses)) = record.get("addresses") {
        let current = addresses.iter().find(|address| address.get("typeId").and_then(Value::as_str) == Some(CURRENT_ADDRESS));
        current.and_then(|address| address.get("locationId"))
    } else if let Some(address @ Value::Object(_)) = record.get("address") {
        address.get("locationId")
    } else {
        return;
    };
    let place = place.cloned().unwrap_or(Value::Null);
    record.insert("usualPlaceOfResidenceLocationId".to_owned(), place);
}
