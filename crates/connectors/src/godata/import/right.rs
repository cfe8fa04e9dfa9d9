//! What is there after an import, compared with what was sent: the rest is sent through the API.

use kivuko_core::connector::{Action, Candidate, Key, Standing, Write, Written};
use kivuko_core::diff;
use kivuko_core::error::Error;
use serde_json::{Map, Value};

use super::super::address;
use super::super::write::Writer;
use super::Importing;

/// The visual id of a record is Go.Data's: under a mask it is another one than was sent, and sending it again would make yet another.
const NOT_PUT_RIGHT: &str = "visualId";

impl Writer<'_> {
    /// Sends of each record that is there what is not in it as it was sent; what became of it in the end.
    pub(super) async fn put_right(&self, there: Vec<(Candidate, Value)>, importing: &Importing<'_>) -> Vec<Written> {
        let mut written: Vec<Written> = Vec::with_capacity(there.len());
        let mut wrong = Vec::new();
        for (at, (found, sent)) in there.iter().enumerate() {
            let merged = diff::merge(&found.body, sent, &importing.replaced_whole);
            let changed: Vec<String> =
                diff::changed_fields(&found.body, &merged).into_iter().filter(|field| field != NOT_PUT_RIGHT).collect();
            if !changed.is_empty() && !found.deleted {
                let body: Map<String, Value> = changed.into_iter().map(|field| (field.clone(), merged[&field].clone())).collect();
                let write = Write {
                    action: Action::Update,
                    key: Key(Vec::new()),
                    id: Some(found.id.clone()),
                    body: Value::Object(body).into(),
                    parent: None,
                };
                wrong.push((at, write));
            }
            written.push(Written::Done { id: found.id.clone(), version: found.version.clone(), returned: Some(found.body.clone()) });
        }
        if wrong.is_empty() {
            return written;
        }
        let (at, writes): (Vec<usize>, Vec<Write>) = wrong.into_iter().unzip();
        let changed = match address::of(&self.place, &writes).await {
            Ok(addressed) => self.change(&writes, addressed).await,
            Err(error) => vec![Written::Failed(error); writes.len()],
        };
        for (at, changed) in at.into_iter().zip(changed) {
            written[at] = match changed {
                Written::Failed(error) => {
                    let (found, sent) = &there[at];
                    importing.unfinished.with(|known| known.insert(found.id.clone(), sent.clone()));
                    Written::Failed(error.with_unknown_effect().ended())
                }
                other => other,
            };
        }
        written
    }

    /// Puts right what the engine finds of files of which nobody knew what became.
    pub async fn finish(&self, found: &mut [Vec<Candidate>], importing: &Importing<'_>) -> Result<(), Error> {
        if importing.unfinished.with(|known| known.is_empty()) {
            return Ok(());
        }
        let taken = |candidate: &&Candidate| !candidate.deleted;
        let there: Vec<(Candidate, Value)> = found
            .iter()
            .flatten()
            .filter(taken)
            .filter_map(|candidate| importing.unfinished.take(&candidate.id).map(|sent| (candidate.clone(), sent)))
            .collect();
        let ids: Vec<String> = there.iter().map(|(candidate, _)| candidate.id.clone()).collect();
        for (id, written) in ids.into_iter().zip(self.put_right(there, importing).await) {
            match written {
                Written::Failed(error) => return Err(error),
                Written::Done { version, returned, .. } => {
                    for candidate in found.iter_mut().flatten().filter(|candidate| candidate.id == id) {
                        candidate.version.clone_from(&version);
                        if let Some(body) = &returned {
                            candidate.body.clone_from(body);
                        }
                    }
                }
                Written::Refused(cause) | Written::NotYet(cause) => {
                    for candidate in found.iter_mut().flatten().filter(|candidate| candidate.id == id) {
                        candidate.standing = Standing::Barred(cause.clone());
                    }
                }
            }
        }
        Ok(())
    }
}
