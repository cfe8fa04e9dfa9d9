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
