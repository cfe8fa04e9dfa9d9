//! Places, as a flat list with parents.

use super::super::schema::{Field, ITSELF, Imports, Kind, List, Resource, Role, code, field, fields, required};

const IDENTIFIER: &[Field] = &[field("code", Kind::Text), field("description", Kind::Text)];

const LOCATION: &[Field] = fields!(&[
    required("name", Kind::Text),
    field("synonyms", Kind::Texts),
    field("identifiers", Kind::List(IDENTIFIER)),
    field("active", Kind::Boolean),
    field("parentLocationId", Kind::Place),
    field("geographicalLevelId", code!("LOCATION_GEOGRAPHICAL_LEVEL")),
    field("geoLocation", Kind::Point),
    field("populationDensity", Kind::Number),
]);

/// The places of all outbreaks.
pub const LOCATIONS: Resource = Resource {
    name: "locations",
    about: "The places of all outbreaks, as a flat list with parents.",
    role: Role::Place,
    fields: LOCATION,
    // Another system's code of the same place must stay, like a document of a person.
    replaced_whole: &[("identifiers", &["description", "code"]), ("synonyms", ITSELF), ("geoLocation", &[])],
    // A code or short name that the place no longer has would stand at another one soon.
    former_goes: &["identifiers", "synonyms"],
    nested_keys: &[("identifiers", "description", "code")],
    deactivates: true,
    is_named: true,
    // Siblings are compared by name when they are stored, and two at the same moment do not see each other: `places` puts no two of one name into an array.
    creates_together: true,
    one_by_one: true,
    imports: Imports::Tree,
    list: List { by_post: true, ..List::PLAIN },
    ..Resource::PLAIN
};
