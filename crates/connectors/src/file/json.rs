//! Reads JSON and NDJSON as records, one element at a time, untouched.
//!
//! An element that is not JSON by itself is a bad record and the others go through. Where the array itself breaks off nobody can tell what follows: the
//! elements before it are handed out, then reading fails, so that a file cut in half is never taken for a whole one.

use std::borrow::Cow;
use std::io;
use std::path::Path;

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Cause, Error};
use kivuko_core::path::SourcePath;
use kivuko_core::value;
use memchr::memchr;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::csv::{Position, Raw};
use super::encoding::{Form, Text};
use super::errors;
use super::rows::ROW_LIMIT;

/// What is read of each element.
#[derive(Debug)]
pub struct Picks {
    id: Option<Pick>,
    time: Option<Pick>,
}

#[derive(Debug)]
enum Pick {
    /// A member of the element itself, which is found without keeping the rest.
    Member(String),
    Path(SourcePath),
}

impl Picks {
    /// Checks the paths of identity and time.
    pub fn new(id: Option<&str>, time: Option<&str>) -> Result<Self, Error> {
        let pick = |role: &str, written: &str| {
            let path = SourcePath::parse(written).map_err(|error| {
                Error::configuration(codes::OPTION_UNFIT, format!("`{role}: {written}` of the flow is no path: {error}"))
            })?;
            Ok(if path.top() == Some(written) { Pick::Member(written.to_owned()) } else { Pick::Path(path) })
        };
        Ok(Self { id: id.map(|id| pick("id", id)).transpose()?, time: time.map(|time| pick("cursor", time)).transpose()? })
    }

    /// Checks that a text is one JSON object, and picks identity and time.
    fn from(&self, element: &str) -> Result<[Option<String>; 2], serde_json::Error> {
        let members = [&self.id, &self.time].map(|pick| match pick {
            Some(Pick::Member(name)) => Some(name.as_str()),
            _ => None,
        });
        let mut deserializer = serde_json::Deserializer::from_str(element);
        let mut found = Members(members).deserialize(&mut deserializer)?;
        deserializer.end()?;
        if [&self.id, &self.time].iter().any(|pick| matches!(pick, Some(Pick::Path(_)))) {
            let whole: Value = serde_json::from_str(element)?;
            for (slot, pick) in found.iter_mut().zip([&self.id, &self.time]) {
                if let Some(Pick::Path(path)) = pick {
                    *slot = path.one(&whole).cloned();
                }
            }
        }
        Ok(found.map(|found| found.as_ref().and_then(value::text).filter(|text| !text.trim().is_empty())))
    }
}

/// Finds two members of an object by name.
struct Members<'n>([Option<&'n str>; 2]);

impl<'de> DeserializeSeed<'de> for Members<'_> {
    type Value = [Option<Value>; 2];

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Members<'_> {
    type Value = [Option<Value>; 2];

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None, None];
        while let Some(name) = map.next_key::<Cow<'de, str>>()? {
            let wanted = self.0.map(|wanted| wanted == Some(name.as_ref()));
            if wanted == [false, false] {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: Value = map.next_value()?;
            for (slot, wanted) in found.iter_mut().zip(wanted) {
                if wanted {
                    *slot = Some(value.clone());
                }
            }
        }
        Ok(found)
    }
}

/// The records of one JSON or NDJSON file.
#[derive(Debug)]
pub struct Reader {
    file: String,
    text: Text,
    picks: Picks,
    lines: bool,
    row: u64,
    /// The next element is not the first, so a comma stands before it.
    comma: bool,
    next: Option<Next>,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    Element { length: usize },
    Endless,
}

impl Reader {
    /// Opens an array, which `array` names where it is inside an object.
    pub fn array(path: &Path, file: &str, form: Form, array: Option<&str>, from: Option<Position>, picks: Picks) -> Result<Self, Error> {
        let mut reader = Self::open(path, file, form, from, picks, false)?;
        reader.comma = from.is_some();
        if from.is_none() {
            reader.enter(array)?;
        }
        Ok(reader)
    }

    /// Opens lines of JSON.
    pub fn lines(path: &Path, file: &str, form: Form, from: Option<Position>, picks: Picks) -> Result<Self, Error> {
        Self::open(path, file, form, from, picks, true)
    }

