//! What stands in a `source` cell.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde_json::Value;
use serde_json_path::JsonPath;

use super::{Path, PathError, Segment};
use crate::value;

/// A path on the source side: a member whose name is exactly the text (`group/question`, `Date of birth`, also `a.b` where the record has a
/// member of that name), else a [`Path`]; a text that begins with `$` is a JSONPath of RFC 9535.
#[derive(Debug, Clone)]
pub struct SourcePath {
    text: Box<str>,
    form: Form,
}

#[derive(Debug, Clone)]
enum Form {
    /// The text is a path of one member, so that the exact name and the path are the same.
    Name,
    Path(Path),
    Json(Box<JsonPath>),
}

impl SourcePath {
    /// Reads one path of a cell.
    pub fn parse(cell: &str) -> Result<Self, PathError> {
        let text = cell.trim();
        if text.starts_with('$') {
            let json = JsonPath::parse(text).map_err(|error| PathError {
                column: text.chars().count().min(error.position() + 1),
                message: format!("this is not a JSONPath: {}", error.message()),
                expected: "a JSONPath of RFC 9535, such as `$.addresses[?@.typeId == 'USUAL'].city`".to_owned(),
            })?;
            return Ok(Self { text: text.into(), form: Form::Json(Box::new(json)) });
        }
        let path = Path::parse(text)?;
        let is_name = matches!(path.segments(), [Segment::Field(name)] if **name == *text);
        Ok(Self { text: text.into(), form: if is_name { Form::Name } else { Form::Path(path) } })
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All values that it selects and that are not empty, in their order.
    pub fn read<'v>(&self, record: &'v Value, out: &mut Vec<&'v Value>) {
        match (self.exact(record), &self.form) {
            (Some(member), _) => out.extend(Some(member).filter(|found| !value::is_empty(found))),
            (None, Form::Name) => {}
            (None, Form::Path(path)) => path.read(record, out),
            (None, Form::Json(json)) => out.extend(json.query(record).into_iter().filter(|found| !value::is_empty(found))),
        }
    }

    /// The first value that it selects and that is not empty.
    pub fn one<'v>(&self, record: &'v Value) -> Option<&'v Value> {
        match (self.exact(record), &self.form) {
            (Some(member), _) => Some(member).filter(|found| !value::is_empty(found)),
            (None, Form::Name) => None,
            (None, Form::Path(path)) => path.one(record),
            (None, Form::Json(json)) => json.query(record).into_iter().find(|found| !value::is_empty(found)),
        }
    }

    /// Whether it selects one value at most, whatever the record.
    pub(crate) fn is_single(&self) -> bool {
        match &self.form {
            Form::Name => true,
            Form::Path(path) => path.is_single(),
            Form::Json(_) => false,
        }
    }

    /// For a path with `[]`: what selects the items, and the path from an item on (which may have no segments). A JSONPath has none.
    pub fn each_prefix(&self) -> Option<(SourcePath, Path)> {
        let Form::Path(path) = &self.form else { return None };
        let (prefix, rest) = path.each_prefix()?;
        Some((SourcePath::from(prefix), rest))
    }

    /// The first member that it reads; `None` where that cannot be said.
    pub fn top(&self) -> Option<&str> {
        match &self.form {
            Form::Name => Some(&self.text),
            Form::Path(path) => path.top(),
            Form::Json(_) => None,
        }
    }

    /// The member whose name is exactly the text. That it is there decides, even if it is empty.
    fn exact<'v>(&self, record: &'v Value) -> Option<&'v Value> {
        record.as_object()?.get(&*self.text)
    }

    /// Its path, unless the text is a plain name or a JSONPath.
    pub(crate) fn path(&self) -> Option<&Path> {
        match &self.form {
            Form::Path(path) => Some(path),
            Form::Name | Form::Json(_) => None,
        }
    }

    /// Whether it may read anything of the record.
    pub(crate) fn reads_everything(&self) -> bool {
        matches!(self.form, Form::Json(_))
    }
}

impl From<Path> for SourcePath {
    fn from(path: Path) -> Self {
        let text = path.to_string();
        let is_name = matches!(path.segments(), [Segment::Field(name)] if **name == *text);
        Self { text: text.into(), form: if is_name { Form::Name } else { Form::Path(path) } }
    }
}

impl std::str::FromStr for SourcePath {
    type Err = PathError;

    fn from_str(cell: &str) -> Result<Self, PathError> {
        Self::parse(cell)
    }
}

impl fmt::Display for SourcePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

// The text says it all: two with the same text are the same.
impl PartialEq for SourcePath {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for SourcePath {}

impl Hash for SourcePath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for SourcePath {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SourcePath {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}
