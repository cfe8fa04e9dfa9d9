//! The column `by`: which option of which category a record belongs to.

use std::borrow::Cow;

use serde_json::Value;

use super::reading::{Misread, Reading, paths_of};
use super::text::{split, split_once, trimmed, unquoted};
use crate::catalogue::{aggregate, sheet};
use crate::error::Cause;
use crate::expr::{ExprError, Scope};
use crate::path::SourcePath;
use crate::transform::{Bands, Pipeline};
use crate::value;

/// One category of an indicator: `age: age.years(0-4,5-14,15+) | codes(age_groups)`.
#[derive(Debug)]
pub struct By {
    /// The whole of it as written: two that are written alike decide alike.
    pub(super) text: String,
    /// Its name, code or id as written.
    pub category: String,
    /// Where its value comes from; of a formula nowhere.
    reading: Option<Reading>,
    bands: Option<Bands>,
    /// The transforms after the bands.
    after: Option<Pipeline>,
    after_paths: Vec<SourcePath>,
}

/// What decides the option of a record.
pub(super) enum Given<'v> {
    /// The band at this position.
    Band(usize),
    /// A text that is an id, code or name of an option.
    Text(Cow<'v, str>),
    /// Nothing: the value is empty.
    Nothing,
}

const EXPECTED: &str = "`category: path`, such as `sex: gender | codes(sex)` or `age: age.years(0-4,5-14,15+)`, with `;` between";

impl By {
    /// Reads a cell of categories with what decides them.
    pub(super) fn parse(cell: &str, each: Option<&SourcePath>) -> Result<Vec<Self>, Misread> {
        let mut found: Vec<Self> = Vec::new();
        for (before, part) in split(cell, ';') {
            let (spaces, text) = trimmed(part);
            if text.is_empty() {
                continue;
            }
            let by = Self::one(text, each).map_err(|misread| misread.shifted(before + spaces))?;
            push(&mut found, by, before + spaces + 1)?;
        }
        Ok(found)
    }

    /// Reads a cell of names of categories.
    pub(super) fn names(cell: &str) -> Result<Vec<Self>, Misread> {
        let mut found: Vec<Self> = Vec::new();
        for (before, part) in split(cell, ';') {
            let (spaces, text) = trimmed(part);
            if split_once(text, ':').is_some() {
                let message = "a formula has no values of its own: they come from the indicators that it is made of";
                let error = ExprError::new(before + spaces + 1, message, "the names of categories, such as `sex; age`");
                return Err(Misread::new(aggregate::BAD_BY, error));
            }
            if !text.is_empty() {
                let category = unquoted(text).to_owned();
                let by = Self { text: text.to_owned(), category, reading: None, bands: None, after: None, after_paths: Vec::new() };
                push(&mut found, by, before + spaces + 1)?;
            }
        }
        Ok(found)
    }

    fn one(text: &str, each: Option<&SourcePath>) -> Result<Self, Misread> {
        let Some((category, before, rest)) = split_once(text, ':') else {
            let error = ExprError::new(1, "the category has no path", EXPECTED);
            return Err(Misread::new(aggregate::BAD_BY, error));
        };
        let category = unquoted(category.trim()).trim();
        if category.is_empty() {
            return Err(Misread::new(aggregate::BAD_BY, ExprError::new(1, "the category has no name", EXPECTED)));
        }
        let (path, after) = match split_once(rest, '|') {
            Some((path, inner, after)) => (path, Some((before + inner, after))),
            None => (rest, None),
        };
        let (path, bands) = match banded(path) {
            None => (rest, None),
            Some((path, inner, text)) => {
                let wrong = |message| Misread::new(aggregate::BAD_BY, ExprError::new(before + inner, message, Bands::EXPECTED));
                (path, Some(Bands::parse(text).map_err(wrong)?))
            }
        };
        let after = match after.filter(|_| bands.is_some()) {
            None => None,
            Some((before, text)) => {
                let wrong = |error| Misread::new(sheet::BAD_TRANSFORM, error).shifted(before);
                Some(Pipeline::parse(text).and_then(|pipeline| pipeline.accepts(1).map(|()| pipeline)).map_err(wrong)?)
            }
        };
        let reading = Reading::parse(path, each).map_err(|misread| misread.shifted(before))?;
        let after_paths = after.as_ref().map_or_else(Vec::new, |after| paths_of(after, each));
        let (text, category) = (text.to_owned(), category.to_owned());
        Ok(Self { text, category, reading: Some(reading), bands, after, after_paths })
    }

