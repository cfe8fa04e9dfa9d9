//! Finds records by key, many at a time, deleted ones included.
//!
//! A question about many keys is long, and proxies cut long addresses. `POST .../filter` carries it in the body, but for cases Go.Data counts it as a
//! write and allows it in the active outbreak only. A plan must not switch the outbreak, so there the keys are asked for in smaller groups by GET; if the
//! outbreak is switched under us, the refused POST falls back to the same.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use kivuko_core::connector::{Candidate, Key, Standing};
use kivuko_core::error::Error;
use serde_json::{Map, Value, json};

use super::client::{Client, Outbreak, to_bytes};
use super::elsewhere::Lifts;
use super::errors::unreadable;
use super::key::{Search, fits};
use super::persons::PersonKind;
use super::schema::Resource;
use crate::http::{Answer, Method, Request, Safety};

/// What Node and the usual proxies take for an address, with room for the host.
const ADDRESS_LENGTH: usize = 6000;

/// Where a resource lies, and whether it may be asked by POST now.
#[derive(Debug)]
pub struct Place<'a> {
    pub client: &'a Client,
    pub resource: &'static Resource,
    pub outbreak: Option<&'a Outbreak>,
    /// The outbreak is the active one of the account. Learnt to be wrong by a refusal.
    pub active: &'a AtomicBool,
    /// Who has to be brought here before a change.
    pub lifts: &'a Lifts,
}

impl Place<'_> {
    /// A request for the resource, or for something below it.
    pub fn request(&self, method: Method, below: &[&str], safety: Safety) -> Request {
        let path: Vec<&str> = std::iter::once(self.resource.name).chain(below.iter().copied()).collect();
        self.at(method, &path, safety)
    }

    /// A request below the outbreak, or below `/api` for what belongs to none.
    pub fn at(&self, method: Method, below: &[&str], safety: Safety) -> Request {
        let prefix: &[&str] = match &self.outbreak {
            Some(outbreak) if self.resource.in_outbreak => &["outbreaks", &outbreak.id],
            _ => &[],
        };
        self.client.request(method, prefix.iter().chain(below).copied().collect::<Vec<_>>(), safety)
    }

    /// The records that hold these keys, for each key in its place.
    pub async fn by_keys(&self, search: &Search, keys: &[Key]) -> Result<Vec<Vec<Candidate>>, Error> {
        let all: Vec<&Key> = keys.iter().collect();
        let found = self.all_of(&all, &|keys| search.condition(keys)).await?;
        let held: Vec<_> = found.iter().map(|body| (search.held(body), body)).collect();
        let of_key = |key: &Key| {
            let wanted = search.wanted(key);
            held.iter().filter(|(values, _)| fits(values, &wanted)).filter_map(|(_, body)| candidate(self.resource, body)).collect()
        };
        Ok(keys.iter().map(of_key).collect())
    }

    /// The records with these ids, for each id in its place.
    pub async fn by_ids(&self, ids: &[String]) -> Result<Vec<Option<Candidate>>, Error> {
        let all: Vec<&String> = ids.iter().collect();
        let found = self.all_of(&all, &|ids| json!({ "id": { "inq": ids } })).await?;
        let of_id = |id: &String| {
            found.iter().find(|body| body.get("id").and_then(Value::as_str) == Some(id)).and_then(|body| candidate(self.resource, body))
        };
        Ok(ids.iter().map(of_id).collect())
    }

    /// Who these people are, whatever list they stand in. Those who are deleted, or in another outbreak, are not told.
    pub async fn who(&self, ids: &[String]) -> Result<HashMap<String, PersonKind>, Error> {
        let all: Vec<&String> = ids.iter().collect();
        let filter = json!({ "fields": ["id", "type"] });
        let found = self.all_in(&["people"], false, &filter, &all, &|ids| json!({ "id": { "inq": ids } })).await?;
        let one = |body: &Value| {
            let text = |name: &str| body.get(name).and_then(Value::as_str);
            Some((text("id")?.to_owned(), PersonKind::of_code(text("type")?)?))
        };
        Ok(found.iter().filter_map(one).collect())
    }

    /// Asks for all of them, deleted ones included, in as many questions as it takes.
    pub async fn all_of<T: Sync>(&self, wanted: &[&T], condition: &(dyn Fn(&[&T]) -> Value + Sync)) -> Result<Vec<Value>, Error> {
        let mut more = json!({ "deleted": true });
        if let Some(fields) = self.resource.own_fields() {
            more["fields"] = json!(fields);
        }
        self.all_in(self.resource.list_path(), self.resource.list.by_post, &more, wanted, condition).await
    }

    /// The same in any list of the outbreak, with more in the filter.
    pub async fn all_in<T: Sync>(
        &self,
        list: &[&str],
        by_post: bool,
        more: &Value,
        wanted: &[&T],
        condition: &(dyn Fn(&[&T]) -> Value + Sync),
    ) -> Result<Vec<Value>, Error> {
        let mut found = Vec::new();
        let mut waiting = vec![wanted];
        while let Some(group) = waiting.pop() {
            if group.is_empty() {
                continue;
            }
            let mut filter = more.clone();
            filter["where"] = condition(group);
            if by_post && self.may_post() {
                let body = json!({ "filter": filter });
                let request = self.request(Method::Post, &["filter"], Safety::Safe).json(to_bytes(&body));
                let answer = self.client.send(request).await?;
                if answer.status == 403 && self.resource.in_outbreak {
                    // It is not the active outbreak any more: go on without POST.
                    self.active.store(false, Ordering::Relaxed);
                    waiting.push(group);
                    continue;
                }
                found.extend(elements(&answer)?);
                continue;
            }
            let request = self.at(Method::Get, list, Safety::Safe).query("filter", &filter.to_string());
            if request.url_length() > ADDRESS_LENGTH && group.len() > 1 {
                let (first, second) = group.split_at(group.len() / 2);
                waiting.extend([second, first]);
                continue;
            }
            found.extend(elements(&self.client.send(request).await?)?);
        }
        Ok(found)
    }

    fn may_post(&self) -> bool {
        !self.resource.in_outbreak || self.active.load(Ordering::Relaxed)
    }
}

fn elements(answer: &Answer) -> Result<Vec<Value>, Error> {
    if answer.is_success() { answer.read() } else { Err(unreadable(answer)) }
}

/// A record as the engine sees it.
pub fn candidate(resource: &Resource, body: &Value) -> Option<Candidate> {
    let members: &Map<String, Value> = body.as_object()?;
    Some(Candidate {
        id: members.get("id")?.as_str()?.to_owned(),
        version: members.get("updatedAt").and_then(Value::as_str).map(str::to_owned),
        deleted: members.get("deleted") == Some(&Value::Bool(true)),
        body: resource.as_compared(body.clone()),
        standing: Standing::Usual,
    })
}
