//! A simulated Go.Data that listens.

use std::io;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use serde_json::{Value, json};

use super::auth::Auth;
use super::cases::Author;
use super::error::Error;
use super::follow_ups::FOLLOW_UPS;
use super::jobs::Pace;
use super::lab_results::LAB_RESULTS;
use super::options::Options;
use super::person_types::{self, PersonType};
use super::state::State;
use super::store::{Store, Table};
use super::{
    Server, cascade, clusters, convert, jobs, languages, location_tree, locations, merge, outbreaks, person, reference_data, relationships,
    teams, templates,
};
use crate::clock::Clock;
use crate::faults::Rule;
use crate::log::Log;
use crate::pause::{Held, Pause};
use crate::server::{self, Shared};

/// A running simulator; it stops when it is dropped.
#[derive(Debug)]
pub struct Sim {
    server: Arc<Server>,
    shared: Arc<Shared>,
    listening: server::Server,
    logins: Vec<String>,
}

impl Sim {
    /// Starts on the current runtime. It fails when the port is taken, or the options contradict the rules of Go.Data.
    pub async fn start(options: Options) -> io::Result<Self> {
        let now = options.clock.now();
        let logins = options.users.iter().map(|user| format!("{} with {:?}", user.email, user.password)).collect();
        let mut store = Store::default();
        fill(&mut store, &options, now)?;
        let server = Arc::new(Server {
            store: RwLock::new(store),
            jobs: Mutex::new(jobs(options.pace)),
            auth: Mutex::new(Auth::new(&options.users, options.token_ttl, now)),
            clock: options.clock.clone(),
            started: now,
            api_key: options.api_key,
            ttl_secs: options.token_ttl.as_secs(),
            zone: i64::from(options.utc_offset_minutes) * 60_000,
            custom_ids: options.allow_custom_ids_on_create,
            alternate_keys: options.alternate_keys_on_import,
            unknown_bearer_drops: options.unknown_bearer_drops_connection,
        });
        let system = Arc::clone(&server) as Arc<dyn server::System>;
        let shared = Arc::new(Shared::new(system, options.clock, options.faults, options.latency, options.gzip));
        let listening = server::Server::start(options.port, Arc::clone(&shared)).await?;
        Ok(Self { server, shared, listening, logins })
    }

    /// Where it is, without a slash at the end: `http://127.0.0.1:40123`. The API is below `/api`.
    pub fn url(&self) -> String {
        format!("http://{}", self.listening.address())
    }

    /// How each account that it started with logs in, in words.
    pub fn logins(&self) -> Vec<String> {
        self.logins.clone()
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// What it was asked.
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// What it has stored.
    pub fn state(&self) -> State<'_> {
        State::new(&self.server)
    }

