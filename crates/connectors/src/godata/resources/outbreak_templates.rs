//! Templates of outbreaks. They are read; an outbreak that is written has its own questionnaires.

use super::super::schema::{Field, Kind, List, Resource, code, field, fields};

const TEMPLATE: &[Field] = fields!(&[
    field("name", Kind::Text),
    field("description", Kind::Text),
    field("disease", code!("DISEASE")),
    field("periodOfFollowup", Kind::Number),
    field("frequencyOfFollowUp", Kind::Number),
    field("frequencyOfFollowUpPerDay", Kind::Number),
    field("intervalOfFollowUp", Kind::Text),
    field("periodOfFollowupCases", Kind::Number),
    field("allowCasesFollowUp", Kind::Boolean),
    field("isContactLabResultsActive", Kind::Boolean),
    field("isContactsOfContactsActive", Kind::Boolean),
    field("caseInvestigationTemplate", Kind::Any),
    field("contactInvestigationTemplate", Kind::Any),
    field("eventInvestigationTemplate", Kind::Any),
    field("caseFollowUpTemplate", Kind::Any),
    field("contactFollowUpTemplate", Kind::Any),
    field("labResultsTemplate", Kind::Any),
    field("allowedRefDataItems", Kind::Any),
    field("visibleAndMandatoryFields", Kind::Any),
]);

/// The templates that new outbreaks are made from. Texts of questions are tokens: the transform `label` names them.
pub const OUTBREAK_TEMPLATES: Resource = Resource {
    name: "outbreak-templates",
    about: "The templates that new outbreaks are made from, with their questionnaires.",
    writes: false,
    deletes: false,
    fields: TEMPLATE,
    list: List { path: &["templates"], ..List::PLAIN },
    ..Resource::PLAIN
};
