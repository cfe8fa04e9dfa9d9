//! Contacts of contacts.

use super::super::persons::PersonKind;
use super::super::schema::{Field, Kind, Resource, Role, field, fields, kept};
use super::people::{BY_ADDRESS_TYPE, BY_DOCUMENT, BY_MEMBER_OF_AGE, BY_VACCINE, DUPLICATES, MAINTAINED, NEEDS_EXPOSURE, PEOPLE, PERSON};

const CONTACT_OF_CONTACT: &[Field] = &[
    field("dateOfLastContact", Kind::Date),
    field("dateBecomeContactOfContact", Kind::Date),
    field("wasCase", Kind::Boolean),
    field("wasContact", Kind::Boolean),
    kept("active", Kind::Boolean),
    // What someone was asked as a contact or as a case stays with the record; contacts of contacts have no questionnaire.
    kept("questionnaireAnswers", Kind::Answers),
    kept("questionnaireAnswersContact", Kind::Answers),
    kept("questionnaireAnswersCase", Kind::Answers),
];

/// The contacts of contacts of an outbreak.
pub const CONTACTS_OF_CONTACTS: Resource = Resource {
    name: "contacts-of-contacts",
    about: "The contacts of contacts of an outbreak.",
    role: Role::Person(PersonKind::ContactOfContact),
    fields: fields!(PERSON, CONTACT_OF_CONTACT, MAINTAINED, DUPLICATES),
    replaced_whole: &[BY_ADDRESS_TYPE, BY_DOCUMENT, BY_VACCINE, BY_MEMBER_OF_AGE],
    imports: NEEDS_EXPOSURE,
    ..PEOPLE
};
