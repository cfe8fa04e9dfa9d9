//! Rows of a sheet of an XLSX workbook as records: texts, as those of a CSV are.
//!
//! Rows are read one after the other; what a workbook keeps apart (its shared texts) is in memory. A number has no `.0`, a date is an ISO date, a formula is its last result. A cell that
//! holds an error, or a formula without a result, rejects its row only where the flow reads its column. What cells say that are merged over several rows, each of those rows says.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use calamine::{DataRef, ExcelDateTime, Reader as _, SheetType, SheetVisible, Xlsx, XlsxError};
use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Cause, Error, nearest};
use kivuko_core::path::SourcePath;

use super::config::{Header, Reading};
use super::csv::{Position, Raw};
use super::errors;
use super::rows::Cell;
use super::table::{self, Table, Wanted};

/// How many rows go from the thread that reads to the one that wants them at a time, and how many such bundles may wait.
const BUNDLE: usize = 128;
const WAITING: usize = 4;

/// The rows of one sheet.
#[derive(Debug)]
pub struct Reader {
    file: String,
    table: Table,
    names: Vec<String>,
    /// Columns that the flow reads; `None`: all.
    read: Option<HashSet<String>>,
    sheet: Sheet,
    next: Option<Row>,
    row: u64,
}

/// A sheet whose rows come in.
#[derive(Debug)]
struct Sheet {
    bundles: Receiver<Message>,
    rows: std::vec::IntoIter<Row>,
    ended: bool,
}

#[derive(Debug)]
enum Message {
    Rows(Vec<Row>),
    End,
    Failed(Error),
}

/// A row: its number as spreadsheets count, and its cells that hold something.
#[derive(Debug)]
struct Row {
    number: u64,
    cells: Vec<(usize, Content)>,
}

#[derive(Debug, Clone)]
enum Content {
    Text(String),
    /// An error of the spreadsheet, or a formula without a result.
    Bad(&'static str),
}

impl Reader {
    /// Opens a workbook at a position of an earlier reading, or at its first row. `paths` is what the flow reads of a row; none is everything.
    pub fn open(path: &Path, options: &Reading, from: Option<Position>, wanted: Wanted<'_>, paths: &[String]) -> Result<Self, Error> {
        let mut sheet = Sheet::open(path, wanted.file, options.sheet.clone())?;
        let empty = || Error::stop(codes::FILE_EMPTY, format!("{} holds no header and no row; if it should, export it again", wanted.file));
        let first = loop {
            let row = sheet.next(wanted.file)?.ok_or_else(empty)?;
            if row.number > options.skip_rows as u64 {
                break row;
            }
        };
        let width = first.cells.last().map_or(0, |(column, _)| column + 1);
        let mut written = vec![String::new(); width];
        for (column, content) in &first.cells {
            if let Content::Text(text) = content {
                text.trim().clone_into(&mut written[*column]);
            }
        }
        let mut names = table::names(&options.header, written);
        // A column that nobody named is called as the spreadsheet calls it.
        for (position, name) in names.iter_mut().enumerate().filter(|(_, name)| name.is_empty()) {
            *name = table::letters(position);
        }
        let read: Option<HashSet<String>> = (!paths.is_empty())
            .then(|| paths.iter().map(|path| SourcePath::parse(path).ok()?.top().map(str::to_owned)).collect())
            .flatten()
            .map(|mut read: HashSet<String>| {
                read.extend([wanted.id, wanted.time].into_iter().flatten().map(str::to_owned));
                read
            });
        let (file, row) = (wanted.file.to_owned(), first.number);
        let table = Table::new(names.clone(), wanted)?;
        let mut reader = Self { file, table, names, read, sheet, next: None, row };
        if options.header != Header::Given(true) {
            reader.row -= 1;
            reader.next = Some(first);
        }
        let passed = from.map_or(0, |from| from.row);
        while reader.more()? && reader.next.as_ref().is_some_and(|row| row.number <= passed) {
            reader.next = None;
            reader.row = passed;
        }
        Ok(reader)
    }

    /// The columns.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Where the next record stands: behind the row of this number.
    pub fn position(&self) -> Position {
        Position { offset: 0, row: self.row, doubtful: 0 }
    }

    /// Whether there is another record. Empty rows are passed over.
    pub fn more(&mut self) -> Result<bool, Error> {
        if self.next.is_none() {
            self.next = self.sheet.next(&self.file)?;
        }
        Ok(self.next.is_some())
    }

