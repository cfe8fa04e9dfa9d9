//! The fields of the simulated models and their types.

mod person;

use serde_json::{Map, Value, json};

pub use person::{ADDRESS, CASE, CONTACT, CONTACT_OF_CONTACT, EVENT, person_defaults};

/// The type of a field.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Text.
    Text,
    /// Text that is filled in, in a nested object, when it was not sent.
    Default(&'static str),
    /// A number.
    Number,
    /// A boolean.
    Flag,
    /// A boolean that is `false` in a nested object when it was not sent.
    Off,
    /// A date.
    Date,
    /// `{lat, lng}`.
    Point,
    /// Array of texts.
    Texts,
    /// A nested object.
    Object(Schema),
    /// An array of nested objects.
    List(Schema),
    /// Questionnaire answers.
    Answers,
    /// Whatever is sent.
    Any,
}

/// Fields by name.
pub type Schema = &'static [(&'static str, Kind)];

/// The fields of two schemas, `N` together.
const fn both<const N: usize>(first: Schema, second: Schema) -> [(&'static str, Kind); N] {
    let mut fields = [("", Kind::Any); N];
    let mut at = 0;
    while at < N {
        fields[at] = if at < first.len() { first[at] } else { second[at - first.len()] };
        at += 1;
    }
    fields
}

/// A model of the backend.
#[derive(Debug)]
pub struct Model {
    /// As the backend names it in messages.
    pub name: &'static str,
    /// Its fields.
    pub schema: Schema,
    /// Fields that a client cannot set.
    pub read_only: &'static [&'static str],
    /// Fields that must be there.
    pub required: &'static [&'static str],
    /// Order of a list for which none was asked.
    pub default_order: &'static [&'static str],
}

/// The fields that every model has and no client can set.
pub const STAMPS: [&str; 9] =
    ["id", "createdAt", "createdBy", "updatedAt", "updatedBy", "dbUpdatedAt", "deleted", "deletedAt", "createdOn"];

impl Model {
    /// Whether the field at this dotted path (array positions left out or not) holds dates.
    pub fn is_date(&self, path: &str) -> bool {
        let mut schema = self.schema;
        let mut segments = path.split('.').filter(|segment| !segment.bytes().all(|byte| byte.is_ascii_digit())).peekable();
        if matches!(path, "createdAt" | "updatedAt" | "dbUpdatedAt" | "deletedAt") {
            return true;
        }
        while let Some(segment) = segments.next() {
            let Some((_, kind)) = schema.iter().find(|(name, _)| *name == segment) else {
                return false;
            };
            match kind {
                Kind::Date => return segments.peek().is_none(),
                Kind::Object(nested) | Kind::List(nested) => schema = nested,
                _ => return false,
            }
        }
        false
    }

    /// The type of a top-level field.
    pub fn kind(&self, field: &str) -> Option<&'static Kind> {
        self.schema.iter().find(|(name, _)| *name == field).map(|(_, kind)| kind)
    }

    /// Takes away what a client cannot set.
    pub fn strip(&self, record: &mut Map<String, Value>) {
        for field in STAMPS.iter().chain(self.read_only) {
            record.remove(*field);
        }
    }

    /// Required fields that are missing or empty, as the validation of the backend reports them.
    pub fn missing(&self, record: &Map<String, Value>) -> Vec<(String, &'static str, String)> {
        let mut problems = Vec::new();
        for field in self.required {
            let shown = match record.get(*field) {
                None => "undefined".to_owned(),
                Some(Value::Null) => "null".to_owned(),
                Some(Value::String(text)) if text.trim().is_empty() => "\"\"".to_owned(),
                Some(_) => continue,
            };
            problems.push(((*field).to_owned(), "presence", format!("can't be blank (value: {shown})")));
        }
        problems
    }
}

use Kind::{Any, Date, Flag, List, Number, Point, Text, Texts};

/// A relationship.
pub const RELATIONSHIP: Model = Model {
    name: "relationship",
    schema: &[
        ("outbreakId", Text),
        ("persons", List(&[("id", Text), ("type", Text), ("source", Flag), ("target", Flag)])),
        ("contactDate", Date),
        ("contactDateEstimated", Flag),
        ("dateOfFirstContact", Date),
        ("certaintyLevelId", Text),
        ("exposureTypeId", Text),
        ("exposureFrequencyId", Text),
        ("exposureDurationId", Text),
        ("socialRelationshipTypeId", Text),
        ("socialRelationshipDetail", Text),
        ("clusterId", Text),
        ("comment", Text),
        ("active", Flag),
        ("deletedByParent", Text),
    ],
    read_only: &["outbreakId", "active"],
    required: &[],
    default_order: &["id"],
};

/// A cluster.
pub const CLUSTER: Model = Model {
    name: "cluster",
    schema: &[("outbreakId", Text), ("name", Text), ("description", Text), ("icon", Text), ("colorCode", Text)],
    read_only: &["outbreakId"],
    required: &["name"],
    default_order: &["name"],
};

/// A team.
pub const TEAM: Model = Model {
    name: "team",
    schema: &[("name", Text), ("userIds", Texts), ("locationIds", Texts)],
    read_only: &[],
    required: &["name", "userIds"],
    default_order: &["id"],
};

/// A location.
pub const LOCATION: Model = Model {
    name: "location",
    schema: &[
        ("name", Text),
        ("synonyms", Texts),
        ("identifiers", List(&[("code", Text), ("description", Text)])),
        ("active", Flag),
        ("populationDensity", Number),
        ("parentLocationId", Text),
        ("geoLocation", Point),
        ("geographicalLevelId", Text),
    ],
    read_only: &[],
    required: &["name", "active"],
    default_order: &["name"],
};

