use std::fmt::Write as _;
use std::path::Path;

use kivuko_core::connector::{Connector as _, ReadRequest, Settings, SourceSpec, System};
use kivuko_core::error::Error;
use kivuko_core::record::{Cursor, Page, Partition, SourceRecord};
use serde_json::{Value, json};

use super::super::Connector;
use crate::suite;

pub fn system(folder: &Path, options: Value) -> std::sync::Arc<dyn System> {
    let settings = Settings { name: "files".to_owned(), options, project: folder.to_owned() };
    Connector.open(settings, suite::context()).expect("the options fit")
}

fn request(partition: &str, from: Option<Cursor>, page_size: usize) -> ReadRequest {
    ReadRequest { partition: Partition(partition.to_owned()), from, since: None, until: None, only: None, paths: Vec::new(), page_size }
}

pub async fn pages(
    folder: &Path,
    resource: &str,
    id: Option<&str>,
    options: &Value,
    from: Option<Cursor>,
    page_size: usize,
) -> Result<Vec<Page>, Error> {
    let spec = SourceSpec { resource: resource.to_owned(), id: id.map(str::to_owned), cursor: None, options: options.clone() };
    let source = system(folder, json!({ "path": "." })).source(&spec)?;
    let mut all = Vec::new();
    for partition in source.partitions().await? {
        let mut reading = source.read(request(&partition.0, from.clone(), page_size)).await?;
        while let Some(page) = reading.next().await? {
            all.push(page);
        }
    }
    Ok(all)
}

pub fn line(record: &SourceRecord) -> String {
    let id = record.id.as_deref().unwrap_or("-");
    match &record.body {
        Ok(body) => format!("{} [{id}] {}", record.place, std::str::from_utf8(body).expect("a body is UTF-8")),
        Err(cause) => {
            format!("{} [{id}] {}{}", record.place, cause.code, cause.field.as_deref().map(|field| format!(" {field}")).unwrap_or_default())
        }
    }
}

/// Reads a file of this content with `id` as its identity; a failure of the file is one line.
async fn read(name: &str, content: &[u8], options: Value) -> String {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join(name), content).unwrap();
    match pages(folder.path(), name, Some("id"), &options, None, 2).await {
        Ok(pages) => pages.iter().flat_map(|page| &page.records).fold(String::new(), |mut all, record| {
            writeln!(all, "{}", line(record)).unwrap();
            all
        }),
        Err(error) => format!("{}: {}\n", error.cause.code, error.cause.message),
    }
}

pub async fn check_with(name: &str, content: &[u8], options: Value, expected: &str) {
    let found = read(name, content, options.clone()).await;
    let wanted: String = expected.lines().map(str::trim).filter(|line| !line.is_empty()).flat_map(|line| [line, "\n"]).collect();
    let fits = if wanted.starts_with('K') { found.starts_with(wanted.trim_end()) } else { found == wanted };
    let shown: String = String::from_utf8_lossy(content).chars().take(500).collect();
    assert!(fits, "{shown:?} with {options}\nfound:\n{found}expected:\n{wanted}");
}

async fn check(content: &str, expected: &str) {
    check_with("a.csv", content.as_bytes(), Value::Null, expected).await;
}

