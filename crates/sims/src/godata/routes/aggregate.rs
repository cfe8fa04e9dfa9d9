//! Lists that the backend makes by aggregation: each row with the person that it belongs to. They know no `include`,
//! take an order only as an array, and have none of their own.

use std::collections::HashSet;
use std::sync::Arc;

use axum::http::Method;
use bytes::{BufMut as _, Bytes, BytesMut};
use serde_json::{Value, json};

use super::people::{HAS_MORE, below_locations};
use super::{Call, compile, counted};
use crate::godata::condition::Engine;
use crate::godata::error::{Error, Result};
use crate::godata::filter::{Fields, Filter, Order};
use crate::godata::node::Node;
use crate::godata::records::{Of, Record, Records};
use crate::godata::rows::{Row, Scope};
use crate::godata::schema::{CASE, Model};
use crate::godata::store::{Store, text_of};
use crate::godata::texts::project;
use crate::server::Reply;

/// One such list.
pub(super) struct Aggregate {
    /// The model of its rows.
    pub(super) model: &'static Model,
    /// Where its rows are.
    pub(super) records: fn(&Store) -> &Records,
    /// Under which name a row carries its person.
    pub(super) join: &'static str,
    /// Keys of `where` that are conditions on the person, with the type that the person must have.
    pub(super) of_person: &'static [(&'static str, Option<&'static str>)],
    /// Keys of `where` that the backend knows and this simulator does not.
    pub(super) not_simulated: &'static [&'static str],
}

impl Aggregate {
    /// The list of an outbreak, as far as rows are wanted.
    pub(super) fn list(&self, call: &Call<'_>, outbreak: &str, wanted: &dyn Fn(&Record) -> bool) -> Result<Reply> {
        let filter = match call.json_argument("filter")? {
            Some(node) => filter(&node)?,
            None => Filter::default(),
        };
        if let Some(order) = filter.order.iter().find(|order| order.path.starts_with(&format!("{}.", self.join))) {
            return Err(Error::not_simulated(&format!("an order by {}", order.path)));
        }
        let store = call.server.read();
        let found = self.found(&store, outbreak, &filter, wanted)?;
        let elements = found.into_iter().map(|row| match &filter.fields {
            None => self.joined(&store, row),
            Some(fields) => {
                let mut record = row.record();
                if let Some(person) = store.people.get(&row.person) {
                    record.insert(self.join.to_owned(), Value::Object(person.typed_record()));
                }
                let id = record.get("id").cloned().unwrap_or_default();
                fields.apply(&mut record);
                record.insert("id".to_owned(), id);
                text_of(&record)
            }
        });
        Ok(Reply::elements(elements.collect()))
    }

    /// How many rows the list has.
    pub(super) fn count(&self, call: &Call<'_>, outbreak: &str, wanted: &dyn Fn(&Record) -> bool) -> Result<Reply> {
        let sent = if call.is(&Method::POST) { call.filter_in_body(Engine::Raw)? } else { call.filter(Engine::Raw)? };
        let all = Filter { condition: sent.condition, deleted: sent.deleted, ..Filter::default() };
        let store = call.server.read();
        let count = self.found(&store, outbreak, &all, wanted)?.len();
        if sent.has_more_limit {
            return Ok(Reply::json(200, json!({"count": count.min(HAS_MORE), "hasMore": count > HAS_MORE}).to_string()));
        }
        Ok(counted(count.min(sent.limit.unwrap_or(usize::MAX))))
    }

