//! Rows sorted on the disk: any number of them, in a memory that does not grow with it.
//!
//! Rows are gathered up to a size, sorted, and put aside in the store as one chunk of encrypted blocks; reading merges the chunks again. A row comes out exactly
//! once, in the order of its group, its rank and its place in the source, as often as it is asked for.

use std::cmp::Ordering;
use std::collections::{BinaryHeap, VecDeque};
use std::sync::Arc;

use bytes::Bytes;
use kivuko_core::catalogue::store as codes;
use kivuko_core::error::{Cause, Error};
use kivuko_core::flow::Rank;
use kivuko_core::store::Store;

/// So much is sorted at once.
const CHUNK_BYTES: usize = 16 << 20;
/// So much of each chunk is in memory while they are merged.
const BLOCK_BYTES: usize = 128 << 10;
/// What a row costs beside its bytes.
const ROW_COST: usize = 200;

/// A row that was put aside.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Row {
    /// The value of its group; `None`: it belongs to none.
    pub group: Option<String>,
    pub rank: Rank,
    /// Its number in the source, over all partitions.
    pub number: u64,
    pub place: String,
    /// The row as it came; empty when it could not be read.
    pub raw: Bytes,
    /// Why its group (or, without one, the row itself) cannot get through.
    pub fault: Option<Cause>,
}

impl Row {
    fn order(&self, other: &Self) -> Ordering {
        self.group.cmp(&other.group).then_with(|| self.rank.cmp(&other.rank)).then_with(|| self.number.cmp(&other.number))
    }

    fn cost(&self) -> usize {
        self.raw.len() + self.place.len() + ROW_COST
    }

    fn write(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        let fault = match &self.fault {
            None => Vec::new(),
            Some(fault) => serde_json::to_vec(fault).map_err(|_| damaged())?,
        };
        out.push(u8::from(self.group.is_some()));
        put(out, self.group.as_deref().unwrap_or_default().as_bytes());
        match &self.rank {
            Rank::Number(number) => {
                out.push(0);
                put(out, &number.to_le_bytes());
            }
            Rank::Text(text) => {
                out.push(1);
                put(out, text.as_bytes());
            }
            Rank::Last => {
                out.push(2);
                put(out, &[]);
            }
        }
        put(out, &self.number.to_le_bytes());
        put(out, self.place.as_bytes());
        put(out, &self.raw);
        put(out, &fault);
        Ok(())
    }

    /// The next row of a block; `None` at its end.
    fn read(block: &mut Bytes) -> Option<Result<Self, Error>> {
        if block.is_empty() {
            return None;
        }
        Some(Self::take(block).ok_or_else(damaged))
    }

    fn take(block: &mut Bytes) -> Option<Self> {
        let has_group = byte(block)? == 1;
        let group = text(block)?;
        let kind = byte(block)?;
        let rank = take(block)?;
        let rank = match kind {
            0 => Rank::Number(f64::from_le_bytes(rank.as_ref().try_into().ok()?)),
            1 => Rank::Text(String::from_utf8(rank.to_vec()).ok()?),
            _ => Rank::Last,
        };
        let number = u64::from_le_bytes(take(block)?.as_ref().try_into().ok()?);
        let place = text(block)?;
        let raw = take(block)?;
        let fault = take(block)?;
        let fault = if fault.is_empty() { None } else { Some(serde_json::from_slice(&fault).ok()?) };
        Some(Self { group: has_group.then_some(group), rank, number, place, raw, fault })
    }
}

fn put(out: &mut Vec<u8>, part: &[u8]) {
    out.extend_from_slice(&(part.len() as u64).to_le_bytes());
    out.extend_from_slice(part);
}

fn byte(block: &mut Bytes) -> Option<u8> {
    (!block.is_empty()).then(|| block.split_to(1)[0])
}

fn take(block: &mut Bytes) -> Option<Bytes> {
    let length = (block.len() >= 8).then(|| block.split_to(8))?;
    let length = usize::try_from(u64::from_le_bytes(length.as_ref().try_into().ok()?)).ok()?;
    (block.len() >= length).then(|| block.split_to(length))
}

fn text(block: &mut Bytes) -> Option<String> {
    String::from_utf8(take(block)?.to_vec()).ok()
}

fn damaged() -> Error {
    Error::stop(codes::DAMAGED, "rows that were put aside cannot be read again; run it once more")
}

/// Rows that are being gathered.
pub(crate) struct Gathering {
    store: Arc<dyn Store>,
    owner: String,
    rows: Vec<Row>,
    cost: usize,
    chunks: u32,
    chunk_bytes: usize,
}

impl Gathering {
    /// Begins with nothing: what an earlier run of this owner left behind goes.
    pub async fn new(store: Arc<dyn Store>, owner: &str) -> Result<Self, Error> {
        store.drop_spill(owner).await?;
        Ok(Self { store, owner: owner.to_owned(), rows: Vec::new(), cost: 0, chunks: 0, chunk_bytes: CHUNK_BYTES })
    }

    pub async fn add(&mut self, row: Row) -> Result<(), Error> {
        self.cost += row.cost();
        self.rows.push(row);
        if self.cost >= self.chunk_bytes { self.put_aside().await } else { Ok(()) }
    }

