//! Project CSVs: read with whatever separator and encoding, written back in the form found.
//!
//! Read and written again without a change, a file is the same to the byte: separator, byte order mark, encoding, line ends, blank lines and
//! the quotes of each cell are kept. Only cells that changed are written anew, quoted where they have to be.

use crate::catalogue::sheet;
use crate::error::{Place, Problem};

/// A project CSV.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Relative to the project.
    pub file: String,
    /// The names of the columns, as they stand in the first row.
    pub header: Vec<String>,
    /// The rows below it, blank ones left out.
    pub rows: Vec<Row>,
    /// The form in which it is written.
    pub form: Form,
    header_raw: Raw,
    /// Blank lines after the last row.
    tail: String,
}

/// A row.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// As a spreadsheet counts: the header is row 1, blank lines count.
    pub number: usize,
    /// Its cells; where the row is short there are fewer than in the header.
    pub cells: Vec<String>,
    raw: Option<Raw>,
}

/// How a row stood in the file.
#[derive(Debug, Clone, PartialEq, Default)]
struct Raw {
    /// Blank lines before it.
    before: String,
    /// Its cells with their quotes, and what they were read as.
    cells: Vec<(String, String)>,
    /// Its line end; empty at the end of the file.
    end: String,
}

/// The form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// `,`, `;` or a tab.
    pub separator: char,
    pub encoding: Encoding,
    /// The line end of new rows.
    pub line_end: LineEnd,
}

/// The encodings that project CSVs come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    Utf8,
    Utf8WithMark,
    Windows1252,
}

/// The line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    Lf,
    CrLf,
    Cr,
}

impl LineEnd {
    fn text(self) -> &'static str {
        match self {
            LineEnd::Lf => "\n",
            LineEnd::CrLf => "\r\n",
            LineEnd::Cr => "\r",
        }
    }
}

impl Default for Form {
    fn default() -> Self {
        Self { separator: ',', encoding: Encoding::Utf8, line_end: LineEnd::Lf }
    }
}

const MARK: &[u8] = b"\xEF\xBB\xBF";

impl Table {
    /// A table made by Kivuko.
    pub fn new(file: impl Into<String>, header: Vec<String>) -> Self {
        Self { file: file.into(), header, rows: Vec::new(), form: Form::default(), header_raw: Raw::default(), tail: String::new() }
    }

