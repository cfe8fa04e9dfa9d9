//! Reads JSON and NDJSON as records, one element at a time, untouched.
//!
//! An element that is not JSON by itself is a bad record and the others go through. Where the array itself breaks off nobody can tell what follows: the
//! elements before it are handed out, then reading fails, so that a file cut in half is never taken for a whole one.

mod walk;

use std::io;
use std::path::Path;

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Cause, Error};
use memchr::memchr;
use serde_json::Value;

use super::csv::{Position, Raw};
use super::encoding::{Form, Text};
use super::errors;
use super::layout::{Layout, Members};
use super::picks::{Misfit, Picks};
use super::rows::ROW_LIMIT;
pub use walk::{Next, Walk};

/// The records of one JSON or NDJSON file.
#[derive(Debug)]
pub struct Reader {
    walk: Walk,
    picks: Picks,
    shape: Shape,
    /// The next element is not the first, so a comma stands before it.
    comma: bool,
    next: Option<Next>,
    /// The name of the next element, where elements have one.
    name: String,
}

/// How the records of a file stand beside each other.
#[derive(Debug)]
enum Shape {
    Lines,
    Items,
    Members(Members),
    One,
}

impl Reader {
    /// Opens a JSON file, whose records stand as the layout says.
    pub fn whole(path: &Path, file: &str, form: Form, layout: &Layout, from: Option<Position>, picks: Picks) -> Result<Self, Error> {
        let (shape, word) = match layout {
            Layout::Items(_) => (Shape::Items, "array"),
            Layout::Members(_, members) => (Shape::Members(members.clone()), "object"),
            Layout::One(_) => (Shape::One, "object"),
        };
        let mut reader = Self::open(path, file, form, from, picks, shape)?;
        reader.comma = from.is_some();
        if from.is_none() {
            reader.walk.enter(layout.at(), word)?;
            // A record that stands alone keeps its bracket.
            if !matches!(reader.shape, Shape::One) {
                reader.walk.text.take(1);
            }
        }
        Ok(reader)
    }

    /// Opens lines of JSON.
    pub fn lines(path: &Path, file: &str, form: Form, from: Option<Position>, picks: Picks) -> Result<Self, Error> {
        Self::open(path, file, form, from, picks, Shape::Lines)
    }

    fn open(path: &Path, file: &str, form: Form, from: Option<Position>, picks: Picks, shape: Shape) -> Result<Self, Error> {
        let from = from.unwrap_or_default();
        let broken = |error: io::Error| errors::unreadable(file, &error);
        let text = Text::open(std::fs::File::open(path).map_err(broken)?, form, from.offset).map_err(broken)?;
        let walk = Walk { file: file.to_owned(), text, row: from.row };
        Ok(Self { walk, picks, shape, comma: false, next: None, name: String::new() })
    }

    /// Where the next record stands.
    pub fn position(&self) -> Position {
        Position { offset: self.walk.text.offset(), row: self.walk.row, doubtful: 0 }
    }

    /// Whether there is another record.
    pub fn more(&mut self) -> Result<bool, Error> {
        Ok(self.advance()?.is_some())
    }

    /// The next record; its element is appended to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Raw>, Error> {
        let Some(next) = self.advance()? else { return Ok(None) };
        self.next = None;
        self.walk.row += 1;
        self.comma = true;
        let row = self.walk.row;
        let bad = |code, message: &str| Raw { id: None, row, time: None, body: Err(Cause::new(code, message)) };
        let Next::Element { length } = next else {
            self.skip()?;
            return Ok(Some(bad(codes::CELL_TOO_LONG, "the element is longer than 8 MiB; look for an unclosed bracket or quote")));
        };
        let element = self.walk.text.rest()[..length].trim_ascii();
        let start = out.len();
        let named_in = match &self.shape {
            Shape::Members(members) => members.name_as.as_deref(),
            _ => None,
        };
        match (named_in, element) {
            (Some(field), [b'{', rest @ ..]) => {
                let comma = if rest.trim_ascii_start().first() == Some(&b'}') { "" } else { "," };
                let head = format!("{{{}:{}{comma}", Value::from(field), Value::from(self.name.as_str()));
                out.extend_from_slice(head.as_bytes());
                out.extend_from_slice(rest);
            }
            _ => out.extend_from_slice(element),
        }
        let raw = match std::str::from_utf8(&out[start..]).map(|element| self.picks.from(element, named_in)) {
            Err(_) => bad(
                codes::ENCODING_BROKEN,
                "the element holds bytes that its encoding does not have; correct it or declare the right `encoding`",
            ),
            Ok(Err(Misfit::Json(error))) => {
                let place = if error.line() > 1 { format!("line {} of the element, ", error.line()) } else { String::new() };
                let message = format!("the element is not a JSON object ({place}character {})", error.column());
                bad(codes::ELEMENT_BROKEN, &message)
            }
            Ok(Err(Misfit::Named(field))) => {
                bad(codes::NAME_TAKEN, &format!("the record has a field `{field}` of its own; give `name_as` another name"))
            }
            Ok(Ok([id, time])) => Raw { id, row, time, body: Ok(start..out.len()) },
        };
        if raw.body.is_err() {
            out.truncate(start);
        }
        self.walk.text.take(length);
        Ok(Some(raw))
    }

    fn advance(&mut self) -> Result<Option<Next>, Error> {
        if self.next.is_none() {
            self.next = match self.shape {
                Shape::Lines => self.next_line()?,
                Shape::Items => self.next_after_comma(b']')?,
                Shape::Members(_) => self.next_member()?,
                Shape::One if self.walk.row > 0 => None,
                Shape::One => Some(self.walk.element()?),
            };
        }
        Ok(self.next)
    }

    fn next_line(&mut self) -> Result<Option<Next>, Error> {
        loop {
            let rest = self.walk.text.rest();
            let length = match memchr(b'\n', rest) {
                Some(at) if at < ROW_LIMIT => at + 1,
                None if self.walk.text.ended() && rest.len() <= ROW_LIMIT => rest.len(),
                Some(_) => return Ok(Some(Next::Endless)),
                None if rest.len() > ROW_LIMIT => return Ok(Some(Next::Endless)),
                None => {
                    self.walk.fill()?;
                    continue;
                }
            };
            if length == 0 {
                return Ok(None);
            }
            if !rest[..length].trim_ascii().is_empty() {
                return Ok(Some(Next::Element { length }));
            }
            self.walk.text.take(length);
            self.walk.row += 1;
        }
    }

    fn next_after_comma(&mut self, end: u8) -> Result<Option<Next>, Error> {
        if self.walk.at_end(end, &mut self.comma)? { Ok(None) } else { self.walk.element().map(Some) }
    }

    /// Goes on to the next member that is a record.
    fn next_member(&mut self) -> Result<Option<Next>, Error> {
        loop {
            if self.walk.at_end(b'}', &mut self.comma)? {
                return Ok(None);
            }
            let name = self.walk.member_name()?;
            let is_record = match &self.shape {
                Shape::Members(members) => !members.skip.contains(&name),
                _ => true,
            };
            if is_record {
                self.name = name;
                return self.walk.element().map(Some);
            }
            self.skip()?;
            self.walk.row += 1;
            self.comma = true;
        }
    }

    /// Passes over an element or line that is too long to keep.
    fn skip(&mut self) -> Result<(), Error> {
        if matches!(self.shape, Shape::Lines) { self.walk.skip_line() } else { self.walk.skip() }
    }
}
