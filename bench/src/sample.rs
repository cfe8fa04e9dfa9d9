//! Invented Go.Data cases in the form in which its API answers: the same number gives the same case.

use serde_json::{Value, json};

const GIVEN: [&str; 8] = ["Adama", "Baraka", "Chidi", "Dalila", "Esi", "Farai", "Ginikã", "Hawa"];
const FAMILY: [&str; 7] = ["Example", "Sample", "Probe", "Muster", "Exemple", "Mfano", "Amostra"];
const TOWNS: [&str; 5] = ["North Quay", "Old Market", "Upper Bridge", "River End", "Côté Lac"];
const CLASSIFICATIONS: [&str; 4] = ["CONFIRMED", "PROBABLE", "SUSPECT", "NOT_A_CASE_DISCARDED"];

/// The paths that a flow from Go.Data into a tracker reads: 20 of the record's fields, in all forms of the path grammar.
pub const PATHS: [&str; 20] = [
    "id",
    "visualId",
    "firstName",
    "lastName",
    "gender",
    "dob",
    "age.years",
    "age.months",
    "classification",
    "outcomeId",
    "dateOfOnset",
    "dateOfReporting",
    "dateOfOutcome",
    "updatedAt",
    "documents[type=LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_NATIONAL_ID].number",
    "addresses[typeId=LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE].locationId",
    "addresses[typeId=LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE].city",
    "questionnaireAnswers.fever[0].value",
    "questionnaireAnswers.symptoms[].value",
    "pregnancyStatus",
];

/// A case, about 2.3 KB as text.
pub fn case(number: u64) -> Value {
    let pick = |list: &[&'static str], salt: u64| {
        list[((number.wrapping_mul(2_654_435_761) >> 7).wrapping_add(salt * number) % list.len() as u64) as usize]
    };
    let uuid = |salt: u64| {
        let mixed = (number + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17).wrapping_add(salt.wrapping_mul(0xff51_afd7_ed55_8ccd));
        let (high, low) = (mixed >> 32, mixed & 0xffff_ffff);
        format!(
            "{high:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            low >> 16,
            low & 0xfff,
            high & 0xfff,
            (u128::from(mixed) * 31) & 0xffff_ffff_ffff
        )
    };
    let day = |offset: u64| format!("2026-{:02}-{:02}T00:00:00.000Z", (number + offset) / 28 % 12 + 1, (number + offset) % 28 + 1);
    let stamp = |offset: u64| {
        format!(
            "2026-{:02}-{:02}T{:02}:{:02}:07.{:03}Z",
            (number + offset) / 28 % 12 + 1,
            (number + offset) % 28 + 1,
            number % 24,
            number % 60,
            number % 1000
        )
    };
    let classification = format!("LNG_REFERENCE_DATA_CATEGORY_CASE_CLASSIFICATION_{}", pick(&CLASSIFICATIONS, 3));
    let location = uuid(1);
    json!({
        "id": uuid(2),
        "outbreakId": uuid(3),
        "visualId": format!("CA-{number:010}"),
        "firstName": pick(&GIVEN, 1),
        "middleName": null,
        "lastName": pick(&FAMILY, 2),
        "gender": if number.is_multiple_of(2) { "LNG_REFERENCE_DATA_CATEGORY_GENDER_FEMALE" } else { "LNG_REFERENCE_DATA_CATEGORY_GENDER_MALE" },
        "dob": null,
        "age": {"years": number % 90, "months": 0},
        "occupation": "LNG_REFERENCE_DATA_CATEGORY_OCCUPATION_FARMER",
        "documents": [{"type": "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_NATIONAL_ID", "number": format!("N{number:07}")}],
        "addresses": [{
            "typeId": "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE",
            "country": null,
            "city": pick(&TOWNS, 4),
            "addressLine1": "House \"4\", path to the well",
            "postalCode": null,
            "locationId": location,
            "geoLocation": {"lat": 8.48 + (number % 100) as f64 / 1000.0, "lng": -13.2},
            "geoLocationAccurate": false,
            "date": null,
            "phoneNumber": "000000",
        }],
        "classification": classification,
        "classificationHistory": [{"classification": classification, "startDate": day(2)}],
        "dateOfOnset": day(0),
        "isDateOfOnsetApproximate": false,
        "dateOfReporting": day(3),
        "isDateOfReportingApproximate": false,
        "dateOfOutcome": null,
        "outcomeId": "LNG_REFERENCE_DATA_CATEGORY_OUTCOME_ALIVE",
        "riskLevel": null,
        "safeBurial": false,
        "transferRefused": false,
        "pregnancyStatus": null,
        "vaccinesReceived": [],
        "dateRanges": [],
        "wasContact": false,
        "followUp": {"originalStartDate": day(1), "startDate": day(1), "endDate": day(21), "status": "LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE_UNDER_FOLLOW_UP"},
        "questionnaireAnswers": {
            "fever": [{"value": "YES"}],
            "symptoms": [{"value": ["COUGH", "HEADACHE", "FATIGUE"]}],
            "temperature": [{"date": day(3), "value": 38.4}],
        },
        "hasRelationships": false,
        "relationshipsRepresentation": [],
        "numberOfContacts": 0,
        "numberOfExposures": 0,
        "usualPlaceOfResidenceLocationId": location,
        "responsibleUserId": uuid(4),
        "createdAt": stamp(4),
        "createdBy": uuid(5),
        "updatedAt": stamp(5),
        "updatedBy": uuid(5),
        "deleted": false,
        "createdOn": "API",
    })
}

/// An array of cases as text.
pub fn cases(count: u64) -> String {
    Value::from((0..count).map(case).collect::<Vec<_>>()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_has_the_size_that_the_budget_states() {
        for number in 0..200 {
            let length = case(number).to_string().len();
            assert!((2_200..=2_400).contains(&length), "case {number} has {length} bytes");
        }
    }

    #[test]
    fn most_paths_select_something() {
        let record = case(7);
        let found = PATHS.iter().filter(|path| kivuko_core::path::SourcePath::parse(path).expect(path).one(&record).is_some()).count();
        assert_eq!(found, PATHS.len() - 3, "dob, dateOfOutcome and pregnancyStatus are empty");
    }
}
