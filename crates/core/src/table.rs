//! Project CSVs: read with whatever separator and encoding, written back in the form found.
//!
//! Read and written again without a change, a file is the same to the byte: separator, byte order mark, encoding, line ends, blank lines and
//! the quotes of each cell are kept. Only cells that changed are written anew, quoted where they have to be.

use crate::catalogue::sheet;
use crate::error::{Place, Problem};

/// A project CSV.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Relative to the project.
    pub file: String,
    /// The names of the columns, as they stand in the first row.
    pub header: Vec<String>,
    /// The rows below it, blank ones left out.
    pub rows: Vec<Row>,
    /// The form in which it is written.
    pub form: Form,
    header_raw: Raw,
    /// Blank lines after the last row.
    tail: String,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As a spreadsheet counts: the header is row 1, blank lines count.
    pub number: usize,
    /// Its cells; where the row is short there are fewer than in the header.
    pub cells: Vec<String>,
    raw: Option<Raw>,
}

/// How a row stood in the file.
#[derive(Debug, Clone, PartialEq, Default)]
struct Raw {
    /// Blank lines before it.
    before: String,
    /// Its cells with their quotes, and what they were read as.
    cells: Vec<(String, String)>,
    /// Its line end; empty at the end of the file.
    end: String,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// `,`, `;` or a tab.
    pub separator: char,
    pub encoding: Encoding,
    /// The line end of new rows.
    pub line_end: LineEnd,
}

/// The encodings that project CSVs come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf8WithMark,
    Windows1252,
}

/// The line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    Lf,
    CrLf,
    Cr,
}

impl LineEnd {
    fn text(self) -> &'static str {
        match self {
            LineEnd::Lf => "\n",
            LineEnd::CrLf => "\r\n",
            LineEnd::Cr => "\r",
        }
    }
}

impl Default for Form {
    fn default() -> Self {
        Self { separator: ',', encoding: Encoding::Utf8, line_end: LineEnd::Lf }
    }
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

impl Table {
    /// A table made by Kivuko.
    pub fn new(file: impl Into<String>, header: Vec<String>) -> Self {
        Self { file: file.into(), header, rows: Vec::new(), form: Form::default(), header_raw: Raw::default(), tail: String::new() }
    }

    /// Reads a file.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let place = |line: usize| Place { file: file.to_owned(), line: Some(line), ..Place::default() };
        let (text, encoding) = decode(bytes).ok_or_else(|| {
            Problem::error(sheet::TABLE_UNREADABLE, place(1), "the file is not text in UTF-8 or Windows-1252")
                .expected("a CSV, saved as `CSV UTF-8`")
        })?;
        let separator = separator(&text);
        let mut scanner = Scanner { text: &text, at: 0, separator };
        let mut rows = Vec::new();
        let mut before = String::new();
        let mut number = 0;
        while scanner.at < text.len() {
            number += 1;
            let row = scanner.row().map_err(|message| {
                Problem::error(sheet::TABLE_UNREADABLE, place(number), message)
                    .expected("a closing `\"`, and `\"\"` for a quote within quotes")
            })?;
            let blank = row.cells.iter().all(|(_, value)| value.trim().is_empty());
            if blank {
                let cells: Vec<&str> = row.cells.iter().map(|(raw, _)| raw.as_str()).collect();
                before.push_str(&cells.join(&separator.to_string()));
                before.push_str(&row.end);
                continue;
            }
            rows.push((number, Raw { before: std::mem::take(&mut before), ..row }));
        }
        let line_end = rows.iter().find_map(|(_, row)| line_end(&row.end)).unwrap_or(LineEnd::Lf);
        let mut rows = rows.into_iter();
        let Some((_, header_raw)) = rows.next() else {
            return Err(Problem::error(sheet::TABLE_UNREADABLE, place(1), "the file is empty")
                .expected("a first row with the names of the columns"));
        };
        let header: Vec<String> = header_raw.cells.iter().map(|(_, value)| value.trim().to_owned()).collect();
        for (at, name) in header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if header[..at].contains(name) {
                let place = Place { column: Some(at + 1), cell: Some(name.clone()), ..place(1) };
                return Err(
                    Problem::error(sheet::TABLE_COLUMNS, place, format!("there are two columns `{name}`")).expected("every column once")
                );
            }
        }
        let mut read = Vec::new();
        for (number, raw) in rows {
            let cells: Vec<String> = raw.cells.iter().map(|(_, value)| value.clone()).collect();
            if let Some(at) = (header.len()..cells.len()).find(|at| !cells[*at].trim().is_empty()) {
                let place = Place { column: Some(at + 1), ..place(number) };
                return Err(Problem::error(sheet::TABLE_COLUMNS, place, format!("row {number} has more cells than there are columns"))
                    .expected(format!("{} cells; a cell that holds `{}` stands in quotes", header.len(), shown(separator))));
            }
            read.push(Row { number, cells, raw: Some(raw) });
        }
        Ok(Self { file: file.to_owned(), header, rows: read, form: Form { separator, encoding, line_end }, header_raw, tail: before })
    }

    /// Writes it in the form found. Where a new value does not exist in Windows-1252, the file becomes UTF-8 with a byte order mark, which
    /// spreadsheets know by themselves.
    pub fn write(&self) -> Vec<u8> {
        let mut text = String::new();
        self.write_row(
            &mut text,
            &self.header,
            Some(&self.header_raw).filter(|raw| !raw.cells.is_empty()),
            self.rows.is_empty() && self.tail.is_empty(),
        );
        for (at, row) in self.rows.iter().enumerate() {
            self.write_row(&mut text, &row.cells, row.raw.as_ref(), at + 1 == self.rows.len() && self.tail.is_empty());
        }
        text.push_str(&self.tail);
        match self.form.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf8WithMark => [MARK, text.as_bytes()].concat(),
            Encoding::Windows1252 => match encoding_rs::WINDOWS_1252.encode(&text) {
                (bytes, _, false) => bytes.into_owned(),
                (_, _, true) => [MARK, text.as_bytes()].concat(),
            },
        }
    }

    fn write_row(&self, text: &mut String, cells: &[String], raw: Option<&Raw>, last: bool) {
        text.push_str(raw.map_or("", |raw| raw.before.as_str()));
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                text.push(self.form.separator);
            }
            match raw.and_then(|raw| raw.cells.get(at)) {
                // The header is read without spaces at its ends, so it is compared without them.
                Some((written, value)) if value == cell || value.trim() == cell && std::ptr::eq(cells, self.header.as_slice()) => {
                    text.push_str(written)
                }
                _ => self.write_cell(text, cell),
            }
        }
        match raw {
            Some(raw) if !raw.end.is_empty() || last => text.push_str(&raw.end),
            _ => text.push_str(self.form.line_end.text()),
        }
    }

    fn write_cell(&self, text: &mut String, cell: &str) {
        let quoted = cell.contains([self.form.separator, '"', '\n', '\r']) || cell.trim() != cell;
        if quoted {
            text.push('"');
            text.push_str(&cell.replace('"', "\"\""));
            text.push('"');
        } else {
            text.push_str(cell);
        }
    }

    /// The position of a column, by its name without regard to case.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// A cell of a row, by the name of its column, without spaces at its ends; empty where there is none.
    pub fn cell<'t>(&self, row: &'t Row, column: &str) -> &'t str {
        self.column(column).and_then(|at| row.cells.get(at)).map_or("", |cell| cell.trim())
    }

    /// The place of a cell, for a problem.
    pub fn place(&self, row: &Row, column: &str) -> Place {
        Place {
            file: self.file.clone(),
            line: Some(row.number),
            column: self.column(column).map(|at| at + 1),
            cell: Some(column.to_owned()),
        }
    }

    /// Adds a row at the end.
    pub fn push(&mut self, cells: Vec<String>) {
        let number = self.rows.last().map_or(1, |row| row.number) + 1;
        self.rows.push(Row { number, cells, raw: None });
    }
}

