//! Logs of what goes on in Go.Data after its request was answered: exports and imports.

use std::time::Duration;

use kivuko_core::error::Error;
use serde::Deserialize;
use serde_json::Value;

use super::client::Client;
use super::errors::unreadable;
use crate::http::{Method, Safety};

/// The first pause before a log is looked at again; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// What does not get on for so long does not get on any more.
pub const PATIENCE: Duration = Duration::from_mins(30);

/// Where the logs of exports are.
pub const EXPORTS: &str = "export-logs";
/// Where the logs of imports are.
pub const IMPORTS: &str = "import-logs";

/// A log.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Log {
    status: String,
    #[serde(default)]
    pub total_no: Option<u64>,
    #[serde(default)]
    pub processed_no: Option<u64>,
    #[serde(default)]
    pub action_start_date: Option<String>,
    #[serde(default)]
    pub created_at: Option<String>,
    /// What an import says of rows that did not get in.
    #[serde(default)]
    pub result: Value,
}

impl Log {
    fn word(&self) -> &str {
        self.status.rsplit("_STATUS_").next().unwrap_or_default()
    }

    /// Whether all went well, without a warning.
    pub fn is_well(&self) -> bool {
        self.word() == "SUCCESS"
    }
}

/// How it ended.
#[derive(Debug)]
pub enum End {
    /// It is through, perhaps with warnings.
    Over(Log),
    /// Go.Data says that it failed: of an import, some of it may have taken effect.
    Failed(Log),
    /// There is no such log any more.
    Gone,
    /// It is in progress, and has not got on for [`PATIENCE`].
    Stuck,
}

/// Looks at a log until its work has ended.
///
/// # Errors
/// It cannot be read, or the run was asked to stop.
pub async fn follow(client: &Client, list: &'static str, id: &str) -> Result<End, Error> {
    let clock = &client.http.context().clock;
    let mut pause = FIRST_PAUSE;
    let mut moved = (clock.now(), None);
    loop {
        let answer = client.send(client.request(Method::Get, [list, id], Safety::Safe)).await?;
        if answer.status == 404 {
            return Ok(End::Gone);
        }
        if !answer.is_success() {
            return Err(unreadable(&answer));
        }
        let log: Log = answer.read()?;
        match log.word() {
            "SUCCESS" | "SUCCESS_WITH_WARNINGS" => return Ok(End::Over(log)),
            "FAILED" => return Ok(End::Failed(log)),
            _ => {}
        }
        if log.processed_no != moved.1 {
            moved = (clock.now(), log.processed_no);
        }
        if Duration::try_from(clock.now().duration_since(moved.0)).is_ok_and(|still| still > PATIENCE) {
            return Ok(End::Stuck);
        }
        client.http.sleep(pause).await?;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
