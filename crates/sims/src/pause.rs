//! Holding a request at a chosen instant, so that a test can kill the client there.

use std::sync::{Mutex, PoisonError};

use axum::http::Method;
use tokio::sync::{oneshot, watch};

use crate::log::glob;

/// When a request is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// It has arrived and has had no effect. If its client goes away now, it never has one.
    BeforeApply,
    /// It has taken effect and nothing of the answer was sent.
    AfterApply,
}

/// Which request to hold: the `nth` (from 1) of those that fit, counted from now on.
#[derive(Debug, Clone)]
pub struct Pause {
    /// Counted among the requests that fit.
    pub nth: usize,
    /// Before or after it takes effect.
    pub phase: Phase,
    /// Only requests with this method.
    pub method: Option<String>,
    /// Only requests whose path fits this pattern (`*` is any text).
    pub path: Option<String>,
}

impl Pause {
    /// The nth request of any kind.
    pub fn nth(nth: usize, phase: Phase) -> Self {
        Self { nth, phase, method: None, path: None }
    }

    /// Only requests of this kind count.
    #[must_use]
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.to_owned());
        self
    }
}

/// A request that is being, or will be, held. It is held for ever unless it is resumed; dropping this does not let it go.
#[derive(Debug)]
pub struct Held {
    reached: oneshot::Receiver<()>,
    go_on: watch::Sender<bool>,
}

impl Held {
    /// Waits until the request is held there. `false`: the simulator was stopped, or the pause was taken back, before.
    pub async fn reached(&mut self) -> bool {
        (&mut self.reached).await.is_ok()
    }

    /// Waits until nobody serves the held request any more: its client went away, and it never goes on.
    pub async fn abandoned(&self) {
        self.go_on.closed().await;
    }

    /// Lets the request go on.
    pub fn resume(self) {
        self.go_on.send_replace(true);
    }
}

#[derive(Debug)]
struct Waiting {
    pause: Pause,
    seen: usize,
    reached: oneshot::Sender<()>,
    go_on: watch::Receiver<bool>,
}

/// The pauses that were asked for.
#[derive(Debug, Default)]
pub struct Pauses {
    waiting: Mutex<Vec<Waiting>>,
}

/// What the server does with a request that is to be held.
#[derive(Debug)]
pub(crate) struct Paused {
    phase: Phase,
    reached: Mutex<Option<oneshot::Sender<()>>>,
    go_on: watch::Receiver<bool>,
}

impl Pauses {
    pub(crate) fn add(&self, pause: Pause) -> Held {
        let (reached_sender, reached) = oneshot::channel();
        let (go_on, go_on_receiver) = watch::channel(false);
        self.lock().push(Waiting { pause, seen: 0, reached: reached_sender, go_on: go_on_receiver });
        Held { reached, go_on }
    }

    /// Takes back the pauses whose request has not arrived.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    pub(crate) fn arrive(&self, method: &Method, path: &str) -> Option<Paused> {
        let mut waiting = self.lock();
        let mut struck = None;
        for (position, one) in waiting.iter_mut().enumerate() {
            let fits = one.pause.method.as_deref().is_none_or(|wanted| wanted == method.as_str())
                && one.pause.path.as_deref().is_none_or(|pattern| glob(pattern, path));
            if !fits {
                continue;
            }
            one.seen += 1;
            if one.seen == one.pause.nth && struck.is_none() {
                struck = Some(position);
            }
        }
        let one = waiting.remove(struck?);
        Some(Paused { phase: one.pause.phase, reached: Mutex::new(Some(one.reached)), go_on: one.go_on })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Paused {
    pub(crate) fn phase(&self) -> Phase {
        self.phase
    }

    pub(crate) async fn hold(&self) {
        let reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reached) = reached {
            // Nobody waits for the news when the test has let go of the handle; the request is held all the same.
            let _unheard = reached.send(());
        }
        let mut go_on = self.go_on.clone();
        if go_on.wait_for(|go| *go).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
