//! A resource of metadata as a target.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::network;
use kivuko_core::connector::{self, Action, Candidate, Capabilities, Inside, Key, ReplacedWhole, Standing, TargetSpec, Write, Written};
use kivuko_core::error::{Cause, Error};
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::super::client::Client;
use super::super::config::TargetOptions;
use super::assign::Own;
use super::conform::{Rules, conform};
use super::delete::{delete, inside};
use super::held::{Object, Showing, candidate, id_of, path_of};
use super::index::{By, Index};
use super::key::KeyPaths;
use super::lookup::Lookup;
use super::shape::{ATTRIBUTE_VALUES, ME, Shape};
use super::uid::derived;
use super::write::{Places, Writer, other_key};

/// How many objects one document has at most.
const BATCH: usize = 500;
/// How many keys one look-up takes.
const LOOKUP: usize = 200;

/// A resource that is written to.
#[derive(Debug)]
pub struct Target {
    pub(super) client: Arc<Client>,
    pub(super) spec: TargetSpec,
    pub(super) options: TargetOptions,
    pub(super) shape: &'static Shape,
    pub(super) ready: OnceCell<Ready>,
}

/// What is known once the server has been asked.
#[derive(Debug)]
pub(super) struct Ready {
    pub system: String,
    pub zone: TimeZone,
    pub offset: SignedDuration,
    pub key: Option<KeyPaths>,
    pub containers: Mutex<Index>,
    /// The attributes that the sheet writes.
    pub attributes: BTreeSet<String>,
    /// What each object becomes a member of, by field.
    pub assigned: BTreeMap<&'static str, Vec<String>>,
    pub own: Own,
    pub joins_own: bool,
    /// Whether the account may delete objects of the resource.
    pub may_delete: bool,
    /// The `fields` that make a whole object.
    pub fields: String,
    pub causes: Vec<Cause>,
}

impl Places for Ready {
    fn is_there(&self, id: &str) -> bool {
        !self.containers.lock().unwrap_or_else(PoisonError::into_inner).find(By::Id, id).is_empty()
    }

    fn note(&self, id: &str) {
        let mut containers = self.containers.lock().unwrap_or_else(PoisonError::into_inner);
        if containers.find(By::Id, id).is_empty() {
            containers.note(id, None, None);
        }
    }
}

/// The paths that DHIS2 replaces whole, with what makes two of their items the same one.
pub fn replaced_whole() -> Vec<ReplacedWhole> {
    let of = |path: &str, identity: &str| ReplacedWhole { path: path.to_owned(), identity: vec![identity.to_owned()] };
    let members = ["organisationUnitGroups", "dataSets", "programs", ME];
    std::iter::once(of(ATTRIBUTE_VALUES, "attribute.id")).chain(members.map(|name| of(name, "id"))).collect()
}

impl Target {
    /// Opens a resource.
    pub fn new(client: Arc<Client>, shape: &'static Shape, spec: &TargetSpec, options: TargetOptions) -> Self {
        Self { client, spec: spec.clone(), options, shape, ready: OnceCell::new() }
    }

    async fn ready(&self) -> Result<&Ready, Error> {
        self.ready.get_or_try_init(|| self.get_ready()).await
    }

    fn candidate(&self, ready: &Ready, object: &Object) -> Option<Candidate> {
        let path: Vec<&str> = path_of(object).collect();
        let me = (ready.joins_own && ready.own.covers(&path)).then(|| ready.own.id());
        candidate(Showing { shape: self.shape, attributes: &ready.attributes, me }, object)
    }

    fn questions<'a>(&'a self, ready: &'a Ready) -> Lookup<'a> {
        Lookup { client: &self.client, resource: self.shape.resource, fields: &ready.fields }
    }

    async fn look_up(&self, keys: &[Key]) -> Result<Vec<Vec<Candidate>>, Error> {
        let ready = self.ready().await?;
        let Some(paths) = &ready.key else { return Ok(vec![Vec::new(); keys.len()]) };
        let asked: BTreeSet<&str> = keys.iter().filter_map(|key| paths.asked(key)).collect();
        let asked: Vec<&str> = if paths.property() == "id" {
            asked.into_iter().filter(|id| super::uid::is_uid(id)).collect()
        } else {
            asked.into_iter().collect()
        };
        let objects = self.questions(ready).by(paths.property(), &asked).await?;
        let found = self.fitting(ready, paths, keys, &objects);
        self.with_renamed(ready, keys, found).await
    }

