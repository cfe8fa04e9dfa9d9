//! Creates records by a file that Go.Data imports (`to: { via: import }`).
//!
//! A file is uploaded, which has no effect; its import is started, followed in its log to the end, and then each of its records is looked at by its id. What is
//! there is compared with what was sent, and what the import changed is put right by a change through the API: Go.Data cuts dates to the start of the day
//! where the server stands. A row that Go.Data says it did not take is refused with its reason. Of a row that is neither there nor spoken of, nothing is
//! known but that the import has ended; the engine looks, and sends it again.
//!
//! Ids are made from the key (`row`), so that no row makes a record twice, and one import runs at a time while nothing goes through the API (`under_way`).
//! What was in a file of which nobody knows what became is remembered, and put right when the engine finds it.

mod ended;
mod right;
mod row;
mod tree;
mod under_way;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use kivuko_core::catalogue::{godata, network};
use kivuko_core::connector::{Key, ReplacedWhole, Written};
use kivuko_core::error::Error;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::address::Addressed;
use super::client::to_bytes;
use super::errors::{Remote, Verdict, judge, unreadable};
use super::schema::{Imports, Role};
use super::write::{Outcomes, Writer};
use crate::http::{Form, Method, Safety};

pub use under_way::UnderWay;

/// Fewer new records than this are not worth a file.
const WORTH_A_FILE: usize = 2;
/// What was sent in a file of which nobody knows yet what became, by the id of its row.
#[derive(Debug, Default)]
pub struct Unfinished(Mutex<HashMap<String, Value>>);

impl Unfinished {
    fn with<R>(&self, work: impl FnOnce(&mut HashMap<String, Value>) -> R) -> R {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put<'r>(&self, rows: impl IntoIterator<Item = &'r Row<'r, 'r>>) {
        self.with(|known| known.extend(rows.into_iter().map(|row| (row.id.clone(), row.body.clone()))));
    }

    fn take(&self, id: &str) -> Option<Value> {
        self.with(|known| known.remove(id))
    }
}

/// What importing needs beside what writing does.
#[derive(Debug)]
pub struct Importing<'a> {
    pub unfinished: &'a Unfinished,
    pub replaced_whole: Vec<ReplacedWhole>,
}

/// A record in a file.
#[derive(Debug)]
struct Row<'w, 'b> {
    id: String,
    one: &'w Addressed<'b>,
    body: Value,
}

#[derive(Deserialize)]
struct Uploaded {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Started {
    import_log_id: String,
}

impl Writer<'_> {
    /// Takes those new records out of a wave that go into a file.
    pub(super) async fn import<'w, 'b>(
        &self,
        creations: Vec<&'w Addressed<'b>>,
        importing: &Importing<'_>,
        outcomes: &mut Outcomes,
    ) -> Vec<&'w Addressed<'b>> {
        // Records of one key, or without one, have no id of their own.
        let mut keys: HashMap<&Key, usize> = HashMap::new();
        for one in &creations {
            *keys.entry(&one.write.key).or_default() += 1;
        }
        let (fit, mut left): (Vec<_>, Vec<_>) =
            creations.into_iter().partition(|one| !one.write.key.0.is_empty() && keys[&one.write.key] == 1 && one.address.first.is_none());
        let mut files: BTreeMap<Vec<String>, Vec<&Addressed<'_>>> = BTreeMap::new();
        for one in fit {
            files.entry(self.import_path(one)).or_default().push(one);
        }
        for (path, group) in files {
            if group.len() < WORTH_A_FILE {
                left.extend(group);
                continue;
            }
            // Nothing goes through the API while it runs.
            let _alone = self.place.client.under_way.gate.write().await;
            left.extend(self.import_file(&path, group, importing, outcomes).await);
        }
        left
    }

    /// The address of the import that a record belongs to: lab results have one for each kind of person.
    fn import_path(&self, one: &Addressed<'_>) -> Vec<String> {
        let list = self.place.resource.name.to_owned();
        match self.place.resource.role {
            Role::Child(_) => one.address.path.first().cloned().into_iter().chain([list]).collect(),
            _ => vec![list],
        }
    }

