//! Lab results. They live below a person, and the outbreak lists them by aggregation, each with its person under `person`.

use super::super::persons::PersonKind;
use super::super::schema::{Child, Field, Imports, Kind, List, Resource, Role, code, field, fields, kept, required};
use super::people::BY_VARIABLE;

const SEQUENCE: &[Field] = &[
    field("hasSequence", Kind::Boolean),
    field("noSequenceReason", Kind::Text),
    field("dateSampleSent", Kind::Date),
    field("labId", code!("LAB_SEQUENCE_LABORATORY")),
    field("dateResult", Kind::Date),
    field("resultId", code!("LAB_SEQUENCE_RESULT")),
];

const LAB_RESULT: &[Field] = &[
    required("personId", Kind::Text),
    field("sampleIdentifier", Kind::Text),
    field("dateSampleTaken", Kind::Date),
    field("dateSampleDelivered", Kind::Date),
    field("dateTesting", Kind::Date),
    field("dateOfResult", Kind::Date),
    field("labName", code!("LAB_NAME")),
    field("sampleType", code!("TYPE_OF_SAMPLE")),
    field("testType", code!("TYPE_OF_LAB_TEST")),
    field("result", code!("LAB_TEST_RESULT")),
    field("quantitativeResult", Kind::Text),
    field("status", code!("LAB_TEST_RESULT_STATUS")),
    field("testedFor", Kind::Text),
    field("notes", Kind::Text),
    field("sequence", Kind::Object(SEQUENCE)),
    field("questionnaireAnswers", Kind::Answers),
    kept("personType", Kind::Text),
    // What a client sends on a change would move the record to another outbreak.
    kept("outbreakId", Kind::Text),
    kept("deletedByParent", Kind::Text),
    kept("person", Kind::Any),
];

/// The lab results of an outbreak.
pub const LAB_RESULTS: Resource = Resource {
    name: "lab-results",
    about: "The lab results of cases and contacts; `personId` says of whom.",
    role: Role::Child(&Child {
        // Those of contacts are hidden from every list unless the outbreak shows them: nobody would find what was written.
        kinds: &[(PersonKind::Case, None), (PersonKind::Contact, Some("isContactLabResultsActive"))],
        in_follow_up: false,
    }),
    in_outbreak: true,
    fields: fields!(LAB_RESULT),
    replaced_whole: &[("sequence", &[]), BY_VARIABLE],
    questionnaires: &["labResultsTemplate"],
    list: List { path: &["lab-results", "aggregate"], aggregated: true, joined: Some("person"), ..List::PLAIN },
    exports: true,
    creates_together: true,
    imports: Imports::As("labResult"),
    ..Resource::PLAIN
};
