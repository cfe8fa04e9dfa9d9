//! Writes a batch and says of each record what became of it.
//!
//! Cases are created as an array and changed with `PUT /cases/bulk`. An array is not one step in Go.Data: an invalid item fails the call, and others of it
//! may be stored. So after a refusal the keys are looked up, what is there counts as written, and the rest goes one by one, so that each record gets an
//! answer of its own. A lost connection is left to the engine, which settles it by looking up. No record is ever sent twice without a look in between.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::StreamExt as _;
use futures_util::stream;
use kivuko_core::catalogue::{godata, network, record, target};
use kivuko_core::connector::{Action, Key, Write, Written};
use kivuko_core::error::{Cause, Error};
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::{self, Address, Addressed, Step};
use super::client::to_bytes;
use super::codes::Codes;
use super::conform::incomplete;
use super::errors::{Remote, Verdict, judge};
use super::import::Importing;
use super::items::Called;
use super::key::Search;
use super::lookup::Place;
use super::persons::PersonKind;
use super::resources::CHANGEABLE_OF_READ_ONLY;
use super::schema::{Resource, Role};
use crate::http::{Answer, Method, Safety};

/// How many single writes of a batch are under way at a time; the client's own limit holds besides.
pub(super) const AT_A_TIME: usize = 8;

/// Writes into one resource.
#[derive(Debug)]
pub struct Writer<'a> {
    pub place: Place<'a>,
    pub search: Option<&'a Search>,
    pub codes: &'a Codes,
    pub bulk_update: &'a AtomicBool,
    /// Whether the server takes several new records in one request. Learnt by a refusal.
    pub arrays: &'a AtomicBool,
    pub one_by_one: bool,
    /// What tokens are called in the language of the account.
    pub called: &'a Called,
    /// New records go into files.
    pub importing: Option<Importing<'a>>,
}

/// The positions of a batch with what became of them.
pub(super) struct Outcomes(Vec<Option<Written>>);

impl Outcomes {
    pub(super) fn set(&mut self, position: usize, written: Written) {
        self.0[position] = Some(written);
    }

    pub(super) fn get(&self, position: usize) -> Option<&Written> {
        self.0[position].as_ref()
    }

    pub(super) fn get_mut(&mut self, position: usize) -> Option<&mut Written> {
        self.0[position].as_mut()
    }

    pub(super) fn is_done(&self, position: usize) -> bool {
        matches!(self.0[position], Some(Written::Done { .. }))
    }

    pub(super) fn all(&mut self, writes: &[&Addressed<'_>], written: &Written) {
        for one in writes {
            self.set(one.position, written.clone());
        }
    }

    pub(super) fn take(&mut self, written: Vec<(usize, Written)>) {
        for (position, written) in written {
            self.set(position, written);
        }
    }

    fn whole(self) -> Vec<Written> {
        let forgotten = || Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, "a record of a batch was not dealt with"));
        self.0.into_iter().map(|outcome| outcome.unwrap_or_else(forgotten)).collect()
    }
}

/// What became of the items of an array.
#[derive(Default)]
struct Created(Vec<(usize, Written)>);

impl Created {
    fn all(&mut self, writes: &[&Addressed<'_>], written: &Written) {
        self.0.extend(writes.iter().map(|one| (one.position, written.clone())));
    }

    /// One by one, so that each gets an answer of its own.
    async fn each(&mut self, writer: &Writer<'_>, writes: &[&Addressed<'_>]) {
        for one in writes {
            self.0.push(writer.one_of(one).await);
        }
    }
}

