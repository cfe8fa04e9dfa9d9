//! Creates places by the file of a tree that Go.Data imports (`POST /locations/import`).
//!
//! The file is a small forest: places of the batch lie in one another, and what their roots lie in is there already. The ids are chosen by us, those of the sheet or
//! made from the keys (`row`), so that no file makes a place twice, whatever became of the one before. Before a file is sent the ids are looked at: one that
//! something else has is refused, and nothing that is there is sent, because Go.Data would overwrite it. After it each place is read back: a row that Go.Data
//! left alone comes back in its answer all the same.
//!
//! Go.Data looks through the whole file before it writes the first row, and then writes row by row without a way back. Rows that it names are refused with their
//! reason, those below them wait, and the rest is sent again. Where it stopped in the middle, what is there counts, and the rest is sent in halves until the
//! one that it does not take stands alone.

use std::collections::{HashMap, HashSet};

use kivuko_core::catalogue::{godata, record, target};
use kivuko_core::connector::{Candidate, Written};
use kivuko_core::diff;
use kivuko_core::error::{Cause, Error};
use kivuko_core::hierarchy;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::address::Addressed;
use super::super::errors::{Remote, Verdict, judge};
use super::super::places::{no_parent, taken};
use super::super::write::{Outcomes, Writer};
use super::row;
use crate::http::{Answer, Form, Method, Safety};

/// What every message of the look through the file begins with.
const MESSAGE: &str = "LNG_PAGE_IMPORT_DATA_ERROR_";

/// A place in a file.
#[derive(Debug)]
struct Leaf<'w, 'b> {
    id: String,
    one: &'w Addressed<'b>,
    parent: Option<String>,
    body: Map<String, Value>,
    /// It was there, was deleted by us, and comes back.
    restores: bool,
}

/// What became of a file.
enum Sent {
    /// Go.Data took it; what is there now has to be looked at.
    Taken,
    /// These rows are not accepted, and nothing was written.
    Bad(Vec<(usize, Written)>),
    /// Something was refused while it was being written.
    Stopped(Written),
    TooLarge,
    Failed(Error),
}

/// A row that did not pass the look through the file.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Failed {
    #[serde(default)]
    record_no: Value,
    #[serde(default)]
    message: String,
}

