//! Goes through the text of a JSON file: from value to value, without keeping any.

use memchr::memchr;

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::Error;

use super::super::encoding::Text;
use super::super::errors;
use super::super::rows::ROW_LIMIT;

/// A place in the text of a JSON file.
#[derive(Debug)]
pub struct Walk {
    pub file: String,
    pub text: Text,
    /// How many records come before.
    pub row: u64,
}

/// What stands next.
#[derive(Debug, Clone, Copy)]
pub enum Next {
    Element {
        length: usize,
    },
    /// Longer than is read.
    Endless,
}

impl Walk {
    /// Whether the array or object ends here; else goes on behind the comma.
    pub fn at_end(&mut self, end: u8, comma: &mut bool) -> Result<bool, Error> {
        match self.peek()? {
            Some(byte) if byte == end => Ok(true),
            Some(b',') if *comma => {
                self.text.take(1);
                *comma = false;
                if self.peek()? == Some(end) { Err(self.broken("a comma stands before its end")) } else { Ok(false) }
            }
            Some(_) if !*comma => Ok(false),
            None => Err(self.broken("it breaks off")),
            Some(_) => Err(self.broken("a comma is missing")),
        }
    }

    /// How long the element is that begins here.
    pub fn element(&mut self) -> Result<Next, Error> {
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

    /// Passes over a value, however long it is.
    pub fn skip(&mut self) -> Result<(), Error> {
        let mut bounds = Bounds::default();
        loop {
            let rest = self.text.rest();
            let end = bounds.feed(rest, self.text.ended());
            self.text.take(end.unwrap_or(rest.len()));
            if end.is_some() {
                return Ok(());
            }
            if !self.fill()? {
                return Err(self.broken("it breaks off inside an element"));
            }
        }
    }

    /// Passes over a line, however long it is.
    pub fn skip_line(&mut self) -> Result<(), Error> {
        loop {
            let rest = self.text.rest();
            let end = memchr(b'\n', rest).map(|at| at + 1);
            self.text.take(end.unwrap_or(rest.len()));
            if end.is_some() || self.text.ended() {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// The next byte that is no white space, left where it is.
    pub fn peek(&mut self) -> Result<Option<u8>, Error> {
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

    pub fn fill(&mut self) -> Result<bool, Error> {
        self.text.fill().map_err(|error| errors::unreadable(&self.file, &error))
    }

    /// Goes to the first element of the array or object (`word`) that stands at a path of names.
    pub fn enter(&mut self, at: Option<&str>, word: &str) -> Result<(), Error> {
        let Some(first) = self.peek()? else {
            return Err(Error::stop(codes::FILE_EMPTY, format!("{} is empty; a file without records is `[]`", self.file)));
        };
        let opening = if word == "array" { b'[' } else { b'{' };
        let Some(at) = at else {
            if first != opening {
                let what = match first {
                    b'{' => {
                        "an object, where an array of records was expected; name the array in it with `array`, or say `members: .` or `object: .`, or `format: ndjson`".to_owned()
                    }
                    _ => format!("no {word}"),
                };
                return Err(Error::configuration(codes::JSON_BROKEN, format!("{} is {what}", self.file)));
            }
            return Ok(());
        };
        for name in at.split('.') {
            self.enter_member(at, name, word)?;
        }
        if self.peek()? != Some(opening) {
            return Err(Error::configuration(codes::JSON_BROKEN, format!("`{at}` of {} is no {word}", self.file)));
        }
        Ok(())
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
    pub fn member_name(&mut self) -> Result<String, Error> {
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

    pub fn broken(&self, how: &str) -> Error {
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
