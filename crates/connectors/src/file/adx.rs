//! ADX documents as records, a value a record, and records as documents.
//!
//! A document is read from its beginning also where a reading goes on, since a value is nothing without its group. What stands in a document that is rewritten and would
//! not be written again (elements of others, text between values) is a reason not to rewrite it; comments are not kept.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use kivuko_core::catalogue::{file as codes, record as record_codes};
use kivuko_core::error::{Cause, Error, nearest};
use kivuko_core::{path, value};
use serde_json::Value;

use super::config::{self, Writing};
use super::csv::{Position, Raw};
use super::encoding::{self, Form, Text};
use super::errors;
use super::picks::Picks;
use crate::adx::{self, DataValue, Group, Item, Periods};

/// The field of a record that the document itself does not have.
pub const ID: &str = "id";

/// The encoding of a document: as the flow declares it, else as its mark or its first line says, else UTF-8.
pub fn form(path: &Path, file: &str, declared: Option<&'static Encoding>) -> Result<Form, Error> {
    let said = if declared.is_some() { declared } else { said(path, file)? };
    encoding::find(path, file, said)
}

/// The encoding that the XML declaration of a document without a byte order mark names.
fn said(path: &Path, file: &str) -> Result<Option<&'static Encoding>, Error> {
    let mut head = Vec::new();
    let opened = std::fs::File::open(path).map_err(|error| errors::unreadable(file, &error))?;
    opened.take(256).read_to_end(&mut head).map_err(|error| errors::unreadable(file, &error))?;
    let head = String::from_utf8_lossy(&head);
    let Some(declaration) = head.strip_prefix("<?xml").and_then(|rest| rest.split_once("?>")).map(|(declaration, _)| declaration) else {
        return Ok(None);
    };
    let Some((_, after)) = declaration.split_once("encoding") else { return Ok(None) };
    let quoted = after.trim_start().strip_prefix('=').map(str::trim_start).unwrap_or_default();
    let name = quoted.split(['"', '\'']).nth(1).unwrap_or_default();
    match encoding::named(name) {
        // Its declaration could not be read as it was if that were so.
        Some(encoding) if encoding == UTF_16LE || encoding == UTF_16BE => Ok(None),
        // Bytes that are not UTF-8 are asked about, as in any file.
        Some(encoding) if encoding == UTF_8 => Ok(None),
        Some(encoding) => Ok(Some(encoding)),
        None => Err(Error::configuration(
            codes::ENCODING_UNDECLARED,
            format!("the first line of {file} names an encoding that is not known; declare the right one as `encoding`"),
        )),
    }
}

/// The values of one document.
#[derive(Debug)]
pub struct Reader {
    file: String,
    document: adx::Reader<Utf8>,
    /// How many values come before the next one.
    count: u64,
    next: Option<Item>,
    /// Identity and time of change, where they are fields of the record.
    picks: Option<Picks>,
}

impl Reader {
    /// Opens a document at a position of an earlier reading, or at its first value.
    pub fn open(path: &Path, file: &str, form: Form, periods: Periods, from: Option<Position>, wanted: Wanted<'_>) -> Result<Self, Error> {
        let broken = |error: io::Error| errors::unreadable(file, &error);
        let text = Text::open(std::fs::File::open(path).map_err(broken)?, form, 0).map_err(broken)?;
        let own = wanted.id.is_none_or(|id| id == ID) && wanted.time.is_none();
        let picks = (!own).then(|| Picks::new(Some(wanted.id.unwrap_or(ID)), wanted.time)).transpose()?;
        let document = adx::Reader::new(Utf8 { text, valid: 0, damaged: 0 }, periods);
        let mut reader = Self { file: file.to_owned(), document, count: 0, next: None, picks };
        while reader.count < from.unwrap_or_default().row && reader.advance()? {
            reader.next = None;
            reader.count += 1;
        }
        Ok(reader)
    }

    /// Where the next record stands.
    pub fn position(&self) -> Position {
        Position { offset: 0, row: self.count, doubtful: 0 }
    }

    /// Whether there is another record.
    pub fn more(&mut self) -> Result<bool, Error> {
        self.advance()
    }

