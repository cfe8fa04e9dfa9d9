//! Leases: what must not be done by two at a time.
//!
//! A lease is renewed in the background while it is held and given back when it is dropped in an orderly way. A holder that died without giving it
//! back is noticed at once when it lived on this machine (its process is gone), and otherwise when its lease ends.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use kivuko_core::catalogue::run;
use kivuko_core::clock::{Clock, Random};
use kivuko_core::error::Error;
use kivuko_core::store::{Lease, Store};

/// For how long a lease is taken, and how often it is renewed.
const TERM: Duration = Duration::from_mins(1);
const RENEWAL: Duration = Duration::from_secs(20);
/// How often one looks whether a lease has become free.
const LOOK: Duration = Duration::from_millis(200);

/// After so long a wait it is told.
const TOLD_AFTER: Duration = Duration::from_millis(1_500);

/// The leases that are held, or asked for, in this process.
static LIVING: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// Tells the leases of one holder apart.
static COUNTER: AtomicU64 = AtomicU64::new(0);

/// Who holds leases: one engine of one process.
#[derive(Debug)]
pub struct Holder(String);

impl Holder {
    /// A holder of its own.
    pub fn new(random: &dyn Random) -> Self {
        let mut nonce = [0u8; 8];
        random.fill(&mut nonce);
        let process = std::process::id();
        Self(format!("{}|{process}|{}|{:016x}", machine(), started(process).unwrap_or_default(), u64::from_le_bytes(nonce)))
    }

    /// A name that no other lease has, also not one of this holder: two runs of one process exclude each other like those of two.
    fn claim(&self) -> Claim {
        let name = format!("{}|{}", self.0, COUNTER.fetch_add(1, Ordering::Relaxed));
        LIVING.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone());
        Claim(name)
    }
}

/// A holder's name for one lease. When it is dropped, the lease is free for the taking.
#[derive(Debug)]
struct Claim(String);

impl Drop for Claim {
    fn drop(&mut self) {
        LIVING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

/// What tells this machine from others that may share a store. Containers of one machine number their processes each for themselves.
fn machine() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").map_or_else(|_| "machine".to_owned(), |id| id.trim().to_owned());
    let processes = std::fs::read_link("/proc/self/ns/pid").map(|link| link.display().to_string()).unwrap_or_default();
    format!("{boot} {processes}")
}

/// When a process of this machine started, in the kernel's ticks; tells a process from a later one with the same number. `None`: there is none, or it has ended and only its parent
/// has not asked how (a zombie keeps its number).
fn started(process: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name in parentheses may hold spaces; behind it the state is the first field, and the start time the 20th.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace();
    let state = fields.next()?;
    fields.nth(18).filter(|_| !matches!(state, "Z" | "X" | "x")).map(str::to_owned)
}

/// Whether a holder is known to be dead. Of another machine's holders nothing is known.
fn is_dead(holder: &str) -> bool {
    let mut parts = holder.split('|');
    let (Some(its_machine), Some(process), Some(its_start)) = (parts.next(), parts.next(), parts.next()) else { return false };
    if its_machine != machine() {
        return false;
    }
    let Ok(process) = process.parse::<u32>() else { return false };
    if process == std::process::id() {
        return !LIVING.lock().unwrap_or_else(PoisonError::into_inner).contains(holder);
    }
    std::path::Path::new("/proc").is_dir() && started(process).as_deref() != Some(its_start)
}

/// The number of the process of this machine that holds something.
fn process_of(holder: &str) -> Option<&str> {
    let mut parts = holder.split('|');
    (parts.next()? == machine()).then(|| parts.next())?
}

/// What whoever runs a flow, or takes a run of it back, holds.
pub(crate) fn of_flow(flow: &str) -> String {
    format!("flow {flow}")
}

/// Whether a process that is alive, as far as anybody can tell, runs a flow or takes a run of it back at this time.
///
/// # Errors
/// The store cannot be read.
pub async fn is_being_run(store: &dyn Store, flow: &str, now: Timestamp) -> Result<bool, Error> {
    let lease = store.lease(&of_flow(flow)).await?;
    Ok(lease.is_some_and(|lease| lease.until > now && !is_dead(&lease.holder)))
}

/// A lease that is being held.
pub struct Held {
    store: Arc<dyn Store>,
    lease: Lease,
    clock: Arc<dyn Clock>,
    renewal: tokio::task::JoinHandle<()>,
    lost: Arc<AtomicBool>,
    /// Until when it is held, in seconds since 1970; each renewal moves it on.
    until: Arc<AtomicI64>,
    _claim: Claim,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Held").field("lease", &self.lease.name).finish_non_exhaustive()
    }
}

