//! What a person writes about a Go.Data in `kivuko.yaml`.

use kivuko_core::catalogue::{godata, network};
use kivuko_core::error::Error;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::elsewhere::Allowed;
use super::persons::PersonKind;
use super::schema::{Imports, Resource};
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

/// Options of a flow's `to:`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetOptions {
    /// `cases`, `contacts`, `contacts-of-contacts`, or a list of them: a person that stands in that list of Go.Data is made one of this flow's `resource`
    /// and then changed. Left out: such a person is a rejection that says where it stands. Cases are made of contacts, contacts of cases and of contacts of
    /// contacts, contacts of contacts of contacts.
    pub convert: Option<Convert>,
    /// Whether a person that was deleted in Go.Data is restored when the source still has it. Left out: no, it is a rejection.
    pub restore: Option<bool>,
    /// How new records are brought in: `api`, or `import`, in a file that Go.Data imports, as many as a page has. For cases, events, lab results and locations; of
    /// locations the sheet may choose the `id` then. Changes and deletions go through the API in either way. Left out: `api`.
    pub via: Option<Way>,
}

/// How new records are brought in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    Api,
    Import,
}

/// The lists that people may be converted from.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Convert {
    /// One of them.
    One(Convertible),
    /// Several of them.
    Several(Vec<Convertible>),
}

/// A list of people.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Convertible {
    Cases,
    Contacts,
    ContactsOfContacts,
}

impl Convertible {
    const fn kind(self) -> PersonKind {
        match self {
            Self::Cases => PersonKind::Case,
            Self::Contacts => PersonKind::Contact,
            Self::ContactsOfContacts => PersonKind::ContactOfContact,
        }
    }
}

impl TargetOptions {
    /// What a flow says.
    ///
    /// # Errors
    /// What is no option, or has no sense for the resource.
    pub fn allowed(&self, resource: &Resource) -> Result<Allowed, Error> {
        let written = match &self.convert {
            None => Vec::new(),
            Some(Convert::One(one)) => vec![one.kind()],
            Some(Convert::Several(several)) => several.iter().map(|one| one.kind()).collect(),
        };
        let Some(here) = resource.person() else { return Ok(Allowed::default()) };
        let convert: Vec<PersonKind> = written.iter().copied().filter(|kind| here.made_from().contains(kind)).collect();
        if convert.is_empty() && !written.is_empty() {
            let lists: Vec<&str> = here.made_from().iter().map(|kind| kind.resource()).collect();
            let can = if lists.is_empty() { "nothing".to_owned() } else { lists.join(" and ") };
            let message = format!("`convert`: Go.Data makes {} of {can}", resource.name);
            return Err(Error::configuration(network::BAD_OPTIONS, message));
        }
        Ok(Allowed { convert, restore: self.restore.unwrap_or(false) })
    }
}

impl TargetOptions {
    /// Whether new records are imported.
    ///
    /// # Errors
    /// They cannot be, or not safely.
    pub fn imports(&self, resource: &Resource) -> Result<bool, Error> {
        match (self.via, resource.imports) {
            (Some(Way::Import), Imports::As(_) | Imports::Tree) => Ok(true),
            (Some(Way::Import), Imports::Not(why)) => {
                let message = format!("`via: import` is not for {}: {why}; leave it out", resource.name);
                Err(Error::configuration(godata::NO_IMPORT, message))
            }
            (Some(Way::Api) | None, _) => Ok(false),
        }
    }
}

/// Reads the options of a flow's `to:`.
pub fn target_options(options: &Value) -> Result<TargetOptions, Error> {
    if options.is_null() {
        return Ok(TargetOptions::default());
    }
    TargetOptions::deserialize(options).map_err(|error| Error::configuration(network::BAD_OPTIONS, format!("`to`: {error}")))
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

/// What a flow can say under `from:` beside the keys of every flow.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct FromOptions {
    /// How records are read: `api` in pages, `export` through a file that Go.Data makes, for outbreaks of many thousands. Left out: `api`.
    #[serde(default)]
    pub via: Via,
}

/// Reads the options of a flow's `from:`.
///
/// # Errors
/// What is no option, or what Go.Data does not have for the resource.
pub fn from_options(options: &Value, resource: &Resource) -> Result<FromOptions, Error> {
    let options = match options {
        Value::Null => FromOptions::default(),
        options => FromOptions::deserialize(options).map_err(|error| Error::configuration(network::BAD_OPTIONS, error.to_string()))?,
    };
    if options.via == Via::Export && !resource.exports {
        let message = format!("Go.Data has no export of {}; leave `via: export` out", resource.name);
        return Err(Error::configuration(network::BAD_OPTIONS, message));
    }
    Ok(options)
}

/// How records are read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Via {
    #[default]
    Api,
    Export,
}
