//! People that are not, or not only, where the flow looks for them: of another kind by now, deleted, merged into someone else.
//!
//! A case, a contact and a contact of a contact are one record that moves from one list to another and keeps its id. Whoever is not found in the list of the
//! flow is looked for among the other kinds, with one question for all, so that nobody is made a second time. What is found is either brought here first,
//! where the flow says so (`convert`, `restore`), or barred with the reason.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use kivuko_core::catalogue::godata;
use kivuko_core::connector::{Candidate, Key, Standing};
use kivuko_core::error::{Cause, Error};
use serde_json::{Value, json};

use super::address::Step;
use super::key::Search;
use super::lookup::{Place, candidate};
use super::persons::PersonKind;

/// What the flow allows.
#[derive(Debug, Clone, Default)]
pub struct Allowed {
    /// The kinds that a person may be converted from.
    pub convert: Vec<PersonKind>,
    /// Deleted people may be restored.
    pub restore: bool,
}

/// What has to be done to someone before the record can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lift {
    /// Convert it from this kind.
    From(PersonKind),
    Restore,
}

impl Lift {
    /// The request that does it.
    pub fn step(self, id: &str, here: PersonKind) -> Step {
        let (list, what) = match self {
            Self::From(kind) => (kind.resource(), here.conversion()),
            Self::Restore => (here.resource(), "restore"),
        };
        Step { path: [list, id, what].map(str::to_owned).to_vec(), body: json!({}) }
    }
}

/// Who was found elsewhere, from the look-up until the writing.
#[derive(Debug, Default)]
pub struct Lifts(Mutex<HashMap<String, Lift>>);

impl Lifts {
    pub fn of(&self, id: &str) -> Option<Lift> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    /// It was done.
    pub fn done(&self, id: &str) {
        self.set(id, None);
    }

    fn set(&self, id: &str, lift: Option<Lift>) {
        let mut lifts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match lift {
            Some(lift) => lifts.insert(id.to_owned(), lift),
            None => lifts.remove(id),
        };
    }
}

/// A conversion puts the answers to the questionnaire of the former kind aside, and brings those to that of the new kind back: what is to be sent is
/// compared and merged with those.
fn put_answers_aside(body: &mut Value, from: PersonKind, to: PersonKind) {
    let Value::Object(members) = body else { return };
    let answers = members.remove("questionnaireAnswers");
    if let (Some(aside), Some(answers)) = (from.answers_aside(), answers) {
        members.insert(aside.to_owned(), answers);
    }
    if let Some(answers) = to.answers_aside().and_then(|aside| members.remove(aside)) {
        members.insert("questionnaireAnswers".to_owned(), answers);
    }
}

/// Looks for people of one kind among the others.
#[derive(Debug)]
pub struct Elsewhere<'a> {
    pub place: &'a Place<'a>,
    pub here: PersonKind,
    pub allowed: &'a Allowed,
    pub lifts: &'a Lifts,
}

