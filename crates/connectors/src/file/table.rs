//! The columns of a CSV, and a row of it as a JSON element.

use std::borrow::Cow;
use std::collections::HashSet;

use encoding_rs::Encoding;
use kivuko_core::catalogue::{file as codes, record};
use kivuko_core::error::{Cause, Error, nearest};

use super::config::{Dates, Header};
use super::dates::Order;
use super::encoding;
use super::formula;
use super::rows::{CELL_LIMIT, Cell};

/// What may separate columns when nobody says it.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// A column of a file.
#[derive(Debug)]
struct Column {
    name: String,
    /// `"name":`, with what goes before it.
    prefix: Vec<u8>,
    dates: Option<Order>,
}

/// The columns of a file and how their cells are read.
#[derive(Debug)]
pub struct Table {
    columns: Vec<Column>,
    id: Option<usize>,
    time: Option<usize>,
    unguard: bool,
    encoding: &'static Encoding,
}

/// What a table is made for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    pub file: &'a str,
    pub id: Option<&'a str>,
    pub time: Option<&'a str>,
    pub dates: Option<&'a Dates>,
    pub unguard: bool,
    pub encoding: &'static Encoding,
}

impl Table {
    /// Names the columns of a file. Blank columns at the end are left out.
    pub fn new(mut names: Vec<String>, wanted: Wanted<'_>) -> Result<Self, Error> {
        while names.last().is_some_and(String::is_empty) {
            names.pop();
        }
        check_names(wanted.file, &names)?;
        let find = |role: &str, name: &str| {
            names.iter().position(|known| known == name).ok_or_else(|| {
                let near = nearest(name, names.iter().map(String::as_str));
                let hint = near.map_or_else(|| format!("it has {}", list(&names)), |near| format!("did you mean `{near}`?"));
                Error::configuration(
                    codes::COLUMN_MISSING,
                    format!("{} has no column `{name}`, which the flow names as {role}; {hint}", wanted.file),
                )
            })
        };
        let id = wanted.id.map(|name| find("`id`", name)).transpose()?;
        let time = wanted.time.map(|name| find("`cursor`", name)).transpose()?;
        let mut dated = vec![None; names.len()];
        for name in wanted.dates.iter().flat_map(|dates| &dates.columns) {
            dated[find("one of `dates`", name)?] = wanted.dates.map(|dates| dates.order);
        }
        let columns = names
            .into_iter()
            .zip(dated)
            .enumerate()
            .map(|(position, (name, dates))| {
                let mut prefix = vec![if position == 0 { b'{' } else { b',' }];
                quote(&name, &mut prefix);
                prefix.push(b':');
                Column { name, prefix, dates }
            })
            .collect();
        Ok(Self { columns, id, time, unguard: wanted.unguard, encoding: wanted.encoding })
    }

    /// The names of the columns.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// The identity of a row: the text of its cell, unless that is blank or damaged.
    ///
    /// Where the row has too many or too few cells nobody knows which cell is which; only the first is what it seems.
    pub fn id(&self, buffer: &[u8], cells: &[Cell]) -> Option<String> {
        let position = self.id?;
        let whole = cells.len() >= self.columns.len() && self.surplus(cells).is_empty();
        if !whole && position > 0 {
            return None;
        }
        self.text(buffer, cells.get(position)?).filter(|id| !id.trim().is_empty())
    }

    /// The time of change of a row.
    pub fn time(&self, buffer: &[u8], cells: &[Cell]) -> Option<String> {
        self.text(buffer, cells.get(self.time?)?)
    }

    fn text(&self, buffer: &[u8], cell: &Cell) -> Option<String> {
        self.checked(cell, buffer).ok().map(Cow::into_owned)
    }

