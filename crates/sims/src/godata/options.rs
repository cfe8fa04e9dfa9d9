//! What a simulated Go.Data starts with.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::jobs::Pace;
use crate::clock::Clock;
use crate::faults::Faults;

/// Options of a simulated Go.Data. The default is a server as it is delivered: one outbreak with the mask
/// `CA-9999999999`, one administrator.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on this machine; 0 is any free one.
    pub port: u16,
    /// Accounts.
    pub users: Vec<User>,
    /// Outbreaks.
    pub outbreaks: Vec<Outbreak>,
    /// Locations, as the API shows them; `id` and `name` are needed.
    pub locations: Vec<Value>,
    /// Cases, each with its `outbreakId` and optionally its `id`.
    pub cases: Vec<Value>,
    /// Contacts, likewise.
    pub contacts: Vec<Value>,
    /// Contacts of contacts, likewise.
    pub contacts_of_contacts: Vec<Value>,
    /// Events, likewise.
    pub events: Vec<Value>,
    /// Relationships, each with both its `persons`: `{id, source: true}` and `{id, target: true}`.
    pub relationships: Vec<Value>,
    /// Clusters of relationships, each with its `outbreakId`.
    pub clusters: Vec<Value>,
    /// Teams.
    pub teams: Vec<Value>,
    /// Follow-ups, each with its `personId`.
    pub follow_ups: Vec<Value>,
    /// Lab results, each with its `personId`.
    pub lab_results: Vec<Value>,
    /// Items on top of the built-in reference data: `id`, `categoryId`, `value` (the label) ...
    pub reference_data: Vec<Value>,
    /// Templates of outbreaks, each with its `id` and `name`.
    pub templates: Vec<Value>,
    /// Languages besides the built-in ones: `id` and `name`.
    pub languages: Vec<Value>,
    /// What tokens say: `languageId`, `token`, `translation`.
    pub language_tokens: Vec<Value>,
    /// How long an export or import looks as if it went on.
    pub pace: Pace,
    /// The time.
    pub clock: Clock,
    /// How long an unused token lives.
    pub token_ttl: Duration,
    /// The key that `GET /api/system-settings/version` wants.
    pub api_key: String,
    /// `allowCustomIDsOnCreate` of the backend's configuration.
    pub allow_custom_ids_on_create: bool,
    /// `alternateUniqueIdentifierQueryOnImport`: imports know people by visual id and lab results by sample.
    pub alternate_keys_on_import: bool,
    /// How far the time zone of the server (`timezone` of its configuration) is ahead of UTC. Imports cut dates to the start of
    /// the day in it; whatever else goes by the server's zone is simulated in UTC.
    pub utc_offset_minutes: i32,
    /// What the real process does with `Authorization: Bearer` and an unknown token: it dies, and the connection breaks.
    /// Off, it is a 401.
    pub unknown_bearer_drops_connection: bool,
    /// Added to every request.
    pub latency: Duration,
    /// Rules that spoil requests.
    pub faults: Faults,
    /// Answers in gzip to those who ask, as the proxy of a real deployment does.
    pub gzip: bool,
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct User {
    /// Id; made from the e-mail when left out.
    #[serde(default)]
    pub id: Option<String>,
    /// E-mail, in lower case.
    pub email: String,
    /// Password.
    pub password: String,
    /// Permissions such as `case_list`, a group's `case_all`, or `all`.
    #[serde(default = "all_permissions")]
    pub permissions: Vec<String>,
    /// Ids of the outbreaks that the account may see; empty: all.
    #[serde(default)]
    pub outbreak_ids: Vec<String>,
    /// Id of the one outbreak in which the account may write.
    #[serde(default)]
    pub active_outbreak_id: Option<String>,
}

/// An outbreak: its id and what the API shows of it; what the API requires is filled in.
#[derive(Debug, Clone)]
pub struct Outbreak {
    /// Id.
    pub id: String,
    /// Fields.
    pub fields: Map<String, Value>,
}

fn all_permissions() -> Vec<String> {
    vec!["all".to_owned()]
}

