//! Imports that DHIS2 takes as jobs: asks until it has its report.
//!
//! An empty list of notes means that the job is not known, has not begun, or was forgotten; an empty report that it is not there yet, or no longer. Neither
//! means that the import failed.

use std::time::Duration;

use kivuko_core::catalogue::dhis2;
use kivuko_core::error::Error;
use serde::Deserialize;

use super::super::client::Client;
use super::summary::{Reply, Summary};

const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);
/// So long a job may be without any note.
const SILENCE: Duration = Duration::from_mins(3);
/// So long a job may take.
const LONGEST: Duration = Duration::from_hours(2);
/// So long a report may be missing after the job has ended.
const REPORT: Duration = Duration::from_secs(30);

#[derive(Deserialize)]
struct Note {
    #[serde(default)]
    completed: bool,
}

/// The report of a job of a type, `DATAVALUE_IMPORT`.
///
/// # Errors
/// DHIS2 has none any more: what the import did is unknown.
pub async fn report(client: &Client, kind: &str, id: &str) -> Result<Summary, Error> {
    let mut pause = FIRST_PAUSE;
    let (mut waited, mut silent, mut ended) = (Duration::ZERO, Duration::ZERO, None::<Duration>);
    loop {
        client.http.sleep(pause).await.map_err(Error::with_unknown_effect)?;
        waited += pause;
        let notes: Vec<Note> = client.ask(client.get(["system", "tasks", kind, id])).await.map_err(Error::with_unknown_effect)?;
        if notes.first().is_some_and(|note| note.completed) {
            ended.get_or_insert(waited);
        }
        silent = if notes.is_empty() { silent + pause } else { Duration::ZERO };
        // A job that is quick to end may be forgotten before its notes are seen, but its report may still be there.
        if ended.is_some() || notes.is_empty() {
            let text = client.text(&client.get(["system", "taskSummaries", kind, id])).await.map_err(Error::with_unknown_effect)?;
            if let Reply::Summary(summary) = Reply::read(&text) {
                return Ok(summary);
            }
        }
        let lost = ended.is_some_and(|ended| waited > ended + REPORT) || silent > SILENCE || waited > LONGEST;
        if lost {
            let message = format!("DHIS2 took an import as the job {id} and has no report of it; what is stored is looked for");
            return Err(Error::retry(dhis2::IMPORT_LOST, message).with_unknown_effect());
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}
