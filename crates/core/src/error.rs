//! What can go wrong, sorted by what happens next.
//!
//! There are five consequences and no others; the engine decides on them alone. The detail lives in a [`Cause`], which carries
//! a stable code with a page (`kivuko explain K0301`) and never a name, a birth date, a payload or a secret.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the engine does next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consequence {
    /// Try the same again, later.
    Retry,
    /// This record does not go through; the others do.
    RejectRecord,
    /// The run cannot go on; what is not done stays due.
    StopRun,
    /// A person has to change the project or the other system first.
    FixConfiguration,
    /// Kivuko did something that it must not do.
    OurBug,
}

/// A stable code: `K0301`. Its page is in the binary; codes are never given to another meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "K{:04}", self.0)
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.to_string()
    }
}

impl TryFrom<String> for Code {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.strip_prefix(['K', 'k'])
            .and_then(|digits| digits.parse().ok())
            .map(Code)
            .ok_or_else(|| format!("`{text}` is not a code: a code is K and four digits, such as K0301"))
    }
}

/// One thing that went wrong, in words for the person who has to deal with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    /// The stable code.
    pub code: Code,
    /// What happened and what to do, lower case, no full stop, nothing personal.
    pub message: String,
    /// Which record of the target it is about, in words that people have for it there. It is no part of the reason, by which records are told together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// The field that it is about: a target path or a source column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// The project text that it is about: `mappings/cases.csv, row 7, column codes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
    /// The code list and the value that is not listed in it. Only for coded values, never for free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<Unlisted>,
    /// So many records of the input it is told of, where they have one identity and are one rejection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub records: Option<u64>,
    /// Of a record that is counted: it is known which report lacks it, or that none does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub placed: bool,
}

/// What stands for a value that must not be shown: its length, and a keyed hash by which equal ones are counted.
pub fn stand_in(value: &str, key: &[u8; 32]) -> String {
    let hash = blake3::keyed_hash(key, value.as_bytes()).to_hex();
    let count = value.chars().count();
    format!("({count} {}, {})", if count == 1 { "character" } else { "characters" }, &hash[..6])
}

/// Whether a text is such a stand-in.
pub fn is_stand_in(text: &str) -> bool {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')).and_then(|text| text.split_once(' '));
    let Some((count, rest)) = inner else { return false };
    let hash = rest.strip_prefix("character").map(|rest| rest.strip_prefix('s').unwrap_or(rest)).and_then(|rest| rest.strip_prefix(", "));
    count.bytes().all(|byte| byte.is_ascii_digit())
        && hash.is_some_and(|hash| hash.len() == 6 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A value for which a code map or the other system's reference data has no entry.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Unlisted {
    /// The code map (`sex`) or the category of the target (`LNG_REFERENCE_DATA_CATEGORY_GENDER`).
    pub list: String,
    /// The value as it came; of a field that the sheet does not call public, its length and a keyed hash.
    pub value: String,
}

impl Cause {
    /// A cause with its code and words.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), about: None, field: None, cell: None, unlisted: None, records: None, placed: false }
    }

    /// Names the record of the target.
    #[must_use]
    pub fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    /// What is said of a single record.
    pub fn words(&self) -> String {
        match &self.about {
            Some(about) => format!("{} ({about})", self.message),
            None => self.message.clone(),
        }
    }

    /// Names the field.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Names the cell of the project.
    #[must_use]
    pub fn cell(mut self, cell: impl Into<String>) -> Self {
        self.cell = Some(cell.into());
        self
    }

    /// Puts another text in the place of the unlisted value, wherever it is named: what a person wrote may be anything.
    pub fn hide_unlisted(&mut self, stand_in: impl Into<String>) {
        if let Some(unlisted) = &mut self.unlisted {
            let stand_in = stand_in.into();
            self.message = self.message.replace(&format!("`{}`", unlisted.value), &stand_in);
            unlisted.value = stand_in;
        }
    }

    /// Names the unlisted value.
    #[must_use]
    pub fn unlisted(mut self, list: impl Into<String>, value: impl Into<String>) -> Self {
        self.unlisted = Some(Unlisted { list: list.into(), value: value.into() });
        self
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.words())?;
        if let Some(field) = &self.field {
            write!(f, " (field {field})")?;
        }
        Ok(())
    }
}

