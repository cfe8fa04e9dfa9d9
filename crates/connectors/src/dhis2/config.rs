//! What a person writes about a DHIS2 in `kivuko.yaml`, and about its numbers in a flow.

use kivuko_core::catalogue::network;
use kivuko_core::error::Error;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::scheme::Scheme;
use crate::http;

/// The options of the kind `dhis2`.
#[derive(Clone, Deserialize, JsonSchema)]
pub struct Options {
    #[serde(flatten)]
    pub http: http::Options,
    /// A personal access token, as a variable: `${DHIS2_TOKEN}`. Either this, or `username` and `password`.
    #[serde(default)]
    pub token: Option<String>,
    /// The user name of the account. Users with two-factor log-in cannot use it here: give the integration an account of its own, or a token.
    #[serde(default)]
    pub username: Option<String>,
    /// The password of the account, as a variable: `${DHIS2_PASSWORD}`.
    #[serde(default)]
    pub password: Option<String>,
    /// How far each reading goes back behind the last one, in seconds, for what became visible later than its time stamp says. Left out: 300.
    #[serde(default = "overlap_secs")]
    pub overlap_secs: u32,
    /// How many values are sent in one request, from 1 to 50000. Left out: 1000.
    #[serde(default = "batch_size")]
    #[schemars(range(min = 1, max = 50000))]
    pub batch_size: usize,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("username", &self.username).finish_non_exhaustive()
    }
}

const fn overlap_secs() -> u32 {
    300
}

const fn batch_size() -> usize {
    1000
}

/// How the account is shown to the server.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    Token(String),
    Basic { username: String, password: String },
}

impl Options {
    /// Brings the options into the one form that the rest of the connector relies on.
    pub fn normalised(mut self) -> Self {
        // People copy the address from a browser or from an API page; both are the same server.
        let trimmed = self.http.url.trim().trim_end_matches('/');
        self.http.url = trimmed.strip_suffix("/api").unwrap_or(trimmed).to_owned();
        let filled = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        self.token = filled(self.token.take());
        self.username = filled(self.username.take());
        self.password = self.password.take().filter(|text| !text.is_empty());
        self
    }

    /// What the requests carry.
    ///
    /// # Errors
    /// What is missing, or said twice.
    pub fn credentials(&self) -> Result<Credentials, String> {
        match (&self.token, &self.username, &self.password) {
            (Some(token), None, None) => Ok(Credentials::Token(token.clone())),
            (None, Some(username), Some(password)) => Ok(Credentials::Basic { username: username.clone(), password: password.clone() }),
            (None, None, None) => Err("`token` is missing, or `username` and `password`".to_owned()),
            (None, Some(_), None) => Err("`password` is missing".to_owned()),
            (None, None, Some(_)) => Err("`username` is missing".to_owned()),
            (Some(_), ..) => Err("`token` and `username` with `password` are two ways of logging in; keep one of them".to_owned()),
        }
    }

    /// What is wrong with them beyond their types; `http` tells of its own.
    pub fn problems(&self) -> Vec<String> {
        let mut problems: Vec<String> = self.credentials().err().into_iter().collect();
        if !(1..=50_000).contains(&self.batch_size) {
            problems.push("`batch_size` must be from 1 to 50000".to_owned());
        }
        problems
    }
}

/// One name, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Names {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl Names {
    /// All of them.
    pub fn all(&self) -> Vec<String> {
        match self {
            Self::One(one) => vec![one.clone()],
            Self::Several(several) => several.clone(),
        }
    }
}

/// What was written, as a list.
pub fn listed(names: Option<&Names>) -> Vec<String> {
    names.map(Names::all).unwrap_or_default()
}

/// Options of a flow's `from:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct FromOptions {
    /// `dataValueSets`, `completeDataSetRegistrations`: the data sets whose values are read, by name, code or id; each is read by itself, with a cursor of its own.
    pub data_set: Option<Names>,
    /// `dataValueSets`: the data elements whose values are read, in the place of a data set.
    pub data_element: Option<Names>,
    /// `dataValueSets`: the groups of data elements whose values are read, in the place of a data set.
    pub data_element_group: Option<Names>,
    /// Lists of metadata (`organisationUnits`, `options` ...): whether every run reads all of them, so that what is no longer there is noticed
    /// (`deletes: { detect: absence }`). Left out: no, a run reads what changed since the last one.
    pub whole: Option<bool>,
    /// The org units that are read, by name, code or id. Left out: those of the account.
    pub org_unit: Option<Names>,
    /// Whether the org units below are read as well. Left out: yes.
    pub children: Option<bool>,
    /// The periods that are read: `202403`, `2024W10`. Left out: all.
    pub period: Option<Names>,
    /// The first day of the periods that are read, with `end`.
    pub start: Option<String>,
    /// The last day of the periods that are read, with `start`.
    pub end: Option<String>,
    /// How things are named in the records: `uid`, `code`, `name` or `attribute:ID`. Left out: `uid`.
    pub id_scheme: Option<Scheme>,
    /// The same for data elements alone.
    pub data_element_id_scheme: Option<Scheme>,
    /// The same for org units alone.
    pub org_unit_id_scheme: Option<Scheme>,
    /// The same for category option combinations alone.
    pub category_option_combo_id_scheme: Option<Scheme>,
    /// The same for data sets alone.
    pub data_set_id_scheme: Option<Scheme>,
    /// `analytics`: data elements, indicators, data sets with a dimension of `REPORTING_RATE` and the like, by id.
    pub dx: Option<Names>,
    /// `analytics`: periods, also relative ones such as `LAST_12_MONTHS`.
    pub pe: Option<Names>,
    /// `analytics`: org units by id, `LEVEL-3`, `USER_ORGUNIT`.
    pub ou: Option<Names>,
    /// `analytics`: whether the numbers are told by category option combination. Left out: no.
    pub co: Option<bool>,
    /// `analytics`: filters as DHIS2 writes them, `J5jldMd8OHv:uYxK4wmcPqA`.
    pub filter: Option<Names>,
    /// `analytics`: whether the records have the names beside the ids. Left out: no.
    pub display: Option<bool>,
}

