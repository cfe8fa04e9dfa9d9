//! Relationships: who exposed whom, when and how.

use super::super::schema::{Field, Imports, Kind, Resource, Role, code, field, fields, kept, required};

/// One of the two people: the source was ill, the target may have been infected.
const PARTICIPANT: &[Field] =
    &[field("id", Kind::Text), field("source", Kind::Boolean), field("target", Kind::Boolean), kept("type", Kind::Text)];

const RELATIONSHIP: &[Field] = &[
    required("persons", Kind::List(PARTICIPANT)),
    field("contactDate", Kind::Date),
    field("contactDateEstimated", Kind::Boolean),
    field("dateOfFirstContact", Kind::Date),
    field("certaintyLevelId", code!("CERTAINTY_LEVEL")),
    field("exposureTypeId", code!("EXPOSURE_TYPE")),
    field("exposureFrequencyId", code!("EXPOSURE_FREQUENCY")),
    field("exposureDurationId", code!("EXPOSURE_DURATION")),
    field("socialRelationshipTypeId", code!("CONTEXT_OF_TRANSMISSION")),
    field("socialRelationshipDetail", Kind::Text),
    field("clusterId", Kind::Id("clusters")),
    field("comment", Kind::Text),
    kept("active", Kind::Boolean),
    kept("outbreakId", Kind::Text),
    kept("deletedByParent", Kind::Text),
];

/// The relationships of an outbreak: listed as a whole, written below one of their people.
pub const RELATIONSHIPS: Resource = Resource {
    name: "relationships",
    about: "The relationships of an outbreak: which case, event or contact exposed whom.",
    role: Role::Relationship,
    in_outbreak: true,
    fields: fields!(RELATIONSHIP),
    nested_keys: &[("persons", "source", "id"), ("persons", "target", "id")],
    // Someone is exposed by few and may expose many.
    asked_by: Some("persons[target=true].id"),
    exports: true,
    creates_together: true,
    imports: Imports::Not(
        "rows of such a file pass by what Go.Data checks of a relationship: whether both people are there, its direction, discarded cases",
    ),
    ..Resource::PLAIN
};
