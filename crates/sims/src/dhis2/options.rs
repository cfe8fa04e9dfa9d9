//! What a simulated DHIS2 starts with.

use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::profile::Profile;
use crate::clock::Clock;
use crate::faults::Faults;

/// Options of a simulated DHIS2. The default is a new server: the `default` category objects, one superuser.
#[derive(Debug, Clone)]
pub struct Options {
    /// Port on this machine; 0 is any free one.
    pub port: u16,
    /// The release.
    pub profile: &'static Profile,
    /// Accounts.
    pub users: Vec<User>,
    /// Documents in the form of `/api/metadata`, loaded one after the other.
    pub metadata: Vec<Value>,
    /// System settings by key.
    pub settings: Map<String, Value>,
    /// `systemId` of `system/info`; made from the seed when left out.
    pub system_id: Option<String>,
    /// IANA name of the server's time zone.
    pub timezone: String,
    /// `calendar` of `system/info`. Only `iso8601` is simulated; another name shows a client that must refuse it.
    pub calendar: String,
    /// Where identifiers and other random texts come from.
    pub seed: u64,
    /// The time.
    pub clock: Clock,
    /// How far the server's clock is wrong, in milliseconds.
    pub clock_skew: i64,
    /// Four failed logins lock an account for a quarter of an hour (a system setting of DHIS2).
    pub lock_after_failures: bool,
    /// The host that `nextPage`, `prevPage` and `Location` name; left out, the one that was asked. A server behind a proxy is often wrong about it.
    pub host: Option<String>,
    /// Added to every request.
    pub latency: Duration,
    /// Rules that spoil requests.
    pub faults: Faults,
    /// Answers in gzip to those who ask.
    pub gzip: bool,
    /// The numbers' side.
    pub numbers: super::numbers::Options,
}

/// An account.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct User {
    /// Identifier; made when left out.
    #[serde(default)]
    pub id: Option<String>,
    /// Name to log in with.
    pub username: String,
    /// Password; an account without one has tokens only.
    #[serde(default)]
    pub password: Option<String>,
    /// Personal access tokens.
    #[serde(default)]
    pub tokens: Vec<Token>,
    /// Authorities; `ALL` is a superuser.
    #[serde(default)]
    pub authorities: Vec<String>,
    /// Identifiers of the units where it captures data.
    #[serde(default)]
    pub organisation_units: Vec<String>,
    /// Identifiers of the units whose data it sees; empty: where it captures.
    #[serde(default)]
    pub data_view_organisation_units: Vec<String>,
    /// Identifiers of its user groups.
    #[serde(default)]
    pub user_groups: Vec<String>,
    /// It may not log in.
    #[serde(default)]
    pub disabled: bool,
    /// It logs in with a second factor, so not with Basic.
    #[serde(default)]
    pub two_factor: bool,
}

/// A personal access token.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Token {
    /// `d2pat_...`.
    pub key: String,
    /// When it runs out, in milliseconds since 1970; left out: never.
    #[serde(default)]
    pub expire: Option<i64>,
    /// Methods that it may be used with; empty: all.
    #[serde(default)]
    pub methods: Vec<String>,
}

impl User {
    /// An account with a password and authorities.
    pub fn new(username: &str, password: &str, authorities: &[&str]) -> Self {
        Self {
            id: None,
            username: username.to_owned(),
            password: Some(password.to_owned()),
            tokens: Vec::new(),
            authorities: authorities.iter().map(|name| (*name).to_owned()).collect(),
            organisation_units: Vec::new(),
            data_view_organisation_units: Vec::new(),
            user_groups: Vec::new(),
            disabled: false,
            two_factor: false,
        }
    }

    /// With units where it captures data.
    #[must_use]
    pub fn capturing(mut self, units: &[&str]) -> Self {
        self.organisation_units = units.iter().map(|unit| (*unit).to_owned()).collect();
        self
    }

    /// How it logs in, in words; `None`: it cannot.
    pub(super) fn login(&self) -> Option<String> {
        let password = self.password.as_ref().filter(|_| !self.two_factor).map(|password| format!("with {password:?}"));
        let token = self.tokens.first().map(|token| format!("with the token {}", token.key));
        let ways: Vec<String> = [password, token].into_iter().flatten().collect();
        (!self.disabled && !ways.is_empty()).then(|| format!("{} {}", self.username, ways.join(" or ")))
    }