impl Writer<'_> {
    /// Writes a batch.
    pub async fn write(&self, batch: &[Write]) -> Vec<Written> {
        let addressed = match address::of(&self.place, batch).await {
            Ok(addressed) => addressed,
            Err(error) => return vec![Written::Failed(error); batch.len()],
        };
        let mut outcomes = Outcomes(vec![None; batch.len()]);
        let mut writes = Vec::with_capacity(batch.len());
        for (position, (write, addressed)) in batch.iter().zip(addressed).enumerate() {
            let addressed = match addressed {
                Ok(address) if write.action == Action::Create => match incomplete(self.place.resource, &write.body) {
                    None => Ok(address),
                    Some(cause) => Err(Written::Refused(cause)),
                },
                other => other,
            };
            match addressed {
                Ok(address) => writes.push(Addressed { position, write, address }),
                Err(written) => outcomes.set(position, written),
            }
        }
        if self.place.resource.role == Role::Place {
            self.write_places(&writes, &mut outcomes).await;
            return outcomes.whole();
        }
        // What touches one person is never under way together.
        for mut wave in address::waves(&writes) {
            if let Some(importing) = &self.importing {
                let (creations, others) = wave.into_iter().partition(|one| one.write.action == Action::Create);
                wave = others;
                wave.extend(self.import(creations, importing, &mut outcomes).await);
            }
            let _no_import_runs = self.place.client.under_way.gate.read().await;
            self.write_wave(&wave, &mut outcomes).await;
        }
        if self.place.resource.role == Role::Item {
            self.settle_items(&writes, &mut outcomes).await;
        }
        outcomes.whole()
    }

    /// Changes records that have their addresses.
    pub(super) async fn change(&self, writes: &[Write], addressed: Vec<Result<Address, Written>>) -> Vec<Written> {
        let mut outcomes = Outcomes(vec![None; writes.len()]);
        let mut known = Vec::with_capacity(writes.len());
        for (position, (write, address)) in writes.iter().zip(addressed).enumerate() {
            match address {
                Ok(address) => known.push(Addressed { position, write, address }),
                Err(written) => outcomes.set(position, written),
            }
        }
        self.update(known.iter().collect(), &mut outcomes).await;
        outcomes.whole()
    }

    async fn write_wave(&self, wave: &[&Addressed<'_>], outcomes: &mut Outcomes) {
        let of = |action: Action| wave.iter().copied().filter(|one| one.write.action == action).collect::<Vec<_>>();
        let mut creations: BTreeMap<&[String], Vec<&Addressed<'_>>> = BTreeMap::new();
        for one in of(Action::Create) {
            creations.entry(&one.address.path).or_default().push(one);
        }
        let mut single = Vec::new();
        let mut arrays = Vec::new();
        for group in creations.into_values() {
            if self.creates_together(&group) { arrays.push(group) } else { single.extend(group) }
        }
        let mut arrays_under_way = Vec::with_capacity(arrays.len());
        for group in arrays {
            arrays_under_way.push(self.create_together(group));
        }
        let mut running = stream::iter(arrays_under_way).buffer_unordered(AT_A_TIME);
        while let Some(created) = running.next().await {
            outcomes.take(created);
        }
        drop(running);
        self.each(&single, outcomes).await;
        self.update(of(Action::Update), outcomes).await;
        self.delete(&of(Action::Delete), outcomes).await;
        self.each(&of(Action::Deactivate), outcomes).await;
    }

    /// An array is sent only where it can be found out afterwards which of its items were stored.
    fn creates_together(&self, group: &[&Addressed<'_>]) -> bool {
        let keys: HashSet<&Key> = group.iter().map(|one| &one.write.key).collect();
        let can_be_told_apart = keys.len() == group.len() && keys.iter().all(|key| !key.0.is_empty());
        self.arrays.load(Ordering::Relaxed) && self.search.is_some() && !self.one_by_one && can_be_told_apart
    }

    pub(super) async fn each(&self, writes: &[&Addressed<'_>], outcomes: &mut Outcomes) {
        let at_a_time = if self.one_by_one { 1 } else { AT_A_TIME };
        let mut under_way = Vec::with_capacity(writes.len());
        for one in writes {
            under_way.push(self.one_of(one));
        }
        let mut running = stream::iter(under_way).buffer_unordered(at_a_time);
        while let Some((position, written)) = running.next().await {
            outcomes.set(position, written);
        }
    }

    pub(super) async fn one_of(&self, one: &Addressed<'_>) -> (usize, Written) {
        (one.position, self.one(one).await)
    }

    async fn one(&self, Addressed { write, address, .. }: &Addressed<'_>) -> Written {
        let (method, body) = match (write.action, &write.id) {
            (Action::Create, _) => (Method::Post, Cow::Borrowed(address.body.as_ref().unwrap_or(&write.body))),
            (Action::Update, Some(_)) => (Method::Put, Cow::Borrowed(address.body.as_ref().unwrap_or(&write.body))),
            (Action::Deactivate, Some(_)) if self.place.resource.deactivates => (Method::Put, Cow::Owned(json!({ "active": false }))),
            (Action::Delete, Some(id)) => return self.delete_one(id, address).await,
            (action, _) => {
                let message = format!("{action:?} without an id, or one that {} do not have", self.place.resource.name);
                return Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, message));
            }
        };
        if let Some(cause) = self.dropped_in_silence(write) {
            return Written::Refused(cause);
        }
        if let Some(first) = &address.first
            && let Err(written) = self.carry_out(first).await
        {
            return written;
        }
        if let Some(id) = &write.id {
            self.place.lifts.done(id);
            if address.first.is_some() && body.as_object().is_some_and(serde_json::Map::is_empty) {
                return self.as_it_is_now(id).await;
            }
        }
        let request = self.place.at(method, &address.segments(), Safety::Write).json(to_bytes(&body));
        match self.place.client.send(request).await {
            Err(error) => Written::Failed(error),
            Ok(answer) if answer.is_success() => match answer.read::<Value>() {
                Ok(returned) => done(self.place.resource, returned, &answer),
                Err(error) => Written::Failed(error.with_unknown_effect().ended()),
            },
            Ok(answer) => match (judge(&answer), self.place.resource.person(), &write.id) {
                (Verdict::Gone, Some(here), Some(id)) => self.moved(here, id).await.unwrap_or_else(|| self.refusal(&answer)),
                _ => self.refusal(&answer),
            },
        }
    }

    /// Someone who is not in the list any more may stand in another.
    async fn moved(&self, here: PersonKind, id: &String) -> Option<Written> {
        let known = match self.place.who(std::slice::from_ref(id)).await {
            Ok(known) => known,
            Err(error) => return Some(Written::Failed(error)),
        };
        let now = known.get(id).filter(|kind| **kind != here)?;
        let message = format!("the person was made {} in Go.Data ({} {id}) after it was looked up", now.words(), now.resource());
        Some(Written::Refused(Cause::new(godata::OTHER_KIND, message)))
    }

    /// What has to be done before the record itself can be written. It counts for nothing by itself.
    async fn carry_out(&self, steps: &[Step]) -> Result<(), Written> {
        for step in steps {
            let path: Vec<&str> = step.path.iter().map(String::as_str).collect();
            let request = self.place.at(Method::Post, &path, Safety::Write).json(to_bytes(&step.body));
            match self.place.client.send(request).await {
                Err(error) => return Err(Written::Failed(error)),
                Ok(answer) if answer.is_success() => {}
                Ok(answer) => return Err(self.refusal(&answer)),
            }
        }
        Ok(())
    }

    /// What was done before the record itself could be written was all that there was to do.
    async fn as_it_is_now(&self, id: &String) -> Written {
        match self.place.by_ids(std::slice::from_ref(id)).await {
            Ok(found) => {
                let Some(stored) = found.into_iter().flatten().next() else {
                    let message = "the record was deleted in Go.Data right after it was changed";
                    return Written::Refused(Cause::new(target::TARGET_GONE, message));
                };
                Written::Done { id: stored.id, version: stored.version, returned: Some(stored.body) }
            }
            Err(error) => Written::Failed(error.with_unknown_effect().ended()),
        }
    }

    /// Of an item that belongs to Go.Data itself most fields are dropped without a word.
    fn dropped_in_silence(&self, write: &Write) -> Option<Cause> {
        let id = write.id.as_deref().filter(|id| self.place.resource.role == Role::Item && self.codes.is_read_only(id))?;
        let dropped: Vec<_> =
            write.body.as_object()?.keys().filter(|name| !CHANGEABLE_OF_READ_ONLY.contains(&name.as_str())).cloned().collect();
        (!dropped.is_empty()).then(|| {
            Cause::new(godata::READ_ONLY, format!("{id} belongs to Go.Data itself, and of it {} cannot be changed", dropped.join(", ")))
        })
    }

    fn refusal(&self, answer: &Answer) -> Written {
        match judge(answer) {
            Verdict::Record(cause) if cause.code == godata::OPEN_BELOW => Written::NotYet(cause),
            Verdict::Record(cause) => Written::Refused(cause),
            Verdict::Gone if self.place.resource.role == Role::Relationship => Written::Refused(Cause::new(
                godata::NO_SUCH_PERSON,
                "the relationship, or one of its people, is not there any more, or was made into something else meanwhile",
            )),
            Verdict::Gone if matches!(self.place.resource.role, Role::Child(_)) => Written::Refused(Cause::new(
                godata::NO_SUCH_PERSON,
                "the record, or its person, is not there any more, or the person was made into something else meanwhile",
            )),
            Verdict::Gone => Written::Refused(Cause::new(
                target::TARGET_GONE,
                format!("the record is not among the {} any more: deleted in Go.Data, or made a contact", self.place.resource.name),
            )),
            Verdict::TooLarge => Written::Refused(Cause::new(record::TOO_LONG, "the record is larger than Go.Data takes (10 MB)")),
            Verdict::Whole(error) => Written::Failed(error),
        }
    }

    /// Creates records of one address by one request.
    pub(super) async fn create_together(&self, group: Vec<&Addressed<'_>>) -> Vec<(usize, Written)> {
        let mut outcomes = Created::default();
        let mut groups = vec![group];
        while let Some(group) = groups.pop() {
            let [first, _, ..] = group.as_slice() else {
                outcomes.each(self, &group).await;
                continue;
            };
            let bodies: Vec<&Value> = group.iter().map(|one| one.address.body.as_ref().unwrap_or(&one.write.body)).collect();
            let request = self
                .place
                .at(Method::Post, &first.address.segments(), Safety::Write)
                .json(serde_json::to_vec(&bodies).expect("JSON values can be written as JSON"));
            let answer = match self.place.client.send(request).await {
                Ok(answer) => answer,
                Err(error) => {
                    outcomes.all(&group, &Written::Failed(error));
                    continue;
                }
            };
            if answer.is_success() {
                self.take_created(&group, &answer, &mut outcomes);
                continue;
            }
            match judge(&answer) {
                Verdict::Record(_) => self.after_refused_array(&group, &mut outcomes).await,
                // Below a person, it is the person that is not there, or one of those that the items name.
                Verdict::Gone if first.address.path.len() > 1 => self.after_refused_array(&group, &mut outcomes).await,
                Verdict::TooLarge => {
                    let (first, second) = group.split_at(group.len() / 2);
                    groups.extend([second.to_vec(), first.to_vec()]);
                }
                Verdict::Whole(error) => outcomes.all(&group, &Written::Failed(error)),
                Verdict::Gone => {
                    let error =
                        Error::configuration(godata::NO_SUCH_OUTBREAK, format!("{}: there is no such outbreak any more", answer.request()));
                    outcomes.all(&group, &Written::Failed(error));
                }
            }
        }
        outcomes.0
    }

    /// The answer is in the order sent; each item is checked to be the one that it stands for.
    fn take_created(&self, group: &[&Addressed<'_>], answer: &Answer, outcomes: &mut Created) {
        let created: Vec<Value> = answer.read().unwrap_or_default();
        let one_for_each = created.len() == group.len();
        let mut created = created.into_iter();
        for one in group {
            let fits = |body: &Value| one_for_each && self.search.is_none_or(|search| search.holds(body, &one.write.key));
            let written = if let Some(body) = created.next().filter(fits) {
                done(self.place.resource, body, answer)
            } else {
                let message = format!("{}: the answer does not say what became of each record", answer.request());
                Written::Failed(Error::retry(network::UNEXPECTED_ANSWER, message).with_unknown_effect().ended())
            };
            outcomes.0.push((one.position, written));
        }
    }

    async fn after_refused_array(&self, group: &[&Addressed<'_>], outcomes: &mut Created) {
        let Some(search) = self.search else { return };
        let keys: Vec<Key> = group.iter().map(|one| one.write.key.clone()).collect();
        let found = match self.place.by_keys(search, &keys).await {
            Ok(found) => found,
            Err(error) => {
                outcomes.all(group, &Written::Failed(error.with_unknown_effect().ended()));
                return;
            }
        };
        let mut left = Vec::new();
        for (one, candidates) in group.iter().zip(found) {
            match candidates.into_iter().find(|candidate| !candidate.deleted) {
                Some(stored) => {
                    let written = Written::Done { id: stored.id, version: stored.version, returned: Some(stored.body) };
                    outcomes.0.push((one.position, written));
                }
                None => left.push(*one),
            }
        }
        let before = outcomes.0.len();
        outcomes.each(self, &left).await;
        let all_went_through = outcomes.0[before..].iter().all(|(_, written)| matches!(written, Written::Done { .. }));
        if left.len() == group.len() && left.len() > 1 && all_went_through {
            // Nothing was wrong with any of them: it is the form that this server does not take here.
            self.arrays.store(false, Ordering::Relaxed);
        }
    }

    async fn update(&self, writes: Vec<&Addressed<'_>>, outcomes: &mut Outcomes) {
        // The bulk form does not know the rule that of a follow-up only the status counts.
        let fits_bulk =
            |one: &&Addressed<'_>| one.write.id.is_some() && one.write.body.get("followUp").is_none() && one.address.first.is_none();
        let (mut together, mut single): (Vec<_>, Vec<_>) = writes.into_iter().partition(fits_bulk);
        let mut groups = Vec::new();
        if together.len() > 1 && self.bulk_update.load(Ordering::Relaxed) {
            groups.push(together);
        } else {
            single.append(&mut together);
        }
        while let Some(group) = groups.pop() {
            if group.len() < 2 {
                single.extend(group);
                continue;
            }
            let bodies: Vec<Value> = group.iter().map(|one| with_id(one.write)).collect();
            let request = self.place.request(Method::Put, &["bulk"], Safety::Write).json(to_bytes(&Value::Array(bodies)));
            let answer = match self.place.client.send(request).await {
                Ok(answer) => answer,
                Err(error) if error.cause.code == network::FORBIDDEN => {
                    // The account may change cases, but not several in one request.
                    self.bulk_update.store(false, Ordering::Relaxed);
                    single.extend(group);
                    continue;
                }
                Err(error) => {
                    outcomes.all(&group, &Written::Failed(error));
                    continue;
                }
            };
            let Some(rows) = succeeded(&answer) else {
                match judge(&answer) {
                    Verdict::TooLarge => {
                        let (first, second) = group.split_at(group.len() / 2);
                        groups.extend([second.to_vec(), first.to_vec()]);
                    }
                    Verdict::Whole(error) if error.cause.code == network::FORBIDDEN => {
                        self.bulk_update.store(false, Ordering::Relaxed);
                        single.extend(group);
                    }
                    Verdict::Whole(error) => outcomes.all(&group, &Written::Failed(error)),
                    Verdict::Record(_) | Verdict::Gone => single.extend(group),
                }
                continue;
            };
            let mut left: HashSet<usize> = group.iter().map(|one| one.position).collect();
            for row in rows {
                let is_the_one = |one: &&&Addressed<'_>| row.contact.get("id").and_then(Value::as_str) == one.write.id.as_deref();
                if let Some(one) = group.get(row.record_no).filter(is_the_one) {
                    left.remove(&one.position);
                    outcomes.set(one.position, done(self.place.resource, row.contact, &answer));
                }
            }
            // What failed is sent by itself, to learn why. Sending a change twice changes nothing.
            single.extend(group.into_iter().filter(|one| left.contains(&one.position)));
        }
        self.each(&single, outcomes).await;
    }

    async fn delete(&self, writes: &[&Addressed<'_>], outcomes: &mut Outcomes) {
        let ids: Vec<String> = writes.iter().filter_map(|one| one.write.id.clone()).collect();
        let held = match self.takes_along(&ids).await {
            Ok(held) => held,
            Err(error) => {
                outcomes.all(writes, &Written::Failed(error));
                return;
            }
        };
        let (refused, allowed): (Vec<_>, Vec<_>) =
            writes.iter().copied().partition(|one| one.write.id.as_ref().is_some_and(|id| held.contains(id)));
        let what = "the person exposed others; Go.Data would delete those exposures, and contacts that have no other one";
        outcomes.all(&refused, &Written::Refused(Cause::new(godata::TAKES_OTHERS_ALONG, what)));
        self.each(&allowed, outcomes).await;
    }

    /// Which of these would take other records along when they are deleted.
    async fn takes_along(&self, ids: &[String]) -> Result<HashSet<String>, Error> {
        let mut held = HashSet::new();
        if self.place.resource.person().is_some() {
            // Its own exposures go with it and are nobody else's. Releases without the count say only whether there are any relationships.
            let related = |body: &Value| match body.get("numberOfContacts").and_then(Value::as_u64) {
                Some(exposed) => exposed > 0,
                None => body.get("hasRelationships") == Some(&Value::Bool(true)),
            };
            let present = self.place.by_ids(ids).await?;
            held.extend(present.into_iter().flatten().filter(|candidate| related(&candidate.body)).map(|candidate| candidate.id));
        }
        Ok(held)
    }

    /// A record that is gone already is as deleted as it can be.
    async fn delete_one(&self, id: &str, address: &Address) -> Written {
        let request = self.place.at(Method::Delete, &address.segments(), Safety::Write);
        let gone = || Written::Done { id: id.to_owned(), version: None, returned: None };
        match self.place.client.send(request).await {
            Err(error) => Written::Failed(error),
            Ok(answer) if answer.is_success() => gone(),
            Ok(answer) => match judge(&answer) {
                Verdict::Gone => gone(),
                _ => self.refusal(&answer),
            },
        }
    }
}

fn with_id(write: &Write) -> Value {
    let mut body = Value::clone(&write.body);
    if let (Value::Object(members), Some(id)) = (&mut body, &write.id) {
        members.insert("id".to_owned(), json!(id));
    }
    body
}

fn done(resource: &Resource, returned: Value, answer: &Answer) -> Written {
    let Some(id) = returned.get("id").and_then(Value::as_str).map(str::to_owned) else {
        let message = format!("{}: the answer holds no id", answer.request());
        return Written::Failed(Error::retry(network::UNEXPECTED_ANSWER, message).with_unknown_effect().ended());
    };
    let version = returned.get("updatedAt").and_then(Value::as_str).map(str::to_owned);
    Written::Done { id, version, returned: Some(resource.as_compared(returned)) }
}

/// One row of the answer to a bulk change. The record is called `contact` whatever its type.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    record_no: usize,
    contact: Value,
}

/// The rows that went through: all of them, or those that a partial success names. `None` for any other refusal.
fn succeeded(answer: &Answer) -> Option<Vec<Row>> {
    if answer.is_success() {
        return Some(answer.read().unwrap_or_default());
    }
    let remote = Remote::read(&answer.body).filter(|remote| remote.code() == Some("MULTIPLE_CONTACTS_UPDATE_PARTIAL_SUCCESS"))?;
    let rows = remote.details.get("success").cloned().unwrap_or_default();
    Some(serde_json::from_value(rows).unwrap_or_default())
}