    /// Reads a file.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Problem> {
        let place = |line: usize| Place { file: file.to_owned(), line: Some(line), ..Place::default() };
        let (text, encoding) = decode(bytes).ok_or_else(|| {
            Problem::error(sheet::TABLE_UNREADABLE, place(1), "the file is not text in UTF-8 or Windows-1252")
                .expected("a CSV, saved as `CSV UTF-8`")
        })?;
        let separator = separator(&text);
        let mut scanner = Scanner { text: &text, at: 0, separator };
        let mut rows = Vec::new();
        let mut before = String::new();
        let mut number = 0;
        while scanner.at < text.len() {
            number += 1;
            let row = scanner.row().map_err(|message| {
                Problem::error(sheet::TABLE_UNREADABLE, place(number), message)
                    .expected("a closing `\"`, and `\"\"` for a quote within quotes")
            })?;
            let blank = row.cells.iter().all(|(_, value)| value.trim().is_empty());
            if blank {
                let cells: Vec<&str> = row.cells.iter().map(|(raw, _)| raw.as_str()).collect();
                before.push_str(&cells.join(&separator.to_string()));
                before.push_str(&row.end);
                continue;
            }
            rows.push((number, Raw { before: std::mem::take(&mut before), ..row }));
        }
        let line_end = rows.iter().find_map(|(_, row)| line_end(&row.end)).unwrap_or(LineEnd::Lf);
        let mut rows = rows.into_iter();
        let Some((_, header_raw)) = rows.next() else {
            return Err(Problem::error(sheet::TABLE_UNREADABLE, place(1), "the file is empty")
                .expected("a first row with the names of the columns"));
        };
        let header: Vec<String> = header_raw.cells.iter().map(|(_, value)| value.trim().to_owned()).collect();
        for (at, name) in header.iter().enumerate().filter(|(_, name)| !name.is_empty()) {
            if header[..at].contains(name) {
                let place = Place { column: Some(at + 1), cell: Some(name.clone()), ..place(1) };
                return Err(
                    Problem::error(sheet::TABLE_COLUMNS, place, format!("there are two columns `{name}`")).expected("every column once")
                );
            }
        }
        let mut read = Vec::new();
        for (number, raw) in rows {
            let cells: Vec<String> = raw.cells.iter().map(|(_, value)| value.clone()).collect();
            if let Some(at) = (header.len()..cells.len()).find(|at| !cells[*at].trim().is_empty()) {
                let place = Place { column: Some(at + 1), ..place(number) };
                return Err(Problem::error(sheet::TABLE_COLUMNS, place, format!("row {number} has more cells than there are columns"))
                    .expected(format!("{} cells; a cell that holds `{}` stands in quotes", header.len(), shown(separator))));
            }
            read.push(Row { number, cells, raw: Some(raw) });
        }
        Ok(Self { file: file.to_owned(), header, rows: read, form: Form { separator, encoding, line_end }, header_raw, tail: before })
    }

    /// Writes it in the form found. Where a new value does not exist in Windows-1252, the file becomes UTF-8 with a byte order mark, which
    /// spreadsheets know by themselves.
    pub fn write(&self) -> Vec<u8> {
        let mut text = String::new();
        self.write_row(
            &mut text,
            &self.header,
            Some(&self.header_raw).filter(|raw| !raw.cells.is_empty()),
            self.rows.is_empty() && self.tail.is_empty(),
        );
        for (at, row) in self.rows.iter().enumerate() {
            self.write_row(&mut text, &row.cells, row.raw.as_ref(), at + 1 == self.rows.len() && self.tail.is_empty());
        }
        text.push_str(&self.tail);
        match self.form.encoding {
            Encoding::Utf8 => text.into_bytes(),
            Encoding::Utf8WithMark => [MARK, text.as_bytes()].concat(),
            Encoding::Windows1252 => match encoding_rs::WINDOWS_1252.encode(&text) {
                (bytes, _, false) => bytes.into_owned(),
                (_, _, true) => [MARK, text.as_bytes()].concat(),
            },
        }
    }

    fn write_row(&self, text: &mut String, cells: &[String], raw: Option<&Raw>, last: bool) {
        text.push_str(raw.map_or("", |raw| raw.before.as_str()));
        for (at, cell) in cells.iter().enumerate() {
            if at > 0 {
                text.push(self.form.separator);
            }
            match raw.and_then(|raw| raw.cells.get(at)) {
                // The header is read without spaces at its ends, so it is compared without them.
                Some((written, value)) if value == cell || value.trim() == cell && std::ptr::eq(cells, self.header.as_slice()) => {
                    text.push_str(written);
                }
                _ => write_cell(text, cell),
            }
        }
        match raw {
            Some(raw) if !raw.end.is_empty() || last => text.push_str(&raw.end),
            _ => text.push_str(self.form.line_end.text()),
        }
    }

    /// The position of a column, by its name without regard to case.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column.eq_ignore_ascii_case(name))
    }

    /// A cell of a row, by the name of its column, without spaces at its ends; empty where there is none.
    pub fn cell<'t>(&self, row: &'t Row, column: &str) -> &'t str {
        self.column(column).and_then(|at| row.cells.get(at)).map_or("", |cell| cell.trim())
    }

    /// The place of a cell, for a problem.
    pub fn place(&self, row: &Row, column: &str) -> Place {
        Place {
            file: self.file.clone(),
            line: Some(row.number),
            column: self.column(column).map(|at| at + 1),
            cell: Some(column.to_owned()),
        }
    }

    /// Adds a row at the end.
    pub fn push(&mut self, cells: Vec<String>) {
        let number = self.rows.last().map_or(1, |row| row.number) + 1;
        self.rows.push(Row { number, cells, raw: None });
    }

    /// The position of a column, which is added where it is not there: to all rows, so that each has a cell under every column.
    pub fn column_or_new(&mut self, name: &str) -> usize {
        self.column(name).unwrap_or_else(|| {
            self.header.push(name.to_owned());
            let columns = self.header.len();
            for row in self.rows.iter_mut().filter(|row| row.cells.len() < columns) {
                row.cells.resize(columns, String::new());
            }
            columns - 1
        })
    }

    /// Writes a cell of a row that is there, by its position among the rows. A row that was short is filled up.
    pub fn put(&mut self, row: usize, column: usize, cell: String) {
        let cells = &mut self.rows[row].cells;
        if cells.len() < self.header.len() {
            cells.resize(self.header.len(), String::new());
        }
        cells[column] = cell;
    }

    /// Adds a row of cells by the names of their columns; columns that are not there are added.
    pub fn push_named<'c>(&mut self, cells: impl IntoIterator<Item = (&'c str, &'c str)>) {
        let mut written = Vec::new();
        for (column, cell) in cells {
            let at = self.column_or_new(column);
            if written.len() <= at {
                written.resize(at + 1, String::new());
            }
            cell.trim().clone_into(&mut written[at]);
        }
        written.resize(self.header.len(), String::new());
        self.push(written);
    }
}

