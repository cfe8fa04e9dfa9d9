//! Kinds of places, and whether two of them can be one place's.

/// What a place is. A community health centre is a health centre; a hospital is not the health post of its village.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Hospital,
    HealthCentre,
    CommunityHealthCentre,
    HealthPost,
    CommunityHealthPost,
    MotherChildPost,
    Dispensary,
    Clinic,
    Maternity,
    Laboratory,
    Pharmacy,
    School,
    Camp,
    Country,
    Region,
    District,
    Subdistrict,
    Settlement,
}

/// How the kinds of two places stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kinds {
    Equal,
    /// One is the more general word for the other.
    Fitting,
    /// Only one side says it.
    OneSided,
    Unsaid,
    Different,
}

impl Kind {
    /// The more general word.
    const fn general(self) -> Self {
        match self {
            Self::CommunityHealthCentre => Self::HealthCentre,
            Self::CommunityHealthPost | Self::MotherChildPost => Self::HealthPost,
            other => other,
        }
    }

    /// An area or a settlement, in which facilities are.
    pub const fn is_area(self) -> bool {
        matches!(self, Self::Country | Self::Region | Self::District | Self::Subdistrict | Self::Settlement)
    }

    /// In words, for reasons.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Hospital => "hospital",
            Self::HealthCentre => "health centre",
            Self::CommunityHealthCentre => "community health centre",
            Self::HealthPost => "health post",
            Self::CommunityHealthPost => "community health post",
            Self::MotherChildPost => "maternal and child health post",
            Self::Dispensary => "dispensary",
            Self::Clinic => "clinic",
            Self::Maternity => "maternity",
            Self::Laboratory => "laboratory",
            Self::Pharmacy => "pharmacy",
            Self::School => "school",
            Self::Camp => "camp",
            Self::Country => "country",
            Self::Region => "region",
            Self::District => "district",
            Self::Subdistrict => "subdistrict",
            Self::Settlement => "settlement",
        }
    }
}

/// Compares the kinds that two names say.
pub(super) fn compare(one: &[Kind], two: &[Kind]) -> Kinds {
    if one.is_empty() || two.is_empty() {
        return if one.is_empty() && two.is_empty() { Kinds::Unsaid } else { Kinds::OneSided };
    }
    if one.iter().any(|kind| two.contains(kind)) {
        return Kinds::Equal;
    }
    let fits = |first: &Kind, second: &Kind| {
        first.general() == *second
            || *first == second.general()
            // A region here is a province there, and the words for smaller areas differ more than the areas do.
            || (first.is_area() && second.is_area() && ![first, second].contains(&&Kind::Settlement))
    };
    if one.iter().any(|first| two.iter().any(|second| fits(first, second))) { Kinds::Fitting } else { Kinds::Different }
}