    fn open(path: &Path, file: &str, form: Form, from: Option<Position>, picks: Picks, lines: bool) -> Result<Self, Error> {
        let from = from.unwrap_or_default();
        let broken = |error: io::Error| errors::unreadable(file, &error);
        let text = Text::open(std::fs::File::open(path).map_err(broken)?, form, from.offset).map_err(broken)?;
        Ok(Self { file: file.to_owned(), text, picks, lines, row: from.row, comma: false, next: None })
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
        let raw = match std::str::from_utf8(element).map(|element| self.picks.from(element)) {
            Err(_) => bad(
                codes::ENCODING_BROKEN,
                "the element holds bytes that its encoding does not have; correct it or declare the right `encoding`",
            ),
            Ok(Err(error)) => {
                let place = if error.line() > 1 { format!("line {} of the element, ", error.line()) } else { String::new() };
                let message = format!("the element is not a JSON object ({place}character {})", error.column());
                bad(codes::ELEMENT_BROKEN, &message)
            }
            Ok(Ok([id, time])) => {
                let start = out.len();
                out.extend_from_slice(element);
                Raw { id, row, time, body: Ok(start..out.len()) }
            }
        };
        self.text.take(length);
        Ok(Some(raw))
    }

    fn advance(&mut self) -> Result<Option<Next>, Error> {
        if self.next.is_none() {
            self.next = if self.lines { self.next_line()? } else { self.next_element()? };
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

    fn next_element(&mut self) -> Result<Option<Next>, Error> {
        match self.peek()? {
            Some(b']') => return Ok(None),
            Some(b',') if self.comma => {
                self.text.take(1);
                self.comma = false;
                if self.peek()? == Some(b']') {
                    return Err(self.broken("a comma stands before its end"));
                }
            }
            Some(_) if !self.comma => {}
            None => return Err(self.broken("it breaks off")),
            Some(_) => return Err(self.broken("a comma is missing")),
        }
        let mut bounds = Bounds::default();
        let mut seen = 0;
        loop {
            if let Some(end) = bounds.feed(&self.text.rest()[seen..], self.text.ended()) {
                let length = seen + end;
                if length == 0 {
                    return Err(self.broken("something stands there that begins no element"));
                }
                return Ok(Some(if length > ROW_LIMIT { Next::Endless } else { Next::Element { length } }));
            }
            seen = self.text.rest().len();
            if seen > ROW_LIMIT {
                return Ok(Some(Next::Endless));
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
            let end = if self.lines { memchr(b'\n', rest).map(|at| at + 1) } else { bounds.feed(rest, self.text.ended()) };
            self.text.take(end.unwrap_or(rest.len()));
            if end.is_some() || (self.lines && self.text.ended()) {
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

    /// Goes to the first element of the array.
    fn enter(&mut self, array: Option<&str>) -> Result<(), Error> {
        let Some(first) = self.peek()? else {
            return Err(Error::stop(codes::FILE_EMPTY, format!("{} is empty; a file without records is `[]`", self.file)));
        };
        let Some(array) = array else {
            if first != b'[' {
                let what = if first == b'{' { "an object; name the array in it with `array`, or say `format: ndjson`" } else { "no array" };
                return Err(Error::configuration(codes::JSON_BROKEN, format!("{} is {what}", self.file)));
            }
            self.text.take(1);
            return Ok(());
        };
        for name in array.split('.') {
            self.enter_member(array, name)?;
        }
        if self.peek()? != Some(b'[') {
            return Err(Error::configuration(codes::JSON_BROKEN, format!("`{array}` of {} is no array", self.file)));
        }
        self.text.take(1);
        Ok(())
    }

    /// Goes to the value of a member of the object that begins here.
    fn enter_member(&mut self, array: &str, wanted: &str) -> Result<(), Error> {
        let mut seen = Vec::new();
        let mut opening = b'{';
        loop {
            if self.peek()? != Some(opening) {
                let has = if seen.is_empty() { String::new() } else { format!("; it has {}", seen.join(", ")) };
                return Err(Error::configuration(codes::JSON_BROKEN, format!("{} has no array `{array}`{has}", self.file)));
            }
            self.text.take(1);
            opening = b',';
            if self.peek()? != Some(b'"') {
                return Err(self.broken("a member has no name"));
            }
            let length = self.value_length()?;
            let name: String =
                serde_json::from_slice(&self.text.rest()[..length]).map_err(|_| self.broken("a member's name is no text"))?;
            self.text.take(length);
            if self.peek()? != Some(b':') {
                return Err(self.broken("a colon is missing"));
            }
            self.text.take(1);
            self.peek()?;
            if name == wanted {
                return Ok(());
            }
            self.skip()?;
            if seen.len() < 12 {
                seen.push(format!("`{name}`"));
            }
        }
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