fn write_cell(text: &mut String, cell: &str) {
    // Every possible separator is quoted: a file of one column does not say which one it has.
    let quoted = cell.contains([',', ';', '\t', '"', '\n', '\r']) || cell.trim() != cell;
    if quoted {
        text.push('"');
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    } else {
        text.push_str(cell);
    }
}

fn shown(separator: char) -> String {
    if separator == '\t' { "a tab".to_owned() } else { separator.to_string() }
}

fn decode(bytes: &[u8]) -> Option<(String, Encoding)> {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") || bytes.contains(&0) {
        return None;
    }
    if let Some(rest) = bytes.strip_prefix(MARK) {
        return String::from_utf8(rest.to_vec()).ok().map(|text| (text, Encoding::Utf8WithMark));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some((text.to_owned(), Encoding::Utf8)),
        Err(_) => Some((encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned(), Encoding::Windows1252)),
    }
}

/// The separator that stands most often in the first row that is not blank, outside quotes.
fn separator(text: &str) -> char {
    let mut counts = [(',', 0usize), (';', 0), ('\t', 0)];
    let mut quoted = false;
    let mut seen = false;
    for letter in text.chars() {
        match letter {
            '"' => quoted = !quoted,
            '\n' | '\r' if !quoted && seen => break,
            _ if !quoted => {
                if let Some(count) = counts.iter_mut().find(|(separator, _)| *separator == letter) {
                    count.1 += 1;
                }
            }
            _ => {}
        }
        seen = seen || !letter.is_whitespace() && !",;".contains(letter);
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or_default();
    counts.iter().find(|(_, count)| *count == most).map_or(',', |(separator, _)| *separator)
}

fn line_end(text: &str) -> Option<LineEnd> {
    match text {
        "\n" => Some(LineEnd::Lf),
        "\r\n" => Some(LineEnd::CrLf),
        "\r" => Some(LineEnd::Cr),
        _ => None,
    }
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    separator: char,
}

impl Scanner<'_> {
    /// The next row, with its line end.
    fn row(&mut self) -> Result<Raw, String> {
        let mut cells = Vec::new();
        loop {
            cells.push(self.cell()?);
            let rest = &self.text[self.at..];
            let end = if rest.starts_with("\r\n") {
                "\r\n"
            } else if rest.starts_with('\n') {
                "\n"
            } else if rest.starts_with('\r') {
                "\r"
            } else if rest.is_empty() {
                ""
            } else {
                // Anything else here is the separator.
                self.at += self.separator.len_utf8();
                continue;
            };
            self.at += end.len();
            return Ok(Raw { before: String::new(), cells, end: end.to_owned() });
        }
    }

    /// The next cell: as it is written, and as it is read. Quotes count where the cell begins with them.
    fn cell(&mut self) -> Result<(String, String), String> {
        let start = self.at;
        let ends = [self.separator, '\n', '\r'];
        if !self.text[start..].starts_with('"') {
            let rest = &self.text[start..];
            let length = rest.find(ends).unwrap_or(rest.len());
            self.at += length;
            return Ok((rest[..length].to_owned(), rest[..length].to_owned()));
        }
        let mut value = String::new();
        let mut at = start + 1;
        loop {
            let Some(next) = self.text[at..].find('"') else { return Err("a quoted cell does not end".to_owned()) };
            value.push_str(&self.text[at..at + next]);
            at += next + 1;
            if self.text[at..].starts_with('"') {
                value.push('"');
                at += 1;
                continue;
            }
            break;
        }
        // What stands behind the closing quote belongs to the cell, as spreadsheets read it.
        let rest = &self.text[at..];
        let length = rest.find(ends).unwrap_or(rest.len());
        value.push_str(&rest[..length]);
        self.at = at + length;
        Ok((self.text[start..self.at].to_owned(), value))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(bytes: &[u8]) -> Table {
        Table::parse("codes/x.csv", bytes).unwrap_or_else(|problem| panic!("{problem:?}"))
    }

    /// Reads a file, checks its cells, and that writing gives the same bytes.
    fn check(bytes: &[u8], header: &[&str], rows: &[(usize, &[&str])]) {
        let table = parse(bytes);
        assert_eq!(table.header, header);
        let found: Vec<(usize, Vec<&str>)> =
            table.rows.iter().map(|row| (row.number, row.cells.iter().map(String::as_str).collect())).collect();
        let expected: Vec<(usize, Vec<&str>)> = rows.iter().map(|(number, cells)| (*number, cells.to_vec())).collect();
        assert_eq!(found, expected);
        assert_eq!(table.write(), bytes, "{}", String::from_utf8_lossy(&table.write()));
    }

    fn check_refused(bytes: &[u8], code: crate::error::Code, line: usize, message: &str) {
        let problem = Table::parse("codes/x.csv", bytes).expect_err(message);
        assert_eq!((problem.code, problem.place.line), (code, Some(line)), "{problem:?}");
        assert!(problem.message.contains(message) && problem.expected.is_some(), "{problem:?}");
    }

    #[test]
    fn every_form_is_read_and_written_back() {
        check(b"a,b\n1,2\n", &["a", "b"], &[(2, &["1", "2"])]);
        check(b"a;b\r\n1,5;2\r\n", &["a", "b"], &[(2, &["1,5", "2"])]);
        check(b"a\tb\n1;2\t3", &["a", "b"], &[(2, &["1;2", "3"])]);
        check(b"\xEF\xBB\xBFa,b\n1,2\n", &["a", "b"], &[(2, &["1", "2"])]);
        check(b"a,b\nKon\xE9,\x80\n", &["a", "b"], &[(2, &["Koné", "€"])]);
        check("a,b\nKoné,x\n".as_bytes(), &["a", "b"], &[(2, &["Koné", "x"])]);
        check(b"a,b\r1,2\r", &["a", "b"], &[(2, &["1", "2"])]);
        check(b"\"a\",\"b;c\"\n\"1\",\"2 \"\"x\"\"\"\n", &["a", "b;c"], &[(2, &["1", "2 \"x\""])]);
        check(b"a,b\n\n\"x\ny\",2\n,,\n3\n\n\n", &["a", "b"], &[(3, &["x\ny", "2"]), (5, &["3"])]);
        check(b"\n\n a , b \n1,2\n", &["a", "b"], &[(4, &["1", "2"])]);
        check(b"a,b\r\n1,2\n3,4\r\n", &["a", "b"], &[(2, &["1", "2"]), (3, &["3", "4"])]);
        check(b"only\nx\n", &["only"], &[(2, &["x"])]);
        check(b"a,b\n1,2,\n", &["a", "b"], &[(2, &["1", "2", ""])]);
        check(b"a,b\n5\" nail,\"x\"y\n", &["a", "b"], &[(2, &["5\" nail", "xy"])]);
    }

    #[test]
    fn only_what_changed_is_written_anew() {
        let mut table = parse(b"\"a\";\"b\"\r\n\"1\";\"2\"\r\n3;4");
        table.rows[0].cells[1] = "x;\"y\"".to_owned();
        table.push(vec!["5".to_owned(), " 6".to_owned()]);
        assert_eq!(table.rows[2].number, 4);
        assert_eq!(String::from_utf8(table.write()).expect("it is UTF-8"), "\"a\";\"b\"\r\n\"1\";\"x;\"\"y\"\"\"\r\n3;4\r\n5;\" 6\"\r\n");
        table.rows.remove(0);
        assert!(table.write().starts_with(b"\"a\";\"b\"\r\n3;4\r\n"));
    }

    #[test]
    fn what_does_not_fit_windows_1252_makes_it_utf_8() {
        let mut table = parse(b"a\nKon\xE9\n");
        assert_eq!(table.form.encoding, Encoding::Windows1252);
        table.rows[0].cells[0] = "Дмитрий".to_owned();
        let written = table.write();
        assert!(written.starts_with(MARK));
        assert_eq!(parse(&written).rows[0].cells, ["Дмитрий"]);
    }

    #[test]
    fn a_new_table_is_written_and_read() {
        let mut table = Table::new("codes/x.csv", vec!["source".to_owned(), "target".to_owned()]);
        table.push(vec!["M".to_owned(), "GENDER_MALE".to_owned()]);
        assert_eq!(table.write(), b"source,target\nM,GENDER_MALE\n");
        let read = parse(&table.write());
        assert_eq!(read.cell(&read.rows[0], "TARGET"), "GENDER_MALE");
        assert_eq!(read.cell(&read.rows[0], "missing"), "");
        assert_eq!(read.place(&read.rows[0], "target").to_string(), "codes/x.csv, row 2, column target");
    }

    #[test]
    fn what_is_no_table_is_refused_with_its_place() {
        check_refused(b"", sheet::TABLE_UNREADABLE, 1, "empty");
        check_refused(b"\n  \n", sheet::TABLE_UNREADABLE, 1, "empty");
        check_refused(b"a,b\n1,\"2\n3,4\n", sheet::TABLE_UNREADABLE, 2, "does not end");
        check_refused(b"\xFF\xFEa\0,\0b\0", sheet::TABLE_UNREADABLE, 1, "not text");
        check_refused(b"a,b,a\n", sheet::TABLE_COLUMNS, 1, "two columns `a`");
        check_refused(b"a,b\n1,2\n1,2,3\n", sheet::TABLE_COLUMNS, 3, "more cells");
    }

    fn any_table() -> impl Strategy<Value = (Vec<String>, Vec<Vec<String>>)> {
        (1usize..5).prop_flat_map(|width| {
            let cell = prop::sample::select(vec![
                "",
                "a",
                "x y",
                " lead",
                "Koné",
                "a,b",
                "a;b",
                "a\tb",
                "say \"x\"",
                "\"",
                "line\nline",
                "cr\r\nlf",
                "€ ü",
            ]);
            let row = prop::collection::vec(cell.prop_map(str::to_owned), width);
            // A column is named, so that the separator can be told.
            (Just((0..width).map(|at| format!("column {at}")).collect()), prop::collection::vec(row, 0..8))
        })
    }

    proptest! {
        #[test]
        fn written_in_any_form_it_reads_the_same((header, rows) in any_table(), separator in prop::sample::select(vec![',', ';', '\t']),
            encoding in prop::sample::select(vec![Encoding::Utf8, Encoding::Utf8WithMark, Encoding::Windows1252]),
            line_end in prop::sample::select(vec![LineEnd::Lf, LineEnd::CrLf, LineEnd::Cr]), cut_last_end in any::<bool>()) {
            let mut table = Table::new("x.csv", header.clone());
            table.form = Form { separator, encoding, line_end };
            for row in &rows {
                table.push(row.clone());
            }
            let mut bytes = table.write();
            if cut_last_end {
                bytes.truncate(bytes.len() - line_end.text().len());
            }
            let read = parse(&bytes);
            prop_assert_eq!(&read.header, &header);
            let kept: Vec<&Vec<String>> = rows.iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
            prop_assert_eq!(read.rows.iter().map(|row| &row.cells).collect::<Vec<_>>(), kept);
            prop_assert_eq!(read.write(), bytes);
        }

        #[test]
        fn any_bytes_that_are_read_are_written_back(bytes in prop::collection::vec(prop::sample::select(b"ab,;\t\"\n\r \xE9\xC3".to_vec()), 0..60)) {
            if let Ok(table) = Table::parse("x.csv", &bytes) {
                prop_assert_eq!(table.write(), bytes);
            }
        }

        #[test]
        fn it_reads_as_the_csv_library_does((header, rows) in any_table()) {
            let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
            writer.write_record(&header).expect("it writes into memory");
            for row in &rows {
                writer.write_record(row).expect("it writes into memory");
            }
            let bytes = writer.into_inner().expect("it writes into memory");
            let kept: Vec<&Vec<String>> = rows.iter().filter(|row| row.iter().any(|cell| !cell.trim().is_empty())).collect();
            let read = parse(&bytes);
            prop_assert_eq!(read.rows.iter().map(|row| &row.cells).collect::<Vec<_>>(), kept);
        }
    }
}
