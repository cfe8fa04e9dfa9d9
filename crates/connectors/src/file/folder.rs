//! Which files a resource names.

use std::path::{Path, PathBuf};

use kivuko_core::error::Error;

use super::config::Format;
use super::errors;

/// A file to read: its name for people and cursors, relative to the system's `path`, and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub name: String,
    pub path: PathBuf,
}

/// The file that a target names, or a source by its partition.
pub fn one(base: &Path, resource: &str) -> Found {
    let is_base = resource.is_empty() || (base.is_file() && base.file_name().is_some_and(|name| name == resource));
    if is_base {
        let name = base.file_name().map_or_else(|| base.to_string_lossy(), |name| name.to_string_lossy()).into_owned();
        return Found { name, path: base.to_owned() };
    }
    Found { name: resource.to_owned(), path: base.join(resource) }
}

/// The files of a resource, sorted by name: a file, the matches of a pattern, or the files of a folder. Files that are still being written are left
/// out, and in a folder those whose format is not known.
pub fn list(base: &Path, resource: &str, format: Option<Format>) -> Result<Vec<Found>, Error> {
    let (parent, pattern) = match resource.rsplit_once('/') {
        Some((parent, last)) if last.contains(['*', '?']) => (parent, last),
        None if resource.contains(['*', '?']) => ("", resource),
        _ => {
            let found = one(base, resource);
            if found.path.is_dir() {
                let inside = if resource.is_empty() { "" } else { resource.trim_end_matches('/') };
                return entries(base, inside, |name| format.is_some() || Format::of(name).is_some());
            }
            if !found.path.exists() {
                return Err(not_there(base, &found));
            }
            return Ok(vec![found]);
        }
    };
    entries(base, parent, |name| matches(pattern, name))
}

fn not_there(base: &Path, found: &Found) -> Error {
    let folder = found.path.parent().unwrap_or(base);
    let prefix = found.name.rsplit_once('/').map_or(String::new(), |(parent, _)| format!("{parent}/"));
    let beside: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().into_string().ok())
        .map(|name| format!("{prefix}{name}"))
        .collect();
    errors::missing(&found.name, beside.iter().map(String::as_str))
}

fn entries(base: &Path, parent: &str, wanted: impl Fn(&str) -> bool) -> Result<Vec<Found>, Error> {
    let folder = if parent.is_empty() { base.to_owned() } else { base.join(parent) };
    let shown = folder.display().to_string();
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(|error| errors::unreadable(&shown, &error))? {
        let path = entry.map_err(|error| errors::unreadable(&shown, &error))?.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()).map(str::to_owned) else { continue };
        if !path.is_file() || in_the_making(&name) || !wanted(&name) {
            continue;
        }
        let name = if parent.is_empty() { name } else { format!("{parent}/{name}") };
        found.push(Found { name, path });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// Names that programs give to a file while they write it, and hidden files.
pub fn in_the_making(name: &str) -> bool {
    let lower = name.to_lowercase();
    let unfinished = [".part", ".partial", ".tmp", ".temp", ".crdownload", ".filepart", ".swp", "~"];
    lower.starts_with('.') || lower.starts_with("~$") || unfinished.iter().any(|ending| lower.ends_with(ending))
}

/// Whether a name fits a pattern in which `*` stands for any text and `?` for one character.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut of, mut star, mut retry) = (0, 0, None, 0);
    while of < name.len() {
        if at < pattern.len() && (pattern[at] == '?' || (pattern[at] != '*' && pattern[at] == name[of])) {
            at += 1;
            of += 1;
        } else if at < pattern.len() && pattern[at] == '*' {
            star = Some(at);
            retry = of;
            at += 1;
        } else if let Some(star_at) = star {
            at = star_at + 1;
            retry += 1;
            of = retry;
        } else {
            return false;
        }
    }
    pattern[at..].iter().all(|character| *character == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let check = |pattern: &str, name: &str, expected: bool| assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        check("*.csv", "a.csv", true);
        check("*.csv", "a.csv.part", false);
        check("cases-*-w??.csv", "cases-2026-w01.csv", true);
        check("cases-*-w??.csv", "cases-2026-w1.csv", false);
        check("*a*b*", "xxaxxaxb", true);
        check("*", "", true);
        check("?", "é", true);
    }

    #[test]
    fn a_folder_is_its_finished_files_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.csv", "a.json", "c.csv.part", "~$b.csv", ".hidden.csv", "notes.md", "d.tmp"] {
            std::fs::write(folder.path().join(name), "x").unwrap();
        }
        let names = |resource: &str, format| -> Vec<String> {
            list(folder.path(), resource, format).unwrap().into_iter().map(|found| found.name).collect()
        };
        assert_eq!(names("", None), ["a.json", "b.csv"]);
        assert_eq!(names("", Some(Format::Csv)), ["a.json", "b.csv", "notes.md"]);
        assert_eq!(names("*.csv", None), ["b.csv"]);
        assert_eq!(names("b.csv", None), ["b.csv"]);
        assert_eq!(names("x*.csv", None), Vec::<String>::new());
        let error = list(folder.path(), "b.cvs", None).unwrap_err();
        assert!(error.cause.message.contains("did you mean `b.csv`?"), "{error}");
    }
}
