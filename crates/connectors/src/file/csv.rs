//! Reads the rows of a CSV as records, one at a time.

use std::borrow::Cow;
use std::io;
use std::ops::Range;
use std::path::Path;

use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Cause, Error};

use super::config::{Header, Reading};
use super::encoding::{Form, Text};
use super::errors;
use super::rows::{Cell, ROW_LIMIT, Scan, Scanner, first_line};
use super::table::{self, Table, Wanted};

/// Where reading goes on in a file: opaque outside this folder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Position {
    /// In bytes of the text as UTF-8, the mark left out.
    pub offset: u64,
    /// How many rows, lines or elements come before.
    pub row: u64,
    /// Up to which offset rows are taken only when they hold no stray quote.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub doubtful: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_zero(offset: &u64) -> bool {
    *offset == 0
}

/// A record as it was found: its element lies in the page's buffer.
#[derive(Debug)]
pub struct Raw {
    pub id: Option<String>,
    /// `row 17`
    pub row: u64,
    pub time: Option<String>,
    pub body: Result<Range<usize>, Cause>,
}

/// What stands next in the text.
#[derive(Debug, Clone, Copy)]
enum Next {
    Row {
        length: usize,
    },
    Broken {
        line: usize,
        doubtful: usize,
    },
    /// Longer than the limit, with no line end in sight.
    Endless,
}

/// The rows of one CSV file.
#[derive(Debug)]
pub struct Reader {
    file: String,
    text: Text,
    separator: u8,
    table: Table,
    cells: Vec<Cell>,
    row: u64,
    doubtful: u64,
    next: Option<Next>,
}

/// How a file of this kind is put together, found in its first lines.
#[derive(Debug)]
pub struct Head {
    pub separator: u8,
    /// The names of the columns as written.
    pub names: Vec<String>,
    /// Where the rows begin.
    pub body: Position,
    /// Its first line is Excel's `sep=`.
    pub says_separator: bool,
    /// Its lines end with a carriage return and a line feed.
    pub crlf: bool,
}

/// Reads the first lines of a CSV: Excel's `sep=`, the lines above the header, the header.
pub fn head(path: &Path, file: &str, form: Form, options: &Reading) -> Result<Head, Error> {
    let broken = |error: io::Error| errors::unreadable(file, &error);
    let mut text = Text::open(std::fs::File::open(path).map_err(broken)?, form, 0).map_err(broken)?;
    let mut row = 0;
    let mut separator = options.separator;
    let mut says_separator = false;
    if let Some(line) = line(&mut text).map_err(broken)?
        && let Some(declared) = table::declared_separator(&text.rest()[..line])
    {
        separator = Some(declared);
        says_separator = true;
        text.take(line);
    }
    for _ in 0..options.skip_rows {
        let Some(line) = line(&mut text).map_err(broken)? else { break };
        text.take(line);
        row += 1;
    }
    let mut cells = Vec::new();
    loop {
        if line(&mut text).map_err(broken)?.is_none() {
            let message = format!("{file} holds no header and no row; if it should, export it again");
            return Err(Error::stop(codes::FILE_EMPTY, message));
        }
        let used = separator.or_else(|| table::separator(text.rest())).ok_or_else(|| {
            Error::configuration(
                codes::SEPARATOR_UNCLEAR,
                format!("the header of {file} holds more than one of comma, semicolon, tab and bar; declare `separator`"),
            )
        })?;
        match (Scanner { separator: used, strict: false }).scan(text.rest(), text.ended(), &mut cells) {
            Scan::Blank { length } => {
                text.take(length);
                row += 1;
            }
            Scan::More if text.rest().len() < ROW_LIMIT => {
                text.fill().map_err(broken)?;
            }
            Scan::Row { length } => {
                let crlf = text.rest()[..length].ends_with(b"\r\n");
                let mut names = Vec::new();
                for cell in &cells {
                    let name = String::from_utf8(cell.bytes(text.rest()).into_owned());
                    names.push(name.map_err(|_| {
                        Error::configuration(
                            codes::ENCODING_BROKEN,
                            format!("the header of {file} holds bytes that its encoding does not have"),
                        )
                    })?);
                }
                if options.header == Header::Given(true) {
                    text.take(length);
                    row += 1;
                }
                let body = Position { offset: text.offset(), row, doubtful: 0 };
                return Ok(Head { separator: used, names, body, says_separator, crlf });
            }
            Scan::More | Scan::Broken { .. } => {
                return Err(Error::configuration(
                    codes::QUOTES_BROKEN,
                    format!("the quotes in the header of {file} do not match; correct it"),
                ));
            }
        }
    }
}

/// The length of the next line, read into the buffer; `None` at the end.
fn line(text: &mut Text) -> io::Result<Option<usize>> {
    loop {
        if let Some(length) = first_line(text.rest(), text.ended()) {
            return Ok((length > 0).then_some(length));
        }
        if text.rest().len() > ROW_LIMIT {
            return Ok(Some(text.rest().len()));
        }
        text.fill()?;
    }
}

impl Reader {
    /// Opens a file at a position of an earlier reading, or at its first row.
    pub fn open(path: &Path, form: Form, options: &Reading, from: Option<Position>, wanted: Wanted<'_>) -> Result<Self, Error> {
        let file = wanted.file.to_owned();
        let head = head(path, &file, form, options)?;
        let table = Table::new(table::names(&options.header, head.names), wanted)?;
        let from = from.unwrap_or(head.body);
        let broken = |error: io::Error| errors::unreadable(&file, &error);
        let text = Text::open(std::fs::File::open(path).map_err(broken)?, form, from.offset).map_err(broken)?;
        let cells = Vec::with_capacity(table.names().len());
        Ok(Self { text, separator: head.separator, table, cells, row: from.row, doubtful: from.doubtful, next: None, file })
    }

