//! An engine: one project, one environment, one store, and the systems that its flows name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use kivuko_core::catalogue::run as codes;
use kivuko_core::clock::{Clock, Random};
use kivuko_core::connector::{Cancel, Context, Meter, Session, Settings, System};
use kivuko_core::error::{Error, Problem, nearest};
use kivuko_core::flow::Flow;
use kivuko_core::project::Project;
use kivuko_core::store::Store;
use serde_json::Value;

use crate::lease::{Held, Holder};
use crate::session::StoreSession;

/// How patient the engine is. The defaults are for production; tests bring shorter ones.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// The first wait before something is tried again; it doubles each time.
    pub first_wait: Duration,
    /// The longest wait.
    pub longest_wait: Duration,
    /// How many times a write is tried.
    pub tries: u32,
    /// How long a run waits for another one that writes to the same place.
    pub patience: Duration,
    /// How many records make a page.
    pub page_size: usize,
    /// How many pages of records that are counted are committed together.
    pub pages_together: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            tries: 5,
            patience: Duration::from_mins(1),
            page_size: 500,
            pages_together: 20,
        }
    }
}

/// Finds the value of a `${VARIABLE}`.
pub type Variable = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Takes a sentence for whoever looks on.
type Tell = Box<dyn Fn(&str) + Send + Sync>;

/// Everything that an engine is made of.
pub struct Parts {
    pub project: Arc<Project>,
    /// The folder of the project.
    pub root: PathBuf,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub cancel: Cancel,
    pub pace: Pace,
    /// The value of a `${VARIABLE}`.
    pub variable: Variable,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("root", &self.root).finish_non_exhaustive()
    }
}

/// A system that was opened, with the meter of its requests.
#[derive(Clone)]
pub(crate) struct Opened {
    pub system: Arc<dyn System>,
    pub meter: Arc<Meter>,
}

/// Runs the flows of one project in one environment.
pub struct Engine {
    pub(crate) project: Arc<Project>,
    pub(crate) root: PathBuf,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) cancel: Cancel,
    pub(crate) pace: Pace,
    pub(crate) holder: Arc<Holder>,
    session: Arc<dyn Session>,
    variable: Variable,
    /// Who is told what of another run is waited for.
    waits: Option<Tell>,
    opened: Mutex<BTreeMap<String, Opened>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("root", &self.root).finish_non_exhaustive()
    }
}

impl Engine {
    /// Puts an engine together.
    pub fn new(parts: Parts) -> Self {
        let holder = Arc::new(Holder::new(&*parts.random));
        let session = Arc::new(StoreSession::new(Arc::clone(&parts.store), Arc::clone(&parts.clock), Arc::clone(&holder)));
        Self {
            project: parts.project,
            root: parts.root,
            store: parts.store,
            clock: parts.clock,
            random: parts.random,
            cancel: parts.cancel,
            pace: parts.pace,
            holder,
            session,
            variable: parts.variable,
            waits: None,
            opened: Mutex::default(),
        }
    }

    /// From now on this is told when the engine waits for what another run does, or did, for longer than a moment.
    #[must_use]
    pub fn telling_waits(mut self, tell: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.waits = Some(Box::new(tell));
        self
    }

    /// Takes a lease, as patiently as the engine is.
    pub(crate) async fn take_lease(&self, name: &str) -> Result<Held, Error> {
        Held::take(&self.store, &self.clock, &self.holder, name, (self.pace.patience, &|text| self.tell_wait(text))).await
    }

    /// Says what is waited for, to whoever wants to know.
    pub(crate) fn tell_wait(&self, text: &str) {
        self.waits.iter().for_each(|tell| tell(text));
    }

    /// The project.
    pub fn project(&self) -> &Project {
        &self.project
    }

    /// The day that it is now in the time zone of the project.
    pub(crate) fn today(&self) -> jiff::civil::Date {
        self.clock.now().to_zoned(self.project.timezone.clone()).date()
    }

    /// The folder of the project.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The store, for reading what happened.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// What ends everything in an orderly way.
    pub fn cancel(&self) -> &Cancel {
        &self.cancel
    }

    /// The clock that runs go by.
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// A flow by its name.
    pub fn flow(&self, name: &str) -> Result<Arc<Flow>, Error> {
        self.project.flows.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.project.flows.keys().map(String::as_str).collect();
            let hint = nearest(name, known.iter().copied())
                .map_or_else(|| format!("the project has: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            Error::configuration(codes::UNKNOWN_FLOW, format!("there is no flow `{name}`; {hint}"))
        })
    }

    /// A system by its name, opened once.
    pub fn system(&self, name: &str) -> Result<Arc<dyn System>, Error> {
        Ok(self.opened(name)?.system)
    }

    pub(crate) fn opened(&self, name: &str) -> Result<Opened, Error> {
        let mut opened = self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(known) = opened.get(name) {
            return Ok(known.clone());
        }
        let spec = self.project.systems.get(name).ok_or_else(|| {
            let near = nearest(name, self.project.systems.keys().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            Error::configuration(codes::UNKNOWN_SYSTEM, format!("there is no system `{name}` in kivuko.yaml{near}"))
        })?;
        let options = spec.expand(&*self.variable).map_err(|missing| {
            Error::configuration(
                codes::MISSING_VARIABLE,
                format!(
                    "the system `{name}` needs {}: set it in the environment or in `.env`",
                    missing.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
                ),
            )
        })?;
        let made = self.open_kind(&spec.kind, name, options)?;
        opened.insert(name.to_owned(), made.clone());
        Ok(made)
    }

    /// Opens a system of a kind with the options given, under a name.
    pub(crate) fn open_kind(&self, kind: &str, name: &str, options: Value) -> Result<Opened, Error> {
        let connector = kivuko_connectors::find(kind).ok_or_else(|| {
            Error::configuration(codes::UNKNOWN_SYSTEM, format!("there is no kind of system `{kind}`; `kivuko systems kinds` lists them"))
        })?;
        let meter = Arc::new(Meter::default());
        let context = Context {
            clock: Arc::clone(&self.clock),
            random: Arc::clone(&self.random),
            cancel: self.cancel.clone(),
            session: Arc::clone(&self.session),
            meter: Arc::clone(&meter),
        };
        let settings = Settings { name: name.to_owned(), options, project: self.root.clone() };
        let system = connector.open(settings, context).map_err(|problems| first_of(&problems))?;
        Ok(Opened { system, meter })
    }

    /// Requests to a system that had to be sent again so far.
    pub(crate) fn retries(&self, system: &str) -> u64 {
        self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get(system).map_or(0, |opened| opened.meter.retries())
    }

    /// Requests sent so far to the systems of these names.
    pub(crate) fn requests(&self) -> u64 {
        self.opened.lock().unwrap_or_else(std::sync::PoisonError::into_inner).values().map(|opened| opened.meter.requests()).sum()
    }
}

/// An error out of problems found after `check`: the first, and how many more there are.
fn first_of(problems: &[Problem]) -> Error {
    match problems {
        [] => Error::bug(codes::UNKNOWN_SYSTEM, "a system was refused without a reason"),
        [one] => Error::configuration(one.code, format!("{}: {}", one.place, one.message)),
        [one, rest @ ..] => Error::configuration(one.code, format!("{}: {} (and {} more)", one.place, one.message, rest.len())),
    }
}
