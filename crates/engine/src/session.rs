//! The shared session: what all runs that use one account share, such as Go.Data's one live token.
//!
//! The value lives in the store (encrypted), so that a second process uses the same token instead of logging the first one out. Reading it costs
//! nothing: it is kept in memory until somebody says that it no longer works.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kivuko_core::BoxFuture;
use kivuko_core::clock::Clock;
use kivuko_core::connector::{Make, Session, Shared};
use kivuko_core::error::Error;
use kivuko_core::store::Store;

use crate::lease::{Held, Holder};

/// How long one waits for somebody else who is logging in.
const PATIENCE: Duration = Duration::from_secs(90);

/// A session on the store.
pub struct StoreSession {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    holder: Arc<Holder>,
    known: Mutex<HashMap<String, Shared>>,
    /// Within this process one at a time makes a new value; between processes the lease sees to it.
    making: tokio::sync::Mutex<()>,
}

impl std::fmt::Debug for StoreSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoreSession").finish_non_exhaustive()
    }
}

impl StoreSession {
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, holder: Arc<Holder>) -> Self {
        Self { store, clock, holder, known: Mutex::default(), making: tokio::sync::Mutex::default() }
    }

    fn recall(&self, key: &str) -> Option<Shared> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(key).cloned()
    }

    fn remember(&self, key: &str, shared: &Shared) {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(key.to_owned(), shared.clone());
    }
}

impl Session for StoreSession {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Shared>, Error>> {
        Box::pin(async move {
            if let Some(shared) = self.recall(key) {
                return Ok(Some(shared));
            }
            let stored = self.store.session(key).await?;
            if let Some(shared) = &stored {
                self.remember(key, shared);
            }
            Ok(stored)
        })
    }

    fn replace<'a>(&'a self, key: &'a str, seen: Option<u64>, make: Make<'a>) -> BoxFuture<'a, Result<Shared, Error>> {
        Box::pin(async move {
            let _one_at_a_time = self.making.lock().await;
            let lease = Held::take(&self.store, &self.clock, &self.holder, &format!("session {key}"), (PATIENCE, &|_| ())).await?;
            let made = async {
                match self.store.session(key).await? {
                    Some(present) if Some(present.generation) != seen => Ok(present),
                    _ => {
                        let value = make().await?;
                        self.store.put_session(key, &value, self.clock.now()).await
                    }
                }
            }
            .await;
            lease.release().await?;
            let shared = made?;
            self.remember(key, &shared);
            Ok(shared)
        })
    }
}