    /// The columns.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Where the next record stands.
    pub fn position(&self) -> Position {
        let doubtful = if self.doubtful > self.text.offset() { self.doubtful } else { 0 };
        Position { offset: self.text.offset(), row: self.row, doubtful }
    }

    /// Whether there is another record. Blank lines and rows whose cells are all empty are passed over: they hold nothing that could get lost.
    pub fn more(&mut self) -> Result<bool, Error> {
        Ok(self.advance()?.is_some())
    }

    fn advance(&mut self) -> Result<Option<Next>, Error> {
        while self.next.is_none() {
            let scanner = Scanner { separator: self.separator, strict: self.doubtful > self.text.offset() };
            let scan = scanner.scan(self.text.rest(), self.text.ended(), &mut self.cells);
            let reach = match scan {
                Scan::Row { length } => length,
                Scan::Broken { doubtful, .. } => doubtful,
                Scan::Blank { .. } => 0,
                Scan::More => self.text.rest().len(),
            };
            match scan {
                // What is found must not depend on how much happens to be in the buffer.
                _ if reach > ROW_LIMIT => {
                    let line = first_line(&self.text.rest()[..ROW_LIMIT], false);
                    self.next = Some(line.map_or(Next::Endless, |line| Next::Broken { line, doubtful: ROW_LIMIT }));
                }
                Scan::Blank { length } => self.pass(length),
                Scan::Row { length } if self.cells.iter().all(|cell| cell.start == cell.end) => self.pass(length),
                Scan::Row { length } => self.next = Some(Next::Row { length }),
                Scan::Broken { line, doubtful } => self.next = Some(Next::Broken { line, doubtful }),
                Scan::More => {
                    let filled = self.text.fill().map_err(|error| errors::unreadable(&self.file, &error))?;
                    if !filled && self.text.rest().is_empty() {
                        return Ok(None);
                    }
                }
            }
        }
        Ok(self.next)
    }

    fn pass(&mut self, length: usize) {
        self.text.take(length);
        self.row += 1;
    }

    /// The next record; its element is appended to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Raw>, Error> {
        let Some(next) = self.advance()? else { return Ok(None) };
        self.next = None;
        let row = self.row + 1;
        let broken = |code, message: &str| Raw { id: None, row, time: None, body: Err(Cause::new(code, message)) };
        match next {
            Next::Row { length } => {
                let buffer = self.text.rest();
                let start = out.len();
                let body = self.table.element(buffer, &self.cells, out).map(|()| start..out.len());
                let raw = Raw { id: self.table.id(buffer, &self.cells), row, time: self.table.time(buffer, &self.cells), body };
                self.pass(length);
                Ok(Some(raw))
            }
            Next::Broken { line, doubtful } => {
                self.doubtful = self.doubtful.max(self.text.offset() + doubtful as u64);
                self.pass(line);
                Ok(Some(broken(
                    codes::QUOTES_BROKEN,
                    "the quotes of the row do not match; close the quote, and write a quote inside a cell twice",
                )))
            }
            Next::Endless => {
                self.skip_line()?;
                Ok(Some(broken(codes::CELL_TOO_LONG, "the row is longer than 8 MiB; look for a missing line end")))
            }
        }
    }

    /// Shows every row with its texts, for each column in its place; a row that cannot be told is an error, so that a rewriting never loses one.
    pub fn visit(&mut self, show: &mut Visit<'_>) -> Result<(), Error> {
        while let Some(next) = self.advance()? {
            self.next = None;
            let bad = |cause: &str| unreadable_row(&self.file, "row", self.row + 1, cause);
            let Next::Row { length } = next else { return Err(bad("its quotes do not match or it does not end")) };
            let buffer = self.text.rest();
            let texts = self.table.texts(buffer, &self.cells).map_err(|cause| bad(&cause.message))?;
            let raw = std::str::from_utf8(without_line_end(&buffer[..length]))
                .map_err(|_| bad("it holds bytes that its encoding does not have"))?;
            show(raw, &texts)?;
            self.pass(length);
        }
        Ok(())
    }

    fn skip_line(&mut self) -> Result<(), Error> {
        loop {
            let ended = self.text.ended();
            if let Some(length) = first_line(self.text.rest(), ended) {
                self.pass(length);
                return Ok(());
            }
            // A carriage return at the very end stays: a line feed may follow it.
            let keep = usize::from(self.text.rest().last() == Some(&b'\r'));
            self.text.take(self.text.rest().len() - keep);
            self.text.fill().map_err(|error| errors::unreadable(&self.file, &error))?;
        }
    }
}

/// Takes a row as it stands, without its line end, and its texts.
pub type Visit<'v> = dyn FnMut(&str, &[Cow<'_, str>]) -> Result<(), Error> + 'v;

fn without_line_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// A record of a target file cannot be read, so the file must not be rewritten.
pub fn unreadable_row(file: &str, word: &str, row: u64, cause: &str) -> Error {
    let message = format!("{file}, {word} {row} cannot be read, so the file is not rewritten: {cause}");
    Error::configuration(codes::TARGET_UNREADABLE, message)
}
