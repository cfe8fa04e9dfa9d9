//! Replaces a file whole or not at all.
//!
//! The new content is written beside the file, flushed to the disk, and renamed over it, so that at every moment a reader sees the old content or the new.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use kivuko_core::error::Error;

use super::errors;
use super::read::Look;

/// Writes the new content of a file with `write`. `seen` is what the file looked like when its present content was read (`None`: it was not there);
/// when it looks otherwise now, nothing is replaced. Gives what the file looks like then.
pub fn replace(
    path: &Path,
    file: &str,
    seen: Option<&Look>,
    write: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
) -> Result<Look, Error> {
    let refused = |error: io::Error| errors::unwritable(file, &error);
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(refused)?;
    let unfinished = Unfinished(beside(path));
    // One left by a run that was killed; the engine's lease says that nobody else is at it.
    match fs::remove_file(&unfinished.0) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(refused(error)),
        _ => {}
    }
    let handle = File::create_new(&unfinished.0).map_err(refused)?;
    let mut writer = BufWriter::with_capacity(256 * 1024, handle);
    write(&mut writer)?;
    let handle = writer.into_inner().map_err(|error| refused(error.into_error()))?;
    if seen.is_some() {
        let permissions = fs::metadata(path).map_err(refused)?.permissions();
        handle.set_permissions(permissions).map_err(refused)?;
    }
    handle.sync_all().map_err(refused)?;
    // Before it has its name: what it looks like afterwards might be the work of another.
    let look = Look::at(&unfinished.0, file)?;
    let now = path.exists().then(|| Look::at(path, file)).transpose()?;
    if now.as_ref() != seen {
        return Err(errors::changed_target(file));
    }
    fs::rename(&unfinished.0, path).map_err(refused)?;
    // Only now is the new name on the disk; if that fails nobody knows which content a power cut would leave.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| errors::unwritable(file, &error).with_unknown_effect())?;
    Ok(look)
}

/// The name under which the new content is written: hidden, and passed over by sources.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().map_or_else(|| "file".into(), |name| name.to_string_lossy());
    path.with_file_name(format!(".{name}.kivuko.tmp"))
}

/// Removes what was begun, unless it was renamed away.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After the rename there is nothing to remove; after a failure the next run removes what cannot be removed now.
        drop(fs::remove_file(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use kivuko_core::catalogue::file::FILE_NOT_WRITTEN;

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_failure_in_the_middle_leaves_the_file_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "old").unwrap();
        let seen = Look::at(&path, "a.csv").unwrap();
        let result = replace(&path, "a.csv", Some(&seen), |out| {
            out.write_all(&vec![b'x'; 1 << 20]).unwrap();
            out.flush().unwrap();
            Err(Error::stop(FILE_NOT_WRITTEN, "the disk is full"))
        });
        assert_eq!(result.unwrap_err().cause.code, FILE_NOT_WRITTEN);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), ["a.csv"]);
    }

    #[test]
    fn what_a_killed_run_left_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/a.csv");
        fs::create_dir(folder.path().join("new")).unwrap();
        fs::write(beside(&path), "half").unwrap();
        replace(&path, "a.csv", None, |out| out.write_all(b"whole").map_err(|error| errors::unwritable("a.csv", &error))).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
        assert_eq!(names(&folder.path().join("new")), ["a.csv"]);
    }

    #[test]
    fn a_file_that_someone_else_changed_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        fs::write(&path, "old").unwrap();
        let seen = Look::at(&path, "a.csv").unwrap();
        let error = replace(&path, "a.csv", Some(&seen), |_| {
            fs::write(&path, "theirs").unwrap();
            Ok(())
        });
        assert!(error.is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }
}
