//! Teams of follow-up.

use super::super::schema::{Field, Kind, Resource, field, fields};

const TEAM: &[Field] = &[field("name", Kind::Text), field("userIds", Kind::Texts), field("locationIds", Kind::Places)];

/// The teams of all outbreaks: read only, people and their rights are arranged in Go.Data.
pub const TEAMS: Resource = Resource {
    name: "teams",
    about: "The teams of all outbreaks. They are read only.",
    writes: false,
    deletes: false,
    fields: fields!(TEAM),
    ..Resource::PLAIN
};
