//! What the operating system's refusals mean for a run.

use std::io;

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Error, nearest};

/// A file could not be read.
pub fn unreadable(file: &str, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::NotFound => missing(file, std::iter::empty()),
        io::ErrorKind::PermissionDenied => Error::configuration(
            codes::FILE_UNREADABLE,
            format!("{file} may not be read by the user that kivuko runs as; give that user the right to"),
        ),
        _ => Error::stop(codes::FILE_UNREADABLE, format!("{file} could not be read: {error}")),
    }
}

/// A file could not be written; what was there before is still there.
pub fn unwritable(file: &str, error: &io::Error) -> Error {
    let message = format!("{file} could not be written and is as it was: {error}");
    match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied => Error::configuration(codes::FILE_NOT_WRITTEN, message),
        _ => Error::stop(codes::FILE_NOT_WRITTEN, message),
    }
}

/// A file is not there.
pub fn missing<'a>(file: &str, there: impl Iterator<Item = &'a str>) -> Error {
    let near = nearest(file, there).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Error::configuration(codes::FILE_MISSING, format!("there is no {file}{near}"))
}

/// A file changed under us.
pub fn changed(file: &str) -> Error {
    Error::stop(
        codes::FILE_CHANGED,
        format!(
            "{file} changed while it was read; run again when it is whole (let the other program write `{file}.part` and rename it at the end)"
        ),
    )
}

/// A file changed between being read and being replaced.
pub fn changed_target(file: &str) -> Error {
    Error::retry(codes::FILE_CHANGED, format!("{file} was changed by another program while it was being rewritten; nothing was written"))
}
