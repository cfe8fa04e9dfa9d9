use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};
use serde_json::{Value, json};

use super::reading::{check_with, line, pages};

/// A table of places as the agencies publish them: a title above the header, a hidden sheet before it, regions merged over their districts.
fn places() -> Vec<u8> {
    let mut book = Workbook::new();
    let hidden = book.add_worksheet();
    hidden.set_name("lists").unwrap().set_hidden(true);
    hidden.write(0, 0, "no").unwrap();
    let sheet = book.add_worksheet();
    sheet.set_name("ADM2").unwrap().set_active(true);
    let (day, moment) = (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("dd/mm/yyyy hh:mm"));
    for (column, name) in ["id", "region", " name ", "", "people", "since", "checked", "sum", "active"].iter().enumerate() {
        sheet.write(0, column as u16, *name).unwrap();
    }
    sheet.merge_range(1, 1, 3, 1, "North \"é\"", &Format::new()).unwrap();
    for (row, id) in [(1, "SL01"), (3, "0103"), (6, "SL04")] {
        sheet.write(row, 0, id).unwrap();
    }
    sheet.write(1, 2, "Bo,\nwest").unwrap().write(1, 3, "x").unwrap().write(1, 4, 120_345.0).unwrap();
    sheet.write(3, 4, 8.46).unwrap();
    sheet.write_with_format(1, 5, ExcelDateTime::from_ymd(2021, 2, 28).unwrap(), &day).unwrap();
    sheet.write_with_format(1, 6, ExcelDateTime::from_ymd(2021, 2, 28).unwrap().and_hms(13, 5, 0).unwrap(), &moment).unwrap();
    sheet.write(1, 7, Formula::new("=1+1").set_result("2")).unwrap();
    sheet.write(3, 7, Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet.write(1, 8, true).unwrap();
    sheet.write(3, 12, "a remark beside the table").unwrap();
    let titled = book.add_worksheet();
    titled.set_name("titled").unwrap();
    titled.write(0, 0, "Places of Sierra Leone").unwrap().write(3, 0, "id").unwrap().write(3, 1, "n").unwrap().write(4, 0, 7).unwrap();
    book.save_to_buffer().unwrap()
}

async fn check(options: Value, expected: &str) {
    check_with("a.xlsx", &places(), options, expected).await;
}

#[tokio::test]
async fn rows_of_a_sheet_are_records_of_texts() {
    check(
        Value::Null,
        r#"a.xlsx, row 2 [SL01] {"id":"SL01","region":"North \"é\"","name":"Bo,\nwest","D":"x","people":"120345","since":"2021-02-28","checked":"2021-02-28T13:05:00","sum":"2","active":"true"}
           a.xlsx, row 4 [0103] K0752 sum
           a.xlsx, row 7 [SL04] {"id":"SL04","region":"","name":"","D":"","people":"","since":"","checked":"","sum":"","active":""}"#,
    )
    .await;
    check(json!({ "sheet": "titled", "skip_rows": 1 }), "a.xlsx, row 5 [7] {\"id\":\"7\",\"n\":\"\"}").await;
    check(json!({ "sheet": "lists", "header": ["id"] }), "a.xlsx, row 1 [no] {\"id\":\"no\"}").await;
}

#[tokio::test]
async fn what_is_no_such_sheet_is_told() {
    check(json!({ "sheet": "ADM3" }), "K0751: a.xlsx has no sheet `ADM3`; did you mean `ADM2`?").await;
    check(json!({ "sheet": "lists" }), "K0713: a.xlsx has no column `id`").await;
    check(json!({ "array": "x", "format": "xlsx" }), "K0715").await;
    check_with("a.xlsx", b"id,n\n1,2\n", Value::Null, "K0750: a.xlsx is no XLSX workbook").await;
    let mut empty = Workbook::new();
    empty.add_worksheet();
    check_with("a.xlsx", &empty.save_to_buffer().unwrap(), Value::Null, "K0703").await;
}

/// A formula whose result a program did not write, and an error in a column that nobody reads.
#[tokio::test]
async fn an_error_counts_where_its_column_is_read() {
    use kivuko_core::connector::{ReadRequest, SourceSpec};
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.xlsx"), places()).unwrap();
    let spec = SourceSpec { resource: "a.xlsx".to_owned(), id: Some("id".to_owned()), cursor: None, options: Value::Null };
    let source = super::reading::system(folder.path(), json!({ "path": "." })).source(&spec).unwrap();
    let partition = source.partitions().await.unwrap().remove(0);
    let paths = vec!["people".to_owned(), "region".to_owned()];
    let request = ReadRequest { partition, from: None, since: None, until: None, only: None, paths, page_size: 9 };
    let page = source.read(request).await.unwrap().next().await.unwrap().expect("it has rows");
    let second: Value = serde_json::from_slice(page.records[1].body.as_ref().unwrap()).unwrap();
    assert_eq!([&second["id"], &second["people"], &second["region"]], [&json!("0103"), &json!("8.46"), &json!("North \"é\"")]);
}

#[tokio::test]
async fn a_stopped_reading_goes_on_at_every_row() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write(0, 0, "id").unwrap();
    for row in 0..700u32 {
        sheet.write(1 + row * 2, 0, row).unwrap();
    }
    let folder = tempfile::tempdir().unwrap();
    book.save(folder.path().join("a.xlsx")).unwrap();
    let whole = pages(folder.path(), "a.xlsx", Some("id"), &Value::Null, None, 100).await.unwrap();
    let lines: Vec<String> = whole.iter().flat_map(|page| &page.records).map(line).collect();
    assert_eq!((lines.len(), lines[699].as_str()), (700, "a.xlsx, row 1400 [699] {\"id\":\"699\"}"));
    for (position, page) in whole.iter().enumerate().take(6) {
        let rest = pages(folder.path(), "a.xlsx", Some("id"), &Value::Null, Some(page.next.clone()), 90).await.unwrap();
        let rest: Vec<String> = rest.iter().flat_map(|page| &page.records).map(line).collect();
        assert_eq!(rest, lines[(position + 1) * 100..]);
    }
}