    /// The rows of an outbreak that a filter finds.
    pub(super) fn found<'s>(
        &self,
        store: &'s Store,
        outbreak: &str,
        filter: &Filter,
        wanted: &dyn Fn(&Record) -> bool,
    ) -> Result<Vec<&'s Record>> {
        let mut node = filter.condition.clone();
        let people = self.people(store, outbreak, node.as_mut())?;
        if let Some(node) = &mut node {
            below_locations(&store.locations, node)?;
        }
        let condition = compile(node.as_ref(), Engine::Raw, self.model)?;
        let mut fields = HashSet::new();
        if let Some(condition) = &condition {
            condition.top_fields(&mut fields);
        }
        let looks_at_person = fields.contains(self.join);
        let holds = |row: &Record| {
            let mut record = project(row, &fields);
            if let Some(person) = store.people.get(&row.person) {
                record.insert(self.join.to_owned(), Value::Object(person.typed_record()));
            }
            condition.as_ref().is_none_or(|condition| condition.holds(&record))
        };
        let of = Of { outbreak: Some(outbreak), person: None, deleted: filter.deleted };
        let wanted =
            |row: &Record| people.iter().all(|people| people.contains(&row.person)) && wanted(row) && (!looks_at_person || holds(row));
        let searched = condition.as_ref().filter(|_| !looks_at_person);
        Ok((self.records)(store).search(of, filter, searched, None, &wanted))
    }

    /// Takes the conditions on the person out of a `where`, and finds for each the people that fulfil it.
    fn people(&self, store: &Store, outbreak: &str, node: Option<&mut Node>) -> Result<Vec<HashSet<Arc<str>>>> {
        let mut found = Vec::new();
        let Some(Node::Object(members)) = node else {
            return Ok(found);
        };
        if let Some((key, _)) = members.iter().find(|(key, _)| self.not_simulated.contains(&key.as_str())) {
            return Err(Error::not_simulated(&format!("where.{key}")));
        }
        for (name, kind) in self.of_person {
            let Some(at) = members.iter().position(|(key, _)| key == name) else { continue };
            let (_, mut condition) = members.remove(at);
            below_locations(&store.locations, &mut condition)?;
            let condition = compile(Some(&condition), Engine::Raw, &CASE)?;
            let scope = Scope { outbreak, kind: *kind, deleted: false };
            let people = store.people.search(scope, &Filter::default(), condition.as_ref());
            found.push(people.into_iter().map(|person| Arc::clone(&person.id)).collect());
        }
        Ok(found)
    }

    /// A row with its person.
    fn joined(&self, store: &Store, row: &Record) -> Bytes {
        store.people.get(&row.person).map_or_else(|| row.text.clone(), |person| with_person(&row.text, self.join, person))
    }
}

/// The text of a row with that of a person in it.
fn with_person(row: &[u8], name: &str, person: &Row) -> Bytes {
    let mut text = BytesMut::with_capacity(row.len() + person.text.len() + 128);
    text.put_slice(&row[..row.len() - 1]);
    text.put_slice(format!(",\"{name}\":{{\"type\":\"{}\",", person.kind).as_bytes());
    text.put_slice(&person.text[1..]);
    text.put_slice(b"}");
    text.freeze()
}

/// The filter of such a list. What it does not understand it leaves out in silence, but for the numbers.
fn filter(node: &Node) -> Result<Filter> {
    let whole = |name: &str| match node.get(name) {
        None | Some(Node::Null) => Ok(None),
        Some(Node::Number(number)) => Ok(number.as_u64().and_then(|number| usize::try_from(number).ok())),
        Some(_) => Err(Error::internal(format!("{name} must be a number"))),
    };
    let limit = whole("limit")?;
    if limit == Some(0) {
        return Err(Error::internal("the limit must be positive"));
    }
    let fields = match node.get("fields") {
        Some(Node::List(names)) if !names.is_empty() => {
            Some(Fields::Only(names.iter().filter_map(Node::text).map(str::to_owned).collect()))
        }
        _ => None,
    };
    Ok(Filter {
        condition: node.get("where").cloned().filter(|condition| *condition != Node::Null),
        fields,
        order: order(node.get("order")),
        limit,
        skip: whole("skip")?.unwrap_or_default(),
        deleted: node.get("deleted") == Some(&Node::Bool(true)),
        ..Filter::default()
    })
}

/// Only an array counts, of it only what says its direction, and `id` is no field yet when rows are put in order: it is
/// `_id` until the end.
fn order(node: Option<&Node>) -> Vec<Order> {
    let Some(Node::List(keys)) = node else {
        return Vec::new();
    };
    let key = |text: &str| {
        let (path, direction) = text.split_once(' ')?;
        let descending = match direction.trim() {
            "ASC" => false,
            "DESC" => true,
            _ => return None,
        };
        let path = match path {
            "id" => return None,
            "_id" => "id",
            path => path,
        };
        Some(Order { path: path.to_owned(), descending })
    };
    keys.iter().filter_map(Node::text).filter_map(key).collect()
}
