//! Honest simulators of the systems that Kivuko connects, for tests, demos and users.
//!
//! A simulator promises three things. What it answers is what the real system answers, its traps included. What it
//! does not simulate it refuses (501) instead of inventing an answer. And it depends on none of the crates that it is
//! there to test: otherwise connector and simulator would share their misreadings and agree with each other.
//!
//! | kind | simulated |
//! |---|---|
//! | `godata` | Go.Data 2.50.3: [`godata`] |
//!
//! All of them share the request log ([`log`]), faults ([`faults`]), pauses ([`pause`]) and the clock ([`clock`]).

pub mod clock;
pub mod dhis2;
pub mod faults;
pub mod godata;
pub mod log;
pub mod pause;
mod server;
mod wire;

use std::io;
use std::path::PathBuf;

use faults::Faults;

/// A kind of simulator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    /// What it is called on the command line.
    pub name: &'static str,
    /// What it simulates.
    pub about: &'static str,
}

/// The kinds that there are.
pub fn kinds() -> &'static [Kind] {
    &[Kind { name: "godata", about: "Go.Data 2.50.3: users, outbreaks, people and their relationships, locations, reference data" }]
}

/// How to start a simulator by its name.
#[derive(Debug, Default)]
pub struct Start {
    /// Port on this machine; 0 is any free one.
    pub port: u16,
    /// Folder with its data; left out, it starts with a small example.
    pub data: Option<PathBuf>,
    /// Faults, see [`faults`].
    pub faults: Faults,
}

/// A running simulator of any kind; it stops when it is dropped.
#[derive(Debug)]
pub enum Running {
    /// Go.Data.
    Godata(godata::Sim),
}

impl Running {
    /// Where it is.
    pub fn url(&self) -> String {
        match self {
            Running::Godata(sim) => sim.url(),
        }
    }

    /// What a person needs to log in, in words; nothing when the data say it.
    pub fn hint(&self) -> String {
        match self {
            Running::Godata(_) => {
                format!("without users.json: log in as {} with {:?}", godata::Options::EMAIL, godata::Options::PASSWORD)
            }
        }
    }
}

/// Starts a simulator by the name of its kind.
pub async fn start_by_kind(kind: &str, start: Start) -> io::Result<Running> {
    match kind {
        "godata" => {
            let mut options = match &start.data {
                Some(dir) => godata::Options::from_dir(dir)?,
                None => godata::Options::default(),
            };
            options.port = start.port;
            options.faults = start.faults;
            Ok(Running::Godata(godata::Sim::start(options).await?))
        }
        other => {
            let known: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
            let message = format!("there is no simulator of kind {other:?}; there is: {}", known.join(", "));
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}
