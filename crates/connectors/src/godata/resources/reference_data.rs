//! Code lists.

use super::super::schema::{Field, Kind, Resource, Role, field, fields, kept, required};

const REFERENCE_DATA: &[Field] = fields!(&[
    required("categoryId", Kind::Category),
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

/// The code lists. Their list cannot be asked by POST: that would create.
pub const REFERENCE: Resource = Resource {
    name: "reference-data",
    about: "The code lists. `value` and `description` are tokens when read and labels when written.",
    role: Role::Item,
    fields: REFERENCE_DATA,
    replaced_whole: &[("geoLocation", &[]), ("allowedRefDataItems", &[])],
    no_keys: &[
        ("value", "is a token in Go.Data, not the label; use `code`, or `categoryId` together with `value`"),
        ("description", "is a token in Go.Data, not the label; use `code`, or `categoryId` together with `value`"),
    ],
    deactivates: true,
    ..Resource::PLAIN
};