impl User {
    /// An account with all permissions and no active outbreak.
    pub fn new(email: &str, password: &str) -> Self {
        Self {
            id: None,
            email: email.to_owned(),
            password: password.to_owned(),
            permissions: all_permissions(),
            outbreak_ids: Vec::new(),
            active_outbreak_id: None,
        }
    }

    /// With only these permissions.
    #[must_use]
    pub fn permissions(mut self, permissions: &[&str]) -> Self {
        self.permissions = permissions.iter().map(|permission| (*permission).to_owned()).collect();
        self
    }

    /// With only these outbreaks.
    #[must_use]
    pub fn outbreaks(mut self, ids: &[&str]) -> Self {
        self.outbreak_ids = ids.iter().map(|id| (*id).to_owned()).collect();
        self
    }

    /// With this active outbreak.
    #[must_use]
    pub fn active(mut self, outbreak: &str) -> Self {
        self.active_outbreak_id = Some(outbreak.to_owned());
        self
    }
}

impl Outbreak {
    /// An outbreak with the backend's own masks.
    pub fn new(id: &str, name: &str) -> Self {
        let mut fields = Map::new();
        fields.insert("name".to_owned(), json!(name));
        Self { id: id.to_owned(), fields }
    }

    /// With this mask for the visual ids of cases.
    #[must_use]
    pub fn mask(self, mask: &str) -> Self {
        self.with("caseIdMask", json!(mask))
    }

    /// With this mask for the visual ids of all types of people.
    #[must_use]
    pub fn masks(self, mask: &str) -> Self {
        let fields = ["caseIdMask", "contactIdMask", "contactOfContactIdMask", "eventIdMask"];
        fields.into_iter().fold(self, |outbreak, field| outbreak.with(field, json!(mask)))
    }

    /// With this field.
    #[must_use]
    pub fn with(mut self, field: &str, value: Value) -> Self {
        self.fields.insert(field.to_owned(), value);
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            users: vec![User::new(Self::EMAIL, Self::PASSWORD).active(Self::OUTBREAK)],
            outbreaks: vec![Outbreak::new(Self::OUTBREAK, "Ebola 2026")],
            locations: Vec::new(),
            cases: Vec::new(),
            contacts: Vec::new(),
            contacts_of_contacts: Vec::new(),
            events: Vec::new(),
            relationships: Vec::new(),
            clusters: Vec::new(),
            teams: Vec::new(),
            follow_ups: Vec::new(),
            lab_results: Vec::new(),
            reference_data: Vec::new(),
            templates: Vec::new(),
            languages: Vec::new(),
            pace: Pace { polls: 1, ..Pace::default() },
            language_tokens: Vec::new(),
            clock: Clock::system(),
            token_ttl: Duration::from_mins(10),
            api_key: "simulated-api-key".to_owned(),
            allow_custom_ids_on_create: false,
            alternate_keys_on_import: false,
            utc_offset_minutes: 0,
            unknown_bearer_drops_connection: true,
            latency: Duration::ZERO,
            faults: Faults::default(),
            gzip: false,
        }
    }
}

impl Options {
    /// The account of [`Options::default`] and [`Options::for_tests`].
    pub const EMAIL: &'static str = "integration@kivuko.test";
    /// Its password.
    pub const PASSWORD: &'static str = "correct horse battery";
    /// The id of their outbreak.
    pub const OUTBREAK: &'static str = "outbreak-ebola-2026";

    /// As the default, but with the mask `*`, under which a sent visual id is kept.
    pub fn for_tests() -> Self {
        Self { outbreaks: vec![Outbreak::new(Self::OUTBREAK, "Ebola 2026").masks("*")], ..Self::default() }
    }

