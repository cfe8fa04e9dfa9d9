//! Items of reference data: found by what they are called today, linked where they are there already, and told who is in the way.
//!
//! The id of an item says what it was called when it was made; what it is called today is a translation of its token. So an item is looked for by the label first. The id that
//! the label makes may belong to an item that means something else by now: that one is not written to, a person decides. A code is unique in all of Go.Data,
//! whatever the category, and a refusal of Go.Data says of neither who has it: here it does.

use std::collections::{BTreeSet, HashMap};

use kivuko_core::catalogue::{godata, target};
use kivuko_core::connector::{Action, Candidate, Key, Standing, Write, Written};
use kivuko_core::error::{Cause, Error};
use kivuko_core::{diff, value};
use serde_json::{Map, Value, json};

use super::address::{self, Addressed};
use super::codes::item_id;
use super::key::Search;
use super::lookup::{Place, candidate};
use super::write::{Outcomes, Writer};

/// What is read as a token and written as a label.
pub const LABELLED: [&str; 2] = ["value", "description"];

/// What tokens are called in the language of the account.
pub type Called = HashMap<String, String>;

/// Who may have what a new item wants.
struct InTheWay {
    id: String,
    deleted: bool,
    label: Option<String>,
    code: Option<String>,
}

impl InTheWay {
    fn of(body: &Value, called: &Called) -> Option<Self> {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        let id = text("id")?;
        Some(Self {
            label: called.get(&id).cloned(),
            deleted: body.get("deleted") == Some(&Value::Bool(true)),
            code: text("code").filter(|code| !code.is_empty()),
            id,
        })
    }
}

/// Completes what was found by the ids that labels make with what is called so today.
pub async fn by_label(
    place: &Place<'_>,
    search: &Search,
    keys: &[Key],
    called: &Called,
    found: &mut [Vec<Candidate>],
) -> Result<(), Error> {
    let wanted: Vec<Option<(String, &str)>> = keys.iter().map(|key| search.labelled(key)).collect();
    let categories: BTreeSet<&String> = wanted.iter().flatten().map(|(category, _)| category).collect();
    let categories: Vec<&String> = categories.into_iter().collect();
    let items = place.all_of(&categories, &|ids| json!({ "categoryId": { "inq": ids } })).await?;
    for (wanted, found) in wanted.iter().zip(found) {
        let Some((category, label)) = wanted else { continue };
        let is_it = |item: &&Value| {
            let text = |name: &str| item.get(name).and_then(Value::as_str);
            text("categoryId") == Some(category)
                && item.get("deleted") != Some(&Value::Bool(true))
                // Items of one outbreak are that outbreak's.
                && item.get("outbreakId").is_none_or(value::is_empty)
                && text("id").and_then(|id| called.get(id)).map(String::as_str) == Some(*label)
        };
        let called_so: Vec<Candidate> = items.iter().filter(is_it).filter_map(|item| candidate(place.resource, item)).collect();
        if !called_so.is_empty() {
            *found = called_so;
            continue;
        }
        for one in found.iter_mut().filter(|one| !one.deleted) {
            if called.get(&one.id).is_some_and(|today| item_id("", today) != item_id("", label)) {
                let message = format!(
                    "the item {} has the id that this label makes, and is called something else today; a person decides whether it is the same",
                    one.id
                );
                one.standing = Standing::Barred(Cause::new(godata::CALLED_OTHERWISE, message).field("value"));
            }
        }
    }
    Ok(())
}