    /// What decides the option of a record or an item.
    pub(super) fn read<'v>(&self, scope: &Scope<'v>) -> Result<Given<'v>, Cause> {
        let Some(reading) = &self.reading else { return Ok(Given::Nothing) };
        let found = reading.read(scope)?;
        if let Some(bands) = &self.bands {
            let number = match found.as_ref() {
                Value::Null => return Ok(Given::Nothing),
                Value::Object(_) => match years(&found) {
                    Some(years) => bands.position(&years)?,
                    None => return Ok(Given::Nothing),
                },
                number => bands.position(number)?,
            };
            let Some(after) = &self.after else { return Ok(Given::Band(number)) };
            let label = Value::from(bands.labels().nth(number).unwrap_or_default());
            return text(Cow::Owned(after.apply_to_one(label, scope)?), &self.category);
        }
        text(found, &self.category)
    }

    /// The paths that it reads of the record.
    pub(super) fn paths(&self) -> impl Iterator<Item = &SourcePath> {
        self.reading.iter().flat_map(Reading::paths).chain(&self.after_paths)
    }

    /// All its transforms.
    pub(super) fn pipelines(&self) -> impl Iterator<Item = &Pipeline> {
        self.reading.iter().filter_map(Reading::pipeline).chain(&self.after)
    }

    /// How the band at a position is written.
    pub(super) fn band(&self, position: usize) -> &str {
        self.bands.as_ref().and_then(|bands| bands.labels().nth(position)).unwrap_or_default()
    }

    /// Why a record without a value cannot be counted.
    pub(super) fn missing(&self, category: &str) -> Cause {
        let source = self.reading.as_ref().map_or("", Reading::text);
        Cause::new(aggregate::NO_OPTION, format!("the record has no value for the category `{category}`: `{source}` is empty"))
    }

    /// What it can give, as far as that is known without a record.
    pub(super) fn possible(&self) -> Possible<'_> {
        if let Some(bands) = &self.bands {
            let labels = bands.labels().collect();
            return match &self.after {
                None => Possible::Bands(labels),
                Some(after) => after.ends_with_codes().map_or(Possible::Anything, |(map, columns)| Possible::Codes(map, columns)),
            };
        }
        let Some(pipeline) = self.reading.as_ref().and_then(Reading::pipeline) else { return Possible::Anything };
        match (pipeline.constant(), pipeline.ends_with_codes()) {
            (Some(constant), _) => value::text(constant).map_or(Possible::Anything, Possible::Constant),
            (None, Some((map, columns))) => Possible::Codes(map, columns),
            (None, None) => Possible::Anything,
        }
    }
}

/// What a category can be given.
pub(super) enum Possible<'b> {
    /// One of these bands.
    Bands(Vec<&'b str>),
    /// Always this.
    Constant(String),
    /// What this code map leads to, between these columns or those of the systems.
    Codes(&'b str, Option<(&'b str, &'b str)>),
    /// Whatever the records say.
    Anything,
}

fn push(found: &mut Vec<By>, by: By, column: usize) -> Result<(), Misread> {
    if found.iter().any(|known| known.category.eq_ignore_ascii_case(&by.category)) {
        let error = ExprError::new(column, format!("the category `{}` stands twice", by.category), "each category once");
        return Err(Misread::new(aggregate::BAD_BY, error));
    }
    found.push(by);
    Ok(())
}

/// A path with bands in brackets directly after it: the path, the characters up to the bands, the bands.
fn banded(text: &str) -> Option<(&str, usize, &str)> {
    let inner = text.trim_end().strip_suffix(')')?;
    let open = inner.rfind('(')?;
    let bands = &inner[open + 1..];
    // A column may be called `Age (years)`: only what looks like bands is taken for bands.
    let looks_like = bands.chars().any(|letter| letter.is_ascii_digit())
        && bands.chars().all(|letter| letter.is_ascii_digit() || matches!(letter, '-' | '+' | ',' | ' '));
    looks_like.then(|| (&text[..open], text[..=open].chars().count(), bands))
}

/// The completed years of an age as Go.Data keeps it, which has months only for infants.
fn years(age: &Value) -> Option<Cow<'_, Value>> {
    let part = |name: &str| age.get(name).filter(|part| !value::is_empty(part));
    part("years").map(Cow::Borrowed).or_else(|| part("months").map(|_| Cow::Owned(Value::from(0))))
}

fn text<'v>(found: Cow<'v, Value>, category: &str) -> Result<Given<'v>, Cause> {
    let wrong = |found: &Value| {
        let message = format!("the value for the category `{category}` is {}, where one text is wanted", value::kind(found));
        Cause::new(aggregate::NO_OPTION, message)
    };
    Ok(match found {
        Cow::Borrowed(Value::Null) | Cow::Owned(Value::Null) => Given::Nothing,
        Cow::Borrowed(Value::String(text)) => Given::Text(Cow::Borrowed(text.trim())),
        Cow::Owned(Value::String(text)) => Given::Text(Cow::Owned(text)),
        other => Given::Text(Cow::Owned(value::text(&other).ok_or_else(|| wrong(&other))?)),
    })
}
