//! Finds the end of one JSON value that arrives in pieces, by counting brackets outside strings.
//!
//! What stands between the brackets is not judged: that a record is not JSON is found when it is read, and concerns that record alone.

use memchr::memchr2;

/// Where in a value the bytes so far have led.
#[derive(Debug, Clone, Default)]
pub(super) struct Scan {
    kind: Kind,
    depth: usize,
    in_string: bool,
    escaped: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Kind {
    /// An object or an array: it ends with its last bracket.
    Container,
    String,
    /// A number, true, false or null: it ends before the first byte that cannot be part of it.
    #[default]
    Word,
}

/// The bytes that mean something outside strings: quotes and brackets.
const STRUCTURAL: [bool; 256] = {
    let mut table = [false; 256];
    let marks = b"\"{}[]";
    let mut position = 0;
    while position < marks.len() {
        table[marks[position] as usize] = true;
        position += 1;
    }
    table
};

impl Scan {
    /// Begins a value, by its first byte; `None` if no value begins so. The first byte is then given to [`Scan::end`] again.
    pub(super) fn begin(first: u8) -> Option<Self> {
        let kind = match first {
            b'{' | b'[' => Kind::Container,
            b'"' => Kind::String,
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Kind::Word,
            _ => return None,
        };
        Some(Self { kind, ..Self::default() })
    }

    /// How many of the next bytes belong to the value, if it ends in them; `None` if all do and it goes on.
    pub(super) fn end(&mut self, bytes: &[u8]) -> Option<usize> {
        if self.kind == Kind::Word {
            return bytes.iter().position(|byte| matches!(byte, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'));
        }
        let mut at = 0;
        loop {
            if self.in_string {
                at += self.string_end(bytes.get(at..)?)?;
                self.in_string = false;
                if self.kind == Kind::String {
                    return Some(at);
                }
            }
            at += bytes.get(at..)?.iter().position(|byte| STRUCTURAL[usize::from(*byte)])?;
            match bytes[at] {
                b'"' => self.in_string = true,
                b'{' | b'[' => self.depth += 1,
                _ => self.depth = self.depth.saturating_sub(1),
            }
            at += 1;
            if self.depth == 0 && !self.in_string {
                return Some(at);
            }
        }
    }

    /// How many bytes there are up to and including the closing quote.
    fn string_end(&mut self, bytes: &[u8]) -> Option<usize> {
        let mut at = 0;
        loop {
            if self.escaped {
                bytes.get(at)?;
                at += 1;
                self.escaped = false;
            }
            at += memchr2(b'"', b'\\', bytes.get(at..)?)? + 1;
            if bytes[at - 1] == b'"' {
                return Some(at);
            }
            self.escaped = true;
        }
    }
}
