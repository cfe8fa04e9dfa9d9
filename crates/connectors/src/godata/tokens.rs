//! Reads the tokens of all languages: one partition for each language, each asked for in one answer.
//!
//! Go.Data lists the tokens of a language whole, or those that were set since a moment; of the single token it says neither an id nor when it was set. So a
//! token is known by its language and its name, its version is made of its words, and the cursor is the last change of the language that the answer tells. It
//! stays where it was until the whole answer is through.
//!
//! What cannot be seen: tokens that were removed. A window can have a beginning (`--since`) and no end.

use std::sync::Arc;
use std::vec::IntoIter;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{network, target};
use kivuko_core::connector::{self, ReadRequest, SourceSpec};
use kivuko_core::error::Error;
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};
use serde::Deserialize;
use serde_json::json;

use super::client::{Client, to_bytes};
use super::config::from_options;
use super::cursor::{Position, stamp_text};
use super::errors::unreadable;
use super::labels::languages;
use super::read::known;
use crate::http::{Method, Safety};

/// The tokens of a language, as the API answers them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tokens {
    #[serde(default)]
    last_update_date: Option<String>,
    pub tokens: Vec<Token>,
}

/// A word of a language.
#[derive(Deserialize)]
pub struct Token {
    pub token: String,
    #[serde(default)]
    pub translation: Option<String>,
}

impl Tokens {
    /// All tokens of a language, or those that were set since then.
    pub async fn read(client: &Client, language: &str, since: Option<Timestamp>) -> Result<Self, Error> {
        let mut request = client.request(Method::Get, ["languages", language, "language-tokens"], Safety::Safe);
        if let Some(since) = since {
            let filter = json!({ "where": { "updatedSince": stamp_text(since) } });
            request = request.query("filter", &filter.to_string());
        }
        let answer = client.send(request).await?;
        if answer.is_success() { answer.read() } else { Err(unreadable(&answer)) }
    }

    fn changed(&self) -> Option<Timestamp> {
        self.last_update_date.as_deref().and_then(|moment| moment.parse().ok())
    }
}

/// The tokens as a source.
#[derive(Debug)]
pub struct TokenSource {
    client: Arc<Client>,
}

impl TokenSource {
    /// Opens it.
    pub fn new(client: Arc<Client>, spec: &SourceSpec) -> Result<Self, Error> {
        if spec.id.is_some() {
            let message = "the identity of a token is its language and its name; leave `id:` out";
            return Err(Error::configuration(target::KEY_NOT_SEARCHABLE, message));
        }
        if spec.cursor.is_some() {
            let message = "Go.Data says of each language when a token of it was set last, and nothing else; leave `cursor:` out";
            return Err(Error::configuration(target::UNKNOWN_FIELD, message));
        }
        from_options(&spec.options, known(&spec.resource)?)?;
        Ok(Self { client })
    }

    async fn pages(&self, request: ReadRequest) -> Result<TokenPages, Error> {
        if request.until.is_some() {
            let message = "Go.Data does not say when a token was set, so a reading of tokens has no end in time; leave --until out";
            return Err(Error::configuration(network::BAD_OPTIONS, message));
        }
        let resumed = request.from.as_ref().map(Position::parse).transpose()?;
        let overlap = SignedDuration::from_secs(self.client.options.overlap_secs.into());
        let since = match (&resumed, request.since, &request.only) {
            (_, _, Some(_)) => None,
            (Some(position), None, None) => Some(position.time.checked_sub(overlap).unwrap_or(Timestamp::MIN)),
            (_, since, None) => since,
        };
        let language = request.partition.0;
        let answer = Tokens::read(&self.client, &language, since.map(|since| since.max(Timestamp::UNIX_EPOCH))).await?;
        let at = |time| Position { time, id: String::new() };
        let still = resumed.clone().unwrap_or_else(|| at(Timestamp::UNIX_EPOCH));
        let end = answer.changed().map(at).max(resumed.clone()).unwrap_or_else(|| still.clone());
        let mut records: Vec<SourceRecord> = answer.tokens.into_iter().map(|token| record(&language, &token)).collect();
        if let Some(only) = &request.only {
            records.retain(|record| record.id.as_ref().is_some_and(|id| only.contains(id)));
        }
        let nothing_new = records.is_empty() && resumed.as_ref() == Some(&end);
        Ok(TokenPages {
            records: records.into_iter(),
            page_size: request.page_size.max(1),
            still: still.cursor(),
            end: (!nothing_new).then(|| end.cursor()),
        })
    }
}

fn record(language: &str, token: &Token) -> SourceRecord {
    let body = to_bytes(&json!({ "languageId": language, "token": token.token, "translation": token.translation }));
    let version = blake3::hash(&body).to_hex()[..16].to_owned();
    SourceRecord {
        id: Some(format!("{language}:{}", token.token)),
        place: format!("token {} of {language}", token.token),
        version: Some(version),
        deleted: false,
        body: Ok(Bytes::from(body)),
        read: None,
    }
}

impl connector::Source for TokenSource {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        Box::pin(async move { Ok(languages(&self.client).await?.into_iter().map(Partition).collect()) })
    }

    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn connector::Pages>, Error>> {
        Box::pin(async move { Ok(Box::new(self.pages(request).await?) as Box<dyn connector::Pages>) })
    }

    fn reads_whole(&self) -> bool {
        false
    }
}

/// The answer of one language in pages.
struct TokenPages {
    records: IntoIter<SourceRecord>,
    page_size: usize,
    /// Where the cursor stays until the last page.
    still: Cursor,
    /// What comes with the last page; gone after it.
    end: Option<Cursor>,
}

impl connector::Pages for TokenPages {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(async move {
            let records: Vec<SourceRecord> = self.records.by_ref().take(self.page_size).collect();
            let next = if self.records.len() == 0 { self.end.take() } else { Some(self.still.clone()) };
            Ok(next.map(|next| Page { records, next }))
        })
    }
}
