//! Reads JSON and NDJSON as records, one element at a time, untouched.
//!
//! An element that is not JSON by itself is a bad record and the others go through. Where the array itself breaks off nobody can tell what follows: the
//! elements before it are handed out, then reading fails, so that a file cut in half is never taken for a whole one.

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

/// The records of one JSON or NDJSON file.
#[derive(Debug)]
pub struct Reader {
    file: String,
    text: Text,
    picks: Picks,
    shape: Shape,
    row: u64,
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

#[derive(Debug, Clone, Copy)]
enum Next {
    Element { length: usize },
    Endless,
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
            reader.enter(layout.at(), word)?;
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
        Ok(Self { file: file.to_owned(), text, picks, shape, row: from.row, comma: false, next: None, name: String::new() })
    }

    /// Where the next record stands.
    pub fn position(&self) -> Position {
        Position { offset: self.text.offset(), row: self.row, doubtful: 0 }
    }

    /// Whether there is another record.
    pub fn more(&mut self) -> Result<bool, Error> {
        Ok(self.advance()?.is_some())
    }

    /// The next record; its element is appended to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Raw>, Error> {
        let Some(next) = self.advance()? else { return Ok(None) };
        self.next = None;
        self.row += 1;
        self.comma = true;
        let row = self.row;
        let bad = |code, message: &str| Raw { id: None, row, time: None, body: Err(Cause::new(code, message)) };
        let Next::Element { length } = next else {
            self.skip()?;
            return Ok(Some(bad(codes::CELL_TOO_LONG, "the element is longer than 8 MiB; look for an unclosed bracket or quote")));
        };
        let element = self.text.rest()[..length].trim_ascii();
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
        self.text.take(length);
        Ok(Some(raw))
    }

    fn advance(&mut self) -> Result<Option<Next>, Error> {
        if self.next.is_none() {
            self.next = match self.shape {
                Shape::Lines => self.next_line()?,
                Shape::Items => self.next_after_comma(b']')?,
                Shape::Members(_) => self.next_member()?,
                Shape::One if self.row > 0 => None,
                Shape::One => Some(self.element()?),
            };
        }
        Ok(self.next)
    }

    fn next_line(&mut self) -> Result<Option<Next>, Error> {
        loop {
            let rest = self.text.rest();
            let length = match memchr(b'\n', rest) {
                Some(at) if at < ROW_LIMIT => at + 1,
                None if self.text.ended() && rest.len() <= ROW_LIMIT => rest.len(),
                Some(_) => return Ok(Some(Next::Endless)),
                None if rest.len() > ROW_LIMIT => return Ok(Some(Next::Endless)),
                None => {
                    self.fill()?;
                    continue;
                }
            };
            if length == 0 {
                return Ok(None);
            }
            if !rest[..length].trim_ascii().is_empty() {
                return Ok(Some(Next::Element { length }));
            }
            self.text.take(length);
            self.row += 1;
        }
    }

    fn next_after_comma(&mut self, end: u8) -> Result<Option<Next>, Error> {
        if self.at_end(end)? { Ok(None) } else { self.element().map(Some) }
    }

    /// Goes on to the next member that is a record.
    fn next_member(&mut self) -> Result<Option<Next>, Error> {
        loop {
            if self.at_end(b'}')? {
                return Ok(None);
            }
            let name = self.member_name()?;
            let is_record = match &self.shape {
                Shape::Members(members) => !members.skip.contains(&name),
                _ => true,
            };
            if is_record {
                self.name = name;
                return self.element().map(Some);
            }
            self.skip()?;
            self.row += 1;
            self.comma = true;
        }
    }

    /// Whether the array or object ends here; else goes on behind the comma.
    fn at_end(&mut self, end: u8) -> Result<bool, Error> {
        match self.peek()? {
            Some(byte) if byte == end => Ok(true),
            Some(b',') if self.comma => {
                self.text.take(1);
                self.comma = false;
                if self.peek()? == Some(end) { Err(self.broken("a comma stands before its end")) } else { Ok(false) }
            }
            Some(_) if !self.comma => Ok(false),
            None => Err(self.broken("it breaks off")),
            Some(_) => Err(self.broken("a comma is missing")),
        }
    }

    /// How long the element is that begins here.
    fn element(&mut self) -> Result<Next, Error> {
        let mut bounds = Bounds::default();
        let mut seen = 0;
        loop {
            if let Some(end) = bounds.feed(&self.text.rest()[seen..], self.text.ended()) {
                let length = seen + end;
                if length == 0 {
                    return Err(self.broken("something stands there that begins no element"));
                }
                return Ok(if length > ROW_LIMIT { Next::Endless } else { Next::Element { length } });
            }
            seen = self.text.rest().len();
            if seen > ROW_LIMIT {
                return Ok(Next::Endless);
            }
            if !self.fill()? {
                return Err(self.broken("it breaks off inside an element"));
            }
        }
    }

    /// Passes over an element or line that is too long to keep.
    fn skip(&mut self) -> Result<(), Error> {
        let mut bounds = Bounds::default();
        loop {
            let rest = self.text.rest();
            let lines = matches!(self.shape, Shape::Lines);
            let end = if lines { memchr(b'\n', rest).map(|at| at + 1) } else { bounds.feed(rest, self.text.ended()) };
            self.text.take(end.unwrap_or(rest.len()));
            if end.is_some() || (lines && self.text.ended()) {
                return Ok(());
            }
            if !self.fill()? {
                return Err(self.broken("it breaks off inside an element"));
            }
        }
    }

    /// The next byte that is no white space, left where it is.
    fn peek(&mut self) -> Result<Option<u8>, Error> {
        loop {
            let rest = self.text.rest();
            if let Some(at) = rest.iter().position(|byte| !byte.is_ascii_whitespace()) {
                let byte = rest[at];
                self.text.take(at);
                return Ok(Some(byte));
            }
            self.text.take(rest.len());
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn fill(&mut self) -> Result<bool, Error> {
        self.text.fill().map_err(|error| errors::unreadable(&self.file, &error))
    }

    /// Goes to the first element of the array or object (`word`) that stands at a path of names.
    fn enter(&mut self, at: Option<&str>, word: &str) -> Result<(), Error> {
        let Some(first) = self.peek()? else {
            return Err(Error::stop(codes::FILE_EMPTY, format!("{} is empty; a file without records is `[]`", self.file)));
        };
        let opening = if word == "array" { b'[' } else { b'{' };
        let Some(at) = at else {
            if first != opening {
                let what = match first {
                    b'{' => {
                        "an object; name the array in it with `array`, or say `members: .` or `object: .`, or `format: ndjson`".to_owned()
                    }
                    _ => format!("no {word}"),
                };
                return Err(Error::configuration(codes::JSON_BROKEN, format!("{} is {what}", self.file)));
            }
            self.step_in();
            return Ok(());
        };
        for name in at.split('.') {
            self.enter_member(at, name, word)?;
        }
        if self.peek()? != Some(opening) {
            return Err(Error::configuration(codes::JSON_BROKEN, format!("`{at}` of {} is no {word}", self.file)));
        }
        self.step_in();
        Ok(())
    }

    /// Passes the bracket behind which the records stand; a record that stands alone keeps its own.
    fn step_in(&mut self) {
        if !matches!(self.shape, Shape::One) {
            self.text.take(1);
        }
    }

    /// Goes to the value of a member of the object that begins here.
    fn enter_member(&mut self, at: &str, wanted: &str, word: &str) -> Result<(), Error> {
        let mut seen = Vec::new();
        let mut opening = b'{';
        loop {
            if self.peek()? != Some(opening) {
                let has = if seen.is_empty() { String::new() } else { format!("; it has {}", seen.join(", ")) };
                return Err(Error::configuration(codes::JSON_BROKEN, format!("{} has no {word} `{at}`{has}", self.file)));
            }
            self.text.take(1);
            opening = b',';
            let name = self.member_name()?;
            if name == wanted {
                return Ok(());
            }
            self.skip()?;
            if seen.len() < 12 {
                seen.push(format!("`{name}`"));
            }
        }
    }

    /// The name of the member that begins here; goes on to its value.
    fn member_name(&mut self) -> Result<String, Error> {
        if self.peek()? != Some(b'"') {
            return Err(self.broken("a member has no name"));
        }
        let length = self.value_length()?;
        let name: String = serde_json::from_slice(&self.text.rest()[..length]).map_err(|_| self.broken("a member's name is no text"))?;
        self.text.take(length);
        if self.peek()? != Some(b':') {
            return Err(self.broken("a colon is missing"));
        }
        self.text.take(1);
        self.peek()?;
        Ok(name)
    }

    fn value_length(&mut self) -> Result<usize, Error> {
        let mut bounds = Bounds::default();
        let mut seen = 0;
        loop {
            if let Some(end) = bounds.feed(&self.text.rest()[seen..], self.text.ended()) {
                return Ok(seen + end);
            }
            seen = self.text.rest().len();
            if seen > ROW_LIMIT || !self.fill()? {
                return Err(self.broken("a name does not end"));
            }
        }
    }

    fn broken(&self, how: &str) -> Error {
        let after = if self.row == 0 { "at its beginning".to_owned() } else { format!("after element {}", self.row) };
        Error::stop(codes::JSON_BROKEN, format!("the JSON of {} is broken {after}: {how}; what follows cannot be told apart", self.file))
    }
}

/// Finds the end of one JSON value in pieces of text.
#[derive(Debug, Default)]
struct Bounds {
    depth: usize,
    in_text: bool,
    escaped: bool,
    begun: bool,
}

impl Bounds {
    /// Where the value ends in this piece, which goes on where the last one ended.
    fn feed(&mut self, piece: &[u8], last: bool) -> Option<usize> {
        let mut at = 0;
        while at < piece.len() {
            let byte = piece[at];
            if self.in_text {
                if self.escaped {
                    self.escaped = false;
                } else if byte == b'\\' {
                    self.escaped = true;
                } else if byte == b'"' {
                    self.in_text = false;
                    if self.depth == 0 {
                        return Some(at + 1);
                    }
                } else if let Some(offset) = memchr::memchr2(b'"', b'\\', &piece[at..]) {
                    at += offset;
                    continue;
                } else {
                    return None;
                }
            } else {
                match byte {
                    b'"' if self.begun && self.depth == 0 => return Some(at),
                    b'"' => self.in_text = true,
                    b'{' | b'[' => self.depth += 1,
                    b'}' | b']' | b',' | b':' if self.depth == 0 => return Some(at),
                    b'}' | b']' => {
                        self.depth -= 1;
                        if self.depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ if self.begun && self.depth == 0 && byte.is_ascii_whitespace() => return Some(at),
                    _ => {}
                }
            }
            self.begun = true;
            at += 1;
        }
        (last && self.begun && self.depth == 0 && !self.in_text).then_some(piece.len())
    }
}
