//! The options of the kind `file`, as they are written and as they are checked.

use encoding_rs::Encoding;
use kivuko_core::catalogue::file as codes;
use kivuko_core::error::{Error, nearest};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::dates::Order;
use super::encoding;
use super::layout::Layout;
use super::tree::{SourceTree, TargetTree, Tree};
use crate::adx;

/// Options in `kivuko.yaml`. The last four hold for every flow that does not say otherwise.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SystemOptions {
    /// The folder or the file, relative to the project.
    pub path: String,
    /// The format of files whose name does not say it.
    pub format: Option<Format>,
    /// The encoding of the files (`utf-8`, `windows-1252`, `utf-16le`, ...). Left out: the byte order mark says it, else they must be UTF-8.
    pub encoding: Option<String>,
    /// What separates the columns of a CSV: `,` `;` `|` or `tab`. Left out: it is found in the header.
    pub separator: Option<String>,
    /// Whether cells that a spreadsheet would run are guarded by an apostrophe.
    pub formulas: Option<Formulas>,
}

/// Options of a flow's `from:`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceOptions {
    /// The format. Left out: the name of the file says it.
    pub format: Option<Format>,
    /// The encoding (`utf-8`, `windows-1252`, `utf-16le`, ...). Left out: the byte order mark says it, else the file must be UTF-8.
    pub encoding: Option<String>,
    /// What separates the columns of a CSV: `,` `;` `|` or `tab`. Left out: it is found in the header.
    pub separator: Option<String>,
    /// JSON only: where the array of records is inside the object, such as `dataValues`. Left out: the file is the array.
    pub array: Option<String>,
    /// JSON only: the records are the members of an object, as in `{"0": {...}, "1": {...}}`. Where that object is, such as `facilities`; `.` is the file itself.
    pub members: Option<String>,
    /// With `members`: the field under which a record has the name of its member. Left out: the name is not read.
    pub name_as: Option<String>,
    /// With `members`: members that are no records, such as a copy of the question. They are passed over and not counted.
    pub skip_members: Option<Vec<String>>,
    /// JSON only: a file is one record. Where the object is, such as `body`; `.` is the file itself.
    pub object: Option<String>,
    /// JSON only: records stand in one another, as in Go.Data's `[{"location": {...}, "children": [...]}]`. With `array`, the nodes at the top are there.
    pub tree: Option<SourceTree>,
    /// XLSX only: the name of the sheet. Left out: the first that is shown.
    pub sheet: Option<String>,
    /// CSV and XLSX only: columns whose dates become ISO dates, and the order in which they are written.
    pub dates: Option<Dates>,
    /// CSV and XLSX only: `true` (the first row names the columns, the default), `false` (they are called A, B, C ...), or the list of their names.
    pub header: Option<Header>,
    /// CSV and XLSX only: how many lines stand above the header. Left out: none.
    pub skip_rows: Option<usize>,
    /// CSV only: `guard` takes the apostrophe off that guards a formula in files which Kivuko wrote. Left out: cells are taken as they are.
    pub formulas: Option<Formulas>,
    /// ADX only: what happens to a period whose day is not its first, such as `2024-03-15/P1M`: `exact` (the default) rejects its values, `as_dhis2` takes the period in which
    /// the day lies.
    pub periods: Option<Periods>,
}

/// Options of a flow's `to:`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TargetOptions {
    /// The format. Left out: the name of the file says it.
    pub format: Option<Format>,
    /// The encoding. Left out: that of the file that is there, else `utf-8`.
    pub encoding: Option<String>,
    /// What separates the columns of a CSV. Left out: as in the file that is there, else `,`.
    pub separator: Option<String>,
    /// Whether a new UTF-8 file begins with a byte order mark, which Excel needs to read accents. Left out: no.
    pub bom: Option<bool>,
    /// CSV only: `guard` (the default) puts an apostrophe before a text that begins with `=` `+` `-` `@`, so that a spreadsheet does not run it as a
    /// formula; plain numbers are left alone. `keep` writes texts as they are.
    pub formulas: Option<Formulas>,
    /// JSON only: records stand in one another, as in Go.Data's `[{"location": {...}, "children": [...]}]`: parents before children, children by name.
    pub tree: Option<TargetTree>,
}