/// An item of reference data.
pub const REFERENCE_DATA: Model = Model {
    name: "referenceData",
    schema: &[
        ("categoryId", Text),
        ("value", Text),
        ("description", Text),
        ("iconId", Text),
        ("code", Text),
        ("colorCode", Text),
        ("readOnly", Flag),
        ("active", Flag),
        ("order", Number),
        ("isDefaultReferenceData", Flag),
        ("isOutbreakTemplateReferenceData", Flag),
        ("isSystemWide", Flag),
        ("outbreakId", Text),
        ("geoLocation", Point),
        ("allowedRefDataItems", Any),
    ],
    read_only: &["readOnly"],
    required: &["categoryId", "value", "active"],
    default_order: &["value"],
};

/// An outbreak.
pub const OUTBREAK: Model = Model {
    name: "outbreak",
    schema: &[
        ("name", Text),
        ("description", Text),
        ("disease", Text),
        ("countries", List(&[("id", Text)])),
        ("startDate", Date),
        ("endDate", Date),
        ("longPeriodsBetweenCaseOnset", Number),
        ("periodOfFollowup", Number),
        ("frequencyOfFollowUp", Number),
        ("frequencyOfFollowUpPerDay", Number),
        ("generateFollowUpsOverwriteExisting", Flag),
        ("generateFollowUpsKeepTeamAssignment", Flag),
        ("generateFollowUpsTeamAssignmentAlgorithm", Text),
        ("generateFollowUpsDateOfLastContact", Flag),
        ("generateFollowUpsWhenCreatingContacts", Flag),
        ("intervalOfFollowUp", Text),
        ("noDaysAmongContacts", Number),
        ("noDaysInChains", Number),
        ("noDaysNotSeen", Number),
        ("noLessContacts", Number),
        ("noDaysNewContacts", Number),
        ("fieldsToDisplayNode", Texts),
        ("locationIds", Texts),
        ("caseIdMask", Text),
        ("contactIdMask", Text),
        ("contactOfContactIdMask", Text),
        ("eventIdMask", Text),
        ("reportingGeographicalLevelId", Text),
        ("isContactLabResultsActive", Flag),
        ("isContactsOfContactsActive", Flag),
        ("applyGeographicRestrictions", Flag),
        ("checkLastContactDateAgainstDateOnSet", Flag),
        ("disableModifyingLegacyQuestionnaire", Flag),
        ("allowCasesFollowUp", Flag),
        ("periodOfFollowupCases", Number),
        ("frequencyOfFollowUpCases", Number),
        ("frequencyOfFollowUpPerDayCases", Number),
        ("intervalOfFollowUpCases", Text),
        ("generateFollowUpsKeepTeamAssignmentCases", Flag),
        ("generateFollowUpsTeamAssignmentAlgorithmCases", Text),
        ("generateFollowUpsDateOfOnset", Flag),
        ("generateFollowUpsWhenCreatingCases", Flag),
    ],
    read_only: &[],
    required: &[
        "name",
        "startDate",
        "longPeriodsBetweenCaseOnset",
        "periodOfFollowup",
        "frequencyOfFollowUp",
        "frequencyOfFollowUpPerDay",
        "noDaysAmongContacts",
        "noDaysInChains",
        "noDaysNotSeen",
        "noLessContacts",
        "eventIdMask",
        "caseIdMask",
        "contactIdMask",
        "contactOfContactIdMask",
    ],
    default_order: &["name"],
};

/// What a new outbreak has without being sent.
pub fn outbreak_defaults() -> Value {
    let algorithm = "LNG_REFERENCE_DATA_CATEGORY_FOLLOWUP_GENERATION_TEAM_ASSIGNMENT_ALGORITHM_ROUND_ROBIN_ALL_TEAMS";
    json!({
        "frequencyOfFollowUp": 1, "noDaysNewContacts": 1, "intervalOfFollowUp": "1, 3, 5",
        "generateFollowUpsOverwriteExisting": false, "generateFollowUpsKeepTeamAssignment": true,
        "generateFollowUpsTeamAssignmentAlgorithm": algorithm, "generateFollowUpsDateOfLastContact": false,
        "generateFollowUpsWhenCreatingContacts": false,
        "caseInvestigationTemplate": [], "contactInvestigationTemplate": [], "eventInvestigationTemplate": [],
        "caseFollowUpTemplate": [], "contactFollowUpTemplate": [], "labResultsTemplate": [],
        "eventIdMask": "EV-9999999999", "caseIdMask": "CA-9999999999", "contactIdMask": "CO-9999999999",
        "contactOfContactIdMask": "CC-9999999999",
        "isContactLabResultsActive": false, "isContactsOfContactsActive": false, "applyGeographicRestrictions": false,
        "checkLastContactDateAgainstDateOnSet": false, "disableModifyingLegacyQuestionnaire": false,
        "allowCasesFollowUp": false, "frequencyOfFollowUpCases": 1, "generateFollowUpsKeepTeamAssignmentCases": true,
        "generateFollowUpsTeamAssignmentAlgorithmCases": algorithm, "generateFollowUpsDateOfOnset": false,
        "generateFollowUpsWhenCreatingCases": false
    })
}

/// A user, as far as filters look at it.
pub const USER: Model = Model {
    name: "user",
    schema: &[
        ("firstName", Text),
        ("lastName", Text),
        ("email", Text),
        ("roleIds", Texts),
        ("outbreakIds", Texts),
        ("activeOutbreakId", Text),
        ("languageId", Text),
        ("lastLogin", Date),
    ],
    read_only: &[],
    required: &["firstName", "lastName", "roleIds"],
    default_order: &["lastName", "firstName"],
};
