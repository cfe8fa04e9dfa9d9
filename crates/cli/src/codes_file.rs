//! The file of a code map or crosswalk while a command changes it.
//!
//! Commands that change the files of one project do so one after the other, each on what the one before has left, whoever began first: no decision is lost. A file is
//! replaced whole or not at all: who reads it meanwhile sees the old one or the new one.

use std::fs::{File, TryLockError};
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use kivuko_core::error::Problem;
use kivuko_core::table::Table;

use crate::app::App;
use crate::failure::Failure;

/// Held while a file of `codes/` is changed; beside the project's other state, since it is nothing for git.
const LOCK: &str = ".kivuko/codes.lock";

/// The file, for nobody else to change until this is dropped.
#[derive(Debug)]
pub struct CodesFile {
    path: PathBuf,
    /// As the project calls it: `codes/places.csv`.
    name: String,
    _lock: File,
}

impl CodesFile {
    /// Waits until nobody else changes the codes of the project.
    pub async fn open(app: &App, list: &str) -> Result<Self, Failure> {
        let lock = app.root.join(LOCK);
        let failed = |error: std::io::Error| Failure::file("locking", &lock, &error);
        if let Some(folder) = lock.parent() {
            std::fs::create_dir_all(folder).map_err(failed)?;
        }
        let file = File::options().create(true).append(true).open(&lock).map_err(failed)?;
        let file = match file.try_lock() {
            Ok(()) => file,
            Err(TryLockError::WouldBlock) => {
                app.say(&format!("{}\n", app.err.dim("waiting for another command that changes the codes of this project")));
                let waited = tokio::task::spawn_blocking(move || file.lock().map(|()| file)).await;
                waited.map_err(std::io::Error::other).and_then(|locked| locked).map_err(failed)?
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        };
        Ok(Self { path: path(&app.root, list), name: name(list), _lock: file })
    }

    /// What it holds now; `None`: it is not there yet, or empty.
    pub fn read(&self) -> Result<Option<Vec<u8>>, Failure> {
        read(&self.path)
    }

    /// The same as a table.
    pub fn table(&self) -> Result<Result<Option<Table>, Problem>, Failure> {
        Ok(self.read()?.map(|bytes| Table::parse(&self.name, &bytes)).transpose())
    }

    /// Replaces what it holds.
    pub fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        replace(&self.path, bytes)
    }
}

/// The file of a code map or crosswalk as the project calls it.
pub fn name(list: &str) -> String {
    format!("codes/{list}.csv")
}

/// Where it lies.
pub fn path(root: &Path, list: &str) -> PathBuf {
    root.join(name(list))
}

/// What a file holds; `None`: it is not there yet, as that of a crosswalk may be, or empty.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes).filter(|bytes| !bytes.iter().all(u8::is_ascii_whitespace))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Failure::file("reading", path, &error)),
    }
}

/// Replaces a file whole.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::file("writing", path, &error);
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    // A name that begins with a dot is not read as a file of the project.
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let beside = path.with_file_name(format!(".{name}.new"));
    let written = File::create(&beside).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&beside, path)).map_err(failed)
}
