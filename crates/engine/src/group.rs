//! Rows put together to records: a source of groups over a source of rows.
//!
//! All rows with one value are one record, which has that value as its identity and the rows in their order as `rows[]`. The groups come in the order of their
//! values; each of them whole, whatever the order in which its rows stand in the source. A row that cannot be read, or has no value to group it by, is a record of its own, to
//! be rejected; rows of one identity that contradict each other, or a row whose order cannot be told, reject their group, since the group without it would be another one. Memory does not
//! grow with the number of rows: they are sorted on the disk (see [`crate::spill`]).

use std::fmt::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use kivuko_core::BoxFuture;
use kivuko_core::catalogue::{project, run as codes};
use kivuko_core::connector::{Pages, ReadRequest, Source};
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::{Rows, rows::ROWS};
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};

use crate::duplicates::Duplicates;
use crate::known::KnownReferences;
use crate::namesakes::counts_elsewhere;
use crate::options::RunOptions;
use crate::run::Execution;
use crate::spill::{Gathering, Merging, Row, Sorted};

/// The partition of all groups.
const GROUPS: &str = "(groups)";
/// A group that is larger is rejected: it would have to be held in memory as one record.
const GROUP_ROWS: u64 = 10_000;
const GROUP_BYTES: usize = 8 << 20;
/// A page ends when it holds so much, whatever the number of its groups.
const PAGE_ROWS: u64 = 5_000;
const PAGE_BYTES: usize = 8 << 20;
/// So many rows of a group are named.
const MOST_NAMED: usize = 8;

impl Execution<'_> {
    /// Reads the rows of a source and hands out their groups.
    pub(crate) async fn group(&mut self, rows: &Rows, inner: Box<dyn Source>, options: &RunOptions) -> Result<Box<dyn Source>, Error> {
        if !inner.reads_whole() {
            return Err(Error::configuration(
                project::GROUP_NOT_POSSIBLE,
                "only what has changed is read of this source, so its rows cannot be put together: a group would lack those that have not",
            ));
        }
        if options.since.is_some() || options.until.is_some() {
            let message = "a flow with `group` reads all rows, so that no group lacks one; leave --since and --until out";
            return Err(Error::configuration(project::GROUP_NOT_POSSIBLE, message));
        }
        let partitions = inner.partitions().await?;
        let mut duplicates = self.scan_ids(&*inner, &partitions).await?;
        let mut gathering = Gathering::new(Arc::clone(&self.engine.store), &self.spill_owner()).await?;
        let mut number = 0;
        for (position, partition) in partitions.iter().enumerate() {
            duplicates.partition = position;
            let request = ReadRequest { paths: self.flow.source_paths(), ..self.request(partition) };
            let mut pages = inner.read(request).await?;
            while let Some(page) = pages.next().await? {
                self.stop_if_cancelled()?;
                for record in page.records.into_iter().filter(|record| !record.deleted) {
                    let row = {
                        let known = KnownReferences::default();
                        let env = self.env(&known);
                        row_of(rows, self.flow.from.id.as_deref(), record, number, &duplicates, &env)
                    };
                    number += 1;
                    gathering.add(row).await?;
                }
            }
        }
        self.rows_read = Some(number);
        Ok(Box::new(Groups { sorted: gathering.finish().await?, name: rows.group.text().to_owned() }))
    }

    /// What is put aside belongs to the flow, of which one run goes at a time. A plan has its own.
    fn spill_owner(&self) -> String {
        if self.writes { self.flow.name.clone() } else { format!("{} (plan)", self.flow.name) }
    }

    /// At the end of a run nothing is left of the rows that were put aside.
    pub(crate) async fn drop_rows(&self) -> Result<(), Error> {
        if self.flow.from.rows.is_some() { self.engine.store.drop_spill(&self.spill_owner()).await } else { Ok(()) }
    }
}

