//! The fields of people: what all four kinds have, what those with a name have, and what each has for itself.

use serde_json::{Value, json};

use super::Kind::{self, Answers, Any, Date, Default, Flag, List, Number, Object, Off, Point, Text, Texts};
use super::{Model, Schema, both};

/// An address of a person.
pub const ADDRESS: Schema = &[
    ("typeId", Default("LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE")),
    ("country", Text),
    ("city", Text),
    ("addressLine1", Text),
    ("postalCode", Text),
    ("locationId", Text),
    ("geoLocation", Point),
    ("geoLocationAccurate", Off),
    ("date", Date),
    ("phoneNumber", Text),
    ("emailAddress", Text),
];

const FOLLOW_UP: Schema = &[
    ("originalStartDate", Date),
    ("startDate", Date),
    ("endDate", Date),
    ("status", Text),
    ("generateFollowUpsDateOfLastContact", Flag),
    ("generateFollowUpsDateOfOnset", Flag),
];

/// Of cases, contacts, contacts of contacts and events.
const PERSON: Schema = &[
    ("outbreakId", Text),
    ("visualId", Text),
    ("name", Text),
    ("description", Text),
    ("date", Date),
    ("dateOfReporting", Date),
    ("isDateOfReportingApproximate", Flag),
    ("responsibleUserId", Text),
    ("questionnaireAnswers", Answers),
    ("hasRelationships", Flag),
    ("relationshipsRepresentation", Any),
    ("numberOfContacts", Number),
    ("numberOfExposures", Number),
    ("usualPlaceOfResidenceLocationId", Text),
    ("deletedByParent", Text),
];

/// Of cases, contacts and contacts of contacts.
const HUMAN: Schema = &[
    ("firstName", Text),
    ("middleName", Text),
    ("lastName", Text),
    ("gender", Text),
    ("dob", Date),
    ("age", Object(&[("years", Number), ("months", Number)])),
    ("occupation", Text),
    ("documents", List(&[("type", Text), ("number", Text)])),
    ("addresses", List(ADDRESS)),
    ("riskLevel", Text),
    ("riskReason", Text),
    ("outcomeId", Text),
    ("dateOfOutcome", Date),
    ("dateOfBurial", Date),
    ("safeBurial", Flag),
    ("deathLocationId", Text),
    ("transferRefused", Flag),
    ("vaccinesReceived", List(&[("vaccine", Text), ("date", Date), ("status", Text)])),
    ("pregnancyStatus", Text),
    ("followUpTeamId", Text),
    ("followUp", Object(FOLLOW_UP)),
    ("followUpHistory", List(&[("status", Text), ("startDate", Date), ("endDate", Date)])),
    ("dateOfLastContact", Date),
    ("dateBecomeCase", Date),
    ("dateBecomeContact", Date),
    ("dateBecomeContactOfContact", Date),
    ("wasCase", Flag),
    ("wasContact", Flag),
    ("wasContactOfContact", Flag),
    ("active", Flag),
    ("questionnaireAnswersCase", Answers),
    ("questionnaireAnswersContact", Answers),
    ("notDuplicatesIds", Texts),
    ("mergedDuplicatesIds", Texts),
];

const OWN_OF_CASE: Schema = &[
    ("classification", Text),
    ("investigationStatus", Text),
    ("dateInvestigationCompleted", Date),
    ("dateOfInfection", Date),
    ("dateOfOnset", Date),
    ("isDateOfOnsetApproximate", Flag),
    (
        "dateRanges",
        List(&[("typeId", Text), ("startDate", Date), ("endDate", Date), ("centerName", Text), ("locationId", Text), ("comments", Text)]),
    ),
    ("burialPlaceName", Text),
    ("burialLocationId", Text),
    ("classificationHistory", List(&[("classification", Text), ("startDate", Date), ("endDate", Date)])),
];

const OWN_OF_EVENT: Schema = &[("dateApproximate", Flag), ("endDate", Date), ("eventCategory", Text), ("address", Object(ADDRESS))];

const HUMAN_FIELDS: [(&str, Kind); PERSON.len() + HUMAN.len()] = both(PERSON, HUMAN);
const CASE_FIELDS: [(&str, Kind); HUMAN_FIELDS.len() + OWN_OF_CASE.len()] = both(&HUMAN_FIELDS, OWN_OF_CASE);
const EVENT_FIELDS: [(&str, Kind); PERSON.len() + OWN_OF_EVENT.len()] = both(PERSON, OWN_OF_EVENT);

const DEFAULT_ORDER: &[&str] = &["name", "lastName", "firstName"];

/// A case.
pub const CASE: Model = Model {
    name: "case",
    schema: &CASE_FIELDS,
    read_only: &["type", "outbreakId", "classificationHistory", "followUpHistory"],
    required: &[],
    default_order: DEFAULT_ORDER,
};

/// A contact.
pub const CONTACT: Model = Model {
    name: "contact",
    schema: &HUMAN_FIELDS,
    read_only: &["type", "outbreakId", "followUpHistory"],
    required: &[],
    default_order: DEFAULT_ORDER,
};

/// A contact of a contact.
pub const CONTACT_OF_CONTACT: Model = Model {
    name: "contactOfContact",
    schema: &HUMAN_FIELDS,
    read_only: &["type", "outbreakId"],
    required: &[],
    default_order: DEFAULT_ORDER,
};

/// An event.
pub const EVENT: Model =
    Model { name: "event", schema: &EVENT_FIELDS, read_only: &["type", "outbreakId"], required: &[], default_order: DEFAULT_ORDER };

/// What a new person has without being sent.
pub fn person_defaults(model: &str) -> Vec<(&'static str, Value)> {
    let mut defaults = vec![
        ("isDateOfReportingApproximate", json!(false)),
        ("hasRelationships", json!(false)),
        ("relationshipsRepresentation", json!([])),
        ("numberOfExposures", json!(0)),
        ("numberOfContacts", json!(0)),
    ];
    let more: &[&str] = match model {
        "case" => &["wasContact", "wasContactOfContact", "transferRefused", "safeBurial"],
        "contact" => &["wasCase", "wasContactOfContact", "transferRefused", "safeBurial"],
        "contactOfContact" => &["wasCase", "wasContact", "safeBurial"],
        _ => &["dateApproximate"],
    };
    defaults.extend(more.iter().map(|field| (*field, json!(false))));
    if matches!(model, "contact" | "contactOfContact") {
        defaults.push(("active", json!(true)));
    }
    defaults
}
