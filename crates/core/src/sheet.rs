//! Sheets as a person wrote them: rows of cells under columns that are known, out of a table and back into one without loss.

use std::marker::PhantomData;

use crate::catalogue::sheet;
use crate::error::{Place, Problem};
use crate::table::Table;

/// The columns of a kind of sheet: an enumeration whose variants are in the order of `ALL`.
pub trait Columns: Copy + Eq + 'static {
    /// All of them, in the order in which they are written.
    const ALL: &'static [Self];
    /// Those without which a sheet says nothing.
    const REQUIRED: &'static [Self];

    /// Its name in the header.
    fn name(self) -> &'static str;

    /// The column of a header cell, however its letters are written.
    fn of(header: &str) -> Option<Self> {
        let header = header.trim();
        Self::ALL.iter().copied().find(|column| column.name().eq_ignore_ascii_case(header))
    }

    /// Its place in `ALL`.
    fn position(self) -> usize {
        Self::ALL.iter().position(|column| *column == self).unwrap_or_default()
    }
}

/// A sheet as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet<C> {
    /// The file.
    pub file: String,
    /// Its columns, in their order.
    pub columns: Vec<C>,
    /// Its rows, without those that are wholly empty.
    pub rows: Vec<Row<C>>,
}

/// A row as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<C> {
    /// Its number, as a spreadsheet counts: the header is row 1.
    pub number: usize,
    cells: Box<[Box<str>]>,
    columns: PhantomData<C>,
}

impl<C: Columns> Row<C> {
    /// A row without anything in it.
    pub fn new(number: usize) -> Self {
        Self { number, cells: C::ALL.iter().map(|_| "".into()).collect(), columns: PhantomData }
    }

    /// A cell, without the spaces around it.
    pub fn cell(&self, column: C) -> &str {
        self.raw(column).trim()
    }

    fn raw(&self, column: C) -> &str {
        &self.cells[column.position()]
    }

    /// Writes a cell.
    pub fn set(&mut self, column: C, text: &str) {
        self.cells[column.position()] = text.into();
    }
}

impl<C: Columns> Sheet<C> {
    /// Reads a table. Unknown, missing and repeated columns are problems.
    pub fn read(table: &Table, problems: &mut Vec<Problem>) -> Option<Self> {
        let header_place = |position: usize, name: &str| Place {
            file: table.file.clone(),
            line: Some(1),
            column: Some(position + 1),
            cell: Some(name.to_owned()),
        };
        let known = || C::ALL.iter().map(|column| column.name());
        let mut columns: Vec<(usize, C)> = Vec::new();
        for (position, header) in table.header.iter().enumerate() {
            match C::of(header) {
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
        let missing: Vec<C> =
            C::REQUIRED.iter().copied().filter(|required| !columns.iter().any(|(_, column)| column == required)).collect();
        for column in &missing {
            let place = Place { file: table.file.clone(), line: Some(1), ..Place::default() };
            let message = format!("the column `{}` is missing", column.name());
            problems.push(Problem::error(sheet::MISSING_COLUMN, place, message).expected(format!("`{}` in the first row", column.name())));
        }
        if !missing.is_empty() {
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
            if C::ALL.iter().any(|column| !row.cell(*column).is_empty()) {
                rows.push(row);
            }
        }
        Some(Self { file: table.file.clone(), columns: columns.into_iter().map(|(_, column)| column).collect(), rows })
    }

    /// The header and the cells of all rows, for writing.
    pub fn to_cells(&self) -> (Vec<String>, Vec<Vec<String>>) {
        let header = self.columns.iter().map(|column| column.name().to_owned()).collect();
        let rows = self.rows.iter().map(|row| self.columns.iter().map(|column| row.raw(*column).to_owned()).collect());
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
    pub fn place(&self, row: &Row<C>, column: C) -> Place {
        self.place_at(row.number, column)
    }

    /// The place of a cell by the number of its row.
    pub fn place_at(&self, row: usize, column: C) -> Place {
        let position = self.columns.iter().position(|known| *known == column);
        Place {
            file: self.file.clone(),
            line: Some(row),
            column: position.map(|position| position + 1),
            cell: Some(column.name().to_owned()),
        }
    }
}
