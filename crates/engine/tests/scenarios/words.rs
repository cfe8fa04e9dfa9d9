//! The words of a scenario as values.

use serde_json::Value;

use crate::support;

pub fn text_of(value: &Value) -> Result<&str, String> {
    value.as_str().ok_or_else(|| format!("{value} is not a text"))
}

/// A number as it is written without quotes, or a text.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub fn text<'v>(value: &'v Value, key: &str) -> Result<&'v str, String> {
    value[key].as_str().ok_or_else(|| format!("`{key}` is missing"))
}

pub fn merge(into: &mut Value, from: &Value) {
    for (name, content) in from.as_object().into_iter().flatten() {
        into[name] = content.clone();
    }
}

pub fn parse(name: &str, text: &str) -> Result<kivuko_core::yaml::Node, String> {
    let mut found = Vec::new();
    let tree = kivuko_core::yaml::parse(name, text.as_bytes(), &mut found);
    tree.filter(|_| found.is_empty()).ok_or_else(|| support::problems(&found))
}
