//! Writes objects in bulk and says of each what became of it.
//!
//! New objects are sent with a strategy that never replaces anything, changed ones with one that never makes anything. An object is sent after the one that it
//! lies in, never in the same request: releases differ in what they make of a child whose parent they refuse.

use std::collections::BTreeSet;

use kivuko_core::catalogue::dhis2;
use kivuko_core::connector::{Write, Written};
use kivuko_core::error::{Cause, Consequence, Error};

use serde_json::Value;

use super::super::client::Client;
use super::assign::{self, Additions, Own};
use super::held::{Object, path_of};
use super::item::Item;
use super::lookup::Lookup;
use super::moves::{Lineage, below};
use super::report::not_yet;
use super::shape::Shape;

/// What a batch is written with.
#[derive(Clone, Copy)]
pub struct Writer<'a> {
    pub client: &'a Client,
    pub shape: &'static Shape,
    /// The `fields` that make a whole object.
    pub fields: &'a str,
    pub system: &'a str,
    /// Today, by the clock of the server.
    pub today: jiff::civil::Date,
    pub own: &'a Own,
    /// Whether an object has a key.
    pub fits: &'a (dyn Fn(&Write, &Object) -> bool + Send + Sync),
    pub places: &'a dyn Places,
}

/// The objects of a batch while they are sent.
#[derive(Default)]
struct OnTheWay {
    /// Where units lie by now.
    lineage: Lineage,
    done: Vec<Item>,
    again: Vec<Item>,
}

/// What is known of the objects that others lie in.
pub trait Places: Send + Sync {
    /// Whether an object is known to be there.
    fn is_there(&self, id: &str) -> bool;
    /// One is there.
    fn note(&self, id: &str);
}

/// What became of the objects of a batch, by position.
pub type Outcomes = [Option<Written>];

