//! Writes places: changes in an order in which Go.Data takes them, new ones in arrays, deletions from below.
//!
//! What Go.Data does not check is checked here, before anything is sent: a place never comes to lie below itself or below one that is not there, and none is deleted
//! that takes others along. What it does check by looking at the present moment only (`order`) is sent so that it holds at that moment. New places go in arrays of
//! which no two can clash: Go.Data makes the items of an array side by side, and two siblings of one name would not see each other. A name that is taken is a
//! refusal that says by which place (`names`).

mod foresee;
mod names;
mod order;

pub(super) use foresee::Foreseen;
pub(super) use names::taken;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::atomic::Ordering;

use futures_util::StreamExt as _;
use futures_util::stream;
use kivuko_core::catalogue::{godata, record};
use kivuko_core::connector::{Action, Write, Written};
use kivuko_core::error::{Cause, Error};
use kivuko_core::hierarchy::{self, Roster};
use serde_json::{Value, json};

use super::address::{Address, Addressed};
use super::client::to_bytes;
use super::write::{AT_A_TIME, Outcomes, Writer};
use crate::http::{Method, Safety};

use order::{Change, Node, Turn, order};

/// What a change of has to be known of other places for.
const CONCERN_OTHERS: [&str; 5] = ["id", "name", "synonyms", "parentLocationId", "active"];
/// Follows the cause of a change that left a place with the name of a moment.
const LEFT_ASIDE: &str =
    "; the location stands under its former name with its id in brackets behind it, because the former name could not be given back";
const LIES_BELOW: &str = "its new parent lies below it in Go.Data; the location waits until that one has moved";
/// So many steps up are followed at most: a tree that is deeper has a circle in it.
const DEEPEST: usize = 64;

/// Places that are there, by their ids.
type Known = HashMap<String, Value>;