    /// Cells behind the last column that are not empty.
    fn surplus<'c>(&self, cells: &'c [Cell]) -> &'c [Cell] {
        let extra = &cells[self.columns.len().min(cells.len())..];
        if extra.iter().all(|cell| cell.start == cell.end) { &[] } else { extra }
    }

    /// Writes a row as a JSON object, or says why it is none; then nothing is written.
    pub fn element(&self, buffer: &[u8], cells: &[Cell], out: &mut Vec<u8>) -> Result<(), Cause> {
        self.check_count(cells)?;
        let start = out.len();
        for (column, cell) in self.columns.iter().zip(cells) {
            out.extend_from_slice(&column.prefix);
            if let Err(cause) = self.cell(column, cell, buffer, out) {
                out.truncate(start);
                return Err(cause.field(&column.name));
            }
        }
        out.push(b'}');
        Ok(())
    }

    /// The texts of a row, for each column in its place, or why they cannot be told.
    pub fn texts<'b>(&self, buffer: &'b [u8], cells: &[Cell]) -> Result<Vec<Cow<'b, str>>, Cause> {
        self.check_count(cells)?;
        let columns = self.columns.iter().zip(cells);
        columns.map(|(column, cell)| self.checked(cell, buffer).map_err(|cause| cause.field(&column.name))).collect()
    }

    fn check_count(&self, cells: &[Cell]) -> Result<(), Cause> {
        if cells.len() >= self.columns.len() && self.surplus(cells).is_empty() {
            return Ok(());
        }
        let (has, wanted) = (cells.len(), self.columns.len());
        let message = format!("the row has {has} cells, the header {wanted}; quote texts that hold the separator, or complete the row");
        Err(Cause::new(codes::CELL_COUNT, message))
    }

    fn cell(&self, column: &Column, cell: &Cell, buffer: &[u8], out: &mut Vec<u8>) -> Result<(), Cause> {
        let raw = cell.raw(buffer);
        let plain = column.dates.is_none() && !self.unguard && !cell.doubled && raw.len() <= CELL_LIMIT;
        // Most cells are plain ASCII: those need no second look.
        if plain && raw.iter().all(|byte| PLAIN[*byte as usize]) {
            out.push(b'"');
            out.extend_from_slice(raw);
            out.push(b'"');
            return Ok(());
        }
        let text = self.checked(cell, buffer)?;
        match column.dates {
            Some(order) if !text.trim().is_empty() => {
                let date = order.iso(&text).ok_or_else(|| {
                    let message = format!("the date does not fit the declared order ({}, the year with four digits)", order.words());
                    Cause::new(record::BAD_DATE, message)
                })?;
                quote(&date, out);
            }
            _ => quote(&text, out),
        }
        Ok(())
    }

    /// The text of a cell, or what is wrong with it.
    fn checked<'b>(&self, cell: &Cell, buffer: &'b [u8]) -> Result<Cow<'b, str>, Cause> {
        if cell.raw(buffer).len() > CELL_LIMIT {
            return Err(Cause::new(codes::CELL_TOO_LONG, "the cell is longer than 1 MiB; look for an unclosed quote"));
        }
        let wrong_bytes = || {
            let encoding = encoding::name(self.encoding);
            Cause::new(
                codes::ENCODING_BROKEN,
                format!("the cell holds bytes that are not {encoding}; correct it or declare the right `encoding`"),
            )
        };
        let text: Cow<'b, str> = match cell.bytes(buffer) {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map_err(|_| wrong_bytes())?.into(),
            Cow::Owned(bytes) => String::from_utf8(bytes).map_err(|_| wrong_bytes())?.into(),
        };
        if text.contains('\0') {
            return Err(Cause::new(codes::CHARACTER_NUL, "the cell holds a NUL character; export again, or declare the right `encoding`"));
        }
        Ok(match text {
            text if !self.unguard => text,
            Cow::Borrowed(text) => formula::unguard(text).into(),
            Cow::Owned(text) => formula::unguard(&text).to_owned().into(),
        })
    }
}

/// Which bytes stand in a JSON text as they are.
const PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = 0x20;
    while byte < 0x7F {
        plain[byte] = byte != b'"' as usize && byte != b'\\' as usize;
        byte += 1;
    }
    plain
};

/// Writes a text as a JSON text.
fn quote(text: &str, out: &mut Vec<u8>) {
    serde_json::to_writer(&mut *out, text).expect("a text is always JSON, and memory does not fail");
}