/// The format of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// A table, a row a record.
    Csv,
    /// An array of objects.
    Json,
    /// A JSON object a line.
    Ndjson,
    /// An ADX document, a value a record.
    Adx,
    /// A sheet of a workbook, a row a record. It is read, not written.
    Xlsx,
}

/// How periods of ADX are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Periods {
    /// For what they say, or not at all.
    Exact,
    /// As DHIS2 takes them.
    AsDhis2,
}

/// What happens to cells that a spreadsheet would run as a formula.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Formulas {
    /// An apostrophe stands before them.
    Guard,
    /// They are as they are.
    Keep,
}

/// Dates of whole columns.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Dates {
    /// In which order day, month and year are written.
    pub order: Order,
    /// The columns.
    pub columns: Vec<String>,
}

/// Where the names of the columns come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Header {
    /// `true`: the first row; `false`: they are called A, B, C ...
    Given(bool),
    /// The flow names them.
    Names(Vec<String>),
}

impl Format {
    /// The format that the ending of a file name says.
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
            "csv" | "tsv" | "txt" => Some(Self::Csv),
            "json" | "geojson" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "adx" | "xml" => Some(Self::Adx),
            "xlsx" | "xlsm" => Some(Self::Xlsx),
            _ => None,
        }
    }
}

/// How a file is read: checked.
#[derive(Debug, Clone)]
pub struct Reading {
    pub format: Option<Format>,
    pub encoding: Option<&'static Encoding>,
    pub separator: Option<u8>,
    pub layout: Layout,
    pub dates: Option<Dates>,
    pub header: Header,
    pub skip_rows: usize,
    pub unguard: bool,
    pub periods: adx::Periods,
    pub tree: Option<Tree>,
    pub sheet: Option<String>,
}

/// How a file is written: checked.
#[derive(Debug, Clone)]
pub struct Writing {
    pub format: Option<Format>,
    pub encoding: Option<&'static Encoding>,
    pub separator: Option<u8>,
    pub bom: bool,
    pub guard: bool,
    pub tree: Option<Tree>,
}

/// The options of a system, checked.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    pub format: Option<Format>,
    pub encoding: Option<&'static Encoding>,
    pub separator: Option<u8>,
    pub formulas: Option<Formulas>,
}

impl SystemOptions {
    /// Checks what holds for every flow.
    pub fn check(&self) -> Result<Defaults, Error> {
        Ok(Defaults {
            format: self.format,
            encoding: self.encoding.as_deref().map(check_encoding).transpose()?,
            separator: self.separator.as_deref().map(check_separator).transpose()?,
            formulas: self.formulas,
        })
    }
}

impl Reading {
    /// Without any option.
    pub fn plain() -> Self {
        Self {
            format: None,
            encoding: None,
            separator: None,
            layout: Layout::Items(None),
            dates: None,
            header: Header::Given(true),
            skip_rows: 0,
            unguard: false,
            periods: adx::Periods::Exact,
            tree: None,
            sheet: None,
        }
    }

