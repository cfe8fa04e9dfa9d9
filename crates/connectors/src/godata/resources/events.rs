//! Events: a funeral, a market day, where people were exposed.

use super::super::persons::PersonKind;
use super::super::schema::{Field, Imports, Kind, Resource, Role, code, field, fields};
use super::people::{ADDRESS, BY_VARIABLE, MAINTAINED, PEOPLE};

const EVENT: &[Field] = &[
    field("visualId", Kind::Text),
    field("name", Kind::Text),
    field("description", Kind::Text),
    field("date", Kind::Date),
    field("dateApproximate", Kind::Boolean),
    field("endDate", Kind::Date),
    field("eventCategory", code!("EVENT_CATEGORY")),
    field("address", Kind::Object(ADDRESS)),
    field("dateOfReporting", Kind::Date),
    field("isDateOfReportingApproximate", Kind::Boolean),
    field("responsibleUserId", Kind::Text),
    field("questionnaireAnswers", Kind::Answers),
];

/// The events of an outbreak. They have no bulk form for changes.
pub const EVENTS: Resource = Resource {
    name: "events",
    about: "The events of an outbreak at which people were exposed.",
    role: Role::Person(PersonKind::Event),
    fields: fields!(EVENT, MAINTAINED),
    replaced_whole: &[("address", &[]), BY_VARIABLE],
    nested_keys: &[],
    questionnaires: &["eventInvestigationTemplate"],
    changes_together: false,
    imports: Imports::As("event"),
    ..PEOPLE
};