/// Refuses blank and repeated names, all of them at once.
pub fn check_names(whose: &str, names: &[String]) -> Result<(), Error> {
    let blank: Vec<String> = names.iter().enumerate().filter(|(_, name)| name.is_empty()).map(|(position, _)| letters(position)).collect();
    let mut seen = HashSet::new();
    let repeated: Vec<String> =
        names.iter().filter(|name| !name.is_empty() && !seen.insert(name.as_str())).map(|name| format!("`{name}`")).collect();
    let mut wrong = Vec::new();
    if !repeated.is_empty() {
        wrong.push(format!("has several columns named {}", repeated.join(", ")));
    }
    if !blank.is_empty() {
        wrong.push(format!("has no name for column {}", blank.join(", ")));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(Error::configuration(codes::HEADER_NAMES, format!("{whose} {}; each column needs a name of its own", wrong.join(" and "))))
}

fn list(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(12).map(String::as_str).collect();
    let more = if names.len() > shown.len() { ", ..." } else { "" };
    format!("`{}`{more}", shown.join("`, `"))
}

/// The name that a spreadsheet gives to a column: A, B, ..., Z, AA.
pub fn letters(mut position: usize) -> String {
    let mut name = Vec::new();
    loop {
        name.push(char::from(b'A' + (position % 26) as u8));
        if position < 26 {
            return name.iter().rev().collect();
        }
        position = position / 26 - 1;
    }
}

/// The names of the columns as the flow and the first row give them.
pub fn names(header: &Header, first: Vec<String>) -> Vec<String> {
    match header {
        Header::Given(true) => first.into_iter().map(|name| name.trim().to_owned()).collect(),
        Header::Given(false) => (0..first.len()).map(letters).collect(),
        Header::Names(names) => names.clone(),
    }
}

/// Finds the separator in the header: the only one of `, ; tab |` that stands in it outside quotes; `None` when the flow has to say it. A header without any is one column.
pub fn separator(line: &[u8]) -> Option<u8> {
    let mut quoted = false;
    let mut seen = [false; SEPARATORS.len()];
    for byte in line {
        match byte {
            b'"' => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            byte => {
                if let Some(position) = SEPARATORS.iter().position(|separator| separator == byte) {
                    seen[position] = true;
                }
            }
        }
    }
    let mut found = SEPARATORS.iter().zip(seen).filter(|(_, seen)| *seen).map(|(separator, _)| *separator);
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        (None, _) => Some(b','),
        (Some(_), Some(_)) => None,
    }
}

/// The separator that Excel's first line `sep=;` declares.
pub fn declared_separator(line: &[u8]) -> Option<u8> {
    let line = line.trim_ascii_end();
    let line = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    match line {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', separator] => Some(*separator),
        // `sep=` and a tab, whose end was trimmed
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'='] => Some(b'\t'),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn separators_are_found_or_asked_for() {
        let check = |line: &str, expected: Option<u8>| assert_eq!(separator(line.as_bytes()), expected, "{line}");
        check("a,b,c\n1;2;3;4", Some(b','));
        check("a;b", Some(b';'));
        check("a\tb", Some(b'\t'));
        check("a|b", Some(b'|'));
        check("\"a,b\";c", Some(b';'));
        check("a,b;c", None);
        check("a", Some(b','));
        check("\"a\n;\",b\n", Some(b','));
    }

    #[test]
    fn excel_says_its_separator() {
        let check = |line: &str, expected: Option<u8>| assert_eq!(declared_separator(line.as_bytes()), expected, "{line}");
        check("sep=;\r\n", Some(b';'));
        check("SEP=,\n", Some(b','));
        check("\"sep=|\"\n", Some(b'|'));
        check("sep=\t\n", Some(b'\t'));
        check("separator\n", None);
    }

    #[test]
    fn columns_without_a_name_have_letters() {
        let check = |position: usize, expected: &str| assert_eq!(letters(position), expected);
        check(0, "A");
        check(25, "Z");
        check(26, "AA");
        check(701, "ZZ");
        check(702, "AAA");
    }
}
