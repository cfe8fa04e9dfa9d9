//! Follow-ups. They live below a case or a contact, and the outbreak lists them by aggregation, each with its person under `contact`, also that of a case.

use super::super::persons::PersonKind;
use super::super::schema::{Child, Field, Imports, Kind, List, Resource, Role, field, fields, kept, required};
use super::people::{ADDRESS, BY_VARIABLE};

const FILL_LOCATION: &[Field] = &[field("geoLocation", Kind::Point)];

const FOLLOW_UP: &[Field] = &[
    required("personId", Kind::Text),
    field("date", Kind::Date),
    // The number of the day, from 1. Go.Data counts it itself; it is taken to find a record, and for the date where that is missing.
    field("index", Kind::Number),
    field("statusId", Kind::Code("LNG_REFERENCE_DATA_CONTACT_DAILY_FOLLOW_UP_STATUS_TYPE")),
    field("targeted", Kind::Boolean),
    field("teamId", Kind::Id("teams")),
    field("address", Kind::Object(ADDRESS)),
    field("questionnaireAnswers", Kind::Answers),
    field("comment", Kind::Text),
    field("responsibleUserId", Kind::Text),
    field("fillLocation", Kind::Object(FILL_LOCATION)),
    kept("createdAs", Kind::Text),
    kept("outbreakId", Kind::Text),
    kept("usualPlaceOfResidenceLocationId", Kind::Place),
    kept("deletedByParent", Kind::Text),
    kept("contact", Kind::Any),
];

/// The follow-ups of an outbreak.
pub const FOLLOW_UPS: Resource = Resource {
    name: "follow-ups",
    about: "The daily follow-ups of contacts and cases; `personId` says of whom.",
    role: Role::Child(&Child { kinds: &[(PersonKind::Contact, None), (PersonKind::Case, None)], in_follow_up: true }),
    in_outbreak: true,
    fields: fields!(FOLLOW_UP),
    replaced_whole: &[("address", &[]), ("fillLocation", &[]), BY_VARIABLE],
    questionnaires: &["contactFollowUpTemplate", "caseFollowUpTemplate"],
    list: List { aggregated: true, joined: Some("contact"), ..List::PLAIN },
    exports: true,
    creates_together: true,
    imports: Imports::Not("there is none"),
    ..Resource::PLAIN
};