    /// With a token that does not run out.
    #[must_use]
    pub fn with_token(mut self, key: &str) -> Self {
        self.tokens.push(Token { key: key.to_owned(), expire: None, methods: Vec::new() });
        self
    }
}

impl Default for Options {
    fn default() -> Self {
        Self {
            port: 0,
            profile: Profile::named(Profile::DEFAULT).expect("the default is one of the profiles"),
            users: vec![User::new(Self::USERNAME, Self::PASSWORD, &["ALL"]).with_token(Self::TOKEN)],
            metadata: Vec::new(),
            settings: Map::new(),
            system_id: None,
            timezone: "Etc/UTC".to_owned(),
            calendar: "iso8601".to_owned(),
            seed: 1,
            clock: Clock::system(),
            clock_skew: 0,
            lock_after_failures: false,
            host: None,
            latency: Duration::ZERO,
            faults: Faults::default(),
            gzip: true,
            numbers: super::numbers::Options::default(),
        }
    }
}

impl Options {
    /// Name of the superuser of a new server.
    pub const USERNAME: &'static str = "admin";
    /// Its password.
    pub const PASSWORD: &'static str = "district";
    /// Its token.
    pub const TOKEN: &'static str = "d2pat_0123456789abcdefghijABCDEFGHIJ010000000001";
    /// Name of the account for integrations that comes with the country.
    pub const INTEGRATION: &'static str = "integration";
    /// Its password.
    pub const INTEGRATION_PASSWORD: &'static str = "Tandara-2026";
    /// Its token.
    pub const INTEGRATION_TOKEN: &'static str = "d2pat_abcdefghij0123456789KLMNOPQRSTUV020000000002";
    /// When tests begin.
    pub const TEST_TIME: &'static str = "2026-06-15T09:00:00Z";

    /// A release by its name; panics when it is none, as it is written in a test.
    pub fn release(name: &str) -> Self {
        let profile = Profile::named(name).unwrap_or_else(|| panic!("DHIS2 {name} is not simulated"));
        Self { profile, ..Self::default() }
    }

    /// The same, with the clock at [`Self::TEST_TIME`] until it is moved.
    pub fn for_tests(release: &str) -> Self {
        Self { clock: Clock::at(Self::TEST_TIME), gzip: false, ..Self::release(release) }
    }

    /// The country of [`super::country`], with an account for integrations that captures data everywhere.
    #[must_use]
    pub fn with_country(self) -> Self {
        let account = User::new(Self::INTEGRATION, Self::INTEGRATION_PASSWORD, &["F_DATAVALUE_ADD"])
            .capturing(&[super::country::ROOT])
            .with_token(Self::INTEGRATION_TOKEN);
        let seed = self.seed;
        let mut options = self.with_metadata(super::country::document(seed)).with_user(account);
        if let Some(admin) = options.users.iter_mut().find(|user| user.username == Self::USERNAME) {
            admin.organisation_units = vec![super::country::ROOT.to_owned()];
        }
        options
    }

    /// With a document in the form of `/api/metadata`.
    #[must_use]
    pub fn with_metadata(mut self, document: Value) -> Self {
        self.metadata.push(document);
        self
    }

    /// With another account.
    #[must_use]
    pub fn with_user(mut self, user: User) -> Self {
        self.users.push(user);
        self
    }

    /// Reads a folder: `users.json` (accounts), `settings.json` (system settings), and every other `*.json` as a document of metadata, by name.
    pub fn from_dir(dir: &Path) -> io::Result<Self> {
        let mut options = Self::default();
        let mut files: Vec<_> = std::fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<_>>()?;
        files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
        files.sort();
        for path in files {
            let invalid = |error: serde_json::Error| {
                io::Error::new(io::ErrorKind::InvalidData, format!("{} is not what is expected: {error}", path.display()))
            };
            let content = std::fs::read(&path)?;
            match path.file_name().and_then(|name| name.to_str()) {
                Some("users.json") => options.users = serde_json::from_slice(&content).map_err(invalid)?,
                Some("settings.json") => options.settings = serde_json::from_slice(&content).map_err(invalid)?,
                _ => options.metadata.push(serde_json::from_slice(&content).map_err(invalid)?),
            }
        }
        Ok(options)
    }
}