impl Writer<'_> {
    /// Changes, then creations, then deletions.
    pub(super) async fn write_places(&self, writes: &[Addressed<'_>], outcomes: &mut Outcomes) {
        let of = |wanted: fn(Action) -> bool| writes.iter().filter(|one| wanted(one.write.action)).collect::<Vec<_>>();
        let changes = of(|action| matches!(action, Action::Update | Action::Deactivate));
        let mut wanted: HashMap<usize, Node> = HashMap::new();
        if !changes.is_empty() {
            self.change_places(changes, &mut wanted, outcomes).await;
        }
        let mut creations = of(|action| action == Action::Create);
        wanted.extend(creations.iter().map(|one| (one.position, Node::of(&one.write.body))));
        if self.importing.is_some() {
            let _alone = self.place.client.under_way.gate.write().await;
            self.import_places(std::mem::take(&mut creations), outcomes).await;
        }
        {
            let _no_import_runs = self.place.client.under_way.gate.read().await;
            self.create_places(creations, outcomes).await;
            let deletions = of(|action| action == Action::Delete);
            if !deletions.is_empty() {
                self.delete_places(&deletions, outcomes).await;
            }
        }
        self.name_those_in_the_way(&wanted, writes, outcomes).await;
    }

    async fn create_places(&self, creations: Vec<&Addressed<'_>>, outcomes: &mut Outcomes) {
        let mut keys: HashMap<_, usize> = HashMap::new();
        for one in &creations {
            *keys.entry(&one.write.key).or_default() += 1;
        }
        let can_be_told_apart = |one: &&Addressed<'_>| !one.write.key.0.is_empty() && keys[&one.write.key] == 1;
        let in_arrays = self.search.is_some() && self.arrays.load(Ordering::Relaxed);
        let (arrays, single): (Vec<_>, Vec<_>) = creations.iter().copied().partition(|one| in_arrays && can_be_told_apart(one));
        for group in without_clashes(arrays, self.place.client.options.batch_size) {
            outcomes.take(self.create_together(group).await);
        }
        self.each(&single, outcomes).await;
    }

    async fn change_places(&self, writes: Vec<&Addressed<'_>>, wanted: &mut HashMap<usize, Node>, outcomes: &mut Outcomes) {
        let _no_import_runs = self.place.client.under_way.gate.read().await;
        let concerns_others = |one: &&Addressed<'_>| {
            one.write.action == Action::Deactivate || CONCERN_OTHERS.iter().any(|field| one.write.body.get(field).is_some())
        };
        let (asked, free): (Vec<_>, Vec<_>) = writes.into_iter().partition(concerns_others);
        self.side_by_side(&free, outcomes).await;
        if asked.is_empty() {
            return;
        }
        let (known, parents) = match self.surroundings(&asked).await {
            Ok(found) => found,
            Err(error) => return outcomes.all(&asked, &Written::Failed(error)),
        };
        let mut changes = Vec::with_capacity(asked.len());
        let mut changing = Vec::with_capacity(asked.len());
        for one in asked {
            let change = match change_of(one, &known, &parents) {
                Ok(change) => change,
                Err(written) => {
                    outcomes.set(one.position, written);
                    continue;
                }
            };
            match change {
                Some(change) => {
                    wanted.insert(one.position, change.after.clone());
                    changes.push(change);
                    changing.push(one);
                }
                // Gone, or deleted: the answer says it.
                None => self.each(&[one], outcomes).await,
            }
        }
        let order = order(&changes, &parents);
        for at in order.circles {
            outcomes.set(changing[at].position, Written::NotYet(below_itself(LIES_BELOW)));
        }
        let mut aside: HashMap<usize, String> = HashMap::new();
        for turn in order.turns {
            match turn {
                Turn::Aside(at) => aside.extend(self.put_aside(changing[at], &known).await.map(|former| (at, former))),
                Turn::Send { in_line, together } => {
                    let (put_aside, in_line): (Vec<_>, Vec<_>) = in_line.into_iter().partition(|at| aside.contains_key(at));
                    let of = |positions: Vec<usize>| positions.into_iter().map(|at| changing[at]).collect::<Vec<_>>();
                    self.each(&of(in_line), outcomes).await;
                    self.side_by_side(&of(together), outcomes).await;
                    for at in put_aside {
                        self.change_after_aside(changing[at], &aside[&at], outcomes).await;
                    }
                }
            }
        }
    }

    /// The places that are to be changed, and which lies in which from their new parents up to the top.
    async fn surroundings(&self, writes: &[&Addressed<'_>]) -> Result<(Known, HashMap<String, Option<String>>), Error> {
        let ids: Vec<String> = writes.iter().filter_map(|one| one.write.id.clone()).collect();
        let known: Known = self.living(&ids).await?;
        let mut parents: HashMap<String, Option<String>> =
            known.iter().map(|(id, body)| (id.clone(), Node::of(body).names.parent)).collect();
        let next = writes.iter().filter_map(|one| Node::of(&one.write.body).names.parent).collect();
        self.above(next, &mut parents).await?;
        Ok((known, parents))
    }

    /// Adds which lies in which from these places up to the top, as far as it is not known.
    async fn above(&self, mut next: Vec<String>, parents: &mut HashMap<String, Option<String>>) -> Result<(), Error> {
        let mut asked: HashSet<String> = parents.keys().cloned().collect();
        for _ in 0..DEEPEST {
            next.retain(|id| asked.insert(id.clone()));
            if next.is_empty() {
                break;
            }
            let above = self.living(&next).await?;
            next = above.values().filter_map(|body| Node::of(body).names.parent).collect();
            parents.extend(above.into_iter().map(|(id, body)| (id, Node::of(&body).names.parent)));
        }
        Ok(())
    }

    /// Those of these places that are there and not deleted.
    pub(super) async fn living(&self, ids: &[String]) -> Result<Known, Error> {
        let found = self.place.by_ids(ids).await?;
        Ok(found.into_iter().flatten().filter(|found| !found.deleted).map(|found| (found.id, found.body)).collect())
    }

    /// Changes that concern no other place.
    async fn side_by_side(&self, writes: &[&Addressed<'_>], outcomes: &mut Outcomes) {
        let mut under_way = Vec::with_capacity(writes.len());
        for one in writes {
            under_way.push(self.one_of(one));
        }
        let mut running = stream::iter(under_way).buffer_unordered(AT_A_TIME);
        while let Some((position, written)) = running.next().await {
            outcomes.set(position, written);
        }
    }

    /// A name for a moment, that no sibling can have. If it cannot be given, the change itself says why. The name that the place had, if it may have lost it.
    async fn put_aside(&self, one: &Addressed<'_>, known: &Known) -> Option<String> {
        let id = one.write.id.as_ref()?;
        let former = known.get(id)?.get("name")?.as_str()?;
        self.rename(one, &format!("{former} [{id}]")).await.unwrap_or_else(|error| error.effect_unknown).then(|| former.to_owned())
    }

    /// The change of a place that was put aside: with it, or when it does not get through, the place loses the name of that moment.
    async fn change_after_aside(&self, one: &Addressed<'_>, former: &str, outcomes: &mut Outcomes) {
        let mut body = Value::clone(&one.write.body);
        if let Value::Object(members) = &mut body {
            members.entry("name").or_insert_with(|| json!(former));
        }
        let address = Address { path: one.address.path.clone(), body: Some(body), ..Address::default() };
        let (position, mut written) = self.one_of(&Addressed { position: one.position, write: one.write, address }).await;
        let cause = match &mut written {
            Written::Done { .. } => None,
            Written::Refused(cause) | Written::NotYet(cause) => Some(cause),
            Written::Failed(error) => Some(&mut error.cause),
        };
        if let Some(cause) = cause
            && !self.rename(one, former).await.unwrap_or(false)
        {
            cause.message.push_str(LEFT_ASIDE);
        }
        outcomes.set(position, written);
    }

    /// Gives a place a name and leaves the rest of it; whether Go.Data took it.
    async fn rename(&self, one: &Addressed<'_>, name: &str) -> Result<bool, Error> {
        let request = self.place.at(Method::Put, &one.address.segments(), Safety::Write).json(to_bytes(&json!({ "name": name })));
        let answer = self.place.client.send(request).await;
        if let Err(error) = &answer {
            tracing::warn!(code = %error.cause.code, id = one.write.id, "a location that swaps its name with another could not be renamed");
        }
        Ok(answer?.is_success())
    }

    /// From below: Go.Data deletes a place with all that lies below it.
    async fn delete_places(&self, writes: &[&Addressed<'_>], outcomes: &mut Outcomes) {
        let ids: Vec<String> = writes.iter().filter_map(|one| one.write.id.clone()).collect();
        let found = async {
            let known = self.living(&ids).await?;
            let all: Vec<&String> = ids.iter().collect();
            let children = self.place.all_of(&all, &|ids| json!({ "parentLocationId": { "inq": ids } })).await?;
            Ok::<_, Error>((known, children))
        }
        .await;
        let (known, children) = match found {
            Ok(found) => found,
            Err(error) => return outcomes.all(writes, &Written::Failed(error)),
        };
        let going: HashSet<&str> = ids.iter().map(String::as_str).collect();
        // What stays below each, by the ids of the parents.
        let mut held: HashMap<String, String> = HashMap::new();
        for child in children.iter().filter(|child| child.get("deleted") != Some(&Value::Bool(true))) {
            let id = child.get("id").and_then(Value::as_str).unwrap_or_default();
            if let Some(parent) = Node::of(child).names.parent.filter(|_| !going.contains(id)) {
                held.entry(parent).or_insert_with(|| id.to_owned());
            }
        }
        let parent = |one: &&Addressed<'_>| known.get(one.write.id.as_ref()?).and_then(|body| Node::of(body).names.parent);
        let parents: Vec<Option<String>> = writes.iter().map(parent).collect();
        let ids_of_writes = writes.iter().map(|one| one.write.id.as_deref().unwrap_or_default());
        let ties: Vec<(&str, Option<&str>)> = ids_of_writes.zip(parents.iter().map(Option::as_deref)).collect();
        let mut levels: BTreeMap<usize, Vec<&Addressed<'_>>> = BTreeMap::new();
        for (one, depth) in writes.iter().zip(hierarchy::depths(&hierarchy::parents(&ties))) {
            levels.entry(depth).or_default().push(one);
        }
        for level in levels.into_values().rev() {
            let (kept, free): (Vec<_>, Vec<_>) =
                level.into_iter().partition(|one| one.write.id.as_ref().is_some_and(|id| held.contains_key(id)));
            for one in &kept {
                let below = one.write.id.as_ref().and_then(|id| held.get(id)).map(String::as_str).unwrap_or_default();
                let message = format!("the location has others below it that stay ({below}), which would be deleted with it");
                outcomes.set(one.position, Written::Refused(Cause::new(godata::TAKES_OTHERS_ALONG, message)));
            }
            self.side_by_side(&free, outcomes).await;
            // What could not be deleted keeps what it lies in.
            for one in kept.iter().chain(&free).filter(|one| !outcomes.is_done(one.position)) {
                let parent = one.write.id.as_ref().and_then(|id| Some((Node::of(known.get(id)?).names.parent?, id)));
                if let Some((parent, id)) = parent {
                    held.entry(parent).or_insert_with(|| id.clone());
                }
            }
        }
    }
}

/// What a write does to the tree; `None` where the place is not there.
fn change_of(one: &Addressed<'_>, known: &Known, parents: &HashMap<String, Option<String>>) -> Result<Option<Change>, Written> {
    let Write { id: Some(id), action, body, .. } = one.write else { return Ok(None) };
    let Some(present) = known.get(id) else { return Ok(None) };
    let body = if *action == Action::Deactivate { &json!({ "active": false }) } else { &**body };
    let change = Change { id: id.clone(), before: Node::of(present), after: Node::with(present, body) };
    if body.get("id").is_some_and(|sent| sent != id) {
        let message = format!("the id of a location cannot change: Go.Data has it as {id}");
        return Err(Written::Refused(Cause::new(godata::ID_TAKEN, message).field("id")));
    }
    match &change.after.names.parent {
        Some(parent) if parent == id => Err(Written::Refused(below_itself("the location would lie in itself"))),
        Some(parent) if change.moves() && !parents.contains_key(parent) => Err(no_parent(parent)),
        _ => Ok(Some(change)),
    }
}

/// Why a place cannot come where it is to lie.
fn below_itself(message: &str) -> Cause {
    Cause::new(godata::BELOW_ITSELF, message).field("parentLocationId")
}

/// It waits for its parent.
pub(in crate::godata) fn no_parent(parent: &str) -> Written {
    let message = format!("Go.Data has no location with the id `{parent}` yet; the location waits for its parent");
    Written::NotYet(Cause::new(record::UNKNOWN_PLACE, message).field("parentLocationId"))
}

/// Groups that go one after the other, none with two places that cannot lie beside each other.
fn without_clashes<'w, 'b>(creations: Vec<&'w Addressed<'b>>, most: usize) -> Vec<Vec<&'w Addressed<'b>>> {
    let mut groups: Vec<Vec<&Addressed<'_>>> = Vec::new();
    let mut held = Roster::default();
    for (at, one) in creations.into_iter().enumerate() {
        let Node { names, .. } = Node::of(&one.write.body);
        match groups.last_mut() {
            Some(group) if group.len() < most && held.holder(&names, &at).is_none() => group.push(one),
            _ => {
                held = Roster::default();
                groups.push(vec![one]);
            }
        }
        held.add(&names, &at);
    }
    groups
}
