//! From text to segments, and what has to be quoted on the way back.

use std::fmt;

use super::{PathError, Segment};

/// Reads a whole path.
pub(super) fn path(text: &str) -> Result<Vec<Segment>, PathError> {
    let trimmed = text.trim_end();
    let start = trimmed.len() - trimmed.trim_start().len();
    let mut reader = Reader { text: trimmed, at: start };
    match reader.peek() {
        None => return Err(reader.error("the path is empty", "a path such as `name`, `a.b` or `addresses[].city`")),
        Some('$') => return Err(reader.error("`$` begins a JSONPath, which only a source can have", "a path such as `a.b`")),
        Some(_) => {}
    }
    let mut segments = Vec::new();
    if reader.peek() != Some('[') {
        segments.push(reader.name()?);
    }
    while let Some(next) = reader.peek() {
        match next {
            '.' if !segments.is_empty() => {
                reader.advance(next);
                segments.push(reader.name()?);
            }
            '[' => {
                reader.advance(next);
                segments.push(reader.brackets()?);
            }
            _ => return Err(reader.error(format!("`{next}` cannot stand here"), "`.`, `[` or the end")),
        }
    }
    Ok(segments)
}

struct Reader<'t> {
    text: &'t str,
    /// A byte offset, always at a character.
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn advance(&mut self, passed: char) {
        self.at += passed.len_utf8();
    }

    fn error(&self, message: impl Into<String>, expected: impl Into<String>) -> PathError {
        PathError { column: self.text[..self.at].chars().count() + 1, message: message.into(), expected: expected.into() }
    }

    /// A name without quotes: up to the next dot or bracket.
    fn name(&mut self) -> Result<Segment, PathError> {
        let rest = &self.text[self.at..];
        let length = rest.find(['.', '[', ']']).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.error(self.found(), "a name; one that holds a dot or a bracket is written `['any name']`"));
        }
        self.at += length;
        Ok(Segment::Field(rest[..length].into()))
    }

    /// What stands between brackets; the opening one has been passed.
    fn brackets(&mut self) -> Result<Segment, PathError> {
        self.skip_spaces();
        let segment = match self.peek() {
            Some(']') => Segment::Each,
            Some('=') => Segment::Item { field: None, value: self.identity()? },
            Some(quote @ ('\'' | '"')) => {
                let name = self.quoted(quote)?;
                self.skip_spaces();
                match self.peek() {
                    Some('=') => Segment::Item { field: Some(name), value: self.identity()? },
                    _ => Segment::Field(name),
                }
            }
            _ => {
                let name = self.bare(&['=', ']', '['])?;
                if self.peek() == Some('=') {
                    Segment::Item { field: Some(name), value: self.identity()? }
                } else if name.bytes().all(|byte| byte.is_ascii_digit()) {
                    let index = name.parse().map_err(|_| self.error(format!("the item {name} is too far"), "a smaller number"))?;
                    Segment::Index(index)
                } else {
                    Segment::Item { field: None, value: name }
                }
            }
        };
        self.skip_spaces();
        match self.peek() {
            Some(']') => {
                self.advance(']');
                Ok(segment)
            }
            _ => Err(self.error(self.found(), "`]`")),
        }
    }

    /// `=value`.
    fn identity(&mut self) -> Result<Box<str>, PathError> {
        self.advance('=');
        self.skip_spaces();
        match self.peek() {
            Some(quote @ ('\'' | '"')) => self.quoted(quote),
            _ => self.bare(&[']', '[']),
        }
    }

    fn bare(&mut self, ends: &[char]) -> Result<Box<str>, PathError> {
        let rest = &self.text[self.at..];
        let length = rest.find(ends).unwrap_or(rest.len());
        let word = rest[..length].trim_end();
        if word.is_empty() {
            return Err(self.error(self.found(), "a name, a number or a text in quotes"));
        }
        self.at += length;
        Ok(word.into())
    }

    fn quoted(&mut self, quote: char) -> Result<Box<str>, PathError> {
        let opening = self.at;
        self.advance(quote);
        let mut name = String::new();
        while let Some(next) = self.peek() {
            self.advance(next);
            match next {
                '\\' => {
                    let Some(escaped) = self.peek() else { break };
                    self.advance(escaped);
                    name.push(escaped);
                }
                _ if next == quote => return Ok(name.into()),
                _ => name.push(next),
            }
        }
        self.at = opening;
        Err(self.error("the quotes are not closed", format!("a closing `{quote}`")))
    }

    fn skip_spaces(&mut self) {
        while let Some(space) = self.peek().filter(|next| next.is_whitespace()) {
            self.advance(space);
        }
    }

    fn found(&self) -> String {
        match self.peek() {
            Some(next) => format!("`{next}` cannot stand here"),
            None => "the path ends too early".to_owned(),
        }
    }
}

/// Whether a member's name can stand without quotes.
pub(super) fn is_bare_name(name: &str) -> bool {
    !name.is_empty() && name.trim() == name && !name.starts_with('$') && !name.contains(['.', '[', ']'])
}

/// Whether an identity can stand alone in its brackets and is not taken for an index or a name.
pub(super) fn is_plain_identity(value: &str) -> bool {
    is_bare_in_brackets(value) && !value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_bare_in_brackets(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.starts_with(['\'', '"']) && !text.contains(['=', '[', ']'])
}

/// A text in single quotes.
pub(super) struct Quoted<'t>(pub(super) &'t str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0.replace('\\', "\\\\").replace('\'', "\\'"))
    }
}

/// A text between brackets, in quotes where it needs them.
pub(super) struct InBrackets<'t>(pub(super) &'t str);

impl fmt::Display for InBrackets<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_bare_in_brackets(self.0) { f.write_str(self.0) } else { Quoted(self.0).fmt(f) }
    }
}
