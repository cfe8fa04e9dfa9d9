//! What became of the rows of an import that has ended.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use kivuko_core::catalogue::godata;
use kivuko_core::connector::{Candidate, Written};
use kivuko_core::error::Error;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::address::Addressed;
use super::super::errors::{row_cause, unreadable};
use super::super::logs::{self, End, IMPORTS, Log};
use super::super::write::Writer;
use super::{Importing, Row, under_way};
use crate::http::{Method, Safety};

/// So many ids are asked for in one question.
const ASKED_TOGETHER: usize = 250;
/// So often the results of an import are asked for: Go.Data stores them beside its log, not before it.
const TRIES: usize = 6;
const PAUSE: Duration = Duration::from_millis(500);
/// Go.Data's own word for a row that it did not come to.
const NOT_COME_TO: &str = "IMPORT_DATA_NOT_PROCESSED";

/// What Go.Data says of a row that it did not take.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failure {
    record_no: usize,
    #[serde(default)]
    error: Value,
}

/// What became of the rows of an import that has ended.
pub(super) struct Sorted<'w, 'b> {
    /// They are there.
    pub there: Vec<(Row<'w, 'b>, Candidate)>,
    /// Something else has their id.
    pub taken: Vec<&'w Addressed<'b>>,
    pub others: Vec<(usize, Written)>,
}

/// What is seen when an import has ended.
#[derive(Default)]
struct Seen {
    /// What is there under the id of each row.
    found: Vec<Option<Candidate>>,
    /// What Go.Data says of rows that it did not take, by their numbers.
    failures: HashMap<usize, Failure>,
    /// Ids of rows that did not get in, and that something has.
    occupied: HashSet<String>,
}

impl Writer<'_> {
    /// Waits for the end of an import and finds out what became of its rows.
    pub(super) async fn see_through<'w, 'b>(
        &self,
        log: &str,
        rows: Vec<Row<'w, 'b>>,
        importing: &Importing<'_>,
    ) -> Result<Sorted<'w, 'b>, Error> {
        let client = self.place.client;
        let ended = match logs::follow(client, IMPORTS, log).await {
            Ok(End::Stuck) => Err(under_way::stuck(log)),
            other => other,
        };
        let ended = match ended {
            Ok(ended) => ended,
            Err(error) => {
                client.doubt_imports();
                importing.unfinished.put(&rows);
                return Err(error);
            }
        };
        let seen = async {
            client.forget_import().await?;
            self.look(log, &ended, &rows).await
        }
        .await;
        let Seen { found, failures, occupied } = match seen {
            Ok(seen) => seen,
            Err(error) => {
                importing.unfinished.put(&rows);
                return Err(error.ended());
            }
        };
        importing.unfinished.with(|known| rows.iter().for_each(|row| _ = known.remove(&row.id)));
        let mut sorted = Sorted { there: Vec::new(), taken: Vec::new(), others: Vec::new() };
        for ((at, row), found) in rows.into_iter().enumerate().zip(found) {
            let failure = failures.get(&(at + 1));
            let is_it = |found: &Candidate| {
                failure.is_none() || (!found.deleted && self.search.is_none_or(|search| search.holds(&found.body, &row.one.write.key)))
            };
            match (found, failure) {
                // Also what an earlier file of the same rows made, and what was made though something after it failed.
                (Some(found), _) if is_it(&found) => sorted.there.push((row, found)),
                (_, Some(_)) if occupied.contains(&row.id) => sorted.taken.push(row.one),
                (_, Some(failure)) if !failure.is_not_come_to() => {
                    sorted.others.push((row.one.position, Written::Refused(row_cause(&failure.error))));
                }
                _ => {
                    let message = format!("the import {log} has ended; the record is not there, and Go.Data does not say why");
                    let error = Error::retry(godata::IMPORT_LOST, message).with_unknown_effect().ended();
                    sorted.others.push((row.one.position, Written::Failed(error)));
                }
            }
        }
        Ok(sorted)
    }

    /// What is there under the ids of the rows, what is said of the others, and which ids something has that is not in the list.
    async fn look(&self, log: &str, ended: &End, rows: &[Row<'_, '_>]) -> Result<Seen, Error> {
        let ids: Vec<String> = rows.iter().map(|row| row.id.clone()).collect();
        let mut found = Vec::with_capacity(ids.len());
        for ids in ids.chunks(ASKED_TOGETHER) {
            found.extend(self.place.by_ids(ids).await?);
        }
        let went_well = matches!(ended, End::Over(log) if log.is_well());
        if went_well && found.iter().all(Option::is_some) {
            return Ok(Seen { found, ..Seen::default() });
        }
        let promised = match ended {
            End::Over(log) | End::Failed(log) => promised(log),
            End::Gone | End::Stuck => 0,
        };
        let failures = self.failures(log, promised).await?;
        let failed: Vec<&String> = ids.iter().enumerate().filter(|(at, _)| failures.contains_key(&(at + 1))).map(|(_, id)| id).collect();
        let mut occupied: HashSet<String> = found.iter().flatten().map(|found| found.id.clone()).collect();
        if self.place.resource.person().is_some() && !failed.is_empty() {
            let filter = json!({ "fields": ["id"], "deleted": true });
            let people = self.place.all_in(&["people"], false, &filter, &failed, &|ids| json!({ "id": { "inq": ids } })).await?;
            occupied.extend(people.iter().filter_map(|body| body.get("id").and_then(Value::as_str)).map(str::to_owned));
        }
        Ok(Seen { found, failures, occupied })
    }

    /// What Go.Data says of the rows that it did not take, by their numbers.
    async fn failures(&self, log: &str, promised: usize) -> Result<HashMap<usize, Failure>, Error> {
        let client = self.place.client;
        // Without the rows themselves, which come back with it otherwise.
        let filter = json!({ "where": { "importLogId": log }, "fields": ["recordNo", "error"], "order": ["recordNo ASC"] });
        let mut tries = 0;
        loop {
            tries += 1;
            let answer =
                client.send(client.request(Method::Get, ["import-results"], Safety::Safe).query("filter", &filter.to_string())).await?;
            if !answer.is_success() {
                return Err(unreadable(&answer));
            }
            let failures: Vec<Failure> = answer.read()?;
            if failures.len() >= promised || tries == TRIES {
                return Ok(failures.into_iter().map(|failure| (failure.record_no, failure)).collect());
            }
            client.http.sleep(PAUSE).await?;
        }
    }
}

impl Failure {
    fn is_not_come_to(&self) -> bool {
        self.error.get("code").and_then(Value::as_str) == Some(NOT_COME_TO)
    }
}

/// How many rows failed, by what the log says.
fn promised(log: &Log) -> usize {
    let failed = log.result.pointer("/details/failed").and_then(Value::as_u64).unwrap_or_default();
    usize::try_from(failed).unwrap_or_default()
}
