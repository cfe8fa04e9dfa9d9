//! Why a command could not do what was asked, with its exit code.

use std::path::Path;

use kivuko_core::error::{Error, Problem};
use kivuko_core::project::Files;
use kivuko_engine::PlacesRefused;
use serde_json::{Value, json};

use crate::print::{Style, account, problem, style};

/// The exit codes of the design; of several the highest wins.
pub mod exit {
    /// All well.
    pub const WELL: u8 = 0;
    /// It is done, and something was left out.
    pub const LEFT_OUT: u8 = 1;
    /// The command line or the project is wrong.
    pub const PROJECT: u8 = 2;
    /// A system could not be reached or refused, and the run is incomplete.
    pub const SYSTEM: u8 = 3;
    /// A bug of ours.
    pub const BUG: u8 = 4;
}

/// What ended a command.
#[derive(Debug)]
pub enum Failure {
    /// The project has errors.
    Problems { problems: Vec<Problem>, files: Files },
    /// Of core, the store, the engine or a system.
    Error(Error),
    /// What was asked cannot be done so.
    Usage { message: String, next: Option<String> },
    /// Whoever reads our output has seen enough (`kivuko runs | head`). Not a failure.
    Closed,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl From<PlacesRefused> for Failure {
    fn from(refused: PlacesRefused) -> Self {
        match refused {
            PlacesRefused::Error(error) => Self::Error(error),
            PlacesRefused::File(problems) => Self::Problems { problems, files: Files::default() },
        }
    }
}

impl Failure {
    /// What was asked cannot be done so.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), next: None }
    }

    /// With the command that helps.
    pub fn usage_with(message: impl Into<String>, next: impl Into<String>) -> Self {
        Self::Usage { message: message.into(), next: Some(next.into()) }
    }

    /// A file or stream of this machine that does not work.
    pub fn file(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        Self::usage(format!("{doing} `{}` failed: {error}", path.display()))
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Problems { .. } | Self::Usage { .. } => exit::PROJECT,
            Self::Error(error) => kivuko_engine::exit_code(error),
            Self::Closed => exit::WELL,
        }
    }

    /// In words, for standard error.
    pub fn render(&self, style: Style, invoke: &dyn Fn(&str) -> String) -> String {
        match self {
            Self::Problems { problems, files } => {
                let mut text = problem::all(problems, files, style);
                if let Some(first) = problems.first() {
                    text.push('\n');
                    text.push_str(&style::next_steps(
                        style,
                        &[(format!("kivuko explain {}", first.code), "what a code means and how to cure it")],
                    ));
                }
                text
            }
            Self::Error(error) => {
                let mut steps = vec![(format!("kivuko explain {}", error.cause.code), "what it means, how to check, how to cure it")];
                if self.exit_code() == exit::SYSTEM {
                    steps.push((invoke("systems test"), "whether the systems answer now"));
                }
                format!("{}\n{}", account::error(error, style), style::next_steps(style, &steps))
            }
            Self::Usage { message, next } => {
                let mut text = format!("{}  {}\n", style.error("error"), style.wrap(message, 7));
                if let Some(next) = next {
                    text.push_str(&style::next_steps(style, &[(invoke(next), "")]));
                }
                text
            }
            Self::Closed => String::new(),
        }
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        match self {
            Self::Problems { problems, .. } => json!({ "problems": problems }),
            Self::Error(error) => {
                json!({ "error": { "code": error.cause.code, "message": error.cause.message, "consequence": error.consequence } })
            }
            Self::Usage { message, .. } => json!({ "error": { "message": message, "consequence": "fix-configuration" } }),
            Self::Closed => Value::Null,
        }
    }
}
