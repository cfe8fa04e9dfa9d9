//! Contacts.

use super::super::persons::PersonKind;
use super::super::schema::{Field, Kind, Resource, Role, field, fields, kept};
use super::people::{
    BY_ADDRESS_TYPE, BY_DOCUMENT, BY_MEMBER_OF_AGE, BY_VACCINE, BY_VARIABLE, DUPLICATES, FOLLOW_UP, MAINTAINED, NEEDS_EXPOSURE, PEOPLE,
    PERSON,
};

const CONTACT: &[Field] = &[
    field("transferRefused", Kind::Boolean),
    field("followUpTeamId", Kind::Id("teams")),
    // The window is computed from the newest active relationship; a contact without one has none.
    field("followUp", Kind::Object(FOLLOW_UP)),
    field("dateOfLastContact", Kind::Date),
    field("dateBecomeContact", Kind::Date),
    field("wasCase", Kind::Boolean),
    field("wasContactOfContact", Kind::Boolean),
    field("questionnaireAnswers", Kind::Answers),
    field("questionnaireAnswersCase", Kind::Answers),
    kept("questionnaireAnswersContact", Kind::Answers),
    kept("followUpHistory", Kind::Any),
    kept("active", Kind::Boolean),
];

/// The contacts of an outbreak.
pub const CONTACTS: Resource = Resource {
    name: "contacts",
    about: "The contacts of an outbreak: who may have been infected by a case or at an event.",
    role: Role::Person(PersonKind::Contact),
    fields: fields!(PERSON, CONTACT, MAINTAINED, DUPLICATES),
    replaced_whole: &[
        BY_ADDRESS_TYPE,
        BY_DOCUMENT,
        BY_VACCINE,
        BY_MEMBER_OF_AGE,
        BY_VARIABLE,
        ("questionnaireAnswersCase", &[]),
        ("followUp", &[]),
    ],
    questionnaires: &["contactInvestigationTemplate"],
    imports: NEEDS_EXPOSURE,
    ..PEOPLE
};
