//! What a store remembers of numbers: the cells that records are counted into, and what each record is counted for.
//!
//! What is counted of a record is replaced whole, in the transaction of its page; every cell that it touches, before or after, is due from then on, until what it
//! comes to has arrived in the target. So a killed run loses no number, and taking back is exact.

use serde::{Deserialize, Serialize};

/// A number's place: which indicator, and the five dimensions of a data value. Ids as the target has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cell {
    pub indicator: String,
    /// The data element; empty for what only formulas use.
    pub element: String,
    pub period: String,
    pub org_unit: String,
    pub option_combo: String,
    pub attribute_option_combo: String,
}

impl Cell {
    /// What the parts of the identity of a data value are called there, in the order of [`Self::id`].
    pub const FIELDS: [&str; 5] = ["dataElement", "period", "orgUnit", "categoryOptionCombo", "attributeOptionCombo"];

    /// The parts of the identity of a data value; `None` of what has another number of them.
    pub fn parts_of_id(id: &str) -> Option<[&str; Self::FIELDS.len()]> {
        id.split('.').collect::<Vec<_>>().try_into().ok()
    }

    /// One text for its five dimensions, the identity of the data value.
    pub fn id(&self) -> String {
        [&self.element, &self.period, &self.org_unit, &self.option_combo, &self.attribute_option_combo].map(String::as_str).join(".")
    }
}

/// A cell as it is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellRow {
    pub number: CellNumber,
    pub cell: Cell,
    /// What the target was brought to last, or what it refused and a person gave up; `None`: no value.
    pub value: Option<String>,
    /// It is to be dealt with.
    pub due: bool,
    /// It changed too late to be sent by itself, and that was told.
    pub late: bool,
}

impl CellRow {
    /// The target refused it, and a person discarded that: it is left alone until it comes to something else.
    pub fn given_up(&self) -> bool {
        self.late && !self.due
    }
}

/// The number of a cell in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CellNumber(pub i64);

/// What a record is counted for in one cell, as [`crate::fold::Part::text`] writes it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct CountedPart(pub CellNumber, pub String);

/// What a record is counted for from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedRecord {
    pub source_id: String,
    /// Where it stands, for people: `cases.csv, row 17`.
    pub place: String,
    /// The source's version of it, to drop what an overlap repeats; `None` when it has to be looked at again.
    pub version: Option<String>,
    /// Its parts, perhaps none; `None`: the record is gone.
    pub parts: Option<Vec<CountedPart>>,
}

/// What is remembered of a record that was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownRecord {
    pub version: Option<String>,
    pub parts: Vec<CountedPart>,
}

/// A record that counts for what it counted for before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeenRecord {
    pub source_id: String,
    pub version: Option<String>,
}

/// What became of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CellUpdate {
    pub number: CellNumber,
    pub value: Option<String>,
    pub due: bool,
    pub late: bool,
}

/// What a page changes of numbers; part of [`crate::store::PageCommit`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellsPage {
    /// Records whose contributions change.
    pub counted: Vec<CountedRecord>,
    /// Records that were met and count for what they did.
    pub seen: Vec<SeenRecord>,
    /// Cells that are to be looked at although no record touches them.
    pub touched: Vec<CellNumber>,
    /// Cells that were dealt with.
    pub updates: Vec<CellUpdate>,
}

/// Parts of one cell that are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartRow {
    pub cell: CellNumber,
    pub part: String,
    /// How many there are of them.
    pub many: u64,
}

/// Parts of cells, with the place behind which there are more; `None`: these were the last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PartsPage {
    pub rows: Vec<PartRow>,
    pub next: Option<PartPlace>,
}

/// Where a part stands: parts are read in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartPlace {
    pub cell: CellNumber,
    /// The record's number in the store.
    pub record: i64,
    /// Its position among the parts of that record.
    pub position: i64,
}

impl PartPlace {
    /// Before the first part of any cell.
    pub const START: Self = Self { cell: CellNumber(-1), record: -1, position: -1 };
}

/// Which cells are asked for; what is `None` may be anything.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CellFilter {
    pub indicator: Option<String>,
    pub element: Option<String>,
    pub period: Option<String>,
    pub org_unit: Option<String>,
    pub option_combo: Option<String>,
    pub attribute_option_combo: Option<String>,
    /// Only those that are due.
    pub due: bool,
}

/// A record behind a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RecordOfCell {
    pub source_id: String,
    pub place: String,
    /// The run that counted it so.
    pub run: crate::store::RunId,
    pub part: String,
}
