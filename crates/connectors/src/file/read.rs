//! A file, or the files of a folder, as a source.
//!
//! Each file is a partition. A cursor holds the fingerprint of its file and the place of the next record: a stopped reading goes on there while the file is the same,
//! another file of that name and a file that was read to its end are read from the beginning. What a page holds was read while the file's size, time and
//! identity were those of the start; when they change, reading stops. What it cannot see: a change within the file system's grain of time that leaves
//! the size as it is.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use bytes::Bytes;
use jiff::{Timestamp, civil};
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{file as codes, network};
use kivuko_core::connector::{self, Cancel, ReadRequest};
use kivuko_core::error::Error;
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};
use serde::{Deserialize, Serialize};

use super::adx;
use super::config::{self, Format, Reading};
use super::csv::{self, Position, Raw};
use super::encoding;
use super::errors;
use super::folder::{self, Found};
use super::json;
use super::picks::Picks;
use super::table::Wanted;
use super::tree;
use super::workbook;

/// A page never holds more than this, whatever the number of its records.
const PAGE_BYTES: usize = 16 << 20;

/// The files of a resource.
#[derive(Debug, Clone)]
pub struct Source {
    pub base: PathBuf,
    pub resource: String,
    pub id: Option<String>,
    pub time: Option<String>,
    pub options: Reading,
    pub cancel: Cancel,
}

impl connector::Source for Source {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        let source = self.clone();
        Box::pin(blocking(move || {
            let found = folder::list(&source.base, &source.resource, source.options.format)?;
            Ok(found.into_iter().map(|found| Partition(found.name)).collect())
        }))
    }

    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn connector::Pages>, Error>> {
        let source = self.clone();
        Box::pin(async move {
            if (request.since.is_some() || request.until.is_some()) && source.time.is_none() {
                let message = "a file does not say when its rows changed; name the column that does in `from: cursor`, or leave --since and --until out";
                return Err(config::unfit(message));
            }
            let reading = blocking(move || Reader::open(&source, request)).await?;
            Ok(Box::new(Pages { reader: Some(reading) }) as Box<dyn connector::Pages>)
        })
    }

    fn reads_whole(&self) -> bool {
        true
    }

    fn columns<'a>(&'a self, partition: &'a Partition) -> BoxFuture<'a, Result<Option<Vec<String>>, Error>> {
        let (source, partition) = (self.clone(), partition.clone());
        Box::pin(blocking(move || {
            let request = ReadRequest { partition, from: None, since: None, until: None, only: None, paths: Vec::new(), page_size: 1 };
            Ok(Reader::open(&source, request)?.header())
        }))
    }
}

/// Runs what touches the disk where it does not hold up others.
pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Error> + Send + 'static) -> Result<T, Error> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(Error::stop(network::CANCELLED, "the run was stopped by Ctrl-C or a signal to its process")),
    }
}

#[derive(Debug)]
struct Pages {
    /// Away while a page is being read; gone after a failure.
    reader: Option<Reader>,
}

impl connector::Pages for Pages {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(async move {
            let Some(mut reader) = self.reader.take() else { return Ok(None) };
            let (reader, page) = blocking(move || {
                let page = reader.page()?;
                Ok((reader, page))
            })
            .await?;
            self.reader = page.is_some().then_some(reader);
            Ok(page)
        })
    }
}

/// What a file looks like from outside; another look means another content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    length: u64,
    modified: u128,
    inode: u64,
}

impl Look {
    /// Looks at a file.
    pub fn at(path: &Path, file: &str) -> Result<Self, Error> {
        let metadata = std::fs::metadata(path).map_err(|error| errors::unreadable(file, &error))?;
        let modified = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |time| time.as_nanos());
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(Self { length: metadata.len(), modified, inode })
    }

    fn time(&self) -> Option<Timestamp> {
        Timestamp::from_nanosecond(i128::try_from(self.modified).ok()?).ok()
    }
}

/// The form of a cursor's value. Another form needs another version: cursors of old runs lie in stores.
#[derive(Debug, Serialize, Deserialize)]
struct Place {
    v: u8,
    /// The fingerprint of the file.
    file: String,
    /// Where the next record stands; absent when there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next: Option<Position>,
}

#[derive(Debug)]
enum Records {
    Csv(Box<csv::Reader>),
    Json(Box<json::Reader>),
    Adx(Box<adx::Reader>),
    Tree(Box<tree::Reader>),
    Workbook(Box<workbook::Reader>),
}

impl Records {
    fn more(&mut self) -> Result<bool, Error> {
        match self {
            Self::Csv(reader) => reader.more(),
            Self::Json(reader) => reader.more(),
            Self::Adx(reader) => reader.more(),
            Self::Tree(reader) => reader.more(),
            Self::Workbook(reader) => reader.more(),
        }
    }