/// A failure of more than one record: of a system, the store, the project or ourselves.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{cause}")]
pub struct Error {
    /// What happens next.
    pub consequence: Consequence,
    /// What happened.
    pub cause: Cause,
    /// For `Retry`: how long the other side asked us to wait.
    pub retry_after: Option<Duration>,
    /// Whether what we sent may have taken effect all the same.
    pub effect_unknown: bool,
    /// The other side has ended with the request (it answered): what has not taken effect by now will not. Otherwise an unknown effect may still
    /// come, for as long as the system's `settle_secs`.
    pub ended: bool,
}

impl Error {
    /// An error with its consequence, code and words.
    pub fn new(consequence: Consequence, code: Code, message: impl Into<String>) -> Self {
        Self { consequence, cause: Cause::new(code, message), retry_after: None, effect_unknown: false, ended: false }
    }

    /// Try again later.
    pub fn retry(code: Code, message: impl Into<String>) -> Self {
        Self::new(Consequence::Retry, code, message)
    }

    /// The run cannot go on.
    pub fn stop(code: Code, message: impl Into<String>) -> Self {
        Self::new(Consequence::StopRun, code, message)
    }

    /// A person has to change something first.
    pub fn configuration(code: Code, message: impl Into<String>) -> Self {
        Self::new(Consequence::FixConfiguration, code, message)
    }

    /// Kivuko's own mistake.
    pub fn bug(code: Code, message: impl Into<String>) -> Self {
        Self::new(Consequence::OurBug, code, message)
    }

    /// The request may have taken effect.
    #[must_use]
    pub fn with_unknown_effect(mut self) -> Self {
        self.effect_unknown = true;
        self
    }

    /// The other side has ended with the request.
    #[must_use]
    pub fn ended(mut self) -> Self {
        self.ended = true;
        self
    }
}

/// How bad a problem of the project is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The project does not run.
    Error,
    /// It runs, but a person should look.
    Warning,
}

/// Where in the project: a file with line and column, or a sheet with row and column name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Default)]
pub struct Place {
    /// The file, relative to the project.
    pub file: String,
    /// The line, from 1; for a sheet the row as a spreadsheet counts it (the header is row 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column, from 1, in characters; for a sheet the position of the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// For a sheet: the name of the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        match (&self.line, &self.column, &self.cell) {
            (Some(row), _, Some(cell)) => write!(f, ", row {row}, column {cell}"),
            (Some(line), Some(column), None) => write!(f, ":{line}:{column}"),
            (Some(line), None, None) => write!(f, ":{line}"),
            _ => Ok(()),
        }
    }
}

/// Something wrong with what a person wrote in the project. All of them are shown at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// How bad.
    pub severity: Severity,
    /// The stable code.
    pub code: Code,
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
    /// What was expected there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// The nearest right word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<String>,
}

impl Problem {
    /// An error at a place.
    pub fn error(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, place, message: message.into(), expected: None, nearest: None }
    }

    /// A warning at a place.
    pub fn warning(code: Code, place: Place, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, place, message) }
    }

    /// Says what was expected.
    #[must_use]
    pub fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    /// Says the nearest right word among `known`, if one is near enough.
    #[must_use]
    pub fn nearest<'a>(mut self, written: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        self.nearest = nearest(written, known).map(str::to_owned);
        self
    }
}

/// The known word that is nearest to what was written, if it is near enough to be meant.
pub fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = written.to_lowercase();
    known
        .into_iter()
        .map(|word| {
            let known = word.to_lowercase();
            // Two letters in the wrong order make short words look far apart to the first measure.
            let one_slip = lower.chars().count() > 2 && strsim::osa_distance(&lower, &known) == 1;
            (strsim::jaro_winkler(&lower, &known).max(if one_slip { 0.85 } else { 0.0 }), word)
        })
        .filter(|(score, _)| *score > 0.8)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, word)| word)
}
