//! A context without chance and without waiting.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use kivuko_core::BoxFuture;
use kivuko_core::clock::{Clock, Random};
use kivuko_core::connector::{Cancel, Context, Make, Meter, Session, Shared};
use kivuko_core::error::Error;

/// A context whose time moves only when someone sleeps, and whose chance is a count.
pub fn context() -> Context {
    Context {
        clock: Arc::new(Hands(Mutex::new("2026-03-02T08:00:00Z".parse().expect("it is a time")))),
        random: Arc::new(Count(AtomicU64::new(1))),
        cancel: Cancel::default(),
        session: Arc::new(Memory::default()),
        meter: Arc::new(Meter::default()),
    }
}

#[derive(Debug)]
struct Hands(Mutex<Timestamp>);

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        *self.0.lock().expect("nobody panics while holding it")
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'_, ()> {
        let mut now = self.0.lock().expect("nobody panics while holding it");
        *now = now.saturating_add(duration).unwrap_or(*now);
        Box::pin(tokio::task::yield_now())
    }
}

#[derive(Debug)]
struct Count(AtomicU64);

impl Random for Count {
    fn fill(&self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.0.fetch_add(0x9E37_79B9, Ordering::Relaxed).to_le_bytes()[2];
        }
    }
}

/// A session of one process: the lock is the lease.
#[derive(Debug, Default)]
struct Memory(tokio::sync::Mutex<HashMap<String, Shared>>);

impl Session for Memory {
    fn get<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<Shared>, Error>> {
        Box::pin(async move { Ok(self.0.lock().await.get(key).cloned()) })
    }

    fn replace<'a>(&'a self, key: &'a str, seen: Option<u64>, make: Make<'a>) -> BoxFuture<'a, Result<Shared, Error>> {
        Box::pin(async move {
            let mut values = self.0.lock().await;
            let present = values.get(key).cloned();
            match present {
                Some(present) if Some(present.generation) != seen => Ok(present),
                present => {
                    let generation = present.map_or(1, |present| present.generation + 1);
                    let made = Shared { generation, value: make().await? };
                    values.insert(key.to_owned(), made.clone());
                    Ok(made)
                }
            }
        })
    }
}
