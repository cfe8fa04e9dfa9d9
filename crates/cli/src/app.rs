//! What all commands share: the project that is meant, the two outputs, and how the other side of the terminal is told something.

use std::borrow::Cow;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kivuko_core::connector::Cancel;
use kivuko_core::store::Store;
use kivuko_engine::{Engine, Pace, Workspace};
use kivuko_store::SqliteStore;
use serde_json::Value;

use crate::args::Global;
use crate::failure::{Failure, exit};
use crate::print::time::Calendar;
use crate::print::{Style, put};

/// What a command needs to know of how it was called.
#[derive(Debug)]
pub struct App {
    pub root: PathBuf,
    pub environment: String,
    pub json: bool,
    /// How standard output is written.
    pub out: Style,
    /// How standard error is written.
    pub err: Style,
    /// The global options as they were given, so that a command that is shown can be typed as it is.
    given: String,
}

/// What happened, readable also while the project has errors.
pub struct History {
    pub store: Arc<SqliteStore>,
    pub calendar: Calendar,
    pub workspace: Workspace,
}

impl App {
    /// From the global options.
    pub fn new(global: &Global) -> Self {
        let mut given = String::new();
        if let Some(project) = &global.project {
            put!(given, " --project {}", project.display());
        }
        if global.env != "test" {
            put!(given, " --env {}", global.env);
        }
        Self {
            root: global.project.clone().unwrap_or_else(|| PathBuf::from(".")),
            environment: global.env.clone(),
            json: global.json,
            out: Style::of(&console::Term::stdout()),
            err: Style::of(&console::Term::stderr()),
            given,
        }
    }

    /// A command as it has to be typed for the same project and environment.
    pub fn invoke(&self, rest: &str) -> String {
        format!("kivuko {rest}{}", self.given)
    }

    /// Writes data to standard output.
    #[expect(clippy::unused_self, reason = "what is written belongs to a call with its style")]
    pub fn data(&self, text: &str) -> Result<(), Failure> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Err(Failure::Closed),
            Err(error) => Err(Failure::file("writing to", Path::new("standard output"), &error)),
        }
    }

    /// Writes the one JSON document.
    pub fn document(&self, document: &Value) -> Result<(), Failure> {
        self.data(&format!("{document:#}\n"))
    }

    /// Writes the document, or else what people read.
    pub fn answer(&self, document: impl FnOnce() -> Value, text: impl FnOnce(Style) -> String) -> Result<(), Failure> {
        if self.json { self.document(&document()) } else { self.data(&text(self.out)) }
    }

    /// Says something to the person: standard error. Nobody there to hear it is no failure.
    #[expect(clippy::unused_self, reason = "what is said belongs to a call with its style")]
    pub fn say(&self, text: &str) {
        let _ = std::io::stderr().lock().write_all(text.as_bytes());
    }

    /// Says what can be done next.
    pub fn say_next(&self, steps: &[(String, &str)]) {
        if !steps.is_empty() {
            self.say(&format!("\n{}", crate::print::style::next_steps(self.err, steps)));
        }
    }

    /// Says that nothing is there, on standard error, so that an empty list is empty output.
    pub fn say_nothing(&self, text: &str) {
        if !self.json {
            self.say(&format!("{}\n", self.err.dim(text)));
        }
    }

    /// Reads the project, whatever is wrong with it.
    pub fn workspace(&self) -> Result<Workspace, Failure> {
        Ok(Workspace::read(&self.root, &self.environment)?)
    }

    /// Reads a project that can run.
    pub fn sound(&self) -> Result<Workspace, Failure> {
        let workspace = self.workspace()?;
        if workspace.is_sound() { Ok(workspace) } else { Err(Failure::Problems { problems: workspace.problems, files: workspace.files }) }
    }

    /// Opens the engine on a sound project. From here on a signal ends what is done in an orderly way, and a second one at once.
    pub async fn engine(&self) -> Result<Engine, Failure> {
        let cancel = Cancel::default();
        let engine = self.sound()?.open(cancel.clone(), Pace::default()).await?;
        let style = self.err;
        crate::signals::cancel_on_signal(cancel, style);
        Ok(engine.telling_waits(move |text| {
            let terminal = console::Term::stderr();
            if terminal.is_term() {
                // A line that shows progress may stand there.
                let _ = terminal.clear_line();
            }
            let _ = std::io::stderr().lock().write_all(format!("{}\n", style.dim(text)).as_bytes());
        }))
    }

    /// Opens what happened so far. An unsound project that never ran has no history.
    pub async fn history(&self) -> Result<History, Failure> {
        let workspace = self.workspace()?;
        if !workspace.is_sound() && !workspace.state().exists() {
            return Err(Failure::Problems { problems: workspace.problems, files: workspace.files });
        }
        let store = workspace.open_store().await?;
        let zone = workspace.project.as_ref().map_or_else(TimeZone::system, |project| project.timezone.clone());
        Ok(History { store, calendar: Calendar { now: Timestamp::now(), zone }, workspace })
    }
}

impl History {
    /// As the trait that all stores share.
    pub fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// Whether the project has a crosswalk of this name.
    pub fn has_crosswalk(&self, name: &str) -> bool {
        self.workspace.project.as_ref().is_some_and(|project| project.crosswalks.contains_key(name))
    }

    /// Whether a name means a crosswalk where one of its places or of people is asked for.
    pub fn is_crosswalk(&self, name: &str) -> bool {
        self.workspace.project.as_ref().is_some_and(|project| project.means_crosswalk(name))
    }

    /// A flow must be one that the project has, or one that ran.
    pub async fn known_flow(&self, name: &str) -> Result<(), Failure> {
        let project = self.workspace.project.as_ref();
        if project.is_some_and(|project| project.flows.contains_key(name)) || !self.store().runs(Some(name), 1).await?.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = project.map(|project| project.flows.keys().map(String::as_str).collect()).unwrap_or_default();
        Err(unknown("flow", name, &names))
    }
}

/// A name that is not known, with the nearest one or all of them.
pub fn unknown(what: &str, name: &str, known: &[&str]) -> Failure {
    let hint = match kivuko_core::error::nearest(name, known.iter().copied()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if known.is_empty() => String::new(),
        None => format!("; there is {}", known.join(", ")),
    };
    Failure::usage(format!("there is no {what} `{name}`{hint}"))
}

/// A word of a command that is shown, as a shell takes it: in quotes where it would take it for something else.
pub fn word(text: &str) -> Cow<'_, str> {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./:,=@%+".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) { text.into() } else { format!("'{}'", text.replace('\'', r"'\''")).into() }
}

/// The higher of two exit codes.
pub fn worst(codes: impl IntoIterator<Item = u8>) -> u8 {
    codes.into_iter().max().unwrap_or(exit::WELL)
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn what_a_shell_would_take_for_something_else_is_in_quotes() {
        for plain in ["C-1", "C-1,C-2", "Koné", "a/b.csv"] {
            assert_eq!(word(plain), plain);
        }
        let quoted = [("C 1,C-2", "'C 1,C-2'"), ("$(id)", "'$(id)'"), ("a;b", "'a;b'"), ("d'Or", r"'d'\''Or'"), ("", "''")];
        for (text, expected) in quoted {
            assert_eq!(word(text), expected);
        }
    }
}