    /// Reads `users.json`, `outbreaks.json`, `locations.json`, `reference-data.json`, `templates.json`,
    /// `languages.json`, `language-tokens.json`, `cases.json`, `contacts.json`, `contacts-of-contacts.json`, `events.json`,
    /// `relationships.json`, `clusters.json`, `teams.json`, `follow-ups.json` and `lab-results.json` of a folder, each an
    /// array and each optional; what is missing is as in the default.
    pub fn from_dir(dir: &Path) -> io::Result<Self> {
        let mut options = Self::default();
        if let Some(outbreaks) = array(dir, "outbreaks.json")? {
            options.outbreaks = outbreaks.into_iter().map(outbreak).collect::<io::Result<_>>()?;
            let first = options.outbreaks.first().map(|outbreak| outbreak.id.clone());
            for user in &mut options.users {
                user.active_outbreak_id.clone_from(&first);
            }
        }
        if let Some(users) = array(dir, "users.json")? {
            let read = |user| serde_json::from_value(user).map_err(|error| invalid(dir, "users.json", &error.to_string()));
            options.users = users.into_iter().map(read).collect::<io::Result<_>>()?;
        }
        options.locations = array(dir, "locations.json")?.unwrap_or_default();
        options.cases = array(dir, "cases.json")?.unwrap_or_default();
        options.contacts = array(dir, "contacts.json")?.unwrap_or_default();
        options.contacts_of_contacts = array(dir, "contacts-of-contacts.json")?.unwrap_or_default();
        options.events = array(dir, "events.json")?.unwrap_or_default();
        options.clusters = array(dir, "clusters.json")?.unwrap_or_default();
        options.teams = array(dir, "teams.json")?.unwrap_or_default();
        options.relationships = array(dir, "relationships.json")?.unwrap_or_default();
        options.follow_ups = array(dir, "follow-ups.json")?.unwrap_or_default();
        options.lab_results = array(dir, "lab-results.json")?.unwrap_or_default();
        options.reference_data = array(dir, "reference-data.json")?.unwrap_or_default();
        options.templates = array(dir, "templates.json")?.unwrap_or_default();
        options.languages = array(dir, "languages.json")?.unwrap_or_default();
        options.language_tokens = array(dir, "language-tokens.json")?.unwrap_or_default();
        let fallback = options.outbreaks.first().map(|outbreak| outbreak.id.clone()).unwrap_or_default();
        let of_outbreak =
            [&mut options.cases, &mut options.contacts, &mut options.contacts_of_contacts, &mut options.events, &mut options.clusters];
        for record in of_outbreak.into_iter().flatten().filter_map(Value::as_object_mut) {
            record.entry("outbreakId").or_insert_with(|| json!(fallback));
        }
        Ok(options)
    }

    /// With this account instead.
    #[must_use]
    pub fn user(mut self, user: User) -> Self {
        self.users = vec![user];
        self
    }

    /// With this outbreak besides.
    #[must_use]
    pub fn outbreak(mut self, outbreak: Outbreak) -> Self {
        self.outbreaks.push(outbreak);
        self
    }

    /// With this clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// With these faults.
    #[must_use]
    pub fn faults(mut self, faults: Faults) -> Self {
        self.faults = faults;
        self
    }

    /// With this mask for the visual ids of cases in all outbreaks.
    #[must_use]
    pub fn mask(mut self, mask: &str) -> Self {
        self.outbreaks = self.outbreaks.into_iter().map(|outbreak| outbreak.mask(mask)).collect();
        self
    }
}

fn outbreak(value: Value) -> io::Result<Outbreak> {
    let Value::Object(mut fields) = value else {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "outbreaks.json: each outbreak must be an object"));
    };
    match fields.remove("id") {
        Some(Value::String(id)) => Ok(Outbreak { id, fields }),
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "outbreaks.json: each outbreak needs an id")),
    }
}

fn array(dir: &Path, name: &str) -> io::Result<Option<Vec<Value>>> {
    let text = match std::fs::read(dir.join(name)) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    match serde_json::from_slice(&text) {
        Ok(Value::Array(items)) => Ok(Some(items)),
        Ok(_) => Err(invalid(dir, name, "an array is expected")),
        Err(error) => Err(invalid(dir, name, &error.to_string())),
    }
}

fn invalid(dir: &Path, name: &str, reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{}: {reason}", dir.join(name).display()))
}
