//! Hands out the elements of a streamed array, in pieces as they arrive, cut at any byte.
//!
//! It holds one element at a time. What ends too early is an error, and so is whatever else is wrong around the elements; what is wrong inside an
//! element is left to whoever reads it, so that one bad record does not cost the others.

mod scan;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use memchr::memchr;
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use scan::Scan;

/// The largest element that is taken: one that never ends must not fill the memory.
const LARGEST_ELEMENT: usize = 64 << 20;
/// The largest member outside the array that is kept.
const LARGEST_KEPT_MEMBER: usize = 4 << 10;
/// How much is kept of all members outside the array together.
const LARGEST_TAIL: usize = 64 << 10;

const BYTE_ORDER_MARK: [u8; 3] = [0xef, 0xbb, 0xbf];

/// What is wrong with the stream, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("at byte {offset}: expected {expected}")]
pub struct SplitError {
    /// How many bytes of the stream come before the place.
    pub offset: u64,
    /// What was expected there.
    pub expected: String,
}

/// Takes a stream apart.
#[derive(Debug, Clone)]
pub struct Splitter {
    /// The names that lead to the array, from the outside; none for an array that is the whole document.
    path: Vec<Box<str>>,
    state: State,
    /// How many of the outer objects are open.
    level: usize,
    found: bool,
    /// Bytes of the stream before the current chunk.
    offset: u64,
    scan: Scan,
    /// What has arrived of a value that goes on in the next chunk.
    partial: Vec<u8>,
    /// The member of an outer object that is being read.
    name: String,
    tail: Map<String, Value>,
    tail_size: usize,
    failed: Option<SplitError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first byte that counts; so many bytes of a byte order mark have been seen.
    Start {
        marks: usize,
    },
    /// In an outer object: before a name, or before the end of an object without members.
    BeforeName {
        may_end: bool,
    },
    Name,
    Colon,
    BeforeMember,
    /// In a member that is not the array.
    Member,
    AfterMember,
    /// In the array: before an element, or before the end of an array without elements.
    BeforeElement {
        may_end: bool,
    },
    Element,
    AfterElement,
    /// After the document.
    End,
    /// One element a line.
    Line,
}

impl Splitter {
    /// The document is an array.
    pub fn array() -> Self {
        Self::new(Vec::new(), State::Start { marks: 0 })
    }

    /// The document is an object that holds the array under a name, `results`, or in an object in it, `data.items`. A null there is an array without
    /// elements; that it is missing is an error, since a refusal looks like that too.
    pub fn named(path: &str) -> Self {
        Self::new(path.split('.').map(Into::into).collect(), State::Start { marks: 0 })
    }

    /// Each line is an element; blank lines are passed over.
    pub fn lines() -> Self {
        Self::new(Vec::new(), State::Line)
    }

    fn new(path: Vec<Box<str>>, state: State) -> Self {
        Self {
            path,
            state,
            level: 0,
            found: false,
            offset: 0,
            scan: Scan::default(),
            partial: Vec::new(),
            name: String::new(),
            tail: Map::new(),
            tail_size: 0,
            failed: None,
        }
    }