    /// Checks the options of a flow's `from:`.
    pub fn check(options: &Value, defaults: &Defaults) -> Result<Self, Error> {
        let written: SourceOptions = parse("from", options)?;
        let csv_only = [
            ("dates", written.dates.is_some()),
            ("header", written.header.is_some()),
            ("skip_rows", written.skip_rows.is_some()),
            ("separator", written.separator.is_some()),
        ];
        if let (Some(Format::Json | Format::Ndjson | Format::Adx), Some((name, _))) =
            (written.format, csv_only.iter().find(|(_, set)| *set))
        {
            return Err(unfit(format!("`{name}` is for CSV, but the flow says another format")));
        }
        if written.format == Some(Format::Xlsx) && (written.separator.is_some() || written.encoding.is_some()) {
            return Err(unfit("`separator` and `encoding` are for texts, but the flow says another format"));
        }
        if written.sheet.is_some() && !matches!(written.format, None | Some(Format::Xlsx)) {
            return Err(unfit("`sheet` is for XLSX, but the flow says another format"));
        }
        if written.periods.is_some() && !matches!(written.format, None | Some(Format::Adx)) {
            return Err(unfit("`periods` is for ADX, but the flow says another format"));
        }
        let layout = Layout::check(&written)?;
        if !layout.is_plain() && !matches!(written.format, None | Some(Format::Json)) {
            return Err(unfit("`array`, `members` and `object` are for JSON, but the flow says another format"));
        }
        if written.tree.is_some() && !matches!(written.format, None | Some(Format::Json)) {
            return Err(unfit("`tree` is for JSON, but the flow says another format"));
        }
        if written.tree.is_some() && !matches!(layout, Layout::Items(_)) {
            return Err(unfit("`tree` goes with `array` or with none of `array`, `members` and `object`"));
        }
        if let Some(Header::Names(names)) = &written.header {
            super::table::check_names("the `header` of the flow", names)?;
        }
        Ok(Self {
            format: written.format.or(defaults.format),
            encoding: written.encoding.as_deref().map(check_encoding).transpose()?.or(defaults.encoding),
            separator: written.separator.as_deref().map(check_separator).transpose()?.or(defaults.separator),
            layout,
            dates: written.dates,
            header: written.header.unwrap_or(Header::Given(true)),
            skip_rows: written.skip_rows.unwrap_or(0),
            unguard: written.formulas.or(defaults.formulas) == Some(Formulas::Guard),
            periods: match written.periods {
                Some(Periods::AsDhis2) => adx::Periods::AsDhis2,
                Some(Periods::Exact) | None => adx::Periods::Exact,
            },
            tree: written.tree.map(SourceTree::check).transpose()?,
            sheet: written.sheet,
        })
    }
}

impl Writing {
    /// Checks the options of a flow's `to:`.
    pub fn check(options: &Value, defaults: &Defaults) -> Result<Self, Error> {
        let written: TargetOptions = parse("to", options)?;
        Ok(Self {
            format: written.format.or(defaults.format),
            encoding: written.encoding.as_deref().map(check_encoding).transpose()?.or(defaults.encoding),
            separator: written.separator.as_deref().map(check_separator).transpose()?.or(defaults.separator),
            bom: written.bom.unwrap_or(false),
            guard: written.formulas.or(defaults.formulas) != Some(Formulas::Keep),
            tree: written.tree.map(TargetTree::check).transpose()?,
        })
    }
}

/// The format of a file: as declared, else as its name says.
pub fn format(declared: Option<Format>, name: &str) -> Result<Format, Error> {
    declared.or_else(|| Format::of(name)).ok_or_else(|| {
        Error::configuration(
            codes::FORMAT_UNKNOWN,
            format!("the name of {name} does not say its format; add `format: csv`, `json`, `ndjson`, `adx` or `xlsx` to the flow"),
        )
    })
}

fn parse<T: for<'de> Deserialize<'de> + Default>(part: &str, options: &Value) -> Result<T, Error> {
    if options.is_null() {
        return Ok(T::default());
    }
    T::deserialize(options).map_err(|error| unfit(format!("an option in `{part}` does not fit: {error}")))
}

fn check_encoding(name: &str) -> Result<&'static Encoding, Error> {
    encoding::named(name).ok_or_else(|| {
        let known = [
            "utf-8",
            "utf-16le",
            "utf-16be",
            "windows-1252",
            "windows-1250",
            "windows-1251",
            "windows-1256",
            "iso-8859-15",
            "gb18030",
            "shift_jis",
        ];
        let near = nearest(name, known)
            .map_or_else(|| format!("known are {} and others of the web", known.join(", ")), |near| format!("did you mean `{near}`?"));
        unfit(format!("`{name}` is no encoding; {near}"))
    })
}