    /// The next record; its element is appended to `out`.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Raw>, Error> {
        if !self.more()? {
            return Ok(None);
        }
        let Some(Row { number, cells: found }) = self.next.take() else { return Ok(None) };
        self.row = number;
        let mut texts = vec![""; self.names.len()];
        let mut bad = None;
        for (column, content) in &found {
            // What stands beside the table has no name.
            let Some(name) = self.names.get(*column) else { continue };
            match content {
                Content::Text(text) => texts[*column] = text,
                Content::Bad(what) if self.read.as_ref().is_none_or(|read| read.contains(name)) => {
                    bad = bad.or_else(|| Some(Cause::new(codes::CELL_ERROR, format!("the cell holds {what}")).field(name)));
                }
                Content::Bad(_) => {}
            }
        }
        let mut buffer = Vec::new();
        let mut cells = Vec::with_capacity(texts.len());
        for text in texts {
            let start = buffer.len();
            buffer.extend_from_slice(text.as_bytes());
            cells.push(Cell { start, end: buffer.len(), doubled: false });
        }
        let start = out.len();
        let (id, time) = (self.table.id(&buffer, &cells), self.table.time(&buffer, &cells));
        let body = match bad {
            Some(cause) => Err(cause),
            None => self.table.element(&buffer, &cells, out).map(|()| start..out.len()),
        };
        Ok(Some(Raw { id, row: number, time, body }))
    }
}

impl Sheet {
    /// Starts reading a sheet: the one of that name, or the first that is shown.
    fn open(path: &Path, file: &str, name: Option<String>) -> Result<Self, Error> {
        let opened = File::open(path).map_err(|error| errors::unreadable(file, &error))?;
        let mut workbook = Xlsx::new(BufReader::new(opened)).map_err(|error| unreadable(file, error))?;
        let name = named(&workbook, file, name)?;
        let (sender, bundles) = sync_channel(WAITING);
        let file_name = file.to_owned();
        // The library's reader borrows the workbook, so both stay on a thread of their own; it ends with this reader at the latest.
        std::thread::Builder::new()
            .name("workbook".to_owned())
            .spawn(move || {
                let last = match send(&mut workbook, &name, &sender) {
                    Ok(()) => Message::End,
                    Err(error) => Message::Failed(unreadable(&file_name, error)),
                };
                // Nobody is there any more when the reading was given up.
                drop(sender.send(last));
            })
            .map_err(|error| errors::unreadable(file, &error))?;
        Ok(Self { bundles, rows: Vec::new().into_iter(), ended: false })
    }

    fn next(&mut self, file: &str) -> Result<Option<Row>, Error> {
        loop {
            if let Some(row) = self.rows.next() {
                return Ok(Some(row));
            }
            if self.ended {
                return Ok(None);
            }
            match self.bundles.recv() {
                Ok(Message::Rows(rows)) => self.rows = rows.into_iter(),
                Ok(Message::End) => self.ended = true,
                Ok(Message::Failed(error)) => return Err(error),
                Err(_) => return Err(Error::bug(codes::WORKBOOK_UNREADABLE, format!("the reading of {file} broke off"))),
            }
        }
    }
}

/// The name of the sheet to read.
fn named(workbook: &Xlsx<BufReader<File>>, file: &str, wanted: Option<String>) -> Result<String, Error> {
    let sheets: Vec<_> = workbook.sheets_metadata().iter().filter(|sheet| sheet.typ == SheetType::WorkSheet).collect();
    let Some(wanted) = wanted else {
        let shown = sheets.iter().find(|sheet| sheet.visible == SheetVisible::Visible);
        return shown
            .map(|sheet| sheet.name.clone())
            .ok_or_else(|| Error::stop(codes::FILE_EMPTY, format!("{file} holds no sheet that is shown")));
    };
    if sheets.iter().any(|sheet| sheet.name == wanted) {
        return Ok(wanted);
    }
    let names: Vec<&str> = sheets.iter().map(|sheet| sheet.name.as_str()).collect();
    let hint = nearest(&wanted, names.iter().copied())
        .map_or_else(|| format!("it has {}", names.join(", ")), |near| format!("did you mean `{near}`?"));
    Err(Error::configuration(codes::SHEET_MISSING, format!("{file} has no sheet `{wanted}`; {hint}")))
}