    /// The objects that have these keys, for each key in its place.
    fn fitting(&self, ready: &Ready, paths: &KeyPaths, keys: &[Key], objects: &[Object]) -> Vec<Vec<Candidate>> {
        let containers = ready.containers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut by_value: HashMap<&str, Vec<&Object>> = HashMap::new();
        for object in objects {
            let value = match paths.attribute() {
                Some(attribute) if paths.property() == attribute => super::key::attribute_value(object, attribute),
                _ => object.get(paths.property()).and_then(Value::as_str),
            };
            if let Some(value) = value {
                by_value.entry(value).or_default().push(object);
            }
        }
        let of = |key: &Key| -> Vec<Candidate> {
            let mut seen = BTreeSet::new();
            let with_value = paths.asked(key).and_then(|value| by_value.get(value)).into_iter().flatten();
            let fitting = with_value.filter(|object| paths.fits(self.shape, key, object, &containers));
            fitting
                .filter(|object| id_of(object).is_some_and(|id| seen.insert(id.to_owned())))
                .filter_map(|object| self.candidate(ready, object))
                .collect()
        };
        keys.iter().map(of).collect()
    }

    /// Where nothing has a key, the object that was made for it may be there under another: it is shown, and nothing is written to it.
    async fn with_renamed(&self, ready: &Ready, keys: &[Key], mut found: Vec<Vec<Candidate>>) -> Result<Vec<Vec<Candidate>>, Error> {
        if self.spec.paths.iter().any(|path| path == "id") {
            return Ok(found);
        }
        let ids: HashMap<String, usize> = (0..keys.len())
            .filter(|at| found[*at].is_empty() && !keys[*at].0.is_empty())
            .map(|at| (derived(&ready.system, self.shape.resource, &keys[at].0), at))
            .collect();
        let asked: Vec<String> = ids.keys().cloned().collect();
        for (id, object) in self.questions(ready).by_ids(&asked).await? {
            let (Some(at), Some(candidate)) = (ids.get(&id), self.candidate(ready, &object)) else { continue };
            let standing = Standing::Barred(other_key(self.shape, &id));
            found[*at].push(Candidate { standing, ..candidate });
        }
        Ok(found)
    }

    async fn write_batch(&self, batch: &[Write]) -> Result<Vec<Written>, Error> {
        let ready = self.ready().await?;
        let mut outcomes: Vec<Option<Written>> = vec![None; batch.len()];
        let (deletes, writes): (Vec<usize>, Vec<usize>) = (0..batch.len()).partition(|at| batch[*at].action == Action::Delete);
        if !writes.is_empty() {
            let now = self.client.http.context().clock.now();
            let now = now.checked_add(ready.offset).unwrap_or(now);
            let fits = |write: &Write, object: &Object| {
                let containers = ready.containers.lock().unwrap_or_else(PoisonError::into_inner);
                ready.key.as_ref().is_some_and(|paths| paths.fits(self.shape, &write.key, object, &containers))
            };
            let writer = Writer {
                client: &self.client,
                shape: self.shape,
                fields: &ready.fields,
                system: &ready.system,
                today: now.to_zoned(ready.zone.clone()).date(),
                own: &ready.own,
                fits: &fits,
                places: ready,
            };
            let writes: Vec<(usize, &Write)> = writes.iter().map(|at| (*at, &batch[*at])).collect();
            writer.write(&writes, &mut outcomes).await?;
            self.note_names(ready, &writes, &outcomes);
        }
        if !deletes.is_empty() {
            let ids: Vec<String> = deletes.iter().map(|at| batch[*at].id.clone().unwrap_or_default()).collect();
            match delete(&self.client, self.shape, &ids).await {
                Ok(written) => deletes.iter().zip(written).for_each(|(at, written)| outcomes[*at] = Some(written)),
                Err(error) => deletes.iter().for_each(|at| outcomes[*at] = Some(Written::Failed(error.clone()))),
            }
        }
        let forgotten = || Written::Failed(Error::bug(network::UNEXPECTED_ANSWER, "an object of a batch was not dealt with"));
        Ok(outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(forgotten)).collect())
    }

    /// What is called by its code or name in later records.
    fn note_names(&self, ready: &Ready, writes: &[(usize, &Write)], outcomes: &[Option<Written>]) {
        if !self.shape.is_tree() {
            return;
        }
        let mut containers = ready.containers.lock().unwrap_or_else(PoisonError::into_inner);
        for (at, write) in writes {
            let Some(Written::Done { id, .. }) = &outcomes[*at] else { continue };
            let called = |name: &str, by| {
                let given = write.body.get(name).and_then(Value::as_str).map(str::to_owned);
                given.or_else(|| containers.called(by, id).map(str::to_owned))
            };
            let (code, name) = (called("code", By::Code), called("name", By::Name));
            containers.note(id, code.as_deref(), name.as_deref());
        }
    }
}

