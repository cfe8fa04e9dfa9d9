//! The four types of people: where each is found, what it needs, how its lists are searched.

use super::condition::Engine;
use super::schema::{
    CASE as CASE_MODEL, CONTACT as CONTACT_MODEL, CONTACT_OF_CONTACT as CONTACT_OF_CONTACT_MODEL, EVENT as EVENT_MODEL, Model,
};

/// One type of people.
#[derive(Debug)]
pub struct PersonType {
    /// `LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_...`
    pub id: &'static str,
    /// Its fields.
    pub model: &'static Model,
    /// Its segment below an outbreak.
    pub path: &'static str,
    /// What its permissions begin with.
    pub permission: &'static str,
    /// The field of the outbreak that holds the mask of its visual ids.
    pub mask: &'static str,
    /// The field of the outbreak that holds its questionnaire; none for contacts of contacts.
    pub template: Option<&'static str>,
    /// How its list is searched.
    pub engine: Engine,
}

/// Cases.
pub static CASE: PersonType = PersonType {
    id: "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE",
    model: &CASE_MODEL,
    path: "cases",
    permission: "case",
    mask: "caseIdMask",
    template: Some("caseInvestigationTemplate"),
    engine: Engine::Raw,
};

/// Contacts.
pub static CONTACT: PersonType = PersonType {
    id: "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT",
    model: &CONTACT_MODEL,
    path: "contacts",
    permission: "contact",
    mask: "contactIdMask",
    template: Some("contactInvestigationTemplate"),
    engine: Engine::Loopback,
};

/// Contacts of contacts.
pub static CONTACT_OF_CONTACT: PersonType = PersonType {
    id: "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT_OF_CONTACT",
    model: &CONTACT_OF_CONTACT_MODEL,
    path: "contacts-of-contacts",
    permission: "contact_of_contact",
    mask: "contactOfContactIdMask",
    template: None,
    engine: Engine::Loopback,
};

/// Events.
pub static EVENT: PersonType = PersonType {
    id: "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_EVENT",
    model: &EVENT_MODEL,
    path: "events",
    permission: "event",
    mask: "eventIdMask",
    template: Some("eventInvestigationTemplate"),
    engine: Engine::Raw,
};

/// All of them.
pub static ALL: [&PersonType; 4] = [&CASE, &CONTACT, &CONTACT_OF_CONTACT, &EVENT];

impl PersonType {
    /// The type with this id.
    pub fn of(id: &str) -> Option<&'static PersonType> {
        ALL.into_iter().find(|person_type| person_type.id == id)
    }

    /// The type with this segment in its paths.
    pub fn at(path: &str) -> Option<&'static PersonType> {
        ALL.into_iter().find(|person_type| person_type.path == path)
    }

    /// Whether a person of this type can expose others without being exposed: a case or an event.
    pub fn is_origin(&self) -> bool {
        self.id == CASE.id || self.id == EVENT.id
    }
}