    /// Takes the next bytes and hands out the elements that end in them. After an error there is nothing more.
    pub fn feed(&mut self, chunk: &[u8], out: &mut Vec<Bytes>) -> Result<(), SplitError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let fed = if self.state == State::Line { self.feed_lines(chunk, out) } else { self.feed_document(chunk, out) };
        if let Err(error) = &fed {
            self.failed = Some(error.clone());
        }
        self.offset += chunk.len() as u64;
        fed
    }

    /// The stream has ended. Hands out a last line that had no line end; everything else that is not complete is an error.
    pub fn finish(&mut self, out: &mut Vec<Bytes>) -> Result<(), SplitError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let expected = match self.state {
            State::Line => {
                let cut_off = serde_json::from_slice::<IgnoredAny>(&self.partial).is_err_and(|error| error.is_eof());
                if !cut_off || self.partial.trim_ascii().is_empty() {
                    emit_line(&self.partial, out);
                    self.partial.clear();
                    return Ok(());
                }
                "the rest of the line".to_owned()
            }
            State::End if self.found || self.path.is_empty() => return Ok(()),
            State::End => format!("an array named `{}`", self.path.join(".")),
            State::Start { .. } if self.path.is_empty() => "an array".to_owned(),
            State::Start { .. } => "an object".to_owned(),
            State::Element => "the rest of an element: the stream ends too early".to_owned(),
            State::BeforeElement { .. } | State::AfterElement => "the rest of the array: the stream ends too early".to_owned(),
            _ => "the rest of the object: the stream ends too early".to_owned(),
        };
        let error = SplitError { offset: self.offset, expected };
        self.failed = Some(error.clone());
        Err(error)
    }

    /// Whether the document came to its end, also one in which the array is missing.
    pub fn is_complete(&self) -> bool {
        matches!(self.state, State::End) && self.level == 0
    }

    /// The small members met outside the array so far (`next`, `count`, `pager`), in the objects in which they stood.
    pub fn tail(&self) -> &Map<String, Value> {
        &self.tail
    }

    fn feed_lines(&mut self, chunk: &[u8], out: &mut Vec<Bytes>) -> Result<(), SplitError> {
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            if self.partial.is_empty() {
                emit_line(&rest[..end], out);
            } else {
                self.partial.extend_from_slice(&rest[..end]);
                emit_line(&self.partial, out);
                self.partial.clear();
            }
            rest = &rest[end + 1..];
        }
        self.keep_partial(rest, chunk.len() - rest.len())
    }

    fn feed_document(&mut self, chunk: &[u8], out: &mut Vec<Bytes>) -> Result<(), SplitError> {
        let mut at = 0;
        while at < chunk.len() {
            if matches!(self.state, State::Element | State::Name | State::Member) {
                let Some(length) = self.scan.end(&chunk[at..]) else {
                    return self.keep_partial(&chunk[at..], at);
                };
                let piece = &chunk[at..at + length];
                at += length;
                match self.state {
                    State::Element => self.end_element(piece, out),
                    State::Name => self.end_name(piece, at)?,
                    _ => self.end_member(piece, at)?,
                }
                continue;
            }
            let byte = chunk[at];
            // A value begins with this byte and is scanned from it on; every other byte is passed.
            let begins_value = if byte.is_ascii_whitespace() && byte != 0x0c { false } else { self.step(byte, at)? };
            if !begins_value {
                at += 1;
            }
        }
        Ok(())
    }

    /// One byte between values. Returns whether a value begins with it.
    fn step(&mut self, byte: u8, at: usize) -> Result<bool, SplitError> {
        match (self.state, byte) {
            (State::Start { marks }, _) if BYTE_ORDER_MARK.get(marks) == Some(&byte) => self.state = State::Start { marks: marks + 1 },
            (State::Start { .. }, b'[') if self.path.is_empty() => self.begin_array(),
            (State::Start { .. }, b'{') if !self.path.is_empty() => self.open_object(),
            (State::Start { .. }, _) if self.path.is_empty() => return Err(self.error(at, "an array, which begins with `[`")),
            (State::Start { .. }, _) => return Err(self.error(at, "an object, which begins with `{`")),
            (State::BeforeName { .. }, b'"') => return Ok(self.begin(State::Name, byte)),
            (State::BeforeName { may_end: true } | State::AfterMember, b'}') => self.close_object(),
            (State::BeforeName { .. }, _) => return Err(self.error(at, "a name in quotes")),
            (State::Colon, b':') => self.state = State::BeforeMember,
            (State::Colon, _) => return Err(self.error(at, "`:`")),
            (State::BeforeMember, _) => return self.before_member(byte, at),
            (State::AfterMember, b',') => self.state = State::BeforeName { may_end: false },
            (State::AfterMember, _) => return Err(self.error(at, "`,` or `}`")),
            (State::BeforeElement { may_end: true } | State::AfterElement, b']') => self.end_array(),
            (State::BeforeElement { .. }, _) if self.begin(State::Element, byte) => return Ok(true),
            (State::BeforeElement { .. }, _) => return Err(self.error(at, "an element of the array")),
            (State::AfterElement, b',') => self.state = State::BeforeElement { may_end: false },
            (State::AfterElement, _) => return Err(self.error(at, "`,` or `]`")),
            (State::End, _) => return Err(self.error(at, "nothing more after the document")),
            (State::Name | State::Member | State::Element | State::Line, _) => unreachable!("these are not read byte by byte"),
        }
        Ok(false)
    }

    fn before_member(&mut self, byte: u8, at: usize) -> Result<bool, SplitError> {
        let leads_to_array = !self.found && self.name == *self.path[self.level - 1];
        if leads_to_array && byte != b'n' {
            let innermost = self.level == self.path.len();
            match byte {
                b'[' if innermost => self.begin_array(),
                b'{' if !innermost => self.open_object(),
                _ if innermost => return Err(self.error(at, "an array, which begins with `[`")),
                _ => return Err(self.error(at, "an object, which begins with `{`")),
            }
            return Ok(false);
        }
        self.found |= leads_to_array;
        if self.begin(State::Member, byte) { Ok(true) } else { Err(self.error(at, "a value")) }
    }

    /// Begins to scan a value, if one begins with this byte.
    fn begin(&mut self, state: State, first: u8) -> bool {
        let Some(scan) = Scan::begin(first) else { return false };
        self.scan = scan;
        self.state = state;
        true
    }

    fn begin_array(&mut self) {
        self.found = true;
        self.state = State::BeforeElement { may_end: true };
    }

    fn end_array(&mut self) {
        self.state = if self.level == 0 { State::End } else { State::AfterMember };
    }

    fn open_object(&mut self) {
        self.level += 1;
        self.state = State::BeforeName { may_end: true };
    }

    fn close_object(&mut self) {
        self.level -= 1;
        self.state = if self.level == 0 { State::End } else { State::AfterMember };
    }

    fn end_element(&mut self, piece: &[u8], out: &mut Vec<Bytes>) {
        self.state = State::AfterElement;
        if self.partial.is_empty() {
            out.push(Bytes::copy_from_slice(piece));
        } else {
            let mut element = std::mem::take(&mut self.partial);
            element.extend_from_slice(piece);
            out.push(element.into());
        }
    }

    fn end_name(&mut self, piece: &[u8], end: usize) -> Result<(), SplitError> {
        self.state = State::Colon;
        self.partial.extend_from_slice(piece);
        self.name = serde_json::from_slice(&self.partial).map_err(|_| self.error(end, "a name that is a JSON text"))?;
        self.partial.clear();
        Ok(())
    }

    fn end_member(&mut self, piece: &[u8], end: usize) -> Result<(), SplitError> {
        self.state = State::AfterMember;
        self.partial.extend_from_slice(piece);
        let size = self.name.len() + self.partial.len();
        // One that grew too large was cut off, see `keep_partial`.
        if size <= LARGEST_KEPT_MEMBER && self.tail_size + size <= LARGEST_TAIL {
            let member: Value = serde_json::from_slice(&self.partial).map_err(|_| self.error(end, "a value that is JSON"))?;
            let mut object = &mut self.tail;
            for name in &self.path[..self.level - 1] {
                let inner = object.entry(&**name).or_insert(Value::Null);
                if !inner.is_object() {
                    *inner = Value::Object(Map::new());
                }
                let Value::Object(members) = inner else { unreachable!("it was made an object just now") };
                object = members;
            }
            object.insert(std::mem::take(&mut self.name), member);
            self.tail_size += size;
        }
        self.partial.clear();
        Ok(())
    }

    /// Keeps what goes on in the next chunk.
    fn keep_partial(&mut self, rest: &[u8], at: usize) -> Result<(), SplitError> {
        if self.state == State::Member && self.partial.len() + rest.len() > LARGEST_KEPT_MEMBER {
            // Too large to be kept as a whole; what is there only has to stay too large.
            self.partial.resize(LARGEST_KEPT_MEMBER + 1, b' ');
            return Ok(());
        }
        if self.partial.len() + rest.len() > LARGEST_ELEMENT {
            return Err(self.error(at, "an element of less than 64 MiB"));
        }
        self.partial.extend_from_slice(rest);
        Ok(())
    }

    fn error(&self, at: usize, expected: &str) -> SplitError {
        SplitError { offset: self.offset + at as u64, expected: expected.to_owned() }
    }
}

fn emit_line(line: &[u8], out: &mut Vec<Bytes>) {
    let element = line.strip_prefix(&BYTE_ORDER_MARK).unwrap_or(line).trim_ascii();
    if !element.is_empty() {
        out.push(Bytes::copy_from_slice(element));
    }
}
