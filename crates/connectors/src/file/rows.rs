//! Takes the rows of a CSV apart, one at a time, out of a buffer that may end anywhere.
//!
//! Why not the `csv` crate: it reads any text as some table. Here a quote that does not match is told, the
//! damage is kept to the lines it is on, and what cannot be told apart is never handed out as a row.

use memchr::{memchr, memchr2};

/// The longest cell that is read.
pub const CELL_LIMIT: usize = 1 << 20;
/// The longest row or JSON element that is read; also the most that a reader keeps in memory.
pub const ROW_LIMIT: usize = 8 << 20;

/// A cell of a row: where it lies in the buffer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Its content, the quotes around it left out.
    pub start: usize,
    pub end: usize,
    /// It holds doubled quotes.
    pub doubled: bool,
}

impl Cell {
    /// Its bytes as they stand in the buffer, doubled quotes and all.
    pub fn raw<'a>(&self, buffer: &'a [u8]) -> &'a [u8] {
        &buffer[self.start..self.end]
    }

    /// Its bytes.
    pub fn bytes<'a>(&self, buffer: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        let raw = self.raw(buffer);
        if !self.doubled {
            return raw.into();
        }
        let mut plain = Vec::with_capacity(raw.len());
        let mut rest = raw;
        while let Some(at) = memchr(b'"', rest) {
            plain.extend_from_slice(&rest[..=at]);
            rest = &rest[(at + 2).min(rest.len())..];
        }
        plain.extend_from_slice(rest);
        plain.into()
    }
}

/// What stands at the beginning of a buffer. Each length counts the line end in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scan {
    /// A row; its cells are in the caller's list.
    Row { length: usize },
    /// An empty line.
    Blank { length: usize },
    /// The quotes do not match. `line` is the length of its first line. The lines up to `doubtful` may be a part of the damage: a row there is taken
    /// only when it holds no stray quote.
    Broken { line: usize, doubtful: usize },
    /// The row ends behind the end of the buffer.
    More,
}

/// How rows are taken apart.
#[derive(Debug, Clone, Copy)]
pub struct Scanner {
    pub separator: u8,
    /// A quote inside an unquoted cell is an error, not a character.
    pub strict: bool,
}

impl Scanner {
    /// Looks at the beginning of `buffer`. `last`: the buffer ends where the file ends.
    pub fn scan(self, buffer: &[u8], last: bool, cells: &mut Vec<Cell>) -> Scan {
        cells.clear();
        if buffer.is_empty() {
            return Scan::More;
        }
        let mut at = 0;
        loop {
            let step = if buffer.get(at) == Some(&b'"') { self.quoted(buffer, at, last) } else { self.unquoted(buffer, at, last) };
            match step {
                Step::Cell { cell, next } => {
                    cells.push(cell);
                    at = next;
                }
                Step::End { cell, length } => {
                    let blank = cells.is_empty() && cell.end == 0;
                    cells.push(cell);
                    return if blank { Scan::Blank { length } } else { Scan::Row { length } };
                }
                Step::Broken { doubtful } => return first_line(buffer, last).map_or(Scan::More, |line| Scan::Broken { line, doubtful }),
                Step::More => return Scan::More,
            }
        }
    }

    fn unquoted(self, buffer: &[u8], start: usize, last: bool) -> Step {
        let rest = &buffer[start..];
        // Cells are short: a plain loop is faster than setting up a vectored search.
        let separator = self.separator;
        let length = match rest.iter().position(|byte| *byte == separator || *byte == b'\n' || *byte == b'\r') {
            Some(length) => length,
            None if last => rest.len(),
            None => return Step::More,
        };
        if self.strict && memchr(b'"', &rest[..length]).is_some() {
            return Step::Broken { doubtful: start + length };
        }
        self.after(buffer, Cell { start, end: start + length, doubled: false }, start + length, last)
    }

    fn quoted(self, buffer: &[u8], start: usize, last: bool) -> Step {
        let mut doubled = false;
        let mut from = start + 1;
        loop {
            let Some(offset) = memchr(b'"', &buffer[from..]) else {
                return if last { Step::Broken { doubtful: buffer.len() } } else { Step::More };
            };
            let close = from + offset;
            match buffer.get(close + 1) {
                Some(b'"') => {
                    doubled = true;
                    from = close + 2;
                }
                None if !last => return Step::More,
                _ => return self.after(buffer, Cell { start: start + 1, end: close, doubled }, close + 1, last),
            }
        }
    }

    /// What follows a cell: a separator, a line end, the end of the file, or what must not.
    fn after(self, buffer: &[u8], cell: Cell, at: usize, last: bool) -> Step {
        match buffer.get(at) {
            None => Step::End { cell, length: at },
            Some(&byte) if byte == self.separator => Step::Cell { cell, next: at + 1 },
            Some(b'\n' | b'\r') => line_end(buffer, at, last).map_or(Step::More, |length| Step::End { cell, length }),
            Some(_) => Step::Broken { doubtful: at + 1 },
        }
    }
}

