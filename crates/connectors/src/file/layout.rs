//! How the records of a JSON file lie in it.

use kivuko_core::error::Error;

use super::config::{SourceOptions, unfit};

/// Where the records are, and whether they are items, members or one alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// Items of the array at this path of names; `None`: of the file.
    Items(Option<String>),
    /// Members of the object there.
    Members(Option<String>, Members),
    /// The object there is the one record.
    One(Option<String>),
}

/// What is said of members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members {
    /// The field under which a record has the name of its member.
    pub name_as: Option<String>,
    /// Members that are no records.
    pub skip: Vec<String>,
}

impl Layout {
    /// Where the array or object is; `None`: it is the file.
    pub fn at(&self) -> Option<&str> {
        match self {
            Self::Items(at) | Self::Members(at, _) | Self::One(at) => at.as_deref(),
        }
    }

    /// Checks what a flow says about it.
    pub fn check(written: &SourceOptions) -> Result<Self, Error> {
        let SourceOptions { array, members, object, name_as, skip_members, .. } = written;
        let said: Vec<&str> = [("array", array), ("members", members), ("object", object)]
            .into_iter()
            .filter_map(|(key, path)| path.is_some().then_some(key))
            .collect();
        if said.len() > 1 {
            return Err(unfit(format!("`{}` exclude each other; say where the records are with one of them", said.join("` and `"))));
        }
        if members.is_none() && (name_as.is_some() || skip_members.is_some()) {
            let key = if name_as.is_some() { "name_as" } else { "skip_members" };
            return Err(unfit(format!("`{key}` is about the members of an object; it needs `members`")));
        }
        if let Some(empty) = [array, members, object].into_iter().flatten().find(|path| path.split('.').any(str::is_empty) && *path != ".")
        {
            return Err(unfit(format!("`{empty}` is no path of names such as `data.rows`; `.` is the file itself")));
        }
        let inside = |path: &String| (path != ".").then(|| path.clone());
        Ok(match (members, object) {
            (Some(path), _) => {
                let members = Members { name_as: name_as.clone(), skip: skip_members.clone().unwrap_or_default() };
                Self::Members(inside(path), members)
            }
            (None, Some(path)) => Self::One(inside(path)),
            (None, None) => Self::Items(array.as_ref().and_then(inside)),
        })
    }

    /// It is the array that the file itself is.
    pub fn is_plain(&self) -> bool {
        *self == Self::Items(None)
    }
}
