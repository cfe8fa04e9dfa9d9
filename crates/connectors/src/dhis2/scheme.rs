//! Id schemes: by what an object of DHIS2 is named.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

/// By what an object is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheme {
    Uid,
    Code,
    Name,
    /// A unique attribute, by its id.
    Attribute(String),
}

impl Scheme {
    /// Reads `uid`, `id`, `code`, `name`, `attribute:ID`, in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let trimmed = text.trim();
        match trimmed.to_ascii_lowercase().as_str() {
            "uid" | "id" => Some(Self::Uid),
            "code" => Some(Self::Code),
            "name" => Some(Self::Name),
            lower if lower.starts_with("attribute:") => {
                let id = trimmed.split_once(':').map(|(_, id)| id.trim()).filter(|id| !id.is_empty())?;
                Some(Self::Attribute(id.to_owned()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for Scheme {
    /// As DHIS2 takes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uid => f.write_str("UID"),
            Self::Code => f.write_str("CODE"),
            Self::Name => f.write_str("NAME"),
            Self::Attribute(id) => write!(f, "ATTRIBUTE:{id}"),
        }
    }
}

impl<'de> Deserialize<'de> for Scheme {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| {
            serde::de::Error::custom(format!(
                "`{text}` is no id scheme; expected `uid`, `code`, `name` or `attribute:` and the id of an attribute"
            ))
        })
    }
}

impl JsonSchema for Scheme {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Scheme".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^([uU][iI][dD]|[iI][dD]|[cC][oO][dD][eE]|[nN][aA][mM][eE]|[aA][tT][tT][rR][iI][bB][uU][tT][eE]:.+)$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemes_are_read_in_any_case_and_written_in_one() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(Scheme::parse(text).map(|scheme| scheme.to_string()).as_deref(), expected, "{text}");
        };
        check("uid", Some("UID"));
        check("ID", Some("UID"));
        check("Code", Some("CODE"));
        check("name", Some("NAME"));
        check("attribute:AbcDefghij1", Some("ATTRIBUTE:AbcDefghij1"));
        check("attribute:", None);
        check("uuid", None);
    }
}
