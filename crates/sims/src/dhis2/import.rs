//! Writing metadata: a document of `/api/metadata`, or one object, which is a document of one.
//!
//! Each object is identified, checked and resolved against what is stored and against the document itself. Then all of them are written, or those
//! without fault (`atomicMode=NONE`), or nothing.

mod check;
mod commit;
mod delete;
mod params;
mod references;
pub mod report;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::auth::Account;
use super::error::{Error, Result};
use super::integrity;
use super::kind::Kind;
use super::numbers::Numbers;
use super::store::{Object, Store, text};
use super::uid::{Maker, Uid};
pub use params::{Identifier, Params, Strategy};
use references::Finder;
use report::{Problem, Report};

/// Who writes, when, and with what.
#[derive(Debug)]
pub struct Writer<'a> {
    /// The account.
    pub account: &'a Account,
    /// What makes identifiers.
    pub maker: &'a mut Maker,
    /// The numbers, which keep what they use from being deleted.
    pub numbers: &'a Numbers,
    /// The time as metadata have it.
    pub stamp: String,
    /// The same, in milliseconds since 1970.
    pub now: i64,
}

/// One object of a document on its way.
#[derive(Debug)]
pub struct Item {
    /// Its kind.
    pub kind: &'static Kind,
    /// Its position among those of its kind.
    pub index: usize,
    /// What was sent, without what it does not own.
    pub sent: Object,
    /// The identifier that it has or gets.
    pub uid: Uid,
    /// It is there already.
    pub exists: bool,
    /// What is wrong with it.
    pub problems: Vec<Problem>,
}

/// Imports a document: writes it when it may be written, and says what became of it.
pub fn run(store: &mut Store, document: &Value, params: &Params, writer: &mut Writer<'_>) -> Result<Report> {
    let mut finder = Finder::new(store, params.identifier);
    let mut items = identify(&mut finder, document, params, writer)?;
    if params.strategy == Strategy::Delete {
        delete::check(store, &mut items, writer);
    } else {
        finder.payload = payload_of(&items);
        for item in &mut items {
            references::resolve(&mut finder, item);
        }
        if !params.skip_validation {
            check::all(store, &mut items, writer.account);
        }
        if !params.atomic {
            drop_followers(store, &mut items);
        }
    }
    let faulty = items.iter().any(|item| !item.problems.is_empty());
    let report = Report::of(&items, params);
    if !params.validate_only && (!faulty || !params.atomic) {
        items.retain(|item| item.problems.is_empty());
        if params.strategy == Strategy::Delete {
            delete::all(store, &items, writer);
        } else {
            commit::all(store, items, writer);
        }
        integrity::restore(store, writer.maker, &writer.stamp, |uid| writer.numbers.mention(uid));
    }
    Ok(report)
}

/// The objects of a document, by kind and identifier, code.
pub type Payload = BTreeMap<(&'static str, String), Uid>;

fn payload_of(items: &[Item]) -> Payload {
    let mut payload = Payload::new();
    for item in items {
        payload.insert((item.kind.plural, item.uid.to_string()), item.uid);
        if let Some(code) = text(&item.sent, "code") {
            payload.entry((item.kind.plural, format!("code {code}"))).or_insert(item.uid);
        }
    }
    payload
}

/// Reads the objects, and finds those that are there.
fn identify(finder: &mut Finder<'_>, document: &Value, params: &Params, writer: &mut Writer<'_>) -> Result<Vec<Item>> {
    let members = document.as_object().ok_or_else(|| Error::bad_request("an object with lists of objects is expected"))?;
    let mut items = Vec::new();
    for kind in Kind::all() {
        let list = members.get(kind.plural).and_then(Value::as_array).into_iter().flatten();
        for (index, value) in list.enumerate() {
            let object = value.as_object().ok_or_else(|| Error::bad_request(format!("{}[{index}] is no object", kind.plural)))?;
            check::forms(kind, object)?;
            items.push(item(finder, kind, index, object, params, writer));
        }
    }
    twice(&mut items);
    Ok(items)
}

fn item(finder: &mut Finder<'_>, kind: &'static Kind, index: usize, object: &Object, params: &Params, writer: &mut Writer<'_>) -> Item {
    let found = finder.find(kind, &Value::Object(object.clone()));
    let given = text(object, "id");
    let uid = found.or_else(|| given.and_then(Uid::parse)).unwrap_or_else(|| writer.maker.uid());
    let mut sent = integrity::owned(kind, object.clone());
    sent.insert("id".to_owned(), json!(uid.as_str()));
    let mut item = Item { kind, index, sent, uid, exists: found.is_some(), problems: Vec::new() };
    if let Some(wrong) = given.filter(|given| Uid::parse(given).is_none()) {
        item.problem("E4014", format!("Invalid UID `{wrong}` for property `{}`", kind.klass)).property = Some("id".to_owned());
    }
    let named = named(&item, params.identifier);
    let shown = item.shown();
    if params.strategy == Strategy::Create && item.exists {
        item.problem(
            "E5000",
            format!("Found matching object for reference, but import mode is CREATE. Identifier was {named}, and object was {shown}."),
        );
    }
    if matches!(params.strategy, Strategy::Update | Strategy::Delete) && !item.exists {
        item.problem("E5001", format!("No matching object for reference. Identifier was {named}, and object was {shown}."));
    }
    item
}

fn named(item: &Item, identifier: Identifier) -> String {
    let code = text(&item.sent, "code").unwrap_or_default();
    match identifier {
        Identifier::Uid => item.uid.to_string(),
        Identifier::Code => code.to_owned(),
        Identifier::Auto => format!("[{}, {code}]", item.uid),
    }
}

/// Of objects with one identifier in one document only the first is good.
fn twice(items: &mut [Item]) {
    let mut seen = BTreeSet::new();
    for item in items {
        if !seen.insert((item.kind.plural, item.uid)) {
            let message = format!(
                "Id `{}` for type `{}` exists on more than 1 object in the payload, removing all but the first found.",
                item.uid, item.kind.klass
            );
            item.problem("E5004", message);
        }
    }
}

/// What refers to a new object that is not written is not written either.
fn drop_followers(store: &Store, items: &mut [Item]) {
    loop {
        let good: BTreeSet<(&'static str, Uid)> =
            items.iter().filter(|item| item.problems.is_empty()).map(|item| (item.kind.plural, item.uid)).collect();
        let there = |kind: &'static Kind, uid: Uid| store.get(kind, uid).is_some() || good.contains(&(kind.plural, uid));
        let mut dropped = false;
        for item in items.iter_mut().filter(|item| item.problems.is_empty()) {
            dropped |= references::missing(item, &there);
        }
        if !dropped {
            return;
        }
    }
}

impl Item {
    /// Notes what is wrong.
    pub fn problem(&mut self, code: &'static str, message: String) -> &mut Problem {
        self.problems.push(Problem { code, message, klass: self.kind, main_id: Some(self.uid), property: None });
        self.problems.last_mut().expect("one was just added")
    }

    /// As reports name it.
    pub fn shown(&self) -> String {
        format!("{} [{}] ({})", text(&self.sent, "name").unwrap_or_default(), self.uid, self.kind.klass)
    }
}