impl Writer<'_> {
    /// Creates, changes and closes; deletions are not among them.
    ///
    /// # Errors
    /// The present objects could not be read: nothing was sent.
    pub async fn write(&self, batch: &[(usize, &Write)], outcomes: &mut Outcomes) -> Result<(), Error> {
        let mut items = self.created(batch, outcomes);
        self.give_places(&mut items, outcomes).await?;
        items.extend(self.changed(batch, outcomes).await?);
        let mut on_the_way = OnTheWay { lineage: self.lineage(&mut items, outcomes).await?, ..OnTheWay::default() };
        self.leave_what_cannot_lie_anywhere(&mut items, outcomes).await?;
        self.in_waves(items, outcomes, &mut on_the_way).await;
        let again = std::mem::take(&mut on_the_way.again);
        if !again.is_empty() {
            let repeated = self.already_there(batch, again, outcomes).await;
            self.in_waves(repeated, outcomes, &mut on_the_way).await;
        }
        let done = on_the_way.done;
        let sent: Vec<(usize, String)> = done.iter().filter(|item| !item.is_same).map(|item| (item.position, item.id.clone())).collect();
        self.join(done, outcomes).await;
        self.note_versions(&sent, outcomes).await;
        Ok(())
    }

    /// How DHIS2 calls what we left behind, which no report of an import says: who takes it back later knows by that whether somebody changed it since. Of what
    /// somebody changed in the moment in between nothing is known, so that it is left alone then.
    async fn note_versions(&self, sent: &[(usize, String)], outcomes: &mut Outcomes) {
        let ids: Vec<String> =
            sent.iter().filter(|(at, _)| matches!(outcomes[*at], Some(Written::Done { .. }))).map(|(_, id)| id.clone()).collect();
        let fields = "id,lastUpdated,lastUpdatedBy[id]";
        let found = match (Lookup { client: self.client, resource: self.shape.resource, fields }).by_ids(&ids).await {
            Ok(found) => found,
            Err(error) => {
                // Written is written. A revert says that it does not know what it would take back.
                tracing::warn!(code = %error.cause.code, objects = ids.len(), "what was written to DHIS2 could not be looked at");
                return;
            }
        };
        for (at, id) in sent {
            let Some(object) = found.get(id) else { continue };
            let by = object.get("lastUpdatedBy").and_then(|account| account.get("id")?.as_str());
            if let Some(Written::Done { version, .. }) = &mut outcomes[*at]
                && by == Some(self.own.id())
            {
                *version = object.get("lastUpdated").and_then(Value::as_str).map(str::to_owned);
            }
        }
    }

    /// What was to be made and is there already: it was sent before and its answer was lost, so that it is changed now; or it was made for this key and has
    /// another one since.
    async fn already_there(&self, batch: &[(usize, &Write)], items: Vec<Item>, outcomes: &mut Outcomes) -> Vec<Item> {
        let ids: Vec<String> = items.iter().map(|item| item.id.clone()).collect();
        let there = self.lookup().by_ids(&ids).await;
        let mut repeated = Vec::new();
        for item in items {
            let write = batch.iter().find(|(position, _)| *position == item.position).map(|(_, write)| *write);
            let object = match &there {
                Ok(there) => there.get(&item.id),
                Err(error) => {
                    // Something of the batch was sent, so this is not an answer for the whole of it.
                    outcomes[item.position] = Some(Written::Failed(error.clone()));
                    continue;
                }
            };
            match (write, object) {
                (Some(write), Some(object)) if (self.fits)(write, object) => {
                    repeated.extend(self.change(item.position, write, object, outcomes));
                }
                (_, Some(_)) => outcomes[item.position] = Some(Written::Refused(other_key(self.shape, &item.id))),
                (_, None) => {
                    let message = format!("DHIS2 says that {} {} exists, and does not show it to the account", self.shape.named, item.id);
                    outcomes[item.position] = Some(Written::Refused(Cause::new(dhis2::TAKEN, message).field("id")));
                }
            }
        }
        repeated
    }

    /// What is to lie in something that DHIS2 does not have, and that does not come with the batch either, waits: sending it would be for nothing.
    async fn leave_what_cannot_lie_anywhere(&self, items: &mut Vec<Item>, outcomes: &mut Outcomes) -> Result<(), Error> {
        let Some(resource) = self.shape.container_resource() else { return Ok(()) };
        let to_come: BTreeSet<String> = if self.shape.is_tree() {
            items.iter().filter(|item| item.is_new).map(|item| item.id.clone()).collect()
        } else {
            BTreeSet::new()
        };
        let asks = |item: &&Item| outcomes[item.position].is_none() && (item.is_new || item.is_moved);
        let containers: BTreeSet<String> = items.iter().filter(asks).filter_map(|item| self.container(item)).collect();
        let unsure: Vec<String> = containers.into_iter().filter(|id| !to_come.contains(id) && !self.places.is_there(id)).collect();
        if unsure.is_empty() {
            return Ok(());
        }
        // What was read at the beginning may have got company since.
        let found = Lookup { client: self.client, resource, fields: "id" }.by_ids(&unsure).await?;
        for id in found.keys() {
            self.places.note(id);
        }
        let mut missing: BTreeSet<String> = unsure.into_iter().filter(|id| !found.contains_key(id)).collect();
        self.leave_to_wait(items, &mut missing, outcomes, None);
        Ok(())
    }

    /// What lies in something that is missing waits, and so does what lies in that.
    fn leave_to_wait(&self, items: &mut Vec<Item>, missing: &mut BTreeSet<String>, outcomes: &mut Outcomes, stopped: Option<&Error>) {
        loop {
            let before = missing.len();
            items.retain(|item| {
                let is_concerned = outcomes[item.position].is_none() && (item.is_new || item.is_moved);
                let waits = is_concerned && self.container(item).is_some_and(|container| missing.contains(&container));
                if waits {
                    outcomes[item.position] = Some(match stopped {
                        Some(error) => Written::Failed(error.clone()),
                        None => Written::NotYet(not_yet(self.shape)),
                    });
                    if item.is_new {
                        missing.insert(item.id.clone());
                    }
                }
                !waits
            });
            if missing.len() == before {
                return;
            }
        }
    }

    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { client: self.client, resource: self.shape.resource, fields: self.fields }
    }

    /// Sends items in rounds, each after those that it lies in, and after those that have to make way for it. What is there already although it was to be made comes
    /// into `again`.
    async fn in_waves(&self, items: Vec<Item>, outcomes: &mut Outcomes, on_the_way: &mut OnTheWay) {
        let mut left: Vec<Item> = items.into_iter().filter(|item| outcomes[item.position].is_none()).collect();
        let mut stopped: Option<Error> = None;
        while !left.is_empty() {
            // Only what is made in this very batch is waited for; a circle of new ones is sent as it is, and refused.
            let to_come: BTreeSet<String> = if self.shape.is_tree() {
                left.iter().filter(|item| item.is_new).map(|item| item.id.clone()).collect()
            } else {
                BTreeSet::new()
            };
            let (early, others): (Vec<Item>, Vec<Item>) =
                left.into_iter().partition(|item| self.comes_too_early(item, &on_the_way.lineage));
            let waits = |item: &Item| self.container(item).is_some_and(|container| to_come.contains(&container));
            let (mut later, mut now): (Vec<Item>, Vec<Item>) = others.into_iter().partition(waits);
            if now.is_empty() {
                now = std::mem::take(&mut later);
            }
            if now.is_empty() {
                // What was to make way did not get through.
                for item in &early {
                    outcomes[item.position] = Some(match &stopped {
                        Some(error) => Written::Failed(error.clone()),
                        None => Written::NotYet(below(
                            self.shape,
                            "lies below it in DHIS2, and was not moved away from there; it waits for that",
                        )),
                    });
                }
                return;
            }
            later.extend(early);
            let mut missing: BTreeSet<String> = BTreeSet::new();
            for is_new in [true, false] {
                let (same, sent): (Vec<&Item>, Vec<&Item>) = now.iter().filter(|item| item.is_new == is_new).partition(|item| item.is_same);
                for item in same {
                    outcomes[item.position] = Some(Written::Done { id: item.id.clone(), version: None, returned: None });
                }
                self.send_all(&sent, is_new, outcomes, &mut stopped).await;
            }
            for item in now {
                match &outcomes[item.position] {
                    Some(Written::Done { .. }) => {
                        if item.is_new || item.is_moved {
                            on_the_way.lineage.put(&item.id, self.container(&item));
                        }
                        on_the_way.done.push(item);
                    }
                    None => on_the_way.again.push(item),
                    Some(_) if item.is_new => _ = missing.insert(item.id),
                    Some(_) => {}
                }
            }
            self.leave_to_wait(&mut later, &mut missing, outcomes, stopped.as_ref());
            left = later;
        }
    }

    /// Puts what was written where it is asked for. Who was not put there is a rejection, though it was written: the next try does what is missing.
    async fn join(&self, done: Vec<Item>, outcomes: &mut Outcomes) {
        let mut additions = Additions::new();
        for item in &done {
            for (name, resource) in self.shape.memberships() {
                for owner in item.joins.get(name).into_iter().flatten() {
                    let place = (resource.to_owned(), owner.clone(), self.shape.resource.to_owned());
                    additions.entry(place).or_default().push(item.id.clone());
                }
            }
        }
        let own: Vec<String> = done.iter().filter(|item| item.joins_own).map(|item| item.id.clone()).collect();
        let refusals = async {
            if !own.is_empty() {
                let found = Lookup { client: self.client, resource: self.shape.resource, fields: "id,path" }.by_ids(&own).await?;
                let mut paths: Vec<Vec<String>> = found.values().map(|unit| path_of(unit).map(str::to_owned).collect()).collect();
                paths.sort();
                assign::among_own(self.own, &mut paths, &mut additions);
            }
            assign::add(self.client, self.own, &additions).await
        };
        let joining = done.iter().filter(|item| item.joins_own || !item.joins.is_empty());
        match refusals.await {
            Ok(refusals) => {
                for item in joining {
                    if let Some(cause) = refusals.get(&item.id) {
                        outcomes[item.position] = Some(Written::Refused(cause.clone()));
                    }
                }
            }
            Err(error) => {
                for item in joining {
                    outcomes[item.position] = Some(match error.consequence {
                        // The account cannot log in any more, and the like: the run ends, and what is missing is done by the next one.
                        Consequence::FixConfiguration | Consequence::StopRun => Written::Failed(error.clone()),
                        _ => Written::Refused(assign::failed(&error)),
                    });
                }
            }
        }
    }
}

/// The object that was made for this key has another one now.
pub fn other_key(shape: &Shape, id: &str) -> Cause {
    let message = format!("{} {id} was made for this key and has another one now; a person decides which is right", shape.named);
    Cause::new(dhis2::KEY_CHANGED, message)
}