/// Sends the rows of a sheet until it ends or nobody wants them.
fn send(workbook: &mut Xlsx<BufReader<File>>, name: &str, sender: &SyncSender<Message>) -> Result<(), XlsxError> {
    // Rows over which the cells of a column are merged: the first and the last.
    let mut merged: HashMap<usize, Vec<(u32, u32)>> = HashMap::new();
    for region in workbook.merge_cells_by_sheet_name(name)?.iter().filter(|region| region.end.0 > region.start.0) {
        merged.entry(region.start.1 as usize).or_default().push((region.start.0, region.end.0));
    }
    let mut above: HashMap<usize, (u32, Content)> = HashMap::new();
    let mut cells = workbook.worksheet_cells_reader(name)?;
    let (mut bundle, mut row) = (Vec::with_capacity(BUNDLE), None::<(u32, Vec<(usize, Content)>)>);
    loop {
        let cell = cells.next_cell_with_formula_metadata()?;
        let ends = match (&row, &cell) {
            (Some((number, _)), Some(cell)) => cell.pos.0 != *number,
            (Some(_), None) => true,
            (None, _) => false,
        };
        if ends && let Some((number, found)) = row.take() {
            let cells = filled(number, found, &merged, &mut above);
            if !cells.is_empty() {
                bundle.push(Row { number: u64::from(number) + 1, cells });
            }
            if bundle.len() >= BUNDLE && sender.send(Message::Rows(std::mem::take(&mut bundle))).is_err() {
                return Ok(());
            }
        }
        let Some(cell) = cell else { break };
        let found = &mut row.get_or_insert_with(|| (cell.pos.0, Vec::new())).1;
        if let Some(content) = content(&cell.value, cell.formula.is_some()) {
            found.push((cell.pos.1 as usize, content));
        }
    }
    // The end is told after it, or nobody is there.
    drop(sender.send(Message::Rows(bundle)));
    Ok(())
}

/// The cells of a row, in their order, with what is merged into it. A row without a cell of its own is none.
fn filled(
    number: u32,
    mut found: Vec<(usize, Content)>,
    merged: &HashMap<usize, Vec<(u32, u32)>>,
    above: &mut HashMap<usize, (u32, Content)>,
) -> Vec<(usize, Content)> {
    above.retain(|_, (last, _)| *last >= number);
    if !found.is_empty() {
        let own: HashSet<usize> = found.iter().map(|(column, _)| *column).collect();
        found.extend(above.iter().filter(|(column, _)| !own.contains(column)).map(|(column, (_, content))| (*column, content.clone())));
        found.sort_by_key(|(column, _)| *column);
    }
    for (column, content) in &found {
        let begins = merged.get(column).and_then(|regions| regions.iter().find(|(first, _)| *first == number));
        if let Some((_, last)) = begins {
            above.insert(*column, (*last, content.clone()));
        }
    }
    found
}

/// What a cell says; `None` where it says nothing.
fn content(value: &DataRef<'_>, is_formula: bool) -> Option<Content> {
    let text = match value {
        DataRef::Empty if is_formula => {
            return Some(Content::Bad("a formula without a result; open the workbook in a spreadsheet and save it"));
        }
        DataRef::Empty => return None,
        DataRef::Error(_) => return Some(Content::Bad("an error of the spreadsheet")),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => plain(*number),
        DataRef::String(text) | DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Bool(truth) => truth.to_string(),
        DataRef::DateTime(moment) => iso(moment),
    };
    (!text.is_empty()).then_some(Content::Text(text))
}

/// A number as people write it: whole ones without a point.
fn plain(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 { format!("{number:.0}") } else { number.to_string() }
}

/// A date, a time of day, both, or a duration in hours.
fn iso(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
    if moment.is_duration() {
        let seconds = (moment.as_f64() * 86_400.0).round() as i64;
        return format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    }
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    let day_of = format!("{year:04}-{month:02}-{day:02}");
    match (moment.as_f64() < 1.0, time.as_str()) {
        (true, _) => time,
        (false, "00:00:00") => day_of,
        (false, _) => format!("{day_of}T{time}"),
    }
}

/// A workbook could not be read.
fn unreadable(file: &str, error: XlsxError) -> Error {
    match error {
        XlsxError::Io(error) => errors::unreadable(file, &error),
        XlsxError::Password => {
            Error::configuration(codes::WORKBOOK_UNREADABLE, format!("{file} is protected by a password; save it without one"))
        }
        error => Error::configuration(
            codes::WORKBOOK_UNREADABLE,
            format!("{file} is no XLSX workbook, or damaged ({error}); save it anew as XLSX or as CSV"),
        ),
    }
}
