//! What the simulated process holds, and in which order it is locked: metadata, then numbers, then accounts, then identifiers.

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use axum::http::{HeaderMap, Method};

use super::auth::Auth;
use super::numbers::Numbers;
use super::profile::Profile;
use super::routes;
use super::store::Store;
use super::time::Zone;
use super::uid::{Maker, Uid};
use crate::clock::Clock;
use crate::server::{Reply, Request, System};

/// The simulated process.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) metadata: RwLock<Store>,
    pub(super) numbers: Mutex<Numbers>,
    pub(super) auth: Mutex<Auth>,
    pub(super) maker: Mutex<Maker>,
    pub(super) profile: &'static Profile,
    pub(super) clock: Clock,
    pub(super) skew: i64,
    pub(super) zone: Zone,
    pub(super) calendar: String,
    pub(super) system_id: String,
    pub(super) host: Mutex<Option<String>>,
}

impl Server {
    /// The metadata, to be read. [`Store::model`] has them in types.
    pub(super) fn metadata(&self) -> RwLockReadGuard<'_, Store> {
        self.metadata.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metadata, to be changed.
    pub(super) fn metadata_mut(&self) -> RwLockWriteGuard<'_, Store> {
        self.metadata.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers.
    pub(super) fn numbers(&self) -> MutexGuard<'_, Numbers> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accounts.
    pub(super) fn auth(&self) -> MutexGuard<'_, Auth> {
        self.auth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What makes identifiers.
    pub(super) fn maker(&self) -> MutexGuard<'_, Maker> {
        self.maker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new identifier.
    pub(super) fn new_uid(&self) -> Uid {
        self.maker().uid()
    }

    /// The time by the server's clock, which may be wrong, in milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        self.clock.now() + self.skew
    }
}

impl System for Server {
    fn handle(&self, request: &Request) -> Reply {
        routes::answer(self, request)
    }

    fn body_limit(&self, _method: &Method, _path: &str, _headers: &HeaderMap) -> usize {
        // The server itself sets no limit; proxies before it do, and faults.rs plays those.
        usize::MAX
    }

    fn is_write(&self, method: &Method, path: &str) -> bool {
        *method != Method::GET && *method != Method::HEAD && !path.ends_with("/resourceTables/analytics")
    }

    fn expire_token(&self, request: &Request) {
        if let Some(key) = request.header("authorization").and_then(|header| header.strip_prefix("ApiToken ")) {
            let now = self.now();
            self.auth().expire(key.trim(), now);
        }
    }
}
