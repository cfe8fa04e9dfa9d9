//! Tokens of languages: what codes and words of the interface are called.

use super::super::schema::{Field, Kind, Resource, Role, field};

/// They carry neither an id nor a time of change.
const TOKEN: &[Field] = &[field("languageId", Kind::Text), field("token", Kind::Text), field("translation", Kind::Text)];

/// The tokens of all languages: read only, labels of codes are written with the items of reference data.
pub const LANGUAGE_TOKENS: Resource = Resource {
    name: "language-tokens",
    about: "What each token is called in each language: codes of reference data, questions and answers, words of the interface. They are read only.",
    role: Role::Token,
    writes: false,
    deletes: false,
    fields: TOKEN,
    ..Resource::PLAIN
};
