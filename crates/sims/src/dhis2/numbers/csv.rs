//! Data value sets in CSV: by position up to 2.42, by column name from 2.43.

use super::payload::{Combo, Group, Payload, Sent, filled};

/// The columns of an export, which are the positions of an import up to 2.42.
pub const COLUMNS: [&str; 11] = [
    "dataelement",
    "period",
    "orgunit",
    "categoryoptioncombo",
    "attributeoptioncombo",
    "value",
    "storedby",
    "lastupdated",
    "comment",
    "followup",
    "deleted",
];
/// Known from 2.43 on besides [`COLUMNS`], and passed over.
const PASSED_OVER: [&str; 2] = ["timestamp", "created"];
/// Columns that an import by name does not go without.
const REQUIRED: [&str; 4] = ["dataelement", "period", "orgunit", "value"];

/// Reads a body; `header` says whether the first row is one. The error says what is wrong.
pub fn read(text: &str, release: u32, header: bool, data_set: Option<&str>) -> Result<Payload, String> {
    let mut rows = ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = rows.records();
    let columns = if release <= 42 {
        if header && let Some(first) = rows.next() {
            first.map_err(|error| error.to_string())?;
        }
        COLUMNS.iter().map(|name| (*name).to_owned()).collect()
    } else {
        if !header {
            return Err("firstRowIsHeader=false is not supported".to_owned());
        }
        let first = rows.next().ok_or("the header row is missing")?.map_err(|error| error.to_string())?;
        named(&first)?
    };
    let by_options = !columns.iter().any(|column| column == "categoryoptioncombo");
    let mut group = Group { data_set: data_set.map(str::to_owned), ..Group::default() };
    for row in rows {
        let row = row.map_err(|error| error.to_string())?;
        group.values.push(value(&columns, &row, by_options));
    }
    Ok(Payload::of(group))
}

fn named(header: &::csv::StringRecord) -> Result<Vec<String>, String> {
    let columns: Vec<String> = header
        .iter()
        .map(|name| {
            let lower = name.trim().to_ascii_lowercase();
            let known = COLUMNS.contains(&lower.as_str()) || PASSED_OVER.contains(&lower.as_str());
            if known { lower } else { name.trim().to_owned() }
        })
        .collect();
    match REQUIRED.iter().find(|required| !columns.iter().any(|column| column == *required)) {
        Some(missing) => Err(format!("column {missing} is required")),
        None => Ok(columns),
    }
}

fn value(columns: &[String], row: &::csv::StringRecord, by_options: bool) -> Sent {
    let cell = |name: &str| filled(columns.iter().position(|column| column == name).and_then(|at| row.get(at)));
    let options = || {
        let unknown = |column: &&String| !COLUMNS.contains(&column.as_str()) && !PASSED_OVER.contains(&column.as_str());
        let pairs: Vec<(String, String)> =
            columns.iter().filter(unknown).filter_map(|column| Some((column.clone(), cell(column)?))).collect();
        (by_options && !pairs.is_empty()).then_some(Combo::Options(pairs))
    };
    Sent {
        data_element: cell("dataelement"),
        period: cell("period"),
        org_unit: cell("orgunit"),
        category_option_combo: cell("categoryoptioncombo").map(Combo::Id).or_else(options),
        attribute_option_combo: cell("attributeoptioncombo").map(Combo::Id),
        value: cell("value"),
        comment: cell("comment"),
        followup: cell("followup").map(|flag| flag == "true"),
        deleted: cell("deleted").as_deref() == Some("true"),
        stored_by: cell("storedby"),
    }
}

/// A document of rows below the header of an export.
pub fn write(rows: impl Iterator<Item = [String; 11]>) -> String {
    let mut writer = ::csv::WriterBuilder::new().quote_style(::csv::QuoteStyle::Always).from_writer(Vec::new());
    writer.write_record(COLUMNS).expect("writing into a Vec cannot fail");
    for row in rows {
        writer.write_record(row).expect("writing into a Vec cannot fail");
    }
    let body = writer.into_inner().expect("writing into a Vec cannot fail");
    String::from_utf8(body).expect("only texts were written")
}
