//! What every HTTP system takes in `kivuko.yaml`.

use schemars::JsonSchema;
use serde::Deserialize;

/// The options that every HTTP system has.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Options {
    /// The address of the system, as it is opened in a browser: `https://godata.moh.example`.
    pub url: String,
    /// A file with certificate authorities in PEM form that are trusted besides those of the machine; relative to the project.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// A file with the client certificate and its key in PEM form, for systems that ask for one; relative to the project.
    #[serde(default)]
    pub client_cert: Option<String>,
    /// The proxy through which the system is reached. Left out: the proxy of the environment (`HTTPS_PROXY`), if there is one.
    #[serde(default)]
    pub proxy: Option<String>,
    /// How long an answer may take, in seconds. Left out: 60.
    #[serde(default = "timeout_secs")]
    pub timeout_secs: f64,
    /// How many requests a second are sent at most. Left out: as many as the system answers.
    #[serde(default)]
    pub rate: Option<f64>,
    /// How many requests are under way at the same time, at most. Left out: 16.
    #[serde(default = "concurrency")]
    pub concurrency: usize,
    /// How long a write may still take effect after its connection was lost, in seconds. Left out: 30.
    #[serde(default = "settle_secs")]
    pub settle_secs: f64,
}

impl std::fmt::Debug for Options {
    // A URL can hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

const fn timeout_secs() -> f64 {
    60.0
}

const fn concurrency() -> usize {
    16
}

const fn settle_secs() -> f64 {
    30.0
}

impl Options {
    /// What is wrong with them beyond their types, a line each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        match reqwest::Url::parse(&self.url) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => {}
            _ => problems.push("`url` is not an address that begins with https:// or http://".to_owned()),
        }
        if !(self.timeout_secs.is_finite() && self.timeout_secs > 0.0) {
            problems.push("`timeout_secs` must be more than 0".to_owned());
        }
        if self.rate.is_some_and(|rate| !(rate.is_finite() && rate > 0.0)) {
            problems.push("`rate` must be more than 0".to_owned());
        }
        if self.concurrency == 0 {
            problems.push("`concurrency` must be at least 1".to_owned());
        }
        if !(self.settle_secs.is_finite() && self.settle_secs >= 0.0) {
            problems.push("`settle_secs` must not be less than 0".to_owned());
        }
        problems
    }
}

/// The JSON Schema of the options of a connector, as a declaration shows it: flat, and closed to unknown keys.
pub fn schema<T: JsonSchema>() -> serde_json::Value {
    let settings = schemars::generate::SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    if let Some(members) = schema.as_object_mut() {
        members.insert("additionalProperties".to_owned(), serde_json::Value::Bool(false));
    }
    schema
}