#[tokio::test]
async fn rows_become_flat_elements_with_place_and_identity() {
    check("id,name\n7,Ada\n", r#"a.csv, row 2 [7] {"id":"7","name":"Ada"}"#).await;
    check(
        "id;name\r\n7;\"a;\"\"b\"\"\nc\"\r\n8;\r\n",
        "a.csv, row 2 [7] {\"id\":\"7\",\"name\":\"a;\\\"b\\\"\\nc\"}\na.csv, row 3 [8] {\"id\":\"8\",\"name\":\"\"}",
    )
    .await;
    check("\u{feff}id\tname\n007\té🌍\n", r#"a.csv, row 2 [007] {"id":"007","name":"é🌍"}"#).await;
    check("sep=;\nid;a,b\n1;2\n", r#"a.csv, row 2 [1] {"id":"1","a,b":"2"}"#).await;
    check(" id , name \n1,2\n", r#"a.csv, row 2 [1] {"id":"1","name":"2"}"#).await;
    check("id\n1", r#"a.csv, row 2 [1] {"id":"1"}"#).await;
    check("id,n\n ,1\n", r#"a.csv, row 2 [-] {"id":" ","n":"1"}"#).await;
    check("id,n\n", "").await;
}

#[tokio::test]
async fn blank_rows_count_but_are_no_records() {
    check("\nid,n\n\n1,2\n,\n3,4\n\n", "a.csv, row 4 [1] {\"id\":\"1\",\"n\":\"2\"}\na.csv, row 6 [3] {\"id\":\"3\",\"n\":\"4\"}").await;
}

#[tokio::test]
async fn trailing_separators_are_no_columns() {
    check(
        "id,n,,\n1,2,,\n3,4\n5,6,x,\n",
        "a.csv, row 2 [1] {\"id\":\"1\",\"n\":\"2\"}\na.csv, row 3 [3] {\"id\":\"3\",\"n\":\"4\"}\na.csv, row 4 [5] K0709",
    )
    .await;
}

#[tokio::test]
async fn a_bad_row_does_not_stop_the_others() {
    check("id,n\n1\n2,3\n", "a.csv, row 2 [1] K0709\na.csv, row 3 [2] {\"id\":\"2\",\"n\":\"3\"}").await;
    check("n,id\n1\n2,3\n", "a.csv, row 2 [-] K0709\na.csv, row 3 [3] {\"n\":\"2\",\"id\":\"3\"}").await;
    check("id,n\n1,\"a\"b\n2,3\n", "a.csv, row 2 [-] K0710\na.csv, row 3 [2] {\"id\":\"2\",\"n\":\"3\"}").await;
    check("id,n\n1,\"a\n2,3\n", "a.csv, row 2 [-] K0710\na.csv, row 3 [2] {\"id\":\"2\",\"n\":\"3\"}").await;
    check("id,n\n1,a\0b\n2,3\n", "a.csv, row 2 [1] K0712 n\na.csv, row 3 [2] {\"id\":\"2\",\"n\":\"3\"}").await;
    let utf8 = json!({ "encoding": "utf-8" });
    check_with("a.csv", b"id,n\n1,caf\xe9\n2,3\n", utf8, "a.csv, row 2 [1] K0706 n\na.csv, row 3 [2] {\"id\":\"2\",\"n\":\"3\"}").await;
}

#[tokio::test]
async fn a_cell_too_long_is_told_and_passed_over() {
    for size in [(1 << 20) + 1, 9 << 20] {
        let long = "x".repeat(size);
        check(
            &format!("id,n\n1,{long}\n2,3\n"),
            &format!(
                "a.csv, row 2 [{}] K0711{}\na.csv, row 3 [2] {{\"id\":\"2\",\"n\":\"3\"}}",
                if size > 8 << 20 { "-" } else { "1" },
                if size > 8 << 20 { "" } else { " n" }
            ),
        )
        .await;
    }
    let quoted = "x\n".repeat(600_000);
    check(&format!("id,n\n1,\"{quoted}\"\n2,3\n"), "a.csv, row 2 [1] K0711 n\na.csv, row 3 [2] {\"id\":\"2\",\"n\":\"3\"}").await;
    let fits = "x".repeat(100 << 10);
    check(&format!("id,n\n1,{fits}\n"), &format!("a.csv, row 2 [1] {{\"id\":\"1\",\"n\":\"{fits}\"}}")).await;
}

#[tokio::test]
async fn what_concerns_the_whole_file_is_asked_of_a_person() {
    check("", "K0703").await;
    check("\n\n", "K0703").await;
    check("id,a,b,a,b\n", "K0708: a.csv has several columns named `a`, `b`;").await;
    check("id,,b\n", "K0708: a.csv has no name for column B;").await;
    check("id,a;b\n", "K0707").await;
    check("Id,n\n", "K0713: a.csv has no column `id`, which the flow names as `id`; did you mean `Id`?").await;
    check("id,\"a\"b\n", "K0710").await;
    check_with(
        "a.csv",
        b"id,n\n1,caf\xe9\n",
        Value::Null,
        "K0705: a.csv is not UTF-8 (byte 10 is the first that is not) and has no byte order mark; its bytes fit windows-1252,",
    )
    .await;
    check_with("a.xyz", b"id\n1\n", Value::Null, "K0714").await;
    check_with("a.csv", b"\xef\xbb\xbfid\n", json!({ "encoding": "windows-1252" }), "K0715").await;
    check_with("a.csv", b"id\n", json!({ "dates": { "order": "dmy", "columns": ["born"] } }), "K0713").await;
}

#[tokio::test]
async fn encodings() {
    let expected = r#"a.csv, row 2 [1] {"id":"1","n":"café €"}"#;
    let encoding = |name: &str| json!({ "encoding": name });
    check_with("a.csv", b"id,n\n1,caf\xe9 \x80\n", encoding("windows-1252"), expected).await;
    let units: Vec<u16> = "id,n\n1,café €\n".encode_utf16().collect();
    let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    check_with("a.csv", &little, encoding("utf-16le"), expected).await;
    check_with("a.csv", &big, encoding("utf-16be"), expected).await;
    check_with("a.csv", &[b"\xff\xfe".as_slice(), &little].concat(), Value::Null, expected).await;
    check_with("a.csv", &[b"\xfe\xff".as_slice(), &big].concat(), encoding("utf-16be"), expected).await;
    check_with(
        "a.csv",
        b"id,n\n1,a\x81b\n2,c\n",
        encoding("windows-1252"),
        "a.csv, row 2 [1] K0706 n\na.csv, row 3 [2] {\"id\":\"2\",\"n\":\"c\"}",
    )
    .await;
}

#[tokio::test]
async fn declared_dates_become_iso() {
    let dates = json!({ "dates": { "order": "dmy", "columns": ["d"] } });
    check_with(
        "a.csv",
        b"id,d,e\n1,3/4/2026,3/4/2026\n2,,\n3,4/13/2026,\n",
        dates,
        "a.csv, row 2 [1] {\"id\":\"1\",\"d\":\"2026-04-03\",\"e\":\"3/4/2026\"}\na.csv, row 3 [2] {\"id\":\"2\",\"d\":\"\",\"e\":\"\"}\na.csv, row 4 [3] K0304 d",
    )
    .await;
}

#[tokio::test]
async fn headers_can_be_elsewhere() {
    check_with("a.csv", b"Line list, week 9\nid,n\n1,2\n", json!({ "skip_rows": 1 }), r#"a.csv, row 3 [1] {"id":"1","n":"2"}"#).await;
    check_with(
        "a.csv",
        b"1,2\n3,4\n",
        json!({ "header": ["id", "n"] }),
        "a.csv, row 1 [1] {\"id\":\"1\",\"n\":\"2\"}\na.csv, row 2 [3] {\"id\":\"3\",\"n\":\"4\"}",
    )
    .await;
    check_with(
        "a.csv",
        b"1,2\n",
        json!({ "header": false }),
        "K0713: a.csv has no column `id`, which the flow names as `id`; it has `A`, `B`",
    )
    .await;
}

#[tokio::test]
async fn json_elements_go_through_untouched() {
    let check = |name: &'static str, content: &'static str, options: Value, expected: &'static str| {
        check_with(name, content.as_bytes(), options, expected)
    };
    check(
        "a.json",
        r#" [ {"id": 1, "a": [1, {"b": "]}"}]} , {"id":"x\"y","id2":null} ] "#,
        Value::Null,
        "a.json, element 1 [1] {\"id\": 1, \"a\": [1, {\"b\": \"]}\"}]}\na.json, element 2 [x\"y] {\"id\":\"x\\\"y\",\"id2\":null}",
    )
    .await;
    check(
        "a.json",
        r#"{"count": 2, "data": {"x": "[", "rows": [{"id": "1"}]}, "y": 1}"#,
        json!({ "array": "data.rows" }),
        r#"a.json, element 1 [1] {"id": "1"}"#,
    )
    .await;
    check("a.json", "[]", Value::Null, "").await;
    check(
        "a.json",
        "[1, {\"id\":2}, [3]]",
        Value::Null,
        "a.json, element 1 [-] K0717\na.json, element 2 [2] {\"id\":2}\na.json, element 3 [-] K0717",
    )
    .await;
    check("a.json", "[{\"a\":nul},{\"id\":2}]", Value::Null, "a.json, element 1 [-] K0717\na.json, element 2 [2] {\"id\":2}").await;
    check("a.json", "[{\"a\":1}", Value::Null, "K0716").await;
    check("a.json", "[{\"a\":1} {\"a\":1}]", Value::Null, "K0716").await;
    check("a.json", "[{\"a\":1},]", Value::Null, "K0716").await;
    check("a.json", "[{\"a\":\"", Value::Null, "K0716").await;
    check(
        "a.json",
        "{}",
        Value::Null,
        "K0716: a.json is an object, where an array of records was expected; name the array in it with `array`",
    )
    .await;
    check("a.json", r#"{"a":[1],"b":2}"#, json!({ "array": "c" }), "K0716: a.json has no array `c`; it has `a`, `b`").await;
    check("a.json", r#"{"a":{}}"#, json!({ "array": "a" }), "K0716").await;
    check("a.json", "", Value::Null, "K0703").await;
    check(
        "a.ndjson",
        "{\"id\":1}\r\n\n{\"id\":\n{\"id\":3}",
        Value::Null,
        "a.ndjson, line 1 [1] {\"id\":1}\na.ndjson, line 3 [-] K0717\na.ndjson, line 4 [3] {\"id\":3}",
    )
    .await;
}

#[tokio::test]
async fn elements_before_a_break_are_handed_out() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), r#"[{"id":1},{"id":2},{"id":"#).unwrap();
    let spec = SourceSpec { resource: "a.json".to_owned(), id: Some("id".to_owned()), ..SourceSpec::default() };
    let source = system(folder.path(), json!({ "path": "." })).source(&spec).unwrap();
    let mut reading = source.read(request("a.json", None, 10)).await.unwrap();
    assert_eq!(reading.next().await.unwrap().expect("a page").records.len(), 2);
    assert_eq!(reading.next().await.unwrap_err().cause.code.to_string(), "K0716");
}

#[tokio::test]
async fn a_nested_identity_is_a_path() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), r#"[{"location":{"id":"L1","x":[1]}},{"location":{}}]"#).unwrap();
    let found = pages(folder.path(), "a.json", Some("location.id"), &Value::Null, None, 10).await.unwrap();
    let ids: Vec<_> = found[0].records.iter().map(|record| record.id.clone()).collect();
    assert_eq!(ids, [Some("L1".to_owned()), None]);
}

/// From every row on, in every format, a stopped reading gives exactly the rest.
#[tokio::test]
async fn a_stopped_reading_goes_on_at_every_record() {
    let csv = "id,n\n1,\"a\nb\"\n\n2,\"x\n3,\"y\"\n4,z\n,\n5,é\n6,\n";
    let json = r#"[{"id":1}, {"id":2,"a":["],"]} ,{"id":3},{"id":x},{"id":5}]"#;
    let lines = "{\"id\":1}\n\n{\"id\":2}\nx\n{\"id\":4}\n";
    let wide: Vec<u8> = b"\xff\xfe".iter().copied().chain(csv.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    for (name, content) in [("a.csv", csv.as_bytes()), ("a.json", json.as_bytes()), ("a.ndjson", lines.as_bytes()), ("wide.csv", &wide)] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(name), content).unwrap();
        let whole = pages(folder.path(), name, Some("id"), &Value::Null, None, 1).await.unwrap();
        let lines = |pages: &[Page]| -> Vec<String> { pages.iter().flat_map(|page| &page.records).map(line).collect() };
        assert!(whole.len() >= 4, "{name}: {:?}", lines(&whole));
        for (position, page) in whole.iter().enumerate() {
            let rest = pages(folder.path(), name, Some("id"), &Value::Null, Some(page.next.clone()), 3).await.unwrap();
            let last = position + 1 == whole.len();
            let expected = if last { &whole[..] } else { &whole[position + 1..] };
            assert_eq!(lines(&rest), lines(expected), "{name} after record {position}");
        }
    }
}

#[tokio::test]
async fn another_file_is_read_from_its_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    std::fs::write(&file, "id\n1\n2\n3\n").unwrap();
    let first = pages(folder.path(), "a.csv", Some("id"), &Value::Null, None, 1).await.unwrap();
    std::fs::write(&file, "id\n7\n8\n9\n10\n").unwrap();
    let second = pages(folder.path(), "a.csv", Some("id"), &Value::Null, Some(first[0].next.clone()), 10).await.unwrap();
    assert_eq!(second[0].records.len(), 4);
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_stops_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.csv");
    std::fs::write(&file, "id\n1\n2\n3\n").unwrap();
    let spec = SourceSpec { resource: "a.csv".to_owned(), ..SourceSpec::default() };
    let source = system(folder.path(), json!({ "path": "." })).source(&spec).unwrap();
    let mut reading = source.read(request("a.csv", None, 1)).await.unwrap();
    assert!(reading.next().await.unwrap().is_some());
    std::fs::write(&file, "id\n1\n2\n3\n4\n").unwrap();
    assert_eq!(reading.next().await.unwrap_err().cause.code.to_string(), "K0704");
}

#[tokio::test]
async fn only_and_windows_filter() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,t\n1,2026-01-01\n2,2026-02-01T10:00:00Z\n3,unknown\n4,2026-03-01\n").unwrap();
    let spec = SourceSpec { resource: "a.csv".to_owned(), id: Some("id".to_owned()), cursor: Some("t".to_owned()), options: Value::Null };
    let files = system(folder.path(), json!({ "path": "." }));
    let ids = async |spec: &SourceSpec, request: ReadRequest| -> Result<Vec<String>, Error> {
        let mut reading = files.source(spec)?.read(request).await?;
        let mut ids = Vec::new();
        while let Some(page) = reading.next().await? {
            ids.extend(page.records.into_iter().filter_map(|record| record.id));
        }
        Ok(ids)
    };
    let whole = || request("a.csv", None, 2);
    assert_eq!(ids(&spec, ReadRequest { only: Some(vec!["4".to_owned(), "1".to_owned()]), ..whole() }).await.unwrap(), ["1", "4"]);
    let since = Some("2026-02-01T00:00:00Z".parse().unwrap());
    let until = Some("2026-03-01T00:00:00Z".parse().unwrap());
    assert_eq!(ids(&spec, ReadRequest { since, until, ..whole() }).await.unwrap(), ["2", "3"]);
    let blind = SourceSpec { cursor: None, ..spec };
    assert_eq!(ids(&blind, ReadRequest { since, ..whole() }).await.unwrap_err().cause.code.to_string(), "K0715");
}

#[tokio::test]
async fn the_folder_is_described_without_values() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,born,sick,age,code\n1,2020-01-02,true,5,007\n2,,FALSE,6.5,008\n").unwrap();
    std::fs::write(folder.path().join("b.json"), r#"[{"id":1,"at":{"any name":[{"x":true}]}}]"#).unwrap();
    std::fs::write(folder.path().join("c.csv"), "id,id\n1,secret\n").unwrap();
    let files = system(folder.path(), json!({ "path": "." }));
    let described = files.describe().await.unwrap();
    let shown: Vec<String> = described
        .iter()
        .map(|resource| {
            format!(
                "{}: {}",
                resource.name,
                resource.fields.iter().map(|field| format!("{} {}", field.path, field.kind)).collect::<Vec<_>>().join(", ")
            )
        })
        .collect();
    assert_eq!(
        shown,
        ["a.csv: id number, born date, sick boolean, age number, code text", "b.json: at.any name[].x boolean, id number", "c.csv: "]
    );
    let health = files.test().await.unwrap();
    assert_eq!(health.findings, ["a.csv: CSV, utf-8, 5 fields", "b.json: JSON, utf-8, 2 fields"]);
    assert_eq!(health.warnings.len(), 1);
    assert!(health.warnings[0].contains("K0708"), "{:?}", health.warnings);
    assert_eq!(files.identity().await.unwrap(), None);
}

/// The files of public repositories go through; each row is a record or a cause.
#[tokio::test]
async fn real_files_are_read_to_their_end() {
    let folder =
        std::env::var_os("KIVUKO_REAL_DATA").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"), Into::into);
    if !folder.is_dir() {
        println!("left out: the real files are not here (KIVUKO_REAL_DATA)");
        return;
    }
    let check = async |inside: &str, name: &str, options: Value, records: usize, bad: usize| {
        let pages = pages(&folder.join(inside), name, None, &options, None, 500).await.unwrap();
        let all: Vec<&SourceRecord> = pages.iter().flat_map(|page| &page.records).collect();
        let causes: Vec<String> = all.iter().filter(|record| record.body.is_err()).map(|record| line(record)).collect();
        assert_eq!((all.len(), causes.len()), (records, bad), "{name}: {causes:?}");
    };
    check("interop/trainingland", "cases_clean.csv", Value::Null, 56, 0).await;
    check("interop/lab", "lab_results_new.csv", Value::Null, 6, 0).await;
    check("dhis2/metadata", "optionSets.csv", Value::Null, 12, 0).await;
    let facilities = json!({ "members": ".", "skip_members": ["endpoint", "__query_params"] });
    check("interop/toolkit", "bangladeshHealthSites.json", facilities, 100, 0).await;
    check("interop/toolkit", "koboForm.json", json!({ "object": "body" }), 1, 0).await;
}
