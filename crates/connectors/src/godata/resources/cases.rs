//! Cases.

use super::super::persons::PersonKind;
use super::super::schema::{Field, Imports, Kind, Resource, Role, code, field, fields, kept};
use super::people::{
    BY_ADDRESS_TYPE, BY_DOCUMENT, BY_MEMBER_OF_AGE, BY_VACCINE, BY_VARIABLE, DATE_RANGE, DUPLICATES, FOLLOW_UP, MAINTAINED, PEOPLE, PERSON,
};

const CASE: &[Field] = &[
    field("transferRefused", Kind::Boolean),
    field("followUpTeamId", Kind::Id("teams")),
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
    kept("questionnaireAnswersCase", Kind::Answers),
    kept("classificationHistory", Kind::Any),
    kept("followUpHistory", Kind::Any),
    kept("active", Kind::Boolean),
    kept("dateOfLastContact", Kind::Date),
];

/// The cases of an outbreak.
pub const CASES: Resource = Resource {
    name: "cases",
    about: "The cases of an outbreak.",
    role: Role::Person(PersonKind::Case),
    fields: fields!(PERSON, CASE, MAINTAINED, DUPLICATES),
    replaced_whole: &[
        BY_ADDRESS_TYPE,
        BY_DOCUMENT,
        BY_VACCINE,
        // A person may be in hospital twice; the stays begin on different days.
        ("dateRanges", &["typeId", "startDate"]),
        BY_MEMBER_OF_AGE,
        BY_VARIABLE,
        ("questionnaireAnswersContact", &[]),
        ("followUp", &[]),
    ],
    questionnaires: &["caseInvestigationTemplate"],
    imports: Imports::As("case"),
    ..PEOPLE
};