    /// Other faults from now on.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.shared.faults.replace(rules);
    }

    /// Another delay of every request from now on.
    pub fn set_latency(&self, latency: Duration) {
        *self.shared.latency.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = latency;
    }

    /// Holds a request that is still to come.
    pub fn pause_at(&self, pause: Pause) -> Held {
        self.shared.pauses.add(pause)
    }

    /// Takes back the pauses whose request has not come.
    pub fn clear_pauses(&self) {
        self.shared.pauses.clear();
    }

    /// Another pace of exports and imports from now on.
    pub fn set_pace(&self, pace: Pace) {
        let mut jobs = self.server.jobs();
        jobs.exports.set_pace(pace);
        jobs.imports.set_pace(pace);
    }

    /// So many of the next exports come to nothing.
    pub fn break_exports(&self, count: usize) {
        self.server.jobs().exports.break_next(count, 0);
    }

    /// So many of the next imports come to nothing.
    pub fn break_imports(&self, count: usize) {
        self.server.jobs().imports.break_next(count, 0);
    }

    /// The next import breaks off after so many of its rows.
    pub fn break_import_after(&self, rows: usize) {
        self.server.jobs().imports.break_next(1, rows);
    }

    /// The process is started again: exports and imports that are in progress have failed, and go no further.
    pub fn restart_jobs(&self) {
        let now = self.shared.clock.now();
        let mut jobs = self.server.jobs();
        jobs.exports.restart(now);
        jobs.imports.restart(now);
    }

    /// Lets the tokens of all accounts run out.
    pub fn expire_tokens(&self) {
        self.server.auth().expire_all(self.shared.clock.now());
    }

    /// A case that a user of Go.Data enters; returns its id. Panics when Go.Data would refuse it.
    pub fn insert_case(&self, outbreak: &str, case: Value) -> String {
        self.insert(outbreak, "cases", case)
    }

    /// A person that a user of Go.Data enters: one of the `cases`, `contacts`, `contacts-of-contacts` or `events`.
    /// Returns its id. Panics when Go.Data would refuse it.
    pub fn insert(&self, outbreak: &str, path: &str, person: Value) -> String {
        let sent = person.as_object().cloned().expect("a person is an object");
        let person_type = PersonType::at(path).expect("people are cases, contacts, contacts-of-contacts or events");
        let author = Author { custom_ids: true, ..self.web_user() };
        person::create(&mut self.server.write(), person_type, outbreak, sent, &author)
            .unwrap_or_else(|error| panic!("Go.Data would refuse this person: {}", error.message))
    }

    /// A lab result or follow-up that a user of Go.Data enters, of the person that its `personId` names: `lab-results` or `follow-ups`. Panics when
    /// Go.Data would refuse it.
    pub fn add(&self, path: &str, record: &Value) {
        let child = if path == "lab-results" { &LAB_RESULTS } else { &FOLLOW_UPS };
        let author = Author { custom_ids: true, ..self.web_user() };
        child.seed(&mut self.server.write(), record, &author).unwrap_or_else(|error| panic!("Go.Data would refuse it: {}", error.message));
    }

    /// A relationship that a user of Go.Data enters on the page of a person: `persons[0].id` is the other one. Returns
    /// its id. Panics when Go.Data would refuse it.
    pub fn relate(&self, person: &str, relationship: Value) -> String {
        let mut store = self.server.write();
        let outbreak = store.people.get(person).expect("there is a person with this id").outbreak.to_string();
        let sent = relationship.as_object().cloned().expect("a relationship is an object");
        let author = Author { custom_ids: true, ..self.web_user() };
        relationships::create(&mut store, &outbreak, person, sent, &author)
            .unwrap_or_else(|error| panic!("Go.Data would refuse this relationship: {}", error.message))
    }

    /// A change of a relationship that a user of Go.Data makes on the page of its source. Panics when there is none, or
    /// Go.Data would refuse it.
    pub fn edit_relationship(&self, id: &str, change: Value) {
        let mut store = self.server.write();
        let record = store.relationships.live(id).expect("there is a relationship with this id").record();
        let source = relationships::participants(&record).into_iter().find(|participant| participant.source);
        let source = source.expect("every relationship has a source").id.to_owned();
        let sent = change.as_object().cloned().expect("a change is an object");
        relationships::update(&mut store, &source, id, sent, &self.web_user())
            .unwrap_or_else(|error| panic!("Go.Data would refuse this change: {}", error.message));
    }

    /// A relationship that a user of Go.Data deletes. Panics when Go.Data would refuse it.
    pub fn unrelate(&self, id: &str) {
        relationships::delete(&mut self.server.write(), id, &self.web_user())
            .unwrap_or_else(|error| panic!("Go.Data would refuse to delete this relationship: {}", error.message));
    }

    /// People of one type that a user of Go.Data merges into the first of them; `model` is what it is to look like.
    /// Panics when Go.Data would refuse it.
    pub fn merge(&self, ids: &[&str], model: Value) {
        let mut store = self.server.write();
        let first = store.people.live(ids[0]).expect("there is a person with this id");
        let (outbreak, person_type) = (first.outbreak.to_string(), person::type_of(first));
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        let model = model.as_object().cloned().expect("a model is an object");
        let author = Author { platform: "MERGE".to_owned(), ..self.web_user() };
        merge::merge(&mut store, &outbreak, person_type, &ids, model, &author)
            .unwrap_or_else(|error| panic!("Go.Data would refuse to merge: {}", error.message));
    }

    /// A change of a person that a user of Go.Data makes. Panics when there is none, or Go.Data would refuse it.
    pub fn edit(&self, id: &str, change: impl FnOnce(&mut Value)) {
        let mut store = self.server.write();
        let person = store.people.get(id).expect("there is a person with this id");
        let before = person.record();
        let mut edited = Value::Object(before.clone());
        change(&mut edited);
        let mut sent = edited.as_object().cloned().unwrap_or_default();
        for removed in before.keys().filter(|field| !edited.as_object().is_some_and(|object| object.contains_key(*field))) {
            sent.insert(removed.clone(), Value::Null);
        }
        person::update(&mut store, id, sent, &self.web_user())
            .unwrap_or_else(|error| panic!("Go.Data would refuse this change: {}", error.message));
    }

    /// A person that a user of Go.Data deletes, with all that goes with it.
    pub fn delete(&self, id: &str) {
        cascade::delete(&mut self.server.write(), id, &self.web_user())
            .unwrap_or_else(|error| panic!("Go.Data would refuse to delete this person: {}", error.message));
    }

    /// A person who is gone as if never there: an older backup of the database was put back. What belongs to the person stays.
    pub fn forget(&self, id: &str) {
        self.server.write().people.forget(id);
    }

    /// A person that a user of Go.Data converts: to one of the `cases`, `contacts` or `contacts-of-contacts`. Panics when
    /// Go.Data would refuse it.
    pub fn convert(&self, id: &str, path: &str) {
        let to = PersonType::at(path).expect("people become cases, contacts or contacts-of-contacts");
        convert::convert(&mut self.server.write(), id, to, &self.web_user())
            .unwrap_or_else(|error| panic!("Go.Data would refuse this conversion: {}", error.message));
    }

    /// A deleted person that a user of Go.Data brings back, with all that went with it.
    pub fn restore(&self, id: &str) {
        cascade::restore(&mut self.server.write(), id, &self.web_user())
            .unwrap_or_else(|error| panic!("Go.Data would refuse to restore this person: {}", error.message));
    }

    /// A change of a location that a user of Go.Data makes, or a new one when there is none with this id.
    pub fn put_location(&self, location: Value) {
        let mut store = self.server.write();
        let id = location.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let sent = location.as_object().cloned().unwrap_or_default();
        let done = if store.locations.live(&id).is_some() {
            locations::update(&mut store, &id, sent, &self.web_user())
        } else {
            locations::seed(&mut store, &location, &self.web_user())
        };
        done.unwrap_or_else(|error| panic!("Go.Data would refuse this location: {}", error.message));
    }

    /// A backup of the database is put back: from now on there are just these locations, as they were then; without any it is emptied.
    pub fn put_back_locations(&self, locations: &[Value]) {
        let mut store = self.server.write();
        store.locations = Table::default();
        for location in locations.iter().filter_map(Value::as_object) {
            store.locations.put(location.clone());
        }
    }

    /// A file of a tree of locations that a user of Go.Data imports in the web: the locations of the file as they are now, or what Go.Data says against it. It looks
    /// through the whole file first, and then writes row by row: what it stopped at leaves the rows before.
    ///
    /// # Errors
    /// The body of the answer that refuses it.
    pub fn import_locations(&self, file: &str) -> Result<Vec<Value>, Value> {
        let imported = location_tree::import(&mut self.server.write(), file.as_bytes(), &self.web_user()).map_err(|error| error.body())?;
        match imported.stopped {
            None => Ok(imported.records.into_iter().map(Value::Object).collect()),
            Some(error) => Err(error.body()),
        }
    }

    /// Closes the port and all connections.
    pub async fn stop(self) {
        self.listening.stop().await;
    }

    fn web_user(&self) -> Author {
        Author {
            now: self.shared.clock.now(),
            user: "sys_admin".to_owned(),
            platform: "WEB".to_owned(),
            language: languages::DEFAULT.to_owned(),
            custom_ids: false,
        }
    }
}