    /// The next record; its element is appended to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Raw>, Error> {
        self.advance()?;
        let Some(item) = self.next.take() else { return Ok(None) };
        self.count += 1;
        let row = item.line;
        let bad = |id, cause| Raw { id, row, time: None, body: Err(cause) };
        let record = match item.content {
            Ok((group, value)) => adx::record(&group, &value),
            // Where the identity is a field of one's choice nobody knows it of a bad value.
            Err(cause) => return Ok(Some(bad(item.id.filter(|_| self.picks.is_none()), cause))),
        };
        let start = out.len();
        let element = record.to_string();
        let [id, time] = match &self.picks {
            None => [item.id, None],
            Some(picks) => match picks.from(&element, None) {
                Ok(found) => found,
                Err(_) => return Ok(Some(bad(None, Cause::new(codes::ADX_VALUE, "the value is no record")))),
            },
        };
        out.extend_from_slice(element.as_bytes());
        Ok(Some(Raw { id, row, time, body: Ok(start..out.len()) }))
    }

    fn advance(&mut self) -> Result<bool, Error> {
        if self.next.is_none() {
            self.next = self.document.read().map_err(|broken| unreadable(&self.file, broken))?;
        }
        Ok(self.next.is_some())
    }
}

/// What is read of each record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    pub id: Option<&'a str>,
    pub time: Option<&'a str>,
}

fn unreadable(file: &str, broken: adx::Broken) -> Error {
    match broken.io {
        Some(error) => errors::unreadable(file, &error),
        None => Error::stop(codes::ADX_BROKEN, format!("{file}, line {}: {}; what follows cannot be told apart", broken.line, broken.what)),
    }
}

/// Shows every value of a document that is to be rewritten, with its line.
pub fn visit(path: &Path, file: &str, form: Form, show: &mut dyn FnMut(Value) -> Result<(), Error>) -> Result<(), Error> {
    let bad = |line: u64, cause: &str| super::csv::unreadable_row(file, "line", line, cause);
    let text =
        std::fs::File::open(path).and_then(|opened| Text::open(opened, form, 0)).map_err(|error| errors::unreadable(file, &error))?;
    let mut document = adx::Reader::new(Utf8 { text, valid: 0, damaged: 0 }, Periods::Exact);
    while let Some(item) = document.read().map_err(|broken| unreadable(file, broken))? {
        let (group, value) = item.content.map_err(|cause| bad(item.line, &cause.message))?;
        show(adx::record(&group, &value))?;
    }
    match document.passed_over() {
        Some(line) => Err(bad(line, "something stands there that Kivuko would not write again; let the flow write a file of its own")),
        None => Ok(()),
    }
}

/// A document that is being written: what was there in its order, what is new in its group.
#[derive(Debug)]
pub struct Output<'o> {
    writer: adx::Writer<&'o mut dyn Write>,
    file: &'o str,
    group: Option<Group>,
    /// Values that wait for their group, in the order in which the groups came up.
    new: Vec<(Group, Vec<DataValue>)>,
}

