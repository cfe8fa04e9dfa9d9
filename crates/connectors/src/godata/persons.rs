//! The four kinds of people of an outbreak. They lie in one collection, told apart by their type, and a record may move from one list to another.

/// A kind of person, or an event, which Go.Data takes for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PersonKind {
    Case,
    Contact,
    ContactOfContact,
    Event,
}

impl PersonKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Case, Self::Contact, Self::ContactOfContact, Self::Event];

    /// The resource that lists it.
    pub const fn resource(self) -> &'static str {
        match self {
            Self::Case => "cases",
            Self::Contact => "contacts",
            Self::ContactOfContact => "contacts-of-contacts",
            Self::Event => "events",
        }
    }

    /// The value of `type` in lists that hold several kinds.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Case => "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CASE",
            Self::Contact => "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT",
            Self::ContactOfContact => "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_CONTACT_OF_CONTACT",
            Self::Event => "LNG_REFERENCE_DATA_CATEGORY_PERSON_TYPE_EVENT",
        }
    }

    /// The kind of a `type`.
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }

    /// In a sentence.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Case => "a case",
            Self::Contact => "a contact",
            Self::ContactOfContact => "a contact of a contact",
            Self::Event => "an event",
        }
    }

    /// The kinds that a person of this kind may have been, or be, instead: an event is none of them.
    pub fn others(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |kind| *kind != self && *kind != Self::Event && self != Self::Event)
    }

    /// The kinds that Go.Data makes this kind of, in one step.
    pub const fn made_from(self) -> &'static [Self] {
        match self {
            Self::Case | Self::ContactOfContact => &[Self::Contact],
            Self::Contact => &[Self::Case, Self::ContactOfContact],
            Self::Event => &[],
        }
    }

    /// The last part of the address that makes someone this kind.
    pub const fn conversion(self) -> &'static str {
        match self {
            Self::Case => "convert-to-case",
            Self::Contact => "convert-to-contact",
            Self::ContactOfContact => "convert-to-contact-of-contact",
            Self::Event => "convert-to-event",
        }
    }

    /// The field that holds the answers to its questionnaire while a person is of another kind.
    pub const fn answers_aside(self) -> Option<&'static str> {
        match self {
            Self::Case => Some("questionnaireAnswersCase"),
            Self::Contact => Some("questionnaireAnswersContact"),
            Self::ContactOfContact | Self::Event => None,
        }
    }

    /// The field that stays true of someone who was of this kind and is of another; `None` for what never becomes anything else.
    pub const fn was(self) -> Option<&'static str> {
        match self {
            Self::Case => Some("wasCase"),
            Self::Contact => Some("wasContact"),
            Self::ContactOfContact => Some("wasContactOfContact"),
            Self::Event => None,
        }
    }

    /// The field of the outbreak that holds the mask of its visual ids.
    pub const fn mask_field(self) -> &'static str {
        match self {
            Self::Case => "caseIdMask",
            Self::Contact => "contactIdMask",
            Self::ContactOfContact => "contactOfContactIdMask",
            Self::Event => "eventIdMask",
        }
    }
}
