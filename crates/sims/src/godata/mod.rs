//! A simulated Go.Data 2.50.3: login, users, outbreaks, people, locations, reference data, languages.
//!
//! It answers as the backend does, its traps included, and 501 to what it does not simulate. Everything is in memory.

mod addresses;
mod auth;
mod built_in;
mod cascade;
mod cases;
mod children;
mod clusters;
mod coerce;
mod condition;
mod contacts;
mod convert;
mod dates;
mod duplicate_keys;
mod error;
mod exports;
mod field_labels;
mod filter;
mod follow_up_window;
mod follow_ups;
mod import_files;
mod imports;
mod jobs;
mod lab_results;
mod labels_fr;
mod languages;
mod location_tree;
mod locations;
mod merge;
mod multipart;
mod node;
mod options;
mod outbreaks;
mod parents;
mod people;
mod person;
mod person_types;
mod questionnaires;
mod records;
mod reference_data;
mod relationships;
mod representation;
mod routes;
mod rows;
mod schema;
mod sim;
mod state;
mod store;
mod teams;
mod templates;
mod texts;
mod visual_id;

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::http::{HeaderMap, Method};

use crate::clock::Clock;
use crate::server::{Reply, Request, System};

pub use jobs::Pace;
pub use options::{Options, Outbreak, User};
pub use sim::Sim;
pub use state::State;

/// The largest JSON body.
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// The simulated process.
#[derive(Debug)]
struct Server {
    store: RwLock<store::Store>,
    auth: Mutex<auth::Auth>,
    jobs: Mutex<jobs::All>,
    clock: Clock,
    started: i64,
    api_key: String,
    ttl_secs: u64,
    /// How far the server's time zone is ahead of UTC, in milliseconds.
    zone: i64,
    custom_ids: bool,
    alternate_keys: bool,
    unknown_bearer_drops: bool,
}

impl Server {
    fn read(&self) -> RwLockReadGuard<'_, store::Store> {
        self.store.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, store::Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never taken while waiting for the store, only the other way round.
    fn auth(&self) -> MutexGuard<'_, auth::Auth> {
        self.auth.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    /// Never taken while holding the store, only the other way round.
    fn jobs(&self) -> MutexGuard<'_, jobs::All> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl System for Server {
    fn handle(&self, request: &Request) -> Reply {
        self.jobs().finish_imports(|finish| finish(&mut self.write()), self.clock.now());
        routes::answer(self, request)
    }

    fn body_limit(&self, _method: &Method, _path: &str, headers: &HeaderMap) -> usize {
        let multipart = headers.get("content-type").and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.starts_with("multipart/"));
        if multipart { usize::MAX } else { BODY_LIMIT }
    }

    fn is_write(&self, method: &Method, path: &str) -> bool {
        const READS: [&str; 6] = ["/filter", "/filtered-count", "/count", "/generate-visual-id", "/export", "/importable-files"];
        *method != Method::GET
            && *method != Method::HEAD
            && !path.starts_with("/api/users")
            && !path.starts_with("/api/oauth")
            && !READS.iter().any(|end| path.ends_with(end))
    }

    fn expire_token(&self, request: &Request) {
        if let Some(token) = routes::token(request) {
            self.auth().expire(token, self.clock.now());
        }
    }
}
