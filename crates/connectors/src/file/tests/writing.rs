use std::path::Path;

use kivuko_core::connector::{Action, Key, Target, TargetSpec, Write, Written};
use kivuko_core::error::Error;
use serde_json::{Value, json};

use super::reading::system;

fn target(folder: &Path, name: &str, key: &[&str], paths: &[&str], options: Value) -> Result<Box<dyn Target>, Error> {
    let texts = |all: &[&str]| all.iter().map(ToString::to_string).collect();
    let spec =
        TargetSpec { resource: name.to_owned(), key: texts(key), paths: texts(paths), accept_duplicates: false, scope: None, options };
    system(folder, json!({ "path": "." })).target(&spec)
}

pub fn write(action: Action, key: &str, body: Value) -> Write {
    let id = (action != Action::Create).then(|| key.to_owned());
    Write { action, key: Key(vec![key.to_owned()]), id, body: body.into(), parent: None }
}

pub fn create(key: &str, body: Value) -> Write {
    write(Action::Create, key, body)
}

pub fn told(answers: &[Written]) -> Vec<String> {
    answers
        .iter()
        .map(|answer| match answer {
            Written::Done { id, .. } => format!("done {id}"),
            Written::Refused(cause) => {
                format!("{}{}", cause.code, cause.field.as_deref().map(|field| format!(" {field}")).unwrap_or_default())
            }
            Written::NotYet(cause) => format!("waits {}", cause.code),
            Written::Failed(error) => format!("failed {}", error.cause.code),
        })
        .collect()
}

/// Writes a batch into a file of this content (`None`: there is none) and compares what it holds then.
async fn check(name: &str, before: Option<&[u8]>, options: Value, batch: &[Write], answers: &[&str], after: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    if let Some(before) = before {
        std::fs::write(&file, before).unwrap();
    }
    let target = target(folder.path(), name, &["id"], &["id", "n"], options).unwrap();
    assert_eq!(target.prepare().await.unwrap(), []);
    assert_eq!(told(&target.write(batch).await.unwrap()), answers);
    let found = std::fs::read(&file).unwrap_or_default();
    assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(after));
    assert_eq!(found, after);
    // At least once: the same batch again changes nothing, but for a record that is gone already.
    target.write(batch).await.unwrap();
    assert_eq!(std::fs::read(&file).unwrap_or_default(), after, "the batch was written twice");
}

#[tokio::test]
async fn records_are_put_into_csv() {
    let one = [create("1", json!({ "id": "1", "n": "é;\"\n" })), create("2", json!({ "id": 2, "n": null, "x": { "y": [true] } }))];
    check("a.csv", None, Value::Null, &one, &["done 1", "done 2"], "id,n,x.y[0]\n1,\"é;\"\"\n\",\n2,,true\n".as_bytes()).await;
    let update =
        [write(Action::Update, "2", json!({ "n": "new" })), create("3", json!({ "n": "c" })), write(Action::Delete, "1", Value::Null)];
    check(
        "a.csv",
        Some(b"sep=;\r\n\"id\";kept;n\r\n1;\"a\";b\r\n2;\"c;\";d\r\n9;\"e\";f"),
        Value::Null,
        &update,
        &["done 2", "done 3", "done 1"],
        b"sep=;\r\nid;kept;n\r\n2;\"c;\";new\r\n9;\"e\";f\r\n3;;c\r\n",
    )
    .await;
    check("a.csv", Some(b"id\n7\n"), Value::Null, &[create("8", json!({ "n": "x" }))], &["done 8"], b"id,n\n7,\n8,x\n").await;
    check("a.csv", Some(b"\xef\xbb\xbfid,n\n"), Value::Null, &[create("8", json!({}))], &["done 8"], b"\xef\xbb\xbfid,n\n8,\n").await;
    check("a.csv", None, json!({ "bom": true, "separator": "tab" }), &[create("8", json!({}))], &["done 8"], b"\xef\xbb\xbfid\tn\n8\t\n")
        .await;
    check("a.csv", None, Value::Null, &[], &[], b"").await;
}

#[tokio::test]
async fn records_are_put_into_json() {
    let batch = [create("1", json!({ "id": "1", "n": [1, { "a": null }] })), create("x/ y", json!({ "n": "é" }))];
    check(
        "a.json",
        None,
        Value::Null,
        &batch,
        &["done 1", "done x/ y"],
        "[\n{\"id\":\"1\",\"n\":[1,{\"a\":null}]},\n{\"id\":\"x/ y\",\"n\":\"é\"}\n]\n".as_bytes(),
    )
    .await;
    let batch = [write(Action::Update, "1", json!({ "n": 2 })), write(Action::Delete, "3", Value::Null)];
    check(
        "a.ndjson",
        Some(b"{\"id\":1,\"k\" : 5}\n{\"id\" : 2}\n{\"id\":3}\n"),
        Value::Null,
        &batch,
        &["done 1", "done 3"],
        b"{\"id\":1,\"k\":5,\"n\":2}\n{\"id\" : 2}\n",
    )
    .await;
    check("a.json", Some(b"[]"), Value::Null, &[write(Action::Delete, "3", Value::Null)], &["done 3"], b"[]\n").await;
}

#[tokio::test]
async fn formulas_are_guarded_unless_the_flow_says_otherwise() {
    let batch = [create("1", json!({ "n": "=1+1" })), create("2", json!({ "n": "-5" }))];
    check("a.csv", None, Value::Null, &batch, &["done 1", "done 2"], b"id,n\n1,'=1+1\n2,-5\n").await;
    check("a.csv", None, json!({ "formulas": "keep" }), &batch, &["done 1", "done 2"], b"id,n\n1,=1+1\n2,-5\n").await;
}