    fn next(&mut self, out: &mut Vec<u8>) -> Result<Option<Raw>, Error> {
        match self {
            Self::Csv(reader) => reader.next(out),
            Self::Json(reader) => reader.next(out),
            Self::Adx(reader) => reader.next(out),
            Self::Tree(reader) => reader.next(out),
            Self::Workbook(reader) => reader.next(out),
        }
    }

    fn position(&self) -> Position {
        match self {
            Self::Csv(reader) => reader.position(),
            Self::Json(reader) => reader.position(),
            Self::Adx(reader) => reader.position(),
            Self::Tree(reader) => reader.position(),
            Self::Workbook(reader) => reader.position(),
        }
    }
}

/// One reading of one file.
#[derive(Debug)]
pub struct Reader {
    found: Found,
    look: Look,
    fingerprint: String,
    records: Records,
    /// `row`, `line`, `element` or `node`.
    word: &'static str,
    page_size: usize,
    /// Of the last page, in bytes.
    last_length: usize,
    only: Option<std::collections::HashSet<String>>,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    cancel: Cancel,
    /// What comes after the records that could still be read.
    failure: Option<Error>,
}

impl Reader {
    /// Opens a file where the request says.
    pub fn open(source: &Source, request: ReadRequest) -> Result<Self, Error> {
        let found = folder::one(&source.base, &request.partition.0);
        let (path, file, options) = (&found.path, found.name.as_str(), &source.options);
        let format = config::format(options.format, file)?;
        if options.tree.is_some() && format != Format::Json {
            return Err(config::unfit(format!("`tree` is for JSON, which {file} is not")));
        }
        let look = Look::at(path, file)?;
        let form = form(path, file, format, options.encoding)?;
        let fingerprint = fingerprint(path, file, &look, form)?;
        let from = request.from.and_then(|cursor| place(&cursor, &fingerprint));
        let (id, time) = (source.id.as_deref(), source.time.as_deref());
        let picks = || Picks::new(id, time);
        let (word, records) = match format {
            Format::Csv => {
                let wanted = Wanted { file, id, time, dates: options.dates.as_ref(), unguard: options.unguard, encoding: form.encoding };
                ("row", Records::Csv(Box::new(csv::Reader::open(path, form, options, from, wanted)?)))
            }
            Format::Json if let Some(tree) = &options.tree => {
                let at = options.layout.at();
                ("node", Records::Tree(Box::new(tree::Reader::open(path, file, form, tree, at, from, picks()?)?)))
            }
            Format::Json => ("element", Records::Json(Box::new(json::Reader::whole(path, file, form, &options.layout, from, picks()?)?))),
            Format::Xlsx => {
                let wanted = Wanted { file, id, time, dates: options.dates.as_ref(), unguard: false, encoding: form.encoding };
                ("row", Records::Workbook(Box::new(workbook::Reader::open(path, options, from, wanted, &request.paths)?)))
            }
            Format::Ndjson => ("line", Records::Json(Box::new(json::Reader::lines(path, file, form, from, picks()?)?))),
            Format::Adx => {
                let wanted = adx::Wanted { id, time };
                ("line", Records::Adx(Box::new(adx::Reader::open(path, file, form, options.periods, from, wanted)?)))
            }
        };
        Ok(Self {
            look,
            fingerprint,
            records,
            word,
            page_size: request.page_size.max(1),
            last_length: 0,
            only: request.only.map(|only| only.into_iter().collect()),
            since: request.since,
            until: request.until,
            cancel: source.cancel.clone(),
            failure: None,
            found,
        })
    }

    /// The names in the header of a table, as they stand there; `None` of other formats, and of a file without any.
    pub fn header(&self) -> Option<Vec<String>> {
        match &self.records {
            Records::Csv(reader) => Some(reader.table().names().map(str::to_owned).collect()).filter(|names: &Vec<_>| !names.is_empty()),
            Records::Workbook(reader) => Some(reader.table().names().map(str::to_owned).collect()),
            Records::Json(_) | Records::Adx(_) | Records::Tree(_) => None,
        }
    }

    /// The columns that the header of a table names.
    pub fn columns(&self) -> Vec<String> {
        match &self.records {
            Records::Csv(reader) => reader.table().names().map(|name| kivuko_core::path::Path::field(name).to_string()).collect(),
            Records::Workbook(reader) => reader.table().names().map(|name| kivuko_core::path::Path::field(name).to_string()).collect(),
            // Whatever a document makes use of, these are what it can say.
            Records::Adx(_) => crate::adx::texts().map(str::to_owned).collect(),
            Records::Json(_) | Records::Tree(_) => Vec::new(),
        }
    }