    async fn put_aside(&mut self) -> Result<(), Error> {
        self.rows.sort_by(Row::order);
        let mut blocks: Vec<Vec<u8>> = Vec::new();
        for row in self.rows.drain(..) {
            match blocks.last_mut() {
                Some(block) if block.len() < BLOCK_BYTES => row.write(block)?,
                _ => {
                    let mut block = Vec::with_capacity(BLOCK_BYTES + BLOCK_BYTES / 8);
                    row.write(&mut block)?;
                    blocks.push(block);
                }
            }
        }
        self.cost = 0;
        if !blocks.is_empty() {
            self.store.put_spill(&self.owner, self.chunks, &blocks).await?;
            self.chunks += 1;
        }
        Ok(())
    }

    /// All rows are there.
    pub async fn finish(mut self) -> Result<Sorted, Error> {
        self.put_aside().await?;
        Ok(Sorted { store: self.store, owner: self.owner, chunks: self.chunks })
    }
}

/// Rows that are put aside, to be read in their order.
#[derive(Clone)]
pub(crate) struct Sorted {
    store: Arc<dyn Store>,
    owner: String,
    chunks: u32,
}

impl Sorted {
    pub fn read(&self) -> Merging {
        Merging { sorted: self.clone(), heads: BinaryHeap::new(), chunks: VecDeque::new(), begun: false }
    }
}

/// The first row of a chunk that was not handed out.
struct Head {
    row: Row,
    chunk: usize,
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

impl Ord for Head {
    /// Turned round, since the heap hands out its greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.row.order(&self.row)
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// One reading of all rows.
pub(crate) struct Merging {
    sorted: Sorted,
    heads: BinaryHeap<Head>,
    /// Of each chunk what is left of its block, and the number of the next one.
    chunks: VecDeque<(Bytes, u32)>,
    begun: bool,
}

impl Merging {
    /// The next row.
    pub async fn next(&mut self) -> Result<Option<Row>, Error> {
        if !self.begun {
            self.begun = true;
            for chunk in 0..self.sorted.chunks as usize {
                self.chunks.push_back((Bytes::new(), 0));
                self.refill(chunk).await?;
            }
        }
        let Some(Head { row, chunk }) = self.heads.pop() else { return Ok(None) };
        self.refill(chunk).await?;
        Ok(Some(row))
    }

    async fn refill(&mut self, chunk: usize) -> Result<(), Error> {
        let (block, next) = &mut self.chunks[chunk];
        if block.is_empty() {
            let number = u32::try_from(chunk).map_err(|_| damaged())?;
            match self.sorted.store.spill(&self.sorted.owner, number, *next).await? {
                Some(bytes) => {
                    *block = Bytes::from(bytes);
                    *next += 1;
                }
                // Behind the last block of a chunk; but each has a first.
                None if *next == 0 => return Err(damaged()),
                None => return Ok(()),
            }
        }
        if let Some(row) = Row::read(block) {
            self.heads.push(Head { row: row?, chunk });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    async fn store() -> (tempfile::TempDir, Arc<dyn Store>) {
        let folder = tempfile::tempdir().expect("there is room");
        let store = kivuko_store::open(&folder.path().join("store.db"), &kivuko_store::Key::from_bytes([7; 32])).await.expect("it opens");
        (folder, store)
    }

    fn row(number: u64, group: Option<u8>, rank: &Rank, length: usize) -> Row {
        Row {
            group: group.map(|group| format!("P-{group}")),
            rank: rank.clone(),
            number,
            place: format!("lab.csv, row {number}"),
            raw: Bytes::from(vec![b'x'; length]),
            fault: number.is_multiple_of(7).then(|| Cause::new(codes::DAMAGED, "because")),
        }
    }

    async fn sorted(rows: &[Row], chunk_bytes: usize) -> Vec<Row> {
        let (_folder, store) = store().await;
        let mut gathering = Gathering::new(Arc::clone(&store), "flow").await.expect("it begins");
        gathering.chunk_bytes = chunk_bytes;
        for row in rows {
            gathering.add(row.clone()).await.expect("it is put aside");
        }
        let sorted = gathering.finish().await.expect("it ends");
        let mut found = Vec::new();
        for _ in 0..2 {
            found.clear();
            let mut merging = sorted.read();
            while let Some(row) = merging.next().await.expect("it is read") {
                found.push(row);
            }
        }
        found
    }

    fn any_rank() -> impl Strategy<Value = Rank> {
        prop_oneof![(0..4).prop_map(|n| Rank::Number(f64::from(n))), "[a-c]{0,2}".prop_map(Rank::Text), Just(Rank::Last)]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn rows_come_out_once_and_in_order(
            rows in proptest::collection::vec((proptest::option::of(0u8..6), any_rank(), 0usize..3000), 0..120),
            chunk in 1_000usize..200_000,
        ) {
            let rows: Vec<Row> = (0..).zip(rows).map(|(number, (group, rank, length))| row(number, group, &rank, length)).collect();
            let found = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(sorted(&rows, chunk));
            let mut expected = rows;
            expected.sort_by(Row::order);
            prop_assert_eq!(found, expected);
        }
    }
}
