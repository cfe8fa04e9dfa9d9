//! The present content of a target file: its records, one at a time, and how they are written again.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use encoding_rs::{Encoding, UTF_8};
use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Cause, Error};
use kivuko_core::path;
use kivuko_core::value;
use serde_json::{Map, Value};

use super::adx;
use super::config::{Format, Reading, Writing};
use super::csv::{self, unreadable_row};
use super::encoding::{self, Form};
use super::errors;
use super::flat;
use super::formula;
use super::json;
use super::layout::Layout;
use super::picks::Picks;
use super::read::Look;
use super::table::Wanted;
use super::tree::{self, Tree};

/// How a file is put together.
#[derive(Debug, Clone)]
pub struct Shape {
    pub format: Format,
    pub encoding: &'static Encoding,
    /// It begins, or is to begin, with a byte order mark.
    pub mark: bool,
    pub separator: u8,
    pub says_separator: bool,
    pub crlf: bool,
    pub guard: bool,
    /// The columns of a CSV.
    pub columns: Vec<String>,
}

/// A file as it is now.
#[derive(Debug)]
pub struct Content<'f> {
    path: &'f Path,
    pub file: &'f str,
    /// `None`: it is not there, or holds nothing.
    form: Option<Form>,
    pub look: Option<Look>,
    pub shape: Shape,
    key: &'f [path::Path],
    reading: Reading,
}

/// A record that is there.
#[derive(Debug)]
pub struct Existing<'r> {
    /// The values of its key; empty where one is empty.
    pub key: Vec<String>,
    /// As it stands in the file; empty of a format whose records do not stand by themselves.
    pub raw: &'r str,
    record: Held<'r>,
}

#[derive(Debug)]
enum Held<'r> {
    Row { columns: &'r [String], texts: Vec<&'r str> },
    Element,
    Value(Value),
}

impl Existing<'_> {
    /// The record.
    pub fn record(&self) -> Value {
        match &self.record {
            Held::Row { columns, texts } => flat::record(columns, texts.iter().copied()),
            Held::Element => serde_json::from_str(self.raw).unwrap_or(Value::Null),
            Held::Value(record) => record.clone(),
        }
    }

    /// The cells of a row.
    pub fn texts(&self) -> Option<&[&str]> {
        match &self.record {
            Held::Row { texts, .. } => Some(texts),
            Held::Element | Held::Value(_) => None,
        }
    }
}

impl<'f> Content<'f> {
    /// Looks at a file. What the flow declares about it must be what it is.
    pub fn open(path: &'f Path, file: &'f str, format: Format, key: &'f [path::Path], options: &Writing) -> Result<Self, Error> {
        let look = path.exists().then(|| Look::at(path, file)).transpose()?;
        let new = Shape {
            format,
            encoding: options.encoding.unwrap_or(UTF_8),
            mark: options.bom,
            separator: options.separator.unwrap_or(b','),
            says_separator: false,
            crlf: false,
            guard: options.guard,
            columns: Vec::new(),
        };
        let mut content = Self {
            path,
            file,
            form: None,
            look,
            shape: new,
            key,
            reading: Reading { separator: options.separator, tree: options.tree.clone(), ..Reading::plain() },
        };
        let length = std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        if length == 0 {
            return Ok(content);
        }
        if format == Format::Adx {
            content.form = Some(adx::form(path, file, options.encoding)?);
            return Ok(content);
        }
        let form = encoding::find(path, file, options.encoding)?;
        content.form = Some(form);
        content.shape.encoding = form.encoding;
        content.shape.mark = form.mark > 0;
        if format == Format::Csv {
            let head = csv::head(path, file, form, &content.reading)?;
            content.shape.separator = head.separator;
            content.shape.says_separator = head.says_separator;
            content.shape.crlf = head.crlf;
            content.shape.columns = content.rows(form)?.table().names().map(str::to_owned).collect();
            if let Some(column) = flat::clash(&content.shape.columns) {
                let message = format!("the column `{column}` of {file} and another one cannot both be fields of a record; rename one");
                return Err(Error::configuration(codes::HEADER_NAMES, message));
            }
        }
        Ok(content)
    }

    fn rows(&self, form: Form) -> Result<csv::Reader, Error> {
        let wanted = Wanted { file: self.file, id: None, time: None, dates: None, unguard: self.shape.guard, encoding: form.encoding };
        csv::Reader::open(self.path, form, &self.reading, None, wanted)
    }