enum Step {
    Cell { cell: Cell, next: usize },
    End { cell: Cell, length: usize },
    Broken { doubtful: usize },
    More,
}

/// Where the line goes on after the line end at `at`; `None` when that depends on a byte that is not there yet.
fn line_end(buffer: &[u8], at: usize, last: bool) -> Option<usize> {
    match (buffer[at], buffer.get(at + 1)) {
        (b'\r', Some(b'\n')) => Some(at + 2),
        (b'\r', None) if !last => None,
        _ => Some(at + 1),
    }
}

/// The length of the first line with its end, whatever quotes say; `None` when it is not whole.
pub fn first_line(buffer: &[u8], last: bool) -> Option<usize> {
    match memchr2(b'\n', b'\r', buffer) {
        Some(at) => line_end(buffer, at, last),
        None => last.then_some(buffer.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every row as its cells, `!` for a broken one, an empty list for a blank line.
    fn rows(text: &str) -> Vec<Vec<String>> {
        let mut buffer = text.as_bytes();
        let mut cells = Vec::new();
        let mut doubtful = 0;
        let mut at = 0;
        let mut found = Vec::new();
        while !buffer.is_empty() {
            let scan = Scanner { separator: b',', strict: at < doubtful }.scan(buffer, true, &mut cells);
            let length = match scan {
                Scan::Row { length } => {
                    found.push(
                        cells.iter().map(|cell| String::from_utf8(cell.bytes(buffer).into_owned()).expect("the test is UTF-8")).collect(),
                    );
                    length
                }
                Scan::Blank { length } => {
                    found.push(Vec::new());
                    length
                }
                Scan::Broken { line, doubtful: until } => {
                    found.push(vec!["!".to_owned()]);
                    doubtful = doubtful.max(at + until);
                    line
                }
                Scan::More => panic!("the buffer is whole"),
            };
            buffer = &buffer[length..];
            at += length;
        }
        found
    }

    fn check(text: &str, expected: &[&[&str]]) {
        assert_eq!(
            rows(text),
            expected.iter().map(|row| row.iter().map(ToString::to_string).collect::<Vec<_>>()).collect::<Vec<_>>(),
            "{text:?}"
        );
    }

    #[test]
    fn rows_are_taken_apart() {
        check("a,b\n1,2\n", &[&["a", "b"], &["1", "2"]]);
        check("a,b\r\n1,2", &[&["a", "b"], &["1", "2"]]);
        check("a\rb\r", &[&["a"], &["b"]]);
        check("a,\n,\n", &[&["a", ""], &["", ""]]);
        check("a\n\n\r\nb", &[&["a"], &[], &[], &["b"]]);
        check("\"a,b\",\"c\nd\"\n", &[&["a,b", "c\nd"]]);
        check("\"say \"\"yes\"\"\",\"\"\n", &[&["say \"yes\"", ""]]);
        check("\"\"\"\"\n", &[&["\""]]);
        check("\"\"\n", &[&[""]]);
        check("5\" pipe,x\n", &[&["5\" pipe", "x"]]);
    }

    #[test]
    fn damage_stays_on_its_lines() {
        check("1,\"a\"b,c\n2,x,y\n", &[&["!"], &["2", "x", "y"]]);
        check("1,\"abc\n2,x\n", &[&["!"], &["2", "x"]]);
        check("1,\"abc\n2,\"d\"\n3,e\n", &[&["!"], &["2", "d"], &["3", "e"]]);
        check("1,\"a\nb \"c\" d\"\n2,x\n", &[&["!"], &["!"], &["2", "x"]]);
        check("1,\"", &[&["!"]]);
    }

    #[test]
    fn a_buffer_that_ends_anywhere_asks_for_more() {
        let text = b"a,\"b\"\"c\nd\",e\r\nnext,row,here\n";
        let row = 14;
        let mut cells = Vec::new();
        for cut in 1..text.len() {
            let scan = Scanner { separator: b',', strict: false }.scan(&text[..cut], false, &mut cells);
            let expected = if cut < row { Scan::More } else { Scan::Row { length: row } };
            assert_eq!(scan, expected, "cut at {cut}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_the_csv_crate_writes_is_read_back(table in proptest::collection::vec(proptest::collection::vec("[a-c,;\"\n\r\u{e9}]{0,6}", 3), 1..8)) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            for row in &table {
                writer.write_record(row).expect("memory does not fail");
            }
            let text = String::from_utf8(writer.into_inner().expect("memory does not fail")).expect("it is UTF-8");
            proptest::prop_assert_eq!(rows(&text), table);
        }
    }
}