fn jobs(pace: Pace) -> jobs::All {
    let mut jobs = jobs::All::default();
    jobs.exports.set_pace(pace);
    jobs.imports.set_pace(pace);
    jobs
}

fn fill(store: &mut Store, options: &Options, now: i64) -> io::Result<()> {
    let author =
        Author { now, user: "system".to_owned(), platform: "API".to_owned(), language: languages::DEFAULT.to_owned(), custom_ids: true };
    let refused = |what: &str, error: &Error| {
        let message = format!("{what} is not as Go.Data has it: {}", error.message);
        io::Error::new(io::ErrorKind::InvalidInput, message)
    };
    reference_data::seed(store, now);
    for language in &options.languages {
        let text = |field: &str| language.get(field).and_then(Value::as_str).unwrap_or_default();
        store.languages.add(text("id"), text("name"));
    }
    for item in &options.reference_data {
        reference_data::seed_item(store, item, &author);
    }
    for token in &options.language_tokens {
        let text = |field: &str| token.get(field).and_then(Value::as_str).unwrap_or_default();
        store.languages.set(text("languageId"), text("token"), text("translation"), now);
    }
    for outbreak in &options.outbreaks {
        outbreaks::seed(store, &outbreak.id, &outbreak.fields, &author).map_err(|error| refused(&outbreak.id, &error))?;
    }
    for (at, template) in options.templates.iter().enumerate() {
        let sent = template.as_object().cloned().unwrap_or_default();
        templates::create(store, sent, &author).map_err(|error| refused(&format!("template {}", at + 1), &error))?;
    }
    for (at, location) in options.locations.iter().enumerate() {
        locations::seed(store, location, &author).map_err(|error| refused(&format!("location {}", at + 1), &error))?;
    }
    let people = [&options.cases, &options.contacts, &options.contacts_of_contacts, &options.events];
    for (person_type, people) in person_types::ALL.into_iter().zip(people) {
        for (at, person) in people.iter().enumerate() {
            let what = || format!("{} {}", person_type.model.name, at + 1);
            let sent = person.as_object().cloned().unwrap_or_default();
            let outbreak = sent.get("outbreakId").and_then(Value::as_str).unwrap_or_default().to_owned();
            if store.outbreaks.get(&outbreak).is_none() {
                let message = format!("{}: there is no outbreak {}", what(), json!(outbreak));
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            person::create(store, person_type, &outbreak, sent, &author).map_err(|error| refused(&what(), &error))?;
        }
    }
    for (at, team) in options.teams.iter().enumerate() {
        teams::seed(store, team, &author).map_err(|error| refused(&format!("team {}", at + 1), &error))?;
    }
    for (at, cluster) in options.clusters.iter().enumerate() {
        let sent = cluster.as_object().cloned().unwrap_or_default();
        let outbreak = sent.get("outbreakId").and_then(Value::as_str).unwrap_or_default().to_owned();
        clusters::create(store, &outbreak, sent, &author).map_err(|error| refused(&format!("cluster {}", at + 1), &error))?;
    }
    for (at, relationship) in options.relationships.iter().enumerate() {
        relationships::seed(store, relationship, &author).map_err(|error| refused(&format!("relationship {}", at + 1), &error))?;
    }
    for (child, name, records) in [(&FOLLOW_UPS, "follow-up", &options.follow_ups), (&LAB_RESULTS, "lab result", &options.lab_results)] {
        for (at, record) in records.iter().enumerate() {
            child.seed(store, record, &author).map_err(|error| refused(&format!("{name} {}", at + 1), &error))?;
        }
    }
    Ok(())
}