impl Writer<'_> {
    /// Of items that Go.Data has already in another way: links those that are the same, and says of the others who is in the way.
    pub(super) async fn settle_items(&self, writes: &[Addressed<'_>], outcomes: &mut Outcomes) {
        let is_taken =
            |one: &&Addressed<'_>| matches!(outcomes.get(one.position), Some(Written::Refused(cause)) if cause.code == godata::TAKEN);
        for one in writes.iter().filter(is_taken).collect::<Vec<_>>() {
            match self.settle_item(one).await {
                Ok(Some(written)) => outcomes.set(one.position, written),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(code = %error.cause.code, "which item of reference data has a label or a code could not be asked");
                }
            }
        }
    }

    async fn settle_item(&self, one: &Addressed<'_>) -> Result<Option<Written>, Error> {
        let Write { action, id: own, body, .. } = one.write;
        let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let others = |found: Vec<Value>| -> Vec<InTheWay> {
            let others = found.iter().filter_map(|body| InTheWay::of(body, self.called));
            others.filter(|other| Some(&other.id) != own.as_ref()).collect()
        };
        if let Some(code) = text("code") {
            let found = others(self.place.all_of(&[&code], &|codes| json!({ "code": { "inq": codes } })).await?);
            if let Some(other) = found.iter().find(|other| !other.deleted) {
                let message = format!(
                    "the code belongs to the item {}; Go.Data has one item for a code in all categories together, so give codes of short lists a prefix",
                    other.id
                );
                return Ok(Some(Written::Refused(Cause::new(godata::TAKEN, message).field("code"))));
            }
        }
        let (Some(category), Some(label)) = (text("categoryId"), text("value")) else { return Ok(None) };
        let made = item_id(category, label);
        let found = others(self.place.all_of(&[&category], &|ids| json!({ "categoryId": { "inq": ids } })).await?);
        let called_so = found.iter().find(|other| !other.deleted && other.label.as_deref() == Some(label));
        let Some(other) = called_so.or_else(|| found.iter().find(|other| other.id == made)) else { return Ok(None) };
        let is_the_same = *action == Action::Create && !other.deleted && other.label.as_deref() == Some(label);
        if is_the_same && other.code.as_deref().is_none_or(|code| Some(code) == text("code")) {
            return self.adopt(&other.id, body).await.map(Some);
        }
        let message = if other.deleted {
            format!("the item {}, whose id this label makes, was deleted in Go.Data; restore it there, or use another label", other.id)
        } else {
            format!("the label, or the id that it makes, belongs to the item {}, which has another code", other.id)
        };
        Ok(Some(Written::Refused(Cause::new(godata::TAKEN, message).field("value"))))
    }

    /// The item is there under this label: what else is to be written goes into it.
    async fn adopt(&self, id: &String, body: &Value) -> Result<Written, Error> {
        let Some(mut present) = self.place.by_ids(std::slice::from_ref(id)).await?.remove(0) else {
            let message = "the item was deleted in Go.Data right after it was found";
            return Ok(Written::Refused(Cause::new(target::TARGET_GONE, message)));
        };
        as_called(self.called, &mut present.body);
        let changed: Map<String, Value> =
            diff::changed_fields(&present.body, body).into_iter().map(|name| (name.clone(), body[&name].clone())).collect();
        if changed.is_empty() {
            return Ok(Written::Done { id: present.id, version: present.version, returned: Some(present.body) });
        }
        let write =
            Write { action: Action::Update, key: Key(Vec::new()), id: Some(id.clone()), body: Value::Object(changed).into(), parent: None };
        let addressed = address::of(&self.place, std::slice::from_ref(&write)).await?;
        Ok(self.change(std::slice::from_ref(&write), addressed).await.remove(0))
    }
}

/// A record as it would be written: with labels in the place of their tokens.
pub fn as_called(called: &Called, body: &mut Value) {
    for field in LABELLED {
        if let Some(label) = body.get(field).and_then(Value::as_str).and_then(|token| called.get(token)) {
            body[field] = Value::String(label.clone());
        }
    }
}

/// What came to be called otherwise by this write.
pub fn note(called: &mut Called, id: &str, body: &Value) {
    for (field, token) in [("value", id.to_owned()), ("description", format!("{id}_DESCRIPTION"))] {
        if let Some(label) = body.get(field).and_then(Value::as_str) {
            called.insert(token, label.to_owned());
        }
    }
}
