//! Clusters: groups of relationships that belong together.

use super::super::schema::{Field, Kind, Resource, field, fields, kept, required};

const CLUSTER: &[Field] = &[
    required("name", Kind::Text),
    field("description", Kind::Text),
    field("icon", Kind::Text),
    field("colorCode", Kind::Text),
    kept("outbreakId", Kind::Text),
];

/// The clusters of an outbreak.
pub const CLUSTERS: Resource = Resource {
    name: "clusters",
    about: "The clusters of an outbreak, which relationships name in `clusterId`.",
    in_outbreak: true,
    fields: fields!(CLUSTER),
    is_named: true,
    ..Resource::PLAIN
};
