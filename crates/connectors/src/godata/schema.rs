//! The fields of the resources, as data: what they are, where their codes come from, what the server keeps for itself, and what it replaces whole.

use kivuko_core::connector::{FieldDescription, ReplacedWhole};

/// A field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// The server asks for it on creation.
    pub required: bool,
    /// The server sets it; what is sent is dropped.
    pub read_only: bool,
}

/// What a field holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    Text,
    Number,
    Boolean,
    Date,
    /// An item of this category of reference data.
    Code(&'static str),
    /// The id of a location.
    Place,
    /// `{lat, lng}`.
    Point,
    Object(&'static [Field]),
    List(&'static [Field]),
    /// A list of texts.
    Texts,
    /// A list of location ids.
    Places,
    /// Answers of a questionnaire, by variable.
    Answers,
    /// Anything; not looked into.
    Any,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Date => "date",
            Self::Code(_) => "code",
            Self::Place => "place",
            Self::Point | Self::Object(_) | Self::Answers | Self::Any => "object",
            Self::List(_) | Self::Texts | Self::Places => "array",
        }
    }
}

/// A resource.
#[derive(Debug)]
pub struct Resource {
    pub name: &'static str,
    pub about: &'static str,
    /// Its records belong to an outbreak.
    pub in_outbreak: bool,
    pub fields: &'static [Field],
    /// Paths that a PUT replaces whole, with what makes two items the same one.
    pub replaced_whole: &'static [(&'static str, &'static [&'static str])],
    /// Whether the field `active` can be switched off.
    pub deactivates: bool,
    pub deletes: bool,
    /// The list can be asked with `POST .../filter` in the place of a long address.
    pub filter_by_post: bool,
}

impl Resource {
    /// The resource of a name.
    pub fn find(name: &str) -> Option<&'static Self> {
        RESOURCES.iter().find(|resource| resource.name == name)
    }

    /// A top-level field.
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        find(self.fields, name)
    }

    /// What the engine is told.
    pub fn replaced_whole(&self) -> Vec<ReplacedWhole> {
        let whole = |(path, identity): &(&str, &[&str])| ReplacedWhole {
            path: (*path).to_owned(),
            identity: identity.iter().map(|field| (*field).to_owned()).collect(),
        };
        self.replaced_whole.iter().map(whole).collect()
    }

    /// All fields in the path grammar.
    pub fn describe(&self) -> Vec<FieldDescription> {
        let mut described = Vec::new();
        describe(self.fields, "", false, &mut described);
        described
    }
}

/// The field of a name.
pub fn find(fields: &'static [Field], name: &str) -> Option<&'static Field> {
    fields.iter().find(|field| field.name == name)
}

fn describe(fields: &[Field], prefix: &str, read_only: bool, into: &mut Vec<FieldDescription>) {
    for field in fields {
        let read_only = read_only || field.read_only;
        let path = format!("{prefix}{}", field.name);
        let codes = if let Kind::Code(category) = field.kind { Some(category.to_owned()) } else { None };
        match field.kind {
            Kind::Object(nested) => describe(nested, &format!("{path}."), read_only, into),
            Kind::List(nested) => describe(nested, &format!("{path}[]."), read_only, into),
            kind => into.push(FieldDescription { path, kind: kind.word(), codes, required: field.required, read_only }),
        }
    }
}

const fn field(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, read_only: false }
}

const fn required(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: true, read_only: false }
}

const fn kept(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, required: false, read_only: true }
}

macro_rules! code {
    ($category:literal) => {
        Kind::Code(concat!("LNG_REFERENCE_DATA_CATEGORY_", $category))
    };
}

/// The type of an address; the current one is special.
pub const ADDRESS_TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE";
/// The current address.
pub const CURRENT_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_USUAL_PLACE_OF_RESIDENCE";
/// A former address.
pub const PREVIOUS_ADDRESS: &str = "LNG_REFERENCE_DATA_CATEGORY_ADDRESS_TYPE_PREVIOUS_USUAL_PLACE_OF_RESIDENCE";
/// The type of a document.
pub const DOCUMENT_TYPE: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE";
/// Where the visual id of a deleted person goes.
pub const ARCHIVED_ID: &str = "LNG_REFERENCE_DATA_CATEGORY_DOCUMENT_TYPE_ARCHIVED_ID";