fn shown(separator: char) -> String {
    if separator == '\t' { "a tab".to_owned() } else { separator.to_string() }
}

fn decode(bytes: &[u8]) -> Option<(String, Encoding)> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || bytes.contains(&0) {
        return None;
    }
    if let Some(rest) = bytes.strip_prefix(MARK) {
        return String::from_utf8(rest.to_vec()).ok().map(|text| (text, Encoding::Utf8WithMark));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some((text.to_owned(), Encoding::Utf8)),
        Err(_) => Some((encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), Encoding::Windows1252)),
    }
}

/// The separator that stands most often in the first row that is not blank, outside quotes.
fn separator(text: &str) -> char {
    let mut counts = [(',', 0usize), (';', 0), ('\t', 0)];
    let mut quoted = false;
    let mut seen = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted && seen => break,
            _ if !quoted => {
                if let Some(count) = counts.iter_mut().find(|(separator, _)| *separator == letter) {
                    count.1 += 1;
                }
            }
            _ => {}
        }
        seen = seen || !letter.is_whitespace() && !",;".contains(letter);
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    counts.iter().find(|(_, count)| *count == most).map_or(',', |(separator, _)| *separator)
}

fn line_end(text: &str) -> Option<LineEnd> {
    match text {
        "\n" => Some(LineEnd::Lf),
        "\r\n" => Some(LineEnd::CrLf),
        "\r" => Some(LineEnd::Cr),
        _ => None,
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    separator: char,
}

impl Scanner<'_> {
    /// The next row, with its line end.
    fn row(&mut self) -> Result<Raw, String> {
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            let rest = &self.text[self.at..];
            let end = if rest.starts_with("\r\n") {
                "\r\n"
            } else if rest.starts_with('\n') {
                "\n"
            } else if rest.starts_with('\r') {
                "\r"
            } else if rest.is_empty() {
                ""
            } else {
                // Anything else here is the separator.
                self.at += self.separator.len_utf8();
                continue;
            };
            self.at += end.len();
            return Ok(Raw { before: String::new(), cells, end: end.to_owned() });
        }
    }

    /// The next cell: as it is written, and as it is read. Quotes count where the cell begins with them.
    fn cell(&mut self) -> Result<(String, String), String> {
        let start = self.at;
        let ends = [self.separator, '\n', '\r'];
        if !self.text[start..].starts_with('"') {
            let rest = &self.text[start..];
            let length = rest.find(ends).unwrap_or(rest.len());
            self.at += length;
            return Ok((rest[..length].to_owned(), rest[..length].to_owned()));
        }
        let mut value = String::new();
        let mut at = start + 1;
        loop {
            let Some(next) = self.text[at..].find('"') else { return Err("a quoted cell does not end".to_owned()) };
            value.push_str(&self.text[at..at + next]);
            at += next + 1;
            if self.text[at..].starts_with('"') {
                value.push('"');
                at += 1;
                continue;
            }
            break;
        }
        // What stands behind the closing quote belongs to the cell, as spreadsheets read it.
        let rest = &self.text[at..];
        let length = rest.find(ends).unwrap_or(rest.len());
        value.push_str(&rest[..length]);
        self.at = at + length;
        Ok((self.text[start..self.at].to_owned(), value))
    }
}