impl<'o> Output<'o> {
    /// Begins a document to which `new` records come.
    pub fn begin<'n>(
        out: &'o mut dyn Write,
        file: &'o str,
        exported: jiff::Timestamp,
        new: impl Iterator<Item = &'n Value>,
    ) -> Result<Self, Error> {
        let mut groups: Vec<(Group, Vec<DataValue>)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for record in new {
            let (group, value) = pair(file, record)?;
            let place = *places.entry(group.clone()).or_insert_with(|| {
                groups.push((group, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(value);
        }
        let moment = exported.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let writer = adx::Writer::begin(out, Some(&moment)).map_err(|error| errors::unwritable(file, &error))?;
        Ok(Self { writer, file, group: None, new: groups })
    }

    /// Writes a record that was there.
    pub fn record(&mut self, record: &Value) -> Result<(), Error> {
        let (group, value) = pair(self.file, record)?;
        if self.group.as_ref() != Some(&group) {
            self.leave()?;
        }
        self.put(&group, &value)?;
        self.group = Some(group);
        Ok(())
    }

    /// Ends the document.
    pub fn end(mut self) -> Result<(), Error> {
        self.leave()?;
        for (group, values) in std::mem::take(&mut self.new) {
            for value in &values {
                self.put(&group, value)?;
            }
        }
        self.writer.end().map_err(|error| errors::unwritable(self.file, &error))?;
        Ok(())
    }

    /// Writes what is new in the group that ends.
    fn leave(&mut self) -> Result<(), Error> {
        let Some(group) = self.group.take() else { return Ok(()) };
        if let Some(place) = self.new.iter().position(|(of, _)| *of == group) {
            for value in &std::mem::take(&mut self.new[place].1) {
                self.put(&group, value)?;
            }
        }
        Ok(())
    }

    fn put(&mut self, group: &Group, value: &DataValue) -> Result<(), Error> {
        self.writer.value(group, value).map_err(|error| errors::unwritable(self.file, &error))
    }
}

/// Records are checked before they come here.
fn pair(file: &str, record: &Value) -> Result<(Group, DataValue), Error> {
    adx::from_record(record).map_err(|causes| {
        let message = causes.into_iter().map(|cause| cause.message).collect::<Vec<_>>().join("; ");
        Error::configuration(
            codes::TARGET_UNREADABLE,
            format!("{file} holds a value that cannot be written again, so the file is not rewritten: {message}"),
        )
    })
}

/// The text of a file for the reader of XML, which wants whole characters. Bytes that the encoding does not have become NUL, which no document may hold.
#[derive(Debug)]
struct Utf8 {
    text: Text,
    /// How much of what is in the buffer is known to be UTF-8.
    valid: usize,
    /// How many bytes are damaged that stand at the front.
    damaged: usize,
}

impl BufRead for Utf8 {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while self.valid == 0 && self.damaged == 0 {
            let rest = self.text.rest();
            match std::str::from_utf8(rest) {
                Ok("") => {
                    if !self.text.fill()? {
                        return Ok(&[]);
                    }
                }
                Ok(_) => self.valid = rest.len(),
                Err(error) if error.valid_up_to() > 0 => self.valid = error.valid_up_to(),
                Err(error) => match error.error_len() {
                    Some(length) => self.damaged = length,
                    None if self.text.ended() => self.damaged = rest.len(),
                    None => drop(self.text.fill()?),
                },
            }
        }
        if self.damaged > 0 { Ok(b"\0") } else { Ok(&self.text.rest()[..self.valid]) }
    }

    fn consume(&mut self, length: usize) {
        if length == 0 {
        } else if self.damaged > 0 {
            self.text.take(std::mem::take(&mut self.damaged));
        } else {
            self.text.take(length);
            self.valid -= length;
        }
    }
}

impl Read for Utf8 {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let length = available.len().min(out.len());
        out[..length].copy_from_slice(&available[..length]);
        self.consume(length);
        Ok(length)
    }
}

/// Checks what a flow says of a document that it writes.
pub fn check_target<'p>(mut paths: impl Iterator<Item = &'p path::Path>, options: &Writing) -> Result<(), Error> {
    if options.bom || options.encoding.is_some_and(|encoding| encoding != UTF_8) {
        return Err(config::unfit("ADX is written in UTF-8 without a mark; leave `encoding` and `bom` out"));
    }
    let top = |path: &path::Path| path.to_string().split(['.', '[']).next().unwrap_or_default().to_owned();
    match paths.find(|path| !adx::fields().any(|field| field == top(path))) {
        None => Ok(()),
        Some(path) => {
            let known: Vec<&str> = adx::fields().collect();
            let near = nearest(&top(path), known.iter().copied());
            let hint = near.map_or_else(|| format!("its fields are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
            Err(config::unfit(format!("a value of ADX has no field `{path}`; {hint}")))
        }
    }
}

/// A whole record with the key under which it is found, in the form in which it is read again.
pub fn keyed<'k>(mut record: Value, key: impl Iterator<Item = (&'k path::Path, &'k String)>) -> Result<Value, Cause> {
    let key: Vec<(&path::Path, String)> = key.map(|(path, text)| (path, adx::key_text(path, text))).collect();
    let holds = |record: &Value, path: &path::Path, text: &str| path.one(record).and_then(value::text).as_deref() == Some(text);
    for (path, text) in &key {
        if path.to_string() != ID && !holds(&record, path, text) {
            path.set(&mut record, text.as_str().into())
                .map_err(|error| Cause::new(record_codes::WRONG_TYPE, error.to_string()).field(path.to_string()))?;
        }
    }
    let (group, value) = adx::from_record(&record).map_err(|causes| {
        causes.into_iter().next().unwrap_or_else(|| Cause::new(codes::ADX_NOT_WRITABLE, "the record has no form in ADX"))
    })?;
    let record = adx::record(&group, &value);
    match key.iter().find(|(path, text)| !holds(&record, path, text)) {
        None => Ok(record),
        // It would not be found again, and be written anew each time.
        Some((path, _)) => {
            let message =
                "the key does not read as the document will; the `id` of a value is its dimensions joined, as a source of ADX shows it";
            Err(Cause::new(codes::ADX_NOT_WRITABLE, message).field(path.to_string()))
        }
    }
}