impl Writer<'_> {
    /// Creates places by files. Each gets its outcome.
    pub(in crate::godata) async fn import_places(&self, creations: Vec<&Addressed<'_>>, outcomes: &mut Outcomes) {
        let mut leaves = self.leaves(&creations, outcomes);
        let mut there = match self.look_before(&mut leaves, outcomes).await {
            Ok(there) => there,
            Err(error) => {
                for leaf in &leaves {
                    outcomes.set(leaf.one.position, Written::Failed(error.clone()));
                }
                return;
            }
        };
        let mut groups = vec![parents_first(leaves)];
        while let Some(group) = groups.pop() {
            let group = those_with_parents(group, &there, outcomes);
            if group.is_empty() {
                continue;
            }
            let sent = self.send_tree(&group).await;
            let mut left = match sent {
                Sent::Failed(error) => {
                    for leaf in group.iter().chain(groups.iter().flatten()) {
                        outcomes.set(leaf.one.position, Written::Failed(error.clone()));
                    }
                    return;
                }
                Sent::Bad(bad) => {
                    let numbers: HashSet<usize> = bad.iter().map(|(at, _)| *at).collect();
                    outcomes.take(bad.into_iter().map(|(at, written)| (group[at].one.position, written)).collect());
                    let left: Vec<Leaf<'_, '_>> =
                        group.into_iter().enumerate().filter(|(at, _)| !numbers.contains(at)).map(|(_, leaf)| leaf).collect();
                    groups.push(left);
                    continue;
                }
                Sent::TooLarge => {
                    let cause = Cause::new(record::TOO_LONG, "the record is larger than Go.Data takes (10 MB)");
                    split_in_two(group, &mut groups, Written::Refused(cause), outcomes);
                    continue;
                }
                Sent::Taken | Sent::Stopped(_) => match self.look_after(group, &mut there, outcomes).await {
                    Ok(left) => left,
                    Err((group, error)) => {
                        let error = error.with_unknown_effect().ended();
                        for leaf in group.iter().chain(groups.iter().flatten()) {
                            outcomes.set(leaf.one.position, Written::Failed(error.clone()));
                        }
                        return;
                    }
                },
            };
            match sent {
                Sent::Stopped(written) => split_in_two(left, &mut groups, written, outcomes),
                _ => {
                    for leaf in left.drain(..) {
                        let message = "Go.Data says that the file was imported; the location is not there";
                        let error = Error::retry(godata::IMPORT_LOST, message).with_unknown_effect().ended();
                        outcomes.set(leaf.one.position, Written::Failed(error));
                    }
                }
            }
        }
    }

    fn leaves<'w, 'b>(&self, creations: &[&'w Addressed<'b>], outcomes: &mut Outcomes) -> Vec<Leaf<'w, 'b>> {
        let mut seen = HashSet::new();
        let mut leaves = Vec::with_capacity(creations.len());
        for one in creations {
            let mut body = one.write.body.as_object().cloned().unwrap_or_default();
            // In a new record what is null is not there.
            body.retain(|_, value| !value.is_null());
            let chosen = body.remove("id").and_then(|id| id.as_str().map(str::to_owned));
            let Some(id) = chosen.or_else(|| (!one.write.key.0.is_empty()).then(|| row::id("", self.place.resource.name, &one.write.key)))
            else {
                let message = "a location that is imported needs an id, or a key that one is made of";
                outcomes.set(one.position, Written::Refused(Cause::new(record::REQUIRED_EMPTY, message).field("id")));
                continue;
            };
            if !seen.insert(id.clone()) {
                let message = format!("another record of the input has the id {id} as well");
                outcomes.set(one.position, Written::Refused(Cause::new(godata::ID_TAKEN, message).field("id")));
                continue;
            }
            let parent = body.remove("parentLocationId").and_then(|parent| parent.as_str().map(str::to_owned));
            leaves.push(Leaf { id, one, parent, body, restores: false });
        }
        leaves
    }

    /// What of the ids and parents is there already: the ids of living places. What is there under an id of ours is not sent again.
    async fn look_before(&self, leaves: &mut Vec<Leaf<'_, '_>>, outcomes: &mut Outcomes) -> Result<HashSet<String>, Error> {
        let mut ids: Vec<String> = leaves.iter().flat_map(|leaf| std::iter::once(&leaf.id).chain(&leaf.parent)).cloned().collect();
        ids.sort_unstable();
        ids.dedup();
        let mut found: HashMap<String, Candidate> = HashMap::with_capacity(ids.len());
        for candidate in self.place.by_ids(&ids).await?.into_iter().flatten() {
            found.insert(candidate.id.clone(), candidate);
        }
        leaves.retain_mut(|leaf| {
            let Some(present) = found.get(&leaf.id) else { return true };
            let is_it = self.search.is_some_and(|search| search.holds(&present.body, &leaf.one.write.key));
            if present.deleted && is_it {
                // The engine makes anew only what it deleted itself.
                leaf.restores = true;
                return true;
            }
            let written = if is_it && !present.deleted {
                leaf.outcome(present)
            } else {
                let which = if present.deleted { "a location that was deleted in Go.Data" } else { "another location" };
                Written::Refused(Cause::new(godata::ID_TAKEN, format!("the id {} belongs to {which}", leaf.id)).field("id"))
            };
            outcomes.set(leaf.one.position, written);
            false
        });
        Ok(found.into_iter().filter(|(_, candidate)| !candidate.deleted).map(|(id, _)| id).collect())
    }

    /// What is there after a file; what is not comes back.
    #[allow(clippy::type_complexity, reason = "what could not be looked at goes back to where it came from")]
    async fn look_after<'w, 'b>(
        &self,
        group: Vec<Leaf<'w, 'b>>,
        there: &mut HashSet<String>,
        outcomes: &mut Outcomes,
    ) -> Result<Vec<Leaf<'w, 'b>>, (Vec<Leaf<'w, 'b>>, Error)> {
        let ids: Vec<String> = group.iter().map(|leaf| leaf.id.clone()).collect();
        let found = match self.place.by_ids(&ids).await {
            Ok(found) => found,
            Err(error) => return Err((group, error)),
        };
        let mut left = Vec::new();
        for (leaf, found) in group.into_iter().zip(found) {
            match found.filter(|found| !found.deleted) {
                Some(found) => {
                    there.insert(found.id.clone());
                    outcomes.set(leaf.one.position, leaf.outcome(&found));
                }
                None => left.push(leaf),
            }
        }
        Ok(left)
    }

    async fn send_tree(&self, group: &[Leaf<'_, '_>]) -> Sent {
        let (content, numbers) = file(group);
        let client = self.place.client;
        let form = Form::new(&*client.http.context().random).json_file("file", "locations.json", content.to_string().as_bytes());
        let request = self.place.request(Method::Post, &["import"], Safety::Write).form(form);
        let answer = match client.send(request).await {
            Ok(answer) => answer,
            Err(error) => return Sent::Failed(error),
        };
        if answer.is_success() {
            return Sent::Taken;
        }
        if let Some(bad) = refused_rows(&answer, group, &numbers) {
            return bad;
        }
        match judge(&answer) {
            Verdict::Record(cause) => Sent::Stopped(Written::Refused(cause)),
            Verdict::TooLarge => Sent::TooLarge,
            Verdict::Whole(error) => Sent::Failed(error),
            Verdict::Gone => {
                let message = format!("{}: this Go.Data has no import of locations; leave `via: import` out", answer.request());
                Sent::Failed(Error::configuration(godata::NO_IMPORT, message))
            }
        }
    }
}