/// Options of a flow's `to:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetOptions {
    /// The data set that is written to, by name, code or id.
    pub data_set: Option<String>,
    /// The form in which values are sent: `json` or `adx`. Left out: `json`.
    pub format: Option<Format>,
    /// Whether DHIS2 takes an import as a job and is asked for its report: `auto` does so for large ones, `always`, `never`. Left out: `auto`.
    pub r#async: Option<Mode>,
    /// How the sheet names things: `uid`, `code`, `name` or `attribute:ID`. Left out: by whichever of id, code and name fits.
    pub id_scheme: Option<Scheme>,
    /// The same for data elements alone.
    pub data_element_id_scheme: Option<Scheme>,
    /// The same for org units alone.
    pub org_unit_id_scheme: Option<Scheme>,
    /// The same for category option combinations alone.
    pub category_option_combo_id_scheme: Option<Scheme>,
    /// The same for attribute option combinations alone.
    pub attribute_option_combo_id_scheme: Option<Scheme>,
    /// `adx`: how categories and their options are named in the document: `uid` or `code`. Left out: `uid`, which is always a name that XML allows.
    pub category_id_scheme: Option<Scheme>,
    /// Whether a value that was deleted in DHIS2 is given again when the source still has it. Left out: no, it is a rejection.
    pub restore: Option<bool>,
    /// Aggregate flows: whether data sets are marked complete when all their flows are done.
    pub complete: Option<bool>,
    /// `organisationUnits`: what the org units of the flow are put into. Only added, never taken away. Left out: nothing.
    pub assign: Option<Assign>,
}

/// What org units are put into.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assign {
    /// Programs, by name, code or id.
    pub programs: Option<Names>,
    /// Data sets, by name, code or id.
    pub data_sets: Option<Names>,
    /// Groups of org units, by name, code or id.
    pub groups: Option<Names>,
    /// `me`: they are put among the org units of the account that writes, where they do not lie below one of those already.
    pub users: Option<Users>,
}

/// Whose org units they become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Users {
    Me,
}

/// The form in which values are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    #[default]
    Json,
    Adx,
}

/// When an import is a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Auto,
    Always,
    Never,
}

/// Reads the options of a flow's `from:` or `to:`; `side` is which of them.
///
/// # Errors
/// What is no option, or not of its type.
pub fn read<T: DeserializeOwned + Default>(options: &Value, side: &str) -> Result<T, Error> {
    if options.is_null() {
        return Ok(T::default());
    }
    T::deserialize(options).map_err(|error| Error::configuration(network::BAD_OPTIONS, format!("`{side}`: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_account_logs_in_in_one_way() {
        let check = |more: Value, expected: Result<&str, &str>| {
            let mut options = json!({ "url": "https://dhis2.example/dhis/api/" });
            options.as_object_mut().expect("it is one").extend(more.as_object().expect("it is one").clone());
            let options: Options = serde_json::from_value(options).expect("they are options");
            let options = options.normalised();
            assert_eq!(options.http.url, "https://dhis2.example/dhis");
            let found = options.credentials().map(|credentials| match credentials {
                Credentials::Token(token) => token,
                Credentials::Basic { username, .. } => username,
            });
            assert_eq!(found.as_deref().map_err(String::as_str), expected, "{more}");
        };
        check(json!({ "token": " d2pat_x " }), Ok("d2pat_x"));
        check(json!({ "username": "a", "password": "b" }), Ok("a"));
        check(json!({}), Err("`token` is missing, or `username` and `password`"));
        check(json!({ "token": "" , "username": "a" }), Err("`password` is missing"));
        check(json!({ "password": "b" }), Err("`username` is missing"));
        check(
            json!({ "token": "t", "username": "a", "password": "b" }),
            Err("`token` and `username` with `password` are two ways of logging in; keep one of them"),
        );
    }

    #[test]
    fn options_of_a_flow_are_read() {
        let from: FromOptions =
            read(&json!({ "data_set": "A", "period": ["202401", "202402"], "id_scheme": "CODE" }), "from").expect("options");
        assert_eq!((listed(from.data_set.as_ref()), listed(from.period.as_ref()).len()), (vec!["A".to_owned()], 2));
        assert_eq!(from.id_scheme, Some(Scheme::Code));
        let to = read::<TargetOptions>(&json!({ "data_set": "A", "async": "never", "org_unit_id_scheme": "attribute:abcdefghij1" }), "to");
        assert_eq!(to.expect("options").org_unit_id_scheme, Some(Scheme::Attribute("abcdefghij1".to_owned())));
        assert!(read::<TargetOptions>(&json!({ "dataset": "A" }), "to").is_err());
    }
}