/// What every record has and no client can set.
const STAMPS: [Field; 9] = [
    kept("id", Kind::Text),
    kept("createdAt", Kind::Date),
    kept("createdBy", Kind::Text),
    kept("updatedAt", Kind::Date),
    kept("updatedBy", Kind::Text),
    kept("dbUpdatedAt", Kind::Date),
    kept("deleted", Kind::Boolean),
    kept("deletedAt", Kind::Date),
    kept("createdOn", Kind::Text),
];

/// Puts the stamps behind the fields of a resource, at compile time.
const fn with_stamps<const N: usize, const M: usize>(fields: [Field; N]) -> [Field; M] {
    assert!(M == N + STAMPS.len(), "the array is as long as the fields and the stamps");
    let mut all = [STAMPS[0]; M];
    let mut position = 0;
    while position < M {
        all[position] = if position < N { fields[position] } else { STAMPS[position - N] };
        position += 1;
    }
    all
}

const ADDRESS: &[Field] = &[
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

const AGE: &[Field] = &[field("years", Kind::Number), field("months", Kind::Number)];

const DOCUMENT: &[Field] = &[field("type", code!("DOCUMENT_TYPE")), field("number", Kind::Text)];

const VACCINE: &[Field] = &[field("vaccine", code!("VACCINE")), field("date", Kind::Date), field("status", code!("VACCINE_STATUS"))];

const DATE_RANGE: &[Field] = &[
    field("typeId", code!("PERSON_DATE_TYPE")),
    field("startDate", Kind::Date),
    field("endDate", Kind::Date),
    // Free text would become a new item of reference data, without a word.
    field("centerName", code!("CENTRE_NAME")),
    field("locationId", Kind::Place),
    field("comments", Kind::Text),
];

const FOLLOW_UP: &[Field] = &[
    // With a status in it only the status counts, without one the object is replaced: so the status is all that can be written.
    required("status", Kind::Code("LNG_REFERENCE_DATA_CONTACT_FINAL_FOLLOW_UP_STATUS_TYPE")),
    kept("originalStartDate", Kind::Date),
    kept("startDate", Kind::Date),
    kept("endDate", Kind::Date),
    kept("generateFollowUpsDateOfLastContact", Kind::Boolean),
    kept("generateFollowUpsDateOfOnset", Kind::Boolean),
];

const CASE: [Field; 65] = with_stamps([
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
    field("transferRefused", Kind::Boolean),
    field("vaccinesReceived", Kind::List(VACCINE)),
    field("pregnancyStatus", code!("PREGNANCY_STATUS")),
    field("responsibleUserId", Kind::Text),
    field("followUpTeamId", Kind::Text),
    field("followUp", Kind::Object(FOLLOW_UP)),
    field("classification", code!("CASE_CLASSIFICATION")),
    field("investigationStatus", code!("INVESTIGATION_STATUS")),
    field("dateInvestigationCompleted", Kind::Date),
    field("dateOfInfection", Kind::Date),
    field("dateOfOnset", Kind::Date),
    field("isDateOfOnsetApproximate", Kind::Boolean),
    field("dateBecomeCase", Kind::Date),
    field("wasContact", Kind::Boolean),
    field("wasContactOfContact", Kind::Boolean),
    field("dateRanges", Kind::List(DATE_RANGE)),
    field("burialPlaceName", Kind::Text),
    field("burialLocationId", Kind::Place),
    field("questionnaireAnswers", Kind::Answers),
    field("questionnaireAnswersContact", Kind::Answers),
    kept("type", Kind::Text),
    kept("outbreakId", Kind::Text),
    kept("classificationHistory", Kind::Any),
    kept("followUpHistory", Kind::Any),
    kept("relationshipsRepresentation", Kind::Any),
    kept("hasRelationships", Kind::Boolean),
    kept("numberOfContacts", Kind::Number),
    kept("numberOfExposures", Kind::Number),
    kept("usualPlaceOfResidenceLocationId", Kind::Place),
    kept("duplicateKeys", Kind::Any),
    kept("notDuplicatesIds", Kind::Texts),
    kept("mergedDuplicatesIds", Kind::Texts),
    kept("deletedByParent", Kind::Text),
    kept("active", Kind::Boolean),
    kept("questionnaireAnswersCase", Kind::Answers),
    kept("matchedDuplicateRelationships", Kind::Any),
    kept("dateOfLastContact", Kind::Date),
]);

const IDENTIFIER: &[Field] = &[field("code", Kind::Text), field("description", Kind::Text)];

const LOCATION: [Field; 17] = with_stamps([
    required("name", Kind::Text),
    field("synonyms", Kind::Texts),
    field("identifiers", Kind::List(IDENTIFIER)),
    field("active", Kind::Boolean),
    field("parentLocationId", Kind::Place),
    field("geographicalLevelId", code!("LOCATION_GEOGRAPHICAL_LEVEL")),
    field("geoLocation", Kind::Point),
    field("populationDensity", Kind::Number),
]);

const REFERENCE_DATA: [Field; 25] = with_stamps([
    required("categoryId", Kind::Text),
    required("value", Kind::Text),
    field("description", Kind::Text),
    field("code", Kind::Text),
    field("active", Kind::Boolean),
    field("order", Kind::Number),
    field("colorCode", Kind::Text),
    field("iconId", Kind::Text),
    field("geoLocation", Kind::Point),
    field("isSystemWide", Kind::Boolean),
    field("allowedRefDataItems", Kind::Any),
    kept("outbreakId", Kind::Text),
    kept("readOnly", Kind::Boolean),
    kept("isDefaultReferenceData", Kind::Boolean),
    kept("isOutbreakTemplateReferenceData", Kind::Boolean),
    kept("category", Kind::Any),
]);

/// What may be changed of an item that belongs to Go.Data itself; everything else is dropped without a word.
pub const CHANGEABLE_OF_READ_ONLY: &[&str] =
    &["value", "description", "colorCode", "iconId", "order", "active", "code", "geoLocation", "isSystemWide", "allowedRefDataItems"];

const COUNTRY: &[Field] = &[field("id", code!("COUNTRY"))];

const OUTBREAK: [Field; 62] = with_stamps([
    required("name", Kind::Text),
    required("startDate", Kind::Date),
    required("longPeriodsBetweenCaseOnset", Kind::Number),
    required("periodOfFollowup", Kind::Number),
    field("frequencyOfFollowUp", Kind::Number),
    required("frequencyOfFollowUpPerDay", Kind::Number),
    required("noDaysAmongContacts", Kind::Number),
    required("noDaysInChains", Kind::Number),
    required("noDaysNotSeen", Kind::Number),
    required("noLessContacts", Kind::Number),
    field("noDaysNewContacts", Kind::Number),
    field("caseIdMask", Kind::Text),
    field("contactIdMask", Kind::Text),
    field("contactOfContactIdMask", Kind::Text),
    field("eventIdMask", Kind::Text),
    field("description", Kind::Text),
    field("disease", code!("DISEASE")),
    field("countries", Kind::List(COUNTRY)),
    field("locationIds", Kind::Places),
    field("endDate", Kind::Date),
    field("reportingGeographicalLevelId", code!("LOCATION_GEOGRAPHICAL_LEVEL")),
    field("generateFollowUpsOverwriteExisting", Kind::Boolean),
    field("generateFollowUpsKeepTeamAssignment", Kind::Boolean),
    field("generateFollowUpsTeamAssignmentAlgorithm", Kind::Text),
    field("generateFollowUpsDateOfLastContact", Kind::Boolean),
    field("generateFollowUpsWhenCreatingContacts", Kind::Boolean),
    field("intervalOfFollowUp", Kind::Text),
    field("allowCasesFollowUp", Kind::Boolean),
    field("periodOfFollowupCases", Kind::Number),
    field("frequencyOfFollowUpCases", Kind::Number),
    field("frequencyOfFollowUpPerDayCases", Kind::Number),
    field("intervalOfFollowUpCases", Kind::Text),
    field("generateFollowUpsOverwriteExistingCases", Kind::Boolean),
    field("generateFollowUpsKeepTeamAssignmentCases", Kind::Boolean),
    field("generateFollowUpsTeamAssignmentAlgorithmCases", Kind::Text),
    field("generateFollowUpsDateOfOnset", Kind::Boolean),
    field("generateFollowUpsWhenCreatingCases", Kind::Boolean),
    field("isContactLabResultsActive", Kind::Boolean),
    field("isContactsOfContactsActive", Kind::Boolean),
    field("applyGeographicRestrictions", Kind::Boolean),
    field("checkLastContactDateAgainstDateOnSet", Kind::Boolean),
    field("disableModifyingLegacyQuestionnaire", Kind::Boolean),
    field("caseInvestigationTemplate", Kind::Any),
    field("contactInvestigationTemplate", Kind::Any),
    field("eventInvestigationTemplate", Kind::Any),
    field("caseFollowUpTemplate", Kind::Any),
    field("contactFollowUpTemplate", Kind::Any),
    field("labResultsTemplate", Kind::Any),
    field("allowedRefDataItems", Kind::Any),
    field("visibleAndMandatoryFields", Kind::Any),
    field("arcGisServers", Kind::Any),
    field("fieldsToDisplayNode", Kind::Texts),
    kept("reportingGeographicalLevel", Kind::Any),
]);

/// All resources.
pub const RESOURCES: &[Resource] = &[
    Resource {
        name: "cases",
        about: "The cases of an outbreak.",
        in_outbreak: true,
        fields: &CASE,
        replaced_whole: &[
            // There is one current address; a second run must find it though its date or city changed.
            ("addresses", &["typeId"]),
            // Type and number: a person may have two documents of a type, of two systems, and one of them must never overwrite the other. A corrected
            // number is a new document beside the old one, which a person removes.
            ("documents", &["type", "number"]),
            ("vaccinesReceived", &["vaccine", "date"]),
            // A person may be in hospital twice; the stays begin on different days.
            ("dateRanges", &["typeId", "startDate"]),
            ("age", &[]),
            ("questionnaireAnswers", &[]),
            ("questionnaireAnswersContact", &[]),
            ("followUp", &[]),
        ],
        deactivates: false,
        deletes: true,
        filter_by_post: true,
    },
    Resource {
        name: "outbreaks",
        about: "The outbreaks that the account may see.",
        in_outbreak: false,
        fields: &OUTBREAK,
        replaced_whole: &[("countries", &["id"]), ("allowedRefDataItems", &[]), ("visibleAndMandatoryFields", &[])],
        deactivates: false,
        deletes: true,
        filter_by_post: true,
    },
    Resource {
        name: "locations",
        about: "The places of all outbreaks, as a flat list with parents.",
        in_outbreak: false,
        fields: &LOCATION,
        // Another system's code of the same place must stay, like a document of a person.
        replaced_whole: &[("identifiers", &["description", "code"]), ("geoLocation", &[])],
        deactivates: true,
        deletes: true,
        filter_by_post: true,
    },
    Resource {
        name: "reference-data",
        about: "The code lists. `value` and `description` are tokens when read and labels when written.",
        in_outbreak: false,
        fields: &REFERENCE_DATA,
        replaced_whole: &[("geoLocation", &[]), ("allowedRefDataItems", &[])],
        deactivates: true,
        deletes: true,
        // Here a POST would create.
        filter_by_post: false,
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_there_once_and_what_is_replaced_whole_is_a_field() {
        for resource in RESOURCES {
            let mut seen = std::collections::BTreeSet::new();
            for field in resource.fields {
                assert!(seen.insert(field.name), "{} twice in {}", field.name, resource.name);
            }
            for (path, identity) in resource.replaced_whole {
                let field = resource.field(path).expect(path);
                match field.kind {
                    Kind::List(nested) => identity.iter().for_each(|name| assert!(find(nested, name).is_some(), "{path}.{name}")),
                    _ => assert!(identity.is_empty(), "{path} is no list"),
                }
            }
        }
    }
}