    /// A key column that a CSV with a header lacks: its records cannot be found.
    pub fn missing_key(&self) -> Option<String> {
        let columns: Vec<String> = self.shape.columns.iter().map(|column| flat::canonical(column)).collect();
        let lacks = |column: &String| !columns.is_empty() && !columns.contains(column);
        self.key.iter().filter_map(flat::column).find(lacks)
    }

    /// The nodes of a tree; `None` where there is no file yet.
    pub fn nodes(&self, tree: &Tree) -> Result<Option<tree::Reader>, Error> {
        let Some(form) = self.form else { return Ok(None) };
        tree::Reader::open(self.path, self.file, form, tree, None, None, Picks::new(None, None)?).map(Some)
    }

    /// Shows every record. One that cannot be read is an error: a file is never rewritten without what it holds.
    pub fn visit(&self, show: &mut dyn FnMut(Existing<'_>) -> Result<(), Error>) -> Result<(), Error> {
        let Some(form) = self.form else { return Ok(()) };
        if self.shape.format == Format::Csv {
            let columns = &self.shape.columns;
            let position = |path: &path::Path| columns.iter().position(|column| Some(flat::canonical(column)) == flat::column(path));
            let key: Vec<Option<usize>> = self.key.iter().map(position).collect();
            return self.rows(form)?.visit(&mut |raw, texts| {
                let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
                let key = key.iter().map(|position| position.map_or(String::new(), |position| texts[position].to_owned())).collect();
                show(Existing { key, raw, record: Held::Row { columns, texts } })
            });
        }
        let key_of = |record: &Value| self.key.iter().map(|path| path.one(record).and_then(value::text).unwrap_or_default()).collect();
        if self.shape.format == Format::Adx {
            return adx::visit(self.path, self.file, form, &mut |record| {
                show(Existing { key: key_of(&record), raw: "", record: Held::Value(record) })
            });
        }
        if let Some(mut reader) = self.reading.tree.as_ref().map(|tree| self.nodes(tree)).transpose()?.flatten() {
            while let Some(node) = reader.node()? {
                let bad = |cause: &str| unreadable_row(self.file, "node", node.number, cause);
                let element = node.record.map_err(|cause| bad(&cause.message))?;
                let record: Value = serde_json::from_str(element.whole()).map_err(|_| bad("its record is not JSON"))?;
                show(Existing { key: key_of(&record), raw: element.whole(), record: Held::Element })?;
            }
            return Ok(());
        }
        let picks = Picks::new(None, None)?;
        let (mut reader, word) = match self.shape.format {
            Format::Ndjson => (json::Reader::lines(self.path, self.file, form, None, picks)?, "line"),
            _ => (json::Reader::whole(self.path, self.file, form, &Layout::Items(None), None, picks)?, "element"),
        };
        let mut buffer = Vec::new();
        while let Some(raw) = reader.next(&mut buffer)? {
            let bad = |cause: &str| unreadable_row(self.file, word, raw.row, cause);
            let range = raw.body.as_ref().map_err(|cause| bad(&cause.message))?.clone();
            let element = std::str::from_utf8(&buffer[range]).map_err(|_| bad("it holds bytes that its encoding does not have"))?;
            let record: Value = serde_json::from_str(element).map_err(|_| bad("it is not JSON"))?;
            show(Existing { key: key_of(&record), raw: element, record: Held::Element })?;
            buffer.clear();
        }
        Ok(())
    }
}

/// Writes the records of a file, in its shape.
pub struct Output<'o> {
    out: &'o mut dyn Write,
    shape: &'o Shape,
    file: &'o str,
    /// Where a column stands, by its path.
    columns: HashMap<String, usize>,
    line: Vec<u8>,
    first: bool,
}

impl<'o> Output<'o> {
    /// Begins a file.
    pub fn begin(out: &'o mut dyn Write, shape: &'o Shape, file: &'o str) -> Result<Self, Error> {
        let columns = shape.columns.iter().enumerate().map(|(position, column)| (flat::canonical(column), position)).collect();
        let mut output = Self { out, shape, file, columns, line: Vec::new(), first: true };
        output.put(encoding::mark(shape.encoding, shape.mark))?;
        match shape.format {
            Format::Csv => {
                if shape.says_separator {
                    output.line(&format!("sep={}", char::from(shape.separator)))?;
                }
                let names: Vec<&str> = shape.columns.iter().map(String::as_str).collect();
                output.line(&row(&names, shape))?;
            }
            Format::Json => output.text("[")?,
            Format::Ndjson | Format::Adx | Format::Xlsx => {}
        }
        Ok(output)
    }

