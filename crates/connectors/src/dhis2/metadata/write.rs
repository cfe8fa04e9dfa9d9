//! Writes objects in bulk and says of each what became of it.
//!
//! New objects are sent with a strategy that never replaces anything, changed ones with one that never makes anything. An object is sent after the one that it
//! lies in, never in the same request: releases differ in what they make of a child whose parent they refuse.

use std::collections::BTreeSet;

use kivuko_core::catalogue::dhis2;
use kivuko_core::connector::{Write, Written};
use kivuko_core::error::{Cause, Consequence, Error};

use super::super::client::Client;
use super::assign::{self, Additions, Own};
use super::held::{Object, path_of};
use super::item::Item;
use super::lookup::Lookup;
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
        let mut done: Vec<Item> = Vec::new();
        let mut again: Vec<Item> = Vec::new();
        self.in_waves(items, outcomes, &mut done, &mut again).await;
        if !again.is_empty() {
            let repeated = self.already_there(batch, again, outcomes).await;
            self.in_waves(repeated, outcomes, &mut done, &mut Vec::new()).await;
        }
        self.join(done, outcomes).await;
        Ok(())
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

    pub(super) fn lookup(&self) -> Lookup<'_> {
        Lookup { client: self.client, resource: self.shape.resource, fields: self.fields }
    }

    /// Sends items in rounds, each after those that it lies in. What is there already although it was to be made comes into `again`.
    async fn in_waves(&self, items: Vec<Item>, outcomes: &mut Outcomes, done: &mut Vec<Item>, again: &mut Vec<Item>) {
        let mut left: Vec<Item> = items.into_iter().filter(|item| outcomes[item.position].is_none()).collect();
        let mut stopped: Option<Error> = None;
        while !left.is_empty() {
            // Only what is made in this very batch is waited for; a circle of new ones is sent as it is, and refused.
            let to_come: BTreeSet<String> = if self.shape.is_tree() {
                left.iter().filter(|item| item.is_new).map(|item| item.id.clone()).collect()
            } else {
                BTreeSet::new()
            };
            let waits = |item: &Item| self.container(item).is_some_and(|container| to_come.contains(&container));
            let (later, now): (Vec<Item>, Vec<Item>) = left.into_iter().partition(waits);
            let (now, mut later) = if now.is_empty() { (later, Vec::new()) } else { (now, later) };
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
                    Some(Written::Done { .. }) => done.push(item),
                    None => again.push(item),
                    Some(_) if item.is_new => _ = missing.insert(item.id),
                    Some(_) => {}
                }
            }
            // What lies in something that did not get through waits, and so does what lies in that.
            loop {
                let before = missing.len();
                later.retain(|item| {
                    let waits = self.container(item).is_some_and(|container| missing.contains(&container));
                    if waits {
                        outcomes[item.position] = Some(match &stopped {
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
                    break;
                }
            }
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
