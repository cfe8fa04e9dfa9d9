//! What people have in common: cases, contacts, contacts of contacts, and events with some of it.

use super::super::schema::{Field, Imports, Kind, Resource, code, field, kept, required};

pub(super) const ADDRESS: &[Field] = &[
    field("typeId", code!("ADDRESS_TYPE")),
    field("country", Kind::Text),
    field("city", Kind::Text),
    field("addressLine1", Kind::Text),
    field("postalCode", Kind::Text),
    field("locationId", Kind::Place),
    field("geoLocation", Kind::Point),
    field("geoLocationAccurate", Kind::Boolean),
    field("date", Kind::Date),
    field("phoneNumber", Kind::Text),
    field("emailAddress", Kind::Text),
];

pub(super) const AGE: &[Field] = &[field("years", Kind::Number), field("months", Kind::Number)];

pub(super) const DOCUMENT: &[Field] = &[field("type", code!("DOCUMENT_TYPE")), field("number", Kind::Text)];

pub(super) const VACCINE: &[Field] =
    &[field("vaccine", code!("VACCINE")), field("date", Kind::Date), field("status", code!("VACCINE_STATUS"))];

pub(super) const DATE_RANGE: &[Field] = &[
    field("typeId", code!("PERSON_DATE_TYPE")),
    field("startDate", Kind::Date),
    field("endDate", Kind::Date),
    // Free text would become a new item of reference data, without a word.
    field("centerName", code!("CENTRE_NAME")),
    field("locationId", Kind::Place),
    field("comments", Kind::Text),
];

pub(super) const FOLLOW_UP: &[Field] = &[
    // With a status in it only the status counts, without one the object is replaced: so the status is all that can be written.
    required("status", Kind::Code("LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE")),
    kept("originalStartDate", Kind::Date),
    kept("startDate", Kind::Date),
    kept("endDate", Kind::Date),
    kept("generateFollowUpsDateOfLastContact", Kind::Boolean),
    kept("generateFollowUpsDateOfOnset", Kind::Boolean),
];

/// Who someone is.
pub(super) const PERSON: &[Field] = &[
    field("visualId", Kind::Text),
    field("firstName", Kind::Text),
    field("middleName", Kind::Text),
    field("lastName", Kind::Text),
    field("gender", code!("GENDER")),
    field("dob", Kind::Date),
    field("age", Kind::Object(AGE)),
    field("occupation", code!("OCCUPATION")),
    field("documents", Kind::List(DOCUMENT)),
    field("addresses", Kind::List(ADDRESS)),
    field("dateOfReporting", Kind::Date),
    field("isDateOfReportingApproximate", Kind::Boolean),
    field("riskLevel", code!("RISK_LEVEL")),
    field("riskReason", Kind::Text),
    field("outcomeId", code!("OUTCOME")),
    field("dateOfOutcome", Kind::Date),
    field("dateOfBurial", Kind::Date),
    field("safeBurial", Kind::Boolean),
    field("deathLocationId", Kind::Place),
    field("vaccinesReceived", Kind::List(VACCINE)),
    field("pregnancyStatus", code!("PREGNANCY_STATUS")),
    field("responsibleUserId", Kind::Text),
];

/// What the server keeps of every person and event.
pub(super) const MAINTAINED: &[Field] = &[
    kept("type", Kind::Text),
    kept("outbreakId", Kind::Text),
    kept("relationshipsRepresentation", Kind::Any),
    kept("hasRelationships", Kind::Boolean),
    kept("numberOfContacts", Kind::Number),
    kept("numberOfExposures", Kind::Number),
    kept("usualPlaceOfResidenceLocationId", Kind::Place),
    kept("deletedByParent", Kind::Text),
];

/// What the server keeps of people.
pub(super) const DUPLICATES: &[Field] = &[
    kept("duplicateKeys", Kind::Any),
    kept("notDuplicatesIds", Kind::Texts),
    kept("mergedDuplicatesIds", Kind::Texts),
    kept("matchedDuplicateRelationships", Kind::Any),
];

// There is one current address; a second run must find it though its date or city changed.
pub(super) const BY_ADDRESS_TYPE: (&str, &[&str]) = ("addresses", &["typeId"]);
// Type and number: a person may have two documents of a type, of two systems, and one of them must never overwrite the other. A corrected number is a new
// document beside the old one, which a person removes.
pub(super) const BY_DOCUMENT: (&str, &[&str]) = ("documents", &["type", "number"]);
pub(super) const BY_VACCINE: (&str, &[&str]) = ("vaccinesReceived", &["vaccine", "date"]);
pub(super) const BY_MEMBER_OF_AGE: (&str, &[&str]) = ("age", &[]);
pub(super) const BY_VARIABLE: (&str, &[&str]) = ("questionnaireAnswers", &[]);

pub(super) const NEEDS_EXPOSURE: Imports =
    Imports::Not("a row has to bring the exposure of the person as well, and where that is refused Go.Data deletes the person again");

/// What the resources of people have in common.
pub(super) const PEOPLE: Resource = Resource {
    in_outbreak: true,
    nested_keys: &[("documents", "type", "number")],
    unique: &["visualId"],
    list: super::super::schema::List { by_post: true, ..super::super::schema::List::PLAIN },
    exports: true,
    creates_together: true,
    changes_together: true,
    ..Resource::PLAIN
};