impl Elsewhere<'_> {
    /// Adds to what was found by keys here: who else holds those of them that no living record here holds. Only who is alone with a key may be restored: where
    /// somebody living has it, what was deleted stays so.
    pub async fn complete_keys(&self, search: &Search, keys: &[Key], found: &mut [Vec<Candidate>]) -> Result<(), Error> {
        self.stay(found.iter().flatten());
        let missing: Vec<usize> = (0..keys.len()).filter(|at| found[*at].iter().all(|candidate| candidate.deleted)).collect();
        if self.here != PersonKind::Event {
            let asked: Vec<&Key> = missing.iter().map(|at| &keys[*at]).collect();
            let others = self.others(&asked, &|keys| search.condition(keys)).await?;
            let mut elsewhere: Vec<Vec<Candidate>> = Vec::with_capacity(missing.len());
            for at in &missing {
                elsewhere.push(
                    others.iter().filter(|body| search.holds(body, &keys[*at])).filter_map(|body| self.of_another_kind(body)).collect(),
                );
            }
            let alone = missing.iter().zip(&elsewhere).filter(|(_, others)| others.iter().all(|other| other.deleted)).map(|(at, _)| *at);
            let alone: HashSet<usize> = alone.collect();
            let gone = found.iter_mut().enumerate().filter(|(at, _)| alone.contains(at)).flat_map(|(_, candidates)| candidates);
            self.see_deleted(gone.collect()).await?;
            for (at, others) in missing.into_iter().zip(elsewhere) {
                found[at].extend(others);
            }
        }
        Ok(())
    }

    /// The same for ids.
    pub async fn complete_ids(&self, ids: &[String], found: &mut [Option<Candidate>]) -> Result<(), Error> {
        self.stay(found.iter().flatten());
        if self.here == PersonKind::Event {
            return Ok(());
        }
        self.see_deleted(found.iter_mut().flatten().filter(|candidate| candidate.deleted).collect()).await?;
        let missing: Vec<usize> = (0..ids.len()).filter(|at| found[*at].is_none()).collect();
        let asked: Vec<&String> = missing.iter().map(|at| &ids[*at]).collect();
        let others = self.others(&asked, &|ids| json!({ "id": { "inq": ids } })).await?;
        for at in missing {
            let is_it = |body: &&Value| body.get("id").and_then(Value::as_str) == Some(&ids[at]);
            found[at] = others.iter().find(is_it).and_then(|body| self.of_another_kind(body));
        }
        Ok(())
    }

    async fn others<T: Sync>(&self, wanted: &[&T], condition: &(dyn Fn(&[&T]) -> Value + Sync)) -> Result<Vec<Value>, Error> {
        if wanted.is_empty() {
            return Ok(Vec::new());
        }
        let codes: Vec<&str> = self.here.others().map(PersonKind::code).collect();
        let among_others = |wanted: &[&T]| json!({ "and": [condition(wanted), { "type": { "inq": codes } }] });
        self.place.all_in(&["people"], false, &json!({ "deleted": true }), wanted, &among_others).await
    }

    fn of_another_kind(&self, body: &Value) -> Option<Candidate> {
        let kind = PersonKind::of_code(body.get("type")?.as_str()?)?;
        let mut found = candidate(self.place.resource, body)?;
        if found.deleted {
            return Some(found);
        }
        let may = self.allowed.convert.contains(&kind);
        self.lifts.set(&found.id, may.then_some(Lift::From(kind)));
        found.standing = if may {
            put_answers_aside(&mut found.body, kind, self.here);
            Standing::Due
        } else {
            let (now, list, here) = (kind.words(), kind.resource(), self.here.resource());
            let message = format!(
                "this person is {now} in Go.Data ({list} {}), not in the list of {here}; `convert: {list}` lets the flow convert it",
                found.id
            );
            Standing::Barred(Cause::new(godata::OTHER_KIND, message))
        };
        Some(found)
    }

    /// Who lives here needs nothing done.
    fn stay<'c>(&self, found: impl Iterator<Item = &'c Candidate>) {
        for candidate in found.filter(|candidate| !candidate.deleted) {
            self.lifts.set(&candidate.id, None);
        }
    }

    /// Looks at those who are deleted here: they may be restored, or were merged into someone else.
    async fn see_deleted(&self, gone: Vec<&mut Candidate>) -> Result<(), Error> {
        if gone.is_empty() {
            return Ok(());
        }
        let ids: Vec<String> = gone.iter().map(|candidate| candidate.id.clone()).collect();
        let merged = self.merged(&ids).await?;
        for candidate in gone {
            if let Some(left) = merged.get(&candidate.id) {
                let message = format!("the record {} was merged into {left} as a duplicate, and is deleted since", candidate.id);
                candidate.standing = Standing::Barred(Cause::new(godata::MERGED, message));
            } else if self.allowed.restore {
                candidate.deleted = false;
                candidate.standing = Standing::Due;
                self.lifts.set(&candidate.id, Some(Lift::Restore));
            }
        }
        Ok(())
    }

    /// Into whom each of these was merged.
    async fn merged(&self, ids: &[String]) -> Result<HashMap<String, String>, Error> {
        let all: Vec<&String> = ids.iter().collect();
        let fields = json!({ "fields": ["id", "mergedDuplicatesIds"] });
        let left = self.place.all_in(&["people"], false, &fields, &all, &|ids| json!({ "mergedDuplicatesIds": { "inq": ids } })).await?;
        let asked: HashSet<&String> = all.into_iter().collect();
        let mut merged = HashMap::new();
        for body in &left {
            let Some(id) = body.get("id").and_then(Value::as_str) else { continue };
            let duplicates = body.get("mergedDuplicatesIds").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let of_ours = duplicates.iter().filter_map(Value::as_str).filter(|duplicate| asked.contains(&(*duplicate).to_owned()));
            merged.extend(of_ours.map(|duplicate| (duplicate.to_owned(), id.to_owned())));
        }
        Ok(merged)
    }
}