    /// The next page.
    pub fn page(&mut self) -> Result<Option<Page>, Error> {
        if let Some(failure) = self.failure.take() {
            return Err(failure);
        }
        if self.cancel.is_cancelled() {
            return Err(Error::stop(network::CANCELLED, "the run was stopped by Ctrl-C or a signal to its process"));
        }
        // As much as the page before, and a little more.
        let mut buffer = Vec::with_capacity(self.last_length + self.last_length / 8);
        let mut raws = Vec::new();
        while raws.len() < self.page_size && buffer.len() < PAGE_BYTES {
            let start = buffer.len();
            match self.records.next(&mut buffer) {
                Ok(Some(raw)) if self.wants(&raw) => raws.push(raw),
                Ok(Some(_)) => buffer.truncate(start),
                Ok(None) => break,
                Err(error) => {
                    self.failure = Some(error);
                    break;
                }
            }
        }
        self.last_length = buffer.len();
        let before_the_next = self.records.position();
        let more = self.failure.is_some() || self.more();
        if Look::at(&self.found.path, &self.found.name)? != self.look {
            return Err(errors::changed(&self.found.name));
        }
        if raws.is_empty() {
            return self.failure.take().map_or(Ok(None), Err);
        }
        let place = Place { v: 1, file: self.fingerprint.clone(), next: more.then_some(before_the_next) };
        let value = serde_json::to_string(&place)
            .map_err(|error| Error::bug(codes::FILE_UNREADABLE, format!("a cursor cannot be written: {error}")))?;
        let bytes = Bytes::from(buffer);
        let records = raws.into_iter().map(|raw| self.record(raw, &bytes)).collect();
        Ok(Some(Page { records, next: Cursor { value, time: self.look.time() } }))
    }

    /// Whether another record follows; a failure to tell is kept for the next page.
    fn more(&mut self) -> bool {
        match self.records.more() {
            Ok(more) => more,
            Err(error) => {
                self.failure = Some(error);
                true
            }
        }
    }

    fn record(&self, raw: Raw, bytes: &Bytes) -> SourceRecord {
        SourceRecord {
            id: raw.id,
            place: format!("{}, {} {}", self.found.name, self.word, raw.row),
            version: None,
            deleted: false,
            body: raw.body.map(|range| bytes.slice(range)),
            read: None,
        }
    }

    fn wants(&self, raw: &Raw) -> bool {
        if let Some(only) = &self.only {
            return raw.id.as_ref().is_some_and(|id| only.contains(id));
        }
        // A row whose time cannot be read may have changed in the window: better read twice than lost.
        let Some(time) = raw.time.as_deref().and_then(instant) else { return true };
        self.since.is_none_or(|since| time >= since) && self.until.is_none_or(|until| time < until)
    }
}

/// The encoding of a file; a workbook is UTF-8 inside.
pub fn form(path: &Path, file: &str, format: Format, declared: Option<&'static encoding_rs::Encoding>) -> Result<encoding::Form, Error> {
    match format {
        Format::Adx => adx::form(path, file, declared),
        Format::Xlsx => Ok(encoding::Form { encoding: encoding_rs::UTF_8, mark: 0 }),
        Format::Csv | Format::Json | Format::Ndjson => encoding::find(path, file, declared),
    }
}

/// The instant that a cell says. A date or time without an offset is taken in UTC.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse::<Timestamp>().ok().or_else(|| {
        let local = text.parse::<civil::DateTime>().or_else(|_| text.parse::<civil::Date>().map(civil::Date::into)).ok()?;
        Some(local.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
    })
}

/// Where a cursor says to go on in the file with this fingerprint; `None`: at the beginning.
fn place(cursor: &Cursor, fingerprint: &str) -> Option<Position> {
    let place: Place = serde_json::from_str(&cursor.value).ok()?;
    (place.v == 1 && place.file == fingerprint).then_some(place.next)?
}

fn fingerprint(path: &Path, file: &str, look: &Look, form: encoding::Form) -> Result<String, Error> {
    use std::io::Read;
    let mut head = Vec::new();
    let opened = std::fs::File::open(path).map_err(|error| errors::unreadable(file, &error))?;
    opened.take(64 * 1024).read_to_end(&mut head).map_err(|error| errors::unreadable(file, &error))?;
    let hash = blake3::hash(&head).to_hex();
    Ok(format!("{}-{}-{}-{}", look.length, look.modified, &hash[..16], encoding::name(form.encoding)))
}
