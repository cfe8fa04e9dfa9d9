//! What the codes of a system are called in one language, for the transform `label`.

use std::collections::HashMap;

use serde_json::Value;

use crate::catalogue::record;
use crate::error::Cause;
use crate::value;

/// The labels of a system in one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Labels {
    language: String,
    labels: HashMap<String, String>,
}

impl Labels {
    /// Labels by code. Blank ones say nothing, so they count as missing.
    pub fn new(language: impl Into<String>, labels: impl IntoIterator<Item = (String, String)>) -> Self {
        let labels = labels.into_iter().filter(|(_, label)| !value::is_blank(label)).collect();
        Self { language: language.into(), labels }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The label of a code.
    pub fn get(&self, code: &str) -> Option<&str> {
        self.labels.get(code).map(String::as_str)
    }

    /// The labels of a code, or of each code of a list.
    ///
    /// # Errors
    /// A code without a label, or what is no code.
    pub(crate) fn translate(&self, coded: Value) -> Result<Value, Cause> {
        match coded {
            Value::Array(codes) => codes.into_iter().filter(|code| !value::is_empty(code)).map(|code| self.translate(code)).collect(),
            Value::Object(_) => Err(Cause::new(record::WRONG_TYPE, "`label` wants a code, but the value is an object")),
            other => {
                let code = value::text(&other).unwrap_or_default();
                let code = code.trim();
                self.get(code).map(|label| Value::String(label.to_owned())).ok_or_else(|| {
                    let language = if self.language.is_empty() { "any language" } else { &self.language };
                    Cause::new(record::NO_LABEL, format!("the code has no label in {language}")).unlisted("labels", code)
                })
            }
        }
    }
}