/// A row as it is put aside.
fn row_of(
    rows: &Rows,
    id_path: Option<&str>,
    source: SourceRecord,
    number: u64,
    duplicates: &Duplicates,
    env: &kivuko_core::transform::Env<'_>,
) -> Row {
    let SourceRecord { id, place, body, .. } = source;
    let raw = match body {
        Ok(raw) => raw,
        // Nobody can tell whose row it is.
        Err(cause) => {
            return Row { group: None, rank: kivuko_core::flow::Rank::Last, number, place, raw: Bytes::new(), fault: Some(cause) };
        }
    };
    let (mut group, rank, mut fault) = match rows.place(&raw, env) {
        Ok((group, rank)) => (group, rank, None),
        Err((group, cause)) => (group, kivuko_core::flow::Rank::Last, Some(cause.field(&place))),
    };
    if let Some(cause) = id.and_then(|id| duplicates.of_identity(id_path, id.trim(), &place)) {
        if counts_elsewhere(&cause) {
            // It belongs to no group, and is left out.
            group = None;
        }
        // The record that is rejected is that of the group.
        fault = Some(Cause { records: None, ..cause });
    }
    Row { group, rank, number, place, raw, fault }
}

/// A source of groups.
struct Groups {
    sorted: Sorted,
    /// The member of a group that has the value in common.
    name: String,
}

impl Source for Groups {
    fn partitions(&self) -> BoxFuture<'_, Result<Vec<Partition>, Error>> {
        Box::pin(async { Ok(vec![Partition(GROUPS.to_owned())]) })
    }

    fn read(&self, request: ReadRequest) -> BoxFuture<'_, Result<Box<dyn Pages>, Error>> {
        Box::pin(async move {
            let pages = GroupPages { merging: self.sorted.read(), name: self.name.clone(), request, next: None, begun: false };
            Ok(Box::new(pages) as Box<dyn Pages>)
        })
    }

    fn reads_whole(&self) -> bool {
        true
    }
}

struct GroupPages {
    merging: Merging,
    name: String,
    request: ReadRequest,
    /// The row that the next record begins with.
    next: Option<Row>,
    begun: bool,
}

impl Pages for GroupPages {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Page>, Error>> {
        Box::pin(async move {
            if !self.begun {
                self.begun = true;
                self.next = self.merging.next().await?;
            }
            let mut records = Vec::new();
            let (mut rows, mut bytes) = (0, 0);
            while records.len() < self.request.page_size.max(1) && rows < PAGE_ROWS && bytes < PAGE_BYTES {
                let Some(first) = self.next.take() else { break };
                let Some(value) = first.group.clone() else {
                    self.next = self.merging.next().await?;
                    if self.request.only.is_none() {
                        bytes += first.raw.len();
                        rows += 1;
                        records.push(loose(first));
                    }
                    continue;
                };
                let mut group = Group::new(&self.name, value);
                let mut row = Some(first);
                while let Some(present) = row.take_if(|row| row.group.as_deref() == Some(&*group.value)) {
                    group.add(present);
                    row = self.merging.next().await?;
                }
                self.next = row;
                if self.request.only.as_ref().is_none_or(|only| only.contains(&group.value)) {
                    rows += group.rows;
                    bytes += group.raw.len();
                    records.push(group.done());
                }
            }
            if records.is_empty() && self.next.is_none() {
                return Ok(None);
            }
            // Groups are read from the beginning each time: there is nowhere to go on.
            Ok(Some(Page { records, next: Cursor { value: String::new(), time: None } }))
        })
    }
}

/// A row that belongs to no group, as a record of its own.
fn loose(row: Row) -> SourceRecord {
    let body = match row.fault {
        Some(fault) => Err(fault),
        None => Ok(row.raw),
    };
    SourceRecord { id: None, place: row.place, version: None, deleted: false, body, read: None }
}

/// A group that is being put together.
struct Group {
    value: String,
    /// Its JSON as far as it goes.
    raw: Vec<u8>,
    rows: u64,
    places: Vec<String>,
    fault: Option<Cause>,
}

impl Group {
    fn new(name: &str, value: String) -> Self {
        let text = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
        let raw = format!("{{{}:{},\"{ROWS}\":[", text(name), text(&value)).into_bytes();
        Self { value, raw, rows: 0, places: Vec::new(), fault: None }
    }

