use kivuko_core::connector::{Action, Key, ReadRequest, SourceSpec, TargetSpec, Write, Written};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::reading::system;

/// What is written is read again: the same rows, in the same order, from every stopping place.
async fn round_trip(name: &str, options: Value, rows: Vec<[String; 2]>, page_size: usize) {
    let folder = tempfile::tempdir().unwrap();
    let files = system(folder.path(), json!({ "path": "." }));
    let spec = TargetSpec {
        resource: name.to_owned(),
        key: vec!["id".to_owned()],
        paths: vec!["id".to_owned(), "a,\"b;".to_owned(), "c".to_owned()],
        accept_duplicates: false,
        scope: None,
        options: options.clone(),
    };
    let wanted: Vec<Value> =
        rows.into_iter().enumerate().map(|(position, [b, c])| json!({ "id": format!("k{position}"), "a,\"b;": b, "c": c })).collect();
    let batch: Vec<Write> = wanted
        .iter()
        .map(|body| Write {
            action: Action::Create,
            key: Key(vec![body["id"].as_str().unwrap().to_owned()]),
            id: None,
            body: body.clone().into(),
            parent: None,
        })
        .collect();
    let answers = files.target(&spec).unwrap().write(&batch).await.unwrap();
    assert!(answers.iter().all(|answer| matches!(answer, Written::Done { .. })), "{answers:?}");

    let mut from = options.as_object().cloned().unwrap_or_default();
    from.remove("bom");
    from.insert("formulas".to_owned(), "guard".into());
    let spec = SourceSpec { resource: name.to_owned(), id: Some("id".to_owned()), cursor: None, options: Value::Object(from) };
    let source = files.source(&spec).unwrap();
    let partition = source.partitions().await.unwrap().remove(0);
    let request = ReadRequest { partition, from: None, since: None, until: None, only: None, paths: Vec::new(), page_size };
    let mut found = Vec::new();
    let mut cursor = None;
    // Each page by a reading of its own, as if every one had been stopped.
    while found.len() < wanted.len() {
        let mut reading = source.read(ReadRequest { from: cursor.clone(), ..request.clone() }).await.unwrap();
        let page = reading.next().await.unwrap().expect("there is more");
        found.extend(page.records.iter().map(|record| serde_json::from_slice::<Value>(record.body.as_ref().unwrap()).unwrap()));
        cursor = Some(page.next);
    }
    assert_eq!(found, wanted, "{name} {options}");
}

fn check(name: &str, options: &Value, rows: Vec<[String; 2]>, page_size: usize) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(round_trip(name, options.clone(), rows, page_size));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_table_that_is_written_is_read_again(
        rows in proptest::collection::vec(["[ -~\u{e9}\u{20ac}\r\n\t=;|,\"']{0,12}", "[=+@'\" ,a\n]{0,5}"], 1..12),
        page_size in 1_usize..5,
    ) {
        for separator in [",", ";", "tab", "|"] {
            for encoding in ["utf-8", "windows-1252", "utf-16le", "utf-16be", "gb18030"] {
                check("a.csv", &json!({ "separator": separator, "encoding": encoding }), rows.clone(), page_size);
            }
        }
    }

    #[test]
    fn any_text_is_read_again(
        rows in proptest::collection::vec(["[^\u{0}]{0,12}", "[^\u{0}]{0,6}"], 1..12),
        page_size in 1_usize..5,
    ) {
        check("a.csv", &json!({ "bom": true, "separator": ";" }), rows.clone(), page_size);
        for name in ["a.json", "a.ndjson"] {
            check(name, &Value::Object(Map::new()), rows.clone(), page_size);
        }
    }
}