    /// Writes a row or an element as it stood.
    pub fn raw(&mut self, raw: &str) -> Result<(), Error> {
        if self.shape.format != Format::Json {
            return self.line(raw);
        }
        self.text(if self.first { "\n" } else { ",\n" })?;
        self.first = false;
        self.text(raw)
    }

    /// Writes a row by its cells; missing ones are empty.
    pub fn cells(&mut self, texts: &[&str]) -> Result<(), Error> {
        let mut all = texts.to_vec();
        all.resize(self.shape.columns.len(), "");
        let text = row(&all, self.shape);
        self.line(&text)
    }

    /// Writes a record.
    pub fn record(&mut self, record: &Value) -> Result<(), Error> {
        if self.shape.format != Format::Csv {
            return self.raw(&record.to_string());
        }
        let mut texts = vec![String::new(); self.shape.columns.len()];
        for (column, text) in flat::cells(record) {
            if let Some(position) = self.columns.get(&column) {
                texts[*position] = text;
            }
        }
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        self.cells(&texts)
    }

    /// Ends the file.
    pub fn end(&mut self) -> Result<(), Error> {
        match (self.shape.format, self.first) {
            (Format::Json, true) => self.text("]\n"),
            (Format::Json, false) => self.text("\n]\n"),
            _ => Ok(()),
        }
    }

    fn line(&mut self, text: &str) -> Result<(), Error> {
        self.text(text)?;
        self.text(if self.shape.crlf { "\r\n" } else { "\n" })
    }

    /// Writes text as it is.
    pub fn text(&mut self, text: &str) -> Result<(), Error> {
        if self.shape.encoding == UTF_8 {
            return self.put(text.as_bytes());
        }
        let mut line = std::mem::take(&mut self.line);
        line.clear();
        let encoded = encoding::encode(self.shape.encoding, text, &mut line);
        let put = match encoded {
            Ok(()) => self.put(&line),
            // Records are checked before; this is a header or a record that was there, whose encoding was just read.
            Err(_) => Err(Error::configuration(
                codes::NOT_ENCODABLE,
                format!("{} is in {}, which lacks a character of a column's name", self.file, encoding::name(self.shape.encoding)),
            )),
        };
        self.line = line;
        put
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.out.write_all(bytes).map_err(|error| errors::unwritable(self.file, &error))
    }
}

fn row(texts: &[&str], shape: &Shape) -> String {
    let mut line = String::new();
    for (position, text) in texts.iter().enumerate() {
        if position > 0 {
            line.push(char::from(shape.separator));
        }
        let guarded = if shape.guard { formula::guard(text) } else { (*text).into() };
        line.push_str(&flat::quoted(&guarded, shape.separator));
    }
    // One empty cell would be a blank line, which is no row.
    if line.is_empty() { "\"\"".to_owned() } else { line }
}

/// Everything that keeps a record out of a file of this shape.
pub fn misfits(record: &Value, format: Format, encoding: &'static Encoding) -> Vec<Cause> {
    let mut causes = Vec::new();
    // Most records fit, and then it does not matter what their columns are called.
    if fits(record, format, encoding) {
        return causes;
    }
    for (column, text) in flat::cells(record) {
        if text.contains('\0') {
            causes.push(Cause::new(codes::CHARACTER_NUL, "the text holds a NUL character").field(&column));
        }
        if text.len() > super::rows::CELL_LIMIT && format == Format::Csv {
            causes.push(Cause::new(codes::CELL_TOO_LONG, "the text is longer than 1 MiB").field(&column));
        }
        if encoding::encode(encoding, &text, &mut Vec::new()).is_err() {
            let message =
                format!("the text holds a character that {} lacks; declare `encoding: utf-8` for the target", encoding::name(encoding));
            causes.push(Cause::new(codes::NOT_ENCODABLE, message).field(&column));
        }
    }
    causes
}

fn fits(record: &Value, format: Format, encoding: &'static Encoding) -> bool {
    match record {
        Value::Object(members) => members.values().all(|member| fits(member, format, encoding)),
        Value::Array(items) => items.iter().all(|item| fits(item, format, encoding)),
        Value::String(text) => {
            let is_short = text.len() <= super::rows::CELL_LIMIT || format != Format::Csv;
            is_short && !text.contains('\0') && (encoding == UTF_8 || encoding::encode(encoding, text, &mut Vec::new()).is_ok())
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A record with the top-level fields of another put in.
pub fn merged(record: Value, changes: &Value) -> Value {
    let mut members = match record {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    if let Value::Object(changes) = changes {
        members.extend(changes.iter().map(|(name, change)| (name.clone(), change.clone())));
    }
    Value::Object(members)
}
