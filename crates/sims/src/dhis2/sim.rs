//! A simulated DHIS2 that listens.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use super::auth::{Account, Auth};
use super::model::Model;
use super::numbers::Numbers;
use super::options::Options;
use super::profile::Profile;
use super::state::Server;
use super::store::Store;
use super::time::Zone;
use super::uid::{Maker, Uid};
use super::{defaults, load};
use crate::clock::Clock;
use crate::faults::Rule;
use crate::log::Log;
use crate::pause::{Held, Pause};
use crate::server::{self, Shared};

/// A running simulator; it stops when it is dropped.
#[derive(Debug)]
pub struct Dhis2Sim {
    server: Arc<Server>,
    shared: Arc<Shared>,
    listening: server::Server,
    logins: Vec<String>,
}

impl Dhis2Sim {
    /// Starts on the current runtime. It fails when the port is taken, the calendar is not simulated, or the metadata contradict themselves.
    pub async fn start(options: Options) -> io::Result<Self> {
        let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
        let zone = Zone::named(&options.timezone).map_err(|error| invalid(error.to_string()))?;
        let mut maker = Maker::new(options.seed);
        let system_id = options.system_id.clone().unwrap_or_else(|| maker.uuid());
        let logins = options.users.iter().filter_map(super::options::User::login).collect();
        let auth = Auth::new(&options.users, options.lock_after_failures, &mut maker);
        let mut store = Store::default();
        store.settings = options.settings.clone().into_iter().collect();
        let stamp = zone.stamp(options.clock.now() + options.clock_skew);
        defaults::put(&mut store, &stamp);
        load::accounts(&mut store, &auth, &stamp);
        for document in &options.metadata {
            load::document(&mut store, document, &mut maker, &stamp, |_| false).map_err(invalid)?;
        }
        let server = Arc::new(Server {
            metadata: RwLock::new(store),
            numbers: Mutex::new(Numbers::new(&options.numbers)),
            auth: Mutex::new(auth),
            maker: Mutex::new(maker),
            profile: options.profile,
            clock: options.clock.clone(),
            skew: options.clock_skew,
            zone,
            calendar: options.calendar,
            system_id,
            host: Mutex::new(options.host),
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

    /// Its release.
    pub fn profile(&self) -> &'static Profile {
        self.server.profile
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.shared.clock
    }

    /// What it was asked.
    pub fn log(&self) -> &Log {
        &self.shared.log
    }

    /// Its metadata, in types, as they are now.
    pub fn model(&self) -> Arc<Model> {
        self.server.metadata().model()
    }

    /// An object as it is stored: by the plural of its kind and its identifier.
    pub fn object(&self, plural: &str, id: &str) -> Option<serde_json::Value> {
        let kind = super::kind::Kind::plural(plural)?;
        self.server.metadata().get(kind, Uid::parse(id)?).cloned().map(serde_json::Value::Object)
    }

    /// All objects of a kind as they are stored.
    pub fn objects(&self, plural: &str) -> Vec<serde_json::Value> {
        let Some(kind) = super::kind::Kind::plural(plural) else { return Vec::new() };
        self.server.metadata().of(kind).map(|(_, object)| serde_json::Value::Object(object.clone())).collect()
    }

    /// Metadata that a person enters: a document in the form of `/api/metadata`. What is there already is replaced. Panics when it cannot be.
    pub fn put_metadata(&self, document: &serde_json::Value) {
        let stamp = self.server.zone.stamp(self.server.now());
        let mut store = self.server.metadata_mut();
        let numbers = self.server.numbers();
        load::document(&mut store, document, &mut self.server.maker(), &stamp, |uid| numbers.mention(uid))
            .unwrap_or_else(|error| panic!("DHIS2 would refuse these metadata: {error}"));
    }

    /// An administrator removes an object that nothing refers to. Panics when it is not there.
    pub fn remove(&self, plural: &str, id: &str) {
        let kind = super::kind::Kind::plural(plural).expect("there is such a kind");
        let uid = Uid::parse(id).expect("it is an identifier");
        self.server.metadata_mut().remove(kind, uid).expect("the object is there");
    }

    /// A system setting that an administrator sets.
    pub fn set_setting(&self, key: &str, value: serde_json::Value) {
        self.server.metadata_mut().settings.insert(key.to_owned(), value);
    }

    /// Changes an account: its authorities, its units. Panics when there is none of this name.
    pub fn edit_account(&self, username: &str, change: impl FnOnce(&mut Account)) {
        let mut auth = self.server.auth();
        let known = auth.accounts().find(|account| account.username == username).cloned();
        let mut account = known.map(|account| (*account).clone()).expect("there is an account of this name");
        change(&mut account);
        auth.replace(account);
    }

    /// Lets all tokens run out, and forgets all cookies.
    pub fn expire_tokens(&self) {
        let now = self.server.now();
        self.server.auth().expire_all(now);
    }

    /// Another host in `nextPage`, `prevPage` and `Location` from now on.
    pub fn set_host(&self, host: Option<&str>) {
        *self.server.host.lock().unwrap_or_else(PoisonError::into_inner) = host.map(str::to_owned);
    }

    /// Other faults from now on.
    pub fn set_faults(&self, rules: Vec<Rule>) {
        self.shared.faults.replace(rules);
    }

    /// Another delay of every request from now on.
    pub fn set_latency(&self, latency: Duration) {
        *self.shared.latency.lock().unwrap_or_else(PoisonError::into_inner) = latency;
    }

    /// Holds a request that is still to come.
    pub fn pause_at(&self, pause: Pause) -> Held {
        self.shared.pauses.add(pause)
    }

    /// Takes back the pauses whose request has not come.
    pub fn clear_pauses(&self) {
        self.shared.pauses.clear();
    }

    /// The numbers' side.
    pub(super) fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.server.numbers()
    }

    /// The simulated process, for what is entered past the API.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Closes the port and all connections.
    pub async fn stop(self) {
        self.listening.stop().await;
    }
}
