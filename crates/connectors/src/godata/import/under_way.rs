//! Imports that may be under way, of this run or of one that died.
//!
//! An import takes effect after its request was answered, up to the end of its log. Until then a look-up says nothing: what is missing may still come. So it is
//! noted in the shared session, durably, before an import is started, and whoever opens the account next sees it; and as long as one may be under way, nothing
//! is looked up or written before the list of import logs has none of the account in progress.

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use kivuko_core::catalogue::godata;
use kivuko_core::error::Error;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::RwLock;

use super::super::client::Client;
use super::super::errors::unreadable;
use super::super::logs::{self, End, IMPORTS, PATIENCE};
use crate::http::{Method, Safety};

/// What is noted when none is.
const NONE: &str = "";

/// What a client knows of the imports of its account.
#[derive(Debug, Default)]
pub struct UnderWay {
    /// An import of this run holds it alone; what is written through the API shares it.
    pub gate: RwLock<()>,
    /// One may be under way, and none is started later than this that we do not know of.
    until: Mutex<Option<Timestamp>>,
    /// The note that is to be taken back, by its generation: what somebody else noted since stays.
    noted: Mutex<Option<u64>>,
    waiting: tokio::sync::Mutex<()>,
}

impl UnderWay {
    fn until(&self) -> Option<Timestamp> {
        *self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers a note; the one before.
    fn remember(&self, generation: Option<u64>) -> Option<u64> {
        std::mem::replace(&mut *self.noted.lock().unwrap_or_else(PoisonError::into_inner), generation)
    }

    fn set(&self, change: impl FnOnce(Option<Timestamp>) -> Option<Timestamp>) {
        let mut until = self.until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = change(*until);
    }
}

/// What is needed of a log in the list.
#[derive(Deserialize)]
struct Listed {
    id: String,
}

impl Client {
    fn imports_key(&self) -> String {
        format!("{} imports", self.account_key())
    }

    fn now(&self) -> Timestamp {
        self.http.context().clock.now()
    }

    /// Before the first record of a target: sees whether an earlier run noted an import. A target that imports looks at the logs in any case: another
    /// installation may use the account.
    pub async fn recall_imports(&self, looks: bool) -> Result<(), Error> {
        let session = &self.http.context().session;
        let key = self.imports_key();
        let mut noted = session.get(&key).await?;
        if noted.is_some() {
            // What is kept in memory may be older than what another process noted.
            noted = Some(session.replace(&key, None, Box::new(|| Box::pin(async { Ok(NONE.to_owned()) }))).await?);
        }
        if let Some(noted) = noted.filter(|noted| noted.value != NONE) {
            self.under_way.remember(Some(noted.generation));
            self.doubt_imports();
        } else if looks {
            let now = self.now();
            self.under_way.set(|until| Some(until.map_or(now, |until| until.max(now))));
        }
        Ok(())
    }

    /// An import may have been started, and may start late.
    pub fn doubt_imports(&self) {
        let settle = SignedDuration::try_from_secs_f64(self.options.http.settle_secs).unwrap_or(SignedDuration::ZERO);
        let now = self.now();
        let last = now.checked_add(settle).unwrap_or(now);
        self.under_way.set(|until| Some(until.map_or(last, |until| until.max(last))));
    }

    /// Notes, durably, that an import is about to be started.
    pub async fn note_import(&self) -> Result<(), Error> {
        let session = &self.http.context().session;
        let key = self.imports_key();
        let value = format!("since {}", self.now());
        let mut seen = session.get(&key).await?.map(|noted| noted.generation);
        loop {
            let wanted = value.clone();
            let noted = session.replace(&key, seen, Box::new(|| Box::pin(async { Ok(wanted) }))).await?;
            if noted.value == value {
                self.under_way.remember(Some(noted.generation));
                return Ok(());
            }
            seen = Some(noted.generation);
        }
    }

    /// Takes the note back: none is under way any more.
    pub async fn forget_import(&self) -> Result<(), Error> {
        let Some(generation) = self.under_way.remember(None) else { return Ok(()) };
        let session = &self.http.context().session;
        session.replace(&self.imports_key(), Some(generation), Box::new(|| Box::pin(async { Ok(NONE.to_owned()) }))).await?;
        Ok(())
    }

    /// Waits until no import of the account is under way. Costs nothing where none can be.
    ///
    /// # Errors
    /// One does not get on, the logs cannot be read, or the run was asked to stop.
    pub async fn await_imports(&self) -> Result<(), Error> {
        if self.under_way.until().is_none() {
            return Ok(());
        }
        let _one_looks = self.under_way.waiting.lock().await;
        let Some(until) = self.under_way.until() else { return Ok(()) };
        let mut asked = self.now();
        loop {
            let listed = self.imports_in_progress().await?;
            if listed.is_empty() {
                break;
            }
            for log in listed {
                tracing::info!(log = log.id, "waiting for an import that is under way in Go.Data");
                if let End::Stuck = logs::follow(self, IMPORTS, &log.id).await? {
                    return Err(stuck(&log.id));
                }
            }
            asked = self.now();
        }
        if asked >= until {
            self.forget_import().await?;
            // Unless another doubt came up meanwhile.
            self.under_way.set(|now| now.filter(|now| *now > until));
        }
        Ok(())
    }

    async fn imports_in_progress(&self) -> Result<Vec<Listed>, Error> {
        let filter = json!({
            "where": { "status": "LNG_SYNC_STATUS_IN_PROGRESS", "createdBy": self.user().await? },
            "fields": ["id"], "order": ["id ASC"], "limit": 100,
        });
        let request = self.request(Method::Get, [IMPORTS], Safety::Safe).query("filter", &filter.to_string());
        let answer = self.send(request).await?;
        if answer.is_success() { answer.read() } else { Err(unreadable(&answer)) }
    }
}

/// An import that does not get on: what comes of it, nobody knows, so nothing is sent.
pub fn stuck(log: &str) -> Error {
    let minutes = PATIENCE.as_secs() / 60;
    Error::stop(
        godata::IMPORT_STUCK,
        format!(
            "the import {log} of Go.Data says that it is in progress and has not got on for {minutes} minutes; nothing is written before it has ended"
        ),
    )
}