impl connector::Target for Target {
    fn capabilities(&self) -> Capabilities {
        let options = &self.client.options;
        Capabilities {
            batch_size: options.batch_size.min(BATCH),
            concurrency: 1,
            lookup_size: LOOKUP,
            replaced_whole: replaced_whole(),
            unique: Vec::new(),
            // Before the account is known nothing is held against it.
            deletes: self.ready.get().is_none_or(|ready| ready.may_delete),
            deactivates: self.shape.ends.is_some(),
            remakes: true,
            deletes_for_good: false,
            former_goes: Vec::new(),
            only_added: self.shape.memberships().map(|(name, _)| name).chain([ME]).map(str::to_owned).collect(),
            settle_secs: options.http.settle_secs,
            pages_at_once: 1,
        }
    }

    fn prepare(&self) -> BoxFuture<'_, Result<Vec<Cause>, Error>> {
        Box::pin(async move { Ok(self.ready().await?.causes.clone()) })
    }

    fn exclusive(&self) -> BoxFuture<'_, Result<Option<String>, Error>> {
        Box::pin(async move { Ok(Some(format!("dhis2 {} {}", self.ready().await?.system, self.shape.resource))) })
    }

    fn begin(&self) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async { Ok(()) })
    }

    fn conform(&self, body: Value) -> Result<Value, Vec<Cause>> {
        let Some(ready) = self.ready.get() else {
            return Err(vec![Cause::new(network::UNEXPECTED_ANSWER, "an object was brought to DHIS2 before the target was prepared")]);
        };
        let containers = ready.containers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut body = conform(Rules { shape: self.shape, containers: &containers, system: &ready.system }, body)?;
        for (name, ids) in &ready.assigned {
            let list = body.entry(*name).or_insert_with(|| json!([]));
            if let Value::Array(list) = list {
                for id in ids {
                    let member = json!({ "id": id });
                    if !list.contains(&member) {
                        list.push(member);
                    }
                }
            }
        }
        if ready.joins_own {
            body.insert(ME.to_owned(), json!([{ "id": ready.own.id() }]));
        }
        Ok(Value::Object(body))
    }

    fn lookup<'a>(&'a self, keys: &'a [Key]) -> BoxFuture<'a, Result<Vec<Vec<Candidate>>, Error>> {
        Box::pin(self.look_up(keys))
    }

    fn fetch<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Option<Candidate>>, Error>> {
        Box::pin(async move {
            let ready = self.ready().await?;
            let found = self.questions(ready).by_ids(ids).await?;
            Ok(ids.iter().map(|id| found.get(id).and_then(|object| self.candidate(ready, object))).collect())
        })
    }

    fn inside<'a>(&'a self, ids: &'a [String]) -> BoxFuture<'a, Result<Vec<Vec<Inside>>, Error>> {
        Box::pin(inside(&self.client, self.shape, ids))
    }

    fn write<'a>(&'a self, batch: &'a [Write]) -> BoxFuture<'a, Result<Vec<Written>, Error>> {
        Box::pin(self.write_batch(batch))
    }
}
