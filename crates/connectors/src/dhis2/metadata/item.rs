//! From what is to be written to the whole objects that are sent.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use kivuko_core::catalogue::{dhis2, network, record, target};
use kivuko_core::connector::{Action, Write, Written};
use kivuko_core::diff;
use kivuko_core::error::{Cause, Error};
use serde_json::{Map, Value, json};

use super::conform::{day_of, filled};
use super::held::{Object, id_of, members};
use super::lookup::Lookup;
use super::shape::{ATTRIBUTE_VALUES, Holds, ME, Shape};
use super::uid::derived;
use super::write::{Outcomes, Writer};

/// One object on its way.
#[derive(Debug)]
pub struct Item {
    pub position: usize,
    pub id: String,
    pub object: Object,
    pub is_new: bool,
    /// Nothing of it is sent but its memberships.
    pub is_same: bool,
    /// It comes to lie in something else than before.
    pub is_moved: bool,
    /// The memberships that it is to have and has not: collection owners by field.
    pub joins: BTreeMap<&'static str, Vec<String>>,
    pub joins_own: bool,
}

impl Writer<'_> {
    /// The id that a new object gets.
    fn id_of_new(&self, write: &Write) -> Option<String> {
        let given = write.body.get("id").and_then(Value::as_str).map(str::to_owned);
        given.or_else(|| (!write.key.0.is_empty()).then(|| derived(self.system, self.shape.resource, &write.key.0)))
    }

    pub(super) fn created(&self, batch: &[(usize, &Write)], outcomes: &mut Outcomes) -> Vec<Item> {
        let mut items = Vec::new();
        let mut seen = BTreeSet::new();
        for (position, write) in batch.iter().filter(|(_, write)| write.action == Action::Create) {
            let (Some(id), Some(body)) = (self.id_of_new(write), write.body.as_object()) else {
                outcomes[*position] =
                    Some(Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, "an object came to be made without a key")));
                continue;
            };
            let mut object: Object =
                self.own_fields(body).filter(|(_, value)| !value.is_null()).map(|(name, value)| (name.clone(), value.clone())).collect();
            object.insert("id".to_owned(), Value::String(id.clone()));
            filled(&mut object);
            // A short name is what DHIS2 shows where there is little room: the name itself, where it fits.
            if self.shape.required.contains(&"shortName") && !object.contains_key("shortName") {
                let name = object.get("name").filter(|name| name.as_str().is_some_and(|name| name.chars().count() <= 50)).cloned();
                object.extend(name.map(|name| ("shortName".to_owned(), name)));
            }
            if let Some(missing) = self.shape.required.iter().find(|name| !object.contains_key(**name)) {
                outcomes[*position] = Some(Written::Refused(missing_field(self.shape, missing)));
                continue;
            }
            if !seen.insert(id.clone()) {
                let message = format!("several records of the batch lead to one object of DHIS2 ({id})");
                outcomes[*position] = Some(Written::Refused(Cause::new(record::DUPLICATE_KEY, message)));
                continue;
            }
            let joins = self.shape.memberships().map(|(name, _)| (name, members(body, name))).filter(|(_, ids)| !ids.is_empty()).collect();
            let joins_own = body.contains_key(ME);
            items.push(Item { position: *position, id, object, is_new: true, is_same: false, is_moved: false, joins, joins_own });
        }
        items
    }

    /// The members of a body that the object owns.
    fn own_fields<'b>(&self, body: &'b Map<String, Value>) -> impl Iterator<Item = (&'b String, &'b Value)> {
        let shape = self.shape;
        body.iter().filter(move |(name, _)| shape.field(name).is_some_and(|field| !matches!(field.holds, Holds::Members(_) | Holds::Uid)))
    }

    /// New options without a place come after the last of their set: DHIS2 cannot show a set in which an option has none.
    pub(super) async fn give_places(&self, items: &mut [Item], outcomes: &mut Outcomes) -> Result<(), Error> {
        if self.shape.field("sortOrder").is_none() {
            return Ok(());
        }
        let container = |item: &Item| item.object.get(self.shape.container?)?.get("id")?.as_str().map(str::to_owned);
        let without: Vec<usize> = (0..items.len()).filter(|at| !items[*at].object.contains_key("sortOrder")).collect();
        let sets: BTreeSet<String> = without.iter().filter_map(|at| container(&items[*at])).collect();
        if sets.is_empty() {
            return Ok(());
        }
        let mut last: HashMap<String, i64> = HashMap::new();
        let fields = "id,sortOrder,optionSet[id]";
        let sets: Vec<&str> = sets.iter().map(String::as_str).collect();
        for option in (Lookup { client: self.client, resource: self.shape.resource, fields }).by("optionSet.id", &sets).await? {
            let Some(set) = option.get("optionSet").and_then(|set| set.get("id")?.as_str()) else { continue };
            let place = option.get("sortOrder").and_then(Value::as_i64).unwrap_or_default();
            let highest = last.entry(set.to_owned()).or_default();
            *highest = place.max(*highest);
        }
        for at in without {
            let Some(set) = container(&items[at]) else { continue };
            // Places that the batch itself gives count as well.
            let given = items
                .iter()
                .filter(|item| container(item).as_deref() == Some(&set))
                .filter_map(|item| item.object.get("sortOrder")?.as_i64())
                .max();
            let highest = last.get(&set).copied().unwrap_or_default().max(given.unwrap_or_default());
            match highest.checked_add(1) {
                Some(next) => _ = items[at].object.insert("sortOrder".to_owned(), Value::from(next)),
                None => outcomes[items[at].position] = Some(Written::Refused(missing_field(self.shape, "sortOrder"))),
            }
        }
        Ok(())
    }

    /// Changes, put into the objects as they are now.
    pub(super) async fn changed(&self, batch: &[(usize, &Write)], outcomes: &mut Outcomes) -> Result<Vec<Item>, Error> {
        let writes: Vec<&(usize, &Write)> = batch.iter().filter(|(_, write)| write.action != Action::Create).collect();
        let ids: Vec<String> = writes.iter().filter_map(|(_, write)| write.id.clone()).collect();
        let present = self.lookup().by_ids(&ids).await?;
        let mut items = Vec::new();
        for (position, write) in writes {
            let object = write.id.as_ref().and_then(|id| present.get(id));
            if let Some(object) = object {
                items.extend(self.change(*position, write, object, outcomes));
            } else {
                let message = format!("{} that is to be changed is no longer there", self.shape.named);
                outcomes[*position] = Some(Written::Refused(Cause::new(target::TARGET_GONE, message)));
            }
        }
        Ok(items)
    }

    /// One change; nothing when it is refused or there is nothing to be sent.
    pub(super) fn change(&self, position: usize, write: &Write, present: &Object, outcomes: &mut Outcomes) -> Option<Item> {
        let id = id_of(present)?.to_owned();
        let done = || Some(Written::Done { id: id.clone(), version: None, returned: None });
        let mut object = present.clone();
        // Made by the server from the parents, and by the other side.
        object.remove("path");
        let present_members: BTreeMap<&str, BTreeSet<String>> =
            self.shape.memberships().map(|(name, _)| (name, members(present, name).into_iter().collect())).collect();
        object.retain(|name, _| !present_members.contains_key(name.as_str()));
        let before = object.clone();
        let mut joins: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        let mut joins_own = false;
        if write.action == Action::Deactivate {
            let Some(ends) = self.shape.ends else {
                outcomes[position] = Some(Written::Refused(cannot_end(self.shape)));
                return None;
            };
            if day_of(present, ends).is_none_or(|day| day > self.today) {
                object.insert(ends.to_owned(), Value::String(self.today.to_string()));
            }
        } else {
            let body = write.body.as_object().cloned().unwrap_or_default();
            if body.get("id").and_then(Value::as_str).is_some_and(|given| given != id) {
                let message = format!("{} in DHIS2 keeps its id: the record gives another one than it has there", self.shape.named);
                outcomes[position] = Some(Written::Refused(Cause::new(dhis2::BAD_FIELD, message).field("id")));
                return None;
            }
            for (name, value) in self.own_fields(&body) {
                if name == ATTRIBUTE_VALUES && !value.is_null() {
                    let merged =
                        diff::merge(&Value::Object(before.clone()), &json!({ ATTRIBUTE_VALUES: value }), &super::target::replaced_whole());
                    object.extend(merged.get(ATTRIBUTE_VALUES).map(|merged| (name.clone(), merged.clone())));
                } else if value.is_null() {
                    object.remove(name);
                } else {
                    object.insert(name.clone(), value.clone());
                }
            }
            filled(&mut object);
            for (name, _) in self.shape.memberships() {
                let missing: Vec<String> = members(&body, name).into_iter().filter(|id| !present_members[name].contains(id)).collect();
                if !missing.is_empty() {
                    joins.insert(name, missing);
                }
            }
            joins_own = body.contains_key(ME);
        }
        let is_same = diff::changed_fields(&Value::Object(before), &Value::Object(object.clone())).is_empty()
            && present.keys().all(|name| name == "path" || present_members.contains_key(name.as_str()) || object.contains_key(name));
        if is_same && joins.is_empty() && !joins_own {
            outcomes[position] = done();
            return None;
        }
        let lies_in = |object: &Object| self.shape.container.and_then(|name| object.get(name)?.get("id")?.as_str().map(str::to_owned));
        let is_moved = lies_in(present) != lies_in(&object);
        Some(Item { position, id, object, is_new: false, is_same, is_moved, joins, joins_own })
    }

    /// What an item lies in.
    pub(super) fn container(&self, item: &Item) -> Option<String> {
        item.object.get(self.shape.container?)?.get("id")?.as_str().map(str::to_owned)
    }
}

fn missing_field(shape: &Shape, name: &str) -> Cause {
    let more = if name == "shortName" {
        ": the name has more than 50 characters and is no short name; write one, such as `truncate(50)` of the name"
    } else {
        ""
    };
    Cause::new(dhis2::BAD_FIELD, format!("`{name}` is missing, and {} needs it{more}", shape.named)).field(name)
}

fn cannot_end(shape: &Shape) -> Cause {
    let message = format!(
        "DHIS2 has no way to mark {} as no longer used; let the flow ignore it, or delete it (`deletes: {{ then: delete }}`)",
        shape.named
    );
    Cause::new(dhis2::NOT_DEACTIVATED, message)
}
