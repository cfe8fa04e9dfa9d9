//! A project folder: read whole, checked, and opened as an engine with its store.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kivuko_core::catalogue::run as codes;
use kivuko_core::connector::Cancel;
use kivuko_core::error::{Error, Problem, Severity};
use kivuko_core::project::{self, Files, Project};
use kivuko_core::store::Store;
use kivuko_store::{Key, SqliteStore};

use crate::clock::{SystemClock, SystemRandom};
use crate::engine::{Engine, Pace, Parts};

/// The version that runs are pinned to.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The folders of a project that belong to its text, beside the files at its top.
const FOLDERS: [&str; 8] = ["environments", "flows", "mappings", "aggregates", "codes", "samples", "checks", "connectors"];
/// What belongs to the text at the top of the folder.
const TOP: [&str; 1] = ["kivuko.yaml"];
/// A sample larger than this is data, not a sample, and is not read with the project.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A project folder that was read and checked.
#[derive(Debug)]
pub struct Workspace {
    pub root: PathBuf,
    pub environment: String,
    /// The project, when nothing is wrong with it.
    pub project: Option<Project>,
    pub problems: Vec<Problem>,
    /// The texts as they were read, to show the line of a problem.
    pub files: Files,
}

impl Workspace {
    /// Reads and checks a project folder.
    pub fn read(root: &Path, environment: &str) -> Result<Self, Error> {
        let files = read_files(root)?;
        let declarations: Vec<_> = kivuko_connectors::all().iter().map(|connector| connector.declaration()).collect();
        let loaded = project::load(&files, environment, &declarations, VERSION);
        Ok(Self { root: root.to_owned(), environment: environment.to_owned(), project: loaded.project, problems: loaded.problems, files })
    }

    /// Whether the project can run.
    pub fn is_sound(&self) -> bool {
        self.project.is_some() && !self.problems.iter().any(|problem| problem.severity == Severity::Error)
    }

    /// Where the state of this environment lies.
    pub fn state(&self) -> PathBuf {
        self.root.join(".kivuko").join(&self.environment)
    }

    /// Opens the store of this environment, making it when it is not there.
    pub async fn open_store(&self) -> Result<Arc<SqliteStore>, Error> {
        let key = self.key()?;
        let state = self.state();
        std::fs::create_dir_all(&state).map_err(|error| unreadable(&state, &error))?;
        kivuko_store::open(&state.join("store.db"), &key).await
    }

    /// The key of the project: from the environment, or from a file beside the stores and outside of them.
    fn key(&self) -> Result<Key, Error> {
        match std::env::var("KIVUKO_KEY") {
            Ok(text) => Key::from_text(&text),
            Err(_) => Key::from_file_or_create(&self.root.join(".kivuko").join("key")),
        }
    }

    /// Opens the engine. Call it on a sound project.
    pub async fn open(self, cancel: Cancel, pace: Pace) -> Result<Engine, Error> {
        let store = self.open_store().await?;
        let mut local = variables(&self.root)?;
        for name in store.list_secrets().await? {
            if let Some(secret) = store.secret(&name).await? {
                local.entry(name).or_insert(secret);
            }
        }
        let project = self
            .project
            .ok_or_else(|| Error::configuration(codes::PROJECT_UNREADABLE, "the project has errors; `kivuko check` lists them"))?;
        Ok(Engine::new(Parts {
            project: Arc::new(project),
            root: self.root,
            store: store as Arc<dyn Store>,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            cancel,
            pace,
            variable: Box::new(move |name| std::env::var(name).ok().or_else(|| local.get(name).cloned())),
        }))
    }
}

/// The variables of `.env`: what the environment does not say.
fn variables(root: &Path) -> Result<BTreeMap<String, String>, Error> {
    let path = root.join(".env");
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let lines = dotenvy::from_path_iter(&path)
        .map_err(|error| Error::configuration(codes::PROJECT_UNREADABLE, format!("`.env` cannot be read: {error}")))?;
    lines
        .map(|line| {
            // The error of the library would repeat the line, and with it the secret.
            line.map_err(|_| Error::configuration(codes::PROJECT_UNREADABLE, "`.env` has a line that is not NAME=VALUE"))
        })
        .collect()
}

/// Reads the text of a project: what is checked, pinned and shown.
pub fn read_files(root: &Path) -> Result<Files, Error> {
    if !root.join("kivuko.yaml").is_file() {
        return Err(Error::configuration(
            codes::PROJECT_UNREADABLE,
            format!(
                "there is no kivuko.yaml in `{}`; change into the folder of a project, name one with --project, or make one with kivuko init",
                root.display()
            ),
        ));
    }
    let mut files = BTreeMap::new();
    for name in TOP {
        read_file(&root.join(name), name, &mut files)?;
    }
    for folder in FOLDERS {
        read_folder(&root.join(folder), folder, &mut files)?;
    }
    Ok(Files(files))
}

fn read_folder(path: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    if !path.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(path).map_err(|error| unreadable(path, &error))? {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        // Editors and spreadsheets leave such files behind.
        if file_name.starts_with('.') || file_name.starts_with("~$") || file_name.ends_with('~') {
            continue;
        }
        let inner = format!("{name}/{file_name}");
        if entry.path().is_dir() {
            read_folder(&entry.path(), &inner, files)?;
        } else {
            read_file(&entry.path(), &inner, files)?;
        }
    }
    Ok(())
}

fn read_file(path: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), Error> {
    let length = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if length <= LARGEST {
        files.insert(name.to_owned(), std::fs::read(path).map_err(|error| unreadable(path, &error))?);
    }
    Ok(())
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::configuration(codes::PROJECT_UNREADABLE, format!("`{}` cannot be read: {error}", path.display()))
}
