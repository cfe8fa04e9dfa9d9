//! What a person writes about a Go.Data in `kivuko.yaml`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::http;

/// The options of the kind `godata`.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Options {
    #[serde(flatten)]
    pub http: http::Options,
    /// The e-mail address of the account. Give each integration an account of its own: Go.Data keeps one log-in and one active outbreak for each.
    pub email: String,
    /// The password of the account, as a variable: `${GODATA_PASSWORD}`.
    pub password: String,
    /// The outbreak that is read and written, by its name or id. Left out: all outbreaks of the account are read, and cases cannot be written.
    #[serde(default)]
    pub outbreak: Option<String>,
    /// Whether Kivuko may make the outbreak the active one of the account before it writes, as Go.Data demands. Left out: yes.
    #[serde(default = "yes")]
    pub switch_outbreak: bool,
    /// How far each reading goes back behind the last one, in seconds, for records whose time stamp is older than the moment they became
    /// visible. Left out: 300.
    #[serde(default = "overlap_secs")]
    pub overlap_secs: u32,
    /// How many cases are sent in one request, from 1 to 100. Left out: 50.
    #[serde(default = "batch_size")]
    #[schemars(range(min = 1, max = 100))]
    pub batch_size: usize,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("outbreak", &self.outbreak).finish_non_exhaustive()
    }
}

const fn yes() -> bool {
    true
}

const fn overlap_secs() -> u32 {
    300
}

const fn batch_size() -> usize {
    50
}

impl Options {
    /// Brings the options into the one form that the rest of the connector relies on.
    pub fn normalised(mut self) -> Self {
        // People copy the address from a browser or from an API page; both are the same server.
        let trimmed = self.http.url.trim().trim_end_matches('/');
        self.http.url = trimmed.strip_suffix("/api").unwrap_or(trimmed).to_owned();
        // Go.Data stores addresses in lower case and compares them so on one of its two log-in routes only.
        self.email = self.email.trim().to_lowercase();
        self
    }

    /// What is wrong with them beyond their types; `http` tells of its own.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.email.is_empty() {
            problems.push("`email` is empty".to_owned());
        }
        if self.password.is_empty() {
            problems.push("`password` is empty".to_owned());
        }
        if !(1..=100).contains(&self.batch_size) {
            problems.push("`batch_size` must be from 1 to 100".to_owned());
        }
        problems
    }
}