    fn is_too_large(&self) -> bool {
        self.rows > GROUP_ROWS || self.raw.len() > GROUP_BYTES
    }

    fn add(&mut self, row: Row) {
        if self.places.len() < MOST_NAMED {
            self.places.push(row.place);
        }
        self.fault = self.fault.take().or(row.fault);
        self.rows += 1;
        if self.is_too_large() {
            return;
        }
        if self.rows > 1 {
            self.raw.push(b',');
        }
        self.raw.extend_from_slice(&row.raw);
    }

    fn done(mut self) -> SourceRecord {
        let place = self.place();
        let body = if self.is_too_large() {
            let message = format!(
                "the group has {} rows; more than {GROUP_ROWS} rows, or {} MB, cannot be one record. Does its value stand for *unknown*?",
                self.rows,
                GROUP_BYTES >> 20
            );
            Err(Cause::new(codes::GROUP_TOO_LARGE, message).field(ROWS))
        } else if let Some(fault) = self.fault {
            Err(fault)
        } else {
            self.raw.extend_from_slice(b"]}");
            Ok(Bytes::from(self.raw))
        };
        SourceRecord { id: Some(self.value), place, version: None, deleted: false, body, read: None }
    }

    /// Where its rows stand: `lab.csv, row 17, 19, 23 and 4 more`.
    fn place(&self) -> String {
        let Some((first, others)) = self.places.split_first() else { return String::new() };
        let mut place = first.clone();
        // What the first place has in front of its last word need not be said again.
        let common = first.rfind(' ').map_or("", |at| &first[..=at]);
        for other in others {
            match other.strip_prefix(common).filter(|_| !common.is_empty()) {
                Some(rest) => _ = write!(place, ", {rest}"),
                None => _ = write!(place, "; {other}"),
            }
        }
        let more = self.rows - self.places.len() as u64;
        if more > 0 {
            _ = write!(place, " and {more} more");
        }
        place
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kivuko_core::catalogue::record;
    use kivuko_core::flow::Rank;

    fn row(place: &str, raw: &str) -> Row {
        Row {
            group: Some("P-1".to_owned()),
            rank: Rank::Last,
            number: 0,
            place: place.to_owned(),
            raw: Bytes::from(raw.to_owned()),
            fault: None,
        }
    }

    fn done(rows: Vec<Row>) -> SourceRecord {
        let mut group = Group::new("patient \"no\"", "P-1".to_owned());
        for row in rows {
            group.add(row);
        }
        group.done()
    }

    #[test]
    fn a_group_is_one_element_that_names_its_rows() {
        let found = done(vec![row("lab.csv, row 2", "{\"a\":1}"), row("lab.csv, row 9", "{}"), row("b.csv, row 1", "{}")]);
        assert_eq!(found.body.expect("it is readable"), r#"{"patient \"no\"":"P-1","rows":[{"a":1},{},{}]}"#);
        assert_eq!(found.place, "lab.csv, row 2, 9; b.csv, row 1");
    }

    #[test]
    fn a_group_that_is_too_large_is_rejected_with_its_size() {
        let rows = (0..=GROUP_ROWS).map(|number| row(&format!("lab.csv, row {number}"), "{}")).collect();
        let found = done(rows);
        let cause = found.body.expect_err("it is too large");
        assert_eq!(cause.code, codes::GROUP_TOO_LARGE);
        assert!(cause.message.contains("10001 rows"), "{}", cause.message);
        assert_eq!(found.place, "lab.csv, row 0, 1, 2, 3, 4, 5, 6, 7 and 9993 more");
        let large = "x".repeat(GROUP_BYTES);
        assert_eq!(done(vec![row("a, row 1", &large)]).body.expect_err("too many bytes").code, codes::GROUP_TOO_LARGE);
    }

    #[test]
    fn a_faulty_row_rejects_its_group() {
        let faulty = Row { fault: Some(Cause::new(record::DUPLICATE_ID, "twice")), ..row("lab.csv, row 3", "{}") };
        assert_eq!(done(vec![row("lab.csv, row 2", "{}"), faulty]).body.expect_err("it is faulty").code, record::DUPLICATE_ID);
    }
}
