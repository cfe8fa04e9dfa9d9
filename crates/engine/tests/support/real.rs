//! Files of other people's repositories, read where they lie: `KIVUKO_REAL_DATA`, else `../shared/data` beside the workspace.

use std::path::{Path, PathBuf};

/// The folder, if it holds this file. Otherwise the test that asks for it says that it was left out.
pub fn folder(with: &str) -> Option<PathBuf> {
    let folder = match std::env::var_os("KIVUKO_REAL_DATA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    if folder.join(with).is_file() {
        return Some(folder);
    }
    eprintln!("left out: {with} is not in {}; KIVUKO_REAL_DATA says where it is", folder.display());
    None
}

/// The text of a file.
pub fn text(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}