impl Leaf<'_, '_> {
    /// What a place that is there now means for the one that was to be made.
    fn outcome(&self, found: &Candidate) -> Written {
        let mut wanted = Value::Object(self.body.clone());
        wanted["parentLocationId"] = json!(self.parent);
        let differs = diff::changed_fields(&found.body, &wanted);
        if differs.is_empty() {
            return Written::Done { id: found.id.clone(), version: found.version.clone(), returned: Some(found.body.clone()) };
        }
        let message = format!(
            "the location {} is there and is not as it was sent ({}): someone changed it at that moment, or Go.Data left the row alone; send the record again",
            found.id,
            differs.join(", ")
        );
        Written::Refused(Cause::new(godata::NOT_AS_SENT, message))
    }
}

/// Parents before those that lie in them.
fn parents_first<'w, 'b>(leaves: Vec<Leaf<'w, 'b>>) -> Vec<Leaf<'w, 'b>> {
    let ties: Vec<(&str, Option<&str>)> = leaves.iter().map(|leaf| (leaf.id.as_str(), leaf.parent.as_deref())).collect();
    let depths = hierarchy::depths(&hierarchy::parents(&ties));
    let mut ordered: Vec<(usize, Leaf<'_, '_>)> = depths.into_iter().zip(leaves).collect();
    ordered.sort_by_key(|(depth, _)| *depth);
    ordered.into_iter().map(|(_, leaf)| leaf).collect()
}

/// Those whose parent is there, or comes with them; the others wait.
fn those_with_parents<'w, 'b>(group: Vec<Leaf<'w, 'b>>, there: &HashSet<String>, outcomes: &mut Outcomes) -> Vec<Leaf<'w, 'b>> {
    let mut coming: HashSet<String> = HashSet::new();
    let mut fit = Vec::with_capacity(group.len());
    for leaf in group {
        match leaf.parent.as_ref().filter(|parent| !there.contains(*parent) && !coming.contains(*parent)) {
            // It waits for the one that waits for it.
            Some(parent) if *parent == leaf.id => {
                let cause = Cause::new(godata::BELOW_ITSELF, "the location would lie in itself").field("parentLocationId");
                outcomes.set(leaf.one.position, Written::Refused(cause));
            }
            Some(parent) => outcomes.set(leaf.one.position, no_parent(parent)),
            None => {
                coming.insert(leaf.id.clone());
                fit.push(leaf);
            }
        }
    }
    fit
}

/// Puts the halves of a group on the stack, the first one on top; one that stands alone has its outcome.
fn split_in_two<'w, 'b>(mut group: Vec<Leaf<'w, 'b>>, groups: &mut Vec<Vec<Leaf<'w, 'b>>>, alone: Written, outcomes: &mut Outcomes) {
    match group.as_slice() {
        [] => {}
        [one] => outcomes.set(one.one.position, alone),
        several => {
            let second = group.split_off(several.len() / 2);
            groups.extend([second, group]);
        }
    }
}