#[tokio::test]
async fn one_bad_record_does_not_fail_the_others() {
    let batch = [
        create("1", json!({ "n": "café" })),
        create("2", json!({ "n": "🌍" })),
        create(" ", json!({ "n": "x" })),
        write(Action::Update, "4", json!({ "n": "x" })),
        write(Action::Deactivate, "1", Value::Null),
        create("5", json!({ "n": "a\0" })),
    ];
    let answers = ["done 1", "K0718 n", "K0314", "K0404", "K0403", "K0712 n"];
    check("a.csv", None, json!({ "encoding": "windows-1252" }), &batch, &answers, b"id,n\n1,caf\xe9\n").await;
}

#[tokio::test]
async fn what_cannot_be_read_is_not_rewritten() {
    let refused = async |name: &str, content: &[u8], code: &str| {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, content).unwrap();
        let error = match target(folder.path(), name, &["id"], &["id"], Value::Null) {
            Ok(target) => target.write(&[create("1", json!({}))]).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!(error.cause.code.to_string(), code, "{error}");
        assert_eq!(std::fs::read(&file).unwrap(), content);
    };
    refused("a.csv", b"id,n\n2,\"a\"b\n", "K0720").await;
    refused("a.csv", b"id,n\n2\n", "K0720").await;
    refused("a.csv", b"name\nx\n", "K0713").await;
    refused("a.csv", b"id,n,n.x\n", "K0708").await;
    refused("a.json", b"[{\"id\":1},{]", "K0720").await;
    refused("a.json", b"[{\"id\":1},{", "K0716").await;
    refused("a.json", b"{}", "K0716").await;
    refused("a.ndjson", b"{\n", "K0720").await;
    refused("a.docx", b"x", "K0714").await;
    refused("a.xlsx", b"x", "K0715").await;
}

#[tokio::test]
async fn records_are_found_by_their_key() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "a.b,c,n\nx,y,1\nx,\"y,/\",2\nx,y,3\n").unwrap();
    let target = target(folder.path(), "a.csv", &["a.b", "c"], &["n"], Value::Null).unwrap();
    let key = |b: &str, c: &str| Key(vec![b.to_owned(), c.to_owned()]);
    let found = target.lookup(&[key("x", "y"), key("x", "-"), key("x", "y,/")]).await.unwrap();
    assert_eq!(found.iter().map(Vec::len).collect::<Vec<_>>(), [2, 0, 1]);
    assert_eq!(found[2][0].body, json!({ "a": { "b": "x" }, "c": "y,/", "n": "2" }));
    let fetched = target.fetch(&[found[2][0].id.clone(), "none".to_owned()]).await.unwrap();
    assert_eq!(fetched, [Some(found[2][0].clone()), None]);
    let several = Write {
        action: Action::Update,
        key: key("x", "y"),
        id: Some(found[0][0].id.clone()),
        body: json!({ "n": "9" }).into(),
        parent: None,
    };
    assert_eq!(told(&target.write(&[several]).await.unwrap()), ["K0401"]);
    assert!(target.lookup(&[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_version_is_that_of_what_is_read_again() {
    for name in ["a.csv", "a.json", "a.ndjson"] {
        let folder = tempfile::tempdir().unwrap();
        let target = target(folder.path(), name, &["id"], &[], Value::Null).unwrap();
        let answers = target.write(&[create("1", json!({ "id": 1, "x": { "y": 1.0, "z": null } }))]).await.unwrap();
        let Written::Done { version, .. } = &answers[0] else { panic!("{answers:?}") };
        let found = target.lookup(&[Key(vec!["1".to_owned()])]).await.unwrap();
        assert_eq!(found[0][0].version, *version, "{name}");
    }
}

#[tokio::test]
async fn a_key_that_changes_takes_its_record_along() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.csv"), "id,n\n1,a\n2,b\n").unwrap();
    let target = target(folder.path(), "a.csv", &["id"], &["n"], Value::Null).unwrap();
    let to = |key: &str| Write {
        action: Action::Update,
        key: Key(vec![key.to_owned()]),
        id: Some("1".to_owned()),
        body: json!({ "id": key }).into(),
        parent: None,
    };
    assert_eq!(told(&target.write(&[to("2")]).await.unwrap()), ["K0313"]);
    assert_eq!(told(&target.write(&[to("7")]).await.unwrap()), ["done 7"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("a.csv")).unwrap(), "id,n\n7,a\n2,b\n");
}

#[tokio::test]
async fn a_key_that_selects_an_item_is_refused_before_the_first_record() {
    let folder = tempfile::tempdir().unwrap();
    let target = target(folder.path(), "a.csv", &["documents[type=X].number"], &[], Value::Null).unwrap();
    assert_eq!(target.prepare().await.unwrap()[0].code.to_string(), "K0406");
}

#[tokio::test]
async fn records_of_csv_are_texts() {
    let folder = tempfile::tempdir().unwrap();
    let target = target(folder.path(), "a.csv", &["id"], &[], json!({ "encoding": "windows-1252" })).unwrap();
    assert_eq!(target.conform(json!({ "a": 1, "b": [true, null] })), Ok(json!({ "a": "1", "b": ["true", null] })));
    let causes = target.conform(json!({ "a": "🌍", "b": "\u{0}", "c": 1 })).unwrap_err();
    assert_eq!(causes.iter().map(|cause| cause.code.to_string()).collect::<Vec<_>>(), ["K0718", "K0712"]);
}
