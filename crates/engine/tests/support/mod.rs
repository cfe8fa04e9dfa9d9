//! A world for tests: a simulated Go.Data, a project in a folder of its own, and an engine that can be started, killed and started again.

#![allow(dead_code, reason = "each test file uses its own part of the world")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kivuko_core::clock::Clock;
use kivuko_core::connector::Cancel;
use kivuko_core::error::Problem;
use kivuko_core::store::Store;
use kivuko_engine::clock::SystemRandom;
use kivuko_engine::{Engine, Pace, Parts, RunOptions, RunReport, Unwatched, Workspace};
use kivuko_sims::dhis2::Dhis2Sim;
use kivuko_sims::godata::{Options, Sim};
use kivuko_sims::pause::{Held, Pause};

pub mod asked;
pub mod calendar;
pub mod chance;
pub mod columns;
pub mod kill;
pub mod known_as;
pub mod numbers;
pub mod project;
pub mod real;
pub mod shuffle;
pub mod stored;
pub mod template;
pub mod turns;
pub mod work;

/// Quick enough for tests; everything else is as in production.
pub const PACE: Pace = Pace {
    first_wait: Duration::from_millis(5),
    longest_wait: Duration::from_millis(50),
    tries: 5,
    patience: Duration::from_secs(5),
    page_size: 500,
    pages_together: 10,
};

/// A simulated Go.Data and a project that writes to it; and a simulated DHIS2, where numbers are told.
pub struct World {
    pub sim: Sim,
    pub dhis2: Option<Dhis2Sim>,
    /// What the engine goes by.
    pub clock: Arc<calendar::Calendar>,
    pub folder: tempfile::TempDir,
    pub pace: Pace,
}

impl World {
    /// A simulator with these options, and the project of [`project`].
    pub async fn new(options: Options) -> Self {
        let sim = Sim::start(options).await.expect("the simulator starts");
        let world = Self::around(sim, None);
        for (name, text) in project::files(&world.sim.url()) {
            world.write(&name, &text);
        }
        world
    }

    /// Nothing but the systems and an empty folder.
    pub fn around(sim: Sim, dhis2: Option<Dhis2Sim>) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a project");
        Self { sim, dhis2, clock: Arc::default(), folder, pace: PACE }
    }

    /// From now on it is this moment, for the engine and for DHIS2.
    pub fn set_time(&self, now: Timestamp) {
        self.clock.set(now);
        if let Some(dhis2) = &self.dhis2 {
            let ahead = u64::try_from(now.as_millisecond() - dhis2.clock().now()).expect("time goes on");
            dhis2.clock().advance(Duration::from_millis(ahead));
        }
    }

    /// Holds a request to the system that is written to.
    pub fn pause_at(&self, pause: Pause) -> Held {
        match &self.dhis2 {
            Some(dhis2) => dhis2.pause_at(pause),
            None => self.sim.pause_at(pause),
        }
    }

    pub fn clear_pauses(&self) {
        self.sim.clear_pauses();
        self.dhis2.iter().for_each(Dhis2Sim::clear_pauses);
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    /// Writes a file of the project.
    pub fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
        std::fs::write(path, text).expect("the file can be written");
    }

    /// Reads the project as a new process would.
    pub fn workspace(&self) -> Workspace {
        let workspace = Workspace::read(self.root(), "test").expect("the project can be read");
        assert!(workspace.is_sound(), "the project has problems: {}", problems(&workspace.problems));
        workspace
    }

    /// A new engine on the project's store, as a new process would have it.
    pub async fn engine(&self) -> Engine {
        if self.clock.is_moved() {
            let store = self.workspace().open_store().await.expect("the store opens");
            return self.engine_on(store as Arc<dyn Store>);
        }
        let mut engine = self.workspace().open(Cancel::default(), self.pace).await;
        if let Err(error) = &mut engine {
            panic!("the engine does not open: {error}");
        }
        engine.expect("it was looked at")
    }

    /// A new engine on a store of the test's own making.
    pub fn engine_on(&self, store: Arc<dyn Store>) -> Engine {
        let workspace = self.workspace();
        Engine::new(Parts {
            project: Arc::new(workspace.project.expect("the project is sound")),
            root: self.root().to_owned(),
            store,
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::new(SystemRandom),
            cancel: Cancel::default(),
            pace: self.pace,
            variable: Box::new(|name| std::env::var(name).ok()),
        })
    }

    /// One run by a process of its own.
    pub async fn run(&self, flow: &str) -> RunReport {
        self.run_with(flow, &RunOptions::default()).await
    }

    pub async fn run_with(&self, flow: &str, options: &RunOptions) -> RunReport {
        let report = self.engine().await.run(flow, options, &Unwatched).await.expect("the run begins");
        assert!(report.counts.adds_up(), "the account does not add up: {:?}", report.counts);
        report
    }
}

/// Problems as a person would see them.
pub fn problems(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{}: {}", problem.place, problem.message)).collect::<Vec<_>>().join("\n  ")
}