/// The file, and which place stands under which number in it.
fn file(group: &[Leaf<'_, '_>]) -> (Value, HashMap<String, usize>) {
    let at: HashMap<&str, usize> = group.iter().enumerate().map(|(at, leaf)| (leaf.id.as_str(), at)).collect();
    let mut below: Vec<Vec<usize>> = vec![Vec::new(); group.len()];
    let mut roots = Vec::new();
    for (number, leaf) in group.iter().enumerate() {
        match leaf.parent.as_deref().and_then(|parent| at.get(parent)) {
            Some(parent) => below[*parent].push(number),
            None => roots.push(number),
        }
    }
    let mut numbers = HashMap::with_capacity(group.len());
    let content = branches(group, &roots, &below, "", &mut numbers);
    (content, numbers)
}

fn branches(group: &[Leaf<'_, '_>], these: &[usize], below: &[Vec<usize>], prefix: &str, numbers: &mut HashMap<String, usize>) -> Value {
    let mut nodes = Vec::with_capacity(these.len());
    for (position, at) in these.iter().enumerate() {
        let number = if prefix.is_empty() { (position + 1).to_string() } else { format!("{prefix} - {}", position + 1) };
        let leaf = &group[*at];
        let mut location = leaf.body.clone();
        location.insert("id".to_owned(), json!(leaf.id));
        location.insert("parentLocationId".to_owned(), json!(leaf.parent));
        if leaf.restores {
            location.insert("deleted".to_owned(), json!(false));
        }
        let children = branches(group, &below[*at], below, &number, numbers);
        numbers.insert(number, *at);
        nodes.push(json!({ "location": location, "children": children }));
    }
    Value::Array(nodes)
}

/// The rows that the look through the file refused. `None`: it is another refusal.
fn refused_rows(answer: &Answer, group: &[Leaf<'_, '_>], numbers: &HashMap<String, usize>) -> Option<Sent> {
    let remote = Remote::read(&answer.body).filter(|remote| remote.code() == Some("IMPORT_PARTIAL_SUCCESS_WITH_DETAILS"))?;
    let failed: Vec<Failed> = serde_json::from_value(remote.details.get("failed").cloned().unwrap_or_default()).unwrap_or_default();
    let mut bad: Vec<(usize, Written)> = Vec::new();
    let mut first = None;
    for row in &failed {
        // `'1 - 2'`, or of two that are at odds `'1', '1 - 2'`.
        let quoted = row.record_no.as_str().unwrap_or_default().split('\'').skip(1).step_by(2);
        let named: Vec<usize> = quoted.filter_map(|number| numbers.get(number).copied()).collect();
        let other = named.first().filter(|_| named.len() > 1).map(|at| &group[*at]);
        let word = row.message.strip_prefix(MESSAGE).unwrap_or_default();
        first.get_or_insert_with(|| refusal(word, &group[0], None));
        if let Some(at) = named.last().filter(|at| bad.iter().all(|(known, _)| known != *at)) {
            bad.push((*at, refusal(word, &group[*at], other)));
        }
    }
    if bad.is_empty() {
        // It does not say which: they are found by halves.
        return Some(Sent::Stopped(first.unwrap_or_else(|| refusal("", &group[0], None))));
    }
    Some(Sent::Bad(bad))
}

fn refusal(word: &str, leaf: &Leaf<'_, '_>, other: Option<&Leaf<'_, '_>>) -> Written {
    let cause = match word {
        "SAME_ID" => Cause::new(godata::ID_TAKEN, "another row of the file has this id").field("id"),
        "INVALID_NAME" => Cause::new(record::REQUIRED_EMPTY, "a location needs a name").field("name"),
        "INVALID_SYNONYMS" => Cause::new(record::WRONG_TYPE, "a list of texts is expected").field("synonyms"),
        "DUPLICATE_FILE_NAME" | "DUPLICATE_DB_NAME" | "DUPLICATE_FILE_SYNONYMS" | "DUPLICATE_DB_SYNONYMS" => {
            let field = if word.ends_with("SYNONYMS") { "synonyms" } else { "name" };
            taken((other.map(|other| other.id.as_str()), other.and_then(|other| other.body.get("name")?.as_str())), field)
        }
        "PARENT_MISSING" => return no_parent(leaf.parent.as_deref().unwrap_or_default()),
        "PARENT_LOOP" => Cause::new(godata::BELOW_ITSELF, "its parent lies below it in Go.Data; the location would lie in itself")
            .field("parentLocationId"),
        word if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_') => {
            Cause::new(target::REFUSED, format!("Go.Data refused the row: {word}"))
        }
        _ => Cause::new(target::REFUSED, "Go.Data refused the row and does not say why"),
    };
    Written::Refused(cause)
}