    fn row<'w, 'b>(&self, one: &'w Addressed<'b>) -> Row<'w, 'b> {
        let outbreak = self.place.outbreak.map_or("", |outbreak| outbreak.id.as_str());
        // What is sent below a person does not name the person; a row has to.
        let mut body: Map<String, Value> = one.address.body.as_ref().unwrap_or(&one.write.body).as_object().cloned().unwrap_or_default();
        if let (Role::Child(_), Some(person)) = (self.place.resource.role, one.address.path.get(1)) {
            body.insert("personId".to_owned(), json!(person));
        }
        Row { id: row::id(outbreak, self.place.resource.name, &one.write.key), one, body: Value::Object(body) }
    }

    /// One file. What comes back has to be created in another way.
    async fn import_file<'w, 'b>(
        &self,
        path: &[String],
        group: Vec<&'w Addressed<'b>>,
        importing: &Importing<'_>,
        outcomes: &mut Outcomes,
    ) -> Vec<&'w Addressed<'b>> {
        let rows: Vec<Row<'w, 'b>> = group.iter().map(|one| self.row(one)).collect();
        let (content, map) = row::file(rows.iter().map(|row| (row.id.as_str(), &row.body)));
        let log = match self.start(path, &content, map).await {
            Ok(log) => log,
            Err(error) => {
                if error.effect_unknown {
                    self.place.client.doubt_imports();
                    importing.unfinished.put(&rows);
                }
                outcomes.all(&group, &Written::Failed(error));
                return Vec::new();
            }
        };
        let sorted = match self.see_through(&log, rows, importing).await {
            Ok(sorted) => sorted,
            Err(error) => {
                outcomes.all(&group, &Written::Failed(error.with_unknown_effect()));
                return Vec::new();
            }
        };
        outcomes.take(sorted.others);
        let positions: Vec<usize> = sorted.there.iter().map(|(row, _)| row.one.position).collect();
        let there = sorted.there.into_iter().map(|(row, found)| (found, row.body)).collect();
        outcomes.take(positions.into_iter().zip(self.put_right(there, importing).await).collect());
        sorted.taken
    }

    /// Uploads a file and starts its import; the id of its log.
    async fn start(&self, path: &[String], content: &[u8], map: Value) -> Result<String, Error> {
        let client = self.place.client;
        client.await_imports().await?;
        let Imports::As(model) = self.place.resource.imports else {
            return Err(Error::bug(network::UNEXPECTED_ANSWER, "records without an import were to be imported"));
        };
        let form = Form::new(&*client.http.context().random).field("model", model).json_file("file", "kivuko.json", content);
        // A file that lies there does nothing, and is removed after a day.
        let answer = client.send(self.place.at(Method::Post, &["importable-files"], Safety::Safe).form(form)).await?;
        if !answer.is_success() {
            return Err(unreadable(&answer));
        }
        let file: Uploaded = answer.read()?;
        let below: Vec<&str> = path.iter().map(String::as_str).chain(["import-importable-file-using-map"]).collect();
        let body = json!({ "fileId": file.id, "map": map });
        client.note_import().await?;
        let request = self.place.at(Method::Post, &below, Safety::Write).json(to_bytes(&body));
        let started = match client.send(request).await {
            Ok(answer) if answer.is_success() => {
                return answer.read().map(|started: Started| started.import_log_id).map_err(Error::with_unknown_effect);
            }
            Ok(answer) => Err(if let Verdict::Whole(error) = judge(&answer) {
                error
            } else {
                let code = Remote::read(&answer.body).and_then(|remote| remote.code().map(str::to_owned)).unwrap_or_default();
                Error::retry(godata::IMPORT_LOST, format!("{}: answered with {} {code}", answer.request(), answer.status))
            }),
            Err(error) => Err(error),
        };
        if started.as_ref().is_err_and(|error: &Error| !error.effect_unknown) {
            client.forget_import().await?;
        }
        started
    }
}
