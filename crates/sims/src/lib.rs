//! Honest simulators of the systems that Kivuko connects, for tests, demos and users.
//!
//! A simulator promises three things. What it answers is what the real system answers, its traps included. What it
//! does not simulate it refuses (501) instead of inventing an answer. And it depends on none of the crates that it is
//! there to test: otherwise connector and simulator would share their misreadings and agree with each other.
//!
//! | kind | simulated |
//! |---|---|
//! | `godata` | Go.Data 2.50.3: [`godata`] |
//! | `dhis2` | DHIS2 2.38, 2.40, 2.41, 2.42, 2.43: [`dhis2`] |
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

/// So many accounts are named when a simulator starts.
const LOGINS: usize = 3;

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
    &[
        Kind { name: "godata", about: "Go.Data 2.50.3: users, outbreaks, people and their relationships, locations, reference data" },
        Kind { name: "dhis2", about: "DHIS2 2.38 to 2.43: metadata, data values, completeness" },
    ]
}

/// How to start a simulator by its name.
#[derive(Debug, Default)]
pub struct Start {
    /// Port on this machine; 0 is any free one.
    pub port: u16,
    /// Which release, by its name; left out, the one that most use.
    pub version: Option<String>,
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
    /// DHIS2.
    Dhis2(dhis2::Dhis2Sim),
}

impl Running {
    /// Where it is.
    pub fn url(&self) -> String {
        match self {
            Running::Godata(sim) => sim.url(),
            Running::Dhis2(sim) => sim.url(),
        }
    }

    /// What a person needs to log in, in words: of the accounts that there are.
    pub fn hint(&self) -> String {
        let (release, logins) = match self {
            Running::Godata(sim) => (String::new(), sim.logins()),
            Running::Dhis2(sim) => (format!("DHIS2 {}; ", sim.profile().version), sim.logins()),
        };
        match logins.split_at(logins.len().min(LOGINS)) {
            ([], _) => format!("{release}nobody can log in: users.json has no account with a password or a token"),
            (shown, []) => format!("{release}log in as {}", shown.join(", or as ")),
            (shown, more) => format!("{release}log in as {}, or as one of {} more of users.json", shown.join(", or as "), more.len()),
        }
    }
}

/// Starts a simulator by the name of its kind.
pub async fn start_by_kind(kind: &str, start: Start) -> io::Result<Running> {
    match kind {
        "godata" => {
            if let Some(version) = start.version {
                let message = format!("Go.Data is simulated as 2.50.3 only, and not as {version}");
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
            let mut options = match &start.data {
                Some(dir) => godata::Options::from_dir(dir)?,
                None => godata::Options::default(),
            };
            options.port = start.port;
            options.faults = start.faults;
            Ok(Running::Godata(godata::Sim::start(options).await?))
        }
        "dhis2" => {
            let wanted = start.version.as_deref().unwrap_or(dhis2::Profile::DEFAULT);
            let profile = dhis2::Profile::named(wanted).ok_or_else(|| {
                let known: Vec<&str> = dhis2::Profile::all().iter().map(|profile| profile.name).collect();
                let message = format!("DHIS2 {wanted} is not simulated; there is: {}", known.join(", "));
                io::Error::new(io::ErrorKind::InvalidInput, message)
            })?;
            let options = match &start.data {
                Some(dir) => dhis2::Options::from_dir(dir)?,
                None => dhis2::Options::default().with_country(),
            };
            let options = dhis2::Options { profile, port: start.port, faults: start.faults, ..options };
            Ok(Running::Dhis2(dhis2::Dhis2Sim::start(options).await?))
        }
        other => {
            let known: Vec<&str> = kinds().iter().map(|kind| kind.name).collect();
            let message = format!("there is no simulator of kind {other:?}; there is: {}", known.join(", "));
            Err(io::Error::new(io::ErrorKind::InvalidInput, message))
        }
    }
}