impl Held {
    /// Takes a lease, waiting up to `patience` for another holder to give it back. After a moment it is told what is waited for.
    pub async fn take(
        store: &Arc<dyn Store>,
        clock: &Arc<dyn Clock>,
        holder: &Holder,
        name: &str,
        (patience, tell): (Duration, &(dyn Fn(&str) + Sync)),
    ) -> Result<Self, Error> {
        let began = clock.now();
        let mut told = false;
        let claim = holder.claim();
        loop {
            let now = clock.now();
            match store.acquire_lease(name, &claim.0, now, now + TERM).await? {
                Ok(lease) => return Ok(Self::keep(Arc::clone(store), Arc::clone(clock), lease, claim)),
                Err(other) if is_dead(&other.holder) => store.break_lease(&other).await?,
                Err(other) if now.duration_since(began).unsigned_abs() < patience => {
                    if !told && now.duration_since(began).unsigned_abs() >= TOLD_AFTER {
                        told = true;
                        let who = process_of(&other.holder).map(|process| format!(" (process {process})")).unwrap_or_default();
                        tell(&format!("another run{who} holds `{name}`; waiting for it to end, {} s at most", patience.as_secs()));
                    }
                    clock.sleep(LOOK).await;
                }
                Err(other) => {
                    return Err(Error::stop(
                        run::IN_USE,
                        format!(
                            "another run holds `{name}` until {}; wait for it to end, or stop it",
                            other.until.strftime("%H:%M:%S UTC")
                        ),
                    ));
                }
            }
        }
    }

    fn keep(store: Arc<dyn Store>, clock: Arc<dyn Clock>, lease: Lease, claim: Claim) -> Self {
        let lost = Arc::new(AtomicBool::new(false));
        let until = Arc::new(AtomicI64::new(lease.until.as_second()));
        let renewal = tokio::spawn({
            let (store, clock, lease) = (Arc::clone(&store), Arc::clone(&clock), lease.clone());
            let (lost, until) = (Arc::clone(&lost), Arc::clone(&until));
            async move {
                loop {
                    clock.sleep(RENEWAL).await;
                    let renewed = clock.now() + TERM;
                    match store.renew_lease(&lease, renewed).await {
                        Ok(true) => until.store(renewed.as_second(), Ordering::Release),
                        Ok(false) => {
                            lost.store(true, Ordering::Release);
                            return;
                        }
                        // The store may be busy; there are two more tries before the lease ends.
                        Err(error) => tracing::warn!(code = %error.cause.code, lease = %lease.name, "a lease could not be renewed"),
                    }
                }
            }
        });
        Self { store, lease, clock, renewal, lost, until, _claim: claim }
    }

    /// What it is a lease on.
    pub fn name(&self) -> &str {
        &self.lease.name
    }

    /// Fails when the lease was lost: somebody else may be writing.
    pub fn still_held(&self) -> Result<(), Error> {
        // A machine that was asleep finds its lease at its end without having been told.
        let ended = self.clock.now().as_second() >= self.until.load(Ordering::Acquire);
        if ended || self.lost.load(Ordering::Acquire) {
            return Err(Error::stop(
                run::IN_USE,
                format!("the lease `{}` has ended, and another run may have taken it over", self.lease.name),
            ));
        }
        Ok(())
    }

    /// Gives the lease back.
    pub async fn release(self) -> Result<(), Error> {
        self.renewal.abort();
        self.store.release_lease(&self.lease).await
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.renewal.abort();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    /// A process that was killed stays in the list of processes until whoever started it asks how it ended.
    #[test]
    fn who_was_killed_and_not_asked_for_is_dead() {
        let mut child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("it starts");
        let holder = format!("{}|{}|{}|0|0", machine(), child.id(), started(child.id()).expect("it lives"));
        assert!(!is_dead(&holder));
        child.kill().expect("it can be killed");
        let stat = format!("/proc/{}/stat", child.id());
        while !std::fs::read_to_string(&stat).expect("nobody has asked for it").contains(") Z ") {
            std::thread::yield_now();
        }
        assert!(is_dead(&holder));
        child.wait().expect("it is dead");
    }
}
