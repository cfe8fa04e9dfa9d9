//! The rows of a mapping sheet as a person wrote them, out of a table and back into one.

use crate::catalogue::sheet;
use crate::error::{Place, Problem};
use crate::table::Table;

/// A column of a mapping sheet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Column {
    Record,
    Target,
    Source,
    Transform,
    Codes,
    When,
    Default,
    Empty,
    On,
    Owner,
    Direction,
    TransformBack,
    Personal,
    Status,
    Note,
    SourceType,
    SourceSample,
    TargetType,
    TargetRequired,
}

impl Column {
    /// All columns, in the order in which `map draft` writes them.
    pub const ALL: [Self; 19] = [
        Self::Record,
        Self::Target,
        Self::Source,
        Self::Transform,
        Self::Codes,
        Self::When,
        Self::Default,
        Self::Empty,
        Self::On,
        Self::Owner,
        Self::Direction,
        Self::TransformBack,
        Self::Personal,
        Self::Status,
        Self::Note,
        Self::SourceType,
        Self::SourceSample,
        Self::TargetType,
        Self::TargetRequired,
    ];

    /// Its name in the header.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::Target => "target",
            Self::Source => "source",
            Self::Transform => "transform",
            Self::Codes => "codes",
            Self::When => "when",
            Self::Default => "default",
            Self::Empty => "empty",
            Self::On => "on",
            Self::Owner => "owner",
            Self::Direction => "direction",
            Self::TransformBack => "transform_back",
            Self::Personal => "personal",
            Self::Status => "status",
            Self::Note => "note",
            Self::SourceType => "source_type",
            Self::SourceSample => "source_sample",
            Self::TargetType => "target_type",
            Self::TargetRequired => "target_required",
        }
    }

    /// What it holds, in a sentence.
    pub const fn about(self) -> &'static str {
        match self {
            Self::Record => "which of the flow's records; empty when there is one",
            Self::Target => "path in the target record",
            Self::Source => "path in the source record; several, with ` ; ` between",
            Self::Transform => "transforms with `|` between, or an expression in braces",
            Self::Codes => "the code map that translates the value, after the transform",
            Self::When => "an expression; the row counts only when it holds",
            Self::Default => "used when the value is empty: a text, or an expression in braces",
            Self::Empty => "`keep` (or empty): the target field is left alone; `clear`; `reject`: the field is required",
            Self::On => "`create`, `update`, or empty for both",
            Self::Owner => "`source` (or empty), or `target`: who is right about this field",
            Self::Direction => "two-way flows only: `to` or `back`",
            Self::TransformBack => "two-way flows only: the transform on the way back",
            Self::Personal => "`yes` (or empty), or `no`: whether the value is shown in the open",
            Self::Status => "`agreed`, `discuss`, `new`; for people",
            Self::Note => "for people",
            Self::SourceType | Self::SourceSample | Self::TargetType | Self::TargetRequired => "filled in by `kivuko map draft`",
        }
    }

    /// The column of a header cell, however its letters are written.
    pub fn of(header: &str) -> Option<Self> {
        let header = header.trim();
        Self::ALL.into_iter().find(|column| column.name().eq_ignore_ascii_case(header))
    }
}

/// A sheet as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    /// The file.
    pub file: String,
    /// Its columns, in their order.
    pub columns: Vec<Column>,
    /// Its rows, without those that are wholly empty.
    pub rows: Vec<Row>,
}

/// A row as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Its number, as a spreadsheet counts: the header is row 1.
    pub number: usize,
    cells: [Box<str>; Column::ALL.len()],
}

impl Row {
    /// A row without anything in it.
    pub fn new(number: usize) -> Self {
        Self { number, cells: std::array::from_fn(|_| "".into()) }
    }

    /// A cell, without the spaces around it.
    pub fn cell(&self, column: Column) -> &str {
        self.cells[column as usize].trim()
    }

    /// Writes a cell.
    pub fn set(&mut self, column: Column, text: &str) {
        self.cells[column as usize] = text.into();
    }
}

impl Sheet {
    /// Reads a table. Unknown, missing and repeated columns are problems.
    pub fn read(table: &Table, problems: &mut Vec<Problem>) -> Option<Self> {
        let header_place = |position: usize, name: &str| Place {
            file: table.file.clone(),
            line: Some(1),
            column: Some(position + 1),
            cell: Some(name.to_owned()),
        };
        let known = || Column::ALL.iter().map(|column| column.name());
        let mut columns: Vec<(usize, Column)> = Vec::new();
        for (position, header) in table.header.iter().enumerate() {
            match Column::of(header) {
                Some(column) if columns.iter().any(|(_, seen)| *seen == column) => {
                    let message = format!("the column `{}` stands twice", column.name());
                    problems.push(
                        Problem::error(sheet::DUPLICATE_COLUMN, header_place(position, header), message).expected("each column once"),
                    );
                }
                Some(column) => columns.push((position, column)),
                // A column without a name is only wrong when something stands in it.
                None if header.trim().is_empty() => {
                    if let Some(row) = table.rows.iter().find(|row| row.cells.get(position).is_some_and(|cell| !cell.trim().is_empty())) {
                        let place = Place {
                            file: table.file.clone(),
                            line: Some(row.number),
                            column: Some(position + 1),
                            cell: Some(String::new()),
                        };
                        problems.push(Problem::error(sheet::UNKNOWN_COLUMN, place, "a cell in a column without a name"));
                    }
                }
                None => {
                    let message = format!("unknown column `{header}`");
                    let problem = Problem::error(sheet::UNKNOWN_COLUMN, header_place(position, header), message);
                    let expected = known().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
                    problems.push(problem.expected(format!("one of {expected}")).nearest(header.trim(), known()));
                }
            }
        }
        if !columns.iter().any(|(_, column)| *column == Column::Target) {
            let place = Place { file: table.file.clone(), line: Some(1), ..Place::default() };
            problems
                .push(Problem::error(sheet::MISSING_COLUMN, place, "the column `target` is missing").expected("`target` in the first row"));
            return None;
        }
        let mut rows = Vec::with_capacity(table.rows.len());
        for found in &table.rows {
            let mut row = Row::new(found.number);
            for (position, column) in &columns {
                if let Some(text) = found.cells.get(*position) {
                    row.set(*column, text);
                }
            }
            if Column::ALL.iter().any(|column| !row.cell(*column).is_empty()) {
                rows.push(row);
            }
        }
        Some(Self { file: table.file.clone(), columns: columns.into_iter().map(|(_, column)| column).collect(), rows })
    }

    /// The header and the cells of all rows, for writing.
    pub fn to_cells(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let header = self.columns.iter().map(|column| column.name().to_owned()).collect();
        let rows = self.rows.iter().map(|row| self.columns.iter().map(|column| row.cells[*column as usize].to_string()).collect());
        (header, rows.collect())
    }

    /// A new table with the same cells, in the plainest form: UTF-8, with `,`.
    pub fn to_table(&self) -> Table {
        let (header, rows) = self.to_cells();
        let mut table = Table::new(self.file.clone(), header);
        for row in rows {
            table.push(row);
        }
        table
    }

    /// The place of a cell.
    pub fn place(&self, row: &Row, column: Column) -> Place {
        let position = self.columns.iter().position(|known| *known == column);
        Place {
            file: self.file.clone(),
            line: Some(row.number),
            column: position.map(|position| position + 1),
            cell: Some(column.name().to_owned()),
        }
    }
}