fn check_separator(written: &str) -> Result<u8, Error> {
    match written.as_bytes() {
        _ if written.eq_ignore_ascii_case("tab") || written == "\\t" => Ok(b'\t'),
        [byte] if byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n".contains(byte) => Ok(*byte),
        _ => Err(unfit("`separator` is one character (`,` `;` `|`) or the word `tab`")),
    }
}

/// An option that does not fit.
pub fn unfit(message: impl Into<String>) -> Error {
    Error::configuration(codes::OPTION_UNFIT, message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn options_are_checked() {
        let check = |options: Value, expected: &str| {
            let message = Reading::check(&options, &Defaults::default()).map(|_| ()).map_err(|error| error.cause.message);
            match message {
                Ok(()) => assert_eq!(expected, "", "{options}"),
                Err(message) => assert!(!expected.is_empty() && message.contains(expected), "{options}: {message}"),
            }
        };
        check(Value::Null, "");
        check(json!({ "encoding": "windows-1252", "separator": "tab", "skip_rows": 2 }), "");
        check(json!({ "header": false }), "");
        check(json!({ "header": ["a", "b"] }), "");
        check(json!({ "header": ["a", "a"] }), "`a`");
        check(json!({ "encoding": "windows-1522" }), "did you mean `windows-1252`");
        check(json!({ "separator": ";;" }), "one character");
        check(json!({ "seperator": ";" }), "unknown field");
        check(json!({ "format": "json", "dates": { "order": "dmy", "columns": [] } }), "`dates` is for CSV");
        check(json!({ "format": "csv", "array": "x" }), "are for JSON");
        check(json!({ "format": "ndjson", "object": "x" }), "are for JSON");
        check(json!({ "members": ".", "name_as": "no", "skip_members": ["count"] }), "");
        check(json!({ "object": "." }), "");
        check(json!({ "sheet": "ADM2", "skip_rows": 1 }), "");
        check(json!({ "sheet": "ADM2", "format": "csv" }), "`sheet` is for XLSX");
        check(json!({ "separator": ";", "format": "xlsx" }), "are for texts");
        let tree = json!({ "record": "location", "children": "children", "parent": "parentLocationId" });
        check(json!({ "tree": tree }), "");
        check(json!({ "tree": tree, "array": "data" }), "");
        check(json!({ "tree": tree, "object": "data" }), "`tree` goes with `array`");
        check(json!({ "tree": tree, "format": "csv" }), "`tree` is for JSON");
        check(json!({ "tree": { "record": "a.b", "children": "c", "parent": "p" } }), "not `a.b`");
        check(json!({ "tree": { "record": "a", "children": "a", "parent": "p" } }), "one field twice");
        check(json!({ "tree": { "record": "a", "children": "c", "parent": "p", "unknown_parent": "root" } }), "unknown field");
        check(json!({ "object": "body", "array": "rows" }), "`array` and `object` exclude each other");
        check(json!({ "array": "rows", "name_as": "no" }), "`name_as` is about the members");
        check(json!({ "array": "data..rows" }), "no path of names");
        check(json!({ "dates": { "order": "dym", "columns": [] } }), "dym");
    }

    #[test]
    fn the_name_says_the_format() {
        let check = |name: &str, expected: Option<Format>| assert_eq!(Format::of(name), expected, "{name}");
        check("cases.csv", Some(Format::Csv));
        check("CASES.TSV", Some(Format::Csv));
        check("a.b.json", Some(Format::Json));
        check("a.jsonl", Some(Format::Ndjson));
        check("a.xlsx", Some(Format::Xlsx));
        check("a.docx", None);
        check("csv", None);
    }
}
